/* guanxi import: files or a folder into a store. */
#include "graph/import/import.h"
#include "cli/verb.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

static const gx_param params[] = {
    {"files", GX_PARAM_LIST, NULL, 1, 1e6, NULL, NULL, GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL,
     "data files or folders; - is standard input"},
    {"kind", GX_PARAM_CHOICE, NULL, GX_PARAM_UNCHECKED, NULL,
     "users|items|groups|members|ties|events|impressions|coupons", 0,
     "what the rows are (read from the header)"},
    {"input_format", GX_PARAM_CHOICE, NULL, GX_PARAM_UNCHECKED, NULL, "csv|tsv|jsonl", 0,
     "form of the file (read from its name and first line)"},
    {"map", GX_PARAM_LIST, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "COLUMN=NAME: read this column under that name"},
    {"source", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "where the events come from, kept with each"},
    {"action", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "action of events in a file without that column"},
    {"tie_kind", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "kind of ties in a file without that column (friend)"},
    {"rejects", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "where rejected rows are written (FILE.rejects.csv)"},
    {"strict", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "refuse unknown columns, and ids that no users or items file gave"},
    {"keep_good", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "write the good rows of a file that has bad ones"},
    {"dry_run", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "read and check everything, write nothing"},
    {"create", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "make the store where there is none"},
};

typedef struct intake {
    gx_command *command;
    gx_value rows; /* one map a file, for the answer */
    gx_status worst;
    gx_error first; /* what went wrong first */
    bool stopped;   /* cancelled, deadline, disk: no use in going on */
} intake;

static void say_report(const gx_command *command, const char *path, const gx_import_report *r,
                       gx_status status, const gx_error *err) {
    bool of_no_kind = status == GX_OK && !r->kind[0]; /* named, and left alone */
    if (of_no_kind || (status != GX_OK && status != GX_REJECTED)) {
        gx_say(command, "%s: %s", path, err->message);
        return;
    }
    gx_say(command,
           "%s: %llu %s: %llu new, %llu changed, %llu already there, %llu rejected  (%.2f s)", path,
           (unsigned long long)r->rows, r->kind, (unsigned long long)r->created,
           (unsigned long long)r->updated, (unsigned long long)r->unchanged,
           (unsigned long long)r->rejected, r->wall_s);
    if (r->skipped) {
        gx_say(command, "  left out: %llu × self tie", (unsigned long long)r->skipped);
    }
    if (r->conflicting) {
        gx_say(
            command,
            "  left out: %llu with an event_id that is there already with other fields; first: %s",
            (unsigned long long)r->conflicting, r->first_conflict);
    }
    if (r->new_users + r->new_items + r->new_groups) {
        gx_say(command, "  first seen here, and created: %llu user%s, %llu item%s, %llu group%s",
               (unsigned long long)r->new_users, gx_plural(r->new_users, "", "s"),
               (unsigned long long)r->new_items, gx_plural(r->new_items, "", "s"),
               (unsigned long long)r->new_groups, gx_plural(r->new_groups, "", "s"));
    }
    if (r->ignored_columns[0]) {
        gx_say(command, "  further columns: %s", r->ignored_columns);
    }
    for (size_t i = 0; i < r->reason_count; i++) {
        gx_say(command, "  rejected: %llu × %s", (unsigned long long)r->reasons[i].count,
               r->reasons[i].reason);
    }
    if (r->first_reject[0]) {
        gx_say(command, "  first: %s", r->first_reject);
    }
    if (r->rejects_path[0]) {
        gx_say(command, "  every rejected row: %s", r->rejects_path);
    }
    if (status == GX_REJECTED && !gx_arg_bool(&command->args, "keep_good")) {
        gx_say(command, "  nothing of this file was written; --keep-good writes its good rows");
    }
}

