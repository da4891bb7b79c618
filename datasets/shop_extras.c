/* Accounts behind the members of the sample shop, only where they are asked for: fakes, who look
 * like leaders to whoever counts followers, and players, who play one role each.
 *
 * Every draw comes from streams of their own and all their rows come behind the others: the shop of
 * the same seed without them is the same but for what is here. Fakes come in schemes:
 *
 *   bought   a star that shares, and 30 to 60 accounts made to follow it: no friends, no acts; half
 *            of them follow the star of another scheme as well
 *   ring     8 to 14 accounts that follow one another and nobody else, and pass on within days what
 *            one of them shares: they seem to heed each other
 *   burst    a star whom a few per cent of all members begin to follow within three days, and
 *            whom hardly anybody followed before or does after
 *
 * Held: 16 bytes an account. */
#include "datasets/shop.h"

enum {
    FAKES_MAX = 3000,
    PLAYERS_MAX = 1000,
    STAR_FRIENDS = 3,
    FRIENDS_MAX = 48,
    RING_ITEMS = 10,
    PURPOSE_SIZE = 1, /* the high half of a stream's number */
    PURPOSE_DRAW,
    PURPOSE_FRIENDS,
    PURPOSE_FOLLOWERS,
    PURPOSE_ACTS,
    PURPOSE_ITEMS
};

static const char *const extra_name[GX__EXTRA_COUNT] = {
    "bought",   "bought",  "ring",   "burst",     "lurker", "buyer",
    "newcomer", "dormant", "bridge", "connector", "helper", "promoter"};

static gx_rng rng_of(const gx__shop *shop, uint64_t purpose, uint32_t number) {
    return gx__shop_rng(shop, GX__STREAM_EXTRA, purpose << 32 | number);
}

/* ---- who they are ---------------------------------------------------------------------------- */

/* Accounts of a scheme, the star included. */
static uint32_t scheme_size(const gx__shop *shop, uint32_t scheme) {
    gx_rng rng = rng_of(shop, PURPOSE_SIZE, scheme);
    switch (scheme % 3) {
    case 0:
        return 31 + gx__below(&rng, 31);
    case 1:
        return 8 + gx__below(&rng, 7);
    default:
        return 1;
    }
}

static gx__extra_kind scheme_kind(uint32_t scheme, uint32_t place) {
    return scheme % 3 == 0   ? place == 0 ? GX__EXTRA_STAR : GX__EXTRA_BOT
           : scheme % 3 == 1 ? GX__EXTRA_RING
                             : GX__EXTRA_BURST;
}

/* The larger of two circles drawn: whoever plays a part among others needs some. */
static uint32_t draw_home(const gx__shop *shop, gx_rng *rng) {
    uint32_t a = gx__below(rng, shop->circles), b = gx__below(rng, shop->circles);
    return gx__circle_size(shop, a) >= gx__circle_size(shop, b) ? a : b;
}

static gx__extra draw_extra(const gx__shop *shop, uint32_t place, gx__extra_kind kind,
                            uint32_t scheme, uint32_t first) {
    gx_rng rng = rng_of(shop, PURPOSE_DRAW, place);
    gx__extra out = {.kind = kind, .scheme = scheme, .first = first};
    out.circle = draw_home(shop, &rng);
    out.leaf = shop->circle[out.circle].theme;
    out.joined_day = (int16_t)(kind == GX__EXTRA_NEWCOMER ? 342 + (int32_t)gx__below(&rng, 16)
                               : kind == GX__EXTRA_BOT    ? (int32_t)gx__below(&rng, 300)
                                                          : -60 - (int32_t)gx__below(&rng, 600));
    return out;
}

