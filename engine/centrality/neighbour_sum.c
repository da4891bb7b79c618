/* The neighbour sum: degrees summed over neighbours, `steps` − 1 times over; with 3 steps Aᵏ·1 =
 * A³·1, the number of walks of three ties that start at the member. Tells who spreads far better
 * than the degree does, near the threshold of an epidemic, at the cost of reading the graph so many
 * times. Chen et al. (Identifying influential nodes in complex networks, Physica A 391, 2012) sum
 * over two rings of neighbours in this manner; the walks are the terms of Katz (1953).
 *
 * With `weighted` a walk counts as the product of the weights of its ties. `in` counts walks that
 * end at the member, `out` walks that start there. Self-loops do not count.
 *
 * Time O(n + m) a step, bound by memory; 16 bytes a member. A row is summed in its own order: the
 * same bytes at any thread count.
 */
#include "engine/kernel/neighbours.h"
#include "engine/kernel/sweep.h"

/* (3.4e38 · 2³²)⁶ is still a double. */
enum { STEPS_MAX = 6 };

static const gx_param params[] = {
    {.name = "steps",
     .type = GX_PARAM_INT,
     .fallback = "3",
     .low = 1,
     .high = STEPS_MAX,
     .unit = "ties",
     .help = "length of the walks counted; 1 is the degree"},
    GX__PARAM_DIRECTION(
        "walk ties from either side, or count walks that end or that start at the member"),
    GX__PARAM_BOOL("weighted", "false", "count a walk as the product of the weights of its ties"),
};

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS, "number of walks, or their weight together"},
};

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)threads;
    const gx__degrees degrees = gx__degrees_by(input, args);
    const double steps = (double)gx_arg_int(args, "steps");
    out->mem_bytes = 2 * sizeof(double) * (uint64_t)input->users;
    out->cpu_s = steps * gx__sweep_seconds(&degrees, gx_arg_bool(args, "weighted")) + 1e-6;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    const uint32_t n = input->users;
    const int64_t steps = gx_arg_int(args, "steps");
    gx__rows_view rows = gx__rows_weighed(gx__rows_by(input, args), gx_arg_bool(args, "weighted"));
    double *score, *before = NULL;
    gx_job_stage(job, "neighbour_sum", (uint64_t)steps);
    GX_TRY(gx__scores_add(&score, out, input, err));
    GX_TRY(gx_job_alloc(job, &before, n, sizeof *before, err));
    for (uint32_t v = 0; v < n; v++) {
        score[v] = 1;
    }
    for (int64_t k = 0; k < steps; k++) {
        if (n > 0) {
            memcpy(before, score, n * sizeof *before);
        }
        gx__neighbour_sums(score, before, &rows, n, job);
        GX_TRY(gx_job_check(job, err));
        gx_job_tick(job, (uint64_t)k + 1);
    }
done:
    gx_job_free(job, before);
    return status;
}

/* Whoever has a walk of k ties has one of a single tie. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    const double *score;
    const gx__rows_view rows = gx__rows_by(input, args);
    gx_status status = gx__scores_check(&score, result, instance, input, err);
    for (uint32_t v = 0; status == GX_OK && v < input->users; v++) {
        if (score[v] > 0 && gx__others(&rows, v) == 0) {
            return gx_fail(err, GX_INTERNAL, "%s.score of member %u is %g, without a tie", instance,
                           v, score[v]);
        }
    }
    return status;
}

const gx_pass gx_pass_neighbour_sum = {
    .name = "neighbour_sum",
    .kind = GX_KIND_CENTRALITY,
    .summary = "walks of three ties from a member: degrees summed over two rings of neighbours",
    .paper = "Chen et al.: Identifying influential nodes in complex networks, Physica A 391, 2012; "
             "Katz: A new status index derived from sociometric analysis, 1953",
    .complexity = "O(n + m) time a step; 16 bytes a member",
    .needs = GX__NEED_TIES,
    .reads = gx__reads_by_direction,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .estimate = estimate,
    .run = run,
    .check = check,
};
