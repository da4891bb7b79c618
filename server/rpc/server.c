/* The server as a whole: the acceptor, signals, reload, drain, and the life of the threads. */
#include "server/rpc/rpc.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

void gx_server_options_init(gx_server_options *options) {
    *options = (gx_server_options){.connections_max = 1024,
                                   .in_flight_max = 128,
                                   .arguments_max = 4u << 20,
                                   .output_max = 8u << 20,
                                   .frame_max = 1u << 20,
                                   .partial_frame_ms = 10000,
                                   .queue_max = 1024,
                                   .write_queue_max = 8192,
                                   .unread_answer_ms = 30000,
                                   .drain_ms = 10000};
}

void gx_rpc_log(const gx_server *server, int level, const char *format, ...) {
    const gx_db_options *options = gx_db_get_options(server->db);
    if (!options->log) {
        return;
    }
    char line[1024];
    va_list list;
    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    options->log(options->log_user, level, line);
}

/* ---- methods by name --------------------------------------------------------------------------
 */

static uint32_t slot_of(gx_slice name) {
    uint64_t hash = name.size;
    for (size_t i = 0; i < name.size; i++) {
        hash = hash * 31 + (unsigned char)name.data[i];
    }
    return (uint32_t)(gx_mix64(hash) % GX_RPC_SLOTS);
}

static gx_status index_methods(gx_server *server, gx_error *err) {
    const gx_method_table *table = gx_methods();
    if (table->count > GX_RPC_SLOTS / 2) {
        return gx_fail(err, GX_INTERNAL, "%zu methods are more than the index holds", table->count);
    }
    for (size_t row = 0; row < table->count; row++) {
        uint32_t slot = slot_of(gx_slice_of(table->rows[row]->name));
        while (server->slots[slot]) {
            slot = (slot + 1) % GX_RPC_SLOTS;
        }
        server->slots[slot] = (uint16_t)(row + 1);
    }
    return GX_OK;
}

bool gx_rpc_find_method(const gx_server *server, gx_slice name, size_t *out_row) {
    for (uint32_t slot = slot_of(name); server->slots[slot]; slot = (slot + 1) % GX_RPC_SLOTS) {
        size_t row = server->slots[slot] - 1u;
        if (gx_slice_is(name, gx_methods()->rows[row]->name)) {
            *out_row = row;
            return true;
        }
    }
    return false;
}

/* ---- accepting --------------------------------------------------------------------------------
 */

static void refuse(gx_server *server, int fd, const char *why) {
    close(fd);
    atomic_fetch_add(&server->refused, 1);
    gx_rpc_log(server, 1, "event=connection_refused reason=\"%s\"", why);
}

static void welcome(gx_server *server, const gx_rpc_listener *listener, int fd) {
    if (atomic_load(&server->connections) >= server->options.connections_max) {
        refuse(server, fd, "as many connections as are allowed");
        return;
    }
    if (!gx_rpc_peer_is_trusted(fd, listener->is_unix)) {
        refuse(server, fd, "a peer of another user");
        return;
    }
    gx_rpc_conn *conn = gx_rpc_conn_create(fd);
    if (!conn) {
        refuse(server, fd, "out of memory");
        return;
    }
    if (!listener->is_unix) {
        int yes = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    }
    atomic_fetch_add(&server->connections, 1);
    gx_rpc_loop_adopt(&server->loops[server->next_loop], conn);
    server->next_loop = (server->next_loop + 1) % server->loop_count;
}

/* Without a descriptor to accept with, the socket would stay readable and the acceptor spin: it
 * sleeps instead, as nothing else can be done before one is closed. */
static void on_connection(int fd, short what, void *user) {
    (void)what;
    const gx_rpc_listener *listener = user;
    int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted >= 0) {
        welcome(listener->server, listener, accepted);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        gx_rpc_log(listener->server, 0, "event=accept_failed reason=\"%s\"", strerror(errno));
        usleep(10000);
    }
}

/* ---- reload ------------------------------------------------------------------------------------
 */

/* One thread at a time; a request that comes meanwhile makes it go round again, since the file it
 * is about may be newer than what was read. */
