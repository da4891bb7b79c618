/* Tie strength (R18): how close two members are, from 0 to 1, and the strongest ties of each
 * member.
 *
 * Granovetter (1973) calls a tie strong by the time given to it, by reciprocity and by the friends
 * two people share. Six parts between 0 and 1 say as much of it as a shop can know (tie_parts.h has
 * the formulas), and the strength is their weighted mean:
 *
 *   weight       of the tie, with its kind, against the usual one
 *   recency      halves with every `half_life` since the two were last tied, from the newest tie on
 *   reciprocity  the smaller of the weights there and back, over the larger; 1 without direction
 *   groups       those both are in, a small one counting more
 *   common       overlap of the two neighbourhoods (Onnela et al. 2007)
 *   purchases    cosine of the two members' rows of the matrix
 *
 * A part of which nothing is known in the whole store (no times, groups or events) does not count,
 * and the others take its share. All parts are symmetric, so the strength is the same seen from
 * either end; the list of one member is cut at k, so that being in one list does not mean being in
 * the other.
 *
 * Common neighbours are counted by walking the shorter of the two rows, against marks or by binary
 * search in the longer: time O(Σ_uv min(k_u, k_v) · log k), which is O(m · arboricity · log k). A
 * row longer than `sample` is walked in even strides and the count scaled up. Purchases and groups
 * merge the two rows. Memory: 4 bytes a member and 16 a tie of the largest member for each thread,
 * 8 a member for norms, 8 a group, 8 a tie kept. */
#include "engine/kernel/degrees.h"
#include "engine/kernel/neighbours.h"
#include "engine/kernel/parallel.h"
#include "engine/kernel/top.h"
#include "engine/operations/tie_parts.h"

#include <math.h>

/* A few ms each at the most. */
enum { MEMBERS_CHUNK = 64, TIES_A_LOOK = 256, CHECK_ROWS = 1 << 12, CHECK_CELLS = 1 << 20 };

static const gx_param params[] = {
    {.name = "k",
     .type = GX_PARAM_INT,
     .fallback = "200",
     .low = 1,
     .high = 1e6,
     .unit = "ties",
     .help = "the strongest so many of each member are kept"},
#define X(id, parameter, by_default, says)                                                         \
    {.name = parameter,                                                                            \
     .type = GX_PARAM_REAL,                                                                        \
     .fallback = by_default,                                                                       \
     .low = 0,                                                                                     \
     .high = 1e6,                                                                                  \
     .help = "how much it counts: " says},
    GX_TIE_PART_MAP(X)
#undef X
        {.name = "half_life",
         .type = GX_PARAM_DURATION,
         .fallback = "365d",
         .low = 1,
         .high = 1e13,
         .unit = "ms",
         .help = "after so long the recency of a tie is a half"},
    {.name = "sample",
     .type = GX_PARAM_INT,
     .fallback = "2000",
     .low = 16,
     .high = 1e9,
     .unit = "members",
     .help = "common neighbours of larger rows are estimated from so many"},
};

static const gx_gives gives[] = {
    {"ptr", GX_U64, GX_LEN_OTHER, "start of each member's ties, members + 1"},
    {"dst", GX_U32, GX_LEN_OTHER, "who, strongest first"},
    {"weight", GX_F32, GX_LEN_OTHER, "strength, 0 to 1"},
    {"degree", GX_U32, GX_LEN_USERS, "to how many a member is tied, also those that were cut"},
    {"share", GX_F64, GX_LEN_OTHER,
     "how much each part counted, sum 1; in the order of the parameters"},
    {"scale", GX_F64, GX_LEN_OTHER, "usual weight; newest tie and half-life, ms"},
};

typedef struct strengths {
    const gx_graph *graph, *undirected;
    const gx_matrix *matrix, *times, *groups; /* NULL: nothing is known */
    double share[GX_TIE_PART_COUNT];
    double usual_weight, half_life_ms;
    int64_t now_ms;
    uint64_t sample;
    double *norm;         /* of each row of the matrix */
    double *group_weight; /* of each group */
    uint32_t k;           /* ties of a member that are kept */
    uint64_t *ptr;        /* the output */
    uint32_t *dst;
    float *weight;
    gx_job *job;
} strengths;

