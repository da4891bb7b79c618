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

struct gx_target {
    gx_db *db;
    gx_client *client;
    const char *throwaway; /* directory to remove at the end; in the command's arena */
};

static bool is_store(const char *text) {
    char path[4096];
    struct stat info;
    int size = snprintf(path, sizeof path, "%s/data.mdb", text);
    return size > 0 && (size_t)size < sizeof path && stat(path, &info) == 0;
}

static bool is_address(const char *text) {
    return strncmp(text, "unix:", 5) == 0 || strncmp(text, "tcp:", 4) == 0;
}

/* ---- throwaway stores
 * --------------------------------------------------------------------------------- */

static void note_file(void *user, const char *path, const gx_import_report *report,
                      gx_status status, const gx_error *err) {
    const gx_command *command = user;
    if (status == GX_OK && report->kind[0]) {
        gx_say(command, "%s: %llu %s read", path, (unsigned long long)report->rows, report->kind);
    } else {
        gx_say(command, "%s: %s", path, err->message);
    }
}

static gx_status fill(gx_store *store, gx_command *command, gx_error *err) {
    const gx_value *preset = gx_arg_value(&command->common, "preset");
    gx_import_options options = {.preset = preset->type == GX_TEXT ? preset->as.text : NULL,
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

const char *gx_throwaway_make(gx_arena *arena, gx_error *err) {
    char path[GX_FOLDER_MAX];
    gx_status status = gx_folder_make(path, sizeof path, err);
    return status == GX_OK ? gx_text_copy(arena, path, strlen(path)).as.text : NULL;
}

static gx_status make_throwaway(gx_target *target, gx_command *command, gx_error *err) {
    gx_error why = {0};
    target->throwaway = gx_throwaway_make(command->arena, &why);
    if (!target->throwaway) {
        return gx_fail(err, why.code, "%s", why.message);
    }
    gx_store *store;
    gx_store_options options = {.create = true, .sync = GX_SYNC_NONE};
    gx_status status = gx_store_open(&store, target->throwaway, &options, err);
    if (status == GX_OK) {
        status = fill(store, command, err);
        gx_store_close(store);
    }
    return status;
}

/* ---- opening
 * -------------------------------------------------------------------------------------------- */

static gx_status open_store(gx_target *target, const char *path, const gx_command *command,
                            gx_error *err) {
    bool writes = command->verb->flags & GX_VERB_WRITES || gx_map_get(&command->given, "write");
    gx_db_options options = {.read_only = !writes,
                             .threads = command->job.threads,
                             .mem_bytes = command->job.mem_limit,
                             .seed = command->job.seed};
    if (target->throwaway) {
        options.read_only = false;
    }
    return gx_db_open(&target->db, path, &options, err);
}

/* What is asked of a bare file is answered from a snapshot of it, where the answer needs one. */
static gx_status build_throwaway(gx_target *target, gx_command *command, gx_error *err) {
    const char *name = command->verb->method;
    const gx_method *method = name ? gx_method_find(name) : NULL;
    gx_value ignored;
    return method && method->from_snapshot
               ? gx_target_call(&ignored, target, "model.build", NULL, command, err)
               : GX_OK;
}

gx_status gx_target_open(gx_target **out, gx_command *command, gx_error *err) {
    gx_status status = GX_OK;
    const char *text = command->target;
    bool local = command->verb->flags & GX_VERB_LOCAL;
    struct stat info;
    gx_target *target = gx_alloc0(1, sizeof *target);
    if (!target) {
        return gx_fail_memory(err, sizeof *target);
    }
    if (is_address(text)) {
        if (local) {
            GX_TRY(gx_fail(err, GX_BAD_REQUEST,
                           "%s works on a store directory, not on a server; %s was given",
                           command->verb->name, text));
        }
        GX_TRY(gx_client_open(&target->client, text, CONNECT_TIMEOUT_MS, err));
    } else if (is_store(text)) {
        GX_TRY(open_store(target, text, command, err));
    } else if (stat(text, &info) != 0) {
        GX_TRY(
            gx_fail(err, GX_NOT_FOUND,
                    "%s: there is no such store, file or folder (`guanxi init %s` makes a store)",
                    text, text));
    } else if (local) {
        GX_TRY(gx_fail(err, GX_NOT_FOUND, "%s is not a store (`guanxi init DIR` makes one)", text));
    } else {
        GX_TRY(make_throwaway(target, command, err));
        GX_TRY(open_store(target, target->throwaway, command, err));
        GX_TRY(build_throwaway(target, command, err));
    }
    *out = target;
    target = NULL;
done:
    gx_target_close(target);
    return status;
}

void gx_target_close(gx_target *target) {
    if (!target) {
        return;
    }
    gx_db_close(target->db);
    gx_client_close(target->client);
    if (target->throwaway) {
        gx_folder_remove(target->throwaway);
    }
    gx_free(target);
}

/* ---- calling
 * --------------------------------------------------------------------------------------------- */

/* What the command line says of every call goes to a server as common parameters. */
static gx_value with_common(const gx_value *args, const gx_command *command) {
    gx_value map = args && args->type == GX_MAP ? gx_value_copy(command->arena, args)
                                                : gx_map(command->arena, 4);
    if (gx_arg_has(&command->common, "seed")) {
        gx_map_put(command->arena, &map, "seed", gx_int(gx_arg_int(&command->common, "seed")));
    }
    if (gx_arg_has(&command->common, "threads")) {
        gx_map_put(command->arena, &map, "threads",
                   gx_int(gx_arg_int(&command->common, "threads")));
    }
    if (gx_arg_has(&command->common, "mem")) {
        gx_map_put(command->arena, &map, "mem", gx_int(gx_arg_int(&command->common, "mem")));
    }
    if (gx_arg_has(&command->common, "deadline")) {
        gx_map_put(command->arena, &map, "deadline_ms",
                   gx_int(gx_arg_int(&command->common, "deadline")));
    }
    return map;
}

gx_status gx_target_call(gx_value *out, gx_target *target, const char *method, const gx_value *args,
                         gx_command *command, gx_error *err) {
    if (target->client) {
        gx_value map = with_common(args, command);
        return gx_client_call(out, target->client, method, &map, command->arena, err);
    }
    const gx_method *found = gx_method_find(method);
    if (!found) {
        return gx_method_missing(method, err);
    }
    gx_call_options options = {.job = &command->job};
    return gx_db_call(out, target->db, found, args, &options, command->arena, err);
}
