/* No list ever shows what a rule keeps out: random calls of rec.user against a shop whose every
 * field the test knows itself. 3,000 calls; 100,000 with GX_LONG=1. */
#include "api/testing.h"

#include <stdlib.h>

enum { ITEMS = 120, USERS = 100, SELLERS = 8, BRANDS = 6, CATEGORIES = 7, PARTS = 3 };

typedef struct item {
    int status; /* 0 on, 1 hidden, 2 deleted, 3 off, 4 none given */
    int stock;  /* −1: none given */
    int price, category, brand, seller, kind, age_min;
} item;

typedef struct person {
    int age, blocked_brand, blocked_seller, blocked_tie; /* −1: none */
    bool had[ITEMS], touched[ITEMS];
    long long disliked[ITEMS], liked[ITEMS]; /* when last; the last word counts */
} person;

typedef struct world {
    test_shop shop;
    gx_rng rng;
    item items[ITEMS];
    person people[USERS];
    uint64_t batched; /* lists that batches made */
} world;

/* What one call asks. */
typedef struct asked {
    int user, n, price, kind, seen, cap_category, cap_brand, cap_part;
    int form, brand, category; /* of `where` */
    int quota[3];              /* of kinds; all 0: none is asked for */
    bool excluded[ITEMS], in_cart[ITEMS];
    int pin[3], place[3], pins;
} asked;

static const char *const kinds[] = {"product", "content", "event"};
static const char *const statuses[] = {"on", "hidden", "deleted", "off"};

static int below(world *w, int bound) {
    return (int)gx_rng_below(&w->rng, (uint64_t)bound);
}

static void put_int(world *w, gx_value *row, const char *key, int value) {
    if (value >= 0) {
        gx_map_put(w->shop.arena, row, key, gx_int(value));
    }
}

/* A field that is not there any more is put as nil. */
static void set_int(world *w, gx_value *row, const char *key, int value) {
    gx_map_put(w->shop.arena, row, key, value >= 0 ? gx_int(value) : gx_nil());
}

static void put_named(world *w, gx_value *row, const char *key, const char *head, int value) {
    if (value >= 0) {
        test_put_int(&w->shop, row, key, head, (uint64_t)value);
    }
}

static void put_item(world *w, int i) {
    const item *it = &w->items[i];
    gx_arena *a = w->shop.arena;
    gx_value rows = gx_list(a, 1), row = gx_map(a, 10);
    put_named(w, &row, "item_id", "i", i);
    gx_map_put(a, &row, "status", it->status == 4 ? gx_nil() : gx_str(statuses[it->status]));
    set_int(w, &row, "stock", it->stock);
    set_int(w, &row, "price", it->price);
    if (it->category >= 0) { /* p0/c0, p1/c1, p2/c2, p0/c3, … */
        gx_map_put(a, &row, "category",
                   gx_str(gx_arena_printf(a, "p%d/c%d", it->category % PARTS, it->category)));
    }
    gx_map_put(a, &row, "brand",
               it->brand < 0 ? gx_nil() : gx_str(gx_arena_printf(a, "b%d", it->brand)));
    put_named(w, &row, "seller", "u", it->seller); /* some members sell */
    set_int(w, &row, i % 2 ? "age_min" : "attr_age_min", it->age_min);
    if (it->kind >= 0) {
        gx_map_put(a, &row, "kind", gx_str(kinds[it->kind]));
    }
    gx_list_add(a, &rows, row);
    test_put(&w->shop, "item.put", "items", rows);
}

static void make_items(world *w) {
    for (int i = 0; i < ITEMS; i++) {
        w->items[i] = (item){.status = below(w, 4) ? 4 : below(w, 4),
                             .stock = below(w, 3) - 1,
                             .price = below(w, 100),
                             .category = below(w, CATEGORIES + 1) - 1,
                             .brand = below(w, BRANDS + 1) - 1,
                             .seller = below(w, SELLERS + 1) - 1,
                             .kind = below(w, 4) - 1,
                             .age_min = below(w, 4)   ? -1
                                        : below(w, 2) ? 18
                                                      : 60};
        w->items[i].stock = w->items[i].stock == 1 ? 5 : w->items[i].stock;
        put_item(w, i);
    }
}

