/* Rows out of bytes: every format, what is odd but right, what is wrong and where. */
#include "graph/import/reader.h"
#include "graph/import/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

static gx_status open_bytes(gx__reader *out, const char *bytes, size_t size,
                            const gx__format *format, gx_error *err) {
    gx__source *source;
    gx_status status = gx__source_open_memory(&source, bytes, size, err);
    return status == GX_OK ? gx__reader_open(out, source, format, err) : status;
}

static void add_text(gx_buffer *out, gx_slice text) {
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\n' || text.data[i] == '\0' || text.data[i] == '\r') {
            gx_buffer_printf(out, "\\x%02x", text.data[i]);
        } else {
            gx_buffer_append(out, text.data + i, 1);
        }
    }
}

/* Names, then a line a row: "3: a|b|-" with "-" for cells not given, or "3! reason". */
static void all_rows(gx_buffer *out, const char *bytes, size_t size, const gx__format *format) {
    gx__reader reader;
    gx_error err = {0};
    gx_status status = open_bytes(&reader, bytes, size, format, &err);
    bool open = status == GX_OK;
    while (status == GX_OK) {
        gx__row row;
        status = gx__reader_next(&row, &reader, &err);
        if (status != GX_OK || row.end) {
            break;
        }
        gx_buffer_printf(out, "%llu%s", (unsigned long long)row.line, row.reason ? "! " : ": ");
        if (row.reason) {
            gx_buffer_text(out, gx__reason_text(row.reason));
        }
        for (uint32_t i = 0; !row.reason && i < row.count; i++) {
            gx_buffer_text(out, i ? "|" : "");
            if (row.cells[i].data) {
                add_text(out, (gx_slice){row.cells[i].data, row.cells[i].size});
            } else {
                gx_buffer_text(out, "-");
            }
        }
        gx_buffer_text(out, "\n");
    }
    if (status != GX_OK) {
        gx_buffer_printf(out, "%s %s: %s\n", gx_status_name(status), err.at, err.message);
    }
    if (open) {
        gx__reader_finish(&reader);
    }
    gx_buffer_append(out, "", 1);
}

