/* Memory handed out piece by piece and given back all at once, in pages as wide as there are: many
 * requests of several threads would wait for each other, in the allocator and in the kernel. A
 * thread has its own and they are joined at the end. Counted against the job. */
#ifndef GX_KERNEL_SLABS_H
#define GX_KERNEL_SLABS_H

#include "graph/base/base.h"
#include "graph/base/job.h"

/* All 0: none yet. */
typedef struct gx__slabs {
    struct gx__slab *last;  /* they are in a chain; of this one */
    struct gx__slab *spare; /* given up, to be handed out again */
    char *free;             /* `left` bytes from here on */
    size_t left;
    size_t bytes; /* handed out */
} gx__slabs;

/* `bytes` on a cache line of their own, of zeros where no memory was given up before. Where there
 * is no room for them, a slab is begun for `likely` bytes, these included, but for at most 16 MiB
 * at once. */
GX_MUST_CHECK gx_status gx__slabs_take(void *out_pointer, gx__slabs *slabs, size_t bytes,
                                       size_t likely, gx_job *job, gx_error *err);
/* All that was handed out is given up; its memory stays, since what has been touched costs less
 * than what is new, and is handed out first. */
void gx__slabs_reuse(gx__slabs *slabs);
/* What `from` handed out is `slabs`' from now on, and `from`, which has given nothing
 * up, is empty. */
void gx__slabs_join(gx__slabs *slabs, gx__slabs *from);
void gx__slabs_finish(gx__slabs *slabs, gx_job *job);

#endif
