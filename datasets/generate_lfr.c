/* The LFR benchmark: degrees and sizes of communities follow power laws, and a share mu of each
 * member's ties leaves its community (Lancichinetti, Fortunato, Radicchi 2008). Degrees are drawn
 * between a lowest one, chosen so that the mean is as asked, and max_degree; each member goes to a
 * community with more members than it has ties inside; then ends are paired at random, within the
 * communities and between them, and what would repeat a tie, join a member to itself or (between)
 * stay within a community is paired anew or swapped with a random good pair. Against the paper:
 * members are placed in order of their ties inside, which needs no kicking out, and the few pairs
 * that no swap mends are left out.
 *
 * Time O(edges) expected, memory 32 to 48 bytes an edge and 16 a member.
 */
#include "datasets/generate.h"

enum { DEGREE = 1, SIZE = 2, PLACE = 3, SPLIT = 4, INSIDE = 5, OUTSIDE = 6 };
enum { ROUNDS = 8, SWAPS = 300, BLOCK = 4096 };

static const gx_param params[] = {
    {"members", GX_PARAM_INT, "10000", 10, 2e8, "members", NULL, 0, "how many"},
    {"degree", GX_PARAM_REAL, "20", 1, 1e5, "ties", NULL, 0, "of a member on average"},
    {"max_degree", GX_PARAM_INT, "50", 2, 1e6, "ties", NULL, 0, "of a member at most"},
    {"mu", GX_PARAM_REAL, "0.3", 0, 1, NULL, NULL, 0, "share of ties that leave the community"},
    {"degree_exponent", GX_PARAM_REAL, "2", 0, 10, NULL, NULL, 0,
     "degrees fall off as k to the minus this"},
    {"size_exponent", GX_PARAM_REAL, "1", 0, 10, NULL, NULL, 0,
     "sizes of communities fall off as s to the minus this"},
    {"min_community", GX_PARAM_INT, "20", 2, 1e8, "members", NULL, 0, "smallest community"},
    {"max_community", GX_PARAM_INT, "100", 2, 1e8, "members", NULL, 0, "largest community"},
};

typedef struct model {
    uint32_t n, communities;
    double mu;
    uint32_t *inside, *outside; /* ties of each member */
    uint32_t *size;             /* of each community, falling */
    uint32_t *label;
    uint32_t *start, *roster; /* members by community */
    gx__pairs pairs;
    uint64_t *seen; /* hash set of the pairs, 0: empty */
    uint64_t mask;
    uint32_t *stub; /* ends to pair */
    gx_job *job;
} model;

/* ---- the set of pairs ------------------------------------------------------------------------ */

/* Where the pair is, or where it would go. No pair has the key 0, as 0 joins a member to itself. */
static uint64_t find(const model *s, uint64_t key) {
    uint64_t at = gx_mix64(key) & s->mask;
    while (s->seen[at] != 0 && s->seen[at] != key) {
        at = (at + 1) & s->mask;
    }
    return at;
}

/* Linear probing without tombstones: what follows moves up where it may (Knuth 1973, 6.4 R). */
static void forget(model *s, uint64_t key) {
    uint64_t hole = find(s, key);
    for (uint64_t at = (hole + 1) & s->mask; s->seen[at] != 0; at = (at + 1) & s->mask) {
        uint64_t home = gx_mix64(s->seen[at]) & s->mask;
        if (((at - home) & s->mask) >= ((at - hole) & s->mask)) {
            s->seen[hole] = s->seen[at];
            hole = at;
        }
    }
    s->seen[hole] = 0;
}

static bool may_tie(const model *s, uint32_t u, uint32_t v, bool between) {
    return u != v && (!between || s->label[u] != s->label[v]) &&
           s->seen[find(s, gx__pair(u, v))] == 0;
}

static void tie(model *s, uint64_t place, uint32_t u, uint32_t v) {
    uint64_t key = gx__pair(u, v);
    s->seen[find(s, key)] = key;
    s->pairs.key[place] = key;
}

