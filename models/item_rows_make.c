/* How the rows of an item–item model are made: row by row (Gustavson 1978) in a dense accumulator
 * a thread. A first sweep counts min(keep, distinct) of each row, so that rows are written where
 * they stay. Time O(Σ_u d_u²) twice, the counting sweep less, since it stops at `keep`; memory 8
 * bytes a kept entry, the transpose, and 8 bytes and two bits an item and thread. What each item
 * keeps as a target are columns: they are made alike, since Σ_u x_ui c_u x_uj is the same both
 * ways, and turned into rows, which holds the kept entries twice. */
#include "models/item_rows.h"

#include "models/parallel.h"

#include <math.h>

enum { ROWS_A_TURN = 16 };

/* ---- the scratch of a thread ---------------------------------------------------------------- */

static uint64_t words(uint64_t bits) {
    return bits / 64 + 1;
}

uint64_t gx__row_scratch_bytes(uint32_t items) {
    return (uint64_t)items * 8 + words(items) * 8 + words(words(items)) * 8 +
           sizeof(gx__row_scratch);
}

static gx_status make_one(gx__row_scratch *s, uint32_t items, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(job, &s->sum, items, sizeof *s->sum, err));
    GX_TRY(gx_job_alloc(job, &s->touched, items, sizeof *s->touched, err));
    GX_TRY(gx_job_alloc(job, &s->bits, words(items), sizeof *s->bits, err));
    GX_TRY(gx_job_alloc(job, &s->summary, words(words(items)), sizeof *s->summary, err));
done:
    return status;
}

gx_status gx__row_scratch_make(gx__row_scratch **out, uint32_t items, gx_job *job, gx_error *err) {
    gx__row_scratch *all = NULL;
    gx_status status = gx_job_alloc(job, &all, (size_t)job->threads, sizeof *all, err);
    *out = all;
    for (int t = 0; status == GX_OK && t < job->threads; t++) {
        status = make_one(&all[t], items, job, err);
    }
    return status;
}

void gx__row_scratch_free(gx__row_scratch *all, gx_job *job) {
    for (int t = 0; all && t < job->threads; t++) {
        gx_job_free(job, all[t].sum);
        gx_job_free(job, all[t].touched);
        gx_job_free(job, all[t].bits);
        gx_job_free(job, all[t].summary);
    }
    gx_job_free(job, all);
}

/* ---- the cut -------------------------------------------------------------------------------- */

/* Of its size: those of floats above 0 are in the same order as the floats. */
static uint32_t size_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits & 0x7FFFFFFF;
}

/* The bits of the rank-th largest sum among those touched (rank ≥ 1), by a radix search from the
 * top. *ties: how many sums equal to it belong to the first `rank`. */
