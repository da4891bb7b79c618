/* exp.report: what the members of each arm did, and what of it chance would do as well. Members are
 * those in an arm by the hash (intention to treat), or those of them to whom something of the
 * experiment was shown; two passes, over impressions and events. What was taken back within the
 * time (a purchase returned or cancelled, a like unliked) does not count, nor does its amount:
 * graph/csr/signal.h. */
#include "api/eval/eval.h"
#include "api/eval/experiment.h"
#include "api/vector.h"
#include "graph/csr/signal.h"
#include "models/eval/eval.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* clang-format off */
static const gx_param params[] = {
    {"name", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, GX_PARAM_POSITIONAL,
     "the experiment; which there are, where none is named"},
    {"action", GX_PARAM_LIST, NULL, 1, 64, NULL, NULL, 0,
     "what counts, unless it was taken back (as defined, else purchases)"},
    {"since", GX_PARAM_TIME, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0, "from when (its start)"},
    {"until", GX_PARAM_TIME, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0, "until when (its end)"},
    {"among", GX_PARAM_CHOICE, "auto", GX_PARAM_UNCHECKED, NULL, "auto|all|exposed", 0,
     "which members: all, or those shown something of an arm (impressions whose arm is NAME:ARM or "
     "ARM); auto: exposed where there are such impressions"},
    {"level", GX_PARAM_REAL, "0.95", 0.5, 0.9999, NULL, NULL, 0, "of the intervals and the tests"},
};
/* clang-format on */

/* What is told of a member: a row adds a figure. */
typedef enum figure { CONVERTED, EVENTS, AMOUNT, FIGURES } figure;

static const struct {
    const char *name, *plural;
    bool is_share;
} figures[FIGURES] = {[CONVERTED] = {"converted", "members with an action", true},
                      [EVENTS] = {"events", "actions a member", false},
                      [AMOUNT] = {"amount", "amount a member", false}};

enum { SLOTS = GX_ARMS_MAX + 1 }; /* the arms, then the holdout */

static const double SAMPLE_RATIO_DOUBT = 0.001;

/* An event that may be taken back, or takes back. */
typedef struct waiting {
    gx_event_core core;
    double amount;
    uint32_t order;
} waiting;

typedef struct report {
    gx_call_env *call;
    gx_arena *arena;
    gx_txn *txn;
    gx_experiment e;
    int64_t since_ms, until_ms;
    bool exposed;     /* among those shown something */
    bool has_amounts; /* some event carries one */
    double level;
    uint32_t users, slots; /* slots in the answer: the arms and, among all, the holdout */
    uint32_t *slot;        /* members: arm, e.arms for the holdout, GX_NONE for nobody */
    int64_t *from_ms;      /* members: when first shown something; INT64_MAX: never */
    double (*did)[FIGURES];
    bool *counts; /* by action */
    bool *waits;  /* by action: takes back, or can be taken back */
    uint32_t actions;
    vector waiting;   /* of waiting, in the order of time */
    vector deeds;     /* of gx_deed: of one member with one item */
    gx_value unknown; /* what is said of the experiment's actions that no event has */
    uint64_t crossed, seen;
    gx_arm_sums sums[SLOTS][FIGURES];
    uint64_t members[SLOTS];
    double expected[SLOTS]; /* shares by weight */
} report;

/* ---- reading ----------------------------------------------------------------------------------
 */

static gx_status look(report *r, gx_error *err) {
    return ++r->seen % 16384 == 0 ? gx_job_check(r->call->job, err) : GX_OK;
}

static gx_status take_member(void *user, uint32_t id, gx_slice word, gx_error *err) {
    report *r = user;
    if (id < r->users) {
        const uint32_t arm = gx_experiment_arm(&r->e, word);
        r->slot[id] = arm == GX_HOLDOUT ? r->e.arms : arm;
    }
    return look(r, err);
}

