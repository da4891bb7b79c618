#include "engine/community/weakness.h"

#include "engine/kernel/neighbours.h"

enum { SAMPLES = 1024 };

/* Share of pairs from which on communities count as strong. */
static const double STRONG = 0.02;

double gx__community_weakness(const gx_graph *graph) {
    uint32_t pairs = 0, tied = 0;
    for (uint64_t i = 0; graph && graph->out_ptr && graph->n > 0 && i < SAMPLES; i++) {
        const uint32_t v = (uint32_t)(gx_mix64(i) % graph->n);
        const uint64_t from = graph->out_ptr[v], degree = graph->out_ptr[v + 1] - from;
        if (degree < 2) {
            continue;
        }
        const uint64_t first = gx_mix64(SAMPLES + i) % degree;
        const uint64_t second = (first + 1 + gx_mix64(2 * SAMPLES + i) % (degree - 1)) % degree;
        const uint32_t a = graph->out_dst[from + first], b = graph->out_dst[from + second];
        const uint64_t end = graph->out_ptr[a + 1];
        pairs++;
        tied += gx__row_find(graph->out_dst, graph->out_ptr[a], end, b) < end;
    }
    const double share = pairs ? (double)tied / pairs : STRONG;
    return share < STRONG ? 1.0 - share / STRONG : 0.0;
}
