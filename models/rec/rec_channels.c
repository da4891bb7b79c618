/* The four channels: from a member's live data and the snapshot to s_c(i) in 0 … 1. Each squashes
 * its own evidence by a scale of its own; none sees the filter, the weights or another channel.
 *
 *   friends   x = Σ friends strength × best act,   s = x / (x + 1)
 *   leader    x = Σ leaders authority × reach × best act,   s = x / (x + ½)
 *             reach: 1 followed, 0.7 tied, 0.5 only of the same circle
 *   best act  max over a person's acts on the item of weight × T / (T + age),   T = 30 days
 *   circle    share / (share + 0.05) × (1 − 1 / lift),   share = k / (size + 20); the lift comes
 *             shrunk from the snapshot
 *   interest  raw / (largest raw) × h / (h + 2) for items outside the history, h items in it;
 * of the history, what is due again: s as the caller says (api/lists/repeat.c);
 * and what was declared, × 2 / (h + 2): b = 0.25 + 0.5 × popularity, for two tags 1 − (1 − b)²
 *
 * Age fades by a power and not exponentially: what a friend bought three years ago still says
 * something. A person counts once an item, however often they looked at it. Time O(acts + circle's
 * row + the model's scoring); memory 13 bytes an item, kept between calls. */
#include "models/rec/rec_parts.h"

#include "models/parallel.h"

#include <math.h>

#define DAY_MS 86400000.0

static const double FADE_MS = 30 * DAY_MS;
static const double FRIENDS_HALF = 1.0; /* evidence at which s is ½ */
static const double LEADER_HALF = 0.5;
static const double REACH_FOLLOWED = 1.0, REACH_TIED = 0.7, REACH_CIRCLE = 0.5;
static const double OUTSIDE_FIELD = 0.5; /* a leader's word on what they are no expert of */
static const double SHARE_HALF = 0.05, SHARE_SHRINK = 20;
static const double HISTORY_HALF = 2;
static const float ALIKE_MOST = 0.5F;
static const double TAG_BASE = 0.25, TAG_POPULAR = 0.5;

/* ---- leaders -------------------------------------------------------------------------------- */

/* The categories that `user` leads: a run of the table. */
static uint32_t experts_of(const gx__expert **out, const gx_rec *rec, uint32_t user) {
    uint32_t low = 0, high = rec->expert_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (rec->experts[middle].user < user) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    uint32_t count = 0;
    while (low + count < rec->expert_count && rec->experts[low + count].user == user) {
        count++;
    }
    *out = rec->experts + low;
    return count;
}

static bool leads_circle(const gx_rec *rec, uint32_t circle, uint32_t user) {
    uint32_t leaders[GX_REC_CIRCLE_LEADERS];
    uint32_t count = gx_rec_circle_leaders(leaders, rec, circle);
    for (uint32_t k = 0; k < count; k++) {
        if (leaders[k] == user) {
            return true;
        }
    }
    return false;
}

uint32_t gx_rec_leader_rank(const gx_rec *rec, uint32_t user) {
    bool leads = rec->leader_score && user < rec->users && rec->leader_score[user] > 0 &&
                 rec->leader_rank[user] <= rec->leader_last;
    return leads ? rec->leader_rank[user] : 0;
}

static gx__lead lead_of(const gx_rec *rec, uint32_t circle, const gx_friend *person) {
    gx__lead lead = {0};
    uint32_t user = person->user;
    if (!rec->leader_score || user >= rec->users) {
        return lead;
    }
    if (gx_rec_leader_rank(rec, user) || leads_circle(rec, circle, user)) {
        lead.overall = rec->leader_score[user];
    }
    if (rec->expert_count > 0) {
        lead.experts = experts_of(&lead.expert, rec, user);
    }
    lead.reach = person->strength > 0 ? REACH_TIED : REACH_CIRCLE;
    lead.reach = person->followed ? REACH_FOLLOWED : lead.reach;
    return lead;
}

