/* graph.roles: the role each member plays, the rule that fired and its numbers; how many play each;
 * or one member, by community. From the snapshot where it has them, else computed now. */
#include "api/build/compute.h"
#include "api/graphs.h"
#include "api/people/community.h"
#include "api/people/member_rules.h"
#include "engine/leaders/roles.h"

#include <math.h>

#define ROLE_CHOICES                                                                               \
    "newcomer|dormant|leader|bargain_hunter|helper|promoter|connector|bridge|buyer|lurker|"        \
    "active|ordinary"

static const gx_param params[] = {
    {"user", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, GX_PARAM_POSITIONAL,
     "this member alone, with its role in each community it has ties to"},
    {"role", GX_PARAM_CHOICE, NULL, GX_PARAM_UNCHECKED, NULL, ROLE_CHOICES, 0,
     "only members with this role"},
    {"community", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "only members of this community, like c-17"},
    {"counts", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "how many members have each role instead"},
    {"n", GX_PARAM_INT, NULL, 1, 1e8, "members", NULL, 0,
     "how many, in the order of the leader score (20)"},
};

/* In a community: a leader has so many followers there and that share of its members. */
enum { LOCAL_LEAST = 5 };
static const double local_share = 0.15;

typedef struct roles {
    const uint32_t *role, *fired, *community;
    const float *figure, *brokerage;
    const double *score;
    uint32_t n;
} roles;

static gx_status resolve(roles *out, const gx_arrays *arrays, uint32_t n, gx_error *err) {
    gx_status status;
    out->n = n;
    GX_TRY(gx_arrays_need(&out->role, arrays, "roles.role", GX_U32, n, err));
    GX_TRY(gx_arrays_need(&out->fired, arrays, "roles.fired", GX_U32, n, err));
    GX_TRY(gx_arrays_need(&out->figure, arrays, "roles.figure", GX_F32, n, err));
    GX_TRY(gx_arrays_need(&out->brokerage, arrays, "roles.brokerage", GX_F32, n, err));
    GX_TRY(gx_arrays_need(&out->score, arrays, "leaders.score", GX_F64, n, err));
    GX_TRY(gx_arrays_need(&out->community, arrays, "leiden.community", GX_U32, n, err));
done:
    return status;
}

/* The figures that the rule looks at. */
static gx_value figures_value(gx_arena *arena, const roles *r, uint32_t user, uint32_t wanted) {
    gx_value map = gx_map(arena, GX_ROLE_FIGURE_COUNT);
    for (uint32_t f = 0; f < GX_ROLE_FIGURE_COUNT; f++) {
        const double value = (double)r->figure[(size_t)user * GX_ROLE_FIGURE_COUNT + f];
        if (wanted >> f & 1) {
            gx_map_put(arena, &map, gx_role_figures[f], isnan(value) ? gx_nil() : gx_real(value));
        }
    }
    return map;
}

static gx_value fired_value(gx_arena *arena, uint32_t fired) {
    gx_value list = gx_list(arena, GX_ROLE_COUNT);
    for (uint32_t role = 0; role < GX_ROLE_COUNT; role++) {
        if (fired >> role & 1) {
            gx_list_add(arena, &list, gx_str(gx_roles[role].name));
        }
    }
    return list;
}

static gx_value row_of(gx_call_env *call, const roles *r, const gx_state *named, uint32_t user) {
    gx_arena *arena = call->arena;
    const uint32_t role = r->role[user] < GX_ROLE_COUNT ? r->role[user] : GX_ROLE_ORDINARY;
    gx_value row = gx_map(arena, 8);
    gx_map_put(arena, &row, "user", gx_word_value(arena, call->txn, GX_SPACE_USER, user));
    gx_map_put(arena, &row, "community", gx_community_value(arena, named, r->community[user]));
    gx_map_put(arena, &row, "role", gx_str(gx_roles[role].name));
    gx_map_put(arena, &row, "rule", gx_str(gx_roles[role].rule));
    gx_map_put(arena, &row, "figures", figures_value(arena, r, user, gx_roles[role].figures));
    gx_map_put(arena, &row, "fired", fired_value(arena, r->fired[user]));
    return row;
}

/* ---- one member by community ----------------------------------------------------------------- */

typedef struct local {
    uint32_t followers, follows;
} local;

static void put_local(gx_value *list, gx_call_env *call, const roles *r, const gx_state *named,
                      uint32_t user, uint32_t circle, const local *in, uint32_t size) {
    gx_arena *arena = call->arena;
    const bool own = r->community[user] == circle;
    const bool leads = in->followers >= LOCAL_LEAST && in->followers >= local_share * (double)size;
    const bool listens = in->followers == 0;
    gx_value row = gx_map(arena, 7);
    gx_map_put(arena, &row, "community", gx_community_value(arena, named, circle));
    gx_map_put(arena, &row, "home", gx_bool(own));
    gx_map_put(arena, &row, "size", gx_int(size));
    gx_map_put(arena, &row, "followers", gx_int(in->followers));
    gx_map_put(arena, &row, "follows", gx_int(in->follows));
    gx_map_put(arena, &row, "role",
               gx_str(leads     ? "leader"
                      : listens ? "lurker"
                      : own && r->role[user] != GX_ROLE_LEADER && r->role[user] < GX_ROLE_COUNT
                          ? gx_roles[r->role[user]].name
                          : "ordinary"));
    gx_map_put(arena, &row, "rule",
               gx_str(leads     ? "5 followers there or more, and 15 in 100 of its members"
                      : listens ? "follows members there, nobody there follows back"
                                : "neither leads nor only listens there"));
    gx_list_add(arena, list, row);
}

