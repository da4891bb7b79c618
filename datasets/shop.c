/* The sample shop as a whole: draws the world, writes the files. */
#include "datasets/shop.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

enum { USERS_MIN = 50, USERS_MAX = 10000000, USERS_DEFAULT = 2000 };

void gx__shop_finish(gx__shop *shop, gx_job *job) {
    gx_job_free(job, shop->extra);
    gx_job_free(job, shop->friends);
    gx_job_free(job, shop->friend_start);
    gx_job_free(job, shop->popularity);
    gx_job_free(job, shop->shelf);
    gx_job_free(job, shop->item);
    gx_job_free(job, shop->leader_of);
    gx_job_free(job, shop->reach);
    gx_job_free(job, shop->leader);
    gx_job_free(job, shop->roster);
    gx_job_free(job, shop->circle);
    gx_job_free(job, shop->member);
}

static gx_status make_folder(const char *path, gx_error *err) {
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
        return gx_fail_errno(err, errno, "cannot make", path);
    }
    return GX_OK;
}

static gx_status check_options(gx__shop *shop, const gx_shop_options *options, gx_error *err) {
    shop->options = options != NULL ? *options : (gx_shop_options){.seed = 1};
    shop->users = shop->options.users != 0 ? shop->options.users : USERS_DEFAULT;
    if (shop->users < USERS_MIN || shop->users > USERS_MAX) {
        return gx_fail_at(err, GX_BAD_REQUEST, "users",
                          "a sample shop of %" PRIu32 " users; %d to %d are possible", shop->users,
                          USERS_MIN, USERS_MAX);
    }
    return GX_OK;
}

gx_status gx_shop_write(const char *path, const gx_shop_options *options, gx_job *job,
                        gx_error *err) {
    gx__shop shop = {.users = 0};
    char truth[PATH_MAX];
    gx_status status;
    GX_TRY(check_options(&shop, options, err));
    int size = snprintf(truth, sizeof truth, "%s/truth", path);
    if (size < 0 || (size_t)size >= sizeof truth) {
        return gx_fail(err, GX_OVER_LIMIT, "the path %.60s… is too long", path);
    }
    gx_job_stage(job, "members and ties", 0);
    GX_TRY(gx__shop_draw_catalogue(&shop, job, err));
    GX_TRY(gx__shop_draw_members(&shop, job, err));
    GX_TRY(gx__shop_draw_ties(&shop, job, err));
    GX_TRY(gx__shop_draw_extras(&shop, job, err));
    GX_TRY(make_folder(path, err));
    GX_TRY(make_folder(truth, err));
    GX_TRY(gx__shop_write_files(path, &shop, job, err));
    GX_TRY(gx__shop_write_truth(truth, &shop, job, err));
    GX_TRY(gx__shop_write_events(path, &shop, job, err));
done:
    gx__shop_finish(&shop, job);
    return status;
}
