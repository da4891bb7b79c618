/* Triangles: every edge of an undirected graph laid from its end of lower degree to the other, and
 * the triangles of each member, and of each edge, counted on that. Latapy, Main-memory triangle
 * computations for very large (sparse (power-law)) graphs, Theoretical Computer Science 407 (2008),
 * algorithm "forward" with marks in place of merges. */
#ifndef GX_KERNEL_TRIANGLES_H
#define GX_KERNEL_TRIANGLES_H

#include "engine/kernel/degrees.h"

/* Members take places 0.. by falling degree, equals by number. Row p holds the places lower than p
 * that p is tied to, in the order of the members' numbers; so no row is longer than √(2m). Without
 * self-loops. */
typedef struct gx__oriented {
    uint32_t n;
    uint64_t m;       /* edges, each once */
    uint32_t *member; /* n: who has the place */
    uint64_t *ptr;    /* n + 1 */
    uint32_t *dst;    /* m */
    float *weight;    /* m, or NULL where the graph has none or they were not asked for */
} gx__oriented;

/* Members and their places: order[p] has the place p, and place[v] is that of v. `order` and
 * `place` are n each. */
GX_MUST_CHECK gx_status gx__places_by_degree(uint32_t *order, uint32_t *place,
                                             const gx_graph *graph, gx_job *job, gx_error *err);

/* O(n + m) time. `graph` is undirected. Held on the job's account until gx__oriented_free. */
GX_MUST_CHECK gx_status gx__orient(gx__oriented *out, const gx_graph *graph, bool weighted,
                                   gx_job *job, gx_error *err);
void gx__oriented_free(gx__oriented *oriented, gx_job *job);

/* count[p] += triangles with the member of place p. With `support` (m, or NULL) support[i] +=
 * triangles with the i-th edge. The same at any thread count, since only integers are added.
 * O(m · √m) time at worst, 4 bytes a member and thread. */
GX_MUST_CHECK gx_status gx__triangles_count(uint64_t *count, uint32_t *support,
                                            const gx__oriented *oriented, gx_job *job,
                                            gx_error *err);

/* count[p] += Σ over the triangles of place p of the product of how often its three ties are there,
 * 1 or 2 as they go one way or both in `graph`, which is directed, with in-arrays, and the same as
 * what was laid out but for direction. Time and threads as above; 4 bytes a member and thread, 1 an
 * edge. */
GX_MUST_CHECK gx_status gx__triangles_count_directed(uint64_t *count, const gx__oriented *oriented,
                                                     const gx_graph *graph, gx_job *job,
                                                     gx_error *err);
uint64_t gx__triangles_directed_bytes(uint64_t n, uint64_t m, int threads); /* of both, as below */

/* Bytes held at the peak by the two together; m arcs, of which each edge has two. */
uint64_t gx__triangles_bytes(uint64_t n, uint64_t m, bool weighted, bool support, int threads);
/* Seconds on one core, by the degrees alone: fewer steps where members of many ties keep to
 * themselves. */
double gx__triangles_cpu_s(const gx__degrees *degrees);

#endif