double gx__authority(double *out_score, uint32_t *out_category, const gx_rec *rec,
                     const gx__lead *lead, uint32_t item) {
    double authority = lead->overall / 100 * (rec->expert_count > 0 ? OUTSIDE_FIELD : 1);
    *out_score = lead->overall;
    *out_category = GX_NONE;
    uint32_t category = lead->experts > 0 && item < rec->items ? rec->category[item] : GX_NONE;
    for (uint32_t k = 0; k < lead->experts; k++) {
        double score = (double)lead->expert[k].score;
        if (lead->expert[k].category == category && score / 100 > authority) {
            authority = score / 100;
            *out_score = score;
            *out_category = category;
        }
    }
    return fmin(authority, 1) * lead->reach;
}

/* ---- friends and leaders: the walk over what they did --------------------------------------- */

static gx__candidate *candidate_at(gx__scores *scores, uint32_t item) {
    uint32_t *slot = &scores->scratch->slot[item];
    if (*slot == 0) {
        scores->candidates[scores->count] = (gx__candidate){.item = item, .place = GX_NONE};
        *slot = ++scores->count;
    }
    return &scores->candidates[*slot - 1];
}

static double fade(int64_t now_ms, int64_t ts_ms, double half_ms) {
    double age = (double)now_ms - (double)ts_ms;
    return age > 0 ? half_ms / (half_ms + age) : 1;
}

static bool is_wanted(const gx__scores *scores, const uint64_t *wanted, uint32_t item) {
    return item < scores->items &&
           (!wanted || (wanted[item / 64 % GX__WANTED_WORDS] >> (item % 64) & 1) != 0);
}

static void find_best(gx__scores *scores, const gx_friend *person, const uint64_t *wanted) {
    const gx_rec_member *member = scores->member;
    for (uint32_t a = person->act_from; a < person->act_to; a++) {
        const gx_act *act = &member->acts[a];
        if (!is_wanted(scores, wanted, act->item)) {
            continue;
        }
        gx__candidate *candidate = candidate_at(scores, act->item);
        float value = (float)(fmin((double)act->weight, 1) *
                              fade(member->now_ms, act->ts_ms, scores->fade_ms));
        if (value > candidate->best) {
            candidate->best = value;
            candidate->best_act = a;
        }
    }
}

void gx__walk_acts(gx__scores *scores, const uint64_t *wanted, gx__walk_fn fn, void *user) {
    const gx_rec_member *member = scores->member;
    for (uint32_t f = 0; f < member->friend_count; f++) {
        const gx_friend *person = &member->friends[f];
        gx__lead lead = lead_of(scores->rec, scores->circle, person);
        find_best(scores, person, wanted);
        for (uint32_t a = person->act_from; a < person->act_to; a++) {
            uint32_t item = member->acts[a].item;
            if (!is_wanted(scores, wanted, item)) {
                continue;
            }
            gx__candidate *candidate = candidate_at(scores, item);
            if (candidate->best > 0) { /* once a person and item */
                fn(user, person, &lead, candidate);
                candidate->best = 0;
            }
        }
    }
}

gx__evidence gx__evidence_of(const gx_rec *rec, const gx_friend *person, const gx__lead *lead,
                             const gx__candidate *candidate) {
    const double best = (double)candidate->best;
    double score;
    uint32_t category;
    return (gx__evidence){
        .friends = fmin((double)person->strength, 1) * best,
        .leader = lead->overall > 0 || lead->experts > 0
                      ? best * gx__authority(&score, &category, rec, lead, candidate->item)
                      : 0};
}

static void add_evidence(void *user, const gx_friend *person, const gx__lead *lead,
                         gx__candidate *candidate) {
    const gx__scores *scores = user;
    const gx__evidence said = gx__evidence_of(scores->rec, person, lead, candidate);
    candidate->friends += said.friends;
    candidate->leader += said.leader;
}

/* ---- circle --------------------------------------------------------------------------------- */

static float circle_score(double count, double size, double lift) {
    double share = count / (size + SHARE_SHRINK);
    return lift > 1 ? (float)(share / (share + SHARE_HALF) * (1 - 1 / lift)) : 0;
}

