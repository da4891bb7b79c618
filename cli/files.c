#include "cli/files.h"

/* Rows that the store did not take. */
static void tell_conflicts(gx_command *command, const char *path, const gx_import_report *report) {
    if (report->conflicting) {
        gx_say(command,
               "%s: %llu rows left out, whose event_id a row before has with other fields; the "
               "first is %s",
               path, (unsigned long long)report->conflicting, report->first_conflict);
    }
}

gx_status gx_file_read(gx_store *store, gx_command *command, const char *path, const char *kind,
                       const char *action, bool always, gx_error *err) {
    /* Names that no column has: the file's own action is not the action, and an event_id of this
     * file is none of another's. */
    static const char *const apart[] = {"action=(the same for every row)",
                                        "event_id=(of this file alone)", NULL};
    const bool events = strcmp(kind, "events") == 0;
    gx_import_options options = {.kind = kind,
                                 .preset = events ? gx_arg_word(&command->common, "preset") : NULL,
                                 .undirected = gx_arg_bool(&command->common, "undirected"),
                                 .action = action,
                                 .time = "0", /* a split by files needs no times */
                                 .map = always ? apart : NULL,
                                 .rejects = "/dev/null"};
    gx_import_report report;
    gx_status status = gx_import_file(&report, store, path, &options, &command->job, err);
    if (status == GX_OK) {
        gx_say(command, "%s: %llu %s read", path, (unsigned long long)report.created, kind);
        tell_conflicts(command, path, &report);
    }
    return status;
}

gx_status gx_with_files(gx_value *out, gx_command *command,
                        gx_status (*fill)(gx_store *store, gx_command *command, gx_error *err),
                        gx_status (*ask)(gx_value *out, gx_command *command, gx_error *err),
                        gx_error *err) {
    gx_store *store = NULL;
    char folder[GX_FOLDER_MAX];
    gx_store_options options = {.create = true, .sync = GX_SYNC_NONE};
    gx_status status = gx_folder_make(folder, sizeof folder, err);
    if (status != GX_OK) {
        return status;
    }
    GX_TRY(gx_store_open(&store, folder, &options, err));
    GX_TRY(fill(store, command, err));
    gx_store_close(store);
    store = NULL;
    command->target = folder;
    command->from_files = true;
    GX_TRY(ask(out, command, err));
done:
    gx_store_close(store);
    gx_folder_remove(folder);
    command->target = NULL;
    return status;
}
