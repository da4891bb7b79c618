/* VoteRank: a set of spreaders chosen one by one so that they do not sit in each other's
 * neighbourhood (Zhang, Chen, Dong and Zhao, Identifying a set of influential spreaders in complex
 * networks, Scientific Reports 6:27823, 2016).
 *
 * Everybody can give each neighbour a vote of 1. Whoever is given most is chosen, votes no more,
 * and takes 1 / ⟨k⟩ off what each neighbour can give, ⟨k⟩ being the mean degree; and so on until
 * nobody is given anything. With direction `in`, those tied to a member vote for it, with `out`
 * those it is tied to (as in NetworkX). Self-loops do not count; among equals the lowest number
 * goes first.
 *
 * With `weighted` a member's votes count by the weight of the ties they come by, and all of them as
 * often as it has voters, √(k_v Σ w_vu give_u) in the paper (WVoteRank: Sun, Chen, He and Ch'ng, A
 * voting approach to uncover multiple influential spreaders on weighted networks, Physica A 519,
 * 2019); the root changes no order.
 *
 * Votes are summed anew in the order of the row whenever a member comes to the top of the heap: so
 * no rounding adds up, and a vote that falls need not be told to all it was given to, which took
 * longer (all members of lfr_100k_mu5 .25 for .15 s, the first 5,000 .077 for .020).
 *
 * What one can give is counted in units of 1 / (arcs), so that 1 / ⟨k⟩ is n of them: sums are
 * exact, and the result does not depend on the order of additions. Time O(n + m) and the ties of
 * whoever comes first, each time; at worst, where many are equal, O(n m). One thread. Memory: 40
 * bytes a member.
 */
#include "engine/kernel/candidates.h"
#include "engine/kernel/chosen.h"
#include "engine/kernel/degrees.h"
#include "engine/kernel/neighbours.h"

#include <math.h>

enum { LOOK = 1 << 18, BLOCK = 1 << 16 };

static const gx_param params[] = {
    {.name = "count",
     .type = GX_PARAM_INT,
     .fallback = "0",
     .low = 0,
     .high = 4294967294.0,
     .unit = "members",
     .help = "how many are chosen; 0: all whom anybody votes for"},
    GX__PARAM_DIRECTION(
        "who votes for a member: all tied to it, those who follow it, those it follows"),
    GX__PARAM_BOOL("weighted", "false",
                   "votes count by the weight of the tie, and by the number of voters (WVoteRank)"),
};

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS, "1 for the first chosen, falling evenly; 0 if not chosen"},
    {"order", GX_U32, GX_LEN_OTHER, "the chosen, first to last"},
};

typedef struct election {
    gx__rows_view voters; /* who votes for a member */
    uint32_t n;
    uint64_t full, drop; /* a whole vote, and what a chosen neighbour takes off it */
    uint64_t *can_give;
    bool weighted;
    gx__candidates candidates; /* by their votes when they were put there */
    uint64_t looked;
    gx_job *job;
} election;

/* What a member is given now. */
static uint64_t votes_for(const election *e, uint32_t v) {
    uint64_t sum = 0;
    for (uint64_t i = e->voters.ptr[v]; i < e->voters.ptr[v + 1]; i++) {
        const uint32_t u = e->voters.end[i];
        sum += u != v ? e->can_give[u] : 0;
    }
    return sum;
}

/* The same weighted: the bits of a double of 0 or more, which are in the order of such doubles. */
static uint64_t weighted_votes_for(const election *e, uint32_t v) {
    double sum = 0;
    uint64_t count = 0, bits;
    for (uint64_t i = e->voters.ptr[v]; i < e->voters.ptr[v + 1]; i++) {
        const uint32_t u = e->voters.end[i];
        sum += u != v ? gx__row_weight(&e->voters, i) * (double)e->can_give[u] : 0;
        count += u != v;
    }
    sum *= (double)count;
    memcpy(&bits, &sum, sizeof bits);
    return bits;
}

static uint64_t look_at(election *e, uint32_t v) {
    e->looked += e->voters.ptr[v + 1] - e->voters.ptr[v] + 1;
    return e->weighted ? weighted_votes_for(e, v) : votes_for(e, v);
}

/* Whether to stop, which is looked at now and then. */
static bool must_stop(election *e) {
    if (e->looked > LOOK) {
        if (gx_job_should_stop(e->job)) {
            return true;
        }
        e->looked = 0;
    }
    return false;
}

/* Whoever has most votes now, GX_NONE where nobody has any, or the job is to stop. Votes only fall,
 * so whoever is still first with the votes of now is right. */
static uint32_t take_first(election *e) {
    while (e->candidates.count > 0 && !must_stop(e)) {
        const uint32_t member = e->candidates.heap[0].member;
        const uint64_t now = look_at(e, member);
        e->candidates.heap[0].worth = now;
        gx__candidates_sink(&e->candidates, 0);
        if (e->candidates.heap[0].member == member) {
            (void)gx__candidates_take(&e->candidates);
            return now > 0 ? member : GX_NONE;
        }
    }
    return GX_NONE;
}

/* ---- voting --------------------------------------------------------------------------------- */

/* Voter w can give `less` less to each it votes for. */
static void weaken(election *e, uint32_t w, uint64_t less) {
    e->can_give[w] -= less < e->can_give[w] ? less : e->can_give[w];
    e->looked++;
}

