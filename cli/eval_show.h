/* How answers of eval.run and eval.offpolicy are laid out. */
#ifndef GX_CLI_EVAL_SHOW_H
#define GX_CLI_EVAL_SHOW_H

#include "cli/verb.h"

/* JSON: the model's map, or a list of them where several were judged. A table: metrics by model
 * with intervals, then history lengths, popularity and verdicts. Forms of one list: by --show. Says
 * on stderr what of given lists the store did not know. */
GX_MUST_CHECK gx_status gx_eval_show(const gx_command *command, const gx_value *result,
                                     gx_error *err);

/* Of eval.offpolicy: JSON as it is; a table with a column a model; else a row a model. */
GX_MUST_CHECK gx_status gx_policy_show(const gx_command *command, const gx_value *result,
                                       gx_error *err);

#endif
