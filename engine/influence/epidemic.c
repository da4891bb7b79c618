#include "engine/influence/epidemic.h"

#include "engine/influence/draws.h"
#include "engine/kernel/parallel.h"
#include "engine/kernel/rank.h"

#include <math.h>

enum {
    SMALL = 1 << 7, /* members, below which one thread does it */
    CHUNK = 8,      /* members that a thread takes at once */
    LOOK = 1 << 16  /* draws between two looks at whether to stop */
};

double gx__epidemic_passed(double rate, double recovery) {
    return rate > 0 ? rate / (recovery + rate * (1 - recovery)) : 0;
}

double gx__epidemic_rate(double passed, double recovery) {
    return passed > 0 ? passed * recovery / (1 - passed + passed * recovery) : 0;
}

/* ---- one outbreak ---------------------------------------------------------------------------- */

/* A thread's own. */
typedef struct outbreak {
    uint8_t *had;   /* n: infected at some time; all 0 between outbreaks */
    uint32_t *all;  /* n: those, in order */
    uint32_t *now;  /* n: infected in this step */
    uint32_t count; /* of all */
    uint64_t since; /* draws since the last look */
} outbreak;

typedef struct playing {
    gx__rows_view rows;
    double stride; /* 1 / −ln(1 − rate): what a gap between those infected is measured in */
    double recovery;
    gx_job *job;
} playing;

/* Adds to `all` those whom v infects in one step. */
static void meet_all(outbreak *o, const playing *w, uint32_t v, gx__draws *d) {
    uint64_t at = w->rows.ptr[v];
    const uint64_t end = w->rows.ptr[v + 1];
    for (o->since++; at < end; o->since++) {
        const double gap = gx__minus_ln(gx__draws_real(d)) * w->stride;
        if (!(gap < (double)(end - at))) {
            break;
        }
        at += (uint64_t)gap;
        const uint32_t u = w->rows.end[at++];
        if (!o->had[u]) {
            o->had[u] = 1;
            o->all[o->count++] = u;
        }
    }
}

/* Members infected beyond v. */
static uint32_t play(outbreak *o, const playing *w, uint32_t v, gx__draws d) {
    uint32_t infected = 1, fresh = 1;
    bool stop = false;
    o->all[0] = o->now[0] = v;
    o->count = 1;
    o->had[v] = 1;
    while (infected > 0 && !stop) {
        uint32_t still = 0;
        for (uint32_t i = 0; i < infected && !stop; i++) {
            meet_all(o, w, o->now[i], &d);
            if (o->since >= LOOK) {
                o->since = 0;
                stop = gx_job_should_stop(w->job);
            }
        }
        for (uint32_t i = 0; i < infected; i++) {
            if (w->recovery < 1 && gx__draws_real(&d) > w->recovery) {
                o->now[still++] = o->now[i];
            }
        }
        for (; fresh < o->count; fresh++) {
            o->now[still++] = o->all[fresh];
        }
        infected = still;
    }
    for (uint32_t i = 0; i < o->count; i++) {
        o->had[o->all[i]] = 0;
    }
    return o->count - 1;
}

static gx_status outbreak_init(outbreak *out, uint32_t n, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(job, &out->had, n, sizeof *out->had, err));
    GX_TRY(gx_job_alloc(job, &out->all, n, sizeof *out->all, err));
    GX_TRY(gx_job_alloc(job, &out->now, n, sizeof *out->now, err));
done:
    return status;
}

static void outbreak_finish(outbreak *o, gx_job *job) {
    gx_job_free(job, o->had);
    gx_job_free(job, o->all);
    gx_job_free(job, o->now);
}

static gx__rows_view rows_of(const gx__spreading *spreading) {
    return spreading->directed && !spreading->along ? gx__rows_in(spreading->graph)
                                                    : gx__rows_out(spreading->graph);
}

