/* Points of a space of parameters, and which to try next: successive halving (Jamieson and
 * Talwalkar 2016) of rounds that are drawn half anew and half near the best so far. */
#include "models/eval/tune.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUND = 6, SHARE = 3, DRAWS = 32, STEPS = 200 };

static const double WIDE = 10, MANY_POWERS = 1000, TENFOLD = 10, FOURFOLD = 4;
static const double DAY_MS = 86400000;
static const double FIRST_WIDTH = 0.25, NARROWER = 0.85, LEAST_WIDTH = 0.03;
static const uint64_t TUNE_STREAM = 0x54554e45;

/* ---- the space ------------------------------------------------------------------------------- */

static uint32_t count_choices(const char *choices) {
    uint32_t count = 1;
    for (const char *at = choices; *at; at++) {
        count += *at == '|';
    }
    return count;
}

static gx_slice choice_at(const char *choices, uint32_t k) {
    for (; k > 0; k--) {
        choices += strcspn(choices, "|") + 1;
    }
    return (gx_slice){choices, strcspn(choices, "|")};
}

/* Whether low and high say what is accepted: GX_PARAM_UNCHECKED is the other way round. */
static bool is_bounded(const gx_param *p) {
    return p->low <= p->high;
}

static void narrow(gx_tune_axis *axis, double least) {
    const gx_param *p = axis->param;
    axis->low = fmax(axis->low, least);
    if (is_bounded(p)) {
        axis->low = fmax(axis->low, p->low);
        axis->high = fmin(axis->high, p->high);
    }
}

/* Around the default, or where that is nothing to go by, by what is accepted. */
static void set_log(gx_tune_axis *axis, double factor, double low, double high) {
    double usual = 0;
    axis->log = true;
    const bool known = gx_value_as_real(&axis->usual, &usual) && usual > 0;
    axis->low = known ? usual / factor : low;
    axis->high = known ? usual * factor : high;
}

static bool set_axis(gx_tune_axis *axis) {
    const gx_param *p = axis->param;
    switch (p->type) {
    case GX_PARAM_BOOL:
        axis->high = 1;
        break;
    case GX_PARAM_CHOICE:
        axis->high = count_choices(p->choices) - 1.0;
        break;
    case GX_PARAM_REAL:
        if (is_bounded(p) && p->high - p->low <= WIDE &&
            !(p->low > 0 && p->high / p->low >= MANY_POWERS)) {
            axis->low = p->low;
            axis->high = p->high;
        } else {
            set_log(axis, TENFOLD, 1e-3, 1e3);
            narrow(axis, 1e-12);
        }
        break;
    case GX_PARAM_INT:
        set_log(axis, FOURFOLD, is_bounded(p) ? p->high / (FOURFOLD * FOURFOLD) : 1,
                is_bounded(p) ? p->high : 1000);
        narrow(axis, 1);
        break;
    case GX_PARAM_DURATION:
        set_log(axis, TENFOLD, DAY_MS, 1000 * DAY_MS);
        narrow(axis, 1);
        break;
    default:
        return false;
    }
    return axis->high > axis->low;
}

static bool is_marked(const gx_pass *pass) {
    for (size_t i = 0; i < pass->param_count; i++) {
        if (pass->params[i].flags & GX_PARAM_SEARCH) {
            return true;
        }
    }
    return false;
}

static bool is_searched(const gx_param *p, bool marked) {
    return marked ? (p->flags & GX_PARAM_SEARCH) != 0
                  : p->type == GX_PARAM_REAL || p->type == GX_PARAM_CHOICE;
}

static const gx_param *find_param(const gx_pass *pass, gx_slice name) {
    for (size_t i = 0; i < pass->param_count; i++) {
        if (gx_slice_is(name, pass->params[i].name)) {
            return &pass->params[i];
        }
    }
    return NULL;
}

static gx_status add_axis(gx_tune_space *space, const gx_param *param, const gx_args *usual,
                          gx_error *err) {
    gx_tune_axis axis = {.param = param, .usual = *gx_arg_value(usual, param->name)};
    for (size_t k = 0; k < space->count; k++) {
        if (space->axis[k].param == param) {
            return gx_fail_at(err, GX_BAD_REQUEST, "parameters", "parameters: %s is named twice",
                              param->name);
        }
    }
    if (space->count == GX_TUNE_AXES) {
        return gx_fail_at(err, GX_BAD_REQUEST, "parameters",
                          "over %d parameters at once; --parameters names those to search",
                          GX_TUNE_AXES);
    }
    if (!set_axis(&axis)) {
        return gx_fail_at(err, GX_BAD_REQUEST, "parameters",
                          "parameters: %s is a %s, of which there is nothing to search; accepted "
                          "are numbers, choices and booleans",
                          param->name, gx_param_type_name(param->type));
    }
    space->axis[space->count++] = axis;
    return GX_OK;
}

