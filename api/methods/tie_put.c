/* tie.put: ties written or changed, idempotent by id; all of the call or nothing. */
#include "api/rows.h"

static const gx_param params[] = {
    GX_ROWS_PARAM("ties", "[{src, dst, kind, weight, ts, directed}]"),
};

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    return gx_rows_put(out, call, "ties", "ties", err);
}

const gx_method gx_method_tie_put = {
    .name = "tie.put",
    .summary = "write ties; the same again changes nothing",
    .scope = GX_SCOPE_WRITE,
    .cost = GX_COST_WRITE,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = GX_ROWS_RESULT,
    .run = run,
};
