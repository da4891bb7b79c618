/* Who knows whom in the sample shop.
 *
 * Friendships: within a circle half of them between members that stand near each other in it (which
 * closes triangles), half by weights with a heavy tail (Chung and Lu 2002); beyond circles by the
 * same weights, over the whole shop. About a fifth of a member's friendships leave the circle.
 * Follows are not held: they are drawn again whenever they are asked for. */
#include "datasets/shop.h"

#include <stdlib.h>

enum { DEGREE_WITHIN = 10, DEGREE_BEYOND = 2, NEAR = 5 };

typedef struct pair_draft {
    uint64_t *sum;  /* running sums of the members' weights, in roster order, one more */
    uint64_t *pair; /* smaller member << 32 | larger */
    uint64_t count;
} pair_draft;

static uint64_t pair_of(uint32_t a, uint32_t b) {
    return a < b ? (uint64_t)a << 32 | b : (uint64_t)b << 32 | a;
}

/* A place in roster[from, to), by weight. */
static uint32_t pick_weighted(const pair_draft *draft, uint32_t from, uint32_t to, gx_rng *rng) {
    uint64_t at = draft->sum[from] + gx_rng_below(rng, draft->sum[to] - draft->sum[from]);
    while (to - from > 1) {
        uint32_t middle = from + (to - from) / 2;
        if (draft->sum[middle] <= at) {
            from = middle;
        } else {
            to = middle;
        }
    }
    return from;
}

static void add_pair(pair_draft *draft, const gx__shop *shop, uint32_t a, uint32_t b) {
    if (a != b) {
        draft->pair[draft->count++] = pair_of(shop->roster[a], shop->roster[b]);
    }
}

static uint64_t ties_within(uint32_t size) {
    uint32_t degree = (size - 1) / 2 < DEGREE_WITHIN ? (size - 1) / 2 : DEGREE_WITHIN;
    return (uint64_t)size * degree / 2;
}

static void draw_within(pair_draft *draft, const gx__shop *shop, uint32_t circle) {
    gx_rng rng = gx__shop_rng(shop, GX__STREAM_TIE, circle);
    uint32_t start = shop->circle[circle].start, end = shop->circle[circle + 1].start;
    uint32_t size = end - start;
    uint64_t ties = ties_within(size);
    for (uint64_t i = 0; i < ties; i++) {
        uint32_t a, b;
        if (i % 2 == 0) {
            a = start + (uint32_t)(i / 2 % size);
            b = start + (a - start + 1 + gx__below(&rng, NEAR)) % size;
        } else {
            a = pick_weighted(draft, start, end, &rng);
            b = pick_weighted(draft, start, end, &rng);
        }
        add_pair(draft, shop, a, b);
    }
}

static uint64_t ties_beyond(const gx__shop *shop) {
    return (uint64_t)shop->users * DEGREE_BEYOND / 2;
}

static void draw_beyond(pair_draft *draft, const gx__shop *shop) {
    gx_rng rng = gx__shop_rng(shop, GX__STREAM_TIE, (uint64_t)1 << 32);
    for (uint64_t i = ties_beyond(shop); i > 0; i--) {
        uint32_t a = pick_weighted(draft, 0, shop->users, &rng);
        uint32_t b = pick_weighted(draft, 0, shop->users, &rng);
        if (shop->member[shop->roster[a]].circle != shop->member[shop->roster[b]].circle) {
            add_pair(draft, shop, a, b);
        }
    }
}

