/* How far a run has got. */
#include "cli/run_state.h"

#include "graph/codec/codec.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

/* ---- files by chunks ------------------------------------------------------------------------ */

uint64_t gx_chunk_hash(uint64_t hash, const void *data, size_t size) {
    const char *at = data;
    uint64_t word;
    for (size_t done = 0; done < size; done += sizeof word) {
        const size_t left = size - done;
        word = 0; /* the last one may end with zeros */
        memcpy(&word, at + done, left < sizeof word ? left : sizeof word);
        hash = gx_mix64(hash ^ word);
    }
    return gx_mix64(hash ^ size);
}

void gx_chunks_add(gx_chunks *chunks, const void *data, size_t size) {
    chunks->hash = gx_chunk_hash(chunks->hash, data, size);
    chunks->bytes += size;
}

gx_value gx_chunks_value(const gx_chunks *chunks, gx_arena *arena) {
    gx_value map = gx_map(arena, 2);
    char hash[20];
    snprintf(hash, sizeof hash, "%016" PRIx64, chunks->hash);
    gx_map_put(arena, &map, "bytes", gx_int((int64_t)chunks->bytes));
    gx_map_put(arena, &map, "hash", gx_text_copy(arena, hash, strlen(hash)));
    return map;
}

bool gx_chunks_follow(gx_chunks *chunks, const gx_value *noted) {
    const gx_value *bytes = noted ? gx_map_get(noted, "bytes") : NULL;
    const gx_value *hash = noted ? gx_map_get(noted, "hash") : NULL;
    if (!chunks->file || !bytes || bytes->type != GX_INT || !hash || hash->type != GX_TEXT ||
        bytes->as.integer < (int64_t)chunks->bytes) {
        return false;
    }
    const size_t size = (size_t)(bytes->as.integer - (int64_t)chunks->bytes);
    gx_chunks next = *chunks;
    char *data = gx_alloc(size + 1, 1);
    char hex[20];
    bool same = data && fread(data, 1, size, chunks->file) == size;
    if (same) {
        gx_chunks_add(&next, data, size);
        snprintf(hex, sizeof hex, "%016" PRIx64, next.hash);
        same = gx_slice_is((gx_slice){hash->as.text, hash->size}, hex);
    }
    gx_free(data);
    *chunks = same ? next : *chunks;
    return same;
}

gx_status gx_chunks_cut(gx_chunks *chunks, const char *path, gx_error *err) {
    if (chunks->file && (ftruncate(fileno(chunks->file), (off_t)chunks->bytes) != 0 ||
                         fseeko(chunks->file, (off_t)chunks->bytes, SEEK_SET) != 0)) {
        return gx_fail_errno(err, errno, "writing", path);
    }
    return GX_OK;
}

/* ---- the notes ------------------------------------------------------------------------------ */

gx_status gx_run_state_open(gx_run_state *out, bool *out_had, gx_command *command, bool resume,
                            gx_error *err) {
    *out = (gx_run_state){0};
    *out_had = false;
    if (!command->part) {
        return GX_OK;
    }
    out->path = gx_arena_printf(command->arena, "%s.state", command->part);
    if (!out->path) {
        return gx_fail_memory(err, 0);
    }
    out->file = fopen(out->path, "a+");
    if (!out->file) {
        return gx_fail_errno(err, errno, "writing", out->path);
    }
    if (flock(fileno(out->file), LOCK_EX | LOCK_NB) != 0) {
        fclose(out->file);
        out->file = NULL;
        return gx_fail(err, GX_BUSY, "%s: a run that has not ended writes it", command->part);
    }
    fseeko(out->file, 0, SEEK_END);
    *out_had = resume && ftello(out->file) > 0;
    if (!*out_had && ftruncate(fileno(out->file), 0) != 0) {
        return gx_fail_errno(err, errno, "writing", out->path);
    }
    rewind(out->file);
    return GX_OK;
}

