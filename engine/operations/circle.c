/* Circle profiles (R20): what each community of `leiden` is like and what it likes.
 *
 * Shape: members, density (ties that are there over ties that could be), conductance (weight that
 * leaves over the smaller side; Kannan, Vempala and Vetta 2004).
 *
 * Taste: for each item that members acted on, how many did, and the lift: the share of the circle
 * that acted over the share of all members that did, p. A small circle's share is pulled towards p
 * by `prior` members who act like everybody, the mean of a beta posterior (Gelman et al., Bayesian
 * Data Analysis, 2.4):
 *
 *   lift = (count + prior · p) / (size + prior) / p
 *
 * Items with `support` members or more are ranked by lift × count: how much more than elsewhere,
 * and for how many. Categories of items are profiled in the same way, a member counting once for a
 * category.
 *
 * A circle is profiled by one thread from its members' rows. Time O(n + m + nnz log items); memory
 * 12 bytes an item and thread, and 16 for each item kept, at most circles · items and at most nnz.
 */
#include "engine/community/partition.h"
#include "engine/community/quality.h"
#include "engine/kernel/parallel.h"
#include "engine/kernel/top.h"
#include "graph/pass/pass.h"

enum { MEMBERS_A_LOOK = 256 };

static const gx_param params[] = {
    {.name = "items",
     .type = GX_PARAM_INT,
     .fallback = "100",
     .low = 1,
     .high = 1e5,
     .unit = "items",
     .help = "at most so many of each circle are kept"},
    {.name = "support",
     .type = GX_PARAM_INT,
     .fallback = "2",
     .low = 1,
     .high = 1e9,
     .unit = "members",
     .help = "an item counts when so many of the circle acted on it"},
    {.name = "prior",
     .type = GX_PARAM_REAL,
     .fallback = "10",
     .low = 0,
     .high = 1e9,
     .unit = "members",
     .help = "how many average members weigh against a circle's own share"},
};

static const gx_gives gives[] = {
    {"size", GX_U32, GX_LEN_OTHER, "members of each circle"},
    {"density", GX_F64, GX_LEN_OTHER, "ties inside over ties that could be, 0 to 1"},
    {"conductance", GX_F64, GX_LEN_OTHER, "weight that leaves over the smaller side, 0 to 1"},
    {"ptr", GX_U64, GX_LEN_OTHER, "start of each circle's items, circles + 1"},
    {"item", GX_U32, GX_LEN_OTHER, "by falling lift × count"},
    {"count", GX_U32, GX_LEN_OTHER, "members of the circle who acted on it"},
    {"lift", GX_F32, GX_LEN_OTHER, "share in the circle over share of all members, shrunk"},
    {"everywhere", GX_U32, GX_LEN_OTHER, "members of any circle who acted on it"},
    {"category_ptr", GX_U64, GX_LEN_OTHER, "start of each circle's categories, circles + 1"},
    {"category", GX_U32, GX_LEN_OTHER, "by falling lift × count"},
    {"category_count", GX_U32, GX_LEN_OTHER, "members of the circle who acted in it"},
    {"category_lift", GX_F32, GX_LEN_OTHER, "as of items"},
    {"category_everywhere", GX_U32, GX_LEN_OTHER, "as of items"},
};

/* ---- members by circle --------------------------------------------------------------------- */

typedef struct circles {
    const uint32_t *community;
    uint32_t count, members;
    uint32_t *at, *member; /* members of circle c: member[at[c] … at[c + 1]) */
} circles;

static void circles_finish(circles *all, gx_job *job) {
    gx_job_free(job, all->at);
    gx_job_free(job, all->member);
}

static gx_status circles_init(circles *all, const gx_input *input, gx_job *job, gx_error *err) {
    const uint32_t n = input->users;
    *all = (circles){.members = n};
    gx_status status;
    GX_TRY(gx_partition_circles(&all->community, &all->count, input, err));
    GX_TRY(gx_job_alloc(job, &all->at, (size_t)all->count + 1, sizeof *all->at, err));
    GX_TRY(gx_job_alloc(job, &all->member, n, sizeof *all->member, err));
    gx_partition_group(all->at, all->member, all->community, all->count, NULL, n);
done:
    return status;
}

