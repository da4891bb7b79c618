/* The files of the sample shop that say who and what there is: users, items, groups, members, ties,
 * coupons. Each is one loop over the world; facts that nothing else needs are drawn here. */
#include "datasets/shop.h"

enum { FOLLOW_WEIGHT = 25, MONTHS = 12, CHECK_EVERY = 1 << 14, TOPIC_PER = 500 };

/* Opens, writes all rows with `rows`, closes. */
typedef gx_status (*rows_fn)(gx__csv *csv, const gx__shop *shop, gx_job *job, gx_error *err);

static gx_status write_file(const char *path, const char *name, const char *header, rows_fn rows,
                            const gx__shop *shop, gx_job *job, gx_error *err) {
    gx__csv csv = {.fd = -1};
    gx_status status;
    GX_TRY(gx__csv_open(&csv, path, name, header, shop->options.gzip, err));
    GX_TRY(rows(&csv, shop, job, err));
    GX_TRY(gx__csv_close(&csv, err));
done:
    gx__csv_abandon(&csv);
    return status;
}

/* Cheap enough to ask at every row. */
static gx_status check(gx_job *job, uint32_t row, gx_error *err) {
    return row % CHECK_EVERY == 0 ? gx_job_check(job, err) : GX_OK;
}

static int64_t day_s(int32_t day) {
    return GX__START_S + (int64_t)day * GX__DAY_S;
}

static void put_optional_user(gx__csv *csv, uint32_t user) {
    if (user == GX_NONE) {
        gx__csv_empty(csv);
    } else {
        gx__put_user(csv, user);
    }
}

/* ---- users --------------------------------------------------------------------------------------
 */

/* Somebody of the circle who was there before, for seven in ten who look for one. */
static uint32_t draw_inviter(const gx__shop *shop, uint32_t user, gx_rng *rng) {
    const gx__member *member = &shop->member[user];
    uint32_t start = shop->circle[member->circle].start;
    if (!gx__chance(rng, 7000)) {
        return GX_NONE;
    }
    for (int tries = 0; tries < 4; tries++) {
        uint32_t other =
            shop->roster[start + gx__below(rng, gx__circle_size(shop, member->circle))];
        if (shop->member[other].joined_day < member->joined_day) {
            return other;
        }
    }
    return GX_NONE;
}

static void put_user_row(gx__csv *csv, const gx__shop *shop, uint32_t user) {
    static const char *const ages[] = {"18-24", "25-29", "30-34", "35-44", "45-54", "55+"};
    static const char *const channels[] = {"wechat", "qr_code", "store", "live", "search"};
    gx_rng rng = gx__shop_rng(shop, GX__STREAM_PROFILE, user);
    const gx__member *member = &shop->member[user];
    uint32_t age = shop->circle[member->circle].age;
    uint32_t inviter = draw_inviter(shop, user, &rng);
    gx__put_user(csv, user);
    gx__csv_date(csv, day_s(member->joined_day));
    gx__csv_text(csv, gx__region_name[member->region]);
    gx__csv_text(csv, gx__city_name[member->region]);
    uint32_t at = gx__below(&rng, 100);
    gx__csv_text(csv, at < 62 ? "f" : at < 97 ? "m" : "");
    gx__csv_text(csv, ages[gx__chance(&rng, 6000) ? age : gx__below(&rng, GX_COUNT(ages))]);
    if (gx__chance(&rng, 4000)) { /* what they said they like when they joined */
        gx__csv_text(csv, gx__leaf_word[member->taste[0]].leaf);
        gx__csv_more(csv, ";");
        gx__csv_more(csv, gx__leaf_word[member->taste[1]].leaf);
    } else {
        gx__csv_empty(csv);
    }
    gx__csv_text(csv,
                 inviter != GX_NONE ? "invite" : channels[gx__below(&rng, GX_COUNT(channels))]);
    put_optional_user(csv, inviter);
    gx__csv_text(csv, gx__chance(&rng, 8000) ? "yes" : "no");
    gx__csv_end(csv);
}

