/* The store against a naive twin in memory: thousands of random operations, transactions that are
 * committed, aborted or nested, the store reopened in between, everything compared after each. */
#include "graph/store/testing.h"

enum { USERS = 24, ITEMS = 6, KINDS = 3, IDS = 60, EVENTS_MAX = 4000, ROUNDS = 60, STEPS = 60 };

typedef struct twin_tie {
    bool there, directed;
    float weight;
    int64_t ts_ms;
} twin_tie;

typedef struct twin_event {
    uint32_t user, item, id; /* id 0: none */
    int64_t ts_ms;
    float value;
    uint32_t via;
} twin_event;

typedef struct twin {
    uint32_t
        slot_id[USERS];  /* the present number of user slot s; GX_NONE: forgotten, not yet back */
    uint32_t users;      /* numbers given */
    int64_t city[USERS]; /* of a slot's record; 0: none */
    twin_tie ties[USERS][USERS][KINDS]; /* by slot */
    twin_event events[EVENTS_MAX];      /* user and via are slots */
    size_t event_count;
    bool member[USERS];
    int64_t joined[USERS];
    bool shown[USERS][4]; /* request of the slot, position */
} twin;

typedef struct model {
    test_store store;
    twin now, saved; /* saved: at the last commit */
    gx_rng rng;
} model;

static uint32_t below(model *m, uint32_t bound) {
    return (uint32_t)gx_rng_below(&m->rng, bound);
}

static const char *user_name(char out[24], uint32_t slot) {
    snprintf(out, 24, "u%u", slot);
    return out;
}

/* A slot that has a number now, which it is given where it had none. */
static uint32_t some_user(model *m, gx_txn *txn) {
    char name[24];
    uint32_t slot = below(m, USERS);
    uint32_t id = intern(txn, GX_SPACE_USER, user_name(name, slot));
    if (m->now.slot_id[slot] == GX_NONE) {
        assert_int_equal(id, m->now.users);
        m->now.slot_id[slot] = id;
        m->now.users++;
    }
    assert_int_equal(id, m->now.slot_id[slot]);
    return slot;
}

/* ---- operations -------------------------------------------------------------------------- */

static twin_tie *twin_of(twin *t, uint32_t *src, uint32_t *dst, uint32_t kind, bool directed) {
    /* "src < dst" is about numbers, which forgetting reorders */
    if (!directed && t->slot_id[*src] > t->slot_id[*dst]) {
        uint32_t slot = *src;
        *src = *dst;
        *dst = slot;
    }
    return &t->ties[*src][*dst][kind];
}

static void put_tie(model *m, gx_txn *txn) {
    gx_error err;
    uint32_t src = some_user(m, txn), dst = some_user(m, txn), kind = below(m, KINDS);
    bool directed = below(m, 2), created = false;
    gx_tie tie = {m->now.slot_id[src],
                  m->now.slot_id[dst],
                  kind,
                  (float)below(m, 5),
                  below(m, 4) ? below(m, 1000) : GX_TIME_UNKNOWN,
                  directed};
    must(gx_tie_put(&created, txn, &tie, &err), &err);
    twin_tie *t = twin_of(&m->now, &src, &dst, kind, directed);
    assert_int_equal(created, !t->there);
    *t = (twin_tie){true, directed, tie.weight, tie.ts_ms};
}

static void del_tie(model *m, gx_txn *txn) {
    gx_error err;
    uint32_t src = some_user(m, txn), dst = some_user(m, txn), kind = below(m, KINDS);
    uint32_t *id = m->now.slot_id;
    gx_status status = gx_tie_del(txn, id[src], id[dst], kind, &err);
    twin_tie *t = &m->now.ties[src][dst][kind];
    if (!t->there && id[src] > id[dst] && !m->now.ties[dst][src][kind].directed) {
        t = &m->now.ties[dst][src][kind];
    }
    assert_int_equal(status, t->there ? GX_OK : GX_NOT_FOUND);
    t->there = false;
}

