/* Lists of members, made in blocks: what judging and off-policy estimates share. Of this room only.
 */
#ifndef GX_MODELS_EVAL_RANK_H
#define GX_MODELS_EVAL_RANK_H

#include "models/eval/eval.h"

typedef struct gx__ranker {
    const gx_judged *what;
    const gx_matrix *fit, *history;
    uint32_t items, longest;
    uint32_t block;    /* members at once */
    float *scores;     /* block × items; of a model */
    gx_scored *ranked; /* block × longest; of a model */
    float *ones;       /* weights of histories without values */
    /* The block at hand: `count` members, rising, each with its list, best first. */
    uint32_t count;
    uint32_t *member; /* block */
    uint32_t *row;    /* block: of each in `scores` */
    uint32_t *list;   /* block × longest */
    uint32_t *length; /* block */
} gx__ranker;

/* `history` is `fit` itself, or the hold-outs' (gx_split_history). */
GX_MUST_CHECK gx_status gx__ranker_open(gx__ranker *out, const gx_judged *what,
                                        const gx_matrix *fit, const gx_matrix *history,
                                        uint32_t longest, gx_job *job, gx_error *err);
void gx__ranker_close(gx__ranker *ranker, gx_job *job); /* safe on zeros */
/* The lists of the next members from *at on with wanted[u] ≠ 0; *at then is where to go on, `users`
 * at the end, where the block may be empty. */
GX_MUST_CHECK gx_status gx__rank_next(gx__ranker *ranker, uint32_t *at, uint32_t users,
                                      const uint8_t *wanted, gx_job *job, gx_error *err);

#endif
