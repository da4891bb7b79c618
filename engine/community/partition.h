/* Partitions as plain arrays: community[v] is a number, GX_NONE never occurs. What every community
 * pass needs to turn what it found into what it gives. */
#ifndef GX_COMMUNITY_PARTITION_H
#define GX_COMMUNITY_PARTITION_H

#include "graph/pass/pass.h"

/* One more than the highest number; 0 where there is nobody. */
uint32_t gx_partition_count(const uint32_t *community, uint32_t n);

/* Leiden's circles, "leiden.community" of input->arrays, and how many there are. not_found;
 * corrupt: a number that is not below the members. */
GX_MUST_CHECK gx_status gx_partition_circles(const uint32_t **out, uint32_t *out_count,
                                             const gx_input *input, gx_error *err);

/* Renumbers densely in order of first appearance; numbers must be below n. *out_count communities.
 */
GX_MUST_CHECK gx_status gx_partition_compact(uint32_t *community, uint32_t n, uint32_t *out_count,
                                             gx_job *job, gx_error *err);

/* Renumbers by falling size, ties by smallest member: the order every community pass promises. */
GX_MUST_CHECK gx_status gx_partition_order(uint32_t *community, uint32_t n, uint32_t *out_count,
                                           gx_job *job, gx_error *err);

/* Splits what is not connected in `graph` (undirected) into its components; compact afterwards. An
 * arc of weight 0 connects nothing. O(n + m). */
GX_MUST_CHECK gx_status gx_partition_split(uint32_t *community, const gx_graph *graph,
                                           uint32_t *out_count, gx_job *job, gx_error *err);

/* Counting sort: the items 0 … n-1, or those of order[0 … n-1] in that order, by group. `at` holds
 * groups + 1 entries, `item` n; both are the caller's. */
void gx_partition_group(uint32_t *at, uint32_t *item, const uint32_t *group, uint32_t groups,
                        const uint32_t *order, uint32_t n);

/* For estimates of what works on Leiden's circles: how many there are, or where they are not there
 * yet about as many as graphs of that size have, 2 √n; and at most how many pairs of them ties
 * join, each both ways. O(n). */
uint64_t gx_partition_expected(uint64_t *out_pairs, const gx_input *input);

#endif
