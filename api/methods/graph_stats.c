/* graph.stats: figures of the structure of the whole community, of its circles, or of either from
 * snapshot to snapshot. Reads what the pass `structure` left in snapshots. */
#include "api/support.h"

#include <math.h>

static const gx_param params[] = {
    {"show", GX_PARAM_CHOICE, "whole", GX_PARAM_UNCHECKED, NULL, "whole|circles|time",
     GX_PARAM_POSITIONAL,
     "the whole or one circle, every circle, or one row a snapshot that computed them; as built"},
    {"community", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "of this circle, like c-17, and not of the whole"},
    {"min_size", GX_PARAM_INT, "2", 1, 1e9, "members", NULL, 0, "leave out smaller circles"},
    {"n", GX_PARAM_INT, "100", 1, 1e6, NULL, NULL, 0,
     "at most so many circles, the largest first, or rows over time, the newest"},
};

/* The figures of one snapshot: entry 0 is the whole, entry c + 1 circle c. */
typedef struct figures {
    const gx_arrays *arrays;
    const uint32_t *members, *id; /* id NULL: numbers */
    uint32_t circles;
} figures;

static gx_status resolve(figures *out, const gx_arrays *arrays, gx_error *err) {
    const uint32_t *members;
    gx_status status = gx_arrays_need(&members, arrays, "structure.members", GX_U32, 0, err);
    if (status != GX_OK) {
        return status;
    }
    uint64_t entries = gx_arrays_find(arrays, "structure.members")->shape[0];
    if (entries == 0 || entries > GX_NONE) {
        return gx_fail(err, GX_CORRUPT, "structure.members has %llu entries",
                       (unsigned long long)entries);
    }
    *out = (figures){.arrays = arrays, .members = members, .circles = (uint32_t)(entries - 1)};
    out->id = gx_arrays_get(arrays, "leiden.id", GX_U32, out->circles);
    return GX_OK;
}

/* The entry of the circle with that id; GX_NONE where the snapshot has none. */
static uint32_t entry_of(const figures *f, uint32_t id) {
    for (uint32_t c = 0; c < f->circles; c++) {
        if ((f->id ? f->id[c] : c) == id) {
            return c + 1;
        }
    }
    return GX_NONE;
}

/* ---- one row --------------------------------------------------------------------------------- */

/* A share or a mean; nil where there is nothing to say, or the snapshot does not have it. */
static gx_value real_of(const figures *f, const char *array, uint32_t entry) {
    const double *given = gx_arrays_get(f->arrays, array, GX_F64, (uint64_t)f->circles + 1);
    return given && isfinite(given[entry]) ? gx_real(given[entry]) : gx_nil();
}

static void put_counts(gx_value *row, gx_arena *arena, const figures *f, uint32_t entry) {
    const uint64_t rows = (uint64_t)f->circles + 1;
    const uint64_t *ties = gx_arrays_get(f->arrays, "structure.ties", GX_U64, rows);
    const uint64_t *arcs = gx_arrays_get(f->arrays, "structure.arcs", GX_U64, rows);
    const uint32_t *hosts = gx_arrays_get(f->arrays, "structure.hosts", GX_U32, rows);
    gx_map_put(arena, row, "members", gx_int(f->members[entry]));
    gx_map_put(arena, row, "hosts", hosts ? gx_int(hosts[entry]) : gx_nil());
    gx_map_put(arena, row, "ties", ties ? gx_int((int64_t)ties[entry]) : gx_nil());
    gx_map_put(arena, row, "arcs", arcs ? gx_int((int64_t)arcs[entry]) : gx_nil());
}

/* Shares of what is between hosts and their groups, and of the rest. */
static void put_sides(gx_value *row, gx_arena *arena, const figures *f, uint32_t entry) {
    static const struct {
        const char *array, *vertical, *horizontal;
    } sides[] = {
        {"structure.vertical", "vertical", "horizontal"},
        {"structure.vertical_interactions", "vertical_interactions", "horizontal_interactions"},
    };
    for (size_t k = 0; k < GX_COUNT(sides); k++) {
        gx_value share = real_of(f, sides[k].array, entry);
        gx_map_put(arena, row, sides[k].vertical, share);
        gx_map_put(arena, row, sides[k].horizontal,
                   share.type == GX_NIL ? gx_nil() : gx_real(1 - share.as.real));
    }
    gx_map_put(arena, row, "interactions", real_of(f, "structure.interactions", entry));
}

static void put_figures(gx_value *row, gx_arena *arena, const figures *f, uint32_t entry) {
    static const struct {
        const char *key, *array;
    } reals[] = {
        {"density", "structure.density"},
        {"reciprocity", "structure.reciprocity"},
        {"clustering", "structure.clustering"},
        {"local_clustering", "structure.local_clustering"},
        {"assortativity", "structure.assortativity"},
        {"mean_distance", "structure.distance"},
        {"mean_distance_error", "structure.distance_error"},
        {"effective_diameter", "structure.diameter"},
        {"effective_diameter_error", "structure.diameter_error"},
        {"reach", "structure.reach"},
        {"weight", "structure.weight"},
        {"weighted_density", "structure.weighted_density"},
        {"weighted_reciprocity", "structure.weighted_reciprocity"},
        {"weighted_clustering", "structure.weighted_clustering"},
        {"weighted_local_clustering", "structure.weighted_local_clustering"},
        {"weighted_assortativity", "structure.weighted_assortativity"},
    };
    put_counts(row, arena, f, entry);
    for (size_t k = 0; k < GX_COUNT(reals); k++) {
        gx_map_put(arena, row, reals[k].key, real_of(f, reals[k].array, entry));
    }
    put_sides(row, arena, f, entry);
}

