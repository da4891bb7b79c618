/* The sample shop: the same bytes for the same options, files that agree with each other and with
 * the truth beside them, and a world that has the shape it is said to have. */
#include "datasets/datasets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

static const char *const file_names[] = {
    "users.csv",         "items.csv",         "groups.csv",        "members.csv",
    "ties.csv",          "events.csv",        "coupons.csv",       "truth/causes.csv",
    "truth/circles.csv", "truth/members.csv", "truth/leaders.csv", "truth/decoys.csv",
    "truth/ties.csv",    "truth/fakes.csv",   "truth/roles.csv"};

/* The files that say nothing where no accounts were asked for besides: the last two. */
enum { EXTRA_FILES = 2 };

/* ---- reading ------------------------------------------------------------------------------------
 */

/* A file as a table of cells; plain, quoted and gzip'ed alike. */
typedef struct table {
    char *text;
    char **cells;
    size_t rows, columns; /* the first row is the header */
} table;

static char *read_text(const char *folder, const char *name) {
    char path[256];
    size_t size = 0, room = 1 << 16;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    gzFile file = gzopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    char *text = malloc(room + 1);
    for (int got; (got = gzread(file, text + size, (unsigned)(room - size))) > 0;) {
        size += (size_t)got;
        if (size == room) {
            room *= 2;
            text = realloc(text, room + 1);
        }
    }
    gzclose(file);
    text[size] = '\0';
    return text;
}

/* Cuts the next cell out of *io_at in place; *end is what ended it. */
static char *next_cell(char **io_at, char *end) {
    char *cell = *io_at, *to = cell, *from = cell;
    bool quoted = *from == '"';
    from += quoted;
    while (quoted ? *from != '"' || from[1] == '"' : *from != ',' && *from != '\n') {
        assert_true(*from != '\0');
        from += quoted && *from == '"';
        *to++ = *from++;
    }
    from += quoted;
    *end = *from;
    *to = '\0';
    *io_at = from + 1;
    return cell;
}

static table read_table(const char *folder, const char *name) {
    table out = {.text = read_text(folder, name)};
    assert_non_null(out.text);
    size_t room = 0, count = 0;
    char *at = out.text, end;
    while (*at != '\0') {
        if (count == room) {
            room = room * 2 + 1024;
            out.cells = realloc(out.cells, room * sizeof *out.cells);
        }
        out.cells[count++] = next_cell(&at, &end);
        if (end == '\n') {
            out.columns = out.rows == 0 ? count : out.columns;
            out.rows++;
            assert_int_equal(count, out.rows * out.columns);
        }
    }
    return out;
}

static void drop(table *from) {
    free(from->text);
    free(from->cells);
}

static size_t column_of(const table *of, const char *name) {
    for (size_t i = 0; i < of->columns; i++) {
        if (strcmp(of->cells[i], name) == 0) {
            return i;
        }
    }
    fail_msg("there is no column %s", name);
    return 0;
}

static const char *cell(const table *of, size_t row, size_t column) {
    return of->cells[row * of->columns + column];
}

/* "u17", "sku-3", "c9": the number; UINT32_MAX for an empty cell. */
static uint32_t number(const char *id) {
    const char *digits = strpbrk(id, "0123456789");
    return digits == NULL ? UINT32_MAX : (uint32_t)strtoul(digits, NULL, 10);
}

/* ---- one shop that most tests look at
 * -------------------------------------------------------------- */

enum { USERS = 2000 };
static char folder[64], other[64];

static void remove_shop(const char *path) {
    char name[256];
    for (size_t i = 0; i < GX_COUNT(file_names); i++) {
        snprintf(name, sizeof name, "%s/%s", path, file_names[i]);
        unlink(name);
        snprintf(name, sizeof name, "%s/%s.gz", path, file_names[i]);
        unlink(name);
    }
    snprintf(name, sizeof name, "%s/truth", path);
    rmdir(name);
    rmdir(path);
}

static gx_status try_write(const char *path, gx_shop_options options, gx_error *err) {
    gx_job job;
    gx_job_init(&job, 1, 1);
    gx_status status = gx_shop_write(path, &options, &job, err);
    assert_int_equal(job.mem_used, 0);
    return status;
}