/* ---- the parts ----------------------------------------------------------------------------- */

static uint64_t row_length(const gx_graph *graph, uint32_t v) {
    return graph->out_ptr[v + 1] - graph->out_ptr[v];
}

static bool has_arc(const gx_graph *graph, uint32_t u, uint32_t v) {
    const uint64_t end = graph->out_ptr[u + 1];
    return gx__row_find(graph->out_dst, graph->out_ptr[u], end, v) < end;
}

/* Weight of the arc u → v, 0 where there is none. */
static double arc_weight(const gx_graph *graph, uint32_t u, uint32_t v) {
    const gx__rows_view rows = gx__rows_out(graph);
    const uint64_t end = rows.ptr[u + 1], arc = gx__row_find(rows.end, rows.ptr[u], end, v);
    return arc < end ? gx__row_weight(&rows, arc) : 0.0;
}

static double recency_part(const strengths *s, uint32_t u, uint32_t v) {
    uint64_t at = gx_matrix_find(s->times, u, v);
    return at == UINT64_MAX ? GX_TIE_RECENCY_UNKNOWN
                            : gx_tie_recency_part(s->times->ts[at], s->now_ms, s->half_life_ms);
}

static double reciprocity_part(const strengths *s, uint32_t u, uint32_t v) {
    return s->graph->directed
               ? gx_tie_reciprocity_part(arc_weight(s->graph, u, v), arc_weight(s->graph, v, u))
               : 1.0;
}

/* |N(u) ∩ N(v)|, where mark[x] == u + 1 for all x of N(u). The shorter row, or the lower number's
 * of two as long, is walked, so that both ends count the same. */
static double common_neighbours(const strengths *s, const uint32_t *mark, uint32_t u, uint32_t v) {
    const gx_graph *graph = s->undirected;
    const uint64_t ku = row_length(graph, u), kv = row_length(graph, v);
    const bool walk_v = kv < ku || (kv == ku && v < u);
    const uint32_t walked = walk_v ? v : u, other = walk_v ? u : v;
    const uint64_t length = walk_v ? kv : ku;
    const uint64_t stride = length > s->sample ? (length + s->sample - 1) / s->sample : 1;
    uint64_t found = 0, looked = 0;
    for (uint64_t i = graph->out_ptr[walked]; i < graph->out_ptr[walked + 1]; i += stride) {
        uint32_t x = graph->out_dst[i];
        if (x == u || x == v) {
            continue;
        }
        looked++;
        found += walk_v ? mark[x] == u + 1 : has_arc(graph, other, x);
    }
    return looked && stride > 1 ? (double)found * (double)(length - 1) / (double)looked
                                : (double)found;
}

static double purchases_part(const strengths *s, uint32_t u, uint32_t v) {
    return gx_tie_purchases_part(gx_tie_dot(s->matrix, u, v), s->norm[u], s->norm[v]);
}

static double groups_part(const strengths *s, uint32_t u, uint32_t v) {
    const gx_matrix *m = s->groups;
    uint64_t a = m->ptr[u], b = m->ptr[v];
    double sum = 0.0;
    for (; gx_tie_next_shared(m, &a, &b, m->ptr[u + 1], m->ptr[v + 1]); a++, b++) {
        sum += s->group_weight[m->col[a]];
    }
    return gx_tie_groups_part(sum);
}

/* Parts that do not count are not looked at. */
static double tie_strength(const strengths *s, const uint32_t *mark, uint32_t u, uint64_t arc) {
    const gx_graph *graph = s->undirected;
    const gx__rows_view rows = gx__rows_out(graph);
    const uint32_t v = graph->out_dst[arc];
    double part[GX_TIE_PART_COUNT] = {0};
    part[GX_TIE_WEIGHT] = gx_tie_weight_part(gx__row_weight(&rows, arc), s->usual_weight);
    part[GX_TIE_RECIPROCITY] = reciprocity_part(s, u, v);
    if (s->share[GX_TIE_RECENCY] > 0.0) {
        part[GX_TIE_RECENCY] = recency_part(s, u, v);
    }
    if (s->share[GX_TIE_GROUPS] > 0.0) {
        part[GX_TIE_GROUPS] = groups_part(s, u, v);
    }
    if (s->share[GX_TIE_COMMON] > 0.0) {
        part[GX_TIE_COMMON] = gx_tie_common_part(common_neighbours(s, mark, u, v),
                                                 row_length(graph, u), row_length(graph, v));
    }
    if (s->share[GX_TIE_PURCHASES] > 0.0) {
        part[GX_TIE_PURCHASES] = purchases_part(s, u, v);
    }
    return gx_tie_strength(s->share, part);
}

