#include "engine/kernel/degrees.h"

#include <math.h>

/* Degrees below 16 have a bin each, the others eight bins an octave. */
enum { EXACT = 16, OCTAVE = 8, BINS = EXACT + OCTAVE * 60 };

typedef struct bins {
    double count[BINS], ends[BINS]; /* members, and their degrees together */
} bins;

static int bin_of(uint64_t degree) {
    if (degree < EXACT) {
        return (int)degree;
    }
    int octave = 63 - __builtin_clzll(degree);
    return EXACT + OCTAVE * (octave - 4) + (int)((degree >> (octave - 3)) & (OCTAVE - 1));
}

static void add(bins *b, uint64_t degree, double members) {
    int k = bin_of(degree);
    b->count[k] += members;
    b->ends[k] += members * (double)degree;
}

/* Most degrees are small: two counts of each, so that equals in a row do not wait for each other.
 */
static void count_rows(bins *b, const uint64_t *ptr, uint32_t n) {
    enum { SMALL = 256 };
    uint32_t often[2][SMALL] = {{0}};
    for (uint32_t v = 0; v < n; v++) {
        uint64_t degree = ptr[v + 1] - ptr[v];
        if (degree < SMALL) {
            often[v & 1][degree]++;
        } else {
            add(b, degree, 1);
        }
    }
    for (uint32_t degree = 0; degree < SMALL; degree++) {
        add(b, degree, (double)often[0][degree] + often[1][degree]);
    }
}

/* Of a graph that is not there: P(d) ~ d^−FALL. */
static const double FALL = 2.5;

static void draw_power(bins *b, double n, double arcs) {
    double mean = n > 0 ? arcs / n : 0, most = fmax(sqrt(arcs), 2 * mean);
    double least = fmax(mean * (FALL - 2) / (FALL - 1), 1), all = 0, ends = 0;
    if (!(arcs > 0)) {
        return;
    }
    for (double from = least; from < most; from *= 1.09) {
        double to = fmin(from * 1.09, most), middle = sqrt(from * to);
        double share = pow(from, 1 - FALL) - pow(to, 1 - FALL);
        int k = bin_of((uint64_t)(middle + 0.5));
        b->count[k] += share;
        b->ends[k] += share * middle;
        all += share;
        ends += share * middle;
    }
    /* So many members that the arcs come out right. */
    double members = all > 0 && ends > 0 ? arcs / ends : 0;
    for (int k = 0; k < BINS; k++) {
        b->count[k] *= members;
        b->ends[k] *= members;
    }
}

gx__degrees gx__degrees_of_rows(const uint64_t *ptr, uint32_t n, double arcs) {
    bins b = {{0}, {0}};
    gx__degrees d = {.n = n, .arcs = arcs};
    double higher = 0, inverse = 0, mean = n ? arcs / n : 0;
    int held = 0;
    if (ptr) {
        count_rows(&b, ptr, n);
    } else {
        draw_power(&b, n, arcs);
    }
    for (int k = BINS; k-- > 1;) {
        double count = b.count[k], ends = b.ends[k];
        if (!(count > 0) || !(arcs > 0)) {
            continue;
        }
        double degree = ends / count, s = (higher + ends / 2) / arcs;
        for (; held < GX__DEGREES_HELD && exp2(held) <= d.tied + count; held++) {
            d.held[held] = (higher + (exp2(held) - d.tied) * degree) / arcs;
        }
        higher += ends;
        d.tied += count;
        d.most = fmax(d.most, degree);
        d.square += ends * degree;
        d.lower += ends * degree * s;
        d.capped += ends * fmin(degree, mean);
        inverse += count / degree;
    }
    for (; held < GX__DEGREES_HELD; held++) {
        d.held[held] = 1;
    }
    d.harmonic = inverse > 0 ? d.tied / inverse : 0;
    return d;
}

gx__degrees gx__degrees_of(const gx_graph *graph, uint32_t n) {
    return gx__degrees_of_rows(graph ? graph->out_ptr : NULL, n, graph ? (double)graph->m : 0);
}

/* ---- seconds and steps ------------------------------------------------------------------------
 */

/* Of what ties name, the share that a cache of `size` bytes holds: whole lines, each of a member
 * named often and of whoever lies beside it. */
static double caught(const gx__degrees *d, double bytes, double size) {
    const double line = 64, lines = size / line, beside = fmax(line / bytes - 1, 0);
    if (d->n * bytes <= size || !(d->n > 0)) {
        return 1;
    }
    int k = (int)log2(lines);
    double part = lines / exp2(k) - 1;
    double often = d->held[k] + part * (d->held[k + 1] - d->held[k]);
    return fmin(often + (1 - often) * beside * lines / d->n, 1);
}

/* What of the second and the third cache is left for the arrays by the rows that are read past
 * them.
 */
#define SECOND_BYTES (768.0 * (1 << 10))
#define THIRD_BYTES (16.0 * (1 << 20))

double gx__reads_seconds(const gx__degrees *d, double reads, double bytes, gx__pace pace) {
    double read = pace.read + pace.third * (1 - caught(d, bytes, SECOND_BYTES)) +
                  pace.memory * (1 - caught(d, bytes, THIRD_BYTES));
    return 1e-9 * (pace.member * d->n + read * reads);
}

double gx__ties_seconds(const gx__degrees *d, double bytes, gx__pace pace) {
    return gx__reads_seconds(d, d->arcs, bytes, pace);
}

double gx__walk_eigenvalue(const gx__degrees *d) {
    double mean = d->tied > 0 ? d->arcs / d->tied : 0;
    double degree = pow(d->harmonic, 0.9) * pow(mean, 0.1);
    return degree > 2 ? 2 * sqrt(degree - 1) / degree : 1;
}

#define USUAL_DIGITS 20.7 /* natural ones, of a tolerance of 1e-9: what steps were counted at */

/* How near the hub is to the whole: 0 far below, 1 as large. */
static double rivalry(double most, double value) {
    return value > 0 ? fmin(sqrt(most) / value, 1) : 0;
}

double gx__leading_steps(const gx__degrees *d, double tolerance) {
    double value = d->arcs > 0 ? d->square / d->arcs : 0;
    return 1 - (1 + 34 * pow(rivalry(d->most, value), 0.9)) * log(tolerance) / USUAL_DIGITS;
}

double gx__gram_steps(const gx_graph *graph, uint32_t n, double tolerance) {
    double arcs = graph ? (double)graph->m : 0;
    gx__degrees out = gx__degrees_of_rows(graph ? graph->out_ptr : NULL, n, arcs);
    gx__degrees in = gx__degrees_of_rows(graph ? graph->in_ptr : NULL, n, arcs);
    double value = arcs > 0 ? sqrt(out.square * in.square) / arcs : 0;
    double rival = rivalry(fmax(out.most, in.most), value);
    return 1 - (5 + 6 * fmin(rival / 0.4, 1) + 22 * pow(rival, 8)) * log(tolerance) / USUAL_DIGITS;
}
