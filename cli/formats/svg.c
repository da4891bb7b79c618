/* SVG: a picture of a graph whose nodes have positions. Edges lie below the discs, labels above;
 * what a disc stands for in full is its tooltip. Colours tell communities apart: the first of them
 * have one each (Okabe and Ito's, that colour-blind people can tell apart), all others share a
 * grey.
 *
 * Where discs have a radius of their own they are bubbles, circles and not members: names go
 * inside, and of the links, of which nearly every two have some, those are drawn that are among the
 * strongest of one of their ends. */
#include "cli/formats/markup.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 1000, MARGIN = 60, LEGEND = 170, COLOURS = 8, LABELS_MAX = 60, LINKS = 3 };

static const char *const palette[COLOURS] = {"#0072b2", "#e69f00", "#009e73", "#cc79a7",
                                             "#56b4e9", "#d55e00", "#b3a300", "#7a5195"};
static const char *const other_colour = "#9a9a9a", *const bubble_colour = "#cfe3f2";

typedef struct node {
    const char *id, *label, *community, *note; /* copies; NULL where there is none */
    double x, y, radius;                       /* in the picture */
    double weight;                             /* what the disc's size tells, where none is given */
    double strongest[LINKS];                   /* weights, falling */
    bool centre;
} node;

typedef struct box {
    double x0, y0, x1, y1;
} box;

typedef struct scene {
    FILE *out;
    const gx_graph_source *source;
    gx_arena *arena;
    node *nodes;
    size_t count, room, at;
    uint32_t *by_id; /* indexes of nodes, by id */
    const char *community[COLOURS];
    uint32_t members[COLOURS];
    size_t communities;
    bool bubbles; /* radii are given: the picture is of circles, not of members */
    double heaviest;
    box placed[LABELS_MAX + 1];
    size_t placed_count;
} scene;

/* ---- what there is -----------------------------------------------------------------------------
 */

static const char *copy(scene *s, const gx_value *value) {
    return value && value->type == GX_TEXT
               ? gx_arena_printf(s->arena, "%.*s", (int)value->size, value->as.text)
               : NULL;
}

static size_t colour_at(const scene *s, const char *community) {
    for (size_t i = 0; community && i < s->communities; i++) {
        if (strcmp(s->community[i], community) == 0) {
            return i;
        }
    }
    return COLOURS;
}

static void note_community(scene *s, const char *community) {
    size_t at = colour_at(s, community);
    if (community && at == COLOURS && s->communities < COLOURS) {
        at = s->communities++;
        s->community[at] = community;
    }
    if (at < COLOURS) {
        s->members[at]++;
    }
}

static gx_status gather_node(void *ctx, const gx_value *row, gx_error *err) {
    scene *s = ctx;
    if (s->count == s->room) {
        size_t room = s->room ? 2 * s->room : 256;
        node *nodes = gx_arena_get(s->arena, room * sizeof *nodes);
        if (!nodes) {
            return gx_fail_memory(err, room * sizeof *nodes);
        }
        if (s->count) {
            memcpy(nodes, s->nodes, s->count * sizeof *nodes);
        }
        s->nodes = nodes;
        s->room = room;
    }
    const gx_value *label = gx_markup_get(row, "label"), *note = gx_markup_get(row, "topic");
    note = note ? note : gx_markup_get(row, "top_item");
    node *n = &s->nodes[s->count++];
    *n = (node){.id = copy(s, gx_markup_get(row, s->source->id)),
                .community = copy(s, gx_markup_get(row, "community")),
                .note = copy(s, note),
                .x = gx_markup_number(row, "x", NAN),
                .y = gx_markup_number(row, "y", NAN),
                .radius = gx_markup_number(row, "radius", 0),
                .weight = gx_markup_number(row, "leader_score", 0),
                .centre = gx_markup_number(row, "depth", 1) == 0};
    n->label = label ? copy(s, label) : n->id;
    s->bubbles = s->bubbles || n->radius > 0;
    note_community(s, n->community);
    return n->id ? GX_OK : gx_fail(err, GX_INTERNAL, "a node without a name");
}

static int compare_id(const void *a, const void *b, void *nodes) {
    const node *all = nodes;
    return strcmp(all[*(const uint32_t *)a].id, all[*(const uint32_t *)b].id);
}

