/* The guard on any bytes, whole and in every prefix: it never reads past the end (each walk is
 * given an exact copy), its verdicts are consistent, and what it calls whole msgpack-c parses to
 * the same length. */
#include "graph/codec/codec.h"

#include <msgpack.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static gx_guard_verdict walk_copy(size_t *out_size, const uint8_t *data, size_t size) {
    gx_pack_limits limits = GX_PACK_LIMITS_DEFAULT;
    char *copy = malloc(size ? size : 1);
    require(copy);
    memcpy(copy, data, size);
    gx_guard_verdict verdict = gx_guard_walk(out_size, copy, size, &limits, NULL);
    free(copy);
    return verdict;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t length = 0;
    gx_guard_verdict verdict = walk_copy(&length, data, size);
    if (verdict == GX_GUARD_PARTIAL) {
        require(length > size);
    }
    if (verdict != GX_GUARD_WHOLE) {
        return 0;
    }
    require(length > 0 && length <= size);
    for (size_t prefix = 0; prefix < length; prefix += 1 + length / 64) {
        size_t least = 0;
        require(walk_copy(&least, data, prefix) == GX_GUARD_PARTIAL);
        require(least > prefix && least <= length);
    }
    msgpack_unpacked unpacked;
    msgpack_unpacked_init(&unpacked);
    size_t offset = 0;
    require(msgpack_unpack_next(&unpacked, (const char *)data, length, &offset) ==
            MSGPACK_UNPACK_SUCCESS);
    require(offset == length);
    msgpack_unpacked_destroy(&unpacked);
    return 0;
}
