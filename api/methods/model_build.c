/* model.build: computes what is served from the store as it is now, and publishes it as a snapshot.
 */
#include "api/support.h"

static const gx_param params[] = {
    {"passes", GX_PARAM_LIST, NULL, 1, 256, NULL, NULL, 0,
     "which passes and models; what they need is added"},
    {"params", GX_PARAM_MAP, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "map of pass to its parameters"},
    {"promote", GX_PARAM_BOOL, "true", GX_PARAM_UNCHECKED, NULL, NULL, 0, "serve it at once"},
    {"check", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "run every pass's invariant before publishing"},
    {"estimate", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "only say what it would take"},
    GX_VIEW_PARAMS,
};

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_build_options options = {.passes = gx_arg_value(call->args, "passes"),
                                .params = gx_arg_value(call->args, "params"),
                                .promote = gx_arg_bool(call->args, "promote"),
                                .check = gx_arg_bool(call->args, "check")};
    gx_status status = gx_spec_from_args(&options.spec, call->arena, call->args, err);
    if (status != GX_OK) {
        return status;
    }
    if (gx_arg_bool(call->args, "estimate")) {
        return gx_build_estimate(out, call->db, &options, GX_BUILD_NEEDS, call->arena, call->job,
                                 err);
    }
    gx_build_result built;
    status = gx_build(&built, call->db, &options, call->job, err);
    if (status != GX_OK) {
        return status;
    }
    *out = gx_map(call->arena, 5);
    gx_map_put(call->arena, out, "snapshot", gx_int(built.number));
    gx_map_put(call->arena, out, "promoted", gx_bool(options.promote));
    gx_map_put(call->arena, out, "bytes", gx_int((int64_t)built.bytes));
    gx_map_put(call->arena, out, "wall_s", gx_real(built.wall_s));
    gx_map_put(call->arena, out, "cpu_s", gx_real(built.cpu_s));
    return GX_OK;
}

const gx_method gx_method_model_build = {
    .name = "model.build",
    .summary = "compute what is served and publish it as a snapshot",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_LONG,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{snapshot, promoted, bytes, wall_s, cpu_s} or {steps, mem_bytes, cpu_s, cpu_most_s}",
    .run = run,
};
