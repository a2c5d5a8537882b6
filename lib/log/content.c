#include "priv/content.h"

/* From P up to the key of the next member, without the comma between; empty when the key is not in the line. */
static struct dnc_str up_to_key(struct dnc_str line, const char *p, struct dnc_str key)
{
	if (!p || key.p < p + 2 || key.p > line.p + line.n)
		return (struct dnc_str){0};
	return (struct dnc_str){p, (size_t)(key.p - p) - 2};
}

/* Canonical events have it as the last but one of all. */
static struct dnc_str arrival_of(const struct dnc_json *doc, uint32_t metadata)
{
	static const struct dnc_str key = DNC_STR("ingested_at");
	uint32_t at = doc->count - 2;

	if (at <= metadata || !dnc_str_eq(doc->node[at].key, key))
		at = dnc_json_get(doc, metadata, key);
	return at ? doc->node[at].text : (struct dnc_str){0};
}

/* Of DOC, the parsed LINE. The content's head is empty when LINE is not a canonical event. */
static struct content content_of(const struct dnc_json *doc, struct dnc_str line)
{
	struct content c = {0};
	const char *head = NULL, *data = NULL;

	/* The members' order is that of every canonical event: id, type ... severity, timestamp ... event_data, metadata. */
	for (uint32_t i = 1; i < doc->count; i = doc->node[i].next) {
		const struct dnc_json_node *node = &doc->node[i];

		if (dnc_str_eq(node->key, DNC_STR("id"))) {
			head = node->raw.p + node->raw.n;
		} else if (dnc_str_eq(node->key, DNC_STR("severity"))) {
			c.head = up_to_key(line, head, node->key);
		} else if (dnc_str_eq(node->key, DNC_STR("timestamp"))) {
			c.timestamp = node->text;
		} else if (dnc_str_eq(node->key, DNC_STR("event_data"))) {
			data = node->raw.p;
		} else if (dnc_str_eq(node->key, DNC_STR("metadata"))) {
			c.data = up_to_key(line, data, node->key);
			c.dated = !dnc_str_eq(c.timestamp, arrival_of(doc, i));
		}
	}
	if (!c.head.n || !c.data.n)
		c = (struct content){.timestamp = c.timestamp};
	return c;
}

struct content content_of_event(const struct dnc_event *e)
{
	static const struct dnc_str before_severity = DNC_STR(",\"severity\":\"");
	const char *head = e->id.p + e->id.n + 1;

	return (struct content){
		.head = {head, (size_t)(e->severity_text.p - head) - before_severity.n},
		.data = e->event_data,
		.timestamp = e->timestamp,
		.dated = !dnc_str_eq(e->timestamp, e->ingested_at)};
}

struct dnc_event content_event(const struct dnc_batch *b, const struct dnc_batch_event *e)
{
	struct dnc_event_shape plain = e->shape;
	struct dnc_event event = {0};

	plain.escaped = false;
	dnc_event_from_shape(NULL, dnc_piece_str(b, e->line), 0, &plain, &event);
	return event;
}

int content_compare(struct content_comparison *c, const struct dnc_event *event,
	struct dnc_str stored, enum dnc_logged *logged)
{
	struct dnc_json doc;
	struct dnc_error err = {0};
	struct content content = {0};

	*logged = DNC_LOGGED_DUPLICATE;
	if (dnc_str_eq(stored, event->line))
		return 0;
	dnc_buf_clear(&c->stored);
	dnc_buf_str(&c->stored, stored);
	if (!dnc_buf_reserve(&c->stored, DNC_JSON_PADDING) || !dnc_buf_ok(&c->stored))
		return -1;
	if (dnc_json_parse(c->parser, c->stored.p, c->stored.n, &doc, &err) == 0)
		content = content_of(&doc, dnc_buf_view(&c->stored));
	else if (err.code == DNC_ERROR_NO_MEMORY)
		return -1;
	if (!content.head.n || !content_same(content, content_of_event(event)))
		*logged = DNC_LOGGED_CONFLICT;
	return 0;
}

void content_comparison_free(struct content_comparison *c)
{
	dnc_json_parser_free(c->parser);
	dnc_buf_free(&c->stored);
}
