/* No list names a person without consent or tells a count below min_count: random shops, every
 * method of lists but one (rec.layout, whose numbers are shares of a taste), and whatever stands
 * anywhere in the answers. Users are u0, u1, … and nothing else is called so; every third has given
 * no consent. Nor does it follow for who knows the ties of the member and who agreed: of those whom
 * a reason may mean, one who did not agree is never the only one left. */
#include "api/people/people.h"
#include "api/testing.h"

#include <ctype.h>
#include <stdlib.h>

enum { USERS = 60, SHOPS = 6, CALLS = 40, MIN_COUNT = 3, HIGH_BAR = 100000 };

typedef struct watch {
    uint32_t asked[2]; /* whom the call is about: they may stand in its answer */
    bool counts;       /* false: no count may stand anywhere */
    const char *method;
    test_shop *shop;
    uint32_t named, counted, groups, left_out, tried;
} watch;

/* ---- what may stand in an answer --------------------------------------------------------------
 */

static bool may_be_named(const watch *w, long user) {
    for (size_t k = 0; k < GX_COUNT(w->asked); k++) {
        if (w->asked[k] == (uint32_t)user) {
            return true;
        }
    }
    return user % 3 != 0;
}

/* Any u17 in a text is a person. */
static void look_at_text(watch *w, gx_slice text) {
    for (size_t k = 0; k + 1 < text.size; k++) {
        const bool begins = k == 0 || !isalnum((unsigned char)text.data[k - 1]);
        if (begins && text.data[k] == 'u' && isdigit((unsigned char)text.data[k + 1])) {
            char digits[16] = "";
            for (size_t d = 0; d + 1 < sizeof digits && k + 1 + d < text.size; d++) {
                digits[d] = text.data[k + 1 + d];
            }
            const long user = strtol(digits, NULL, 10);
            w->named++;
            if (!may_be_named(w, user)) {
                fail_msg("%s: u%ld, who gave no consent, is in '%.*s'", w->method, user,
                         (int)text.size, text.data);
            }
        }
    }
}

static bool is_sentence(gx_slice key) {
    return gx_slice_is(key, "en") || gx_slice_is(key, "zh");
}

/* A number in a sentence that stands for people; ids of items, circles and topics have their
 * letter before it, shares and lifts their sign behind. */
static void look_at_sentence(watch *w, gx_slice text) {
    for (size_t k = 0; k < text.size; k++) {
        static const char *const places[] = {"No. ", "第 "}; /* of leaders */
        bool begins = k == 0 || (!isalnum((unsigned char)text.data[k - 1]) &&
                                 !strchr("-.", text.data[k - 1]));
        for (size_t p = 0; p < GX_COUNT(places); p++) {
            const size_t size = strlen(places[p]);
            begins = begins && !(k >= size && memcmp(text.data + k - size, places[p], size) == 0);
        }
        if (!begins || !isdigit((unsigned char)text.data[k])) {
            continue;
        }
        size_t end = k;
        while (end < text.size &&
               (isdigit((unsigned char)text.data[end]) || text.data[end] == '.')) {
            end++;
        }
        const bool days = end + 5 <= text.size && memcmp(text.data + end, " days", 5) == 0;
        static const char *const units[] = {" steps", " 步", "%", " times", " 倍"};
        bool share = false, steps = false; /* numbers that count no people */
        for (size_t unit = 0; unit < GX_COUNT(units); unit++) {
            const size_t size = strlen(units[unit]);
            if (end + size <= text.size && memcmp(text.data + end, units[unit], size) == 0) {
                share = true;
                steps = unit < 2;
            }
        }
        const long number = strtol(text.data + k, NULL, 10);
        if (!w->counts && !days && !steps) {
            fail_msg("%s: a number is told in '%.*s'", w->method, (int)text.size, text.data);
        }
        w->counted += !steps;
        if (w->counts && !share && number < MIN_COUNT) {
            fail_msg("%s: a count of %ld is told in '%.*s'", w->method, number, (int)text.size,
                     text.data);
        }
        k = end;
    }
}

/* Counts of people in evidence. */
static void look_at_count(watch *w, gx_slice key, const gx_value *value) {
    static const char *const counts[] = {"n", "liked", "people_all", "recent", "buyers"};
    static const char *const measures[] = {"n", "liked", "lift", "after", "recent", "buyers"};
    for (size_t k = 0; k < GX_COUNT(measures) && !w->counts; k++) {
        if (gx_slice_is(key, measures[k])) {
            fail_msg("%s: %s is told", w->method, measures[k]);
        }
    }
    for (size_t k = 0; k < GX_COUNT(counts) && value->type == GX_INT; k++) {
        if (gx_slice_is(key, counts[k])) {
            w->counted++;
            assert_true(value->as.integer >= MIN_COUNT);
        }
    }
}

