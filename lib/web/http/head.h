/* head.h - the head of an HTTP/1 request (RFC 9112 and 9110), read strictly: what two readers could understand
 * differently is refused, so that nothing is hidden in a request that a proxy passed. No sockets in here; nothing is
 * copied or allocated. All functions are thread safe. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

enum {
	HTTP_METHOD_BYTES = 32,
	HTTP_TARGET_BYTES = 8192 + 1024, /* a query of 8 KiB fits */
	HTTP_HEAD_BYTES = 16384 + 4096,  /* a token of DNC_TOKEN_MAX fits beside it */
	HTTP_HEAD_FIELDS = 100,
};

enum http_head_verdict {
	HTTP_HEAD_MORE, /* no fault so far: read on, and ask again */
	HTTP_HEAD_READ, /* the head is whole and valid */
	HTTP_HEAD_REFUSED, /* answer with `status` and `fault`, and close: what follows can't be told from a body */
};

struct http_field {
	struct dnc_str name, value; /* as sent; the value without blanks around it */
};

/* A request. All views point into the bytes that were read (or to constant text) and are valid as long as they are at
 * their place; a moved buffer is read again. */
struct http_head {
	struct dnc_str method; /* a token, as sent: methods are case-sensitive */
	struct dnc_str path,
		query; /* of the target, not decoded; query.p NULL: no '?'. The path is "*" or starts with '/' */
	struct dnc_str
		host; /* of the Host field and the target, with its port; p NULL: none (HTTP/1.0) */
	bool http_1_0;
	struct http_field fields[HTTP_HEAD_FIELDS];
	size_t count;
	size_t bytes;    /* of the head: the body, or the next request, starts after them */
	bool chunked;    /* the body has chunks (body.h) */
	bool has_length; /* the body has `length` bytes; neither of the two: there is no body */
	uint64_t length; /* UINT64_MAX: that many, or more */
	bool close; /* the connection ends after the answer: asked for, or HTTP/1.0 without keep-alive */
	bool expects_continue; /* send 100 Continue before the body is read */
	unsigned status;       /* HTTP_HEAD_REFUSED: 400, 414, 417, 431, 501 or 505 */
	const char *fault; /* and a sentence for the client that says what to do: constant text */
};

/* Reads the head of the request that starts at P, of which N bytes are there: bytes behind the head are not looked at.
 * SCANNED counts those that were looked at before: 0 for a new request, then what the last call left in it, so that a
 * head that comes byte by byte costs linear time. What can't become a head is refused before it is whole: a line feed
 * or carriage return alone, control characters, no token at the start, a bad request line, too many bytes. One empty
 * line before the request line is allowed (RFC 9112 section 2.2). OUT has the request if HTTP_HEAD_READ is
 * returned, `status` and `fault` if HTTP_HEAD_REFUSED. */
enum http_head_verdict http_head_read(
	const char *p, size_t n, size_t *scanned, struct http_head *out);

/* The value of the field NAME, in any case; p is NULL when there is none. Of several it is the first: Host,
 * Authorization, Content-Type, Content-Length, Content-Encoding, Origin, Last-Event-ID, Sec-WebSocket-Key,
 * Sec-WebSocket-Version and Access-Control-Request-Method are refused when they are sent twice. */
struct dnc_str http_head_field(const struct http_head *head, struct dnc_str name);

/* How many fields are called NAME. */
size_t http_head_count(const struct http_head *head, struct dnc_str name);

/* The elements of a list field (RFC 9110 section 5.6.1) over all its lines: Connection, Upgrade, Accept. A comma in a
 * quoted string separates nothing; empty elements are left out. */
struct http_list {
	const struct http_head *head;
	struct dnc_str name, rest; /* of the line */
	size_t field;              /* the next one */
};

struct http_list http_list_start(const struct http_head *head, struct dnc_str name);

/* The next element, without blanks around it. False after the last one. */
bool http_list_next(struct http_list *list, struct dnc_str *element);

/* True if the list field NAME has the element TOKEN, in any case. */
bool http_head_has_token(const struct http_head *head, struct dnc_str name, struct dnc_str token);
