/* Events that are past. */
#include "api/lists/over.h"

#include <stdio.h>

gx_value gx_item_field(gx_arena *arena, const gx_columns *columns, uint32_t item,
                       const char *name) {
    char longer[32];
    gx_value value = gx_columns_get(columns, arena, item, name);
    snprintf(longer, sizeof longer, "attr_%s", name);
    return value.type == GX_NIL ? gx_columns_get(columns, arena, item, longer) : value;
}

int64_t gx_item_time(gx_arena *arena, const gx_columns *columns, uint32_t item, const char *name) {
    const gx_value value = gx_item_field(arena, columns, item, name);
    char number[32];
    gx_slice text = {value.type == GX_TEXT ? value.as.text : "",
                     value.type == GX_TEXT ? value.size : 0};
    int64_t time_ms;
    if (value.type == GX_INT) { /* seconds or milliseconds */
        snprintf(number, sizeof number, "%lld", (long long)value.as.integer);
        text = gx_slice_of(number);
    }
    return gx_parse_time_ms(text, &time_ms) ? time_ms : GX_NO_TIME;
}

int64_t gx_event_ends(gx_arena *arena, const gx_columns *columns, uint32_t item) {
    const int64_t ends = gx_item_time(arena, columns, item, "ends_at");
    return ends != GX_NO_TIME ? ends : gx_item_time(arena, columns, item, "starts_at");
}

static bool tells_times(const gx_columns *columns) {
    static const char *const fields[] = {"ends_at", "starts_at", "attr_ends_at", "attr_starts_at"};
    bool any = false;
    for (size_t f = 0; f < GX_COUNT(fields); f++) {
        any = any || gx_columns_has(columns, fields[f]);
    }
    return any;
}

gx_status gx_events_over(uint32_t **out, uint32_t *out_count, const gx_columns *columns,
                         uint32_t items, int64_t now_ms, gx_arena *arena, gx_error *err) {
    gx_where *events = NULL;
    gx_arena *own = NULL;
    uint8_t *is_event = NULL;
    uint32_t count = 0;
    gx_status status = GX_OK;
    *out = NULL;
    *out_count = 0;
    if (!tells_times(columns)) {
        return GX_OK;
    }
    own = gx_arena_create();
    is_event = gx_alloc((size_t)items + 1, 1);
    if (!own || !is_event) {
        GX_TRY(gx_fail_memory(err, items));
    }
    GX_TRY(gx_where_compile(&events, own, gx_slice_of("kind = \"event\""), err));
    GX_TRY(gx_where_eval(is_event, events, columns, items, err));
    for (uint32_t i = 0; i < items; i++) {
        count += is_event[i];
    }
    *out = gx_arena_get(arena, ((size_t)count + 1) * sizeof **out);
    if (!*out) {
        GX_TRY(gx_fail_memory(err, count * sizeof **out));
    }
    for (uint32_t i = 0; i < items; i++) {
        const int64_t ends = is_event[i] ? gx_event_ends(own, columns, i) : GX_NO_TIME;
        if (ends != GX_NO_TIME && ends <= now_ms) {
            (*out)[(*out_count)++] = i;
        }
    }
done:
    gx_free(is_event);
    gx_arena_destroy(own);
    return status;
}