/* Below min_count nobody is named: who agreed is counted alone, or the others are a number too. */
static void look_at_people(watch *w, const gx_value *evidence) {
    const gx_value *people = gx_map_get(evidence, "people");
    const gx_value *hidden = gx_map_get(evidence, "hidden");
    if (people && people->type == GX_LIST && (people->size > 0 || hidden)) {
        w->groups++;
        if (!w->counts || (!hidden && people->size < MIN_COUNT) ||
            (hidden && hidden->as.integer < MIN_COUNT)) {
            fail_msg("%s: %u people are named, fewer than %d did it", w->method, people->size,
                     w->counts ? MIN_COUNT : HIGH_BAR);
        }
    }
}

/* ---- by elimination ---------------------------------------------------------------------------
 */

/* How many of those tied to the member agreed, and how many did not. */
typedef struct pool {
    uint32_t agreed, silent;
} pool;

static bool is_meant(const gx_person *person, const char *en) {
    if (strstr(en, "friend")) {
        return person->tied_as & GX_TIED_FRIEND;
    }
    return !strstr(en, "you follow") || person->tied_as & GX_TIED_FOLLOWED;
}

static pool pool_of(test_shop *s, uint32_t asked, const char *en) {
    char word[16];
    uint32_t user;
    gx_txn *txn;
    gx_state *state = gx_db_hold_state(s->db);
    gx_people people = {0};
    pool p = {0};
    snprintf(word, sizeof word, "u%u", asked);
    assert_int_equal(gx_txn_read(&txn, gx_db_store(s->db), NULL), GX_OK);
    if (gx_word_find(&user, txn, GX_SPACE_USER, gx_slice_of(word)) == GX_OK) {
        assert_int_equal(gx_people_read(&people, txn, &state->rules, user, NULL), GX_OK);
    }
    for (size_t k = 0; k < people.count; k++) {
        const gx_slice name = gx_word_name(txn, GX_SPACE_USER, people.person[k].user);
        if (!people.person[k].blocked && is_meant(&people.person[k], en)) {
            *(strtol(name.data + 1, NULL, 10) % 3 ? &p.agreed : &p.silent) += 1;
        }
    }
    gx_people_finish(&people);
    gx_txn_abort(txn);
    gx_state_release(state);
    return p;
}

/* A reason about those tied to the member: friends who did something, a leader who is followed. */
static void try_elimination(watch *w, const gx_value *row) {
    const gx_value *evidence = gx_map_get(row, "evidence"), *en = gx_map_get(row, "en");
    const gx_value *people = evidence ? gx_map_get(evidence, "people") : NULL;
    const gx_value *hidden = people ? gx_map_get(evidence, "hidden") : NULL;
    const gx_value *channel = gx_map_get(row, "channel"), *reason = gx_map_get(row, "reason");
    const bool friends = test_is(channel, "friends") && gx_map_get(evidence, "action");
    const bool leader = test_is(channel, "leader") && !gx_map_get(evidence, "user") &&
                        (strstr(en->as.text, " you follow ") || strstr(en->as.text, " you know ") ||
                         strstr(en->as.text, " you are connected "));
    const bool mutual = test_is(reason, "mutual") && strstr(en->as.text, "both tied");
    if (!friends && !leader && !mutual) {
        return;
    }
    const pool p = pool_of(w->shop, w->asked[0],
                           leader && strstr(en->as.text, " you know ") ? "friend" : en->as.text);
    const uint32_t count = (uint32_t)strtoul(en->as.text, NULL, 10);
    w->tried++;
    bool safe;
    if (leader) {
        safe = p.silent >= 2;
    } else if (hidden) { /* it is not all of them */
        safe = hidden->as.integer < p.silent && hidden->as.integer >= MIN_COUNT;
    } else if (people && people->size > 0) { /* of those who agreed alone */
        safe = count == people->size || (people->size == 8 && count > 8 && count <= p.agreed);
    } else if (count > 0) {
        safe = count < p.agreed + p.silent && (p.silent > 1 || p.agreed >= count);
    } else {
        safe = p.silent != 1 || p.agreed > 0;
    }
    if (!safe) {
        fail_msg("%s: u%u reads '%s' and knows who did it: of those tied %u agreed and %u did not",
                 w->method, w->asked[0], en->as.text, p.agreed, p.silent);
    }
}

static void look(watch *w, const gx_value *value, bool in_evidence) {
    if (value->type == GX_TEXT) {
        look_at_text(w, (gx_slice){value->as.text, value->size});
    } else if (value->type == GX_LIST) {
        for (uint32_t k = 0; k < value->size; k++) {
            look(w, &value->as.items[k], in_evidence);
        }
    } else if (value->type == GX_MAP) {
        if (in_evidence) {
            look_at_people(w, value);
        } else if (w->asked[0] == w->asked[1] && gx_map_get(value, "evidence")) {
            try_elimination(w, value);
        }
        for (uint32_t k = 0; k < value->size; k++) {
            const gx_pair *pair = &value->as.pairs[k];
            const gx_slice key = {pair->key.as.text, pair->key.size};
            if (is_sentence(key) && pair->value.type == GX_TEXT) {
                look_at_sentence(w, (gx_slice){pair->value.as.text, pair->value.size});
            }
            if (!in_evidence && gx_slice_is(key, "hidden") && pair->value.type == GX_INT &&
                pair->value.as.integer > 0) {
                w->left_out++;
                assert_true(w->counts && pair->value.as.integer >= MIN_COUNT);
            }
            if (in_evidence || gx_slice_is(key, "liked")) {
                look_at_count(w, key, &pair->value);
            }
            look(w, &pair->value, in_evidence || gx_slice_is(key, "evidence"));
        }
    }
}

