/* Graphs and shops that guanxi makes or knows by heart: classic tiny graphs written down as facts,
 * random graphs, and the sample shop with everything planted in it and the truth beside it. */
#ifndef GX_DATASETS_DATASETS_H
#define GX_DATASETS_DATASETS_H

#include "graph/base/job.h"

typedef struct gx_classic {
    const char *name;   /* "karate" */
    const char *source; /* paper */
    uint32_t n, m;
    const uint32_t (*edges)[2];
    const uint32_t *label;    /* ground truth, NULL: none */
    const char *const *names; /* of the nodes, NULL: none */
} gx_classic;

const gx_classic *gx_classics(size_t *out_count);

typedef struct gx_shop_options {
    uint32_t users; /* 50 to 10,000,000; 0: 2,000. Items, groups and events follow from it */
    uint64_t seed;
    bool gzip;
    uint64_t events; /* at least so many: views are added; 0: about 35 a member */
} gx_shop_options;

/* Writes users.csv items.csv groups.csv members.csv ties.csv events.csv coupons.csv and truth/…
 * into the folder `path`, which it makes where it is not there (its parent is). The same bytes for
 * the same options; a file appears when it is whole. docs/sample-shop.md says what is planted and
 * how. */
GX_MUST_CHECK gx_status gx_shop_write(const char *path, const gx_shop_options *options, gx_job *job,
                                      gx_error *err);

#endif
