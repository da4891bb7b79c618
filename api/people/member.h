/* What is live about one member, read from the store's transaction: the next list is made from it,
 * whatever the snapshot knew. */
#ifndef GX_API_MEMBER_H
#define GX_API_MEMBER_H

#include "api/people/member_rules.h"

enum {
    GX_MEMBER_FRIENDS = 200, /* the strongest ties whose acts are read */
    GX_MEMBER_ACTS = 50,     /* the newest of each of them */
    GX_MEMBER_TAGS = 16,     /* declared, that are looked up among the items */
    GX_MEMBER_KNOWN = 40     /* who liked so many is known by them: what they declared says < 5% */
};

/* What a member did with one item, as bits. RETURN: what stands against it is a purchase taken
 * back. AGAIN is set by gx_repeat_apply: they had it, and it is time for it again. */
enum { GX_DID_HAVE = 1, GX_DID_DISLIKE = 2, GX_DID_RETURN = 4, GX_DID_AGAIN = 8 };

/* When a member bought one item, or took to it by an action that is wanted again and again. */
typedef struct gx_member_times {
    int64_t first_ms, last_ms;
    uint32_t count;
    bool wanted; /* had by such an action alone */
} gx_member_times;

typedef struct gx_member_live {
    gx_rec_member rec;            /* for the recommender */
    const uint8_t *did;           /* one an entry of rec.history */
    const uint32_t *action;       /* likewise: what weighed most of what they did with it */
    const gx_member_times *times; /* likewise */
    gx_member_rules rules;
    const gx_slice *tag;     /* what they declared to like: one a thing of rec.tag_at */
    const uint32_t *context; /* items of this moment, rising (api/lists/context.h) */
    uint32_t context_count;
} gx_member_live;

/* Reads history, ties and the acts of those tied. `user` GX_NONE: a member the store does not know,
 * of whom nothing is live. `columns` is held by the caller: declared tags are looked up in it.
 * Everything is made in `arena`. O(own ties + own events + 200 × 50 acts). */
GX_MUST_CHECK gx_status gx_member_read(gx_member_live *out, gx_txn *txn, const gx_state *state,
                                       const gx_columns *columns, uint32_t user, int64_t clock_ms,
                                       gx_arena *arena, gx_error *err);

/* Only what keeps items from the member: what they did with them, and the rules. Of everything else
 * nothing is known. O(own ties + own events). */
GX_MUST_CHECK gx_status gx_member_read_bars(gx_member_live *out, gx_txn *txn, const gx_state *state,
                                            const gx_columns *columns, uint32_t user,
                                            gx_arena *arena, gx_error *err);

/* The same as it was just before a time: nothing is read that happened then or later, and of ties
 * only those that had a time before it or have none. Records are those of now. `state` holds the
 * snapshot of then. */
GX_MUST_CHECK gx_status gx_member_read_until(gx_member_live *out, gx_txn *txn,
                                             const gx_state *state, const gx_columns *columns,
                                             uint32_t user, int64_t until_ms, gx_arena *arena,
                                             gx_error *err);

/* What the member did with items, as the matrix of events has it, by rising item; in `arena`. Decay
 * counts back from the newest of the member's events and of those of the snapshot. */
GX_MUST_CHECK gx_status gx_member_history(gx_history *out, gx_txn *txn, const gx_state *state,
                                          uint32_t user, gx_arena *arena, gx_error *err);

/* Cosine of what two members did, dislikes left out as views drop them, and how many items both
 * like. */
double gx_history_cosine(uint32_t *out_both, const gx_history *a, const gx_history *b);

#endif
