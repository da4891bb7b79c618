/* audience.leakage: members after whom those who listen to them buy elsewhere (R72): elsewhere is
 * what the call says it is. docs/leakage.md. */
#include "api/build/estimate.h"
#include "api/graphs.h"
#include "api/lists/filter.h"
#include "api/lists/known.h"
#include "api/lists/lists.h"
#include "api/support.h"
#include "api/vector.h"

#include <math.h>
#include <stdlib.h>

/* clang-format off */
static const gx_param params[] = {
    {"channels", GX_PARAM_LIST, NULL, 1, 1000, NULL, NULL, 0, "events of these channels are elsewhere"},
    {"stores", GX_PARAM_LIST, NULL, 1, 1000, NULL, NULL, 0, "events of these stores are elsewhere"},
    {"where", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "events with these items are elsewhere: an expression, like: seller = \"rival\""},
    {"window", GX_PARAM_DURATION, "14d", 1, 3.2e11, "ms", NULL, 0,
     "a purchase follows an act so long after it"},
    {"n", GX_PARAM_INT, "20", 1, 1e6, "members", NULL, 0, "how many"},
    GX_VIEW_PARAMS,
    GX_ESTIMATE_PARAM,
};
/* clang-format on */

/* What somebody did elsewhere. */
typedef struct act {
    uint32_t place, user, via;
    bool buys;
    int64_t ts_ms;
    double amount;
} act;

/* A purchase that followed an act of somebody listened to, or the part of it. */
typedef struct led {
    uint32_t leader, user;
    bool named; /* the log says via whom */
    int64_t ts_ms;
    double amount, part;
} led;

typedef struct leak {
    gx_call_env *call;
    gx_view_spec spec;
    const gx_held *held;
    const gx_columns *columns;
    const char *unheard; /* of `where`: what no item has */
    uint8_t *item_out;   /* items: elsewhere; NULL: not by items */
    uint32_t items;
    uint8_t *channel_out;
    uint32_t channels;
    const gx_value *stores;
    bool *store_met; /* of `stores`: some purchase or share was there */
    gx_arena *scratch;
    vector acts, after; /* act; led */
    double *before;     /* by member: amounts that came before an act */
    double *before_part;
    uint32_t *acted;               /* by member: own acts elsewhere */
    int64_t *near_ms;              /* by member: the last act at the place, or the next */
    int64_t *first_own, *last_own; /* by member: purchases that are not elsewhere */
    uint32_t users;
    uint64_t elsewhere; /* purchases */
    double amount;
} leak;

/* ---- what is elsewhere ------------------------------------------------------------------------
 */

/* A number for the place, so that acts at one are told from those at another; GX_NONE: ours. */
static uint32_t place_of(leak *l, const gx_event *e) {
    gx_value extra;
    if (e->channel < l->channels && l->channel_out[e->channel]) {
        return 2 * e->channel + 2;
    }
    if (l->stores->type == GX_LIST && e->extra.size) {
        gx_arena_reset(l->scratch);
        if (gx_pack_read(&extra, l->scratch, e->extra.data, e->extra.size, &GX_PACK_LIMITS_DEFAULT,
                         NULL) == GX_OK &&
            extra.type == GX_MAP) {
            const gx_value *store = gx_map_get(&extra, "store");
            for (uint32_t i = 0; store && i < l->stores->size; i++) {
                if (gx_value_equal(&l->stores->as.items[i], store)) {
                    l->store_met[i] = true;
                    return 2 * i + 1;
                }
            }
        }
    }
    return l->item_out && e->item < l->items && l->item_out[e->item] ? 0 : GX_NONE;
}

/* Via whom: somebody else who was not forgotten. */
static uint32_t via_of(const leak *l, const gx_event *e) {
    const bool other = e->via != e->user && e->via < l->users;
    return other && gx_word_name(l->call->txn, GX_SPACE_USER, e->via).size > 0 ? e->via : GX_NONE;
}

