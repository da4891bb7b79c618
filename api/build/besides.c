/* What a snapshot has beside its passes: histories, what items and members are like, how soon an
 * item is bought again, and categories. */
#include "api/build/besides.h"

#include "api/people/alike.h"
#include "models/rec/attributes.h"

/* What each member's history was at the fit: tells `full` from `fold_in`. */
static gx_status add_history(gx_arrays *arrays, const gx_views *views, gx_job *job, gx_error *err) {
    const gx_matrix *matrix = &views->matrix;
    uint32_t *count;
    int64_t *last;
    gx_status status =
        gx_arrays_add(&count, arrays, "history.count", GX_U32, views->input.users, 0, job, err);
    if (status == GX_OK) {
        status =
            gx_arrays_add(&last, arrays, "history.last", GX_I64, views->input.users, 0, job, err);
    }
    for (uint32_t u = 0; status == GX_OK && u < matrix->rows; u++) {
        count[u] = (uint32_t)(matrix->ptr[u + 1] - matrix->ptr[u]);
        last[u] = INT64_MIN;
        for (uint64_t k = matrix->ptr[u]; matrix->ts && k < matrix->ptr[u + 1]; k++) {
            last[u] = matrix->ts[k] > last[u] ? matrix->ts[k] : last[u];
        }
    }
    return status;
}

/* What a purchase made again is told by: the mean time between two of a member, over the members
 * who bought the item more than once. */
static gx_status add_repeats(gx_arrays *arrays, const gx_views *views, gx_job *job, gx_error *err) {
    const gx_item_sums *sums = &views->sums;
    uint32_t *members;
    float *days;
    gx_status status;
    GX_TRY(gx_arrays_add(&days, arrays, "repeat.days", GX_F32, sums->count, 0, job, err));
    GX_TRY(gx_arrays_add(&members, arrays, "repeat.members", GX_U32, sums->count, 0, job, err));
    for (uint32_t i = 0; i < sums->count; i++) {
        members[i] = sums->again[i];
        days[i] = members[i] ? (float)(sums->gap_ms[i] / members[i] / 86400000.0) : 0;
    }
done:
    return status;
}

static gx_status add_categories(gx_arrays *arrays, const gx_views *views, gx_job *job,
                                gx_error *err) {
    const gx_labels *labels = &views->category;
    uint32_t *label;
    gx_status status = GX_OK;
    GX_TRY(gx_arrays_add(&label, arrays, "category.label", GX_U32, labels->n, 0, job, err));
    if (labels->n) {
        memcpy(label, labels->label, labels->n * sizeof *label);
    }
    GX_TRY(gx_categories_add(arrays, labels, job, err));
done:
    return status;
}

/* What items and members are like as they are now: a record that changed since the views were made
 * is only newer. */
static gx_status add_attributes(gx_arrays *results, const gx_views *views, gx_db *db, gx_job *job,
                                gx_error *err) {
    gx_txn *txn = NULL;
    gx_status status = gx_txn_read(&txn, db->store, err);
    if (status != GX_OK) {
        return status;
    }
    const gx_columns *columns = gx_db_items_lock(db, txn, err);
    if (columns) {
        status = gx_attributes_add(results, columns, &views->matrix, job, err);
        gx_db_items_unlock(db);
    } else {
        status = err && err->code != GX_OK ? err->code : gx_fail_memory(err, 0);
    }
    if (status == GX_OK) {
        status = gx_alike_build(results, txn, &views->matrix, job, err);
    }
    gx_txn_abort(txn);
    return status;
}

gx_status gx_besides_add(gx_arrays *results, const gx_views *views, gx_db *db, gx_job *job,
                         gx_error *err) {
    gx_status status;
    GX_TRY(add_history(results, views, job, err));
    GX_TRY(add_attributes(results, views, db, job, err));
    GX_TRY(add_repeats(results, views, job, err));
    GX_TRY(add_categories(results, views, job, err));
done:
    return status;
}

/* ---- what it would take ---------------------------------------------------------------------- */

gx_status gx_besides_estimate(gx_part_estimate out[GX_BESIDES], gx_db *db, const gx_views *views,
                              gx_job *job, gx_error *err) {
    gx_txn *txn = NULL;
    gx_status status;
    out[0] = (gx_part_estimate){.name = "attributes"};
    out[1] = (gx_part_estimate){.name = "alike"};
    GX_TRY(gx_txn_read(&txn, db->store, err));
    const gx_columns *columns = gx_db_items_lock(db, txn, err);
    if (!columns) {
        status = err && err->code != GX_OK ? err->code : gx_fail_memory(err, 0);
        goto done;
    }
    status = gx_attributes_estimate(&out[0].estimate, columns, &views->matrix, job, err);
    gx_db_items_unlock(db);
    if (status == GX_OK) {
        status = gx_alike_would(&out[1].estimate, txn, &views->matrix, err);
    }
done:
    gx_txn_abort(txn);
    return status;
}
