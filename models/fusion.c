/* The fusion of what the other models know.
 *
 *   score(u, j) = Σ_p w_p(u) s_p(u, j) / size_p(u)       w_p(u) = max(0, weight_p + slope_p ℓ(u))
 *
 * over the parts p: closed-form item–item weights, four bands of the low-pass filter (what is
 * smoothest says least of one member), the nearest members, implicit ALS and, for the most popular
 * items, ridge regression. The first part scores
 * every item; the C best of them (those of the history left out) are the candidates, and the other
 * parts score these and the history only: nearly every item of a good list is among the first few
 * hundred of any part, and dense scores of long vectors are what takes time. size_p(u) is the root
 * mean square of a part's scores over the candidates, so that weights mean the same for every
 * member; ℓ(u) = ln(events of u) − 3.
 *
 * Weights are learnt on members held out (fusion_learn.c), pulled towards those that are good in
 * every shop. The parts are fitted inside, their arrays under NAME.linear,
 * NAME.spectral1 to 4, NAME.userknn, NAME.ials and NAME.ridge. Reasons are those of the parts,
 * weighed alike: they sum to the score.
 */
#include "models/fusion.h"

#include "models/ials_solve.h"
#include "models/scoring.h"

#include <float.h>
#include <math.h>
#include <stdatomic.h>

enum { CANDIDATES_MAX = 10000 };

static const gx_param params[] = {
    {.name = "candidates",
     .type = GX_PARAM_INT,
     .fallback = "300",
     .low = 1,
     .high = CANDIDATES_MAX,
     .unit = "items",
     .flags = GX_PARAM_SEARCH,
     .help = "C: how many items all parts score for a member"},
    {.name = "neighbours",
     .type = GX_PARAM_INT,
     .fallback = "1000",
     .low = 1,
     .high = 1e6,
     .unit = "items",
     .help = "how many of the largest weights each item keeps in the part linear"},
    {.name = "target_exponent",
     .type = GX_PARAM_REAL,
     .low = 0,
     .high = 1,
     .flags = GX_PARAM_SEARCH,
     .help = "how much popular items are held back as answers in the part linear (learnt)"},
    {.name = "signals",
     .type = GX_PARAM_INT,
     .fallback = "0",
     .low = 0,
     .high = 1024,
     .help = "factors of the part spectral; 0: by the size of the shop"},
    {.name = "member_exponent",
     .type = GX_PARAM_REAL,
     .fallback = "0.5",
     .low = 0,
     .high = 1,
     .flags = GX_PARAM_SEARCH,
     .help = "a of the part spectral"},
    {.name = "item_exponent",
     .type = GX_PARAM_REAL,
     .fallback = "0.5",
     .low = 0,
     .high = 1,
     .flags = GX_PARAM_SEARCH,
     .help = "b of the part spectral"},
    {.name = "degree_exponent",
     .type = GX_PARAM_REAL,
     .fallback = "0.45",
     .low = 0,
     .high = 1,
     .flags = GX_PARAM_SEARCH,
     .help = "beta of the part spectral"},
    {.name = "factors",
     .type = GX_PARAM_INT,
     .fallback = GX__IALS_FACTORS,
     .low = 0,
     .high = 1024,
     .help = "factors of the part ials; 0: by the size of the shop"},
    {.name = "iterations",
     .type = GX_PARAM_INT,
     .fallback = GX__IALS_ITERATIONS,
     .low = 1,
     .high = 1000,
     .help = "sweeps of the part ials"},
    {.name = "regularisation",
     .type = GX_PARAM_REAL,
     .fallback = GX__IALS_REGULARISATION,
     .low = 1e-6,
     .high = 1e6,
     .flags = GX_PARAM_SEARCH,
     .help = "lambda of the part ials"},
    {.name = "unobserved",
     .type = GX_PARAM_REAL,
     .fallback = GX__IALS_UNOBSERVED,
     .low = 1e-6,
     .high = 10,
     .flags = GX_PARAM_SEARCH,
     .help = "a0 of the part ials"},
    {.name = "ridge_items",
     .type = GX_PARAM_INT,
     .fallback = "3000",
     .low = 1,
     .high = 65536,
     .unit = "items",
     .help = "the most popular so many are in the part ridge"},
    {.name = "learn",
     .type = GX_PARAM_BOOL,
     .fallback = "true",
     .low = 1,
     .high = 0,
     .help = "learn on members held out; else take what is good everywhere"},
    {.name = "least",
     .type = GX_PARAM_REAL,
     .fallback = "0.72",
     .low = 0,
     .high = 1,
     .flags = GX_PARAM_SEARCH,
     .help = "share of its usual weight that each part keeps at least while weights are learnt"},
    {.name = "trust",
     .type = GX_PARAM_REAL,
     .fallback = "0.03",
     .low = 1e-6,
     .high = 1e3,
     .flags = GX_PARAM_SEARCH,
     .help = "tau: how strongly learnt weights are pulled towards those good everywhere"},
};

