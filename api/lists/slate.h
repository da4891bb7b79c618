/* The arguments of a list's rules (models/rec/slate.h): pins, boosts, caps. */
#ifndef GX_API_SLATE_H
#define GX_API_SLATE_H

#include "api/lists/filter.h"

/* clang-format off */
#define GX_SLATE_PARAMS                                                                            \
    {"pin", GX_PARAM_ANY, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,                                 \
     "items at places: a map {ID: PLACE}, a list of ids for the first places, or ID=PLACE,ID=PLACE; one that a filter keeps out is not shown"}, \
    {"boost", GX_PARAM_ANY, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,                               \
     "what multiplies scores: [{where, factor} or {item, factor}], or FACTOR where EXPR; FACTOR item ID"}, \
    {"caps", GX_PARAM_MAP, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,                                \
     "at most so many of one {category, brand, seller, category/1, category/2, …: the first levels of its path}; the list is filled from below"},           \
    {"novelty", GX_PARAM_REAL, "0", 0, 1, NULL, NULL, 0,                                           \
     "hold back what is popular: at 1 an item of mean popularity keeps half its score"},           \
    {"diversity", GX_PARAM_REAL, "0", 0, 1, NULL, NULL, 0,                                         \
     "how much being unlike the items before counts beside the score"},                            \
    {"diversify", GX_PARAM_CHOICE, "mmr", GX_PARAM_UNCHECKED, NULL, "mmr|dpp", 0,                  \
     "by marginal relevance, or by determinants (lists of at most 200)"},                          \
    {"kinds", GX_PARAM_MAP, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,                               \
     "a mixed list: so many {product, content, event}, n in all at most"}
/* clang-format on */

typedef struct gx_asked_pin {
    gx_slice id;          /* as it was given */
    uint32_t item, place; /* item GX_NONE: not in the store */
} gx_asked_pin;

typedef struct gx_asked_slate {
    gx_slate slate;
    bool plain; /* nothing was asked for: no slate */
    uint32_t n; /* what kinds add up to, or as asked */
    gx_slice kinds[3];
    uint32_t quotas[3];
    gx_asked_pin *pins;
    uint32_t pin_count;
    gx_value idle; /* boosts of nothing: texts that say what no item has; nil: none */
    gx_slate_limit limits[GX_SLATE_LIMITS];
} gx_asked_slate;

/* Of a list of n. bad_request names the value and what is accepted. `out` holds what its slate
 * points at, so it stays where it is. */
GX_MUST_CHECK gx_status gx_slate_read(gx_asked_slate *out, gx_call_env *call,
                                      const gx_filter *filter, uint32_t n, gx_error *err);
/* The pins that are not shown: [{id, place, why_not}]; nil where all are. */
gx_value gx_slate_missing_pins(const gx_asked_slate *asked, const gx_filter *filter,
                               const gx_member_live *live, const uint8_t *mask, gx_arena *arena);
/* Why an item that passes the filter is not in the list; `rank` is the one of its score. */
gx_value gx_slate_reason(const gx_asked_slate *asked, const gx_rec_list *list,
                         const gx_rec_item *item, uint32_t rank, uint32_t n,
                         const gx_columns *columns, gx_arena *arena);

#endif
