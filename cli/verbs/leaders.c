/* guanxi leaders: opinion leaders with the parts of their score. */
#include "cli/format.h"

#define ROW "user,score,rank,follower_rank,community,"
#define CELLS "parts.reach,parts.amplification,parts.authority,parts.conversion,parts.authenticity,"
#define PARTS "reach,amplification,authority,conversion,authenticity,"

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
    const bool card = gx_map_get(result, "card");
    const struct {
        const char *key, *of;
    } told[] = {{"follower_correlation",
                 card ? "Spearman, of the whole shop" : "Spearman, of this ranking"},
                {"shop_follower_correlation", "of the whole shop's"}};
    if (command->format == GX_FORMAT_JSON || command->format == GX_FORMAT_TABLE) {
        return;
    }
    for (size_t i = 0; i < GX_COUNT(told); i++) {
        const gx_value *value = gx_map_get(result, told[i].key);
        if (value && value->type == GX_REAL) {
            gx_say(command, "%s %.3f (%s)", told[i].key, value->as.real, told[i].of);
        } else if (value) {
            gx_say(command, "%s - (%s: all are equal)", told[i].key, told[i].of);
        }
    }
}

/* For people: each part of the score under its own name. */
static gx_value with_parts(gx_arena *arena, const gx_value *result) {
    gx_value made = *result, list = gx_list(arena, 20);
    const gx_value *rows = gx_map_get(result, "leaders");
    for (uint32_t i = 0; rows && rows->type == GX_LIST && i < rows->size; i++) {
        gx_value row = gx_map(arena, 16);
        gx_row_add(arena, &row, &rows->as.items[i]);
        gx_row_add(arena, &row, gx_map_get(&row, "parts"));
        gx_list_add(arena, &list, row);
    }
    gx_map_put(arena, &made, "leaders", list);
    return made;
}

static bool is_key(const gx_pair *pair, const char *name) {
    return gx_slice_is((gx_slice){pair->key.as.text, pair->key.size}, name);
}

/* The card a figure a row, those of the ranking first; as a line of JSON it stays one. */
static gx_status print_card(const gx_command *command, const gx_value *result, gx_error *err) {
    gx_arena *arena = command->arena;
    const gx_value *rows = gx_map_get(result, "leaders"), *card = gx_map_get(result, "card");
    if (!gx_form_of(command->format)->flat) {
        return gx_print(command, result, NULL, NULL, false, err);
    }
    gx_value all = gx_map(arena, 32), told = gx_map(arena, 16);
    if (rows && rows->type == GX_LIST && rows->size > 0) {
        gx_row_add(arena, &all, &rows->as.items[0]);
    }
    gx_row_add(arena, &all, card);
    const gx_value *attributes = gx_map_get(&all, "attributes");
    if (attributes && command->format != GX_FORMAT_CSV) {
        gx_value readable = gx_map(arena, 12);
        gx_row_add(arena, &readable, attributes);
        gx_row_time(arena, &readable, "joined_at");
        gx_map_put(arena, &all, "attributes", readable);
    }
    for (uint32_t k = 0; k < result->size; k++) {
        const gx_pair *pair = &result->as.pairs[k];
        if (!is_key(pair, "card") && !is_key(pair, "leaders")) {
            gx_map_put_text(arena, &told, pair->key, pair->value);
        }
    }
    gx_map_put(arena, &told, "card", gx_rows_of_figures(arena, "member", &all));
    return gx_print(command, &told, "card", "part,name,figure,value", false, err);
}

/* In a category or topic two columns more: what the score there is made of. */
static gx_status run(gx_command *command, gx_error *err) {
    const gx_method *method = gx_method_find(command->verb->method);
    const bool category =
        gx_map_get(&command->given, "category") || gx_map_get(&command->given, "topic");
    gx_value args = gx_method_args(command, method), result;
    const gx_status status = gx_ask(&result, command, method->name, &args, err);
    if (status != GX_OK) {
        return status;
    }
    if (gx_map_get(&result, "steps")) {
        return gx_print(command, &result, "steps", NULL, false, err);
    }
    gx_say_list(command, &result);
    say_departed(command, &result);
    say_correlation(command, &result);
    const gx_value *fit = gx_map_get(&result, "fit");
    if (gx_form_of(command->format)->flat && fit && fit->type == GX_MAP) {
        gx_value told = *fit;
        gx_row_time(command->arena, &told, "split");
        gx_map_put(command->arena, &result, "fit", told);
    }
    if (gx_map_get(&command->given, "card")) {
        return print_card(command, &result, err);
    }
    const char *columns =
        category ? ROW "shop_score,in_category," CELLS "risk,flags" : ROW CELLS "risk,flags";
    if (command->format == GX_FORMAT_TABLE) {
        result = with_parts(command->arena, &result);
        columns =
            category ? ROW "shop_score,in_category," PARTS "risk,flags" : ROW PARTS "risk,flags";
    }
    return gx_print(command, &result, command->verb->list, columns, false, err);
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
                "  guanxi leaders shop.gx --topic category=kitchen/woks -n 10\n"
                "  guanxi leaders shop.gx --topic tag=tea --estimate\n"
                "  guanxi leaders shop.gx --topic brand=Lantern,Kite --community c-17\n"
                "  guanxi leaders shop.gx --card u12\n"
                "  guanxi leaders shop.gx --card u12 --topic tag=tea\n",
};
