/* Judgements as values: figures with intervals, by history length, by popularity, and each pair of
 * models tested on the members both were judged on. */
#include "api/eval/eval.h"

#include <math.h>
#include <stdio.h>

typedef struct telling {
    gx_arena *arena;
    const gx_eval_telling *how;
    gx_job *job;
    gx_error *err;
} telling;

void gx_interval_put(gx_value *row, gx_arena *arena, const char *name, const gx_interval *of) {
    const char *low = gx_arena_printf(arena, "%s_low", name);
    const char *high = gx_arena_printf(arena, "%s_high", name);
    gx_map_put(arena, row, name, gx_real_or_nil(of->mean));
    gx_map_put(arena, row, low ? low : "", gx_real_or_nil(of->low));
    gx_map_put(arena, row, high ? high : "", gx_real_or_nil(of->high));
}

/* "recall@20" of a column. */
static const char *column_name(const telling *t, uint32_t column) {
    const char *name =
        gx_arena_printf(t->arena, "%s@%u", gx_member_metrics[column % GX_MEMBER_METRICS].name,
                        t->how->options.cutoff[column / GX_MEMBER_METRICS]);
    return name ? name : "";
}

static gx_value interval_value(const telling *t, double low, double high) {
    gx_value pair = gx_list(t->arena, 2);
    gx_list_add(t->arena, &pair, gx_real_or_nil(low));
    gx_list_add(t->arena, &pair, gx_real_or_nil(high));
    return pair;
}

/* Puts the figures of the columns and, where there are any, their intervals. */
static gx_status put_figures(gx_value *row, const telling *t, const gx_judgement *j,
                             const double *figure, const uint32_t *user, uint32_t count) {
    gx_interval *of = gx_arena_get(t->arena, j->columns * sizeof *of);
    if (!of) {
        return gx_fail_memory(t->err, j->columns * sizeof *of);
    }
    gx_status status =
        gx_bootstrap(of, figure, user, count, j->columns, &t->how->resampling, t->job, t->err);
    gx_value intervals = gx_map(t->arena, j->columns);
    for (uint32_t c = 0; status == GX_OK && c < j->columns; c++) {
        gx_map_put(t->arena, row, column_name(t, c), gx_real_or_nil(of[c].mean));
        gx_map_put(t->arena, &intervals, column_name(t, c),
                   interval_value(t, of[c].low, of[c].high));
    }
    if (t->how->resampling.resamples) {
        gx_map_put(t->arena, row, "intervals", intervals);
    }
    return status;
}

/* Of all lists: under the plain name at the longest cutoff, as "name@N" at the others. */
static void put_lists(gx_value *row, const telling *t, const gx_judgement *j) {
    const uint32_t cutoffs = t->how->options.cutoff_count;
    for (uint32_t m = 0; m < GX_LIST_METRICS; m++) {
        gx_map_put(t->arena, row, gx_list_metrics[m].name, gx_real_or_nil(j->list[cutoffs - 1][m]));
    }
    for (uint32_t c = 0; c + 1 < cutoffs; c++) {
        for (uint32_t m = 0; m < GX_LIST_METRICS; m++) {
            const char *name = gx_arena_printf(t->arena, "%s@%u", gx_list_metrics[m].name,
                                               t->how->options.cutoff[c]);
            gx_map_put(t->arena, row, name ? name : "", gx_real_or_nil(j->list[c][m]));
        }
    }
}

static gx_value thirds_value(const telling *t, const gx_judgement *j) {
    static const char *const names[GX_THIRDS] = {"most popular", "middle", "least popular"};
    gx_value list = gx_list(t->arena, GX_THIRDS);
    for (int k = 0; k < GX_THIRDS; k++) {
        gx_value row = gx_map(t->arena, 5);
        gx_map_put(t->arena, &row, "third", gx_str(names[k]));
        gx_map_put(t->arena, &row, "catalogue", gx_real(j->catalogue[k]));
        gx_map_put(t->arena, &row, "taken", gx_real(j->taken[k]));
        gx_map_put(t->arena, &row, "shown", gx_real(j->shown[k]));
        gx_map_put(t->arena, &row, "bias",
                   j->taken[k] > 0 ? gx_real(j->shown[k] / j->taken[k]) : gx_nil());
        gx_list_add(t->arena, &list, row);
    }
    return list;
}

