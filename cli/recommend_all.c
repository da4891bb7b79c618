/* Lists for everybody. A page is asked for, written and forgotten, so that memory does not grow
 * with the members; what came of them is counted and told at the end. */
#include "cli/recommend_all.h"

#include "cli/format.h"
#include "cli/run_state.h"
#include "graph/codec/codec.h"
#include "graph/import/import.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

/* A page goes through a socket whole, and ids and reasons may be long. */
enum { PAGE_ITEMS = 20000, PAGE_REASONS = 2000, PAGE_MEMBERS = 2000 };

static const char stage[] = "lists";

static const char *const counted[] = {
    "members", "lists",   "items",      "moved",    "short",   "holdout", "arm",
    "cap",     "nothing", "no_consent", "departed", "unknown", "segment", "unclear_consent"};
enum {
    SHORT = 4,
    LEFT_OUT, /* in `counted`: from here on why members have no list */
    SEGMENT = LEFT_OUT + 7
};

/* In how many lists a pin is not shown, by a rule. */
enum { PINS_TOLD = 32 };
typedef struct pin_out {
    char id[GX_ID_BYTES_MAX + 1], rule[32], why[120];
    uint64_t lists;
} pin_out;

typedef struct batch {
    gx_command *command;
    gx_target *target;
    gx_value args;  /* of every page */
    uint32_t page;  /* members */
    gx_value named; /* of --members, each once; NIL: everybody */
    uint32_t at;    /* how many of them the pages had */
    gx_chunks lists, left_out;
    gx_run_state state;
    bool csv, json, more;                   /* more: there is another page */
    bool told;                              /* the notes of a page, which are those of all */
    uint64_t seen, of, logged, ids;         /* ids: a hash of those of `named` that the pages had */
    uint64_t count[GX_COUNT(counted)], had; /* had: lists of an earlier run */
    pin_out pins[PINS_TOLD];
    uint32_t pin_count;
    bool more_pins;                /* than are told */
    char push[160], less[600];     /* less: what the first list that is short says */
    char made_from[64], again[64]; /* what the last page says; what the next has to say, or "" */
    char after[GX_ID_BYTES_MAX + 1];
} batch;

/* ---- rows ----------------------------------------------------------------------------------- */

static bool is_named(const batch *b) {
    return b->named.type == GX_LIST;
}

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
static gx_status put(gx_chunks *out, gx_buffer *text, const char *path, gx_error *err) {
    gx_status status = GX_OK;
    if (text->failed) {
        status = gx_fail_memory(err, text->size);
    } else if (fwrite(text->bytes, 1, text->size, out->file) != text->size ||
               fflush(out->file) != 0) {
        status =
            path ? gx_fail_errno(err, errno ? errno : EIO, "writing", path) : gx_write_failed(err);
        status = status == GX_OK ? GX_CANCELLED : status; /* nobody reads on: stop */
    } else {
        gx_chunks_add(out, text->bytes, text->size);
    }
    gx_buffer_finish(text);
    return status;
}

/* After what stands before the lists, once it is known that there will be some: a call that is
 * refused writes nothing. */
static gx_status put_lists(batch *b, const gx_value *lists, gx_error *err) {
    const bool first = b->lists.bytes == 0;
    bool begun = b->count[1] > 0;
    gx_buffer text = {0};
    if (first) {
        gx_buffer_text(&text, b->csv ? "user,rank,item,score,channel,time\n" : b->json ? "[" : "");
    }
    for (uint32_t k = 0; lists && k < lists->size; k++) {
        const gx_value *list = &lists->as.items[k];
        if (b->csv) {
            put_list_csv(&text, list);
            continue;
        }
        gx_buffer_text(&text, b->json && begun ? ",\n" : "");
        begun = true;
        gx_json_write(&text, list, GX_JSON_COMPACT);
        gx_buffer_text(&text, b->json ? "" : "\n");
    }
    return put(&b->lists, &text, gx_arg_word(&b->command->common, "output"), err);
}

static gx_status put_left_out(batch *b, const gx_value *rows, gx_error *err) {
    gx_buffer text = {0};
    if (!b->left_out.file) {
        return GX_OK;
    }
    gx_buffer_text(&text, b->left_out.bytes == 0 ? "user,reason\n" : "");
    for (uint32_t k = 0; rows && k < rows->size; k++) {
        put_cell(&text, gx_map_get(&rows->as.items[k], "user"), ',');
        put_cell(&text, gx_map_get(&rows->as.items[k], "reason"), '\n');
    }
    return put(&b->left_out, &text, gx_given_text(b->command, "left_out"), err);
}

