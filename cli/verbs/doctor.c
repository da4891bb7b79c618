/* guanxi doctor: what of this machine, and of this store, would get in the way. */
#include "cli/verb.h"
#include "graph/snapshot/snapshot.h"
#include "graph/store/store.h"

#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const gx_param params[] = {
    {"store", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, GX_PARAM_POSITIONAL,
     "a store to look at too"},
};

typedef struct doctor {
    gx_command *command;
    gx_value rows;
    int bad;
} doctor;

static void tell(doctor *d, const char *what, bool good, const char *format, ...) GX_PRINTF(4, 5);

static void tell(doctor *d, const char *what, bool good, const char *format, ...) {
    char text[400];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    gx_value row = gx_map(d->command->arena, 3);
    gx_map_put(d->command->arena, &row, "what", gx_str(what));
    gx_map_put(d->command->arena, &row, "good", gx_bool(good));
    gx_map_put(d->command->arena, &row, "found",
               gx_text_copy(d->command->arena, text, strlen(text)));
    gx_list_add(d->command->arena, &d->rows, row);
    d->bad += !good;
}

static void look_at_machine(doctor *d) {
    enum { FILES_WANTED = 4096 };
    struct rlimit files, space;
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    tell(d, "version", true, "guanxi %s", gx_version());
    tell(d, "processors", true, "%ld", sysconf(_SC_NPROCESSORS_ONLN));
    tell(d, "memory", pages > 0, "%.1f GiB", (double)pages * (double)page / 1073741824.0);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        tell(d, "open files", files.rlim_cur >= 1024 + 64,
             "at most %llu (a server with 1,024 connections wants more than that; %d is plenty)",
             (unsigned long long)files.rlim_cur, FILES_WANTED);
    }
    if (getrlimit(RLIMIT_AS, &space) == 0) {
        bool unlimited = space.rlim_cur == RLIM_INFINITY;
        tell(d, "address space", unlimited,
             unlimited ? "unlimited"
                       : "limited (ulimit -v): the store maps its file and wants room");
    }
}

static void look_at_snapshot(doctor *d, const char *path) {
    gx_snapshot *snapshot = NULL;
    gx_error err;
    gx_status status = gx_snapshot_open(&snapshot, path, 0, &err);
    if (status == GX_NOT_FOUND) {
        tell(d, "snapshot", false, "there is none; `guanxi build %s` makes one", path);
    } else if (status != GX_OK) {
        tell(d, "snapshot", false, "%s%s%s; `guanxi model %s promote N`, or build anew", err.at,
             err.at[0] ? ": " : "", err.message, path);
    } else {
        tell(d, "snapshot", true, "number %u, every hash as written", gx_snapshot_number(snapshot));
    }
    gx_snapshot_release(snapshot);
}

static void look_at_store(doctor *d, const char *path) {
    gx_store *store = NULL;
    gx_store_stats stats;
    gx_error err;
    struct statvfs disk;
    gx_store_options options = {.read_only = true};
    if (gx_store_open(&store, path, &options, &err) != GX_OK) {
        tell(d, "store", false, "%s", err.message);
        return;
    }
    if (gx_store_stat(&stats, store, &err) != GX_OK) {
        tell(d, "store", false, "%s", err.message);
        gx_store_close(store);
        return;
    }
    tell(d, "store", true, "schema %u, %llu users, %llu ties, %llu events, %.1f MiB", stats.schema,
         (unsigned long long)stats.users, (unsigned long long)stats.ties,
         (unsigned long long)stats.events, (double)stats.file_bytes / 1048576.0);
    tell(d, "readers", stats.oldest_reader_lag < 1000, "%u, the oldest %u transactions behind",
         stats.readers, stats.oldest_reader_lag);
    if (statvfs(path, &disk) == 0) {
        double left = (double)disk.f_bavail * (double)disk.f_frsize;
        tell(d, "disk", left > 2.0 * (double)stats.file_bytes, "%.1f GiB free",
             left / 1073741824.0);
    }
    gx_store_close(store);
    look_at_snapshot(d, path);
}

static gx_status run(gx_command *command, gx_error *err) {
    doctor d = {.command = command, .rows = gx_list(command->arena, 16)};
    const gx_value *store = gx_arg_value(&command->args, "store");
    look_at_machine(&d);
    if (store->type == GX_TEXT) {
        look_at_store(&d, store->as.text);
    }
    gx_value answer = gx_map(command->arena, 1);
    gx_map_put(command->arena, &answer, "checks", d.rows);
    gx_status status = gx_print(command, &answer, "checks", "what,good,found", false, err);
    if (status == GX_OK && d.bad) {
        return gx_fail(err, GX_CONFLICT, "%d of the checks found something to look at", d.bad);
    }
    return status;
}

const gx_verb gx_verb_doctor = {
    .name = "doctor",
    .group = "serving",
    .summary = "what of this machine or store would get in the way",
    .params = params,
    .param_count = GX_COUNT(params),
    .flags = GX_VERB_NO_TARGET | GX_VERB_NO_SHAPE,
    .run = run,
    .examples = "  guanxi doctor\n  guanxi doctor shop.gx\n",
};