static void write_shop(const char *path, gx_shop_options options) {
    gx_error err = {0};
    if (try_write(path, options, &err) != GX_OK) {
        fail_msg("%s %s", err.at, err.message);
    }
}

static int make_shop(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/gx-shop-XXXXXX");
    snprintf(other, sizeof other, "/tmp/gx-shop-XXXXXX");
    if (mkdtemp(folder) == NULL || mkdtemp(other) == NULL) {
        return -1;
    }
    write_shop(folder, (gx_shop_options){.users = USERS, .seed = 7});
    return 0;
}

static int drop_shop(void **state) {
    (void)state;
    remove_shop(folder);
    remove_shop(other);
    return 0;
}

static void assert_same_text(const char *left, const char *right, const char *name,
                             const char *right_name) {
    char *a = read_text(left, name), *b = read_text(right, right_name);
    assert_non_null(a);
    assert_non_null(b);
    if (strcmp(a, b) != 0) {
        fail_msg("%s differs", name);
    }
    free(a);
    free(b);
}

/* ---- bytes
 * --------------------------------------------------------------------------------------- */

static void the_same_seed_gives_the_same_bytes(void **state) {
    (void)state;
    write_shop(other, (gx_shop_options){.users = USERS, .seed = 7});
    for (size_t i = 0; i < GX_COUNT(file_names); i++) {
        assert_same_text(folder, other, file_names[i], file_names[i]);
    }
    write_shop(other, (gx_shop_options){.users = USERS, .seed = 8});
    for (size_t i = 0; i < GX_COUNT(file_names) - EXTRA_FILES; i++) {
        char *a = read_text(folder, file_names[i]), *b = read_text(other, file_names[i]);
        assert_string_not_equal(a, b);
        free(a);
        free(b);
    }
}

static void gzip_holds_the_same(void **state) {
    (void)state;
    write_shop(other, (gx_shop_options){.users = USERS, .seed = 7, .gzip = true});
    for (size_t i = 0; i < GX_COUNT(file_names); i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.gz", file_names[i]);
        assert_same_text(folder, other, file_names[i], name);
    }
}

/* Golden numbers of one small shop: what any change of the generator moves, on any machine. */
static void it_does_not_change_by_itself(void **state) {
    (void)state;
    write_shop(other, (gx_shop_options){.users = 50, .seed = 1});
    uint64_t hash = 0;
    for (size_t i = 0; i < GX_COUNT(file_names) - EXTRA_FILES; i++) {
        char *text = read_text(other, file_names[i]);
        for (const char *at = text; *at != '\0'; at++) {
            hash = gx_mix64(hash ^ (uint8_t)*at);
        }
        free(text);
    }
    assert_int_equal(hash, UINT64_C(0x5386c77f38fd1528));
}

/* With accounts besides every file begins with the bytes it has without them. */
static void accounts_besides_change_nothing_else(void **state) {
    (void)state;
    const gx_shop_options options = {.users = USERS, .seed = 7, .fakes = 6, .players = 2};
    write_shop(other, options);
    for (size_t i = 0; i < GX_COUNT(file_names); i++) {
        char *without = read_text(folder, file_names[i]), *with = read_text(other, file_names[i]);
        if (strncmp(with, without, strlen(without)) != 0) {
            fail_msg("%s does not begin as without accounts besides", file_names[i]);
        }
        free(without);
        free(with);
    }
    table fakes = read_table(other, "truth/fakes.csv"),
          roles = read_table(other, "truth/roles.csv");
    table users = read_table(other, "users.csv"), ties = read_table(other, "ties.csv");
    size_t players = 0, followed = 0;
    for (size_t row = 1; row < fakes.rows; row++) {
        assert_in_range(number(cell(&fakes, row, 0)), USERS + 1, users.rows - 1);
        assert_in_range(number(cell(&fakes, row, 3)), 0, 5);
    }
    for (size_t row = 1; row < roles.rows; row++) {
        players += number(cell(&roles, row, 0)) > USERS;
    }
    assert_int_equal(fakes.rows - 1 + players, users.rows - 1 - USERS);
    assert_int_equal(players, 2 * 8);
    for (size_t row = 1; row < ties.rows; row++) { /* of the first star, whose number is known */
        followed += number(cell(&ties, row, 1)) == USERS + 1;
    }
    assert_in_range(followed, 30, 120);
    drop(&fakes);
    drop(&roles);
    drop(&users);
    drop(&ties);
    gx_error err = {0};
    assert_int_equal(try_write(other, (gx_shop_options){.users = 50, .fakes = 3001}, &err),
                     GX_BAD_REQUEST);
    assert_string_equal(err.at, "fakes");
    for (uint32_t seed = 1; seed < 30; seed++) { /* circles of a few members, and one */
        write_shop(other, (gx_shop_options){
                              .users = 50 + seed, .seed = seed, .fakes = seed, .players = 3});
    }
}