gx_status gx__shop_draw_extras(gx__shop *shop, gx_job *job, gx_error *err) {
    const uint32_t fakes = shop->options.fakes, players = shop->options.players;
    uint32_t count = players * (GX__EXTRA_COUNT - GX__EXTRA_LURKER), at = 0;
    gx_status status = GX_OK;
    if (fakes > FAKES_MAX || players > PLAYERS_MAX) {
        return gx_fail_at(err, GX_BAD_REQUEST, fakes > FAKES_MAX ? "fakes" : "players",
                          "%u were asked for; accepted are at most %d",
                          fakes > FAKES_MAX ? fakes : players,
                          fakes > FAKES_MAX ? FAKES_MAX : PLAYERS_MAX);
    }
    for (uint32_t scheme = 0; scheme < fakes; scheme++) {
        count += scheme_size(shop, scheme);
    }
    GX_TRY(gx_job_alloc(job, &shop->extra, count, sizeof *shop->extra, err));
    for (uint32_t scheme = 0; scheme < fakes; scheme++) {
        const uint32_t first = at, size = scheme_size(shop, scheme);
        for (uint32_t k = 0; k < size; k++, at++) {
            shop->extra[at] = draw_extra(shop, at, scheme_kind(scheme, k), scheme, first);
        }
    }
    for (uint32_t k = 0; k < players; k++) {
        for (uint32_t kind = GX__EXTRA_LURKER; kind < GX__EXTRA_COUNT; kind++, at++) {
            shop->extra[at] = draw_extra(shop, at, (gx__extra_kind)kind, GX_NONE, at);
        }
    }
    shop->extras = count;
done:
    return status;
}

bool gx__extra_is_fake(const gx__extra *extra) {
    return extra->kind < GX__EXTRA_LURKER;
}

const char *gx__extra_role(const gx__extra *extra) {
    return extra_name[extra->kind];
}

/* "star", "follower" or "member" of a scheme. */
const char *gx__extra_part(const gx__extra *extra) {
    return extra->kind == GX__EXTRA_BOT    ? "follower"
           : extra->kind == GX__EXTRA_RING ? "member"
                                           : "star";
}

/* ---- ties ------------------------------------------------------------------------------------ */

static int64_t on_day(int32_t day, gx_rng *rng) {
    return GX__START_S + (int64_t)day * GX__DAY_S + gx__below(rng, GX__DAY_S);
}

static void put_tie(const gx__extra_out *out, uint32_t src, uint32_t dst, const char *kind,
                    uint32_t hundredths, int64_t since_s) {
    const bool both = strcmp(kind, "friend") == 0;
    out->tie(out->data, &(gx__extra_tie){src, dst, kind, hundredths, since_s, !both});
}

/* `count` different members of the circle, but for repeats in a circle that is too small. */
static void befriend(const gx__extra_out *out, const gx__shop *shop, uint32_t place,
                     uint32_t circle, uint32_t count, uint32_t hundredths, gx_rng *rng) {
    const gx__extra *extra = &shop->extra[place];
    uint32_t chosen[FRIENDS_MAX], start = shop->circle[circle].start;
    const uint32_t size = gx__circle_size(shop, circle);
    count = count < size ? count : size;
    count = count < FRIENDS_MAX ? count : FRIENDS_MAX;
    const uint32_t from = gx__below(rng, size);
    for (uint32_t k = 0; k < count; k++) { /* in strides of one: different for sure */
        chosen[k] = shop->roster[start + (from + k) % size];
        int32_t day = extra->joined_day > shop->member[chosen[k]].joined_day
                          ? extra->joined_day
                          : shop->member[chosen[k]].joined_day;
        put_tie(out, shop->users + place, chosen[k], "friend", hundredths, on_day(day, rng));
    }
}

/* Into `count` circles beside the own one. */
static void reach_out(const gx__extra_out *out, const gx__shop *shop, uint32_t place,
                      uint32_t count, uint32_t each, gx_rng *rng) {
    const uint32_t own = shop->extra[place].circle;
    const uint32_t step = shop->circles > count + 1 ? shop->circles / (count + 1) : 1;
    for (uint32_t k = 1; k <= count && k < shop->circles; k++) {
        befriend(out, shop, place, (own + k * step) % shop->circles, each, 60, rng);
    }
}

