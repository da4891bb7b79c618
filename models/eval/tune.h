/* The search of `tune`: which values of a model's parameters there are, and which to try next.
 * Knows neither data nor clock: who searches judges each trial and says how long it may go on.
 * docs/tune.md has the design. */
#ifndef GX_MODELS_EVAL_TUNE_H
#define GX_MODELS_EVAL_TUNE_H

#include "graph/pass/pass.h"

enum { GX_TUNE_AXES = 16, GX_TUNE_TRIALS_MOST = 10000 };

/* ---- the space ------------------------------------------------------------------------------- */

/* One parameter, from 0 at `low` to 1 at `high`. */
typedef struct gx_tune_axis {
    const gx_param *param;
    bool log;
    double low, high; /* of choices and booleans: 0 and how many there are, less one */
    gx_value usual;   /* the default; nil: it has none of its own */
} gx_tune_axis;

typedef struct gx_tune_space {
    gx_tune_axis axis[GX_TUNE_AXES];
    size_t count;
} gx_tune_space;

/* NaN along an axis: the default, whether it lies between low and high or not. */
typedef struct gx_tune_point {
    double at[GX_TUNE_AXES];
} gx_tune_point;

/* The parameters named in `names` (a list; nil: those marked with GX_PARAM_SEARCH, and of a model
 * that marks none its numbers and choices), less those that `fixed` (a map or nil) has. Between:
 * choices all; a real number over its whole range where that is at most 10 wide and not many powers
 * of ten, else a tenth to ten times the default; a whole number a quarter to four times it (the
 * highest sixteenth of what is accepted where the default is 0); a duration without default a day
 * to a thousand. Only what is accepted. bad_request: an unknown name, one that is fixed or cannot
 * be searched, nothing to search. Defaults are made in `arena`. */
GX_MUST_CHECK gx_status gx_tune_space_make(gx_tune_space *out, gx_arena *arena, const gx_pass *pass,
                                           const gx_value *names, const gx_value *fixed,
                                           gx_error *err);
/* The parameter's value at a place from 0 to 1: rounded to what one would write (200 steps of a
 * range, three digits on a scale of logarithms). */
gx_value gx_tune_value(const gx_tune_axis *axis, double at, gx_arena *arena);
/* Where a value lies; NaN where it is not of the parameter's type or outside. */
double gx_tune_place(const gx_tune_axis *axis, const gx_value *value);
/* All defaults. */
gx_tune_point gx_tune_usual(void);
/* Adds the values of a point to a map, those left at their defaults not. */
void gx_tune_put(gx_value *map, gx_arena *arena, const gx_tune_space *space,
                 const gx_tune_point *point);

/* ---- the search ------------------------------------------------------------------------------ */

typedef struct gx_tune_trial {
    gx_tune_point point;
    double small, whole; /* what it is worth, more is better; NaN: not judged so, or it failed */
} gx_tune_trial;

typedef enum gx_tune_end {
    GX_TUNE_END_TRIALS,
    GX_TUNE_END_TIME,
    GX_TUNE_END_EXHAUSTED, /* there is no point that was not tried */
    GX_TUNE_END_STOPPED    /* the job was cancelled, or its deadline passed */
} gx_tune_end;

typedef struct gx_tune_search {
    const gx_tune_space *space;
    const gx_tune_point *start; /* tried beside the defaults first; NULL: none */
    uint32_t most;              /* trials, the defaults included */
    bool has_small;             /* there is a cheap way to judge: on a part of the data */
    uint64_t seed;
    /* Worth of a trial, NaN where it failed in a way that says nothing of others. An error ends the
     * search. */
    gx_status (*judge)(double *out, void *user, uint32_t trial, const gx_tune_point *point,
                       bool small, gx_error *err);
    bool (*may_go_on)(void *user, bool small); /* NULL: always */
    void *user;
} gx_tune_search;

/* Trial 0 is the defaults. Then rounds: of six new points, some drawn and some near the best so
 * far, nearer from round to round, the better third by `small` are judged whole. Which points come
 * depends on the seed and on what trials were worth, not on time: more time goes on where less
 * stopped. `trials` has room for `most`. An error is of trial 0, or cancelled and the like: then
 * *out_count and *out_best (GX_NONE: none) say what there is. */
GX_MUST_CHECK gx_status gx_tune_run(gx_tune_trial *trials, uint32_t *out_count, uint32_t *out_best,
                                    gx_tune_end *out_end, const gx_tune_search *search,
                                    gx_error *err);

#endif
