/* Files into the store: one streaming reader of rows a format, one table of columns for all of
 * them. */
#ifndef GX_IMPORT_IMPORT_H
#define GX_IMPORT_IMPORT_H

#include "graph/store/store.h"

/* What `status` of an item says: it is shown, as where there is none, or in no list. A store
 * written before these words were asked for may hold another: such an item is in no list either,
 * and `guanxi check` names it. */
#define GX_ITEM_STATUS_SHOWN "on", "active"
#define GX_ITEM_STATUS_HIDDEN "hidden", "off", "deleted"
/* What an item may be, and what one is of which nothing is said. */
#define GX_ITEM_KINDS "product", "content", "event"
#define GX_ITEM_KINDS_TEXT "product, content and event"
#define GX_ITEM_KIND_ABSENT "product"
/* The kind that is spelt so; NULL: none is. */
const char *gx_item_kind(gx_slice text);
/* Whether `status`, NULL where a record has none, is such a word. */
bool gx_item_status_is_known(const gx_value *status);
/* A line to `fn` for each of the first ten items with another, and one that says how many there
 * are. Reads all records of items. */
GX_MUST_CHECK gx_status gx_item_status_check(uint64_t *out_unknown, gx_txn *txn, gx_job *job,
                                             gx_problem_fn fn, void *user, gx_error *err);

/* What members block (blocked_brands, blocked_sellers) or say to dislike (dislikes) that no item
 * has: a line to `fn` for each such field, with how many entries and the first of them. Letters of
 * any case are alike. Nothing is said where there are no items, or no such lists. Reads all records
 * of members and, where one has such a list, of items. */
GX_MUST_CHECK gx_status gx_block_lists_check(gx_txn *txn, gx_job *job, gx_problem_fn fn, void *user,
                                             gx_error *err);

typedef struct gx_import_options {
    const char *kind;   /* users, items, groups, members, ties, events, impressions, coupons; NULL:
                           from the header */
    const char *format; /* csv, tsv, jsonl; NULL: from the name and the first line */
    const char *preset; /* snap, lightgcn; NULL: none */
    const char *const *map; /* "column=name" pairs, NULL-ended; NULL: none */
    const char *source;     /* written as tag to new events' extra field `source`; NULL: none */
    const char
        *rejects; /* file of rejected rows; NULL: FILE.rejects.csv (made only when there are any) */
    const char *action; /* of lightgcn rows and of event files without the column; NULL: "view" for
                           lightgcn */
    const char *time;   /* of event files without the column ts; NULL: they need it */
    const char *tie_kind; /* of tie files without the column; NULL: "friend" */
    bool undirected;      /* ties without a `directed` column are undirected */
    bool strict;          /* unknown columns and ids that no users or items file gave are errors */
    bool keep_good;       /* write the good rows of a file that has bad ones */
    bool dry_run;         /* read and check everything, write nothing */
} gx_import_options;

#define GX_IMPORT_REASONS 32

typedef struct gx_import_report {
    char kind[16], format[16];
    uint64_t rows, created, updated, unchanged, rejected;
    uint64_t skipped; /* self ties of an edge list, which are left out */
    uint64_t new_users, new_items,
        new_groups; /* first seen in this file, in rows that only name them */
    struct {
        char reason[48];
        uint64_t count;
    } reasons[GX_IMPORT_REASONS];
    size_t reason_count;
    char ignored_columns[512]; /* comma-separated; kept as attributes where the kind is open */
    char first_reject[256];    /* "events.csv:17: value 'abc' is not a number" */
    char rejects_path[512];    /* empty: none written */
    char time_unit[32];        /* "iso8601", "seconds", "milliseconds", "mixed" */
    uint64_t conflicting; /* events whose event_id is there already, with other fields; left out */
    char first_conflict[96]; /* the event_id of the first of them, quoted; empty: none */
    uint64_t bytes;
    double cpu_s, wall_s;
} gx_import_report;

/* One file ("-": standard input), one transaction: all or nothing, unless keep_good. rejected:
 * nothing was written (or, with keep_good, the good rows were); the report says what and why in
 * either case. A file without a header and rows is no failure: report->kind is then empty, status
 * GX_OK, and err says that it is empty. */
