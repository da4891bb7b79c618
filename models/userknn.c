/* Members like this one: what the nearest members did.
 *
 *   near(v) = m_v Σ_{i in history} h_i d_i^−a r_vi,   m_v = d_v^−b
 *   score(j) = Σ over the K nearest members v of near(v)^p r_vj
 *
 * r are the positive values of the matrix over their largest, d_i and d_v their sums by item and by
 * member: sharing a rare item says more, and a member who did everything is near to nobody (user-
 * based collaborative filtering with inverse frequencies; Breese, Heckerman and Kadie, Empirical
 * Analysis of Predictive Algorithms, 1998; Aiolli, Efficient Top-N Recommendation, 2013, for the
 * asymmetric exponents). The cut at K makes it another signal than item–item weights are.
 *
 * Nothing is fitted but the sums: the model keeps the events both ways, 16 bytes each, and finds
 * neighbours when asked, O(Σ_i d_i over the history + members + K · their events). A member of the
 * fit is not its own neighbour. Dislikes (values ≤ 0) take no part in the fit; in a history they
 * make members who liked the item less near. */
#include "models/model.h"

#include "models/parallel.h"
#include "models/scoring.h"
#include "models/top.h"

#include <math.h>

enum {
    NEIGHBOURS_MAX = 10000,
    AHEAD = 8,     /* members whose events are asked for before they are read, */
    FETCHED = 256, /* and how many of each */
    CHEAPER = 4    /* times so is an event where rows of items are read */
};

static const double DEGREE_LEAST = 1e-6; /* keeps powers of it finite */

static const gx_param params[] = {
    {.name = "neighbours",
     .type = GX_PARAM_INT,
     .fallback = "500",
     .low = 1,
     .high = NEIGHBOURS_MAX,
     .unit = "members",
     .flags = GX_PARAM_SEARCH,
     .help = "K: how many of the nearest members are asked"},
    {.name = "item_exponent",
     .type = GX_PARAM_REAL,
     .fallback = "1",
     .low = 0,
     .high = 2,
     .flags = GX_PARAM_SEARCH,
     .help = "a: how much sharing a popular item is held back"},
    {.name = "member_exponent",
     .type = GX_PARAM_REAL,
     .fallback = "0.5",
     .low = 0,
     .high = 2,
     .flags = GX_PARAM_SEARCH,
     .help = "b: how much members with many events are held back"},
    {.name = "power",
     .type = GX_PARAM_REAL,
     .fallback = "1",
     .low = 0.1,
     .high = 4,
     .flags = GX_PARAM_SEARCH,
     .help = "p: exponent of nearness, above 1 the nearest decide"},
};

static const gx_gives gives[] = {
    {"user_ptr", GX_U64, GX_LEN_OTHER, "where each member's items begin, members + 1"},
    {"item", GX_U32, GX_LEN_OTHER, "items of the members, rising within a member"},
    {"value", GX_F32, GX_LEN_OTHER, "their values, at most 1"},
    {"item_ptr", GX_U64, GX_LEN_OTHER, "where each item's members begin, items + 1"},
    {"member", GX_U32, GX_LEN_OTHER, "members of the items, rising within an item"},
    {"share", GX_F32, GX_LEN_OTHER, "what each of them adds to nearness, value d_i^-a d_v^-b"},
    {"form", GX_F64, GX_LEN_OTHER, "neighbours, power, mean value: for scoring"},
};

/* ---- fit ------------------------------------------------------------------------------------ */

static uint64_t count_liked(const gx_matrix *m) {
    uint64_t count = 0;
    for (uint64_t k = 0; k < m->nnz; k++) {
        count += gx_matrix_value(m, k) > 0;
    }
    return count;
}

