/* Which items may be in a list. Every rule is a row of one table: its name and its words, and
 * either an expression over the item (hidden, sold out, the kind, the caller's), evaluated once for
 * all members of a call, or a pair of functions that take items out of a member's copy of the mask
 * and tell of one item whether they would. */
#include "api/lists/filter.h"

#include "api/lists/context.h"
#include "api/lists/known.h"
#include "api/support.h"
#include "graph/import/import.h"

#include <stdlib.h>

/* A status that is no word of the table keeps its item out: it was to say something. */
#define QUOTED_(...) #__VA_ARGS__
#define QUOTED(...) QUOTED_(__VA_ARGS__)
static const char shown_text[] =
    "(not status exists or status in (" QUOTED(GX_ITEM_STATUS_SHOWN) ")) and not stock <= 0";

gx_status gx_filter_lock(const gx_columns **out, gx_call_env *call, gx_error *err) {
    gx_error own = {0};
    *out = gx_db_items_lock(call->db, call->txn, &own);
    if (*out) {
        return GX_OK;
    }
    return gx_fail(err, own.code == GX_OK ? GX_NO_MEMORY : own.code, "%s", own.message);
}

/* ---- arguments ------------------------------------------------------------------------------ */

static gx_status read_where(gx_filter *filter, gx_call_env *call, bool then, gx_error *err) {
    gx_slice text = gx_arg_text(call->args, "where");
    gx_where **where = filter->where;
    gx_status status = GX_OK;
    if (!then) {
        status =
            gx_where_compile(&where[GX_FILTER_SHOWN], call->arena, gx_slice_of(shown_text), err);
    }
    if (status == GX_OK && gx_arg_has(call->args, "where")) {
        status = gx_where_compile(&where[GX_FILTER_WHERE], call->arena, text, err);
    }
    if (status == GX_OK && where[GX_FILTER_WHERE]) {
        status = gx_where_at(where[GX_FILTER_WHERE], &filter->moment, err);
    }
    if (status == GX_OK && where[GX_FILTER_WHERE]) {
        status = gx_known_item_fields(call->arena, filter->columns, "where", where[GX_FILTER_WHERE],
                                      err);
    }
    return status;
}

static gx_status read_kind(gx_filter *filter, gx_call_env *call, gx_error *err) {
    const gx_value *list = gx_arg_value(call->args, "kind");
    if (list->type != GX_LIST || list->size == 0) {
        return GX_OK;
    }
    const char *text = "kind in (";
    bool products = false;
    for (uint32_t i = 0; i < list->size; i++) {
        gx_slice given = {list->as.items[i].as.text, list->as.items[i].size};
        const char *kind = gx_item_kind(given);
        if (!kind) {
            char shown[64];
            return gx_fail_at(err, GX_BAD_REQUEST, "kind",
                              "kind: %s was given; accepted are " GX_ITEM_KINDS_TEXT,
                              gx_quote(shown, sizeof shown, given.data, given.size));
        }
        products |= strcmp(kind, GX_ITEM_KIND_ABSENT) == 0;
        text = gx_arena_printf(call->arena, "%s%s\"%s\"", text ? text : "", i ? ", " : "", kind);
    }
    text = gx_arena_printf(call->arena, "%s)%s", text ? text : "",
                           products ? " or not kind exists" : "");
    if (!text) {
        return gx_fail_memory(err, 64);
    }
    return gx_where_compile(&filter->where[GX_FILTER_KIND], call->arena, gx_slice_of(text), err);
}

/* "exclude: 'a', 'b' and 3 more are not in this store" */
static const char *tell_unknown(gx_arena *arena, const gx_value *ids) {
    enum { TOLD = 3 };
    const char *all = "";
    for (uint32_t i = 0; i < ids->size && i < TOLD && all; i++) {
        char shown[80];
        gx_quote(shown, sizeof shown, ids->as.items[i].as.text, ids->as.items[i].size);
        all = gx_arena_printf(arena, "%s%s%s", all, i ? ", " : "", shown);
    }
    if (all && ids->size > TOLD) {
        all = gx_arena_printf(arena, "%s and %u more", all, ids->size - TOLD);
    }
    return ids->size && all ? gx_arena_printf(arena, "exclude: %s %s not in this store", all,
                                              gx_plural(ids->size, "is", "are"))
                            : NULL;
}

