/* job.cancel: stop a job or a long call; it ends within 100 ms and leaves nothing half-written. */
#include "api/db.h"

static const gx_param params[] = {
    {"job", GX_PARAM_INT, NULL, 1, 9e15, NULL, NULL, GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL,
     "which job"},
};

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    int64_t id = gx_arg_int(call->args, "job");
    gx_status status = gx_jobs_cancel(call->db->jobs, (uint64_t)id, err);
    if (status == GX_OK) {
        *out = gx_map(call->arena, 1);
        gx_map_put(call->arena, out, "job", gx_int(id));
    }
    return status;
}

const gx_method gx_method_job_cancel = {
    .name = "job.cancel",
    .summary = "stop a job, or a long call of somebody",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{job}",
    .run = run,
};
