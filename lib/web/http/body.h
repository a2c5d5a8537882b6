/* body.h - decodes the body of a request while it is received: chunks (chunks.h) and gzip (RFC 1952).
 * Both the bytes received and the decoded text are limited. No sockets in here. Not safe for use by two threads at
 * once. */
#pragma once
#include <stdbool.h>
#include <zlib.h>
#include "base/buf.h"
#include "web/http/chunks.h"

enum body_verdict {
	BODY_MORE,      /* no error so far: more may follow */
	BODY_END,       /* the body is complete: body_add(): received, body_end(): decoded */
	BODY_BAD_CHUNK, /* the chunks are malformed */
	BODY_BAD_GZIP,  /* not gzip, or truncated */
	BODY_TOO_LARGE,
	BODY_NO_MEMORY,
};

/* All zero is a body that is neither chunked nor compressed, of 0 bytes at most. */
struct body {
	struct dnc_buf text; /* decoded so far */
	size_t max_bytes;    /* limit of text, and of received */
	size_t received;     /* bytes, without framing */
	bool chunked, gzip;
	struct chunks chunks;
	struct dnc_buf packed; /* compressed data; the first UNPACKED bytes are done */
	size_t unpacked;
	size_t call_in,
		call_end; /* how much of it, and up to which length of the text, this call may decompress */
	bool inflating;    /* stream is in use */
	bool member_ended; /* a gzip member is complete; another may follow */
	z_stream stream;
};

/* Decodes N more bytes from the connection, but of compressed data no more than becomes some 256 KiB at once. *USED
 * is how many of them belong to the body: less than N when it ends before; what follows is the next request. Nothing
 * may be added after a result other than BODY_MORE. */
enum body_verdict body_add(struct body *b, const void *in, size_t n, size_t *used);

/* The body was received whole. Returns BODY_END, what is wrong with it, or BODY_MORE while compressed data is left, which may
 * be much text: some of it is decoded with each call. */
enum body_verdict body_end(struct body *b);

/* What it has of memory, in bytes. */
size_t body_bytes(const struct body *b);

void body_free(struct body *b);
