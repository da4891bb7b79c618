#include "engine/centrality/clustering_variants.h"

enum { BLOCK = 4096 };

/* ---- triangles by the ties that lead to them ------------------------------------------------ */

static double weight_between(const gx_graph *g, uint32_t u, uint32_t v) {
    uint64_t at = gx__row_find(g->out_dst, g->out_ptr[u], g->out_ptr[u + 1], v);
    return at < g->out_ptr[u + 1] ? (double)g->out_weight[at] : 0;
}

typedef struct adding {
    double *sum;
    const uint32_t *member;
    const gx_graph *graph;
} adding;

/* ((W + Wᵀ) (A + Aᵀ)²)_uu / 2, a tie's part at both of its ends. Contacts halve A + Aᵀ. */
static void add_tie(void *user, uint32_t i, uint32_t j, double weight, double shared) {
    const adding *a = user;
    uint32_t u = a->member[i], v = a->member[j];
    double both = weight_between(a->graph, u, v) + weight_between(a->graph, v, u);
    (void)weight;
    a->sum[u] += 2 * both * shared;
    a->sum[v] += 2 * both * shared;
}

static gx_status sum_by_strength(double *sum, const gx_input *input, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx__contacts contacts = {0};
    GX_TRY(gx__contacts_make(&contacts, input, true, false, job, err));
    adding a = {sum, contacts.member, input->graph};
    GX_TRY(gx__contacts_pairs(&contacts, false, add_tie, &a, "clustering", job, err));
done:
    gx__contacts_free(&contacts, job);
    return status;
}

/* ---- what could be -------------------------------------------------------------------------- */

/* Of one member, without the member itself. */
typedef struct ties {
    double count, mutual;           /* in and out; pairs of those */
    double strength, half_mutual_s; /* what they weigh, and half of what the pairs do */
} ties;

static ties ties_of(const gx_graph *g, uint32_t v) {
    const gx__rows_view out = gx__rows_out(g), in = gx__rows_in(g);
    uint64_t i = out.ptr[v], i_end = out.ptr[v + 1], j = in.ptr[v], j_end = in.ptr[v + 1];
    ties t = {0};
    while (i < i_end || j < j_end) {
        uint32_t x = i < i_end ? out.end[i] : GX_NONE, y = j < j_end ? in.end[j] : GX_NONE;
        double given = x <= y ? gx__row_weight(&out, i) : 0;
        double got = y <= x ? gx__row_weight(&in, j) : 0;
        if (x != v || y != v) {
            t.count += 1 + (x == y);
            t.mutual += x == y;
            t.strength += given + got;
            t.half_mutual_s += x == y ? (given + got) / 2 : 0;
        }
        i += x <= y;
        j += y <= x;
    }
    return t;
}

static double largest_weight(const gx_graph *g, gx_job *job) {
    double largest = 0;
    for (uint32_t v = 0; v < g->n; v++) {
        if (v % BLOCK == 0 && gx_job_should_stop(job)) {
            break;
        }
        for (uint64_t i = g->out_ptr[v]; i < g->out_ptr[v + 1]; i++) {
            double weight = g->out_dst[i] != v ? (double)g->out_weight[i] : 0;
            largest = weight > largest ? weight : largest;
        }
    }
    return largest;
}

/* What the sum of v would be were every pair tied, by ties as heavy as can be. */
static double whole_of(const gx_input *input, gx__tie_ways ways, bool by_intensity, uint32_t v) {
    if (!ways.directed) {
        const gx__rows_view rows = gx__rows_out(input->undirected);
        double k = (double)gx__others(&rows, v);
        return k * (k - 1) / 2;
    }
    ties t = ties_of(input->graph, v);
    return ways.weighted && !by_intensity ? t.strength * (t.count - 1) - 2 * t.half_mutual_s
                                          : t.count * (t.count - 1) - 2 * t.mutual;
}

gx_status gx__clustering_variant(double *score, const gx_input *input, gx__tie_ways ways,
                                 bool by_intensity, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx__tie_ways counted = {ways.directed, ways.weighted && by_intensity};
    double scale = 1;
    GX_TRY(ways.weighted && !by_intensity ? sum_by_strength(score, input, job, err)
                                          : gx__triangles_sum(score, input, counted, job, err));
    if (counted.weighted) {
        scale = largest_weight(ways.directed ? input->graph : input->undirected, job);
    }
    for (uint32_t v = 0; v < input->users; v++) {
        if (score[v] > 0) {
            score[v] = score[v] / scale / whole_of(input, ways, by_intensity, v);
        }
        if (v % BLOCK == 0) {
            GX_TRY(gx_job_check(job, err));
        }
    }
done:
    return status;
}

uint64_t gx__clustering_variant_bytes(const gx_input *input, gx__tie_ways ways, bool by_intensity,
                                      int threads) {
    return ways.weighted && !by_intensity ? gx__contacts_bytes(input, true, false, threads)
                                          : gx__triangles_sum_bytes(input, ways, threads);
}

double gx__clustering_variant_cpu_s(const gx__degrees *degrees, gx__tie_ways ways,
                                    bool by_intensity) {
    return ways.weighted && !by_intensity ? 1.3 * gx__contacts_cpu_s(degrees, true, true)
                                          : gx__triangles_sum_cpu_s(degrees, ways);
}
