/* Any bytes as JSONL, against the JSON reader: every line that it takes for an object is a good row
 * here too, with the same values. */
#include "graph/codec/codec.h"
#include "graph/import/reader.h"

#include <stdlib.h>

enum { ROWS_MAX = 1 << 14 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static const gx__cell *cell_named(const gx__reader *reader, const gx__row *row,
                                  const gx_value *key) {
    for (uint32_t i = 0; i < reader->name_count; i++) {
        if (gx_slice_equal(reader->names[i], (gx_slice){key->as.text, key->size})) {
            return &row->cells[i];
        }
    }
    abort();
}

static void compare(const gx__cell *cell, const gx_value *value) {
    double real, wanted;
    switch (value->type) {
    case GX_NIL:
        require(cell->data == NULL);
        break;
    case GX_TEXT:
        require(cell->type == GX__CELL_TEXT && cell->size == value->size &&
                memcmp(cell->data, value->as.text, value->size) == 0);
        break;
    case GX_BOOL:
        require(cell->type == GX__CELL_BOOL && cell->size == (value->as.boolean ? 4 : 5));
        break;
    case GX_INT:
    case GX_REAL:
        require(cell->type == GX__CELL_NUMBER && gx_value_as_real(value, &wanted));
        /* A parse of more digits than base takes may be refused, but not be another number. */
        if (gx_parse_real((gx_slice){cell->data, cell->size}, &real)) {
            require(!(real < wanted || real > wanted));
        }
        break;
    default:
        require(cell->type == GX__CELL_NESTED);
    }
}

static bool has_empty_key(const gx_value *map) {
    for (uint32_t i = 0; i < map->size; i++) {
        if (map->as.pairs[i].key.size == 0) {
            return true; /* no name for a column */
        }
    }
    return false;
}

static void check_row(const gx__reader *reader, const gx__row *row, gx_arena *arena) {
    gx_value value;
    gx_arena_reset(arena);
    if (gx_json_read(&value, arena, row->raw.data, row->raw.size, NULL) != GX_OK ||
        value.type != GX_MAP || has_empty_key(&value)) {
        return;
    }
    require(row->reason == GX__NONE);
    for (uint32_t i = 0; i < value.size; i++) {
        const gx_pair *pair = &value.as.pairs[i];
        compare(cell_named(reader, row, &pair->key), &pair->value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    gx__source *source;
    gx__reader reader;
    gx_arena *arena = gx_arena_create();
    if (arena && gx__source_open_memory(&source, (const char *)data, size, NULL) == GX_OK &&
        gx__reader_open(&reader, source, &gx__format_jsonl, NULL) == GX_OK) {
        for (int rows = 0; rows < ROWS_MAX; rows++) {
            gx__row row;
            if (gx__reader_next(&row, &reader, NULL) != GX_OK || row.end) {
                break;
            }
            check_row(&reader, &row, arena);
        }
        gx__reader_finish(&reader);
    }
    gx_arena_destroy(arena);
    require(gx_alloc_live_blocks() == 0);
    return 0;
}
