/* graph.reach: how many members are within k steps of one, along all ties, along them in their
 * direction, or along strong ties only. */
#include "api/graphs.h"
#include "api/support.h"
#include "engine/operations/tie_parts.h"

#include <stdlib.h>

static const gx_param params[] = {
    {"of", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL,
     GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL, "from which member"},
    {"steps", GX_PARAM_INT, "3", 1, 1000, "steps", NULL, 0, "how far"},
    {"along", GX_PARAM_CHOICE, "all", GX_PARAM_UNCHECKED, NULL, "all|directed|strong", 0,
     "all ties, ties in their direction, or ties that are strong for who passes on (as built)"},
    {"strong_share", GX_PARAM_REAL, "0.2", 0, 1, NULL, NULL, 0,
     "this share of a member's ties, the strongest and at least one, are strong"},
    GX_VIEW_PARAMS,
};

/* Rows to walk: all of a graph, or the first so many of the snapshot's, strongest first. */
typedef struct rows {
    const uint64_t *ptr;
    const uint32_t *dst, *degree; /* degree NULL: whole rows */
    uint32_t n;
    double strong_share;
    const gx_graph *blocks; /* who blocks whom, either way: no word passes; NULL: nobody does */
} rows;

static uint64_t end_of(const rows *r, uint32_t u) {
    uint64_t end = r->ptr[u + 1], strong = r->ptr[u];
    if (!r->degree) {
        return end;
    }
    while (strong < end && gx_tie_is_strong(strong - r->ptr[u], r->degree[u], r->strong_share)) {
        strong++;
    }
    return strong;
}

static bool is_blocked(const rows *r, uint32_t u, uint32_t v) {
    const gx_graph *blocks = r->blocks;
    const uint64_t from = blocks && u < blocks->n ? blocks->out_ptr[u] : 0;
    const uint64_t to = blocks && u < blocks->n ? blocks->out_ptr[u + 1] : 0;
    return from < to &&
           bsearch(&v, blocks->out_dst + from, to - from, sizeof *blocks->out_dst, gx_by_number);
}

static gx_value level_value(gx_arena *arena, uint32_t step, uint32_t members, uint32_t within,
                            uint32_t all) {
    gx_value row = gx_map(arena, 4);
    gx_map_put(arena, &row, "steps", gx_int(step));
    gx_map_put(arena, &row, "members", gx_int(members));
    gx_map_put(arena, &row, "within", gx_int(within));
    gx_map_put(arena, &row, "share", gx_real(all > 1 ? (double)within / (double)(all - 1) : 0));
    return row;
}

/* Level by level; stops where nobody new is met. */
static gx_status walk(gx_value *out, const rows *r, uint32_t user, gx_call_env *call,
                      gx_error *err) {
    const uint32_t steps = (uint32_t)gx_arg_int(call->args, "steps");
    const uint32_t all = gx_word_live(call->txn, GX_SPACE_USER);
    uint32_t *queue = NULL, count = 0, from = 0;
    uint8_t *met = NULL;
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(call->job, &queue, (size_t)r->n + 1, sizeof *queue, err));
    GX_TRY(gx_job_alloc(call->job, &met, (size_t)r->n + 1, 1, err));
    if (user < r->n) {
        queue[count++] = user;
        met[user] = 1;
    }
    for (uint32_t step = 1; step <= steps && from < count; step++) {
        const uint32_t to = count;
        for (; from < to; from++) {
            const uint64_t end = end_of(r, queue[from]);
            for (uint64_t i = r->ptr[queue[from]]; i < end; i++) {
                if (!met[r->dst[i]] && !is_blocked(r, queue[from], r->dst[i])) {
                    met[r->dst[i]] = 1;
                    queue[count++] = r->dst[i];
                }
            }
            if (from % 4096 == 0) {
                GX_TRY(gx_job_check(call->job, err));
            }
        }
        if (count > to) {
            gx_list_add(call->arena, out,
                        level_value(call->arena, step, count - to, count - 1, all));
        }
    }
done:
    gx_job_free(call->job, queue);
    gx_job_free(call->job, met);
    return status;
}

