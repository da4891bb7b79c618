/* On which day each member is reached: every kept arc takes a time of its own, drawn evenly without
 * memory (exponential, of one mean), and a member is reached when the first way to it is through
 * (Gomez-Rodriguez, Balduzzi and Schölkopf, Uncovering the temporal dynamics of diffusion networks,
 * ICML 2011). The time of an arc is named by (world, arc): two plans of one seed meet the same. */
#ifndef GX_INFLUENCE_DATES_H
#define GX_INFLUENCE_DATES_H

#include "engine/influence/chances.h"
#include "engine/kernel/heap.h"

typedef struct gx__dates {
    gx__heap heap;
    uint64_t *day; /* days + 1: members reached on each, summed over runs; the last: later */
    uint32_t days;
    double delay; /* mean days of an arc, above 0 */
} gx__dates;

/* 16 bytes a member. gx__dates_finish in any case. */
GX_MUST_CHECK gx_status gx__dates_init(gx__dates *dates, uint32_t n, uint32_t days, double delay,
                                       gx_job *job, gx_error *err);
void gx__dates_finish(gx__dates *dates, gx_job *job);
/* Adds a run to `day`. `reached` are those reached in this world, the first `seeds` from the
 * beginning. Stops early where the job should stop. O(r log r) in those reached and arcs kept. */
void gx__dates_add(gx__dates *dates, const gx_chances *chances, const uint32_t *reached,
                   uint32_t seeds, uint32_t count, uint64_t world, gx_job *job);

#endif
