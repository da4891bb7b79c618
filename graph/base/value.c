/* Values: plain trees in an arena. Maps are short (arguments, records), so a look-up is a scan. */
#include "graph/base/base.h"

#include <math.h>
#include <stdlib.h>

gx_value gx_nil(void) {
    return (gx_value){.type = GX_NIL};
}

gx_value gx_bool(bool value) {
    return (gx_value){.type = GX_BOOL, .as.boolean = value};
}

gx_value gx_int(int64_t value) {
    return (gx_value){.type = GX_INT, .as.integer = value};
}

gx_value gx_real(double value) {
    return (gx_value){.type = GX_REAL, .as.real = value};
}

gx_value gx_text(const char *data, size_t size) {
    return (gx_value){.type = GX_TEXT, .size = (uint32_t)size, .as.text = data};
}

gx_value gx_str(const char *text) {
    return gx_text(text, strlen(text));
}

gx_value gx_text_copy(gx_arena *arena, const char *data, size_t size) {
    char *copy = gx_arena_get(arena, size + 1);
    if (!copy) {
        return gx_text("", 0);
    }
    if (size) {
        memcpy(copy, data, size);
    }
    copy[size] = '\0';
    return gx_text(copy, size);
}

gx_value gx_list(gx_arena *arena, uint32_t capacity) {
    gx_value list = {.type = GX_LIST};
    if (capacity) {
        list.as.items = gx_arena_get(arena, (size_t)capacity * sizeof(gx_value));
        list.capacity = list.as.items ? capacity : 0;
    }
    return list;
}

gx_value gx_map(gx_arena *arena, uint32_t capacity) {
    gx_value map = {.type = GX_MAP};
    if (capacity) {
        map.as.pairs = gx_arena_get(arena, (size_t)capacity * sizeof(gx_pair));
        map.capacity = map.as.pairs ? capacity : 0;
    }
    return map;
}

/* Room for one more entry of `entry_bytes`; the old run stays behind in the arena. */
static bool make_room(gx_arena *arena, gx_value *value, void **entries, size_t entry_bytes) {
    if (value->size < value->capacity) {
        return true;
    }
    if (value->capacity > UINT32_MAX / 2) {
        return false;
    }
    uint32_t capacity = value->capacity ? value->capacity * 2 : 8;
    void *run = gx_arena_get(arena, (size_t)capacity * entry_bytes);
    if (!run) {
        return false;
    }
    if (value->size) {
        memcpy(run, *entries, (size_t)value->size * entry_bytes);
    }
    *entries = run;
    value->capacity = capacity;
    return true;
}

void gx_list_add(gx_arena *arena, gx_value *list, gx_value value) {
    void *entries = list->as.items;
    if (make_room(arena, list, &entries, sizeof(gx_value))) {
        list->as.items = entries;
        list->as.items[list->size++] = value;
    }
}

static gx_pair *find(const gx_value *map, gx_slice key) {
    for (uint32_t i = 0; i < map->size; i++) {
        const gx_value *k = &map->as.pairs[i].key;
        if (k->size == key.size && (!key.size || memcmp(k->as.text, key.data, key.size) == 0)) {
            return &map->as.pairs[i];
        }
    }
    return NULL;
}

void gx_map_put(gx_arena *arena, gx_value *map, const char *key, gx_value value) {
    gx_map_put_text(arena, map, gx_str(key), value);
}

void gx_map_put_text(gx_arena *arena, gx_value *map, gx_value key, gx_value value) {
    gx_pair *pair = find(map, (gx_slice){key.as.text, key.size});
    if (pair) {
        pair->value = value;
        return;
    }
    gx_map_add(arena, map, key, value);
}

void gx_map_add(gx_arena *arena, gx_value *map, gx_value key, gx_value value) {
    void *entries = map->as.pairs;
    if (make_room(arena, map, &entries, sizeof(gx_pair))) {
        map->as.pairs = entries;
        map->as.pairs[map->size++] = (gx_pair){key, value};
    }
}

const gx_value *gx_map_get(const gx_value *map, const char *key) {
    if (!map || map->type != GX_MAP) {
        return NULL;
    }
    gx_pair *pair = find(map, gx_slice_of(key));
    return pair ? &pair->value : NULL;
}

