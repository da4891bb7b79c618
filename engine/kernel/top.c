/* The best k of many: a binary heap with the worst kept at its root. */
#include "engine/kernel/top.h"

static bool is_better(const gx__top_entry *a, const gx__top_entry *b) {
    return a->score > b->score || (a->score == b->score && a->id < b->id);
}

/* Puts `moved` where it belongs, from place i down. */
static void sink(gx__top_entry *entry, uint32_t count, uint32_t i, gx__top_entry moved) {
    for (uint64_t child; (child = 2 * (uint64_t)i + 1) < count; i = (uint32_t)child) {
        if (child + 1 < count && is_better(&entry[child], &entry[child + 1])) {
            child++;
        }
        if (!is_better(&moved, &entry[child])) {
            break;
        }
        entry[i] = entry[child];
    }
    entry[i] = moved;
}

void gx__top_offer(gx__top *top, double score, uint32_t id, uint32_t count) {
    gx__top_entry offered = {score, id, count};
    if (top->count == top->capacity) {
        if (top->count > 0 && is_better(&offered, &top->entry[0])) {
            sink(top->entry, top->count, 0, offered);
        }
        return;
    }
    uint32_t i = top->count++;
    while (i > 0 && is_better(&top->entry[(i - 1) / 2], &offered)) {
        top->entry[i] = top->entry[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    top->entry[i] = offered;
}

void gx__top_sort(gx__top *top) {
    for (uint32_t left = top->count; left > 1; left--) {
        gx__top_entry worst = top->entry[0];
        sink(top->entry, left - 1, 0, top->entry[left - 1]);
        top->entry[left - 1] = worst;
    }
}
