/* What is near an item, and who likes such things. */
#include "api/lists/near.h"

#include "api/support.h"

#include <math.h>

enum { NEAR = 50, LEAST = 5 };

gx_status gx_near_open(gx_near *out, gx_call_env *call, const gx_columns *columns,
                       const gx_matrix *matrix, gx_error *err) {
    gx_status status = GX_OK;
    gx_job *job = call->job;
    *out = (gx_near){.call = call, .columns = columns, .matrix = matrix, .item = GX_NONE};
    out->own = gx_arena_create();
    out->other = gx_arena_create();
    GX_TRY(out->own && out->other ? GX_OK : gx_fail_memory(err, 0));
    GX_TRY(gx_job_alloc(job, &out->nearness, (size_t)matrix->cols + 1, sizeof(float), err));
    GX_TRY(gx_job_alloc(job, &out->chosen, (size_t)matrix->cols + 1, sizeof(uint32_t), err));
    for (uint64_t k = 0; k < matrix->nnz; k++) {
        out->chosen[matrix->col[k]]++;
    }
done:
    return status;
}

void gx_near_close(gx_near *near) {
    if (near->call) {
        gx_job_free(near->call->job, near->nearness);
        gx_job_free(near->call->job, near->chosen);
    }
    gx_arena_destroy(near->own);
    gx_arena_destroy(near->other);
    *near = (gx_near){0};
}

/* ---- by what items are ----------------------------------------------------------------------- */

typedef struct traits {
    gx_slice category, brand, seller;
    gx_value tags, price;
} traits;

static gx_slice text_of(const gx_value *value) {
    return (gx_slice){value->type == GX_TEXT ? value->as.text : "",
                      value->type == GX_TEXT ? value->size : 0};
}

/* Lists among them are in the arena. */
static traits traits_of(const gx_columns *columns, gx_arena *arena, uint32_t item) {
    const gx_value category = gx_columns_get(columns, arena, item, "category");
    const gx_value brand = gx_columns_get(columns, arena, item, "brand");
    const gx_value seller = gx_columns_get(columns, arena, item, "seller");
    return (traits){.category = text_of(&category),
                    .brand = text_of(&brand),
                    .seller = text_of(&seller),
                    .tags = gx_columns_get(columns, arena, item, "tags"),
                    .price = gx_columns_get(columns, arena, item, "price")};
}

