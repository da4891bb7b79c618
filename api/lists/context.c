/* What a list is asked for at this moment. */
#include "api/lists/context.h"

#include "api/support.h"
#include "graph/codec/codec.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- reading -------------------------------------------------------------------------------- */

/* What the context may have. */
#define GEO "latitude (-90 to 90) and longitude (-180 to 180), like 52.52,13.4"
#define HOUR "a whole number from 0 to 23"
static const struct {
    const char *key, *accepted;
} keys[] = {{"item", "an id"},
            {"cart", "a list of ids, in JSON too, or ids between commas"},
            {"group", "a group of the store, or a circle like c-12"},
            {"geo", GEO},
            {"hour", HOUR}};

static gx_status wrong_key(gx_error *err, gx_slice key) {
    char shown[64], all[320];
    size_t at = 0;
    for (size_t k = 0; k < GX_COUNT(keys) && at < sizeof all; k++) {
        at += (size_t)snprintf(all + at, sizeof all - at, "%s%s (%s)", k ? ", " : "", keys[k].key,
                               keys[k].accepted);
    }
    return gx_fail_at(err, GX_BAD_REQUEST, "context", "context: %s was given; accepted are %s",
                      gx_quote(shown, sizeof shown, key.data, key.size), all);
}

/* `value` is what stands under the key, or an entry of it. */
static gx_status wrong(gx_error *err, const char *key, const gx_value *value) {
    char shown[80], part[2][32];
    const char *accepted = "";
    for (size_t k = 0; k < GX_COUNT(keys); k++) {
        accepted = strcmp(keys[k].key, key) == 0 ? keys[k].accepted : accepted;
    }
    if (value->type == GX_LIST && value->size == 2) { /* a place */
        snprintf(shown, sizeof shown, "[%s, %s]",
                 gx_value_shown(part[0], sizeof part[0], &value->as.items[0]),
                 gx_value_shown(part[1], sizeof part[1], &value->as.items[1]));
    } else {
        gx_value_shown(shown, sizeof shown, value);
    }
    return gx_fail_at(err, GX_BAD_REQUEST, "context", "context: %s %s was given; accepted is %s",
                      key, shown, accepted);
}

static void add_item(gx_context *c, gx_txn *txn, gx_slice id) {
    uint32_t item;
    if (id.size > 0 && gx_word_find(&item, txn, GX_SPACE_ITEM, id) == GX_OK) {
        c->items[c->count++] = item;
    }
}

static gx_status read_item(gx_context *c, gx_call_env *call, const gx_value *item, gx_error *err) {
    if (item->type != GX_TEXT) {
        return wrong(err, "item", item);
    }
    add_item(c, call->txn, (gx_slice){item->as.text, item->size});
    return GX_OK;
}

static gx_status read_cart(gx_context *c, gx_call_env *call, const gx_value *cart, gx_error *err) {
    gx_value read;
    if (cart->type == GX_TEXT && cart->size > 0 && cart->as.text[0] == '[' &&
        gx_json_read(&read, call->arena, cart->as.text, cart->size, NULL) == GX_OK &&
        read.type == GX_LIST) {
        cart = &read; /* ["a,b"]: ids with commas */
    }
    if (cart->type == GX_LIST) {
        for (uint32_t k = 0; k < cart->size; k++) {
            const gx_value *one = &cart->as.items[k];
            if (one->type != GX_TEXT) {
                return wrong(err, "cart", one);
            }
            add_item(c, call->txn, (gx_slice){one->as.text, one->size});
        }
        return GX_OK;
    }
    if (cart->type != GX_TEXT) {
        return wrong(err, "cart", cart);
    }
    for (size_t at = 0; at < cart->size;) {
        const char *from = cart->as.text + at, *comma = memchr(from, ',', cart->size - at);
        size_t size = comma ? (size_t)(comma - from) : cart->size - at;
        add_item(c, call->txn, (gx_slice){from, size});
        at += size + 1;
    }
    return GX_OK;
}

typedef struct votes {
    const uint32_t *community;
    uint32_t users, circles;
    uint32_t *count;
} votes;

