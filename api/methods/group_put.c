/* group.put: groups written or changed, idempotent by id; all of the call or nothing. */
#include "api/rows.h"

static const gx_param params[] = {
    GX_ROWS_PARAM("groups", "[{group_id, name, owner, …}]"),
};

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    return gx_rows_put(out, call, "groups", "groups", err);
}

const gx_method gx_method_group_put = {
    .name = "group.put",
    .summary = "write groups; the same again changes nothing",
    .scope = GX_SCOPE_WRITE,
    .cost = GX_COST_WRITE,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = GX_ROWS_RESULT,
    .run = run,
};
