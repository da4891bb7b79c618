/* Views against naive sums over the same rows, and rules with their settings. */
#include "graph/csr/signal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { USERS = 12, ITEMS = 7, DAY = 86400000 };

typedef struct fixture {
    char path[64];
    gx_store *store;
    gx_txn *txn; /* a write transaction: views read it as any other */
    gx_rules rules;
    gx_job job;
    gx_error err;
} fixture;

static void must(gx_status status, const gx_error *err) {
    if (status != GX_OK) {
        fail_msg("%s: %s", gx_status_name(status), err->message);
    }
}

static uint32_t intern(fixture *f, gx_space space, const char *word) {
    uint32_t id = GX_NONE;
    must(gx_word_intern(&id, NULL, f->txn, space, gx_slice_of(word), &f->err), &f->err);
    return id;
}

static void open_fixture(fixture *f) {
    const gx_store_options options = {.create = true, .sync = GX_SYNC_NONE};
    char name[16];
    memset(f, 0, sizeof *f);
    snprintf(f->path, sizeof f->path, "/tmp/gx_view_XXXXXX");
    assert_non_null(mkdtemp(f->path));
    must(gx_store_open(&f->store, f->path, &options, &f->err), &f->err);
    must(gx_txn_write(&f->txn, f->store, &f->err), &f->err);
    gx_job_init(&f->job, 1, 1);
    for (int i = 0; i < USERS; i++) {
        snprintf(name, sizeof name, "u%d", i);
        intern(f, GX_SPACE_USER, name);
        snprintf(name, sizeof name, "i%d", i);
        if (i < ITEMS) {
            intern(f, GX_SPACE_ITEM, name);
        }
    }
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw) {
    (void)info, (void)type, (void)ftw;
    return remove(path);
}

