/* The closed-form sparse item–item model.
 *
 *   B[i,j] = (Σ_u d_u^−a · r_ui · r_uj · d_j^−d · d_i^−s)^p     score(u, j) = Σ_{i in history} h_i
 * · B[i,j]
 *
 * r are the positive values of the matrix, d_u and d_i their sums by member and by item. Two items
 * are near when members with few events did both; the exponents say how much a busy member (a), a
 * popular item that recommends (s) and a popular item that is recommended (d) are held back. The
 * diagonal stays, and of each row the N largest. It is the one-hop graph filter that GF-CF and
 * Turbo-CF start from (Shen et al. 2021, Park et al. 2024), with an exponent for each side instead
 * of one for both.
 *
 * The Gramian is made row by row (Gustavson 1978) in a dense accumulator a thread. A first sweep
 * counts min(N, distinct) of each row, so that rows are written where they stay. Time O(Σ_u d_u²)
 * twice, the counting sweep less, since it stops at N; memory 8 bytes a kept entry, the transpose,
 * and 13 bytes an item and thread. Each row is summed in the order of member ids: the same bytes at
 * any thread count.
 *
 * Dislikes (values ≤ 0) take no part in the fit; in a history they subtract the item's row. */
#include "models/model.h"

#include "models/parallel.h"

#include <float.h>
#include <math.h>

static const float WEIGHT_MAX = 1e30F; /* keeps sums of rows finite whatever the values were */
enum { ROWS_A_TURN = 16 };

static const gx_param params[] = {
    {.name = "neighbours",
     .type = GX_PARAM_INT,
     .fallback = "1000",
     .low = 1,
     .high = 1e6,
     .unit = "items",
     .help = "how many of the largest weights each item keeps"},
    {.name = "member_exponent",
     .type = GX_PARAM_REAL,
     .fallback = "1",
     .low = 0,
     .high = 1,
     .help = "a: how much members with many events are held back"},
    {.name = "history_exponent",
     .type = GX_PARAM_REAL,
     .fallback = "0.6",
     .low = 0,
     .high = 1,
     .help = "s: how much popular items of a history are held back"},
    {.name = "target_exponent",
     .type = GX_PARAM_REAL,
     .fallback = "0.3",
     .low = 0,
     .high = 1,
     .help = "d: how much popular items are held back as answers"},
    {.name = "power",
     .type = GX_PARAM_REAL,
     .fallback = "1",
     .low = 0.1,
     .high = 4,
     .help = "p: exponent of every weight, below 1 evens them out"},
};

static const gx_gives gives[] = {
    {"ptr", GX_U64, GX_LEN_OTHER, "where each item's row begins, items + 1"},
    {"item", GX_U32, GX_LEN_OTHER, "items of the rows, rising within a row"},
    {"weight", GX_F32, GX_LEN_OTHER, "weights of the rows"},
};

/* ---- fit ------------------------------------------------------------------------------------ */

/* Everything the rows are made from; read by all threads. */
typedef struct fit {
    gx_matrix history;    /* members × items, values in [0, 1] */
    gx_matrix members;    /* its transpose */
    float *value;         /* of history; NULL: all 1 */
    double *member_scale; /* d_u^−a */
    float *target_scale;  /* d_j^−d */
    double *row_scale;    /* d_i^−s */
    double power;
    uint32_t items, keep;
} fit;

/* One thread's own: the dense accumulator, what it touched, and sets of items as bits. */
typedef struct scratch {
    float *sum;        /* items, all 0 between rows */
    uint32_t *touched; /* items */
    uint64_t *bits;    /* one an item, all 0 between rows */
    uint64_t *summary; /* one a word of bits */
    uint32_t histogram[2048];
} scratch;

static uint64_t words(uint64_t bits) {
    return bits / 64 + 1;
}

static uint64_t scratch_bytes(uint32_t items) {
    return (uint64_t)items * 8 + words(items) * 8 + words(words(items)) * 8 + sizeof(scratch);
}

