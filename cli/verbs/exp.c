/* guanxi exp: experiments of a store: define one, tell who is in which arm, report. */
#include "cli/format.h"

/* clang-format off */
static const gx_param params[] = {
    {"what", GX_PARAM_CHOICE, "list", GX_PARAM_UNCHECKED, NULL, "list|define|assign|report|remove",
     GX_PARAM_POSITIONAL, "list, define NAME, assign NAME [USER…], report NAME or remove NAME"},
    {"name", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, GX_PARAM_POSITIONAL,
     "the experiment"},
    {"users", GX_PARAM_LIST, NULL, 1, 100000, NULL, NULL, GX_PARAM_POSITIONAL,
     "assign: whom; everybody where none is given"},
    {"arms", GX_PARAM_LIST, NULL, 1, 16, NULL, NULL, 0,
     "define: NAME or NAME:WEIGHT, the control first (control,treatment)"},
    {"holdout", GX_PARAM_REAL, NULL, 0, 0.9, NULL, NULL, 0,
     "define: share of the members kept out of every arm (0)"},
    {"salt", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "define: of the hash; experiments of one salt put members alike (the name)"},
    {"start", GX_PARAM_TIME, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0, "define: from when (now)"},
    {"end", GX_PARAM_TIME, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0, "define: until when (open)"},
    {"note", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0, "define: what it is about"},
    {"replace", GX_PARAM_BOOL, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "define: change the arms, holdout or salt of one that is there: members move between arms"},
    {"action", GX_PARAM_LIST, NULL, 1, 64, NULL, NULL, 0,
     "define, report: what counts (purchases)"},
    {"since", GX_PARAM_TIME, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "report: from when (its start)"},
    {"until", GX_PARAM_TIME, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "report: until when (its end)"},
    {"among", GX_PARAM_CHOICE, NULL, GX_PARAM_UNCHECKED, NULL, "auto|all|exposed", 0,
     "report: all members, or those shown something of an arm (auto: these where there are any)"},
    {"level", GX_PARAM_REAL, NULL, 0.5, 0.9999, NULL, NULL, 0,
     "report: of the intervals and the tests (0.95)"},
    {"show", GX_PARAM_CHOICE, "arms", GX_PARAM_UNCHECKED, NULL, "arms|tests", 0,
     "report, in csv, jsonl and md, which have one list: a row an arm or a test"},
};
/* clang-format on */

typedef struct what {
    const char *name, *method, *list;
    const char *flags; /* of those above, "|a|b|" */
    bool named;        /* needs the experiment's name */
} what;

static const what whats[] = {
    {"list", "exp.report", "experiments", "||", false},
    {"define", "exp.define", NULL, "|arms|holdout|salt|start|end|note|replace|action|", true},
    {"assign", "exp.assign", "assignments", "|users|", true},
    {"report", "exp.report", "arms", "|action|since|until|among|level|show|", true},
    {"remove", "exp.define", NULL, "||", true},
};

static bool takes(const what *w, const char *flag) {
    const size_t size = strlen(flag);
    for (const char *at = strstr(w->flags, flag); at; at = strstr(at + 1, flag)) {
        if (at[-1] == '|' && at[size] == '|') {
            return true;
        }
    }
    return false;
}

/* What is given beyond the words `what` and `name` has to be of it. */
static gx_status take_args(gx_value *out, const gx_command *command, const what *w, gx_error *err) {
    gx_value args = gx_map(command->arena, 8);
    for (uint32_t i = 0; i < command->given.size; i++) {
        const gx_pair *pair = &command->given.as.pairs[i];
        const char *name = pair->key.as.text; /* a parameter's own name */
        if (strcmp(name, "what") == 0 || (strcmp(name, "show") == 0 && takes(w, name))) {
            continue;
        }
        if (strcmp(name, "name") == 0 ? !w->named : !takes(w, name)) {
            return gx_fail_at(err, GX_BAD_REQUEST, name,
                              "exp %s takes no %s; see `guanxi help exp`", w->name, name);
        }
        gx_map_put(command->arena, &args, name, pair->value);
    }
    if (w->named && !gx_map_get(&args, "name")) {
        return gx_fail_at(err, GX_BAD_REQUEST, "name", "exp %s needs the experiment's name",
                          w->name);
    }
    if (strcmp(w->name, "remove") == 0) {
        gx_map_put(command->arena, &args, "remove", gx_bool(true));
    }
    *out = args;
    return GX_OK;
}

