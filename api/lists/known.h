/* Names that nothing has are refused, with the names there are: fields and values of items and of
 * members, in conditions and wherever else one is given; a value of items in a condition is noted
 * alone, since it may have been some item's. */
#ifndef GX_API_KNOWN_H
#define GX_API_KNOWN_H

#include "api/support.h"
#include "models/rec/where.h"

/* "a, b, c and 4 more": the first few of the names, those that begin most like `text` before the
 * others; they are put in that order. In the arena. */
const char *gx_known_told(gx_arena *arena, gx_slice *name, uint32_t count, gx_slice text);

/* not_found: `who` ("item", "member") none of which has the field, and fields they have. */
GX_MUST_CHECK gx_status gx_known_no_field(gx_arena *arena, const gx_columns *columns,
                                          const char *argument, const char *who, gx_slice field,
                                          gx_error *err);
/* The same of a text: none has it in the column, which is called `field` outside. */
GX_MUST_CHECK gx_status gx_known_no_text(gx_arena *arena, const gx_columns *columns,
                                         const char *argument, const char *who, const char *column,
                                         gx_slice field, gx_slice text, gx_error *err);

/* not_found: the expression compares a field (gx_where_fields) that no item has. O(tests). */
GX_MUST_CHECK gx_status gx_known_item_fields(gx_arena *arena, const gx_columns *columns,
                                             const char *argument, const gx_where *where,
                                             gx_error *err);
/* *out: of an expression that no item passes, which text (gx_where_texts) it looks for that none
 * has, and those there are: it may be misspelt, or of what was sold out. NULL where all its texts
 * are some item's. In the arena. O(texts of its fields). */
GX_MUST_CHECK gx_status gx_known_item_texts(const char **out, gx_arena *arena,
                                            const gx_columns *columns, const char *argument,
                                            const gx_where *where, gx_error *err);
/* gx_known_item_fields of members. Their records are read until each field was seen: O(members)
 * where one is nobody's. */
GX_MUST_CHECK gx_status gx_known_member_fields(gx_call_env *call, const char *argument,
                                               const gx_where *where, gx_error *err);
/* The same of one field, or that with attr_ before it; bad_request where it is no member's yes or
 * no: what one says in its place is told. */
GX_MUST_CHECK gx_status gx_known_member_answer(gx_call_env *call, const char *argument,
                                               gx_slice field, gx_error *err);
/* not_found: the expression looks for a text (gx_where_texts) that no member has. O(members). */
GX_MUST_CHECK gx_status gx_known_member_texts(gx_call_env *call, const char *argument,
                                              const gx_where *where, gx_error *err);

#endif
