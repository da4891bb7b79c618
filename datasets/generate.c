/* The table of random graphs, and what all of them end with: pairs sorted into edges, edges written
 * as text. */
#include "datasets/generate.h"

#include "datasets/shop_csv.h"

#define GX_GENERATOR(name) extern const gx_generator gx_generator_##name;
#include "datasets/generators.def"
#undef GX_GENERATOR

static const gx_generator *const rows[] = {
#define GX_GENERATOR(name) &gx_generator_##name,
#include "datasets/generators.def"
#undef GX_GENERATOR
};

const gx_generator *const *gx_generators(size_t *out_count) {
    *out_count = GX_COUNT(rows);
    return rows;
}

const gx_generator *gx_generator_find(const char *name) {
    for (size_t i = 0; i < GX_COUNT(rows); i++) {
        if (strcmp(rows[i]->name, name) == 0) {
            return rows[i];
        }
    }
    return NULL;
}

/* The model, its arguments, and what it will make of them. */
static gx_status prepare(const gx_generator **out, gx_args *args, gx_edges_expected *expected,
                         gx_arena *arena, const char *name, const gx_value *params, gx_error *err) {
    const gx_generator *generator = gx_generator_find(name);
    if (!generator) {
        char given[64];
        return gx_fail_at(err, GX_NOT_FOUND, "model",
                          "there is no random graph %s; there are rmat, ba, lfr and sbm",
                          gx_quote(given, sizeof given, name, strlen(name)));
    }
    *out = generator;
    gx_status status =
        gx_args_parse(args, arena, generator->params, generator->param_count, params, err);
    return status == GX_OK ? generator->expect(expected, args, err) : status;
}

/* Digits of a number below n, on average. */
static double digits_below(uint32_t n) {
    double digits = 1;
    for (double power = 10; power < n; power *= 10) {
        digits += (n - power) / n;
    }
    return digits;
}

gx_status gx_generate_estimate(gx_edges_expected *out, const char *name, const gx_value *params,
                               gx_error *err) {
    const gx_generator *generator;
    gx_args args;
    gx_arena *arena = gx_arena_create();
    if (!arena) {
        return gx_fail_memory(err, 0);
    }
    gx_status status = prepare(&generator, &args, out, arena, name, params, err);
    if (status == GX_OK) { /* two numbers, a space and the end of the line */
        out->text_bytes = (uint64_t)((double)out->m * (2 * digits_below(out->n) + 2));
    }
    gx_arena_destroy(arena);
    return status;
}

gx_status gx_generate(gx_edges *out, const char *name, const gx_value *params, gx_job *job,
                      gx_error *err) {
    const gx_generator *generator;
    gx_edges_expected expected;
    gx_edges edges = {0};
    gx_args args;
    gx_arena *arena = gx_arena_create();
    gx_status status = GX_OK;
    if (!arena) {
        return gx_fail_memory(err, 0);
    }
    GX_TRY(prepare(&generator, &args, &expected, arena, name, params, err));
    gx_job_stage(job, generator->name, 0);
    GX_TRY(generator->run(&edges, &args, job, err));
    *out = edges;
    edges = (gx_edges){0};
done:
    gx_edges_finish(&edges, job);
    gx_arena_destroy(arena);
    return status;
}

void gx_edges_finish(gx_edges *edges, gx_job *job) {
    gx_job_free(job, edges->src);
    gx_job_free(job, edges->dst);
    gx_job_free(job, edges->label);
    *edges = (gx_edges){0};
}

/* ---- pairs ----------------------------------------------------------------------------------- */

gx_status gx__pairs_grow(gx__pairs *pairs, uint64_t count, gx_job *job, gx_error *err) {
    uint64_t *fresh;
    uint64_t need = pairs->count + count;
    if (need <= pairs->room) {
        return GX_OK;
    }
    uint64_t room = need > 2 * pairs->room ? need : 2 * pairs->room;
    gx_status status = gx_job_alloc(job, &fresh, room, sizeof *fresh, err);
    if (status != GX_OK) {
        return status;
    }
    if (pairs->count) {
        memcpy(fresh, pairs->key, pairs->count * sizeof *fresh);
    }
    gx_job_free(job, pairs->key);
    pairs->key = fresh;
    pairs->room = room;
    return GX_OK;
}

void gx__pairs_finish(gx__pairs *pairs, gx_job *job) {
    gx_job_free(job, pairs->key);
    *pairs = (gx__pairs){0};
}

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS };

