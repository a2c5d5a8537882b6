#include "reader.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "json/json.h"

/* Read at once, and the most in one turn of the loop. */
enum { READ_BYTES = 256 << 10 };

struct reader {
	struct lws *wsi;
	SSL *ssl; /* NULL without TLS */
	int fd;   /* a duplicate, because the library watches the descriptor, too */
	struct reader_events events;
	uv_poll_t poll;
	uv_timer_t again; /* TLS has bytes that the socket no longer has */
	unsigned open;    /* handles */
	struct dnc_buf in, message;
	bool in_message; /* its first frames are in `message` */
	bool held, over, freed;
};

static void end(struct reader *r, enum reader_end how)
{
	struct lws_context *context = lws_get_context(r->wsi);

	if (r->over)
		return;
	r->over = true;
	uv_poll_stop(&r->poll);
	r->events.ended(r->events.ctx, how);
	/* The library would see only at its next ping, half a minute later, that the connection is to be closed. */
	lws_cancel_service(context);
}

/* Bytes read; 0: none now; -1: the end. */
static ssize_t read_some(struct reader *r, char *to, size_t n)
{
	ssize_t got;

	if (r->ssl) {
		int rc, why;

		ERR_clear_error(); /* what is left of others would count as this call's */
		rc = SSL_read(r->ssl, to, (int)n);
		if (rc > 0)
			return rc;
		why = SSL_get_error(r->ssl, rc);
		return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
	}
	got = recv(r->fd, to, n, MSG_DONTWAIT);
	if (got > 0)
		return got;
	return got < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static void on_message(struct reader *r, struct dnc_str text)
{
	if (!r->events.message(r->events.ctx, text) && !r->freed) {
		r->over = true;
		uv_poll_stop(&r->poll);
	}
}

/* A data frame, one of several of a message or the only one. */
static void on_data(struct reader *r, const struct dnc_frame_header *h, struct dnc_str payload)
{
	if ((h->opcode == DNC_OPCODE_CONTINUATION) != r->in_message) {
		end(r, READER_LOST);
		return;
	}
	if (h->final && !r->in_message) {
		on_message(r, payload);
		return;
	}
	if (r->message.n + payload.n > READER_MESSAGE_MAX) {
		end(r, READER_TOO_LONG);
		return;
	}
	dnc_buf_str(&r->message, payload);
	dnc_buf_reserve(&r->message, DNC_JSON_PADDING);
	r->in_message = !h->final;
	if (!dnc_buf_ok(&r->message))
		end(r, READER_LOST); /* the next connection resumes before this message */
	else if (h->final)
		on_message(r, dnc_buf_view(&r->message));
	if (!r->in_message)
		dnc_buf_clear(&r->message);
}

/* Takes the frame at P, of which N bytes are there. Returns its bytes; 0: more are needed, or it is over. */
static size_t take_frame(struct reader *r, const char *p, size_t n)
{
	struct dnc_frame_header h;
	struct dnc_str payload;

	switch (dnc_frame_read_header(p, n, &h)) {
	case DNC_FRAME_MORE:
		return 0;
	case DNC_FRAME_INVALID:
		end(r, READER_LOST);
		return 0;
	case DNC_FRAME_READ:
		break;
	}
	if (h.masked || h.deflated || h.payload > READER_MESSAGE_MAX) {
		end(r, h.payload > READER_MESSAGE_MAX ? READER_TOO_LONG : READER_LOST);
		return 0;
	}
	if (n - h.bytes < h.payload)
		return 0;
	payload = (struct dnc_str){p + h.bytes, (size_t)h.payload};
	if (h.opcode >= DNC_OPCODE_CLOSE)
		r->events.control(r->events.ctx, h.opcode, payload);
	else
		on_data(r, &h, payload);
	return h.bytes + (size_t)h.payload;
}

static void take_frames(struct reader *r)
{
	size_t at = 0, n;

	while (!r->over && (n = take_frame(r, r->in.p + at, r->in.n - at)))
		at += n;
	memmove(r->in.p, r->in.p + at, r->in.n - at);
	r->in.n -= at;
}

static void free_when_closed(struct reader *r)
{
	if (!r->freed || r->open)
		return;
	close(r->fd);
	dnc_buf_free(&r->in);
	dnc_buf_free(&r->message);
	free(r);
}

static void on_again(uv_timer_t *timer);

static void read_frames(struct reader *r)
{
	ssize_t n = 0;

	if (r->over || r->held)
		return;
	n = read_some(r, r->in.p + r->in.n, READ_BYTES - r->in.n);
	if (n < 0) {
		end(r, READER_LOST);
		return;
	}
	if (!n)
		return;
	r->in.n += (size_t)n;
	lws_validity_confirmed(r->wsi);
	take_frames(r);
	/* The library looks at its timers when it is called: those that messages have set would wait for the next
	 * one that was set before. */
	if (!r->freed)
		lws_cancel_service(lws_get_context(r->wsi));
	if (!r->over && r->ssl) /* records are 16 KiB at most: there may be more */
		uv_timer_start(&r->again, on_again, 0, 0);
}

static void on_again(uv_timer_t *timer)
{
	read_frames(timer->data);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct reader *r = poll->data;

	(void)events;
	if (status < 0)
		end(r, READER_LOST);
	else
		read_frames(r);
}

static void on_closed(uv_handle_t *handle)
{
	struct reader *r = handle->data;

	r->open--;
	free_when_closed(r);
}

static bool open_handles(struct reader *r, uv_loop_t *loop)
{
	if (r->fd < 0 || !dnc_buf_reserve(&r->in, READ_BYTES + DNC_JSON_PADDING) ||
		uv_poll_init(loop, &r->poll, r->fd) != 0)
		return false;
	uv_timer_init(loop, &r->again);
	r->open = 2;
	r->poll.data = r->again.data = r;
	return uv_poll_start(&r->poll, UV_READABLE, on_readable) == 0;
}

struct reader *reader_new(uv_loop_t *loop, struct lws *wsi, const struct reader_events *events)
{
	struct reader *r = malloc(sizeof *r);

	if (!r)
		return NULL;
	memcpy(r,
		&(struct reader){.wsi = wsi,
			.ssl = lws_get_ssl(wsi),
			.fd = fcntl(lws_get_socket_fd(wsi), F_DUPFD_CLOEXEC, 0),
			.events = *events},
		sizeof *r);
	if (!open_handles(r, loop)) {
		reader_free(r);
		return NULL;
	}
	lws_rx_flow_control(wsi, 0);
	if (r->ssl) /* it may have read ahead */
		uv_timer_start(&r->again, on_again, 0, 0);
	return r;
}

void reader_hold(struct reader *r, bool held)
{
	if (r->held == held || r->over)
		return;
	r->held = held;
	if (held) {
		uv_poll_stop(&r->poll);
		return;
	}
	uv_poll_start(&r->poll, UV_READABLE, on_readable);
	if (r->ssl)
		uv_timer_start(&r->again, on_again, 0, 0);
}

void reader_free(struct reader *r)
{
	if (!r)
		return;
	r->over = r->freed = true;
	if (!r->open) {
		if (r->fd >= 0)
			close(r->fd);
		dnc_buf_free(&r->in);
		free(r);
		return;
	}
	uv_close((uv_handle_t *)&r->poll, on_closed);
	uv_close((uv_handle_t *)&r->again, on_closed);
}
