/* Which keys of a list of rows are shown, and how a cell reads. */
#include "cli/formats/columns.h"

#include <math.h>

bool gx_columns_add(gx_column_names *c, gx_slice name) {
    for (size_t i = 0; i < c->count; i++) {
        if (gx_slice_equal(c->name[i], name)) {
            return false;
        }
    }
    if (c->count < GX_COLUMNS_MAX) {
        c->name[c->count++] = name;
        return true;
    }
    return false;
}

void gx_columns_choose(gx_column_names *c, const gx_value *list, const char *given) {
    c->count = 0;
    for (const char *s = given; s && *s;) {
        size_t size = strcspn(s, ",");
        gx_columns_add(c, (gx_slice){s, size});
        s += size + (s[size] == ',');
    }
    for (uint32_t i = 0; !given && i < list->size && i < 100; i++) {
        const gx_value *row = &list->as.items[i];
        for (uint32_t k = 0; row->type == GX_MAP && k < row->size; k++) {
            const gx_value *key = &row->as.pairs[k].key;
            gx_columns_add(c, (gx_slice){key->as.text, key->size});
        }
    }
    if (c->count == 0) {
        gx_columns_add(c, gx_slice_of("value"));
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

/* ---- cells ------------------------------------------------------------------------------------
 */

/* A list or map inside a cell: "a, b, c", "k=v k=v"; a list of maps shows each one's first entry.
 */
static void cell_nested(gx_buffer *out, const gx_value *value) {
    if (value->type == GX_LIST) {
        for (uint32_t i = 0; i < value->size; i++) {
            const gx_value *one = &value->as.items[i];
            gx_buffer_text(out, i ? ", " : "");
            gx_columns_text(out, one->type == GX_MAP && one->size ? &one->as.pairs[0].value : one);
        }
        return;
    }
    for (uint32_t i = 0; i < value->size; i++) {
        const gx_pair *pair = &value->as.pairs[i];
        gx_buffer_printf(out, "%s%.*s=", i ? " " : "", (int)pair->key.size, pair->key.as.text);
        gx_columns_text(out, &pair->value);
    }
}

void gx_columns_text(gx_buffer *out, const gx_value *value) {
    switch (value->type) {
    case GX_NIL:
        gx_buffer_text(out, "-");
        break;
    case GX_BOOL:
        gx_buffer_text(out, value->as.boolean ? "yes" : "no");
        break;
    case GX_INT:
        gx_buffer_printf(out, "%lld", (long long)value->as.integer);
        break;
    case GX_REAL:
        gx_buffer_printf(out,
                         fabs(value->as.real) >= 1e6 || value->as.real == floor(value->as.real)
                             ? "%.6g"
                             : "%.4g",
                         value->as.real);
        break;
    case GX_TEXT:
        for (uint32_t i = 0; i < value->size; i++) {
            char c = value->as.text[i];
            gx_buffer_append(out, (unsigned char)c < 0x20 ? " " : &c, 1);
        }
        break;
    default:
        cell_nested(out, value);
    }
}