/* Of those who are still here, as the role of the whole shop counts them. */
static gx_status by_community(gx_value *list, gx_call_env *call, const roles *r,
                              const gx_state *named, uint32_t user, gx_error *err) {
    const gx_held *held = NULL;
    uint32_t circles = 0;
    gx_status status;
    for (uint32_t v = 0; v < r->n; v++) {
        circles = r->community[v] >= circles ? r->community[v] + 1 : circles;
    }
    local *in = gx_arena_get(call->arena, ((size_t)circles + 1) * sizeof *in);
    uint32_t *size = gx_arena_get(call->arena, ((size_t)circles + 1) * sizeof *size);
    uint8_t *gone = gx_arena_get(call->arena, (size_t)r->n + 1);
    if (!in || !size || !gone) {
        return gx_fail_memory(err, circles * sizeof *in);
    }
    memset(gone, 0, (size_t)r->n + 1);
    GX_TRY(gx_departed_mark(gone, r->n, call->txn, call->job, err));
    memset(in, 0, circles * sizeof *in);
    memset(size, 0, circles * sizeof *size);
    GX_TRY(gx_graph_hold(&held, call->db, &call->state->rules, GX_GRAPH_IN, NULL, call->job, err));
    const gx_graph *g = &held->graph;
    for (uint32_t v = 0; v < r->n; v++) {
        size[r->community[v]] += !gone[v];
    }
    for (uint64_t k = user < g->n ? g->in_ptr[user] : 0; user < g->n && k < g->in_ptr[user + 1];
         k++) {
        if (g->in_src[k] < r->n && !gone[g->in_src[k]]) {
            in[r->community[g->in_src[k]]].followers++;
        }
    }
    for (uint64_t k = user < g->n ? g->out_ptr[user] : 0; user < g->n && k < g->out_ptr[user + 1];
         k++) {
        if (g->out_dst[k] < r->n && !gone[g->out_dst[k]]) {
            in[r->community[g->out_dst[k]]].follows++;
        }
    }
    for (uint32_t c = 0; c < circles; c++) {
        if (in[c].followers + in[c].follows > 0) {
            put_local(list, call, r, named, user, c, &in[c], size[c]);
        }
    }
done:
    gx_graph_release(call->db, held);
    return status;
}

static gx_status one_member(gx_value *out, gx_call_env *call, const roles *r, const gx_state *named,
                            gx_error *err) {
    gx_arena *arena = call->arena;
    uint32_t user;
    gx_value list = gx_list(arena, 1), circles = gx_list(arena, 8), pairs;
    gx_status status = GX_OK;
    GX_TRY(gx_need_word(&user, call->txn, GX_SPACE_USER, gx_arg_text(call->args, "user"), err));
    if (user >= r->n) {
        GX_TRY(gx_fail_at(err, GX_NOT_FOUND, "user",
                          "the snapshot does not know this member yet: `guanxi build`"));
    }
    gx_list_add(arena, &list, row_of(call, r, named, user));
    GX_TRY(by_community(&circles, call, r, named, user, err));
    pairs = gx_map(arena, GX_BROKERAGE_COUNT);
    for (uint32_t b = 0; b < GX_BROKERAGE_COUNT; b++) {
        gx_map_put(arena, &pairs, gx_brokerages[b],
                   gx_real((double)r->brokerage[(size_t)user * GX_BROKERAGE_COUNT + b]));
    }
    *out = gx_map(arena, 4);
    gx_map_put(arena, out, "roles", list);
    gx_map_put(arena, out, "communities", circles);
    gx_map_put(arena, out, "brokerage", pairs);
    gx_map_put(arena, out, "figures", figures_value(arena, r, user, UINT32_MAX));
done:
    return status;
}

/* ---- many ------------------------------------------------------------------------------------ */

static gx_value counts_value(gx_arena *arena, const roles *r, const uint8_t *keep) {
    gx_value list = gx_list(arena, GX_ROLE_COUNT);
    for (uint32_t role = 0; role < GX_ROLE_COUNT; role++) {
        int64_t members = 0, fired = 0;
        for (uint32_t v = 0; v < r->n; v++) {
            members += keep[v] && r->role[v] == role;
            fired += keep[v] && (r->fired[v] >> role & 1);
        }
        gx_value row = gx_map(arena, 4);
        gx_map_put(arena, &row, "role", gx_str(gx_roles[role].name));
        gx_map_put(arena, &row, "members", gx_int(members));
        gx_map_put(arena, &row, "fired", gx_int(fired));
        gx_map_put(arena, &row, "rule", gx_str(gx_roles[role].rule));
        gx_list_add(arena, &list, row);
    }
    return list;
}

