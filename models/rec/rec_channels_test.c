/* Each channel, rung and kind of evidence by itself; likeness, damaged snapshots, memory that ends.
 */
#include "models/rec/testing.h"

/* ---- channels earn what only they know ------------------------------------------------------ */

static const gx_rec_item *item_in(const gx_rec_list *list, uint32_t item) {
    for (uint32_t k = 0; k < list->count; k++) {
        if (list->items[k].item == item) {
            return &list->items[k];
        }
    }
    return NULL;
}

static const gx_why *why_of(const gx_rec_item *item, gx_channel channel) {
    for (uint32_t w = 0; item && w < item->why_count; w++) {
        if (item->why[w].channel == channel) {
            return &item->why[w];
        }
    }
    return NULL;
}

static void set_weights(shop *s, float friends, float circle, float leader, float interest) {
    s->request.weights[GX_CHANNEL_FRIENDS] = friends;
    s->request.weights[GX_CHANNEL_CIRCLE] = circle;
    s->request.weights[GX_CHANNEL_LEADER] = leader;
    s->request.weights[GX_CHANNEL_INTEREST] = interest;
}

/* A member whom the snapshot does not know, with three friends of whom two bought an item that is
 * newer than the snapshot: nothing but their purchase speaks for it. */
static void a_friends_purchase_alone_earns_a_place(void **state) {
    (void)state;
    shop s;
    shop_open(&s, 3);
    const uint32_t fresh = ITEMS + 1;
    gx_act acts[] = {{50, fresh, 0, 0.2F, 900 * DAY},
                     {50, fresh, 1, 1.0F, 980 * DAY},
                     {51, fresh, 1, 1.0F, 800 * DAY}};
    gx_friend friends[] = {{50, 0.9F, false, 0, 2, GX_TIED_FRIEND},
                           {51, 0.5F, false, 2, 3, 0},
                           {52, 0.4F, false, 3, 3, 0}};
    s.member = (gx_rec_member){.user = GX_NONE,
                               .friends = friends,
                               .friend_count = 3,
                               .acts = acts,
                               .now_ms = 1000 * DAY,
                               .recent_from_ms = 970 * DAY};
    s.request = (gx_rec_request){.n = 10, .items = ITEMS + NEW_ITEMS, .why = true};
    set_weights(&s, 0.2F, 0.15F, 0.1F, 0.55F);
    gx_rec_list list = list_of(&s);
    assert_int_equal(list.rung, GX_RUNG_FRIENDS_ONLY);
    assert_int_equal(list.count, 10);
    const gx_rec_item *item = item_in(&list, fresh);
    const gx_why *why = why_of(item, GX_CHANNEL_FRIENDS);
    assert_non_null(why);
    assert_true(why->share > 0.999);
    assert_int_equal(why->people_all, 2);
    assert_int_equal(why->people_shown, 2);
    assert_int_equal(why->people[0], 50);
    assert_int_equal(why->people[1], 51);
    assert_int_equal(why->people_recent, 1);
    assert_int_equal(why->action, 1);
    assert_int_equal(why->last_ms, 980 * DAY);
    assert_int_equal(why->any_tie, GX_TIED_FRIEND);
    assert_int_equal(why->all_ties, 0);
    /* By hand: 0.9 × 30 / 50 + 0.5 × 30 / 230, squashed. */
    double x = 0.9 * 30 / 50 + 0.5 * 30 / 230;
    assert_true(fabs(item->score - 0.2 * x / (x + 1)) < 1e-6);
    shop_close(&s);
}

