/* graph.lineage: what became of the circles between two snapshots, or step by step along those
 * between them: which went on, merged, split off, were born or died. */
#include "api/support.h"
#include "engine/community/lineage.h"
#include "graph/codec/codec.h"

static const gx_param params[] = {
    {"from", GX_PARAM_INT, NULL, 1, 999999, NULL, NULL, GX_PARAM_POSITIONAL,
     "the older snapshot; the one that the newer was built from where it is not given"},
    {"to", GX_PARAM_INT, NULL, 1, 999999, NULL, NULL, GX_PARAM_POSITIONAL,
     "the newer; the one served where it is not given"},
    {"chain", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "step by step over the snapshots between them that each was built from"},
    {"community", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "only what this circle, like c-17, had a part in"},
    {"all", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "list the circles that went on, too"},
    {"min_size", GX_PARAM_INT, "2", 1, 1e9, "members", NULL, 0, "leave out the smaller ones"},
    {"n", GX_PARAM_INT, "1000", 0, 1e8, "events", NULL, 0, "list at most so many"},
};

typedef enum fate { CONTINUED, MERGED, SPLIT, BORN, DIED, FATES } fate;

static const char *const fate_name[FATES] = {"continued", "merged", "split", "born", "died"};

/* One snapshot's circles. */
typedef struct side {
    gx_snapshot *snapshot;
    const uint32_t *community, *id; /* id NULL: numbers */
    uint32_t members;
} side;

typedef struct report {
    gx_call_env *call;
    gx_value steps, events;
    uint32_t only; /* a circle's id; GX_NONE: any */
    uint32_t smallest, room;
    bool all;
    /* of the present step */
    const gx_lineage *lineage;
    const side *from, *to;
    uint32_t count[FATES];
} report;

static gx_status open_side(side *out, const char *path, uint32_t number, gx_error *err) {
    gx_status status = gx_snapshot_open(&out->snapshot, path, number, err);
    if (status != GX_OK) {
        return status;
    }
    const gx_arrays *arrays = gx_snapshot_arrays(out->snapshot);
    const gx_array *community = gx_arrays_find(arrays, "leiden.community");
    if (!community || community->dtype != GX_U32 || community->shape[0] > GX_NONE) {
        return gx_fail(err, GX_NOT_FOUND, "snapshot %u has no circles: no array leiden.community",
                       gx_snapshot_number(out->snapshot));
    }
    out->community = community->data;
    out->members = (uint32_t)community->shape[0];
    uint32_t circles = 0;
    for (uint32_t v = 0; v < out->members; v++) {
        circles = out->community[v] >= circles ? out->community[v] + 1 : circles;
    }
    out->id = gx_arrays_get(arrays, "leiden.id", GX_U32, circles);
    return GX_OK;
}

static uint32_t id_of(const side *s, uint32_t circle) {
    return s->id ? s->id[circle] : circle;
}

/* ---- events ---------------------------------------------------------------------------------- */

/* `from` or `to` is GX_NONE where no older or newer circle has a part in it. */
static void add_event(report *r, fate what, uint32_t from, uint32_t to, uint32_t shared) {
    const gx_lineage *l = r->lineage;
    bool newer = what == SPLIT || what == BORN;
    uint32_t before = from == GX_NONE ? 0 : l->from_size[from];
    uint32_t after = to == GX_NONE ? 0 : l->to_size[to];
    uint32_t from_id = from == GX_NONE ? GX_NONE : id_of(r->from, from);
    uint32_t to_id = to == GX_NONE ? GX_NONE : id_of(r->to, to);
    uint32_t id = newer ? to_id : from_id, other = newer ? from_id : to_id;
    if ((newer ? after : before) < r->smallest) {
        return;
    }
    r->count[what]++;
    bool asked = r->only == GX_NONE || id == r->only || other == r->only;
    if ((what == CONTINUED && !r->all && r->only == GX_NONE) || !asked || r->room == 0) {
        return;
    }
    r->room--;
    gx_arena *arena = r->call->arena;
    gx_value row = gx_map(arena, 7);
    gx_map_put(arena, &row, "snapshot", gx_int(gx_snapshot_number(r->to->snapshot)));
    gx_map_put(arena, &row, "event", gx_str(fate_name[what]));
    gx_map_put(arena, &row, "community", gx_community_value(arena, NULL, id));
    gx_map_put(arena, &row, "other", gx_community_value(arena, NULL, other));
    gx_map_put(arena, &row, "size_before", gx_int(before));
    gx_map_put(arena, &row, "size", gx_int(after));
    gx_map_put(arena, &row, "shared", gx_int(shared));
    gx_list_add(arena, &r->events, row);
}

