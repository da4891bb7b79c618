/* Triplets to compressed sparse rows, in parallel.
 *
 * Two steps, both gentle on caches. First a stable partition of the triplets into at most 1,024
 * buckets, each a range of rows: every worker counts its share of the input, then copies it to its
 * places. Then each bucket, small enough for a core's own cache, is sorted by (row, column) with a
 * stable radix sort on the few bits that differ within it, repeated places are merged, and the
 * result is written over the bucket's own part of the output. A transpose enters with its columns
 * in order, so that only the bits of the row need sorting.
 *
 * Values of a repeated place are summed in rising order, so the result depends on the multiset of
 * triplets alone: neither on their order nor on the number of threads.
 *
 * Time O(count · bits / 11). Memory beyond the result: 4 bytes a triplet for its row, 4 more for
 * values that turn out to be all 1, and scratch of 16 to 36 bytes for each triplet of the largest
 * buckets, one a worker. The account is charged for that whole scratch before the workers start:
 * which of them meets which bucket is chance, and what a step takes is not.
 */
#include "graph/csr/rows.h"

#include <float.h>

enum {
    BUCKETS_MAX = 1024,
    BUCKET_TRIPLETS = 32768, /* wished for: its scratch fits a core's second-level cache */
    BLOCK = 4096,            /* triplets between two looks at the stop flag */
    DIGIT_BITS_MAX = 11
};

typedef struct block {
    const uint32_t *row, *col;
    uint64_t first;
    size_t count;
} block;

/* Scratch of one worker: keys and places within the bucket, twice, and a copy of what is permuted.
 */
typedef struct scratch {
    uint64_t *key[2];
    uint32_t *place[2];
    float *value;
    int64_t *ts;
    uint64_t room; /* triplets that fit */
    gx_status status;
    gx_error err;
} scratch;

typedef struct sorter {
    const gx__triplets *in;
    gx__rows out;
    gx_job *job;
    int workers;
    unsigned shift; /* bucket = row >> shift */
    unsigned col_bits, row_bits;
    uint32_t buckets;
    uint64_t *at;           /* workers × buckets: counts, then where each worker writes */
    uint64_t *start;        /* buckets + 1 */
    uint64_t *kept;         /* buckets: places after merging */
    uint32_t *row;          /* of each partitioned triplet */
    scratch *scratch;       /* of each worker */
    uint64_t scratch_bytes; /* charged for all of them together */
    uint64_t largest;
    _Atomic uint32_t next;
    atomic_bool failed;
    atomic_bool not_one; /* a value other than 1 was written */
} sorter;

/* ---- small parts ------------------------------------------------------------------------- */

void gx__rows_parallel(int workers, void (*work)(void *user, int worker), void *user) {
    if (workers <= 1) {
        work(user, 0);
        return;
    }
#pragma omp parallel for num_threads(workers) schedule(static, 1)
    for (int w = 0; w < workers; w++) {
        work(user, w);
    }
}

gx_status gx__rows_take(gx_job *job, void *out_pointer, uint64_t count, size_t size,
                        gx_error *err) {
    if (gx_mul_overflows(count, size)) {
        return gx_fail(err, GX_OVER_LIMIT, "%llu × %zu bytes is more than there can be",
                       (unsigned long long)count, size);
    }
    gx_status status = gx_job_charge(job, count * size, err);
    if (status != GX_OK) {
        return status;
    }
    void *block_ = gx_alloc(count, size);
    if (!block_) {
        gx_job_refund(job, count * size);
        return gx_fail_memory(err, count * size);
    }
    memcpy(out_pointer, &block_, sizeof block_);
    return GX_OK;
}

static unsigned bits_of(uint64_t largest) {
    return largest ? 64 - (unsigned)__builtin_clzll(largest) : 0;
}

static uint64_t share(uint64_t count, int worker, int workers) {
    uint64_t w = (uint64_t)worker, n = (uint64_t)workers;
    return count / n * w + count % n * w / n;
}

/* ---- reading blocks of triplets ------------------------------------------------------------- */

