/* A bounded queue of calls between the loops and their workers. It never makes a loop wait: when it
 * is full, the caller is told at once and for about how long to stay away. */
#include "server/rpc/rpc.h"

void gx_rpc_queue_init(gx_rpc_queue *queue, uint32_t max, uint32_t workers) {
    memset(queue, 0, sizeof *queue);
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->some, NULL);
    queue->max = max;
    queue->workers = workers;
}

void gx_rpc_queue_finish(gx_rpc_queue *queue) {
    pthread_cond_destroy(&queue->some);
    pthread_mutex_destroy(&queue->lock);
}

static int64_t wait_of(const gx_rpc_queue *queue) {
    int64_t service = atomic_load_explicit(&queue->service_ns, memory_order_relaxed);
    return service * (queue->size + 1) / queue->workers;
}

bool gx_rpc_queue_push(gx_rpc_queue *queue, gx_rpc_call *call, int64_t *out_wait_ns) {
    call->next = NULL;
    pthread_mutex_lock(&queue->lock);
    *out_wait_ns = wait_of(queue);
    bool room = queue->size < queue->max && !queue->closed;
    if (room) {
        if (queue->last) {
            queue->last->next = call;
        } else {
            queue->first = call;
        }
        queue->last = call;
        queue->size++;
        pthread_cond_signal(&queue->some);
    }
    pthread_mutex_unlock(&queue->lock);
    return room;
}

int64_t gx_rpc_queue_wait_ns(gx_rpc_queue *queue) {
    pthread_mutex_lock(&queue->lock);
    int64_t wait = queue->size ? wait_of(queue) : 0;
    pthread_mutex_unlock(&queue->lock);
    return wait;
}

gx_rpc_call *gx_rpc_queue_take(gx_rpc_queue *queue, uint32_t max) {
    pthread_mutex_lock(&queue->lock);
    while (!queue->first && !queue->closed) {
        pthread_cond_wait(&queue->some, &queue->lock);
    }
    gx_rpc_call *first = queue->first, *end = first;
    for (uint32_t i = 1; end && end->next && i < max; i++) {
        end = end->next;
        queue->size--;
    }
    if (end) {
        queue->size--;
        queue->first = end->next;
        queue->last = end->next ? queue->last : NULL;
        end->next = NULL;
    }
    pthread_mutex_unlock(&queue->lock);
    return first;
}

/* An eighth of the newest: follows a change within some twenty calls. */
void gx_rpc_queue_served(gx_rpc_queue *queue, int64_t ns, uint32_t calls) {
    int64_t old = atomic_load_explicit(&queue->service_ns, memory_order_relaxed);
    int64_t fresh = ns / (calls ? calls : 1);
    atomic_store_explicit(&queue->service_ns, old ? old + (fresh - old) / 8 : fresh,
                          memory_order_relaxed);
}

void gx_rpc_queue_close(gx_rpc_queue *queue) {
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    pthread_cond_broadcast(&queue->some);
    pthread_mutex_unlock(&queue->lock);
}

uint32_t gx_rpc_queue_size(gx_rpc_queue *queue) {
    pthread_mutex_lock(&queue->lock);
    uint32_t size = queue->size;
    pthread_mutex_unlock(&queue->lock);
    return size;
}
