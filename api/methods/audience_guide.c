/* audience.guide: who should share what with whom (R56): leaders and promoters, what they bought,
 * and those who listen to them. docs/shopping-guide.md.
 *
 *   p(a takes i | s shares it) = min(1, rate · chance(s → a) · (t_ai + t) / (t_a + t))
 *
 * chance is that of the arc, for whatever s shares; rate is 1 where that is learnt, else how many
 * of those who hear of it take it (gx_spread_rate); t_ai is what a's taste says of i, t_a the mean
 * over what s could share, t the mean over all: the taste says which, the chance how often. Triples
 * are taken greedily by Σ p over their audience, which falls as members and sharers are used up, so
 * the lazy order stands. */
#include "api/build/estimate.h"
#include "api/people/leader.h"
#include "api/privacy.h"
#include "api/spread/guide.h"

#include <math.h>
#include <stdlib.h>

/* clang-format off */
static const gx_param params[] = {
    {"sharers", GX_PARAM_LIST, NULL, 1, 100000, "members", NULL, GX_PARAM_POSITIONAL | GX_PARAM_WHOM,
     "only these (the first leaders and promoters of the shop)"},
    {"leaders", GX_PARAM_INT, NULL, 0, 10000, "members", NULL, 0, "so many by their score as leaders (50); not with sharers, whom you name"},
    {"promoters", GX_PARAM_INT, NULL, 0, 10000, "members", NULL, 0,
     "so many by how many purchases came via them (50); not with sharers"},
    {"n", GX_PARAM_INT, "20", 1, 10000, NULL, NULL, 0, "how many shares"},
    {"per_sharer", GX_PARAM_INT, "3", 1, 1000, NULL, NULL, 0, "at most so many shares of one sharer"},
    {"per_item", GX_PARAM_INT, NULL, 1, 10000, NULL, NULL, 0, "at most so many shares of one item (no limit)"},
    {"per_member", GX_PARAM_INT, "2", 1, 1000, NULL, NULL, 0,
     "nobody is to be shown more shares; one item never twice"},
    {"audience", GX_PARAM_INT, "50", 1, GX_GUIDE_LISTENERS, "members", NULL, 0, "at most so many to share with"},
    {"segment", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "only these are worth sharing with: a group, a circle like c-17, or an expression over members' fields"},
    {"items", GX_PARAM_LIST, NULL, 1, 10000, NULL, NULL, 0, "only these items"},
    GX_RISK_PARAM,
    GX_FILTER_PARAMS,
    GX_SEEN_PARAM,
    GX_SPREAD_TOLD_PARAMS,
    {"rate", GX_PARAM_REAL, NULL, 0, 1, NULL, NULL, 0,
     "how many of those who hear of it take an item that suits them on average (1 with chances learned or constant, which say so themselves, else 0.05)"},
    GX_ESTIMATE_PARAM,
};
/* clang-format on */

static const char *const kinds[] = {"given", "leader", "promoter"};
static const gx_lists_sentence says[] = {GX_SAYS_GUIDE_GIVEN, GX_SAYS_GUIDE_LEADER,
                                         GX_SAYS_GUIDE_PROMOTER};

/* ---- what suits whom ------------------------------------------------------------------------- */

static int by_item(const void *a, const void *b) {
    const gx_guide_candidate *const *x = a, *const *y = b;
    return ((*x)->item > (*y)->item) - ((*x)->item < (*y)->item);
}

/* p becomes the taste; −1: they have it. Item by item, so that what is near it is found once. Of
 * every `step`-th item alone, which are *out_pairs tastes. */
