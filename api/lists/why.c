/* Reasons in words. A template is a sentence in two languages with {holes}; which one is taken
 * depends on what may be told. Everything a reader sees is in the two tables below. */
#include "api/lists/why.h"

#include "api/support.h"

#include <math.h>
#include <stdio.h>

/* ---- the words ------------------------------------------------------------------------------ */

/* What was done, as it stands in a sentence: "3 friends {en} it", "3 位好友{zh}". */
static const struct {
    const char *action, *en, *zh;
} actions[] = {
    /* clang-format off */
    {"buy", "bought", "买过"},
    {"purchase", "bought", "买过"},
    {"order", "ordered", "下单过"},
    {"redeem", "redeemed", "兑换过"},
    {"join", "joined", "报名过"},
    {"signup", "signed up for", "报名过"},
    {"attend", "attended", "参加过"},
    {"cart", "put in the cart", "加购过"},
    {"wishlist", "wished for", "想要"},
    {"favorite", "saved", "收藏过"},
    {"view", "looked at", "看过"},
    {"click", "looked at", "看过"},
    {"impression_click", "looked at", "看过"},
    {"search", "searched for", "搜过"},
    {"rate", "rated", "评过分"},
    {"review", "reviewed", "评价过"},
    {"comment", "commented on", "评论过"},
    {"like", "liked", "喜欢"},
    {"share", "shared", "分享过"},
    {"repost", "shared", "转发过"},
    {"recommend", "recommended", "推荐过"},
    {"show", "showed", "晒过"},
    {"checkin", "visited", "到访过"},
    {"rating", "rated", "评过分"},
    {"read", "read", "读过"},
    {"watch", "watched", "看过"},
    {"play", "played", "玩过"},
    {"listen", "listened to", "听过"},
    {"dislike", "disliked", "不喜欢"},
    {"hide", "hid", "隐藏了"},
    {"complain", "complained about", "投诉过"},
    {"return", "returned", "退货过"},
    {"refund", "returned", "退货过"},
    /* clang-format on */
};
/* What is against an item and has no words of its own. */
static const char *const any_against_en = "turned down", *const any_against_zh = "拒绝过";
static const char *const any_action_en = "took to", *const any_action_zh = "选过";

typedef enum sentence {
    FRIENDS_RECENT,
    FRIENDS_SOME_RECENT,
    FRIENDS_MANY,
    FRIENDS_FEW,
    FRIENDS_UNTOLD,
    CIRCLE_COUNTED,
    CIRCLE_PLAIN,
    GIVEN_COUNTED,
    GIVEN_PLAIN,
    LEADER_FOLLOWED,
    LEADER_FRIEND,
    LEADER_TIED,
    LEADER_CIRCLE,
    LEADER_GIVEN,
    LEADER_FOLLOWED_TOPIC,
    LEADER_FRIEND_TOPIC,
    LEADER_TIED_TOPIC,
    LEADER_CIRCLE_TOPIC,
    LEADER_GIVEN_TOPIC,
    LEADER_UNTOLD,
    INTEREST_ITEM,
    INTEREST_CONTEXT,
    INTEREST_ATTRIBUTE,
    INTEREST_ALIKE,
    INTEREST_TAGS,
    INTEREST_POPULAR,
    INTEREST_TASTE,
    INTEREST_AGAIN_OWN,
    INTEREST_AGAIN,
    AGAINST,
    SENTENCES
} sentence;

