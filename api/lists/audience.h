/* Members by how well something suits them: what audience.for_item and audience.expand share.
 *
 *   score(u) = Σ weight_c × s_c(u) over taste (the channel interest), friends, circle and leader
 *
 * Of a base value b in 0 … 1 that some members have: friends is Σ tie strength × b over those tied,
 * x / (x + 1); circle the mean of b in the circle, shrunk by 20 members of nothing, over that of
 * the best circle; leader the score of a leader of the shop / 100, where the weight asks for it. */
#ifndef GX_API_AUDIENCE_H
#define GX_API_AUDIENCE_H

#include "api/lists/listing.h"
#include "api/lists/lists.h"
#include "api/views.h"

typedef struct gx_audience {
    gx_call_env *call;
    gx_views views; /* the matrix of events as they are now */
    uint32_t users;
    float weights[GX_CHANNEL_COUNT];
    float *s[GX_CHANNEL_COUNT]; /* users each */
    float *base;                /* users */
    uint8_t *out;               /* users: 1 is left out */
    double *score;              /* users, after gx_audience_score */
    uint32_t count;             /* members with a score above 0 that are not left out */
} gx_audience;

/* Reads the events; the weights are the caller's to set, the other arrays are cleared.
 * gx_audience_finish in any case.
 */
GX_MUST_CHECK gx_status gx_audience_init(gx_audience *out, gx_call_env *call, gx_error *err);
void gx_audience_finish(gx_audience *audience);
/* Friends and circle from `base`, leaders where asked for, then the score. O(users + ties). */
GX_MUST_CHECK gx_status gx_audience_score(gx_audience *audience, bool leaders, gx_error *err);
/* Adds a sentence for each channel with a weight that this snapshot says nothing of: it was built
 * without the pass, and nobody's `what`, as the answer calls it, has any of it. */
void gx_audience_note(gx_value *notes, const gx_audience *audience, bool leaders, const char *what);
/* The strongest channels of a member first, as reasons; `taste` is the sentence of that channel,
 * GX_SAYS_AUDIENCE_LIKE where it is a list, and no item, that they are near. */
gx_value gx_audience_why(const gx_audience *audience, uint32_t user, gx_lists_sentence taste,
                         const gx_hole *holes, size_t count);
/* {user, score, rank, channels} with room for why. */
gx_value gx_audience_row(const gx_audience *audience, uint32_t user, uint32_t rank);

#endif