/* ---- files agree
 * ---------------------------------------------------------------------------------- */

static void counts(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t least, most;
    } expected[] = {{"users.csv", USERS, USERS},
                    {"items.csv", 640, 660},
                    {"groups.csv", 40, 120},
                    {"members.csv", USERS * 8 / 10, USERS * 14 / 10},
                    {"ties.csv", USERS * 4, USERS * 9},
                    {"events.csv", USERS * 20, USERS * 45},
                    {"coupons.csv", 40, 120},
                    {"truth/causes.csv", USERS * 4, USERS * 9},
                    {"truth/circles.csv", USERS, USERS},
                    {"truth/members.csv", USERS, USERS},
                    {"truth/leaders.csv", 40, 120},
                    {"truth/decoys.csv", 14, 40}};
    for (size_t i = 0; i < GX_COUNT(expected); i++) {
        table file = read_table(folder, expected[i].name);
        assert_in_range(file.rows - 1, expected[i].least, expected[i].most);
        drop(&file);
    }
}

static void events_are_in_order(void **state) {
    (void)state;
    table events = read_table(folder, "events.csv"), items = read_table(folder, "items.csv");
    size_t id = column_of(&events, "event_id"), user = column_of(&events, "user_id");
    size_t item = column_of(&events, "item_id"), ts = column_of(&events, "ts");
    size_t action = column_of(&events, "action"), value = column_of(&events, "value");
    for (size_t row = 1; row < events.rows; row++) {
        assert_int_equal(number(cell(&events, row, id)), row);
        assert_in_range(number(cell(&events, row, user)), 1, USERS);
        assert_in_range(number(cell(&events, row, item)), 1, items.rows - 1);
        const char *at = cell(&events, row, ts);
        assert_int_equal(strlen(at), 20);
        assert_true(strcmp(at, "2025-10-31T23:00:00Z") > 0);
        assert_true(strcmp(at, "2026-11-01T00:00:00Z") < 0);
        bool rated = strcmp(cell(&events, row, action), "rate") == 0;
        assert_int_equal(rated, cell(&events, row, value)[0] != '\0');
    }
    drop(&events);
    drop(&items);
}

/* The sorted pairs of a file of ties: directed ones as they are, others both ways. */
static uint64_t *read_pairs(size_t *out_count, bool directed) {
    table ties = read_table(folder, "ties.csv");
    size_t src = column_of(&ties, "src"), dst = column_of(&ties, "dst");
    size_t is_directed = column_of(&ties, "directed");
    uint64_t *pairs = malloc(2 * ties.rows * sizeof *pairs);
    size_t count = 0;
    for (size_t row = 1; row < ties.rows; row++) {
        uint64_t a = number(cell(&ties, row, src)), b = number(cell(&ties, row, dst));
        assert_true(a != b);
        if ((strcmp(cell(&ties, row, is_directed), "true") == 0) == directed) {
            pairs[count++] = a << 32 | b;
            if (!directed) {
                pairs[count++] = b << 32 | a;
            }
        }
    }
    drop(&ties);
    *out_count = count;
    return pairs;
}

