/* What a tie kind or an action means to the engine: a built-in table by name, overridden by the
 * settings "tie_kinds" and "actions". docs/views.md has the tables and the form of the settings. */
#include "graph/csr/view.h"

#include <math.h>
#include <stdio.h>

#define DAYS(n) ((n) * 86400000.0)

/* A weight says how much more than a plain friendship such a tie tells about taste and trust. The
 * direction agrees with gx_tie_kind_is_directed, which imports ask. */
static const gx_kind_rule kinds[] = {
    /* name, weight, directed, blocks, acts */
    {"friend", 1.0f, false, false, false},     {"family", 1.5f, false, false, false},
    {"chat", 0.5f, false, false, true},        {"follow", 0.7f, true, false, false},
    {"trust", 1.0f, true, false, false},       {"mention", 0.4f, true, false, true},
    {"reply", 0.4f, true, false, true},        {"comment", 0.4f, true, false, true},
    {"like", 0.3f, true, false, true},         {"share", 0.5f, true, false, true},
    {"invite", 0.8f, true, false, true},       {"refer", 0.8f, true, false, true},
    {"gift", 1.2f, true, false, true},         {"colleague", 0.7f, true, false, false},
    {"classmate", 0.7f, true, false, false},   {"neighbour", 0.5f, true, false, false},
    {"invite_channel", 0, true, false, false}, {"distrust", 0, true, false, false},
    {"block", 0, true, true, false},
};
static const gx_kind_rule unknown_kind = {"", 1.0f, true, false, false};

static const gx_action_rule actions[] = {
    /* name, weight, half-life, is_purchase, is_share, scaled */
    {"view", 1.0f, DAYS(30), false, false, false},
    {"impression_click", 1.5f, DAYS(30), false, false, false},
    {"click", 1.5f, DAYS(30), false, false, false},
    {"search", 1.0f, DAYS(14), false, false, false},
    {"like", 2.0f, DAYS(90), false, false, false},
    {"comment", 2.0f, DAYS(90), false, false, false},
    {"favorite", 3.0f, DAYS(180), false, false, false},
    {"wishlist", 3.0f, DAYS(180), false, false, false},
    {"cart", 3.0f, DAYS(60), false, false, false},
    {"checkin", 3.0f, DAYS(180), false, false, false},
    {"share", 3.0f, DAYS(90), false, true, false},
    {"repost", 3.0f, DAYS(90), false, true, false},
    {"recommend", 4.0f, DAYS(180), false, true, false},
    {"show", 4.0f, DAYS(180), false, true, false},
    {"review", 4.0f, DAYS(365), false, false, true},
    {"rate", 5.0f, DAYS(730), false, false, true},
    {"buy", 5.0f, DAYS(365), true, false, false},
    {"purchase", 5.0f, DAYS(365), true, false, false},
    {"order", 5.0f, DAYS(365), true, false, false},
    {"redeem", 4.0f, DAYS(180), true, false, false},
    {"unlike", -2.0f, DAYS(90), false, false, false},
    {"unfavorite", -3.0f, DAYS(180), false, false, false},
    {"dislike", -3.0f, DAYS(365), false, false, false},
    {"hide", -3.0f, DAYS(365), false, false, false},
    {"complain", -4.0f, DAYS(365), false, false, false},
    {"return", -5.0f, DAYS(365), false, false, false},
    {"refund", -5.0f, DAYS(365), false, false, false},
};
static const gx_action_rule unknown_action = {"", 1.0f, DAYS(30), false, false, false};

const gx_kind_rule *gx_kind_rule_default(gx_slice name) {
    for (size_t i = 0; i < GX_COUNT(kinds); i++) {
        if (gx_slice_is(name, kinds[i].name)) {
            return &kinds[i];
        }
    }
    return &unknown_kind;
}

const gx_kind_rule *gx_kind_rule_of(const gx_rules *rules, gx_txn *txn, uint32_t kind) {
    return kind < rules->kind_count
               ? &rules->kinds[kind]
               : gx_kind_rule_default(gx_word_name(txn, GX_SPACE_TIE_KIND, kind));
}

