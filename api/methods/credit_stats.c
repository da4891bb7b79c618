/* credit.stats: who brought how much, by every rule of credit side by side. docs/credit.md. */
#include "api/build/estimate.h"
#include "api/referral/credits.h"

static const gx_param params[] = {
    {"order", GX_PARAM_CHOICE, "last", GX_PARAM_UNCHECKED, NULL, "last|first|linear|decay|shapley",
     0, "the largest first, by the rule"},
    GX_CREDIT_PARAMS,
    {"n", GX_PARAM_INT, "20", 1, 1e6, NULL, NULL, 0, "how many members"},
    GX_ESTIMATE_PARAM,
};

/* last … shapley, in the order of the table. */
#define RULES ((gx_credit_rule)(GX_CREDIT_SHAPLEY + 1))

/* Of one member. */
typedef struct credited {
    uint32_t user;
    uint32_t sales, direct, new_buyers;
    int64_t coins[RULES];
} credited;

typedef struct tally {
    gx_call_env *call;
    const gx_paths *paths;
    credited *of;
    gx_path path;
    double *share;
    uint64_t *weight;
    int64_t *part;
    gx_remainder *scratch;
    uint64_t referred, new_buyers, rings;
    int64_t revenue, referred_revenue;
} tally;

static void credit_rule(tally *t, gx_credit_rule rule, int64_t coins) {
    const gx_credit_spec spec = {rule, GX_DELTA_ONE / 2,
                                 (double)gx_arg_int(t->call->args, "half_life")};
    const uint32_t count = t->path.count;
    gx_credit_shares(t->share, &spec, t->path.touch, count, t->path.direct);
    for (uint32_t k = 0; k < count; k++) {
        t->weight[k] = gx_share_weight(t->share[k]);
    }
    gx_apportion(t->part, coins, t->weight, count, t->scratch);
    for (uint32_t k = 0; k < count; k++) {
        t->of[t->path.touch[k].user].coins[rule] += t->part[k];
    }
}

static gx_status credit_sale(tally *t, uint32_t sale, gx_error *err) {
    const gx_log_act *act = &t->paths->log.acts[sale];
    gx_status status;
    t->revenue += act->coins;
    GX_TRY(gx_path_chain(&t->path, t->paths, sale, false, err));
    t->rings += t->path.ring;
    if (t->path.count == 0) {
        return GX_OK;
    }
    const bool is_new = t->paths->first_sale[act->user] == sale;
    t->referred++;
    t->referred_revenue += act->coins;
    t->new_buyers += is_new;
    for (uint32_t k = 0; k < t->path.count; k++) {
        t->of[t->path.touch[k].user].sales++;
    }
    t->of[t->path.touch[0].user].direct++;
    t->of[t->path.touch[0].user].new_buyers += is_new;
    for (gx_credit_rule rule = GX_CREDIT_LAST; rule < GX_CREDIT_SHAPLEY; rule++) {
        credit_rule(t, rule, act->coins);
    }
    GX_TRY(gx_path_all(&t->path, t->paths, sale, err));
    credit_rule(t, GX_CREDIT_SHAPLEY, act->coins);
done:
    return status;
}

static gx_status prepare(tally *t, gx_error *err) {
    gx_job *job = t->call->job;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &t->of, t->paths->users, sizeof *t->of, err));
    GX_TRY(gx_job_alloc(job, &t->share, GX_PATH_MOST, sizeof *t->share, err));
    GX_TRY(gx_job_alloc(job, &t->weight, GX_PATH_MOST, sizeof *t->weight, err));
    GX_TRY(gx_job_alloc(job, &t->part, GX_PATH_MOST, sizeof *t->part, err));
    GX_TRY(gx_job_alloc(job, &t->scratch, GX_PATH_MOST, sizeof *t->scratch, err));
    for (uint32_t u = 0; u < t->paths->users; u++) {
        t->of[u].user = u;
    }
done:
    return status;
}

static gx_status credit_all(tally *t, gx_error *err) {
    gx_job *job = t->call->job;
    gx_status status = GX_OK;
    gx_job_stage(job, "credit", t->paths->sale_count);
    for (uint32_t i = 0; i < t->paths->sale_count; i++) {
        GX_TRY(credit_sale(t, t->paths->sales[i], err));
        if (i % 4096 == 0) {
            gx_job_tick(job, i);
            GX_TRY(gx_job_check(job, err));
        }
    }
done:
    return status;
}

static gx_status look(void *user, uint32_t i, gx_error *err) {
    tally *t = user;
    return credit_sale(t, t->paths->sales[i], err);
}

/* The log is read and timed, and so are the paths of some sales. */
static gx_status estimate(gx_value *out, tally *t, int64_t begun_ns, gx_error *err) {
    static const double member_s = 1e-7;
    const gx_job *job = t->call->job;
    const int64_t read_ns = gx_clock_cpu_ns();
    const uint64_t read = atomic_load(&job->mem_peak), users = t->paths->users;
    uint32_t tried;
    double paths_s = 0;
    const gx_status status = gx_credit_try(&paths_s, &tried, t->paths, look, t, err);
    const gx_part_estimate steps[] = {
        {"log", {.mem_bytes = read, .cpu_s = (double)(read_ns - begun_ns) / 1e9}},
        {"paths",
         {.mem_bytes = atomic_load(&job->mem_used) + users * (1 + GX_SIGNS_BYTES),
          .cpu_s = paths_s + member_s * (double)users}}};
    *out = gx_estimate_steps(t->call->arena, steps, GX_COUNT(steps), 1);
    return status;
}

