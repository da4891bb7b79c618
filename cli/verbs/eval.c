/* guanxi eval: models judged by a split of a store, or by a train and a test file. Two files are
 * imported into a throwaway store under two actions, and judged by the same method. */
#include "api/build/build.h"
#include "cli/eval_show.h"
#include "cli/files.h"

#include <stdlib.h>

static const gx_param params[] = {
    {"target", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, GX_PARAM_POSITIONAL,
     "a store or server to split, where no files are given"},
    {"model", GX_PARAM_LIST, NULL, 1, 64, NULL, NULL, 0,
     "which models, separated by commas (" GX_INTEREST_MODEL
     ", where no lists are given); NAME=MODEL to have one "
     "twice with other --params; with a split by time also what `recommend` would have shown: "
     "blend, configured, friends, circle, leader, interest"},
    {"lists", GX_PARAM_LIST, NULL, 1, 64, NULL, NULL, 0,
     "FILE or NAME=FILE: judge lists made elsewhere; columns user_id, item_id, rank or score"},
    {"train", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "file to learn from, with --test"},
    {"test", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0, "file to be judged by"},
    {"ties", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "file of ties among the members"},
    {"split", GX_PARAM_TEXT, "time:0.8", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "of a store: time:SHARE, random:SHARE, leave-one-out, member:SHARE, cold-items:SHARE or "
     "actions:FIT/TEST"},
    {"cutoff", GX_PARAM_LIST, "20", 1, 8, "items", NULL, 0,
     "length of the list that is judged, or several: 5,10,20; with --off-policy: places of a "
     "request that would be shown (as many as it showed; more than that changes nothing)"},
    {"history", GX_PARAM_LIST, "0,1,5,10,20,50,100", 1, 16, "items", NULL, 0,
     "also by length of the member's history: where each bucket begins"},
    {"seen", GX_PARAM_CHOICE, "all", GX_PARAM_UNCHECKED, NULL, "bought|all|none", 0,
     "of what `recommend` would have shown: leave out all the member touched (all), as every model "
     "does, or as `recommend` by itself what they bought (bought)"},
    {"resamples", GX_PARAM_INT, "1000", 0, 1e5, NULL, NULL, 0,
     "of the intervals and tests; 0: none of them"},
    {"level", GX_PARAM_REAL, "0.95", 0.5, 0.9999, NULL, NULL, 0, "of the intervals and the tests"},
    {"show", GX_PARAM_CHOICE, NULL, GX_PARAM_UNCHECKED, NULL,
     "models|history|pairs|thirds|chances|calibration|scores|differences|measures", 0,
     "of csv, jsonl and md, which have one list: a row a model (models, unless another is named), "
     "a "
     "bucket, a test or a third; with --influence a row for each way to tell chances (chances), or "
     "how told and come agree (calibration); with --leaders the scores (scores), or by what the "
     "leader score is better (differences); with --spreading a row a measure (measures)"},
    {"off_policy", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "tell instead what models would have earned, from impressions logged with propensities"},
    {"action", GX_PARAM_LIST, NULL, 1, 64, NULL, NULL, 0,
     "with --off-policy: what is a reward (every action whose weight is above 0)"},
    {"window", GX_PARAM_DURATION, NULL, 1, 3.2e12, NULL, NULL, 0,
     "with --off-policy: how long after it was shown an action is a reward (1d); with --influence: "
     "how soon an act comes after (14d); with --leaders: "
     "how "
     "soon after the member a follower's act counts (30d)"},
    {"since", GX_PARAM_TIME, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "with --off-policy: only impressions from then on; models are fitted on what was before"},
    {"until", GX_PARAM_TIME, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "with --off-policy: only impressions before this time"},
    {"arm", GX_PARAM_LIST, NULL, 1, 64, NULL, NULL, 0,
     "with --off-policy: only impressions of these arms, written as in the log: ARM as a call's "
     "--arm said, EXPERIMENT:ARM of pushes with --experiment"},
    {"match", GX_PARAM_CHOICE, NULL, GX_PARAM_UNCHECKED, NULL, "item|place", 0,
     "with --off-policy: a propensity is of the item being in its place (place, by default, as "
     "--log of recommend writes it), or anywhere in the list (item, of logs made elsewhere)"},
    {"clip", GX_PARAM_REAL, NULL, 0, 1e9, NULL, NULL, 0,
     "with --off-policy: no weight above this (0: none is clipped)"},
    {"prior", GX_PARAM_REAL, NULL, 0, 1e9, "places", NULL, 0,
     "with --off-policy: places at the mean reward an item begins with in the reward model (10)"},
    {"trend", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "tell instead how alike members' lists are, from snapshot to snapshot"},
    {"snapshots", GX_PARAM_LIST, NULL, 1, 64, NULL, NULL, 0,
     "with --trend: numbers of snapshots (all there are)"},
    {"friends", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "judge friends to meet instead: hide ties of the target and look for them"},
    {"leaders", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "judge the leader score instead: of the first part of the events (--split time:SHARE), by who "
     "was followed in the later ones"},
    {"influence", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "judge learned chances of influence instead: of the first part of the events (--split "
     "time:SHARE), by who acted after whom in the later ones"},
    {"by", GX_PARAM_CHOICE, NULL, GX_PARAM_UNCHECKED, NULL, "auto|after|via", 0,
     "with --leaders: what counts later, acts of followers after the member's own, or events via "
     "the member (via where 100 do)"},
    {"hide", GX_PARAM_REAL, "0.1", 1e-6, 0.9, NULL, NULL, 0,
     "with --friends: share of the ties that are hidden"},
    {"everybody", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "with --friends: rank all members, not only those who agreed to be named and may be shown"},
    {"members", GX_PARAM_INT, NULL, 1, 1e8, "members", NULL, 0,
     "judge so many of the members with something to find, drawn (all; 2000 with --friends)"},
    {"spreading", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "judge measures of members instead: who spreads, by simulated epidemics from each member"},
    {"measures", GX_PARAM_LIST, NULL, 1, 64, NULL, NULL, 0,
     "with --spreading: which (degree, kcore, pagerank, hindex, local_gravity, neighbour_sum, "
     "percolation)"},
    {"times", GX_PARAM_REAL, NULL, 1e-6, 1e6, NULL, NULL, 0,
     "with --spreading: chance that a tie passes it on, in epidemic thresholds (1.5)"},
    {"rate", GX_PARAM_REAL, NULL, 0, 1, NULL, NULL, 0, "with --spreading: that chance itself"},
    {"recovery", GX_PARAM_REAL, NULL, 1e-3, 1, NULL, NULL, 0,
     "with --spreading: chance to recover after each step (1)"},
    {"runs", GX_PARAM_INT, NULL, 1, 1e7, NULL, NULL, 0,
     "with --spreading: epidemics from each member, in each of two truths (10000)"},
    {"outbreaks", GX_PARAM_BOOL, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "with --spreading: play every epidemic through, also where draws of ties tell all at once"},
    {"direction", GX_PARAM_CHOICE, NULL, GX_PARAM_UNCHECKED, NULL, "all|in|out", 0,
     "with --spreading: both ways (all), to followers (in) or to those followed (out)"},
    {"samples", GX_PARAM_INT, NULL, 1, 1e8, NULL, NULL, 0, "with --spreading: of percolation"},
    {"estimate", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "with --friends, --influence, --leaders or --spreading: only say what it would take"},
    {"params", GX_PARAM_MAP, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "MODEL.PARAMETER=VALUE or NAME.PARAMETER=VALUE, or a file as `guanxi tune -o` writes it; may "
     "be "
     "given several times"},
};

