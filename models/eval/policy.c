/* Off-policy estimates from logged places. The log is walked once a member; what is kept are sums a
 * member, over which the bootstrap goes. O(places + members × (longest + resamples)). */
#include "models/eval/eval.h"

#include <math.h>

enum { HALVES = 2 };

/* Sums of a member; each column is told over another one. */
enum { REQUESTS, WEIGHT, EARNED, IPS, SNIPS, DIRECT, DR, GAIN, COLUMNS };

static const uint32_t over[COLUMNS] = {
    [REQUESTS] = REQUESTS, [WEIGHT] = REQUESTS, [EARNED] = REQUESTS, [IPS] = REQUESTS,
    [SNIPS] = WEIGHT,      [DIRECT] = REQUESTS, [DR] = REQUESTS,     [GAIN] = REQUESTS};

static const uint64_t HALF_STREAM = 0x48414c46;

typedef struct policy {
    const gx_logged *rows;
    uint64_t count;
    const gx_lists *target;
    uint32_t longest, items;
    const gx_policy_options *options;
    double *reward[HALVES]; /* items: sums over the members of a half */
    uint32_t *shown[HALVES];
    double mean[HALVES]; /* of all items */
    uint32_t *place;     /* items: where in the target list of the member at hand, from 1; 0: not */
    uint32_t *user;      /* members of the log, rising */
    double *figure;      /* of each, COLUMNS */
    uint32_t users;
    double weights, squares; /* Σ w, Σ w² */
    uint64_t target_places;  /* in place of those logged */
} policy;

static int half_of(const policy *p, uint32_t user) {
    return (int)(gx_mix64(gx_mix64(p->options->resampling.seed ^ HALF_STREAM) + user) & 1);
}

static gx_status check_rows(const policy *p, uint32_t users, gx_error *err) {
    for (uint64_t k = 0; k < p->count; k++) {
        const gx_logged *row = &p->rows[k], *before = k ? &p->rows[k - 1] : NULL;
        if (!(row->propensity > 0 && row->propensity <= 1) || !isfinite(row->reward)) {
            return gx_fail_at(err, GX_BAD_REQUEST, "propensity",
                              "a propensity is %g; above 0 and at most 1 is accepted",
                              row->propensity);
        }
        if (row->user >= users || row->item >= p->items ||
            (before && (row->user < before->user ||
                        (row->user == before->user && row->request < before->request)))) {
            return gx_fail_at(err, GX_BAD_REQUEST, "rows", "the log is not sorted by member");
        }
    }
    return GX_OK;
}

/* ---- the reward model -------------------------------------------------------------------------
 */

static void sum_rewards(policy *p) {
    double all[HALVES] = {0}, places[HALVES] = {0};
    for (uint64_t k = 0; k < p->count; k++) {
        const int half = half_of(p, p->rows[k].user);
        p->reward[half][p->rows[k].item] += p->rows[k].reward;
        p->shown[half][p->rows[k].item]++;
        all[half] += p->rows[k].reward;
        places[half]++;
    }
    for (int half = 0; half < HALVES; half++) {
        p->mean[half] = places[half] > 0 ? all[half] / places[half] : 0;
    }
}

/* Of an item, for a member of `half`: from the other half. */
static double expected(const policy *p, int half, uint32_t item) {
    const int other = 1 - half;
    const double prior = p->options->prior, places = p->shown[other][item] + prior;
    return places > 0 ? (p->reward[other][item] + prior * p->mean[other]) / places : p->mean[other];
}

/* ---- members ----------------------------------------------------------------------------------
 */

static uint32_t target_length(const policy *p, uint32_t user) {
    const gx_lists *t = p->target;
    const uint64_t n = user < t->rows ? t->ptr[user + 1] - t->ptr[user] : 0;
    return n < p->longest ? (uint32_t)n : p->longest;
}

/* Notes, or with `set` false forgets, where each item of the target list is. */
static void mark_target(policy *p, uint32_t user, bool set) {
    const uint32_t length = target_length(p, user);
    for (uint32_t k = 0; k < length; k++) {
        const uint32_t item = p->target->item[p->target->ptr[user] + k];
        if (item != GX_NONE) {
            p->place[item] = set ? k + 1 : 0;
        }
    }
}

static uint64_t request_end(const policy *p, uint64_t from) {
    uint64_t k = from + 1;
    while (k < p->count && p->rows[k].user == p->rows[from].user &&
           p->rows[k].request == p->rows[from].request) {
        k++;
    }
    return k;
}

/* What the target is expected to earn in place of the request of the rows [from, to): by place,
 * with what it has in each of their places; by item, with as many of its first as they are. */
static double direct_of(policy *p, uint64_t from, uint64_t to) {
    const uint32_t user = p->rows[from].user, length = target_length(p, user);
    const int half = half_of(p, user);
    double sum = 0;
    for (uint64_t k = from; k < to; k++) {
        const uint64_t at = p->options->match == GX_MATCH_PLACE ? p->rows[k].place : k - from;
        if (at < length) {
            const uint32_t item = p->target->item[p->target->ptr[user] + at];
            sum += item == GX_NONE ? p->mean[1 - half] : expected(p, half, item);
            p->target_places++;
        }
    }
    return sum;
}

