/* Collective influence: members whose removal breaks the network apart, which finds weak nodes that
 * join strong ones as well as hubs (Morone and Makse, Influence maximization in complex networks
 * through optimal percolation, Nature 524, 2015):
 *
 *     CI_l(i) = (k_i − 1) · Σ over j at distance l from i of (k_j − 1)
 *
 * Adaptive, as the paper's algorithm is: whoever has the highest is taken away, the degrees of the
 * neighbours fall, what changed is computed anew, until Σ CI_l ≤ Σ k (k of the whole network),
 * where the largest eigenvalue of the non-backtracking matrix is estimated at 1 and no giant
 * component is left. The paper's supplement takes a share of the members at a time on large
 * networks, as `batch` does; a share of less than one member is one. Members are not put back at
 * the end (the paper's optional step). With `adaptive` off the score is CI_l of the whole network,
 * and nobody is taken.
 *
 * With `direction` rings lie along ties of one direction and degrees are of that side; with
 * `weighted` strengths take the place of degrees (engine/centrality/collective_variant.h). The
 * paper has neither; both give what it has where ties go both ways and weigh alike.
 *
 * Self-loops do not count; among equals the lowest number goes first.
 *
 * Up to a radius of 2 nobody's influence rises when others go, since whoever is tied directly stays
 * so and whoever is two ties away stays there or is lost. What it was is a bound, then, as is the
 * count of ways of `radius` ties at the start, and few are computed anew before the highest are
 * known. Whether the sum is above the bar is mostly told by those few; if not, others follow until
 * it is, or all are known. With a larger radius all whom a change reaches are computed anew.
 *
 * Time O(m + rounds · those looked at · ties within radius − 1 steps). Memory: 57 bytes a member,
 * 8 a member and thread. Sums are of integers: the same bytes at any thread count.
 */
#include "engine/centrality/collective_variant.h"
#include "engine/kernel/ball.h"
#include "engine/kernel/candidates.h"
#include "engine/kernel/chosen.h"
#include "engine/kernel/parallel.h"

#include <math.h>

enum {
    CHUNK = 8,      /* members a thread takes at a time */
    SMALL = 256,    /* fewer are not worth threads */
    TOGETHER = 256, /* candidates looked at together, in a large batch */
    ALL_AT_ONCE = 4096,
    REACH = 1 << 14, /* ties along which it is told who is reached by a change; else all may be */
    FALLS = 2,       /* up to this radius influence never rises */
    RADIUS_MAX = 10
};

static const gx_param params[] = {
    {.name = "radius",
     .type = GX_PARAM_INT,
     .fallback = "2",
     .low = 0,
     .high = RADIUS_MAX,
     .unit = "ties",
     .help = "how far away the ring of members lies whose ties are counted; 0: the degree"},
    GX__PARAM_BOOL("adaptive", "true",
                   "take members away one after the other, the score being the order; else their "
                   "influence in the whole network"),
    {.name = "batch",
     .type = GX_PARAM_REAL,
     .fallback = "0.01",
     .low = 0,
     .high = 1,
     .unit = "share",
     .help = "share of all members taken away at a time; 0: one by one"},
    {.name = "count",
     .type = GX_PARAM_INT,
     .fallback = "0",
     .low = 0,
     .high = 4294967294.0,
     .unit = "members",
     .help = "how many are taken away at most; 0: until no giant component is left"},
    GX__PARAM_DIRECTION("ties that count and lead on: from either side, received or given"),
    GX__PARAM_BOOL("weighted", "false",
                   "by the weight of the ties, in mean ties, instead of their number"),
};

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS,
     "1 for the first taken away, falling evenly, 0 for the rest; not adaptive: influence"},
    {"order", GX_U32, GX_LEN_OTHER, "those taken away, first to last"},
};

typedef struct peeling {
    gx__rows_view rows;
    uint32_t n, radius, batch, taken;
    gx__candidates left; /* their influence, or more where it is not known */
    uint64_t *share;     /* of a member whose influence is known: what it adds to `known` */
    uint32_t *known_at;  /* era in which a member's influence was computed, 0: not since a change */
    uint32_t era;        /* a new one begins when nothing is known any more */
    uint64_t ties;       /* of the whole network */
    uint64_t known;      /* Σ over those whose influence is known of it, or of ties + 1 if less */
    uint32_t *more;      /* ties to those still there, less one; 0 for those gone */
    uint8_t *gone;
    uint32_t *order;
    gx__ball *balls; /* one a thread, and the one of what changes */
    gx_job *job;
} peeling;

static uint32_t batch_of(const gx_args *args, uint32_t n) {
    double batch = floor(gx_arg_real(args, "batch") * n);
    return !gx_arg_bool(args, "adaptive") ? 0 : batch > 1 ? (uint32_t)batch : 1;
}

