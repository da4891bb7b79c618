/* coupon.get: the records of coupons, in the order asked. */
#include "api/rows.h"

static const gx_param params[] = {
    {"coupons", GX_PARAM_LIST, NULL, 1, 65536, NULL, NULL, GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL,
     "which ones, by id"},
};

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    return gx_rows_get(out, call, "coupons", GX_SPACE_COUPON, "coupon_id", err);
}

const gx_method gx_method_coupon_get = {
    .name = "coupon.get",
    .summary = "the records of coupons, or an error for each that is not there",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{coupons: [{coupon_id, …} or {coupon_id, error}]}",
    .run = run,
};
