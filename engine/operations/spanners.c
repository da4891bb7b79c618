/* Spanners: members whose ties lead into several circles, and the pairs of circles that ties join.
 *
 * The participation coefficient of a member is P = 1 − Σ_c (k_c / k)², k_c the weight of the ties
 * to circle c and k of all: 0 where all ties go to one circle, near 1 where they are spread over
 * many. The within-circle degree is z = (k_own − mean) / deviation over the members of the own
 * circle. The two together give a member's role (Guimerà and Amaral: Functional cartography of
 * complex metabolic networks, Nature 433, 2005; equations 1 and 2).
 *
 * Pairs are rows: for each circle those that its ties lead to, by falling weight, with the member
 * who brings most of it. Both (a, b) and (b, a) are there, with the same ties and each with its own
 * member.
 *
 * O(n + m) time, and O(k log k) for a circle tied to k others; 60 bytes a circle and thread, 28 a
 * member. Sums run along rows and in the order of members: the same bytes at any thread count. */
#include "engine/community/partition.h"
#include "engine/kernel/degrees.h"
#include "engine/kernel/parallel.h"
#include "engine/kernel/scores.h"
#include "engine/kernel/top.h"

#include <math.h>

enum { MEMBERS_CHUNK = 256, SMALL = 1 << 14 };

static const gx_param params[] = {
    {"weighted", GX_PARAM_BOOL, "true", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "ties count by their weights, and either way: without direction"},
};

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS, "participation coefficient, 0 to below 1"},
    {"z", GX_F64, GX_LEN_USERS, "weight of ties within the circle, in deviations from its mean"},
    {"cross", GX_U32, GX_LEN_USERS, "ties to members of other circles"},
    {"circles", GX_U32, GX_LEN_USERS, "other circles that the member is tied to"},
    {"pair_ptr", GX_U64, GX_LEN_OTHER, "start of each circle's pairs, circles + 1"},
    {"pair_circle", GX_U32, GX_LEN_OTHER, "the other circle, by falling weight"},
    {"pair_ties", GX_U32, GX_LEN_OTHER, "ties between the two"},
    {"pair_weight", GX_F64, GX_LEN_OTHER, "their weight together"},
    {"pair_member", GX_U32, GX_LEN_OTHER, "member of the circle with most of that weight"},
};

/* Sums by circle, and which circles have one. */
typedef struct sums {
    double *weight;
    uint32_t *ties, *touched;
    uint32_t count;
} sums;

typedef struct scratch {
    sums member, circle;
    double *best;          /* per circle: most weight of one member to it */
    uint32_t *best_member; /* who that is */
    gx__top_entry *entry;
} scratch;

typedef struct spanning {
    const gx_graph *graph;
    const float *weight;
    const uint32_t *community;
    uint32_t circles;
    uint32_t *at, *item; /* members by circle */
    double *score, *own; /* own: weight to the own circle; becomes z */
    uint32_t *cross, *other;
    uint64_t *row_at; /* circles + 1: where each circle's pairs begin */
    uint32_t *pair_circle, *pair_ties, *pair_member;
    double *pair_weight;
    scratch *scratch;
    int threads;
    gx_job *job;
} spanning;

/* ---- sums ------------------------------------------------------------------------------------ */

static void sums_add(sums *s, uint32_t circle, double weight, uint32_t ties) {
    if (s->ties[circle] == 0) {
        s->touched[s->count++] = circle;
    }
    s->ties[circle] += ties;
    s->weight[circle] += weight;
}

static void sums_clear(sums *s) {
    for (uint32_t i = 0; i < s->count; i++) {
        s->weight[s->touched[i]] = 0;
        s->ties[s->touched[i]] = 0;
    }
    s->count = 0;
}

static void sum_member(const spanning *s, uint32_t v, sums *out) {
    for (uint64_t i = s->graph->out_ptr[v]; i < s->graph->out_ptr[v + 1]; i++) {
        uint32_t u = s->graph->out_dst[i];
        if (u != v) {
            sums_add(out, s->community[u], s->weight ? (double)s->weight[i] : 1.0, 1);
        }
    }
}

