/* Columns and `where`: the language, its errors, a naive twin on random expressions, memory that
 * ends. */
#include "models/rec/where.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- helpers -------------------------------------------------------------------------------- */

static gx_value list_of(gx_arena *arena, const char *a, const char *b) {
    gx_value list = gx_list(arena, 2);
    gx_list_add(arena, &list, gx_str(a));
    if (b) {
        gx_list_add(arena, &list, gx_str(b));
    }
    return list;
}

/* 0 soap, 1 lipstick, 2 a record without fields, 3 never set, 4 a book whose numbers are texts */
static gx_columns *shop(gx_arena *arena) {
    gx_columns *columns = NULL;
    assert_int_equal(gx_columns_create(&columns, NULL), GX_OK);
    gx_value row = gx_map(arena, 8);
    gx_map_put(arena, &row, "price", gx_int(12));
    gx_map_put(arena, &row, "stock", gx_int(0));
    gx_map_put(arena, &row, "category", gx_str("skincare"));
    gx_map_put(arena, &row, "tags", list_of(arena, "sale", "new"));
    gx_map_put(arena, &row, "organic", gx_bool(true));
    gx_map_put(arena, &row, "listed_at", gx_int(1767225600000)); /* 2026-01-01 */
    assert_int_equal(gx_columns_set(columns, 0, &row, NULL), GX_OK);
    row = gx_map(arena, 8);
    gx_map_put(arena, &row, "price", gx_real(199.5));
    gx_map_put(arena, &row, "stock", gx_int(7));
    gx_map_put(arena, &row, "category", gx_str("hair/dye"));
    gx_map_put(arena, &row, "tags", list_of(arena, "new", NULL));
    gx_map_put(arena, &row, "organic", gx_bool(false));
    gx_map_put(arena, &row, "肤质", gx_str("干性"));
    gx_map_put(arena, &row, "in", gx_str("a \"b\" *"));
    assert_int_equal(gx_columns_set(columns, 1, &row, NULL), GX_OK);
    row = gx_map(arena, 0);
    assert_int_equal(gx_columns_set(columns, 2, &row, NULL), GX_OK);
    row = gx_map(arena, 8);
    gx_map_put(arena, &row, "price", gx_str("30"));
    gx_map_put(arena, &row, "category", gx_str("book"));
    gx_map_put(arena, &row, "organic", gx_str("TRUE"));
    gx_map_put(arena, &row, "nested", gx_map(arena, 0));
    gx_map_put(arena, &row, "nothing", gx_nil());
    gx_map_put(arena, &row, "nan", gx_real(NAN));
    gx_map_put(arena, &row, "empty", gx_list(arena, 0));
    assert_int_equal(gx_columns_set(columns, 4, &row, NULL), GX_OK);
    return columns;
}

/* Berlin is at 52.52, 13.405; of the rows 0 is there, 1 in Paris by fields of the shop, 2 in
 * Potsdam as texts, 3 without a longitude, 4 off the globe, 5 at the other side of the date line.
 */
static gx_columns *map_of_shops(gx_arena *arena) {
    static const struct {
        const char *lat, *lon;
        double latitude, longitude;
        bool text;
    } places[] = {
        {"lat", "lon", 52.52, 13.405, false},   {"attr_lat", "attr_lon", 48.8566, 2.3522, false},
        {"lat", "lon", 52.3906, 13.0645, true}, {"lat", NULL, 52.52, 0, false},
        {"lat", "lon", 152.52, 13.405, false},  {"attr_lat", "attr_lon", -17.7, -179.9, false},
    };
    gx_columns *columns = NULL;
    assert_int_equal(gx_columns_create(&columns, NULL), GX_OK);
    for (uint32_t i = 0; i < GX_COUNT(places); i++) {
        gx_value row = gx_map(arena, 4);
        char *text[2] = {gx_arena_printf(arena, "%g", places[i].latitude),
                         gx_arena_printf(arena, "%g", places[i].longitude)};
        gx_map_put(arena, &row, places[i].lat,
                   places[i].text ? gx_str(text[0]) : gx_real(places[i].latitude));
        if (places[i].lon) {
            gx_map_put(arena, &row, places[i].lon,
                       places[i].text ? gx_str(text[1]) : gx_real(places[i].longitude));
        }
        gx_map_put(arena, &row, "hour", gx_int(i));
        assert_int_equal(gx_columns_set(columns, i, &row, NULL), GX_OK);
    }
    return columns;
}

