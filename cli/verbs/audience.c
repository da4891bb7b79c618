/* guanxi audience: whom to show an item first, or members like those of a list. */
#include "cli/format.h"

static const gx_param params[] = {
    {"users", GX_PARAM_LIST, NULL, 1, 100000, "members", NULL, GX_PARAM_POSITIONAL,
     "the list to expand, by id, or files of ids; or --group, --circle, --item"},
    {"group", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0, "expand this group"},
    {"circle", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "expand this circle, like c-17"},
    {"item", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "whom to show this item first, or invite to this event"},
    {"fit", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "how well everybody fits what the list, group or circle stands for"},
    {"likes", GX_PARAM_LIST, NULL, 1, 64, NULL, NULL, 0,
     "of a fit: categories, brands, sellers or tags it stands for"},
    {"who", GX_PARAM_CHOICE, "all", GX_PARAM_UNCHECKED, NULL, "all|inside|outside", 0,
     "of a fit: everybody, its members or the others"},
    {"n", GX_PARAM_INT, "100", 1, 10000, "members", NULL, 0,
     "how many members; of an event that tells its capacity the places left"},
    {"segment", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "of an item: only these members: a group, a circle like c-17, or an expression over members' "
     "fields"},
    {"within", GX_PARAM_REAL, NULL, 0.001, 20100, "km", NULL, 0,
     "of an item: only members whose place (lat, lon) is so near its own"},
    {"per_circle", GX_PARAM_INT, NULL, 1, 10000, "members", NULL, 0,
     "of an item: at most so many of any one circle"},
    {"consent", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "of an item: a field of members that has to say yes"},
    {"seen", GX_PARAM_CHOICE, "bought", GX_PARAM_UNCHECKED, NULL, "bought|all|none", 0,
     "of an item: leave out who bought or rated it, who touched it, or nobody"},
    {"channels", GX_PARAM_MAP, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "weights {friends, circle, leader, interest}, like friends=2,circle=1"},
    {"why", GX_PARAM_BOOL, "true", GX_PARAM_UNCHECKED, NULL, NULL, 0, "say why"},
};

/* Flags that are not of every way. */
enum { ITEM = 1, FIT = 2, EXPAND = 4 };
static const struct {
    const char *name;
    int ways;
    const char *with;
} some[] = {{"seen", ITEM, "--item"},
            {"segment", ITEM, "--item"},
            {"within", ITEM, "--item"},
            {"per_circle", ITEM, "--item"},
            {"consent", ITEM, "--item"},
            {"likes", FIT, "--fit"},
            {"who", FIT, "--fit"},
            {"channels", ITEM | EXPAND, "--item, or a list, --group or --circle without --fit"},
            {"fit", FIT | EXPAND, "a list, --group, --circle or --likes"}};

static gx_status refuse_other_flags(const gx_command *command, int way, gx_error *err) {
    for (size_t k = 0; k < GX_COUNT(some); k++) {
        if (gx_map_get(&command->given, some[k].name) && !(some[k].ways & way)) {
            char flag[64];
            gx_flag_name(flag, sizeof flag, some[k].name);
            return gx_fail_at(err, GX_BAD_REQUEST, some[k].name, "--%s goes with %s%s", flag,
                              some[k].with, way == ITEM ? ", not with --item" : "");
        }
    }
    return GX_OK;
}

/* "12 of 40 places are taken; left out: 12 joined, 310 far" */
static void say_event(const gx_command *command, const gx_value *result) {
    const gx_value *joined = gx_map_get(result, "joined"), *room = gx_map_get(result, "capacity");
    const gx_value *left = gx_map_get(result, "left_out");
    char text[300] = "";
    size_t at = 0;
    if (joined && room && room->type == GX_INT) {
        gx_say(command, "%lld of %lld place%s %s taken", (long long)joined->as.integer,
               (long long)room->as.integer, gx_plural((uint64_t)room->as.integer, "", "s"),
               gx_plural((uint64_t)joined->as.integer, "is", "are"));
    }
    for (uint32_t k = 0; left && k < left->size; k++) {
        const gx_pair *pair = &left->as.pairs[k];
        if (pair->value.type == GX_INT && pair->value.as.integer > 0 && at + 50 < sizeof text) {
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%lld %.*s", at ? ", " : "",
                                   (long long)pair->value.as.integer, (int)pair->key.size,
                                   pair->key.as.text);
        }
    }
    if (at > 0) {
        gx_say(command, "left out: %s", text);
    }
}