/* ---- members --------------------------------------------------------------------------------- */

static void score_member(spanning *s, uint32_t v, sums *by) {
    const uint32_t own = s->community[v];
    double all = 0, squares = 0;
    sum_member(s, v, by);
    for (uint32_t i = 0; i < by->count; i++) {
        uint32_t c = by->touched[i];
        all += by->weight[c];
        s->cross[v] += c == own ? 0 : by->ties[c];
        s->other[v] += c != own;
    }
    for (uint32_t i = 0; all > 0 && i < by->count; i++) {
        double share = by->weight[by->touched[i]] / all;
        squares += share * share;
    }
    s->own[v] = by->weight[own];
    s->score[v] = all > 0 && squares < 1 ? 1 - squares : 0;
    sums_clear(by);
}

/* Weight within the circle to deviations; a circle all of whose members are equal has none. */
static void standardise(spanning *s, uint32_t circle) {
    uint32_t from = s->at[circle], to = s->at[circle + 1];
    double sum = 0, squares = 0;
    for (uint32_t i = from; i < to; i++) {
        sum += s->own[s->item[i]];
    }
    double mean = to > from ? sum / (to - from) : 0;
    for (uint32_t i = from; i < to; i++) {
        double gap = s->own[s->item[i]] - mean;
        squares += gap * gap;
    }
    double deviation = to > from ? sqrt(squares / (to - from)) : 0;
    bool equal = !(deviation > 1e-9 * mean);
    for (uint32_t i = from; i < to; i++) {
        double *z = &s->own[s->item[i]];
        *z = equal ? 0 : (*z - mean) / deviation;
    }
}

static void score_members(spanning *s) {
    const uint32_t n = s->graph->n;
#pragma omp parallel num_threads(s->threads) if (s -> threads > 1)
    {
        sums *by = &s->scratch[gx_thread()].member;
#pragma omp for schedule(dynamic, MEMBERS_CHUNK)
        for (uint32_t v = 0; v < n; v++) {
            if (v % MEMBERS_CHUNK || !gx_job_should_stop(s->job)) {
                score_member(s, v, by);
            }
        }
#pragma omp for schedule(dynamic, 1)
        for (uint32_t c = 0; c < s->circles; c++) {
            if (!gx_job_should_stop(s->job)) {
                standardise(s, c);
            }
        }
    }
}

/* ---- pairs ----------------------------------------------------------------------------------- */

/* What the ties of one circle come to, by circle; the circle's own is left out. */
static void sum_circle(const spanning *s, uint32_t circle, scratch *at) {
    sums *all = &at->circle, *by = &at->member;
    for (uint32_t k = s->at[circle]; k < s->at[circle + 1]; k++) {
        uint32_t v = s->item[k];
        if (s->other[v] == 0 || gx_job_should_stop(s->job)) {
            continue;
        }
        sum_member(s, v, by);
        for (uint32_t i = 0; i < by->count; i++) {
            uint32_t c = by->touched[i];
            if (c == circle) {
                continue;
            }
            if (all->ties[c] == 0 || by->weight[c] > at->best[c]) {
                at->best[c] = by->weight[c];
                at->best_member[c] = v;
            }
            sums_add(all, c, by->weight[c], by->ties[c]);
        }
        sums_clear(by);
    }
}

static void write_pairs(spanning *s, uint32_t circle, scratch *at) {
    const sums *all = &at->circle;
    gx__top top = {.entry = at->entry, .capacity = all->count};
    for (uint32_t i = 0; i < all->count; i++) {
        uint32_t c = all->touched[i];
        gx__top_offer(&top, all->weight[c], c, all->ties[c]);
    }
    gx__top_sort(&top);
    for (uint32_t i = 0; i < top.count; i++) {
        uint64_t to = s->row_at[circle] + i;
        s->pair_circle[to] = top.entry[i].id;
        s->pair_ties[to] = top.entry[i].count;
        s->pair_weight[to] = top.entry[i].score;
        s->pair_member[to] = at->best_member[top.entry[i].id];
    }
}

