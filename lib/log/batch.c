#include "batch.h"
#include <stdlib.h>
#include "base/array.h"
#include "priv/batch.h"

struct dnc_batch_event batch_describe(const struct dnc_event *event)
{
	struct dnc_batch_event e = {.line = {0, (uint32_t)event->line.n}};

	dnc_event_shape_of(event, &e.shape);
	return e;
}

static bool reserve_events(struct dnc_batch *b, size_t count)
{
	return dnc_array_grow(&b->events, &b->room, b->count + count);
}

static bool reserve_marks(struct dnc_batch *b, size_t count)
{
	return dnc_array_grow(&b->marks, &b->mark_room, b->mark_count + count);
}

static bool reserve_bytes(struct dnc_buf *b, size_t bytes)
{
	if (dnc_buf_reserve(b, bytes))
		return true;
	b->failed = false;
	return false;
}

bool batch_put(struct dnc_batch *b, struct dnc_str line, const struct dnc_batch_event *e)
{
	struct dnc_batch_event *added;

	if (!reserve_events(b, 1) || !reserve_bytes(&b->text, line.n + 1 + DNC_JSON_PADDING))
		return false;
	added = &b->events[b->count++];
	*added = *e;
	added->line.at = (uint32_t)b->text.n;
	dnc_buf_str(&b->text, line);
	dnc_buf_chr(&b->text, '\n');
	return true;
}

bool dnc_batch_add(struct dnc_batch *b, const struct dnc_event *event)
{
	struct dnc_batch_event e = batch_describe(event);

	return batch_put(b, event->line, &e);
}

bool batch_append(struct dnc_batch *b, const struct dnc_batch *more)
{
	if (!reserve_events(b, more->count) || !reserve_marks(b, more->mark_count) ||
		!reserve_bytes(&b->text, more->text.n + DNC_JSON_PADDING) ||
		!reserve_bytes(&b->audit, more->audit.n))
		return false;
	for (size_t i = 0; i < more->count; i++) {
		struct dnc_batch_event *e = &b->events[b->count++];

		*e = more->events[i];
		e->line.at += (uint32_t)b->text.n;
		if (e->mark)
			e->mark += (uint32_t)b->mark_count;
	}
	dnc_buf_str(&b->text, dnc_buf_view(&more->text));
	if (more->mark_count)
		memcpy(b->marks + b->mark_count, more->marks,
			more->mark_count * sizeof *more->marks);
	b->mark_count += more->mark_count;
	dnc_buf_str(&b->audit, dnc_buf_view(&more->audit));
	return true;
}

struct dnc_batch_mark *dnc_batch_mark(struct dnc_batch *b, uint64_t stream_id, uint64_t line)
{
	/* Most often it is the producer of the line before. */
	for (size_t i = b->mark_count; i-- > 0;)
		if (b->marks[i].stream_id == stream_id) {
			b->marks[i].line = line;
			return &b->marks[i];
		}
	if (!reserve_marks(b, 1))
		return NULL;
	b->marks[b->mark_count] = (struct dnc_batch_mark){.stream_id = stream_id, .line = line};
	return &b->marks[b->mark_count++];
}

bool batch_audit(struct dnc_batch *b, struct dnc_str json)
{
	if (!reserve_bytes(&b->audit, json.n + 1))
		return false;
	dnc_buf_str(&b->audit, json);
	dnc_buf_chr(&b->audit, '\n');
	return true;
}

void batch_clear(struct dnc_batch *b)
{
	dnc_buf_clear(&b->audit);
	dnc_buf_clear(&b->text);
	b->count = b->mark_count = 0;
}

void dnc_batch_free(struct dnc_batch *b)
{
	dnc_buf_free(&b->text);
	free(b->events);
	free(b->marks);
	dnc_buf_free(&b->audit);
	*b = (struct dnc_batch){0};
}
