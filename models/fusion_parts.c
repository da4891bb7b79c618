/* The parts of the fusion: fitted one after the other, opened together, and what each says of the
 * same few hundred items for one history. */
#include "models/fusion.h"

#include "models/ials_solve.h"
#include "models/spectral.h"
#include "models/top.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

extern const gx_model gx_model_linear, gx_model_spectral, gx_model_userknn, gx_model_ials,
    gx_model_ridge;

typedef struct part {
    const gx_model *model;
    const char *name;
} part;

static const part table[GX__FUSION_PARTS] = {
    {&gx_model_linear, "linear"},      {&gx_model_spectral, "spectral1"},
    {&gx_model_spectral, "spectral2"}, {&gx_model_spectral, "spectral3"},
    {&gx_model_spectral, "spectral4"}, {&gx_model_userknn, "userknn"},
    {&gx_model_ials, "ials"},          {&gx_model_ridge, "ridge"},
};

/* Good in every shop that was tried (docs/models.md), ridge only as far as held-out members want
 * it: weights, then slopes. */
const gx__fusion_tuned gx__fusion_usual = {.target_exponent = 0.4,
                                           .weight = {0.4F, 0.1F, 0.05F, 0.08F, 0.12F, 0.3F, 1, 0}};

static const double LEAST_SIZE = 1e-3; /* of the largest score */

enum { NAME_BYTES = 160 };

/* ---- the parts ------------------------------------------------------------------------------ */

static bool name_part(char *out, const char *instance, size_t p) {
    const int length = snprintf(out, NAME_BYTES, "%s.%s", instance, table[p].name);
    return length > 0 && length < NAME_BYTES;
}

/* What was asked for, or what suits the size of the shop; half of it while learning. */
static int64_t width(const gx_input *input, int64_t given, bool halved) {
    const int64_t whole = given > 0 ? given : gx__ials_width(input->users, input->items);
    return halved ? (whole + 1) / 2 : whole;
}

/* The parameters of a part, from those of the fusion; of any band: those of all signals. */
static gx_status part_args(gx_args *out, gx_arena *arena, size_t p, const gx_input *input,
                           const gx_args *args, const gx__fusion_tuned *tuned, bool halved,
                           gx_error *err) {
    gx_value map = gx_map(arena, 8);
    switch (p) {
    case GX__FUSION_LINEAR:
        gx_map_put(arena, &map, "neighbours", gx_int(gx_arg_int(args, "neighbours")));
        gx_map_put(arena, &map, "target_exponent", gx_real(tuned->target_exponent));
        break;
    case GX__FUSION_NEAR:
        break;
    case GX__FUSION_RIDGE:
        gx_map_put(arena, &map, "items", gx_int(gx_arg_int(args, "ridge_items")));
        break;
    case GX__FUSION_IALS:
        gx_map_put(arena, &map, "factors",
                   gx_int(width(input, gx_arg_int(args, "factors"), halved)));
        gx_map_put(arena, &map, "iterations", gx_int(gx_arg_int(args, "iterations")));
        gx_map_put(arena, &map, "regularisation", gx_real(gx_arg_real(args, "regularisation")));
        gx_map_put(arena, &map, "unobserved", gx_real(gx_arg_real(args, "unobserved")));
        break;
    default:
        gx_map_put(arena, &map, "factors",
                   gx_int(width(input, gx_arg_int(args, "signals"), false)));
        gx_map_put(arena, &map, "member_exponent", gx_real(gx_arg_real(args, "member_exponent")));
        gx_map_put(arena, &map, "item_exponent", gx_real(gx_arg_real(args, "item_exponent")));
        gx_map_put(arena, &map, "degree_exponent", gx_real(gx_arg_real(args, "degree_exponent")));
        break;
    }
    const gx_pass *pass = &table[p].model->pass;
    return gx_args_parse(out, arena, pass->params, pass->param_count, &map, err);
}

static gx_status too_long(const char *instance, gx_error *err) {
    return gx_fail_at(err, GX_BAD_REQUEST, "instance", "the name %s is too long", instance);
}

static gx_status fit_part(gx_output *out, size_t p, const gx_input *input, const gx_args *own,
                          gx_job *job, gx_error *err) {
    char name[NAME_BYTES];
    if (!name_part(name, out->instance, p)) {
        return too_long(out->instance, err);
    }
    gx_output under = {.instance = name, .arrays = out->arrays, .job = job};
    return table[p].model->pass.run(&under, input, own, job, err);
}

