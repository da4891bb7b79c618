/* Harmonic centrality: the mean of 1 / distance to all others, 0 for those whom no path leads to
 * (Marchiori and Latora 2000; Boldi and Vigna: Axioms for centrality, 2014), so that graphs in
 * parts need no exception. `scaled` false gives the sum instead of the mean.
 *
 * Exact, sampled or for the highest only, as closeness: O(samples / 256 (n + m)) time in a small
 * world. Memory: some 120 bytes a member and thread. */
#include "engine/centrality/nearness.h"

static const gx_param params[] = {
    GX__NEARNESS_PARAMS,
    {.name = "scaled",
     .type = GX_PARAM_BOOL,
     .fallback = "true",
     GX_PARAM_UNCHECKED,
     .help = "the mean over all others, instead of the sum"},
};

static const gx_gives gives[] = {
    GX__NEARNESS_GIVES("1 / distance to the others, on average"),
};

static gx__nearness asked(const gx_input *input, const gx_args *args) {
    return gx__nearness_asked(input, args, true, gx_arg_bool(args, "scaled"));
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    gx__nearness a = asked(input, args);
    gx__nearness_estimate(out, &a, threads);
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx__nearness a = asked(input, args);
    return gx__nearness_run(out, input, &a, job, err);
}

static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    gx__nearness a = asked(input, args);
    return gx__nearness_check(result, instance, input, &a, err);
}

const gx_pass gx_pass_harmonic = {
    .name = "harmonic",
    .kind = GX_KIND_CENTRALITY,
    .summary = "how near the others are, whether or not a path leads to all of them",
    .paper = "Marchiori, Latora: Harmony in the small-world, 2000; Boldi, Vigna: Axioms for "
             "centrality, 2014; Then et al.: The more the merrier, 2014; Bergamini, Borassi et "
             "al.: Computing top-k closeness centrality faster, 2019",
    .complexity = "O(samples / 256 (n + m)) time in a small world, weighted O(samples m log n); "
                  "120 bytes a member and thread",
    .needs = GX__PATHS_NEED,
    .reads = gx__paths_reads,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .label_dependent = true, /* which members are drawn depends on their numbers */
    .estimate = estimate,
    .run = run,
    .check = check,
};
