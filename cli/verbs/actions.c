/* guanxi actions: the table of actions of a store, told, or changed by rows of a file. */
#include "cli/verb.h"
#include "graph/import/import.h"

#include <stdio.h>

static const gx_param params[] = {
    {"file", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "put the rows of this file, csv, tsv, jsonl or json as this verb writes them (-: standard "
     "input): all of them or, where one is wrong, none"},
};

static gx_slice name_of(const gx_value *row) {
    const gx_value *name = gx_map_get(row, "action");
    return name && name->type == GX_TEXT ? (gx_slice){name->as.text, name->size}
                                         : (gx_slice){"", 0};
}

static const gx_value *find_row(const gx_value *list, gx_slice name) {
    for (uint32_t i = 0; list && i < list->size; i++) {
        if (gx_slice_equal(name_of(&list->as.items[i]), name)) {
            return &list->as.items[i];
        }
    }
    return NULL;
}

static bool is_same(const gx_value *a, const gx_value *b) {
    double x, y;
    if (gx_value_as_real(a, &x) && gx_value_as_real(b, &y)) {
        return x == y;
    }
    return gx_value_equal(a, b);
}

/* Whether the store says all of it already. An action it does not know counts like a view, which
 * the file may say as well: then it is to be known. */
static bool says_so(const gx_value *known, const gx_value *row) {
    const gx_value *from = known ? gx_map_get(known, "from") : NULL;
    bool same = from && from->type == GX_TEXT &&
                !gx_slice_is((gx_slice){from->as.text, from->size}, "fallback");
    for (uint32_t k = 0; same && k < row->size; k++) {
        const gx_value *other = gx_map_get(known, row->as.pairs[k].key.as.text);
        same = other && is_same(other, &row->as.pairs[k].value);
    }
    return same;
}

/* The rows that would change something, and where they stand. */
static void choose(gx_value *rows, gx_value *places, const gx_value *table, gx_arena *arena) {
    gx_value kept = gx_list(arena, rows->size), at = gx_list(arena, rows->size);
    for (uint32_t i = 0; i < rows->size; i++) {
        if (!says_so(find_row(table, name_of(&rows->as.items[i])), &rows->as.items[i])) {
            gx_list_add(arena, &kept, rows->as.items[i]);
            gx_list_add(arena, &at, places->as.items[i]);
        }
    }
    *rows = kept;
    *places = at;
}

/* The server counts the rows it was given; the reader of the message has lines. */
static gx_status tell_place(const gx_value *places, gx_status status, gx_error *err) {
    unsigned i;
    if (status == GX_BAD_REQUEST && sscanf(err->at, "actions[%u]", &i) == 1 && i < places->size) {
        char message[sizeof err->message];
        snprintf(message, sizeof message, "%s", err->message);
        return gx_fail(err, status, "%s: %s", places->as.items[i].as.text, message);
    }
    return status;
}

static gx_status put_file(gx_command *command, const char *path, gx_error *err) {
    gx_arena *arena = command->arena;
    gx_target *target = NULL;
    gx_value rows, places, args = gx_map(arena, 1), before, after = gx_nil();
    gx_status status;
    GX_TRY(gx_import_actions(&rows, &places, path, arena, err));
    const uint32_t given = rows.size;
    gx_map_put(arena, &command->given, "write", gx_bool(true)); /* takes the writer's lock */
    GX_TRY(gx_target_open(&target, command, err));
    const gx_value none = gx_map(arena, 1);
    GX_TRY(gx_target_call(&before, target, "action.list", &none, command, arena, err));
    choose(&rows, &places, gx_map_get(&before, "actions"), arena);
    if (rows.size > 0) {
        gx_map_put(arena, &args, "actions", rows);
        status = gx_target_call(&after, target, "action.put", &args, command, arena, err);
        GX_TRY(tell_place(&places, status, err));
    }
    gx_say(command, "%s: %u action%s, %u changed%s", path, given, gx_plural(given, "", "s"),
           rows.size, rows.size ? "; holds from the next build, reload or start" : "");
    gx_value list = gx_list(arena, rows.size + 1), out = gx_map(arena, 1);
    GX_TRY(gx_target_call(&after, target, "action.list", &none, command, arena, err));
    for (uint32_t i = 0; i < rows.size; i++) {
        const gx_value *row = find_row(gx_map_get(&after, "actions"), name_of(&rows.as.items[i]));
        if (row) {
            gx_list_add(arena, &list, *row);
        }
    }
    gx_map_put(arena, &out, "actions", list);
    GX_TRY(gx_print(command, &out, command->verb->list, command->verb->columns, false, err));
done:
    gx_target_close(target);
    return status;
}

static gx_status run(gx_command *command, gx_error *err) {
    const char *path = gx_arg_word(&command->args, "file");
    return path ? put_file(command, path, err) : gx_run_method(command, err);
}

const gx_verb gx_verb_actions = {
    .name = "actions",
    .group = "store",
    .summary = "what each action means: weight, half-life, polarity, wanted again",
    .method = "action.list",
    .params = params,
    .param_count = GX_COUNT(params),
    .list = "actions",
    .columns =
        "action,weight,half_life,polarity,repeat,purchase,share,scaled,centre,undoes,from,used",
    .run = run,
    .examples = "  guanxi actions shop.gx\n"
                "  guanxi actions shop.gx --no-all --format json\n"
                "  guanxi actions shop.gx --format csv -o actions.csv\n"
                "  guanxi actions shop.gx --file actions.csv\n",
};
