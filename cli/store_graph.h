/* The whole graph of a store, for the graph forms: every member with what the snapshot knows of
 * them, and every tie. */
#ifndef GX_CLI_STORE_GRAPH_H
#define GX_CLI_STORE_GRAPH_H

#include "cli/format.h"

/* Members have user_id, and of the snapshot, where there is one: community, leader_score, each
 * other NAME.score and NAME.community as NAME, and x and y where it has a layout. Ties have src,
 * dst, kind, weight, directed and ts, as they are now. Rows are made one at a time. */
GX_MUST_CHECK gx_status gx_store_graph_write(const gx_form *form, gx_command *command,
                                             gx_error *err);

#endif