/* "NAME:ARM" or "ARM". */
static uint32_t arm_named(const report *r, gx_slice text) {
    const size_t size = strlen(r->e.name);
    if (text.size > size && text.data[size] == ':' && memcmp(text.data, r->e.name, size) == 0) {
        text = (gx_slice){text.data + size + 1, text.size - size - 1};
    }
    for (uint32_t a = 0; a < r->e.arms; a++) {
        if (gx_slice_is(text, r->e.arm[a])) {
            return a;
        }
    }
    return GX_NONE;
}

static gx_status take_impression(void *user, const gx_impression *row, gx_error *err) {
    report *r = user;
    const uint32_t arm = arm_named(r, row->arm);
    if (arm != GX_NONE && row->ts_ms >= r->since_ms && row->ts_ms < r->until_ms &&
        row->user < r->users) {
        r->crossed += arm != r->slot[row->user];
        if (row->ts_ms < r->from_ms[row->user]) {
            r->from_ms[row->user] = row->ts_ms;
        }
    }
    return look(r, err);
}

static void count_deed(report *r, uint32_t user, double amount) {
    double *did = r->did[user];
    did[CONVERTED] = 1;
    did[EVENTS]++;
    if (!isnan(amount)) {
        did[AMOUNT] += amount;
        r->has_amounts = true;
    }
}

/* What can be taken back waits until all is read; the rest counts at once. */
static gx_status take_event(void *user, const gx_event *event, gx_error *err) {
    report *r = user;
    if (event->action >= r->actions || event->user >= r->users ||
        (r->exposed && event->ts_ms < r->from_ms[event->user])) {
        return look(r, err);
    }
    if (event->item != GX_NONE && r->waits[event->action]) {
        waiting *w;
        const gx_status status = vector_push(&w, &r->waiting, r->call->job, err);
        if (status != GX_OK) {
            return status;
        }
        *w = (waiting){.core = {.ts_ms = event->ts_ms,
                                .user = event->user,
                                .item = event->item,
                                .action = event->action,
                                .value = event->value},
                       .amount = event->amount,
                       .order = (uint32_t)(r->waiting.count - 1)};
    } else if (r->counts[event->action]) {
        count_deed(r, event->user, event->amount);
    }
    return look(r, err);
}

static int by_user_item(const void *a, const void *b) {
    const waiting *x = a, *y = b;
    if (x->core.user != y->core.user) {
        return x->core.user < y->core.user ? -1 : 1;
    }
    if (x->core.item != y->core.item) {
        return x->core.item < y->core.item ? -1 : 1;
    }
    return (x->order > y->order) - (x->order < y->order);
}

/* Of what one member did with one item, oldest first, that which nothing later took back. */
static gx_status count_run(report *r, const waiting *run, size_t count, gx_error *err) {
    gx_signal signal;
    gx_deed *deeds = vector_room(&r->deeds, count);
    if (!deeds) {
        return gx_fail_memory(err, count * sizeof *deeds);
    }
    for (size_t k = 0; k < count; k++) {
        const gx_action_rule *rule =
            gx_action_rule_of(&r->call->state->rules, r->txn, run[k].core.action);
        deeds[k] = gx_deed_of(&run[k].core, rule, (uint32_t)k);
    }
    gx_signal_make(&signal, deeds, count, 0, false);
    for (size_t k = 0; k < count; k++) {
        if (r->counts[deeds[k].action] && !deeds[k].undone) {
            count_deed(r, run[k].core.user, run[k].amount);
        }
    }
    return GX_OK;
}

static gx_status count_waiting(report *r, gx_error *err) {
    waiting *all = r->waiting.data;
    gx_status status = GX_OK;
    if (r->waiting.count > 1) {
        qsort(all, r->waiting.count, sizeof *all, by_user_item);
    }
    for (size_t from = 0, to; status == GX_OK && from < r->waiting.count; from = to) {
        for (to = from + 1; to < r->waiting.count && all[to].core.user == all[from].core.user &&
                            all[to].core.item == all[from].core.item;
             to++) {
        }
        status = count_run(r, all + from, to - from, err);
        status = status == GX_OK ? look(r, err) : status;
    }
    return status;
}

