/* Addresses and sockets: "unix:PATH", "tcp:HOST:PORT" (also "tcp://HOST:PORT", "[::1]" for IPv6).
 *
 * Without tokens the host or the uid is the trust: TCP listens on loopback only, a Unix socket is
 * mode 0600 and asks the kernel for its peer's uid. A socket file that nobody answers is left over
 * from a crash and is replaced; one that somebody answers, or that is no socket, is not touched. */
#include "server/rpc/rpc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

typedef union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
} address;

typedef struct endpoint {
    address at;
    socklen_t size;
} endpoint;

/* ---- addresses as text ----------------------------------------------------------------------- */

static gx_status fail_address(gx_error *err, const char *text) {
    char quoted[96];
    return gx_fail_at(err, GX_BAD_REQUEST, "listen",
                      "the address %s is neither unix:PATH nor tcp:HOST:PORT",
                      gx_quote(quoted, sizeof quoted, text, strlen(text)));
}

static gx_status parse_unix(endpoint *out, const char *path, gx_error *err) {
    size_t size = strlen(path);
    if (size == 0 || size >= sizeof out->at.local.sun_path) {
        return gx_fail_at(err, GX_BAD_REQUEST, "listen",
                          "the path of a Unix socket has 1 to %zu bytes, not %zu: %.80s",
                          sizeof out->at.local.sun_path - 1, size, path);
    }
    out->at.local.sun_family = AF_UNIX;
    memcpy(out->at.local.sun_path, path, size + 1);
    out->size = (socklen_t)sizeof out->at.local;
    return GX_OK;
}

static gx_status parse_tcp(endpoint *out, const char *text, const char *whole, gx_error *err) {
    char host[64];
    const char *colon = strrchr(text, ':');
    int64_t port = 0;
    if (!colon || (size_t)(colon - text) >= sizeof host ||
        !gx_parse_int(gx_slice_of(colon + 1), &port) || port < 0 || port > 65535) {
        return fail_address(err, whole);
    }
    size_t size = (size_t)(colon - text);
    bool brackets = size >= 2 && text[0] == '[' && text[size - 1] == ']';
    memcpy(host, text + brackets, size - 2u * brackets);
    host[size - 2u * brackets] = '\0';
    const char *numeric = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    if (inet_pton(AF_INET, numeric, &out->at.v4.sin_addr) == 1) {
        out->at.v4.sin_family = AF_INET;
        out->at.v4.sin_port = htons((uint16_t)port);
        out->size = (socklen_t)sizeof out->at.v4;
    } else if (inet_pton(AF_INET6, numeric, &out->at.v6.sin6_addr) == 1) {
        out->at.v6.sin6_family = AF_INET6;
        out->at.v6.sin6_port = htons((uint16_t)port);
        out->size = (socklen_t)sizeof out->at.v6;
    } else {
        return gx_fail_at(err, GX_BAD_REQUEST, "listen",
                          "the host %s is neither localhost nor an IPv4 or IPv6 address", host);
    }
    return GX_OK;
}

static gx_status parse(endpoint *out, const char *text, gx_error *err) {
    memset(out, 0, sizeof *out);
    if (strncmp(text, "unix:", 5) == 0) {
        return parse_unix(out, text + 5, err);
    }
    if (strncmp(text, "tcp:", 4) == 0) {
        const char *rest = text + 4;
        return parse_tcp(out, strncmp(rest, "//", 2) == 0 ? rest + 2 : rest, text, err);
    }
    return fail_address(err, text);
}

static bool is_loopback(const address *at) {
    if (at->any.sa_family == AF_INET) {
        return ntohl(at->v4.sin_addr.s_addr) >> 24 == 127;
    }
    return IN6_IS_ADDR_LOOPBACK(&at->v6.sin6_addr);
}

static void format(char *out, int fd, const endpoint *asked) {
    address at = {0};
    socklen_t size = (socklen_t)sizeof at;
    char host[INET6_ADDRSTRLEN] = "";
    if (asked->at.any.sa_family == AF_UNIX || getsockname(fd, &at.any, &size) != 0) {
        snprintf(out, GX_RPC_ADDRESS_MAX, "unix:%s", asked->at.local.sun_path);
    } else if (at.any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &at.v4.sin_addr, host, sizeof host);
        snprintf(out, GX_RPC_ADDRESS_MAX, "tcp:%s:%u", host, ntohs(at.v4.sin_port));
    } else {
        inet_ntop(AF_INET6, &at.v6.sin6_addr, host, sizeof host);
        snprintf(out, GX_RPC_ADDRESS_MAX, "tcp:[%s]:%u", host, ntohs(at.v6.sin6_port));
    }
}

/* ---- listening ------------------------------------------------------------------------------ */

static bool somebody_answers(const endpoint *end) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool answers = fd >= 0 && (connect(fd, &end->at.any, end->size) == 0 || errno == EAGAIN);
    if (fd >= 0) {
        close(fd);
    }
    return answers;
}

