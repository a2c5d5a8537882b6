#include "priv/verdicts.h"
#include <stdlib.h>
#include "base/array.h"

/* Reserves memory for all that the batch may add. */
static bool reserve(
	struct dnc_verdicts *v, const struct dnc_batch *b, size_t conflicts, size_t bytes)
{
	if (!dnc_array_grow(&v->marks, &v->room, v->count + b->mark_count) ||
		!dnc_array_grow(&v->conflicts, &v->conflict_room, v->conflict_count + conflicts))
		return false;
	if (!bytes || dnc_buf_reserve(&v->text, bytes))
		return true;
	v->text.failed = false;
	return false;
}

static void add_conflict(
	struct dnc_verdicts *v, const struct dnc_batch *b, const struct dnc_batch_event *e)
{
	struct dnc_piece event = {(uint32_t)v->text.n, e->line.n},
			 id = {event.at + e->line.n - e->shape.bytes + e->shape.id.at,
				 e->shape.id.n};

	dnc_buf_str(&v->text, dnc_piece_str(b, e->line));
	v->conflicts[v->conflict_count++] =
		(struct dnc_conflict){b->marks[e->mark - 1].stream_id, e->line_number, event, id};
}

/* Counts an event that is not new. */
static void count_known(struct dnc_batch_mark *mark, const struct dnc_batch_event *e)
{
	mark->duplicates += e->logged == DNC_LOGGED_DUPLICATE;
	mark->conflicts += e->logged == DNC_LOGGED_CONFLICT;
	mark->releases += e->shape.type == DNC_NUMBER_RELEASED;
	mark->others +=
		e->shape.type != DNC_NUMBER_RELEASED && e->shape.type != DNC_NUMBER_SUPPRESSED;
}

bool verdicts_add(struct dnc_verdicts *v, struct dnc_batch *b)
{
	size_t conflicts = 0, bytes = 0;

	for (size_t i = 0; i < b->count; i++)
		if (b->events[i].mark && b->events[i].logged == DNC_LOGGED_CONFLICT) {
			conflicts++;
			bytes += b->events[i].line.n;
		}
	if (!reserve(v, b, conflicts, bytes))
		return false;
	for (size_t i = 0; i < b->count; i++) {
		const struct dnc_batch_event *e = &b->events[i];

		if (!e->mark || e->logged == DNC_LOGGED_NEW)
			continue;
		count_known(&b->marks[e->mark - 1], e);
		if (e->logged == DNC_LOGGED_CONFLICT)
			add_conflict(v, b, e);
	}
	if (b->mark_count)
		memcpy(v->marks + v->count, b->marks, b->mark_count * sizeof *b->marks);
	v->count += b->mark_count;
	return true;
}

void verdicts_clear(struct dnc_verdicts *v)
{
	v->count = v->conflict_count = 0;
	dnc_buf_clear(&v->text);
}

void dnc_verdicts_free(struct dnc_verdicts *v)
{
	free(v->marks);
	free(v->conflicts);
	dnc_buf_free(&v->text);
	*v = (struct dnc_verdicts){0};
}