static const gx_gives gives[] = {
    {"weight", GX_F32, GX_LEN_OTHER, "of linear, spectral1 to 4, userknn, ials, ridge"},
    {"slope", GX_F32, GX_LEN_OTHER, "what ln(events) - 3 of a member adds to each weight"},
    {"form", GX_F64, GX_LEN_OTHER, "candidates, and the target_exponent of the part linear"},
};

/* ---- fit ------------------------------------------------------------------------------------ */

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    float *weight, *slope;
    double *form;
    gx__fusion_tuned tuned = gx__fusion_usual;
    if (gx_arg_has(args, "target_exponent")) {
        tuned.target_exponent = gx_arg_real(args, "target_exponent");
    }
    GX_TRY(gx_output_add(&weight, out, "weight", GX_F32, GX__FUSION_PARTS, 0, err));
    GX_TRY(gx_output_add(&slope, out, "slope", GX_F32, GX__FUSION_PARTS, 0, err));
    GX_TRY(gx_output_add(&form, out, "form", GX_F64, 2, 0, err));
    if (gx_arg_bool(args, "learn")) {
        GX_TRY(gx__fusion_learn(&tuned, input, args, job, err));
    }
    form[0] = (double)gx_arg_int(args, "candidates");
    form[1] = tuned.target_exponent;
    memcpy(weight, tuned.weight, GX__FUSION_PARTS * sizeof *weight);
    memcpy(slope, tuned.weight + GX__FUSION_PARTS, GX__FUSION_PARTS * sizeof *slope);
    status = gx__fusion_fit(out, input, args, &tuned, false, job, err);
done:
    return status;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    const bool learn = gx_arg_bool(args, "learn");
    const uint64_t fit = gx__fusion_fit_bytes(input, args, false, threads);
    const uint64_t held_out = learn ? gx__fusion_learn_bytes(input, args, threads) : 0;
    out->mem_bytes = (fit > held_out ? fit : held_out) + 8 * GX__FUSION_PARTS + 16;
    out->cpu_s = gx__fusion_fit_cpu(input, args, false, threads) +
                 (learn ? gx__fusion_fit_cpu(input, args, true, threads) : 0);
}

/* ---- what was learnt ------------------------------------------------------------------------ */

/* How the last history was rated that a list was asked for: its reasons are asked for next. Whoever
 * finds it in use, or holding another history, does the work again and gets the same. */
typedef struct memo {
    atomic_flag busy;
    uint32_t user, events, count; /* count: of the items that all parts rate */
    float by[GX__FUSION_PARTS];
    uint32_t *event, *item; /* MEMO_EVENTS; candidates and as many */
    float *weight;          /* MEMO_EVENTS */
} memo;

enum { MEMO_EVENTS = 1024 }; /* a longer history is not remembered */

typedef struct state {
    gx__fusion_parts parts;
    memo *last;
} state;

static memo *memo_make(uint32_t candidates) {
    const size_t items = (size_t)candidates + MEMO_EVENTS;
    memo *m = gx_alloc(1, sizeof *m + (items + MEMO_EVENTS) * sizeof(uint32_t) +
                              MEMO_EVENTS * sizeof(float));
    if (m) {
        *m = (memo){.busy = ATOMIC_FLAG_INIT, .events = GX_NONE, .event = (uint32_t *)(m + 1)};
        m->item = m->event + MEMO_EVENTS;
        m->weight = (float *)(m->item + items);
    }
    return m;
}

static void remember(memo *m, const gx_history *h, const float *by, const gx__fusion_room *room) {
    if (h->count > 0 && h->count <= MEMO_EVENTS && !atomic_flag_test_and_set(&m->busy)) {
        m->user = h->user;
        m->events = h->count;
        m->count = room->count;
        memcpy(m->by, by, sizeof m->by);
        memcpy(m->event, h->item, h->count * sizeof *m->event);
        memcpy(m->weight, h->weight, h->count * sizeof *m->weight);
        memcpy(m->item, room->item, room->count * sizeof *m->item);
        atomic_flag_clear(&m->busy);
    }
}

/* Into `by`, and room->item and count; false: something else is remembered. */
static bool recall(float *by, gx__fusion_room *room, memo *m, const gx_history *h) {
    if (h->count == 0 || atomic_flag_test_and_set(&m->busy)) {
        return false;
    }
    const bool same = m->user == h->user && m->events == h->count &&
                      memcmp(m->event, h->item, h->count * sizeof *m->event) == 0 &&
                      memcmp(m->weight, h->weight, h->count * sizeof *m->weight) == 0;
    if (same) {
        memcpy(by, m->by, sizeof m->by);
        memcpy(room->item, m->item, m->count * sizeof *m->item);
        room->count = m->count;
    }
    atomic_flag_clear(&m->busy);
    return same;
}

