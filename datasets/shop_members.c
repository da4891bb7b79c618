/* Who is in the sample shop: members, their circles, leaders and decoys.
 *
 * Members are shuffled and cut into circles, so that an id says nothing of its circle. A circle has
 * a theme and a region, most of its members share them: homophily. Its size is heavy-tailed, and
 * grows with the square root of the shop, which keeps circles within what modularity can resolve.
 */
#include "datasets/shop.h"

#include <math.h>

enum { LEADER_PER = 60, DECOY_PER = 3 };

uint32_t gx__circle_size(const gx__shop *shop, uint32_t circle) {
    return shop->circle[circle + 1].start - shop->circle[circle].start;
}

static uint32_t smallest_circle(uint32_t users) {
    double size = 0.4 * sqrt((double)users);
    return size < 10 ? 10 : size > 400 ? 400 : (uint32_t)size;
}

/* Sizes in order until all members are placed; a rest that is too small joins the last. */
static uint32_t next_circle_end(gx_rng *rng, uint32_t start, uint32_t users, uint32_t smallest) {
    uint32_t size = (uint32_t)(smallest * gx__pareto(rng, 5));
    return users - start < size + smallest ? users : start + size;
}

static void shuffle_roster(gx__shop *shop, gx_rng *rng) {
    for (uint32_t i = 0; i < shop->users; i++) {
        uint32_t j = gx__below(rng, i + 1);
        shop->roster[i] = shop->roster[j];
        shop->roster[j] = i;
    }
}

static void draw_circles(gx__shop *shop) {
    gx_rng rng = gx__shop_rng(shop, GX__STREAM_CIRCLE, 0);
    uint32_t smallest = smallest_circle(shop->users), start = 0;
    shuffle_roster(shop, &rng);
    while (start < shop->users) {
        shop->circle[shop->circles++] =
            (gx__circle){.start = start,
                         .theme = (uint8_t)gx__below(&rng, GX__SHOP_LEAVES),
                         .region = (uint8_t)gx__below(&rng, GX__SHOP_REGIONS),
                         .age = (uint8_t)gx__below(&rng, 5),
                         .quarter = (uint8_t)gx__below(&rng, 4)};
        start = next_circle_end(&rng, start, shop->users, smallest);
    }
    shop->circle[shop->circles].start = shop->users;
}

/* One influence counts for most in every member: by taste, by friends, by the circle, by leaders.
 */
static void draw_sway(gx__member *member, gx_rng *rng) {
    static const uint8_t of_100[GX__CAUSES] = {35, 25, 20, 20};
    uint32_t at = gx__below(rng, 100), most = 0, rest = 100;
    while (at >= of_100[most]) {
        at -= of_100[most++];
    }
    for (uint32_t cause = 0; cause < GX__CAUSES; cause++) {
        if (cause != most) {
            member->sway[cause] = (uint8_t)(6 + gx__below(rng, 13));
            rest -= member->sway[cause];
        }
    }
    member->sway[most] = (uint8_t)rest;
}

/* The favourite is the circle's theme for six in ten, a neighbour of it for some, anything for
 * others. */
static uint8_t draw_favourite(gx_rng *rng, uint32_t theme) {
    const uint32_t in_top = GX__SHOP_LEAVES / GX__SHOP_TOPS;
    uint32_t at = gx__below(rng, 100);
    if (at < 60) {
        return (uint8_t)theme;
    }
    if (at < 75) {
        return (uint8_t)(theme / in_top * in_top + gx__below(rng, in_top));
    }
    return (uint8_t)gx__below(rng, GX__SHOP_LEAVES);
}

static gx__member draw_member(const gx__shop *shop, uint32_t user, uint32_t circle) {
    gx_rng rng = gx__shop_rng(shop, GX__STREAM_MEMBER, user);
    const gx__circle *home = &shop->circle[circle];
    gx__member out = {.circle = circle};
    draw_sway(&out, &rng);
    out.activity = (uint16_t)(400 * gx__pareto(&rng, 15));
    out.taste[0] = draw_favourite(&rng, home->theme);
    out.taste[1] = (uint8_t)gx__below(&rng, GX__SHOP_LEAVES);
    out.region = gx__chance(&rng, 7000) ? home->region : (uint8_t)gx__below(&rng, GX__SHOP_REGIONS);
    out.joined_day = (int16_t)(gx__chance(&rng, 8000) ? -1 - (int32_t)gx__below(&rng, 900)
                                                      : (int32_t)gx__below(&rng, 330));
    out.bargain = gx__chance(&rng, 500);
    return out;
}

/* ---- leaders -----------------------------------------------------------------------------------
 */

