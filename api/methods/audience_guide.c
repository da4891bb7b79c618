/* audience.guide: who should share what with whom (R56): leaders and promoters, what they bought,
 * and those who listen to them. docs/shopping-guide.md.
 *
 *   p(a takes i | s shares it) = min(1, chance(s → a) · (t_ai + t) / (t_a + t))
 *
 * chance is that of the arc, for whatever s shares; t_ai is what a's taste says of i, t_a the mean
 * over what s could share, t the mean over all: the taste says which, the chance how often. Triples
 * are taken greedily by Σ p over their audience, which falls as members and sharers are used up, so
 * the lazy order stands. */
#include "api/build/estimate.h"
#include "api/lists/filter.h"
#include "api/lists/lists.h"
#include "api/lists/near.h"
#include "api/lists/segment.h"
#include "api/people/leader.h"
#include "api/people/member_rules.h"
#include "api/privacy.h"
#include "api/referral/log.h"
#include "api/spread/spread.h"

#include <math.h>
#include <stdlib.h>

enum { LISTENERS_MOST = 1000, ITEMS_MOST = 30 };

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
    {"audience", GX_PARAM_INT, "50", 1, LISTENERS_MOST, "members", NULL, 0, "at most so many to share with"},
    {"segment", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "only these are worth sharing with: a group, a circle like c-17, or an expression over members' fields"},
    {"items", GX_PARAM_LIST, NULL, 1, 10000, NULL, NULL, 0, "only these items"},
    GX_RISK_PARAM,
    GX_FILTER_PARAMS,
    GX_SEEN_PARAM,
    GX_SPREAD_TOLD_PARAMS,
    GX_ESTIMATE_PARAM,
};
/* clang-format on */

typedef enum kind { GIVEN, LEADER, PROMOTER } kind;
static const char *const kinds[] = {"given", "leader", "promoter"};
static const gx_lists_sentence says[] = {GX_SAYS_GUIDE_GIVEN, GX_SAYS_GUIDE_LEADER,
                                         GX_SAYS_GUIDE_PROMOTER};

typedef struct sharer {
    uint32_t user, sales;
    kind kind;
    double score;
    uint32_t *listener; /* by falling chance */
    float *chance;
    uint32_t count, shares;
    uint32_t from, to; /* its candidates */
} sharer;

/* Something a sharer could share. */
typedef struct candidate {
    uint32_t sharer, item;
    float *p;        /* sharer.count: taste, then the chance; 0: not for them */
    double expected; /* Σ of the highest; of round `round` */
    uint32_t round;
    bool over; /* taken, or no more */
} candidate;

typedef struct guide {
    gx_call_env *call;
    gx_spread spread;
    gx_views views;
    gx_chances chances;
    const gx_columns *columns;
    gx_filter filter;
    gx_near near;
    gx_log log;
    const char *rule; /* of the chances */
    uint8_t *wanted;  /* members who may be shown something: of the segment, not departed */
    uint8_t *keep;    /* members who may be found to share: not departed, of no great risk */
    uint32_t risky;   /* via whom purchases came, left out for it */
    gx_value gone;    /* those named who have departed */
    uint8_t *asked;   /* items; NULL: all */
    uint32_t *sales;  /* members: purchases via each */
    sharer *sharers;
    uint32_t sharer_count;
    candidate *all;
    uint32_t count, round;
    uint32_t *stamp, *load; /* members */
    uint32_t *item_shares;
} guide;

/* ---- who shares ------------------------------------------------------------------------------ */

static gx_status count_sales(guide *g, gx_error *err) {
    const gx_log_spec spec = {.item = GX_NONE, .campaign = GX_NONE};
    gx_status status =
        gx_job_alloc(g->call->job, &g->sales, (size_t)g->spread.n + 1, sizeof *g->sales, err);
    if (status == GX_OK) {
        status = gx_log_read(&g->log, g->call, &spec, err);
    }
    for (uint64_t i = 0; status == GX_OK && i < g->log.count; i++) {
        const gx_log_act *act = &g->log.acts[i];
        if (act->sale && act->via != GX_NONE && act->via < g->spread.n) {
            g->sales[act->via]++;
        }
    }
    return status;
}

/* Of those whom nobody named. */
static gx_status strike_risky(guide *g, gx_error *err) {
    gx_risks risks;
    const gx_status status = gx_risks_open(&risks, g->call, 100, err);
    for (uint32_t v = 0; status == GX_OK && v < g->spread.n; v++) {
        if (g->keep[v] && gx_is_risky(&risks, v)) {
            g->keep[v] = 0;
            g->risky += g->sales[v] > 0;
        }
    }
    return status;
}