/* The row of a compressed entry: the last r with ptr[r] ≤ i. */
static uint32_t row_at(const uint64_t *ptr, uint32_t rows, uint64_t i) {
    uint32_t low = 0, high = rows;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (ptr[middle] <= i) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The block that begins at `first` and ends at `end` or after BLOCK triplets. */
static block block_read(const gx__triplets *in, uint64_t first, uint64_t end, uint32_t *buffer) {
    size_t count = end - first < BLOCK ? (size_t)(end - first) : (size_t)BLOCK;
    if (in->row) {
        return (block){in->row + first, in->col + first, first, count};
    }
    uint32_t r = row_at(in->ptr, in->cols, first);
    for (size_t k = 0; k < count; k++) {
        while (in->ptr[r + 1] <= first + k) {
            r++;
        }
        buffer[k] = r;
    }
    return (block){in->col + first, buffer, first, count};
}

/* ---- step one: partition ------------------------------------------------------------------- */

static void count_share(void *user, int worker) {
    sorter *s = user;
    const gx__triplets *in = s->in;
    uint64_t *at = s->at + (uint64_t)worker * s->buckets;
    uint64_t end = share(in->count, worker + 1, s->workers);
    uint32_t buffer[BLOCK];
    for (uint64_t i = share(in->count, worker, s->workers); i < end; i += BLOCK) {
        if (gx_job_should_stop(s->job)) {
            return;
        }
        block b = block_read(in, i, end, buffer);
        for (size_t k = 0; k < b.count; k++) {
            at[b.row[k] >> s->shift] += !(in->drop_diagonal && b.row[k] == b.col[k]);
        }
    }
}

static void copy_share(void *user, int worker) {
    sorter *s = user;
    const gx__triplets *in = s->in;
    uint64_t *at = s->at + (uint64_t)worker * s->buckets;
    uint64_t end = share(in->count, worker + 1, s->workers);
    uint32_t buffer[BLOCK];
    for (uint64_t i = share(in->count, worker, s->workers); i < end; i += BLOCK) {
        if (gx_job_should_stop(s->job)) {
            return;
        }
        block b = block_read(in, i, end, buffer);
        for (size_t k = 0; k < b.count; k++) {
            if (in->drop_diagonal && b.row[k] == b.col[k]) {
                continue;
            }
            uint64_t to = at[b.row[k] >> s->shift]++;
            s->row[to] = b.row[k];
            s->out.col[to] = b.col[k];
            if (in->value) {
                s->out.value[to] = in->value[i + k];
            }
            if (in->ts) {
                s->out.ts[to] = in->ts[i + k];
            }
        }
    }
}

/* Counts of each worker and bucket become the places where it writes. */
static uint64_t place_shares(sorter *s) {
    uint64_t sum = 0;
    for (uint32_t b = 0; b < s->buckets; b++) {
        s->start[b] = sum;
        for (int w = 0; w < s->workers; w++) {
            uint64_t *at = &s->at[(uint64_t)w * s->buckets + b];
            uint64_t count = *at;
            *at = sum;
            sum += count;
        }
        if (sum - s->start[b] > s->largest) {
            s->largest = sum - s->start[b];
        }
    }
    s->start[s->buckets] = sum;
    return sum;
}

/* ---- step two: sort and merge each bucket -------------------------------------------------- */

/* Stable radix sort of keys (and places, unless NULL) by bits [low, high); returns which half of
 * the scratch holds the result. */
static int sort_keys(const scratch *s, bool places, size_t count, unsigned low, unsigned high) {
    if (high <= low) {
        return 0;
    }
    unsigned passes = (high - low + DIGIT_BITS_MAX - 1) / DIGIT_BITS_MAX;
    unsigned width = (high - low + passes - 1) / passes;
    int half = 0;
    for (unsigned p = 0; p < passes; p++, half = !half) {
        uint32_t at[1 << DIGIT_BITS_MAX] = {0};
        const uint64_t *from = s->key[half];
        uint64_t *to = s->key[!half];
        unsigned shift = low + p * width;
        uint64_t mask = (UINT64_C(1) << width) - 1;
        for (size_t i = 0; i < count; i++) {
            at[from[i] >> shift & mask]++;
        }
        uint32_t sum = 0;
        for (size_t d = 0; d <= mask; d++) {
            uint32_t here = at[d];
            at[d] = sum;
            sum += here;
        }
        if (places) {
            const uint32_t *place_from = s->place[half];
            uint32_t *place_to = s->place[!half];
            for (size_t i = 0; i < count; i++) {
                uint32_t k = at[from[i] >> shift & mask]++;
                to[k] = from[i];
                place_to[k] = place_from[i];
            }
        } else {
            for (size_t i = 0; i < count; i++) {
                to[at[from[i] >> shift & mask]++] = from[i];
            }
        }
    }
    return half;
}

static void sift_down(float *heap, size_t root, size_t count) {
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        child += child + 1 < count && heap[child + 1] > heap[child];
        if (heap[root] >= heap[child]) {
            return;
        }
        float f = heap[root];
        heap[root] = heap[child];
        heap[child] = f;
    }
}

