/* The slate: from scored items to the list that is shown. The shop's rules that are about a list
 * and not about one item: places that are held (pins), scores that are raised or lowered (boosts,
 * novelty), at most so many of a kind, a brand, a seller (limits), and no list of near-twins
 * (diversity).
 *
 *   score(i) = factor(i) × (1 − novelty × q(i)) × Σ_c weight_c × s_c(i)
 *   q(i)     = p(i) / (p(i) + mean p), p the popularity: ½ for an item of the mean
 *
 * A factor scales all channels' parts alike, so shares stay the true parts of the score. Every rule
 * chooses among what passes the filter, and nothing else: no rule brings back what is filtered out,
 * a pin neither. Places are chosen one after the other, each the best that the limits leave room
 * for, until n are there or nothing is left; so a limited list is filled from below. */
#ifndef GX_MODELS_REC_SLATE_H
#define GX_MODELS_REC_SLATE_H

#include "models/rec/where.h"

enum { GX_SLATE_LIMITS = 12, GX_SLATE_LEVELS = 8 };

typedef struct gx_slate_pin {
    uint32_t item, place; /* place from 1 */
} gx_slate_pin;

/* At most so many of each value of a field. A list counts by its first entry. */
typedef struct gx_slate_limit {
    const char *field;
    uint32_t levels;    /* the first so many of a path between slashes are its value; 0: all */
    const char *absent; /* what an item without the field counts as; NULL: it has no limit */
    uint32_t most;      /* of a value that is not among the quotas */
    const gx_slice *value;
    const uint32_t *quota; /* one a value */
    uint32_t quotas;
} gx_slate_limit;

typedef struct gx_slate {
    const gx_columns *columns; /* of the limits; held by the caller */
    const gx_slate_pin *pins;  /* by rising place; items and places are distinct */
    uint32_t pin_count;
    const float *factor; /* one an item, > 0; NULL: 1 */
    const gx_slate_limit *limits;
    uint32_t limit_count;
    float novelty;         /* 0 … 1 */
    float diversity;       /* 0 … 1: how much unlikeness counts beside the score */
    bool dpp;              /* by determinants (diverse.h) and not by maximal marginal relevance */
    double explore;        /* 0 … 1: the chance of a place to show something else (explore.h) */
    uint64_t seed, stream; /* of its draws */
    uint32_t watch;        /* the item an explanation is about; GX_NONE: none */
} gx_slate;

/* What the slate did with an item of the list. X(NAME, text) */
#define GX_SLATE_FLAG_MAP(X)                                                                       \
    X(PINNED, "pinned")     /* holds the place it was given */                                     \
    X(BOOSTED, "boosted")   /* its factor is above 1 */                                            \
    X(BURIED, "buried")     /* its factor is below 1 */                                            \
    X(DIVERSE, "diverse")   /* taken before one of a higher score that is like what was taken */   \
    X(EXPLORED, "explored") /* drawn by chance */

typedef enum gx_slate_flag {
#define X(name, text) GX_SLATE_##name,
    GX_SLATE_FLAG_MAP(X)
#undef X
        GX_SLATE_FLAG_COUNT
} gx_slate_flag;

const char *gx_slate_flag_name(gx_slate_flag flag);

#endif