static gx_status vote(void *user, const gx_membership *member, gx_error *err) {
    votes *v = user;
    (void)err;
    uint32_t circle = member->user < v->users && member->left_ms == GX_TIME_UNKNOWN
                          ? v->community[member->user]
                          : GX_NONE;
    if (circle < v->circles) {
        v->count[circle]++;
    }
    return GX_OK;
}

/* The circle most of a group's members are of; the first of equals. */
static gx_status circle_of_group(uint32_t *out, gx_call_env *call, uint32_t group, gx_error *err) {
    const gx_state *state = call->state;
    votes v = {.users = state->users, .circles = state->circles};
    gx_status status =
        gx_need_array(&v.community, state, "leiden.community", GX_U32, state->users, err);
    if (status != GX_OK) {
        return status;
    }
    v.count = gx_alloc0((size_t)v.circles + 1, sizeof *v.count);
    if (!v.count) {
        return gx_fail_memory(err, v.circles * sizeof *v.count);
    }
    status = gx_member_of_group(call->txn, group, vote, &v, err);
    uint32_t best = 0;
    for (uint32_t c = 0; c < v.circles; c++) {
        best = v.count[c] > v.count[best] ? c : best;
    }
    if (status == GX_OK && v.count[best] == 0) {
        status = gx_fail_at(err, GX_NOT_FOUND, "context",
                            "context: no member of the group is in a circle of the snapshot");
    }
    gx_free(v.count);
    *out = best;
    return status;
}

static gx_status read_group(gx_context *c, gx_call_env *call, const gx_value *name, gx_error *err) {
    if (name->type != GX_TEXT) {
        return wrong(err, "group", name);
    }
    gx_slice text = {name->as.text, name->size};
    uint32_t group;
    if (gx_word_find(&group, call->txn, GX_SPACE_GROUP, text) == GX_OK) {
        return circle_of_group(&c->circle, call, group, err);
    }
    if (gx_community_id_parse(&group, "context", text, NULL) != GX_OK) {
        return wrong(err, "group", name);
    }
    return gx_community_parse(&c->circle, "context", text, call->state, err);
}

gx_status gx_context_read(gx_context *out, gx_call_env *call, gx_error *err) {
    const gx_value *map = gx_arg_taken(call->args, "context");
    gx_context c = {.circle = GX_NONE, .given = map && map->type == GX_MAP};
    size_t room = 1;
    gx_status status = GX_OK;
    for (uint32_t i = 0; c.given && i < map->size; i++) {
        room += map->as.pairs[i].value.size + 1;
    }
    c.items = gx_arena_get(call->arena, room * sizeof *c.items);
    if (!c.items) {
        return gx_fail_memory(err, room * sizeof *c.items);
    }
    for (uint32_t i = 0; status == GX_OK && c.given && i < map->size; i++) {
        const gx_pair *pair = &map->as.pairs[i];
        gx_slice key = {pair->key.as.text, pair->key.size};
        if (gx_slice_is(key, "item")) {
            status = read_item(&c, call, &pair->value, err);
        } else if (gx_slice_is(key, "cart")) {
            status = read_cart(&c, call, &pair->value, err);
        } else if (gx_slice_is(key, "group")) {
            status = read_group(&c, call, &pair->value, err);
        } else if (!gx_slice_is(key, "geo") && !gx_slice_is(key, "hour")) { /* gx_moment_read */
            status = wrong_key(err, key);
        }
    }
    uint32_t kept = 0;
    qsort(c.items, c.count, sizeof *c.items, gx_by_number);
    for (uint32_t k = 0; k < c.count; k++) {
        if (kept == 0 || c.items[kept - 1] != c.items[k]) {
            c.items[kept++] = c.items[k];
        }
    }
    c.count = kept;
    if (status == GX_OK) {
        *out = c;
    }
    return status;
}

/* ---- where and when -------------------------------------------------------------------------- */