/* ---- by history length ------------------------------------------------------------------------
 */

typedef struct bucket {
    uint32_t count;
    uint32_t *row;  /* of the judgement */
    uint32_t *user; /* the same members by number */
    const char *name;
} bucket;

static uint32_t bucket_of(const gx_eval_telling *how, uint32_t user) {
    const gx_matrix *known = how->known;
    const uint64_t size = user < known->rows ? known->ptr[user + 1] - known->ptr[user] : 0;
    uint32_t b = 0;
    while (b + 1 < how->history_count && size >= how->history[b + 1]) {
        b++;
    }
    return b;
}

static const char *bucket_name(const telling *t, uint32_t b) {
    const uint32_t low = t->how->history[b];
    const bool last = b + 1 == t->how->history_count;
    const uint32_t high = last ? 0 : t->how->history[b + 1] - 1;
    const char *name = last          ? gx_arena_printf(t->arena, "%u+", low)
                       : high == low ? gx_arena_printf(t->arena, "%u", low)
                                     : gx_arena_printf(t->arena, "%u-%u", low, high);
    return name ? name : "";
}

/* All models have the same members, so the buckets of one are those of all. */
static gx_status make_buckets(bucket *out, const telling *t, const gx_judgement *j) {
    for (uint32_t b = 0; b < t->how->history_count; b++) {
        const size_t bytes = (j->users + 1ULL) * sizeof *out->row;
        out[b] = (bucket){.row = gx_arena_get(t->arena, bytes),
                          .user = gx_arena_get(t->arena, bytes),
                          .name = bucket_name(t, b)};
        if (!out[b].row || !out[b].user) {
            return gx_fail_memory(t->err, bytes);
        }
    }
    for (uint32_t row = 0; row < j->users; row++) {
        bucket *b = &out[bucket_of(t->how, j->user[row])];
        b->row[b->count] = row;
        b->user[b->count++] = j->user[row];
    }
    return GX_OK;
}

/* The figures of a bucket's members, one after the other; in the job's memory. */
static gx_status gather(double **out, const telling *t, const gx_judgement *j, const bucket *b) {
    const uint64_t count = (uint64_t)b->count * j->columns;
    gx_status status = gx_job_alloc(t->job, out, count, sizeof **out, t->err);
    for (uint32_t i = 0; status == GX_OK && i < b->count; i++) {
        memcpy(*out + (size_t)i * j->columns, j->figure + (size_t)b->row[i] * j->columns,
               j->columns * sizeof **out);
    }
    return status;
}

static gx_status put_history(gx_value *row, const telling *t, const gx_judgement *j,
                             const bucket *buckets) {
    gx_value list = gx_list(t->arena, t->how->history_count);
    gx_status status = GX_OK;
    for (uint32_t b = 0; status == GX_OK && b < t->how->history_count; b++) {
        double *figure = NULL;
        gx_value one = gx_map(t->arena, j->columns + 4);
        if (!buckets[b].count) {
            continue;
        }
        gx_map_put(t->arena, &one, "history", gx_str(buckets[b].name));
        gx_map_put(t->arena, &one, "users", gx_int(buckets[b].count));
        status = gather(&figure, t, j, &buckets[b]);
        if (status == GX_OK) {
            status = put_figures(&one, t, j, figure, buckets[b].user, buckets[b].count);
        }
        gx_job_free(t->job, figure);
        gx_list_add(t->arena, &list, one);
    }
    gx_map_put(t->arena, row, "history", list);
    return status;
}

/* ---- pairs ------------------------------------------------------------------------------------
 */

/* A pair is told apart where its test, held for all pairs together, says so. */
static double error_rate(const gx_eval_telling *how) {
    return 1 - how->resampling.level;
}