/* ---- all members --------------------------------------------------------------------------- */

static gx_status find_norms(strengths *s, gx_error *err) {
    const gx_matrix *matrix = s->matrix;
    gx_status status = gx_job_alloc(s->job, &s->norm, matrix->rows, sizeof *s->norm, err);
    for (uint32_t u = 0; status == GX_OK && u < matrix->rows; u++) {
        s->norm[u] = gx_tie_norm(matrix, u);
        status = u % CHECK_ROWS == 0 ? gx_job_check(s->job, err) : GX_OK;
    }
    return status;
}

static gx_status weigh_groups(strengths *s, gx_error *err) {
    const gx_matrix *groups = s->groups;
    gx_status status = gx_job_alloc(s->job, &s->group_weight, groups->cols, sizeof(double), err);
    for (uint64_t i = 0; status == GX_OK && i < groups->nnz; i++) {
        s->group_weight[groups->col[i]] += 1.0;
        status = i % CHECK_CELLS == 0 ? gx_job_check(s->job, err) : GX_OK;
    }
    for (uint32_t g = 0; status == GX_OK && g < groups->cols; g++) {
        s->group_weight[g] = gx_tie_group_weight((uint64_t)s->group_weight[g]);
    }
    return status;
}

static gx_status prepare(strengths *s, gx_error *err) {
    gx_status status = gx_tie_usual_weight(&s->usual_weight, s->undirected, s->job, err);
    s->now_ms = INT64_MIN;
    for (uint64_t i = 0; status == GX_OK && s->times && i < s->times->nnz; i++) {
        s->now_ms = s->times->ts[i] > s->now_ms ? s->times->ts[i] : s->now_ms;
        status = i % CHECK_CELLS == 0 ? gx_job_check(s->job, err) : GX_OK;
    }
    if (status == GX_OK && s->share[GX_TIE_PURCHASES] > 0.0) {
        status = find_norms(s, err);
    }
    if (status == GX_OK && s->share[GX_TIE_GROUPS] > 0.0) {
        status = weigh_groups(s, err);
    }
    return status;
}

typedef struct worker {
    uint32_t *mark;
    gx__top top;
} worker;

/* The strongest ties of u, into its place in the output. */
static void rank_member(const strengths *s, uint32_t u, worker *own) {
    const gx_graph *graph = s->undirected;
    const uint64_t first = s->ptr[u];
    gx__top *top = &own->top;
    top->count = 0;
    top->capacity = (uint32_t)(s->ptr[u + 1] - first);
    for (uint64_t arc = graph->out_ptr[u]; arc < graph->out_ptr[u + 1]; arc++) {
        own->mark[graph->out_dst[arc]] = u + 1;
    }
    for (uint64_t arc = graph->out_ptr[u]; arc < graph->out_ptr[u + 1]; arc++) {
        if (arc % TIES_A_LOOK == 0 && gx_job_should_stop(s->job)) {
            return;
        }
        if (graph->out_dst[arc] != u) {
            gx__top_offer(top, tie_strength(s, own->mark, u, arc), graph->out_dst[arc], 0);
        }
    }
    gx__top_sort(top);
    for (uint32_t i = 0; i < top->count; i++) {
        s->dst[first + i] = top->entry[i].id;
        s->weight[first + i] = (float)top->entry[i].score;
    }
}

