#include "priv/tail.h"
#include <errno.h>
#include <unistd.h>
#include "base/log.h"
#include "event/event.h"

static int read_end(
	int fd, const char *name, off_t from, size_t n, struct dnc_buf *out, struct dnc_error *err)
{
	dnc_buf_clear(out);
	if (!dnc_buf_reserve(out, n + 1 + DNC_JSON_PADDING))
		return dnc_error_nomem(err);
	while (out->n < n) {
		ssize_t got = pread(fd, out->p + out->n, n - out->n, from + (off_t)out->n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return dnc_error_set(
				err, errno, "unable to read %s: %s", name, strerror(errno));
		if (got == 0)
			break;
		out->n += (size_t)got;
	}
	return 0;
}

/* The byte after the last newline. */
static size_t find_end(const struct dnc_buf *b)
{
	size_t n = b->n;

	while (n && b->p[n - 1] != '\n')
		n--;
	return n;
}

/* The last whole line of OUT, whose first END bytes are whole lines and complete: it shows what the file is. */
static bool is_event(
	struct dnc_event_reader *reader, const struct dnc_buf *out, size_t from, size_t end)
{
	struct dnc_event event;
	struct dnc_error why;

	return dnc_event_parse(reader, out->p + from, end - from, &event) == 0 ||
	       dnc_event_normalize(reader, out->p + from, end - from, &event, &why) == 0;
}

enum torn {
	TORN_NOT,   /* it is a whole object, or whatever follows one */
	TORN_EVENT, /* it may be the start of an event */
	TORN_OTHER,
};

/* What the N bytes at P are, which no newline follows. */
static enum torn find_torn(const char *p, size_t n)
{
	static const struct dnc_str heads[] = {DNC_STR("{\"id\":\""), DNC_STR("{\"seq\":")};
	bool begins = false, quoted = false;
	size_t depth = 0;

	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
		begins |= memcmp(p, heads[i].p, n < heads[i].n ? n : heads[i].n) == 0;
	if (!begins || n > DNC_EVENT_MAX_BYTES)
		return TORN_OTHER;
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)p[i] < ' ')
			return TORN_OTHER;
		if (quoted && p[i] == '\\')
			i++;
		else if (p[i] == '"')
			quoted = !quoted;
		else if (!quoted && (p[i] == '{' || p[i] == '['))
			depth++;
		else if (!quoted && (p[i] == '}' || p[i] == ']') && --depth == 0)
			return TORN_NOT;
	}
	return TORN_EVENT;
}

/* An event that lacks only its newline gets it. */
static int add_newline(int fd, const char *name, struct dnc_buf *out, struct dnc_error *err)
{
	ssize_t n;

	do
		n = write(fd, "\n", 1);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		return dnc_error_set(err, errno, "unable to write %s: %s", name, strerror(errno));
	dnc_buf_chr(out, '\n');
	dnc_note("%s ended without a newline, which was added", name);
	return 0;
}

static int cut(int fd, const char *name, off_t whole, size_t torn, struct dnc_error *err)
{
	if (ftruncate(fd, whole) < 0)
		return dnc_error_set(err, errno, "unable to cut %s: %s", name, strerror(errno));
	dnc_note("%s ended in an incomplete line: its %zu bytes were cut off; its event is "
		 "written again",
		name, torn);
	return 0;
}

/* Makes OUT whole lines, and the file, whose part FROM on it is. */
static int mend(int fd, const char *name, off_t from, struct dnc_buf *out,
	struct dnc_event_reader *reader, struct dnc_error *err)
{
	size_t end = find_end(out), torn = out->n - end, before = end ? end - 1 : 0;
	enum torn what = torn ? find_torn(out->p + end, torn) : TORN_NOT;

	while (before && out->p[before - 1] != '\n')
		before--;
	if ((!end && from) || (end && !is_event(reader, out, before, end - 1)) ||
		what == TORN_OTHER ||
		(torn && what == TORN_NOT && !is_event(reader, out, end, out->n)))
		return dnc_error_set(
			err, EINVAL, "%s does not end as a file of events; move it away", name);
	if (torn && what == TORN_NOT)
		return add_newline(fd, name, out, err);
	if (torn && cut(fd, name, from + (off_t)end, torn, err) < 0)
		return -1;
	out->n = end;
	return 0;
}

off_t tail_read(int fd, const char *name, off_t size, struct dnc_buf *out, struct dnc_error *err)
{
	off_t from = size > TAIL_BYTES ? size - TAIL_BYTES : 0, whole;
	struct dnc_event_reader *reader;
	const char *newline;
	int rc;

	if (read_end(fd, name, from, (size_t)(size - from), out, err) < 0)
		return -1;
	reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	if (!reader)
		return dnc_error_nomem(err);
	rc = mend(fd, name, from, out, reader, err);
	if (rc < 0 && dnc_event_reader_no_memory(reader))
		dnc_error_nomem(err);
	dnc_event_reader_free(reader);
	if (rc < 0)
		return -1;
	whole = from + (off_t)out->n;
	/* The first line may have begun before. */
	newline = from ? memchr(out->p, '\n', out->n) : NULL;
	if (newline) {
		size_t skip = (size_t)(newline - out->p) + 1;

		memmove(out->p, out->p + skip, out->n - skip);
		out->n -= skip;
	}
	return whole;
}
