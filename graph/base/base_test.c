/* Base: errors, memory, arenas, values, text, parsing, random streams. */
#include "graph/base/base.h"
#include "graph/base/float.h"
#include "graph/base/sorted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void statuses_have_names(void **state) {
    (void)state;
    for (int s = 0; s < GX_STATUS_COUNT; s++) {
        assert_true(strlen(gx_status_name((gx_status)s)) > 1);
        assert_true(strlen(gx_status_text((gx_status)s)) > 3);
    }
    assert_int_equal(gx_status_exit_code(GX_NOT_FOUND), 4);
    assert_int_equal(gx_status_exit_code(GX_INTERRUPTED), 130);
    assert_true(gx_status_is_retryable(GX_BUSY));
    assert_string_equal(gx_status_name((gx_status)9999), "unknown");
}

static void an_error_may_wrap_itself(void **state) {
    (void)state;
    gx_error err;
    assert_int_equal(gx_fail_at(&err, GX_CORRUPT, "file", "inner %d", 7), GX_CORRUPT);
    assert_int_equal(gx_fail(&err, GX_IO, "outer: %s", err.message), GX_IO);
    assert_string_equal(err.message, "outer: inner 7");
    assert_int_equal(gx_fail(NULL, GX_BUSY, "nobody listens"), GX_BUSY);
}

static void memory_is_aligned_counted_and_checked(void **state) {
    (void)state;
    uint64_t before = gx_alloc_live_blocks();
    for (size_t size = 0; size < 300; size += 7) {
        char *block = gx_alloc0(size, 1);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % GX_CACHE_LINE, 0);
        assert_int_equal(gx_alloc_size(block), size);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(block[i], 0);
            block[i] = (char)i;
        }
        block = gx_realloc(block, size + 100, 1);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(block[i], (char)i);
        }
        gx_free(block);
    }
    const size_t wide = 5 << 20;
    unsigned char *block = gx_alloc0(wide, 1);
    assert_non_null(block);
    block[wide - 1] = 1;
    for (size_t size = 0; size <= wide; size += wide / 16) { /* a hint changes nothing */
        gx_wide_pages(block, size);
    }
    for (size_t i = 0; i < wide; i++) {
        assert_int_equal(block[i], i == wide - 1);
    }
    gx_free(block);
    assert_null(gx_alloc(SIZE_MAX / 2, 3));
    assert_null(gx_alloc0(SIZE_MAX, 1));
    assert_int_equal(gx_alloc_live_blocks(), before);
    gx_alloc_fail_at(2);
    void *first = gx_alloc(1, 1);
    assert_non_null(first);
    assert_null(gx_alloc(1, 1));
    void *third = gx_alloc(1, 1);
    assert_non_null(third);
    gx_free(first);
    gx_free(third);
}

static void arenas_hold_and_remember_failure(void **state) {
    (void)state;
    uint64_t before = gx_alloc_live_blocks();
    gx_arena *arena = gx_arena_create();
    for (size_t i = 1; i < 3000; i += 13) {
        char *at = gx_arena_get(arena, i);
        assert_int_equal((uintptr_t)at % 16, 0);
        memset(at, 1, i);
    }
    assert_non_null(gx_arena_get(arena, 3 << 20));
    gx_arena_reset(arena);
    assert_int_equal(gx_arena_bytes(arena), 0);
    assert_string_equal(gx_arena_printf(arena, "%d-%s", 4, "x"), "4-x");
    gx_alloc_fail_at(1);
    assert_null(gx_arena_get(arena, 5 << 20));
    assert_int_equal(gx_arena_status(arena), GX_NO_MEMORY);
    assert_null(gx_arena_get(arena, 1));
    gx_alloc_fail_at(0);
    gx_arena_destroy(arena);
    gx_arena_destroy(NULL);
    assert_int_equal(gx_alloc_live_blocks(), before);
}

static void values_grow_copy_and_compare(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    gx_value map = gx_map(arena, 0), list = gx_list(arena, 1);
    for (int i = 0; i < 100; i++) {
        gx_list_add(arena, &list, gx_int(i));
        gx_map_put(arena, &map, gx_arena_printf(arena, "k%d", i), gx_real(i));
    }
    gx_map_put(arena, &map, "k7", gx_str("seven"));
    gx_map_put(arena, &map, "list", list);
    assert_int_equal(map.size, 101);
    assert_int_equal(gx_map_get(&map, "list")->as.items[99].as.integer, 99);
    assert_string_equal(gx_map_get(&map, "k7")->as.text, "seven");
    assert_null(gx_map_get(&map, "absent"));
    assert_null(gx_map_get(&list, "k7"));
    gx_value copy = gx_value_copy(arena, &map);
    assert_true(gx_value_equal(&map, &copy));
    gx_map_put(arena, &copy, "k8", gx_nil());
    assert_false(gx_value_equal(&map, &copy));
    gx_arena_destroy(arena);
}

