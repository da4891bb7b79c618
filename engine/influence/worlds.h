/* Worlds of kept arcs, condensed: what reverse-reachable sets are to small spreads these are to
 * spreads that take a good part of the graph, where every set would list thousands of members. In
 * one world all members that reach each other are one knot, and who is reached from a seed is what
 * lies behind its knot (Ohsaka, Akiba, Yoshida, Kawarabayashi, Fast and accurate influence
 * maximization on large networks with pruned Monte-Carlo simulations, AAAI 2014).
 *
 * Where chances are small, nearly all members keep no arc in a world: they lead on to nobody. So
 * what is kept of a world is of the others, the keepers, and a member's place in it is its own
 * number if it keeps nothing, else n and the number of its knot. Arcs lead to lower places.
 *
 * A world is that of gx_simulate's run of the same number. Memory of a world: half a byte a member,
 * 4 bytes a keeper, 12 a knot and 4 a kept arc that leads out of its knot. */
#ifndef GX_INFLUENCE_WORLDS_H
#define GX_INFLUENCE_WORLDS_H

#include "engine/influence/chances.h"
#include "engine/influence/greedy.h"
#include "engine/kernel/slabs.h"

/* Of 64 members: whether each is a keeper, and how many keepers there are before them. */
typedef struct gx__keepers {
    uint64_t bits;
    uint32_t before;
} gx__keepers;

typedef struct gx__world {
    _Alignas(GX_CACHE_LINE) uint32_t knots; /* worlds side by side are made by two threads */
    gx__keepers *keepers;                   /* n / 64 + 1 */
    uint32_t *knot;                         /* of each keeper in order */
    double *size;                           /* knots: worth of its members */
    uint32_t *ptr;                          /* knots + 1 */
    uint32_t *next;  /* places that its arcs lead to, some of them more than once */
    uint64_t *taken; /* a bit a place: reached from those chosen */
    /* While nobody is chosen: the largest knot, whom most others reach, so that what lies behind it
     * is added up once. GX_NONE: not any more. */
    uint32_t hub;
    double behind;      /* worth of all that is reached from it */
    uint64_t *from_hub; /* a bit a place: reached from it */
    uint64_t *to_hub;   /* a bit a knot: reaching it */
} gx__world;

enum { GX__WORLD_MEMBERS = INT32_MAX }; /* at the most: places are twice as many */

typedef struct gx__worlds {
    uint32_t n, count;
    const double *weight; /* n, or NULL: 1 each */
    gx__world *world;
    gx__slabs slabs; /* where their arrays lie */
} gx__worlds;

/* Of a bit a place. */
static inline size_t gx__world_words(uint32_t n, uint32_t knots) {
    return ((size_t)n + knots) / 64 + 1;
}

/* Worlds first … first + count − 1; `weight` as in gx__roots_make, checked, and kept: it
 * must outlive the worlds. The chances are a cascade's, with rows forward. over_limit: more than
 * 2,147,483,647 members. */
GX_MUST_CHECK gx_status gx__worlds_make(gx__worlds *out, const gx_chances *chances,
                                        const double *weight, uint32_t first, uint32_t count,
                                        gx_job *job, gx_error *err);
void gx__worlds_finish(gx__worlds *worlds, gx_job *job);
/* sum[v] += worth reached from v alone, itself included, in all worlds; nobody is chosen. */
GX_MUST_CHECK gx_status gx__worlds_alone(double *sum, const gx__worlds *worlds, gx_job *job,
                                         gx_error *err);
/* Greedy by what is reached beyond those chosen, Σ over worlds; gain[i] is that of the i-th, mean
 * over worlds. Goes on from what is chosen. */
GX_MUST_CHECK gx_status gx__worlds_choose(gx__chosen_so_far *chosen, double *gain,
                                          gx__worlds *worlds, gx_job *job, gx_error *err);
/* Mean worth reached from the seeds, gain[i] by the i-th beyond those before, and the standard
 * error over worlds. Nobody is chosen before or after. */
GX_MUST_CHECK gx_status gx__worlds_judge(double *out_mean, double *out_error, double *gain,
                                         gx__worlds *worlds, const uint32_t *seed, uint32_t count,
                                         gx_job *job, gx_error *err);

#endif
