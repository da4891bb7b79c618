/* How long it took in the log from a share to who came by it. */
#include "api/referral/log.h"

#include <stdlib.h>

static const double DAY_MS = 86400000;

int gx_log_pass_order(const void *a, const void *b) {
    const gx_log_pass *x = a, *y = b;
    if (x->user != y->user) {
        return x->user < y->user ? -1 : 1;
    }
    if (x->item != y->item) {
        return x->item < y->item ? -1 : 1;
    }
    return (x->ts_ms > y->ts_ms) - (x->ts_ms < y->ts_ms);
}

typedef struct passing {
    gx_log_pass *all; /* sorted */
    uint64_t count;
} passing;

static gx_status find_passing(passing *out, const gx_log *log, gx_job *job, gx_error *err) {
    bool shares = false;
    const gx_status status = gx_job_alloc(job, &out->all, log->count + 1, sizeof *out->all, err);
    for (uint64_t i = 0; i < log->count && !shares; i++) {
        shares = log->acts[i].share;
    }
    for (uint64_t i = 0; status == GX_OK && i < log->count; i++) {
        const gx_log_act *act = &log->acts[i];
        if (act->item != GX_NONE && (shares ? act->share : act->joins)) {
            out->all[out->count++] = (gx_log_pass){act->user, act->item, act->ts_ms};
        }
    }
    if (out->count > 1) {
        qsort(out->all, out->count, sizeof *out->all, gx_log_pass_order);
    }
    return status;
}

/* The latest that is not after it; NULL: there is none. */
static const gx_log_pass *latest(const passing *p, const gx_log_pass *before) {
    uint64_t low = 0, high = p->count;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (gx_log_pass_order(&p->all[middle], before) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    const gx_log_pass *found = low > 0 ? &p->all[low - 1] : NULL;
    return found && found->user == before->user && found->item == before->item ? found : NULL;
}

gx_status gx_log_delay(double *out_days, uint64_t *out_seen, gx_call_env *call,
                       const gx_log_spec *spec, gx_error *err) {
    gx_log log = {0};
    passing p = {0};
    gx_status status;
    double sum = 0;
    *out_seen = 0;
    GX_TRY(gx_log_read(&log, call, spec, err));
    GX_TRY(find_passing(&p, &log, call->job, err));
    for (uint64_t i = 0; i < log.count; i++) {
        const gx_log_act *act = &log.acts[i];
        if (!act->joins || !act->inside || act->via == GX_NONE || act->item == GX_NONE) {
            continue;
        }
        const gx_log_pass *by = latest(&p, &(gx_log_pass){act->via, act->item, act->ts_ms});
        const double days = by ? ((double)act->ts_ms - (double)by->ts_ms) / DAY_MS : -1;
        if (days >= 0 && days <= GX_INFLUENCE_DAYS) {
            sum += days;
            ++*out_seen;
        }
    }
    *out_days = *out_seen > 0 ? sum / (double)*out_seen : 0;
done:
    gx_job_free(call->job, p.all);
    gx_log_finish(&log);
    return status;
}
