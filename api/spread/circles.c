/* Circles by their names: those of the snapshot, of a pass, or by what members say of themselves.
 */
#include "api/build/compute.h"
#include "api/lists/known.h"
#include "api/lists/segment.h"
#include "api/people/community.h"
#include "api/spread/spread.h"

#include <stdlib.h>

static gx_status make_room(gx_spread_circles *c, const gx_spread *spread, gx_error *err) {
    gx_status status = gx_job_alloc(spread->call->job, &c->of, spread->n, sizeof *c->of, err);
    for (uint32_t v = 0; status == GX_OK && v < spread->n; v++) {
        c->of[v] = GX_NONE;
    }
    return status;
}

static gx_status make_names(gx_spread_circles *c, gx_arena *arena, gx_error *err) {
    c->name = gx_arena_get(arena, ((size_t)c->count + 1) * sizeof *c->name);
    return c->name ? GX_OK : gx_fail_memory(err, c->count * sizeof *c->name);
}

static gx_status take_circles(gx_spread_circles *c, const gx_spread *spread,
                              const gx_arrays *arrays, const gx_pass *pass, gx_error *err) {
    gx_arena *arena = spread->call->arena;
    const gx_array *array = gx_result_find(arrays, "leiden", "community");
    const gx_circle_names names = gx_circle_names_of(spread->call->state, arrays, "leiden", pass);
    gx_status status = GX_OK;
    const uint32_t *community = array->data;
    GX_TRY(make_room(c, spread, err));
    for (uint32_t v = 0; v < spread->n && v < array->shape[0]; v++) {
        c->of[v] = community[v];
        c->count =
            community[v] != GX_NONE && community[v] >= c->count ? community[v] + 1 : c->count;
    }
    GX_TRY(make_names(c, arena, err));
    for (uint32_t k = 0; k < c->count; k++) {
        const gx_value name = gx_circle_name(arena, &names, k);
        c->name[k] = name.type == GX_TEXT ? name.as.text : "";
    }
done:
    return status;
}

static gx_status by_circle(gx_spread_circles *c, const gx_spread *spread, gx_error *err) {
    gx_call_env *call = spread->call;
    const gx_pass *leiden = gx_any_pass_find("leiden");
    gx_arrays *own = NULL;
    gx_status status = GX_OK;
    if (call->state->circles > 0) {
        return take_circles(c, spread, call->state->arrays, leiden, err);
    }
    GX_TRY(gx_compute(&own, call->db, leiden, "leiden", NULL, &spread->spec, call->job, err));
    GX_TRY(take_circles(c, spread, own, leiden, err));
done:
    gx_arrays_drop(own, call->job);
    return status;
}

static gx_status by_field(gx_spread_circles *c, const gx_spread *spread, gx_slice by,
                          gx_error *err) {
    gx_call_env *call = spread->call;
    gx_labels labels = {0};
    gx_status status = GX_OK;
    char shown[60];
    GX_TRY(gx_segment_labels(&labels, call, by, err));
    if (labels.count == 0) {
        GX_TRY(gx_fail_at(err, GX_BAD_REQUEST, "by",
                          "by: no member has a text called %s; accepted is circle or such a field",
                          gx_quote(shown, sizeof shown, by.data, by.size)));
    }
    GX_TRY(make_room(c, spread, err));
    for (uint32_t v = 0; v < spread->n && v < labels.n; v++) {
        c->of[v] = labels.label[v];
    }
    c->count = labels.count;
    GX_TRY(make_names(c, call->arena, err));
    for (uint32_t k = 0; k < c->count; k++) {
        const gx_slice name = gx_label_name(&labels, k);
        c->name[k] = gx_arena_printf(call->arena, "%.*s", (int)name.size, name.data);
        GX_TRY(c->name[k] ? GX_OK : gx_fail_memory(err, name.size));
    }
done:
    gx_labels_finish(&labels);
    return status;
}

gx_status gx_spread_circles_find(gx_spread_circles *out, const gx_spread *spread, gx_slice by,
                                 gx_error *err) {
    *out = (gx_spread_circles){0};
    const bool usual = by.size == 0 || gx_slice_is(by, "circle");
    const gx_status status = usual ? by_circle(out, spread, err) : by_field(out, spread, by, err);
    out->gone = spread->gone;
    for (uint32_t v = 0; status == GX_OK && out->gone && v < spread->n; v++) {
        out->of[v] = out->gone[v] ? GX_NONE : out->of[v];
    }
    if (status != GX_OK) {
        gx_spread_circles_finish(out, spread->call->job);
    }
    return status;
}

