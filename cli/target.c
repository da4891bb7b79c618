/* A target is whatever can be asked: a store directory, a server, or a data file or folder, which
 * is imported into a throwaway store first. */
#include "cli/verb.h"
#include "graph/import/import.h"
#include "server/server.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONNECT_TIMEOUT_MS = 5000 };

/* A store opened, a server reached, or a file or folder imported into a throwaway store. */
typedef struct gx_target {
    gx_db *db;
    gx_client *client;
    char throwaway[GX_FOLDER_MAX]; /* directory to remove at the end; "": none */
    bool built;                    /* the throwaway store has a snapshot */
} target;

bool gx_is_store(const char *text) {
    char path[4096];
    struct stat info;
    int size = snprintf(path, sizeof path, "%s/data.mdb", text);
    return size > 0 && (size_t)size < sizeof path && stat(path, &info) == 0;
}

bool gx_is_address(const char *text) {
    return strncmp(text, "unix:", 5) == 0 || strncmp(text, "tcp:", 4) == 0;
}

/* ---- throwaway stores
 * --------------------------------------------------------------------------------- */

static void note_file(void *user, const char *path, const gx_import_report *report,
                      gx_status status, const gx_error *err) {
    const gx_command *command = user;
    if (status == GX_OK && report->kind[0] && report->skipped) {
        gx_say(command, "%s: %llu %s read, of which %llu self ties were left out", path,
               (unsigned long long)report->rows, report->kind, (unsigned long long)report->skipped);
    } else if (status == GX_OK && report->kind[0]) {
        gx_say(command, "%s: %llu %s read", path, (unsigned long long)report->rows, report->kind);
    } else {
        gx_say(command, "%s: %s", path, err->message);
    }
}

static gx_status fill(gx_store *store, gx_command *command, gx_error *err) {
    gx_import_options options = {.preset = gx_arg_word(&command->common, "preset"),
                                 .undirected = gx_arg_bool(&command->common, "undirected"),
                                 .rejects = "/dev/null"};
    struct stat info;
    if (stat(command->target, &info) != 0) {
        return gx_fail_errno(err, errno, "reading", command->target);
    }
    if (S_ISDIR(info.st_mode)) {
        return gx_import_folder(store, command->target, &options, note_file, command, &command->job,
                                err);
    }
    gx_import_report report;
    gx_status status =
        gx_import_file(&report, store, command->target, &options, &command->job, err);
    if (status == GX_OK) {
        note_file(command, command->target, &report, status, err);
    }
    return status;
}

static gx_status make_throwaway(target *t, gx_command *command, gx_error *err) {
    gx_store *store = NULL;
    gx_store_options options = {.create = true, .sync = GX_SYNC_NONE};
    gx_status status;
    GX_TRY(gx_folder_make(t->throwaway, sizeof t->throwaway, err));
    GX_TRY(gx_store_open(&store, t->throwaway, &options, err));
    GX_TRY(fill(store, command, err));
done:
    gx_store_close(store);
    return status;
}

/* ---- opening
 * -------------------------------------------------------------------------------------------- */

static gx_status open_store(target *t, const char *path, const gx_command *command, gx_error *err) {
    bool writes = command->verb->flags & GX_VERB_WRITES || gx_map_get(&command->given, "write") ||
                  gx_map_get(&command->given, "log");
    gx_db_options options = {.read_only = !writes && !t->throwaway[0],
                             .threads = command->job.threads,
                             .mem_bytes = command->job.mem_limit,
                             .seed = command->job.seed};
    return gx_db_open(&t->db, path, &options, err);
}

/* A throwaway store has nothing from before and keeps nothing. */
static gx_status refuse_to_keep(const gx_command *command, gx_error *err) {
    const gx_value *given = gx_map_get(&command->given, "write");
    const bool write = given && !gx_slice_is((gx_slice){given->as.text, given->size}, "false");
    const char *preset = gx_arg_word(&command->common, "preset");
    if (!write && !(command->verb->flags & GX_VERB_SNAPSHOTS)) {
        return GX_OK;
    }
    return gx_fail_at(err, GX_BAD_REQUEST, write ? "write" : "target",
                      "%s is no store, and has no snapshots%s; `guanxi import NEW.gx %s "
                      "--create%s%s%s` makes a store of it, and `guanxi build NEW.gx` a snapshot",
                      command->target, write ? " to keep anything in" : "", command->target,
                      preset ? " --preset " : "", preset ? preset : "",
                      gx_arg_bool(&command->common, "undirected") ? " --undirected" : "");
}

/* How a data file is read says nothing to what was read before. */
static gx_status refuse_shape(const gx_command *command, gx_error *err) {
    const char *text = command->target;
    const char *flag = gx_arg_has(&command->common, "preset")        ? "preset"
                       : gx_arg_bool(&command->common, "undirected") ? "undirected"
                                                                     : NULL;
    if (!flag || command->from_files) {
        return GX_OK;
    }
    return gx_fail_at(err, GX_BAD_REQUEST, flag,
                      "--%s was given, and %s is a %s; it goes with a bare data file, or with "
                      "`guanxi import`",
                      flag, text, gx_is_address(text) ? "server" : "store");
}

