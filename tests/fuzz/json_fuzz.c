/* Any bytes as JSON: what is read is written, in both styles, and read back equal. */
#include "graph/codec/codec.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    gx_arena *arena = gx_arena_create();
    gx_buffer buffer = {0};
    gx_value value, back;
    if (arena && gx_json_read(&value, arena, (const char *)data, size, NULL) == GX_OK) {
        for (int style = GX_JSON_COMPACT; style <= GX_JSON_INDENTED; style++) {
            buffer.size = 0;
            gx_json_write(&buffer, &value, (gx_json_style)style);
            if (buffer.failed ||
                gx_json_read(&back, arena, buffer.bytes, buffer.size, NULL) != GX_OK ||
                !gx_value_equal(&value, &back)) {
                abort();
            }
        }
    }
    gx_buffer_finish(&buffer);
    gx_arena_destroy(arena);
    return 0;
}
