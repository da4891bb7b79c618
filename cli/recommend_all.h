/* `recommend --all`: lists for everybody, page after page of rec.batch, streamed to the output. */
#ifndef GX_CLI_RECOMMEND_ALL_H
#define GX_CLI_RECOMMEND_ALL_H

#include "cli/verb.h"

GX_MUST_CHECK gx_status gx_recommend_all(gx_command *command, gx_error *err);

#endif
