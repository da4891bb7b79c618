/* Coreness: the largest k such that a member belongs to a group in which everybody is tied to at
 * least k of the others (Seidman, Network structure and minimum degree, 1983). With `in` only those
 * who follow a member count, with `out` those it follows. With `weighted` k is the weight of the
 * ties in place of their number (Eidsaa and Almaas, s-core network decomposition, Physical Review E
 * 88, 2013). Self-loops do not count.
 *
 * Peeling: for k = 0, 1, 2 … everybody of degree k is taken away, which may bring others down to k,
 * who go next. Unlike Batagelj and Zaveršnik (2003), members are not kept sorted by degree, which
 * costs four scattered writes a tie: they wait in a queue, and those of degree k are found by a
 * scan over the members left. The queue is the order of degeneracy (Matula and Beck 1983): nobody
 * is tied to more than its coreness of those after it. What remains a tie is one read and one write
 * of the neighbour's degree, with no branch that cannot be foreseen; the rows of those who wait are
 * fetched ahead, since the queue knows them. One thread: with several the degrees travel between
 * caches at every tie, which was measured slower on two cores (PKC, Kabir and Madduri 2017).
 * Weights are peeled by a heap, whoever has least going next.
 *
 * Time O(m + Σ over k of the members left at k), 24 bytes a member; weighted O(m log n), 28 bytes.
 * Weighted, what is left of a strength is right to within the rounding of the whole.
 */
#include "engine/kernel/heap.h"
#include "engine/kernel/neighbours.h"

enum {
    LOOK = 16384,
    AHEAD = 8, /* members of the queue whose rows are on their way from memory */
    LINE = 64 / sizeof(uint32_t)
};

static const gx_param params[] = {
    GX__PARAM_DIRECTION("ties counted: from either side, received or given"),
    GX__PARAM_BOOL("weighted", "false", "by the weight of the ties instead of their number"),
};

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS, "largest k with the member in the k-core"},
    {"order", GX_U32, GX_LEN_USERS, "place of the member, the loosest first: tied to few after it"},
};

/* What counts for a member, and for whom the member counts: the same where ties go both ways. */
typedef struct sides {
    gx__rows_view counted, counting;
} sides;

static sides sides_of(const gx_input *input, const gx_args *args) {
    return (sides){.counted = gx__rows_by(input, args), .counting = gx__rows_against(input, args)};
}

/* ---- by number ------------------------------------------------------------------------------ */

typedef struct peeling {
    gx__rows_view counted, counting;
    uint32_t n;
    uint32_t *degree; /* among those not taken away; of the others their coreness */
    uint32_t *queue;  /* who was taken away, and who is next */
    uint32_t *left;   /* who is left, and some who were taken since the last scan */
    uint32_t taken, queued, left_count;
    uint64_t looked; /* ties since the last look at the stop flag */
} peeling;

static gx_status start(peeling *p, gx_job *job, gx_error *err) {
    gx_status status = gx_job_check(job, err);
    for (uint32_t v = 0; status == GX_OK && v < p->n; v++) {
        p->degree[v] = (uint32_t)gx__others(&p->counted, v);
        p->left[v] = v;
        if (v % LOOK == 0) {
            status = gx_job_check(job, err);
        }
    }
    p->left_count = p->n;
    return status;
}

/* Queues those of degree k, forgets those taken away before; returns the lowest degree of the
 * others. */
static uint32_t scan(peeling *p, uint32_t k) {
    uint32_t kept = 0, lowest = GX_NONE;
    for (uint32_t i = 0; i < p->left_count; i++) {
        uint32_t v = p->left[i], degree = p->degree[v];
        if (degree == k) {
            p->queue[p->queued++] = v;
        } else if (degree > k) {
            p->left[kept++] = v;
            lowest = degree < lowest ? degree : lowest;
        }
    }
    p->left_count = kept;
    return lowest;
}

/* Takes one member away: a tie less for each neighbour still there. */
static void take(peeling *p, uint32_t v, uint32_t k) {
    uint64_t begin = p->counting.ptr[v], end = p->counting.ptr[v + 1];
    const uint32_t *dst = p->counting.end;
    uint32_t *degree = p->degree, *queue = p->queue, queued = p->queued;
    for (uint64_t i = begin; i < end; i++) {
        uint32_t u = dst[i], before = degree[u];
        degree[u] = before - (before > k);
        queue[queued] = u; /* counts only where that left k */
        queued += before == k + 1;
    }
    p->queued = queued;
    p->looked += end - begin + 1;
}

