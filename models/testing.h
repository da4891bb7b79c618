/* What the tests of models share. */
#ifndef GX_MODELS_TESTING_H
#define GX_MODELS_TESTING_H

#include "graph/base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static inline void must(gx_status status, const gx_error *err) {
    if (status != GX_OK) {
        fail_msg("%s: %s: %s", gx_status_name(status), err->at, err->message);
    }
}

#endif
