/* A member at this moment. */
#include "api/lists/now.h"

#include "api/lists/lists.h"
#include "api/support.h"

gx_status gx_now_read(gx_now *out, gx_call_env *call, int64_t then_ms, gx_error *err) {
    gx_now now = {.clock_ms = then_ms ? then_ms : gx_time_ms(),
                  .then_ms = then_ms,
                  .repeats = gx_arg_taken(call->args, "repeat") != NULL};
    gx_status status = gx_context_read(&now.context, call, err);
    if (status == GX_OK && now.repeats) {
        status = gx_repeat_read(&now.repeat, call, err);
    }
    if (status == GX_OK) {
        *out = now;
    }
    return status;
}

gx_status gx_now_member(gx_member_live *out, const gx_now *now, gx_call_env *call,
                        const gx_columns *columns, uint32_t user, gx_error *err) {
    gx_status status = now->then_ms ? gx_member_read_until(out, call->txn, call->state, columns,
                                                           user, now->then_ms, call->arena, err)
                                    : gx_member_read(out, call->txn, call->state, columns, user,
                                                     now->clock_ms, call->arena, err);
    if (status == GX_OK && now->repeats) {
        status = gx_repeat_apply(out, &now->repeat, columns, call->arena, err);
    }
    if (status == GX_OK) {
        status = gx_context_apply(out, &now->context, &call->state->rules, call->arena, err);
    }
    return status;
}

gx_status gx_now_member_named(gx_member_live *out, const gx_now *now, gx_call_env *call,
                              const gx_columns *columns, gx_slice id, gx_error *err) {
    uint32_t user = GX_NONE;
    gx_status status = gx_lists_user(&user, call->txn, id, err);
    return status == GX_OK ? gx_now_member(out, now, call, columns, user, err) : status;
}
