/* admin.reload: follow CURRENT and the settings; what SIGHUP does. */
#include "api/db.h"

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = gx_db_reload(call->db, err);
    if (status == GX_OK) {
        *out = gx_map(call->arena, 1);
        gx_map_put(call->arena, out, "snapshot",
                   gx_int(gx_snapshot_current(gx_store_path(call->db->store))));
    }
    return status;
}

const gx_method gx_method_admin_reload = {
    .name = "admin.reload",
    .summary = "follow the current snapshot and the settings, as SIGHUP does",
    .scope = GX_SCOPE_ADMIN,
    .cost = GX_COST_LONG,
    .result = "{snapshot}",
    .run = run,
};
