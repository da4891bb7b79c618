#include "engine/influence/chances.h"

#include "engine/influence/copies.h"

#include <math.h>
#include <stdlib.h>

enum { LOOK = 1 << 12 };

/* What is being made, and of what. */
typedef struct making {
    gx_chances *out;
    const gx_graph *graph;
    const gx_chance_options *options;
    gx_job *job;
    float *by_arc; /* of arc a → b of the graph, in its order; NULL: even */
} making;

static gx_status own(void *out_block, making *m, size_t count, size_t size, gx_error *err) {
    void *block;
    gx_status status = gx_job_alloc(m->job, &block, count, size, err);
    if (status == GX_OK) {
        m->out->owned[m->out->owned_count++] = block;
        memcpy(out_block, &block, sizeof block);
    }
    return status;
}

static void disown(making *m, void *block) {
    for (size_t i = 0; i < m->out->owned_count; i++) {
        if (m->out->owned[i] == block) {
            m->out->owned[i] = m->out->owned[--m->out->owned_count];
            gx_job_free(m->job, block);
            return;
        }
    }
}

/* ---- how likely ------------------------------------------------------------------------------ */

static double raised(double p, double raise) {
    if (raise == 0.0) {
        return 0.0; /* of what is certain too: log1p(-1) would hide it */
    }
    return raise == 1.0 ? p : p >= 1.0 ? 1.0 : -expm1(raise * log1p(-p));
}

static double strength_of(const gx_graph *graph, uint32_t a) {
    double sum = 0;
    for (uint64_t i = graph->out_ptr[a]; i < graph->out_ptr[a + 1]; i++) {
        sum += (double)graph->out_weight[i];
    }
    return sum;
}

/* Of an arc of whoever heeds so many. */
static double rule_says(const making *m, uint64_t heeds, uint64_t arc, double strength) {
    const gx_graph *graph = m->graph;
    switch (m->options->rule) {
    case GX_CHANCE_CONSTANT:
        return m->options->constant;
    case GX_CHANCE_GIVEN:
        return (double)m->options->given[arc];
    case GX_CHANCE_STRENGTH:
        if (graph->out_weight) {
            return strength > 0 ? (double)graph->out_weight[arc] / strength : 0;
        }
        break;
    case GX_CHANCE_WEIGHTED:
        break;
    }
    return heeds ? 1 / (double)heeds : 0;
}

static gx_status chance_of(float *out, const making *m, uint64_t heeds, uint64_t arc,
                           double strength, gx_error *err) {
    const double p = rule_says(m, heeds, arc, strength);
    if (!(p >= 0 && p <= 1)) {
        return gx_fail(err, GX_BAD_REQUEST, "the chance of a tie is %g; accepted is 0 to 1", p);
    }
    *out = (float)raised(p, m->options->raise);
    return GX_OK;
}

/* Whether the arcs of whoever heeds have one chance. */
static bool is_even(const making *m) {
    const gx_chance_rule rule = m->options->rule;
    return rule == GX_CHANCE_WEIGHTED || rule == GX_CHANCE_CONSTANT ||
           (rule == GX_CHANCE_STRENGTH && !m->graph->out_weight);
}

/* A threshold's weights come to 1 at most. */
static void settle_row(making *m, uint32_t a) {
    const uint64_t from = m->graph->out_ptr[a], to = m->graph->out_ptr[a + 1];
    double sum = 0;
    for (uint64_t i = from; i < to; i++) {
        sum += (double)m->by_arc[i];
    }
    if (m->out->model == GX_SPREAD_THRESHOLD && sum > 1) {
        for (uint64_t i = from; i < to; i++) {
            m->by_arc[i] = (float)((double)m->by_arc[i] / sum);
        }
    }
}

static gx_status find_chances(making *m, gx_error *err) {
    const gx_graph *graph = m->graph;
    gx_status status = GX_OK;
    const bool weighs = m->options->rule == GX_CHANCE_STRENGTH;
    GX_TRY(own(&m->by_arc, m, graph->m, sizeof *m->by_arc, err));
    for (uint32_t a = 0; a < graph->n; a++) {
        const uint64_t from = graph->out_ptr[a], to = graph->out_ptr[a + 1];
        if (a % LOOK == 0) {
            GX_TRY(gx_job_check(m->job, err));
        }
        const double strength = weighs ? strength_of(graph, a) : 0;
        for (uint64_t i = from; i < to; i++) {
            GX_TRY(chance_of(&m->by_arc[i], m, to - from, i, strength, err));
        }
        settle_row(m, a);
    }
done:
    return status;
}

