/* PageRank: the share of time a walker spends at each member who follows ties by their weight, and
 * with probability 1 − damping, or where no tie leads on, starts again from the teleport
 * distribution:
 *
 *     x = d · (Aᵀ D⁻¹ x + t · Σ x over dangling) + (1 − d) · t
 *
 * (Page et al. 1999; Langville and Meyer 2004, equation 5.1). t is uniform, or the members given,
 * or an array of weights. Solved by power iteration, which pulls over in-arcs
 * (engine/kernel/walk.h). A step shrinks the L1 error by at least d, so the error after a step of
 * length s is at most s · d / (1 − d): iteration stops when that bound is within the tolerance, and
 * the bound is given. Where every tie is there both ways, conjugate gradients take a third to a
 * half of the products, and their residual proves the bound; elsewhere Gauss–Seidel between parts
 * goes ahead, and a step or two prove it.
 *
 * Time O(n + m) a step; the number of steps is at most log(tolerance) / log(d), and far lower on
 * graphs that mix well. A step reads 4 bytes an arc in order (8 with weights) and gathers one
 * double an arc, so it is bound by the latency of the cache that holds 8 bytes a member, and by
 * memory beyond that (docs/walks.md). Memory: 56 bytes a member. Sums are double and in fixed
 * blocks of members: the same bytes at any thread count.
 */
#include "engine/kernel/members.h"
#include "engine/kernel/walk.h"

#include <math.h>

static const gx_param params[] = {
    {.name = "damping",
     .type = GX_PARAM_REAL,
     .fallback = "0.85",
     .low = 0,
     .high = 0.999,
     .help = "probability of following a tie instead of starting again"},
    GX__PARAM_TOLERANCE("1e-9", "stop when the error of all scores together is at most this"),
    GX__PARAM_STEPS("10000", "bound given"),
    GX__PARAM_BOOL("weighted", "true", "follow ties in proportion to their weights"),
    GX__PARAM_BOOL("directed", "true", "follow ties the way they point; else either way"),
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
     .help =
         "personalised: name of an f64 array of every member's weight as a start, made before it "
         "or in the last snapshot"},
};

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS, "share of the walker's time; they sum to 1"},
    {"bound", GX_F64, GX_LEN_OTHER, "one number: the error of all scores together is at most this"},
};

/* ---- before it ----------------------------------------------------------------------------- */

static gx_status copy_teleport(double *start, uint32_t n, const gx_input *input, gx_slice name,
                               gx_error *err) {
    char text[128], quoted[140];
    const double *given = NULL;
    if (name.size < sizeof text) {
        memcpy(text, name.data, name.size);
        text[name.size] = '\0';
        given = input->arrays ? gx_arrays_get(input->arrays, text, GX_F64, n) : NULL;
        given = !given && input->before ? gx_arrays_get(input->before, text, GX_F64, n) : given;
    }
    if (!given) {
        return gx_fail_at(err, GX_BAD_REQUEST, "teleport", "there is no f64 array %s of %u members",
                          gx_quote(quoted, sizeof quoted, name.data, name.size), n);
    }
    for (uint32_t v = 0; v < n; v++) {
        if (!(given[v] >= 0) || isinf(given[v])) {
            return gx_fail_at(err, GX_BAD_REQUEST, "teleport",
                              "%s of member %u is %g; it must be finite and 0 or more", text, v,
                              given[v]);
        }
        start[v] += given[v];
    }
    return GX_OK;
}

/* The teleport distribution of members and array together, each member given counting 1; NULL where
 * none is asked for. The caller frees it. */
static gx_status prepare_start(double **out, const gx_input *input, const gx_args *args,
                               gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    uint32_t n = input->users;
    uint32_t *member = NULL, count = 0;
    gx_slice array = gx_arg_text(args, "teleport");
    GX_TRY(gx__members_parse(&member, &count, args, "members", n, job, err));
    if (count == 0 && array.size == 0) {
        goto done;
    }
    GX_TRY(gx_job_alloc(job, out, n, sizeof **out, err));
    double *start = *out;
    for (uint32_t i = 0; i < count; i++) {
        start[member[i]] += 1;
    }
    if (array.size > 0) {
        GX_TRY(copy_teleport(start, n, input, array, err));
    }
    double largest = 0, sum = 0;
    for (uint32_t v = 0; v < n; v++) {
        largest = fmax(largest, start[v]);
    }
    if (largest <= 0) {
        GX_TRY(gx_fail_at(err, GX_BAD_REQUEST, "teleport",
                          "every weight is 0; at least one must be more"));
    }
    for (uint32_t v = 0; v < n; v++) {
        start[v] /= largest; /* so that the sum stays finite */
        sum += start[v];
    }
    for (uint32_t v = 0; v < n; v++) {
        start[v] /= sum;
    }
done:
    gx_job_free(job, member);
    return status;
}