static void assert_near(const char *text, const gx_moment *moment, const char *expected) {
    gx_error err = {0};
    gx_arena *arena = gx_arena_create();
    gx_columns *columns = map_of_shops(arena);
    gx_where *where = NULL;
    uint8_t pass[7];
    char out[8] = "";
    assert_int_equal(gx_where_compile(&where, arena, gx_slice_of(text), &err), GX_OK);
    if (moment) {
        assert_int_equal(gx_where_at(where, moment, &err), GX_OK);
    }
    assert_int_equal(gx_where_eval(pass, where, columns, 7, NULL), GX_OK);
    for (uint32_t i = 0, n = 0; i < 7; i++) {
        assert_int_equal(pass[i], gx_where_row(where, columns, i));
        if (pass[i]) {
            out[n++] = (char)('0' + i);
        }
    }
    assert_string_equal(out, expected);
    gx_columns_destroy(columns);
    gx_arena_destroy(arena);
}

static void distance_and_hour_are_of_the_moment(void **state) {
    (void)state;
    const gx_moment berlin = {52.52, 13.405, 21}, fiji = {-17.7, 179.9, 0};
    /* Berlin to Paris 878 km, to Potsdam 27 km; over the date line 21 km, not 40,000. */
    assert_true(fabs(gx_distance_km(52.52, 13.405, 48.8566, 2.3522) - 877.5) < 1);
    assert_true(fabs(gx_distance_km(0, 0, 0, 180) - 20015.1) < 0.1);
    assert_true(gx_distance_km(10, 20, 10, 20) == 0);
    assert_near("distance < 5", &berlin, "0");
    assert_near("distance <= 30 and not hour < 18", &berlin, "02");
    assert_near("distance > 800 and distance < 900", &berlin, "1");
    assert_near("distance exists", &berlin, "0125");
    assert_near("not distance exists", &berlin, "346");
    assert_near("distance = 0", &berlin, "0");
    assert_near("distance != 0", &berlin, "125");
    assert_near("distance not in (0, 1)", &berlin, "125");
    assert_near("distance < 25", &fiji, "5");
    assert_near("hour in (20, 21)", &berlin, "0123456");
    assert_near("hour = 0 or `hour` = 2", &berlin, "2");
    /* Without a moment the names are fields like others. */
    assert_near("hour >= 4", NULL, "45");
    assert_near("distance exists", NULL, "");
    gx_arena *arena = gx_arena_create();
    gx_where *where = NULL;
    gx_error err = {0};
    const gx_moment none = GX_MOMENT_NONE;
    assert_int_equal(
        gx_where_compile(&where, arena, gx_slice_of("price < 3 or (not distance < 5)"), &err),
        GX_OK);
    assert_int_equal(gx_where_at(where, &none, &err), GX_BAD_REQUEST);
    assert_non_null(strstr(err.message, "geo"));
    assert_int_equal(gx_where_compile(&where, arena, gx_slice_of("hour < 5"), &err), GX_OK);
    assert_int_equal(gx_where_at(where, &none, &err), GX_BAD_REQUEST);
    gx_arena_destroy(arena);
}

/* The rows 0–5 that pass, as digits; checks that one row, all rows and the reason agree. */
static const char *passing(const char *text) {
    static char out[16];
    gx_error err = {0};
    gx_arena *arena = gx_arena_create();
    gx_columns *columns = shop(arena);
    gx_where *where = NULL;
    gx_status status = gx_where_compile(&where, arena, gx_slice_of(text), &err);
    if (status != GX_OK) {
        print_error("%s\n", err.message);
    }
    assert_int_equal(status, GX_OK);
    uint8_t pass[6];
    assert_int_equal(gx_where_eval(pass, where, columns, 6, NULL), GX_OK);
    size_t n = 0;
    for (uint32_t i = 0; i < 6; i++) {
        assert_int_equal(pass[i], gx_where_row(where, columns, i));
        assert_int_equal(pass[i], gx_where_failed(where, columns, i).size == 0);
        if (pass[i]) {
            out[n++] = (char)('0' + i);
        }
    }
    out[n] = 0;
    gx_columns_destroy(columns);
    gx_arena_destroy(arena);
    return out;
}

/* ---- the language --------------------------------------------------------------------------- */

