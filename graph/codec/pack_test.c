/* MessagePack: round trips of random trees, agreement of guard, reader and msgpack-c, hand-made
 * hostile frames and mutated ones, and every failing allocation. */
#include "graph/codec/codec.h"

#include <msgpack.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const gx_pack_limits defaults = {1u << 20, 16, 65536};

static gx_value random_text(gx_arena *arena, gx_rng *rng) {
    static const uint32_t lengths[] = {0, 1, 5, 31, 32, 255, 256, 65536};
    uint32_t size = lengths[gx_rng_below(rng, gx_rng_below(rng, 50) ? 6 : GX_COUNT(lengths))];
    char *bytes = gx_arena_get(arena, size + 1);
    for (uint32_t i = 0; i < size; i++) {
        bytes[i] = (char)(' ' + gx_rng_below(rng, 95));
    }
    return gx_text(bytes, size);
}

static gx_value random_integer(gx_rng *rng) {
    int64_t bits = (int64_t)(gx_rng_next(rng) >> gx_rng_below(rng, 64));
    return gx_int(gx_rng_below(rng, 2) ? bits : -bits);
}

static gx_value random_value(gx_arena *arena, gx_rng *rng, int depth);

static gx_value random_container(gx_arena *arena, gx_rng *rng, int depth, bool map) {
    uint32_t count = (uint32_t)gx_rng_below(rng, depth == 1 ? 40 : 5);
    gx_value made = map ? gx_map(arena, 0) : gx_list(arena, 0);
    for (uint32_t i = 0; i < count; i++) {
        gx_value entry = random_value(arena, rng, depth + 1);
        if (map) {
            gx_map_put(arena, &made, gx_arena_printf(arena, "key %u", i), entry);
        } else {
            gx_list_add(arena, &made, entry);
        }
    }
    return made;
}

static gx_value random_value(gx_arena *arena, gx_rng *rng, int depth) {
    switch (gx_rng_below(rng, depth > 8 ? 5 : 7)) {
    case 0:
        return gx_nil();
    case 1:
        return gx_bool(gx_rng_below(rng, 2));
    case 2:
        return random_integer(rng);
    case 3:
        return gx_real(gx_rng_normal(rng) * 1e3);
    case 4:
        return random_text(arena, rng);
    case 5:
        return random_container(arena, rng, depth, false);
    default:
        return random_container(arena, rng, depth, true);
    }
}

static void random_trees_come_back(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    gx_buffer buffer = {0};
    for (uint64_t seed = 0; seed < 2000; seed++) {
        gx_rng rng = gx_rng_at(7, seed);
        gx_value value = random_container(arena, &rng, 1, true), back;
        buffer.size = 0;
        gx_pack_write(&buffer, &value);
        assert_false(buffer.failed);
        gx_error err;
        assert_int_equal(gx_pack_read(&back, arena, buffer.bytes, buffer.size, &defaults, &err),
                         GX_OK);
        assert_true(gx_value_equal(&value, &back));
        gx_arena_reset(arena);
    }
    gx_buffer_finish(&buffer);
    gx_arena_destroy(arena);
}

/* Every prefix of a whole object is partial, and asks for no more than the whole. */
static void prefixes_are_partial(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    gx_buffer buffer = {0};
    for (uint64_t seed = 0; seed < 100; seed++) {
        gx_rng rng = gx_rng_at(11, seed);
        gx_value value = random_container(arena, &rng, 2, true);
        buffer.size = 0;
        gx_pack_write(&buffer, &value);
        size_t step = buffer.size / 500 + 1;
        for (size_t size = 0; size < buffer.size; size += step) {
            size_t least = 0;
            assert_int_equal(gx_guard_walk(&least, buffer.bytes, size, &defaults, NULL),
                             GX_GUARD_PARTIAL);
            assert_in_range(least, size + 1, buffer.size);
        }
        size_t whole = 0;
        assert_int_equal(gx_guard_walk(&whole, buffer.bytes, buffer.size, &defaults, NULL),
                         GX_GUARD_WHOLE);
        assert_int_equal(whole, buffer.size);
        gx_arena_reset(arena);
    }
    gx_buffer_finish(&buffer);
    gx_arena_destroy(arena);
}

