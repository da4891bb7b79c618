/* From channel scores to a list: the blend, the filter, the n best, and what popularity adds at the
 * end.
 *
 *   score(i) = Σ_c weight_c × s_c(i)
 *
 * The filter goes before the choice of the n best, so a list is short only where the filter leaves
 * fewer than n. Where the channels have nothing to say about enough items, the most popular of the
 * rest follow with a score of 0; where they have nothing to say at all, the whole list is the most
 * popular items (rung `popular`). Time O(items + n log n) beyond the channels (rec_channels.c) and
 * the evidence (rec_why.c). */
#include "models/rec/rec_parts.h"

#include "models/parallel.h"

#include <math.h>

/* ---- names ---------------------------------------------------------------------------------- */

const char *gx_channel_name(gx_channel channel) {
    static const char *const names[GX_CHANNEL_COUNT] = {
#define X(name, text, weight) text,
        GX_CHANNEL_MAP(X)
#undef X
    };
    return (unsigned)channel < GX_CHANNEL_COUNT ? names[channel] : "unknown";
}

double gx_channel_weight_default(gx_channel channel) {
    static const double weights[GX_CHANNEL_COUNT] = {
#define X(name, text, weight) weight,
        GX_CHANNEL_MAP(X)
#undef X
    };
    return (unsigned)channel < GX_CHANNEL_COUNT ? weights[channel] : 0;
}

const char *gx_rung_name(gx_rung rung) {
    static const char *const names[GX_RUNG_COUNT] = {
#define X(name, text) text,
        GX_RUNG_MAP(X)
#undef X
    };
    return (unsigned)rung < GX_RUNG_COUNT ? names[rung] : "unknown";
}

/* ---- the blend ------------------------------------------------------------------------------ */

/* The one place where channels become a score; always in the same order, so that it is the same to
 * the bit whichever way an item was found. */
static float blend(const float weights[GX_CHANNEL_COUNT], const float s[GX_CHANNEL_COUNT]) {
    float score = weights[GX_CHANNEL_INTEREST] * s[GX_CHANNEL_INTEREST];
    score += weights[GX_CHANNEL_FRIENDS] * s[GX_CHANNEL_FRIENDS];
    score += weights[GX_CHANNEL_CIRCLE] * s[GX_CHANNEL_CIRCLE];
    score += weights[GX_CHANNEL_LEADER] * s[GX_CHANNEL_LEADER];
    return score;
}

/* blend() of items that only the interest channel knows. */
GX__CLONES static void blend_interest(float *restrict total, const float *restrict raw,
                                      uint32_t items, float scale, float weight) {
    for (uint32_t i = 0; i < items; i++) {
        float s = raw[i] * scale;
        s = s > 0 ? s : 0;
        s = s < 1 ? s : 1;
        total[i] = weight * s;
    }
}

GX__CLONES static uint32_t filter(float *restrict total, const uint8_t *restrict pass,
                                  uint32_t items) {
    uint32_t passing = 0;
    for (uint32_t i = 0; i < items; i++) {
        total[i] = pass[i] ? total[i] : 0;
        passing += pass[i] ? 1 : 0;
    }
    return passing;
}

GX__CLONES static void multiply(float *restrict total, const float *restrict by, uint32_t items) {
    for (uint32_t i = 0; i < items; i++) {
        total[i] *= by[i];
    }
}

GX__CLONES static void multiply_novel(float *restrict total, const float *restrict by,
                                      const float *restrict popular, uint32_t items, float novelty,
                                      float mean) {
    for (uint32_t i = 0; i < items; i++) {
        const float factor = by ? by[i] : 1, p = popular[i] > 0 ? popular[i] : 0;
        total[i] *= p > 0 ? factor * (1 - novelty * (p / (p + mean))) : factor;
    }
}

/* total × gx__factor of every item, the same to the bit. */
static void apply_factors(float *total, const gx_rec *rec, const gx_slate *slate, uint32_t items) {
    uint32_t known = 0;
    if (rec->popular && slate->novelty > 0) {
        known = rec->items < items ? rec->items : items;
        multiply_novel(total, slate->factor, rec->popular, known, slate->novelty,
                       rec->popular_mean);
    }
    if (slate->factor) {
        multiply(total + known, slate->factor + known, items - known);
    }
}

float gx__total_of(const gx__ranking *r, uint32_t item) {
    const gx_rec_request *request = r->request;
    float s[GX_CHANNEL_COUNT];
    gx__scores_of(s, &r->scores, item);
    const float total = gx__passes(request, item) ? blend(request->weights, s) : 0;
    return total * gx__factor(r->scores.rec, request->slate, item);
}

