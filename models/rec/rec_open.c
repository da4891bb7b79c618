/* Resolving the arrays of a snapshot for the recommender: once a snapshot, O(members + items +
 * ties) to check that what one array points at is there in another, since a snapshot may come from
 * elsewhere. */
#include "models/rec/blend_parts.h"
#include "models/rec/rec_parts.h"

#include <stdlib.h>

/* A leader of the whole shop stands among the first 5% of members, or the first 10. */
#define LEADERS_SHARE 20u
#define LEADERS_LEAST 10u
#define CIRCLE_LEAST 10u /* a smaller circle has no leaders of its own */

static gx_status damaged(gx_error *err, const char *name, const char *what) {
    return gx_fail_at(err, GX_CORRUPT, name, "the snapshot's %s: %s", name, what);
}

static bool all_below_or_none(const uint32_t *number, uint64_t count, uint32_t limit) {
    bool good = true;
    for (uint64_t i = 0; i < count; i++) {
        good &= number[i] < limit || number[i] == GX_NONE;
    }
    return good;
}

/* ---- interest and popularity ---------------------------------------------------------------- */

static bool has_prefix(const gx_arrays *arrays, const char *instance) {
    size_t length = strlen(instance);
    for (size_t i = 0; i < gx_arrays_count(arrays); i++) {
        const char *name = gx_arrays_at(arrays, i)->name;
        if (strncmp(name, instance, length) == 0 && name[length] == '.') {
            return true;
        }
    }
    return false;
}

/* `ials` or `linear` where they are there, else the first of the others; popularity is no taste. */
static const char *model_of(const gx_arrays *arrays) {
    static const char *const usual[] = {"ials", "linear"};
    for (size_t i = 0; i < GX_COUNT(usual); i++) {
        if (has_prefix(arrays, usual[i])) {
            return usual[i];
        }
    }
    const gx_model_table *models = gx_models();
    for (size_t i = 0; i < models->count; i++) {
        const char *name = models->rows[i]->pass.name;
        if (strcmp(name, "popular") != 0 && has_prefix(arrays, name)) {
            return name;
        }
    }
    return NULL;
}

static gx_status open_model(gx_rec *rec, const gx_arrays *arrays, const char *wanted,
                            gx_error *err) {
    const char *name = wanted ? wanted : model_of(arrays);
    if (!name) {
        return GX_OK;
    }
    rec->model = gx_model_find(name);
    if (!rec->model || !has_prefix(arrays, name)) {
        rec->model = NULL;
        return gx_fail_at(err, GX_NOT_FOUND, "model", "the snapshot has no model %s", name);
    }
    gx_status status =
        rec->model->open(&rec->model_state, arrays, name, rec->users, rec->items, err);
    if (status != GX_OK) {
        rec->model = NULL;
    }
    return status;
}

static void open_popular(gx_rec *rec, const gx_arrays *arrays) {
    rec->popular = gx_arrays_get(arrays, "popular.score", GX_F32, rec->items);
    double sum = 0;
    uint32_t above = 0;
    for (uint32_t i = 0; rec->popular && i < rec->items; i++) {
        float p = rec->popular[i];
        rec->popular_max = p > rec->popular_max ? p : rec->popular_max;
        sum += p > 0 ? (double)p : 0;
        above += p > 0 ? 1 : 0;
    }
    rec->popular_mean = above > 0 ? (float)(sum / above) : 1;
}

static void open_history(gx_rec *rec, const gx_arrays *arrays) {
    rec->history_count = gx_arrays_get(arrays, "history.count", GX_U32, rec->users);
    rec->history_last = gx_arrays_get(arrays, "history.last", GX_I64, rec->users);
    rec->newest_ms = INT64_MIN;
    for (uint32_t u = 0; rec->history_last && u < rec->users; u++) {
        int64_t last = rec->history_last[u];
        rec->newest_ms = last > rec->newest_ms ? last : rec->newest_ms;
    }
}

/* ---- ties and circles ----------------------------------------------------------------------- */

static gx_status open_strength(gx_rec *rec, const gx_arrays *arrays, gx_error *err) {
    const uint64_t *ptr = gx_arrays_get(arrays, "strength.ptr", GX_U64, (uint64_t)rec->users + 1);
    uint64_t ties = gx_arrays_rows(arrays, "strength.dst");
    rec->strength_dst = gx_arrays_get(arrays, "strength.dst", GX_U32, ties);
    rec->strength = gx_arrays_get(arrays, "strength.weight", GX_F32, ties);
    if (!ptr || !rec->strength_dst || !rec->strength) {
        return GX_OK;
    }
    if (!gx_row_ptr_is_valid(ptr, rec->users, ties)) {
        return damaged(err, "strength.ptr", "its rows do not fit strength.dst");
    }
    rec->strength_ptr = ptr;
    return GX_OK;
}