gx_status gx_run_state_note(gx_run_state *state, const gx_value *note, gx_error *err) {
    gx_status status = GX_OK;
    gx_buffer text = {0};
    if (!state->file) {
        return GX_OK;
    }
    gx_json_write(&text, note, GX_JSON_COMPACT);
    gx_buffer_text(&text, "\n");
    if (text.failed) {
        status = gx_fail_memory(err, text.size);
    } else if (fwrite(text.bytes, 1, text.size, state->file) != text.size ||
               fflush(state->file) != 0) {
        status = gx_fail_errno(err, errno ? errno : EIO, "writing", state->path);
    }
    state->bytes += text.size;
    gx_buffer_finish(&text);
    return status;
}

/* The next whole line; nil: there is none, or it is no JSON. */
static gx_value next_line(gx_run_state *state, size_t *out_size, gx_arena *arena) {
    char *line = NULL;
    size_t room = 0;
    gx_value value = gx_nil();
    const ssize_t size = getline(&line, &room, state->file);
    *out_size = size > 0 ? (size_t)size : 0;
    if (size < 2 || line[size - 1] != '\n' ||
        gx_json_read(&value, arena, line, (size_t)size - 1, NULL) != GX_OK) {
        value = gx_nil();
    } else {
        value = gx_value_copy(arena, &value);
    }
    free(line);
    return value.type == GX_MAP ? value : gx_nil();
}

gx_status gx_run_state_asked(gx_value *out, gx_run_state *state, gx_arena *arena, gx_error *err) {
    size_t size;
    *out = next_line(state, &size, arena);
    state->bytes = out->type == GX_MAP ? size : 0;
    if (out->type != GX_MAP && ftruncate(fileno(state->file), 0) != 0) {
        return gx_fail_errno(err, errno, "writing", state->path);
    }
    return gx_arena_status(arena) == GX_OK ? GX_OK : gx_fail_memory(err, size);
}

gx_status gx_run_state_follow(gx_run_state *state,
                              bool (*holds)(void *user, const gx_value *note, gx_arena *arena),
                              void *user, gx_error *err) {
    gx_arena *arena = gx_arena_create();
    bool same = true;
    if (!arena) {
        return gx_fail_memory(err, 0);
    }
    while (same) {
        size_t size;
        gx_arena_reset(arena);
        const gx_value note = next_line(state, &size, arena);
        same = note.type == GX_MAP && holds(user, &note, arena);
        state->bytes += same ? size : 0;
    }
    gx_arena_destroy(arena);
    if (ftruncate(fileno(state->file), (off_t)state->bytes) != 0 ||
        fseeko(state->file, 0, SEEK_END) != 0) {
        return gx_fail_errno(err, errno, "writing", state->path);
    }
    return GX_OK;
}

void gx_run_state_close(gx_run_state *state, bool remove) {
    if (state->file && remove) {
        unlink(state->path);
    }
    if (state->file) {
        fclose(state->file);
    }
    state->file = NULL;
}

/* ---- the same again ------------------------------------------------------------------------- */

/* As JSON, in the arena: what a value is after a way through a file. */
static const char *text_of(const gx_value *value, gx_arena *arena) {
    gx_buffer text = {0};
    if (!value || value->type == GX_NIL) {
        return "not given";
    }
    gx_json_write(&text, value, GX_JSON_COMPACT);
    const char *out =
        text.failed ? NULL : gx_arena_printf(arena, "%.*s", (int)text.size, text.bytes);
    gx_buffer_finish(&text);
    return out ? out : "";
}

gx_status gx_run_state_same(const gx_value *was, const gx_value *is, const char *part,
                            gx_arena *arena, gx_error *err) {
    const gx_value *const both[] = {was, is};
    for (size_t side = 0; side < GX_COUNT(both); side++) {
        for (uint32_t k = 0; k < both[side]->size; k++) {
            const gx_value *key = &both[side]->as.pairs[k].key;
            const char *name = gx_arena_printf(arena, "%.*s", (int)key->size, key->as.text);
            if (!name) {
                return gx_fail_memory(err, key->size);
            }
            const char *before = text_of(gx_map_get(was, name), arena);
            const char *now = text_of(gx_map_get(is, name), arena);
            if (strcmp(before, now) != 0) {
                return gx_fail_at(err, GX_BAD_REQUEST, name,
                                  "resume: %s was %.200s in the run that left %s and is %.200s "
                                  "now; it goes on with the options it had, or begins anew "
                                  "without --resume",
                                  name, before, part, now);
            }
        }
    }
    return GX_OK;
}
