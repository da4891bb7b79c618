/* Packed sets against a sorted array, and the sorts under them against qsort. */
#include "graph/store/sort.h"
#include "graph/store/testing.h"

enum { SPACE = 3000, IDS = 16 };

/* The twin: which of the numbers 0 … SPACE−1 are in the set. Record n is (n / 50, n % 50). */
typedef struct twin {
    bool in[SPACE];
    size_t count;
} twin;

static void record_of(uint8_t to[IDS], uint32_t n) {
    gx__put_be64(to, n / 50);
    gx__put_be64(to + 8, n % 50);
}

static uint32_t number_of(const uint8_t *record) {
    return (uint32_t)(gx__be64(record) * 50 + gx__be64(record + 8));
}

typedef struct walk {
    const twin *twin;
    uint32_t next, end; /* forward: next expected; back: one above */
} walk;

static gx_status forward(void *ctx, const uint8_t *records, size_t count, gx_error *err) {
    walk *w = ctx;
    (void)err;
    for (size_t i = 0; i < count; i++) {
        uint32_t n = number_of(records + i * IDS);
        assert_true(n < w->end && n >= w->next && w->twin->in[n]);
        for (uint32_t skipped = w->next; skipped < n; skipped++) {
            assert_false(w->twin->in[skipped]);
        }
        w->next = n + 1;
    }
    return GX_OK;
}

static gx_status back(void *ctx, const uint8_t *records, size_t count, gx_error *err) {
    walk *w = ctx;
    (void)err;
    for (size_t i = count; i-- > 0;) {
        uint32_t n = number_of(records + i * IDS);
        assert_true(n < w->end && n >= w->next && w->twin->in[n]);
        for (uint32_t skipped = n + 1; skipped < w->end; skipped++) {
            assert_false(w->twin->in[skipped]);
        }
        w->end = n;
    }
    return GX_OK;
}

static void compare(gx_txn *txn, const twin *t) {
    gx_error err;
    walk all = {t, 0, SPACE};
    must(gx__set_each(txn, &gx__event_id_set, NULL, 0, forward, &all, &err), &err);
    for (uint32_t n = all.next; n < SPACE; n++) {
        assert_false(t->in[n]);
    }
    for (uint32_t group = 0; group < SPACE / 50; group += 7) {
        uint8_t prefix[8];
        walk some = {t, group * 50, group * 50 + 50};
        gx__put_be64(prefix, group);
        must(gx__set_each(txn, &gx__event_id_set, prefix, 8, forward, &some, &err), &err);
        some = (walk){t, group * 50, group * 50 + 50};
        must(gx__set_each_back(txn, &gx__event_id_set, prefix, 8, back, &some, &err), &err);
        for (uint32_t n = some.next; n < some.end; n++) {
            assert_false(t->in[n]);
        }
    }
}

static void merge_random(gx_txn *txn, twin *t, gx_rng *rng, uint32_t span) {
    static uint8_t records[SPACE * IDS], known[SPACE];
    static uint32_t numbers[SPACE];
    gx_error err;
    uint32_t from = (uint32_t)gx_rng_below(rng, SPACE - span + 1);
    uint64_t odds = 1 + gx_rng_below(rng, 8), created = 0, expected = 0;
    size_t count = 0;
    for (uint32_t n = from; n < from + span; n++) {
        if (gx_rng_below(rng, odds) == 0) {
            record_of(records + count * IDS, n);
            numbers[count++] = n;
        }
    }
    must(gx__set_merge(&created, known, txn, &gx__event_id_set, records, count, false, &err), &err);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(known[i] != 0, t->in[numbers[i]]);
        expected += !t->in[numbers[i]];
        t->in[numbers[i]] = true;
    }
    assert_int_equal(created, expected);
}

static void delete_random(gx_txn *txn, twin *t, gx_rng *rng) {
    uint8_t record[IDS], found[IDS];
    gx_error err;
    uint32_t n = (uint32_t)gx_rng_below(rng, SPACE);
    bool was = false;
    record_of(record, n);
    assert_int_equal(gx__set_find(found, txn, &gx__event_id_set, record, &err) == GX_OK, t->in[n]);
    must(gx__set_del(&was, txn, &gx__event_id_set, record, &err), &err);
    assert_int_equal(was, t->in[n]);
    t->in[n] = false;
}

typedef struct probes {
    const twin *twin;
    uint32_t groups[SPACE / 50], found[SPACE / 50];
} probes;

static gx_status count_probe(void *ctx, size_t index, const uint8_t *record, gx_error *err) {
    probes *p = ctx;
    (void)err;
    assert_int_equal(number_of(record) / 50, p->groups[index]);
    assert_true(p->twin->in[number_of(record)]);
    p->found[index]++;
    return GX_OK;
}

