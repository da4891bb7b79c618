/* Threads that work through short phases, one after the other, as the moves of Leiden are made: the
 * chunks of a phase are shared out, and when the last one is done whoever did it sets up the next
 * phase alone. In place of the two barriers that OpenMP would ask for there is one handing over,
 * and a thread that is not running holds nobody up unless it is in the middle of a chunk. */
#ifndef GX_KERNEL_CREW_H
#define GX_KERNEL_CREW_H

#include <stdint.h>

enum { GX__CREW_CHUNKS_MOST = 1 << 23 };

/* Sets up a phase while nobody else works; returns its chunks, at most GX__CREW_CHUNKS_MOST, or 0
 * when there is nothing left to do. */
typedef uint32_t (*gx__crew_next_fn)(void *user);
/* Does one chunk of the present phase. `thread` is below the number of threads. */
typedef void (*gx__crew_work_fn)(void *user, uint32_t chunk, int thread);

/* Runs phases until there are none. Everything `next` wrote is seen by `work`, and the other way
 * round. Which thread does what is left to chance, so results must not depend on it. */
void gx__crew_run(int threads, gx__crew_next_fn next, gx__crew_work_fn work, void *user);

#endif
