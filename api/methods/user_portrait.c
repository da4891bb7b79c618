/* user.portrait: what is known about a member, computed from what they did and what they are
 * (R11), and how far each of the four influences moves them (R27).
 *
 * An interest is a value of an attribute (a category on each of its levels, a brand, a tag, a
 * seller): its weight is the share of everything the member likes, weighted as lists weigh it (by
 * action and age), that carries it; beside it how many items and events say so, and the lift over
 * what the weight of the value would be for the average member. Habits are counted over the newest
 * `events`. Nobody else is named. O(own events + items of the history). */
#include "api/lists/listing.h"
#include "api/lists/lists.h"
#include "api/support.h"

#include <math.h>
#include <stdlib.h>

enum { HOURS = 24, DAYS = 7, PLACES = 5 };

static const int64_t HOUR_MS = 3600000, DAY_MS = 86400000;

/* clang-format off */
static const gx_param params[] = {
    {"user", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL | GX_PARAM_WHOM,
     "which member, by id"},
    {"n", GX_PARAM_INT, "10", 1, 1000, NULL, NULL, 0, "the first so many of each kind of interest"},
    {"events", GX_PARAM_INT, "2000", 1, 10000, "events", NULL, 0, "habits of the newest so many"},
    {"utc_offset", GX_PARAM_INT, "0", -840, 840, "minutes", NULL, 0,
     "the member's clock before UTC, for hours and days"},
};
/* clang-format on */

/* ---- interests ------------------------------------------------------------------------------ */

typedef struct interest {
    gx_trait trait;
    double weight;
    uint32_t items;
    int64_t last_ms;
} interest;

typedef struct portrait {
    gx_call_env *call;
    const gx_columns *columns;
    const gx_member_live *live;
    interest *interest;
    uint32_t count;
    double all;
    double *price, *price_weight;
    uint32_t prices, liked;
} portrait;

static int by_trait(const void *a, const void *b) {
    const interest *x = a, *y = b;
    if (x->trait.hash != y->trait.hash) {
        return x->trait.hash < y->trait.hash ? -1 : 1;
    }
    return 0;
}

static int by_weight(const void *a, const void *b) {
    const interest *x = a, *y = b;
    if (x->weight != y->weight) {
        return x->weight > y->weight ? -1 : 1;
    }
    return by_trait(a, b);
}

static bool read_price(double *out, const portrait *p, uint32_t item) {
    const gx_value value = gx_columns_get(p->columns, p->call->arena, item, "price");
    return gx_value_as_number(&value, out);
}

static void add_item(portrait *p, uint32_t k) {
    const gx_history *history = &p->live->rec.history;
    const double weight = (double)history->weight[k];
    gx_trait row[GX_ATTRIBUTES_MAX];
    const uint32_t found = gx_attributes_of(row, p->columns, history->item[k]);
    for (uint32_t t = 0; t < found; t++) {
        if (row[t].text.size > 0) {
            p->interest[p->count++] = (interest){row[t], weight, 1, history->ts[k]};
        }
    }
    double price;
    if (read_price(&price, p, history->item[k]) && price > 0) {
        p->price[p->prices] = price;
        p->price_weight[p->prices++] = weight;
    }
    p->all += weight;
    p->liked++;
}

/* Sums of equal values. */
static void merge(portrait *p) {
    uint32_t made = 0;
    qsort(p->interest, p->count, sizeof *p->interest, by_trait);
    for (uint32_t k = 0; k < p->count; k++) {
        interest *last = made > 0 ? &p->interest[made - 1] : NULL;
        if (last && last->trait.hash == p->interest[k].trait.hash) {
            last->weight += p->interest[k].weight;
            last->items++;
            last->last_ms =
                p->interest[k].last_ms > last->last_ms ? p->interest[k].last_ms : last->last_ms;
        } else {
            p->interest[made++] = p->interest[k];
        }
    }
    p->count = made;
    qsort(p->interest, p->count, sizeof *p->interest, by_weight);
}

static gx_status read_interests(portrait *p, gx_error *err) {
    const gx_history *history = &p->live->rec.history;
    gx_arena *arena = p->call->arena;
    const size_t room = (size_t)history->count * GX_ATTRIBUTES_MAX + 1;
    p->interest = gx_alloc(room, sizeof *p->interest);
    p->price = gx_arena_get(arena, ((size_t)history->count + 1) * sizeof *p->price);
    p->price_weight = gx_arena_get(arena, ((size_t)history->count + 1) * sizeof *p->price_weight);
    if (!p->interest || !p->price || !p->price_weight) {
        return gx_fail_memory(err, room * sizeof *p->interest);
    }
    for (uint32_t k = 0; k < history->count; k++) {
        if (history->weight[k] > 0) {
            add_item(p, k);
        }
    }
    merge(p);
    return GX_OK;
}