static void add_sharer(guide *g, uint32_t user, kind how, const double *score) {
    for (uint32_t i = 0; i < g->sharer_count; i++) {
        if (g->sharers[i].user == user) {
            return;
        }
    }
    if (user < g->spread.n && gx_word_name(g->call->txn, GX_SPACE_USER, user).size > 0) {
        g->sharers[g->sharer_count++] =
            (sharer){.user = user,
                     .kind = how,
                     .sales = g->sales[user],
                     .score = score && user < g->call->state->users ? score[user] : 0};
    }
}

static uint32_t how_many(const gx_args *args, const char *name) {
    enum { USUAL = 50 };
    return gx_arg_has(args, name) ? (uint32_t)gx_arg_int(args, name) : USUAL;
}

/* What says whom to find goes with nobody named. */
static gx_status check_named(const gx_args *args, gx_error *err) {
    static const char *const finds[] = {"leaders", "promoters", "risk_most"};
    for (size_t i = 0; gx_arg_has(args, "sharers") && i < GX_COUNT(finds); i++) {
        if (gx_arg_has(args, finds[i])) {
            return gx_fail_at(err, GX_BAD_REQUEST, finds[i],
                              "%s was given with sharers; it says who is found to share where "
                              "nobody is named: accepted is one of the two",
                              finds[i]);
        }
    }
    return GX_OK;
}

static gx_status find_sharers(guide *g, gx_error *err) {
    const gx_args *args = g->call->args;
    gx_arena *arena = g->call->arena;
    const gx_state *state = g->call->state;
    const double *score = gx_arrays_get(state->arrays, "leaders.score", GX_F64, state->users);
    const uint32_t leaders = how_many(args, "leaders"), promoters = how_many(args, "promoters");
    const bool given = gx_arg_has(args, "sharers");
    gx_lists_ids ids = {0};
    uint32_t count;
    if (given) {
        gx_status status = gx_lists_find(&ids, g->call, GX_SPACE_USER, "sharers", err);
        if (status != GX_OK) {
            return status;
        }
    }
    const size_t room = given ? ids.count : (size_t)leaders + promoters;
    g->sharers = gx_arena_get(arena, (room + 1) * sizeof *g->sharers);
    double *sales = gx_arena_get(arena, ((size_t)g->spread.n + 1) * sizeof *sales);
    if (!g->sharers || !sales) {
        return gx_fail_memory(err, g->spread.n * sizeof *sales);
    }
    for (uint32_t i = 0; i < ids.count; i++) {
        if (ids.id[i] < g->spread.n && g->spread.gone && g->spread.gone[ids.id[i]]) {
            gx_list_add(arena, &g->gone,
                        gx_word_value(arena, g->call->txn, GX_SPACE_USER, ids.id[i]));
        } else {
            add_sharer(g, ids.id[i], GIVEN, score);
        }
    }
    if (given) {
        return GX_OK;
    }
    const uint32_t *top =
        score ? gx_top_f64(arena, &count, score, state->users, leaders, g->keep) : NULL;
    if (score && !top) {
        return gx_fail_memory(err, leaders * sizeof *top);
    }
    for (uint32_t i = 0; top && i < count && score[top[i]] > 0; i++) {
        add_sharer(g, top[i], LEADER, score);
    }
    for (uint32_t v = 0; v < g->spread.n; v++) {
        sales[v] = g->sales[v];
    }
    top = gx_top_f64(arena, &count, sales, g->spread.n, promoters, g->keep);
    for (uint32_t i = 0; top && i < count && sales[top[i]] > 0; i++) {
        add_sharer(g, top[i], PROMOTER, score);
    }
    return top ? GX_OK : gx_fail_memory(err, promoters * sizeof *top);
}

/* ---- who listens ----------------------------------------------------------------------------- */

static int by_weight(const void *a, const void *b) {
    const gx_scored *x = a, *y = b;
    if (x->score != y->score) {
        return x->score > y->score ? -1 : 1;
    }
    return (x->item > y->item) - (x->item < y->item);
}

