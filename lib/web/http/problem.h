/* problem.h - what is said of a request that fails: a JSON object of RFC 9457. No sockets in here. */
#pragma once
#include "base/buf.h"

/* A header that an answer has beside the usual ones. */
struct extra_header {
	const char *name, *value; /* "link:" */
	const struct extra_header *more;
};

/* What every answer with a status has. */
struct problem_status {
	unsigned status;
	const char *title;
	struct extra_header header; /* name NULL: none */
};

/* The row of STATUS; that of 503 for one that no problem has. */
const struct problem_status *problem_status(unsigned status);

/* Begins a problem in B, which is cleared: members may be added before http_problem_close(). DETAIL says what
 * is wrong and what the client should do. */
void http_problem_open(struct dnc_buf *b, unsigned status, const char *detail);
void http_problem_close(struct dnc_buf *b);
