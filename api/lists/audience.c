/* Members by how well something suits them. */
#include "api/lists/audience.h"

#include "api/support.h"

enum { LOOK = 4096 /* members between looks at whether to stop */ };

static const double CIRCLE_PRIOR = 20;

gx_status gx_audience_init(gx_audience *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    gx_job *job = call->job;
    *out = (gx_audience){.call = call};
    GX_TRY(gx_need_snapshot(call->state, err));
    GX_TRY(gx_views_make(&out->views, call->db->store, &call->state->rules, GX_NEED_MATRIX, NULL,
                         job, err));
    out->users = out->views.input.users;
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        GX_TRY(gx_job_alloc(job, &out->s[c], out->users, sizeof(float), err));
    }
    GX_TRY(gx_job_alloc(job, &out->base, out->users, sizeof(float), err));
    GX_TRY(gx_job_alloc(job, &out->out, out->users, 1, err));
    GX_TRY(gx_job_alloc(job, &out->score, out->users, sizeof(double), err));
done:
    return status;
}

void gx_audience_finish(gx_audience *a) {
    gx_job *job = a->call->job;
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        gx_job_free(job, a->s[c]);
    }
    gx_job_free(job, a->base);
    gx_job_free(job, a->out);
    gx_job_free(job, a->score);
    gx_views_finish(&a->views);
}

static gx_status add_friends(gx_audience *a, gx_error *err) {
    gx_status status = GX_OK;
    float *s = a->s[GX_CHANNEL_FRIENDS];
    for (uint32_t u = 0; u < a->users; u++) {
        if (u % LOOK == 0) {
            GX_TRY(gx_job_check(a->call->job, err));
        }
        const uint32_t *dst = NULL;
        const float *weight = NULL;
        const uint32_t count = gx_rec_strengths(&dst, &weight, a->call->state->rec, u);
        double sum = 0;
        for (uint32_t k = 0; k < count; k++) {
            sum += dst[k] < a->users ? (double)weight[k] * (double)a->base[dst[k]] : 0;
        }
        s[u] = (float)(sum / (sum + 1));
    }
done:
    return status;
}

static gx_status add_circles(gx_audience *a, gx_error *err) {
    const gx_state *state = a->call->state;
    float *s = a->s[GX_CHANNEL_CIRCLE];
    double *sum = gx_alloc0((size_t)state->circles * 2 + 2, sizeof *sum), most = 0;
    if (!sum) {
        return gx_fail_memory(err, state->circles * sizeof *sum);
    }
    double *size = sum + state->circles + 1;
    for (uint32_t u = 0; u < a->users; u++) {
        const uint32_t c = gx_rec_circle(state->rec, u, NULL, 0);
        if (c < state->circles) {
            sum[c] += (double)a->base[u];
            size[c]++;
        }
    }
    for (uint32_t c = 0; c < state->circles; c++) {
        sum[c] /= size[c] + CIRCLE_PRIOR;
        most = sum[c] > most ? sum[c] : most;
    }
    for (uint32_t u = 0; u < a->users; u++) {
        const uint32_t c = gx_rec_circle(state->rec, u, NULL, 0);
        s[u] = c < state->circles && most > 0 ? (float)(sum[c] / most) : 0;
    }
    gx_free(sum);
    return GX_OK;
}

static void add_leaders(gx_audience *a) {
    const gx_state *state = a->call->state;
    const double *score = gx_arrays_get(state->arrays, "leaders.score", GX_F64, state->users);
    for (uint32_t u = 0; score && u < state->users && u < a->users; u++) {
        /* Who leads but has nothing to do with it leads nobody to it. */
        const bool near = a->base[u] > 0 || a->s[GX_CHANNEL_FRIENDS][u] > 0;
        const bool leads = near && gx_rec_leader_rank(state->rec, u) > 0 && score[u] > 0;
        a->s[GX_CHANNEL_LEADER][u] = leads ? (float)(score[u] / 100) : 0;
    }
}

gx_status gx_audience_score(gx_audience *a, bool leaders, gx_error *err) {
    gx_status status = GX_OK;
    GX_TRY(add_friends(a, err));
    GX_TRY(add_circles(a, err));
    if (leaders) {
        add_leaders(a);
    }
    a->count = 0;
    for (uint32_t u = 0; u < a->users; u++) {
        double score = 0;
        if (u % LOOK == 0) {
            GX_TRY(gx_job_check(a->call->job, err));
        }
        const bool forgotten = gx_word_name(a->call->txn, GX_SPACE_USER, u).size == 0;
        a->out[u] = a->out[u] || forgotten;
        for (uint32_t c = 0; c < GX_CHANNEL_COUNT && !a->out[u]; c++) {
            score += (double)a->weights[c] * (double)a->s[c][u];
        }
        a->score[u] = score;
        a->out[u] = a->out[u] || !(score > 0);
        a->count += !a->out[u];
    }
done:
    return status;
}