static int pair_order(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

static bool has_pair(const uint64_t *pairs, size_t count, uint64_t a, uint64_t b) {
    uint64_t key = a << 32 | b;
    return bsearch(&key, pairs, count, sizeof *pairs, pair_order) != NULL;
}

static void no_tie_is_there_twice(void **state) {
    (void)state;
    for (int directed = 0; directed < 2; directed++) {
        size_t count;
        uint64_t *pairs = read_pairs(&count, directed);
        qsort(pairs, count, sizeof *pairs, pair_order);
        for (size_t i = 1; i < count; i++) {
            assert_true(pairs[i] != pairs[i - 1]);
        }
        free(pairs);
    }
}

static uint32_t *read_circles(void) {
    table circles = read_table(folder, "truth/circles.csv");
    uint32_t *out = calloc(USERS + 1, sizeof *out);
    for (size_t row = 1; row < circles.rows; row++) {
        out[number(cell(&circles, row, 0))] = number(cell(&circles, row, 1));
    }
    drop(&circles);
    return out;
}

/* ---- causes
 * ---------------------------------------------------------------------------------------- */

enum { INTEREST, FRIENDS, CIRCLE, LEADER, CAUSES };
static const char *const cause_names[CAUSES] = {"interest", "friends", "circle", "leader"};

static int cause_of(const char *name) {
    for (int i = 0; i < CAUSES; i++) {
        if (strcmp(name, cause_names[i]) == 0) {
            return i;
        }
    }
    fail_msg("%s is no cause", name);
    return 0;
}

static void each_cause_is_possible(void **state) {
    (void)state;
    table causes = read_table(folder, "truth/causes.csv");
    table events = read_table(folder, "events.csv"), items = read_table(folder, "items.csv");
    size_t friend_count, follow_count, bought = 0, silent = 0, led = 0;
    uint64_t *friends = read_pairs(&friend_count, false),
             *follows = read_pairs(&follow_count, true);
    uint32_t *circle = read_circles();
    size_t user_at = column_of(&events, "user_id"), via_at = column_of(&events, "via");
    size_t item_at = column_of(&events, "item_id"), action_at = column_of(&events, "action");
    size_t category_at = column_of(&items, "category");
    qsort(friends, friend_count, sizeof *friends, pair_order);
    qsort(follows, follow_count, sizeof *follows, pair_order);
    for (size_t row = 1; row < causes.rows; row++) {
        size_t event = number(cell(&causes, row, 0));
        int cause = cause_of(cell(&causes, row, 1));
        const char *who = cell(&causes, row, 2), *via = cell(&events, event, via_at);
        uint32_t user = number(cell(&events, event, user_at));
        assert_string_equal(cell(&events, event, action_at), "buy");
        if (cause == INTEREST) {
            uint32_t item = number(cell(&events, event, item_at));
            assert_string_equal(cell(&items, item, category_at), who);
        } else if (cause == CIRCLE) {
            assert_int_equal(circle[user], number(who));
        } else {
            const uint64_t *ties = cause == FRIENDS ? friends : follows;
            assert_true(
                has_pair(ties, cause == FRIENDS ? friend_count : follow_count, user, number(who)));
            silent += via[0] == '\0';
            led++;
        }
        assert_true(via[0] == '\0' || strcmp(via, who) == 0);
    }
    for (size_t row = 1; row < events.rows; row++) {
        bought += strcmp(cell(&events, row, action_at), "buy") == 0;
    }
    assert_int_equal(bought, causes.rows - 1);
    assert_in_range(silent * 100 / led, 5, 25);
    free(circle);
    free(friends);
    free(follows);
    drop(&items);
    drop(&events);
    drop(&causes);
}

/* Of what members bought who are swayed by X most, X caused at least twice the share that it caused
 * of what the others bought. */
static void members_are_swayed_as_planted(void **state) {
    (void)state;
    table members = read_table(folder, "truth/members.csv");
    table events = read_table(folder, "events.csv"),
          causes = read_table(folder, "truth/causes.csv");
    uint8_t most[USERS + 1] = {0};
    uint32_t made[CAUSES][CAUSES] = {{0}}; /* by what sways the member most, by cause */
    for (size_t row = 1; row < members.rows; row++) {
        uint32_t user = number(cell(&members, row, 0));
        double sum = 0, best = -1;
        for (int cause = 0; cause < CAUSES; cause++) {
            double sway =
                strtod(cell(&members, row, column_of(&members, cause_names[cause])), NULL);
            sum += sway;
            most[user] = sway > best ? (uint8_t)cause : most[user];
            best = sway > best ? sway : best;
        }
        assert_true(sum > 0.999 && sum < 1.001 && best >= 0.4);
    }
    for (size_t row = 1; row < causes.rows; row++) {
        uint32_t user = number(cell(&events, number(cell(&causes, row, 0)), 1));
        made[most[user]][cause_of(cell(&causes, row, 1))]++;
    }
    for (int cause = 0; cause < CAUSES; cause++) {
        double own = 0, own_all = 0, others = 0, others_all = 0;
        for (int by = 0; by < CAUSES; by++) {
            for (int of = 0; of < CAUSES; of++) {
                *(by == cause ? &own_all : &others_all) += made[by][of];
            }
            *(by == cause ? &own : &others) += made[by][cause];
        }
        assert_true(own / own_all > 2 * others / others_all);
    }
    drop(&causes);
    drop(&events);
    drop(&members);
}

/* Every share gives each friend one chance. Some of what is expected is lost: to those who bought
 * already, had not joined yet, or would have bought after the end of the log. */
static void friends_buy_as_often_as_the_ties_say(void **state) {
    (void)state;
    table ties = read_table(folder, "truth/ties.csv");
    table events = read_table(folder, "events.csv"),
          causes = read_table(folder, "truth/causes.csv");
    double reached[USERS + 1] = {0}, expected = 0, seen = 0;
    for (size_t row = 1; row < ties.rows; row++) {
        double chance = strtod(cell(&ties, row, 2), NULL);
        assert_true(chance > 0 && chance <= 0.5);
        reached[number(cell(&ties, row, 0))] += chance;
    }
    size_t action = column_of(&events, "action"), campaign = column_of(&events, "campaign");
    for (size_t row = 1; row < events.rows; row++) {
        bool share = strcmp(cell(&events, row, action), "share") == 0;
        if (share && cell(&events, row, campaign)[0] == '\0') { /* not a leader's */
            expected += reached[number(cell(&events, row, 1))];
        }
    }
    for (size_t row = 1; row < causes.rows; row++) {
        seen += cause_of(cell(&causes, row, 1)) == FRIENDS;
    }
    assert_true(seen > 0.75 * expected && seen < 1.02 * expected);
    drop(&causes);
    drop(&events);
    drop(&ties);
}

/* What the share of a leader brings about, grows with its strength; nobody buys because of a decoy.
 */
static void leaders_are_heeded_and_decoys_are_not(void **state) {
    (void)state;
    table leaders = read_table(folder, "truth/leaders.csv");
    table decoys = read_table(folder, "truth/decoys.csv");
    table causes = read_table(folder, "truth/causes.csv");
    uint32_t bought[USERS + 1] = {0}, followers[USERS + 1] = {0}, most_followed = 0;
    size_t count;
    uint64_t *follows = read_pairs(&count, true);
    for (size_t i = 0; i < count; i++) {
        followers[(uint32_t)follows[i]]++;
    }
    for (size_t row = 1; row < causes.rows; row++) {
        if (cause_of(cell(&causes, row, 1)) == LEADER) {
            bought[number(cell(&causes, row, 2))]++;
        }
    }
    double rate[2] = {0};
    uint32_t rated[2] = {0}, heeded = 0;
    for (size_t row = 1; row < leaders.rows; row++) {
        uint32_t user = number(cell(&leaders, row, 0));
        int strong = strtod(cell(&leaders, row, 3), NULL) >= 0.6;
        heeded += bought[user] > 0;
        most_followed = followers[user] > most_followed ? followers[user] : most_followed;
        rate[strong] += bought[user];
        rated[strong] += followers[user];
    }
    assert_true(heeded > (leaders.rows - 1) * 9 / 10);
    assert_true(rate[1] / rated[1] > 1.3 * rate[0] / rated[0]);
    for (size_t row = 1; row < decoys.rows; row++) {
        assert_int_equal(bought[number(cell(&decoys, row, 0))], 0);
        assert_true(followers[number(cell(&decoys, row, 0))] > 20);
    }
    assert_true(most_followed > 60);
    free(follows);
    drop(&causes);
    drop(&decoys);
    drop(&leaders);
}

/* ---- shape
 * ------------------------------------------------------------------------------------------ */

static int falling(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return a > b ? -1 : a < b;
}

/* Share of the total that the first hundredth has. */
static double share_of_top(uint32_t *values, size_t count) {
    double all = 0, top = 0;
    qsort(values, count, sizeof *values, falling);
    for (size_t i = 0; i < count; i++) {
        all += values[i];
        top += i < count / 100 ? values[i] : 0;
    }
    return top / all;
}

static void tails_are_heavy(void **state) {
    (void)state;
    size_t count;
    uint32_t degree[USERS] = {0}, active[USERS] = {0}, sold[4096] = {0};
    uint64_t *pairs = read_pairs(&count, false);
    table events = read_table(folder, "events.csv");
    size_t item_at = column_of(&events, "item_id"), action_at = column_of(&events, "action");
    for (size_t i = 0; i < count; i++) {
        degree[(pairs[i] >> 32) - 1]++;
    }
    for (size_t row = 1; row < events.rows; row++) {
        active[number(cell(&events, row, 1)) - 1]++;
        if (strcmp(cell(&events, row, action_at), "buy") == 0) {
            sold[number(cell(&events, row, item_at))]++;
        }
    }
    double mean = (double)count / USERS;
    assert_true(mean > 6 && mean < 12);
    assert_true(share_of_top(degree, USERS) > 0.035);
    assert_true(degree[0] > 6 * mean);
    assert_true(share_of_top(active, USERS) > 0.05);
    assert_true(share_of_top(sold, 600) > 0.04);
    free(pairs);
    drop(&events);
}

/* Mean over the circles of ties that leave it / ends of ties in it. */
static double mean_conductance(const uint64_t *pairs, size_t count, const uint32_t *circle) {
    double ends[USERS] = {0}, leaving[USERS] = {0}, sum = 0, circles = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t a = (uint32_t)(pairs[i] >> 32), b = (uint32_t)pairs[i];
        ends[circle[a]]++;
        leaving[circle[a]] += circle[a] != circle[b];
    }
    for (uint32_t c = 0; c < USERS; c++) {
        sum += ends[c] > 0 ? leaving[c] / ends[c] : 0;
        circles += ends[c] > 0;
    }
    return sum / circles;
}