static void numbers_are_taken_from_values(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    const gx_value good[] = {gx_int(3), gx_real(3), gx_str("3")};
    const gx_value bad[] = {gx_nil(),   gx_bool(true),     gx_str("3x"),
                            gx_str(""), gx_real(INFINITY), gx_list(arena, 1)};
    gx_value map = gx_map(arena, 2);
    double number = 0;
    for (size_t i = 0; i < GX_COUNT(good); i++) {
        assert_true(gx_value_as_number(&good[i], &number) && number == 3);
    }
    for (size_t i = 0; i < GX_COUNT(bad); i++) {
        assert_false(gx_value_as_number(&bad[i], &number));
    }
    assert_false(gx_value_as_number(NULL, &number));
    gx_map_put(arena, &map, "a", gx_int(2));
    gx_map_put(arena, &map, "b", gx_str("2"));
    assert_true(gx_map_real(&map, "a") == 2);
    assert_true(gx_map_real(&map, "b") == 0 && gx_map_real(&map, "c") == 0 &&
                gx_map_real(NULL, "a") == 0);
    gx_arena_destroy(arena);
}

static void utf8_is_judged(void **state) {
    (void)state;
    assert_true(gx_utf8_is_valid("plain text of more than eight bytes", 35));
    assert_true(gx_utf8_is_valid("关系 é 😀", strlen("关系 é 😀")));
    assert_true(gx_utf8_is_valid("", 0));
    static const char *const bad[] = {"\xC0\xAF", "\xED\xA0\x80",     "\xF4\x90\x80\x80",
                                      "\x80",     "abcdefgh\xE5\x85", "\xFF"};
    for (size_t i = 0; i < GX_COUNT(bad); i++) {
        assert_false(gx_utf8_is_valid(bad[i], strlen(bad[i])));
    }
}

static void quotes_are_printable_and_short(void **state) {
    (void)state;
    char out[40];
    assert_string_equal(gx_quote(out, sizeof out, "a\nb\xFF", 4), "'a\\x0Ab\\xFF'");
    const char *longer = "0123456789012345678901234567890123456789";
    gx_quote(out, sizeof out, longer, strlen(longer));
    assert_true(strlen(out) < sizeof out);
    assert_non_null(strstr(out, "…"));
    static const char *const names[] = {"damping", "tolerance"};
    assert_string_equal(gx_nearest("dampign", names, 2), "damping");
    assert_null(gx_nearest("xyz", names, 2));
}

static void bytes_are_told_in_their_size(void **state) {
    (void)state;
    char out[GX_BYTES_TEXT];
    assert_string_equal(gx_bytes_text(out, 0), "0 bytes");
    assert_string_equal(gx_bytes_text(out, 1), "1 byte");
    assert_string_equal(gx_bytes_text(out, 1000), "1000 bytes");
    assert_string_equal(gx_bytes_text(out, 1536), "1.5 KiB");
    assert_string_equal(gx_bytes_text(out, 5u << 20), "5.0 MiB");
    assert_string_equal(gx_bytes_text(out, UINT64_MAX), "17592186044416.0 MiB");
}

static void words_go_with_their_count(void **state) {
    (void)state;
    assert_string_equal(gx_plural(0, "is", "are"), "are");
    assert_string_equal(gx_plural(1, "is", "are"), "is");
    assert_string_equal(gx_plural(UINT64_MAX, "", "s"), "s");
}

static gx_slice text_of(const char *text) {
    return gx_slice_of(text);
}

static void texts_are_in_the_order_of_their_bytes(void **state) {
    (void)state;
    static const char *const rising[] = {"", "\x01", "a", "a/b", "ab", "b", "\xc3\xa9"};
    for (int a = 0; a < (int)GX_COUNT(rising); a++) {
        for (int b = 0; b < (int)GX_COUNT(rising); b++) {
            const int order = gx_slice_order(text_of(rising[a]), text_of(rising[b]));
            assert_int_equal((order > 0) - (order < 0), (a > b) - (a < b));
        }
    }
    assert_int_equal(gx_slice_order((gx_slice){NULL, 0}, text_of("")), 0);
    assert_true(gx_slice_order((gx_slice){"a\0b", 3}, (gx_slice){"a\0a", 3}) > 0);
}

static void integers_are_exact(void **state) {
    (void)state;
    int64_t i;
    assert_true(gx_parse_int(text_of("-9223372036854775808"), &i));
    assert_true(i == INT64_MIN);
    assert_true(gx_parse_int(text_of("9223372036854775807"), &i));
    assert_true(i == INT64_MAX);
    static const char *const bad[] = {"",   "-",   "+",   "9223372036854775808", " 1",
                                      "1 ", "0x1", "1.0", "99999999999999999999"};
    for (size_t k = 0; k < GX_COUNT(bad); k++) {
        assert_false(gx_parse_int(text_of(bad[k]), &i));
    }
}