static gx_status read_exclude(gx_filter *filter, gx_call_env *call, gx_error *err) {
    const gx_value *list = gx_arg_value(call->args, "exclude");
    gx_value unknown = gx_list(call->arena, 1);
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
        } else {
            gx_list_add(call->arena, &unknown, list->as.items[i]);
        }
    }
    filter->unknown = tell_unknown(call->arena, &unknown);
    qsort(filter->excluded, filter->excluded_count, sizeof *filter->excluded, gx_by_number);
    return GX_OK;
}

/* ---- rules about the member ------------------------------------------------------------------ */

typedef bool did_rule(const gx_filter *filter, uint8_t did);

/* What the member dislikes is out unless they ask to see everything. */
static bool did_dislike(const gx_filter *filter, uint8_t did) {
    return filter->hide_bought && (did & GX_DID_DISLIKE) != 0;
}

/* What is wanted again is not seen once it is time for it. */
static bool did_see(const gx_filter *filter, uint8_t did) {
    return (did & GX_DID_AGAIN) == 0 &&
           (filter->hide_touched || (filter->hide_bought && (did & GX_DID_HAVE) != 0));
}

static bool did_return(const gx_filter *filter, uint8_t did) {
    return filter->hide_bought && (did & GX_DID_RETURN) != 0;
}

static void clear_did(uint8_t *pass, const gx_filter *filter, const gx_member_live *live,
                      did_rule *rule) {
    const gx_history *history = &live->rec.history;
    for (uint32_t k = 0; k < history->count; k++) {
        if (history->item[k] < filter->items && rule(filter, live->did[k])) {
            pass[history->item[k]] = 0;
        }
    }
}

static bool did(const gx_filter *filter, const gx_member_live *live, uint32_t item,
                did_rule *rule) {
    const gx_history *history = &live->rec.history;
    for (uint32_t k = 0; k < history->count; k++) {
        if (history->item[k] == item) {
            return rule(filter, live->did[k]);
        }
    }
    return false;
}

static void clear_disliked(uint8_t *pass, const gx_filter *filter, const gx_member_live *live) {
    clear_did(pass, filter, live, did_dislike);
}

static bool is_disliked(const gx_filter *filter, const gx_member_live *live, uint32_t item) {
    return did(filter, live, item, did_dislike);
}

static bool is_returned(const gx_filter *filter, const gx_member_live *live, uint32_t item) {
    return did(filter, live, item, did_return);
}

static void clear_seen(uint8_t *pass, const gx_filter *filter, const gx_member_live *live) {
    clear_did(pass, filter, live, did_see);
}

static bool is_seen(const gx_filter *filter, const gx_member_live *live, uint32_t item) {
    return did(filter, live, item, did_see);
}

static void clear_texts(uint8_t *pass, const gx_filter *filter, const char *field,
                        const gx_slice *text, uint32_t count) {
    for (uint32_t k = 0; k < count; k++) {
        gx_columns_clear_text(pass, filter->items, filter->columns, field, text[k]);
    }
}

static bool is_text(const gx_filter *filter, uint32_t item, const char *field, const gx_slice *text,
                    uint32_t count) {
    for (uint32_t k = 0; k < count; k++) {
        if (gx_columns_is(filter->columns, item, field, text[k])) {
            return true;
        }
    }
    return false;
}

static void clear_own(uint8_t *pass, const gx_filter *filter, const gx_member_live *live) {
    clear_texts(pass, filter, "seller", &live->rules.id, live->rules.id.size > 0);
}

static bool is_own(const gx_filter *filter, const gx_member_live *live, uint32_t item) {
    return is_text(filter, item, "seller", &live->rules.id, live->rules.id.size > 0);
}

static void clear_sellers(uint8_t *pass, const gx_filter *filter, const gx_member_live *live) {
    clear_texts(pass, filter, "seller", live->rules.sellers, live->rules.seller_count);
}

static bool is_of_seller(const gx_filter *filter, const gx_member_live *live, uint32_t item) {
    return is_text(filter, item, "seller", live->rules.sellers, live->rules.seller_count);
}

static void clear_brands(uint8_t *pass, const gx_filter *filter, const gx_member_live *live) {
    clear_texts(pass, filter, "brand", live->rules.brands, live->rules.brand_count);
}

static bool is_of_brand(const gx_filter *filter, const gx_member_live *live, uint32_t item) {
    return is_text(filter, item, "brand", live->rules.brands, live->rules.brand_count);
}

