/* One text field of the records of a space, as dense labels: an item's category, a user's region.
 * Labels are numbered as they are first seen in id order. O(records), plus the names. */
#include "graph/csr/view.h"

typedef struct labels {
    const char *field;
    bool top_level;
    gx_labels made;
    uint32_t name_capacity; /* entries of name_at */
    size_t bytes_capacity;
    uint32_t *slots; /* hash table of labels: label + 1, 0 where empty */
    uint32_t slot_mask;
    gx_job *job;
    uint64_t seen;
} labels;

/* FNV-1a, 64 bits, well mixed at the end. */
static uint64_t hash_of(gx_slice name) {
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < name.size; i++) {
        hash = (hash ^ (uint8_t)name.data[i]) * UINT64_C(1099511628211);
    }
    return gx_mix64(hash);
}

static uint32_t *slot_of(labels *l, gx_slice name) {
    uint32_t at = (uint32_t)hash_of(name) & l->slot_mask;
    while (l->slots[at] && !gx_slice_equal(gx_label_name(&l->made, l->slots[at] - 1), name)) {
        at = (at + 1) & l->slot_mask;
    }
    return &l->slots[at];
}

static gx_status grow_slots(labels *l, gx_error *err) {
    uint32_t size = l->slots ? (l->slot_mask + 1) * 2 : 64;
    uint32_t *slots = gx_alloc0(size, sizeof *slots);
    if (!slots) {
        return gx_fail_memory(err, size * sizeof *slots);
    }
    gx_free(l->slots);
    l->slots = slots;
    l->slot_mask = size - 1;
    for (uint32_t label = 0; label < l->made.count; label++) {
        *slot_of(l, gx_label_name(&l->made, label)) = label + 1;
    }
    return GX_OK;
}

static gx_status grow_names(labels *l, size_t more, gx_error *err) {
    gx_labels *made = &l->made;
    size_t used = made->name_at ? made->name_at[made->count] : 0;
    if (made->count + 2 > l->name_capacity) {
        uint32_t capacity = l->name_capacity ? l->name_capacity * 2 : 64;
        uint32_t *at = gx_realloc(made->name_at, capacity, sizeof *at);
        if (!at) {
            return gx_fail_memory(err, capacity * sizeof *at);
        }
        at[made->count] = (uint32_t)used;
        made->name_at = at;
        l->name_capacity = capacity;
    }
    if (used + more > UINT32_MAX) {
        return gx_fail(err, GX_OVER_LIMIT, "the names of labels take more than 4 GiB");
    }
    if (used + more > l->bytes_capacity || !made->names) {
        size_t capacity = 2 * (used + more) + 256;
        char *names = gx_realloc(made->names, capacity, 1);
        if (!names) {
            return gx_fail_memory(err, capacity);
        }
        made->names = names;
        l->bytes_capacity = capacity;
    }
    return GX_OK;
}

static gx_status label_of(uint32_t *out, labels *l, gx_slice name, gx_error *err) {
    gx_labels *made = &l->made;
    gx_status status;
    if (!l->slots || made->count >= l->slot_mask / 2) {
        GX_TRY(grow_slots(l, err));
    }
    uint32_t *slot = slot_of(l, name);
    if (*slot == 0) {
        GX_TRY(grow_names(l, name.size, err));
        uint32_t at = made->name_at[made->count];
        memcpy(made->names + at, name.data, name.size);
        made->name_at[made->count + 1] = at + (uint32_t)name.size;
        *slot = ++made->count;
    }
    *out = *slot - 1;
    status = GX_OK;
done:
    return status;
}

static gx_status each_record(void *user, uint32_t id, const gx_value *fields, gx_error *err) {
    labels *l = user;
    const gx_value *value = gx_map_get(fields, l->field);
    gx_status status = ++l->seen % 4096 == 0 ? gx_job_step(l->job, l->seen, err) : GX_OK;
    if (status != GX_OK || !value || value->type != GX_TEXT || id >= l->made.n) {
        return status;
    }
    gx_slice name = {value->as.text, value->size};
    const char *slash = l->top_level && name.size ? memchr(name.data, '/', name.size) : NULL;
    name.size = slash ? (size_t)(slash - name.data) : name.size;
    return name.size ? label_of(&l->made.label[id], l, name, err) : GX_OK;
}

gx_status gx_view_labels(gx_labels *out, gx_txn *txn, gx_space space, const char *field,
                         bool top_level, gx_job *job, gx_error *err) {
    gx_status status;
    labels l = {.field = field, .top_level = top_level, .job = job};
    l.made.n = gx_word_count(txn, space);
    gx_job_stage(job, "reading labels", l.made.n);
    l.made.label = gx_alloc((size_t)l.made.n + 1, sizeof *l.made.label);
    if (!l.made.label) {
        return gx_fail_memory(err, l.made.n * sizeof *l.made.label);
    }
    memset(l.made.label, 0xff, ((size_t)l.made.n + 1) * sizeof *l.made.label); /* GX_NONE */
    GX_TRY(grow_names(&l, 0, err));
    GX_TRY(gx_record_each(txn, space, each_record, &l, err));
    gx_job_tick(job, l.made.n);
    *out = l.made;
    l.made = (gx_labels){0};
done:
    gx_free(l.slots);
    gx_labels_finish(&l.made);
    return status;
}
