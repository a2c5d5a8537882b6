#include "batch.h"
#include <stdlib.h>
#include "priv/content.h"

/* Where the piece PART of the event's line will stand when the line starts at AT. */
static struct dnc_piece piece_of(const struct dnc_event *e, struct dnc_str part, size_t at)
{
	if (!part.p || part.p < e->line.p || part.p >= e->line.p + e->line.n)
		return (struct dnc_piece){0};
	return (struct dnc_piece){(uint32_t)(at + (size_t)(part.p - e->line.p)), (uint32_t)part.n};
}

bool dnc_batch_add(struct dnc_batch *b, const struct dnc_event *e)
{
	size_t at = b->text.n;
	struct parts parts = parts_of(e->doc, e->line);

	if (b->count == b->room) {
		size_t room = b->room ? b->room * 2 : 256;
		struct dnc_batch_event *events = realloc(b->events, room * sizeof *events);

		if (!events)
			return false;
		b->events = events;
		b->room = room;
	}
	if (!dnc_buf_reserve(&b->text, e->line.n + 1 + DNC_JSON_PADDING)) {
		b->text.failed = false;
		return false;
	}
	dnc_buf_str(&b->text, e->line);
	dnc_buf_chr(&b->text, '\n');
	b->events[b->count++] =
		(struct dnc_batch_event){.line = {(uint32_t)at, (uint32_t)e->line.n},
			.id = piece_of(e, e->id, at),
			.type = piece_of(e, parts.type, at),
			.phone_number = piece_of(e, e->phone_number, at),
			.provider = piece_of(e, e->provider, at),
			.severity = piece_of(e, parts.severity, at),
			.timestamp = piece_of(e, parts.content.timestamp, at),
			.head = piece_of(e, parts.content.head, at),
			.event_data = piece_of(e, parts.content.data, at),
			.dated = parts.content.dated};
	return true;
}

struct dnc_batch_mark *dnc_batch_mark(struct dnc_batch *b, uint64_t stream_id, uint64_t line)
{
	/* The producer that spoke last speaks again most of the time. */
	for (size_t i = b->mark_count; i-- > 0;)
		if (b->marks[i].stream_id == stream_id) {
			b->marks[i].line = line;
			return &b->marks[i];
		}
	if (b->mark_count == b->mark_room) {
		size_t room = b->mark_room ? b->mark_room * 2 : 16;
		struct dnc_batch_mark *marks = realloc(b->marks, room * sizeof *marks);

		if (!marks)
			return NULL;
		b->marks = marks;
		b->mark_room = room;
	}
	b->marks[b->mark_count] = (struct dnc_batch_mark){.stream_id = stream_id, .line = line};
	return &b->marks[b->mark_count++];
}

bool dnc_batch_note(struct dnc_batch *b, struct dnc_str json)
{
	if (!dnc_buf_reserve(&b->notes, json.n + 1)) {
		b->notes.failed = false;
		return false;
	}
	dnc_buf_str(&b->notes, json);
	dnc_buf_chr(&b->notes, '\n');
	return true;
}

void dnc_batch_clear(struct dnc_batch *b)
{
	dnc_buf_clear(&b->notes);
	dnc_buf_clear(&b->text);
	b->count = b->mark_count = 0;
}

void dnc_batch_free(struct dnc_batch *b)
{
	dnc_buf_free(&b->text);
	free(b->events);
	free(b->marks);
	dnc_buf_free(&b->notes);
	*b = (struct dnc_batch){0};
}