static gx_value verdict_rows(gx_arena *arena, const gx_value *result) {
    const gx_value *verdicts = gx_map_get(result, "verdicts");
    gx_value rows = gx_list(arena, 4);
    for (uint32_t i = 0; verdicts && verdicts->type == GX_LIST && i < verdicts->size; i++) {
        gx_value row = gx_map(arena, 1);
        gx_map_put(arena, &row, "verdict", verdicts->as.items[i]);
        gx_list_add(arena, &rows, row);
    }
    return rows;
}

/* Times for people; JSON and its lines have them as they are kept, in milliseconds. */
static void tell_times(gx_arena *arena, gx_value *experiment) {
    static const char *const times[] = {"start", "end", "created"};
    for (size_t i = 0; i < GX_COUNT(times); i++) {
        gx_row_time(arena, experiment, times[i]);
    }
}

static void tell_all_times(gx_arena *arena, gx_value *result) {
    const gx_value *all = gx_map_get(result, "experiments");
    gx_value list = gx_list(arena, 4);
    for (uint32_t i = 0; all && i < all->size; i++) {
        gx_value one = all->as.items[i];
        tell_times(arena, &one);
        gx_list_add(arena, &list, one);
    }
    if (all) {
        gx_map_put(arena, result, "experiments", list);
    }
    tell_times(arena, result); /* of exp.define */
}

static gx_status print(const gx_command *command, const what *w, gx_value *result, gx_error *err) {
    const char *list = w->list;
    if (strcmp(w->name, "report") == 0 && gx_arg_is(&command->args, "show", "tests")) {
        list = "tests";
    }
    if (gx_form_of(command->format)->flat) {
        tell_all_times(command->arena, result);
    }
    if (command->format == GX_FORMAT_TABLE && gx_map_get(result, "verdicts")) {
        gx_map_put(command->arena, result, "verdicts", verdict_rows(command->arena, result));
        list = NULL; /* every table has its name */
    }
    return gx_print(command, result, list, NULL, false, err);
}

static gx_status run(gx_command *command, gx_error *err) {
    gx_value result, args;
    gx_status status;
    const what *w = whats;
    while (!gx_arg_is(&command->args, "what", w->name)) {
        w++;
    }
    GX_TRY(take_args(&args, command, w, err));
    if (strcmp(w->method, "exp.define") == 0) { /* the others leave the writer's lock alone */
        gx_map_put(command->arena, &command->given, "write", gx_bool(true));
    }
    GX_TRY(gx_ask(&result, command, w->method, &args, err));
    gx_say_list(command, &result);
    GX_TRY(print(command, w, &result, err));
done:
    return status;
}

/* `guanxi exp define shop.gx …` is read as `guanxi exp shop.gx define …`. */
static gx_status prepare(gx_command *command, gx_error *err) {
    const char *first = gx_given_text(command, "what");
    (void)err;
    for (size_t i = 0; command->target && first && i < GX_COUNT(whats); i++) {
        if (strcmp(command->target, whats[i].name) == 0) {
            gx_map_put(command->arena, &command->given, "what", gx_str(whats[i].name));
            command->target = first;
            break;
        }
    }
    return GX_OK;
}

const gx_verb gx_verb_exp = {
    .name = "exp",
    .group = "quality",
    .summary = "experiments: define arms, tell who is in which, report with intervals and tests",
    .params = params,
    .param_count = GX_COUNT(params),
    .run = run,
    .prepare = prepare,
    .examples = "  guanxi exp shop.gx define lists --arms control,linear:2 --holdout 0.05\n"
                "  guanxi exp shop.gx assign lists u1204 u7 --format json\n"
                "  guanxi exp shop.gx report lists --action buy\n",
};
