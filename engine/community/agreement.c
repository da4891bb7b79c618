/* How far two partitions of the same members agree.
 *
 * Normalised mutual information (Danon, Díaz-Guilera, Duch and Arenas 2005), adjusted mutual
 * information (Vinh, Epps and Bailey: Information theoretic measures for clusterings comparison,
 * JMLR 11, 2010, eq. 24 for what is expected) and the adjusted Rand index (Hubert and Arabie:
 * Comparing partitions, Journal of Classification 2, 1985).
 *
 * The expectation sums over pairs of sizes, not of communities: n members have at most √(2n) sizes.
 * Of each pair the hypergeometric weights are taken by recurrence outwards from the most likely
 * overlap, relative to it, until they are nothing, and divided by their sum: no factorial is
 * needed, and nothing is lost where n is large.
 *
 * O(n) time for all but the expectation, whose worst case is O(n √n); 28 bytes a member. Sums run
 * in a fixed order on one thread.
 */
#include "engine/community/partition.h"
#include "engine/community/quality.h"

#include <math.h>

/* Weights below this, relative to the largest, no longer count in a double. */
static const double NEGLIGIBLE = 1e-30;

typedef struct overlap {
    uint32_t n, members;              /* numbers are below n; members that are in both */
    uint32_t *in_a, *in_b;            /* of each of them */
    uint32_t *at, *item;              /* them by their number in a */
    uint32_t *size;                   /* of each number in b */
    uint32_t *common;                 /* scratch: of each number in b */
    double joint, ha, hb;             /* entropies */
    uint64_t pairs, pairs_a, pairs_b; /* of members who are together in both, in a, in b */
} overlap;

static double entropy_term(uint32_t count, uint32_t of) {
    double p = (double)count / (double)of;
    return count ? -p * log(p) : 0.0;
}

static uint64_t pairs_of(uint32_t count) {
    return count ? (uint64_t)count * (count - 1) / 2 : 0;
}

static void overlap_finish(overlap *o, gx_job *job) {
    gx_job_free(job, o->at);
    gx_job_free(job, o->in_a);
    gx_job_free(job, o->in_b);
    gx_job_free(job, o->item);
    gx_job_free(job, o->size);
    gx_job_free(job, o->common);
}

/* Each community of a against all those of b that it meets. */
static void overlap_count(overlap *o) {
    for (uint32_t c = 0; c < o->n; c++) {
        uint32_t begin = o->at[c], end = o->at[c + 1];
        for (uint32_t i = begin; i < end; i++) {
            o->common[o->in_b[o->item[i]]]++;
        }
        for (uint32_t i = begin; i < end; i++) {
            uint32_t *common = &o->common[o->in_b[o->item[i]]];
            o->joint += entropy_term(*common, o->members);
            o->pairs += pairs_of(*common);
            *common = 0;
        }
        o->ha += entropy_term(end - begin, o->members);
        o->pairs_a += pairs_of(end - begin);
        o->hb += entropy_term(o->size[c], o->members);
        o->pairs_b += pairs_of(o->size[c]);
    }
}

static gx_status overlap_make(overlap *o, const uint32_t *a, const uint32_t *b, uint32_t n,
                              gx_job *job, gx_error *err) {
    gx_status status;
    *o = (overlap){.n = n};
    GX_TRY(gx_job_alloc(job, &o->at, (size_t)n + 1, sizeof *o->at, err));
    GX_TRY(gx_job_alloc(job, &o->in_a, n, sizeof *o->in_a, err));
    GX_TRY(gx_job_alloc(job, &o->in_b, n, sizeof *o->in_b, err));
    GX_TRY(gx_job_alloc(job, &o->item, n, sizeof *o->item, err));
    GX_TRY(gx_job_alloc(job, &o->size, n, sizeof *o->size, err));
    GX_TRY(gx_job_alloc(job, &o->common, n, sizeof *o->common, err));
    for (uint32_t v = 0; v < n; v++) {
        if (a[v] != GX_NONE && b[v] != GX_NONE) {
            o->in_a[o->members] = a[v];
            o->in_b[o->members++] = b[v];
            o->size[b[v]]++;
        }
    }
    gx_partition_group(o->at, o->item, o->in_a, n, NULL, o->members);
    GX_TRY(gx_job_check(job, err));
    overlap_count(o);
done:
    return status;
}

static double overlap_nmi(const overlap *o) {
    double both = o->ha + o->hb;
    return both > 0.0 ? fmin(1.0, fmax(0.0, 2.0 * (both - o->joint) / both)) : 1.0;
}

/* ---- what chance gives --------------------------------------------------------------------- */

typedef struct times {
    uint32_t size, times;
} times;