static void close_fixture(fixture *f) {
    assert_int_equal(atomic_load(&f->job.mem_used), 0);
    gx_rules_finish(&f->rules);
    gx_txn_abort(f->txn);
    gx_store_close(f->store);
    nftw(f->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void load_rules(fixture *f) {
    gx_rules_finish(&f->rules);
    must(gx_rules_load(&f->rules, f->txn, &f->err), &f->err);
}

static void put_tie(fixture *f, uint32_t src, uint32_t dst, const char *kind, float weight,
                    int64_t ts_ms, bool directed) {
    const gx_tie tie = {src, dst, intern(f, GX_SPACE_TIE_KIND, kind), weight, ts_ms, directed};
    must(gx_tie_put(NULL, f->txn, &tie, &f->err), &f->err);
}

static float arc(const gx_graph *g, uint32_t u, uint32_t v) {
    for (uint64_t a = g->out_ptr[u]; a < g->out_ptr[u + 1]; a++) {
        if (g->out_dst[a] == v) {
            return g->out_weight ? g->out_weight[a] : 1;
        }
    }
    return 0;
}

/* ---- rules --------------------------------------------------------------------------------- */

static void rules_come_from_the_table_and_the_settings(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f);
    gx_arena *arena = gx_arena_create();
    uint32_t friends = intern(&f, GX_SPACE_TIE_KIND, "friend");
    uint32_t block = intern(&f, GX_SPACE_TIE_KIND, "block");
    uint32_t odd = intern(&f, GX_SPACE_TIE_KIND, "fellow");
    uint32_t buy = intern(&f, GX_SPACE_ACTION, "buy"), wave = intern(&f, GX_SPACE_ACTION, "wave");
    load_rules(&f);
    assert_true(f.rules.kinds[friends].weight == 1 && !f.rules.kinds[friends].directed);
    assert_true(f.rules.kinds[block].weight == 0 && f.rules.kinds[block].blocks);
    assert_true(f.rules.kinds[odd].weight == 1);
    assert_string_equal(f.rules.kinds[odd].name, "fellow");
    assert_true(f.rules.actions[buy].is_purchase && f.rules.actions[buy].weight > 1);
    assert_true(f.rules.actions[wave].weight ==
                gx_action_rule_default(gx_slice_of("view"))->weight);
    static const char *const names[] = {"friend", "family", "chat", "follow", "trust", "fellow"};
    for (size_t i = 0; i < GX_COUNT(names); i++) { /* imports and views agree */
        gx_slice name = gx_slice_of(names[i]);
        assert_int_equal(gx_kind_rule_default(name)->directed, gx_tie_kind_is_directed(name));
    }
    gx_value setting = gx_map(arena, 1), fields = gx_map(arena, 3);
    gx_map_put(arena, &fields, "weight", gx_real(2.5));
    gx_map_put(arena, &fields, "half_life", gx_str("7d"));
    gx_map_put(arena, &fields, "purchase", gx_bool(true));
    gx_map_put(arena, &setting, "wave", fields);
    must(gx_setting_put(f.txn, "actions", &setting, &f.err), &f.err);
    load_rules(&f);
    assert_true(f.rules.actions[wave].weight == 2.5f && f.rules.actions[wave].is_purchase);
    assert_true(f.rules.actions[wave].half_life_ms == 7.0 * DAY);
    gx_arena_destroy(arena);
    close_fixture(&f);
}

static void bad_settings_are_refused_by_name(void **state) {
    (void)state;
    fixture f;
    gx_rules rules;
    open_fixture(&f);
    intern(&f, GX_SPACE_TIE_KIND, "friend");
    gx_arena *arena = gx_arena_create();
    const gx_value bad[] = {gx_real(NAN), gx_str("much"), gx_real(-1), gx_bool(true)};
    for (size_t i = 0; i < GX_COUNT(bad); i++) {
        gx_value setting = gx_map(arena, 1), fields = gx_map(arena, 1);
        gx_map_put(arena, &fields, "weight", bad[i]);
        gx_map_put(arena, &setting, "friend", fields);
        must(gx_setting_put(f.txn, "tie_kinds", &setting, &f.err), &f.err);
        assert_int_equal(gx_rules_load(&rules, f.txn, &f.err), GX_BAD_REQUEST);
        assert_string_equal(f.err.at, "tie_kinds");
        assert_non_null(strstr(f.err.message, "weight"));
    }
    gx_value setting = gx_map(arena, 1), fields = gx_map(arena, 1);
    gx_map_put(arena, &fields, "wieght", gx_int(1));
    gx_map_put(arena, &setting, "friend", fields);
    must(gx_setting_put(f.txn, "tie_kinds", &setting, &f.err), &f.err);
    assert_int_equal(gx_rules_load(&rules, f.txn, &f.err), GX_BAD_REQUEST);
    assert_non_null(strstr(f.err.message, "wieght"));
    gx_arena_destroy(arena);
    close_fixture(&f);
}

/* ---- ties ---------------------------------------------------------------------------------- */

static void ties_become_arcs(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f);
    put_tie(&f, 0, 1, "friend", 1, GX_TIME_UNKNOWN, false);
    put_tie(&f, 2, 0, "follow", 2, 10 * (int64_t)DAY, true);
    put_tie(&f, 0, 2, "follow", 1, 40 * (int64_t)DAY, true);
    put_tie(&f, 3, 4, "block", 1, GX_TIME_UNKNOWN, true);
    put_tie(&f, 5, 5, "friend", 1, GX_TIME_UNKNOWN, false);
    load_rules(&f);
    gx_tie_view view = {.flags = GX_GRAPH_IN};
    gx_graph g = {0};
    must(gx_view_ties(&g, f.txn, &f.rules, &view, &f.job, &f.err), &f.err);
    assert_true(g.n == USERS && g.m == 4 && g.directed);
    assert_true(arc(&g, 0, 1) == 1 && arc(&g, 1, 0) == 1); /* a friendship goes both ways */
    assert_true(fabs((double)arc(&g, 2, 0) - 2 * 0.7) < 1e-6);
    assert_true(arc(&g, 3, 4) == 0);
    gx_graph_finish(&g);
    view = (gx_tie_view){.flags = GX_GRAPH_UNDIRECTED};
    must(gx_view_ties(&g, f.txn, &f.rules, &view, &f.job, &f.err), &f.err);
    assert_true(g.m == 4 && arc(&g, 0, 1) == 1); /* counted once */
    /* A follow that is not returned counts half beside friendships, whole where there are none. */
    assert_true(fabs((double)arc(&g, 0, 2) - 2 * 0.7 / 2) < 1e-6);
    gx_graph_finish(&g);
    static const char *const follows[] = {"follow", NULL};
    view.kinds = follows;
    must(gx_view_ties(&g, f.txn, &f.rules, &view, &f.job, &f.err), &f.err);
    assert_true(fabs((double)arc(&g, 0, 2) - 2 * 0.7) < 1e-6);
    gx_graph_finish(&g);
    view = (gx_tie_view){
        .from_ms = 5 * (int64_t)DAY, .to_ms = 30 * (int64_t)DAY, .half_life_ms = 10.0 * DAY};
    must(gx_view_ties(&g, f.txn, &f.rules, &view, &f.job, &f.err), &f.err);
    assert_true(g.m == 3 && arc(&g, 0, 2) == 0);
    assert_true(fabs((double)arc(&g, 2, 0) - (2 * 0.7 / 4)) <
                1e-6); /* two half-lives before the end */
    gx_graph_finish(&g);
    static const char *const blocks[] = {"block", NULL}, *const typo[] = {"freind", NULL};
    view = (gx_tie_view){.kinds = blocks};
    must(gx_view_ties(&g, f.txn, &f.rules, &view, &f.job, &f.err), &f.err);
    assert_true(g.m == 1 && arc(&g, 3, 4) == 1 && !g.out_weight);
    gx_graph_finish(&g);
    view.kinds = typo;
    assert_int_equal(gx_view_ties(&g, f.txn, &f.rules, &view, &f.job, &f.err), GX_NOT_FOUND);
    close_fixture(&f);
}

