/* Percolation: how many the outbreak of each member reaches, itself included, when each tie passes
 * it on with the chance `rate`; the mean over `samples` draws of which ties do. It is what an
 * epidemic (susceptible, infected, recovered) reaches in which whoever is infected meets each
 * neighbour once and then recovers, so no other score tells spreaders better where the rate is
 * known (Newman, Spread of epidemic disease on networks, Physical Review E 66, 2002; Radicchi and
 * Castellano, Leveraging percolation theory to single out influential spreaders in networks,
 * Physical Review E 93, 2016). Where it is not known the rate is 1.5 times the threshold ⟨k⟩ /
 * (⟨k²⟩ − ⟨k⟩), near which who begins matters most: far below it nobody's outbreak leaves home, far
 * above it everybody's is the same.
 *
 * `in` is towards those who have a tie to the member (followers), `out` towards those the member
 * has one to, `all` both ways. With `weighted` a tie of the mean weight has the rate, and one of x
 * times that weight the chance 1 − (1 − rate)^x.
 *
 * A sample costs the ties that are kept, m · rate; with a direction also each member and what lies
 * behind it: engine/influence/percolation.h. Whole numbers are added, and a sample is named by
 * (seed, number): the same bytes at any thread count.
 */
#include "engine/influence/percolation.h"

#include <math.h>

static const gx_param params[] = {
    {.name = "rate",
     .type = GX_PARAM_REAL,
     .low = 0,
     .high = 1,
     .help = "chance that a tie passes it on; not given: 1.5 times the epidemic threshold"},
    {.name = "samples",
     .type = GX_PARAM_INT,
     .low = 1,
     .high = 1e8,
     .help =
         "draws of which ties pass it on; not given: until each has 100 times and all together 10 "
         "million times, 4,000 to 100,000 draws"},
    GX__PARAM_DIRECTION("where it goes: both ways, to followers or to those followed"),
    GX__PARAM_BOOL(
        "weighted", "false",
        "a tie of the mean weight has the rate, one of x times that the chance of x ties"),
};

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS, "members reached from the member, itself included, mean"},
    {"rate", GX_F64, GX_LEN_OTHER, "[1] chance that a tie passes it on"},
    {"samples", GX_U64, GX_LEN_OTHER, "[1] how many draws there were"},
};

/* The threshold is that of `spreading` or, where nobody looked at each tie, of its degrees. */
static double rate_of(double threshold, const gx_args *args) {
    const double usual = 1.5 * threshold;
    return gx_arg_has(args, "rate") ? gx_arg_real(args, "rate") : usual < 1 ? usual : 1;
}

/* `kept`: ties in one sample. The error of a score hangs not on the size of the graph but on how
 * often a tie of the member was kept; small graphs, where scores lie close, can have many samples.
 */
static uint32_t samples_of(double kept, double rate, const gx_args *args) {
    const double small = fmin(1e7 / fmax(kept, 1), 1e5), each = fmin(100 / fmax(rate, 1e-6), 2e4);
    return gx_arg_has(args, "samples") ? (uint32_t)gx_arg_int(args, "samples")
                                       : (uint32_t)fmax(fmax(small, each), 4000);
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    const gx__degrees degrees = gx__degrees_by(input, args);
    gx__spreading spreading = gx__spreading_by(input, args);
    const double on = degrees.square - (spreading.directed ? 0 : degrees.arcs);
    const double arcs = degrees.arcs;
    spreading.chance = rate_of(on > arcs ? arcs / on : 1, args);
    spreading.weighted = gx_arg_bool(args, "weighted");
    const double kept = spreading.chance * arcs / (spreading.directed ? 1 : 2);
    out->mem_bytes = 2 * sizeof(double) * (uint64_t)input->users + 2 * sizeof(double) +
                     gx__percolation_bytes(&spreading, input->users, (uint64_t)arcs, threads);
    out->cpu_s = samples_of(kept, spreading.chance, args) *
                     (6e-8 * kept + (spreading.directed ? 8e-8 * degrees.n : 0)) +
                 1e-6;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    const uint32_t n = input->users;
    gx__spreading spreading = gx__spreading_by(input, args);
    uint64_t *sum = NULL, *samples;
    double *score, *rate;
    GX_TRY(gx__scores_add(&score, out, input, err));
    GX_TRY(gx_output_add(&rate, out, "rate", GX_F64, 1, 0, err));
    GX_TRY(gx_output_add(&samples, out, "samples", GX_U64, 1, 0, err));
    GX_TRY(gx_job_alloc(job, &sum, n, sizeof *sum, err));
    *rate = spreading.chance = rate_of(gx__spreading_threshold(&spreading), args);
    spreading.weighted = gx_arg_bool(args, "weighted");
    const double arcs = (double)spreading.graph->m;
    *samples = samples_of(*rate * (spreading.directed ? arcs : arcs / 2), *rate, args);
    gx_job_stage(job, "percolation", *samples);
    GX_TRY(gx__percolate(sum, &spreading, 0, (uint32_t)*samples, job, err));
    GX_TRY(gx__percolation_scores(score, sum, (double)*samples, &spreading, job, err));
done:
    gx_job_free(job, sum);
    return status;
}

/* Everybody has it who begins, and nobody reaches more than there are; alone with no ties. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    const double *score;
    const gx__rows_view rows = gx__rows_by(input, args);
    gx_status status = gx__scores_check(&score, result, instance, input, err);
    for (uint32_t v = 0; status == GX_OK && v < input->users; v++) {
        const double most = gx__others(&rows, v) > 0 ? input->users : 1;
        if (!(score[v] >= 1 && score[v] <= most)) {
            return gx_fail(err, GX_INTERNAL, "%s.score of member %u is %g, not within 1 and %g",
                           instance, v, score[v], most);
        }
    }
    return status;
}

const gx_pass gx_pass_percolation = {
    .name = "percolation",
    .kind = GX_KIND_CENTRALITY,
    .summary = "how many an outbreak from a member reaches, by drawing which ties pass it on",
    .paper =
        "Newman: Spread of epidemic disease on networks, Physical Review E 66, 2002; Radicchi, "
        "Castellano: Leveraging percolation theory to single out influential spreaders in "
        "networks, Physical Review E 93, 2016",
    .complexity = "O(m x rate) time a sample; 16 bytes a member, 20 a member and thread, 8 a tie "
                  "(52 weighted); with a direction O(n + m x rate) and some 400 bytes a member",
    .needs = GX__NEED_TIES,
    .reads = gx__reads_both_sides,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .label_dependent = true, /* draws are named by the order of ties */
    .estimate = estimate,
    .run = run,
    .check = check,
};
