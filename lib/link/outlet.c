/* outlet.c - where a stage writes: a pipe, or a socket whose reader acknowledges. */
#include "priv/outlet.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/output.h"
#include "base/unix_socket.h"
#include "priv/acks.h"

enum {
	FULL_BYTES = 4 << 20,    /* unacknowledged bytes past which no more should be taken */
	BLOCK_BYTES = 128 << 10, /* unsent bytes past which a send is tried */
	BACKOFF_MIN_MS = 100,
	BACKOFF_MAX_MS = 5000,
	REMIND_MS = 60000,
};

struct dnc_outlet {
	struct dnc_output pipe; /* unless it is a socket */
	bool own_fd, reader_left;
	uint64_t lines, safe;
	struct dnc_outcome outcome; /* of the lines that are safe, over all connections */
	/* Of a socket: */
	const char *path;   /* NULL for a pipe */
	int fd;             /* -1 while there is no connection */
	struct dnc_buf buf; /* lines that are not acknowledged start at `first` */
	size_t first, sent; /* sent: end of what this connection was given */
	uint64_t connection_acked;
	struct dnc_outcome connection; /* what its reader has said of this connection */
	char ack[ACK_MAX];             /* an acknowledgement under way */
	size_t ack_bytes;
	int64_t retry_at_ms, give_up_at_ms; /* give_up is 0 once a connection stood */
	int backoff_ms;
	bool lost_told;
	struct dnc_error connect_err; /* why the first connection did not come about yet */
};

struct dnc_outlet *dnc_outlet_open(const char *address, int64_t patience_ms, struct dnc_error *err)
{
	struct dnc_outlet *o = calloc(1, sizeof *o);

	if (!o) {
		dnc_error_nomem(err);
		return NULL;
	}
	o->fd = -1;
	if (address && strncmp(address, "unix:", 5) == 0 && address[5]) {
		o->path = address + 5;
		o->backoff_ms = BACKOFF_MIN_MS;
		o->give_up_at_ms = dnc_clock_mono_ms() + patience_ms;
		if (!dnc_unix_path_fits(o->path, err))
			goto fail;
	} else if (!address) {
		dnc_output_init(&o->pipe, STDOUT_FILENO, "standard output");
	} else if (strncmp(address, "fd:", 3) == 0) {
		int fd = dnc_fd_address(address, err);

		if (fd < 0)
			goto fail;
		dnc_output_init(&o->pipe, fd, address);
	} else {
		dnc_error_set(err, EINVAL, "%s: an output is unix:PATH or fd:N", address);
		goto fail;
	}
	return o;
fail:
	free(o);
	return NULL;
}

void dnc_outlet_free(struct dnc_outlet *o)
{
	if (!o)
		return;
	if (o->fd >= 0)
		close(o->fd);
	if (!o->path)
		dnc_output_finish(&o->pipe);
	dnc_buf_free(&o->buf);
	free(o);
}

/* Spread by a random half, so that stages that lost one reader do not come back in step. */
static void schedule_retry(struct dnc_outlet *o)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0)
		random = 0;
	o->retry_at_ms = dnc_clock_mono_ms() + o->backoff_ms / 2 + random % (unsigned)o->backoff_ms;
	o->backoff_ms = o->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : o->backoff_ms * 2;
}

/* What was not acknowledged will be sent again. */
static void disconnect(struct dnc_outlet *o, const char *why)
{
	if (o->fd >= 0)
		close(o->fd);
	o->fd = -1;
	o->sent = o->first;
	o->connection_acked = 0;
	o->connection = (struct dnc_outcome){0};
	o->ack_bytes = 0;
	if (!o->lost_told)
		dnc_warn("lost unix:%s (%s); connecting again", o->path, why);
	o->lost_told = true;
	schedule_retry(o);
}

static int try_connect(struct dnc_outlet *o, struct dnc_error *err)
{
	o->fd = dnc_unix_socket(o->path, false, err);
	if (o->fd < 0) {
		o->connect_err = *err;
		if (o->give_up_at_ms && dnc_clock_mono_ms() >= o->give_up_at_ms)
			return -1;
		schedule_retry(o);
		return 0;
	}
	fcntl(o->fd, F_SETFL, O_NONBLOCK);
	o->give_up_at_ms = 0;
	o->backoff_ms = BACKOFF_MIN_MS;
	if (o->lost_told)
		dnc_note("connected to unix:%s again", o->path);
	o->lost_told = false;
	return 0;
}

