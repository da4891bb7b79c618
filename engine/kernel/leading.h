/* The largest eigenvalue of a symmetric matrix with entries of 0 or more, and its vector. */
#ifndef GX_KERNEL_LEADING_H
#define GX_KERNEL_LEADING_H

#include "engine/kernel/sweep.h"

/* The matrix as what it does: `apply` sets to[first, end) = (A from)[first, end). `before`, where
 * it is not NULL, is called once before the blocks of a product. */
typedef struct gx__operator {
    void (*before)(void *user, const double *from);
    void (*apply)(void *user, double *to, const double *from, uint32_t first, uint32_t end);
    void *user;
} gx__operator;

typedef struct gx__leading {
    double value;
    double residual;   /* |A x − value · x| / (value · |x|), Euclidean */
    uint32_t products; /* with A */
} gx__leading;

/* Thick-restart Lanczos (Wu and Simon: Thick-restart Lanczos method for large symmetric eigenvalue
 * problems, 2000) with full orthogonalisation. `in_out_x` holds the start, which is above 0
 * wherever the answer may be, and then the vector with its largest entry 1; what is negative by
 * rounding is 0. Stops when the residual is at most `tolerance`, or after `most` products. Where A
 * is 0 the value is 0 and the vector as it was. Indifferent to a spectrum that is symmetric around
 * 0 (bipartite graphs); of a value that several vectors share, the answer is the start's part in
 * them. */
GX_MUST_CHECK gx_status gx__leading_find(gx__leading *out, double *in_out_x,
                                         const gx__operator *matrix, const gx__sweep *sweep,
                                         double tolerance, uint32_t most, gx_error *err);
uint64_t gx__leading_bytes(uint32_t n);
/* What a step takes on one core besides the product. */
double gx__leading_seconds(const gx__degrees *degrees); /* held meanwhile */

/* Aᵀ A of a graph, never formed: its largest eigenvalue is the square of A's largest singular
 * value. `hub` has room for one a member, and holds A from after a product. */
typedef struct gx__gram {
    gx__rows_view in, out;
    const gx__sweep *sweep;
    double *hub;
    const double *from;
} gx__gram;

gx__operator gx__gram_operator(gx__gram *gram);
/* hub = A from; returns the largest. */
double gx__gram_hubs(gx__gram *gram, const double *from);

/* The same of (Aᵀ x)_v = Σ weight × x over in-arcs, for a graph with directions: the answer of
 * power iteration that began everywhere alike. The graph has in-arrays. The residual is in sums of
 * absolute values. Where nothing runs in a circle the value is 0 and the vector 1; where parts of
 * one value feed each other it comes near as slowly as 1 / products, and the residual tells. */
GX_MUST_CHECK gx_status gx__perron_find(gx__leading *out, double *out_x, const gx_graph *graph,
                                        bool weighted, const gx__sweep *sweep, double tolerance,
                                        uint32_t most, gx_error *err);
uint64_t gx__perron_bytes(uint32_t n);

/* Scales so that the largest is 1; what is not above 0 by more than rounding is 0. */
void gx__leading_normalise(double *x, uint32_t n);

/* All eigenvalues (falling) and vectors of a symmetric k × k matrix by Jacobi rotations: column j
 * of `vector` goes with value j. Destroys `a`. Row-major, `stride` apart. */
void gx__eigen_small(double *value, double *vector, double *a, int k, int stride);

#endif
