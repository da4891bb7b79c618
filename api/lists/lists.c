/* What the lists beside rec.user share. Everything a reader sees is in the table below. */
#include "api/lists/lists.h"

#include "api/support.h"

#include <stdlib.h>

/* ---- the words ------------------------------------------------------------------------------ */

static const struct {
    const char *en, *zh;
} sentences[GX_SAYS_COUNT] = {
    [GX_SAYS_BUNDLE_AFTER] =
        {"{share} who bought {item} bought it within {days} days, {lift} times "
         "the average",
         "买过 {item} 的人有 {share} 在 {days} 天内买了它,是平均的 {lift} 倍"},
    [GX_SAYS_BUNDLE_WITH] =
        {"{share} who bought {item} bought it with it, {lift} times the average",
         "买 {item} 的人有 {share} 同时买了它,是平均的 {lift} 倍"},
    [GX_SAYS_BUNDLE_PLAIN] = {"Often bought with or after {item}", "常与 {item} 一起或随后购买"},
    [GX_SAYS_TAKEN_AFTER] =
        {"{share} who took to {item} took to it within {days} days, {lift} times the average",
         "选过 {item} 的人有 {share} 在 {days} 天内选了它,是平均的 {lift} 倍"},
    [GX_SAYS_TAKEN_WITH] =
        {"{share} who took to {item} took to it with it, {lift} times the average",
         "选过 {item} 的人有 {share} 同时选了它,是平均的 {lift} 倍"},
    [GX_SAYS_TAKEN_PLAIN] = {"Often chosen with or after {item}", "常与 {item} 一起或随后被选中"},
    [GX_SAYS_GROUP_ALL] = {"All {all} of you would like it", "你们 {all} 位都会喜欢"},
    [GX_SAYS_GROUP_MANY] = {"{n} of the {all} of you would like it",
                            "你们 {all} 位中有 {n} 位会喜欢"},
    [GX_SAYS_GROUP_NAMED] = {"At least {n} of you would like it", "你们中至少有 {n} 位会喜欢"},
    [GX_SAYS_GROUP_SOME] = {"Some of you would like it", "你们当中有人会喜欢"},
    [GX_SAYS_GROUP_NEAR] = {"Near what you like together", "接近你们共同的喜好"},
    [GX_SAYS_GROUP_WHOLE] = {"Put forward for the group as a whole", "面向全体成员推荐"},
    [GX_SAYS_GROUP_POPULAR] = {"Popular in this shop", "本店热门"},
    [GX_SAYS_GROUP_REST] = {"Fills the list: nothing is known that speaks for it",
                            "补足列表:暂无依据"},
    [GX_SAYS_TOPIC_COUNTED] = {"{n} of you looked at it or chose it, {lift} times the average",
                               "你们中有 {n} 位看过或选过,是平均的 {lift} 倍"},
    [GX_SAYS_LAYOUT] = {"{share} of what suits you, first {item}",
                        "占适合你的 {share},首推 {item}"},
    [GX_SAYS_LAYOUT_POPULAR] = {"{share} of what is popular here, first {item}",
                                "占本店热门的 {share},首推 {item}"},
    [GX_SAYS_LAYOUT_REST] = {"{share} of what may be shown, first {item}; nothing is known yet of "
                             "what suits you",
                             "占可展示内容的 {share},首推 {item};尚不了解你的喜好"},
    [GX_SAYS_AUDIENCE_TASTE] = {"Took to {item}, which is near it", "选过与它相近的 {item}"},
    [GX_SAYS_AUDIENCE_TIED] = {"Tied to members of the list", "与名单中的成员相连"},
    [GX_SAYS_AUDIENCE_AMONG] = {"Of the circle {circle}, as members of the list are",
                                "与名单中的成员同在圈子 {circle}"},
    [GX_SAYS_AUDIENCE_LIKE] = {"Chooses what the members of the list choose",
                               "与名单中成员口味相近"},
    [GX_SAYS_AUDIENCE_FRIENDS] = {"Tied to members it suits", "与它适合的成员相连"},
    [GX_SAYS_AUDIENCE_CIRCLE] = {"Of the circle {circle}, which it suits",
                                 "所在圈子 {circle} 适合它"},
    [GX_SAYS_FIT_VALUE] = {"Chooses {value}, which it stands for", "常选 {value},正是它的定位"},
    [GX_SAYS_FIT_PRICE] = {"Pays what its members pay", "价位与其成员相近"},
    [GX_SAYS_AUDIENCE_LEADER] = {"A leader others follow", "有号召力的达人"},
    [GX_SAYS_GUIDE_MANY] = {"You {did} {item}. {n} of those who listen to you may like it too: "
                            "share it with them",
                            "你{did} {item},关注你的人里有 {n} 位可能也会喜欢,分享给他们吧"},
    [GX_SAYS_GUIDE_SOME] = {"You {did} {item}. Some of those who listen to you may like it too: "
                            "share it with them",
                            "你{did} {item},关注你的人里可能也有人喜欢,分享给他们吧"},
    [GX_SAYS_GUIDE_MESSAGE] = {"I {did} {item} and think of you: have a look",
                               "我{did} {item},觉得也适合你,来看看吧"},
    [GX_SAYS_GUIDE_LEADER] = {"A leader (score {score}) who {did} {item}; {n} to share it with",
                              "达人({score} 分),{did} {item},可分享给 {n} 位"},
    [GX_SAYS_GUIDE_PROMOTER] = {"Brought {sales} purchases so far and {did} {item}; {n} to share "
                                "it with",
                                "已带来 {sales} 笔购买,{did} {item},可分享给 {n} 位"},
    [GX_SAYS_GUIDE_GIVEN] = {"A member who {did} {item}; {n} to share it with",
                             "会员{did} {item},可分享给 {n} 位"},
    [GX_SAYS_TEAM] = {"{item} for {all} together: start a group buy with your friends",
                      "{all} 人团购 {item}:约上好友一起开团吧"},
    [GX_SAYS_EXPERT_KNOWN] = {"No. {rank} for {category}, and you are tied",
                              "{category}达人第 {rank} 位,你们有联系"},
    [GX_SAYS_EXPERT_NEAR] = {"No. {rank} for {category}, {steps} steps from you",
                             "{category}达人第 {rank} 位,与你相隔 {steps} 步"},
    [GX_SAYS_EXPERT_FAR] = {"No. {rank} for {category}", "{category}达人第 {rank} 位"},
    [GX_SAYS_AUDIENCE_NEAR] = {"{km} km from there", "距离 {km} 公里"},
};

