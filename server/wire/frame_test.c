/* Frames: what is written is read back, heads are read whatever follows, and mutated frames are
 * refused or read, never more. */
#include "server/wire/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* A notification of ours reads as one of theirs. */
static void notifications_come_back(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    gx_buffer out = {0};
    gx_value params = gx_map(arena, 1), back;
    gx_map_put(arena, &params, "job", gx_int(7));
    gx_frame_write_notification(&out, "job.progress", &params);
    gx_frame frame;
    assert_int_equal(gx_frame_read(&frame, out.bytes, out.size, NULL), GX_OK);
    assert_int_equal(frame.kind, GX_FRAME_NOTIFICATION);
    assert_true(gx_slice_is(frame.method, "job.progress"));
    assert_int_equal(gx_frame_args(&back, arena, frame.params, NULL), GX_OK);
    assert_true(gx_value_equal(&params, &back));
    gx_buffer_finish(&out);
    gx_arena_destroy(arena);
}

static void requests_come_back(void **state) {
    (void)state;
    static const uint32_t ids[] = {0, 127, 128, 255, 256, 65535, 65536, UINT32_MAX};
    gx_arena *arena = gx_arena_create();
    gx_buffer out = {0};
    char method[300];
    for (size_t i = 0; i < GX_COUNT(ids); i++) {
        memset(method, 'm', sizeof method);
        method[i * 40] = '\0';
        gx_value args = gx_map(arena, 1), back;
        gx_map_put(arena, &args, "k", gx_int((int64_t)i));
        out.size = 0;
        gx_frame_write_request(&out, ids[i], method, i ? &args : NULL);
        gx_frame frame;
        assert_int_equal(gx_frame_read(&frame, out.bytes, out.size, NULL), GX_OK);
        assert_int_equal(frame.kind, GX_FRAME_REQUEST);
        assert_int_equal(frame.msgid, ids[i]);
        assert_true(gx_slice_is(frame.method, method));
        assert_int_equal(gx_frame_args(&back, arena, frame.params, NULL), GX_OK);
        args = i ? args : gx_nil();
        assert_true(gx_value_equal(&args, &back));
        uint32_t msgid;
        assert_true(gx_frame_peek(&msgid, out.bytes, 8));
        assert_int_equal(msgid, ids[i]);
    }
    gx_buffer_finish(&out);
    gx_arena_destroy(arena);
}

static void wide_integers_are_read(void **state) {
    (void)state;
    /* msgid 7 as uint8, uint16, uint32, uint64, int8, int64; list as array 16 and 32. */
    static const struct {
        const char *bytes;
        size_t size;
        bool good;
    } cases[] = {
        {"\x94\x00\xcc\x07\xa1m\x90", 7, true},
        {"\x94\xcd\x00\x00\xcd\x00\x07\xa1m\x90", 10, true},
        {"\x94\x00\xce\x00\x00\x00\x07\xa1m\x90", 10, true},
        {"\x94\x00\xcf\x00\x00\x00\x00\x00\x00\x00\x07\xa1m\x90", 14, true},
        {"\x94\x00\xd0\x07\xa1m\x90", 7, true},
        {"\x94\x00\xd3\x00\x00\x00\x00\x00\x00\x00\x07\xa1m\x90", 14, true},
        {"\xdc\x00\x04\x00\x07\xa1m\x90", 8, true},
        {"\xdd\x00\x00\x00\x04\x00\x07\xd9\x01m\x90", 11, true},
        {"\x94\x00\x07\xc4\x01m\x90", 7, true}, /* the method as bin */
        {"\x94\x00\xd0\xff\xa1m\x90", 7, false},
        {"\x94\x00\xcf\x00\x00\x00\x01\x00\x00\x00\x07\xa1m\x90", 14, false},
        {"\x94\x00\x07\x01\x90", 5, false},
        {"\x93\x00\x07\xa1m", 5, false},
        {"\x95\x00\x07\xa1m\x90\x90", 7, false},
        {"\x94\x02\x07\xa1m\x90", 6, false},
        {"\x94\x03\x07\xa1m\x90", 6, false},
        {"\x80", 1, false},
        {"\x90", 1, false},
    };
    for (size_t i = 0; i < GX_COUNT(cases); i++) {
        gx_frame frame;
        gx_error err;
        gx_status status = gx_frame_read(&frame, cases[i].bytes, cases[i].size, &err);
        if ((status == GX_OK) != cases[i].good) {
            fail_msg("case %zu", i);
        }
        if (cases[i].good) {
            assert_int_equal(frame.msgid, 7);
            assert_true(gx_slice_is(frame.method, "m"));
        }
    }
}

