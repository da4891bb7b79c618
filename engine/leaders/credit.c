/* Credit for followers' acts: what members brought about by acting first.
 *
 * A follower's act on an item is shared evenly by all whom the follower follows and who acted on
 * the same item before, within a window: direct credit of Goyal, Bonchi and Lakshmanan, A
 * data-based approach to social influence maximization (VLDB 2012), section 4.
 *
 * Followers would do much of that by themselves. So a member keeps the share of it that goes beyond
 * chance, the attributable fraction of epidemiology (Miettinen 1974), here with two standard
 * deviations to spare:
 *
 *   kept = max(0, (observed − expected − 2 √expected) / observed)
 *
 * Of each member and item the first and the latest act are known: a member acted before a
 * follower's latest act if either of its own was within the window before it.
 *
 * observed is the number of followers' acts that came after the member's own; expected is what as
 * many members who do not follow them did, on the same items in the same windows. One who is
 * popular and picks what everybody buys is thereby told from one who is heeded.
 *
 * Counts are integers, which threads may add in any order. Time O(Σ over ties of the shorter
 * history · log) and O(nnz log nnz); memory 12 bytes an entry of the matrix beside the credit,
 * 8 an item, 4 per entry of the longest row a thread. */
#include "engine/kernel/common.h"
#include "engine/kernel/parallel.h"
#include "engine/leaders/judge.h"
#include "engine/leaders/measures.h"

#include <math.h>
#include <stdlib.h>

enum { FOLLOWERS_CHUNK = 16, ITEMS_CHUNK = 64 };

typedef struct credits {
    const gx_graph *graph;
    const gx_matrix *matrix;
    const gx__leaders_after *after;
    const int64_t *first; /* per entry: when the member began; the matrix's times are the latest */
    uint64_t *credit;     /* per entry of the matrix */
    double *kept;         /* per member: the share beyond chance; NULL: not wanted */
    uint32_t *observed;   /* per entry: followers who acted afterwards */
    uint64_t *item_at;    /* per item: its times are time[item_at[i] … item_at[i + 1]) */
    int64_t *time;        /* of all acts on an item, sorted */
} credits;

/* ---- who came after whom --------------------------------------------------------------------- */

static bool is_earlier(const credits *c, uint64_t theirs, uint64_t own) {
    const int64_t last = c->matrix->ts[theirs], after = c->matrix->ts[own];
    const int64_t before = last < after ? last : c->first[theirs];
    uint64_t apart = (uint64_t)after - (uint64_t)before; /* also where an int64 would not hold it */
    return before < after && after >= c->after->since_ms && after < c->after->until_ms &&
           (c->after->window_ms == 0 || apart <= (uint64_t)c->after->window_ms);
}

/* v acted, at entry b, before u did on the same item, u's act number a. The first visit counts who
 * came before, the second gives each of them a share. */
static void note_earlier(const credits *c, uint64_t a, uint64_t b, uint32_t *sharers, bool give) {
    if (!give) {
        sharers[a]++;
        return;
    }
    __atomic_fetch_add(&c->credit[b], GX_CREDIT_ONE / sharers[a], __ATOMIC_RELAXED);
    __atomic_fetch_add(&c->observed[b], 1, __ATOMIC_RELAXED);
}

/* Of the items that u and v both acted on. */
static void visit_common(const credits *c, uint32_t u, uint32_t v, uint32_t *sharers, bool give) {
    const gx_matrix *m = c->matrix;
    gx__common both =
        gx__common_of(m->col, m->ptr[u], m->ptr[u + 1], m->col, m->ptr[v], m->ptr[v + 1]);
    while (gx__common_next(&both)) {
        if (is_earlier(c, both.at_b, both.at_a)) {
            note_earlier(c, both.at_a - m->ptr[u], both.at_b, sharers, give);
        }
    }
}

static void credit_follower(const credits *c, uint32_t u, uint32_t *sharers) {
    const uint64_t acts = c->matrix->ptr[u + 1] - c->matrix->ptr[u];
    if (acts == 0) {
        return;
    }
    memset(sharers, 0, acts * sizeof *sharers);
    for (int give = 0; give < 2; give++) {
        for (uint64_t arc = c->graph->out_ptr[u]; arc < c->graph->out_ptr[u + 1]; arc++) {
            if (c->graph->out_dst[arc] != u) {
                visit_common(c, u, c->graph->out_dst[arc], sharers, give == 1);
            }
        }
    }
}

