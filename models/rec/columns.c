/* Item attributes as columns: what a `where` expression reads.
 *
 * gx_columns_set is all or nothing: everything that can fail (words, pages, room for lists) is made
 * first, then the old row is let go and the new one written. A column whose dead words or list
 * entries outnumber the living is rebuilt on the way. Time: O(fields of the row + columns); memory:
 * 12 bytes a cell at most, and the words. */
#include "models/rec/columns.h"

#include <math.h>

#define SLACK 1024u /* dead words or list entries that are never worth a rebuild */

gx_status gx_columns_create(gx_columns **out, gx_error *err) {
    gx_columns *columns = gx_alloc0(1, sizeof *columns);
    if (!columns) {
        return gx_fail_memory(err, sizeof *columns);
    }
    gx_status status = gx__masks_create(&columns->masks, err);
    if (status == GX_OK) {
        status = gx__ends_create(&columns->ends, err);
    }
    if (status != GX_OK) {
        gx_columns_destroy(columns);
        return status;
    }
    *out = columns;
    return GX_OK;
}

static void column_finish(gx__column *column) {
    for (uint32_t p = 0; p < column->page_count; p++) {
        gx_free(column->pages[p].number);
        gx_free(column->pages[p].word);
    }
    gx_free(column->pages);
    gx_free(column->runs);
    gx__dict_finish(&column->dict);
}

void gx_columns_destroy(gx_columns *columns) {
    if (!columns) {
        return;
    }
    for (uint32_t c = 0; c < columns->count; c++) {
        column_finish(&columns->columns[c]);
    }
    gx_free(columns->columns);
    gx_free(columns->cells);
    gx_free(columns->changed);
    gx__masks_destroy(columns->masks);
    gx__ends_destroy(columns->ends);
    gx__dict_finish(&columns->names);
    gx_free(columns);
}

uint32_t gx_columns_rows(const gx_columns *columns) {
    return columns->rows;
}

const gx__column *gx__columns_find(const gx_columns *columns, gx_slice field) {
    uint32_t name = gx__dict_find(&columns->names, GX__WORD_TEXT, field);
    /* A name without its column: memory ended between the two. */
    return name == 0 || name > columns->count ? NULL : &columns->columns[name - 1];
}

/* ---- what can fail: columns, pages, words, runs --------------------------------------------- */

static gx_status column_intern(uint32_t *out, gx_columns *columns, gx_slice field, gx_error *err) {
    uint32_t name = 0;
    if (columns->count >= GX__FIELDS_MAX &&
        gx__dict_find(&columns->names, GX__WORD_TEXT, field) == 0) {
        char quoted[64];
        return gx_fail_at(err, GX_OVER_LIMIT, "fields",
                          "field %s would be one more than %u different fields",
                          gx_quote(quoted, sizeof quoted, field.data, field.size), GX__FIELDS_MAX);
    }
    gx_status status = gx__dict_intern(&name, &columns->names, GX__WORD_TEXT, field, err);
    if (status != GX_OK) {
        return status;
    }
    if (name > columns->capacity) {
        uint32_t capacity = columns->capacity ? columns->capacity * 2 : 8;
        gx__column *grown = gx_realloc(columns->columns, capacity, sizeof *grown);
        if (!grown) {
            return gx_fail_memory(err, capacity * sizeof *grown);
        }
        columns->columns = grown;
        columns->capacity = capacity;
    }
    if (name > columns->count) {
        columns->columns[columns->count++] = (gx__column){0};
    }
    *out = name - 1;
    return GX_OK;
}

static gx_status pages_reserve(gx__column *column, uint32_t page, gx_error *err) {
    if (page < column->page_count) {
        return GX_OK;
    }
    size_t count = (size_t)page + 1 + page / 4;
    gx__page *pages = gx_realloc(column->pages, count, sizeof *pages);
    if (!pages) {
        return gx_fail_memory(err, count * sizeof *pages);
    }
    memset(pages + column->page_count, 0, (count - column->page_count) * sizeof *pages);
    column->pages = pages;
    column->page_count = (uint32_t)count;
    return GX_OK;
}

