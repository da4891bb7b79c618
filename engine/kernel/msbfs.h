/* Up to 256 breadth-first searches at once, a bit each: who is reached by which of them at which
 * level (Then et al.: The more the merrier: efficient multi-source graph traversal, 2014). Searches
 * in a small world meet the same members at the same levels, so a look at a tie serves many of
 * them. A level is found forwards, or backwards by those whom not all searches have reached, who
 * stop looking when nothing is left to find.
 *
 * A workspace serves one thread. 32 bytes a member for up to 64 searches, 104 for more. */
#ifndef GX_KERNEL_MSBFS_H
#define GX_KERNEL_MSBFS_H

#include "engine/kernel/paths.h"

enum { GX__LANES = 256 };

typedef struct gx__msbfs {
    uint32_t n;
    uint32_t words;                /* a member's bits: 1 or 4 */
    uint64_t *seen, *front, *next; /* n × words each */
    uint32_t *list[2];             /* members with bits in front; in next */
    uint32_t count[2];
} gx__msbfs;

/* `lanes` is the number of searches at once, up to GX__LANES. */
GX_MUST_CHECK gx_status gx__msbfs_init(gx__msbfs *out, uint32_t n, uint32_t lanes, gx_job *job,
                                       gx_error *err);
uint64_t gx__msbfs_bytes(uint32_t n, uint32_t lanes);
void gx__msbfs_finish(gx__msbfs *work, gx_job *job); /* safe on a cleared one */

/* `searches` of them reach v at this level, 1 or more; which, is told by the words of v in `next`.
 */
typedef void (*gx__msbfs_visit)(void *user, uint32_t v, uint32_t level, uint32_t searches);

/* The i-th source belongs to search lane[i], or i where lane is NULL; a search may have several.
 * `visit` is called once for each member and level at which some search reaches it, levels rising.
 * Ends early where the job should stop. */
void gx__msbfs_run(gx__msbfs *work, const gx__paths *paths, const uint32_t *source,
                   const uint16_t *lane, uint32_t count, gx__msbfs_visit visit, void *user,
                   gx_job *job);

#endif
