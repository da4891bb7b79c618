/* `where`: any bytes compile or are refused with a message, and what compiles says the same of a
 * row whether rows are judged one by one or all at once. */
#include "models/rec/where.h"

#include <assert.h>
#include <stdlib.h>

enum { ROWS = 1100 }; /* more than one page */

static gx_columns *columns;

static void put_row(gx_arena *arena, uint32_t row) {
    static const char *const words[] = {"a", "ab", "true", "7", "x/y", ""};
    gx_value fields = gx_map(arena, 4), tags = gx_list(arena, 2);
    gx_list_add(arena, &tags, gx_str(words[row % 6]));
    gx_list_add(arena, &tags, row % 5 ? gx_str(words[row % 4]) : gx_int(row % 9));
    if (row % 3) {
        gx_map_put(arena, &fields, "price", row % 7 ? gx_int(row % 11) : gx_str(words[row % 6]));
    }
    if (row % 4) {
        gx_map_put(arena, &fields, "tags", tags);
    }
    gx_map_put(arena, &fields, "a", gx_bool(row % 2 == 0));
    if (gx_columns_set(columns, row, &fields, NULL) != GX_OK) {
        abort();
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    gx_arena *arena = gx_arena_create();
    if (!arena || gx_columns_create(&columns, NULL) != GX_OK) {
        abort();
    }
    for (uint32_t row = 0; row < ROWS - 20; row++) {
        put_row(arena, row);
    }
    gx_arena_destroy(arena);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    gx_error err = {0};
    gx_where *where = NULL;
    uint8_t pass[ROWS];
    gx_arena *arena = gx_arena_create();
    if (!arena) {
        return 0;
    }
    gx_slice text = {size ? (const char *)data : "", size};
    if (gx_where_compile(&where, arena, text, &err) != GX_OK) {
        assert(err.code == GX_BAD_REQUEST && err.message[0]);
        gx_arena_destroy(arena);
        return 0;
    }
    if (gx_where_eval(pass, where, columns, ROWS, &err) == GX_OK) {
        for (uint32_t row = 0; row < ROWS; row += 7) {
            assert(pass[row] == gx_where_row(where, columns, row));
            assert(pass[row] == (gx_where_failed(where, columns, row).size == 0));
        }
    }
    gx_arena_destroy(arena);
    return 0;
}
