/* outlet.c - where a stage writes: a pipe, or a socket whose reader acknowledges. */
#include "priv/outlet.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/output.h"
#include "priv/connection.h"

enum { REMIND_MS = 60000 };

struct dnc_outlet {
	bool is_socket;
	uint64_t lines; /* ever */
	struct connection socket;
	struct dnc_output pipe; /* unless it is a socket */
	uint64_t written;       /* lines that are in the pipe */
	bool reader_left;       /* of the pipe */
};

static int open_address(
	struct dnc_outlet *o, const char *address, int64_t patience_ms, struct dnc_error *err)
{
	int fd = STDOUT_FILENO;

	if (address && strncmp(address, "unix:", 5) == 0 && address[5]) {
		o->is_socket = true;
		return connection_init(&o->socket, address + 5, patience_ms, err);
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

int outlet_turn(struct dnc_outlet *o, short revents, struct dnc_error *err)
{
	return o->is_socket ? connection_turn(&o->socket, revents, err)
	                    : pipe_turn(o, revents, err);
}

void outlet_poll(const struct dnc_outlet *o, struct pollfd *entry, int *timeout_ms)
{
	if (o->is_socket) {
		connection_poll(&o->socket, entry, timeout_ms);
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
	if (o->is_socket)
		return outlet_turn(o, 0, err);
	if (dnc_output_flush(&o->pipe, err) < 0)
		return fail_pipe(o, err);
	o->written = o->lines;
	return 0;
}

/* How long to wait for acknowledgements, by dnc_clock_mono_ms(); until_ms 0: without a limit. */
struct finish {
	int64_t until_ms, remind_at_ms;
};

static bool is_over(const struct finish *f)
{
	return f->until_ms && dnc_clock_mono_ms() >= f->until_ms;
}

static int fail_unfinished(const struct dnc_outlet *o, struct dnc_error *err)
{
	if (o->socket.give_up_at_ms) { /* there was no connection at all */
		*err = o->socket.connect_err;
		return -1;
	}
	return dnc_error_set(err, EAGAIN, "%llu lines were not acknowledged by unix:%s",
		(unsigned long long)(o->lines - outlet_safe(o)), o->socket.path);
}

/* A program that waits without a limit may run unattended, as a job of cron: a message shows that it waits. */
static void remind(const struct dnc_outlet *o, struct finish *f)
{
	if (dnc_clock_mono_ms() < f->remind_at_ms)
		return;
	dnc_err("%llu lines are not acknowledged by unix:%s yet; still trying",
		(unsigned long long)(o->lines - outlet_safe(o)), o->socket.path);
	f->remind_at_ms += REMIND_MS;
}

static int wait_for_ack(struct dnc_outlet *o, const struct finish *f, struct dnc_error *err)
{
	struct pollfd entry;
	int timeout;

	outlet_poll(o, &entry, &timeout);
	if (timeout < 0 || timeout > REMIND_MS)
		timeout = REMIND_MS;
	if (f->until_ms) {
		int64_t left = f->until_ms - dnc_clock_mono_ms();

		if (timeout > left)
			timeout = left < 0 ? 0 : (int)left;
	}
	if (poll(&entry, 1, timeout) < 0)
		return dnc_error_set(err, errno,
			errno == EINTR ? "interrupted" : "unable to wait: %s", strerror(errno));
	return outlet_turn(o, entry.revents, err);
}

int dnc_outlet_finish(struct dnc_outlet *o, int64_t wait_ms, struct dnc_error *err)
{
	int64_t now = dnc_clock_mono_ms();
	struct finish f = {wait_ms < 0 ? 0 : now + wait_ms, now + REMIND_MS};

	if (dnc_outlet_flush(o, err) < 0)
		return -1;
	while (outlet_safe(o) < o->lines) {
		remind(o, &f);
		if (is_over(&f))
			return fail_unfinished(o, err);
		if (wait_for_ack(o, &f, err) < 0)
			return -1;
	}
	return 0;
}

int dnc_outlet_wait(struct dnc_outlet *o, int64_t ms, struct dnc_error *err)
{
	int64_t now = dnc_clock_mono_ms();
	struct finish f = {now + ms, now + REMIND_MS};

	while (outlet_full(o) && !is_over(&f))
		if (wait_for_ack(o, &f, err) < 0)
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

bool dnc_outlet_acknowledges(const struct dnc_outlet *o)
{
	return o->is_socket;
}

struct dnc_outcome dnc_outlet_outcome(const struct dnc_outlet *o)
{
	return o->socket.outcome;
}

bool dnc_outlet_reader_left(const struct dnc_outlet *o)
{
	return o->reader_left;
}

bool outlet_full(const struct dnc_outlet *o)
{
	return o->is_socket && connection_is_full(&o->socket);
}
