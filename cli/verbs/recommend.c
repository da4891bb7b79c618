/* guanxi recommend: each member's list, with reasons; with --all lists for everybody. */
#include "api/lists/push.h"
#include "api/lists/segment.h"
#include "cli/recommend_all.h"

/* clang-format off */
static const gx_param params[] = {
    {"users", GX_PARAM_LIST, NULL, 1, 200, "members", NULL, GX_PARAM_POSITIONAL,
     "for whom, by id; or --all"},
    {"why", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "say why, with evidence: on for members that are named, unless --no-why; with --all only where "
     "it is given, as jsonl or json"},
    {"all", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "for everybody, as csv (a row an item; also for --format table) or jsonl (a line a member); what "
     "follows goes with it"},
    GX_SEGMENT_PARAM,
    {"members", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "only the members of this file, each once: an id a line, or a table with a column user_id"},
    {"left_out", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "write whom the push leaves out to this file: user,reason"},
    {"resume", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "with -o FILE: go on where a run of the same options broke off, by FILE.part and FILE.part.state"},
    GX_PUSH_PARAMS,
    GX_ESTIMATE_PARAM,
};
/* clang-format on */

/* The reasons in one cell, the weightiest first. */
static gx_value reasons(gx_arena *arena, const gx_value *why) {
    enum { MOST = 16 };
    bool used[MOST] = {false};
    uint32_t count = why && why->type == GX_LIST && why->size < MOST ? why->size : 0;
    gx_value sorted = gx_list(arena, count);
    for (uint32_t k = 0; k < count; k++) {
        double most = -1, share = 0;
        uint32_t best = 0;
        for (uint32_t i = 0; i < count; i++) {
            const gx_value *value = gx_map_get(&why->as.items[i], "share");
            if (!used[i] && value && gx_value_as_real(value, &share) && share > most) {
                most = share;
                best = i;
            }
        }
        used[best] = true;
        gx_list_add(arena, &sorted, why->as.items[best]);
    }
    return gx_row_join(arena, &sorted, "en", "; ");
}

/* A row an item: what an operator reads. */
static gx_value rows(gx_arena *arena, const gx_value *result) {
    gx_value list = gx_list(arena, 32);
    for (uint32_t u = 0; result->type == GX_LIST && u < result->size; u++) {
        const gx_value *entry = &result->as.items[u], *items = gx_map_get(entry, "items");
        for (uint32_t i = 0; items && items->type == GX_LIST && i < items->size; i++) {
            const gx_value *item = &items->as.items[i];
            gx_value row = gx_map(arena, 9);
            gx_row_copy(arena, &row, "user", entry, "user");
            gx_row_copy(arena, &row, "rank", item, "rank");
            gx_row_copy(arena, &row, "item", item, "id");
            if (gx_map_get(item, "title")) {
                gx_row_copy(arena, &row, "title", item, "title");
            }
            gx_row_copy(arena, &row, "score", item, "score");
            gx_row_copy(arena, &row, "rung", entry, "rung");
            gx_map_put(arena, &row, "flags",
                       gx_row_join(arena, gx_map_get(item, "flags"), NULL, ", "));
            gx_map_put(arena, &row, "why", reasons(arena, gx_map_get(item, "why")));
            gx_row_rest(arena, &row, item, "id");
            gx_list_add(arena, &list, row);
        }
        const gx_value *unpinned = gx_map_get(entry, "not_pinned");
        for (uint32_t i = 0; unpinned && unpinned->type == GX_LIST && i < unpinned->size; i++) {
            const gx_value *pin = &unpinned->as.items[i];
            gx_value row = gx_map(arena, 4);
            gx_row_copy(arena, &row, "user", entry, "user");
            gx_row_copy(arena, &row, "item", pin, "id");
            gx_map_put(arena, &row, "flags", gx_str("not pinned"));
            gx_row_copy(arena, &row, "why", gx_map_get(pin, "why_not"), "en");
            gx_list_add(arena, &list, row);
        }
        const gx_value *idle = gx_map_get(entry, "not_boosted");
        for (uint32_t i = 0; idle && idle->type == GX_LIST && i < idle->size; i++) {
            gx_value row = gx_map(arena, 3);
            gx_row_copy(arena, &row, "user", entry, "user");
            gx_map_put(arena, &row, "flags", gx_str("not boosted"));
            gx_map_put(arena, &row, "why", idle->as.items[i]);
            gx_list_add(arena, &list, row);
        }
    }
    return list;
}

