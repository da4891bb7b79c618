/* Writing a CSV cell: quoted where it has to be. For the rejects file and the export. */
#ifndef GX_IMPORT_TEXT_H
#define GX_IMPORT_TEXT_H

#include "graph/codec/codec.h"

void gx__csv_cell(gx_buffer *out, gx_slice text);

#endif
