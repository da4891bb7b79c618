/* The path of a sale: who sent the buyer, who had sent that one, and so on back. docs/credit.md. */
#ifndef GX_API_REFERRAL_PATHS_H
#define GX_API_REFERRAL_PATHS_H

#include "api/referral/log.h"
#include "engine/referral/credit.h"

/* Somebody came to an item via somebody. */
typedef struct gx_arrival {
    uint32_t user, item;
    uint32_t act; /* into the log: later ones are later */
} gx_arrival;

typedef struct gx_paths {
    gx_job *job;
    gx_log log;
    gx_arrival *arrivals; /* by user, item and time; of the tree of invites none */
    uint64_t arrival_count;
    uint32_t *sales; /* acts inside the time that are sales, oldest first */
    uint32_t sale_count;
    uint32_t *first_sale; /* by member: its first sale of all, as an act; GX_NONE: none */
    uint32_t users;
    bool by_invite;
    gx_invites invites; /* no cycles */
    int64_t window_ms;  /* before the sale; 0: no limit */
} gx_paths;

/* Of a longer path the members nearest the buyer; with `rings` one more, and split-proof pays none.
 */
enum { GX_PATH_MOST = GX_SPLIT_PROOF_MOST };

/* One path; `touch` grows. */
typedef struct gx_path {
    gx_touch *touch;
    uint32_t count, capacity;
    uint32_t direct; /* of gx_path_all */
    bool ring;       /* it came back to somebody on it, or to the buyer */
} gx_path;

GX_MUST_CHECK gx_status gx_paths_make(gx_paths *out, gx_call_env *call, const gx_log_spec *spec,
                                      bool by_invite, int64_t window_ms, gx_error *err);
void gx_paths_finish(gx_paths *paths); /* safe on zeros */

/* The chain back from a sale (an act): the buyer came via the first, at the latest before the sale;
 * that one via the second, at the latest before that; nearest the buyer first. It ends at
 * somebody who came via nobody in the window or, but for `rings`, where it would come back to a
 * member on it or to the buyer. Time goes back at every step, so it ends. */
GX_MUST_CHECK gx_status gx_path_chain(gx_path *io, const gx_paths *paths, uint32_t sale, bool rings,
                                      gx_error *err);
/* Everybody who had sent the buyer, or somebody on the path, in the window: the first
 * GX_SHAPLEY_MOST, nearest first, with who had sent whom. */
GX_MUST_CHECK gx_status gx_path_all(gx_path *io, const gx_paths *paths, uint32_t sale,
                                    gx_error *err);
/* The buyer in front of the others, at the time of the sale. */
GX_MUST_CHECK gx_status gx_path_put_buyer(gx_path *io, const gx_log_act *sale, gx_error *err);
void gx_path_finish(gx_path *path);

#endif