/* In place and without memory, as runs of one place may be long. */
static void heap_sort(float *values, size_t count) {
    for (size_t i = count / 2; i-- > 0;) {
        sift_down(values, i, count);
    }
    for (size_t end = count; end-- > 1;) {
        float f = values[0];
        values[0] = values[end];
        values[end] = f;
        sift_down(values, 0, end);
    }
}

/* The sum in rising order, held within what a float can say. `run` is free to be reordered. */
static float sum_run(float *run, size_t count) {
    heap_sort(run, count);
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += (double)run[i];
    }
    return (float)(sum > (double)FLT_MAX    ? (double)FLT_MAX
                   : sum < -(double)FLT_MAX ? -(double)FLT_MAX
                                            : sum);
}

/* One place that keys [i, j) name: its value and time, from the scratch copies. `run` has room for
 * j - i values. */
static float merge_values(const sorter *s, const scratch *t, const uint32_t *place, size_t i,
                          size_t j, float *run) {
    if (!s->in->value) {
        return (float)(j - i);
    }
    if (j - i == 1) {
        return t->value[place[i]];
    }
    for (size_t k = i; k < j; k++) {
        run[k - i] = t->value[place[k]];
    }
    return sum_run(run, j - i);
}

static int64_t latest(const scratch *t, const uint32_t *place, size_t i, size_t j) {
    int64_t best = INT64_MIN;
    for (size_t k = i; k < j; k++) {
        best = t->ts[place[k]] > best ? t->ts[place[k]] : best;
    }
    return best;
}

/* Writes the bucket's places over its own part of the output, which the scratch holds a copy of. */
static void merge_bucket(sorter *s, const scratch *t, uint32_t bucket, int half, size_t count) {
    uint64_t first = s->start[bucket], base = (uint64_t)bucket << s->shift;
    const uint64_t *key = t->key[half];
    const uint32_t *place = t->place[half];
    float *run = (float *)(void *)t->key[!half]; /* free by now */
    uint64_t mask = (UINT64_C(1) << s->col_bits) - 1;
    bool not_one = false;
    size_t kept = 0;
    for (size_t i = 0, j; i < count; i = j, kept++) {
        for (j = i + 1; j < count && key[j] == key[i]; j++) {
        }
        s->out.col[first + kept] = (uint32_t)(key[i] & mask);
        s->out.ptr[base + (key[i] >> s->col_bits) + 1]++;
        if (s->out.value) {
            float value = merge_values(s, t, place, i, j, run);
            s->out.value[first + kept] = value;
            not_one |= value != 1.0f;
        }
        if (s->in->ts) {
            s->out.ts[first + kept] = latest(t, place, i, j);
        }
    }
    s->kept[bucket] = kept;
    if (not_one) {
        atomic_store_explicit(&s->not_one, true, memory_order_relaxed);
    }
}

static void sort_bucket(sorter *s, const scratch *t, uint32_t bucket) {
    uint64_t first = s->start[bucket];
    size_t count = (size_t)(s->start[bucket + 1] - first);
    uint32_t base = bucket << s->shift;
    bool places = s->in->value || s->in->ts;
    for (size_t i = 0; i < count; i++) {
        t->key[0][i] = (uint64_t)(s->row[first + i] - base) << s->col_bits | s->out.col[first + i];
    }
    if (places) {
        for (size_t i = 0; i < count; i++) {
            t->place[0][i] = (uint32_t)i;
        }
    }
    if (s->in->value) {
        memcpy(t->value, s->out.value + first, count * sizeof *t->value);
    }
    if (s->in->ts) {
        memcpy(t->ts, s->out.ts + first, count * sizeof *t->ts);
    }
    /* A transpose comes with its columns in order already, and the partition kept that order. */
    unsigned low = s->in->row ? 0 : s->col_bits;
    int half = sort_keys(t, places, count, low, s->col_bits + s->row_bits);
    merge_bucket(s, t, bucket, half, count);
}

/* Of one triplet. */
static uint64_t scratch_bytes(const gx__triplets *in) {
    const scratch *t = NULL;
    uint64_t bytes = 2 * sizeof *t->key[0];
    bytes += in->value || in->ts ? 2 * sizeof *t->place[0] : 0;
    bytes += in->value ? sizeof *t->value : 0;
    return bytes + (in->ts ? sizeof *t->ts : 0);
}

/* The triplets of the `workers` largest buckets: no worker's scratch is larger than the largest
 * bucket it meets, and no two meet the same. */
