/* What the fusion learns: which of the candidates did members go for whose last events were hidden?
 *
 * Some members, MEMBERS_MOST or a fifth of those with enough events at the most, are held out: of
 * each, a fifth of the events is hidden, the latest, drawn where times are equal or not known. The
 * parts are fitted to what is left, with half the factors of ials, and score each held-out member's
 * candidates. A hidden item among them was chosen with probability exp(w·x) / Σ exp(w·x), x the
 * parts' scores over their sizes and the same times ℓ (conditional logit, McFadden 1974). Minimised
 * is
 *
 *   1/n Σ_u T_u^−½ Σ_{chosen} −ln p + τ |w − prior|²      with weights (not slopes) ≥ `least` prior
 *
 * by Newton steps, each a small bounded quadratic problem. The objective is convex. T_u^−½ lets a
 * member with many hidden items count for more, but not T_u times as much.
 *
 * Before that, the exponent by which the part linear holds popular items back is chosen by its own
 * lists (its scores times d_j^(d0 − d), for each d tried), judged by Recall@20 + NDCG@20 of the
 * hidden items.
 *
 * Hiding at random flatters a model where members do new things as time passes; the pull towards
 * the prior is what keeps that within bounds, and that no part is ever thrown away. */
#include "models/fusion.h"

#include "models/parallel.h"
#include "models/scoring.h"

#include <math.h>
#include <stdlib.h>

enum {
    PARTS = GX__FUSION_PARTS,
    WEIGHTS = GX__FUSION_WEIGHTS,
    MEMBERS_MOST = 3000,
    MEMBERS_LEAST = 30,
    EVENTS_LEAST = 4,
    SHARE = 5, /* one in so many members, and events of theirs */
    STEPS = 30,
    HALVINGS = 20,
    SWEEPS = 200,
    LIST = 20
};

static const double exponents[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7};

/* ---- who is held out, and what is hidden -------------------------------------------------------
 */

typedef struct held_out {
    uint32_t *member;
    uint32_t count;
    uint8_t *hidden; /* one an event of the matrix */
    gx_matrix kept;  /* the other events */
    uint64_t *ptr;
    uint32_t *col;
    float *value;
} held_out;

static uint64_t events_of(const gx_matrix *m, uint32_t u) {
    return m->ptr[u + 1] - m->ptr[u];
}

/* How many are held out of how many who could be. */
static uint32_t count_wanted(const gx_matrix *m, uint32_t *eligible) {
    *eligible = 0;
    for (uint32_t u = 0; u < m->rows; u++) {
        *eligible += events_of(m, u) >= EVENTS_LEAST;
    }
    const uint32_t share = *eligible / SHARE;
    const uint32_t wanted = share < MEMBERS_MOST ? share : MEMBERS_MOST;
    return wanted >= MEMBERS_LEAST ? wanted : 0;
}

/* Exactly `wanted` of those who could be, each as likely (Knuth, volume 2, 3.4.2, algorithm S). */
static void choose_members(held_out *h, const gx_matrix *m, uint32_t wanted, uint32_t eligible,
                           uint64_t seed) {
    gx_rng rng = gx_rng_at(seed, 0x6675);
    for (uint32_t u = 0; u < m->rows && h->count < wanted; u++) {
        if (events_of(m, u) >= EVENTS_LEAST) {
            if (gx_rng_below(&rng, eligible) < wanted - h->count) {
                h->member[h->count++] = u;
            }
            eligible--;
        }
    }
}

typedef struct moment {
    int64_t ts;
    uint64_t lot; /* drawn: which of several at the same time */
    uint64_t at;
} moment;

static int latest_first(const void *a, const void *b) {
    const moment *x = a, *y = b;
    return x->ts != y->ts ? (x->ts < y->ts) - (x->ts > y->ts)
                          : (x->lot > y->lot) - (x->lot < y->lot);
}

static void hide_latest(held_out *h, const gx_matrix *m, uint32_t u, moment *room, uint64_t seed) {
    const uint64_t n = events_of(m, u), wanted = n / SHARE > 0 ? n / SHARE : 1;
    gx_rng rng = gx_rng_at(seed ^ 0x6869646465ULL, u);
    for (uint64_t k = 0; k < n; k++) {
        const uint64_t at = m->ptr[u] + k;
        room[k] = (moment){m->ts ? m->ts[at] : 0, gx_rng_next(&rng), at};
    }
    qsort(room, n, sizeof *room, latest_first);
    for (uint64_t k = 0; k < wanted; k++) {
        h->hidden[room[k].at] = 1;
    }
}

