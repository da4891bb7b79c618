/* A community as the snapshot knows it: for the list and for the profile card. */
#ifndef GX_API_COMMUNITY_H
#define GX_API_COMMUNITY_H

#include "api/support.h"

/* How the communities of any partition are called: "c-17" where one is, or carries on, the circle
 * of the snapshot with that id (before there are any: where it has the id that a build would give),
 * else "louvain-3", the community with the number 3 of `louvain`. */
typedef struct gx_circle_names {
    const char *instance;
    const uint32_t *id; /* NULL: their numbers */
    uint32_t count;     /* of id */
    uint32_t known;     /* ids below this are those of circles */
} gx_circle_names;

/* Of the arrays "INSTANCE.…" that the pass gave (NULL: it is not known). */
gx_circle_names gx_circle_names_of(const gx_state *state, const gx_arrays *arrays,
                                   const char *instance, const gx_pass *pass);
gx_value gx_circle_name(gx_arena *arena, const gx_circle_names *names, uint32_t community);

typedef struct gx_circles {
    const gx_state *state;
    const uint32_t *community;           /* one a member */
    const uint32_t *size;                /* one a community */
    const double *density, *conductance; /* may be NULL */
    const uint64_t *ptr;                 /* top items; may be NULL */
    const uint32_t *item, *item_count;
    const uint32_t *everywhere; /* members of any circle who acted */
    uint32_t members, count;
} gx_circles;

GX_MUST_CHECK gx_status gx_circles_resolve(gx_circles *out, const gx_state *state, gx_error *err);
/* {community, size, density, conductance}: a row of the list. */
gx_value gx_circle_row(gx_arena *arena, const gx_circles *circles, uint32_t community);
/* [{item, title, count, share, lift}], at most n; lift: the share over that of all members, as
 * counted (nil: an older snapshot does not say). */
gx_value gx_circle_items(gx_arena *arena, gx_txn *txn, const gx_circles *circles,
                         uint32_t community, uint32_t n);

#endif