static bool same_text(gx_slice a, gx_slice b) {
    return a.size > 0 && a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

/* Of the levels of the first those in which the second agrees. */
static double path_share(gx_slice a, gx_slice b) {
    double levels = 0, agree = 0;
    bool same = b.size > 0;
    for (size_t k = 0; a.size > 0 && k <= a.size; k++) {
        if (k == a.size || a.data[k] == '/') {
            same = same && (k == b.size || (k < b.size && b.data[k] == '/'));
            levels++;
            agree += same;
        } else {
            same = same && k < b.size && b.data[k] == a.data[k];
        }
    }
    return levels > 0 ? agree / levels : 0;
}

static double shared_tags(const gx_value *a, const gx_value *b) {
    double shared = 0;
    for (uint32_t i = 0; a->type == GX_LIST && i < a->size; i++) {
        for (uint32_t k = 0; b->type == GX_LIST && k < b->size; k++) {
            shared += gx_value_equal(&a->as.items[i], &b->as.items[k]);
        }
    }
    return shared / (shared + 1);
}

/* 0 … 4½; below ½ it is another thing. */
static double attribute_nearness(const traits *mine, const traits *other) {
    double near = 2 * path_share(mine->category, other->category);
    near += same_text(mine->brand, other->brand) ? 1 : 0;
    near += same_text(mine->seller, other->seller) ? 0.25 : 0;
    near += mine->tags.type == GX_TEXT && gx_value_equal(&mine->tags, &other->tags)
                ? 0.5
                : shared_tags(&mine->tags, &other->tags);
    double price = 0, beside = 0;
    if (near > 0 && gx_value_as_real(&mine->price, &price) &&
        gx_value_as_real(&other->price, &beside) && fabs(price - beside) <= fabs(price) / 4) {
        near += 0.25;
    }
    return near >= 0.5 ? near : 0;
}

static gx_status near_by_attributes(gx_near *n, gx_error *err) {
    enum { CHECK_EVERY = 1024 };
    const uint32_t items = gx_columns_rows(n->columns);
    gx_job *job = n->call->job;
    float *score = NULL;
    gx_status status = GX_OK;
    n->near = gx_arena_get(n->own, NEAR * sizeof *n->near);
    GX_TRY(n->near ? GX_OK : gx_fail_memory(err, NEAR * sizeof *n->near));
    GX_TRY(gx_job_alloc(job, &score, (size_t)items + 1, sizeof *score, err));
    const traits mine = traits_of(n->columns, n->own, n->item);
    for (uint32_t i = 0; i < items; i++) {
        if (i % CHECK_EVERY == 0) {
            GX_TRY(gx_job_check(job, err));
        }
        gx_arena_reset(n->other);
        const traits other = traits_of(n->columns, n->other, i);
        score[i] = i == n->item ? 0 : (float)attribute_nearness(&mine, &other);
    }
    n->count = gx_top(n->near, NEAR, score, items, NULL, 0);
done:
    gx_job_free(job, score);
    return status;
}

/* ---- of one item ------------------------------------------------------------------------------
 */

static gx_status find(gx_near *n, gx_error *err) {
    const gx_state *state = n->call->state;
    const bool known = n->item < n->matrix->cols && n->chosen[n->item] >= LEAST;
    n->by_history = false;
    if (known && gx_rec_tells_alike(state->rec) && n->item < state->items) {
        gx_status status =
            gx_rec_similar(&n->near, &n->count, state->rec, n->item, NEAR, NULL,
                           gx_columns_rows(n->columns), n->columns, n->own, n->call->job, err);
        if (status != GX_OK) {
            return status;
        }
        n->by_history = n->count > 0;
    }
    return n->by_history ? GX_OK : near_by_attributes(n, err);
}

gx_status gx_near_find(gx_near *n, uint32_t item, gx_error *err) {
    for (uint32_t k = 0; k < n->count; k++) { /* of the item before */
        if (n->near[k].item < n->matrix->cols) {
            n->nearness[n->near[k].item] = 0;
        }
    }
    gx_arena_reset(n->own);
    n->item = item;
    n->count = 0;
    const gx_status status = find(n, err);
    for (uint32_t k = 0; status == GX_OK && k < n->count; k++) {
        if (n->near[k].item < n->matrix->cols) {
            n->nearness[n->near[k].item] = n->near[k].score / n->near[0].score;
        }
    }
    return status;
}

double gx_near_taste(bool *out_has, const gx_near *n, uint32_t user) {
    const gx_matrix *m = n->matrix;
    double sum = 0;
    *out_has = false;
    if (user >= m->rows) {
        return 0;
    }
    for (uint64_t k = m->ptr[user]; k < m->ptr[user + 1]; k++) {
        sum += (double)n->nearness[m->col[k]];
        *out_has = *out_has || m->col[k] == n->item;
    }
    const double count = (double)(m->ptr[user + 1] - m->ptr[user]);
    const double x = count > 0 ? sum / sqrt(count) : 0;
    return x / (x + 0.5);
}

void gx_near_audience(gx_audience *a, const gx_near *near) {
    for (uint32_t u = 0; u < a->users; u++) {
        bool has;
        a->s[GX_CHANNEL_INTEREST][u] = (float)gx_near_taste(&has, near, u);
        a->base[u] = has ? 1 : a->s[GX_CHANNEL_INTEREST][u];
    }
}

uint32_t gx_near_best(const gx_near *n, uint32_t user) {
    const gx_matrix *m = n->matrix;
    uint32_t best = GX_NONE;
    for (uint64_t k = user < m->rows ? m->ptr[user] : 0; user < m->rows && k < m->ptr[user + 1];
         k++) {
        const float near = n->nearness[m->col[k]];
        if (near > 0 && (best == GX_NONE || near > n->nearness[best])) {
            best = m->col[k];
        }
    }
    return best;
}