static const struct {
    const char *en, *zh;
} sentences[SENTENCES] = {
    [FRIENDS_RECENT] = {"{n} {who} {did} it, {recent} in the last 30 days",
                        "{n} 位{who}{did},其中 {recent} 位在近 30 天"},
    [FRIENDS_SOME_RECENT] = {"{n} {who} {did} it, some in the last 30 days",
                             "{n} 位{who}{did},近 30 天也有"},
    [FRIENDS_MANY] = {"{n} {who} {did} it", "{n} 位{who}{did}"},
    [FRIENDS_FEW] = {"{who} {did} it", "{who}{did}"},
    [FRIENDS_UNTOLD] = {"Chosen for you from what goes on around you", "根据你身边的动态为你挑选"},
    [CIRCLE_COUNTED] =
        {"Popular in your circle: {share} looked at it or chose it, {lift} times the average",
         "你的圈子热门:{share} 看过或选过它,是全站的 {lift} 倍"},
    [CIRCLE_PLAIN] = {"Popular in your circle", "你的圈子热门"},
    [GIVEN_COUNTED] =
        {"Popular in this circle: {share} looked at it or chose it, {lift} times the average",
         "这个圈子热门:{share} 看过或选过它,是全站的 {lift} 倍"},
    [GIVEN_PLAIN] = {"Popular in this circle", "这个圈子热门"},
    [LEADER_FOLLOWED] = {"A leader you follow {did} it", "你关注的达人{did}"},
    [LEADER_FRIEND] = {"A leader you know {did} it", "你认识的达人{did}"},
    [LEADER_TIED] = {"A leader you are connected with {did} it", "与你有联系的达人{did}"},
    [LEADER_CIRCLE] = {"A leader of your circle {did} it", "你圈子里的达人{did}"},
    [LEADER_GIVEN] = {"A leader of this circle {did} it", "这个圈子里的达人{did}"},
    [LEADER_FOLLOWED_TOPIC] = {"A {topic} leader you follow {did} it", "你关注的{topic}达人{did}"},
    [LEADER_FRIEND_TOPIC] = {"A {topic} leader you know {did} it", "你认识的{topic}达人{did}"},
    [LEADER_TIED_TOPIC] = {"A {topic} leader you are connected with {did} it",
                           "与你有联系的{topic}达人{did}"},
    [LEADER_CIRCLE_TOPIC] = {"A {topic} leader of your circle {did} it",
                             "你圈子里的{topic}达人{did}"},
    [LEADER_GIVEN_TOPIC] = {"A {topic} leader of this circle {did} it",
                            "这个圈子里的{topic}达人{did}"},
    [LEADER_UNTOLD] = {"Chosen for you from what leaders take up", "根据达人的动态为你挑选"},
    [INTEREST_ITEM] = {"Goes with {item}, which you {did}", "与你{did}的 {item} 相配"},
    [INTEREST_CONTEXT] = {"Goes with {item}, in your cart or on this page",
                          "与购物车中或正在看的 {item} 相配"},
    [INTEREST_ATTRIBUTE] = {"Of {value}, like what suits you", "属于 {value},与适合你的相近"},
    [INTEREST_ALIKE] = {"Popular with members like you", "与你相似的会员中热门"},
    [INTEREST_TAGS] = {"Because you told us you like {tag}", "因为你告诉我们你喜欢 {tag}"},
    [INTEREST_POPULAR] = {"Popular with everybody", "大家都喜欢"},
    [INTEREST_TASTE] = {"Fits your taste", "符合你的口味"},
    [INTEREST_AGAIN_OWN] = {"Time to buy again: you take it about every {days} days",
                            "该再买了:你大约每 {days} 天一次"},
    [INTEREST_AGAIN] = {"Time to buy again", "该再买了"},
    [AGAINST] = {"Pushed down: it is like {item}, which you {did}",
                 "排位降低:与你{did}的 {item} 相似"},
};

/* Who did it, by how they are tied to the member: {who} of several people and of one of them. */
typedef enum people_word { OF_FRIENDS, OF_FOLLOWED, OF_CONNECTED } people_word;

static const struct {
    const char *many_en, *many_zh, *one_en, *one_zh;
} people_words[] = {
    [OF_FRIENDS] = {"friends", "好友", "A friend", "有好友"},
    [OF_FOLLOWED] = {"people you follow", "你关注的人", "Someone you follow", "你关注的人里有人"},
    [OF_CONNECTED] = {"people you are connected with", "与你有联系的人",
                      "Someone you are connected with", "与你有联系的人里有人"},
};

/* ---- filling a template --------------------------------------------------------------------- */

enum { HOLES = 6 };

typedef struct blanks {
    gx_hole all[HOLES];
    size_t count;
} blanks;

static void put(blanks *h, const char *name, gx_slice en, gx_slice zh) {
    h->all[h->count++] = (gx_hole){name, en, zh};
}

static void put_text(blanks *h, const char *name, const char *text) {
    gx_slice slice = gx_slice_of(text ? text : "");
    put(h, name, slice, slice);
}

static void put_count(blanks *h, gx_arena *arena, const char *name, uint32_t count) {
    put_text(h, name, gx_arena_printf(arena, "%u", count));
}