static void put_date(gx_arena *arena, gx_value *row, const char *key, int64_t ms) {
    char text[40];
    gx_format_time_ms(text, ms);
    gx_map_put(arena, row, key, gx_text_copy(arena, text, strcspn(text, "T")));
}

/* The first n of one column, or of one level of categories. */
static gx_value interests_of(const portrait *p, gx_attribute_field from, gx_attribute_field to) {
    gx_arena *arena = p->call->arena;
    const uint32_t n = (uint32_t)gx_arg_int(p->call->args, "n");
    gx_value list = gx_list(arena, n < p->count ? n : p->count);
    for (uint32_t k = 0; k < p->count && list.size < n; k++) {
        const interest *one = &p->interest[k];
        if (one->trait.field < from || one->trait.field > to) {
            continue;
        }
        gx_value row = gx_map(arena, 5);
        gx_map_put(arena, &row, "value",
                   gx_text_copy(arena, one->trait.text.data, one->trait.text.size));
        gx_map_put(arena, &row, "weight", gx_real(one->weight / p->all));
        gx_map_put(arena, &row, "items", gx_int(one->items));
        put_date(arena, &row, "last", one->last_ms);
        gx_list_add(arena, &list, row);
    }
    return list;
}

/* ---- price ---------------------------------------------------------------------------------- */

typedef struct priced {
    double price, weight;
} priced;

static int by_price(const void *a, const void *b) {
    const priced *x = a, *y = b;
    return (x->price > y->price) - (x->price < y->price);
}

static double quantile(const priced *row, uint32_t count, double all, double q) {
    double sum = 0;
    uint32_t k = 0;
    for (; k + 1 < count && sum + row[k].weight < q * all; k++) {
        sum += row[k].weight;
    }
    return row[k].price;
}

/* The middle eight tenths of what the member pays, and the median; nil below three items. */
static gx_value price_value(const portrait *p) {
    enum { LEAST = 3 };
    gx_arena *arena = p->call->arena;
    priced *row = gx_arena_get(arena, ((size_t)p->prices + 1) * sizeof *row);
    gx_value map = gx_map(arena, 4);
    double all = 0;
    if (!row || p->prices < LEAST) {
        return gx_nil();
    }
    for (uint32_t k = 0; k < p->prices; k++) {
        row[k] = (priced){p->price[k], p->price_weight[k]};
        all += row[k].weight;
    }
    qsort(row, p->prices, sizeof *row, by_price);
    gx_map_put(arena, &map, "low", gx_real(quantile(row, p->prices, all, 0.1)));
    gx_map_put(arena, &map, "median", gx_real(quantile(row, p->prices, all, 0.5)));
    gx_map_put(arena, &map, "high", gx_real(quantile(row, p->prices, all, 0.9)));
    gx_map_put(arena, &map, "items", gx_int(p->prices));
    return map;
}

/* ---- habits --------------------------------------------------------------------------------- */

typedef struct place {
    uint32_t id;
    uint32_t count;
} place;

/* What is counted by its number: channels, groups, actions. The first so many different ones. */
typedef struct places {
    place row[64];
    uint32_t count, all;
} places;

static void count_place(places *p, uint32_t id) {
    uint32_t k = 0;
    if (id == GX_NONE) {
        return;
    }
    while (k < p->count && p->row[k].id != id) {
        k++;
    }
    if (k == p->count && k < GX_COUNT(p->row)) {
        p->row[p->count++] = (place){id, 0};
    }
    if (k < p->count) {
        p->row[k].count++;
    }
    p->all++;
}

typedef struct habits {
    gx_call_env *call;
    int64_t offset_ms;
    uint32_t hour[HOURS], day[DAYS], events;
    places channels, groups, actions;
    gx_value scenes; /* {scene: count} of the field `scene` or `store` of events */
} habits;

/* Words of the events' further columns are few; a map is enough. */
static void count_scene(habits *h, const gx_value *extra, const char *field) {
    const gx_value *value = gx_map_get(extra, field);
    gx_arena *arena = h->call->arena;
    if (!value || value->type != GX_TEXT || value->size == 0) {
        return;
    }
    for (uint32_t k = 0; k < h->scenes.size; k++) {
        gx_pair *pair = &h->scenes.as.pairs[k];
        if (gx_value_equal(&pair->key, value)) {
            pair->value.as.integer++;
            return;
        }
    }
    if (h->scenes.size < 64) {
        gx_map_put_text(arena, &h->scenes, gx_text_copy(arena, value->as.text, value->size),
                        gx_int(1));
    }
}