static gx_status find_tastes(double *out_pairs, gx_guide *g, uint32_t step, gx_error *err) {
    gx_status status = GX_OK;
    uint32_t items = 0;
    gx_guide_candidate **order = NULL;
    GX_TRY(gx_job_alloc(g->call->job, &order, (size_t)g->count + 1, sizeof *order, err));
    for (uint32_t k = 0; k < g->count; k++) {
        order[k] = &g->all[k];
    }
    *out_pairs = 0;
    if (g->count > 0) {
        qsort(order, g->count, sizeof *order, by_item);
    }
    gx_job_stage(g->call->job, "tastes", g->count);
    for (uint32_t k = 0; k < g->count; k++) {
        const gx_guide_sharer *s = &g->sharers[order[k]->sharer];
        const bool fresh = k == 0 || order[k]->item != order[k - 1]->item;
        items += fresh;
        if ((items - 1) % step > 0) {
            continue;
        }
        *out_pairs += s->count;
        GX_TRY(gx_job_check(g->call->job, err));
        gx_job_tick(g->call->job, k);
        if (fresh) {
            GX_TRY(gx_near_find(&g->near, order[k]->item, err));
        }
        for (uint32_t a = 0; a < s->count; a++) {
            bool seen;
            const double taste = gx_near_taste(&seen, &g->near, s->listener[a]);
            order[k]->p[a] =
                gx_guide_has_bought(g, s->listener[a], order[k]->item) ? -1 : (float)taste;
        }
    }
done:
    gx_job_free(g->call->job, order);
    return status;
}

/* Tastes become chances. */
static void weigh(gx_guide *g) {
    double sum = 0, number = 0;
    for (uint32_t k = 0; k < g->count; k++) {
        for (uint32_t a = 0; a < g->sharers[g->all[k].sharer].count; a++) {
            sum += fmax((double)g->all[k].p[a], 0);
            number++;
        }
    }
    const double mean = number > 0 ? sum / number : 0;
    for (uint32_t n = 0; n < g->sharer_count; n++) {
        const gx_guide_sharer *s = &g->sharers[n];
        for (uint32_t a = 0; a < s->count; a++) {
            double own = 0;
            for (uint32_t k = s->from; k < s->to; k++) {
                own += fmax((double)g->all[k].p[a], 0) / (s->to - s->from);
            }
            for (uint32_t k = s->from; k < s->to; k++) {
                const double taste = (double)g->all[k].p[a];
                const double times = mean > 0 ? (taste + mean) / (own + mean) : 1;
                const double p = taste < 0 ? 0 : fmin(1, g->rate * (double)s->chance[a] * times);
                g->all[k].p[a] = (float)p;
            }
        }
    }
}

/* ---- the choice ------------------------------------------------------------------------------ */

/* Indexes of the highest p, at most `audience` of them, into `best`. */
static uint32_t best_of(gx_scored *best, const gx_guide *g, const gx_guide_candidate *c) {
    const uint32_t count = g->sharers[c->sharer].count;
    const uint32_t most = (uint32_t)gx_arg_int(g->call->args, "audience");
    uint32_t found = 0;
    for (uint32_t a = 0; a < count; a++) {
        if (c->p[a] > 0) {
            best[found++] = (gx_scored){.item = a, .score = c->p[a]};
        }
    }
    qsort(best, found, sizeof *best, gx_guide_by_weight);
    return found < most ? found : most;
}

/* Strikes those of the best who may not have it; *out_all: nobody was. */
static gx_status strike(bool *out_all, gx_guide *g, gx_guide_candidate *c, const gx_scored *best,
                        uint32_t count, gx_error *err) {
    gx_status status = GX_OK;
    *out_all = true;
    for (uint32_t k = 0; status == GX_OK && k < count; k++) {
        bool may = false;
        const uint32_t user = g->sharers[c->sharer].listener[best[k].item];
        status = gx_filter_leaves(&may, &g->filter, g->call, user, c->item, err);
        c->p[best[k].item] = may ? c->p[best[k].item] : 0;
        *out_all = *out_all && may;
    }
    return status;
}

