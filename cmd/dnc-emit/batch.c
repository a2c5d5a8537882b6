#include "batch.h"
#include <stdlib.h>
#include "base/array.h"

bool batch_add(struct batch *b, const struct dnc_event *event, uint64_t line, uint64_t part)
{
	struct item *item;

	if (!dnc_array_grow(&b->items, &b->room, b->count + 1))
		return false;
	item = &b->items[b->count++];
	*item = (struct item){.at = b->text.n,
		.bytes = event->line.n,
		.id_at = b->text.n + (size_t)(event->id.p - event->line.p),
		.id_bytes = event->id.n,
		.line = line,
		.part = part};
	dnc_buf_str(&b->text, event->line);
	dnc_buf_chr(&b->text, '\n');
	return dnc_buf_ok(&b->text);
}

struct dnc_str batch_event(const struct batch *b, const struct item *item)
{
	return (struct dnc_str){b->text.p + item->at, item->bytes};
}

struct dnc_str batch_id(const struct batch *b, const struct item *item)
{
	return (struct dnc_str){b->text.p + item->id_at, item->id_bytes};
}

struct dnc_str batch_lines(const struct batch *b, size_t first, size_t count)
{
	const struct item *last = &b->items[first + count - 1];

	return (struct dnc_str){
		b->text.p + b->items[first].at, last->at + last->bytes + 1 - b->items[first].at};
}

size_t batch_count(const struct batch *b, enum fate fate)
{
	size_t n = 0;

	for (size_t i = 0; i < b->count; i++)
		n += b->items[i].fate == fate;
	return n;
}

size_t batch_rest(const struct batch *b)
{
	size_t i = 0;

	while (i < b->count && b->items[i].fate != FATE_NONE)
		i++;
	return i;
}

void batch_free(struct batch *b)
{
	free(b->items);
	dnc_buf_free(&b->text);
	*b = (struct batch){0};
}
