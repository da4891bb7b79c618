/* The circles of the last snapshot: a start, and ids that go on. */
#include "engine/community/carry.h"

#include "engine/community/lineage.h"
#include "engine/community/partition.h"

#include <inttypes.h>

gx__last gx__last_find(const char *pass, const gx_input *input) {
    const gx__last none = {0};
    const gx_array *array = gx_result_find(input->before, pass, "community");
    if (!array || array->dtype != GX_U32 || array->shape[0] > input->users) {
        return none;
    }
    gx__last last = {.community = array->data, .members = (uint32_t)array->shape[0]};
    for (uint32_t v = 0; v < last.members; v++) {
        if (last.community[v] >= last.members) {
            return none;
        }
    }
    const uint32_t count = gx_partition_count(last.community, last.members);
    const uint32_t *next = gx_result_get(input->before, pass, "next_id", GX_U32, 1);
    last.id = next ? gx_result_get(input->before, pass, "id", GX_U32, count) : NULL;
    last.next_id = last.id ? *next : count;
    last.next_id = last.next_id < input->ids_given ? input->ids_given : last.next_id;
    return last;
}

gx_status gx__last_start(uint32_t **out, const gx__last *last, uint32_t n, gx_job *job,
                         gx_error *err) {
    gx_status status = gx_job_alloc(job, out, n, sizeof **out, err);
    uint32_t next = 0;
    for (uint32_t v = 0; status == GX_OK && v < n; v++) {
        (*out)[v] = v < last->members ? last->community[v] : next;
        next = (*out)[v] >= next ? (*out)[v] + 1 : next;
    }
    return status;
}

gx_status gx__last_carry(gx_output *out, const gx__last *last, uint32_t n, gx_error *err) {
    const uint32_t *community = gx_result_get(out->arrays, out->instance, "community", GX_U32, n);
    const uint32_t count = gx_partition_count(community, n);
    uint32_t *id, *next;
    gx_lineage lineage = {0};
    gx_status status;
    GX_TRY(gx_output_add(&id, out, "id", GX_U32, count, 0, err));
    GX_TRY(gx_output_add(&next, out, "next_id", GX_U32, 1, 0, err));
    if (!last->community) {
        for (uint32_t c = 0; c < count; c++) {
            id[c] = c;
        }
        *next = count;
        return GX_OK;
    }
    GX_TRY(gx_lineage_find(&lineage, last->community, last->members, community, n, out->job, err));
    *next = last->next_id;
    gx_lineage_ids(id, next, &lineage, last->id);
done:
    gx_lineage_finish(&lineage);
    return status;
}

gx_status gx__carry_check(const gx_arrays *result, const char *instance, gx_error *err) {
    const gx_array *array = gx_result_find(result, instance, "id");
    const uint32_t *next = gx_result_get(result, instance, "next_id", GX_U32, 1);
    if (!array || array->dtype != GX_U32 || !next) {
        return gx_fail(err, GX_INTERNAL, "%s gave no ids", instance);
    }
    const uint32_t *id = array->data;
    uint8_t *taken = gx_alloc0((size_t)*next + 1, sizeof *taken);
    if (!taken) {
        return gx_fail_memory(err, *next);
    }
    gx_status status = GX_OK;
    for (uint64_t c = 0; status == GX_OK && c < array->shape[0]; c++) {
        if (id[c] >= *next || taken[id[c]]) {
            status =
                gx_fail(err, GX_INTERNAL,
                        "%s.id of circle %" PRIu64 " is %" PRIu32 ": taken, or not below %" PRIu32,
                        instance, c, id[c], *next);
        } else {
            taken[id[c]] = 1;
        }
    }
    gx_free(taken);
    return status;
}
