/* Members alike: from the members' records to what a build keeps. */
#include "api/people/alike.h"

#include "api/privacy.h"
#include "api/vector.h"

uint32_t gx_alike_of(uint64_t out[GX_ALIKE_MAX], const gx_value *record) {
    static const char *const fields[] = {"region",   "city",       "gender",
                                         "age_band", "occupation", "channel"};
    uint32_t count = 0;
    for (size_t f = 0; f < GX_COUNT(fields); f++) {
        const gx_value *value = gx_map_get(record, fields[f]);
        if (value && value->type == GX_TEXT && value->size > 0) {
            out[count++] =
                gx_alike_hash(gx_slice_of(fields[f]), (gx_slice){value->as.text, value->size});
        }
    }
    return count;
}

static gx_status add_member(void *user, uint32_t id, const gx_value *fields, gx_error *err) {
    vector *entries = user;
    uint64_t hash[GX_ALIKE_MAX];
    const uint32_t count = gx_alike_of(hash, fields);
    for (uint32_t k = 0; k < count; k++) {
        gx_alike_entry *entry = vector_add(entries);
        if (!entry) {
            return gx_fail_memory(err, entries->capacity * sizeof *entry);
        }
        *entry = (gx_alike_entry){hash[k], id};
    }
    return GX_OK;
}

/* What members carry, and how many have to. */
static gx_status read_entries(vector *entries, uint32_t *least, gx_txn *txn, gx_error *err) {
    gx_status status = GX_OK;
    gx_arena *arena = gx_arena_create();
    *entries = (vector){.size = sizeof(gx_alike_entry)};
    if (!arena) {
        return gx_fail_memory(err, 0);
    }
    GX_TRY(gx_min_count(least, txn, arena, err));
    *least = *least > GX_ALIKE_LEAST ? *least : GX_ALIKE_LEAST;
    GX_TRY(gx_record_each(txn, GX_SPACE_USER, add_member, entries, err));
done:
    gx_arena_destroy(arena);
    return status;
}

gx_status gx_alike_build(gx_arrays *results, gx_txn *txn, const gx_matrix *history, gx_job *job,
                         gx_error *err) {
    vector entries;
    uint32_t least = 0;
    gx_status status = read_entries(&entries, &least, txn, err);
    if (status == GX_OK && entries.count > 0) {
        status = gx_alike_add(results, entries.data, entries.count, history, least, job, err);
    }
    gx_free(entries.data);
    return status;
}

gx_status gx_alike_would(gx_estimate *out, gx_txn *txn, const gx_matrix *history, gx_error *err) {
    vector entries;
    uint32_t least = 0;
    gx_status status = read_entries(&entries, &least, txn, err);
    *out = (gx_estimate){0};
    if (status == GX_OK && entries.count > 0) {
        *out = gx_alike_estimate(entries.data, entries.count, history, least);
    }
    gx_free(entries.data);
    return status;
}
