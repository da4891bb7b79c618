/* graph.bridges: who and what holds circles together: members whose ties lead into several circles,
 * the pairs of circles that ties join, or the ties without which the graph would fall apart. */
#include "api/people/community.h"

static const gx_param params[] = {
    {"show", GX_PARAM_CHOICE, "members", GX_PARAM_UNCHECKED, NULL, "members|pairs|ties",
     GX_PARAM_POSITIONAL,
     "members who span circles, pairs of circles, or ties that hold the graph together, as built"},
    {"by", GX_PARAM_CHOICE, "ties", GX_PARAM_UNCHECKED, NULL, "ties|participation", 0,
     "members by ties to other circles, or by how evenly their ties are spread"},
    {"community", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "only of this circle, like c-17"},
    {"min_ties", GX_PARAM_INT, "1", 1, 1e9, "ties", NULL, 0,
     "leave out members and pairs with fewer ties between circles, and ties with a smaller side"},
    {"n", GX_PARAM_INT, "20", 1, 1e6, NULL, NULL, 0, "how many"},
};

typedef struct spanners {
    const double *score, *z;
    const uint32_t *cross, *circles;
    const uint64_t *pair_ptr;
    const uint32_t *pair_circle, *pair_ties, *pair_member;
    const double *pair_weight;
} spanners;

static gx_status resolve(spanners *out, const gx_state *state, gx_error *err) {
    const uint32_t n = state->users;
    const uint64_t circles = state->circles;
    gx_status status;
    GX_TRY(gx_need_array(&out->score, state, "spanners.score", GX_F64, n, err));
    GX_TRY(gx_need_array(&out->z, state, "spanners.z", GX_F64, n, err));
    GX_TRY(gx_need_array(&out->cross, state, "spanners.cross", GX_U32, n, err));
    GX_TRY(gx_need_array(&out->circles, state, "spanners.circles", GX_U32, n, err));
    GX_TRY(gx_need_array(&out->pair_ptr, state, "spanners.pair_ptr", GX_U64, circles + 1, err));
    const uint64_t pairs = out->pair_ptr[circles];
    GX_TRY(gx_need_array(&out->pair_circle, state, "spanners.pair_circle", GX_U32, pairs, err));
    GX_TRY(gx_need_array(&out->pair_ties, state, "spanners.pair_ties", GX_U32, pairs, err));
    GX_TRY(gx_need_array(&out->pair_weight, state, "spanners.pair_weight", GX_F64, pairs, err));
    GX_TRY(gx_need_array(&out->pair_member, state, "spanners.pair_member", GX_U32, pairs, err));
done:
    return status;
}

/* ---- members --------------------------------------------------------------------------------- */

/* Guimerà and Amaral's seven regions of the plane of z and participation. */
static const char *role_of(double participation, double z) {
    if (z >= 2.5) {
        return participation <= 0.3    ? "provincial hub"
               : participation <= 0.75 ? "connector hub"
                                       : "kinless hub";
    }
    return participation <= 0.05   ? "ultra-peripheral"
           : participation <= 0.62 ? "peripheral"
           : participation <= 0.8  ? "connector"
                                   : "kinless";
}

/* The circles that a member's strongest ties lead to, the one with most of them first. */
static gx_value joined_circles(gx_call_env *call, const gx_circles *circles, uint32_t user) {
    enum { JOINED_MAX = 8 };
    const gx_state *state = call->state;
    gx_arena *arena = call->arena;
    const uint64_t *ptr =
        gx_arrays_get(state->arrays, "strength.ptr", GX_U64, (uint64_t)state->users + 1);
    const uint32_t *dst = gx_arrays_get(state->arrays, "strength.dst", GX_U32, 0);
    double *ties = gx_arena_get(arena, ((size_t)circles->count + 1) * sizeof *ties);
    gx_value list = gx_list(arena, JOINED_MAX);
    if (!ptr || !dst || !ties) {
        return list;
    }
    memset(ties, 0, circles->count * sizeof *ties);
    for (uint64_t i = ptr[user]; i < ptr[user + 1]; i++) {
        uint32_t c = dst[i] < state->users ? circles->community[dst[i]] : GX_NONE;
        if (c < circles->count && c != circles->community[user]) {
            ties[c] += 1;
        }
    }
    uint32_t count;
    uint32_t *top = gx_top_f64(arena, &count, ties, circles->count, JOINED_MAX, NULL);
    for (uint32_t i = 0; top && i < count && ties[top[i]] > 0; i++) {
        gx_value row = gx_map(arena, 2);
        gx_map_put(arena, &row, "community", gx_community_value(arena, state, top[i]));
        gx_map_put(arena, &row, "ties", gx_int((int64_t)ties[top[i]]));
        gx_list_add(arena, &list, row);
    }
    return list;
}

