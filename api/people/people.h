/* Who is tied to a member at this moment, read from the store: one row a person, whatever ties the
 * two have, in either direction. */
#ifndef GX_API_PEOPLE_H
#define GX_API_PEOPLE_H

#include "api/state.h"
#include "graph/csr/view.h"

typedef struct gx_person {
    uint32_t user;
    float strength;  /* to the member: 0 to 1, of the strongest tie by its kind and weight, half of
                        it where only the other one ties; 0 where blocked alone, or of no weight */
    float tie;       /* the same without that half: what it is seen from either end */
    bool out, in;    /* a tie leads from the member, to the member; an undirected one is both */
    bool followed;   /* the member has a directed tie to them */
    uint8_t tied_as; /* bits of gx_tied_as: what a reason may call them */
    bool measured;   /* the member's row of the snapshot has it */
    bool blocked;    /* one of the two blocks the other: they are nobody to each other */
} gx_person;

/* Grows as needed, and is read into again and again. Zeroed: empty. */
typedef struct gx_people {
    const gx_tie_filter *filter; /* only these ties, and blocks; NULL: all */
    int64_t until_ms;  /* as it was then: blocks from then on were not there; 0: as it is */
    gx_person *person; /* by rising user */
    size_t count, capacity;
} gx_people;

/* Everybody tied to `user`. Ties of kinds without weight (views.md) and self-loops are no ties; a
 * tie whose own weight is 0 is one, of strength 0. */
GX_MUST_CHECK gx_status gx_people_read(gx_people *people, gx_txn *txn, const gx_rules *rules,
                                       uint32_t user, gx_error *err);
/* Whether that is one of the ties: social, or of a kind that the filter names. */
bool gx_people_take(const gx_people *people, const gx_kind_rule *rule, const gx_tie *tie);
/* Strengths that the snapshot measured (pass `strength`) go before those of kind and weight: those
 * in the member's own row and, for `tie`, in the row of the other one. */
void gx_people_measure(gx_people *people, const gx_rec *rec, uint32_t user);
const gx_person *gx_people_find(const gx_people *people, uint32_t user); /* NULL: not tied */
/* For qsort: the strongest first, then by rising user. */
int gx_person_by_strength(const void *a, const void *b);
void gx_people_finish(gx_people *people);

#endif
