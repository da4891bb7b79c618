/* group.get: the records of groups, in the order asked. */
#include "api/rows.h"

static const gx_param params[] = {
    {"groups", GX_PARAM_LIST, NULL, 1, 65536, NULL, NULL, GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL,
     "which ones, by id"},
};

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    return gx_rows_get(out, call, "groups", GX_SPACE_GROUP, "group_id", err);
}

const gx_method gx_method_group_get = {
    .name = "group.get",
    .summary = "the records of groups, or an error for each that is not there",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{groups: [{group_id, …} or {group_id, error}]}",
    .run = run,
};