static bool same_event(const twin_event *a, const twin_event *b) {
    return a->id || b->id ? a->id == b->id
                          : a->user == b->user && a->item == b->item && a->ts_ms == b->ts_ms &&
                                a->value == b->value && a->via == b->via;
}

static bool add_event(twin *t, const twin_event *e) {
    for (size_t i = 0; i < t->event_count; i++) {
        if (same_event(&t->events[i], e)) {
            return false;
        }
    }
    assert_true(t->event_count < EVENTS_MAX);
    t->events[t->event_count++] = *e;
    return true;
}

static void put_events(model *m, gx_txn *txn) {
    enum { BATCH = 40 };
    gx_error err;
    gx_event events[BATCH];
    char ids[BATCH][24];
    twin_event twins[BATCH];
    bool created[BATCH];
    uint64_t count, expected = 0;
    size_t size = below(m, 3) ? 1 : below(m, BATCH);
    for (size_t i = 0; i < size; i++) {
        twin_event e = {.user = some_user(m, txn),
                        .item = below(m, ITEMS),
                        .id = below(m, 2) ? 1 + below(m, IDS) : 0,
                        .ts_ms = (int64_t)below(m, 40) - 20,
                        .value = (float)below(m, 2),
                        .via = below(m, 3) ? GX_NONE : some_user(m, txn)};
        events[i] = test_event(m->now.slot_id[e.user], e.item, e.ts_ms);
        events[i].value = e.value;
        events[i].via = e.via == GX_NONE ? GX_NONE : m->now.slot_id[e.via];
        if (e.id) {
            int length = snprintf(ids[i], sizeof ids[i], "event-%u", e.id);
            events[i].event_id = (gx_slice){ids[i], (size_t)length};
        }
        twins[i] = e;
    }
    if (size == 1) {
        must(gx_event_put(&created[0], txn, events, &err), &err);
        count = created[0];
    } else {
        must(gx_event_put_many(&count, created, txn, events, size, NULL, &err), &err);
    }
    /* Of equals in a batch the first one counts. */
    for (size_t i = 0; i < size; i++) {
        bool fresh = add_event(&m->now, &twins[i]);
        assert_int_equal(created[i], fresh);
        expected += fresh;
    }
    assert_int_equal(count, expected);
}

static void put_record(model *m, gx_txn *txn) {
    gx_error err;
    gx_arena *arena = gx_arena_create();
    uint32_t slot = some_user(m, txn);
    int64_t city = below(m, 4);
    bool changed = false;
    gx_value fields = gx_map(arena, 1);
    gx_map_put(arena, &fields, "city", city ? gx_int(city) : gx_nil());
    must(gx_record_merge(&changed, txn, GX_SPACE_USER, m->now.slot_id[slot], &fields, &err), &err);
    assert_int_equal(changed, m->now.city[slot] != city);
    m->now.city[slot] = city;
    gx_arena_destroy(arena);
}

static void put_member(model *m, gx_txn *txn) {
    gx_error err;
    uint32_t slot = some_user(m, txn);
    bool created = false;
    int64_t joined = below(m, 2) ? below(m, 100) : GX_TIME_UNKNOWN;
    gx_membership member = {0, m->now.slot_id[slot], joined, GX_TIME_UNKNOWN, {"", 0}};
    must(gx_member_put(&created, txn, &member, &err), &err);
    assert_int_equal(created, !m->now.member[slot]);
    if (created || joined != GX_TIME_UNKNOWN) {
        m->now.joined[slot] = joined;
    }
    m->now.member[slot] = true;
}

static void put_impression(model *m, gx_txn *txn) {
    gx_error err;
    char request[24];
    uint32_t slot = some_user(m, txn), pos = below(m, 4);
    bool created = false;
    int size = snprintf(request, sizeof request, "request %u", slot);
    gx_impression shown = {.ts_ms = below(m, 50),
                           .user = m->now.slot_id[slot],
                           .item = below(m, ITEMS),
                           .pos = pos,
                           .channel = GX_NONE,
                           .propensity = NAN,
                           .request_id = {request, (size_t)size}};
    must(gx_impression_put(&created, txn, &shown, &err), &err);
    assert_int_equal(created, !m->now.shown[slot][pos]);
    m->now.shown[slot][pos] = true;
}

