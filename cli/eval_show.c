/* Answers of eval.run and eval.offpolicy as tables and rows. */
#include "cli/eval_show.h"

#include <stdio.h>

typedef struct show {
    const gx_command *command;
    gx_arena *arena;
    const gx_value *models; /* the results */
    const gx_value *verdicts;
} show;

static const gx_value *entry(const gx_value *list, uint32_t i) {
    return &list->as.items[i];
}

static uint32_t size_of(const gx_value *list) {
    return list && list->type == GX_LIST ? list->size : 0;
}

/* Ended with a NUL: what came over a socket is not. */
static const char *ended(const show *s, const gx_value *text) {
    const char *copy = gx_arena_printf(s->arena, "%.*s", (int)text->size, text->as.text);
    return copy ? copy : "";
}

static const char *text_of(const show *s, const gx_value *map, const char *key) {
    const gx_value *value = gx_map_get(map, key);
    return value && value->type == GX_TEXT ? ended(s, value) : "";
}

/* ---- rows of one list -------------------------------------------------------------------------
 */

/* Numbers and texts as they are; intervals as NAME_low and NAME_high; lists left out. */
static void add_plain(gx_value *row, const show *s, const gx_value *map) {
    const gx_value *intervals = gx_map_get(map, "intervals");
    for (uint32_t i = 0; i < map->size; i++) {
        const gx_pair *pair = &map->as.pairs[i];
        if (pair->value.type == GX_LIST || pair->value.type == GX_MAP) {
            continue;
        }
        gx_map_put_text(s->arena, row, pair->key, pair->value);
        const char *name = ended(s, &pair->key);
        const gx_value *of = intervals ? gx_map_get(intervals, name) : NULL;
        for (int end = 0; of && size_of(of) == 2 && end < 2; end++) {
            const char *column = gx_arena_printf(s->arena, "%s_%s", name, end ? "high" : "low");
            gx_map_put(s->arena, row, column ? column : "", of->as.items[end]);
        }
    }
}

static gx_value model_rows(const show *s) {
    gx_value list = gx_list(s->arena, s->models->size);
    for (uint32_t m = 0; m < s->models->size; m++) {
        gx_value row = gx_map(s->arena, 64);
        add_plain(&row, s, entry(s->models, m));
        gx_list_add(s->arena, &list, row);
    }
    return list;
}

/* The rows of each model's own list, with the model's name before. */
static gx_value nested_rows(const show *s, const char *key) {
    gx_value list = gx_list(s->arena, 16);
    for (uint32_t m = 0; m < s->models->size; m++) {
        const gx_value *model = entry(s->models, m), *rows = gx_map_get(model, key);
        for (uint32_t i = 0; i < size_of(rows); i++) {
            gx_value row = gx_map(s->arena, 24);
            gx_map_put(s->arena, &row, "model", gx_str(text_of(s, model, "model")));
            add_plain(&row, s, entry(rows, i));
            gx_list_add(s->arena, &list, row);
        }
    }
    return list;
}

static gx_value pair_rows(const show *s) {
    gx_value list = gx_list(s->arena, 16);
    for (uint32_t m = 0; m < s->models->size; m++) {
        const gx_value *model = entry(s->models, m), *against = gx_map_get(model, "against");
        for (uint32_t k = 0; k < size_of(against); k++) {
            const gx_value *other = entry(against, k), *tests = gx_map_get(other, "tests");
            for (uint32_t i = 0; i < size_of(tests); i++) {
                gx_value row = gx_map(s->arena, 12);
                gx_map_put(s->arena, &row, "model", gx_str(text_of(s, model, "model")));
                gx_map_put(s->arena, &row, "against", gx_str(text_of(s, other, "model")));
                add_plain(&row, s, entry(tests, i));
                gx_list_add(s->arena, &list, row);
            }
        }
    }
    return list;
}