/* ---- pages ---------------------------------------------------------------------------------- */

static uint64_t number(const gx_value *map, const char *key) {
    const gx_value *value = map ? gx_map_get(map, key) : NULL;
    return value && value->type == GX_INT && value->as.integer > 0 ? (uint64_t)value->as.integer
                                                                   : 0;
}

/* Ids of the next page of those that the file named; false: there are no more. */
static bool next_ids(gx_value *list, batch *b, gx_arena *arena) {
    *list = gx_list(arena, b->page);
    for (; list->size < b->page && b->at < b->named.size; b->at++) {
        const gx_value *id = &b->named.as.items[b->at];
        gx_list_add(arena, list, *id);
        b->ids = gx_chunk_hash(gx_chunk_hash(b->ids, id->as.text, id->size), "", 1);
    }
    return list->size > 0;
}

static void take_text(char *out, size_t room, const gx_value *value) {
    if (value && value->type == GX_TEXT && value->size < room) {
        memcpy(out, value->as.text, value->size);
        out[value->size] = '\0';
    }
}

static void count_pins(batch *b, const gx_value *pins) {
    for (uint32_t i = 0; pins && pins->type == GX_LIST && i < pins->size; i++) {
        const gx_value *row = &pins->as.items[i];
        pin_out read = {.lists = number(row, "lists")};
        uint32_t at = 0;
        take_text(read.id, sizeof read.id, gx_map_get(row, "id"));
        take_text(read.rule, sizeof read.rule, gx_map_get(row, "rule"));
        take_text(read.why, sizeof read.why, gx_map_get(row, "en"));
        while (at < b->pin_count &&
               (strcmp(b->pins[at].id, read.id) != 0 || strcmp(b->pins[at].rule, read.rule) != 0)) {
            at++;
        }
        if (at < b->pin_count) {
            b->pins[at].lists += read.lists;
        } else if (at < PINS_TOLD) {
            b->pins[b->pin_count++] = read;
        } else {
            b->more_pins = true;
        }
    }
}

/* What the first list that is short says. */
static void note_short(batch *b, const gx_value *lists) {
    for (uint32_t k = 0; !b->less[0] && lists && lists->type == GX_LIST && k < lists->size; k++) {
        const gx_value *less = gx_map_get(&lists->as.items[k], "short");
        const gx_value *user = gx_map_get(&lists->as.items[k], "user");
        if (less && less->type == GX_TEXT && user && user->type == GX_TEXT) {
            snprintf(b->less, sizeof b->less, "%.*s: %.*s", (int)user->size, user->as.text,
                     (int)less->size, less->as.text);
        }
    }
}

static void count_page(batch *b, const gx_value *page) {
    const gx_value *counts = gx_map_get(page, "counts");
    for (size_t k = 0; k < GX_COUNT(counted); k++) {
        b->count[k] += number(counts, counted[k]);
    }
    count_pins(b, gx_map_get(page, "not_pinned"));
    b->logged += number(page, "logged");
    b->seen = is_named(b) ? b->seen + number(page, "seen") : number(page, "seen");
    b->of = is_named(b) ? 0 : number(page, "of");
    take_text(b->push, sizeof b->push, gx_map_get(page, "push"));
    take_text(b->made_from, sizeof b->made_from, gx_map_get(page, "made_from"));
}

static gx_value hex_value(uint64_t number, gx_arena *arena) {
    char hex[20];
    const int size = snprintf(hex, sizeof hex, "%016llx", (unsigned long long)number);
    return gx_text_copy(arena, hex, (size_t)size);
}

/* As a page tells them. */
static gx_value pins_value(const batch *b, gx_arena *arena) {
    gx_value list = gx_list(arena, b->pin_count);
    for (uint32_t k = 0; k < b->pin_count; k++) {
        gx_value row = gx_map(arena, 4);
        gx_map_put(arena, &row, "id", gx_str(b->pins[k].id));
        gx_map_put(arena, &row, "rule", gx_str(b->pins[k].rule));
        gx_map_put(arena, &row, "en", gx_str(b->pins[k].why));
        gx_map_put(arena, &row, "lists", gx_int((int64_t)b->pins[k].lists));
        gx_list_add(arena, &list, row);
    }
    return list;
}

