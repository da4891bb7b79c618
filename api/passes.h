/* The tables of engine and models as one, and what doors say of a pass. */
#ifndef GX_API_PASSES_H
#define GX_API_PASSES_H

#include "graph/pass/pass.h"
#include "graph/store/store.h"

/* Every pass there is, of engine and models, as the plan takes them. */
extern const size_t gx_pass_tables_count;
const gx_pass_table *const *gx_pass_tables(void);
/* One after the other, those of the engine first; NULL: no more. */
const gx_pass *gx_any_pass_at(size_t i);
const gx_pass *gx_any_pass_find(const char *name); /* NULL: none */
/* A parameter of that name of any pass: what type the flag has. NULL: no pass has one. */
const gx_param *gx_any_pass_param(const char *name);
/* not_found: names a near one, and what there is of that kind (GX_KIND_COUNT: of any). */
GX_MUST_CHECK gx_status gx_any_pass_missing(gx_slice name, gx_kind kind, gx_error *err);

/* A pass's parameters with internal numbers where members' ids were given (GX_PARAM_MEMBERS);
 * `params` itself, which may be NULL, where there are none. One text is split at commas. not_found
 * names the member. Made in the arena. */
GX_MUST_CHECK gx_status gx_params_resolve(const gx_value **out, gx_arena *arena, gx_store *store,
                                          const gx_pass *pass, const gx_value *params,
                                          gx_error *err);

#endif