GX_MUST_CHECK gx_status gx_import_file(gx_import_report *out, gx_store *store, const char *path,
                                       const gx_import_options *options, gx_job *job,
                                       gx_error *err);
/* Every data file of a folder, in the order users items groups coupons members ties events
 * impressions; calls `each` (may be NULL) after every file. A file that is of no kind, or cannot be
 * read, is left alone: report->kind is then empty, status GX_OK, and err says why. A file with
 * rejected rows does not stop the others (GX_REJECTED in the end); any other failure does. */
typedef void (*gx_import_each_fn)(void *user, const char *path, const gx_import_report *report,
                                  gx_status status, const gx_error *err);
GX_MUST_CHECK gx_status gx_import_folder(gx_store *store, const char *path,
                                         const gx_import_options *options, gx_import_each_fn each,
                                         void *user, gx_job *job, gx_error *err);

/* ---- rows that are not in a file ------------------------------------------------------------ */

typedef struct gx_rows_options {
    bool strict;
    const char *source; /* tag of new events; NULL: none */
} gx_rows_options;

typedef struct gx_rows_report {
    uint64_t created, updated, unchanged, new_users, new_items, new_groups;
    uint64_t conflicting; /* as in gx_import_report */
} gx_rows_report;

/* `list` holds maps, column → value, as a JSON line would have them; written into the caller's
 * write transaction. The first row that is no good is bad_request with its index, column and value;
 * the caller then undoes the transaction. `options` may be NULL. */
GX_MUST_CHECK gx_status gx_import_rows(gx_rows_report *out, gx_txn *txn, const char *kind,
                                       const gx_value *list, const gx_rows_options *options,
                                       gx_job *job, gx_error *err);

/* ---- beside a store ------------------------------------------------------------------------- */

/* Of a table (CSV, TSV, JSON lines) with a column of ids of members, as gx_import_ids knows it:
 * the id → the column `name`, or the only other one. Of what has no such header the two words of
 * each line, separated by blanks, commas or semicolons: the first → the second. Both as text, made
 * in the arena. Lines that begin with # or % are passed over; packed files are unpacked. not_found,
 * io; bad_request: a file without rows, other columns, a member twice, the line with more or fewer
 * words, and where `numbers` are wanted that of one that is none, or below 0. */
GX_MUST_CHECK gx_status gx_import_pairs(gx_value *out, const char *path, const char *name,
                                        bool numbers, gx_arena *arena, gx_error *err);
/* Ids of members, from a table (CSV, TSV, JSON lines) with a column user_id, user or id, or with
 * lists of them in a column `members`, or else one a line, packed or not: [id, …] as text in the
 * order of the file, made in the arena. Empty ones and those that begin with # are passed over, so
 * that there may be none. not_found, io; bad_request: the line of one that is no id, of a row that
 * is none, or a table of other columns. */
GX_MUST_CHECK gx_status gx_import_ids(gx_value *out, const char *path, gx_arena *arena,
                                      gx_error *err);
/* Lists of items by member, from CSV, TSV or JSON lines, packed or not, with the columns user_id,
 * item_id and rank or score (neither: in the order of the file): {user: [item, …]}, best first, as
 * text, made in the arena. not_found, io; bad_request names the line. */
GX_MUST_CHECK gx_status gx_import_lists(gx_value *out, const char *path, gx_arena *arena,
                                        gx_error *err);
/* Rows of the table of actions, from CSV, TSV, JSON lines or a JSON document ([{…}] or {actions:
 * [{…}]}), packed or not, with the columns of action.list: [{action, …}] as action.put takes them,
 * and for each where it stands ("t.csv:4", "t.json: entry 2"), made in the arena. `from` and `used`
 * are passed over, empty cells too, but for `undoes`. not_found, io, over_limit; bad_request names
 * the place and what stands there: an unknown column, no name, a name twice. What is no value of
 * its column stays a text. */
GX_MUST_CHECK gx_status gx_import_actions(gx_value *out_rows, gx_value *out_places,
                                          const char *path, gx_arena *arena, gx_error *err);

#endif