static void forget(model *m, gx_txn *txn) {
    gx_error err;
    uint32_t slot = some_user(m, txn);
    twin *t = &m->now;
    must(gx_user_forget(txn, t->slot_id[slot], &err), &err);
    t->slot_id[slot] = GX_NONE;
    t->city[slot] = 0;
    t->member[slot] = false;
    memset(t->shown[slot], 0, sizeof t->shown[slot]);
    memset(t->ties[slot], 0, sizeof t->ties[slot]);
    for (uint32_t other = 0; other < USERS; other++) {
        memset(t->ties[other][slot], 0, sizeof t->ties[other][slot]);
    }
    size_t kept = 0;
    for (size_t i = 0; i < t->event_count; i++) {
        if (t->events[i].user != slot) {
            t->events[kept] = t->events[i];
            /* The number in `via` names nobody now: a spent one, unlike any slot. */
            t->events[kept].via =
                t->events[kept].via == slot ? USERS + (uint32_t)i : t->events[kept].via;
            kept++;
        }
    }
    t->event_count = kept;
}

/* ---- comparison -------------------------------------------------------------------------- */

typedef struct tally {
    model *m;
    size_t count;
    uint32_t user; /* of_user: whose */
    int64_t last;
} tally;

static uint32_t slot_of(const twin *t, uint32_t id) {
    for (uint32_t slot = 0; slot < USERS; slot++) {
        if (t->slot_id[slot] == id) {
            return slot;
        }
    }
    return GX_NONE;
}

static gx_status see_tie(void *ctx, const gx_tie *tie, gx_error *err) {
    tally *c = ctx;
    (void)err;
    uint32_t src = slot_of(&c->m->now, tie->src), dst = slot_of(&c->m->now, tie->dst);
    assert_true(src != GX_NONE && dst != GX_NONE);
    const twin_tie *t = &c->m->now.ties[src][dst][tie->kind];
    assert_true(t->there && t->weight == tie->weight && t->ts_ms == tie->ts_ms &&
                t->directed == tie->directed);
    c->count++;
    return GX_OK;
}

static gx_status count_tie(void *ctx, const gx_tie *tie, gx_error *err) {
    tally *c = ctx;
    (void)err;
    assert_true(tie->src == c->user || tie->dst == c->user);
    c->count++;
    return GX_OK;
}

static void compare_ties(model *m, gx_txn *txn) {
    gx_error err;
    size_t all = 0;
    for (uint32_t user = 0; user < USERS; user++) {
        uint32_t out = 0, in = 0;
        for (uint32_t other = 0; other < USERS; other++) {
            for (uint32_t kind = 0; kind < KINDS; kind++) {
                const twin_tie *a = &m->now.ties[user][other][kind];
                const twin_tie *b = &m->now.ties[other][user][kind];
                bool loop = user == other;
                out += (a->there ? 1u : 0u) + (!loop && b->there && !b->directed ? 1u : 0u);
                in += (b->there ? 1u : 0u) + (!loop && a->there && !a->directed ? 1u : 0u);
                all += a->there;
            }
        }
        if (m->now.slot_id[user] != GX_NONE) {
            tally c = {m, 0, m->now.slot_id[user], 0};
            must(gx_tie_out(txn, c.user, count_tie, &c, &err), &err);
            assert_int_equal(c.count, out);
            c.count = 0;
            must(gx_tie_in(txn, c.user, count_tie, &c, &err), &err);
            assert_int_equal(c.count, in);
        }
    }
    tally c = {m, 0, 0, 0};
    must(gx_tie_each(txn, see_tie, &c, &err), &err);
    assert_int_equal(c.count, all);
    assert_int_equal(gx_tie_count(txn), all);
}

