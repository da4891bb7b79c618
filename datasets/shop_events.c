/* The log of the sample shop, member by member.
 *
 * A purchase has one of four causes. By taste: a product of a favourite category. By the circle:
 * what is hot there in that quarter. By a leader: what one it follows has shared. By friends:
 * somebody who bought may share it, and each friend buys with the chance of the tie, and may share
 * on: an independent cascade (Goldenberg, Libai and Muller 2001; Kempe, Kleinberg and Tardos 2003,
 * section 2). Around every purchase there is what people do: look, put into the cart, rate, return.
 * Held: what one cascade touches. */
#include "datasets/shop.h"

enum {
    CHECK_EVERY = 256,
    CASCADE_MAX = 4096, /* shares in one cascade */
    SHARE_CHANCE = 3000,
    SILENT_CHANCE = 2500, /* bought because of a friend, and the log does not say so */
    MINUTE_S = 60,
    HOUR_S = 3600,
    MONTHS = 12
};

typedef enum action { VIEW, CART, BUY, RATE, SHARE, LIKE, REFUND, DISLIKE } action;
static const char *const action_name[] = {"view",  "cart", "buy",    "rate",
                                          "share", "like", "refund", "dislike"};

typedef enum channel { APP, MINI_PROGRAM, GROUP, OFFLINE } channel;
static const char *const channel_name[] = {"app", "mini_program", "group", "offline"};

/* Which coupon a purchase came with. */
typedef enum coupon { NO_COUPON, MONTH_COUPON, CIRCLE_COUPON } coupon;

typedef struct event {
    uint32_t user, item;
    action action;
    int64_t at_s;
    uint32_t value; /* stars of a rating, else 0 */
    uint32_t qty;   /* of a purchase or a return, else 0 */
    channel channel;
    uint32_t via;    /* GX_NONE: nobody */
    uint32_t leader; /* whose campaign it is, GX_NONE: none */
    coupon coupon;
} event;

/* A share on its way to the sharer's friends. */
typedef struct spark {
    uint32_t user;
    int64_t at_s;
} spark;

typedef struct log_writer {
    const gx__shop *shop;
    gx__csv events, causes;
    uint32_t *seen; /* the last cascade that each member bought in */
    uint32_t cascade;
    spark *queue;
    uint32_t queued;
} log_writer;

/* What made somebody buy, and who. */
typedef struct reason {
    gx__cause cause;
    uint32_t who;    /* friend or leader: a member; circle: a circle; interest: a leaf */
    uint32_t leader; /* place in `leader`, GX_NONE: none */
    bool silent;
} reason;

/* ---- rows ---------------------------------------------------------------------------------------
 */

static uint32_t part_of_year(int64_t at_s, uint32_t parts) {
    return (uint32_t)((at_s - GX__START_S) * parts / (GX__END_S - GX__START_S));
}

static void put_campaign(gx__csv *csv, const gx__shop *shop, const event *it) {
    if (it->leader == GX_NONE) {
        gx__csv_empty(csv);
        return;
    }
    gx__csv_text(csv, gx__leaf_word[shop->leader[it->leader].leaf].top);
    gx__csv_more(csv, "-");
    gx__csv_more(csv, gx__season_name[part_of_year(it->at_s, 4)]);
}

static void put_coupon(gx__csv *csv, const gx__shop *shop, const event *it) {
    switch (it->coupon) {
    case MONTH_COUPON:
        gx__put_month_coupon(csv, part_of_year(it->at_s, MONTHS));
        break;
    case CIRCLE_COUPON:
        gx__put_circle_coupon(csv, shop->member[it->user].circle);
        break;
    case NO_COUPON:
        gx__csv_empty(csv);
        break;
    }
}

