/* PageRank: the share of time a walker spends at each member who follows ties by their weight, and
 * with probability 1 − damping, or where no tie leads on, starts again from the teleport
 * distribution:
 *
 *     x = d · (Aᵀ D⁻¹ x + t · Σ x over dangling) + (1 − d) · t         (Page et al. 1999; Langville
 * and Meyer 2004, equation 5.1)
 *
 * t is uniform, or the members given, or an array of weights. Solved by power iteration, which
 * pulls over in-arcs. A step shrinks the L1 error by at least d, so the error after a step of
 * length s is at most s · d / (1 − d): iteration stops when that bound is within the tolerance, and
 * the bound is given.
 *
 * Time O(n + m) a step; the number of steps is at most log(tolerance) / log(d), and far lower on
 * graphs that mix well. A step reads 4 bytes an arc in order (8 with weights) and gathers one
 * double an arc, so it is bound by the latency of the cache that holds 8 bytes a member, and by
 * memory beyond that. Memory: 32 bytes a member. Sums are double and in fixed blocks of members:
 * the same bytes at any thread count.
 */
#include "engine/kernel/scores.h"

#include <math.h>

enum { BLOCK = 1024, SMALL = 1 << 14 };

static const gx_param params[] = {
    {.name = "damping",
     .type = GX_PARAM_REAL,
     .fallback = "0.85",
     .low = 0,
     .high = 0.999,
     .help = "probability of following a tie instead of starting again"},
    {.name = "tolerance",
     .type = GX_PARAM_REAL,
     .fallback = "1e-9",
     .low = 1e-13,
     .high = 1,
     .help = "stop when the error of all scores together is at most this"},
    {.name = "max_iterations",
     .type = GX_PARAM_INT,
     .fallback = "10000",
     .low = 1,
     .high = 1e6,
     .help = "stop here at the latest; the bound given says how far it came"},
    {.name = "weighted",
     .type = GX_PARAM_BOOL,
     .fallback = "true",
     GX_PARAM_UNCHECKED,
     .help = "follow ties in proportion to their weights"},
    {.name = "members",
     .type = GX_PARAM_LIST,
     .low = 0,
     .high = 65536,
     .unit = "members",
     .flags = GX_PARAM_MEMBERS,
     .help = "personalised: start again only from these members, by id"},
    {.name = "teleport",
     .type = GX_PARAM_TEXT,
     .low = 1,
     .help = "personalised: name of an f64 array of every member's weight as a start"},
};

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS, "share of the walker's time; they sum to 1"},
    {"bound", GX_F64, GX_LEN_OTHER, "one number: the error of all scores together is at most this"},
};

typedef struct partial {
    double step, dangling;
} partial;

typedef struct walk {
    uint32_t n, blocks;
    gx__rows_view in;
    double damping;
    double *score;    /* the output */
    double *share[2]; /* score / weight of out-arcs: what one unit of weight carries; old and new */
    double *inverse;  /* 1 / weight of out-arcs, 0 where there are none */
    double *start;    /* teleport distribution; NULL: uniform */
    partial *partial; /* of each block */
    double dangling;  /* score of members that lead nowhere, last step */
    int threads;
} walk;

/* ---- the walk ----------------------------------------------------------------------------- */

static double start_of(const walk *w, uint32_t v) {
    return w->start ? w->start[v] : 1.0 / w->n;
}

/* What flows into v. Two running sums, since one would wait for itself at every addition. */
static double pull(const walk *w, const double *share, uint32_t v) {
    const uint32_t *src = w->in.end;
    const float *weight = w->in.weight;
    uint64_t i = w->in.ptr[v], end = w->in.ptr[v + 1];
    double even = 0, odd = 0;
    if (weight) {
        for (; i + 1 < end; i += 2) {
            even += (double)weight[i] * share[src[i]];
            odd += (double)weight[i + 1] * share[src[i + 1]];
        }
        return even + odd + (i < end ? (double)weight[i] * share[src[i]] : 0);
    }
    for (; i + 1 < end; i += 2) {
        even += share[src[i]];
        odd += share[src[i + 1]];
    }
    return even + odd + (i < end ? share[src[i]] : 0);
}

static void step_block(walk *w, uint32_t block, const double *share, double *fresh, double refill) {
    partial sum = {0, 0};
    uint32_t end = block + 1 < w->blocks ? (block + 1) * BLOCK : w->n;
    for (uint32_t v = block * BLOCK; v < end; v++) {
        double score = w->damping * pull(w, share, v) + refill * start_of(w, v);
        sum.step += fabs(score - w->score[v]);
        sum.dangling += w->inverse[v] > 0 ? 0 : score;
        w->score[v] = score;
        fresh[v] = score * w->inverse[v];
    }
    w->partial[block] = sum;
}