/* ---- pairing ends ---------------------------------------------------------------------------- */

/* Pairs ends at random; returns how many are left, at the front of `stub`. */
static uint64_t pair_up(model *s, uint64_t count, bool between, gx_rng *rng) {
    uint64_t left = 0;
    for (uint64_t i = count; i > 1; i--) {
        uint64_t k = gx_rng_below(rng, i);
        uint32_t end = s->stub[k];
        s->stub[k] = s->stub[i - 1];
        s->stub[i - 1] = end;
    }
    for (uint64_t i = 0; i + 1 < count; i += 2) {
        uint32_t u = s->stub[i], v = s->stub[i + 1];
        if (may_tie(s, u, v, between)) {
            tie(s, s->pairs.count++, u, v);
        } else {
            s->stub[left++] = u;
            s->stub[left++] = v;
        }
    }
    return left;
}

/* (u, v) cannot be: breaks a random pair (c, d) from `first` on into (u, c) and (v, d). */
static bool mend(model *s, uint64_t first, uint32_t u, uint32_t v, bool between, gx_rng *rng) {
    for (int tries = 0; tries < SWAPS && s->pairs.count > first; tries++) {
        uint64_t place = first + gx_rng_below(rng, s->pairs.count - first);
        uint64_t key = s->pairs.key[place];
        bool turned = gx_rng_next(rng) >> 63;
        uint32_t c = turned ? gx__pair_high(key) : gx__pair_low(key);
        uint32_t d = turned ? gx__pair_low(key) : gx__pair_high(key);
        if (gx__pair(u, c) != gx__pair(v, d) && may_tie(s, u, c, between) &&
            may_tie(s, v, d, between)) {
            forget(s, key);
            tie(s, place, u, c);
            tie(s, s->pairs.count++, v, d);
            return true;
        }
    }
    return false;
}

static void pair_all(model *s, uint64_t count, bool between, gx_rng *rng) {
    uint64_t first = s->pairs.count;
    for (int round = 0; round < ROUNDS && count > 1; round++) {
        count = pair_up(s, count, between, rng);
    }
    for (uint64_t i = 0; i + 1 < count; i += 2) {
        mend(s, first, s->stub[i], s->stub[i + 1], between, rng);
    }
}

static uint64_t add_ends(model *s, uint64_t count, uint32_t v, uint32_t ties) {
    for (uint32_t k = 0; k < ties; k++) {
        s->stub[count++] = v;
    }
    return count;
}

static gx_status tie_all(model *s, gx_error *err) {
    gx_status status = GX_OK;
    for (uint32_t c = 0; c < s->communities; c++) {
        gx_rng rng = gx__generate_rng(s->job, INSIDE, c);
        uint64_t count = 0;
        for (uint32_t i = s->start[c]; i < s->start[c + 1]; i++) {
            count = add_ends(s, count, s->roster[i], s->inside[s->roster[i]]);
        }
        if (count % 2) { /* an odd end leaves the community instead */
            s->inside[s->stub[--count]]--;
            s->outside[s->stub[count]]++;
        }
        pair_all(s, count, false, &rng);
        GX_TRY(gx_job_check(s->job, err));
    }
    uint64_t count = 0;
    for (uint32_t v = 0; v < s->n; v++) {
        count = add_ends(s, count, v, s->outside[v]);
    }
    gx_rng rng = gx__generate_rng(s->job, OUTSIDE, 0);
    pair_all(s, count, true, &rng);
done:
    return status;
}

/* ---- degrees, sizes, places ------------------------------------------------------------------ */

