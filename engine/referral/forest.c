/* Trees from parents: generations, sizes and a depth-first numbering in three passes over the
 * nodes, since parents come first; and parents with cycles made into such. O(n) and O(n log n). */
#include "engine/referral/forest.h"

#include "graph/csr/graph.h"

#include <stdlib.h>

static void fill(gx_forest *f) {
    for (uint32_t v = f->count; v-- > 0;) {
        f->size[v]++;
        if (f->parent[v] != GX_NONE) {
            f->size[f->parent[v]] += f->size[v];
            f->children[f->parent[v]]++;
        }
    }
    for (uint32_t v = 0; v < f->count; v++) {
        const uint32_t p = f->parent[v];
        f->root[v] = p == GX_NONE ? v : f->root[p];
        f->generation[v] = p == GX_NONE ? 0 : f->generation[p] + 1;
    }
}

/* A node's trees-to-be lie behind it, each behind what its earlier siblings took. */
static void fill_places(gx_forest *f, uint32_t *taken) {
    uint32_t next_root = 0;
    for (uint32_t v = 0; v < f->count; v++) {
        const uint32_t p = f->parent[v];
        uint32_t *at = p == GX_NONE ? &next_root : &taken[p];
        f->place[v] = *at + (p == GX_NONE ? 0 : f->place[p] + 1);
        *at += f->size[v];
    }
}

gx_status gx_forest_make(gx_forest *out, const uint32_t *parent, uint32_t count, gx_job *job,
                         gx_error *err) {
    gx_status status;
    uint32_t *taken = NULL;
    gx_forest f = {.count = count, .parent = parent};
    GX_TRY(gx_job_alloc(job, &f.root, count, sizeof *f.root, err));
    GX_TRY(gx_job_alloc(job, &f.generation, count, sizeof *f.generation, err));
    GX_TRY(gx_job_alloc(job, &f.children, count, sizeof *f.children, err));
    GX_TRY(gx_job_alloc(job, &f.size, count, sizeof *f.size, err));
    GX_TRY(gx_job_alloc(job, &f.place, count, sizeof *f.place, err));
    GX_TRY(gx_job_alloc(job, &taken, count, sizeof *taken, err));
    fill(&f);
    fill_places(&f, taken);
    *out = f;
    f = (gx_forest){0};
done:
    gx_job_free(job, taken);
    gx_forest_finish(&f, job);
    return status;
}

void gx_forest_finish(gx_forest *forest, gx_job *job) {
    gx_job_free(job, forest->root);
    gx_job_free(job, forest->generation);
    gx_job_free(job, forest->children);
    gx_job_free(job, forest->size);
    gx_job_free(job, forest->place);
    *forest = (gx_forest){0};
}

/* ---- parents as they were claimed --------------------------------------------------------- */

typedef struct dated {
    int64_t ts_ms; /* INT64_MAX: not known */
    uint32_t node;
} dated;

static int by_time(const void *a, const void *b) {
    const dated *x = a, *y = b;
    if (x->ts_ms != y->ts_ms) {
        return x->ts_ms < y->ts_ms ? -1 : 1;
    }
    return (x->node > y->node) - (x->node < y->node);
}

/* Walks up from every node; one met again on the same walk closes a cycle. `rank` is its place by
 * time; the least of the cycle loses its parent. */
static uint64_t cut_cycles(uint32_t *parent, uint32_t *walk, const uint32_t *rank, uint32_t count) {
    uint64_t cycles = 0;
    for (uint32_t from = 0; from < count; from++) {
        uint32_t v = from;
        while (v != GX_NONE && walk[v] == 0) {
            walk[v] = from + 1;
            v = parent[v];
        }
        if (v == GX_NONE || walk[v] != from + 1) {
            continue;
        }
        uint32_t first = v;
        for (uint32_t w = parent[v]; w != v; w = parent[w]) {
            first = rank[w] < rank[first] ? w : first;
        }
        parent[first] = GX_NONE;
        cycles++;
    }
    return cycles;
}

/* By rank; whose parent is not there yet waits: the chain up to one that is there goes first. */
static void put_in_order(uint32_t *order, uint32_t *chain, uint8_t *there, const dated *by,
                         const uint32_t *parent, uint32_t count) {
    uint32_t placed = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t height = 0;
        for (uint32_t v = by[i].node; v != GX_NONE && !there[v]; v = parent[v]) {
            there[v] = 1;
            chain[height++] = v;
        }
        while (height > 0) {
            order[placed++] = chain[--height];
        }
    }
}

gx_status gx_parents_settle(uint32_t *parent, uint32_t *order, uint64_t *out_cycles,
                            const int64_t *ts_ms, uint32_t count, gx_job *job, gx_error *err) {
    gx_status status;
    dated *by = NULL;
    uint32_t *rank = NULL, *walk = NULL;
    uint8_t *there = NULL;
    GX_TRY(gx_job_alloc(job, &by, count, sizeof *by, err));
    GX_TRY(gx_job_alloc(job, &rank, count, sizeof *rank, err));
    GX_TRY(gx_job_alloc(job, &walk, count, sizeof *walk, err));
    GX_TRY(gx_job_alloc(job, &there, count, sizeof *there, err));
    for (uint32_t v = 0; v < count; v++) {
        by[v] = (dated){ts_ms[v] == INT64_MIN ? INT64_MAX : ts_ms[v], v};
    }
    if (count > 1) {
        qsort(by, count, sizeof *by, by_time);
    }
    for (uint32_t i = 0; i < count; i++) {
        rank[by[i].node] = i;
    }
    *out_cycles = cut_cycles(parent, walk, rank, count);
    put_in_order(order, walk, there, by, parent, count);
done:
    gx_job_free(job, by);
    gx_job_free(job, rank);
    gx_job_free(job, walk);
    gx_job_free(job, there);
    return status;
}