static gx_value member_row(gx_call_env *call, const gx_circles *circles, const spanners *s,
                           uint32_t user) {
    gx_arena *arena = call->arena;
    gx_value row = gx_map(arena, 7);
    gx_map_put(arena, &row, "user", gx_word_value(arena, call->txn, GX_SPACE_USER, user));
    gx_map_put(arena, &row, "community",
               gx_community_value(arena, call->state, circles->community[user]));
    gx_map_put(arena, &row, "cross_ties", gx_int(s->cross[user]));
    gx_map_put(arena, &row, "circles", gx_int(s->circles[user]));
    gx_map_put(arena, &row, "participation", gx_real(s->score[user]));
    gx_map_put(arena, &row, "role", gx_str(role_of(s->score[user], s->z[user])));
    gx_map_put(arena, &row, "joins", joined_circles(call, circles, user));
    return row;
}

static gx_status show_members(gx_value *list, gx_call_env *call, const gx_circles *circles,
                              const spanners *s, uint32_t only, gx_error *err) {
    const uint32_t n = circles->members;
    bool by_ties = gx_arg_is(call->args, "by", "ties");
    double *score = gx_arena_get(call->arena, ((size_t)n + 1) * sizeof *score);
    uint8_t *keep = gx_arena_get(call->arena, (size_t)n + 1);
    if (!score || !keep) {
        return gx_fail_memory(err, n * sizeof *score);
    }
    for (uint32_t v = 0; v < n; v++) {
        score[v] = by_ties ? s->cross[v] : s->score[v];
        keep[v] = s->cross[v] >= gx_arg_int(call->args, "min_ties") &&
                  (only == GX_NONE || circles->community[v] == only) &&
                  gx_word_name(call->txn, GX_SPACE_USER, v).size > 0;
    }
    uint32_t count;
    uint32_t *top =
        gx_top_f64(call->arena, &count, score, n, (uint32_t)gx_arg_int(call->args, "n"), keep);
    for (uint32_t i = 0; top && i < count; i++) {
        gx_list_add(call->arena, list, member_row(call, circles, s, top[i]));
    }
    return GX_OK;
}

/* ---- pairs ----------------------------------------------------------------------------------- */

/* The one of (b, a) that belongs to the pair k of a. */
static uint32_t other_member(const spanners *s, uint32_t a, uint32_t b) {
    for (uint64_t k = s->pair_ptr[b]; k < s->pair_ptr[b + 1]; k++) {
        if (s->pair_circle[k] == a) {
            return s->pair_member[k];
        }
    }
    return GX_NONE;
}

static gx_value pair_row(gx_call_env *call, const gx_circles *circles, const spanners *s,
                         uint32_t a, uint64_t k) {
    gx_arena *arena = call->arena;
    const uint32_t b = s->pair_circle[k], there = other_member(s, a, b);
    gx_value row = gx_map(arena, 8);
    gx_map_put(arena, &row, "community", gx_community_value(arena, call->state, a));
    gx_map_put(arena, &row, "other", gx_community_value(arena, call->state, b));
    gx_map_put(arena, &row, "size", gx_int(circles->size[a]));
    gx_map_put(arena, &row, "other_size", gx_int(circles->size[b]));
    gx_map_put(arena, &row, "ties", gx_int(s->pair_ties[k]));
    gx_map_put(arena, &row, "weight", gx_real(s->pair_weight[k]));
    gx_map_put(arena, &row, "user",
               gx_word_value(arena, call->txn, GX_SPACE_USER, s->pair_member[k]));
    gx_map_put(arena, &row, "other_user",
               there == GX_NONE ? gx_nil() : gx_word_value(arena, call->txn, GX_SPACE_USER, there));
    return row;
}

