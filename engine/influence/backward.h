/* Reverse-reachable sets, those of thresholds several at once: such a set goes from member to
 * member, each named by a line of the cache that is only asked for when the one before it has come,
 * so one alone waits most of its time. Here some go on while the line of another is on its way
 * (group prefetching: Chen, Ailamaki, Gibbons, Mowry, Improving hash join performance through
 * prefetching, ICDE 2004). What a set is does not depend on the others: its draws are its own.
 * Cascades draw more than they wait, and go one after the other. */
#ifndef GX_INFLUENCE_BACKWARD_H
#define GX_INFLUENCE_BACKWARD_H

#include "engine/influence/chances.h"

/* Whom sets begin at: everybody alike, or in proportion to a weight. */
typedef struct gx__roots {
    uint32_t n;
    double total;     /* Σ of weights, or n */
    const double *up; /* n: Σ of weights up to each member; NULL: all weigh 1 */
    double *owned;
} gx__roots;

/* `weight`: n of 0 to GX_WORTH_MOST; NULL: 1 each. bad_request: a weight out of range, or all 0. */
GX_MUST_CHECK gx_status gx__roots_make(gx__roots *out, const double *weight, uint32_t n,
                                       gx_job *job, gx_error *err);
void gx__roots_finish(gx__roots *roots, gx_job *job);

enum { GX__LANES = 8 };

/* A set on its way. */
typedef struct gx__lane {
    _Alignas(GX_CACHE_LINE) uint64_t *seen; /* a bit a member, all 0 between sets */
    uint32_t *node;                         /* members, the root first */
    uint64_t room, end;
    gx__draws draws;
    uint64_t arc; /* of walks: asked for; UINT64_MAX: the row is */
} gx__lane;

/* One thread's. */
typedef struct gx__backward {
    const gx_chances *chances;
    const gx__roots *roots;
    gx_job *job;
    uint64_t looked;
    gx__lane lane[GX__LANES];
} gx__backward;

/* `chances` and `roots` must live as long. Memory: a bit a member and lane; and what a set takes.
 */
GX_MUST_CHECK gx_status gx__backward_init(gx__backward *out, const gx_chances *chances,
                                          const gx__roots *roots, gx_job *job, gx_error *err);
void gx__backward_finish(gx__backward *b);

/* Of a set that is whole its members, the root first, until it returns. */
typedef gx_status gx__backward_keep(void *user, const uint32_t *node, uint64_t members,
                                    gx_error *err);

/* Draws the sets numbered first … first + count − 1 of the job's seed and gives each to `keep`, in
 * an order that hangs on nothing else. Stops where `keep` fails or the job is to stop. */
GX_MUST_CHECK gx_status gx__backward_draw(gx__backward *b, uint64_t first, uint32_t count,
                                          gx__backward_keep *keep, void *user, gx_error *err);

#endif
