/* guanxi help: the overview, one verb, the man page, shell completion. */
#include "cli/verb.h"

#include "api/passes.h"

static const gx_param params[] = {
    {"about", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, GX_PARAM_POSITIONAL,
     "a verb, a pass, man, or completion"},
};

static const char *near_one(const char *given) {
    const char *names[256];
    size_t count = 0;
    gx_more more;
    for (size_t i = 0; i < gx_verbs()->count && count < GX_COUNT(names); i++) {
        names[count++] = gx_verbs()->rows[i]->name;
    }
    for (size_t i = 0; gx_verb_more(&more, gx_verb_find("run"), i) && count < GX_COUNT(names);
         i++) {
        names[count++] = more.name;
    }
    return gx_nearest(given, names, count);
}

static gx_status run(gx_command *command, gx_error *err) {
    const gx_value *about = gx_arg_value(&command->args, "about");
    if (about->type != GX_TEXT) {
        gx_help_overview(command->out);
        return GX_OK;
    }
    if (strcmp(about->as.text, "man") == 0) {
        gx_help_man(command->out, command->arena);
        return GX_OK;
    }
    if (strcmp(about->as.text, "completion") == 0) {
        gx_help_completion(command->out, command->arena);
        return GX_OK;
    }
    const gx_verb *verb = gx_verb_find(about->as.text);
    const gx_pass *pass = gx_any_pass_find(about->as.text);
    if (!verb && !pass) {
        const char *near = near_one(about->as.text);
        return gx_fail(
            err, GX_NOT_FOUND,
            "there is no verb or pass '%s';%s%s%s `guanxi help` lists the verbs, `guanxi "
            "run` the passes",
            about->as.text, near ? " did you mean " : "", near ? near : "", near ? "?" : "");
    }
    if (verb) {
        gx_help_verb(command->out, command->arena, verb);
    } else {
        gx_help_pass(command->out, pass);
    }
    return GX_OK;
}

const gx_verb gx_verb_help = {
    .name = "help",
    .group = "serving",
    .summary = "this overview, or all about one verb or one pass",
    .params = params,
    .param_count = GX_COUNT(params),
    .flags = GX_VERB_NO_TARGET | GX_VERB_NO_SHAPE,
    .run = run,
    .examples = "  guanxi help recommend\n  guanxi help pagerank\n  guanxi help man | man -l -\n",
};