/* Largest and mean of the positive values; 1 where there are none. */
static void measure(const gx_matrix *m, double *largest, double *mean) {
    double sum = 0, count = 0, most = 0;
    for (uint64_t k = 0; m->value && k < m->nnz; k++) {
        if (m->value[k] > 0) {
            most = fmax(most, (double)m->value[k]);
            sum += (double)m->value[k];
            count++;
        }
    }
    *largest = most > 0 ? most : 1;
    *mean = count > 0 ? sum / count : 1;
}

typedef struct rows {
    uint64_t *ptr;
    uint32_t *col;
    float *value;
} rows;

static void take_members(rows *out, const gx_matrix *m, double largest) {
    uint64_t n = 0;
    for (uint32_t u = 0; u < m->rows; u++) {
        for (uint64_t k = m->ptr[u]; k < m->ptr[u + 1]; k++) {
            if (gx_matrix_value(m, k) > 0) {
                out->col[n] = m->col[k];
                out->value[n++] = m->value ? (float)((double)m->value[k] / largest) : 1;
            }
        }
        out->ptr[u + 1] = n;
    }
}

/* The transpose by counting, members rising. */
static void take_items(rows *out, const rows *members, uint32_t users, uint32_t items) {
    const uint64_t n = members->ptr[users];
    for (uint64_t k = 0; k < n; k++) {
        out->ptr[members->col[k] + 1]++;
    }
    for (uint32_t i = 0; i < items; i++) {
        out->ptr[i + 1] += out->ptr[i];
    }
    for (uint32_t u = 0; u < users; u++) {
        for (uint64_t k = members->ptr[u]; k < members->ptr[u + 1]; k++) {
            const uint64_t at = out->ptr[members->col[k]]++;
            out->col[at] = u;
            out->value[at] = members->value[k];
        }
    }
    for (uint32_t i = items; i > 0; i--) { /* each has moved to the end of its row */
        out->ptr[i] = out->ptr[i - 1];
    }
    out->ptr[0] = 0;
}

static double power_of(double degree, double exponent) {
    return degree > 0 ? pow(fmax(degree, DEGREE_LEAST), exponent) : 0;
}

static double row_sum(const rows *r, uint32_t row) {
    double sum = 0;
    for (uint64_t k = r->ptr[row]; k < r->ptr[row + 1]; k++) {
        sum += (double)r->value[k];
    }
    return sum;
}

/* share = r_vi d_i^−a d_v^−b */
static gx_status scale_items(rows *of_items, const rows *of_members, const gx_input *input,
                             const gx_args *args, gx_job *job, gx_error *err) {
    const double a = gx_arg_real(args, "item_exponent"), b = gx_arg_real(args, "member_exponent");
    double *by_member;
    gx_status status = gx_job_alloc(job, &by_member, input->users, sizeof *by_member, err);
    if (status != GX_OK) {
        return status;
    }
    for (uint32_t u = 0; u < input->users; u++) {
        by_member[u] = power_of(row_sum(of_members, u), -b);
    }
    for (uint32_t i = 0; i < input->items; i++) {
        const double by_item = power_of(row_sum(of_items, i), -a);
        for (uint64_t k = of_items->ptr[i]; k < of_items->ptr[i + 1]; k++) {
            of_items->value[k] =
                (float)((double)of_items->value[k] * by_item * by_member[of_items->col[k]]);
        }
    }
    gx_job_free(job, by_member);
    return gx_job_check(job, err);
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    const uint64_t n = count_liked(input->matrix);
    rows members, items;
    double *form, largest;
    gx_job_stage(job, "userknn: events both ways", 2);
    GX_TRY(
        gx_output_add(&members.ptr, out, "user_ptr", GX_U64, (uint64_t)input->users + 1, 0, err));
    GX_TRY(gx_output_add(&members.col, out, "item", GX_U32, n, 0, err));
    GX_TRY(gx_output_add(&members.value, out, "value", GX_F32, n, 0, err));
    GX_TRY(gx_output_add(&items.ptr, out, "item_ptr", GX_U64, (uint64_t)input->items + 1, 0, err));
    GX_TRY(gx_output_add(&items.col, out, "member", GX_U32, n, 0, err));
    GX_TRY(gx_output_add(&items.value, out, "share", GX_F32, n, 0, err));
    GX_TRY(gx_output_add(&form, out, "form", GX_F64, 3, 0, err));
    form[0] = (double)gx_arg_int(args, "neighbours");
    form[1] = gx_arg_real(args, "power");
    measure(input->matrix, &largest, &form[2]);
    take_members(&members, input->matrix, largest);
    GX_TRY(gx_job_check(job, err));
    take_items(&items, &members, input->users, input->items);
    gx_job_tick(job, 1);
    status = scale_items(&items, &members, input, args, job, err);
done:
    return status;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)args;
    (void)threads;
    const uint64_t n = count_liked(input->matrix);
    out->mem_bytes =
        16 * n + 8 * ((uint64_t)input->users + input->items + 2) + 24 + 8 * (uint64_t)input->users;
    out->cpu_s = 1e-8 * (double)input->matrix->nnz + 5e-8 * (double)input->users;
}

