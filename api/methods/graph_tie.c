/* graph.tie: how strong the tie of two members is at this moment, what its strength is made of, and
 * how it stands among the ties of either. */
#include "api/people/people.h"
#include "api/people/strength.h"
#include "api/support.h"

static const gx_param params[] = {
    {"src", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL,
     GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL, "one member"},
    {"dst", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL,
     GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL, "the other"},
    {"strong_share", GX_PARAM_REAL, "0.2", 0, 1, NULL, NULL, 0,
     "this share of a member's ties, the strongest, are strong"},
};

/* {of, place, degree, strong}: how the tie to `other` stands among those of ties->user. */
static gx_status standing(gx_value *out, const gx_ties *ties, uint32_t other, gx_error *err) {
    gx_arena *arena = ties->call->arena;
    gx_tie_measure *all;
    uint32_t count, place = 0;
    gx_status status = gx_ties_measure_all(&all, &count, ties, err);
    if (status != GX_OK) {
        return status;
    }
    while (place < count && all[place].user != other) {
        place++;
    }
    bool strong = gx_tie_is_strong(place, count, gx_arg_real(ties->call->args, "strong_share"));
    *out = gx_map(arena, 4);
    gx_map_put(arena, out, "of", gx_word_value(arena, ties->call->txn, GX_SPACE_USER, ties->user));
    gx_map_put(arena, out, "place", gx_int(place + 1));
    gx_map_put(arena, out, "degree", gx_int(count));
    gx_map_put(arena, out, "strong", gx_bool(strong));
    return GX_OK;
}

static gx_status find_block(bool *out, gx_call_env *call, uint32_t src, uint32_t dst,
                            gx_error *err) {
    gx_people people = {0};
    gx_status status = gx_people_read(&people, call->txn, &call->state->rules, src, err);
    const gx_person *other = status == GX_OK ? gx_people_find(&people, dst) : NULL;
    *out = other && other->blocked;
    gx_people_finish(&people);
    return status;
}

static gx_value apart(gx_call_env *call, bool blocked) {
    gx_value map = gx_map(call->arena, 3);
    gx_slice src = gx_arg_text(call->args, "src"), dst = gx_arg_text(call->args, "dst");
    char *text = gx_arena_printf(call->arena, "%.*s and %.*s have no tie%s", (int)src.size,
                                 src.data, (int)dst.size, dst.data,
                                 blocked ? ", and one of them blocks the other" : "");
    gx_map_put(call->arena, &map, "tied", gx_bool(false));
    gx_map_put(call->arena, &map, "blocked", gx_bool(blocked));
    gx_map_put(call->arena, &map, "says", gx_str(text ? text : ""));
    return map;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    gx_ties own = {0}, their = {0};
    gx_tie_measure m;
    gx_value map = gx_map(call->arena, 8), standings = gx_list(call->arena, 2);
    uint32_t src, dst;
    bool blocked;
    GX_TRY(gx_need_word(&src, call->txn, GX_SPACE_USER, gx_arg_text(call->args, "src"), err));
    GX_TRY(gx_need_word(&dst, call->txn, GX_SPACE_USER, gx_arg_text(call->args, "dst"), err));
    if (src == dst) {
        gx_slice one = gx_arg_text(call->args, "src");
        GX_TRY(gx_fail_at(err, GX_BAD_REQUEST, "dst", "%.*s is one member; a tie is of two",
                          (int)one.size, one.data));
    }
    GX_TRY(find_block(&blocked, call, src, dst, err));
    GX_TRY(gx_ties_open(&own, call, src, err));
    status = gx_ties_measure(&m, &own, dst, err);
    if (status == GX_NOT_FOUND) {
        *out = apart(call, blocked);
        status = GX_OK;
        goto done;
    }
    GX_TRY(status);
    GX_TRY(gx_ties_open(&their, call, dst, err));
    gx_value mine, yours;
    GX_TRY(standing(&mine, &own, dst, err));
    GX_TRY(standing(&yours, &their, src, err));
    gx_list_add(call->arena, &standings, mine);
    gx_list_add(call->arena, &standings, yours);
    gx_map_put(call->arena, &map, "tied", gx_bool(true));
    gx_map_put(call->arena, &map, "blocked", gx_bool(blocked));
    if (blocked) {
        gx_map_put(call->arena, &map, "says",
                   gx_str("one of them blocks the other: the tie is stored and measured, but no "
                          "path leads along it and neither is shown to the other"));
    }
    gx_map_put(call->arena, &map, "strength", gx_real(m.strength));
    gx_map_put(call->arena, &map, "common", gx_int(m.common));
    gx_map_put(call->arena, &map, "parts", gx_ties_parts_value(call->arena, &own, m.part));
    gx_map_put(call->arena, &map, "shares", gx_ties_parts_value(call->arena, &own, own.share));
    gx_map_put(call->arena, &map, "standing", standings);
    *out = map;
done:
    gx_ties_close(&own);
    gx_ties_close(&their);
    return status;
}

const gx_method gx_method_graph_tie = {
    .name = "graph.tie",
    .summary = "how strong the tie of two members is, and what its strength is made of",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .is_long = gx_is_always_long,
    .result = "{tied, blocked, says?, strength, common, parts: {NAME: 0-1}, shares: {NAME: 0-1}, "
              "standing: [{of, "
              "place, degree, strong}]} or {tied: false, blocked, says}",
    .run = run,
};
