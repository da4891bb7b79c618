/* What goes with an item (R38): complements by lift and order of purchase, and substitutes.
 *
 * A member's purchases lie in the order of time. Of a purchase of `a` those within `together` days
 * of it are bought with it, later ones up to `window` days are bought after it, earlier ones up to
 * `window` days before it. Over all purchases of all members, with n(a→b) of them where b was
 * bought with or after a, R(a) = Σ_b n(a→b), C(b) = Σ_a n(a→b) and N the sum of all:
 *
 *   expected e = R(a) · C(b) / N         lift = (n + prior) / (e + prior)
 *
 * that is, b beside what else is bought around a, so that members who buy much of everything make
 * no lift; the prior is a gamma of mean 1 and `prior` events (DuMouchel 1999). An entry a→b is kept
 * where n ≥ support, n > e, the evidence G² of the two by two table (Dunning: Accurate methods for
 * the statistics of surprise and coincidence, Computational Linguistics 19(1), 1993) is at least
 * `evidence`, and b does not come first: of the pairs of the two within the window at least the
 * share `order` has b last, one bought together counting half. Rows are by falling G².
 *
 * Substitutes are told by bundle_like.c.
 *
 * Time O(nnz log d + Σ over purchases of those within the window); members with more than `busy`
 * items are left out. Memory 24 bytes a purchase, 16 an item and thread, 24 a kept entry. Counts
 * are whole numbers and an item is one thread's: the same bytes at any thread count.
 *
 * Of each member and item the latest purchase alone is known. Where the store has no times all is
 * bought together, and order decides nothing. */
#include "engine/operations/bundle.h"

#include "engine/kernel/parallel.h"

#include <math.h>
#include <stdlib.h>

enum { LOOK = 1 << 14 };
static const double DAY_MS = 86400000.0;

static const gx_param params[] = {
    {"window", GX_PARAM_REAL, "30", 0, 36500, "days", NULL, 0,
     "how long after an item another still goes with it"},
    {"together", GX_PARAM_REAL, "0.02", 0, 36500, "days", NULL, 0,
     "so near in time is one purchase, without an order"},
    {"keep", GX_PARAM_INT, "50", 1, 1000, "items", NULL, 0, "at most so many go with each item"},
    {"support", GX_PARAM_INT, "3", 1, 1e9, "members", NULL, 0, "so many members bought both"},
    {"evidence", GX_PARAM_REAL, "10.83", 0, 1e9, NULL, NULL, 0,
     "least G²; 10.83 is a chance of one in a thousand"},
    {"order", GX_PARAM_REAL, "0.35", 0, 1, NULL, NULL, 0,
     "least share of the pairs in which it comes last"},
    {"prior", GX_PARAM_REAL, "1", 0, 1e9, "members", NULL, 0,
     "how much the average weighs against a lift"},
    {"busy", GX_PARAM_INT, "1000", 1, 1e9, "items", NULL, 0,
     "members with more items than that are left out"},
    {"likes", GX_PARAM_INT, "20", 0, 1000, "items", NULL, 0,
     "at most so many substitutes of each item"},
    {"likeness", GX_PARAM_REAL, "0.4", 0.01, 1, NULL, NULL, 0, "least cosine of a substitute"},
};

