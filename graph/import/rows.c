/* Rows that were not in a file: what put methods are made of. The same columns, checks and
 * conversion as for files, over a list of maps. */
#include "graph/import/convert.h"
#include "graph/import/import.h"

#include <stdio.h>

typedef struct rows {
    gx__reader reader; /* only its names and cells: there is no file behind it */
    gx__binding *binding;
    gx__words words;
    gx__converter converter;
    gx_arena *cells; /* texts of the present row's cells */
    gx__fallback fallback;
} rows;

static const gx__format from_values = {.name = "value", .open_names = true};

static void set_text(gx__cell *cell, const char *data, size_t size, gx__cell_type type) {
    *cell = (gx__cell){.data = data ? data : "", .size = (uint32_t)size, .type = type};
}

/* A value as the cell it would have been in a JSON line. */
static void set_cell(gx__cell *cell, gx_arena *arena, const gx_value *value) {
    char *text;
    gx_buffer json = {0};
    switch (value->type) {
    case GX_NIL:
        set_text(cell, NULL, 0, GX__CELL_NIL);
        break;
    case GX_TEXT:
        set_text(cell, value->as.text, value->size, GX__CELL_TEXT);
        break;
    case GX_BOOL:
        set_text(cell, value->as.boolean ? "true" : "false", value->as.boolean ? 4 : 5,
                 GX__CELL_BOOL);
        break;
    case GX_INT:
        text = gx_arena_printf(arena, "%lld", (long long)value->as.integer);
        set_text(cell, text, text ? strlen(text) : 0, GX__CELL_NUMBER);
        break;
    case GX_REAL:
        text = gx_arena_printf(arena, "%.17g", value->as.real);
        set_text(cell, text, text ? strlen(text) : 0, GX__CELL_NUMBER);
        break;
    default:
        gx_json_write(&json, value, GX_JSON_COMPACT);
        text = gx_arena_get(arena, json.size + 1);
        if (text && json.bytes) {
            memcpy(text, json.bytes, json.size);
        }
        set_text(cell, text, text ? json.size : 0, GX__CELL_NESTED);
        gx_buffer_finish(&json);
    }
}

static gx_status position_of(uint32_t *out, gx__reader *reader, gx_slice name, gx_error *err) {
    for (uint32_t i = 0; i < reader->name_count; i++) {
        if (gx_slice_equal(reader->names[i], name)) {
            *out = i;
            return GX_OK;
        }
    }
    *out = reader->name_count;
    return gx__reader_add_name(reader, name, err);
}

/* Names first, so that there is a cell for each of them; then the cells. */
static gx_status fill_cells(gx__row *out, rows *r, const gx_value *map, gx_error *err) {
    gx_status status = GX_OK;
    uint32_t position;
    gx_arena_reset(r->cells);
    for (uint32_t i = 0; i < map->size; i++) {
        const gx_value *key = &map->as.pairs[i].key;
        GX_TRY(position_of(&position, &r->reader, (gx_slice){key->as.text, key->size}, err));
    }
    GX_TRY(gx__reader_cells(&r->reader, r->reader.name_count, err));
    for (uint32_t i = 0; i < map->size; i++) {
        const gx_value *key = &map->as.pairs[i].key;
        GX_TRY(position_of(&position, &r->reader, (gx_slice){key->as.text, key->size}, err));
        set_cell(&r->reader.cells[position], r->cells, &map->as.pairs[i].value);
    }
    *out = (gx__row){.raw = {"", 0}, .cells = r->reader.cells, .count = r->reader.name_count};
    if (gx_arena_status(r->cells) != GX_OK) {
        status = gx_fail_memory(err, 0);
    }
done:
    return status;
}

static gx_status refused(const gx__refusal *refusal, uint32_t index, gx_error *err) {
    char at[100], shown[100];
    gx_quote(shown, sizeof shown, refusal->value.data, refusal->value.size);
    snprintf(at, sizeof at, "[%u].%s", index, refusal->column ? refusal->column : "");
    return gx_fail_at(err, GX_BAD_REQUEST, at, "entry %u: %s: %s%s%s%s", index,
                      refusal->column && refusal->column[0] ? refusal->column : "the row",
                      gx__reason_text(refusal->reason), refusal->reason == GX__MISSING ? "" : " ",
                      refusal->reason == GX__MISSING ? "" : shown,
                      gx__reason_accepts(refusal->reason));
}