static gx_status hide(held_out *h, const gx_matrix *m, gx_job *job, gx_error *err) {
    uint64_t longest = 0;
    moment *room;
    for (uint32_t k = 0; k < h->count; k++) {
        const uint64_t n = events_of(m, h->member[k]);
        longest = n > longest ? n : longest;
    }
    gx_status status = gx_job_alloc(job, &room, longest, sizeof *room, err);
    if (status != GX_OK) {
        return status;
    }
    for (uint32_t k = 0; k < h->count; k++) {
        hide_latest(h, m, h->member[k], room, job->seed);
    }
    gx_job_free(job, room);
    return gx_job_check(job, err);
}

static void keep_rest(held_out *h, const gx_matrix *m) {
    uint64_t n = 0;
    for (uint32_t u = 0; u < m->rows; u++) {
        for (uint64_t k = m->ptr[u]; k < m->ptr[u + 1]; k++) {
            if (!h->hidden[k]) {
                h->col[n] = m->col[k];
                if (h->value) {
                    h->value[n] = m->value[k];
                }
                n++;
            }
        }
        h->ptr[u + 1] = n;
    }
    h->kept = (gx_matrix){.rows = m->rows,
                          .cols = m->cols,
                          .nnz = n,
                          .ptr = h->ptr,
                          .col = h->col,
                          .value = h->value};
}

static void held_out_free(held_out *h, gx_job *job) {
    gx_job_free(job, h->member);
    gx_job_free(job, h->hidden);
    gx_job_free(job, h->ptr);
    gx_job_free(job, h->col);
    gx_job_free(job, h->value);
}

static gx_status hold_out(held_out *h, const gx_matrix *m, uint32_t wanted, uint32_t eligible,
                          gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(job, &h->member, wanted, sizeof *h->member, err));
    GX_TRY(gx_job_alloc(job, &h->hidden, m->nnz, sizeof *h->hidden, err));
    GX_TRY(gx_job_alloc(job, &h->ptr, (uint64_t)m->rows + 1, sizeof *h->ptr, err));
    GX_TRY(gx_job_alloc(job, &h->col, m->nnz, sizeof *h->col, err));
    if (m->value) {
        GX_TRY(gx_job_alloc(job, &h->value, m->nnz, sizeof *h->value, err));
    }
    choose_members(h, m, wanted, eligible, job->seed);
    GX_TRY(hide(h, m, job, err));
    keep_rest(h, m);
done:
    return status;
}

/* ---- what they could choose from ---------------------------------------------------------------
 */

/* Candidates of all held-out members: `feature` holds PARTS floats each, `chosen` whether it was
 * hidden. */
typedef struct choices {
    float *feature;
    uint8_t *chosen;
    uint32_t *count; /* of each member */
    float *length;   /* of each member: ℓ */
    uint32_t members, room;
} choices;

static gx_status choices_make(choices *c, uint32_t members, uint32_t room, gx_job *job,
                              gx_error *err) {
    gx_status status = GX_OK;
    const uint64_t cells = (uint64_t)members * room;
    c->members = members;
    c->room = room;
    GX_TRY(gx_job_alloc(job, &c->feature, cells * PARTS, sizeof *c->feature, err));
    GX_TRY(gx_job_alloc(job, &c->chosen, cells, sizeof *c->chosen, err));
    GX_TRY(gx_job_alloc(job, &c->count, members, sizeof *c->count, err));
    GX_TRY(gx_job_alloc(job, &c->length, members, sizeof *c->length, err));
done:
    return status;
}

static void choices_free(choices *c, gx_job *job) {
    gx_job_free(job, c->feature);
    gx_job_free(job, c->chosen);
    gx_job_free(job, c->count);
    gx_job_free(job, c->length);
}

static bool was_hidden(const held_out *h, const gx_matrix *m, uint32_t u, uint32_t item) {
    const uint64_t k = gx_matrix_find(m, u, item);
    return k != UINT64_MAX && h->hidden[k] && (!m->value || m->value[k] > 0);
}

static void take_choices(choices *c, uint32_t at, const gx__fusion_room *room, const held_out *h,
                         const gx_matrix *m, uint32_t u, uint32_t events) {
    c->count[at] = room->strange;
    c->length[at] = gx__fusion_length(events);
    for (uint32_t k = 0; k < room->strange; k++) {
        const uint64_t cell = (uint64_t)at * c->room + k;
        c->chosen[cell] = was_hidden(h, m, u, room->item[k]);
        for (size_t p = 0; p < PARTS; p++) {
            const float size = room->size[p];
            c->feature[cell * PARTS + p] = size > 0 ? room->score[p * room->stride + k] / size : 0;
        }
    }
}

