/* Files of events, given by flags, as a throwaway store that is asked. */
#ifndef GX_CLI_FILES_H
#define GX_CLI_FILES_H

#include "cli/verb.h"
#include "graph/import/import.h"

/* Purchases have weight 1 and are the plain positive of every model. */
#define GX_TRAIN_ACTION "buy"

/* Imports a file of events, under `action` where it has no such column or, with `always`, even
 * where it has; or of another kind (action NULL). Says how many rows there were. */
GX_MUST_CHECK gx_status gx_file_read(gx_store *store, gx_command *command, const char *path,
                                     const char *kind, const char *action, bool always,
                                     gx_error *err);
/* Fills a throwaway store, makes it the command's target, asks, and removes it. */
GX_MUST_CHECK gx_status
gx_with_files(gx_value *out, gx_command *command,
              gx_status (*fill)(gx_store *store, gx_command *command, gx_error *err),
              gx_status (*ask)(gx_value *out, gx_command *command, gx_error *err), gx_error *err);

#endif
