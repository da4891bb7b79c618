/* Callers at once on several connections get the lists that one caller alone gets, byte by byte,
 * with every rule of a list and with draws. */
#include "api/db.h"
#include "bench/market.h"
#include "bench/served.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { MEMBERS = 400, CALLERS = 6, CALLS = 120 };

static const char *const rules[] = {
    "",
    ", \"where\": \"price < 100\", \"explore\": 0.4, \"seed\": 9",
    ", \"diversity\": 0.4, \"explore\": 0.2, \"request_id\": \"r1\"",
    ", \"diversity\": 0.4, \"diversify\": \"dpp\"",
    ", \"caps\": {\"category/1\": 2, \"brand\": 1}, \"novelty\": 0.5, \"pin\": [\"i5\", \"i6\"]",
    ", \"boost\": \"2 where price > 50\", \"kinds\": {\"product\": 9, \"content\": 1}"};

typedef struct bed {
    char folder[GX_FOLDER_MAX];
    gx_db *db;
    gx_served served;
    gx_arena *arena;
    gx_value args[CALLS], expected[CALLS];
} bed;

typedef struct caller {
    const bed *bed;
    pthread_t thread;
    uint32_t first, same;
} caller;

/* All calls, from another one on each. */
static void *ask(void *user) {
    caller *c = user;
    gx_client *client = NULL;
    gx_arena *arena = gx_arena_create();
    if (arena && gx_client_open(&client, c->bed->served.address, 5000, NULL, NULL) == GX_OK) {
        for (uint32_t i = 0; i < CALLS; i++) {
            const uint32_t k = (c->first + i) % CALLS;
            gx_value out;
            gx_arena_reset(arena);
            if (gx_client_call(&out, client, "rec.user", &c->bed->args[k], arena, NULL) == GX_OK) {
                c->same += gx_value_equal(&out, &c->bed->expected[k]);
            }
        }
    }
    gx_client_close(client);
    gx_arena_destroy(arena);
    return NULL;
}

static void open_bed(bed *b) {
    char path[GX_FOLDER_MAX + 16];
    gx_store *store;
    gx_job job;
    gx_error err = {0};
    gx_value out;
    const gx_store_options create = {.create = true, .sync = GX_SYNC_NONE};
    const gx_market_size size = {MEMBERS, MEMBERS / 2, MEMBERS * 10};
    const gx_db_options how = {.threads = 2};
    gx_job_init(&job, 1, 3);
    assert_int_equal(gx_folder_make(b->folder, sizeof b->folder, NULL), GX_OK);
    snprintf(path, sizeof path, "%s/m.gx", b->folder);
    assert_int_equal(gx_store_open(&store, path, &create, &err), GX_OK);
    assert_int_equal(gx_bench_market(store, &size, &job, &err), GX_OK);
    gx_store_close(store);
    assert_int_equal(gx_db_open(&b->db, path, &how, &err), GX_OK);
    b->arena = gx_arena_create();
    assert_int_equal(gx_call(&out, b->db, "model.build", NULL, b->arena, &err), GX_OK);
}

static void make_calls(bed *b) {
    gx_error err = {0};
    for (uint32_t k = 0; k < CALLS; k++) {
        char text[256];
        const int length = snprintf(text, sizeof text, "{\"users\": [\"u%u\"], \"n\": 10%s}",
                                    k * 7 % MEMBERS, rules[k % GX_COUNT(rules)]);
        assert_int_equal(gx_json_read(&b->args[k], b->arena, text, (size_t)length, &err), GX_OK);
        if (gx_call(&b->expected[k], b->db, "rec.user", &b->args[k], b->arena, &err) != GX_OK) {
            fail_msg("%s: %s", text, err.message);
        }
    }
}

static void callers_at_once_get_the_lists_of_one_alone(void **state) {
    (void)state;
    static bed b;
    caller callers[CALLERS];
    open_bed(&b);
    make_calls(&b);
    assert_int_equal(gx_served_begin(&b.served, b.db, b.folder, 4, false, NULL), GX_OK);
    for (uint32_t c = 0; c < CALLERS; c++) {
        callers[c] = (caller){.bed = &b, .first = c * 31};
        assert_int_equal(pthread_create(&callers[c].thread, NULL, ask, &callers[c]), 0);
    }
    for (uint32_t c = 0; c < CALLERS; c++) {
        pthread_join(callers[c].thread, NULL);
        assert_int_equal(callers[c].same, CALLS);
    }
    gx_served_end(&b.served);
    gx_db_close(b.db);
    gx_arena_destroy(b.arena);
    gx_folder_remove(b.folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(callers_at_once_get_the_lists_of_one_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