static uint64_t longest_of(const held_out *h) {
    uint64_t longest = 1;
    for (uint32_t k = 0; k < h->count; k++) {
        const uint64_t n = events_of(&h->kept, h->member[k]);
        longest = n > longest ? n : longest;
    }
    return longest;
}

/* A thread's memory: a room, a score an item, a weight an event. */
static uint64_t desk_bytes(uint32_t items, uint32_t candidates, uint64_t longest) {
    return (gx__fusion_room_bytes(items, candidates, longest) + 63) / 64 * 64 +
           ((uint64_t)items + longest) * sizeof(float) + 64;
}

/* What all threads share while held-out members are scored. */
typedef struct judge {
    const held_out *h;
    const gx_matrix *all;
    const gx__fusion_parts *parts;
    const float *lift; /* items: what linear's scores are multiplied with; NULL: 1 */
    uint64_t longest, each;
    char *desks;
} judge;

typedef struct desk {
    gx__fusion_room room;
    float *dense, *ones;
} desk;

static desk desk_at(const judge *j, int worker) {
    desk d;
    char *at = j->desks + (uint64_t)worker * j->each;
    const uint32_t items = j->parts->items, candidates = j->parts->candidates;
    gx__fusion_room_lay(&d.room, at, items, candidates, j->longest);
    d.dense = (float *)(at + gx__fusion_room_bytes(items, candidates, j->longest));
    d.ones = d.dense + items;
    for (uint64_t k = 0; k < j->longest; k++) {
        d.ones[k] = 1;
    }
    return d;
}

static gx_status score_linear(float *dense, const judge *j, const gx_history *history) {
    bool folded;
    gx_status status = j->parts->model[0]->score(dense, &folded, j->parts->state[0], history, NULL);
    for (uint32_t i = 0; j->lift && i < j->parts->items; i++) {
        dense[i] *= j->lift[i];
    }
    return status;
}

static gx_status rate_member(choices *c, const judge *j, uint32_t at, int worker) {
    desk d = desk_at(j, worker);
    const uint32_t u = j->h->member[at];
    const gx_history history = gx__row_history(&j->h->kept, u, d.ones);
    gx_status status = score_linear(d.dense, j, &history);
    if (status == GX_OK) {
        status = gx__fusion_rate(&d.room, j->parts, &history, true, d.dense, NULL);
    }
    if (status == GX_OK) {
        take_choices(c, at, &d.room, j->h, j->all, u, history.count);
    }
    return status;
}

static gx_status rate_all(choices *c, const judge *j, gx_job *job, gx_error *err) {
    gx_status worst = GX_OK;
#pragma omp parallel for schedule(dynamic, 1) num_threads(job->threads)
    for (uint32_t k = 0; k < j->h->count; k++) {
        if (gx_job_should_stop(job)) {
            continue;
        }
        const gx_status own = rate_member(c, j, k, gx__worker());
        if (own != GX_OK) {
#pragma omp atomic write
            worst = own;
        }
    }
    return worst != GX_OK ? gx_fail(err, worst, "scoring members held out")
                          : gx_job_check(job, err);
}

/* ---- what is chosen by lists -------------------------------------------------------------------
 */

/* Recall + NDCG of a list of which hit[k] are hidden items. */
static double worth(const bool *hit, uint32_t length, uint32_t hidden) {
    double hits = 0, gain = 0, ideal = 0;
    for (uint32_t k = 0; k < length; k++) {
        hits += hit[k];
        gain += hit[k] ? 1 / log2(k + 2.0) : 0;
    }
    for (uint32_t k = 0; k < hidden && k < LIST; k++) {
        ideal += 1 / log2(k + 2.0);
    }
    return hidden > 0 ? hits / hidden + gain / ideal : 0;
}

