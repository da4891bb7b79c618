/* Any bytes at all as a snapshot file: refused, or read without leaving the mapping. */
#include "graph/snapshot/snapshot.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int fd = -1;
    static char path[64];
    if (fd < 0) {
        fd = memfd_create("safetensors", 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size) {
        abort();
    }
    for (int verify = 0; verify < 2; verify++) {
        gx_arrays *arrays;
        gx_error err = {0};
        volatile uint8_t sink = 0;
        if (gx_safetensors_open(&arrays, path, verify, &err) != GX_OK) {
            continue;
        }
        for (size_t i = 0; i < gx_arrays_count(arrays); i++) {
            const gx_array *array = gx_arrays_at(arrays, i);
            for (uint64_t k = 0; k < array->bytes; k++) {
                sink = (uint8_t)(sink + ((const uint8_t *)array->data)[k]);
            }
        }
        gx_arrays_destroy(arrays);
    }
    return 0;
}