static void a_leader_speaks_where_followed_and_in_the_circle(void **state) {
    (void)state;
    shop s;
    shop_open(&s, 4);
    const uint32_t fresh = ITEMS + 2; /* no category: the score over all, and less of it */
    gx_act acts[] = {{0, fresh, 2, 1.0F, 1000 * DAY}};
    gx_friend friends[] = {{0, 0.1F, true, 0, 1, 0}};
    s.member = (gx_rec_member){
        .user = GX_NONE, .friends = friends, .friend_count = 1, .acts = acts, .now_ms = 1000 * DAY};
    s.request = (gx_rec_request){.n = 5, .items = ITEMS + NEW_ITEMS, .why = true};
    set_weights(&s, 0, 0, 1, 0);
    gx_rec_list list = list_of(&s);
    const gx_why *why = why_of(item_in(&list, fresh), GX_CHANNEL_LEADER);
    assert_non_null(why);
    assert_int_equal(why->people[0], 0);
    assert_true(why->leader_score == 100);
    assert_int_equal(why->leader_category, GX_NONE);
    assert_true(fabs(list.items[0].score - 0.5 / (0.5 + 0.5)) < 1e-6);
    friends[0].followed = false;
    assert_true(fabs(list_of(&s).items[0].score - 0.35 / (0.35 + 0.5)) < 1e-6);
    friends[0].strength = 0; /* no tie: counts as a leader of the circle, and not as a friend */
    assert_true(fabs(list_of(&s).items[0].score - 0.25 / (0.25 + 0.5)) < 1e-6);
    set_weights(&s, 1, 0, 0, 0);
    assert_int_equal(list_of(&s).rung, GX_RUNG_POPULAR);
    /* Somebody who leads nothing: no leader channel. */
    set_weights(&s, 0, 0, 1, 0);
    friends[0] = (gx_friend){59, 1, true, 0, 1, 0};
    assert_int_equal(list_of(&s).rung, GX_RUNG_POPULAR);
    shop_close(&s);
}

static void circles_have_leaders_and_place_newcomers(void **state) {
    (void)state;
    shop s;
    shop_open(&s, 5);
    uint32_t leaders[GX_REC_CIRCLE_LEADERS];
    assert_int_equal(gx_rec_circle_leaders(leaders, s.rec, 2), 3);
    assert_int_equal(leaders[0], 2); /* scores fall with the number, circles are numbers modulo 4 */
    assert_int_equal(leaders[1], 6);
    assert_int_equal(leaders[2], 10);
    assert_int_equal(gx_rec_circle_leaders(leaders, s.rec, GX_NONE), 0);
    gx_friend friends[] = {
        {1, 0.5F, false, 0, 0, 0}, {2, 0.3F, false, 0, 0, 0}, {6, 0.3F, false, 0, 0, 0}};
    assert_int_equal(gx_rec_circle(s.rec, 7, friends, 3), 3);
    assert_int_equal(gx_rec_circle(s.rec, GX_NONE, friends, 3), 2);
    assert_int_equal(gx_rec_circle(s.rec, USERS + 5, friends, 1), 1);
    assert_int_equal(gx_rec_circle(s.rec, GX_NONE, NULL, 0), GX_NONE);
    shop_close(&s);
}

static void strengths_are_the_snapshots(void **state) {
    (void)state;
    shop s;
    shop_open(&s, 5);
    const uint32_t *dst = NULL;
    const float *weight = NULL;
    assert_int_equal(gx_rec_strengths(&dst, &weight, s.rec, 59), 2);
    assert_int_equal(dst[0], 0);
    assert_true(fabsf(weight[1] - 0.5F) < 1e-6F);
    assert_int_equal(gx_rec_strengths(&dst, &weight, s.rec, USERS), 0);
    assert_int_equal(gx_rec_strengths(&dst, &weight, s.rec, GX_NONE), 0);
    shop_close(&s);
}

static void interest_follows_the_history_as_it_is_now(void **state) {
    (void)state;
    shop s;
    shop_open(&s, 6);
    uint32_t items[] = {10, 20};
    float weights[] = {1, 1};
    int64_t ts[] = {5, 9};
    s.member = (gx_rec_member){.user = 3, .history = {3, 1, items, weights, ts}};
    s.request = (gx_rec_request){.n = 5, .items = ITEMS, .why = true};
    set_weights(&s, 0, 0, 0, 1);
    gx_rec_list one = list_of(&s);
    assert_int_equal(one.rung, GX_RUNG_FOLD_IN);
    s.member.history.count = 2; /* a new event, no rebuild */
    gx_rec_list two = list_of(&s);
    bool same = one.count == two.count;
    for (uint32_t k = 0; same && k < one.count; k++) {
        same = one.items[k].item == two.items[k].item;
    }
    assert_false(same);
    const gx_why *why = why_of(&two.items[0], GX_CHANNEL_INTEREST);
    assert_non_null(why);
    assert_true(why->item_count >= 1);
    double sum = 0;
    for (uint32_t k = 0; k < why->item_count; k++) {
        assert_true(why->items[k] == 10 || why->items[k] == 20);
        sum += why->item_parts[k];
    }
    assert_true(fabs(sum - 1) < 1e-5);
    /* The scale does not see the filter: a score stays what it was whatever else is left out. */
    uint8_t pass[ITEMS] = {0};
    pass[two.items[3].item] = 1;
    s.request.pass = pass;
    gx_rec_list alone = list_of(&s);
    assert_int_equal(alone.count, 1);
    assert_true(alone.items[0].score == two.items[3].score);
    shop_close(&s);
}

