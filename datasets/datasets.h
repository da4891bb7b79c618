/* Graphs and shops that guanxi makes or knows by heart: classic tiny graphs written down as facts,
 * random graphs, and the sample shop with everything planted in it and the truth beside it. */
#ifndef GX_DATASETS_DATASETS_H
#define GX_DATASETS_DATASETS_H

#include "graph/base/job.h"
#include "graph/base/param.h"

typedef struct gx_classic {
    const char *name;   /* "karate" */
    const char *source; /* paper */
    uint32_t n, m;
    const uint32_t (*edges)[2];
    const uint32_t *label;    /* ground truth, NULL: none */
    const char *const *names; /* of the nodes, NULL: none */
} gx_classic;

const gx_classic *gx_classics(size_t *out_count);

/* ---- random graphs -------------------------------------------------------------------------- */

/* Each edge once and never to itself, sorted by its smaller and then its larger end; which end is
 * `src` is drawn, so that the arcs as given are not without circles. */
typedef struct gx_edges {
    uint32_t n;
    uint64_t m;
    uint32_t *src, *dst; /* m */
    uint32_t *label;     /* n: the group each member was put in; NULL: none are planted */
} gx_edges;

/* What a graph will be, before anything is drawn. */
typedef struct gx_edges_expected {
    uint32_t n;
    uint64_t m;          /* on average; of rmat at the most */
    uint64_t mem_bytes;  /* held at the peak while it is made */
    uint64_t text_bytes; /* of the edge list, not compressed; at the most, for that many edges */
} gx_edges_expected;

/* A model of random graphs: one file generate_NAME.c and one row of generators.def. */
typedef struct gx_generator {
    const char *name, *summary;
    const char *paper;
    const gx_param *params;
    size_t param_count;
    bool labels; /* plants groups */
    /* Fills all but text_bytes. bad_request: several parameters that no graph has together. */
    gx_status (*expect)(gx_edges_expected *out, const gx_args *args, gx_error *err);
    gx_status (*run)(gx_edges *out, const gx_args *args, gx_job *job, gx_error *err);
} gx_generator;

const gx_generator *const *gx_generators(size_t *out_count);
const gx_generator *gx_generator_find(const char *name); /* NULL: none */
/* `params` is a map, or NULL for all defaults; the seed is the job's. The same bytes for the same
 * seed and parameters, on any machine and at any number of threads. not_found: no such generator;
 * bad_request: a parameter, or several that no graph has together. */
GX_MUST_CHECK gx_status gx_generate(gx_edges *out, const char *name, const gx_value *params,
                                    gx_job *job, gx_error *err);
/* What that would make; refuses what it refuses. */
GX_MUST_CHECK gx_status gx_generate_estimate(gx_edges_expected *out, const char *name,
                                             const gx_value *params, gx_error *err);
void gx_edges_finish(gx_edges *edges, gx_job *job); /* the job it was made with */
/* An edge a line, "u v", or a label a line, "v label"; gzip'ed where asked. The file stays open. */
GX_MUST_CHECK gx_status gx_edges_write(int fd, const gx_edges *edges, bool gzip, gx_job *job,
                                       gx_error *err);
GX_MUST_CHECK gx_status gx_edges_write_labels(int fd, const gx_edges *edges, bool gzip, gx_job *job,
                                              gx_error *err);

/* ---- the sample shop ------------------------------------------------------------------------ */

typedef struct gx_shop_options {
    uint32_t users; /* 50 to 10,000,000; 0: 2,000. Items, groups and events follow from it */
    uint64_t seed;
    bool gzip;
    uint64_t events; /* at least so many: views are added; 0: about 35 a member */
    uint32_t fakes;  /* schemes of fake accounts besides, at most 3,000; nothing else changes */
    uint32_t
        players; /* accounts of each planted role besides, at most 1,000; nothing else changes */
} gx_shop_options;

/* Writes users.csv items.csv groups.csv members.csv ties.csv events.csv coupons.csv and truth/…
 * into the folder `path`, which it makes where it is not there (its parent is). The same bytes for
 * the same options; a file appears when it is whole. docs/sample-shop.md says what is planted and
 * how. */
GX_MUST_CHECK gx_status gx_shop_write(const char *path, const gx_shop_options *options, gx_job *job,
                                      gx_error *err);

#endif