static void make_people(world *w) {
    static const int ages[] = {0, 13, 18, 25, 65};
    static const char *const bands[] = {NULL, "13-17", "18-24", "25-34", "65+"};
    gx_arena *a = w->shop.arena;
    gx_value rows = gx_list(a, USERS), ties = gx_list(a, USERS * 4);
    for (int u = 0; u < USERS; u++) {
        int band = below(w, 5);
        w->people[u] = (person){.age = ages[band],
                                .blocked_brand = below(w, 3) ? -1 : below(w, BRANDS),
                                .blocked_seller = below(w, 3) ? -1 : below(w, SELLERS),
                                .blocked_tie = below(w, 3) ? -1 : below(w, SELLERS)};
        person *p = &w->people[u];
        p->blocked_tie = p->blocked_tie == u ? -1 : p->blocked_tie;
        gx_value row = gx_map(a, 5);
        put_named(w, &row, "user_id", "u", u);
        if (bands[band]) {
            gx_map_put(a, &row, "age_band", gx_str(bands[band]));
        }
        put_named(w, &row, "blocked_sellers", "u", p->blocked_seller);
        if (p->blocked_brand >= 0) {
            gx_value list = gx_list(a, 2);
            gx_list_add(a, &list, gx_str("nobody"));
            gx_list_add(a, &list, gx_str(gx_arena_printf(a, "b%d", p->blocked_brand)));
            gx_map_put(a, &row, "attr_blocked_brands", list);
        }
        gx_list_add(a, &rows, row);
        for (int k = 0; k < 4; k++) {
            gx_value tie = gx_map(a, 3);
            bool block = k == 0 && p->blocked_tie >= 0;
            put_named(w, &tie, "src", "u", block && u % 2 ? p->blocked_tie : u);
            put_named(w, &tie, "dst", "u",
                      block ? (u % 2 ? u : p->blocked_tie) : (u + 1 + below(w, USERS - 1)) % USERS);
            gx_map_put(a, &tie, "kind", gx_str(block ? "block" : "friend"));
            gx_list_add(a, &ties, tie);
        }
    }
    test_put(&w->shop, "user.put", "users", rows);
    test_put(&w->shop, "tie.put", "ties", ties);
}

static void one_event(world *w) {
    static const char *const actions[] = {"buy", "view", "dislike", "rate"};
    int u = below(w, USERS), i = below(w, ITEMS), action = below(w, 8);
    action = action < 5 ? 1 : action - 5 + (action > 5);
    action = action > 3 ? 0 : action;
    w->people[u].touched[i] = true;
    w->people[u].had[i] |= action == 0 || action == 3;
    const long long ts = 1700000000000 + below(w, 1000000);
    if (action == 2 && ts > w->people[u].disliked[i]) {
        w->people[u].disliked[i] = ts;
    }
    if ((action == 0 || action == 3) && ts > w->people[u].liked[i]) {
        w->people[u].liked[i] = ts;
    }
    test_call(&w->shop, "event.put",
              "{'events': [{'user_id': 'u%d', 'item_id': 'i%d', 'action': '%s', 'ts': %lld}]}", u,
              i, actions[action], ts);
}

/* The shop goes on while lists are asked for. */
static void something_happens(world *w) {
    int i = below(w, ITEMS);
    if (below(w, 2)) {
        w->items[i].status = below(w, 5);
        w->items[i].stock = below(w, 3) ? 5 * below(w, 2) : -1;
        w->items[i].price = below(w, 5) ? below(w, 100) : -1;
        w->items[i].brand = below(w, BRANDS + 1) - 1;
        w->items[i].age_min = below(w, 6) ? -1 : 18;
        put_item(w, i);
    } else {
        one_event(w);
    }
}

/* A block tie between two of whom one sells: any block in the store, either way. */
static bool blocks(const world *w, int u, int v) {
    return w->people[u].blocked_tie == v || (v < USERS && w->people[v].blocked_tie == u);
}

/* The forms of `where`; P is a price, B a brand, C a category and D its part. */
enum { FORMS = 8 };
static const char *const forms[FORMS] = {
    "price < P",
    "price < P and not brand = \"bB\"",
    "price >= P or brand in (\"bB\", \"b0\")",
    "category != \"pD/cC\" and (price <= P or not price exists)",
    "not (brand = \"bB\" or category in (\"pD/cC\", \"p1/c1\")) or price > P",
    "brand exists and not price > P",
    "category = \"p*\" and not category = \"pD/cC\" or stock = 5 and price < P",
    "stock > 0 and brand not in (\"bB\", \"b1\") and category in (\"pD/cC\", \"p2/c2\", \"p0/c3\", "
    "\"p1/c4\")"};