static uint64_t largest_together(const sorter *s) {
    uint64_t sum = 0, last = UINT64_MAX;
    uint32_t last_at = 0;
    for (int w = 0; w < s->workers && last > 0; w++) {
        uint64_t best = 0;
        uint32_t best_at = 0;
        for (uint32_t b = 0; b < s->buckets; b++) {
            uint64_t count = s->start[b + 1] - s->start[b];
            bool after = count < last || (count == last && b > last_at);
            if (after && count > best) {
                best = count;
                best_at = b;
            }
        }
        sum += best;
        last = best;
        last_at = best_at;
    }
    return sum;
}

static void empty_scratch(scratch *t) {
    for (int half = 0; half < 2; half++) {
        gx_free(t->key[half]);
        gx_free(t->place[half]);
    }
    gx_free(t->value);
    gx_free(t->ts);
    *t = (scratch){.status = t->status, .err = t->err};
}

/* Within what was charged. */
static gx_status take_scratch(void *out_pointer, uint64_t count, size_t size, gx_error *err) {
    void *block_ = gx_alloc(count, size);
    if (!block_) {
        return gx_fail_memory(err, count * size);
    }
    memcpy(out_pointer, &block_, sizeof block_);
    return GX_OK;
}

/* Grows with the buckets a worker meets: where a few are huge, not every worker pays for them. */
static gx_status fit_scratch(const sorter *s, scratch *t, uint64_t count) {
    gx_status status = GX_OK;
    bool places = s->in->value || s->in->ts;
    if (count <= t->room) {
        return GX_OK;
    }
    empty_scratch(t);
    for (int half = 0; half < 2; half++) {
        GX_TRY(take_scratch(&t->key[half], count, sizeof *t->key[half], &t->err));
        if (places) {
            GX_TRY(take_scratch(&t->place[half], count, sizeof *t->place[half], &t->err));
        }
    }
    if (s->in->value) {
        GX_TRY(take_scratch(&t->value, count, sizeof *t->value, &t->err));
    }
    if (s->in->ts) {
        GX_TRY(take_scratch(&t->ts, count, sizeof *t->ts, &t->err));
    }
    t->room = count;
done:
    return status;
}

static void sort_share(void *user, int worker) {
    sorter *s = user;
    scratch *t = &s->scratch[worker];
    for (;;) {
        uint32_t bucket = atomic_fetch_add(&s->next, 1);
        if (bucket >= s->buckets || gx_job_should_stop(s->job) || atomic_load(&s->failed)) {
            return;
        }
        uint64_t count = s->start[bucket + 1] - s->start[bucket];
        if (count == 0) {
            continue;
        }
        t->status = fit_scratch(s, t, count);
        if (t->status != GX_OK) {
            atomic_store(&s->failed, true);
            return;
        }
        sort_bucket(s, t, bucket);
    }
}

static gx_status sort_all(sorter *s, gx_error *err) {
    if (s->largest > UINT32_MAX) {
        return gx_fail(err, GX_OVER_LIMIT, "%llu entries in one range of rows; at most 4294967295",
                       (unsigned long long)s->largest);
    }
    const uint64_t bytes = largest_together(s) * scratch_bytes(s->in);
    gx_status status =
        gx_job_alloc(s->job, &s->scratch, (size_t)s->workers, sizeof *s->scratch, err);
    status = status == GX_OK ? gx_job_charge(s->job, bytes, err) : status;
    if (status != GX_OK) {
        return status;
    }
    s->scratch_bytes = bytes;
    gx__rows_parallel(s->workers, sort_share, s);
    for (int w = 0; w < s->workers; w++) {
        const scratch *t = &s->scratch[w];
        if (t->status != GX_OK && status == GX_OK) {
            status = t->status;
            if (err) {
                *err = t->err;
            }
        }
    }
    return status == GX_OK ? gx_job_check(s->job, err) : status;
}

/* ---- the whole --------------------------------------------------------------------------- */

static void choose_buckets(sorter *s) {
    uint64_t wished = s->in->count / BUCKET_TRIPLETS + 1;
    wished = wished < BUCKETS_MAX ? wished : BUCKETS_MAX;
    uint32_t last = s->in->rows ? s->in->rows - 1 : 0;
    while (s->shift < 31 && (last >> s->shift) + UINT64_C(1) > wished) {
        s->shift++;
    }
    s->buckets = (last >> s->shift) + 1;
    s->row_bits = s->shift < bits_of(last) ? s->shift : bits_of(last);
    s->col_bits = bits_of(s->in->cols ? s->in->cols - 1 : 0);
}

