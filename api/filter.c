/* Which items may be in a list. The shop's own rules (hidden, sold out), the kind and the caller's
 * expression are one columnar evaluation each, shared by all members of a call; what a member has
 * seen is taken out of a copy. */
#include "api/filter.h"

#include "api/support.h"

#include <stdlib.h>

static const char shown_text[] =
    "not status in (\"hidden\", \"off\", \"deleted\") and not stock <= 0";

gx_status gx_filter_lock(const gx_columns **out, gx_call_env *call, gx_error *err) {
    gx_error own = {0};
    *out = gx_db_items_lock(call->db, call->txn, &own);
    if (*out) {
        return GX_OK;
    }
    return gx_fail(err, own.code == GX_OK ? GX_NO_MEMORY : own.code, "%s", own.message);
}

/* ---- arguments ------------------------------------------------------------------------------ */

static gx_status read_where(gx_filter *filter, gx_call_env *call, gx_error *err) {
    gx_slice text = gx_arg_text(call->args, "where");
    gx_status status = gx_where_compile(&filter->shown, call->arena, gx_slice_of(shown_text), err);
    if (status == GX_OK && gx_arg_has(call->args, "where")) {
        status = gx_where_compile(&filter->where, call->arena, text, err);
        filter->where_text = text;
    }
    return status;
}

static gx_status read_kind(gx_filter *filter, gx_call_env *call, gx_error *err) {
    static const char *const kinds[] = {"product", "content", "event"};
    const gx_value *list = gx_arg_value(call->args, "kind");
    if (list->type != GX_LIST || list->size == 0) {
        return GX_OK;
    }
    const char *text = "kind in (";
    bool products = false;
    for (uint32_t i = 0; i < list->size; i++) {
        gx_slice given = {list->as.items[i].as.text, list->as.items[i].size};
        size_t k = 0;
        while (k < GX_COUNT(kinds) && !gx_slice_is(given, kinds[k])) {
            k++;
        }
        if (k == GX_COUNT(kinds)) {
            char shown[64];
            return gx_fail_at(err, GX_BAD_REQUEST, "kind",
                              "kind: %s was given; accepted are product, content and event",
                              gx_quote(shown, sizeof shown, given.data, given.size));
        }
        products |= k == 0;
        text =
            gx_arena_printf(call->arena, "%s%s\"%s\"", text ? text : "", i ? ", " : "", kinds[k]);
    }
    text = gx_arena_printf(call->arena, "%s)%s", text ? text : "",
                           products ? " or not kind exists" : "");
    if (!text) {
        return gx_fail_memory(err, 64);
    }
    return gx_where_compile(&filter->kind, call->arena, gx_slice_of(text), err);
}

static gx_status read_exclude(gx_filter *filter, gx_call_env *call, gx_error *err) {
    const gx_value *list = gx_arg_value(call->args, "exclude");
    if (list->type != GX_LIST || list->size == 0) {
        return GX_OK;
    }
    filter->excluded = gx_arena_get(call->arena, list->size * sizeof *filter->excluded);
    if (!filter->excluded) {
        return gx_fail_memory(err, list->size * sizeof *filter->excluded);
    }
    for (uint32_t i = 0; i < list->size; i++) {
        gx_slice word = {list->as.items[i].as.text, list->as.items[i].size};
        uint32_t item;
        if (gx_word_find(&item, call->txn, GX_SPACE_ITEM, word) == GX_OK) {
            filter->excluded[filter->excluded_count++] = item;
        }
    }
    qsort(filter->excluded, filter->excluded_count, sizeof *filter->excluded, gx_by_number);
    return GX_OK;
}

/* ---- the mask ------------------------------------------------------------------------------- */

static gx_status narrow(gx_filter *filter, uint8_t *other, const gx_where *where, gx_error *err) {
    if (!where) {
        return GX_OK;
    }
    gx_status status = gx_where_eval(other, where, filter->columns, filter->items, err);
    for (uint32_t i = 0; status == GX_OK && i < filter->items; i++) {
        filter->pass[i] &= other[i];
    }
    return status;
}