/* ---- rows ------------------------------------------------------------------------------------ */

uint64_t gx__chances_longest(const uint64_t *ptr, uint32_t n) {
    uint64_t longest = 0;
    for (uint32_t v = 0; v < n; v++) {
        longest = ptr[v + 1] - ptr[v] > longest ? ptr[v + 1] - ptr[v] : longest;
    }
    return longest;
}

static gx_status even_rows(gx__chance_rows *rows, making *m, gx_error *err) {
    gx__even *even;
    gx_status status = GX_OK;
    if (rows->ptr == m->out->heeds.ptr && m->out->heeds.even) { /* one array is both directions */
        *rows = m->out->heeds;
        return GX_OK;
    }
    rows->longest = gx__chances_longest(rows->ptr, m->graph->n);
    GX_TRY(own(&even, m, (size_t)rows->longest + 1, sizeof *even, err));
    for (uint64_t length = 0; length <= rows->longest; length++) {
        gx__even *of = &even[length];
        GX_TRY(chance_of(&of->chance, m, length, 0, 0, err));
        if (m->out->model == GX_SPREAD_THRESHOLD && length > 0) {
            of->chance = fminf(of->chance, (float)(1 / (double)length));
        }
        of->stride = gx__stride_of((double)of->chance);
        of->none = gx__none_of(length, (double)of->chance);
    }
    rows->even = even;
done:
    return status;
}

/* Falling chance and rising number are rising keys. */
static uint64_t key_of(float chance, uint32_t node) {
    uint32_t bits;
    memcpy(&bits, &chance, sizeof bits);
    return (uint64_t)~bits << 32 | node;
}