/* How far the run is, after a page. */
static gx_status note_page(batch *b, gx_arena *arena, gx_error *err) {
    gx_value note = gx_map(arena, 15), counts = gx_map(arena, GX_COUNT(counted));
    for (size_t k = 0; k < GX_COUNT(counted); k++) {
        gx_map_put(arena, &counts, counted[k], gx_int((int64_t)b->count[k]));
    }
    gx_map_put(arena, &note, "after", gx_str(b->after));
    gx_map_put(arena, &note, "more", gx_bool(b->more));
    gx_map_put(arena, &note, "lists", gx_chunks_value(&b->lists, arena));
    gx_map_put(arena, &note, "left_out", gx_chunks_value(&b->left_out, arena));
    gx_map_put(arena, &note, "ids", hex_value(b->ids, arena));
    gx_map_put(arena, &note, "counts", counts);
    gx_map_put(arena, &note, "not_pinned", pins_value(b, arena));
    gx_map_put(arena, &note, "more_pins", gx_bool(b->more_pins));
    gx_map_put(arena, &note, "short", gx_str(b->less));
    gx_map_put(arena, &note, "logged", gx_int((int64_t)b->logged));
    gx_map_put(arena, &note, "seen", gx_int((int64_t)b->seen));
    gx_map_put(arena, &note, "of", gx_int((int64_t)b->of));
    gx_map_put(arena, &note, "push", gx_str(b->push));
    gx_map_put(arena, &note, "made_from", gx_str(b->made_from));
    return gx_run_state_note(&b->state, &note, err);
}

static bool same_files(batch *b, const gx_value *note, gx_arena *arena) {
    const gx_value *ids = gx_map_get(note, "ids");
    gx_value named;
    if (is_named(b)) {
        next_ids(&named, b, arena);
    }
    const gx_value read = hex_value(b->ids, arena);
    return ids && gx_value_equal(ids, &read) &&
           gx_chunks_follow(&b->lists, gx_map_get(note, "lists")) &&
           (!b->left_out.file || gx_chunks_follow(&b->left_out, gx_map_get(note, "left_out")));
}

/* A note of an earlier run, if its files are as it says: the run stands there. */
static bool take_note(void *user, const gx_value *note, gx_arena *arena) {
    batch *b = user;
    const batch before = *b;
    const gx_value *more = gx_map_get(note, "more");
    if (!more || more->type != GX_BOOL || !same_files(b, note, arena)) {
        *b = before;
        return false;
    }
    memset(b->count, 0, sizeof b->count);
    b->seen = b->logged = b->pin_count = 0;
    count_page(b, note);
    b->more = more->as.boolean;
    b->more_pins = gx_map_get(note, "more_pins") && gx_map_get(note, "more_pins")->as.boolean;
    take_text(b->less, sizeof b->less, gx_map_get(note, "short"));
    take_text(b->after, sizeof b->after, gx_map_get(note, "after"));
    return true;
}

/* One page, written and noted. */
static gx_status one_page(batch *b, gx_arena *arena, gx_error *err) {
    gx_status status = GX_OK;
    gx_value args = gx_value_copy(arena, &b->args), page, ids;
    if (is_named(b)) {
        b->more = next_ids(&ids, b, arena);
        if (!b->more) {
            return GX_OK;
        }
        gx_map_put(arena, &args, "users", ids);
    } else if (b->after[0]) {
        gx_map_put(arena, &args, "after", gx_str(b->after));
    }
    if (b->again[0]) {
        gx_map_put(arena, &args, "made_from", gx_str(b->again));
    }
    GX_TRY(gx_target_call(&page, b->target, "rec.batch", &args, b->command, arena, err));
    b->again[0] = '\0';
    GX_TRY(put_lists(b, gx_map_get(&page, "lists"), err));
    GX_TRY(put_left_out(b, gx_map_get(&page, "left_out"), err));
    if (!b->told) {
        gx_say_list(b->command, &page);
    }
    b->told = true;
    note_short(b, gx_map_get(&page, "lists"));
    count_page(b, &page);
    if (!is_named(b)) {
        const gx_value *next = gx_map_get(&page, "next");
        b->more = next && next->type == GX_TEXT && next->size <= GX_ID_BYTES_MAX;
        take_text(b->after, sizeof b->after, next);
    }
    GX_TRY(note_page(b, arena, err));
    b->command->keep_part = b->state.file != NULL;
done:
    return status;
}