/* ---- calls ------------------------------------------------------------------------------------
 */

static void ask(test_shop *s, watch *w, gx_rng *rng) {
    const uint32_t a = (uint32_t)gx_rng_below(rng, USERS), b = (uint32_t)gx_rng_below(rng, USERS);
    const uint32_t i = (uint32_t)gx_rng_below(rng, 40), j = (uint32_t)gx_rng_below(rng, 40);
    static const char *const channels[] = {"friends", "circle", "leader"};
    static const char *const modes[] = {"close", "cross-circle", "expert"};
    w->asked[0] = a;
    w->asked[1] = b;
#define ASK(name, ...)                                                                             \
    do {                                                                                           \
        const gx_value answer = test_call(s, name, __VA_ARGS__);                                   \
        w->method = name;                                                                          \
        look(w, &answer, false);                                                                   \
    } while (0)
    ASK("rec.user", "{'users': ['u%u', 'u%u'], 'n': 20}", a, b);
    w->asked[1] = a; /* these are about one */
    for (size_t c = 0; c < GX_COUNT(channels); c++) {
        ASK("rec.user", "{'users': ['u%u'], 'n': 20, 'channels': {'%s': 1}}", a, channels[c]);
    }
    ASK("rec.explain", "{'user': 'u%u', 'item': 'i%u'}", a, i);
    ASK("rec.rank", "{'user': 'u%u', 'items': ['i%u', 'i%u'], 'seen': 'none'}", a, i, j);
    for (size_t m = 0; m < GX_COUNT(modes); m++) {
        ASK("rec.friends", "{'users': ['u%u'], 'n': %u, 'mode': '%s'}", a, 1 + i, modes[m]);
    }
    w->asked[1] = b;
    ASK("rec.bundle", "{'items': ['i%u', 'i%u']}", i, j);
    ASK("rec.similar", "{'items': ['i%u']}", i);
    ASK("rec.group", "{'users': ['u%u', 'u%u'], 'n': 10}", a, b);
    ASK("rec.group", "{'group': 'g%u', 'n': 10}", i % 8);
    ASK("rec.starters", "{'group': 'g%u'}", i % 8);
    ASK("user.portrait", "{'user': 'u%u'}", a);
    for (size_t m = 0; m < GX_COUNT(modes); m++) {
        ASK("rec.friends", "{'users': ['u%u', 'u%u'], 'n': %u, 'mode': '%s'}", a, b, 1 + i,
            modes[m]);
    }
    ASK("rec.experts", "{'user': 'u%u', 'category': 'c%u', 'n': %u}", a, i % 4, 1 + j);
#undef ASK
}

/* Lists of rec.batch go to members: each is held to what its own member may read. */
static void ask_all(test_shop *s, watch *w) {
    const gx_value page = test_call(s, "rec.batch", "{'n': 8, 'why': true}");
    const gx_value *lists = test_key(&page, "lists");
    w->method = "rec.batch";
    assert_true(lists->size > USERS / 2);
    for (uint32_t k = 0; k < lists->size; k++) {
        const gx_value *user = test_key(&lists->as.items[k], "user");
        w->asked[0] = w->asked[1] = (uint32_t)strtoul(user->as.text + 1, NULL, 10);
        look(w, &lists->as.items[k], false);
    }
}

static void shops(bool counts) {
    watch w = {.counts = counts};
    for (uint64_t seed = 0; seed < SHOPS; seed++) {
        test_shop s;
        gx_rng rng = gx_rng_at(seed, 4711);
        w.shop = &s;
        test_shop_open(&s);
        test_shop_fill(&s, seed + 100, USERS, 0);
        test_call(&s, "admin.config", "{'name': 'min_count', 'value': %d}",
                  counts ? MIN_COUNT : HIGH_BAR);
        test_call(&s, "model.build", "{}");
        for (uint32_t c = 0; c < CALLS; c++) {
            ask(&s, &w, &rng);
        }
        ask_all(&s, &w);
        test_shop_close(&s);
    }
    assert_true(w.named > 100); /* what is looked for is there */
    assert_true(w.tried > 1000);
    assert_true(counts ? w.groups > 20 : w.groups == 0);
    assert_true(counts ? w.left_out > 100 : w.left_out == 0);
    assert_true(counts ? w.counted > 100 : w.counted == 0);
}

static void nobody_is_named_and_no_small_count_told(void **state) {
    (void)state;
    shops(true);
}

static void no_count_is_told_below_a_high_bar(void **state) {
    (void)state;
    shops(false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_named_and_no_small_count_told),
        cmocka_unit_test(no_count_is_told_below_a_high_bar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