/* "alpha, beta" */
static const char *names_of(char *out, size_t size, const gx_pass *pass) {
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < pass->param_count && used < size; i++) {
        const int more =
            snprintf(out + used, size - used, "%s%s", i ? ", " : "", pass->params[i].name);
        used += more > 0 ? (size_t)more : 0;
    }
    return out;
}

static gx_status add_named(gx_tune_space *space, const gx_pass *pass, const gx_value *names,
                           const gx_value *fixed, const gx_args *usual, gx_error *err) {
    gx_status status = GX_OK;
    for (uint32_t i = 0; i < names->size && status == GX_OK; i++) {
        const gx_slice name = {names->as.items[i].as.text, names->as.items[i].size};
        const gx_param *param = find_param(pass, name);
        char shown[64], known[400];
        if (!param) {
            return gx_fail_at(err, GX_BAD_REQUEST, "parameters",
                              "parameters: %s was given; %s has %s",
                              gx_quote(shown, sizeof shown, name.data, name.size), pass->name,
                              pass->param_count ? names_of(known, sizeof known, pass) : "none");
        }
        if (fixed->type == GX_MAP && gx_map_get(fixed, param->name)) {
            return gx_fail_at(err, GX_BAD_REQUEST, "parameters",
                              "parameters: %s is to be searched and is given a value too",
                              param->name);
        }
        status = add_axis(space, param, usual, err);
    }
    return status;
}

gx_status gx_tune_space_make(gx_tune_space *out, gx_arena *arena, const gx_pass *pass,
                             const gx_value *names, const gx_value *fixed, gx_error *err) {
    gx_args usual;
    *out = (gx_tune_space){.count = 0};
    gx_status status = gx_args_parse(&usual, arena, pass->params, pass->param_count,
                                     fixed->type == GX_MAP ? fixed : NULL, err);
    if (status == GX_OK && names->type == GX_LIST) {
        return add_named(out, pass, names, fixed, &usual, err);
    }
    const bool marked = is_marked(pass);
    for (size_t i = 0; i < pass->param_count && status == GX_OK; i++) {
        const gx_param *param = &pass->params[i];
        if (is_searched(param, marked) &&
            !(fixed->type == GX_MAP && gx_map_get(fixed, param->name))) {
            status = add_axis(out, param, &usual, err);
        }
    }
    if (status == GX_OK && out->count == 0) {
        char known[400];
        status = gx_fail_at(err, GX_BAD_REQUEST, "parameters",
                            "%s has no parameter that is searched unless it is named, or all are "
                            "given values; it has %s",
                            pass->name,
                            pass->param_count ? names_of(known, sizeof known, pass) : "none");
    }
    return status;
}

/* As one would write it: three digits where `log`, else a step of the range. */
static double round_value(const gx_tune_axis *axis, double at) {
    char text[40];
    const double value = axis->log
                             ? axis->low * pow(axis->high / axis->low, at)
                             : axis->low + round(at * STEPS) / STEPS * (axis->high - axis->low);
    snprintf(text, sizeof text, axis->log ? "%.3g" : "%.6g", value);
    return fmin(fmax(strtod(text, NULL), axis->low), axis->high);
}

gx_value gx_tune_value(const gx_tune_axis *axis, double at, gx_arena *arena) {
    const gx_param *p = axis->param;
    if (isnan(at)) {
        return axis->usual;
    }
    if (p->type == GX_PARAM_BOOL) {
        return gx_bool(at >= 0.5);
    }
    if (p->type == GX_PARAM_CHOICE) {
        const gx_slice name = choice_at(p->choices, (uint32_t)lround(at * axis->high));
        return gx_text_copy(arena, name.data, name.size);
    }
    const double value = round_value(axis, at);
    return p->type == GX_PARAM_REAL ? gx_real(value) : gx_int((int64_t)llround(value));
}

static double place_of_choice(const gx_tune_axis *axis, const gx_value *value) {
    const uint32_t last = (uint32_t)axis->high;
    for (uint32_t k = 0; value->type == GX_TEXT && k <= last; k++) {
        if (gx_slice_equal(choice_at(axis->param->choices, k),
                           (gx_slice){value->as.text, value->size})) {
            return k / axis->high;
        }
    }
    return NAN;
}

double gx_tune_place(const gx_tune_axis *axis, const gx_value *value) {
    double number;
    if (axis->param->type == GX_PARAM_CHOICE) {
        return place_of_choice(axis, value);
    }
    if (axis->param->type == GX_PARAM_BOOL) {
        return value->type == GX_BOOL ? value->as.boolean : NAN;
    }
    if (!gx_value_as_real(value, &number) || !(number >= axis->low && number <= axis->high)) {
        return NAN;
    }
    return axis->log ? log(number / axis->low) / log(axis->high / axis->low)
                     : (number - axis->low) / (axis->high - axis->low);
}

