/* guanxi model: the snapshots of a store: list, promote, rollback, diff. */
#include "cli/verb.h"

static const gx_param params[] = {
    {"what", GX_PARAM_CHOICE, "list", GX_PARAM_UNCHECKED, NULL, "list|promote|rollback|diff",
     GX_PARAM_POSITIONAL, "list, promote N, rollback, or diff FROM [TO]"},
    {"first", GX_PARAM_INT, NULL, 1, 999999, NULL, NULL, GX_PARAM_POSITIONAL,
     "a snapshot's number"},
    {"second", GX_PARAM_INT, NULL, 1, 999999, NULL, NULL, GX_PARAM_POSITIONAL,
     "the other snapshot of diff; the one served where it is not given"},
};

static gx_status run(gx_command *command, gx_error *err) {
    const struct {
        const char *what, *method, *first, *second, *list;
    } rows[] = {
        {"list", "model.list", NULL, NULL, "snapshots"},
        {"promote", "model.promote", "number", NULL, NULL},
        {"rollback", "model.rollback", NULL, NULL, NULL},
        {"diff", "model.diff", "from", "to", "arrays"},
    };
    gx_value result, args = gx_map(command->arena, 2);
    size_t r = 0;
    while (!gx_arg_is(&command->args, "what", rows[r].what)) {
        r++;
    }
    const bool one = gx_arg_has(&command->args, "first");
    if ((one && !rows[r].first) || (gx_arg_has(&command->args, "second") && !rows[r].second)) {
        const char *extra = rows[r].first ? "second" : "first";
        return gx_fail(err, GX_BAD_REQUEST, "model %s takes %s; %s was given too", rows[r].what,
                       rows[r].first ? "one number" : "no number", gx_given_text(command, extra));
    }
    if (rows[r].first && gx_arg_has(&command->args, "first")) {
        gx_map_put(command->arena, &args, rows[r].first, *gx_arg_value(&command->args, "first"));
    }
    if (rows[r].second && gx_arg_has(&command->args, "second")) {
        gx_map_put(command->arena, &args, rows[r].second, *gx_arg_value(&command->args, "second"));
    }
    gx_status status = gx_ask(&result, command, rows[r].method, &args, err);
    return status == GX_OK ? gx_print(command, &result, rows[r].list, NULL, false, err) : status;
}

const gx_verb gx_verb_model = {
    .name = "model",
    .group = "serving",
    .summary = "list, promote, roll back and compare snapshots",
    .params = params,
    .param_count = GX_COUNT(params),
    .flags = GX_VERB_WRITES,
    .run = run,
    .examples = "  guanxi model shop.gx list\n  guanxi model shop.gx promote 3\n"
                "  guanxi model shop.gx rollback\n  guanxi model shop.gx diff 2 3\n",
};