/* ---- influence ------------------------------------------------------------------------------- */

static uint64_t product(uint64_t a, uint64_t b) {
    return b && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

static uint64_t influence_of(const peeling *p, gx__ball *ball, uint32_t v) {
    if (p->radius == 0 || p->more[v] == 0) {
        return product(p->more[v], p->more[v]);
    }
    gx__ball_start(ball, &v, 1);
    for (uint32_t d = 1; d < p->radius; d++) {
        if (!gx__ball_widen(ball)) {
            return 0;
        }
    }
    return product(p->more[v], gx__ball_add_next(ball, p->more));
}

/* Not more than 0 is 0. */
static bool is_known(const peeling *p, const gx__candidate *c) {
    return p->known_at[c->member] == p->era || (c->worth == 0 && p->radius <= FALLS);
}

/* What a member adds to p->known: so much that one alone may pass the bar, and no sum overflows. */
static uint64_t share_of(const peeling *p, uint64_t influence) {
    return influence > p->ties ? p->ties + 1 : influence;
}

/* Of those at heap[first, end) that are not known. */
static gx_status measure(peeling *p, uint32_t first, uint32_t end, gx_error *err) {
    const int threads = end - first > SMALL ? p->job->threads : 1;
    uint64_t known = 0;
#pragma omp parallel num_threads(threads) reduction(+ : known) if (threads > 1)
    {
        gx__ball *ball = &p->balls[gx_thread()];
#pragma omp for schedule(dynamic, CHUNK)
        for (uint32_t i = first; i < end; i++) {
            gx__candidate *c = &p->left.heap[i];
            if (!ball->stopped && !is_known(p, c)) {
                c->worth = influence_of(p, ball, c->member);
                p->known_at[c->member] = p->era;
                p->share[c->member] = share_of(p, c->worth);
                known += p->share[c->member];
            }
        }
    }
    p->known += known;
    return gx_job_check(p->job, err);
}

/* Bounds at the start, of a radius up to 2: ways of so many ties that do not turn back at once. */
static void bound_all(peeling *p, uint64_t *around) {
    const gx__rows_view *rows = &p->rows;
#pragma omp parallel for num_threads(p->job->threads) schedule(static) if (p->n > ALL_AT_ONCE)
    for (uint32_t v = 0; v < p->n; v++) {
        uint64_t end = gx_job_should_stop(p->job) ? 0 : rows->ptr[v + 1];
        around[v] = 0;
        for (uint64_t i = rows->ptr[v]; i < end; i++) {
            uint32_t u = rows->end[i];
            around[v] += u != v ? p->more[u] : 0;
        }
    }
#pragma omp parallel for num_threads(p->job->threads) schedule(static) if (p->n > ALL_AT_ONCE)
    for (uint32_t v = 0; v < p->n; v++) {
        uint64_t more = p->more[v], sum = p->radius == 0 ? more : around[v];
        if (p->radius == 2) {
            uint64_t end = gx_job_should_stop(p->job) ? 0 : rows->ptr[v + 1];
            sum = 0;
            for (uint64_t i = rows->ptr[v]; i < end; i++) {
                uint32_t u = rows->end[i];
                sum += u != v ? around[u] - more : 0;
            }
        }
        p->left.heap[v] = (gx__candidate){product(more, sum), v};
    }
}

/* ---- choosing ------------------------------------------------------------------------------- */

/* Looks at some of the first candidates anew. */
static gx_status look_at_first(peeling *p, uint32_t most, gx_error *err) {
    uint32_t count = 0;
    while (count < most && p->left.count > 0 && p->left.heap[0].worth > 0) {
        gx__candidates_take(&p->left);
        count++;
    }
    gx_status status = measure(p, p->left.count, p->left.count + count, err);
    while (count-- > 0) {
        gx__candidates_put_back(&p->left);
    }
    return status;
}

/* The highest `most` of those left, into p->order behind those taken; *out_count how many. */
static gx_status choose(peeling *p, uint32_t most, uint32_t *out_count, gx_error *err) {
    uint32_t count = 0, together = most / 4 < TOGETHER ? most / 4 + 1 : TOGETHER;
    if (p->radius > FALLS) {
        gx_status status = measure(p, 0, p->left.count, err);
        if (status != GX_OK) {
            return status;
        }
        gx__candidates_order(&p->left);
    }
    while (count < most && p->left.count > 0 && p->left.heap[0].worth > 0) {
        if (is_known(p, &p->left.heap[0])) {
            p->order[p->taken + count++] = gx__candidates_take(&p->left).member;
            continue;
        }
        gx_status status = look_at_first(p, together, err);
        if (status != GX_OK) {
            return status;
        }
        together += together / 2; /* few blocks, and few looked at in vain */
    }
    *out_count = count;
    return GX_OK;
}

/* Whether Σ influence is above the bar; those chosen are known. */
static gx_status is_connected(peeling *p, bool *out, gx_error *err) {
    gx_status status = GX_OK;
    uint32_t first = 0;
    for (uint32_t end; p->known <= p->ties && first < p->left.count; first = end) {
        end = p->left.count - first < ALL_AT_ONCE ? p->left.count : first + ALL_AT_ONCE;
        GX_TRY(measure(p, first, end, err));
    }
    if (first > 0) {
        gx__candidates_order(&p->left);
    }
    *out = p->known > p->ties;
done:
    return status;
}

/* ---- taking away ---------------------------------------------------------------------------- */

static void take(peeling *p, uint32_t v) {
    p->gone[v] = 1;
    p->more[v] = 0;
    for (uint64_t i = p->rows.ptr[v]; i < p->rows.ptr[v + 1]; i++) {
        uint32_t u = p->rows.end[i];
        p->more[u] -= p->more[u] > 0;
    }
}

static void forget_all(peeling *p) {
    p->known = 0;
    if (++p->era == 0) { /* eras are used up: what they mark is forgotten */
        memset(p->known_at, 0, p->n * sizeof *p->known_at);
        p->era = 1;
    }
}

/* Forgets the influence of those whom a change reaches, by ways through those who go: within
 * radius + 1 ties. Where those are many, of all. */
static gx_status forget(peeling *p, uint32_t count, gx_error *err) {
    gx__ball *ball = &p->balls[p->job->threads];
    uint64_t ties = 0;
    gx__ball_start(ball, p->order + p->taken, count);
    for (uint32_t d = 0; d <= p->radius; d++) {
        for (uint32_t q = ball->from; q < ball->to && p->radius <= FALLS; q++) {
            ties += gx__row_length(&p->rows, ball->queue[q]);
        }
        if (ties > REACH) {
            forget_all(p);
            return GX_OK;
        }
        if (!gx__ball_widen(ball)) {
            break;
        }
    }
    if (ball->stopped) {
        return gx_job_check(p->job, err);
    }
    for (uint32_t q = 0; q < ball->to; q++) {
        uint32_t v = ball->queue[q];
        p->known -= p->known_at[v] == p->era ? p->share[v] : 0;
        p->known_at[v] = 0;
    }
    return GX_OK;
}

static gx_status peel(peeling *p, uint32_t most, gx_error *err) {
    gx_status status = GX_OK;
    bool connected;
    for (uint32_t count; p->taken < most; p->taken += count) {
        GX_TRY(choose(p, most - p->taken < p->batch ? most - p->taken : p->batch, &count, err));
        GX_TRY(is_connected(p, &connected, err));
        if (!connected) {
            break;
        }
        GX_TRY(forget(p, count, err));
        for (uint32_t i = 0; i < count; i++) {
            take(p, p->order[p->taken + i]);
        }
        GX_TRY(gx_job_check(p->job, err));
        gx_job_tick(p->job, p->taken);
    }
done:
    return status;
}

/* ---- the pass ------------------------------------------------------------------------------- */

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    const uint64_t n = input->users, batch = batch_of(args, input->users);
    const int64_t radius = gx_arg_int(args, "radius"), count = gx_arg_int(args, "count");
    double m = (double)gx__arcs_by(input, args), ball = 1;
    double mean = n ? m / (double)n : 0, share = 1;
    for (int64_t d = 1; d < radius && ball < (double)n; d++) {
        ball *= 2 * mean; /* a neighbour has more ties than a member */
    }
    ball = ball < (double)n ? ball : (double)n;
    /* A third or so is taken away, and the network shrinks meanwhile. */
    double rounds = batch ? 1 + 0.15 * (double)n / (double)batch : 1;
    if (count > 0 && 3.0 * (double)count < (double)n) {
        share = 3.0 * (double)count / (double)n;
    }
    out->mem_bytes =
        n * (sizeof(double) + sizeof(gx__candidate) + sizeof(uint64_t) + 4 * sizeof(uint32_t) + 1) +
        gx__balls_bytes(input->users, threads + 1);
    const gx__degrees degrees = gx__degrees_by(input, args);
    const double each_s = gx__reads_seconds(&degrees, m * ball, 16, (gx__pace){0, 1.9, 24, 30});
    out->cpu_s = batch && radius <= FALLS
                     ? (batch > 1 ? 1 : 3) * share * each_s + 1.5e-7 * m
                     : share * rounds * (3e-9 * m * ball + 1e-8 * (double)n) + 1e-7 * (double)n;
    out->cpu_s += 1e-6;
    if (gx__collective_is_variant(args)) { /* all that changed is computed anew, at every radius */
        out->cpu_s = share * rounds * (7e-9 * m * ball + 1e-8 * (double)n) + 1e-6;
        out->mem_bytes = gx__collective_variant_bytes(input->users, (uint32_t)batch, threads);
    }
}