static void circles_are_close(void **state) {
    (void)state;
    size_t count;
    uint64_t *pairs = read_pairs(&count, false);
    uint32_t *circle = read_circles();
    assert_true(mean_conductance(pairs, count, circle) < 0.25);
    gx_rng rng = gx_rng_at(1, 2);
    for (uint32_t i = USERS; i > 1; i--) { /* the same sizes, other members */
        uint32_t j = 1 + (uint32_t)gx_rng_below(&rng, i), moved = circle[i];
        circle[i] = circle[j];
        circle[j] = moved;
    }
    assert_true(mean_conductance(pairs, count, circle) > 0.95);
    free(circle);
    free(pairs);
}

/* Members of one circle share region and favourite far more often than any two members do. */
static void circles_are_alike(void **state) {
    (void)state;
    table users = read_table(folder, "users.csv"),
          members = read_table(folder, "truth/members.csv");
    uint32_t *circle = read_circles();
    size_t region = column_of(&users, "region"), taste = column_of(&members, "favourite");
    double same[2][2] = {{0}}, pairs[2] = {0};
    for (size_t a = 1; a <= USERS; a += 3) {
        for (size_t b = a + 1; b <= USERS; b++) {
            int near = circle[a] == circle[b];
            pairs[near]++;
            same[near][0] += strcmp(cell(&users, a, region), cell(&users, b, region)) == 0;
            same[near][1] += strcmp(cell(&members, a, taste), cell(&members, b, taste)) == 0;
        }
    }
    assert_true(same[1][0] / pairs[1] > 3 * same[0][0] / pairs[0]);
    assert_true(same[1][1] / pairs[1] > 5 * same[0][1] / pairs[0]);
    free(circle);
    drop(&members);
    drop(&users);
}

