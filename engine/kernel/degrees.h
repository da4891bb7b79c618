/* How ties are spread over members, as far as estimates need it: what a pass costs hangs on the
 * degrees wherever it looks at ties of ties, or iterates until a spectrum lets it stop. */
#ifndef GX_KERNEL_DEGREES_H
#define GX_KERNEL_DEGREES_H

#include "graph/csr/graph.h"

enum { GX__DEGREES_HELD = 33 };

/* Of an undirected graph, d the degrees. What hangs on who is tied to whom is what is to be
 * expected where ends are drawn by degree alone (Chung and Lu, Connected components in random
 * graphs with given expected degree sequences, 2002): of a member's ties the share s(d) leads to
 * members of higher degree. */
typedef struct gx__degrees {
    double n, arcs;
    double tied;                   /* members with a tie */
    double most;                   /* the highest degree */
    double square;                 /* Σ d² */
    double harmonic;               /* mean of d over the tied, harmonic; 0: nobody is tied */
    double lower;                  /* Σ d² s: over ties, the degree of the end where it is lower */
    double capped;                 /* Σ d min(d, mean) */
    double held[GX__DEGREES_HELD]; /* of the ends of ties, those of the 2^k members with most */
} gx__degrees;

/* One look at the row starts: O(n), some milliseconds for a million members. A graph that is not
 * there (no arrays, or NULL) is taken to have degrees that fall like a power, P(d) ~ d^−2.5 from
 * some least degree, as far as √arcs. */
gx__degrees gx__degrees_of(const gx_graph *graph, uint32_t n);
/* The same of rows; `ptr` has n + 1, or is NULL. */
gx__degrees gx__degrees_of_rows(const uint64_t *ptr, uint32_t n, double arcs);

/* How far above that of a graph of even degrees Σ d² is; 1 where nobody is tied. */
static inline double gx__unevenness(const gx__degrees *d) {
    return d->arcs > 0 ? d->square * d->n / (d->arcs * d->arcs) : 1;
}

/* ---- seconds, on one core of an idle machine of today (AMD EPYC, Zen 4): docs/bench.md ------ */

/* What a pass spends, in nanoseconds. */
typedef struct gx__pace {
    double member;        /* on every member */
    double read;          /* on every read of what a tie names, where it lies near */
    double third, memory; /* and besides, where that is the third-level cache or, dearer, memory */
} gx__pace;

/* Of so many reads, each of a member that a tie names, in arrays of `bytes` a member altogether: a
 * cache holds those named most, with whoever lies beside them. */
double gx__reads_seconds(const gx__degrees *degrees, double reads, double bytes, gx__pace pace);
/* The same of every tie once. */
double gx__ties_seconds(const gx__degrees *degrees, double bytes, gx__pace pace);

/* The second eigenvalue of a random walk: how much of what is uneven each step leaves. That of a
 * random graph of one degree d is 2 √(d − 1) / d (Friedman, A proof of Alon's second eigenvalue
 * conjecture, 2008); those of few ties slow a walk down, so d is nearly the harmonic mean. Ties
 * that keep to circles are slower. */
double gx__walk_eigenvalue(const gx__degrees *degrees);
/* Products with the graph until Lanczos's method has its largest eigenvector to this tolerance, a
 * guess: the nearer the largest hub's own value √most is to that of the whole, Σ d² / arcs, the
 * slower. */
double gx__leading_steps(const gx__degrees *degrees, double tolerance);
/* The same of AᵀA, of a directed graph (NULL, or without arrays: not there). */
double gx__gram_steps(const gx_graph *graph, uint32_t n, double tolerance);

#endif