static node *node_of(const scene *s, const gx_value *name) {
    size_t low = 0, high = s->count;
    while (name && name->type == GX_TEXT && low < high) {
        size_t middle = (low + high) / 2;
        node *n = &s->nodes[s->by_id[middle]];
        size_t length = strlen(n->id);
        int order = memcmp(name->as.text, n->id, name->size < length ? name->size : length);
        order = order ? order : (name->size > length) - (name->size < length);
        if (order == 0) {
            return n;
        }
        *(order < 0 ? &high : &low) = order < 0 ? middle : middle + 1;
    }
    return NULL;
}

/* Among the strongest of a node's, which fall. */
static void note_weight(node *n, double weight) {
    for (size_t i = 0; n && i < LINKS; i++) {
        if (weight > n->strongest[i]) {
            double weaker = n->strongest[i];
            n->strongest[i] = weight;
            weight = weaker;
        }
    }
}

static gx_status gather_edge(void *ctx, const gx_value *row, gx_error *err) {
    (void)err;
    scene *s = ctx;
    double weight = gx_markup_number(row, "weight", 1);
    s->heaviest = fmax(s->heaviest, weight);
    note_weight(node_of(s, gx_markup_get(row, s->source->src)), weight);
    note_weight(node_of(s, gx_markup_get(row, s->source->dst)), weight);
    return GX_OK;
}

/* From the source's square into the picture's, whole discs inside. */
static gx_status place_nodes(scene *s, gx_error *err) {
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY}, most = 0;
    for (size_t i = 0; i < s->count; i++) {
        const node *n = &s->nodes[i];
        if (!isfinite(n->x) || !isfinite(n->y)) {
            return gx_fail_at(
                err, GX_BAD_REQUEST, "format",
                "--format svg: '%s' has no position; make some with the pass `layout`", n->id);
        }
        low[0] = fmin(low[0], n->x - n->radius), high[0] = fmax(high[0], n->x + n->radius);
        low[1] = fmin(low[1], n->y - n->radius), high[1] = fmax(high[1], n->y + n->radius);
        most = fmax(most, n->weight);
    }
    double span = fmax(high[0] - low[0], high[1] - low[1]);
    double scale = span > 0 ? (SIDE - 2 * MARGIN) / span : 1;
    for (size_t i = 0; i < s->count; i++) {
        node *n = &s->nodes[i];
        n->x = SIDE / 2.0 + scale * (n->x - (low[0] + high[0]) / 2);
        n->y = SIDE / 2.0 + scale * (n->y - (low[1] + high[1]) / 2);
        double small = s->count > 400 ? 3 : 5;
        n->radius = s->bubbles  ? scale * n->radius * 0.96
                    : n->centre ? 3 * small
                                : small + (most > 0 ? small * 1.4 * sqrt(n->weight / most) : 0);
    }
    return GX_OK;
}

/* ---- drawing ------------------------------------------------------------------------------------
 */

static const char *colour_of(const scene *s, const node *n) {
    size_t at = colour_at(s, n->community);
    return at < COLOURS ? palette[at] : other_colour;
}

/* A line from rim to rim. */
static gx_status draw_edge(void *ctx, const gx_value *row, gx_error *err) {
    (void)err;
    scene *s = ctx;
    const node *a = node_of(s, gx_markup_get(row, s->source->src));
    const node *b = node_of(s, gx_markup_get(row, s->source->dst));
    double apart = a && b ? hypot(b->x - a->x, b->y - a->y) : 0;
    double weight = gx_markup_number(row, "weight", 1);
    if (!a || !b || apart <= a->radius + b->radius + 1 ||
        (s->bubbles && weight < fmin(a->strongest[LINKS - 1], b->strongest[LINKS - 1]))) {
        return GX_OK;
    }
    double share = s->heaviest > 0 ? weight / s->heaviest : 0;
    double width = s->bubbles ? 0.5 + 15.5 * share : 0.7 + 1.8 * sqrt(share);
    double opacity = s->bubbles ? 0.2 + 0.3 * share : s->count > 120 ? 0.25 : 0.45;
    double dx = (b->x - a->x) / apart, dy = (b->y - a->y) / apart;
    const gx_value *directed = gx_markup_get(row, "directed"), *ties = gx_markup_get(row, "ties");
    bool arrow = directed && directed->type == GX_BOOL && directed->as.boolean;
    fprintf(s->out,
            "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke-width=\"%.2f\" "
            "stroke-opacity=\"%.2f\"%s>",
            a->x + dx * a->radius, a->y + dy * a->radius, b->x - dx * b->radius,
            b->y - dy * b->radius, width, opacity, arrow ? " marker-end=\"url(#tip)\"" : "");
    fputs("<title>", s->out);
    gx_markup_text(s->out, a->label, strlen(a->label));
    fputs(arrow ? " → " : " – ", s->out);
    gx_markup_text(s->out, b->label, strlen(b->label));
    if (ties) {
        fputs(": ", s->out);
        gx_markup_value(s->out, ties);
        fputs(" ties", s->out);
    }
    fputs("</title></line>\n", s->out);
    return GX_OK;
}