/* ---- options and failure
 * -------------------------------------------------------------------------------- */

static void any_size(void **state) {
    (void)state;
    static const uint32_t sizes[] = {50, 51, 64, 97, 130, 333};
    for (size_t i = 0; i < GX_COUNT(sizes); i++) {
        for (uint64_t seed = 0; seed < 5; seed++) {
            write_shop(other, (gx_shop_options){.users = sizes[i], .seed = seed});
            table users = read_table(other, "users.csv"), events = read_table(other, "events.csv");
            assert_int_equal(users.rows - 1, sizes[i]);
            assert_true(events.rows > 5 * sizes[i]);
            drop(&events);
            drop(&users);
        }
    }
}

static void as_many_events_as_asked_for(void **state) {
    (void)state;
    write_shop(other, (gx_shop_options){.users = 100, .seed = 1, .events = 30000});
    table more = read_table(other, "events.csv"), causes = read_table(other, "truth/causes.csv");
    assert_int_equal(more.rows - 1, 30000);
    write_shop(other, (gx_shop_options){.users = 100, .seed = 1});
    table fewer = read_table(other, "events.csv"), same = read_table(other, "truth/causes.csv");
    assert_true(fewer.rows < 10000);
    assert_int_equal(causes.rows, same.rows);
    drop(&more);
    drop(&fewer);
    drop(&causes);
    drop(&same);
}