/* ---- events -------------------------------------------------------------------------------- */

typedef struct row {
    uint32_t user, item;
    int64_t ts_ms;
    double value;
} row;

static void put_event(fixture *f, const row *r, const char *action) {
    const gx_event event = {.ts_ms = r->ts_ms,
                            .user = r->user,
                            .item = r->item,
                            .action = intern(f, GX_SPACE_ACTION, action),
                            .channel = GX_NONE,
                            .group = GX_NONE,
                            .via = GX_NONE,
                            .campaign = GX_NONE,
                            .coupon = GX_NONE,
                            .value = (float)r->value,
                            .qty = NAN,
                            .amount = NAN};
    must(gx_event_put(NULL, f->txn, &event, &f->err), &f->err);
}

/* The rules of signal.h once more, read off the page: brackets first, then the last word. */
typedef struct said {
    int action; /* of `table` */
    double weight, faded;
    bool struck;
} said;

static const struct {
    const char *name;
    double weight, half_life_days;
    const char *undoes;
    bool buys;
} table[] = {{"view", 1, 30, "", false},
             {"buy", 5, 365, "", true},
             {"refund", -5, 365, "purchase", false},
             {"rate", 5, 730, "", false},
             {"dislike", -3, 365, "", false},
             {"like", 2, 90, "", false},
             {"unlike", 0, 0, "like", false},
             {"order", 5, 365, "", true}};

/* What import takes for stars is what the table scales by them. */
static void actions_with_stars_are_scaled(void **state) {
    static const char *const more[] = {"rating", "review", "show", "like", "odd"};
    (void)state;
    for (size_t i = 0; i < GX_COUNT(table) + GX_COUNT(more); i++) {
        const gx_slice name =
            gx_slice_of(i < GX_COUNT(table) ? table[i].name : more[i - GX_COUNT(table)]);
        assert_int_equal(gx_action_rule_default(name)->scaled, gx_action_has_stars(name));
    }
}

static bool takes_back(int undoer, int other) {
    const char *what = table[undoer].undoes;
    return strcmp(what, "purchase") == 0 ? table[other].buys : strcmp(what, table[other].name) == 0;
}

static double twin_value(said *all, size_t count) {
    double sum = 0, against = 0;
    for (size_t k = 0; k < count; k++) {
        for (size_t j = k; table[all[k].action].undoes[0] && j-- > 0;) {
            if (!all[j].struck && takes_back(all[k].action, all[j].action)) {
                all[j].struck = true;
                break;
            }
        }
    }
    for (size_t k = 0; k < count; k++) {
        size_t left = 0;
        for (size_t j = 0; j < k; j++) {
            left += !all[j].struck && table[all[j].action].buys;
        }
        const bool quiet = strcmp(table[all[k].action].undoes, "purchase") == 0 && left > 0;
        if (all[k].struck || quiet || all[k].weight == 0) {
            continue;
        }
        if (all[k].weight < 0) {
            sum = against > 0 ? fmin(sum, all[k].faded) : all[k].faded;
            against = fmax(against, -all[k].weight);
        } else if (all[k].weight >= against) {
            sum = against > 0 ? all[k].faded : sum + all[k].faded;
            against = 0;
        }
    }
    return sum;
}

static void events_become_values(void **state) {
    (void)state;
    fixture f;
    enum { MOST = 64 };
    open_fixture(&f);
    static said heard[USERS][ITEMS][MOST];
    static size_t count[USERS][ITEMS];
    static int64_t latest[USERS][ITEMS];
    memset(count, 0, sizeof count);
    memset(latest, 0, sizeof latest);
    gx_rng rng = gx_rng_at(3, 3);
    const int64_t now = 200 * (int64_t)DAY;
    for (int i = 0; i < 700; i++) {
        size_t a = gx_rng_below(&rng, GX_COUNT(table));
        row r = {(uint32_t)gx_rng_below(&rng, USERS), (uint32_t)gx_rng_below(&rng, ITEMS + 1),
                 (int64_t)i * DAY / 4, a == 3 ? (double)gx_rng_below(&rng, 6) : NAN};
        bool there = r.item < ITEMS;
        r.item = there ? r.item : GX_NONE;
        put_event(&f, &r, table[a].name);
        if (there && count[r.user][r.item] < MOST) {
            const double weight = table[a].weight * (a == 3 ? r.value / 5 : 1);
            const double age = (double)(now - r.ts_ms) / DAY;
            heard[r.user][r.item][count[r.user][r.item]++] = (said){
                (int)a, weight,
                weight * (table[a].half_life_days > 0 ? exp2(-age / table[a].half_life_days) : 1),
                false};
            latest[r.user][r.item] = r.ts_ms;
        }
    }
    load_rules(&f);
    static double value[USERS][ITEMS];
    for (uint32_t u = 0; u < USERS; u++) {
        for (uint32_t i = 0; i < ITEMS; i++) {
            value[u][i] = twin_value(heard[u][i], count[u][i]);
        }
    }
    for (int keep = 0; keep < 2; keep++) {
        gx_item_sums sums = {0};
        gx_event_view view = {.now_ms = now, .decay = true, .keep_negative = keep, .items = &sums};
        gx_matrix m = {0};
        double against[ITEMS] = {0};
        must(gx_view_events(&m, f.txn, &f.rules, &view, &f.job, &f.err), &f.err);
        assert_true(m.rows == USERS && m.cols == ITEMS);
        for (uint32_t u = 0; u < USERS; u++) {
            for (uint32_t i = 0; i < ITEMS; i++) {
                uint64_t at = gx_matrix_find(&m, u, i);
                against[i] += value[u][i] < 0 ? -value[u][i] : 0;
                if (count[u][i] == 0 || (!keep && value[u][i] <= 0)) {
                    assert_true(at == UINT64_MAX);
                } else {
                    assert_true(at != UINT64_MAX);
                    assert_true(fabs((double)m.value[at] - value[u][i]) < 1e-4);
                    assert_int_equal(m.ts[at], latest[u][i]);
                }
            }
        }
        for (uint32_t i = 0; i < ITEMS; i++) {
            assert_true(fabs(sums.against[i] - against[i]) < 1e-4);
        }
        gx_matrix_finish(&m);
        gx_item_sums_finish(&sums, &f.job);
    }
    close_fixture(&f);
}