/* A frame a byte at a time costs a walk only at each length the guard has asked for. */
static void dripping_is_cheap(void **state) {
    (void)state;
    enum { COUNT = 4000, TEXT = 250 };
    gx_buffer buffer = {0};
    char text[TEXT];
    memset(text, 'x', sizeof text);
    gx_value item = gx_text(text, TEXT);
    gx_pack_write_list(&buffer, COUNT);
    for (int i = 0; i < COUNT; i++) {
        gx_pack_write(&buffer, &item);
    }
    size_t walks = 0, least = 1;
    gx_guard_verdict verdict = GX_GUARD_PARTIAL;
    while (verdict == GX_GUARD_PARTIAL) {
        verdict = gx_guard_walk(&least, buffer.bytes, least, &defaults, NULL);
        walks++;
    }
    assert_int_equal(verdict, GX_GUARD_WHOLE);
    assert_int_equal(least, buffer.size);
    assert_in_range(walks, 1, 4000);
    gx_buffer_finish(&buffer);
}

typedef struct hostile {
    const char *bytes;
    size_t size;
    gx_guard_verdict verdict;
    gx_status code; /* of a refusal */
} hostile;

#define FRAME(text) text, sizeof(text) - 1

static void hostile_heads(void **state) {
    (void)state;
    static const hostile cases[] = {
        {FRAME("\xdd\xff\xff\xff\xff\x00"), GX_GUARD_REFUSED, GX_OVER_LIMIT},
        {FRAME("\xdf\xff\xff\xff\xff"), GX_GUARD_REFUSED, GX_OVER_LIMIT},
        {FRAME("\xdf\x80\x00\x00\x00"), GX_GUARD_REFUSED, GX_OVER_LIMIT},
        {FRAME("\xdb\xff\xff\xff\xff"), GX_GUARD_REFUSED, GX_OVER_LIMIT},
        {FRAME("\xc6\x00\x10\x00\x00"), GX_GUARD_REFUSED, GX_OVER_LIMIT},
        {FRAME("\xc9\xff\xff\xff\xff\x01"), GX_GUARD_REFUSED, GX_OVER_LIMIT},
        {FRAME("\xdd\x00\x01\x00\x01"), GX_GUARD_REFUSED, GX_OVER_LIMIT},
        {FRAME("\xdf\x00\x00\x80\x01"), GX_GUARD_REFUSED, GX_OVER_LIMIT},
        {FRAME("\xc1"), GX_GUARD_REFUSED, GX_BAD_REQUEST},
        {FRAME("\x92\x01\xc1"), GX_GUARD_REFUSED, GX_BAD_REQUEST},
        {FRAME("\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x01"),
         GX_GUARD_REFUSED, GX_OVER_LIMIT},
        {FRAME("\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x90"),
         GX_GUARD_REFUSED, GX_OVER_LIMIT},
        {FRAME("\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x01"),
         GX_GUARD_WHOLE, GX_OK},
        {FRAME("\xdc\xff\xff"), GX_GUARD_PARTIAL, GX_OK},
        {FRAME("\xda\xff\xff"), GX_GUARD_PARTIAL, GX_OK},
        {FRAME(""), GX_GUARD_PARTIAL, GX_OK},
        {FRAME("\xdb"), GX_GUARD_PARTIAL, GX_OK},
        {FRAME("\xa0"), GX_GUARD_WHOLE, GX_OK},
        {FRAME("\x80"), GX_GUARD_WHOLE, GX_OK},
        {FRAME("\xd8\x01"
               "0123456789abcdef"),
         GX_GUARD_WHOLE, GX_OK},
    };
    for (size_t i = 0; i < GX_COUNT(cases); i++) {
        size_t size = 0;
        gx_error err = {.code = GX_OK};
        gx_guard_verdict verdict =
            gx_guard_walk(&size, cases[i].bytes, cases[i].size, &defaults, &err);
        if (verdict != cases[i].verdict || err.code != cases[i].code) {
            fail_msg("case %zu: verdict %d, code %s", i, verdict, gx_status_name(err.code));
        }
        if (verdict == GX_GUARD_WHOLE) {
            assert_int_equal(size, cases[i].size);
        }
    }
}

