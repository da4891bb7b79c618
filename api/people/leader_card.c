/* The card of a leader (R24): who they are, who listens, what they sell. Read from the store as it
 * is: at most LISTENERS followers who have not departed, evenly drawn, and the newest EVENTS events
 * of each. Groups of fewer than the setting `min_count` are not shown: they are counted in
 * `hidden`. */
#include "api/graphs.h"
#include "api/people/leader.h"
#include "api/privacy.h"
#include "graph/csr/view.h"

#include <stdlib.h>

enum { LISTENERS = 500, EVENTS = 300 };

typedef struct tally {
    uint32_t id, count;
} tally;

/* Counts by number, few at a time: sorted when asked. */
typedef struct tallies {
    uint32_t *id;
    uint32_t count, room;
    gx_arena *arena;
} tallies;

static void note(tallies *t, uint32_t id) {
    if (id == GX_NONE) {
        return;
    }
    if (t->count == t->room) {
        const uint32_t room = t->room ? t->room * 2 : 256;
        uint32_t *more = gx_arena_get(t->arena, room * sizeof *more);
        if (!more) {
            return;
        }
        if (t->count > 0) {
            memcpy(more, t->id, t->count * sizeof *more);
        }
        t->id = more;
        t->room = room;
    }
    t->id[t->count++] = id;
}

static int most_first(const void *a, const void *b) {
    const tally *x = a, *y = b;
    return x->count != y->count ? (x->count < y->count ? 1 : -1)
                                : (x->id > y->id) - (x->id < y->id);
}

/* By falling count. */
static tally *count_up(uint32_t *out_count, tallies *t) {
    tally *list = gx_arena_get(t->arena, ((size_t)t->count + 1) * sizeof *list);
    *out_count = 0;
    if (t->count > 0) {
        qsort(t->id, t->count, sizeof *t->id, gx_by_number);
    }
    for (uint32_t i = 0; list && i < t->count; i++) {
        if (*out_count > 0 && list[*out_count - 1].id == t->id[i]) {
            list[*out_count - 1].count++;
        } else {
            list[(*out_count)++] = (tally){t->id[i], 1};
        }
    }
    if (list && *out_count > 0) {
        qsort(list, *out_count, sizeof *list, most_first);
    }
    return list;
}

typedef struct card {
    gx_call_env *call;
    const gx_leaders *leaders;
    const uint32_t *community, *category; /* may be NULL */
    uint32_t categories;
    uint32_t user, n, min_count;
    const gx_held *held;
    uint8_t *gone; /* of `users`, who has departed; NULL: nobody */
    uint32_t users;
    uint64_t followers, asked;             /* who are still here */
    uint32_t follower;                     /* at hand */
    uint32_t acts;                         /* of the follower, after the member or via it */
    tallies circles, regions, cares, sold; /* regions: numbers in `region` */
    gx_value region;                       /* names */
    uint64_t hidden;
    const gx_event_core *own; /* the member's own events, by item */
    size_t own_count;
} card;

/* ---- the audience ---------------------------------------------------------------------------- */

static uint32_t region_number(card *c, const gx_value *region) {
    if (!region || region->type != GX_TEXT || region->size == 0) {
        return GX_NONE;
    }
    for (uint32_t i = 0; i < c->region.size; i++) {
        if (gx_value_equal(&c->region.as.items[i], region)) {
            return i;
        }
    }
    gx_list_add(c->call->arena, &c->region, *region);
    return c->region.size - 1;
}

static bool acted_before(const card *c, uint32_t item, int64_t ts_ms) {
    for (size_t i = 0; i < c->own_count; i++) {
        if (c->own[i].item == item && c->own[i].ts_ms < ts_ms) {
            return true;
        }
    }
    return false;
}

static gx_status note_event(void *context, const gx_event *event, gx_error *err) {
    card *c = context;
    (void)err;
    if (event->item == GX_NONE) {
        return GX_OK;
    }
    if (c->category && event->item < c->call->state->items) {
        note(&c->cares, c->category[event->item]);
    }
    if (event->via == c->user ||
        (event->via == GX_NONE && acted_before(c, event->item, event->ts_ms))) {
        c->acts++;
        const gx_action_rule *rule =
            gx_action_rule_of(&c->call->state->rules, c->call->txn, event->action);
        if (rule->is_purchase) {
            note(&c->sold, event->item);
        }
    }
    return GX_OK;
}