static const gx_gives gives[] = {
    {"ptr", GX_U64, GX_LEN_OTHER, "start of each item's complements, items + 1"},
    {"item", GX_U32, GX_LEN_OTHER, "what goes with it, by falling G²"},
    {"count", GX_U32, GX_LEN_OTHER, "members who bought it with or after the other"},
    {"after", GX_U32, GX_LEN_OTHER, "of them, after"},
    {"lift", GX_F32, GX_LEN_OTHER, "count over what chance would give, shrunk; above 1"},
    {"expected", GX_F32, GX_LEN_OTHER, "count that chance would give"},
    {"evidence", GX_F32, GX_LEN_OTHER, "G²"},
    {"buyers", GX_U32, GX_LEN_ITEMS, "members who bought the item"},
    {"window", GX_F64, GX_LEN_OTHER, "days, one entry"},
    {"bought", GX_U32, GX_LEN_OTHER,
     "one entry: 1 of purchases; 0 of whatever members took to, in a log without any"},
    {"like_ptr", GX_U64, GX_LEN_OTHER, "start of each item's substitutes, items + 1"},
    {"like_item", GX_U32, GX_LEN_OTHER, "substitutes, by falling likeness"},
    {"like", GX_F32, GX_LEN_OTHER, "cosine of what goes with the two, 0 to 1"},
};

double gx__bundle_evidence(double both, double row, double col, double all) {
    const double cell[4] = {both, row - both, col - both, all - row - col + both};
    const double rows[4] = {row, row, all - row, all - row};
    const double cols[4] = {col, all - col, col, all - col};
    double sum = 0;
    for (int k = 0; k < 4; k++) {
        sum += cell[k] > 0 ? cell[k] * log(cell[k] / rows[k] * (all / cols[k])) : 0;
    }
    return sum > 0 ? 2 * sum : 0;
}

/* ---- purchases ------------------------------------------------------------------------------ */

static void purchases_finish(gx__purchases *p, gx_job *job) {
    gx_job_free(job, p->begin);
    gx_job_free(job, p->deed);
    gx_job_free(job, p->ptr);
    gx_job_free(job, p->place);
}

static int by_time(const void *a, const void *b) {
    const gx__deed *x = a, *y = b;
    if (x->ts_ms != y->ts_ms) {
        return x->ts_ms < y->ts_ms ? -1 : 1;
    }
    return (x->item > y->item) - (x->item < y->item);
}

static void take_rows(gx__purchases *p, const gx_matrix *m, uint64_t busy) {
    uint64_t made = 0;
    for (uint32_t u = 0; u < p->users; u++) {
        p->begin[u] = made;
        const bool taken = m->ptr[u + 1] - m->ptr[u] <= busy;
        for (uint64_t k = m->ptr[u]; taken && k < m->ptr[u + 1]; k++) {
            if (gx_matrix_value(m, k) > 0) {
                p->deed[made++] = (gx__deed){m->ts ? m->ts[k] : 0, m->col[k]};
                p->ptr[m->col[k] + 1]++;
            }
        }
        p->buyers += made > p->begin[u];
    }
    p->begin[p->users] = made;
}

/* Every item's places, after its row's own counts became where it begins. */
static void take_places(gx__purchases *p) {
    for (uint32_t i = 0; i < p->items; i++) {
        p->ptr[i + 1] += p->ptr[i];
    }
    for (uint32_t u = 0; u < p->users; u++) {
        for (uint64_t k = p->begin[u]; k < p->begin[u + 1]; k++) {
            p->place[p->ptr[p->deed[k].item]++] = (gx__place){u, (uint32_t)(k - p->begin[u])};
        }
    }
    for (uint32_t i = p->items; i > 0; i--) {
        p->ptr[i] = p->ptr[i - 1];
    }
    p->ptr[0] = 0;
}

static gx_status purchases_init(gx__purchases *p, const gx_input *input, uint64_t busy, gx_job *job,
                                gx_error *err) {
    gx_status status;
    const gx_matrix *m = input->bought ? input->bought : input->matrix;
    *p = (gx__purchases){.users = input->users, .items = input->items};
    GX_TRY(gx_job_alloc(job, &p->begin, (size_t)p->users + 1, sizeof *p->begin, err));
    GX_TRY(gx_job_alloc(job, &p->ptr, (size_t)p->items + 1, sizeof *p->ptr, err));
    GX_TRY(gx_job_alloc(job, &p->deed, m->nnz, sizeof *p->deed, err));
    GX_TRY(gx_job_alloc(job, &p->place, m->nnz, sizeof *p->place, err));
    take_rows(p, m, busy);
#pragma omp parallel for num_threads(job->threads) schedule(dynamic, 256)
    for (uint32_t u = 0; u < p->users; u++) {
        if (p->begin[u + 1] - p->begin[u] > 1 && !gx_job_should_stop(job)) {
            qsort(p->deed + p->begin[u], p->begin[u + 1] - p->begin[u], sizeof *p->deed, by_time);
        }
    }
    GX_TRY(gx_job_check(job, err));
    take_places(p);
done:
    return status;
}

