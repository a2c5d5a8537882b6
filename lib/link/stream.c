#include "priv/stream.h"
#include <errno.h>
#include "priv/outlet.h"
#include "priv/route.h"
#include "base/buf.h"
#include "base/log.h"

/* So much of a name is in a message. */
enum { SHOWN_NAME = 80 };

int stream_open(struct dnc_input *in, struct input_source *s)
{
	s->opened = true;
	if (in->events.open && in->events.open(in->events.ctx, &s->stream) < 0)
		return -1;
	s->lines.lone_cr = s->stream.lone_cr;
	return 0;
}

/* What the owner did with a line that left the stream and its outlet as they are now. */
static enum line_action find_action(
	const struct dnc_stream *before, const struct dnc_stream *now, bool forwarded)
{
	if (now->rejected > before->rejected)
		return LINE_REJECTED;
	if (forwarded)
		return LINE_FORWARDED;
	if (now->dropped_releases > before->dropped_releases)
		return LINE_DROPPED_RELEASE;
	return now->dropped_others > before->dropped_others ? LINE_DROPPED_OTHER : LINE_DROPPED;
}

int stream_forward(struct dnc_input *in, struct input_source *s)
{
	struct dnc_line line;

	while (dnc_lines_next(&s->lines, &line)) {
		uint64_t before = in->outlet ? dnc_outlet_lines(in->outlet) : 0;
		uint64_t routed = in->routes ? in->routes->given : 0;
		struct ack_point given;
		struct dnc_stream stream = s->stream;

		if (in->routes)
			in->routes->once = !s->stream.acked;
		if (in->events.line(in->events.ctx, &s->stream, &line) < 0)
			return -1;
		if (!in->outlet || !s->stream.acked)
			continue;
		given = (struct ack_point){
			dnc_outlet_lines(in->outlet), routed, in->routes ? in->routes->given : 0};
		if (!acks_record(&in->acks, s->stream.id, line.number, given,
			    find_action(&stream, &s->stream, given.outlet_lines > before)))
			return dnc_error_nomem(&in->err);
	}
	return 0;
}

/* Adds UTF-8 to the lines. */
static int take_text(struct dnc_input *in, struct input_source *s, struct dnc_str text)
{
	while (text.n) {
		size_t room;
		char *space = dnc_lines_space(&s->lines, &room);

		if (!space)
			return dnc_error_nomem(&in->err);
		room = room < text.n ? room : text.n;
		memcpy(space, text.p, room);
		dnc_lines_filled(&s->lines, room);
		if (stream_forward(in, s) < 0)
			return -1;
		text = (struct dnc_str){text.p + room, text.n - room};
	}
	return 0;
}

int stream_take(struct dnc_input *in, struct input_source *s, struct dnc_str bytes)
{
	if (!s->converter)
		return take_text(in, s, bytes);
	while (bytes.n)
		if (take_text(in, s, dnc_converter_run(s->converter, &bytes)) < 0)
			return -1;
	return 0;
}

/* The first bytes are to be converted: they leave the lines. */
static enum stream_start start_converting(struct dnc_input *in, struct input_source *s,
	enum dnc_encoding encoding, struct dnc_error *err)
{
	struct dnc_buf first = {0};
	int rc;

	s->converter = dnc_converter_new(encoding, err);
	if (!s->converter)
		return err->code == DNC_ERROR_NO_MEMORY ? dnc_error_nomem(&in->err)
		                                        : STREAM_REFUSED;
	dnc_buf_add(&first, s->lines.p + s->lines.start, s->lines.end - s->lines.start);
	s->lines.start = s->lines.end = 0;
	rc = dnc_buf_ok(&first) ? stream_open(in, s) : dnc_error_nomem(&in->err);
	if (rc == 0)
		rc = stream_take(in, s, dnc_buf_view(&first));
	dnc_buf_free(&first);
	return rc < 0 ? STREAM_FAILED : STREAM_READY;
}

enum stream_start stream_start(
	struct dnc_input *in, struct input_source *s, bool whole, struct dnc_error *err)
{
	struct dnc_str first = {s->lines.p + s->lines.start, s->lines.end - s->lines.start};
	enum dnc_encoding encoding;
	int rc;

	s->packing = dnc_packing_of(first);
	if (s->packing == DNC_PACKING_UNSURE && !whole)
		return STREAM_UNKNOWN;
	if (s->packing > DNC_PACKING_UNSURE)
		return STREAM_PACKED;
	rc = dnc_encoding_of(first, whole, in->unpack.encoding, &encoding, err);
	if (rc < 0)
		return STREAM_REFUSED;
	if (rc == 0)
		return STREAM_UNKNOWN;
	s->unknown = false;
	if (encoding != DNC_ENCODING_UTF_8)
		return start_converting(in, s, encoding, err);
	return stream_open(in, s) < 0 || stream_forward(in, s) < 0 ? STREAM_FAILED : STREAM_READY;
}

/* An incomplete line may have been cut off in the middle of a number. */
static void discard_incomplete_line(struct dnc_input *in, struct input_source *s)
{
	size_t n = s->lines.end - s->lines.start;

	if (n && s->opened)
		dnc_warn("%s ended in an incomplete line: its %zu bytes are discarded",
			s->stream.name, n);
	in->lost_bytes += s->stream.acked ? 0 : n;
	s->lines.start = s->lines.end;
}

int stream_close(struct dnc_input *in, struct input_source *s, bool whole)
{
	int rc;

	if (whole && s->converter && !dnc_converter_is_whole(s->converter)) {
		stream_fail(in, s, s->stream.name,
			DNC_STR("ends inside a character; it is not whole: fetch it again"));
		whole = false;
	}
	s->stream.cut_short = !whole;
	if (!whole || s->socket)
		discard_incomplete_line(in, s);
	dnc_lines_end(&s->lines);
	rc = stream_forward(in, s);
	if (s->opened && in->events.close && in->events.close(in->events.ctx, &s->stream) < 0)
		rc = -1;
	s->opened = false;
	dnc_converter_free(s->converter);
	s->converter = NULL;
	return rc;
}

void stream_fail_file(
	struct dnc_input *in, const struct input_source *s, const struct dnc_error *err)
{
	if (s->version)
		s->version->known = false;
	in->events.failed(in->events.ctx, &s->stream, err);
}

void stream_fail(
	struct dnc_input *in, struct input_source *s, const char *name, struct dnc_str what)
{
	size_t n = strlen(name), from = n > SHOWN_NAME ? n - SHOWN_NAME : 0;
	struct dnc_error err;

	dnc_error_set(&err, EIO, "%s%s %.*s", from ? "..." : "", name + from, DNC_STR_ARG(what));
	in->events.failed(in->events.ctx, &s->stream, &err);
}