static gx_status page_reserve(gx__column *column, uint32_t row, const gx__cell *cell,
                              gx_error *err) {
    uint32_t p = row / GX__PAGE_ROWS;
    gx_status status = pages_reserve(column, p, err);
    if (status != GX_OK) {
        return status;
    }
    gx__page *page = &column->pages[p];
    if (cell->word != 0 && !page->word) {
        page->word = gx_alloc0(GX__PAGE_ROWS, sizeof *page->word);
        if (!page->word) {
            return gx_fail_memory(err, GX__PAGE_ROWS * sizeof *page->word);
        }
    } else if (cell->word == 0 && !page->number) {
        page->number = gx_alloc(GX__PAGE_ROWS, sizeof *page->number);
        if (!page->number) {
            return gx_fail_memory(err, GX__PAGE_ROWS * sizeof *page->number);
        }
        for (uint32_t i = 0; i < GX__PAGE_ROWS; i++) {
            page->number[i] = NAN;
        }
        page->most = -INFINITY;
    }
    return GX_OK;
}

static gx_status runs_reserve(gx__column *column, size_t more, gx_error *err) {
    size_t need = column->run_count + more;
    if (need >= GX__CELL_LIST) {
        return gx_fail(err, GX_OVER_LIMIT, "a field has more than %u list entries", GX__CELL_LIST);
    }
    if (need <= column->run_capacity) {
        return GX_OK;
    }
    size_t capacity = column->run_capacity ? column->run_capacity * 2 : 64;
    capacity = capacity < need ? need : capacity;
    uint32_t *runs = gx_realloc(column->runs, capacity, sizeof *runs);
    if (!runs) {
        return gx_fail_memory(err, capacity * sizeof *runs);
    }
    column->runs = runs;
    column->run_capacity = capacity;
    return GX_OK;
}

/* The word of a text, truth value or (in lists) number; 0 for what a column does not keep. */
static gx_status word_of(uint32_t *out, gx__dict *dict, const gx_value *value, gx_error *err) {
    char truth;
    switch (value->type) {
    case GX_TEXT:
        return gx__dict_intern(out, dict, GX__WORD_TEXT, (gx_slice){value->as.text, value->size},
                               err);
    case GX_BOOL:
        truth = value->as.boolean ? 1 : 0;
        return gx__dict_intern(out, dict, GX__WORD_BOOL, (gx_slice){&truth, 1}, err);
    case GX_INT:
        return gx__dict_intern_number(out, dict, (double)value->as.integer, err);
    case GX_REAL:
        if (!isnan(value->as.real)) {
            return gx__dict_intern_number(out, dict, value->as.real, err);
        }
        break;
    case GX_NIL:
    case GX_LIST:
    case GX_MAP:
        break;
    }
    *out = 0;
    return GX_OK;
}

/* Writes the run beyond the end; it counts once gx_columns_set commits the row. */
static gx_status list_of(uint32_t *out, gx__column *column, const gx_value *list, gx_error *err) {
    gx_status status = runs_reserve(column, (size_t)list->size + 1, err);
    uint32_t *run = column->runs + column->run_count;
    uint32_t kept = 0;
    for (uint32_t i = 0; status == GX_OK && i < list->size; i++) {
        uint32_t word = 0;
        status = word_of(&word, &column->dict, &list->as.items[i], err);
        if (status == GX_OK && word != 0) {
            run[++kept] = word;
        }
    }
    if (status == GX_OK && kept > 0) {
        run[0] = kept;
        *out = (uint32_t)column->run_count | GX__CELL_LIST;
    }
    return status;
}

/* Sets `out` to what the cell will hold; *out_any false: a value that columns do not keep. */
static gx_status cell_prepare(gx__cell *out, bool *out_any, gx_columns *columns, uint32_t row,
                              const gx_pair *pair, gx_error *err) {
    const gx_value *value = &pair->value;
    gx__cell cell = {.number = NAN};
    *out_any = false;
    if (value->type == GX_NIL || value->type == GX_MAP) {
        return GX_OK;
    }
    gx_slice field = {pair->key.as.text, pair->key.size};
    gx_status status = column_intern(&cell.column, columns, field, err);
    if (status != GX_OK) {
        return status;
    }
    gx__column *column = &columns->columns[cell.column];
    if (value->type == GX_LIST) {
        status = list_of(&cell.word, column, value, err);
    } else if (value->type == GX_INT) {
        cell.number = (double)value->as.integer;
    } else if (value->type == GX_REAL) {
        cell.number = value->as.real;
    } else {
        status = word_of(&cell.word, &column->dict, value, err);
    }
    if (status == GX_OK && (cell.word != 0 || !isnan(cell.number))) {
        status = page_reserve(column, row, &cell, err);
        *out = cell;
        *out_any = true;
    }
    return status;
}

/* ---- what cannot fail ----------------------------------------------------------------------- */