/* [latitude, longitude], or the two between a comma. */
static bool read_geo(gx_moment *out, const gx_value *geo) {
    gx_value part[2];
    if (geo->type == GX_LIST && geo->size == 2) {
        part[0] = geo->as.items[0];
        part[1] = geo->as.items[1];
    } else if (geo->type == GX_TEXT) {
        const char *comma = memchr(geo->as.text, ',', geo->size);
        const size_t size = comma ? (size_t)(comma - geo->as.text) : geo->size;
        part[0] = gx_text(geo->as.text, size);
        part[1] = comma ? gx_text(comma + 1, geo->size - size - 1) : gx_text("", 0);
    } else {
        return false;
    }
    return gx_value_as_number(&part[0], &out->latitude) &&
           gx_value_as_number(&part[1], &out->longitude) && fabs(out->latitude) <= 90 &&
           fabs(out->longitude) <= 180;
}

gx_status gx_moment_read(gx_moment *out, const gx_args *args, gx_error *err) {
    const gx_value *map = gx_arg_taken(args, "context");
    *out = GX_MOMENT_NONE;
    const gx_value *geo = map && map->type == GX_MAP ? gx_map_get(map, "geo") : NULL;
    const gx_value *hour = map && map->type == GX_MAP ? gx_map_get(map, "hour") : NULL;
    if (geo && !read_geo(out, geo)) {
        return wrong(err, "geo", geo);
    }
    if (hour && !(gx_value_as_number(hour, &out->hour) && out->hour >= 0 && out->hour <= 23 &&
                  out->hour == floor(out->hour))) {
        return wrong(err, "hour", hour);
    }
    return GX_OK;
}

gx_status gx_context_place_only(const gx_args *args, gx_error *err) {
    const gx_value *map = gx_arg_value(args, "context");
    char shown[64];
    for (uint32_t i = 0; map->type == GX_MAP && i < map->size; i++) {
        gx_slice key = {map->as.pairs[i].key.as.text, map->as.pairs[i].key.size};
        if (!gx_slice_is(key, "geo") && !gx_slice_is(key, "hour")) {
            return gx_fail_at(err, GX_BAD_REQUEST, "context",
                              "context: %s was given; of the moment this call takes geo (" GEO
                              ") and hour (" HOUR ") alone: what is in a cart, on a page or of a "
                              "group changes a member's list",
                              gx_quote(shown, sizeof shown, key.data, key.size));
        }
    }
    return GX_OK;
}

/* ---- applying ------------------------------------------------------------------------------- */

gx_status gx_context_apply(gx_member_live *live, const gx_context *context, const gx_rules *rules,
                           gx_arena *arena, gx_error *err) {
    const gx_history *before = &live->rec.history;
    const float weight = gx_action_rule_named(rules, "cart")->weight;
    live->rec.circle_given = context->circle == GX_NONE ? 0 : context->circle + 1;
    live->context = context->items;
    live->context_count = context->count;
    if (context->count == 0) {
        return GX_OK;
    }
    size_t room = (size_t)before->count + context->count;
    uint32_t *item = gx_arena_get(arena, room * sizeof *item);
    uint32_t *action = gx_arena_get(arena, room * sizeof *action);
    float *weights = gx_arena_get(arena, room * sizeof *weights);
    int64_t *ts = gx_arena_get(arena, room * sizeof *ts);
    uint8_t *did = gx_arena_get(arena, room);
    gx_member_times *times = gx_arena_get(arena, room * sizeof *times);
    if (!item || !action || !weights || !ts || !did || !times) {
        return gx_fail_memory(err, room * (21 + sizeof *times));
    }
    uint32_t made = 0;
    for (uint32_t h = 0, c = 0; h < before->count || c < context->count; made++) {
        bool old =
            h < before->count && (c == context->count || before->item[h] <= context->items[c]);
        bool now = c < context->count && (!old || before->item[h] == context->items[c]);
        item[made] = old ? before->item[h] : context->items[c];
        action[made] = old ? live->action[h] : GX_NONE;
        did[made] = old ? live->did[h] : 0;
        times[made] = old ? live->times[h] : (gx_member_times){0};
        weights[made] = (old ? before->weight[h] : 0) + (now ? weight : 0);
        ts[made] = now ? live->rec.now_ms : before->ts[h];
        h += old;
        c += now;
    }
    live->rec.history = (gx_history){before->user, made, item, weights, ts};
    live->action = action;
    live->did = did;
    live->times = times;
    return GX_OK;
}