static void the_fit_is_known_by_count_and_time(void **state) {
    (void)state;
    shop s;
    gx_rng rng = gx_rng_at(1, 1);
    shop_open(&s, 7);
    gx_rec_close(s.rec);
    gx_arrays_destroy(s.arrays);
    s.arrays = make_arrays(&rng);
    ((uint32_t *)gx_arrays_find(s.arrays, "history.count")->data)[3] = 1;
    ((int64_t *)gx_arrays_find(s.arrays, "history.last")->data)[3] = 5;
    assert_int_equal(gx_rec_open(&s.rec, s.arrays, "linear", USERS, ITEMS, NULL), GX_OK);
    assert_string_equal(gx_rec_interest_model(s.rec), "linear");
    assert_int_equal(gx_rec_newest_ms(s.rec), 5);
    uint32_t items[] = {10, 20};
    float weights[] = {1, -1};
    int64_t ts[] = {5, 9};
    s.member = (gx_rec_member){.user = 3, .history = {3, 2, items, weights, ts}};
    s.request = (gx_rec_request){.n = 5, .items = ITEMS};
    set_weights(&s, 0, 0, 0, 1);
    assert_int_equal(list_of(&s).rung, GX_RUNG_FULL); /* the dislike is no part of the fit */
    uint8_t none[ITEMS] = {0};
    s.request.pass = none; /* where the member stands */
    assert_int_equal(list_of(&s).count, 0);
    assert_int_equal(list_of(&s).rung, GX_RUNG_FULL);
    s.request.pass = NULL;
    ts[0] = 6;
    assert_int_equal(list_of(&s).rung, GX_RUNG_FOLD_IN);
    ts[0] = 5;
    weights[1] = 1;
    assert_int_equal(list_of(&s).rung, GX_RUNG_FOLD_IN);
    shop_close(&s);
}

static void declared_tags_come_before_popularity(void **state) {
    (void)state;
    shop s;
    shop_open(&s, 8);
    uint32_t tagged[] = {7, 9, 9, 30, ITEMS + 1}, at[] = {0, 2, 5};
    s.member = (gx_rec_member){.user = GX_NONE, .tag_items = tagged, .tag_at = at, .tag_count = 2};
    s.request = (gx_rec_request){.n = 5, .items = ITEMS, .why = true};
    set_weights(&s, 0.2F, 0.15F, 0.1F, 0.55F);
    gx_rec_list list = list_of(&s);
    assert_int_equal(list.rung, GX_RUNG_ATTRIBUTES);
    for (uint32_t k = 0; k < 3; k++) {
        uint32_t item = list.items[k].item;
        assert_true(item == 7 || item == 9 || item == 30);
        assert_true(list.items[k].channel[GX_CHANNEL_INTEREST] > 0.999);
        const gx_why *why = why_of(&list.items[k], GX_CHANNEL_INTEREST);
        assert_int_equal(why->item_count, 0);
        assert_int_equal(why->tag, item == 30 ? 2 : 1);
    }
    assert_true(list.items[3].score == 0 && list.items[3].why_count == 0);
    shop_close(&s);
}