static gx_status all_pages(batch *b, gx_error *err) {
    gx_status status = GX_OK;
    gx_arena *arena = gx_arena_create();
    if (!arena) {
        return gx_fail_memory(err, 0);
    }
    gx_job_stage(&b->command->job, stage, b->of);
    while (status == GX_OK && b->more) {
        gx_arena_reset(arena);
        status = one_page(b, arena, err);
        if (b->of && b->command->job.total != b->of) {
            gx_job_stage(&b->command->job, stage, b->of);
        }
        gx_job_tick(&b->command->job, b->seen);
    }
    gx_arena_destroy(arena);
    return status;
}

/* ---- the whole ------------------------------------------------------------------------------ */

/* What was asked for and is not in the lists. */
static void say_missing(const batch *b) {
    if (b->count[SHORT] > 0) {
        gx_say(b->command, "%llu %s shorter than asked; the first, %s",
               (unsigned long long)b->count[SHORT],
               gx_plural(b->count[SHORT], "list is", "lists are"), b->less);
    }
    for (uint32_t k = 0; k < b->pin_count; k++) {
        const pin_out *pin = &b->pins[k];
        gx_say(b->command, "pin %s is not shown in %llu list%s: %s (%s)", pin->id,
               (unsigned long long)pin->lists, gx_plural(pin->lists, "", "s"), pin->why, pin->rule);
    }
    if (b->more_pins) {
        gx_say(b->command, "more pins are not shown; --format jsonl tells each in not_pinned");
    }
}

/* "lists for 8,910 of 10,000 members, 8,910 items; left out: 1,003 holdout, 87 cap" */
static void say_summary(const batch *b, int64_t cpu_ns) {
    char left[400] = "";
    size_t at = 0;
    for (size_t k = LEFT_OUT; k < GX_COUNT(counted); k++) {
        if (b->count[k] > 0 && at + 60 < sizeof left) {
            at += (size_t)snprintf(left + at, sizeof left - at, "%s%llu %s",
                                   at ? ", " : "; left out: ", (unsigned long long)b->count[k],
                                   counted[k]);
        }
    }
    const double cpu = (double)cpu_ns / 1e9;
    gx_say(b->command, "push %s: lists for %llu of %llu member%s, %llu item%s%s%s", b->push,
           (unsigned long long)b->count[1], (unsigned long long)b->count[0],
           gx_plural(b->count[0], "", "s"), (unsigned long long)b->count[2],
           gx_plural(b->count[2], "", "s"), left,
           gx_arg_bool(&b->command->args, "log") ? "; written to the log" : "");
    if (b->count[3] > 0) {
        gx_say(b->command, "%llu %s for the end of quiet hours", (unsigned long long)b->count[3],
               gx_plural(b->count[3], "waits", "wait"));
    }
    say_missing(b);
    const char *segment = gx_given_text(b->command, "segment");
    if (segment && b->count[0] == b->count[SEGMENT]) {
        const char *file = is_named(b) ? gx_given_text(b->command, "members") : NULL;
        gx_say(b->command, "nobody%s%s is of the segment %s", file ? " of " : "", file ? file : "",
               segment);
    }
    if (!gx_is_address(b->command->target)) { /* a server's CPU is not ours to tell */
        gx_say(b->command, "%.1f CPU s, %.0f lists a CPU second", cpu,
               cpu > 0 ? (double)(b->count[1] - b->had) / cpu : 0);
    }
}

static bool resumes(const gx_command *command) {
    return gx_arg_bool(&command->args, "resume");
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
    if (resumes(command) && gx_arg_bool(&command->args, "estimate")) {
        return gx_fail_at(err, GX_BAD_REQUEST, "resume",
                          "resume: it goes without --estimate, which writes no lists");
    }
    if (gx_map_get(&command->given, "left_out") && gx_arg_bool(&command->args, "estimate")) {
        return gx_fail_at(err, GX_BAD_REQUEST, "left_out",
                          "--left-out: it goes without --estimate, which leaves nobody out");
    }
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
    if (b->csv && gx_arg_bool(&command->args, "why")) {
        return gx_fail_at(err, GX_BAD_REQUEST, "why",
                          "--why was given with --all as csv, which has no room for reasons; "
                          "accepted are --format jsonl and json");
    }
    return GX_OK;
}