static gx_status scratch_make(scratch *s, uint32_t items, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(job, &s->sum, items, sizeof *s->sum, err));
    GX_TRY(gx_job_alloc(job, &s->touched, items, sizeof *s->touched, err));
    GX_TRY(gx_job_alloc(job, &s->bits, words(items), sizeof *s->bits, err));
    GX_TRY(gx_job_alloc(job, &s->summary, words(words(items)), sizeof *s->summary, err));
done:
    return status;
}

static void scratch_free(scratch *s, gx_job *job) {
    gx_job_free(job, s->sum);
    gx_job_free(job, s->touched);
    gx_job_free(job, s->bits);
    gx_job_free(job, s->summary);
}

/* The positive part of the values, divided by the largest: the model does not change, and nothing
 * that follows can overflow. */
static gx_status take_values(fit *f, const gx_matrix *matrix, gx_job *job, gx_error *err) {
    f->history = *matrix;
    f->history.ts = NULL;
    if (!matrix->value) {
        return GX_OK;
    }
    gx_status status = gx_job_alloc(job, &f->value, matrix->nnz, sizeof *f->value, err);
    if (status != GX_OK) {
        return status;
    }
    float largest = 0;
    for (uint64_t k = 0; k < matrix->nnz; k++) {
        largest = fmaxf(largest, matrix->value[k]);
    }
    for (uint64_t k = 0; k < matrix->nnz && largest > 0; k++) {
        f->value[k] = fmaxf(matrix->value[k] / largest, 0);
    }
    f->history.value = f->value;
    return GX_OK;
}

static double row_sum(const gx_matrix *m, uint32_t row) {
    double sum = 0;
    for (uint64_t k = m->ptr[row]; k < m->ptr[row + 1]; k++) {
        sum += m->value ? (double)m->value[k] : 1;
    }
    return sum;
}

static double scale(double degree, double exponent) {
    return degree > 0 ? pow(degree, -exponent) : 0;
}

static gx_status make_scales(fit *f, const gx_args *args, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    const double a = gx_arg_real(args, "member_exponent");
    const double s = gx_arg_real(args, "history_exponent");
    const double d = gx_arg_real(args, "target_exponent");
    GX_TRY(gx_job_alloc(job, &f->member_scale, f->history.rows, sizeof(double), err));
    GX_TRY(gx_job_alloc(job, &f->row_scale, f->items, sizeof(double), err));
    GX_TRY(gx_job_alloc(job, &f->target_scale, f->items, sizeof(float), err));
    for (uint32_t u = 0; u < f->history.rows; u++) {
        f->member_scale[u] = scale(row_sum(&f->history, u), a);
    }
    for (uint32_t i = 0; i < f->items; i++) {
        double degree = row_sum(&f->members, i);
        f->row_scale[i] = scale(degree, s);
        f->target_scale[i] = (float)fmin(scale(degree, d), (double)WEIGHT_MAX);
    }
done:
    return status;
}

static void fit_free(fit *f, gx_job *job) {
    gx_matrix_finish(&f->members);
    gx_job_free(job, f->value);
    gx_job_free(job, f->member_scale);
    gx_job_free(job, f->target_scale);
    gx_job_free(job, f->row_scale);
}

/* min(keep, how many items share a member with `item`). `touched` remembers by row number. */
static uint64_t row_length(const fit *f, uint32_t *touched, uint32_t item) {
    const gx_matrix *h = &f->history, *m = &f->members;
    const uint32_t mark = item + 1;
    uint32_t count = 0;
    for (uint64_t k = m->ptr[item]; k < m->ptr[item + 1]; k++) {
        if (m->value && m->value[k] <= 0) {
            continue;
        }
        const uint32_t u = m->col[k];
        for (uint64_t l = h->ptr[u]; l < h->ptr[u + 1]; l++) {
            uint32_t *at = &touched[h->col[l]];
            if (*at != mark && !(h->value && h->value[l] <= 0)) {
                *at = mark;
                count++;
            }
        }
        if (count >= f->keep) {
            return f->keep;
        }
    }
    return count;
}

/* fminf and fmaxf are calls where NaN must be minded, which these are not. */
static inline float between(float x, float low, float high) {
    return x < low ? low : x > high ? high : x;
}

/* sum[j] += weight × values of one member; returns the new end of `touched`. Every addition is
 * above zero, so a sum of zero says that j was not touched before. */
