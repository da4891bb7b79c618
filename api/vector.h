/* A growing array of one call; given back at its end with gx_free(v.data). */
#ifndef GX_API_VECTOR_H
#define GX_API_VECTOR_H

#include "graph/base/base.h"

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