/* ---- shape --------------------------------------------------------------------------------- */

static double density_of(const circles *all, const gx_graph *graph, uint32_t c, gx_job *job) {
    uint64_t inside = 0;
    for (uint32_t i = all->at[c]; i < all->at[c + 1]; i++) {
        if (i % MEMBERS_A_LOOK == 0 && gx_job_should_stop(job)) {
            return 0.0;
        }
        uint32_t v = all->member[i];
        for (uint64_t arc = graph->out_ptr[v]; arc < graph->out_ptr[v + 1]; arc++) {
            uint32_t u = graph->out_dst[arc];
            inside += u != v && all->community[u] == c;
        }
    }
    double size = all->at[c + 1] - all->at[c];
    return size > 1.0 ? (double)inside / (size * (size - 1.0)) : 0.0;
}

static gx_status give_shape(gx_output *out, const circles *all, const gx_graph *graph, gx_job *job,
                            gx_error *err) {
    uint32_t *size;
    double *density, *conductance, *total = NULL, *inside = NULL, weight = 0.0;
    gx_status status;
    GX_TRY(gx_output_add(&size, out, "size", GX_U32, all->count, 0, err));
    GX_TRY(gx_output_add(&density, out, "density", GX_F64, all->count, 0, err));
    GX_TRY(gx_output_add(&conductance, out, "conductance", GX_F64, all->count, 0, err));
    GX_TRY(gx_job_alloc(job, &total, all->count, sizeof *total, err));
    GX_TRY(gx_job_alloc(job, &inside, all->count, sizeof *inside, err));
    GX_TRY(gx_quality_weights(total, inside, graph, all->community, all->count, job, err));
    for (uint32_t c = 0; c < all->count; c++) {
        weight += total[c];
    }
#pragma omp parallel for num_threads(job->threads) schedule(dynamic, 4)
    for (uint32_t c = 0; c < all->count; c++) {
        size[c] = all->at[c + 1] - all->at[c];
        conductance[c] = gx_quality_conductance(total[c], inside[c], weight);
        density[c] = gx_job_should_stop(job) ? 0.0 : density_of(all, graph, c, job);
    }
    status = gx_job_check(job, err);
done:
    gx_job_free(job, inside);
    gx_job_free(job, total);
    return status;
}

/* ---- taste ----------------------------------------------------------------------------------- */

/* Who acted on what: items as they are, or their categories. */
typedef struct acts {
    const gx_matrix *matrix;
    const gx_labels *category; /* NULL: items */
    uint32_t kinds;            /* items, or categories */
} acts;

/* What a thread counts with: seen[k] is the last member who counted for kind k, plus 1. */
typedef struct counter {
    uint32_t *count, *seen, *touched, touched_count;
    gx__top top;
} counter;

static gx_status counter_init(counter *own, uint32_t kinds, gx_job *job, gx_error *err) {
    gx_status status;
    GX_TRY(gx_job_alloc(job, &own->count, kinds, sizeof *own->count, err));
    GX_TRY(gx_job_alloc(job, &own->seen, kinds, sizeof *own->seen, err));
    GX_TRY(gx_job_alloc(job, &own->touched, kinds, sizeof *own->touched, err));
done:
    return status;
}

static void counter_finish(counter *own, gx_job *job) {
    gx_job_free(job, own->count);
    gx_job_free(job, own->seen);
    gx_job_free(job, own->touched);
}

typedef struct taste {
    const circles *all;
    acts acts;
    const uint32_t *overall; /* members who acted, per kind */
    uint32_t keep, support;
    double prior;
    uint64_t *room;       /* where each circle's entries are written, circles + 1 */
    gx__top_entry *kept;  /* score is lift × count */
    uint32_t *kept_count; /* per circle */
} taste;