static gx_status take_event(void *user, const gx_event *e, gx_error *err) {
    leak *l = user;
    (void)err;
    const gx_action_rule *rule = gx_action_rule_of(&l->call->state->rules, l->call->txn, e->action);
    if (e->user >= l->users || !(rule->is_purchase || rule->is_share) ||
        !gx__in_window(e->ts_ms, l->spec.from_ms, l->spec.to_ms)) {
        return GX_OK;
    }
    const uint32_t place = place_of(l, e);
    if (place == GX_NONE) {
        if (rule->is_purchase) {
            int64_t *first = &l->first_own[e->user], *last = &l->last_own[e->user];
            *first = e->ts_ms < *first ? e->ts_ms : *first;
            *last = e->ts_ms > *last ? e->ts_ms : *last;
        }
        return GX_OK;
    }
    act *a;
    const gx_status status = vector_push(&a, &l->acts, l->call->job, err);
    if (status != GX_OK) {
        return status;
    }
    *a = (act){.place = place,
               .user = e->user,
               .via = via_of(l, e),
               .buys = rule->is_purchase,
               .ts_ms = e->ts_ms,
               .amount = e->amount > 0 ? e->amount : 0};
    l->acted[e->user]++;
    l->elsewhere += a->buys;
    l->amount += a->buys ? a->amount : 0;
    return GX_OK;
}

static gx_status read_channels(leak *l, gx_error *err) {
    const gx_value *list = gx_arg_value(l->call->args, "channels");
    l->channels = gx_word_count(l->call->txn, GX_SPACE_CHANNEL);
    l->channel_out = gx_arena_get(l->call->arena, (size_t)l->channels + 1);
    if (!l->channel_out) {
        return gx_fail_memory(err, l->channels);
    }
    memset(l->channel_out, 0, (size_t)l->channels + 1);
    for (uint32_t i = 0; list->type == GX_LIST && i < list->size; i++) {
        uint32_t channel;
        const gx_slice word = {list->as.items[i].as.text, list->as.items[i].size};
        gx_status status = gx_need_word(&channel, l->call->txn, GX_SPACE_CHANNEL, word, err);
        if (status != GX_OK) {
            return status;
        }
        l->channel_out[channel < l->channels ? channel : l->channels] = 1;
    }
    return GX_OK;
}

static gx_status read_items(leak *l, gx_error *err) {
    gx_where *where;
    gx_status status = GX_OK;
    if (!gx_arg_has(l->call->args, "where")) {
        return GX_OK;
    }
    GX_TRY(gx_where_compile(&where, l->call->arena, gx_arg_text(l->call->args, "where"), err));
    GX_TRY(gx_filter_lock(&l->columns, l->call, err));
    GX_TRY(gx_known_item_fields(l->call->arena, l->columns, "where", where, err));
    l->items = gx_columns_rows(l->columns);
    l->item_out = gx_arena_get(l->call->arena, (size_t)l->items + 1);
    if (!l->item_out) {
        return gx_fail_memory(err, l->items);
    }
    for (uint32_t i = 0; i < l->items; i++) {
        l->item_out[i] = gx_where_row(where, l->columns, i);
    }
    if (l->items > 0 && !memchr(l->item_out, 1, l->items)) {
        GX_TRY(gx_known_item_texts(&l->unheard, l->call->arena, l->columns, "where", where, err));
    }
done:
    return status;
}

/* ---- what followed ----------------------------------------------------------------------------
 */

static int by_place(const void *a, const void *b) {
    const act *x = a, *y = b;
    if (x->place != y->place) {
        return x->place < y->place ? -1 : 1;
    }
    if (x->ts_ms != y->ts_ms) {
        return x->ts_ms < y->ts_ms ? -1 : 1;
    }
    return (x->user > y->user) - (x->user < y->user);
}

static gx_status add_led(leak *l, uint32_t leader, const act *a, double part, bool named,
                         gx_error *err) {
    led *one;
    const gx_status status = vector_push(&one, &l->after, l->call->job, err);
    if (status != GX_OK) {
        return status;
    }
    *one = (led){leader, a->user, named, a->ts_ms, a->amount * part, part};
    return GX_OK;
}

