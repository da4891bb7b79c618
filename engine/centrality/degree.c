/* Degree and strength: how many members one is tied to, or the weight of those ties together.
 *
 * `in` and `out` count arcs of the directed graph. `all` counts different members tied in either
 * direction, so that a mutual tie counts once; its weight is the larger of the two. A self-loop,
 * where the view kept any, counts once. O(n) unweighted, O(m) weighted; a row is summed in its own
 * order, in double. Wasserman and Faust, Social Network Analysis (1994), section 5.2; strength:
 * Barrat et al., PNAS 101 (2004), equation 2.
 */
#include "engine/kernel/scores.h"

#include <math.h>

enum { BLOCK = 8192 };

static const gx_param params[] = {
    {.name = "direction",
     .type = GX_PARAM_CHOICE,
     .fallback = "all",
     GX_PARAM_UNCHECKED,
     .choices = "all|in|out",
     .help = "ties counted: from either side (each member once), received or given"},
    {.name = "weighted",
     .type = GX_PARAM_BOOL,
     .fallback = "false",
     GX_PARAM_UNCHECKED,
     .help = "sum the weights of the ties (strength) instead of counting them"},
};

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS, "number of ties, or their weight together"},
};

static gx__rows_view rows_of(const gx_input *input, const gx_args *args) {
    if (gx_arg_is(args, "direction", "in")) {
        return gx__rows_in(input->graph);
    }
    return gx__rows_out(gx_arg_is(args, "direction", "out") ? input->graph : input->undirected);
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)threads;
    uint64_t m = input->undirected ? input->undirected->m : 0;
    out->mem_bytes = sizeof(double) * ((uint64_t)input->users + 1);
    out->cpu_s = 2e-9 * input->users + (gx_arg_bool(args, "weighted") ? 1e-9 * (double)m : 0);
}

static double row_sum(const gx__rows_view *rows, uint32_t v, bool weighted) {
    if (!weighted || !rows->weight) {
        return (double)(rows->ptr[v + 1] - rows->ptr[v]);
    }
    double sum = 0;
    for (uint64_t i = rows->ptr[v]; i < rows->ptr[v + 1]; i++) {
        sum += (double)rows->weight[i];
    }
    return sum;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    double *score;
    gx__rows_view rows = rows_of(input, args);
    bool weighted = gx_arg_bool(args, "weighted");
    uint32_t n = input->users, blocks = n / BLOCK + 1;
    gx_job_stage(job, "degree", n);
    GX_TRY(gx__scores_add(&score, out, input, err));
#pragma omp parallel for num_threads(job->threads) schedule(dynamic) if (blocks > 1)
    for (uint32_t b = 0; b < blocks; b++) {
        if (gx_job_should_stop(job)) {
            continue;
        }
        uint32_t end = b + 1 < blocks ? (b + 1) * BLOCK : n;
        for (uint32_t v = b * BLOCK; v < end; v++) {
            score[v] = row_sum(&rows, v, weighted);
        }
    }
    gx_job_tick(job, n);
    GX_TRY(gx_job_check(job, err));
done:
    return status;
}

/* Every row again, from the definition. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    const double *score;
    gx_status status = gx__scores_check(&score, result, instance, input, err);
    gx__rows_view rows = rows_of(input, args);
    for (uint32_t v = 0; status == GX_OK && v < input->users; v++) {
        double expected = row_sum(&rows, v, gx_arg_bool(args, "weighted"));
        if (fabs(score[v] - expected) > 1e-9 * expected) {
            return gx_fail(err, GX_INTERNAL, "%s.score of member %u is %g and not %g", instance, v,
                           score[v], expected);
        }
    }
    return status;
}

const gx_pass gx_pass_degree = {
    .name = "degree",
    .kind = GX_KIND_CENTRALITY,
    .summary = "number of ties of each member, or their weight together",
    .paper =
        "Wasserman, Faust: Social Network Analysis, 1994, 5.2; Barrat et al.: The architecture of "
        "complex weighted networks, PNAS 101, 2004, eq. 2",
    .complexity = "O(n), weighted O(m) time; 8 bytes a member",
    .needs = GX_NEED_GRAPH | GX_NEED_IN | GX_NEED_UNDIRECTED,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .estimate = estimate,
    .run = run,
    .check = check,
};
