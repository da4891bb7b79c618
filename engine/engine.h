/* What is computed on a graph: the table of passes. One file a pass, one row in engine/passes.def. */
#ifndef GX_ENGINE_ENGINE_H
#define GX_ENGINE_ENGINE_H

#include "graph/pass/pass.h"

const gx_pass_table *gx_engine_passes(void);

#endif