static uint32_t add_member(scratch *s, uint32_t count, const gx_matrix *h, uint32_t u,
                           double weight) {
    const uint32_t *col = h->col + h->ptr[u];
    const uint64_t n = h->ptr[u + 1] - h->ptr[u];
    const float *value = h->value ? h->value + h->ptr[u] : NULL;
    float *restrict sum = s->sum;
    uint32_t *restrict touched = s->touched;
    const float w = fmaxf((float)weight, FLT_MIN);
    if (!value) {
        for (uint64_t l = 0; l < n; l++) {
            const uint32_t j = col[l];
            const float before = sum[j];
            touched[count] = j;
            count += before == 0;
            sum[j] = before + w;
        }
        return count;
    }
    for (uint64_t l = 0; l < n; l++) {
        if (value[l] > 0) {
            const uint32_t j = col[l];
            if (sum[j] == 0) {
                touched[count++] = j;
            }
            sum[j] += between(w * value[l], FLT_MIN, WEIGHT_MAX);
        }
    }
    return count;
}

static uint32_t float_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* The bits of the rank-th largest sum among those touched (rank ≥ 1), by a radix search from the
 * top: a positive float and its bits are in the same order. *ties: how many sums equal to it belong
 * to the first `rank`. */
static uint32_t find_threshold(scratch *s, uint32_t count, uint32_t rank, uint32_t *ties) {
    static const unsigned shifts[] = {21, 10, 0};
    uint32_t prefix = 0, mask = 0;
    for (size_t level = 0; level < GX_COUNT(shifts); level++) {
        const unsigned shift = shifts[level];
        const uint32_t digit = (level == 0 ? 2047U : level == 1 ? 2047U : 1023U);
        memset(s->histogram, 0, sizeof s->histogram);
        for (uint32_t k = 0; k < count; k++) {
            const uint32_t bits = float_bits(s->sum[s->touched[k]]);
            s->histogram[(bits >> shift) & digit] += (bits & mask) == prefix;
        }
        uint32_t bucket = digit;
        while (s->histogram[bucket] < rank) {
            rank -= s->histogram[bucket--];
        }
        prefix |= bucket << shift;
        mask |= digit << shift;
    }
    *ties = rank;
    return prefix;
}

/* Marks the items whose sum is at least the threshold, and forgets the others. */
static void mark_kept(scratch *s, uint32_t count, uint32_t threshold) {
    for (uint32_t k = 0; k < count; k++) {
        const uint32_t j = s->touched[k];
        if (float_bits(s->sum[j]) >= threshold) {
            s->bits[j / 64] |= 1ULL << (j % 64);
            s->summary[j / 4096] |= 1ULL << (j / 64 % 64);
        } else {
            s->sum[j] = 0;
        }
    }
}

/* Takes the marked items out by rising number, at most `ties` of those equal to the threshold;
 * leaves the scratch cleared. */
static uint64_t take_kept(scratch *s, uint32_t *item, float *weight, uint32_t threshold,
                          uint32_t ties, uint32_t items) {
    uint64_t n = 0;
    for (uint64_t top = 0; top < words(words(items)); top++) {
        for (; s->summary[top]; s->summary[top] &= s->summary[top] - 1) {
            const uint64_t word = top * 64 + (uint64_t)__builtin_ctzll(s->summary[top]);
            for (; s->bits[word]; s->bits[word] &= s->bits[word] - 1) {
                const uint64_t j = word * 64 + (uint64_t)__builtin_ctzll(s->bits[word]);
                const bool tie = float_bits(s->sum[j]) == threshold;
                if (!tie || ties > 0) {
                    item[n] = (uint32_t)j;
                    weight[n++] = s->sum[j];
                    ties -= tie;
                }
                s->sum[j] = 0;
            }
        }
    }
    return n;
}

static float finish_weight(const fit *f, uint32_t item, float sum) {
    double weight = (double)sum * f->row_scale[item];
    if (f->power != 1) {
        weight = pow(weight, f->power);
    }
    return weight < (double)WEIGHT_MAX ? (float)weight : WEIGHT_MAX;
}