static gx_status take_output(sorter *s, uint64_t count, gx_error *err) {
    gx_status status = GX_OK;
    GX_TRY(gx__rows_take(s->job, &s->row, count, sizeof *s->row, err));
    GX_TRY(gx__rows_take(s->job, &s->out.col, count, sizeof *s->out.col, err));
    if (s->in->value || s->in->count_repeats) {
        GX_TRY(gx__rows_take(s->job, &s->out.value, count, sizeof *s->out.value, err));
    }
    if (s->in->ts) {
        GX_TRY(gx__rows_take(s->job, &s->out.ts, count, sizeof *s->out.ts, err));
    }
done:
    return status;
}

/* Closes the gaps that merging left between buckets. */
static void close_gaps(sorter *s) {
    uint64_t to = 0;
    for (uint32_t b = 0; b < s->buckets; b++) {
        uint64_t from = s->start[b], kept = s->kept[b];
        if (from != to) {
            memmove(s->out.col + to, s->out.col + from, kept * sizeof *s->out.col);
            if (s->out.value) {
                memmove(s->out.value + to, s->out.value + from, kept * sizeof *s->out.value);
            }
            if (s->out.ts) {
                memmove(s->out.ts + to, s->out.ts + from, kept * sizeof *s->out.ts);
            }
        }
        to += kept;
    }
    s->out.count = to;
    for (uint32_t r = 0; r < s->in->rows; r++) {
        s->out.ptr[r + 1] += s->out.ptr[r];
    }
}

/* Gives back what merging freed, where that is worth a copy; without memory for the copy, keeps it.
 */
static void shrink(sorter *s, void *in_out_block, size_t size) {
    void *old;
    memcpy(&old, in_out_block, sizeof old);
    size_t before = gx_alloc_size(old), after = s->out.count * size;
    if (!old || before - after <= before / 8) {
        return;
    }
    void *fresh = gx_realloc(old, s->out.count, size);
    if (fresh) {
        gx_job_refund(s->job, before - after);
        memcpy(in_out_block, &fresh, sizeof fresh);
    }
}

static void settle(sorter *s) {
    close_gaps(s);
    if (s->out.value && !atomic_load(&s->not_one)) {
        gx_job_free(s->job, s->out.value);
        s->out.value = NULL;
    }
    shrink(s, &s->out.col, sizeof *s->out.col);
    shrink(s, &s->out.value, sizeof *s->out.value);
    shrink(s, &s->out.ts, sizeof *s->out.ts);
    gx_job_refund(s->job, gx__rows_bytes(&s->out));
}

gx_status gx__rows_build(gx__rows *out, const gx__triplets *in, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    sorter s = {.in = in, .job = job, .out.rows = in->rows};
    s.workers = in->count > BUCKET_TRIPLETS ? job->threads : 1;
    choose_buckets(&s);
    GX_TRY(gx_job_alloc(job, &s.at, (size_t)s.workers * s.buckets, sizeof *s.at, err));
    GX_TRY(gx_job_alloc(job, &s.start, (size_t)s.buckets + 1, sizeof *s.start, err));
    GX_TRY(gx_job_alloc(job, &s.kept, s.buckets, sizeof *s.kept, err));
    GX_TRY(gx_job_alloc(job, &s.out.ptr, (size_t)in->rows + 1, sizeof *s.out.ptr, err));
    gx__rows_parallel(s.workers, count_share, &s);
    GX_TRY(gx_job_check(job, err));
    GX_TRY(take_output(&s, place_shares(&s), err));
    gx__rows_parallel(s.workers, copy_share, &s);
    GX_TRY(gx_job_check(job, err));
    GX_TRY(sort_all(&s, err));
    gx_job_free(job, s.row);
    s.row = NULL;
    settle(&s);
    *out = s.out;
done:
    for (int w = 0; s.scratch && w < s.workers; w++) {
        empty_scratch(&s.scratch[w]);
    }
    gx_job_refund(job, s.scratch_bytes);
    gx_job_free(job, s.scratch);
    gx_job_free(job, s.at);
    gx_job_free(job, s.start);
    gx_job_free(job, s.kept);
    gx_job_free(job, s.row);
    if (status != GX_OK) {
        gx_job_free(job, s.out.ptr);
        gx_job_free(job, s.out.col);
        gx_job_free(job, s.out.value);
        gx_job_free(job, s.out.ts);
    }
    return status;
}

void gx__rows_finish(gx__rows *rows) {
    gx_free(rows->ptr);
    gx_free(rows->col);
    gx_free(rows->value);
    gx_free(rows->ts);
    *rows = (gx__rows){0};
}

uint64_t gx__rows_bytes(const gx__rows *rows) {
    return gx_alloc_size(rows->ptr) + gx_alloc_size(rows->col) + gx_alloc_size(rows->value) +
           gx_alloc_size(rows->ts);
}