/* ---- the pass -------------------------------------------------------------------------------- */

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)threads;
    double d = gx_arg_real(args, "damping"), tolerance = gx_arg_real(args, "tolerance");
    const gx_graph *g = gx__graph_by(input, args);
    const gx__degrees degrees = gx__degrees_of(g, input->users);
    const double sweep_s = gx__sweep_seconds(&degrees, gx__weighs(g, args)), n = input->users;
    bool reversible = !gx_arg_bool(args, "directed") || gx__may_be_reversible(g);
    double length = d > 0 ? fmin(1, tolerance * (1 - d) / d) : 1;
    double steps = 2 + (d > 0 ? 0.13 * log(length) / log(d) : 0);
    if (reversible && d > 0) { /* of conjugate gradients, between what a walk's values are */
        double left = d * gx__walk_eigenvalue(&degrees);
        steps = 1.5 + 0.86 * log(length) / log(left / (1 + sqrt(1 - left * left)));
    }
    double rate = reversible ? d / (1 + sqrt(1 - d * d)) : d;
    double most = d > 0 ? 3 + log(length) / log(rate) : steps;
    bool personal = gx_arg_has(args, "members") || gx_arg_has(args, "teleport");
    out->mem_bytes = (uint64_t)input->users * (personal ? 2 : 1) * sizeof(double) +
                     gx__walk_bytes(input->users) + 64;
    if (reversible) {
        out->mem_bytes += gx__walk_reversible_bytes(input->users);
    }
    out->cpu_s = steps * sweep_s * (reversible ? 1 : 1.25) + 8e-9 * n + 1e-6;
    out->cpu_most_s = most * sweep_s * (reversible ? 1 : 1.25) + 8e-9 * n + 1e-6;
}

typedef struct two_ways {
    const gx_graph *graph;
    bool weighted;
} two_ways;

static void differ_block(void *user, gx__sums *sums, uint32_t first, uint32_t end) {
    const two_ways *t = user;
    const gx_graph *g = t->graph;
    uint64_t from = g->out_ptr[first], count = g->out_ptr[end] - from;
    bool same =
        memcmp(g->out_ptr + first, g->in_ptr + first, (end - first + 1) * sizeof *g->in_ptr) == 0 &&
        memcmp(g->out_dst + from, g->in_src + from, count * sizeof *g->in_src) == 0 &&
        (!t->weighted || !g->out_weight ||
         memcmp(g->out_weight + from, g->in_weight + from, count * sizeof *g->in_weight) == 0);
    sums->of[0] = !same;
}

/* Whether every tie is there both ways, and weighs the same. */
static bool is_reversible(const gx__walk *w, const gx_graph *graph, bool weighted) {
    two_ways t = {graph, weighted};
    return graph->in_src == graph->out_dst || gx__sweep_run(&w->sweep, differ_block, &t).of[0] == 0;
}

static gx_status iterate(gx__walk *w, double *bound, bool reversible, const gx_args *args,
                         gx_job *job, gx_error *err) {
    double tolerance = gx_arg_real(args, "tolerance"), d = w->damping;
    uint32_t most = (uint32_t)gx_arg_int(args, "max_iterations"), k = 0;
    gx_status status = GX_OK;
    *bound = w->sweep.n ? 2 : 0; /* no two distributions are farther apart */
    if (d > 0 && w->sweep.n > 0) {
        double length = tolerance * (1 - d) / d;
        GX_TRY(reversible ? gx__walk_reversible(&k, bound, w, tolerance, most, err)
                          : gx__walk_relax(&k, w, length, most - 1, err));
        if (*bound > tolerance) {
            gx__walk_settle(w);
        }
    }
    while (k < most && *bound > tolerance) {
        double length = gx__walk_step(w);
        GX_TRY(gx_job_check(job, err));
        *bound = length * d / (1 - d);
        gx_job_tick(job, ++k);
    }
done:
    return status;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    bool weighted = gx_arg_bool(args, "weighted");
    const gx_graph *g = gx__graph_by(input, args);
    gx__walk w = {.damping = gx_arg_real(args, "damping")};
    double *bound, *start = NULL;
    gx_job_stage(job, "pagerank", (uint64_t)gx_arg_int(args, "max_iterations"));
    GX_TRY(gx__scores_add(&w.score, out, input, err));
    GX_TRY(gx_output_add(&bound, out, "bound", GX_F64, 1, 0, err));
    GX_TRY(prepare_start(&start, input, args, job, err));
    w.start = start;
    GX_TRY(gx__walk_begin(&w, g, weighted, job, err));
    GX_TRY(iterate(&w, bound, is_reversible(&w, g, weighted), args, job, err));
done:
    gx__walk_finish(&w);
    gx_job_free(job, start);
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
    .complexity = "O(n + m) a step, at most log(tolerance) / log(damping) steps; 56 bytes a member",
    .needs = GX__NEED_TIES,
    .reads = gx__reads_ties,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .estimate = estimate,
    .run = run,
    .check = check,
};
