#include "engine/kernel/scores.h"

#include <math.h>

gx_status gx__scores_add(double **out_score, gx_output *out, const gx_input *input, gx_error *err) {
    return gx_output_add(out_score, out, "score", GX_F64, input->users, 0, err);
}

gx_status gx__scores_check(const double **out_score, const gx_arrays *result, const char *instance,
                           const gx_input *input, gx_error *err) {
    return gx__scores_check_top(out_score, result, instance, input, input->users, err);
}

gx_status gx__scores_check_top(const double **out_score, const gx_arrays *result,
                               const char *instance, const gx_input *input, uint32_t top,
                               gx_error *err) {
    const double *score = gx_result_get(result, instance, "score", GX_F64, input->users);
    if (!score && input->users) {
        return gx_fail(err, GX_INTERNAL, "%s.score is not there", instance);
    }
    uint32_t absent = 0, without = input->users - (top < input->users ? top : input->users);
    for (uint32_t v = 0; v < input->users; v++) {
        bool none = isnan(score[v]) && absent < without;
        absent += none;
        if (!none && (!(score[v] >= 0) || isinf(score[v]))) {
            return gx_fail(err, GX_INTERNAL, "%s.score of member %u is %g", instance, v, score[v]);
        }
    }
    if (absent != without) {
        return gx_fail(err, GX_INTERNAL, "%s.score is given to %u members, and asked of %u",
                       instance, input->users - absent, input->users - without);
    }
    *out_score = score;
    return GX_OK;
}
