/* What the put and get methods of the tables share. */
#ifndef GX_API_ROWS_H
#define GX_API_ROWS_H

#include "api/support.h"

/* Writes the list parameter `list` as rows of `kind` ("events", …). All of the call, or nothing. */
GX_MUST_CHECK gx_status gx_rows_put(gx_value *out, gx_call_env *call, const char *list,
                                    const char *kind, gx_error *err);
/* The records named by the list parameter `list`: the id under `key` and its fields, or
 * {key, error} where there is none. */
GX_MUST_CHECK gx_status gx_rows_get(gx_value *out, gx_call_env *call, const char *list,
                                    gx_space space, const char *key, gx_error *err);

#endif
