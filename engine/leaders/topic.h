/* Leaders of a topic, which is any set of items, asked for after the pass: the list that the pass
 * makes of a category. */
#ifndef GX_ENGINE_LEADERS_TOPIC_H
#define GX_ENGINE_LEADERS_TOPIC_H

#include "graph/pass/pass.h"

/* What of the pass `leaders` counts here. */
typedef struct gx_leader_scores {
    const double *score; /* `leaders.score`; members from `count` on have none */
    uint32_t count;
    int64_t window_ms; /* `leaders.window` */
} gx_leader_scores;

typedef struct gx_topic_leaders {
    const uint32_t *user; /* all who are ranked, best first; ties by lower number */
    const float *score;   /* 0 to 100 */
    uint32_t count;
    uint32_t acted; /* members whose acts on the items weigh anything, ranked or not */
    gx_arrays *arrays;
    gx_job *job; /* outlives them */
} gx_topic_leaders;

/* `wanted`: one an item of the input, 1 for those of the topic. The input has the graph with its
 * in-arrays, the matrix and, as the pass takes it, first acts. The items of one category give the
 * list of that category to the byte, as long as the input is what the pass was given. Time that of
 * the credit (credit.c); memory 20 bytes an entry of the matrix, 12 an item, 32 a member.
 * gx_topic_leaders_finish in any case. */
GX_MUST_CHECK gx_status gx_leaders_of_topic(gx_topic_leaders *out, const gx_input *input,
                                            const uint8_t *wanted, const gx_leader_scores *scores,
                                            gx_job *job, gx_error *err);
/* What that takes beside its input. */
void gx_leaders_of_topic_estimate(gx_estimate *out, const gx_input *input);
void gx_topic_leaders_finish(gx_topic_leaders *leaders);

#endif