/* ---- what is shown -----------------------------------------------------------------------------
 */

enum {
    MODELS = 1,
    FRIENDS = 2,
    INFLUENCE = 4,
    LEADERS = 8,
    SPREADING = 16,
    OFF_POLICY = 32,
    TREND = 64
};

/* What --show may say of each, the one that is meant first, and where that is in the answer; those
 * of models are laid out by gx_eval_show. */
static const struct {
    const char *name;
    int of;
    const char *list, *columns;
} shows[] = {{"models", MODELS, NULL, NULL},
             {"history", MODELS, NULL, NULL},
             {"pairs", MODELS, NULL, NULL},
             {"thirds", MODELS, NULL, NULL},
             {"chances", INFLUENCE, "results",
              "chances,log_loss,log_loss_gap,log_loss_gap_low,log_loss_gap_high,brier,auc,auc_low,"
              "auc_high,anyway"},
             {"calibration", INFLUENCE, "calibration", NULL},
             {"scores", LEADERS, "scores", NULL},
             {"differences", LEADERS, "differences", NULL},
             {"measures", SPREADING, "results", NULL}};

/* The list that was asked for; in a table all that is told, unless it was. */
static gx_status print_shown(const gx_command *command, const gx_value *result, int what,
                             gx_error *err) {
    const bool asked = gx_map_get(&command->given, "show") != NULL;
    size_t k = 0;
    while (!(asked ? gx_arg_is(&command->args, "show", shows[k].name) : shows[k].of & what)) {
        k++;
    }
    const gx_value *rows = gx_map_get(result, shows[k].list);
    return asked && rows ? gx_print(command, rows, NULL, shows[k].columns, false, err)
                         : gx_print(command, result, shows[k].list, shows[k].columns, false, err);
}

