/* item.get: the records of items, in the order asked. */
#include "api/rows.h"

static const gx_param params[] = {
    {"items", GX_PARAM_LIST, NULL, 1, 65536, NULL, NULL, GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL,
     "which ones, by id"},
};

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    return gx_rows_get(out, call, "items", GX_SPACE_ITEM, "item_id", err);
}

const gx_method gx_method_item_get = {
    .name = "item.get",
    .summary = "the records of items, or an error for each that is not there",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{items: [{item_id, …} or {item_id, error}]}",
    .run = run,
};
