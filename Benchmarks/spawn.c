// spawn COUNT [NAME=VALUE… | STDIN=FILE] PROGRAM … — measures programs, each from its start to its end.
//
// Runs every program COUNT times, in turn and in alternating order, so that other work on the machine
// affects all alike. Each gets this process's environment, the variables between the previous program
// and itself, and as standard input /dev/null or the file STDIN. Prints one line for each: the median in microseconds, page
// faults (median), the largest resident set in KiB, and the minimum microseconds.

#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct program {
    char *path, **environment;
    posix_spawn_file_actions_t files;
    double *times, *faults;
    long resident;
};

static double microseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void run(struct program *program, int turn) {
    pid_t process;
    int status;
    struct rusage usage;
    double start = microseconds();
    if (posix_spawn(&process, program->path, &program->files, NULL, (char *[]){program->path, NULL},
                    program->environment) != 0
        || wait4(process, &status, 0, &usage) != process || status != 0) {
        fprintf(stderr, "%s failed\n", program->path);
        exit(1);
    }
    program->times[turn] = microseconds() - start;
    program->faults[turn] = usage.ru_minflt + usage.ru_majflt;
    if (usage.ru_maxrss > program->resident) program->resident = usage.ru_maxrss;
}

int main(int argc, char **argv) {
    int count = argc > 2 ? atoi(argv[1]) : 0, programs = 0, inherited = 0;
    if (count < 1) {
        fprintf(stderr, "usage: spawn COUNT [NAME=VALUE... | STDIN=FILE] PROGRAM...\n");
        return 2;
    }
    while (environ[inherited]) inherited++;
    struct program *all = calloc(argc, sizeof *all);
    for (int i = 2; i < argc; i++, programs++) {
        struct program *program = &all[programs];
        int variables = inherited;
        const char *input = "/dev/null";
        program->environment = calloc(inherited + argc, sizeof(char *));
        memcpy(program->environment, environ, inherited * sizeof(char *));
        for (; i < argc && strchr(argv[i], '='); i++) {
            if (strncmp(argv[i], "STDIN=", 6) == 0) input = argv[i] + 6;
            else program->environment[variables++] = argv[i];
        }
        if (i == argc) return 2;
        program->path = argv[i];
        posix_spawn_file_actions_init(&program->files);
        posix_spawn_file_actions_addopen(&program->files, STDIN_FILENO, input, O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&program->files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(&program->files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        program->times = calloc(count, sizeof(double));
        program->faults = calloc(count, sizeof(double));
    }
    for (int turn = 0; turn < count; turn++)
        for (int place = 0; place < programs; place++) run(&all[(place + turn) % programs], turn);
    for (int i = 0; i < programs; i++) {
        qsort(all[i].times, count, sizeof(double), ascending);
        qsort(all[i].faults, count, sizeof(double), ascending);
        printf("%.1f %.0f %ld %.1f\n", all[i].times[count / 2], all[i].faults[count / 2], all[i].resident,
               all[i].times[0]);
    }
}