/* s = model × h / (h + 2) + declared × 2 / (h + 2), for what the member has not touched. */
static void what_was_declared_fades_with_history(void **state) {
    (void)state;
    shop s;
    shop_open(&s, 21);
    const float *popular = gx_arrays_get(s.arrays, "popular.score", GX_F32, ITEMS);
    float most = 0, weights[30];
    uint32_t items[30], tagged[] = {3, 40}, at[] = {0, 2}, rank = 0;
    for (uint32_t i = 0; i < ITEMS; i++) {
        most = popular[i] > most ? popular[i] : most;
    }
    s.request = (gx_rec_request){.n = 5, .items = ITEMS, .why = true};
    set_weights(&s, 0, 0, 0, 1);
    for (uint32_t h = 0; h <= 30; h += 5) {
        for (uint32_t k = 0; k < h; k++) {
            items[k] = 2 * k + 5;
            weights[k] = 1;
        }
        s.member = (gx_rec_member){.user = GX_NONE, .history = {GX_NONE, h, items, weights, NULL}};
        const double without = explained(&s, 40, &rank).score;
        s.member.tag_items = tagged;
        s.member.tag_at = at;
        s.member.tag_count = 1;
        const gx_rec_item with = explained(&s, 40, &rank);
        const double declared = (0.25 + 0.5 * (double)(popular[40] / most)) * 2 / (h + 2);
        assert_true(fabs(with.score - without - declared) < 1e-5);
        assert_int_equal(with.why[0].tag, declared > with.score / 2 ? 1 : 0);
    }
    shop_close(&s);
}

static void nothing_known_gives_the_most_popular(void **state) {
    (void)state;
    shop s;
    shop_open(&s, 9);
    const float *popular = gx_arrays_get(s.arrays, "popular.score", GX_F32, ITEMS);
    s.member = (gx_rec_member){.user = GX_NONE};
    s.request = (gx_rec_request){.n = ITEMS, .items = ITEMS};
    set_weights(&s, 0.2F, 0.15F, 0.1F, 0.55F);
    gx_rec_list list = list_of(&s);
    assert_int_equal(list.rung, GX_RUNG_POPULAR);
    assert_int_equal(list.count, ITEMS);
    assert_true(list.items[0].score == 1);
    for (uint32_t k = 1; k < list.count; k++) {
        assert_true(popular[list.items[k].item] <= popular[list.items[k - 1].item]);
        assert_true(share_sum(&list.items[k]) == 0);
    }
    s.request.n = 0;
    assert_int_equal(list_of(&s).count, 0);
    assert_int_equal(list_of(&s).rung, GX_RUNG_POPULAR);
    s.request.items = 0;
    s.request.n = 3;
    assert_int_equal(list_of(&s).count, 0);
    shop_close(&s);
}

/* More friends than an explanation names, of equal strength, each with several looks at one item.
 */
static void evidence_is_cut_but_counts_everybody(void **state) {
    (void)state;
    shop s;
    shop_open(&s, 10);
    gx_act acts[60];
    gx_friend friends[20];
    for (uint32_t f = 0; f < 20; f++) {
        friends[f] = (gx_friend){f, 1 - (float)f / 100, false, f * 3, f * 3 + 3, 0};
        for (uint32_t k = 0; k < 3; k++) {
            acts[f * 3 + k] = (gx_act){f, 5, k % 2, 1, (int64_t)(990 + k) * DAY};
        }
    }
    s.member = (gx_rec_member){.user = GX_NONE,
                               .friends = friends,
                               .friend_count = 20,
                               .acts = acts,
                               .now_ms = 1000 * DAY,
                               .recent_from_ms = 970 * DAY};
    s.request = (gx_rec_request){.n = 1, .items = ITEMS, .why = true};
    set_weights(&s, 1, 0, 0, 0);
    gx_rec_list list = list_of(&s);
    const gx_why *why = why_of(&list.items[0], GX_CHANNEL_FRIENDS);
    assert_non_null(why);
    assert_int_equal(why->people_all, 20);
    assert_int_equal(why->people_recent, 20);
    assert_int_equal(why->people_shown, GX_COUNT(why->people));
    for (uint32_t k = 0; k < why->people_shown; k++) {
        assert_int_equal(why->people[k], k);
    }
    assert_int_equal(why->last_ms, 992 * DAY);
    shop_close(&s);
}

