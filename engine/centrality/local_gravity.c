/* The local gravity model (Li, Ren, Ma, Liu, Zhang and Zhou, Scientific Reports 9:8387, 2019):
 * members attract each other as masses do, the mass being the degree,
 *
 *     C(i) = Σ over j ≠ i with d_ij ≤ R of k_i k_j / d_ij²
 *
 * d_ij is the number of ties between the two. The paper finds the best radius R near half the mean
 * distance, which is 2 or 3 for social graphs; far members add noise and cost. With `weighted` the
 * mass is the weight of all ties (strength) in place of their number; distances still count ties.
 * With `in` or `out` masses are of that side, and distances go along ties of that direction, to
 * whom one follows or from whom one is followed; the paper has no direction, and the formula is the
 * same. Self-loops do not count.
 *
 * A search from each member, R steps deep: time O(n · members and ties within R − 1 steps), which
 * for R = 2 is O(Σ k²). Memory: 16 bytes a member, 8 a member and thread. Masses of a distance are
 * summed in the order of the search, by one thread: the same bytes at any thread count.
 */
#include "engine/kernel/ball.h"
#include "engine/kernel/parallel.h"

enum { MEMBERS_CHUNK = 16, SMALL = 1 << 10, RADIUS_MAX = 100 };

static const gx_param params[] = {
    {.name = "radius",
     .type = GX_PARAM_INT,
     .fallback = "2",
     .low = 1,
     .high = RADIUS_MAX,
     .unit = "ties",
     .help = "members farther away do not count; half the mean distance is a good choice"},
    GX__PARAM_BOOL("weighted", "false",
                   "the mass of a member is the weight of the ties instead of their number"),
    GX__PARAM_DIRECTION("ties that count and lead on: from either side, received or given"),
};

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS, "attraction by the members within the radius"},
};

static double attraction(gx__ball *ball, const double *mass, uint32_t v, int64_t radius) {
    double sum = 0;
    gx__ball_start(ball, &v, 1);
    for (int64_t d = 1; d <= radius && gx__ball_widen(ball); d++) {
        double ring = 0;
        for (uint32_t q = ball->from; q < ball->to; q++) {
            ring += mass[ball->queue[q]];
        }
        sum += ring / ((double)d * (double)d);
    }
    return mass[v] * sum;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    const gx__degrees degrees = gx__degrees_by(input, args);
    const double n = input->users, m = degrees.arcs;
    double ball = 1;
    for (int64_t d = 1; d < gx_arg_int(args, "radius") && ball < n && m > 0; d++) {
        ball *= degrees.square / m; /* what the end of a tie has itself */
    }
    ball = ball < n ? ball : n;
    out->mem_bytes = 2 * sizeof(double) * (uint64_t)input->users +
                     gx__balls_bytes(input->users, input->users > SMALL ? threads : 1);
    out->cpu_s =
        gx__reads_seconds(&degrees, m * ball, 16, (gx__pace){0, 1.45, 9, 15}) + 5.2e-8 * m + 1e-6;
}

static void weigh(double *mass, const gx__rows_view *rows, bool weighted, uint32_t n, gx_job *job) {
#pragma omp parallel for num_threads(job->threads) schedule(dynamic, 1024) if (n > SMALL)
    for (uint32_t v = 0; v < n; v++) {
        if (!gx_job_should_stop(job)) {
            mass[v] = weighted ? gx__others_strength(rows, v) : (double)gx__others(rows, v);
        }
    }
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    const uint32_t n = input->users;
    const int threads = n > SMALL ? job->threads : 1;
    const gx__rows_view rows = gx__rows_by(input, args);
    const int64_t radius = gx_arg_int(args, "radius");
    double *score, *mass = NULL;
    gx__ball *balls = NULL;
    gx_job_stage(job, "local_gravity", n);
    GX_TRY(gx__scores_add(&score, out, input, err));
    GX_TRY(gx_job_alloc(job, &mass, n, sizeof *mass, err));
    GX_TRY(gx__balls_make(&balls, threads, &rows, NULL, n, job, err));
    weigh(mass, &rows, gx_arg_bool(args, "weighted"), n, job);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        gx__ball ball = balls[gx_thread()];
#pragma omp for schedule(dynamic, MEMBERS_CHUNK)
        for (uint32_t v = 0; v < n; v++) {
            if (!ball.stopped) {
                score[v] = attraction(&ball, mass, v, radius);
            }
            if (gx_thread() == 0 && v % MEMBERS_CHUNK == 0) {
                gx_job_tick(job, v);
            }
        }
    }
    status = gx_job_check(job, err);
done:
    gx_job_free(job, mass);
    gx__balls_free(balls, job);
    return status;
}

/* Neighbours are within any radius; without direction each has a tie. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    const double *score;
    const gx__rows_view rows = gx__rows_by(input, args);
    const bool least_known = gx_arg_is(args, "direction", "all") && !gx_arg_bool(args, "weighted");
    gx_status status = gx__scores_check(&score, result, instance, input, err);
    for (uint32_t v = 0; status == GX_OK && v < input->users; v++) {
        double ties = (double)gx__others(&rows, v), least = ties * ties;
        if (least_known && score[v] < least) {
            return gx_fail(err, GX_INTERNAL, "%s.score of member %u is %g, with %g neighbours",
                           instance, v, score[v], ties);
        }
    }
    return status;
}

const gx_pass gx_pass_local_gravity = {
    .name = "local_gravity",
    .kind = GX_KIND_CENTRALITY,
    .summary = "local gravity: degrees of the members nearby, by the square of their distance",
    .paper = "Li, Ren, Ma, Liu, Zhang, Zhou: Identifying influential spreaders by gravity model, "
             "Scientific Reports 9, 2019",
    .complexity = "O(n x ties within radius - 1 steps) time; 16 bytes a member, 8 a member and "
                  "thread",
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
