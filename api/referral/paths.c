/* Paths of sales, by a look-up in the arrivals of one member at one item for every step. */
#include "api/referral/paths.h"

#include <stdlib.h>

static int by_place(const void *a, const void *b) {
    const gx_arrival *x = a, *y = b;
    if (x->user != y->user) {
        return x->user < y->user ? -1 : 1;
    }
    if (x->item != y->item) {
        return x->item < y->item ? -1 : 1;
    }
    return (x->act > y->act) - (x->act < y->act);
}

static gx_status find_arrivals(gx_paths *p, gx_error *err) {
    const gx_log *log = &p->log;
    uint64_t count = 0;
    for (uint64_t i = 0; i < log->count; i++) {
        count += log->acts[i].via != GX_NONE;
    }
    gx_status status = gx_job_alloc(p->job, &p->arrivals, count, sizeof *p->arrivals, err);
    for (uint64_t i = 0; status == GX_OK && i < log->count; i++) {
        const gx_log_act *act = &log->acts[i];
        if (act->via != GX_NONE) {
            p->arrivals[p->arrival_count++] = (gx_arrival){act->user, act->item, (uint32_t)i};
        }
    }
    if (status == GX_OK && count > 1) {
        qsort(p->arrivals, count, sizeof *p->arrivals, by_place);
    }
    return status;
}

static gx_status find_sales(gx_paths *p, gx_error *err) {
    const gx_log *log = &p->log;
    gx_status status;
    for (uint64_t i = 0; i < log->count; i++) {
        p->sale_count += log->acts[i].sale && log->acts[i].inside;
    }
    GX_TRY(gx_job_alloc(p->job, &p->sales, p->sale_count, sizeof *p->sales, err));
    GX_TRY(gx_job_alloc(p->job, &p->first_sale, p->users, sizeof *p->first_sale, err));
    for (uint32_t u = 0; u < p->users; u++) {
        p->first_sale[u] = GX_NONE;
    }
    p->sale_count = 0;
    for (uint64_t i = 0; i < log->count; i++) {
        const gx_log_act *act = &log->acts[i];
        if (act->sale && p->first_sale[act->user] == GX_NONE) {
            p->first_sale[act->user] = (uint32_t)i;
        }
        if (act->sale && act->inside) {
            p->sales[p->sale_count++] = (uint32_t)i;
        }
    }
done:
    return status;
}

static gx_status find_invites(gx_paths *p, gx_call_env *call, gx_error *err) {
    gx_status status;
    uint32_t *order = NULL;
    uint64_t cycles;
    GX_TRY(gx_invites_read(&p->invites, call, err));
    GX_TRY(gx_job_alloc(p->job, &order, p->invites.users, sizeof *order, err));
    GX_TRY(gx_parents_settle(p->invites.by, order, &cycles, p->invites.ts_ms, p->invites.users,
                             p->job, err));
done:
    gx_job_free(p->job, order);
    return status;
}

gx_status gx_paths_make(gx_paths *out, gx_call_env *call, const gx_log_spec *spec, bool by_invite,
                        int64_t window_ms, gx_error *err) {
    gx_status status;
    gx_paths p = {.job = call->job,
                  .by_invite = by_invite,
                  .window_ms = window_ms,
                  .users = gx_word_count(call->txn, GX_SPACE_USER)};
    GX_TRY(gx_log_read(&p.log, call, spec, err));
    GX_TRY(find_sales(&p, err));
    if (by_invite) {
        GX_TRY(find_invites(&p, call, err));
    } else {
        GX_TRY(find_arrivals(&p, err));
    }
    *out = p;
    p = (gx_paths){.job = call->job};
done:
    gx_paths_finish(&p);
    return status;
}

void gx_paths_finish(gx_paths *paths) {
    if (paths->job) {
        gx_log_finish(&paths->log);
        gx_invites_finish(&paths->invites);
        gx_job_free(paths->job, paths->arrivals);
        gx_job_free(paths->job, paths->sales);
        gx_job_free(paths->job, paths->first_sale);
    }
    *paths = (gx_paths){0};
}

void gx_path_finish(gx_path *path) {
    gx_free(path->touch);
    *path = (gx_path){0};
}

/* ---- one path -------------------------------------------------------------------------------- */