/* One step; returns its length. */
static double step(walk *w, gx_job *job) {
    const double *share = w->share[0];
    double *fresh = w->share[1];
    double refill = 1 - w->damping + w->damping * w->dangling;
#pragma omp parallel for num_threads(w->threads) schedule(dynamic, 4) if (w->threads > 1)
    for (uint32_t b = 0; b < w->blocks; b++) {
        if (!gx_job_should_stop(job)) {
            step_block(w, b, share, fresh, refill);
        }
    }
    double length = 0;
    w->dangling = 0;
    for (uint32_t b = 0; b < w->blocks; b++) {
        length += w->partial[b].step;
        w->dangling += w->partial[b].dangling;
    }
    w->share[1] = w->share[0];
    w->share[0] = fresh;
    return length;
}

/* ---- before it ----------------------------------------------------------------------------- */

static gx_status parse_members(walk *w, const gx_value *list, gx_error *err) {
    for (uint32_t i = 0; i < list->size; i++) {
        const gx_value *item = &list->as.items[i];
        int64_t v;
        if (!gx_parse_int((gx_slice){item->as.text, item->size}, &v) || v < 0 || v >= w->n) {
            char quoted[60];
            return gx_fail_at(err, GX_BAD_REQUEST, "members",
                              "members holds %s; accepted are the numbers of members, below %u",
                              gx_quote(quoted, sizeof quoted, item->as.text, item->size), w->n);
        }
        w->start[v] += 1;
    }
    return GX_OK;
}

static gx_status copy_teleport(walk *w, const gx_input *input, gx_slice name, gx_error *err) {
    char text[128], quoted[140];
    const double *given = NULL;
    if (input->arrays && name.size < sizeof text) {
        memcpy(text, name.data, name.size);
        text[name.size] = '\0';
        given = gx_arrays_get(input->arrays, text, GX_F64, w->n);
    }
    if (!given) {
        return gx_fail_at(err, GX_BAD_REQUEST, "teleport", "there is no f64 array %s of %u members",
                          gx_quote(quoted, sizeof quoted, name.data, name.size), w->n);
    }
    for (uint32_t v = 0; v < w->n; v++) {
        if (!(given[v] >= 0) || isinf(given[v])) {
            return gx_fail_at(err, GX_BAD_REQUEST, "teleport",
                              "%s of member %u is %g; it must be finite and 0 or more", text, v,
                              given[v]);
        }
        w->start[v] += given[v];
    }
    return GX_OK;
}

/* The teleport distribution of members and array together, each member given counting 1. */
static gx_status prepare_start(walk *w, const gx_input *input, const gx_args *args, gx_job *job,
                               gx_error *err) {
    gx_status status = GX_OK;
    const gx_value *members = gx_arg_value(args, "members");
    gx_slice array = gx_arg_text(args, "teleport");
    bool has_members = gx_arg_has(args, "members") && members->size > 0;
    if (!has_members && array.size == 0) {
        return GX_OK;
    }
    GX_TRY(gx_job_alloc(job, &w->start, w->n, sizeof *w->start, err));
    if (has_members) {
        GX_TRY(parse_members(w, members, err));
    }
    if (array.size > 0) {
        GX_TRY(copy_teleport(w, input, array, err));
    }
    double largest = 0, sum = 0;
    for (uint32_t v = 0; v < w->n; v++) {
        largest = fmax(largest, w->start[v]);
    }
    if (largest <= 0) {
        GX_TRY(gx_fail_at(err, GX_BAD_REQUEST, "teleport",
                          "every weight is 0; at least one must be more"));
    }
    for (uint32_t v = 0; v < w->n; v++) {
        w->start[v] /= largest; /* so that the sum stays finite */
        sum += w->start[v];
    }
    for (uint32_t v = 0; v < w->n; v++) {
        w->start[v] /= sum;
    }
done:
    return status;
}

/* Starts at t, and finds out what each member's out-arcs weigh. */
static void prepare_walk(walk *w, const gx_graph *graph, bool weighted) {
    const float *weight = weighted ? graph->out_weight : NULL;
#pragma omp parallel for num_threads(w->threads) schedule(dynamic, BLOCK) if (w->threads > 1)
    for (uint32_t v = 0; v < w->n; v++) {
        uint64_t first = graph->out_ptr[v], end = graph->out_ptr[v + 1];
        double sum = weight ? 0 : (double)(end - first);
        for (uint64_t i = first; weight && i < end; i++) {
            sum += (double)weight[i];
        }
        w->score[v] = start_of(w, v);
        w->inverse[v] = sum > 0 ? 1 / sum : 0;
        w->share[0][v] = w->score[v] * w->inverse[v];
    }
    for (uint32_t v = 0; v < w->n; v++) {
        w->dangling += w->inverse[v] > 0 ? 0 : w->score[v];
    }
}