/* A few stories whose end is plain. */
static void the_last_word_counts(void **state) {
    (void)state;
    static const struct {
        const char *story[6];
        int sign;      /* of the value */
        int purchases; /* in the view of purchases alone: 1 there, 0 not */
    } stories[] = {
        {{"view", "buy"}, 1, 1},
        {{"view", "buy", "refund"}, -1, 0},
        {{"view", "view", "view", "view", "dislike"}, -1, 0},
        {{"dislike", "view", "view", "view", "view", "view"}, -1, 0},
        {{"dislike", "buy"}, 1, 1},
        {{"buy", "refund", "buy"}, 1, 1},
        {{"buy", "buy", "refund"}, 1, 1}, /* one of two */
        {{"buy", "buy", "refund", "refund"}, -1, 0},
        {{"refund"}, -1, 0},
        {{"buy", "cancel"}, 0, 0},
        {{"view", "buy", "cancel"}, 1, 0},
        {{"like", "unlike"}, 0, 0},
        {{"like", "buy", "unlike"}, 1, 1},
        {{"unlike", "like"}, 1, 0},
        {{"impression"}, 0, 0},
        {{"buy", "rate", "refund"}, -1, 0},
    };
    for (size_t s = 0; s < GX_COUNT(stories); s++) {
        fixture f;
        open_fixture(&f);
        for (int k = 0; k < 6 && stories[s].story[k]; k++) {
            const row r = {0, 0, (k + 1) * (int64_t)DAY, NAN};
            put_event(&f, &r, stories[s].story[k]);
        }
        load_rules(&f);
        gx_event_view view = {.decay = true, .keep_negative = true};
        gx_matrix m = {0};
        must(gx_view_events(&m, f.txn, &f.rules, &view, &f.job, &f.err), &f.err);
        const float v = m.nnz == 1 ? m.value[0] : NAN;
        if ((v > 0) - (v < 0) != stories[s].sign || m.nnz != 1) {
            fail_msg("story %zu comes to %g", s, (double)v);
        }
        gx_matrix_finish(&m);
        view = (gx_event_view){.purchases = true};
        must(gx_view_events(&m, f.txn, &f.rules, &view, &f.job, &f.err), &f.err);
        assert_int_equal(m.nnz, stories[s].purchases);
        gx_matrix_finish(&m);
        close_fixture(&f);
    }
}

static void windows_and_actions_choose_events(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f);
    const row rows[] = {{0, 0, 1000, NAN}, {0, 1, 2000, NAN}, {1, 1, 3000, NAN}};
    put_event(&f, &rows[0], "view");
    put_event(&f, &rows[1], "buy");
    put_event(&f, &rows[2], "view");
    load_rules(&f);
    static const char *const bought[] = {"buy", NULL};
    gx_event_view view = {.actions = bought};
    gx_matrix m = {0};
    must(gx_view_events(&m, f.txn, &f.rules, &view, &f.job, &f.err), &f.err);
    assert_true(m.nnz == 1 && gx_matrix_find(&m, 0, 1) == 0);
    gx_matrix_finish(&m);
    view = (gx_event_view){.from_ms = 1000, .to_ms = 3000};
    must(gx_view_events(&m, f.txn, &f.rules, &view, &f.job, &f.err), &f.err);
    assert_int_equal(m.nnz, 2);
    gx_matrix_finish(&m);
    gx_job_cancel(&f.job);
    assert_int_equal(gx_view_events(&m, f.txn, &f.rules, &view, &f.job, &f.err), GX_CANCELLED);
    close_fixture(&f);
}

