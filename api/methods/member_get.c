/* member.get: who is in a group, or in which groups a member is. */
#include "api/support.h"

static const gx_param params[] = {
    {"group", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0, "everybody in this group"},
    {"user", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0, "every group of this member"},
};

typedef struct rows {
    gx_call_env *call;
    gx_value list;
} rows;

static gx_status add(void *user, const gx_membership *member, gx_error *err) {
    (void)err;
    rows *r = user;
    gx_arena *arena = r->call->arena;
    gx_value row = gx_map(arena, 5);
    gx_map_put(arena, &row, "group_id",
               gx_word_value(arena, r->call->txn, GX_SPACE_GROUP, member->group));
    gx_map_put(arena, &row, "user_id",
               gx_word_value(arena, r->call->txn, GX_SPACE_USER, member->user));
    if (member->role.size) {
        gx_map_put(arena, &row, "role", gx_text_copy(arena, member->role.data, member->role.size));
    }
    if (member->joined_ms != GX_TIME_UNKNOWN) {
        gx_map_put(arena, &row, "joined_at", gx_int(member->joined_ms));
    }
    if (member->left_ms != GX_TIME_UNKNOWN) {
        gx_map_put(arena, &row, "left_at", gx_int(member->left_ms));
    }
    gx_list_add(arena, &r->list, row);
    return GX_OK;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    rows r = {call, gx_list(call->arena, 16)};
    gx_slice group = gx_arg_text(call->args, "group"), user = gx_arg_text(call->args, "user");
    uint32_t id;
    if ((group.size != 0) == (user.size != 0)) {
        return gx_fail_at(err, GX_BAD_REQUEST, "group", "accepted is either a group or a user");
    }
    gx_status status = group.size ? gx_need_word(&id, call->txn, GX_SPACE_GROUP, group, err)
                                  : gx_need_word(&id, call->txn, GX_SPACE_USER, user, err);
    if (status == GX_OK) {
        status = group.size ? gx_member_of_group(call->txn, id, add, &r, err)
                            : gx_member_of_user(call->txn, id, add, &r, err);
    }
    if (status == GX_OK) {
        *out = gx_map(call->arena, 1);
        gx_map_put(call->arena, out, "members", r.list);
    }
    return status;
}

const gx_method gx_method_member_get = {
    .name = "member.get",
    .summary = "who is in a group, or in which groups a member is",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{members: [{group_id, user_id, role, joined_at, left_at}]}",
    .run = run,
};