static bool is_purchase(const gx_action_rule *rule) {
    return rule->is_purchase;
}

/* What waits is what takes back, and what it can take back. What was asked for by name counts, and
 * takes nothing back; a name that no event has is refused where the caller gives it, and counts 0
 * where the experiment does. */
static gx_status choose_actions(report *r, gx_error *err) {
    const gx_rules *rules = &r->call->state->rules;
    const gx_value *given = gx_arg_value(r->call->args, "action");
    gx_value named = *given;
    gx_job *job = r->call->job;
    gx_status status;
    bool takes_back = false;
    if (given->type != GX_LIST) {
        GX_TRY(gx_experiment_actions(&named, &r->unknown, &r->e, r->txn, r->arena, err));
    }
    GX_TRY(
        gx_actions_choose(&r->counts, &r->actions, r->txn, rules, &named, is_purchase, job, err));
    GX_TRY(gx_job_alloc(job, &r->waits, r->actions, sizeof *r->waits, err));
    for (uint32_t a = 0; a < r->actions; a++) {
        const gx_action_rule *rule = gx_action_rule_of(rules, r->txn, a);
        const bool undoes = rule->undoes[0] != '\0';
        r->waits[a] = undoes ? !r->counts[a] : r->counts[a] || rule->is_purchase;
        takes_back |= undoes && r->waits[a];
    }
    for (uint32_t a = 0; !takes_back && a < r->actions; a++) {
        r->waits[a] = false; /* nothing can be taken back */
    }
done:
    return status;
}

static gx_status read_all(report *r, gx_error *err) {
    gx_job *job = r->call->job;
    gx_status status;
    uint64_t exposed = 0;
    r->users = gx_word_count(r->txn, GX_SPACE_USER);
    gx_job_stage(job, "experiment", 0);
    GX_TRY(choose_actions(r, err));
    GX_TRY(gx_job_alloc(job, &r->slot, r->users, sizeof *r->slot, err));
    GX_TRY(gx_job_alloc(job, &r->from_ms, r->users, sizeof *r->from_ms, err));
    GX_TRY(gx_job_alloc(job, &r->did, r->users, sizeof *r->did, err));
    for (uint32_t u = 0; u < r->users; u++) {
        r->slot[u] = GX_NONE;
        r->from_ms[u] = INT64_MAX;
    }
    GX_TRY(gx_word_each(r->txn, GX_SPACE_USER, take_member, r, err));
    GX_TRY(gx_impression_each(r->txn, take_impression, r, err));
    for (uint32_t u = 0; u < r->users; u++) {
        exposed += r->from_ms[u] != INT64_MAX;
    }
    r->exposed = gx_arg_is(r->call->args, "among", "exposed") ||
                 (gx_arg_is(r->call->args, "among", "auto") && exposed > 0);
    if (r->exposed && exposed == 0) {
        GX_TRY(gx_fail_at(err, GX_CONFLICT, "among",
                          "no impression from %s on is of an arm of %s (its arm would be %s:%s); "
                          "--among all takes every member",
                          "its start", r->e.name, r->e.name, r->e.arm[0]));
    }
    GX_TRY(
        gx_view_each(r->txn, r->since_ms, r->until_ms, "reading events", take_event, r, job, err));
    GX_TRY(count_waiting(r, err));
done:
    return status;
}

static void sum_members(report *r) {
    double weights = 0;
    r->slots = r->e.arms + (!r->exposed && r->e.holdout > 0);
    for (uint32_t u = 0; u < r->users; u++) {
        const uint32_t slot = r->slot[u];
        if (slot >= r->slots || (r->exposed && r->from_ms[u] == INT64_MAX)) {
            continue;
        }
        r->members[slot]++;
        for (int f = 0; f < FIGURES; f++) {
            gx_arm_sums *sums = &r->sums[slot][f];
            sums->count++;
            sums->sum += r->did[u][f];
            sums->squares += r->did[u][f] * r->did[u][f];
        }
    }
    for (uint32_t a = 0; a < r->e.arms; a++) {
        weights += r->e.weight[a];
    }
    const double held = r->slots > r->e.arms ? r->e.holdout : 0;
    for (uint32_t s = 0; s < r->slots; s++) {
        r->expected[s] = s < r->e.arms ? (1 - held) * r->e.weight[s] / weights : held;
    }
}