static void close_state(void *opaque) {
    state *s = opaque;
    if (s) {
        gx__fusion_close(&s->parts);
        gx_free(s->last);
        gx_free(s);
    }
}

static gx_status open_state(void **out_state, const gx_arrays *arrays, const char *instance,
                            uint32_t users, uint32_t items, gx_error *err) {
    state found = {.last = NULL};
    const float *weight = gx_result_get(arrays, instance, "weight", GX_F32, GX__FUSION_PARTS);
    const float *slope = gx_result_get(arrays, instance, "slope", GX_F32, GX__FUSION_PARTS);
    const double *form = gx_result_get(arrays, instance, "form", GX_F64, 2);
    if (!weight || !slope || !form) {
        return gx_fail_at(err, GX_NOT_FOUND, instance, "there is no %s.weight, slope or form",
                          instance);
    }
    bool good = form[0] >= 1 && form[0] <= CANDIDATES_MAX;
    for (size_t p = 0; p < GX__FUSION_PARTS; p++) {
        good &= isfinite(weight[p]) && isfinite(slope[p]);
    }
    if (!good) {
        return gx_fail_at(err, GX_CORRUPT, instance, "the weights of %s are not what a fit gives",
                          instance);
    }
    gx_status status =
        gx__fusion_open(&found.parts, arrays, instance, users, items, (uint32_t)form[0], err);
    if (status != GX_OK) {
        return status;
    }
    found.parts.weight = weight;
    found.parts.slope = slope;
    state *s = gx_alloc(1, sizeof *s);
    found.last = memo_make(found.parts.candidates);
    if (!s || !found.last) {
        gx__fusion_close(&found.parts);
        gx_free(found.last);
        gx_free(s);
        return gx_fail_memory(err, sizeof *s);
    }
    *s = found;
    *out_state = s;
    return GX_OK;
}

static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    void *opened = NULL;
    gx_status status = open_state(&opened, result, instance, input->users, input->items, err);
    if (status == GX_OK) {
        close_state(opened);
        status = gx__fusion_check(result, instance, input, args, err);
    }
    return status;
}

/* ---- scoring -------------------------------------------------------------------------------- */

static void weigh(float *by, const state *s, const gx__fusion_room *room,
                  const gx_history *history) {
    for (size_t p = 0; p < GX__FUSION_PARTS; p++) {
        by[p] = gx__fusion_weigh(room, &s->parts, p, history);
    }
}

/* scores holds the first part's and gets the fusion's; by: what a unit of each part counted. */
static gx_status fuse(float *scores, float *by, gx__fusion_room *room, const state *s,
                      const gx_history *history, gx_error *err) {
    gx_status status = gx__fusion_rate(room, &s->parts, history, false, scores, err);
    if (status == GX_OK) {
        weigh(by, s, room, history);
        for (uint32_t i = 0; i < s->parts.items; i++) {
            scores[i] *= by[0];
        }
        gx__fusion_add(scores, by, room);
    }
    return status;
}

static gx_status make_room(gx__fusion_room *room, void **memory, const state *s, uint32_t longest,
                           gx_error *err) {
    const uint64_t bytes = gx__fusion_room_bytes(s->parts.items, s->parts.candidates, longest);
    *memory = gx_alloc(1, bytes);
    if (!*memory) {
        return gx_fail_memory(err, bytes);
    }
    gx__fusion_room_lay(room, *memory, s->parts.items, s->parts.candidates, longest);
    return GX_OK;
}

static gx_status score_one(float *scores, bool *folded, const void *opaque,
                           const gx_history *history, gx_error *err) {
    const state *s = opaque;
    gx__fusion_room room;
    void *memory = NULL;
    float by[GX__FUSION_PARTS];
    gx_status status = make_room(&room, &memory, s, history->count, err);
    if (status == GX_OK) {
        status = s->parts.model[0]->score(scores, folded, s->parts.state[0], history, err);
    }
    if (status == GX_OK) {
        status = fuse(scores, by, &room, s, history, err);
        *folded = room.folded;
    }
    if (status == GX_OK) {
        remember(s->last, history, by, &room);
    }
    gx_free(memory);
    return status;
}

static gx_status score_block(float *scores, const void *opaque, const gx_matrix *history,
                             uint32_t first, uint32_t count, gx_job *job, gx_error *err) {
    const state *s = opaque;
    return gx__fusion_score_block(scores, &s->parts, history, first, count, job, err);
}

