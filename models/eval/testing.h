/* What the tests of this room share. */
#ifndef GX_MODELS_EVAL_TESTING_H
#define GX_MODELS_EVAL_TESTING_H

#include "models/eval/eval.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static inline void must(gx_status status, const gx_error *err) {
    if (status != GX_OK) {
        fail_msg("%s: %s: %s", gx_status_name(status), err->at, err->message);
    }
}

static inline void assert_near(double got, double want, double within) {
    if (!(fabs(got - want) <= within) && !(isnan(got) && isnan(want))) {
        fail_msg("%.12g is not %.12g", got, want);
    }
}

static inline gx_job job_of(int threads, uint64_t seed) {
    gx_job job;
    gx_job_init(&job, threads, seed);
    return job;
}

#endif
