/* Every reason is true: of random shops whose ties and events the test itself put in, whatever
 * rec.user, rec.rank and rec.explain say of friends and leaders is looked up among them by rules of
 * its own. */
#include "api/testing.h"

#include <stdlib.h>

enum { USERS = 72, ITEMS = 24, SHOPS = 12, CALLS = 80, MIN_COUNT = 3, RECENT_DAYS = 30 };
enum { VIEW, LIKE, BUY, ACTIONS, TAKEN_BACK = ACTIONS };
enum { FRIEND = 1, FOLLOWED = 2, TIED = 4, BLOCKED = 8 };

static const char *const action_names[] = {"view", "like", "buy", "return"}; /* by weight */
static const char *const did_en[] = {"looked at", "liked", "bought"};
static const char *const did_zh[] = {"看过", "喜欢", "买过"};

/* What the store was told. */
typedef struct known {
    uint8_t tie[USERS][USERS]; /* what the second is to the first */
    /* The latest of what stands; 0: they did not. */
    int64_t did[USERS][ITEMS][ACTIONS];
    int64_t recent_from_ms;
    /* Reasons that were looked at. */
    uint32_t friends, counted, followed, connected, leaders, few, untold, of_agreed;
} known;

static bool consents(uint32_t user) {
    return user % 3 != 0;
}

/* ---- a shop -----------------------------------------------------------------------------------
 */

static void put_people(test_shop *s) {
    gx_arena *a = s->arena;
    gx_value people = gx_list(a, USERS), items = gx_list(a, ITEMS);
    for (uint32_t u = 0; u < USERS; u++) {
        gx_value row = gx_map(a, 2);
        test_put_int(s, &row, "user_id", "u", u);
        gx_map_put(a, &row, "consent", gx_str(consents(u) ? "true" : "false"));
        gx_list_add(a, &people, row);
    }
    for (uint32_t i = 0; i < ITEMS; i++) {
        gx_value row = gx_map(a, 2);
        test_put_int(s, &row, "item_id", "i", i);
        test_put_int(s, &row, "category", "c", i % 3);
        gx_list_add(a, &items, row);
    }
    test_put(s, "user.put", "users", people);
    test_put(s, "item.put", "items", items);
}

static void note_tie(known *k, uint64_t u, uint64_t v, const char *kind) {
    if (strcmp(kind, "block") == 0) {
        k->tie[u][v] |= BLOCKED;
        k->tie[v][u] |= BLOCKED;
        return;
    }
    const bool friends = strcmp(kind, "friend") == 0 || strcmp(kind, "family") == 0;
    k->tie[u][v] |= TIED | (friends ? FRIEND : 0) | (strcmp(kind, "follow") == 0 ? FOLLOWED : 0);
    k->tie[v][u] |= TIED | (friends ? FRIEND : 0);
}

/* Whoever has a number of the same rest by 3 is near: of the first members everybody hears. */
static void put_ties(test_shop *s, known *k, gx_rng *rng) {
    static const char *const kinds[] = {"friend", "friend", "follow", "follow",
                                        "family", "chat",   "trust",  "block"};
    gx_arena *a = s->arena;
    gx_value ties = gx_list(a, 64);
    for (uint32_t u = 0; u < USERS; u++) {
        /* Some have ties of one kind alone. */
        const uint64_t only = gx_rng_below(rng, 3) == 0 ? gx_rng_below(rng, 3) : GX_COUNT(kinds);
        for (uint64_t n = 2 + gx_rng_below(rng, 12); n > 0; n--) {
            uint64_t v = gx_rng_below(rng, USERS);
            v = gx_rng_below(rng, 4) ? v / 3 * 3 + u % 3 : v;
            if (v == u) {
                continue;
            }
            const uint64_t any = gx_rng_below(rng, GX_COUNT(kinds));
            const char *kind = only < 3                           ? (only ? "follow" : "friend")
                               : any == 7 && gx_rng_below(rng, 4) ? "chat"
                                                                  : kinds[any];
            gx_value row = gx_map(a, 3);
            test_put_int(s, &row, "src", "u", u);
            test_put_int(s, &row, "dst", "u", v);
            gx_map_put(a, &row, "kind", gx_str(kind));
            gx_list_add(a, &ties, row);
            note_tie(k, u, v, kind);
        }
    }
    test_put(s, "tie.put", "ties", ties);
}

