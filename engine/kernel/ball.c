#include "engine/kernel/ball.h"

enum { LOOK = 1 << 18 };

size_t gx__ball_room(uint32_t n) {
    return 2 * (size_t)n;
}

gx__ball gx__ball_in(uint32_t *room, const gx__rows_view *rows, const uint8_t *gone, uint32_t n,
                     gx_job *job) {
    return (gx__ball){
        .rows = rows, .gone = gone, .job = job, .seen = room, .queue = room + n, .n = n};
}

void gx__ball_start(gx__ball *ball, const uint32_t *members, uint32_t count) {
    if (++ball->number == 0) { /* numbers are used up: what they mark is forgotten */
        memset(ball->seen, 0, ball->n * sizeof *ball->seen);
        ball->number = 1;
    }
    for (uint32_t i = 0; i < count; i++) {
        ball->seen[members[i]] = ball->number;
        ball->queue[i] = members[i];
    }
    ball->from = 0;
    ball->to = count;
}

/* Before the row of a member of the ring is looked at; false: the job should stop. */
static inline bool go_on(gx__ball *ball, uint64_t ties) {
    ball->looked += ties + 1;
    if (ball->looked > LOOK) {
        ball->looked = 0;
        ball->stopped = ball->stopped || gx_job_should_stop(ball->job);
    }
    return !ball->stopped;
}

bool gx__ball_widen(gx__ball *ball) {
    const gx__rows_view *rows = ball->rows;
    uint32_t end = ball->to;
    for (uint32_t q = ball->from; q < ball->to; q++) {
        uint32_t v = ball->queue[q];
        uint64_t row_end = rows->ptr[v + 1];
        if (!go_on(ball, row_end - rows->ptr[v])) {
            return false;
        }
        for (uint64_t i = rows->ptr[v]; i < row_end; i++) {
            uint32_t u = rows->end[i];
            if (ball->seen[u] != ball->number && !(ball->gone && ball->gone[u])) {
                ball->seen[u] = ball->number;
                ball->queue[end++] = u;
            }
        }
    }
    ball->from = ball->to;
    ball->to = end;
    return ball->from < end;
}

uint64_t gx__ball_add_next(gx__ball *ball, const uint32_t *worth) {
    const gx__rows_view *rows = ball->rows;
    uint32_t *seen = ball->seen, number = ball->number;
    uint64_t sum = 0;
    for (uint32_t q = ball->from; q < ball->to; q++) {
        uint32_t v = ball->queue[q];
        uint64_t row_end = rows->ptr[v + 1];
        if (!go_on(ball, row_end - rows->ptr[v])) {
            break;
        }
        for (uint64_t i = rows->ptr[v]; i < row_end; i++) {
            uint32_t u = rows->end[i], mask = -(uint32_t)(seen[u] != number);
            seen[u] = number;
            sum += worth[u] & mask;
        }
    }
    return sum;
}
