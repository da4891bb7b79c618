/* guanxi cancel: stop a job or a call of a server. */
#include "cli/verb.h"

const gx_verb gx_verb_cancel = {
    .name = "cancel",
    .group = "serving",
    .summary = "stop a job or a long call of a server",
    .method = "job.cancel",
    .examples = "  guanxi cancel unix:/run/guanxi.sock 4\n",
};
