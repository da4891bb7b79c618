/* Limits out of arguments. */
#include "api/spread/limits.h"

#include "api/lists/lists.h"
#include "api/lists/segment.h"
#include "api/people/member_rules.h"

#include <math.h>

/* ---- who may not ------------------------------------------------------------------------------
 */

static void bar(gx_spread_limits *l, uint32_t v, gx_spread_bar why) {
    if (!l->barred[v]) {
        l->left_out[why]++;
        l->barred[v] = (uint8_t)(1 + why);
    }
}

/* Ids that are no members exclude nobody; they are told. */
static gx_status bar_excluded(gx_spread_limits *l, const gx_spread *s, gx_error *err) {
    gx_lists_ids ids;
    gx_status status = gx_lists_find(&ids, s->call, GX_SPACE_USER, "exclude", err);
    for (uint32_t i = 0; status == GX_OK && i < ids.count; i++) {
        if (ids.id[i] < s->n) {
            bar(l, ids.id[i], GX_SPREAD_EXCLUDED);
        }
    }
    l->unknown = status == GX_OK ? ids.unknown : l->unknown;
    return status;
}

static gx_status bar_departed(gx_spread_limits *l, const gx_spread *s, gx_error *err) {
    for (uint32_t v = 0; s->gone && v < s->n; v++) {
        if (s->gone[v]) { /* the nameless are barred already */
            bar(l, v, GX_SPREAD_DEPARTED);
        }
    }
    (void)err;
    return GX_OK;
}

static gx_status bar_risky(gx_spread_limits *l, const gx_spread *s, gx_error *err) {
    const gx_status status = gx_risks_open(&l->risks, s->call, 100, err);
    for (uint32_t v = 0; status == GX_OK && v < s->n; v++) {
        if (gx_is_risky(&l->risks, v)) {
            bar(l, v, GX_SPREAD_RISK);
        }
    }
    return status;
}

static gx_status bar_others(gx_spread_limits *l, const gx_spread *s, gx_error *err) {
    gx_status status = GX_OK;
    uint8_t *mask;
    GX_TRY(gx_job_alloc(s->call->job, &mask, s->n, 1, err));
    GX_TRY(gx_segment_mark(mask, s->n, s->call, "segment", err));
    for (uint32_t v = 0; v < s->n; v++) {
        if (!mask[v]) {
            bar(l, v, GX_SPREAD_SEGMENT);
        }
    }
done:
    gx_job_free(s->call->job, mask);
    return status;
}

typedef struct counting {
    const gx_spread *spread;
    uint32_t *events;
    const bool *campaign; /* NULL: events are counted */
    uint32_t campaigns;
    gx_spread_limits *limits;
} counting;

static gx_status count_events(void *user, const gx_event_core *events, size_t count,
                              gx_error *err) {
    const counting *c = user;
    const gx_view_spec *spec = &c->spread->spec;
    for (size_t i = 0; i < count; i++) {
        const bool within = (spec->from_ms == 0 && spec->to_ms == 0) ||
                            (events[i].ts_ms >= spec->from_ms &&
                             (spec->to_ms == 0 || events[i].ts_ms < spec->to_ms));
        if (within && events[i].user < c->spread->n) {
            c->events[events[i].user]++;
        }
    }
    (void)err;
    return GX_OK;
}

static gx_status bar_inactive(gx_spread_limits *l, const gx_spread *s, gx_error *err) {
    gx_status status = GX_OK;
    counting c = {.spread = s};
    const int64_t least = gx_arg_int(s->call->args, "min_activity");
    GX_TRY(gx_job_alloc(s->call->job, &c.events, s->n, sizeof *c.events, err));
    GX_TRY(gx_view_scan(s->call->txn, "reading events", count_events, &c, s->call->job, err));
    for (uint32_t v = 0; v < s->n; v++) {
        if (c.events[v] < least) {
            bar(l, v, GX_SPREAD_INACTIVE);
        }
    }
done:
    gx_job_free(s->call->job, c.events);
    return status;
}

