/* Immutable graphs as compressed sparse rows.
 *
 * A graph is built as its directed form first (rows.c). An undirected graph is then the row-wise
 * union of that form and its transpose, with the larger of the two weights where both directions
 * were given: one rule, whether it is built undirected or made so later. Time O(n + m), see rows.c
 * for memory; the union holds the directed form and its transpose beside the result.
 */
#include "graph/csr/graph.h"

#include "graph/csr/rows.h"

#include <float.h>
#include <stdatomic.h>

enum { ROW_BLOCK = 1024, ARC_BLOCK = 1 << 16 };

/* What handles share; the last to finish frees it. */
typedef struct shared {
    _Atomic uint32_t holders;
    gx__rows out, in;
} shared;

typedef struct arcs {
    const uint64_t *ptr;
    const uint32_t *end;
    const float *weight;
} arcs;

static arcs arcs_of(const gx__rows *rows) {
    return (arcs){rows->ptr, rows->col, rows->value};
}

static float weight_at(const arcs *a, uint64_t i) {
    return a->weight ? a->weight[i] : 1.0f;
}

/* ---- handles ----------------------------------------------------------------------------- */

/* Takes over the rows; `in` may be NULL. */
static gx_status graph_open(gx_graph *out, gx__rows *rows, gx__rows *in, bool directed,
                            gx_error *err) {
    shared *owner = gx_alloc0(1, sizeof *owner);
    if (!owner) {
        return gx_fail_memory(err, sizeof *owner);
    }
    atomic_init(&owner->holders, 1);
    owner->out = *rows;
    *rows = (gx__rows){0};
    const gx__rows *back = directed ? NULL : &owner->out;
    if (in) {
        owner->in = *in;
        *in = (gx__rows){0};
        back = &owner->in;
    }
    *out = (gx_graph){.n = owner->out.rows,
                      .m = owner->out.count,
                      .directed = directed,
                      .out_ptr = owner->out.ptr,
                      .out_dst = owner->out.col,
                      .out_weight = owner->out.value,
                      .in_ptr = back ? back->ptr : NULL,
                      .in_src = back ? back->col : NULL,
                      .in_weight = back ? back->value : NULL,
                      .owner = owner};
    return GX_OK;
}

void gx_graph_finish(gx_graph *graph) {
    shared *owner = graph->owner;
    *graph = (gx_graph){0};
    if (owner && atomic_fetch_sub(&owner->holders, 1) == 1) {
        gx__rows_finish(&owner->out);
        gx__rows_finish(&owner->in);
        gx_free(owner);
    }
}

uint64_t gx_graph_bytes(const gx_graph *graph) {
    const shared *owner = graph->owner;
    return owner ? gx__rows_bytes(&owner->out) + gx__rows_bytes(&owner->in) : 0;
}

/* ---- digest -------------------------------------------------------------------------------- */

enum { LANES = 4 };

/* Lanes, so that one word need not wait for the one before. */
static void digest_words(uint64_t lane[LANES], const void *data, uint64_t bytes) {
    static const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
    const unsigned char *at = data;
    for (uint64_t i = 0; i < bytes; i += LANES * sizeof(uint64_t)) {
        uint64_t word[LANES] = {0};
        const uint64_t left = bytes - i;
        memcpy(word, at + i, left < sizeof word ? left : sizeof word);
        for (int k = 0; k < LANES; k++) {
            lane[k] = (lane[k] ^ word[k]) * odd;
            lane[k] ^= lane[k] >> 29;
        }
    }
}

uint64_t gx_graph_digest(const gx_graph *graph) {
    uint64_t lane[LANES] = {1, 2, 3, 4}, sum = gx_mix64(graph->n);
    if (graph->out_ptr) {
        digest_words(lane, graph->out_ptr, ((uint64_t)graph->n + 1) * sizeof *graph->out_ptr);
    }
    if (graph->out_dst) {
        digest_words(lane, graph->out_dst, graph->m * sizeof *graph->out_dst);
    }
    for (int k = 0; k < LANES; k++) {
        sum = gx_mix64(sum ^ lane[k]);
    }
    return sum >> 11;
}