/* The same, worked out here. A field that is not there (-1) fails every test of it. */
static bool passes(const asked *q, const item *it) {
    const int p = it->price, b = it->brand, c = it->category, s = it->stock;
    const bool priced = p >= 0, branded = b >= 0, placed = c >= 0;
    if (q->price < 0) {
        return true;
    }
    switch (q->form) {
    case 0:
        return priced && p < q->price;
    case 1:
        return priced && p < q->price && b != q->brand;
    case 2:
        return (priced && p >= q->price) || b == q->brand || b == 0;
    case 3:
        return placed && c != q->category && (!priced || p <= q->price);
    case 4:
        return !(b == q->brand || c == q->category || c == 1) || (priced && p > q->price);
    case 5:
        return branded && !(priced && p > q->price);
    case 6:
        return (placed && c != q->category) || (s == 5 && priced && p < q->price);
    default:
        return s > 0 && branded && b != q->brand && b != 1 &&
               (c == q->category || c == 2 || c == 3 || c == 4);
    }
}

static const char *where_of(world *w, const asked *q) {
    const char *text = "";
    for (const char *f = forms[q->form]; *f; f++) {
        const bool alone = f[1] < 'a' || f[1] > 'z';
        if (strchr("PBCD", *f) && alone) {
            const int value = *f == 'P'   ? q->price
                              : *f == 'B' ? q->brand
                              : *f == 'C' ? q->category
                                          : q->category % PARTS;
            text = gx_arena_printf(w->shop.arena, "%s%d", text, value);
        } else {
            text = gx_arena_printf(w->shop.arena, "%s%c", text, *f);
        }
    }
    return text;
}

static const char *keeps_out(const world *w, const asked *q, int i) {
    const item *it = &w->items[i];
    const person *p = &w->people[q->user];
    if ((it->status >= 1 && it->status <= 3) || it->stock == 0) {
        return "hidden";
    }
    if (q->kind >= 0 && (it->kind < 0 ? 0 : it->kind) != q->kind) {
        return "kind";
    }
    if (!passes(q, it)) {
        return "where";
    }
    if (q->excluded[i]) {
        return "excluded";
    }
    if (it->seller == q->user) {
        return "own";
    }
    if (it->seller >= 0 && (it->seller == p->blocked_seller || blocks(w, q->user, it->seller))) {
        return "blocked_seller";
    }
    if (it->brand >= 0 && it->brand == p->blocked_brand) {
        return "blocked_brand";
    }
    if (it->age_min > p->age) {
        return "age";
    }
    if (q->in_cart[i]) {
        return "context";
    }
    if (q->seen < 2 && p->disliked[i] > p->liked[i]) {
        return "disliked";
    }
    return (q->seen == 0 && p->had[i]) || (q->seen == 1 && p->touched[i]) ? "seen" : NULL;
}

static asked ask(world *w) {
    asked q = {.user = below(w, USERS),
               .n = 1 + below(w, 30),
               .price = below(w, 2) ? -1 : below(w, 110),
               .form = below(w, FORMS),
               .brand = below(w, BRANDS),
               .category = below(w, CATEGORIES),
               .kind = below(w, 3) ? -1 : below(w, 3),
               .seen = below(w, 3),
               .cap_category = below(w, 2) ? 0 : 1 + below(w, 3),
               .cap_brand = below(w, 3) ? 0 : 1 + below(w, 3),
               .cap_part = below(w, 3) ? 0 : 1 + below(w, 6)};
    for (int k = below(w, 4); k > 1; k--) {
        q.in_cart[below(w, ITEMS)] = true;
    }
    for (int k = 0, left = q.n; k < 3 && q.n % 4 == 0; k++) {
        q.quota[k] = below(w, left + 1);
        left -= q.quota[k];
    }
    int sum = q.quota[0] + q.quota[1] + q.quota[2];
    q.n = sum > 0 ? sum : q.n;
    for (int k = below(w, 20); k > 0; k--) {
        q.excluded[below(w, ITEMS)] = true;
    }
    for (int place = 1 + below(w, 4); q.pins < 3 && place <= q.n; place += 1 + below(w, 6)) {
        if (below(w, 2)) {
            q.place[q.pins] = place;
            q.pin[q.pins] = below(w, ITEMS / 3) * 3 + q.pins;
            q.pins++;
        }
    }
    return q;
}