static void the_language_means_what_it_says(void **state) {
    (void)state;
    static const struct {
        const char *text, *rows;
    } cases[] = {
        {"price < 200", "014"},
        {"price<=12", "0"},
        {"price > 12", "14"},
        {"price >= 199.5", "1"},
        {"price = 12", "0"},
        {"price == 12.0", "0"},
        {"price != 12", "14"},
        {"price = -1e3", ""},
        {"price = \"12\"", "0"},
        {"price in ('199.5', '30')", "14"},
        {"price != '12'", "14"},
        {"price = '012'", ""},
        {"price = '30.0'", ""}, /* to a text it is a text */
        {"stock > 0", "1"},
        {"stock = 0", "0"},
        {"category = \"skincare\"", "0"},
        {"category = 'skincare'", "0"},
        {"category != 'skincare'", "14"},
        {"category in (\"skincare\", \"hair/*\")", "01"},
        {"category not in (\"skincare\", \"hair/*\")", "4"},
        {"category = 'hair*'", "1"},
        {"category = '*'", "014"},
        {"category = 'hair\\*'", ""},
        {"category = 'hair'", ""},
        {"tags = 'sale'", "0"},
        {"tags in ('new')", "01"},
        {"tags != 'sale'", "1"},
        {"tags not in ('new', 'other')", ""},
        {"tags exists", "01"},
        {"not tags exists", "2345"},
        {"organic = true", "04"},
        {"organic = false", "1"},
        {"organic != true", "1"},
        {"price exists and not price > 100", "04"},
        {"not (price > 100)", "02345"},
        {"price < 20 or category = 'book' and price = 30", "04"},
        {"(price < 20 or category = 'book') and price = 30", "4"},
        {"price in (12, 'x', 30)", "04"},
        {"PRICE exists", ""},
        {"price EXISTS AND NOT stock Exists", "4"},
        {"肤质 = '干性'", "1"},
        {"`in` = 'a \"b\" \\*'", "1"},
        {"`in` = \"a \\\"b*\"", "1"},
        {"nested exists or nothing exists or nan exists or empty exists", ""},
        {"nobody.has_it = 1", ""},
        {"not nobody = 1", "012345"},
        {"listed_at >= '2026-01-01'", "0"},
        {"listed_at < \"2026-01-01T00:00:01Z\"", "0"},
        {"listed_at > '2026-01-01'", ""},
        {"((((price))))= 1", NULL},
        {"\tprice\n<\r200 ", "014"},
    };
    for (size_t i = 0; i < GX_COUNT(cases); i++) {
        if (!cases[i].rows) {
            continue;
        }
        const char *given = passing(cases[i].text);
        if (strcmp(given, cases[i].rows) != 0) {
            fail_msg("%s: rows %s, expected %s", cases[i].text, given, cases[i].rows);
        }
    }
}

static void errors_name_the_place_and_what_is_accepted(void **state) {
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "ends at position 1; expected a field"},
        {"   ", "ends at position 4; expected a field"},
        {"price", "ends at position 6; expected = != <"},
        {"price <", "ends at position 8; expected a number"},
        {"price < 'cheap'", "position 9: expected a number or a date"},
        {"price < true", "position 9: expected a number or a date"},
        {"price ! 3", "position 7: expected = != <"},
        {"price = 12abc", "position 9: expected a number, given '12abc'"},
        {"price = 1e999", "position 9: expected a number"},
        {"price = cheap", "position 9: expected a number, a quoted text, true or false"},
        {"price = 'cheap", "position 9: expected a number, a quoted text"},
        {"price in 3", "position 10: expected ( and a list"},
        {"price in ()", "position 11: expected a number, a quoted text"},
        {"price in (1 2)", "position 13: expected , or )"},
        {"price in (1", "expected , or )"},
        {"price not 3", "position 11: expected `in`"},
        {"price < 3 stock > 1", "position 11: expected and, or, or the end"},
        {"(price < 3", "expected and, or, or )"},
        {"price < 3)", "position 10: expected and, or, or the end"},
        {"not", "expected a field"},
        {"and price < 3", "position 1: expected a field"},
        {"not not price < 3", "position 5: expected a field"},
        {"price < 3 and", "expected a field"},
        {"price # 3", "position 7: expected = != <"},
        {"((((price))))= 1", "position 10: expected = != <"},
        {"\xff\xfe", "expected = != <"},
    };
    gx_arena *arena = gx_arena_create();
    for (size_t i = 0; i < GX_COUNT(cases); i++) {
        gx_error err = {0};
        gx_where *where = NULL;
        assert_int_equal(gx_where_compile(&where, arena, gx_slice_of(cases[i].text), &err),
                         GX_BAD_REQUEST);
        assert_null(where);
        assert_string_equal(err.at, "where");
        if (!strstr(err.message, cases[i].says)) {
            fail_msg("%s: says '%s', expected '%s'", cases[i].text, err.message, cases[i].says);
        }
    }
    gx_arena_destroy(arena);
}