/* "--show pairs was given with --influence; accepted is chances or calibration" */
static gx_status check_show(const gx_command *command, int what, const char *typed, gx_error *err) {
    const char *given = gx_given_text(command, "show");
    char list[80] = "";
    size_t at = 0;
    for (size_t k = 0; given && k < GX_COUNT(shows); k++) {
        if (strcmp(shows[k].name, given) == 0 && shows[k].of & what) {
            return gx_refuse_show(command, err);
        }
        if (shows[k].of & what && at < sizeof list) {
            at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", at ? " or " : "",
                                   shows[k].name);
        }
    }
    return given ? gx_fail_at(err, GX_BAD_REQUEST, "show",
                              "--show %s was given with %s; accepted is %s", given, typed, list)
                 : GX_OK;
}

/* What the rows of the test file become, whatever they did: nobody's training. */
static const char test_action[] = "test";

static gx_status read_files(gx_store *store, gx_command *command, gx_error *err) {
    const char *ties = gx_arg_word(&command->args, "ties");
    gx_status status = GX_OK;
    GX_TRY(gx_file_read(store, command, gx_arg_word(&command->args, "train"), "events",
                        GX_TRAIN_ACTION, false, err));
    GX_TRY(gx_file_read(store, command, gx_arg_word(&command->args, "test"), "events", test_action,
                        true, err));
    if (ties) {
        GX_TRY(gx_file_read(store, command, ties, "ties", NULL, false, err));
    }
done:
    return status;
}

/* ---- lists made elsewhere ---------------------------------------------------------------------
 */

/* "NAME=FILE", or the file under its own name without folder and ending. */
static gx_status read_lists_file(gx_value *lists, gx_command *command, const gx_value *given,
                                 gx_error *err) {
    gx_arena *arena = command->arena;
    const char *text = gx_arena_printf(arena, "%.*s", (int)given->size, given->as.text);
    gx_value map;
    if (!text) {
        return gx_fail_memory(err, given->size);
    }
    const char *equals = strchr(text, '='), *path = equals ? equals + 1 : text;
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    const size_t stem = strcspn(base, ".");
    const char *name =
        equals ? gx_arena_printf(arena, "%.*s", (int)(equals - text), text)
               : gx_arena_printf(arena, "%.*s", (int)(stem ? stem : strlen(base)), base);
    if (equals == text || !*path) {
        char shown[96];
        return gx_fail_at(err, GX_BAD_REQUEST, "lists",
                          "--lists: %s was given; accepted is FILE or NAME=FILE",
                          gx_quote(shown, sizeof shown, text, strlen(text)));
    }
    gx_status status = gx_import_lists(&map, path, arena, err);
    if (status == GX_OK && name && gx_map_get(lists, name)) {
        status = gx_fail_at(err, GX_BAD_REQUEST, "lists",
                            "--lists: two are called %s; accepted is NAME=FILE", name);
    }
    if (status == GX_OK) {
        gx_map_put(arena, lists, name ? name : "lists", map);
    }
    return status;
}