static gx_value args_of(world *w, const asked *q) {
    static const char *const seen[] = {"bought", "all", "none"};
    gx_arena *a = w->shop.arena;
    gx_value context = gx_map(a, 2), cart = gx_list(a, 2);
    gx_value args = gx_map(a, 12), exclude = gx_list(a, 20), pins = gx_map(a, 3),
             caps = gx_map(a, 3);
    put_named(w, &args, "users", "u", q->user);
    put_int(w, &args, "n", q->n);
    if (q->price >= 0) {
        gx_map_put(a, &args, "where", gx_str(where_of(w, q)));
    }
    if (q->kind >= 0) {
        gx_map_put(a, &args, "kind", gx_str(kinds[q->kind]));
    }
    gx_map_put(a, &args, "seen", gx_str(seen[q->seen]));
    gx_map_put(a, &args, "why", gx_bool(below(w, 4) == 0));
    for (int i = 0; i < ITEMS; i++) {
        if (q->excluded[i]) {
            gx_list_add(a, &exclude, gx_str(gx_arena_printf(a, "i%d", i)));
        }
        if (q->in_cart[i]) {
            gx_list_add(a, &cart, gx_str(gx_arena_printf(a, "i%d", i)));
        }
    }
    gx_map_put(a, &args, "exclude", exclude);
    gx_list_add(a, &cart, gx_str("nowhere"));
    gx_map_put(a, &context, "cart", cart);
    gx_map_put(a, &args, "context", context);
    for (int k = 0; k < q->pins; k++) {
        gx_map_put(a, &pins, gx_arena_printf(a, "i%d", q->pin[k]), gx_int(q->place[k]));
    }
    gx_map_put(a, &args, "pin", pins);
    if (q->cap_category) {
        put_int(w, &caps, "category", q->cap_category);
    }
    if (q->cap_brand) {
        put_int(w, &caps, "brand", q->cap_brand);
    }
    if (q->cap_part) {
        put_int(w, &caps, "category/1", q->cap_part);
    }
    gx_map_put(a, &args, "caps", caps);
    if (q->quota[0] + q->quota[1] + q->quota[2] > 0) {
        gx_value map = gx_map(a, 3);
        for (int k = 0; k < 3; k++) {
            put_int(w, &map, kinds[k], q->quota[k]);
        }
        gx_map_put(a, &args, "kinds", map);
    }
    if (below(w, 4) == 0) {
        gx_map_put(a, &args, "explore", gx_real(gx_rng_real(&w->rng)));
        put_int(w, &args, "seed", below(w, 1000));
    }
    if (below(w, 4) == 0) {
        gx_map_put(a, &args, "diversity", gx_real(gx_rng_real(&w->rng)));
        gx_map_put(a, &args, "diversify", gx_str(below(w, 2) ? "mmr" : "dpp"));
    }
    if (below(w, 3) == 0) {
        gx_map_put(a, &args, "boost",
                   gx_str("3 where category = \"p1/c1\"; 0.2 where price > 50; 9 item i7"));
    }
    if (below(w, 3) == 0) {
        gx_map_put(a, &args, "novelty", gx_real(gx_rng_real(&w->rng)));
    }
    return args;
}

static int number_of(const gx_value *id) {
    return atoi(id->as.text + 1);
}

static bool has_flag(const gx_value *row, const char *name) {
    const gx_value *flags = gx_map_get(row, "flags");
    for (uint32_t k = 0; k < flags->size; k++) {
        if (test_is(&flags->as.items[k], name)) {
            return true;
        }
    }
    return false;
}

static void check_pins(const world *w, const asked *q, const gx_value *list) {
    const gx_value *items = gx_map_get(list, "items"), *missing = gx_map_get(list, "not_pinned");
    for (int p = 0; p < q->pins; p++) {
        const char *rule = keeps_out(w, q, q->pin[p]);
        bool told = false;
        for (uint32_t k = 0; missing && missing->type == GX_LIST && k < missing->size; k++) {
            const gx_value *row = &missing->as.items[k];
            if (number_of(gx_map_get(row, "id")) == q->pin[p]) {
                told = true;
                assert_true(rule && test_is(gx_map_get(gx_map_get(row, "why_not"), "rule"), rule));
            }
        }
        assert_int_equal(told, rule != NULL);
        for (uint32_t k = 0; !rule && k < items->size; k++) {
            const gx_value *row = &items->as.items[k];
            if (number_of(gx_map_get(row, "id")) == q->pin[p]) {
                bool last = true; /* only pins behind it: the list was too short for its place */
                for (uint32_t l = k + 1; l < items->size; l++) {
                    last &= has_flag(&items->as.items[l], "pinned");
                }
                assert_true(k + 1 == (uint32_t)q->place[p] ||
                            (last && k + 1 < (uint32_t)q->place[p]));
                assert_true(has_flag(row, "pinned"));
                told = true;
            }
        }
        assert_true(told);
    }
}

/* How often each value is in a list, pins and all. */
typedef struct places {
    int part[PARTS], category[CATEGORIES], brand[BRANDS], kind[3];
} places;

