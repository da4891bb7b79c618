/* The arguments of a list's rules, and in words what they did. */
#include "api/lists/slate.h"

#include "api/lists/known.h"

#include "api/support.h"
#include "graph/import/import.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double FACTOR_LEAST = 0.01, FACTOR_MOST = 100;
enum { BOOSTS = 64 };

/* ---- pins ----------------------------------------------------------------------------------- */

typedef struct pin_reader {
    gx_call_env *call;
    gx_asked_slate *out;
    uint32_t n;
} pin_reader;

static gx_status add_pin(pin_reader *r, gx_slice id, const gx_value *place, gx_error *err) {
    gx_asked_slate *out = r->out;
    char text[64], name[64];
    double at = 0;
    gx_quote(name, sizeof name, id.data, id.size);
    if (!gx_value_as_number(place, &at) || at != floor(at) || at < 1 || at > r->n) {
        return gx_fail_at(err, GX_BAD_REQUEST, "pin",
                          "pin: %s was given for %s; accepted is a place from 1 to %u (n)",
                          gx_value_shown(text, sizeof text, place), name, r->n);
    }
    for (uint32_t k = 0; k < out->pin_count; k++) {
        bool same = gx_slice_equal(out->pins[k].id, id);
        if (same || out->pins[k].place == (uint32_t)at) {
            return gx_fail_at(err, GX_BAD_REQUEST, "pin",
                              same ? "pin: %s is given twice; accepted is one place for an item"
                                   : "pin: %s has place %u, which another item has already",
                              name, (unsigned)at);
        }
    }
    uint32_t item;
    gx_status found = gx_word_find(&item, r->call->txn, GX_SPACE_ITEM, id);
    out->pins[out->pin_count++] =
        (gx_asked_pin){.id = id, .item = found == GX_OK ? item : GX_NONE, .place = (uint32_t)at};
    return found == GX_OK || found == GX_NOT_FOUND
               ? GX_OK
               : gx_fail(err, found, "the store could not be read");
}

/* ID or ID=PLACE; without a place, the one after the last. */
static gx_status add_pin_text(pin_reader *r, gx_slice text, bool equals, gx_error *err) {
    gx_value place = gx_int((int64_t)r->out->pin_count + 1);
    size_t at = text.size;
    while (equals && at > 0 && text.data[at - 1] != '=') {
        at--;
    }
    if (equals && at > 1) {
        place = gx_text(text.data + at, text.size - at);
        text.size = at - 1;
    }
    return add_pin(r, text, &place, err);
}

static gx_status read_pin_list(pin_reader *r, const gx_value *list, gx_error *err) {
    gx_status status = GX_OK;
    char text[64];
    for (uint32_t i = 0; status == GX_OK && i < list->size; i++) {
        const gx_value *one = &list->as.items[i];
        if (one->type != GX_TEXT || one->size == 0) {
            return gx_fail_at(err, GX_BAD_REQUEST, "pin",
                              "pin: %s was given; accepted is the id of an item",
                              gx_value_shown(text, sizeof text, one));
        }
        status = add_pin_text(r, (gx_slice){one->as.text, one->size}, false, err);
    }
    return status;
}

static gx_status read_pin_text(pin_reader *r, gx_slice all, gx_error *err) {
    gx_status status = GX_OK;
    while (status == GX_OK && all.size > 0) {
        const char *comma = memchr(all.data, ',', all.size);
        size_t size = comma ? (size_t)(comma - all.data) : all.size;
        gx_slice one = gx_slice_trimmed((gx_slice){all.data, size});
        size += comma ? 1 : 0;
        all = (gx_slice){all.data + size, all.size - size};
        if (one.size > 0) {
            status = r->out->pin_count < r->n
                         ? add_pin_text(r, one, true, err)
                         : gx_fail_at(err, GX_BAD_REQUEST, "pin",
                                      "pin: more items than the %u places of the list", r->n);
        }
    }
    return status;
}

static int by_place(const void *a, const void *b) {
    const gx_slate_pin *x = a, *y = b;
    return (x->place > y->place) - (x->place < y->place);
}