/* ---- what was learnt ------------------------------------------------------------------------ */

typedef struct side {
    const uint64_t *ptr;
    const uint32_t *col;
    const float *value;
    uint32_t count;
} side;

typedef struct state {
    side users, items; /* events of each member, of each item */
    bool plain;        /* all values are 1 */
    double power, unit;
    uint32_t neighbours;
} state;

/* Rows that stay within their arrays and name but `others` columns. */
static bool find_side(side *out, const gx_arrays *arrays, const char *instance,
                      const char *const *names, uint32_t count, uint32_t others) {
    side s = {.count = count,
              .ptr = gx_result_get(arrays, instance, names[0], GX_U64, (uint64_t)count + 1)};
    if (!s.ptr) {
        return false;
    }
    const uint64_t n = s.ptr[count];
    s.col = gx_result_get(arrays, instance, names[1], GX_U32, n);
    s.value = gx_result_get(arrays, instance, names[2], GX_F32, n);
    *out = s;
    return s.col && s.value && gx_row_ptr_is_valid(s.ptr, count, n) &&
           gx_all_below(s.col, n, others);
}

static gx_status find_state(state *out, const gx_arrays *arrays, const char *instance,
                            uint32_t users, uint32_t items, gx_error *err) {
    static const char *const of_users[] = {"user_ptr", "item", "value"};
    static const char *const of_items[] = {"item_ptr", "member", "share"};
    const double *form = gx_result_get(arrays, instance, "form", GX_F64, 3);
    if (!form) {
        return gx_fail_at(err, GX_NOT_FOUND, instance, "there is no %s.form", instance);
    }
    state s = {.power = form[1], .unit = form[2]};
    const bool good = find_side(&s.users, arrays, instance, of_users, users, items) &&
                      find_side(&s.items, arrays, instance, of_items, items, users) &&
                      form[0] >= 1 && form[0] <= NEIGHBOURS_MAX && form[1] > 0 && form[2] > 0;
    if (!good) {
        return gx_fail_at(err, GX_CORRUPT, instance,
                          "the arrays of %s do not fit %u members and %u items", instance, users,
                          items);
    }
    s.neighbours = (uint32_t)form[0];
    s.plain = true;
    for (uint64_t k = 0; k < s.users.ptr[users]; k++) {
        s.plain &= s.users.value[k] == 1;
    }
    *out = s;
    return GX_OK;
}

static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)args;
    state s;
    gx_status status = find_state(&s, result, instance, input->users, input->items, err);
    for (uint64_t k = 0; status == GX_OK && k < s.items.ptr[input->items]; k++) {
        if (!(isfinite(s.items.value[k]) && s.items.value[k] >= 0)) {
            status = gx_fail(err, GX_INTERNAL, "a share of %s is not finite", instance);
        }
    }
    return status;
}

