/* What a choice of seeds would take, from the first sets, worlds, heuristics and runs of it, which
 * are done and timed. */
#include "engine/influence/choosing.h"
#include "engine/influence/copies.h"
#include "engine/influence/simulate.h"

#include <math.h>

enum {
    SOME_ENTRIES = 1 << 20, /* by which a choice from small sets is foreseen */
    WORLDS_TRIED = 24
};

static const double NEAR_ENTRIES = 4e6, FAR_S = 1e-8; /* beyond so many, each doubling adds */
static const double TIMED_S = 0.02;                   /* so long runs are played to time them */
static const double CHOSEN_S = 5.5e-9, CHOSEN_SET_S = 1e-8; /* an entry chosen from, and a set */
static const double ORDER_S = 1e-7;                         /* an arc, all heuristics */
static const double BLOCK_BYTES = 0.8;                      /* a set, of the block it is drawn in */
static const double MORE_WORLDS = 0.12; /* a world takes longer among more, which no cache holds */

/* The noise of a choice from R1 sets is (settled − bias / √R1) / √R1: greedy takes what few sets
 * show by chance for gain, a share of it that falls by √R1. */
typedef struct noises {
    double settled, bias;
} noises;

static double noise_of(const noises *o, double sets) {
    const double root = sqrt(fmax(sets, 1));
    return fmax(o->settled - o->bias / root, 0) / root;
}

/* What rounds() is likely to come to. */
typedef struct course {
    double sets, most;     /* in the end; of one drawing, at the most */
    double chunks, chosen; /* Σ over rounds of the sets that were chosen from */
} course;

static void foresee_draw(course *to, double sets, double chunk) {
    to->most = fmax(to->most, fmin(sets, chunk));
    to->chunks += sets > 0 ? ceil(sets / chunk) : 0;
    to->sets += sets;
}

/* So many rounds at the most, gone through with noise that falls as sets grow: by √. `each` entries
 * a set. */
static course foresee_rounds(gx__choosing *c, const noises *noise, double each, uint32_t most) {
    const double room = (double)c->room / fmax(each, 1);
    const double least = fmin(GX__JUDGES_LEAST, GX__JUDGES_ENTRIES / fmax(each, 1));
    const bool given = c->options->sets > 0;
    const uint64_t drawn = c->r1;
    const double chunk = (double)gx__choosing_chunk(c);
    course to = {0};
    c->r1 = c->r2 = 0;
    uint64_t size = given ? gx__choosing_next_size(c) : drawn < GX__FIRST ? drawn : GX__FIRST;
    for (uint32_t round = 0; round < most; round++) {
        const double more = fmin((double)size - (double)(c->r1 + c->r2), room - to.sets);
        foresee_draw(&to, fmax(more, 0), chunk);
        c->r1 = (uint64_t)fmax(fmin((double)size, room), 1);
        const double judging =
            given ? (double)gx__choosing_judges(c) : fmax((double)c->r1 / GX__JUDGES, least);
        c->r2 = (uint64_t)fmax(fmin(judging, room - to.sets), 0);
        foresee_draw(&to, (double)c->r2, chunk);
        to.chosen += (double)c->r1;
        c->noise = noise_of(noise, (double)c->r1);
        if (given || c->noise <= c->options->eps || to.sets >= room) {
            break;
        }
        size = gx__choosing_next_size(c);
    }
    c->r1 = drawn;
    return to;
}

/* A choice by worlds: bytes and seconds of each, by some that are made and chosen from. */
typedef struct by_world {
    double bytes, made_s, chosen_s, judged_s;
} by_world;

static gx_status try_worlds(by_world *out, gx__choosing *c, gx_error *err) {
    gx_chances both = {0};
    gx__worlds worlds = {0};
    gx__chosen_so_far chosen = {0};
    gx_job *job = c->job;
    gx_status status = GX_OK;
    double mean, error;
    GX_TRY(gx_chances_make(&both, c->graph, &c->options->chance, true, job, err));
    const uint64_t before = atomic_load(&job->mem_used);
    const int64_t begun = gx_clock_thread_ns();
    GX_TRY(gx__worlds_make(&worlds, &both, c->options->weight, 0, WORLDS_TRIED, job, err));
    const int64_t made = gx_clock_thread_ns();
    out->bytes = (double)(atomic_load(&job->mem_used) - before) / WORLDS_TRIED;
    GX_TRY(gx__chosen_start(&chosen, &c->options->limits, job, err));
    GX_TRY(gx__worlds_choose(&chosen, c->gain, &worlds, job, err));
    const int64_t chose = gx_clock_thread_ns();
    GX_TRY(gx__worlds_judge(&mean, &error, NULL, &worlds, chosen.order, chosen.count, job, err));
    out->made_s = (double)(made - begun) / 1e9 / WORLDS_TRIED;
    out->chosen_s = (double)(chose - made) / 1e9 / WORLDS_TRIED;
    out->judged_s = (double)(gx_clock_thread_ns() - chose) / 1e9 / WORLDS_TRIED;
done:
    gx__chosen_finish(&chosen, job);
    gx__worlds_finish(&worlds, job);
    gx_chances_finish(&both, job);
    return status;
}

