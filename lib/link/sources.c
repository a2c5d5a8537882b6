/* sources.c - the sources of an input: added, opened, read and removed. */
#include "priv/input.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/array.h"
#include "base/log.h"

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
	if (s->own_fd && s->fd >= 0)
		close(s->fd);
	if (s->unix_name) {
		unlink(s->unix_name + strlen("unix:"));
		free(s->unix_name);
	}
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
	s->fd = open(s->stream.name, O_RDONLY | O_CLOEXEC);
	if (s->fd < 0)
		return dnc_error_set(
			err, errno, "unable to open %s: %s", s->stream.name, strerror(errno));
	s->own_fd = true;
	return 0;
}

static void read_file_stats(struct input_source *s)
{
	struct stat st;

	if (fstat(s->fd, &st) < 0)
		return;
	s->socket = S_ISSOCK(st.st_mode);
	if (!S_ISREG(st.st_mode))
		return;
	s->stream.size_bytes = (uint64_t)st.st_size;
	if (!s->file || !s->own_fd)
		return;
	s->stream.modified_ns = st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec;
	if (!s->stream.modified_ns)
		s->stream.modified_ns = 1; /* archives without times set it to 0 */
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
	if (in->events.open && in->events.open(in->events.ctx, &s->stream) < 0)
		return -1;
	s->lines.lone_cr = s->stream.lone_cr;
	return 0;
}

static int forward_lines(struct dnc_input *in, struct input_source *s)
{
	struct dnc_line line;

	while (dnc_lines_next(&s->lines, &line)) {
		uint64_t before = in->outlet ? dnc_outlet_lines(in->outlet) : 0, after;
		uint64_t rejected = s->stream.rejected;
		enum line_action action = LINE_DROPPED;

		if (in->events.line(in->events.ctx, &s->stream, &line) < 0)
			return -1;
		if (!in->outlet || !s->stream.acked)
			continue;
		after = dnc_outlet_lines(in->outlet);
		if (s->stream.rejected > rejected)
			action = LINE_REJECTED;
		else if (after > before)
			action = LINE_FORWARDED;
		if (!acks_record(&in->acks, s->stream.id, line.number, after, action))
			return dnc_error_nomem(&in->err);
	}
	return 0;
}

/* An incomplete line may have been cut off in the middle of a number. */
static void discard_incomplete_line(struct input_source *s)
{
	size_t n = s->lines.end - s->lines.start;

	if (n)
		dnc_warn("%s ended in an incomplete line: its %zu bytes are discarded",
			s->stream.name, n);
	s->lines.start = s->lines.end;
}

/* A last line without a newline counts if the source is a file or pipe that was read as a WHOLE. */
static int end_source(struct dnc_input *in, struct input_source *s, bool whole)
{
	int rc;

	s->stream.cut_short = !whole;
	if (!whole || s->socket)
		discard_incomplete_line(s);
	dnc_lines_end(&s->lines);
	rc = forward_lines(in, s);
	if (rc == 0 && in->events.close)
		rc = in->events.close(in->events.ctx, &s->stream);
	s->ended = true;
	if (rc < 0 || !input_source_waits(s))
		input_remove_source(in, s);
	return rc;
}

static int fail_reading(struct dnc_input *in, struct input_source *s, int code)
{
	struct dnc_error err;

	dnc_error_set(&err, code, "unable to read %s: %s", s->stream.name, strerror(code));
	in->events.failed(in->events.ctx, &s->stream, &err);
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
	in->events.failed(in->events.ctx, &s->stream, &err);
	return end_source(in, s, false);
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
	space = dnc_lines_space(&s->lines, &room);
	if (!space)
		return dnc_error_nomem(&in->err);
	n = read(s->fd, space, room);
	if (n > 0) {
		s->stream.read_bytes += (uint64_t)n;
		dnc_lines_filled(&s->lines, (size_t)n);
		return forward_lines(in, s);
	}
	if (n == 0)
		return has_shrunk(s) ? fail_shrunk(in, s) : end_source(in, s, true);
	if (errno == EINTR || errno == EAGAIN)
		return 0;
	if (errno == ECONNRESET)
		return end_source(in, s, false);
	return fail_reading(in, s, errno);
}