static gx_status find_listeners(guide *g, sharer *s, gx_error *err) {
    gx_arena *arena = g->call->arena;
    const gx__chance_rows *rows = &g->chances.heard;
    const uint64_t from = rows->ptr[s->user], to = rows->ptr[s->user + 1];
    gx_scored *all = gx_alloc((size_t)(to - from) + 1, sizeof *all);
    uint32_t count = 0;
    if (!all) {
        return gx_fail_memory(err, (to - from) * sizeof *all);
    }
    for (uint64_t i = from; i < to; i++) {
        const uint32_t a = rows->node[i];
        const float chance = rows->chance ? rows->chance[i] : rows->row_chance[s->user];
        if (chance > 0 && a != s->user && g->wanted[a] &&
            gx_word_name(g->call->txn, GX_SPACE_USER, a).size > 0) {
            all[count++] = (gx_scored){.item = a, .score = chance};
        }
    }
    qsort(all, count, sizeof *all, by_weight);
    s->count = count < LISTENERS_MOST ? count : LISTENERS_MOST;
    s->listener = gx_arena_get(arena, ((size_t)s->count + 1) * sizeof *s->listener);
    s->chance = gx_arena_get(arena, ((size_t)s->count + 1) * sizeof *s->chance);
    for (uint32_t i = 0; s->listener && s->chance && i < s->count; i++) {
        s->listener[i] = all[i].item;
        s->chance[i] = all[i].score;
    }
    gx_free(all);
    return s->listener && s->chance ? GX_OK : gx_fail_memory(err, s->count * sizeof *s->listener);
}

/* ---- what they could share ------------------------------------------------------------------- */

static bool has_bought(const guide *g, uint32_t user, uint32_t item) {
    const gx_matrix *m = g->views.input.bought ? g->views.input.bought : &g->views.matrix;
    return user < m->rows && item < m->cols && gx_matrix_find(m, user, item) != UINT64_MAX;
}

/* What the sharer bought (in a shop without purchases: took to), likes and anybody may be shown,
 * what it likes best first. */
static gx_status find_items(guide *g, uint32_t number, uint32_t *room, gx_error *err) {
    sharer *s = &g->sharers[number];
    const gx_matrix *m = &g->views.matrix;
    const uint64_t from = s->user < m->rows ? m->ptr[s->user] : 0;
    const uint64_t to = s->user < m->rows ? m->ptr[s->user + 1] : 0;
    gx_scored *item = gx_alloc((size_t)(to - from) + 1, sizeof *item);
    uint32_t count = 0;
    if (!item) {
        return gx_fail_memory(err, (to - from) * sizeof *item);
    }
    for (uint64_t k = from; k < to; k++) {
        const uint32_t i = m->col[k];
        if (i < g->filter.items && g->filter.pass[i] && (!g->asked || g->asked[i]) &&
            has_bought(g, s->user, i)) {
            item[count++] = (gx_scored){.item = i, .score = (float)gx_matrix_value(m, k)};
        }
    }
    qsort(item, count, sizeof *item, by_weight);
    count = s->count == 0 ? 0 : count < ITEMS_MOST ? count : ITEMS_MOST;
    s->from = s->to = g->count;
    gx_status status = GX_OK;
    if (g->count + count > *room) {
        *room = 2 * (g->count + count);
        candidate *grown = gx_realloc(g->all, *room, sizeof *grown);
        status = grown ? GX_OK : gx_fail_memory(err, *room * sizeof *grown);
        g->all = grown ? grown : g->all;
    }
    for (uint32_t k = 0; status == GX_OK && k < count; k++) {
        candidate *c = &g->all[g->count++];
        *c = (candidate){.sharer = number, .item = item[k].item, .expected = INFINITY};
        c->p = gx_arena_get(g->call->arena, s->count * sizeof *c->p);
        status = c->p ? GX_OK : gx_fail_memory(err, s->count * sizeof *c->p);
        s->to = g->count;
    }
    gx_free(item);
    return status;
}

static int by_item(const void *a, const void *b) {
    const candidate *const *x = a, *const *y = b;
    return ((*x)->item > (*y)->item) - ((*x)->item < (*y)->item);
}

/* p becomes the taste; −1: they have it. Item by item, so that what is near it is found once. Of
 * every `step`-th item alone, which are *out_pairs tastes. */