static gx_status read_pins(gx_asked_slate *out, gx_call_env *call, uint32_t n, gx_error *err) {
    const gx_value *given = gx_arg_value(call->args, "pin");
    pin_reader r = {.call = call, .out = out, .n = n};
    char text[64];
    if (given->type == GX_NIL) {
        return GX_OK;
    }
    if ((given->type == GX_LIST || given->type == GX_MAP) && given->size > n) {
        return gx_fail_at(err, GX_BAD_REQUEST, "pin",
                          "pin: %u items were given; the list has %u place%s (n)", given->size, n,
                          gx_plural(n, "", "s"));
    }
    gx_slate_pin *pins = gx_arena_get(call->arena, ((size_t)n + 1) * sizeof *pins);
    out->pins = gx_arena_get(call->arena, ((size_t)n + 1) * sizeof *out->pins);
    if (!pins || !out->pins) {
        return gx_fail_memory(err, n * (sizeof *pins + sizeof *out->pins));
    }
    gx_status status = GX_OK;
    if (given->type == GX_MAP) {
        for (uint32_t i = 0; status == GX_OK && i < given->size; i++) {
            const gx_pair *pair = &given->as.pairs[i];
            status = add_pin(&r, (gx_slice){pair->key.as.text, pair->key.size}, &pair->value, err);
        }
    } else if (given->type == GX_LIST) {
        status = read_pin_list(&r, given, err);
    } else if (given->type == GX_TEXT) {
        status = read_pin_text(&r, (gx_slice){given->as.text, given->size}, err);
    } else {
        status = gx_fail_at(err, GX_BAD_REQUEST, "pin",
                            "pin: %s was given; accepted is a map {ID: PLACE} or a list of ids",
                            gx_value_shown(text, sizeof text, given));
    }
    for (uint32_t k = 0; k < out->pin_count; k++) {
        if (out->pins[k].item != GX_NONE) {
            pins[out->slate.pin_count++] = (gx_slate_pin){out->pins[k].item, out->pins[k].place};
        }
    }
    qsort(pins, out->slate.pin_count, sizeof *pins, by_place);
    out->slate.pins = pins;
    return status;
}

gx_value gx_slate_missing_pins(const gx_asked_slate *asked, const gx_filter *filter,
                               const gx_member_live *live, const uint8_t *mask, gx_arena *arena) {
    gx_value list = gx_list(arena, 2);
    for (uint32_t k = 0; k < asked->pin_count; k++) {
        const gx_asked_pin *pin = &asked->pins[k];
        bool there = pin->item < filter->items;
        if (there && mask[pin->item]) {
            continue;
        }
        gx_value row = gx_map(arena, 3);
        gx_value why = there ? gx_filter_reason(filter, live, pin->item, arena)
                             : gx_filter_why(arena, "unknown", (gx_slice){"", 0},
                                             "It is not in this store", "库中没有这件商品");
        if (why.type == GX_NIL) { /* no rule: it was skipped */
            why = gx_filter_why(arena, "again", (gx_slice){"", 0},
                                "It was pushed to the member lately", "近期已向该会员推送");
        }
        gx_map_put(arena, &row, "id", gx_text_copy(arena, pin->id.data, pin->id.size));
        gx_map_put(arena, &row, "place", gx_int(pin->place));
        gx_map_put(arena, &row, "why_not", why);
        gx_list_add(arena, &list, row);
    }
    return list.size > 0 ? list : gx_nil();
}

/* ---- boosts --------------------------------------------------------------------------------- */

typedef struct boost_reader {
    gx_call_env *call;
    const gx_filter *filter;
    float *factor;
    uint8_t *pass;
    uint32_t count;
    gx_value idle;
} boost_reader;

static gx_status bad_boost(gx_error *err, const char *given) {
    return gx_fail_at(
        err, GX_BAD_REQUEST, "boost",
        "boost: %s was given; accepted is {where: EXPR, factor: %g to %g}, {item: ID, "
        "factor}, or a text 'FACTOR where EXPR; FACTOR item ID'",
        given, FACTOR_LEAST, FACTOR_MOST);
}

