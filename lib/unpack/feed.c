#include "priv/feed.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

int feed_init(struct feed *f, int fd, struct dnc_str start, struct chunks *out)
{
	off_t at;

	*f = (struct feed){.fd = fd, .out = out, .stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	if (f->stop < 0)
		return -1;
	f->block = malloc(FEED_BLOCK);
	if (!f->block || fstat(fd, &f->as_found) < 0)
		return -1;
	at = S_ISREG(f->as_found.st_mode) ? lseek(fd, 0, SEEK_CUR) : -1;
	f->regular = at >= (off_t)start.n;
	f->base = f->regular ? at - (off_t)start.n : 0;
	if (!f->regular)
		dnc_buf_str(&f->start, start);
	if (dnc_buf_ok(&f->start))
		return 0;
	errno = ENOMEM;
	return -1;
}

void feed_finish(struct feed *f)
{
	free(f->block);
	dnc_buf_free(&f->start);
	if (f->stop >= 0)
		close(f->stop);
}

void feed_stop(struct feed *f)
{
	uint64_t one = 1;

	if (write(f->stop, &one, sizeof one) < 0)
		return; /* the counter is full, so it is readable */
}

/* Waits for bytes; false after feed_stop(). */
static bool wait_for_bytes(struct feed *f)
{
	struct pollfd polls[2] = {
		{.fd = f->stop, .events = POLLIN}, {.fd = f->fd, .events = POLLIN}};
	int ready = poll(polls, 2, 0);

	if (ready == 0) {
		chunks_flush(f->out);
		ready = poll(polls, 2, -1);
	}
	return ready < 0 || !polls[0].revents;
}

void feed_begin(struct feed *f)
{
	f->before += f->pass;
	f->pass = 0;
	f->at = 0;
}

/* A file that is changed was checked in vain. Looked at after each block, so that none of a changed file is used. */
static bool is_unchanged(const struct feed *f)
{
	struct stat st;

	if (fstat(f->fd, &st) < 0)
		return false;
	errno = ESTALE;
	return st.st_size == f->as_found.st_size &&
	       st.st_mtim.tv_sec == f->as_found.st_mtim.tv_sec &&
	       st.st_mtim.tv_nsec == f->as_found.st_mtim.tv_nsec;
}

/* N more bytes were read. A zip archive is not read in order, and parts of it more than once. */
static void count(struct feed *f, uint64_t n)
{
	uint64_t done, size = (uint64_t)(f->as_found.st_size - f->base);

	f->at += n;
	f->pass += n;
	done = f->before + f->pass;
	if (f->regular)
		done = done / FEED_PASSES < size ? done / FEED_PASSES : size;
	f->progress = done;
}

ssize_t feed_read(struct feed *f, const char **p)
{
	ssize_t n;

	*p = f->block;
	if (f->start.n && f->at == 0) {
		*p = f->start.p;
		n = (ssize_t)f->start.n;
	} else {
		do {
			if (!wait_for_bytes(f)) {
				errno = ECANCELED;
				return -1;
			}
			n = f->regular ? pread(f->fd, f->block, FEED_BLOCK, f->base + (off_t)f->at)
			               : read(f->fd, f->block, FEED_BLOCK);
		} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	}
	if (n >= 0 && f->regular && !is_unchanged(f))
		return -1;
	if (n > 0)
		count(f, (uint64_t)n);
	return n;
}

void feed_seek(struct feed *f, uint64_t at)
{
	f->at = at;
}

int feed_read_at(const struct feed *f, uint64_t at, char *p, size_t n)
{
	while (n) {
		ssize_t got = pread(f->fd, p, n, f->base + (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0 ? 1 : -1;
		p += got;
		at += (uint64_t)got;
		n -= (size_t)got;
	}
	return 0;
}

int64_t feed_size(const struct feed *f)
{
	struct stat st;

	return fstat(f->fd, &st) < 0 ? -1 : st.st_size - f->base;
}