/* The place behind the last arrival of the member at the item before the act `before`. */
static uint64_t behind(const gx_paths *p, uint32_t user, uint32_t item, uint32_t before) {
    const gx_arrival key = {user, item, before};
    uint64_t low = 0, high = p->arrival_count;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (by_place(&p->arrivals[middle], &key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The arrival in front of place `at`, where it is of the same member and item and in the window. */
static const gx_log_act *arrival_before(const gx_paths *p, uint64_t at, uint32_t user,
                                        uint32_t item, int64_t sale_ms) {
    if (at == 0 || p->arrivals[at - 1].user != user || p->arrivals[at - 1].item != item) {
        return NULL;
    }
    const gx_log_act *act = &p->log.acts[p->arrivals[at - 1].act];
    return p->window_ms > 0 && sale_ms - act->ts_ms > p->window_ms ? NULL : act;
}

static gx_status add_touch(gx_path *io, uint32_t user, int64_t ts_ms, gx_error *err) {
    if (io->count == io->capacity) {
        const uint32_t capacity = io->capacity ? io->capacity * 2 : 16;
        gx_touch *grown = gx_realloc(io->touch, capacity, sizeof *grown);
        if (!grown) {
            return gx_fail_memory(err, capacity * sizeof *grown);
        }
        io->touch = grown;
        io->capacity = capacity;
    }
    io->touch[io->count] = (gx_touch){.ts_ms = ts_ms, .user = user, .hop = io->count};
    io->count++;
    return GX_OK;
}

gx_status gx_path_put_buyer(gx_path *io, const gx_log_act *sale, gx_error *err) {
    const gx_status status = add_touch(io, sale->user, sale->ts_ms, err);
    if (status == GX_OK) {
        memmove(io->touch + 1, io->touch, (io->count - 1) * sizeof *io->touch);
        io->touch[0] = (gx_touch){.ts_ms = sale->ts_ms, .user = sale->user};
    }
    return status;
}

static uint32_t place_of(const gx_path *path, uint32_t user) {
    uint32_t k = 0;
    while (k < path->count && path->touch[k].user != user) {
        k++;
    }
    return k;
}

static gx_status chain_of_invites(gx_path *io, const gx_paths *p, const gx_log_act *sale,
                                  uint32_t most, gx_error *err) {
    gx_status status = GX_OK;
    const gx_invites *in = &p->invites;
    for (uint32_t u = sale->user; status == GX_OK && in->by[u] != GX_NONE && io->count < most;
         u = in->by[u]) {
        const int64_t ts_ms = in->ts_ms[u];
        if (p->window_ms > 0 && ts_ms != INT64_MIN && sale->ts_ms - ts_ms > p->window_ms) {
            break;
        }
        status = add_touch(io, in->by[u], ts_ms, err);
    }
    return status;
}

gx_status gx_path_chain(gx_path *io, const gx_paths *p, uint32_t sale, bool rings, gx_error *err) {
    const gx_log_act *bought = &p->log.acts[sale];
    gx_status status = GX_OK;
    const uint32_t most = GX_PATH_MOST + (rings ? 1U : 0U);
    uint32_t user = bought->user, before = sale + 1;
    io->count = 0;
    io->ring = false;
    if (p->by_invite) {
        return chain_of_invites(io, p, bought, most, err);
    }
    while (status == GX_OK && io->count < most) {
        const gx_log_act *came = arrival_before(p, behind(p, user, bought->item, before), user,
                                                bought->item, bought->ts_ms);
        if (!came) {
            break;
        }
        if (came->via == bought->user || place_of(io, came->via) < io->count) {
            io->ring = true;
            if (!rings) {
                break;
            }
        }
        status = add_touch(io, came->via, came->ts_ms, err);
        user = came->via;
        before = (uint32_t)(came - p->log.acts);
    }
    return status;
}

/* Those who sent `user` before the act `before`, the latest first, as bits; new ones are added,
 * each with the act by which it sent somebody first found, before which it was sent itself. */
static gx_status send_of(uint32_t *out, gx_path *io, uint32_t *sent_by, const gx_paths *p,
                         const gx_log_act *sale, uint32_t user, uint32_t before, uint32_t hop,
                         gx_error *err) {
    uint32_t bits = 0;
    gx_status status = GX_OK;
    for (uint64_t at = behind(p, user, sale->item, before); status == GX_OK; at--) {
        const gx_log_act *came = arrival_before(p, at, user, sale->item, sale->ts_ms);
        if (!came) {
            break;
        }
        const uint32_t k = place_of(io, came->via);
        if (came->via == sale->user || k >= GX_SHAPLEY_MOST) {
            continue;
        }
        if (k == io->count) {
            sent_by[k] = (uint32_t)(came - p->log.acts);
            status = add_touch(io, came->via, came->ts_ms, err);
            if (status == GX_OK) {
                io->touch[k].hop = hop;
            }
        }
        bits |= UINT32_C(1) << k;
    }
    *out = bits;
    return status;
}

gx_status gx_path_all(gx_path *io, const gx_paths *p, uint32_t sale, gx_error *err) {
    const gx_log_act *bought = &p->log.acts[sale];
    uint32_t sent_by[GX_SHAPLEY_MOST];
    gx_status status;
    if (p->by_invite) { /* nobody is invited twice: a chain */
        GX_TRY(gx_path_chain(io, p, sale, false, err));
        io->count = io->count > GX_SHAPLEY_MOST ? GX_SHAPLEY_MOST : io->count;
        for (uint32_t k = 0; k < io->count; k++) {
            io->touch[k].from = k + 1 < io->count ? UINT32_C(2) << k : 0;
        }
        io->direct = 1;
        return GX_OK;
    }
    io->count = 0;
    io->ring = false;
    GX_TRY(send_of(&io->direct, io, sent_by, p, bought, bought->user, sale + 1, 0, err));
    for (uint32_t k = 0; k < io->count; k++) {
        uint32_t from;
        GX_TRY(send_of(&from, io, sent_by, p, bought, io->touch[k].user, sent_by[k],
                       io->touch[k].hop + 1, err));
        io->touch[k].from = from & ~(UINT32_C(1) << k);
    }
done:
    return status;
}