/* Counts each circle's pairs into row_at[circle + 1] or, when there is room for them, writes them.
 */
static void walk_circles(spanning *s, bool write) {
#pragma omp parallel num_threads(s->threads) if (s -> threads > 1)
    {
        scratch *at = &s->scratch[gx_thread()];
#pragma omp for schedule(dynamic, 1)
        for (uint32_t c = 0; c < s->circles; c++) {
            if (gx_job_should_stop(s->job)) {
                continue;
            }
            sum_circle(s, c, at);
            if (write && s->row_at[c + 1] - s->row_at[c] == at->circle.count) {
                write_pairs(s, c, at);
            } else if (!write) {
                s->row_at[c + 1] = at->circle.count;
            }
            sums_clear(&at->circle);
        }
    }
}

static gx_status give_pairs(spanning *s, gx_output *out, gx_error *err) {
    gx_status status;
    GX_TRY(gx_output_add(&s->row_at, out, "pair_ptr", GX_U64, (uint64_t)s->circles + 1, 0, err));
    walk_circles(s, false);
    GX_TRY(gx_job_check(s->job, err));
    for (uint32_t c = 0; c < s->circles; c++) {
        s->row_at[c + 1] += s->row_at[c];
    }
    const uint64_t pairs = s->row_at[s->circles];
    GX_TRY(gx_output_add(&s->pair_circle, out, "pair_circle", GX_U32, pairs, 0, err));
    GX_TRY(gx_output_add(&s->pair_ties, out, "pair_ties", GX_U32, pairs, 0, err));
    GX_TRY(gx_output_add(&s->pair_weight, out, "pair_weight", GX_F64, pairs, 0, err));
    GX_TRY(gx_output_add(&s->pair_member, out, "pair_member", GX_U32, pairs, 0, err));
    walk_circles(s, true);
    GX_TRY(gx_job_check(s->job, err));
done:
    return status;
}

/* ---- the pass -------------------------------------------------------------------------------- */

static gx_status sums_init(sums *s, uint32_t circles, gx_job *job, gx_error *err) {
    gx_status status;
    GX_TRY(gx_job_alloc(job, &s->weight, circles, sizeof *s->weight, err));
    GX_TRY(gx_job_alloc(job, &s->ties, circles, sizeof *s->ties, err));
    GX_TRY(gx_job_alloc(job, &s->touched, circles, sizeof *s->touched, err));
done:
    return status;
}

static void sums_finish(sums *s, gx_job *job) {
    gx_job_free(job, s->weight);
    gx_job_free(job, s->ties);
    gx_job_free(job, s->touched);
}

static gx_status init(spanning *s, gx_error *err) {
    const uint32_t n = s->graph->n;
    gx_job *job = s->job;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &s->at, (size_t)s->circles + 1, sizeof *s->at, err));
    GX_TRY(gx_job_alloc(job, &s->item, n, sizeof *s->item, err));
    gx_partition_group(s->at, s->item, s->community, s->circles, NULL, n);
    GX_TRY(gx_job_alloc(job, &s->scratch, (size_t)s->threads, sizeof *s->scratch, err));
    for (int t = 0; t < s->threads; t++) {
        scratch *at = &s->scratch[t];
        GX_TRY(sums_init(&at->member, s->circles, job, err));
        GX_TRY(sums_init(&at->circle, s->circles, job, err));
        GX_TRY(gx_job_alloc(job, &at->best, s->circles, sizeof *at->best, err));
        GX_TRY(gx_job_alloc(job, &at->best_member, s->circles, sizeof *at->best_member, err));
        GX_TRY(gx_job_alloc(job, &at->entry, s->circles, sizeof *at->entry, err));
    }
done:
    return status;
}

