/* Rows of chances once for each thread. Caches of two cores pass lines that both read to and fro
 * even where nobody writes: on the machines this was measured on, two threads that read one graph
 * of 500 KB take 1.2 times the CPU seconds of two that read one each (docs/spread.md). */
#ifndef GX_INFLUENCE_COPIES_H
#define GX_INFLUENCE_COPIES_H

#include "engine/influence/chances.h"

/* For who draws or plays by them. Gives each thread of the job but the first a copy of the rows,
 * which gx__chances_of finds. Rows of over 3 MiB, or too large for what the job may still hold, are
 * read by all of them as before.
 */
GX_MUST_CHECK gx_status gx_chances_copy(gx_chances *chances, gx_job *job, gx_error *err);
/* Bytes of the copies that so many threads would have. */
size_t gx__chances_copies_bytes(const gx_chances *chances, int threads);
void gx__chances_forget_copies(gx_chances *chances, gx_job *job);

#endif