static void add_circle(gx__scores *scores) {
    const gx_rec *rec = scores->rec;
    if (!rec->circle_ptr || scores->circle == GX_NONE) {
        return;
    }
    uint64_t from = rec->circle_ptr[scores->circle], to = rec->circle_ptr[scores->circle + 1];
    double size = rec->circle_size[scores->circle];
    for (uint64_t k = from; k < to; k++) {
        float s = circle_score(rec->circle_count[k], size, (double)rec->circle_lift[k]);
        if (s > 0) {
            gx__candidate *candidate = candidate_at(scores, rec->circle_item[k]);
            candidate->circle = s;
            candidate->place = (uint32_t)(k - from);
        }
    }
}

/* ---- interest ------------------------------------------------------------------------------- */

static uint32_t liked(const gx_history *history) {
    uint32_t count = 0;
    for (uint32_t k = 0; k < history->count; k++) {
        count += history->weight[k] > 0 ? 1 : 0;
    }
    return count;
}

/* In lanes, so that the compiler may take a vector at a time. */
GX__CLONES static float largest_of(const float *scores, uint32_t items) {
    enum { LANES = 16 };
    float lane[LANES] = {0};
    uint32_t i = 0;
    for (; items - i >= LANES; i += LANES) {
        for (uint32_t l = 0; l < LANES; l++) {
            lane[l] = scores[i + l] > lane[l] ? scores[i + l] : lane[l];
        }
    }
    for (; i < items; i++) {
        lane[0] = scores[i] > lane[0] ? scores[i] : lane[0];
    }
    for (uint32_t l = 1; l < LANES; l++) {
        lane[0] = lane[l] > lane[0] ? lane[l] : lane[0];
    }
    return lane[0];
}

/* What the interest model says of every item: the member's row of a block, or the scratch. */
static float *raw_of(const gx__scores *scores) {
    return scores->member->raw ? scores->member->raw : scores->scratch->raw;
}

/* A history that the model knows nothing of, as of items newer than the snapshot only: what is like
 * them, by what they share with the first few. */
static gx_status add_near(gx__scores *scores, gx_error *err) {
    enum { LOOKED_AT = 8 };
    const gx_history *history = &scores->member->history;
    float *raw = raw_of(scores), *near = scores->scratch->total;
    gx_status status = GX_OK;
    uint32_t looked_at = 0;
    gx__scores_settle_all(scores);
    for (uint32_t k = 0; status == GX_OK && k < history->count && looked_at < LOOKED_AT; k++) {
        if (!(history->weight[k] > 0)) {
            continue;
        }
        looked_at++;
        status = gx_attributes_near(near, scores->items, &scores->rec->attributes,
                                    scores->member->columns, history->item[k], err);
        for (uint32_t i = 0; status == GX_OK && i < scores->items; i++) {
            raw[i] += near[i];
        }
    }
    return status;
}

static float largest_raw(gx__scores *scores, const float *raw, uint32_t items) {
    return scores->open ? gx__scores_largest(scores, items) : largest_of(raw, items);
}

/* What is expected by attributes, where there is little history. */
static gx_status fill_thin(gx__scores *scores, float *raw, gx_error *err) {
    float *mean = NULL;
    gx_status status = GX_OK;
    GX_TRY(gx__bounds_means(&mean, scores, err));
    GX_TRY(gx_attributes_fill(raw, scores->added, mean, scores->items, &scores->rec->attributes,
                              scores->member->columns, err));
done:
    gx_free(mean);
    return status;
}

/* What the member has touched is the evidence and not the answer: it gets nothing from this
 * channel, and does not move the scale, although a model may rate it above all. */
static void leave_out_history(gx__scores *scores) {
    const gx_history *history = &scores->member->history;
    float *raw = raw_of(scores);
    for (uint32_t k = 0; k < history->count; k++) {
        if (history->item[k] < scores->items) {
            raw[history->item[k]] = 0;
            if (scores->open) {
                scores->open[history->item[k]] = 0;
            }
        }
    }
}

