// spawn COUNT PROGRAM… — how long programs take, each from its start to its end.
//
// Runs every program COUNT times, in turn and in alternating order, so that whatever else the machine
// does falls on all alike. They get this process's environment and /dev/null. Prints the median of
// each in microseconds, on one line.

#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double microseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double run(char *program, posix_spawn_file_actions_t *files) {
    pid_t process;
    int status;
    double start = microseconds();
    if (posix_spawn(&process, program, files, NULL, (char *[]){program, NULL}, environ) != 0
        || waitpid(process, &status, 0) != process || status != 0) {
        fprintf(stderr, "%s failed\n", program);
        exit(1);
    }
    return microseconds() - start;
}

int main(int argc, char **argv) {
    int count = argc > 2 ? atoi(argv[1]) : 0, programs = argc - 2;
    if (count < 1) {
        fprintf(stderr, "usage: spawn COUNT PROGRAM...\n");
        return 2;
    }
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);

    double *times = malloc(sizeof *times * count * programs);
    if (!times) return 1;
    for (int i = 0; i < count; i++) {
        for (int place = 0; place < programs; place++) {
            int program = (place + i) % programs;
            times[program * count + i] = run(argv[2 + program], &files);
        }
    }
    for (int program = 0; program < programs; program++) {
        double *own = times + program * count;
        qsort(own, count, sizeof *own, ascending);
        printf("%s%.0f", program ? " " : "", own[count / 2]);
    }
    puts("");
}