/* What is left for the others once c has its audience. */
static void use_up(gx_guide *g, gx_guide_candidate *c, const gx_scored *best, uint32_t count) {
    const gx_args *args = g->call->args;
    const uint32_t per_member = (uint32_t)gx_arg_int(args, "per_member");
    g->round++;
    for (uint32_t k = 0; k < count; k++) {
        const uint32_t user = g->sharers[c->sharer].listener[best[k].item];
        g->stamp[user] = g->round;
        g->load[user]++;
    }
    c->over = true;
    g->item_shares[c->item]++;
    const bool sharer_done =
        ++g->sharers[c->sharer].shares >= (uint32_t)gx_arg_int(args, "per_sharer");
    const bool item_done = gx_arg_has(args, "per_item") &&
                           g->item_shares[c->item] >= (uint32_t)gx_arg_int(args, "per_item");
    for (uint32_t k = 0; k < g->count; k++) {
        gx_guide_candidate *o = &g->all[k];
        const gx_guide_sharer *s = &g->sharers[o->sharer];
        o->over =
            o->over || (sharer_done && o->sharer == c->sharer) || (item_done && o->item == c->item);
        for (uint32_t a = 0; !o->over && a < s->count; a++) {
            const uint32_t user = s->listener[a];
            const bool same = o->item == c->item && g->stamp[user] == g->round;
            o->p[a] = same || g->load[user] >= per_member ? 0 : o->p[a];
        }
    }
}