static gx_status ranking_make(gx__ranking *out, const gx_rec *rec, const gx_rec_member *member,
                              const gx_rec_request *request, bool lazily, gx_error *err) {
    gx__ranking r = {.request = request};
    uint32_t items = request->items;
    gx_status status = gx__scores_make(&r.scores, rec, member, items, lazily, err);
    if (status != GX_OK) {
        return status;
    }
    r.total = r.scores.scratch->total;
    uint32_t known = r.scores.interest ? items : 0;
    blend_interest(r.total, r.scores.interest, known, r.scores.interest_scale,
                   request->weights[GX_CHANNEL_INTEREST]);
    memset(r.total + known, 0, (items - known) * sizeof *r.total);
    for (uint32_t k = 0; k < r.scores.count; k++) {
        uint32_t item = r.scores.candidates[k].item;
        float s[GX_CHANNEL_COUNT];
        if (item < items) {
            gx__scores_of(s, &r.scores, item);
            r.total[item] = blend(request->weights, s);
        }
    }
    r.passing = request->pass ? filter(r.total, request->pass, items) : items;
    if (request->slate && (request->slate->factor || request->slate->novelty > 0)) {
        apply_factors(r.total, rec, request->slate, items);
    }
    *out = r;
    return GX_OK;
}

/* The popularity by which items follow that no channel speaks for. */
static float popularity(const gx__ranking *r, uint32_t item) {
    const gx_rec *rec = r->scores.rec;
    return gx__popularity(rec, item) * gx__factor(rec, r->request->slate, item);
}

void gx__ranking_turn_to_popular(gx__ranking *r) {
    for (uint32_t i = 0; i < r->request->items; i++) {
        const bool rest = r->total[i] == 0 && gx__passes(r->request, i);
        r->total[i] = rest ? popularity(r, i) : GX__TAKEN;
    }
}

/* ---- the ladder ----------------------------------------------------------------------------- */

/* Whether the fit saw this history as it is now. */
static bool is_fitted(const gx__scores *scores) {
    const gx_rec *rec = scores->rec;
    const gx_history *history = &scores->member->history;
    uint32_t user = scores->member->user;
    int64_t last = INT64_MIN;
    if (user >= rec->users || !rec->history_count || !rec->history_last) {
        return false;
    }
    for (uint32_t k = 0; history->ts && k < history->count; k++) {
        last = history->weight[k] > 0 && history->ts[k] > last ? history->ts[k] : last;
    }
    return scores->likes == rec->history_count[user] &&
           (!history->ts || last == rec->history_last[user]);
}

/* The step that answers. Where nothing is listed none does: then it is the one on which the
 * member's history or ties put them, and `popular` where there are neither. */
static gx_rung rung_of(const gx__scores *scores, bool earned, bool empty) {
    if (scores->likes > 0 && (earned || empty)) {
        return is_fitted(scores) ? GX_RUNG_FULL : GX_RUNG_FOLD_IN;
    }
    if (scores->count > 0 && (earned || empty)) {
        return GX_RUNG_FRIENDS_ONLY;
    }
    return earned ? GX_RUNG_ATTRIBUTES : GX_RUNG_POPULAR;
}

/* ---- the list ------------------------------------------------------------------------------- */

/* boosted or buried: by what was asked for, not by novelty. */
static uint32_t flags_of(const gx_slate *slate, uint32_t item) {
    float factor = slate && slate->factor ? slate->factor[item] : 1;
    return (factor > 1 ? 1U << GX_SLATE_BOOSTED : 0) | (factor < 1 ? 1U << GX_SLATE_BURIED : 0);
}

static void fill_parts(gx_rec_item *out, gx__ranking *r, uint32_t item) {
    const gx_rec_request *request = r->request;
    float s[GX_CHANNEL_COUNT];
    float factor = gx__factor(r->scores.rec, request->slate, item);
    gx__scores_settle(&r->scores, item);
    gx__scores_of(s, &r->scores, item);
    *out = (gx_rec_item){.item = item,
                         .score = (double)(blend(request->weights, s) * factor),
                         .factor = (double)factor,
                         .propensity = 1,
                         .flags = flags_of(request->slate, item)};
    double sum = 0;
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        out->channel[c] = (double)request->weights[c] * (double)s[c];
        sum += out->channel[c];
    }
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        out->channel[c] = sum > 0 ? out->channel[c] / sum : 0;
    }
}