static const char *better_of(const telling *t, const gx_eval_entry *a, const gx_eval_entry *b,
                             const gx_paired *of, double p, uint32_t column) {
    const int sign = gx_member_metrics[column % GX_MEMBER_METRICS].better;
    if (isnan(p) || p > error_rate(t->how) || of->difference == 0) {
        return NULL;
    }
    return of->difference * sign > 0 ? a->name : b->name;
}

static void put_test(gx_value *row, const telling *t, const gx_paired *of, double p) {
    gx_map_put(t->arena, row, "difference", gx_real_or_nil(of->difference));
    gx_map_put(t->arena, row, "low", gx_real_or_nil(of->low));
    gx_map_put(t->arena, row, "high", gx_real_or_nil(of->high));
    gx_map_put(t->arena, row, "p", gx_real_or_nil(of->p));
    gx_map_put(t->arena, row, "p_all", gx_real_or_nil(p));
}

/* "linear is better than ials: ndcg@20 .1527 against .1399, +.0128 (95%: .0117 to .0139), p .001"
 */
static const char *verdict(const telling *t, const gx_eval_entry *a, const gx_eval_entry *b,
                           const gx_paired *of, double p, uint32_t column) {
    const char *better = better_of(t, a, b, of, p, column);
    if (isnan(of->low)) {
        const char *few = gx_arena_printf(
            t->arena,
            "the data cannot tell %s from %s: %s %.4f against %.4f of %u member%s, no interval",
            a->name, b->name, column_name(t, column), a->judgement.mean[column],
            b->judgement.mean[column], a->judgement.users, gx_plural(a->judgement.users, "", "s"));
        return few ? few : "";
    }
    const bool swap = better && better != a->name; /* the better one comes first, figures too */
    const gx_eval_entry *first = swap ? b : a, *other = swap ? a : b;
    const char *whole = gx_arena_printf(
        t->arena, "%s%s%s%s: %s %.4f against %.4f, difference %+.4f (%g%%: %+.4f to %+.4f), p %.2g",
        better ? "" : "the data cannot tell ", first->name, better ? " is better than " : " from ",
        other->name, column_name(t, column), first->judgement.mean[column],
        other->judgement.mean[column], swap ? -of->difference : of->difference,
        100 * t->how->resampling.level, swap ? -of->high : of->low, swap ? -of->low : of->high, p);
    return whole ? whole : "";
}

/* ndcg at the longest cutoff: what a verdict is about. */
static uint32_t main_column(const telling *t) {
    return (t->how->options.cutoff_count - 1) * GX_MEMBER_METRICS + GX_METRIC_ndcg;
}

/* One column of a bucket's members; in the job's memory. */
static gx_status gather_column(double **out, const telling *t, const gx_judgement *j,
                               const bucket *b, uint32_t column) {
    gx_status status = gx_job_alloc(t->job, out, b->count, sizeof **out, t->err);
    for (uint32_t i = 0; status == GX_OK && i < b->count; i++) {
        (*out)[i] = j->figure[(size_t)b->row[i] * j->columns + column];
    }
    return status;
}

static gx_status pair_bucket(gx_value *out, const telling *t, const gx_judgement *a,
                             const gx_judgement *b, const bucket *bk) {
    const uint32_t column = main_column(t);
    double *x = NULL, *y = NULL;
    gx_paired of;
    gx_status status;
    GX_TRY(gather_column(&x, t, a, bk, column));
    GX_TRY(gather_column(&y, t, b, bk, column));
    GX_TRY(gx_paired_test(&of, x, y, bk->user, bk->count, 1, &t->how->resampling, t->job, t->err));
    *out = gx_map(t->arena, 8);
    gx_map_put(t->arena, out, "history", gx_str(bk->name));
    gx_map_put(t->arena, out, "users", gx_int(bk->count));
    gx_map_put(t->arena, out, "metric", gx_str(column_name(t, column)));
    gx_map_put(t->arena, out, "difference", gx_real_or_nil(of.difference));
    gx_map_put(t->arena, out, "low", gx_real_or_nil(of.low));
    gx_map_put(t->arena, out, "high", gx_real_or_nil(of.high));
    gx_map_put(t->arena, out, "p", gx_real_or_nil(of.p));
done:
    gx_job_free(t->job, x);
    gx_job_free(t->job, y);
    return status;
}

