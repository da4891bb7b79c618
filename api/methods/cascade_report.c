/* cascade.report: the trees behind cascade.stats: what each member brought, the largest trees,
 * generation by generation, or member by member. docs/cascades.md. */
#include "api/referral/cascades.h"

#include <stdlib.h>

static const gx_param params[] = {
    {"show", GX_PARAM_CHOICE, "members", GX_PARAM_UNCHECKED, NULL,
     "members|trees|generations|nodes", GX_PARAM_POSITIONAL,
     "what each member brought, the largest trees, generation by generation, or who came by whom"},
    GX_CASCADE_PARAMS,
    {"user", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, GX_PARAM_WHOM,
     "only trees that this member is in"},
    {"n", GX_PARAM_INT, "20", 1, 1e6, NULL, NULL, 0, "how many rows"},
};

typedef struct report {
    gx_call_env *call;
    gx_arena *arena;
    const gx_trees *t;
    uint32_t *nodes; /* of the trees asked for, tree by tree, each depth first */
    uint32_t count;
    uint32_t *forest_of; /* by node */
    int64_t *times;
    uint32_t n;
} report;

static gx_value user_value(const report *r, uint32_t node) {
    return gx_word_value(r->arena, r->call->txn, GX_SPACE_USER, r->t->user[node]);
}

/* Depth first: a node's place is where it goes. */
static gx_status choose_nodes(report *r, gx_error *err) {
    const gx_trees *t = r->t;
    gx_job *job = r->call->job;
    gx_status status;
    uint8_t *wanted = NULL; /* by root */
    const gx_slice who = gx_arg_text(r->call->args, "user");
    uint32_t user = GX_NONE;
    if (who.size) {
        GX_TRY(gx_need_word(&user, r->call->txn, GX_SPACE_USER, who, err));
    }
    GX_TRY(gx_job_alloc(job, &r->nodes, t->count, sizeof *r->nodes, err));
    GX_TRY(gx_job_alloc(job, &r->forest_of, t->count, sizeof *r->forest_of, err));
    GX_TRY(gx_job_alloc(job, &r->times, t->count, sizeof *r->times, err));
    GX_TRY(gx_job_alloc(job, &wanted, t->count, sizeof *wanted, err));
    for (uint32_t f = 0; f < t->forests; f++) {
        for (uint32_t v = t->first[f]; v < t->first[f + 1]; v++) {
            r->forest_of[v] = f;
        }
    }
    for (uint32_t v = 0; v < t->count; v++) {
        r->nodes[t->forest.place[v]] = v;
        if (user == GX_NONE || t->user[v] == user) {
            wanted[t->forest.root[v]] = 1;
        }
    }
    for (uint32_t i = 0; i < t->count; i++) {
        if (wanted[t->forest.root[r->nodes[i]]]) {
            r->nodes[r->count++] = r->nodes[i];
        }
    }
done:
    gx_job_free(job, wanted);
    return status;
}

/* ---- what each member brought ---------------------------------------------------------------- */

typedef struct bringer {
    uint32_t user, trees, generation;
    uint64_t brought, below, sales;
    int64_t direct, all; /* revenue of those brought, and of all below */
} bringer;

static int by_brought(const void *a, const void *b) {
    const bringer *x = a, *y = b;
    if (x->brought != y->brought) {
        return x->brought > y->brought ? -1 : 1;
    }
    if (x->below != y->below) {
        return x->below > y->below ? -1 : 1;
    }
    return (x->user > y->user) - (x->user < y->user);
}