/* ---- likeness ------------------------------------------------------------------------------- */

static void similar_items_are_the_rows_of_the_model(void **state) {
    (void)state;
    shop s;
    shop_open(&s, 11);
    const uint64_t *ptr = gx_arrays_get(s.arrays, "linear.ptr", GX_U64, ITEMS + 1);
    const uint32_t *item = gx_arrays_get(s.arrays, "linear.item", GX_U32, 0);
    const float *weight = gx_arrays_get(s.arrays, "linear.weight", GX_F32, 0);
    for (uint32_t like = 0; like < ITEMS; like++) {
        float row[ITEMS] = {0};
        for (uint64_t e = ptr[like]; e < ptr[like + 1]; e++) {
            row[item[e]] = weight[e];
        }
        uint8_t pass[ITEMS];
        memset(pass, 1, sizeof pass);
        pass[item[ptr[like] + 1]] = 0;
        gx_scored *out = NULL;
        uint32_t count = 0, better = 0;
        assert_int_equal(
            gx_rec_similar(&out, &count, s.rec, like, 5, pass, ITEMS, NULL, s.arena, &s.job, NULL),
            GX_OK);
        assert_int_equal(count, 5);
        for (uint32_t k = 0; k < count; k++) {
            assert_true(pass[out[k].item] && out[k].item != like);
            assert_true(out[k].score == row[out[k].item]);
        }
        for (uint32_t i = 0; i < ITEMS; i++) {
            better += i != like && pass[i] && row[i] > out[4].score ? 1 : 0;
        }
        assert_int_equal(better, 4);
    }
    gx_scored *out = NULL;
    uint32_t count = 0;
    assert_int_equal(
        gx_rec_similar(&out, &count, s.rec, ITEMS, 8, NULL, ITEMS, NULL, s.arena, &s.job, NULL),
        GX_NOT_FOUND);
    shop_close(&s);
}

/* ---- what is missing or damaged ------------------------------------------------------------- */

static void without_a_snapshot_friends_still_count(void **state) {
    (void)state;
    shop s;
    shop_open(&s, 12);
    gx_rec *bare = NULL;
    gx_rec_list list = {0};
    gx_act acts[] = {{1, 2, 0, 1, 0}};
    gx_friend friends[] = {{1, 1, true, 0, 1, 0}};
    gx_rec_member member = {.user = 0, .friends = friends, .friend_count = 1, .acts = acts};
    gx_rec_request request = {.n = 3, .items = 4, .weights = {1, 1, 1, 1}, .why = true};
    assert_int_equal(gx_rec_open(&bare, NULL, NULL, 0, 0, NULL), GX_OK);
    assert_int_equal(gx_rec_list_make(&list, bare, &member, &request, s.arena, &s.job, NULL),
                     GX_OK);
    assert_int_equal(list.count, 3);
    assert_int_equal(list.items[0].item, 2);
    assert_int_equal(list.rung, GX_RUNG_FRIENDS_ONLY);
    gx_scored *out = NULL;
    uint32_t count = 0;
    assert_int_equal(
        gx_rec_similar(&out, &count, bare, 0, 3, NULL, ITEMS, NULL, s.arena, &s.job, NULL),
        GX_CONFLICT);
    gx_rec_close(bare);
    assert_int_equal(gx_rec_open(&bare, s.arrays, "ials", USERS, ITEMS, NULL), GX_NOT_FOUND);
    assert_int_equal(gx_rec_open(&bare, s.arrays, "nonsense", USERS, ITEMS, NULL), GX_NOT_FOUND);
    gx_rec_close(NULL);
    gx_job_cancel(&s.job);
    assert_int_equal(gx_rec_list_make(&list, s.rec, &s.member, &s.request, s.arena, &s.job, NULL),
                     GX_CANCELLED);
    shop_close(&s);
}