static gx_value row_of(gx_arena *arena, const char *path, const gx_import_report *r,
                       gx_status status, const gx_error *err) {
    gx_value row = gx_map(arena, 16);
    gx_map_put(arena, &row, "file", gx_text_copy(arena, path, strlen(path)));
    gx_map_put(arena, &row, "status", gx_str(gx_status_name(status)));
    if (status != GX_OK && status != GX_REJECTED) {
        gx_map_put(arena, &row, "message", gx_text_copy(arena, err->message, strlen(err->message)));
        return row;
    }
    gx_map_put(arena, &row, "kind", gx_text_copy(arena, r->kind, strlen(r->kind)));
    gx_map_put(arena, &row, "rows", gx_int((int64_t)r->rows));
    gx_map_put(arena, &row, "created", gx_int((int64_t)r->created));
    gx_map_put(arena, &row, "updated", gx_int((int64_t)r->updated));
    gx_map_put(arena, &row, "unchanged", gx_int((int64_t)r->unchanged));
    gx_map_put(arena, &row, "conflicting", gx_int((int64_t)r->conflicting));
    gx_map_put(arena, &row, "rejected", gx_int((int64_t)r->rejected));
    gx_map_put(arena, &row, "skipped", gx_int((int64_t)r->skipped));
    gx_map_put(arena, &row, "new_users", gx_int((int64_t)r->new_users));
    gx_map_put(arena, &row, "new_items", gx_int((int64_t)r->new_items));
    gx_map_put(arena, &row, "new_groups", gx_int((int64_t)r->new_groups));
    gx_map_put(arena, &row, "time_unit", gx_text_copy(arena, r->time_unit, strlen(r->time_unit)));
    gx_map_put(arena, &row, "cpu_s", gx_real(r->cpu_s));
    gx_map_put(arena, &row, "wall_s", gx_real(r->wall_s));
    return row;
}

static void note(void *user, const char *path, const gx_import_report *report, gx_status status,
                 const gx_error *err) {
    intake *i = user;
    gx_progress_end(i->command);
    say_report(i->command, path, report, status, err);
    gx_list_add(i->command->arena, &i->rows, row_of(i->command->arena, path, report, status, err));
    if (status != GX_OK && i->worst == GX_OK) {
        i->worst = status;
        i->first = *err;
    }
    i->stopped = i->stopped || status == GX_CANCELLED || status == GX_DEADLINE || status == GX_IO;
}

/* Actions of events that nobody has said the meaning of: they count like a view, and that is told.
 */
static void say_unknown_actions(gx_command *command, gx_store *store) {
    gx_txn *txn;
    gx_value setting;
    if (gx_txn_read(&txn, store, NULL) != GX_OK) {
        return;
    }
    const uint32_t count = gx_word_count(txn, GX_SPACE_ACTION);
    if (gx_setting_get(&setting, txn, command->arena, "actions", NULL) == GX_OK) {
        for (uint32_t id = 0; id < count; id++) {
            const gx_slice name = gx_word_name(txn, GX_SPACE_ACTION, id);
            char quoted[64];
            const char *text = gx_arena_printf(command->arena, "%.*s", (int)name.size, name.data);
            if (text && !gx_action_rule_default(name)->known &&
                !(setting.type == GX_MAP && gx_map_get(&setting, text))) {
                gx_say(command,
                       "  the action %s is not in the table of actions: it counts like a view; "
                       "action.put says what it means",
                       gx_quote(quoted, sizeof quoted, name.data, name.size));
            }
        }
    }
    gx_txn_abort(txn);
}

static void say_note(void *user, const char *line) {
    const gx_command *command = user;
    gx_say(command, "  %s", line);
}

/* Of the members and items that are there now, where this import had some. */
static void say_block_lists(const intake *i, gx_store *store) {
    bool some = false;
    gx_txn *txn;
    gx_error ignored;
    for (uint32_t k = 0; k < i->rows.size; k++) {
        const gx_value *kind = gx_map_get(&i->rows.as.items[k], "kind");
        some = some || (kind && (gx_slice_is((gx_slice){kind->as.text, kind->size}, "users") ||
                                 gx_slice_is((gx_slice){kind->as.text, kind->size}, "items")));
    }
    if (some && gx_txn_read(&txn, store, NULL) == GX_OK) {
        const gx_status status =
            gx_block_lists_check(txn, &i->command->job, say_note, i->command, &ignored);
        (void)status; /* a note */
        gx_txn_abort(txn);
    }
}