static gx_status clear_stale_socket(const endpoint *end, gx_error *err) {
    const char *path = end->at.local.sun_path;
    struct stat info;
    if (lstat(path, &info) != 0) {
        return errno == ENOENT ? GX_OK : gx_fail_errno(err, errno, "looking at", path);
    }
    if (!S_ISSOCK(info.st_mode)) {
        return gx_fail_at(err, GX_CONFLICT, "listen", "%s is there and is not a socket", path);
    }
    if (somebody_answers(end)) {
        return gx_fail_at(err, GX_BUSY, "listen", "a server answers on %s already", path);
    }
    return unlink(path) == 0 || errno == ENOENT ? GX_OK
                                                : gx_fail_errno(err, errno, "removing", path);
}

static gx_status prepare(int fd, const endpoint *end, const char *text, gx_error *err) {
    int yes = 1;
    if (end->at.any.sa_family == AF_UNIX) {
        /* The file gets the mode of the socket: no moment at which others may connect. */
        return fchmod(fd, 0600) == 0 ? GX_OK : gx_fail_errno(err, errno, "restricting", text);
    }
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0) {
        return gx_fail_errno(err, errno, "preparing", text);
    }
    return GX_OK;
}

gx_status gx_rpc_listen(int *out_fd, char *out_text, const char *text, gx_error *err) {
    int fd = -1;
    endpoint end;
    gx_status status = GX_OK;
    GX_TRY(parse(&end, text, err));
    if (end.at.any.sa_family == AF_UNIX) {
        GX_TRY(clear_stale_socket(&end, err));
    } else if (!is_loopback(&end.at)) {
        GX_TRY(gx_fail_at(err, GX_BAD_REQUEST, "listen",
                          "%s is not a loopback address: beyond this machine TCP needs TLS and "
                          "tokens, which this version does not have; listen on tcp:127.0.0.1:PORT, "
                          "tcp:[::1]:PORT or unix:PATH",
                          text));
    }
    fd = socket(end.at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        GX_TRY(gx_fail_errno(err, errno, "making a socket for", text));
    }
    GX_TRY(prepare(fd, &end, text, err));
    if (bind(fd, &end.at.any, end.size) != 0) {
        if (errno == EADDRINUSE) {
            GX_TRY(gx_fail_at(err, GX_BUSY, "listen", "%s is in use", text));
        }
        GX_TRY(gx_fail_errno(err, errno, "binding", text));
    }
    if (listen(fd, BACKLOG) != 0) {
        GX_TRY(gx_fail_errno(err, errno, "listening on", text));
    }
    format(out_text, fd, &end);
    *out_fd = fd;
    fd = -1;
done:
    if (fd >= 0) {
        close(fd);
    }
    return status;
}

bool gx_rpc_peer_is_trusted(int fd, bool is_unix) {
    if (!is_unix) {
        return true; /* bound to loopback: whoever is on this machine */
    }
    struct ucred peer;
    socklen_t size = (socklen_t)sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

/* ---- connecting ----------------------------------------------------------------------------- */

enum { CONNECT_STEP_MS = 50 }; /* between two looks at the job */

static void limit_waits(int fd, int64_t ms) {
    struct timeval limit = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

static gx_status check_job(gx_job *job, const char *text, gx_error *err) {
    if (job && atomic_load(&job->cancelled)) {
        return gx_fail(err, GX_CANCELLED, "cancelled while connecting to %s", text);
    }
    if (job && job->deadline_ns && gx_clock_ns() > job->deadline_ns) {
        return gx_fail(err, GX_DEADLINE, "the deadline passed while connecting to %s", text);
    }
    return GX_OK;
}

/* A blocking connect waits no longer than the socket's write timeout, on Linux: for TCP until the
 * peer is there (and goes on with that when it is called again), for a Unix socket until its server
 * has room for one more. It is short, since a signal wakes only who waits already: one that comes
 * just before would be heard of when the time is over. */
static gx_status wait_for_peer(int fd, const endpoint *end, const char *text, int64_t timeout_ms,
                               gx_job *job, gx_error *err) {
    const int64_t until = gx_clock_ns() + timeout_ms * 1000000;
    limit_waits(fd, timeout_ms < CONNECT_STEP_MS ? timeout_ms : CONNECT_STEP_MS);
    for (;;) {
        gx_status status = check_job(job, text, err);
        if (status != GX_OK) {
            return status;
        }
        if (connect(fd, &end->at.any, end->size) == 0 || errno == EISCONN) {
            return GX_OK;
        }
        const int number = errno;
        const bool waits =
            number == EINPROGRESS || number == EALREADY || number == EAGAIN || number == EINTR;
        if (!waits || gx_clock_ns() >= until) {
            return gx_fail(err, GX_UNREACHABLE, "no server answers on %s: %s", text,
                           strerror(waits ? ETIMEDOUT : number));
        }
    }
}

gx_status gx_rpc_connect(int *out_fd, const char *text, int64_t timeout_ms, gx_job *job,
                         gx_error *err) {
    endpoint end;
    gx_status status = parse(&end, text, err);
    if (status != GX_OK) {
        return status;
    }
    int fd = socket(end.at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    if (fd < 0) {
        return gx_fail_errno(err, errno, "making a socket for", text);
    }
    if (end.at.any.sa_family != AF_UNIX) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    }
    status = wait_for_peer(fd, &end, text, timeout_ms, job, err);
    if (status != GX_OK) {
        close(fd);
        return status;
    }
    limit_waits(fd, timeout_ms);
    *out_fd = fd;
    return GX_OK;
}
