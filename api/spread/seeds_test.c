/* seed.select: 10,000 random calls with quotas, exclusions, budgets and members that are set. Each
 * either keeps to all of them and leaves out nobody who could still join, or is refused with the
 * reason, and only where no choice keeps to them. */
#include "api/testing.h"

#include <math.h>
#include <stdlib.h>

enum { MEMBERS = 24, CITIES = 4, CALLS = 10000 };

typedef struct person {
    uint32_t city; /* CITIES: none */
    double fee;    /* NaN: none */
    uint32_t events;
    bool used;
} person;

typedef struct crowd {
    test_shop shop;
    person of[MEMBERS];
} crowd;

/* What a call asks for, and the same as JSON. */
typedef struct wish {
    uint32_t k;
    bool has_budget, by_fee, has_most_each;
    double budget;
    bool excluded[MEMBERS], included[MEMBERS], barred[MEMBERS];
    uint32_t least[CITIES + 1], most[CITIES + 1]; /* the last: of those without a city */
    char json[2000];
} wish;

static void fill(crowd *c) {
    gx_rng rng = gx_rng_at(5, 1);
    gx_arena *a = c->shop.arena;
    gx_value people = gx_list(a, MEMBERS), ties = gx_list(a, 64), events = gx_list(a, 64);
    for (uint32_t v = 0; v < MEMBERS; v++) {
        person *p = &c->of[v];
        gx_value row = gx_map(a, 3);
        p->city = (uint32_t)gx_rng_below(&rng, CITIES + 1);
        p->fee = gx_rng_below(&rng, 5) ? (double)gx_rng_below(&rng, 4) : (double)NAN;
        p->events = (uint32_t)gx_rng_below(&rng, 3);
        test_put_int(&c->shop, &row, "user_id", "u", v);
        if (p->city < CITIES) {
            test_put_int(&c->shop, &row, "city", "city", p->city);
        }
        if (!isnan(p->fee)) {
            gx_map_put(a, &row, "fee", gx_real(p->fee));
        }
        gx_list_add(a, &people, row);
        for (uint32_t e = 0; e < p->events; e++) {
            const bool campaign = gx_rng_below(&rng, 4) == 0;
            row = gx_map(a, 5);
            test_put_int(&c->shop, &row, "user_id", "u", v);
            gx_map_put(a, &row, "item_id", gx_str("tea"));
            gx_map_put(a, &row, "action", gx_str("view"));
            gx_map_put(a, &row, "ts", gx_int(1700000000000 + (int64_t)e * 1000));
            if (campaign) {
                gx_map_put(a, &row, "campaign", gx_str("spring"));
            }
            p->used = p->used || campaign;
            gx_list_add(a, &events, row);
        }
        for (uint32_t t = 0; t < 3; t++) {
            const uint64_t w = gx_rng_below(&rng, MEMBERS);
            row = gx_map(a, 3);
            test_put_int(&c->shop, &row, "src", "u", v);
            test_put_int(&c->shop, &row, "dst", "u", w == v ? (w + 1) % MEMBERS : w);
            gx_map_put(a, &row, "kind", gx_str("follow"));
            gx_list_add(a, &ties, row);
        }
    }
    test_put(&c->shop, "user.put", "users", people);
    test_put(&c->shop, "tie.put", "ties", ties);
    test_put(&c->shop, "event.put", "events", events);
}

/* ---- what is asked ----------------------------------------------------------------------------
 */

GX_PRINTF(2, 3) static void say(wish *w, const char *format, ...) {
    const size_t at = strlen(w->json);
    va_list list;
    va_start(list, format);
    vsnprintf(w->json + at, sizeof w->json - at, format, list);
    va_end(list);
}

/* A list of members drawn for the argument. */
static void draw_list(wish *w, gx_rng *rng, const char *argument, bool *marked, uint32_t most) {
    const uint32_t count = 1 + (uint32_t)gx_rng_below(rng, most);
    say(w, ",'%s':[", argument);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t v = (uint32_t)gx_rng_below(rng, MEMBERS);
        marked[v] = true;
        say(w, "%s'u%u'", i ? "," : "", v);
    }
    say(w, "]");
}

static void draw_quota(wish *w, gx_rng *rng, const char *argument, uint32_t *quota, uint32_t most) {
    const uint32_t city = (uint32_t)gx_rng_below(rng, CITIES + 1);
    quota[city] = (uint32_t)gx_rng_below(rng, most);
    if (city < CITIES) {
        say(w, ",'%s':{'city%u':%u}", argument, city, quota[city]);
    } else {
        say(w, ",'%s':{'-':%u}", argument, quota[city]);
    }
}

