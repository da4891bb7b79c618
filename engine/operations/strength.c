/* Tie strength (R18): how close two members are, from 0 to 1, and the strongest ties of each
 * member.
 *
 * Granovetter (1973) calls a tie strong by the time given to it, by reciprocity and by the friends
 * two people share. Each is a part between 0 and 1, and the strength their weighted mean:
 *
 *   weight       x / (1 + x), x = log2(1 + w / ŵ), ŵ the geometric mean of all weights: 1/2 for a
 * usual tie reciprocity  min(w_uv, w_vu) / max(w_uv, w_vu); 1 where ties have no direction common
 * neighbourhood overlap |N(u) ∩ N(v)| / (k_u + k_v − 2 − |N(u) ∩ N(v)|)   (Onnela et al. 2007,
 *                Structure and tie strengths in mobile communication networks, PNAS 104, eq. 1)
 *   purchases    cosine of the two members' rows of the matrix; off (0) by default
 *
 * All four are symmetric, so the strength is the same seen from either end; the list of one member
 * is cut at k, so that being in one list does not mean being in the other.
 *
 * Common neighbours are counted by walking the shorter of the two rows, against marks or by binary
 * search in the longer: time O(Σ_uv min(k_u, k_v) · log k), which is O(m · arboricity · log k). A
 * row longer than `sample` is walked in even strides and the count scaled up. Memory: 4 bytes a
 * member and 16 a tie of the largest member for each thread, 12 a tie kept. */
#include "engine/kernel/parallel.h"
#include "engine/kernel/scores.h"
#include "engine/kernel/top.h"

#include <math.h>

enum { MEMBERS_CHUNK = 64, WEIGHT_BLOCK = 1 << 16 };

static const gx_param params[] = {
    {.name = "k",
     .type = GX_PARAM_INT,
     .fallback = "200",
     .low = 1,
     .high = 1e6,
     .unit = "ties",
     .help = "the strongest so many of each member are kept"},
    {.name = "weight",
     .type = GX_PARAM_REAL,
     .fallback = "1",
     .low = 0,
     .high = 1e6,
     .help = "how much the tie's own weight counts"},
    {.name = "reciprocity",
     .type = GX_PARAM_REAL,
     .fallback = "1",
     .low = 0,
     .high = 1e6,
     .help = "how much it counts that both chose each other"},
    {.name = "common",
     .type = GX_PARAM_REAL,
     .fallback = "1",
     .low = 0,
     .high = 1e6,
     .help = "how much common neighbours count"},
    {.name = "purchases",
     .type = GX_PARAM_REAL,
     .fallback = "0",
     .low = 0,
     .high = 1e6,
     .help = "how much buying the same counts; needs events"},
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
};

typedef struct tie_parts {
    double weight, reciprocity, common, purchases;
} tie_parts;

typedef struct strengths {
    const gx_graph *graph, *undirected;
    const gx_matrix *matrix;
    tie_parts share;     /* how much each part counts; sums to 1 */
    double usual_weight; /* geometric mean */
    uint64_t sample;
    const double *norm; /* of each row of the matrix; NULL: not asked for */
} strengths;

/* ---- the parts ---------------------------------------------------------------------------------
 */

static uint64_t row_length(const gx_graph *graph, uint32_t v) {
    return graph->out_ptr[v + 1] - graph->out_ptr[v];
}

/* Where v is in the sorted span, or UINT64_MAX. */
static uint64_t find(const uint32_t *sorted, uint64_t from, uint64_t to, uint32_t v) {
    uint64_t low = from, high = to;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (sorted[middle] < v) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < to && sorted[low] == v ? low : UINT64_MAX;
}

/* Weight of the arc u → v, 0 where there is none. */
static double arc_weight(const gx_graph *graph, uint32_t u, uint32_t v) {
    uint64_t arc = find(graph->out_dst, graph->out_ptr[u], graph->out_ptr[u + 1], v);
    if (arc == UINT64_MAX) {
        return 0.0;
    }
    return graph->out_weight ? (double)graph->out_weight[arc] : 1.0;
}

static double weight_part(const strengths *s, double weight) {
    double x = log2(1.0 + weight / s->usual_weight);
    return isinf(x) ? 1.0 : x / (1.0 + x);
}

static double reciprocity_part(const strengths *s, uint32_t u, uint32_t v) {
    if (!s->graph->directed) {
        return 1.0;
    }
    double there = arc_weight(s->graph, u, v), back = arc_weight(s->graph, v, u);
    double larger = fmax(there, back);
    return larger > 0.0 ? fmin(there, back) / larger : 0.0;
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
        found += walk_v ? mark[x] == u + 1
                        : find(graph->out_dst, graph->out_ptr[other], graph->out_ptr[other + 1],
                               x) != UINT64_MAX;
    }
    return looked && stride > 1 ? (double)found * (double)(length - 1) / (double)looked
                                : (double)found;
}