static gx_value rows_shown(const show *s) {
    const gx_args *args = &s->command->args;
    return gx_arg_is(args, "show", "pairs")     ? pair_rows(s)
           : gx_arg_is(args, "show", "history") ? nested_rows(s, "history")
           : gx_arg_is(args, "show", "thirds")  ? nested_rows(s, "thirds")
                                                : model_rows(s);
}

/* ---- tables for people ------------------------------------------------------------------------
 */

/* "0.1858 (0.1834-0.1882)" */
static gx_value figure(const show *s, const gx_value *map, const char *name) {
    const gx_value *value = gx_map_get(map, name);
    const gx_value *intervals = gx_map_get(map, "intervals");
    const gx_value *of = intervals ? gx_map_get(intervals, name) : NULL;
    double mean, low, high;
    if (!value || !gx_value_as_real(value, &mean)) {
        return gx_nil();
    }
    if (size_of(of) != 2 || !gx_value_as_real(entry(of, 0), &low) ||
        !gx_value_as_real(entry(of, 1), &high)) {
        return *value;
    }
    const char *text = gx_arena_printf(s->arena, "%.4f (%.4f-%.4f)", mean, low, high);
    return gx_str(text ? text : "");
}

static gx_value metric_table(const show *s) {
    gx_value list = gx_list(s->arena, 32);
    const gx_value *first = entry(s->models, 0);
    for (uint32_t i = 0; i < first->size; i++) {
        const gx_pair *pair = &first->as.pairs[i];
        const char *name = ended(s, &pair->key);
        gx_value row = gx_map(s->arena, 8);
        if (pair->value.type == GX_LIST || pair->value.type == GX_MAP ||
            pair->value.type == GX_TEXT || strcmp(name, "users") == 0) {
            continue;
        }
        gx_map_put(s->arena, &row, "metric", gx_str(name));
        for (uint32_t m = 0; m < s->models->size; m++) {
            const gx_value *model = entry(s->models, m);
            gx_map_put(s->arena, &row, text_of(s, model, "model"), figure(s, model, name));
        }
        gx_list_add(s->arena, &list, row);
    }
    return list;
}

/* The last figure called ndcg: at the longest cutoff. */
static const char *main_metric(const show *s, const gx_value *model) {
    const char *found = "";
    for (uint32_t i = 0; i < model->size; i++) {
        const char *name = ended(s, &model->as.pairs[i].key);
        found = strncmp(name, "ndcg@", 5) == 0 ? name : found;
    }
    return found;
}

/* A row a bucket, or a third, and a column a model. */
static gx_value across_table(const show *s, const char *key, const char *const *same,
                             const char *name) {
    gx_value list = gx_list(s->arena, 16);
    const gx_value *rows = gx_map_get(entry(s->models, 0), key);
    for (uint32_t i = 0; i < size_of(rows); i++) {
        gx_value row = gx_map(s->arena, 8);
        for (size_t k = 0; same[k]; k++) {
            const gx_value *value = gx_map_get(entry(rows, i), same[k]);
            gx_map_put(s->arena, &row, same[k], value ? *value : gx_nil());
        }
        for (uint32_t m = 0; m < s->models->size; m++) {
            const gx_value *model = entry(s->models, m), *its = gx_map_get(model, key);
            const char *column =
                gx_arena_printf(s->arena, "%s %s", text_of(s, model, "model"), name);
            gx_map_put(s->arena, &row, column ? column : "",
                       i < size_of(its) ? figure(s, entry(its, i), name) : gx_nil());
        }
        gx_list_add(s->arena, &list, row);
    }
    return list;
}

