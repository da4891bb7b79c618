/* graph.communities: the circles of the snapshot, or those another pass finds, as a row a community
 * or a row a member; of overlapping circles a row for each of a member's. */
#include "api/build/build.h"
#include "api/build/compute.h"
#include "api/build/keep.h"
#include "api/people/community.h"
#include "api/people/levels.h"
#include "api/people/partition.h"

static const gx_param params[] = {
    {"algorithm", GX_PARAM_TEXT, "leiden", GX_PARAM_UNCHECKED, NULL, NULL, GX_PARAM_POSITIONAL,
     "leiden, components, overlapping, …, or a name that `guanxi run --write` kept"},
    {"members", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "a row a member instead of a row a community"},
    {"n", GX_PARAM_INT, NULL, 1, 1e8, "communities", NULL, 0, "at most so many, the largest first"},
    {"top", GX_PARAM_INT, NULL, 1, 1e8, "communities", NULL, 0, "as n"},
    {"of", GX_PARAM_LIST, NULL, 1, 65536, "members", NULL, 0,
     "a row for each community of these members"},
    {"level", GX_PARAM_INT, NULL, 1, 1000, NULL, NULL, 0,
     "of the hierarchy of leiden or louvain: the parts of this level, 1 the smallest, and which "
     "one of the next holds each"},
    {"min_size", GX_PARAM_INT, "1", 1, 1e9, "members", NULL, 0, "leave out the smaller ones"},
    {"params", GX_PARAM_MAP, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "parameters of the algorithm: computed anew"},
    {"fresh", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "compute anew, even where the snapshot has it"},
    GX_ESTIMATE_PARAM,
    {"quality", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "modularity, coverage, performance and conductance too, on the ties there are now: modularity "
     "by direction where the communities were found by it, the rest without; of overlapping "
     "communities the main ones"},
    {"labels", GX_PARAM_ANY, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "NMI, AMI and ARI against a text field of the members, or a map of members to labels; of "
     "overlapping communities the main ones"},
    GX_VIEW_PARAMS,
};

typedef struct partition {
    const gx_pass *pass; /* that found it; NULL: it is not known */
    const uint32_t *community;
    uint32_t members, count;
    const uint64_t *ptr; /* of overlapping circles: where a member's begin in `item`; else NULL */
    const uint32_t *item;
    uint32_t *size; /* in the arena */
    gx_arrays *own;
    bool stored;
    gx_circle_names names;
    gx_level level;         /* where one was asked for; level.level 0: none was */
    gx_circle_names parent; /* names on the next level */
} partition;

static bool take(partition *out, const gx_array *array) {
    if (!array || array->dtype != GX_U32 || array->rank != 1) {
        return false;
    }
    out->community = array->data;
    out->members = (uint32_t)array->shape[0]; /* what was kept later may know more members */
    return true;
}

/* Whether they are there, or a pass can find them; `pass` is NULL where only the snapshot may have
 * communities of that name. */
static gx_status look(partition *out, gx_call_env *call, const gx_pass *pass, const char *name,
                      const gx_view_spec *spec, gx_error *err) {
    bool is_community = pass && pass->kind == GX_KIND_COMMUNITY;
    out->stored =
        (is_community || !pass) && take(out, gx_kept_array(call, name, "community", spec));
    return out->stored || is_community
               ? GX_OK
               : gx_result_missing(gx_slice_of(name), GX_KIND_COMMUNITY, call, err);
}

static gx_status compute(partition *out, gx_call_env *call, const gx_pass *pass,
                         const gx_view_spec *spec, gx_error *err) {
    const gx_value *given = gx_arg_value(call->args, "params");
    gx_status status = gx_compute(&out->own, call->db, pass, pass->name,
                                  given->type == GX_MAP ? given : NULL, spec, call->job, err);
    if (status == GX_OK && !take(out, gx_result_find(out->own, pass->name, "community"))) {
        status = gx_fail(err, GX_INTERNAL, "%s gave no communities", pass->name);
    }
    return status;
}