static gx_status bar_campaign(void *user, const gx_event *event, gx_error *err) {
    const counting *c = user;
    (void)err;
    if (event->campaign < c->campaigns && c->campaign[event->campaign] &&
        event->user < c->spread->n) {
        bar(c->limits, event->user, GX_SPREAD_USED);
    }
    return GX_OK;
}

static gx_status bar_used(gx_spread_limits *l, const gx_spread *s, gx_error *err) {
    gx_call_env *call = s->call;
    const gx_value *names = gx_arg_value(call->args, "used_in");
    const uint32_t count = gx_word_count(call->txn, GX_SPACE_CAMPAIGN);
    bool *wanted = gx_arena_get(call->arena, ((size_t)count + 1) * sizeof *wanted);
    counting c = {.spread = s, .campaign = wanted, .campaigns = count, .limits = l};
    gx_status status = GX_OK;
    if (!wanted) {
        return gx_fail_memory(err, count * sizeof *wanted);
    }
    memset(wanted, 0, ((size_t)count + 1) * sizeof *wanted);
    for (uint32_t i = 0; i < names->size; i++) {
        const gx_slice name = {names->as.items[i].as.text, names->as.items[i].size};
        uint32_t campaign;
        GX_TRY(gx_need_word(&campaign, call->txn, GX_SPACE_CAMPAIGN, name, err));
        wanted[campaign] = true;
    }
    GX_TRY(gx_view_each(call->txn, INT64_MIN, INT64_MAX, "reading events", bar_campaign, &c,
                        call->job, err));
done:
    return status;
}

/* Nodes without a name: members who were forgotten, or are newer than the transaction. */
static void bar_nameless(gx_spread_limits *l, const gx_spread *s) {
    for (uint32_t v = 0; s->gone && v < s->n; v++) {
        if (s->gone[v] && gx_word_name(s->call->txn, GX_SPACE_USER, v).size == 0) {
            l->barred[v] = 1;
        }
    }
}

static gx_status read_barred(gx_spread_limits *l, const gx_spread *s, gx_error *err) {
    static const struct {
        const char *argument;
        gx_status (*apply)(gx_spread_limits *l, const gx_spread *s, gx_error *err);
    } rules[] = {{"exclude", bar_excluded}, {NULL, bar_departed}, /* asked or not */
                 {NULL, bar_risky},         {"segment", bar_others}, {"min_activity", bar_inactive},
                 {"used_in", bar_used}};
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(s->call->job, &l->barred, s->n, 1, err));
    bar_nameless(l, s);
    for (size_t i = 0; i < GX_COUNT(rules); i++) {
        if (!rules[i].argument || gx_arg_has(s->call->args, rules[i].argument)) {
            GX_TRY(rules[i].apply(l, s, err));
        }
    }
    l->limits.barred = l->barred;
done:
    return status;
}

/* ---- who must ---------------------------------------------------------------------------------
 */

static bool is_listed(const gx_value *list, gx_slice name) {
    for (uint32_t i = 0; list->type == GX_LIST && i < list->size; i++) {
        const gx_slice one = {list->as.items[i].as.text, list->as.items[i].size};
        if (one.size == name.size && memcmp(one.data, name.data, name.size) == 0) {
            return true;
        }
    }
    return false;
}

/* Each has to be a member, and not excluded by name; other rules are for those to be found. */
static gx_status read_included(gx_spread_limits *l, const gx_spread *s, gx_error *err) {
    gx_call_env *call = s->call;
    const gx_value *list = gx_arg_value(call->args, "include");
    const gx_value *excluded = gx_arg_value(call->args, "exclude");
    gx_lists_ids ids;
    char shown[60];
    if (list->type != GX_LIST) {
        return GX_OK;
    }
    gx_status status = gx_lists_find(&ids, call, GX_SPACE_USER, "include", err);
    if (status != GX_OK) {
        return status;
    }
    if (ids.unknown.size > 0) {
        const gx_value *first = &ids.unknown.as.items[0];
        return gx_fail_at(err, GX_NOT_FOUND, "include", "include: user %s is not in this store",
                          gx_quote(shown, sizeof shown, first->as.text, first->size));
    }
    for (uint32_t i = 0; i < ids.count; i++) {
        const gx_slice name = gx_word_name(call->txn, GX_SPACE_USER, ids.id[i]);
        if (ids.id[i] >= s->n || is_listed(excluded, name)) {
            return gx_fail_at(err, GX_BAD_REQUEST, "include",
                              "include: user %s is excluded too; accepted is one of the two",
                              gx_quote(shown, sizeof shown, name.data, name.size));
        }
    }
    for (uint32_t i = 0; i < ids.count; i++) {
        if (l->barred[ids.id[i]] > 1) { /* those excluded by name were refused */
            l->left_out[l->barred[ids.id[i]] - 1]--;
        }
    }
    l->limits.given = ids.id;
    l->limits.given_count = ids.count;
    return GX_OK;
}

