/* The local gravity model (Li, Ren, Ma, Liu, Zhang and Zhou, Scientific Reports 9:8387, 2019):
 * members attract each other as masses do, the mass being the degree,
 *
 *     C(i) = Σ over j ≠ i with d_ij ≤ R of k_i k_j / d_ij²
 *
 * d_ij is the number of ties between the two. The paper finds the best radius R near half the mean
 * distance, which is 2 or 3 for social graphs; far members add noise and cost. With `weighted` the
 * mass is the weight of all ties (strength) in place of their number;
 * distances still count ties. Direction and self-loops do not count.
 *
 * A search from each member, R steps deep: time O(n · members and ties within R − 1 steps), which
 * for R = 2 is O(Σ k²). Memory: 16 bytes a member, 8 a member and thread. Masses of a distance are
 * summed in the order of the search, by one thread: the same bytes at any thread count.
 */
#include "engine/kernel/neighbours.h"
#include "engine/kernel/parallel.h"

enum { MEMBERS_CHUNK = 16, SMALL = 1 << 10, LOOK = 1 << 18, RADIUS_MAX = 100 };

static const gx_param params[] = {
    {.name = "radius",
     .type = GX_PARAM_INT,
     .fallback = "2",
     .low = 1,
     .high = RADIUS_MAX,
     .unit = "ties",
     .help = "members farther away do not count; half the mean distance is a good choice"},
    {.name = "weighted",
     .type = GX_PARAM_BOOL,
     .fallback = "false",
     GX_PARAM_UNCHECKED,
     .help = "the mass of a member is the weight of the ties instead of their number"},
};

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS, "attraction by the members within the radius"},
};

/* One thread's search. */
typedef struct search {
    const gx__rows_view *rows;
    const double *mass;
    gx_job *job;
    uint32_t radius;
    uint32_t *seen;  /* n: number of the last search that came here, + 1 */
    uint32_t *queue; /* n */
    uint64_t looked;
    bool stopped;
} search;

static bool looks(search *s, uint64_t more) {
    s->looked += more;
    if (s->looked > LOOK) {
        s->looked = 0;
        s->stopped = s->stopped || gx_job_should_stop(s->job);
    }
    return !s->stopped;
}

/* The masses one step beyond queue[from, to), who are added at `to` unless they are the last. */
static double widen(search *s, uint32_t source, uint32_t from, uint32_t to, uint32_t *out_end,
                    bool last) {
    double sum = 0;
    uint32_t end = to;
    for (uint32_t q = from; q < to; q++) {
        uint32_t v = s->queue[q];
        uint64_t row_end = s->rows->ptr[v + 1];
        if (!looks(s, row_end - s->rows->ptr[v] + 1)) {
            break;
        }
        for (uint64_t i = s->rows->ptr[v]; i < row_end; i++) {
            uint32_t u = s->rows->end[i];
            if (s->seen[u] != source + 1) {
                s->seen[u] = source + 1;
                sum += s->mass[u];
                s->queue[end] = u;
                end += !last;
            }
        }
    }
    *out_end = end;
    return sum;
}

static double attraction(search *s, uint32_t v) {
    double sum = 0;
    uint32_t from = 0, to = 1;
    s->seen[v] = v + 1;
    s->queue[0] = v;
    for (uint32_t d = 1; d <= s->radius && from < to; d++) {
        uint32_t end;
        sum += widen(s, v, from, to, &end, d == s->radius) / ((double)d * d);
        from = to;
        to = end;
    }
    return s->mass[v] * sum;
}