/* Whether an act of `s` at the place lies within the window before a, or after it. */
static bool is_near(const leak *l, uint32_t s, const act *a, bool after) {
    const int64_t at = l->near_ms[s], window = gx_arg_int(l->call->args, "window");
    return at != INT64_MIN && (after ? a->ts_ms > at && a->ts_ms - at <= window
                                     : at > a->ts_ms && at - a->ts_ms <= window);
}

static uint32_t count_near(const leak *l, const act *a, bool after) {
    const gx_graph *g = &l->held->graph;
    uint32_t count = 0;
    for (uint64_t i = g->out_ptr[a->user]; i < g->out_ptr[a->user + 1]; i++) {
        count += is_near(l, g->out_dst[i], a, after);
    }
    return count;
}

/* The purchase among those listened to who acted near it. */
static gx_status share_out(leak *l, const act *a, bool after, gx_error *err) {
    const gx_graph *g = &l->held->graph;
    gx_status status = GX_OK;
    const uint32_t count = a->user < g->n ? count_near(l, a, after) : 0;
    for (uint64_t i = count ? g->out_ptr[a->user] : 0; count && i < g->out_ptr[a->user + 1]; i++) {
        const uint32_t s = g->out_dst[i];
        if (!is_near(l, s, a, after)) {
            continue;
        }
        if (after) {
            GX_TRY(add_led(l, s, a, 1.0 / count, false, err));
        } else {
            l->before[s] += a->amount / count;
            l->before_part[s] += 1.0 / count;
        }
    }
done:
    return status;
}

static const act *act_at(const leak *l, size_t i, bool after) {
    return (const act *)l->acts.data + (after ? i : l->acts.count - 1 - i);
}

typedef gx_status purchase_fn(leak *l, const act *a, bool after, void *user, gx_error *err);

/* Every purchase, by the acts in order, or backward where not `after`: near_ms is then of the acts
 * at its place before it (after it). An act is known once the time has moved on: of those of one
 * time none comes before another. */
static gx_status each_purchase(leak *l, bool after, purchase_fn *see, void *user, gx_error *err) {
    enum { CHECK_EVERY = 1024 };
    size_t begun = 0, now = 0; /* of this place; of this place and time */
    gx_status status = GX_OK;
    for (size_t i = 0; i < l->acts.count; i++) {
        const act *a = act_at(l, i, after);
        if (a->place != act_at(l, begun, after)->place) {
            for (; begun < i; begun++) {
                l->near_ms[act_at(l, begun, after)->user] = INT64_MIN;
            }
            now = i;
        }
        for (; act_at(l, now, after)->ts_ms != a->ts_ms; now++) {
            l->near_ms[act_at(l, now, after)->user] = act_at(l, now, after)->ts_ms;
        }
        if (a->buys) {
            GX_TRY(see(l, a, after, user, err));
        }
        if (i % CHECK_EVERY == 0) {
            GX_TRY(gx_job_check(l->call->job, err));
        }
    }
done:
    for (; begun < l->acts.count; begun++) {
        l->near_ms[act_at(l, begun, after)->user] = INT64_MIN;
    }
    return status;
}

static gx_status follow(leak *l, const act *a, bool after, void *user, gx_error *err) {
    (void)user;
    if (a->via == GX_NONE) {
        return share_out(l, a, after, err);
    }
    return after ? add_led(l, a->via, a, 1, true, err) : GX_OK;
}

static void sort_acts(leak *l) {
    if (l->acts.count) {
        qsort(l->acts.data, l->acts.count, sizeof(act), by_place);
    }
}

static gx_status follow_all(leak *l, gx_error *err) {
    sort_acts(l);
    const gx_status status = each_purchase(l, true, follow, NULL, err);
    return status == GX_OK ? each_purchase(l, false, follow, NULL, err) : status;
}

/* ---- the answer -------------------------------------------------------------------------------
 */

