/* What looks bought or arranged about a member's followers (R31), and who floods the shop
 * (flood.c). Three shares, each of the followers, each raised only where it goes beyond chance and
 * is a fifth of them or more:
 *
 *   bought_followers   who never acted and whom nobody follows: (o − e − 2√e) / followers, o how
 *                      many there are and e how many there would be at the shop's usual share
 *   sudden_growth      who began to follow, without being followed back, within the `burst` in
 *                      which most did: (o − e − 3√e) / followers, e by how the shop's follows
 *                      lie in time (a campaign brings everybody followers), at least 10 of them;
 *                      less whatever of their acts is heed beyond chance, since a star may be
 *                      discovered
 *   closed_ring        the member and those it is tied to are 5 or more, follow one another (7 in
 *                      10 of the ties there could be), and 9 in 10 of all their ties stay among
 * them
 *
 * What is left of the score is Π (1 − share), at least 0.01. A member who is honest and is followed
 * by bots is damped to what the others are worth, no more.
 *
 * Time O(n + m log d) and, for rings, O(Σ degrees of the neighbours) of members with at most 64
 * neighbours; memory 1 byte a member, 8 for one follow in `stride`, 8 a thread and the most
 * followers of one member. */
#include "engine/kernel/neighbours.h"
#include "engine/kernel/parallel.h"
#include "engine/leaders/measures.h"

#include <math.h>
#include <stdlib.h>

enum {
    MEMBERS_A_ROUND = 64,
    BURST_LEAST = 10,
    RING_LEAST = 5,
    RING_MOST = 64,
    BASE_MOST = 1 << 20 /* follows whose times stand for the shop's */
};
static const double share_least = 0.2, ring_closed = 0.9, ring_dense = 0.7, left_least = 0.01;

typedef struct signs {
    const gx__leaders_signs *out;
    const gx_graph *graph;
    const gx_matrix *matrix, *times;
    const double *kept;
    int64_t burst_ms;
    uint8_t *hollow; /* never acted, followed by nobody */
    double usual;    /* share of hollow followers among all */
    int64_t *base;   /* times of follows of the whole shop, sorted */
    uint64_t base_count;
} signs;

static void raise_flag(const signs *s, uint32_t v, gx_leader_flag flag, double share,
                       uint32_t count) {
    const size_t at = (size_t)v * GX_LEADER_FLAG_COUNT + (size_t)flag;
    if (share >= share_least) {
        s->out->flag[at] = (float)fmin(share, 1.0);
        s->out->count[at] = count;
    }
}

/* ---- bought followers ------------------------------------------------------------------------ */

static void find_hollow(signs *s) {
    const gx_graph *g = s->graph;
    uint64_t hollow = 0, all = 0;
    for (uint32_t u = 0; u < g->n && s->matrix->nnz > 0; u++) {
        s->hollow[u] =
            g->in_ptr[u + 1] == g->in_ptr[u] && s->matrix->ptr[u + 1] == s->matrix->ptr[u];
        hollow += s->hollow[u] ? g->out_ptr[u + 1] - g->out_ptr[u] : 0;
        all += g->out_ptr[u + 1] - g->out_ptr[u];
    }
    s->usual = all > 0 ? (double)hollow / (double)all : 0.0;
}

static void look_at_hollow(const signs *s, uint32_t v) {
    const uint64_t from = s->graph->in_ptr[v], to = s->graph->in_ptr[v + 1];
    uint32_t hollow = 0;
    for (uint64_t k = from; k < to; k++) {
        hollow += s->hollow[s->graph->in_src[k]];
    }
    const double followers = (double)(to - from), expected = s->usual * followers;
    if (hollow > 1) {
        raise_flag(s, v, GX_FLAG_BOUGHT, (hollow - expected - 2.0 * sqrt(expected)) / followers,
                   hollow);
    }
}

/* ---- sudden growth --------------------------------------------------------------------------- */

