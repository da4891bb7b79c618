/* Most popular by circle: what the member's circle did most, pulled towards what everybody does by
 * as much as a circle of few events is to be doubted (Dirichlet smoothing; Zhai and Lafferty 2001,
 * eq. 6):
 *
 *   score(u, i) = (Σ_{v in circle of u} x_vi + h P(i)) / (M + h)
 *
 * x_vi are the values of the matrix over their mean, faded by age as in popular.c, P(i) is the
 * share of item i in all of them, M the sum over the circle, h the shrinkage in events. Circles are
 * the communities of `leiden`; who is in none, or alone in theirs, or not of the fit, gets P.
 * Values below zero subtract from an item and do not count in M; what members say against an item
 * (gx_input.against) subtracts from P. O(events + items + members) time; 8 bytes for each item of
 * each circle, 8 a circle, 4 a member and an item. */
#include "models/popular.h"

#include "models/model.h"
#include "models/scoring.h"

enum { LOOK = 1024 /* members between looks at whether to stop */ };

static const gx_param params[] = {
    GX__HALF_LIFE_PARAM,
    {.name = "shrinkage",
     .type = GX_PARAM_REAL,
     .fallback = "100",
     .low = 1e-3,
     .high = 1e9,
     .unit = "events",
     .help = "h: how many events of everybody weigh against those of a circle"},
};

static const gx_gives gives[] = {
    {"score", GX_F32, GX_LEN_ITEMS, "P: share of an item in all faded events"},
    {"circle", GX_U32, GX_LEN_USERS, "circle of each member"},
    {"ptr", GX_U64, GX_LEN_OTHER, "start of each circle's items, circles + 1"},
    {"item", GX_U32, GX_LEN_OTHER, "items somebody of the circle acted on"},
    {"weight", GX_F32, GX_LEN_OTHER, "faded events of the circle on it over M + h"},
    {"prior", GX_F32, GX_LEN_OTHER, "h / (M + h) of each circle"},
};

/* ---- fit ------------------------------------------------------------------------------------ */

/* Members by circle, and what one circle did. */
typedef struct fit {
    const gx_matrix *matrix;
    const uint32_t *community;
    gx__fading fading;
    double unit;
    uint32_t circles;
    uint32_t *at, *member; /* of circle c: member[at[c] … at[c + 1]) */
    double *sum;           /* items; all 0 between circles */
    uint32_t *touched;     /* items */
    uint8_t *is_touched;   /* items; all 0 between circles */
} fit;

static double mean_value(const gx_matrix *m) {
    double sum = 0, count = 0;
    for (uint64_t k = 0; m->value && k < m->nnz; k++) {
        sum += fmax((double)m->value[k], 0);
        count += m->value[k] > 0;
    }
    return sum > 0 ? sum / count : 1;
}

/* How many circles; 0: there are none, or a number is not below the members. */
static uint32_t count_circles(const uint32_t *community, uint32_t users) {
    uint32_t last = 0;
    for (uint32_t u = 0; u < users; u++) {
        last = community[u] > last ? community[u] : last;
    }
    return users > 0 && last < users ? last + 1 : 0;
}

/* A counting sort: while it runs, at[c + 1] is where circle c's next member goes. */
static gx_status group_members(fit *f, uint32_t users, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(job, &f->at, (size_t)f->circles + 2, sizeof *f->at, err));
    GX_TRY(gx_job_alloc(job, &f->member, users, sizeof *f->member, err));
    for (uint32_t u = 0; u < users; u++) {
        f->at[f->community[u] + 2]++;
    }
    for (uint32_t c = 0; c < f->circles; c++) {
        f->at[c + 2] += f->at[c + 1];
    }
    for (uint32_t u = 0; u < users; u++) {
        f->member[f->at[f->community[u] + 1]++] = u;
    }
done:
    return status;
}

/* What circle c did, into `sum`; how many items that are in `touched`. A member alone is no circle.
 */
static uint32_t gather(fit *f, uint32_t c, gx_job *job) {
    const gx_matrix *m = f->matrix;
    uint32_t count = 0;
    for (uint32_t v = f->at[c]; f->at[c + 1] - f->at[c] > 1 && v < f->at[c + 1]; v++) {
        if (v % LOOK == 0 && gx_job_should_stop(job)) {
            break; /* the caller looks too */
        }
        for (uint64_t k = m->ptr[f->member[v]]; k < m->ptr[f->member[v] + 1]; k++) {
            const uint32_t i = m->col[k];
            f->sum[i] += gx__faded(&f->fading, m, k) / f->unit;
            if (!f->is_touched[i]) {
                f->is_touched[i] = 1;
                f->touched[count++] = i;
            }
        }
    }
    return count;
}

static void clear(fit *f, uint32_t count) {
    for (uint32_t k = 0; k < count; k++) {
        f->sum[f->touched[k]] = 0;
        f->is_touched[f->touched[k]] = 0;
    }
}