/* Of linear's list alone, for one held-out member and every exponent. */
static gx_status judge_exponents(double *out, const judge *j, const float *lifts, uint32_t at,
                                 int worker) {
    desk d = desk_at(j, worker);
    const uint32_t u = j->h->member[at], items = j->parts->items;
    const gx_history history = gx__row_history(&j->h->kept, u, d.ones);
    uint32_t hidden = 0;
    gx_status status = score_linear(d.dense, j, &history);
    for (uint64_t k = j->all->ptr[u]; k < j->all->ptr[u + 1]; k++) {
        hidden += was_hidden(j->h, j->all, u, j->all->col[k]);
    }
    for (uint32_t k = 0; k < history.count; k++) {
        d.dense[history.item[k]] = 0;
    }
    for (size_t e = 0; status == GX_OK && e < GX_COUNT(exponents); e++) {
        for (uint32_t i = 0; i < items; i++) {
            d.dense[i] *= lifts[e * items + i]; /* from the last exponent's to this one's */
        }
        bool hit[LIST];
        gx_scored list[LIST];
        const uint32_t length = gx_top(list, LIST, d.dense, items, NULL, 0);
        for (uint32_t k = 0; k < length; k++) {
            hit[k] = was_hidden(j->h, j->all, u, list[k].item);
        }
        out[e] = worth(hit, length, hidden);
    }
    return status;
}

/* Sums of the positive values of each item. */
static gx_status sum_items(double **out, const gx_matrix *m, gx_job *job, gx_error *err) {
    gx_status status = gx_job_alloc(job, out, m->cols, sizeof **out, err);
    for (uint64_t k = 0; status == GX_OK && k < m->nnz; k++) {
        (*out)[m->col[k]] += m->value ? fmax((double)m->value[k], 0) : 1;
    }
    return status;
}

static float lift_of(double degree, double from, double to) {
    return degree > 0 ? (float)pow(degree, from - to) : 0;
}

/* The exponent whose lists are best. */
static gx_status choose_exponent(double *exponent, const judge *j, gx_job *job, gx_error *err) {
    gx_status status = GX_OK, worst = GX_OK;
    const uint32_t items = j->parts->items;
    double *degree = NULL, *values = NULL, best = -1;
    float *lifts = NULL;
    const double given = *exponent;
    GX_TRY(sum_items(&degree, &j->h->kept, job, err));
    GX_TRY(gx_job_alloc(job, &lifts, (uint64_t)items * GX_COUNT(exponents), sizeof *lifts, err));
    GX_TRY(gx_job_alloc(job, &values, (uint64_t)j->h->count * GX_COUNT(exponents), sizeof *values,
                        err));
    for (size_t e = 0; e < GX_COUNT(exponents); e++) {
        for (uint32_t i = 0; i < items; i++) {
            lifts[e * items + i] =
                lift_of(degree[i], e == 0 ? given : exponents[e - 1], exponents[e]);
        }
    }
#pragma omp parallel for schedule(dynamic, 1) num_threads(job->threads)
    for (uint32_t k = 0; k < j->h->count; k++) {
        if (!gx_job_should_stop(job)) {
            const gx_status own = judge_exponents(values + (uint64_t)k * GX_COUNT(exponents), j,
                                                  lifts, k, gx__worker());
            if (own != GX_OK) {
#pragma omp atomic write
                worst = own;
            }
        }
    }
    GX_TRY(worst != GX_OK ? gx_fail(err, worst, "scoring members held out")
                          : gx_job_check(job, err));
    for (size_t e = 0; e < GX_COUNT(exponents); e++) {
        double sum = 0;
        for (uint32_t k = 0; k < j->h->count; k++) {
            sum += values[(uint64_t)k * GX_COUNT(exponents) + e];
        }
        if (sum > best) {
            best = sum;
            *exponent = exponents[e];
        }
    }
done:
    gx_job_free(job, degree);
    gx_job_free(job, lifts);
    gx_job_free(job, values);
    return status;
}