static void reals_read_like_strtod(void **state) {
    (void)state;
    double r;
    gx_rng rng = gx_rng_at(7, 0);
    for (int k = 0; k < 20000; k++) {
        char text[64];
        double exponent = floor(gx_rng_real(&rng) * 80) - 40;
        double number = gx_rng_normal(&rng) * pow(10, exponent);
        static const char *const formats[] = {"%.17g", "%.3f", "%g", "%.12e"};
        snprintf(text, sizeof text, formats[k % 4], number);
        assert_true(gx_parse_real(text_of(text), &r));
        assert_true(r == strtod(text, NULL));
    }
    static const char *const bad[] = {"",    ".",    "-",     "nan", "inf", "-inf", "1e",
                                      "1e+", "0x10", "1e999", "1,5", "1 ",  "1.2.3"};
    for (size_t k = 0; k < GX_COUNT(bad); k++) {
        assert_false(gx_parse_real(text_of(bad[k]), &r));
    }
    assert_true(gx_parse_real(text_of("0000000000000000000000001.50"), &r) && r == 1.5);
}

static void answers_are_read_one_way(void **state) {
    (void)state;
    static const char *const yes[] = {"yes", "Yes", "YES", " y ", "true", "True", "t",
                                      "on",  "ON",  "1",   "1.0", "是",   "\tyes"};
    static const char *const no[] = {"no",  "No",  "n", "N",   "false", "FALSE", "f",
                                     "off", "Off", "0", "0.0", "否",    " no "};
    static const char *const neither[] = {"",  " ",  "never", "unsubscribed",
                                          "2", "-1", "yess",  "ye"};
    bool is;
    for (size_t k = 0; k < GX_COUNT(yes); k++) {
        assert_true(gx_parse_answer(text_of(yes[k]), &is) && is);
        assert_true(gx_parse_answer(text_of(no[k]), &is) && !is);
    }
    for (size_t k = 0; k < GX_COUNT(neither); k++) {
        assert_false(gx_parse_answer(text_of(neither[k]), &is));
    }
}

static void floats_are_told_as_given(void **state) {
    (void)state;
    assert_true(gx_float_as_given(0.86f) == 0.86);
    assert_true(gx_float_as_given(3) == 3 && gx_float_as_given(-0.1f) == -0.1);
    assert_true(isnan(gx_float_as_given(NAN)) && isinf(gx_float_as_given(INFINITY)));
    gx_rng rng = gx_rng_at(8, 0);
    for (int k = 0; k < 20000; k++) {
        uint32_t bits = (uint32_t)gx_rng_next(&rng);
        float value;
        memcpy(&value, &bits, sizeof value);
        double told = gx_float_as_given(value);
        assert_true(isnan(value) ? isnan(told) : (float)told == value);
    }
}

static void times_are_told_apart(void **state) {
    (void)state;
    int64_t t;
    char out[32];
    assert_true(gx_parse_time_ms(text_of("1970-01-02"), &t) && t == 86400000);
    assert_true(gx_parse_time_ms(text_of("959670000"), &t) && t == 959670000000);
    assert_true(gx_parse_time_ms(text_of("959670000123"), &t) && t == 959670000123);
    assert_true(gx_parse_time_ms(text_of("2026-11-23T18:59:00+08:00"), &t));
    assert_string_equal(gx_format_time_ms(out, t), "2026-11-23T10:59:00Z");
    assert_true(gx_parse_time_ms(text_of("2000-02-29 23:59:60.5Z"), &t));
    static const char *const bad[] = {"",
                                      "yesterday",
                                      "2026-02-29",
                                      "2026-13-01",
                                      "2026-1-1",
                                      "2026-01-01T25:00",
                                      "2026-01-01T10:00:00+99:00",
                                      "1e30",
                                      "2026-01-01x"};
    for (size_t k = 0; k < GX_COUNT(bad); k++) {
        assert_false(gx_parse_time_ms(text_of(bad[k]), &t));
    }
    gx_rng rng = gx_rng_at(1, 1);
    for (int k = 0; k < 20000; k++) { /* formatting and parsing are inverse */
        int64_t ms = (int64_t)gx_rng_below(&rng, 200000000000000) - 60000000000000, back;
        assert_true(gx_parse_time_ms(text_of(gx_format_time_ms(out, ms)), &back));
        assert_true(back == ms);
    }
}