/* The two laws between which the mean lies. */
static gx_status find_laws(gx__power_law law[2], double mean, uint32_t high, double exponent,
                           gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    uint32_t low = 1, past = high; /* of law low the mean is at most `mean`, of law past above */
    GX_TRY(gx__power_law_make(&law[0], 1, high, exponent, job, err));
    if (mean < law[0].mean || mean > high) {
        GX_TRY(gx_fail_at(err, GX_BAD_REQUEST, "degree",
                          "a mean degree of %g cannot be with a largest of %u and this exponent; "
                          "from %.4g to %u can",
                          mean, high, law[0].mean, high));
    }
    while (past - low > 1) {
        uint32_t middle = low + (past - low) / 2;
        gx__power_law_finish(&law[0], job);
        GX_TRY(gx__power_law_make(&law[0], middle, high, exponent, job, err));
        if (law[0].mean <= mean) {
            low = middle;
        } else {
            past = middle;
        }
    }
    gx__power_law_finish(&law[0], job);
    GX_TRY(gx__power_law_make(&law[0], low, high, exponent, job, err));
    GX_TRY(gx__power_law_make(&law[1], past, high, exponent, job, err));
done:
    return status;
}

static gx_status draw_degrees(model *s, const gx_args *args, gx_error *err) {
    gx_status status = GX_OK;
    gx__power_law law[2] = {{0}, {0}};
    double mean = gx_arg_real(args, "degree");
    uint32_t high = (uint32_t)gx_arg_int(args, "max_degree");
    GX_TRY(find_laws(law, mean, high, gx_arg_real(args, "degree_exponent"), s->job, err));
    double gap = law[1].mean - law[0].mean, upper = gap > 0 ? (mean - law[0].mean) / gap : 0;
    gx_rng rng = gx__generate_rng(s->job, DEGREE, 0), split = gx__generate_rng(s->job, SPLIT, 0);
    for (uint32_t v = 0; v < s->n; v++) {
        uint32_t degree = gx__power_law_draw(&law[gx_rng_real(&rng) < upper], &rng);
        double inside = (1 - s->mu) * degree;
        s->inside[v] = (uint32_t)(inside + gx_rng_real(&split)); /* rounded by chance */
        s->outside[v] = degree - s->inside[v];
    }
done:
    gx__power_law_finish(&law[0], s->job);
    gx__power_law_finish(&law[1], s->job);
    return status;
}

/* Sizes until all members have a place; the last one's excess, or what is too little for one more
 * community, is spread over the others. */
static gx_status draw_sizes(model *s, uint32_t low, uint32_t high, double exponent, gx_error *err) {
    gx_status status = GX_OK;
    gx__power_law law = {0};
    uint32_t *count = NULL; /* of each size */
    uint32_t placed = 0;
    gx_rng rng = gx__generate_rng(s->job, SIZE, 0);
    GX_TRY(gx__power_law_make(&law, low, high, exponent, s->job, err));
    GX_TRY(gx_job_alloc(s->job, &s->size, s->n / low + 1, sizeof *s->size, err));
    while (s->n - placed >= low) {
        uint32_t size = gx__power_law_draw(&law, &rng);
        size = size < s->n - placed ? size : s->n - placed;
        s->size[s->communities++] = size;
        placed += size;
    }
    for (uint32_t c = 0; placed < s->n; c = (c + 1) % s->communities) {
        s->size[c]++;
        placed++;
    }
    uint32_t largest = 0;
    for (uint32_t c = 0; c < s->communities; c++) {
        largest = s->size[c] > largest ? s->size[c] : largest;
    }
    GX_TRY(gx_job_alloc(s->job, &count, (size_t)largest + 1, sizeof *count, err));
    for (uint32_t c = 0; c < s->communities; c++) {
        count[s->size[c]]++;
    }
    for (uint32_t size = largest, c = 0; size > 0; size--) {
        for (uint32_t k = 0; k < count[size]; k++) {
            s->size[c++] = size;
        }
    }
done:
    gx_job_free(s->job, count);
    gx__power_law_finish(&law, s->job);
    return status;
}