static void clear_declared(uint8_t *pass, const gx_filter *filter, const gx_member_live *live) {
    const gx_member_rules *rules = &live->rules;
    clear_texts(pass, filter, "tags", rules->dislikes, rules->dislike_count);
    clear_texts(pass, filter, "brand", rules->dislikes, rules->dislike_count);
    for (uint32_t k = 0; k < rules->dislike_count; k++) {
        gx_columns_clear_path(pass, filter->items, filter->columns, "category", rules->dislikes[k]);
    }
}

static bool is_declared(const gx_filter *filter, const gx_member_live *live, uint32_t item) {
    const gx_member_rules *rules = &live->rules;
    bool is = is_text(filter, item, "tags", rules->dislikes, rules->dislike_count) ||
              is_text(filter, item, "brand", rules->dislikes, rules->dislike_count);
    for (uint32_t k = 0; !is && k < rules->dislike_count; k++) {
        is = gx_columns_is_path(filter->columns, item, "category", rules->dislikes[k]);
    }
    return is;
}

static void clear_context(uint8_t *pass, const gx_filter *filter, const gx_member_live *live) {
    for (uint32_t k = 0; k < live->context_count; k++) {
        if (live->context[k] < filter->items) {
            pass[live->context[k]] = 0;
        }
    }
}

static bool is_context(const gx_filter *filter, const gx_member_live *live, uint32_t item) {
    (void)filter;
    return live->context_count > 0 &&
           bsearch(&item, live->context, live->context_count, sizeof item, gx_by_number) != NULL;
}

static const char *const age_fields[] = GX_RULE_FIELDS("age_min");

static void clear_too_young(uint8_t *pass, const gx_filter *filter, const gx_member_live *live) {
    for (size_t f = 0; f < GX_COUNT(age_fields); f++) {
        gx_columns_clear_above(pass, filter->items, filter->columns, age_fields[f],
                               live->rules.age);
    }
}

static bool is_too_young(const gx_filter *filter, const gx_member_live *live, uint32_t item) {
    return gx_columns_above(filter->columns, item, age_fields[0], live->rules.age) ||
           gx_columns_above(filter->columns, item, age_fields[1], live->rules.age);
}

static bool is_over(const gx_filter *filter, const gx_member_live *live, uint32_t item) {
    (void)live;
    return gx_columns_is_over(filter->columns, item, filter->now_ms);
}

static bool is_excluded(const gx_filter *filter, const gx_member_live *live, uint32_t item) {
    (void)live;
    return filter->excluded_count > 0 && bsearch(&item, filter->excluded, filter->excluded_count,
                                                 sizeof item, gx_by_number) != NULL;
}

/* ---- the table ------------------------------------------------------------------------------ */

typedef struct rule {
    const char *name, *en, *zh;
    int where; /* a gx_filter_where, or −1 */
    /* NULL: nothing about the member; what is out for all is in filter->pass already. */
    void (*clear)(uint8_t *pass, const gx_filter *filter, const gx_member_live *live);
    bool (*keeps_out)(const gx_filter *filter, const gx_member_live *live, uint32_t item);
} rule;

/* In the order in which an explanation looks for a reason. */
static const rule rules[] = {
    {"hidden", "It is hidden, off, deleted or sold out", "已隐藏、下架、删除或售罄",
     GX_FILTER_SHOWN, NULL, NULL},
    {"over", "The event is over", "活动已结束", -1, NULL, is_over},
    {"kind", "It is not of a kind that was asked for", "不属于所要的类型", GX_FILTER_KIND, NULL,
     NULL},
    {"where", "It does not pass the filter of this call", "不符合本次的筛选条件", GX_FILTER_WHERE,
     NULL, NULL},
    {"excluded", "This call excludes it", "本次已将它排除", -1, NULL, is_excluded},
    {"own", "The member sells it", "会员自己在卖", -1, clear_own, is_own},
    {"blocked_seller", "The member and its seller: one blocked the other",
     "会员与它的卖家之间有拉黑", -1, clear_sellers, is_of_seller},
    {"blocked_brand", "The member blocked its brand", "会员屏蔽了这个品牌", -1, clear_brands,
     is_of_brand},
    {"declared", "The member said they dislike its category, tag or brand",
     "会员说过不喜欢它的类别、标签或品牌", -1, clear_declared, is_declared},
    {"age", "It has an age limit that the member is not known to meet",
     "有年龄限制,会员未达到或年龄不详", -1, clear_too_young, is_too_young},
    {"context", "It is in the cart or on the page", "已在购物车中或正在浏览", -1, clear_context,
     is_context},
    {"returned", "The member returned it", "会员退货过", -1, clear_disliked, is_returned},
    {"disliked", "The member dislikes it", "会员不喜欢", -1, clear_disliked, is_disliked},
    {"seen", "The member had it, or has seen it", "会员已经买过或看过", -1, clear_seen, is_seen},
};

