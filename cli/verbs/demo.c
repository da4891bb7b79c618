/* guanxi demo: the sample shop, with what is planted in it beside it. */
#include "cli/verb.h"
#include "datasets/datasets.h"

static const gx_param params[] = {
    {"folder", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL,
     GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL,
     "where to write the files; made where it is not there"},
    {"users", GX_PARAM_INT, "2000", 50, 1e7, "members", NULL, 0, "how large a shop"},
    {"events", GX_PARAM_INT, "0", 0, 1e10, "events", NULL, 0,
     "at least so many; 0: what follows from the members"},
    {"fakes", GX_PARAM_INT, "0", 0, 3000, "schemes", NULL, 0,
     "so many besides of bought followers, closed rings and sudden growth (truth/fakes.csv)"},
    {"players", GX_PARAM_INT, "0", 0, 1000, "accounts", NULL, 0,
     "so many besides of each role: lurker, buyer, helper, … (truth/roles.csv)"},
    {"gzip", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0, "compress the files"},
};

static gx_status run(gx_command *command, gx_error *err) {
    const char *folder = gx_arg_word(&command->args, "folder");
    gx_shop_options options = {.users = (uint32_t)gx_arg_int(&command->args, "users"),
                               .fakes = (uint32_t)gx_arg_int(&command->args, "fakes"),
                               .players = (uint32_t)gx_arg_int(&command->args, "players"),
                               .events = (uint64_t)gx_arg_int(&command->args, "events"),
                               .seed = command->job.seed,
                               .gzip = gx_arg_bool(&command->args, "gzip")};
    gx_status status = gx_shop_write(folder, &options, &command->job, err);
    if (status == GX_OK) {
        gx_say(command, "wrote the sample shop to %s (what is planted in it: %s/truth)", folder,
               folder);
    }
    return status;
}

const gx_verb gx_verb_demo = {
    .name = "demo",
    .group = "serving",
    .summary = "write a sample shop to try guanxi on",
    .params = params,
    .param_count = GX_COUNT(params),
    .flags = GX_VERB_NO_TARGET | GX_VERB_NO_SHAPE,
    .run = run,
    .examples = "  guanxi demo shop-data\n  guanxi demo big --users 100000 --seed 7 --gzip\n"
                "  guanxi demo shop-data --fakes 9 --players 5\n",
};