void gx_audience_note(gx_value *notes, const gx_audience *a, bool leaders, const char *what) {
    const gx_state *state = a->call->state;
    gx_arena *arena = a->call->arena;
    const bool found = gx_arrays_find(state->arrays, "leiden.community") != NULL;
    const struct {
        bool known;
        gx_channel channel;
        const char *pass, *of;
    } all[] = {{gx_arrays_find(state->arrays, "strength.ptr") != NULL, GX_CHANNEL_FRIENDS,
                "strength", "ties (channel friends) add"},
               {state->circles > 0, GX_CHANNEL_CIRCLE, found ? NULL : "leiden",
                "circles (channel circle) add"},
               {!leaders || gx_arrays_find(state->arrays, "leaders.score"), GX_CHANNEL_LEADER,
                "leaders", "who leads (channel leader) adds"}};
    for (size_t i = 0; i < GX_COUNT(all); i++) {
        if (all[i].known || !(a->weights[all[i].channel] > 0)) {
            continue;
        }
        const char *effect = gx_arena_printf(arena, "%s nothing to anybody's %s", all[i].of, what);
        effect = effect ? effect : all[i].of;
        if (all[i].pass) {
            gx_note_missing(notes, arena, all[i].pass, effect);
        } else {
            const char *text = gx_arena_printf(
                arena, "this snapshot has no circles, as there were no ties: %s", effect);
            gx_list_add(arena, notes, gx_str(text ? text : effect));
        }
    }
}

static double part_of(const gx_audience *a, uint32_t user, uint32_t channel) {
    const double part = (double)a->weights[channel] * (double)a->s[channel][user];
    return a->score[user] > 0 ? part / a->score[user] : 0;
}

gx_value gx_audience_row(const gx_audience *a, uint32_t user, uint32_t rank) {
    gx_arena *arena = a->call->arena;
    gx_value row = gx_map(arena, 5), channels = gx_map(arena, GX_CHANNEL_COUNT);
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        gx_map_put(arena, &channels, gx_channel_name((gx_channel)c), gx_real(part_of(a, user, c)));
    }
    gx_map_put(arena, &row, "user", gx_word_value(arena, a->call->txn, GX_SPACE_USER, user));
    gx_map_put(arena, &row, "score", gx_real(a->score[user]));
    gx_map_put(arena, &row, "rank", gx_int(rank));
    gx_map_put(arena, &row, "channels", channels);
    return row;
}

gx_value gx_audience_why(const gx_audience *a, uint32_t user, gx_lists_sentence taste,
                         const gx_hole *holes, size_t count) {
    static const gx_lists_sentence says[GX_CHANNEL_COUNT] = {
        [GX_CHANNEL_FRIENDS] = GX_SAYS_AUDIENCE_FRIENDS,
        [GX_CHANNEL_CIRCLE] = GX_SAYS_AUDIENCE_CIRCLE,
        [GX_CHANNEL_LEADER] = GX_SAYS_AUDIENCE_LEADER,
    };
    static const gx_lists_sentence says_of_list[GX_CHANNEL_COUNT] = {
        [GX_CHANNEL_FRIENDS] = GX_SAYS_AUDIENCE_TIED,
        [GX_CHANNEL_CIRCLE] = GX_SAYS_AUDIENCE_AMONG,
        [GX_CHANNEL_LEADER] = GX_SAYS_AUDIENCE_LEADER,
    };
    gx_arena *arena = a->call->arena;
    gx_value list = gx_list(arena, GX_CHANNEL_COUNT);
    bool told[GX_CHANNEL_COUNT] = {false};
    for (uint32_t k = 0; k < GX_CHANNEL_COUNT; k++) {
        uint32_t best = GX_CHANNEL_COUNT;
        for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
            if (!told[c] && part_of(a, user, c) > 0 &&
                (best == GX_CHANNEL_COUNT || part_of(a, user, c) > part_of(a, user, best))) {
                best = c;
            }
        }
        if (best == GX_CHANNEL_COUNT) {
            break;
        }
        told[best] = true;
        gx_value row = gx_map(arena, 4);
        gx_map_put(arena, &row, "channel", gx_str(gx_channel_name((gx_channel)best)));
        gx_map_put(arena, &row, "share", gx_real(part_of(a, user, best)));
        if (best == GX_CHANNEL_INTEREST) {
            gx_lists_say(&row, arena, taste, holes, count);
        } else {
            const uint32_t circle = gx_rec_circle(a->call->state->rec, user, NULL, 0);
            const gx_value name = gx_community_value(arena, a->call->state, circle);
            gx_slice text = {name.type == GX_TEXT ? name.as.text : "",
                             name.type == GX_TEXT ? name.size : 0};
            const gx_hole hole = {"circle", text, text};
            gx_lists_say(&row, arena,
                         taste == GX_SAYS_AUDIENCE_LIKE ? says_of_list[best] : says[best], &hole,
                         1);
        }
        gx_list_add(arena, &list, row);
    }
    return list;
}
