/* Figures of the structure of a community: the whole and each of its circles. What the pass
 * `structure` is made of. */
#ifndef GX_OPERATIONS_STRUCTURE_H
#define GX_OPERATIONS_STRUCTURE_H

#include "engine/kernel/msbfs.h"

/* Ties within circles, members renumbered so that each circle is one run: circle c has the places
 * [at[c], at[c + 1]), `member` says who has a place. Without self-loops. */
typedef struct gx__inner {
    uint32_t n, circles;
    const uint32_t *community;
    uint32_t *at, *member, *place;
    uint64_t *ptr; /* n + 1, by place */
    uint32_t *dst; /* places, or once gx__inner_localise was called, places less at[c] */
    float *weight; /* NULL where the graph has none */
} gx__inner;

GX_MUST_CHECK gx_status gx__inner_init(gx__inner *out, const gx_graph *graph,
                                       const uint32_t *community, uint32_t circles, gx_job *job,
                                       gx_error *err);
void gx__inner_localise(gx__inner *inner);
void gx__inner_finish(gx__inner *inner, gx_job *job); /* safe on a cleared one */

/* Undirected ties among n members. NaN where there is nothing to say: no member with two ties, no
 * tie, all degrees equal. */
typedef struct gx__texture {
    double ties;       /* each once */
    double clustering; /* closed share of paths of two ties: transitivity (Newman 2010, 7.41) */
    double local_clustering; /* mean over members with two ties or more (Watts and Strogatz 1998) */
    double assortativity;    /* correlation of degrees over ties (Newman 2002, equation 4) */
    double weight;           /* of all ties, each once */
    /* Transitivity where a path of two ties counts by their mean weight (Opsahl and Panzarasa
     * 2009); the same around a member, mean over those with two ties and weight (Barrat et al.
     * 2004, equation 5); correlation of strengths, Σ weight of a member's ties, over ties. */
    double weighted_clustering, weighted_local_clustering, weighted_assortativity;
} gx__texture;

/* Of `graph` as a whole and, where `out` has room for more than one, of the parts [at[k], at[k +
 * 1]) of its members, to which all ties are confined: out[0 … parts). `at` NULL: one part, all
 * members. Undirected, self-loops do not count. O(m √m) at worst. */
GX_MUST_CHECK gx_status gx__texture_of(gx__texture *out, const gx_graph *graph, const uint32_t *at,
                                       uint32_t parts, gx_job *job, gx_error *err);
uint64_t gx__texture_bytes(uint64_t n, uint64_t m, bool weighted, int threads);

/* Distances from a sample of sources to whomever they reach; the errors are standard errors of the
 * sampling, 0 where every member was a source. NaN where nobody reaches anybody. */
typedef struct gx__spread {
    double mean, mean_error;
    double diameter,
        diameter_error; /* effective: 90 in 100 distances are at most this, interpolated */
    double reached;     /* share of all others */
    uint32_t samples;
} gx__spread;

enum { GX__SPREAD_GROUPS = 8, GX__SPREAD_LANES = 64 };

/* How often each distance was seen by a group of sources. */
typedef struct gx__distances {
    uint64_t *count; /* by distance */
    uint32_t room, longest;
    bool failed; /* no memory: said by gx__spread_group */
    gx_job *job;
} gx__distances;

/* From sources[0 … count) of `paths`; adds to `out`. */
GX_MUST_CHECK gx_status gx__spread_group(gx__distances *out, gx__msbfs *work,
                                         const gx__paths *paths, const uint32_t *sources,
                                         uint32_t count, gx_job *job, gx_error *err);
/* Of n members, from groups of sources with about as many each; the errors are the groups'
 * jackknife (Tukey 1958), with the correction for a finite population. */
void gx__spread_close(gx__spread *out, const gx__distances *groups, uint32_t group_count,
                      uint32_t n, uint32_t samples);
void gx__distances_finish(gx__distances *distances);

#endif