/* ---- quotas -----------------------------------------------------------------------------------
 */

static gx_status read_quotas(uint32_t **out, gx_spread_limits *l, const gx_spread *s,
                             const char *argument, const char *each, uint32_t otherwise,
                             gx_error *err) {
    gx_call_env *call = s->call;
    const gx_value *map = gx_arg_value(call->args, argument);
    const uint32_t count = l->circles.count;
    gx_status status = GX_OK;
    *out = NULL;
    if (map->type != GX_MAP && !gx_arg_has(call->args, each)) {
        return GX_OK;
    }
    uint32_t *quota = gx_arena_get(call->arena, ((size_t)count + 1) * sizeof *quota);
    if (!quota) {
        return gx_fail_memory(err, count * sizeof *quota);
    }
    for (uint32_t c = 0; c < count; c++) {
        quota[c] =
            gx_arg_has(call->args, each) ? (uint32_t)gx_arg_int(call->args, each) : otherwise;
    }
    for (uint32_t i = 0; map->type == GX_MAP && i < map->size; i++) {
        const gx_pair *pair = &map->as.pairs[i];
        const gx_slice name = {pair->key.as.text, pair->key.size};
        uint32_t circle;
        double number;
        GX_TRY(gx_spread_circle_find(&circle, &l->circles, argument, name, call->arena, err));
        GX_TRY(gx_weight_read(&number, argument, pair, err));
        if (!(number >= 0 && number <= 1e9 && number == floor(number))) {
            return gx_fail_at(err, GX_BAD_REQUEST, argument,
                              "%s: %g was given for %s; accepted is a whole number of 0 or more",
                              argument, number, l->circles.name[circle]);
        }
        quota[circle] = (uint32_t)number;
    }
    *out = quota;
done:
    return status;
}

static gx_status read_circles(gx_spread_limits *l, const gx_spread *s, gx_error *err) {
    const gx_args *args = s->call->args;
    static const char *const asks[] = {"by", "least", "most", "least_each", "most_each"};
    gx_status status = GX_OK;
    uint32_t *least, *most;
    l->has_circles = gx_arg_real(args, "fair") > 0;
    for (size_t i = 0; i < GX_COUNT(asks); i++) {
        l->has_circles = l->has_circles || gx_arg_has(args, asks[i]);
    }
    if (!l->has_circles) {
        return GX_OK;
    }
    GX_TRY(gx_spread_circles_find(&l->circles, s, gx_arg_text(args, "by"), err));
    gx_spread_circles_join_rest(&l->circles, s->n); /* quotas bind them too */
    GX_TRY(read_quotas(&least, l, s, "least", "least_each", 0, err));
    GX_TRY(read_quotas(&most, l, s, "most", "most_each", UINT32_MAX, err));
    l->limits.circle = l->circles.of;
    l->limits.circles = l->circles.count;
    l->limits.circle_name = l->circles.name;
    l->limits.least = least;
    l->limits.most = most;
done:
    return status;
}

/* ---- how many ---------------------------------------------------------------------------------
 */