/* ---- which rows ------------------------------------------------------------------------------ */

static void show_circles(gx_value *list, gx_call_env *call, const figures *f) {
    gx_arena *arena = call->arena;
    int64_t room = gx_arg_int(call->args, "n"), smallest = gx_arg_int(call->args, "min_size");
    for (uint32_t c = 0; c < f->circles && room > 0; c++) {
        if (f->members[c + 1] < smallest) {
            continue;
        }
        gx_value row = gx_map(arena, 28);
        gx_map_put(arena, &row, "community", gx_community_value(arena, call->state, c));
        put_figures(&row, arena, f, c + 1);
        gx_list_add(arena, list, row);
        room--;
    }
}

static gx_status show_one(gx_value *list, gx_call_env *call, const figures *f, uint32_t id,
                          gx_error *err) {
    gx_arena *arena = call->arena;
    gx_value row = gx_map(arena, 28);
    uint32_t entry = id == GX_NONE ? 0 : entry_of(f, id);
    if (entry == GX_NONE) {
        return gx_fail_at(err, GX_NOT_FOUND, "community",
                          "there is no community c-%u among the %u of this snapshot", id,
                          f->circles);
    }
    gx_map_put(arena, &row, "community", gx_community_value(arena, NULL, id));
    put_figures(&row, arena, f, entry);
    gx_list_add(arena, list, row);
    return GX_OK;
}

/* Copied from the snapshot before, when another run was added to that. */
static bool are_copied(const gx_arrays *arrays) {
    const char *kept = gx_arrays_noted(arrays, "kept");
    return kept && strcmp(kept, "structure") != 0;
}

/* A row of that snapshot, where it computed figures or is the `oldest`, and the circle where one is
 * asked for. */
static gx_status add_snapshot(gx_value *list, gx_call_env *call, const gx_snapshot_info *info,
                              bool oldest, uint32_t id, gx_error *err) {
    gx_arena *arena = call->arena;
    gx_snapshot *snapshot = NULL;
    figures f;
    gx_status status =
        gx_snapshot_open(&snapshot, gx_store_path(call->db->store), info->number, err);
    if (status != GX_OK) {
        return status;
    }
    const gx_arrays *arrays = gx_snapshot_arrays(snapshot);
    if ((oldest || !are_copied(arrays)) && resolve(&f, arrays, NULL) == GX_OK) {
        uint32_t entry = id == GX_NONE ? 0 : entry_of(&f, id);
        gx_value row = gx_map(arena, 30);
        gx_map_put(arena, &row, "snapshot", gx_int(info->number));
        gx_map_put(arena, &row, "made_ms", gx_int(info->made_ms));
        gx_map_put(arena, &row, "community", gx_community_value(arena, NULL, id));
        if (entry != GX_NONE) {
            put_figures(&row, arena, &f, entry);
            gx_list_add(arena, list, row);
        }
    }
    gx_snapshot_release(snapshot);
    return GX_OK;
}

/* The newest n rows, from the oldest of them on; damaged snapshots are left out. */
static gx_status show_time(gx_value *list, gx_call_env *call, uint32_t id, gx_error *err) {
    gx_snapshot_info *info = NULL;
    size_t count = 0, n = (size_t)gx_arg_int(call->args, "n");
    gx_status status;
    GX_TRY(gx_snapshot_list(&info, &count, gx_store_path(call->db->store), err));
    GX_TRY(count ? GX_OK : gx_need_snapshot(call->state, err));
    for (size_t i = 0; i < count && list->size < n; i++) {
        if (info[i].version[0]) {
            GX_TRY(gx_job_check(call->job, err));
            GX_TRY(add_snapshot(list, call, &info[i], i + 1 == count, id, err));
        }
    }
    for (uint32_t i = 0; i < list->size / 2; i++) {
        gx_value *a = &list->as.items[i], *b = &list->as.items[list->size - 1 - i], kept = *a;
        *a = *b;
        *b = kept;
    }
done:
    gx_free(info);
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    figures f;
    uint32_t id = GX_NONE;
    gx_slice wanted = gx_arg_text(call->args, "community");
    gx_value list = gx_list(call->arena, 16);
    gx_status status = GX_OK;
    if (gx_arg_has(call->args, "community")) {
        GX_TRY(gx_community_id_parse(&id, "community", wanted, err));
    }
    if (gx_arg_is(call->args, "show", "time")) {
        GX_TRY(show_time(&list, call, id, err));
    } else {
        const uint32_t *members;
        GX_TRY(gx_need_array(&members, call->state, "structure.members", GX_U32, 0, err));
        GX_TRY(resolve(&f, call->state->arrays, err));
        if (gx_arg_is(call->args, "show", "circles") && id == GX_NONE) {
            show_circles(&list, call, &f);
        } else {
            GX_TRY(show_one(&list, call, &f, id, err));
        }
    }
    *out = gx_map(call->arena, 1);
    gx_map_put(call->arena, out, "stats", list);
done:
    return status;
}

const gx_method gx_method_graph_stats = {
    .name = "graph.stats",
    .summary = "figures of the structure: the whole, each circle, and over time",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_LONG,
    .from_snapshot = true,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{stats: [{snapshot, made_ms, community, members, hosts, ties, arcs, density, "
              "reciprocity, clustering, local_clustering, assortativity, mean_distance, "
              "mean_distance_error, effective_diameter, effective_diameter_error, reach, weight, "
              "weighted_density, weighted_reciprocity, weighted_clustering, "
              "weighted_local_clustering, weighted_assortativity, vertical, horizontal, "
              "vertical_interactions, horizontal_interactions, interactions}]}",
    .run = run,
};