static gx_status credit_all(const credits *c, gx_job *job, gx_error *err) {
    const gx_matrix *matrix = c->matrix;
    uint64_t longest = 0;
    uint32_t *sharers = NULL;
    gx_status status;
    for (uint32_t u = 0; u < matrix->rows; u++) {
        uint64_t acts = matrix->ptr[u + 1] - matrix->ptr[u];
        longest = acts > longest ? acts : longest;
    }
    GX_TRY(gx_job_alloc(job, &sharers, longest, (size_t)job->threads * sizeof *sharers, err));
#pragma omp parallel num_threads(job->threads)
    {
        uint32_t *own = sharers + (size_t)gx_thread() * longest;
#pragma omp for schedule(dynamic, FOLLOWERS_CHUNK)
        for (uint32_t u = 0; u < matrix->rows; u++) {
            if (!gx_job_should_stop(job)) {
                credit_follower(c, u, own);
            }
        }
    }
    status = gx_job_check(job, err);
done:
    gx_job_free(job, sharers);
    return status;
}

/* ---- what chance would do -------------------------------------------------------------------- */

static gx_status sort_times(credits *c, gx_job *job, gx_error *err) {
    const gx_matrix *matrix = c->matrix;
    for (uint64_t i = 0; i < matrix->nnz; i++) {
        c->item_at[matrix->col[i] + 1]++;
    }
    for (uint32_t item = 0; item < matrix->cols; item++) {
        c->item_at[item + 1] += c->item_at[item];
    }
    /* Filled from the back: each end moves down to its start, which is the end of the one before.
     */
    for (uint64_t i = matrix->nnz; i-- > 0;) {
        c->time[--c->item_at[matrix->col[i] + 1]] = matrix->ts[i];
    }
    memmove(c->item_at, c->item_at + 1, matrix->cols * sizeof *c->item_at);
    c->item_at[matrix->cols] = matrix->nnz;
#pragma omp parallel for num_threads(job->threads) schedule(dynamic, ITEMS_CHUNK)
    for (uint32_t item = 0; item < matrix->cols; item++) {
        if (!gx_job_should_stop(job)) {
            qsort(c->time + c->item_at[item], c->item_at[item + 1] - c->item_at[item],
                  sizeof *c->time, gx_by_i64);
        }
    }
    return gx_job_check(job, err);
}

/* Acts on the item up to time t. */
static uint64_t acts_until(const credits *c, uint32_t item, int64_t t) {
    const uint64_t from = c->item_at[item];
    return gx_place_above_i64(c->time, from, c->item_at[item + 1], t) - from;
}

/* Acts on an item later than `t` and within the window, but none up to `done`. */
static uint64_t acts_between(const credits *c, uint32_t item, int64_t t, int64_t done) {
    const gx__leaders_after *after = c->after;
    const bool endless = after->window_ms == 0 || t > INT64_MAX - after->window_ms;
    int64_t end = endless ? INT64_MAX : t + after->window_ms, from = done > t ? done : t;
    from = from < after->since_ms ? after->since_ms - 1 : from;
    end = end < after->until_ms ? end : after->until_ms - (after->until_ms < INT64_MAX);
    return end > from ? acts_until(c, item, end) - acts_until(c, item, from) : 0;
}

/* Acts on the item of entry i, in the windows after its first and its latest act, by whom ever. */
static uint64_t acts_after(const credits *c, uint64_t i) {
    const int64_t first = c->first[i], last = c->matrix->ts[i], window = c->after->window_ms;
    const uint32_t item = c->matrix->col[i];
    uint64_t sum = acts_between(c, item, first, first);
    if (last > first && window > 0 && first < INT64_MAX - window) {
        sum += acts_between(c, item, last, first + window);
    }
    return sum;
}

/* The share of v's credit that goes beyond chance. `active` members have a history. One member more
 * who did nothing keeps a handful who do not follow v from deciding alone. */
static double kept_share(const credits *c, uint32_t v, uint64_t active) {
    const gx_matrix *m = c->matrix;
    uint64_t followers = 0, observed = 0, others_acts = 0;
    for (uint64_t i = c->graph->in_ptr[v]; i < c->graph->in_ptr[v + 1]; i++) {
        uint32_t u = c->graph->in_src[i];
        followers += u != v && m->ptr[u + 1] > m->ptr[u];
    }
    for (uint64_t i = m->ptr[v]; i < m->ptr[v + 1]; i++) {
        observed += c->observed[i];
        const uint64_t after = acts_after(c, i);
        others_acts += after > c->observed[i] ? after - c->observed[i] : 0;
    }
    if (observed == 0) {
        return 0.0;
    }
    const double others = (double)(active - followers); /* v leaves, the idle one comes */
    const double expected = (double)others_acts * (double)followers / others;
    const double beyond = (double)observed - expected - 2.0 * sqrt(expected);
    return beyond > 0.0 ? beyond / (double)observed : 0.0;
}

