/* One file into the store, in one transaction.
 *
 * reader → binding → convert → batch → store; events go to the store's own loader instead of a
 * batch, which sorts all of a file at once. The first row that is rejected ends the writing
 * (unless keep_good), but not the reading: the whole file is checked, so that one run names all
 * that is wrong with it. Then the transaction is dropped.
 *
 * Memory is the window (1 MiB, at most one row), a batch (at most BATCH_TEXT_MAX of text beside its
 * rows), the loader's buffer and the words met so far; none of it grows without bound with the
 * file.
 */
#include "graph/import/import.h"
#include "graph/import/convert.h"
#include "graph/import/rejects.h"

#include <stdio.h>

enum {
    CHECK_ROWS = 4096, /* between two looks at cancel, deadline and progress */
    FIRST_BATCH_ROWS = 1024,
    BATCH_TEXT_MAX = 64 << 20
};

typedef struct import {
    const gx_import_options *options;
    gx_job *job;
    gx_store *store;
    gx_txn *txn;
    gx__reader reader;
    gx__binding *binding;
    bool bound; /* the kind is known and the transaction is open */
    gx__fallback fallbacks[8];
    gx__words words;
    gx__converter converter;
    gx__rejects rejects;
    gx__tally counts;
    char *batch; /* rows of the kind */
    size_t batch_count, batch_capacity;
    gx_event_load *load; /* of events, in place of a batch */
    uint64_t loaded;
    uint64_t rows, skipped;
} import;

/* ---- opening ---------------------------------------------------------------------------- */

static gx_status find_format(const gx__format **out, const gx_import_options *options,
                             gx_error *err) {
    const char *name = options->preset ? options->preset : options->format;
    bool preset = options->preset != NULL;
    *out = name ? gx__format_find(name, preset) : NULL;
    if (name && !*out) {
        char quoted[64];
        gx_quote(quoted, sizeof quoted, name, strlen(name));
        return gx_fail_at(err, GX_BAD_REQUEST, preset ? "preset" : "format",
                          "there is no %s %s; accepted: %s", preset ? "preset" : "format", quoted,
                          gx__format_names(preset));
    }
    return GX_OK;
}

static gx_status open_reader(import *im, const char *path, gx_error *err) {
    const gx__format *format;
    gx__source *source;
    gx_status status = find_format(&format, im->options, err);
    if (status == GX_OK) {
        status = gx__source_open(&source, path, err);
    }
    if (status == GX_OK) {
        gx_job_stage(im->job, "import", gx__source_total(source));
        status = gx__reader_open(&im->reader, source, format, err);
    }
    return status;
}

/* What files without the column have instead: of the preset, then of the options. */
static size_t list_fallbacks(import *im) {
    const gx_import_options *options = im->options;
    const gx__format *format = im->reader.format;
    size_t count = 0;
    im->fallbacks[count++] = (gx__fallback){"ties", "kind", "friend"};
    for (size_t i = 0; i < format->fallback_count; i++) {
        im->fallbacks[count++] = format->fallbacks[i];
    }
    if (options->tie_kind) {
        im->fallbacks[count++] = (gx__fallback){"ties", "kind", options->tie_kind};
    }
    if (options->action) {
        im->fallbacks[count++] = (gx__fallback){"events", "action", options->action};
    }
    if (options->time) {
        im->fallbacks[count++] = (gx__fallback){"events", "ts", options->time};
    }
    return count;
}

