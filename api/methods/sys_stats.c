/* sys.stats: what the server counts of itself. */
#include "api/db.h"

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    (void)err;
    gx_db *db = call->db;
    gx_value map = gx_map(call->arena, 8);
    gx_map_put(call->arena, &map, "rss_peak_bytes", gx_int((int64_t)gx_rss_peak_bytes()));
    gx_map_put(call->arena, &map, "cpu_s", gx_real((double)gx_clock_cpu_ns() / 1e9));
    gx_map_put(call->arena, &map, "uptime_ms", gx_int(gx_time_ms() - db->opened_ms));
    uint32_t graphs;
    uint64_t bytes;
    gx_graphs_stat(&graphs, &bytes, db->graphs);
    gx_map_put(call->arena, &map, "graphs_kept", gx_int(graphs));
    gx_map_put(call->arena, &map, "graphs_bytes", gx_int((int64_t)bytes));
    pthread_mutex_lock(&db->state_lock);
    gx_stats_fn fn = db->stats;
    void *user = db->stats_user;
    pthread_mutex_unlock(&db->state_lock);
    if (fn) {
        fn(user, call->arena, &map);
    }
    *out = map;
    return GX_OK;
}

const gx_method gx_method_sys_stats = {
    .name = "sys.stats",
    .summary = "connections, calls, errors and times of the server",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .result =
        "{rss_peak_bytes, cpu_s, uptime_ms, graphs_kept, graphs_bytes, and what the server counts}",
    .run = run,
};
