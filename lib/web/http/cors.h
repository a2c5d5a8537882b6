/* cors.h - what pages of other sites may do with the hub (https://fetch.spec.whatwg.org/#http-cors-protocol): the
 * origins of --allow-origin read its answers, and send a token with their requests. Pages of the hub itself need none
 * of this. Thread safe. */
#pragma once
#include <stdbool.h>
#include "base/buf.h"
#include "web/http/head.h"

struct cors {
	struct dnc_str
		origin; /* of the request, which is allowed; borrowed. p NULL: none, or not allowed */
	bool varies;    /* answers depend on the origin: some are allowed */
	bool preflight; /* a browser asks whether it may send a request: answer 204 with cors_write_preflight(),
	                        * without asking for a token, which a preflight never has. Not set without origin */
};

/* What is said to the request, when the COUNT origins in ALLOWED may use the hub; case does not count. */
struct cors cors_read(const struct http_head *head, const char *const *allowed, size_t count);

/* Appends the fields that every answer has, "name: value\r\n" each; none when no origin is allowed. */
void cors_write(const struct cors *cors, struct dnc_buf *out);

/* Appends what the answer to a preflight has beside them. METHODS is what the path can do, as in Allow. */
void cors_write_preflight(struct dnc_buf *out, const char *methods);
