/* Measures of cascades. Structural virality needs no pair: an edge that has s of a tree's n members
 * below it lies on s (n − s) of the shortest paths. O(n log n), for the medians. */
#include "engine/referral/cascade.h"

#include "graph/base/sorted.h"
#include "graph/csr/graph.h"

#include <math.h>
#include <stdlib.h>

static void sort_times(int64_t *times, uint32_t count) {
    if (count > 1) {
        qsort(times, count, sizeof *times, gx_by_i64);
    }
}

static void measure_shape(gx_cascade *c, const gx_forest *f, const uint32_t *nodes,
                          uint32_t count) {
    double distance = 0, pairs = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t v = nodes[i];
        const double below = f->size[v], n = f->size[f->root[v]];
        c->depth = f->generation[v] > c->depth ? f->generation[v] : c->depth;
        c->spreaders += f->children[v] > 0;
        if (f->parent[v] != GX_NONE) {
            distance += below * (n - below);
            continue;
        }
        c->roots++;
        c->trees += f->children[v] > 0;
        c->largest = f->size[v] > c->largest ? f->size[v] : c->largest;
        pairs += n * (n - 1) / 2;
    }
    c->k = count ? (double)(count - c->roots) / count : 0;
    c->virality = pairs > 0 ? distance / pairs : (double)NAN;
}

static void measure_times(gx_cascade *c, const gx_forest *f, const int64_t *ts_ms,
                          const uint32_t *nodes, uint32_t count, int64_t *times) {
    uint32_t known = 0, steps = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (ts_ms[nodes[i]] != INT64_MIN) {
            times[known++] = ts_ms[nodes[i]];
        }
    }
    if (known == 0) {
        return;
    }
    sort_times(times, known);
    c->first_ms = times[0];
    c->last_ms = times[known - 1];
    c->half_ms = times[(known - 1) / 2] - times[0];
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t v = nodes[i], p = f->parent[v];
        if (p != GX_NONE && ts_ms[v] != INT64_MIN && ts_ms[p] != INT64_MIN &&
            ts_ms[p] <= ts_ms[v]) {
            times[steps++] = ts_ms[v] - ts_ms[p];
        }
    }
    if (steps > 0) {
        sort_times(times, steps);
        c->delay_ms = times[(steps - 1) / 2];
    }
}

void gx_cascade_measure(gx_cascade *out, const gx_forest *forest, const gx_cascade_facts *facts,
                        const uint32_t *nodes, uint32_t count, const gx_cascade_scratch *scratch) {
    gx_cascade c = {.members = count,
                    .first_ms = INT64_MIN,
                    .last_ms = INT64_MIN,
                    .half_ms = -1,
                    .delay_ms = -1};
    measure_shape(&c, forest, nodes, count);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t v = nodes[i], p = forest->parent[v];
        c.sales += facts->sales ? facts->sales[v] : 0;
        c.revenue += facts->revenue ? facts->revenue[v] : 0;
        if (facts->circle && p != GX_NONE && facts->circle[v] != GX_NONE &&
            facts->circle[p] != GX_NONE) {
            c.compared++;
            c.crossed += facts->circle[v] != facts->circle[p];
        }
    }
    if (facts->ts_ms) {
        measure_times(&c, forest, facts->ts_ms, nodes, count, scratch->times);
    }
    *out = c;
}

void gx_generations_add(gx_generation *generations, const gx_forest *forest,
                        const gx_cascade_facts *facts, const uint32_t *nodes, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t v = nodes[i];
        gx_generation *g = &generations[forest->generation[v]];
        g->members++;
        g->spreaders += forest->children[v] > 0;
        g->brought += forest->children[v];
        g->sales += facts->sales ? facts->sales[v] : 0;
        g->revenue += facts->revenue ? facts->revenue[v] : 0;
    }
}