/* `count` to choose from, and half as many that judge each of the choices. */
static double worlds_seconds(const by_world *w, const gx__choosing *c, double count) {
    const double judges = count / 2 + 1, choices = c->options->limits.cost ? 2 : 1;
    const double judged = 1 + choices + (c->options->heuristics ? (double)gx__heuristic_count : 0);
    return pow(fmax(count / WORLDS_TRIED, 1), MORE_WORLDS) *
           (w->made_s * (choices * count + judges) + w->chosen_s * choices * count +
            w->judged_s * judged * judges);
}

/* Of a set what is written down: nothing where it is of one member. */
typedef struct written {
    double entries, roots;
} written;

static written written_of(const gx__choosing *c) {
    written w = {0};
    double sets = 0;
    for (size_t k = 0; k < c->drawn; k++) {
        w.entries += (double)c->sets[k].ptr[c->sets[k].n];
        w.roots += c->sets[k].kept;
        sets += c->sets[k].count;
    }
    w.entries /= fmax(sets, 1);
    w.roots /= fmax(sets, 1);
    return w;
}

/* At the peaks. */
static void bytes_of(gx_seeds_forecast *out, const gx__choosing *c, const course *to,
                     const written *set, const by_world *world, int threads) {
    const double n = c->chances.n;
    const double a_set = GX__ENTRY * (set->entries + set->roots);
    const double drawn = a_set * (double)out->sets + 12 * n * (double)c->drawn; /* are in `used` */
    const double copies = (double)gx__chances_copies_bytes(&c->chances, threads);
    const double forward =
        copies + (double)gx_chances_bytes(&c->options->chance, c->chances.n, c->chances.m);
    const double before = (double)atomic_load(&c->job->mem_used) + copies - drawn;
    const double sets = before + a_set * to->sets + 12 * n * to->chunks;
    const double judges = out->worlds / 2 + 1;
    const double worlds = out->worlds ? 1.08 * (out->worlds + judges) * world->bytes + forward : 0;
    /* Sets as they are drawn, in slabs of which an eighth may be left over. */
    const double block = BLOCK_BYTES * GX__CHUNK / (double)gx__choosing_chunk(c);
    const double each = 1.125 * (a_set + block), own = 13 * n * threads;
    const double drawing = each * to->most + own;
    const double choice = fmax(44 * n, drawing);
    double peak = sets + fmax(choice, out->worlds ? worlds + 28 * n * threads + 72 * n : 0);
    if (gx__choosing_compares(c)) { /* beside the first sets that judge, or when all are drawn */
        const double most = GX__JUDGES_ENTRIES / fmax(set->entries, 1);
        const double first = fmin(fmin(most, GX__JUDGES_LEAST), to->most);
        const double orders = (double)gx__heuristic_bytes(c->graph);
        out->order_bytes = (uint64_t)(sets + (out->worlds ? judges * world->bytes : 0) + orders);
        peak = fmax(peak, threads > 1 ? before + each * first + own + orders : 0);
    }
    out->mem_bytes = (uint64_t)peak;
}

/* So much is timed so often, and the least counts: whatever else a machine does only adds. */
enum { REPEATS = 3 };

static double seconds_since(int64_t begun_ns) {
    return (double)(gx_clock_thread_ns() - begun_ns) / 1e9;
}

/* As many more for R1 and the seconds that takes, by entries: others are drawn before them to be
 * timed, since the same ones again would find all they read in caches. */
