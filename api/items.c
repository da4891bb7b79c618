/* Item attributes as columns, as new as the transaction that reads them.
 *
 * A commit of this process applies its own changes row by row; a commit of another process (an
 * import beside a server) is noticed by the transaction's state number, and the columns are read
 * anew. Readers share a lock; between a commit and its rows being applied, a reader that already
 * sees the commit waits.
 *
 * The id of an item is its column item_id, as in the items file; so every item has a row, also one
 * that events alone speak of. */
#include "api/db.h"
#include "api/support.h"

struct gx_items {
    pthread_rwlock_t lock; /* around the columns' content */
    gx_columns *columns;

    pthread_mutex_t mutex; /* around everything below */
    pthread_cond_t settled;
    uint64_t applied;    /* the store state the columns stand for */
    uint64_t committing; /* state of a commit under way; 0: none */
    uint32_t *touched;
    size_t touched_count, touched_capacity;
    bool touched_lost; /* memory ended: everything must be read anew */
};

gx_status gx_items_create(gx_items **out, gx_error *err) {
    gx_items *items = gx_alloc0(1, sizeof *items);
    if (!items) {
        return gx_fail_memory(err, sizeof *items);
    }
    gx_status status = gx_columns_create(&items->columns, err);
    if (status != GX_OK) {
        gx_free(items);
        return status;
    }
    pthread_rwlock_init(&items->lock, NULL);
    pthread_mutex_init(&items->mutex, NULL);
    pthread_cond_init(&items->settled, NULL);
    *out = items;
    return GX_OK;
}

void gx_items_destroy(gx_items *items) {
    if (!items) {
        return;
    }
    gx_columns_destroy(items->columns);
    pthread_rwlock_destroy(&items->lock);
    pthread_mutex_destroy(&items->mutex);
    pthread_cond_destroy(&items->settled);
    gx_free(items->touched);
    gx_free(items);
}

/* ---- the writer's side (one thread at a time: it holds the write transaction)
 * --------------------- */

void gx_items_touch(gx_items *items, uint32_t item) {
    pthread_mutex_lock(&items->mutex);
    if (items->touched_count == items->touched_capacity) {
        size_t capacity = items->touched_capacity ? items->touched_capacity * 2 : 64;
        uint32_t *grown = gx_realloc(items->touched, capacity, sizeof *grown);
        if (grown) {
            items->touched = grown;
            items->touched_capacity = capacity;
        }
    }
    if (items->touched_count < items->touched_capacity) {
        items->touched[items->touched_count++] = item;
    } else {
        items->touched_lost = true;
    }
    pthread_mutex_unlock(&items->mutex);
}

void gx_items_committing(gx_items *items, const gx_txn *txn) {
    pthread_mutex_lock(&items->mutex);
    items->committing = gx_txn_state(txn);
    pthread_mutex_unlock(&items->mutex);
}

static gx_status apply_row(gx_columns *columns, gx_txn *txn, gx_arena *arena, uint32_t item,
                           gx_error *err) {
    gx_value fields;
    gx_arena_reset(arena);
    gx_status status = gx_record_get(&fields, txn, arena, GX_SPACE_ITEM, item, err);
    if (status == GX_OK) {
        fields = gx_record_named(arena, txn, GX_SPACE_ITEM, item, &fields);
        status = gx_arena_status(arena);
    }
    return status == GX_OK ? gx_columns_set(columns, item, &fields, err) : status;
}

/* Rows from the first that is not there to `until`, of whatever the items of them have. */
static gx_status apply_new(gx_columns *columns, gx_txn *txn, gx_arena *arena, uint32_t until,
                           gx_error *err) {
    gx_status status = GX_OK;
    for (uint32_t i = gx_columns_rows(columns); i < until && status == GX_OK; i++) {
        status = apply_row(columns, txn, arena, i, err);
    }
    return status;
}