/* One fit of spectral, cut into bands: an eighth of the signals, an eighth, a quarter, a half. */
static gx_status fit_bands(gx_output *out, const gx_input *input, const gx_args *own, gx_job *job,
                           gx_error *err) {
    const uint32_t k = gx__spectral_width(input, (uint64_t)gx_arg_int(own, "factors"));
    const uint32_t edges[GX__FUSION_BANDS + 1] = {0, k / 8, k / 4, k / 2, k};
    gx_output whole = {.instance = "whole", .job = job};
    gx_status status = GX_OK;
    GX_TRY(gx_arrays_create(&whole.arrays, err));
    GX_TRY(gx_model_spectral.pass.run(&whole, input, own, job, err));
    for (size_t b = 0; b < GX__FUSION_BANDS; b++) {
        char name[NAME_BYTES];
        if (!name_part(name, out->instance, GX__FUSION_BAND + b)) {
            status = too_long(out->instance, err);
            goto done;
        }
        gx_output under = {.instance = name, .arrays = out->arrays, .job = job};
        GX_TRY(gx__spectral_band(&under, whole.arrays, "whole", input->items, edges[b],
                                 edges[b + 1], err));
    }
    status = gx_job_check(job, err);
done:
    gx_arrays_drop(whole.arrays, job);
    return status;
}

/* Those that need most room beside what they give come first; one of the bands stands for all. */
static const size_t fit_order[] = {GX__FUSION_BAND, GX__FUSION_RIDGE, GX__FUSION_IALS,
                                   GX__FUSION_NEAR, GX__FUSION_LINEAR};

gx_status gx__fusion_fit(gx_output *out, const gx_input *input, const gx_args *args,
                         const gx__fusion_tuned *tuned, bool halved, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx_arena *arena = gx_arena_create();
    if (!arena) {
        return gx_fail_memory(err, sizeof(gx_args));
    }
    for (size_t k = 0; k < GX_COUNT(fit_order); k++) {
        const size_t p = fit_order[k];
        gx_args own;
        GX_TRY(part_args(&own, arena, p, input, args, tuned, halved, err));
        GX_TRY(p == GX__FUSION_BAND ? fit_bands(out, input, &own, job, err)
                                    : fit_part(out, p, input, &own, job, err));
    }
done:
    gx_arena_destroy(arena);
    return status;
}

double gx__fusion_least(size_t p, const gx_args *args) {
    return gx_arg_real(args, "least") * (double)gx__fusion_usual.weight[p];
}

/* What stays of a part, from what its fit takes at the peak. */
static uint64_t kept_bytes(size_t p, uint64_t peak, const gx_input *input, const gx_args *own) {
    const uint64_t users = input->users, items = input->items;
    uint64_t bytes = peak;
    if (p == GX__FUSION_BAND) {
        const uint64_t k = gx__spectral_width(input, (uint64_t)gx_arg_int(own, "factors"));
        bytes = 4 * (items * (k + GX__FUSION_BANDS) + k);
    } else if (p == GX__FUSION_IALS) {
        bytes = 4 * (users + items) * (uint64_t)gx_arg_int(own, "factors") + 8 * users;
    } else if (p == GX__FUSION_RIDGE) {
        const uint64_t given = (uint64_t)gx_arg_int(own, "items");
        const uint64_t keep = (uint64_t)gx_arg_int(own, "neighbours");
        const uint64_t covered = given > 0 && given < items ? given : items;
        bytes = 8 * (covered * (keep < covered ? keep : covered) + items + 1);
    }
    return bytes;
}

/* At the peak; bands are held twice while they are cut. */
static uint64_t peak_bytes(size_t p, uint64_t peak, uint64_t kept) {
    return p == GX__FUSION_BAND && peak < 2 * kept ? 2 * kept : peak;
}

uint64_t gx__fusion_fit_bytes(const gx_input *input, const gx_args *args, bool halved,
                              int threads) {
    uint64_t held = 0, most = 0;
    gx_arena *arena = gx_arena_create();
    for (size_t k = 0; arena && k < GX_COUNT(fit_order); k++) {
        const size_t p = fit_order[k];
        gx_args own;
        gx_estimate e = {0};
        if (part_args(&own, arena, p, input, args, &gx__fusion_usual, halved, NULL) == GX_OK) {
            table[p].model->pass.estimate(&e, input, &own, threads);
            const uint64_t kept = kept_bytes(p, e.mem_bytes, input, &own);
            const uint64_t peak = held + peak_bytes(p, e.mem_bytes, kept);
            most = peak > most ? peak : most;
            held += kept;
        }
    }
    gx_arena_destroy(arena);
    return most;
}