static bool has_place(const asked *q, const item *it, const places *taken) {
    const int c = it->category, b = it->brand, k = it->kind < 0 ? 0 : it->kind;
    const bool mixed = q->quota[0] + q->quota[1] + q->quota[2] > 0;
    return !(c >= 0 && q->cap_category && taken->category[c] >= q->cap_category) &&
           !(c >= 0 && q->cap_part && taken->part[c % PARTS] >= q->cap_part) &&
           !(b >= 0 && q->cap_brand && taken->brand[b] >= q->cap_brand) &&
           !(mixed && taken->kind[k] >= q->quota[k]);
}

/* A list is shorter than n only where nothing is left that passes and has a place: what is not
 * shown is kept out by a rule, or all the places of one of its values are taken. */
static void check_length(const world *w, const asked *q, const gx_value *items) {
    places taken = {0};
    bool shown[ITEMS] = {false};
    for (uint32_t k = 0; k < items->size; k++) {
        const int i = number_of(gx_map_get(&items->as.items[k], "id"));
        const item *it = &w->items[i];
        shown[i] = true;
        taken.category[it->category < 0 ? 0 : it->category] += it->category >= 0;
        taken.part[it->category < 0 ? 0 : it->category % PARTS] += it->category >= 0;
        taken.brand[it->brand < 0 ? 0 : it->brand] += it->brand >= 0;
        taken.kind[it->kind < 0 ? 0 : it->kind]++;
    }
    assert_true((int)items->size <= q->n);
    for (int i = 0; (int)items->size < q->n && i < ITEMS; i++) {
        if (!shown[i] && !keeps_out(w, q, i) && has_place(q, &w->items[i], &taken)) {
            fail_msg("the list of u%d has %u of %d, and i%d would have a place", q->user,
                     items->size, q->n, i);
        }
    }
}

/* What a short list tells of each rule about the member is how many items it keeps out, the first
 * of those that do. */
static void check_short(const world *w, const asked *q, const gx_value *text) {
    static const char *const names[] = {"own",     "blocked_seller", "blocked_brand", "age",
                                        "context", "disliked",       "seen"};
    uint32_t told = 0, true_of = 0;
    for (size_t r = 0; r < GX_COUNT(names); r++) {
        char says[2][60];
        uint32_t count = 0;
        for (int i = 0; i < ITEMS; i++) {
            const char *rule = keeps_out(w, q, i);
            count += rule && strcmp(rule, names[r]) == 0;
        }
        snprintf(says[0], sizeof says[0], "; %u kept out by %s", count, names[r]);
        snprintf(says[1], sizeof says[1], ", %u by %s", count, names[r]);
        const bool is_told = strstr(text->as.text, says[0]) || strstr(text->as.text, says[1]);
        if (is_told != (count > 0)) {
            fail_msg("u%d: '%s', but %u are kept out by %s", q->user, text->as.text, count,
                     names[r]);
        }
        true_of += count > 0;
    }
    for (const char *by = text->as.text; (by = strstr(by, " by ")); by++) {
        told++;
    }
    assert_int_equal(told, true_of);
    assert_null(strstr(text->as.text, "has not seen"));
}

static void check_list(world *w, const asked *q, const gx_value *list) {
    const gx_value *items = gx_map_get(list, "items");
    int of_part[PARTS] = {0}, of_category[CATEGORIES] = {0}, of_brand[BRANDS] = {0},
        of_kind[3] = {0};
    bool shown[ITEMS] = {false};
    for (uint32_t k = 0; k < items->size; k++) {
        int i = number_of(gx_map_get(&items->as.items[k], "id"));
        const char *rule = keeps_out(w, q, i);
        if (rule) {
            fail_msg("i%d is shown to u%d against the rule %s", i, q->user, rule);
        }
        assert_false(shown[i]);
        shown[i] = true;
        if (!has_flag(&items->as.items[k], "pinned")) {
            int c = w->items[i].category, b = w->items[i].brand;
            of_category[c < 0 ? 0 : c] += c >= 0;
            of_part[c < 0 ? 0 : c % PARTS] += c >= 0;
            of_brand[b < 0 ? 0 : b] += b >= 0;
            of_kind[w->items[i].kind < 0 ? 0 : w->items[i].kind]++;
        }
    }
    const bool mixed = q->quota[0] + q->quota[1] + q->quota[2] > 0;
    for (int k = 0; mixed && k < 3; k++) {
        assert_true(of_kind[k] <= q->quota[k]);
    }
    for (int c = 0; q->cap_category && c < CATEGORIES; c++) {
        assert_true(of_category[c] <= q->cap_category);
    }
    for (int p = 0; q->cap_part && p < PARTS; p++) {
        assert_true(of_part[p] <= q->cap_part);
    }
    for (int b = 0; q->cap_brand && b < BRANDS; b++) {
        assert_true(of_brand[b] <= q->cap_brand);
    }
    check_length(w, q, items);
    const gx_value *less = gx_map_get(list, "short");
    if (less && less->type == GX_TEXT) {
        check_short(w, q, less);
    }
    assert_int_equal(less->type == GX_NIL, (int)items->size == q->n);
    check_pins(w, q, list);
}