static gx_status compile_repeated(const char *head, const char *piece, size_t times,
                                  const char *tail) {
    gx_arena *arena = gx_arena_create();
    size_t room = strlen(head) + strlen(piece) * times + strlen(tail) + 1;
    char *text = gx_arena_get(arena, room);
    assert_non_null(text);
    size_t size = (size_t)sprintf(text, "%s", head);
    for (size_t i = 0; i < times; i++) {
        size += (size_t)sprintf(text + size, "%s", piece);
    }
    size += (size_t)sprintf(text + size, "%s", tail);
    gx_where *where = NULL;
    gx_status status = gx_where_compile(&where, arena, (gx_slice){text, size}, NULL);
    gx_arena_destroy(arena);
    return status;
}

static void limits_hold(void **state) {
    (void)state;
    assert_int_equal(compile_repeated("a=1", " or a=1", 255, ""), GX_OK);
    assert_int_equal(compile_repeated("a=1", " or a=1", 256, ""), GX_BAD_REQUEST);
    assert_int_equal(compile_repeated("a=1", " ", 4093, ""), GX_OK);
    assert_int_equal(compile_repeated("a=1", " ", 4094, ""), GX_BAD_REQUEST);
    assert_int_equal(compile_repeated("", "(", 32, "a=1))))))))))))))))))))))))))))))))"), GX_OK);
    assert_int_equal(compile_repeated("", "(", 33, "a=1)))))))))))))))))))))))))))))))))"),
                     GX_BAD_REQUEST);
    assert_int_equal(compile_repeated("", "not(", 4000 / 4, ""), GX_BAD_REQUEST);
}

static void the_failing_part_is_named(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    gx_columns *columns = shop(arena);
    gx_where *where = NULL;
    const char *text = "price < 200 and (stock > 0 or stock = 5) and tags exists";
    assert_int_equal(gx_where_compile(&where, arena, gx_slice_of(text), NULL), GX_OK);
    assert_true(gx_slice_is(gx_where_failed(where, columns, 0), "stock > 0 or stock = 5"));
    assert_true(gx_slice_is(gx_where_failed(where, columns, 1), ""));
    assert_true(gx_slice_is(gx_where_failed(where, columns, 3), "price < 200"));
    assert_true(gx_slice_is(gx_where_failed(NULL, columns, 3), ""));
    gx_columns_destroy(columns);
    gx_arena_destroy(arena);
}

/* ---- columns -------------------------------------------------------------------------------- */

static void a_row_reads_back_and_is_replaced_whole(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    gx_columns *columns = shop(arena);
    assert_int_equal(gx_columns_rows(columns), 5);
    assert_int_equal(gx_columns_get(columns, arena, 0, "price").as.integer, 12);
    assert_true(gx_columns_get(columns, arena, 1, "price").as.real == 199.5);
    assert_int_equal(gx_columns_get(columns, arena, 3, "price").type, GX_NIL);
    assert_int_equal(gx_columns_get(columns, arena, 1u << 30, "price").type, GX_NIL);
    assert_int_equal(gx_columns_get(columns, arena, 0, "nobody").type, GX_NIL);
    assert_true(gx_columns_get(columns, arena, 0, "organic").as.boolean);
    gx_value tags = gx_columns_get(columns, arena, 0, "tags"), same = list_of(arena, "sale", "new");
    assert_true(gx_value_equal(&tags, &same));

    gx_value row = gx_map(arena, 2);
    gx_map_put(arena, &row, "price", gx_str("on request"));
    gx_value sizes = gx_list(arena, 3);
    gx_list_add(arena, &sizes, gx_int(38));
    gx_list_add(arena, &sizes, gx_bool(false));
    gx_list_add(arena, &sizes, gx_real(40.5));
    gx_list_add(arena, &sizes, gx_nil());
    gx_map_put(arena, &row, "sizes", sizes);
    assert_int_equal(gx_columns_set(columns, 0, &row, NULL), GX_OK);
    gx_value price = gx_columns_get(columns, arena, 0, "price");
    assert_true(gx_slice_is((gx_slice){price.as.text, price.size}, "on request"));
    assert_int_equal(gx_columns_get(columns, arena, 0, "tags").type, GX_NIL);
    gx_value back = gx_columns_get(columns, arena, 0, "sizes");
    assert_int_equal(back.size, 3);
    assert_int_equal(back.as.items[0].as.integer, 38);
    gx_where *where = NULL;
    assert_int_equal(
        gx_where_compile(&where, arena, gx_slice_of("sizes > 40 and sizes = 38"), NULL), GX_OK);
    assert_true(gx_where_row(where, columns, 0));
    uint8_t pass[1];
    assert_int_equal(gx_where_eval(pass, where, columns, 1, NULL), GX_OK);
    assert_int_equal(pass[0], 1);
    gx_value text = gx_str("not a map");
    assert_int_equal(gx_columns_set(columns, 0, &text, NULL), GX_BAD_REQUEST);
    gx_columns_destroy(columns);
    gx_arena_destroy(arena);
}

