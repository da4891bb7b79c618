/* Columns read one field at a time: masks by a text or a number, and what value a row has. For
 * rules that are not worth an expression, since their values come from the member. */
#include "models/rec/columns.h"

#include "models/parallel.h"

#include <math.h>
#include <strings.h>

bool gx_columns_has(const gx_columns *columns, const char *field) {
    return gx__columns_find(columns, gx_slice_of(field)) != NULL;
}

uint32_t gx_columns_fields(gx_slice *out, uint32_t room, const gx_columns *columns) {
    for (uint32_t c = 0; c < columns->count && c < room; c++) {
        out[c] = gx__dict_bytes(&columns->names, c + 1);
    }
    return columns->count;
}

uint32_t gx_columns_texts(gx_slice *out, uint32_t room, const gx_columns *columns,
                          const char *field) {
    const gx__column *column = gx__columns_find(columns, gx_slice_of(field));
    uint32_t found = 0;
    for (uint32_t w = 1; column && w <= column->dict.count; w++) {
        const gx__word *word = &column->dict.words[w];
        if (word->uses == 0 || word->kind != GX__WORD_TEXT) {
            continue;
        }
        if (found < room) {
            out[found] = gx__dict_bytes(&column->dict, w);
        }
        found++;
    }
    return found;
}

uint32_t gx_columns_alike(gx_slice *out, uint32_t room, const gx_columns *columns,
                          const char *field, gx_slice text, bool path) {
    const gx__column *column = gx__columns_find(columns, gx_slice_of(field));
    uint32_t found = 0;
    for (uint32_t w = 1; column && text.size > 0 && w <= column->dict.count; w++) {
        const gx__word *word = &column->dict.words[w];
        if (word->uses == 0 || word->kind != GX__WORD_TEXT || word->size < text.size ||
            (word->size > text.size && !path)) {
            continue;
        }
        const gx_slice other = {gx__dict_bytes(&column->dict, w).data, text.size};
        if ((word->size == text.size || other.data[text.size] == '/') &&
            strncasecmp(other.data, text.data, text.size) == 0 && !gx_slice_equal(other, text)) {
            if (found < room) {
                out[found] = other;
            }
            found++;
        }
    }
    return found;
}

static bool cell_is(const gx__column *column, uint32_t cell, uint32_t word) {
    if (!(cell & GX__CELL_LIST)) {
        return cell == word;
    }
    const uint32_t *run = column->runs + (cell & ~GX__CELL_LIST);
    for (uint32_t i = 1; i <= run[0]; i++) {
        if (run[i] == word) {
            return true;
        }
    }
    return false;
}

bool gx_columns_is(const gx_columns *columns, uint32_t row, const char *field, gx_slice text) {
    const gx__column *column = gx__columns_find(columns, gx_slice_of(field));
    const gx__page *page = column ? gx__column_page(column, row) : NULL;
    uint32_t word = page && page->word ? gx__dict_find(&column->dict, GX__WORD_TEXT, text) : 0;
    return word != 0 && cell_is(column, page->word[row % GX__PAGE_ROWS], word);
}

void gx_columns_clear_text(uint8_t *pass, uint32_t count, const gx_columns *columns,
                           const char *field, gx_slice text) {
    const gx__column *column = gx__columns_find(columns, gx_slice_of(field));
    uint32_t word = column ? gx__dict_find(&column->dict, GX__WORD_TEXT, text) : 0;
    if (word == 0) {
        return;
    }
    for (uint32_t p = 0; p < column->page_count; p++) {
        const uint32_t *cells = column->pages[p].word;
        uint32_t first = p * GX__PAGE_ROWS;
        for (uint32_t k = 0; cells && k < GX__PAGE_ROWS && first + k < count; k++) {
            if (cell_is(column, cells[k], word)) {
                pass[first + k] = 0;
            }
        }
    }
}

static bool word_is_path(const gx__column *column, uint32_t word, gx_slice path) {
    const gx_slice text = gx__dict_bytes(&column->dict, word);
    return column->dict.words[word].kind == GX__WORD_TEXT && text.size >= path.size &&
           memcmp(text.data, path.data, path.size) == 0 &&
           (text.size == path.size || text.data[path.size] == '/');
}

static bool cell_is_path(const gx__column *column, uint32_t cell, gx_slice path) {
    if (!(cell & GX__CELL_LIST)) {
        return cell != 0 && word_is_path(column, cell, path);
    }
    const uint32_t *run = column->runs + (cell & ~GX__CELL_LIST);
    for (uint32_t i = 1; i <= run[0]; i++) {
        if (word_is_path(column, run[i], path)) {
            return true;
        }
    }
    return false;
}

