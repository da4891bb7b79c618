/* The store's tables as files: what is exported reads back as the same store. */
#ifndef GX_IMPORT_EXPORT_H
#define GX_IMPORT_EXPORT_H

#include "graph/store/store.h"

typedef gx_status (*gx_export_write_fn)(void *user, const char *bytes, size_t size, gx_error *err);

/* `kind`: users, items, groups, coupons, members, ties, events, impressions; `format`: csv, tsv or
 * jsonl. Rows in the store's order, columns in the table's order; with csv and tsv the fields that
 * some row has, in a header, then further fields by name. Written in blocks of about 64 KiB.
 *
 * JSONL reads back exactly. CSV has no types: a further field whose text looks like a number (see
 * docs/import.md) comes back as that number.
 */
GX_MUST_CHECK gx_status gx_export_table(gx_txn *txn, const char *kind, const char *format,
                                        gx_export_write_fn write, void *user, gx_job *job,
                                        gx_error *err);

#endif