static void put_event(test_shop *s, gx_value *events, uint32_t u, uint32_t i, uint32_t action,
                      int64_t ts_ms) {
    gx_value row = gx_map(s->arena, 4);
    test_put_int(s, &row, "user_id", "u", u);
    test_put_int(s, &row, "item_id", "i", i);
    gx_map_put(s->arena, &row, "action", gx_str(action_names[action]));
    gx_map_put(s->arena, &row, "ts", gx_int(ts_ms));
    gx_list_add(s->arena, events, row);
}

/* What a member does with one item: up to three acts, days apart; at times the last purchase is
 * returned. Of two one stands then; the only one returned, nothing stands. */
static void put_deeds(test_shop *s, known *k, gx_value *events, gx_rng *rng, uint32_t u, uint32_t i,
                      int64_t now_ms) {
    const int64_t day = 86400000, hour = 3600000;
    int64_t *did = k->did[u][i], bought_before = 0;
    int64_t ts_ms = now_ms - (int64_t)(10 + gx_rng_below(rng, 80)) * day - hour;
    uint32_t buys = 0;
    for (uint64_t n = 1 + gx_rng_below(rng, 3); n > 0; n--) {
        const uint32_t action = (uint32_t)gx_rng_below(rng, ACTIONS);
        put_event(s, events, u, i, action, ts_ms);
        bought_before = action == BUY ? did[BUY] : bought_before;
        buys += action == BUY;
        did[action] = ts_ms;
        ts_ms += (int64_t)(1 + gx_rng_below(rng, 2)) * day;
    }
    if (buys > 0 && gx_rng_below(rng, 3) == 0) {
        put_event(s, events, u, i, TAKEN_BACK, ts_ms);
        did[BUY] = bought_before;
        if (buys == 1) {
            memset(did, 0, sizeof k->did[u][i]);
        }
    }
}

static void put_events(test_shop *s, known *k, gx_rng *rng) {
    const int64_t now_ms = gx_time_ms();
    gx_value events = gx_list(s->arena, 64);
    k->recent_from_ms = now_ms - (int64_t)RECENT_DAYS * 86400000;
    for (uint32_t u = 0; u < USERS; u++) {
        for (uint32_t i = 0; i < ITEMS; i++) {
            const uint64_t out_of = i % 3 == u % 3 ? 2 : 10;
            if (gx_rng_below(rng, out_of) == 0) {
                put_deeds(s, k, &events, rng, u, i, now_ms);
            }
        }
    }
    test_put(s, "event.put", "events", events);
}

/* ---- what is said -----------------------------------------------------------------------------
 */

static uint32_t number_of(const gx_value *id) {
    assert_int_equal(id->type, GX_TEXT);
    return (uint32_t)strtoul(id->as.text + 1, NULL, 10);
}

static uint32_t action_of(const gx_value *evidence) {
    uint32_t action = 0;
    while (action < ACTIONS && !test_is(test_key(evidence, "action"), action_names[action])) {
        action++;
    }
    assert_true(action < ACTIONS);
    return action;
}

/* Those tied to the member who did the action with the item. */
typedef struct group {
    uint32_t count, recent;
    uint8_t any_tie, all_ties;
    int64_t last_ms;
} group;

static bool is_in(const known *k, uint32_t user, uint32_t item, uint32_t action, uint32_t who) {
    return (k->tie[user][who] & TIED) && !(k->tie[user][who] & BLOCKED) &&
           k->did[who][item][action] > 0;
}