gx_tune_point gx_tune_usual(void) {
    gx_tune_point point;
    for (size_t k = 0; k < GX_TUNE_AXES; k++) {
        point.at[k] = NAN;
    }
    return point;
}

void gx_tune_put(gx_value *map, gx_arena *arena, const gx_tune_space *space,
                 const gx_tune_point *point) {
    for (size_t k = 0; k < space->count; k++) {
        if (!isnan(point->at[k])) {
            gx_map_put(arena, map, space->axis[k].param->name,
                       gx_tune_value(&space->axis[k], point->at[k], arena));
        }
    }
}

/* ---- points ---------------------------------------------------------------------------------- */

/* The place of the value a place stands for, so that equal values are equal places. */
static double snap(const gx_tune_axis *axis, double at) {
    const gx_param_type type = axis->param->type;
    if (type == GX_PARAM_BOOL || type == GX_PARAM_CHOICE) {
        return round(at * axis->high) / axis->high;
    }
    const double value = round_value(axis, at);
    const gx_value whole = gx_real(type == GX_PARAM_REAL ? value : round(value));
    const double place = gx_tune_place(axis, &whole);
    return isnan(place) ? at : place;
}

static double draw_one(const gx_tune_axis *axis, gx_rng *rng) {
    const gx_param_type type = axis->param->type;
    return type == GX_PARAM_BOOL || type == GX_PARAM_CHOICE
               ? (double)gx_rng_below(rng, (uint64_t)axis->high + 1) / axis->high
               : gx_rng_real(rng);
}

/* Near where it is: what lies beyond an end is folded back. */
static double move_one(const gx_tune_axis *axis, double at, double width, gx_rng *rng) {
    const gx_param_type type = axis->param->type;
    const double from = isnan(at) ? gx_tune_place(axis, &axis->usual) : at;
    if (isnan(from) || type == GX_PARAM_BOOL || type == GX_PARAM_CHOICE) {
        return draw_one(axis, rng);
    }
    double to = fabs(from + width * gx_rng_normal(rng));
    to = to > 1 ? 2 - to : to;
    return fmin(fmax(to, 0), 1);
}

static void draw_point(gx_tune_point *out, const gx_tune_space *space, gx_rng *rng) {
    *out = gx_tune_usual();
    for (size_t k = 0; k < space->count; k++) {
        out->at[k] = snap(&space->axis[k], draw_one(&space->axis[k], rng));
    }
}

/* Two of the axes on average, at least one. */
static void move_point(gx_tune_point *out, const gx_tune_space *space, const gx_tune_point *from,
                       double width, gx_rng *rng) {
    const size_t sure = (size_t)gx_rng_below(rng, space->count);
    *out = *from;
    for (size_t k = 0; k < space->count; k++) {
        const bool moved = gx_rng_real(rng) * (double)space->count < 1.5;
        if (moved || k == sure) {
            out->at[k] = snap(&space->axis[k], move_one(&space->axis[k], from->at[k], width, rng));
        }
    }
}

/* A default counts as its value. */
static double place_at(const gx_tune_space *space, const gx_tune_point *point, size_t k) {
    return isnan(point->at[k]) ? gx_tune_place(&space->axis[k], &space->axis[k].usual)
                               : point->at[k];
}

static bool is_same(const gx_tune_space *space, const gx_tune_point *a, const gx_tune_point *b) {
    for (size_t k = 0; k < space->count; k++) {
        const double x = place_at(space, a, k), y = place_at(space, b, k);
        if (!(isnan(x) && isnan(y)) && !(fabs(x - y) < 1e-9)) {
            return false;
        }
    }
    return true;
}

/* ---- the search ------------------------------------------------------------------------------ */

typedef struct run {
    const gx_tune_search *search;
    gx_tune_trial *trials;
    uint32_t count, best;
} run;

static bool was_tried(const run *r, const gx_tune_point *point) {
    for (uint32_t t = 0; t < r->count; t++) {
        if (is_same(r->search->space, &r->trials[t].point, point)) {
            return true;
        }
    }
    return false;
}

static void add_trial(run *r, const gx_tune_point *point) {
    r->trials[r->count++] = (gx_tune_trial){.point = *point, .small = NAN, .whole = NAN};
}

