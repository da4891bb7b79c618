/* Reverse-reachable sets (Borgs, Brautbar, Chayes, Lucier, Maximizing social influence in nearly
 * optimal time, SODA 2014): of a member drawn at random all those whom that member could have it
 * from, in a world of kept arcs drawn for the set. The share of sets that a choice of seeds touches
 * is an unbiased estimate of the share of members it reaches.
 *
 * Those to choose from are kept the other way round, by member the sets it is in: 4 bytes an entry
 * and a kept set, 12 a member. Those that only judge choices stay as they are drawn, set after set:
 * 4 bytes an entry and a kept set, 4 a member. A set of one is covered by that member and nobody
 * else, so such are only counted: where chances are small they are most. Set s of a stream is the
 * same at any number of threads. */
#ifndef GX_INFLUENCE_SETS_H
#define GX_INFLUENCE_SETS_H

#include "engine/influence/backward.h"
#include "engine/kernel/slabs.h"

/* Sets one after the other; a set begins with its root. */
typedef struct gx__block {
    uint32_t sets, kept; /* drawn, and of them those of two or more */
    uint32_t first;      /* number of the first of those */
    uint64_t entries;
    uint32_t *node, *end; /* of those; in a slab, with the block */
} gx__block;

typedef struct gx__sets {
    uint32_t n, count; /* members, sets */
    uint32_t kept;     /* of the sets, those of two or more: they have numbers */
    uint64_t entries;  /* members of all sets, those of one too */
    uint32_t *alone;   /* n: sets of this member alone */
    /* As drawn, by number: */
    gx__block **block;
    uint32_t blocks;
    gx__slabs slabs;
    /* By member: */
    uint64_t *ptr;  /* n + 1 */
    uint32_t *set;  /* ptr[n]: numbers of sets, rising within a member */
    uint32_t *root; /* kept: whom each set began at */
} gx__sets;

/* What drawing takes: threads' own, and the sets while they are drawn. Kept from one drawing to the
 * next, since memory that has been touched costs less than what is new. */
typedef struct gx__drawing gx__drawing;

/* Sets drawn so far, of them those of two or more, and members of all of them. */
typedef struct gx__drawn {
    uint64_t sets, kept, entries;
} gx__drawn;

/* Sets drawn for each that is kept, at most GX__EACH: where chances are small, most are of one
 * member. */
enum { GX__EACH = 16 };
static inline uint32_t gx__drawn_each(const gx__drawn *drawn) {
    const uint64_t each = (drawn->sets + 1) / (drawn->kept + 1);
    return each < GX__EACH ? (uint32_t)each : GX__EACH;
}

/* For up to `most` sets at once; `before`: earlier ones, which tell how large sets are. `chances`
 * and `roots` must live as long. */
GX_MUST_CHECK gx_status gx__drawing_create(gx__drawing **out, const gx_chances *chances,
                                           const gx__roots *roots, uint32_t most, gx__drawn before,
                                           gx_job *job, gx_error *err);
/* What one thread does first, while the others begin with the last of the sets of a drawing; not
 * where `room` ends it before. */
void gx__drawing_beside(gx__drawing *drawing, void (*does)(void *user), void *user);
void gx__drawing_destroy(gx__drawing *drawing);

/* Draws the sets numbered first … first + count − 1 of the job's seed, count at most `most`, or as
 * many of them, in steps, as come to `room` entries or little more. They stay as they are drawn, or
 * are by member: then twice the entries are held while it runs. */
GX_MUST_CHECK gx_status gx__sets_draw(gx__sets *out, gx__drawing *drawing, uint64_t first,
                                      uint32_t count, uint64_t room, bool by_member, gx_error *err);
/* From as they were drawn to by member; meanwhile both are held. */
GX_MUST_CHECK gx_status gx__sets_turn(gx__sets *sets, gx_job *job, gx_error *err);
void gx__sets_finish(gx__sets *sets, gx_job *job);

#endif