/* Events after the end of the log did not happen. */
static bool put_event(log_writer *log, const event *it) {
    const gx__shop *shop = log->shop;
    gx__csv *csv = &log->events;
    if (it->at_s >= GX__END_S) {
        return false;
    }
    gx__csv_named(csv, "e", csv->rows + 1);
    gx__put_user(csv, it->user);
    gx__put_item(csv, shop, it->item);
    gx__csv_text(csv, action_name[it->action]);
    gx__csv_time(csv, it->at_s);
    if (it->value > 0) {
        gx__csv_int(csv, it->value);
    } else {
        gx__csv_empty(csv);
    }
    if (it->qty > 0) {
        gx__csv_int(csv, it->qty);
        gx__csv_fixed(csv, (uint64_t)shop->item[it->item].price_cents * it->qty, 2);
    } else {
        gx__csv_empty(csv);
        gx__csv_empty(csv);
    }
    gx__csv_text(csv, channel_name[it->channel]);
    if (it->channel == GROUP) {
        gx__put_group(csv, shop->member[it->user].circle);
    } else {
        gx__csv_empty(csv);
    }
    if (it->via == GX_NONE) {
        gx__csv_empty(csv);
    } else {
        gx__put_user(csv, it->via);
    }
    put_campaign(csv, shop, it);
    put_coupon(csv, shop, it);
    gx__csv_text(csv, it->channel == OFFLINE ? "store-" : "");
    if (it->channel == OFFLINE) {
        gx__csv_more(csv, gx__city_name[shop->member[it->user].region]);
    }
    gx__csv_end(csv);
    return true;
}

/* Of the event written last. */
static void put_cause(log_writer *log, const reason *why) {
    gx__csv *csv = &log->causes;
    gx__csv_named(csv, "e", log->events.rows);
    gx__csv_text(csv, gx__cause_name[why->cause]);
    switch (why->cause) {
    case GX__INTEREST:
        gx__put_leaf(csv, why->who);
        break;
    case GX__CIRCLE:
        gx__put_circle(csv, why->who);
        break;
    default:
        gx__put_user(csv, why->who);
    }
    gx__csv_end(csv);
}

/* ---- one purchase
 * ---------------------------------------------------------------------------------- */

static int64_t known_since(const gx__shop *shop, uint32_t user, uint32_t item) {
    int32_t joined = shop->member[user].joined_day, listed = shop->item[item].listed_day;
    return GX__START_S + (int64_t)(joined > listed ? joined : listed) * GX__DAY_S;
}

static coupon draw_coupon(const gx__shop *shop, const event *buy, gx_rng *rng) {
    const gx__member *member = &shop->member[buy->user];
    uint32_t at = gx__below(rng, 100);
    if (member->bargain || at < 8) {
        return MONTH_COUPON;
    }
    bool open = part_of_year(buy->at_s, 4) == shop->circle[member->circle].quarter;
    return open && at < 25 ? CIRCLE_COUPON : NO_COUPON;
}

static void put_before(log_writer *log, const event *buy, gx_rng *rng) {
    event step = *buy;
    step.qty = 0;
    step.coupon = NO_COUPON;
    step.action = VIEW;
    step.at_s = buy->at_s - 6 * MINUTE_S - gx__below(rng, 20 * MINUTE_S);
    put_event(log, &step);
    if (gx__chance(rng, 5000)) {
        step.action = CART;
        step.at_s = buy->at_s - MINUTE_S - gx__below(rng, 4 * MINUTE_S);
        put_event(log, &step);
    }
}

/* Who bought by taste is pleased more often. */
static uint32_t draw_stars(const gx__shop *shop, const event *buy, gx_rng *rng) {
    const gx__member *member = &shop->member[buy->user];
    uint32_t leaf = shop->item[buy->item].leaf;
    bool liked = leaf == member->taste[0] || leaf == member->taste[1];
    return liked ? 4 + gx__below(rng, 2) : 2 + gx__below(rng, 4);
}

static void put_after(log_writer *log, const event *buy, gx_rng *rng) {
    event step = *buy;
    step.via = GX_NONE;
    step.leader = GX_NONE;
    step.coupon = NO_COUPON;
    step.channel = APP;
    if (gx__chance(rng, 2000)) {
        step.action = RATE;
        step.qty = 0;
        step.value = draw_stars(log->shop, buy, rng);
        step.at_s = gx__later(rng, buy->at_s, 5 * GX__DAY_S);
        put_event(log, &step);
    }
    if (gx__chance(rng, 250)) {
        step.action = REFUND;
        step.qty = buy->qty;
        step.value = 0;
        step.at_s = gx__later(rng, buy->at_s, 8 * GX__DAY_S);
        put_event(log, &step);
    }
}

static channel draw_channel(gx_rng *rng) {
    uint32_t at = gx__below(rng, 100);
    return at < 55 ? APP : at < 80 ? MINI_PROGRAM : at < 93 ? GROUP : OFFLINE;
}

