#include "engine/operations/tie_parts.h"

#include "engine/kernel/parallel.h"

#include <math.h>
#include <stdlib.h>

enum { WEIGHT_BLOCK = 1 << 16 };

static const struct {
    const char *name, *weight;
} parts[GX_TIE_PART_COUNT] = {
#define X(id, parameter, by_default, help) {parameter, by_default},
    GX_TIE_PART_MAP(X)
#undef X
};

const char *gx_tie_part_name(gx_tie_part part) {
    return parts[part].name;
}

double gx_tie_part_default(gx_tie_part part) {
    return strtod(parts[part].weight, NULL);
}

static double squash(double x) {
    return isinf(x) ? 1.0 : x / (1.0 + x);
}

double gx_tie_weight_part(double weight, double usual) {
    return squash(log2(1.0 + weight / usual));
}

double gx_tie_recency_part(int64_t ts_ms, int64_t now_ms, double half_life_ms) {
    double age = (double)now_ms - (double)ts_ms;
    return age > 0 ? exp2(-age / half_life_ms) : 1.0;
}

double gx_tie_reciprocity_part(double there, double back) {
    double larger = fmax(there, back);
    return larger > 0.0 ? fmin(there, back) / larger : 0.0;
}

double gx_tie_groups_part(double x) {
    return squash(x);
}

double gx_tie_group_weight(uint64_t members) {
    return 1.0 / log2(1.0 + fmax((double)members, 1.0));
}

double gx_tie_common_part(double common, uint64_t degree_u, uint64_t degree_v) {
    double around = (double)degree_u + (double)degree_v - 2.0 - common;
    return around > 0.0 ? fmin(common / around, 1.0) : 0.0;
}

double gx_tie_dot(const gx_matrix *matrix, uint32_t u, uint32_t v) {
    uint64_t a = matrix->ptr[u], b = matrix->ptr[v];
    double dot = 0.0;
    for (; gx_tie_next_shared(matrix, &a, &b, matrix->ptr[u + 1], matrix->ptr[v + 1]); a++, b++) {
        dot += gx_matrix_value(matrix, a) * gx_matrix_value(matrix, b);
    }
    return dot;
}

double gx_tie_norm(const gx_matrix *matrix, uint32_t u) {
    double sum = 0.0;
    for (uint64_t i = matrix->ptr[u]; i < matrix->ptr[u + 1]; i++) {
        sum += gx_matrix_value(matrix, i) * gx_matrix_value(matrix, i);
    }
    return sqrt(sum);
}

double gx_tie_purchases_part(double dot, double norm_u, double norm_v) {
    double norms = norm_u * norm_v;
    return dot > 0.0 && norms > 0.0 ? fmin(dot / norms, 1.0) : 0.0;
}

bool gx_tie_shares(double share[GX_TIE_PART_COUNT]) {
    double sum = 0.0;
    for (int p = 0; p < GX_TIE_PART_COUNT; p++) {
        sum += share[p];
    }
    for (int p = 0; sum > 0.0 && p < GX_TIE_PART_COUNT; p++) {
        share[p] /= sum;
    }
    return sum > 0.0;
}

double gx_tie_strength(const double share[GX_TIE_PART_COUNT],
                       const double part[GX_TIE_PART_COUNT]) {
    double strength = 0.0;
    for (int p = 0; p < GX_TIE_PART_COUNT; p++) {
        strength += share[p] * part[p];
    }
    return fmin(strength, 1.0);
}

gx_status gx_tie_usual_weight(double *out, const gx_graph *graph, gx_job *job, gx_error *err) {
    *out = 1.0;
    if (!graph->out_weight || graph->m == 0) {
        return GX_OK;
    }
    const uint64_t blocks = (graph->m + WEIGHT_BLOCK - 1) / WEIGHT_BLOCK;
    double *sum = NULL, *count = NULL, all = 0.0, positive = 0.0;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &sum, blocks, sizeof *sum, err));
    GX_TRY(gx_job_alloc(job, &count, blocks, sizeof *count, err));
#pragma omp parallel for num_threads(job->threads) schedule(static)
    for (uint64_t b = 0; b < blocks; b++) {
        uint64_t end = b + 1 < blocks ? (b + 1) * WEIGHT_BLOCK : graph->m;
        end = gx_job_should_stop(job) ? 0 : end;
        for (uint64_t i = b * WEIGHT_BLOCK; i < end; i++) {
            if (graph->out_weight[i] > 0.0f) {
                sum[b] += log((double)graph->out_weight[i]);
                count[b] += 1.0;
            }
        }
    }
    for (uint64_t b = 0; b < blocks; b++) {
        all += sum[b];
        positive += count[b];
    }
    *out = positive > 0.0 ? exp(all / positive) : 1.0;
    status = gx_job_check(job, err);
done:
    gx_job_free(job, count);
    gx_job_free(job, sum);
    return status;
}

bool gx_tie_is_strong(uint64_t place, uint64_t degree, double share) {
    return (double)place < fmax(ceil(share * (double)degree), 1.0);
}
