#include "engine/kernel/ball.h"

enum { LOOK = 1 << 18 };

/* All lie in one block, which begins with what the first has seen. */
gx_status gx__balls_make(gx__ball **out, int count, const gx__rows_view *rows, const uint8_t *gone,
                         uint32_t n, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx__ball *balls = NULL;
    uint32_t *room = NULL;
    GX_TRY(gx_job_alloc(job, &balls, (size_t)count, sizeof *balls, err));
    GX_TRY(gx_job_alloc(job, &room, n, 2 * (size_t)count * sizeof *room, err));
    for (int i = 0; i < count; i++) {
        uint32_t *own = room + 2 * (size_t)i * n;
        balls[i] = (gx__ball){rows, gone, job, .seen = own, .queue = own + n, .n = n};
    }
    *out = balls;
    return GX_OK;
done:
    gx_job_free(job, balls);
    return status;
}

void gx__balls_free(gx__ball *balls, gx_job *job) {
    if (balls) {
        gx_job_free(job, balls->seen);
        gx_job_free(job, balls);
    }
}

uint64_t gx__balls_bytes(uint32_t n, int count) {
    return (uint64_t)count * (2 * (uint64_t)n * sizeof(uint32_t) + sizeof(gx__ball));
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