/* A purchase with what goes before and after it. Where the buyer shares it, the share is queued. */
static void buy(log_writer *log, uint32_t user, uint32_t item, int64_t at_s, const reason *why,
                gx_rng *rng) {
    event it = {.user = user,
                .item = item,
                .action = BUY,
                .at_s = at_s,
                .qty = gx__chance(rng, 1200) ? 2 : 1,
                .channel = draw_channel(rng),
                .via = GX_NONE,
                .leader = GX_NONE};
    bool led = why->cause == GX__FRIENDS || why->cause == GX__LEADER;
    if (at_s >= GX__END_S) {
        return;
    }
    if (led && !why->silent) {
        it.via = why->who;
        it.leader = why->leader;
    }
    it.coupon = draw_coupon(log->shop, &it, rng);
    put_before(log, &it, rng);
    put_event(log, &it);
    put_cause(log, why);
    put_after(log, &it, rng);
    if (log->queued < CASCADE_MAX && gx__chance(rng, SHARE_CHANCE)) {
        event share = {.user = user,
                       .item = item,
                       .action = SHARE,
                       .at_s = gx__later(rng, at_s, 12 * HOUR_S),
                       .channel = GROUP,
                       .via = GX_NONE,
                       .leader = GX_NONE};
        if (put_event(log, &share)) {
            log->queue[log->queued++] = (spark){user, share.at_s};
        }
    }
}

/* ---- a cascade
 * --------------------------------------------------------------------------------------- */

/* Each friend of the sharer has one chance. */
static void reach_friends(log_writer *log, const spark *from, uint32_t item, gx_rng *rng) {
    const gx__shop *shop = log->shop;
    for (uint64_t i = shop->friend_start[from->user]; i < shop->friend_start[from->user + 1]; i++) {
        uint32_t to = shop->friends[i];
        if (!gx__chance(rng, gx__tie_chance(shop, from->user, to)) ||
            log->seen[to] == log->cascade) {
            continue;
        }
        int64_t at_s = gx__later(rng, from->at_s, 2 * GX__DAY_S);
        if (at_s < known_since(shop, to, item)) {
            continue; /* not a member yet */
        }
        reason why = {GX__FRIENDS, from->user, GX_NONE, gx__chance(rng, SILENT_CHANCE)};
        log->seen[to] = log->cascade;
        buy(log, to, item, at_s, &why, rng);
    }
}

/* A purchase that nobody's share brought about, and all that follows from it among friends. */
static void begin_cascade(log_writer *log, uint32_t user, uint32_t item, int64_t at_s,
                          const reason *why, gx_rng *rng) {
    log->cascade++;
    log->queued = 0;
    log->seen[user] = log->cascade;
    buy(log, user, item, at_s, why, rng);
    for (uint32_t i = 0; i < log->queued; i++) {
        spark from = log->queue[i];
        reach_friends(log, &from, item, rng);
    }
}

/* ---- what one member does of itself
 * ------------------------------------------------------------------- */

static uint32_t draw_leaf(const gx__member *member, gx_rng *rng) {
    uint32_t at = gx__below(rng, 100);
    return at < 60   ? member->taste[0]
           : at < 90 ? member->taste[1]
                     : gx__below(rng, GX__SHOP_LEAVES);
}

static void by_interest(log_writer *log, uint32_t user, gx_rng *rng) {
    const gx__member *member = &log->shop->member[user];
    uint32_t count =
        gx__round_up_or_down(rng, (uint64_t)member->activity * member->sway[GX__INTEREST]);
    for (; count > 0; count--) {
        uint32_t leaf = draw_leaf(member, rng), item = gx__shelf_pick(log->shop, leaf, rng);
        reason why = {GX__INTEREST, leaf, GX_NONE, false};
        begin_cascade(log, user, item, gx__moment(rng, known_since(log->shop, user, item)), &why,
                      rng);
    }
}

/* The hottest of the quarter most often: places 0 … 5 by 6 : 5 : 4 : 3 : 2 : 1. */
static uint32_t draw_heat(gx_rng *rng) {
    uint32_t at = gx__below(rng, GX__SHOP_HOT * (GX__SHOP_HOT + 1) / 2), place = 0;
    while (at >= GX__SHOP_HOT - place) {
        at -= GX__SHOP_HOT - place++;
    }
    return place;
}

