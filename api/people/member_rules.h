/* What of a member's own record and ties keeps items from them: what they sell, whom and what they
 * blocked, how old they are known to be. */
#ifndef GX_API_MEMBER_RULES_H
#define GX_API_MEMBER_RULES_H

#include "api/people/people.h"
#include "graph/csr/departed.h"

enum {
    GX_BLOCKED_MAX = 256,              /* entries of a block list that are looked at */
    GX_RULE_TEXTS = 4 * GX_BLOCKED_MAX /* and with what items write in another case */
};

typedef struct gx_member_rules {
    gx_slice id;       /* of the member; empty: not in the store */
    gx_slice *sellers; /* blocked by name, or tied by a block, either way */
    uint32_t seller_count;
    gx_slice *brands;
    uint32_t brand_count;
    gx_slice *dislikes; /* categories, tags and brands they said to dislike */
    uint32_t dislike_count;
    double age; /* at least so many years by `age_band`; 0: nothing is known */
} gx_member_rules;

/* A field of an item or a member, or of the same name with attr_ before it (as import keeps what it
 * has no column for). */
#define GX_RULE_FIELDS(name) {name, "attr_" name}

/* Reads only what items have fields for. Texts are borrowed from the transaction or made in
 * `arena`. */
GX_MUST_CHECK gx_status gx_member_rules_read(gx_member_rules *out, gx_txn *txn,
                                             const gx_columns *columns, const gx_people *people,
                                             uint32_t user, gx_arena *arena, gx_error *err);

/* The years that an age band begins with: 18 of "18-24", 55 of "55+"; 0 of "<18" and of what does
 * not begin with a number. */
double gx_age_of_band(const gx_value *band);

#endif
