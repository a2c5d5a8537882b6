/* reply.h - writes answers to HTTP requests: head, body, and problems. In the server's thread.
 *
 * An answer whose request has a body that was not received ends the connection, and so does the last one before a
 * shutdown: its head says so. An extra header stands instead of a usual one of the same name. */
#pragma once
#include <stdbool.h>
#include "base/buf.h"
#include "base/err.h"
#include "web/http/problem.h"

struct http_connection;

/* Writes head and body; a HEAD request gets the head alone. TYPE NULL: there is no body (204, 101, 304). EXTRA may be NULL.
 * Returns 0, or -1 when the connection must be closed. */
int http_reply(struct http_connection *c, unsigned status, const char *type,
	const struct dnc_buf *body, const struct extra_header *extra);

/* Answers with a problem, which is written into the page of the server. Returns as http_reply(). */
int http_problem(struct http_connection *c, unsigned status, const char *detail);

/* The same with headers of its own; EXTRA may be NULL. */
int http_problem_with(struct http_connection *c, unsigned status, const char *detail,
	const struct extra_header *extra);

/* The same with the place and the message of ERR as its detail. */
int http_problem_error(struct http_connection *c, unsigned status, const struct dnc_error *err);

/* Closes and sends the problem that was opened in the server's page. */
int http_problem_send(struct http_connection *c, unsigned status, const struct extra_header *extra);

/* Answers OPTIONS: which methods the path allows and, for a PREFLIGHT (cors.h), what a page may send. Returns as
 * http_reply(). */
int http_reply_options(struct http_connection *c, const char *allow, bool preflight);

/* Writes the head of an answer that has no end: the body follows as it comes. Returns as http_reply(). */
int http_reply_open(struct http_connection *c, const char *type);

/* Writes the interim answer that a client awaits before it sends its body (RFC 9110 section 10.1.1). Returns as
 * http_reply(). */
int http_continue(struct http_connection *c);

/* The detail of a 503 while the server shuts down. */
extern const char http_draining[];