static void multiply(float *restrict factor, const uint8_t *restrict pass, uint32_t items,
                     float by) {
    const float choice[2] = {1, by};
    for (uint32_t i = 0; i < items; i++) {
        factor[i] *= choice[pass[i] & 1];
    }
}

static void note_text(boost_reader *r, const char *text) {
    if (text) {
        r->idle = r->idle.type == GX_LIST ? r->idle : gx_list(r->call->arena, 1);
        gx_list_add(r->call->arena, &r->idle, gx_str(text));
    }
}

/* What the boost looks for, where no item passes it and none has that. */
static gx_status note_idle(boost_reader *r, const gx_where *where, gx_error *err) {
    const char *unheard = NULL;
    gx_status status = GX_OK;
    if (r->filter->items > 0 && !memchr(r->pass, 1, r->filter->items)) {
        status =
            gx_known_item_texts(&unheard, r->call->arena, r->filter->columns, "boost", where, err);
    }
    note_text(r, unheard);
    return status;
}

static gx_status apply_boost(boost_reader *r, gx_slice where, gx_slice item, const gx_value *factor,
                             gx_error *err) {
    char text[64];
    double by = 0;
    if (!gx_value_as_number(factor, &by) || by < FACTOR_LEAST || by > FACTOR_MOST) {
        return gx_fail_at(err, GX_BAD_REQUEST, "boost",
                          "boost: the factor %s was given; accepted is a number from %g to %g",
                          gx_value_shown(text, sizeof text, factor), FACTOR_LEAST, FACTOR_MOST);
    }
    if (++r->count > BOOSTS) {
        return gx_fail_at(err, GX_OVER_LIMIT, "boost", "boost: at most %d rules in a call", BOOSTS);
    }
    if (item.size > 0) {
        uint32_t id;
        const gx_status found = gx_word_find(&id, r->call->txn, GX_SPACE_ITEM, item);
        if (found == GX_OK && id < r->filter->items) {
            r->factor[id] *= (float)by;
        } else if (found == GX_NOT_FOUND) {
            gx_quote(text, sizeof text, item.data, item.size);
            note_text(r, gx_arena_printf(r->call->arena, "boost: there is no item %s", text));
        }
        return GX_OK;
    }
    gx_where *compiled;
    gx_status status = gx_where_compile(&compiled, r->call->arena, where, err);
    if (status == GX_OK) {
        status = gx_where_at(compiled, &r->filter->moment, err);
    }
    if (status == GX_OK) {
        status = gx_known_item_fields(r->call->arena, r->filter->columns, "boost", compiled, err);
    }
    if (status == GX_OK) {
        status = gx_where_eval(r->pass, compiled, r->filter->columns, r->filter->items, err);
    }
    if (status == GX_OK) {
        multiply(r->factor, r->pass, r->filter->items, (float)by);
        status = note_idle(r, compiled, err);
    }
    return status;
}

/* "FACTOR where EXPR" or "FACTOR item ID" */
static gx_status read_boost_text(boost_reader *r, gx_slice text, gx_error *err) {
    static const char *const words[] = {" where ", " item "};
    char name[64];
    text = gx_slice_trimmed(text);
    size_t space = 0;
    while (space < text.size && text.data[space] != ' ') {
        space++;
    }
    gx_value factor = gx_text(text.data, space);
    gx_slice rest = {text.data + space, text.size - space};
    for (size_t w = 0; w < GX_COUNT(words); w++) {
        size_t length = strlen(words[w]);
        if (rest.size > length && memcmp(rest.data, words[w], length) == 0) {
            gx_slice what = gx_slice_trimmed((gx_slice){rest.data + length, rest.size - length});
            gx_slice none = {"", 0};
            return apply_boost(r, w == 0 ? what : none, w == 0 ? none : what, &factor, err);
        }
    }
    return bad_boost(err, gx_quote(name, sizeof name, text.data, text.size));
}

