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

/* What a row of the table of actions may say beside its weight and half-life. */
#define BUYS .is_purchase = true
#define SPREADS .is_share = true
#define STARS .scaled = true
#define AGAIN .repeat = true
#define UNDOES(what) .undoes = what
#define PLAIN(text, w, days)                                                                       \
    {.name = text, .weight = (w), .half_life_ms = DAYS(days), .known = true}
#define ACTION(text, w, days, ...)                                                                 \
    {.name = text, .weight = (w), .half_life_ms = DAYS(days), .known = true, __VA_ARGS__}

static const gx_action_rule actions[] = {
    PLAIN("view", 1.0f, 30),
    PLAIN("impression_click", 1.5f, 30),
    PLAIN("click", 1.5f, 30),
    PLAIN("search", 1.0f, 14),
    PLAIN("read", 2.0f, 90),
    PLAIN("watch", 2.0f, 90),
    ACTION("play", 2.0f, 90, AGAIN),
    ACTION("listen", 2.0f, 90, AGAIN),
    PLAIN("like", 2.0f, 90),
    PLAIN("comment", 2.0f, 90),
    PLAIN("favorite", 3.0f, 180),
    PLAIN("wishlist", 3.0f, 180),
    PLAIN("cart", 3.0f, 60),
    ACTION("checkin", 3.0f, 180, AGAIN),
    ACTION("share", 3.0f, 90, SPREADS),
    ACTION("repost", 3.0f, 90, SPREADS),
    ACTION("recommend", 4.0f, 180, SPREADS),
    ACTION("show", 4.0f, 180, SPREADS),
    ACTION("review", 4.0f, 365, STARS),
    ACTION("rate", 5.0f, 730, STARS),
    ACTION("rating", 5.0f, 730, STARS),
    ACTION("buy", 5.0f, 365, BUYS),
    ACTION("purchase", 5.0f, 365, BUYS),
    ACTION("order", 5.0f, 365, BUYS),
    ACTION("redeem", 4.0f, 180, BUYS),
    ACTION("join", 5.0f, 365, BUYS), /* an event, as the next two */
    ACTION("signup", 5.0f, 365, BUYS),
    ACTION("attend", 5.0f, 365, BUYS),
    PLAIN("impression", 0.0f, 0),
    ACTION("uncart", 0.0f, 0, UNDOES("cart")),
    ACTION("unlike", 0.0f, 0, UNDOES("like")),
    ACTION("unfavorite", 0.0f, 0, UNDOES("favorite")),
    ACTION("unwish", 0.0f, 0, UNDOES("wishlist")),
    ACTION("cancel", 0.0f, 0, UNDOES(GX_UNDOES_PURCHASE)),
    PLAIN("dislike", -3.0f, 365),
    PLAIN("hide", -3.0f, 365),
    PLAIN("complain", -4.0f, 365),
    ACTION("return", -5.0f, 365, UNDOES(GX_UNDOES_PURCHASE)),
    ACTION("refund", -5.0f, 365, UNDOES(GX_UNDOES_PURCHASE)),
};
static const gx_action_rule unknown_action = {.weight = 1.0f, .half_life_ms = DAYS(30)};

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

const gx_action_rule *gx_action_rule_at(size_t index) {
    return index < GX_COUNT(actions) ? &actions[index] : NULL;
}

const gx_action_rule *gx_action_rule_of(const gx_rules *rules, gx_txn *txn, uint32_t action) {
    return action < rules->action_count
               ? &rules->actions[action]
               : gx_action_rule_default(gx_word_name(txn, GX_SPACE_ACTION, action));
}