/* ---- telling ----------------------------------------------------------------------------------
 */

static const char *slot_name(const report *r, uint32_t slot) {
    return slot < r->e.arms ? r->e.arm[slot] : "holdout";
}

static int figure_count(const report *r) {
    return r->has_amounts ? FIGURES : AMOUNT;
}

static void put_real(report *r, gx_value *row, const char *name, double value) {
    gx_map_put(r->arena, row, name, isnan(value) ? gx_nil() : gx_real(value));
}

static void put_three(report *r, gx_value *row, const char *name, double value, double low,
                      double high) {
    const char *low_name = gx_arena_printf(r->arena, "%s_low", name);
    const char *high_name = gx_arena_printf(r->arena, "%s_high", name);
    put_real(r, row, name, value);
    put_real(r, row, low_name ? low_name : "", low);
    put_real(r, row, high_name ? high_name : "", high);
}

static gx_value arm_rows(report *r) {
    gx_value list = gx_list(r->arena, r->slots);
    double all = 0;
    for (uint32_t s = 0; s < r->slots; s++) {
        all += (double)r->members[s];
    }
    for (uint32_t s = 0; s < r->slots; s++) {
        gx_value row = gx_map(r->arena, 16);
        gx_map_put(r->arena, &row, "arm", gx_str(slot_name(r, s)));
        gx_map_put(r->arena, &row, "members", gx_int((int64_t)r->members[s]));
        put_real(r, &row, "share", all > 0 ? (double)r->members[s] / all : (double)NAN);
        gx_map_put(r->arena, &row, "expected_share", gx_real(r->expected[s]));
        for (int f = 0; f < figure_count(r); f++) {
            const gx_interval of = gx_arm_mean(&r->sums[s][f], figures[f].is_share, r->level);
            put_three(r, &row, figures[f].name, of.mean, of.low, of.high);
        }
        gx_list_add(r->arena, &list, row);
    }
    return list;
}

/* Of one figure, every slot but the control against it; p of all of them together in held. */
static void compare_all(const report *r, int f, gx_arm_test *tests, double *held) {
    for (uint32_t s = 1; s < r->slots; s++) {
        gx_arm_compare(&tests[s], &r->sums[s][f], &r->sums[0][f], figures[f].is_share, r->level);
        held[s] = tests[s].p;
    }
    gx_holm(held + 1, r->slots - 1);
}

static const char *better_of(const report *r, uint32_t s, const gx_arm_test *of, double held) {
    return isnan(held) || held > 1 - r->level || of->difference == 0 ? NULL
           : of->difference > 0                                      ? slot_name(r, s)
                                                                     : slot_name(r, 0);
}

static gx_value test_row(report *r, int f, uint32_t s, const gx_arm_test *of, double held) {
    gx_value row = gx_map(r->arena, 16);
    const char *better = better_of(r, s, of, held);
    gx_map_put(r->arena, &row, "arm", gx_str(slot_name(r, s)));
    gx_map_put(r->arena, &row, "against", gx_str(slot_name(r, 0)));
    gx_map_put(r->arena, &row, "figure", gx_str(figures[f].name));
    put_three(r, &row, "difference", of->difference, of->low, of->high);
    put_three(r, &row, "lift", of->lift, of->lift_low, of->lift_high);
    static const char *const by[] = {
        [GX_ARM_TOO_FEW] = "too few", [GX_ARM_WELCH] = "welch", [GX_ARM_FISHER] = "fisher"};
    gx_map_put(r->arena, &row, "by", gx_str(by[of->by]));
    put_real(r, &row, "p", of->p);
    put_real(r, &row, "p_all", held);
    gx_map_put(r->arena, &row, "better", better ? gx_str(better) : gx_nil());
    return row;
}

