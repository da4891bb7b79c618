/* guanxi credit: who brought which sale, and what they are paid for it. */
#include "cli/format.h"

/* clang-format off */
static const gx_param params[] = {
    {"show", GX_PARAM_CHOICE, "stats", GX_PARAM_UNCHECKED, NULL,
     "stats|ledger|members|suspicious", GX_PARAM_POSITIONAL,
     "members by every rule of credit; a line a sale and payee; a line a member; suspicious ones"},
    {"order", GX_PARAM_CHOICE, NULL, GX_PARAM_UNCHECKED, NULL, "last|first|linear|decay|shapley", 0,
     "stats: the largest first, by the rule (last)"},
    {"n", GX_PARAM_INT, NULL, 1, 1e6, NULL, NULL, 0, "stats: how many members (20)"},
};
/* clang-format on */

/* What is read by some rules alone, given with another. */
static gx_status check_rule(const gx_command *command, gx_error *err) {
    static const struct {
        const char *name, *flag, *rules[3];
    } of_rules[] = {{"delta", "delta", {"geometric", "recursive", "split-proof"}},
                    {"half_life", "half-life", {"decay", NULL, NULL}}};
    const gx_slice rule = gx_arg_text(&command->args, "rule");
    for (size_t i = 0; i < GX_COUNT(of_rules); i++) {
        bool read = !gx_map_get(&command->given, of_rules[i].name);
        for (size_t k = 0; k < GX_COUNT(of_rules[i].rules) && of_rules[i].rules[k]; k++) {
            read = read || gx_slice_is(rule, of_rules[i].rules[k]);
        }
        if (!read) {
            const char *const *of = of_rules[i].rules;
            return gx_fail_at(err, GX_BAD_REQUEST, of_rules[i].name,
                              "--%s was given with --rule %.*s; it goes with %s%s%s%s%s",
                              of_rules[i].flag, (int)rule.size, rule.data, of[0], of[1] ? ", " : "",
                              of[1] ? of[1] : "", of[2] ? " or " : "", of[2] ? of[2] : "");
        }
    }
    return GX_OK;
}

/* Times for people, and behind the lines of a ledger the one that sums them up. */
static void finish_lines(gx_arena *arena, gx_value *result, bool times, bool ledger) {
    const gx_value *all = gx_map_get(result, "lines"), *total = gx_map_get(result, "total");
    gx_value rows = gx_list(arena, 64);
    for (uint32_t i = 0; all && i < all->size; i++) {
        gx_value row = all->as.items[i];
        if (times) {
            gx_row_time(arena, &row, "ts");
        }
        gx_list_add(arena, &rows, row);
    }
    if (ledger && total) {
        gx_value kept = gx_map(arena, 3), sum = gx_map(arena, 4);
        gx_map_put(arena, &kept, "sale", gx_str("(kept)"));
        gx_row_copy(arena, &kept, "amount_minor", total, "kept_minor");
        gx_list_add(arena, &rows, kept);
        gx_map_put(arena, &sum, "sale", gx_str("(total)"));
        gx_row_copy(arena, &sum, "amount_minor", total, "budget_minor");
        gx_row_copy(arena, &sum, "rule", total, "rule");
        gx_row_copy(arena, &sum, "flag", total, "checksum");
        gx_list_add(arena, &rows, sum);
    }
    gx_map_put(arena, result, "lines", rows);
}

static gx_status run(gx_command *command, gx_error *err) {
    static const char ledger_columns[] = "sale,ts,buyer,item,sale_minor,pot_minor,member,hop,share,"
                                         "amount_minor,rule,flag";
    static const char stats_columns[] = "user,sales,direct,new_buyers,last_minor,first_minor,"
                                        "linear_minor,decay_minor,shapley_minor,suspicious";
    static const char member_columns[] = "member,sales,amount_minor,held_minor,signs";
    gx_value result;
    gx_status status;
    const bool stats = gx_arg_is(&command->args, "show", "stats");
    const bool ledger = gx_arg_is(&command->args, "show", "ledger");
    const gx_method *method = gx_method_find(stats ? "credit.stats" : "credit.report");
    const gx_slice shown = gx_arg_text(&command->args, "show");
    const char *of =
        gx_arena_printf(command->arena, "`guanxi credit STORE %.*s`", (int)shown.size, shown.data);
    static const char *const own[] = {"show"};
    gx_value args = gx_method_args(command, method);
    GX_TRY(gx_refuse_others(command, method, own, GX_COUNT(own), of ? of : "it", err));
    if (!stats) { /* which has every rule */
        GX_TRY(check_rule(command, err));
    }
    GX_TRY(gx_ask(&result, command, method->name, &args, err));
    if (!stats && command->format != GX_FORMAT_JSON) {
        finish_lines(command->arena, &result, gx_form_of(command->format)->flat,
                     ledger && !gx_map_get(&args, "user"));
    }
    GX_TRY(gx_print(command, &result, stats ? "members" : "lines",
                    stats    ? stats_columns
                    : ledger ? ledger_columns
                             : member_columns,
                    false, err));
    gx_say_odd(command, gx_map_get(&result, "total"));
done:
    return status;
}

const gx_verb gx_verb_credit = {
    .name = "credit",
    .group = "spread",
    .summary = "who brought which sale, and what they are paid out of a budget, to the coin",
    .method = "credit.report",
    .params = params,
    .param_count = GX_COUNT(params),
    .run = run,
    .examples =
        "  guanxi credit shop.gx --order shapley -n 10\n"
        "  guanxi credit shop.gx ledger --rule geometric --budget 10000 --cap-member 500 --format "
        "csv -o ledger.csv\n"
        "  guanxi credit shop.gx members --rule split-proof --rate 0.05 --since 2026-10-01\n"
        "  guanxi credit shop.gx suspicious\n"
        "  guanxi credit shop.gx ledger --estimate\n",
};