static gx_status see_event(void *ctx, const gx_event *event, gx_error *err) {
    tally *c = ctx;
    const twin *t = &c->m->now;
    (void)err;
    uint32_t slot = slot_of(t, event->user), found = 0;
    assert_int_not_equal(slot, GX_NONE);
    for (size_t i = 0; i < t->event_count; i++) {
        const twin_event *e = &t->events[i];
        char id[24] = "";
        if (e->id) {
            snprintf(id, sizeof id, "event-%u", e->id);
        }
        found += e->user == slot && e->item == event->item && e->ts_ms == event->ts_ms &&
                 e->value == event->value && gx_slice_is(event->event_id, id) &&
                 (e->via == GX_NONE) == (event->via == GX_NONE);
    }
    assert_true(found > 0);
    c->count++;
    return GX_OK;
}

static gx_status see_newest_first(void *ctx, const gx_event *event, gx_error *err) {
    tally *c = ctx;
    (void)err;
    assert_true(event->user == c->user && event->ts_ms <= c->last);
    c->last = event->ts_ms;
    c->count++;
    return GX_OK;
}

static gx_status see_oldest_first(void *ctx, const gx_event *event, gx_error *err) {
    tally *c = ctx;
    (void)err;
    assert_true(event->ts_ms >= c->last && event->ts_ms < 10);
    c->last = event->ts_ms;
    c->count++;
    return GX_OK;
}

static void compare_events(model *m, gx_txn *txn) {
    gx_error err;
    const twin *t = &m->now;
    tally all = {m, 0, 0, 0}, between = {m, 0, 0, -10};
    size_t in_window = 0;
    must(gx_event_each(txn, see_event, &all, &err), &err);
    assert_int_equal(all.count, t->event_count);
    assert_int_equal(gx_event_count(txn), t->event_count);
    for (size_t i = 0; i < t->event_count; i++) {
        in_window += t->events[i].ts_ms >= -10 && t->events[i].ts_ms < 10;
    }
    must(gx_event_between(txn, -10, 10, see_oldest_first, &between, &err), &err);
    assert_int_equal(between.count, in_window);
    for (uint32_t slot = 0; slot < USERS; slot++) {
        size_t mine = 0, recent = 0;
        gx_event_core last[5];
        if (t->slot_id[slot] == GX_NONE) {
            continue;
        }
        for (size_t i = 0; i < t->event_count; i++) {
            mine += t->events[i].user == slot;
        }
        tally c = {m, 0, t->slot_id[slot], INT64_MAX};
        must(gx_event_of_user(txn, c.user, 0, see_newest_first, &c, &err), &err);
        assert_int_equal(c.count, mine);
        must(gx_event_recent(last, &recent, txn, c.user, 5, &err), &err);
        assert_int_equal(recent, mine < 5 ? mine : 5);
        for (size_t i = 1; i < recent; i++) {
            assert_true(last[i - 1].ts_ms >= last[i].ts_ms);
        }
    }
    for (uint32_t id = 1; id <= IDS; id++) {
        char name[24];
        gx_event found;
        bool there = false;
        snprintf(name, sizeof name, "event-%u", id);
        for (size_t i = 0; i < t->event_count; i++) {
            there |= t->events[i].id == id;
        }
        assert_int_equal(gx_event_find(&found, txn, gx_slice_of(name)) == GX_OK, there);
    }
}

static gx_status see_member(void *ctx, const gx_membership *member, gx_error *err) {
    tally *c = ctx;
    (void)err;
    uint32_t slot = slot_of(&c->m->now, member->user);
    assert_true(slot != GX_NONE && c->m->now.member[slot]);
    assert_int_equal(member->joined_ms, c->m->now.joined[slot]);
    c->count++;
    return GX_OK;
}

