// Memory, instead of musl's own malloc, for `make build LIBC=musl` alone. musl's gives memory back at once, and asks the
// system 60 times in one request, often for what it gave back before; that takes longer than all that musl spares.
//
// 1. One thread only: nothing here locks.
// 2. A block is one of 4 sizes to each power of two, with 16 bytes before it that tell which. Freed, it waits for the
//    next of its size, and is never joined with another: what a process holds is at most what it ever held of each size.
// 3. Blocks are cut from areas of 1/4 MB. Larger ones than 128 KiB are the system's own, and given back.

#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { area = 256 << 10, largest = 128 << 10, class_count = 48, own_mapping = 0xFFFF };

// What stands before a block. `offset` is that from the start of what was allocated to the block.
struct head {
    size_t size;
    uint32_t class, offset;
};

static union block {
    union block *next;
} *waiting[class_count];

static char *next_byte, *area_end;

// Classes 0 to 3 are 16, 32, 48 and 64 bytes, then 80, 96, 112, 128, 160, 192, …
static unsigned class_of(size_t size) {
    if (size <= 64) return size == 0 ? 0 : (unsigned)(size - 1) / 16;
    unsigned power = 63 - (unsigned)__builtin_clzl(size - 1);
    return (power - 6) * 4 + 4 + (unsigned)((size - 1) >> (power - 2) & 3);
}

static size_t size_of(unsigned class) {
    if (class < 4) return (class + 1) * 16;
    return (size_t)(5 + class % 4) << (class / 4 + 3);
}

static struct head *head_of(void *memory) { return (struct head *)memory - 1; }

static void *map(size_t size) {
    void *memory = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? 0 : memory;
}

static void *fail(void) {
    errno = ENOMEM;
    return 0;
}

void *malloc(size_t size) {
    struct head *head;
    if (size > largest) {
        if (size > PTRDIFF_MAX - 8192) return fail();
        size_t whole = (size + sizeof *head + 4095) & ~(size_t)4095;
        if (!(head = map(whole))) return fail();
        *head = (struct head){whole - sizeof *head, own_mapping, sizeof *head};
        return head + 1;
    }
    unsigned class = class_of(size);
    if (waiting[class]) {
        union block *block = waiting[class];
        waiting[class] = block->next;
        return block;
    }
    size_t usable = size_of(class);
    if ((size_t)(area_end - next_byte) < usable + sizeof *head) {
        char *start = map(area);
        if (!start) return fail();
        next_byte = start;
        area_end = start + area;
    }
    head = (struct head *)next_byte;
    next_byte += usable + sizeof *head;
    *head = (struct head){usable, class, sizeof *head};
    return head + 1;
}

void free(void *memory) {
    if (!memory) return;
    struct head *head = head_of(memory);
    if (head->class == own_mapping) {
        int number = errno;
        munmap((char *)memory - head->offset, head->size + head->offset);
        errno = number;
        return;
    }
    union block *block = (union block *)((char *)memory - head->offset + sizeof *head);
    unsigned class = head->class;
    block->next = waiting[class];
    waiting[class] = block;
}

size_t malloc_usable_size(void *memory) { return memory ? head_of(memory)->size : 0; }

void *calloc(size_t count, size_t size) {
    size_t whole;
    if (__builtin_mul_overflow(count, size, &whole)) return fail();
    void *memory = malloc(whole);
    if (memory && head_of(memory)->class != own_mapping) memset(memory, 0, whole);
    return memory;
}

void *realloc(void *memory, size_t size) {
    if (!memory) return malloc(size);
    size_t usable = head_of(memory)->size;
    if (size <= usable && (size >= usable / 2 || usable <= 64)) return memory;
    void *larger = malloc(size);
    if (!larger) return 0;
    memcpy(larger, memory, size < usable ? size : usable);
    free(memory);
    return larger;
}

void *aligned_alloc(size_t alignment, size_t size) {
    if (alignment <= 16) return malloc(size);
    if (alignment & (alignment - 1) || size > PTRDIFF_MAX - alignment) return fail();
    char *memory = malloc(size + alignment);
    if (!memory) return 0;
    struct head whole = *head_of(memory);
    size_t skipped = -(uintptr_t)memory & (alignment - 1);
    // What stands before the block is kept twice; only the second tells how to come to its start.
    struct head *head = head_of(memory + skipped);
    *head = (struct head){whole.size - skipped, whole.class, whole.offset + (uint32_t)skipped};
    return head + 1;
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    void *memory = aligned_alloc(alignment, size);
    if (!memory) return ENOMEM;
    *result = memory;
    return 0;
}

void *memalign(size_t alignment, size_t size) { return aligned_alloc(alignment, size); }
