/* guanxi plan: a campaign for an item, from seeds to prospects. */
#include "cli/verb.h"

/* clang-format off */
static const gx_param params[] = {
    {"show", GX_PARAM_CHOICE, "seeds", GX_PARAM_UNCHECKED, NULL, "seeds|prospects|channels|circles", 0,
     "in a table: whom to ask to share it, those who may take it, or what is expected by channel or circle"},
};
/* clang-format on */

static void say(const gx_command *command, const gx_value *result) {
    const gx_value *e = gx_map_get(result, "expected"), *seeds = gx_map_get(result, "seeds");
    const uint32_t count = seeds ? seeds->size : 0;
    gx_say(command,
           "%u %s %.1f prospects; %.1f of them are expected to take it, one campaign %.0f "
           "to %.0f",
           count, gx_plural(count, "seed reaches", "seeds reach"), gx_map_real(e, "reached"),
           gx_map_real(e, "expected"), gx_map_real(e, "low"), gx_map_real(e, "high"));
    gx_say_rate(command, result);
    if (gx_map_get(result, "spent")) {
        gx_say(command, "%.2f of %.2f spent, %.2f for each", gx_map_real(result, "spent"),
               gx_map_real(result, "budget"), gx_map_real(result, "cost_each"));
    }
    gx_say_list(command, result);
}

static gx_status run(gx_command *command, gx_error *err) {
    static const char *const ids[] = {"include", "exclude"};
    static const char *const of_none[][2] = {
        {"seeds", "user_id,gain,leads,prospects,circle"},
        {"prospects", "rank,user,p,reach,willing,fit,channel,circle"},
        {"channels", "channel,members,reached,expected,low,high"},
        {"circles", "circle,seeds,members,reached,expected,low,high"}};
    const gx_method *method = gx_method_find(command->verb->method);
    gx_value args = gx_method_args(command, method), result;
    gx_status status = GX_OK;
    GX_TRY(gx_refuse_show(command, err));
    for (size_t i = 0; i < GX_COUNT(ids); i++) {
        GX_TRY(gx_ids_from_files(&args, command, ids[i], err));
    }
    GX_TRY(gx_numbers_from_file(&args, command, "cost", err));
    GX_TRY(gx_ask(&result, command, method->name, &args, err));
    if (gx_map_get(&result, "steps")) {
        return gx_print(command, &result, "steps", NULL, false, err);
    }
    if (command->format == GX_FORMAT_JSON) {
        return gx_print(command, &result, NULL, NULL, false, err);
    }
    say(command, &result);
    const char *show = gx_arg_word(&command->args, "show");
    const gx_value *rows = gx_map_get(&result, show);
    if (strcmp(show, "circles") == 0) {
        gx_say_circles(command, &result);
    }
    const char *columns = NULL; /* as they come; of no row those that there would be */
    for (size_t i = 0; rows && rows->size == 0 && i < GX_COUNT(of_none); i++) {
        columns = strcmp(show, of_none[i][0]) == 0 ? of_none[i][1] : columns;
    }
    GX_TRY(gx_print(command, rows, NULL, columns, false, err));
done:
    return status;
}

const gx_verb gx_verb_plan = {
    .name = "plan",
    .group = "spread",
    .summary = "a campaign for an item: whom to ask to share it, prospects, expected conversions",
    .method = "seed.plan",
    .params = params,
    .param_count = GX_COUNT(params),
    .list = "seeds",
    .run = run,
    .examples = "  guanxi plan shop.gx sku-12 -k 20\n"
                "  guanxi plan shop.gx sku-12 --budget 500 --cost fee --show channels\n"
                "  guanxi plan shop.gx sku-12 --budget 500 --cost fees.csv\n"
                "  guanxi plan shop.gx sku-12 -k 10 --most-each 2 --audience 'region = \"Zhejiang\"' "
                "--rate 0.02\n"
                "  guanxi plan shop.gx sku-12 --show prospects --prospects 500 --format csv -o "
                "prospects.csv\n",
};
