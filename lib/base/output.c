#include "output.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include "escape.h"

/* Large enough that system calls cost little compared with the work, small enough for the cache. */
#define BLOCK_BYTES (128u << 10)

void dnc_output_init(struct dnc_output *o, int fd, const char *name)
{
	*o = (struct dnc_output){.fd = fd, .name = name, .terminal = isatty(fd) == 1};
}

void dnc_output_finish(struct dnc_output *o)
{
	dnc_buf_free(&o->buf);
}

/* Removes what was written: the next flush must not write it again. */
static void take_out(struct dnc_output *o, size_t done)
{
	o->bytes += done;
	if (done)
		memmove(o->buf.p, o->buf.p + done, o->buf.n - done);
	o->buf.n -= done;
}

int dnc_output_flush(struct dnc_output *o, struct dnc_error *err)
{
	size_t done = 0;

	if (!dnc_buf_ok(&o->buf))
		return dnc_error_nomem(err);
	while (done < o->buf.n) {
		ssize_t n = write(o->fd, o->buf.p + done, o->buf.n - done);

		if (n >= 0) {
			done += (size_t)n;
		} else if (errno == EAGAIN) {
			/* Another process that shares the descriptor made it non-blocking. */
			poll(&(struct pollfd){.fd = o->fd, .events = POLLOUT}, 1, -1);
		} else if (errno != EINTR) {
			dnc_error_set(
				err, errno, "unable to write %s: %s", o->name, strerror(errno));
			take_out(o, done);
			return -1;
		}
	}
	o->bytes += done;
	dnc_buf_clear(&o->buf);
	return 0;
}

int dnc_output_line(struct dnc_output *o, const char *p, size_t n, struct dnc_error *err)
{
	if (o->terminal)
		dnc_escape(&o->buf, (struct dnc_str){p, n}, DNC_ESCAPE_JSON);
	else
		dnc_buf_add(&o->buf, p, n);
	dnc_buf_chr(&o->buf, '\n');
	return o->buf.n >= BLOCK_BYTES ? dnc_output_flush(o, err) : 0;
}
