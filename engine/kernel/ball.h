/* The members within so many ties of one, ring by ring: a breadth-first search that ends early and
 * costs what it visits, however many are made one after the other. */
#ifndef GX_KERNEL_BALL_H
#define GX_KERNEL_BALL_H

#include "engine/kernel/neighbours.h"

/* One thread's search. The ring reached last is queue[from, to), all before it queue[0, from). */
typedef struct gx__ball {
    const gx__rows_view *rows;
    const uint8_t *gone; /* members to pass by; NULL: none */
    gx_job *job;
    uint32_t *seen;  /* n: number of the last search that came here */
    uint32_t *queue; /* n */
    uint32_t n, number, from, to;
    uint64_t looked;
    bool stopped;
} gx__ball;

/* So many, 1 or more; 8 bytes a member each. */
GX_MUST_CHECK gx_status gx__balls_make(gx__ball **out, int count, const gx__rows_view *rows,
                                       const uint8_t *gone, uint32_t n, gx_job *job, gx_error *err);
void gx__balls_free(gx__ball *balls, gx_job *job); /* accepts NULL */
uint64_t gx__balls_bytes(uint32_t n, int count);

/* A new search from one member, or from several at once, who are the first ring. */
void gx__ball_start(gx__ball *ball, const uint32_t *members, uint32_t count);
/* One tie farther. False where nobody is there, or the job should stop, which `stopped` tells. */
bool gx__ball_widen(gx__ball *ball);
/* Σ worth over those one tie farther, without going there: no queue to write, and no branch. Those
 * gone have a worth of 0. The ball is of no use afterwards but to start again. */
uint64_t gx__ball_add_next(gx__ball *ball, const uint32_t *worth);

#endif