static gx_status show_members(gx_value *list, const report *r, gx_error *err) {
    const gx_trees *t = r->t;
    const gx_forest *f = &t->forest;
    gx_job *job = r->call->job;
    gx_status status;
    int64_t *below = NULL; /* revenue, by node, without its own */
    bringer *of = NULL;
    const uint32_t users = gx_word_count(r->call->txn, GX_SPACE_USER);
    GX_TRY(gx_job_alloc(job, &below, t->count, sizeof *below, err));
    GX_TRY(gx_job_alloc(job, &of, users, sizeof *of, err));
    for (uint32_t v = t->count; v-- > 0;) {
        if (f->parent[v] != GX_NONE) {
            below[f->parent[v]] += below[v] + t->revenue[v];
        }
    }
    for (uint32_t u = 0; u < users; u++) {
        of[u] = (bringer){.user = u, .generation = GX_NONE};
    }
    for (uint32_t i = 0; i < r->count; i++) {
        const uint32_t v = r->nodes[i];
        bringer *b = &of[t->user[v]];
        b->trees++;
        b->generation = f->generation[v] < b->generation ? f->generation[v] : b->generation;
        b->brought += f->children[v];
        b->below += f->size[v] - 1;
        b->all += below[v];
        if (f->parent[v] != GX_NONE) {
            bringer *up = &of[t->user[f->parent[v]]];
            up->direct += t->revenue[v];
            up->sales += t->sales[v];
        }
    }
    if (users > 1) {
        qsort(of, users, sizeof *of, by_brought);
    }
    for (uint32_t i = 0; i < users && i < r->n && of[i].brought > 0; i++) {
        gx_value row = gx_map(r->arena, 9);
        gx_map_put(r->arena, &row, "user",
                   gx_word_value(r->arena, r->call->txn, GX_SPACE_USER, of[i].user));
        gx_map_put(r->arena, &row, "brought", gx_int((int64_t)of[i].brought));
        gx_map_put(r->arena, &row, "below", gx_int((int64_t)of[i].below));
        gx_map_put(r->arena, &row, "joined", gx_int(of[i].trees));
        gx_map_put(r->arena, &row, "k", gx_real((double)of[i].brought / of[i].trees));
        gx_map_put(r->arena, &row, "generation", gx_int(of[i].generation));
        gx_map_put(r->arena, &row, "sales", gx_int((int64_t)of[i].sales));
        gx_map_put(r->arena, &row, "revenue_minor", gx_int(of[i].direct));
        gx_map_put(r->arena, &row, "revenue_below_minor", gx_int(of[i].all));
        gx_list_add(r->arena, list, row);
    }
done:
    gx_job_free(job, below);
    gx_job_free(job, of);
    return status;
}

/* ---- trees, generations, nodes --------------------------------------------------------------- */

typedef struct tall {
    uint32_t at, size; /* of nodes */
} tall;

static int by_size(const void *a, const void *b) {
    const tall *x = a, *y = b;
    if (x->size != y->size) {
        return x->size > y->size ? -1 : 1;
    }
    return (x->at > y->at) - (x->at < y->at);
}

static gx_status show_trees(gx_value *list, const report *r, gx_error *err) {
    const gx_trees *t = r->t;
    gx_job *job = r->call->job;
    tall *all = NULL;
    uint32_t trees = 0;
    gx_status status = gx_job_alloc(job, &all, r->count, sizeof *all, err);
    for (uint32_t i = 0; status == GX_OK && i < r->count;) {
        const uint32_t size = t->forest.size[r->nodes[i]];
        if (size > 1) {
            all[trees++] = (tall){i, size};
        }
        i += size;
    }
    if (trees > 1) {
        qsort(all, trees, sizeof *all, by_size);
    }
    for (uint32_t k = 0; k < trees && k < r->n; k++) {
        const uint32_t *nodes = r->nodes + all[k].at;
        const gx_cascade_scratch scratch = {r->times};
        gx_cascade c;
        gx_cascade_measure(&c, &t->forest, &t->facts, nodes, all[k].size, &scratch);
        gx_value row = gx_map(r->arena, 18);
        gx_trees_put_key(&row, r->call, t, r->forest_of[nodes[0]]);
        gx_map_put(r->arena, &row, "root", user_value(r, nodes[0]));
        gx_cascade_put(&row, r->arena, &c, t->has_circles);
        gx_list_add(r->arena, list, row);
    }
    gx_job_free(job, all);
    return status;
}

static gx_status show_generations(gx_value *list, const report *r, gx_error *err) {
    const gx_trees *t = r->t;
    gx_job *job = r->call->job;
    gx_generation *of = NULL;
    uint32_t last = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        const uint32_t g = t->forest.generation[r->nodes[i]];
        last = g > last ? g : last;
    }
    gx_status status = gx_job_alloc(job, &of, (size_t)last + 1, sizeof *of, err);
    if (status != GX_OK) {
        return status;
    }
    gx_generations_add(of, &t->forest, &t->facts, r->nodes, r->count);
    for (uint32_t g = 0; g <= last && g < r->n && of[g].members > 0; g++) {
        gx_value row = gx_map(r->arena, 7);
        gx_map_put(r->arena, &row, "generation", gx_int(g));
        gx_map_put(r->arena, &row, "members", gx_int(of[g].members));
        gx_map_put(r->arena, &row, "spreaders", gx_int(of[g].spreaders));
        gx_map_put(r->arena, &row, "brought", gx_int(of[g].brought));
        gx_map_put(r->arena, &row, "k", gx_real((double)of[g].brought / of[g].members));
        gx_map_put(r->arena, &row, "sales", gx_int((int64_t)of[g].sales));
        gx_map_put(r->arena, &row, "revenue_minor", gx_int(of[g].revenue));
        gx_list_add(r->arena, list, row);
    }
    gx_job_free(job, of);
    return GX_OK;
}