/* Why not, as the world has it. */
static void check_explain(world *w, const asked *q, const gx_value *args, const gx_value *list) {
    int i = below(w, ITEMS);
    gx_arena *a = w->shop.arena;
    gx_value one = gx_map(a, 12), out;
    gx_error err = {0};
    for (uint32_t k = 0; k < args->size; k++) {
        const gx_pair *pair = &args->as.pairs[k];
        if (!test_is(&pair->key, "users") && !test_is(&pair->key, "why")) {
            gx_map_put_text(a, &one, pair->key, pair->value);
        }
    }
    put_named(w, &one, "user", "u", q->user);
    put_named(w, &one, "item", "i", i);
    if (gx_call(&out, w->shop.db, "rec.explain", &one, a, &err) != GX_OK) {
        fail_msg("%s", err.message);
    }
    const gx_value *items = gx_map_get(list, "items");
    const char *rule = keeps_out(w, q, i);
    bool listed = false;
    for (uint32_t k = 0; k < items->size; k++) {
        if (number_of(gx_map_get(&items->as.items[k], "id")) == i) {
            listed = true;
            assert_int_equal(gx_map_get(&out, "rank")->as.integer, k + 1);
        }
    }
    const gx_value *why = gx_map_get(&out, "why_not");
    assert_int_equal(gx_map_get(&out, "listed")->as.boolean, listed);
    assert_int_equal(why->type == GX_NIL, listed);
    if (rule) {
        assert_true(test_is(gx_map_get(why, "rule"), rule));
    }
    assert_true(listed || gx_map_get(why, "en")->size > 0);
    if (!listed && test_is(gx_map_get(why, "rule"), "rank")) { /* by its score it could not be in */
        const gx_value *needed = gx_map_get(why, "score_needed");
        assert_true(!needed || gx_map_get(&out, "score")->as.real <= needed->as.real);
    }
}

static gx_value call_with(world *w, const char *method, const gx_value *args, int threads) {
    gx_job job;
    gx_error err = {0};
    gx_value out;
    gx_job_init(&job, threads, 1);
    const gx_call_options options = {.job = &job};
    if (gx_db_call(&out, w->shop.db, gx_method_find(method), args, &options, w->shop.arena, &err) !=
        GX_OK) {
        fail_msg("%s: %s", method, err.message);
    }
    return out;
}

/* Lists for everybody by the same rules, which blocks of members in threads of their own make: the
 * same bytes at any number of threads, and nobody gets what a rule keeps from them. */
static void check_everybody(world *w, const asked *q, const gx_value *args) {
    gx_arena *a = w->shop.arena;
    gx_value all = gx_map(a, 14);
    for (uint32_t k = 0; k < args->size; k++) {
        const gx_pair *pair = &args->as.pairs[k];
        if (!test_is(&pair->key, "users") && !test_is(&pair->key, "context")) {
            gx_map_put_text(a, &all, pair->key, pair->value);
        }
    }
    gx_map_put(a, &all, "send", gx_int(1800000000)); /* the draws are of the member and the push */
    const gx_value one = call_with(w, "rec.batch", &all, 1);
    const gx_value *lists = test_key(&one, "lists");
    for (int threads = 2; threads <= 16; threads *= 2) {
        const gx_value more = call_with(w, "rec.batch", &all, threads);
        assert_true(gx_value_equal(&one, &more));
    }
    for (uint32_t k = 0; k < lists->size; k++) {
        const gx_value *list = &lists->as.items[k], *items = test_key(list, "items");
        asked theirs = *q;
        theirs.user = number_of(test_key(list, "user"));
        memset(theirs.in_cart, 0, sizeof theirs.in_cart);
        for (uint32_t p = 0; p < items->size; p++) {
            const int i = number_of(test_key(&items->as.items[p], "id"));
            const char *rule = keeps_out(w, &theirs, i);
            if (rule) {
                fail_msg("i%d is in the list of u%d against the rule %s", i, theirs.user, rule);
            }
        }
    }
    w->batched += lists->size;
}