static void finish(spanning *s) {
    gx_job *job = s->job;
    for (int t = 0; s->scratch && t < s->threads; t++) {
        sums_finish(&s->scratch[t].member, job);
        sums_finish(&s->scratch[t].circle, job);
        gx_job_free(job, s->scratch[t].best);
        gx_job_free(job, s->scratch[t].best_member);
        gx_job_free(job, s->scratch[t].entry);
    }
    gx_job_free(job, s->scratch);
    gx_job_free(job, s->item);
    gx_job_free(job, s->at);
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    const gx_graph *graph = input->undirected;
    const uint32_t n = input->users;
    spanning s = {.graph = graph,
                  .weight = gx_arg_bool(args, "weighted") ? graph->out_weight : NULL,
                  .threads = graph->m + n > SMALL ? job->threads : 1,
                  .job = job};
    gx_status status;
    gx_job_stage(job, "spanners", 0);
    GX_TRY(gx_partition_circles(&s.community, &s.circles, input, err));
    GX_TRY(init(&s, err));
    GX_TRY(gx__scores_add(&s.score, out, input, err));
    GX_TRY(gx_output_add(&s.own, out, "z", GX_F64, n, 0, err));
    GX_TRY(gx_output_add(&s.cross, out, "cross", GX_U32, n, 0, err));
    GX_TRY(gx_output_add(&s.other, out, "circles", GX_U32, n, 0, err));
    score_members(&s);
    GX_TRY(gx_job_check(job, err));
    GX_TRY(give_pairs(&s, out, err));
done:
    finish(&s);
    return status;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)args;
    double m = input->undirected ? (double)input->undirected->m : 0, n = input->users;
    uint64_t pairs, circles = gx_partition_expected(&pairs, input);
    uint64_t used = n + m > SMALL ? (uint64_t)threads : 1;
    out->mem_bytes = 28 * (uint64_t)input->users + (60 * used + 12) * circles + 20 * pairs + 256;
    out->kept_bytes = 8 * circles + 20 * pairs;
    const gx__degrees degrees = gx__degrees_of(input->undirected, input->users);
    out->cpu_s = gx__ties_seconds(&degrees, 64, (gx__pace){0, 4, 61, 100}) + 1e-6;
}

static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)args;
    const double *score;
    gx_status status = gx__scores_check(&score, result, instance, input, err);
    const uint32_t *cross = gx_result_get(result, instance, "cross", GX_U32, input->users);
    const uint32_t *circles = gx_result_get(result, instance, "circles", GX_U32, input->users);
    const double *z = gx_result_get(result, instance, "z", GX_F64, input->users);
    if (status != GX_OK) {
        return status;
    }
    if (!cross || !circles || !z) {
        return gx_fail(err, GX_INTERNAL, "%s did not give cross, circles and z", instance);
    }
    for (uint32_t v = 0; v < input->users; v++) {
        if (!(score[v] < 1) || !isfinite(z[v]) || circles[v] > cross[v] ||
            (circles[v] == 0) != (cross[v] == 0)) {
            return gx_fail(err, GX_INTERNAL,
                           "%s: member %u has score %g, z %g, %u ties to %u other circles",
                           instance, v, score[v], z[v], cross[v], circles[v]);
        }
    }
    return GX_OK;
}

static const char *const arrays[] = {"leiden.community", NULL};

const gx_pass gx_pass_spanners = {
    .name = "spanners",
    .kind = GX_KIND_CENTRALITY,
    .summary =
        "how far a member's ties are spread over circles, and the pairs of circles they join",
    .paper = "Guimerà, Amaral, Functional cartography of complex metabolic networks, Nature 433 "
             "(2005), eq. 1 and 2",
    .complexity = "time O(n + m + pairs log pairs); 28 bytes a member, 60 a circle and thread",
    .needs = GX_NEED_UNDIRECTED,
    .arrays = arrays,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .member_arrays = (const char *const[]){"pair_member", NULL},
    .params = params,
    .param_count = GX_COUNT(params),
    .label_dependent = true, /* as the circles are */
    .estimate = estimate,
    .run = run,
    .check = check,
};
