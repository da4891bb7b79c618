/* credit.report: the ledger: every sale, who is credited with what of it, or paid what out of a
 * budget, to the coin; the same bytes for the same store state and arguments. docs/credit.md. */
#include "api/build/estimate.h"
#include "api/referral/credits.h"
#include "api/vector.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

static const gx_param params[] = {
    {"show", GX_PARAM_CHOICE, "ledger", GX_PARAM_UNCHECKED, NULL, "ledger|members|suspicious",
     GX_PARAM_POSITIONAL, "a line a sale and payee, a line a member, or suspicious members"},
    {"rule", GX_PARAM_CHOICE, "last", GX_PARAM_UNCHECKED, NULL, GX_CREDIT_CHOICES, 0,
     "how the pot of a sale is cut along its path"},
    {"delta", GX_PARAM_REAL, "0.5", 0.001, 0.999, NULL, NULL, 0,
     "of geometric, recursive and split-proof: what is passed up, in thousandths"},
    {"budget", GX_PARAM_ANY, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "paid out in all, like 1000.50 (the sales' own amounts)"},
    {"rate", GX_PARAM_REAL, NULL, 0, 1, NULL, NULL, 0,
     "paid out of each sale at the most, as a share of its amount; with a budget, at most that in "
     "all"},
    {"per", GX_PARAM_CHOICE, "amount", GX_PARAM_UNCHECKED, NULL, "amount|sale", 0,
     "the budget goes to sales in proportion to their amounts, or to all alike"},
    {"cap_sale", GX_PARAM_ANY, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "no sale's pot is above this amount"},
    {"cap_member", GX_PARAM_ANY, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "no member gets more than this amount in all; with a rate or cap_sale what is left is kept"},
    {"buyers", GX_PARAM_CHOICE, "auto", GX_PARAM_UNCHECKED, NULL, "auto|yes|no", 0,
     "whether buyers stand on the path themselves, nearest; auto: with split-proof alone"},
    {"hold", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "keep back what goes to suspicious members"},
    {"user", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, GX_PARAM_WHOM,
     "show only lines of this member"},
    GX_CREDIT_PARAMS,
    GX_ESTIMATE_PARAM,
};

enum { LINES_MOST = 2000000, LOOK = 4096 };

typedef struct report {
    gx_call_env *call;
    gx_arena *arena;
    gx_paths paths;
    gx_payout_spec spec;
    bool buyers, hold, per_sale;
    bool payout; /* a budget or a rate was given */
    double rate; /* NaN: none */
    gx_path path;
    gx_pot *pots; /* one a sale */
    vector paid;
    gx_payee *payees; /* of paid */
    uint64_t count;
    uint32_t *place; /* of each member by its id: numbers depend on the order of import */
    uint8_t *signs;
    int64_t kept, held;
    uint32_t only; /* GX_NONE: everybody */
    uint64_t referred, referred_coins;
} report;

/* ---- arguments ------------------------------------------------------------------------------- */

/* An amount, as a text or a number; −1: none was given. */
static gx_status read_coins(int64_t *out, const report *r, const char *name, gx_error *err) {
    const gx_value *value = gx_arg_value(r->call->args, name);
    const int decimals = (int)gx_arg_int(r->call->args, "decimals");
    double number;
    *out = -1;
    if (value->type == GX_NIL) {
        return GX_OK;
    }
    if (value->type == GX_TEXT) {
        if (gx_coins_parse(out, (gx_slice){value->as.text, value->size}, decimals)) {
            return GX_OK;
        }
    } else if (gx_value_as_real(value, &number) && gx_coins_exact(out, number, decimals)) {
        return GX_OK;
    }
    char shown[80] = "something else", most[GX_COINS_TEXT];
    if (value->type == GX_TEXT) {
        gx_quote(shown, sizeof shown, value->as.text, value->size);
    } else if (gx_value_as_real(value, &number)) {
        snprintf(shown, sizeof shown, "%.15g", number);
        if (strtod(shown, NULL) != number) {
            snprintf(shown, sizeof shown, "%.17g", number);
        }
    }
    return gx_fail_at(err, GX_BAD_REQUEST, name,
                      "%s: %s was given; accepted is an amount of 0 to %s with at most %d decimals "
                      "(see decimals)",
                      name, shown, gx_coins_text(most, GX_COINS_MAX, decimals), decimals);
}