/* ---- sums ----------------------------------------------------------------------------------- */

typedef struct bundle {
    gx__purchases p;
    uint64_t window_ms, together_ms;
    uint64_t *leads, *follows; /* R and C of each item */
    double all;                /* N */
    uint32_t support;
    double evidence, order, prior;
    gx__kept kept;
    uint32_t *after; /* beside kept.entry */
} bundle;

/* Times of a row only rise. */
static uint64_t apart(const gx__deed *early, const gx__deed *late) {
    return (uint64_t)late->ts_ms - (uint64_t)early->ts_ms;
}

/* R and C from one member's row, with four places that only move on. */
static void sum_row(bundle *b, const gx__deed *row, uint64_t count) {
    uint64_t far = 0, near = 0, near_end = 0, far_end = 0;
    for (uint64_t k = 0; k < count; k++) {
        while (apart(&row[far], &row[k]) > b->window_ms) {
            far++;
        }
        while (apart(&row[near], &row[k]) > b->together_ms) {
            near++;
        }
        while (near_end < count &&
               (near_end <= k || apart(&row[k], &row[near_end]) <= b->together_ms)) {
            near_end++;
        }
        while (far_end < count && (far_end <= k || apart(&row[k], &row[far_end]) <= b->window_ms)) {
            far_end++;
        }
        b->leads[row[k].item] += far_end - near - 1;
        b->follows[row[k].item] += near_end - far - 1;
    }
}

static gx_status make_sums(bundle *b, gx_job *job, gx_error *err) {
    gx_status status;
    uint64_t sum = 0;
    GX_TRY(gx_job_alloc(job, &b->leads, b->p.items, sizeof *b->leads, err));
    GX_TRY(gx_job_alloc(job, &b->follows, b->p.items, sizeof *b->follows, err));
    for (uint32_t u = 0; u < b->p.users; u++) {
        if (u % 4096 == 0) {
            GX_TRY(gx_job_check(job, err));
        }
        sum_row(b, b->p.deed + b->p.begin[u], b->p.begin[u + 1] - b->p.begin[u]);
    }
    for (uint32_t i = 0; i < b->p.items; i++) {
        sum += b->leads[i];
    }
    b->all = (double)sum;
done:
    return status;
}

/* ---- one item's row ------------------------------------------------------------------------- */

typedef struct counter {
    uint32_t *with, *after, *before; /* items, all 0 between rows */
    uint32_t *touched, touched_count;
} counter;

static void counter_finish(counter *own, gx_job *job) {
    gx_job_free(job, own->with);
    gx_job_free(job, own->after);
    gx_job_free(job, own->before);
    gx_job_free(job, own->touched);
}

static gx_status counter_init(counter *own, uint32_t items, gx_job *job, gx_error *err) {
    gx_status status;
    GX_TRY(gx_job_alloc(job, &own->with, items, sizeof *own->with, err));
    GX_TRY(gx_job_alloc(job, &own->after, items, sizeof *own->after, err));
    GX_TRY(gx_job_alloc(job, &own->before, items, sizeof *own->before, err));
    GX_TRY(gx_job_alloc(job, &own->touched, items, sizeof *own->touched, err));
done:
    return status;
}

static void add(counter *own, uint32_t *where, uint32_t item) {
    if (own->with[item] + own->after[item] + own->before[item] == 0) {
        own->touched[own->touched_count++] = item;
    }
    where[item]++;
}

