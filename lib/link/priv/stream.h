/* stream.h - the stream of a source: from its bytes, decoded and split, to the lines for its owner.
 *
 * The first bytes of a source that may be packed or encoded wait in its lines until they show what it is; only then the
 * owner's `open` is called. */
#pragma once
#include "input.h"

enum stream_start {
	STREAM_FAILED = -1, /* a callback returned -1, or there is no memory */
	STREAM_UNKNOWN,     /* more bytes are needed */
	STREAM_READY,       /* it is open, and its first lines were forwarded */
	STREAM_PACKED,      /* packed; nothing was opened */
	STREAM_REFUSED,     /* the encoding can't be right, see ERR; nothing was opened */
};

/* Starts a stream of the source: calls the owner's `open`. -1 if it returns -1. */
int stream_open(struct dnc_input *in, struct input_source *s);

/* Looks at the first bytes, which are in the source's lines; with WHOLE no more follow. */
enum stream_start stream_start(
	struct dnc_input *in, struct input_source *s, bool whole, struct dnc_error *err);

/* Gives the whole lines to the owner. -1 if it returns -1 or there is no memory. */
int stream_forward(struct dnc_input *in, struct input_source *s);

/* Adds bytes of an open stream, converts them if need be, and forwards the lines. -1 as stream_forward(). */
int stream_take(struct dnc_input *in, struct input_source *s, struct dnc_str bytes);

/* Forwards the last line and calls the owner's `close` if the stream is open. Unless it was read as a WHOLE, an incomplete
 * last line is discarded. -1 as stream_forward(). */
int stream_close(struct dnc_input *in, struct input_source *s, bool whole);

/* Tells the owner that the file of the source can't be read, or no further: its version is not known any more. */
void stream_fail_file(
	struct dnc_input *in, const struct input_source *s, const struct dnc_error *err);

/* Tells the owner that the stream NAME failed: WHAT is the end of a sentence. */
void stream_fail(
	struct dnc_input *in, struct input_source *s, const char *name, struct dnc_str what);
