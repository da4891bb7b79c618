#include "engine/influence/greedy.h"

#include "engine/kernel/candidates.h"

/* Bits of doubles of 0 or more are in their order. */
static uint64_t worth_of(const gx_seed_limits *limits, uint32_t v, double added) {
    uint64_t bits;
    if (limits->cost) {
        added /= limits->cost[v] + 1e-9 * (limits->budget + 1);
    }
    added = added > 0 ? added : 0;
    memcpy(&bits, &added, sizeof bits);
    return bits;
}

static uint32_t next_look(uint32_t now, uint32_t count) {
    const uint32_t eighth = count / 8 > 0 ? count / 8 : 1;
    return now < eighth ? eighth : 2 * now;
}

/* Looks at the first anew; whether it stays the first, and is then out of the heap. */
static bool is_first(gx__candidates *left, const gx__added *added, const gx_seed_limits *limits,
                     gx__candidate next) {
    const uint64_t now = worth_of(limits, next.member, added->worth(added->of, next.member, false));
    if (left->count > 0 && now < next.worth) {
        left->heap[left->count].worth = now;
        gx__candidates_put_back(left);
        if (left->heap[0].member != next.member) {
            return false;
        }
        (void)gx__candidates_take(left);
    }
    return true;
}

gx_status gx__greedy(gx__chosen_so_far *chosen, double *gain, const gx__added *added, gx_job *job,
                     gx_error *err) {
    const gx_seed_limits *limits = chosen->limits;
    const uint32_t given = chosen->count;
    uint32_t look = given;
    gx__candidates left = {0};
    gx_status status = GX_OK;
    for (uint32_t i = 0; i < given; i++) {
        gain[i] = added->take(added->of, chosen->order[i]);
    }
    GX_TRY(gx_job_alloc(job, &left.heap, limits->n, sizeof *left.heap, err));
    for (uint32_t v = 0; v < limits->n; v++) {
        if (gx__chosen_admits(chosen, v)) {
            const double first = added->worth(added->of, v, given == 0);
            left.heap[left.count++] = (gx__candidate){worth_of(limits, v, first), v};
        }
    }
    gx__candidates_order(&left);
    while (left.count > 0 && chosen->count < limits->count) {
        GX_TRY(gx_job_check(job, err));
        if (added->look && chosen->count >= look) {
            GX_TRY(added->look(added->of, chosen, job, err));
            look = next_look(chosen->count, limits->count);
        }
        const gx__candidate next = gx__candidates_take(&left);
        if (gx__chosen_admits(chosen, next.member) && is_first(&left, added, limits, next)) {
            gain[chosen->count] = added->take(added->of, next.member);
            gx__chosen_take(chosen, next.member);
        }
    }
    if (added->look) {
        GX_TRY(added->look(added->of, chosen, job, err));
    }
done:
    gx_job_free(job, left.heap);
    return status;
}