/* Split at semicolons that are not in quotes. */
static gx_status read_boost_texts(boost_reader *r, gx_slice all, gx_error *err) {
    gx_status status = GX_OK;
    char quote = 0;
    size_t from = 0;
    for (size_t i = 0; status == GX_OK && i <= all.size; i++) {
        char c = i < all.size ? all.data[i] : ';';
        if (quote && c == '\\' && i + 1 < all.size) {
            i++;
        } else if (quote && i < all.size) {
            quote = c == quote ? 0 : quote;
        } else if (c == '"' || c == '\'' || c == '`') {
            quote = c;
        } else if (c == ';') {
            gx_slice one = gx_slice_trimmed((gx_slice){all.data + from, i - from});
            status = one.size > 0 ? read_boost_text(r, one, err) : GX_OK;
            from = i + 1;
        }
    }
    return status;
}

static gx_status read_boost_map(boost_reader *r, const gx_value *map, gx_error *err) {
    gx_slice where = {"", 0}, item = {"", 0};
    const gx_value *factor = NULL;
    char name[64];
    for (uint32_t i = 0; i < map->size; i++) {
        const gx_pair *pair = &map->as.pairs[i];
        gx_slice key = {pair->key.as.text, pair->key.size};
        bool text = pair->value.type == GX_TEXT && pair->value.size > 0;
        if (gx_slice_is(key, "factor")) {
            factor = &pair->value;
        } else if (text && gx_slice_is(key, "where")) {
            where = (gx_slice){pair->value.as.text, pair->value.size};
        } else if (text && gx_slice_is(key, "item")) {
            item = (gx_slice){pair->value.as.text, pair->value.size};
        } else {
            return bad_boost(err, gx_quote(name, sizeof name, key.data, key.size));
        }
    }
    if ((where.size > 0) == (item.size > 0)) {
        return bad_boost(err, where.size ? "both where and item" : "neither where nor item");
    }
    return apply_boost(r, where, item, factor, err);
}

static gx_status read_boost(boost_reader *r, const gx_value *one, gx_error *err) {
    char name[64];
    if (one->type == GX_MAP) {
        return read_boost_map(r, one, err);
    }
    if (one->type == GX_TEXT) {
        return read_boost_texts(r, (gx_slice){one->as.text, one->size}, err);
    }
    return bad_boost(err, gx_value_shown(name, sizeof name, one));
}

static gx_status read_boosts(gx_asked_slate *out, gx_call_env *call, const gx_filter *filter,
                             gx_error *err) {
    const gx_value *given = gx_arg_value(call->args, "boost");
    boost_reader r = {.call = call, .filter = filter, .idle = gx_nil()};
    out->idle = r.idle;
    if (given->type == GX_NIL || (given->type == GX_LIST && given->size == 0)) {
        return GX_OK;
    }
    r.factor = gx_arena_get(call->arena, ((size_t)filter->items + 1) * sizeof *r.factor);
    r.pass = gx_arena_get(call->arena, (size_t)filter->items + 1);
    if (!r.factor || !r.pass) {
        return gx_fail_memory(err, (size_t)filter->items * 5);
    }
    for (uint32_t i = 0; i < filter->items; i++) {
        r.factor[i] = 1;
    }
    gx_status status = given->type == GX_LIST ? GX_OK : read_boost(&r, given, err);
    for (uint32_t k = 0; status == GX_OK && given->type == GX_LIST && k < given->size; k++) {
        status = read_boost(&r, &given->as.items[k], err);
    }
    for (uint32_t i = 0; i < filter->items; i++) {
        const float least = (float)FACTOR_LEAST, most = (float)FACTOR_MOST;
        const float at_least = r.factor[i] > least ? r.factor[i] : least;
        r.factor[i] = at_least < most ? at_least : most;
    }
    out->slate.factor = r.factor;
    out->idle = r.idle;
    return status;
}

/* ---- caps ----------------------------------------------------------------------------------- */

/* "category/2": the first two levels of the path. */
static bool read_cap_field(gx_slate_limit *out, gx_slice key) {
    static const char *const fields[] = {"category", "brand", "seller"};
    static const char path[] = "category/";
    int64_t levels = 0;
    if (key.size > strlen(path) && memcmp(key.data, path, strlen(path)) == 0) {
        const gx_slice rest = {key.data + strlen(path), key.size - strlen(path)};
        out->field = fields[0];
        out->levels = gx_parse_int(rest, &levels) && levels > 0 && levels <= GX_SLATE_LEVELS
                          ? (uint32_t)levels
                          : 0;
        return out->levels > 0;
    }
    for (size_t f = 0; f < GX_COUNT(fields); f++) {
        if (gx_slice_is(key, fields[f])) {
            out->field = fields[f];
            return true;
        }
    }
    return false;
}