/* COUNT lines of this connection are safe now. False when the reader claims what it was not sent: then nothing that it
 * says is believed. */
static bool take_ack(struct dnc_outlet *o, uint64_t count)
{
	uint64_t more = count > o->connection_acked ? count - o->connection_acked : 0;
	size_t first = o->first;

	for (uint64_t i = 0; i < more; i++) {
		const char *newline = NULL;

		if (o->sent > first)
			newline = memchr(o->buf.p + first, '\n', o->sent - first);
		if (!newline)
			return false;
		first = (size_t)(newline - o->buf.p) + 1;
	}
	o->first = first;
	o->connection_acked += more;
	o->safe += more;
	if (o->first > o->buf.n / 2) {
		memmove(o->buf.p, o->buf.p + o->first, o->buf.n - o->first);
		o->buf.n -= o->first;
		o->sent -= o->first;
		o->first = 0;
	}
	return true;
}

/* Adds what a total has grown by since it was told last. */
static void grow(uint64_t *sum, uint64_t *last, uint64_t now)
{
	if (now <= *last)
		return;
	*sum += now - *last;
	*last = now;
}

/* False when it is no acknowledgement. */
static bool take_ack_line(struct dnc_outlet *o)
{
	struct dnc_outcome told;
	uint64_t count;

	if (!ack_read((struct dnc_str){o->ack, o->ack_bytes}, &count, &told) || !take_ack(o, count))
		return false;
	grow(&o->outcome.duplicates, &o->connection.duplicates, told.duplicates);
	grow(&o->outcome.rejected, &o->connection.rejected, told.rejected);
	grow(&o->outcome.dropped, &o->connection.dropped, told.dropped);
	grow(&o->outcome.unclear, &o->connection.unclear, told.unclear);
	o->ack_bytes = 0;
	return true;
}

static void read_acks(struct dnc_outlet *o)
{
	char bytes[4096];
	ssize_t n = read(o->fd, bytes, sizeof bytes);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		disconnect(o, n ? strerror(errno) : "closed by its reader");
		return;
	}
	for (ssize_t i = 0; i < n; i++) {
		if (bytes[i] != '\n' && o->ack_bytes < sizeof o->ack) {
			o->ack[o->ack_bytes++] = bytes[i];
		} else if (bytes[i] != '\n' || !take_ack_line(o)) {
			disconnect(o, "invalid acknowledgement received");
			return;
		}
	}
}

static void send_more(struct dnc_outlet *o)
{
	while (o->fd >= 0 && o->sent < o->buf.n) {
		ssize_t n = send(o->fd, o->buf.p + o->sent, o->buf.n - o->sent, MSG_NOSIGNAL);

		if (n >= 0)
			o->sent += (size_t)n;
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR)
			disconnect(o, strerror(errno));
	}
}

/* What a pipe's failure means: that its descriptor is bad is no fault of an option. */
static int pipe_failed(struct dnc_outlet *o, struct dnc_error *err)
{
	o->reader_left = err->code == EPIPE;
	if (err->code == EBADF || err->code == EINVAL)
		err->code = EIO;
	return -1;
}

/* A pipe tells that its reader has left also while there is nothing to write. */
static int pipe_turn(struct dnc_outlet *o, short revents, struct dnc_error *err)
{
	if (!(revents & (POLLERR | POLLHUP)))
		return 0;
	dnc_error_set(err, EPIPE, "the reader of %s has left", o->pipe.name);
	return pipe_failed(o, err);
}

int outlet_turn(struct dnc_outlet *o, short revents, struct dnc_error *err)
{
	if (!o->path)
		return pipe_turn(o, revents, err);
	if (o->fd < 0 && dnc_clock_mono_ms() >= o->retry_at_ms && try_connect(o, err) < 0)
		return -1;
	if (o->fd >= 0 && revents & (POLLIN | POLLHUP | POLLERR))
		read_acks(o);
	send_more(o);
	return 0;
}

