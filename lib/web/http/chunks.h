/* chunks.h - takes the framing off a body that comes in chunks (RFC 9112 section 7.1), strictly: lines end with CR LF,
 * extensions and trailers are what the grammar allows, and limited. Nothing is copied or allocated. Not safe for use by
 * two threads at once. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"

enum {
	CHUNK_SIZE_DIGITS = 16,        /* leading zeros included: no size is over 2^64 - 1 */
	CHUNK_LINE_BYTES = 512,        /* of a size with its extensions */
	CHUNK_TRAILER_BYTES = 8192,    /* of the last size and the trailers behind it */
	CHUNK_FRAMING_BYTES = 1048576, /* of all that is no data: chunks of a byte cost five more */
};

enum chunks_verdict {
	CHUNKS_MORE,      /* no error so far: all was read, more must follow */
	CHUNKS_DATA,      /* there is a piece of data; read on */
	CHUNKS_END,       /* the body is complete; what is left is the next request */
	CHUNKS_BAD,       /* malformed, or a line is too long */
	CHUNKS_TOO_LARGE, /* more than CHUNK_FRAMING_BYTES */
};

enum chunk_state {
	CHUNK_FIRST, /* before the first size */
	CHUNK_SIZE,  /* before another one */
	CHUNK_DIGITS,
	CHUNK_EXTENSION, /* after a ';' */
	CHUNK_NAME,
	CHUNK_NAME_BLANK,
	CHUNK_EQUALS, /* after a '=' */
	CHUNK_VALUE,
	CHUNK_QUOTED,
	CHUNK_ESCAPE,     /* after a '\' in a quoted string */
	CHUNK_QUOTED_END, /* after a quoted string */
	CHUNK_BLANK,      /* after blanks: another extension must follow */
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	CHUNK_TRAILER, /* start of a line after the last chunk */
	CHUNK_TRAILER_NAME,
	CHUNK_TRAILER_VALUE,
	CHUNK_TRAILER_LF,
	CHUNK_LAST_LF,
	CHUNK_END,
	CHUNK_BROKEN, /* nothing can be read any more */
	CHUNK_STATES,
};

/* All zero is the start of a body. */
struct chunks {
	enum chunk_state state;
	uint64_t
		left; /* bytes of the current chunk that have yet to come, once its line was read */
	unsigned digits; /* of the current size */
	size_t line;     /* bytes of framing since the last data */
	size_t framing;  /* bytes of framing in all */
};

/* Reads framing from the start of REST, up to a piece of data, the end of the body, or the end of REST. What was read
 * is taken off REST. DATA, which points into it, is set with CHUNKS_DATA alone. CHUNKS_BAD and CHUNKS_TOO_LARGE are
 * final. */
enum chunks_verdict chunks_next(struct chunks *c, struct dnc_str *rest, struct dnc_str *data);
