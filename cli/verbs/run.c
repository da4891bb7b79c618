/* guanxi run: any pass or model fit; alone, the list of them. */
#include "cli/verb.h"

#include "api/build/estimate.h"

#include <unistd.h>

static const gx_param params[] = {
    {"list", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "list the passes there are"},
};

/* Without a target: what this program has. */
static gx_value own_passes(gx_arena *arena) {
    gx_value list = gx_list(arena, 64), result = gx_map(arena, 1);
    const gx_pass *pass;
    for (size_t i = 0; (pass = gx_any_pass_at(i)) != NULL; i++) {
        gx_value row = gx_map(arena, 4);
        gx_map_put(arena, &row, "name", gx_str(pass->name));
        gx_map_put(arena, &row, "kind", gx_str(gx_kind_name(pass->kind)));
        gx_map_put(arena, &row, "summary", gx_str(pass->summary));
        gx_map_put(arena, &row, "source", gx_str(pass->paper ? pass->paper : ""));
        gx_list_add(arena, &list, row);
    }
    gx_map_put(arena, &result, "passes", list);
    return result;
}

/* Without a pass: what there is. */
static gx_status list_passes(gx_command *command, gx_error *err) {
    gx_value result = own_passes(command->arena);
    gx_status status =
        command->target ? gx_ask(&result, command, "graph.passes", NULL, err) : GX_OK;
    return status == GX_OK
               ? gx_print(command, &result, "passes", "name,kind,summary,source", false, err)
               : status;
}

static const char *list_of(const gx_value *result) {
    static const char *const lists[] = {"steps", "members", "entries", "arrays"};
    for (size_t i = 0; i < GX_COUNT(lists); i++) {
        if (gx_map_get(result, lists[i])) {
            return lists[i];
        }
    }
    return NULL;
}

/* Of a graph that is not there nothing is computed, nor read. */
static gx_status refuse_results(const gx_command *command, gx_error *err) {
    static const char *const taken[] = {"ties", "members", "users", "pass", "params", "estimate"};
    const gx_slice pass = gx_arg_text(&command->args, "pass");
    for (uint32_t i = 0; i < command->given.size; i++) {
        const char *name = command->given.as.pairs[i].key.as.text;
        bool known = false;
        for (size_t k = 0; k < GX_COUNT(taken); k++) {
            known = known || strcmp(name, taken[k]) == 0;
        }
        if (!known) {
            char flag[64];
            gx_flag_name(flag, sizeof flag, name);
            return gx_fail_at(err, GX_BAD_REQUEST, name,
                              "--%s goes without --ties, which is of a graph that is not there",
                              flag);
        }
    }
    if (gx_arg_has(&command->common, "preset")) {
        return gx_fail_at(err, GX_BAD_REQUEST, "preset",
                          "--preset goes without --ties: no data file is read");
    }
    return command->target && !gx_slice_is(pass, command->target)
               ? gx_fail_at(err, GX_BAD_REQUEST, "ties",
                            "%s was given, and --ties, which is of a graph that is not there; "
                            "accepted is one of them",
                            command->target)
               : GX_OK;
}

/* Of a graph that is not there: no target is asked. */
static gx_status estimate(gx_command *command, gx_error *err) {
    gx_value result;
    gx_slice name = gx_arg_text(&command->args, "pass");
    const char *text = gx_arena_printf(command->arena, "%.*s", (int)name.size, name.data);
    const gx_pass *pass = text ? gx_any_pass_find(text) : NULL;
    if (!pass) {
        return gx_any_pass_missing(name, GX_KIND_COUNT, err);
    }
    const char *members = gx_arg_has(&command->args, "members") ? "members" : "users";
    if (!gx_arg_has(&command->args, members)) {
        return gx_fail(
            err, GX_BAD_REQUEST,
            "--ties %lld was given without members; accepted is `guanxi run %s --members "
            "N --ties N`",
            (long long)gx_arg_int(&command->args, "ties"), pass->name);
    }
    const gx_value *given = gx_arg_value(&command->args, "params");
    const gx_graph_size size = {.members = (uint32_t)gx_arg_int(&command->args, members),
                                .ties = (uint64_t)gx_arg_int(&command->args, "ties"),
                                .both_ways = gx_arg_bool(&command->common, "undirected")};
    gx_status status = gx_estimate_graph(&result, pass, given->type == GX_MAP ? given : NULL, &size,
                                         command->job.threads, command->arena, err);
    return status == GX_OK ? gx_print(command, &result, "steps", NULL, false, err) : status;
}

/* `--members 5 --estimate` may have meant a number of members, not the member 5. */
static void hint_at_ties(const gx_command *command, gx_error *err) {
    const gx_value *members = gx_map_get(&command->pass_flags, "members");
    int64_t number;
    size_t used = err ? strlen(err->message) : 0;
    if (err && members && gx_map_get(&command->given, "estimate") &&
        gx_parse_int((gx_slice){members->as.text, members->size}, &number)) {
        snprintf(err->message + used, sizeof err->message - used,
                 "; with a store --members lists members of it, by id; of a graph that is not "
                 "there accepted is `guanxi run %s --members N --ties N`",
                 gx_given_text(command, "pass"));
    }
}

