/* unpacking.h - runs an unpacker over bytes, as a file or through a pipe, until its end. */
#pragma once
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/buf.h"
#include "unpack/unpack.h"

struct unpacked {
	struct dnc_buf text; /* members as "NAME<bytes>", ">!" of one that is broken */
	struct dnc_buf why;  /* of what failed or is broken */
	bool done;           /* not failed */
	unsigned notes;
};

struct pouring {
	int fd;
	const char *p;
	size_t n;
};

/* Writes to the pipe, in pieces that are no blocks of anything. */
static inline void *pour(void *ctx)
{
	struct pouring *p = ctx;

	for (size_t at = 0, n; at < p->n; at += n) {
		n = p->n - at < 777 ? p->n - at : 777;
		if (write(p->fd, p->p + at, n) != (ssize_t)n)
			break;
	}
	close(p->fd);
	return NULL;
}

static inline void collect(struct dnc_unpack *u, struct unpacked *out)
{
	struct pollfd fd = {.fd = dnc_unpack_fd(u), .events = POLLIN};
	struct dnc_unpacked part;

	for (;;) {
		dnc_unpack_next(u, &part);
		switch (part.kind) {
		case DNC_UNPACKED_NOTHING:
			poll(&fd, 1, -1);
			break;
		case DNC_UNPACKED_MEMBER:
			dnc_buf_str(&out->text, part.text);
			dnc_buf_chr(&out->text, '<');
			break;
		case DNC_UNPACKED_BYTES:
			dnc_buf_str(&out->text, part.text);
			break;
		case DNC_UNPACKED_END:
			dnc_buf_chr(&out->text, '>');
			break;
		case DNC_UNPACKED_BROKEN:
			dnc_buf_lit(&out->text, ">!");
			dnc_buf_str(&out->why, part.text);
			break;
		case DNC_UNPACKED_NOTE:
			out->notes++;
			break;
		case DNC_UNPACKED_FAILED:
			dnc_buf_str(&out->why, part.text);
			return;
		case DNC_UNPACKED_DONE:
			out->done = true;
			return;
		}
	}
}

/* Unpacks the N bytes at P, through a pipe or from a file, of at most MAX bytes when unpacked. To be freed with
 * unpacked_free(). False if the bytes are not packed. */
static inline bool unpack_bytes(
	const char *p, size_t n, bool pipe_it, uint64_t max, struct unpacked *out)
{
	enum { FIRST = 16 };
	size_t first = n < FIRST ? n : FIRST;
	enum dnc_packing packing = dnc_packing_of((struct dnc_str){p, first});
	struct pouring pouring = {.p = p + first, .n = n - first};
	struct dnc_unpack *u;
	struct dnc_error err;
	pthread_t thread;
	int fds[2];

	*out = (struct unpacked){0};
	if (packing <= DNC_PACKING_UNSURE)
		return false;
	if (pipe_it) {
		if (pipe(fds) < 0)
			abort();
		pouring.fd = fds[1];
		if (pthread_create(&thread, NULL, pour, &pouring))
			abort();
	} else {
		fds[0] = memfd_create("packed", MFD_CLOEXEC);
		if (fds[0] < 0 || write(fds[0], p, n) != (ssize_t)n ||
			lseek(fds[0], (off_t)first, SEEK_SET) < 0)
			abort();
	}
	u = dnc_unpack_new(fds[0], packing, (struct dnc_str){p, first},
		&(struct dnc_unpack_limit){max, "raise the limit"}, &err);
	if (!u)
		abort();
	collect(u, out);
	dnc_unpack_free(u);
	close(fds[0]);
	if (pipe_it)
		pthread_join(thread, NULL);
	return true;
}

static inline void unpacked_free(struct unpacked *u)
{
	dnc_buf_free(&u->text);
	dnc_buf_free(&u->why);
}