static gx_status find_tastes(double *out_pairs, guide *g, uint32_t step, gx_error *err) {
    gx_status status = GX_OK;
    uint32_t items = 0;
    candidate **order = gx_alloc((size_t)g->count + 1, sizeof *order);
    if (!order) {
        return gx_fail_memory(err, g->count * sizeof *order);
    }
    for (uint32_t k = 0; k < g->count; k++) {
        order[k] = &g->all[k];
    }
    *out_pairs = 0;
    if (g->count > 0) {
        qsort(order, g->count, sizeof *order, by_item);
    }
    gx_job_stage(g->call->job, "tastes", g->count);
    for (uint32_t k = 0; k < g->count; k++) {
        const sharer *s = &g->sharers[order[k]->sharer];
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
            order[k]->p[a] = has_bought(g, s->listener[a], order[k]->item) ? -1 : (float)taste;
        }
    }
done:
    gx_free(order);
    return status;
}

/* Tastes become chances. */
static void weigh(guide *g) {
    double sum = 0, number = 0;
    for (uint32_t k = 0; k < g->count; k++) {
        for (uint32_t a = 0; a < g->sharers[g->all[k].sharer].count; a++) {
            sum += fmax((double)g->all[k].p[a], 0);
            number++;
        }
    }
    const double mean = number > 0 ? sum / number : 0;
    for (uint32_t n = 0; n < g->sharer_count; n++) {
        const sharer *s = &g->sharers[n];
        for (uint32_t a = 0; a < s->count; a++) {
            double own = 0;
            for (uint32_t k = s->from; k < s->to; k++) {
                own += fmax((double)g->all[k].p[a], 0) / (s->to - s->from);
            }
            for (uint32_t k = s->from; k < s->to; k++) {
                const double taste = (double)g->all[k].p[a];
                const double times = mean > 0 ? (taste + mean) / (own + mean) : 1;
                const double p = taste < 0 ? 0 : fmin(1, (double)s->chance[a] * times);
                g->all[k].p[a] = (float)p;
            }
        }
    }
}

/* ---- the choice ------------------------------------------------------------------------------ */

/* Indexes of the highest p, at most `audience` of them, into `best`. */
static uint32_t best_of(gx_scored *best, const guide *g, const candidate *c) {
    const uint32_t count = g->sharers[c->sharer].count;
    const uint32_t most = (uint32_t)gx_arg_int(g->call->args, "audience");
    uint32_t found = 0;
    for (uint32_t a = 0; a < count; a++) {
        if (c->p[a] > 0) {
            best[found++] = (gx_scored){.item = a, .score = c->p[a]};
        }
    }
    qsort(best, found, sizeof *best, by_weight);
    return found < most ? found : most;
}

/* Strikes those of the best who may not have it; *out_all: nobody was. */
static gx_status strike(bool *out_all, guide *g, candidate *c, const gx_scored *best,
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
static void use_up(guide *g, candidate *c, const gx_scored *best, uint32_t count) {
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
        candidate *o = &g->all[k];
        const sharer *s = &g->sharers[o->sharer];
        o->over =
            o->over || (sharer_done && o->sharer == c->sharer) || (item_done && o->item == c->item);
        for (uint32_t a = 0; !o->over && a < s->count; a++) {
            const uint32_t user = s->listener[a];
            const bool same = o->item == c->item && g->stamp[user] == g->round;
            o->p[a] = same || g->load[user] >= per_member ? 0 : o->p[a];
        }
    }
}