static gx_status similar(float *scores, const void *opaque, uint32_t item, gx_error *err) {
    const state *s = opaque;
    return gx__similar_alone(scores, score_one, s, item, s->parts.items, err);
}

/* Of the first part, which stands for all of them where only a few items are compared. */
static gx_status like_items(float *scores, const void *opaque, uint32_t item, const uint32_t *items,
                            uint32_t count, gx_error *err) {
    const state *s = opaque;
    return s->parts.model[0]->like_items(scores, s->parts.state[0], item, items, count, err);
}

static bool is_rated(const gx__fusion_room *room, uint32_t item) {
    for (uint32_t c = 0; c < room->count; c++) {
        if (room->item[c] == item) {
            return true;
        }
    }
    return false;
}

/* Items that are explained, and what for: of each its place. */
typedef struct wanted {
    uint32_t *item, *place;
    uint32_t count;
} wanted;

static gx_status add_part(float *parts, float *own, const state *s, size_t p, float by,
                          const gx_history *history, const wanted *w, gx_error *err) {
    gx_status status = gx__explain_items(own, s->parts.model[p], s->parts.state[p], history,
                                         w->item, w->count, err);
    for (uint32_t c = 0; status == GX_OK && c < w->count; c++) {
        float *row = parts + (size_t)w->place[c] * history->count;
        for (uint32_t k = 0; k < history->count; k++) {
            row[k] += by * own[(size_t)c * history->count + k];
        }
    }
    return status;
}

/* Those of the fit; with `room` only those that all parts rate. */
static void choose(wanted *out, const state *s, const gx__fusion_room *room, const uint32_t *items,
                   uint32_t count) {
    out->count = 0;
    for (uint32_t c = 0; c < count; c++) {
        if (items[c] < s->parts.items && (!room || is_rated(room, items[c]))) {
            out->item[out->count] = items[c];
            out->place[out->count++] = c;
        }
    }
}

static gx_status explain_items(float *parts, const void *opaque, const gx_history *history,
                               const uint32_t *items, uint32_t count, gx_error *err) {
    const state *s = opaque;
    gx__fusion_room room;
    void *memory = NULL;
    float *dense = NULL, by[GX__FUSION_PARTS];
    bool folded;
    gx_status status = GX_OK;
    const size_t cells = (size_t)count * history->count;
    wanted w = {.item = gx_alloc((size_t)count * 2 + 1, sizeof *w.item)};
    memset(parts, 0, cells * sizeof *parts);
    GX_TRY(make_room(&room, &memory, s, history->count, err));
    dense = gx_alloc(s->parts.items + cells + 1, sizeof *dense);
    if (!dense || !w.item) {
        status = gx_fail_memory(err, (s->parts.items + cells) * sizeof *dense);
        goto done;
    }
    w.place = w.item + count;
    if (!recall(by, &room, s->last, history)) {
        GX_TRY(s->parts.model[0]->score(dense, &folded, s->parts.state[0], history, err));
        GX_TRY(gx__fusion_rate(&room, &s->parts, history, false, dense, err));
        weigh(by, s, &room, history);
    }
    for (size_t p = 0; p < GX__FUSION_PARTS; p++) {
        choose(&w, s, p > 0 ? &room : NULL, items, count);
        GX_TRY(add_part(parts, dense + s->parts.items, s, p, by[p], history, &w, err));
    }
done:
    gx_free(dense);
    gx_free(memory);
    gx_free(w.item);
    return status;
}

static gx_status explain(float *parts, const void *opaque, const gx_history *history, uint32_t item,
                         gx_error *err) {
    return explain_items(parts, opaque, history, &item, 1, err);
}

const gx_model gx_model_fusion = {
    .pass = {.name = "fusion",
             .kind = GX_KIND_MODEL,
             .summary =
                 "linear, spectral, userknn, ials and ridge together, weighed by what held-out "
                 "members did",
             .paper = "McFadden, Conditional Logit Analysis of Qualitative Choice Behavior, 1974; "
                      "those of its parts",
             .complexity = "that of its parts, and half of it again for the weights",
             .needs = GX_NEED_MATRIX,
             .gives = gives,
             .give_count = GX_COUNT(gives),
             .member_arrays = (const char *const[]){"userknn.member", NULL},
             .item_arrays =
                 (const char *const[]){"linear.item", "userknn.item", "ridge.item", NULL},
             .params = params,
             .param_count = GX_COUNT(params),
             .label_dependent = true,
             .estimate = estimate,
             .run = run,
             .check = check},
    .open = open_state,
    .close = close_state,
    .score = score_one,
    .score_block = score_block,
    .similar = similar,
    .like_items = like_items,
    .explain = explain,
    .explain_items = explain_items,
};