/* Texts and lists that change all the time must not grow the columns without end. */
static void dead_words_are_given_back(void **state) {
    (void)state;
    gx_columns *columns = NULL;
    gx_arena *arena = gx_arena_create();
    assert_int_equal(gx_columns_create(&columns, NULL), GX_OK);
    uint64_t early = 0;
    for (uint32_t round = 0; round < 30000; round++) {
        gx_arena_reset(arena);
        gx_value row = gx_map(arena, 2);
        const char *stamp = gx_arena_printf(arena, "2026-11-23 #%u", round);
        gx_map_put(arena, &row, "updated", gx_str(stamp));
        gx_map_put(arena, &row, "tags", list_of(arena, stamp, "kept"));
        assert_int_equal(gx_columns_set(columns, round % 10, &row, NULL), GX_OK);
        if (round == 6000) {
            early = gx_alloc_live_bytes();
        }
    }
    assert_true(gx_alloc_live_bytes() <= early + early / 2);
    for (uint32_t r = 0; r < 10; r++) {
        gx_value tags = gx_columns_get(columns, arena, r, "tags");
        gx_value updated = gx_columns_get(columns, arena, r, "updated");
        assert_true(gx_value_equal(&tags.as.items[0], &updated));
        const char *stamp = gx_arena_printf(arena, "2026-11-23 #%u", 29990 + r);
        assert_true(gx_slice_is((gx_slice){updated.as.text, updated.size}, stamp));
    }
    gx_columns_destroy(columns);
    gx_arena_destroy(arena);
}

static void fields_have_a_maximum(void **state) {
    (void)state;
    gx_columns *columns = NULL;
    gx_arena *arena = gx_arena_create();
    assert_int_equal(gx_columns_create(&columns, NULL), GX_OK);
    gx_status status = GX_OK;
    gx_error err = {0};
    for (uint32_t f = 0; f <= 4096; f++) {
        assert_int_equal(status, GX_OK);
        gx_value row = gx_map(arena, 1);
        gx_map_put(arena, &row, gx_arena_printf(arena, "attr_%u", f), gx_str("x"));
        status = gx_columns_set(columns, 0, &row, &err);
    }
    assert_int_equal(status, GX_OVER_LIMIT);
    assert_non_null(strstr(err.message, "attr_4096"));
    gx_columns_destroy(columns);
    gx_arena_destroy(arena);
}

/* ---- the naive twin ------------------------------------------------------------------------- */

/* A random expression is grown as text and judged on the records themselves at the same time. */
enum { TWIN_ROWS = 2500, TWIN_EXPRESSIONS = 700 };

typedef struct twin {
    gx_rng rng;
    gx_arena *arena;
    const gx_value *records;
    char text[3000];
    size_t size;
} twin;

static const char *const twin_words[] = {"a", "ab", "abc", "b", "true", "7", "x/y", "x/z", ""};
static const char *const twin_fields[] = {"f", "g", "h", "none"};

static void twin_write(twin *t, const char *text) {
    t->size += (size_t)snprintf(t->text + t->size, sizeof t->text - t->size, "%s", text);
}

static gx_value twin_scalar(gx_rng *rng) {
    switch (gx_rng_below(rng, 4)) {
    case 0:
        return gx_int((int64_t)gx_rng_below(rng, 12) - 2);
    case 1:
        return gx_bool(gx_rng_below(rng, 2) == 1);
    default:
        return gx_str(twin_words[gx_rng_below(rng, GX_COUNT(twin_words))]);
    }
}

