/* The served state: a snapshot and what is resolved from it, once. */
#include "api/db.h"

void gx_state_release(gx_state *state) {
    if (!state || atomic_fetch_sub(&state->holders, 1) > 1) {
        return;
    }
    gx_rec_close(state->rec);
    gx_rules_finish(&state->rules);
    gx_snapshot_release(state->snapshot);
    gx_free(state);
}

static gx_status load_rules(gx_state *state, gx_store *store, gx_error *err) {
    gx_txn *txn;
    gx_status status = gx_txn_read(&txn, store, err);
    if (status == GX_OK) {
        status = gx_rules_load(&state->rules, txn, err);
        gx_txn_abort(txn);
    }
    return status;
}

static gx_status resolve(gx_state *state, gx_error *err) {
    const gx_array *count = gx_arrays_find(state->arrays, "history.count");
    const gx_array *popular = gx_arrays_find(state->arrays, "category.label");
    state->users = count ? (uint32_t)count->shape[0] : 0;
    state->items = popular ? (uint32_t)popular->shape[0] : 0;
    return gx_rec_open(&state->rec, state->arrays, NULL, state->users, state->items, err);
}

gx_status gx_state_make(gx_state **out, gx_store *store, uint32_t number, gx_error *err) {
    gx_status status = GX_OK;
    gx_state *state = gx_alloc0(1, sizeof *state);
    if (!state) {
        return gx_fail_memory(err, sizeof *state);
    }
    atomic_store(&state->holders, 1);
    GX_TRY(load_rules(state, store, err));
    if (number || gx_snapshot_current(gx_store_path(store))) {
        GX_TRY(gx_snapshot_open(&state->snapshot, gx_store_path(store), number, err));
        state->arrays = gx_snapshot_arrays(state->snapshot);
        GX_TRY(resolve(state, err));
    } else {
        GX_TRY(
            gx_rec_open(&state->rec, NULL, NULL, 0, 0, err)); /* friends count before any build */
    }
    *out = state;
    state = NULL;
done:
    gx_state_release(state);
    return status;
}
