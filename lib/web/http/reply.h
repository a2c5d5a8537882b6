/* reply.h - writes answers to HTTP requests: head, body, and problems. In the server's thread. */
#pragma once
#include <libwebsockets.h>
#include <stdbool.h>
#include "base/buf.h"
#include "base/err.h"
#include "web/http/problem.h"

struct responses;
struct route;

/* Writes head and body; a HEAD request gets the head alone. Returns 0 when the connection may be used again, else
 * -1. EXTRA may be NULL. */
int http_reply(struct lws *wsi, unsigned status, const char *type, const struct dnc_buf *body,
	const struct extra_header *extra);

/* Answers with a problem, which is written into PAGE. Returns as http_reply(). */
int http_problem(struct dnc_buf *page, struct lws *wsi, unsigned status, const char *detail);

/* The same with the place and the message of ERR as its detail. */
int http_problem_error(
	struct dnc_buf *page, struct lws *wsi, unsigned status, const struct dnc_error *err);

/* The detail of a 503 while the server shuts down. */
extern const char http_draining[];

/* Closes and sends the problem that was opened in PAGE. */
int http_problem_send(
	struct dnc_buf *page, struct lws *wsi, unsigned status, const struct extra_header *extra);

/* True when the request is HEAD: its answer has no body. */
bool http_is_head(struct lws *wsi);

/* Counts an answer with STATUS for the metrics. http_reply() does so by itself. */
void http_count(struct lws *wsi, unsigned status);

/* Counts an answer of ROUTE in TO, without a connection. ROUTE NULL: no route was found; the path itself is no label, or
 * clients could make any number of them. */
void http_count_answer(struct responses *to, const struct route *route, unsigned status);

/* Adds the headers that every answer has. Returns -1 when there is no room. */
int http_add_headers(
	struct lws *wsi, const struct extra_header *extra, unsigned char **p, unsigned char *end);
