/* job.get: how far a job is, and its answer once it is done. */
#include "api/db.h"

static const gx_param params[] = {
    {"job", GX_PARAM_INT, NULL, 1, 9e15, NULL, NULL, GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL,
     "which job"},
};

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    return gx_jobs_describe(out, call->db->jobs, (uint64_t)gx_arg_int(call->args, "job"),
                            call->arena, err);
}

const gx_method gx_method_job_get = {
    .name = "job.get",
    .summary = "how far a job is, and its answer",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .result =
        "{job, kind, method, scope, principal?, state, started_ms, stage, done, total, ended_ms, "
        "result, error}",
    .run = run,
};