/* Accounts behind the members: no age, no tags, nobody who invited them. */
static void put_extra_row(gx__csv *csv, const gx__shop *shop, uint32_t i) {
    const gx__extra *extra = &shop->extra[i];
    const uint32_t region = shop->circle[extra->circle].region;
    gx__put_user(csv, shop->users + i);
    gx__csv_date(csv, day_s(extra->joined_day));
    gx__csv_text(csv, gx__region_name[region]);
    gx__csv_text(csv, gx__city_name[region]);
    for (int empty = 0; empty < 3; empty++) {
        gx__csv_empty(csv);
    }
    gx__csv_text(csv, "search");
    gx__csv_empty(csv);
    gx__csv_text(csv, "yes");
    gx__csv_end(csv);
}

static gx_status user_rows(gx__csv *csv, const gx__shop *shop, gx_job *job, gx_error *err) {
    for (uint32_t user = 0; user < shop->users; user++) {
        gx_status status = check(job, user, err);
        if (status != GX_OK) {
            return status;
        }
        put_user_row(csv, shop, user);
    }
    for (uint32_t i = 0; i < shop->extras; i++) {
        put_extra_row(csv, shop, i);
    }
    return GX_OK;
}

/* ---- items --------------------------------------------------------------------------------------
 */

static void put_item_row(gx__csv *csv, const gx__shop *shop, uint32_t item) {
    const gx__item *about = &shop->item[item];
    gx__item_words words = gx__item_about(shop, item);
    gx_rng rng = gx__shop_rng(shop, GX__STREAM_ITEM, (uint64_t)3 << 32 | item);
    bool product = item < shop->products;
    gx__put_item(csv, shop, item);
    gx__csv_text(csv, product ? "product" : gx__chance(&rng, 7000) ? "content" : "event");
    gx__csv_text(csv, words.title);
    gx__put_leaf(csv, about->leaf);
    if (product) {
        uint32_t stock = gx__chance(&rng, 9700) ? 1 + gx__below(&rng, 900) : 0;
        gx__csv_text(csv, words.brand);
        gx__csv_text(csv, words.seller);
        gx__csv_fixed(csv, about->price_cents, 2);
        gx__csv_fixed(csv, about->price_cents * (10 + gx__below(&rng, 40)) / 100, 2);
        gx__csv_int(csv, stock);
        gx__csv_text(csv, gx__chance(&rng, 9800) ? "active" : "hidden");
    } else {
        for (int i = 0; i < 5; i++) {
            gx__csv_empty(csv);
        }
        gx__csv_text(csv, "active");
    }
    gx__csv_date(csv, day_s(about->listed_day));
    gx__csv_text(csv, gx__leaf_word[about->leaf].top);
    if (product && gx__chance(&rng, 1500)) {
        gx__csv_more(csv, ";gift");
    }
    gx__csv_end(csv);
}

static gx_status item_rows(gx__csv *csv, const gx__shop *shop, gx_job *job, gx_error *err) {
    for (uint32_t item = 0; item < shop->products + shop->contents; item++) {
        gx_status status = check(job, item, err);
        if (status != GX_OK) {
            return status;
        }
        put_item_row(csv, shop, item);
    }
    return GX_OK;
}

/* ---- groups: one a circle, and topic groups across them
 * -------------------------------------------- */

static uint32_t topic_groups(const gx__shop *shop) {
    return shop->users / TOPIC_PER;
}

static uint32_t top_of_topic(uint32_t topic) {
    return topic % GX__SHOP_TOPS;
}

