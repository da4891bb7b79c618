/* Any bytes as RPC frames, as the server and as the client read them. */
#include "server/wire/frame.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    gx_pack_limits limits = GX_PACK_LIMITS_DEFAULT;
    size_t whole;
    uint32_t msgid = 0;
    bool peeked = gx_frame_peek(&msgid, data, size);
    if (gx_guard_walk(&whole, data, size, &limits, NULL) != GX_GUARD_WHOLE) {
        return 0;
    }
    gx_arena *arena = gx_arena_create();
    gx_frame frame;
    gx_value value;
    gx_status said;
    if (arena && gx_frame_read(&frame, data, whole, NULL) == GX_OK) {
        if (frame.kind == GX_FRAME_REQUEST && (!peeked || msgid != frame.msgid)) {
            abort();
        }
        if (gx_frame_args(&value, arena, frame.params, NULL) == GX_OK && value.type != GX_MAP &&
            value.type != GX_NIL) {
            abort();
        }
    }
    if (arena && gx_frame_read_answer(&msgid, &said, &value, arena, data, whole, NULL) == GX_OK &&
        said >= GX_STATUS_COUNT) {
        abort();
    }
    gx_arena_destroy(arena);
    return 0;
}
