/* user.forget: a member's record, ties, events and memberships, gone from the store at once (R81).
 */
#include "api/support.h"

static const gx_param params[] = {
    {"user", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL,
     GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL, "whom"},
};

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    uint32_t user;
    gx_status status =
        gx_need_word(&user, call->txn, GX_SPACE_USER, gx_arg_text(call->args, "user"), err);
    if (status == GX_OK) {
        status = gx_user_forget(call->txn, user, err);
    }
    if (status == GX_OK) {
        *out = gx_map(call->arena, 1);
        gx_map_put(call->arena, out, "forgotten", gx_bool(true));
    }
    return status;
}

const gx_method gx_method_user_forget = {
    .name = "user.forget",
    .summary = "remove a member and all that is known of them",
    .scope = GX_SCOPE_ADMIN,
    .cost = GX_COST_WRITE,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{forgotten}",
    .run = run,
};
