/* outlet.c - where a stage writes: a pipe, or a socket whose reader acknowledges. */
#include "priv/outlet.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/output.h"
#include "base/waiting.h"
#include "priv/connection.h"

struct dnc_outlet {
	bool is_socket;
	uint64_t lines; /* ever */
	struct connection socket;
	struct dnc_waiting waiting; /* for acknowledgements */
	uint64_t waiting_from;      /* what was safe when the wait began */
	struct dnc_output pipe;     /* unless it is a socket */
	uint64_t written;           /* lines that are in the pipe */
	bool reader_left;           /* of the pipe */
};

static int open_address(
	struct dnc_outlet *o, const char *address, int64_t patience_ms, struct dnc_error *err)
{
	int fd = STDOUT_FILENO;

	if (address && ((strncmp(address, "unix:", 5) == 0 && address[5]) ||
			       readers_are_several(address))) {
		o->is_socket = true;
		return connection_init(&o->socket, address, patience_ms, err);
	}
	if (address && strncmp(address, "fd:", 3) != 0)
		return dnc_error_set(err, EINVAL, "%s: not unix:PATH or fd:N", address);
	if (address && (fd = dnc_fd_address(address, err)) < 0)
		return -1;
	dnc_output_init(&o->pipe, fd, address ? address : "standard output");
	return 0;
}

struct dnc_outlet *dnc_outlet_open(const char *address, int64_t patience_ms, struct dnc_error *err)
{
	struct dnc_outlet *o = calloc(1, sizeof *o);

	if (!o) {
		dnc_error_nomem(err);
		return NULL;
	}
	if (open_address(o, address, patience_ms, err) < 0) {
		free(o);
		return NULL;
	}
	return o;
}

void dnc_outlet_free(struct dnc_outlet *o)
{
	if (!o)
		return;
	if (o->is_socket)
		connection_finish(&o->socket);
	else
		dnc_output_finish(&o->pipe);
	free(o);
}

/* A descriptor that has become bad is a failed write, not a bad option. */
static int fail_pipe(struct dnc_outlet *o, struct dnc_error *err)
{
	o->reader_left = err->code == EPIPE;
	if (err->code == EBADF || err->code == EINVAL)
		err->code = EIO;
	return -1;
}

/* Finds out that the reader of a pipe has left also while there is nothing to write. */
static int pipe_turn(struct dnc_outlet *o, short revents, struct dnc_error *err)
{
	if (!(revents & (POLLERR | POLLHUP)))
		return 0;
	dnc_error_set(err, EPIPE, "the reader of %s has closed it", o->pipe.name);
	return fail_pipe(o, err);
}

static void say_waiting(const struct dnc_outlet *o, int64_t now)
{
	char since[DNC_WAITING_TEXT_BYTES];
	unsigned long long lines = o->lines - outlet_safe(o);

	dnc_waiting_text(&o->waiting, now, since);
	if (o->socket.fd >= 0)
		dnc_err("waiting for %s %s: it has not acknowledged %llu lines; still trying",
			connection_name(&o->socket), since, lines);
	else
		dnc_err("waiting for %s %s: no connection for %llu lines (%s); still trying",
			connection_name(&o->socket), since, lines, o->socket.connect_err.message);
}

/* The first connection is not made, and an error will soon say so. */
static bool gives_up_soon(const struct dnc_outlet *o, int64_t now)
{
	return o->socket.give_up_at_ms && o->socket.give_up_at_ms - now < DNC_WAITING_FIRST_MS;
}

/* Whoever runs a program that waits without a limit, which may be a job of cron, is told. Called when all acknowledgements
 * that are there were read. */
static void look_for_progress(struct dnc_outlet *o)
{
	uint64_t safe = outlet_safe(o);
	int64_t now, waited;

	if (safe == o->lines && !o->waiting.since_ms)
		return;
	now = dnc_clock_mono_ms();
	if (safe == o->lines || safe != o->waiting_from) {
		waited = dnc_waiting_end(&o->waiting, now);
		if (waited)
			dnc_note("%s acknowledges again, after %lld s", connection_name(&o->socket),
				(long long)(waited / 1000));
		o->waiting_from = safe;
	}
	if (safe != o->lines && dnc_waiting_look(&o->waiting, now) && !gives_up_soon(o, now))
		say_waiting(o, now);
}

int outlet_turn(struct dnc_outlet *o, short revents, struct dnc_error *err)
{
	if (!o->is_socket)
		return pipe_turn(o, revents, err);
	if (connection_turn(&o->socket, revents, err) < 0)
		return -1;
	look_for_progress(o);
	return 0;
}

static void limit_wait(struct dnc_outlet *o, int *timeout_ms)
{
	int64_t now = dnc_clock_mono_ms(), left;

	if (o->waiting.since_ms) { /* between the last turn and now the owner had other work */
		dnc_waiting_worked(&o->waiting, now);
	} else {
		o->waiting_from = outlet_safe(o);
		dnc_waiting_look(&o->waiting, now);
	}
	left = dnc_waiting_left(&o->waiting, now);
	if (*timeout_ms < 0 || left < *timeout_ms)
		*timeout_ms = (int)left;
}