/* ---- checks of what comes in --------------------------------------------------------------- */

typedef struct checker {
    uint32_t n;
    uint64_t m;
    const uint32_t *src, *dst;
    const float *weight;
    gx_job *job;
    _Atomic uint64_t next, bad; /* the first bad arc */
} checker;

static bool arc_is_bad(const checker *c, uint64_t i) {
    return c->src[i] >= c->n || c->dst[i] >= c->n ||
           (c->weight && !(c->weight[i] >= 0 && c->weight[i] <= FLT_MAX));
}

static void check_share(void *user, int worker) {
    (void)worker;
    checker *c = user;
    uint64_t first;
    while ((first = atomic_fetch_add(&c->next, ARC_BLOCK)) < c->m && !gx_job_should_stop(c->job)) {
        uint64_t end = c->m - first < ARC_BLOCK ? c->m : first + ARC_BLOCK;
        bool bad = false;
        for (uint64_t i = first; i < end; i++) {
            bad |= arc_is_bad(c, i);
        }
        for (uint64_t i = first; bad && i < end; i++) {
            uint64_t known = atomic_load(&c->bad);
            if (arc_is_bad(c, i)) {
                while (i < known && !atomic_compare_exchange_weak(&c->bad, &known, i)) {
                }
                break;
            }
        }
    }
}

static gx_status check_arcs(checker *c, gx_error *err) {
    gx__rows_parallel(c->m > ARC_BLOCK ? c->job->threads : 1, check_share, c);
    gx_status status = gx_job_check(c->job, err);
    uint64_t i = atomic_load(&c->bad);
    if (status != GX_OK || i == UINT64_MAX) {
        return status;
    }
    if (c->src[i] < c->n && c->dst[i] < c->n) {
        return gx_fail_at(err, GX_BAD_REQUEST, "weight",
                          "arc %llu: weight %g; it must be finite and 0 or more",
                          (unsigned long long)i, (double)c->weight[i]);
    }
    return gx_fail_at(err, GX_BAD_REQUEST, c->src[i] < c->n ? "dst" : "src",
                      "arc %llu: %u to %u; both ends must be below %u, the number of nodes",
                      (unsigned long long)i, c->src[i], c->dst[i], c->n);
}

/* ---- the union with the transpose ---------------------------------------------------------- */

typedef struct joiner {
    arcs a, b;
    gx__rows out;
    gx_job *job;
    bool fill; /* false: only count into out.ptr[r + 1] */
    _Atomic uint64_t next;
} joiner;

static uint64_t join_count(const joiner *j, uint64_t row) {
    uint64_t x = j->a.ptr[row], x_end = j->a.ptr[row + 1];
    uint64_t y = j->b.ptr[row], y_end = j->b.ptr[row + 1];
    uint64_t both = 0, given = x_end - x + y_end - y;
    while (x < x_end && y < y_end) {
        uint32_t u = j->a.end[x], v = j->b.end[y];
        both += u == v;
        x += u <= v;
        y += v <= u;
    }
    return given - both;
}

/* What one of the two rows has left when the other has ended. */
static void join_rest(joiner *j, uint64_t to, const arcs *rest, uint64_t first, uint64_t end) {
    for (uint64_t i = first; i < end; i++, to++) {
        j->out.col[to] = rest->end[i];
        if (j->out.value) {
            j->out.value[to] = weight_at(rest, i);
        }
    }
}

