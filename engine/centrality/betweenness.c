/* Betweenness: how many shortest paths between others lead through a member, a path counting in
 * part where there are several shortest ones.
 *
 * Brandes, A faster algorithm for betweenness centrality (2001), by igraph, over ties without
 * weights: a path is as long as its ties are many. With more members than `samples`, paths start at
 * that many members drawn at random, and sums are scaled by n / samples (Brandes and Pich 2007):
 * unbiased, with an error that falls as 1 / √samples. O(samples · (n + m)) time on one thread,
 * igraph's copy of the graph in memory. A cancel is seen between two sources.
 */
#include "engine/kernel/igraph_adapter.h"
#include "engine/kernel/scores.h"

static const gx_param params[] = {
    {.name = "samples",
     .type = GX_PARAM_INT,
     .fallback = "256",
     .low = 0,
     .high = 4294967295.0,
     .unit = "members",
     .help = "members from whom paths start; 0: all of them, which is exact"},
    {.name = "directed",
     .type = GX_PARAM_BOOL,
     .fallback = "false",
     .low = 1,
     .help = "follow ties only the way they point"},
    {.name = "normalized",
     .type = GX_PARAM_BOOL,
     .fallback = "false",
     .low = 1,
     .help = "divide by the number of pairs of others, so that 1 is the most there can be"},
};

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS, "shortest paths of others that lead through"},
};

static uint32_t sample_count(const gx_args *args, uint32_t n) {
    int64_t samples = gx_arg_int(args, "samples");
    return samples == 0 || samples > n ? n : (uint32_t)samples;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)threads;
    uint64_t n = input->users, m = 0;
    if (gx_arg_bool(args, "directed")) {
        m = input->graph ? input->graph->m : 0;
    } else {
        m = input->undirected ? input->undirected->m / 2 : 0;
    }
    double source_s = 9e-8 * (double)m + 1e-7 * (double)n;
    out->mem_bytes = gx__igraph_graph_bytes(n, m) + 16 * m + 80 * n + 1024;
    out->cpu_s = sample_count(args, input->users) * source_s + 1e-6;
}

/* The first `count` of a random permutation of all members. */
static gx_status draw(uint32_t **out, uint32_t count, uint32_t n, gx_job *job, gx_error *err) {
    uint32_t *order;
    gx_status status = gx_job_alloc(job, &order, n, sizeof *order, err);
    if (status != GX_OK) {
        return status;
    }
    gx_rng rng = gx_rng_at(job->seed, 0);
    for (uint32_t v = 0; v < n; v++) {
        order[v] = v;
    }
    for (uint32_t i = 0; i < count && count < n; i++) {
        uint32_t k = i + (uint32_t)gx_rng_below(&rng, n - i);
        uint32_t v = order[i];
        order[i] = order[k];
        order[k] = v;
    }
    *out = order;
    return GX_OK;
}

/* All paths: ordered pairs of others, or unordered ones where direction does not matter. */
static double pairs(uint32_t n, bool directed) {
    double ordered = n > 2 ? (double)(n - 1) * (double)(n - 2) : 1;
    return directed ? ordered : n > 2 ? ordered / 2 : 1;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    double *score;
    uint32_t *source = NULL, n = input->users, count = sample_count(args, n);
    const gx_graph *graph = gx_arg_bool(args, "directed") ? input->graph : input->undirected;
    GX_TRY(gx__scores_add(&score, out, input, err));
    if (n == 0) {
        goto done;
    }
    GX_TRY(draw(&source, count, n, job, err));
    GX_TRY(gx__igraph_betweenness(score, graph, source, count, job, err));
    double scale = (double)n / count;
    scale /= gx_arg_bool(args, "normalized") ? pairs(n, graph->directed) : 1;
    for (uint32_t v = 0; v < n; v++) {
        score[v] *= scale;
    }
done:
    gx_job_free(job, source);
    return status;
}

/* Nobody is on more paths than there are between the others; a member with one tie is on none. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    const double *score;
    gx_status status = gx__scores_check(&score, result, instance, input, err);
    const gx_graph *g = input->undirected;
    bool exact = sample_count(args, input->users) == input->users;
    double most =
        gx_arg_bool(args, "normalized")
            ? 1
            : pairs(input->users, gx_arg_bool(args, "directed") && input->graph->directed);
    for (uint32_t v = 0; status == GX_OK && v < input->users; v++) {
        uint64_t degree = g->out_ptr[v + 1] - g->out_ptr[v];
        if ((exact && score[v] > most * (1 + 1e-9)) || (degree < 2 && score[v] > 1e-9)) {
            return gx_fail(err, GX_INTERNAL, "%s.score of member %u with %llu ties is %g", instance,
                           v, (unsigned long long)degree, score[v]);
        }
    }
    return status;
}

const gx_pass gx_pass_betweenness = {
    .name = "betweenness",
    .kind = GX_KIND_CENTRALITY,
    .summary = "shortest paths between others that lead through a member",
    .paper =
        "Brandes: A faster algorithm for betweenness centrality, 2001; Brandes, Pich: Centrality "
        "estimation in large networks, 2007",
    .complexity = "O(samples (n + m)) time, one thread; igraph's copy of the graph, 72 bytes a tie",
    .needs = GX_NEED_GRAPH | GX_NEED_UNDIRECTED,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .serial = true,
    .label_dependent = true, /* which members are drawn depends on their numbers */
    .estimate = estimate,
    .run = run,
    .check = check,
};