/* Of all of them, or of those who agreed to be named. */
static group group_of(const known *k, uint32_t user, uint32_t item, uint32_t action, bool all) {
    group g = {.all_ties = UINT8_MAX};
    for (uint32_t who = 0; who < USERS; who++) {
        if (is_in(k, user, item, action, who) && (all || consents(who))) {
            const int64_t ts_ms = k->did[who][item][action];
            g.count++;
            g.recent += ts_ms >= k->recent_from_ms;
            g.last_ms = ts_ms > g.last_ms ? ts_ms : g.last_ms;
            g.any_tie |= k->tie[user][who];
            g.all_ties &= k->tie[user][who];
        }
    }
    return g;
}

static void says(const gx_value *why, const char *key, const char *text) {
    if (!test_is(test_key(why, key), text)) {
        fail_msg("'%s' is said; true is '%s'", test_key(why, key)->as.text, text);
    }
}

enum { WORDS = 3 };
static const struct {
    uint8_t tie; /* whom it is true of */
    const char *one_en, *one_zh, *many_en, *many_zh;
} words[WORDS] = {
    {FRIEND, "A friend", "有好友", "friends", "好友"},
    {FOLLOWED, "Someone you follow", "你关注的人里有人", "people you follow", "你关注的人"},
    {TIED, "Someone you are connected with", "与你有联系的人里有人",
     "people you are connected with", "与你有联系的人"},
};

/* Of somebody at all. */
static void few_are_told(known *k, const gx_value *why, const group *g, uint32_t action) {
    uint32_t word = 0;
    char text[200] = "";
    for (; word < WORDS; word++) {
        snprintf(text, sizeof text, "%s %s it", words[word].one_en, did_en[action]);
        if (g->any_tie & words[word].tie && test_is(test_key(why, "en"), text)) {
            break;
        }
    }
    if (word == WORDS) {
        fail_msg("'%s' is said and is true of nobody", test_key(why, "en")->as.text);
    }
    snprintf(text, sizeof text, "%s%s", words[word].one_zh, did_zh[action]);
    says(why, "zh", text);
    const gx_value *evidence = test_key(why, "evidence");
    assert_int_equal(test_key(evidence, "people")->size, 0);
    assert_null(gx_map_get(evidence, "hidden"));
    assert_null(gx_map_get(evidence, "last"));
    k->few++;
}

static void many_are_told(known *k, const gx_value *why, const group *g, uint32_t action) {
    char text[200], recent[60] = "";
    uint32_t word = 0;
    if (g->recent >= MIN_COUNT) {
        snprintf(recent, sizeof recent, ", %u in the last 30 days", g->recent);
    } else if (g->recent > 0) {
        snprintf(recent, sizeof recent, ", some in the last 30 days");
    }
    for (; word < WORDS; word++) {
        snprintf(text, sizeof text, "%u %s %s it%s", g->count, words[word].many_en, did_en[action],
                 recent);
        if (g->all_ties & words[word].tie && test_is(test_key(why, "en"), text)) {
            break;
        }
    }
    if (word == WORDS) {
        fail_msg("'%s' is said, of %u", test_key(why, "en")->as.text, g->count);
    }
    snprintf(text, sizeof text, "%u 位%s%s", g->count, words[word].many_zh, did_zh[action]);
    assert_int_equal(strncmp(test_key(why, "zh")->as.text, text, strlen(text)), 0);
    k->counted++;
    k->followed += word == 1;
    k->connected += word == 2;
}

static void look_at_named(const known *k, const gx_value *evidence, const group *g, uint32_t user,
                          uint32_t item, uint32_t action) {
    const gx_value *people = test_key(evidence, "people");
    char day[40];
    bool named[USERS] = {false};
    for (uint32_t p = 0; p < people->size; p++) {
        const uint32_t who = number_of(&people->as.items[p]);
        assert_true(who < USERS && consents(who) && !named[who]);
        assert_true(is_in(k, user, item, action, who));
        named[who] = true;
    }
    gx_format_time_ms(day, g->last_ms);
    day[strcspn(day, "T")] = '\0';
    says(evidence, "last", day);
}