static gx_status group_rows(gx__csv *csv, const gx__shop *shop, gx_job *job, gx_error *err) {
    static const char *const platforms[] = {"wechat", "wecom", "whatsapp", "telegram"};
    uint32_t count = shop->circles + topic_groups(shop);
    for (uint32_t group = 0; group < count; group++) {
        gx_status status = check(job, group, err);
        if (status != GX_OK) {
            return status;
        }
        gx_rng rng = gx__shop_rng(shop, GX__STREAM_GROUP, group);
        bool circle = group < shop->circles;
        uint32_t top =
            circle ? gx__top_of(shop->circle[group].theme) : top_of_topic(group - shop->circles);
        const char *topic = gx__leaf_word[top * (GX__SHOP_LEAVES / GX__SHOP_TOPS)].top;
        gx__put_group(csv, group);
        gx__csv_named(csv, circle ? "Friends of " : "All about ", group + 1);
        gx__csv_more(csv, ": ");
        gx__csv_more(csv, topic);
        gx__csv_text(csv, platforms[gx__below(&rng, GX_COUNT(platforms))]);
        put_optional_user(csv, circle ? shop->leader[shop->leader_of[group]].user : GX_NONE);
        gx__csv_text(csv, circle ? gx__region_name[shop->circle[group].region] : "");
        gx__csv_text(csv, topic);
        gx__csv_end(csv);
    }
    return GX_OK;
}

static void put_member_row(gx__csv *csv, uint32_t group, uint32_t user, const char *role,
                           int64_t joined_s) {
    gx__put_group(csv, group);
    gx__put_user(csv, user);
    gx__csv_text(csv, role);
    gx__csv_time(csv, joined_s < GX__END_S ? joined_s : GX__END_S - 1);
    gx__csv_end(csv);
}

/* Nine in ten are in their circle's group; three in ten in a topic group of their favourite
 * category. */
static void put_memberships(gx__csv *csv, const gx__shop *shop, uint32_t user) {
    gx_rng rng = gx__shop_rng(shop, GX__STREAM_GROUP, (uint64_t)1 << 32 | user);
    const gx__member *member = &shop->member[user];
    uint32_t topics = topic_groups(shop), top = gx__top_of(member->taste[0]);
    bool owner = shop->leader[shop->leader_of[member->circle]].user == user;
    int64_t joined_s = day_s(member->joined_day) + gx__below(&rng, 20 * GX__DAY_S);
    if (owner || gx__chance(&rng, 9000)) {
        put_member_row(csv, member->circle, user, owner ? "owner" : "member", joined_s);
    }
    if (top < topics && gx__chance(&rng, 3000)) {
        uint32_t of_top = (topics - top + GX__SHOP_TOPS - 1) / GX__SHOP_TOPS;
        uint32_t topic = top + gx__below(&rng, of_top) * GX__SHOP_TOPS;
        put_member_row(csv, shop->circles + topic, user, "member", joined_s + GX__DAY_S);
    }
}

static gx_status member_rows(gx__csv *csv, const gx__shop *shop, gx_job *job, gx_error *err) {
    for (uint32_t user = 0; user < shop->users; user++) {
        gx_status status = check(job, user, err);
        if (status != GX_OK) {
            return status;
        }
        put_memberships(csv, shop, user);
    }
    return GX_OK;
}

/* ---- ties
 * ---------------------------------------------------------------------------------------- */

static void put_tie_row(gx__csv *csv, uint32_t src, uint32_t dst, const char *kind,
                        uint32_t hundredths, int64_t since_s, bool directed) {
    gx__put_user(csv, src);
    gx__put_user(csv, dst);
    gx__csv_text(csv, kind);
    gx__csv_fixed(csv, hundredths, 2);
    gx__csv_time(csv, since_s < GX__END_S ? since_s : GX__END_S - 1);
    gx__csv_text(csv, directed ? "true" : "false");
    gx__csv_end(csv);
}