static void cell_clear(gx__column *column, uint32_t row) {
    uint32_t p = row / GX__PAGE_ROWS, at = row % GX__PAGE_ROWS;
    if (p >= column->page_count) {
        return;
    }
    gx__page *page = &column->pages[p];
    if (page->number) {
        page->number[at] = NAN;
    }
    if (!page->word || page->word[at] == 0) {
        return;
    }
    uint32_t word = page->word[at];
    page->word[at] = 0;
    if (word & GX__CELL_LIST) {
        const uint32_t *run = column->runs + (word & ~GX__CELL_LIST);
        for (uint32_t i = 1; i <= run[0]; i++) {
            gx__dict_unuse(&column->dict, run[i]);
        }
        column->run_waste += (size_t)run[0] + 1;
        column->lists--;
    } else {
        gx__dict_unuse(&column->dict, word);
    }
}

static void cell_write(gx__column *column, uint32_t row, const gx__cell *cell) {
    gx__page *page = &column->pages[row / GX__PAGE_ROWS];
    uint32_t at = row % GX__PAGE_ROWS;
    if (cell->word == 0) {
        page->number[at] = cell->number;
        page->most = cell->number > page->most ? cell->number : page->most;
        return;
    }
    page->word[at] = cell->word;
    if (cell->word & GX__CELL_LIST) {
        const uint32_t *run = column->runs + (cell->word & ~GX__CELL_LIST);
        for (uint32_t i = 1; i <= run[0]; i++) {
            gx__dict_use(&column->dict, run[i]);
        }
        column->run_count += (size_t)run[0] + 1;
        column->lists++;
    } else {
        gx__dict_use(&column->dict, cell->word);
    }
}

/* ---- rebuilding a column without what is dead ----------------------------------------------- */

static bool column_is_stale(const gx__column *column) {
    return column->dict.count > 2 * (size_t)column->dict.used + SLACK ||
           column->run_waste > column->run_count / 2 + SLACK;
}

static gx_status dict_rebuild(gx__dict *fresh, uint32_t *renamed, const gx__dict *old) {
    for (uint32_t id = 1; id <= old->count; id++) {
        const gx__word *word = &old->words[id];
        if (word->uses == 0) {
            continue;
        }
        gx_status status =
            gx__dict_intern(&renamed[id], fresh, word->kind, gx__dict_bytes(old, id), NULL);
        if (status != GX_OK) {
            return status;
        }
        fresh->words[renamed[id]].uses = word->uses;
        fresh->used++;
    }
    return GX_OK;
}

static void cells_rename(gx__column *column, const uint32_t *renamed, uint32_t *runs) {
    size_t end = 0;
    for (uint32_t p = 0; p < column->page_count; p++) {
        uint32_t *word = column->pages[p].word;
        for (uint32_t i = 0; word && i < GX__PAGE_ROWS; i++) {
            if (!(word[i] & GX__CELL_LIST)) {
                word[i] = renamed[word[i]];
                continue;
            }
            const uint32_t *run = column->runs + (word[i] & ~GX__CELL_LIST);
            runs[end] = run[0];
            for (uint32_t k = 1; k <= run[0]; k++) {
                runs[end + k] = renamed[run[k]];
            }
            word[i] = (uint32_t)end | GX__CELL_LIST;
            end += (size_t)run[0] + 1;
        }
    }
    column->run_count = end;
}

/* Where memory ends the column stays as it is: it is right, only larger than it need be. */
static void column_rebuild(gx__column *column) {
    gx__dict fresh = {0};
    size_t living = column->run_count - column->run_waste;
    uint32_t *renamed = gx_alloc0((size_t)column->dict.count + 1, sizeof *renamed);
    uint32_t *runs = gx_alloc(living + 1, sizeof *runs);
    if (!renamed || !runs || dict_rebuild(&fresh, renamed, &column->dict) != GX_OK) {
        gx__dict_finish(&fresh);
        gx_free(runs);
    } else {
        cells_rename(column, renamed, runs);
        gx_free(column->runs);
        column->runs = runs;
        column->run_capacity = living + 1;
        column->run_waste = 0;
        gx__dict_finish(&column->dict);
        column->dict = fresh;
    }
    gx_free(renamed);
}

/* ---- rows ----------------------------------------------------------------------------------- */