void gx_lists_say(gx_value *row, gx_arena *arena, gx_lists_sentence which, const gx_hole *holes,
                  size_t count) {
    gx_why_fill(row, arena, sentences[which].en, sentences[which].zh, holes, count);
}

gx_hole gx_lists_hole(const char *name, const char *text) {
    gx_slice slice = gx_slice_of(text ? text : "");
    return (gx_hole){name, slice, slice};
}

gx_hole gx_lists_share(gx_arena *arena, const char *name, double share) {
    return gx_lists_hole(name, gx_arena_printf(arena, "%.3g%%", share * 100));
}

gx_hole gx_lists_times(gx_arena *arena, const char *name, double times) {
    return gx_lists_hole(name, gx_arena_printf(arena, "%.1f", times));
}

gx_hole gx_lists_count(gx_arena *arena, const char *name, uint32_t count) {
    return gx_lists_hole(name, gx_arena_printf(arena, "%u", count));
}

/* ---- items ---------------------------------------------------------------------------------- */

gx_slice gx_lists_title(gx_call_env *call, const gx_columns *columns, uint32_t item) {
    gx_value title = gx_columns_get(columns, call->arena, item, "title");
    if (title.type == GX_TEXT && title.size > 0) {
        return (gx_slice){title.as.text, title.size};
    }
    return gx_word_name(call->txn, GX_SPACE_ITEM, item);
}