/* Where the pass gives several a member. */
static void find_overlap(partition *p, const gx_arrays *arrays, const char *name) {
    p->ptr = gx_result_get(arrays, name, "ptr", GX_U64, (uint64_t)p->members + 1);
    p->item = p->ptr ? gx_result_get(arrays, name, "item", GX_U32, p->ptr[p->members]) : NULL;
    p->ptr = p->item ? p->ptr : NULL;
}

/* The communities of a member: one, or several, or none. */
static const uint32_t *communities_of(const partition *p, uint32_t user, uint64_t *out_count) {
    if (p->ptr) {
        *out_count = p->ptr[user + 1] - p->ptr[user];
        return p->item + p->ptr[user];
    }
    *out_count = p->community[user] != GX_NONE;
    return p->community + user;
}

static gx_status count_sizes(partition *p, gx_arena *arena, gx_error *err) {
    uint64_t count;
    for (uint32_t u = 0; u < p->members; u++) {
        const uint32_t *own = communities_of(p, u, &count);
        for (uint64_t i = 0; i < count; i++) {
            p->count = own[i] >= p->count ? own[i] + 1 : p->count;
        }
    }
    p->size = gx_arena_get(arena, ((size_t)p->count + 1) * sizeof *p->size);
    if (!p->size) {
        return gx_fail_memory(err, (size_t)p->count * sizeof *p->size);
    }
    memset(p->size, 0, ((size_t)p->count + 1) * sizeof *p->size);
    for (uint32_t u = 0; u < p->members; u++) {
        const uint32_t *own = communities_of(p, u, &count);
        for (uint64_t i = 0; i < count; i++) {
            p->size[own[i]]++;
        }
    }
    return GX_OK;
}

/* Names of the parts of a level: those of the communities on the last one. */
static gx_circle_names level_names(const partition *p, gx_arena *arena, uint32_t level) {
    const char *text = gx_arena_printf(arena, "%s.%u", p->names.instance, level);
    return level == p->level.levels ? p->names : (gx_circle_names){.instance = text ? text : ""};
}

/* In place of the communities, the parts of the level that was asked for. */
static gx_status take_level(partition *p, const gx_call_env *call, const gx_arrays *arrays,
                            const char *name, gx_error *err) {
    if (!gx_arg_has(call->args, "level")) {
        return GX_OK;
    }
    const uint32_t level = (uint32_t)gx_arg_int(call->args, "level");
    gx_status status = gx_level_find(&p->level, call->arena, arrays, name, p->members, level, err);
    if (status == GX_OK) {
        p->community = p->level.part;
        p->parent = level_names(p, call->arena, level + 1);
        p->names = level_names(p, call->arena, level);
    }
    return status;
}

/* Every community, unless -n says how many. */
static uint32_t limit_of(const gx_call_env *call) {
    const char *how_many = gx_arg_has(call->args, "top") ? "top" : "n";
    return gx_arg_has(call->args, how_many) ? (uint32_t)gx_arg_int(call->args, how_many) : GX_NONE;
}

static void add_member(gx_value *list, gx_call_env *call, gx_txn *txn, const partition *p,
                       uint32_t u) {
    gx_arena *arena = call->arena;
    uint32_t limit = limit_of(call);
    uint32_t smallest = (uint32_t)gx_arg_int(call->args, "min_size");
    uint64_t count;
    const uint32_t *own = communities_of(p, u, &count);
    gx_value name = gx_word_value(arena, txn, GX_SPACE_USER, u);
    for (uint64_t i = 0; i < count && name.type != GX_NIL; i++) {
        const uint32_t rank = p->level.level ? p->level.rank[own[i]] : own[i];
        if (rank >= limit || p->size[own[i]] < smallest) {
            continue;
        }
        gx_value row = gx_map(arena, 2);
        gx_map_add(arena, &row, gx_str("user_id"), name);
        gx_map_add(arena, &row, gx_str("community"), gx_circle_name(arena, &p->names, own[i]));
        gx_list_add(arena, list, row);
    }
}

