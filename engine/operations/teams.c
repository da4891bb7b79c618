#include "engine/operations/teams.h"

#include <math.h>
#include <stdlib.h>

typedef struct forming {
    const gx_team_options *o;
    gx_job *job;
    uint8_t *used;     /* in a team */
    double *link;      /* Σ of strengths to the team that grows */
    uint32_t *touched; /* those with a link */
    double *value;     /* of the team grown from each, when it was last grown; < 0: none grows */
    uint32_t *round;   /* when that was */
    uint32_t *of_kind; /* members of each kind; NULL: any mix */
    uint32_t seats;    /* Σ over kinds of the least of a team */
    gx_team *team;
    uint32_t count;
} forming;

static double strength(const forming *f, uint32_t u, uint32_t v) {
    const gx_graph *g = f->o->ties;
    uint64_t low = g->out_ptr[u], high = g->out_ptr[u + 1];
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (g->out_dst[middle] < v) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    const bool there = low < g->out_ptr[u + 1] && g->out_dst[low] == v;
    return !there ? 0 : g->out_weight ? (double)g->out_weight[low] : 1;
}

/* ---- the mix ----------------------------------------------------------------------------------
 */

static uint32_t least_of(const forming *f, uint32_t kind) {
    return gx_team_least(f->o->size, f->of_kind[kind], f->o->ties->n);
}

static uint32_t most_of(const forming *f, uint32_t kind) {
    return gx_team_most(f->o->size, f->of_kind[kind], f->o->ties->n);
}

static uint32_t have(const forming *f, const uint32_t *member, uint32_t count, uint32_t kind) {
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        found += f->o->kind[member[i]] == kind;
    }
    return found;
}

/* Seats that kinds below their least must still get. */
static uint32_t seats_due(const forming *f, const uint32_t *member, uint32_t count) {
    uint32_t due = f->seats;
    for (uint32_t i = 0; i < count && f->of_kind; i++) {
        const uint32_t kind = f->o->kind[member[i]];
        due -= have(f, member, i, kind) < least_of(f, kind);
    }
    return due;
}

/* Whether v may be the next, with so many seats due. */
static bool may_join(const forming *f, const uint32_t *member, uint32_t count, uint32_t v,
                     uint32_t due) {
    if (!f->of_kind) {
        return true;
    }
    const uint32_t kind = f->o->kind[v], there = have(f, member, count, kind);
    return there < most_of(f, kind) && (there < least_of(f, kind) || f->o->size - count > due);
}

static bool is_mixed(const forming *f, const uint32_t *member) {
    for (uint32_t i = 0; i < f->o->size && f->of_kind; i++) {
        const uint32_t kind = f->o->kind[member[i]];
        if (have(f, member, f->o->size, kind) > most_of(f, kind)) {
            return false;
        }
    }
    return seats_due(f, member, f->o->size) == 0;
}

static double evenness(const forming *f, const uint32_t *member) {
    double off = 0;
    for (uint32_t kind = 0; f->of_kind && kind < f->o->kinds; kind++) {
        off += fabs((double)have(f, member, f->o->size, kind) / f->o->size -
                    (double)f->of_kind[kind] / f->o->ties->n);
    }
    return 1 - off / 2;
}

static gx_status count_kinds(forming *f, gx_error *err) {
    const gx_team_options *o = f->o;
    gx_status status = GX_OK;
    if (o->kind && o->ties->n > 0) {
        status = gx_job_alloc(f->job, &f->of_kind, (size_t)o->kinds + 1, sizeof *f->of_kind, err);
        for (uint32_t v = 0; status == GX_OK && v < o->ties->n; v++) {
            f->of_kind[o->kind[v]]++;
        }
        for (uint32_t kind = 0; status == GX_OK && kind < o->kinds; kind++) {
            f->seats += least_of(f, kind);
        }
    }
    return status;
}

/* ---- one team ---------------------------------------------------------------------------------
 */

static bool holds_together(const forming *f, const uint32_t *member) {
    const uint32_t size = f->o->size;
    uint32_t reached = 1, before = 0; /* as bits */
    while (reached != before) {
        before = reached;
        for (uint32_t i = 0; i < size; i++) {
            for (uint32_t k = 0; reached >> i & 1 && k < size; k++) {
                reached |= strength(f, member[i], member[k]) > 0 ? 1u << k : 0;
            }
        }
    }
    return reached == (1u << size) - 1;
}

static void reckon(gx_team *t, const forming *f) {
    const uint32_t size = f->o->size;
    t->willing = t->close = 0;
    t->ties = 0;
    for (uint32_t i = 0; i < size; i++) {
        t->willing += f->o->willing[t->member[i]] / size;
        for (uint32_t k = i + 1; k < size; k++) {
            const double s = strength(f, t->member[i], t->member[k]);
            t->close += s * 2 / (size * (size - 1.0));
            t->ties += s > 0;
        }
    }
    t->value = (1 - f->o->close) * t->willing + f->o->close * t->close;
}

