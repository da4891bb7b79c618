/* sys.hello: what a connection wants of the server. The server's own connections act on it; through
 * the other doors it only says what was asked for. */
#include "api/method.h"

static const gx_param params[] = {
    {"errors", GX_PARAM_CHOICE, "string", GX_PARAM_UNCHECKED, NULL, "string|map", 0,
     "how errors come back on this connection"},
    {"progress", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "tell how far long calls of this connection are: notifications call.progress"},
    {"client", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "name and version, for the log"},
};

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    (void)err;
    *out = gx_map(call->arena, 3);
    gx_map_put(call->arena, out, "errors", *gx_arg_value(call->args, "errors"));
    gx_map_put(call->arena, out, "progress", gx_bool(gx_arg_bool(call->args, "progress")));
    gx_map_put(call->arena, out, "version", gx_str(gx_version()));
    return GX_OK;
}

const gx_method gx_method_sys_hello = {
    .name = "sys.hello",
    .summary = "choose how this connection is answered",
    .scope = GX_SCOPE_NONE,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{errors, progress, version}",
    .run = run,
};
