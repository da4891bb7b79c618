/* graph.ego: who is around a member, as it is at this moment: members within k steps and the ties
 * among them. Reads the store, so what was written a moment ago is there. */
#include "api/support.h"
#include "engine/operations/layout.h"

#include <math.h>

static const gx_param params[] = {
    {"user", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL,
     GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL, "the member in the middle"},
    {"depth", GX_PARAM_INT, "1", 1, 3, "steps", NULL, 0, "how far out"},
    {"n", GX_PARAM_INT, "200", 1, 5000, "members", NULL, 0, "at most so many, the nearest first"},
    {"layout", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "say where each member lies in a picture (x, y)"},
    GX_VIEW_PARAMS,
};

/* Members in the order they were reached; `place` finds one among them (open addressing). */
typedef struct ego {
    gx_call_env *call;
    gx_tie_filter filter;
    uint32_t *user, *depth;
    uint32_t count, limit;
    uint32_t *slot; /* index + 1 into user, 0: free */
    uint32_t mask;
    bool cut;
    uint32_t from; /* whose ties are walked, as an index */
    gx_value ties;
    uint32_t *tie_from, *tie_to; /* of those shown, as indexes: for the layout */
    float *tie_weight;
    uint64_t tie_count, tie_room;
    double *xy; /* NULL: not asked for */
} ego;

static uint32_t place(const ego *e, uint32_t user) {
    uint32_t at = (uint32_t)gx_mix64(user) & e->mask;
    while (e->slot[at] && e->user[e->slot[at] - 1] != user) {
        at = (at + 1) & e->mask;
    }
    return at;
}

static void reach(ego *e, uint32_t user, uint32_t depth) {
    uint32_t at = place(e, user);
    if (e->slot[at]) {
        return;
    }
    if (e->count == e->limit) {
        e->cut = true;
        return;
    }
    e->user[e->count] = user;
    e->depth[e->count] = depth;
    e->slot[at] = ++e->count;
}

static gx_status reach_out(void *user, const gx_tie *tie, gx_error *err) {
    (void)err;
    ego *e = user;
    if (gx_tie_filter_takes(&e->filter, tie)) {
        reach(e, tie->dst, e->depth[e->from] + 1);
    }
    return GX_OK;
}

static gx_status reach_in(void *user, const gx_tie *tie, gx_error *err) {
    (void)err;
    ego *e = user;
    if (gx_tie_filter_takes(&e->filter, tie)) {
        reach(e, tie->src, e->depth[e->from] + 1);
    }
    return GX_OK;
}

/* Notes the tie for the layout. */
static gx_status note_tie(ego *e, const gx_tie *tie, gx_error *err) {
    gx_arena *arena = e->call->arena;
    if (e->tie_count == e->tie_room) {
        uint64_t room = e->tie_room ? 2 * e->tie_room : 256;
        uint32_t *from = gx_arena_get(arena, room * sizeof *from);
        uint32_t *to = gx_arena_get(arena, room * sizeof *to);
        float *weight = gx_arena_get(arena, room * sizeof *weight);
        if (!from || !to || !weight) {
            return gx_fail_memory(err, room * sizeof *from);
        }
        if (e->tie_count) {
            memcpy(from, e->tie_from, e->tie_count * sizeof *from);
            memcpy(to, e->tie_to, e->tie_count * sizeof *to);
            memcpy(weight, e->tie_weight, e->tie_count * sizeof *weight);
        }
        e->tie_from = from;
        e->tie_to = to;
        e->tie_weight = weight;
        e->tie_room = room;
    }
    e->tie_from[e->tie_count] = e->slot[place(e, tie->src)] - 1;
    e->tie_to[e->tie_count] = e->slot[place(e, tie->dst)] - 1;
    e->tie_weight[e->tie_count++] = tie->weight;
    return GX_OK;
}

/* A tie whose two ends were both reached; an undirected one is shown from its smaller id only. */
static gx_status show_tie(void *user, const gx_tie *tie, gx_error *err) {
    ego *e = user;
    if (!gx_tie_filter_takes(&e->filter, tie) || !e->slot[place(e, tie->dst)] ||
        (!tie->directed && tie->dst < tie->src)) {
        return GX_OK;
    }
    gx_arena *arena = e->call->arena;
    gx_list_add(arena, &e->ties, gx_tie_value(arena, e->call->txn, tie));
    return gx_arg_bool(e->call->args, "layout") ? note_tie(e, tie, err) : GX_OK;
}

static gx_status walk(ego *e, uint32_t depth, gx_error *err) {
    gx_txn *txn = e->call->txn;
    for (e->from = 0; e->from < e->count && e->depth[e->from] < depth; e->from++) {
        uint32_t user = e->user[e->from];
        gx_status status = gx_tie_out(txn, user, reach_out, e, err);
        if (status == GX_OK) {
            status = gx_tie_in(txn, user, reach_in, e, err);
        }
        if (status == GX_OK) {
            status = gx_job_check(e->call->job, err);
        }
        if (status != GX_OK) {
            return status;
        }
    }
    for (uint32_t i = 0; i < e->count; i++) {
        gx_status status = gx_tie_out(txn, e->user[i], show_tie, e, err);
        if (status != GX_OK) {
            return status;
        }
    }
    return GX_OK;
}

