/* Rows of the store back into cells, by the same table of columns that reads them.
 *
 * CSV needs its header first, so an open table is read twice: once for the columns that some row
 * has, once to write. What is equal to a blank row of the kind was not given and is left out, so a
 * file says as little as the one it came from.
 */
#include "graph/import/export.h"
#include "graph/base/float.h"
#include "graph/import/columns.h"
#include "graph/import/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK_BYTES = 1 << 16, CHECK_ROWS = 4096 };

typedef enum form { FORM_CSV, FORM_TSV, FORM_JSONL } form;

typedef struct exporter {
    gx_txn *txn;
    const gx__kind *kind;
    form form;
    bool surveying;   /* the first pass: only which columns there are */
    uint32_t used;    /* declared columns that some row has, a bit each */
    gx_arena *names;  /* of the further fields */
    gx_slice *extras; /* in byte order */
    size_t extra_count, extra_capacity;
    gx_arena *scratch; /* of the row */
    gx_buffer out;
    gx_export_write_fn write;
    void *user;
    gx_job *job;
    uint64_t rows;
} exporter;

_Static_assert(GX__KIND_COLUMNS_MAX <= 32, "`used` has a bit a column");

/* ---- what a row has ----------------------------------------------------------------------- */

static double real_at(const gx__column *column, const void *place) {
    float narrow;
    double wide;
    if (column->type == GX__DOUBLE || column->type == GX__PRICE) {
        memcpy(&wide, place, sizeof wide);
        return wide;
    }
    memcpy(&narrow, place, sizeof narrow);
    return (double)narrow;
}

static bool same_real(double a, double b) {
    return (isnan(a) && isnan(b)) || !(a < b || a > b || isnan(a) || isnan(b));
}

static bool is_blank(const gx__column *column, const void *place, const void *blank) {
    switch (column->type) {
    case GX__FLOAT:
    case GX__QUANTITY:
    case GX__WEIGHT:
    case GX__DOUBLE:
    case GX__PRICE:
        return same_real(real_at(column, place), real_at(column, blank));
    case GX__TEXT:
        return ((const gx_slice *)place)->size == 0;
    case GX__TIME:
    case GX__MOMENT:
        return memcmp(place, blank, sizeof(int64_t)) == 0;
    case GX__ID:
    case GX__NAME:
        return *(const uint32_t *)place == GX_NONE;
    default:
        return false;
    }
}

static bool has(const exporter *x, const gx__column *column, const void *row,
                const gx_value *fields) {
    if (column->lands == GX__FIELD) {
        return gx_map_get(fields, column->name) != NULL;
    }
    return column->required || !is_blank(column, (const char *)row + column->lands,
                                         (const char *)x->kind->blank + column->lands);
}

static const gx__column *declared(const exporter *x, const gx_value *key) {
    for (size_t i = 0; i < x->kind->column_count; i++) {
        const gx__column *column = &x->kind->columns[i];
        if (column->lands == GX__FIELD && strlen(column->name) == key->size &&
            memcmp(column->name, key->as.text, key->size) == 0) {
            return column;
        }
    }
    return NULL;
}

/* ---- values as text ------------------------------------------------------------------------- */

/* Years that ISO 8601 has four digits for; others as milliseconds, which are far from small. */
static gx_slice time_text(char text[48], int64_t ms) {
    const int64_t year_0 = INT64_C(-62167219200000), year_10000 = INT64_C(253402300800000);
    if (ms >= year_0 && ms < year_10000) {
        gx_format_time_ms(text, ms);
    } else {
        snprintf(text, 48, "%lld", (long long)ms);
    }
    return gx_slice_of(text);
}

static void put_text(exporter *x, gx_slice text) {
    if (x->form == FORM_JSONL) {
        gx_json_write_text(&x->out, text.data, text.size);
    } else {
        gx__csv_cell(&x->out, text);
    }
}

static bool is_plain_tag(const gx_value *tag) {
    if (tag->type != GX_TEXT || tag->size == 0 || tag->as.text[0] == '[' ||
        tag->as.text[0] == ' ' || tag->as.text[tag->size - 1] == ' ') {
        return false;
    }
    for (uint32_t i = 0; i < tag->size; i++) {
        if (strchr("|;,", tag->as.text[i])) {
            return false;
        }
    }
    return true;
}