static void add_verdict(report *r, gx_value *verdicts, int f, uint32_t s, const gx_arm_test *of,
                        double held) {
    const char *better = better_of(r, s, of, held), *arm = slot_name(r, s);
    if (of->by == GX_ARM_TOO_FEW) {
        const char *few = gx_arena_printf(
            r->arena, "too few members to tell %s from %s: %llu and %llu", arm, slot_name(r, 0),
            (unsigned long long)r->members[s], (unsigned long long)r->members[0]);
        gx_list_add(r->arena, verdicts, gx_str(few ? few : ""));
        return;
    }
    const char *text = gx_arena_printf(
        r->arena, "%s%s%s%s: %s %.4f against %.4f, difference %+.4f (%g%%: %+.4f to %+.4f), p %.2g",
        better ? "" : "the data cannot tell ", arm,
        !better         ? " from "
        : better == arm ? " is better than "
                        : " is worse than ",
        slot_name(r, 0), figures[f].plural, r->sums[s][f].sum / r->sums[s][f].count,
        r->sums[0][f].sum / r->sums[0][f].count, of->difference, 100 * r->level, of->low, of->high,
        held);
    gx_list_add(r->arena, verdicts, gx_str(text ? text : ""));
}

static void put_tests(report *r, gx_value *out, gx_value *verdicts) {
    gx_value list = gx_list(r->arena, SLOTS);
    for (int f = 0; f < figure_count(r); f++) {
        gx_arm_test tests[SLOTS] = {{0}};
        double held[SLOTS] = {0};
        compare_all(r, f, tests, held);
        for (uint32_t s = 1; s < r->slots; s++) {
            gx_list_add(r->arena, &list, test_row(r, f, s, &tests[s], held[s]));
            if (f == CONVERTED) {
                add_verdict(r, verdicts, f, s, &tests[s], held[s]);
            }
        }
    }
    gx_map_put(r->arena, out, "tests", list);
}

static void put_ratio(report *r, gx_value *out, gx_value *verdicts) {
    const double p = gx_sample_ratio(r->members, r->expected, r->slots);
    const bool doubt = p < SAMPLE_RATIO_DOUBT;
    gx_value ratio = gx_map(r->arena, 2);
    put_real(r, &ratio, "p", p);
    gx_map_put(r->arena, &ratio, "good", gx_bool(!doubt));
    gx_map_put(r->arena, out, "sample_ratio", ratio);
    if (doubt) {
        const char *text = gx_arena_printf(
            r->arena,
            "do not trust what follows: the arms' sizes do not fit their weights (p %.2g); "
            "look for what keeps members of one arm from being counted",
            p);
        gx_list_add(r->arena, verdicts, gx_str(text ? text : ""));
    }
    if (r->crossed) {
        const char *text = gx_arena_printf(
            r->arena, "%llu %s an arm that is not theirs", (unsigned long long)r->crossed,
            gx_plural(r->crossed, "impression shows a member", "impressions show members"));
        gx_list_add(r->arena, verdicts, gx_str(text ? text : ""));
    }
}

static const char *time_text(report *r, int64_t time_ms) {
    char text[32];
    const char *copy = time_ms == INT64_MAX
                           ? "open"
                           : gx_arena_printf(r->arena, "%s", gx_format_time_ms(text, time_ms));
    return copy ? copy : "";
}

