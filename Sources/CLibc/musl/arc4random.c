// What Embedded Swift asks of a C library and musl does not have: the seed of its hash tables. Built and linked by
// `make build LIBC=musl` alone.

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

// Linux before 3.17 gives random numbers by a device alone.
static ssize_t from_device(void *buffer, size_t count) {
    int device = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (device < 0) return -1;
    ssize_t taken = read(device, buffer, count);
    close(device);
    return taken;
}

void arc4random_buf(void *buffer, size_t size) {
    unsigned char *next = buffer;
    while (size > 0) {
        // Up to 256 bytes come whole (getrandom(2)).
        size_t count = size < 256 ? size : 256;
        ssize_t taken = getrandom(next, count, 0);
        if (taken < 0 && errno == ENOSYS) taken = from_device(next, count);
        if (taken != (ssize_t)count) abort();
        next += count;
        size -= count;
    }
}