static void *reload_main(void *user) {
    gx_server *server = user;
    uint32_t asked;
    do {
        asked = atomic_load(&server->reloads);
        gx_error err;
        if (gx_db_reload(server->db, &err) == GX_OK) {
            atomic_fetch_add(&server->reloaded, 1);
            gx_rpc_log(server, 2, "event=reloaded");
        } else {
            atomic_fetch_add(&server->reload_failures, 1);
            gx_rpc_log(server, 0, "event=reload_failed code=%s message=\"%s\"",
                       gx_status_name(err.code), err.message);
        }
    } while (!atomic_compare_exchange_strong(&server->reloads, &asked, 0));
    return NULL;
}

static void join_reload(gx_server *server) {
    if (server->reload_started) {
        pthread_join(server->reload_thread, NULL);
        server->reload_started = false;
    }
}

static void on_hangup(int number, short what, void *user) {
    (void)number, (void)what;
    gx_server *server = user;
    if (atomic_fetch_add(&server->reloads, 1) != 0) {
        return;
    }
    join_reload(server);
    server->reload_started = pthread_create(&server->reload_thread, NULL, reload_main, server) == 0;
    if (!server->reload_started) {
        atomic_store(&server->reloads, 0);
        gx_rpc_log(server, 0, "event=reload_failed message=\"no thread could be started\"");
    }
}

/* ---- stopping ---------------------------------------------------------------------------------
 */

static void wake_loops(gx_server *server) {
    for (uint32_t i = 0; i < server->loop_count; i++) {
        gx_rpc_loop_wake(&server->loops[i]);
    }
}

/* When the time is over, calls that still run are cancelled, so that whoever waits for them is
 * told; what does not end then is cut off. */
static void on_drained_too_long(int fd, short what, void *user) {
    (void)fd, (void)what;
    gx_server *server = user;
    if (!atomic_exchange(&server->cancelling, true)) {
        static const struct timeval grace = {.tv_sec = 1};
        event_add(server->drain_event, &grace);
    } else {
        atomic_store(&server->killing, true);
    }
    wake_loops(server);
}

static void begin_drain(gx_server *server, int64_t drain_ms) {
    for (size_t i = 0; i < server->listener_count; i++) {
        event_del(server->listeners[i].event);
    }
    atomic_store(&server->draining, true);
    gx_rpc_log(server, 2, "event=draining connections=%u", atomic_load(&server->connections));
    wake_loops(server);
    struct timeval limit = {.tv_sec = drain_ms / 1000, .tv_usec = drain_ms % 1000 * 1000};
    event_add(server->drain_event, &limit);
}

/* The second signal ends the drain, the third cuts off: who asks twice means now. */
static void on_terminate(int number, short what, void *user) {
    (void)number, (void)what;
    gx_server *server = user;
    if (atomic_load(&server->draining)) {
        on_drained_too_long(-1, 0, server);
    } else {
        begin_drain(server, server->options.drain_ms);
    }
}

static void on_stop(int fd, short what, void *user) {
    (void)what;
    gx_server *server = user;
    uint64_t count;
    if (read(fd, &count, sizeof count) < 0) {
        return;
    }
    if (atomic_load(&server->loops_running) == 0) {
        event_base_loopbreak(server->base);
    } else if (!atomic_load(&server->draining)) {
        begin_drain(server, atomic_load(&server->drain_ms));
    }
}

void gx_server_stop(gx_server *server, int64_t drain_ms) {
    uint64_t one = 1;
    atomic_store(&server->drain_ms, drain_ms);
    ssize_t n = write(server->stop_fd, &one, sizeof one);
    (void)n; /* cannot fail but by a counter that is set already */
}

/* ---- opening ----------------------------------------------------------------------------------
 */

static gx_status listen_on(gx_server *server, const char *address, gx_error *err) {
    gx_rpc_listener *listener = &server->listeners[server->listener_count];
    gx_status status = gx_rpc_listen(&listener->fd, listener->address, address, err);
    if (status != GX_OK) {
        return status;
    }
    server->listener_count++;
    listener->server = server;
    listener->is_unix = strncmp(listener->address, "unix:", 5) == 0;
    struct stat info;
    if (listener->is_unix && stat(listener->address + 5, &info) == 0) {
        listener->inode[0] = info.st_dev;
        listener->inode[1] = info.st_ino;
    }
    listener->event =
        event_new(server->base, listener->fd, EV_READ | EV_PERSIST, on_connection, listener);
    return listener->event ? GX_OK : gx_fail_memory(err, sizeof(struct event));
}