/* Fits the parts to what was kept, chooses linear's exponent and scores the candidates. */
static gx_status make_choices(choices *c, const held_out *h, gx__fusion_tuned *tuned,
                              const gx_input *input, const gx_args *args, gx_job *job,
                              gx_error *err) {
    gx_status status = GX_OK;
    gx__fusion_parts parts = {.items = 0};
    gx_output out = {.instance = "held", .job = job};
    gx_input kept = *input;
    float *lift = NULL;
    double *degree = NULL;
    judge j = {.h = h, .all = input->matrix, .parts = &parts, .longest = longest_of(h)};
    const double fitted = tuned->target_exponent;
    kept.matrix = &h->kept;
    GX_TRY(gx_arrays_create(&out.arrays, err));
    GX_TRY(gx__fusion_fit(&out, &kept, args, tuned, true, job, err));
    GX_TRY(gx__fusion_open(&parts, out.arrays, "held", input->users, input->items, c->room, err));
    j.each = desk_bytes(parts.items, parts.candidates, j.longest);
    GX_TRY(gx_job_alloc(job, &j.desks, (size_t)job->threads, j.each, err));
    if (!gx_arg_has(args, "target_exponent")) {
        GX_TRY(choose_exponent(&tuned->target_exponent, &j, job, err));
        GX_TRY(sum_items(&degree, &h->kept, job, err));
        GX_TRY(gx_job_alloc(job, &lift, input->items, sizeof *lift, err));
        for (uint32_t i = 0; i < input->items; i++) {
            lift[i] = lift_of(degree[i], fitted, tuned->target_exponent);
        }
        j.lift = lift;
    }
    status = rate_all(c, &j, job, err);
done:
    gx_job_free(job, j.desks);
    gx_job_free(job, lift);
    gx_job_free(job, degree);
    gx__fusion_close(&parts);
    gx_arrays_drop(out.arrays, job);
    return status;
}

/* ---- the weights -------------------------------------------------------------------------------
 */

typedef struct objective {
    double value, slope[WEIGHTS], curve[WEIGHTS][WEIGHTS];
} objective;

/* Softmax over one member's candidates: mean of the features, and their covariance. */
typedef struct moments {
    double log_sum, mean[PARTS], square[PARTS][PARTS];
} moments;

static void take_moments(moments *out, const float *feature, uint32_t count, const double *by,
                         double *score) {
    double most = -INFINITY, sum = 0;
    memset(out, 0, sizeof *out);
    for (uint32_t k = 0; k < count; k++) {
        score[k] = 0;
        for (size_t p = 0; p < PARTS; p++) {
            score[k] += by[p] * (double)feature[(size_t)k * PARTS + p];
        }
        most = fmax(most, score[k]);
    }
    for (uint32_t k = 0; k < count; k++) {
        const float *x = feature + (size_t)k * PARTS;
        const double e = exp(score[k] - most);
        sum += e;
        for (size_t p = 0; p < PARTS; p++) {
            out->mean[p] += e * (double)x[p];
            for (size_t q = 0; q <= p; q++) {
                out->square[p][q] += e * (double)x[p] * (double)x[q];
            }
        }
    }
    for (size_t p = 0; p < PARTS; p++) {
        out->mean[p] /= sum;
        for (size_t q = 0; q <= p; q++) {
            out->square[p][q] /= sum;
        }
    }
    out->log_sum = most + log(sum);
}

static double covariance(const moments *m, size_t p, size_t q) {
    return (p > q ? m->square[p][q] : m->square[q][p]) - m->mean[p] * m->mean[q];
}

/* Adds a member; returns whether anything hidden is among the candidates. */
static bool add_member(objective *o, const choices *c, uint32_t at, const double *w,
                       double *score) {
    const float *feature = c->feature + (uint64_t)at * c->room * PARTS;
    const uint8_t *chosen = c->chosen + (uint64_t)at * c->room;
    const double length = (double)c->length[at];
    double by[PARTS], taken[PARTS] = {0}, total = 0;
    moments m;
    for (uint32_t k = 0; k < c->count[at]; k++) {
        total += chosen[k];
        for (size_t p = 0; chosen[k] && p < PARTS; p++) {
            taken[p] += (double)feature[(size_t)k * PARTS + p];
        }
    }
    if (total == 0) {
        return false;
    }
    for (size_t p = 0; p < PARTS; p++) {
        by[p] = w[p] + length * w[PARTS + p];
    }
    take_moments(&m, feature, c->count[at], by, score);
    const double counts = 1 / sqrt(total);
    o->value += counts * total * m.log_sum;
    for (size_t p = 0; p < PARTS; p++) {
        const double slope = counts * (total * m.mean[p] - taken[p]);
        o->value -= counts * by[p] * taken[p];
        o->slope[p] += slope;
        o->slope[PARTS + p] += length * slope;
        for (size_t q = 0; q < PARTS; q++) {
            const double curve = counts * total * covariance(&m, p, q);
            o->curve[p][q] += curve;
            o->curve[PARTS + p][q] += length * curve;
            o->curve[p][PARTS + q] += length * curve;
            o->curve[PARTS + p][PARTS + q] += length * length * curve;
        }
    }
    return true;
}