static void by_circle(log_writer *log, uint32_t user, gx_rng *rng) {
    const gx__member *member = &log->shop->member[user];
    uint32_t count =
        gx__round_up_or_down(rng, (uint64_t)member->activity * member->sway[GX__CIRCLE]);
    for (; count > 0; count--) {
        int64_t at_s = gx__moment(rng, GX__START_S + (int64_t)member->joined_day * GX__DAY_S);
        if (at_s >= GX__END_S) {
            continue;
        }
        uint32_t item =
            gx__hot_item(log->shop, member->circle, part_of_year(at_s, 4), draw_heat(rng));
        reason why = {GX__CIRCLE, member->circle, GX_NONE, false};
        if (at_s >= known_since(log->shop, user, item)) {
            begin_cascade(log, user, item, at_s, &why, rng);
        }
    }
}

/* Every share of every leader it follows has one chance. */
static void by_leaders(log_writer *log, uint32_t user, gx_rng *rng) {
    const gx__shop *shop = log->shop;
    gx__follow follows[GX__SHOP_FOLLOW];
    uint32_t count = gx__follows(follows, shop, user);
    for (uint32_t i = 0; i < count; i++) {
        if (follows[i].leader == GX_NONE) {
            continue;
        }
        const gx__leader *leader = &shop->leader[follows[i].leader];
        uint32_t chance = gx__leader_chance(shop, leader, user);
        for (uint32_t k = 0; k < leader->shares; k++) {
            if (!gx__chance(rng, chance)) {
                continue;
            }
            gx__share share = gx__leader_share(shop, follows[i].leader, k);
            int64_t at_s = gx__later(rng, share.at_s, 2 * GX__DAY_S);
            reason why = {GX__LEADER, leader->user, follows[i].leader, false};
            if (share.at_s < GX__END_S && at_s >= known_since(shop, user, share.item)) {
                begin_cascade(log, user, share.item, at_s, &why, rng);
            }
        }
    }
}

/* Looking around, mostly by taste: at products, and at what is written about them. */
static void look_around(log_writer *log, uint32_t user, gx_rng *rng) {
    const gx__shop *shop = log->shop;
    const gx__member *member = &shop->member[user];
    uint32_t count = gx__round_up_or_down(rng, (uint64_t)member->activity * 100);
    for (; count > 0; count--) {
        bool product = shop->contents == 0 || gx__chance(rng, 9000);
        uint32_t item = product ? gx__shelf_pick(shop, draw_leaf(member, rng), rng)
                                : shop->products + gx__below(rng, shop->contents);
        event look = {.user = user,
                      .item = item,
                      .action = gx__chance(rng, 8500) ? VIEW : LIKE,
                      .at_s = gx__moment(rng, known_since(shop, user, item)),
                      .channel = draw_channel(rng),
                      .via = GX_NONE,
                      .leader = GX_NONE};
        put_event(log, &look);
    }
}

/* Now and then something that is not to their taste. Draws of a stream of their own, behind all
 * that members do else: nothing planted changes by it. */
static void turn_down(log_writer *log, uint32_t user) {
    const gx__shop *shop = log->shop;
    const gx__member *member = &shop->member[user];
    gx_rng rng = gx__shop_rng(shop, GX__STREAM_DISLIKE, user);
    uint32_t count = gx__round_up_or_down(&rng, (uint64_t)member->activity * 4);
    for (; count > 0; count--) {
        const uint32_t leaf = gx__below(&rng, GX__SHOP_LEAVES);
        const uint32_t item = gx__shelf_pick(shop, leaf, &rng);
        const event it = {.user = user,
                          .item = item,
                          .action = DISLIKE,
                          .at_s = gx__moment(&rng, known_since(shop, user, item)),
                          .channel = draw_channel(&rng),
                          .via = GX_NONE,
                          .leader = GX_NONE};
        if (leaf != member->taste[0] && leaf != member->taste[1]) {
            put_event(log, &it);
        }
    }
}

static void put_leader_shares(log_writer *log, uint32_t place) {
    const gx__leader *leader = &log->shop->leader[place];
    for (uint32_t k = 0; k < leader->shares; k++) {
        gx__share share = gx__leader_share(log->shop, place, k);
        event it = {.user = leader->user,
                    .item = share.item,
                    .action = SHARE,
                    .at_s = share.at_s,
                    .channel = GROUP,
                    .via = GX_NONE,
                    .leader = place};
        put_event(log, &it);
    }
}

/* ---- all of them
 * ------------------------------------------------------------------------------------- */

