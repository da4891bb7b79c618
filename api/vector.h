/* A growing array of one call; given back at its end with gx_free(v.data), or vector_finish where
 * it grew by vector_push. */
#ifndef GX_API_VECTOR_H
#define GX_API_VECTOR_H

#include "graph/base/job.h"

typedef struct vector {
    void *data;
    size_t count, capacity;
    size_t size; /* of an entry: set before the first is added */
} vector;

/* Room for one more, not cleared; NULL when out of memory. */
static inline void *vector_add(vector *v) {
    if (v->count == v->capacity) {
        size_t capacity = v->capacity ? v->capacity * 2 : 64;
        void *grown = gx_realloc(v->data, capacity, v->size);
        if (!grown) {
            return NULL;
        }
        v->data = grown;
        v->capacity = capacity;
    }
    return (char *)v->data + v->count++ * v->size;
}

/* The same into *out_pointer, what the array holds being counted against the job. */
GX_MUST_CHECK static inline gx_status vector_push(void *out_pointer, vector *v, gx_job *job,
                                                  gx_error *err) {
    void **out = out_pointer;
    const size_t more = v->count < v->capacity ? 0 : v->capacity ? v->capacity : 64;
    if (more > 0) {
        const gx_status status = gx_job_charge(job, (uint64_t)more * v->size, err);
        if (status != GX_OK) {
            return status;
        }
    }
    *out = vector_add(v);
    if (!*out) {
        gx_job_refund(job, (uint64_t)more * v->size);
        return gx_fail_memory(err, (v->capacity + more) * v->size);
    }
    return GX_OK;
}

/* What an array of so many takes that grew by vector_push. */
static inline uint64_t vector_bytes(double count, size_t size) {
    uint64_t capacity = count > 0 ? 64 : 0;
    while (capacity > 0 && (double)capacity < count) {
        capacity *= 2;
    }
    return capacity * size;
}

static inline void vector_finish(vector *v, gx_job *job) {
    if (v->data) {
        gx_job_refund(job, (uint64_t)v->capacity * v->size);
    }
    gx_free(v->data);
    *v = (vector){.size = v->size};
}

/* Room for `count` in all, of what is there or fresh; NULL when out of memory. */
static inline void *vector_room(vector *v, size_t count) {
    if (v->capacity < count) {
        void *grown = gx_realloc(v->data, count, v->size);
        if (!grown) {
            return NULL;
        }
        v->data = grown;
        v->capacity = count;
    }
    return v->data;
}

#endif