/* Returns how many members chose anything. */
static uint32_t evaluate(objective *o, const choices *c, const double *w, const float *prior,
                         double trust, double *score) {
    uint32_t n = 0;
    memset(o, 0, sizeof *o);
    for (uint32_t k = 0; k < c->members; k++) {
        n += add_member(o, c, k, w, score);
    }
    const double each = n > 0 ? 1.0 / n : 0;
    o->value *= each;
    for (size_t i = 0; i < WEIGHTS; i++) {
        const double off = w[i] - (double)prior[i];
        o->value += trust * off * off;
        o->slope[i] = o->slope[i] * each + 2 * trust * off;
        for (size_t j = 0; j < WEIGHTS; j++) {
            o->curve[i][j] = o->curve[i][j] * each + (i == j ? 2 * trust : 0);
        }
    }
    return n;
}

/* The step that minimises the quadratic model within the bounds, coordinate by coordinate. */
static double find_step(double *step, const objective *o, const double *w, const gx_args *args) {
    double largest = 0;
    memset(step, 0, WEIGHTS * sizeof *step);
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        for (size_t i = 0; i < WEIGHTS; i++) {
            double slope = o->slope[i];
            for (size_t j = 0; j < WEIGHTS; j++) {
                slope += j == i ? 0 : o->curve[i][j] * step[j];
            }
            step[i] = -slope / o->curve[i][i];
            const double least = i < PARTS ? gx__fusion_least(i, args) : -INFINITY;
            if (w[i] + step[i] < least) {
                step[i] = least - w[i];
            }
        }
    }
    for (size_t i = 0; i < WEIGHTS; i++) {
        largest = fmax(largest, fabs(step[i]));
    }
    return largest;
}

static gx_status minimise(double *w, const choices *c, const float *prior, const gx_args *args,
                          gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    const double trust = gx_arg_real(args, "trust");
    double *score;
    objective now, next;
    GX_TRY(gx_job_alloc(job, &score, c->room, sizeof *score, err));
    bool going = evaluate(&now, c, w, prior, trust, score) > 0;
    for (int k = 0; going && k < STEPS; k++) {
        double step[WEIGHTS], tried[WEIGHTS], part = 1;
        going = find_step(step, &now, w, args) > 1e-4;
        for (int halving = 0; going && halving < HALVINGS; halving++, part /= 2) {
            for (size_t i = 0; i < WEIGHTS; i++) {
                tried[i] = w[i] + part * step[i];
            }
            evaluate(&next, c, tried, prior, trust, score);
            if (next.value <= now.value) {
                break;
            }
        }
        if (going && next.value < now.value) {
            memcpy(w, tried, sizeof tried);
            now = next;
        } else {
            going = false;
        }
        status = gx_job_check(job, err);
        going &= status == GX_OK;
    }
    gx_job_free(job, score);
done:
    return status;
}

gx_status gx__fusion_learn(gx__fusion_tuned *tuned, const gx_input *input, const gx_args *args,
                           gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    uint32_t eligible;
    const uint32_t wanted = count_wanted(input->matrix, &eligible);
    const gx__fusion_tuned prior = *tuned;
    held_out h = {.count = 0};
    choices c = {.members = 0};
    double w[WEIGHTS];
    if (wanted == 0) {
        return GX_OK;
    }
    for (size_t i = 0; i < WEIGHTS; i++) {
        w[i] = (double)prior.weight[i];
    }
    GX_TRY(hold_out(&h, input->matrix, wanted, eligible, job, err));
    GX_TRY(choices_make(&c, h.count, (uint32_t)gx_arg_int(args, "candidates"), job, err));
    GX_TRY(make_choices(&c, &h, tuned, input, args, job, err));
    GX_TRY(minimise(w, &c, prior.weight, args, job, err));
    for (size_t i = 0; i < WEIGHTS; i++) {
        tuned->weight[i] = (float)w[i];
    }
done:
    choices_free(&c, job);
    held_out_free(&h, job);
    return status;
}

uint64_t gx__fusion_learn_bytes(const gx_input *input, const gx_args *args, int threads) {
    const gx_matrix *m = input->matrix;
    uint32_t eligible;
    const uint64_t wanted = count_wanted(m, &eligible);
    const uint64_t candidates = (uint64_t)gx_arg_int(args, "candidates");
    if (wanted == 0) {
        return 0;
    }
    return wanted * (12 + candidates * (4 * PARTS + 1)) + m->nnz * (m->value ? 9 : 5) +
           8 * ((uint64_t)m->rows + 1) + gx__fusion_fit_bytes(input, args, true, threads);
}