/* The call's request id, which impressions have and draws without a seed follow. Of several members
 * the first has ID/1. */
static void say_request(const gx_command *command, const gx_value *result) {
    const gx_value *id = result->size ? gx_map_get(&result->as.items[0], "request_id") : NULL;
    if (!id || id->type != GX_TEXT) {
        return;
    }
    const bool follow =
        gx_arg_real(&command->args, "explore") > 0 && !gx_arg_has(&command->common, "seed");
    gx_say(command, "request %.*s%s", (int)(id->size - (result->size > 1 ? 2 : 0)), id->as.text,
           follow ? ": draws follow it; with --seed N they are the same each time" : "");
}

/* The request, and why a list is no longer. */
static void say(const gx_command *command, const gx_value *result) {
    if (result->type == GX_LIST && result->size > 0) {
        say_request(command, result);
        gx_say_notes(command, &result->as.items[0]); /* of the call: all have the same */
    }
    for (uint32_t u = 0; result->type == GX_LIST && u < result->size; u++) {
        const gx_value *user = gx_map_get(&result->as.items[u], "user");
        const gx_value *less = gx_map_get(&result->as.items[u], "short");
        if (user && user->type == GX_TEXT && less && less->type == GX_TEXT) {
            gx_say(command, "%.*s: %.*s", (int)user->size, user->as.text, (int)less->size,
                   less->as.text);
        }
    }
}

/* What goes with --all alone: params from `segment` on. */
static gx_status refuse_batch_flags(const gx_command *command, gx_error *err) {
    char flag[64];
    for (size_t i = 3; i < GX_COUNT(params); i++) {
        if (gx_map_get(&command->given, params[i].name)) {
            gx_flag_name(flag, sizeof flag, params[i].name);
            return gx_fail_at(err, GX_BAD_REQUEST, params[i].name,
                              "--%s goes with --all, lists for everybody", flag);
        }
    }
    return GX_OK;
}

static gx_status run(gx_command *command, gx_error *err) {
    if (gx_arg_bool(&command->args, "all")) {
        return gx_recommend_all(command, err);
    }
    gx_status status = refuse_batch_flags(command, err);
    if (status == GX_OK && !gx_map_get(&command->given, "users")) {
        status = gx_fail_at(err, GX_BAD_REQUEST, "users",
                            "users: nobody was named; accepted are ids of members, or --all");
    }
    return status == GX_OK ? gx_run_method(command, err) : status;
}

const gx_verb gx_verb_recommend = {
    .name = "recommend",
    .group = "products",
    .summary = "products for members, each with its reasons",
    .method = "rec.user",
    .flags = GX_VERB_RESUMES,
    .params = params,
    .param_count = GX_COUNT(params),
    .run = run,
    .say = say,
    .rows = rows,
    .columns = "user,rank,item,title,score,rung,flags,why",
    .examples =
        "  guanxi recommend shop.gx u1204 -n 10\n"
        "  guanxi recommend shop.gx u1204 u7 --where 'price < 200 and stock > 0' --format json\n"
        "  guanxi recommend shop.gx u1204 --pin sku-12=1 --caps category=3 --caps brand=1\n"
        "  guanxi recommend shop.gx u1204 --boost '1.5 where brand = \"Lantern\"; 0.5 where price > "
        "900'\n"
        "  guanxi recommend shop.gx u1204 --explore 0.1 --log --arm try:b\n"
        "  guanxi recommend shop.gx u1204 --channels friends=1 --channels interest=0\n"
        "  guanxi recommend shop.gx --all -n 5 --estimate\n"
        "  guanxi recommend shop.gx --all -n 5 -o lists.csv\n"
        "  guanxi recommend shop.gx --all -n 5 -o lists.csv --resume\n"
        "  guanxi recommend shop.gx --all --segment 'region = \"Zhejiang\"' --holdout 0.1 -o "
        "lists.csv\n"
        "  guanxi recommend shop.gx --all -n 1 --cap 2 --again 30d --quiet 22:00-08:00 --log\n"
        "  guanxi recommend shop.gx --all --send 2026-12-01T10:00:00Z --over 2h --tz +08:00\n",
};