gx_status gx__outbreaks(uint64_t *sum, const gx__spreading *spreading, double recovery,
                        uint32_t runs, gx_job *job, gx_error *err) {
    const uint32_t n = spreading->graph->n;
    const int threads = n > SMALL ? job->threads : 1;
    const playing w = {.rows = rows_of(spreading),
                       .stride = gx__stride_of(spreading->chance),
                       .recovery = recovery,
                       .job = job};
    outbreak *of = NULL;
    gx_status status = GX_OK;
    if (!(spreading->chance > 0)) {
        return GX_OK;
    }
    GX_TRY(gx_job_alloc(job, &of, (size_t)threads, sizeof *of, err));
    for (int t = 0; t < threads; t++) {
        GX_TRY(outbreak_init(&of[t], n, job, err));
    }
#pragma omp parallel for schedule(dynamic, CHUNK) num_threads(threads) if (threads > 1)
    for (uint32_t v = 0; v < n; v++) {
        outbreak *o = &of[gx_thread()];
        const uint64_t name = gx_mix64(job->seed ^ gx_mix64((uint64_t)v + 1));
        for (uint32_t r = 0; r < runs && !gx_job_should_stop(job); r++) {
            sum[v] += play(o, &w, v, gx__draws_of(name, r));
        }
        if (gx_thread() == 0) {
            gx_job_tick(job, v);
        }
    }
    GX_TRY(gx_job_check(job, err));
done:
    for (int t = 0; of && t < threads; t++) {
        outbreak_finish(&of[t], job);
    }
    gx_job_free(job, of);
    return status;
}

uint64_t gx__outbreaks_bytes(uint32_t n, int threads) {
    return (uint64_t)(n > SMALL ? threads : 1) * (9 * (uint64_t)n + sizeof(outbreak));
}

/* ---- how well scores tell spreaders ---------------------------------------------------------- */

static gx_status play_truth(double *reached, const gx_spreading_options *options, gx_job *job,
                            gx_error *err) {
    const uint32_t n = options->spreading.graph->n, runs = options->runs;
    gx__spreading spreading = options->spreading;
    uint64_t *sum = NULL;
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(job, &sum, n, sizeof *sum, err));
    if (options->recovery < 1 || options->outbreaks) {
        spreading.chance = gx__epidemic_rate(spreading.chance, options->recovery);
        gx_job_stage(job, "outbreaks", n);
        GX_TRY(gx__outbreaks(sum, &spreading, options->recovery, runs, job, err));
        for (uint32_t v = 0; v < n; v++) {
            reached[v] = 1 + (double)sum[v] / runs;
        }
    } else {
        gx_job_stage(job, "outbreaks", runs);
        GX_TRY(gx__percolate(sum, &spreading, 0, runs, job, err));
        GX_TRY(gx__percolation_scores(reached, sum, runs, &spreading, job, err));
    }
done:
    gx_job_free(job, sum);
    return status;
}

gx_status gx_spreading_play(gx_spreading_truth *out, const gx_spreading_options *options,
                            gx_job *job, gx_error *err) {
    const uint32_t n = options->spreading.graph->n;
    const uint64_t seed = job->seed;
    gx_status status = GX_OK;
    double all = 0;
    *out = (gx_spreading_truth){.n = n};
    for (uint32_t t = 0; t < GX_SPREADING_TRUTHS; t++) {
        GX_TRY(gx_job_alloc(job, &out->reached[t], n, sizeof *out->reached[t], err));
        job->seed = gx_mix64(seed ^ gx_mix64(0x7472757468U + t)); /* "truth" */
        GX_TRY(play_truth(out->reached[t], options, job, err));
        for (uint32_t v = 0; v < n; v++) {
            all += out->reached[t][v];
        }
    }
    GX_TRY(gx__rank_kendall(&out->ceiling, out->reached[0], out->reached[1], n, job, err));
    out->mean = n > 0 ? all / n / GX_SPREADING_TRUTHS : 0;
done:
    job->seed = seed;
    if (status != GX_OK) {
        gx_spreading_truth_finish(out, job);
    }
    return status;
}

void gx_spreading_truth_finish(gx_spreading_truth *truth, gx_job *job) {
    for (uint32_t t = 0; t < GX_SPREADING_TRUTHS; t++) {
        gx_job_free(job, truth->reached[t]);
    }
    *truth = (gx_spreading_truth){0};
}

gx_status gx_spreading_judge(double *out_tau, double *out_spearman, const gx_spreading_truth *truth,
                             const double *score, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    *out_tau = *out_spearman = 0;
    for (uint32_t t = 0; t < GX_SPREADING_TRUTHS; t++) {
        double tau, spearman;
        GX_TRY(gx__rank_kendall(&tau, score, truth->reached[t], truth->n, job, err));
        GX_TRY(gx__rank_spearman(&spearman, score, truth->reached[t], truth->n, job, err));
        *out_tau += tau / GX_SPREADING_TRUTHS;
        *out_spearman += spearman / GX_SPREADING_TRUTHS;
    }
done:
    return status;
}
