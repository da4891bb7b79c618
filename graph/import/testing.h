/* What the tests of this room share: files and a store in a directory of their own. */
#ifndef GX_IMPORT_TESTING_H
#define GX_IMPORT_TESTING_H

#include "graph/import/export.h"
#include "graph/import/import.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- readers of files, without a store --------------------------------------------------------
 */

static char folder[GX_FOLDER_MAX], file_path[GX_FOLDER_MAX + 32]; /* of the file written last */

static inline int make_folder(void **unused) {
    (void)unused;
    return gx_folder_make(folder, sizeof folder, NULL) == GX_OK ? 0 : -1;
}

static inline int remove_folder(void **unused) {
    (void)unused;
    gx_folder_remove(folder);
    return 0;
}

static inline void write_file(const char *name, const char *text) {
    snprintf(file_path, sizeof file_path, "%s/%s", folder, name);
    FILE *out = fopen(file_path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

typedef gx_status file_reader(const char *from, gx_arena *arena, gx_error *err);

static inline void assert_file_refused(file_reader *read, const char *name, const char *text,
                                       gx_status code, const char *says) {
    gx_error err = {0};
    gx_arena *arena = gx_arena_create();
    write_file(name, text);
    assert_int_equal(read(file_path, arena, &err), code);
    if (!strstr(err.message, says)) {
        fail_msg("'%s' does not say '%s'", err.message, says);
    }
    gx_arena_destroy(arena);
}

/* Every allocation fails once; there are at least `least`. */
static inline void assert_memory_ends(file_reader *read, const char *text, uint64_t least) {
    gx_status status = GX_NO_MEMORY;
    write_file("memory.csv", text);
    const uint64_t blocks = gx_alloc_live_blocks();
    uint64_t k = 1;
    for (; status != GX_OK; k++) {
        gx_error err = {0};
        gx_arena *arena = gx_arena_create();
        gx_alloc_fail_at(k);
        status = read(file_path, arena, &err);
        gx_alloc_fail_at(0);
        assert_true(status == GX_OK || status == GX_NO_MEMORY);
        gx_arena_destroy(arena);
        assert_int_equal(gx_alloc_live_blocks(), blocks);
    }
    assert_true(k > least);
}

/* ---- files and a store ------------------------------------------------------------------------
 */

typedef struct shop {
    char path[200]; /* of a directory that holds all of it */
    gx_store *store;
    gx_job job;
    gx_import_options options;
    gx_import_report report;
    gx_error err;
} shop;

static inline const char *shop_file(const shop *s, const char *name) {
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", s->path, name);
    return path;
}

static inline void shop_open_store(shop *s) {
    const gx_store_options options = {.create = true, .sync = GX_SYNC_NONE};
    if (gx_store_open(&s->store, shop_file(s, "shop.gx"), &options, &s->err) != GX_OK) {
        fail_msg("%s", s->err.message);
    }
}

static inline shop shop_open(void) {
    shop s = {.store = NULL};
    const char *root = getenv("TMPDIR");
    snprintf(s.path, sizeof s.path, "%s/gx_import_XXXXXX",
             root && strlen(root) < 150 ? root : "/tmp");
    assert_non_null(mkdtemp(s.path));
    gx_job_init(&s.job, 1, 1);
    shop_open_store(&s);
    return s;
}

static inline int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw) {
    (void)info;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline void shop_close(shop *s) {
    gx_store_close(s->store);
    nftw(s->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void write_bytes(const shop *s, const char *name, const void *bytes, size_t size) {
    FILE *file = fopen(shop_file(s, name), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static inline gx_status import_name(shop *s, const char *name) {
    s->err = (gx_error){0};
    return gx_import_file(&s->report, s->store, shop_file(s, name), &s->options, &s->job, &s->err);
}

/* Writes the text as a file by this name, and imports it. */
static inline gx_status import_text(shop *s, const char *name, const char *text) {
    write_bytes(s, name, text, strlen(text));
    return import_name(s, name);
}

static inline void import_good(shop *s, const char *name, const char *text) {
    if (import_text(s, name, text) != GX_OK) {
        fail_msg("%s: %s %s", name, s->err.at, s->err.message);
    }
}

static inline gx_store_stats stats_of(shop *s) {
    gx_store_stats stats;
    if (gx_store_stat(&stats, s->store, &s->err) != GX_OK) {
        fail_msg("%s", s->err.message);
    }
    return stats;
}

static inline char *read_text(const char *path) {
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    if (!file) {
        free(text);
        return NULL;
    }
    size_t size = fread(text, 1, (1 << 20) - 1, file);
    text[size] = '\0';
    fclose(file);
    return text;
}

static inline gx_status append_bytes(void *user, const char *bytes, size_t size, gx_error *err) {
    (void)err;
    gx_buffer_append(user, bytes, size);
    return GX_OK;
}

/* Every table of the store as text: equal stores give equal texts, whatever their numbers. */
static inline void dump(gx_buffer *out, shop *s, const char *format) {
    static const char *const kinds[] = {"users",   "items", "groups", "coupons",
                                        "members", "ties",  "events", "impressions"};
    gx_txn *txn;
    assert_int_equal(gx_txn_read(&txn, s->store, &s->err), GX_OK);
    for (size_t i = 0; i < GX_COUNT(kinds); i++) {
        gx_buffer_printf(out, "== %s\n", kinds[i]);
        if (gx_export_table(txn, kinds[i], format, append_bytes, out, &s->job, &s->err) != GX_OK) {
            fail_msg("%s", s->err.message);
        }
    }
    gx_txn_abort(txn);
    gx_buffer_append(out, "", 1);
    assert_false(out->failed);
}

/* Names the first line that differs, where assert_string_equal would print all of both. */
static inline void assert_same_text(const char *a, const char *b) {
    while (*a || *b) {
        size_t x = strcspn(a, "\n"), y = strcspn(b, "\n");
        if (x != y || memcmp(a, b, x) != 0) {
            fail_msg("%.*s\n!= %.*s", (int)x, a, (int)y, b);
        }
        a += x + (a[x] == '\n');
        b += y + (b[y] == '\n');
    }
}

static inline int compare_lines(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of a dump in order: tables are exported in the order of internal numbers. */
static inline void sort_lines(gx_buffer *text) {
    size_t count = 0, room = text->size + 1;
    char **lines = calloc(room, sizeof *lines), *copy = strdup(text->bytes);
    assert_non_null(lines);
    assert_non_null(copy);
    for (char *line = strtok(copy, "\n"); line; line = strtok(NULL, "\n")) {
        lines[count++] = line;
    }
    qsort(lines, count, sizeof *lines, compare_lines);
    text->size = 0;
    for (size_t i = 0; i < count; i++) {
        gx_buffer_printf(text, "%s\n", lines[i]);
    }
    gx_buffer_append(text, "", 1);
    free(lines);
    free(copy);
}

#endif
