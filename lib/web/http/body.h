/* body.h - the body of a request as it comes in: chunks (RFC 9112 section 7.1) and gzip (RFC 1952)
 * are taken off; what is received and what is left are bounded. No sockets in here. */
#pragma once
#include <stdbool.h>
#include <zlib.h>
#include "base/buf.h"

enum body_verdict {
	BODY_MORE,      /* as far as it goes, all is well */
	BODY_END,       /* the last chunk was read: what comes after it is no part of the body */
	BODY_BAD_CHUNK, /* the chunks are malformed */
	BODY_BAD_GZIP,  /* it is no gzip, or cut off */
	BODY_TOO_LARGE,
	BODY_NO_MEMORY,
};

enum chunk_state {
	CHUNK_SIZE,      /* digits of a size */
	CHUNK_EXTENSION, /* what follows them, until the end of the line */
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	CHUNK_TRAILER, /* the start of a line behind the last chunk */
	CHUNK_TRAILER_LINE,
	CHUNK_TRAILER_LF,
	CHUNK_LAST_LF,
	CHUNK_END,
};

/* All zero is a body that is neither chunked nor compressed, of 0 bytes at most. */
struct body {
	struct dnc_buf text; /* what has come, decompressed */
	size_t max_bytes;    /* of text, and of what was received */
	size_t received;     /* bytes that came, without framing */
	bool chunked, gzip;
	enum chunk_state state;
	bool size_digits;  /* at least one digit of the size was read */
	size_t chunk_left; /* bytes of the chunk under way */
	size_t overhead;   /* bytes of framing that were read: they are bounded, too */
	bool inflating;    /* stream is in use */
	bool member_ended; /* a member of the gzip is whole; another may follow */
	z_stream stream;
};

/* Takes N bytes as they came from the connection. Anything but BODY_MORE is the end. */
enum body_verdict body_add(struct body *b, const void *in, size_t n);

/* The connection says that the body is whole: BODY_END, or what is missing. */
enum body_verdict body_end(struct body *b);

void body_free(struct body *b);