/* True where the columns now stand for the state of `txn`. */
static bool apply_touched(gx_items *items, gx_txn *txn) {
    gx_arena *arena = gx_arena_create();
    bool good = arena && !items->touched_lost;
    pthread_rwlock_wrlock(&items->lock);
    good = good &&
           apply_new(items->columns, txn, arena, gx_word_count(txn, GX_SPACE_ITEM), NULL) == GX_OK;
    for (size_t i = 0; good && i < items->touched_count; i++) {
        good = apply_row(items->columns, txn, arena, items->touched[i], NULL) == GX_OK;
    }
    pthread_rwlock_unlock(&items->lock);
    gx_arena_destroy(arena);
    return good;
}

void gx_items_committed(gx_items *items, gx_store *store, bool success) {
    gx_txn *txn = NULL;
    pthread_mutex_lock(&items->mutex);
    /* Only when nobody else wrote in between does the new state follow from the old by these rows.
     */
    bool follows = success && items->applied + 1 == items->committing;
    if (follows && gx_txn_read(&txn, store, NULL) == GX_OK) {
        if (gx_txn_state(txn) == items->committing && apply_touched(items, txn)) {
            items->applied = items->committing;
        }
        gx_txn_abort(txn);
    }
    items->committing = 0;
    items->touched_count = 0;
    items->touched_lost = false;
    pthread_cond_broadcast(&items->settled);
    pthread_mutex_unlock(&items->mutex);
}

/* ---- the readers' side
 * ---------------------------------------------------------------------------- */

typedef struct reading {
    gx_columns *columns;
    gx_txn *txn;
    gx_arena *arena;
} reading;

static gx_status read_row(void *user, uint32_t id, const gx_value *fields, gx_error *err) {
    reading *r = user;
    gx_status status = apply_new(r->columns, r->txn, r->arena, id, err);
    if (status == GX_OK) {
        gx_arena_reset(r->arena);
        const gx_value row = gx_record_named(r->arena, r->txn, GX_SPACE_ITEM, id, fields);
        status = gx_arena_status(r->arena);
        status = status == GX_OK ? gx_columns_set(r->columns, id, &row, err) : status;
    }
    return status;
}

gx_status gx_items_read(gx_columns **out, gx_txn *txn, gx_error *err) {
    gx_columns *fresh = NULL;
    reading r = {.txn = txn, .arena = gx_arena_create()};
    gx_status status = r.arena ? gx_columns_create(&fresh, err) : gx_fail_memory(err, 0);
    if (status == GX_OK) {
        r.columns = fresh;
        status = gx_record_each(txn, GX_SPACE_ITEM, read_row, &r, err);
    }
    if (status == GX_OK) {
        status = apply_new(fresh, txn, r.arena, gx_word_count(txn, GX_SPACE_ITEM), err);
    }
    gx_arena_destroy(r.arena);
    if (status != GX_OK) {
        gx_columns_destroy(fresh);
        return status;
    }
    *out = fresh;
    return GX_OK;
}

/* Reads every record into new columns; the old ones serve on when that fails. */
static gx_status read_all(gx_items *items, gx_txn *txn, gx_error *err) {
    gx_columns *fresh;
    gx_status status = gx_items_read(&fresh, txn, err);
    if (status != GX_OK) {
        return status;
    }
    pthread_rwlock_wrlock(&items->lock);
    gx_columns *old = items->columns;
    items->columns = fresh;
    pthread_rwlock_unlock(&items->lock);
    gx_columns_destroy(old);
    items->applied = gx_txn_state(txn);
    return GX_OK;
}

const gx_columns *gx_items_lock(gx_items *items, gx_txn *txn, gx_error *err) {
    uint64_t wanted = gx_txn_state(txn);
    gx_status status = GX_OK;
    pthread_mutex_lock(&items->mutex);
    while (items->committing && wanted >= items->committing) {
        pthread_cond_wait(&items->settled, &items->mutex);
    }
    if (items->applied < wanted) {
        status = read_all(items, txn, err);
    }
    pthread_mutex_unlock(&items->mutex);
    if (status != GX_OK) {
        return NULL;
    }
    pthread_rwlock_rdlock(&items->lock);
    return items->columns;
}

void gx_items_unlock(gx_items *items) {
    pthread_rwlock_unlock(&items->lock);
}