static void probe_random(gx_txn *txn, const twin *t, gx_rng *rng) {
    static uint8_t keys[SPACE / 50 * 8];
    probes p = {.twin = t};
    gx_error err;
    size_t count = 0;
    uint64_t odds = 1 + gx_rng_below(rng, 12);
    for (uint32_t group = 0; group < SPACE / 50; group++) {
        if (gx_rng_below(rng, odds) == 0) {
            gx__put_be64(keys + count * 8, group);
            p.groups[count++] = group;
        }
    }
    must(gx__set_probe(txn, &gx__event_id_set, keys, 8, count, count_probe, &p, &err), &err);
    for (size_t i = 0; i < count; i++) {
        uint32_t expected = 0;
        for (uint32_t n = p.groups[i] * 50; n < p.groups[i] * 50 + 50; n++) {
            expected += t->in[n] ? 1 : 0;
        }
        assert_int_equal(p.found[i], expected);
    }
}

static void a_set_is_a_sorted_array(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        test_store store = test_open();
        gx_rng rng = gx_rng_at(seed, 7);
        static twin t;
        t = (twin){.count = 0};
        gx_txn *txn = write_txn(&store);
        for (int round = 0; round < 60; round++) {
            static const uint32_t spans[] = {1, 3, 60, 500, SPACE};
            merge_random(txn, &t, &rng, spans[gx_rng_below(&rng, GX_COUNT(spans))]);
            for (uint64_t i = gx_rng_below(&rng, 40); i > 0; i--) {
                delete_random(txn, &t, &rng);
            }
            if (round % 10 == 9) {
                compare(txn, &t);
            }
            probe_random(txn, &t, &rng);
        }
        gx_txn_abort(txn);
        test_close(&store);
    }
}

static void what_is_imported_in_order_lies_dense(void **state) {
    (void)state;
    test_store store = test_open();
    gx_error err;
    gx_txn *txn = write_txn(&store);
    uint64_t created;
    for (uint32_t n = 0; n < SPACE; n++) {
        uint8_t record[IDS];
        record_of(record, n);
        must(gx__set_merge(&created, NULL, txn, &gx__event_id_set, record, 1, false, &err), &err);
    }
    size_t capacity = GX__BLOCK_BYTES / IDS;
    assert_int_equal(gx__tree_entries(txn, GX__TREE_EVENT_ID), (SPACE + capacity - 1) / capacity);
    gx_txn_abort(txn);
    test_close(&store);
}

/* ---- sorts ------------------------------------------------------------------------------- */

static void pairs_sort_stably(void **state) {
    (void)state;
    enum { COUNT = 3000 };
    static gx__pair pairs[COUNT], scratch[COUNT];
    static const unsigned bits[] = {0, 1, 7, 11, 12, 33, 63};
    for (size_t b = 0; b < GX_COUNT(bits); b++) {
        gx_rng rng = gx_rng_at(b, 1);
        for (size_t count = 0; count < COUNT; count = count * 3 + 1) {
            for (uint32_t i = 0; i < count; i++) {
                pairs[i] = (gx__pair){gx_rng_next(&rng) >> (63 - bits[b]) << (b % 2 ? 0 : 1), i};
            }
            gx__sort_pairs(pairs, scratch, count);
            for (size_t i = 1; i < count; i++) {
                assert_true(
                    pairs[i - 1].key < pairs[i].key ||
                    (pairs[i - 1].key == pairs[i].key && pairs[i - 1].index < pairs[i].index));
            }
        }
    }
}

static int compare_words(gx_slice a, gx_slice b) {
    size_t least = a.size < b.size ? a.size : b.size;
    int order = memcmp(a.data, b.data, least);
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static void words_sort_by_their_bytes(void **state) {
    (void)state;
    enum { COUNT = 2000 };
    static char text[COUNT][256];
    static gx_slice words[COUNT];
    static bool seen[COUNT];
    gx_error err;
    for (uint64_t seed = 0; seed < 4; seed++) {
        gx_rng rng = gx_rng_at(seed, 3);
        for (uint32_t i = 0; i < COUNT; i++) {
            size_t size = 1 + gx_rng_below(&rng, seed == 0 ? 5 : seed == 1 ? 40 : 255);
            for (size_t c = 0; c < size; c++) { /* long common beginnings, high bytes */
                text[i][c] = (char)(c < size / 2 ? 'a' : 1 + (int)gx_rng_below(&rng, 255));
            }
            words[i] = (gx_slice){text[i], size};
            seen[i] = false;
        }
        uint32_t *order = NULL;
        must(gx__sort_words(&order, words, COUNT, &err), &err);
        for (uint32_t i = 0; i < COUNT; i++) {
            assert_false(seen[order[i]]);
            seen[order[i]] = true;
            assert_true(i == 0 || compare_words(words[order[i - 1]], words[order[i]]) <= 0);
        }
        gx_free(order);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_is_a_sorted_array),
        cmocka_unit_test(what_is_imported_in_order_lies_dense),
        cmocka_unit_test(pairs_sort_stably),
        cmocka_unit_test(words_sort_by_their_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
