/* graph.path: how two members are connected, as it is at this moment: the shortest paths by steps,
 * or the one along the strongest ties. A tie's length is then 1 / strength (Newman 2001, Scientific
 * collaboration networks II), so that two strong ties may be nearer than one weak one. */
#include "api/people/path.h"
#include "api/people/people.h"
#include "api/support.h"

#include <math.h>

static const gx_param params[] = {
    {"src", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL,
     GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL, "from which member"},
    {"dst", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL,
     GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL, "to which member"},
    {"by", GX_PARAM_CHOICE, "hops", GX_PARAM_UNCHECKED, NULL, "hops|strength", 0,
     "what is short: few steps, or strong ties (1 / strength each)"},
    {"directed", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "follow ties in their direction only"},
    {"n", GX_PARAM_INT, "1", 1, 100, "paths", NULL, 0,
     "by hops only: at most so many of those that are as short"},
    GX_VIEW_PARAMS,
};

typedef struct reader {
    gx_call_env *call;
    bool by_strength, directed, measured;
    gx_tie_filter filter;
    gx_people people;
    gx_step *step;
    size_t capacity;
} reader;

static gx_status read_steps(void *context, const gx_step **out, size_t *out_count, uint32_t user,
                            bool backward, gx_error *err) {
    reader *r = context;
    gx_status status = gx_people_read(&r->people, r->call->txn, &r->call->state->rules, user, err);
    if (status != GX_OK) {
        return status;
    }
    if (r->by_strength && r->measured) {
        gx_people_measure(&r->people, r->call->state->rec, user);
    }
    if (r->capacity < r->people.capacity) {
        gx_step *grown = gx_realloc(r->step, r->people.capacity, sizeof *grown);
        if (!grown) {
            return gx_fail_memory(err, r->people.capacity * sizeof *grown);
        }
        r->step = grown;
        r->capacity = r->people.capacity;
    }
    size_t count = 0;
    for (size_t i = 0; i < r->people.count; i++) {
        const gx_person *p = &r->people.person[i];
        if (!p->blocked && (!r->directed || (backward ? p->in : p->out))) {
            double length = r->by_strength ? 1 / fmax((double)p->tie, 1e-30) : 1;
            r->step[count++] = (gx_step){p->user, length};
        }
    }
    *out = r->step;
    *out_count = count;
    return GX_OK;
}

/* ---- the answer ---------------------------------------------------------------------------------
 */

typedef struct between {
    gx_call_env *call;
    const gx_people *people;
    uint32_t other;
    bool out;
    gx_value *list;
} between;

/* Every tie of the two, an undirected one once. */
static gx_status add_tie(void *user, const gx_tie *tie, gx_error *err) {
    (void)err;
    const between *b = user;
    const gx_kind_rule *rule = gx_kind_rule_of(&b->call->state->rules, b->call->txn, tie->kind);
    if ((b->out ? tie->dst : tie->src) == b->other && (b->out || tie->directed) &&
        gx_people_take(b->people, rule, tie)) {
        gx_list_add(b->call->arena, b->list, gx_tie_value(b->call->arena, b->call->txn, tie));
    }
    return GX_OK;
}

static gx_status path_value(gx_value *out, reader *r, const gx_path *path, gx_error *err) {
    gx_arena *arena = r->call->arena;
    gx_txn *txn = r->call->txn;
    gx_status status = GX_OK;
    gx_value members = gx_list(arena, path->steps + 1), steps = gx_list(arena, path->steps);
    for (uint32_t i = 0; i <= path->steps; i++) {
        gx_list_add(arena, &members, gx_word_value(arena, txn, GX_SPACE_USER, path->user[i]));
    }
    for (uint32_t i = 0; i < path->steps; i++) {
        gx_value step = gx_map(arena, 2), ties = gx_list(arena, 2);
        between b = {r->call, &r->people, path->user[i + 1], true, &ties};
        GX_TRY(gx_tie_out(txn, path->user[i], add_tie, &b, err));
        b.out = false;
        GX_TRY(gx_tie_in(txn, path->user[i], add_tie, &b, err));
        GX_TRY(gx_people_read(&r->people, txn, &r->call->state->rules, path->user[i], err));
        if (r->measured) {
            gx_people_measure(&r->people, r->call->state->rec, path->user[i]);
        }
        const gx_person *person = gx_people_find(&r->people, path->user[i + 1]);
        gx_map_put(arena, &step, "strength", gx_real(person ? (double)person->tie : 0));
        gx_map_put(arena, &step, "ties", ties);
        gx_list_add(arena, &steps, step);
    }
    *out = gx_map(arena, 2);
    gx_map_put(arena, out, "members", members);
    gx_map_put(arena, out, "steps", steps);
done:
    return status;
}

