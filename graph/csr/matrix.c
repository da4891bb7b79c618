/* Immutable member × item matrices as compressed sparse rows, and labels of nodes. The sort is the
 * one of graphs (rows.c): time O(rows + nnz). */
#include "graph/csr/graph.h"

#include "graph/base/sorted.h"
#include "graph/csr/rows.h"

#include <float.h>

enum { ENTRY_BLOCK = 1 << 16 };

static gx_status matrix_open(gx_matrix *out, const gx__triplets *t, gx_job *job, gx_error *err) {
    gx__rows *rows = gx_alloc0(1, sizeof *rows);
    if (!rows) {
        return gx_fail_memory(err, sizeof *rows);
    }
    gx_status status = gx__rows_build(rows, t, job, err);
    if (status != GX_OK) {
        gx_free(rows);
        return status;
    }
    *out = (gx_matrix){.rows = t->rows,
                       .cols = t->cols,
                       .nnz = rows->count,
                       .ptr = rows->ptr,
                       .col = rows->col,
                       .value = rows->value,
                       .ts = rows->ts,
                       .owner = rows};
    return GX_OK;
}

static gx_status check_entries(uint32_t rows, uint32_t cols, uint64_t nnz, const uint32_t *row,
                               const uint32_t *col, const float *value, gx_job *job,
                               gx_error *err) {
    for (uint64_t i = 0; i < nnz; i++) {
        if (i % ENTRY_BLOCK == 0 && gx_job_should_stop(job)) {
            break;
        }
        if (row[i] >= rows || col[i] >= cols) {
            return gx_fail_at(err, GX_BAD_REQUEST, row[i] < rows ? "col" : "row",
                              "entry %llu: (%u, %u) is outside of %u × %u", (unsigned long long)i,
                              row[i], col[i], rows, cols);
        }
        if (value && !(value[i] >= -FLT_MAX && value[i] <= FLT_MAX)) {
            return gx_fail_at(err, GX_BAD_REQUEST, "value",
                              "entry %llu: value %g; it must be finite", (unsigned long long)i,
                              (double)value[i]);
        }
    }
    return gx_job_check(job, err);
}

gx_status gx_matrix_build(gx_matrix *out, uint32_t rows, uint32_t cols, uint64_t nnz,
                          const uint32_t *row, const uint32_t *col, const float *value,
                          const int64_t *ts, gx_job *job, gx_error *err) {
    gx_status status = check_entries(rows, cols, nnz, row, col, value, job, err);
    if (status != GX_OK) {
        return status;
    }
    /* `row` tells a sort from a transpose, so an empty list must not be NULL. */
    static const uint32_t nothing[1] = {0};
    gx__triplets t = {.rows = rows,
                      .cols = cols,
                      .count = nnz,
                      .row = nnz ? row : nothing,
                      .col = col,
                      .value = value,
                      .ts = nnz ? ts : NULL,
                      .count_repeats = true};
    return matrix_open(out, &t, job, err);
}

gx_status gx_matrix_transpose(gx_matrix *out, const gx_matrix *matrix, gx_job *job, gx_error *err) {
    gx__triplets t = {.rows = matrix->cols,
                      .cols = matrix->rows,
                      .count = matrix->nnz,
                      .col = matrix->col,
                      .value = matrix->value,
                      .ts = matrix->ts,
                      .ptr = matrix->ptr};
    return matrix_open(out, &t, job, err);
}

void gx_matrix_finish(gx_matrix *matrix) {
    gx__rows *rows = matrix->owner;
    *matrix = (gx_matrix){0};
    if (rows) {
        gx__rows_finish(rows);
        gx_free(rows);
    }
}

uint64_t gx_matrix_bytes(const gx_matrix *matrix) {
    return matrix->owner ? gx__rows_bytes(matrix->owner) : 0;
}

uint64_t gx_matrix_find(const gx_matrix *matrix, uint32_t row, uint32_t col) {
    if (row >= matrix->rows) {
        return UINT64_MAX;
    }
    const uint64_t end = matrix->ptr[row + 1];
    const uint64_t at = gx_place_u32(matrix->col, matrix->ptr[row], end, col);
    return at < end && matrix->col[at] == col ? at : UINT64_MAX;
}

gx_slice gx_label_name(const gx_labels *labels, uint32_t label) {
    if (label >= labels->count) {
        return (gx_slice){"", 0};
    }
    uint32_t at = labels->name_at[label];
    return (gx_slice){labels->names + at, labels->name_at[label + 1] - at};
}

void gx_labels_finish(gx_labels *labels) {
    gx_free(labels->label);
    gx_free(labels->name_at);
    gx_free(labels->names);
    *labels = (gx_labels){0};
}
