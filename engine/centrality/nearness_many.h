/* Scores of up to 256 members at once, exactly: breadth-first searches from all of them, a bit each
 * (engine/kernel/msbfs.h), and of each search how many members it reaches at each level. */
#ifndef GX_CENTRALITY_NEARNESS_MANY_H
#define GX_CENTRALITY_NEARNESS_MANY_H

#include "engine/centrality/nearness_score.h"
#include "engine/kernel/msbfs.h"

enum { GX__MANY_WORDS = GX__LANES / 64, GX__MANY_KEPT = 16, GX__MANY_DIGITS = 32 };

typedef struct gx__many_bits {
    uint64_t word[GX__MANY_WORDS];
} gx__many_bits;

/* One thread's. */
typedef struct gx__many {
    const gx__nearness *a;
    gx__msbfs searches;
    uint32_t member[GX__LANES], count;         /* who is to be searched from */
    double sum[GX__LANES], reached[GX__LANES]; /* of each search */
    uint32_t level;
    uint32_t kept;
    gx__many_bits keep[GX__MANY_KEPT];    /* arrivals not counted yet */
    gx__many_bits digit[GX__MANY_DIGITS]; /* of the counts of this level: a bit of each search */
} gx__many;

GX_MUST_CHECK gx_status gx__many_init(gx__many *out, const gx__nearness *a, gx_error *err);
void gx__many_finish(gx__many *many, gx_job *job); /* safe on a cleared one */
uint64_t gx__many_bytes(uint32_t n);

/* Fills `sum` and `reached`, added up level by level as one search does. Not to be used where the
 * job should stop. */
void gx__many_run(gx__many *many);

#endif
