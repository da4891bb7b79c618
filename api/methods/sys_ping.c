/* sys.ping: is anybody there, and what time is it there. */
#include "api/method.h"

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    (void)err;
    *out = gx_map(call->arena, 2);
    gx_map_put(call->arena, out, "pong", gx_bool(true));
    gx_map_put(call->arena, out, "time_ms", gx_int(gx_time_ms()));
    return GX_OK;
}

const gx_method gx_method_sys_ping = {
    .name = "sys.ping",
    .summary = "is the server there",
    .scope = GX_SCOPE_NONE,
    .cost = GX_COST_SHORT,
    .result = "{pong, time_ms}",
    .run = run,
};