/* Rows are taken in the order of the queue, all over memory; asked for in time, they are there. */
static inline void fetch(const peeling *p) {
    if (p->taken + 2 * AHEAD < p->queued) {
        const uint32_t *next = p->queue + p->taken;
        const uint32_t *row = p->counting.end + p->counting.ptr[next[AHEAD]];
        __builtin_prefetch(&p->counting.ptr[next[2 * AHEAD]]);
        __builtin_prefetch(row);
        __builtin_prefetch(row + LINE);
    }
}

static gx_status peel(peeling *p, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    for (uint32_t k = 0, next; p->left_count > 0; k = next) {
        uint32_t lowest = scan(p, k);
        /* Where nobody has k, go on with whom there is. */
        next = p->queued > p->taken ? k + 1 : lowest;
        while (p->taken < p->queued) {
            fetch(p);
            take(p, p->queue[p->taken++], k);
            if (p->looked >= LOOK) {
                p->looked = 0;
                GX_TRY(gx_job_check(job, err));
            }
        }
        gx_job_tick(job, p->n - p->left_count);
    }
done:
    return status;
}

static gx_status by_number(double *score, uint32_t *order, const sides *s, uint32_t n, gx_job *job,
                           gx_error *err) {
    gx_status status = GX_OK;
    peeling p = {.counted = s->counted, .counting = s->counting, .n = n};
    GX_TRY(gx_job_alloc(job, &p.degree, n, sizeof *p.degree, err));
    GX_TRY(gx_job_alloc(job, &p.queue, (size_t)n + 1, sizeof *p.queue, err));
    GX_TRY(gx_job_alloc(job, &p.left, n, sizeof *p.left, err));
    GX_TRY(start(&p, job, err));
    GX_TRY(peel(&p, job, err));
    for (uint32_t v = 0; v < n; v++) {
        score[v] = p.degree[v];
        order[p.queue[v]] = v;
    }
done:
    gx_job_free(job, p.degree);
    gx_job_free(job, p.queue);
    gx_job_free(job, p.left);
    return status;
}

/* ---- by weight ------------------------------------------------------------------------------ */

static gx_status peel_weights(gx__heap *heap, double *score, uint32_t *order, const sides *s,
                              gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    const gx__rows_view *rows = &s->counting;
    double level = 0;
    uint64_t looked = 0;
    for (uint32_t k = 0; heap->count > 0; k++) {
        uint32_t v = gx__heap_take(heap);
        level = heap->key[v] > level ? heap->key[v] : level;
        score[v] = level;
        order[v] = k;
        for (uint64_t i = rows->ptr[v]; i < rows->ptr[v + 1]; i++) {
            uint32_t u = rows->end[i];
            if (heap->place[u] != GX_NONE) {
                double rest = heap->key[u] - gx__row_weight(rows, i);
                gx__heap_lower(heap, u, rest > 0 ? rest : 0);
            }
        }
        looked += rows->ptr[v + 1] - rows->ptr[v] + 1;
        if (looked > LOOK) {
            looked = 0;
            GX_TRY(gx_job_check(job, err));
            gx_job_tick(job, k);
        }
    }
done:
    return status;
}

static gx_status by_weight(double *score, uint32_t *order, const sides *s, uint32_t n, gx_job *job,
                           gx_error *err) {
    gx_status status = GX_OK;
    gx__heap heap = {.count = 0};
    GX_TRY(gx_job_alloc(job, &heap.key, n, sizeof *heap.key, err));
    GX_TRY(gx_job_alloc(job, &heap.item, n, sizeof *heap.item, err));
    GX_TRY(gx_job_alloc(job, &heap.place, n, sizeof *heap.place, err));
    for (uint32_t v = 0; v < n; v++) {
        heap.place[v] = GX_NONE;
        gx__heap_lower(&heap, v, gx__others_strength(&s->counted, v));
        if (v % LOOK == 0) {
            GX_TRY(gx_job_check(job, err));
        }
    }
    GX_TRY(peel_weights(&heap, score, order, s, job, err));
done:
    gx_job_free(job, heap.key);
    gx_job_free(job, heap.item);
    gx_job_free(job, heap.place);
    return status;
}

