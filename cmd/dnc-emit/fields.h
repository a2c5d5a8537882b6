/* fields.h - the event that a type and KEY=VALUE arguments describe. */
#pragma once
#include "base/buf.h"
#include "options.h"

/* Writes the event as JSON into RAW, DNC_JSON_PADDING readable bytes after it. Exits if the type, a key or a value is
 * wrong. */
void fields_write(const struct options *o, struct dnc_buf *raw);
