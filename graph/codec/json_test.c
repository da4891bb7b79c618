/* JSON: numbers that come back, escapes, positions of errors, depth, duplicate keys. */
#include "graph/codec/codec.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void check_text(const gx_value *value, gx_json_style style, const char *expected) {
    gx_buffer out = {0};
    gx_json_write(&out, value, style);
    assert_false(out.failed);
    gx_buffer_append(&out, "", 1);
    assert_string_equal(out.bytes, expected);
    gx_buffer_finish(&out);
}

static void check_real(double value, const char *expected) {
    gx_value real = gx_real(value);
    check_text(&real, GX_JSON_COMPACT, expected);
}

static void reals_are_short(void **state) {
    (void)state;
    check_real(0.1, "0.1");
    check_real(1, "1.0");
    check_real(-0.0, "-0.0");
    check_real(1.0 / 3, "0.3333333333333333");
    check_real(0.1 + 0.2, "0.30000000000000004");
    check_real(1e22, "1e+22");
    check_real(123456789012345680.0, "1.2345678901234568e+17");
    check_real(5e-324, "5e-324");
    check_real(DBL_MAX, "1.7976931348623157e+308");
    check_real(NAN, "null");
    check_real(-INFINITY, "null");
}

static void reals_come_back(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    gx_buffer out = {0};
    for (uint64_t seed = 0; seed < 20000; seed++) {
        gx_rng rng = gx_rng_at(3, seed);
        uint64_t bits = gx_rng_next(&rng);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value)) {
            continue;
        }
        out.size = 0;
        gx_json_write_real(&out, value);
        gx_value back;
        assert_int_equal(gx_json_read(&back, arena, out.bytes, out.size, NULL), GX_OK);
        assert_int_equal(back.type, GX_REAL);
        assert_memory_equal(&back.as.real, &value, sizeof value);
        gx_arena_reset(arena);
    }
    gx_buffer_finish(&out);
    gx_arena_destroy(arena);
}