static gx_value twin_record(gx_arena *arena, gx_rng *rng) {
    gx_value record = gx_map(arena, 3);
    for (size_t f = 0; f < 3; f++) {
        uint64_t shape = gx_rng_below(rng, 10);
        if (shape < 2) {
            continue;
        }
        gx_value value = twin_scalar(rng);
        if (shape == 9 && f == 1) {
            value = gx_list(arena, 3);
            for (uint64_t k = gx_rng_below(rng, 4); k > 0; k--) {
                gx_list_add(arena, &value, twin_scalar(rng));
            }
        }
        gx_map_put(arena, &record, twin_fields[f], value);
    }
    return record;
}

typedef struct twin_literal {
    gx_value value;
    bool prefix;
} twin_literal;

static bool twin_equal(const gx_value *value, const twin_literal *literal) {
    const gx_value *given = &literal->value;
    double number;
    switch (given->type) {
    case GX_INT:
        if (value->type == GX_TEXT) {
            return gx_parse_real((gx_slice){value->as.text, value->size}, &number) &&
                   number == (double)given->as.integer;
        }
        return value->type == GX_INT && value->as.integer == given->as.integer;
    case GX_BOOL:
        if (value->type == GX_TEXT) {
            return gx_slice_is((gx_slice){value->as.text, value->size},
                               given->as.boolean ? "true" : "false");
        }
        return value->type == GX_BOOL && value->as.boolean == given->as.boolean;
    default:
        if (value->type == GX_INT) { /* none of the words is a code with zeros before it */
            return !literal->prefix &&
                   gx_parse_real((gx_slice){given->as.text, given->size}, &number) &&
                   number == (double)value->as.integer;
        }
        return value->type == GX_TEXT &&
               (literal->prefix ? value->size >= given->size : value->size == given->size) &&
               memcmp(value->as.text, given->as.text, given->size) == 0;
    }
}

static bool twin_ordered(const gx_value *value, int op, int64_t limit) {
    double number = 0;
    if (value->type == GX_INT) {
        number = (double)value->as.integer;
    } else if (value->type != GX_TEXT ||
               !gx_parse_real((gx_slice){value->as.text, value->size}, &number)) {
        return false;
    }
    double l = (double)limit;
    return op == 0 ? number < l : op == 1 ? number <= l : op == 2 ? number > l : number >= l;
}

typedef struct twin_test {
    const char *field;
    int shape; /* 0 exists, 1 equal to any, 2 ordered */
    int op;
    bool negated;
    twin_literal literals[3];
    uint32_t count;
} twin_test;

static bool twin_value_passes(const twin_test *test, const gx_value *value) {
    if (test->shape == 2) {
        return twin_ordered(value, test->op, test->literals[0].value.as.integer);
    }
    for (uint32_t k = 0; k < test->count; k++) {
        if (twin_equal(value, &test->literals[k])) {
            return true;
        }
    }
    return false;
}

static bool twin_test_passes(const twin_test *test, const gx_value *record) {
    const gx_value *value = gx_map_get(record, test->field);
    if (!value || (value->type == GX_LIST && value->size == 0)) {
        return false;
    }
    if (test->shape == 0) {
        return true;
    }
    bool any = false;
    if (value->type == GX_LIST) {
        for (uint32_t i = 0; i < value->size; i++) {
            any |= twin_value_passes(test, &value->as.items[i]);
        }
    } else {
        any = twin_value_passes(test, value);
    }
    return any != test->negated;
}

static void twin_write_literal(twin *t, twin_literal *out) {
    out->value = twin_scalar(&t->rng);
    out->prefix = out->value.type == GX_TEXT && gx_rng_below(&t->rng, 3) == 0;
    char text[64];
    if (out->value.type == GX_INT) {
        snprintf(text, sizeof text, "%d", (int)out->value.as.integer);
    } else if (out->value.type == GX_BOOL) {
        snprintf(text, sizeof text, "%s", out->value.as.boolean ? "true" : "FALSE");
    } else {
        snprintf(text, sizeof text, "\"%s%s\"", out->value.as.text, out->prefix ? "*" : "");
    }
    twin_write(t, text);
}