/* Returns how many were looked at. */
static uint64_t count_around(counter *own, const bundle *b, const gx__place *place) {
    const gx__deed *row = b->p.deed + b->p.begin[place->user];
    const uint64_t count = b->p.begin[place->user + 1] - b->p.begin[place->user], at = place->at;
    uint64_t from = at, to = at + 1, gap;
    for (; from > 0 && (gap = apart(&row[from - 1], &row[at])) <= b->window_ms; from--) {
        add(own, gap <= b->together_ms ? own->with : own->before, row[from - 1].item);
    }
    for (; to < count && (gap = apart(&row[at], &row[to])) <= b->window_ms; to++) {
        add(own, gap <= b->together_ms ? own->with : own->after, row[to].item);
    }
    return to - from;
}

static void offer(gx__top *top, const counter *own, const bundle *b, uint32_t item,
                  uint32_t other) {
    const double with = own->with[other], after = own->after[other], before = own->before[other];
    const double n = with + after, row = (double)b->leads[item], col = (double)b->follows[other];
    if (n < b->support || n * b->all <= row * col || after + with / 2 < b->order * (n + before)) {
        return;
    }
    double evidence = gx__bundle_evidence(n, row, col, b->all);
    if (evidence >= b->evidence) {
        gx__top_offer(top, evidence, other, (uint32_t)n);
    }
}

static void make_row(bundle *b, uint32_t item, counter *own, gx_job *job) {
    uint64_t looked = 0;
    own->touched_count = 0;
    for (uint64_t k = b->p.ptr[item]; k < b->p.ptr[item + 1]; k++) {
        looked += count_around(own, b, &b->p.place[k]);
        if (looked > LOOK) {
            looked = 0;
            if (gx_job_should_stop(job)) {
                return; /* the whole is given up, counts that are left harm nobody */
            }
        }
    }
    const uint64_t room = b->kept.room[item];
    gx__top top = {.entry = b->kept.entry + room,
                   .capacity = (uint32_t)(b->kept.room[item + 1] - room)};
    for (uint32_t i = 0; i < own->touched_count; i++) {
        offer(&top, own, b, item, own->touched[i]);
    }
    gx__top_sort(&top);
    b->kept.count[item] = top.count;
    for (uint32_t i = 0; i < top.count; i++) {
        b->after[room + i] = own->after[top.entry[i].id];
    }
    for (uint32_t i = 0; i < own->touched_count; i++) {
        const uint32_t other = own->touched[i];
        own->with[other] = own->after[other] = own->before[other] = 0;
    }
}

static gx_status make_rows(bundle *b, gx_job *job, gx_error *err) {
    counter *counters = NULL;
    gx_status status;
    gx_job_stage(job, "bundle: what goes together", b->p.items);
    GX_TRY(gx_job_alloc(job, &counters, (size_t)job->threads, sizeof *counters, err));
    for (int i = 0; i < job->threads; i++) {
        GX_TRY(counter_init(&counters[i], b->p.items, job, err));
    }
#pragma omp parallel for num_threads(job->threads) schedule(dynamic, 16)
    for (uint32_t i = 0; i < b->p.items; i++) {
        if (!gx_job_should_stop(job)) {
            make_row(b, i, &counters[gx_thread()], job);
        }
    }
    status = gx_job_check(job, err);
done:
    for (int i = 0; counters && i < job->threads; i++) {
        counter_finish(&counters[i], job);
    }
    gx_job_free(job, counters);
    return status;
}