static double common_part(const strengths *s, const uint32_t *mark, uint32_t u, uint32_t v) {
    double common = common_neighbours(s, mark, u, v);
    double around =
        (double)row_length(s->undirected, u) + (double)row_length(s->undirected, v) - 2.0 - common;
    return around > 0.0 ? fmin(common / around, 1.0) : 0.0;
}

static double value_at(const gx_matrix *matrix, uint64_t i) {
    return matrix->value ? (double)matrix->value[i] : 1.0;
}

static double purchases_part(const strengths *s, uint32_t u, uint32_t v) {
    const gx_matrix *m = s->matrix;
    uint64_t a = m->ptr[u], b = m->ptr[v];
    double dot = 0.0;
    while (a < m->ptr[u + 1] && b < m->ptr[v + 1]) {
        if (m->col[a] == m->col[b]) {
            dot += value_at(m, a++) * value_at(m, b++);
        } else if (m->col[a] < m->col[b]) {
            a++;
        } else {
            b++;
        }
    }
    double norms = s->norm[u] * s->norm[v];
    return dot > 0.0 && norms > 0.0 ? fmin(dot / norms, 1.0) : 0.0;
}

static double tie_strength(const strengths *s, const uint32_t *mark, uint32_t u, uint64_t arc) {
    const gx_graph *graph = s->undirected;
    const uint32_t v = graph->out_dst[arc];
    double strength =
        s->share.weight * weight_part(s, graph->out_weight ? (double)graph->out_weight[arc] : 1.0);
    strength += s->share.reciprocity * reciprocity_part(s, u, v);
    if (s->share.common > 0.0) {
        strength += s->share.common * common_part(s, mark, u, v);
    }
    if (s->norm) {
        strength += s->share.purchases * purchases_part(s, u, v);
    }
    return fmin(strength, 1.0);
}

/* ---- all members -------------------------------------------------------------------------------
 */

/* exp of the mean log of all weights above 0, in fixed blocks. */
static gx_status find_usual_weight(strengths *s, gx_job *job, gx_error *err) {
    const gx_graph *graph = s->undirected;
    s->usual_weight = 1.0;
    if (!graph->out_weight || graph->m == 0) {
        return GX_OK;
    }
    const uint64_t blocks = (graph->m + WEIGHT_BLOCK - 1) / WEIGHT_BLOCK;
    double *sum = NULL, *count = NULL, all = 0.0, positive = 0.0;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &sum, blocks, sizeof *sum, err));
    GX_TRY(gx_job_alloc(job, &count, blocks, sizeof *count, err));
#pragma omp parallel for num_threads(job->threads) schedule(static)
    for (uint64_t b = 0; b < blocks; b++) {
        uint64_t end = b + 1 < blocks ? (b + 1) * WEIGHT_BLOCK : graph->m;
        for (uint64_t i = b * WEIGHT_BLOCK; i < end; i++) {
            if (graph->out_weight[i] > 0.0f) {
                sum[b] += log((double)graph->out_weight[i]);
                count[b] += 1.0;
            }
        }
    }
    for (uint64_t b = 0; b < blocks; b++) {
        all += sum[b];
        positive += count[b];
    }
    s->usual_weight = positive > 0.0 ? exp(all / positive) : 1.0;
done:
    gx_job_free(job, count);
    gx_job_free(job, sum);
    return status;
}

static gx_status find_norms(double **out, const gx_matrix *matrix, gx_job *job, gx_error *err) {
    gx_status status = gx_job_alloc(job, out, matrix->rows, sizeof **out, err);
    for (uint32_t u = 0; status == GX_OK && u < matrix->rows; u++) {
        double sum = 0.0;
        for (uint64_t i = matrix->ptr[u]; i < matrix->ptr[u + 1]; i++) {
            sum += value_at(matrix, i) * value_at(matrix, i);
        }
        (*out)[u] = sqrt(sum);
    }
    return status;
}

/* The strongest ties of u, into its place in the output. */
static void rank_member(const strengths *s, uint32_t u, uint32_t *mark, gx__top *top,
                        const uint64_t *ptr, uint32_t *dst, float *weight) {
    const gx_graph *graph = s->undirected;
    top->count = 0;
    top->capacity = (uint32_t)(ptr[u + 1] - ptr[u]);
    for (uint64_t arc = graph->out_ptr[u]; arc < graph->out_ptr[u + 1]; arc++) {
        mark[graph->out_dst[arc]] = u + 1;
    }
    for (uint64_t arc = graph->out_ptr[u]; arc < graph->out_ptr[u + 1]; arc++) {
        if (graph->out_dst[arc] != u) {
            gx__top_offer(top, tie_strength(s, mark, u, arc), graph->out_dst[arc], 0);
        }
    }
    gx__top_sort(top);
    for (uint32_t i = 0; i < top->count; i++) {
        dst[ptr[u] + i] = top->entry[i].id;
        weight[ptr[u] + i] = (float)top->entry[i].score;
    }
}

