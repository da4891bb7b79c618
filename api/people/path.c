/* Shortest paths from both ends. */
#include "api/people/path.h"

#include "api/vector.h"

#include <math.h>

enum { FROM_SOURCE, FROM_TARGET, SIDES };

static const uint32_t no_link = UINT32_MAX;

/* A member one of the searches has met, as one of the two sees them. */
typedef struct seen {
    double distance; /* infinite: not met */
    double ways;     /* shortest paths from the end to here */
    uint32_t before; /* first of the links to members one step nearer, or no_link */
    bool done;       /* of Dijkstra: the distance is final */
} seen;

typedef struct node {
    uint32_t user;
    seen side[SIDES];
} node;

typedef struct nearer {
    uint32_t node, next;
} nearer;

typedef struct opened {
    double distance;
    uint32_t node;
} opened;

typedef struct search {
    const gx_path_query *query;
    gx_job *job;
    vector nodes, links;
    uint32_t *slot; /* index + 1 into nodes, 0: free; a power of two of them */
    size_t slots;
    vector queue[SIDES]; /* by steps: uint32_t, in the order met; by length: a heap of `opened` */
    size_t level[SIDES]; /* by steps: where the outermost level starts in the queue */
    uint32_t depth[SIDES];
    double best; /* by length: of the best path met, and where */
    uint32_t meet;
} search;

static node *node_at(const search *s, uint32_t index) {
    return (node *)s->nodes.data + index;
}

static nearer *link_at(const search *s, uint32_t index) {
    return (nearer *)s->links.data + index;
}

/* ---- members met --------------------------------------------------------------------------------
 */

static size_t place(const search *s, uint32_t user) {
    size_t at = (size_t)gx_mix64(user) & (s->slots - 1);
    while (s->slot[at] && node_at(s, s->slot[at] - 1)->user != user) {
        at = (at + 1) & (s->slots - 1);
    }
    return at;
}

static bool grow_slots(search *s) {
    size_t slots = s->slots ? s->slots * 2 : 1024;
    uint32_t *slot = gx_alloc0(slots, sizeof *slot);
    if (!slot) {
        return false;
    }
    gx_free(s->slot);
    s->slot = slot;
    s->slots = slots;
    for (uint32_t i = 0; i < s->nodes.count; i++) {
        slot[place(s, node_at(s, i)->user)] = i + 1;
    }
    return true;
}

/* The member's index, met now or before; no_link when out of memory. */
static uint32_t meet_user(search *s, uint32_t user) {
    if (2 * (s->nodes.count + 1) > s->slots && !grow_slots(s)) {
        return no_link;
    }
    size_t at = place(s, user);
    if (s->slot[at]) {
        return s->slot[at] - 1;
    }
    node *n = vector_add(&s->nodes);
    if (!n) {
        return no_link;
    }
    const seen never = {.distance = HUGE_VAL, .before = no_link};
    *n = (node){.user = user, .side = {never, never}};
    s->slot[at] = (uint32_t)s->nodes.count;
    return (uint32_t)s->nodes.count - 1;
}

/* `from` is one step nearer to the end of `side`, or replaces whoever was where `alone`. */
static bool add_link(search *s, seen *to, uint32_t from, bool alone) {
    nearer *l = vector_add(&s->links);
    if (!l) {
        return false;
    }
    *l = (nearer){from, alone ? no_link : to->before};
    to->before = (uint32_t)s->links.count - 1;
    return true;
}

/* The ties of the member with that index, in the direction of the search. */
static gx_status read_steps(const gx_step **out, size_t *out_count, const search *s, int side,
                            uint32_t index, gx_error *err) {
    return s->query->steps(s->query->context, out, out_count, node_at(s, index)->user,
                           side == FROM_TARGET, err);
}

/* ---- by steps -----------------------------------------------------------------------------------
 */