static void arrays_that_do_not_fit_are_refused(void **state) {
    (void)state;
    static const char *const names[] = {"strength.ptr",         "circle.ptr",
                                        "circle.item",          "leiden.community",
                                        "leaders.category_ptr", "leaders.category_user"};
    for (size_t n = 0; n < GX_COUNT(names); n++) {
        gx_rng rng = gx_rng_at(n, 2);
        gx_arrays *arrays = make_arrays(&rng);
        const gx_array *broken = gx_arrays_find(arrays, names[n]);
        memset((char *)broken->data + broken->bytes / 2, 0x7f, broken->bytes / 4);
        gx_rec *rec = NULL;
        gx_error err = {0};
        assert_int_equal(gx_rec_open(&rec, arrays, NULL, USERS, ITEMS, &err), GX_CORRUPT);
        assert_null(rec);
        assert_true(strlen(err.message) > 0);
        gx_arrays_destroy(arrays);
    }
}

/* ---- memory that ends ----------------------------------------------------------------------- */

static gx_status ask_all(shop *s, gx_arena *arena) {
    gx_rec *rec = NULL;
    gx_rec_list list;
    gx_rec_item item;
    uint32_t rank = 0, count = 0;
    gx_scored *top = NULL;
    gx_status status = gx_rec_open(&rec, s->arrays, NULL, USERS, ITEMS, NULL);
    if (status == GX_OK) {
        status = gx_rec_list_make(&list, rec, &s->member, &s->request, arena, &s->job, NULL);
    }
    if (status == GX_OK) {
        status = gx_rec_explain(&item, &rank, rec, &s->member, &s->request, 3, &s->job, NULL);
    }
    if (status == GX_OK) {
        status = gx_rec_similar(&top, &count, rec, 3, 5, NULL, ITEMS, NULL, arena, &s->job, NULL);
    }
    gx_rec_close(rec);
    return status;
}

static void memory_that_ends_is_told_and_nothing_leaks(void **state) {
    (void)state;
    shop s;
    shop_open(&s, 13);
    s.request.n = 30;
    s.request.pass = NULL;
    gx_status status = GX_NO_MEMORY;
    uint64_t k = 1;
    for (; status != GX_OK && k < 200; k++) {
        uint64_t before = gx_alloc_live_blocks();
        gx_arena *arena = gx_arena_create();
        gx_alloc_fail_at(k);
        status = ask_all(&s, arena);
        gx_alloc_fail_at(0);
        gx_arena_destroy(arena);
        assert_true(status == GX_OK || status == GX_NO_MEMORY);
        assert_int_equal(gx_alloc_live_blocks(), before);
    }
    assert_int_equal(status, GX_OK);
    assert_true(k > 10);
    shop_close(&s);
}

static void channels_and_rungs_have_names(void **state) {
    (void)state;
    assert_string_equal(gx_channel_name(GX_CHANNEL_LEADER), "leader");
    assert_string_equal(gx_rung_name(GX_RUNG_FOLD_IN), "fold_in");
    assert_string_equal(gx_channel_name((gx_channel)99), "unknown");
    assert_string_equal(gx_rung_name((gx_rung)99), "unknown");
    double sum = 0;
    for (int c = 0; c < GX_CHANNEL_COUNT; c++) {
        sum += gx_channel_weight_default((gx_channel)c);
    }
    assert_true(fabs(sum - 1) < 1e-12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_friends_purchase_alone_earns_a_place),
        cmocka_unit_test(a_leader_speaks_where_followed_and_in_the_circle),
        cmocka_unit_test(circles_have_leaders_and_place_newcomers),
        cmocka_unit_test(strengths_are_the_snapshots),
        cmocka_unit_test(interest_follows_the_history_as_it_is_now),
        cmocka_unit_test(the_fit_is_known_by_count_and_time),
        cmocka_unit_test(declared_tags_come_before_popularity),
        cmocka_unit_test(what_was_declared_fades_with_history),
        cmocka_unit_test(nothing_known_gives_the_most_popular),
        cmocka_unit_test(evidence_is_cut_but_counts_everybody),
        cmocka_unit_test(similar_items_are_the_rows_of_the_model),
        cmocka_unit_test(without_a_snapshot_friends_still_count),
        cmocka_unit_test(arrays_that_do_not_fit_are_refused),
        cmocka_unit_test(memory_that_ends_is_told_and_nothing_leaks),
        cmocka_unit_test(channels_and_rungs_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