static gx_status rank_all(const strengths *s, gx_error *err) {
    const uint32_t n = s->undirected->n, most = s->k < n ? s->k : n;
    gx_job *job = s->job;
    worker *workers = NULL;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &workers, (size_t)job->threads, sizeof *workers, err));
    for (int t = 0; t < job->threads; t++) {
        GX_TRY(gx_job_alloc(job, &workers[t].mark, n, sizeof(uint32_t), err));
        GX_TRY(gx_job_alloc(job, &workers[t].top.entry, most, sizeof(gx__top_entry), err));
    }
#pragma omp parallel num_threads(job->threads)
    {
        worker *own = &workers[gx_thread()];
#pragma omp for schedule(dynamic, MEMBERS_CHUNK)
        for (uint32_t u = 0; u < n; u++) {
            if (!gx_job_should_stop(job)) {
                rank_member(s, u, own);
            }
        }
    }
    status = gx_job_check(job, err);
done:
    for (int t = 0; workers && t < job->threads; t++) {
        gx_job_free(job, workers[t].mark);
        gx_job_free(job, workers[t].top.entry);
    }
    gx_job_free(job, workers);
    return status;
}

/* ---- the pass ------------------------------------------------------------------------------ */

static const gx_matrix *known(const gx_matrix *matrix) {
    return matrix && matrix->nnz > 0 ? matrix : NULL;
}

/* A part that nothing is known of gives its share to the others; where only such parts were asked
 * for, every strength is 0. */
static gx_status read_shares(strengths *s, const gx_args *args, gx_error *err) {
    double *share = s->share;
    double sum = 0.0;
    for (int p = 0; p < GX_TIE_PART_COUNT; p++) {
        share[p] = gx_arg_real(args, gx_tie_part_name((gx_tie_part)p));
        sum += share[p];
    }
    if (!(sum > 0.0)) {
        return gx_fail_at(
            err, GX_BAD_REQUEST, "weight",
            "weight, recency, reciprocity, groups, common and purchases are all 0; one "
            "must count");
    }
    share[GX_TIE_RECENCY] = s->times ? share[GX_TIE_RECENCY] : 0.0;
    share[GX_TIE_GROUPS] = s->groups ? share[GX_TIE_GROUPS] : 0.0;
    share[GX_TIE_PURCHASES] = s->matrix ? share[GX_TIE_PURCHASES] : 0.0;
    (void)gx_tie_shares(share);
    return GX_OK;
}

/* Rows of k at most, without self-loops. */
static gx_status add_rows(strengths *s, gx_output *out, gx_error *err) {
    const gx__rows_view rows = gx__rows_out(s->undirected);
    const uint32_t n = s->undirected->n;
    uint32_t *degree;
    gx_status status;
    GX_TRY(gx_output_add(&s->ptr, out, "ptr", GX_U64, (uint64_t)n + 1, 0, err));
    GX_TRY(gx_output_add(&degree, out, "degree", GX_U32, n, 0, err));
    gx__others_all(degree, &rows, n, s->job);
    GX_TRY(gx_job_check(s->job, err));
    for (uint32_t u = 0; u < n; u++) {
        s->ptr[u + 1] = s->ptr[u] + (degree[u] < s->k ? degree[u] : s->k);
    }
    GX_TRY(gx_output_add(&s->dst, out, "dst", GX_U32, s->ptr[n], 0, err));
    GX_TRY(gx_output_add(&s->weight, out, "weight", GX_F32, s->ptr[n], 0, err));
done:
    return status;
}

