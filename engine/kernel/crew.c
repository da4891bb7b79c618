/* The ticket holds the phase (16 bits), its chunks (24) and the next one to be taken (24), so that
 * taking a chunk is one atomic addition that tells for sure what it belongs to: a phase does not
 * end before each of its taken chunks is done. A thread that finds none left looks on until the
 * phase changes; it takes no second ticket in it, so the addition cannot run over. */
#include "engine/kernel/crew.h"
#include "engine/kernel/parallel.h"

#include <sched.h>
#include <stdatomic.h>

enum { FIELD = 24, LOOKS = 2000 };

typedef struct crew {
    _Atomic uint64_t ticket;
    _Atomic uint32_t done;
    gx__crew_next_fn next;
    gx__crew_work_fn work;
    void *user;
} crew;

static const uint64_t FIELD_MASK = ((uint64_t)1 << FIELD) - 1;

static uint64_t phase_of(uint64_t ticket) {
    return ticket >> 2 * FIELD;
}

static uint32_t chunks_of(uint64_t ticket) {
    return (uint32_t)(ticket >> FIELD & FIELD_MASK);
}

static void open_phase(crew *c, uint64_t phase) {
    const uint64_t chunks = c->next(c->user);
    atomic_store_explicit(&c->done, 0, memory_order_relaxed);
    atomic_store_explicit(&c->ticket, phase << 2 * FIELD | chunks << FIELD, memory_order_release);
}

/* The ticket of a later phase or the end; gives the processor away where that takes long. */
static uint64_t wait_for_change(crew *c, uint64_t phase) {
    for (uint32_t looks = 0;; looks++) {
        const uint64_t now = atomic_load_explicit(&c->ticket, memory_order_acquire);
        if (phase_of(now) != phase || chunks_of(now) == 0) {
            return now;
        }
        if (looks >= LOOKS) {
            sched_yield();
        }
    }
}

static void serve(crew *c, int thread) {
    uint64_t now = atomic_load_explicit(&c->ticket, memory_order_acquire);
    while (chunks_of(now) > 0) {
        now = atomic_fetch_add_explicit(&c->ticket, 1, memory_order_acq_rel);
        const uint32_t chunk = (uint32_t)(now & FIELD_MASK), chunks = chunks_of(now);
        if (chunks == 0) {
            break;
        }
        if (chunk >= chunks) {
            now = wait_for_change(c, phase_of(now));
            continue;
        }
        c->work(c->user, chunk, thread);
        if (atomic_fetch_add_explicit(&c->done, 1, memory_order_acq_rel) + 1 == chunks) {
            open_phase(c, (phase_of(now) + 1) & 0xffff);
        }
        now = atomic_load_explicit(&c->ticket, memory_order_acquire);
    }
}

void gx__crew_run(int threads, gx__crew_next_fn next, gx__crew_work_fn work, void *user) {
    crew c = {.next = next, .work = work, .user = user};
    atomic_init(&c.ticket, 0);
    atomic_init(&c.done, 0);
    open_phase(&c, 1);
    (void)threads;
#pragma omp parallel num_threads(threads)
    serve(&c, gx_thread());
}