/* Radix sort by the bits in which keys of members below n differ; the result ends up in `key`. */
static gx_status sort_pairs(gx__pairs *pairs, uint32_t n, gx_job *job, gx_error *err) {
    uint64_t *spare = NULL;
    unsigned bits = n > 1 ? 32 - (unsigned)__builtin_clz(n - 1) : 0;
    gx_status status = gx_job_alloc(job, &spare, pairs->count + 1, sizeof *spare, err);
    for (unsigned half = 0; half < 2; half++) {
        for (unsigned low = 0; status == GX_OK && low < bits; low += DIGIT_BITS) {
            uint64_t at[DIGITS] = {0}, sum = 0;
            unsigned width = bits - low < DIGIT_BITS ? bits - low : DIGIT_BITS;
            unsigned shift = half * 32 + low;
            uint64_t mask = (UINT64_C(1) << width) - 1;
            for (uint64_t i = 0; i < pairs->count; i++) {
                at[pairs->key[i] >> shift & mask]++;
            }
            for (unsigned d = 0; d < DIGITS; d++) {
                uint64_t here = at[d];
                at[d] = sum;
                sum += here;
            }
            for (uint64_t i = 0; i < pairs->count; i++) {
                spare[at[pairs->key[i] >> shift & mask]++] = pairs->key[i];
            }
            uint64_t *swap = pairs->key;
            pairs->key = spare;
            spare = swap;
            status = gx_job_check(job, err);
        }
    }
    gx_job_free(job, spare);
    return status;
}

gx_status gx__edges_settle(gx_edges *out, uint32_t n, gx__pairs *pairs, gx_job *job,
                           gx_error *err) {
    gx_status status = GX_OK;
    uint64_t m = 0;
    GX_TRY(sort_pairs(pairs, n, job, err));
    for (uint64_t i = 0; i < pairs->count; i++) {
        uint64_t key = pairs->key[i];
        if (gx__pair_low(key) != gx__pair_high(key) && (m == 0 || key != pairs->key[m - 1])) {
            pairs->key[m++] = key;
        }
    }
    GX_TRY(gx_job_alloc(job, &out->src, m + 1, sizeof *out->src, err));
    GX_TRY(gx_job_alloc(job, &out->dst, m + 1, sizeof *out->dst, err));
    for (uint64_t i = 0; i < m; i++) {
        uint64_t key = pairs->key[i];
        bool turned = gx_mix64(key ^ job->seed << 1) & 1;
        out->src[i] = turned ? gx__pair_high(key) : gx__pair_low(key);
        out->dst[i] = turned ? gx__pair_low(key) : gx__pair_high(key);
    }
    out->n = n;
    out->m = m;
done:
    gx__pairs_finish(pairs, job);
    return status;
}

/* ---- text ------------------------------------------------------------------------------------ */

/* Two numbers a line; a NULL `first` counts from 0. */
static gx_status write_lines(int fd, uint64_t count, const uint32_t *first, const uint32_t *second,
                             bool gzip, gx_job *job, gx_error *err) {
    enum { LINES = 1 << 16 };
    gx__csv csv;
    gx_status status = gx__csv_open_fd(&csv, fd, ' ', gzip, err);
    if (status != GX_OK) {
        return status;
    }
    gx_job_stage(job, "write", count);
    for (uint64_t i = 0; i < count && csv.failed == 0; i++) {
        gx__csv_int(&csv, first ? (int64_t)first[i] : (int64_t)i);
        gx__csv_int(&csv, second[i]);
        gx__csv_end(&csv);
        if (i % LINES == 0) {
            gx_job_tick(job, i);
            GX_TRY(gx_job_check(job, err));
        }
    }
    return gx__csv_close(&csv, err);
done:
    gx__csv_abandon(&csv);
    return status;
}

gx_status gx_edges_write(int fd, const gx_edges *edges, bool gzip, gx_job *job, gx_error *err) {
    return write_lines(fd, edges->m, edges->src, edges->dst, gzip, job, err);
}

gx_status gx_edges_write_labels(int fd, const gx_edges *edges, bool gzip, gx_job *job,
                                gx_error *err) {
    if (!edges->label) {
        return gx_fail_at(err, GX_BAD_REQUEST, "labels",
                          "this model plants no groups; lfr and sbm do");
    }
    return write_lines(fd, edges->n, NULL, edges->label, gzip, job, err);
}