/* What an overlap of k members adds to the mutual information. */
static double information(double k, double a, double b, double n) {
    return k > 0 ? k / n * log(n / a * (k / b)) : 0.0;
}

/* The mean of that over where chance puts the a members among n, b of them marked. */
static double expected_information(double a, double b, double n) {
    const double low = fmax(0, a + b - n), high = fmin(a, b), rest = n - a - b;
    const double mode = fmin(high, fmax(low, floor((a + 1) / (n + 2) * (b + 1))));
    double weight = 1, sum = 1, mean = information(mode, a, b, n);
    for (double k = mode; k < high && weight > NEGLIGIBLE; k++) {
        weight *= (a - k) / (k + 1) * ((b - k) / (rest + k + 1));
        sum += weight;
        mean += weight * information(k + 1, a, b, n);
    }
    weight = 1;
    for (double k = mode; k > low && weight > NEGLIGIBLE; k--) {
        weight *= k / (a - k + 1) * ((rest + k) / (b - k + 1));
        sum += weight;
        mean += weight * information(k - 1, a, b, n);
    }
    return mean / sum;
}

/* The sizes that occur and how often; `histogram` is scratch of n + 1 zeros. */
static uint32_t list_sizes(times *out, uint32_t *histogram, uint32_t n) {
    uint32_t count = 0;
    for (uint32_t size = 1; size <= n; size++) {
        if (histogram[size]) {
            out[count++] = (times){size, histogram[size]};
        }
        histogram[size] = 0;
    }
    return count;
}

static gx_status expect(double *out, overlap *o, gx_job *job, gx_error *err) {
    const size_t most = (size_t)sqrt(2.0 * o->members) + 2;
    uint32_t *histogram = NULL;
    times *in_a = NULL, *in_b = NULL;
    double sum = 0;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &histogram, (size_t)o->n + 1, sizeof *histogram, err));
    GX_TRY(gx_job_alloc(job, &in_a, most, sizeof *in_a, err));
    GX_TRY(gx_job_alloc(job, &in_b, most, sizeof *in_b, err));
    for (uint32_t c = 0; c < o->n; c++) {
        histogram[o->at[c + 1] - o->at[c]]++;
    }
    uint32_t count_a = list_sizes(in_a, histogram, o->n);
    histogram[0] = 0;
    for (uint32_t c = 0; c < o->n; c++) {
        histogram[o->size[c]]++;
    }
    uint32_t count_b = list_sizes(in_b, histogram, o->n);
    for (uint32_t i = 0; i < count_a; i++) {
        for (uint32_t k = 0; k < count_b; k++) {
            GX_TRY(gx_job_check(job, err));
            sum += (double)in_a[i].times * in_b[k].times *
                   expected_information(in_a[i].size, in_b[k].size, o->members);
        }
    }
    *out = sum;
done:
    gx_job_free(job, in_b);
    gx_job_free(job, in_a);
    gx_job_free(job, histogram);
    return status;
}

/* ---- the figures --------------------------------------------------------------------------- */

gx_status gx_quality_nmi(double *out, const uint32_t *a, const uint32_t *b, uint32_t n, gx_job *job,
                         gx_error *err) {
    overlap o;
    gx_status status = overlap_make(&o, a, b, n, job, err);
    if (status == GX_OK) {
        *out = overlap_nmi(&o);
    }
    overlap_finish(&o, job);
    return status;
}

gx_status gx_quality_agreement(gx_agreement *out, const uint32_t *a, const uint32_t *b, uint32_t n,
                               gx_job *job, gx_error *err) {
    overlap o;
    double expected = 0;
    gx_status status;
    GX_TRY(overlap_make(&o, a, b, n, job, err));
    GX_TRY(expect(&expected, &o, job, err));
    const uint64_t all = pairs_of(o.members);
    /* Both put everybody together, or both nobody: chance could not have given anything else. */
    const bool trivial = o.pairs_a == o.pairs_b && (o.pairs_a == 0 || o.pairs_a == all);
    double mean = (o.ha + o.hb) / 2, by_chance = 0;
    if (all > 0) {
        by_chance = (double)o.pairs_a / (double)all * (double)o.pairs_b;
    }
    *out = (gx_agreement){.members = o.members, .nmi = overlap_nmi(&o), .ami = 1, .ari = 1};
    if (!trivial) {
        out->ami = fmin(1.0, (o.ha + o.hb - o.joint - expected) / (mean - expected));
        out->ari = ((double)o.pairs - by_chance) /
                   (((double)o.pairs_a + (double)o.pairs_b) / 2 - by_chance);
    }
done:
    overlap_finish(&o, job);
    return status;
}