static void reader_refuses(void **state) {
    (void)state;
    static const hostile cases[] = {
        {FRAME("\xcf\x80\x00\x00\x00\x00\x00\x00\x00"), GX_GUARD_WHOLE, GX_BAD_REQUEST},
        {FRAME("\x81\x01\x02"), GX_GUARD_WHOLE, GX_BAD_REQUEST},           /* key no text */
        {FRAME("\x82\xa1k\x01\xa1k\x02"), GX_GUARD_WHOLE, GX_BAD_REQUEST}, /* key twice */
        {FRAME("\xd4\x01\x00"), GX_GUARD_WHOLE, GX_BAD_REQUEST},           /* ext */
        {FRAME("\xa2\xc3\x28"), GX_GUARD_WHOLE, GX_BAD_REQUEST},           /* bad UTF-8 */
        {FRAME("\xc4\x01\xff"), GX_GUARD_WHOLE, GX_BAD_REQUEST},           /* the same as bin */
        {FRAME("\x01\x02"), GX_GUARD_WHOLE, GX_BAD_REQUEST},               /* bytes after it */
        {FRAME("\x92\x01"), GX_GUARD_PARTIAL, GX_BAD_REQUEST},             /* ends early */
        {FRAME("\xdd\x7f\xff\xff\xff"), GX_GUARD_REFUSED, GX_OVER_LIMIT},
    };
    gx_arena *arena = gx_arena_create();
    for (size_t i = 0; i < GX_COUNT(cases); i++) {
        gx_value out = gx_int(42);
        gx_error err;
        assert_int_equal(gx_pack_read(&out, arena, cases[i].bytes, cases[i].size, &defaults, &err),
                         cases[i].code);
        assert_int_equal(out.as.integer, 42);
        assert_true(err.message[0]);
    }
    gx_arena_destroy(arena);
}

static void long_maps_with_a_repeated_key(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    gx_buffer buffer = {0};
    for (int repeat = 0; repeat < 2; repeat++) {
        buffer.size = 0;
        gx_pack_write_map(&buffer, 30000);
        for (int i = 0; i < 30000; i++) {
            char key[16];
            gx_value text = gx_text(key, (size_t)snprintf(key, sizeof key, "k%d",
                                                          repeat && i == 29999 ? 17 : i)),
                     nil = gx_nil();
            gx_pack_write(&buffer, &text);
            gx_pack_write(&buffer, &nil);
        }
        gx_value out;
        gx_status status = gx_pack_read(&out, arena, buffer.bytes, buffer.size, &defaults, NULL);
        assert_int_equal(status, repeat ? GX_BAD_REQUEST : GX_OK);
    }
    gx_buffer_finish(&buffer);
    gx_arena_destroy(arena);
}

static bool msgpack_c_takes(const char *bytes, size_t size) {
    msgpack_unpacked result;
    msgpack_unpacked_init(&result);
    size_t offset = 0;
    msgpack_unpack_return got = msgpack_unpack_next(&result, bytes, size, &offset);
    msgpack_unpacked_destroy(&result);
    return got == MSGPACK_UNPACK_SUCCESS && offset == size;
}

/* Thousands of valid frames with a few bytes changed, cut or repeated: whatever the guard calls
 * whole, msgpack-c parses to the same length; whatever it does not, is never handed on. */
static void mutated_frames_agree_with_msgpack_c(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    gx_buffer buffer = {0};
    size_t whole_count = 0;
    for (uint64_t seed = 0; seed < 20000; seed++) {
        gx_rng rng = gx_rng_at(13, seed);
        gx_value value = random_container(arena, &rng, 3, true);
        buffer.size = 0;
        gx_pack_write(&buffer, &value);
        for (uint64_t edits = gx_rng_below(&rng, 4); edits > 0; edits--) {
            buffer.bytes[gx_rng_below(&rng, buffer.size)] = (char)gx_rng_next(&rng);
        }
        if (gx_rng_below(&rng, 4) == 0) {
            buffer.size = (size_t)gx_rng_below(&rng, buffer.size + 1);
        }
        size_t size = 0;
        gx_guard_verdict verdict = gx_guard_walk(&size, buffer.bytes, buffer.size, &defaults, NULL);
        gx_value out;
        gx_status status = gx_pack_read(&out, arena, buffer.bytes, buffer.size, &defaults, NULL);
        if (verdict == GX_GUARD_WHOLE) {
            whole_count++;
            assert_in_range(size, 1, buffer.size);
            assert_true(msgpack_c_takes(buffer.bytes, size));
        } else {
            assert_int_not_equal(status, GX_OK);
        }
        gx_arena_reset(arena);
    }
    assert_in_range(whole_count, 2000, 19999);
    gx_buffer_finish(&buffer);
    gx_arena_destroy(arena);
}

