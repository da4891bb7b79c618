/* sys.info: the store's counts, the snapshot served, versions: what `guanxi status` prints. */
#include "api/db.h"

static void put_counts(gx_arena *arena, gx_value *map, const gx_store_stats *stats) {
    gx_map_put(arena, map, "users", gx_int((int64_t)stats->users));
    gx_map_put(arena, map, "items", gx_int((int64_t)stats->items));
    gx_map_put(arena, map, "groups", gx_int((int64_t)stats->groups));
    gx_map_put(arena, map, "members", gx_int((int64_t)stats->members));
    gx_map_put(arena, map, "ties", gx_int((int64_t)stats->ties));
    gx_map_put(arena, map, "events", gx_int((int64_t)stats->events));
    gx_map_put(arena, map, "impressions", gx_int((int64_t)stats->impressions));
    gx_map_put(arena, map, "coupons", gx_int((int64_t)stats->coupons));
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_store_stats stats;
    gx_status status = gx_store_stat(&stats, call->db->store, err);
    if (status != GX_OK) {
        return status;
    }
    gx_arena *arena = call->arena;
    gx_value map = gx_map(arena, 16);
    put_counts(arena, &map, &stats);
    gx_snapshot *snapshot = call->state->snapshot;
    gx_map_put(arena, &map, "snapshot", snapshot ? gx_int(gx_snapshot_number(snapshot)) : gx_nil());
    gx_map_put(arena, &map, "schema", gx_int(stats.schema));
    gx_map_put(arena, &map, "state", gx_int((int64_t)stats.state));
    gx_map_put(arena, &map, "file_bytes", gx_int((int64_t)stats.file_bytes));
    gx_map_put(arena, &map, "used_bytes", gx_int((int64_t)stats.used_bytes));
    gx_map_put(arena, &map, "version", gx_str(gx_version()));
    *out = map;
    return GX_OK;
}

const gx_method gx_method_sys_info = {
    .name = "sys.info",
    .summary = "counts of the store, the snapshot served, versions",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .result =
        "{users, items, groups, members, ties, events, impressions, coupons, snapshot, schema, "
        "state, file_bytes, used_bytes, version}",
    .run = run,
};