void outlet_poll(struct dnc_outlet *o, struct pollfd *entry, int *timeout_ms)
{
	if (o->is_socket) {
		connection_poll(&o->socket, entry, timeout_ms);
		if (outlet_safe(o) < o->lines)
			limit_wait(o, timeout_ms);
		return;
	}
	*entry = (struct pollfd){.fd = o->pipe.fd};
	*timeout_ms = -1;
}

int dnc_outlet_line(struct dnc_outlet *o, const char *p, size_t n, struct dnc_error *err)
{
	o->lines++;
	if (o->is_socket)
		return connection_add(&o->socket, p, n, err);
	if (dnc_output_line(&o->pipe, p, n, err) < 0)
		return fail_pipe(o, err);
	if (!o->pipe.buf.n)
		o->written = o->lines;
	return 0;
}

int dnc_outlet_flush(struct dnc_outlet *o, struct dnc_error *err)
{
	if (o->is_socket) /* acknowledgements that came meanwhile are not read */
		return connection_turn(&o->socket, 0, err);
	if (dnc_output_flush(&o->pipe, err) < 0)
		return fail_pipe(o, err);
	o->written = o->lines;
	return 0;
}

/* UNTIL_MS, by dnc_clock_mono_ms(): how long to wait for acknowledgements; 0: without a limit. */
static bool is_over(int64_t until_ms)
{
	return until_ms && dnc_clock_mono_ms() >= until_ms;
}

static int fail_unfinished(const struct dnc_outlet *o, struct dnc_error *err)
{
	uint64_t lines;

	if (o->socket.give_up_at_ms) { /* there was no connection at all */
		*err = o->socket.connect_err;
		return -1;
	}
	lines = o->lines - outlet_safe(o);
	return dnc_error_set(err, EAGAIN, "%llu %s not acknowledged by %s",
		(unsigned long long)lines, lines == 1 ? "line was" : "lines were",
		connection_name(&o->socket));
}

static int wait_for_ack(struct dnc_outlet *o, int64_t until_ms, struct dnc_error *err)
{
	struct pollfd entry;
	int timeout;

	outlet_poll(o, &entry, &timeout);
	if (until_ms) {
		int64_t left = until_ms - dnc_clock_mono_ms();

		if (timeout < 0 || timeout > left)
			timeout = left < 0 ? 0 : (int)left;
	}
	if (poll(&entry, 1, timeout) < 0)
		return dnc_error_set(err, errno,
			errno == EINTR ? "interrupted" : "unable to wait: %s", strerror(errno));
	return outlet_turn(o, entry.revents, err);
}

int dnc_outlet_finish(struct dnc_outlet *o, int64_t wait_ms, struct dnc_error *err)
{
	int64_t until_ms = wait_ms < 0 ? 0 : dnc_clock_mono_ms() + wait_ms;

	if (dnc_outlet_flush(o, err) < 0)
		return -1;
	while (outlet_safe(o) < o->lines) {
		if (is_over(until_ms))
			return fail_unfinished(o, err);
		if (wait_for_ack(o, until_ms, err) < 0)
			return -1;
	}
	return 0;
}

int dnc_outlet_wait(struct dnc_outlet *o, int64_t ms, struct dnc_error *err)
{
	int64_t until_ms;

	if (!outlet_full(o))
		return 0; /* asked for each line: the clock is not read in vain */
	until_ms = dnc_clock_mono_ms() + ms;
	while (outlet_full(o) && !is_over(until_ms))
		if (wait_for_ack(o, until_ms, err) < 0)
			return -1;
	return outlet_full(o);
}

uint64_t dnc_outlet_lines(const struct dnc_outlet *o)
{
	return o->lines;
}

uint64_t outlet_safe(const struct dnc_outlet *o)
{
	return o->is_socket ? o->socket.safe : o->written;
}

uint64_t dnc_outlet_safe(const struct dnc_outlet *o)
{
	return outlet_safe(o);
}

bool dnc_outlet_acknowledges(const struct dnc_outlet *o)
{
	return o->is_socket;
}

struct dnc_outcome dnc_outlet_outcome(const struct dnc_outlet *o)
{
	return o->socket.outcome;
}

void dnc_outlet_stall_after(struct dnc_outlet *o, int64_t ms)
{
	o->socket.stall.limit_ms = ms;
}

struct dnc_outlet_connections dnc_outlet_connections(const struct dnc_outlet *o)
{
	const struct connection *c = &o->socket;

	return (struct dnc_outlet_connections){
		c->readers.count, c->made, c->changes, o->is_socket ? connection_name(c) : ""};
}

bool dnc_outlet_reader_left(const struct dnc_outlet *o)
{
	return o->reader_left;
}

int64_t outlet_down_since(const struct dnc_outlet *o)
{
	return o->is_socket ? o->socket.down_since_ms : 0;
}

int outlet_take(struct dnc_outlet *o, struct dnc_buf *out, struct dnc_error *err)
{
	if (o->is_socket) {
		o->waiting = (struct dnc_waiting){0};
		return connection_take(&o->socket, out, err);
	}
	dnc_buf_str(out, dnc_buf_view(&o->pipe.buf));
	if (!dnc_buf_ok(out))
		return dnc_error_nomem(err);
	dnc_buf_clear(&o->pipe.buf);
	o->written = o->lines;
	return 0;
}

bool outlet_full(const struct dnc_outlet *o)
{
	return o->is_socket && connection_is_full(&o->socket);
}
