/* Triplets to compressed sparse rows: the one sort behind graphs, transposes and matrices. Internal to
 * the csr room. */
#ifndef GX_CSR_ROWS_H
#define GX_CSR_ROWS_H

#include "graph/base/job.h"

/* What is sorted: `row` given as an array, or, where it is NULL, the columns of rows already compressed
 * (`ptr`), which are thereby transposed. */
typedef struct gx__triplets {
    uint32_t rows, cols; /* of the result */
    uint64_t count;
    const uint32_t *row; /* NULL: take rows from `ptr` and swap the two */
    const uint32_t *col;
    const float *value;  /* NULL: all 1 */
    const int64_t *ts;   /* NULL: none */
    const uint64_t *ptr; /* of the rows to transpose, `cols` + 1 */
    bool drop_diagonal;
    bool count_repeats; /* a repeated place without values gets its number of times as value */
} gx__triplets;

/* Rows sorted by column, each place once: values summed, latest time kept. */
typedef struct gx__rows {
    uint32_t rows;
    uint64_t count;
    uint64_t *ptr; /* rows + 1 */
    uint32_t *col;
    float *value; /* NULL: all 1 */
    int64_t *ts;  /* NULL where none was given */
} gx__rows;

/* The triplets are known to be good: rows and columns in range, values finite. The result is the same
 * for the same multiset of triplets. Its memory is no longer on the job's account when it returns. */
GX_MUST_CHECK gx_status gx__rows_build(gx__rows *out, const gx__triplets *in, gx_job *job,
                                       gx_error *err);
void gx__rows_finish(gx__rows *rows);
/* Bytes held at the peak of a build, results included. */
uint64_t gx__rows_bytes(const gx__rows *rows);

/* `workers` calls of work(user, worker) at once; returns when all have. */
void gx__rows_parallel(int workers, void (*work)(void *user, int worker), void *user);
/* An uncleared block on the job's account; gx_job_free gives it back. */
GX_MUST_CHECK gx_status gx__rows_take(gx_job *job, void *out_pointer, uint64_t count, size_t size,
                                      gx_error *err);

#endif