/* ---- labels -------------------------------------------------------------------------------- */

static void labels_are_numbered_as_first_seen(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f);
    gx_arena *arena = gx_arena_create();
    for (uint32_t i = 0; i < 300; i++) {
        char name[24], category[32];
        snprintf(name, sizeof name, "more%u", i);
        snprintf(category, sizeof category, "c%u/sub%u", i % 90, i);
        uint32_t id = intern(&f, GX_SPACE_ITEM, name);
        gx_value fields = gx_map(arena, 1);
        gx_map_put(arena, &fields, "category",
                   i % 3 ? gx_text_copy(arena, category, strlen(category)) : gx_int(i));
        must(gx_record_merge(NULL, f.txn, GX_SPACE_ITEM, id, &fields, &f.err), &f.err);
    }
    gx_labels top = {0}, whole = {0};
    must(gx_view_labels(&top, f.txn, GX_SPACE_ITEM, "category", true, &f.job, &f.err), &f.err);
    must(gx_view_labels(&whole, f.txn, GX_SPACE_ITEM, "category", false, &f.job, &f.err), &f.err);
    assert_int_equal(top.n, ITEMS + 300);
    assert_int_equal(top.count, 60);
    assert_int_equal(whole.count, 200);
    assert_int_equal(top.label[0], GX_NONE);
    for (uint32_t i = 0; i < 300; i++) {
        char category[32];
        uint32_t label = top.label[ITEMS + i];
        if (i % 3 == 0) {
            assert_int_equal(label, GX_NONE);
            continue;
        }
        snprintf(category, sizeof category, "c%u", i % 90);
        assert_true(gx_slice_is(gx_label_name(&top, label), category));
        snprintf(category, sizeof category, "c%u/sub%u", i % 90, i);
        assert_true(gx_slice_is(gx_label_name(&whole, whole.label[ITEMS + i]), category));
    }
    gx_labels_finish(&top);
    gx_labels_finish(&whole);
    gx_arena_destroy(arena);
    close_fixture(&f);
}

/* ---- memory ends --------------------------------------------------------------------------- */

static gx_status all_views(fixture *f) {
    gx_rules rules = {0};
    gx_graph g = {0};
    gx_matrix m = {0}, acts = {0};
    gx_labels l = {0};
    gx_facts facts = {0};
    gx_tie_view ties = {0};
    gx_item_sums sums = {0};
    gx_event_view events = {.items = &sums};
    gx_status status;
    GX_TRY(gx_rules_load(&rules, f->txn, &f->err));
    GX_TRY(gx_view_ties(&g, f->txn, &rules, &ties, &f->job, &f->err));
    GX_TRY(gx_view_events(&m, f->txn, &rules, &events, &f->job, &f->err));
    GX_TRY(gx_view_interactions(&acts, f->txn, &rules, 0, 0, &f->job, &f->err));
    GX_TRY(gx_view_labels(&l, f->txn, GX_SPACE_ITEM, "category", true, &f->job, &f->err));
    GX_TRY(gx_view_facts(&facts, f->txn, &rules, 0, 0, &f->job, &f->err));
done:
    gx_rules_finish(&rules);
    gx_graph_finish(&g);
    gx_item_sums_finish(&sums, &f->job);
    gx_facts_finish(&facts, &f->job);
    gx_matrix_finish(&m);
    gx_matrix_finish(&acts);
    gx_labels_finish(&l);
    return status;
}

/* An event of an item nobody names, via somebody. */
static void put_via(fixture *f, uint32_t user, uint32_t via, int64_t ts_ms, const char *id) {
    const gx_event event = {.ts_ms = ts_ms,
                            .user = user,
                            .item = GX_NONE,
                            .action = intern(f, GX_SPACE_ACTION, "view"),
                            .channel = GX_NONE,
                            .group = GX_NONE,
                            .via = via,
                            .campaign = GX_NONE,
                            .coupon = GX_NONE,
                            .value = NAN,
                            .qty = NAN,
                            .amount = (double)NAN,
                            .event_id = gx_slice_of(id)};
    must(gx_event_put(NULL, f->txn, &event, &f->err), &f->err);
}

static void put_member(fixture *f, const char *group, uint32_t user, int64_t joined_ms,
                       int64_t left_ms) {
    const gx_membership member = {.group = intern(f, GX_SPACE_GROUP, group),
                                  .user = user,
                                  .joined_ms = joined_ms,
                                  .left_ms = left_ms};
    must(gx_member_put(NULL, f->txn, &member, &f->err), &f->err);
}

