/* job.watch: how far a job is, and from now on the caller is told as it goes: notifications
 * [2, "job.progress", [{job, method, state, stage, done, total}]], the last with a state that is
 * not "running". Only a door with connections can do that. */
#include "api/db.h"

static const gx_param params[] = {
    {"job", GX_PARAM_INT, NULL, 1, 9e15, NULL, NULL, GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL,
     "which job"},
};

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    if (!call->subscriber) {
        return gx_fail(err, GX_BAD_REQUEST,
                       "job.watch needs a connection of a server to notify; ask job.get instead");
    }
    return gx_jobs_watch(out, call->db->jobs, (uint64_t)gx_arg_int(call->args, "job"),
                         call->subscriber, call->arena, err);
}

const gx_method gx_method_job_watch = {
    .name = "job.watch",
    .summary = "how far a job is, and notifications as it goes",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .result =
        "{job, kind, method, scope, principal?, state, started_ms, stage, done, total, ended_ms, "
        "result, error}",
    .run = run,
};