static gx_status draw_timed(double *out_s, gx__choosing *c, uint64_t count, uint64_t room,
                            gx_error *err) {
    gx_status status = GX_OK;
    uint64_t more = 0;
    const size_t drawn = c->drawn;
    const double before = (double)gx__choosing_entries(c);
    double each_s = INFINITY, entries = 0;
    gx_job_stage(c->job, "sets tried", c->next + REPEATS * count);
    for (int r = 0; r < REPEATS; r++) {
        while (c->drawn > drawn) {
            gx__sets_finish(&c->sets[--c->drawn], c->job);
        }
        const int64_t begun = gx_clock_thread_ns();
        GX_TRY(gx__choosing_draw(&more, c, count, room, false, err));
        entries = (double)gx__choosing_entries(c) - before;
        each_s = fmin(each_s, seconds_since(begun) / fmax(entries, 1));
    }
    *out_s = each_s * entries;
    c->r1 += more;
    c->chosen_from = c->drawn;
done:
    return status;
}

/* What drawing takes: an entry, and a chunk whatever it holds. */
typedef struct pace {
    double entry_s, chunk_s;
} pace;

/* From the noise of two choices. */
static noises noises_of(double first, double first_sets, double noise, double sets) {
    const double from = sqrt(first_sets), to = sqrt(sets);
    const double rise = noise * to - first * from;
    const double bias = to > from && rise > 0 ? rise * from * to / (to - from) : 0;
    return (noises){noise * to + bias / to, bias};
}

/* The first sets, and where they are small so many more that their noise tells that of more yet: a
 * choice from few sets covers what no choice from more would. */
static gx_status draw_some(pace *out, noises *out_noise, gx__choosing *c, gx_error *err) {
    gx_status status = GX_OK;
    double first_s, more_s;
    GX_TRY(draw_timed(&first_s, c, GX__FIRST, GX__FIRST_ENTRIES, err));
    GX_TRY(gx__choosing_choose(c, &c->options->limits, err));
    const double first = (double)gx__choosing_entries(c), sets = (double)c->r1, noise = c->noise;
    *out = (pace){.entry_s = first_s / fmax(first, 1)};
    *out_noise = (noises){noise * sqrt(sets), 0};
    if (!gx__choosing_is_large(c) && c->r1 == GX__FIRST) {
        const uint64_t room = 4 * gx__choosing_entries(c);
        GX_TRY(draw_timed(&more_s, c, GX__CHUNK - GX__FIRST,
                          room > SOME_ENTRIES ? room : SOME_ENTRIES, err));
        GX_TRY(gx__choosing_choose(c, &c->options->limits, err));
        const double more = (double)gx__choosing_entries(c) - first;
        *out_noise = noises_of(noise, sets, c->noise, (double)c->r1);
        if (more > first && more_s > first_s) {
            out->entry_s = fmin((more_s - first_s) / (more - first), more_s / more);
            out->chunk_s = fmax(first_s - out->entry_s * first, 0);
        }
    }
done:
    return status;
}

/* Entries of large chunks find their places in no cache. */
static double drawn_seconds(const pace *p, const course *to, double each) {
    const double chunk = to->most * each;
    const double far_s = chunk > NEAR_ENTRIES ? FAR_S * log2(chunk / NEAR_ENTRIES) : 0;
    return (p->entry_s + far_s) * to->sets * each + p->chunk_s * to->chunks;
}

/* Plays the choice until it can be told what a run takes. */
static gx_status time_runs(gx_seeds_forecast *out, gx__choosing *c,
                           const gx_simulation_options *play, gx_error *err) {
    enum { RUNS_TIMED = 1 << 16 };
    gx_chances forward = {0};
    gx_simulation played;
    gx_status status = GX_OK;
    const int64_t begun = gx_clock_thread_ns();
    GX_TRY(gx_chances_make(&forward, c->graph, &c->options->chance, true, c->job, err));
    out->forward_s = seconds_since(begun);
    gx_simulation_options options = *play;
    options.seed = c->seed;
    options.count = c->count;
    options.runs = 2;
    double two_s = INFINITY, all_s = 0;
    for (int repeats = 0; repeats < REPEATS;) {
        const int64_t now = gx_clock_thread_ns();
        GX_TRY(gx_simulate(&played, &forward, &options, c->job, err));
        gx_simulation_finish(&played, c->job);
        const double took_s = seconds_since(now);
        if (options.runs == 2 && repeats == 0) {
            two_s = fmin(two_s, took_s);
        }
        const bool enough = options.runs > 2 && (took_s > TIMED_S || options.runs >= RUNS_TIMED);
        if (enough) {
            all_s = repeats++ == 0 ? took_s : fmin(all_s, took_s);
        } else {
            options.runs *= 2;
        }
    }
    out->run_s = fmax(all_s - two_s, 0) / (options.runs - 2);
done:
    gx_chances_finish(&forward, c->job);
    return status;
}