static void times_and_groups_are_of_now(void **state) {
    (void)state;
    fixture f;
    gx_matrix times, groups;
    open_fixture(&f);
    put_tie(&f, 0, 1, "friend", 1, DAY, false);
    put_tie(&f, 1, 0, "follow", 1, 3 * (int64_t)DAY, true);
    put_tie(&f, 0, 2, "friend", 1, GX_TIME_UNKNOWN, false);
    put_tie(&f, 0, 3, "block", 1, DAY, true);
    put_member(&f, "g0", 4, GX_TIME_UNKNOWN, GX_TIME_UNKNOWN);
    put_member(&f, "g1", 4, GX_TIME_UNKNOWN, DAY);
    load_rules(&f);
    must(gx_view_times(&times, f.txn, &f.rules, 0, 0, &f.job, &f.err), &f.err);
    must(gx_view_groups(&groups, f.txn, 0, 0, &f.job, &f.err), &f.err);
    assert_int_equal(times.nnz, 2); /* the two of one pair, from either end */
    assert_int_equal(times.ts[gx_matrix_find(&times, 0, 1)], 3 * (int64_t)DAY);
    assert_int_equal(times.ts[gx_matrix_find(&times, 1, 0)], 3 * (int64_t)DAY);
    assert_int_equal(groups.nnz, 1); /* who left is not in it */
    assert_int_equal(groups.cols, 2);
    assert_true(gx_matrix_find(&groups, 4, 0) != UINT64_MAX);
    gx_matrix_finish(&times);
    gx_matrix_finish(&groups);
    close_fixture(&f);
}

/* What was tied, joined or left later does not count. */
static void times_and_groups_are_of_then(void **state) {
    (void)state;
    fixture f;
    gx_matrix times, groups;
    const int64_t then = 2 * (int64_t)DAY;
    open_fixture(&f);
    put_tie(&f, 0, 1, "friend", 1, DAY, false);
    put_tie(&f, 1, 0, "follow", 1, then, true);
    put_tie(&f, 2, 3, "friend", 1, then, false);
    put_member(&f, "g0", 4, DAY, GX_TIME_UNKNOWN);
    put_member(&f, "g0", 5, then, GX_TIME_UNKNOWN);
    put_member(&f, "g0", 6, GX_TIME_UNKNOWN, then);
    put_member(&f, "g0", 7, GX_TIME_UNKNOWN, DAY);
    load_rules(&f);
    must(gx_view_times(&times, f.txn, &f.rules, INT64_MIN + 1, then, &f.job, &f.err), &f.err);
    must(gx_view_groups(&groups, f.txn, INT64_MIN + 1, then, &f.job, &f.err), &f.err);
    assert_int_equal(times.nnz, 2);
    assert_int_equal(times.ts[gx_matrix_find(&times, 0, 1)], DAY);
    assert_int_equal(groups.nnz, 2);
    assert_true(gx_matrix_find(&groups, 4, 0) != UINT64_MAX);
    assert_true(gx_matrix_find(&groups, 6, 0) != UINT64_MAX);
    gx_matrix_finish(&times);
    gx_matrix_finish(&groups);
    close_fixture(&f);
}

static float acts_between(const gx_matrix *acts, uint32_t u, uint32_t v) {
    uint64_t at = gx_matrix_find(acts, u, v);
    return at == UINT64_MAX ? 0 : acts->value[at];
}

/* What was done, and how often, is told from what two are to each other. */
static void interactions_are_counted(void **state) {
    (void)state;
    fixture f;
    gx_matrix acts;
    open_fixture(&f);
    put_tie(&f, 0, 1, "friend", 9, DAY, false);
    put_tie(&f, 1, 0, "comment", 3, DAY, true);
    put_tie(&f, 1, 0, "like", 2, 5 * (int64_t)DAY, true);
    put_tie(&f, 2, 3, "chat", 40, GX_TIME_UNKNOWN, false);
    put_tie(&f, 2, 4, "fellow", 7, DAY, true);
    put_tie(&f, 5, 5, "comment", 1, DAY, true);
    put_via(&f, 6, 1, DAY, "e1");
    put_via(&f, 6, 1, 2 * (int64_t)DAY, "e2");
    put_via(&f, 6, 6, DAY, "e3");
    put_via(&f, 7, GX_NONE, DAY, "e4");
    load_rules(&f);
    must(gx_view_interactions(&acts, f.txn, &f.rules, 0, 0, &f.job, &f.err), &f.err);
    assert_int_equal(acts.nnz, 3);
    assert_true(acts_between(&acts, 1, 0) == 5 && acts_between(&acts, 2, 3) == 40);
    assert_true(acts_between(&acts, 6, 1) == 2);
    gx_matrix_finish(&acts);
    must(gx_view_interactions(&acts, f.txn, &f.rules, 2 * (int64_t)DAY, 6 * (int64_t)DAY, &f.job,
                              &f.err),
         &f.err);
    assert_true(acts_between(&acts, 1, 0) == 2 && acts_between(&acts, 2, 3) == 40);
    assert_true(acts_between(&acts, 6, 1) == 1);
    gx_matrix_finish(&acts);
    gx_arena *arena = gx_arena_create();
    gx_value setting = gx_map(arena, 1), fellow = gx_map(arena, 1);
    gx_map_put(arena, &fellow, "acts", gx_bool(true));
    gx_map_put(arena, &setting, "fellow", fellow);
    must(gx_setting_put(f.txn, "tie_kinds", &setting, &f.err), &f.err);
    load_rules(&f);
    must(gx_view_interactions(&acts, f.txn, &f.rules, 0, 0, &f.job, &f.err), &f.err);
    assert_true(acts_between(&acts, 2, 4) == 7);
    gx_matrix_finish(&acts);
    gx_arena_destroy(arena);
    close_fixture(&f);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f);
    assert_int_equal(all_views(&f), GX_OK); /* of an empty store */
    gx_arena *arena = gx_arena_create();
    gx_value fields = gx_map(arena, 1);
    gx_map_put(arena, &fields, "category", gx_str("hair"));
    must(gx_record_merge(NULL, f.txn, GX_SPACE_ITEM, 0, &fields, &f.err), &f.err);
    put_tie(&f, 0, 1, "friend", 1, GX_TIME_UNKNOWN, false);
    const row r = {0, 0, 1000, NAN};
    put_event(&f, &r, "view");
    uint64_t live = gx_alloc_live_blocks();
    gx_status status = GX_NO_MEMORY;
    for (uint64_t k = 1; status != GX_OK; k++) {
        assert_true(k < 1000);
        gx_alloc_fail_at(k);
        status = all_views(&f);
        gx_alloc_fail_at(0);
        assert_true(status == GX_OK || status == GX_NO_MEMORY);
        assert_int_equal(gx_alloc_live_blocks(), live);
        assert_int_equal(atomic_load(&f.job.mem_used), 0);
    }
    gx_arena_destroy(arena);
    close_fixture(&f);
}

