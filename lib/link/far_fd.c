/* far_fd.c - a route to an open descriptor: a pipe, a socket, a terminal or a file that somebody else has opened. Lines are safe when they
 * are written. A reader that is slow, or takes nothing, is not waited for. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/escape.h"
#include "base/log.h"
#include "base/waiting.h"
#include "link/link.h"
#include "priv/far.h"

enum {
	BLOCK_BYTES = 64 << 10, /* so many are written at once */
	FULL_BYTES = 4 << 20,   /* as a connection */
};

enum kind {
	KIND_PIPE, /* what is not longer than PIPE_BUF is written whole or not at all (pipe(7)) */
	KIND_SOCKET,
	KIND_OTHER,
};

struct descriptor {
	struct far far;
	const struct dnc_route *what; /* borrowed */
	enum kind kind;
	int fd;
	bool own; /* it is another descriptor of the same pipe or terminal, which does not block; closed at the end */
	bool terminal;
	struct dnc_buf text; /* lines that are not written as a whole */
	size_t at;           /* what is before is written: a part of the first line */
	bool orphan;         /* this part only has to be followed by its rest: the line was taken */
	bool blocked;        /* it takes nothing now */
	bool down;           /* since lines were taken */
	uint64_t lines, safe;
	struct dnc_waiting waiting;
};

static struct descriptor *descriptor_of(const struct far *f)
{
	return (struct descriptor *)(uintptr_t)f;
}

/* A descriptor that has become bad is a failed write, not a bad option. */
static int fail(const struct descriptor *d, int code, struct dnc_error *err)
{
	dnc_error_set(err, code, "unable to write %s: %s", d->what->name, strerror(code));
	if (code == EBADF || code == EINVAL)
		err->code = EIO;
	return -1;
}

/* How many bytes of TEXT are written at once: to a pipe, which others may write to as well, whole lines if they fit. */
static size_t find_block(const struct descriptor *d, struct dnc_str text)
{
	size_t max = d->kind == KIND_PIPE ? PIPE_BUF : BLOCK_BYTES, n = text.n < max ? text.n : max;
	const char *newline = memrchr(text.p, '\n', n);

	if (d->kind != KIND_PIPE)
		return n;
	if (newline)
		return (size_t)(newline - text.p) + 1;
	/* Its first line is longer, and what does not wait for room may write a part of it. */
	return d->own ? (size_t)((char *)memchr(text.p, '\n', text.n) - text.p) + 1 : n;
}

/* Returns -1 with errno; EAGAIN: it takes nothing now. */
static ssize_t write_block(const struct descriptor *d, struct dnc_str block)
{
	struct pollfd entry = {.fd = d->fd, .events = POLLOUT};

	if (d->kind == KIND_SOCKET)
		return send(d->fd, block.p, block.n, MSG_DONTWAIT | MSG_NOSIGNAL);
	/* A pipe that can be written has room for a block. */
	if (!d->own && poll(&entry, 1, 0) == 0) {
		errno = EAGAIN;
		return -1;
	}
	return write(d->fd, block.p, block.n);
}

/* N bytes more were written: counts the lines that are whole now. Returns how many bytes these have. */
static size_t count_written(struct descriptor *d, size_t start, size_t n)
{
	const char *p = d->text.p + d->at, *end = p + n, *newline;

	for (; p < end && (newline = memchr(p, '\n', (size_t)(end - p))); p = newline + 1) {
		d->safe += !d->orphan;
		d->orphan = false;
		start = (size_t)(newline - d->text.p) + 1;
	}
	d->at += n;
	return start;
}

/* Removes the lines before START. */
static void take_out(struct descriptor *d, size_t start)
{
	if (!start)
		return;
	memmove(d->text.p, d->text.p + start, d->text.n - start);
	d->text.n -= start;
	d->at -= start;
}

static int write_out(struct descriptor *d, struct dnc_error *err)
{
	size_t start = 0;
	int code = 0;

	while (d->at < d->text.n && !d->blocked && !code) {
		struct dnc_str left = {d->text.p + d->at, d->text.n - d->at};
		ssize_t n = write_block(d, (struct dnc_str){left.p, find_block(d, left)});

		if (n >= 0)
			start = count_written(d, start, (size_t)n);
		else if (errno == EAGAIN)
			d->blocked = true;
		else if (errno != EINTR)
			code = errno;
	}
	take_out(d, start);
	return code ? fail(d, code, err) : 0;
}

static int line(struct far *far, struct dnc_str text, struct dnc_str id, struct dnc_error *err)
{
	struct descriptor *d = descriptor_of(far);

	(void)id;
	if (d->terminal)
		dnc_escape(&d->text, text, DNC_ESCAPE_JSON);
	else
		dnc_buf_str(&d->text, text);
	dnc_buf_chr(&d->text, '\n');
	if (!dnc_buf_ok(&d->text))
		return dnc_error_nomem(err);
	d->lines++;
	return d->text.n - d->at >= BLOCK_BYTES ? write_out(d, err) : 0;
}

