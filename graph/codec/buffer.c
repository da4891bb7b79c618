/* A growing byte buffer: doubling, with a ceiling, and one flag for everything that went wrong. */
#include "graph/codec/codec.h"

#include <stdio.h>

enum { FIRST_CAPACITY = 256 };

void gx_buffer_finish(gx_buffer *buffer) {
    gx_free(buffer->bytes);
    *buffer = (gx_buffer){.limit = buffer->limit};
}

bool gx_buffer_reserve(gx_buffer *buffer, size_t size) {
    if (buffer->failed) {
        return false;
    }
    if (buffer->capacity - buffer->size >= size) {
        return true;
    }
    size_t ceiling = buffer->limit ? buffer->limit : SIZE_MAX / 2;
    if (size > ceiling || buffer->size > ceiling - size) {
        buffer->failed = buffer->over_limit = true;
        return false;
    }
    size_t capacity = buffer->capacity ? buffer->capacity : FIRST_CAPACITY;
    while (capacity < buffer->size + size) {
        capacity *= 2;
    }
    capacity = capacity > ceiling ? ceiling : capacity;
    char *bytes = gx_realloc(buffer->bytes, capacity, 1);
    if (!bytes) {
        buffer->failed = true;
        return false;
    }
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return true;
}

void gx_buffer_append(gx_buffer *buffer, const void *bytes, size_t size) {
    if (size && gx_buffer_reserve(buffer, size)) {
        memcpy(buffer->bytes + buffer->size, bytes, size);
        buffer->size += size;
    }
}

void gx_buffer_text(gx_buffer *buffer, const char *text) {
    gx_buffer_append(buffer, text, strlen(text));
}

void gx_buffer_printf(gx_buffer *buffer, const char *format, ...) {
    va_list list, again;
    va_start(list, format);
    va_copy(again, list);
    int size = vsnprintf(NULL, 0, format, list);
    va_end(list);
    if (size < 0) {
        buffer->failed = true;
    } else if (gx_buffer_reserve(buffer, (size_t)size + 1)) {
        vsnprintf(buffer->bytes + buffer->size, (size_t)size + 1, format, again);
        buffer->size += (size_t)size;
    }
    va_end(again);
}