static void twin_write_test(twin *t, twin_test *test) {
    static const char *const ordered[] = {"<", "<=", ">", ">="};
    *test = (twin_test){.field = twin_fields[gx_rng_below(&t->rng, GX_COUNT(twin_fields))],
                        .shape = (int)gx_rng_below(&t->rng, 4)};
    twin_write(t, test->field);
    if (test->shape == 0) {
        twin_write(t, " exists");
    } else if (test->shape == 2) {
        char text[32];
        test->op = (int)gx_rng_below(&t->rng, 4);
        test->literals[0].value = gx_int((int64_t)gx_rng_below(&t->rng, 12) - 2);
        snprintf(text, sizeof text, "%s%d", ordered[test->op],
                 (int)test->literals[0].value.as.integer);
        twin_write(t, text);
    } else {
        bool one = test->shape == 3;
        test->shape = 1;
        test->negated = gx_rng_below(&t->rng, 3) == 0;
        test->count = one ? 1 : 1 + (uint32_t)gx_rng_below(&t->rng, 3);
        twin_write(t, one             ? (test->negated ? " != " : " = ")
                      : test->negated ? " not in ("
                                      : " in (");
        for (uint32_t k = 0; k < test->count; k++) {
            twin_write(t, k ? ", " : "");
            twin_write_literal(t, &test->literals[k]);
        }
        twin_write(t, one ? "" : ")");
    }
}

/* Writes an expression of at most `depth` and fills what it says of every record. */
static void twin_grow(twin *t, uint32_t depth, bool *says) {
    uint64_t shape = depth == 0 ? 0 : gx_rng_below(&t->rng, 4);
    if (shape <= 1) {
        bool negate = gx_rng_below(&t->rng, 4) == 0;
        twin_write(t, negate ? "not " : "");
        twin_test test;
        twin_write_test(t, &test);
        for (uint32_t r = 0; r < TWIN_ROWS; r++) {
            says[r] = twin_test_passes(&test, &t->records[r]) != negate;
        }
        return;
    }
    bool is_and = shape == 2, negate = gx_rng_below(&t->rng, 4) == 0;
    bool *other = gx_alloc(TWIN_ROWS, sizeof *other);
    assert_non_null(other);
    twin_write(t, negate ? "not (" : "(");
    twin_grow(t, depth - 1, says);
    for (uint64_t more = 1 + gx_rng_below(&t->rng, 2); more > 0; more--) {
        twin_write(t, is_and ? " and " : " or ");
        twin_grow(t, depth - 1, other);
        for (uint32_t r = 0; r < TWIN_ROWS; r++) {
            says[r] = is_and ? says[r] && other[r] : says[r] || other[r];
        }
    }
    twin_write(t, ")");
    for (uint32_t r = 0; r < TWIN_ROWS; r++) {
        says[r] = says[r] != negate;
    }
    gx_free(other);
}

static void a_naive_twin_agrees_on_random_expressions(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create(), *scratch = gx_arena_create();
    gx_columns *columns = NULL;
    assert_int_equal(gx_columns_create(&columns, NULL), GX_OK);
    gx_value *records = gx_arena_get(arena, TWIN_ROWS * sizeof *records);
    gx_rng rng = gx_rng_at(7, 0);
    for (uint32_t pass = 0; pass < 2; pass++) { /* the second replaces every row */
        for (uint32_t r = 0; r < TWIN_ROWS; r++) {
            records[r] = twin_record(arena, &rng);
            assert_int_equal(gx_columns_set(columns, r, &records[r], NULL), GX_OK);
        }
    }
    twin t = {.rng = gx_rng_at(7, 1), .arena = scratch, .records = records};
    bool *says = gx_arena_get(arena, TWIN_ROWS);
    uint8_t *pass = gx_arena_get(arena, TWIN_ROWS);
    uint64_t passed = 0;
    for (uint32_t e = 0; e < TWIN_EXPRESSIONS; e++) {
        gx_error err = {0};
        gx_where *where = NULL;
        gx_arena_reset(scratch);
        t.size = 0;
        twin_grow(&t, e % 4, says);
        gx_status status = gx_where_compile(&where, scratch, (gx_slice){t.text, t.size}, &err);
        if (status != GX_OK) {
            fail_msg("%s: %s", t.text, err.message);
        }
        assert_int_equal(gx_where_eval(pass, where, columns, TWIN_ROWS, NULL), GX_OK);
        for (uint32_t r = 0; r < TWIN_ROWS; r++) {
            passed += says[r];
            if (pass[r] != says[r] || (r % 16 == 0 && gx_where_row(where, columns, r) != says[r])) {
                fail_msg("%s: row %u is %d, the twin says %d", t.text, r, pass[r], says[r]);
            }
        }
    }
    /* The expressions must decide something: between a tenth and nine tenths pass. */
    uint64_t judged = (uint64_t)TWIN_ROWS * TWIN_EXPRESSIONS;
    assert_true(passed > judged / 10 && passed < judged / 10 * 9);
    gx_columns_destroy(columns);
    gx_arena_destroy(scratch);
    gx_arena_destroy(arena);
}