/* "a|b", or a JSON list where a tag itself would not survive that. */
static void put_list(exporter *x, const gx_value *list, bool tags) {
    gx_buffer joined = {0};
    for (uint32_t i = 0; i < list->size && tags; i++) {
        tags = is_plain_tag(&list->as.items[i]);
    }
    for (uint32_t i = 0; i < list->size && tags; i++) {
        const gx_value *tag = &list->as.items[i];
        gx_buffer_append(&joined, "|", i > 0);
        gx_buffer_append(&joined, tag->as.text, tag->size);
    }
    if (!tags) {
        gx_json_write(&joined, list, GX_JSON_COMPACT);
    }
    gx__csv_cell(&x->out, (gx_slice){joined.bytes ? joined.bytes : "", joined.size});
    x->out.failed |= joined.failed;
    gx_buffer_finish(&joined);
}

static void put_field(exporter *x, const gx__column *column, const gx_value *value) {
    char text[48];
    if (column && column->type == GX__TIME && value->type == GX_INT) {
        put_text(x, time_text(text, value->as.integer));
    } else if (x->form != FORM_JSONL && value->type == GX_TEXT) {
        gx__csv_cell(&x->out, (gx_slice){value->as.text, value->size});
    } else if (x->form != FORM_JSONL && value->type == GX_LIST) {
        put_list(x, value, column && column->type == GX__TAGS);
    } else {
        gx_json_write(&x->out, value, GX_JSON_COMPACT);
    }
}

static void put_place(exporter *x, const gx__column *column, const void *place) {
    char text[48];
    int64_t integer;
    float narrow;
    switch (column->type) {
    case GX__ID:
    case GX__NAME:
        put_text(x, gx_word_name(x->txn, column->space, *(const uint32_t *)place));
        break;
    case GX__TIME:
    case GX__MOMENT:
        memcpy(&integer, place, sizeof integer);
        put_text(x, time_text(text, integer));
        break;
    case GX__FLOAT:
    case GX__QUANTITY:
    case GX__WEIGHT:
        memcpy(&narrow, place, sizeof narrow);
        gx_buffer_printf(&x->out, "%.9g", gx_float_as_given(narrow));
        break;
    case GX__DOUBLE:
    case GX__PRICE:
    case GX__LATITUDE:
    case GX__LONGITUDE:
        gx_json_write_real(&x->out, real_at(column, place));
        break;
    case GX__INT:
    case GX__STOCK:
    case GX__PLACES:
        memcpy(&integer, place, sizeof integer);
        gx_buffer_printf(&x->out, "%lld", (long long)integer);
        break;
    case GX__COUNT:
        gx_buffer_printf(&x->out, "%u", *(const uint32_t *)place);
        break;
    case GX__BOOL:
        gx_buffer_text(&x->out, *(const bool *)place ? "true" : "false");
        break;
    case GX__TEXT:
    case GX__TAGS:
    case GX__STATUS:
    case GX__ITEM_KIND:
    case GX__ANSWER:
        put_text(x, *(const gx_slice *)place);
        break;
    }
}

static void put_column(exporter *x, const gx__column *column, const void *row,
                       const gx_value *fields) {
    if (column->lands == GX__FIELD) {
        put_field(x, column, gx_map_get(fields, column->name));
    } else {
        put_place(x, column, (const char *)row + column->lands);
    }
}

/* ---- rows ------------------------------------------------------------------------------- */

static gx_status drain(exporter *x, size_t above, gx_error *err) {
    if (x->out.failed) {
        return gx_fail_memory(err, x->out.capacity * 2);
    }
    if (x->out.size <= above) {
        return GX_OK;
    }
    gx_status status = x->write(x->user, x->out.bytes, x->out.size, err);
    x->out.size = 0;
    return status;
}

static void put_json_row(exporter *x, const void *row, const gx_value *fields) {
    const char *before = "{";
    for (size_t i = 0; i < x->kind->column_count; i++) {
        const gx__column *column = &x->kind->columns[i];
        if (has(x, column, row, fields)) {
            gx_buffer_printf(&x->out, "%s\"%s\":", before, column->name);
            put_column(x, column, row, fields);
            before = ",";
        }
    }
    for (uint32_t i = 0; i < fields->size; i++) {
        const gx_pair *pair = &fields->as.pairs[i];
        if (!declared(x, &pair->key)) {
            gx_buffer_text(&x->out, before);
            gx_json_write_text(&x->out, pair->key.as.text, pair->key.size);
            gx_buffer_text(&x->out, ":");
            put_field(x, NULL, &pair->value);
            before = ",";
        }
    }
    gx_buffer_text(&x->out, "}\n");
}

