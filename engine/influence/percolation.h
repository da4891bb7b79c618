/* How many a member's outbreak reaches, of all members at once, by percolation: each tie passes it
 * on with one chance, and whoever is reached along ties that do has it. Where a tie passes it both
 * ways it does not matter which end was first, so one draw a tie tells the outbreaks of all members
 * in it together: the part of the graph that hangs together by the ties kept is reached from any of
 * its members (Newman, Spread of epidemic disease on networks, Physical Review E 66, 2002; Radicchi
 * and Castellano, Leveraging percolation theory to single out influential spreaders in networks,
 * Physical Review E 93, 2016). Where ties have a direction a whole world of kept arcs is drawn and
 * condensed (worlds.h), and what lies behind each knot is added up. */
#ifndef GX_INFLUENCE_PERCOLATION_H
#define GX_INFLUENCE_PERCOLATION_H

#include "engine/kernel/neighbours.h"

/* Which way it goes: along rows, as a pass walks them by `direction`. */
typedef struct gx__spreading {
    const gx_graph *graph; /* without direction; else with in-arrays */
    bool directed;
    bool along;    /* of a directed graph: from who has the tie to whom it names */
    bool weighted; /* a tie of the mean weight has the chance, one of x times that 1 − (1 −
                      chance)^x: that of x ties beside each other */
    double chance;
} gx__spreading;

/* Of the views of `input`, by the parameter `direction` of `args`; chance 0, not weighted. */
gx__spreading gx__spreading_by(const gx_input *input, const gx_args *args);

/* The chance at which outbreaks begin to take a share of a large graph whose members differ in
 * their ties alone: ⟨k⟩ / (⟨k²⟩ − ⟨k⟩), and with directions ⟨k⟩ / ⟨k_in k_out⟩ (Newman, Strogatz,
 * Watts, Random graphs with arbitrary degree distributions, Physical Review E 64, 2001). At most 1,
 * which it is where nobody has two ties. Self-loops do not count. */
double gx__spreading_threshold(const gx__spreading *spreading);

/* sum[v] += members reached from v beyond itself, over the samples first … first + count − 1 of the
 * job's seed. Whole numbers are added: the same at any number of threads. Time of a sample: some 50
 * ns for each tie kept, with directions also for each member and what lies behind it. Memory: see
 * gx__percolation_bytes. */
GX_MUST_CHECK gx_status gx__percolate(uint64_t *sum, const gx__spreading *spreading, uint32_t first,
                                      uint32_t count, gx_job *job, gx_error *err);
/* score[v] = members reached from v, itself included, mean over the samples. Where ties go both
 * ways and weigh alike, those with one tie get what their neighbour's score says, and those tied to
 * the same others their mean: less noise, and equals are equal. 44 bytes a member while it runs. */
GX_MUST_CHECK gx_status gx__percolation_scores(double *score, const uint64_t *sum, double samples,
                                               const gx__spreading *spreading, gx_job *job,
                                               gx_error *err);
/* Of both; `m`: arcs; the graph may be one that is not there, or NULL. */
uint64_t gx__percolation_bytes(const gx__spreading *spreading, uint32_t n, uint64_t m, int threads);

#endif
