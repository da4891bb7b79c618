/* Who could share what with whom: docs/shopping-guide.md. */
#include "api/spread/guide.h"

#include "api/lists/segment.h"
#include "api/people/leader.h"
#include "api/people/member_rules.h"

#include <math.h>
#include <stdlib.h>

enum { ITEMS_MOST = 30 };

/* ---- who shares ------------------------------------------------------------------------------ */

static gx_status count_sales(gx_guide *g, gx_error *err) {
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
static gx_status strike_risky(gx_guide *g, gx_error *err) {
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

static void add_sharer(gx_guide *g, uint32_t user, gx_guide_kind how, const double *score) {
    for (uint32_t i = 0; i < g->sharer_count; i++) {
        if (g->sharers[i].user == user) {
            return;
        }
    }
    if (user < g->spread.n && gx_word_name(g->call->txn, GX_SPACE_USER, user).size > 0) {
        g->sharers[g->sharer_count++] =
            (gx_guide_sharer){.user = user,
                              .kind = how,
                              .sales = g->sales[user],
                              .score = score && user < g->call->state->users ? score[user] : 0};
    }
}

uint32_t gx_guide_how_many(const gx_args *args, const char *name) {
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

static void add_unknown(gx_guide *g, const gx_lists_ids *ids) {
    for (uint32_t i = 0; i < ids->unknown.size; i++) {
        gx_list_add(g->call->arena, &g->unknown, ids->unknown.as.items[i]);
    }
}

static gx_status find_sharers(gx_guide *g, gx_error *err) {
    const gx_args *args = g->call->args;
    gx_arena *arena = g->call->arena;
    const gx_state *state = g->call->state;
    const double *score = gx_arrays_get(state->arrays, "leaders.score", GX_F64, state->users);
    const uint32_t leaders = gx_guide_how_many(args, "leaders"),
                   promoters = gx_guide_how_many(args, "promoters");
    const bool given = gx_arg_has(args, "sharers");
    gx_lists_ids ids = {0};
    uint32_t count;
    if (given) {
        gx_status status = gx_lists_find(&ids, g->call, GX_SPACE_USER, "sharers", err);
        if (status != GX_OK) {
            return status;
        }
        add_unknown(g, &ids);
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
            add_sharer(g, ids.id[i], GX_GUIDE_GIVEN, score);
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
        add_sharer(g, top[i], GX_GUIDE_LEADER, score);
    }
    for (uint32_t v = 0; v < g->spread.n; v++) {
        sales[v] = g->sales[v];
    }
    top = gx_top_f64(arena, &count, sales, g->spread.n, promoters, g->keep);
    for (uint32_t i = 0; top && i < count && sales[top[i]] > 0; i++) {
        add_sharer(g, top[i], GX_GUIDE_PROMOTER, score);
    }
    return top ? GX_OK : gx_fail_memory(err, promoters * sizeof *top);
}

/* ---- who listens ----------------------------------------------------------------------------- */

int gx_guide_by_weight(const void *a, const void *b) {
    const gx_scored *x = a, *y = b;
    if (x->score != y->score) {
        return x->score > y->score ? -1 : 1;
    }
    return (x->item > y->item) - (x->item < y->item);
}

static gx_status find_listeners(gx_guide *g, gx_guide_sharer *s, gx_error *err) {
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
        const float chance = gx__chance_at(rows, s->user, i);
        if (chance > 0 && a != s->user && g->wanted[a] &&
            gx_word_name(g->call->txn, GX_SPACE_USER, a).size > 0) {
            all[count++] = (gx_scored){.item = a, .score = chance};
        }
    }
    qsort(all, count, sizeof *all, gx_guide_by_weight);
    s->count = count < GX_GUIDE_LISTENERS ? count : GX_GUIDE_LISTENERS;
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

bool gx_guide_has_bought(const gx_guide *g, uint32_t user, uint32_t item) {
    const gx_matrix *m = g->views.input.bought ? g->views.input.bought : &g->views.matrix;
    return user < m->rows && item < m->cols && gx_matrix_find(m, user, item) != UINT64_MAX;
}

/* What the sharer bought (in a shop without purchases: took to), likes and anybody may be shown,
 * what it likes best first. */
static gx_status find_items(gx_guide *g, uint32_t number, gx_error *err) {
    gx_job *job = g->call->job;
    gx_guide_sharer *s = &g->sharers[number];
    const gx_matrix *m = &g->views.matrix;
    const uint64_t from = s->user < m->rows ? m->ptr[s->user] : 0;
    const uint64_t to = s->user < m->rows ? m->ptr[s->user + 1] : 0;
    gx_scored *item = NULL;
    uint32_t count = 0;
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(job, &item, (size_t)(to - from) + 1, sizeof *item, err));
    for (uint64_t k = from; k < to; k++) {
        const uint32_t i = m->col[k];
        if (i < g->filter.items && g->filter.pass[i] && (!g->asked || g->asked[i]) &&
            gx_guide_has_bought(g, s->user, i)) {
            item[count++] = (gx_scored){.item = i, .score = (float)gx_matrix_value(m, k)};
        }
    }
    qsort(item, count, sizeof *item, gx_guide_by_weight);
    count = s->count == 0 ? 0 : count < ITEMS_MOST ? count : ITEMS_MOST;
    s->from = s->to = g->count;
    for (uint32_t k = 0; k < count; k++) {
        gx_guide_candidate *c;
        float *p = gx_arena_get(g->call->arena, s->count * sizeof *p);
        GX_TRY(p ? GX_OK : gx_fail_memory(err, s->count * sizeof *p));
        GX_TRY(vector_push(&c, &g->candidates, job, err));
        *c = (gx_guide_candidate){
            .sharer = number, .item = item[k].item, .p = p, .expected = INFINITY};
        g->all = g->candidates.data;
        s->to = ++g->count;
    }
    GX_TRY(gx_call_bill(g->call, err));
done:
    gx_job_free(job, item);
    return status;
}

static gx_status find_wanted(gx_guide *g, gx_error *err) {
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

static gx_status prepare(gx_guide *g, gx_error *err) {
    gx_call_env *call = g->call;
    gx_job *job = call->job;
    gx_status status = GX_OK;
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
        add_unknown(g, &ids);
        GX_TRY(gx_job_alloc(job, &g->asked, (size_t)g->filter.items + 1, 1, err));
        for (uint32_t i = 0; i < ids.count; i++) {
            g->asked[ids.id[i] < g->filter.items ? ids.id[i] : g->filter.items] = 1;
        }
    }
    GX_TRY(gx_near_open(&g->near, call, g->columns, &g->views.matrix, err));
    for (uint32_t s = 0; s < g->sharer_count; s++) {
        GX_TRY(find_listeners(g, &g->sharers[s], err));
        GX_TRY(find_items(g, s, err));
    }
done:
    return status;
}

gx_status gx_guide_open(gx_guide *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    *out = (gx_guide){.call = call,
                      .gone = gx_list(call->arena, 4),
                      .unknown = gx_list(call->arena, 4),
                      .candidates = {.size = sizeof(gx_guide_candidate)}};
    GX_TRY(check_named(call->args, err));
    GX_TRY(gx_need_snapshot(call->state, err));
    GX_TRY(gx_spread_open_told(&out->spread, &out->rule, call, err));
    out->rate_from = gx_spread_rate(&out->rate, &out->spread, true);
    GX_TRY(gx_views_make(&out->views, call->db->store, &call->state->rules,
                         GX_NEED_MATRIX | GX_NEED_BOUGHT, NULL, call->job, err));
    GX_TRY(prepare(out, err));
done:
    return status;
}

void gx_guide_close(gx_guide *g) {
    gx_job *job = g->call->job;
    if (g->columns) {
        gx_db_items_unlock(g->call->db);
    }
    gx_near_close(&g->near);
    gx_log_finish(&g->log);
    vector_finish(&g->candidates, job);
    gx_job_free(job, g->sales);
    gx_job_free(job, g->stamp);
    gx_job_free(job, g->load);
    gx_job_free(job, g->wanted);
    gx_job_free(job, g->keep);
    gx_job_free(job, g->asked);
    gx_job_free(job, g->item_shares);
    gx_chances_finish(&g->chances, job);
    gx_views_finish(&g->views);
    gx_spread_close(&g->spread);
}