/* ---- going on ------------------------------------------------------------------------------- */

/* All that decides what the lists are, and in what form they are written. */
static gx_value options_of(const batch *b) {
    gx_command *command = b->command;
    gx_arena *arena = command->arena;
    gx_value map = gx_value_copy(arena, &b->args);
    gx_map_put(arena, &map, "format", gx_str(b->csv ? "csv" : b->json ? "json" : "jsonl"));
    gx_map_put(arena, &map, "members_file", gx_bool(is_named(b)));
    gx_map_put(arena, &map, "left_out", gx_bool(gx_given_text(command, "left_out") != NULL));
    gx_map_put(arena, &map, "seed",
               gx_arg_has(&command->common, "seed") ? gx_int(gx_arg_int(&command->common, "seed"))
                                                    : gx_nil());
    gx_map_put(arena, &map, "version", gx_str(gx_version()));
    return map;
}

/* To where an earlier run of the same options stood. */
static gx_status go_on(batch *b, const gx_value *was, gx_error *err) {
    gx_command *command = b->command;
    const gx_value *send = gx_map_get(was, "send");
    if (send && !gx_map_get(&command->given, "send")) {
        gx_map_put(command->arena, &b->args, "send", *send);
    }
    const gx_value now = options_of(b);
    gx_status status = gx_run_state_same(was, &now, command->part, command->arena, err);
    if (status == GX_OK) {
        status = gx_run_state_follow(&b->state, take_note, b, err);
    }
    memcpy(b->again, b->made_from, sizeof b->again);
    b->had = b->count[1];
    if (status == GX_OK) {
        gx_say(command, "%s: lists for %llu member%s are there; the run goes on", command->part,
               (unsigned long long)b->had, gx_plural(b->had, "", "s"));
    }
    return status;
}

static gx_status begin(batch *b, gx_error *err) {
    gx_command *command = b->command;
    gx_status status = GX_OK;
    bool had = false;
    gx_value was = gx_nil();
    b->lists.file = command->out;
    b->more = true;
    if (resumes(command) && !command->part) {
        return gx_fail_at(err, GX_BAD_REQUEST, "resume", "resume: it goes with -o FILE, a file");
    }
    GX_TRY(gx_run_state_open(&b->state, &had, command, resumes(command), err));
    if (had) {
        GX_TRY(gx_run_state_asked(&was, &b->state, command->arena, err));
    }
    command->keep_part = was.type == GX_MAP;
    if (command->keep_part) {
        GX_TRY(go_on(b, &was, err));
        GX_TRY(gx_chunks_cut(&b->lists, command->part, err));
        GX_TRY(gx_chunks_cut(&b->left_out, gx_given_text(command, "left_out"), err));
    } else {
        const gx_value asked = options_of(b);
        GX_TRY(gx_run_state_note(&b->state, &asked, err));
        status = command->part ? gx_chunks_cut(&b->lists, command->part, err) : GX_OK;
    }
    if (!command->keep_part && resumes(command)) {
        gx_say(command, "resume: there is no run to go on with; this one begins anew");
    }
done:
    return status;
}

/* ---- the whole, from its beginning or from there --------------------------------------------- */

/* Whether both name one plain file, which need not be there yet. */
static bool is_one_file(const char *a, const char *b) {
    struct stat one, other;
    const bool has_one = stat(a, &one) == 0, has_other = stat(b, &other) == 0;
    if (has_one && has_other) {
        return S_ISREG(one.st_mode) && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
    }
    a += strncmp(a, "./", 2) == 0 ? 2 : 0;
    b += strncmp(b, "./", 2) == 0 ? 2 : 0;
    return !has_one && !has_other && strcmp(a, b) == 0;
}

/* What --left-out writes would be lost in, or spoil, a file that the run writes or reads itself. */
static gx_status check_left_out(const gx_command *command, gx_error *err) {
    const char *path = gx_given_text(command, "left_out"), *part = command->part;
    const char *state = part ? gx_arena_printf(command->arena, "%s.state", part) : NULL;
    const char *const own[] = {gx_arg_word(&command->common, "output"), part, state,
                               gx_given_text(command, "members")};
    for (size_t k = 0; path && k < GX_COUNT(own); k++) {
        if (own[k] && is_one_file(path, own[k])) {
            return gx_fail_at(err, GX_BAD_REQUEST, "left_out",
                              "--left-out %s: %s is that file; accepted is one that the run does "
                              "not need for something else",
                              path, k < 3 ? "what -o writes" : "what --members reads");
        }
    }
    return GX_OK;
}

