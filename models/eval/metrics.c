/* The metrics: a function a row of metrics.def.
 *
 * Of one member's list, with hits h_1 … h_L, cutoff K and T test items:
 *   recall Σ h / T · precision Σ h / K · hit rate [Σ h > 0] · MRR 1 / place of the first hit
 *   NDCG Σ h_k / log2(k + 1) over Σ_{k ≤ min(K, T)} 1 / log2(k + 1)       (Järvelin, Kekäläinen
 * 2002) MAP Σ h_k (Σ_{l ≤ k} h_l) / k over min(K, T)
 *
 * Of all lists, with c_i the lists that have item i, P = Σ c_i, k_i the members who have i in the
 * fit, N all members, n all items:
 *   coverage |c_i > 0| / n
 *   Gini Σ_r (2r − n − 1) c_(r) / (n P), c_(1) ≤ … ≤ c_(n)         (Fleder and Hosanagar 2009)
 *   novelty Σ c_i log2(N / max(k_i, 1)) / P                          (Zhou et al. 2010)
 *   popularity Σ c_i k_i / (N P); its bias is that over the same mean of the test's pairs
 *   personalisation 1 − mean over pairs of members of |L_u ∩ L_v| / sqrt(|L_u| |L_v|), which is
 *     1 − (Σ_i w_i² − M) / (M (M − 1)), w_i = Σ_{u: i in L_u} |L_u|^-½, M lists: each pair's
 * overlap is a sum over items, so the sum over pairs is one over items. (Zhou et al. 2010 for lists
 * of one length) */
#include "models/eval/eval.h"

#include <math.h>
#include <stdlib.h>

const gx_metric gx_member_metrics[GX_MEMBER_METRICS] = {
#define GX_MEMBER_METRIC(name, better, help) {#name, better, help},
#include "models/eval/metrics.def"
};

const gx_metric gx_list_metrics[GX_LIST_METRICS] = {
#define GX_LIST_METRIC(name, better, help) {#name, better, help},
#include "models/eval/metrics.def"
};

/* ---- of one list ------------------------------------------------------------------------------
 */

static double hits_of(const gx_listed *l) {
    uint32_t hits = 0;
    for (uint32_t k = 0; k < l->length; k++) {
        hits += l->hit[k];
    }
    return hits;
}

/* The most hits a list of this length could have. */
static uint32_t most_hits(const gx_listed *l) {
    return l->tested < l->cutoff ? l->tested : l->cutoff;
}

static double of_recall(const gx_listed *l) {
    return hits_of(l) / l->tested;
}

static double of_precision(const gx_listed *l) {
    return hits_of(l) / l->cutoff;
}

static double of_hit_rate(const gx_listed *l) {
    return hits_of(l) > 0;
}

static double of_mrr(const gx_listed *l) {
    for (uint32_t k = 0; k < l->length; k++) {
        if (l->hit[k]) {
            return 1 / (k + 1.0);
        }
    }
    return 0;
}

static double of_ndcg(const gx_listed *l) {
    double gain = 0, ideal = 0;
    for (uint32_t k = 0; k < l->length; k++) {
        gain += l->hit[k] ? 1 / log2(k + 2.0) : 0;
    }
    for (uint32_t k = 0; gain > 0 && k < most_hits(l); k++) {
        ideal += 1 / log2(k + 2.0);
    }
    return gain > 0 ? gain / ideal : 0;
}

static double of_map(const gx_listed *l) {
    double sum = 0, hits = 0;
    for (uint32_t k = 0; k < l->length; k++) {
        if (l->hit[k]) {
            hits++;
            sum += hits / (k + 1.0);
        }
    }
    return sum / most_hits(l);
}

void gx_measure_list(double *out, const gx_listed *list) {
#define GX_MEMBER_METRIC(name, better, help) out[GX_METRIC_##name] = of_##name(list);
#include "models/eval/metrics.def"
}

/* ---- of all lists -----------------------------------------------------------------------------
 */

/* What the metrics read, with the counts in order. */
typedef struct counted {
    const gx_shown *shown;
    const uint64_t *rising; /* the counts, sorted */
} counted;

static double all_coverage(const counted *c) {
    uint32_t shown = 0;
    for (uint32_t i = 0; i < c->shown->items; i++) {
        shown += c->shown->count[i] > 0;
    }
    return c->shown->items ? (double)shown / c->shown->items : 0;
}

