/* How good a partition is, for answers: on the live ties, and against labels that are known. */
#ifndef GX_API_PARTITION_H
#define GX_API_PARTITION_H

#include "api/support.h"

/* {directed, modularity, coverage, performance, conductance, conductance_most, disconnected} of a
 * partition of the first `members` members over the ties of `spec`. Members made since, or in no
 * community, are alone. `directed`: the modularity is that of directed ties, where there are such;
 * the other figures are without direction always. */
GX_MUST_CHECK gx_status gx_partition_quality(gx_value *out, gx_call_env *call,
                                             const uint32_t *community, uint32_t members,
                                             bool directed, const gx_view_spec *spec,
                                             gx_error *err);

/* {members, nmi, ami, ari} against `labels`: a text names a text field of the members' records, a
 * map gives member → label (text or whole number). Who has no label is left out, and so is whom the
 * store does not know. bad_request where nobody is left, or a label is of another type. */
GX_MUST_CHECK gx_status gx_partition_agreement(gx_value *out, gx_call_env *call, gx_txn *txn,
                                               const uint32_t *community, uint32_t members,
                                               const gx_value *labels, gx_error *err);

#endif