static bool is_here(const card *c, uint32_t user) {
    return !c->gone || user >= c->users || !c->gone[user];
}

static gx_status listen(card *c, uint32_t *listening, gx_error *err) {
    const gx_graph *g = &c->held->graph;
    const uint64_t from = c->user < g->n ? g->in_ptr[c->user] : 0;
    const uint64_t to = c->user < g->n ? g->in_ptr[c->user + 1] : 0;
    uint64_t here = 0;
    gx_status status = GX_OK;
    for (uint64_t k = from; k < to; k++) {
        c->followers += is_here(c, g->in_src[k]);
    }
    const uint64_t stride = c->followers / LISTENERS + 1;
    for (uint64_t k = from; k < to; k++) {
        const uint32_t u = g->in_src[k];
        gx_value record;
        if (!is_here(c, u)) {
            continue;
        }
        if (c->community && u < c->leaders->count) {
            note(&c->circles, c->community[u]);
        }
        if (here++ % stride) {
            continue;
        }
        c->asked++;
        GX_TRY(gx_job_check(c->call->job, err));
        GX_TRY(gx_record_get(&record, c->call->txn, c->call->arena, GX_SPACE_USER, u, err));
        note(&c->regions, region_number(c, gx_map_get(&record, "region")));
        c->follower = u;
        c->acts = 0;
        GX_TRY(gx_event_of_user(c->call->txn, u, EVENTS, note_event, c, err));
        *listening += c->acts > 0;
    }
done:
    return status;
}

typedef gx_value (*naming)(const card *c, uint32_t id);

static gx_value name_circle(const card *c, uint32_t id) {
    return gx_community_value(c->call->arena, c->call->state, id);
}

static gx_value name_region(const card *c, uint32_t id) {
    return c->region.as.items[id];
}

static gx_value name_category(const card *c, uint32_t id) {
    return gx_category_value(c->call->arena, c->call->state->arrays, id);
}

static gx_value name_item(const card *c, uint32_t id) {
    return gx_word_value(c->call->arena, c->call->txn, GX_SPACE_ITEM, id);
}

/* [{key, members}], those of fewer than the least left out and counted. */
static gx_value tally_value(card *c, tallies *t, const char *key, const char *what, naming name) {
    gx_arena *arena = c->call->arena;
    uint32_t count;
    const tally *list = count_up(&count, t);
    gx_value rows = gx_list(arena, c->n);
    for (uint32_t i = 0; list && i < count; i++) {
        if (list[i].count < c->min_count) {
            c->hidden += list[i].count;
        } else if (rows.size < c->n) {
            gx_value row = gx_map(arena, 2);
            gx_map_put(arena, &row, key, name(c, list[i].id));
            gx_map_put(arena, &row, what, gx_int(list[i].count));
            gx_list_add(arena, &rows, row);
        }
    }
    return rows;
}

static gx_value audience_value(card *c, uint32_t listening) {
    gx_arena *arena = c->call->arena;
    gx_value map = gx_map(arena, 8);
    gx_map_put(arena, &map, "followers", gx_int((int64_t)c->followers));
    gx_map_put(arena, &map, "asked", gx_int((int64_t)c->asked));
    gx_map_put(arena, &map, "listening",
               listening == 0 || listening >= c->min_count ? gx_int(listening) : gx_nil());
    gx_map_put(arena, &map, "communities",
               tally_value(c, &c->circles, "community", "members", name_circle));
    gx_map_put(arena, &map, "regions",
               tally_value(c, &c->regions, "region", "members", name_region));
    gx_map_put(arena, &map, "categories",
               tally_value(c, &c->cares, "category", "events", name_category));
    return map;
}

/* ---- the member ------------------------------------------------------------------------------ */

static gx_value attributes_value(const card *c, const gx_value *record) {
    static const char *const keys[] = {"region", "city",       "gender",    "age_band",
                                       "tags",   "occupation", "joined_at", "channel"};
    gx_value map = gx_map(c->call->arena, GX_COUNT(keys));
    for (size_t i = 0; i < GX_COUNT(keys); i++) {
        const gx_value *value = gx_map_get(record, keys[i]);
        if (value && value->type != GX_NIL) {
            gx_map_put(c->call->arena, &map, keys[i], *value);
        }
    }
    return map;
}