static gx_slice hole_of(const gx_hole *holes, size_t count, const char *name, size_t size,
                        bool zh) {
    for (size_t k = 0; k < count; k++) {
        if (strlen(holes[k].name) == size && memcmp(holes[k].name, name, size) == 0) {
            return zh ? holes[k].zh : holes[k].en;
        }
    }
    return (gx_slice){"", 0};
}

static gx_value fill(gx_arena *arena, const char *template, const gx_hole *holes, size_t count,
                     bool zh) {
    gx_buffer out = {.limit = 4096};
    while (*template) {
        size_t plain = strcspn(template, "{");
        gx_buffer_append(&out, template, plain);
        template += plain;
        if (*template) {
            size_t size = strcspn(template + 1, "}");
            gx_slice text = hole_of(holes, count, template + 1, size, zh);
            gx_buffer_append(&out, text.data, text.size);
            template += size + 2;
        }
    }
    gx_value text = gx_text_copy(arena, out.bytes ? out.bytes : "", out.failed ? 0 : out.size);
    gx_buffer_finish(&out);
    return text;
}

void gx_why_fill(gx_value *row, gx_arena *arena, const char *en, const char *zh,
                 const gx_hole *holes, size_t count) {
    gx_map_put(arena, row, "en", fill(arena, en, holes, count, false));
    gx_map_put(arena, row, "zh", fill(arena, zh, holes, count, true));
}

void gx_why_say(gx_value *row, gx_arena *arena, const char *en, const char *zh, const char *name,
                gx_slice value) {
    const gx_hole hole = {name, value, value};
    gx_why_fill(row, arena, en, zh, &hole, 1);
}

static void say(gx_value *row, gx_arena *arena, sentence which, const blanks *h) {
    gx_why_fill(row, arena, sentences[which].en, sentences[which].zh, h->all, h->count);
}

gx_hole gx_why_bought(void) {
    return (gx_hole){"did", gx_slice_of(actions[0].en), gx_slice_of(actions[0].zh)};
}

gx_hole gx_why_did(gx_call_env *call, uint32_t action) {
    const bool known = action != GX_NONE;
    const gx_slice name = known ? gx_word_name(call->txn, GX_SPACE_ACTION, action) : (gx_slice){0};
    for (size_t k = 0; k < GX_COUNT(actions); k++) {
        if (gx_slice_is(name, actions[k].action)) {
            return (gx_hole){"did", gx_slice_of(actions[k].en), gx_slice_of(actions[k].zh)};
        }
    }
    const bool against =
        known && gx_action_rule_of(&call->state->rules, call->txn, action)->weight < 0;
    return (gx_hole){"did", gx_slice_of(against ? any_against_en : any_action_en),
                     gx_slice_of(against ? any_against_zh : any_action_zh)};
}

static void put_action(blanks *h, const gx_why_writer *w, uint32_t action) {
    h->all[h->count++] = gx_why_did(w->call, action);
}

/* ---- people --------------------------------------------------------------------------------- */

static bool consents(const gx_why_writer *w, uint32_t user) {
    return gx_consents(w->call->txn, w->call->arena, user);
}

/* Everybody tied to the member, made once for all reasons of a list. */
static gx_around *around_of(const gx_why_writer *w) {
    const gx_rec_member *member = &w->live->rec;
    gx_around *around = w->around;
    if (around->one) {
        return around;
    }
    *around = (gx_around){.txn = w->call->txn, .arena = w->call->arena, .min_count = w->min_count};
    around->one =
        gx_arena_get(around->arena, ((size_t)member->friend_count + 1) * sizeof *around->one);
    for (uint32_t k = 0; around->one && k < member->friend_count; k++) {
        const gx_friend *person = &member->friends[k];
        if (person->strength > 0) { /* else a leader of the circle, without a tie */
            around->one[around->count++] =
                (gx_around_one){.user = person->user, .tied_as = person->tied_as};
        }
    }
    return around;
}