const gx_action_rule *gx_action_rule_named(const gx_rules *rules, const char *name) {
    for (uint32_t id = 0; id < rules->action_count; id++) {
        if (strcmp(rules->actions[id].name, name) == 0) {
            return &rules->actions[id];
        }
    }
    return gx_action_rule_default(gx_slice_of(name));
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
    char quoted[64], shown[64];
    const gx_value *given = gx_map_get(e->fields, field);
    return gx_fail_at(e->err, GX_BAD_REQUEST, e->setting, "`%s` of %s is %s%s%s", field,
                      gx_quote(quoted, sizeof quoted, e->name.data, e->name.size), accepted,
                      given ? "; given is " : "",
                      given ? gx_value_shown(shown, sizeof shown, given) : "");
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

gx_status gx_kind_rules_check(const gx_value *setting, gx_error *err) {
    gx_status status = GX_OK;
    for (uint32_t i = 0; status == GX_OK && setting->type == GX_MAP && i < setting->size; i++) {
        const gx_pair *pair = &setting->as.pairs[i];
        const entry e = {.setting = "tie_kinds",
                         .name = {pair->key.as.text, pair->key.size},
                         .fields = &pair->value,
                         .err = err};
        gx_kind_rule rule = *gx_kind_rule_default(e.name);
        status = override_kind(&rule, &e);
    }
    return status;
}

/* The weight with its polarity: a weight below 0 is one of polarity −1. */
static gx_status read_weight(float *io, const entry *e) {
    const double before = (double)*io;
    double weight = before, polarity = NAN;
    gx_status status;
    GX_TRY(read_number(&weight, e, "weight"));
    GX_TRY(read_number(&polarity, e, "polarity"));
    if (!isnan(polarity) && polarity != -1 && polarity != 0 && polarity != 1) {
        return wrong(e, "polarity", "1 (for the item), -1 (against it) or 0 (neither)");
    }
    if (polarity == 1 && weight < 0 && weight != before) {
        return wrong(e, "weight", "not negative where polarity is 1");
    }
    if (!isnan(polarity)) {
        weight = polarity == 0 ? 0 : polarity * fabs(weight);
    }
    *io = (float)weight;
done:
    return status;
}

/* At 5 no star would be for the item. */
static gx_status read_centre(float *io, const entry *e) {
    double centre = (double)*io;
    gx_status status = read_number(&centre, e, "centre");
    if (status == GX_OK && !(centre >= 0 && centre <= 4)) {
        return wrong(e, "centre", "a number from 0 to 4: stars below it are against the item");
    }
    *io = (float)centre;
    return status;
}

static gx_status read_undoes(char io[32], const entry *e) {
    const gx_value *v = gx_map_get(e->fields, "undoes");
    if (!v || v->type == GX_NIL) {
        return GX_OK;
    }
    if (v->type != GX_TEXT || v->size > 31 || memchr(v->as.text, 0, v->size)) {
        return wrong(e, "undoes", "\"purchase\", the name of an action, or \"\" for none");
    }
    snprintf(io, 32, "%.*s", (int)v->size, v->as.text);
    return GX_OK;
}

static gx_status override_action(gx_action_rule *rule, const entry *e) {
    static const char *const names[] = {"weight", "half_life", "polarity", "repeat", "purchase",
                                        "share",  "scaled",    "centre",   "undoes"};
    gx_action_rule changed = *rule;
    gx_status status;
    GX_TRY(check_fields(e, names, GX_COUNT(names)));
    GX_TRY(read_weight(&changed.weight, e));
    GX_TRY(read_half_life(&changed.half_life_ms, e));
    GX_TRY(read_flag(&changed.repeat, e, "repeat"));
    GX_TRY(read_flag(&changed.is_purchase, e, "purchase"));
    GX_TRY(read_flag(&changed.is_share, e, "share"));
    GX_TRY(read_flag(&changed.scaled, e, "scaled"));
    GX_TRY(read_centre(&changed.centre, e));
    GX_TRY(read_undoes(changed.undoes, e));
    if (changed.is_purchase && changed.undoes[0]) {
        return wrong(e, "undoes", "for an action that is no purchase");
    }
    changed.known = true;
    *rule = changed;
done:
    return status;
}

gx_status gx_action_rule_change(gx_action_rule *io, gx_slice name, const gx_value *fields,
                                gx_error *err) {
    const entry e = {.setting = "actions", .name = name, .fields = fields, .err = err};
    return override_action(io, &e);
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