typedef struct worker {
    uint32_t *mark;
    gx__top top;
} worker;

static gx_status rank_all(const strengths *s, uint32_t k, const uint64_t *ptr, uint32_t *dst,
                          float *weight, gx_job *job, gx_error *err) {
    const uint32_t n = s->undirected->n;
    worker *workers = NULL;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &workers, (size_t)job->threads, sizeof *workers, err));
    for (int t = 0; t < job->threads; t++) {
        GX_TRY(gx_job_alloc(job, &workers[t].mark, n, sizeof(uint32_t), err));
        GX_TRY(gx_job_alloc(job, &workers[t].top.entry, k < n ? k : n, sizeof(gx__top_entry), err));
    }
#pragma omp parallel num_threads(job->threads)
    {
        worker *own = &workers[gx_thread()];
#pragma omp for schedule(dynamic, MEMBERS_CHUNK)
        for (uint32_t u = 0; u < n; u++) {
            if (!gx_job_should_stop(job)) {
                rank_member(s, u, own->mark, &own->top, ptr, dst, weight);
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

/* ---- the pass ----------------------------------------------------------------------------------
 */

static gx_status read_shares(tie_parts *out, const gx_args *args, gx_error *err) {
    tie_parts p = {gx_arg_real(args, "weight"), gx_arg_real(args, "reciprocity"),
                   gx_arg_real(args, "common"), gx_arg_real(args, "purchases")};
    double sum = p.weight + p.reciprocity + p.common + p.purchases;
    if (sum <= 0.0) {
        return gx_fail_at(err, GX_BAD_REQUEST, "weight",
                          "weight, reciprocity, common and purchases are all 0; one must count");
    }
    *out = (tie_parts){p.weight / sum, p.reciprocity / sum, p.common / sum, p.purchases / sum};
    return GX_OK;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    const gx_graph *graph = input->undirected;
    strengths s = {.graph = input->graph,
                   .undirected = graph,
                   .matrix = input->matrix,
                   .sample = (uint64_t)gx_arg_int(args, "sample")};
    const uint64_t k = (uint64_t)gx_arg_int(args, "k");
    uint64_t *ptr;
    uint32_t *dst;
    float *weight;
    double *norm = NULL;
    gx_status status;
    GX_TRY(read_shares(&s.share, args, err));
    if (s.share.purchases > 0.0 && !input->matrix) {
        GX_TRY(gx_fail_at(err, GX_BAD_REQUEST, "purchases",
                          "purchases is above 0, but there are no events to count"));
    }
    if (s.share.purchases > 0.0) {
        GX_TRY(find_norms(&norm, input->matrix, job, err));
        s.norm = norm;
    }
    GX_TRY(find_usual_weight(&s, job, err));
    GX_TRY(gx_output_add(&ptr, out, "ptr", GX_U64, (uint64_t)graph->n + 1, 0, err));
    for (uint32_t u = 0; u < graph->n; u++) {
        uint64_t own = row_length(graph, u);
        own -= find(graph->out_dst, graph->out_ptr[u], graph->out_ptr[u + 1], u) != UINT64_MAX;
        ptr[u + 1] = ptr[u] + (own < k ? own : k);
    }
    GX_TRY(gx_output_add(&dst, out, "dst", GX_U32, ptr[graph->n], 0, err));
    GX_TRY(gx_output_add(&weight, out, "weight", GX_F32, ptr[graph->n], 0, err));
    gx_job_stage(job, "strength", 0);
    GX_TRY(rank_all(&s, (uint32_t)k, ptr, dst, weight, job, err));
done:
    gx_job_free(job, norm);
    return status;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    const uint64_t n = input->undirected->n, m = input->undirected->m;
    const uint64_t k = (uint64_t)gx_arg_int(args, "k"), kept = n * k < m ? n * k : m;
    out->mem_bytes = 8 * n + 8 * kept + (uint64_t)threads * (4 * n + 16 * (k < n ? k : n));
    out->cpu_s = 4e-7 * (double)m;
}

static gx_status check_row(const gx_graph *graph, uint32_t u, const uint64_t *ptr,
                           const uint32_t *dst, const float *weight, gx_error *err) {
    for (uint64_t i = ptr[u]; i < ptr[u + 1]; i++) {
        if (find(graph->out_dst, graph->out_ptr[u], graph->out_ptr[u + 1], dst[i]) == UINT64_MAX) {
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
    .complexity = "time O(sum over ties of the smaller degree, times log); memory 8 n + 8 m bytes",
    .needs = GX_NEED_GRAPH | GX_NEED_UNDIRECTED,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .label_dependent = true,
    .estimate = estimate,
    .run = run,
    .check = check,
};
