/* guanxi leaders: opinion leaders with the parts of their score. */
#include "cli/verb.h"

#define ROW "user,score,rank,follower_rank,community,"

/* Who would stand in the list, had they not departed. */
static void say_departed(const gx_command *command, const gx_value *result) {
    const gx_value *left_out = gx_map_get(result, "left_out");
    const gx_value *departed = left_out ? gx_map_get(left_out, "departed") : NULL;
    if (departed && departed->type == GX_INT && departed->as.integer > 0) {
        gx_say(command, "left out: %lld who departed", (long long)departed->as.integer);
    }
}

/* JSON and tables have it themselves. */
static void say_correlation(const gx_command *command, const gx_value *result) {
    const gx_value *here = gx_map_get(result, "follower_correlation");
    const bool part = gx_map_get(result, "shop_follower_correlation") != NULL;
    if (command->format == GX_FORMAT_JSON || command->format == GX_FORMAT_TABLE) {
        return;
    }
    if (here && here->type == GX_REAL) {
        gx_say(command, "follower_correlation %.3f (Spearman, of this ranking)", here->as.real);
    }
    if (part) {
        gx_say(command, "shop_follower_correlation %.3f (of the whole shop's)",
               gx_map_real(result, "shop_follower_correlation"));
    }
}

/* In a category or topic two columns more: what the score there is made of. */
static gx_status run(gx_command *command, gx_error *err) {
    const gx_method *method = gx_method_find(command->verb->method);
    const bool category =
        (gx_map_get(&command->given, "category") || gx_map_get(&command->given, "topic")) &&
        !gx_map_get(&command->given, "card");
    gx_value args = gx_method_args(command, method), result;
    const gx_status status = gx_ask(&result, command, method->name, &args, err);
    if (status == GX_OK) {
        gx_say_list(command, &result);
        say_departed(command, &result);
        say_correlation(command, &result);
    }
    return status != GX_OK ? status
                           : gx_print(command, &result, command->verb->list,
                                      category ? ROW "shop_score,in_category,parts,risk,flags"
                                               : ROW "parts,risk,flags",
                                      false, err);
}

const gx_verb gx_verb_leaders = {
    .name = "leaders",
    .group = "graph",
    .summary = "opinion leaders, with the parts of their score",
    .method = "graph.leaders",
    .list = "leaders",
    .run = run,
    .examples = "  guanxi leaders shop.gx -n 10\n  guanxi leaders shop.gx --community c-17\n"
                "  guanxi leaders shop.gx --flagged\n"
                "  guanxi leaders unix:/run/guanxi.sock --category skincare --format json\n"
                "  guanxi leaders shop.gx --topic category=home/kitchen -n 10\n"
                "  guanxi leaders shop.gx --topic brand=acme,globex --community c-17\n"
                "  guanxi leaders shop.gx --card u12\n"
                "  guanxi leaders shop.gx --card u12 --topic tag=organic\n",
};
