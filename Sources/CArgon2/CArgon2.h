// The Argon2 reference library (RFC 9106), and a way to hand it memory that was allocated before.

#ifndef LATCHKEY_CARGON2_H
#define LATCHKEY_CARGON2_H

#include <argon2.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

typedef struct {
    uint8_t *start;
    size_t size;
} cargon2_memory;

// The library's callbacks are not told whose memory is meant: each thread notes its own.
static inline cargon2_memory *cargon2_current(void) {
    static _Thread_local cargon2_memory current;
    return &current;
}

static inline int cargon2_take(uint8_t **memory, size_t size) {
    if (size > cargon2_current()->size) return -1;
    *memory = cargon2_current()->start;
    return 0;
}

// Whoever allocated it frees it.
static inline void cargon2_leave(uint8_t *memory, size_t size) {
    (void)memory;
    (void)size;
}

// Memory that is there, not only promised: each page is written to once. It is the system's own, not malloc's, which
// would keep it for the next hash.
static inline void *cargon2_allocate(size_t size) {
    volatile char *memory = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return 0;
    for (size_t offset = 0; offset < size; offset += 4096) memory[offset] = 0;
    return (void *)memory;
}

static inline void cargon2_free(void *memory, size_t size) { munmap(memory, size); }

// argon2_ctx for Argon2id, in `memory` of `size` bytes.
static inline int cargon2_id_in(argon2_context *context, void *memory, size_t size) {
    cargon2_current()->start = (uint8_t *)memory;
    cargon2_current()->size = size;
    context->allocate_cbk = cargon2_take;
    context->free_cbk = cargon2_leave;
    return argon2_ctx(context, Argon2_id);
}

#endif