/* A new point, or none after so many draws. One in three is drawn anew. */
static bool add_point(run *r, uint32_t round, uint32_t place) {
    const gx_tune_space *space = r->search->space;
    gx_rng rng = gx_rng_at(gx_mix64(r->search->seed ^ TUNE_STREAM), r->count);
    const double width = fmax(FIRST_WIDTH * pow(NARROWER, round), LEAST_WIDTH);
    for (int draw = 0; draw < DRAWS; draw++) {
        gx_tune_point point;
        if (place % 3 == 2 || draw > DRAWS / 2) {
            draw_point(&point, space, &rng);
        } else {
            move_point(&point, space, &r->trials[r->best].point, width, &rng);
        }
        if (!was_tried(r, &point)) {
            add_trial(r, &point);
            return true;
        }
    }
    return false;
}

static bool may_go_on(const run *r, bool small) {
    return !r->search->may_go_on || r->search->may_go_on(r->search->user, small);
}

static gx_status judge(run *r, uint32_t t, bool small, gx_error *err) {
    double worth = NAN;
    gx_tune_trial *trial = &r->trials[t];
    gx_status status = r->search->judge(&worth, r->search->user, t, &trial->point, small, err);
    if (status != GX_OK) {
        return status;
    }
    *(small ? &trial->small : &trial->whole) = worth;
    if (!small && !isnan(worth) && (r->best == GX_NONE || worth > r->trials[r->best].whole)) {
        r->best = t;
    }
    return GX_OK;
}

/* The best by `small` of those from `first` on that are not judged whole yet. */
static uint32_t next_best(const run *r, uint32_t first) {
    uint32_t best = GX_NONE;
    for (uint32_t t = first; t < r->count; t++) {
        if (!isnan(r->trials[t].small) && isnan(r->trials[t].whole) &&
            (best == GX_NONE || r->trials[t].small > r->trials[best].small)) {
            best = t;
        }
    }
    return best;
}

/* The points from `first` on one after the other, all of them `small` or whole; those that time, or
 * an error, left behind were not tried. */
static gx_status judge_all(run *r, uint32_t first, bool small, bool *out_over, gx_error *err) {
    gx_status status = GX_OK;
    const uint32_t end = r->count;
    uint32_t t = first;
    for (; t < end && status == GX_OK && may_go_on(r, small); t++) {
        status = judge(r, t, small, err);
    }
    r->count = status == GX_OK ? t : t - 1;
    *out_over = r->count < end;
    return status;
}

/* The better third of the round, whole. */
static gx_status judge_best(run *r, uint32_t first, bool *out_over, gx_error *err) {
    gx_status status = GX_OK;
    uint32_t left = (r->count - first + SHARE - 1) / SHARE;
    for (uint32_t t; left > 0 && status == GX_OK && (t = next_best(r, first)) != GX_NONE; left--) {
        if (!may_go_on(r, false)) {
            *out_over = true;
            break;
        }
        status = judge(r, t, false, err);
        if (status == GX_OK && isnan(r->trials[t].whole)) {
            r->trials[t].small = NAN; /* it failed, and is not to be tried again */
        }
    }
    return status;
}

static gx_status judge_round(run *r, uint32_t first, bool *out_over, gx_error *err) {
    const bool has_small = r->search->has_small;
    gx_status status = judge_all(r, first, has_small, out_over, err);
    return status == GX_OK && has_small ? judge_best(r, first, out_over, err) : status;
}

/* The defaults, and what is to be tried beside them. */
static gx_status judge_first(run *r, gx_error *err) {
    const gx_tune_point usual = gx_tune_usual();
    add_trial(r, &usual);
    gx_status status = judge(r, 0, false, err);
    if (status == GX_OK && r->best == GX_NONE) {
        status = gx_fail(err, GX_INTERNAL, "the defaults could not be judged");
    }
    if (status == GX_OK && r->search->start && r->count < r->search->most &&
        !was_tried(r, r->search->start) && may_go_on(r, false)) {
        add_trial(r, r->search->start);
        status = judge(r, 1, false, err);
    }
    return status;
}

gx_status gx_tune_run(gx_tune_trial *trials, uint32_t *out_count, uint32_t *out_best,
                      gx_tune_end *out_end, const gx_tune_search *search, gx_error *err) {
    run r = {.search = search, .trials = trials, .best = GX_NONE};
    gx_tune_end end = GX_TUNE_END_TRIALS;
    gx_status status = judge_first(&r, err);
    for (uint32_t round = 0; status == GX_OK && r.count < search->most; round++) {
        const uint32_t first = r.count;
        bool over = false, more = true;
        for (uint32_t place = 0; place < ROUND && r.count < search->most && more; place++) {
            more = add_point(&r, round, place);
        }
        if (r.count == first) {
            end = GX_TUNE_END_EXHAUSTED;
            break;
        }
        status = judge_round(&r, first, &over, err);
        if (over) {
            end = GX_TUNE_END_TIME;
            break;
        }
    }
    *out_count = r.count;
    *out_best = r.best;
    *out_end = status == GX_OK ? end : GX_TUNE_END_STOPPED;
    return status;
}