/* Of everybody, or of those asked for. */
static gx_status member_rows(gx_value *list, gx_call_env *call, gx_txn *txn, const partition *p,
                             gx_error *err) {
    const gx_value *of = gx_arg_value(call->args, "of");
    *list = gx_list(call->arena, of->type == GX_LIST ? of->size : p->members);
    for (uint32_t u = 0; of->type != GX_LIST && u < p->members; u++) {
        add_member(list, call, txn, p, u);
    }
    for (uint32_t i = 0; of->type == GX_LIST && i < of->size; i++) {
        uint32_t u;
        gx_slice id = {of->as.items[i].as.text, of->as.items[i].size};
        gx_status status = gx_need_word(&u, txn, GX_SPACE_USER, id, err);
        if (status != GX_OK) {
            return status;
        }
        if (u < p->members) { /* not newer than the communities */
            add_member(list, call, txn, p, u);
        }
    }
    return GX_OK;
}

static gx_value community_rows(gx_call_env *call, gx_txn *txn, const partition *p, bool profiles) {
    enum { TOP_ITEMS = 3 };
    gx_arena *arena = call->arena;
    uint32_t limit = limit_of(call);
    uint32_t smallest = (uint32_t)gx_arg_int(call->args, "min_size");
    gx_circles circles;
    bool carded = profiles && gx_circles_resolve(&circles, call->state, NULL) == GX_OK &&
                  circles.count == p->count;
    gx_value list = gx_list(arena, 64);
    for (uint32_t i = 0; i < p->count && i < limit; i++) {
        const uint32_t c = p->level.level ? p->level.order[i] : i;
        if (p->size[c] < smallest) {
            continue;
        }
        gx_value row;
        if (carded) {
            row = gx_circle_row(arena, &circles, c);
            gx_map_put(arena, &row, "top_items",
                       gx_circle_items(arena, txn, &circles, c, TOP_ITEMS));
        } else {
            row = gx_map(arena, 3);
            gx_map_put(arena, &row, "community", gx_circle_name(arena, &p->names, c));
            gx_map_put(arena, &row, "size", gx_int(p->size[c]));
            if (p->level.parent) {
                gx_map_put(arena, &row, "parent",
                           gx_circle_name(arena, &p->parent, p->level.parent[c]));
            }
        }
        gx_list_add(arena, &list, row);
    }
    return list;
}

/* Where the communities are from, and how good they are by what the pass made large. */
static void add_head(gx_value *out, gx_arena *arena, const partition *p, const gx_arrays *arrays,
                     const char *name) {
    const double *modularity = gx_result_get(arrays, name, "modularity", GX_F64, 1);
    const uint32_t levels = gx_levels_count(arrays, name);
    gx_map_put(arena, out, "algorithm", gx_str(name));
    gx_map_put(arena, out, "from", gx_str(p->stored ? "snapshot" : "computed"));
    gx_map_put(arena, out, "count", gx_int(p->count));
    if (p->level.level) {
        gx_map_put(arena, out, "level", gx_int(p->level.level));
    }
    if (levels) {
        gx_map_put(arena, out, "levels", gx_int(levels));
    }
    if (modularity && !p->level.parent) {
        gx_map_put(arena, out, "modularity", gx_real(modularity[0]));
    }
}

/* Whether ties counted by their direction when the communities were found. */
static bool is_directed(const gx_call_env *call, const partition *p, const char *name) {
    gx_args args;
    const gx_value made = p->stored ? gx_made_with(call->state, name, call->arena)
                                    : *gx_arg_value(call->args, "params");
    if (!p->pass || gx_args_parse(&args, call->arena, p->pass->params, p->pass->param_count,
                                  made.type == GX_MAP ? &made : NULL, NULL) != GX_OK) {
        return false;
    }
    for (size_t i = 0; i < p->pass->param_count; i++) {
        const char *param = p->pass->params[i].name;
        if ((strcmp(param, "directed") == 0 && gx_arg_bool(&args, param)) ||
            (strcmp(param, "direction") == 0 && !gx_arg_is(&args, param, "all"))) {
            return true;
        }
    }
    return false;
}