static gx_status read_lists(gx_value *out, gx_command *command, gx_error *err) {
    const gx_value *given = gx_arg_value(&command->args, "lists");
    gx_status status = GX_OK;
    *out = gx_nil();
    for (uint32_t i = 0; given->type == GX_LIST && i < given->size && status == GX_OK; i++) {
        if (i == 0) {
            *out = gx_map(command->arena, given->size);
        }
        status = read_lists_file(out, command, &given->as.items[i], err);
    }
    return status;
}

/* ---- the call ---------------------------------------------------------------------------------
 */

static gx_status call_eval(gx_value *out, gx_command *command, const char *split, gx_error *err) {
    static const char *const same[] = {"cutoff", "history", "members", "resamples",
                                       "level",  "params",  "seen"};
    gx_value lists, args = gx_map(command->arena, 8);
    gx_status status = read_lists(&lists, command, err);
    if (status != GX_OK) {
        return status;
    }
    gx_map_put(command->arena, &args, "models", *gx_arg_value(&command->args, "model"));
    gx_map_put(command->arena, &args, "split", gx_str(split));
    gx_map_put(command->arena, &args, "lists", lists);
    for (size_t i = 0; i < GX_COUNT(same); i++) {
        gx_map_put(command->arena, &args, same[i], *gx_arg_value(&command->args, same[i]));
    }
    return gx_ask(out, command, "eval.run", &args, err);
}

static gx_status ask_files(gx_value *out, gx_command *command, gx_error *err) {
    const char *split = gx_arena_printf(command->arena, "actions:*/%s", test_action);
    return call_eval(out, command, split ? split : "", err);
}

/* Figures of the score and of Adamic–Adar alone; a list of 10. */
static gx_status judge_friends(gx_command *command, gx_error *err) {
    gx_value result, args = gx_map(command->arena, 4);
    gx_map_put(command->arena, &args, "everybody", *gx_arg_value(&command->args, "everybody"));
    gx_map_put(command->arena, &args, "hide", *gx_arg_value(&command->args, "hide"));
    gx_map_put(command->arena, &args, "members", *gx_arg_value(&command->args, "members"));
    gx_map_put(command->arena, &args, "estimate", *gx_arg_value(&command->args, "estimate"));
    gx_status status = gx_ask(&result, command, "eval.friends", &args, err);
    return status == GX_OK ? gx_print(command, &result, NULL, NULL, false, err) : status;
}

/* "time:0.8" as the share that the method takes. */
static gx_status read_share(gx_value *args, const gx_command *command, const char *method,
                            gx_error *err) {
    const char *text = gx_given_text(command, "split");
    char *end = NULL;
    if (!text) {
        return GX_OK;
    }
    const double share = strncmp(text, "time:", 5) == 0 ? strtod(text + 5, &end) : 0;
    const gx_method *of = gx_method_find(method);
    const gx_param *param = gx_param_find(of->params, of->param_count, "share");
    if (!end || end == text + 5 || *end || !(share >= param->low && share <= param->high)) {
        char shown[64];
        return gx_fail_at(
            err, GX_BAD_REQUEST, "split",
            "--split: %s was given; accepted here is time:SHARE with a share of %g to "
            "%g",
            gx_quote(shown, sizeof shown, text, strlen(text)), param->low, param->high);
    }
    gx_map_put(command->arena, args, "share", gx_real(share));
    return GX_OK;
}

/* What was given of these; the method has its own defaults. */
static void put_given(gx_value *args, const gx_command *command, const char *const *names,
                      size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (gx_map_get(&command->given, names[i])) {
            gx_map_put(command->arena, args, names[i], *gx_arg_value(&command->args, names[i]));
        }
    }
}

/* The time of the split as people read it. */
static void tell_split(const gx_command *command, gx_value *result) {
    if (command->format != GX_FORMAT_JSON) {
        gx_row_time(command->arena, result, "split");
    }
}