static gx_status make_mask(gx_filter *filter, gx_arena *arena, gx_error *err) {
    gx_status status = GX_OK;
    uint8_t *other = gx_alloc((size_t)filter->items + 1, 1);
    filter->pass = gx_arena_get(arena, (size_t)filter->items + 1);
    if (!filter->pass || !other) {
        status = gx_fail_memory(err, (size_t)filter->items * 2);
        goto done;
    }
    GX_TRY(gx_where_eval(filter->pass, filter->shown, filter->columns, filter->items, err));
    GX_TRY(narrow(filter, other, filter->kind, err));
    GX_TRY(narrow(filter, other, filter->where, err));
    for (uint32_t k = 0; k < filter->excluded_count; k++) {
        filter->pass[filter->excluded[k]] = 0;
    }
    for (uint32_t i = 0; i < filter->items; i++) {
        filter->passing += filter->pass[i];
    }
done:
    gx_free(other);
    return status;
}

gx_status gx_filter_make(gx_filter *out, gx_call_env *call, const gx_columns *columns,
                         bool with_seen, gx_error *err) {
    gx_status status = GX_OK;
    gx_filter filter = {.columns = columns, .items = gx_word_count(call->txn, GX_SPACE_ITEM)};
    uint32_t known = call->state->items;
    filter.items = known > filter.items ? known : filter.items;
    if (with_seen) {
        filter.hide_touched = gx_arg_is(call->args, "seen", "all");
        filter.hide_bought = filter.hide_touched || gx_arg_is(call->args, "seen", "bought");
    }
    GX_TRY(read_where(&filter, call, err));
    GX_TRY(read_kind(&filter, call, err));
    GX_TRY(read_exclude(&filter, call, err));
    GX_TRY(make_mask(&filter, call->arena, err));
    *out = filter;
done:
    return status;
}

/* ---- one member ----------------------------------------------------------------------------- */

/* "seen", "disliked" or NULL. What the member dislikes is out unless they ask to see everything. */
static const char *member_rule(const gx_filter *filter, uint8_t did) {
    if (filter->hide_bought && (did & GX_DID_DISLIKE)) {
        return "disliked";
    }
    if (filter->hide_touched || (filter->hide_bought && (did & GX_DID_HAVE))) {
        return "seen";
    }
    return NULL;
}

void gx_filter_member(uint8_t *mask, const gx_filter *filter, const gx_member_live *live) {
    const gx_history *history = &live->rec.history;
    memcpy(mask, filter->pass, filter->items);
    for (uint32_t k = 0; k < history->count; k++) {
        if (history->item[k] < filter->items && member_rule(filter, live->did[k])) {
            mask[history->item[k]] = 0;
        }
    }
}

/* ---- reasons -------------------------------------------------------------------------------- */

static gx_value reason(gx_arena *arena, const char *rule, gx_slice test) {
    gx_value out = gx_map(arena, 2);
    gx_map_put(arena, &out, "rule", gx_str(rule));
    if (test.size > 0) {
        gx_map_put(arena, &out, "test", gx_text_copy(arena, test.data, test.size));
    }
    return out;
}

static const char *rule_of_member(const gx_filter *filter, const gx_member_live *live,
                                  uint32_t item) {
    const gx_history *history = &live->rec.history;
    for (uint32_t k = 0; k < history->count; k++) {
        if (history->item[k] == item) {
            return member_rule(filter, live->did[k]);
        }
    }
    return NULL;
}

gx_value gx_filter_reason(const gx_filter *filter, const gx_member_live *live, uint32_t item,
                          gx_arena *arena) {
    const char *const rules[] = {"hidden", "kind", "where"};
    const gx_where *const wheres[] = {filter->shown, filter->kind, filter->where};
    for (size_t k = 0; k < GX_COUNT(rules); k++) {
        gx_slice failed = gx_where_failed(wheres[k], filter->columns, item);
        if (failed.size > 0) {
            return reason(arena, rules[k], failed);
        }
    }
    if (filter->excluded_count > 0 &&
        bsearch(&item, filter->excluded, filter->excluded_count, sizeof item, gx_by_number)) {
        return reason(arena, "excluded", (gx_slice){"", 0});
    }
    const char *own = live ? rule_of_member(filter, live, item) : NULL;
    return own ? reason(arena, own, (gx_slice){"", 0}) : gx_nil();
}