/* Without a slate: the n best, and what is popular behind them. */
static gx_status pick_best(gx__pick *picks, uint32_t *out_count, gx__ranking *r, uint32_t n,
                           gx_error *err) {
    gx_scored *top = gx_alloc((size_t)n + 1, sizeof *top);
    if (!top) {
        return gx_fail_memory(err, n * sizeof *top);
    }
    uint32_t found = gx__ranking_top(top, n, r);
    uint32_t count = found;
    if (found < n) {
        gx__ranking_turn_to_popular(r);
        count += gx_top(top + found, n - found, r->total, r->request->items, NULL, GX__TAKEN);
    }
    for (uint32_t k = 0; k < count; k++) {
        picks[k] = (gx__pick){.item = top[k].item, .earned = k < found, .propensity = 1};
    }
    gx_free(top);
    *out_count = count;
    return GX_OK;
}

double gx_rec_popular_score(const gx_rec *rec, uint32_t item, double factor) {
    const float popular = gx__popularity(rec, item) * (float)factor;
    return rec->popular_max > 0 ? (double)(popular / rec->popular_max) : 0;
}

static void fill_list(gx_rec_list *list, const gx__pick *picks, gx__ranking *r) {
    bool earned = false;
    for (uint32_t k = 0; k < list->count; k++) {
        earned |= picks[k].earned;
    }
    list->rung = rung_of(&r->scores, earned, list->count == 0);
    for (uint32_t k = 0; k < list->count; k++) {
        gx_rec_item *item = &list->items[k];
        fill_parts(item, r, picks[k].item);
        item->rank = k + 1;
        item->flags |= picks[k].flags;
        item->propensity = picks[k].propensity;
        if (!earned) {
            item->score = gx_rec_popular_score(r->scores.rec, item->item, item->factor);
        }
    }
}

static gx_status list_items(gx_rec_list *list, gx__ranking *r, gx_arena *arena, gx_error *err) {
    const gx_rec_request *request = r->request;
    gx_status status;
    uint32_t n = request->n < r->passing ? request->n : r->passing;
    gx__pick *picks = gx_alloc((size_t)n + 1, sizeof *picks);
    list->items = gx_arena_get(arena, ((size_t)n + 1) * sizeof *list->items);
    list->full_limit = GX_NONE;
    if (!picks || !list->items) {
        gx_free(picks);
        return gx_fail_memory(err, n * (sizeof *picks + sizeof *list->items));
    }
    if (request->slate) {
        status = gx__slate_pick(picks, &list->count, &list->full_limit, r, n, err);
    } else {
        status = pick_best(picks, &list->count, r, n, err);
    }
    if (status == GX_OK) {
        fill_list(list, picks, r);
    }
    gx_free(picks);
    return status;
}

/* What a call about `items` works in, in bytes: the scratch, and what a slate picks from. */
static uint64_t room_of(const gx_rec *rec, uint32_t items, const gx_slate *slate) {
    const uint64_t all = items > rec->items ? items : rec->items;
    uint64_t each = GX__SCRATCH_BYTES;
    each += slate ? 8 : 0;
    each += slate && slate->explore > 0 ? 4 : 0;
    return all * each;
}

gx_status gx_rec_list_make(gx_rec_list *out, const gx_rec *rec, const gx_rec_member *member,
                           const gx_rec_request *request, gx_arena *arena, gx_job *job,
                           gx_error *err) {
    gx__ranking r;
    gx_rec_list list = {0};
    const uint64_t room = room_of(rec, request->items, request->slate);
    gx_status status = gx_job_check(job, err);
    if (status == GX_OK) {
        status = gx_job_charge(job, room, err);
    }
    if (status != GX_OK) {
        return status;
    }
    status = ranking_make(&r, rec, member, request, true, err);
    if (status != GX_OK) {
        gx_job_refund(job, room);
        return status;
    }
    list.passing = r.passing;
    list.circle = r.scores.circle;
    GX_TRY(list_items(&list, &r, arena, err));
    if (request->why) {
        GX_TRY(gx__why_fill(list.items, list.count, request->why_least, &r.scores, err));
    }
    *out = list;
done:
    gx__scores_finish(&r.scores);
    gx_job_refund(job, room);
    return status;
}

/* ---- one item ------------------------------------------------------------------------------- */

/* 1 + how many of those that pass stand before the item. */
static uint32_t rank_of(const gx__ranking *r, uint32_t item) {
    uint32_t before = 0;
    float score = r->total[item], popular = popularity(r, item);
    for (uint32_t i = 0; i < r->request->items; i++) {
        float s = r->total[i];
        bool first = i < item;
        if (s == 0 && score == 0) {
            float p = popularity(r, i);
            before += gx__passes(r->request, i) && (p > popular || (p == popular && first)) ? 1 : 0;
        } else {
            before += s > score || (s == score && first) ? 1 : 0;
        }
    }
    return before + 1;
}

