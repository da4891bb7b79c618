/* Experiments of a store: who is in which arm, by a salted hash of the member's id, so that nothing
 * has to be written to know it. They are the setting `experiments`, a map by name. */
#ifndef GX_API_EXPERIMENT_H
#define GX_API_EXPERIMENT_H

#include "api/support.h"

enum {
    GX_ARMS_MAX = 16,
    GX_ARM_BYTES_MAX = 64,
    GX_EXPERIMENT_BYTES_MAX = GX_ID_BYTES_MAX - 1 - GX_ARM_BYTES_MAX /* the log has NAME:ARM */
};

#define GX_HOLDOUT (GX_NONE - 1) /* in no arm, on purpose */

typedef struct gx_experiment {
    const char *name, *salt, *note; /* note NULL: none */
    const char *arm[GX_ARMS_MAX];
    double weight[GX_ARMS_MAX];
    uint32_t arms;                        /* the first is what the others are compared with */
    double holdout;                       /* share of the members in no arm */
    gx_value actions;                     /* list of names: what counts; nil: purchases */
    int64_t start_ms, end_ms, created_ms; /* end INT64_MAX: open */
} gx_experiment;

/* not_found at `argument`, with what there are. Made in the arena. */
GX_MUST_CHECK gx_status gx_experiment_find(gx_experiment *out, gx_txn *txn, gx_arena *arena,
                                           const char *argument, gx_slice name, gx_error *err);
/* The map of all, by name; empty where there are none. */
GX_MUST_CHECK gx_status gx_experiments_read(gx_value *out, gx_txn *txn, gx_arena *arena,
                                            gx_error *err);
/* As it is kept, and told. */
gx_value gx_experiment_value(gx_arena *arena, const gx_experiment *experiment);
GX_MUST_CHECK gx_status gx_experiment_read(gx_experiment *out, gx_arena *arena, gx_slice name,
                                           const gx_value *kept, gx_error *err);

/* The arm of a member, or GX_HOLDOUT: the same for the same salt, arms, weights and id for ever,
 * and independent of other salts. Ids the store does not know have one too. */
uint32_t gx_experiment_arm(const gx_experiment *experiment, gx_slice user);

/* Its actions that the store knows, NIL where none are named, and of those it does not know, which
 * an experiment may name before there is one, a sentence each. Both in the arena. */
GX_MUST_CHECK gx_status gx_experiment_actions(gx_value *out_known, gx_value *out_notes,
                                              const gx_experiment *experiment, gx_txn *txn,
                                              gx_arena *arena, gx_error *err);

#endif
