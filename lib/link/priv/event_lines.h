/* event_lines.h - the lines of a text that are events: what was written to a file may have been damaged since. Thread safe. */
#pragma once
#include "base/buf.h"

/* Leaves in TEXT the whole lines that are objects with an id, as all events are. Returns how many others there were; -1 without
 * memory. */
int event_lines_keep(struct dnc_buf *text);
