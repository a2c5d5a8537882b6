/* body.h - decodes the body of a request while it is received: chunks (RFC 9112 section 7.1) and gzip (RFC 1952).
 * Both the bytes received and the decoded text are limited. No sockets in here. Not safe for use by two threads at
 * once. */
#pragma once
#include <stdbool.h>
#include <zlib.h>
#include "base/buf.h"

enum body_verdict {
	BODY_MORE,      /* no error so far: more may follow */
	BODY_END,       /* the body is complete; bytes after the last chunk are not part of it */
	BODY_BAD_CHUNK, /* the chunks are malformed */
	BODY_BAD_GZIP,  /* not gzip, or truncated */
	BODY_TOO_LARGE,
	BODY_NO_MEMORY,
};

enum chunk_state {
	CHUNK_SIZE,      /* digits of a size */
	CHUNK_EXTENSION, /* after the size, to the end of the line */
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	CHUNK_TRAILER, /* start of a line after the last chunk */
	CHUNK_TRAILER_LINE,
	CHUNK_TRAILER_LF,
	CHUNK_LAST_LF,
	CHUNK_END,
};

/* All zero is a body that is neither chunked nor compressed, of 0 bytes at most. */
struct body {
	struct dnc_buf text; /* decoded so far */
	size_t max_bytes;    /* limit of text, and of received */
	size_t received;     /* bytes, without framing */
	bool chunked, gzip;
	enum chunk_state state;
	bool size_digits;  /* at least one digit of the size was read */
	size_t chunk_left; /* bytes left of the current chunk */
	size_t overhead;   /* bytes of framing read; limited, too */
	bool inflating;    /* stream is in use */
	bool member_ended; /* a gzip member is complete; another may follow */
	z_stream stream;
};

/* Decodes N more bytes from the connection. Nothing may be added after a result other than BODY_MORE. */
enum body_verdict body_add(struct body *b, const void *in, size_t n);

/* The connection has reached the end of the body. Returns BODY_END, or what is wrong with it. */
enum body_verdict body_end(struct body *b);

void body_free(struct body *b);