/* Second reading of the rows, in the order of the first. */
static gx_status draw_node(void *ctx, const gx_value *row, gx_error *err) {
    (void)err;
    scene *s = ctx;
    const node *n = &s->nodes[s->at++];
    fprintf(s->out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"%s\"%s><title>", n->x, n->y,
            n->radius, s->bubbles ? bubble_colour : colour_of(s, n),
            n->centre    ? " stroke=\"#222\" stroke-width=\"3\""
            : s->bubbles ? " stroke=\"#6d9dc0\""
                         : "");
    gx_markup_text(s->out, n->label, strlen(n->label));
    for (size_t i = 0; i < s->source->node_count; i++) {
        const char *name = s->source->node[i].name;
        const gx_value *value = gx_markup_get(row, name);
        if (value && strcmp(name, "x") && strcmp(name, "y") && strcmp(name, "radius")) {
            fprintf(s->out, "&#10;%s: ", name);
            gx_markup_value(s->out, value);
        }
    }
    fputs("</title></circle>\n", s->out);
    return GX_OK;
}

/* Of a character by its first byte, in units of the text's size: Chinese ones are square. */
static double byte_width(char byte) {
    unsigned char c = (unsigned char)byte;
    return c < 0x80 ? 0.56 : c >= 0xE0 ? 1.0 : c >= 0xC0 ? 0.6 : 0;
}

static double text_width(const char *text) {
    double width = 0;
    for (; *text; text++) {
        width += byte_width(*text);
    }
    return width;
}

/* Writes as much of a text as fits, with an ellipsis where it was cut. */
static void draw_text(FILE *out, const char *text, double x, double y, double size, double widest,
                      const char *more) {
    double width = 0;
    const char *end = text, *fitting = text;
    for (; *end; end++) {
        if ((*end & 0xC0) != 0x80 && width + 1 <= widest / size) {
            fitting = end;
        }
        width += byte_width(*end);
    }
    bool whole = width <= widest / size;
    fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%.0f\"%s>", x, y, size, more);
    gx_markup_text(out, text, (size_t)((whole ? end : fitting) - text));
    fputs(whole ? "</text>\n" : "…</text>\n", out);
}

static bool place_box(scene *s, box b) {
    for (size_t i = 0; i < s->placed_count; i++) {
        const box *o = &s->placed[i];
        if (b.x0 < o->x1 && o->x0 < b.x1 && b.y0 < o->y1 && o->y0 < b.y1) {
            return false;
        }
    }
    s->placed[s->placed_count++] = b;
    return true;
}

static int compare_size(const void *a, const void *b, void *nodes) {
    const node *all = nodes, *x = &all[*(const uint32_t *)a], *y = &all[*(const uint32_t *)b];
    return x->radius != y->radius ? (x->radius < y->radius ? 1 : -1) : strcmp(x->id, y->id);
}

/* Members: names beside the largest discs, where there is room. */
static void label_members(scene *s) {
    enum { TEXT = 13 };
    qsort_r(s->by_id, s->count, sizeof *s->by_id, compare_size, s->nodes);
    for (size_t i = 0; i < s->count && s->placed_count < LABELS_MAX; i++) {
        const node *n = &s->nodes[s->by_id[i]];
        double width = TEXT * text_width(n->label), x = n->x + n->radius + 3;
        bool left = x + width > SIDE;
        x = left ? n->x - n->radius - 3 - width : x;
        if (place_box(s, (box){x, n->y - TEXT / 2.0, x + width, n->y + TEXT / 2.0})) {
            draw_text(s->out, n->label, x, n->y + TEXT * 0.35, TEXT, width + TEXT,
                      n->centre ? " font-weight=\"bold\" class=\"l\"" : " class=\"l\"");
        }
    }
}

