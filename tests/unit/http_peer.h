/* http_peer.h - libwebsockets as it is played by tests of HTTP: one connection, what it sends, and what is answered.
 *
 * A program's own functions come before those of shared libraries. Include it in one file of a program. */
#pragma once
#include <libwebsockets.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "web/http/connection.h"

/* The request: its lines are joined by peer_write(). */
static struct {
	const char *method, *path;
	const char *args[4];    /* NAME=VALUE, as they stand in the address */
	const char *headers[8]; /* "Name: value" */
	const char *host;       /* NULL: no Host */
	const char *address;
} peer;

/* What was written: without "HTTP/1.1 " and carriage returns. */
static struct {
	char text[64 << 10];
	size_t n;
	int kills, callbacks, shutdowns;
	bool fails, full; /* writes do; the library keeps a part of each */
	bool buffered, paused;
} heard;

static inline void add_header(const char *line)
{
	size_t i = 0;

	while (i < 7 && peer.headers[i])
		i++;
	peer.headers[i] = line;
}

/* Writes the request's head to OUT, and returns its bytes. */
static inline size_t peer_write(char *out, size_t size)
{
	size_t n = (size_t)snprintf(out, size, "%s %s", peer.method, peer.path);

	for (int i = 0; i < 4 && peer.args[i]; i++)
		n += (size_t)snprintf(out + n, size - n, "%c%s", i ? '&' : '?', peer.args[i]);
	n += (size_t)snprintf(out + n, size - n, " HTTP/1.1\r\n");
	if (peer.host)
		n += (size_t)snprintf(out + n, size - n, "Host: %s\r\n", peer.host);
	for (int i = 0; i < 8 && peer.headers[i]; i++)
		n += (size_t)snprintf(out + n, size - n, "%s\r\n", peer.headers[i]);
	n += (size_t)snprintf(out + n, size - n, "\r\n");
	assert_true(n < size);
	return n;
}

/* The request arrives on C. Returns what the connection does with it: -1 to close it. */
static inline int peer_send(struct http_connection *c)
{
	char text[16 << 10];

	return http_connection_receive(c, text, peer_write(text, sizeof text));
}

int lws_write(struct lws *wsi, unsigned char *buf, size_t n, enum lws_write_protocol protocol)
{
	static const char version[] = "HTTP/1.1 ";
	size_t skip = n > sizeof version && memcmp(buf, version, sizeof version - 1) == 0
	                      ? sizeof version - 1
	                      : 0;

	(void)wsi;
	assert_int_equal(protocol, LWS_WRITE_RAW);
	if (heard.fails)
		return -1;
	assert_true(heard.n + n < sizeof heard.text);
	for (size_t i = skip; i < n; i++)
		if (buf[i] != '\r')
			heard.text[heard.n++] = (char)buf[i];
	heard.text[heard.n] = '\0';
	heard.buffered = heard.full;
	return (int)n;
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
	heard.shutdowns++;
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
	return heard.buffered;
}

int lws_rx_flow_control(struct lws *wsi, int enable)
{
	(void)wsi;
	heard.paused = !enable;
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
