/* What was to be expected of a cascade by what was known before it began: docs/cascades.md. The
 * ties of that time, chances that the pass influence learns from the log until then, and how often
 * those who began it shared it. Chances are known to within what they were learnt from, so they are
 * drawn anew (gx_foresight_draw) and the cascade is played with each draw. */
#ifndef GX_API_FORESIGHT_H
#define GX_API_FORESIGHT_H

#include "api/graphs.h"
#include "api/referral/log.h"
#include "engine/influence/unsure.h"

typedef struct gx_foresight {
    gx_call_env *call;
    const gx_trees *trees;    /* of one forest; must outlive it */
    int64_t began_ms, end_ms; /* its first act; the end of the time asked for, or of the log */
    int64_t log_ms;           /* the first of the log before it, or INT64_MAX */
    const gx_held *held;      /* ties before it began, with in-arrays */
    gx_arrays *learnt;        /* of influence.*, from the log before it began */
    gx_unsure unsure;         /* chances that a member comes because another shared it */
    float *passes;            /* n: chance that who came shares it; the job's */
    double *shares;           /* n: how often each shared it, as far as that could come off */
    uint32_t *generation;     /* of nodes: from the roots that are played */
    uint32_t *root;           /* members it is played from */
    uint8_t *is_root;         /* n */
    uint8_t *had;      /* n: had joined before the time asked for, or had left: cannot be brought */
    const double *fit; /* influence.fit */
    double mean_days;  /* until somebody follows, by the usual window */
    uint32_t roots;
    uint32_t along;  /* nodes brought along a tie by somebody whose share the log has */
    uint32_t beyond; /* brought otherwise: roots, as far as they were known */
    double carried;  /* shares of those who came, over what the pass says of any */
} gx_foresight;

/* began_ms and log_ms are found first. conflict: nobody joined at a time that is known, or there is
 * more than one forest. gx_foresight_finish in any case. */
GX_MUST_CHECK gx_status gx_foresight_make(gx_foresight *out, gx_call_env *call,
                                          const gx_trees *trees, const gx_log_spec *spec,
                                          gx_error *err);
void gx_foresight_finish(gx_foresight *f);

/* The chance of each arc (m), and of an arc of a root that one of its shares came off: a draw of
 * gx_unsure_draw, of the job's seed. */
void gx_foresight_draw(float *out, gx_foresight *f, uint32_t draw);

#endif
