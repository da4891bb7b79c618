/* Lists for everybody. A page is asked for, written and forgotten, so that memory does not grow
 * with the members; what came of them is counted and told at the end. */
#include "cli/recommend_all.h"

#include "cli/format.h"
#include "graph/codec/codec.h"

#include <errno.h>
#include <stdlib.h>

/* A page goes through a socket whole, and ids and reasons may be long. */
enum { PAGE_ITEMS = 20000, PAGE_REASONS = 2000, PAGE_MEMBERS = 2000, LINE_MAX_BYTES = 1024 };

static const char stage[] = "lists";

static const char *const counted[] = {"members", "lists", "items",   "moved",      "holdout",
                                      "arm",     "cap",   "nothing", "no_consent", "unknown"};

typedef struct batch {
    gx_command *command;
    gx_target *target;
    gx_value args; /* of every page */
    uint32_t page; /* members */
    FILE *members; /* NULL: everybody */
    FILE *left_out;
    bool csv, json, headed, begun; /* a head is written, a list is */
    uint64_t seen, of, logged;
    uint64_t count[GX_COUNT(counted)];
    char push[160];
} batch;

/* ---- rows ----------------------------------------------------------------------------------- */

static void put_cell(gx_buffer *out, const gx_value *value, char end) {
    if (value && value->type == GX_TEXT) {
        const char *text = value->as.text;
        bool quoted = false;
        for (uint32_t i = 0; i < value->size; i++) {
            quoted |= strchr(",\"\r\n", text[i]) != NULL;
        }
        gx_buffer_text(out, quoted ? "\"" : "");
        for (uint32_t i = 0; i < value->size; i++) {
            gx_buffer_text(out, quoted && text[i] == '"' ? "\"" : "");
            gx_buffer_append(out, text + i, 1);
        }
        gx_buffer_text(out, quoted ? "\"" : "");
    } else if (value && value->type != GX_NIL) {
        gx_json_write(out, value, GX_JSON_COMPACT);
    }
    gx_buffer_append(out, &end, 1);
}

static void put_list_csv(gx_buffer *out, const gx_value *list) {
    const gx_value *items = gx_map_get(list, "items");
    const gx_value *user = gx_map_get(list, "user"), *time = gx_map_get(list, "time");
    for (uint32_t k = 0; items && k < items->size; k++) {
        const gx_value *item = &items->as.items[k];
        put_cell(out, user, ',');
        put_cell(out, gx_map_get(item, "rank"), ',');
        put_cell(out, gx_map_get(item, "id"), ',');
        put_cell(out, gx_map_get(item, "score"), ',');
        put_cell(out, gx_map_get(item, "channel"), ',');
        put_cell(out, time, '\n');
    }
}

/* The rows of a page in one write; a write that fails says why. */
static gx_status put(FILE *out, gx_buffer *text, const char *path, gx_error *err) {
    gx_status status = GX_OK;
    if (text->failed) {
        status = gx_fail_memory(err, text->size);
    } else if (fwrite(text->bytes, 1, text->size, out) != text->size || fflush(out) != 0) {
        status =
            path ? gx_fail_errno(err, errno ? errno : EIO, "writing", path) : gx_write_failed(err);
        status = status == GX_OK ? GX_CANCELLED : status; /* nobody reads on: stop */
    }
    gx_buffer_finish(text);
    return status;
}

/* What stands before the lists, once it is known that there will be some: a call that is refused
 * writes nothing. */
static gx_status put_head(batch *b, gx_error *err) {
    const char *head = b->csv ? "user,rank,item,score,channel,time\n" : b->json ? "[" : "";
    if (!b->headed && fputs(head, b->command->out) == EOF) {
        return gx_write_failed(err);
    }
    b->headed = true;
    return GX_OK;
}

static gx_status put_lists(batch *b, const gx_value *lists, gx_error *err) {
    gx_buffer text = {0};
    for (uint32_t k = 0; lists && k < lists->size; k++) {
        const gx_value *list = &lists->as.items[k];
        if (b->csv) {
            put_list_csv(&text, list);
            continue;
        }
        gx_buffer_text(&text, b->json && b->begun ? ",\n" : "");
        b->begun = true;
        gx_json_write(&text, list, GX_JSON_COMPACT);
        gx_buffer_text(&text, b->json ? "" : "\n");
    }
    return put(b->command->out, &text, gx_arg_word(&b->command->common, "output"), err);
}

static gx_status put_left_out(batch *b, const gx_value *rows, gx_error *err) {
    gx_buffer text = {0};
    for (uint32_t k = 0; b->left_out && rows && k < rows->size; k++) {
        put_cell(&text, gx_map_get(&rows->as.items[k], "user"), ',');
        put_cell(&text, gx_map_get(&rows->as.items[k], "reason"), '\n');
    }
    return b->left_out ? put(b->left_out, &text, gx_given_text(b->command, "left_out"), err)
                       : GX_OK;
}

/* ---- pages ---------------------------------------------------------------------------------- */

