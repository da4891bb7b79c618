#include "engine/kernel/bounds.h"

#include <math.h>

double gx__bound_hoeffding(uint64_t drawn, uint64_t all, double delta) {
    if (drawn >= all) {
        return 0;
    }
    double k = (double)drawn, n = (double)all;
    return k > 0 ? fmin(1, sqrt((1 - (k - 1) / n) * log(2 / delta) / (2 * k))) : 1;
}

/* Kullback and Leibler's divergence of coins: how unlikely p is where q is true, a draw. */
static double divergence(double p, double q) {
    double hit = p > 0 ? p * log(p / q) : 0;
    return p < 1 ? hit + (1 - p) * log((1 - p) / (1 - q)) : hit;
}

/* The farthest q on one side of p whose divergence is at most `limit`, rounded away from p. */
static double farthest(double p, double end, double limit) {
    double near = p, far = end;
    for (int i = 0; i < 60; i++) {
        double middle = (near + far) / 2;
        if (divergence(p, middle) <= limit) {
            near = middle;
        } else {
            far = middle;
        }
    }
    return far;
}

double gx__bound_hits(uint64_t hits, uint64_t drawn, double delta) {
    if (drawn == 0) {
        return 1;
    }
    double p = (double)hits / (double)drawn, limit = log(2 / delta) / (double)drawn;
    double above = p < 1 ? farthest(p, 1, limit) - p : 0;
    double below = p > 0 ? p - farthest(p, 0, limit) : 0;
    return fmax(above, below);
}
