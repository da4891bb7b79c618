/* The table of models, made from the rows of models.def, and the same rows seen as passes. */
#include "models/model.h"

#define GX_MODEL(name) extern const gx_model gx_model_##name;
#include "models/models.def"
#undef GX_MODEL

static const gx_model *const rows[] = {
#define GX_MODEL(name) &gx_model_##name,
#include "models/models.def"
#undef GX_MODEL
};

static const gx_pass *const passes[] = {
#define GX_MODEL(name) &gx_model_##name.pass,
#include "models/models.def"
#undef GX_MODEL
};

const gx_model_table *gx_models(void) {
    static const gx_model_table table = {rows, GX_COUNT(rows)};
    return &table;
}

const gx_pass_table *gx_model_passes(void) {
    static const gx_pass_table table = {passes, GX_COUNT(passes)};
    return &table;
}

const gx_model *gx_model_find(const char *name) {
    for (size_t i = 0; i < GX_COUNT(rows); i++) {
        if (strcmp(rows[i]->pass.name, name) == 0) {
            return rows[i];
        }
    }
    return NULL;
}