static gx_status open_state(void **out_state, const gx_arrays *arrays, const char *instance,
                            uint32_t users, uint32_t items, gx_error *err) {
    state found;
    gx_status status = find_state(&found, arrays, instance, users, items, err);
    return status == GX_OK ? gx__state_keep(out_state, &found, sizeof found, err) : status;
}

/* ---- scoring -------------------------------------------------------------------------------- */

/* What one score needs: nearness of every member, the nearest of them, and a score an item. */
typedef struct room {
    float *near;
    gx_scored *nearest; /* room for twice as many as are taken */
} room;

static size_t room_bytes(const state *s) {
    const size_t near = ((size_t)s->users.count * sizeof(float) + 63) / 64 * 64;
    return near + 2 * (size_t)s->neighbours * sizeof(gx_scored);
}

static room room_at(void *memory, const state *s) {
    const size_t near = ((size_t)s->users.count * sizeof(float) + 63) / 64 * 64;
    return (room){.near = memory, .nearest = (gx_scored *)((char *)memory + near)};
}

/* The K nearest members of a history, by rising number; returns how many there are. */
static uint32_t find_nearest(room *r, const state *s, const gx_history *history) {
    memset(r->near, 0, s->users.count * sizeof *r->near);
    for (uint32_t k = 0; k < history->count; k++) {
        const uint32_t i = history->item[k];
        const float weight = (float)((double)history->weight[k] / s->unit);
        for (uint64_t e = i < s->items.count ? s->items.ptr[i] : 0,
                      end = i < s->items.count ? s->items.ptr[i + 1] : 0;
             e < end; e++) {
            r->near[s->items.col[e]] += weight * s->items.value[e];
        }
    }
    if (history->user < s->users.count) {
        r->near[history->user] = 0;
    }
    return gx__top_set(r->nearest, s->neighbours, r->near, s->users.count, 0);
}

static float strength(const state *s, float near) {
    return s->power == 1 ? near : powf(near, (float)s->power);
}

/* Asks for the first of what a member did: rows of the nearest lie anywhere. */
static void fetch_events(const state *s, uint32_t v) {
    const uint64_t from = s->users.ptr[v], to = s->users.ptr[v + 1];
    for (uint64_t e = from; e < to && e < from + FETCHED; e += 16) {
        __builtin_prefetch(s->users.col + e);
        __builtin_prefetch(s->users.value + e);
    }
}

/* Adds what the nearest did to scores, which are 0. */
static void add_nearest(float *scores, const room *r, uint32_t count, const state *s) {
    for (uint32_t n = 0; n < count; n++) {
        const uint32_t v = r->nearest[n].item;
        const float by = strength(s, r->nearest[n].score);
        if (count - n > AHEAD) {
            fetch_events(s, r->nearest[n + AHEAD].item);
        }
        for (uint64_t e = s->users.ptr[v]; e < s->users.ptr[v + 1]; e++) {
            scores[s->users.col[e]] += by * s->users.value[e];
        }
    }
}

static gx_status score_one(float *scores, bool *folded, const void *opaque,
                           const gx_history *history, gx_error *err) {
    const state *s = opaque;
    void *memory = gx_alloc(1, room_bytes(s));
    if (!memory) {
        return gx_fail_memory(err, room_bytes(s));
    }
    room r = room_at(memory, s);
    memset(scores, 0, s->items.count * sizeof *scores);
    add_nearest(scores, &r, find_nearest(&r, s, history), s);
    *folded = false; /* nothing is fitted on a member: any history is scored exactly */
    gx_free(memory);
    return GX_OK;
}

/* Whether the asked items have fewer events to be gone through than the nearest members have. */
static bool few_asked(const room *r, uint32_t nearest, const state *s, const uint32_t *items,
                      uint32_t count) {
    uint64_t theirs = 0, asked = 0;
    for (uint32_t n = 0; n < nearest; n++) {
        theirs += s->users.ptr[r->nearest[n].item + 1] - s->users.ptr[r->nearest[n].item];
    }
    for (uint32_t c = 0; c < count; c++) {
        asked += s->items.ptr[items[c] + 1] - s->items.ptr[items[c]];
    }
    return asked / CHEAPER <= theirs;
}