static gx_status answer(gx_value *out, report *r, gx_error *err) {
    gx_value map = gx_map(r->arena, 12), verdicts = gx_list(r->arena, 8);
    gx_map_put(r->arena, &map, "experiment", gx_str(r->e.name));
    gx_map_put(r->arena, &map, "among", gx_str(r->exposed ? "exposed" : "all"));
    gx_map_put(r->arena, &map, "since", gx_str(time_text(r, r->since_ms)));
    gx_map_put(r->arena, &map, "until", gx_str(time_text(r, r->until_ms)));
    gx_map_put(r->arena, &map, "crossed", gx_int((int64_t)r->crossed));
    put_ratio(r, &map, &verdicts);
    for (uint32_t i = 0; r->unknown.type == GX_LIST && i < r->unknown.size; i++) {
        gx_list_add(r->arena, &verdicts, r->unknown.as.items[i]);
    }
    gx_map_put(r->arena, &map, "arms", arm_rows(r));
    put_tests(r, &map, &verdicts);
    gx_map_put(r->arena, &map, "verdicts", verdicts);
    *out = map;
    return gx_arena_status(r->arena) == GX_OK ? GX_OK
                                              : gx_fail_memory(err, gx_arena_bytes(r->arena));
}

/* ---- the whole --------------------------------------------------------------------------------
 */

/* {experiments: [{experiment, arms, …}]} */
static gx_status list_all(gx_value *out, report *r, gx_error *err) {
    gx_value all;
    gx_status status = gx_experiments_read(&all, r->txn, r->arena, err);
    gx_value list = gx_list(r->arena, 4);
    for (uint32_t i = 0; status == GX_OK && i < all.size; i++) {
        gx_value row = gx_map(r->arena, 10);
        gx_map_put(r->arena, &row, "experiment", all.as.pairs[i].key);
        for (uint32_t k = 0; k < all.as.pairs[i].value.size; k++) {
            const gx_pair *pair = &all.as.pairs[i].value.as.pairs[k];
            gx_map_put_text(r->arena, &row, pair->key, pair->value);
        }
        gx_list_add(r->arena, &list, row);
    }
    *out = gx_map(r->arena, 1);
    gx_map_put(r->arena, out, "experiments", list);
    return status;
}

static gx_status make(gx_value *out, report *r, gx_error *err) {
    const gx_args *args = r->call->args;
    gx_status status;
    if (!gx_arg_has(args, "name")) {
        return list_all(out, r, err);
    }
    GX_TRY(gx_experiment_find(&r->e, r->txn, r->arena, "name", gx_arg_text(args, "name"), err));
    r->since_ms = gx_arg_has(args, "since") ? gx_arg_int(args, "since") : r->e.start_ms;
    r->until_ms = gx_arg_has(args, "until") ? gx_arg_int(args, "until") : r->e.end_ms;
    r->level = gx_arg_real(args, "level");
    GX_TRY(gx_times_in_order(args, "since", r->since_ms, "until", r->until_ms, err));
    GX_TRY(read_all(r, err));
    sum_members(r);
    GX_TRY(answer(out, r, err));
done:
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    report *r = gx_alloc0(1, sizeof *r);
    if (!r) {
        return gx_fail_memory(err, sizeof *r);
    }
    r->call = call;
    r->arena = call->arena;
    r->waiting.size = sizeof(waiting);
    r->deeds.size = sizeof(gx_deed);
    gx_status status = gx_txn_read(&r->txn, call->db->store, err);
    if (status == GX_OK) {
        status = make(out, r, err);
    }
    gx_txn_abort(r->txn);
    gx_job_free(call->job, r->slot);
    gx_job_free(call->job, r->from_ms);
    gx_job_free(call->job, r->did);
    gx_job_free(call->job, r->counts);
    gx_job_free(call->job, r->waits);
    vector_finish(&r->waiting, r->call->job);
    gx_free(r->deeds.data);
    gx_free(r);
    return status;
}

const gx_method gx_method_exp_report = {
    .name = "exp.report",
    .summary = "what the members of each arm did, and whether chance would do as well",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_LONG,
    .params = params,
    .param_count = GX_COUNT(params),
    .result =
        "{experiment, among, since, until, crossed, sample_ratio: {p, good}, arms: [{arm, members, "
        "share, expected_share, converted, converted_low, converted_high, events, …, amount?, …}], "
        "tests: [{arm, against, figure, difference, …, lift, …, by, p, p_all, better}], verdicts} "
        "or "
        "{experiments: [{experiment, arms, holdout, …}]}",
    .run = run,
};
