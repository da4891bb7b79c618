/* Time zones against the C library's, at random moments. */
#include "api/lists/zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <time.h>

static int32_t offset(gx_zones *zones, const char *name, int64_t time_ms) {
    const gx_zone *zone = gx_zones_find(zones, gx_slice_of(name));
    if (!zone) {
        fail_msg("there is no zone %s", name);
    }
    return gx_zone_offset_s(zone, time_ms);
}

static void test_fixed(void **state) {
    static const struct {
        const char *name;
        int32_t seconds;
    } good[] = {{"UTC", 0},          {"Z", 0},           {"GMT", 0},        {"+8", 28800},
                {"+08", 28800},      {"+0800", 28800},   {"+08:00", 28800}, {"-03:30", -12600},
                {"UTC+5:45", 20700}, {"GMT-11", -39600}, {"-0930", -34200}};
    static const char *const bad[] = {
        "",       "+",       "8",    "+8:",           "+08:6",       "+99",
        "+1:99",  "+08:000", "UTC+", "../etc/passwd", "/etc/passwd", "no such zone",
        "Europe", "..",      "+-1"};
    gx_zones *zones = NULL;
    (void)state;
    assert_int_equal(gx_zones_create(&zones, NULL), GX_OK);
    for (size_t i = 0; i < GX_COUNT(good); i++) {
        assert_int_equal(offset(zones, good[i].name, 0), good[i].seconds);
    }
    for (size_t i = 0; i < GX_COUNT(bad); i++) {
        if (gx_zones_find(zones, gx_slice_of(bad[i]))) {
            fail_msg("'%s' is taken for a zone", bad[i]);
        }
    }
    gx_zones_destroy(zones);
}

static void test_against_libc(void **state) {
    static const char *const names[] = {"Asia/Shanghai",     "America/New_York",  "Europe/London",
                                        "Australia/Sydney",  "America/Sao_Paulo", "Asia/Kolkata",
                                        "Africa/Casablanca", "Pacific/Chatham",   "Europe/Dublin",
                                        "America/St_Johns",  "Asia/Gaza",         "UTC"};
    gx_zones *zones = NULL;
    (void)state;
    assert_int_equal(gx_zones_create(&zones, NULL), GX_OK);
    if (!gx_zones_find(zones, gx_slice_of("Asia/Shanghai"))) {
        gx_zones_destroy(zones);
        skip(); /* no tz database here */
    }
    for (size_t i = 0; i < GX_COUNT(names); i++) {
        gx_rng rng = gx_rng_at(7, i);
        setenv("TZ", names[i], 1);
        tzset();
        for (int k = 0; k < 2000; k++) {
            const time_t at = (time_t)gx_rng_below(&rng, 4102444800U); /* to 2100 */
            struct tm local;
            localtime_r(&at, &local);
            if (offset(zones, names[i], (int64_t)at * 1000) != local.tm_gmtoff) {
                fail_msg("%s at %lld: %d, not %ld", names[i], (long long)at,
                         offset(zones, names[i], (int64_t)at * 1000), local.tm_gmtoff);
            }
        }
    }
    unsetenv("TZ");
    tzset();
    gx_zones_destroy(zones);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fixed),
                                       cmocka_unit_test(test_against_libc)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