static bool is_in(const uint32_t *row, uint64_t from, uint64_t to, uint32_t v) {
    return gx__row_find(row, from, to, v) < to;
}

/* Of the follower at place k of v's row: whether it is one and v does not follow back, and since
 * when. */
static bool follows_since(const signs *s, uint32_t v, uint64_t k, int64_t *since) {
    const uint32_t u = s->graph->in_src[k];
    const uint64_t at = u == v ? UINT64_MAX : gx_matrix_find(s->times, v, u);
    if (at == UINT64_MAX ||
        is_in(s->graph->out_dst, s->graph->out_ptr[v], s->graph->out_ptr[v + 1], u)) {
        return false;
    }
    *since = s->times->ts[at];
    return true;
}

/* Every `stride`-th follow stands for the shop. */
static gx_status draw_base(signs *s, gx_job *job, gx_error *err) {
    const gx_graph *g = s->graph;
    const uint64_t stride = g->m / BASE_MOST + 1;
    gx_status status = gx_job_alloc(job, &s->base, g->m / stride + 1, sizeof *s->base, err);
    if (status != GX_OK) {
        return status;
    }
    for (uint32_t v = 0; v < g->n; v++) {
        for (uint64_t k = g->in_ptr[v]; k < g->in_ptr[v + 1]; k++) {
            if (k % stride == 0 && follows_since(s, v, k, &s->base[s->base_count])) {
                s->base_count++;
            }
        }
        if (v % (MEMBERS_A_ROUND * 16) == 0 && gx_job_should_stop(job)) {
            break;
        }
    }
    qsort(s->base, s->base_count, sizeof *s->base, gx_by_i64);
    return gx_job_check(job, err);
}

static void look_at_growth(const signs *s, uint32_t v, int64_t *since) {
    uint64_t count = 0, most = 0, most_from = 0;
    for (uint64_t k = s->graph->in_ptr[v]; k < s->graph->in_ptr[v + 1]; k++) {
        count += follows_since(s, v, k, &since[count]);
    }
    if (count < BURST_LEAST) {
        return;
    }
    qsort(since, count, sizeof *since, gx_by_i64);
    for (uint64_t from = 0, to = 0; from < count; from++) {
        while (to < count && (uint64_t)since[to] - (uint64_t)since[from] <= (uint64_t)s->burst_ms) {
            to++;
        }
        if (to - from > most) {
            most = to - from;
            most_from = from;
        }
    }
    const int64_t from = since[most_from], last = since[most_from + most - 1];
    const double usual = (double)(gx_place_above_i64(s->base, 0, s->base_count, last) -
                                  gx_place_i64(s->base, 0, s->base_count, from));
    const double expected = (double)count * usual / (double)(s->base_count + 1);
    const double followers = (double)(s->graph->in_ptr[v + 1] - s->graph->in_ptr[v]);
    if (most >= BURST_LEAST) {
        const double beyond = (double)most - expected - 3.0 * sqrt(expected);
        raise_flag(s, v, GX_FLAG_GROWTH, beyond * (1.0 - s->kept[v]) / followers, (uint32_t)most);
    }
}

/* ---- closed rings ---------------------------------------------------------------------------- */

/* The members that v follows or is followed by, sorted and once each; false: too few or too many.
 */
static bool ring_of(uint32_t *ring, uint32_t *size, const gx_graph *g, uint32_t v) {
    uint64_t a = g->out_ptr[v], b = g->in_ptr[v];
    const uint64_t a_end = g->out_ptr[v + 1], b_end = g->in_ptr[v + 1];
    *size = 0;
    if (b_end == b || a_end == a) {
        return false;
    }
    while (a < a_end || b < b_end) {
        const uint32_t x = a < a_end ? g->out_dst[a] : GX_NONE;
        const uint32_t y = b < b_end ? g->in_src[b] : GX_NONE;
        const uint32_t next = x < y ? x : y;
        a += x == next;
        b += y == next;
        if (*size > 0 && ring[*size - 1] == next) {
            continue;
        }
        if (*size == RING_MOST) {
            return false;
        }
        if (next != v) {
            ring[(*size)++] = next;
        }
    }
    return *size >= RING_LEAST;
}