/* One row of B into item[] and weight[], which hold `length` entries. */
static void make_row(const fit *f, scratch *s, uint32_t i, uint32_t *item, float *weight,
                     uint64_t length) {
    const gx_matrix *m = &f->members;
    uint32_t count = 0;
    for (uint64_t k = m->ptr[i]; k < m->ptr[i + 1]; k++) {
        const double value = m->value ? (double)m->value[k] : 1;
        if (value > 0) {
            count =
                add_member(s, count, &f->history, m->col[k], value * f->member_scale[m->col[k]]);
        }
    }
    for (uint32_t k = 0; k < count; k++) {
        const uint32_t j = s->touched[k];
        s->sum[j] = between(s->sum[j] * f->target_scale[j], FLT_MIN, WEIGHT_MAX);
    }
    uint32_t threshold = 0, ties = 0;
    if (count > length) {
        threshold = find_threshold(s, count, (uint32_t)length, &ties);
    }
    mark_kept(s, count, threshold);
    uint64_t n = take_kept(s, item, weight, threshold, ties, f->items);
    for (uint64_t k = 0; k < n; k++) {
        weight[k] = finish_weight(f, i, weight[k]);
    }
}

/* Row lengths into ptr[i + 1]. */
static gx_status count_rows(const fit *f, scratch *all, uint64_t *ptr, gx_job *job, gx_error *err) {
    const uint32_t items = f->items;
    gx_job_stage(job, "linear: counting", items);
#pragma omp parallel for schedule(dynamic, ROWS_A_TURN) num_threads(job->threads)
    for (uint32_t i = 0; i < items; i++) {
        if (gx_job_should_stop(job)) {
            continue;
        }
        scratch *s = &all[gx__worker()];
        ptr[i + 1] = row_length(f, s->touched, i);
        if (gx__worker() == 0) {
            gx_job_tick(job, i);
        }
    }
    for (uint32_t i = 0; i < items; i++) {
        ptr[i + 1] += ptr[i];
    }
    return gx_job_check(job, err);
}

static gx_status fill_rows(const fit *f, scratch *all, const uint64_t *ptr, uint32_t *item,
                           float *weight, gx_job *job, gx_error *err) {
    const uint32_t items = f->items;
    gx_job_stage(job, "linear: rows", items);
#pragma omp parallel for schedule(dynamic, ROWS_A_TURN) num_threads(job->threads)
    for (uint32_t i = 0; i < items; i++) {
        if (gx_job_should_stop(job)) {
            continue;
        }
        make_row(f, &all[gx__worker()], i, item + ptr[i], weight + ptr[i], ptr[i + 1] - ptr[i]);
        if (gx__worker() == 0) {
            gx_job_tick(job, i);
        }
    }
    return gx_job_check(job, err);
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    scratch *all = NULL;
    uint64_t *ptr;
    uint32_t *item;
    float *weight;
    fit f = {.power = gx_arg_real(args, "power"),
             .items = input->items,
             .keep = (uint32_t)gx_arg_int(args, "neighbours")};
    GX_TRY(gx_job_alloc(job, &all, (size_t)job->threads, sizeof *all, err));
    for (int t = 0; t < job->threads; t++) {
        GX_TRY(scratch_make(&all[t], input->items, job, err));
    }
    GX_TRY(take_values(&f, input->matrix, job, err));
    GX_TRY(gx_matrix_transpose(&f.members, &f.history, job, err));
    GX_TRY(make_scales(&f, args, job, err));
    GX_TRY(gx_output_add(&ptr, out, "ptr", GX_U64, (uint64_t)input->items + 1, 0, err));
    GX_TRY(count_rows(&f, all, ptr, job, err));
    GX_TRY(gx_output_add(&item, out, "item", GX_U32, ptr[input->items], 0, err));
    GX_TRY(gx_output_add(&weight, out, "weight", GX_F32, ptr[input->items], 0, err));
    GX_TRY(fill_rows(&f, all, ptr, item, weight, job, err));
done:
    for (int t = 0; all && t < job->threads; t++) {
        scratch_free(&all[t], job);
    }
    gx_job_free(job, all);
    fit_free(&f, job);
    return status;
}

/* ---- estimate and check ---------------------------------------------------------------------- */

