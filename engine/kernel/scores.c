#include "engine/kernel/scores.h"

#include <math.h>

gx_status gx__scores_add(double **out_score, gx_output *out, const gx_input *input, gx_error *err) {
    return gx_output_add(out_score, out, "score", GX_F64, input->users, 0, err);
}

gx_status gx__scores_check(const double **out_score, const gx_arrays *result, const char *instance,
                           const gx_input *input, gx_error *err) {
    const double *score = gx_result_get(result, instance, "score", GX_F64, input->users);
    if (!score && input->users) {
        return gx_fail(err, GX_INTERNAL, "%s.score is not there", instance);
    }
    for (uint32_t v = 0; v < input->users; v++) {
        if (!(score[v] >= 0) || isinf(score[v])) {
            return gx_fail(err, GX_INTERNAL, "%s.score of member %u is %g", instance, v, score[v]);
        }
    }
    *out_score = score;
    return GX_OK;
}