/* Members who began to follow the star, each once: strides through the numbers of members. */
static void put_followers(const gx__extra_out *out, const gx__shop *shop, uint32_t place,
                          uint32_t count, int32_t from_day, uint32_t days, uint64_t purpose) {
    gx_rng rng = rng_of(shop, purpose, place);
    const uint32_t step = shop->users / count, first = gx__below(&rng, shop->users);
    for (uint32_t k = 0; k < count && step > 0; k++) {
        uint32_t user = (first + k * step + gx__below(&rng, step)) % shop->users;
        int32_t day = from_day + (int32_t)gx__below(&rng, days);
        if (shop->member[user].joined_day <= day) {
            put_tie(out, user, shop->users + place, "follow", 25, on_day(day, &rng));
        }
    }
}

static void put_bot_ties(const gx__extra_out *out, const gx__shop *shop, uint32_t place,
                         gx_rng *rng) {
    const gx__extra *extra = &shop->extra[place];
    const uint32_t schemes = (shop->options.fakes + 2) / 3; /* of bought followers */
    int32_t day = extra->joined_day + (int32_t)gx__below(rng, 40);
    put_tie(out, shop->users + place, shop->users + extra->first, "follow", 25, on_day(day, rng));
    uint32_t other = 3 * gx__below(rng, schemes);
    if (other != extra->scheme && gx__chance(rng, 7500)) {
        uint32_t at = 0;
        while (shop->extra[at].scheme != other) {
            at++;
        }
        put_tie(out, shop->users + place, shop->users + at, "follow", 25, on_day(day + 3, rng));
    }
}

static void put_ring_ties(const gx__extra_out *out, const gx__shop *shop, uint32_t place,
                          gx_rng *rng) {
    const gx__extra *extra = &shop->extra[place];
    for (uint32_t at = extra->first; at < shop->extras && shop->extra[at].scheme == extra->scheme;
         at++) {
        if (at != place && gx__chance(rng, 9000)) {
            int32_t day = (int32_t)gx__below(rng, 60);
            put_tie(out, shop->users + place, shop->users + at, "follow", 25, on_day(day, rng));
        }
    }
}

/* Answers to others, anywhere in its circle, some of them often. */
static void put_answers(const gx__extra_out *out, const gx__shop *shop, uint32_t place,
                        gx_rng *rng) {
    const uint32_t circle = shop->extra[place].circle, size = gx__circle_size(shop, circle);
    const uint32_t from = gx__below(rng, size), count = size < 30 ? size : 30;
    for (uint32_t k = 0; k < count; k++) {
        uint32_t user = shop->roster[shop->circle[circle].start + (from + k) % size];
        int64_t at_s = on_day(100 + (int32_t)gx__below(rng, 250), rng);
        put_tie(out, shop->users + place, user, k % 3 ? "reply" : "comment",
                100 * (1 + gx__below(rng, 3)), at_s);
    }
}

void gx__extra_put_ties(const gx__extra_out *out, const gx__shop *shop, uint32_t place) {
    const gx__extra *extra = &shop->extra[place];
    gx_rng rng = rng_of(shop, PURPOSE_FRIENDS, place);
    switch ((gx__extra_kind)extra->kind) {
    case GX__EXTRA_STAR:
    case GX__EXTRA_BURST:
        befriend(out, shop, place, extra->circle, STAR_FRIENDS, 50, &rng);
        put_followers(out, shop, place, 3, 0, 360, PURPOSE_SIZE);
        if (extra->kind == GX__EXTRA_BURST) {
            uint32_t many = shop->users / 40;
            many = many < 30 ? 30 : many > 400 ? 400 : many;
            put_followers(out, shop, place, many, 60 + (int32_t)gx__below(&rng, 250), 3,
                          PURPOSE_FOLLOWERS);
        }
        break;
    case GX__EXTRA_BOT:
        put_bot_ties(out, shop, place, &rng);
        break;
    case GX__EXTRA_RING:
        put_ring_ties(out, shop, place, &rng);
        break;
    case GX__EXTRA_BRIDGE:
        befriend(out, shop, place, extra->circle, 2, 60, &rng);
        reach_out(out, shop, place, 5, 2, &rng);
        break;
    case GX__EXTRA_CONNECTOR:
        befriend(out, shop, place, extra->circle, 40, 100, &rng);
        reach_out(out, shop, place, 5, 5, &rng);
        break;
    case GX__EXTRA_HELPER:
        befriend(out, shop, place, extra->circle, 5, 60, &rng);
        put_answers(out, shop, place, &rng);
        break;
    case GX__EXTRA_NEWCOMER:
        befriend(out, shop, place, extra->circle, 2, 60, &rng);
        break;
    default:
        befriend(out, shop, place, extra->circle, 5, 60, &rng);
    }
}