static void what_is_refused(void **state) {
    (void)state;
    gx_error err = {0};
    assert_int_equal(try_write(other, (gx_shop_options){.users = 49}, &err), GX_BAD_REQUEST);
    assert_non_null(strstr(err.message, "49"));
    assert_int_equal(try_write(other, (gx_shop_options){.users = 10000001}, &err), GX_BAD_REQUEST);
    assert_int_equal(try_write("/tmp/gx-no-such/x", (gx_shop_options){.users = 50}, &err),
                     GX_NOT_FOUND);
}

static void it_stops(void **state) {
    (void)state;
    gx_job job;
    gx_shop_options options = {.users = 100, .seed = 1};
    remove_shop(other);
    gx_job_init(&job, 1, 1);
    gx_job_cancel(&job);
    assert_int_equal(gx_shop_write(other, &options, &job, NULL), GX_CANCELLED);
    gx_job_init(&job, 1, 1);
    job.mem_limit = 10000;
    assert_int_equal(gx_shop_write(other, &options, &job, NULL), GX_OVER_LIMIT);
    assert_int_equal(job.mem_used, 0);
    assert_int_not_equal(access(other, F_OK), 0);
}

static void failing_allocator(void **state) {
    (void)state;
    uint64_t live = gx_alloc_live_blocks();
    gx_status status = GX_NO_MEMORY;
    for (uint64_t k = 1; status != GX_OK; k++) {
        gx_alloc_fail_at(k);
        status = try_write(
            other, (gx_shop_options){.users = 50, .seed = 1, .fakes = 3, .players = 1}, NULL);
        gx_alloc_fail_at(0);
        assert_true(status == GX_OK || status == GX_NO_MEMORY);
        assert_int_equal(gx_alloc_live_blocks(), live);
        assert_true(k < 100);
        char name[128];
        snprintf(name, sizeof name, "%s/truth/ties.csv.tmp", other);
        assert_int_not_equal(access(name, F_OK), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_bytes),
        cmocka_unit_test(gzip_holds_the_same),
        cmocka_unit_test(it_does_not_change_by_itself),
        cmocka_unit_test(accounts_besides_change_nothing_else),
        cmocka_unit_test(counts),
        cmocka_unit_test(events_are_in_order),
        cmocka_unit_test(no_tie_is_there_twice),
        cmocka_unit_test(each_cause_is_possible),
        cmocka_unit_test(members_are_swayed_as_planted),
        cmocka_unit_test(friends_buy_as_often_as_the_ties_say),
        cmocka_unit_test(leaders_are_heeded_and_decoys_are_not),
        cmocka_unit_test(tails_are_heavy),
        cmocka_unit_test(circles_are_close),
        cmocka_unit_test(circles_are_alike),
        cmocka_unit_test(any_size),
        cmocka_unit_test(as_many_events_as_asked_for),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(it_stops),
        cmocka_unit_test(failing_allocator),
    };
    return cmocka_run_group_tests(tests, make_shop, drop_shop);
}
