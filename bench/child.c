/* A process beside this one, with a pipe down to it and a pipe up from it. */
#include "bench/graph.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

gx_status gx__child_start(gx__child *out, void (*become)(void *user, int in, int out), void *user,
                          const char *name, gx_error *err) {
    int down[2], up[2];
    if (pipe2(down, O_CLOEXEC) != 0) {
        return gx_fail_errno(err, errno, "starting", name);
    }
    if (pipe2(up, O_CLOEXEC) != 0) {
        close(down[0]);
        close(down[1]);
        return gx_fail_errno(err, errno, "starting", name);
    }
    pid_t process = fork();
    int number = errno;
    if (process == 0) {
        close(down[1]);
        close(up[0]);
        become(user, down[0], up[1]);
        _exit(0);
    }
    close(down[0]);
    close(up[1]);
    if (process < 0) {
        close(down[1]);
        close(up[0]);
        return gx_fail_errno(err, number, "starting", name);
    }
    *out = (gx__child){.process = process, .in = down[1], .out = up[0]};
    return GX_OK;
}

void gx__child_stop(gx__child *child) {
    if (child->process > 0) {
        kill(-child->process, SIGKILL); /* with what it started, where it leads a group */
        kill(child->process, SIGKILL);
        waitpid(child->process, NULL, 0);
        close(child->in);
        close(child->out);
    }
    child->process = 0;
}