static gx_status read_caps(gx_asked_slate *out, gx_call_env *call, gx_error *err) {
    const gx_value *map = gx_arg_value(call->args, "caps");
    char name[64], text[64];
    for (uint32_t i = 0; map->type == GX_MAP && i < map->size; i++) {
        const gx_pair *pair = &map->as.pairs[i];
        const gx_slice key = {pair->key.as.text, pair->key.size};
        gx_slate_limit limit = {0};
        gx_quote(name, sizeof name, key.data, key.size);
        if (!read_cap_field(&limit, key) || out->slate.limit_count == GX_SLATE_LIMITS) {
            return gx_fail_at(err, GX_BAD_REQUEST, "caps",
                              "caps: %s was given; accepted are category, brand, seller and "
                              "category/1 to category/%d, the first levels of its path",
                              name, GX_SLATE_LEVELS);
        }
        double most = 0;
        if (!gx_value_as_number(&pair->value, &most) || most != floor(most) || most < 1 ||
            most > 1000) {
            return gx_fail_at(
                err, GX_BAD_REQUEST, "caps",
                "caps: %s was given for %s; accepted is a whole number from 1 to 1000",
                gx_value_shown(text, sizeof text, &pair->value), name);
        }
        limit.most = (uint32_t)most;
        out->limits[out->slate.limit_count++] = limit;
    }
    return GX_OK;
}

/* ---- kinds ---------------------------------------------------------------------------------- */

static gx_status read_kinds(gx_asked_slate *out, gx_call_env *call, uint32_t n, gx_error *err) {
    const gx_value *map = gx_arg_value(call->args, "kinds");
    char name[64], text[64];
    uint32_t sum = 0, count = map->type == GX_MAP ? map->size : 0;
    for (uint32_t i = 0; i < count; i++) {
        const gx_pair *pair = &map->as.pairs[i];
        gx_slice key = {pair->key.as.text, pair->key.size};
        double most = 0;
        if (i >= GX_COUNT(out->kinds) || !gx_item_kind(key)) {
            return gx_fail_at(err, GX_BAD_REQUEST, "kinds",
                              "kinds: %s was given; accepted are " GX_ITEM_KINDS_TEXT,
                              gx_quote(name, sizeof name, key.data, key.size));
        }
        if (!gx_value_as_number(&pair->value, &most) || most != floor(most) || most < 0 ||
            most > 1000) {
            return gx_fail_at(err, GX_BAD_REQUEST, "kinds",
                              "kinds: %s was given for %.*s; accepted is a whole number from 0 to "
                              "1000",
                              gx_value_shown(text, sizeof text, &pair->value), (int)key.size,
                              key.data);
        }
        out->kinds[i] = key;
        out->quotas[i] = (uint32_t)most;
        sum += (uint32_t)most;
    }
    if (count == 0) {
        return GX_OK;
    }
    if (sum == 0 || sum > n) {
        return gx_fail_at(err, GX_BAD_REQUEST, "kinds",
                          "kinds: they add up to %u; accepted is 1 to %u in all (n)", sum, n);
    }
    out->n = sum;
    out->limits[out->slate.limit_count++] = (gx_slate_limit){.field = "kind",
                                                             .absent = GX_ITEM_KIND_ABSENT,
                                                             .value = out->kinds,
                                                             .quota = out->quotas,
                                                             .quotas = count};
    return GX_OK;
}

static gx_status read_diversity(gx_slate *slate, const gx_call_env *call, uint32_t n,
                                gx_error *err) {
    enum { DPP_MOST = 200 };
    slate->diversity = (float)gx_arg_real(call->args, "diversity");
    slate->dpp = gx_arg_is(call->args, "diversify", "dpp");
    if (slate->dpp && slate->diversity > 0 && n > DPP_MOST) {
        return gx_fail_at(
            err, GX_BAD_REQUEST, "diversify",
            "diversify: dpp was given for a list of %u; accepted is n up to %d, or mmr", n,
            DPP_MOST);
    }
    return GX_OK;
}

