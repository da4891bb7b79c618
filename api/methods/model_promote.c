/* model.promote: serve this snapshot from now on. */
#include "api/db.h"

static const gx_param params[] = {
    {"number", GX_PARAM_INT, NULL, 1, 999999, NULL, NULL, GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL,
     "which snapshot, as model.list names it"},
};

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    uint32_t number = (uint32_t)gx_arg_int(call->args, "number");
    const char *path = gx_store_path(call->db->store);
    gx_snapshot *tried = NULL;
    /* Opened, and so verified, before it is named: a broken file never becomes current. */
    GX_TRY(gx_snapshot_open(&tried, path, number, err));
    GX_TRY(gx_snapshot_promote(path, number, err));
    GX_TRY(gx_db_reload(call->db, err));
    *out = gx_map(call->arena, 1);
    gx_map_put(call->arena, out, "snapshot", gx_int(number));
done:
    gx_snapshot_release(tried);
    return status;
}

const gx_method gx_method_model_promote = {
    .name = "model.promote",
    .summary = "serve this snapshot",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_LONG,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{snapshot}",
    .run = run,
};
