// The Argon2 reference library (RFC 9106), and a way to give it memory that was already allocated.

#ifndef LATCHKEY_CARGON2_H
#define LATCHKEY_CARGON2_H

#include <argon2.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

typedef struct {
    uint8_t *start;
    size_t size;
} cargon2_memory;

// The library does not tell its callbacks whose memory it is, so each thread notes its own.
static inline cargon2_memory *cargon2_current(void) {
    static _Thread_local cargon2_memory current;
    return &current;
}

static inline int cargon2_take(uint8_t **memory, size_t size) {
    if (size > cargon2_current()->size) return -1;
    *memory = cargon2_current()->start;
    return 0;
}

// The code that allocated it frees it.
static inline void cargon2_leave(uint8_t *memory, size_t size) {
    (void)memory;
    (void)size;
}

static inline void cargon2_yield(int signal_number) {
    int error = errno;
    (void)signal_number;
    sched_yield();
    errno = error;
}

// Starts a timer that makes this thread yield its core four times per millisecond; 0 if there is no timer. Otherwise
// Linux lets a thread that computes run until the clock's next tick, 4 ms, while short requests wait for the core.
static inline int cargon2_start_yielding(timer_t *timer) {
    struct sigaction action;
    struct sigevent event;
    struct itimerspec times;
    memset(&action, 0, sizeof action);
    action.sa_handler = cargon2_yield;
    action.sa_flags = SA_RESTART;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGVTALRM;
    event.sigev_notify_thread_id = gettid();
    // The handler stays: otherwise a late signal would end the process.
    if (sigaction(SIGVTALRM, &action, 0) != 0 || timer_create(CLOCK_MONOTONIC, &event, timer) != 0) return 0;
    memset(&times, 0, sizeof times);
    times.it_value.tv_nsec = times.it_interval.tv_nsec = 250000;
    timer_settime(*timer, 0, &times, 0);
    return 1;
}

// Memory that is really there, not only promised: writes to each page once, and yields, since that takes milliseconds.
// It comes from the system, not from malloc, which would keep it for the next hash.
static inline void *cargon2_allocate(size_t size) {
    volatile char *memory = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    timer_t timer;
    int yields;
    if (memory == MAP_FAILED) return 0;
    yields = cargon2_start_yielding(&timer);
    for (size_t offset = 0; offset < size; offset += 4096) memory[offset] = 0;
    if (yields) timer_delete(timer);
    return (void *)memory;
}

static inline void cargon2_free(void *memory, size_t size) { munmap(memory, size); }

// argon2_ctx for Argon2id, in `memory` of `size` bytes. It often yields the core, since the hash takes long.
static inline int cargon2_id_in(argon2_context *context, void *memory, size_t size) {
    timer_t timer;
    int code, yields = cargon2_start_yielding(&timer);
    cargon2_current()->start = (uint8_t *)memory;
    cargon2_current()->size = size;
    context->allocate_cbk = cargon2_take;
    context->free_cbk = cargon2_leave;
    code = argon2_ctx(context, Argon2_id);
    if (yields) timer_delete(timer);
    return code;
}

#endif