static gx_status write_members(log_writer *log, gx_job *job, gx_error *err) {
    const gx__shop *shop = log->shop;
    gx_job_stage(job, "events", shop->users);
    for (uint32_t user = 0; user < shop->users; user++) {
        gx_rng rng = gx__shop_rng(shop, GX__STREAM_EVENTS, user);
        by_interest(log, user, &rng);
        by_circle(log, user, &rng);
        by_leaders(log, user, &rng);
        look_around(log, user, &rng);
        if (user % CHECK_EVERY == 0) {
            gx_job_tick(job, user);
            gx_status status = gx_job_check(job, err);
            if (status != GX_OK) {
                return status;
            }
        }
    }
    return GX_OK;
}

static gx_status write_dislikes(log_writer *log, gx_job *job, gx_error *err) {
    for (uint32_t user = 0; user < log->shop->users; user++) {
        turn_down(log, user);
        if (user % CHECK_EVERY == 0) {
            gx_status status = gx_job_check(job, err);
            if (status != GX_OK) {
                return status;
            }
        }
    }
    return GX_OK;
}

/* Views until there are as many events as were asked for. Who looks is drawn by friendships, so
 * that the number of events a member has stays heavy-tailed. */
static gx_status fill_up(log_writer *log, gx_job *job, gx_error *err) {
    const gx__shop *shop = log->shop;
    uint64_t ends = shop->friend_start[shop->users], row = 0;
    gx_job_stage(job, "views", shop->options.events);
    while (log->events.rows < shop->options.events) {
        gx_rng rng = gx__shop_rng(shop, GX__STREAM_FILLER, row);
        uint32_t user = ends > 0 ? shop->friends[gx_rng_below(&rng, ends)] : 0;
        uint32_t item = gx__shelf_pick(shop, draw_leaf(&shop->member[user], &rng), &rng);
        event look = {.user = user,
                      .item = item,
                      .action = VIEW,
                      .at_s = gx__moment(&rng, known_since(shop, user, item)),
                      .channel = draw_channel(&rng),
                      .via = GX_NONE,
                      .leader = GX_NONE};
        put_event(log, &look);
        if (row++ % (64 * CHECK_EVERY) == 0) {
            gx_job_tick(job, log->events.rows);
            gx_status status = gx_job_check(job, err);
            if (status != GX_OK) {
                return status;
            }
        }
    }
    return GX_OK;
}

static void put_extra_act(void *data, uint32_t user, uint32_t item, gx__extra_act what,
                          int64_t at_s) {
    static const action of[] = {VIEW, SHARE, BUY};
    const event it = {.user = user,
                      .item = item,
                      .action = of[what],
                      .at_s = at_s,
                      .qty = what == GX__EXTRA_BUYS ? 1 : 0,
                      .channel = APP,
                      .via = GX_NONE,
                      .leader = GX_NONE};
    put_event(data, &it);
}

static void write_extras(log_writer *log) {
    const gx__extra_out out = {.data = log, .act = put_extra_act};
    for (uint32_t i = 0; i < log->shop->extras; i++) {
        gx__extra_put_acts(&out, log->shop, i);
    }
}

gx_status gx__shop_write_events(const char *path, const gx__shop *shop, gx_job *job,
                                gx_error *err) {
    log_writer log = {.shop = shop, .events = {.fd = -1}, .causes = {.fd = -1}};
    gx_status status;
    GX_TRY(gx_job_alloc(job, &log.seen, shop->users, sizeof *log.seen, err));
    GX_TRY(gx_job_alloc(job, &log.queue, CASCADE_MAX, sizeof *log.queue, err));
    GX_TRY(gx__csv_open(&log.events, path, "events.csv",
                        "event_id,user_id,item_id,action,ts,value,qty,amount,channel,group_id,via,"
                        "campaign,coupon,store",
                        shop->options.gzip, err));
    GX_TRY(gx__csv_open(&log.causes, path, "truth/causes.csv", "event_id,cause,who",
                        shop->options.gzip, err));
    for (uint32_t place = 0; place < shop->leaders + shop->decoys; place++) {
        put_leader_shares(&log, place);
    }
    GX_TRY(write_members(&log, job, err));
    GX_TRY(write_dislikes(&log, job, err));
    GX_TRY(fill_up(&log, job, err));
    write_extras(&log);
    GX_TRY(gx__csv_close(&log.causes, err));
    GX_TRY(gx__csv_close(&log.events, err));
done:
    gx__csv_abandon(&log.causes);
    gx__csv_abandon(&log.events);
    gx_job_free(job, log.queue);
    gx_job_free(job, log.seen);
    return status;
}