static const gx_value *field_named(const gx_value *fields, gx_slice name) {
    for (uint32_t i = 0; i < fields->size; i++) {
        const gx_value *key = &fields->as.pairs[i].key;
        if (gx_slice_equal((gx_slice){key->as.text, key->size}, name)) {
            return &fields->as.pairs[i].value;
        }
    }
    return NULL;
}

static void put_delimited_row(exporter *x, const void *row, const gx_value *fields) {
    const char *before = "", *between = x->form == FORM_TSV ? "\t" : ",";
    for (size_t i = 0; i < x->kind->column_count; i++) {
        const gx__column *column = &x->kind->columns[i];
        if (x->used >> i & 1) {
            gx_buffer_text(&x->out, before);
            before = between;
            if (has(x, column, row, fields)) {
                put_column(x, column, row, fields);
            }
        }
    }
    for (size_t i = 0; i < x->extra_count; i++) {
        const gx_value *value = field_named(fields, x->extras[i]);
        gx_buffer_text(&x->out, between);
        if (value) {
            put_field(x, NULL, value);
        }
    }
    gx_buffer_text(&x->out, "\n");
}

static void put_header(exporter *x) {
    const char *before = "", *between = x->form == FORM_TSV ? "\t" : ",";
    for (size_t i = 0; i < x->kind->column_count; i++) {
        if (x->used >> i & 1) {
            gx_buffer_printf(&x->out, "%s%s", before, x->kind->columns[i].name);
            before = between;
        }
    }
    for (size_t i = 0; i < x->extra_count; i++) {
        gx_buffer_text(&x->out, between);
        gx__csv_cell(&x->out, x->extras[i]);
    }
    gx_buffer_text(&x->out, "\n");
}

