/* Clocks and the process's own accounts. */
#include "graph/base/base.h"

#include <sys/resource.h>
#include <time.h>

static int64_t read_clock(clockid_t id) {
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t gx_clock_ns(void) {
    return read_clock(CLOCK_MONOTONIC);
}

int64_t gx_clock_cpu_ns(void) {
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

int64_t gx_clock_thread_ns(void) {
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

int64_t gx_time_ms(void) {
    return read_clock(CLOCK_REALTIME) / 1000000;
}

uint64_t gx_rss_peak_bytes(void) {
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (uint64_t)usage.ru_maxrss * 1024 : 0;
}