/* ---- memory that ends ----------------------------------------------------------------------- */

static gx_status build_and_ask(gx_arena *arena, const gx_value *first, const gx_value *second) {
    gx_columns *columns = NULL;
    gx_where *where = NULL;
    uint8_t pass[3000];
    gx_status status = gx_columns_create(&columns, NULL);
    if (status != GX_OK) {
        return status;
    }
    status = gx_columns_set(columns, 0, first, NULL);
    if (status == GX_OK) {
        status = gx_columns_set(columns, 2999, second, NULL);
    }
    if (status == GX_OK) {
        status = gx_columns_set(columns, 0, second, NULL);
        if (status != GX_OK) { /* the row is as it was */
            const gx_value *was = gx_map_get(first, "tags");
            gx_alloc_fail_at(0);
            gx_value is = gx_columns_get(columns, arena, 0, "tags");
            assert_true(gx_value_equal(was, &is));
        }
    }
    if (status == GX_OK) {
        status =
            gx_where_compile(&where, arena, gx_slice_of("tags in ('a', 'b*') or price < 3"), NULL);
    }
    if (status == GX_OK) {
        status = gx_where_eval(pass, where, columns, 3000, NULL);
    }
    gx_columns_destroy(columns);
    return status;
}

static void memory_that_ends_is_told_and_nothing_leaks(void **state) {
    (void)state;
    gx_arena *values = gx_arena_create();
    gx_value first = gx_map(values, 2), second = gx_map(values, 4);
    gx_map_put(values, &first, "tags", list_of(values, "a", "b"));
    gx_map_put(values, &first, "price", gx_int(3));
    gx_map_put(values, &second, "tags", list_of(values, "c", "d"));
    gx_map_put(values, &second, "price", gx_str("much"));
    gx_map_put(values, &second, "brand",
               gx_str("a brand whose name is longer than a first buffer of bytes"));
    gx_status status = GX_NO_MEMORY;
    for (uint64_t k = 1; status != GX_OK && k < 1000; k++) {
        gx_arena *arena = gx_arena_create();
        uint64_t before = gx_alloc_live_blocks();
        gx_alloc_fail_at(k);
        status = build_and_ask(arena, &first, &second);
        gx_alloc_fail_at(0);
        assert_true(status == GX_OK || status == GX_NO_MEMORY);
        assert_int_equal(gx_alloc_live_blocks(), before);
        gx_arena_destroy(arena);
    }
    assert_int_equal(status, GX_OK);
    gx_arena_destroy(values);
}

static void fields_and_texts_are_told(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    gx_columns *columns = shop(arena);
    gx_slice name[3] = {{0}};
    assert_true(gx_columns_fields(NULL, 0, columns) >= 8);
    gx_columns_fields(name, 2, columns);
    assert_true(gx_slice_is(name[0], "price") && gx_slice_is(name[1], "stock") && !name[2].data);
    assert_int_equal(gx_columns_texts(name, 3, columns, "category"), 3);
    assert_true(gx_slice_is(name[0], "skincare") && gx_slice_is(name[2], "book"));
    assert_int_equal(gx_columns_texts(name, 3, columns, "tags"), 2);    /* of lists, each once */
    assert_int_equal(gx_columns_texts(name, 3, columns, "organic"), 1); /* no truths */
    assert_int_equal(gx_columns_texts(name, 3, columns, "nowhere"), 0);
    gx_value row = gx_map(arena, 1);
    gx_map_put(arena, &row, "category", gx_str("dvd"));
    assert_int_equal(gx_columns_set(columns, 0, &row, NULL), GX_OK);
    assert_int_equal(gx_columns_texts(name, 3, columns, "category"), 3); /* none that is gone */
    gx_columns_destroy(columns);
    gx_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_language_means_what_it_says),
        cmocka_unit_test(errors_name_the_place_and_what_is_accepted),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(the_failing_part_is_named),
        cmocka_unit_test(a_row_reads_back_and_is_replaced_whole),
        cmocka_unit_test(dead_words_are_given_back),
        cmocka_unit_test(fields_and_texts_are_told),
        cmocka_unit_test(fields_have_a_maximum),
        cmocka_unit_test(a_naive_twin_agrees_on_random_expressions),
        cmocka_unit_test(distance_and_hour_are_of_the_moment),
        cmocka_unit_test(memory_that_ends_is_told_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