/* Marks those who did the action with the item. */
static void mark_doers(gx_around *around, const gx_rec_member *member, uint32_t item,
                       uint32_t action) {
    uint32_t at = 0;
    for (uint32_t k = 0; around->count > 0 && k < member->friend_count; k++) {
        const gx_friend *person = &member->friends[k];
        if (!(person->strength > 0)) {
            continue;
        }
        gx_around_one *one = &around->one[at++];
        one->did = one->recently = false;
        for (uint32_t a = person->act_from; a < person->act_to; a++) {
            const gx_act *act = &member->acts[a];
            if (act->item == item && act->action == action && act->weight > 0) {
                one->last_ms = !one->did || act->ts_ms > one->last_ms ? act->ts_ms : one->last_ms;
                one->did = true;
                one->recently = one->recently || act->ts_ms >= member->recent_from_ms;
            }
        }
    }
}

static gx_value named_people(const gx_why_writer *w, const gx_around_told *told) {
    gx_arena *arena = w->call->arena;
    gx_value list = gx_list(arena, told->shown);
    for (uint32_t k = 0; k < told->shown; k++) {
        gx_list_add(arena, &list,
                    gx_word_value(arena, w->call->txn, GX_SPACE_USER, told->named[k]));
    }
    return list;
}

static void put_day(gx_value *map, gx_arena *arena, int64_t time_ms) {
    char text[40];
    gx_format_time_ms(text, time_ms);
    gx_map_put(arena, map, "last", gx_text_copy(arena, text, strcspn(text, "T")));
}

/* What is true of each of those who did it where they are counted, else of one of them. */
static void put_who(blanks *h, uint8_t tied_as, bool many) {
    const people_word word = tied_as & GX_TIED_FRIEND     ? OF_FRIENDS
                             : tied_as & GX_TIED_FOLLOWED ? OF_FOLLOWED
                                                          : OF_CONNECTED;
    put(h, "who", gx_slice_of(many ? people_words[word].many_en : people_words[word].one_en),
        gx_slice_of(many ? people_words[word].many_zh : people_words[word].one_zh));
}

/* Neither how many nor who nor when where they may not be counted. */
static void tell_friends(gx_value *row, gx_value *evidence, const gx_why_writer *w,
                         const gx_why *why, uint32_t item) {
    gx_arena *arena = w->call->arena;
    gx_around *around = around_of(w);
    blanks h = {0};
    mark_doers(around, &w->live->rec, item, why->action);
    const gx_around_told told = gx_around_tell(around);
    put_count(&h, arena, "n", told.count);
    put_count(&h, arena, "recent", told.recent);
    put_action(&h, w, why->action);
    const bool many = told.count >= 2;
    put_who(&h, told.tied_as, many);
    sentence which = FRIENDS_MANY;
    if (told.nothing) {
        which = FRIENDS_UNTOLD;
    } else if (!many) {
        which = FRIENDS_FEW;
    } else if (told.recent >= w->min_count) {
        which = FRIENDS_RECENT;
    } else if (told.recent > 0) {
        which = FRIENDS_SOME_RECENT;
    }
    say(row, arena, which, &h);
    gx_map_put(arena, evidence, "people", named_people(w, &told));
    if (told.hidden > 0) {
        gx_map_put(arena, evidence, "hidden", gx_int(told.hidden));
    }
    if (told.count > 0) {
        put_day(evidence, arena, told.last_ms);
    }
    if (!told.nothing) {
        gx_map_put(arena, evidence, "action",
                   gx_word_value(arena, w->call->txn, GX_SPACE_ACTION, why->action));
    }
}

/* ---- circle --------------------------------------------------------------------------------- */

/* Whether the circle that speaks is one that the call gave, and not the member's own. */
static bool is_given(const gx_why_writer *w) {
    const gx_rec_member *member = &w->live->rec;
    return member->circle_given > 0 &&
           gx_rec_circle(w->call->state->rec, member->user, member->friends,
                         member->friend_count) != member->circle_given - 1;
}

static void tell_circle(gx_value *row, gx_value *evidence, const gx_why_writer *w,
                        const gx_why *why, uint32_t item) {
    (void)item;
    gx_arena *arena = w->call->arena;
    blanks h = {0};
    const bool counted = why->community_count >= w->min_count && why->community_times > 0;
    put_text(&h, "share", gx_arena_printf(arena, "%.3g%%", why->community_share * 100));
    put_text(&h, "lift", gx_arena_printf(arena, "%.1f", why->community_times));
    const bool given = is_given(w);
    say(row, arena,
        counted ? (given ? GIVEN_COUNTED : CIRCLE_COUNTED) : (given ? GIVEN_PLAIN : CIRCLE_PLAIN),
        &h);
    gx_map_put(arena, evidence, "community",
               gx_community_value(arena, w->call->state, why->community));
    if (counted) {
        gx_map_put(arena, evidence, "share", gx_real(why->community_share));
        gx_map_put(arena, evidence, "lift", gx_real(why->community_times));
        gx_map_put(arena, evidence, "n", gx_int(why->community_count));
    }
}