/* From the items' side, where all values are 1: the same additions in the same order, and 0 for who
 * is not among the nearest. What the nearest did lies anywhere, and so does what it is added to;
 * who did an item lies in a row, and how near they are is only read. */
static void add_asked(float *scores, room *r, uint32_t nearest, const state *s,
                      const uint32_t *items, uint32_t count) {
    memset(r->near, 0, s->users.count * sizeof *r->near);
    for (uint32_t n = 0; n < nearest; n++) {
        r->near[r->nearest[n].item] = strength(s, r->nearest[n].score);
    }
    for (uint32_t c = 0; c < count; c++) {
        float sum = 0;
        for (uint64_t e = s->items.ptr[items[c]]; e < s->items.ptr[items[c] + 1]; e++) {
            sum += r->near[s->items.col[e]];
        }
        scores[c] = sum;
    }
}

static gx_status score_items(float *scores, bool *folded, const void *opaque,
                             const gx_history *history, bool fitted, const uint32_t *items,
                             uint32_t count, gx_error *err) {
    (void)fitted;
    const state *s = opaque;
    char *memory = gx_alloc(1, room_bytes(s) + s->items.count * sizeof(float) + 1);
    if (!memory) {
        return gx_fail_memory(err, room_bytes(s) + s->items.count * sizeof(float));
    }
    room r = room_at(memory, s);
    const uint32_t nearest = find_nearest(&r, s, history);
    if (s->plain && few_asked(&r, nearest, s, items, count)) {
        add_asked(scores, &r, nearest, s, items, count);
    } else {
        float *all = (float *)(void *)(memory + room_bytes(s));
        memset(all, 0, s->items.count * sizeof *all);
        add_nearest(all, &r, nearest, s);
        for (uint32_t c = 0; c < count; c++) {
            scores[c] = all[items[c]];
        }
    }
    gx_free(memory);
    *folded = false; /* as in score_one */
    return GX_OK;
}

static gx_status score_block(float *scores, const void *opaque, const gx_matrix *history,
                             uint32_t first, uint32_t count, gx_job *job, gx_error *err) {
    const state *s = opaque;
    const size_t each = (room_bytes(s) + 63) / 64 * 64;
    const uint64_t longest = gx__longest_row(history, first, count);
    char *memory = NULL;
    float *ones = NULL;
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(job, &memory, (size_t)job->threads, each, err));
    GX_TRY(gx__ones_make(&ones, longest, job, err));
#pragma omp parallel for schedule(dynamic, 1) num_threads(job->threads)
    for (uint32_t b = 0; b < count; b++) {
        if (gx_job_should_stop(job)) {
            continue;
        }
        room r = room_at(memory + (size_t)gx__worker() * each, s);
        const gx_history h = gx__row_history(history, first + b, ones);
        float *row = scores + (size_t)b * s->items.count;
        memset(row, 0, s->items.count * sizeof *row);
        add_nearest(row, &r, find_nearest(&r, s, &h), s);
    }
    status = gx_job_check(job, err);
done:
    gx_job_free(job, memory);
    gx_job_free(job, ones);
    return status;
}

static gx_status similar(float *scores, const void *opaque, uint32_t item, gx_error *err) {
    const state *s = opaque;
    return gx__similar_alone(scores, score_one, s, item, s->items.count, err);
}

/* Sums by item, of the asked items alone: open addressing, half full at most. */
typedef struct sums {
    uint32_t *item; /* + 1; 0: free */
    float *sum;
    uint32_t mask;
} sums;

/* The slot of an item, or the free one where it would be. */
static uint32_t slot_of(const sums *t, uint32_t item) {
    uint32_t at = (uint32_t)gx_mix64(item) & t->mask;
    while (t->item[at] != 0 && t->item[at] != item + 1) {
        at = (at + 1) & t->mask;
    }
    return at;
}