double gx__fusion_fit_cpu(const gx_input *input, const gx_args *args, bool halved, int threads) {
    double cpu = 0;
    gx_arena *arena = gx_arena_create();
    for (size_t k = 0; arena && k < GX_COUNT(fit_order); k++) {
        gx_args own;
        gx_estimate e = {0};
        if (part_args(&own, arena, fit_order[k], input, args, &gx__fusion_usual, halved, NULL) ==
            GX_OK) {
            table[fit_order[k]].model->pass.estimate(&e, input, &own, threads);
            cpu += e.cpu_s;
        }
    }
    gx_arena_destroy(arena);
    return cpu;
}

void gx__fusion_close(gx__fusion_parts *parts) {
    for (size_t p = 0; p < GX__FUSION_PARTS; p++) {
        if (parts->state[p]) {
            table[p].model->close(parts->state[p]);
            parts->state[p] = NULL;
        }
    }
}

gx_status gx__fusion_open(gx__fusion_parts *out, const gx_arrays *arrays, const char *instance,
                          uint32_t users, uint32_t items, uint32_t candidates, gx_error *err) {
    gx_status status = GX_OK;
    gx__fusion_parts parts = {.items = items, .candidates = candidates};
    for (size_t p = 0; status == GX_OK && p < GX__FUSION_PARTS; p++) {
        char name[NAME_BYTES];
        parts.model[p] = table[p].model;
        status = name_part(name, instance, p)
                     ? table[p].model->open(&parts.state[p], arrays, name, users, items, err)
                     : too_long(instance, err);
    }
    if (status != GX_OK) {
        gx__fusion_close(&parts);
        return status;
    }
    *out = parts;
    return GX_OK;
}

gx_status gx__fusion_check(const gx_arrays *result, const char *instance, const gx_input *input,
                           const gx_args *args, gx_error *err) {
    gx_arena *arena = gx_arena_create();
    gx_status status = arena ? GX_OK : gx_fail_memory(err, sizeof(gx_args));
    for (size_t p = 0; status == GX_OK && p < GX__FUSION_PARTS; p++) {
        char name[NAME_BYTES];
        gx_args own;
        name_part(name, instance, p);
        status = part_args(&own, arena, p, input, args, &gx__fusion_usual, false, err);
        if (status == GX_OK) {
            status = table[p].model->pass.check(result, name, input, &own, err);
        }
    }
    gx_arena_destroy(arena);
    return status;
}

/* ---- one history ---------------------------------------------------------------------------- */

static uint64_t lines(uint64_t bytes) {
    return (bytes + 63) / 64 * 64;
}

uint64_t gx__fusion_room_bytes(uint32_t items, uint32_t candidates, uint64_t longest) {
    const uint64_t stride = candidates + longest;
    return lines(stride * sizeof(uint32_t)) + lines(GX__FUSION_PARTS * stride * sizeof(float)) +
           gx__fusion_scratch_bytes(items, candidates, longest);
}

void gx__fusion_room_lay(gx__fusion_room *out, void *memory, uint32_t items, uint32_t candidates,
                         uint64_t longest) {
    char *at = memory;
    const uint64_t stride = candidates + longest;
    *out = (gx__fusion_room){.stride = (uint32_t)stride, .item = (uint32_t *)at};
    at += lines(stride * sizeof(uint32_t));
    out->score = (float *)at;
    at += lines(GX__FUSION_PARTS * stride * sizeof(float));
    gx__fusion_scratch_lay(out, at, items, candidates);
}

uint64_t gx__fusion_scratch_bytes(uint32_t items, uint32_t candidates, uint64_t longest) {
    return lines(2 * (uint64_t)candidates * sizeof(gx_scored)) + lines(items * sizeof(float)) +
           lines(longest * sizeof(float)) + 64;
}

