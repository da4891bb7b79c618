/* What the log says of every arc of the social graph: how often a member passed on what the other
 * could still take, how much of what the other then took is put down to it, and how late.
 *
 * A tie a → b says that a heeds b. b passing on an item that a has not taken is a trial of the arc;
 * it is over `window` later, and counts only where the log goes on that long and a had joined. What
 * a takes within the window
 *
 *   - by way of b (`via`) counts wholly for b, by way of somebody else for nobody;
 *   - by way of nobody is shared among all those whose trials are open (gx_credit_rule), as far as
 *     it goes beyond chance: friends take the same things by themselves, but do so before a friend
 *     passes them on as often as after. So with A takes of which the latest trial was begun a
 *     time d ago, and B that came d before the next, (A − B) / A of them are kept: the shuffle test
 *     of Anagnostopoulos, Kumar, Mahdian (Influence and correlation in social networks, KDD 2008),
 *     for each class of d. Takes that a itself had passed on are left out of B, since they may have
 *     moved the friend, and the others count for them. */
#ifndef GX_INFLUENCE_EVIDENCE_H
#define GX_INFLUENCE_EVIDENCE_H

#include "graph/csr/firsts.h"

/* Goyal, Bonchi, Lakshmanan: Learning influence probabilities in social networks, WSDM 2010 (the
 * first two, sections 4.1 and 4.3); A data-based approach to social influence maximization, VLDB
 * 2012 (the others, section 4). */
typedef enum gx_credit_rule {
    GX_CREDIT_BERNOULLI, /* each of them has it whole; trials are those of the arc */
    GX_CREDIT_JACCARD,   /* each has it whole; trials are what either of the two did */
    GX_CREDIT_EVEN,      /* 1 / k to each of k */
    GX_CREDIT_DECAYED    /* in proportion to e^(−d / τ) / τ, τ the mean delay of the pair */
} gx_credit_rule;
/* What differs there: the first counts trials a could still follow, not all that b did; the last
 * shares the act out wholly, by how likely each is to have moved a were delays exponential, where
 * the paper gives infl(a) / k · e^(−d / τ) to each of k, which is less than one act. */

enum { GX_DELAY_CLASSES = 8 }; /* of d: up to window / 128, / 64, … window */

typedef struct gx_evidence_options {
    gx_credit_rule rule;
    int64_t window_ms; /* 1 or more */
    bool by_acts;      /* taking is passing on */
    bool beyond;       /* only what goes beyond chance */
    bool named;        /* only what has a `via`: what came by way of nobody is nobody's */
} gx_evidence_options;

typedef struct gx__evidence {
    uint32_t *trials; /* m: of each arc, in the order of graph->out_dst */
    float *acts;      /* m: what is put down to it */
    float *delay;     /* m: mean days until they came, held to that of all by three acts */
    float *passes;    /* n: of what a member took, and that long ago, how much it passed on */
    uint32_t *chances_to_pass;        /* n: of how many */
    uint64_t after[GX_DELAY_CLASSES]; /* A */
    double before[GX_DELAY_CLASSES];  /* B */
    double kept[GX_DELAY_CLASSES];
    double all_trials, all_acts; /* Σ over arcs */
    double mean_days;            /* of all acts; a quarter of the window where there are none */
} gx__evidence;

/* Fills the arrays, which the caller gives, cleared. O(Σ over arcs of the shorter of the two
 * histories · log); 24 bytes an entry of the longest history and thread, 8 a member and 8 an entry
 * of what was passed on. The same bytes at any number of threads. */
GX_MUST_CHECK gx_status gx__evidence_find(gx__evidence *io, const gx_graph *graph,
                                          const gx_firsts *firsts,
                                          const gx_evidence_options *options, gx_job *job,
                                          gx_error *err);

#endif
