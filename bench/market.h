/* A generated shop of any size in a store (market.c says what is in it). */
#ifndef GX_BENCH_MARKET_H
#define GX_BENCH_MARKET_H

#include "bench/bench.h"
#include "graph/store/store.h"

typedef struct gx_market_size {
    uint32_t members, items;
    uint64_t events; /* about */
} gx_market_size;

/* Into an empty store, as one commit. Members are u0 …, items i0 …; the seed is the job's. */
GX_MUST_CHECK gx_status gx_bench_market(gx_store *store, const gx_market_size *size, gx_job *job,
                                        gx_error *err);

#endif
