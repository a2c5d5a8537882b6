/* printer.c - events to standard output: a file, a terminal, a pipe or a socket. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/log.h"
#include "sink.h"

struct printer {
	struct sink sink;
	enum { FILE_LIKE, PIPE, SOCKET } kind;
	int fd; /* a pipe is opened again, so that other users of standard output still block */
	bool regular;
	bool continues; /* the file is not empty */
	bool remember;  /* sink.taken is kept */
	bool own;       /* fd is not standard output itself */
	struct dnc_buf buf;
	size_t done; /* bytes of buf that are written */
	uint64_t written;
	/* Holds standard output. The loop watches the set instead, because it makes what it watches non-blocking for
	 * all processes that share it. */
	int set;
	uint32_t watched;
	uv_poll_t poll;
};

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct printer *p = poll->data;
	struct epoll_event event;

	(void)status, (void)events;
	if (epoll_wait(p->set, &event, 1, 0) == 1 && event.events & (EPOLLERR | EPOLLHUP)) {
		p->sink.gone = true;
		uv_poll_stop(poll);
	}
}

/* Watches for a reader that leaves, and for the events in WANTED. */
static void watch(struct printer *p, uint32_t wanted)
{
	struct epoll_event event = {.events = wanted};

	if (p->set < 0 || p->watched == wanted)
		return;
	p->watched = wanted;
	epoll_ctl(p->set, EPOLL_CTL_MOD, p->fd, &event);
}

static int start_watching(struct printer *p, uv_loop_t *loop, struct dnc_error *err)
{
	struct epoll_event event = {0};

	p->set = epoll_create1(EPOLL_CLOEXEC);
	if (p->set < 0 || epoll_ctl(p->set, EPOLL_CTL_ADD, p->fd, &event) < 0 ||
		uv_poll_init(loop, &p->poll, p->set) != 0)
		return dnc_error_set(
			err, errno, "unable to watch standard output: %s", strerror(errno));
	p->poll.data = p;
	uv_poll_start(&p->poll, UV_READABLE, on_ready);
	return 0;
}

static void add(struct sink *sink, struct dnc_str line)
{
	struct printer *p = (struct printer *)sink;

	dnc_buf_add(&p->buf, line.p, line.n);
	dnc_buf_chr(&p->buf, '\n');
	sink->added += line.n + 1;
	sink->waiting += line.n + 1;
}

static void add_header(struct sink *sink, struct dnc_str line)
{
	if (!((struct printer *)sink)->continues)
		add(sink, line);
}

