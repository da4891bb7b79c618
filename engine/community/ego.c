#include "engine/community/ego.h"

enum {
    SWEEPS_MOST = 5,
    SETTLED = 64 /* fewer than one neighbour in so many changed: the groups are there */
};

/* ---- memory -------------------------------------------------------------------------------- */

void gx__ego_finish(gx__ego *e, gx_job *job) {
    gx_job_free(job, e->mark);
    gx_job_free(job, e->start);
    gx_job_free(job, e->found);
    gx_job_free(job, e->half);
    gx_job_free(job, e->half_weight);
    gx_job_free(job, e->end);
    gx_job_free(job, e->weight);
    gx_job_free(job, e->label);
    gx_job_free(job, e->towards);
    gx_job_free(job, e->touched);
    gx_job_free(job, e->size);
    gx_job_free(job, e->waits);
}

gx_status gx__ego_init(gx__ego *e, uint64_t longest, uint64_t ties, gx_job *job, gx_error *err) {
    gx_status status;
    e->weighted = e->weighted && e->graph->out_weight;
    GX_TRY(gx_job_alloc(job, &e->mark, e->graph->n, sizeof *e->mark, err));
    GX_TRY(gx_job_alloc(job, &e->start, longest + 1, sizeof *e->start, err));
    GX_TRY(gx_job_alloc(job, &e->found, longest, sizeof *e->found, err));
    GX_TRY(gx_job_alloc(job, &e->half, ties + 1, sizeof *e->half, err));
    GX_TRY(gx_job_alloc(job, &e->end, 2 * ties, sizeof *e->end, err));
    if (e->weighted) {
        GX_TRY(gx_job_alloc(job, &e->half_weight, ties + 1, sizeof *e->half_weight, err));
        GX_TRY(gx_job_alloc(job, &e->weight, 2 * ties, sizeof *e->weight, err));
    }
    GX_TRY(gx_job_alloc(job, &e->label, longest, sizeof *e->label, err));
    GX_TRY(gx_job_alloc(job, &e->towards, longest, sizeof *e->towards, err));
    GX_TRY(gx_job_alloc(job, &e->touched, longest + 1, sizeof *e->touched, err));
    GX_TRY(gx_job_alloc(job, &e->size, longest, sizeof *e->size, err));
    GX_TRY(gx_job_alloc(job, &e->waits, longest, 1, err));
done:
    return status;
}

uint64_t gx__ego_bytes(uint32_t n, uint64_t longest, uint64_t ties, bool weighted) {
    uint64_t each = 2 * sizeof(uint64_t) + 4 * sizeof(uint32_t) + 1;
    return 4 * (uint64_t)n + longest * each + 12 * ties * (weighted ? 2 : 1) + sizeof(gx__ego);
}

/* ---- ties of the ego network --------------------------------------------------------------- */

/* Marked entries of v's row, into `half` from `count` on; returns their end. Whether an entry is
 * marked cannot be foreseen, so there is no branch. `above`: only those of higher marks. */
static uint64_t match(gx__ego *e, const gx__rows_view *rows, uint32_t v, uint32_t above,
                      uint64_t count) {
    const uint32_t *mark = e->mark, *row = rows->end;
    const uint64_t from = rows->ptr[v], to = rows->ptr[v + 1];
    for (uint64_t i = from; i < to; i++) {
        uint32_t other = mark[row[i]];
        e->half[count] = other - 1;
        if (e->weighted) {
            e->half_weight[count] = rows->weight[i];
        }
        count += other > above;
    }
    e->steps += to - from;
    return count;
}

/* Each tie once: `half` and `found`, and start[i + 1] counts the ties of neighbour i. */
static void list_half(gx__ego *e, gx_job *job) {
    const gx__oriented *o = e->oriented;
    const gx__rows_view rows =
        o ? (gx__rows_view){o->ptr, o->dst, o->weight} : gx__rows_out(e->graph);
    uint64_t count = 0;
    for (uint32_t i = 0; i < e->degree; i++) {
        const uint64_t before = count;
        uint32_t v = e->row[i];
        if (v != e->u && !gx_job_should_stop(job)) {
            count =
                o ? match(e, &rows, e->place_of[v], 0, count) : match(e, &rows, v, i + 1, count);
        }
        e->found[i] = (uint32_t)(count - before);
        e->start[i + 1] += count - before;
        for (uint64_t k = before; k < count; k++) {
            e->start[e->half[k] + 1]++;
        }
    }
}

static inline void put_tie(gx__ego *e, uint32_t from, uint32_t to, uint64_t k) {
    uint64_t at = e->start[from]++;
    e->end[at] = to;
    if (e->weighted) {
        e->weight[at] = e->half_weight[k];
    }
}

static void mark_row(gx__ego *e, bool on) {
    for (uint32_t i = 0; i < e->degree; i++) {
        uint32_t v = e->row[i];
        e->mark[e->oriented ? e->place_of[v] : v] = on && v != e->u ? i + 1 : 0;
    }
}