static gx_status open_circles(gx_rec *rec, const gx_arrays *arrays, gx_error *err) {
    uint64_t circles = gx_arrays_rows(arrays, "circle.size");
    rec->circle_size = gx_arrays_get(arrays, "circle.size", GX_U32, circles);
    const uint32_t *community = gx_arrays_get(arrays, "leiden.community", GX_U32, rec->users);
    if (!community || !rec->circle_size || circles >= GX_NONE) {
        return GX_OK;
    }
    rec->circles = (uint32_t)circles;
    if (!all_below_or_none(community, rec->users, rec->circles)) {
        return damaged(err, "leiden.community", "a community that circle.size does not have");
    }
    rec->community = community;
    uint64_t entries = gx_arrays_rows(arrays, "circle.item");
    const uint64_t *ptr = gx_arrays_get(arrays, "circle.ptr", GX_U64, circles + 1);
    rec->circle_item = gx_arrays_get(arrays, "circle.item", GX_U32, entries);
    rec->circle_count = gx_arrays_get(arrays, "circle.count", GX_U32, entries);
    rec->circle_lift = gx_arrays_get(arrays, "circle.lift", GX_F32, entries);
    rec->circle_everywhere = gx_arrays_get(arrays, "circle.everywhere", GX_U32, entries);
    if (!ptr || !rec->circle_item || !rec->circle_count || !rec->circle_lift) {
        return GX_OK;
    }
    if (!gx_row_ptr_is_valid(ptr, circles, entries) ||
        !gx_all_below(rec->circle_item, entries, rec->items)) {
        return damaged(err, "circle.ptr", "its rows do not fit circle.item, or an item is unknown");
    }
    rec->circle_ptr = ptr;
    return GX_OK;
}

/* ---- leaders -------------------------------------------------------------------------------- */

static void place_leader(gx_rec *rec, uint32_t user) {
    uint32_t *row = rec->circle_leaders + (size_t)rec->community[user] * GX_REC_CIRCLE_LEADERS;
    uint32_t moving = user;
    for (uint32_t k = 0; k < GX_REC_CIRCLE_LEADERS && moving != GX_NONE; k++) {
        if (row[k] == GX_NONE || rec->leader_score[moving] > rec->leader_score[row[k]]) {
            uint32_t out = row[k];
            row[k] = moving;
            moving = out;
        }
    }
}

static gx_status open_circle_leaders(gx_rec *rec, gx_error *err) {
    size_t cells = (size_t)rec->circles * GX_REC_CIRCLE_LEADERS;
    rec->circle_leaders = gx_alloc(cells + 1, sizeof *rec->circle_leaders);
    if (!rec->circle_leaders) {
        return gx_fail_memory(err, cells * sizeof *rec->circle_leaders);
    }
    for (size_t i = 0; i < cells; i++) {
        rec->circle_leaders[i] = GX_NONE;
    }
    for (uint32_t u = 0; u < rec->users; u++) {
        uint32_t c = rec->community[u];
        if (c != GX_NONE && rec->circle_size[c] >= CIRCLE_LEAST && rec->leader_score[u] > 0) {
            place_leader(rec, u);
        }
    }
    return GX_OK;
}

static int by_user_category(const void *a, const void *b) {
    const gx__expert *x = a, *y = b;
    if (x->user != y->user) {
        return x->user < y->user ? -1 : 1;
    }
    return (x->category > y->category) - (x->category < y->category);
}

static gx_status open_experts(gx_rec *rec, const gx_arrays *arrays, gx_error *err) {
    uint64_t rows = gx_arrays_rows(arrays, "leaders.category_ptr");
    uint64_t entries = gx_arrays_rows(arrays, "leaders.category_user");
    const uint64_t *ptr = gx_arrays_get(arrays, "leaders.category_ptr", GX_U64, rows);
    const uint32_t *user = gx_arrays_get(arrays, "leaders.category_user", GX_U32, entries);
    const float *score = gx_arrays_get(arrays, "leaders.category_score", GX_F32, entries);
    const uint32_t *category = gx_arrays_get(arrays, "category.label", GX_U32, rec->items);
    if (!ptr || rows < 2 || !user || !score || !category) {
        return GX_OK;
    }
    if (!gx_row_ptr_is_valid(ptr, rows - 1, entries) || !gx_all_below(user, entries, rec->users)) {
        return damaged(err, "leaders.category_ptr", "its rows do not fit leaders.category_user");
    }
    uint64_t room = (rows - 1) * GX_REC_EXPERTS;
    rec->experts = gx_alloc(room, sizeof *rec->experts);
    if (!rec->experts) {
        return gx_fail_memory(err, room * sizeof *rec->experts);
    }
    for (uint32_t c = 0; c + 1 < rows; c++) {
        for (uint64_t k = ptr[c]; k < ptr[c + 1] && k - ptr[c] < GX_REC_EXPERTS; k++) {
            if (score[k] > 0) {
                rec->experts[rec->expert_count++] = (gx__expert){user[k], c, score[k]};
            }
        }
    }
    qsort(rec->experts, rec->expert_count, sizeof *rec->experts, by_user_category);
    rec->category = category;
    return GX_OK;
}