/* Categories of its own events. */
static gx_value interests_value(card *c) {
    tallies own = {.arena = c->call->arena};
    for (size_t i = 0; c->category && i < c->own_count; i++) {
        if (c->own[i].item < c->call->state->items) {
            note(&own, c->category[c->own[i].item]);
        }
    }
    uint32_t count;
    const tally *list = count_up(&count, &own);
    gx_value rows = gx_list(c->call->arena, c->n);
    for (uint32_t i = 0; list && i < count && i < c->n; i++) {
        gx_value row = gx_map(c->call->arena, 2);
        gx_map_put(c->call->arena, &row, "category", name_category(c, list[i].id));
        gx_map_put(c->call->arena, &row, "events", gx_int(list[i].count));
        gx_list_add(c->call->arena, &rows, row);
    }
    return rows;
}

/* Where it is among the leaders of a category. */
static gx_value leads_value(const card *c) {
    const gx_arrays *arrays = c->call->state->arrays;
    const uint64_t rows = gx_arrays_rows(arrays, "leaders.category_ptr");
    const uint64_t *ptr = gx_arrays_get(arrays, "leaders.category_ptr", GX_U64, rows);
    const uint32_t *user = gx_arrays_get(arrays, "leaders.category_user", GX_U32, 0);
    const float *score = gx_arrays_get(arrays, "leaders.category_score", GX_F32, 0);
    gx_value list = gx_list(c->call->arena, 4);
    for (uint64_t k = 0; ptr && user && score && k + 1 < rows; k++) {
        for (uint64_t i = ptr[k]; i < ptr[k + 1]; i++) {
            if (user[i] == c->user) {
                gx_value row = gx_map(c->call->arena, 3);
                gx_map_put(c->call->arena, &row, "category", name_category(c, (uint32_t)k));
                gx_map_put(c->call->arena, &row, "rank", gx_int((int64_t)(i - ptr[k]) + 1));
                gx_map_put(c->call->arena, &row, "score", gx_real((double)score[i]));
                gx_list_add(c->call->arena, &list, row);
            }
        }
    }
    return list;
}

gx_status gx_leader_card(gx_value *out, gx_call_env *call, const gx_leaders *leaders, uint32_t user,
                         uint32_t n, gx_error *err) {
    gx_arena *arena = call->arena;
    const gx_state *state = call->state;
    card c = {.call = call,
              .leaders = leaders,
              .user = user,
              .n = n,
              .users = gx_word_count(call->txn, GX_SPACE_USER),
              .circles = {.arena = arena},
              .regions = {.arena = arena},
              .cares = {.arena = arena},
              .sold = {.arena = arena},
              .region = gx_list(arena, 16)};
    gx_event_core *own = gx_arena_get(arena, EVENTS * sizeof *own);
    gx_value record;
    uint32_t listening = 0;
    gx_status status = GX_OK;
    if (!own) {
        return gx_fail_memory(err, EVENTS * sizeof *own);
    }
    c.community = gx_arrays_get(state->arrays, "leiden.community", GX_U32, state->users);
    c.category = gx_arrays_get(state->arrays, "category.label", GX_U32, state->items);
    GX_TRY(gx_min_count(&c.min_count, call->txn, arena, err));
    GX_TRY(gx_record_get(&record, call->txn, arena, GX_SPACE_USER, user, err));
    GX_TRY(gx_event_recent(own, &c.own_count, call->txn, user, EVENTS, err));
    c.own = own;
    GX_TRY(gx_graph_hold(&c.held, call->db, &state->rules, GX_GRAPH_IN, NULL, call->job, err));
    GX_TRY(gx_view_departed(&c.gone, call->txn, 0, call->job, err));
    GX_TRY(listen(&c, &listening, err));
    *out = gx_map(arena, 10);
    gx_map_put(arena, out, "user", gx_word_value(arena, call->txn, GX_SPACE_USER, user));
    gx_map_put(arena, out, "attributes", attributes_value(&c, &record));
    gx_map_put(arena, out, "interests", interests_value(&c));
    gx_map_put(arena, out, "leads_in", leads_value(&c));
    gx_map_put(arena, out, "audience", audience_value(&c, listening));
    gx_map_put(arena, out, "sells", tally_value(&c, &c.sold, "item", "purchases", name_item));
    gx_map_put(arena, out, "hidden", gx_int((int64_t)c.hidden));
    gx_map_put(arena, out, "measures", gx_leader_measures_value(arena, leaders, user));
done:
    gx_job_free(call->job, c.gone);
    gx_graph_release(call->db, c.held);
    return status;
}