static gx_status cells_reserve(gx_columns *columns, uint32_t count, gx_error *err) {
    if (count <= columns->cell_capacity) {
        return GX_OK;
    }
    gx__cell *cells = gx_realloc(columns->cells, count, sizeof *cells);
    if (!cells) {
        return gx_fail_memory(err, count * sizeof *cells);
    }
    columns->cells = cells;
    columns->cell_capacity = count;
    return GX_OK;
}

static gx_status changed_reserve(gx_columns *columns, uint32_t row, gx_error *err) {
    const uint32_t p = row / GX__PAGE_ROWS;
    if (p < columns->changed_count) {
        return GX_OK;
    }
    const size_t count = (size_t)p + 1 + p / 4;
    uint64_t *grown = gx_realloc(columns->changed, count, sizeof *grown);
    if (!grown) {
        return gx_fail_memory(err, count * sizeof *grown);
    }
    memset(grown + columns->changed_count, 0, (count - columns->changed_count) * sizeof *grown);
    columns->changed = grown;
    columns->changed_count = (uint32_t)count;
    return GX_OK;
}

gx_status gx_columns_set(gx_columns *columns, uint32_t row, const gx_value *fields, gx_error *err) {
    if (fields->type != GX_MAP || row == GX_NONE) {
        return gx_fail_at(err, GX_BAD_REQUEST, "fields", "a row of columns is set from a map");
    }
    gx_status status = cells_reserve(columns, fields->size, err);
    uint32_t count = 0;
    if (status == GX_OK) {
        status = changed_reserve(columns, row, err);
    }
    for (uint32_t i = 0; status == GX_OK && i < fields->size; i++) {
        bool any = false;
        status =
            cell_prepare(&columns->cells[count], &any, columns, row, &fields->as.pairs[i], err);
        count += any;
    }
    if (status != GX_OK) {
        return status;
    }
    for (uint32_t c = 0; c < columns->count; c++) {
        cell_clear(&columns->columns[c], row);
    }
    for (uint32_t i = 0; i < count; i++) {
        gx__column *column = &columns->columns[columns->cells[i].column];
        cell_clear(column, row); /* a map that names a field twice: the last one stays */
        cell_write(column, row, &columns->cells[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        gx__column *column = &columns->columns[columns->cells[i].column];
        if (column_is_stale(column)) {
            column_rebuild(column);
        }
    }
    columns->rows = row >= columns->rows ? row + 1 : columns->rows;
    columns->changed[row / GX__PAGE_ROWS] = ++columns->changes;
    return GX_OK;
}

/* ---- reading back --------------------------------------------------------------------------- */

static gx_value number_value(double number) {
    bool whole = number >= -0x1p53 && number <= 0x1p53 && number == floor(number);
    return whole ? gx_int((int64_t)number) : gx_real(number);
}

static gx_value word_value(const gx__dict *dict, uint32_t id) {
    gx_slice bytes = gx__dict_bytes(dict, id);
    switch (dict->words[id].kind) {
    case GX__WORD_BOOL:
        return gx_bool(bytes.data[0] != 0);
    case GX__WORD_NUMBER:
        return number_value(dict->words[id].number);
    case GX__WORD_TEXT:
        break;
    }
    return gx_text(bytes.data, bytes.size);
}

bool gx__columns_is_list(const gx_columns *columns, uint32_t row, const char *field) {
    const gx__column *column = gx__columns_find(columns, gx_slice_of(field));
    const gx__page *page = column ? gx__column_page(column, row) : NULL;
    const uint32_t at = row % GX__PAGE_ROWS;
    const bool number = page && page->number && !isnan(page->number[at]);
    return page && page->word && !number && (page->word[at] & GX__CELL_LIST) != 0;
}

gx_value gx_columns_get(const gx_columns *columns, gx_arena *arena, uint32_t row,
                        const char *field) {
    const gx__column *column = gx__columns_find(columns, gx_slice_of(field));
    const gx__page *page = column ? gx__column_page(column, row) : NULL;
    uint32_t at = row % GX__PAGE_ROWS;
    if (page && page->number && !isnan(page->number[at])) {
        return number_value(page->number[at]);
    }
    uint32_t word = page && page->word ? page->word[at] : 0;
    if (word == 0) {
        return gx_nil();
    }
    if (!(word & GX__CELL_LIST)) {
        return word_value(&column->dict, word);
    }
    const uint32_t *run = column->runs + (word & ~GX__CELL_LIST);
    gx_value list = gx_list(arena, run[0]);
    for (uint32_t i = 1; i <= run[0]; i++) {
        gx_list_add(arena, &list, word_value(&column->dict, run[i]));
    }
    return list;
}
