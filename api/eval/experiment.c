/* Experiments as settings, and the hash that puts members into arms. */
#include "api/eval/experiment.h"

#include <math.h>
#include <stdio.h>
#include <xxhash.h>

static const char setting[] = "experiments";

/* ---- arms -------------------------------------------------------------------------------------
 */

/* [0, 1) by 53 bits. */
static double uniform(uint64_t bits) {
    return (double)(bits >> 11) * 0x1p-53;
}

uint32_t gx_experiment_arm(const gx_experiment *experiment, gx_slice user) {
    const size_t salt = strlen(experiment->salt);
    const uint64_t for_arm = XXH3_64bits_withSeed(experiment->salt, salt, 0);
    const uint64_t for_holdout = XXH3_64bits_withSeed(experiment->salt, salt, 1);
    double sum = 0;
    if (uniform(XXH3_64bits_withSeed(user.data, user.size, for_holdout)) < experiment->holdout) {
        return GX_HOLDOUT;
    }
    for (uint32_t a = 0; a < experiment->arms; a++) {
        sum += experiment->weight[a];
    }
    double at = uniform(XXH3_64bits_withSeed(user.data, user.size, for_arm)) * sum;
    uint32_t arm = 0;
    while (arm + 1 < experiment->arms && at >= experiment->weight[arm]) {
        at -= experiment->weight[arm++];
    }
    return arm;
}

/* ---- as values --------------------------------------------------------------------------------
 */

gx_value gx_experiment_value(gx_arena *arena, const gx_experiment *e) {
    gx_value map = gx_map(arena, 8), arms = gx_list(arena, e->arms);
    for (uint32_t a = 0; a < e->arms; a++) {
        gx_value arm = gx_map(arena, 2);
        gx_map_put(arena, &arm, "arm", gx_str(e->arm[a]));
        gx_map_put(arena, &arm, "weight", gx_real(e->weight[a]));
        gx_list_add(arena, &arms, arm);
    }
    gx_map_put(arena, &map, "arms", arms);
    gx_map_put(arena, &map, "holdout", gx_real(e->holdout));
    gx_map_put(arena, &map, "salt", gx_str(e->salt));
    gx_map_put(arena, &map, "action", e->actions);
    gx_map_put(arena, &map, "start", gx_int(e->start_ms));
    gx_map_put(arena, &map, "end", e->end_ms == INT64_MAX ? gx_nil() : gx_int(e->end_ms));
    gx_map_put(arena, &map, "created", gx_int(e->created_ms));
    gx_map_put(arena, &map, "note", e->note ? gx_str(e->note) : gx_nil());
    return map;
}

static const char *copied(gx_arena *arena, const gx_value *value) {
    return value && value->type == GX_TEXT
               ? gx_arena_printf(arena, "%.*s", (int)value->size, value->as.text)
               : NULL;
}

static int64_t time_or(const gx_value *value, int64_t otherwise) {
    return value && value->type == GX_INT ? value->as.integer : otherwise;
}

gx_status gx_experiment_read(gx_experiment *out, gx_arena *arena, gx_slice name,
                             const gx_value *kept, gx_error *err) {
    const gx_value *arms = gx_map_get(kept, "arms"), *holdout = gx_map_get(kept, "holdout");
    const gx_value *actions = gx_map_get(kept, "action");
    gx_experiment e = {.name = gx_arena_printf(arena, "%.*s", (int)name.size, name.data),
                       .salt = copied(arena, gx_map_get(kept, "salt")),
                       .note = copied(arena, gx_map_get(kept, "note")),
                       .actions = actions ? *actions : gx_nil(),
                       .start_ms = time_or(gx_map_get(kept, "start"), 0),
                       .end_ms = time_or(gx_map_get(kept, "end"), INT64_MAX),
                       .created_ms = time_or(gx_map_get(kept, "created"), 0)};
    bool good = e.name && e.salt && arms && arms->type == GX_LIST && arms->size >= 2 &&
                arms->size <= GX_ARMS_MAX && holdout && gx_value_as_real(holdout, &e.holdout);
    for (uint32_t a = 0; good && a < arms->size; a++) {
        const gx_value *weight = gx_map_get(&arms->as.items[a], "weight");
        e.arm[a] = copied(arena, gx_map_get(&arms->as.items[a], "arm"));
        good = e.arm[a] && weight && gx_value_as_real(weight, &e.weight[a]) && e.weight[a] > 0;
        e.arms++;
    }
    if (!good) {
        char shown[80];
        return gx_fail(err, GX_CORRUPT, "experiment %s cannot be read from the setting `%s`",
                       gx_quote(shown, sizeof shown, name.data, name.size), setting);
    }
    *out = e;
    return GX_OK;
}

gx_status gx_experiments_read(gx_value *out, gx_txn *txn, gx_arena *arena, gx_error *err) {
    gx_status status = gx_setting_get(out, txn, arena, setting, err);
    if (status == GX_OK && out->type != GX_MAP) {
        *out = gx_map(arena, 4);
    }
    return status;
}

/* "there is no experiment 'x'; there are a, b" */
static gx_status missing(const gx_value *all, const char *argument, gx_slice name, gx_error *err) {
    char shown[80], names[300] = "none; `exp.define` makes one";
    size_t at = 0;
    for (uint32_t i = 0; i < all->size && at + 80 < sizeof names; i++) {
        const gx_value *key = &all->as.pairs[i].key;
        at += (size_t)snprintf(names + at, sizeof names - at, "%s%.*s", at ? ", " : "",
                               (int)(key->size < 70 ? key->size : 70), key->as.text);
    }
    return gx_fail_at(err, GX_NOT_FOUND, argument, "there is no experiment %s; there are %s",
                      gx_quote(shown, sizeof shown, name.data, name.size), names);
}

gx_status gx_experiment_find(gx_experiment *out, gx_txn *txn, gx_arena *arena, const char *argument,
                             gx_slice name, gx_error *err) {
    gx_value all;
    gx_status status = gx_experiments_read(&all, txn, arena, err);
    for (uint32_t i = 0; status == GX_OK && i < all.size; i++) {
        const gx_value *key = &all.as.pairs[i].key;
        if (gx_slice_equal((gx_slice){key->as.text, key->size}, name)) {
            return gx_experiment_read(out, arena, name, &all.as.pairs[i].value, err);
        }
    }
    return status == GX_OK ? missing(&all, argument, name, err) : status;
}

gx_status gx_experiment_actions(gx_value *out_known, gx_value *out_notes,
                                const gx_experiment *experiment, gx_txn *txn, gx_arena *arena,
                                gx_error *err) {
    const gx_value *named = &experiment->actions;
    const bool by_name = named->type == GX_LIST;
    gx_value known = by_name ? gx_list(arena, named->size) : gx_nil(), notes = gx_list(arena, 1);
    for (uint32_t i = 0; by_name && i < named->size; i++) {
        const gx_slice name = {named->as.items[i].as.text, named->as.items[i].size};
        uint32_t action;
        const gx_status found = gx_word_find(&action, txn, GX_SPACE_ACTION, name);
        if (found == GX_OK) {
            gx_list_add(arena, &known, named->as.items[i]);
        } else if (found == GX_NOT_FOUND) {
            char shown[80];
            const char *note =
                gx_arena_printf(arena, "no event in this store has the action %s yet: it counts 0",
                                gx_quote(shown, sizeof shown, name.data, name.size));
            gx_list_add(arena, &notes, gx_str(note ? note : ""));
        } else {
            return gx_fail(err, found, "the store could not be read");
        }
    }
    *out_known = known;
    *out_notes = notes;
    return GX_OK;
}