static int by_leader(const void *a, const void *b) {
    const led *x = a, *y = b;
    if (x->leader != y->leader) {
        return x->leader < y->leader ? -1 : 1;
    }
    if (x->user != y->user) {
        return x->user < y->user ? -1 : 1;
    }
    return (x->ts_ms > y->ts_ms) - (x->ts_ms < y->ts_ms);
}

typedef struct steerer {
    uint32_t user, followers, ours, gone;
    double named, after, purchases, before_purchases, before, steered, steered_purchases;
} steerer;

static int by_steered(const void *a, const void *b) {
    const steerer *x = a, *y = b;
    if (x->steered != y->steered) {
        return x->steered > y->steered ? -1 : 1;
    }
    if (x->steered_purchases != y->steered_purchases) {
        return x->steered_purchases > y->steered_purchases ? -1 : 1;
    }
    return (x->user > y->user) - (x->user < y->user);
}

/* Of the run of one leader. */
static steerer sum_up(const leak *l, const led *run, size_t count) {
    steerer s = {.user = run[0].leader};
    double named_purchases = 0;
    for (size_t k = 0; k < count; k++) {
        const led *one = &run[k];
        if (k == 0 || one->user != run[k - 1].user) { /* the first that followed */
            s.followers++;
            s.ours += l->first_own[one->user] < one->ts_ms;
            s.gone += l->first_own[one->user] < one->ts_ms && l->last_own[one->user] < one->ts_ms;
        }
        s.named += one->named ? one->amount : 0;
        named_purchases += one->named ? one->part : 0;
        s.after += one->named ? 0 : one->amount;
        s.purchases += one->part;
    }
    s.before = l->before[s.user];
    s.before_purchases = l->before_part[s.user];
    s.steered = s.named + fmax(0, s.after - s.before);
    s.steered_purchases =
        named_purchases + fmax(0, s.purchases - named_purchases - s.before_purchases);
    return s;
}

static gx_value steerer_row(const leak *l, const steerer *s, uint32_t rank) {
    gx_arena *arena = l->call->arena;
    gx_value row = gx_map(arena, 12);
    gx_map_put(arena, &row, "rank", gx_int(rank));
    gx_map_put(arena, &row, "user", gx_word_value(arena, l->call->txn, GX_SPACE_USER, s->user));
    gx_map_put(arena, &row, "steered", gx_real(s->steered));
    gx_map_put(arena, &row, "purchases", gx_real(s->steered_purchases));
    gx_map_put(arena, &row, "named", gx_real(s->named));
    gx_map_put(arena, &row, "after", gx_real(s->after));
    gx_map_put(arena, &row, "before", gx_real(s->before));
    gx_map_put(arena, &row, "followers", gx_int(s->followers));
    gx_map_put(arena, &row, "ours", gx_int(s->ours));
    gx_map_put(arena, &row, "gone", gx_int(s->gone));
    gx_map_put(arena, &row, "acts", gx_int(l->acted[s->user]));
    return row;
}

static gx_status answer(gx_value *out, leak *l, gx_error *err) {
    gx_arena *arena = l->call->arena;
    led *all = l->after.data;
    vector found = {.size = sizeof(steerer)};
    const uint32_t n = (uint32_t)gx_arg_int(l->call->args, "n");
    gx_value row = gx_map(arena, 5), list = gx_list(arena, n < 64 ? n : 64);
    gx_value notes = gx_list(arena, 1);
    double steered = 0;
    gx_status status = GX_OK;
    if (l->unheard) {
        gx_list_add(arena, &notes, gx_str(l->unheard));
    }
    if (l->after.count) {
        qsort(all, l->after.count, sizeof *all, by_leader);
    }
    for (size_t from = 0, to = 0; from < l->after.count; from = to) {
        while (to < l->after.count && all[to].leader == all[from].leader) {
            to++;
        }
        const steerer s = sum_up(l, all + from, to - from);
        if (s.steered > 0 || s.steered_purchases > 0) {
            steerer *room;
            GX_TRY(vector_push(&room, &found, l->call->job, err));
            *room = s;
            steered += s.steered;
        }
    }
    if (found.count) {
        qsort(found.data, found.count, sizeof(steerer), by_steered);
    }
    for (uint32_t i = 0; i < found.count && i < n; i++) {
        gx_list_add(arena, &list, steerer_row(l, (const steerer *)found.data + i, i + 1));
    }
    gx_map_put(arena, &row, "members", list);
    gx_map_put(arena, &row, "steered", gx_real(steered));
    gx_map_put(arena, &row, "elsewhere", gx_real(l->amount));
    gx_map_put(arena, &row, "purchases", gx_int((int64_t)l->elsewhere));
    gx_map_put(arena, &row, "notes", notes);
    *out = row;
done:
    vector_finish(&found, l->call->job);
    return status;
}