static gx_status put_pair_history(gx_value *row, const telling *t, const gx_eval_entry *a,
                                  const gx_eval_entry *b, const bucket *buckets) {
    gx_value list = gx_list(t->arena, t->how->history_count);
    gx_status status = GX_OK;
    for (uint32_t k = 0; status == GX_OK && k < t->how->history_count; k++) {
        if (buckets[k].count) {
            gx_value one = gx_nil();
            status = pair_bucket(&one, t, &a->judgement, &b->judgement, &buckets[k]);
            gx_list_add(t->arena, &list, one);
        }
    }
    gx_map_put(t->arena, row, "history", list);
    return status;
}

/* Tests of all pairs: tests[pair × columns], and p held for all pairs of a column together. */
static gx_status test_pairs(gx_paired *tests, double *held, const telling *t,
                            const gx_eval_entry *entries, size_t count, uint32_t columns) {
    gx_status status = GX_OK;
    uint32_t pair = 0;
    for (size_t a = 0; a < count; a++) {
        for (size_t b = a + 1; b < count && status == GX_OK; b++) {
            const gx_judgement *x = &entries[a].judgement, *y = &entries[b].judgement;
            status = gx_paired_test(tests + (size_t)pair++ * columns, x->figure, y->figure, x->user,
                                    x->users, columns, &t->how->resampling, t->job, t->err);
        }
    }
    double *one = gx_arena_get(t->arena, (pair + 1) * sizeof *one);
    if (!one) {
        return gx_fail_memory(t->err, pair * sizeof *one);
    }
    for (uint32_t c = 0; status == GX_OK && c < columns; c++) {
        for (uint32_t k = 0; k < pair; k++) {
            one[k] = tests[(size_t)k * columns + c].p;
        }
        gx_holm(one, pair);
        for (uint32_t k = 0; k < pair; k++) {
            held[(size_t)k * columns + c] = one[k];
        }
    }
    return status;
}

static gx_value test_rows(const telling *t, const gx_eval_entry *a, const gx_eval_entry *b,
                          const gx_paired *of, const double *held) {
    gx_value list = gx_list(t->arena, a->judgement.columns);
    for (uint32_t c = 0; c < a->judgement.columns; c++) {
        gx_value row = gx_map(t->arena, 8);
        const char *better = better_of(t, a, b, &of[c], held[c], c);
        gx_map_put(t->arena, &row, "metric", gx_str(column_name(t, c)));
        put_test(&row, t, &of[c], held[c]);
        gx_map_put(t->arena, &row, "better", better ? gx_str(better) : gx_nil());
        gx_list_add(t->arena, &list, row);
    }
    return list;
}

/* Under each model, the tests against those after it. */
static gx_status put_pairs(gx_value *rows, gx_value *verdicts, const telling *t,
                           const gx_eval_entry *entries, size_t count, const bucket *buckets) {
    const uint32_t columns = entries[0].judgement.columns;
    const size_t pairs = count * (count - 1) / 2;
    gx_paired *tests = gx_arena_get(t->arena, (pairs + 1) * columns * sizeof *tests);
    double *held = gx_arena_get(t->arena, (pairs + 1) * columns * sizeof *held);
    size_t pair = 0;
    if (!tests || !held) {
        return gx_fail_memory(t->err, pairs * columns * sizeof *tests);
    }
    gx_status status = test_pairs(tests, held, t, entries, count, columns);
    for (size_t a = 0; a < count && status == GX_OK; a++) {
        gx_value against = gx_list(t->arena, 4);
        for (size_t b = a + 1; b < count && status == GX_OK; b++, pair++) {
            const gx_paired *of = tests + pair * columns;
            const double *p = held + pair * columns;
            const uint32_t main = main_column(t);
            const char *said = verdict(t, &entries[a], &entries[b], &of[main], p[main], main);
            gx_value one = gx_map(t->arena, 4);
            gx_map_put(t->arena, &one, "model", gx_str(entries[b].name));
            gx_map_put(t->arena, &one, "verdict", gx_str(said));
            gx_map_put(t->arena, &one, "tests", test_rows(t, &entries[a], &entries[b], of, p));
            status = put_pair_history(&one, t, &entries[a], &entries[b], buckets);
            gx_list_add(t->arena, &against, one);
            gx_list_add(t->arena, verdicts, gx_str(said));
        }
        gx_map_put(t->arena, &rows->as.items[a], "against", against);
    }
    return status;
}

