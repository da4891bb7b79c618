/* tie.del: a tie is no more. */
#include "api/support.h"

static const gx_param params[] = {
    {"src", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL,
     GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL, "from"},
    {"dst", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL,
     GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL, "to"},
    {"kind", GX_PARAM_TEXT, "friend", GX_PARAM_UNCHECKED, NULL, NULL, 0, "of which kind"},
};

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    uint32_t src, dst, kind;
    GX_TRY(gx_need_word(&src, call->txn, GX_SPACE_USER, gx_arg_text(call->args, "src"), err));
    GX_TRY(gx_need_word(&dst, call->txn, GX_SPACE_USER, gx_arg_text(call->args, "dst"), err));
    GX_TRY(gx_need_word(&kind, call->txn, GX_SPACE_TIE_KIND, gx_arg_text(call->args, "kind"), err));
    GX_TRY(gx_tie_del(call->txn, src, dst, kind, err));
    *out = gx_map(call->arena, 1);
    gx_map_put(call->arena, out, "deleted", gx_bool(true));
done:
    return status;
}

const gx_method gx_method_tie_del = {
    .name = "tie.del",
    .summary = "remove a tie",
    .scope = GX_SCOPE_WRITE,
    .cost = GX_COST_WRITE,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{deleted}",
    .run = run,
};