static gx_status prepare(leak *l, gx_error *err) {
    gx_call_env *call = l->call;
    gx_status status = GX_OK;
    gx_job *job = call->job;
    if (!gx_arg_has(call->args, "channels") && !gx_arg_has(call->args, "stores") &&
        !gx_arg_has(call->args, "where")) {
        return gx_fail_at(err, GX_BAD_REQUEST, "where",
                          "what is elsewhere was not said; accepted are channels, stores or where "
                          "(an expression over items), or several");
    }
    l->stores = gx_arg_value(call->args, "stores");
    const uint32_t stores = l->stores->type == GX_LIST ? l->stores->size : 0;
    l->store_met = gx_arena_get(call->arena, stores + (size_t)1);
    if (!l->store_met) {
        return gx_fail_memory(err, stores);
    }
    memset(l->store_met, 0, stores + (size_t)1);
    l->scratch = gx_arena_create();
    l->acts.size = sizeof(act);
    l->after.size = sizeof(led);
    GX_TRY(gx_spec_from_args(&l->spec, call->arena, call->args, err));
    GX_TRY(gx_graph_hold(&l->held, call->db, &call->state->rules, 0, &l->spec, job, err));
    l->users = gx_word_count(call->txn, GX_SPACE_USER);
    const size_t room = (l->users > l->held->graph.n ? l->users : l->held->graph.n) + (size_t)1;
    GX_TRY(l->scratch ? GX_OK : gx_fail_memory(err, 0));
    GX_TRY(gx_job_alloc(job, &l->before, room, sizeof *l->before, err));
    GX_TRY(gx_job_alloc(job, &l->before_part, room, sizeof *l->before_part, err));
    GX_TRY(gx_job_alloc(job, &l->acted, room, sizeof *l->acted, err));
    GX_TRY(gx_job_alloc(job, &l->near_ms, room, sizeof *l->near_ms, err));
    GX_TRY(gx_job_alloc(job, &l->first_own, room, sizeof *l->first_own, err));
    GX_TRY(gx_job_alloc(job, &l->last_own, room, sizeof *l->last_own, err));
    for (size_t u = 0; u < room; u++) {
        l->near_ms[u] = l->last_own[u] = INT64_MIN;
        l->first_own[u] = INT64_MAX;
    }
    GX_TRY(read_channels(l, err));
    GX_TRY(read_items(l, err));
done:
    return status;
}

/* A store that no purchase or share of the whole log names is misspelt. */
static gx_status check_stores(const leak *l, gx_error *err) {
    const bool whole = l->spec.from_ms == 0 && l->spec.to_ms == 0 &&
                       !gx_arg_has(l->call->args, "channels"); /* which are looked at first */
    for (uint32_t i = 0; whole && l->stores->type == GX_LIST && i < l->stores->size; i++) {
        const gx_value *name = &l->stores->as.items[i];
        char shown[60];
        if (!l->store_met[i]) {
            return gx_fail_at(err, GX_NOT_FOUND, "stores",
                              "stores: no purchase or share was at the store %s",
                              gx_quote(shown, sizeof shown, name->as.text, name->size));
        }
    }
    return GX_OK;
}