/* A form without room for what is beside the list. */
static bool shows_one_list(const gx_command *command) {
    return command->format != GX_FORMAT_JSON &&
           (command->format != GX_FORMAT_TABLE || gx_map_get(&command->given, "show"));
}

static void say_leaders(const gx_command *command, const gx_value *result) {
    const gx_value *split = gx_map_get(result, "split"), *by = gx_map_get(result, "by");
    const gx_value *fitted = gx_map_get(result, "fitted");
    if (shows_one_list(command) && split && by && fitted) {
        gx_say(command,
               "split at %.*s, by %.*s; %.0f of %.0f members were heeded later; the weights of "
               "leaders are %s",
               (int)split->size, split->as.text, (int)by->size, by->as.text,
               gx_map_real(result, "heeded"), gx_map_real(result, "members"),
               fitted->as.boolean ? "fitted to what came before" : "those by default");
    }
}

static void say_influence(const gx_command *command, const gx_value *result) {
    const gx_value *split = gx_map_get(result, "split"), *trigger = gx_map_get(result, "trigger");
    if (shows_one_list(command) && split && trigger) {
        gx_say(command,
               "split at %.*s; %.0f trials of what others may follow (%.*s), of which %.0f acted",
               (int)split->size, split->as.text, gx_map_real(result, "trials"), (int)trigger->size,
               trigger->as.text, gx_map_real(result, "acted"));
    }
}

/* Figures of the score and of others, and what it is better by. */
static gx_status judge_leaders(gx_command *command, gx_error *err) {
    static const char *const same[] = {"by", "window", "resamples", "level"};
    gx_value result, args = gx_map(command->arena, 8);
    const gx_value *cutoff = gx_map_get(&command->given, "cutoff");
    gx_status status = GX_OK;
    GX_TRY(read_share(&args, command, "eval.leaders", err));
    put_given(&args, command, same, GX_COUNT(same));
    gx_map_put(command->arena, &args, "estimate", *gx_arg_value(&command->args, "estimate"));
    if (cutoff) {
        const gx_value *lengths = gx_arg_value(&command->args, "cutoff");
        if (lengths->size != 1) {
            GX_TRY(gx_fail_at(err, GX_BAD_REQUEST, "cutoff",
                              "--cutoff takes one length with --leaders"));
        }
        gx_map_put(command->arena, &args, "k", lengths->as.items[0]);
    }
    GX_TRY(gx_ask(&result, command, "eval.leaders", &args, err));
    tell_split(command, &result);
    say_leaders(command, &result);
    GX_TRY(print_shown(command, &result, LEADERS, err));
done:
    return status;
}

/* What a truth of as many runs reaches. */
static void say_spreading(const gx_command *command, const gx_value *result) {
    if (shows_one_list(command) && gx_map_get(result, "results")) {
        gx_say(command,
               "a tie passes it on with chance %.4g, epidemics reach %.1f members on average, and "
               "the ceiling, tau-b of one truth with the other, is %.4f",
               gx_map_real(result, "rate"), gx_map_real(result, "reached"),
               gx_map_real(result, "ceiling"));
    }
}

/* A row a measure. */
static const char *const of_spreading[] = {"measures", "times",     "rate",      "recovery",
                                           "runs",     "outbreaks", "direction", "samples"};

static gx_status judge_spreading(gx_command *command, gx_error *err) {
    gx_value result, args = gx_map(command->arena, 16);
    put_given(&args, command, of_spreading, GX_COUNT(of_spreading));
    gx_map_put(command->arena, &args, "estimate", *gx_arg_value(&command->args, "estimate"));
    gx_status status = gx_ask(&result, command, "eval.spreading", &args, err);
    if (status == GX_OK) {
        say_spreading(command, &result);
    }
    return status == GX_OK ? print_shown(command, &result, SPREADING, err) : status;
}