static gx_status listen_on_all(gx_server *server, const char *const *addresses, gx_error *err) {
    size_t count = 0;
    while (addresses && addresses[count]) {
        count++;
    }
    if (count == 0) {
        return gx_fail_at(err, GX_BAD_REQUEST, "listen",
                          "no address to listen on; unix:PATH and tcp:127.0.0.1:PORT are accepted");
    }
    server->listeners = gx_alloc0(count, sizeof *server->listeners);
    if (!server->listeners) {
        return gx_fail_memory(err, count * sizeof *server->listeners);
    }
    for (size_t i = 0; i < count; i++) {
        gx_status status = listen_on(server, addresses[i], err);
        if (status != GX_OK) {
            return status;
        }
    }
    return GX_OK;
}

static gx_status make_acceptor(gx_server *server, gx_error *err) {
    server->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (server->stop_fd < 0) {
        return gx_fail_errno(err, errno, "making", "an eventfd");
    }
    server->base = event_base_new();
    if (!server->base) {
        return gx_fail(err, GX_INTERNAL, "libevent gave no event base");
    }
    server->stop_event =
        event_new(server->base, server->stop_fd, EV_READ | EV_PERSIST, on_stop, server);
    server->drain_event = event_new(server->base, -1, 0, on_drained_too_long, server);
    return server->stop_event && server->drain_event ? GX_OK
                                                     : gx_fail_memory(err, sizeof(struct event));
}

static gx_status make_loops(gx_server *server, gx_error *err) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t each = processors > 0 ? (uint32_t)processors : 1;
    uint32_t loops = server->options.loops > 0 ? (uint32_t)server->options.loops : each;
    uint32_t pool =
        server->options.long_threads > 0 ? (uint32_t)server->options.long_threads : each;
    gx_rpc_queue_init(&server->writes, server->options.write_queue_max, 1);
    gx_rpc_queue_init(&server->longs, server->options.queue_max, pool);
    server->worker_count = 1 + pool;
    server->workers = gx_alloc0(server->worker_count, sizeof *server->workers);
    server->batch = gx_alloc(GX_RPC_WRITES_A_COMMIT, sizeof *server->batch);
    server->batch_owners = gx_alloc(GX_RPC_WRITES_A_COMMIT, sizeof *server->batch_owners);
    server->loops = gx_alloc0(loops, sizeof *server->loops);
    if (!server->workers || !server->batch || !server->batch_owners || !server->loops) {
        return gx_fail_memory(err, loops * sizeof *server->loops);
    }
    for (uint32_t i = 0; i < loops; i++) {
        server->loop_count++; /* closed even where opening fails half-way */
        gx_status status = gx_rpc_loop_open(&server->loops[i], server, err);
        if (status != GX_OK) {
            return status;
        }
    }
    return GX_OK;
}

gx_status gx_server_open(gx_server **out, gx_db *db, const gx_server_options *options,
                         gx_error *err) {
    gx_status status = GX_OK;
    gx_server *server = gx_alloc0(1, sizeof *server);
    if (!server) {
        return gx_fail_memory(err, sizeof *server);
    }
    server->db = db;
    server->options = *options;
    server->options.listen = NULL; /* the caller's; not needed after this function */
    server->stop_fd = -1;
    GX_TRY(make_loops(server, err));
    GX_TRY(index_methods(server, err));
    GX_TRY(make_acceptor(server, err));
    GX_TRY(listen_on_all(server, options->listen, err));
    *out = server;
    server = NULL;
done:
    gx_server_close(server);
    return status;
}

const char *gx_server_address(const gx_server *server, size_t i) {
    return i < server->listener_count ? server->listeners[i].address : NULL;
}

/* ---- running ----------------------------------------------------------------------------------
 */

static gx_status watch_signals(gx_server *server, gx_error *err) {
    static const int numbers[3] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < GX_COUNT(numbers); i++) {
        server->signal_events[i] = evsignal_new(
            server->base, numbers[i], numbers[i] == SIGHUP ? on_hangup : on_terminate, server);
        if (!server->signal_events[i] || event_add(server->signal_events[i], NULL) != 0) {
            return gx_fail(err, GX_INTERNAL, "signal %d cannot be watched", numbers[i]);
        }
    }
    return GX_OK;
}