/* Every status, in both shapes, arrives as it was sent; the place only in a map. */
static void errors_come_back(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    gx_buffer out = {0};
    for (int code = 1; code < GX_STATUS_COUNT; code++) {
        for (int shape = GX_ERROR_TEXT; shape <= GX_ERROR_MAP; shape++) {
            gx_error sent = {.code = (gx_status)code}, got;
            snprintf(sent.message, sizeof sent.message, "a message: with a colon, %d", code);
            snprintf(sent.at, sizeof sent.at, "place");
            out.size = 0;
            gx_frame_write_error(&out, 42, &sent, -1, (gx_error_shape)shape);
            uint32_t msgid = 0;
            gx_status said = GX_OK;
            gx_value value;
            assert_int_equal(
                gx_frame_read_answer(&msgid, &said, &value, arena, out.bytes, out.size, &got),
                GX_OK);
            assert_int_equal(msgid, 42);
            assert_int_equal(said, code);
            assert_int_equal(got.code, code);
            assert_string_equal(got.message, sent.message);
            assert_string_equal(got.at, shape == GX_ERROR_MAP ? "place" : "");
        }
    }
    gx_buffer_finish(&out);
    gx_arena_destroy(arena);
}

static void strange_errors_are_internal(void **state) {
    (void)state;
    static const char *const frames[] = {"\x94\x01\x05\xa4oops\xc0", "\x94\x01\x05\xa0\xc0",
                                         "\x94\x01\x05\x07\xc0", "\x94\x01\x05\x80\xc0",
                                         "\x94\x01\x05\xa5NO: x\xc0"};
    static const size_t sizes[] = {9, 5, 5, 5, 10};
    gx_arena *arena = gx_arena_create();
    for (size_t i = 0; i < GX_COUNT(frames); i++) {
        uint32_t msgid;
        gx_status said;
        gx_value value;
        gx_error err;
        assert_int_equal(
            gx_frame_read_answer(&msgid, &said, &value, arena, frames[i], sizes[i], &err), GX_OK);
        assert_int_equal(said, GX_INTERNAL);
    }
    gx_arena_destroy(arena);
}

static void mutated_frames(void **state) {
    (void)state;
    static const char good[] = "\x94\x00\x05\xa9test.echo\x91\x82\xa1k\x93\x01\x02\x03\xa1v\xa1w";
    gx_arena *arena = gx_arena_create();
    gx_pack_limits limits = GX_PACK_LIMITS_DEFAULT;
    size_t read = 0;
    for (uint64_t seed = 0; seed < 50000; seed++) {
        gx_rng rng = gx_rng_at(29, seed);
        char bytes[sizeof good];
        memcpy(bytes, good, sizeof good);
        for (uint64_t edits = 1 + gx_rng_below(&rng, 3); edits > 0; edits--) {
            bytes[gx_rng_below(&rng, sizeof good - 1)] = (char)gx_rng_next(&rng);
        }
        uint32_t msgid;
        (void)gx_frame_peek(&msgid, bytes, (size_t)gx_rng_below(&rng, sizeof good));
        size_t size;
        if (gx_guard_walk(&size, bytes, sizeof good - 1, &limits, NULL) != GX_GUARD_WHOLE) {
            continue;
        }
        gx_frame frame;
        gx_value args, out;
        gx_status said;
        if (gx_frame_read(&frame, bytes, size, NULL) == GX_OK &&
            gx_frame_args(&args, arena, frame.params, NULL) == GX_OK) {
            assert_true(args.type == GX_MAP || args.type == GX_NIL);
            read++;
        }
        bytes[1] = 1;
        gx_status status = gx_frame_read_answer(&msgid, &said, &out, arena, bytes, size, NULL);
        assert_true(status == GX_OK || status == GX_BAD_REQUEST);
        gx_arena_reset(arena);
    }
    assert_in_range(read, 1000, 49999);
    gx_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_come_back),          cmocka_unit_test(notifications_come_back),
        cmocka_unit_test(wide_integers_are_read),      cmocka_unit_test(errors_come_back),
        cmocka_unit_test(strange_errors_are_internal), cmocka_unit_test(mutated_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