/* Once the columns are known: what kind of file it is, and the transaction to write it in. */
static gx_status bind(import *im, gx_error *err) {
    const gx_import_options *options = im->options;
    const gx__format *format = im->reader.format;
    gx_status status = GX_OK;
    size_t fallback_count = list_fallbacks(im);
    GX_TRY(gx__binding_open(im->binding, &im->reader, options->kind ? options->kind : format->kind,
                            options->map, im->fallbacks, fallback_count, options->strict, err));
    GX_TRY(gx_txn_write(&im->txn, im->store, err));
    gx__words_init(&im->words, im->txn);
    im->converter.binding = im->binding;
    im->converter.words = &im->words;
    im->converter.job = im->job;
    im->converter.source = options->source;
    im->converter.strict = options->strict;
    im->converter.undirected = options->undirected;
    im->converter.drop_self_ties = format->drop_self_ties;
    im->converter.arena = gx_arena_create();
    im->converter.scratch = gx_arena_create();
    if (!im->converter.arena || !im->converter.scratch) {
        GX_TRY(gx_fail_memory(err, 4096));
    }
    if (im->binding->kind->shape == GX__SHAPE_EVENT) {
        GX_TRY(gx_event_load_open(&im->load, im->txn, im->job, err));
    }
    im->bound = true;
done:
    return status;
}

static gx_status import_open(import *im, const char *path, gx_error *err) {
    const gx_import_options *options = im->options;
    /* A dry run leaves nothing behind, unless the file of rejects was asked for by name. */
    const char *rejects = !options->rejects && options->dry_run ? "" : options->rejects;
    im->binding = gx_alloc0(1, sizeof *im->binding);
    if (!im->binding) {
        return gx_fail_memory(err, sizeof *im->binding);
    }
    gx_status status = gx__rejects_open(&im->rejects, path, rejects, err);
    return status == GX_OK ? open_reader(im, path, err) : status;
}

static void import_close(import *im) {
    gx_arena_destroy(im->converter.arena);
    gx_arena_destroy(im->converter.scratch);
    gx__converter_finish(&im->converter);
    gx__words_finish(&im->words);
    gx_event_load_abort(im->load);
    gx_txn_abort(im->txn);
    gx__reader_finish(&im->reader);
    gx_free(im->binding);
    gx_free(im->batch);
}

/* ---- rows ------------------------------------------------------------------------------- */

static bool is_writing(const import *im) {
    return im->rejects.total == 0 || im->options->keep_good;
}

/* Rows in the batch to the store, after the words they are made of. */
static gx_status flush(import *im, gx_error *err) {
    gx_status status = GX_OK;
    if (im->batch_count && is_writing(im)) {
        const gx__kind *kind = im->binding->kind;
        GX_TRY(gx__words_flush(&im->words, im->job, err));
        GX_TRY(kind->flush(&im->counts, im->txn, im->batch, im->batch_count, im->job, err));
    }
    im->batch_count = 0;
    gx_arena_reset(im->converter.arena);
done:
    return status;
}

static gx_status load_event(import *im, const gx_event *event, gx_error *err) {
    gx_status status = GX_OK;
    if (is_writing(im)) {
        if (gx_event_load_is_full(im->load)) {
            GX_TRY(gx__words_flush(&im->words, im->job, err));
        }
        GX_TRY(gx_event_load_add(im->load, event, err));
        im->loaded++;
    }
    gx_arena_reset(im->converter.arena);
done:
    return status;
}

/* What is still held, to the store. */
static gx_status finish_rows(import *im, gx_error *err) {
    gx_status status = GX_OK;
    GX_TRY(flush(im, err));
    if (!is_writing(im)) {
        goto done;
    }
    GX_TRY(gx__words_flush(&im->words, im->job, err));
    if (im->load) {
        gx_event_load *load = im->load;
        im->load = NULL;
        gx_event_counts events;
        GX_TRY(gx_event_load_finish_counted(&events, load, err));
        gx__tally_events(&im->counts, &events, im->loaded);
    }
done:
    return status;
}