static gx_status read_budget(gx_spread_limits *l, const gx_spread *s, gx_error *err) {
    const gx_args *args = s->call->args;
    gx_status status = GX_OK;
    if (!gx_arg_has(args, "budget")) {
        const char *name = gx_arg_has(args, "cost") ? "cost" : "cost_else";
        return !gx_arg_has(args, name)
                   ? GX_OK
                   : gx_fail_at(err, GX_BAD_REQUEST, name,
                                "%s was given without a budget; it goes with one", name);
    }
    GX_TRY(gx_job_alloc(s->call->job, &l->cost, s->n, sizeof *l->cost, err));
    const double otherwise = gx_arg_has(args, "cost_else") ? gx_arg_real(args, "cost_else") : 1;
    if (gx_arg_has(args, "cost")) {
        GX_TRY(gx_spread_numbers(l->cost, s, "cost", otherwise, err));
    }
    for (uint32_t v = 0; !gx_arg_has(args, "cost") && v < s->n; v++) {
        l->cost[v] = otherwise;
    }
    l->limits.cost = l->cost;
    l->limits.budget = gx_arg_real(args, "budget");
done:
    return status;
}

static gx_status read_count(gx_spread_limits *l, const gx_spread *s, gx_error *err) {
    enum { USUAL = 10 };
    const gx_args *args = s->call->args;
    const bool k = gx_arg_has(args, "k"), n = gx_arg_has(args, "n");
    if (k && n && gx_arg_int(args, "k") != gx_arg_int(args, "n")) {
        return gx_fail_at(err, GX_BAD_REQUEST, "n", "k and n were given; accepted is one of them");
    }
    const uint32_t wanted = k || n    ? (uint32_t)gx_arg_int(args, k ? "k" : "n")
                            : l->cost ? s->n
                                      : USUAL;
    l->limits.count = wanted < s->n ? wanted : s->n;
    return GX_OK;
}

gx_status gx_spread_limits_read(gx_spread_limits *out, const gx_spread *spread, gx_error *err) {
    gx_status status = GX_OK;
    *out =
        (gx_spread_limits){.limits = {.n = spread->n}, .unknown = gx_list(spread->call->arena, 1)};
    GX_TRY(read_budget(out, spread, err));
    GX_TRY(read_count(out, spread, err));
    GX_TRY(read_barred(out, spread, err));
    GX_TRY(read_included(out, spread, err));
    GX_TRY(read_circles(out, spread, err));
done:
    return status;
}

gx_value gx_spread_left_out(gx_arena *arena, const gx_spread_limits *limits) {
    static const char *const names[GX_SPREAD_BARS] = {
        [GX_SPREAD_EXCLUDED] = "excluded", [GX_SPREAD_DEPARTED] = "departed",
        [GX_SPREAD_RISK] = "risk",         [GX_SPREAD_SEGMENT] = "segment",
        [GX_SPREAD_INACTIVE] = "inactive", [GX_SPREAD_USED] = "used",
    };
    gx_value map = gx_map(arena, GX_SPREAD_BARS);
    for (size_t i = 0; i < GX_SPREAD_BARS; i++) {
        gx_map_put(arena, &map, names[i], gx_int(limits->left_out[i]));
    }
    return map;
}

const char *gx_spread_nobody_else(const gx_spread_limits *limits, const uint32_t *seed,
                                  uint32_t count) {
    const gx_seed_limits *l = &limits->limits;
    uint32_t left = 0;
    for (uint32_t v = 0; v < l->n; v++) {
        left += !limits->barred[v];
    }
    for (uint32_t i = 0; i < count; i++) {
        left -= !limits->barred[seed[i]];
    }
    const bool quotas = left > 0 && l->most;
    return l->n == 0           ? "there are no members"
           : quotas && l->cost ? "the quotas (most, most_each) or the budget let nobody else in"
           : quotas            ? "the quotas (most, most_each) let nobody else in"
           : l->cost           ? "nobody else may be a seed and is within the budget"
                               : "nobody else may be a seed";
}

void gx_spread_put_risk(gx_arena *arena, gx_value *row, const gx_spread_limits *limits,
                        uint32_t user) {
    if (limits->risks.risk && (limits->risks.given || limits->limits.given_count > 0)) {
        gx_map_put(arena, row, "risk", gx_risk_value(&limits->risks, user));
    }
}

void gx_spread_limits_finish(gx_spread_limits *limits, gx_job *job) {
    gx_spread_circles_finish(&limits->circles, job);
    gx_job_free(job, limits->barred);
    gx_job_free(job, limits->cost);
    *limits = (gx_spread_limits){0};
}