static void add_rows(const sums *t, const state *s, uint32_t item, const gx_scored *nearest,
                     uint32_t count) {
    const uint32_t *members = s->items.col + s->items.ptr[item];
    for (uint32_t n = 0; n < count; n++) {
        const uint32_t v = members[nearest[n].item];
        const float by = strength(s, nearest[n].score);
        for (uint64_t e = s->users.ptr[v]; e < s->users.ptr[v + 1]; e++) {
            const uint32_t at = slot_of(t, s->users.col[e]);
            t->sum[at] += t->item[at] != 0 ? by * s->users.value[e] : 0;
        }
    }
}

/* As `similar`, bit by bit, without an array of members or of items: who did the item is in its
 * row, and of what they did only the asked items are summed. */
static gx_status like_items(float *scores, const void *opaque, uint32_t item, const uint32_t *items,
                            uint32_t count, gx_error *err) {
    const state *s = opaque;
    const bool known = item < s->items.count;
    const uint64_t from = known ? s->items.ptr[item] : 0, to = known ? s->items.ptr[item + 1] : 0;
    const uint32_t did = (uint32_t)(to - from), most = did < s->neighbours ? did : s->neighbours;
    sums t = {.mask = 1};
    while (t.mask < (uint64_t)count * 2) {
        t.mask = t.mask * 2 + 1;
    }
    const size_t slots = (size_t)t.mask + 1;
    t.item = gx_alloc0(slots, sizeof *t.item);
    t.sum = gx_alloc0(slots, sizeof *t.sum);
    float *near = gx_alloc((size_t)did + 1, sizeof *near);
    gx_scored *nearest = gx_alloc(2 * (size_t)most + 1, sizeof *nearest);
    gx_status status = GX_OK;
    if (!t.item || !t.sum || !near || !nearest) {
        status = gx_fail_memory(err, slots * 8 + (size_t)did * 4 + (size_t)most * 16);
        goto done;
    }
    for (uint32_t c = 0; c < count; c++) {
        t.item[slot_of(&t, items[c])] = items[c] + 1;
    }
    const float weight = (float)(1 / s->unit);
    for (uint32_t k = 0; k < did; k++) {
        near[k] = weight * s->items.value[from + k];
    }
    if (did > 0) {
        add_rows(&t, s, item, nearest, gx__top_set(nearest, most, near, did, 0));
    }
    for (uint32_t c = 0; c < count; c++) {
        scores[c] = t.sum[slot_of(&t, items[c])];
    }
done:
    gx_free(t.item);
    gx_free(t.sum);
    gx_free(near);
    gx_free(nearest);
    return status;
}

/* Where `col` is in a row, or GX_NONE's 64 bits. */
static uint64_t find_in(const side *s, uint32_t row, uint32_t col) {
    uint64_t low = s->ptr[row], high = s->ptr[row + 1];
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (s->col[middle] < col) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < s->ptr[row + 1] && s->col[low] == col ? low : UINT64_MAX;
}

/* What is explained: `bits` tells which items are among it. */
typedef struct asked {
    const uint32_t *items;
    uint32_t count;
    uint64_t *bits;
    const uint32_t *entry; /* of each item its place in the history + 1, or 0 */
} asked;

/* What one neighbour gives the item of parts, which is the e-th of theirs: nearness^p, of which
 * each entry of the history gets the share that it has in the nearness. */
static void explain_by(float *parts, const gx_scored *neighbour, uint64_t at, const asked *a,
                       const state *s, const gx_history *history) {
    const uint32_t v = neighbour->item;
    const float near = neighbour->score;
    const double by = (double)s->users.value[at] * (double)strength(s, near) / (double)near;
    for (uint64_t e = s->users.ptr[v]; e < s->users.ptr[v + 1]; e++) {
        const uint32_t i = s->users.col[e], k = a->entry[i];
        const uint64_t own = k > 0 ? find_in(&s->items, i, v) : UINT64_MAX;
        if (own != UINT64_MAX) {
            parts[k - 1] += (float)(by * (double)history->weight[k - 1] / s->unit *
                                    (double)s->items.value[own]);
        }
    }
}