static void draw_limits(wish *w, gx_rng *rng) {
    if (gx_rng_below(rng, 2)) {
        w->has_budget = true;
        w->budget = (double)gx_rng_below(rng, 9);
        say(w, ",'budget':%g", w->budget);
        if (gx_rng_below(rng, 4)) {
            w->by_fee = true;
            say(w, ",'cost':'fee','cost_else':2");
        }
    }
    for (uint32_t c = 0; c <= CITIES; c++) {
        w->most[c] = UINT32_MAX;
    }
    if (gx_rng_below(rng, 3) == 0) {
        const uint32_t each = (uint32_t)gx_rng_below(rng, 4);
        for (uint32_t c = 0; c <= CITIES; c++) {
            w->most[c] = each;
        }
        say(w, ",'most_each':%u", each);
    }
    if (gx_rng_below(rng, 3) == 0) {
        draw_quota(w, rng, "least", w->least, 4);
    }
    if (gx_rng_below(rng, 3) == 0) {
        draw_quota(w, rng, "most", w->most, 3);
    }
}

static void draw_wish(wish *w, const crowd *c, uint64_t number) {
    gx_rng rng = gx_rng_at(number, 9);
    *w = (wish){.k = 1 + (uint32_t)gx_rng_below(&rng, 6)};
    say(w, "{'k':%u,'by':'city','sets':200,'runs':0,'seed':%u,'heuristics':%s", w->k,
        (uint32_t)number, gx_rng_below(&rng, 20) ? "false" : "true");
    draw_limits(w, &rng);
    if (gx_rng_below(&rng, 3) == 0) {
        draw_list(w, &rng, "exclude", w->excluded, 8);
    }
    if (gx_rng_below(&rng, 4) == 0) {
        draw_list(w, &rng, "include", w->included, 3);
    }
    const bool active = gx_rng_below(&rng, 6) == 0, used = gx_rng_below(&rng, 6) == 0;
    const bool segment = gx_rng_below(&rng, 6) == 0, fair = gx_rng_below(&rng, 8) == 0;
    say(w, "%s%s%s%s}", active ? ",'min_activity':1" : "", used ? ",'used_in':['spring']" : "",
        segment ? ",'segment':'not city = \\\"city0\\\"'" : "", fair ? ",'fair':0.5" : "");
    for (uint32_t v = 0; v < MEMBERS; v++) {
        w->barred[v] = w->excluded[v] || (active && c->of[v].events == 0) ||
                       (used && c->of[v].used) || (segment && c->of[v].city == 0);
    }
    for (char *at = w->json; *at; at++) {
        *at = *at == '\'' ? '"' : *at;
    }
}

/* ---- whether there is a choice -----------------------------------------------------------------
 */

static double cost_of(const wish *w, const crowd *c, uint32_t v) {
    return !w->has_budget                      ? 0
           : w->by_fee && !isnan(c->of[v].fee) ? c->of[v].fee
           : w->by_fee                         ? 2
                                               : 1;
}

typedef struct tally {
    uint32_t count, have[CITIES + 1];
    double cost;
} tally;

static void add(tally *t, const wish *w, const crowd *c, uint32_t v) {
    t->count++;
    t->cost += cost_of(w, c, v);
    t->have[c->of[v].city]++;
}

/* The cheapest of the city who may still be chosen; MEMBERS: nobody. */
static uint32_t cheapest(const wish *w, const crowd *c, const bool *taken, uint32_t city) {
    uint32_t best = MEMBERS;
    for (uint32_t v = 0; v < MEMBERS; v++) {
        if (c->of[v].city == city && !taken[v] && !w->barred[v] &&
            (best == MEMBERS || cost_of(w, c, v) < cost_of(w, c, best))) {
            best = v;
        }
    }
    return best;
}

static bool is_possible(const wish *w, const crowd *c) {
    tally t = {0};
    bool taken[MEMBERS] = {false};
    for (uint32_t v = 0; v < MEMBERS; v++) {
        if (w->included[v]) {
            taken[v] = true;
            add(&t, w, c, v);
            if (w->excluded[v]) {
                return false;
            }
        }
    }
    for (uint32_t city = 0; city <= CITIES; city++) {
        if (t.have[city] > w->most[city] || w->least[city] > w->most[city]) {
            return false;
        }
        while (t.have[city] < w->least[city]) {
            const uint32_t v = cheapest(w, c, taken, city);
            if (v == MEMBERS) {
                return false;
            }
            taken[v] = true;
            add(&t, w, c, v);
        }
    }
    return t.count <= w->k && (!w->has_budget || t.cost <= w->budget);
}

/* ---- what came of it ---------------------------------------------------------------------------
 */

static void check_answer(const wish *w, const crowd *c, const gx_value *result) {
    const gx_value *seeds = test_key(result, "seeds");
    bool chosen[MEMBERS] = {false};
    tally t = {0};
    for (uint32_t i = 0; i < seeds->size; i++) {
        const gx_value *id = test_key(&seeds->as.items[i], "user_id");
        const uint32_t v = (uint32_t)strtoul(id->as.text + 1, NULL, 10);
        assert_false(chosen[v]);
        assert_true(w->included[v] || !w->barred[v]);
        chosen[v] = true;
        add(&t, w, c, v);
    }
    assert_true(t.count <= w->k);
    assert_true(!w->has_budget || t.cost <= w->budget);
    for (uint32_t city = 0; city <= CITIES; city++) {
        assert_in_range(t.have[city], w->least[city], w->most[city]);
    }
    for (uint32_t v = 0; v < MEMBERS; v++) {
        const uint32_t city = c->of[v].city;
        const bool fits = t.count < w->k && !w->barred[v] && t.have[city] < w->most[city] &&
                          (!w->has_budget || t.cost + cost_of(w, c, v) <= w->budget);
        assert_true(chosen[v] || !w->included[v]);
        if (fits && !chosen[v]) {
            fail_msg("u%u could join: %s", v, w->json);
        }
    }
}