/* Room for what each item may keep: as many as are asked for, as there can be with support. */
static gx_status make_room(bundle *b, uint64_t keep, gx_job *job, gx_error *err) {
    gx_status status;
    gx__kept *kept = &b->kept;
    GX_TRY(gx_job_alloc(job, &kept->room, (size_t)b->p.items + 1, sizeof *kept->room, err));
    GX_TRY(gx_job_alloc(job, &kept->count, b->p.items, sizeof *kept->count, err));
    for (uint32_t i = 0; i < b->p.items; i++) {
        uint64_t most = b->leads[i] / b->support;
        most = most < keep ? most : keep;
        kept->room[i + 1] = kept->room[i] + (most < b->p.items ? most : b->p.items);
    }
    const uint64_t room = kept->room[b->p.items];
    GX_TRY(gx_job_alloc(job, &kept->entry, room, sizeof *kept->entry, err));
    GX_TRY(gx_job_alloc(job, &b->after, room, sizeof *b->after, err));
done:
    return status;
}

static void read_args(bundle *b, const gx_args *args) {
    *b = (bundle){.window_ms = (uint64_t)(gx_arg_real(args, "window") * DAY_MS),
                  .together_ms = (uint64_t)(gx_arg_real(args, "together") * DAY_MS),
                  .support = (uint32_t)gx_arg_int(args, "support"),
                  .evidence = gx_arg_real(args, "evidence"),
                  .order = gx_arg_real(args, "order"),
                  .prior = gx_arg_real(args, "prior")};
    b->window_ms = b->window_ms < b->together_ms ? b->together_ms : b->window_ms;
}

static void bundle_finish(bundle *b, gx_job *job) {
    gx_job_free(job, b->leads);
    gx_job_free(job, b->follows);
    gx_job_free(job, b->kept.room);
    gx_job_free(job, b->kept.count);
    gx_job_free(job, b->kept.entry);
    gx_job_free(job, b->after);
    purchases_finish(&b->p, job);
}

/* ---- the pass ------------------------------------------------------------------------------- */

static gx_status give_rows(gx_output *out, gx__complements *rows, const bundle *b, gx_error *err) {
    gx_status status;
    uint64_t *ptr;
    uint32_t *item, *count, *after, *buyers;
    float *lift, *chance, *evidence;
    const uint32_t items = b->p.items;
    GX_TRY(gx_output_add(&ptr, out, "ptr", GX_U64, (uint64_t)items + 1, 0, err));
    for (uint32_t i = 0; i < items; i++) {
        ptr[i + 1] = ptr[i] + b->kept.count[i];
    }
    GX_TRY(gx_output_add(&item, out, "item", GX_U32, ptr[items], 0, err));
    GX_TRY(gx_output_add(&count, out, "count", GX_U32, ptr[items], 0, err));
    GX_TRY(gx_output_add(&after, out, "after", GX_U32, ptr[items], 0, err));
    GX_TRY(gx_output_add(&lift, out, "lift", GX_F32, ptr[items], 0, err));
    GX_TRY(gx_output_add(&chance, out, "expected", GX_F32, ptr[items], 0, err));
    GX_TRY(gx_output_add(&evidence, out, "evidence", GX_F32, ptr[items], 0, err));
    GX_TRY(gx_output_add(&buyers, out, "buyers", GX_U32, items, 0, err));
    for (uint32_t i = 0; i < items; i++) {
        buyers[i] = (uint32_t)(b->p.ptr[i + 1] - b->p.ptr[i]);
        for (uint32_t k = 0; k < b->kept.count[i]; k++) {
            const gx__top_entry *e = &b->kept.entry[b->kept.room[i] + k];
            const double expected = (double)b->leads[i] * (double)b->follows[e->id] / b->all;
            item[ptr[i] + k] = e->id;
            count[ptr[i] + k] = e->count;
            after[ptr[i] + k] = b->after[b->kept.room[i] + k];
            lift[ptr[i] + k] = (float)((e->count + b->prior) / (expected + b->prior));
            chance[ptr[i] + k] = (float)expected;
            evidence[ptr[i] + k] = (float)e->score;
        }
    }
    *rows = (gx__complements){ptr, item, lift};
done:
    return status;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    bundle b;
    gx__complements rows;
    gx_status status;
    double *window;
    uint32_t *bought;
    read_args(&b, args);
    gx_job_stage(job, "bundle: purchases", 0);
    GX_TRY(gx_job_check(job, err));
    GX_TRY(purchases_init(&b.p, input, (uint64_t)gx_arg_int(args, "busy"), job, err));
    GX_TRY(make_sums(&b, job, err));
    GX_TRY(make_room(&b, (uint64_t)gx_arg_int(args, "keep"), job, err));
    GX_TRY(make_rows(&b, job, err));
    GX_TRY(gx_output_add(&window, out, "window", GX_F64, 1, 0, err));
    window[0] = (double)b.window_ms / DAY_MS;
    GX_TRY(gx_output_add(&bought, out, "bought", GX_U32, 1, 0, err));
    bought[0] = input->bought != NULL;
    GX_TRY(give_rows(out, &rows, &b, err));
    GX_TRY(gx__bundle_likes(out, &b.p, &rows, args, job, err));
done:
    bundle_finish(&b, job);
    return status;
}

