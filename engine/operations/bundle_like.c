/* Substitutes: items that stand in for one another.
 *
 * Two items are alike where the same things go with them. The profile of an item is what goes with
 * it and what it goes with, each by the logarithm of the lift; likeness is the cosine of two
 * profiles. A substitute is alike by `likeness` or more and is not bought by the same members more
 * often than chance has it: G² of the two over the members who bought anything stays below
 * `evidence`, and neither goes with the other.
 *
 * O(Σ over kept entries of the row they meet); what goes with more than COMMON items tells no two
 * apart and is passed over. An item is one thread's: the same bytes at any thread count. */
#include "engine/operations/bundle.h"

#include "engine/kernel/parallel.h"

#include <math.h>

enum { COMMON = 2000 };

typedef struct likes {
    const gx__purchases *p;
    const gx__complements *rows;
    uint64_t *in_ptr; /* items + 1: what each item goes with */
    uint32_t *in_item;
    float *in_weight, *weight; /* logarithms of lift: of in_item, of rows->item */
    double *norm;
    double least, evidence;
    uint32_t keep;
    gx__kept kept;
} likes;

typedef struct sums {
    double *dot; /* items, 0 between rows */
    uint32_t *touched, count;
    uint8_t *barred; /* items: goes with the one at hand, either way */
} sums;

static bool is_common(const likes *l, uint32_t item) {
    return l->in_ptr[item + 1] - l->in_ptr[item] > COMMON;
}

static gx_status transpose(likes *l, gx_job *job, gx_error *err) {
    const uint32_t items = l->p->items;
    const gx__complements *rows = l->rows;
    const uint64_t entries = rows->ptr[items];
    gx_status status;
    GX_TRY(gx_job_alloc(job, &l->in_ptr, (size_t)items + 1, sizeof *l->in_ptr, err));
    GX_TRY(gx_job_alloc(job, &l->in_item, entries, sizeof *l->in_item, err));
    GX_TRY(gx_job_alloc(job, &l->in_weight, entries, sizeof *l->in_weight, err));
    GX_TRY(gx_job_alloc(job, &l->weight, entries, sizeof *l->weight, err));
    for (uint64_t k = 0; k < entries; k++) {
        l->weight[k] = (float)log((double)rows->lift[k]);
        l->in_ptr[rows->item[k] + 1]++;
    }
    for (uint32_t i = 0; i < items; i++) {
        l->in_ptr[i + 1] += l->in_ptr[i];
    }
    for (uint32_t i = 0; i < items; i++) {
        for (uint64_t k = rows->ptr[i]; k < rows->ptr[i + 1]; k++) {
            const uint64_t at = l->in_ptr[rows->item[k]]++;
            l->in_item[at] = i;
            l->in_weight[at] = l->weight[k];
        }
    }
    for (uint32_t i = items; i > 0; i--) {
        l->in_ptr[i] = l->in_ptr[i - 1];
    }
    l->in_ptr[0] = 0;
done:
    return status;
}

static double norm_of(const likes *l, uint32_t item) {
    double sum = 0;
    for (uint64_t k = l->rows->ptr[item]; k < l->rows->ptr[item + 1]; k++) {
        sum += is_common(l, l->rows->item[k]) ? 0 : (double)l->weight[k] * (double)l->weight[k];
    }
    for (uint64_t k = l->in_ptr[item]; k < l->in_ptr[item + 1]; k++) {
        sum += (double)l->in_weight[k] * (double)l->in_weight[k];
    }
    return sqrt(sum);
}

static void meet(sums *own, uint32_t other, double weight) {
    if (own->dot[other] == 0) {
        own->touched[own->count++] = other;
    }
    own->dot[other] += weight;
}

static void add_dots(sums *own, const likes *l, uint32_t item) {
    const gx__complements *rows = l->rows;
    for (uint64_t k = rows->ptr[item]; k < rows->ptr[item + 1]; k++) {
        const uint32_t c = rows->item[k];
        for (uint64_t j = l->in_ptr[c]; !is_common(l, c) && j < l->in_ptr[c + 1]; j++) {
            meet(own, l->in_item[j], (double)l->weight[k] * (double)l->in_weight[j]);
        }
    }
    for (uint64_t k = l->in_ptr[item]; k < l->in_ptr[item + 1]; k++) {
        const uint32_t c = l->in_item[k];
        for (uint64_t j = rows->ptr[c]; j < rows->ptr[c + 1]; j++) {
            meet(own, rows->item[j], (double)l->in_weight[k] * (double)l->weight[j]);
        }
    }
}

static void bar(sums *own, const likes *l, uint32_t item, uint8_t barred) {
    own->barred[item] = barred;
    for (uint64_t k = l->rows->ptr[item]; k < l->rows->ptr[item + 1]; k++) {
        own->barred[l->rows->item[k]] = barred;
    }
    for (uint64_t k = l->in_ptr[item]; k < l->in_ptr[item + 1]; k++) {
        own->barred[l->in_item[k]] = barred;
    }
}

/* Whether more members bought both than chance has it. */
static bool is_bought_together(const likes *l, uint32_t a, uint32_t b) {
    const gx__purchases *p = l->p;
    uint64_t i = p->ptr[a], k = p->ptr[b];
    double both = 0, first = (double)(p->ptr[a + 1] - i), second = (double)(p->ptr[b + 1] - k);
    while (i < p->ptr[a + 1] && k < p->ptr[b + 1]) {
        const uint32_t u = p->place[i].user, v = p->place[k].user;
        both += u == v;
        i += u <= v;
        k += v <= u;
    }
    return both * p->buyers > first * second &&
           gx__bundle_evidence(both, first, second, p->buyers) >= l->evidence;
}

