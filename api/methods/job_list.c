/* job.list: the jobs of this process, and the long calls a server is answering, newest first. */
#include "api/db.h"

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_value list;
    gx_status status = gx_jobs_describe(&list, call->db->jobs, 0, call->arena, err);
    if (status == GX_OK) {
        *out = gx_map(call->arena, 1);
        gx_map_put(call->arena, out, "jobs", list);
    }
    return status;
}

const gx_method gx_method_job_list = {
    .name = "job.list",
    .summary = "the jobs and the long calls that run, newest first",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .result =
        "{jobs: [{job, kind, method, scope, principal?, state, started_ms, stage, done, total, "
        "ended_ms, error}]}",
    .run = run,
};