gx_status gx_rec_explain(gx_rec_item *out, uint32_t *out_rank, const gx_rec *rec,
                         const gx_rec_member *member, const gx_rec_request *request, uint32_t item,
                         gx_job *job, gx_error *err) {
    gx__ranking r;
    const uint64_t room = room_of(rec, request->items, NULL);
    gx_status status = gx_job_check(job, err);
    if (status == GX_OK) {
        status = gx_job_charge(job, room, err);
    }
    if (status != GX_OK) {
        return status;
    }
    status = ranking_make(&r, rec, member, request, false, err);
    if (status != GX_OK) {
        gx_job_refund(job, room);
        return status;
    }
    gx_rec_item made;
    fill_parts(&made, &r, item);
    made.rank = gx__passes(request, item) ? rank_of(&r, item) : 0;
    GX_TRY(gx__why_fill(&made, 1, request->why_least, &r.scores, err));
    *out = made;
    *out_rank = made.rank;
done:
    gx__scores_finish(&r.scores);
    gx_job_refund(job, room);
    return status;
}

/* ---- similar items -------------------------------------------------------------------------- */

/* What the model says of the item's own history, what is expected of others by what they are, and,
 * as far as the item's own history is thin, what they share with it. */
static gx_status likeness(gx__scratch *scratch, const gx_rec *rec, uint32_t item, uint32_t items,
                          const gx_columns *columns, gx_error *err) {
    gx_status status = GX_OK;
    const float own = gx_attributes_trust(&rec->attributes, item);
    const bool thin = rec->attributes.count > 0 && own < 1;
    float *raw = scratch->raw, *near = scratch->total, largest = 0;
    memset(raw, 0, items * sizeof *raw);
    if (item < rec->items) {
        GX_TRY(rec->model->similar(raw, rec->model_state, item, err));
        raw[item] = 0;
        for (uint32_t i = 0; i < rec->items; i++) {
            largest = raw[i] > largest ? raw[i] : largest;
        }
        raw[item] = largest;
        GX_TRY(gx_attributes_fill(raw, NULL, NULL, items, &rec->attributes, columns, err));
    }
    if (thin) {
        GX_TRY(gx_attributes_near(near, items, &rec->attributes, columns, item, err));
        for (uint32_t i = 0; i < items; i++) {
            const float p = gx__popularity(rec, i);
            const float likely = 0.9F + 0.1F * (p / (p + rec->popular_mean));
            raw[i] = (largest > 0 ? own * raw[i] / largest : 0) + (1 - own) * near[i] * likely;
        }
    }
    raw[item] = 0;
done:
    return status;
}

gx_status gx_rec_similar(gx_scored **out, uint32_t *out_count, const gx_rec *rec, uint32_t item,
                         uint32_t n, const uint8_t *pass, uint32_t items, const gx_columns *columns,
                         gx_arena *arena, gx_job *job, gx_error *err) {
    items = items > rec->items ? items : rec->items;
    if (!gx_rec_tells_alike(rec)) {
        return gx_fail_at(err, GX_CONFLICT, "model",
                          "the snapshot has no model that knows which items are alike");
    }
    if (item >= items ||
        (item >= rec->items && !gx_attributes_known(&rec->attributes, columns, item))) {
        return gx_fail_at(
            err, GX_NOT_FOUND, "item",
            "the item is newer than the snapshot and shares no attribute with what is "
            "in it; it is known after the next build");
    }
    gx__scratch *scratch = NULL;
    const uint64_t room = room_of(rec, items, NULL);
    n = n < items ? n : items;
    gx_scored *top = gx_arena_get(arena, ((size_t)n + 1) * sizeof *top);
    if (!top) {
        return gx_fail_memory(err, n * sizeof *top);
    }
    gx_status status = gx_job_charge(job, room, err);
    if (status != GX_OK) {
        return status;
    }
    GX_TRY(gx__scratch_take(&scratch, rec->pool, items, err));
    GX_TRY(likeness(scratch, rec, item, items, columns, err));
    if (pass) {
        (void)filter(scratch->raw, pass, items);
    }
    *out_count = gx_top(top, n, scratch->raw, items, NULL, 0);
    *out = top;
done:
    gx__scratch_give(rec->pool, scratch);
    gx_job_refund(job, room);
    return status;
}
