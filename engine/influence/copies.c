#include "engine/influence/copies.h"

enum {
    MOST = 3 << 20, /* bytes: about what a core keeps near */
    ARRAYS = 16,
    MEMORY_SHARE = 16 /* of what the job has left, all copies take at the most one in so many */
};

/* An array that has been copied: rows of both directions may be the same. */
typedef struct pair {
    const void *from, *to;
} pair;

typedef struct copying {
    gx_chances *to;
    pair done[ARRAYS];
    int count;
    size_t bytes; /* of all */
    gx_job *job;
    gx_error err;
    gx_status status;
} copying;

/* Points what `array_pointer` points to at a copy; with no `to`, only counts it. */
static void copy_array(copying *c, void *array_pointer, size_t count, size_t size) {
    pair it = {0};
    memcpy(&it.from, array_pointer, sizeof it.from);
    for (int i = 0; i < c->count && !it.to; i++) {
        it.to = c->done[i].from == it.from ? c->done[i].to : NULL;
    }
    if (!it.from || count == 0 || c->status != GX_OK) {
        return;
    }
    if (!it.to) {
        void *own = array_pointer; /* where it is only counted: anything but NULL */
        if (c->to) {
            c->status =
                gx__slabs_take(&own, &c->to->slabs, count * size, c->bytes, c->job, &c->err);
            if (c->status != GX_OK) {
                return;
            }
            memcpy(own, it.from, count * size);
        } else {
            c->bytes += (count * size + GX_CACHE_LINE - 1) / GX_CACHE_LINE * GX_CACHE_LINE;
        }
        it.to = own;
        c->done[c->count++] = it;
    }
    if (c->to) {
        memcpy(array_pointer, &it.to, sizeof it.to);
    }
}

static void copy_rows(copying *c, gx__chance_rows *rows, size_t n, size_t m) {
    copy_array(c, &rows->ptr, n + 1, sizeof *rows->ptr);
    copy_array(c, &rows->node, m, sizeof *rows->node);
    copy_array(c, &rows->even, (size_t)rows->longest + 1, sizeof *rows->even);
    copy_array(c, &rows->chance, m, sizeof *rows->chance);
    copy_array(c, &rows->stride, m, sizeof *rows->stride);
    copy_array(c, &rows->weight, m, sizeof *rows->weight);
}

static size_t bytes_of(const gx_chances *chances) {
    copying count = {0};
    gx_chances rows = *chances;
    copy_rows(&count, &rows.heeds, rows.n, rows.m);
    copy_rows(&count, &rows.heard, rows.n, rows.m);
    return count.bytes;
}

size_t gx__chances_copies_bytes(const gx_chances *chances, int threads) {
    const size_t bytes = bytes_of(chances);
    return bytes <= MOST ? bytes * (size_t)(threads - 1) : 0;
}

static bool has_room(const gx_chances *chances, const gx_job *job) {
    const uint64_t used = atomic_load(&job->mem_used);
    const uint64_t left = job->mem_limit > used ? job->mem_limit - used : 0;
    return job->mem_limit == 0 ||
           gx__chances_copies_bytes(chances, job->threads) <= left / MEMORY_SHARE;
}

gx_status gx_chances_copy(gx_chances *chances, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    copying *each = NULL;
    const size_t bytes = bytes_of(chances);
    const uint32_t copies = (uint32_t)job->threads - 1;
    if (copies == 0 || bytes > MOST || !has_room(chances, job)) {
        return GX_OK;
    }
    GX_TRY(gx_job_alloc(job, &each, (size_t)copies, sizeof *each, err));
    GX_TRY(gx_job_alloc(job, &chances->copy, (size_t)copies, sizeof *chances->copy, err));
    chances->copies = copies;
#pragma omp parallel for schedule(static, 1) num_threads(job->threads)
    for (uint32_t thread = 0; thread <= copies; thread++) { /* each its own, into its cache */
        const uint32_t t = thread - 1;
        if (thread == 0) {
            continue;
        }
        gx_chances *own = &chances->copy[t];
        *own = *chances;
        own->copy = NULL;
        own->owned_count = 0;
        own->copies = 0;
        each[t] = (copying){.to = own, .bytes = bytes, .job = job};
        copy_rows(&each[t], &own->heeds, own->n, own->m);
        copy_rows(&each[t], &own->heard, own->n, own->m);
    }
    for (uint32_t t = 0; t < copies && status == GX_OK; t++) {
        status = each[t].status;
        if (status != GX_OK && err) {
            *err = each[t].err;
        }
    }
done:
    gx_job_free(job, each);
    return status;
}

void gx__chances_forget_copies(gx_chances *chances, gx_job *job) {
    for (uint32_t t = 0; t < chances->copies; t++) {
        gx__slabs_finish(&chances->copy[t].slabs, job);
    }
    gx_job_free(job, chances->copy);
    chances->copy = NULL;
    chances->copies = 0;
}