/* Ties of a member's neighbours, in the mean: of each tie the ties at its end. */
static double ties_beyond(const gx_graph *g) {
    double squares = 0;
    for (uint32_t v = 0; v < g->n; v++) {
        double ties = (double)(g->out_ptr[v + 1] - g->out_ptr[v]);
        squares += ties * ties;
    }
    return g->m > 0 ? squares / (double)g->m : 0;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    double m = input->undirected ? (double)input->undirected->m : 0, n = input->users;
    double beyond = m > 0 ? ties_beyond(input->undirected) : 0, ball = 1;
    for (int64_t d = 1; d < gx_arg_int(args, "radius") && ball < n; d++) {
        ball *= beyond;
    }
    ball = ball < n ? ball : n;
    uint64_t one = (2 * (uint64_t)input->users + 1) * sizeof(uint32_t);
    out->mem_bytes = 2 * sizeof(double) * (uint64_t)input->users +
                     one * (input->users > SMALL ? (uint64_t)threads : 1);
    out->cpu_s = 5e-9 * m * ball + 3e-8 * n + 1e-6;
}

static void weigh(double *mass, const gx__rows_view *rows, bool weighted, uint32_t n, gx_job *job) {
#pragma omp parallel for num_threads(job->threads) schedule(dynamic, 1024) if (n > SMALL)
    for (uint32_t v = 0; v < n; v++) {
        double sum = 0;
        for (uint64_t i = rows->ptr[v]; weighted && i < rows->ptr[v + 1]; i++) {
            sum += rows->end[i] == v ? 0 : gx__row_weight(rows, i);
        }
        mass[v] = weighted ? sum : (double)gx__others(rows, v);
    }
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    const uint32_t n = input->users;
    const int threads = n > SMALL ? job->threads : 1;
    const gx__rows_view rows = gx__rows_out(input->undirected);
    const size_t width = 2 * (size_t)n + 1; /* marks, and a queue with room for one beyond it */
    double *score, *mass = NULL;
    uint32_t *scratch = NULL;
    gx_job_stage(job, "local_gravity", n);
    GX_TRY(gx__scores_add(&score, out, input, err));
    GX_TRY(gx_job_alloc(job, &mass, n, sizeof *mass, err));
    GX_TRY(gx_job_alloc(job, &scratch, width, (size_t)threads * sizeof *scratch, err));
    weigh(mass, &rows, gx_arg_bool(args, "weighted"), n, job);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        uint32_t *own = scratch + (size_t)gx_thread() * width;
        search s = {.rows = &rows,
                    .mass = mass,
                    .job = job,
                    .radius = (uint32_t)gx_arg_int(args, "radius"),
                    .seen = own,
                    .queue = own + n};
#pragma omp for schedule(dynamic, MEMBERS_CHUNK)
        for (uint32_t v = 0; v < n; v++) {
            if (!s.stopped) {
                score[v] = attraction(&s, v);
            }
            if (gx_thread() == 0 && v % MEMBERS_CHUNK == 0) {
                s.stopped = s.stopped || gx_job_should_stop(job);
                gx_job_tick(job, v);
            }
        }
    }
    status = gx_job_check(job, err);
done:
    gx_job_free(job, mass);
    gx_job_free(job, scratch);
    return status;
}

/* Neighbours are within any radius. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    const double *score;
    const gx__rows_view rows = gx__rows_out(input->undirected);
    gx_status status = gx__scores_check(&score, result, instance, input, err);
    for (uint32_t v = 0; status == GX_OK && v < input->users; v++) {
        double ties = (double)gx__others(&rows, v), least = ties * ties;
        if (!gx_arg_bool(args, "weighted") && score[v] < least) {
            return gx_fail(err, GX_INTERNAL, "%s.score of member %u is %g, with %g neighbours",
                           instance, v, score[v], ties);
        }
    }
    return status;
}

const gx_pass gx_pass_local_gravity = {
    .name = "local_gravity",
    .kind = GX_KIND_CENTRALITY,
    .summary = "local gravity: degrees of the members nearby, by the square of their distance",
    .paper = "Li, Ren, Ma, Liu, Zhang, Zhou: Identifying influential spreaders by gravity model, "
             "Scientific Reports 9, 2019",
    .complexity = "O(n x ties within radius - 1 steps) time; 16 bytes a member, 8 a member and "
                  "thread",
    .needs = GX_NEED_UNDIRECTED,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .estimate = estimate,
    .run = run,
    .check = check,
};
