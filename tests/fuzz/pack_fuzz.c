/* Any bytes as MessagePack: what is read is written and read back equal. */
#include "graph/codec/codec.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    gx_pack_limits limits = GX_PACK_LIMITS_DEFAULT;
    gx_arena *arena = gx_arena_create();
    gx_buffer buffer = {0};
    gx_value value, back;
    if (arena && gx_pack_read(&value, arena, data, size, &limits, NULL) == GX_OK) {
        gx_pack_write(&buffer, &value);
        limits.bytes_max *= 9; /* a float32 of five bytes is written as a double of nine */
        if (buffer.failed ||
            gx_pack_read(&back, arena, buffer.bytes, buffer.size, &limits, NULL) != GX_OK ||
            !gx_value_equal(&value, &back)) {
            abort();
        }
    }
    gx_buffer_finish(&buffer);
    gx_arena_destroy(arena);
    return 0;
}