static uint64_t number(const gx_value *map, const char *key) {
    const gx_value *value = map ? gx_map_get(map, key) : NULL;
    return value && value->type == GX_INT && value->as.integer > 0 ? (uint64_t)value->as.integer
                                                                   : 0;
}

/* Ids of the next page out of the file; false: there are no more. */
static gx_status read_ids(bool *out_any, gx_value *list, const batch *b, gx_arena *arena,
                          gx_error *err) {
    char line[LINE_MAX_BYTES];
    *list = gx_list(arena, b->page);
    while (list->size < b->page && fgets(line, sizeof line, b->members)) {
        size_t size = strcspn(line, "\r\n");
        if (size > GX_ID_BYTES_MAX) {
            return gx_fail_at(err, GX_BAD_REQUEST, "members",
                              "members: a line of %s is longer than an id, %d bytes",
                              gx_given_text(b->command, "members"), GX_ID_BYTES_MAX);
        }
        if (size > 0) {
            gx_list_add(arena, list, gx_text_copy(arena, line, size));
        }
    }
    *out_any = list->size > 0;
    return ferror(b->members) ? gx_fail_errno(err, errno ? errno : EIO, "reading",
                                              gx_given_text(b->command, "members"))
                              : GX_OK;
}

static void count_page(batch *b, const gx_value *page) {
    const gx_value *counts = gx_map_get(page, "counts"), *push = gx_map_get(page, "push");
    for (size_t k = 0; k < GX_COUNT(counted); k++) {
        b->count[k] += number(counts, counted[k]);
    }
    b->logged += number(page, "logged");
    b->seen = b->members ? b->seen + number(page, "seen") : number(page, "seen");
    b->of = b->members ? 0 : number(page, "of");
    if (push && push->type == GX_TEXT && push->size < sizeof b->push) {
        memcpy(b->push, push->as.text, push->size);
        b->push[push->size] = '\0';
    }
}

/* One page; *out_more: there is another, behind `after`. */
static gx_status one_page(bool *out_more, char after[GX_ID_BYTES_MAX + 1], batch *b,
                          gx_arena *arena, gx_error *err) {
    gx_status status = GX_OK;
    gx_value args = gx_value_copy(arena, &b->args), page, ids;
    *out_more = true;
    if (b->members) {
        GX_TRY(read_ids(out_more, &ids, b, arena, err));
        if (!*out_more) {
            return GX_OK;
        }
        gx_map_put(arena, &args, "users", ids);
    } else if (after[0]) {
        gx_map_put(arena, &args, "after", gx_str(after));
    }
    GX_TRY(gx_target_call(&page, b->target, "rec.batch", &args, b->command, arena, err));
    GX_TRY(put_head(b, err));
    GX_TRY(put_lists(b, gx_map_get(&page, "lists"), err));
    GX_TRY(put_left_out(b, gx_map_get(&page, "left_out"), err));
    count_page(b, &page);
    const gx_value *next = gx_map_get(&page, "next");
    if (!b->members) {
        *out_more = next && next->type == GX_TEXT && next->size <= GX_ID_BYTES_MAX;
        if (*out_more) {
            memcpy(after, next->as.text, next->size);
            after[next->size] = '\0';
        }
    }
done:
    return status;
}

static gx_status all_pages(batch *b, gx_error *err) {
    gx_status status = GX_OK;
    char after[GX_ID_BYTES_MAX + 1] = "";
    gx_arena *arena = gx_arena_create();
    bool more = true;
    if (!arena) {
        return gx_fail_memory(err, 0);
    }
    gx_job_stage(&b->command->job, stage, 0);
    while (status == GX_OK && more) {
        gx_arena_reset(arena);
        status = one_page(&more, after, b, arena, err);
        if (b->of && b->command->job.total != b->of) {
            gx_job_stage(&b->command->job, stage, b->of);
        }
        gx_job_tick(&b->command->job, b->seen);
    }
    gx_arena_destroy(arena);
    return status;
}

/* ---- the whole ------------------------------------------------------------------------------ */

/* "lists for 8,910 of 10,000 members, 8,910 items; left out: 1,003 holdout, 87 cap" */
static void say_summary(const batch *b, int64_t cpu_ns) {
    char left[400] = "";
    size_t at = 0;
    for (size_t k = 4; k < GX_COUNT(counted); k++) {
        if (b->count[k] > 0 && at + 60 < sizeof left) {
            at += (size_t)snprintf(left + at, sizeof left - at, "%s%llu %s",
                                   at ? ", " : "; left out: ", (unsigned long long)b->count[k],
                                   counted[k]);
        }
    }
    const double cpu = (double)cpu_ns / 1e9;
    gx_say(b->command, "push %s: lists for %llu of %llu members, %llu items%s%s", b->push,
           (unsigned long long)b->count[1], (unsigned long long)b->count[0],
           (unsigned long long)b->count[2], left,
           gx_arg_bool(&b->command->args, "log") ? "; written to the log" : "");
    if (b->count[3] > 0) {
        gx_say(b->command, "%llu wait for the end of quiet hours", (unsigned long long)b->count[3]);
    }
    const char *segment = gx_given_text(b->command, "segment");
    if (segment && b->count[0] == 0) {
        gx_say(b->command, "nobody is of the segment %s", segment);
    }
    if (!gx_is_address(b->command->target)) { /* a server's CPU is not ours to tell */
        gx_say(b->command, "%.1f CPU s, %.0f lists a CPU second", cpu,
               cpu > 0 ? (double)b->count[1] / cpu : 0);
    }
}