/* Counts u once for every kind it acted on; touched lists each kind once. */
static void count_member(const acts *a, uint32_t u, counter *own) {
    for (uint64_t i = a->matrix->ptr[u]; i < a->matrix->ptr[u + 1]; i++) {
        uint32_t kind = a->matrix->col[i];
        kind = a->category ? a->category->label[kind] : kind;
        if (kind == GX_NONE || own->seen[kind] == u + 1) {
            continue;
        }
        own->seen[kind] = u + 1;
        if (own->count[kind]++ == 0) {
            own->touched[own->touched_count++] = kind;
        }
    }
}

static double lift_of(const taste *t, double count, double size, uint32_t kind) {
    double everywhere = (double)t->overall[kind] / (double)t->all->members;
    return (count + t->prior * everywhere) / (size + t->prior) / everywhere;
}

static void profile_circle(taste *t, uint32_t c, counter *own, gx_job *job) {
    const uint32_t from = t->all->at[c], to = t->all->at[c + 1];
    own->touched_count = 0;
    for (uint32_t i = from; i < to; i++) {
        if (i % MEMBERS_A_LOOK == 0 && gx_job_should_stop(job)) {
            return;
        }
        count_member(&t->acts, t->all->member[i], own);
    }
    own->top.entry = t->kept + t->room[c];
    own->top.capacity = (uint32_t)(t->room[c + 1] - t->room[c]);
    own->top.count = 0;
    for (uint32_t i = 0; i < own->touched_count; i++) {
        uint32_t kind = own->touched[i], count = own->count[kind];
        if (count >= t->support) {
            gx__top_offer(&own->top, lift_of(t, count, to - from, kind) * count, kind, count);
        }
        own->count[kind] = 0;
    }
    gx__top_sort(&own->top);
    t->kept_count[c] = own->top.count;
}

/* Room for what each circle may keep: as many as are asked for, as its members have acts, as there
 * are. */
static void make_room(taste *t) {
    const gx_matrix *matrix = t->acts.matrix;
    for (uint32_t c = 0; c < t->all->count; c++) {
        uint64_t acted = 0;
        for (uint32_t i = t->all->at[c]; i < t->all->at[c + 1]; i++) {
            uint32_t v = t->all->member[i];
            acted += matrix->ptr[v + 1] - matrix->ptr[v];
        }
        acted /= t->support;
        uint64_t room = acted < t->keep ? acted : t->keep;
        t->room[c + 1] = t->room[c] + (room < t->acts.kinds ? room : t->acts.kinds);
    }
}

static gx_status profile_all(taste *t, gx_job *job, gx_error *err) {
    counter *counters = NULL;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &counters, (size_t)job->threads, sizeof *counters, err));
    for (int i = 0; i < job->threads; i++) {
        GX_TRY(counter_init(&counters[i], t->acts.kinds, job, err));
    }
#pragma omp parallel num_threads(job->threads)
    {
        counter *own = &counters[gx_thread()];
#pragma omp for schedule(dynamic, 4)
        for (uint32_t c = 0; c < t->all->count; c++) {
            if (!gx_job_should_stop(job)) {
                profile_circle(t, c, own, job);
            }
        }
    }
    status = gx_job_check(job, err);
done:
    for (int i = 0; counters && i < job->threads; i++) {
        counter_finish(&counters[i], job);
    }
    gx_job_free(job, counters);
    return status;
}

/* Members who acted on each kind, anywhere. */
static gx_status count_overall(uint32_t **out, const acts *a, gx_job *job, gx_error *err) {
    counter all = {0};
    gx_status status;
    GX_TRY(counter_init(&all, a->kinds, job, err));
    for (uint32_t u = 0; u < a->matrix->rows; u++) {
        if (u % MEMBERS_A_LOOK == 0) {
            GX_TRY(gx_job_check(job, err));
        }
        count_member(a, u, &all);
    }
    *out = all.count;
    all.count = NULL;
done:
    counter_finish(&all, job);
    return status;
}