static gx_status bounds_first(peeling *p, gx_error *err) {
    uint64_t *around;
    gx_status status = gx_job_alloc(p->job, &around, p->n, sizeof *around, err);
    if (status != GX_OK) {
        return status;
    }
    bound_all(p, around);
    gx_job_free(p->job, around);
    gx__candidates_order(&p->left);
    return gx_job_check(p->job, err);
}

static gx_status prepare(peeling *p, gx_error *err) {
    gx_status status = GX_OK;
    gx_job *job = p->job;
    const bool lazy = p->batch > 0 && p->radius <= FALLS;
    GX_TRY(gx_job_alloc(job, &p->left.heap, p->n, sizeof *p->left.heap, err));
    GX_TRY(gx_job_alloc(job, &p->share, p->n, sizeof *p->share, err));
    GX_TRY(gx_job_alloc(job, &p->known_at, p->n, sizeof *p->known_at, err));
    GX_TRY(gx_job_alloc(job, &p->more, p->n, sizeof *p->more, err));
    GX_TRY(gx_job_alloc(job, &p->gone, p->n, sizeof *p->gone, err));
    GX_TRY(gx_job_alloc(job, &p->order, p->n, sizeof *p->order, err));
    gx__others_all(p->more, &p->rows, p->n, job);
    for (uint32_t v = 0; v < p->n; v++) {
        p->ties += p->more[v];
        p->more[v] -= p->more[v] > 0;
    }
    p->left.count = p->n;
    if (lazy) {
        GX_TRY(bounds_first(p, err));
    }
    GX_TRY(gx__balls_make(&p->balls, job->threads + 1, &p->rows, p->gone, p->n, job, err));
    for (uint32_t v = 0; v < p->n && !lazy; v++) {
        p->left.heap[v] = (gx__candidate){1, v};
    }
    status = lazy ? GX_OK : measure(p, 0, p->n, err);
done:
    return status;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    const uint32_t n = input->users;
    const int64_t asked = gx_arg_int(args, "count");
    if (gx__collective_is_variant(args)) {
        const gx__collective variant = {.rows = gx__rows_by(input, args),
                                        .against = gx__rows_against(input, args),
                                        .weighted = gx_arg_bool(args, "weighted"),
                                        .n = n,
                                        .radius = (uint32_t)gx_arg_int(args, "radius"),
                                        .batch = batch_of(args, n),
                                        .most = asked && asked < n ? (uint32_t)asked : n};
        return gx__collective_variant(out, input, &variant, job, err);
    }
    double *score;
    peeling p = {.rows = gx__rows_out(input->undirected),
                 .n = n,
                 .radius = (uint32_t)gx_arg_int(args, "radius"),
                 .batch = batch_of(args, n),
                 .era = 1,
                 .job = job};
    gx_job_stage(job, "collective_influence", n);
    GX_TRY(gx__scores_add(&score, out, input, err));
    GX_TRY(prepare(&p, err));
    if (p.batch > 0) {
        GX_TRY(peel(&p, asked && asked < n ? (uint32_t)asked : n, err));
    } else {
        for (uint32_t v = 0; v < n; v++) {
            score[v] = (double)p.left.heap[v].worth;
        }
    }
    GX_TRY(gx__chosen_add(out, score, p.order, p.taken, err));
done:
    gx_job_free(job, p.left.heap);
    gx_job_free(job, p.share);
    gx_job_free(job, p.known_at);
    gx_job_free(job, p.more);
    gx_job_free(job, p.gone);
    gx_job_free(job, p.order);
    gx__balls_free(p.balls, job);
    return status;
}

static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    const double *score;
    return gx_arg_bool(args, "adaptive") ? gx__chosen_check(result, instance, input, err)
                                         : gx__scores_check(&score, result, instance, input, err);
}

const gx_pass gx_pass_collective_influence = {
    .name = "collective_influence",
    .kind = GX_KIND_CENTRALITY,
    .summary = "members whose removal breaks the network apart, one after the other",
    .paper = "Morone, Makse: Influence maximization in complex networks through optimal "
             "percolation, Nature 524, 2015",
    .complexity = "O(m + rounds x members looked at x ties within radius - 1 steps) time; 57 bytes "
                  "a member, 8 a member and thread",
    .needs = GX__NEED_TIES,
    .reads = gx__reads_both_sides,
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
