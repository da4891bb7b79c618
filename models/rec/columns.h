/* How gx_columns lies in memory; internal to models/rec. The public side is where.h.
 *
 * A column is an array of pages of 1,024 rows, made where a row has the field, so that a rare
 * attribute costs what it holds. A cell is a number (NaN: none) or a word of the column's
 * dictionary (0: none), never both; a list is a run of words: its length and then its entries in
 * `runs`. */
#ifndef GX_MODELS_REC_COLUMNS_H
#define GX_MODELS_REC_COLUMNS_H

#include "models/rec/dict.h"
#include "models/rec/ends.h"
#include "models/rec/masks.h"
#include "models/rec/where.h"

#define GX__PAGE_ROWS 1024u
#define GX__CELL_LIST 0x80000000u /* the other bits are an index into runs */
#define GX__FIELDS_MAX 4096u

typedef struct gx__page {
    double *number; /* GX__PAGE_ROWS, or NULL: no row of the page holds a number */
    uint32_t *word;
    double most; /* no number of the page is above it */
} gx__page;

typedef struct gx__column {
    gx__dict dict;
    gx__page *pages;
    uint32_t page_count;
    uint32_t *runs;
    size_t run_count, run_capacity, run_waste;
    uint32_t lists; /* cells that hold one */
} gx__column;

typedef struct gx__cell {
    uint32_t column;
    uint32_t word;
    double number;
} gx__cell;

struct gx_columns {
    gx__dict names; /* of the columns: word k is column k − 1 */
    gx__column *columns;
    uint32_t count, capacity;
    uint32_t rows;
    gx__cell *cells; /* of the row being set */
    uint32_t cell_capacity;
    uint64_t changes;  /* rows that were set */
    uint64_t *changed; /* of each page of rows: `changes` when one was set last */
    uint32_t changed_count;
    gx__masks *masks;
    gx__ends *ends;
};

/* NULL where no row has ever had the field. */
const gx__column *gx__columns_find(const gx_columns *columns, gx_slice field);

bool gx__columns_is_list(const gx_columns *columns, uint32_t row, const char *field);

static inline const gx__page *gx__column_page(const gx__column *column, uint32_t row) {
    uint32_t p = row / GX__PAGE_ROWS;
    return p < column->page_count ? &column->pages[p] : NULL;
}

/* `changes` when a row of the page was set last; 0: never. */
static inline uint64_t gx__columns_changed(const gx_columns *columns, uint32_t p) {
    return p < columns->changed_count ? columns->changed[p] : 0;
}

/* What tells the values of a column apart: 0 where the row has none; a list goes by its first
 * entry. Numbers have the highest bit set, which words, being small, do not (−x and x are one
 * value). */
#define GX__KEY_NUMBER (UINT64_C(1) << 63)
uint64_t gx__column_key(const gx__column *column, uint32_t row);
/* The key of what a path of texts between slashes ("skincare/serum/night") begins with, its first
 * `levels` of them; of a shorter path, of a key that is no text, and of 0 that of the whole. */
uint64_t gx__column_prefix(const gx__column *column, uint64_t key, uint32_t levels);
/* The key of a text; 0 where no row has ever had it. */
uint64_t gx__column_key_of(const gx__column *column, gx_slice text);

#endif