static uint32_t add_links(const forming *f, uint32_t u, uint32_t touched) {
    const gx_graph *g = f->o->ties;
    for (uint64_t i = g->out_ptr[u]; i < g->out_ptr[u + 1]; i++) {
        const uint32_t v = g->out_dst[i];
        const double weight = g->out_weight ? (double)g->out_weight[i] : 1;
        if (!f->used[v] && weight > 0) {
            if (f->link[v] == 0) {
                f->touched[touched++] = v;
            }
            f->link[v] += weight;
        }
    }
    return touched;
}

static bool is_in(const uint32_t *member, uint32_t count, uint32_t v) {
    for (uint32_t i = 0; i < count; i++) {
        if (member[i] == v) {
            return true;
        }
    }
    return false;
}

/* The team from `anchor`, each next member the one that adds most; false: too few are tied to it.
 */
static bool grow(gx_team *t, const forming *f, uint32_t anchor) {
    const uint32_t size = f->o->size;
    const double close = f->o->close, pairs = size * (size - 1.0) / 2;
    uint32_t count = 1, touched;
    if (!may_join(f, t->member, 0, anchor, f->seats)) {
        return false;
    }
    touched = add_links(f, anchor, 0);
    t->member[0] = anchor;
    while (count < size) {
        const uint32_t due = seats_due(f, t->member, count);
        uint32_t best = GX_NONE;
        double most = -1;
        for (uint32_t i = 0; i < touched; i++) {
            const uint32_t v = f->touched[i];
            const double adds = (1 - close) * f->o->willing[v] / size + close * f->link[v] / pairs;
            if ((adds > most || (adds == most && v < best)) && !is_in(t->member, count, v) &&
                may_join(f, t->member, count, v, due)) {
                most = adds;
                best = v;
            }
        }
        if (best == GX_NONE) {
            break;
        }
        t->member[count++] = best;
        touched = add_links(f, best, touched);
    }
    for (uint32_t i = 0; i < touched; i++) {
        f->link[f->touched[i]] = 0;
    }
    if (count == size) {
        reckon(t, f);
    }
    return count == size;
}

/* ---- all of them ------------------------------------------------------------------------------
 */

static gx_status take_teams(forming *f, gx_error *err) {
    const uint32_t n = f->o->ties->n;
    uint32_t round = 1;
    gx_job_stage(f->job, "teams", f->o->count);
    while (f->count < f->o->count) {
        uint32_t best = GX_NONE;
        gx_status status = gx_job_check(f->job, err);
        if (status != GX_OK) {
            return status;
        }
        for (uint32_t v = 0; v < n; v++) {
            if (!f->used[v] && f->value[v] >= 0 &&
                (best == GX_NONE || f->value[v] > f->value[best])) {
                best = v;
            }
        }
        if (best == GX_NONE) {
            break;
        }
        gx_team *t = &f->team[f->count];
        const bool grown = grow(t, f, best);
        f->value[best] = grown ? t->value : -1;
        if (!grown || f->round[best] != round) { /* it was grown before others were taken */
            f->round[best] = round;
            continue;
        }
        for (uint32_t i = 0; i < f->o->size; i++) {
            f->used[t->member[i]] = 1;
        }
        f->count++;
        round++;
        gx_job_tick(f->job, f->count);
    }
    return GX_OK;
}

/* Exchanges x-th of a and y-th of b where that raises the least of the two above `*least`. */
static bool try_exchange(gx_team *a, gx_team *b, const forming *f, uint32_t x, uint32_t y,
                         double *least) {
    gx_team one = *a, two = *b;
    one.member[x] = b->member[y];
    two.member[y] = a->member[x];
    reckon(&one, f);
    reckon(&two, f);
    const double value = fmin(one.value, two.value);
    if (value > *least + 1e-12 && is_mixed(f, one.member) && is_mixed(f, two.member) &&
        holds_together(f, one.member) && holds_together(f, two.member)) {
        *least = value;
        return true;
    }
    return false;
}

