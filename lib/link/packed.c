#include "priv/packed.h"
#include <stdio.h>
#include <stdlib.h>
#include "base/log.h"
#include "priv/stream.h"
#include "priv/version.h"

int packed_start(struct dnc_input *in, struct input_source *s)
{
	struct dnc_str first = {s->lines.p + s->lines.start, s->lines.end - s->lines.start};
	struct dnc_error err;

	s->file_name = s->stream.name;
	s->file_packing = s->packing;
	s->unpacker = dnc_unpack_new(s->fd, s->packing, first, &in->unpack.limit, &err);
	if (s->unpacker)
		return 0;
	if (err.code == DNC_ERROR_NO_MEMORY)
		return dnc_error_nomem(&in->err);
	stream_fail_file(in, s, &err);
	return 1;
}

void packed_finish(struct input_source *s)
{
	dnc_unpack_free(s->unpacker);
	free(s->member_name);
}

/* Prepares the source for the stream of the member NAME. */
static int start_member(struct dnc_input *in, struct input_source *s, struct dnc_str name)
{
	size_t block = s->lines.size;

	free(s->member_name);
	s->member_name = NULL;
	s->stream.name = s->file_name;
	s->stream.member = NULL;
	if (name.n) {
		if (asprintf(&s->member_name, "%s:%.*s", s->file_name, DNC_STR_ARG(name)) < 0) {
			s->member_name = NULL;
			return dnc_error_nomem(&in->err);
		}
		s->stream.name = s->member_name;
		s->stream.member = s->member_name + strlen(s->file_name) + 1;
	}
	s->stream.id = ++in->streams;
	s->stream.rejected = 0;
	s->stream.lone_cr = false;
	s->stream.user = NULL;
	dnc_lines_finish(&s->lines);
	if (dnc_lines_init(&s->lines, in->max_line, block) < 0)
		return dnc_error_nomem(&in->err);
	s->unknown = true;
	s->passing_over = false;
	return 0;
}

/* What follows of the member is not read. */
static int pass_over(struct dnc_input *in, struct input_source *s, struct dnc_str why)
{
	stream_fail(in, s, s->stream.name, why);
	s->passing_over = true;
	return stream_close(in, s, false);
}

/* The first bytes of a member. */
static int look(struct dnc_input *in, struct input_source *s, bool whole)
{
	struct dnc_error err;
	char nested[96];

	switch (stream_start(in, s, whole, &err)) {
	case STREAM_FAILED:
		return -1;
	case STREAM_PACKED:
		return pass_over(in, s,
			(struct dnc_str){
				nested, (size_t)snprintf(nested, sizeof nested,
						"is packed twice (%s in %s); unpack it first",
						dnc_packing_name(s->packing),
						dnc_packing_name(s->file_packing))});
	case STREAM_REFUSED:
		return pass_over(in, s, dnc_str(err.message));
	default:
		return 0;
	}
}

static int take(struct dnc_input *in, struct input_source *s, struct dnc_str bytes)
{
	while (s->unknown && !s->passing_over && bytes.n) {
		size_t room;
		char *space = dnc_lines_space(&s->lines, &room);

		if (!space)
			return dnc_error_nomem(&in->err);
		room = room < bytes.n ? room : bytes.n;
		memcpy(space, bytes.p, room);
		dnc_lines_filled(&s->lines, room);
		bytes = (struct dnc_str){bytes.p + room, bytes.n - room};
		if (look(in, s, false) < 0)
			return -1;
	}
	return s->passing_over ? 0 : stream_take(in, s, bytes);
}

static int end_member(struct dnc_input *in, struct input_source *s, bool whole)
{
	if (s->unknown && !s->passing_over && whole && look(in, s, true) < 0)
		return -1;
	return s->passing_over ? 0 : stream_close(in, s, whole);
}

int packed_read(struct dnc_input *in, struct input_source *s)
{
	struct dnc_unpacked part;

	dnc_unpack_next(s->unpacker, &part);
	s->stream.read_bytes = dnc_unpack_read_bytes(s->unpacker);
	/* What was unpacked before this look is of the version that is known. */
	if (part.kind != DNC_UNPACKED_NOTHING && version_is_other(s)) {
		version_fail(in, s, s->file_name);
		return stream_close(in, s, false) < 0 ? -1 : 1;
	}
	switch (part.kind) {
	case DNC_UNPACKED_NOTHING:
		return 0;
	case DNC_UNPACKED_MEMBER:
		return start_member(in, s, part.text);
	case DNC_UNPACKED_BYTES:
		return take(in, s, part.text);
	case DNC_UNPACKED_END:
		return end_member(in, s, true);
	case DNC_UNPACKED_NOTE:
		dnc_note("%s %.*s", s->file_name, DNC_STR_ARG(part.text));
		return 0;
	case DNC_UNPACKED_BROKEN:
		stream_fail(in, s, s->stream.name, part.text);
		return end_member(in, s, false);
	case DNC_UNPACKED_FAILED:
		stream_fail(in, s, s->file_name, part.text);
		if (s->version)
			s->version->known = false;
		return stream_close(in, s, false) < 0 ? -1 : 1;
	default:
		return 1;
	}
}