/* Of circles that overlap the figures are about each member's main one. */
static void tell_main(gx_value *figures, gx_arena *arena, const partition *p) {
    if (p->ptr) {
        gx_map_put(arena, figures, "main_only", gx_bool(true));
    }
}

/* `quality` and `agreement`, where they were asked for. */
static gx_status add_figures(gx_value *out, gx_call_env *call, gx_txn *txn, const partition *p,
                             const char *name, const gx_view_spec *spec, gx_error *err) {
    gx_status status = GX_OK;
    gx_value figures;
    const gx_value *labels = gx_arg_value(call->args, "labels");
    if (gx_arg_bool(call->args, "quality")) {
        GX_TRY(gx_partition_quality(&figures, call, p->community, p->members,
                                    is_directed(call, p, name), spec, err));
        tell_main(&figures, call->arena, p);
        gx_map_put(call->arena, out, "quality", figures);
    }
    if (labels->type != GX_NIL) {
        GX_TRY(gx_partition_agreement(&figures, call, txn, p->community, p->members, labels, err));
        tell_main(&figures, call->arena, p);
        gx_map_put(call->arena, out, "agreement", figures);
    }
done:
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    partition p = {0};
    gx_txn *txn = NULL;
    gx_view_spec spec;
    gx_slice wanted = gx_arg_text(call->args, "algorithm");
    const char *name = gx_arena_printf(call->arena, "%.*s", (int)wanted.size, wanted.data);
    const gx_pass *pass = name ? gx_any_pass_find(name) : NULL;
    if (!name) {
        return gx_fail_memory(err, wanted.size);
    }
    GX_TRY(gx_spec_from_args(&spec, call->arena, call->args, err));
    GX_TRY(look(&p, call, pass, name, &spec, err));
    if (gx_arg_bool(call->args, "estimate")) {
        return gx_estimate_pass(out, call->db, p.stored ? NULL : pass,
                                gx_arg_value(call->args, "params"), &spec, call->arena, call->job,
                                err);
    }
    if (!p.stored) {
        GX_TRY(compute(&p, call, pass, &spec, err));
    }
    const gx_arrays *arrays = p.stored ? call->state->arrays : p.own;
    p.pass = pass ? pass : gx_kept_pass(call->state, name, call->arena);
    p.names = gx_circle_names_of(call->state, arrays, name, p.pass);
    find_overlap(&p, arrays, name);
    GX_TRY(take_level(&p, call, arrays, name, err));
    GX_TRY(count_sizes(&p, call->arena, err));
    const bool profiles = p.stored && strcmp(name, "leiden") == 0 && !p.level.level;
    GX_TRY(gx_txn_read(&txn, call->db->store, err));
    bool members = gx_arg_bool(call->args, "members") || gx_arg_has(call->args, "of");
    gx_value list = members ? gx_nil() : community_rows(call, txn, &p, profiles);
    if (members) {
        GX_TRY(member_rows(&list, call, txn, &p, err));
    }
    *out = gx_map(call->arena, 9);
    add_head(out, call->arena, &p, arrays, name);
    GX_TRY(add_figures(out, call, txn, &p, name, &spec, err));
    gx_map_put(call->arena, out, members ? "members" : "communities", list);
done:
    gx_txn_abort(txn);
    gx_arrays_drop(p.own, call->job);
    return status;
}

const gx_method gx_method_graph_communities = {
    .name = "graph.communities",
    .summary = "the circles of the shop, or who is in which",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_LONG,
    .params = params,
    .param_count = GX_COUNT(params),
    .result =
        "{algorithm, from, count, level, levels, modularity, quality: {directed, modularity, "
        "coverage, performance, conductance, conductance_most, disconnected, main_only}, "
        "agreement: {members, nmi, ami, ari, main_only}, communities: [{community, size, "
        "density, conductance, top_items}], with level [{community, size, parent}], or "
        "members: [{user_id, community}]}, or {from?, steps, mem_bytes, cpu_s, cpu_most_s}: of the "
        "algorithm, without quality and agreement",
    .run = run,
};