static void add_events(report *r) {
    const gx_lineage *l = r->lineage;
    for (uint32_t from = 0; from < l->from_count; from++) {
        uint32_t at = l->heir[from] != GX_NONE ? l->heir[from] : l->into[from];
        if (l->from_size[from] == 0) {
            continue;
        }
        if (at == GX_NONE) {
            add_event(r, DIED, from, GX_NONE, 0);
        } else {
            add_event(r, l->heir[from] != GX_NONE ? CONTINUED : MERGED, from, l->overlap[at].to,
                      l->overlap[at].members);
        }
    }
    for (uint32_t to = 0; to < l->to_count; to++) {
        uint32_t at = l->out_of[to];
        if (l->parent[to] != GX_NONE || l->to_size[to] == 0) {
            continue;
        }
        if (at == GX_NONE) {
            add_event(r, BORN, GX_NONE, to, 0);
        } else {
            add_event(r, SPLIT, l->overlap[at].from, to, l->overlap[at].members);
        }
    }
}

/* ---- steps ----------------------------------------------------------------------------------- */

static gx_status add_step(report *r, const side *from, const side *to, gx_error *err) {
    gx_lineage lineage;
    gx_job *job = r->call->job;
    gx_arena *arena = r->call->arena;
    gx_status status = gx_lineage_find(&lineage, from->community, from->members, to->community,
                                       to->members, job, err);
    if (status != GX_OK) {
        return status;
    }
    uint32_t shared = from->members < to->members ? from->members : to->members;
    uint64_t kept = 0;
    for (uint32_t c = 0; c < lineage.from_count; c++) {
        kept += lineage.heir[c] == GX_NONE ? 0 : lineage.overlap[lineage.heir[c]].members;
    }
    r->lineage = &lineage;
    r->from = from;
    r->to = to;
    memset(r->count, 0, sizeof r->count);
    add_events(r);
    gx_value row = gx_map(arena, 4 + FATES);
    gx_map_put(arena, &row, "from", gx_int(gx_snapshot_number(from->snapshot)));
    gx_map_put(arena, &row, "to", gx_int(gx_snapshot_number(to->snapshot)));
    gx_map_put(arena, &row, "members", gx_int(shared));
    gx_map_put(arena, &row, "kept", gx_real(shared ? (double)kept / shared : 1));
    for (int f = 0; f < FATES; f++) {
        gx_map_put(arena, &row, fate_name[f], gx_int(r->count[f]));
    }
    gx_list_add(arena, &r->steps, row);
    gx_lineage_finish(&lineage);
    return GX_OK;
}

/* What the recipe says the snapshot was built from; 0: from nothing, or it does not say. */
static uint32_t built_from(const side *s, gx_arena *arena) {
    const char *recipe = gx_arrays_noted(gx_snapshot_arrays(s->snapshot), "recipe");
    gx_value value;
    if (!recipe || gx_json_read(&value, arena, recipe, strlen(recipe), NULL) != GX_OK) {
        return 0;
    }
    const gx_value *before = gx_map_get(&value, "before");
    bool given = before && before->type == GX_INT && before->as.integer > 0 &&
                 before->as.integer < gx_snapshot_number(s->snapshot);
    return given ? (uint32_t)before->as.integer : 0;
}

/* Whether there is any to compare it with. */
static bool is_first(uint32_t number, const char *path) {
    gx_snapshot_info *list = NULL;
    size_t count = 0;
    bool first = gx_snapshot_list(&list, &count, path, NULL) == GX_OK;
    for (size_t i = 0; i < count; i++) {
        first = first && list[i].number >= number;
    }
    gx_free(list);
    return first;
}

