/* Degree and strength: how many members one is tied to, or the weight of those ties together.
 *
 * `in` and `out` count arcs of the directed graph. `all` counts different members tied in either
 * direction, so that a mutual tie counts once; its weight is the larger of the two. A self-loop,
 * where the view kept any, counts once. O(n) unweighted, O(m) weighted; a row is summed in its own
 * order, in double. Wasserman and Faust, Social Network Analysis (1994), section 5.2; strength:
 * Barrat et al., PNAS 101 (2004), equation 2.
 */
#include "engine/kernel/neighbours.h"

enum { BLOCK = 8192, SMALL = 1 << 19 };

static const gx_param params[] = {
    GX__PARAM_DIRECTION("ties counted: from either side (each member once), received or given"),
    GX__PARAM_BOOL("weighted", "false",
                   "sum the weights of the ties (strength) instead of counting them"),
};

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS, "number of ties, or their weight together"},
};

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)threads;
    bool joins = gx_arg_is(args, "direction", "all") && input->graph && input->graph->directed;
    bool reads_rows = gx_arg_bool(args, "weighted") || joins;
    double m = input->graph && reads_rows ? (double)input->graph->m : 0;
    out->mem_bytes = sizeof(double) * ((uint64_t)input->users + 1);
    out->cpu_s = (reads_rows ? 4e-9 : 1.3e-9) * input->users + (joins ? 3e-9 : 7.5e-10) * m + 1e-6;
}

/* The union of two sorted rows: each member once, with the larger weight. */
static double union_sum(const gx__rows_view *a, const gx__rows_view *b, uint32_t v) {
    uint64_t i = a->ptr[v], i_end = a->ptr[v + 1], j = b->ptr[v], j_end = b->ptr[v + 1];
    double sum = 0;
    while (i < i_end || j < j_end) {
        uint32_t x = i < i_end ? a->end[i] : GX_NONE, y = j < j_end ? b->end[j] : GX_NONE;
        double p = x <= y ? gx__row_weight(a, i) : 0, q = y <= x ? gx__row_weight(b, j) : 0;
        sum += p > q ? p : q;
        i += x <= y;
        j += y <= x;
    }
    return sum;
}

/* What is counted: one row of each member, or the union of two. */
typedef struct counter {
    gx__rows_view row, other;
    bool both;
} counter;

static counter counter_of(const gx_graph *graph, const gx_args *args) {
    counter c = {
        .row = gx_arg_is(args, "direction", "in") ? gx__rows_in(graph) : gx__rows_out(graph),
        .other = gx__rows_in(graph),
        .both = gx_arg_is(args, "direction", "all") && graph->directed,
    };
    if (!gx_arg_bool(args, "weighted")) {
        c.row.weight = c.other.weight = NULL;
    }
    return c;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    double *score;
    counter c = counter_of(input->graph, args);
    uint32_t n = input->users, blocks = n / BLOCK + 1;
    /* A length is read in a nanosecond: a team of threads has to have more than that to do. */
    bool wide = (c.both || c.row.weight ? c.row.ptr[n] : n) > SMALL;
    gx_job_stage(job, "degree", n);
    GX_TRY(gx__scores_add(&score, out, input, err));
#pragma omp parallel for num_threads(job->threads) schedule(dynamic) if (wide)
    for (uint32_t b = 0; b < blocks; b++) {
        if (gx_job_should_stop(job)) {
            continue;
        }
        uint32_t end = b + 1 < blocks ? (b + 1) * BLOCK : n;
        for (uint32_t v = b * BLOCK; v < end; v++) {
            score[v] = c.both ? union_sum(&c.row, &c.other, v) : gx__row_strength(&c.row, v);
        }
    }
    gx_job_tick(job, n);
    GX_TRY(gx_job_check(job, err));
done:
    return status;
}

/* Scores add up to the arcs, each counted at one end; or at both, less the mutual ones. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    const double *score;
    gx_status status = gx__scores_check(&score, result, instance, input, err);
    double sum = 0, arcs = (double)input->graph->m;
    for (uint32_t v = 0; status == GX_OK && v < input->users; v++) {
        sum += score[v];
    }
    bool all = gx_arg_is(args, "direction", "all") && input->graph->directed;
    if (status == GX_OK && !gx_arg_bool(args, "weighted") &&
        (sum < arcs || sum > (all ? 2 * arcs : arcs))) {
        return gx_fail(err, GX_INTERNAL, "%s.score sums to %g, of %g arcs", instance, sum, arcs);
    }
    return status;
}

static unsigned reads(const gx_args *args) {
    return gx_arg_is(args, "direction", "out") ? GX_NEED_GRAPH : GX_NEED_GRAPH | GX_NEED_IN;
}

const gx_pass gx_pass_degree = {
    .name = "degree",
    .kind = GX_KIND_CENTRALITY,
    .summary = "number of ties of each member, or their weight together",
    .paper =
        "Wasserman, Faust: Social Network Analysis, 1994, 5.2; Barrat et al.: The architecture of "
        "complex weighted networks, PNAS 101, 2004, eq. 2",
    .complexity = "O(n + m) time; 8 bytes a member",
    .needs = GX_NEED_GRAPH | GX_NEED_IN,
    .reads = reads,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .estimate = estimate,
    .run = run,
    .check = check,
};