/* How much is kept is known only when it is counted: at most what the rows have room for. */
/* How many rows hold something, and how much in all: by every row where that is soon done, else by
 * some of them and three standard errors. */
typedef struct foreseen {
    uint64_t deeds, room, pairs, kept, items;
} foreseen;

static void count_rows(foreseen *out, bundle *b, counter *own, gx_job *job) {
    enum { ROWS_LEAST = 512 };
    static const uint64_t LOOKED = 1 << 22;
    const uint32_t items = b->p.items;
    const uint64_t by_work = out->pairs / LOOKED + 1, by_count = items / ROWS_LEAST + 1;
    const uint32_t step = (uint32_t)(by_work < by_count ? by_work : by_count);
    double kept = 0, square = 0, some = 0, rows = 0;
    for (uint32_t i = 0; i < items; i += step) {
        make_row(b, i, own, job);
        const double here = b->kept.count[i];
        rows++;
        kept += here;
        square += here * here;
        some += here > 0;
    }
    const double all = items / (rows > 0 ? rows : 1), wide = step > 1 ? 3 * all : 0;
    out->kept = (uint64_t)(all * kept + wide * sqrt(square));
    out->items = (uint64_t)(all * some + wide * sqrt(some));
    out->kept = out->kept < out->room ? out->kept : out->room;
    out->items = out->items < items ? out->items : items;
    out->items = out->items < out->kept ? out->items : out->kept;
}

/* The pass itself up to the rows, by one thread, on an account of its own. */
static gx_status foresee(foreseen *out, const gx_input *input, const gx_args *args) {
    bundle b;
    counter own = {0};
    gx_job job;
    gx_status status;
    read_args(&b, args);
    gx_job_init(&job, 1, 1);
    GX_TRY(purchases_init(&b.p, input, (uint64_t)gx_arg_int(args, "busy"), &job, NULL));
    GX_TRY(make_sums(&b, &job, NULL));
    GX_TRY(make_room(&b, (uint64_t)gx_arg_int(args, "keep"), &job, NULL));
    GX_TRY(counter_init(&own, b.p.items, &job, NULL));
    *out = (foreseen){
        .deeds = b.p.begin[b.p.users], .room = b.kept.room[b.p.items], .pairs = (uint64_t)b.all};
    count_rows(out, &b, &own, &job);
done:
    counter_finish(&own, &job);
    bundle_finish(&b, &job);
    return status;
}