static gx_status choose_from(uint32_t *out, const report *r, const side *newest, gx_error *err) {
    const gx_args *args = r->call->args;
    uint32_t to = gx_snapshot_number(newest->snapshot);
    *out = gx_arg_has(args, "from") ? (uint32_t)gx_arg_int(args, "from")
                                    : built_from(newest, r->call->arena);
    if (*out == 0 && is_first(to, gx_store_path(r->call->db->store))) {
        return gx_fail(err, GX_CONFLICT,
                       "snapshot %u is the oldest there is: what became of its circles is told "
                       "from the next `guanxi build` on",
                       to);
    }
    if (*out == 0) {
        return gx_fail_at(err, GX_BAD_REQUEST, "from",
                          "snapshot %u was built from no other; say from which one", to);
    }
    if (*out >= to) {
        return gx_fail_at(err, GX_BAD_REQUEST, "from",
                          "from is snapshot %u; accepted is one older than %u", *out, to);
    }
    return GX_OK;
}

/* Backwards from the newest by what each was built from, as far as `from`: snapshots that were
 * abandoned are not on the way. Where the trail ends before it, `from` itself is the next. Then
 * step by step, the oldest first. */
static gx_status walk_chain(report *r, const side *from, const side *newest, const char *path,
                            gx_error *err) {
    enum { CHAIN_MAX = 4096 };
    gx_arena *arena = r->call->arena;
    const uint32_t oldest = gx_snapshot_number(from->snapshot);
    uint32_t *number = gx_arena_get(arena, CHAIN_MAX * sizeof *number), count = 0;
    side last = {0}, next = {0};
    gx_status status = number ? GX_OK : gx_fail_memory(err, CHAIN_MAX * sizeof *number);
    for (uint32_t at = built_from(newest, arena);
         status == GX_OK && at > oldest && count < CHAIN_MAX; at = built_from(&next, arena)) {
        gx_snapshot_release(next.snapshot);
        next = (side){0};
        if (open_side(&next, path, at, NULL) != GX_OK) {
            break; /* it was removed, or is damaged */
        }
        number[count++] = at;
        status = gx_job_check(r->call->job, err);
    }
    last = *from;
    last.snapshot = gx_snapshot_hold(from->snapshot);
    while (status == GX_OK && count > 0) {
        gx_snapshot_release(next.snapshot);
        next = (side){0};
        GX_TRY(open_side(&next, path, number[--count], err));
        GX_TRY(add_step(r, &last, &next, err));
        gx_snapshot_release(last.snapshot);
        last = next;
        next.snapshot = NULL;
    }
    GX_TRY(status);
    GX_TRY(add_step(r, &last, newest, err));
done:
    gx_snapshot_release(last.snapshot);
    gx_snapshot_release(next.snapshot);
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    const char *path = gx_store_path(call->db->store);
    report r = {.call = call,
                .only = GX_NONE,
                .smallest = (uint32_t)gx_arg_int(call->args, "min_size"),
                .room = (uint32_t)gx_arg_int(call->args, "n"),
                .all = gx_arg_bool(call->args, "all"),
                .steps = gx_list(call->arena, 4),
                .events = gx_list(call->arena, 64)};
    side from = {0}, to = {0};
    uint32_t number = gx_arg_has(call->args, "to") ? (uint32_t)gx_arg_int(call->args, "to") : 0;
    gx_slice only = gx_arg_text(call->args, "community");
    gx_status status = GX_OK;
    if (gx_arg_has(call->args, "community")) {
        GX_TRY(gx_community_id_parse(&r.only, "community", only, err));
    }
    GX_TRY(number ? GX_OK : gx_need_snapshot(call->state, err));
    GX_TRY(open_side(&to, path, number, err));
    GX_TRY(choose_from(&number, &r, &to, err));
    GX_TRY(open_side(&from, path, number, err));
    if (gx_arg_bool(call->args, "chain")) {
        GX_TRY(walk_chain(&r, &from, &to, path, err));
    } else {
        GX_TRY(add_step(&r, &from, &to, err));
    }
    *out = gx_map(call->arena, 3);
    gx_map_put(call->arena, out, "steps", r.steps);
    gx_map_put(call->arena, out, "events", r.events);
    gx_map_put(call->arena, out, "cut", gx_bool(r.room == 0));
done:
    gx_snapshot_release(from.snapshot);
    gx_snapshot_release(to.snapshot);
    return status;
}

const gx_method gx_method_graph_lineage = {
    .name = "graph.lineage",
    .summary = "what became of the circles between snapshots",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_LONG,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{steps: [{from, to, members, kept, continued, merged, split, born, died}], events: "
              "[{snapshot, event, community, other, size_before, size, shared}], cut}",
    .run = run,
};