/* Where `name` is, or belongs, among the further fields. */
static size_t extra_at(const exporter *x, gx_slice name, bool *out_found) {
    size_t low = 0, high = x->extra_count;
    *out_found = false;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const int order = gx_slice_order(x->extras[middle], name);
        if (order == 0) {
            *out_found = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static gx_status add_extra(exporter *x, gx_slice name, gx_error *err) {
    bool found;
    size_t at = extra_at(x, name, &found);
    if (found) {
        return GX_OK;
    }
    if (x->extra_count + x->kind->column_count >= GX__COLUMNS_MAX) {
        return gx_fail(err, GX_OVER_LIMIT,
                       "%s has more than %d columns, the most a csv or tsv file may have; jsonl "
                       "has no such limit",
                       x->kind->name, GX__COLUMNS_MAX);
    }
    if (x->extra_count == x->extra_capacity) {
        size_t capacity = x->extra_capacity ? x->extra_capacity * 2 : 16;
        gx_slice *grown = gx_realloc(x->extras, capacity, sizeof *grown);
        if (!grown) {
            return gx_fail_memory(err, capacity * sizeof *grown);
        }
        x->extras = grown;
        x->extra_capacity = capacity;
    }
    char *copy = gx_arena_get(x->names, name.size + 1);
    if (!copy) {
        return gx_fail_memory(err, name.size + 1);
    }
    memcpy(copy, name.data, name.size);
    memmove(x->extras + at + 1, x->extras + at, (x->extra_count - at) * sizeof *x->extras);
    x->extras[at] = (gx_slice){copy, name.size};
    x->extra_count++;
    return GX_OK;
}

static gx_status survey_row(exporter *x, const void *row, const gx_value *fields, gx_error *err) {
    gx_status status = GX_OK;
    for (size_t i = 0; i < x->kind->column_count; i++) {
        x->used |= (uint32_t)has(x, &x->kind->columns[i], row, fields) << i;
    }
    for (uint32_t i = 0; status == GX_OK && i < fields->size; i++) {
        const gx_value *key = &fields->as.pairs[i].key;
        if (!declared(x, key)) {
            status = add_extra(x, (gx_slice){key->as.text, key->size}, err);
        }
    }
    return status;
}

/* `fields` is the open part of the row: an empty map where its kind has none. */
static gx_status take_row(exporter *x, const void *row, const gx_value *fields, gx_error *err) {
    gx_status status = GX_OK;
    if (x->rows++ % CHECK_ROWS == 0 && x->job) {
        GX_TRY(gx_job_check(x->job, err));
    }
    if (gx_arena_status(x->scratch) != GX_OK) {
        GX_TRY(gx_fail_memory(err, gx_arena_bytes(x->scratch)));
    }
    if (x->surveying) {
        return survey_row(x, row, fields, err);
    }
    if (x->form == FORM_JSONL) {
        put_json_row(x, row, fields);
    } else {
        put_delimited_row(x, row, fields);
    }
    status = drain(x, BLOCK_BYTES, err);
done:
    return status;
}

/* ---- the tables ------------------------------------------------------------------------- */

static gx_status take_record(void *user, uint32_t id, gx_slice word, gx_error *err) {
    exporter *x = user;
    gx__record row = {.id = id};
    (void)word;
    gx_arena_reset(x->scratch);
    gx_status status = gx_record_get(&row.fields, x->txn, x->scratch, x->kind->space, id, err);
    return status == GX_OK ? take_row(x, &row, &row.fields, err) : status;
}

static gx_status take_plain(exporter *x, const void *row, gx_error *err) {
    const gx_value none = {.type = GX_MAP};
    return take_row(x, row, &none, err);
}

static gx_status take_member(void *user, const gx_membership *row, gx_error *err) {
    return take_plain(user, row, err);
}

static gx_status take_tie(void *user, const gx_tie *row, gx_error *err) {
    return take_plain(user, row, err);
}

static gx_status take_impression(void *user, const gx_impression *row, gx_error *err) {
    return take_plain(user, row, err);
}

static gx_status take_event(void *user, const gx_event *row, gx_error *err) {
    exporter *x = user;
    const gx_pack_limits limits = GX_PACK_LIMITS_DEFAULT;
    gx_value fields = {.type = GX_MAP};
    gx_arena_reset(x->scratch);
    if (row->extra.size) {
        gx_status status =
            gx_pack_read(&fields, x->scratch, row->extra.data, row->extra.size, &limits, err);
        if (status != GX_OK) {
            return status;
        }
    }
    return take_row(x, row, &fields, err);
}

static gx_status each_row(exporter *x, gx_error *err) {
    x->rows = 0;
    switch (x->kind->shape) {
    case GX__SHAPE_RECORD:
        return gx_word_each(x->txn, x->kind->space, take_record, x, err);
    case GX__SHAPE_TIE:
        return gx_tie_each(x->txn, take_tie, x, err);
    case GX__SHAPE_EVENT:
        /* By time: a walk of whole rows; by user each row would be looked up. */
        return gx_event_between(x->txn, INT64_MIN, INT64_MAX, take_event, x, err);
    case GX__SHAPE_PLAIN:
        break;
    }
    return strcmp(x->kind->name, "members") == 0
               ? gx_member_each(x->txn, take_member, x, err)
               : gx_impression_each(x->txn, take_impression, x, err);
}

static gx_status choose(exporter *x, const char *kind, const char *format, gx_error *err) {
    static const char *const formats[] = {"csv", "tsv", "jsonl"};
    char quoted[64];
    x->kind = gx__kind_find(kind);
    if (!x->kind) {
        return gx_fail_at(err, GX_BAD_REQUEST, "kind",
                          "there is no table %s; accepted: users, items, groups, coupons, members, "
                          "ties, events, impressions",
                          gx_quote(quoted, sizeof quoted, kind, strlen(kind)));
    }
    for (size_t i = 0; i < GX_COUNT(formats); i++) {
        if (strcmp(formats[i], format) == 0) {
            x->form = (form)i;
            return GX_OK;
        }
    }
    return gx_fail_at(err, GX_BAD_REQUEST, "format",
                      "there is no format %s; accepted: csv, tsv, jsonl",
                      gx_quote(quoted, sizeof quoted, format, strlen(format)));
}

gx_status gx_export_table(gx_txn *txn, const char *kind, const char *format,
                          gx_export_write_fn write, void *user, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    exporter x = {.txn = txn, .write = write, .user = user, .job = job};
    GX_TRY(choose(&x, kind, format, err));
    x.names = gx_arena_create();
    x.scratch = gx_arena_create();
    if (!x.names || !x.scratch) {
        GX_TRY(gx_fail_memory(err, 4096));
    }
    if (x.form != FORM_JSONL) {
        x.surveying = true;
        for (size_t i = 0; i < x.kind->column_count; i++) {
            x.used |= (uint32_t)x.kind->columns[i].required << i;
        }
        GX_TRY(each_row(&x, err));
        x.surveying = false;
        put_header(&x);
    }
    GX_TRY(each_row(&x, err));
    status = drain(&x, 0, err);
done:
    gx_buffer_finish(&x.out);
    gx_free(x.extras);
    gx_arena_destroy(x.names);
    gx_arena_destroy(x.scratch);
    return status;
}