static void join_row(joiner *j, uint64_t row) {
    uint64_t x = j->a.ptr[row], x_end = j->a.ptr[row + 1];
    uint64_t y = j->b.ptr[row], y_end = j->b.ptr[row + 1];
    uint64_t to = j->out.ptr[row];
    for (; x < x_end && y < y_end; to++) {
        uint32_t u = j->a.end[x], v = j->b.end[y];
        j->out.col[to] = u < v ? u : v;
        if (j->out.value) {
            float p = u <= v ? weight_at(&j->a, x) : 0, q = v <= u ? weight_at(&j->b, y) : 0;
            j->out.value[to] = p > q ? p : q;
        }
        x += u <= v;
        y += v <= u;
    }
    join_rest(j, to, &j->a, x, x_end);
    join_rest(j, to, &j->b, y, y_end);
}

static void join_share(void *user, int worker) {
    (void)worker;
    joiner *j = user;
    uint64_t first, rows = j->out.rows;
    while ((first = atomic_fetch_add(&j->next, ROW_BLOCK)) < rows && !gx_job_should_stop(j->job)) {
        uint64_t end = rows - first < ROW_BLOCK ? rows : first + ROW_BLOCK;
        for (uint64_t r = first; r < end; r++) {
            if (j->fill) {
                join_row(j, r);
            } else {
                j->out.ptr[r + 1] = join_count(j, r);
            }
        }
    }
}

/* The union of rows `a` with rows `b`, the larger weight where both have an arc. */
static gx_status join(gx__rows *out, uint32_t n, arcs a, arcs b, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    joiner j = {.a = a, .b = b, .job = job, .out.rows = n};
    int workers = a.ptr[n] > ARC_BLOCK ? job->threads : 1;
    GX_TRY(gx_job_alloc(job, &j.out.ptr, (size_t)n + 1, sizeof *j.out.ptr, err));
    gx__rows_parallel(workers, join_share, &j);
    GX_TRY(gx_job_check(job, err));
    for (uint32_t r = 0; r < n; r++) {
        j.out.ptr[r + 1] += j.out.ptr[r];
    }
    j.out.count = j.out.ptr[n];
    GX_TRY(gx__rows_take(job, &j.out.col, j.out.count, sizeof *j.out.col, err));
    if (a.weight) {
        GX_TRY(gx__rows_take(job, &j.out.value, j.out.count, sizeof *j.out.value, err));
    }
    j.fill = true;
    atomic_store(&j.next, 0);
    gx__rows_parallel(workers, join_share, &j);
    GX_TRY(gx_job_check(job, err));
    gx_job_refund(job, gx__rows_bytes(&j.out));
    *out = j.out;
done:
    if (status != GX_OK) {
        gx_job_free(job, j.out.ptr);
        gx_job_free(job, j.out.col);
        gx_job_free(job, j.out.value);
    }
    return status;
}

/* Weights that are all 1 say nothing: an undirected graph may come to that by taking the larger. */
static void drop_ones(gx__rows *rows) {
    for (uint64_t i = 0; rows->value && i < rows->count; i++) {
        if (rows->value[i] != 1.0f) {
            return;
        }
    }
    gx_free(rows->value);
    rows->value = NULL;
}

static gx_status transpose(gx__rows *out, uint32_t n, arcs a, gx_job *job, gx_error *err) {
    gx__triplets t = {
        .rows = n, .cols = n, .count = a.ptr[n], .col = a.end, .value = a.weight, .ptr = a.ptr};
    return gx__rows_build(out, &t, job, err);
}

/* ---- public -------------------------------------------------------------------------------- */

/* The account of a block that lives on after the step that made it. */
static gx_status hold(gx_job *job, const gx__rows *rows, uint64_t *held, gx_error *err) {
    uint64_t bytes = gx__rows_bytes(rows);
    gx_status status = gx_job_charge(job, bytes, err);
    *held += status == GX_OK ? bytes : 0;
    return status;
}