/* Each method's figures; how told and come agree in `calibration`. */
static gx_status judge_influence(gx_command *command, gx_error *err) {
    static const char *const same[] = {"window", "resamples", "level"};
    gx_value result, args = gx_map(command->arena, 4);
    gx_status status = GX_OK;
    GX_TRY(read_share(&args, command, "eval.influence", err));
    put_given(&args, command, same, GX_COUNT(same));
    gx_map_put(command->arena, &args, "estimate", *gx_arg_value(&command->args, "estimate"));
    GX_TRY(gx_ask(&result, command, "eval.influence", &args, err));
    tell_split(command, &result);
    say_influence(command, &result);
    GX_TRY(print_shown(command, &result, INFLUENCE, err));
done:
    return status;
}

/* ---- off-policy -------------------------------------------------------------------------------
 */

static const char *const of_policy[] = {"action", "window", "since", "until",
                                        "arm",    "match",  "clip",  "prior"};

/* One length, where one is given. */
static gx_status put_cutoff(gx_value *args, const gx_command *command, gx_error *err) {
    const gx_value *cutoff = gx_map_get(&command->given, "cutoff");
    if (cutoff && cutoff->size != 1) {
        return gx_fail_at(err, GX_BAD_REQUEST, "cutoff",
                          "--cutoff takes one length with --off-policy or --trend");
    }
    if (cutoff) {
        gx_map_put(command->arena, args, "cutoff", cutoff->as.items[0]);
    }
    return GX_OK;
}

static gx_status judge_policy(gx_command *command, gx_error *err) {
    static const char *const same[] = {"resamples", "level", "params"};
    gx_arena *arena = command->arena;
    gx_value result, lists, args = gx_map(arena, 16);
    gx_status status = GX_OK;
    GX_TRY(read_lists(&lists, command, err));
    gx_map_put(arena, &args, "models", *gx_arg_value(&command->args, "model"));
    gx_map_put(arena, &args, "lists", lists);
    for (size_t i = 0; i < GX_COUNT(same); i++) {
        gx_map_put(arena, &args, same[i], *gx_arg_value(&command->args, same[i]));
    }
    put_given(&args, command, of_policy, GX_COUNT(of_policy));
    GX_TRY(put_cutoff(&args, command, err));
    GX_TRY(gx_ask(&result, command, "eval.offpolicy", &args, err));
    GX_TRY(gx_policy_show(command, &result, err));
done:
    return status;
}

static gx_status judge_trend(gx_command *command, gx_error *err) {
    gx_value result, args = gx_map(command->arena, 4);
    const gx_value *snapshots = gx_map_get(&command->given, "snapshots");
    gx_status status = GX_OK;
    gx_map_put(command->arena, &args, "models", *gx_arg_value(&command->args, "model"));
    if (snapshots) {
        gx_map_put(command->arena, &args, "snapshots", *snapshots);
    }
    GX_TRY(put_cutoff(&args, command, err));
    GX_TRY(gx_ask(&result, command, "eval.trend", &args, err));
    const gx_value *without = gx_map_get(&result, "without");
    for (uint32_t i = 0; i < without->size; i++) {
        const gx_value *row = &without->as.items[i], *model = gx_map_get(row, "model");
        fprintf(stderr, "snapshot %lld was built without %.*s\n",
                (long long)gx_map_get(row, "snapshot")->as.integer, (int)model->size,
                model->as.text);
    }
    GX_TRY(gx_print(command, &result, "trend", NULL, false, err));
done:
    return status;
}

/* Pairs are of two. */
static gx_status check_pairs(const gx_command *command, gx_error *err) {
    const gx_value *models = gx_arg_value(&command->args, "model"),
                   *lists = gx_arg_value(&command->args, "lists");
    const uint32_t count =
        (models->type == GX_LIST ? models->size : 0) + (lists->type == GX_LIST ? lists->size : 0);
    if (!gx_arg_is(&command->args, "show", "pairs")) {
        return GX_OK;
    }
    if (count < 2) {
        return gx_fail_at(err, GX_BAD_REQUEST, "show",
                          "--show pairs compares models with each other, and one was given; "
                          "accepted is --model A,B, or --model A and --lists FILE");
    }
    if (gx_arg_int(&command->args, "resamples") == 0) {
        return gx_fail_at(err, GX_BAD_REQUEST, "show",
                          "--show pairs tells tests, and --resamples 0 makes none");
    }
    return GX_OK;
}

