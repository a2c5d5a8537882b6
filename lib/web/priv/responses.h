/* responses.h - how many HTTP requests were answered, by route and status. One thread. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"

/* More than there are pairs of routes and statuses. */
enum { RESPONSES_ROWS = 192 };

/* All zero is empty. A copy is valid as long as the strings, which are constant. */
struct responses {
	struct response_count {
		const char *method, *path; /* of the route; constant */
		unsigned status;
		uint64_t count;
	} row[RESPONSES_ROWS];
	size_t count;
};

/* Counts N responses with STATUS of the route METHOD PATH: "GET", "/healthz". PATH NULL: no route was found. */
void responses_count(
	struct responses *r, const char *method, const char *path, unsigned status, uint64_t n);

/* Adds the counts of FROM to TO. */
void responses_add(struct responses *to, const struct responses *from);

/* Appends dnc_http_responses_total; nothing when R is empty. */
void responses_write(const struct responses *r, struct dnc_buf *out);