static double all_gini(const counted *c) {
    const double n = c->shown->items;
    double sum = 0;
    for (uint32_t i = 0; i < c->shown->items; i++) {
        sum += (2.0 * (i + 1.0) - n - 1) * (double)c->rising[i];
    }
    return sum / (n * (double)c->shown->places);
}

static double all_novelty(const counted *c) {
    const gx_shown *s = c->shown;
    double sum = 0;
    for (uint32_t i = 0; i < s->items; i++) {
        if (s->count[i]) {
            sum += (double)s->count[i] * log2(s->members / fmax(s->popular[i], 1));
        }
    }
    return sum / (double)s->places;
}

static double all_popularity(const counted *c) {
    double sum = 0;
    for (uint32_t i = 0; i < c->shown->items; i++) {
        sum += (double)c->shown->count[i] * c->shown->popular[i];
    }
    return sum / ((double)c->shown->places * c->shown->members);
}

static double all_popularity_bias(const counted *c) {
    return c->shown->taken > 0 ? all_popularity(c) / c->shown->taken : (double)NAN;
}

static double all_personalisation(const counted *c) {
    const double lists = (double)c->shown->lists;
    double sum = 0;
    for (uint32_t i = 0; i < c->shown->items; i++) {
        sum += c->shown->weight[i] * c->shown->weight[i];
    }
    /* Rounding may leave the sum a hair beside what it can be. */
    return lists > 1 ? 1 - fmin(fmax((sum - lists) / (lists * (lists - 1)), 0), 1) : (double)NAN;
}

static int by_count(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

gx_status gx_measure_lists(double *out, const gx_shown *shown, gx_job *job, gx_error *err) {
    uint64_t *rising = NULL;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &rising, shown->items, sizeof *rising, err));
    if (shown->items) {
        memcpy(rising, shown->count, shown->items * sizeof *rising);
        qsort(rising, shown->items, sizeof *rising, by_count);
    }
    const counted c = {shown, rising};
    const bool empty = shown->places == 0;
#define GX_LIST_METRIC(name, better, help)                                                         \
    out[GX_METRIC_##name] =                                                                        \
        empty && GX_METRIC_##name != GX_METRIC_coverage ? (double)NAN : all_##name(&c);
#include "models/eval/metrics.def"
done:
    gx_job_free(job, rising);
    return status;
}

/* ---- of given lists ---------------------------------------------------------------------------
 */

uint32_t gx_count_popular(uint32_t *popular, const gx_matrix *fit) {
    uint32_t members = 0;
    for (uint32_t u = 0; u < fit->rows; u++) {
        members += fit->ptr[u + 1] > fit->ptr[u];
    }
    for (uint64_t k = 0; k < fit->nnz; k++) {
        popular[fit->col[k]]++;
    }
    return members;
}

void gx_shown_add(gx_shown *shown, const uint32_t *list, uint32_t length) {
    uint32_t known = 0;
    for (uint32_t k = 0; k < length; k++) {
        known += list[k] != GX_NONE;
    }
    for (uint32_t k = 0; k < length; k++) {
        if (list[k] != GX_NONE) {
            shown->count[list[k]]++;
            shown->weight[list[k]] += 1 / sqrt(known);
        }
    }
    shown->lists += known > 0;
    shown->places += known;
}

gx_status gx_measure_given(double *out, const gx_lists *lists, const gx_matrix *fit, gx_job *job,
                           gx_error *err) {
    gx_shown s = {.items = fit->cols};
    uint32_t *popular = NULL;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &s.count, s.items, sizeof *s.count, err));
    GX_TRY(gx_job_alloc(job, &s.weight, s.items, sizeof *s.weight, err));
    GX_TRY(gx_job_alloc(job, &popular, s.items, sizeof *popular, err));
    s.members = gx_count_popular(popular, fit);
    s.popular = popular;
    for (uint32_t u = 0; u < lists->rows; u++) {
        gx_shown_add(&s, lists->item + lists->ptr[u],
                     (uint32_t)(lists->ptr[u + 1] - lists->ptr[u]));
    }
    GX_TRY(gx_measure_lists(out, &s, job, err));
done:
    gx_job_free(job, s.count);
    gx_job_free(job, s.weight);
    gx_job_free(job, popular);
    return status;
}
