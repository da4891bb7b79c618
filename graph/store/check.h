/* What check.c and check_events.c share. */
#ifndef GX_STORE_CHECK_H
#define GX_STORE_CHECK_H

#include "graph/store/inner.h"

enum { PROBLEMS_TOLD = 1000 }; /* all are counted */

typedef struct checker {
    gx_txn *txn;
    gx_job *job; /* may be NULL */
    gx_problem_fn fn;
    void *user;
    gx_arena *arena;
    uint64_t problems, seen;
} checker;

void gx__problem(checker *c, const char *format, ...) GX_PRINTF(2, 3);
/* Once a record: progress, cancel, deadline. */
GX_MUST_CHECK gx_status gx__check_poll(checker *c, gx_error *err);
/* The blocks of a set: their sizes, keys and order. */
GX_MUST_CHECK gx_status gx__check_set(uint64_t *out_records, checker *c, const gx__set *set,
                                      const char *name, gx_error *err);
GX_MUST_CHECK gx_status gx__check_events(checker *c, gx_error *err);
GX_MUST_CHECK gx_status gx__check_members(checker *c, gx_error *err);

#endif
