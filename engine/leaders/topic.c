/* Leaders of a topic: by_category.c with one category, the items that are wanted. Standing among
 * people is that of the pass; the credit is counted anew over the whole matrix, since what of it is
 * beyond chance is a matter of all acts of a member. */
#include "engine/leaders/topic.h"

#include "engine/leaders/measures.h"

#include <math.h>

/* Members with any act on the items that weighs something. */
static uint32_t count_acted(const gx_matrix *matrix, const uint8_t *wanted) {
    uint32_t acted = 0;
    for (uint32_t u = 0; u < matrix->rows; u++) {
        bool acts = false;
        for (uint64_t i = matrix->ptr[u]; i < matrix->ptr[u + 1] && !acts; i++) {
            acts = wanted[matrix->col[i]] && gx__leaders_act(matrix, i) > 0.0;
        }
        acted += acts;
    }
    return acted;
}

static gx_status rank_members(gx_topic_leaders *out, const gx_input *input, const double *structure,
                              const uint64_t *credit, gx_job *job, gx_error *err) {
    gx_output made = {.instance = "topic", .job = job};
    gx_status status;
    GX_TRY(gx_arrays_create(&out->arrays, err));
    made.arrays = out->arrays;
    GX_TRY(gx__leaders_by_category(&made, input, structure, credit, input->users, job, err));
    out->count = (uint32_t)gx_arrays_rows(out->arrays, "topic.category_user");
    out->user = gx_arrays_get(out->arrays, "topic.category_user", GX_U32, 0);
    out->score = gx_arrays_get(out->arrays, "topic.category_score", GX_F32, 0);
done:
    return status;
}

gx_status gx_leaders_of_topic(gx_topic_leaders *out, const gx_input *input, const uint8_t *wanted,
                              const gx_leader_scores *scores, gx_job *job, gx_error *err) {
    const gx_matrix *matrix = input->matrix;
    const gx_matrix *first = input->first;
    const gx__leaders_after after = {
        .window_ms = scores->window_ms, .since_ms = INT64_MIN, .until_ms = INT64_MAX};
    gx_labels topic = {.n = input->items, .count = 1};
    gx_input own = *input;
    gx_graph here = {0};
    double *structure = NULL;
    uint64_t *credit = NULL;
    gx_status status = GX_OK;
    *out = (gx_topic_leaders){.job = job};
    gx_job_stage(job, "leaders of a topic", 0);
    GX_TRY(gx__leaders_here(&here, input, job, err));
    own.graph = input->departed ? &here : input->graph;
    GX_TRY(gx_job_alloc(job, &topic.label, input->items, sizeof *topic.label, err));
    GX_TRY(gx_job_alloc(job, &structure, input->users, sizeof *structure, err));
    GX_TRY(gx_job_alloc(job, &credit, matrix->nnz, sizeof *credit, err));
    for (uint32_t i = 0; i < input->items; i++) {
        topic.label[i] = wanted[i] ? 0 : GX_NONE;
    }
    for (uint32_t v = 0; v < input->users && v < scores->count; v++) {
        structure[v] = sqrt(scores->score[v] / 100.0);
    }
    own.category = &topic;
    out->acted = count_acted(matrix, wanted);
    GX_TRY(gx__leaders_credit(credit, NULL, own.graph, matrix,
                              first && first->nnz == matrix->nnz ? first->ts : matrix->ts, &after,
                              job, err));
    GX_TRY(rank_members(out, &own, structure, credit, job, err));
done:
    gx_job_free(job, credit);
    gx_job_free(job, structure);
    gx_job_free(job, topic.label);
    gx__leaders_leave(&here, job);
    return status;
}

void gx_leaders_of_topic_estimate(gx_estimate *out, const gx_input *input) {
    static const double member_s = 2e-7;
    *out = (gx_estimate){
        .mem_bytes = 20 * input->matrix->nnz + 12 * (uint64_t)input->items +
                     32 * (uint64_t)input->users + (input->departed ? 24 * input->graph->m : 0),
        .cpu_s = gx__leaders_credit_seconds(input->graph, input->matrix, input->items) +
                 member_s * (double)input->users};
}

void gx_topic_leaders_finish(gx_topic_leaders *leaders) {
    gx_arrays_drop(leaders->arrays, leaders->job);
    *leaders = (gx_topic_leaders){0};
}
