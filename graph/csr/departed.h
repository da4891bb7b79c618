/* Who has left the shop, by the records of members. */
#ifndef GX_CSR_DEPARTED_H
#define GX_CSR_DEPARTED_H

#include "graph/base/job.h"
#include "graph/store/store.h"

/* Whether the member has gone: a `status` that says so, in any case of letters, or a `left_at` that
 * is past; of a record. */
bool gx_is_departed(const gx_value *record, int64_t now_ms);
/* The time of its `left_at`; false: there is none that can be read. */
bool gx_left_at(int64_t *out_ms, const gx_value *record);
/* Of one member: by to_ms, 0: by now, as in gx_view_departed. The record is read into `scratch`. */
GX_MUST_CHECK gx_status gx_user_departed(bool *out, gx_txn *txn, gx_arena *scratch, uint32_t user,
                                         int64_t to_ms, gx_error *err);
/* 1 in `mark` (n) for members who have gone; others stay as they are. Reads every record there is.
 */
GX_MUST_CHECK gx_status gx_departed_mark(uint8_t *mark, uint32_t n, gx_txn *txn, gx_job *job,
                                         gx_error *err);

#endif