static bool queue_node(search *s, int side, uint32_t index) {
    uint32_t *entry = vector_add(&s->queue[side]);
    if (entry) {
        *entry = index;
    }
    return entry != NULL;
}

static gx_status expand(search *s, int side, uint32_t index, gx_error *err) {
    const gx_step *steps = NULL;
    size_t count = 0;
    gx_status status = read_steps(&steps, &count, s, side, index, err);
    const double distance = s->depth[side], ways = node_at(s, index)->side[side].ways;
    for (size_t i = 0; status == GX_OK && i < count; i++) {
        uint32_t other = meet_user(s, steps[i].user);
        if (other == no_link) {
            return gx_fail_memory(err, s->nodes.capacity * sizeof(node));
        }
        seen *to = &node_at(s, other)->side[side];
        bool first = isinf(to->distance);
        if (!first && to->distance < distance) {
            continue;
        }
        to->distance = distance;
        to->ways += ways;
        if (!add_link(s, to, index, false) || (first && !queue_node(s, side, other))) {
            return gx_fail_memory(err, s->links.capacity * sizeof(nearer));
        }
    }
    return status;
}

/* One level further from the side that has fewer to expand. *met: somebody is known to both. */
static gx_status next_level(search *s, bool *met, gx_error *err) {
    size_t open0 = s->queue[FROM_SOURCE].count - s->level[FROM_SOURCE];
    size_t open1 = s->queue[FROM_TARGET].count - s->level[FROM_TARGET];
    const int side = open1 < open0 ? FROM_TARGET : FROM_SOURCE;
    const size_t from = s->level[side], to = s->queue[side].count;
    gx_status status = GX_OK;
    s->depth[side]++;
    s->level[side] = to;
    for (size_t i = from; status == GX_OK && i < to; i++) {
        status = expand(s, side, ((uint32_t *)s->queue[side].data)[i], err);
        if (status == GX_OK) {
            status = gx_job_check(s->job, err);
        }
    }
    for (size_t i = to; status == GX_OK && !*met && i < s->queue[side].count; i++) {
        uint32_t index = ((uint32_t *)s->queue[side].data)[i];
        *met = isfinite(node_at(s, index)->side[!side].distance);
    }
    return status;
}

static gx_status search_steps(search *s, bool *connected, gx_error *err) {
    gx_status status = GX_OK;
    while (status == GX_OK && !*connected && s->level[FROM_SOURCE] < s->queue[FROM_SOURCE].count &&
           s->level[FROM_TARGET] < s->queue[FROM_TARGET].count) {
        status = next_level(s, connected, err);
    }
    return status;
}

/* ---- by length ----------------------------------------------------------------------------------
 */

/* The nearer, then the smaller user: which of equal paths is found depends on nothing else. */
static bool is_nearer(const search *s, const opened *a, const opened *b) {
    return a->distance < b->distance ||
           (a->distance == b->distance && node_at(s, a->node)->user < node_at(s, b->node)->user);
}

static bool heap_push(search *s, int side, double distance, uint32_t index) {
    if (!vector_add(&s->queue[side])) {
        return false;
    }
    opened *heap = s->queue[side].data, moved = {distance, index};
    size_t at = s->queue[side].count - 1;
    while (at > 0 && is_nearer(s, &moved, &heap[(at - 1) / 2])) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = moved;
    return true;
}