static gx_status count_items(uint64_t *ptr, fit *f, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx_job_stage(job, "popular_circle: counting", f->circles);
    for (uint32_t c = 0; c < f->circles; c++) {
        const uint32_t count = gather(f, c, job);
        ptr[c + 1] = ptr[c] + count;
        clear(f, count);
        GX_TRY(gx_job_check(job, err));
        gx_job_tick(job, c);
    }
done:
    return status;
}

static gx_status fill_items(uint32_t *item, float *weight, float *prior, const uint64_t *ptr,
                            fit *f, double shrinkage, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx_job_stage(job, "popular_circle: sums", f->circles);
    for (uint32_t c = 0; c < f->circles; c++) {
        const uint32_t count = gather(f, c, job);
        double mass = shrinkage;
        for (uint32_t k = 0; k < count; k++) {
            mass += fmax(f->sum[f->touched[k]], 0);
        }
        for (uint32_t k = 0; k < count; k++) {
            item[ptr[c] + k] = f->touched[k];
            weight[ptr[c] + k] = (float)(f->sum[f->touched[k]] / mass);
        }
        prior[c] = (float)(shrinkage / mass);
        clear(f, count);
        GX_TRY(gx_job_check(job, err));
        gx_job_tick(job, c);
    }
done:
    return status;
}

/* P, from the sums of everybody, less what members say against an item. */
static gx_status share_all(float *score, fit *f, const double *against, gx_job *job,
                           gx_error *err) {
    const gx_matrix *m = f->matrix;
    gx_status status = GX_OK;
    double mass = 0;
    for (uint32_t u = 0; u < m->rows; u++) {
        if (u % LOOK == 0) {
            GX_TRY(gx_job_check(job, err));
        }
        for (uint64_t k = m->ptr[u]; k < m->ptr[u + 1]; k++) {
            f->sum[m->col[k]] += gx__faded(&f->fading, m, k) / f->unit;
        }
    }
    for (uint32_t i = 0; i < m->cols; i++) {
        f->sum[i] -= against ? against[i] / f->unit : 0;
        mass += fmax(f->sum[i], 0);
    }
    for (uint32_t i = 0; i < m->cols; i++) {
        score[i] = mass > 0 ? (float)(f->sum[i] / mass) : 0;
        f->sum[i] = 0;
    }
done:
    return status;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    const gx_matrix *m = input->matrix;
    float *score, *weight, *prior;
    uint32_t *circle, *item;
    uint64_t *ptr;
    fit f = {.matrix = m,
             .fading = gx__fading_of(m, (double)gx_arg_int(args, "half_life")),
             .unit = mean_value(m)};
    GX_TRY(
        gx_arrays_need(&f.community, input->arrays, "leiden.community", GX_U32, input->users, err));
    f.circles = count_circles(f.community, input->users);
    if (input->users > 0 && f.circles == 0) {
        GX_TRY(
            gx_fail(err, GX_CORRUPT, "leiden.community: a number that is not below the members"));
    }
    GX_TRY(group_members(&f, input->users, job, err));
    GX_TRY(gx_job_alloc(job, &f.sum, input->items, sizeof *f.sum, err));
    GX_TRY(gx_job_alloc(job, &f.touched, input->items, sizeof *f.touched, err));
    GX_TRY(gx_job_alloc(job, &f.is_touched, input->items, sizeof *f.is_touched, err));
    GX_TRY(gx_output_add(&score, out, "score", GX_F32, input->items, 0, err));
    GX_TRY(gx_output_add(&circle, out, "circle", GX_U32, input->users, 0, err));
    GX_TRY(gx_output_add(&ptr, out, "ptr", GX_U64, (uint64_t)f.circles + 1, 0, err));
    GX_TRY(gx_output_add(&prior, out, "prior", GX_F32, f.circles, 0, err));
    if (input->users) {
        memcpy(circle, f.community, input->users * sizeof *circle);
    }
    GX_TRY(share_all(score, &f, input->against, job, err));
    GX_TRY(count_items(ptr, &f, job, err));
    GX_TRY(gx_output_add(&item, out, "item", GX_U32, ptr[f.circles], 0, err));
    GX_TRY(gx_output_add(&weight, out, "weight", GX_F32, ptr[f.circles], 0, err));
    GX_TRY(fill_items(item, weight, prior, ptr, &f, gx_arg_real(args, "shrinkage"), job, err));
done:
    gx_job_free(job, f.at);
    gx_job_free(job, f.member);
    gx_job_free(job, f.sum);
    gx_job_free(job, f.touched);
    gx_job_free(job, f.is_touched);
    return status;
}

/* Where the circles are not there yet, as many as graphs of that size have. */
static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)args;
    (void)threads;
    const gx_matrix *m = input->matrix;
    const uint32_t *community =
        input->arrays ? gx_arrays_get(input->arrays, "leiden.community", GX_U32, input->users)
                      : NULL;
    const uint64_t circles = community ? count_circles(community, input->users)
                                       : (uint64_t)(2 * sqrt((double)input->users));
    const uint64_t cells = circles * input->items, entries = cells < m->nnz ? cells : m->nnz;
    out->mem_bytes = entries * 8 + (circles + 1) * 16 + (uint64_t)input->users * 8 +
                     (uint64_t)input->items * (sizeof(double) + 9);
    out->cpu_s = 1e-8 * (double)m->nnz;
}

