/* sys.auth: who am I here. Loopback and Unix sockets are trusted by host and uid; a store without
 * tokens accepts none. */
#include "api/method.h"

static const gx_param params[] = {
    {"token", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0, "the token to be known by"},
};

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    if (gx_arg_has(call->args, "token")) {
        return gx_fail_at(err, GX_UNAUTHENTICATED, "token",
                          "this store has no tokens; local connections are trusted without one");
    }
    gx_value scopes = gx_list(call->arena, 4);
    for (int scope = GX_SCOPE_READ; scope <= GX_SCOPE_ADMIN; scope++) {
        gx_list_add(call->arena, &scopes, gx_str(gx_scope_name((gx_scope)scope)));
    }
    *out = gx_map(call->arena, 2);
    gx_map_put(call->arena, out, "principal", gx_str(call->principal ? call->principal : "owner"));
    gx_map_put(call->arena, out, "scopes", scopes);
    return GX_OK;
}

const gx_method gx_method_sys_auth = {
    .name = "sys.auth",
    .summary = "who this connection is, and what it may do",
    .scope = GX_SCOPE_NONE,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{principal, scopes}",
    .run = run,
};