static void no_list_shows_what_a_rule_keeps_out(void **state) {
    (void)state;
    const char *wanted = getenv("GX_LONG");
    int calls = wanted && *wanted ? 100000 : 3000;
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->rng = gx_rng_at(7, 1);
    test_shop_open(&w->shop);
    make_items(w);
    make_people(w);
    for (int k = 0; k < 600; k++) {
        one_event(w);
    }
    test_call(&w->shop, "model.build", "{}");
    for (int k = 0; k < calls; k++) {
        gx_arena_reset(w->shop.arena);
        if (k % 50 == 49) {
            something_happens(w);
        }
        asked q = ask(w);
        gx_value args = args_of(w, &q), out;
        gx_error err = {0};
        if (gx_call(&out, w->shop.db, "rec.user", &args, w->shop.arena, &err) != GX_OK) {
            fail_msg("call %d: %s", k, err.message);
        }
        check_list(w, &q, &out.as.items[0]);
        if (k % 5 == 0) {
            check_explain(w, &q, &args, &out.as.items[0]);
        }
        if (k % 50 == 1) {
            check_everybody(w, &q, &args);
        }
    }
    assert_true(w->batched > (uint64_t)calls / 2);
    test_shop_close(&w->shop);
    free(w);
}

static void what_is_shown_is_on_record(void **state) {
    (void)state;
    test_shop s;
    test_shop_open(&s);
    test_shop_fill(&s, 3, 10, 0);
    test_call(&s, "model.build", "{}");
    const char *args = "{'users': ['u1', 'stranger', 'u2'], 'n': 6, 'explore': 0.5, 'log': true, "
                       "'arm': 'try:b', 'request_id': '%s'}";
    gx_value first = test_call(&s, "rec.user", args, "r1");
    gx_value again = test_call(&s, "rec.user", args, "r1");
    for (uint32_t i = 0; i < 3; i++) {
        const gx_value *list = &first.as.items[i], *items = gx_map_get(list, "items");
        assert_int_equal(gx_map_get(list, "logged")->as.integer, i == 1 ? 0 : items->size);
        assert_int_equal(gx_map_get(&again.as.items[i], "logged")->as.integer, 0);
        assert_true(gx_value_equal(items, gx_map_get(&again.as.items[i], "items")));
        for (uint32_t k = 0; k < items->size; k++) {
            double p = gx_map_get(&items->as.items[k], "propensity")->as.real;
            assert_true(p > 0 && p <= 1);
        }
    }
    assert_true(test_is(gx_map_get(&first.as.items[2], "request_id"), "r1/3"));
    gx_value made = test_call(&s, "rec.user", "{'users': ['u1'], 'explore': 1}");
    gx_value other = test_call(&s, "rec.user", "{'users': ['u1'], 'explore': 1}");
    assert_int_equal(gx_map_get(&made.as.items[0], "request_id")->size,
                     strlen("g-0123456789abcdef"));
    assert_false(gx_value_equal(gx_map_get(&made.as.items[0], "items"),
                                gx_map_get(&other.as.items[0], "items")));
    gx_value seeded = test_call(&s, "rec.user", "{'users': ['u1'], 'explore': 1, 'seed': 4}");
    gx_value same = test_call(&s, "rec.user", "{'users': ['u1'], 'explore': 1, 'seed': 4}");
    assert_true(gx_value_equal(&seeded, &same));
    gx_value judged = test_call(&s, "eval.offpolicy", "{'models': ['popular']}");
    assert_int_equal(gx_map_get(&judged, "impressions")->as.integer,
                     gx_map_get(&judged, "used")->as.integer);
    test_shop_close(&s);
}

/* How many reasons of all items say so; none says what `never` does. */
static uint32_t reasons_with(const gx_value *items, const char *says, const char *never) {
    uint32_t found = 0;
    for (uint32_t k = 0; k < items->size; k++) {
        const gx_value *why = gx_map_get(&items->as.items[k], "why");
        for (uint32_t j = 0; j < why->size; j++) {
            char text[300];
            const gx_value *en = gx_map_get(&why->as.items[j], "en");
            snprintf(text, sizeof text, "%.*s", (int)en->size, en->as.text);
            found += strstr(text, says) != NULL;
            if (strstr(text, never)) {
                fail_msg("'%s'", text);
            }
        }
    }
    return found;
}

