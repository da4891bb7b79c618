/* Several members taken together. */
#include "api/lists/group.h"

#include "api/support.h"
#include "api/vector.h"

#include <math.h>
#include <stdlib.h>

typedef struct gather {
    vector users;
    gx_txn *txn;
    gx_arena *scratch; /* of one record at a time */
} gather;

static gx_status add(gather *g, uint32_t user, gx_error *err) {
    if (gx_word_name(g->txn, GX_SPACE_USER, user).size == 0) {
        return GX_OK; /* forgotten */
    }
    bool gone = false;
    gx_arena_reset(g->scratch);
    gx_status status = gx_user_departed(&gone, g->txn, g->scratch, user, 0, err);
    if (status != GX_OK || gone) {
        return status;
    }
    uint32_t *one = vector_add(&g->users);
    if (!one) {
        return gx_fail_memory(err, g->users.capacity * sizeof *one);
    }
    *one = user;
    return GX_OK;
}

static gx_status add_member(void *user, const gx_membership *member, gx_error *err) {
    return member->left_ms != GX_TIME_UNKNOWN ? GX_OK : add(user, member->user, err);
}

static gx_status gather_circle(gather *g, gx_call_env *call, gx_error *err) {
    const gx_state *state = call->state;
    const uint32_t *community;
    uint32_t circle;
    gx_status status;
    GX_TRY(gx_community_parse(&circle, "circle", gx_arg_text(call->args, "circle"), state, err));
    GX_TRY(gx_need_array(&community, state, "leiden.community", GX_U32, state->users, err));
    for (uint32_t u = 0; u < state->users; u++) {
        if (community[u] == circle) {
            GX_TRY(add(g, u, err));
        }
    }
done:
    return status;
}

static gx_status gather_group(gather *g, gx_call_env *call, gx_error *err) {
    uint32_t group;
    gx_status status =
        gx_need_word(&group, call->txn, GX_SPACE_GROUP, gx_arg_text(call->args, "group"), err);
    return status == GX_OK ? gx_member_of_group(call->txn, group, add_member, g, err) : status;
}

/* Of many those drawn by the seed, by rising number. */
static uint32_t draw(uint32_t *user, uint32_t count, uint32_t limit, uint64_t seed) {
    gx_rng rng = gx_rng_at(seed, count);
    if (count <= limit) {
        return count;
    }
    for (uint32_t k = 0; k < limit; k++) {
        const uint32_t at = k + (uint32_t)gx_rng_below(&rng, count - k), kept = user[k];
        user[k] = user[at];
        user[at] = kept;
    }
    qsort(user, limit, sizeof *user, gx_by_number);
    return limit;
}

static gx_status gather_all(gx_group *group, gx_call_env *call, uint32_t limit, gx_error *err) {
    gather g = {.users = {.size = sizeof(uint32_t)}, .txn = call->txn};
    const bool circle = gx_arg_has(call->args, "circle");
    gx_status status = GX_OK;
    g.scratch = gx_arena_create();
    if (!g.scratch) {
        return gx_fail_memory(err, limit);
    }
    if (circle) {
        GX_TRY(gather_circle(&g, call, err));
    } else {
        GX_TRY(gather_group(&g, call, err));
    }
    if (g.users.count == 0) {
        gx_slice name = gx_arg_text(call->args, circle ? "circle" : "group");
        char shown[64];
        status = gx_fail_at(err, GX_NOT_FOUND, circle ? "circle" : "group",
                            "nobody is in %s %s now", circle ? "the circle" : "the group",
                            gx_quote(shown, sizeof shown, name.data, name.size));
        goto done;
    }
    group->size = (uint32_t)g.users.count;
    group->all = gx_arena_get(call->arena, group->size * sizeof *group->all);
    group->user = gx_arena_get(call->arena, group->size * sizeof *group->user);
    if (!group->all || !group->user) {
        status = gx_fail_memory(err, group->size * sizeof *group->user);
        goto done;
    }
    memcpy(group->all, g.users.data, group->size * sizeof *group->all);
    group->count = draw(g.users.data, group->size, limit, call->job->seed);
    memcpy(group->user, g.users.data, group->count * sizeof *group->user);
done:
    gx_free(g.users.data);
    gx_arena_destroy(g.scratch);
    return status;
}