static gx_status open_rows(rows *r, gx_txn *txn, const char *kind, const gx_rows_options *options,
                           gx_job *job, gx_error *err) {
    r->converter.job = job;
    r->reader.format = &from_values;
    r->reader.arena = gx_arena_create();
    r->cells = gx_arena_create();
    r->converter.arena = gx_arena_create();
    r->converter.scratch = gx_arena_create();
    r->binding = gx_alloc0(1, sizeof *r->binding);
    if (!r->reader.arena || !r->cells || !r->converter.arena || !r->converter.scratch ||
        !r->binding) {
        return gx_fail_memory(err, sizeof *r->binding);
    }
    r->fallback = (gx__fallback){"ties", "kind", "friend"};
    r->converter.binding = r->binding;
    r->converter.words = &r->words;
    r->converter.strict = options && options->strict;
    r->converter.source = options ? options->source : NULL;
    gx__words_init(&r->words, txn);
    if (!gx__kind_find(kind)) {
        return gx_fail(err, GX_INTERNAL, "there is no kind of row %s", kind);
    }
    return GX_OK;
}

static void close_rows(rows *r) {
    gx_arena_destroy(r->converter.arena); /* before finish, which forgets them */
    gx_arena_destroy(r->converter.scratch);
    gx__converter_finish(&r->converter);
    gx__words_finish(&r->words);
    gx_arena_destroy(r->cells);
    gx__reader_finish(&r->reader);
    gx_free(r->binding);
}

/* The columns are those of the first row; what later rows have besides is bound as it is met. */
static gx_status put_one(gx__tally *counts, rows *r, gx_txn *txn, const char *kind, uint32_t index,
                         const gx_value *map, bool strict, gx_job *job, gx_error *err) {
    gx__row row;
    gx__refusal refusal;
    gx_status status = GX_OK;
    if (map->type != GX_MAP) {
        return gx_fail(err, GX_BAD_REQUEST, "entry %u: a %s was given; accepted is a map", index,
                       gx_type_name(map->type));
    }
    GX_TRY(fill_cells(&row, r, map, err));
    if (index == 0) {
        GX_TRY(gx__binding_open(r->binding, &r->reader, kind, NULL, &r->fallback, 1, strict, err));
    } else {
        GX_TRY(gx__binding_update(r->binding, &r->reader, index, err));
    }
    const gx__kind *found = r->binding->kind;
    void *place = gx_arena_get(r->cells, found->row_bytes);
    if (!place) {
        GX_TRY(gx_fail_memory(err, found->row_bytes));
    }
    memcpy(place, found->blank, found->row_bytes);
    GX_TRY(gx__convert(&refusal, place, &r->converter, &row, err));
    if (refusal.reason != GX__NONE) {
        GX_TRY(refused(&refusal, index, err));
    }
    GX_TRY(gx__words_flush(&r->words, job, err));
    GX_TRY(found->flush(counts, txn, place, 1, job, err));
    gx_arena_reset(r->converter.arena);
done:
    return status;
}

gx_status gx_import_rows(gx_rows_report *out, gx_txn *txn, const char *kind, const gx_value *list,
                         const gx_rows_options *options, gx_job *job, gx_error *err) {
    rows r = {0};
    gx__tally counts = {0};
    gx_status status = open_rows(&r, txn, kind, options, job, err);
    for (uint32_t i = 0; status == GX_OK && i < list->size; i++) {
        status = put_one(&counts, &r, txn, kind, i, &list->as.items[i], options && options->strict,
                         job, err);
    }
    if (status == GX_OK) {
        *out = (gx_rows_report){.created = counts.created,
                                .updated = counts.updated,
                                .unchanged = counts.unchanged,
                                .conflicting = counts.conflicting,
                                .new_users = r.converter.new_ids[GX_SPACE_USER],
                                .new_items = r.converter.new_ids[GX_SPACE_ITEM],
                                .new_groups = r.converter.new_ids[GX_SPACE_GROUP]};
    }
    close_rows(&r);
    return status;
}
