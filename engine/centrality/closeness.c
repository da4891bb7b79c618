/* Closeness: how near the others are on average, as the reciprocal of the mean distance to those
 * whom a path leads to, times the share of all others that they are, so that nobody in a small
 * component is central by being cut off (Wasserman and Faust 1994, equation 5.22):
 *
 *     score = (r / (n − 1)) · (r / Σ d)           r others reached, Σ d their distances together
 *
 * `scaled` false leaves the first factor out, which is what igraph calls normalized closeness.
 * Whoever reaches nobody has 0. Exact in O(n (n + m) / w) time where w of 256 searches meet at the
 * same members, in a small world most; sampled (Eppstein and Wang 2004) in O(samples / 256 (n +
 * m)); `top` by searches that end as soon as a member cannot be among the highest (Bergamini,
 * Borassi et al. 2019). Memory: some 130 bytes a member and thread. */
#include "engine/centrality/nearness.h"

static const gx_param params[] = {
    GX__NEARNESS_PARAMS("times the share of all others that are reached")};

static const gx_gives gives[] = {
    GX__NEARNESS_GIVES("1 / mean distance to the others, by the share of them that is reached"),
};

GX__NEARNESS_CALLS(false)

const gx_pass gx_pass_closeness = {
    .name = "closeness",
    .summary = "how near the others are on average",
    .paper = "Wasserman, Faust: Social network analysis, 1994, eq. 5.22; Then et al.: The more the "
             "merrier, 2014; Eppstein, Wang: Fast approximation of centrality, 2004; Bergamini, "
             "Borassi et al.: Computing top-k closeness centrality faster, 2019",
    .complexity = "O(samples / 256 (n + m)) time in a small world, weighted O(samples m log n); "
                  "130 bytes a member and thread",
    GX__NEARNESS_ROWS,
};