static void reals_ignore_the_locale(void **state) {
    (void)state;
    const char *commas[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE"};
    for (size_t i = 0; i < GX_COUNT(commas); i++) {
        if (setlocale(LC_NUMERIC, commas[i])) {
            check_real(0.5, "0.5");
            setlocale(LC_NUMERIC, "C");
            return;
        }
    }
    print_message("skipped: no locale with a decimal comma is installed\n");
}

static void texts_are_escaped(void **state) {
    (void)state;
    gx_value text = gx_text("a\"b\\c\n\t\x01\0z/\xe5\x85\xb3", 14);
    check_text(&text, GX_JSON_COMPACT, "\"a\\\"b\\\\c\\n\\t\\u0001\\u0000z/\xe5\x85\xb3\"");
    text = gx_text("x\xff\xe5\x85\xb3\xc3", 6);
    check_text(&text, GX_JSON_COMPACT, "\"x\xef\xbf\xbd\xe5\x85\xb3\xef\xbf\xbd\"");
    text = gx_text("", 0);
    check_text(&text, GX_JSON_COMPACT, "\"\"");
}

static void shapes(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    gx_value map = gx_map(arena, 0), list = gx_list(arena, 0);
    check_text(&map, GX_JSON_INDENTED, "{}");
    check_text(&list, GX_JSON_COMPACT, "[]");
    gx_list_add(arena, &list, gx_int(-7));
    gx_list_add(arena, &list, gx_nil());
    gx_map_put(arena, &map, "l", list);
    gx_map_put(arena, &map, "t", gx_bool(true));
    check_text(&map, GX_JSON_COMPACT, "{\"l\":[-7,null],\"t\":true}");
    check_text(&map, GX_JSON_INDENTED, "{\n  \"l\": [\n    -7,\n    null\n  ],\n  \"t\": true\n}");
    gx_arena_destroy(arena);
}

static gx_status read(gx_value *out, gx_arena *arena, const char *text, gx_error *err) {
    return gx_json_read(out, arena, text, strlen(text), err);
}

static void reads(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    gx_value v;
    assert_int_equal(read(&v, arena, " {\"b\": [1, 2.0, \"\\u5173\\u0000\"], \"a\": false} ", NULL),
                     GX_OK);
    assert_true(gx_slice_is((gx_slice){v.as.pairs[0].key.as.text, 1}, "b")); /* order is kept */
    const gx_value *list = gx_map_get(&v, "b");
    assert_int_equal(list->as.items[0].type, GX_INT);
    assert_int_equal(list->as.items[1].type, GX_REAL);
    assert_int_equal(list->as.items[2].size, 4);
    assert_int_equal(read(&v, arena, "9223372036854775807", NULL), GX_OK);
    assert_true(v.as.integer == INT64_MAX);
    gx_arena_destroy(arena);
}

static void refuses(void **state) {
    (void)state;
    static const char *const cases[] = {
        "",    "{",        "[1,]",  "{\"a\":1,\"a\":2}", "9223372036854775808", "1e999",
        "nul", "\"\xff\"", "[1] 2", "{\"a\" 1}",         "\"\\ud800\"",         "NaN",
        "'a'", "[01]",
    };
    gx_arena *arena = gx_arena_create();
    for (size_t i = 0; i < GX_COUNT(cases); i++) {
        gx_value out = gx_int(42);
        gx_error err;
        if (read(&out, arena, cases[i], &err) != GX_BAD_REQUEST || out.as.integer != 42) {
            fail_msg("case %zu was read", i);
        }
    }
    gx_value out;
    gx_error err;
    assert_int_equal(read(&out, arena, "{\n \"a\": 1,\n \"b\" 2}", &err), GX_BAD_REQUEST);
    assert_non_null(strstr(err.message, "line 3"));
    static const char nul[] = "{\"a\":0\0}";
    assert_int_equal(gx_json_read(&out, arena, nul, sizeof nul - 1, &err), GX_BAD_REQUEST);
    assert_non_null(strstr(err.message, "NUL"));
    gx_arena_destroy(arena);
}

static void depth(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    char text[256];
    for (size_t levels = 64; levels <= 65; levels++) {
        memset(text, '[', levels);
        memset(text + levels, ']', levels);
        gx_value out;
        assert_int_equal(gx_json_read(&out, arena, text, 2 * levels, NULL),
                         levels == 64 ? GX_OK : GX_BAD_REQUEST);
    }
    gx_arena_destroy(arena);
}

static void every_failing_allocation(void **state) {
    (void)state;
    static const char text[] = "{\"list\": [1, 2, 3, \"text\"], \"map\": {\"k\": 0.5}}";
    uint64_t before = gx_alloc_live_blocks(), k = 1;
    gx_status status = GX_NO_MEMORY;
    for (; status != GX_OK && k < 100; k++) {
        gx_buffer out = {0};
        gx_alloc_fail_at(k);
        gx_arena *arena = gx_arena_create();
        gx_value value;
        status = arena ? gx_json_read(&value, arena, text, sizeof text - 1, NULL) : GX_NO_MEMORY;
        if (status == GX_OK) {
            gx_json_write(&out, &value, GX_JSON_INDENTED);
            status = out.failed ? GX_NO_MEMORY : GX_OK;
        }
        gx_alloc_fail_at(0);
        gx_arena_destroy(arena);
        gx_buffer_finish(&out);
        assert_int_equal(gx_alloc_live_blocks(), before);
    }
    assert_int_equal(status, GX_OK);
    assert_in_range(k, 3, 99);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reals_are_short),
        cmocka_unit_test(reals_come_back),
        cmocka_unit_test(reals_ignore_the_locale),
        cmocka_unit_test(texts_are_escaped),
        cmocka_unit_test(shapes),
        cmocka_unit_test(reads),
        cmocka_unit_test(refuses),
        cmocka_unit_test(depth),
        cmocka_unit_test(every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
