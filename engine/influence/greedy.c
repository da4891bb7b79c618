#include "engine/influence/greedy.h"

#include "engine/kernel/candidates.h"

/* Bits of doubles of 0 or more are in their order. */
static uint64_t worth_of(const gx_seed_limits *limits, uint32_t v, double added) {
    uint64_t bits;
    if (limits->cost && !limits->by_gain) {
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

typedef struct greedy {
    const gx__added *added;
    gx__chosen_so_far *chosen;
    gx__candidates left; /* by what they added when they were looked at last */
    uint32_t looked;     /* lie behind the heap: those looked at since the last seed was taken */
    uint32_t *member;    /* at_once: those being looked at, */
    double *worth;       /* and what they add */
} greedy;

/* Takes as many as `most` from the heap, or all; they lie right behind it, before those looked at
 * earlier. Whoever is not let in is dropped. */
static uint32_t take_some(greedy *g, uint32_t most) {
    gx__candidates *left = &g->left;
    uint32_t some = 0;
    while (some < most && left->count > 0) {
        const uint32_t v = gx__candidates_take(left).member;
        gx__candidate *at = &left->heap[left->count];
        if (gx__chosen_admits(g->chosen, v)) {
            some++;
        } else { /* the last of these and the last of those fill the gaps */
            at[0] = at[some];
            at[some] = at[some + g->looked];
        }
    }
    return some;
}

/* Looks at the first in the heap, `most` of them; the first of all looked at so far. */
static gx__candidate look_at(greedy *g, uint32_t most, gx__candidate best) {
    const uint32_t some = take_some(g, most);
    gx__candidate *now = &g->left.heap[g->left.count];
    for (uint32_t i = 0; i < some; i++) {
        g->member[i] = now[i].member;
    }
    g->added->worth(g->added->of, g->worth, g->member, some, false);
    for (uint32_t i = 0; i < some; i++) {
        now[i].worth = worth_of(g->chosen->limits, now[i].member, g->worth[i]);
        best = g->looked + i == 0 || gx__candidate_before(now[i], best) ? now[i] : best;
    }
    g->looked += some;
    return best;
}

/* Whoever is first as things stand, GX_NONE where nobody is left, is out of the heap. What one adds
 * only falls, so who is before all in the heap is first. */
static gx_status take_first(uint32_t *out, greedy *g, gx_job *job, gx_error *err) {
    gx__candidates *left = &g->left;
    gx__candidate best = {.member = GX_NONE};
    gx_status status = GX_OK;
    uint32_t most = 1;
    while (left->count > 0 && (g->looked == 0 || !gx__candidate_before(best, left->heap[0]))) {
        GX_TRY(gx_job_check(job, err));
        best = look_at(g, most, best);
        most = 2 * most < g->added->at_once ? 2 * most : g->added->at_once;
    }
    for (; g->looked > 0; g->looked--) {
        if (left->heap[left->count].member == best.member) {
            left->heap[left->count] = left->heap[left->count + g->looked - 1];
        } else {
            gx__candidates_put_back(left);
        }
    }
    *out = best.member;
done:
    return status;
}

gx_status gx__greedy(gx__chosen_so_far *chosen, double *gain, const gx__added *added, gx_job *job,
                     gx_error *err) {
    const uint32_t given = chosen->count, n = chosen->limits->n, count = chosen->limits->count;
    uint32_t look = given;
    greedy g = {.added = added, .chosen = chosen};
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(job, &g.left.heap, n, sizeof *g.left.heap, err));
    GX_TRY(gx_job_alloc(job, &g.member, added->at_once, sizeof *g.member, err));
    GX_TRY(gx_job_alloc(job, &g.worth, added->at_once, sizeof *g.worth, err));
    for (uint32_t i = 0; i < given; i++) {
        gain[i] = added->take(added->of, chosen->order[i]);
    }
    for (uint32_t v = 0; v < n; v++) {
        if (gx__chosen_admits(chosen, v)) {
            double first;
            added->worth(added->of, &first, &v, 1, given == 0);
            g.left.heap[g.left.count++] = (gx__candidate){worth_of(chosen->limits, v, first), v};
        }
    }
    gx__candidates_order(&g.left);
    while (chosen->count < count) {
        uint32_t v;
        GX_TRY(gx_job_check(job, err));
        if (added->look && chosen->count >= look) {
            GX_TRY(added->look(added->of, chosen, job, err));
            look = next_look(chosen->count, count);
        }
        GX_TRY(take_first(&v, &g, job, err));
        if (v == GX_NONE) {
            break;
        }
        gain[chosen->count] = added->take(added->of, v);
        gx__chosen_take(chosen, v);
    }
    if (added->look) {
        GX_TRY(added->look(added->of, chosen, job, err));
    }
done:
    gx_job_free(job, g.left.heap);
    gx_job_free(job, g.member);
    gx_job_free(job, g.worth);
    return status;
}