static gx_import_options options_of(gx_command *command) {
    const gx_value *map = gx_arg_value(&command->args, "map");
    const char **pairs = NULL;
    if (map->type == GX_LIST &&
        (pairs = gx_arena_get(command->arena, (map->size + 1) * sizeof *pairs))) {
        for (uint32_t i = 0; i < map->size; i++) {
            pairs[i] = gx_arena_printf(command->arena, "%.*s", (int)map->as.items[i].size,
                                       map->as.items[i].as.text);
        }
        pairs[map->size] = NULL;
    }
    return (gx_import_options){
        .kind = gx_arg_word(&command->args, "kind"),
        .format = gx_arg_word(&command->args, "input_format"),
        .preset = gx_arg_word(&command->common, "preset"),
        .map = pairs,
        .source = gx_arg_word(&command->args, "source"),
        .rejects = gx_arg_word(&command->args, "rejects"),
        .action = gx_arg_word(&command->args, "action"),
        .tie_kind = gx_arg_word(&command->args, "tie_kind"),
        .undirected = gx_arg_bool(&command->common, "undirected"),
        .strict = gx_arg_bool(&command->args, "strict"),
        .keep_good = gx_arg_bool(&command->args, "keep_good"),
        .dry_run = gx_arg_bool(&command->args, "dry_run"),
    };
}

static void import_one(intake *i, gx_store *store, const char *path,
                       const gx_import_options *options) {
    gx_error err = {0};
    gx_import_report report = {0};
    struct stat info = {0};
    gx_command *command = i->command;
    if (strcmp(path, "-") != 0 && stat(path, &info) != 0) {
        gx_status status = gx_fail_errno(&err, errno, "reading", path);
        note(i, path, &report, status, &err);
        return;
    }
    if (strcmp(path, "-") != 0 && S_ISDIR(info.st_mode)) {
        size_t before = i->rows.size;
        gx_status status = gx_import_folder(store, path, options, note, i, &command->job, &err);
        if (status != GX_OK && i->rows.size == before) { /* no file of it was even tried */
            note(i, path, &report, status, &err);
        }
        return;
    }
    gx_status status = gx_import_file(&report, store, path, options, &command->job, &err);
    note(i, path, &report, status, &err);
}

static gx_status run(gx_command *command, gx_error *err) {
    gx_store *store = NULL;
    gx_store_options options = {.create = gx_arg_bool(&command->args, "create")};
    gx_status status = gx_store_open(&store, command->target, &options, err);
    if (status != GX_OK) {
        return status;
    }
    intake i = {.command = command, .rows = gx_list(command->arena, 8)};
    gx_import_options how = options_of(command);
    const gx_value *files = gx_arg_value(&command->args, "files");
    for (uint32_t f = 0; f < files->size && !i.stopped; f++) {
        const gx_value *file = &files->as.items[f];
        const char *path = gx_arena_printf(command->arena, "%.*s", (int)file->size, file->as.text);
        if (path) {
            import_one(&i, store, path, &how);
        }
    }
    say_unknown_actions(command, store);
    say_block_lists(&i, store);
    gx_store_close(store);
    if (command->format != GX_FORMAT_TABLE) {
        gx_value answer = gx_map(command->arena, 1);
        gx_map_put(command->arena, &answer, "files", i.rows);
        status = gx_print(command, &answer, "files", NULL, false, err);
    }
    if (i.worst != GX_OK) {
        *err = i.first;
        err->code = i.worst;
        return i.worst;
    }
    return status;
}

const gx_verb gx_verb_import = {
    .name = "import",
    .group = "store",
    .summary = "read data files into a store, all or nothing for each file",
    .params = params,
    .param_count = GX_COUNT(params),
    .flags = GX_VERB_LOCAL | GX_VERB_WRITES | GX_VERB_FILES,
    .run = run,
    .examples = "  guanxi import shop.gx users.csv items.csv ties.csv events.csv\n"
                "  guanxi import shop.gx data/                       every data file of a folder\n"
                "  guanxi import shop.gx log.jsonl.zst --kind events --map buyer=user_id\n"
                "  guanxi import shop.gx edges.txt.gz --preset snap --undirected\n",
};