static void same_bytes_as_msgpack_c(void **state) {
    (void)state;
    gx_buffer ours = {0};
    msgpack_sbuffer theirs;
    msgpack_sbuffer_init(&theirs);
    msgpack_packer packer;
    msgpack_packer_init(&packer, &theirs, msgpack_sbuffer_write);
    for (uint64_t seed = 0; seed < 5000; seed++) {
        gx_rng rng = gx_rng_at(17, seed);
        gx_value value = random_integer(&rng);
        gx_pack_write(&ours, &value);
        msgpack_pack_int64(&packer, value.as.integer);
    }
    assert_int_equal(ours.size, theirs.size);
    assert_memory_equal(ours.bytes, theirs.data, ours.size);
    msgpack_sbuffer_destroy(&theirs);
    gx_buffer_finish(&ours);
}

static gx_status round_trip(gx_buffer *buffer, const gx_value *value) {
    gx_arena *arena = gx_arena_create();
    if (!arena) {
        return GX_NO_MEMORY;
    }
    gx_value back;
    gx_pack_write(buffer, value);
    gx_status status =
        buffer->failed ? GX_NO_MEMORY
                       : gx_pack_read(&back, arena, buffer->bytes, buffer->size, &defaults, NULL);
    gx_arena_destroy(arena);
    return status;
}

static void every_failing_allocation(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    gx_rng rng = gx_rng_at(19, 3);
    gx_value value = gx_list(arena, 0);
    for (int i = 0; i < 50; i++) {
        gx_list_add(arena, &value, random_container(arena, &rng, 1, true));
    }
    uint64_t before = gx_alloc_live_blocks(), k = 1;
    gx_status status = GX_NO_MEMORY;
    for (; status != GX_OK && k < 1000; k++) {
        gx_buffer buffer = {0};
        gx_alloc_fail_at(k);
        status = round_trip(&buffer, &value);
        gx_alloc_fail_at(0);
        gx_buffer_finish(&buffer);
        assert_true(status == GX_OK || status == GX_NO_MEMORY);
        assert_int_equal(gx_alloc_live_blocks(), before);
    }
    assert_int_equal(status, GX_OK);
    assert_in_range(k, 5, 999);
    gx_arena_destroy(arena);
}

static void buffer_limit(void **state) {
    (void)state;
    gx_buffer buffer = {.limit = 1000};
    char block[300] = {0};
    for (int i = 0; i < 3; i++) {
        gx_buffer_append(&buffer, block, sizeof block);
        assert_false(buffer.failed);
    }
    gx_buffer_append(&buffer, block, sizeof block);
    assert_true(buffer.failed && buffer.over_limit);
    assert_int_equal(buffer.size, 900);
    gx_buffer_text(&buffer, "x"); /* stays failed: what comes after would be torn */
    assert_int_equal(buffer.size, 900);
    gx_buffer_finish(&buffer);
    gx_buffer_printf(&buffer, "%s-%d", "ab", 12);
    assert_int_equal(buffer.size, 5);
    assert_memory_equal(buffer.bytes, "ab-12", 5);
    gx_buffer_finish(&buffer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_trees_come_back),
        cmocka_unit_test(prefixes_are_partial),
        cmocka_unit_test(dripping_is_cheap),
        cmocka_unit_test(hostile_heads),
        cmocka_unit_test(reader_refuses),
        cmocka_unit_test(long_maps_with_a_repeated_key),
        cmocka_unit_test(mutated_frames_agree_with_msgpack_c),
        cmocka_unit_test(same_bytes_as_msgpack_c),
        cmocka_unit_test(every_failing_allocation),
        cmocka_unit_test(buffer_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
