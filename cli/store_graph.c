/* The whole graph of a store, a row at a time. */
#include "cli/store_graph.h"

#include "api/build/keep.h"
#include "api/people/community.h"

#include <math.h>
#include <string.h>

enum { MEASURES_MAX = 40 };

/* An array with one entry a member, and the key it is shown under. */
typedef struct measure {
    const char *key;
    const gx_array *array;
    bool community;
    gx_circle_names names; /* of communities */
} measure;

typedef struct graph {
    gx_command *command;
    gx_db *db;
    gx_txn *txn;
    gx_state *state;
    gx_tie_filter filter;
    gx_arena *row; /* of the row in hand */
    measure measure[MEASURES_MAX];
    size_t measures;
    gx_row_fn fn; /* of the reading under way */
    void *ctx;
    uint64_t done;
} graph;

/* "pagerank.score" is shown as pagerank, and the two that have names everywhere by those. */
static const char *key_of(gx_arena *arena, const char *name, bool community) {
    if (strcmp(name, "leiden.community") == 0) {
        return "community";
    }
    if (strcmp(name, "leaders.score") == 0) {
        return "leader_score";
    }
    if (strcmp(name, "layout.x") == 0 || strcmp(name, "layout.y") == 0) {
        return name + 7;
    }
    const char *dot = strrchr(name, '.');
    if (!dot || strcmp(dot, community ? ".community" : ".score") != 0) {
        return NULL;
    }
    const char *key = gx_arena_printf(arena, "%.*s", (int)(dot - name), name);
    return key && gx_keep_is_reserved(key) ? name : key; /* kept before such names were refused */
}

static gx_circle_names names_of(const graph *g, const char *array) {
    gx_arena *arena = g->command->arena;
    const char *instance = gx_arena_printf(arena, "%.*s", (int)strcspn(array, "."), array);
    const gx_pass *pass = instance ? gx_any_pass_find(instance) : NULL;
    pass = pass || !instance ? pass : gx_kept_pass(g->state, instance, arena);
    return gx_circle_names_of(g->state, g->state->arrays, instance, pass);
}

static void find_measures(graph *g) {
    const gx_arrays *arrays = g->state->arrays;
    for (size_t i = 0; arrays && i < gx_arrays_count(arrays); i++) {
        const gx_array *array = gx_arrays_at(arrays, i);
        bool community = array->dtype == GX_U32;
        if ((array->dtype != GX_F64 && !community) || array->rank != 1 ||
            array->shape[0] != g->state->users || g->measures == MEASURES_MAX) {
            continue;
        }
        const char *key = key_of(g->command->arena, array->name, community);
        if (key) {
            g->measure[g->measures++] = (measure){key, array, community, names_of(g, array->name)};
        }
    }
}

static gx_status give(graph *g, const gx_value *row, gx_error *err) {
    gx_status status = g->fn(g->ctx, row, err);
    gx_arena_reset(g->row);
    gx_job_tick(&g->command->job, ++g->done);
    if (status == GX_OK && g->done % 1024 == 0) {
        status = gx_job_check(&g->command->job, err);
    }
    if (status == GX_OK && ferror(g->command->out)) {
        status = gx_write_failed(err);
        status = status == GX_OK ? GX_CANCELLED : status; /* nobody reads on: stop */
    }
    return status;
}

static gx_status give_member(void *user, uint32_t id, gx_slice word, gx_error *err) {
    graph *g = user;
    gx_value row = gx_map(g->row, 8);
    gx_map_put(g->row, &row, "user_id", gx_text(word.data, word.size));
    for (size_t i = 0; i < g->measures && id < g->state->users; i++) {
        const measure *m = &g->measure[i];
        if (m->community) {
            uint32_t c = ((const uint32_t *)m->array->data)[id];
            gx_map_put(g->row, &row, m->key, gx_circle_name(g->row, &m->names, c));
        } else {
            const double score = ((const double *)m->array->data)[id];
            if (!isnan(score)) { /* else not computed */
                gx_map_put(g->row, &row, m->key, gx_real(score));
            }
        }
    }
    return give(g, &row, err);
}

static gx_status give_tie(void *user, const gx_tie *tie, gx_error *err) {
    graph *g = user;
    if (!gx_tie_filter_takes(&g->filter, tie)) {
        return GX_OK;
    }
    gx_value row = gx_tie_value(g->row, g->txn, tie);
    return give(g, &row, err);
}

static gx_status each_member(void *user, gx_row_fn fn, void *ctx, gx_error *err) {
    graph *g = user;
    g->fn = fn;
    g->ctx = ctx;
    return gx_word_each(g->txn, GX_SPACE_USER, give_member, g, err);
}

static gx_status each_tie(void *user, gx_row_fn fn, void *ctx, gx_error *err) {
    graph *g = user;
    g->fn = fn;
    g->ctx = ctx;
    return gx_tie_each(g->txn, give_tie, g, err);
}

static gx_status write(graph *g, const gx_form *form, gx_error *err) {
    static const gx_attribute edge[] = {
        {"kind", GX_TEXT}, {"weight", GX_REAL}, {"directed", GX_BOOL}, {"ts", GX_INT}};
    gx_attribute node[MEASURES_MAX];
    for (size_t i = 0; i < g->measures; i++) {
        node[i] = (gx_attribute){g->measure[i].key, g->measure[i].community ? GX_TEXT : GX_REAL};
    }
    gx_graph_source source = {.nodes = gx_arg_is(&g->command->args, "part", "nodes"),
                              .id = "user_id",
                              .src = "src",
                              .dst = "dst",
                              .node = node,
                              .node_count = g->measures,
                              .edge = edge,
                              .edge_count = GX_COUNT(edge),
                              .each_node = each_member,
                              .each_edge = each_tie,
                              .user = g};
    return form->write_graph(g->command->out, &source, err);
}

typedef struct writing {
    gx_command *command;
    const gx_form *form;
} writing;

static gx_status write_db(void *user, gx_db *db, gx_error *err) {
    const writing *w = user;
    gx_command *command = w->command;
    graph g = {.command = command, .db = db, .row = gx_arena_create()};
    gx_status status = g.row ? GX_OK : gx_fail_memory(err, sizeof g);
    GX_TRY(status);
    g.state = gx_db_hold_state(db);
    GX_TRY(gx_txn_read(&g.txn, gx_db_store(db), err));
    GX_TRY(gx_filter_from_args(&g.filter, g.txn, command->arena, &command->args, err));
    find_measures(&g);
    gx_job_stage(&command->job, "export", gx_word_live(g.txn, GX_SPACE_USER) + gx_tie_count(g.txn));
    GX_TRY(write(&g, w->form, err));
done:
    gx_tie_filter_finish(&g.filter);
    gx_txn_abort(g.txn);
    if (g.state) {
        gx_state_release(g.state);
    }
    gx_arena_destroy(g.row);
    return status;
}

gx_status gx_store_graph_write(const gx_form *form, gx_command *command, gx_error *err) {
    writing w = {command, form};
    return gx_with_db(command, write_db, &w, err);
}