gx_status gx_group_find(gx_group *out, gx_call_env *call, uint32_t limit, gx_error *err) {
    gx_status status = GX_OK;
    gx_group group = {.unknown = gx_list(call->arena, 1), .departed = gx_list(call->arena, 1)};
    const bool users = gx_arg_has(call->args, "users");
    const int given = users + gx_arg_has(call->args, "group") + gx_arg_has(call->args, "circle");
    if (given != 1) {
        return gx_fail_at(err, GX_BAD_REQUEST, "users",
                          "%d of users, group and circle were given; accepted is exactly one",
                          given);
    }
    GX_TRY(gx_min_count(&group.min_count, call->txn, call->arena, err));
    if (users) {
        gx_lists_ids ids;
        GX_TRY(gx_lists_find(&ids, call, GX_SPACE_USER, "users", err));
        if (ids.count > limit) {
            return gx_fail_at(err, GX_OVER_LIMIT, "users",
                              "users: %u members were given; accepted are up to %u: name fewer, or "
                              "give a group or a circle, of which %u are drawn by the seed",
                              ids.count, limit, limit);
        }
        group.user = group.all = ids.id;
        group.count = group.size = ids.count;
        group.unknown = ids.unknown;
    } else {
        GX_TRY(gather_all(&group, call, limit, err));
    }
    *out = group;
done:
    return status;
}

gx_status gx_group_stay(gx_group *group, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    gx_arena *scratch;
    uint32_t stay = 0;
    if (!gx_arg_has(call->args, "users")) {
        return GX_OK; /* those of a group or a circle are here */
    }
    scratch = gx_arena_create();
    if (!scratch) {
        return gx_fail_memory(err, group->count);
    }
    for (uint32_t m = 0; m < group->count; m++) {
        bool gone = false;
        gx_arena_reset(scratch);
        GX_TRY(gx_user_departed(&gone, call->txn, scratch, group->user[m], 0, err));
        if (gone) {
            gx_list_add(call->arena, &group->departed,
                        gx_word_value(call->arena, call->txn, GX_SPACE_USER, group->user[m]));
        } else {
            group->user[stay++] = group->user[m];
        }
    }
    if (stay == 0) {
        status = gx_fail_at(err, GX_NOT_FOUND, "users", "whoever was named has departed");
    }
    group->count = group->size = stay; /* `all` is the same array */
done:
    gx_arena_destroy(scratch);
    return status;
}

gx_status gx_group_names(gx_group *group, gx_call_env *call, gx_error *err) {
    group->named = gx_arena_get(call->arena, group->count * sizeof *group->named);
    if (!group->named) {
        return gx_fail_memory(err, group->count * sizeof *group->named);
    }
    for (uint32_t m = 0; m < group->count; m++) {
        group->named[m] = gx_consents(call->txn, call->arena, group->user[m]);
        group->hidden += !group->named[m];
    }
    return GX_OK;
}

gx_status gx_group_bar(uint8_t *mask, const gx_group *group, const gx_filter *filter,
                       gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    double youngest = INFINITY;
    gx_arena *own = gx_arena_create(); /* of one member at a time */
    if (!own) {
        return gx_fail_memory(err, sizeof(gx_member_live));
    }
    for (uint32_t m = 0; m < group->size; m++) {
        gx_member_live live;
        GX_TRY(gx_job_check(call->job, err));
        gx_arena_reset(own);
        GX_TRY(gx_member_read_bars(&live, call->txn, call->state, filter->columns, group->all[m],
                                   own, err));
        gx_filter_bar(mask, filter, &live, live.rules.age < youngest);
        youngest = live.rules.age < youngest ? live.rules.age : youngest;
    }
done:
    gx_arena_destroy(own);
    return status;
}

void gx_group_tell(gx_value *row, const gx_group *group, gx_call_env *call) {
    const bool told = gx_arg_has(call->args, "users") || group->size >= group->min_count;
    gx_map_put(call->arena, row, "members", told ? gx_int(group->count) : gx_nil());
    gx_map_put(call->arena, row, "of", told ? gx_int(group->size) : gx_nil());
    gx_map_put(call->arena, row, "unknown", group->unknown);
    if (group->departed.size > 0) {
        gx_map_put(call->arena, row, "departed", group->departed);
    }
}