static void keep_what_is_beyond_chance(const credits *c, gx_job *job) {
    const gx_matrix *m = c->matrix;
    uint64_t active = 0;
    for (uint32_t u = 0; u < m->rows; u++) {
        active += m->ptr[u + 1] > m->ptr[u];
    }
#pragma omp parallel for num_threads(job->threads) schedule(dynamic, FOLLOWERS_CHUNK)
    for (uint32_t v = 0; v < m->rows; v++) {
        double share = gx_job_should_stop(job) ? 0.0 : kept_share(c, v, active);
        if (c->kept) {
            c->kept[v] = share;
        }
        for (uint64_t i = m->ptr[v]; i < m->ptr[v + 1]; i++) {
            c->credit[i] = (uint64_t)(share * (double)c->credit[i]);
        }
    }
}

gx_status gx__leaders_credit(uint64_t *credit, double *kept, const gx_graph *graph,
                             const gx_matrix *matrix, const int64_t *first,
                             const gx__leaders_after *after, gx_job *job, gx_error *err) {
    credits c = {.graph = graph,
                 .matrix = matrix,
                 .after = after,
                 .first = first ? first : matrix->ts,
                 .credit = credit,
                 .kept = kept};
    gx_status status = GX_OK;
    if (kept) {
        memset(kept, 0, graph->n * sizeof *kept);
    }
    if (!matrix->ts || matrix->nnz == 0) {
        return GX_OK;
    }
    GX_TRY(gx_job_alloc(job, &c.observed, matrix->nnz, sizeof *c.observed, err));
    GX_TRY(credit_all(&c, job, err));
    if (!after->whole) {
        GX_TRY(gx_job_alloc(job, &c.item_at, (size_t)matrix->cols + 1, sizeof *c.item_at, err));
        GX_TRY(gx_job_alloc(job, &c.time, matrix->nnz, sizeof *c.time, err));
        GX_TRY(sort_times(&c, job, err));
        keep_what_is_beyond_chance(&c, job);
        GX_TRY(gx_job_check(job, err));
    }
done:
    gx_job_free(job, c.time);
    gx_job_free(job, c.item_at);
    gx_job_free(job, c.observed);
    return status;
}

void gx__leaders_sum_credit(double *out, const uint64_t *credit, const gx_matrix *matrix) {
    for (uint32_t v = 0; v < matrix->rows; v++) {
        out[v] = 0.0;
        for (uint64_t i = matrix->ptr[v]; i < matrix->ptr[v + 1]; i++) {
            out[v] += (double)credit[i] / GX_CREDIT_ONE;
        }
    }
}

gx_status gx_leaders_later(double *out, const gx_graph *graph, const gx_matrix *matrix,
                           const int64_t *first, int64_t since_ms, int64_t window_ms, gx_job *job,
                           gx_error *err) {
    const gx__leaders_after after = {window_ms, since_ms, INT64_MAX, true};
    uint64_t *credit = NULL;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &credit, matrix->nnz, sizeof *credit, err));
    GX_TRY(gx__leaders_credit(credit, NULL, graph, matrix, first, &after, job, err));
    gx__leaders_sum_credit(out, credit, matrix);
done:
    gx_job_free(job, credit);
    return status;
}

/* ---- what it takes --------------------------------------------------------------------------- */

/* What credit looks at once: Σ over ties of the shorter history, times how often the longer one is
 * halved; of a graph that is not there, of histories alike. */
static double shared_acts(const gx_graph *g, const gx_matrix *m) {
    double sum = 0.0;
    if (!g || !m || m->rows == 0) {
        return 0.0;
    }
    if (!g->out_ptr || !g->out_dst || !m->ptr) {
        return (double)g->m * (double)m->nnz / m->rows;
    }
    for (uint32_t u = 0; u < g->n && u < m->rows; u++) {
        const double own = (double)(m->ptr[u + 1] - m->ptr[u]);
        for (uint64_t arc = g->out_ptr[u]; arc < g->out_ptr[u + 1]; arc++) {
            const uint32_t v = g->out_dst[arc];
            const double theirs = v < m->rows ? (double)(m->ptr[v + 1] - m->ptr[v]) : 0.0;
            const double shorter = fmin(own, theirs);
            sum += shorter > 0.0 ? shorter * (1.0 + log2(fmax(own, theirs) / shorter)) : 0.0;
        }
    }
    return sum;
}

double gx__leaders_far(double entries) {
    enum { CACHED = 1 << 18 };
    return entries > CACHED ? 1.0 + 0.25 * log2(entries / CACHED) : 1.0;
}

double gx__leaders_credit_seconds(const gx_graph *graph, const gx_matrix *matrix, uint32_t items) {
    static const double act_s = 1.35e-8, entry_s = 2.4e-8;
    const double nnz = matrix ? (double)matrix->nnz : 0.0, alike = nnz / fmax(items, 1.0);
    return gx__leaders_far(nnz) *
           (act_s * shared_acts(graph, matrix) + entry_s * (1.0 + log2(1.0 + alike)) * nnz);
}