/* ---- all ------------------------------------------------------------------------------------ */

gx_status gx_slate_read(gx_asked_slate *out, gx_call_env *call, const gx_filter *filter, uint32_t n,
                        gx_error *err) {
    gx_status status = GX_OK;
    gx_slate *slate = &out->slate;
    *out = (gx_asked_slate){.slate = {.columns = filter->columns, .watch = GX_NONE}, .n = n};
    slate->novelty = (float)gx_arg_real(call->args, "novelty");
    GX_TRY(read_kinds(out, call, n, err));
    GX_TRY(read_pins(out, call, out->n, err));
    GX_TRY(read_boosts(out, call, filter, err));
    GX_TRY(read_caps(out, call, err));
    GX_TRY(read_diversity(slate, call, out->n, err));
    slate->limits = out->limits;
    out->plain = slate->pin_count == 0 && !slate->factor && slate->limit_count == 0 &&
                 !(slate->novelty > 0) && !(slate->diversity > 0);
done:
    return status;
}

/* ---- reasons -------------------------------------------------------------------------------- */

/* Of "skincare/serum/night" the first two levels are 14 bytes. */
static uint32_t prefix_size(const gx_value *text, uint32_t levels) {
    for (uint32_t i = 0; i < text->size; i++) {
        if (text->as.text[i] == '/' && levels > 0 && --levels == 0) {
            return i;
        }
    }
    return text->size;
}

static gx_value cap_reason(const gx_slate_limit *limit, uint32_t item, const gx_columns *columns,
                           gx_arena *arena) {
    gx_value value = gx_columns_get(columns, arena, item, limit->field);
    value = value.type == GX_LIST && value.size > 0 ? value.as.items[0] : value;
    const bool below = value.type == GX_TEXT && prefix_size(&value, limit->levels) < value.size;
    char *test = value.type == GX_TEXT ? gx_arena_printf(arena, "%s = \"%.*s%s\"", limit->field,
                                                         (int)prefix_size(&value, limit->levels),
                                                         value.as.text, below ? "/*" : "")
                                       : gx_arena_printf(arena, "%s", limit->field);
    gx_value out =
        gx_filter_why(arena, "cap", gx_slice_of(test ? test : ""),
                      "The list holds as many of these as it may", "名单里同类的已达上限");
    gx_map_put(arena, &out, "most", gx_int(limit->most));
    return out;
}

gx_value gx_slate_reason(const gx_asked_slate *asked, const gx_rec_list *list,
                         const gx_rec_item *item, uint32_t rank, uint32_t n,
                         const gx_columns *columns, gx_arena *arena) {
    gx_slice none = {"", 0};
    double needed = list->count > 0 ? INFINITY : 0;
    for (uint32_t k = 0; k < list->count; k++) {
        bool pinned = list->items[k].flags & (1U << GX_SLATE_PINNED);
        needed = pinned ? needed : fmin(needed, list->items[k].score);
    }
    if (list->full_limit != GX_NONE && (list->count < n || item->score >= needed || rank <= n)) {
        return cap_reason(&asked->limits[list->full_limit], item->item, columns, arena);
    }
    /* What scores above one that is in the list would be in it but for its likeness. */
    const bool diverse = asked->slate.diversity > 0 && (rank <= n || item->score > needed);
    gx_value out =
        diverse    ? gx_filter_why(arena, "diversity", none,
                                   "It is too much like what stands before it", "与前面的商品太相似")
        : rank > n ? gx_filter_why(arena, "rank", none, "Others stand higher", "排在后面,名单已满")
                   : gx_filter_why(arena, "pins", none, "Pinned items hold the places",
                                   "置顶商品占了位置");
    gx_map_put(arena, &out, "n", gx_int(n));
    if (isfinite(needed) &&
        !diverse) { /* no score is enough for one that is too much like others */
        gx_map_put(arena, &out, "score_needed", gx_real(needed));
    }
    return out;
}