static gx_status open_files(batch *b, gx_error *err) {
    const char *members = gx_given_text(b->command, "members");
    const char *left_out = gx_given_text(b->command, "left_out");
    gx_status status = check_left_out(b->command, err);
    if (status != GX_OK) {
        return status;
    }
    if (members) {
        gx_value read;
        status = gx_ids_of_file(&read, members, b->command->arena, err);
        if (status != GX_OK) {
            return status;
        }
        b->named = gx_list_each_once(b->command->arena, &read);
        if (!is_named(b)) {
            return gx_fail_memory(err, read.size * sizeof read);
        }
    }
    b->left_out.file = left_out && resumes(b->command) ? fopen(left_out, "r+") : NULL;
    if (left_out && !b->left_out.file) {
        b->left_out.file = fopen(left_out, "w");
    }
    return left_out && !b->left_out.file ? gx_fail_errno(err, errno, "writing", left_out) : GX_OK;
}

static gx_status close_files(batch *b, gx_status status, gx_error *err) {
    if (b->left_out.file && fclose(b->left_out.file) != 0 && status == GX_OK) {
        status = gx_fail_errno(err, errno, "writing", gx_given_text(b->command, "left_out"));
    }
    gx_run_state_close(&b->state, status == GX_OK || !b->command->keep_part);
    return status;
}

static gx_status tell_estimate(batch *b, gx_error *err) {
    gx_value told;
    gx_status status = gx_target_open(&b->target, b->command, err);
    if (status == GX_OK) {
        status = gx_target_call(&told, b->target, "rec.batch", &b->args, b->command,
                                b->command->arena, err);
    }
    if (status != GX_OK) {
        return status;
    }
    gx_value shown = gx_map(b->command->arena, told.size); /* bytes of the form it is asked in */
    for (uint32_t k = 0; k < told.size; k++) {
        const gx_value *key = &told.as.pairs[k].key;
        if (!gx_slice_is((gx_slice){key->as.text, key->size}, "json_bytes")) {
            gx_map_put_text(b->command->arena, &shown, *key, told.as.pairs[k].value);
        }
    }
    const gx_value *json = gx_map_get(&told, "json_bytes");
    if (!b->csv && json) {
        gx_map_put(b->command->arena, &shown, "disk_bytes", *json);
    }
    return gx_print(b->command, &shown, NULL, NULL, false, err);
}

static gx_status whole(batch *b, gx_error *err) {
    gx_status status;
    FILE *out = b->command->out;
    GX_TRY(open_files(b, err));
    GX_TRY(begin(b, err));
    GX_TRY(gx_target_open(&b->target, b->command, err));
    GX_TRY(all_pages(b, err));
    if (b->lists.bytes == 0) { /* of no members at all */
        GX_TRY(put_lists(b, NULL, err));
        GX_TRY(put_left_out(b, NULL, err));
    }
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
    static const char *const own[] = {"all", "members", "left_out", "resume"};
    status = gx_refuse_others(command, gx_method_find("rec.batch"), own, GX_COUNT(own),
                              "recommend --all", err);
    if (status != GX_OK) {
        return status;
    }
    const bool why =
        gx_map_get(&command->given, "why") != NULL && gx_arg_bool(&command->args, "why");
    const bool estimate = gx_arg_bool(&command->args, "estimate");
    const int64_t fits = (why ? PAGE_REASONS : PAGE_ITEMS) / gx_arg_int(&command->args, "n");
    b.page = fits < 1 ? 1 : fits < PAGE_MEMBERS ? (uint32_t)fits : PAGE_MEMBERS;
    b.args = gx_method_args(command, gx_method_find("rec.batch"));
    gx_map_put(command->arena, &b.args, "members", gx_int(b.page)); /* not the file of that flag */
    fix_send(command, &b.args);
    status = estimate ? tell_estimate(&b, err) : whole(&b, err);
    gx_progress_end(command);
    gx_target_close(b.target);
    status = close_files(&b, status, err);
    if (status == GX_OK && !estimate) {
        say_summary(&b, gx_clock_cpu_ns() - cpu_ns);
    }
    if (status == GX_CANCELLED && ferror(command->out)) {
        status = GX_OK; /* `guanxi recommend --all | head` has read what it wanted */
    }
    return status;
}