static gx__leader draw_leader(uint32_t user, uint8_t leaf, gx_rng *rng) {
    return (gx__leader){.user = user,
                        .shares = (uint16_t)(8 + gx__below(rng, 17)),
                        .reach = (uint16_t)(10 * gx__pareto(rng, 100)),
                        .leaf = leaf,
                        .strength = (uint8_t)(30 + gx__below(rng, 61))};
}

uint32_t gx__circle_leaders(const gx__shop *shop, uint32_t circle) {
    return 1 + gx__circle_size(shop, circle) / LEADER_PER;
}

/* The leaders of a circle are its first members (the roster is shuffled), who were there before the
 * year began. */
static void draw_leaders_of(gx__shop *shop, uint32_t circle, uint32_t *io_place) {
    gx_rng rng = gx__shop_rng(shop, GX__STREAM_LEADER, circle);
    uint32_t count = gx__circle_leaders(shop, circle), start = shop->circle[circle].start;
    for (uint32_t k = 0; k < count; k++) {
        uint32_t user = shop->roster[start + k];
        gx__member *member = &shop->member[user];
        member->joined_day = (int16_t)(-100 - (int32_t)gx__below(&rng, 800));
        member->taste[0] = shop->circle[circle].theme;
        shop->leader[(*io_place)++] = draw_leader(user, member->taste[0], &rng);
    }
    shop->leader_of[circle] = *io_place - count;
}

/* Circle by circle, but sorted by top category of the theme: a category's leaders lie together. */
static void draw_leaders(gx__shop *shop) {
    uint32_t place = 0;
    for (uint32_t top = 0; top < GX__SHOP_TOPS; top++) {
        shop->top_leader[top] = place;
        for (uint32_t circle = 0; circle < shop->circles; circle++) {
            if (gx__top_of(shop->circle[circle].theme) == top) {
                draw_leaders_of(shop, circle, &place);
            }
        }
    }
    shop->top_leader[GX__SHOP_TOPS] = place;
}

/* Followed by many, heeded by none: the last members of some circles. */
static void draw_decoys(gx__shop *shop) {
    for (uint32_t k = 0; k < shop->decoys; k++) {
        gx_rng rng = gx__shop_rng(shop, GX__STREAM_LEADER, (uint64_t)1 << 32 | k);
        uint32_t circle = (uint32_t)((uint64_t)k * shop->circles / shop->decoys);
        uint32_t user = shop->roster[shop->circle[circle + 1].start - 1];
        gx__leader decoy = draw_leader(user, shop->member[user].taste[0], &rng);
        decoy.strength = 0;
        shop->member[user].joined_day = -300;
        shop->leader[shop->leaders + k] = decoy;
    }
}

static void sum_reach(gx__shop *shop) {
    uint32_t count = shop->leaders + shop->decoys;
    for (uint32_t i = 0; i < count; i++) {
        shop->reach[i + 1] = shop->reach[i] + shop->leader[i].reach;
    }
}

/* ---- all of them
 * --------------------------------------------------------------------------------- */

static gx_status draw_everyone(gx__shop *shop, gx_job *job, gx_error *err) {
    for (uint32_t circle = 0; circle < shop->circles; circle++) {
        gx_status status = gx_job_check(job, err);
        if (status != GX_OK) {
            return status;
        }
        for (uint32_t i = shop->circle[circle].start; i < shop->circle[circle + 1].start; i++) {
            shop->member[shop->roster[i]] = draw_member(shop, shop->roster[i], circle);
        }
    }
    return GX_OK;
}

gx_status gx__shop_draw_members(gx__shop *shop, gx_job *job, gx_error *err) {
    uint32_t most = shop->users / smallest_circle(shop->users) + 2;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &shop->roster, shop->users, sizeof *shop->roster, err));
    GX_TRY(gx_job_alloc(job, &shop->member, shop->users, sizeof *shop->member, err));
    GX_TRY(gx_job_alloc(job, &shop->circle, most, sizeof *shop->circle, err));
    GX_TRY(gx_job_alloc(job, &shop->leader_of, most, sizeof *shop->leader_of, err));
    draw_circles(shop);
    for (uint32_t circle = 0; circle < shop->circles; circle++) {
        shop->leaders += gx__circle_leaders(shop, circle);
    }
    shop->decoys = 1 + shop->leaders / DECOY_PER;
    uint32_t known = shop->leaders + shop->decoys;
    GX_TRY(gx_job_alloc(job, &shop->leader, known, sizeof *shop->leader, err));
    GX_TRY(gx_job_alloc(job, &shop->reach, known + 1, sizeof *shop->reach, err));
    GX_TRY(draw_everyone(shop, job, err));
    draw_leaders(shop);
    draw_decoys(shop);
    sum_reach(shop);
done:
    return status;
}