/* Writes without blocking (except to files and terminals). Returns the number of bytes, or -1. */
static ssize_t write_some(struct printer *p, const char *from, size_t n)
{
	struct pollfd room = {.fd = p->fd, .events = POLLOUT};

	if (p->kind == SOCKET)
		return send(p->fd, from, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (p->kind == PIPE && !p->own) {
		/* A pipe that is writable has room for PIPE_BUF bytes. */
		if (poll(&room, 1, 0) == 0) {
			errno = EAGAIN;
			return -1;
		}
		n = n > PIPE_BUF ? PIPE_BUF : n;
	}
	return write(p->fd, from, n);
}

static int write_waiting(struct printer *p, struct dnc_error *err)
{
	uint32_t wanted = 0;

	while (p->done < p->buf.n) {
		ssize_t n = write_some(p, p->buf.p + p->done, p->buf.n - p->done);

		if (n >= 0) {
			p->done += (size_t)n;
			p->written += (uint64_t)n;
			p->sink.waiting -= (size_t)n;
		} else if (errno == EPIPE || errno == ECONNRESET) {
			p->sink.gone = true;
			break;
		} else if (errno == EAGAIN) {
			wanted = EPOLLOUT;
			break;
		} else if (errno != EINTR) {
			return dnc_error_set(
				err, errno, "unable to write standard output: %s", strerror(errno));
		}
	}
	watch(p, wanted);
	if (p->done == p->buf.n) {
		dnc_buf_clear(&p->buf);
		p->done = 0;
	} else if (p->done > p->buf.n / 2) {
		memmove(p->buf.p, p->buf.p + p->done, p->buf.n - p->done);
		p->buf.n -= p->done;
		p->done = 0;
	}
	return 0;
}

static bool has_left(const struct printer *p)
{
	struct pollfd peer = {.fd = p->fd};

	return poll(&peer, 1, 0) > 0 && peer.revents & (POLLERR | POLLHUP);
}

/* Updates sink.taken: what was written and is no longer in the kernel. A pipe reports that after its reader has left,
 * too. A socket counts its bookkeeping with the bytes, which errs on the safe side, and forgets what was not taken when
 * its reader leaves: then the count from before is kept. */
static void look(struct printer *p)
{
	uint64_t taken = p->written;
	int left = 0;

	if (p->kind != FILE_LIKE) {
		if (ioctl(p->fd, p->kind == PIPE ? FIONREAD : SIOCOUTQ, &left) < 0 ||
			(uint64_t)left > taken || (p->kind == SOCKET && has_left(p)))
			return;
		taken -= (uint64_t)left;
	}
	if (taken > p->sink.taken)
		p->sink.taken = taken;
}

static int push(struct sink *sink, bool last, struct dnc_error *err)
{
	struct printer *p = (struct printer *)sink;
	int rc = 0;

	(void)last;
	if (!dnc_buf_ok(&p->buf))
		return dnc_error_nomem(err);
	if (!sink->gone)
		rc = write_waiting(p, err);
	if (p->remember && sink->taken < p->written)
		look(p);
	sink->ask =
		p->kind == FILE_LIKE ? sink->waiting > 0 : p->remember && sink->taken < p->written;
	return rc;
}

static int sync_file(struct sink *sink, struct dnc_error *err)
{
	struct printer *p = (struct printer *)sink;

	if (p->regular && fdatasync(p->fd) < 0 && errno != EINVAL)
		return dnc_error_set(
			err, errno, "unable to sync standard output: %s", strerror(errno));
	return 0;
}

static bool stopping(struct sink *sink)
{
	return sink->waiting > 0 ||
	       (((struct printer *)sink)->remember && sink->taken < sink->added);
}

static void on_closed(uv_handle_t *handle)
{
	struct printer *p = handle->data;

	if (p->set >= 0)
		close(p->set);
	if (p->own)
		close(p->fd);
	dnc_buf_free(&p->buf);
	free(p);
}

static bool close_printer(struct sink *sink)
{
	struct printer *p = (struct printer *)sink;
	bool whole = !sink->waiting;

	if (!whole && !sink->gone && p->kind != FILE_LIKE)
		dnc_warn("%zu bytes were not read from standard output", sink->waiting);
	if (p->set >= 0)
		uv_close((uv_handle_t *)&p->poll, on_closed);
	else
		on_closed((uv_handle_t *)&p->poll);
	return whole;
}

/* Returns how many bytes the file has before what is written next. */
static off_t find_end(const struct printer *p)
{
	bool appends = fcntl(p->fd, F_GETFL) & O_APPEND;

	return lseek(p->fd, 0, appends ? SEEK_END : SEEK_CUR);
}

/* A program that was killed, or a full disk, may have left an incomplete line; the next event must not be appended to
 * it. */
static int end_torn_line(struct printer *p, struct dnc_error *err)
{
	off_t end = find_end(p);
	int fd = end > 0 ? open("/proc/self/fd/1", O_RDONLY | O_CLOEXEC) : -1;
	char last = '\n';

	if (fd >= 0) {
		if (pread(fd, &last, 1, end - 1) != 1)
			last = '\n';
		close(fd);
	}
	if (last == '\n')
		return 0;
	dnc_warn(
		"standard output ended in an incomplete line, possibly of a program that was killed: a newline was added");
	if (write(p->fd, "\n", 1) == 1)
		return 0;
	return dnc_error_set(err, errno, "unable to write standard output: %s", strerror(errno));
}

static const struct sink_acts acts = {add, add_header, push, sync_file, stopping, close_printer};

static int find_kind(struct printer *p, struct dnc_error *err)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);
	struct stat st;

	if (flags >= 0 && (flags & O_ACCMODE) == O_RDONLY) {
		flags = -1;
		errno = EBADF;
	}
	if (flags < 0 || fstat(STDOUT_FILENO, &st) < 0)
		return dnc_error_set(
			err, EIO, "unable to write standard output: %s", strerror(errno));
	p->kind = S_ISFIFO(st.st_mode) ? PIPE : S_ISSOCK(st.st_mode) ? SOCKET : FILE_LIKE;
	p->regular = S_ISREG(st.st_mode);
	p->continues = p->regular && find_end(p) > 0;
	if (p->kind != PIPE)
		return 0;
	/* A pipe of another user can't be opened; it is written in small pieces. */
	p->fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	p->own = p->fd >= 0;
	if (!p->own)
		p->fd = STDOUT_FILENO;
	return 0;
}

int printer_open(struct sink **sink, uv_loop_t *loop, bool remember, struct dnc_error *err)
{
	struct printer *p = calloc(1, sizeof *p);

	if (!p)
		return dnc_error_nomem(err);
	*p = (struct printer){.sink.acts = &acts,
		.fd = STDOUT_FILENO,
		.remember = remember,
		.set = -1,
		.poll.data = p};
	if (find_kind(p, err) < 0 || (p->kind != FILE_LIKE && start_watching(p, loop, err) < 0) ||
		(p->regular && remember && end_torn_line(p, err) < 0)) {
		free(p);
		return -1;
	}
	*sink = &p->sink;
	return 0;
}