void outlet_poll(const struct dnc_outlet *o, struct pollfd *entry, int *timeout_ms)
{
	int64_t left = o->retry_at_ms - dnc_clock_mono_ms();

	*timeout_ms = -1;
	if (!o->path) {
		*entry = (struct pollfd){.fd = o->pipe.fd};
		return;
	}
	*entry = (struct pollfd){.fd = o->fd, .events = POLLIN};
	if (o->sent < o->buf.n)
		entry->events |= POLLOUT;
	if (o->fd < 0)
		*timeout_ms = left < 0 ? 0 : (int)left;
}

int dnc_outlet_line(struct dnc_outlet *o, const char *p, size_t n, struct dnc_error *err)
{
	o->lines++;
	if (!o->path) {
		if (dnc_output_line(&o->pipe, p, n, err) < 0)
			return pipe_failed(o, err);
		if (!o->pipe.buf.n)
			o->safe = o->lines;
		return 0;
	}
	dnc_buf_add(&o->buf, p, n);
	dnc_buf_chr(&o->buf, '\n');
	if (!dnc_buf_ok(&o->buf))
		return dnc_error_nomem(err);
	if (o->buf.n - o->sent >= BLOCK_BYTES)
		send_more(o);
	return 0;
}

int dnc_outlet_flush(struct dnc_outlet *o, struct dnc_error *err)
{
	if (o->path)
		return outlet_turn(o, 0, err);
	if (dnc_output_flush(&o->pipe, err) < 0)
		return pipe_failed(o, err);
	o->safe = o->lines;
	return 0;
}

int dnc_outlet_finish(struct dnc_outlet *o, int64_t wait_ms, struct dnc_error *err)
{
	int64_t until = dnc_clock_mono_ms() + wait_ms;
	int64_t remind_ms = dnc_clock_mono_ms() + REMIND_MS;

	if (dnc_outlet_flush(o, err) < 0)
		return -1;
	while (o->safe < o->lines) {
		struct pollfd entry;
		int timeout, left = (int)(until - dnc_clock_mono_ms());

		/* Whoever waits without end, as a job of cron does, must not do it in silence. */
		if (dnc_clock_mono_ms() >= remind_ms) {
			dnc_err("%llu lines are not acknowledged by unix:%s yet; still trying",
				(unsigned long long)(o->lines - o->safe), o->path);
			remind_ms += REMIND_MS;
		}

		if (wait_ms >= 0 && left <= 0 && o->give_up_at_ms) {
			*err = o->connect_err;
			return -1;
		}
		if (wait_ms >= 0 && left <= 0)
			return dnc_error_set(err, EAGAIN,
				"%llu lines were not acknowledged by unix:%s",
				(unsigned long long)(o->lines - o->safe), o->path);
		outlet_poll(o, &entry, &timeout);
		if (wait_ms >= 0 && (timeout < 0 || timeout > left))
			timeout = left;
		if (timeout < 0 || timeout > REMIND_MS)
			timeout = REMIND_MS;
		if (poll(&entry, 1, timeout) < 0) {
			if (errno == EINTR)
				return dnc_error_set(err, EINTR, "interrupted");
			return dnc_error_set(err, errno, "unable to wait: %s", strerror(errno));
		}
		if (outlet_turn(o, entry.revents, err) < 0)
			return -1;
	}
	return 0;
}

uint64_t dnc_outlet_lines(const struct dnc_outlet *o)
{
	return o->lines;
}

uint64_t dnc_outlet_safe(const struct dnc_outlet *o)
{
	return o->safe;
}

bool dnc_outlet_answers(const struct dnc_outlet *o)
{
	return o->path;
}

struct dnc_outcome dnc_outlet_outcome(const struct dnc_outlet *o)
{
	return o->outcome;
}

bool dnc_outlet_reader_left(const struct dnc_outlet *o)
{
	return o->reader_left;
}

bool dnc_outlet_full(const struct dnc_outlet *o)
{
	return o->path && o->buf.n - o->first > FULL_BYTES;
}
