/* What rec.user and rec.explain share. */
#include "api/lists/listing.h"

#include "api/support.h"

/* ---- weights -------------------------------------------------------------------------------- */

static gx_status read_weight(float weights[GX_CHANNEL_COUNT], const gx_pair *pair, gx_error *err) {
    gx_slice name = {pair->key.as.text, pair->key.size};
    char shown[64];
    gx_quote(shown, sizeof shown, name.data, name.size);
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        if (!gx_slice_is(name, gx_channel_name((gx_channel)c))) {
            continue;
        }
        double weight = 0;
        gx_status status = gx_weight_read(&weight, "channels", pair, err);
        weights[c] = (float)weight;
        return status;
    }
    return gx_fail_at(err, GX_BAD_REQUEST, "channels",
                      "channels: %s was given; accepted are friends, circle, leader and interest",
                      shown);
}

static gx_status read_weights(float weights[GX_CHANNEL_COUNT], const gx_value *map, gx_error *err) {
    gx_status status = GX_OK;
    for (uint32_t i = 0; status == GX_OK && map->type == GX_MAP && i < map->size; i++) {
        status = read_weight(weights, &map->as.pairs[i], err);
    }
    return status;
}

/* What `over` says, over what `under` says, over the usual. */
static gx_status weights_of(float out[GX_CHANNEL_COUNT], const gx_value *under,
                            const gx_value *over, gx_error *err) {
    float weights[GX_CHANNEL_COUNT], sum = 0;
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        weights[c] = (float)gx_channel_weight_default((gx_channel)c);
    }
    gx_status status = read_weights(weights, under, err);
    if (status == GX_OK) {
        status = read_weights(weights, over, err);
    }
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        sum += weights[c];
    }
    if (status == GX_OK && !(sum > 0)) {
        return gx_fail_at(err, GX_BAD_REQUEST, "channels",
                          "channels: every weight is 0; at least one must be above it");
    }
    if (status == GX_OK) {
        memcpy(out, weights, sizeof weights);
    }
    return status;
}

gx_status gx_listing_weights_check(const gx_value *map, gx_error *err) {
    const gx_value none = gx_nil();
    float weights[GX_CHANNEL_COUNT];
    return weights_of(weights, map, &none, err);
}

gx_status gx_listing_weights(float out[GX_CHANNEL_COUNT], gx_call_env *call, gx_error *err) {
    gx_value setting;
    gx_status status = gx_setting_get(&setting, call->txn, call->arena, "channels", err);
    return status == GX_OK ? weights_of(out, &setting, gx_arg_value(call->args, "channels"), err)
                           : status;
}

static bool says_weight(const gx_value *map) {
    return map->type == GX_MAP && map->size > 0;
}

gx_status gx_listing_weigh(gx_weighing *out, gx_call_env *call, gx_error *err) {
    gx_value setting;
    gx_status status = gx_listing_weights(out->configured, call, err);
    if (status == GX_OK) {
        status = gx_setting_get(&setting, call->txn, call->arena, "channels", err);
    }
    if (status == GX_OK) {
        out->learnt = !says_weight(&setting) && !says_weight(gx_arg_value(call->args, "channels"));
    }
    return status;
}

bool gx_listing_weights_of(float out[GX_CHANNEL_COUNT], const gx_weighing *how, const gx_rec *rec,
                           const gx_rec_member *member) {
    uint32_t likes = 0;
    for (uint32_t k = 0; k < member->history.count; k++) {
        likes += member->history.weight[k] > 0 ? 1 : 0;
    }
    bool learnt = how->learnt && gx_rec_learnt_weights(out, rec, member->user, likes);
    /* Who names a circle wants to hear it, also where circles were left out. */
    learnt = learnt && (out[GX_CHANNEL_CIRCLE] > 0 || !member->circle_given);
    if (!learnt) {
        memcpy(out, how->configured, sizeof how->configured);
    }
    return learnt;
}

/* ---- items ---------------------------------------------------------------------------------- */

gx_value gx_listing_channels(gx_arena *arena, const float value[GX_CHANNEL_COUNT]) {
    gx_value map = gx_map(arena, GX_CHANNEL_COUNT + 1);
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        gx_map_put(arena, &map, gx_channel_name((gx_channel)c), gx_real((double)value[c]));
    }
    return map;
}

gx_value gx_listing_susceptibility(gx_call_env *call, uint32_t user) {
    gx_susceptibility own;
    if (!gx_rec_susceptibility(&own, call->state->rec, user)) {
        return gx_nil();
    }
    gx_value map = gx_listing_channels(call->arena, own.weight);
    gx_map_put(call->arena, &map, "takes", gx_int(own.takes));
    return map;
}

gx_value gx_listing_shares(gx_arena *arena, const gx_rec_item *item) {
    gx_value map = gx_map(arena, GX_CHANNEL_COUNT);
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        gx_map_put(arena, &map, gx_channel_name((gx_channel)c), gx_real(item->channel[c]));
    }
    return map;
}

/* popular: no channel speaks for it. new: the snapshot does not know it. */
gx_value gx_listing_flags(const gx_why_writer *writer, const gx_rec_item *item) {
    gx_arena *arena = writer->call->arena;
    gx_value list = gx_list(arena, 2);
    double sum = 0;
    for (uint32_t f = 0; f < GX_SLATE_FLAG_COUNT; f++) {
        if (item->flags >> f & 1) {
            gx_list_add(arena, &list, gx_str(gx_slate_flag_name((gx_slate_flag)f)));
        }
    }
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        sum += item->channel[c];
    }
    if (!(sum > 0)) {
        gx_list_add(arena, &list, gx_str("popular"));
    }
    if (item->item >= writer->call->state->items) {
        gx_list_add(arena, &list, gx_str("new"));
    }
    return list;
}

gx_value gx_listing_item(const gx_why_writer *writer, const gx_rec_item *item, bool why) {
    gx_call_env *call = writer->call;
    gx_arena *arena = call->arena;
    gx_value row = gx_map(arena, 7);
    gx_map_put(arena, &row, "id", gx_word_value(arena, call->txn, GX_SPACE_ITEM, item->item));
    gx_value title = gx_columns_get(writer->columns, arena, item->item, "title");
    if (title.type == GX_TEXT) {
        gx_map_put(arena, &row, "title", gx_text_copy(arena, title.as.text, title.size));
    }
    gx_map_put(arena, &row, "score", gx_real(item->score));
    gx_map_put(arena, &row, "rank", gx_int(item->rank));
    gx_map_put(arena, &row, "channels", gx_listing_shares(arena, item));
    if (why) {
        gx_map_put(arena, &row, "why", gx_why_list(writer, item));
    }
    gx_map_put(arena, &row, "flags", gx_listing_flags(writer, item));
    return row;
}
