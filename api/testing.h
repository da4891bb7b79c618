/* A random shop in a throwaway folder, and calls on it with readable arguments: for tests of
 * methods. */
#ifndef GX_API_TESTING_H
#define GX_API_TESTING_H

#include "api/db.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

typedef struct test_shop {
    char folder[GX_FOLDER_MAX];
    gx_db *db;
    gx_arena *arena;
} test_shop;

static inline void test_shop_open(test_shop *s) {
    gx_db_options options = {.create = true, .threads = 1};
    assert_int_equal(gx_folder_make(s->folder, sizeof s->folder, NULL), GX_OK);
    assert_int_equal(gx_db_open(&s->db, s->folder, &options, NULL), GX_OK);
    s->arena = gx_arena_create();
}

static inline void test_shop_close(test_shop *s) {
    gx_db_close(s->db);
    gx_folder_remove(s->folder);
    gx_arena_destroy(s->arena);
}

/* JSON with ' for ". */
static inline gx_value test_json(test_shop *s, const char *json) {
    char text[2048];
    gx_error err = {0};
    gx_value value;
    snprintf(text, sizeof text, "%s", json);
    for (char *c = text; *c; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    if (gx_json_read(&value, s->arena, text, strlen(text), &err) != GX_OK) {
        fail_msg("%s: %s", text, err.message);
    }
    return value;
}

GX_PRINTF(3, 4)
static inline gx_value test_call(test_shop *s, const char *method, const char *format, ...) {
    char text[2048];
    gx_error err = {0};
    gx_value out = gx_nil();
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    const gx_value args = test_json(s, text);
    if (gx_call(&out, s->db, method, &args, s->arena, &err) != GX_OK) {
        fail_msg("%s %s: %s", method, text, err.message);
    }
    return out;
}

/* A call that fails with this code and a message that has `says` in it. */
static inline void test_refused(test_shop *s, const char *method, const char *json, gx_status code,
                                const char *says) {
    gx_error err = {0};
    gx_value out;
    const gx_value args = test_json(s, json);
    assert_int_equal(gx_call(&out, s->db, method, &args, s->arena, &err), code);
    if (!strstr(err.message, says)) {
        fail_msg("%s %s says '%s', expected '%s'", method, json, err.message, says);
    }
}

/* What a map has under `name`, which must be there. */
static inline const gx_value *test_key(const gx_value *map, const char *name) {
    const gx_value *value = gx_map_get(map, name);
    assert_non_null(value);
    return value;
}

static inline bool test_is(const gx_value *value, const char *text) {
    return value && value->type == GX_TEXT &&
           gx_slice_is((gx_slice){value->as.text, value->size}, text);
}

/* The first map of a list whose `field` is this text; NULL: none. */
static inline const gx_value *test_find(const gx_value *list, const char *field, const char *text) {
    for (uint32_t k = 0; k < list->size; k++) {
        if (test_is(gx_map_get(&list->as.items[k], field), text)) {
            return &list->as.items[k];
        }
    }
    return NULL;
}

static inline void test_put_int(test_shop *s, gx_value *row, const char *key, const char *head,
                                uint64_t number) {
    gx_map_put(s->arena, row, key,
               gx_str(gx_arena_printf(s->arena, "%s%u", head, (uint32_t)number)));
}

static inline void test_put(test_shop *s, const char *method, const char *list, gx_value rows) {
    gx_error err = {0};
    gx_value args = gx_map(s->arena, 1), out;
    gx_map_put(s->arena, &args, list, rows);
    if (gx_call(&out, s->db, method, &args, s->arena, &err) != GX_OK) {
        fail_msg("%s: %s", method, err.message);
    }
}

/* Members u0 … in four loose circles, with friendships and follows old and new, groups, cities and
 * purchases; `blocks` pairs of them block. */
static inline void test_shop_fill(test_shop *s, uint64_t seed, uint32_t users, uint32_t blocks) {
    static const char *const kinds[] = {"friend", "follow", "family", "chat"};
    gx_rng rng = gx_rng_at(seed, 3);
    gx_arena *a = s->arena;
    gx_value people = gx_list(a, users), ties = gx_list(a, 64), events = gx_list(a, 64);
    gx_value items = gx_list(a, 40), groups = gx_list(a, 8), members = gx_list(a, 64);
    for (uint32_t i = 0; i < 40; i++) {
        gx_value row = gx_map(a, 2);
        test_put_int(s, &row, "item_id", "i", i);
        test_put_int(s, &row, "category", "c", i % 4);
        gx_list_add(a, &items, row);
    }
    for (uint32_t g = 0; g < 8; g++) {
        gx_value row = gx_map(a, 1);
        test_put_int(s, &row, "group_id", "g", g);
        gx_list_add(a, &groups, row);
    }
    for (uint32_t u = 0; u < users; u++) {
        gx_value row = gx_map(a, 3);
        test_put_int(s, &row, "user_id", "u", u);
        test_put_int(s, &row, "city", "city", gx_rng_below(&rng, 5));
        gx_map_put(a, &row, "consent", gx_str(u % 3 ? "true" : "false"));
        gx_list_add(a, &people, row);
        for (uint64_t k = gx_rng_below(&rng, 12); k > 0; k--) {
            uint64_t v = gx_rng_below(&rng, users);
            v = gx_rng_below(&rng, 4) ? v / 4 * 4 + u % 4 : v;
            if (v >= users || v == u) {
                continue;
            }
            row = gx_map(a, 5);
            test_put_int(s, &row, "src", "u", u);
            test_put_int(s, &row, "dst", "u", v);
            gx_map_put(a, &row, "kind", gx_str(kinds[gx_rng_below(&rng, GX_COUNT(kinds))]));
            gx_map_put(a, &row, "weight", gx_real((double)(1 + gx_rng_below(&rng, 8)) / 4));
            if (gx_rng_below(&rng, 3)) {
                int64_t days = (int64_t)gx_rng_below(&rng, 900);
                gx_map_put(a, &row, "ts", gx_int(1700000000000 + days * 86400000));
            }
            gx_list_add(a, &ties, row);
        }
        for (uint64_t k = gx_rng_below(&rng, 9); k > 0; k--) {
            row = gx_map(a, 4);
            test_put_int(s, &row, "user_id", "u", u);
            test_put_int(s, &row, "item_id", "i", gx_rng_below(&rng, 10) * 4 + u % 4);
            gx_map_put(a, &row, "action", gx_str(gx_rng_below(&rng, 4) ? "buy" : "view"));
            gx_map_put(a, &row, "ts",
                       gx_int(1700000000000 + (int64_t)gx_rng_below(&rng, 900) * 86400000));
            gx_list_add(a, &events, row);
        }
        for (uint64_t k = gx_rng_below(&rng, 3); k > 0; k--) {
            row = gx_map(a, 2);
            test_put_int(s, &row, "group_id", "g", gx_rng_below(&rng, 8));
            test_put_int(s, &row, "user_id", "u", u);
            gx_list_add(a, &members, row);
        }
    }
    for (uint32_t b = 0; b < blocks; b++) {
        gx_value row = gx_map(a, 3);
        uint64_t u = gx_rng_below(&rng, users);
        test_put_int(s, &row, "src", "u", u);
        test_put_int(s, &row, "dst", "u", (u + 1 + gx_rng_below(&rng, users - 1)) % users);
        gx_map_put(a, &row, "kind", gx_str("block"));
        gx_list_add(a, &ties, row);
    }
    test_put(s, "user.put", "users", people);
    test_put(s, "item.put", "items", items);
    test_put(s, "group.put", "groups", groups);
    test_put(s, "member.put", "members", members);
    test_put(s, "tie.put", "ties", ties);
    test_put(s, "event.put", "events", events);
}

#endif
