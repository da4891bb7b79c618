#include "engine/centrality/collective_variant.h"

#include "engine/kernel/ball.h"
#include "engine/kernel/chosen.h"
#include "engine/kernel/parallel.h"
#include "engine/kernel/top.h"

enum { MEMBERS_CHUNK = 16, SMALL = 256, BLOCK = 4096 };

typedef struct peeling {
    const gx__collective *asked;
    double unit;                  /* what a mean tie counts */
    double *influence, *strength; /* among those still there */
    uint8_t *gone;
    uint32_t *order, taken;
    gx__ball *balls; /* one a thread, and the one of what changes */
    gx__top top;
    gx_job *job;
} peeling;

bool gx__collective_is_variant(const gx_args *args) {
    return gx_arg_bool(args, "weighted") || !gx_arg_is(args, "direction", "all");
}

/* ---- influence ------------------------------------------------------------------------------- */

static double influence_of(const peeling *p, gx__ball *ball, uint32_t v) {
    double own = p->strength[v] - p->unit, sum = 0, count = 0;
    if (own <= 0) {
        return 0;
    }
    gx__ball_start(ball, &v, 1);
    for (uint32_t d = 0; d < p->asked->radius; d++) {
        if (!gx__ball_widen(ball)) {
            return 0;
        }
    }
    for (uint32_t q = ball->from; q < ball->to; q++) {
        double strength = p->strength[ball->queue[q]];
        sum += strength > p->unit ? strength : 0;
        count += strength > p->unit;
    }
    double ring = sum - count * p->unit;
    return ring > 0 ? own * ring : 0;
}

/* Of those listed, or of all where the list is NULL. */
static gx_status measure(peeling *p, const uint32_t *list, uint32_t count, gx_error *err) {
    const int threads = count > SMALL ? p->job->threads : 1;
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        gx__ball *ball = &p->balls[gx_thread()];
#pragma omp for schedule(dynamic, MEMBERS_CHUNK)
        for (uint32_t i = 0; i < count; i++) {
            uint32_t v = list ? list[i] : i;
            if (!ball->stopped && !p->gone[v]) {
                p->influence[v] = influence_of(p, ball, v);
            }
        }
    }
    return gx_job_check(p->job, err);
}

/* ---- taking away ---------------------------------------------------------------------------- */

/* The best of those left into p->top; their influence all together. */
static double rank(peeling *p) {
    double sum = 0;
    p->top.count = 0;
    for (uint32_t v = 0; v < p->asked->n; v++) {
        if (p->influence[v] > 0) {
            sum += p->influence[v];
            gx__top_offer(&p->top, p->influence[v], v, 0);
        }
    }
    gx__top_sort(&p->top);
    return sum;
}

static double tie_weight(const peeling *p, const gx__rows_view *rows, uint64_t i) {
    return p->asked->weighted ? gx__row_weight(rows, i) : 1;
}

static void take(peeling *p, uint32_t v) {
    const gx__rows_view *against = &p->asked->against;
    p->order[p->taken++] = v;
    p->gone[v] = 1;
    p->influence[v] = 0;
    for (uint64_t i = against->ptr[v]; i < against->ptr[v + 1]; i++) {
        uint32_t u = against->end[i];
        double rest = p->strength[u] - tie_weight(p, against, i);
        p->strength[u] = rest > 0 ? rest : 0;
    }
}

static gx_status peel(peeling *p, double bar, gx_error *err) {
    gx_status status = GX_OK;
    const gx__collective *a = p->asked;
    gx__ball *changed = &p->balls[p->job->threads];
    while (p->taken < a->most) {
        const uint32_t first = p->taken, rest = a->most - first;
        p->top.capacity = rest < a->batch ? rest : a->batch;
        if (rank(p) <= bar) {
            break;
        }
        for (uint32_t i = 0; i < p->top.count; i++) {
            p->order[first + i] = p->top.entry[i].id;
        }
        /* Whom the change reaches, by ways through those who go. */
        gx__ball_start(changed, p->order + first, p->top.count);
        for (uint32_t d = 0; d <= a->radius && gx__ball_widen(changed); d++) {
        }
        for (uint32_t i = 0; i < p->top.count; i++) {
            take(p, p->top.entry[i].id);
        }
        GX_TRY(gx_job_check(p->job, err));
        GX_TRY(measure(p, changed->queue, changed->to, err));
        gx_job_tick(p->job, p->taken);
    }
done:
    return status;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Strengths, and what a mean tie counts; *out_all is all of them together. */
static void weigh(peeling *p, double *out_all) {
    const gx__rows_view *rows = &p->asked->rows;
    double all = 0, ties = 0;
    for (uint32_t v = 0; v < p->asked->n; v++) {
        double sum = 0;
        if (v % BLOCK == 0 && gx_job_should_stop(p->job)) {
            break;
        }
        for (uint64_t i = rows->ptr[v]; i < rows->ptr[v + 1]; i++) {
            sum += rows->end[i] != v ? tie_weight(p, rows, i) : 0;
            ties += rows->end[i] != v;
        }
        p->strength[v] = sum;
        all += sum;
    }
    p->unit = all > 0 ? all / ties : 1;
    *out_all = all;
}

static gx_status prepare(peeling *p, double *out_all, gx_error *err) {
    gx_status status = GX_OK;
    gx_job *job = p->job;
    const uint32_t n = p->asked->n, batch = p->asked->batch;
    GX_TRY(gx_job_alloc(job, &p->influence, n, sizeof *p->influence, err));
    GX_TRY(gx_job_alloc(job, &p->strength, n, sizeof *p->strength, err));
    GX_TRY(gx_job_alloc(job, &p->gone, n, sizeof *p->gone, err));
    GX_TRY(gx_job_alloc(job, &p->order, n, sizeof *p->order, err));
    GX_TRY(gx__balls_make(&p->balls, job->threads + 1, &p->asked->rows, p->gone, n, job, err));
    p->balls[job->threads].rows = &p->asked->against;
    GX_TRY(gx_job_alloc(job, &p->top.entry, batch, sizeof *p->top.entry, err));
    weigh(p, out_all);
    GX_TRY(gx_job_check(job, err));
    status = measure(p, NULL, n, err);
done:
    return status;
}

gx_status gx__collective_variant(gx_output *out, const gx_input *input, const gx__collective *asked,
                                 gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    double *score, all = 0;
    peeling p = {.asked = asked, .job = job};
    gx_job_stage(job, "collective_influence", asked->n);
    GX_TRY(gx__scores_add(&score, out, input, err));
    GX_TRY(prepare(&p, &all, err));
    if (asked->batch > 0) {
        GX_TRY(peel(&p, p.unit * all, err));
    } else if (asked->n > 0) {
        memcpy(score, p.influence, asked->n * sizeof *score);
    }
    GX_TRY(gx__chosen_add(out, score, p.order, p.taken, err));
done:
    gx_job_free(job, p.influence);
    gx_job_free(job, p.strength);
    gx_job_free(job, p.gone);
    gx_job_free(job, p.order);
    gx__balls_free(p.balls, job);
    gx_job_free(job, p.top.entry);
    return status;
}

uint64_t gx__collective_variant_bytes(uint32_t n, uint32_t batch, int threads) {
    return (uint64_t)n * (3 * sizeof(double) + (batch ? 2 : 1) * sizeof(uint32_t) + 1) +
           gx__balls_bytes(n, threads + 1) + batch * sizeof(gx__top_entry);
}