/* ---- acts ------------------------------------------------------------------------------------ */

/* `count` acts from a day on, of a product of its category or, one in three, of any. */
static void act(const gx__extra_out *out, const gx__shop *shop, uint32_t place, gx__extra_act what,
                uint32_t count, int32_t from_day, uint32_t days, gx_rng *rng) {
    for (; count > 0; count--) {
        uint32_t leaf =
            gx__below(rng, 3) ? shop->extra[place].leaf : gx__below(rng, GX__SHOP_LEAVES);
        uint32_t item = gx__shelf_pick(shop, leaf, rng);
        int64_t at_s = on_day(from_day + (int32_t)gx__below(rng, days), rng);
        int64_t listed = GX__START_S + (int64_t)shop->item[item].listed_day * GX__DAY_S;
        if (at_s > listed) {
            out->act(out->data, shop->users + place, item, what, at_s);
        }
    }
}

/* What one of the ring shares the others pass on, most of them and within two days. */
static void put_ring_acts(const gx__extra_out *out, const gx__shop *shop, uint32_t place,
                          gx_rng *rng) {
    const gx__extra *extra = &shop->extra[place];
    for (uint32_t k = 0; k < RING_ITEMS; k++) {
        gx_rng of_all = rng_of(shop, PURPOSE_ITEMS, extra->scheme * RING_ITEMS + k);
        uint32_t item = gx__shelf_pick(shop, gx__below(&of_all, GX__SHOP_LEAVES), &of_all);
        int64_t listed = GX__START_S + (int64_t)shop->item[item].listed_day * GX__DAY_S;
        int64_t first = gx__moment(&of_all, listed);
        if (gx__chance(rng, 8500)) {
            out->act(out->data, shop->users + place, item, GX__EXTRA_SHARES,
                     first + gx__below(rng, 2 * GX__DAY_S));
        }
    }
}

void gx__extra_put_acts(const gx__extra_out *out, const gx__shop *shop, uint32_t place) {
    gx_rng rng = rng_of(shop, PURPOSE_ACTS, place);
    switch ((gx__extra_kind)shop->extra[place].kind) {
    case GX__EXTRA_BOT:
        break;
    case GX__EXTRA_RING:
        put_ring_acts(out, shop, place, &rng);
        break;
    case GX__EXTRA_STAR:
    case GX__EXTRA_BURST:
        act(out, shop, place, GX__EXTRA_SHARES, 12 + gx__below(&rng, 13), 0, 360, &rng);
        break;
    case GX__EXTRA_LURKER:
        act(out, shop, place, GX__EXTRA_VIEWS, 50 + gx__below(&rng, 40), 0, 363, &rng);
        break;
    case GX__EXTRA_BUYER:
        act(out, shop, place, GX__EXTRA_BUYS, 40 + gx__below(&rng, 20), 0, 363, &rng);
        break;
    case GX__EXTRA_NEWCOMER:
        act(out, shop, place, GX__EXTRA_VIEWS, 3 + gx__below(&rng, 4), 358, 6, &rng);
        break;
    case GX__EXTRA_DORMANT:
        act(out, shop, place, GX__EXTRA_VIEWS, 15 + gx__below(&rng, 15), 0, 150, &rng);
        act(out, shop, place, GX__EXTRA_BUYS, 3 + gx__below(&rng, 4), 0, 150, &rng);
        break;
    case GX__EXTRA_PROMOTER:
        act(out, shop, place, GX__EXTRA_SHARES, 40 + gx__below(&rng, 30), 0, 363, &rng);
        break;
    default:
        act(out, shop, place, GX__EXTRA_VIEWS, 8 + gx__below(&rng, 8), 200, 160, &rng);
        act(out, shop, place, GX__EXTRA_BUYS, 2, 200, 160, &rng);
    }
}
