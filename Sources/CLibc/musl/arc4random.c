// What Embedded Swift asks of a C library and musl does not have: the seed of its hash tables. Built and linked by
// `make build LIBC=musl` alone.

#include <stddef.h>
#include <stdlib.h>
#include <sys/random.h>

void arc4random_buf(void *buffer, size_t size) {
    unsigned char *next = buffer;
    while (size > 0) {
        // Up to 256 bytes come whole (getrandom(2)).
        size_t count = size < 256 ? size : 256;
        if (getrandom(next, count, 0) != (ssize_t)count) abort();
        next += count;
        size -= count;
    }
}