gx_value gx_lists_item(gx_call_env *call, const gx_columns *columns, uint32_t item, uint32_t room) {
    gx_value row = gx_map(call->arena, room + 2);
    gx_map_put(call->arena, &row, "id", gx_word_value(call->arena, call->txn, GX_SPACE_ITEM, item));
    gx_value title = gx_columns_get(columns, call->arena, item, "title");
    if (title.type == GX_TEXT) {
        gx_map_put(call->arena, &row, "title",
                   gx_text_copy(call->arena, title.as.text, title.size));
    }
    return row;
}

/* ---- ids ------------------------------------------------------------------------------------ */

typedef struct numbered {
    uint32_t id, at;
} numbered;

static int by_id(const void *a, const void *b) {
    const numbered *x = a, *y = b;
    if (x->id != y->id) {
        return x->id < y->id ? -1 : 1;
    }
    return (x->at > y->at) - (x->at < y->at);
}

static int by_place(const void *a, const void *b) {
    const numbered *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

/* The first of each id stays, in the order given. */
static uint32_t once(numbered *row, uint32_t count) {
    uint32_t made = 0;
    qsort(row, count, sizeof *row, by_id);
    for (uint32_t k = 0; k < count; k++) {
        if (made == 0 || row[made - 1].id != row[k].id) {
            row[made++] = row[k];
        }
    }
    qsort(row, made, sizeof *row, by_place);
    return made;
}

gx_status gx_lists_find(gx_lists_ids *out, gx_call_env *call, gx_space space, const char *argument,
                        gx_error *err) {
    gx_status status = GX_OK;
    gx_arena *arena = call->arena;
    const gx_value *list = gx_arg_value(call->args, argument);
    numbered *row = gx_arena_get(arena, ((size_t)list->size + 1) * sizeof *row);
    gx_lists_ids ids = {.id = gx_arena_get(arena, ((size_t)list->size + 1) * sizeof *ids.id),
                        .unknown = gx_list(arena, 4)};
    if (!row || !ids.id) {
        return gx_fail_memory(err, list->size * sizeof *row);
    }
    for (uint32_t k = 0; k < list->size; k++) {
        gx_slice word = {list->as.items[k].as.text, list->as.items[k].size};
        gx_status found = gx_word_find(&row[ids.count].id, call->txn, space, word);
        if (found == GX_NOT_FOUND) {
            gx_list_add(arena, &ids.unknown, gx_text_copy(arena, word.data, word.size));
        } else if (found != GX_OK) {
            return gx_fail(err, found, "the store could not be read");
        } else {
            row[ids.count++].at = k;
        }
    }
    if (ids.count == 0) {
        gx_slice first = {list->as.items[0].as.text, list->as.items[0].size};
        return gx_need_word(&row[0].id, call->txn, space, first, err);
    }
    ids.count = once(row, ids.count);
    for (uint32_t k = 0; k < ids.count; k++) {
        ids.id[k] = row[k].id;
    }
    *out = ids;
    return status;
}

gx_status gx_lists_user(uint32_t *out, gx_txn *txn, gx_slice id, gx_error *err) {
    const gx_status found = gx_word_find(out, txn, GX_SPACE_USER, id);
    if (found == GX_NOT_FOUND) {
        *out = GX_NONE;
        return GX_OK;
    }
    return found == GX_OK ? GX_OK : gx_fail(err, found, "the store could not be read");
}

gx_status gx_lists_member(gx_member_live *out, gx_call_env *call, const gx_columns *columns,
                          gx_slice id, gx_error *err) {
    uint32_t user = GX_NONE;
    gx_status status = gx_lists_user(&user, call->txn, id, err);
    return status == GX_OK ? gx_member_read(out, call->txn, call->state, columns, user,
                                            gx_time_ms(), call->arena, err)
                           : status;
}

gx_status gx_lists_held(gx_value *out, gx_call_env *call, gx_lists_fn make, gx_error *err) {
    const gx_columns *columns;
    gx_status status = gx_filter_lock(&columns, call, err);
    if (status != GX_OK) {
        return status;
    }
    status = make(out, call, columns, err);
    gx_db_items_unlock(call->db);
    return status == GX_OK ? gx_call_bill(call, err) : status;
}
