/* Which items may be in a list: what every rec method filters by, checked before the n best are
 * chosen, and the reason where an item may not. */
#ifndef GX_API_FILTER_H
#define GX_API_FILTER_H

#include "api/people/member.h"

/* What is an expression over the item alone, the same for all members of a call. */
typedef enum gx_filter_where {
    GX_FILTER_SHOWN, /* not hidden, not sold out */
    GX_FILTER_KIND,
    GX_FILTER_WHERE, /* the caller's */
    GX_FILTER_WHERES
} gx_filter_where;

typedef struct gx_filter {
    const gx_columns *columns;
    uint32_t items;                    /* of the store: the length of every mask */
    gx_where *where[GX_FILTER_WHERES]; /* NULL: everything passes */
    uint32_t *excluded;                /* sorted */
    uint32_t excluded_count;
    int64_t now_ms;                 /* events that ended before it are over */
    gx_moment moment;               /* of the call's context: what its expressions may speak of */
    bool hide_bought, hide_touched; /* by `seen` */
    const char *unheard; /* where `where` passes nothing: of what it looks for and none has; NULL */
    const char *unknown; /* "exclude: …": ids of it that are not in the store; NULL */
    uint8_t *pass;       /* before anything about a member; in the arena */
    uint32_t passing;
} gx_filter;

/* The rows of a method's parameter table that filter items. */
/* clang-format off */
#define GX_FILTER_PARAMS                                                                           \
    {"where", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,                              \
     "expression over item attributes, like: price < 200 and stock > 0"},                          \
    {"exclude", GX_PARAM_LIST, NULL, 0, 65536, NULL, NULL, 0, "never these items"},                \
    {"kind", GX_PARAM_LIST, NULL, 0, 3, NULL, NULL, 0,                                             \
     "only these kinds of items: product, content, event; items without one are products"}
/* What of a member's own items stays out. */
#define GX_SEEN_PARAM                                                                              \
    {"seen", GX_PARAM_CHOICE, "bought", GX_PARAM_UNCHECKED, NULL, "bought|all|none", 0,            \
     "leave out what the member bought or rated, all they touched, or nothing"}
/* clang-format on */

/* The item columns, held for reading until gx_db_items_unlock. */
GX_MUST_CHECK gx_status gx_filter_lock(const gx_columns **out, gx_call_env *call, gx_error *err);

/* Reads the arguments `where`, `exclude` and `kind`, and `seen` where `with_seen`. `columns` is
 * held by the caller as long as the filter is used. Ids of `exclude` that are not in the store
 * exclude nothing, and are told. not_found: `where` compares a field that no item has. */
GX_MUST_CHECK gx_status gx_filter_make(gx_filter *out, gx_call_env *call, const gx_columns *columns,
                                       bool with_seen, gx_error *err);
/* The same as of a past moment: what is hidden or sold out now may have been on sale then, and
 * stays in; events are over that were over by then. */
GX_MUST_CHECK gx_status gx_filter_make_then(gx_filter *out, gx_call_env *call,
                                            const gx_columns *columns, bool with_seen,
                                            int64_t then_ms, gx_error *err);
/* The mask for one member, into mask[items]: what passes less what a rule about the member keeps
 * out (what they sell, blocked, are too young for, have seen or disliked). */
void gx_filter_member(uint8_t *mask, const gx_filter *filter, const gx_member_live *live);
/* Takes out of mask[items] what protects this member or the shop, so what nobody is shown together
 * with them: all of the above but what they have had or seen. `age` false: not by age, where
 * somebody no older was asked before. */
void gx_filter_bar(uint8_t *mask, const gx_filter *filter, const gx_member_live *live, bool age);
/* Why the item is kept out: {rule, test?, en, zh}; nil where it passes. `live` may be NULL. */
gx_value gx_filter_reason(const gx_filter *filter, const gx_member_live *live, uint32_t item,
                          gx_arena *arena);
/* Of such a reason: "the item may not be shown: It is hidden, …", with the part of an expression
 * that the item fails. In the arena. */
const char *gx_filter_not_shown(gx_arena *arena, const gx_value *why_not);
/* Of the items that pass before anything about the member and are not in `mask`, how many each rule
 * keeps out: "; 30 are kept out by blocked_brand, 6 by seen", by the names that gx_filter_reason
 * has; empty where there are none. In the arena. */
const char *gx_filter_say_out(const gx_filter *filter, const gx_member_live *live,
                              const uint8_t *mask, gx_arena *arena);
/* The `short` of an answer: the text, if any, and what `where` looks for that no item has, if so.
 */
gx_value gx_filter_short(gx_arena *arena, const gx_filter *filter, const char *text);
/* Adds to the `notes` of an answer which ids of `exclude` are not in the store, if any. */
void gx_filter_note(gx_value *row, const gx_filter *filter, gx_arena *arena);
/* Whether every rule leaves the item to the member, as they are now. O(own ties + own events). */
GX_MUST_CHECK gx_status gx_filter_leaves(bool *out, const gx_filter *filter, gx_call_env *call,
                                         uint32_t user, uint32_t item, gx_error *err);
/* The shape of a reason, also for what is no filter. `test` may be empty. */
gx_value gx_filter_why(gx_arena *arena, const char *name, gx_slice test, const char *en,
                       const char *zh);

#endif
