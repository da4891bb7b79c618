/* Leaders of each category of items (R22). Somebody leads in a category who knows it, is followed
 * into it, and stands well among people:
 *
 *   score = 100 · standing · mean(own / (own + usual), credit / (credit + usual))
 *
 * own is the weight of their acts on items of the category, credit that of their followers' later
 * acts on the same items, usual the mean over members who have any. Where no credit is known in a
 * category, own alone counts. Two walks over the matrix: O(nnz log keep) time; memory 16 bytes an
 * entry kept, 76 a category. */
#include "engine/kernel/top.h"
#include "engine/leaders/measures.h"

enum { MEMBERS_A_LOOK = 1024 };

typedef struct standing {
    double own, credit;
} standing;

/* One member's standing in the categories they acted in, dense; `touched` lists those. */
typedef struct member_view {
    standing *in;
    uint32_t *touched, count;
} member_view;

typedef struct ranking {
    const gx_input *input;
    const double *structure;
    const uint64_t *credit;
    uint32_t keep;
    member_view view;
    standing *usual;  /* per category */
    standing *counts; /* per category: members who have any */
    uint64_t *room;   /* per category: where its entries start, categories + 1 */
    gx__top_entry *entry;
    gx__top *top; /* per category */
} ranking;

static void view_member(ranking *r, uint32_t v) {
    const gx_matrix *matrix = r->input->matrix;
    member_view *view = &r->view;
    for (uint64_t i = matrix->ptr[v]; i < matrix->ptr[v + 1]; i++) {
        uint32_t category = r->input->category->label[matrix->col[i]];
        double act = gx__leaders_act(matrix, i);
        if (category == GX_NONE || act <= 0.0) {
            continue;
        }
        standing *in = &view->in[category];
        if (in->own <= 0.0) {
            view->touched[view->count++] = category;
        }
        in->own += act;
        in->credit += (double)r->credit[i] / GX_CREDIT_ONE;
    }
}

static void forget_member(ranking *r) {
    for (uint32_t i = 0; i < r->view.count; i++) {
        r->view.in[r->view.touched[i]] = (standing){0};
    }
    r->view.count = 0;
}

/* Means over those who have any, and room for those who may be listed. */
static gx_status find_usual(ranking *r, gx_job *job, gx_error *err) {
    for (uint32_t v = 0; v < r->input->users; v++) {
        if (v % MEMBERS_A_LOOK == 0 && gx_job_should_stop(job)) {
            break;
        }
        view_member(r, v);
        for (uint32_t i = 0; i < r->view.count; i++) {
            uint32_t c = r->view.touched[i];
            const standing *in = &r->view.in[c];
            r->usual[c].own += in->own;
            r->usual[c].credit += in->credit;
            r->counts[c].own += 1.0;
            r->counts[c].credit += in->credit > 0.0;
        }
        forget_member(r);
    }
    for (uint32_t c = 0; c < r->input->category->count; c++) {
        uint64_t members = (uint64_t)r->counts[c].own;
        r->room[c + 1] = r->room[c] + (members < r->keep ? members : r->keep);
        if (members > 0) {
            r->usual[c].own /= r->counts[c].own;
        }
        if (r->counts[c].credit > 0.0) {
            r->usual[c].credit /= r->counts[c].credit;
        }
    }
    return gx_job_check(job, err);
}

static double authority(const standing *in, const standing *usual) {
    double own = in->own / (in->own + usual->own);
    if (usual->credit <= 0.0) {
        return own;
    }
    return (own + in->credit / (in->credit + usual->credit)) / 2.0;
}

static gx_status rank_members(ranking *r, gx_job *job, gx_error *err) {
    for (uint32_t c = 0; c < r->input->category->count; c++) {
        r->top[c].entry = r->entry + r->room[c];
        r->top[c].capacity = (uint32_t)(r->room[c + 1] - r->room[c]);
    }
    for (uint32_t v = 0; v < r->input->users; v++) {
        if (v % MEMBERS_A_LOOK == 0 && gx_job_should_stop(job)) {
            break;
        }
        if (r->structure[v] <= 0.0) {
            continue;
        }
        view_member(r, v);
        for (uint32_t i = 0; i < r->view.count; i++) {
            uint32_t c = r->view.touched[i];
            double score = 100.0 * r->structure[v] * authority(&r->view.in[c], &r->usual[c]);
            gx__top_offer(&r->top[c], score, v, 0);
        }
        forget_member(r);
    }
    return gx_job_check(job, err);
}

static gx_status give_ranking(gx_output *out, ranking *r, gx_error *err) {
    const uint32_t categories = r->input->category->count;
    uint64_t *ptr;
    uint32_t *user;
    float *score;
    gx_status status;
    GX_TRY(gx_output_add(&ptr, out, "category_ptr", GX_U64, (uint64_t)categories + 1, 0, err));
    for (uint32_t c = 0; c < categories; c++) {
        ptr[c + 1] = ptr[c] + r->top[c].count;
    }
    GX_TRY(gx_output_add(&user, out, "category_user", GX_U32, ptr[categories], 0, err));
    GX_TRY(gx_output_add(&score, out, "category_score", GX_F32, ptr[categories], 0, err));
    for (uint32_t c = 0; c < categories; c++) {
        gx__top_sort(&r->top[c]);
        for (uint32_t i = 0; i < r->top[c].count; i++) {
            user[ptr[c] + i] = r->top[c].entry[i].id;
            score[ptr[c] + i] = (float)r->top[c].entry[i].score;
        }
    }
done:
    return status;
}

gx_status gx__leaders_by_category(gx_output *out, const gx_input *input, const double *structure,
                                  const uint64_t *credit, uint32_t keep, gx_job *job,
                                  gx_error *err) {
    const size_t categories = input->category->count;
    ranking r = {.input = input, .structure = structure, .credit = credit, .keep = keep};
    gx_status status;
    GX_TRY(gx_job_alloc(job, &r.view.in, categories, sizeof *r.view.in, err));
    GX_TRY(gx_job_alloc(job, &r.view.touched, categories, sizeof *r.view.touched, err));
    GX_TRY(gx_job_alloc(job, &r.usual, categories, sizeof *r.usual, err));
    GX_TRY(gx_job_alloc(job, &r.counts, categories, sizeof *r.counts, err));
    GX_TRY(gx_job_alloc(job, &r.room, categories + 1, sizeof *r.room, err));
    GX_TRY(gx_job_alloc(job, &r.top, categories, sizeof *r.top, err));
    GX_TRY(find_usual(&r, job, err));
    GX_TRY(gx_job_alloc(job, &r.entry, r.room[categories], sizeof *r.entry, err));
    GX_TRY(rank_members(&r, job, err));
    GX_TRY(give_ranking(out, &r, err));
done:
    gx_job_free(job, r.entry);
    gx_job_free(job, r.top);
    gx_job_free(job, r.room);
    gx_job_free(job, r.counts);
    gx_job_free(job, r.usual);
    gx_job_free(job, r.view.touched);
    gx_job_free(job, r.view.in);
    return status;
}