static void find_ties(gx__ego *e, gx_job *job) {
    memset(e->start, 0, ((size_t)e->degree + 1) * sizeof *e->start);
    mark_row(e, true);
    list_half(e, job);
    mark_row(e, false);
    for (uint32_t i = 0; i < e->degree; i++) {
        e->start[i + 1] += e->start[i];
    }
    uint64_t k = 0;
    for (uint32_t i = 0; i < e->degree; i++) {
        for (uint32_t left = e->found[i]; left > 0; left--, k++) {
            put_tie(e, i, e->half[k], k);
            put_tie(e, e->half[k], i, k);
        }
    }
    /* start[i] is where i's end now: what that of i + 1 was */
    memmove(e->start + 1, e->start, e->degree * sizeof *e->start);
    e->start[0] = 0;
}

/* ---- labels -------------------------------------------------------------------------------- */

static uint64_t hash_of(const gx__ego *e, uint64_t seed, uint32_t place, uint32_t label) {
    return gx_mix64(gx_mix64(seed ^ e->u) ^ ((uint64_t)e->row[place] << 32 | e->row[label]));
}

/* What the neighbour at `place` has towards each label around it. */
static void add_up(gx__ego *e, uint32_t place) {
    const uint64_t end = e->start[place + 1];
    uint32_t count = 0;
    for (uint64_t i = e->start[place]; i < end; i++) {
        uint32_t label = e->label[e->end[i]];
        double weight = e->weighted ? (double)e->weight[i] : 1.0, before = e->towards[label];
        e->touched[count] = label;
        count += (before == 0.0) & (weight > 0.0);
        e->towards[label] = before + weight;
    }
    e->touched_count = count;
    e->steps += end - e->start[place];
}

/* The heaviest label around; clears the weights. */
static uint32_t best_label(gx__ego *e, uint64_t seed, uint32_t place) {
    const uint32_t own = e->label[place];
    uint32_t chosen = own;
    double best = e->towards[own];
    for (uint32_t i = 0; i < e->touched_count; i++) {
        uint32_t label = e->touched[i];
        double weight = e->towards[label];
        bool draw = weight == best && chosen != own && label != own;
        if (weight > best ||
            (draw && hash_of(e, seed, place, label) > hash_of(e, seed, place, chosen))) {
            best = weight;
            chosen = label;
        }
    }
    for (uint32_t i = 0; i < e->touched_count; i++) {
        e->towards[e->touched[i]] = 0.0;
    }
    return chosen;
}

/* Whoever nobody near has changed since it was looked at would stay as it is, and is left out. */
static void propagate(gx__ego *e, uint64_t seed, gx_job *job) {
    uint32_t changed = e->degree;
    memset(e->waits, 1, e->degree);
    for (uint32_t sweep = 0; sweep < SWEEPS_MOST && changed > e->degree / SETTLED; sweep++) {
        changed = 0;
        for (uint32_t i = 0; i < e->degree && !gx_job_should_stop(job); i++) {
            if (e->row[i] == e->u || !e->waits[i]) {
                continue;
            }
            e->waits[i] = 0;
            add_up(e, i);
            uint32_t label = best_label(e, seed, i);
            if (label != e->label[i]) {
                e->label[i] = label;
                changed++;
                for (uint64_t k = e->start[i]; k < e->start[i + 1]; k++) {
                    e->waits[e->end[k]] = 1;
                }
            }
        }
    }
}

/* Numbers the groups in order of their first member; `part` gets one number a neighbour. */
static uint32_t number_groups(gx__ego *e, uint32_t *part, uint32_t least) {
    uint32_t largest = 0, count = 0, *number = e->touched;
    for (uint32_t i = 0; i < e->degree; i++) {
        e->size[e->label[i]] += e->row[i] != e->u;
    }
    for (uint32_t i = 0; i < e->degree; i++) {
        largest = e->size[i] > e->size[largest] ? i : largest;
        number[i] = GX_NONE;
    }
    for (uint32_t i = 0; i < e->degree; i++) {
        uint32_t label = e->size[e->label[i]] < least ? largest : e->label[i];
        if (e->row[i] != e->u && number[label] == GX_NONE) {
            number[label] = count++;
        }
        part[i] = number[label];
    }
    memset(e->size, 0, e->degree * sizeof *e->size);
    return count ? count : 1;
}

uint32_t gx__ego_groups(gx__ego *e, uint32_t *part, uint32_t u, uint32_t least, gx_job *job) {
    const gx_graph *g = e->graph;
    e->u = u;
    e->degree = (uint32_t)(g->out_ptr[u + 1] - g->out_ptr[u]);
    e->row = g->out_dst + g->out_ptr[u];
    for (uint32_t i = 0; i < e->degree; i++) {
        e->label[i] = i;
    }
    if (e->degree >= 2 * least) {
        find_ties(e, job);
        propagate(e, job->seed, job);
    } else {
        memset(e->label, 0, e->degree * sizeof *e->label); /* no room for two groups */
    }
    return number_groups(e, part, least);
}