/* The text of the flag, as it will be read by every page. */
static void fix_send(gx_command *command, gx_value *args) {
    if (!gx_map_get(args, "send")) {
        gx_map_put(command->arena, args, "send", gx_int(gx_time_ms()));
    }
}

static gx_status check(batch *b, gx_error *err) {
    gx_command *command = b->command;
    const char *path = gx_arg_word(&command->common, "output");
    const size_t size = path ? strlen(path) : 0;
    if (gx_map_get(&command->given, "users")) {
        return gx_fail_at(err, GX_BAD_REQUEST, "users",
                          "members were named and --all was given; accepted is one of the two (a "
                          "file of them is --members FILE)");
    }
    if (command->format == GX_FORMAT_TABLE) { /* a table for people would not read back */
        b->csv = !(size > 6 && strcmp(path + size - 6, ".jsonl") == 0);
    } else if (command->format == GX_FORMAT_CSV || command->format == GX_FORMAT_JSONL ||
               command->format == GX_FORMAT_JSON) {
        b->csv = command->format == GX_FORMAT_CSV;
        b->json = command->format == GX_FORMAT_JSON;
    } else {
        return gx_fail_at(err, GX_BAD_REQUEST, "format",
                          "--format %s was given with --all; accepted are csv, jsonl and json",
                          gx_form_of(command->format)->name);
    }
    return GX_OK;
}

static gx_status open_files(batch *b, gx_error *err) {
    const char *members = gx_given_text(b->command, "members");
    const char *left_out = gx_given_text(b->command, "left_out");
    b->members = members ? fopen(members, "r") : NULL;
    if (members && !b->members) {
        return gx_fail_errno(err, errno, "reading", members);
    }
    b->left_out = left_out ? fopen(left_out, "w") : NULL;
    if (left_out && (!b->left_out || fputs("user,reason\n", b->left_out) == EOF)) {
        return gx_fail_errno(err, errno, "writing", left_out);
    }
    return GX_OK;
}

static gx_status close_files(batch *b, gx_status status, gx_error *err) {
    if (b->members) {
        fclose(b->members);
    }
    if (b->left_out && fclose(b->left_out) != 0 && status == GX_OK) {
        status = gx_fail_errno(err, errno, "writing", gx_given_text(b->command, "left_out"));
    }
    return status;
}

static gx_status whole(batch *b, gx_error *err) {
    gx_status status;
    FILE *out = b->command->out;
    GX_TRY(gx_target_open(&b->target, b->command, err));
    if (gx_map_get(&b->args, "estimate")) {
        gx_value told;
        GX_TRY(gx_target_call(&told, b->target, "rec.batch", &b->args, b->command,
                              b->command->arena, err));
        return gx_print(b->command, &told, NULL, NULL, false, err);
    }
    GX_TRY(all_pages(b, err));
    GX_TRY(put_head(b, err)); /* of no members at all */
    if (b->json) {
        fputs("]\n", out);
    }
    if (fflush(out) != 0) {
        status = gx_write_failed(err);
    }
done:
    return status;
}

gx_status gx_recommend_all(gx_command *command, gx_error *err) {
    batch b = {.command = command};
    const int64_t cpu_ns = gx_clock_cpu_ns();
    gx_status status = check(&b, err);
    if (status != GX_OK) {
        return status;
    }
    const bool why =
        gx_map_get(&command->given, "why") != NULL && gx_arg_bool(&command->args, "why");
    const int64_t fits = (why ? PAGE_REASONS : PAGE_ITEMS) / gx_arg_int(&command->args, "n");
    b.page = fits < 1 ? 1 : fits < PAGE_MEMBERS ? (uint32_t)fits : PAGE_MEMBERS;
    b.args = gx_method_args(command, gx_method_find("rec.batch"));
    gx_map_put(command->arena, &b.args, "members", gx_int(b.page)); /* not the file of that flag */
    fix_send(command, &b.args);
    GX_TRY(open_files(&b, err));
    GX_TRY(whole(&b, err));
done:
    gx_progress_end(command);
    gx_target_close(b.target);
    status = close_files(&b, status, err);
    if (status == GX_OK && !gx_map_get(&b.args, "estimate")) {
        say_summary(&b, gx_clock_cpu_ns() - cpu_ns);
    }
    if (status == GX_CANCELLED && ferror(command->out)) {
        status = GX_OK; /* `guanxi recommend --all | head` has read what it wanted */
    }
    return status;
}
