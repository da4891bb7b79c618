/* What of a member's own record and ties keeps items from them. */
#include "api/people/member_rules.h"

double gx_age_of_band(const gx_value *band) {
    double years = 0;
    if (band && band->type == GX_TEXT) {
        for (uint32_t i = 0; i < band->size && i < 3; i++) {
            if (band->as.text[i] < '0' || band->as.text[i] > '9') {
                break;
            }
            years = years * 10 + (band->as.text[i] - '0');
        }
    } else if (band) {
        (void)gx_value_as_real(band, &years);
    }
    return years > 0 ? years : 0;
}

static const gx_value *field_of(const gx_value *record, const char *const names[2]) {
    const gx_value *value = gx_map_get(record, names[0]);
    return value ? value : gx_map_get(record, names[1]);
}

typedef struct texts {
    gx_slice *list;
    uint32_t count;
} texts;

static void add_text(texts *out, const char *from, const char *to) {
    const gx_slice text = gx_slice_trimmed((gx_slice){from, (size_t)(to - from)});
    for (uint32_t k = 0; k < out->count; k++) {
        if (gx_slice_equal(out->list[k], text)) {
            return;
        }
    }
    if (text.size > 0 && out->count < GX_BLOCKED_MAX) {
        out->list[out->count++] = text;
    }
}

/* A text is itself, as a name may hold such a mark, and what stands between |, ; and , as in tags;
 * an entry of a list is itself alone. */
static void add_value(texts *out, const gx_value *value, bool split) {
    if (!value || value->type != GX_TEXT) {
        return;
    }
    const char *from = value->as.text, *end = from + value->size;
    add_text(out, from, end);
    for (const char *p = from; split && p <= end; p++) {
        if (p == end || *p == '|' || *p == ';' || *p == ',') {
            add_text(out, from, p);
            from = p + 1;
        }
    }
}

static void add_values(texts *out, const gx_value *value) {
    if (value && value->type == GX_LIST) {
        for (uint32_t i = 0; i < value->size; i++) {
            add_value(out, &value->as.items[i], false);
        }
    } else {
        add_value(out, value, true);
    }
}

/* What items say in another case of letters. Copies: the columns may change while they are used. */
static void add_alike(texts *out, const gx_columns *columns, const char *field, bool path,
                      gx_arena *arena) {
    gx_slice alike[GX_BLOCKED_MAX];
    const uint32_t said = out->count;
    for (uint32_t k = 0; k < said; k++) {
        uint32_t found =
            gx_columns_alike(alike, GX_BLOCKED_MAX, columns, field, out->list[k], path);
        found = found < GX_BLOCKED_MAX ? found : GX_BLOCKED_MAX;
        for (uint32_t a = 0; a < found; a++) {
            bool there = false;
            for (uint32_t i = said; i < out->count && !there; i++) {
                there = gx_slice_equal(out->list[i], alike[a]);
            }
            const gx_value copy = there || out->count == GX_RULE_TEXTS
                                      ? gx_nil()
                                      : gx_text_copy(arena, alike[a].data, alike[a].size);
            if (copy.type == GX_TEXT) {
                out->list[out->count++] = (gx_slice){copy.as.text, copy.size};
            }
        }
    }
}

static void add_people(gx_member_rules *rules, gx_txn *txn, const gx_people *people) {
    for (size_t i = 0; i < people->count && rules->seller_count < GX_RULE_TEXTS + GX_BLOCKED_MAX;
         i++) {
        gx_slice name = {0};
        if (people->person[i].blocked) {
            name = gx_word_name(txn, GX_SPACE_USER, people->person[i].user);
        }
        if (name.size > 0) {
            rules->sellers[rules->seller_count++] = name;
        }
    }
}

gx_status gx_member_rules_read(gx_member_rules *out, gx_txn *txn, const gx_columns *columns,
                               const gx_people *people, uint32_t user, gx_arena *arena,
                               gx_error *err) {
    static const char *const ages[] = GX_RULE_FIELDS("age_min");
    static const char *const brands[] = GX_RULE_FIELDS("blocked_brands");
    static const char *const sellers[] = GX_RULE_FIELDS("blocked_sellers");
    static const char *const dislikes[] = GX_RULE_FIELDS("dislikes");
    static const char *const bands[] = GX_RULE_FIELDS("age_band");
    const bool sold = gx_columns_has(columns, "seller"), branded = gx_columns_has(columns, "brand");
    const bool described = gx_columns_has(columns, "category") || gx_columns_has(columns, "tags");
    const bool limited = gx_columns_has(columns, ages[0]) || gx_columns_has(columns, ages[1]);
    gx_member_rules rules = {0};
    gx_value record;
    *out = rules;
    if (user == GX_NONE || !(sold || branded || limited || described)) {
        return GX_OK;
    }
    gx_status status = gx_record_get(&record, txn, arena, GX_SPACE_USER, user, err);
    if (status != GX_OK) {
        return status;
    }
    rules.id = gx_word_name(txn, GX_SPACE_USER, user);
    texts seller = {gx_arena_get(arena, (GX_RULE_TEXTS + GX_BLOCKED_MAX) * sizeof(gx_slice)), 0};
    texts brand = {gx_arena_get(arena, GX_RULE_TEXTS * sizeof(gx_slice)), 0};
    texts dislike = {gx_arena_get(arena, GX_RULE_TEXTS * sizeof(gx_slice)), 0};
    if (!seller.list || !brand.list || !dislike.list) {
        return gx_fail_memory(err, 4 * GX_RULE_TEXTS * sizeof(gx_slice));
    }
    add_values(&seller, field_of(&record, sellers));
    add_alike(&seller, columns, "seller", false, arena);
    add_values(&brand, field_of(&record, brands));
    add_alike(&brand, columns, "brand", false, arena);
    add_values(&dislike, field_of(&record, dislikes));
    add_alike(&dislike, columns, "tags", false, arena);
    add_alike(&dislike, columns, "brand", false, arena);
    add_alike(&dislike, columns, "category", true, arena);
    rules.sellers = seller.list;
    rules.seller_count = seller.count;
    rules.brands = brand.list;
    rules.brand_count = brand.count;
    rules.dislikes = dislike.list;
    rules.dislike_count = dislike.count;
    add_people(&rules, txn, people);
    rules.age = gx_age_of_band(field_of(&record, bands));
    *out = rules;
    return GX_OK;
}
