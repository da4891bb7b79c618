/* What is served: a snapshot, resolved once. Immutable, but for how many hold it; the database puts
 * another in its place whole (gx_db_reload). */
#ifndef GX_API_STATE_H
#define GX_API_STATE_H

#include "api/method.h"
#include "models/model.h"
#include "models/rec/rec.h"
#include "models/rec/where.h"

typedef struct gx_state {
    gx_snapshot *snapshot;   /* NULL before the first build, and where it is damaged */
    const gx_arrays *arrays; /* of the snapshot; NULL without one */
    gx_error damage; /* why there is none though CURRENT names one; code GX_OK: it names none */
    gx_rec *rec;     /* the recommender over those arrays (models/rec) */
    gx_rules rules;  /* tie kinds and actions by word id */
    uint32_t users, items;     /* of the snapshot; the store may have more by now */
    uint32_t circles;          /* of leiden.community; 0 without it */
    const uint32_t *circle_id; /* one a circle; NULL: their numbers are their ids */
    _Atomic uint32_t holders;
} gx_state;

/* Item attributes as columns, for `where`, titles and status: made from the store, kept up to date
 * with every item.put of this process and re-read when another process wrote. Read under a lock. */

const gx_columns *gx_db_items_lock(gx_db *db, gx_txn *txn, gx_error *err);
void gx_db_items_unlock(gx_db *db);

#endif