static gx_status run(gx_command *command, gx_error *err) {
    gx_value result;
    if (gx_arg_has(&command->args, "ties")) {
        const gx_status status = refuse_results(command, err);
        return status == GX_OK ? estimate(command, err) : status;
    }
    if (command->target && gx_any_pass_find(command->target) &&
        access(command->target, F_OK) != 0) {
        const char *count = gx_map_get(&command->pass_flags, "members") ? "members"
                            : gx_arg_has(&command->args, "users")       ? "users"
                                                                        : NULL;
        if (count) {
            return gx_fail_at(err, GX_BAD_REQUEST, "ties",
                              "--ties is missing: --%s was given without it; of a graph that is "
                              "not there accepted is `guanxi run %s --%s N --ties N`",
                              count, command->target, count);
        }
        return gx_fail(err, GX_BAD_REQUEST,
                       "run needs a target before the pass: `guanxi run TARGET %s`, or `guanxi run "
                       "%s --members N --ties N` of a graph that is not there",
                       command->target, command->target);
    }
    if (gx_arg_bool(&command->args, "list") && gx_arg_text(&command->args, "pass").size) {
        return gx_fail_at(err, GX_BAD_REQUEST, "list",
                          "--list tells which passes there are, and %s was given too; accepted is "
                          "one of them",
                          gx_arg_word(&command->args, "pass"));
    }
    if (!command->target || gx_arg_bool(&command->args, "list")) {
        return list_passes(command, err);
    }
    gx_value args = gx_method_args(command, gx_method_find(command->verb->method));
    gx_status status = gx_ask(&result, command, command->verb->method, &args, err);
    if (status == GX_NOT_FOUND) {
        hint_at_ties(command, err);
    }
    return status == GX_OK ? gx_print(command, &result, list_of(&result), NULL, false, err)
                           : status;
}

/* The passes are listed where nothing is said of one; what is said of one needs its name. */
static gx_status need_pass(gx_command *command, gx_error *err) {
    const gx_value *maps[] = {&command->pass_flags, &command->given};
    for (size_t m = 0; m < GX_COUNT(maps); m++) {
        for (uint32_t i = 0; i < maps[m]->size; i++) {
            const gx_value *key = &maps[m]->as.pairs[i].key;
            char flag[64], name[64];
            snprintf(name, sizeof name, "%.*s", (int)key->size, key->as.text);
            gx_flag_name(flag, sizeof flag, name);
            if (strcmp(name, "list") != 0) {
                return gx_fail(err, GX_BAD_REQUEST,
                               "--%s was given without a pass; accepted is `guanxi run TARGET "
                               "PASS`, or `guanxi run PASS --members N --ties N` of a graph that "
                               "is not there; `guanxi run` lists the passes",
                               flag);
            }
        }
    }
    return GX_OK;
}

/* `--members` is of the graph that is not there (with --ties), else the pass's own flag of that
 * name: then it lists members. */
static gx_status place_members(gx_command *command, gx_error *err) {
    gx_arena *arena = command->arena;
    const gx_value *members = gx_map_get(&command->given, "members");
    gx_value rest = gx_map(arena, 8);
    if (!members || gx_map_get(&command->given, "ties")) {
        return GX_OK;
    }
    const gx_pass *pass = gx_command_pass(command);
    bool own = false;
    for (size_t i = 0; pass && i < pass->param_count; i++) {
        own = own || strcmp(pass->params[i].name, "members") == 0;
    }
    if (pass && !own) {
        return gx_fail_at(err, GX_BAD_REQUEST, "members",
                          "--members was given without --ties, and the pass %s has no such "
                          "parameter; of a graph that is not there accepted is `guanxi run %s "
                          "--members N --ties N`",
                          pass->name, pass->name);
    }
    gx_map_put(arena, &command->pass_flags, "members", *members);
    for (uint32_t i = 0; i < command->given.size; i++) {
        const gx_pair *pair = &command->given.as.pairs[i];
        if (&pair->value != members) {
            gx_map_put_text(arena, &rest, pair->key, pair->value);
        }
    }
    command->given = rest;
    return GX_OK;
}

/* `--members N --ties M`: of a graph that is not there, so the first word may be the pass. */
static gx_status prepare_estimate(gx_command *command, gx_error *err) {
    if (!gx_map_get(&command->given, "ties")) {
        return place_members(command, err);
    }
    if (command->target && !gx_map_get(&command->given, "pass")) {
        gx_map_put(command->arena, &command->given, "pass", gx_str(command->target));
    }
    return gx_map_get(&command->given, "pass") ? GX_OK : need_pass(command, err);
}

static gx_status prepare(gx_command *command, gx_error *err) {
    gx_status status = prepare_estimate(command, err);
    if (status == GX_OK && !gx_map_get(&command->given, "pass")) {
        bool is_pass = command->target && gx_any_pass_find(command->target);
        status = is_pass ? GX_OK : need_pass(command, err); /* run has more to say of that */
        gx_map_put(command->arena, &command->given, "pass", gx_str(""));
        gx_map_put(command->arena, &command->given, "list", gx_str("true"));
    }
    return status == GX_OK ? gx_prepare_pass_flags(command, err) : status;
}

const gx_verb gx_verb_run = {
    .name = "run",
    .group = "graph",
    .summary = "run any pass or model fit over the live store; alone, list them",
    .method = "graph.run",
    .params = params,
    .param_count = GX_COUNT(params),
    .flags = GX_VERB_PASS_FLAGS | GX_VERB_MAY_TARGET,
    .pass_kind = GX_KIND_COUNT,
    .run = run,
    .prepare = prepare,
    .examples = "  guanxi run\n  guanxi run shop.gx kcore\n"
                "  guanxi run shop.gx leiden --resolution 2 --estimate\n"
                "  guanxi run pagerank --estimate --members 100000000 --ties 1000000000\n"
                "  guanxi run shop.gx hits --top 10\n"
                "  guanxi run shop.gx distances --sources u1 --all --format csv\n"
                "  guanxi run shop.gx leiden --array parent\n"
                "  guanxi run shop.gx pagerank --of u17,u18 --write slow --damping 0.5\n",
};
