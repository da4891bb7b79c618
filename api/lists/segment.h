/* Some of the members: a group of the store, a circle of the snapshot, or those whose fields pass
 * an expression. */
#ifndef GX_API_SEGMENT_H
#define GX_API_SEGMENT_H

#include "api/support.h"
#include "models/rec/where.h"

/* clang-format off */
#define GX_SEGMENT_PARAM                                                                           \
    {"segment", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,                            \
     "only these members: a group, a circle like c-17, or an expression over members' fields, like: region = \"north\" and not tags = \"staff\""}
/* clang-format on */

typedef struct gx_segment {
    bool given, by_circle;
    uint32_t group, circle;    /* GX_NONE: not by one */
    const uint32_t *community; /* by circle: of the first `users` members */
    uint32_t users;
    const gx_where *where; /* NULL: not by fields */
    bool by_id;            /* that speaks of user_id */
} gx_segment;

/* Of the argument `segment`. not_found: no such circle, a field that no member has, or, of an
 * expression that nobody passes, a text that nobody has: with those there are (known.h).
 * bad_request: neither a group nor a circle nor an expression. O(members) where a text is nobody's,
 * else what it takes to find one who has it. */
GX_MUST_CHECK gx_status gx_segment_read(gx_segment *out, gx_call_env *call, gx_error *err);
/* The same of another argument. */
GX_MUST_CHECK gx_status gx_segment_read_from(gx_segment *out, gx_call_env *call,
                                             const char *argument, gx_error *err);
/* Of a text that the argument holds. */
GX_MUST_CHECK gx_status gx_segment_read_text(gx_segment *out, gx_call_env *call,
                                             const char *argument, gx_slice text, gx_error *err);

/* Members by a text of theirs, of that name or, as import keeps columns it does not know, attr_ and
 * that name; count 0: nobody has it. gx_labels_finish in any case. */
GX_MUST_CHECK gx_status gx_segment_labels(gx_labels *out, gx_call_env *call, gx_slice field,
                                          gx_error *err);

/* One thread's own, for expressions: records as columns, a few at a time. */
typedef struct gx_segment_row {
    gx_columns *columns;
    gx_arena *arena; /* of one member at a time */
    uint32_t used;
} gx_segment_row;

void gx_segment_row_finish(gx_segment_row *row); /* safe on zeros */
/* Whether the member is one of them; `record` is the member's. */
GX_MUST_CHECK gx_status gx_segment_has(bool *out, const gx_segment *segment, gx_segment_row *row,
                                       gx_txn *txn, uint32_t user, const gx_value *record,
                                       gx_error *err);

/* mask[u] = 1 for those of the first `count` members who are of what the argument names, else 0. */
GX_MUST_CHECK gx_status gx_segment_mark(uint8_t *mask, uint32_t count, gx_call_env *call,
                                        const char *argument, gx_error *err);

#endif
