/* The greedy choice within limits, whatever it is that seeds add: lazily, since what a member adds
 * only falls (Minoux 1978). Those dearer come later: worth is what is added for what it costs,
 * unless the limits say `by_gain`. */
#ifndef GX_INFLUENCE_GREEDY_H
#define GX_INFLUENCE_GREEDY_H

#include "engine/influence/limits.h"

typedef struct gx__added {
    void *of;
    /* worth[i]: what member[i] would add to those taken; 0 or more. `none`: nobody is taken yet. */
    void (*worth)(void *of, double *worth, const uint32_t *member, uint32_t count, bool none);
    uint32_t at_once;                     /* members asked about together at the most: 1 or more */
    double (*take)(void *of, uint32_t v); /* takes v; what it added */
    /* Looks at how things stand, after no seed, then after an eighth, a quarter, half of all, all;
     * NULL: nobody looks. */
    gx_status (*look)(void *of, const gx__chosen_so_far *chosen, gx_job *job, gx_error *err);
} gx__added;

/* Takes those chosen already, then goes on to the end of the limits; gain[i] is what the i-th
 * added. 16 bytes a member, 12 of those at once. */
GX_MUST_CHECK gx_status gx__greedy(gx__chosen_so_far *chosen, double *gain, const gx__added *added,
                                   gx_job *job, gx_error *err);

#endif