static gx_status prepare(election *e, gx_error *err) {
    uint64_t arcs = 0, most = 0;
    gx_status status = GX_OK;
    for (uint32_t v = 0; v < e->n && status == GX_OK; v++) {
        uint64_t others = gx__others(&e->voters, v);
        arcs += others;
        most = others > most ? others : most;
        if (v % BLOCK == 0) {
            status = gx_job_check(e->job, err);
        }
    }
    if (status == GX_OK && !e->weighted && most && arcs > UINT64_MAX / most) {
        return gx_fail(err, GX_OVER_LIMIT,
                       "voterank counts votes up to 2^64; %llu ties are too many",
                       (unsigned long long)arcs);
    }
    e->full = arcs;
    e->drop = e->n;
    e->candidates.count = e->n;
    for (uint32_t v = 0; v < e->n; v++) {
        e->can_give[v] = e->full;
    }
    for (uint32_t v = 0; v < e->n && status == GX_OK; v++) {
        if (v % BLOCK == 0) {
            status = gx_job_check(e->job, err);
        }
        const uint64_t all = e->weighted ? look_at(e, v) : gx__others(&e->voters, v) * e->full;
        e->candidates.heap[v] = (gx__candidate){all, v};
    }
    for (uint32_t v = e->n / 2; v-- > 0 && status == GX_OK;) {
        gx__candidates_sink(&e->candidates, v);
        if (v % BLOCK == 0) {
            status = gx_job_check(e->job, err);
        }
    }
    return status;
}

static gx_status elect(election *e, uint32_t *order, uint32_t *out_count, uint32_t most,
                       gx_error *err) {
    uint32_t count = 0;
    for (uint32_t v; count < most && (v = take_first(e)) != GX_NONE;) {
        order[count++] = v;
        weaken(e, v, e->full);
        for (uint64_t i = e->voters.ptr[v]; i < e->voters.ptr[v + 1] && !must_stop(e); i++) {
            weaken(e, e->voters.end[i], e->drop);
        }
        gx_job_tick(e->job, count);
    }
    *out_count = count;
    return gx_job_check(e->job, err);
}

/* ---- the pass ------------------------------------------------------------------------------- */

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)threads;
    const gx_graph *g = gx_arg_is(args, "direction", "all") ? input->undirected : input->graph;
    const gx__degrees degrees = gx__degrees_of(g, input->users);
    double n = input->users, count = (double)gx_arg_int(args, "count");
    double share = count > 0 && count < n ? count / n : 1;
    out->mem_bytes = 36 * (uint64_t)input->users +
                     sizeof(uint32_t) * (uint64_t)(count > 0 && count < n ? count : n);
    /* The first few are looked at over and over, before there is a difference between the others.
     */
    out->cpu_s = sqrt(share) * 0.72 *
                     (gx__reads_seconds(&degrees, degrees.capped, 64, (gx__pace){0, 0, 6, 25.6}) +
                      3.4e-8 * degrees.arcs) +
                 4e-8 * n + 1e-6;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    const uint32_t n = input->users;
    const int64_t asked = gx_arg_int(args, "count");
    double *score;
    uint32_t *order = NULL, count = 0;
    election e = {.n = n,
                  .job = job,
                  .weighted = gx_arg_bool(args, "weighted"),
                  .voters = gx__rows_by(input, args)};
    gx_job_stage(job, "voterank", asked ? (uint64_t)asked : n);
    GX_TRY(gx__scores_add(&score, out, input, err));
    GX_TRY(gx_job_alloc(job, &e.can_give, n, sizeof *e.can_give, err));
    GX_TRY(gx_job_alloc(job, &e.candidates.heap, n, sizeof *e.candidates.heap, err));
    GX_TRY(gx_job_alloc(job, &order, n, sizeof *order, err));
    GX_TRY(prepare(&e, err));
    GX_TRY(elect(&e, order, &count, asked && asked < n ? (uint32_t)asked : n, err));
    GX_TRY(gx__chosen_add(out, score, order, count, err));
done:
    gx_job_free(job, e.can_give);
    gx_job_free(job, e.candidates.heap);
    gx_job_free(job, order);
    return status;
}

static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)args;
    return gx__chosen_check(result, instance, input, err);
}

const gx_pass gx_pass_voterank = {
    .name = "voterank",
    .kind = GX_KIND_CENTRALITY,
    .summary = "spreaders chosen one by one, away from each other, by vote",
    .paper = "Zhang, Chen, Dong, Zhao: Identifying a set of influential spreaders in complex "
             "networks, Scientific Reports 6, 2016; Sun, Chen, He, Ch'ng: A voting approach to "
             "uncover multiple influential spreaders on weighted networks, Physica A 519, 2019",
    .complexity = "O(n + m) and the ties of whoever comes first, each time, at worst O(n m); one "
                  "thread; 40 bytes "
                  "a member",
    .needs = GX__NEED_TIES,
    .reads = gx__reads_by_direction,
    .label_dependent = true,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .member_arrays = (const char *const[]){"order", NULL},
    .params = params,
    .param_count = GX_COUNT(params),
    .estimate = estimate,
    .run = run,
    .check = check,
};