static void put_node(gx_value *list, const report *r, uint32_t v) {
    const gx_trees *t = r->t;
    const gx_forest *f = &t->forest;
    const uint32_t p = f->parent[v];
    gx_value row = gx_map(r->arena, 10);
    gx_trees_put_key(&row, r->call, t, r->forest_of[v]);
    gx_map_put(r->arena, &row, "user", user_value(r, v));
    gx_map_put(r->arena, &row, "by", p == GX_NONE ? gx_nil() : user_value(r, p));
    gx_map_put(r->arena, &row, "root", user_value(r, f->root[v]));
    gx_map_put(r->arena, &row, "generation", gx_int(f->generation[v]));
    gx_cascade_put_time(&row, r->arena, "ts", t->ts_ms[v]);
    gx_map_put(r->arena, &row, "brought", gx_int(f->children[v]));
    gx_map_put(r->arena, &row, "below", gx_int(f->size[v] - 1));
    gx_map_put(r->arena, &row, "sales", gx_int(t->sales[v]));
    gx_map_put(r->arena, &row, "revenue_minor", gx_int(t->revenue[v]));
    gx_list_add(r->arena, list, row);
}

/* Trees, each depth first; after them the roots alone, who neither came by somebody nor brought
 * anybody. */
static void show_nodes(gx_value *list, const report *r) {
    const gx_forest *f = &r->t->forest;
    for (int alone = 0; alone < 2; alone++) {
        for (uint32_t i = 0; i < r->count && list->size < r->n; i++) {
            const uint32_t v = r->nodes[i];
            if ((f->size[f->root[v]] == 1) == (alone == 1)) {
                put_node(list, r, v);
            }
        }
    }
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_arena *arena = call->arena;
    const gx_args *args = call->args;
    gx_trees t = {0};
    report r = {.call = call, .arena = arena, .t = &t, .n = (uint32_t)gx_arg_int(args, "n")};
    gx_value list = gx_list(arena, 32), total = gx_map(arena, 16);
    gx_cascade all;
    gx_status status;
    GX_TRY(gx_cascade_trees(&t, call, (int)gx_arg_int(call->args, "decimals"), err));
    GX_TRY(choose_nodes(&r, err));
    if (gx_arg_is(args, "show", "nodes")) {
        show_nodes(&list, &r);
    } else {
        GX_TRY(gx_arg_is(args, "show", "trees")         ? show_trees(&list, &r, err)
               : gx_arg_is(args, "show", "generations") ? show_generations(&list, &r, err)
                                                        : show_members(&list, &r, err));
    }
    const gx_cascade_scratch scratch = {r.times};
    gx_cascade_measure(&all, &t.forest, &t.facts, r.nodes, r.count, &scratch);
    gx_cascade_put(&total, arena, &all, t.has_circles);
    *out = gx_map(arena, 4);
    gx_slice by = gx_arg_text(args, "by");
    gx_map_put(arena, out, "by", gx_text_copy(arena, by.data, by.size));
    gx_map_put(arena, out, "rows", list);
    gx_map_put(arena, out, "total", total);
    gx_map_put(arena, out, "told", gx_trees_told(arena, &t));
done:
    gx_job_free(call->job, r.nodes);
    gx_job_free(call->job, r.forest_of);
    gx_job_free(call->job, r.times);
    gx_trees_finish(&t);
    return status;
}

const gx_method gx_method_cascade_report = {
    .name = "cascade.report",
    .summary = "trees of who came by whom: what each member brought, trees, generations, nodes",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_SHORT,
    .is_long = gx_is_always_long,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{by, rows: [{user, brought, below, joined, k, generation, sales, revenue_minor, "
              "revenue_below_minor}] or [{item or campaign, root, members, …}] or [{generation, "
              "members, spreaders, brought, k, sales, revenue_minor}] or [{item or campaign, user, "
              "by, root, generation, ts, brought, below, sales, revenue_minor}], total: {…}, told: "
              "{…}}",
    .run = run,
};
