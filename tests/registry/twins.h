/* What the naive twins of several topics share: a graph as a table, distances by relaxation, and
 * how what was found is compared. */
#ifndef GX_TESTS_REGISTRY_TWINS_H
#define GX_TESTS_REGISTRY_TWINS_H

#include "tests/registry/sample.h"

/* ---- a graph as a table -----------------------------------------------------------------------
 */

typedef struct square {
    uint32_t n;
    bool a[N_MAX][N_MAX];   /* a tie is there */
    double w[N_MAX][N_MAX]; /* its weight, else 0 */
} square;

static inline void square_of(square *out, const gx_graph *g) {
    *out = (square){.n = g->n};
    for (uint32_t v = 0; v < g->n; v++) {
        for (uint64_t i = g->out_ptr[v]; i < g->out_ptr[v + 1]; i++) {
            out->a[v][g->out_dst[i]] = true;
            out->w[v][g->out_dst[i]] = g->out_weight ? (double)g->out_weight[i] : 1;
        }
    }
}

static inline const char *flag(bool on) {
    return on ? "true" : "false";
}

static const char *const directions[] = {"all", "in", "out"};

/* What counts for a member stands in its row. */
static inline void side_of(square *out, const sample *s, const char *direction) {
    square m;
    square_of(&m, *direction == 'a' ? &s->undirected : &s->graph);
    *out = m;
    for (uint32_t u = 0; u < m.n && *direction == 'i'; u++) {
        for (uint32_t v = 0; v < m.n; v++) {
            out->a[u][v] = m.a[v][u];
            out->w[u][v] = m.w[v][u];
        }
    }
}

/* Ties from u to v on the shortest way, more than n where there is none; past those gone. Floyd and
 * Warshall. */
static inline void steps_of(uint32_t d[N_MAX][N_MAX], const square *m, const bool *gone) {
    for (uint32_t u = 0; u < m->n; u++) {
        for (uint32_t v = 0; v < m->n; v++) {
            bool tied = m->a[u][v] && !gone[u] && !gone[v];
            d[u][v] = u == v ? 0 : tied ? 1 : 2 * N_MAX;
        }
    }
    for (uint32_t k = 0; k < m->n; k++) {
        for (uint32_t u = 0; u < m->n; u++) {
            for (uint32_t v = 0; v < m->n; v++) {
                d[u][v] = d[u][k] + d[k][v] < d[u][v] ? d[u][k] + d[k][v] : d[u][v];
            }
        }
    }
}

/* ---- distances --------------------------------------------------------------------------------
 */

static inline double length_of(const gx_graph *g, uint64_t i, bool weighted, bool inverse) {
    double weight = g->out_weight ? (double)g->out_weight[i] : 1;
    return !weighted ? 1 : weight <= 0 ? (double)INFINITY : inverse ? 1 / weight : weight;
}

/* From the nearest source, by relaxing every tie until nothing changes: Bellman and Ford. */
static inline void naive_distances(double *distance, const gx_graph *g, const uint32_t *sources,
                                   uint32_t count, bool weighted, bool inverse) {
    for (uint32_t v = 0; v < g->n; v++) {
        distance[v] = (double)INFINITY;
    }
    for (uint32_t i = 0; i < count; i++) {
        distance[sources[i]] = 0;
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t v = 0; v < g->n; v++) {
            for (uint64_t i = g->out_ptr[v]; i < g->out_ptr[v + 1]; i++) {
                double there = distance[v] + length_of(g, i, weighted, inverse);
                if (there < distance[g->out_dst[i]]) {
                    distance[g->out_dst[i]] = there;
                    changed = true;
                }
            }
        }
    }
}

/* ---- comparing --------------------------------------------------------------------------------
 */

static inline void expect_near(double found, double expected, uint64_t seed, uint32_t v) {
    if (!(fabs(found - expected) <= 1e-12 * (1 + fabs(expected)))) {
        fail_msg("seed %llu, member %u: %.17g, expected %.17g", (unsigned long long)seed, v, found,
                 expected);
    }
}

#endif