/* Circles: the name inside of the bubble, and below it what its members like most. */
static void label_bubbles(scene *s) {
    for (size_t i = 0; i < s->count; i++) {
        const node *n = &s->nodes[i];
        double size = fmin(20, fmax(9, n->radius / 2.5)), small = fmax(9, size * 0.65);
        if (size * text_width(n->label) > 2 * n->radius) {
            continue;
        }
        bool note = n->note && n->radius > 24;
        draw_text(s->out, n->label, n->x, n->y + (note ? -0.1 : 0.35) * size, size, 2 * n->radius,
                  " class=\"m\" font-weight=\"bold\"");
        if (note) {
            draw_text(s->out, n->note, n->x, n->y + 1.2 * small, small, 1.8 * n->radius,
                      " class=\"m\"");
        }
    }
}

static void draw_legend_row(scene *s, size_t row, const char *colour, const char *name,
                            size_t members) {
    double y = MARGIN + 22.0 * (double)row;
    fprintf(s->out, "<circle cx=\"%d\" cy=\"%.0f\" r=\"6\" fill=\"%s\"/>", SIDE + 10, y, colour);
    char text[200];
    snprintf(text, sizeof text, "%s (%zu)", name, members);
    draw_text(s->out, text, SIDE + 24, y + 4.5, 13, LEGEND - 30, "");
}

static void draw_legend(scene *s) {
    size_t others = s->count;
    for (size_t i = 0; i < s->communities; i++) {
        draw_legend_row(s, i, palette[i], s->community[i], s->members[i]);
        others -= s->members[i];
    }
    if (others > 0) {
        draw_legend_row(s, s->communities, other_colour, "others", others);
    }
}

static gx_status draw(scene *s, gx_error *err) {
    bool legend = !s->bubbles && s->communities > 0;
    fprintf(s->out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" "
            "font-family=\"system-ui, 'Noto Sans', 'Noto Sans CJK SC', sans-serif\">\n"
            "<style>.l{paint-order:stroke;stroke:#fff;stroke-width:3px}.m{text-anchor:middle;"
            "fill:#111}</style>\n"
            "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" "
            "markerHeight=\"7\" markerUnits=\"userSpaceOnUse\" orient=\"auto\">"
            "<path d=\"M0 1L8 4L0 7z\" fill=\"#666\"/></marker></defs>\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n<g stroke=\"#666\">\n",
            SIDE + (legend ? LEGEND : 0), SIDE);
    gx_status status = s->source->each_edge(s->source->user, draw_edge, s, err);
    fputs("</g>\n<g stroke=\"#fff\">\n", s->out);
    if (status == GX_OK) {
        status = s->source->each_node(s->source->user, draw_node, s, err);
    }
    fputs("</g>\n<g fill=\"#222\">\n", s->out);
    if (s->bubbles) {
        label_bubbles(s);
    } else {
        label_members(s);
    }
    if (legend) {
        draw_legend(s);
    }
    fputs("</g>\n</svg>\n", s->out);
    return status;
}

static gx_status write_graph(FILE *out, const gx_graph_source *source, gx_error *err) {
    scene s = {.out = out, .source = source, .arena = gx_arena_create()};
    gx_status status = s.arena ? GX_OK : gx_fail_memory(err, sizeof s);
    GX_TRY(status);
    GX_TRY(source->each_node(source->user, gather_node, &s, err));
    s.by_id = gx_arena_get(s.arena, (s.count + 1) * sizeof *s.by_id);
    if (!s.by_id) {
        GX_TRY(gx_fail_memory(err, s.count * sizeof *s.by_id));
    }
    for (size_t i = 0; i < s.count; i++) {
        s.by_id[i] = (uint32_t)i;
    }
    qsort_r(s.by_id, s.count, sizeof *s.by_id, compare_id, s.nodes);
    GX_TRY(source->each_edge(source->user, gather_edge, &s, err));
    GX_TRY(place_nodes(&s, err));
    GX_TRY(draw(&s, err));
done:
    gx_arena_destroy(s.arena);
    return status;
}

const gx_form gx_form_svg = {.name = "svg", .write_graph = write_graph};