static gx_status add_event(void *user, const gx_event *event, gx_error *err) {
    (void)err;
    habits *h = user;
    const int64_t local = event->ts_ms + h->offset_ms;
    const int64_t day = local >= 0 ? local / DAY_MS : (local - DAY_MS + 1) / DAY_MS;
    h->hour[(local - day * DAY_MS) / HOUR_MS]++;
    h->day[((day + 3) % DAYS + DAYS) % DAYS]++; /* 1970-01-01 was a Thursday */
    h->events++;
    count_place(&h->channels, event->channel);
    count_place(&h->groups, event->group);
    count_place(&h->actions, event->action);
    gx_value extra;
    if (event->extra.size &&
        gx_pack_read(&extra, h->call->arena, event->extra.data, event->extra.size,
                     &GX_PACK_LIMITS_DEFAULT, NULL) == GX_OK &&
        extra.type == GX_MAP) {
        count_scene(h, &extra, "scene");
        count_scene(h, &extra, "attr_scene");
        count_scene(h, &extra, "store");
    }
    return GX_OK;
}

static int by_count(const void *a, const void *b) {
    const place *x = a, *y = b;
    if (x->count != y->count) {
        return x->count > y->count ? -1 : 1;
    }
    return (x->id > y->id) - (x->id < y->id);
}

static gx_value places_value(gx_call_env *call, places *p, gx_space space) {
    gx_arena *arena = call->arena;
    gx_value list = gx_list(arena, PLACES);
    qsort(p->row, p->count, sizeof p->row[0], by_count);
    for (uint32_t k = 0; k < p->count && k < PLACES; k++) {
        gx_value row = gx_map(arena, 3);
        gx_map_put(arena, &row, "value", gx_word_value(arena, call->txn, space, p->row[k].id));
        gx_map_put(arena, &row, "share", gx_real((double)p->row[k].count / (double)p->all));
        gx_map_put(arena, &row, "events", gx_int(p->row[k].count));
        gx_list_add(arena, &list, row);
    }
    return list;
}

static gx_value shares_value(gx_arena *arena, const uint32_t *count, uint32_t size, uint32_t all) {
    gx_value list = gx_list(arena, size);
    for (uint32_t k = 0; k < size; k++) {
        gx_list_add(arena, &list, gx_real(all > 0 ? (double)count[k] / (double)all : 0));
    }
    return list;
}

/* By falling count; of equals the one that was met first. */
static gx_value scenes_value(gx_arena *arena, const gx_value *scenes) {
    gx_value list = gx_list(arena, PLACES);
    for (uint32_t n = 0; n < PLACES; n++) {
        gx_pair *best = NULL;
        for (uint32_t k = 0; k < scenes->size; k++) {
            gx_pair *pair = &scenes->as.pairs[k];
            if (pair->value.as.integer > 0 &&
                (!best || pair->value.as.integer > best->value.as.integer)) {
                best = pair;
            }
        }
        if (!best) {
            break;
        }
        gx_value row = gx_map(arena, 2);
        gx_map_put(arena, &row, "value", best->key);
        gx_map_put(arena, &row, "events", gx_int(best->value.as.integer));
        gx_list_add(arena, &list, row);
        best->value.as.integer = 0;
    }
    return list;
}

static gx_status habits_value(gx_value *out, gx_call_env *call, uint32_t user, gx_error *err) {
    gx_arena *arena = call->arena;
    habits h = {.call = call,
                .offset_ms = gx_arg_int(call->args, "utc_offset") * 60000,
                .scenes = gx_map(arena, 8)};
    gx_status status = gx_event_of_user(call->txn, user, (size_t)gx_arg_int(call->args, "events"),
                                        add_event, &h, err);
    if (status != GX_OK) {
        return status;
    }
    gx_value map = gx_map(arena, 7);
    gx_map_put(arena, &map, "events", gx_int(h.events));
    gx_map_put(arena, &map, "hours", shares_value(arena, h.hour, HOURS, h.events));
    gx_map_put(arena, &map, "days", shares_value(arena, h.day, DAYS, h.events));
    gx_map_put(arena, &map, "channels", places_value(call, &h.channels, GX_SPACE_CHANNEL));
    gx_map_put(arena, &map, "actions", places_value(call, &h.actions, GX_SPACE_ACTION));
    gx_map_put(arena, &map, "groups", places_value(call, &h.groups, GX_SPACE_GROUP));
    gx_map_put(arena, &map, "scenes", scenes_value(arena, &h.scenes));
    *out = map;
    return GX_OK;
}

