/* One model judged at one cutoff, in one call: fits, opens, and lets models/eval rank and measure.
 */
#include "models/eval/eval.h"

static gx_status check_input(const gx_input *train, const gx_matrix *test, uint32_t cutoff,
                             gx_error *err) {
    if (!train->matrix) {
        return gx_fail_at(err, GX_BAD_REQUEST, "train", "there are no events to fit on");
    }
    if (cutoff == 0 || cutoff > GX_CUTOFF_LONGEST) {
        return gx_fail_at(err, GX_BAD_REQUEST, "cutoff", "cutoff is %u; 1 to %d is accepted",
                          cutoff, GX_CUTOFF_LONGEST);
    }
    if (test->rows > train->users || test->cols > train->items) {
        return gx_fail_at(err, GX_BAD_REQUEST, "test",
                          "the test has %u members and %u items, the train only %u and %u",
                          test->rows, test->cols, train->users, train->items);
    }
    return GX_OK;
}

static double seconds_since(int64_t ns, int64_t start) {
    return (double)(ns - start) * 1e-9;
}

static void take(gx_eval_result *out, const gx_judgement *j) {
    out->users = j->users;
    out->recall = j->mean[GX_METRIC_recall];
    out->ndcg = j->mean[GX_METRIC_ndcg];
    out->precision = j->mean[GX_METRIC_precision];
    out->hit_rate = j->mean[GX_METRIC_hit_rate];
    out->mrr = j->mean[GX_METRIC_mrr];
    out->map = j->mean[GX_METRIC_map];
    out->coverage = j->list[0][GX_METRIC_coverage];
}

gx_status gx_eval(gx_eval_result *out, const gx_model *model, const gx_value *params,
                  const gx_input *train, const gx_matrix *test, uint32_t cutoff, gx_job *job,
                  gx_error *err) {
    gx_status status = GX_OK;
    gx_arrays *arrays = NULL;
    void *state = NULL;
    gx_judgement judgement = {0};
    gx_eval_result result = {.cutoff = cutoff};
    const gx_eval_options options = {.cutoff = {cutoff}, .cutoff_count = 1};
    GX_TRY(check_input(train, test, cutoff, err));
    GX_TRY(gx_arrays_create(&arrays, err));
    int64_t wall = gx_clock_ns(), cpu = gx_clock_cpu_ns();
    GX_TRY(gx_pass_run(arrays, &model->pass, NULL, train, params, job, err));
    result.fit_wall_s = seconds_since(gx_clock_ns(), wall);
    result.fit_cpu_s = seconds_since(gx_clock_cpu_ns(), cpu);
    wall = gx_clock_ns();
    cpu = gx_clock_cpu_ns();
    GX_TRY(model->open(&state, arrays, model->pass.name, train->users, train->items, err));
    const gx_judged what = {.model = model, .state = state};
    GX_TRY(gx_judge(&judgement, &what, train->matrix, train->matrix, test, &options, job, err));
    result.score_wall_s = seconds_since(gx_clock_ns(), wall);
    result.score_cpu_s = seconds_since(gx_clock_cpu_ns(), cpu);
    result.rss_bytes = gx_rss_peak_bytes();
    take(&result, &judgement);
    *out = result;
done:
    gx_judgement_finish(&judgement);
    if (state) {
        model->close(state);
    }
    gx_arrays_drop(arrays, job);
    return status;
}