/* Where there is no memory to look: bounds. */
static foreseen most_of(const gx_matrix *m, uint64_t items, const gx_args *args) {
    const uint64_t keep = (uint64_t)gx_arg_int(args, "keep");
    const uint64_t busy = (uint64_t)gx_arg_int(args, "busy");
    foreseen f = {.deeds = m ? m->nnz : 0, .items = items};
    for (uint32_t u = 0; m && u < m->rows; u++) {
        const uint64_t d = m->ptr[u + 1] - m->ptr[u];
        f.pairs += d && d <= busy ? d * (d - 1) : 0;
    }
    const uint64_t kept = f.pairs / (uint64_t)gx_arg_int(args, "support");
    f.kept = f.room = kept < items * keep ? kept : items * keep;
    return f;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    const gx_matrix *m = input->bought ? input->bought : input->matrix;
    const uint64_t items = input->items, users = input->users, nnz = m ? m->nnz : 0;
    foreseen f;
    if (!m || foresee(&f, input, args) != GX_OK) {
        f = most_of(m, items, args);
    }
    uint64_t likes = (uint64_t)gx_arg_int(args, "likes");
    likes = f.items * (likes < items ? likes : items);
    const uint64_t deeds = 8 * users + 24 * nnz + 36 * items + 20 * f.room;
    const uint64_t counting = 16 * items * (uint64_t)threads;
    const uint64_t likening = 36 * f.kept + (48 + 20 * (uint64_t)threads) * items + 24 * likes;
    out->mem_bytes = deeds + (counting > likening ? counting : likening) + 4096;
    out->kept_bytes = 24 * f.kept + 20 * items + 8 * likes;
    out->cpu_s =
        1e-7 * (double)nnz + 4e-9 * (double)f.pairs + 1e-6 * (double)f.kept + 5e-7 * (double)items;
}

static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    const uint64_t items = input->items;
    const uint64_t *ptr = gx_result_get(result, instance, "ptr", GX_U64, items + 1);
    const uint64_t entries = ptr ? ptr[items] : 0;
    const uint32_t *item = gx_result_get(result, instance, "item", GX_U32, entries);
    const uint32_t *count = gx_result_get(result, instance, "count", GX_U32, entries);
    const uint32_t *after = gx_result_get(result, instance, "after", GX_U32, entries);
    const float *lift = gx_result_get(result, instance, "lift", GX_F32, entries);
    const float *expected = gx_result_get(result, instance, "expected", GX_F32, entries);
    const uint32_t *buyers = gx_result_get(result, instance, "buyers", GX_U32, items);
    if (!ptr || !item || !count || !after || !lift || !expected || !buyers) {
        return gx_fail(err, GX_INTERNAL, "%s: its arrays do not fit %llu items", instance,
                       (unsigned long long)items);
    }
    for (uint64_t i = 0; i < items; i++) {
        for (uint64_t k = ptr[i]; k < ptr[i + 1]; k++) {
            if (item[k] >= items || item[k] == i || count[k] < gx_arg_int(args, "support") ||
                count[k] > buyers[i] || after[k] > count[k] || !(lift[k] >= 1) ||
                !(expected[k] > 0)) {
                return gx_fail(err, GX_INTERNAL,
                               "%s of item %llu: %u, %u of %u buyers, %u after, lift %g", instance,
                               (unsigned long long)i, item[k], count[k], buyers[i], after[k],
                               (double)lift[k]);
            }
        }
    }
    return GX_OK;
}

const gx_pass gx_pass_bundle = {
    .name = "bundle",
    .kind = GX_KIND_PROFILE,
    .summary = "what goes with an item: bought with or after it more often than chance, and what "
               "stands in for it",
    .paper =
        "G²: Dunning, Computational Linguistics 19(1), 1993; shrinkage: DuMouchel, The American "
        "Statistician 53(3), 1999",
    .complexity = "time O(nnz log d + pairs within the window); memory 24 nnz + 52 kept bytes",
    .needs = GX_NEED_MATRIX,
    .wants = GX_NEED_BOUGHT,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .item_arrays = (const char *const[]){"item", "like_item", NULL},
    .params = params,
    .param_count = GX_COUNT(params),
    .estimate = estimate,
    .run = run,
    .check = check,
};
