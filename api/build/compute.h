/* One pass on demand, with what it needs before it: what long methods stand on. */
#ifndef GX_API_COMPUTE_H
#define GX_API_COMPUTE_H

#include "api/db.h"
#include "api/passes.h"
#include "api/views.h"

/* Runs one pass (with what it needs before it) over the live store; its arrays are "INSTANCE.…",
 * and what the snapshot served holds is its `before`. The caller drops `out` (gx_arrays_drop),
 * where the names of categories lie beside what a pass gave that needs them (gx_categories_add). */
GX_MUST_CHECK gx_status gx_compute(gx_arrays **out, gx_db *db, const gx_pass *pass,
                                   const char *instance, const gx_value *params,
                                   const gx_view_spec *spec, gx_job *job, gx_error *err);

/* The first id that no snapshot newer than `before` gave a circle: after a rollback they are not on
 * the way, and yet somebody may have read of a circle in one of them. Damaged ones are left out. */
GX_MUST_CHECK gx_status gx_ids_given(uint32_t *out, gx_db *db, const gx_snapshot *before,
                                     gx_job *job, gx_error *err);

#endif
