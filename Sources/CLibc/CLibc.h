// The C library as Swift can import it: headers, and inline shims for what Swift
// cannot call (variadic functions, and macros that are not plain constants).

#ifndef LATCHKEY_CLIBC_H
#define LATCHKEY_CLIBC_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

// Two types have other members if GNU's extensions are on. Swift's own Glibc imports them without, and a program that
// imports both (for example through Foundation) compiles only if they are the same.
#include <features.h>
#ifdef __GLIBC__
#undef __USE_GNU
#undef __USE_XOPEN
#include <sys/resource.h>
#include <sys/select.h>
#define __USE_GNU 1
#define __USE_XOPEN 1
#endif

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static inline int libc_errno(void) { return errno; }

static inline char **libc_environ(void) { return environ; }

static inline int libc_open(const char *path, int flags, unsigned mode) {
    return open(path, flags | O_CLOEXEC, mode);
}

// Locks one byte of a file for this open descriptor, or fails at once. Linux before 3.15 only has locks per process.
static inline int libc_lock_byte(int descriptor, long offset) {
    struct flock lock;
    memset(&lock, 0, sizeof lock);
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = offset;
    lock.l_len = 1;
    if (fcntl(descriptor, F_OFD_SETLK, &lock) == 0) return 0;
    return errno == EINVAL ? fcntl(descriptor, F_SETLK, &lock) : -1;
}

// From now on no signal writes the process's memory to a file (core(5)): the limit is for core files, the flag also for
// cores that go to a program. Other processes of the same user cannot read its memory either (ptrace(2)).
static inline void libc_leave_no_core(void) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

// From now on a fault signal has the kernel's default action: it ends the process.
static inline void libc_end_by_faults(void) {
    int faults[] = {SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS};
    for (unsigned index = 0; index < sizeof faults / sizeof faults[0]; index++) signal(faults[index], SIG_DFL);
}

// Whether programs that this process starts can gain privileges through their set-user-ID or set-group-ID bit.
static inline int libc_may_gain_privileges(void) { return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1; }

static inline void libc_do_nothing(int signal_number) { (void)signal_number; }

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

// flock(LOCK_EX), which the kernel grants in the order of arrival; waits for at most `milliseconds`. 1: locked; 0:
// timeout; -1: `errno`. The signal that ends the wait goes to this thread, and is repeated, since the first could come
// before the wait begins; the process's parent may have blocked it.
static inline int libc_lock_in_turn(int descriptor, long milliseconds) {
    struct sigaction action;
    struct sigevent event;
    struct itimerspec times;
    timer_t timer;
    sigset_t alarm, before;
    int code;
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return 1;
    if (errno != EWOULDBLOCK) return -1;
    memset(&action, 0, sizeof action);
    action.sa_handler = libc_do_nothing;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGALRM;
    event.sigev_notify_thread_id = gettid();
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) return -1;
    memset(&times, 0, sizeof times);
    times.it_value.tv_sec = milliseconds / 1000;
    times.it_value.tv_nsec = milliseconds % 1000 * 1000000 + 1;
    times.it_interval.tv_nsec = 10000000;
    // The handler stays: if one thread restored it, the signal of another's wait would end the process.
    sigaction(SIGALRM, &action, 0);
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &alarm, &before);
    timer_settime(timer, 0, &times, 0);
    code = flock(descriptor, LOCK_EX) == 0 ? 1 : errno == EINTR ? 0 : -1;
    timer_delete(timer);
    pthread_sigmask(SIG_SETMASK, &before, 0);
    return code;
}

// Lets other processes use the cores first, permanently. A tenth of an ordinary process's share: with the lowest possible
// share, a sign-in on a busy machine takes seconds.
static inline void libc_give_way(void) {
    if (getpriority(PRIO_PROCESS, 0) < 10) setpriority(PRIO_PROCESS, 0, 10);
}

// How many cores this process may run on.
static inline int libc_core_count(void) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    return sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
}

// Whether `descriptor` is a listening socket.
static inline int libc_is_listening(int descriptor) {
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (getpeername(descriptor, (struct sockaddr *)&address, &size) == 0 || errno != ENOTCONN) return 0;
    int is_listening = 0;
    size = sizeof is_listening;
    return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size) == 0 && is_listening;
}

// Whether `descriptor` is a stream socket that does not listen: it has, or had, a connection.
static inline int libc_is_stream(int descriptor) {
    int type = 0, is_listening = 0;
    socklen_t size = sizeof type;
    if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM) return 0;
    size = sizeof is_listening;
    return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size) == 0 && !is_listening;
}

// Sets whether the program that replaces this process inherits `descriptor`.
static inline int libc_set_inherited(int descriptor, int is_inherited) {
    return fcntl(descriptor, F_SETFD, is_inherited ? 0 : FD_CLOEXEC);
}

static inline int libc_accept(int descriptor) { return accept4(descriptor, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC); }

// The kinds of sockets are an enumeration, which Swift does not import as a number.
static inline int libc_stream_pair(int ends[2]) {
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends);
}

static inline void libc_set_nonblocking(int descriptor) {
    fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

// Opens standard output and error if they are closed, so that no other file gets their numbers.
static inline void libc_fill_standard_descriptors(void) {
    for (int descriptor = 1; descriptor <= 2; descriptor++)
        if (fcntl(descriptor, F_GETFD) < 0) open("/dev/null", O_WRONLY);
}

// A descriptor that becomes readable on a stop signal. From now on such a signal has no other effect.
static inline int libc_stop_descriptor(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGUSR1);
    sigprocmask(SIG_BLOCK, &signals, 0);
    return signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
}

static inline void libc_ignore_signal(int signal_number) { signal(signal_number, SIG_IGN); }

// Runs `handler` on its own stack, so that it also works after a stack overflow.
static inline void libc_on_signal(int signal_number, void (*handler)(int)) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = SA_ONSTACK | SA_RESETHAND | SA_NODEFER;
    sigaction(signal_number, &action, 0);
}

static inline void libc_use_alternate_stack(void *memory, size_t size) {
    stack_t stack;
    memset(&stack, 0, sizeof stack);
    stack.ss_sp = memory;
    stack.ss_size = size;
    sigaltstack(&stack, 0);
}

// Linux's number for the file system at `path` (statfs(2)); 0 if it is unknown.
static inline unsigned long libc_file_system(const char *path) {
    struct statfs status;
    return statfs(path, &status) == 0 ? (unsigned long)status.f_type & 0xFFFFFFFF : 0;
}

static inline const char *libc_entry_name(const struct dirent *entry) { return entry->d_name; }

static inline int libc_is_directory(const struct stat *status) { return S_ISDIR(status->st_mode); }
static inline int libc_is_regular(const struct stat *status) { return S_ISREG(status->st_mode); }

// The exit code of a process that exited; -1 if a signal ended it.
static inline int libc_exit_code(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#endif