static gx_status add_recipe(gx_output *out, const strengths *s, gx_error *err) {
    double *share, *scale;
    gx_status status;
    GX_TRY(gx_output_add(&share, out, "share", GX_F64, GX_TIE_PART_COUNT, 0, err));
    GX_TRY(gx_output_add(&scale, out, "scale", GX_F64, GX_TIE_SCALES, 0, err));
    memcpy(share, s->share, sizeof s->share);
    scale[GX_TIE_SCALE_WEIGHT] = s->usual_weight;
    scale[GX_TIE_SCALE_NOW] = (double)s->now_ms;
    scale[GX_TIE_SCALE_HALF_LIFE] = s->half_life_ms;
done:
    return status;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    strengths s = {.graph = input->graph,
                   .undirected = input->undirected,
                   .matrix = known(input->matrix),
                   .times = known(input->times),
                   .groups = known(input->groups),
                   .half_life_ms = (double)gx_arg_int(args, "half_life"),
                   .sample = (uint64_t)gx_arg_int(args, "sample"),
                   .k = (uint32_t)gx_arg_int(args, "k"),
                   .job = job};
    gx_status status;
    GX_TRY(read_shares(&s, args, err));
    GX_TRY(prepare(&s, err));
    GX_TRY(add_rows(&s, out, err));
    GX_TRY(add_recipe(out, &s, err));
    gx_job_stage(job, "strength", 0);
    GX_TRY(rank_all(&s, err));
done:
    gx_job_free(job, s.norm);
    gx_job_free(job, s.group_weight);
    return status;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    const uint64_t n = input->users, m = input->undirected ? input->undirected->m : 0;
    const uint64_t k = (uint64_t)gx_arg_int(args, "k"), kept = n * k < m ? n * k : m;
    out->mem_bytes = 12 * n + 8 * kept +
                     (uint64_t)threads * (sizeof(worker) + 4 * n + 16 * (k < n ? k : n)) + 256;
    out->kept_bytes = 8 * n + 8 * kept;
    out->mem_bytes += input->matrix && gx_arg_real(args, "purchases") > 0 ? 8 * n : 0;
    out->mem_bytes += input->groups ? 8 * (uint64_t)input->groups->cols : 0;
    gx__degrees degrees = gx__degrees_of(input->undirected, input->users);
    out->cpu_s = gx__reads_seconds(&degrees, degrees.square, 24, (gx__pace){0, 4.6, 4.2, 10}) +
                 2e-7 * degrees.arcs + 1e-6;
}

static gx_status check_row(const gx_graph *graph, uint32_t u, const uint64_t *ptr,
                           const uint32_t *dst, const float *weight, gx_error *err) {
    for (uint64_t i = ptr[u]; i < ptr[u + 1]; i++) {
        if (!has_arc(graph, u, dst[i])) {
            return gx_fail(err, GX_INTERNAL, "member %u has no tie with %u, yet its strength", u,
                           dst[i]);
        }
        if (!(weight[i] >= 0.0f && weight[i] <= 1.0f)) {
            return gx_fail(err, GX_INTERNAL, "strength of %u and %u is %g, not in 0 … 1", u, dst[i],
                           (double)weight[i]);
        }
        if (i > ptr[u] && weight[i] > weight[i - 1]) {
            return gx_fail(err, GX_INTERNAL, "ties of member %u are not strongest first", u);
        }
    }
    return GX_OK;
}

static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)args;
    const gx_graph *graph = input->undirected;
    const uint64_t *ptr = gx_result_get(result, instance, "ptr", GX_U64, (uint64_t)graph->n + 1);
    const uint64_t ties = ptr ? ptr[graph->n] : 0;
    const uint32_t *dst = gx_result_get(result, instance, "dst", GX_U32, ties);
    const float *weight = gx_result_get(result, instance, "weight", GX_F32, ties);
    if (!ptr || !dst || !weight) {
        return gx_fail(err, GX_INTERNAL, "rows of strength do not fit %u members", graph->n);
    }
    for (uint32_t u = 0; u < graph->n; u++) {
        gx_status status = check_row(graph, u, ptr, dst, weight, err);
        if (status != GX_OK) {
            return status;
        }
    }
    return GX_OK;
}

const gx_pass gx_pass_strength = {
    .name = "strength",
    .kind = GX_KIND_TIE,
    .summary = "how close two members are, and the strongest ties of each",
    .paper = "Granovetter, The strength of weak ties (1973); overlap: Onnela et al., PNAS 104 "
             "(2007), eq. 1",
    .complexity = "time O(sum over ties of the smaller degree, times log, "
                  "and of rows of events); memory 12 n + 8 m bytes",
    .needs = GX_NEED_GRAPH | GX_NEED_UNDIRECTED,
    .wants = GX_NEED_MATRIX | GX_NEED_TIMES | GX_NEED_GROUPS,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .member_arrays = (const char *const[]){"dst", NULL},
    .params = params,
    .param_count = GX_COUNT(params),
    .label_dependent = true,
    .estimate = estimate,
    .run = run,
    .check = check,
};
