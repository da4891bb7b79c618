/* sys.hello: what a connection wants of the server. The server's own connections act on it; through
 * the other doors it only says what was asked for. What a newer client asks for that is not known
 * here is passed by and named, so that it may go on without. */
#include "api/method.h"

static const gx_param params[] = {
    {"errors", GX_PARAM_CHOICE, "string", GX_PARAM_UNCHECKED, NULL, "string|map", 0,
     "how errors come back on this connection"},
    {"progress", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "tell how far long calls of this connection are: notifications call.progress"},
    {"client", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "name and version, for the log"},
};

static bool is_known(const gx_args *args, gx_slice name) {
    for (size_t i = 0; i < args->count; i++) {
        if (gx_slice_is(name, args->params[i].name)) {
            return true;
        }
    }
    return false;
}

static gx_value ignored(const gx_call_env *call) {
    const gx_value *given = call->given && call->given->type == GX_MAP ? call->given : NULL;
    gx_value list = gx_list(call->arena, given ? given->size : 0);
    for (uint32_t i = 0; given && i < given->size; i++) {
        const gx_value *key = &given->as.pairs[i].key;
        if (!is_known(call->args, (gx_slice){key->as.text, key->size})) {
            gx_list_add(call->arena, &list, gx_text_copy(call->arena, key->as.text, key->size));
        }
    }
    return list;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    (void)err;
    *out = gx_map(call->arena, 4);
    gx_map_put(call->arena, out, "errors", *gx_arg_value(call->args, "errors"));
    gx_map_put(call->arena, out, "progress", gx_bool(gx_arg_bool(call->args, "progress")));
    gx_map_put(call->arena, out, "ignored", ignored(call));
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
    .tolerant = true,
    .result = "{errors, progress, ignored: [text], version}",
    .run = run,
};
