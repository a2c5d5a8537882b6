/* lines.h - events from standard input, for --lines. */
#pragma once
#include "emission.h"

/* Reads standard input to its end, or until a signal asks to stop; a line that is incomplete then counts as one.
 * What is an event is added to the batch, what is not is written to the rejects. Exits if standard input can't be
 * read, or has too much. */
void lines_read(struct emission *e);