/* Positions of all that were reached, by the ties among them; members keep a little room around
 * them. */
static gx_status lay_out(ego *e, gx_error *err) {
    enum { ITERATIONS = 500, ROUNDS = 50 };
    gx_graph graph = {0};
    gx_status status;
    e->xy = gx_arena_get(e->call->arena, 2 * (size_t)e->count * sizeof *e->xy);
    double *radius = gx_arena_get(e->call->arena, e->count * sizeof *radius);
    if (!e->xy || !radius) {
        return gx_fail_memory(err, 3 * (size_t)e->count * sizeof *e->xy);
    }
    GX_TRY(gx_graph_build(&graph, e->count, e->tie_count, e->tie_from, e->tie_to, e->tie_weight,
                          GX_GRAPH_UNDIRECTED, e->call->job, err));
    GX_TRY(gx_layout_find(e->xy, &graph, true, ITERATIONS, e->call->job, err));
    for (uint32_t v = 0; v < e->count; v++) {
        radius[v] = 0.5 / sqrt(e->count + 1.0);
    }
    gx_layout_separate(e->xy, radius, e->count, e->count <= 500 ? ROUNDS : 1);
done:
    gx_graph_finish(&graph);
    return status;
}

static gx_value member_rows(const ego *e) {
    gx_arena *arena = e->call->arena;
    const gx_state *state = e->call->state;
    const uint32_t *community =
        gx_result_get(state->arrays, "leiden", "community", GX_U32, state->users);
    const double *score = gx_result_get(state->arrays, "leaders", "score", GX_F64, state->users);
    gx_value list = gx_list(arena, e->count);
    for (uint32_t i = 0; i < e->count; i++) {
        uint32_t user = e->user[i];
        gx_value row = gx_map(arena, 6);
        gx_map_put(arena, &row, "user", gx_word_value(arena, e->call->txn, GX_SPACE_USER, user));
        gx_map_put(arena, &row, "depth", gx_int(e->depth[i]));
        if (community && user < state->users) {
            gx_map_put(arena, &row, "community", gx_community_value(arena, state, community[user]));
        }
        if (score && user < state->users) {
            gx_map_put(arena, &row, "leader_score", gx_real(score[user]));
        }
        if (e->xy) {
            gx_map_put(arena, &row, "x", gx_real(e->xy[2 * (size_t)i]));
            gx_map_put(arena, &row, "y", gx_real(e->xy[2 * (size_t)i + 1]));
        }
        gx_list_add(arena, &list, row);
    }
    return list;
}

/* Forces take some milliseconds for a hundred members, a second for thousands. */
static bool is_long(const gx_value *args) {
    const gx_value *layout = args->type == GX_MAP ? gx_map_get(args, "layout") : NULL;
    return layout && layout->type == GX_BOOL && layout->as.boolean;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    uint32_t centre;
    gx_status status =
        gx_need_word(&centre, call->txn, GX_SPACE_USER, gx_arg_text(call->args, "user"), err);
    if (status != GX_OK) {
        return status;
    }
    ego e = {.call = call, .limit = (uint32_t)gx_arg_int(call->args, "n")};
    uint32_t slots = 16;
    while (slots < 2 * (e.limit + 1)) {
        slots *= 2;
    }
    e.mask = slots - 1;
    e.user = gx_arena_get(call->arena, (e.limit + 1) * sizeof *e.user);
    e.depth = gx_arena_get(call->arena, (e.limit + 1) * sizeof *e.depth);
    e.slot = gx_arena_get(call->arena, slots * sizeof *e.slot);
    if (!e.user || !e.depth || !e.slot) {
        return gx_fail_memory(err, slots * sizeof *e.slot);
    }
    memset(e.slot, 0, slots * sizeof *e.slot);
    e.ties = gx_list(call->arena, 64);
    reach(&e, centre, 0);
    status = gx_filter_from_args(&e.filter, call->txn, call->arena, call->args, err);
    if (status == GX_OK) {
        status = walk(&e, (uint32_t)gx_arg_int(call->args, "depth"), err);
    }
    gx_tie_filter_finish(&e.filter);
    if (status == GX_OK && gx_arg_bool(call->args, "layout")) {
        status = lay_out(&e, err);
    }
    if (status != GX_OK) {
        return status;
    }
    *out = gx_map(call->arena, 3);
    gx_map_put(call->arena, out, "members", member_rows(&e));
    gx_map_put(call->arena, out, "ties", e.ties);
    gx_map_put(call->arena, out, "cut", gx_bool(e.cut));
    return GX_OK;
}

const gx_method gx_method_graph_ego = {
    .name = "graph.ego",
    .summary = "who is around a member, and their ties",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .is_long = is_long,
    .result =
        "{members: [{user, depth, community, leader_score, x, y}], ties: [{src, dst, kind, weight, "
        "directed, ts}], cut}",
    .run = run,
};
