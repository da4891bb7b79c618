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
 * Self-loops do not count; among equals the lowest number goes first. Only
 * members within l + 1 ties of those taken are computed anew: time O(rounds · (n + those · ties
 * within l − 1 steps)). Memory: 41 bytes a member, 8 a member and thread, 16 a member of a batch.
 * Sums are of integers: the same bytes at any thread count.
 */
#include "engine/centrality/collective_variant.h"
#include "engine/kernel/ball.h"
#include "engine/kernel/chosen.h"
#include "engine/kernel/parallel.h"
#include "engine/kernel/top.h"

#include <math.h>

enum { MEMBERS_CHUNK = 16, SMALL = 256, RADIUS_MAX = 10 };

static const gx_param params[] = {
    {.name = "radius",
     .type = GX_PARAM_INT,
     .fallback = "2",
     .low = 0,
     .high = RADIUS_MAX,
     .unit = "ties",
     .help = "how far away the ring of members lies whose ties are counted; 0: the degree"},
    {.name = "adaptive",
     .type = GX_PARAM_BOOL,
     .fallback = "true",
     GX_PARAM_UNCHECKED,
     .help = "take members away one after the other, the score being the order; else their "
             "influence in the whole network"},
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
    {.name = "direction",
     .type = GX_PARAM_CHOICE,
     .fallback = "all",
     GX_PARAM_UNCHECKED,
     .choices = "all|in|out",
     .help = "ties that count and lead on: from either side, received or given"},
    {.name = "weighted",
     .type = GX_PARAM_BOOL,
     .fallback = "false",
     GX_PARAM_UNCHECKED,
     .help = "by the weight of the ties, in mean ties, instead of their number"},
};

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS,
     "1 for the first taken away, falling evenly, 0 for the rest; not adaptive: influence"},
    {"order", GX_U32, GX_LEN_OTHER, "those taken away, first to last"},
};

typedef struct peeling {
    gx__rows_view rows;
    uint32_t n, radius, taken;
    double *influence;
    uint32_t *degree; /* among those still there */
    uint8_t *gone;
    uint32_t *order;
    uint32_t *rooms; /* of all the balls */
    gx__ball
        *balls; /* one a thread, and the one of what changes; each goes on numbering searches */
    gx__top top;
    uint32_t batch;
    gx_job *job;
} peeling;

static uint32_t batch_of(const gx_args *args, uint32_t n) {
    double batch = floor(gx_arg_real(args, "batch") * n);
    return !gx_arg_bool(args, "adaptive") ? 0 : batch > 1 ? (uint32_t)batch : 1;
}

/* ---- influence ------------------------------------------------------------------------------- */

static double influence_of(const peeling *p, gx__ball *ball, uint32_t v) {
    if (p->degree[v] <= 1) {
        return 0;
    }
    gx__ball_start(ball, &v, 1);
    for (uint32_t d = 0; d < p->radius; d++) {
        if (!gx__ball_widen(ball)) {
            return 0;
        }
    }
    uint64_t sum = 0;
    for (uint32_t q = ball->from; q < ball->to; q++) {
        sum += p->degree[ball->queue[q]] - 1;
    }
    return ((double)p->degree[v] - 1) * (double)sum;
}

/* Of those listed, or of all where the list is NULL. */
static gx_status measure(peeling *p, const uint32_t *list, uint32_t count, gx_error *err) {
    const int threads = count > SMALL ? p->job->threads : 1;
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        gx__ball *ball = &p->balls[gx_thread()];
#pragma omp for schedule(dynamic, MEMBERS_CHUNK)
        for (uint32_t i = 0; i < count; i++) {
            uint32_t v = list ? list[i] : i;
            if (!ball->stopped && !p->gone[v]) {
                p->influence[v] = influence_of(p, ball, v);
            }
        }
    }
    return gx_job_check(p->job, err);
}

/* ---- taking away ------------------------------------------------------------------------------
 */

/* The best of those left into p->top; their influence all together. */
static double rank(peeling *p) {
    double sum = 0;
    p->top.count = 0;
    for (uint32_t v = 0; v < p->n; v++) {
        if (p->influence[v] > 0) {
            sum += p->influence[v];
            gx__top_offer(&p->top, p->influence[v], v, 0);
        }
    }
    gx__top_sort(&p->top);
    return sum;
}

static void take(peeling *p, uint32_t v) {
    p->order[p->taken++] = v;
    p->gone[v] = 1;
    p->influence[v] = 0;
    for (uint64_t i = p->rows.ptr[v]; i < p->rows.ptr[v + 1]; i++) {
        uint32_t u = p->rows.end[i];
        p->degree[u] -= u != v && !p->gone[u];
    }
}