static void stars_weigh_from_their_centre(void **state) {
    (void)state;
    gx_action_rule rule = *gx_action_rule_default(gx_slice_of("rate"));
    for (int stars = 0; stars <= 5; stars++) {
        assert_true(gx_event_weight(&rule, (float)stars) == stars);
    }
    gx_arena *arena = gx_arena_create();
    gx_value fields = gx_map(arena, 1);
    gx_map_put(arena, &fields, "centre", gx_real(2.5));
    assert_int_equal(gx_action_rule_change(&rule, gx_slice_of("rate"), &fields, NULL), GX_OK);
    for (int stars = 0; stars <= 5; stars++) {
        assert_true(gx_event_weight(&rule, (float)stars) == 2 * stars - 5);
    }
    assert_true(gx_event_weight(&rule, NAN) == 5); /* rated, not said how */
    gx_arena_destroy(arena);
}

static void put_deed(fixture *f, uint32_t user, uint32_t item, const char *action, int64_t ts_ms,
                     uint32_t coupon, const char *id) {
    const gx_event event = {.ts_ms = ts_ms,
                            .user = user,
                            .item = item,
                            .action = intern(f, GX_SPACE_ACTION, action),
                            .channel = GX_NONE,
                            .group = GX_NONE,
                            .via = GX_NONE,
                            .campaign = GX_NONE,
                            .coupon = coupon,
                            .value = NAN,
                            .qty = NAN,
                            .amount = (double)NAN,
                            .event_id = gx_slice_of(id)};
    must(gx_event_put(NULL, f->txn, &event, &f->err), &f->err);
}

/* Bursts, one item shared again and again, and what was bought by way of a member. */
static void floods_are_counted(void **state) {
    (void)state;
    fixture f;
    gx_facts facts;
    char id[16];
    open_fixture(&f);
    for (uint32_t i = 0; i < 40; i++) { /* 40 within an hour, 10 of another item, 20 of it later */
        snprintf(id, sizeof id, "a%u", i);
        put_deed(&f, 1, i % 4 ? 2 : 3, "share", 5 * (int64_t)DAY + 60000 * (int64_t)(i + 1),
                 GX_NONE, id);
        snprintf(id, sizeof id, "b%u", i);
        put_deed(&f, 2, i % ITEMS, i % 2 ? "share" : "view", 6 * (int64_t)DAY + 60000 * (int64_t)i,
                 GX_NONE, id);
    }
    for (uint32_t i = 0; i < 20; i++) {
        snprintf(id, sizeof id, "c%u", i);
        put_deed(&f, 1, 2, "share", (7 + (int64_t)i) * (int64_t)DAY, GX_NONE, id);
    }
    gx_event event = {.user = 3,
                      .item = 2,
                      .action = intern(&f, GX_SPACE_ACTION, "buy"),
                      .ts_ms = 30 * (int64_t)DAY,
                      .channel = GX_NONE,
                      .group = GX_NONE,
                      .via = 1,
                      .campaign = GX_NONE,
                      .coupon = GX_NONE,
                      .value = NAN,
                      .qty = NAN,
                      .amount = (double)NAN,
                      .event_id = gx_slice_of("d1")};
    must(gx_event_put(NULL, f.txn, &event, &f.err), &f.err);
    event.user = 1; /* by way of itself is by way of nobody */
    event.event_id = gx_slice_of("d2");
    must(gx_event_put(NULL, f.txn, &event, &f.err), &f.err);
    load_rules(&f);
    must(gx_view_facts(&facts, f.txn, &f.rules, 0, 0, &f.job, &f.err), &f.err);
    const gx_fact *one = &facts.of[1], *two = &facts.of[2];
    assert_true(one->said == 60 && one->peak == 40 && one->rushed == 40);
    assert_true(one->quarter == 20 + 2 && one->same == 40 && one->brought == 1);
    assert_true(two->said == 20 && two->peak == 20 && two->rushed == 0 && two->same <= 4);
    assert_true(facts.of[3].said == 0 && facts.of[3].brought == 0);
    gx_facts_finish(&facts, &f.job);
    close_fixture(&f);
}

