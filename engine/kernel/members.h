/* Members given as a parameter: a list of their numbers as text, as the doors put it in place. */
#ifndef GX_KERNEL_MEMBERS_H
#define GX_KERNEL_MEMBERS_H

#include "graph/base/job.h"
#include "graph/base/param.h"

/* The members of the parameter `name`, as they were given, repeats too; an empty list where it was
 * not. On the job's account, given back with gx_job_free. bad_request at `name`: a text that is no
 * number below n. */
GX_MUST_CHECK gx_status gx__members_parse(uint32_t **out, uint32_t *out_count, const gx_args *args,
                                          const char *name, uint32_t n, gx_job *job, gx_error *err);

#endif