static const char *const item_names[] = {"ptr", "item", "count", "lift", "everywhere"};
static const char *const category_names[] = {"category_ptr", "category", "category_count",
                                             "category_lift", "category_everywhere"};

static gx_status give_entries(gx_output *out, const taste *t, const char *const names[5],
                              gx_error *err) {
    uint64_t *ptr;
    uint32_t *kind, *count, *everywhere;
    float *lift;
    gx_status status;
    GX_TRY(gx_output_add(&ptr, out, names[0], GX_U64, (uint64_t)t->all->count + 1, 0, err));
    for (uint32_t c = 0; c < t->all->count; c++) {
        ptr[c + 1] = ptr[c] + t->kept_count[c];
    }
    const uint64_t entries = ptr[t->all->count];
    GX_TRY(gx_output_add(&kind, out, names[1], GX_U32, entries, 0, err));
    GX_TRY(gx_output_add(&count, out, names[2], GX_U32, entries, 0, err));
    GX_TRY(gx_output_add(&lift, out, names[3], GX_F32, entries, 0, err));
    GX_TRY(gx_output_add(&everywhere, out, names[4], GX_U32, entries, 0, err));
    for (uint32_t c = 0; c < t->all->count; c++) {
        const gx__top_entry *entry = t->kept + t->room[c];
        for (uint32_t i = 0; i < t->kept_count[c]; i++) {
            kind[ptr[c] + i] = entry[i].id;
            count[ptr[c] + i] = entry[i].count;
            lift[ptr[c] + i] = (float)(entry[i].score / entry[i].count);
            everywhere[ptr[c] + i] = t->overall[entry[i].id];
        }
    }
done:
    return status;
}

static gx_status give_taste(gx_output *out, const circles *all, acts a, const gx_args *args,
                            const char *const names[5], gx_job *job, gx_error *err) {
    uint32_t *overall = NULL;
    taste t = {.all = all,
               .acts = a,
               .keep = (uint32_t)gx_arg_int(args, "items"),
               .support = (uint32_t)gx_arg_int(args, "support"),
               .prior = gx_arg_real(args, "prior")};
    gx_status status;
    GX_TRY(count_overall(&overall, &a, job, err));
    t.overall = overall;
    GX_TRY(gx_job_alloc(job, &t.room, (size_t)all->count + 1, sizeof *t.room, err));
    GX_TRY(gx_job_alloc(job, &t.kept_count, all->count, sizeof *t.kept_count, err));
    make_room(&t);
    GX_TRY(gx_job_alloc(job, &t.kept, t.room[all->count], sizeof *t.kept, err));
    GX_TRY(profile_all(&t, job, err));
    GX_TRY(give_entries(out, &t, names, err));
done:
    gx_job_free(job, t.kept);
    gx_job_free(job, t.kept_count);
    gx_job_free(job, t.room);
    gx_job_free(job, overall);
    return status;
}

/* ---- the pass ------------------------------------------------------------------------------ */

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    circles all = {0};
    gx_status status;
    gx_job_stage(job, "circle", 0);
    GX_TRY(circles_init(&all, input, job, err));
    GX_TRY(give_shape(out, &all, input->undirected, job, err));
    acts items = {input->matrix, NULL, input->items};
    GX_TRY(give_taste(out, &all, items, args, item_names, job, err));
    acts categories = {input->matrix, input->category, input->category->count};
    GX_TRY(give_taste(out, &all, categories, args, category_names, job, err));
done:
    circles_finish(&all, job);
    return status;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    const uint64_t support = (uint64_t)gx_arg_int(args, "support");
    const uint64_t n = input->users, m = input->undirected ? input->undirected->m : 0;
    const uint64_t nnz = input->matrix ? input->matrix->nnz : 0;
    out->mem_bytes = 24 * n + 28 * nnz + 12 * (uint64_t)input->items * (uint64_t)(threads + 1);
    out->kept_bytes = 16 * (nnz / (support > 0 ? support : 1)); /* at the most: of items alone */
    out->cpu_s = 1e-8 * (double)m + 6e-8 * (double)nnz;
}

