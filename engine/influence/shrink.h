/* From evidence to chances: most pairs have next to none, so each is held to what is known of pairs
 * like it (empirical Bayes).
 *
 *   chance = scale · shape · of the one who heeds · of the one heeded · of the pair
 *
 * `shape` is the fallback's (1, 1 / how many a heeds, the tie's share of a's weight, its weight);
 * `scale` fits it to all acts. Each further factor is (S + κ) / (E + κ), with S the acts, E those
 * expected so far: the mean of a gamma of mean 1 and variance 1 / κ after S Poisson acts. κ is
 * learned by the method of moments, 1 / κ = Σ ((S − E)² − E) / Σ E² (Robbins 1956; Clayton and
 * Kaldor 1987): where members differ by no more than chance would make them it is without end, and
 * the factor is 1. */
#ifndef GX_INFLUENCE_SHRINK_H
#define GX_INFLUENCE_SHRINK_H

#include "engine/influence/evidence.h"

typedef enum gx_chance_shape {
    GX_SHAPE_CONSTANT,
    GX_SHAPE_WEIGHTED, /* 1 / how many a heeds */
    GX_SHAPE_STRENGTH, /* the tie's share of the weight of all ties of a */
    GX_SHAPE_WEIGHT,   /* its weight */
    GX_SHAPE_COUNT,
    GX_SHAPE_AUTO = GX_SHAPE_COUNT /* that under which the log is likeliest */
} gx_chance_shape;

extern const char *const gx_shape_names[GX_SHAPE_COUNT];

typedef struct gx_shrink_options {
    gx_chance_shape shape;
    double constant; /* chance where the log says nothing at all; of weighted and strength they are
                        chances themselves */
    double prior;    /* κ of pairs, without factors of members; < 0: as the log says */
} gx_shrink_options;

typedef struct gx__shrunk {
    gx_chance_shape shape;
    double scale;
    double heeding, heeded, pair; /* κ */
} gx__shrunk;

/* chance: m, of every arc of the graph, 0 for a tie with oneself. passes: n, how likely a member
 * passes on what it has taken, held to the mean of all; 1 where `by_acts`. 32 bytes a member. */
GX_MUST_CHECK gx_status gx__shrink(gx__shrunk *out, float *chance, float *passes,
                                   const gx_graph *graph, const gx__evidence *evidence,
                                   const gx_shrink_options *options, bool by_acts, gx_job *job,
                                   gx_error *err);

#endif