/* ---- the pass ------------------------------------------------------------------------------- */

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)threads;
    bool weighted = gx_arg_bool(args, "weighted");
    const gx__degrees degrees = gx__degrees_by(input, args);
    out->mem_bytes = (weighted ? 28 : 24) * (uint64_t)input->users + 4;
    out->cpu_s =
        gx__ties_seconds(&degrees, 48, (gx__pace){0, 3.2, 7.8, 28}) * (weighted ? 6 : 1) + 1e-6;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    double *score;
    uint32_t *order, n = input->users;
    sides s = sides_of(input, args);
    gx_job_stage(job, "kcore", n);
    GX_TRY(gx__scores_add(&score, out, input, err));
    GX_TRY(gx_output_add(&order, out, "order", GX_U32, n, 0, err));
    GX_TRY(gx_arg_bool(args, "weighted") ? by_weight(score, order, &s, n, job, err)
                                         : by_number(score, order, &s, n, job, err));
done:
    return status;
}

/* Every place is taken once, and who has it is tied to at most its coreness of those after it. */
static gx_status check_order(const double *score, const uint32_t *order, const gx__rows_view *rows,
                             uint32_t n, const char *instance, gx_error *err) {
    gx_status status = GX_OK;
    uint8_t *taken = gx_alloc0(n, 1);
    if (!taken) {
        return gx_fail_memory(err, n);
    }
    for (uint32_t v = 0; v < n && status == GX_OK; v++) {
        double after = 0, slack = 1e-9 * gx__others_strength(rows, v);
        for (uint64_t i = rows->ptr[v]; i < rows->ptr[v + 1]; i++) {
            uint32_t u = rows->end[i];
            after += u != v && order[u] > order[v] ? gx__row_weight(rows, i) : 0;
        }
        if (order[v] >= n || taken[order[v]] || after > score[v] + slack) {
            status = gx_fail(err, GX_INTERNAL, "%s.order of member %u is %u, tied to %g after it",
                             instance, v, order[v], after);
        } else {
            taken[order[v]] = 1;
        }
    }
    gx_free(taken);
    return status;
}

/* A member of coreness k is tied to at least k of coreness k or more, and to at most k of more. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    const double *score;
    gx__rows_view rows = gx__rows_weighed(gx__rows_by(input, args), gx_arg_bool(args, "weighted"));
    gx_status status = gx__scores_check(&score, result, instance, input, err);
    for (uint32_t v = 0; status == GX_OK && v < input->users; v++) {
        double same = 0, more = 0, slack = 1e-9 * gx__others_strength(&rows, v);
        for (uint64_t i = rows.ptr[v]; i < rows.ptr[v + 1]; i++) {
            uint32_t u = rows.end[i];
            double weight = u != v ? gx__row_weight(&rows, i) : 0;
            same += score[u] >= score[v] ? weight : 0;
            more += score[u] > score[v] ? weight : 0;
        }
        if (same + slack < score[v] || more > score[v] + slack) {
            return gx_fail(
                err, GX_INTERNAL,
                "%s.score of member %u is %g, with %g neighbours of at least that and %g of "
                "more",
                instance, v, score[v], same, more);
        }
    }
    const uint32_t *order = gx_result_get(result, instance, "order", GX_U32, input->users);
    if (status == GX_OK && !order && input->users) {
        return gx_fail(err, GX_INTERNAL, "%s.order is not there", instance);
    }
    return status == GX_OK ? check_order(score, order, &rows, input->users, instance, err) : status;
}

const gx_pass gx_pass_kcore = {
    .name = "kcore",
    .kind = GX_KIND_CENTRALITY,
    .summary = "coreness: how dense a group a member belongs to",
    .paper = "Seidman: Network structure and minimum degree, 1983; Batagelj, Zaversnik: An O(m) "
             "algorithm for cores decomposition of networks, 2003; Matula, Beck: Smallest-last "
             "ordering, JACM 30, 1983; Eidsaa, Almaas: s-core network decomposition, 2013",
    .complexity = "O(m + members left at each k) time, one thread; 24 bytes a member; "
                  "weighted O(m log n), 28 bytes",
    .needs = GX__NEED_TIES,
    .reads = gx__reads_both_sides,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .estimate = estimate,
    .run = run,
    .check = check,
};