gx_status gx_graph_build(gx_graph *out, uint32_t n, uint64_t m, const uint32_t *src,
                         const uint32_t *dst, const float *weight, unsigned flags, gx_job *job,
                         gx_error *err) {
    gx_status status = GX_OK;
    gx__rows rows = {0}, back = {0}, both = {0};
    uint64_t held = 0;
    bool directed = !(flags & GX_GRAPH_UNDIRECTED);
    weight = flags & GX_GRAPH_UNWEIGHTED ? NULL : weight;
    checker c = {
        .n = n, .m = m, .src = src, .dst = dst, .weight = weight, .job = job, .bad = UINT64_MAX};
    GX_TRY(check_arcs(&c, err));
    /* `row` tells a sort from a transpose, so an empty list of arcs must not be NULL. */
    static const uint32_t nothing[1] = {0};
    gx__triplets t = {.rows = n,
                      .cols = n,
                      .count = m,
                      .row = m ? src : nothing,
                      .col = dst,
                      .value = weight,
                      .drop_diagonal = !(flags & GX_GRAPH_LOOPS),
                      .count_repeats = !(flags & GX_GRAPH_UNWEIGHTED)};
    GX_TRY(gx__rows_build(&rows, &t, job, err));
    if (!directed || flags & GX_GRAPH_IN) {
        GX_TRY(hold(job, &rows, &held, err));
        GX_TRY(transpose(&back, n, arcs_of(&rows), job, err));
    }
    if (!directed) {
        GX_TRY(hold(job, &back, &held, err));
        GX_TRY(join(&both, n, arcs_of(&rows), arcs_of(&back), job, err));
        drop_ones(&both);
    }
    GX_TRY(directed ? graph_open(out, &rows, back.ptr ? &back : NULL, true, err)
                    : graph_open(out, &both, NULL, false, err));
done:
    gx_job_refund(job, held);
    gx__rows_finish(&rows);
    gx__rows_finish(&back);
    gx__rows_finish(&both);
    return status;
}

gx_status gx_graph_without(gx_graph *out, const gx_graph *graph, const uint8_t *from,
                           const uint8_t *to, unsigned flags, gx_job *job, gx_error *err) {
    uint32_t *src = NULL, *dst = NULL;
    float *weight = NULL;
    uint64_t count = 0;
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(job, &src, (size_t)graph->m + 1, sizeof *src, err));
    GX_TRY(gx_job_alloc(job, &dst, (size_t)graph->m + 1, sizeof *dst, err));
    if (graph->out_weight && !(flags & GX_GRAPH_UNWEIGHTED)) {
        GX_TRY(gx_job_alloc(job, &weight, (size_t)graph->m + 1, sizeof *weight, err));
    }
    for (uint32_t a = 0; a < graph->n; a++) {
        for (uint64_t e = graph->out_ptr[a]; !(from && from[a]) && e < graph->out_ptr[a + 1]; e++) {
            if (!(to && to[graph->out_dst[e]])) {
                src[count] = a;
                dst[count] = graph->out_dst[e];
                if (weight) {
                    weight[count] = graph->out_weight[e];
                }
                count++;
            }
        }
    }
    GX_TRY(gx_graph_build(out, graph->n, count, src, dst, weight, flags, job, err));
done:
    gx_job_free(job, src);
    gx_job_free(job, dst);
    gx_job_free(job, weight);
    return status;
}

gx_status gx_graph_undirected(gx_graph *out, const gx_graph *graph, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx__rows back = {0}, both = {0};
    uint64_t held = 0;
    if (!graph->directed) {
        shared *owner = graph->owner;
        *out = *graph;
        if (owner) {
            atomic_fetch_add(&owner->holders, 1);
        }
        return GX_OK;
    }
    arcs a = {graph->out_ptr, graph->out_dst, graph->out_weight};
    arcs b = {graph->in_ptr, graph->in_src, graph->in_weight};
    if (!b.ptr) {
        GX_TRY(transpose(&back, graph->n, a, job, err));
        GX_TRY(hold(job, &back, &held, err));
        b = arcs_of(&back);
    }
    GX_TRY(join(&both, graph->n, a, b, job, err));
    drop_ones(&both);
    GX_TRY(graph_open(out, &both, NULL, false, err));
done:
    gx_job_refund(job, held);
    gx__rows_finish(&back);
    gx__rows_finish(&both);
    return status;
}