static gx_status open_leaders(gx_rec *rec, const gx_arrays *arrays, gx_error *err) {
    rec->leader_rank = gx_arrays_get(arrays, "leaders.rank", GX_U32, rec->users);
    rec->leader_score = gx_arrays_get(arrays, "leaders.score", GX_F64, rec->users);
    if (!rec->leader_rank || !rec->leader_score) {
        rec->leader_score = NULL;
        return GX_OK;
    }
    uint32_t share = rec->users / LEADERS_SHARE;
    rec->leader_last = share > LEADERS_LEAST ? share : LEADERS_LEAST;
    gx_status status = open_experts(rec, arrays, err);
    return status == GX_OK && rec->community ? open_circle_leaders(rec, err) : status;
}

/* ---- the blend ------------------------------------------------------------------------------ */

static bool all_weights(const float *value, uint64_t count) {
    bool good = true;
    for (uint64_t i = 0; i < count; i++) {
        good &= value[i] >= 0 && value[i] <= 1;
    }
    return good;
}

static gx_status open_blend(gx_rec *rec, const gx_arrays *arrays, gx_error *err) {
    const uint64_t cells = (uint64_t)GX_BLEND_BUCKETS * GX_CHANNEL_COUNT;
    const float *weight = gx_arrays_get(arrays, "blend.weight", GX_F32, GX_BLEND_BUCKETS);
    const float *mix = gx_arrays_get(arrays, "blend.mix", GX_F32, GX_BLEND_BUCKETS);
    const uint32_t *source = gx_arrays_get(arrays, "blend.source", GX_U32, GX_BLEND_BUCKETS);
    const double *scale = gx_arrays_get(arrays, "blend.scale", GX_F64, GX_CHANNEL_COUNT + 2);
    const float *own = gx_arrays_get(arrays, "susceptibility.weight", GX_F32, rec->users);
    const uint32_t *takes = gx_arrays_get(arrays, "susceptibility.takes", GX_U32, rec->users);
    if (!weight || !mix || !source || !scale || !own || !takes) {
        return GX_OK;
    }
    if (gx_arrays_find(arrays, "blend.weight")->shape[1] != GX_CHANNEL_COUNT ||
        gx_arrays_find(arrays, "blend.mix")->shape[1] != GX_CHANNEL_COUNT ||
        gx_arrays_find(arrays, "susceptibility.weight")->shape[1] != GX_CHANNEL_COUNT ||
        !all_weights(weight, cells) || !all_weights(mix, cells) ||
        !all_weights(own, (uint64_t)rec->users * GX_CHANNEL_COUNT) ||
        !(scale[GX_CHANNEL_COUNT + 1] >= 0 && scale[GX_CHANNEL_COUNT + 1] <= 1)) {
        return damaged(err, "blend.weight", "a weight that is not in 0 … 1, or not one a channel");
    }
    rec->blend_weight = weight;
    rec->blend_mix = mix;
    rec->blend_source = source;
    rec->blend_personal = scale[GX_CHANNEL_COUNT + 1];
    rec->susceptibility = own;
    rec->susceptibility_takes = takes;
    return GX_OK;
}

bool gx_rec_susceptibility(gx_susceptibility *out, const gx_rec *rec, uint32_t user) {
    if (!rec->susceptibility || user >= rec->users) {
        return false;
    }
    memcpy(out->weight, rec->susceptibility + (size_t)user * GX_CHANNEL_COUNT, sizeof out->weight);
    out->takes = rec->susceptibility_takes[user];
    return true;
}

bool gx_rec_learnt_weights(float out[GX_CHANNEL_COUNT], const gx_rec *rec, uint32_t user,
                           uint32_t likes) {
    uint32_t b = gx_blend_bucket(likes);
    if (!rec->blend_weight || rec->blend_source[b] == GX_BLEND_SOURCE_CONFIGURED) {
        return false;
    }
    const float *weight = rec->blend_weight + (size_t)b * GX_CHANNEL_COUNT;
    const float *mix = rec->blend_mix + (size_t)b * GX_CHANNEL_COUNT;
    gx_susceptibility own;
    if (gx_rec_susceptibility(&own, rec, user)) {
        gx__blend_personal(out, weight, mix, own.weight, rec->blend_personal);
    } else {
        memcpy(out, weight, GX_CHANNEL_COUNT * sizeof *out);
    }
    return true;
}

