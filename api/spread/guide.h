/* Who could share what with whom, for audience.guide: sharers, those who heed each, and what each
 * bought and may share. docs/shopping-guide.md. */
#ifndef GX_API_GUIDE_H
#define GX_API_GUIDE_H

#include "api/lists/filter.h"
#include "api/lists/lists.h"
#include "api/lists/near.h"
#include "api/referral/log.h"
#include "api/spread/spread.h"
#include "api/vector.h"

enum { GX_GUIDE_LISTENERS = 1000 };

typedef enum gx_guide_kind { GX_GUIDE_GIVEN, GX_GUIDE_LEADER, GX_GUIDE_PROMOTER } gx_guide_kind;

typedef struct gx_guide_sharer {
    uint32_t user, sales;
    gx_guide_kind kind;
    double score;
    uint32_t *listener; /* by falling chance; GX_GUIDE_LISTENERS at the most */
    float *chance;
    uint32_t count, shares;
    uint32_t from, to; /* its candidates */
} gx_guide_sharer;

/* Something a sharer could share. */
typedef struct gx_guide_candidate {
    uint32_t sharer, item;
    float *p;        /* sharer.count: taste, then the chance; 0: not for them */
    double expected; /* Σ of the highest; of round `round` */
    uint32_t round;
    bool over; /* taken, or no more */
} gx_guide_candidate;

typedef struct gx_guide {
    gx_call_env *call;
    gx_spread spread;
    gx_views views;
    gx_chances chances;
    const gx_columns *columns;
    gx_filter filter;
    gx_near near;
    gx_log log;
    const char *rule; /* of the chances */
    double rate;      /* how many of those who hear of it take it; gx_spread_rate */
    const char *rate_from;
    uint8_t *wanted;  /* members who may be shown something: of the segment, not departed */
    uint8_t *keep;    /* members who may be found to share: not departed, of no great risk */
    uint32_t risky;   /* via whom purchases came, left out for it */
    gx_value gone;    /* those named who have departed */
    gx_value unknown; /* sharers and items that are not in the store */
    uint8_t *asked;   /* items; NULL: all */
    uint32_t *sales;  /* members: purchases via each */
    gx_guide_sharer *sharers;
    uint32_t sharer_count;
    vector candidates;
    gx_guide_candidate *all; /* of candidates */
    uint32_t count, round;
    uint32_t *stamp, *load; /* members */
    uint32_t *item_shares;
} gx_guide;

/* As the arguments of audience.guide say; the items' columns stay locked until gx_guide_close,
 * which is due in any case. */
GX_MUST_CHECK gx_status gx_guide_open(gx_guide *out, gx_call_env *call, gx_error *err);
void gx_guide_close(gx_guide *g);

/* How many leaders or promoters are looked for. */
uint32_t gx_guide_how_many(const gx_args *args, const char *name);
bool gx_guide_has_bought(const gx_guide *g, uint32_t user, uint32_t item);
/* Of gx_scored: the highest first, then by item. */
int gx_guide_by_weight(const void *a, const void *b);

#endif
