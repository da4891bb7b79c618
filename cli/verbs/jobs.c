/* guanxi jobs: what a server is at. */
#include "cli/verb.h"

const gx_verb gx_verb_jobs = {
    .name = "jobs",
    .group = "serving",
    .summary = "the jobs and long calls of a server, newest first",
    .method = "job.list",
    .list = "jobs",
    .columns = "job,kind,method,state,started_ms,stage,done,total",
    .examples = "  guanxi jobs unix:/run/guanxi.sock\n",
};
