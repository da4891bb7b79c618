/* Harmonic centrality: the mean of 1 / distance to all others, 0 for those whom no path leads to
 * (Marchiori and Latora 2000; Boldi and Vigna: Axioms for centrality, 2014), so that graphs in
 * parts need no exception. `scaled` false gives the sum instead of the mean.
 *
 * Exact, sampled or for the highest only, as closeness: O(samples / 256 (n + m)) time in a small
 * world. Memory: some 120 bytes a member and thread. */
#include "engine/centrality/nearness.h"

static const gx_param params[] = {
    GX__NEARNESS_PARAMS("the mean over all others, instead of the sum")};

static const gx_gives gives[] = {
    GX__NEARNESS_GIVES("1 / distance to the others, on average"),
};

GX__NEARNESS_CALLS(true)

const gx_pass gx_pass_harmonic = {
    .name = "harmonic",
    .summary = "how near the others are, whether or not a path leads to all of them",
    .paper = "Marchiori, Latora: Harmony in the small-world, 2000; Boldi, Vigna: Axioms for "
             "centrality, 2014; Then et al.: The more the merrier, 2014; Bergamini, Borassi et "
             "al.: Computing top-k closeness centrality faster, 2019",
    .complexity = "O(samples / 256 (n + m)) time in a small world, weighted O(samples m log n); "
                  "120 bytes a member and thread",
    GX__NEARNESS_ROWS,
};