static void look_at_ring(const signs *s, uint32_t v) {
    const gx_graph *g = s->graph;
    uint32_t ring[RING_MOST], size;
    uint64_t all = 0, left = 0, within = 0;
    if (!ring_of(ring, &size, g, v)) {
        return;
    }
    for (uint32_t i = 0; i < size; i++) {
        all += g->out_ptr[ring[i] + 1] - g->out_ptr[ring[i]] + g->in_ptr[ring[i] + 1] -
               g->in_ptr[ring[i]];
    }
    const double most = (1.0 - ring_closed) * (double)all; /* ties that may leave it */
    for (uint32_t i = 0; i < size && (double)left <= most; i++) {
        for (uint64_t k = g->out_ptr[ring[i]]; k < g->out_ptr[ring[i] + 1]; k++) {
            bool inside = g->out_dst[k] == v || is_in(ring, 0, size, g->out_dst[k]);
            within += inside;
            left += !inside;
        }
        for (uint64_t k = g->in_ptr[ring[i]]; k < g->in_ptr[ring[i] + 1]; k++) {
            left += !(g->in_src[k] == v || is_in(ring, 0, size, g->in_src[k]));
        }
    }
    within += g->out_ptr[v + 1] - g->out_ptr[v];
    if ((double)left <= most && (double)within >= ring_dense * (double)size * (size + 1.0)) {
        raise_flag(s, v, GX_FLAG_RING, 1.0 - (double)left / (double)all, size + 1);
    }
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void look_at(const signs *s, uint32_t v, int64_t *since) {
    if (s->graph->in_ptr[v + 1] > s->graph->in_ptr[v]) {
        look_at_hollow(s, v);
        look_at_ring(s, v);
        if (s->times) {
            look_at_growth(s, v, since);
        }
    }
    double left = 1.0; /* flood is raised before */
    for (int f = 0; f < GX_LEADER_FLAG_COUNT; f++) {
        left *= 1.0 - (double)s->out->flag[(size_t)v * GX_LEADER_FLAG_COUNT + (size_t)f];
    }
    s->out->authentic[v] = fmax(left, left_least);
}

gx_status gx__leaders_authentic(const gx__leaders_signs *out, const gx_input *input,
                                const double *kept, int64_t burst_ms, gx_job *job, gx_error *err) {
    signs s = {.out = out,
               .graph = input->graph,
               .matrix = input->matrix,
               .times = burst_ms > 0 && input->times && input->times->ts ? input->times : NULL,
               .kept = kept,
               .burst_ms = burst_ms};
    const uint32_t n = input->graph->n;
    uint64_t longest = 0;
    int64_t *since = NULL;
    gx_status status;
    if (input->facts && input->facts->n == n) {
        gx__leaders_flood(out, input->facts);
    }
    GX_TRY(gx_job_alloc(job, &s.hollow, n, sizeof *s.hollow, err));
    find_hollow(&s);
    if (s.times) {
        for (uint32_t v = 0; v < n; v++) {
            uint64_t followers = s.graph->in_ptr[v + 1] - s.graph->in_ptr[v];
            longest = followers > longest ? followers : longest;
        }
        GX_TRY(draw_base(&s, job, err));
    }
    GX_TRY(gx_job_alloc(job, &since, longest, (size_t)job->threads * sizeof *since, err));
#pragma omp parallel for num_threads(job->threads) schedule(dynamic, MEMBERS_A_ROUND)
    for (uint32_t v = 0; v < n; v++) {
        if (!gx_job_should_stop(job)) {
            look_at(&s, v, since + (size_t)gx_thread() * longest);
        }
    }
    status = gx_job_check(job, err);
done:
    gx_job_free(job, since);
    gx_job_free(job, s.base);
    gx_job_free(job, s.hollow);
    return status;
}