/* Where heuristics are so near to the choice that they will be played, that takes as many members
 * reached as there are entries. All are judged by as many sets more, and timed. */
static gx_status add_play_off(gx_seeds_forecast *io, gx__choosing *c, gx_error *err) {
    const double reached = io->share * c->chances.n;
    gx_status status = GX_OK;
    double best = 0, close = 0;
    if (io->worlds || io->wanted < 2 * GX__RUNS_LEAST * reached || io->order_s <= 0) {
        return GX_OK;
    }
    gx_job_stage(c->job, "sets tried", c->next + c->r1);
    GX_TRY(gx__choosing_draw(&c->r2, c, c->r1, gx__choosing_entries(c) + 2 * GX__FIRST_ENTRIES,
                             true, err));
    const int64_t begun = gx_clock_thread_ns();
    GX_TRY(gx__choosing_pick_all(c, c->job, err));
    io->order_s = seconds_since(begun);
    GX_TRY(gx__choosing_enter_all(c, err));
    const gx__entrant *tried = c->entrants;
    for (size_t i = 0; i < c->entered; i++) {
        best = fmax(best, tried[i].verdict.mean);
    }
    for (size_t i = 1; i < c->entered; i++) { /* as likely as the noise of the two lets it be */
        const double over = tried[i].verdict.mean - (1 - GX__CLOSE) * best,
                     error = tried[i].verdict.error;
        close += fmin(fmax((over + error) / fmax(2 * error, 1e-9), 0), 1);
    }
    const double runs = fmin(io->wanted / fmax((1 + close) * reached, 1), GX__RUNS_MOST);
    if (runs >= GX__RUNS_LEAST) {
        io->cpu_s += fmin(close, 1) * (io->forward_s + runs * (1 + close) * io->run_s);
    }
done:
    return status;
}

static gx_status foresee(gx_seeds_forecast *out, gx__choosing *c, const gx_simulation_options *play,
                         int threads, gx_error *err) {
    const gx_seed_options *options = c->options;
    gx_status status = GX_OK;
    by_world world = {0};
    pace drawing;
    noises noise;
    *out = (gx_seeds_forecast){0};
    GX_TRY(gx__choosing_prepare(c, err));
    GX_TRY(draw_some(&drawing, &noise, c, err));
    out->sets = c->r1;
    for (uint32_t i = 0; i < c->count; i++) {
        out->share += c->gain[i] / fmax((double)c->r1, 1);
    }
    out->entries = gx__choosing_entries(c);
    out->worlds = gx__choosing_is_large(c) ? gx__choosing_worlds(c) : 0;
    const double each = (double)out->entries / fmax((double)c->r1, 1);
    const written set = written_of(c);
    const course to = foresee_rounds(c, &noise, each, out->worlds ? 1 : GX__ROUNDS_MOST);
    out->wanted = to.sets * each;
    if (out->worlds) {
        GX_TRY(try_worlds(&world, c, err));
    }
    bytes_of(out, c, &to, &set, &world, threads);
    const double choices = options->limits.cost && !out->worlds ? 2 : 1;
    out->cpu_s = drawn_seconds(&drawing, &to, each) +
                 choices * to.chosen * (CHOSEN_S * set.entries + CHOSEN_SET_S * set.roots);
    out->cpu_s += out->worlds ? worlds_seconds(&world, c, out->worlds) : 0;
    out->order_s = gx__choosing_compares(c) ? ORDER_S * (double)c->chances.m : 0;
    GX_TRY(time_runs(out, c, play, err));
    GX_TRY(add_play_off(out, c, err));
done:
    return status;
}

/* By one thread, on its own clock: what others of the process do is not in it, nor are waits for
 * each other, of which small work has more than large. */
gx_status gx_seeds_foresee(gx_seeds_forecast *out, const gx_graph *graph,
                           const gx_seed_options *options, const gx_simulation_options *play,
                           gx_job *job, gx_error *err) {
    gx_seeds ignored = {0};
    gx__choosing c = {.out = &ignored, .graph = graph, .options = options, .job = job};
    const int threads = job->threads;
    job->threads = 1;
    const gx_status status = foresee(out, &c, play, threads, err);
    gx__choosing_finish(&c);
    job->threads = threads;
    return status;
}
