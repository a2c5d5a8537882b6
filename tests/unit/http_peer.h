/* http_peer.h - libwebsockets as it is played by tests of HTTP: one request, and what is answered.
 *
 * A program's own functions come before those of shared libraries. Include it in one file of a program. */
#pragma once
#include <libwebsockets.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The request. */
static struct {
	int method; /* of the library's LWSHUMETH_ */
	const char *path;
	const char *headers[WSI_TOKEN_COUNT];
	const char *args[4]; /* NAME=VALUE, decoded */
	const char *last_event_id;
	const char *address;
} peer;

static void *peer_connection; /* what the library keeps with it */

/* What was written: "STATUS TYPE LENGTH", headers and body, each header on a line of its own. */
static struct {
	char text[64 << 10];
	size_t n;
	int completed, kills, callbacks;
	bool fails; /* writes do */
	void *opaque;
} heard;

static inline void hear(const void *text, size_t n)
{
	assert_true(heard.n + n < sizeof heard.text);
	memcpy(heard.text + heard.n, text, n);
	heard.n += n;
	heard.text[heard.n] = '\0';
}

int lws_add_http_common_headers(struct lws *wsi, unsigned int code, const char *type,
	lws_filepos_t length, unsigned char **p, unsigned char *end)
{
	(void)wsi;
	*p += snprintf((char *)*p, (size_t)(end - *p), "%u %s %lld\n", code, type,
		length == LWS_ILLEGAL_HTTP_CONTENT_LEN ? -1LL : (long long)length);
	return 0;
}

int lws_add_http_header_by_name(struct lws *wsi, const unsigned char *name,
	const unsigned char *value, int length, unsigned char **p, unsigned char *end)
{
	(void)wsi;
	if (end - *p < (ptrdiff_t)strlen((const char *)name) + length + 3)
		return 1;
	*p += sprintf((char *)*p, "%s %.*s\n", (const char *)name, length, (const char *)value);
	return 0;
}

int lws_finalize_write_http_header(
	struct lws *wsi, unsigned char *start, unsigned char **p, unsigned char *end)
{
	(void)wsi;
	(void)end;
	hear(start, (size_t)(*p - start));
	return heard.fails;
}

int lws_write(struct lws *wsi, unsigned char *buf, size_t n, enum lws_write_protocol protocol)
{
	(void)wsi;
	(void)protocol;
	if (heard.fails)
		return -1;
	hear(buf, n);
	return (int)n;
}

int lws_http_transaction_completed(struct lws *wsi)
{
	(void)wsi;
	heard.completed++;
	return 0;
}

int lws_http_get_uri_and_method(struct lws *wsi, char **path, int *length)
{
	(void)wsi;
	*path = (char *)(uintptr_t)peer.path;
	*length = (int)strlen(peer.path);
	return peer.method;
}

static inline const char *header_of(enum lws_token_indexes token)
{
	if (token == WSI_TOKEN_HEAD_URI)
		return peer.method == LWSHUMETH_HEAD ? peer.path : NULL;
	return peer.headers[token];
}

int lws_hdr_total_length(struct lws *wsi, enum lws_token_indexes token)
{
	(void)wsi;
	return header_of(token) ? (int)strlen(header_of(token)) : 0;
}

static inline int copy(const char *text, char *out, int size)
{
	if (!text || (int)strlen(text) >= size)
		return text ? -1 : 0;
	return sprintf(out, "%s", text);
}

int lws_hdr_copy(struct lws *wsi, char *out, int size, enum lws_token_indexes token)
{
	(void)wsi;
	return copy(header_of(token), out, size);
}

int lws_hdr_custom_length(struct lws *wsi, const char *name, int length)
{
	(void)wsi;
	assert_memory_equal(name, "last-event-id:", (size_t)length);
	return peer.last_event_id ? (int)strlen(peer.last_event_id) : -1;
}

int lws_hdr_custom_copy(struct lws *wsi, char *out, int size, const char *name, int length)
{
	(void)wsi;
	(void)name;
	(void)length;
	return copy(peer.last_event_id, out, size);
}

int lws_hdr_fragment_length(struct lws *wsi, enum lws_token_indexes token, int index)
{
	(void)wsi;
	assert_int_equal(token, WSI_TOKEN_HTTP_URI_ARGS);
	return index < 4 && peer.args[index] ? (int)strlen(peer.args[index]) : 0;
}

int lws_hdr_copy_fragment(
	struct lws *wsi, char *out, int size, enum lws_token_indexes token, int index)
{
	return lws_hdr_fragment_length(wsi, token, index) ? copy(peer.args[index], out, size) : -1;
}

const char *lws_get_urlarg_by_name(struct lws *wsi, const char *name, char *out, int size)
{
	(void)wsi;
	for (int i = 0; i < 4 && peer.args[i]; i++)
		if (strncmp(peer.args[i], name, strlen(name)) == 0 &&
			copy(peer.args[i] + strlen(name), out, size) >= 0)
			return out;
	return NULL;
}

void *lws_wsi_user(struct lws *wsi)
{
	(void)wsi;
	return peer_connection;
}

int lws_is_ssl(struct lws *wsi)
{
	(void)wsi;
	return 0;
}

const char *lws_get_peer_simple(struct lws *wsi, char *name, size_t size)
{
	(void)wsi;
	snprintf(name, size, "%s", peer.address);
	return name;
}

lws_sockfd_type lws_get_socket_fd(struct lws *wsi)
{
	(void)wsi;
	return -1;
}

void lws_set_timeout(struct lws *wsi, enum pending_timeout reason, int seconds)
{
	(void)wsi;
	if (reason == PENDING_TIMEOUT_CLOSE_SEND && seconds == LWS_TO_KILL_ASYNC)
		heard.kills++;
}

int lws_callback_on_writable(struct lws *wsi)
{
	(void)wsi;
	heard.callbacks++;
	return 1;
}

int lws_partial_buffered(struct lws *wsi)
{
	(void)wsi;
	return 0;
}

struct lws_context *lws_get_context(const struct lws *wsi)
{
	(void)wsi;
	return NULL;
}

void lws_cancel_service(struct lws_context *context)
{
	(void)context;
}

void *lws_get_opaque_user_data(const struct lws *wsi)
{
	(void)wsi;
	return heard.opaque;
}

void lws_set_opaque_user_data(struct lws *wsi, void *data)
{
	(void)wsi;
	heard.opaque = data;
}
