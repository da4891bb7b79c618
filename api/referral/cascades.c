/* Arguments and rows of cascades. */
#include "api/referral/cascades.h"

#include <math.h>

gx_status gx_log_spec_of(gx_log_spec *out, gx_call_env *call, gx_error *err) {
    const gx_args *args = call->args;
    gx_log_spec spec = {.item = GX_NONE, .campaign = GX_NONE};
    gx_status status = GX_OK;
    if (gx_arg_has(args, "item")) { /* empty too: that is no item, not every one */
        GX_TRY(gx_need_word(&spec.item, call->txn, GX_SPACE_ITEM, gx_arg_text(args, "item"), err));
    }
    if (gx_arg_has(args, "campaign")) {
        GX_TRY(gx_need_word(&spec.campaign, call->txn, GX_SPACE_CAMPAIGN,
                            gx_arg_text(args, "campaign"), err));
    }
    if (gx_arg_has(args, "since")) {
        spec.from_ms = gx_arg_int(args, "since");
    }
    if (gx_arg_has(args, "until")) {
        spec.to_ms = gx_arg_int(args, "until");
        GX_TRY(gx_times_in_order(args, "since", spec.from_ms, "until", spec.to_ms, err));
    }
    *out = spec;
done:
    return status;
}

static gx_tree_by tree_by(const gx_args *args) {
    return gx_arg_is(args, "by", "campaign") ? GX_TREE_CAMPAIGN
           : gx_arg_is(args, "by", "all")    ? GX_TREE_ALL
           : gx_arg_is(args, "by", "invite") ? GX_TREE_INVITE
                                             : GX_TREE_ITEM;
}

gx_status gx_cascade_trees(gx_trees *out, gx_call_env *call, int decimals, gx_error *err) {
    gx_log_spec spec;
    gx_status status;
    const gx_value *actions = gx_arg_value(call->args, "action");
    if (actions->type == GX_LIST && tree_by(call->args) == GX_TREE_INVITE) {
        return gx_fail_at(err, GX_BAD_REQUEST, "action",
                          "action was given by invite, where members join by being invited; it "
                          "goes with by item, campaign or all");
    }
    GX_TRY(gx_log_spec_of(&spec, call, err));
    spec.decimals = decimals;
    spec.actions = actions->type == GX_LIST ? actions : NULL;
    GX_TRY(gx_trees_make(out, call, tree_by(call->args), &spec, err));
done:
    return status;
}

const char *gx_trees_key_name(const gx_trees *trees) {
    return trees->by == GX_TREE_ITEM ? "item" : trees->by == GX_TREE_CAMPAIGN ? "campaign" : NULL;
}

void gx_trees_put_key(gx_value *row, gx_call_env *call, const gx_trees *trees, uint32_t forest) {
    const char *name = gx_trees_key_name(trees);
    if (name) {
        gx_map_put(call->arena, row, name,
                   gx_word_value(call->arena, call->txn,
                                 trees->by == GX_TREE_ITEM ? GX_SPACE_ITEM : GX_SPACE_CAMPAIGN,
                                 trees->key[forest]));
    }
}

static void put_hours(gx_arena *arena, gx_value *row, const char *key, int64_t ms) {
    gx_map_put(arena, row, key, ms < 0 ? gx_nil() : gx_real((double)ms / 3600000));
}

void gx_cascade_put_time(gx_value *row, gx_arena *arena, const char *key, int64_t ts_ms) {
    gx_map_put(arena, row, key, ts_ms == INT64_MIN ? gx_nil() : gx_int(ts_ms));
}

void gx_cascade_put(gx_value *row, gx_arena *arena, const gx_cascade *c, bool has_circles) {
    gx_map_put(arena, row, "members", gx_int(c->members));
    gx_map_put(arena, row, "roots", gx_int(c->roots));
    gx_map_put(arena, row, "brought", gx_int(c->members - c->roots));
    gx_map_put(arena, row, "trees", gx_int(c->trees));
    gx_map_put(arena, row, "largest", gx_int(c->largest));
    gx_map_put(arena, row, "depth", gx_int(c->depth));
    gx_map_put(arena, row, "spreaders", gx_int(c->spreaders));
    gx_map_put(arena, row, "k", gx_real(c->k));
    gx_map_put(arena, row, "virality", isnan(c->virality) ? gx_nil() : gx_real(c->virality));
    gx_map_put(arena, row, "cross_circle",
               has_circles && c->compared ? gx_real((double)c->crossed / (double)c->compared)
                                          : gx_nil());
    put_hours(arena, row, "half_hours", c->half_ms);
    put_hours(arena, row, "delay_hours", c->delay_ms);
    gx_cascade_put_time(row, arena, "first", c->first_ms);
    gx_cascade_put_time(row, arena, "last", c->last_ms);
    gx_map_put(arena, row, "sales", gx_int((int64_t)c->sales));
    gx_map_put(arena, row, "revenue_minor", gx_int(c->revenue));
}

gx_value gx_trees_told(gx_arena *arena, const gx_trees *t) {
    const struct {
        const char *name;
        uint64_t count;
    } all[] = {{"self_via", t->told.self_via},
               {"unknown_via", t->told.unknown_via},
               {"implied", t->implied},
               {"unrecorded", t->unrecorded},
               {"undated", t->undated},
               {"again", t->again},
               {"cycles", t->cycles},
               {"early", t->early},
               {"no_amount", t->told.no_amount},
               {"bad_amount", t->told.bad_amount}};
    gx_value told = gx_map(arena, GX_COUNT(all));
    for (size_t i = 0; i < GX_COUNT(all); i++) {
        gx_map_put(arena, &told, all[i].name, gx_int((int64_t)all[i].count));
    }
    return told;
}