/* Which of the two stands apart, and with how many. */
static gx_value apart(const reader *r, const gx_paths *paths) {
    gx_slice src = gx_arg_text(r->call->args, "src"), dst = gx_arg_text(r->call->args, "dst");
    gx_slice small = paths->target_apart ? dst : src;
    const char *way = !r->directed          ? "is connected with"
                      : paths->target_apart ? "is reached from"
                                            : "leads to";
    char *text = gx_arena_printf(
        r->call->arena, "%.*s and %.*s are not connected: %.*s %s %llu other%s in all",
        (int)src.size, src.data, (int)dst.size, dst.data, (int)small.size, small.data, way,
        (unsigned long long)paths->others, gx_plural(paths->others, "", "s"));
    return gx_str(text ? text : "");
}

/* A count, and whole while a double holds it exactly. */
static gx_value ways_value(double ways) {
    return ways <= 0x1p53 ? gx_int((int64_t)ways) : gx_real(ways);
}

static gx_status answer(gx_value *out, reader *r, const gx_paths *paths, gx_error *err) {
    gx_arena *arena = r->call->arena;
    gx_status status = GX_OK;
    gx_value map = gx_map(arena, 7), list = gx_list(arena, paths->count);
    for (uint32_t i = 0; i < paths->count; i++) {
        gx_value path;
        GX_TRY(path_value(&path, r, &paths->path[i], err));
        gx_list_add(arena, &list, path);
    }
    gx_map_put(arena, &map, "connected", gx_bool(paths->connected));
    gx_map_put(arena, &map, "says", paths->connected ? gx_nil() : apart(r, paths));
    gx_map_put(arena, &map, "hops", paths->connected ? gx_int(paths->path[0].steps) : gx_nil());
    gx_map_put(arena, &map, "length", paths->connected ? gx_real(paths->length) : gx_nil());
    gx_map_put(arena, &map, "ways", ways_value(paths->ways));
    gx_map_put(arena, &map, "paths", list);
    *out = map;
done:
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    gx_paths paths;
    reader r = {.call = call,
                .by_strength = gx_arg_is(call->args, "by", "strength"),
                .directed = gx_arg_bool(call->args, "directed")};
    gx_path_query query = {.by_length = r.by_strength,
                           .limit = (uint32_t)gx_arg_int(call->args, "n"),
                           .steps = read_steps,
                           .context = &r};
    if (r.by_strength && query.limit > 1) {
        return gx_fail_at(
            err, GX_BAD_REQUEST, "n",
            "n: %u was given with by strength, which finds one path; more than 1 goes "
            "with by hops",
            query.limit);
    }
    GX_TRY(
        gx_need_word(&query.source, call->txn, GX_SPACE_USER, gx_arg_text(call->args, "src"), err));
    GX_TRY(
        gx_need_word(&query.target, call->txn, GX_SPACE_USER, gx_arg_text(call->args, "dst"), err));
    GX_TRY(gx_filter_from_args(&r.filter, call->txn, call->arena, call->args, err));
    /* Strengths of the snapshot are of all kinds and times. */
    r.measured = !r.filter.kind && !r.filter.from_ms && !r.filter.to_ms;
    r.people.filter = r.measured ? NULL : &r.filter;
    GX_TRY(gx_paths_find(&paths, &query, call->arena, call->job, err));
    GX_TRY(answer(out, &r, &paths, err));
done:
    gx_tie_filter_finish(&r.filter);
    gx_people_finish(&r.people);
    gx_free(r.step);
    return status;
}

const gx_method gx_method_graph_path = {
    .name = "graph.path",
    .summary = "how two members are connected: the shortest paths, by steps or by strength",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .is_long = gx_is_always_long,
    .result = "{connected, says, hops, length, ways, paths: [{members: [user], steps: [{strength, "
              "ties: [{src, dst, kind, weight, directed, ts}]}]}]}",
    .run = run,
};
