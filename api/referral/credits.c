/* Arguments of credit, and signs of members who may be several identities of one. */
#include "api/referral/credits.h"

#include "api/referral/cascades.h"

gx_credit_rule gx_credit_rule_of(gx_slice name) {
    gx_credit_rule rule = GX_CREDIT_LAST;
    while (rule + 1 < GX_CREDIT_COUNT && !gx_slice_is(name, gx_credit_name(rule))) {
        rule++;
    }
    return rule;
}

gx_status gx_credit_paths(gx_paths *out, gx_call_env *call, bool ids, gx_error *err) {
    enum { DAY_MS = 86400000, WINDOW_DAYS = 30 };
    const bool invite = gx_arg_is(call->args, "tree", "invite");
    gx_log_spec spec;
    gx_status status;
    GX_TRY(gx_log_spec_of(&spec, call, err));
    spec.decimals = (int)gx_arg_int(call->args, "decimals");
    spec.ids = ids;
    const int64_t usual = invite ? 0 : (int64_t)WINDOW_DAYS * DAY_MS;
    GX_TRY(gx_paths_make(
        out, call, &spec, invite,
        gx_arg_has(call->args, "window") ? gx_arg_int(call->args, "window") : usual, err));
done:
    return status;
}

gx_status gx_credit_try(double *out_s, uint32_t *out_tried, const gx_paths *paths,
                        gx_credit_look look, void *user, gx_error *err) {
    enum { RUNS = 32, RUN = 256 }; /* of sales that follow each other, as all do */
    const uint32_t sales = paths->sale_count, apart = sales / RUNS > RUN ? sales / RUNS : RUN;
    const int64_t begun = gx_clock_cpu_ns();
    gx_path path = {0};
    gx_status status = GX_OK;
    *out_tried = 0;
    for (uint64_t from = 0; from < sales; from += apart) {
        for (uint32_t i = (uint32_t)from; i < sales && i < from + RUN; i++) {
            GX_TRY(look(user, i, err));
            GX_TRY(gx_path_chain(&path, paths, paths->sales[i], false, err));
            ++*out_tried;
        }
    }
    *out_s = (double)(gx_clock_cpu_ns() - begun) / 1e9 * sales / (*out_tried > 0 ? *out_tried : 1);
done:
    gx_path_finish(&path);
    return status;
}

/* ---- signs ----------------------------------------------------------------------------------- */

static const char *const sign_names[GX_SIGNS] = {"ring", "pass_through", "quick", "one_buyer"};

const char *gx_sign_name(uint32_t bit_number) {
    return sign_names[bit_number];
}

bool gx_signs_suspicious(uint32_t signs) {
    const uint32_t alone = GX_SIGN_PASS | GX_SIGN_QUICK;
    return (signs & (GX_SIGN_RING | GX_SIGN_ONE_BUYER)) || (signs & alone) == alone;
}

gx_value gx_signs_value(gx_arena *arena, uint32_t signs) {
    gx_value list = gx_list(arena, GX_SIGNS);
    for (uint32_t b = 0; b < GX_SIGNS; b++) {
        if (signs & UINT32_C(1) << b) {
            gx_list_add(arena, &list, gx_str(sign_names[b]));
        }
    }
    return list;
}

/* One other member, and whether it was always that one. */
enum { MANY = UINT32_MAX - 1 };

static void meet(uint32_t *one, uint32_t who) {
    *one = *one == GX_NONE || *one == who ? who : MANY;
}

typedef struct tie_counts {
    uint32_t *came, *brought; /* via whom, whom */
    uint32_t *buyer, *sales;  /* of sales that a member sent the buyer to itself */
    uint32_t *paths, *rings;  /* that it is on, or buys at the end of; those that came back */
} tie_counts;

static void count_steps(tie_counts *c, const gx_paths *p) {
    for (uint32_t u = 0; u < p->users; u++) {
        c->came[u] = c->brought[u] = c->buyer[u] = GX_NONE;
    }
    for (uint32_t u = 0; p->by_invite && u < p->users; u++) {
        if (p->invites.by[u] != GX_NONE) {
            meet(&c->came[u], p->invites.by[u]);
            meet(&c->brought[p->invites.by[u]], u);
        }
    }
    for (uint64_t i = 0; i < p->arrival_count; i++) {
        const gx_log_act *act = &p->log.acts[p->arrivals[i].act];
        meet(&c->came[act->user], act->via);
        meet(&c->brought[act->via], act->user);
    }
}

/* touch[k] came via touch[k + 1] at that one's time, and passed on at its own. */
static void look_at_path(uint8_t *out, tie_counts *c, const gx_path *path, uint32_t buyer,
                         int64_t quick_ms) {
    for (uint32_t k = 0; k + 1 < path->count; k++) {
        const int64_t passed = path->touch[k].ts_ms, came = path->touch[k + 1].ts_ms;
        if (passed != INT64_MIN && came != INT64_MIN && passed >= came &&
            passed - came < quick_ms) {
            out[path->touch[k].user] |= GX_SIGN_QUICK;
        }
    }
    if (path->count > 0) {
        meet(&c->buyer[path->touch[0].user], buyer);
        c->sales[path->touch[0].user]++;
    }
    for (uint32_t k = 0; k < path->count; k++) {
        c->paths[path->touch[k].user]++;
        c->rings[path->touch[k].user] += path->ring;
    }
    c->paths[buyer]++;
    c->rings[buyer] += path->ring;
}

gx_status gx_signs_read(uint8_t *out, const gx_paths *p, int64_t quick_ms, gx_error *err) {
    enum { REPEATED = 3, RINGS = 2 };
    gx_job *job = p->job;
    gx_path path = {0};
    tie_counts c = {0};
    gx_status status;
    GX_TRY(gx_job_alloc(job, &c.came, p->users, sizeof *c.came, err));
    GX_TRY(gx_job_alloc(job, &c.brought, p->users, sizeof *c.brought, err));
    GX_TRY(gx_job_alloc(job, &c.buyer, p->users, sizeof *c.buyer, err));
    GX_TRY(gx_job_alloc(job, &c.sales, p->users, sizeof *c.sales, err));
    GX_TRY(gx_job_alloc(job, &c.paths, p->users, sizeof *c.paths, err));
    GX_TRY(gx_job_alloc(job, &c.rings, p->users, sizeof *c.rings, err));
    count_steps(&c, p);
    for (uint32_t i = 0; i < p->sale_count; i++) {
        GX_TRY(gx_path_chain(&path, p, p->sales[i], false, err));
        look_at_path(out, &c, &path, p->log.acts[p->sales[i]].user, quick_ms);
        if (i % 4096 == 0) {
            GX_TRY(gx_job_check(job, err));
        }
    }
    for (uint32_t u = 0; u < p->users; u++) {
        const bool buys = p->first_sale[u] != GX_NONE;
        if (c.rings[u] >= RINGS && 2 * c.rings[u] >= c.paths[u]) {
            out[u] |= GX_SIGN_RING;
        }
        if (!buys && c.came[u] < MANY && c.brought[u] < MANY) {
            out[u] |= GX_SIGN_PASS;
        }
        if (!buys && c.sales[u] >= REPEATED && c.buyer[u] < MANY && c.came[c.buyer[u]] == u) {
            out[u] |= GX_SIGN_ONE_BUYER;
        }
    }
done:
    gx_path_finish(&path);
    gx_job_free(job, c.came);
    gx_job_free(job, c.brought);
    gx_job_free(job, c.buyer);
    gx_job_free(job, c.sales);
    gx_job_free(job, c.paths);
    gx_job_free(job, c.rings);
    return status;
}