static gx_status open_target(target *t, gx_command *command, gx_error *err) {
    gx_status status = GX_OK;
    const char *text = command->target;
    struct stat info;
    if (gx_is_address(text) || gx_is_store(text)) {
        GX_TRY(refuse_shape(command, err));
    }
    if (gx_is_address(text)) {
        return gx_client_open(&t->client, text, CONNECT_TIMEOUT_MS, &command->job, err);
    }
    if (gx_is_store(text)) {
        return open_store(t, text, command, err);
    }
    if (stat(text, &info) != 0) {
        return gx_fail(
            err, GX_NOT_FOUND,
            "%s: there is no such store, file or folder (`guanxi init %s` makes a store)", text,
            text);
    }
    GX_TRY(refuse_to_keep(command, err));
    GX_TRY(make_throwaway(t, command, err));
    GX_TRY(open_store(t, t->throwaway, command, err));
done:
    return status;
}

static void close_target(target *t) {
    gx_db_close(t->db);
    gx_client_close(t->client);
    if (t->throwaway[0]) {
        gx_folder_remove(t->throwaway);
    }
}

/* ---- calling
 * --------------------------------------------------------------------------------------------- */

/* What the command line says of every call goes to a server as common parameters. */
static gx_value with_common(const gx_value *args, const gx_command *command, gx_arena *arena) {
    gx_value map = args && args->type == GX_MAP ? gx_value_copy(arena, args) : gx_map(arena, 4);
    if (gx_arg_has(&command->common, "seed")) {
        gx_map_put(arena, &map, "seed", gx_int(gx_arg_int(&command->common, "seed")));
    }
    if (gx_arg_has(&command->common, "threads")) {
        gx_map_put(arena, &map, "threads", gx_int(gx_arg_int(&command->common, "threads")));
    }
    if (gx_arg_has(&command->common, "mem")) {
        gx_map_put(arena, &map, "mem", gx_int(gx_arg_int(&command->common, "mem")));
    }
    if (gx_arg_has(&command->common, "deadline")) {
        gx_map_put(arena, &map, "deadline_ms", gx_int(gx_arg_int(&command->common, "deadline")));
    }
    return map;
}

static gx_status build_throwaway(target *t, gx_command *command, gx_arena *arena, gx_error *err) {
    gx_value ignored;
    gx_call_options options = {.job = &command->job};
    t->built = true;
    return gx_db_call(&ignored, t->db, gx_method_find("model.build"), NULL, &options, arena, err);
}

gx_status gx_target_call(gx_value *out, gx_target *t, const char *method, const gx_value *args,
                         gx_command *command, gx_arena *arena, gx_error *err) {
    if (t->client) {
        gx_value map = with_common(args, command, arena);
        return gx_client_call(out, t->client, method, &map, arena, err);
    }
    const gx_method *found = gx_method_find(method);
    if (!found) {
        return gx_method_missing(method, err);
    }
    gx_call_options options = {.job = &command->job};
    if (t->throwaway[0] && found->from_snapshot && !t->built) {
        gx_status status = build_throwaway(t, command, arena, err);
        if (status != GX_OK) {
            return status;
        }
    }
    if (!gx_arg_has(&command->common, "seed")) {
        return gx_db_call(out, t->db, found, args, &options, arena, err);
    }
    gx_value map =
        with_common(args, command, arena); /* a seed that is asked for is told from the usual */
    return gx_db_call(out, t->db, found, &map, &options, arena, err);
}

gx_status gx_ask(gx_value *out, gx_command *command, const char *method, const gx_value *args,
                 gx_error *err) {
    target t = {0};
    gx_status status = open_target(&t, command, err);
    if (status == GX_OK) {
        status = gx_target_call(out, &t, method, args, command, command->arena, err);
    }
    gx_progress_end(command);
    close_target(&t);
    return status;
}

gx_status gx_target_open(gx_target **out, gx_command *command, gx_error *err) {
    target *t = gx_alloc0(1, sizeof *t);
    gx_status status = t ? open_target(t, command, err) : gx_fail_memory(err, sizeof *t);
    if (status != GX_OK) {
        gx_target_close(t);
        return status;
    }
    *out = t;
    return GX_OK;
}

void gx_target_close(gx_target *t) {
    if (t) {
        close_target(t);
        gx_free(t);
    }
}

gx_status gx_with_db(gx_command *command, gx_status (*fn)(void *user, gx_db *db, gx_error *err),
                     void *user, gx_error *err) {
    target t = {0};
    gx_status status = open_target(&t, command, err);
    if (status == GX_OK) {
        status = fn(user, t.db, err);
    }
    close_target(&t);
    return status;
}
