/* job.start: a long call that runs on its own. */
#include "api/db.h"

static const gx_param params[] = {
    {"method", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL,
     GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL, "a long method, like model.build"},
    {"args", GX_PARAM_MAP, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0, "its arguments"},
};

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_slice wanted = gx_arg_text(call->args, "method");
    const char *name = gx_arena_printf(call->arena, "%.*s", (int)wanted.size, wanted.data);
    const gx_method *method = name ? gx_method_find(name) : NULL;
    if (!method) {
        return gx_method_missing(name ? name : "", err);
    }
    uint64_t id;
    gx_args parsed; /* what is wrong with them is told at once, not by a job that failed */
    const gx_value *given = gx_arg_value(call->args, "args");
    const gx_value *args = given->type == GX_MAP ? given : NULL;
    if (!gx_method_is_long(method, given)) {
        return gx_fail_at(err, GX_BAD_REQUEST, "method",
                          "%s is a %s call%s: make it directly; jobs are for long ones",
                          method->name, gx_cost_name(method->cost),
                          method->is_long ? " with these arguments" : "");
    }
    gx_status status = gx_db_parse_args(&parsed, call->arena, method, args, err);
    if (status == GX_OK) {
        status = gx_jobs_start(&id, call->db->jobs, method, args, err);
    }
    if (status != GX_OK) {
        return status;
    }
    *out = gx_map(call->arena, 1);
    gx_map_put(call->arena, out, "job", gx_int((int64_t)id));
    return GX_OK;
}

const gx_method gx_method_job_start = {
    .name = "job.start",
    .summary = "run a long method in the background",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{job}",
    .run = run,
};