static gx_status strong_rows(rows *out, gx_call_env *call, gx_error *err) {
    const uint32_t users = call->state->users;
    gx_status status = GX_OK;
    GX_TRY(gx_need_array(&out->ptr, call->state, "strength.ptr", GX_U64, (uint64_t)users + 1, err));
    GX_TRY(gx_need_array(&out->dst, call->state, "strength.dst", GX_U32, 0, err));
    GX_TRY(gx_need_array(&out->degree, call->state, "strength.degree", GX_U32, users, err));
    out->n = users;
    out->strong_share = gx_arg_real(call->args, "strong_share");
done:
    return status;
}

/* What is strong was found by the build, over its own ties. */
static gx_status refuse_view(const gx_args *args, gx_error *err) {
    static const char *const names[] = {"kinds", "since", "until"};
    for (size_t i = 0; i < GX_COUNT(names); i++) {
        if (gx_arg_has(args, names[i])) {
            return gx_fail_at(err, GX_BAD_REQUEST, names[i],
                              "%s was given with along strong, which is as it was built; it goes "
                              "with all and directed",
                              names[i]);
        }
    }
    return GX_OK;
}

static bool is_among(const char *const *names, gx_slice name) {
    for (; names && *names; names++) {
        if (gx_slice_is(name, *names)) {
            return true;
        }
    }
    return false;
}

/* The graph of the kinds that block, less those `asked` for as ties; *out is NULL where the store
 * has none. */
static gx_status hold_blocks(const gx_held **out, gx_call_env *call, const char *const *asked,
                             gx_error *err) {
    const gx_rules *rules = &call->state->rules;
    const uint32_t count = gx_word_count(call->txn, GX_SPACE_TIE_KIND);
    const char **kinds = gx_arena_get(call->arena, (count + 1) * sizeof *kinds);
    uint32_t blocking = 0;
    for (uint32_t k = 0; kinds && k < count; k++) {
        gx_slice name = gx_word_name(call->txn, GX_SPACE_TIE_KIND, k);
        if (gx_kind_rule_of(rules, call->txn, k)->blocks && !is_among(asked, name)) {
            kinds[blocking] = gx_arena_printf(call->arena, "%.*s", (int)name.size, name.data);
            blocking += kinds[blocking] != NULL;
        }
    }
    if (gx_arena_status(call->arena) != GX_OK) {
        return gx_fail_memory(err, count * sizeof *kinds);
    }
    kinds[blocking] = NULL;
    gx_view_spec spec = {.kinds = kinds};
    return blocking
               ? gx_graph_hold(out, call->db, rules, GX_GRAPH_UNDIRECTED, &spec, call->job, err)
               : GX_OK;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    const gx_held *held = NULL, *blocks = NULL;
    gx_view_spec spec;
    rows r = {0};
    uint32_t user;
    gx_value levels = gx_list(call->arena, 8);
    GX_TRY(gx_need_word(&user, call->txn, GX_SPACE_USER, gx_arg_text(call->args, "of"), err));
    GX_TRY(gx_spec_from_args(&spec, call->arena, call->args, err));
    if (gx_arg_is(call->args, "along", "strong")) {
        GX_TRY(refuse_view(call->args, err));
        GX_TRY(strong_rows(&r, call, err));
    } else {
        bool directed = gx_arg_is(call->args, "along", "directed");
        GX_TRY(gx_graph_hold(&held, call->db, &call->state->rules,
                             directed ? 0 : GX_GRAPH_UNDIRECTED, &spec, call->job, err));
        r = (rows){.ptr = held->graph.out_ptr, .dst = held->graph.out_dst, .n = held->graph.n};
    }
    GX_TRY(hold_blocks(&blocks, call, spec.kinds, err));
    r.blocks = blocks ? &blocks->graph : NULL;
    GX_TRY(walk(&levels, &r, user, call, err));
    *out = gx_map(call->arena, 1);
    gx_map_put(call->arena, out, "levels", levels);
done:
    gx_graph_release(call->db, held);
    gx_graph_release(call->db, blocks);
    return status;
}

const gx_method gx_method_graph_reach = {
    .name = "graph.reach",
    .summary = "how many members are within so many steps of one",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .is_long = gx_is_always_long,
    .result = "{levels: [{steps, members, within, share}]}",
    .run = run,
};
