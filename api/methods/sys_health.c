/* sys.health: can it serve; what an operator should look at. */
#include "api/db.h"

enum { READER_LAG_WORRYING = 1000 };

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_store_stats stats;
    gx_status status = gx_store_stat(&stats, call->db->store, err);
    if (status != GX_OK) {
        return status;
    }
    gx_arena *arena = call->arena;
    gx_value warnings = gx_list(arena, 4);
    if (call->state->damage.code != GX_OK) {
        const char *damage = call->state->damage.message;
        gx_list_add(arena, &warnings, gx_text_copy(arena, damage, strlen(damage)));
    } else if (!call->state->snapshot) {
        gx_list_add(arena, &warnings,
                    gx_str("no snapshot yet: lists are answered by popularity only"));
    }
    if (stats.oldest_reader_lag > READER_LAG_WORRYING) {
        gx_list_add(arena, &warnings,
                    gx_str("a reader has been held for long; the file cannot reuse space"));
    }
    gx_value map = gx_map(arena, 4);
    gx_map_put(arena, &map, "ok", gx_bool(true));
    gx_map_put(arena, &map, "warnings", warnings);
    gx_map_put(arena, &map, "readers", gx_int(stats.readers));
    gx_map_put(arena, &map, "oldest_reader_lag", gx_int(stats.oldest_reader_lag));
    gx_map_put(arena, &map, "uptime_ms", gx_int(gx_time_ms() - call->db->opened_ms));
    *out = map;
    return GX_OK;
}

const gx_method gx_method_sys_health = {
    .name = "sys.health",
    .summary = "whether it can serve, and what to look at",
    .scope = GX_SCOPE_NONE,
    .cost = GX_COST_SHORT,
    .result = "{ok, warnings, readers, oldest_reader_lag, uptime_ms}",
    .run = run,
};