/* Counted are all, or where it would tell of one who did not agree those who agreed; named are
 * those who agreed, 8 at most, and where all are counted and some named the others are a number. */
static void friends_are_true(known *k, const gx_value *why, uint32_t user, uint32_t item) {
    const gx_value *evidence = test_key(why, "evidence");
    k->friends++;
    if (!gx_map_get(evidence, "action")) {
        says(why, "en", "Chosen for you from what goes on around you");
        says(why, "zh", "根据你身边的动态为你挑选");
        assert_int_equal(test_key(evidence, "people")->size, 0);
        assert_int_equal(evidence->size, 1);
        k->untold++;
        return;
    }
    const uint32_t action = action_of(evidence);
    const group all = group_of(k, user, item, action, true);
    const group agreed = group_of(k, user, item, action, false);
    const gx_value *hidden = gx_map_get(evidence, "hidden");
    const uint32_t shown = test_key(evidence, "people")->size;
    assert_true(all.count > 0);
    if (!gx_map_get(evidence, "last")) {
        assert_true(agreed.count < MIN_COUNT);
        few_are_told(k, why, &all, action);
    } else {
        const group *g = hidden || shown == 0 ? &all : &agreed;
        assert_true(g->count >= MIN_COUNT);
        assert_true(!hidden || hidden->as.integer == all.count - agreed.count);
        assert_true(shown == 0 || shown == (agreed.count < 8 ? agreed.count : 8));
        many_are_told(k, why, g, action);
        look_at_named(k, evidence, g, user, item, action);
        k->of_agreed += g == &agreed && agreed.count < all.count;
    }
    /* No weightier action was done by as many as are needed, none at all where it is told plainly.
     */
    for (uint32_t other = 0; other < ACTIONS; other++) {
        const uint32_t count = group_of(k, user, item, other, true).count;
        const bool plain = all.count < MIN_COUNT;
        assert_true(count < MIN_COUNT || (!plain && other <= action));
        assert_true(!plain || count == 0 || other <= action);
    }
}

/* What they are called, and the topic where one is told. */
static void leader_text(char out[200], const gx_value *topic, uint8_t tie, uint32_t action) {
    snprintf(out, 200, "A %s%sleader %s %s it", topic ? topic->as.text : "", topic ? " " : "",
             tie & FOLLOWED ? "you follow"
             : tie & FRIEND ? "you know"
             : tie & TIED   ? "you are connected with"
                            : "of your circle",
             did_en[action]);
}

static bool leads(test_shop *s, const char *topic, uint32_t who) {
    char name[16];
    snprintf(name, sizeof name, "u%u", who);
    const gx_value list = test_call(s, "graph.leaders", "{'category': '%s', 'n': 20}", topic);
    const gx_value *rows = list.type == GX_LIST ? &list : test_key(&list, "leaders");
    return test_find(rows, "user", name) != NULL;
}

static const uint8_t called[] = {FOLLOWED, FRIEND, TIED};

static void leader_is_true(test_shop *s, known *k, const gx_value *why, uint32_t user,
                           uint32_t item) {
    const gx_value *evidence = test_key(why, "evidence"), *topic = gx_map_get(evidence, "topic");
    const gx_value *named = gx_map_get(evidence, "user");
    char text[200], category[16];
    bool found = false;
    k->leaders++;
    if (!gx_map_get(evidence, "action")) {
        says(why, "en", "Chosen for you from what leaders take up");
        assert_int_equal(evidence->size, 0);
        return;
    }
    const uint32_t action = action_of(evidence);
    for (uint32_t who = 0; who < USERS && !found; who++) {
        const bool could = k->did[who][item][action] > 0 && !(k->tie[user][who] & BLOCKED) &&
                           who != user && consents(who) == (named != NULL);
        for (uint32_t w = 0; could && w < GX_COUNT(called) && !found; w++) {
            /* Named, they are called the first that is true; else one that is. */
            const uint8_t tie = k->tie[user][who] & called[w];
            leader_text(text, topic, named ? k->tie[user][who] : tie, action);
            found = (!named || number_of(named) == who) && test_is(test_key(why, "en"), text) &&
                    (!topic || leads(s, topic->as.text, who));
        }
    }
    if (!found) {
        fail_msg("u%u i%u: '%s' (%s) is true of nobody", user, item, test_key(why, "en")->as.text,
                 named ? named->as.text : "not named");
    }
    snprintf(category, sizeof category, "c%u", item % 3);
    assert_true(!topic || test_is(topic, category));
}