/* Each neighbour's items are walked once, whatever is asked. */
static void explain_all(float *parts, const room *r, uint32_t nearest, const asked *a,
                        const state *s, const gx_history *history) {
    for (uint32_t c = 0; c < a->count; c++) {
        if (a->items[c] < s->items.count) {
            a->bits[a->items[c] / 64] |= UINT64_C(1) << (a->items[c] % 64);
        }
    }
    for (uint32_t n = 0; n < nearest; n++) {
        const uint32_t v = r->nearest[n].item;
        for (uint64_t e = s->users.ptr[v]; e < s->users.ptr[v + 1]; e++) {
            const uint32_t item = s->users.col[e];
            if (!(a->bits[item / 64] >> (item % 64) & 1)) {
                continue;
            }
            for (uint32_t c = 0; c < a->count; c++) {
                if (a->items[c] == item) {
                    explain_by(parts + (size_t)c * history->count, &r->nearest[n], e, a, s,
                               history);
                }
            }
        }
    }
}

static gx_status explain_items(float *parts, const void *opaque, const gx_history *history,
                               const uint32_t *items, uint32_t count, gx_error *err) {
    const state *s = opaque;
    void *memory = gx_alloc(1, room_bytes(s));
    uint32_t *entry = gx_alloc0((size_t)s->items.count + 1, sizeof *entry);
    uint64_t *bits = gx_alloc0((size_t)s->items.count / 64 + 1, sizeof *bits);
    memset(parts, 0, (size_t)count * history->count * sizeof *parts);
    if (!memory || !entry || !bits) {
        gx_free(memory);
        gx_free(entry);
        gx_free(bits);
        return gx_fail_memory(err, room_bytes(s) + s->items.count * sizeof *entry);
    }
    for (uint32_t k = 0; k < history->count; k++) {
        if (history->item[k] < s->items.count) {
            entry[history->item[k]] = k + 1;
        }
    }
    room r = room_at(memory, s);
    const uint32_t nearest = count > 0 ? find_nearest(&r, s, history) : 0;
    const asked a = {items, count, bits, entry};
    explain_all(parts, &r, nearest, &a, s, history);
    gx_free(bits);
    gx_free(memory);
    gx_free(entry);
    return GX_OK;
}

static gx_status explain(float *parts, const void *opaque, const gx_history *history, uint32_t item,
                         gx_error *err) {
    return explain_items(parts, opaque, history, &item, 1, err);
}

const gx_model gx_model_userknn = {
    .pass = {.name = "userknn",
             .kind = GX_KIND_MODEL,
             .summary = "the nearest members: people like you did this",
             .paper =
                 "Breese, Heckerman and Kadie, Empirical Analysis of Predictive Algorithms for "
                 "Collaborative Filtering, 1998; Aiolli, Efficient Top-N Recommendation for "
                 "Very Large Scale Binary Rated Datasets, 2013",
             .complexity = "O(events) to fit, 16 bytes an event; a score O(members + events of "
                           "those who share an item)",
             .needs = GX_NEED_MATRIX,
             .gives = gives,
             .give_count = GX_COUNT(gives),
             .member_arrays = (const char *const[]){"member", NULL},
             .item_arrays = (const char *const[]){"item", NULL},
             .params = params,
             .param_count = GX_COUNT(params),
             .label_dependent = true,
             .estimate = estimate,
             .run = run,
             .check = check},
    .open = open_state,
    .close = gx_free,
    .score = score_one,
    .score_block = score_block,
    .score_items = score_items,
    .similar = similar,
    .like_items = like_items,
    .explain = explain,
    .explain_items = explain_items,
};