/* ---- the whole --------------------------------------------------------------------------------
 */

void gx_given_lists_put(gx_value *row, gx_arena *arena, const gx_given_lists *given) {
    gx_map_put(arena, row, "lists", gx_int((int64_t)given->users));
    gx_map_put(arena, row, "unknown_users", gx_int((int64_t)given->unknown_users));
    gx_map_put(arena, row, "unknown_items", gx_int((int64_t)given->unknown_items));
    if (given->first_user) {
        gx_map_put(arena, row, "first_unknown_user", gx_str(given->first_user));
    }
    if (given->first_item) {
        gx_map_put(arena, row, "first_unknown_item", gx_str(given->first_item));
    }
}

static gx_status entry_row(gx_value *out, const telling *t, const gx_eval_entry *e,
                           const bucket *buckets) {
    const gx_judgement *j = &e->judgement;
    gx_value row = gx_map(t->arena, 48);
    gx_map_put(t->arena, &row, "model", gx_str(e->name));
    gx_map_put(t->arena, &row, "users", gx_int(j->users));
    gx_status status = put_figures(&row, t, j, j->figure, j->user, j->users);
    put_lists(&row, t, j);
    gx_map_put(t->arena, &row, "repeats", gx_int((int64_t)j->repeats));
    if (!e->given) {
        gx_map_put(t->arena, &row, "fit_cpu_s", gx_real(e->fit_cpu_s));
        gx_map_put(t->arena, &row, "fit_wall_s", gx_real(e->fit_wall_s));
        gx_map_put(t->arena, &row, "rss_bytes", gx_int((int64_t)e->rss_bytes));
    }
    if (e->scored) {
        gx_map_put(t->arena, &row, "score_cpu_s", gx_real(j->score_cpu_s));
        gx_map_put(t->arena, &row, "score_wall_s", gx_real(j->score_wall_s));
    }
    if (e->given) {
        gx_map_put(t->arena, &row, "unlisted", gx_int(j->unlisted));
        gx_map_put(t->arena, &row, "known", gx_int((int64_t)j->known));
        gx_given_lists_put(&row, t->arena, e->given);
    }
    gx_map_put(t->arena, &row, "thirds", thirds_value(t, j));
    if (status == GX_OK && t->how->history_count) {
        status = put_history(&row, t, j, buckets);
    }
    *out = row;
    return status;
}

gx_status gx_eval_report(gx_value *out, gx_arena *arena, const gx_eval_entry *entries, size_t count,
                         const gx_eval_telling *how, gx_job *job, gx_error *err) {
    const telling t = {arena, how, job, err};
    bucket buckets[GX_HISTORIES_MAX];
    gx_value rows = gx_list(arena, (uint32_t)count), verdicts = gx_list(arena, 4);
    gx_status status = make_buckets(buckets, &t, &entries[0].judgement);
    for (size_t i = 0; i < count && status == GX_OK; i++) {
        gx_value row;
        status = entry_row(&row, &t, &entries[i], buckets);
        gx_list_add(arena, &rows, row);
    }
    if (status == GX_OK && gx_arena_status(arena) != GX_OK) {
        status = gx_fail_memory(err, gx_arena_bytes(arena));
    }
    if (status == GX_OK && count > 1 && how->resampling.resamples) {
        status = put_pairs(&rows, &verdicts, &t, entries, count, buckets);
    }
    *out = gx_map(arena, 4);
    gx_map_put(arena, out, "results", rows);
    gx_map_put(arena, out, "verdicts", verdicts);
    return status;
}