/* Σ_i min(keep, pairs of i): an upper bound of the entries kept, near where rows are cut. `pairs`
 * counts Σ_u d_u². */
static uint64_t kept_at_most(const gx_input *input, uint64_t keep, double *pairs) {
    const gx_matrix *m = input->matrix;
    *pairs = 0;
    for (uint32_t u = 0; u < m->rows; u++) {
        const double n = (double)(m->ptr[u + 1] - m->ptr[u]);
        *pairs += n * n;
    }
    keep = keep < input->items ? keep : input->items;
    uint64_t *row = gx_alloc0(input->items, sizeof *row);
    if (!row) {
        return (uint64_t)fmin(*pairs, (double)keep * (double)input->items);
    }
    for (uint32_t u = 0; u < m->rows; u++) {
        for (uint64_t k = m->ptr[u]; k < m->ptr[u + 1]; k++) {
            row[m->col[k]] += m->ptr[u + 1] - m->ptr[u];
        }
    }
    uint64_t total = 0;
    for (uint32_t i = 0; i < input->items; i++) {
        total += row[i] < keep ? row[i] : keep;
    }
    gx_free(row);
    return total;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    const gx_matrix *m = input->matrix;
    double pairs;
    const uint64_t kept = kept_at_most(input, (uint64_t)gx_arg_int(args, "neighbours"), &pairs);
    out->mem_bytes = kept * (sizeof(uint32_t) + sizeof(float)) + m->nnz * (m->value ? 12 : 4) +
                     (uint64_t)input->items * 28 + (uint64_t)input->users * 8 +
                     (uint64_t)threads * scratch_bytes(input->items);
    out->cpu_s = 4e-9 * pairs + 1.6e-8 * (double)kept;
}

typedef struct rows {
    const uint64_t *ptr;
    const uint32_t *item;
    const float *weight;
    uint32_t items;
} rows;

/* Arrays may come from a file that somebody else wrote: nothing is followed before it is checked.
 */
static gx_status find_rows(rows *out, const gx_arrays *arrays, const char *instance, uint32_t items,
                           gx_error *err) {
    rows r = {.items = items,
              .ptr = gx_result_get(arrays, instance, "ptr", GX_U64, (uint64_t)items + 1)};
    if (!r.ptr) {
        return gx_fail_at(err, GX_NOT_FOUND, instance, "there is no %s.ptr of %u items", instance,
                          items);
    }
    const uint64_t nnz = r.ptr[items];
    r.item = gx_result_get(arrays, instance, "item", GX_U32, nnz);
    r.weight = gx_result_get(arrays, instance, "weight", GX_F32, nnz);
    bool good = r.ptr[0] == 0 && r.item && r.weight;
    for (uint32_t i = 0; i < items; i++) {
        good &= r.ptr[i] <= r.ptr[i + 1];
    }
    uint32_t largest = 0;
    for (uint64_t k = 0; good && k < nnz; k++) {
        largest = r.item[k] > largest ? r.item[k] : largest;
    }
    if (!good || (nnz && largest >= items)) {
        return gx_fail_at(err, GX_CORRUPT, instance, "the rows of %s do not fit %u items", instance,
                          items);
    }
    *out = r;
    return GX_OK;
}

static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    rows r;
    gx_status status = find_rows(&r, result, instance, input->items, err);
    const uint64_t keep = (uint64_t)gx_arg_int(args, "neighbours");
    for (uint32_t i = 0; status == GX_OK && i < r.items; i++) {
        bool good = r.ptr[i + 1] - r.ptr[i] <= keep;
        for (uint64_t k = r.ptr[i]; k < r.ptr[i + 1]; k++) {
            good &= r.weight[k] >= 0 && r.weight[k] <= WEIGHT_MAX;
            good &= k == r.ptr[i] || r.item[k - 1] < r.item[k];
        }
        if (!good) {
            status = gx_fail(err, GX_INTERNAL,
                             "row %u of %s is not at most %llu rising items with weights ≥ 0", i,
                             instance, (unsigned long long)keep);
        }
    }
    return status;
}

/* ---- scoring -------------------------------------------------------------------------------- */

