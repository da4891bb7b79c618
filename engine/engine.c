/* The engine's table, made from the rows of passes.def. */
#include "engine/engine.h"

#define GX_PASS(name) extern const gx_pass gx_pass_##name;
#include "engine/passes.def"
#undef GX_PASS

static const gx_pass *const rows[] = {
#define GX_PASS(name) &gx_pass_##name,
#include "engine/passes.def"
#undef GX_PASS
};

const gx_pass_table *gx_engine_passes(void) {
    static const gx_pass_table table = {rows, GX_COUNT(rows)};
    return &table;
}