static void make_row(likes *l, sums *own, uint32_t item) {
    own->count = 0;
    add_dots(own, l, item);
    bar(own, l, item, 1);
    const uint64_t room = l->kept.room[item];
    gx__top top = {.entry = l->kept.entry + room,
                   .capacity = (uint32_t)(l->kept.room[item + 1] - room)};
    for (uint32_t i = 0; i < own->count; i++) {
        const uint32_t other = own->touched[i];
        const double norms = l->norm[item] * l->norm[other];
        const double cosine = norms > 0 ? own->dot[other] / norms : 0;
        own->dot[other] = 0;
        if (!own->barred[other] && cosine >= l->least && !is_bought_together(l, item, other)) {
            gx__top_offer(&top, cosine < 1 ? cosine : 1, other, 0);
        }
    }
    bar(own, l, item, 0);
    gx__top_sort(&top);
    l->kept.count[item] = top.count;
}

static void sums_finish(sums *own, gx_job *job) {
    gx_job_free(job, own->dot);
    gx_job_free(job, own->touched);
    gx_job_free(job, own->barred);
}

static gx_status sums_init(sums *own, uint32_t items, gx_job *job, gx_error *err) {
    gx_status status;
    GX_TRY(gx_job_alloc(job, &own->dot, items, sizeof *own->dot, err));
    GX_TRY(gx_job_alloc(job, &own->touched, items, sizeof *own->touched, err));
    GX_TRY(gx_job_alloc(job, &own->barred, items, sizeof *own->barred, err));
done:
    return status;
}

static gx_status make_rows(likes *l, gx_job *job, gx_error *err) {
    const uint32_t items = l->p->items;
    sums *all = NULL;
    gx_status status;
    gx_job_stage(job, "bundle: substitutes", items);
    GX_TRY(gx_job_alloc(job, &all, (size_t)job->threads, sizeof *all, err));
    for (int i = 0; i < job->threads; i++) {
        GX_TRY(sums_init(&all[i], items, job, err));
    }
#pragma omp parallel for num_threads(job->threads) schedule(dynamic, 16)
    for (uint32_t i = 0; i < items; i++) {
        if (!gx_job_should_stop(job)) {
            make_row(l, &all[gx_thread()], i);
        }
    }
    status = gx_job_check(job, err);
done:
    for (int i = 0; all && i < job->threads; i++) {
        sums_finish(&all[i], job);
    }
    gx_job_free(job, all);
    return status;
}

static gx_status make_room(likes *l, gx_job *job, gx_error *err) {
    const uint32_t items = l->p->items;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &l->norm, items, sizeof *l->norm, err));
    GX_TRY(gx_job_alloc(job, &l->kept.room, (size_t)items + 1, sizeof *l->kept.room, err));
    GX_TRY(gx_job_alloc(job, &l->kept.count, items, sizeof *l->kept.count, err));
    for (uint32_t i = 0; i < items; i++) {
        l->norm[i] = norm_of(l, i);
        const uint32_t most = l->keep < items ? l->keep : items;
        l->kept.room[i + 1] = l->kept.room[i] + (l->norm[i] > 0 ? most : 0);
    }
    GX_TRY(gx_job_alloc(job, &l->kept.entry, l->kept.room[items], sizeof *l->kept.entry, err));
done:
    return status;
}

static gx_status give(gx_output *out, const likes *l, gx_error *err) {
    gx_status status;
    const uint32_t items = l->p->items;
    uint64_t *ptr;
    uint32_t *item;
    float *like;
    GX_TRY(gx_output_add(&ptr, out, "like_ptr", GX_U64, (uint64_t)items + 1, 0, err));
    for (uint32_t i = 0; i < items; i++) {
        ptr[i + 1] = ptr[i] + l->kept.count[i];
    }
    GX_TRY(gx_output_add(&item, out, "like_item", GX_U32, ptr[items], 0, err));
    GX_TRY(gx_output_add(&like, out, "like", GX_F32, ptr[items], 0, err));
    for (uint32_t i = 0; i < items; i++) {
        for (uint32_t k = 0; k < l->kept.count[i]; k++) {
            item[ptr[i] + k] = l->kept.entry[l->kept.room[i] + k].id;
            like[ptr[i] + k] = (float)l->kept.entry[l->kept.room[i] + k].score;
        }
    }
done:
    return status;
}

gx_status gx__bundle_likes(gx_output *out, const gx__purchases *p, const gx__complements *rows,
                           const gx_args *args, gx_job *job, gx_error *err) {
    likes l = {.p = p,
               .rows = rows,
               .least = gx_arg_real(args, "likeness"),
               .evidence = gx_arg_real(args, "evidence"),
               .keep = (uint32_t)gx_arg_int(args, "likes")};
    gx_status status;
    GX_TRY(transpose(&l, job, err));
    GX_TRY(make_room(&l, job, err));
    GX_TRY(make_rows(&l, job, err));
    GX_TRY(give(out, &l, err));
done:
    gx_job_free(job, l.in_ptr);
    gx_job_free(job, l.in_item);
    gx_job_free(job, l.in_weight);
    gx_job_free(job, l.weight);
    gx_job_free(job, l.norm);
    gx_job_free(job, l.kept.room);
    gx_job_free(job, l.kept.count);
    gx_job_free(job, l.kept.entry);
    return status;
}