/* ---- leader --------------------------------------------------------------------------------- */

/* What the leader is to the member, as it may be told: whoever is not named is one of several. */
static sentence leader_sentence(const gx_why_writer *w, const gx_why *why, bool named) {
    bool nothing = false;
    uint8_t ties = why->any_tie;
    if (!named && why->leader_tied) {
        ties = gx_around_word(&nothing, around_of(w), ties, GX_TIED_FOLLOWED);
    }
    return nothing                   ? LEADER_UNTOLD
           : ties & GX_TIED_FOLLOWED ? LEADER_FOLLOWED
           : ties & GX_TIED_FRIEND   ? LEADER_FRIEND
           : why->leader_tied        ? LEADER_TIED
           : is_given(w)             ? LEADER_GIVEN
                                     : LEADER_CIRCLE;
}

/* The first speaks; who they are, and the score that would tell it, only with their consent. */
static void tell_leader(gx_value *row, gx_value *evidence, const gx_why_writer *w,
                        const gx_why *why, uint32_t item) {
    (void)item;
    gx_arena *arena = w->call->arena;
    blanks h = {0};
    gx_value topic = why->leader_category == GX_NONE || !w->call->state->arrays
                         ? gx_nil()
                         : gx_category_value(arena, w->call->state->arrays, why->leader_category);
    const bool named = why->people_shown > 0 && consents(w, why->people[0]);
    put_action(&h, w, why->action);
    sentence which = leader_sentence(w, why, named);
    if (topic.type == GX_TEXT && which != LEADER_UNTOLD) {
        gx_slice text = {topic.as.text, topic.size};
        put(&h, "topic", text, text);
        which += LEADER_FOLLOWED_TOPIC - LEADER_FOLLOWED;
        gx_map_put(arena, evidence, "topic", topic);
    }
    say(row, arena, which, &h);
    if (named) {
        gx_map_put(arena, evidence, "user",
                   gx_word_value(arena, w->call->txn, GX_SPACE_USER, why->people[0]));
        gx_map_put(arena, evidence, "score", gx_real(why->leader_score));
    }
    if (which != LEADER_UNTOLD) {
        gx_map_put(arena, evidence, "action",
                   gx_word_value(arena, w->call->txn, GX_SPACE_ACTION, why->action));
    }
}

/* ---- interest ------------------------------------------------------------------------------- */

/* The title where the item has one, else the id. */
static gx_slice title_of(const gx_why_writer *w, uint32_t item) {
    gx_value title = gx_columns_get(w->columns, w->call->arena, item, "title");
    if (title.type == GX_TEXT && title.size > 0) {
        return (gx_slice){title.as.text, title.size};
    }
    return gx_word_name(w->call->txn, GX_SPACE_ITEM, item);
}

static uint32_t own_action(const gx_why_writer *w, uint32_t item) {
    const gx_history *history = &w->live->rec.history;
    for (uint32_t k = 0; k < history->count; k++) {
        if (history->item[k] == item) {
            return w->live->action[k];
        }
    }
    return GX_NONE;
}