static gx_status open_state(void **out_state, const gx_arrays *arrays, const char *instance,
                            uint32_t users, uint32_t items, gx_error *err) {
    (void)users;
    rows found;
    gx_status status = find_rows(&found, arrays, instance, items, err);
    if (status != GX_OK) {
        return status;
    }
    rows *state = gx_alloc(1, sizeof *state);
    if (!state) {
        return gx_fail_memory(err, sizeof *state);
    }
    *state = found;
    *out_state = state;
    return GX_OK;
}

/* Items the fit has not seen have no row. */
static void add_row(float *scores, const rows *r, uint32_t item, float weight) {
    if (item >= r->items) {
        return;
    }
    for (uint64_t k = r->ptr[item]; k < r->ptr[item + 1]; k++) {
        scores[r->item[k]] += weight * r->weight[k];
    }
}

static gx_status score_one(float *scores, bool *folded, const void *state,
                           const gx_history *history, gx_error *err) {
    (void)err;
    const rows *r = state;
    for (uint32_t i = 0; i < r->items; i++) {
        scores[i] = 0;
    }
    for (uint32_t k = 0; k < history->count; k++) {
        add_row(scores, r, history->item[k], history->weight[k]);
    }
    *folded = false; /* nothing is fitted on a member: any history is scored exactly */
    return GX_OK;
}

static gx_status score_block(float *scores, const void *state, const gx_matrix *history,
                             uint32_t first, uint32_t count, gx_job *job, gx_error *err) {
    const rows *r = state;
#pragma omp parallel for schedule(dynamic, 1) num_threads(job->threads)
    for (uint32_t b = 0; b < count; b++) {
        if (gx_job_should_stop(job)) {
            continue;
        }
        float *row = scores + (size_t)b * r->items;
        memset(row, 0, r->items * sizeof *row);
        const uint32_t u = first + b;
        for (uint64_t k = history->ptr[u]; k < history->ptr[u + 1]; k++) {
            add_row(row, r, history->col[k], history->value ? history->value[k] : 1);
        }
    }
    return gx_job_check(job, err);
}

static gx_status similar(float *scores, const void *state, uint32_t item, gx_error *err) {
    const rows *r = state;
    if (item >= r->items) {
        return gx_fail_at(err, GX_NOT_FOUND, "item", "item %u is not among the %u of the fit", item,
                          r->items);
    }
    memset(scores, 0, r->items * sizeof *scores);
    add_row(scores, r, item, 1);
    return GX_OK;
}

static float weight_of(const rows *r, uint32_t from, uint32_t to) {
    uint64_t low = r->ptr[from], high = r->ptr[from + 1];
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (r->item[middle] < to) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < r->ptr[from + 1] && r->item[low] == to ? r->weight[low] : 0;
}

static gx_status explain(float *parts, const void *state, const gx_history *history, uint32_t item,
                         gx_error *err) {
    (void)err;
    const rows *r = state;
    for (uint32_t k = 0; k < history->count; k++) {
        const uint32_t from = history->item[k];
        const bool known = from < r->items && item < r->items;
        parts[k] = known ? history->weight[k] * weight_of(r, from, item) : 0;
    }
    return GX_OK;
}

const gx_model gx_model_linear = {
    .pass = {.name = "linear",
             .kind = GX_KIND_MODEL,
             .summary = "closed-form sparse item-item weights: people who did this also did that",
             .paper =
                 "one-hop graph filter with an exponent for each side; compare Shen et al., How "
                 "Powerful is Graph Convolution for Recommendation?, 2021, and Park et al., "
                 "Turbo-CF: Matrix Decomposition-Free Graph Filtering, 2024",
             .complexity = "O(sum of squared history lengths) time, 8 bytes a kept weight",
             .needs = GX_NEED_MATRIX,
             .gives = gives,
             .give_count = GX_COUNT(gives),
             .item_arrays = (const char *const[]){"item", NULL},
             .params = params,
             .param_count = GX_COUNT(params),
             .label_dependent = true,
             .estimate = estimate,
             .run = run,
             .check = check},
    .open = open_state,
    .close = gx_free,
    .score = score_one,
    .score_block = score_block,
    .similar = similar,
    .explain = explain,
};