static gx_status check_entries(const gx_arrays *result, const char *instance,
                               const char *const names[5], const uint32_t *size, uint64_t circles_,
                               uint32_t kinds, gx_error *err) {
    const uint64_t *ptr = gx_result_get(result, instance, names[0], GX_U64, circles_ + 1);
    const uint64_t entries = ptr ? ptr[circles_] : 0;
    const uint32_t *kind = gx_result_get(result, instance, names[1], GX_U32, entries);
    const uint32_t *count = gx_result_get(result, instance, names[2], GX_U32, entries);
    const float *lift = gx_result_get(result, instance, names[3], GX_F32, entries);
    const uint32_t *everywhere = gx_result_get(result, instance, names[4], GX_U32, entries);
    if (!ptr || !kind || !count || !lift || !everywhere) {
        return gx_fail(err, GX_INTERNAL, "%s.%s does not fit %llu circles", instance, names[0],
                       (unsigned long long)circles_);
    }
    for (uint64_t c = 0; c < circles_; c++) {
        for (uint64_t i = ptr[c]; i < ptr[c + 1]; i++) {
            if (kind[i] >= kinds || count[i] > size[c] || count[i] > everywhere[i] ||
                !(lift[i] > 0.0f)) {
                return gx_fail(err, GX_INTERNAL,
                               "%s.%s of circle %llu: %u with %u of %u members, lift %g", instance,
                               names[1], (unsigned long long)c, kind[i], count[i], size[c],
                               (double)lift[i]);
            }
        }
    }
    return GX_OK;
}

static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)args;
    const gx_array *sizes = gx_result_find(result, instance, "size");
    const uint32_t *size = gx_result_get(result, instance, "size", GX_U32, 0);
    const uint32_t count = size ? (uint32_t)sizes->shape[0] : 0;
    uint64_t members = 0;
    for (uint32_t c = 0; c < count; c++) {
        members += size[c];
    }
    const double *density = gx_result_get(result, instance, "density", GX_F64, count);
    const double *conductance = gx_result_get(result, instance, "conductance", GX_F64, count);
    if (!size || !density || !conductance || members != input->users) {
        return gx_fail(err, GX_INTERNAL, "circles do not hold each of %u members once",
                       input->users);
    }
    for (uint32_t c = 0; c < count; c++) {
        if (!(density[c] >= 0.0 && density[c] <= 1.0 && conductance[c] >= 0.0 &&
              conductance[c] <= 1.0)) {
            return gx_fail(err, GX_INTERNAL, "circle %u has density %g and conductance %g", c,
                           density[c], conductance[c]);
        }
    }
    gx_status status = check_entries(result, instance, item_names, size, count, input->items, err);
    return status == GX_OK ? check_entries(result, instance, category_names, size, count,
                                           input->category->count, err)
                           : status;
}

static const char *const arrays[] = {"leiden.community", NULL};

const gx_pass gx_pass_circle = {
    .name = "circle",
    .kind = GX_KIND_PROFILE,
    .summary = "what each circle is like: size, density, and the items and categories it favours",
    .paper = "lift with a beta prior: Gelman et al., Bayesian Data Analysis (2013), 2.4; "
             "conductance: Kannan, Vempala, Vetta (2004)",
    .complexity = "time O(n + m + nnz log items); memory 24 n + 28 nnz bytes",
    .needs = GX_NEED_UNDIRECTED | GX_NEED_MATRIX | GX_NEED_CATEGORY,
    .arrays = arrays,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .item_arrays = (const char *const[]){"item", NULL},
    .category_arrays = (const char *const[]){"category", NULL},
    .params = params,
    .param_count = GX_COUNT(params),
    .label_dependent = true,
    .estimate = estimate,
    .run = run,
    .check = check,
};
