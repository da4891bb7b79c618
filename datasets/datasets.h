/* Graphs and shops that guanxi makes or knows by heart: classic tiny graphs written down as facts, random
 * graphs, and the sample shop with everything planted in it and the truth beside it. */
#ifndef GX_DATASETS_DATASETS_H
#define GX_DATASETS_DATASETS_H

#include "graph/base/job.h"

typedef struct gx_classic {
    const char *name;   /* "karate" */
    const char *source; /* paper */
    uint32_t n, m;
    const uint32_t (*edges)[2];
    const uint32_t *label; /* ground truth, NULL: none */
} gx_classic;

const gx_classic *gx_classics(size_t *out_count);

typedef struct gx_shop_options {
    uint32_t users; /* default 2,000; items, groups and events follow from it */
    uint64_t seed;
    bool gzip;
} gx_shop_options;

/* Writes users.csv items.csv groups.csv members.csv ties.csv events.csv coupons.csv and truth/… into the
 * folder `path`, which it makes. The same bytes for the same options. docs/sample-shop.md says what is
 * planted and how. */
GX_MUST_CHECK gx_status gx_shop_write(const char *path, const gx_shop_options *options, gx_job *job,
                                      gx_error *err);

#endif