void gx_spread_circles_join_rest(gx_spread_circles *io, uint32_t n) {
    bool some = false;
    for (uint32_t v = 0; v < n; v++) {
        if (io->of[v] == GX_NONE && !(io->gone && io->gone[v])) {
            io->of[v] = io->count;
            some = true;
        }
    }
    if (some) {
        io->name[io->count++] = "-"; /* make_names left room */
        io->has_rest = true;
    }
}

void gx_spread_circles_finish(gx_spread_circles *circles, gx_job *job) {
    gx_job_free(job, circles->of);
    *circles = (gx_spread_circles){0};
}

gx_status gx_spread_circle_find(uint32_t *out, const gx_spread_circles *circles,
                                const char *argument, gx_slice name, gx_arena *arena,
                                gx_error *err) {
    char shown[60];
    for (uint32_t k = 0; k < circles->count; k++) {
        if (gx_slice_is(name, circles->name[k])) {
            *out = k;
            return GX_OK;
        }
    }
    gx_slice *names = gx_arena_get(arena, ((size_t)circles->count + 1) * sizeof *names);
    if (!names) {
        return gx_fail_memory(err, circles->count * sizeof *names);
    }
    for (uint32_t k = 0; k < circles->count; k++) {
        names[k] = gx_slice_of(circles->name[k]);
    }
    return gx_fail_at(err, GX_NOT_FOUND, argument,
                      "%s: there is no circle %s among the %u by `by`: %s", argument,
                      gx_quote(shown, sizeof shown, name.data, name.size), circles->count,
                      gx_known_told(arena, names, circles->count, name));
}

uint32_t gx_spread_circle_of(const gx_spread_circles *circles, uint32_t user) {
    return circles->of[user] == GX_NONE ? circles->count : circles->of[user];
}

gx_value gx_spread_circle_value(const gx_spread_circles *circles, uint32_t circle) {
    const bool rest =
        circle == circles->count || (circles->has_rest && circle + 1 == circles->count);
    return rest ? gx_nil() : gx_str(circles->name[circle]);
}

gx_status gx_spread_circles_tally(uint32_t **out, const gx_spread_circles *circles,
                                  const uint32_t *members, uint32_t n, gx_arena *arena,
                                  gx_error *err) {
    const size_t bytes = ((size_t)circles->count + 1) * sizeof **out;
    *out = gx_arena_get(arena, bytes);
    if (!*out) {
        return gx_fail_memory(err, bytes);
    }
    memset(*out, 0, bytes);
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t user = members ? members[i] : i;
        if (members || !circles->gone || !circles->gone[user]) {
            (*out)[gx_spread_circle_of(circles, user)]++;
        }
    }
    return GX_OK;
}

typedef struct listed {
    double by;
    uint32_t size, circle;
} listed;

static int by_most(const void *a, const void *b) {
    const listed *x = a, *y = b;
    if (x->by != y->by) {
        return x->by > y->by ? -1 : 1;
    }
    if (x->size != y->size) {
        return x->size > y->size ? -1 : 1;
    }
    return (x->circle > y->circle) - (x->circle < y->circle);
}

const uint32_t *gx_spread_circles_listed(uint32_t *out_count, uint32_t *out_unlisted,
                                         const gx_spread_circles *circles, const double *by,
                                         const uint32_t *size, gx_arena *arena) {
    enum { LISTED = 1000 };
    const size_t all = (size_t)circles->count + 1;
    listed *rows = gx_arena_get(arena, all * sizeof *rows);
    uint32_t *out = gx_arena_get(arena, all * sizeof *out), count = 0, listed_count = 0;
    if (!rows || !out) {
        return NULL;
    }
    for (uint32_t c = 0; c < all; c++) {
        if (by[c] > 0 || size[c] > 0) {
            rows[count++] = (listed){by[c], size[c], c};
        }
    }
    if (count > 0) {
        qsort(rows, count, sizeof *rows, by_most);
    }
    while (listed_count < count && (rows[listed_count].by > 0 || listed_count < LISTED)) {
        out[listed_count] = rows[listed_count].circle;
        listed_count++;
    }
    *out_count = listed_count;
    *out_unlisted = count - listed_count;
    return out;
}