static gx_status add_model(gx__scores *scores, bool lazily, gx_error *err) {
    const gx_rec *rec = scores->rec;
    const gx_history *history = &scores->member->history;
    if (!rec->model || scores->likes == 0) {
        return GX_OK;
    }
    float *raw = raw_of(scores);
    gx_status status = GX_OK;
    bool folded;
    if (!scores->member->raw) {
        status = rec->bounds ? gx__bounds_fill(scores, lazily, err)
                             : rec->model->score(raw, &folded, rec->model_state, history, err);
    }
    if (status != GX_OK) {
        return status;
    }
    memset(raw + rec->items, 0, (scores->items - rec->items) * sizeof *raw);
    status = largest_raw(scores, raw, rec->items) > 0 ? fill_thin(scores, raw, err)
                                                      : add_near(scores, err);
    if (status != GX_OK) {
        return status;
    }
    leave_out_history(scores);
    const float largest = largest_raw(scores, raw, scores->items);
    if (largest > 0 && isfinite(largest)) {
        double h = scores->likes;
        scores->interest = raw;
        scores->interest_scale = (float)(h / (h + HISTORY_HALF) / (double)largest);
    } else {
        scores->open = NULL;
    }
    return GX_OK;
}

/* Whether a rising list has the number. */
static bool has_number(const uint32_t *list, uint32_t count, uint32_t number) {
    uint32_t low = 0, high = count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (list[middle] < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && list[low] == number;
}

double gx__declared(const gx__scores *scores, uint32_t item, uint32_t *out_tag) {
    const gx_rec *rec = scores->rec;
    const gx_rec_member *m = scores->member;
    double rest = 1;
    *out_tag = 0;
    for (uint32_t t = 0; t < m->tag_count; t++) {
        if (has_number(m->tag_items + m->tag_at[t], m->tag_at[t + 1] - m->tag_at[t], item)) {
            const double popular =
                rec->popular_max > 0 ? (double)(gx__popularity(rec, item) / rec->popular_max) : 0;
            rest *= 1 - (TAG_BASE + TAG_POPULAR * popular);
            *out_tag = *out_tag == 0 ? t + 1 : *out_tag;
        }
    }
    return (1 - rest) * HISTORY_HALF / (scores->likes + HISTORY_HALF);
}

/* The raw scores of the channel: all 0, of scale 1, where nothing has spoken yet. */
static float *begin_interest(gx__scores *scores) {
    float *raw = raw_of(scores);
    if (!scores->interest) {
        memset(raw, 0, scores->items * sizeof *raw);
        scores->interest = raw;
        scores->interest_scale = 1;
    }
    return raw;
}

/* What was declared fades as the member is known by what they do. It is added to what the model
 * says in the model's own units. */
static void add_tags(gx__scores *scores) {
    const gx_rec_member *member = scores->member;
    if (member->tag_count == 0 || scores->items == 0) {
        return;
    }
    float *raw = begin_interest(scores);
    for (uint32_t t = 0; t < member->tag_count; t++) {
        for (uint32_t k = member->tag_at[t]; k < member->tag_at[t + 1]; k++) {
            uint32_t first = 0;
            const uint32_t item = member->tag_items[k];
            const double declared = item < scores->items ? gx__declared(scores, item, &first) : 0;
            if (first == t + 1) { /* once an item */
                gx__scores_settle(scores, item);
                raw[item] += (float)(declared / (double)scores->interest_scale);
            }
        }
    }
    leave_out_history(scores);
}

/* Of what the member has had, what it is time for again. It does not move the scale either. */
static void add_again(gx__scores *scores) {
    const gx_rec_member *member = scores->member;
    if (member->again_count == 0) {
        return;
    }
    float *raw = begin_interest(scores);
    for (uint32_t k = 0; k < member->again_count; k++) {
        if (member->again[k].item < scores->items) { /* of the history: settled */
            raw[member->again[k].item] = member->again[k].due / scores->interest_scale;
        }
    }
}

/* The last thing before popularity alone: nothing else speaks for any item. */
static void add_alike(gx__scores *scores) {
    const gx_rec *rec = scores->rec;
    const gx_rec_member *member = scores->member;
    if (scores->likes > 0 || scores->count > 0 || scores->interest || member->alike_count == 0 ||
        !(rec->popular_max > 0)) {
        return;
    }
    float *raw = raw_of(scores);
    for (uint32_t i = 0; i < scores->items; i++) {
        raw[i] = gx__popularity(rec, i);
    }
    if (!gx_alike_apply(raw, &rec->alike, member->alike, member->alike_count)) {
        return;
    }
    leave_out_history(scores);
    const float largest = largest_of(raw, scores->items);
    if (largest > 0 && isfinite(largest)) {
        scores->interest = raw;
        scores->interest_scale = ALIKE_MOST / largest;
        scores->from_alike = true;
    }
}

/* ---- all ------------------------------------------------------------------------------------ */

static uint64_t candidates_at_most(const gx__scores *scores) {
    const gx_rec *rec = scores->rec;
    uint64_t count = 0;
    for (uint32_t f = 0; f < scores->member->friend_count; f++) {
        count += scores->member->friends[f].act_to - scores->member->friends[f].act_from;
    }
    if (rec->circle_ptr && scores->circle != GX_NONE) {
        count += rec->circle_ptr[scores->circle + 1] - rec->circle_ptr[scores->circle];
    }
    return count < scores->items ? count : scores->items;
}

gx_status gx__scores_make(gx__scores *out, const gx_rec *rec, const gx_rec_member *member,
                          uint32_t items, bool lazily, gx_error *err) {
    gx_status status = GX_OK;
    gx__scores s = {.rec = rec, .member = member, .fade_ms = FADE_MS};
    s.items = items > rec->items ? items : rec->items;
    s.likes = liked(&member->history);
    s.circle = rec->community && member->circle_given > 0 && member->circle_given <= rec->circles
                   ? member->circle_given - 1
                   : gx_rec_circle(rec, member->user, member->friends, member->friend_count);
    uint64_t room = candidates_at_most(&s) + 1;
    GX_TRY(gx__scratch_take(&s.scratch, rec->pool, s.items, err));
    s.candidates = gx_alloc(room, sizeof *s.candidates);
    if (!s.candidates) {
        status = gx_fail_memory(err, room * sizeof *s.candidates);
        goto done;
    }
    GX_TRY(add_model(&s, lazily, err));
    add_tags(&s);
    add_again(&s);
    gx__walk_acts(&s, NULL, add_evidence, &s);
    add_circle(&s);
    add_alike(&s);
    *out = s;
    return GX_OK;
done:
    gx__scores_finish(&s);
    return status;
}

void gx__scores_finish(gx__scores *scores) {
    for (uint32_t k = 0; k < scores->count; k++) {
        scores->scratch->slot[scores->candidates[k].item] = 0;
    }
    gx__scratch_give(scores->rec->pool, scores->scratch);
    gx_free(scores->candidates);
    gx_free(scores->w);
    gx_free(scores->added);
}

void gx__scores_of(float s[GX_CHANNEL_COUNT], const gx__scores *scores, uint32_t item) {
    memset(s, 0, GX_CHANNEL_COUNT * sizeof *s);
    if (item >= scores->items) {
        return;
    }
    if (scores->interest) {
        float raw = scores->interest[item] * scores->interest_scale;
        s[GX_CHANNEL_INTEREST] = raw > 0 ? (raw < 1 ? raw : 1) : 0;
    }
    uint32_t slot = scores->scratch->slot[item];
    if (slot != 0) {
        const gx__candidate *c = &scores->candidates[slot - 1];
        s[GX_CHANNEL_FRIENDS] = (float)(c->friends / (c->friends + FRIENDS_HALF));
        s[GX_CHANNEL_LEADER] = (float)(c->leader / (c->leader + LEADER_HALF));
        s[GX_CHANNEL_CIRCLE] = c->circle;
    }
}