static gx_guide_candidate *most_promising(const gx_guide *g) {
    gx_guide_candidate *best = NULL;
    for (uint32_t k = 0; k < g->count; k++) {
        gx_guide_candidate *c = &g->all[k];
        best = !c->over && (!best || c->expected > best->expected) ? c : best;
    }
    return best;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static gx_value audience_rows(const gx_guide *g, const gx_guide_candidate *c, const gx_scored *best,
                              uint32_t count) {
    gx_arena *arena = g->call->arena;
    const gx_guide_sharer *s = &g->sharers[c->sharer];
    gx_value list = gx_list(arena, count);
    for (uint32_t k = 0; k < count; k++) {
        gx_value row = gx_map(arena, 3);
        const uint32_t a = best[k].item;
        gx_map_put(arena, &row, "user",
                   gx_word_value(arena, g->call->txn, GX_SPACE_USER, s->listener[a]));
        gx_map_put(arena, &row, "p", gx_real((double)best[k].score));
        gx_map_put(arena, &row, "chance", gx_real((double)s->chance[a]));
        gx_list_add(arena, &list, row);
    }
    return list;
}

/* What the sharer did with the item: bought it or, where nobody buys, what weighed most of it. */
static gx_status did_hole(gx_hole *out, const gx_guide *g, uint32_t user, uint32_t item,
                          gx_error *err) {
    gx_call_env *call = g->call;
    gx_member_live live;
    uint32_t action = GX_NONE;
    if (g->views.input.bought) { /* what find_items took from */
        *out = gx_why_bought();
        return GX_OK;
    }
    gx_arena *own = gx_arena_create();
    const gx_status status =
        own ? gx_member_read_bars(&live, call->txn, call->state, g->columns, user, own, err)
            : gx_fail_memory(err, 0);
    for (uint32_t k = 0; status == GX_OK && k < live.rec.history.count; k++) {
        action = live.rec.history.item[k] == item ? live.action[k] : action;
    }
    gx_arena_destroy(own);
    *out = gx_why_did(call, action);
    return status;
}

/* What the sharer reads counts people only from `min_count` up. */
static gx_status share_row(gx_value *out, const gx_guide *g, const gx_guide_candidate *c,
                           const gx_scored *best, uint32_t count, uint32_t rank, gx_error *err) {
    gx_arena *arena = g->call->arena;
    const gx_guide_sharer *s = &g->sharers[c->sharer];
    uint32_t least;
    gx_hole did;
    gx_status status = gx_min_count(&least, g->call->txn, arena, err);
    if (status == GX_OK) {
        status = did_hole(&did, g, s->user, c->item, err);
    }
    if (status != GX_OK) {
        return status;
    }
    const gx_slice title = gx_lists_title(g->call, g->columns, c->item);
    char *score = gx_arena_printf(arena, "%.0f", s->score);
    const gx_hole holes[] = {{"item", title, title},
                             did,
                             gx_lists_count(arena, "n", count),
                             gx_lists_count(arena, "sales", s->sales),
                             gx_lists_hole("score", score)};
    gx_value row = gx_map(arena, 12), prompt = gx_map(arena, 2), message = gx_map(arena, 2);
    gx_value why = gx_map(arena, 2);
    gx_lists_say(&why, arena, says[s->kind], holes, GX_COUNT(holes));
    gx_lists_say(&prompt, arena, count >= least ? GX_SAYS_GUIDE_MANY : GX_SAYS_GUIDE_SOME, holes,
                 GX_COUNT(holes));
    gx_lists_say(&message, arena, GX_SAYS_GUIDE_MESSAGE, holes, 2);
    gx_map_put(arena, &row, "rank", gx_int(rank));
    gx_map_put(arena, &row, "sharer", gx_word_value(arena, g->call->txn, GX_SPACE_USER, s->user));
    gx_map_put(arena, &row, "kind", gx_str(kinds[s->kind]));
    gx_map_put(arena, &row, "item", gx_lists_item(g->call, g->columns, c->item, 0));
    gx_map_put(arena, &row, "expected", gx_real(c->expected));
    gx_map_put(arena, &row, "listeners", gx_int(s->count));
    gx_map_put(arena, &row, "audience", audience_rows(g, c, best, count));
    gx_map_put(arena, &row, "why", why);
    gx_map_put(arena, &row, "prompt", prompt);
    gx_map_put(arena, &row, "message", message);
    *out = row;
    return GX_OK;
}

static gx_status choose(gx_value *list, double *expected, gx_guide *g, gx_error *err) {
    gx_status status = GX_OK;
    const uint32_t n = (uint32_t)gx_arg_int(g->call->args, "n");
    gx_scored *best = gx_alloc(GX_GUIDE_LISTENERS, sizeof *best);
    g->round = 1;
    if (!best) {
        return gx_fail_memory(err, GX_GUIDE_LISTENERS * sizeof *best);
    }
    gx_job_stage(g->call->job, "choice", n);
    while (list->size < n) {
        gx_guide_candidate *c = most_promising(g);
        GX_TRY(gx_job_check(g->call->job, err));
        if (!c || !(c->expected > 0)) {
            break;
        }
        const uint32_t count = best_of(best, g, c);
        if (c->round != g->round) { /* reckoned before others were taken */
            c->round = g->round;
            c->expected = 0;
            for (uint32_t k = 0; k < count; k++) {
                c->expected += (double)best[k].score;
            }
            continue;
        }
        bool all;
        GX_TRY(strike(&all, g, c, best, count, err));
        if (!all) {
            c->round = 0;
            continue;
        }
        gx_value row;
        GX_TRY(share_row(&row, g, c, best, count, list->size + 1, err));
        gx_list_add(g->call->arena, list, row);
        GX_TRY(gx_call_bill(g->call, err));
        *expected += c->expected;
        use_up(g, c, best, count);
    }
done:
    gx_free(best);
    return status;
}

/* ---- beforehand ------------------------------------------------------------------------------ */

/* What the choice is likely to come to. */
typedef struct course {
    double pairs, shares, asked;
    bool is_short; /* of listeners: all are shown as much as they may be before the last share */
} course;

typedef struct turn {
    uint32_t listeners, shares;
} turn;

/* Who has most listeners shares first. */
static gx_status foresee(course *out, gx_guide *g, gx_error *err) {
    const gx_args *args = g->call->args;
    const double n = (double)gx_arg_int(args, "n"), most = (double)gx_arg_int(args, "audience");
    const uint32_t each = (uint32_t)gx_arg_int(args, "per_sharer");
    turn *all = gx_arena_get(g->call->arena, ((size_t)g->sharer_count + 1) * sizeof *all);
    double room = 0;
    *out = (course){0};
    if (!all) {
        return gx_fail_memory(err, g->sharer_count * sizeof *all);
    }
    for (uint32_t i = 0; i < g->sharer_count; i++) {
        const gx_guide_sharer *s = &g->sharers[i];
        all[i] = (turn){s->count, s->to - s->from < each ? s->to - s->from : each};
        out->pairs += (double)s->count * (s->to - s->from);
        for (uint32_t a = 0; a < s->count; a++) {
            room += g->stamp[s->listener[a]] == 0;
            g->stamp[s->listener[a]] = 1;
        }
    }
    room *= (double)gx_arg_int(args, "per_member");
    qsort(all, g->sharer_count, sizeof *all, gx_by_number);
    for (uint32_t i = g->sharer_count; i-- > 0;) {
        const double more = fmin(all[i].shares, n - out->shares);
        out->shares += more;
        out->asked += more * fmin(all[i].listeners, most);
    }
    out->is_short = out->asked > room;
    out->asked = fmin(out->asked, room);
    return GX_OK;
}

/* Seconds to ask the rules about a listener, as some are asked about what they may be shown. */
static gx_status time_asking(double *out, const gx_guide *g, gx_error *err) {
    const uint32_t step = g->count / 128 + 1;
    const int64_t begun = gx_clock_thread_ns();
    uint32_t asked = 0;
    gx_status status = GX_OK;
    for (uint32_t k = 0; status == GX_OK && k < g->count; k += step, asked++) {
        bool may;
        status = gx_filter_leaves(&may, &g->filter, g->call,
                                  g->sharers[g->all[k].sharer].listener[0], g->all[k].item, err);
    }
    *out = (double)(gx_clock_thread_ns() - begun) / 1e9 / fmax(asked, 1);
    return status;
}

/* What is read until here is done and timed, and so are the tastes of some items; the choice is
 * told from how many candidates are looked at, put in order, asked after and used up. Its figures
 * were measured with 2,000, 20,000 and 60,000 members: docs/shopping-guide.md. */
static gx_status estimate(gx_value *out, gx_guide *g, int64_t begun_ns, gx_error *err) {
    enum { SOME = 1024, SHOWN = 192, SHARED = 2048 }; /* bytes of one in an audience, of a share */
    static const double look_s = 9e-10, order_s = 4.5e-8, use_s = 1.1e-9, share_s = 7e-5;
    gx_job *job = g->call->job;
    const uint64_t peak = atomic_load(&job->mem_peak), held = atomic_load(&job->mem_used);
    const int64_t now_ns = gx_clock_thread_ns();
    const double count = g->count;
    double some, asked_s;
    course to;
    gx_status status = GX_OK;
    atomic_store(&job->mem_peak, held);
    GX_TRY(find_tastes(&some, g, g->count / SOME + 1, err));
    const double taste_s = (double)(gx_clock_thread_ns() - now_ns) / 1e9 / fmax(some, 1);
    GX_TRY(time_asking(&asked_s, g, err));
    GX_TRY(foresee(&to, g, err));
    const double looks = (to.is_short ? 3 : 1) * count + 5 * to.shares;
    const double choice_s = looks * (look_s * count + order_s * to.pairs / fmax(count, 1)) +
                            asked_s * to.asked + to.shares * (share_s + use_s * to.pairs);
    const double most = (double)gx_arg_int(g->call->args, "audience");
    /* Once listeners are short, audiences are of a dozen. */
    const double answered = to.is_short ? fmin(to.shares, to.asked * (1 / most + 0.09)) : to.shares;
    const uint64_t mem_bytes = held + (uint64_t)(SHOWN * to.asked + SHARED * answered);
    const gx_part_estimate steps[] = {
        {"sharers", {.mem_bytes = peak, .cpu_s = (double)(now_ns - begun_ns) / 1e9}},
        {"tastes", {.mem_bytes = atomic_load(&job->mem_peak), .cpu_s = taste_s * to.pairs}},
        {"choice", {.mem_bytes = mem_bytes, .cpu_s = choice_s}}};
    *out = gx_estimate_steps(g->call->arena, steps, GX_COUNT(steps), 1);
    gx_map_put(g->call->arena, out, "considered", gx_int(g->count));
done:
    return status;
}

static const char *no_sharers(const gx_guide *g) {
    const gx_args *args = g->call->args;
    const bool leaders = gx_guide_how_many(args, "leaders") > 0;
    const bool promoters = gx_guide_how_many(args, "promoters") > 0;
    return g->gone.size > 0              ? "those who were named have departed"
           : gx_arg_has(args, "sharers") ? "nobody who was named is in this store"
           : !leaders && !promoters ? "leaders and promoters are 0: nobody is looked for to share"
           : !leaders               ? "purchases came via nobody, and leaders is 0"
           : !promoters             ? "there are no leaders, and promoters is 0"
                                    : "there are no leaders, and nobody whom purchases came via";
}

static gx_status answer(gx_value *out, gx_guide *g, gx_error *err) {
    gx_arena *arena = g->call->arena;
    const char *never = gx_spread_never(&g->spread);
    const uint32_t n = (uint32_t)gx_arg_int(g->call->args, "n");
    gx_value row = gx_map(arena, 14), left = gx_map(arena, 1), list = gx_list(arena, 20),
             less = gx_nil();
    double expected = 0;
    gx_status status = choose(&list, &expected, g, err);
    if (status != GX_OK) {
        return status;
    }
    if (list.size < n) {
        char *text = gx_arena_printf(
            arena, "%u of %u: %s", list.size, n,
            g->sharer_count == 0 ? no_sharers(g)
            : never              ? never
            : g->count == 0      ? "none of the sharers has anything that may be shared, or "
                                   "nobody listens to them"
            : !(g->rate > 0)     ? "the rate is 0: nobody would take what is shared"
                                 : "nobody is left to share with within the limits");
        less = gx_filter_short(arena, &g->filter, text ? text : "");
    }
    gx_map_put(arena, &row, "shares", list);
    gx_map_put(arena, &row, "expected", gx_real(expected));
    gx_map_put(arena, &row, "chances", gx_str(g->rule));
    gx_map_put(arena, &row, "rate", gx_real(g->rate));
    gx_map_put(arena, &row, "rate_from", gx_str(g->rate_from));
    gx_map_put(arena, &row, "sharers", gx_int(g->sharer_count));
    gx_map_put(arena, &row, "considered", gx_int(g->count));
    gx_value notes = gx_list(arena, 2);
    gx_spread_note(&notes, &g->spread);
    if (!gx_arg_has(g->call->args, "sharers")) {
        const bool leaders = gx_guide_how_many(g->call->args, "leaders") > 0;
        gx_risks_note(&notes, g->call, leaders ? "those who share are promoters alone" : NULL);
    }
    gx_map_put(arena, &row, "notes", notes);
    gx_filter_note(&row, &g->filter, arena);
    gx_map_put(arena, &left, "risk", gx_int(g->risky));
    gx_map_put(arena, &row, "left_out", left);
    gx_map_put(arena, &row, "unknown", g->unknown);
    gx_map_put(arena, &row, "short", less);
    if (g->gone.size > 0) {
        gx_map_put(arena, &row, "departed", g->gone);
    }
    *out = row;
    return GX_OK;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    gx_guide g;
    const int64_t begun = gx_clock_thread_ns();
    double pairs;
    GX_TRY(gx_guide_open(&g, call, err));
    if (gx_arg_bool(call->args, "estimate")) {
        GX_TRY(estimate(out, &g, begun, err));
        goto done;
    }
    GX_TRY(find_tastes(&pairs, &g, 1, err));
    weigh(&g);
    GX_TRY(answer(out, &g, err));
done:
    gx_guide_close(&g);
    return status;
}

const gx_method gx_method_audience_guide = {
    .name = "audience.guide",
    .summary = "who should share what with whom, and what to say",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_SHORT,
    .from_snapshot = true,
    .params = params,
    .param_count = GX_COUNT(params),
    .is_long = gx_is_always_long,
    .result =
        "{shares: [{rank, sharer, kind, item: {id, title}, expected, listeners, audience: [{user, "
        "p, chance}], why: {en, zh}, prompt: {en, zh}, message: {en, zh}}], expected, chances, "
        "rate, rate_from, sharers, considered, notes: [text], left_out: {risk}, unknown, short, "
        "departed? (sharers that have)}; with estimate {steps, mem_bytes, cpu_s, cpu_most_s, "
        "considered}",
    .run = run,
};
