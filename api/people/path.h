/* Shortest paths between two members, searched from both ends at once over rows that a caller
 * reads: nothing is held of the graph but the members the two searches have met.
 *
 * By steps: breadth first from either end, a whole level at a time and always the smaller one. When
 * levels a and b first meet, a + b is the distance, and every shortest path passes exactly one of
 * the members at distance a from one end and b from the other.
 *
 * By length: Dijkstra from either end (Pohl 1971); the search ends when the two nearest distances
 * still open sum to no less than the best path met.
 *
 * Time and memory are those of the ties read: in a social graph some square root of all of them.
 * That is why neither the searches of engine/kernel nor a held graph (api/graphs.h) serve here:
 * those go from one end to everybody, over a graph that is read whole. A first call on R-MAT 20 (16
 * million ties) takes 15 to 72 ms of CPU, the program's start with it, and reading that graph 2 s;
 * and the live rows know who blocked whom, and of each tie its kinds and when it was. */
#ifndef GX_API_PATH_H
#define GX_API_PATH_H

#include "graph/base/job.h"

typedef struct gx_step {
    uint32_t user;
    double length; /* of the tie, above 0 */
} gx_step;

/* The ties of `user` in the direction of the search: away from the source where `backward` is
 * false, towards the target where it is true; by rising user, each once. Borrowed until the next
 * call. */
typedef gx_status (*gx_steps_fn)(void *context, const gx_step **out, size_t *out_count,
                                 uint32_t user, bool backward, gx_error *err);

typedef struct gx_path {
    uint32_t *user; /* from source to target, steps + 1 */
    uint32_t steps;
} gx_path;

typedef struct gx_paths {
    bool connected;
    double length; /* steps, or the sum of the ties' lengths */
    double ways;   /* how many paths are as short; exact below 2^53. 1 where searched by length */
    gx_path *path; /* the first of them, in an order that depends on nothing but the ties */
    uint32_t count;
    /* Where they are not connected: whether it is the target that stands apart (else the source),
     * and with how many others it is connected in the direction of the search. */
    bool target_apart;
    uint64_t others;
} gx_paths;

typedef struct gx_path_query {
    uint32_t source, target;
    bool by_length; /* else by steps */
    uint32_t limit; /* at most so many paths by steps; by length it is one */
    gx_steps_fn steps;
    void *context; /* of `steps` */
} gx_path_query;

/* Made in `arena`. A path from a member to themselves has no steps. */
GX_MUST_CHECK gx_status gx_paths_find(gx_paths *out, const gx_path_query *query, gx_arena *arena,
                                      gx_job *job, gx_error *err);

#endif