/* ---- the whole ------------------------------------------------------------------------------ */

gx_status gx_rec_open(gx_rec **out, const gx_arrays *arrays, const char *interest_model,
                      uint32_t users, uint32_t items, gx_error *err) {
    gx_status status = GX_OK;
    gx_rec *rec = gx_alloc0(1, sizeof *rec);
    if (!rec) {
        return gx_fail_memory(err, sizeof *rec);
    }
    rec->newest_ms = INT64_MIN;
    GX_TRY(gx__pool_create(&rec->pool, err));
    if (arrays) {
        rec->users = users;
        rec->items = items;
        open_popular(rec, arrays);
        open_history(rec, arrays);
        GX_TRY(open_model(rec, arrays, interest_model, err));
        GX_TRY(open_strength(rec, arrays, err));
        GX_TRY(open_circles(rec, arrays, err));
        GX_TRY(open_leaders(rec, arrays, err));
        GX_TRY(open_blend(rec, arrays, err));
        GX_TRY(gx_attributes_open(&rec->attributes, arrays, items, err));
        GX_TRY(gx_attributes_plan(&rec->plan, &rec->attributes, err));
        rec->attributes.plan = rec->plan;
        GX_TRY(gx_alike_open(&rec->alike, arrays, items, err));
        GX_TRY(gx__bounds_open(&rec->bounds, rec, err));
    }
    *out = rec;
    rec = NULL;
done:
    gx_rec_close(rec);
    return status;
}

void gx_rec_close(gx_rec *rec) {
    if (!rec) {
        return;
    }
    gx__bounds_close(rec->bounds);
    if (rec->model) {
        rec->model->close(rec->model_state);
    }
    gx__pool_destroy(rec->pool);
    gx_attributes_plan_destroy(rec->plan);
    gx_free(rec->circle_leaders);
    gx_free(rec->experts);
    gx_free(rec);
}

const gx_attributes *gx_rec_attributes(const gx_rec *rec) {
    return &rec->attributes;
}

const char *gx_rec_interest_model(const gx_rec *rec) {
    return rec->model ? rec->model->pass.name : NULL;
}

bool gx_rec_tells_alike(const gx_rec *rec) {
    return rec->model && rec->model->similar;
}

int64_t gx_rec_newest_ms(const gx_rec *rec) {
    return rec->newest_ms;
}

uint32_t gx_rec_strengths(const uint32_t **out_dst, const float **out_weight, const gx_rec *rec,
                          uint32_t user) {
    if (!rec->strength_ptr || user >= rec->users) {
        return 0;
    }
    uint64_t from = rec->strength_ptr[user];
    *out_dst = rec->strength_dst + from;
    *out_weight = rec->strength + from;
    return (uint32_t)(rec->strength_ptr[user + 1] - from);
}

/* ---- circles -------------------------------------------------------------------------------- */

static uint32_t own_circle(const gx_rec *rec, uint32_t user) {
    uint32_t circle = user < rec->users ? rec->community[user] : GX_NONE;
    return circle != GX_NONE && rec->circle_size[circle] > 1 ? circle : GX_NONE;
}

uint32_t gx_rec_circle(const gx_rec *rec, uint32_t user, const gx_friend *friends, uint32_t count) {
    /* The strongest; quadratic in them, and only for a member without a circle. */
    enum { VOTERS = 64 };
    if (!rec->community) {
        return GX_NONE;
    }
    uint32_t best = own_circle(rec, user);
    if (best != GX_NONE) {
        return best;
    }
    double most = 0;
    count = count < VOTERS ? count : VOTERS;
    for (uint32_t f = 0; f < count; f++) {
        uint32_t circle = own_circle(rec, friends[f].user);
        double votes = 0;
        for (uint32_t g = 0; circle != GX_NONE && g < count; g++) {
            votes += own_circle(rec, friends[g].user) == circle ? (double)friends[g].strength : 0;
        }
        if (votes > most || (votes == most && votes > 0 && circle < best)) {
            most = votes;
            best = circle;
        }
    }
    return best;
}

uint32_t gx_rec_circle_leaders(uint32_t out[GX_REC_CIRCLE_LEADERS], const gx_rec *rec,
                               uint32_t circle) {
    uint32_t count = 0;
    if (rec->circle_leaders && circle < rec->circles) {
        const uint32_t *row = rec->circle_leaders + (size_t)circle * GX_REC_CIRCLE_LEADERS;
        while (count < GX_REC_CIRCLE_LEADERS && row[count] != GX_NONE) {
            out[count] = row[count];
            count++;
        }
    }
    return count;
}