static void compare_users(model *m, gx_txn *txn) {
    gx_error err;
    size_t live = 0, members = 0, shown = 0;
    gx_arena *arena = gx_arena_create();
    for (uint32_t slot = 0; slot < USERS; slot++) {
        char name[24];
        uint32_t id = GX_NONE;
        bool there = m->now.slot_id[slot] != GX_NONE;
        gx_slice word = gx_slice_of(user_name(name, slot));
        assert_int_equal(gx_word_find(&id, txn, GX_SPACE_USER, word) == GX_OK, there);
        assert_int_equal(id, m->now.slot_id[slot]);
        if (there) {
            gx_value record;
            assert_true(gx_slice_equal(gx_word_name(txn, GX_SPACE_USER, id), word));
            must(gx_record_get(&record, txn, arena, GX_SPACE_USER, id, &err), &err);
            const gx_value *city = gx_map_get(&record, "city");
            assert_int_equal(city ? city->as.integer : 0, m->now.city[slot]);
        }
        live += there;
        members += m->now.member[slot];
        for (size_t pos = 0; pos < 4; pos++) {
            shown += m->now.shown[slot][pos];
        }
    }
    assert_int_equal(gx_word_live(txn, GX_SPACE_USER), live);
    assert_int_equal(gx_word_count(txn, GX_SPACE_USER), m->now.users);
    tally c = {m, 0, 0, 0};
    must(gx_member_of_group(txn, 0, see_member, &c, &err), &err);
    assert_int_equal(c.count, members);
    assert_int_equal(gx_impression_count(txn), shown);
    gx_arena_destroy(arena);
}

static void compare(model *m) {
    gx_txn *txn = read_txn(&m->store);
    compare_users(m, txn);
    compare_ties(m, txn);
    compare_events(m, txn);
    gx_txn_abort(txn);
}

/* ---- rounds ------------------------------------------------------------------------------ */

static void step(model *m, gx_txn *txn) {
    static void (*const operations[])(model *, gx_txn *) = {
        put_tie,    put_tie,    put_tie,    del_tie,    put_events,
        put_events, put_events, put_record, put_member, put_impression};
    if (below(m, 60) == 0) {
        forget(m, txn);
    } else {
        operations[below(m, GX_COUNT(operations))](m, txn);
    }
}

static void nested(model *m, gx_txn *txn) {
    static twin before;
    gx_error err;
    gx_txn *point = NULL;
    before = m->now;
    must(gx_txn_nest(&point, txn, &err), &err);
    for (uint32_t i = below(m, 8); i > 0; i--) {
        step(m, point);
    }
    if (below(m, 2)) {
        must(gx_txn_commit(point, &err), &err);
    } else {
        gx_txn_abort(point);
        m->now = before;
    }
}

static void one_round(model *m) {
    gx_error err;
    gx_txn *txn = write_txn(&m->store);
    for (int i = 0; i < STEPS; i++) {
        if (below(m, 15) == 0) {
            nested(m, txn);
        } else {
            step(m, txn);
        }
    }
    if (below(m, 4) == 0) {
        gx_txn_abort(txn);
        m->now = m->saved;
    } else {
        must(gx_txn_commit(txn, &err), &err);
        m->saved = m->now;
    }
}

static void the_store_does_what_its_twin_does(void **state) {
    (void)state;
    gx_error err;
    for (uint64_t seed = 1; seed <= 2; seed++) {
        static model m;
        memset(&m, 0, sizeof m);
        m.store = test_open();
        m.rng = gx_rng_at(seed, 11);
        gx_txn *txn = write_txn(&m.store);
        event_words(txn, 0, ITEMS);
        intern(txn, GX_SPACE_TIE_KIND, "friend");
        intern(txn, GX_SPACE_TIE_KIND, "follow");
        intern(txn, GX_SPACE_TIE_KIND, "trust");
        intern(txn, GX_SPACE_GROUP, "club");
        must(gx_txn_commit(txn, &err), &err);
        memset(m.now.slot_id, 0xff, sizeof m.now.slot_id);
        m.saved = m.now;
        for (int round = 0; round < ROUNDS; round++) {
            one_round(&m);
            compare(&m);
            if (round % 6 == 5) {
                assert_int_equal(problems(&m.store), 0);
                test_reopen(&m.store);
                compare(&m);
            }
        }
        test_close(&m.store);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_store_does_what_its_twin_does)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