static void expect_bytes(const char *bytes, size_t size, const gx__format *format,
                         const char *wanted) {
    gx_buffer out = {0};
    all_rows(&out, bytes, size, format);
    assert_false(out.failed);
    assert_string_equal(out.bytes, wanted);
    gx_buffer_finish(&out);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

static void expect(const char *text, const gx__format *format, const char *wanted) {
    expect_bytes(text, strlen(text), format, wanted);
}

static void test_csv(void **state) {
    (void)state;
    expect("a,b\n1,2\n3,4\n", NULL, "2: 1|2\n3: 3|4\n");
    expect("a,b\n1,2\n3,4", NULL, "2: 1|2\n3: 3|4\n");
    expect("a,b\r\n1,2\r\n3,4\r\n", NULL, "2: 1|2\n3: 3|4\n");
    expect("a,b\r\n1,2\r", NULL, "2: 1|2\n");
    expect("\xEF\xBB\xBF"
           "a,b\n1,\n,2\n",
           NULL, "2: 1|\n3: |2\n");
    expect("a\n\n1\n\n\r\n2\n", NULL, "3: 1\n6: 2\n");
    expect("a\tb\n1,5\t2\n", NULL, "2: 1,5|2\n");
    expect("a;b\n1,5;2\n", NULL, "2: 1,5|2\n");
    expect("a,b\n1;5,2\n", &gx__format_csv, "2: 1;5|2\n");
    expect("a\tb\n\"x\ty\"\tz\n", &gx__format_tsv, "2: x\ty|z\n");
    expect("", NULL, "");
    expect("\xEF\xBB\xBF", NULL, "");
    expect("a,b", NULL, "");
    expect("a,b\r\n", NULL, "");
}

static void test_csv_quotes(void **state) {
    (void)state;
    expect("a,b\n\"1,5\",\"x\"\"y\"\n\"\",\"\"\"\"\n", NULL, "2: 1,5|x\"y\n3: |\"\n");
    expect("a,b\n\"one\ntwo\",x\n3,4\n", NULL, "2: one\\x0atwo|x\n4: 3|4\n");
    expect("a,b\r\n\"one\r\n\r\ntwo\",\"x\"\r\n3,4\r\n", NULL,
           "2: one\\x0d\\x0a\\x0d\\x0atwo|x\n5: 3|4\n");
    expect("a,b\n5\" pipe,2\n", NULL, "2: 5\" pipe|2\n");
    expect("a,b\n\"x\",\"y\"", NULL, "2: x|y\n");
    expect("a,b\n\"x\",\"y\"\r", NULL, "2: x|y\n");
    expect("\"a\",\"b c\"\n1,2\n", NULL, "2: 1|2\n");
    expect("a\n\"\"\"\"\"\"\n", NULL, "2: \"\"\n");
}

static void test_csv_refused(void **state) {
    (void)state;
    expect("a,b\n1\n1,2,3\n4,5\n", NULL, "2! ragged row\n3! ragged row\n4: 4|5\n");
    expect("a,b\n\"1\"x,2\n4,5\n", NULL, "2! text after a closing quote\n3: 4|5\n");
    expect("a,b\n\"1,2\n4,5\n", NULL, "2! unterminated quote\n3: 4|5\n");
    expect("a,b\n1,\"", NULL, "2! unterminated quote\n");
    expect("a,b,a\n", NULL, "bad_request memory:1: the header has the column 'a' twice\n");
    expect("a,,b\n", NULL, "bad_request memory:1: column 2 of the header has no name\n");
    expect("a,\"b\n", NULL, "bad_request memory:1: the header has an unterminated quote\n");
    expect("user_id,city\ru1,x\r", NULL,
           "bad_request memory:1: the header 'user_id,city\\x0Du1,x' has a carriage return (CR) "
           "inside; lines end in LF or CR LF: save the file with one of them\n");
    expect(
        "\"a\",\"b\"\r\"1\",\"2\"\r", NULL,
        "bad_request memory:1: the header '\"a\",\"b\"\\x0D\"1\",\"2\"' has a carriage return (CR) "
        "inside; lines end in LF or CR LF: save the file with one of them\n");
    expect("a,\"b\r\nc\"\r\n1,2\r\n", NULL, "3: 1|2\n");
    expect("a,\xFF\n", NULL,
           "bad_request memory:1: the column name '\\xFF' is not valid UTF-8 text\n");
}

static void test_jsonl(void **state) {
    (void)state;
    expect("{\"a\":1,\"b\":\"x\"}\n\n{\"b\":null,\"c\":true,\"a\":-1.5e3}\r\n{}\n", NULL,
           "1: 1|x\n3: -1.5e3|-|true\n4: -|-|-\n");
    expect(" { \"a\" : \"\\u00e9\\n\\ud83d\\ude00\\\"\" } ", NULL,
           "1: \xC3\xA9\\x0a\xF0\x9F\x98\x80\"\n");
    expect("{\"a\":[1,\"]\",{\"x\":\"}\\\"\"}],\"b\":{}}", NULL,
           "1: [1,\"]\",{\"x\":\"}\\\"\"}]|{}\n");
    expect("{\"a\":\"x\\u0000y\"}", NULL, "1: x\\x00y\n");
}

static void test_jsonl_refused(void **state) {
    (void)state;
    const char *const bad[] = {"{\"a\":01}",
                               "{\"a\":1.}",
                               "{\"a\":.5}",
                               "{\"a\":+1}",
                               "{\"a\":1e}",
                               "{\"a\":tru}",
                               "{\"a\":\"\\x\"}",
                               "{\"a\":\"\\ud83d\"}",
                               "{\"a\":\"\\u12\"}",
                               "{\"a\":[1}",
                               "{\"a\":1,}",
                               "{\"a\" 1}",
                               "{\"\":1}",
                               "[1]",
                               "{\"a\":1} x",
                               "{\"a\":\"\t\"}",
                               "{a:1}",
                               "{\"a\":}"};
    for (size_t i = 0; i < GX_COUNT(bad); i++) {
        expect(bad[i], &gx__format_jsonl, "1! bad JSON\n");
    }
    expect("{\"a\":\"x", NULL, "1! unterminated quote\n");
    expect("{\"a\":NaN}\n{\"a\":-Infinity}\n", NULL,
           "1! not a finite number\n2! not a finite number\n");
    expect("{\"a\":1,\"a\":2}\n", NULL, "1! duplicate key\n");
    expect("{\"a\xFF\":1}\n", NULL, "1! bad UTF-8\n");
}

static void test_presets(void **state) {
    (void)state;
    expect("# a comment\n1 2\n\n% another\n3\t4\t0.5\n5, 6\r\n7\n1 2 3 4\n", &gx__format_snap,
           "2: 1|2\n5: 3|4|0.5\n6: 5|6\n7! not an edge\n8! not an edge\n");
    expect("0 7 8\n1\n2  9 \n", &gx__format_lightgcn, "1: 0|7\n1: 0|8\n3: 2|9\n");
    expect("", &gx__format_snap, "");
    expect("", &gx__format_lightgcn, "");
}

/* A row longer than the first window, with quotes over its edge at every offset. */
static void test_rows_over_the_window(void **state) {
    (void)state;
    enum { WINDOW = 1 << 20 };
    for (int shift = -6; shift <= 6; shift++) {
        size_t pad = (size_t)(WINDOW - 4 - 3 + shift);
        gx_buffer text = {0}, wanted = {0};
        char *filler = malloc(pad);
        assert_non_null(filler);
        memset(filler, 'x', pad);
        gx_buffer_text(&text, "a,b\n");
        gx_buffer_append(&text, filler, pad);
        gx_buffer_text(&text, ",\"q\"\"\r\nr\"\r\n1,2\r\n");
        gx_buffer_text(&wanted, "2: ");
        gx_buffer_append(&wanted, filler, pad);
        gx_buffer_text(&wanted, "|q\"\\x0d\\x0ar\n4: 1|2\n");
        gx_buffer_append(&wanted, "", 1);
        gx_buffer out = {0};
        all_rows(&out, text.bytes, text.size, NULL);
        assert_string_equal(out.bytes, wanted.bytes);
        free(filler);
        gx_buffer_finish(&text);
        gx_buffer_finish(&wanted);
        gx_buffer_finish(&out);
    }
}

static void test_row_too_long(void **state) {
    (void)state;
    size_t size = GX__ROW_BYTES_MAX + (2 << 20);
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, 'x', size);
    memcpy(text, "a\n", 2);
    expect_bytes(text, size, NULL,
                 "over_limit memory:2: the row is longer than 16 MiB, the most a row may have\n");
    expect_bytes(text + 2, size - 2, &gx__format_snap,
                 "over_limit memory:1: the line is longer than 16 MiB, the most a row may have\n");
    /* A quote that would swallow all of it costs its own line. */
    memset(text, '\n', size);
    memcpy(text, "a\n\"b\n1", 6);
    expect_bytes(text, size, NULL, "2! unterminated quote\n3: 1\n");
    free(text);
}