/* Where one model is the better of two, by history length. */
static gx_value pair_history_table(const show *s) {
    gx_value list = gx_list(s->arena, 16);
    for (uint32_t m = 0; m < s->models->size; m++) {
        const gx_value *model = entry(s->models, m), *against = gx_map_get(model, "against");
        for (uint32_t k = 0; k < size_of(against); k++) {
            const gx_value *other = entry(against, k), *rows = gx_map_get(other, "history");
            for (uint32_t i = 0; i < size_of(rows); i++) {
                gx_value row = gx_map(s->arena, 10);
                gx_map_put(s->arena, &row, "model", gx_str(text_of(s, model, "model")));
                gx_map_put(s->arena, &row, "against", gx_str(text_of(s, other, "model")));
                add_plain(&row, s, entry(rows, i));
                gx_list_add(s->arena, &list, row);
            }
        }
    }
    return list;
}

static gx_value verdict_table(const show *s) {
    gx_value list = gx_list(s->arena, 8);
    for (uint32_t i = 0; i < size_of(s->verdicts); i++) {
        gx_value row = gx_map(s->arena, 1);
        gx_map_put(s->arena, &row, "verdict", *entry(s->verdicts, i));
        gx_list_add(s->arena, &list, row);
    }
    return list;
}

static gx_value tables(const show *s) {
    static const char *const bucket[] = {"history", "users", NULL};
    static const char *const third[] = {"third", "catalogue", "taken", NULL};
    gx_value map = gx_map(s->arena, 8);
    const gx_value *first = entry(s->models, 0), *users = gx_map_get(first, "users");
    gx_map_put(s->arena, &map, "users", users ? *users : gx_nil());
    gx_map_put(s->arena, &map, "metrics", metric_table(s));
    if (size_of(gx_map_get(first, "history")) > 1) {
        gx_map_put(s->arena, &map, "by length of history",
                   across_table(s, "history", bucket, main_metric(s, first)));
    }
    gx_map_put(s->arena, &map, "by popularity", across_table(s, "thirds", third, "shown"));
    if (s->models->size > 1 && size_of(gx_map_get(first, "history")) > 1) {
        gx_value rows = pair_history_table(s);
        if (rows.size) {
            gx_map_put(s->arena, &map, "differences by length of history", rows);
        }
    }
    if (size_of(s->verdicts)) {
        gx_map_put(s->arena, &map, "verdicts", verdict_table(s));
    }
    return map;
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static int64_t count_of(const gx_value *map, const char *key) {
    const gx_value *value = gx_map_get(map, key);
    return value && value->type == GX_INT ? value->as.integer : 0;
}

/* What of given lists counts for nobody. */
static void say_unknown(const show *s) {
    for (uint32_t m = 0; m < s->models->size; m++) {
        const gx_value *model = entry(s->models, m);
        const long long users = count_of(model, "unknown_users");
        const long long items = count_of(model, "unknown_items");
        const char *name = text_of(s, model, "model");
        if (users) {
            gx_say(s->command, "%s: %lld %s the store does not know (first: %s)", name, users,
                   gx_plural((uint64_t)users, "list is of a member", "lists are of members"),
                   text_of(s, model, "first_unknown_user"));
        }
        if (items) {
            gx_say(s->command, "%s: %lld %s the store does not know (first: %s): no hits", name,
                   items, gx_plural((uint64_t)items, "place holds an item", "places hold items"),
                   text_of(s, model, "first_unknown_item"));
        }
        if (gx_map_get(model, "unlisted") && count_of(model, "unlisted")) {
            const long long unlisted = count_of(model, "unlisted"), all = count_of(model, "users");
            gx_say(s->command, "%s: %lld of %lld member%s %s no list: all figures 0", name,
                   unlisted, all, gx_plural((uint64_t)all, "", "s"),
                   gx_plural((uint64_t)unlisted, "has", "have"));
        }
    }
}

gx_status gx_eval_show(const gx_command *command, const gx_value *result, gx_error *err) {
    const show s = {.command = command,
                    .arena = command->arena,
                    .models = gx_map_get(result, "results"),
                    .verdicts = gx_map_get(result, "verdicts")};
    if (size_of(s.models) == 0) {
        return gx_fail(err, GX_INTERNAL, "eval.run gave no results");
    }
    say_unknown(&s);
    if (command->format == GX_FORMAT_JSON) {
        /* One model: the map itself, as scripts rely on. */
        return gx_print(command, s.models->size == 1 ? entry(s.models, 0) : s.models, NULL, NULL,
                        false, err);
    }
    const bool whole = command->format == GX_FORMAT_TABLE && !gx_map_get(&command->given, "show");
    const gx_value shown = whole ? tables(&s) : rows_shown(&s);
    return gx_print(command, &shown, NULL, NULL, false, err);
}

/* ---- off-policy -------------------------------------------------------------------------------
 */

static gx_value policy_table(const show *s) {
    static const char *const estimates[] = {"dr", "snips", "ips", "direct", "logged", "gain"};
    static const char *const counts[] = {"matched", "effective", "largest_weight", "clipped"};
    gx_value list = gx_list(s->arena, 12);
    for (size_t k = 0; k < GX_COUNT(estimates) + GX_COUNT(counts); k++) {
        const bool estimate = k < GX_COUNT(estimates);
        const char *name = estimate ? estimates[k] : counts[k - GX_COUNT(estimates)];
        gx_value row = gx_map(s->arena, 8);
        gx_map_put(s->arena, &row, "a request", gx_str(name));
        for (uint32_t m = 0; m < s->models->size; m++) {
            const gx_value *model = entry(s->models, m), *value = gx_map_get(model, name);
            const char *low_name = gx_arena_printf(s->arena, "%s_low", name);
            const char *high_name = gx_arena_printf(s->arena, "%s_high", name);
            const gx_value *ends[2] = {low_name ? gx_map_get(model, low_name) : NULL,
                                       high_name ? gx_map_get(model, high_name) : NULL};
            double mean, low, high;
            gx_value cell = value ? *value : gx_nil();
            if (estimate && value && ends[0] && ends[1] && gx_value_as_real(value, &mean) &&
                gx_value_as_real(ends[0], &low) && gx_value_as_real(ends[1], &high)) {
                const char *text =
                    gx_arena_printf(s->arena, "%.4f (%.4f to %.4f)", mean, low, high);
                cell = gx_str(text ? text : "");
            }
            gx_map_put(s->arena, &row, text_of(s, model, "model"), cell);
        }
        gx_list_add(s->arena, &list, row);
    }
    return list;
}

gx_status gx_policy_show(const gx_command *command, const gx_value *result, gx_error *err) {
    const show s = {.command = command,
                    .arena = command->arena,
                    .models = gx_map_get(result, "results"),
                    .verdicts = gx_map_get(result, "verdicts")};
    if (size_of(s.models) == 0) {
        return gx_fail(err, GX_INTERNAL, "eval.offpolicy gave no results");
    }
    say_unknown(&s);
    const long long without = count_of(result, "without_propensity");
    const long long bad = count_of(result, "bad_propensity");
    if (without + bad > 0) {
        gx_say(command,
               "%lld of %lld impressions %s no propensity and %lld one that is not above 0 and at "
               "most 1: they are left out",
               without, (long long)count_of(result, "impressions"),
               gx_plural((uint64_t)without, "has", "have"), bad);
    }
    if (command->format != GX_FORMAT_TABLE) {
        if (strcmp(text_of(&s, result, "match"), "item") == 0) {
            gx_say(command, "presumed: %s", text_of(&s, result, "presumed"));
        }
        return gx_print(command, result, "results", NULL, false, err);
    }
    gx_value map = gx_map(s.arena, 16);
    for (uint32_t i = 0; i < result->size; i++) {
        const gx_pair *pair = &result->as.pairs[i];
        if (pair->value.type != GX_LIST) {
            gx_map_put_text(s.arena, &map, pair->key, pair->value);
        }
    }
    gx_map_put(s.arena, &map, "estimates", policy_table(&s));
    gx_map_put(s.arena, &map, "verdicts", verdict_table(&s));
    return gx_print(command, &map, NULL, NULL, false, err);
}
