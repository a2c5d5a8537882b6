/* reply.h - answers to HTTP requests: head, body, and problems (RFC 9457). In the server's thread. */
#pragma once
#include <libwebsockets.h>
#include <stdbool.h>
#include "base/buf.h"

struct dnc_web;

/* A header that an answer has beside the usual ones. */
struct extra_header {
	const char *name, *value; /* "link:" */
	const struct extra_header *more;
};

/* Writes head and body. Returns 0 when the connection may be used again, else -1. EXTRA may be NULL. */
int http_reply(struct lws *wsi, unsigned status, const char *type, const struct dnc_buf *body,
	const struct extra_header *extra);

/* Answers with a problem. Returns as http_reply(). */
int http_problem(
	struct dnc_web *w, struct lws *wsi, unsigned status, const char *title, const char *detail);

/* The same with more members: begin writes into the web's page, then members are added, end sends it. */
void http_problem_begin(struct dnc_buf *b, unsigned status, const char *title, const char *detail);
int http_problem_end(
	struct dnc_web *w, struct lws *wsi, unsigned status, const struct extra_header *extra);

/* True when the request is HEAD: its answer has no body. */
bool http_is_head(struct lws *wsi);

/* Adds the headers that every answer has. Returns -1 when there is no room. */
int http_add_headers(
	struct lws *wsi, const struct extra_header *extra, unsigned char **p, unsigned char *end);
