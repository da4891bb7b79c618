/* Who floods the shop (R31): members whose log no person makes. Of what a member said (whatever
 * neither looks nor buys: shares, reviews, posts) two shares count, the larger is the flag:
 *
 *   bursts    what was said in hours of the clock that have GX_RUSH acts or more, over all that was
 *             said; where the fullest hour is beyond the limit
 *   an ad     shares of one item, less those of others, over all acts but looks, times
 *             1 − purchases by way of the member / as many as the shop has for as many shares;
 *             where those shares are beyond the limit and 6 in 10 of the acts
 *
 * The limit is held against the shop: usual = median + 3 · 1.4826 · MAD, and 1 at least, of that
 * count over all members who have any; the limit is the least k with
 *
 *   members · exp(k − usual − k log(k / usual)) ≤ 0.01,
 *
 * Chernoff's bound on P(Poisson(usual) ≥ k) with Bonferroni's correction; and GX_RUSH or AD_LEAST
 * at least. Where more than a tenth of these members are beyond it, it is the shop's way (times of
 * an import) and nobody is flagged. Bursts are not looked for where half the times lie on full
 * quarters of an hour, as those do that say the day alone.
 *
 * O(members) time, 16 kB of memory. */
#include "engine/leaders/measures.h"

#include <math.h>

enum { CAP = 4095, AD_LEAST = 20 };
static const double share_least = 0.2, ad_part = 0.6, chance = 0.01, most_beyond = 0.1;

typedef uint32_t (*figure)(const gx_fact *fact);

static uint32_t peak_of(const gx_fact *fact) {
    return fact->peak;
}

static uint32_t same_of(const gx_fact *fact) {
    return fact->shares > 0 ? fact->same : 0;
}

/* The middle of what is counted, `total` in all. */
static uint32_t middle(const uint32_t count[CAP + 1], uint32_t total) {
    uint64_t below = 0;
    uint32_t x = 0;
    while (x < CAP && 2 * (below + count[x]) < total) {
        below += count[x++];
    }
    return x;
}

/* From when on the figure is beyond what chance makes of the usual; INFINITY: it is the shop's way.
 */
static double limit_of(const gx_facts *facts, figure of, double least) {
    uint32_t count[CAP + 1] = {0}, total = 0, beyond = 0, median;
    for (uint32_t v = 0; v < facts->n; v++) {
        const uint32_t x = of(&facts->of[v]);
        count[x < CAP ? x : CAP] += x > 0;
        total += x > 0;
    }
    if (total == 0) {
        return INFINITY;
    }
    median = middle(count, total);
    memset(count, 0, sizeof count);
    for (uint32_t v = 0; v < facts->n; v++) {
        const uint32_t x = of(&facts->of[v]), capped = x < CAP ? x : CAP;
        count[capped > median ? capped - median : median - capped] += x > 0;
    }
    const double usual = fmax(1.0, median + 3.0 * 1.4826 * middle(count, total));
    double k = fmax(least, ceil(usual));
    while (log(total) + k - usual - k * log(k / usual) > log(chance)) {
        k += 1.0;
    }
    for (uint32_t v = 0; v < facts->n; v++) {
        beyond += (double)of(&facts->of[v]) >= k;
    }
    return beyond > most_beyond * total ? INFINITY : k;
}

void gx__leaders_flood(const gx__leaders_signs *out, const gx_facts *facts) {
    double said = 0.0, quarter = 0.0, brought = 0.0, shares = 0.0;
    for (uint32_t v = 0; v < facts->n; v++) {
        said += facts->of[v].said;
        quarter += facts->of[v].quarter;
        brought += facts->of[v].brought;
        shares += facts->of[v].shares;
    }
    const double burst = 2.0 * quarter < said ? limit_of(facts, peak_of, GX_RUSH) : INFINITY;
    const double ad = limit_of(facts, same_of, AD_LEAST);
    for (uint32_t v = 0; v < facts->n; v++) {
        const gx_fact *f = &facts->of[v];
        const size_t at = (size_t)v * GX_LEADER_FLAG_COUNT + GX_FLAG_FLOOD;
        const double acts = (double)f->events - f->looks;
        const double sold =
            brought > 0.0 && f->shares > 0 ? f->brought * shares / (brought * f->shares) : 0.0;
        const double rushed = f->peak >= burst ? (double)f->rushed / f->said : 0.0;
        const double same =
            f->same >= ad && f->same >= ad_part * acts ? f->same / acts * fmax(0.0, 1.0 - sold) : 0;
        const double share = fmin(1.0, fmax(rushed, same));
        if (share >= share_least) {
            out->flag[at] = (float)share;
            out->count[at] = rushed >= same ? f->rushed : f->same;
        }
    }
}
