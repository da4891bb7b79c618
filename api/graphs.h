/* Graphs of the store that are kept between calls, so that a question about one member need not
 * read every tie first. A held graph is immutable and counted: it stays until it is released,
 * whatever is written meanwhile. */
#ifndef GX_API_GRAPHS_H
#define GX_API_GRAPHS_H

#include "api/db.h"
#include "api/views.h"

/* Nodes are members by number. Members made after it are not in it (`user >= graph.n`): they have
 * no ties that it should show. */
typedef struct gx_held {
    gx_graph graph;
    uint64_t tie_state; /* gx_txn_tie_state of what it shows */
} gx_held;

/* The graph of `spec` (NULL: every social tie) made with `flags` (GX_GRAPH_*), as new as the store
 * is at this moment: a call after a commit sees its ties. Made once for all who ask until a tie or
 * the rules of tie kinds change; the making takes one call at a time, on the job's threads, its
 * memory and its deadline, and the others wait for it. The last few graphs asked for are kept, off
 * any job's account, and in half of the database's `mem_bytes` where that was given. `rules` are
 * those of the call's state. It may be newer than a transaction begun before: names of its nodes
 * are best read in one begun afterwards. */
GX_MUST_CHECK gx_status gx_graph_hold(const gx_held **out, gx_db *db, const gx_rules *rules,
                                      unsigned flags, const gx_view_spec *spec, gx_job *job,
                                      gx_error *err);
void gx_graph_release(gx_db *db, const gx_held *held); /* accepts NULL */

#endif