/* Caps of 0 from here on are none. */
static gx_status check_caps(report *r, gx_error *err) {
    const struct {
        const char *name;
        int64_t *cap;
    } caps[] = {{"cap_sale", &r->spec.cap_sale}, {"cap_member", &r->spec.cap_member}};
    for (size_t i = 0; i < GX_COUNT(caps); i++) {
        if (*caps[i].cap == 0 || (*caps[i].cap > 0 && !r->payout)) {
            return gx_fail_at(err, GX_BAD_REQUEST, caps[i].name,
                              *caps[i].cap == 0
                                  ? "%s: 0 was given; a cap is more than 0, or left out"
                                  : "%s goes with a budget or a rate",
                              caps[i].name);
        }
        *caps[i].cap = *caps[i].cap < 0 ? 0 : *caps[i].cap;
    }
    return GX_OK;
}

static gx_status read_args(report *r, gx_error *err) {
    const gx_args *args = r->call->args;
    gx_payout_spec *spec = &r->spec;
    gx_status status;
    const gx_slice who = gx_arg_text(args, "user");
    spec->credit = (gx_credit_spec){gx_credit_rule_of(gx_arg_text(args, "rule")),
                                    (int)lround(gx_arg_real(args, "delta") * GX_DELTA_ONE),
                                    (double)gx_arg_int(args, "half_life")};
    r->buyers = gx_arg_is(args, "buyers", "yes") ||
                (gx_arg_is(args, "buyers", "auto") && spec->credit.rule == GX_CREDIT_SPLIT_PROOF);
    r->hold = gx_arg_bool(args, "hold");
    r->per_sale = gx_arg_is(args, "per", "sale");
    r->rate = gx_arg_has(args, "rate") ? gx_arg_real(args, "rate") : (double)NAN;
    r->only = GX_NONE;
    if (who.size) {
        GX_TRY(gx_need_word(&r->only, r->call->txn, GX_SPACE_USER, who, err));
    }
    GX_TRY(read_coins(&spec->budget, r, "budget", err));
    GX_TRY(read_coins(&spec->cap_sale, r, "cap_sale", err));
    GX_TRY(read_coins(&spec->cap_member, r, "cap_member", err));
    if (r->buyers && spec->credit.rule == GX_CREDIT_SHAPLEY) {
        GX_TRY(
            gx_fail_at(err, GX_BAD_REQUEST, "buyers",
                       "buyers yes does not go with shapley: no sale is made without its buyer"));
    }
    r->payout = spec->budget >= 0 || !isnan(r->rate);
    GX_TRY(check_caps(r, err));
    if (r->per_sale && (spec->budget < 0 || !isnan(r->rate))) {
        GX_TRY(gx_fail_at(err, GX_BAD_REQUEST, "per",
                          "per sale goes with a budget, and without a rate"));
    }
done:
    return status;
}

/* ---- pots and payees ------------------------------------------------------------------------- */

static gx_status add_sale(report *r, uint32_t i, gx_error *err) {
    const gx_credit_rule rule = r->spec.credit.rule;
    const uint32_t sale = r->paths.sales[i];
    const gx_log_act *act = &r->paths.log.acts[sale];
    double share[GX_PATH_MOST + 2];
    gx_path *path = &r->path;
    gx_status status;
    if (rule == GX_CREDIT_SHAPLEY) {
        GX_TRY(gx_path_all(path, &r->paths, sale, err));
    } else {
        GX_TRY(gx_path_chain(path, &r->paths, sale, rule == GX_CREDIT_SPLIT_PROOF, err));
    }
    if (path->count > 0) {
        r->referred++;
        r->referred_coins += (uint64_t)act->coins;
    }
    if (r->buyers) {
        GX_TRY(gx_path_put_buyer(path, act, err));
    }
    gx_credit_shares(share, &r->spec.credit, path->touch, path->count, path->direct);
    r->pots[i] = (gx_pot){
        .first = r->count, .count = path->count, .weight = r->per_sale ? 1 : (uint64_t)act->coins};
    for (uint32_t k = 0; k < path->count; k++) {
        gx_payee *payee;
        GX_TRY(vector_push(&payee, &r->paid, r->call->job, err));
        *payee =
            (gx_payee){path->touch[k].user, r->buyers ? k : path->touch[k].hop + 1, share[k], 0};
    }
    r->payees = r->paid.data;
    r->count = r->paid.count;
done:
    return status;
}