/* What members did, counted; and when each first acted on an item, beside when it last did. */
static void deeds_are_counted(void **state) {
    (void)state;
    fixture f;
    gx_facts facts;
    gx_matrix first, latest;
    open_fixture(&f);
    const uint32_t coupon = intern(&f, GX_SPACE_COUPON, "cp");
    put_deed(&f, 1, 0, "view", 5 * (int64_t)DAY, GX_NONE, "e1");
    put_deed(&f, 1, 0, "buy", 7 * (int64_t)DAY, coupon, "e2");
    put_deed(&f, 1, 2, "buy", 8 * (int64_t)DAY, GX_NONE, "e3");
    put_deed(&f, 1, 2, "share", 9 * (int64_t)DAY, GX_NONE, "e4");
    put_deed(&f, 2, 3, "wave", 20 * (int64_t)DAY, coupon, "e5");
    put_tie(&f, 3, 4, "reply", 2, DAY, true);
    put_tie(&f, 3, 5, "comment", 1, GX_TIME_UNKNOWN, true);
    put_tie(&f, 3, 3, "comment", 9, DAY, true);
    put_tie(&f, 4, 5, "invite", 1, DAY, true);
    load_rules(&f);
    must(gx_view_facts(&facts, f.txn, &f.rules, 0, 0, &f.job, &f.err), &f.err);
    assert_true(facts.n == USERS && facts.end_ms == 20 * (int64_t)DAY);
    const gx_fact *one = &facts.of[1];
    assert_true(one->events == 4 && one->looks == 1 && one->purchases == 2 && one->coupons == 1);
    assert_true(one->shares == 1 && one->answers == 0 && one->invites == 0);
    assert_true(one->first_ms == 5 * (int64_t)DAY && one->last_ms == 9 * (int64_t)DAY);
    assert_int_equal(one->joined_ms, GX_TIME_UNKNOWN);
    assert_true(facts.of[2].events == 1 && facts.of[2].looks == 0 && facts.of[2].coupons == 0);
    assert_true(facts.of[3].answers == 3 && facts.of[3].events == 0 && facts.of[4].invites == 1);
    assert_int_equal(facts.of[3].first_ms, INT64_MAX);
    gx_facts_finish(&facts, &f.job);
    must(gx_view_facts(&facts, f.txn, &f.rules, 6 * (int64_t)DAY, 9 * (int64_t)DAY, &f.job, &f.err),
         &f.err);
    assert_true(facts.of[1].events == 2 && facts.of[1].looks == 0 && facts.of[2].events == 0);
    gx_facts_finish(&facts, &f.job);
    gx_event_view view = {.decay = true};
    must(gx_view_events(&latest, f.txn, &f.rules, &view, &f.job, &f.err), &f.err);
    view.first = true;
    must(gx_view_events(&first, f.txn, &f.rules, &view, &f.job, &f.err), &f.err);
    assert_int_equal(first.nnz, latest.nnz);
    assert_memory_equal(first.col, latest.col, first.nnz * sizeof *first.col);
    assert_int_equal(first.ts[gx_matrix_find(&first, 1, 0)], 5 * (int64_t)DAY);
    assert_int_equal(latest.ts[gx_matrix_find(&latest, 1, 0)], 7 * (int64_t)DAY);
    gx_matrix_finish(&first);
    gx_matrix_finish(&latest);
    close_fixture(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(actions_with_stars_are_scaled),
        cmocka_unit_test(rules_come_from_the_table_and_the_settings),
        cmocka_unit_test(bad_settings_are_refused_by_name),
        cmocka_unit_test(ties_become_arcs),
        cmocka_unit_test(events_become_values),
        cmocka_unit_test(the_last_word_counts),
        cmocka_unit_test(windows_and_actions_choose_events),
        cmocka_unit_test(labels_are_numbered_as_first_seen),
        cmocka_unit_test(times_and_groups_are_of_now),
        cmocka_unit_test(times_and_groups_are_of_then),
        cmocka_unit_test(interactions_are_counted),
        cmocka_unit_test(floods_are_counted),
        cmocka_unit_test(deeds_are_counted),
        cmocka_unit_test(stars_weigh_from_their_centre),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
