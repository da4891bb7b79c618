/* The leader score while it is made. Private to engine/leaders. */
#ifndef GX_ENGINE_LEADERS_SCORE_H
#define GX_ENGINE_LEADERS_SCORE_H

#include "engine/leaders/measures.h"

enum { GX__FIT_ROWS_MOST = 50000 }; /* members that weights are learnt from */

typedef struct gx__leaders {
    const gx_input *input; /* whose graph has the ties of those who are still here */
    const gx_graph *all;   /* and of those who have departed */
    const int64_t *first; /* per entry of the matrix: the first act; its own times are the latest */
    uint32_t n;
    gx__leaders_after after;
    double weight[GX_LEADER_MEASURE_COUNT]; /* given, or learnt */
    bool fitted;
    double *followers; /* plain count */
    double *kept;      /* share of the credit beyond chance */
    double *authentic;
    double *raw;      /* the measure at hand */
    double *standing; /* √(score / 100): what counts of it in a category */
    double *place;
    uint32_t *order;
    uint64_t *credit;  /* per entry of the matrix at hand */
    double *score;     /* output; Σ weight · h until it is finished */
    float *part;       /* output, members × parts; the same */
    float *measure;    /* output */
    double *points;    /* output: the most each measure can give */
    double *fit;       /* output */
    float *risk;       /* output */
    uint8_t *excluded; /* output */
} gx__leaders;

/* Fills `raw` with one measure, of the acts in `matrix`, whose credit is at hand. */
GX_MUST_CHECK gx_status gx__leaders_measure(gx__leaders *l, gx_leader_measure p,
                                            const gx_matrix *matrix, const int64_t *first,
                                            gx_job *job, gx_error *err);
/* Where the level log(1 + x / unit) of the measure at hand is log 2: its mean over those followed.
 */
double gx__leaders_unit(const gx__leaders *l);

/* Weights from what followers did after the time that a share of the acts lies before (learn.c):
 * `fitted`, `weight` and `fit`; `credit`, `kept` and `raw` are used up. */
GX_MUST_CHECK gx_status gx__leaders_learn(gx__leaders *l, double share, gx_job *job, gx_error *err);

#endif
