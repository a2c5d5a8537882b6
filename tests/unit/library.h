/* library.h - libwebsockets as it is played by tests: one connection, whose socket does what the test says.
 *
 * A program's own functions come before those of shared libraries. Include it in one file of a program. */
#pragma once
#include <libwebsockets.h>
#include <stdbool.h>

/* The library's functions, of one connection. */
static struct {
	char sent[256 << 10];
	size_t n;
	bool full;     /* the socket takes one write more; the library keeps the rest */
	bool buffered; /* it does */
	bool fails, paused;
	int writes, callbacks, kills, close_waits;
} library;

int lws_write(struct lws *wsi, unsigned char *buf, size_t n, enum lws_write_protocol protocol)
{
	(void)wsi;
	assert_int_equal(protocol, LWS_WRITE_RAW);
	assert_false(library.buffered); /* else it would mix up the order */
	library.writes++;
	if (library.fails)
		return -1;
	assert_true(library.n + n <= sizeof library.sent);
	memcpy(library.sent + library.n, buf, n);
	library.n += n;
	library.buffered = library.full;
	return (int)n;
}

int lws_partial_buffered(struct lws *wsi)
{
	(void)wsi;
	return library.buffered;
}

int lws_callback_on_writable(struct lws *wsi)
{
	(void)wsi;
	library.callbacks++;
	return 1;
}

int lws_rx_flow_control(struct lws *wsi, int enable)
{
	(void)wsi;
	assert_int_equal(library.paused, enable); /* only changes */
	library.paused = !enable;
	return 0;
}

void lws_set_timeout(struct lws *wsi, enum pending_timeout reason, int seconds)
{
	(void)wsi;
	if (reason == PENDING_TIMEOUT_CLOSE_SEND && seconds == LWS_TO_KILL_ASYNC)
		library.kills++;
	if (reason == PENDING_TIMEOUT_CLOSE_ACK)
		library.close_waits++;
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