static gx_status many(gx_value *out, gx_call_env *call, const roles *r, const gx_state *named,
                      gx_error *err) {
    enum { USUAL = 20 };
    gx_arena *arena = call->arena;
    const gx_slice wanted = gx_arg_text(call->args, "role"),
                   circle = gx_arg_text(call->args, "community");
    uint32_t only = GX_NONE, count = 0;
    gx_status status = GX_OK;
    uint8_t *keep = gx_arena_get(arena, (size_t)r->n + 1);
    uint8_t *gone = gx_arena_get(arena, (size_t)r->n + 1);
    int64_t departed = 0;
    if (!keep || !gone) {
        return gx_fail_memory(err, r->n);
    }
    memset(gone, 0, (size_t)r->n + 1);
    GX_TRY(gx_departed_mark(gone, r->n, call->txn, call->job, err));
    if (gx_arg_has(call->args, "community")) {
        GX_TRY(gx_community_parse(&only, "community", circle, named, err));
    }
    for (uint32_t v = 0; v < r->n; v++) {
        keep[v] = (only == GX_NONE || r->community[v] == only) && r->role[v] < GX_ROLE_COUNT &&
                  (!wanted.size || gx_slice_is(wanted, gx_roles[r->role[v]].name)) &&
                  gx_word_name(call->txn, GX_SPACE_USER, v).size > 0;
        departed += keep[v] && gone[v];
        keep[v] = keep[v] && !gone[v];
    }
    *out = gx_map(arena, 2);
    gx_value left_out = gx_map(arena, 1);
    gx_map_put(arena, &left_out, "departed", gx_int(departed));
    gx_map_put(arena, out, "left_out", left_out);
    if (gx_arg_bool(call->args, "counts")) {
        gx_map_put(arena, out, "roles", counts_value(arena, r, keep));
        goto done;
    }
    gx_value list = gx_list(arena, 32);
    const uint32_t n = gx_arg_has(call->args, "n") ? (uint32_t)gx_arg_int(call->args, "n") : USUAL;
    uint32_t *top = gx_top_f64(arena, &count, r->score, r->n, n, keep);
    for (uint32_t i = 0; top && i < count; i++) {
        gx_list_add(arena, &list, row_of(call, r, named, top[i]));
    }
    gx_map_put(arena, out, "roles", list);
done:
    return status;
}

/* What says nothing beside another. */
static gx_status check_apart(const gx_args *args, gx_error *err) {
    static const char *const apart[][2] = {{"user", "role"},
                                           {"user", "community"},
                                           {"user", "counts"},
                                           {"user", "n"},
                                           {"counts", "n"}};
    const bool counts = gx_arg_bool(args, "counts");
    for (size_t i = 0; i < GX_COUNT(apart); i++) {
        bool both = true;
        for (size_t k = 0; k < 2; k++) {
            both = both &&
                   (strcmp(apart[i][k], "counts") == 0 ? counts : gx_arg_has(args, apart[i][k]));
        }
        if (both) {
            return gx_fail_at(err, GX_BAD_REQUEST, apart[i][1],
                              "%s and %s were given; accepted is one of them", apart[i][0],
                              apart[i][1]);
        }
    }
    return GX_OK;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    const gx_state *state = call->state;
    gx_arrays *made = NULL;
    roles r;
    gx_status status = GX_OK;
    const bool one = gx_arg_has(call->args, "user");
    GX_TRY(check_apart(call->args, err));
    GX_TRY(gx_need_snapshot(state, err));
    if (!gx_arrays_find(state->arrays, "roles.role")) {
        GX_TRY(gx_compute(&made, call->db, gx_any_pass_find("roles"), "roles", NULL, NULL,
                          call->job, err));
    }
    GX_TRY(resolve(&r, made ? made : state->arrays,
                   made ? (uint32_t)gx_arrays_rows(made, "roles.role") : state->users, err));
    if (made) { /* circles as they are called: those of the snapshot, whose members these are */
        GX_TRY(gx_need_array(&r.community, state, "leiden.community", GX_U32, state->users, err));
        r.n = r.n < state->users ? r.n : state->users;
    }
    GX_TRY(one ? one_member(out, call, &r, state, err) : many(out, call, &r, state, err));
done:
    gx_arrays_drop(made, call->job);
    return status;
}

const gx_method gx_method_graph_roles = {
    .name = "graph.roles",
    .summary = "the role each member plays, with the rule that fired and its numbers",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_SHORT,
    .from_snapshot = true,
    .is_long = gx_is_always_long, /* computed where the snapshot has no roles */
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{roles: [{user, community, role, rule, figures, fired}] or, with counts, [{role, "
              "members, fired, rule}], left_out: {departed}}; of one member also communities: "
              "[{community, home, size, "
              "followers, follows, role, rule}], brokerage, figures",
    .run = run,
};