/* What is paid out: the budget, or so much of the sales' amounts, or all of them. */
static void fix_budget(report *r) {
    enum { MILLION = 1000000 };
    gx__wide sum = 0;
    for (uint32_t i = 0; i < r->paths.sale_count; i++) {
        sum += r->pots[i].count > 0 ? r->pots[i].weight : 0;
    }
    if (!isnan(r->rate)) {
        sum = sum * (uint64_t)llround(r->rate * MILLION) / MILLION;
    } else if (r->payout) {
        return;
    }
    const int64_t most = sum > (uint64_t)GX_COINS_MAX ? GX_COINS_MAX : (int64_t)sum;
    r->spec.rated = isnan(r->rate) ? 0 : most;
    r->spec.budget = r->spec.budget < 0 || r->spec.budget > most ? most : r->spec.budget;
}

typedef struct named {
    gx_slice id;
    uint32_t user;
} named;

static int by_name(const void *a, const void *b) {
    const named *x = a, *y = b;
    const int order = gx_slice_order(x->id, y->id);
    return order ? order : (x->user > y->user) - (x->user < y->user); /* those forgotten */
}

static bool needs_places(const report *r) {
    return r->spec.cap_member > 0 || !gx_arg_is(r->call->args, "show", "ledger");
}

static gx_status place_members(report *r, gx_error *err) {
    const uint32_t users = r->paths.users;
    gx_job *job = r->call->job;
    named *all = NULL;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &r->place, users, sizeof *r->place, err));
    GX_TRY(gx_job_alloc(job, &all, users, sizeof *all, err));
    for (uint32_t u = 0; u < users; u++) {
        all[u] = (named){gx_word_name(r->call->txn, GX_SPACE_USER, u), u};
    }
    if (users > 1) {
        qsort(all, users, sizeof *all, by_name);
    }
    for (uint32_t i = 0; i < users; i++) {
        r->place[all[i].user] = i;
    }
    r->spec.place = r->place;
done:
    gx_job_free(job, all);
    return status;
}

