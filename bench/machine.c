/* What a line says of the machine, the build and the input, so that two lines can be compared
 * honestly. */
#include "bench/bench.h"

#include <stdio.h>

#ifndef GX_COMMIT_TEXT
#define GX_COMMIT_TEXT "unknown"
#endif

const char *gx_bench_commit(void) {
    return GX_COMMIT_TEXT;
}

/* The first line of `path` that begins with `key`, without the key, blanks and colon. */
static const char *field(char *out, size_t size, const char *path, const char *key) {
    char line[512];
    FILE *file = fopen(path, "r");
    snprintf(out, size, "unknown");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, key, strlen(key)) == 0) {
            const char *at = line + strlen(key);
            at += strspn(at, " \t:");
            snprintf(out, size, "%.*s", (int)strcspn(at, "\n"), at);
            break;
        }
    }
    if (file) {
        fclose(file);
    }
    return out;
}

const char *gx_bench_cpu(void) {
    static char text[128];
    return text[0] ? text : field(text, sizeof text, "/proc/cpuinfo", "model name");
}

uint64_t gx_bench_hash(uint64_t seed, const void *data, size_t bytes) {
    const char *at = data;
    uint64_t hash = gx_mix64(seed ^ bytes), word;
    for (; bytes >= sizeof word; bytes -= sizeof word, at += sizeof word) {
        memcpy(&word, at, sizeof word);
        hash = gx_mix64(hash ^ word);
    }
    word = 0;
    memcpy(&word, at, bytes);
    return gx_mix64(hash ^ word);
}

void gx_bench_rss_reset(void) {
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (file) {
        fputs("5", file); /* proc(5): resets the peak */
        fclose(file);
    }
}

/* A field of kilobytes of /proc/self/status, in bytes; 0 where it is not there. */
static uint64_t status_bytes(const char *key) {
    char text[64];
    int64_t kib;
    field(text, sizeof text, "/proc/self/status", key);
    text[strcspn(text, " ")] = '\0';
    return gx_parse_int(gx_slice_of(text), &kib) ? (uint64_t)kib * 1024 : 0;
}

uint64_t gx_bench_rss_peak(void) {
    uint64_t peak = status_bytes("VmHWM");
    return peak ? peak : gx_rss_peak_bytes();
}

uint64_t gx_bench_rss_now(void) {
    return status_bytes("VmRSS");
}