/* ---- packed files ------------------------------------------------------------------------- */

static size_t gzip(unsigned char *out, size_t room, const char *text, size_t size) {
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    unsigned char *copy = malloc(size + 1);
    assert_non_null(copy);
    memcpy(copy, text, size);
    z.next_in = copy;
    z.avail_in = (unsigned)size;
    z.next_out = out;
    z.avail_out = (unsigned)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t made = room - z.avail_out;
    deflateEnd(&z);
    free(copy);
    return made;
}

static void test_packed(void **state) {
    (void)state;
    static char text[300000];
    static unsigned char packed[400000];
    const char *wanted = "2: 1|2\n3: 3|4\n";
    const char *first = "a,b\n1,2\n", *second = "3,4\n";
    size_t size = gzip(packed, sizeof packed, first, strlen(first));
    size += gzip(packed + size, sizeof packed - size, second, strlen(second));
    expect_bytes((char *)packed, size, NULL, wanted);
    memset(packed + size, 0, 512);
    expect_bytes((char *)packed, size + 512, NULL, wanted);
    size = ZSTD_compress(packed, sizeof packed, first, strlen(first), 3);
    size += ZSTD_compress(packed + size, sizeof packed - size, second, strlen(second), 3);
    expect_bytes((char *)packed, size, NULL, wanted);

    /* Cut anywhere, it is corrupt, and never a shorter table. */
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i + 1 < sizeof text; i += 7) {
        text[i] = i % 5 ? ',' : '\n';
        text[i + 1] = (char)('a' + i * 2654435761u % 23);
    }
    for (int form = 0; form < 2; form++) {
        size = form ? ZSTD_compress(packed, sizeof packed, text, sizeof text, 3)
                    : gzip(packed, sizeof packed, text, sizeof text);
        for (size_t cut = 5; cut < size; cut += 1 + size / 97) {
            gx__source *source;
            gx_error err;
            size_t got;
            gx_status status = gx__source_open_memory(&source, (char *)packed, cut, &err);
            assert_int_equal(status, GX_OK);
            do {
                static char out[100000];
                status = gx__source_read(&got, source, out, sizeof out, &err);
            } while (status == GX_OK && got);
            assert_int_equal(status, GX_CORRUPT);
            assert_non_null(strstr(err.message, form ? "zstd" : "gzip"));
            gx__source_close(source);
        }
    }
    size = gzip(packed, sizeof packed, text, sizeof text); /* zstd need not carry a checksum */
    packed[size / 2] ^= 0x55;
    gx_error err;
    gx__reader reader;
    assert_int_equal(open_bytes(&reader, (char *)packed, size, &gx__format_snap, &err), GX_CORRUPT);
}

