/* The served state: a snapshot and what is resolved from it, once. */
#include "api/db.h"

#include <inttypes.h>
#include <stdio.h>

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
    const gx_array *label = gx_arrays_find(state->arrays, "category.label");
    state->users = count ? (uint32_t)count->shape[0] : 0;
    state->items = label ? (uint32_t)label->shape[0] : 0;
    const uint32_t *community =
        gx_arrays_get(state->arrays, "leiden.community", GX_U32, state->users);
    for (uint32_t u = 0; community && u < state->users; u++) {
        bool beyond = community[u] != GX_NONE && community[u] >= state->circles;
        state->circles = beyond ? community[u] + 1 : state->circles;
    }
    state->circle_id = gx_arrays_get(state->arrays, "leiden.id", GX_U32, state->circles);
    return gx_rec_open(&state->rec, state->arrays, gx_arrays_noted(state->arrays, "interest"),
                       state->users, state->items, err);
}

/* Leaves the state empty where there is no snapshot, and on failure. */
static gx_status take_current(gx_state *state, gx_store *store, gx_error *err) {
    const char *path = gx_store_path(store);
    gx_status status = gx_snapshot_open(&state->snapshot, path, 0, err);
    if (status == GX_NOT_FOUND && gx_snapshot_current(path) == 0) {
        return GX_OK; /* CURRENT is not there; it may also name a file that is not */
    }
    if (status != GX_OK) {
        return status;
    }
    state->arrays = gx_snapshot_arrays(state->snapshot);
    status = resolve(state, err);
    if (status != GX_OK) {
        gx_snapshot_release(state->snapshot);
        state->snapshot = NULL;
        state->arrays = NULL;
        state->users = state->items = state->circles = 0;
        state->circle_id = NULL;
    }
    return status;
}

/* "snapshot 3 is damaged: …": what gx_need_snapshot says from now on. */
static void remember_damage(gx_state *state, gx_store *store, gx_status code, const gx_error *why) {
    uint32_t number = gx_snapshot_current(gx_store_path(store));
    char what[40] = "the current snapshot";
    if (number) {
        snprintf(what, sizeof what, "snapshot %" PRIu32, number);
    }
    state->damage = *why;
    state->damage.code = code == GX_NOT_FOUND ? GX_CORRUPT : code;
    snprintf(state->damage.message, sizeof state->damage.message, "%s is damaged: %.300s", what,
             why->message);
}

gx_status gx_state_make(gx_state **out, gx_store *store, bool forgive, gx_error *err) {
    gx_status status = GX_OK;
    gx_error why = {0};
    gx_state *state = gx_alloc0(1, sizeof *state);
    if (!state) {
        return gx_fail_memory(err, sizeof *state);
    }
    atomic_store(&state->holders, 1);
    GX_TRY(load_rules(state, store, err));
    status = take_current(state, store, &why);
    if (status != GX_OK && (!forgive || status == GX_NO_MEMORY)) {
        if (err) {
            *err = why;
        }
        goto done;
    }
    if (status != GX_OK) {
        remember_damage(state, store, status, &why);
        status = GX_OK;
    }
    if (!state->snapshot) { /* friends count before any build */
        GX_TRY(gx_rec_open(&state->rec, NULL, NULL, 0, 0, err));
    }
    *out = state;
    state = NULL;
done:
    gx_state_release(state);
    return status;
}