static void unwatch_signals(gx_server *server) {
    for (size_t i = 0; i < GX_COUNT(server->signal_events); i++) {
        if (server->signal_events[i]) {
            event_free(server->signal_events[i]);
            server->signal_events[i] = NULL;
        }
    }
}

static gx_status start_workers(gx_server *server, uint32_t *out_started, gx_error *err) {
    for (uint32_t i = 0; i < server->worker_count; i++) {
        int number = pthread_create(&server->workers[i], NULL,
                                    i == 0 ? gx_rpc_writer_main : gx_rpc_pool_main, server);
        if (number) {
            return gx_fail_errno(err, number, "starting", "a worker");
        }
        (*out_started)++;
    }
    return GX_OK;
}

static gx_status start_loops(gx_server *server, gx_error *err) {
    for (uint32_t i = 0; i < server->loop_count; i++) {
        gx_status status = gx_rpc_loop_start(&server->loops[i], err);
        if (status != GX_OK) {
            return status;
        }
        server->loops_started++;
    }
    return GX_OK;
}

/* The loops first: they end when every call has come back. Then nobody pushes any more. */
static void join_threads(gx_server *server, uint32_t workers) {
    for (uint32_t i = 0; i < server->loops_started; i++) {
        pthread_join(server->loops[i].thread, NULL);
    }
    server->loops_started = 0;
    gx_rpc_queue_close(&server->writes);
    gx_rpc_queue_close(&server->longs);
    for (uint32_t i = 0; i < workers; i++) {
        pthread_join(server->workers[i], NULL);
    }
    join_reload(server);
}

gx_status gx_server_run(gx_server *server, bool signals, gx_error *err) {
    gx_status status = GX_OK;
    uint32_t workers = 0;
    gx_db_set_stats_source(server->db, gx_rpc_stats_show, server);
    if (signals) {
        GX_TRY(watch_signals(server, err));
    }
    GX_TRY(start_workers(server, &workers, err));
    GX_TRY(start_loops(server, err));
    event_add(server->stop_event, NULL);
    for (size_t i = 0; i < server->listener_count; i++) {
        event_add(server->listeners[i].event, NULL);
        gx_rpc_log(server, 2, "event=listening address=%s", server->listeners[i].address);
    }
    event_base_loop(server->base, EVLOOP_NO_EXIT_ON_EMPTY);
done:
    if (status != GX_OK) {
        atomic_store(&server->draining, true);
        atomic_store(&server->killing, true);
        wake_loops(server);
    }
    join_threads(server, workers);
    unwatch_signals(server);
    gx_db_set_stats_source(server->db, NULL, NULL);
    return status;
}

/* ---- closing ----------------------------------------------------------------------------------
 */

/* The socket's file is removed only where it is still the one we made. */
static void close_listener(gx_rpc_listener *listener) {
    struct stat info;
    if (listener->event) {
        event_free(listener->event);
    }
    close(listener->fd);
    if (listener->is_unix && stat(listener->address + 5, &info) == 0 &&
        info.st_dev == listener->inode[0] && info.st_ino == listener->inode[1]) {
        unlink(listener->address + 5);
    }
}

void gx_server_close(gx_server *server) {
    if (!server) {
        return;
    }
    for (size_t i = 0; i < server->listener_count; i++) {
        close_listener(&server->listeners[i]);
    }
    for (uint32_t i = 0; i < server->loop_count; i++) {
        gx_rpc_loop_close(&server->loops[i]);
    }
    if (server->stop_event) {
        event_free(server->stop_event);
    }
    if (server->drain_event) {
        event_free(server->drain_event);
    }
    if (server->base) {
        event_base_free(server->base);
    }
    if (server->stop_fd >= 0) {
        close(server->stop_fd);
    }
    gx_rpc_queue_finish(&server->longs);
    gx_rpc_queue_finish(&server->writes);
    gx_free(server->loops);
    gx_free(server->listeners);
    gx_free(server->workers);
    gx_free(server->batch);
    gx_free(server->batch_owners);
    gx_free(server);
}