static gx_status peel(peeling *p, uint32_t most, gx_error *err) {
    gx_status status = GX_OK;
    gx__ball *changed = &p->balls[p->job->threads];
    double ties = 0;
    for (uint32_t v = 0; v < p->n; v++) {
        ties += p->degree[v];
    }
    while (p->taken < most) {
        p->top.capacity = most - p->taken < p->batch ? most - p->taken : p->batch;
        if (rank(p) <= ties) {
            break;
        }
        const uint32_t first = p->taken;
        for (uint32_t i = 0; i < p->top.count; i++) {
            p->order[first + i] = p->top.entry[i].id;
        }
        /* Whom the change reaches, by ways through those who go. */
        gx__ball_start(changed, p->order + first, p->top.count);
        for (uint32_t d = 0; d <= p->radius && gx__ball_widen(changed); d++) {
        }
        for (uint32_t i = 0; i < p->top.count; i++) {
            take(p, p->top.entry[i].id);
        }
        GX_TRY(gx_job_check(p->job, err));
        GX_TRY(measure(p, changed->queue, changed->to, err));
        gx_job_tick(p->job, p->taken);
    }
done:
    return status;
}

/* ---- the pass ---------------------------------------------------------------------------------
 */

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    const uint64_t n = input->users, batch = batch_of(args, input->users);
    double m = (double)gx__arcs_by(input, args), ball = 1;
    double mean = n ? m / (double)n : 0;
    for (int64_t d = 1; d < gx_arg_int(args, "radius") && ball < (double)n; d++) {
        ball *= 2 * mean; /* a neighbour has more ties than a member */
    }
    ball = ball < (double)n ? ball : (double)n;
    /* A third or so is taken away, and the network shrinks meanwhile. */
    double rounds = batch ? 1 + 0.15 * (double)n / (double)batch : 1;
    out->mem_bytes = n * (2 * sizeof(double) + 3 * sizeof(uint32_t) + 1) +
                     (gx__ball_room(input->users) * sizeof(uint32_t) + sizeof(gx__ball)) *
                         (1 + (uint64_t)threads) +
                     batch * sizeof(gx__top_entry);
    out->cpu_s = rounds * (3e-9 * m * ball + 1e-8 * (double)n) + 1e-6;
    if (gx__collective_is_variant(args)) {
        out->mem_bytes = gx__collective_variant_bytes(input->users, (uint32_t)batch, threads);
    }
}

static gx_status prepare(peeling *p, gx_error *err) {
    gx_status status = GX_OK;
    gx_job *job = p->job;
    const size_t room = gx__ball_room(p->n), balls = (size_t)job->threads + 1;
    GX_TRY(gx_job_alloc(job, &p->influence, p->n, sizeof *p->influence, err));
    GX_TRY(gx_job_alloc(job, &p->degree, p->n, sizeof *p->degree, err));
    GX_TRY(gx_job_alloc(job, &p->gone, p->n, sizeof *p->gone, err));
    GX_TRY(gx_job_alloc(job, &p->order, p->n, sizeof *p->order, err));
    GX_TRY(gx_job_alloc(job, &p->rooms, room, balls * sizeof *p->rooms, err));
    GX_TRY(gx_job_alloc(job, &p->balls, balls, sizeof *p->balls, err));
    GX_TRY(gx_job_alloc(job, &p->top.entry, p->batch, sizeof *p->top.entry, err));
    for (size_t i = 0; i < balls; i++) {
        p->balls[i] = gx__ball_in(p->rooms + i * room, &p->rows, p->gone, p->n, job);
    }
    gx__others_all(p->degree, &p->rows, p->n, job);
    status = measure(p, NULL, p->n, err);
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
                 .job = job};
    gx_job_stage(job, "collective_influence", n);
    GX_TRY(gx__scores_add(&score, out, input, err));
    GX_TRY(prepare(&p, err));
    if (p.batch > 0) {
        GX_TRY(peel(&p, asked && asked < n ? (uint32_t)asked : n, err));
    } else if (n > 0) {
        memcpy(score, p.influence, n * sizeof *score);
    }
    GX_TRY(gx__chosen_add(out, score, p.order, p.taken, err));
done:
    gx_job_free(job, p.influence);
    gx_job_free(job, p.degree);
    gx_job_free(job, p.gone);
    gx_job_free(job, p.order);
    gx_job_free(job, p.rooms);
    gx_job_free(job, p.balls);
    gx_job_free(job, p.top.entry);
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
    .complexity = "O(rounds x (n + changed members x ties within radius - 1 steps)) time; 41 bytes "
                  "a member, 8 a member and thread, 16 a member of a batch",
    .needs = GX__NEED_DIRECTIONS,
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