static bool says_why(const char *message) {
    static const char *const reasons[] = {
        "seeds are given, and", "that it may have", "is to have at least", "to have at least",
        "given cost",           "must have cost",   "is excluded too"};
    for (size_t i = 0; i < GX_COUNT(reasons); i++) {
        if (strstr(message, reasons[i])) {
            return true;
        }
    }
    return false;
}

static void limits_hold_in_random_calls(void **state) {
    crowd c = {0};
    uint32_t made = 0, refused = 0;
    (void)state;
    test_shop_open(&c.shop);
    fill(&c);
    for (uint64_t number = 0; number < CALLS; number++) {
        wish w;
        gx_value args, result;
        gx_error err = {0};
        gx_arena_reset(c.shop.arena);
        draw_wish(&w, &c, number);
        assert_int_equal(gx_json_read(&args, c.shop.arena, w.json, strlen(w.json), &err), GX_OK);
        const gx_status status =
            gx_call(&result, c.shop.db, "seed.select", &args, c.shop.arena, &err);
        if ((status == GX_OK) != is_possible(&w, &c)) {
            fail_msg("%s %s: %s", w.json, status == GX_OK ? "made" : "refused", err.message);
        }
        if (status == GX_OK) {
            check_answer(&w, &c, &result);
            made++;
        } else if (status != GX_BAD_REQUEST || !says_why(err.message)) {
            fail_msg("%s: %s", w.json, err.message);
        }
        refused += status != GX_OK;
    }
    assert_true(made > CALLS / 4 && refused > CALLS / 20);
    test_shop_close(&c.shop);
}

/* ---- what is refused, and how ------------------------------------------------------------------
 */

static void refusals_name_what_was_given(void **state) {
    crowd c = {0};
    (void)state;
    test_shop_open(&c.shop);
    fill(&c);
    static const struct {
        const char *json;
        gx_status code;
        const char *says;
    } cases[] = {
        {"{'k':2,'by':'city','least':{'city1':3}}", GX_BAD_REQUEST,
         "city1 is to have at least 3 seeds more, and there is room for 2 of 2"},
        {"{'k':2,'by':'city','least':{'city1':2,'city2':1}}", GX_BAD_REQUEST, " and city"},
        {"{'k':3,'by':'city','least_each':1}", GX_BAD_REQUEST,
         " and 2 more are to have at least 5"},
        {"{'k':9,'by':'city','least':{'city1':20}}", GX_BAD_REQUEST,
         "city1 is to have at least 20"},
        {"{'by':'city','least':{'rome':1}}", GX_NOT_FOUND, "no circle 'rome'"},
        {"{'by':'town','most_each':1}", GX_BAD_REQUEST, "no member has a text called 'town'"},
        {"{'include':['u1','nobody']}", GX_NOT_FOUND, "'nobody'"},
        {"{'include':['u1'],'exclude':['u1']}", GX_BAD_REQUEST, "'u1' is excluded too"},
        {"{'k':1,'include':['u1','u2']}", GX_BAD_REQUEST, "2 seeds are given, and 1"},
        {"{'kinds':[]}", GX_BAD_REQUEST, "a list of 0 was given"},
        {"{'cost':'fee'}", GX_BAD_REQUEST, "without a budget"},
        {"{'budget':1,'cost':'city'}", GX_BAD_REQUEST, "has 'city"},
        {"{'budget':1,'cost':'price'}", GX_BAD_REQUEST, "no member has a number called 'price'"},
        {"{'used_in':['autumn']}", GX_NOT_FOUND, "'autumn'"},
        {"{'chances':'constant'}", GX_BAD_REQUEST, "chance from 0 to 1"},
        {"{'p':0.1}", GX_BAD_REQUEST, "goes with chances constant"},
        {"{'chances':'learned'}", GX_CONFLICT, "guanxi build"},
        {"{'category':'tea'}", GX_NOT_FOUND, "category"},
        {"{'segment':'city ='}", GX_BAD_REQUEST, "segment: "},
        {"{'segment':'ctiy = \\\"city1\\\"'}", GX_NOT_FOUND, "'ctiy'; members have city"},
        {"{'audience':'not ctiy = 1'}", GX_NOT_FOUND, "'ctiy'"},
    };
    for (size_t i = 0; i < GX_COUNT(cases); i++) {
        test_refused(&c.shop, "seed.select", cases[i].json, cases[i].code, cases[i].says);
    }
    test_shop_close(&c.shop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_hold_in_random_calls),
        cmocka_unit_test(refusals_name_what_was_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
