/* The strength of the ties of one member at this moment, with its parts: the formula of the pass
 * `strength` (engine/operations/tie_parts.h) over what the store knows now. Shares and scale are
 * those of the snapshot where it has them. */
#ifndef GX_API_STRENGTH_H
#define GX_API_STRENGTH_H

#include "api/graphs.h"
#include "api/people/member.h"
#include "engine/operations/tie_parts.h"

/* One tie, as measured. */
typedef struct gx_tie_measure {
    uint32_t user; /* the other end */
    double strength;
    double part[GX_TIE_PART_COUNT];
    uint32_t common; /* neighbours of both */
} gx_tie_measure;

/* What is known of the member whose ties are measured. */
typedef struct gx_ties {
    gx_call_env *call;
    const gx_held *directed, *undirected; /* held */
    uint32_t user;
    double share[GX_TIE_PART_COUNT], usual_weight, half_life_ms;
    int64_t now_ms;
    gx_history history;
    uint32_t *group; /* by rising number */
    double *group_weight;
    uint32_t group_count;
    struct gx_tie_time *time; /* of each tie that has one, by rising user */
    size_t time_count;
} gx_ties;

/* The caller closes it in any case. Everything else is made in the call's arena. */
GX_MUST_CHECK gx_status gx_ties_open(gx_ties *out, gx_call_env *call, uint32_t user, gx_error *err);
void gx_ties_close(gx_ties *ties);
/* The tie to `other`; not_found where the two have none. O(the two rows, groups and histories). */
GX_MUST_CHECK gx_status gx_ties_measure(gx_tie_measure *out, const gx_ties *ties, uint32_t other,
                                        gx_error *err);
/* All of them, strongest first, then by rising user. */
GX_MUST_CHECK gx_status gx_ties_measure_all(gx_tie_measure **out, uint32_t *out_count,
                                            const gx_ties *ties, gx_error *err);
/* {weight: 0.5, …}: the parts that count. */
gx_value gx_ties_parts_value(gx_arena *arena, const gx_ties *ties, const double *part);

#endif