/* A member without a history who puts something in the cart is answered from it. */
static void the_cart_counts_as_history(void **state) {
    (void)state;
    test_shop s;
    test_shop_open(&s);
    test_shop_fill(&s, 3, 40, 0);
    test_call(&s, "user.put", "{'users': [{'user_id': 'new'}]}");
    test_call(&s, "model.build", "{}");
    gx_value before = test_call(&s, "rec.user", "{'users': ['new'], 'n': 5}");
    assert_true(test_is(gx_map_get(&before.as.items[0], "rung"), "popular"));
    gx_value after = test_call(&s, "rec.user",
                               "{'users': ['new'], 'n': 39, 'context': {'cart': 'i4,i8', 'group': "
                               "'g1'}}");
    assert_true(test_is(gx_map_get(&after.as.items[0], "rung"), "fold_in"));
    assert_int_equal(gx_map_get(&after.as.items[0], "circle")->type, GX_TEXT);
    const gx_value *items = gx_map_get(&after.as.items[0], "items");
    assert_int_equal(items->size, 38);
    for (uint32_t k = 0; k < items->size; k++) {
        const gx_value *id = gx_map_get(&items->as.items[k], "id");
        assert_false(test_is(id, "i4") || test_is(id, "i8"));
    }
    /* What is in the cart was not taken, and the circle that was named is not the member's own. */
    assert_true(reasons_with(items, "in your cart or on this page", "which you") > 0);
    after = test_call(&s, "rec.user",
                      "{'users': ['new'], 'n': 39, 'context': {'group': 'g1'}, 'channels': "
                      "{'circle': 1}}");
    items = gx_map_get(&after.as.items[0], "items");
    assert_true(reasons_with(items, "this circle", "your circle") > 0);
    test_shop_close(&s);
}

static void refused(test_shop *s, const char *args, const char *says) {
    char text[512];
    gx_error err = {0};
    gx_value map, out;
    snprintf(text, sizeof text, "{'users': ['u1'], %s}", args);
    for (char *c = text; *c; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    assert_int_equal(gx_json_read(&map, s->arena, text, strlen(text), &err), GX_OK);
    assert_int_equal(gx_call(&out, s->db, "rec.user", &map, s->arena, &err), GX_BAD_REQUEST);
    if (!strstr(err.message, says)) {
        fail_msg("%s says '%s', expected '%s'", text, err.message, says);
    }
}

static void what_is_wrong_is_named(void **state) {
    (void)state;
    test_shop s;
    test_shop_open(&s);
    test_shop_fill(&s, 3, 10, 0);
    refused(&s, "'pin': {'i1': 0}", "a place from 1 to 20");
    refused(&s, "'pin': {'i1': 21}", "21 was given for 'i1'");
    refused(&s, "'pin': {'i1': 2, 'i2': 2}", "has place 2");
    refused(&s, "'pin': ['i1', 'i1']", "twice");
    refused(&s, "'pin': 'i1=x'", "'x' was given");
    refused(&s, "'pin': 3", "accepted is a map");
    refused(&s, "'boost': 'brand = 1'", "FACTOR where EXPR");
    refused(&s, "'boost': '2 where price <'", "position");
    refused(&s, "'boost': [{'where': 'a = 1', 'factor': 0}]", "from 0.01 to 100");
    test_refused(&s, "rec.user", "{'users': ['u1'], 'boost': '2 where price > 5'}", GX_NOT_FOUND,
                 "no item has the field 'price'");
    refused(&s, "'boost': [{'factor': 2}]", "neither where nor item");
    refused(&s, "'caps': {'colour': 2}", "category, brand, seller and category/1");
    refused(&s, "'caps': {'category/0': 2}", "category/1 to category/8");
    refused(&s, "'caps': {'brand': 0.5}", "whole number");
    refused(&s, "'novelty': 2", "novelty");
    refused(&s, "'diversity': -1", "diversity");
    refused(&s, "'diversity': 1, 'diversify': 'dpp', 'n': 300", "n up to 200");
    refused(&s, "'context': {'mood': 'x'}", "item (an id), cart");
    refused(&s, "'context': {'cart': 3}", "cart 3 was given; accepted is a list of ids");
    refused(&s, "'kinds': {'hat': 2}", "product, content and event");
    refused(&s, "'kinds': {'product': 20, 'event': 1}", "they add up to 21");
    refused(&s, "'kinds': {'product': -2}", "whole number");
    gx_value list = test_call(&s, "rec.user",
                              "{'users': ['u1'], 'n': 5, 'pin': 'i9=2, nowhere=1', 'boost': "
                              "[{'item': 'i8', 'factor': 100}, {'where': 'category exists', "
                              "'factor': '0.5'}]}");
    const gx_value *missing = gx_map_get(&list.as.items[0], "not_pinned");
    assert_true(missing->size == 1 && test_is(gx_map_get(&missing->as.items[0], "id"), "nowhere"));
    const gx_value *second = &gx_map_get(&list.as.items[0], "items")->as.items[1];
    assert_true(test_is(gx_map_get(second, "id"), "i9"));
    test_shop_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_list_shows_what_a_rule_keeps_out),
        cmocka_unit_test(what_is_shown_is_on_record),
        cmocka_unit_test(the_cart_counts_as_history),
        cmocka_unit_test(what_is_wrong_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
