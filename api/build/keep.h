/* A run of a pass whose arrays are kept in the snapshot, under a name of its own: what `write` of
 * graph.run does. They are served (graph.centrality NAME) until the next build, which makes a
 * snapshot of its own passes only. */
#ifndef GX_API_KEEP_H
#define GX_API_KEEP_H

#include "api/support.h"

/* Before anything is computed. bad_request: not a name; conflict: the name of another pass, of
 * what builds keep, or of what exports write besides, or there is no snapshot yet; forbidden: the
 * store was opened read-only. */
GX_MUST_CHECK gx_status gx_keep_check(gx_slice name, const gx_db *db, const gx_state *state,
                                      const gx_pass *pass, gx_error *err);
/* Whether exports call something else by this name: a position, an id, a column of ties. */
bool gx_keep_is_reserved(const char *name);
/* Publishes a snapshot of what is served now and the arrays "INSTANCE.…" of `results`, replacing
 * those of that name. Holds a copy of the snapshot while it runs. */
GX_MUST_CHECK gx_status gx_keep(uint32_t *out_number, gx_db *db, const gx_arrays *results,
                                const char *instance, const gx_pass *pass, const gx_value *params,
                                gx_job *job, gx_error *err);
/* The pass whose run is kept in the snapshot under this name; NULL: there is none. */
const gx_pass *gx_kept_pass(const gx_state *state, const char *instance, gx_arena *arena);
/* The array "NAME.SUFFIX" of the snapshot, of a pass or of a run that is kept: only where the call
 * asks for nothing that differs from how it was made (`params`, `fresh`, a view); else NULL. */
const gx_array *gx_kept_array(const gx_call_env *call, const char *name, const char *suffix,
                              const gx_view_spec *spec);
/* The parameters that the arrays "INSTANCE.…" of the snapshot were made with, by a run that is kept
 * or by the build; nil: by no other than the defaults. */
gx_value gx_made_with(const gx_state *state, const char *instance, gx_arena *arena);

/* What to say of a name of which there is no result and no pass of that kind. bad_request: a kept
 * result has it, and what was asked is not how it was made; else not_found, which lists passes and
 * what is kept. */
GX_MUST_CHECK gx_status gx_result_missing(gx_slice name, gx_kind kind, const gx_call_env *call,
                                          gx_error *err);

#endif