static gx_status run(gx_command *command, gx_error *err) {
    static const char *const whom[] = {"item", "users", "group", "circle"};
    const bool item = gx_map_get(&command->given, "item");
    const bool fit = gx_arg_bool(&command->args, "fit");
    int given = 0;
    gx_status status = refuse_other_flags(command, item ? ITEM : fit ? FIT : EXPAND, err);
    if (status != GX_OK) {
        return status;
    }
    for (size_t k = 0; k < GX_COUNT(whom); k++) {
        given += gx_map_get(&command->given, whom[k]) != NULL;
    }
    const bool likes = fit && !item && gx_map_get(&command->given, "likes");
    if (given != 1 && !(likes && given == 0)) {
        return gx_fail_at(err, GX_BAD_REQUEST, "item",
                          "%d of --item, --group, --circle and a list of members were given; "
                          "accepted is exactly one",
                          given);
    }
    gx_value args = gx_map(command->arena, GX_COUNT(params)), result;
    for (size_t k = 0; k < GX_COUNT(params); k++) {
        const char *name = params[k].name;
        if (gx_map_get(&command->given, name) && strcmp(name, "fit") != 0) {
            gx_map_put(command->arena, &args, name, *gx_arg_value(&command->args, name));
        }
    }
    status = gx_ids_from_files(&args, command, "users", err);
    if (status == GX_OK) {
        status = gx_ask(&result, command,
                        item  ? "audience.for_item"
                        : fit ? "audience.fit"
                              : "audience.expand",
                        &args, err);
    }
    if (status != GX_OK) {
        return status;
    }
    gx_say_list(command, &result);
    say_event(command, &result);
    gx_value list = gx_list(command->arena, 64);
    const gx_value *found = gx_map_get(&result, "users");
    for (uint32_t k = 0; found && k < found->size; k++) {
        const gx_value *one = &found->as.items[k];
        gx_value row = gx_map(command->arena, 12);
        gx_row_copy(command->arena, &row, "rank", one, "rank");
        gx_row_copy(command->arena, &row, "user", one, "user");
        gx_row_copy(command->arena, &row, "score", one, "score");
        if (gx_map_get(&result, "joined")) {
            gx_row_copy(command->arena, &row, "distance", one, "distance");
        }
        gx_map_put(command->arena, &row, "why",
                   gx_row_join(command->arena, gx_map_get(one, "why"), "en", "; "));
        gx_row_rest(command->arena, &row, one, "");
        gx_list_add(command->arena, &list, row);
    }
    const bool flat = gx_form_of(command->format)->flat;
    return gx_print(command, flat ? &list : &result, flat ? NULL : "users",
                    gx_map_get(&result, "joined") ? "rank,user,score,distance,why"
                                                  : "rank,user,score,why",
                    false, err);
}

const gx_verb gx_verb_audience = {
    .name = "audience",
    .group = "spread",
    .summary = "whom to show an item first or invite, members like those of a list, or who fits it",
    .params = params,
    .param_count = GX_COUNT(params),
    .run = run,
    .examples = "  guanxi audience shop.gx --item sku-12 -n 50\n"
                "  guanxi audience shop.gx --item post-1 --per-circle 5\n"
                "  guanxi audience shop.gx --item post-1 --segment 'region = \"Zhejiang\"' -n 200\n"
                "  guanxi audience shop.gx --circle c-3 -n 100\n"
                "  guanxi audience shop.gx --fit --circle c-3 --who outside -n 100\n"
                "  guanxi audience shop.gx seeds.csv -n 200\n"
                "  guanxi audience shop.gx u1204 u7 u31 -n 200 --format csv -o prospects.csv\n",
};
