/* What the methods of evaluation share: the splits of a store, lists that were given, cutoffs, and
 * judgements as values. */
#ifndef GX_API_EVAL_H
#define GX_API_EVAL_H

#include "api/support.h"
#include "models/eval/eval.h"
#include "models/rec/attributes.h"

/* ---- splits ------------------------------------------------------------------------------------
 */

/* What "time:0.8" and the others make of a store. */
typedef struct gx_eval_data {
    gx_split split;
    gx_views views;    /* beside the events: of the time before the cut, where the split has one */
    gx_item_sums sums; /* of the events of the fit, where they are a view; else of all events */
    gx_input input;    /* for the fit */
    gx_arrays *arrays; /* what items are like, where items were held out whole; NULL: none were */
    gx_attributes attributes;
    gx_attribute_plan *plan;
    int64_t cut_ms; /* of a split by time; 0: of none */
    gx_job *job;    /* which the split is counted against; outlives it */
    uint64_t held;  /* bytes so counted */
} gx_eval_data;

/* The splits and what they take, for help: "time:SHARE …; random:SHARE …". */
extern const char gx_eval_split_help[];
extern const char gx_tune_split_help[]; /* those that guanxi tune takes */
/* `needs`: the views (GX_NEED_*) the fits read. bad_request names what is accepted; conflict: too
 * few events. */
GX_MUST_CHECK gx_status gx_eval_data_make(gx_eval_data *out, gx_call_env *call, gx_slice how,
                                          unsigned needs, gx_error *err);
/* The same of the events in [from_ms, to_ms) alone. */
GX_MUST_CHECK gx_status gx_eval_data_between(gx_eval_data *out, gx_call_env *call, gx_slice how,
                                             unsigned needs, int64_t from_ms, int64_t to_ms,
                                             gx_error *err);
/* conflict: the split looks only for what its members are known for, which no model lists. */
GX_MUST_CHECK gx_status gx_eval_data_check(const gx_eval_data *data, gx_error *err);
/* The same of everything before a time, nothing held out. A fit of no events is no failure. */
GX_MUST_CHECK gx_status gx_eval_data_until(gx_eval_data *out, gx_call_env *call, int64_t cut_ms,
                                           unsigned needs, gx_error *err);
/* The times of the events before which those shares of all events before `to_ms` lie. conflict:
 * fewer than two, or all at one time. */
GX_MUST_CHECK gx_status gx_eval_cuts(int64_t *out, const double *share, uint32_t count,
                                     int64_t to_ms, gx_txn *txn, gx_job *job, gx_error *err);
void gx_eval_data_finish(gx_eval_data *data); /* safe on zeros */
/* What the split says of lists: which items they may hold, and that thin ones are scored by what
 * they are like. */
void gx_eval_data_judged(gx_judged *what, const gx_eval_data *data);

/* ---- models ------------------------------------------------------------------------------------
 */

/* A model by name, with the passes it needs before it; then fitted. */
typedef struct gx_eval_model {
    const char *name; /* under which it is told and has its parameters */
    const gx_model *model;
    gx_plan plan;
    gx_arrays *arrays;
    void *state; /* opened; NULL: not fitted */
    double fit_cpu_s, fit_wall_s;
} gx_eval_model;

/* `name` is a model, or NAME=MODEL: the same model twice with other parameters. `all_params` maps a
 * name to its parameters (nil: none) and is borrowed. not_found; bad_request: an empty name. */
GX_MUST_CHECK gx_status gx_eval_model_make(gx_eval_model *out, gx_call_env *call, gx_slice name,
                                           const gx_value *all_params, gx_error *err);
/* bad_request: parameters of a model that is none of these. */
GX_MUST_CHECK gx_status gx_eval_check_params(const gx_eval_model *models, size_t count,
                                             const gx_value *all_params, gx_error *err);
GX_MUST_CHECK gx_status gx_eval_model_fit(gx_eval_model *model, gx_eval_data *data, gx_job *job,
                                          gx_error *err);
void gx_eval_model_drop(gx_eval_model *model, gx_job *job);   /* the fit; the plan stays */
void gx_eval_model_finish(gx_eval_model *model, gx_job *job); /* safe on zeros */

/* ---- arguments ---------------------------------------------------------------------------------
 */

/* "5,10,20", 20, or a list of either, as rising whole numbers from `low` to `high`, each once. */
GX_MUST_CHECK gx_status gx_eval_numbers(uint32_t *out, uint32_t *out_count, uint32_t most,
                                        const gx_value *value, const char *name, uint32_t low,
                                        uint32_t high, gx_error *err);

/* By action of the store, whether it counts: those of a list of names, or where `named` is no list
 * those for which `otherwise` holds. `*out` is counted against the job. not_found: a name the store
 * does not know. */
GX_MUST_CHECK gx_status gx_actions_choose(bool **out, uint32_t *out_count, gx_txn *txn,
                                          const gx_rules *rules, const gx_value *named,
                                          bool (*otherwise)(const gx_action_rule *rule),
                                          gx_job *job, gx_error *err);

/* Lists of a call as numbers, and what of them the store does not know. */
typedef struct gx_given_lists {
    gx_lists lists; /* in the arena */
    uint64_t users, rows;
    uint64_t unknown_users, unknown_items; /* of the rows: each time */
    const char *first_user, *first_item;   /* the first of them, quoted; NULL: none */
} gx_given_lists;

/* From {user: [item, …]}, best first. bad_request: something else, or an item twice in one list. */
GX_MUST_CHECK gx_status gx_given_lists_read(gx_given_lists *out, gx_call_env *call,
                                            const char *name, const gx_value *value, gx_error *err);

/* {lists, unknown_users, unknown_items, first_unknown_user?, first_unknown_item?} */
void gx_given_lists_put(gx_value *row, gx_arena *arena, const gx_given_lists *given);

/* ---- judgements --------------------------------------------------------------------------------
 */

typedef struct gx_eval_entry {
    const char *name;
    gx_judgement judgement;
    double fit_cpu_s, fit_wall_s;
    uint64_t rss_bytes; /* the most so far */
    bool scored;        /* by the judge: else its lists were there, and took no scoring */
    const gx_given_lists
        *given; /* NULL: they were not made elsewhere, so that it was fitted here */
} gx_eval_entry;

enum { GX_HISTORIES_MAX = 16 };

/* How judgements are told. */
typedef struct gx_eval_telling {
    gx_eval_options options;
    gx_resampling resampling;
    uint32_t history[GX_HISTORIES_MAX], history_count; /* the least length of each bucket */
    const gx_matrix *known;                            /* the members' histories */
} gx_eval_telling;

/* {value, low, high} under `name`, name_low and name_high; nil for NaN. */
void gx_interval_put(gx_value *row, gx_arena *arena, const char *name, const gx_interval *of);
/* {results: [{model, users, recall@N, …, intervals, history, thirds, against}], verdicts}. */
GX_MUST_CHECK gx_status gx_eval_report(gx_value *out, gx_arena *arena, const gx_eval_entry *entries,
                                       size_t count, const gx_eval_telling *telling, gx_job *job,
                                       gx_error *err);

#endif