void gx__fusion_scratch_lay(gx__fusion_room *room, void *memory, uint32_t items,
                            uint32_t candidates) {
    char *at = memory;
    room->top = (gx_scored *)at;
    at += lines(2 * (uint64_t)candidates * sizeof(gx_scored));
    room->plain = (float *)at;
    at += lines(items * sizeof(float));
    room->aside = (float *)at;
}

/* Over the candidates; where that is next to nothing, by the largest score of the history. */
static float size_of(const float *score, const gx__fusion_room *room) {
    double sum = 0, most = 0;
    for (uint32_t c = 0; c < room->count; c++) {
        sum += c < room->strange ? (double)score[c] * (double)score[c] : 0;
        most = fmax(most, fabs((double)score[c]));
    }
    const double size = room->strange > 0 ? sqrt(sum / room->strange) : 0;
    return (float)fmax(size, LEAST_SIZE * most);
}

void gx__fusion_measure(gx__fusion_room *room, size_t p) {
    room->size[p] = size_of(room->score + p * room->stride, room);
}

void gx__fusion_pick(gx__fusion_room *room, const gx__fusion_parts *parts,
                     const gx_history *history, float *dense) {
    for (uint32_t k = 0; k < history->count; k++) {
        const uint32_t item = history->item[k];
        room->aside[k] = item < parts->items ? dense[item] : 0;
        if (item < parts->items) {
            dense[item] = -INFINITY;
        }
    }
    room->strange = gx__top_set(room->top, parts->candidates, dense, parts->items, 0);
    room->count = room->strange;
    for (uint32_t c = 0; c < room->strange; c++) {
        room->item[c] = room->top[c].item;
        room->score[c] = room->top[c].score;
    }
    for (uint32_t k = 0; k < history->count; k++) {
        const uint32_t item = history->item[k];
        if (item < parts->items) {
            dense[item] = room->aside[k];
            room->item[room->count] = item;
            room->score[room->count++] = dense[item];
        }
    }
    room->folded = false;
    gx__fusion_measure(room, 0);
}

gx_status gx__fusion_rate_by(gx__fusion_room *room, const gx__fusion_parts *parts, size_t p,
                             const gx_history *history, bool fitted, gx_error *err) {
    const gx_model *model = parts->model[p];
    float *score = room->score + p * room->stride;
    gx_status status;
    bool folded = false;
    if (model->score_items) {
        status = model->score_items(score, &folded, parts->state[p], history, fitted, room->item,
                                    room->count, err);
    } else {
        status = model->score(room->plain, &folded, parts->state[p], history, err);
        for (uint32_t c = 0; status == GX_OK && c < room->count; c++) {
            score[c] = room->plain[room->item[c]];
        }
    }
    if (status == GX_OK) {
        gx__fusion_measure(room, p);
        room->folded |= folded;
    }
    return status;
}

gx_status gx__fusion_rate(gx__fusion_room *room, const gx__fusion_parts *parts,
                          const gx_history *history, bool fitted, float *dense, gx_error *err) {
    gx_status status = GX_OK;
    gx__fusion_pick(room, parts, history, dense);
    for (size_t p = 1; status == GX_OK && p < GX__FUSION_PARTS; p++) {
        if (gx__fusion_counts(parts, p, history)) {
            status = gx__fusion_rate_by(room, parts, p, history, fitted, err);
        }
    }
    return status;
}

float gx__fusion_length(uint32_t count) {
    return logf((float)(count > 0 ? count : 1)) - 3;
}

static float weight_of(const gx__fusion_parts *parts, size_t p, const gx_history *history) {
    const float length = gx__fusion_length(history->count);
    return fmaxf(parts->weight[p] + parts->slope[p] * length, 0);
}

bool gx__fusion_counts(const gx__fusion_parts *parts, size_t p, const gx_history *history) {
    return !parts->weight || weight_of(parts, p, history) > 0;
}

float gx__fusion_weigh(const gx__fusion_room *room, const gx__fusion_parts *parts, size_t p,
                       const gx_history *history) {
    const float weight = weight_of(parts, p, history);
    return weight > 0 && room->size[p] > FLT_MIN ? weight / room->size[p] : 0;
}

void gx__fusion_add(float *scores, const float *by, const gx__fusion_room *room) {
    for (size_t p = 1; p < GX__FUSION_PARTS; p++) {
        const float *score = room->score + p * room->stride;
        for (uint32_t c = 0; by[p] > 0 && c < room->count; c++) {
            scores[room->item[c]] += by[p] * score[c];
        }
    }
}
