/* How far a run has got that writes a file page by page: FILE.part.state beside FILE.part, so that
 * a run that was killed goes on where its file ended.
 *
 * JSON lines. The first is what was asked for, the others are notes, one after each page that was
 * written whole. Files grow by chunks, and a note has how many bytes they had and a hash that goes
 * on from chunk to chunk: what stands behind the last note that holds is half a page, and is cut.
 */
#ifndef GX_CLI_RUN_STATE_H
#define GX_CLI_RUN_STATE_H

#include "cli/verb.h"

/* Goes on from `hash` with a chunk: against accidents, not against forgers. */
uint64_t gx_chunk_hash(uint64_t hash, const void *data, size_t size);

/* A file by chunks. */
typedef struct gx_chunks {
    FILE *file; /* NULL: there is none; the rest is 0 then */
    uint64_t bytes, hash;
} gx_chunks;

/* The chunk was written. */
void gx_chunks_add(gx_chunks *chunks, const void *data, size_t size);
/* Reads on in the file to where `noted` has it; false, and no step further: it is not so. */
bool gx_chunks_follow(gx_chunks *chunks, const gx_value *noted);
gx_value gx_chunks_value(const gx_chunks *chunks, gx_arena *arena);
/* What is behind the chunks is cut off, and writing goes on there. */
GX_MUST_CHECK gx_status gx_chunks_cut(gx_chunks *chunks, const char *path, gx_error *err);

typedef struct gx_run_state {
    char *path; /* NULL: none is kept */
    FILE *file;
    uint64_t bytes; /* of lines that hold */
} gx_run_state;

/* Of the part of the command's output; where that is no plain file none is kept. *out_had: there is
 * one of an earlier run (asked for by `resume`), else a new one is begun. busy: a run that is alive
 * writes it. */
GX_MUST_CHECK gx_status gx_run_state_open(gx_run_state *out, bool *out_had, gx_command *command,
                                          bool resume, gx_error *err);
/* The first one is what was asked for. */
GX_MUST_CHECK gx_status gx_run_state_note(gx_run_state *state, const gx_value *note, gx_error *err);
/* What the earlier run was asked for, in `arena`; nil: its first line is not whole. */
GX_MUST_CHECK gx_status gx_run_state_asked(gx_value *out, gx_run_state *state, gx_arena *arena,
                                           gx_error *err);
/* The notes after it, one by one, up to the first that `holds` denies; that and what follows is
 * cut off. */
GX_MUST_CHECK gx_status gx_run_state_follow(gx_run_state *state,
                                            bool (*holds)(void *user, const gx_value *note,
                                                          gx_arena *arena),
                                            void *user, gx_error *err);
/* bad_request names the first option that is not as it was. */
GX_MUST_CHECK gx_status gx_run_state_same(const gx_value *was, const gx_value *is, const char *part,
                                          gx_arena *arena, gx_error *err);
/* Closes it, and removes it where the run came to its end. */
void gx_run_state_close(gx_run_state *state, bool remove);

#endif