/* Of a place of a request that showed `shown`. */
static double weight_of(policy *p, const gx_logged *row, uint64_t shown, gx_policy_value *out) {
    const uint32_t place = p->place[row->item];
    const bool matches =
        place && (p->options->match == GX_MATCH_PLACE ? place - 1 == row->place : place <= shown);
    double weight = matches ? 1 / row->propensity : 0;
    if (p->options->clip > 0 && weight > p->options->clip) {
        weight = p->options->clip;
        out->clipped++;
    }
    out->matched += matches;
    out->largest = fmax(out->largest, weight);
    p->weights += weight;
    p->squares += weight * weight;
    return weight;
}

/* The rows from `from` on of one member; returns where the next one's begin. */
static uint64_t take_member(policy *p, uint64_t from, gx_policy_value *out) {
    const uint32_t user = p->rows[from].user;
    const int half = half_of(p, user);
    double *f = p->figure + (size_t)p->users * COLUMNS;
    uint64_t k = from;
    mark_target(p, user, true);
    while (k < p->count && p->rows[k].user == user) {
        const uint64_t first = k, end = request_end(p, k);
        f[REQUESTS]++;
        f[DIRECT] += direct_of(p, first, end);
        for (; k < end; k++) {
            const gx_logged *row = &p->rows[k];
            const double weight = weight_of(p, row, end - first, out);
            f[WEIGHT] += weight;
            f[EARNED] += row->reward;
            f[IPS] += weight * row->reward;
            f[DR] += weight * (row->reward - expected(p, half, row->item));
        }
    }
    f[SNIPS] = f[IPS];
    f[DR] += f[DIRECT];
    f[GAIN] = f[DR] - f[EARNED];
    out->requests += (uint64_t)f[REQUESTS];
    p->user[p->users++] = user;
    mark_target(p, user, false);
    return k;
}

static gx_status take_memory(policy *p, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    uint64_t users = 0;
    for (uint64_t k = 0; k < p->count; k++) {
        users += k == 0 || p->rows[k].user != p->rows[k - 1].user;
    }
    for (int half = 0; half < HALVES; half++) {
        GX_TRY(gx_job_alloc(job, &p->reward[half], p->items, sizeof *p->reward[half], err));
        GX_TRY(gx_job_alloc(job, &p->shown[half], p->items, sizeof *p->shown[half], err));
    }
    GX_TRY(gx_job_alloc(job, &p->place, p->items, sizeof *p->place, err));
    GX_TRY(gx_job_alloc(job, &p->user, users, sizeof *p->user, err));
    GX_TRY(gx_job_alloc(job, &p->figure, users * COLUMNS, sizeof *p->figure, err));
done:
    return status;
}

static void drop_memory(policy *p, gx_job *job) {
    for (int half = 0; half < HALVES; half++) {
        gx_job_free(job, p->reward[half]);
        gx_job_free(job, p->shown[half]);
    }
    gx_job_free(job, p->place);
    gx_job_free(job, p->user);
    gx_job_free(job, p->figure);
}

static void scale(gx_interval *of, double by) {
    of->mean *= by;
    of->low *= by;
    of->high *= by;
}

static gx_status sum_up(gx_policy_value *out, const policy *p, gx_job *job, gx_error *err) {
    gx_interval of[COLUMNS];
    gx_status status = gx_bootstrap_ratios(of, p->figure, over, p->user, p->users, COLUMNS,
                                           &p->options->resampling, job, err);
    if (status != GX_OK) {
        return status;
    }
    out->places = p->count;
    out->effective = p->squares > 0 ? p->weights * p->weights / p->squares : 0;
    out->logged = of[EARNED];
    out->ips = of[IPS];
    out->snips = of[SNIPS];
    scale(&out->snips, out->requests ? (double)p->target_places / (double)out->requests : 0);
    out->direct = of[DIRECT];
    out->dr = of[DR];
    out->gain = of[GAIN];
    return GX_OK;
}

gx_status gx_off_policy(gx_policy_value *out, const gx_logged *rows, uint64_t count, uint32_t users,
                        uint32_t items, const gx_lists *target, uint32_t longest,
                        const gx_policy_options *options, gx_job *job, gx_error *err) {
    policy p = {.rows = rows,
                .count = count,
                .target = target,
                .longest = longest,
                .items = items,
                .options = options};
    gx_policy_value value = {0};
    gx_status status;
    gx_job_stage(job, "eval: off-policy", count);
    GX_TRY(check_rows(&p, users, err));
    GX_TRY(take_memory(&p, job, err));
    sum_rewards(&p);
    for (uint64_t at = 0; at < count;) {
        at = take_member(&p, at, &value);
        if (p.users % 1024 == 0) {
            gx_job_tick(job, at);
            GX_TRY(gx_job_check(job, err));
        }
    }
    GX_TRY(sum_up(&value, &p, job, err));
    *out = value;
done:
    drop_memory(&p, job);
    return status;
}
