/* Parameters of models that a store keeps (the setting "models"), as `tune` finds them and the
 * build takes them. */
#ifndef GX_API_TUNED_H
#define GX_API_TUNED_H

#include "api/db.h"

/* {model: {parameter: value}}: names of models and what each accepts. bad_request. */
GX_MUST_CHECK gx_status gx_tuned_check(const gx_value *models, gx_arena *arena, gx_error *err);
/* The setting, or nil. */
GX_MUST_CHECK gx_status gx_tuned_get(gx_value *out, gx_db *db, gx_arena *arena, gx_error *err);
/* `given` ({pass: {parameter: value}} or nil) and beneath it what the store keeps: what is given
 * goes before, parameter by parameter. */
GX_MUST_CHECK gx_status gx_tuned_beneath(gx_value *out, const gx_value *given, gx_db *db,
                                         gx_arena *arena, gx_error *err);
/* A new map: what `over` (NULL, or no map: nothing) has goes before what `under` has. */
gx_value gx_params_over(const gx_value *over, const gx_value *under, gx_arena *arena);
/* Keeps these for one model in place of what was kept for it; none where there are none. */
GX_MUST_CHECK gx_status gx_tuned_put(gx_db *db, const char *model, const gx_value *params,
                                     const char *principal, gx_arena *arena, gx_error *err);

#endif
