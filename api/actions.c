/* Rows of the table of actions. */
#include "api/actions.h"

#include <math.h>

static gx_slice text_of(const gx_value *value) {
    return (gx_slice){value->as.text, value->size};
}

static const gx_value *entry_of(const gx_value *setting, gx_slice name) {
    for (uint32_t i = 0; setting->type == GX_MAP && i < setting->size; i++) {
        if (gx_slice_equal(text_of(&setting->as.pairs[i].key), name)) {
            return &setting->as.pairs[i].value;
        }
    }
    return NULL;
}

bool gx_actions_used(gx_txn *txn, gx_slice name) {
    uint32_t id;
    return gx_word_find(&id, txn, GX_SPACE_ACTION, name) == GX_OK;
}

/* "30d" where it is whole days, else milliseconds; 0: never fades. */
static gx_value half_life_value(gx_arena *arena, double ms) {
    const double days = ms / 86400000.0;
    if (ms > 0 && days == floor(days)) {
        char *text = gx_arena_printf(arena, "%.0fd", days);
        return text ? gx_str(text) : gx_nil();
    }
    return gx_int((int64_t)ms);
}

gx_status gx_actions_add(gx_value *list, gx_arena *arena, const gx_value *setting, gx_slice name,
                         bool used, gx_error *err) {
    gx_action_rule rule = *gx_action_rule_default(name);
    const gx_value *entry = entry_of(setting, name);
    const char *from = entry ? "setting" : rule.known ? "table" : "fallback";
    gx_status status = entry ? gx_action_rule_change(&rule, name, entry, err) : GX_OK;
    if (status != GX_OK) {
        return status;
    }
    const double weight = (double)rule.weight;
    gx_value row = gx_map(arena, 12);
    gx_map_put(arena, &row, "action", gx_text_copy(arena, name.data, name.size));
    gx_map_put(arena, &row, "weight", gx_real(fabs(weight)));
    gx_map_put(arena, &row, "half_life", half_life_value(arena, rule.half_life_ms));
    gx_map_put(arena, &row, "polarity", gx_int((weight > 0) - (weight < 0)));
    gx_map_put(arena, &row, "repeat", gx_bool(rule.repeat));
    gx_map_put(arena, &row, "purchase", gx_bool(rule.is_purchase));
    gx_map_put(arena, &row, "share", gx_bool(rule.is_share));
    gx_map_put(arena, &row, "scaled", gx_bool(rule.scaled));
    gx_map_put(arena, &row, "centre", gx_real((double)rule.centre));
    gx_map_put(arena, &row, "undoes", gx_text_copy(arena, rule.undoes, strlen(rule.undoes)));
    gx_map_put(arena, &row, "from", gx_str(from));
    gx_map_put(arena, &row, "used", gx_bool(used));
    gx_list_add(arena, list, row);
    return GX_OK;
}

/* The fields of `row` but its name, over those of `before`. */
static gx_value merged(gx_arena *arena, const gx_value *before, const gx_value *row) {
    const uint32_t old = before && before->type == GX_MAP ? before->size : 0;
    gx_value map = gx_map(arena, old + row->size);
    for (uint32_t i = 0; i < old; i++) {
        const gx_value *key = &before->as.pairs[i].key;
        const char *name = gx_arena_printf(arena, "%.*s", (int)key->size, key->as.text);
        if (name && !gx_map_get(row, name)) {
            gx_map_put(arena, &map, name, before->as.pairs[i].value);
        }
    }
    for (uint32_t i = 0; i < row->size; i++) {
        const gx_value *key = &row->as.pairs[i].key;
        const char *name = gx_arena_printf(arena, "%.*s", (int)key->size, key->as.text);
        if (name && strcmp(name, "action") != 0) {
            gx_map_put(arena, &map, name, row->as.pairs[i].value);
        }
    }
    return map;
}

gx_status gx_actions_put(gx_value *setting, gx_arena *arena, const gx_value *row, gx_error *err) {
    const gx_value *given = row->type == GX_MAP ? gx_map_get(row, "action") : NULL;
    if (!given || given->type != GX_TEXT || given->size == 0 || given->size > GX_ID_BYTES_MAX ||
        memchr(given->as.text, 0, given->size)) {
        return gx_fail_at(err, GX_BAD_REQUEST, "action",
                          "action: a row of the table of actions has its name in `action`");
    }
    const gx_slice name = text_of(given);
    gx_action_rule rule = *gx_action_rule_default(name);
    gx_value fields = merged(arena, entry_of(setting, name), row);
    gx_status status = gx_action_rule_change(&rule, name, &fields, err);
    if (status != GX_OK) {
        return status;
    }
    const uint32_t old = setting->type == GX_MAP ? setting->size : 0;
    gx_value map = gx_map(arena, old + 1);
    for (uint32_t i = 0; i < old; i++) {
        const gx_value *key = &setting->as.pairs[i].key;
        const char *other = gx_arena_printf(arena, "%.*s", (int)key->size, key->as.text);
        if (other && !gx_slice_equal(text_of(key), name)) {
            gx_map_put(arena, &map, other, setting->as.pairs[i].value);
        }
    }
    const char *own = gx_arena_printf(arena, "%.*s", (int)name.size, name.data);
    if (!own || gx_arena_status(arena) != GX_OK) {
        return gx_fail_memory(err, name.size);
    }
    gx_map_put(arena, &map, own, fields);
    *setting = map;
    return GX_OK;
}

gx_status gx_actions_check(const gx_value *setting, gx_error *err) {
    gx_status status = GX_OK;
    for (uint32_t i = 0; status == GX_OK && setting->type == GX_MAP && i < setting->size; i++) {
        const gx_slice name = text_of(&setting->as.pairs[i].key);
        gx_action_rule rule = *gx_action_rule_default(name);
        status = gx_action_rule_change(&rule, name, &setting->as.pairs[i].value, err);
    }
    return status;
}