/* ---- what the record says ------------------------------------------------------------------- */

static gx_value fields_of(gx_arena *arena, const gx_value *record, const char *const *fields,
                          size_t count) {
    gx_value map = gx_map(arena, (uint32_t)count);
    for (size_t k = 0; k < count; k++) {
        const gx_value *value = gx_map_get(record, fields[k]);
        if (value && value->type != GX_NIL) {
            gx_map_put(arena, &map, fields[k], *value);
        }
    }
    return map;
}

static gx_status put_record(gx_value *row, gx_call_env *call, uint32_t user, gx_error *err) {
    static const char *const said[] = {"prefers",        "attr_prefers",  "interests",
                                       "attr_interests", "categories",    "attr_categories",
                                       "dislikes",       "attr_dislikes", "tags"};
    static const char *const life[] = {"age_band",        "gender", "occupation", "life_stage",
                                       "attr_life_stage", "region", "city",       "joined_at"};
    gx_value record;
    gx_status status = gx_record_get(&record, call->txn, call->arena, GX_SPACE_USER, user, err);
    if (status != GX_OK) {
        return status;
    }
    gx_map_put(call->arena, row, "declared", fields_of(call->arena, &record, said, GX_COUNT(said)));
    gx_map_put(call->arena, row, "life", fields_of(call->arena, &record, life, GX_COUNT(life)));
    return GX_OK;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static gx_value interests_value(const portrait *p) {
    gx_arena *arena = p->call->arena;
    gx_value map = gx_map(arena, 4);
    gx_map_put(arena, &map, "categories",
               interests_of(p, GX_ATTRIBUTE_CATEGORY1, GX_ATTRIBUTE_CATEGORY));
    gx_map_put(arena, &map, "brands", interests_of(p, GX_ATTRIBUTE_BRAND, GX_ATTRIBUTE_BRAND));
    gx_map_put(arena, &map, "sellers", interests_of(p, GX_ATTRIBUTE_SELLER, GX_ATTRIBUTE_SELLER));
    gx_map_put(arena, &map, "tags", interests_of(p, GX_ATTRIBUTE_TAG, GX_ATTRIBUTE_TAG));
    return map;
}

static gx_status run_held(gx_value *out, gx_call_env *call, const gx_columns *columns,
                          gx_error *err) {
    gx_status status = GX_OK;
    gx_arena *arena = call->arena;
    gx_member_live live;
    gx_value row = gx_map(arena, 10), done_when = gx_nil();
    portrait p = {.call = call, .columns = columns, .live = &live};
    uint32_t user;
    GX_TRY(gx_need_word(&user, call->txn, GX_SPACE_USER, gx_arg_text(call->args, "user"), err));
    GX_TRY(gx_lists_member(&live, call, columns, gx_arg_text(call->args, "user"), err));
    GX_TRY(read_interests(&p, err));
    GX_TRY(habits_value(&done_when, call, user, err));
    gx_map_put(arena, &row, "user", gx_word_value(arena, call->txn, GX_SPACE_USER, user));
    gx_map_put(arena, &row, "items", gx_int(p.liked));
    gx_map_put(arena, &row, "interests", interests_value(&p));
    gx_map_put(arena, &row, "price", price_value(&p));
    gx_map_put(arena, &row, "habits", done_when);
    GX_TRY(put_record(&row, call, user, err));
    gx_map_put(arena, &row, "circle",
               gx_community_value(
                   arena, call->state,
                   gx_rec_circle(call->state->rec, user, live.rec.friends, live.rec.friend_count)));
    gx_map_put(arena, &row, "susceptibility", gx_listing_susceptibility(call, user));
    *out = row;
done:
    gx_free(p.interest);
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    return gx_lists_held(out, call, run_held, err);
}

const gx_method gx_method_user_portrait = {
    .name = "user.portrait",
    .summary = "what a member likes, pays and does when, with evidence, and what moves them",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_SHORT,
    .from_snapshot = true,
    .params = params,
    .param_count = GX_COUNT(params),
    .result =
        "{user, items, interests: {categories: [{value, weight, items, last}], brands, sellers, "
        "tags}, price: {low, median, high, items}, habits: {events, hours, days, channels: "
        "[{value, share, events}], actions, groups, scenes}, declared, life, circle, "
        "susceptibility: {friends, circle, leader, interest, takes}}",
    .run = run,
};