static int flush(struct far *far, struct dnc_error *err)
{
	return write_out(descriptor_of(far), err);
}

/* Who waits for a reader that takes nothing is told. */
static void look_for_progress(struct descriptor *d)
{
	int64_t now = dnc_clock_mono_ms(), waited;
	char since[DNC_WAITING_TEXT_BYTES];

	if (!d->blocked || d->safe == d->lines) {
		waited = d->waiting.since_ms ? dnc_waiting_end(&d->waiting, now) : 0;
		if (waited)
			dnc_note("%s takes events again, after %lld s", d->what->name,
				(long long)(waited / 1000));
	} else if (dnc_waiting_look(&d->waiting, now)) {
		dnc_waiting_text(&d->waiting, now, since);
		dnc_err("waiting for %s %s: its reader takes nothing; %llu events are not written",
			d->what->name, since, (unsigned long long)(d->lines - d->safe));
	}
}

static int poll_descriptor(struct far *far, struct pollfd *entry)
{
	struct descriptor *d = descriptor_of(far);

	*entry = (struct pollfd){.fd = d->fd, .events = d->blocked ? POLLOUT : 0};
	look_for_progress(d);
	return (int)dnc_waiting_left(&d->waiting, dnc_clock_mono_ms());
}

/* Finds out that the reader of a pipe has left also while there is nothing to write. */
static int turn(struct far *far, short revents, struct dnc_error *err)
{
	struct descriptor *d = descriptor_of(far);

	if (revents & (POLLERR | POLLHUP))
		return dnc_error_set(err, EPIPE, "the reader of %s has closed it", d->what->name);
	if (revents & POLLNVAL)
		return fail(d, EBADF, err);
	if (revents & POLLOUT)
		d->blocked = d->down = false;
	return write_out(d, err);
}

static uint64_t safe(const struct far *far)
{
	return descriptor_of(far)->safe;
}

static bool full(const struct far *far)
{
	return descriptor_of(far)->text.n > FULL_BYTES;
}

/* Slow readers are not down; the owner knows when nothing more was safe for too long, and takes what waits. */
static int64_t down_since(const struct far *far)
{
	return descriptor_of(far)->down;
}

/* What is written of a line stays, and is only ended: the line as a whole is taken. */
static int take(struct far *far, struct dnc_buf *out, struct dnc_error *err)
{
	struct descriptor *d = descriptor_of(far);
	struct dnc_str text = dnc_buf_view(&d->text);
	bool torn = d->at > 0;
	size_t first = text.n ? (size_t)((char *)memchr(text.p, '\n', text.n) - text.p) + 1 : 0;

	if (d->orphan)
		text = (struct dnc_str){text.p + first, text.n - first};
	dnc_buf_str(out, text);
	if (!dnc_buf_ok(out))
		return dnc_error_nomem(err);
	d->text.n = torn ? first : 0;
	d->orphan = torn;
	d->down = d->blocked;
	d->safe = d->lines;
	return 0;
}

static void close_descriptor(struct far *far)
{
	struct descriptor *d = descriptor_of(far);

	if (d->own)
		close(d->fd);
	dnc_buf_free(&d->text);
	free(d);
}

static const struct far_acts acts = {.line = line,
	.flush = flush,
	.poll = poll_descriptor,
	.turn = turn,
	.safe = safe,
	.full = full,
	.down_since = down_since,
	.take = take,
	.close = close_descriptor};

/* O_NONBLOCK is of what is shared with other processes: it is set for another opening of the same pipe or terminal. Where that is not
 * allowed, the descriptor is asked before each block. */
static void open_again(struct descriptor *d)
{
	char path[32];
	int fd;

	snprintf(path, sizeof path, "/proc/self/fd/%d", d->fd);
	fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return;
	d->fd = fd;
	d->own = true;
}

struct far *far_fd_open(const struct dnc_route *r, bool patient, struct dnc_error *err)
{
	struct descriptor *d = calloc(1, sizeof *d);
	struct stat st = {0};

	(void)patient; /* a reader that has left does not come back */
	if (!d) {
		dnc_error_nomem(err);
		return NULL;
	}
	*d = (struct descriptor){
		.far.acts = &acts, .what = r, .fd = dnc_fd_address(r->address, err)};
	if (d->fd < 0 || fstat(d->fd, &st) < 0) {
		if (d->fd >= 0)
			fail(d, errno, err);
		free(d);
		return NULL;
	}
	d->kind = S_ISFIFO(st.st_mode)   ? KIND_PIPE
	          : S_ISSOCK(st.st_mode) ? KIND_SOCKET
	                                 : KIND_OTHER;
	d->terminal = isatty(d->fd) == 1;
	if (d->kind == KIND_PIPE || d->terminal)
		open_again(d);
	return &d->far;
}