static int by_key(const void *a, const void *b) {
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

static void sort_row(uint64_t *key, uint64_t count) {
    if (count > 24) {
        qsort(key, count, sizeof *key, by_key);
        return;
    }
    for (uint64_t i = 1; i < count; i++) {
        const uint64_t it = key[i];
        uint64_t j = i;
        for (; j > 0 && key[j - 1] > it; j--) {
            key[j] = key[j - 1];
        }
        key[j] = it;
    }
}

/* Sorts the rows whose arcs are `key`, which become the rows' own. */
static gx_status falling_rows(gx__chance_rows *rows, making *m, uint64_t *key, gx_error *err) {
    const uint64_t arcs = m->graph->m;
    uint32_t *node;
    float *chance, *stride;
    gx_status status = GX_OK;
    GX_TRY(own(&node, m, arcs, sizeof *node, err));
    GX_TRY(own(&chance, m, arcs, sizeof *chance, err));
    GX_TRY(own(&stride, m, arcs, sizeof *stride, err));
#pragma omp parallel for schedule(dynamic, 256) num_threads(m->job->threads)
    for (uint32_t v = 0; v < m->graph->n; v++) {
        if (gx_job_should_stop(m->job)) {
            continue;
        }
        sort_row(&key[rows->ptr[v]], rows->ptr[v + 1] - rows->ptr[v]);
        for (uint64_t i = rows->ptr[v]; i < rows->ptr[v + 1]; i++) {
            const uint32_t bits = ~(uint32_t)(key[i] >> 32);
            node[i] = (uint32_t)key[i];
            memcpy(&chance[i], &bits, sizeof bits);
            stride[i] = i > rows->ptr[v] && chance[i] == chance[i - 1]
                            ? stride[i - 1]
                            : (float)gx__stride_of((double)chance[i]);
        }
    }
    rows->node = node;
    rows->chance = chance;
    rows->stride = stride;
    status = gx_job_check(m->job, err);
done:
    return status;
}

/* Σ of weights up to each arc, for a threshold to search. */
static gx_status summed_rows(gx__chance_rows *rows, making *m, gx_error *err) {
    double *weight;
    gx_status status = own(&weight, m, m->graph->m, sizeof *weight, err);
    for (uint32_t v = 0; status == GX_OK && v < m->graph->n; v++) {
        double sum = 0;
        for (uint64_t i = rows->ptr[v]; i < rows->ptr[v + 1]; i++) {
            weight[i] = sum += (double)m->by_arc[i];
        }
    }
    rows->weight = status == GX_OK ? weight : NULL;
    return status;
}

static gx_status make_heeds(making *m, gx_error *err) {
    const gx_graph *graph = m->graph;
    gx__chance_rows *rows = &m->out->heeds;
    gx_status status = GX_OK;
    uint64_t *key = NULL;
    rows->ptr = graph->out_ptr;
    rows->node = graph->out_dst;
    if (is_even(m)) {
        return even_rows(rows, m, err);
    }
    if (m->out->model == GX_SPREAD_THRESHOLD) {
        return summed_rows(rows, m, err);
    }
    GX_TRY(gx_job_alloc(m->job, &key, graph->m, sizeof *key, err));
    for (uint64_t i = 0; i < graph->m; i++) {
        key[i] = key_of(m->by_arc[i], graph->out_dst[i]);
    }
    GX_TRY(falling_rows(rows, m, key, err));
done:
    gx_job_free(m->job, key);
    return status;
}

/* In-rows are sorted by where their arcs come from, so arcs taken in the order of the graph fill
 * each of them in order. */
static gx_status make_heard(making *m, gx_error *err) {
    const gx_graph *graph = m->graph;
    gx__chance_rows *rows = &m->out->heard;
    gx_status status = GX_OK;
    uint64_t *key = NULL, *next = NULL;
    rows->ptr = graph->in_ptr;
    rows->node = graph->in_src;
    if (m->out->model == GX_SPREAD_THRESHOLD) {
        return GX_OK;
    }
    if (m->options->rule == GX_CHANCE_CONSTANT) {
        return even_rows(rows, m, err);
    }
    GX_TRY(gx_job_alloc(m->job, &key, graph->m, sizeof *key, err));
    GX_TRY(gx_job_alloc(m->job, &next, graph->n, sizeof *next, err));
    memcpy(next, graph->in_ptr, graph->n * sizeof *next);
    for (uint32_t a = 0; a < graph->n; a++) {
        for (uint64_t i = graph->out_ptr[a]; i < graph->out_ptr[a + 1]; i++) {
            const float chance = m->by_arc ? m->by_arc[i] : gx__chance_at(&m->out->heeds, a, i);
            key[next[graph->out_dst[i]]++] = key_of(chance, a);
        }
    }
    GX_TRY(falling_rows(rows, m, key, err));
done:
    gx_job_free(m->job, next);
    gx_job_free(m->job, key);
    return status;
}

gx_status gx_chances_make(gx_chances *out, const gx_graph *graph, const gx_chance_options *options,
                          bool forward, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    making m = {.out = out, .graph = graph, .options = options, .job = job};
    *out = (gx_chances){
        .n = graph->n, .m = graph->m, .model = options->model, .passes = options->passes};
    if (!is_even(&m)) {
        GX_TRY(find_chances(&m, err));
    }
    GX_TRY(make_heeds(&m, err));
    if (forward) {
        GX_TRY(make_heard(&m, err));
    }
    if (m.by_arc) {
        disown(&m, m.by_arc);
    }
    GX_TRY(gx_job_check(job, err));
done:
    if (status != GX_OK) {
        gx_chances_finish(out, job);
    }
    return status;
}

/* While the rows forward are made, which are last: theirs and the keys they are sorted by, and
 * where no rule gives rows one chance what each arc has, and the rows back. */
uint64_t gx_chances_bytes(const gx_chance_options *options, uint64_t n, uint64_t m) {
    const bool given = options->rule == GX_CHANCE_GIVEN || options->rule == GX_CHANCE_STRENGTH;
    if (options->model == GX_SPREAD_THRESHOLD) {
        return given ? 12 * m : 0;
    }
    return options->rule == GX_CHANCE_CONSTANT ? 0 : (given ? 36 : 20) * m + 8 * n;
}

void gx_chances_finish(gx_chances *chances, gx_job *job) {
    for (size_t i = 0; i < chances->owned_count; i++) {
        gx_job_free(job, chances->owned[i]);
    }
    gx__chances_forget_copies(chances, job);
    *chances = (gx_chances){0};
}
