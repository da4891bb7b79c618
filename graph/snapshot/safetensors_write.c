/* Writes a set of arrays as one safetensors file (format.h). Two walks over the data: one to hash,
 * one to write; memory beyond the arrays is the header. */
#include "graph/codec/codec.h"
#include "graph/snapshot/file.h"
#include "graph/snapshot/format.h"
#include "graph/snapshot/snapshot.h"

#include <inttypes.h>
#include <stdio.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "arrays are written as they are in memory");

gx_status gx__hash_hex(char out[GX__HASH_DIGITS + 1], const void *data, uint64_t bytes, gx_job *job,
                       uint64_t *io_done, gx_error *err) {
    const char *at = data;
    XXH3_state_t state;
    XXH3_INITSTATE(&state);
    XXH3_64bits_reset(&state);
    for (uint64_t done = 0; done < bytes;) {
        uint64_t step = bytes - done < GX__CHUNK_BYTES ? bytes - done : GX__CHUNK_BYTES;
        XXH3_64bits_update(&state, at + done, (size_t)step);
        done += step;
        *io_done += step;
        if (job != NULL) {
            gx_job_tick(job, *io_done);
            gx_status status = gx_job_check(job, err);
            if (status != GX_OK) {
                return status;
            }
        }
    }
    snprintf(out, GX__HASH_DIGITS + 1, "%016" PRIx64, (uint64_t)XXH3_64bits_digest(&state));
    return GX_OK;
}

static uint64_t pad_after(uint64_t bytes) {
    return -bytes % GX__ALIGNMENT;
}

static void add_pair(gx_buffer *header, const char *prefix, const char *key, const char *text) {
    char name[GX__ARRAY_NAME_MAX + 16];
    snprintf(name, sizeof name, "%s%s", prefix, key);
    gx_buffer_text(header, ",");
    gx_json_write_text(header, name, strlen(name));
    gx_buffer_text(header, ":");
    gx_json_write_text(header, text, strlen(text));
}

static gx_status add_metadata(gx_buffer *header, const gx_arrays *arrays, gx_job *job,
                              uint64_t *io_done, gx_error *err) {
    gx_buffer_text(header, GX__HEADER_START GX__HEADER_ZEROS "\"");
    for (size_t i = 0; i < arrays->note_count; i++) {
        gx_buffer_text(header, ",");
        gx_json_write_text(header, arrays->notes[i].key, strlen(arrays->notes[i].key));
        gx_buffer_text(header, ":");
        gx_json_write_text(header, arrays->notes[i].text, strlen(arrays->notes[i].text));
    }
    for (size_t i = 0; i < arrays->count; i++) {
        const gx_array *array = &arrays->rows[i]->array;
        char hex[GX__HASH_DIGITS + 1];
        gx_status status = gx__hash_hex(hex, array->data, array->bytes, job, io_done, err);
        if (status != GX_OK) {
            return status;
        }
        add_pair(header, GX__HASH_PREFIX, array->name, hex);
    }
    gx_buffer_text(header, "}");
    return GX_OK;
}

static void add_tensors(gx_buffer *header, const gx_arrays *arrays) {
    uint64_t at = 0;
    for (size_t i = 0; i < arrays->count; i++) {
        const gx_array *array = &arrays->rows[i]->array;
        uint64_t end = at + array->bytes, pad = pad_after(end);
        gx_buffer_text(header, ",");
        gx_json_write_text(header, array->name, strlen(array->name));
        gx_buffer_printf(header, ":{\"dtype\":\"%s\",\"shape\":[%" PRIu64,
                         gx_dtype_name(array->dtype), array->shape[0]);
        if (array->rank == 2) {
            gx_buffer_printf(header, ",%" PRIu64, array->shape[1]);
        }
        gx_buffer_printf(header, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", at, end);
        if (pad > 0 && i + 1 < arrays->count) {
            gx_buffer_printf(header,
                             ",\"%cpad.%zu\":{\"dtype\":\"U8\",\"shape\":[%" PRIu64
                             "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}",
                             GX__PAD_PREFIX, i, pad, end, end + pad);
        }
        at = end + pad;
    }
}

/* The length, the JSON, the spaces and, last, the header's own hash. */
static gx_status make_header(gx_buffer *out, const gx_arrays *arrays, gx_job *job,
                             uint64_t *io_done, gx_error *err) {
    char length[GX__LENGTH_BYTES] = {0}, hex[GX__HASH_DIGITS + 1];
    gx_buffer_append(out, length, sizeof length);
    gx_status status = add_metadata(out, arrays, job, io_done, err);
    if (status != GX_OK) {
        return status;
    }
    add_tensors(out, arrays);
    gx_buffer_text(out, "}");
    for (uint64_t pad = pad_after(out->size); pad > 0; pad--) {
        gx_buffer_text(out, " ");
    }
    if (out->failed) {
        return gx_fail_memory(err, out->size);
    }
    uint64_t size = out->size - sizeof length, ignored = 0;
    if (size > GX__HEADER_MAX) {
        return gx_fail(err, GX_OVER_LIMIT,
                       "the names and notes of the arrays take %" PRIu64 " bytes, at most %d fit",
                       size, GX__HEADER_MAX);
    }
    memcpy(out->bytes, &size, sizeof size);
    status = gx__hash_hex(hex, out->bytes + sizeof length, size, NULL, &ignored, err);
    if (status == GX_OK) {
        memcpy(out->bytes + sizeof length + strlen(GX__HEADER_START), hex, GX__HASH_DIGITS);
    }
    return status;
}

static gx_status write_data(gx__file *file, const gx_arrays *arrays, gx_job *job, uint64_t *io_done,
                            gx_error *err) {
    static const char zeros[GX__ALIGNMENT];
    gx_status status = GX_OK;
    for (size_t i = 0; i < arrays->count && status == GX_OK; i++) {
        const gx_array *array = &arrays->rows[i]->array;
        for (uint64_t done = 0; done < array->bytes && status == GX_OK;) {
            uint64_t left = array->bytes - done;
            size_t step = (size_t)(left < GX__CHUNK_BYTES ? left : GX__CHUNK_BYTES);
            status = gx__file_write(file, (const char *)array->data + done, step, err);
            done += step;
            *io_done += step;
            if (status == GX_OK && job != NULL) {
                gx_job_tick(job, *io_done);
                status = gx_job_check(job, err);
            }
        }
        if (status == GX_OK && i + 1 < arrays->count) {
            status = gx__file_write(file, zeros, (size_t)pad_after(array->bytes), err);
        }
    }
    return status;
}

gx_status gx_safetensors_write(const char *path, const gx_arrays *arrays, gx_job *job,
                               gx_error *err) {
    gx_buffer header = {0};
    gx__file file = {.fd = -1};
    uint64_t done_bytes = 0;
    gx_status status;
    if (job != NULL) {
        gx_job_stage(job, "writing the snapshot", 2 * gx_arrays_bytes(arrays));
    }
    GX_TRY(make_header(&header, arrays, job, &done_bytes, err));
    GX_TRY(gx__file_begin(&file, path, err));
    GX_TRY(gx__file_write(&file, header.bytes, header.size, err));
    GX_TRY(write_data(&file, arrays, job, &done_bytes, err));
    GX_TRY(gx__file_commit(&file, err));
done:
    gx__file_abandon(&file);
    gx_buffer_finish(&header);
    return status;
}