static bool pairs_equal(const gx_value *a, const gx_value *b) {
    for (uint32_t i = 0; i < a->size; i++) {
        const gx_value *key = &a->as.pairs[i].key;
        gx_pair *other = find(b, (gx_slice){key->as.text, key->size});
        if (!other || !gx_value_equal(&a->as.pairs[i].value, &other->value)) {
            return false;
        }
    }
    return true;
}

bool gx_value_equal(const gx_value *a, const gx_value *b) {
    if (a->type != b->type) {
        return false;
    }
    switch (a->type) {
    case GX_NIL:
        return true;
    case GX_BOOL:
        return a->as.boolean == b->as.boolean;
    case GX_INT:
        return a->as.integer == b->as.integer;
    case GX_REAL:
        return a->as.real == b->as.real || (a->as.real != a->as.real && b->as.real != b->as.real);
    case GX_TEXT:
        return gx_slice_equal((gx_slice){a->as.text, a->size}, (gx_slice){b->as.text, b->size});
    case GX_LIST:
        if (a->size != b->size) {
            return false;
        }
        for (uint32_t i = 0; i < a->size; i++) {
            if (!gx_value_equal(&a->as.items[i], &b->as.items[i])) {
                return false;
            }
        }
        return true;
    case GX_MAP:
        return a->size == b->size && pairs_equal(a, b);
    }
    return false;
}

gx_value gx_value_copy(gx_arena *arena, const gx_value *value) {
    gx_value copy = *value;
    if (value->type == GX_TEXT) {
        return gx_text_copy(arena, value->as.text, value->size);
    }
    if (value->type == GX_LIST) {
        copy = gx_list(arena, value->size);
        for (uint32_t i = 0; i < value->size; i++) {
            gx_list_add(arena, &copy, gx_value_copy(arena, &value->as.items[i]));
        }
    } else if (value->type == GX_MAP) {
        copy = gx_map(arena, value->size);
        for (uint32_t i = 0; i < value->size; i++) {
            const gx_pair *pair = &value->as.pairs[i];
            gx_map_add(arena, &copy, gx_value_copy(arena, &pair->key),
                       gx_value_copy(arena, &pair->value));
        }
    }
    return copy;
}

const char *gx_type_name(gx_type type) {
    static const char *const names[] = {"nil",  "boolean", "integer", "number",
                                        "text", "list",    "map"};
    return (unsigned)type < GX_COUNT(names) ? names[type] : "unknown";
}

bool gx_value_as_real(const gx_value *value, double *out) {
    if (value->type == GX_INT) {
        *out = (double)value->as.integer;
        return true;
    }
    if (value->type == GX_REAL) {
        *out = value->as.real;
        return true;
    }
    return false;
}

bool gx_value_as_number(const gx_value *value, double *out) {
    if (value && value->type == GX_TEXT) {
        return gx_parse_real((gx_slice){value->as.text, value->size}, out);
    }
    return value && gx_value_as_real(value, out) && isfinite(*out);
}

double gx_map_real(const gx_value *map, const char *key) {
    const gx_value *value = map ? gx_map_get(map, key) : NULL;
    double number;
    return value && gx_value_as_real(value, &number) ? number : 0;
}

/* ---- each once ------------------------------------------------------------------------------ */

static int by_text(const void *a, const void *b) {
    const gx_value *x = *(const gx_value *const *)a, *y = *(const gx_value *const *)b;
    const size_t size = x->size < y->size ? x->size : y->size;
    const int order = memcmp(x->as.text, y->as.text, size);
    return order ? order : x->size != y->size ? (x->size < y->size ? -1 : 1) : (x > y) - (x < y);
}

gx_value gx_list_each_once(gx_arena *arena, const gx_value *texts) {
    const uint32_t count = texts->size;
    gx_value out = gx_list(arena, count);
    const gx_value **sorted = gx_arena_get(arena, ((size_t)count + 1) * sizeof *sorted);
    bool *again = gx_arena_get(arena, (size_t)count + 1);
    if (!sorted || !again) {
        return gx_nil();
    }
    for (uint32_t i = 0; i < count; i++) {
        sorted[i] = &texts->as.items[i];
        again[i] = false;
    }
    if (count > 1) {
        qsort(sorted, count, sizeof *sorted, by_text);
    }
    for (uint32_t i = 1; i < count; i++) {
        const gx_value *x = sorted[i - 1], *y = sorted[i];
        again[y - texts->as.items] =
            x->size == y->size && memcmp(x->as.text, y->as.text, x->size) == 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!again[i]) {
            gx_list_add(arena, &out, texts->as.items[i]);
        }
    }
    return out;
}
