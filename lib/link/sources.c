/* sources.c - the sources of an input: added, opened, read and removed. */
#include "priv/input.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/array.h"
#include "priv/packed.h"
#include "priv/stream.h"
#include "priv/version.h"

/* So much text is converted at once. */
enum { CONVERTED_BLOCK = 64 << 10 };

void dnc_input_name(uint64_t stream_id, char name[32])
{
	snprintf(name, 32, "connection %llu", (unsigned long long)stream_id);
}

struct input_source *input_add_source(struct dnc_input *in)
{
	struct input_source *s;

	if (!dnc_array_grow(&in->sources, &in->room, in->count + 1) ||
		!dnc_array_grow(&in->polls, &in->poll_room, in->room + POLL_SOURCES))
		return NULL;
	s = calloc(1, sizeof *s);
	if (s) {
		s->fd = -1;
		in->sources[in->count++] = s;
	}
	return s;
}

struct input_source *input_add_listener(struct dnc_input *in, int fd, const char *name)
{
	struct input_source *s = input_add_source(in);

	if (!s)
		return NULL;
	s->fd = fd;
	s->own_fd = s->listening = true;
	s->stream.name = name;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return s;
}

void input_free_source(struct input_source *s)
{
	dnc_unpack_free(s->unpacker); /* its thread reads the descriptor */
	s->unpacker = NULL;
	if (s->own_fd && s->fd >= 0)
		close(s->fd);
	if (s->unix_name) {
		unlink(s->unix_name + strlen("unix:"));
		free(s->unix_name);
	}
	packed_finish(s);
	acks_finish(&s->held);
	dnc_converter_free(s->converter);
	dnc_lines_finish(&s->lines);
	free(s);
}

void input_remove_source(struct dnc_input *in, struct input_source *s)
{
	for (size_t i = 0; i < in->count; i++)
		if (in->sources[i] == s) {
			memmove(&in->sources[i], &in->sources[i + 1],
				(in->count - i - 1) * sizeof *in->sources);
			in->count--;
			break;
		}
	in->producers -= s->stream.acked;
	input_free_source(s);
}

