/* The progress line on stderr: stage, share done, rate, time left, memory held. */
#include "cli/verb.h"

#include <unistd.h>

typedef enum style { STYLE_NONE, STYLE_LINE, STYLE_PLAIN, STYLE_JSON } style;

typedef struct gx_progress {
    style style;
    int64_t begun_ns, shown_ns, stage_ns;
    const char *stage;
    bool drawn;
} gx_progress;

enum { MANY = 1000 };

static void draw(const gx_progress *p, const char *stage, uint64_t done, uint64_t total,
                 uint64_t mem_bytes) {
    double share = total ? (double)done / (double)total : 0;
    double spent = (double)(gx_clock_ns() - p->stage_ns) / 1e9;
    /* Of the first hundredth nothing is known yet. */
    double left = share > 0.01 ? spent * (1 - share) / share : -1;
    double rate = spent > 0 ? (double)done / spent : 0;
    char text[48] = "", pace[32] = "";
    double mib = (double)mem_bytes / 1048576.0;
    if (p->style == STYLE_JSON) {
        if (left < 0) {
            snprintf(text, sizeof text, "null");
        } else {
            snprintf(text, sizeof text, "%.1f", left);
        }
        fprintf(stderr,
                "{\"stage\":\"%s\",\"done\":%llu,\"total\":%llu,\"rate\":%.6g,\"left_s\":%s,"
                "\"mem_bytes\":%llu}\n",
                stage, (unsigned long long)done, (unsigned long long)total, rate, text,
                (unsigned long long)mem_bytes);
        return;
    }
    const char *begin = p->style == STYLE_LINE ? "\r\033[K" : "";
    const char *end = p->style == STYLE_LINE ? "" : "\n";
    if (total) {
        if (left >= 0) {
            snprintf(text, sizeof text, "  %.0f s left", left);
        }
        if (total >= MANY && left >= 0) { /* of a few steps it says nothing */
            snprintf(pace, sizeof pace, "  %.0f/s", rate);
        }
        fprintf(stderr, "%s%-16s %3.0f%%%s%s  %.0f MiB%s", begin, stage, share * 100, pace, text,
                mib, end);
    } else {
        fprintf(stderr, "%s%-16s %llu  %.0f MiB%s", begin, stage, (unsigned long long)done, mib,
                end);
    }
    fflush(stderr);
}

static void show(void *user, const char *stage, uint64_t done, uint64_t total, uint64_t mem_bytes) {
    enum { FIRST_NS = 500000000, EVERY_NS = 200000000 };
    gx_progress *p = user;
    int64_t now = gx_clock_ns();
    if (stage != p->stage) {
        p->stage = stage;
        p->stage_ns = now;
    }
    int64_t every = p->style == STYLE_PLAIN ? 10 * (int64_t)EVERY_NS : EVERY_NS;
    if (now - p->begun_ns < FIRST_NS || now - p->shown_ns < every) {
        return; /* what is over in a moment needs no line */
    }
    p->shown_ns = now;
    p->drawn = true;
    draw(p, stage ? stage : "", done, total, mem_bytes);
}

void gx_progress_begin(gx_command *command) {
    gx_progress *p = gx_arena_get(command->arena, sizeof *p);
    if (!p) {
        return;
    }
    memset(p, 0, sizeof *p);
    p->begun_ns = p->stage_ns = gx_clock_ns();
    const gx_args *common = &command->common;
    if (gx_arg_is(common, "progress", "plain")) {
        p->style = STYLE_PLAIN;
    } else if (gx_arg_is(common, "progress", "json")) {
        p->style = STYLE_JSON;
    } else if (gx_arg_is(common, "progress", "auto") && isatty(STDERR_FILENO)) {
        p->style = STYLE_LINE;
    } else {
        return;
    }
    command->progress = p;
    command->job.progress = show;
    command->job.progress_user = p;
}

void gx_progress_end(gx_command *command) {
    gx_progress *p = command->progress;
    if (p && p->drawn && p->style == STYLE_LINE) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
}