/* ---- beforehand -------------------------------------------------------------------------------
 */

/* Parts that purchases have, by every `step`-th of those that follow an act, and ties that are
 * looked at for them. */
typedef struct looks {
    size_t step;
    double parts, ties;
} looks;

static gx_status count_parts(leak *l, const act *a, bool after, void *user, gx_error *err) {
    const gx_graph *g = &l->held->graph;
    looks *told = user;
    (void)err;
    if (a->via != GX_NONE) {
        told->parts++;
    } else if (a->user < g->n) {
        const size_t k = (size_t)(a - (const act *)l->acts.data);
        told->ties += (double)(g->out_ptr[a->user + 1] - g->out_ptr[a->user]);
        told->parts += k % told->step == 0 ? (double)told->step * count_near(l, a, after) : 0;
    }
    return GX_OK;
}

/* The log is read and its acts are put in order, both timed; what follows is told from the ties of
 * who buys and the parts of some purchases, by figures that were measured with 2,000, 20,000 and
 * 60,000 members: docs/leakage.md. */
static gx_status estimate(gx_value *out, leak *l, int64_t begun_ns, gx_error *err) {
    enum { SOME = 20000 };
    static const double tie_s = 9e-8, part_s = 1.3e-7, order_s = 2e-8;
    const gx_job *job = l->call->job;
    const uint64_t peak = atomic_load(&job->mem_peak), held = atomic_load(&job->mem_used);
    looks told = {.step = l->acts.count / SOME + 1};
    sort_acts(l);
    const double read_s = (double)(gx_clock_thread_ns() - begun_ns) / 1e9;
    const gx_status status = each_purchase(l, true, count_parts, &told, err);
    const uint64_t grown = held + vector_bytes(told.parts, sizeof(led));
    const gx_part_estimate steps[] = {
        {"log", {.mem_bytes = peak, .cpu_s = read_s}},
        {"follow", {.mem_bytes = grown, .cpu_s = tie_s * told.ties + part_s * told.parts}},
        {"members",
         {.mem_bytes = grown + vector_bytes(fmin(told.parts, l->users), sizeof(steerer)),
          .cpu_s = order_s * told.parts * log2(told.parts + 2)}}};
    if (status == GX_OK) {
        *out = gx_estimate_steps(l->call->arena, steps, GX_COUNT(steps), 1);
    }
    return status;
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    gx_job *job = call->job;
    leak l = {.call = call};
    const int64_t begun = gx_clock_thread_ns();
    GX_TRY(prepare(&l, err));
    GX_TRY(
        gx_view_each(call->txn, INT64_MIN, INT64_MAX, "reading events", take_event, &l, job, err));
    GX_TRY(check_stores(&l, err));
    if (gx_arg_bool(call->args, "estimate")) {
        status = estimate(out, &l, begun, err);
        goto done;
    }
    GX_TRY(follow_all(&l, err));
    GX_TRY(answer(out, &l, err));
done:
    if (l.columns) {
        gx_db_items_unlock(call->db);
    }
    gx_arena_destroy(l.scratch);
    vector_finish(&l.acts, job);
    vector_finish(&l.after, job);
    gx_job_free(job, l.before);
    gx_job_free(job, l.before_part);
    gx_job_free(job, l.acted);
    gx_job_free(job, l.near_ms);
    gx_job_free(job, l.first_own);
    gx_job_free(job, l.last_own);
    gx_graph_release(call->db, l.held);
    return status;
}

const gx_method gx_method_audience_leakage = {
    .name = "audience.leakage",
    .summary = "members after whom those who listen to them buy elsewhere, and how much",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .is_long = gx_is_always_long,
    .result = "{members: [{rank, user, steered, purchases, named, after, before, followers, ours, "
              "gone, acts}], steered, elsewhere, purchases, notes: [text]}; with estimate {steps, "
              "mem_bytes, "
              "cpu_s, cpu_most_s}",
    .run = run,
};