/* Members by falling number of ties inside. */
static gx_status order_members(uint32_t **out, const model *s, gx_error *err) {
    gx_status status = GX_OK;
    uint32_t *order = NULL, *at = NULL, most = 0;
    for (uint32_t v = 0; v < s->n; v++) {
        most = s->inside[v] > most ? s->inside[v] : most;
    }
    GX_TRY(gx_job_alloc(s->job, &order, s->n, sizeof *order, err));
    GX_TRY(gx_job_alloc(s->job, &at, (size_t)most + 2, sizeof *at, err));
    for (uint32_t v = 0; v < s->n; v++) {
        at[most - s->inside[v] + 1]++;
    }
    for (uint32_t k = 0; k < most; k++) {
        at[k + 1] += at[k];
    }
    for (uint32_t v = 0; v < s->n; v++) {
        order[at[most - s->inside[v]]++] = v;
    }
    *out = order;
    order = NULL;
done:
    gx_job_free(s->job, order);
    gx_job_free(s->job, at);
    return status;
}

/* Each to a free place in a random community large enough, weighed by free places. Where none is
 * large enough, ties leave that would have been inside. */
static gx_status place_members(model *s, gx_error *err) {
    gx_status status = GX_OK;
    uint32_t *order = NULL, *slot = NULL, *at = NULL; /* slot: communities with free places */
    uint32_t open = 0, free_places = 0;
    gx_rng rng = gx__generate_rng(s->job, PLACE, 0);
    GX_TRY(order_members(&order, s, err));
    GX_TRY(gx_job_alloc(s->job, &slot, s->n, sizeof *slot, err));
    GX_TRY(gx_job_alloc(s->job, &at, (size_t)s->communities + 1, sizeof *at, err));
    for (uint32_t i = 0; i < s->n; i++) {
        uint32_t v = order[i];
        while (open < s->communities && (s->size[open] > s->inside[v] || free_places == 0)) {
            for (uint32_t k = 0; k < s->size[open]; k++) {
                slot[free_places++] = open;
            }
            open++;
        }
        uint32_t k = (uint32_t)gx_rng_below(&rng, free_places), c = slot[k];
        slot[k] = slot[--free_places];
        if (s->inside[v] >= s->size[c]) {
            s->outside[v] += s->inside[v] - (s->size[c] - 1);
            s->inside[v] = s->size[c] - 1;
        }
        s->label[v] = c;
    }
    for (uint32_t c = 0; c < s->communities; c++) {
        s->start[c + 1] = at[c + 1] = s->start[c] + s->size[c];
        at[c] = s->start[c];
    }
    for (uint32_t v = 0; v < s->n; v++) {
        s->roster[at[s->label[v]]++] = v;
    }
done:
    gx_job_free(s->job, order);
    gx_job_free(s->job, slot);
    gx_job_free(s->job, at);
    return status;
}

static gx_status take_rosters(model *s, gx_error *err) {
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(s->job, &s->label, s->n, sizeof *s->label, err));
    GX_TRY(gx_job_alloc(s->job, &s->roster, s->n, sizeof *s->roster, err));
    GX_TRY(gx_job_alloc(s->job, &s->start, (size_t)s->communities + 1, sizeof *s->start, err));
done:
    return status;
}

/* Of the hash set: edges are half of the ends, so it is at most half full. */
static uint64_t seen_room(uint64_t ends) {
    uint64_t room = 16;
    while (room < ends) {
        room *= 2;
    }
    return room;
}