/* One exchange for the least team that has one; false: none has. */
static bool balance_once(forming *f, uint8_t *stuck) {
    uint32_t least = GX_NONE;
    for (uint32_t i = 0; i < f->count; i++) {
        if (!stuck[i] && (least == GX_NONE || f->team[i].value < f->team[least].value)) {
            least = i;
        }
    }
    if (least == GX_NONE) {
        return false;
    }
    gx_team *a = &f->team[least];
    uint32_t with = GX_NONE, from = 0, to = 0;
    double value = a->value;
    for (uint32_t i = 0; i < f->count; i++) {
        for (uint32_t k = 0; i != least && k < f->o->size * f->o->size; k++) {
            const uint32_t x = k / f->o->size, y = k % f->o->size;
            bool tied = false;
            for (uint32_t z = 0; z < f->o->size && !tied; z++) {
                tied = z != x && strength(f, a->member[z], f->team[i].member[y]) > 0;
            }
            if (tied && try_exchange(a, &f->team[i], f, x, y, &value)) {
                with = i;
                from = x;
                to = y;
            }
        }
    }
    if (with == GX_NONE) {
        stuck[least] = 1;
        return true;
    }
    const uint32_t member = a->member[from];
    a->member[from] = f->team[with].member[to];
    f->team[with].member[to] = member;
    reckon(a, f);
    reckon(&f->team[with], f);
    return true;
}

static gx_status balance(forming *f, gx_error *err) {
    uint8_t *stuck;
    gx_status status = gx_job_alloc(f->job, &stuck, (size_t)f->count + 1, 1, err);
    for (uint32_t i = 0; status == GX_OK && i < 4 * f->count && balance_once(f, stuck); i++) {
        status = gx_job_check(f->job, err);
    }
    gx_job_free(f->job, stuck);
    return status;
}

/* The one with the most strength to the others stands first. */
static void put_first(gx_team *t, const forming *f) {
    uint32_t first = 0;
    double most = -1;
    for (uint32_t i = 0; i < f->o->size; i++) {
        double sum = 0;
        for (uint32_t k = 0; k < f->o->size; k++) {
            sum += k != i ? strength(f, t->member[i], t->member[k]) : 0;
        }
        if (sum > most) {
            most = sum;
            first = i;
        }
    }
    const uint32_t member = t->member[first];
    t->member[first] = t->member[0];
    t->member[0] = member;
}

static int by_value(const void *a, const void *b) {
    const gx_team *x = a, *y = b;
    if (x->value != y->value) {
        return x->value > y->value ? -1 : 1;
    }
    return (x->member[0] > y->member[0]) - (x->member[0] < y->member[0]);
}

static gx_status check(const gx_team_options *o, gx_error *err) {
    if (o->size < 2 || o->size > GX_TEAM_MOST) {
        return gx_fail_at(err, GX_BAD_REQUEST, "size", "size is %u; accepted is 2 to %d", o->size,
                          GX_TEAM_MOST);
    }
    return o->close >= 0 && o->close <= 1 ? GX_OK
                                          : gx_fail_at(err, GX_BAD_REQUEST, "close",
                                                       "close is %g; accepted is 0 to 1", o->close);
}

gx_status gx_teams_form(gx_team **out, uint32_t *out_count, const gx_team_options *options,
                        gx_job *job, gx_error *err) {
    const uint32_t n = options->ties->n, room = n / (options->size ? options->size : 1);
    gx_team_options o = *options;
    forming f = {.o = &o, .job = job};
    gx_status status = check(&o, err);
    if (status != GX_OK) {
        return status;
    }
    o.count = o.count < room ? o.count : room;
    GX_TRY(count_kinds(&f, err));
    GX_TRY(gx_job_alloc(job, &f.used, (size_t)n + 1, 1, err));
    GX_TRY(gx_job_alloc(job, &f.link, (size_t)n + 1, sizeof *f.link, err));
    GX_TRY(gx_job_alloc(job, &f.touched, (size_t)n + 1, sizeof *f.touched, err));
    GX_TRY(gx_job_alloc(job, &f.value, (size_t)n + 1, sizeof *f.value, err));
    GX_TRY(gx_job_alloc(job, &f.round, (size_t)n + 1, sizeof *f.round, err));
    GX_TRY(gx_job_alloc(job, &f.team, (size_t)o.count + 1, sizeof *f.team, err));
    for (uint32_t v = 0; v < n; v++) {
        f.value[v] = INFINITY;
    }
    GX_TRY(take_teams(&f, err));
    if (o.balance) {
        GX_TRY(balance(&f, err));
    }
    for (uint32_t i = 0; i < f.count; i++) {
        put_first(&f.team[i], &f);
        f.team[i].even = evenness(&f, f.team[i].member);
    }
    qsort(f.team, f.count, sizeof *f.team, by_value);
    *out = f.team;
    *out_count = f.count;
    f.team = NULL;
done:
    gx_job_free(job, f.of_kind);
    gx_job_free(job, f.used);
    gx_job_free(job, f.link);
    gx_job_free(job, f.touched);
    gx_job_free(job, f.value);
    gx_job_free(job, f.round);
    gx_job_free(job, f.team);
    return status;
}