static opened heap_pop(search *s, int side) {
    opened *heap = s->queue[side].data, top = heap[0];
    size_t count = --s->queue[side].count, at = 0;
    opened moved = heap[count];
    for (size_t child = 1; child < count; child = 2 * at + 1) {
        child += child + 1 < count && is_nearer(s, &heap[child + 1], &heap[child]);
        if (!is_nearer(s, &heap[child], &moved)) {
            break;
        }
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
    return top;
}

/* Drops what was overtaken; infinite where nothing is open. */
static double nearest(search *s, int side) {
    while (s->queue[side].count > 0) {
        const opened *top = s->queue[side].data;
        if (!node_at(s, top->node)->side[side].done) {
            return top->distance;
        }
        (void)heap_pop(s, side);
    }
    return HUGE_VAL;
}

static gx_status settle(search *s, int side, gx_error *err) {
    const gx_step *steps = NULL;
    size_t count = 0;
    opened top = heap_pop(s, side);
    node_at(s, top.node)->side[side].done = true;
    gx_status status = read_steps(&steps, &count, s, side, top.node, err);
    for (size_t i = 0; status == GX_OK && i < count; i++) {
        uint32_t other = meet_user(s, steps[i].user);
        if (other == no_link) {
            return gx_fail_memory(err, s->nodes.capacity * sizeof(node));
        }
        seen *to = &node_at(s, other)->side[side];
        double distance = top.distance + steps[i].length;
        if (!(distance < to->distance)) {
            continue;
        }
        to->distance = distance;
        to->ways = 1;
        if (!add_link(s, to, top.node, true) || !heap_push(s, side, distance, other)) {
            return gx_fail_memory(err, s->links.capacity * sizeof(nearer));
        }
        double whole = distance + node_at(s, other)->side[!side].distance;
        if (whole < s->best) {
            s->best = whole;
            s->meet = other;
        }
    }
    return status;
}

static gx_status search_lengths(search *s, bool *connected, gx_error *err) {
    gx_status status = GX_OK;
    while (status == GX_OK) {
        double near0 = nearest(s, FROM_SOURCE), near1 = nearest(s, FROM_TARGET);
        if (isinf(near0) || isinf(near1) || near0 + near1 >= s->best) {
            break;
        }
        status = settle(s, near1 < near0 ? FROM_TARGET : FROM_SOURCE, err);
        if (status == GX_OK) {
            status = gx_job_check(s->job, err);
        }
    }
    *connected = isfinite(s->best);
    return status;
}

/* ---- paths out of links -------------------------------------------------------------------------
 */

static uint32_t steps_to_end(const search *s, int side, uint32_t index) {
    uint32_t steps = 0;
    for (uint32_t l; (l = node_at(s, index)->side[side].before) != no_link; steps++) {
        index = link_at(s, l)->node;
    }
    return steps;
}

/* Writes the users from the end of `side` to `index`, which is `steps` away: the `number`-th of the
 * ways there. */
static void trace(const search *s, int side, uint32_t index, double number, uint32_t *end,
                  ptrdiff_t towards, uint32_t steps) {
    for (uint32_t k = 0; k < steps; k++) {
        uint32_t l = node_at(s, index)->side[side].before;
        while (link_at(s, l)->next != no_link &&
               number >= node_at(s, link_at(s, l)->node)->side[side].ways) {
            number -= node_at(s, link_at(s, l)->node)->side[side].ways;
            l = link_at(s, l)->next;
        }
        index = link_at(s, l)->node;
        end += towards;
        *end = node_at(s, index)->user;
    }
}

static gx_status add_path(gx_paths *out, const search *s, uint32_t meet, double number,
                          gx_arena *arena, gx_error *err) {
    const uint32_t before = steps_to_end(s, FROM_SOURCE, meet);
    const uint32_t after = steps_to_end(s, FROM_TARGET, meet);
    const size_t users = (size_t)before + after + 1;
    gx_path *path = &out->path[out->count];
    path->steps = before + after;
    path->user = gx_arena_get(arena, users * sizeof *path->user);
    if (!path->user) {
        return gx_fail_memory(err, users * sizeof *path->user);
    }
    const double after_ways = node_at(s, meet)->side[FROM_TARGET].ways;
    path->user[before] = node_at(s, meet)->user;
    trace(s, FROM_SOURCE, meet, floor(number / after_ways), &path->user[before], -1, before);
    trace(s, FROM_TARGET, meet, fmod(number, after_ways), &path->user[before], 1, after);
    out->count++;
    return GX_OK;
}

/* How many shortest paths pass this member in their middle. */
static double ways_through(const search *s, uint32_t index) {
    const seen *source = &node_at(s, index)->side[FROM_SOURCE];
    const seen *target = &node_at(s, index)->side[FROM_TARGET];
    return source->distance == s->depth[FROM_SOURCE] && target->distance == s->depth[FROM_TARGET]
               ? source->ways * target->ways
               : 0;
}

/* By their middles, in the order in which those were met. */
static gx_status paths_by_steps(gx_paths *out, const search *s, gx_arena *arena, gx_error *err) {
    gx_status status = GX_OK;
    out->length = s->depth[FROM_SOURCE] + s->depth[FROM_TARGET];
    for (uint32_t i = 0; status == GX_OK && i < s->nodes.count; i++) {
        const double ways = ways_through(s, i);
        out->ways += ways;
        for (uint32_t k = 0; status == GX_OK && k < ways && out->count < s->query->limit; k++) {
            status = add_path(out, s, i, k, arena, err);
        }
    }
    return status;
}

static gx_status start(search *s, int side, uint32_t user, gx_error *err) {
    uint32_t index = meet_user(s, user);
    if (index == no_link) {
        return gx_fail_memory(err, 0);
    }
    node_at(s, index)->side[side] = (seen){.distance = 0, .ways = 1, .before = no_link};
    bool queued = s->query->by_length ? heap_push(s, side, 0, index) : queue_node(s, side, index);
    return queued ? GX_OK : gx_fail_memory(err, 0);
}

/* The search from one end has met all there are; the other may have stopped before. */
static void tell_apart(gx_paths *out, const search *s) {
    const vector *queue = &s->queue[FROM_SOURCE];
    size_t open = s->query->by_length ? queue->count : queue->count - s->level[FROM_SOURCE];
    const int side = open > 0 ? FROM_TARGET : FROM_SOURCE;
    out->target_apart = side == FROM_TARGET;
    for (uint32_t i = 0; i < s->nodes.count; i++) {
        out->others += isfinite(node_at(s, i)->side[side].distance) ? 1 : 0;
    }
    out->others--;
}

gx_status gx_paths_find(gx_paths *out, const gx_path_query *query, gx_arena *arena, gx_job *job,
                        gx_error *err) {
    gx_status status = GX_OK;
    const size_t entry = query->by_length ? sizeof(opened) : sizeof(uint32_t);
    search s = {.query = query,
                .job = job,
                .nodes = {.size = sizeof(node)},
                .links = {.size = sizeof(nearer)},
                .queue = {{.size = entry}, {.size = entry}},
                .best = HUGE_VAL};
    gx_paths paths = {0};
    paths.path = gx_arena_get(arena, (size_t)query->limit * sizeof *paths.path + 1);
    if (!paths.path) {
        return gx_fail_memory(err, (size_t)query->limit * sizeof *paths.path);
    }
    GX_TRY(start(&s, FROM_SOURCE, query->source, err));
    GX_TRY(start(&s, FROM_TARGET, query->target, err));
    paths.connected = query->source == query->target;
    s.best = paths.connected ? 0 : HUGE_VAL;
    if (query->by_length) {
        GX_TRY(search_lengths(&s, &paths.connected, err));
    } else {
        GX_TRY(search_steps(&s, &paths.connected, err));
    }
    if (paths.connected && query->by_length) {
        paths.length = s.best;
        paths.ways = 1;
        GX_TRY(add_path(&paths, &s, s.meet, 0, arena, err));
    } else if (paths.connected) {
        GX_TRY(paths_by_steps(&paths, &s, arena, err));
    } else {
        tell_apart(&paths, &s);
    }
    *out = paths;
done:
    gx_free(s.nodes.data);
    gx_free(s.links.data);
    gx_free(s.slot);
    gx_free(s.queue[FROM_SOURCE].data);
    gx_free(s.queue[FROM_TARGET].data);
    return status;
}