/* Each pair once, from its lower number; of one circle, from that circle. */
static gx_status show_pairs(gx_value *list, gx_call_env *call, const gx_circles *circles,
                            const spanners *s, uint32_t only, gx_error *err) {
    const uint64_t pairs = s->pair_ptr[circles->count];
    double *score = gx_arena_get(call->arena, (pairs + 1) * sizeof *score);
    uint8_t *keep = gx_arena_get(call->arena, pairs + 1);
    uint32_t *of = gx_arena_get(call->arena, (pairs + 1) * sizeof *of);
    if (!score || !keep || !of || pairs >= GX_NONE) {
        return gx_fail_memory(err, pairs * (sizeof *score + sizeof *of));
    }
    for (uint32_t a = 0; a < circles->count; a++) {
        for (uint64_t k = s->pair_ptr[a]; k < s->pair_ptr[a + 1]; k++) {
            score[k] = s->pair_ties[k];
            of[k] = a;
            keep[k] = s->pair_ties[k] >= gx_arg_int(call->args, "min_ties") &&
                      s->pair_circle[k] < circles->count &&
                      (only == GX_NONE ? a < s->pair_circle[k] : a == only);
        }
    }
    uint32_t count;
    uint32_t *top = gx_top_f64(call->arena, &count, score, (uint32_t)pairs,
                               (uint32_t)gx_arg_int(call->args, "n"), keep);
    for (uint32_t i = 0; top && i < count; i++) {
        gx_list_add(call->arena, list, pair_row(call, circles, s, of[top[i]], top[i]));
    }
    return GX_OK;
}

/* ---- ties ------------------------------------------------------------------------------------ */

static gx_status show_ties(gx_value *list, gx_call_env *call, const gx_circles *circles,
                           uint32_t only, gx_error *err) {
    const gx_arrays *arrays = call->state->arrays;
    const uint32_t *src, *dst, *side;
    gx_arena *arena = call->arena;
    int64_t room = gx_arg_int(call->args, "n"), least = gx_arg_int(call->args, "min_ties");
    gx_status status;
    GX_TRY(gx_need_array(&src, call->state, "bridges.src", GX_U32, 0, err));
    const uint64_t count = gx_arrays_find(arrays, "bridges.src")->shape[0];
    GX_TRY(gx_need_array(&dst, call->state, "bridges.dst", GX_U32, count, err));
    GX_TRY(gx_need_array(&side, call->state, "bridges.side", GX_U32, count, err));
    for (uint64_t k = 0; k < count && room > 0; k++) {
        if (src[k] >= circles->members || dst[k] >= circles->members || side[k] < least) {
            continue;
        }
        uint32_t a = circles->community[src[k]], b = circles->community[dst[k]];
        if (only != GX_NONE && a != only && b != only) {
            continue;
        }
        gx_value row = gx_map(arena, 5);
        gx_map_put(arena, &row, "src", gx_word_value(arena, call->txn, GX_SPACE_USER, src[k]));
        gx_map_put(arena, &row, "dst", gx_word_value(arena, call->txn, GX_SPACE_USER, dst[k]));
        gx_map_put(arena, &row, "community", gx_community_value(arena, call->state, a));
        gx_map_put(arena, &row, "other", gx_community_value(arena, call->state, b));
        gx_map_put(arena, &row, "side", gx_int(side[k]));
        gx_list_add(arena, list, row);
        room--;
    }
done:
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_circles circles;
    spanners s = {0};
    uint32_t only = GX_NONE;
    gx_slice wanted = gx_arg_text(call->args, "community");
    bool ties = gx_arg_is(call->args, "show", "ties"),
         pairs = gx_arg_is(call->args, "show", "pairs");
    gx_value list = gx_list(call->arena, 32);
    gx_status status = GX_OK;
    GX_TRY(gx_circles_resolve(&circles, call->state, err));
    if (gx_arg_has(call->args, "community")) {
        GX_TRY(gx_community_parse(&only, "community", wanted, call->state, err));
    }
    if (ties) {
        GX_TRY(show_ties(&list, call, &circles, only, err));
    } else {
        GX_TRY(resolve(&s, call->state, err));
        GX_TRY(pairs ? show_pairs(&list, call, &circles, &s, only, err)
                     : show_members(&list, call, &circles, &s, only, err));
    }
    *out = gx_map(call->arena, 1);
    gx_map_put(call->arena, out, "bridges", list);
done:
    return status;
}

const gx_method gx_method_graph_bridges = {
    .name = "graph.bridges",
    .summary =
        "members who span circles, pairs of circles that ties join, ties that hold it together",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .from_snapshot = true,
    .is_long = gx_is_always_long, /* pairs of many small circles, names of many members */
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{bridges: [{user, community, cross_ties, circles, participation, role, joins: "
              "[{community, ties}]}] or [{community, other, size, other_size, ties, weight, user, "
              "other_user}] or [{src, dst, community, other, side}]}",
    .run = run,
};
