/* The contract of a method: what can be asked, once, for every door (library, CLI, RPC). One file
 * in api/methods/ and one row in api/methods.def. */
#ifndef GX_API_METHOD_H
#define GX_API_METHOD_H

#include "graph/base/param.h"
#include "graph/csr/view.h"
#include "graph/snapshot/snapshot.h"
#include "graph/store/store.h"

typedef enum gx_scope {
    GX_SCOPE_NONE, /* anybody, also before authentication */
    GX_SCOPE_READ,
    GX_SCOPE_WRITE,
    GX_SCOPE_OPERATE,
    GX_SCOPE_ADMIN
} gx_scope;

typedef enum gx_cost {
    /* Below a millisecond or a few: answered on the loop that read it. Reads the store as it was
     * when the call began (gx_call_env.txn), also where is_long sends it to the pool. */
    GX_COST_SHORT,
    GX_COST_WRITE, /* put and del: run by the one writer, many calls in one commit */
    GX_COST_LONG   /* runs in the pool of long calls; opens the transactions it needs itself */
} gx_cost;

/* Who can be told something later: a connection of a door that has notifications. It stays where it
 * is until gx_db_unsubscribe. `notify` is called from any thread under a lock: it must neither wait
 * nor call the api. */
typedef struct gx_subscriber {
    void (*notify)(void *user, const char *method, const gx_value *params);
    void *user;
    bool subscribed; /* set by the first call that subscribed it */
} gx_subscriber;

/* One call in flight, as a method sees it. */
typedef struct gx_call_env {
    gx_db *db;
    const gx_args *args;
    const gx_value *given;     /* what args were read from; NULL: none */
    gx_arena *arena;           /* the result is made here */
    gx_job *job;               /* deadline, cancel, threads, seed */
    gx_txn *txn;               /* read, or the shared write transaction of GX_COST_WRITE */
    struct gx_state *state;    /* what is served, held for the call; see api/state.h */
    const char *principal;     /* who asks, for the audit log; NULL: the owner of the process */
    gx_subscriber *subscriber; /* who asks, to be told more later; NULL: that cannot be */
    size_t billed; /* of the arena: what gx_call_bill has charged, or was there before */
} gx_call_env;

/* Charges what the arena of the call has grown by since the last time to the call's job, until the
 * call ends. For calls whose arrays or answers lie there and grow with the store or with what is
 * asked; over_limit. */
GX_MUST_CHECK gx_status gx_call_bill(gx_call_env *call, gx_error *err);
/* Gives that back, for a call within a call whose arena ends before it. */
void gx_call_unbill(gx_call_env *call);

typedef struct gx_method {
    const char *name; /* "rec.user" */
    const char *summary;
    gx_scope scope;
    gx_cost cost;
    /* Of what was built: a door that is given no store but a file builds a snapshot of it first. */
    bool from_snapshot;
    const gx_param *params;
    size_t param_count;
    /* Of GX_COST_SHORT; may be NULL: whether a call with these arguments (not yet checked) takes so
     * long that a server answers it from the pool. */
    bool (*is_long)(const gx_value *args);
    bool tolerant;      /* arguments without a parameter are passed by, not refused */
    const char *result; /* the shape, as in "[{user, items: [{id, score}], rung, short}]" */
    gx_status (*run)(gx_value *out, gx_call_env *call, gx_error *err);
} gx_method;

/* Whether a call with these arguments (not yet checked) takes long: then a server answers it from
 * the pool, and it may be a job. */
static inline bool gx_method_is_long(const gx_method *method, const gx_value *args) {
    return method->cost == GX_COST_LONG ||
           (method->cost == GX_COST_SHORT && method->is_long && method->is_long(args));
}

typedef struct gx_method_table {
    const gx_method *const *rows;
    size_t count;
} gx_method_table;

const gx_method_table *gx_methods(void);
const gx_method *gx_method_find(const char *name); /* NULL: none */
/* not_found, with a near name. */
GX_MUST_CHECK gx_status gx_method_missing(const char *name, gx_error *err);
const char *gx_scope_name(gx_scope scope);
const char *gx_cost_name(gx_cost cost);
/* Parameters every method takes: deadline_ms, request_id, seed, threads, mem. */
extern const gx_param gx_method_common[];
extern const size_t gx_method_common_count;

#endif