static void tell_interest(gx_value *row, gx_value *evidence, const gx_why_writer *w,
                          const gx_why *why, uint32_t item) {
    (void)item;
    gx_arena *arena = w->call->arena;
    blanks h = {0};
    if (why->attribute.hash != 0) {
        const gx_slice value = why->attribute.text;
        put(&h, "value", value, value);
        say(row, arena, INTEREST_ATTRIBUTE, &h);
        gx_map_put(arena, evidence, "attribute", gx_str(gx_attribute_column(why->attribute.field)));
        gx_map_put(arena, evidence, "value", gx_text_copy(arena, value.data, value.size));
        return;
    }
    if (why->again_days > 0) {
        put_text(&h, "days", gx_arena_printf(arena, "%.0f", fmax(why->again_days, 1)));
        say(row, arena, why->again_own ? INTEREST_AGAIN_OWN : INTEREST_AGAIN, &h);
        gx_map_put(arena, evidence, "again", gx_bool(true));
        if (why->again_own) {
            gx_map_put(arena, evidence, "days", gx_real(why->again_days));
        }
        return;
    }
    if (why->alike) {
        say(row, arena, INTEREST_ALIKE, &h);
        return;
    }
    if (why->popular) {
        const bool circle = why->community != GX_NONE;
        say(row, arena, circle ? CIRCLE_PLAIN : INTEREST_POPULAR, &h);
        if (circle) {
            gx_map_put(arena, evidence, "community",
                       gx_community_value(arena, w->call->state, why->community));
        }
        return;
    }
    if (why->tag != 0) {
        const gx_slice tag = w->live->tag[why->tag - 1];
        put(&h, "tag", tag, tag);
        say(row, arena, INTEREST_TAGS, &h);
        gx_map_put(arena, evidence, "declared", gx_text_copy(arena, tag.data, tag.size));
        return;
    }
    if (why->item_count == 0) {
        say(row, arena, INTEREST_TASTE, &h);
        return;
    }
    gx_slice title = title_of(w, why->items[0]);
    put(&h, "item", title, title);
    const uint32_t action = own_action(w, why->items[0]);
    if (action != GX_NONE) { /* else it is of the call's context alone */
        put_action(&h, w, action);
    }
    say(row, arena, action == GX_NONE ? INTEREST_CONTEXT : INTEREST_ITEM, &h);
    gx_value items = gx_list(arena, why->item_count), parts = gx_list(arena, why->item_count);
    for (uint32_t k = 0; k < why->item_count; k++) {
        gx_list_add(arena, &items,
                    gx_word_value(arena, w->call->txn, GX_SPACE_ITEM, why->items[k]));
        gx_list_add(arena, &parts, gx_real(why->item_parts[k]));
    }
    gx_map_put(arena, evidence, "items", items);
    gx_map_put(arena, evidence, "parts", parts);
}

gx_value gx_why_against(const gx_why_writer *writer, const gx_against *against) {
    gx_arena *arena = writer->call->arena;
    gx_value list = gx_list(arena, against->count);
    for (uint32_t k = 0; k < against->count; k++) {
        blanks h = {0};
        gx_value row = gx_map(arena, 5);
        const uint32_t action = own_action(writer, against->item[k]);
        const gx_slice title = title_of(writer, against->item[k]);
        put(&h, "item", title, title);
        put_action(&h, writer, action);
        gx_map_put(arena, &row, "item",
                   gx_word_value(arena, writer->call->txn, GX_SPACE_ITEM, against->item[k]));
        gx_map_put(arena, &row, "action",
                   gx_word_value(arena, writer->call->txn, GX_SPACE_ACTION, action));
        gx_map_put(arena, &row, "part", gx_real(against->part[k]));
        say(&row, arena, AGAINST, &h);
        gx_list_add(arena, &list, row);
    }
    return list;
}

/* ---- the list ------------------------------------------------------------------------------- */

gx_value gx_why_list(const gx_why_writer *writer, const gx_rec_item *item) {
    static void (*const tell[GX_CHANNEL_COUNT])(gx_value *, gx_value *, const gx_why_writer *,
                                                const gx_why *, uint32_t) = {
        [GX_CHANNEL_FRIENDS] = tell_friends,
        [GX_CHANNEL_CIRCLE] = tell_circle,
        [GX_CHANNEL_LEADER] = tell_leader,
        [GX_CHANNEL_INTEREST] = tell_interest,
    };
    gx_arena *arena = writer->call->arena;
    gx_value list = gx_list(arena, item->why_count);
    for (uint32_t k = 0; k < item->why_count; k++) {
        const gx_why *why = &item->why[k];
        gx_value row = gx_map(arena, 5), evidence = gx_map(arena, 5);
        gx_map_put(arena, &row, "channel", gx_str(gx_channel_name(why->channel)));
        gx_map_put(arena, &row, "share", gx_real(why->share));
        tell[why->channel](&row, &evidence, writer, why, item->item);
        gx_map_put(arena, &row, "evidence", evidence);
        gx_list_add(arena, &list, row);
    }
    return list;
}
