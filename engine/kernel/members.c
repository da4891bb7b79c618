#include "engine/kernel/members.h"

gx_status gx__members_parse(uint32_t **out, uint32_t *out_count, const gx_args *args,
                            const char *name, uint32_t n, gx_job *job, gx_error *err) {
    const gx_value *list = gx_arg_value(args, name);
    uint32_t *member, count = gx_arg_has(args, name) ? list->size : 0;
    gx_status status = gx_job_alloc(job, &member, count, sizeof *member, err);
    for (uint32_t i = 0; status == GX_OK && i < count; i++) {
        const gx_value *item = &list->as.items[i];
        int64_t v;
        if (!gx_parse_int((gx_slice){item->as.text, item->size}, &v) || v < 0 || v >= n) {
            char quoted[60];
            gx_job_free(job, member);
            return gx_fail_at(err, GX_BAD_REQUEST, name,
                              "%s holds %s; accepted are the numbers of members, below %u", name,
                              gx_quote(quoted, sizeof quoted, item->as.text, item->size), n);
        }
        member[i] = (uint32_t)v;
    }
    if (status == GX_OK) {
        *out = member;
        *out_count = count;
    }
    return status;
}
