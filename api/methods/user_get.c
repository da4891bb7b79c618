/* user.get: the records of users, in the order asked. */
#include "api/rows.h"

static const gx_param params[] = {
    {"users", GX_PARAM_LIST, NULL, 1, 65536, NULL, NULL, GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL,
     "which ones, by id"},
};

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    return gx_rows_get(out, call, "users", GX_SPACE_USER, "user_id", err);
}

const gx_method gx_method_user_get = {
    .name = "user.get",
    .summary = "the records of users, or an error for each that is not there",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{users: [{user_id, …} or {user_id, error}]}",
    .run = run,
};