static gx_status judge_models(gx_command *command, gx_error *err) {
    bool train = gx_arg_has(&command->args, "train"), test = gx_arg_has(&command->args, "test");
    bool files = train || test;
    gx_value result;
    gx_status status;
    if (files && (!train || !test || command->target)) {
        return gx_fail(err, GX_BAD_REQUEST,
                       "accepted is either a store, or --train FILE and --test FILE");
    }
    if (!files && !command->target) {
        return gx_fail(err, GX_BAD_REQUEST,
                       "eval needs a store to split, or --train FILE and --test FILE");
    }
    if (!files && gx_arg_has(&command->args, "ties")) {
        return gx_fail_at(err, GX_BAD_REQUEST, "ties",
                          "--ties goes with --train FILE and --test FILE; a store has its own");
    }
    if (gx_arg_bool(&command->common, "undirected") && files &&
        !gx_arg_has(&command->args, "ties")) {
        return gx_fail_at(err, GX_BAD_REQUEST, "undirected",
                          "--undirected is of ties; --ties FILE was not given");
    }
    status = check_pairs(command, err);
    if (status != GX_OK) {
        return status;
    }
    if (files && gx_map_get(&command->given, "split")) {
        return gx_fail_at(err, GX_BAD_REQUEST, "split",
                          "--split is of a store; --train and --test are a split themselves");
    }
    status = files ? gx_with_files(&result, command, read_files, ask_files, err)
                   : call_eval(&result, command, gx_arg_word(&command->args, "split"), err);
    return status == GX_OK ? gx_eval_show(command, &result, err) : status;
}

/* ---- what is judged ----------------------------------------------------------------------------
 */

static const struct {
    const char *flag; /* NULL: of the verb without one */
    const char *typed;
    int what;
    gx_status (*judge)(gx_command *command, gx_error *err);
} ways[] = {{NULL, "models", MODELS, judge_models},
            {"friends", "--friends", FRIENDS, judge_friends},
            {"influence", "--influence", INFLUENCE, judge_influence},
            {"leaders", "--leaders", LEADERS, judge_leaders},
            {"spreading", "--spreading", SPREADING, judge_spreading},
            {"off_policy", "--off-policy", OFF_POLICY, judge_policy},
            {"trend", "--trend", TREND, judge_trend}};

/* Of what each flag says something; those that are not here, of everything. */
static const struct {
    const char *flag;
    int of;
} of_ways[] = {{"model", MODELS | OFF_POLICY | TREND},
               {"lists", MODELS | OFF_POLICY},
               {"params", MODELS | OFF_POLICY},
               {"train", MODELS},
               {"test", MODELS},
               {"ties", MODELS},
               {"split", MODELS | LEADERS | INFLUENCE},
               {"cutoff", MODELS | LEADERS | OFF_POLICY | TREND},
               {"history", MODELS},
               {"show", MODELS | INFLUENCE | LEADERS | SPREADING},
               {"resamples", MODELS | LEADERS | INFLUENCE | OFF_POLICY},
               {"level", MODELS | LEADERS | INFLUENCE | OFF_POLICY},
               {"members", MODELS | FRIENDS},
               {"action", OFF_POLICY},
               {"window", OFF_POLICY | INFLUENCE | LEADERS},
               {"since", OFF_POLICY},
               {"until", OFF_POLICY},
               {"arm", OFF_POLICY},
               {"match", OFF_POLICY},
               {"clip", OFF_POLICY},
               {"prior", OFF_POLICY},
               {"snapshots", TREND},
               {"hide", FRIENDS},
               {"everybody", FRIENDS},
               {"by", LEADERS},
               {"measures", SPREADING},
               {"times", SPREADING},
               {"rate", SPREADING},
               {"recovery", SPREADING},
               {"runs", SPREADING},
               {"outbreaks", SPREADING},
               {"direction", SPREADING},
               {"samples", SPREADING},
               {"estimate", FRIENDS | INFLUENCE | LEADERS | SPREADING}};

