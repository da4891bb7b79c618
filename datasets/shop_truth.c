/* What was planted in the sample shop, so that tests can ask whether it is found: the files of the
 * folder truth, but for causes.csv, which is written with the events. */
#include "datasets/shop.h"

enum { CHECK_EVERY = 1 << 14 };

typedef struct truth {
    gx__csv circles, members, leaders, decoys, ties, fakes, roles;
} truth;

static gx_status open_all(truth *out, const char *path, bool gzip, gx_error *err) {
    const struct {
        gx__csv *csv;
        const char *name, *header;
    } files[] = {
        {&out->circles, "circles.csv", "user_id,circle"},
        {&out->members, "members.csv",
         "user_id,interest,friends,circle,leader,favourite,second,bargain"},
        {&out->leaders, "leaders.csv", "user_id,circle,category,strength"},
        {&out->decoys, "decoys.csv", "user_id,circle"},
        {&out->ties, "ties.csv", "src,dst,probability"},
        {&out->fakes, "fakes.csv", "user_id,kind,part,scheme"},
        {&out->roles, "roles.csv", "user_id,role"},
    };
    for (size_t i = 0; i < GX_COUNT(files); i++) {
        gx_status status =
            gx__csv_open(files[i].csv, path, files[i].name, files[i].header, gzip, err);
        if (status != GX_OK) {
            return status;
        }
    }
    return GX_OK;
}

static void put_member(truth *out, const gx__shop *shop, uint32_t user) {
    const gx__member *member = &shop->member[user];
    gx__put_user(&out->circles, user);
    gx__put_circle(&out->circles, member->circle);
    gx__csv_end(&out->circles);
    gx__put_user(&out->members, user);
    for (int cause = 0; cause < GX__CAUSES; cause++) {
        gx__csv_fixed(&out->members, member->sway[cause], 2);
    }
    gx__put_leaf(&out->members, member->taste[0]);
    gx__put_leaf(&out->members, member->taste[1]);
    gx__csv_text(&out->members, member->bargain ? "true" : "false");
    gx__csv_end(&out->members);
}

static void put_chances(truth *out, const gx__shop *shop, uint32_t user) {
    for (uint64_t i = shop->friend_start[user]; i < shop->friend_start[user + 1]; i++) {
        gx__put_user(&out->ties, user);
        gx__put_user(&out->ties, shop->friends[i]);
        gx__csv_fixed(&out->ties, gx__tie_chance(shop, user, shop->friends[i]), 4);
        gx__csv_end(&out->ties);
    }
}

static void put_leaders(truth *out, const gx__shop *shop) {
    for (uint32_t i = 0; i < shop->leaders + shop->decoys; i++) {
        const gx__leader *leader = &shop->leader[i];
        bool decoy = i >= shop->leaders;
        gx__csv *csv = decoy ? &out->decoys : &out->leaders;
        gx__put_user(csv, leader->user);
        gx__put_circle(csv, shop->member[leader->user].circle);
        if (!decoy) {
            gx__csv_text(csv, gx__leaf_word[leader->leaf].top);
            gx__csv_fixed(csv, leader->strength, 2);
        }
        gx__csv_end(csv);
    }
}

static void put_role(truth *out, uint32_t user, const char *role) {
    gx__put_user(&out->roles, user);
    gx__csv_text(&out->roles, role);
    gx__csv_end(&out->roles);
}

/* Whoever was given a role: leaders, bargain hunters, and the players. */
static void put_roles(truth *out, const gx__shop *shop) {
    for (uint32_t i = 0; i < shop->leaders; i++) {
        put_role(out, shop->leader[i].user, "leader");
    }
    for (uint32_t user = 0; user < shop->users; user++) {
        if (shop->member[user].bargain) {
            put_role(out, user, "bargain_hunter");
        }
    }
    for (uint32_t i = 0; i < shop->extras; i++) {
        const gx__extra *extra = &shop->extra[i];
        if (!gx__extra_is_fake(extra)) {
            put_role(out, shop->users + i, gx__extra_role(extra));
            continue;
        }
        gx__put_user(&out->fakes, shop->users + i);
        gx__csv_text(&out->fakes, gx__extra_role(extra));
        gx__csv_text(&out->fakes, gx__extra_part(extra));
        gx__csv_int(&out->fakes, extra->scheme);
        gx__csv_end(&out->fakes);
    }
}

gx_status gx__shop_write_truth(const char *path, const gx__shop *shop, gx_job *job, gx_error *err) {
    truth out = {{.fd = -1}, {.fd = -1}, {.fd = -1}, {.fd = -1},
                 {.fd = -1}, {.fd = -1}, {.fd = -1}};
    gx__csv *const all[] = {&out.circles, &out.members, &out.leaders, &out.decoys,
                            &out.ties,    &out.fakes,   &out.roles};
    gx_status status;
    gx_job_stage(job, "truth", shop->users);
    GX_TRY(open_all(&out, path, shop->options.gzip, err));
    for (uint32_t user = 0; user < shop->users; user++) {
        put_member(&out, shop, user);
        put_chances(&out, shop, user);
        if (user % CHECK_EVERY == 0) {
            gx_job_tick(job, user);
            GX_TRY(gx_job_check(job, err));
        }
    }
    put_leaders(&out, shop);
    put_roles(&out, shop);
    for (size_t i = 0; i < GX_COUNT(all); i++) {
        GX_TRY(gx__csv_close(all[i], err));
    }
done:
    for (size_t i = 0; i < GX_COUNT(all); i++) {
        gx__csv_abandon(all[i]);
    }
    return status;
}