/* ---- the mask ------------------------------------------------------------------------------- */

static void join(uint8_t *restrict pass, const uint8_t *restrict other, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        pass[i] &= other[i];
    }
}

static uint32_t count_passing(const uint8_t *pass, uint32_t count) {
    uint32_t passing = 0;
    for (uint32_t i = 0; i < count; i++) {
        passing += pass[i];
    }
    return passing;
}

static gx_status narrow(gx_filter *filter, uint8_t *other, gx_filter_where which, gx_arena *arena,
                        gx_error *err) {
    const gx_where *where = filter->where[which];
    if (!where) {
        return GX_OK;
    }
    gx_status status = gx_where_eval(other, where, filter->columns, filter->items, err);
    if (status == GX_OK && which == GX_FILTER_WHERE && filter->items > 0 &&
        !memchr(other, 1, filter->items)) {
        status = gx_known_item_texts(&filter->unheard, arena, filter->columns, "where", where, err);
    }
    if (status == GX_OK) {
        join(filter->pass, other, filter->items);
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
    memset(filter->pass, 1, filter->items);
    for (size_t k = 0; k < GX_FILTER_WHERES; k++) {
        GX_TRY(narrow(filter, other, (gx_filter_where)k, arena, err));
    }
    for (uint32_t k = 0; k < filter->excluded_count; k++) {
        filter->pass[filter->excluded[k]] = 0;
    }
    GX_TRY(
        gx_columns_clear_over(filter->pass, filter->items, filter->columns, filter->now_ms, err));
    filter->passing = count_passing(filter->pass, filter->items);
done:
    gx_free(other);
    return status;
}

gx_status gx_filter_make(gx_filter *out, gx_call_env *call, const gx_columns *columns,
                         bool with_seen, gx_error *err) {
    return gx_filter_make_then(out, call, columns, with_seen, 0, err);
}

gx_status gx_filter_make_then(gx_filter *out, gx_call_env *call, const gx_columns *columns,
                              bool with_seen, int64_t then_ms, gx_error *err) {
    gx_status status = GX_OK;
    gx_filter filter = {.columns = columns,
                        .items = gx_word_count(call->txn, GX_SPACE_ITEM),
                        .now_ms = then_ms ? then_ms : gx_time_ms()};
    uint32_t known = call->state->items;
    filter.items = known > filter.items ? known : filter.items;
    if (with_seen) {
        filter.hide_touched = gx_arg_is(call->args, "seen", "all");
        filter.hide_bought = filter.hide_touched || gx_arg_is(call->args, "seen", "bought");
    }
    GX_TRY(gx_moment_read(&filter.moment, call->args, err));
    GX_TRY(read_where(&filter, call, then_ms != 0, err));
    GX_TRY(read_kind(&filter, call, err));
    GX_TRY(read_exclude(&filter, call, err));
    GX_TRY(make_mask(&filter, call->arena, err));
    GX_TRY(gx_call_bill(call, err));
    *out = filter;
done:
    return status;
}

void gx_filter_member(uint8_t *mask, const gx_filter *filter, const gx_member_live *live) {
    memcpy(mask, filter->pass, filter->items);
    for (size_t k = 0; k < GX_COUNT(rules); k++) {
        if (rules[k].clear) {
            rules[k].clear(mask, filter, live);
        }
    }
}

void gx_filter_bar(uint8_t *mask, const gx_filter *filter, const gx_member_live *live, bool age) {
    for (size_t k = 0; k < GX_COUNT(rules); k++) {
        const bool asked =
            rules[k].clear != clear_seen && (age || rules[k].clear != clear_too_young);
        if (rules[k].clear && asked) {
            rules[k].clear(mask, filter, live);
        }
    }
}

/* ---- reasons -------------------------------------------------------------------------------- */

gx_value gx_filter_why(gx_arena *arena, const char *name, gx_slice test, const char *en,
                       const char *zh) {
    gx_value out = gx_map(arena, 6);
    gx_map_put(arena, &out, "rule", gx_str(name));
    if (test.size > 0) {
        gx_map_put(arena, &out, "test", gx_text_copy(arena, test.data, test.size));
    }
    gx_map_put(arena, &out, "en", gx_str(en));
    gx_map_put(arena, &out, "zh", gx_str(zh));
    return out;
}

/* The first rule that keeps the item out, and the part of an expression that it fails;
 * GX_COUNT(rules): none. */
static size_t rule_of(gx_slice *failed, const gx_filter *filter, const gx_member_live *live,
                      uint32_t item) {
    *failed = (gx_slice){"", 0};
    for (size_t k = 0; k < GX_COUNT(rules); k++) {
        const rule *r = &rules[k];
        if (r->where >= 0) {
            *failed = gx_where_failed(filter->where[r->where], filter->columns, item);
        }
        bool about_member = r->clear != NULL;
        if (failed->size > 0 ||
            (r->keeps_out && (live || !about_member) && r->keeps_out(filter, live, item))) {
            return k;
        }
    }
    return GX_COUNT(rules);
}

gx_value gx_filter_reason(const gx_filter *filter, const gx_member_live *live, uint32_t item,
                          gx_arena *arena) {
    gx_slice failed;
    const size_t k = rule_of(&failed, filter, live, item);
    return k < GX_COUNT(rules)
               ? gx_filter_why(arena, rules[k].name, failed, rules[k].en, rules[k].zh)
               : gx_nil();
}

const char *gx_filter_not_shown(gx_arena *arena, const gx_value *why_not) {
    const gx_value *en = gx_map_get(why_not, "en"), *test = gx_map_get(why_not, "test");
    const char *text = gx_arena_printf(
        arena, "the item may not be shown: %.*s%s%.*s%s", (int)en->size, en->as.text,
        test ? " (" : "", test ? (int)test->size : 0, test ? test->as.text : "", test ? ")" : "");
    return text ? text : "the item may not be shown";
}

const char *gx_filter_say_out(const gx_filter *filter, const gx_member_live *live,
                              const uint8_t *mask, gx_arena *arena) {
    uint32_t out[GX_COUNT(rules) + 1] = {0};
    const char *text = "";
    for (uint32_t i = 0; i < filter->items; i++) {
        if (filter->pass[i] && !mask[i]) {
            gx_slice failed;
            out[rule_of(&failed, filter, live, i)]++;
        }
    }
    for (size_t k = 0; k <= GX_COUNT(rules) && text; k++) {
        if (out[k] > 0) { /* what no rule keeps out was skipped */
            text = gx_arena_printf(arena, "%s%s %u %sby %s", text, *text ? "," : ";", out[k],
                                   *text ? "" : "kept out ",
                                   k < GX_COUNT(rules) ? rules[k].name : "again");
        }
    }
    return text ? text : "";
}

gx_value gx_filter_short(gx_arena *arena, const gx_filter *filter, const char *text) {
    const char *unheard = filter->unheard;
    const char *whole = text && unheard ? gx_arena_printf(arena, "%s; %s", text, unheard)
                        : text          ? text
                                        : unheard;
    return whole ? gx_str(whole) : gx_nil();
}

void gx_filter_note(gx_value *row, const gx_filter *filter, gx_arena *arena) {
    const gx_value *before = gx_map_get(row, "notes");
    if (filter->unknown) {
        gx_value notes = before ? *before : gx_list(arena, 1);
        gx_list_add(arena, &notes, gx_str(filter->unknown));
        gx_map_put(arena, row, "notes", notes);
    }
}

gx_status gx_filter_leaves(bool *out, const gx_filter *filter, gx_call_env *call, uint32_t user,
                           uint32_t item, gx_error *err) {
    gx_member_live live;
    gx_arena *own = gx_arena_create();
    gx_status status =
        own ? gx_member_read_bars(&live, call->txn, call->state, filter->columns, user, own, err)
            : gx_fail_memory(err, 0);
    *out = status == GX_OK && gx_filter_reason(filter, &live, item, own).type == GX_NIL;
    gx_arena_destroy(own);
    return status;
}