static uint32_t find_threshold(gx__row_scratch *s, uint32_t count, uint32_t rank, uint32_t *ties) {
    static const unsigned shifts[] = {21, 10, 0};
    uint32_t prefix = 0, mask = 0;
    for (size_t level = 0; level < GX_COUNT(shifts); level++) {
        const unsigned shift = shifts[level];
        const uint32_t digit = (level == 0 ? 2047U : level == 1 ? 2047U : 1023U);
        memset(s->histogram, 0, sizeof s->histogram);
        for (uint32_t k = 0; k < count; k++) {
            const uint32_t bits = size_bits(s->sum[s->touched[k]]);
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
static void mark_kept(gx__row_scratch *s, uint32_t count, uint32_t threshold) {
    for (uint32_t k = 0; k < count; k++) {
        const uint32_t j = s->touched[k];
        if (size_bits(s->sum[j]) >= threshold) {
            s->bits[j / 64] |= 1ULL << (j % 64);
            s->summary[j / 4096] |= 1ULL << (j / 64 % 64);
        } else {
            s->sum[j] = 0;
        }
    }
}

/* Takes the marked items out by rising number, at most `ties` of those equal to the threshold;
 * leaves the scratch cleared. */
static uint64_t take_kept(gx__row_scratch *s, uint32_t *item, float *weight, uint32_t threshold,
                          uint32_t ties, uint32_t items) {
    uint64_t n = 0;
    for (uint64_t top = 0; top < words(words(items)); top++) {
        for (; s->summary[top]; s->summary[top] &= s->summary[top] - 1) {
            const uint64_t word = top * 64 + (uint64_t)__builtin_ctzll(s->summary[top]);
            for (; s->bits[word]; s->bits[word] &= s->bits[word] - 1) {
                const uint64_t j = word * 64 + (uint64_t)__builtin_ctzll(s->bits[word]);
                const bool tie = size_bits(s->sum[j]) == threshold;
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

uint64_t gx__row_take(gx__row_scratch *s, uint32_t count, uint64_t length, uint32_t *item,
                      float *weight, uint32_t items) {
    uint32_t threshold = 0, ties = count;
    if (count > length) {
        threshold = find_threshold(s, count, (uint32_t)length, &ties);
    }
    mark_kept(s, count, threshold);
    return take_kept(s, item, weight, threshold, ties, items);
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* Everything the rows are made from; read by all threads. */
typedef struct fit {
    const gx__item_rows_plan *plan;
    gx_matrix members; /* the transpose of the history */
    uint32_t items;
} fit;

/* min(keep, how many items share a member with `item`). `touched` remembers by row number. */
static uint64_t row_length(const fit *f, uint32_t *touched, uint32_t item) {
    const gx_matrix *h = &f->plan->history, *m = &f->members;
    const uint32_t mark = item + 1;
    uint64_t count = 0;
    if (!f->plan->diagonal) {
        touched[item] = mark;
    }
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
        if (count >= f->plan->keep) {
            return f->plan->keep;
        }
    }
    return count;
}

/* sum[j] += weight × values of one member; returns the new end of `touched`. Every addition is
 * above zero, so a sum of zero says that j was not touched before. */
static uint32_t add_member(gx__row_scratch *s, uint32_t count, const gx_matrix *h, uint32_t u,
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
            sum[j] += gx__weight_between(w * value[l], FLT_MIN, GX__WEIGHT_MAX);
        }
    }
    return count;
}

/* One row into item[] and weight[], which hold `length` entries. */
static void make_row(const fit *f, gx__row_scratch *s, uint32_t i, uint32_t *item, float *weight,
                     uint64_t length) {
    const gx__item_rows_plan *plan = f->plan;
    const gx_matrix *m = &f->members;
    uint32_t count = 0;
    if (!plan->diagonal) {
        s->sum[i] = 1; /* as if it had been touched already */
    }
    for (uint64_t k = m->ptr[i]; k < m->ptr[i + 1]; k++) {
        const double value = m->value ? (double)m->value[k] : 1;
        if (value > 0) {
            const uint32_t u = m->col[k];
            const double scale = plan->member_scale ? plan->member_scale[u] : 1;
            count = add_member(s, count, &plan->history, u, value * scale);
        }
    }
    if (!plan->diagonal) {
        s->sum[i] = 0;
    }
    plan->weigh(plan->model, i, s->sum, s->touched, count);
    const uint64_t n = gx__row_take(s, count, length, item, weight, f->items);
    for (uint64_t k = 0; k < n && plan->finish; k++) {
        weight[k] = plan->finish(plan->model, i, weight[k]);
    }
}

/* Row lengths into ptr[i + 1]. */
static gx_status count_rows(const fit *f, gx__row_scratch *all, uint64_t *ptr, gx_job *job,
                            gx_error *err) {
    const uint32_t items = f->items;
    gx_job_stage(job, f->plan->counting, items);
#pragma omp parallel for schedule(dynamic, ROWS_A_TURN) num_threads(job->threads)
    for (uint32_t i = 0; i < items; i++) {
        if (gx_job_should_stop(job)) {
            continue;
        }
        gx__row_scratch *s = &all[gx__worker()];
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

static gx_status fill_rows(const fit *f, gx__row_scratch *all, const uint64_t *ptr, uint32_t *item,
                           float *weight, gx_job *job, gx_error *err) {
    const uint32_t items = f->items;
    gx_job_stage(job, f->plan->filling, items);
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

/* Rows as they are filled: each item's own, or what each keeps as a target. */
typedef struct filled {
    uint64_t *ptr;
    uint32_t *item;
    float *weight;
} filled;

static gx_status fill_output(gx_output *out, const fit *f, gx__row_scratch *all, gx_job *job,
                             gx_error *err) {
    gx_status status = GX_OK;
    filled r;
    GX_TRY(gx_output_add(&r.ptr, out, "ptr", GX_U64, (uint64_t)f->items + 1, 0, err));
    GX_TRY(count_rows(f, all, r.ptr, job, err));
    GX_TRY(gx_output_add(&r.item, out, "item", GX_U32, r.ptr[f->items], 0, err));
    GX_TRY(gx_output_add(&r.weight, out, "weight", GX_F32, r.ptr[f->items], 0, err));
    GX_TRY(fill_rows(f, all, r.ptr, r.item, r.weight, job, err));
done:
    return status;
}

/* Columns of the targets into rows: those of a row rise, since columns are taken in their order.
 * ptr has items + 1 zeros. */
static void turn(uint64_t *ptr, uint32_t *item, float *weight, const filled *columns,
                 uint32_t items) {
    for (uint64_t k = 0; k < columns->ptr[items]; k++) {
        ptr[columns->item[k]]++;
    }
    for (uint32_t i = 0; i < items; i++) {
        ptr[i + 1] += ptr[i];
    }
    /* From behind, each row's end moves to its beginning. */
    for (uint32_t j = items; j-- > 0;) {
        for (uint64_t k = columns->ptr[j + 1]; k-- > columns->ptr[j];) {
            const uint64_t at = --ptr[columns->item[k]];
            item[at] = j;
            weight[at] = columns->weight[k];
        }
    }
}

static gx_status turn_output(gx_output *out, const fit *f, gx__row_scratch *all, gx_job *job,
                             gx_error *err) {
    gx_status status = GX_OK;
    filled r, c = {0};
    GX_TRY(gx_job_alloc(job, &c.ptr, (size_t)f->items + 1, sizeof *c.ptr, err));
    GX_TRY(count_rows(f, all, c.ptr, job, err));
    GX_TRY(gx_job_alloc(job, &c.item, c.ptr[f->items], sizeof *c.item, err));
    GX_TRY(gx_job_alloc(job, &c.weight, c.ptr[f->items], sizeof *c.weight, err));
    GX_TRY(fill_rows(f, all, c.ptr, c.item, c.weight, job, err));
    GX_TRY(gx_output_add(&r.ptr, out, "ptr", GX_U64, (uint64_t)f->items + 1, 0, err));
    GX_TRY(gx_output_add(&r.item, out, "item", GX_U32, c.ptr[f->items], 0, err));
    GX_TRY(gx_output_add(&r.weight, out, "weight", GX_F32, c.ptr[f->items], 0, err));
    turn(r.ptr, r.item, r.weight, &c, f->items);
done:
    gx_job_free(job, c.ptr);
    gx_job_free(job, c.item);
    gx_job_free(job, c.weight);
    return status;
}

gx_status gx__item_rows_make(gx_output *out, const gx__item_rows_plan *plan, gx_job *job,
                             gx_error *err) {
    gx_status status = GX_OK;
    gx__row_scratch *all = NULL;
    fit f = {.plan = plan, .items = plan->history.cols};
    GX_TRY(gx_matrix_transpose(&f.members, &plan->history, job, err));
    GX_TRY(gx__row_scratch_make(&all, f.items, job, err));
    GX_TRY(plan->of_target ? turn_output(out, &f, all, job, err)
                           : fill_output(out, &f, all, job, err));
done:
    gx__row_scratch_free(all, job);
    gx_matrix_finish(&f.members);
    return status;
}

/* ---- estimate ------------------------------------------------------------------------------- */

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

void gx__item_rows_estimate(gx_estimate *out, const gx_input *input, uint64_t keep, bool values,
                            bool of_target, int threads) {
    const gx_matrix *m = input->matrix;
    double pairs;
    const uint64_t kept = kept_at_most(input, keep, &pairs);
    const uint64_t entries = kept * (sizeof(uint32_t) + sizeof(float));
    out->mem_bytes = entries + (of_target ? entries + (uint64_t)input->items * 8 : 0) +
                     m->nnz * (m->value || values ? 12 : 4) + (uint64_t)input->items * 16 +
                     (uint64_t)threads * gx__row_scratch_bytes(input->items);
    out->kept_bytes = entries + 8 * (uint64_t)input->items;
    out->cpu_s = 4e-9 * pairs + 1.6e-8 * (double)kept;
}

/* ---- values --------------------------------------------------------------------------------- */

gx_status gx__positive_values(gx_matrix *out, float **out_value, const gx_matrix *matrix,
                              gx_job *job, gx_error *err) {
    *out = *matrix;
    out->ts = NULL;
    *out_value = NULL;
    if (!matrix->value) {
        return GX_OK;
    }
    float *value = NULL;
    gx_status status = gx_job_alloc(job, &value, matrix->nnz, sizeof *value, err);
    if (status != GX_OK) {
        return status;
    }
    float largest = 0;
    for (uint64_t k = 0; k < matrix->nnz; k++) {
        largest = fmaxf(largest, matrix->value[k]);
    }
    for (uint64_t k = 0; k < matrix->nnz && largest > 0; k++) {
        value[k] = fmaxf(matrix->value[k] / largest, 0);
    }
    *out_value = value;
    out->value = value;
    return GX_OK;
}

double gx__row_sum(const gx_matrix *m, uint32_t row) {
    double sum = 0;
    for (uint64_t k = m->ptr[row]; k < m->ptr[row + 1]; k++) {
        sum += gx_matrix_value(m, k);
    }
    return sum;
}

void gx__column_sums(double *sum, const gx_matrix *m) {
    for (uint32_t i = 0; i < m->cols; i++) {
        sum[i] = 0;
    }
    for (uint64_t k = 0; k < m->nnz; k++) {
        sum[m->col[k]] += gx_matrix_value(m, k);
    }
}

double gx__degree_scale(double degree, double exponent) {
    return degree > 0 ? pow(degree, -exponent) : 0;
}