/* Batches double up to the kind's own size, so that a small file takes little memory. */
static gx_status batch_room(import *im, gx_error *err) {
    const gx__kind *kind = im->binding->kind;
    bool full =
        im->batch_count == kind->batch_rows || gx_arena_bytes(im->converter.arena) > BATCH_TEXT_MAX;
    uint64_t cap = im->job->mem_limit / 4;
    if (im->batch_count == im->batch_capacity && cap &&
        im->batch_capacity * 2 * kind->row_bytes > cap && im->batch_capacity) {
        full = true;
    }
    if (full) {
        return flush(im, err);
    }
    if (im->batch_count < im->batch_capacity) {
        return GX_OK;
    }
    size_t capacity = im->batch_capacity ? im->batch_capacity * 2 : FIRST_BATCH_ROWS;
    capacity = capacity < kind->batch_rows ? capacity : kind->batch_rows;
    char *grown = gx_realloc(im->batch, capacity, kind->row_bytes);
    if (!grown) {
        return gx_fail_memory(err, capacity * kind->row_bytes);
    }
    im->batch = grown;
    im->batch_capacity = capacity;
    return GX_OK;
}

static gx_status reject(import *im, const gx__row *row, const gx__refusal *refusal, gx_error *err) {
    if (refusal->reason == GX__SELF_TIE && im->reader.format->drop_self_ties) {
        im->skipped++;
        return GX_OK;
    }
    return gx__rejects_add(&im->rejects, row, refusal, err);
}

static gx_status add_row(import *im, const gx__row *row, gx_error *err) {
    const gx__kind *kind = im->binding->kind;
    gx__refusal refusal;
    gx_status status = batch_room(im, err);
    if (status != GX_OK) {
        return status;
    }
    char *place = im->batch + im->batch_count * kind->row_bytes;
    memcpy(place, kind->blank, kind->row_bytes);
    status = gx__convert(&refusal, place, &im->converter, row, err);
    if (status != GX_OK) {
        return status;
    }
    if (refusal.reason != GX__NONE) {
        return reject(im, row, &refusal, err);
    }
    if (im->load) {
        return load_event(im, (const gx_event *)(const void *)place, err);
    }
    im->batch_count++;
    return GX_OK;
}

static gx_status take_row(import *im, const gx__row *row, gx_error *err) {
    im->rows++;
    if (row->reason != GX__NONE) {
        gx__refusal refusal = {row->reason, "", row->value};
        return reject(im, row, &refusal, err);
    }
    gx_status status = im->bound ? GX_OK : bind(im, err);
    if (status == GX_OK) {
        status = gx__binding_update(im->binding, &im->reader, row->line, err);
    }
    return status == GX_OK ? add_row(im, row, err) : status;
}

static gx_status take_rows(import *im, gx_error *err) {
    gx_status status = GX_OK;
    /* A header says what the file is even where no row follows. */
    if (im->reader.name_count) {
        GX_TRY(bind(im, err));
    }
    for (;;) {
        gx__row row;
        if (im->rows % CHECK_ROWS == 0) {
            GX_TRY(gx_job_check(im->job, err));
            gx_job_tick(im->job, gx__source_used(im->reader.window.source));
        }
        GX_TRY(gx__reader_next(&row, &im->reader, err));
        if (row.end) {
            break;
        }
        GX_TRY(take_row(im, &row, err));
    }
    if (im->bound) {
        GX_TRY(finish_rows(im, err));
    }
done:
    return status;
}

static gx_status finish_txn(import *im, gx_error *err) {
    gx_txn *txn = im->txn;
    if (!txn || im->options->dry_run || !is_writing(im)) {
        return GX_OK; /* import_close aborts it */
    }
    gx_status status = gx_job_check(im->job, err); /* the last moment to stop with nothing done */
    if (status == GX_OK) {
        im->txn = NULL;
        status = gx_txn_commit(txn, err);
    }
    return status;
}

/* ---- the report ------------------------------------------------------------------------- */

static const char *time_unit(unsigned times) {
    switch (times) {
    case 0:
        return "";
    case GX__TIME_ISO:
        return "iso8601";
    case GX__TIME_SECONDS:
        return "seconds";
    case GX__TIME_MILLISECONDS:
        return "milliseconds";
    default:
        return "mixed";
    }
}

