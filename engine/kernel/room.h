/* Small things that several kernels do: a bit a member, and arrays of numbers that grow. */
#ifndef GX_KERNEL_ROOM_H
#define GX_KERNEL_ROOM_H

#include "graph/base/job.h"

static inline bool gx__bit_is_set(const uint64_t *bits, uint32_t i) {
    return bits[i / 64] >> i % 64 & 1;
}

static inline void gx__bit_set(uint64_t *bits, uint32_t i) {
    bits[i / 64] |= UINT64_C(1) << i % 64;
}

/* Sets it, and tells whether it was not. */
static inline bool gx__bit_take(uint64_t *bits, uint32_t i) {
    uint64_t *word = &bits[i / 64], bit = UINT64_C(1) << i % 64;
    const bool fresh = !(*word & bit);
    *word |= bit;
    return fresh;
}

/* Makes the `room` of an array of node numbers, counted against the job, `count` or half as many
 * more. over_limit: over 4,294,967,295, or memory. Given back with gx__numbers_drop. */
static inline gx_status gx__numbers_grow(uint32_t **numbers, uint64_t *room, uint64_t count,
                                         gx_job *job, gx_error *err) {
    if (count <= *room) {
        return GX_OK;
    }
    if (count > UINT32_MAX) {
        return gx_fail(err, GX_OVER_LIMIT, "%llu members or ties at once; accepted are %u",
                       (unsigned long long)count, UINT32_MAX);
    }
    uint64_t more = count + count / 2 + 64;
    more = more < UINT32_MAX ? more : UINT32_MAX;
    const uint64_t bytes = (more - *room) * sizeof **numbers;
    const gx_status status = gx_job_charge(job, bytes, err);
    if (status != GX_OK) {
        return status;
    }
    uint32_t *grown = gx_realloc(*numbers, more, sizeof *grown);
    if (!grown) {
        gx_job_refund(job, bytes);
        return gx_fail_memory(err, more * sizeof *grown);
    }
    *numbers = grown;
    *room = more;
    return GX_OK;
}

static inline void gx__numbers_drop(uint32_t *numbers, uint64_t room, gx_job *job) {
    if (numbers) {
        gx_job_refund(job, room * sizeof *numbers);
        gx_free(numbers);
    }
}

#endif
