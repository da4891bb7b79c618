/* What passes would take, told before anything runs. */
#ifndef GX_API_ESTIMATE_H
#define GX_API_ESTIMATE_H

#include "api/passes.h"

/* ---- {steps: [{pass, mem_bytes, cpu_s, cpu_most_s}], mem_bytes, cpu_s, cpu_most_s} ---- */

typedef struct gx_part_estimate {
    const char *name;
    gx_estimate estimate;
} gx_part_estimate;

/* The map of a plan: `view` is a step before it, of which `held` bytes stay while it runs; `later`
 * is the plan's own estimate. `first` (NULL: nothing) is done before all that and keeps nothing.
 * `parts` are steps after it, which take their memory beside what the plan made. */
gx_value gx_estimate_value(gx_arena *arena, const gx_plan *plan, gx_estimate view, uint64_t held,
                           gx_estimate later, const gx_part_estimate *first,
                           const gx_part_estimate *parts, size_t count);
/* The map of steps one after the other, each with its memory at the peak, whatever is held
 * meanwhile included. The first `done` were done for this and timed; the others may take twice as
 * long as told, where others use the machine too. */
gx_value gx_estimate_steps(gx_arena *arena, const gx_part_estimate *steps, size_t count,
                           size_t done);
/* Adds a step to such a list, or makes the map of it. */
void gx_estimate_add(gx_arena *arena, gx_value *steps, const char *name, gx_estimate estimate);
gx_value gx_estimate_map(gx_arena *arena, gx_value steps, gx_estimate whole);

/* A graph that is not there. */
typedef struct gx_graph_size {
    uint32_t members;
    uint64_t ties;
    bool both_ways; /* each tie is two arcs, else one */
} gx_graph_size;

/* The map of one pass on such a graph. bad_request: a pass that needs more than ties, more ties
 * than so many members can have, or parameters that do not parse. */
GX_MUST_CHECK gx_status gx_estimate_graph(gx_value *out, const gx_pass *pass,
                                          const gx_value *params, const gx_graph_size *size,
                                          int threads, gx_arena *arena, gx_error *err);

/* Adds to the message of a job that ran out of memory while it read the graph what the whole takes,
 * by the store's number of ties; nothing where that cannot be told, or would not exceed the cap. */
void gx_tell_whole_need(gx_error *err, gx_store *store, const gx_pass *pass, const gx_value *params,
                        const gx_job *job);

#endif