bool gx_columns_is_path(const gx_columns *columns, uint32_t row, const char *field, gx_slice path) {
    const gx__column *column = gx__columns_find(columns, gx_slice_of(field));
    const gx__page *page = column ? gx__column_page(column, row) : NULL;
    return page && page->word && path.size > 0 &&
           cell_is_path(column, page->word[row % GX__PAGE_ROWS], path);
}

void gx_columns_clear_path(uint8_t *pass, uint32_t count, const gx_columns *columns,
                           const char *field, gx_slice path) {
    const gx__column *column = gx__columns_find(columns, gx_slice_of(field));
    for (uint32_t p = 0; column && path.size > 0 && p < column->page_count; p++) {
        const uint32_t *cells = column->pages[p].word;
        const uint32_t first = p * GX__PAGE_ROWS;
        for (uint32_t k = 0; cells && k < GX__PAGE_ROWS && first + k < count; k++) {
            if (cell_is_path(column, cells[k], path)) {
                pass[first + k] = 0;
            }
        }
    }
}

/* Whether the row has the field and it is no number that is at most `limit`. */
static bool is_above(const gx__column *column, const gx__page *page, uint32_t at, double limit) {
    if (page->number && !isnan(page->number[at])) {
        return !(page->number[at] <= limit);
    }
    uint32_t cell = page->word ? page->word[at] : 0;
    bool list = (cell & GX__CELL_LIST) != 0;
    return cell != 0 && (list || !(column->dict.words[cell].number <= limit));
}

bool gx_columns_above(const gx_columns *columns, uint32_t row, const char *field, double limit) {
    const gx__column *column = gx__columns_find(columns, gx_slice_of(field));
    const gx__page *page = column ? gx__column_page(column, row) : NULL;
    return page && is_above(column, page, row % GX__PAGE_ROWS, limit);
}

/* Of a page without words. */
GX__CLONES static void clear_above(uint8_t *restrict pass, const double *restrict number,
                                   uint32_t rows, double limit) {
    for (uint32_t k = 0; k < rows; k++) {
        pass[k] = number[k] > limit ? 0 : pass[k]; /* NaN: none */
    }
}

void gx_columns_clear_above(uint8_t *pass, uint32_t count, const gx_columns *columns,
                            const char *field, double limit) {
    const gx__column *column = gx__columns_find(columns, gx_slice_of(field));
    for (uint32_t p = 0; column && p < column->page_count; p++) {
        const gx__page *page = &column->pages[p];
        uint32_t first = p * GX__PAGE_ROWS;
        if (page->number && !page->word && page->most <= limit) {
            continue;
        }
        if (first < count && page->number && !page->word) {
            clear_above(pass + first, page->number,
                        count - first < GX__PAGE_ROWS ? count - first : GX__PAGE_ROWS, limit);
            continue;
        }
        for (uint32_t k = 0; (page->number || page->word) && k < GX__PAGE_ROWS && first + k < count;
             k++) {
            if (is_above(column, page, k, limit)) {
                pass[first + k] = 0;
            }
        }
    }
}

uint64_t gx__column_key(const gx__column *column, uint32_t row) {
    const gx__page *page = column ? gx__column_page(column, row) : NULL;
    uint32_t at = row % GX__PAGE_ROWS;
    if (page && page->number && !isnan(page->number[at])) {
        uint64_t bits;
        double number = page->number[at];
        memcpy(&bits, &number, sizeof bits);
        return bits | GX__KEY_NUMBER;
    }
    uint32_t cell = page && page->word ? page->word[at] : 0;
    if (cell & GX__CELL_LIST) {
        const uint32_t *run = column->runs + (cell & ~GX__CELL_LIST);
        return run[0] > 0 ? run[1] : 0;
    }
    return cell;
}

uint64_t gx__column_prefix(const gx__column *column, uint64_t key, uint32_t levels) {
    if (key == 0 || key > column->dict.count || column->dict.words[key].kind != GX__WORD_TEXT) {
        return key;
    }
    const gx_slice text = gx__dict_bytes(&column->dict, (uint32_t)key);
    uint64_t hash = 1;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '/' && --levels == 0) {
            break;
        }
        hash = gx_mix64(hash ^ (uint8_t)text.data[i]);
    }
    return hash >> 2 | UINT64_C(1) << 62; /* no word and no number */
}

uint64_t gx__column_key_of(const gx__column *column, gx_slice text) {
    return column ? gx__dict_find(&column->dict, GX__WORD_TEXT, text) : 0;
}