static void test_files(void **state) {
    (void)state;
    gx__source *source;
    gx_error err;
    assert_int_equal(gx__source_open(&source, "/nowhere/at/all.csv", &err), GX_NOT_FOUND);
    assert_int_equal(gx__source_open(&source, "/", &err), GX_BAD_REQUEST);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

/* ---- properties -------------------------------------------------------------------------- */

static void random_cell(gx_rng *rng, gx_buffer *out) {
    static const char *const parts[] = {"a",        "bc", ",", "\"", "\n", "\r\n", ";", "\t",
                                        "\xC3\xA9", "|",  "'", "0",  " ",  "\\",   "{", "\"\""};
    size_t count = gx_rng_below(rng, 5);
    for (size_t i = 0; i < count; i++) {
        gx_buffer_text(out, parts[gx_rng_below(rng, GX_COUNT(parts))]);
    }
}

/* Random tables with random quoting come back as they were, in csv and in tsv. */
static void test_random_tables(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 400; seed++) {
        gx_rng rng = gx_rng_at(17, seed);
        size_t columns = 2 + gx_rng_below(&rng, 4), rows = gx_rng_below(&rng, 12);
        bool tabs = seed % 2;
        gx_buffer text = {0}, wanted = {0}, got = {0}, cell = {0};
        for (size_t c = 0; c < columns; c++) {
            gx_buffer_printf(&text, "%sc%zu", c ? tabs ? "\t" : "," : "", c);
        }
        const char *line_end = gx_rng_below(&rng, 2) ? "\r\n" : "\n";
        gx_buffer_text(&text, line_end);
        for (size_t r = 0; r < rows; r++) {
            for (size_t c = 0; c < columns; c++) {
                cell.size = 0;
                random_cell(&rng, &cell);
                gx_slice value = {cell.size ? cell.bytes : "", cell.size};
                gx_buffer_text(&text, c ? tabs ? "\t" : "," : "");
                gx_buffer_printf(&wanted, "%s", c ? "|" : "");
                add_text(&wanted, value);
                gx__csv_cell(&text, value);
            }
            gx_buffer_text(&wanted, "\n");
            if (r + 1 < rows || gx_rng_below(&rng, 2)) {
                gx_buffer_text(&text, line_end);
            }
        }
        gx__reader reader;
        gx_error err;
        assert_int_equal(open_bytes(&reader, text.bytes, text.size, NULL, &err), GX_OK);
        for (;;) {
            gx__row row;
            assert_int_equal(gx__reader_next(&row, &reader, &err), GX_OK);
            if (row.end) {
                break;
            }
            assert_int_equal(row.reason, GX__NONE);
            for (uint32_t c = 0; c < row.count; c++) {
                gx_buffer_text(&got, c ? "|" : "");
                add_text(&got, (gx_slice){row.cells[c].data, row.cells[c].size});
            }
            gx_buffer_text(&got, "\n");
        }
        gx__reader_finish(&reader);
        assert_int_equal(got.size, wanted.size);
        if (got.size) {
            assert_memory_equal(got.bytes, wanted.bytes, got.size);
        }
        gx_buffer_finish(&text);
        gx_buffer_finish(&wanted);
        gx_buffer_finish(&got);
        gx_buffer_finish(&cell);
    }
}

static void test_failing_allocator(void **state) {
    (void)state;
    const char *const texts[] = {"a,b\n\"x\"\"y\",2\n", "{\"a\":\"\\n\",\"b\":[1]}\n"};
    for (size_t t = 0; t < GX_COUNT(texts); t++) {
        gx_status status = GX_NO_MEMORY;
        for (uint64_t k = 1; status != GX_OK; k++) {
            gx__reader reader = {0};
            gx__row row = {.end = false};
            gx_error err;
            gx_alloc_fail_at(k);
            status = open_bytes(&reader, texts[t], strlen(texts[t]), NULL, &err);
            bool open = status == GX_OK;
            while (status == GX_OK && !row.end) {
                status = gx__reader_next(&row, &reader, &err);
            }
            gx_alloc_fail_at(0);
            if (open) {
                gx__reader_finish(&reader);
            }
            assert_true(status == GX_OK || status == GX_NO_MEMORY);
            assert_int_equal(gx_alloc_live_blocks(), 0);
            assert_true(k < 100);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_csv_quotes),
        cmocka_unit_test(test_csv_refused),
        cmocka_unit_test(test_jsonl),
        cmocka_unit_test(test_jsonl_refused),
        cmocka_unit_test(test_presets),
        cmocka_unit_test(test_rows_over_the_window),
        cmocka_unit_test(test_row_too_long),
        cmocka_unit_test(test_packed),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_random_tables),
        cmocka_unit_test(test_failing_allocator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
