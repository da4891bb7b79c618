/* model.list: the snapshots there are, newest first. */
#include "api/db.h"

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_snapshot_info *infos;
    size_t count;
    gx_status status = gx_snapshot_list(&infos, &count, gx_store_path(call->db->store), err);
    if (status != GX_OK) {
        return status;
    }
    gx_arena *arena = call->arena;
    gx_value list = gx_list(arena, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        gx_value row = gx_map(arena, 6);
        gx_map_put(arena, &row, "snapshot", gx_int(infos[i].number));
        gx_map_put(arena, &row, "current", gx_bool(infos[i].current));
        gx_map_put(arena, &row, "made_ms", gx_int(infos[i].made_ms));
        gx_map_put(arena, &row, "bytes", gx_int((int64_t)infos[i].bytes));
        gx_map_put(arena, &row, "state", gx_int((int64_t)infos[i].state));
        gx_map_put(arena, &row, "version",
                   gx_text_copy(arena, infos[i].version, strlen(infos[i].version)));
        gx_list_add(arena, &list, row);
    }
    gx_free(infos);
    *out = gx_map(arena, 1);
    gx_map_put(arena, out, "snapshots", list);
    return GX_OK;
}

const gx_method gx_method_model_list = {
    .name = "model.list",
    .summary = "the snapshots there are, newest first",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .result = "{snapshots: [{snapshot, current, made_ms, bytes, state, version}]}",
    .run = run,
};
