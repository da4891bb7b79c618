#include "engine/kernel/slabs.h"

/* Its pieces follow, from the next cache line on. */
struct gx__slab {
    struct gx__slab *before;
    size_t bytes;
};

enum { SLAB_BYTES = 1 << 24, LINE = GX_CACHE_LINE };

static void fill_from(gx__slabs *slabs, struct gx__slab *slab) {
    slab->before = slabs->last;
    slabs->last = slab;
    slabs->free = (char *)slab + LINE;
    slabs->left = slab->bytes;
}

/* The next spare one that holds so many; those before it are too small for what is done now. */
static struct gx__slab *take_spare(gx__slabs *slabs, size_t bytes, gx_job *job) {
    struct gx__slab *one;
    while ((one = slabs->spare) != NULL) {
        slabs->spare = one->before;
        if (one->bytes >= bytes) {
            return one;
        }
        gx_job_free(job, one);
    }
    return NULL;
}

static gx_status begin(gx__slabs *slabs, size_t bytes, gx_job *job, gx_error *err) {
    struct gx__slab *fresh;
    gx_status status = gx_job_alloc(job, &fresh, LINE + bytes, 1, err);
    if (status == GX_OK) {
        gx_wide_pages(fresh, LINE + bytes);
        fresh->bytes = bytes;
        fill_from(slabs, fresh);
    }
    return status;
}

gx_status gx__slabs_take(void *out_pointer, gx__slabs *slabs, size_t bytes, size_t likely,
                         gx_job *job, gx_error *err) {
    const size_t whole = ((bytes > 0 ? bytes : 1) + LINE - 1) / LINE * LINE;
    if (whole < bytes) {
        return gx_fail_memory(err, bytes);
    }
    struct gx__slab *spare = whole > slabs->left ? take_spare(slabs, whole, job) : NULL;
    if (spare) {
        fill_from(slabs, spare);
    } else if (whole > slabs->left) {
        const size_t most = likely < SLAB_BYTES ? likely : SLAB_BYTES;
        const gx_status status = begin(slabs, most > whole ? most : whole, job, err);
        if (status != GX_OK) {
            return status;
        }
    }
    memcpy(out_pointer, &slabs->free, sizeof slabs->free);
    slabs->free += whole;
    slabs->left -= whole;
    slabs->bytes += whole;
    return GX_OK;
}

/* In the order they were begun in, the small ones first. */
void gx__slabs_reuse(gx__slabs *slabs) {
    struct gx__slab *one;
    while ((one = slabs->last) != NULL) {
        slabs->last = one->before;
        one->before = slabs->spare;
        slabs->spare = one;
    }
    slabs->free = NULL;
    slabs->left = slabs->bytes = 0;
}

void gx__slabs_join(gx__slabs *slabs, gx__slabs *from) {
    struct gx__slab **end = &from->last;
    while (*end) {
        end = &(*end)->before;
    }
    *end = slabs->last; /* none is filled any further */
    *slabs = (gx__slabs){.last = from->last, .bytes = slabs->bytes + from->bytes};
    *from = (gx__slabs){0};
}

void gx__slabs_finish(gx__slabs *slabs, gx_job *job) {
    struct gx__slab *one;
    gx__slabs_reuse(slabs);
    while ((one = slabs->spare) != NULL) {
        slabs->spare = one->before;
        gx_job_free(job, one);
    }
    *slabs = (gx__slabs){0};
}
