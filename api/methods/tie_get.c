/* tie.get: the ties of a member, from it and to it, as they are now. */
#include "api/support.h"

static const gx_param params[] = {
    {"user", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL,
     GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL, "whose"},
    {"direction", GX_PARAM_CHOICE, "all", GX_PARAM_UNCHECKED, NULL, "out|in|all", 0,
     "from the member, to the member, or both"},
};

typedef struct rows {
    gx_call_env *call;
    gx_value list;
    bool
        with_undirected; /* of the ties that reach: undirected ones were seen from the other side */
} rows;

static gx_status add(void *user, const gx_tie *tie, gx_error *err) {
    (void)err;
    rows *r = user;
    gx_arena *arena = r->call->arena;
    if (!tie->directed && !r->with_undirected) {
        return GX_OK;
    }
    gx_list_add(arena, &r->list, gx_tie_value(arena, r->call->txn, tie));
    return GX_OK;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    uint32_t user;
    rows r = {call, gx_list(call->arena, 16), true};
    bool from = !gx_arg_is(call->args, "direction", "in");
    bool to = !gx_arg_is(call->args, "direction", "out");
    gx_status status =
        gx_need_word(&user, call->txn, GX_SPACE_USER, gx_arg_text(call->args, "user"), err);
    if (status == GX_OK && from) {
        status = gx_tie_out(call->txn, user, add, &r, err);
    }
    if (status == GX_OK && to) {
        r.with_undirected = !from;
        status = gx_tie_in(call->txn, user, add, &r, err);
    }
    if (status == GX_OK) {
        *out = gx_map(call->arena, 1);
        gx_map_put(call->arena, out, "ties", r.list);
    }
    return status;
}

const gx_method gx_method_tie_get = {
    .name = "tie.get",
    .summary = "the ties of a member",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{ties: [{src, dst, kind, weight, directed, ts}]}",
    .run = run,
};