/* Room for every end and every pair. */
static gx_status take_ends(model *s, gx_error *err) {
    gx_status status = GX_OK;
    uint64_t ends = 0;
    for (uint32_t v = 0; v < s->n; v++) {
        ends += s->inside[v] + s->outside[v];
    }
    uint64_t room = seen_room(ends);
    s->mask = room - 1;
    GX_TRY(gx_job_alloc(s->job, &s->stub, ends + 1, sizeof *s->stub, err));
    GX_TRY(gx_job_alloc(s->job, &s->seen, room, sizeof *s->seen, err));
    GX_TRY(gx__pairs_grow(&s->pairs, ends / 2 + 1, s->job, err));
done:
    return status;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static gx_status check_sizes(const gx_args *args, gx_error *err) {
    int64_t n = gx_arg_int(args, "members"), low = gx_arg_int(args, "min_community");
    int64_t high = gx_arg_int(args, "max_community"), degree = gx_arg_int(args, "max_degree");
    double inside = (1 - gx_arg_real(args, "mu")) * (double)degree;
    if (low > high || low > n) {
        return gx_fail_at(err, GX_BAD_REQUEST, "min_community",
                          "min_community is %lld, max_community %lld of %lld members; they must "
                          "rise in this order",
                          (long long)low, (long long)high, (long long)n);
    }
    if (inside > (double)high - 1) {
        return gx_fail_at(err, GX_BAD_REQUEST, "max_community",
                          "max_community is %lld, but a member of max_degree has %.4g ties inside "
                          "its own; it must be larger than that",
                          (long long)high, inside);
    }
    if (degree >= n) {
        return gx_fail_at(err, GX_BAD_REQUEST, "max_degree",
                          "max_degree is %lld of %lld members; it must be smaller",
                          (long long)degree, (long long)n);
    }
    return GX_OK;
}

static gx_status expect(gx_edges_expected *out, const gx_args *args, gx_error *err) {
    uint64_t n = (uint64_t)gx_arg_int(args, "members");
    uint64_t ends = (uint64_t)(gx_arg_real(args, "degree") * (double)n);
    uint64_t sizes = 2 * (n / (uint64_t)gx_arg_int(args, "min_community") + 1);
    *out = (gx_edges_expected){.n = (uint32_t)n,
                               .m = ends / 2,
                               .mem_bytes = 16 * n + 4 * sizes + 8 * ends + 8 * seen_room(ends)};
    return check_sizes(args, err);
}

static gx_status run(gx_edges *out, const gx_args *args, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    model s = {
        .n = (uint32_t)gx_arg_int(args, "members"), .mu = gx_arg_real(args, "mu"), .job = job};
    GX_TRY(gx_job_alloc(job, &s.inside, s.n, sizeof *s.inside, err));
    GX_TRY(gx_job_alloc(job, &s.outside, s.n, sizeof *s.outside, err));
    GX_TRY(draw_degrees(&s, args, err));
    GX_TRY(draw_sizes(&s, (uint32_t)gx_arg_int(args, "min_community"),
                      (uint32_t)gx_arg_int(args, "max_community"),
                      gx_arg_real(args, "size_exponent"), err));
    GX_TRY(take_rosters(&s, err));
    GX_TRY(place_members(&s, err));
    GX_TRY(take_ends(&s, err));
    GX_TRY(tie_all(&s, err));
    gx_job_free(job, s.seen);
    s.seen = NULL;
    GX_TRY(gx__edges_settle(out, s.n, &s.pairs, job, err));
    out->label = s.label;
    s.label = NULL;
done:
    gx_job_free(job, s.inside);
    gx_job_free(job, s.outside);
    gx_job_free(job, s.size);
    gx_job_free(job, s.label);
    gx_job_free(job, s.start);
    gx_job_free(job, s.roster);
    gx_job_free(job, s.seen);
    gx_job_free(job, s.stub);
    gx__pairs_finish(&s.pairs, job);
    return status;
}

const gx_generator gx_generator_lfr = {
    .name = "lfr",
    .summary = "communities with power laws of degrees and sizes",
    .paper = "Lancichinetti, Fortunato, Radicchi: Benchmark graphs for testing community detection "
             "algorithms, 2008",
    .params = params,
    .param_count = GX_COUNT(params),
    .labels = true,
    .expect = expect,
    .run = run,
};
