/* Open places with known chances. */
#include "models/rec/explore.h"

static bool is_pinned(const gx__pick *pick) {
    return (pick->flags & (1U << GX_SLATE_PINNED)) != 0;
}

/* Those of the pool that may stand at a place of the group, into `mine`; how many. */
static uint32_t gather(uint32_t *mine, const uint64_t *pool_group, uint32_t pool_count,
                       uint64_t group) {
    uint32_t count = 0;
    for (uint32_t e = 0; e < pool_count; e++) {
        if (pool_group[e] == group) {
            mine[count++] = e;
        }
    }
    return count;
}

/* The places of one group from `first` on, which is its first. */
static void explore_group(gx__pick *picks, const uint64_t *place_group, uint32_t places,
                          uint32_t first, const gx__pick *pool, uint32_t *mine, uint32_t count,
                          uint8_t *done, double share, gx_rng *rng) {
    uint32_t drawn = 0, open = 0;
    for (uint32_t k = first; k < places; k++) {
        if (done[k] || place_group[k] != place_group[first]) {
            continue;
        }
        done[k] = 1;
        if (open++ >= count) {
            continue; /* its own item, for certain */
        }
        bool draws = gx_rng_real(rng) < share;
        picks[k].propensity = 1 - share;
        if (draws) {
            uint32_t at = drawn + (uint32_t)gx_rng_below(rng, count - drawn);
            uint32_t chosen = mine[at];
            mine[at] = mine[drawn];
            mine[drawn++] = chosen;
            picks[k] = pool[chosen];
            picks[k].flags = 1U << GX_SLATE_EXPLORED;
            picks[k].propensity = share / count;
        }
    }
}

gx_status gx__explore(gx__pick *picks, const uint64_t *place_group, uint32_t places,
                      const gx__pick *pool, const uint64_t *pool_group, uint32_t pool_count,
                      double share, gx_rng *rng, gx_error *err) {
    uint8_t *done = gx_alloc0((size_t)places + 1, 1);
    uint32_t *mine = gx_alloc((size_t)pool_count + 1, sizeof *mine);
    if (!done || !mine) {
        gx_free(done);
        gx_free(mine);
        return gx_fail_memory(err, places + (size_t)pool_count * sizeof *mine);
    }
    for (uint32_t k = 0; k < places; k++) {
        done[k] = is_pinned(&picks[k]);
    }
    for (uint32_t k = 0; k < places; k++) {
        if (!done[k]) {
            uint32_t count = gather(mine, pool_group, pool_count, place_group[k]);
            explore_group(picks, place_group, places, k, pool, mine, count, done, share, rng);
        }
    }
    gx_free(done);
    gx_free(mine);
    return GX_OK;
}