/* "--hide was given with --leaders; it goes with --friends" */
static gx_status refuse(size_t flag, size_t way, gx_error *err) {
    char name[64], with[160] = "";
    size_t at = 0;
    gx_flag_name(name, sizeof name, of_ways[flag].flag);
    for (size_t w = 0; w < GX_COUNT(ways); w++) {
        if (ways[w].what & of_ways[flag].of && at < sizeof with) {
            at += (size_t)snprintf(with + at, sizeof with - at, "%s%s", at ? " or " : "",
                                   ways[w].typed);
        }
    }
    if (strcmp(of_ways[flag].flag, "estimate") == 0) {
        return gx_fail_at(err, GX_BAD_REQUEST, "estimate",
                          "--estimate goes with %s; how long models take is told by `guanxi build "
                          "--estimate`",
                          with);
    }
    if (way == 0) {
        return gx_fail_at(err, GX_BAD_REQUEST, of_ways[flag].flag, "--%s goes with %s", name, with);
    }
    return gx_fail_at(err, GX_BAD_REQUEST, of_ways[flag].flag,
                      "--%s was given with %s; it goes with %s", name, ways[way].typed, with);
}

static gx_status run(gx_command *command, gx_error *err) {
    size_t way = 0;
    for (size_t w = 1; w < GX_COUNT(ways); w++) {
        if (gx_arg_bool(&command->args, ways[w].flag)) {
            if (way) {
                return gx_fail_at(err, GX_BAD_REQUEST, ways[w].flag,
                                  "%s and %s were given; accepted is one of them", ways[way].typed,
                                  ways[w].typed);
            }
            way = w;
        }
    }
    for (size_t i = 0; i < GX_COUNT(of_ways); i++) {
        if (gx_map_get(&command->given, of_ways[i].flag) && !(of_ways[i].of & ways[way].what)) {
            return refuse(i, way, err);
        }
    }
    if (way && !command->target) {
        return gx_fail(err, GX_BAD_REQUEST, "eval %s needs a store%s", ways[way].typed,
                       ways[way].what & (FRIENDS | SPREADING) ? ", a server or a file of ties"
                                                              : " or a server");
    }
    const gx_status status = check_show(command, ways[way].what, ways[way].typed, err);
    return status == GX_OK ? ways[way].judge(command, err) : status;
}

static gx_status prepare(gx_command *command, gx_error *err) {
    (void)err;
    const gx_value *target = gx_map_get(&command->given, "target");
    if (target && target->type == GX_TEXT) {
        command->target = target->as.text;
    }
    return GX_OK;
}

const gx_verb gx_verb_eval = {
    .name = "eval",
    .group = "quality",
    .summary = "how well models, or lists made elsewhere, rank what members did later",
    .params = params,
    .param_count = GX_COUNT(params),
    .flags = GX_VERB_NO_TARGET,
    .run = run,
    .prepare = prepare,
    .examples =
        "  guanxi eval shop.gx --model linear,ials,popular --cutoff 5,10,20\n"
        "  guanxi eval shop.gx --model linear,usual=linear --params linear.target_exponent=0.5\n"
        "  guanxi eval shop.gx --model blend,interest --show pairs --format md\n"
        "  guanxi eval shop.gx --split leave-one-out --model linear --format json\n"
        "  guanxi eval shop.gx --lists theirs.csv --model linear --show pairs --format csv\n"
        "  guanxi eval shop.gx --off-policy --model linear,popular --action buy --window 7d\n"
        "  guanxi eval shop.gx --off-policy --arm lists:control --lists new=theirs.csv\n"
        "  guanxi eval shop.gx --trend --model popular\n"
        "  guanxi eval shop.gx --friends\n"
        "  guanxi eval shop.gx --leaders --split time:0.7\n"
        "  guanxi eval edges.txt --preset snap --undirected --spreading --runs 2000\n"
        "  guanxi eval shop.gx --influence --split time:0.7\n"
        "  guanxi eval shop.gx --influence --show calibration --format csv\n"
        "  guanxi eval --preset lightgcn --train train.txt.gz --test test.txt.gz --model linear\n",
};