/* ---- the pass -------------------------------------------------------------------------------- */

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)threads;
    double d = gx_arg_real(args, "damping"), tolerance = gx_arg_real(args, "tolerance");
    double m = input->graph ? (double)input->graph->m : 0, n = input->users;
    /* Real graphs mix better than the worst case, by how much is not known before. */
    double steps = d > 0 ? 1 + 0.6 * log(tolerance * (1 - d)) / log(d) : 1;
    bool personal = gx_arg_has(args, "members") || gx_arg_has(args, "teleport");
    out->mem_bytes = (uint64_t)input->users * (personal ? 5 : 4) * sizeof(double) +
                     (input->users / BLOCK + 2) * sizeof(partial);
    out->cpu_s = steps * (1.3e-9 * m + 3e-9 * n) + 1e-6;
}

static gx_status iterate(walk *w, double *bound, const gx_args *args, gx_job *job, gx_error *err) {
    double tolerance = gx_arg_real(args, "tolerance"), d = w->damping;
    int64_t most = gx_arg_int(args, "max_iterations");
    gx_status status = GX_OK;
    *bound = w->n ? 2 : 0; /* no two distributions are farther apart */
    gx_job_stage(job, "pagerank", (uint64_t)most);
    for (int64_t k = 0; k<most && * bound> tolerance; k++) {
        double length = step(w, job);
        GX_TRY(gx_job_check(job, err));
        *bound = length * d / (1 - d);
        gx_job_tick(job, (uint64_t)k + 1);
    }
done:
    return status;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    uint32_t n = input->users;
    bool weighted = gx_arg_bool(args, "weighted");
    walk w = {.n = n,
              .blocks = (n + BLOCK - 1) / BLOCK,
              .in = gx__rows_in(input->graph),
              .damping = gx_arg_real(args, "damping")};
    double *bound;
    w.in.weight = weighted ? w.in.weight : NULL;
    w.threads = input->graph->m + n > SMALL ? job->threads : 1;
    GX_TRY(gx__scores_add(&w.score, out, input, err));
    GX_TRY(gx_output_add(&bound, out, "bound", GX_F64, 1, 0, err));
    GX_TRY(gx_job_alloc(job, &w.share[0], n, sizeof *w.share[0], err));
    GX_TRY(gx_job_alloc(job, &w.share[1], n, sizeof *w.share[1], err));
    GX_TRY(gx_job_alloc(job, &w.inverse, n, sizeof *w.inverse, err));
    GX_TRY(gx_job_alloc(job, &w.partial, w.blocks, sizeof *w.partial, err));
    GX_TRY(prepare_start(&w, input, args, job, err));
    prepare_walk(&w, input->graph, weighted);
    GX_TRY(iterate(&w, bound, args, job, err));
done:
    gx_job_free(job, w.share[0]);
    gx_job_free(job, w.share[1]);
    gx_job_free(job, w.inverse);
    gx_job_free(job, w.partial);
    gx_job_free(job, w.start);
    return status;
}

/* A distribution, and with a bound that was reached. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    const double *score;
    gx_status status = gx__scores_check(&score, result, instance, input, err);
    if (status != GX_OK || input->users == 0) {
        return status;
    }
    double sum = 0;
    for (uint32_t v = 0; v < input->users; v++) {
        sum += score[v];
    }
    if (fabs(sum - 1) > 1e-9) {
        return gx_fail(err, GX_INTERNAL, "%s.score sums to %.17g and not to 1", instance, sum);
    }
    const double *bound = gx_result_get(result, instance, "bound", GX_F64, 1);
    double tolerance = gx_arg_real(args, "tolerance");
    if (!bound || !(*bound >= 0) ||
        (*bound > tolerance && gx_arg_int(args, "max_iterations") >= 10000)) {
        return gx_fail(err, GX_INTERNAL, "%s.bound is %g, over the tolerance of %g", instance,
                       bound ? *bound : (double)NAN, tolerance);
    }
    return GX_OK;
}

const gx_pass gx_pass_pagerank = {
    .name = "pagerank",
    .kind = GX_KIND_CENTRALITY,
    .summary = "share of a random walker's time, overall or as seen from some members",
    .paper =
        "Page, Brin, Motwani, Winograd: The PageRank citation ranking, 1999; Langville, Meyer: "
        "Deeper inside PageRank, 2004, eq. 5.1",
    .complexity = "O(n + m) a step, at most log(tolerance) / log(damping) steps; 32 bytes a member",
    .needs = GX_NEED_GRAPH | GX_NEED_IN,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .estimate = estimate,
    .run = run,
    .check = check,
};