static int pair_order(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

static void drop_repeats(pair_draft *draft) {
    uint64_t kept = 0;
    qsort(draft->pair, draft->count, sizeof *draft->pair, pair_order);
    for (uint64_t i = 0; i < draft->count; i++) {
        if (i == 0 || draft->pair[i] != draft->pair[i - 1]) {
            draft->pair[kept++] = draft->pair[i];
        }
    }
    draft->count = kept;
}

/* Both directions of every pair, each member's friends in rising order. */
static void fill_friends(gx__shop *shop, const pair_draft *draft) {
    uint64_t *start = shop->friend_start;
    for (uint64_t i = 0; i < draft->count; i++) {
        start[(draft->pair[i] >> 32) + 2]++;
        start[(uint32_t)draft->pair[i] + 2]++;
    }
    for (uint32_t user = 0; user < shop->users; user++) {
        start[user + 2] += start[user + 1];
    }
    /* start[user + 1] is where the next friend of `user` goes, and ends up where they end. Pairs
     * are sorted, so smaller friends come in before larger ones. */
    for (uint64_t i = 0; i < draft->count; i++) {
        uint32_t a = (uint32_t)(draft->pair[i] >> 32), b = (uint32_t)draft->pair[i];
        shop->friends[start[b + 1]++] = a;
    }
    for (uint64_t i = 0; i < draft->count; i++) {
        uint32_t a = (uint32_t)(draft->pair[i] >> 32), b = (uint32_t)draft->pair[i];
        shop->friends[start[a + 1]++] = b;
    }
}

static void draw_weights(pair_draft *draft, const gx__shop *shop) {
    gx_rng rng = gx__shop_rng(shop, GX__STREAM_TIE, (uint64_t)2 << 32);
    for (uint32_t i = 0; i < shop->users; i++) {
        draft->sum[i + 1] = draft->sum[i] + (uint64_t)(100 * gx__pareto(&rng, 100));
    }
}

gx_status gx__shop_draw_ties(gx__shop *shop, gx_job *job, gx_error *err) {
    pair_draft draft = {0};
    uint64_t most = ties_beyond(shop);
    gx_status status;
    for (uint32_t circle = 0; circle < shop->circles; circle++) {
        most += ties_within(gx__circle_size(shop, circle));
    }
    GX_TRY(gx_job_alloc(job, &draft.sum, (size_t)shop->users + 1, sizeof *draft.sum, err));
    GX_TRY(gx_job_alloc(job, &draft.pair, most, sizeof *draft.pair, err));
    draw_weights(&draft, shop);
    for (uint32_t circle = 0; circle < shop->circles; circle++) {
        GX_TRY(gx_job_check(job, err));
        draw_within(&draft, shop, circle);
    }
    draw_beyond(&draft, shop);
    drop_repeats(&draft);
    GX_TRY(gx_job_alloc(job, &shop->friend_start, (size_t)shop->users + 2,
                        sizeof *shop->friend_start, err));
    GX_TRY(gx_job_alloc(job, &shop->friends, 2 * draft.count, sizeof *shop->friends, err));
    fill_friends(shop, &draft);
done:
    gx_job_free(job, draft.pair);
    gx_job_free(job, draft.sum);
    return status;
}

/* ---- what follows from a tie's ends
 * ---------------------------------------------------------------- */

gx__tie_facts gx__tie_about(const gx__shop *shop, uint32_t a, uint32_t b) {
    gx_rng rng = gx__shop_rng(shop, GX__STREAM_TIE_FACTS, pair_of(a, b));
    const gx__member *left = &shop->member[a], *right = &shop->member[b];
    bool near = left->circle == right->circle;
    int32_t both = left->joined_day > right->joined_day ? left->joined_day : right->joined_day;
    gx__tie_facts out = {
        .weight = (uint8_t)(near ? 40 + gx__below(&rng, 61) : 10 + gx__below(&rng, 41)),
        .family = near && gx__chance(&rng, 500),
    };
    int64_t second = gx__below(&rng, 30 * GX__DAY_S);
    out.since_s = GX__START_S + (int64_t)both * GX__DAY_S + second;
    return out;
}

uint32_t gx__tie_chance(const gx__shop *shop, uint32_t from, uint32_t to) {
    uint32_t weight = gx__tie_about(shop, from, to).weight;
    return weight * shop->member[to].sway[GX__FRIENDS] / 2;
}

uint32_t gx__leader_chance(const gx__shop *shop, const gx__leader *leader, uint32_t to) {
    return (uint32_t)leader->strength * shop->member[to].sway[GX__LEADER] * 2 / 5;
}

/* ---- follows
 * -------------------------------------------------------------------------------------- */

static bool is_followed(const gx__follow *follows, uint32_t count, uint32_t user) {
    for (uint32_t i = 0; i < count; i++) {
        if (follows[i].user == user) {
            return true;
        }
    }
    return false;
}

static uint32_t add_leader(gx__follow *out, uint32_t count, const gx__shop *shop, uint32_t user,
                           uint32_t place) {
    uint32_t who = shop->leader[place].user;
    if (who != user && count < GX__SHOP_FOLLOW && !is_followed(out, count, who)) {
        out[count++] = (gx__follow){who, place};
    }
    return count;
}

/* A leader among leader[from, to), by reach; GX_NONE where there is none. */
static uint32_t pick_by_reach(const gx__shop *shop, uint32_t from, uint32_t to, gx_rng *rng) {
    if (from == to) {
        return GX_NONE;
    }
    uint64_t at = shop->reach[from] + gx_rng_below(rng, shop->reach[to] - shop->reach[from]);
    while (to - from > 1) {
        uint32_t middle = from + (to - from) / 2;
        if (shop->reach[middle] <= at) {
            from = middle;
        } else {
            to = middle;
        }
    }
    return from;
}

uint32_t gx__follows(gx__follow out[GX__SHOP_FOLLOW], const gx__shop *shop, uint32_t user) {
    gx_rng rng = gx__shop_rng(shop, GX__STREAM_FOLLOW, user);
    const gx__member *member = &shop->member[user];
    uint32_t count = 0, top = gx__top_of(member->taste[0]);
    if (gx__chance(&rng, 6000)) { /* of its circle */
        uint32_t k = gx__below(&rng, gx__circle_leaders(shop, member->circle));
        count = add_leader(out, count, shop, user, shop->leader_of[member->circle] + k);
    }
    for (uint32_t more = gx__below(&rng, 4); more > 0; more--) { /* of its favourite category */
        uint32_t place =
            pick_by_reach(shop, shop->top_leader[top], shop->top_leader[top + 1], &rng);
        if (place != GX_NONE) {
            count = add_leader(out, count, shop, user, place);
        }
    }
    for (uint32_t more = gx__below(&rng, 3); more > 0; more--) { /* whom one has heard of */
        uint32_t place = pick_by_reach(shop, shop->leaders, shop->leaders + shop->decoys, &rng);
        count = add_leader(out, count, shop, user, place);
    }
    uint64_t degree = shop->friend_start[user + 1] - shop->friend_start[user];
    if (degree > 0 && gx__chance(&rng, 4000)) {
        uint32_t who = shop->friends[shop->friend_start[user] + gx_rng_below(&rng, degree)];
        if (!is_followed(out, count, who)) {
            out[count++] = (gx__follow){who, GX_NONE};
        }
    }
    return count;
}

gx__share gx__leader_share(const gx__shop *shop, uint32_t leader, uint32_t k) {
    const uint32_t in_top = GX__SHOP_LEAVES / GX__SHOP_TOPS;
    const gx__leader *about = &shop->leader[leader];
    gx_rng rng = gx__shop_rng(shop, GX__STREAM_SHARE, (uint64_t)leader << 8 | k);
    uint32_t leaf = about->leaf;
    if (!gx__chance(&rng, 6000)) {
        leaf = leaf / in_top * in_top + gx__below(&rng, in_top);
    }
    uint32_t item = gx__shelf_pick(shop, leaf, &rng);
    int64_t listed = GX__START_S + (int64_t)shop->item[item].listed_day * GX__DAY_S;
    return (gx__share){item, gx__moment(&rng, listed)};
}