static void look_at_reasons(test_shop *s, known *k, const gx_value *list, uint32_t user,
                            uint32_t item) {
    for (uint32_t r = 0; r < list->size; r++) {
        const gx_value *why = &list->as.items[r];
        if (test_is(test_key(why, "channel"), "friends")) {
            friends_are_true(k, why, user, item);
        } else if (test_is(test_key(why, "channel"), "leader")) {
            leader_is_true(s, k, why, user, item);
        }
    }
}

static void look_at_items(test_shop *s, known *k, const gx_value *items, uint32_t user) {
    for (uint32_t i = 0; i < items->size; i++) {
        const gx_value *item = &items->as.items[i];
        look_at_reasons(s, k, test_key(item, "why"), user, number_of(test_key(item, "id")));
    }
}

static void ask(test_shop *s, known *k, gx_rng *rng) {
    const uint32_t user = (uint32_t)gx_rng_below(rng, USERS);
    const uint32_t i = (uint32_t)gx_rng_below(rng, ITEMS), j = (i + 5) % ITEMS;
    gx_value answer = test_call(
        s, "rec.user",
        "{'users': ['u%u'], 'n': %d, 'seen': 'none', 'channels': {'friends': 1, 'circle': "
        "0, 'leader': 1, 'interest': 0.5}}",
        user, ITEMS);
    look_at_items(s, k, test_key(&answer.as.items[0], "items"), user);
    answer = test_call(s, "rec.rank", "{'user': 'u%u', 'items': ['i%u', 'i%u'], 'seen': 'none'}",
                       user, i, j);
    look_at_items(s, k, test_key(&answer, "items"), user);
    answer = test_call(s, "rec.explain", "{'user': 'u%u', 'item': 'i%u'}", user, i);
    look_at_reasons(s, k, test_key(&answer, "why"), user, i);
}

static void every_reason_is_true(void **state) {
    (void)state;
    known *k = gx_alloc(1, sizeof *k);
    uint32_t friends = 0, counted = 0, followed = 0, connected = 0, leaders = 0, few = 0;
    uint32_t untold = 0, of_agreed = 0;
    assert_non_null(k);
    for (uint64_t seed = 0; seed < SHOPS; seed++) {
        test_shop s;
        gx_rng rng = gx_rng_at(seed, 1789);
        *k = (known){0};
        test_shop_open(&s);
        put_people(&s);
        put_ties(&s, k, &rng);
        put_events(&s, k, &rng);
        test_call(&s, "admin.config", "{'name': 'min_count', 'value': %d}", MIN_COUNT);
        test_call(&s, "model.build", "{}");
        for (uint32_t c = 0; c < CALLS; c++) {
            ask(&s, k, &rng);
        }
        test_shop_close(&s);
        friends += k->friends, counted += k->counted, followed += k->followed;
        connected += k->connected, leaders += k->leaders, few += k->few;
        untold += k->untold, of_agreed += k->of_agreed;
    }
    if (getenv("GX_LONG")) {
        print_message(
            "%u of friends: %u counted (%u followed, %u connected; %u of those who agreed), %u "
            "plain, %u general; %u of leaders\n",
            friends, counted, followed, connected, of_agreed, few, untold, leaders);
    }
    assert_true(counted > 200 && few > 200 && followed > 20 && connected > 20 && leaders > 200);
    assert_true(of_agreed > 20);
    gx_free(k);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_reason_is_true)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