static void put_ties_of(gx__csv *csv, const gx__shop *shop, uint32_t user) {
    gx__follow follows[GX__SHOP_FOLLOW];
    for (uint64_t i = shop->friend_start[user]; i < shop->friend_start[user + 1]; i++) {
        uint32_t other = shop->friends[i];
        if (other > user) {
            gx__tie_facts tie = gx__tie_about(shop, user, other);
            put_tie_row(csv, user, other, tie.family ? "family" : "friend", tie.weight, tie.since_s,
                        false);
        }
    }
    uint32_t count = gx__follows(follows, shop, user);
    for (uint32_t i = 0; i < count; i++) {
        int64_t since_s = gx__tie_about(shop, user, follows[i].user).since_s;
        put_tie_row(csv, user, follows[i].user, "follow", FOLLOW_WEIGHT, since_s, true);
    }
}

static void put_extra_tie(void *data, const gx__extra_tie *tie) {
    put_tie_row(data, tie->src, tie->dst, tie->kind, tie->hundredths, tie->since_s, tie->directed);
}

static gx_status tie_rows(gx__csv *csv, const gx__shop *shop, gx_job *job, gx_error *err) {
    for (uint32_t user = 0; user < shop->users; user++) {
        gx_status status = check(job, user, err);
        if (status != GX_OK) {
            return status;
        }
        put_ties_of(csv, shop, user);
    }
    for (uint32_t i = 0; i < shop->extras; i++) {
        const gx__extra_out out = {.data = csv, .tie = put_extra_tie};
        gx__extra_put_ties(&out, shop, i);
    }
    return GX_OK;
}

/* ---- coupons
 * -------------------------------------------------------------------------------------- */

static gx_status coupon_rows(gx__csv *csv, const gx__shop *shop, gx_job *job, gx_error *err) {
    for (uint32_t month = 0; month < MONTHS; month++) {
        gx__put_month_coupon(csv, month);
        gx__csv_int(csv, 5 + 5 * (month % 3));
        gx__csv_text(csv, "percent");
        gx__csv_empty(csv);
        gx__csv_date(csv, day_s((int32_t)(month * GX__YEAR_DAYS / MONTHS)));
        gx__csv_date(csv, day_s((int32_t)((month + 1) * GX__YEAR_DAYS / MONTHS)));
        gx__csv_int(csv, (int64_t)shop->users * 10);
        gx__csv_end(csv);
    }
    for (uint32_t circle = 0; circle < shop->circles; circle++) {
        gx_status status = check(job, circle, err);
        if (status != GX_OK) {
            return status;
        }
        int32_t quarter = shop->circle[circle].quarter;
        gx__put_circle_coupon(csv, circle);
        gx__csv_int(csv, 10);
        gx__csv_text(csv, "amount");
        gx__put_group(csv, circle);
        gx__csv_date(csv, day_s(quarter * GX__YEAR_DAYS / 4));
        gx__csv_date(csv, day_s((quarter + 1) * GX__YEAR_DAYS / 4));
        gx__csv_int(csv, gx__circle_size(shop, circle) * 10);
        gx__csv_end(csv);
    }
    return GX_OK;
}

/* ---- all of them
 * ----------------------------------------------------------------------------------- */

gx_status gx__shop_write_files(const char *path, const gx__shop *shop, gx_job *job, gx_error *err) {
    static const struct {
        const char *name, *header;
        rows_fn rows;
    } files[] = {
        {"users.csv",
         "user_id,joined_at,region,city,gender,age_band,tags,channel,invited_by,consent",
         user_rows},
        {"items.csv",
         "item_id,kind,title,category,brand,seller,price,margin,stock,status,listed_at,tags",
         item_rows},
        {"groups.csv", "group_id,name,platform,owner,region,topic", group_rows},
        {"members.csv", "group_id,user_id,role,joined_at", member_rows},
        {"ties.csv", "src,dst,kind,weight,ts,directed", tie_rows},
        {"coupons.csv", "coupon_id,value,type,community,start,end,budget", coupon_rows},
    };
    for (size_t i = 0; i < GX_COUNT(files); i++) {
        gx_job_stage(job, files[i].name, 0);
        gx_status status =
            write_file(path, files[i].name, files[i].header, files[i].rows, shop, job, err);
        if (status != GX_OK) {
            return status;
        }
    }
    return GX_OK;
}