static void units_are_read(void **state) {
    (void)state;
    uint64_t bytes;
    int64_t ms;
    assert_true(gx_parse_bytes(text_of("2GiB"), &bytes) && bytes == 2147483648u);
    assert_true(gx_parse_bytes(text_of("1000"), &bytes) && bytes == 1000);
    assert_false(gx_parse_bytes(text_of("2 gigs"), &bytes));
    assert_true(gx_parse_duration_ms(text_of("1.5h"), &ms) && ms == 5400000);
    assert_false(gx_parse_duration_ms(text_of("-1s"), &ms));
}

static void streams_are_uniform_and_repeatable(void **state) {
    (void)state;
    gx_rng a = gx_rng_at(5, 9), b = gx_rng_at(5, 9), c = gx_rng_at(5, 10);
    uint64_t counts[7] = {0};
    int same = 0;
    for (int i = 0; i < 70000; i++) {
        uint64_t x = gx_rng_next(&a);
        assert_true(x == gx_rng_next(&b));
        same += x == gx_rng_next(&c);
    }
    assert_int_equal(same, 0);
    for (int i = 0; i < 70000; i++) {
        counts[gx_rng_below(&a, 7)]++;
    }
    for (int i = 0; i < 7; i++) { /* 10,000 ± 5 standard deviations */
        assert_in_range(counts[i], 9500, 10500);
    }
    assert_int_equal(gx_rng_below(&a, 0), 0);
}

static void folders_come_and_go(void **state) {
    (void)state;
    char path[GX_FOLDER_MAX], inner[GX_FOLDER_MAX + 8], tiny[4];
    assert_int_equal(gx_folder_make(path, sizeof path, NULL), GX_OK);
    snprintf(inner, sizeof inner, "%s/a", path);
    FILE *file = fopen(inner, "w");
    assert_non_null(file);
    fclose(file);
    gx_folder_remove(path);
    assert_null(fopen(inner, "r"));
    assert_int_equal(gx_folder_make(tiny, sizeof tiny, NULL), GX_BAD_REQUEST);
}

/* Of so few as of many draws a fresh one lies between the quantiles as often as they say. */
static void quantiles_hold_a_fresh_draw(void **state) {
    (void)state;
    enum { MOST = 50, TRIALS = 20000 };
    static const double three[] = {1, 2, 4};
    static const uint32_t counts[] = {19, 20, MOST};
    assert_true(gx_quantile_f64(three, 3, 0.5) == 2 && gx_quantile_f64(three, 2, 0.5) == 1.5);
    assert_true(gx_quantile_f64(three, 3, 0.6875) == 3.5);
    assert_true(gx_quantile_f64(three, 3, 0.05) == 1 && gx_quantile_f64(three, 3, 0.95) == 4);
    assert_true(gx_quantile_f64(three, 1, 0.05) == 1 && gx_quantile_f64(three, 1, 0.95) == 1);
    for (size_t c = 0; c < GX_COUNT(counts); c++) {
        gx_rng rng = gx_rng_at(7, c);
        uint32_t held = 0;
        for (uint32_t t = 0; t < TRIALS; t++) {
            double draw[MOST];
            for (uint32_t k = 0; k < counts[c]; k++) {
                draw[k] = -log(1 - gx_rng_real(&rng));
            }
            qsort(draw, counts[c], sizeof *draw, gx_by_f64);
            const double fresh = -log(1 - gx_rng_real(&rng));
            held += gx_quantile_f64(draw, counts[c], 0.05) <= fresh &&
                    fresh <= gx_quantile_f64(draw, counts[c], 0.95);
        }
        assert_true(fabs(held / (double)TRIALS - 0.9) < 0.01);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses_have_names),
        cmocka_unit_test(an_error_may_wrap_itself),
        cmocka_unit_test(memory_is_aligned_counted_and_checked),
        cmocka_unit_test(arenas_hold_and_remember_failure),
        cmocka_unit_test(values_grow_copy_and_compare),
        cmocka_unit_test(numbers_are_taken_from_values),
        cmocka_unit_test(utf8_is_judged),
        cmocka_unit_test(quotes_are_printable_and_short),
        cmocka_unit_test(bytes_are_told_in_their_size),
        cmocka_unit_test(words_go_with_their_count),
        cmocka_unit_test(texts_are_in_the_order_of_their_bytes),
        cmocka_unit_test(integers_are_exact),
        cmocka_unit_test(reals_read_like_strtod),
        cmocka_unit_test(answers_are_read_one_way),
        cmocka_unit_test(floats_are_told_as_given),
        cmocka_unit_test(times_are_told_apart),
        cmocka_unit_test(units_are_read),
        cmocka_unit_test(streams_are_uniform_and_repeatable),
        cmocka_unit_test(folders_come_and_go),
        cmocka_unit_test(quantiles_hold_a_fresh_draw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