/* ---- what was learnt ------------------------------------------------------------------------ */

typedef struct state {
    const float *score, *weight, *prior;
    const uint32_t *circle, *item;
    const uint64_t *ptr;
    uint32_t users, items, circles;
} state;

static uint64_t rows_of(const gx_arrays *arrays, const char *instance, const char *suffix) {
    const gx_array *array = gx_result_find(arrays, instance, suffix);
    return array ? array->shape[0] : 0;
}

static gx_status find_state(state *out, const gx_arrays *arrays, const char *instance,
                            uint32_t users, uint32_t items, gx_error *err) {
    const uint64_t circles = rows_of(arrays, instance, "prior");
    const uint64_t entries = rows_of(arrays, instance, "item");
    state s = {.users = users, .items = items, .circles = (uint32_t)circles};
    s.score = gx_result_get(arrays, instance, "score", GX_F32, items);
    s.circle = gx_result_get(arrays, instance, "circle", GX_U32, users);
    s.ptr = gx_result_get(arrays, instance, "ptr", GX_U64, circles + 1);
    s.prior = gx_result_get(arrays, instance, "prior", GX_F32, circles);
    s.item = gx_result_get(arrays, instance, "item", GX_U32, entries);
    s.weight = gx_result_get(arrays, instance, "weight", GX_F32, entries);
    if (circles >= GX_NONE || (items > 0 && !s.score) || (users > 0 && !s.circle) || !s.ptr ||
        (circles > 0 && !s.prior) || (entries > 0 && (!s.item || !s.weight))) {
        return gx_fail_at(err, GX_NOT_FOUND, instance,
                          "there is no %s.* of %u members and %u items", instance, users, items);
    }
    if (!gx_row_ptr_is_valid(s.ptr, circles, entries) ||
        !gx_all_below(s.circle, users, s.circles) || !gx_all_below(s.item, entries, items)) {
        return gx_fail_at(err, GX_CORRUPT, instance, "the arrays %s.* do not fit together",
                          instance);
    }
    *out = s;
    return GX_OK;
}

static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)args;
    state s;
    gx_status status = find_state(&s, result, instance, input->users, input->items, err);
    for (uint32_t i = 0; status == GX_OK && i < s.items; i++) {
        if (!isfinite(s.score[i])) {
            status = gx_fail(err, GX_INTERNAL, "%s.score of item %u is %g", instance, i,
                             (double)s.score[i]);
        }
    }
    for (uint64_t k = 0; status == GX_OK && k < s.ptr[s.circles]; k++) {
        if (!isfinite(s.weight[k])) {
            status = gx_fail(err, GX_INTERNAL, "%s.weight of item %u is %g", instance, s.item[k],
                             (double)s.weight[k]);
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

static gx_status score_one(float *scores, bool *folded, const void *opaque,
                           const gx_history *history, gx_error *err) {
    (void)err;
    const state *s = opaque;
    const bool known = history->user < s->users;
    const uint32_t c = known ? s->circle[history->user] : 0;
    const float prior = known ? s->prior[c] : 1;
    for (uint32_t i = 0; i < s->items; i++) {
        scores[i] = s->score[i] * prior;
    }
    for (uint64_t k = known ? s->ptr[c] : 0; known && k < s->ptr[c + 1]; k++) {
        scores[s->item[k]] += s->weight[k];
    }
    *folded = false;
    return GX_OK;
}

/* The member's circle where it has the item more often than everybody has. */
static uint32_t spoken_by(const void *opaque, const gx_history *history, uint32_t item) {
    const state *s = opaque;
    const uint32_t c = history->user < s->users ? s->circle[history->user] : GX_NONE;
    for (uint64_t k = c != GX_NONE ? s->ptr[c] : 0; c != GX_NONE && k < s->ptr[c + 1]; k++) {
        if (s->item[k] == item) {
            return s->weight[k] > s->score[item] * (1 - s->prior[c]) ? c : GX_NONE;
        }
    }
    return GX_NONE;
}

const gx_model gx_model_popular_circle = {
    .pass = {.name = "popular_circle",
             .kind = GX_KIND_MODEL,
             .summary = "most popular items of the member's circle, pulled towards those of all",
             .paper = "Zhai and Lafferty, A Study of Smoothing Methods for Language Models Applied "
                      "to Ad Hoc Information Retrieval, 2001, eq. 6",
             .complexity = "O(events + items + members) time, 8 bytes an item of each circle",
             .needs = GX_NEED_MATRIX,
             .arrays = (const char *const[]){"leiden.community", NULL},
             .gives = gives,
             .give_count = GX_COUNT(gives),
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
    .spoken_by = spoken_by,
};
