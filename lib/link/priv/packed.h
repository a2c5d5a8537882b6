/* packed.h - a source that is packed: each of its members is a stream of its own. */
#pragma once
#include "input.h"

/* Starts to unpack the source, whose first bytes are in its lines. -1 if there is no memory; 1 if it can't be unpacked, which
 * was told to the owner. */
int packed_start(struct dnc_input *in, struct input_source *s);

/* Takes the next part that was unpacked. 1 when the source is at its end, -1 if a callback returns -1 or there is no
 * memory. */
int packed_read(struct dnc_input *in, struct input_source *s);

/* Frees what packed_start() has made. */
void packed_finish(struct input_source *s);
