/* The table of actions as rows, and the setting `actions` behind it. */
#ifndef GX_API_ACTIONS_H
#define GX_API_ACTIONS_H

#include "graph/csr/view.h"

/* Whether an event of the store has had it. */
bool gx_actions_used(gx_txn *txn, gx_slice name);
/* Adds {action, weight, half_life, polarity, repeat, purchase, share, scaled, centre, undoes, from, used}:
 * the rule as the setting makes it. */
GX_MUST_CHECK gx_status gx_actions_add(gx_value *list, gx_arena *arena, const gx_value *setting,
                                       gx_slice name, bool used, gx_error *err);
/* One row {action, …} into the setting: its fields over those that were there. bad_request names
 * the action, the field and what is accepted. */
GX_MUST_CHECK gx_status gx_actions_put(gx_value *setting, gx_arena *arena, const gx_value *row,
                                       gx_error *err);
/* Every entry of a value for the setting, also of actions no event has had. bad_request. */
GX_MUST_CHECK gx_status gx_actions_check(const gx_value *setting, gx_error *err);

#endif