const gx_action_rule *gx_action_rule_default(gx_slice name) {
    for (size_t i = 0; i < GX_COUNT(actions); i++) {
        if (gx_slice_is(name, actions[i].name)) {
            return &actions[i];
        }
    }
    return &unknown_action;
}

/* ---- settings ---------------------------------------------------------------------------- */

/* One entry of a setting, {field: value, …}, as it is read. */
typedef struct entry {
    const char *setting;
    gx_slice name;
    const gx_value *fields;
    gx_error *err;
} entry;

static gx_status wrong(const entry *e, const char *field, const char *accepted) {
    char quoted[64];
    return gx_fail_at(e->err, GX_BAD_REQUEST, e->setting, "`%s` of %s is %s", field,
                      gx_quote(quoted, sizeof quoted, e->name.data, e->name.size), accepted);
}

static gx_status read_number(double *io, const entry *e, const char *field) {
    const gx_value *v = gx_map_get(e->fields, field);
    if (!v || v->type == GX_NIL) {
        return GX_OK;
    }
    double number = v->type == GX_INT ? (double)v->as.integer : v->as.real;
    if ((v->type != GX_INT && v->type != GX_REAL) || !(fabs(number) <= 1e6)) {
        return wrong(e, field, "a number from -1000000 to 1000000");
    }
    *io = number;
    return GX_OK;
}

static gx_status read_flag(bool *io, const entry *e, const char *field) {
    const gx_value *v = gx_map_get(e->fields, field);
    if (!v || v->type == GX_NIL) {
        return GX_OK;
    }
    if (v->type != GX_BOOL) {
        return wrong(e, field, "true or false");
    }
    *io = v->as.boolean;
    return GX_OK;
}

/* "30d", or a number of milliseconds; 0: never fades. */
static gx_status read_half_life(double *io, const entry *e) {
    const gx_value *v = gx_map_get(e->fields, "half_life");
    int64_t ms = -1;
    if (!v || v->type == GX_NIL) {
        return GX_OK;
    }
    if (v->type == GX_INT) {
        ms = v->as.integer;
    } else if (v->type == GX_TEXT && !gx_parse_duration_ms((gx_slice){v->as.text, v->size}, &ms)) {
        ms = -1;
    }
    if (ms < 0) {
        return wrong(e, "half_life", "a duration like \"30d\", or milliseconds; 0: never fades");
    }
    *io = (double)ms;
    return GX_OK;
}

static gx_status check_fields(const entry *e, const char *const *names, size_t count) {
    char quoted[64], name[64];
    if (e->fields->type != GX_MAP) {
        return gx_fail_at(e->err, GX_BAD_REQUEST, e->setting, "%s is a map of fields",
                          gx_quote(quoted, sizeof quoted, e->name.data, e->name.size));
    }
    for (uint32_t i = 0; i < e->fields->size; i++) {
        const gx_value *key = &e->fields->as.pairs[i].key;
        bool known = false;
        for (size_t n = 0; n < count; n++) {
            known |= gx_slice_is((gx_slice){key->as.text, key->size}, names[n]);
        }
        if (!known) {
            return wrong(e, gx_quote(name, sizeof name, key->as.text, key->size),
                         "not a field of it");
        }
    }
    return GX_OK;
}

static gx_status override_kind(gx_kind_rule *rule, const entry *e) {
    static const char *const names[] = {"weight", "directed", "blocks", "acts"};
    double weight = (double)rule->weight;
    gx_status status;
    GX_TRY(check_fields(e, names, GX_COUNT(names)));
    GX_TRY(read_number(&weight, e, "weight"));
    if (weight < 0) {
        return wrong(e, "weight", "not negative; 0: not a social tie");
    }
    rule->weight = (float)weight;
    GX_TRY(read_flag(&rule->directed, e, "directed"));
    GX_TRY(read_flag(&rule->blocks, e, "blocks"));
    GX_TRY(read_flag(&rule->acts, e, "acts"));
done:
    return status;
}

static gx_status override_action(gx_action_rule *rule, const entry *e) {
    static const char *const names[] = {"weight", "half_life", "purchase", "share", "scaled"};
    double weight = (double)rule->weight;
    gx_status status;
    GX_TRY(check_fields(e, names, GX_COUNT(names)));
    GX_TRY(read_number(&weight, e, "weight"));
    rule->weight = (float)weight;
    GX_TRY(read_half_life(&rule->half_life_ms, e));
    GX_TRY(read_flag(&rule->is_purchase, e, "purchase"));
    GX_TRY(read_flag(&rule->is_share, e, "share"));
    GX_TRY(read_flag(&rule->scaled, e, "scaled"));
done:
    return status;
}

