/* Aᵀ A as an operator: see leading.h. */
#include "engine/kernel/leading.h"

#include <math.h>

static void hub_block(void *user, gx__sums *sums, uint32_t first, uint32_t end) {
    gx__gram *gram = user;
    for (uint32_t v = first; v < end; v++) {
        gram->hub[v] = gx__pull(&gram->out, gram->from, v);
        sums->most[0] = fmax(sums->most[0], gram->hub[v]);
    }
}

double gx__gram_hubs(gx__gram *gram, const double *from) {
    gram->from = from;
    return gx__sweep_run(gram->sweep, hub_block, gram).most[0];
}

static void before(void *user, const double *from) {
    gx__gram_hubs(user, from);
}

static void apply(void *user, double *to, const double *from, uint32_t first, uint32_t end) {
    const gx__gram *gram = user;
    (void)from;
    for (uint32_t v = first; v < end; v++) {
        to[v] = gx__pull(&gram->in, gram->hub, v);
    }
}

gx__operator gx__gram_operator(gx__gram *gram) {
    return (gx__operator){.before = before, .apply = apply, .user = gram};
}