static candidate *most_promising(const guide *g) {
    candidate *best = NULL;
    for (uint32_t k = 0; k < g->count; k++) {
        candidate *c = &g->all[k];
        best = !c->over && (!best || c->expected > best->expected) ? c : best;
    }
    return best;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static gx_value audience_rows(const guide *g, const candidate *c, const gx_scored *best,
                              uint32_t count) {
    gx_arena *arena = g->call->arena;
    const sharer *s = &g->sharers[c->sharer];
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
static gx_status did_hole(gx_hole *out, const guide *g, uint32_t user, uint32_t item,
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
static gx_status share_row(gx_value *out, const guide *g, const candidate *c, const gx_scored *best,
                           uint32_t count, uint32_t rank, gx_error *err) {
    gx_arena *arena = g->call->arena;
    const sharer *s = &g->sharers[c->sharer];
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

static gx_status choose(gx_value *list, double *expected, guide *g, gx_error *err) {
    gx_status status = GX_OK;
    const uint32_t n = (uint32_t)gx_arg_int(g->call->args, "n");
    gx_scored *best = gx_alloc(LISTENERS_MOST, sizeof *best);
    g->round = 1;
    if (!best) {
        return gx_fail_memory(err, LISTENERS_MOST * sizeof *best);
    }
    while (list->size < n) {
        candidate *c = most_promising(g);
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
        *expected += c->expected;
        use_up(g, c, best, count);
    }
done:
    gx_free(best);
    return status;
}

static gx_status find_wanted(guide *g, gx_error *err) {
    gx_call_env *call = g->call;
    const size_t room =
        (size_t)(g->spread.n > call->state->users ? g->spread.n : call->state->users);
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(call->job, &g->wanted, room + 1, 1, err));
    GX_TRY(gx_job_alloc(call->job, &g->keep, room + 1, 1, err));
    GX_TRY(gx_departed_mark(g->keep, (uint32_t)room, call->txn, call->job, err));
    if (gx_arg_has(call->args, "segment")) {
        GX_TRY(gx_segment_mark(g->wanted, g->spread.n, call, "segment", err));
    } else {
        memset(g->wanted, 1, room);
    }
    for (size_t v = 0; v < room; v++) {
        g->keep[v] = !g->keep[v];
        g->wanted[v] = g->wanted[v] && g->keep[v];
    }
done:
    return status;
}

static gx_status prepare(guide *g, gx_error *err) {
    gx_call_env *call = g->call;
    gx_job *job = call->job;
    gx_status status = GX_OK;
    uint32_t room = 0;
    const uint32_t n = g->spread.n;
    GX_TRY(gx_chances_make(&g->chances, g->spread.graph, &g->spread.chance, true, job, err));
    GX_TRY(count_sales(g, err));
    GX_TRY(gx_job_alloc(job, &g->stamp, (size_t)n + 1, sizeof *g->stamp, err));
    GX_TRY(gx_job_alloc(job, &g->load, (size_t)n + 1, sizeof *g->load, err));
    GX_TRY(find_wanted(g, err));
    GX_TRY(strike_risky(g, err));
    GX_TRY(find_sharers(g, err));
    GX_TRY(gx_filter_lock(&g->columns, call, err));
    GX_TRY(gx_filter_make(&g->filter, call, g->columns, true, err));
    GX_TRY(gx_job_alloc(job, &g->item_shares, (size_t)g->filter.items + 1, sizeof *g->item_shares,
                        err));
    if (gx_arg_has(call->args, "items")) {
        gx_lists_ids ids;
        GX_TRY(gx_lists_find(&ids, call, GX_SPACE_ITEM, "items", err));
        GX_TRY(gx_job_alloc(job, &g->asked, (size_t)g->filter.items + 1, 1, err));
        for (uint32_t i = 0; i < ids.count; i++) {
            g->asked[ids.id[i] < g->filter.items ? ids.id[i] : g->filter.items] = 1;
        }
    }
    GX_TRY(gx_near_open(&g->near, call, g->columns, &g->views.matrix, err));
    for (uint32_t s = 0; s < g->sharer_count; s++) {
        GX_TRY(find_listeners(g, &g->sharers[s], err));
        GX_TRY(find_items(g, s, &room, err));
    }
done:
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
static gx_status foresee(course *out, guide *g, gx_error *err) {
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
        const sharer *s = &g->sharers[i];
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
static gx_status time_asking(double *out, const guide *g, gx_error *err) {
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
static gx_status estimate(gx_value *out, guide *g, int64_t begun_ns, gx_error *err) {
    enum { SOME = 1024 };
    static const double look_s = 9e-10, order_s = 4.5e-8, use_s = 1.1e-9, share_s = 7e-5;
    const uint64_t peak = atomic_load(&g->call->job->mem_peak);
    const uint64_t held = atomic_load(&g->call->job->mem_used);
    const int64_t now_ns = gx_clock_thread_ns();
    const double count = g->count;
    double some, asked_s;
    course to;
    gx_status status = GX_OK;
    GX_TRY(find_tastes(&some, g, g->count / SOME + 1, err));
    const double taste_s = (double)(gx_clock_thread_ns() - now_ns) / 1e9 / fmax(some, 1);
    GX_TRY(time_asking(&asked_s, g, err));
    GX_TRY(foresee(&to, g, err));
    const double looks = (to.is_short ? 3 : 1) * count + 5 * to.shares;
    const double choice_s = looks * (look_s * count + order_s * to.pairs / fmax(count, 1)) +
                            asked_s * to.asked + to.shares * (share_s + use_s * to.pairs);
    const uint64_t mem_bytes = held + (uint64_t)(4 * to.pairs);
    const gx_part_estimate steps[] = {
        {"sharers", {.mem_bytes = peak, .cpu_s = (double)(now_ns - begun_ns) / 1e9}},
        {"tastes", {.mem_bytes = mem_bytes, .cpu_s = taste_s * to.pairs}},
        {"choice", {.mem_bytes = mem_bytes, .cpu_s = choice_s}}};
    *out = gx_estimate_steps(g->call->arena, steps, GX_COUNT(steps), 1);
    gx_map_put(g->call->arena, out, "considered", gx_int(g->count));
done:
    return status;
}

static gx_status answer(gx_value *out, guide *g, gx_error *err) {
    gx_arena *arena = g->call->arena;
    const uint32_t n = (uint32_t)gx_arg_int(g->call->args, "n");
    gx_value row = gx_map(arena, 10), left = gx_map(arena, 1), list = gx_list(arena, 20),
             less = gx_nil();
    double expected = 0;
    gx_status status = choose(&list, &expected, g, err);
    if (status != GX_OK) {
        return status;
    }
    if (list.size < n) {
        char *text = gx_arena_printf(
            arena, "%u of %u: %s", list.size, n,
            g->sharer_count == 0 && g->gone.size > 0 ? "those who were named have departed"
            : g->sharer_count == 0 ? "there are no leaders, and nobody whom purchases came via"
            : g->count == 0        ? "none of the sharers has anything that may be shared, or "
                                     "nobody listens to them"
                                   : "nobody is left to share with within the limits");
        less = gx_filter_short(arena, &g->filter, text ? text : "");
    }
    gx_map_put(arena, &row, "shares", list);
    gx_map_put(arena, &row, "expected", gx_real(expected));
    gx_map_put(arena, &row, "chances", gx_str(g->rule));
    gx_map_put(arena, &row, "sharers", gx_int(g->sharer_count));
    gx_map_put(arena, &row, "considered", gx_int(g->count));
    gx_value notes = gx_list(arena, 2);
    gx_spread_note(&notes, &g->spread);
    if (!gx_arg_has(g->call->args, "sharers") && how_many(g->call->args, "leaders") > 0 &&
        !gx_arrays_find(g->call->state->arrays, "leaders.score")) {
        gx_list_add(arena, &notes,
                    gx_str("this snapshot was built without the pass leaders: those who share are "
                           "promoters alone"));
    }
    gx_map_put(arena, &row, "notes", notes);
    gx_filter_note(&row, &g->filter, arena);
    gx_map_put(arena, &left, "risk", gx_int(g->risky));
    gx_map_put(arena, &row, "left_out", left);
    gx_map_put(arena, &row, "short", less);
    if (g->gone.size > 0) {
        gx_map_put(arena, &row, "departed", g->gone);
    }
    *out = row;
    return GX_OK;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    gx_job *job = call->job;
    guide g = {.call = call, .gone = gx_list(call->arena, 4)};
    const int64_t begun = gx_clock_thread_ns();
    double pairs;
    GX_TRY(check_named(call->args, err));
    GX_TRY(gx_need_snapshot(call->state, err));
    GX_TRY(gx_spread_open_told(&g.spread, &g.rule, call, err));
    GX_TRY(gx_views_make(&g.views, call->db->store, &call->state->rules,
                         GX_NEED_MATRIX | GX_NEED_BOUGHT, NULL, job, err));
    GX_TRY(prepare(&g, err));
    if (gx_arg_bool(call->args, "estimate")) {
        GX_TRY(estimate(out, &g, begun, err));
        goto done;
    }
    GX_TRY(find_tastes(&pairs, &g, 1, err));
    weigh(&g);
    GX_TRY(answer(out, &g, err));
done:
    if (g.columns) {
        gx_db_items_unlock(call->db);
    }
    gx_near_close(&g.near);
    gx_log_finish(&g.log);
    gx_free(g.all);
    gx_job_free(job, g.sales);
    gx_job_free(job, g.stamp);
    gx_job_free(job, g.load);
    gx_job_free(job, g.wanted);
    gx_job_free(job, g.keep);
    gx_job_free(job, g.asked);
    gx_job_free(job, g.item_shares);
    gx_chances_finish(&g.chances, job);
    gx_views_finish(&g.views);
    gx_spread_close(&g.spread);
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
        "sharers, considered, notes: [text], left_out: {risk}, short, departed? (sharers "
        "that have)}; with estimate {steps, mem_bytes, cpu_s, cpu_most_s, considered}",
    .run = run,
};