static gx_status settle(report *r, gx_error *err) {
    gx_job *job = r->call->job;
    gx_status status;
    const uint32_t sales = r->paths.sale_count;
    GX_TRY(gx_job_alloc(job, &r->pots, sales, sizeof *r->pots, err));
    gx_job_stage(job, "paths", sales);
    for (uint32_t i = 0; i < sales; i++) {
        GX_TRY(add_sale(r, i, err));
        if (i % LOOK == 0) {
            gx_job_tick(job, i);
            GX_TRY(gx_job_check(job, err));
        }
    }
    fix_budget(r);
    r->spec.users = r->paths.users;
    if (needs_places(r)) {
        GX_TRY(place_members(r, err));
    }
    GX_TRY(gx_payout_settle(r->payees, r->count, r->pots, sales, &r->kept, &r->spec, job, err));
    GX_TRY(gx_job_alloc(job, &r->signs, r->paths.users, sizeof *r->signs, err));
    GX_TRY(gx_signs_read(r->signs, &r->paths, gx_arg_int(r->call->args, "quick"), err));
    for (uint64_t i = 0; r->hold && i < r->count; i++) {
        r->held += gx_signs_suspicious(r->signs[r->payees[i].user]) ? r->payees[i].coins : 0;
    }
done:
    return status;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static gx_value user_value(const report *r, uint32_t user) {
    return gx_word_value(r->arena, r->call->txn, GX_SPACE_USER, user);
}

/* The event's id; one without is named by who, what and when. */
static const char *sale_name(char *out, size_t size, const report *r, const gx_log_act *act) {
    if (act->id) {
        return r->paths.log.ids + act->id;
    }
    char when[32];
    const gx_slice user = gx_word_name(r->call->txn, GX_SPACE_USER, act->user);
    const gx_slice item = act->item == GX_NONE
                              ? gx_slice_of("")
                              : gx_word_name(r->call->txn, GX_SPACE_ITEM, act->item);
    snprintf(out, size, "%.*s@%s#%.*s", (int)user.size, user.data,
             gx_format_time_ms(when, act->ts_ms), (int)item.size, item.data);
    return out;
}

/* A line of nothing is told only where the sale itself is worth nothing. */
static bool has_line(const gx_pot *pot, const gx_payee *payee) {
    return payee->coins > 0 || pot->coins == 0;
}

typedef struct sum {
    XXH3_state_t *hash;
    uint64_t lines;
} sum;

static void hash_text(sum *s, const char *text, size_t size) {
    XXH3_128bits_update(s->hash, text, size);
    XXH3_128bits_update(s->hash, "", 1);
}

static void hash_line(sum *s, const report *r, const gx_log_act *act, const gx_payee *payee) {
    char name[700], numbers[80];
    const char *sale = sale_name(name, sizeof name, r, act);
    const gx_slice user = gx_word_name(r->call->txn, GX_SPACE_USER, payee->user);
    hash_text(s, sale, strlen(sale));
    hash_text(s, user.data, user.size);
    const int size = snprintf(numbers, sizeof numbers, "%lld %lld %u %lld", (long long)act->ts_ms,
                              (long long)act->coins, payee->hop, (long long)payee->coins);
    hash_text(s, numbers, (size_t)size);
    s->lines++;
}

/* Over every line, whatever is shown: what they say, the rule, the budget, what is kept. */
static gx_status checksum(gx_value *out, uint64_t *out_lines, const report *r, gx_error *err) {
    char head[120], text[40];
    sum s = {XXH3_createState(), 0};
    if (!s.hash) {
        return gx_fail_memory(err, 1024);
    }
    XXH3_128bits_reset(s.hash);
    const int size =
        snprintf(head, sizeof head, "%s %d %lld %lld", gx_credit_name(r->spec.credit.rule),
                 r->spec.credit.delta, (long long)r->spec.budget, (long long)r->kept);
    hash_text(&s, head, (size_t)size);
    for (uint32_t i = 0; i < r->paths.sale_count; i++) {
        for (uint32_t k = 0; k < r->pots[i].count; k++) {
            const gx_payee *payee = &r->payees[r->pots[i].first + k];
            if (has_line(&r->pots[i], payee)) {
                hash_line(&s, r, &r->paths.log.acts[r->paths.sales[i]], payee);
            }
        }
    }
    const XXH128_hash_t hash = XXH3_128bits_digest(s.hash);
    XXH3_freeState(s.hash);
    snprintf(text, sizeof text, "xxh3:%016llx%016llx", (unsigned long long)hash.high64,
             (unsigned long long)hash.low64);
    *out = gx_text_copy(r->arena, text, strlen(text));
    *out_lines = s.lines;
    return GX_OK;
}

static gx_value line_of(const report *r, uint32_t i, const gx_payee *payee) {
    gx_arena *arena = r->arena;
    const gx_log_act *act = &r->paths.log.acts[r->paths.sales[i]];
    const uint32_t signs = r->signs[payee->user];
    char name[700];
    const char *sale = sale_name(name, sizeof name, r, act);
    gx_value row = gx_map(arena, 12);
    gx_map_put(arena, &row, "sale", gx_text_copy(arena, sale, strlen(sale)));
    gx_map_put(arena, &row, "ts", gx_int(act->ts_ms));
    gx_map_put(arena, &row, "buyer", user_value(r, act->user));
    gx_map_put(arena, &row, "item",
               act->item == GX_NONE ? gx_nil()
                                    : gx_word_value(arena, r->call->txn, GX_SPACE_ITEM, act->item));
    gx_map_put(arena, &row, "sale_minor", gx_int(act->coins));
    gx_map_put(arena, &row, "pot_minor", gx_int(r->pots[i].coins));
    gx_map_put(arena, &row, "member", user_value(r, payee->user));
    gx_map_put(arena, &row, "hop", gx_int(payee->hop));
    gx_map_put(arena, &row, "share", gx_real(payee->share));
    gx_map_put(arena, &row, "amount_minor", gx_int(payee->coins));
    gx_map_put(arena, &row, "rule", gx_str(gx_credit_name(r->spec.credit.rule)));
    gx_map_put(arena, &row, "flag",
               gx_str(!gx_signs_suspicious(signs) ? ""
                      : r->hold                   ? "held"
                                                  : "suspicious"));
    return row;
}

static gx_status show_ledger(gx_value *list, const report *r, uint64_t lines, gx_error *err) {
    if (lines > LINES_MOST && r->only == GX_NONE) {
        return gx_fail(err, GX_OVER_LIMIT,
                       "the ledger has %llu lines; at most %d are told at once: ask for less time "
                       "(since, until), or for members",
                       (unsigned long long)lines, LINES_MOST);
    }
    gx_status status = GX_OK;
    for (uint32_t i = 0; i < r->paths.sale_count; i++) {
        for (uint32_t k = 0; k < r->pots[i].count; k++) {
            const gx_payee *payee = &r->payees[r->pots[i].first + k];
            if (has_line(&r->pots[i], payee) && (r->only == GX_NONE || r->only == payee->user)) {
                gx_list_add(r->arena, list, line_of(r, i, payee));
            }
        }
        if (i % LOOK == 0) {
            GX_TRY(gx_call_bill(r->call, err));
            GX_TRY(gx_job_check(r->call->job, err));
        }
    }
    status = gx_call_bill(r->call, err);
done:
    return status;
}

/* ---- members --------------------------------------------------------------------------------- */

typedef struct account {
    uint32_t user, place;
    uint64_t sales;
    int64_t coins;
} account;

static int by_coins(const void *a, const void *b) {
    const account *x = a, *y = b;
    if (x->coins != y->coins) {
        return x->coins > y->coins ? -1 : 1;
    }
    return (x->place > y->place) - (x->place < y->place);
}

static gx_status show_members(gx_value *list, const report *r, bool suspicious, gx_error *err) {
    account *of = NULL;
    const uint32_t users = r->paths.users;
    gx_status status = gx_job_alloc(r->call->job, &of, users, sizeof *of, err);
    if (status != GX_OK) {
        return status;
    }
    for (uint32_t u = 0; u < users; u++) {
        of[u].user = u;
        of[u].place = r->place[u];
    }
    for (uint64_t i = 0; i < r->count; i++) {
        of[r->payees[i].user].sales++;
        of[r->payees[i].user].coins += r->payees[i].coins;
    }
    if (users > 1) {
        qsort(of, users, sizeof *of, by_coins);
    }
    for (uint32_t i = 0; i < users; i++) {
        const uint32_t signs = r->signs[of[i].user];
        const bool odd = gx_signs_suspicious(signs);
        if ((suspicious ? !odd : of[i].sales == 0) ||
            (r->only != GX_NONE && of[i].user != r->only)) {
            continue;
        }
        gx_value row = gx_map(r->arena, 5);
        gx_map_put(r->arena, &row, "member", user_value(r, of[i].user));
        gx_map_put(r->arena, &row, "sales", gx_int((int64_t)of[i].sales));
        gx_map_put(r->arena, &row, "amount_minor", gx_int(of[i].coins));
        gx_map_put(r->arena, &row, "held_minor", gx_int(odd && r->hold ? of[i].coins : 0));
        gx_map_put(r->arena, &row, "signs", gx_signs_value(r->arena, signs));
        gx_list_add(r->arena, list, row);
    }
    gx_job_free(r->call->job, of);
    return gx_call_bill(r->call, err);
}

/* ---- beforehand ------------------------------------------------------------------------------ */

static gx_status look(void *user, uint32_t i, gx_error *err) {
    return add_sale(user, i, err);
}

/* The log is read and timed, and so are the paths of some sales, which tell how many payees there
 * will be. */
static gx_status estimate(gx_value *out, report *r, int64_t begun_ns, gx_error *err) {
    enum { LINE = 704, MEMBER = 320 }; /* bytes of one in the answer */
    static const double settle_s = 1.5e-7, hash_s = 5e-7, line_s = 2.5e-6, member_s = 2e-7,
                        place_s = 4e-7;
    const gx_job *job = r->call->job;
    const int64_t read_ns = gx_clock_cpu_ns();
    const uint64_t read = atomic_load(&job->mem_peak);
    const double users = r->paths.users, sales = r->paths.sale_count;
    const bool ledger = gx_arg_is(r->call->args, "show", "ledger");
    const double placed = needs_places(r) ? users : 0;
    uint32_t tried = 0;
    double paths_s = 0;
    gx_status status;
    GX_TRY(gx_job_alloc(r->call->job, &r->pots, r->paths.sale_count, sizeof *r->pots, err));
    GX_TRY(gx_credit_try(&paths_s, &tried, &r->paths, look, r, err));
    const double payees = (double)r->count * sales / fmax(tried, 1);
    const double scratch =
        fmax(GX_SETTLE_BYTES * fmax(fmax(sales, payees), users), (1.0 + GX_SIGNS_BYTES) * users) +
        sizeof *r->place * placed;
    const uint64_t held = atomic_load(&job->mem_used) - r->paid.capacity * r->paid.size +
                          vector_bytes(payees, r->paid.size);
    const double lines = r->only != GX_NONE ? 0 : ledger ? payees : fmin(payees, users);
    const gx_part_estimate steps[] = {
        {"log", {.mem_bytes = read, .cpu_s = (double)(read_ns - begun_ns) / 1e9}},
        {"paths",
         {.mem_bytes = held + (uint64_t)scratch,
          .cpu_s = paths_s + settle_s * (sales + payees) + member_s * users + place_s * placed}},
        {"lines",
         {.mem_bytes = held + (uint64_t)(17 * users + (ledger ? LINE * lines : MEMBER * lines)),
          .cpu_s = hash_s * payees + (ledger ? line_s * lines : 0)}}};
    *out = gx_estimate_steps(r->arena, steps, GX_COUNT(steps), 1);
done:
    return status;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static gx_value total_of(const report *r, uint64_t lines, gx_value hash) {
    gx_arena *arena = r->arena;
    const gx_log_told *told = &r->paths.log.told;
    const bool proof = r->spec.credit.rule == GX_CREDIT_SPLIT_PROOF;
    gx_value total = gx_map(arena, 16);
    gx_map_put(arena, &total, "rule", gx_str(gx_credit_name(r->spec.credit.rule)));
    gx_map_put(arena, &total, "sales", gx_int(r->paths.sale_count));
    gx_map_put(arena, &total, "referred", gx_int((int64_t)r->referred));
    gx_map_put(arena, &total, "referred_minor", gx_int((int64_t)r->referred_coins));
    gx_map_put(arena, &total, "budget_minor", gx_int(r->spec.budget));
    gx_map_put(arena, &total, "paid_minor", gx_int(r->spec.budget - r->kept - r->held));
    gx_map_put(arena, &total, "held_minor", gx_int(r->held));
    gx_map_put(arena, &total, "kept_minor", gx_int(r->kept));
    gx_map_put(arena, &total, "decimals", gx_int(gx_arg_int(r->call->args, "decimals")));
    gx_map_put(arena, &total, "lines", gx_int((int64_t)lines));
    gx_map_put(arena, &total, "split_proof",
               gx_str(!proof      ? "nobody"
                      : r->buyers ? "everybody"
                                  : "members who buy nothing"));
    gx_map_put(arena, &total, "no_amount", gx_int((int64_t)told->no_amount));
    gx_map_put(arena, &total, "bad_amount", gx_int((int64_t)told->bad_amount));
    gx_map_put(arena, &total, "self_via", gx_int((int64_t)told->self_via));
    gx_map_put(arena, &total, "unknown_via", gx_int((int64_t)told->unknown_via));
    gx_map_put(arena, &total, "checksum", hash);
    return total;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    const gx_args *args = call->args;
    report r = {.call = call, .arena = call->arena, .paid = {.size = sizeof(gx_payee)}};
    const int64_t begun = gx_clock_cpu_ns();
    gx_value list = gx_list(call->arena, 64), hash = gx_nil();
    gx_status status;
    uint64_t lines = 0;
    GX_TRY(read_args(&r, err));
    GX_TRY(gx_credit_paths(&r.paths, call, true, err));
    if (gx_arg_bool(args, "estimate")) {
        GX_TRY(estimate(out, &r, begun, err));
        goto done;
    }
    GX_TRY(settle(&r, err));
    GX_TRY(checksum(&hash, &lines, &r, err));
    GX_TRY(gx_arg_is(args, "show", "ledger")
               ? show_ledger(&list, &r, lines, err)
               : show_members(&list, &r, gx_arg_is(args, "show", "suspicious"), err));
    *out = gx_map(call->arena, 2);
    gx_map_put(call->arena, out, "lines", list);
    gx_map_put(call->arena, out, "total", total_of(&r, lines, hash));
done:
    gx_path_finish(&r.path);
    vector_finish(&r.paid, call->job);
    gx_job_free(call->job, r.pots);
    gx_job_free(call->job, r.place);
    gx_job_free(call->job, r.signs);
    gx_paths_finish(&r.paths);
    return status;
}

const gx_method gx_method_credit_report = {
    .name = "credit.report",
    .summary = "the ledger of credit or payouts, sale by sale, to the smallest coin",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_SHORT,
    .is_long = gx_is_always_long,
    .params = params,
    .param_count = GX_COUNT(params),
    .result =
        "{lines: [{sale, ts, buyer, item, sale_minor, pot_minor, member, hop, share, "
        "amount_minor, rule, flag}] or [{member, sales, amount_minor, held_minor, signs}], "
        "total: {rule, sales, referred, referred_minor, budget_minor, paid_minor, held_minor, "
        "kept_minor, decimals, lines, split_proof, no_amount, bad_amount, self_via, "
        "unknown_via, checksum}}; with estimate {steps, mem_bytes, cpu_s, cpu_most_s}",
    .run = run,
};