/* The entry of `name` in a setting; *out is NULL where there is none. */
static gx_status find_entry(const gx_value **out, const gx_value *setting, const char *which,
                            gx_slice name, gx_error *err) {
    *out = NULL;
    if (setting->type == GX_NIL) {
        return GX_OK;
    }
    if (setting->type != GX_MAP) {
        return gx_fail_at(err, GX_BAD_REQUEST, which, "the setting is a map by name");
    }
    for (uint32_t i = 0; i < setting->size; i++) {
        const gx_value *key = &setting->as.pairs[i].key;
        if (gx_slice_equal((gx_slice){key->as.text, key->size}, name)) {
            *out = &setting->as.pairs[i].value;
        }
    }
    return GX_OK;
}

/* ---- load -------------------------------------------------------------------------------- */

static void name_rule(char to[32], gx_slice name) {
    snprintf(to, 32, "%.*s", (int)name.size, name.data);
}

static gx_status load_kinds(gx_rules *rules, gx_txn *txn, const gx_value *setting, gx_error *err) {
    gx_status status = GX_OK;
    for (uint32_t id = 0; id < rules->kind_count; id++) {
        gx_slice name = gx_word_name(txn, GX_SPACE_TIE_KIND, id);
        entry e = {.setting = "tie_kinds", .name = name, .err = err};
        rules->kinds[id] = *gx_kind_rule_default(name);
        name_rule(rules->kinds[id].name, name);
        GX_TRY(find_entry(&e.fields, setting, e.setting, name, err));
        if (e.fields) {
            GX_TRY(override_kind(&rules->kinds[id], &e));
        }
    }
done:
    return status;
}

static gx_status load_actions(gx_rules *rules, gx_txn *txn, const gx_value *setting,
                              gx_error *err) {
    gx_status status = GX_OK;
    for (uint32_t id = 0; id < rules->action_count; id++) {
        gx_slice name = gx_word_name(txn, GX_SPACE_ACTION, id);
        entry e = {.setting = "actions", .name = name, .err = err};
        rules->actions[id] = *gx_action_rule_default(name);
        name_rule(rules->actions[id].name, name);
        GX_TRY(find_entry(&e.fields, setting, e.setting, name, err));
        if (e.fields) {
            GX_TRY(override_action(&rules->actions[id], &e));
        }
    }
done:
    return status;
}

gx_status gx_rules_load(gx_rules *out, gx_txn *txn, gx_error *err) {
    gx_rules rules = {.kind_count = gx_word_count(txn, GX_SPACE_TIE_KIND),
                      .action_count = gx_word_count(txn, GX_SPACE_ACTION)};
    gx_value kinds_setting, actions_setting;
    gx_status status;
    gx_arena *arena = gx_arena_create();
    rules.kinds = gx_alloc0(rules.kind_count + 1, sizeof *rules.kinds);
    rules.actions = gx_alloc0(rules.action_count + 1, sizeof *rules.actions);
    if (!arena || !rules.kinds || !rules.actions) {
        status = gx_fail_memory(err, (rules.kind_count + 1) * sizeof *rules.kinds +
                                         (rules.action_count + 1) * sizeof *rules.actions);
        goto done;
    }
    GX_TRY(gx_setting_get(&kinds_setting, txn, arena, "tie_kinds", err));
    GX_TRY(gx_setting_get(&actions_setting, txn, arena, "actions", err));
    GX_TRY(load_kinds(&rules, txn, &kinds_setting, err));
    GX_TRY(load_actions(&rules, txn, &actions_setting, err));
    *out = rules;
done:
    if (status != GX_OK) {
        gx_rules_finish(&rules);
    }
    gx_arena_destroy(arena);
    return status;
}

void gx_rules_finish(gx_rules *rules) {
    if (rules) {
        gx_free(rules->kinds);
        gx_free(rules->actions);
        *rules = (gx_rules){0};
    }
}
