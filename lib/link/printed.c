#include "priv/printed.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"

/* A turn takes no longer than so many reads, also if the command prints without end. */
enum { BLOCK = 16 << 10, READS = 4 };

int printed_open(struct printed *p, const char *name, struct dnc_error *err)
{
	int ends[2];

	*p = (struct printed){.name = name, .fd = -1};
	if (pipe2(ends, O_CLOEXEC) < 0)
		return dnc_error_set(err, errno, "unable to make a pipe: %s", strerror(errno));
	/* Of this end only: commands do not expect it of theirs. */
	if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0) {
		dnc_error_set(err, errno, "unable to make a pipe: %s", strerror(errno));
		close(ends[0]);
		close(ends[1]);
		return -1;
	}
	p->fd = ends[0];
	return ends[1];
}

static void say(struct printed *p)
{
	if (p->n)
		dnc_warn("%s prints: %.*s", p->name, (int)p->n, p->line);
	p->n = 0;
}

static void add(struct printed *p, const char *text, size_t n)
{
	for (; n && p->bytes <= PRINTED_BYTES; text++, n--) {
		if (++p->bytes > PRINTED_BYTES) {
			say(p);
			dnc_warn("%s prints more than %d KiB; the rest is left out", p->name,
				PRINTED_BYTES >> 10);
		} else if (*text == '\n') {
			say(p);
		} else {
			p->line[p->n++] = *text;
			if (p->n == sizeof p->line)
				say(p);
		}
	}
}

void printed_read(struct printed *p)
{
	char block[BLOCK];

	for (int i = 0; i < READS && p->fd >= 0; i++) {
		ssize_t n = read(p->fd, block, sizeof block);

		if (n > 0)
			add(p, block, (size_t)n);
		else if (n == 0 || (errno != EINTR && errno != EAGAIN))
			printed_close(p);
		else if (errno == EAGAIN)
			return;
	}
}

void printed_close(struct printed *p)
{
	if (p->fd < 0)
		return;
	say(p);
	close(p->fd);
	p->fd = -1;
}
