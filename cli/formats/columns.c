/* Which keys of a list of rows are shown. */
#include "cli/formats/columns.h"

static void add_column(gx_column_names *c, gx_slice name) {
    for (size_t i = 0; i < c->count; i++) {
        if (gx_slice_equal(c->name[i], name)) {
            return;
        }
    }
    if (c->count < GX_COLUMNS_MAX) {
        c->name[c->count++] = name;
    }
}

void gx_columns_choose(gx_column_names *c, const gx_value *list, const char *given) {
    c->count = 0;
    for (const char *s = given; s && *s;) {
        size_t size = strcspn(s, ",");
        add_column(c, (gx_slice){s, size});
        s += size + (s[size] == ',');
    }
    for (uint32_t i = 0; !given && i < list->size && i < 100; i++) {
        const gx_value *row = &list->as.items[i];
        for (uint32_t k = 0; row->type == GX_MAP && k < row->size; k++) {
            const gx_value *key = &row->as.pairs[k].key;
            add_column(c, (gx_slice){key->as.text, key->size});
        }
    }
    if (c->count == 0) {
        add_column(c, gx_slice_of("value"));
    }
}

const gx_value *gx_columns_cell(const gx_value *row, gx_slice column) {
    if (row->type != GX_MAP) {
        return gx_slice_is(column, "value") ? row : NULL;
    }
    for (uint32_t k = 0; k < row->size; k++) {
        const gx_value *key = &row->as.pairs[k].key;
        if (gx_slice_equal(column, (gx_slice){key->as.text, key->size})) {
            return &row->as.pairs[k].value;
        }
    }
    return NULL;
}