int input_open_source(struct input_source *s, struct dnc_error *err)
{
	if (s->fd < 0) {
		/* Who writes to a pipe with a name is waited for by poll(2), which a signal ends. */
		s->fd = open(s->stream.name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		s->own_fd = s->fd >= 0;
		if (!s->own_fd || fcntl(s->fd, F_SETFL, 0) < 0)
			return dnc_error_set(err, errno, "unable to open %s: %s", s->stream.name,
				strerror(errno));
	}
	return s->version ? version_check(s, err) : 0;
}

/* Not 0, to which archives without times set it. */
static int64_t modified_ns(const struct stat *st)
{
	int64_t ns = version_ns(&st->st_mtim);

	return ns ? ns : 1;
}

static void read_file_stats(struct input_source *s)
{
	struct stat st;

	if (fstat(s->fd, &st) < 0)
		return;
	s->socket = S_ISSOCK(st.st_mode);
	if (!S_ISREG(st.st_mode))
		return;
	s->stream.regular = true;
	s->stream.size_bytes = (uint64_t)st.st_size;
	if (!s->file || !s->own_fd)
		return;
	s->stream.modified_ns = modified_ns(&st);
}

int input_start_source(struct dnc_input *in, struct input_source *s, size_t block)
{
	s->stream.id = ++in->streams;
	if (s->stream.acked) {
		dnc_input_name(s->stream.id, s->name);
		s->stream.name = s->name;
	}
	if (dnc_lines_init(&s->lines, in->max_line, block) < 0)
		return dnc_error_nomem(&in->err);
	read_file_stats(s);
	s->unknown = in->unpacks && !s->stream.acked;
	return s->unknown ? 0 : stream_open(in, s);
}

/* A last line without a newline counts if the source is a file or pipe that was read as a WHOLE. */
static int end_source(struct dnc_input *in, struct input_source *s, bool whole)
{
	int rc = stream_close(in, s, whole);

	s->ended = true;
	if (rc < 0 || !input_source_waits(s))
		input_remove_source(in, s);
	return rc;
}

static int fail_reading(struct dnc_input *in, struct input_source *s, int code)
{
	struct dnc_error err;

	dnc_error_set(&err, code, "unable to read %s: %s", s->stream.name, strerror(code));
	stream_fail_file(in, s, &err);
	return end_source(in, s, false);
}

/* True for a file that was truncated while it was read: what is missing was never seen. */
static bool has_shrunk(const struct input_source *s)
{
	return s->file && s->own_fd && s->stream.read_bytes < s->stream.size_bytes;
}

static int fail_shrunk(struct dnc_input *in, struct input_source *s)
{
	struct dnc_error err;

	dnc_error_set(&err, EIO,
		"%s shrank while it was read: it had %llu bytes, and %llu were read; read it again",
		s->stream.name, (unsigned long long)s->stream.size_bytes,
		(unsigned long long)s->stream.read_bytes);
	stream_fail_file(in, s, &err);
	return end_source(in, s, false);
}

/* True for a file that was written to while it was read: it may not be whole yet, and what was read before may be another
 * version than what was read after. Of a log, which grows, that is no fault. */
static bool has_changed(const struct dnc_input *in, const struct input_source *s)
{
	struct stat st;

	if (!in->unpacks || !s->file || !s->own_fd || fstat(s->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	return version_is_other(s) || (uint64_t)st.st_size != s->stream.size_bytes ||
	       modified_ns(&st) != s->stream.modified_ns;
}

static int fail_changed(struct dnc_input *in, struct input_source *s)
{
	version_fail(in, s, s->stream.name);
	return end_source(in, s, false);
}

/* Looks at the first bytes of a source that may be anything, or, if it is WHOLE, at all of them. 1 if they are not read as
 * lines: the source is unpacked, or has failed and is removed. */
static int look(struct dnc_input *in, struct input_source *s, bool whole)
{
	struct dnc_error err;
	int rc;

	switch (stream_start(in, s, whole, &err)) {
	case STREAM_FAILED:
		return -1;
	case STREAM_PACKED:
		rc = packed_start(in, s);
		if (rc <= 0)
			return rc < 0 ? -1 : 1;
		break;
	case STREAM_REFUSED:
		stream_fail(in, s, s->stream.name, dnc_str(err.message));
		break;
	default:
		return 0;
	}
	return end_source(in, s, false) < 0 ? -1 : 1;
}

/* read(2) has returned N, which is not a number of bytes. */
static int handle_no_bytes(struct dnc_input *in, struct input_source *s, ssize_t n)
{
	int rc;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n < 0)
		return errno == ECONNRESET ? end_source(in, s, false) : fail_reading(in, s, errno);
	if (has_shrunk(s))
		return fail_shrunk(in, s);
	if (has_changed(in, s))
		return fail_changed(in, s);
	rc = s->unknown ? look(in, s, true) : 0;
	if (rc)
		return rc < 0 ? -1 : 0;
	return end_source(in, s, true);
}

/* Reads text that is converted. */
static int read_converted(struct dnc_input *in, struct input_source *s)
{
	char bytes[CONVERTED_BLOCK];
	ssize_t n = read(s->fd, bytes, sizeof bytes);

	if (n <= 0)
		return handle_no_bytes(in, s, n);
	if (version_is_other(s))
		return fail_changed(in, s);
	s->stream.read_bytes += (uint64_t)n;
	return stream_take(in, s, (struct dnc_str){bytes, (size_t)n});
}

static int read_packed(struct dnc_input *in, struct input_source *s)
{
	int rc = packed_read(in, s);

	if (rc > 0)
		input_remove_source(in, s);
	return rc < 0 ? -1 : 0;
}

int input_read_source(struct dnc_input *in, struct input_source *s)
{
	size_t room;
	char *space;
	ssize_t n;

	if (s->ended) { /* the producer hung up without waiting for its acknowledgements */
		input_remove_source(in, s);
		return 0;
	}
	if (s->unpacker)
		return read_packed(in, s);
	if (s->converter)
		return read_converted(in, s);
	space = dnc_lines_space(&s->lines, &room);
	if (!space)
		return dnc_error_nomem(&in->err);
	n = read(s->fd, space, room);
	if (n <= 0)
		return handle_no_bytes(in, s, n);
	if (version_is_other(s))
		return fail_changed(in, s);
	s->stream.read_bytes += (uint64_t)n;
	dnc_lines_filled(&s->lines, (size_t)n);
	if (s->unknown)
		return look(in, s, false) < 0 ? -1 : 0;
	return stream_forward(in, s);
}
