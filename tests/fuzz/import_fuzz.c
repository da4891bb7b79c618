/* Any bytes as a file to import, with the options chosen by the first byte: the status is one that
 * an input can cause, every row is counted once, nothing leaks, and a dry run writes nothing. */
#include "graph/import/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static gx_store *store;
static char store_path[] = "/tmp/gx_import_fuzz_XXXXXX";

static void remove_store(void) {
    char path[64];
    gx_store_close(store);
    static const char *const files[] = {"data.mdb", "lock.mdb", "writer.lock"};
    for (size_t i = 0; i < GX_COUNT(files); i++) {
        snprintf(path, sizeof path, "%s/%s", store_path, files[i]);
        unlink(path);
    }
    rmdir(store_path);
}

/* One store for all inputs: only dry runs. */
static void open_store(void) {
    const gx_store_options options = {.create = true, .sync = GX_SYNC_NONE};
    if (!store) {
        require(mkdtemp(store_path) != NULL);
        require(gx_store_open(&store, store_path, &options, NULL) == GX_OK);
        atexit(remove_store);
    }
}

static gx_import_options options_of(uint8_t byte) {
    static const char *const kinds[] = {NULL,      "users", "items",  "groups",
                                        "members", "ties",  "events", "impressions"};
    static const char *const presets[] = {NULL, "snap", "lightgcn", NULL};
    unsigned preset = byte >> 3 & 3;
    return (gx_import_options){.kind = presets[preset] ? NULL : kinds[byte & 7],
                               .preset = presets[preset],
                               .strict = byte & 0x20,
                               .keep_good = byte & 0x40,
                               .undirected = byte & 0x80,
                               .rejects = "/dev/null",
                               .dry_run = true};
}

static bool can_be(gx_status status) {
    return status == GX_OK || status == GX_REJECTED || status == GX_BAD_REQUEST ||
           status == GX_CORRUPT || status == GX_OVER_LIMIT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    open_store();
    gx_import_options options = options_of(data[0]);
    gx_import_report report;
    gx_job job;
    char path[32];
    uint64_t before = gx_alloc_live_blocks();
    int file = memfd_create("input", 0);
    require(file >= 0 && write(file, data + 1, size - 1) == (ssize_t)(size - 1));
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    gx_job_init(&job, 1, 1);
    gx_status status = gx_import_file(&report, store, path, &options, &job, NULL);
    close(file);
    require(can_be(status));
    if (status == GX_OK || (status == GX_REJECTED && options.keep_good)) {
        require(report.rows == report.created + report.updated + report.unchanged +
                                   report.rejected + report.skipped);
    }
    require(status != GX_OK || report.rejected == 0);
    require(gx_alloc_live_blocks() == before);
    return 0;
}