static void add_reason(gx_import_report *out, const char *reason, uint64_t count) {
    if (count && out->reason_count < GX_IMPORT_REASONS) {
        snprintf(out->reasons[out->reason_count].reason, sizeof out->reasons[0].reason, "%s",
                 reason);
        out->reasons[out->reason_count++].count = count;
    }
}

static void fill_report(gx_import_report *out, const import *im) {
    *out = (gx_import_report){.rows = im->rows, .skipped = im->skipped};
    if (im->reader.format) {
        snprintf(out->format, sizeof out->format, "%s", im->reader.format->name);
        out->bytes = gx__source_used(im->reader.window.source);
    }
    if (im->bound) {
        snprintf(out->kind, sizeof out->kind, "%s", im->binding->kind->name);
        snprintf(out->ignored_columns, sizeof out->ignored_columns, "%s", im->binding->ignored);
    }
    snprintf(out->time_unit, sizeof out->time_unit, "%s", time_unit(im->converter.times));
    if (is_writing(im)) {
        out->created = im->counts.created;
        out->updated = im->counts.updated;
        out->unchanged = im->counts.unchanged;
        out->conflicting = im->counts.conflicting;
        snprintf(out->first_conflict, sizeof out->first_conflict, "%s", im->counts.first_conflict);
        out->new_users = im->converter.new_ids[GX_SPACE_USER];
        out->new_items = im->converter.new_ids[GX_SPACE_ITEM];
        out->new_groups = im->converter.new_ids[GX_SPACE_GROUP];
    }
    out->rejected = im->rejects.total;
    snprintf(out->first_reject, sizeof out->first_reject, "%s", im->rejects.first);
    if (im->rejects.file) {
        snprintf(out->rejects_path, sizeof out->rejects_path, "%s", im->rejects.path);
    }
    for (int r = GX__NONE + 1; r < GX__REASON_COUNT; r++) {
        add_reason(out, gx__reason_text((gx__reason)r), im->rejects.by_reason[r]);
    }
}

static gx_status rejected(const import *im, gx_error *err) {
    if (im->rejects.total == 0) {
        return GX_OK;
    }
    return gx_fail_at(err, GX_REJECTED, im->rejects.input,
                      "%llu of %llu rows rejected, %s; first: %s",
                      (unsigned long long)im->rejects.total, (unsigned long long)im->rows,
                      im->options->dry_run     ? "this was a dry run"
                      : im->options->keep_good ? "the others were written"
                                               : "so nothing was written",
                      im->rejects.first);
}

/* No failure, and yet nothing that could be told of a kind. */
static void say_empty(const import *im, gx_error *err) {
    if (err && !im->bound && im->rows == 0) {
        *err = (gx_error){.code = GX_OK};
        snprintf(err->message, sizeof err->message, "%s",
                 im->reader.window.end == 0 ? "the file is empty"
                                            : "the file holds neither a header nor a row");
    }
}

gx_status gx_import_file(gx_import_report *out, gx_store *store, const char *path,
                         const gx_import_options *options, gx_job *job, gx_error *err) {
    static const gx_import_options none = {0};
    int64_t wall = gx_clock_ns(), cpu = gx_clock_cpu_ns();
import im = {.options = options ? options: & none, .job = job, .store = store };
    gx_status status = import_open(&im, path, err);
    if (status == GX_OK) {
        status = take_rows(&im, err);
    }
    if (status == GX_OK) {
        status = finish_txn(&im, err);
    }
    fill_report(out, &im);
    gx_status closed = gx__rejects_close(&im.rejects, status == GX_OK ? err : NULL);
    status = status == GX_OK ? closed : status;
    if (status == GX_OK) {
        status = rejected(&im, err);
    }
    if (status == GX_OK) {
        say_empty(&im, err);
    }
    import_close(&im);
    out->cpu_s = (double)(gx_clock_cpu_ns() - cpu) / 1e9;
    out->wall_s = (double)(gx_clock_ns() - wall) / 1e9;
    return status;
}
