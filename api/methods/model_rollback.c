/* model.rollback: back to the snapshot that was served before. */
#include "api/db.h"

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    uint32_t number;
    gx_status status = gx_snapshot_rollback(&number, gx_store_path(call->db->store), err);
    if (status == GX_OK) {
        status = gx_db_reload(call->db, err);
    }
    if (status != GX_OK) {
        return status;
    }
    *out = gx_map(call->arena, 1);
    gx_map_put(call->arena, out, "snapshot", gx_int(number));
    return GX_OK;
}

const gx_method gx_method_model_rollback = {
    .name = "model.rollback",
    .summary = "serve the snapshot that was served before",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_LONG,
    .result = "{snapshot}",
    .run = run,
};
