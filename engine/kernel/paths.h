/* What shortest paths follow, and how long a tie is: shared by every pass that walks them, so that
 * `directed`, `weighted` and `length` mean the same everywhere. */
#ifndef GX_KERNEL_PATHS_H
#define GX_KERNEL_PATHS_H

#include "engine/kernel/scores.h"

#include <math.h>

/* Two paths are equally long within this share of their length: sums of the same lengths in
 * different order differ in their last digits. */
#define GX__PATHS_EQUAL 1e-10

/* Rows of the ties a path goes along, and of the same ties backwards. `in.ptr` may be NULL: then
 * a search never looks backwards, which costs it speed only. */
typedef struct gx__paths {
    uint32_t n;
    uint64_t m;
    bool weighted; /* a tie has a length of its own; otherwise each is 1 */
    bool inverse;  /* … 1 / weight instead of the weight */
    bool directed;
    gx__rows_view out, in;
} gx__paths;

/* A view that paths follow in its own directions, every tie of length 1. */
gx__paths gx__paths_of(const gx_graph *graph);
/* As the parameters below say; needs GX__NEED_TIES. */
gx__paths gx__paths_asked(const gx_input *input, const gx_args *args);
/* The same ties the other way round. */
gx__paths gx__paths_backwards(const gx__paths *paths);

/* Of the i-th entry of `rows`. A tie that weighs 0 is no tie where weights count: infinitely
 * long. */
static inline double gx__path_length(const gx__paths *paths, const gx__rows_view *rows,
                                     uint64_t i) {
    if (!paths->weighted || !rows->weight) {
        return 1;
    }
    double weight = (double)rows->weight[i];
    return weight > 0 ? paths->inverse ? 1 / weight : weight : (double)INFINITY;
}

#define GX__PATHS_PARAMS                                                                           \
    GX__PARAM_BOOL("directed", "false", "follow ties only the way they point"),                    \
        GX__PARAM_BOOL("weighted", "false",                                                        \
                       "ties have lengths by their weights; a tie that weighs 0 is none"),         \
        {.name = "length",                                                                         \
         .type = GX_PARAM_CHOICE,                                                                  \
         .fallback = "inverse",                                                                    \
         GX_PARAM_UNCHECKED,                                                                       \
         .choices = "inverse|weight",                                                              \
         .help =                                                                                   \
             "of a weighted tie: 1 / its weight, so that strong ties are short, or its weight"}

#endif