static gx_value row_of(const tally *t, const credited *c, const uint8_t *signs) {
    gx_arena *arena = t->call->arena;
    gx_value row = gx_map(arena, 6 + RULES);
    gx_map_put(arena, &row, "user", gx_word_value(arena, t->call->txn, GX_SPACE_USER, c->user));
    gx_map_put(arena, &row, "sales", gx_int(c->sales));
    gx_map_put(arena, &row, "direct", gx_int(c->direct));
    gx_map_put(arena, &row, "new_buyers", gx_int(c->new_buyers));
    for (gx_credit_rule rule = GX_CREDIT_LAST; rule < RULES; rule++) {
        const char *key = gx_arena_printf(arena, "%s_minor", gx_credit_name(rule));
        gx_map_put(arena, &row, key ? key : "", gx_int(c->coins[rule]));
    }
    gx_map_put(arena, &row, "suspicious",
               gx_signs_suspicious(signs[c->user]) ? gx_signs_value(arena, signs[c->user])
                                                   : gx_nil());
    return row;
}

static gx_value total_of(const tally *t) {
    gx_arena *arena = t->call->arena;
    const gx_log *log = &t->paths->log;
    uint64_t returned = 0;
    for (uint64_t i = 0; i < log->count; i++) {
        returned += log->acts[i].returned && log->acts[i].inside;
    }
    gx_value total = gx_map(arena, 11);
    gx_map_put(arena, &total, "sales", gx_int(t->paths->sale_count));
    gx_map_put(arena, &total, "revenue_minor", gx_int(t->revenue));
    gx_map_put(arena, &total, "referred", gx_int((int64_t)t->referred));
    gx_map_put(arena, &total, "referred_minor", gx_int(t->referred_revenue));
    gx_map_put(arena, &total, "new_buyers", gx_int((int64_t)t->new_buyers));
    gx_map_put(arena, &total, "returned", gx_int((int64_t)returned));
    gx_map_put(arena, &total, "rings", gx_int((int64_t)t->rings));
    gx_map_put(arena, &total, "self_via", gx_int((int64_t)log->told.self_via));
    gx_map_put(arena, &total, "unknown_via", gx_int((int64_t)log->told.unknown_via));
    gx_map_put(arena, &total, "no_amount", gx_int((int64_t)log->told.no_amount));
    gx_map_put(arena, &total, "bad_amount", gx_int((int64_t)log->told.bad_amount));
    return total;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_arena *arena = call->arena;
    gx_job *job = call->job;
    const gx_args *args = call->args;
    const int64_t begun = gx_clock_cpu_ns();
    gx_paths paths = {0};
    tally t = {.call = call, .paths = &paths};
    uint8_t *signs = NULL;
    gx_value list = gx_list(arena, 32);
    gx_status status;
    uint32_t count;
    const gx_credit_rule order = gx_credit_rule_of(gx_arg_text(args, "order"));
    GX_TRY(gx_credit_paths(&paths, call, false, err));
    GX_TRY(prepare(&t, err));
    if (gx_arg_bool(args, "estimate")) {
        GX_TRY(estimate(out, &t, begun, err));
        goto done;
    }
    GX_TRY(credit_all(&t, err));
    GX_TRY(gx_job_alloc(job, &signs, paths.users, sizeof *signs, err));
    GX_TRY(gx_signs_read(signs, &paths, gx_arg_int(args, "quick"), err));
    double *score = gx_arena_get(arena, ((size_t)paths.users + 1) * sizeof *score);
    uint8_t *keep = gx_arena_get(arena, (size_t)paths.users + 1);
    if (!score || !keep) {
        GX_TRY(gx_fail_memory(err, paths.users * sizeof *score));
    }
    for (uint32_t u = 0; u < paths.users; u++) {
        score[u] = (double)t.of[u].coins[order];
        keep[u] = t.of[u].sales > 0 || t.of[u].coins[GX_CREDIT_SHAPLEY] > 0;
    }
    const uint32_t *top =
        gx_top_f64(arena, &count, score, paths.users, (uint32_t)gx_arg_int(args, "n"), keep);
    if (!top) {
        GX_TRY(gx_fail_memory(err, paths.users * sizeof *top));
    }
    for (uint32_t i = 0; i < count; i++) {
        gx_list_add(arena, &list, row_of(&t, &t.of[top[i]], signs));
    }
    *out = gx_map(arena, 3);
    gx_map_put(arena, out, "members", list);
    gx_map_put(arena, out, "total", total_of(&t));
done:
    gx_path_finish(&t.path);
    gx_job_free(job, t.of);
    gx_job_free(job, t.share);
    gx_job_free(job, t.weight);
    gx_job_free(job, t.part);
    gx_job_free(job, t.scratch);
    gx_job_free(job, signs);
    gx_paths_finish(&paths);
    return status;
}

const gx_method gx_method_credit_stats = {
    .name = "credit.stats",
    .summary = "who brought how much, by first, last, linear, decay and Shapley credit",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_SHORT,
    .is_long = gx_is_always_long,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{members: [{user, sales, direct, new_buyers, last_minor, first_minor, linear_minor, "
              "decay_minor, shapley_minor, suspicious}], total: {sales, revenue_minor, referred, "
              "referred_minor, new_buyers, returned, rings, self_via, unknown_via, no_amount, "
              "bad_amount}}; with estimate {steps, mem_bytes, cpu_s, cpu_most_s}",
    .run = run,
};
