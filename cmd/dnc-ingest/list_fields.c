#include "list_fields.h"
#include <string.h>
#include "base/clock.h"
#include "base/log.h"

/* Enough for a line. */
enum { NAMES_MAX = 400 };

static bool is_value(const struct dnc_json_node *node, const char *value)
{
	return value && dnc_str_eq(node->text, dnc_str(value));
}

/* Appends the names of EVENT's fields that LIST does not say itself. */
static void add_fields(struct dnc_buf *b, const struct dnc_event *event, const struct list *list)
{
	const struct dnc_json *doc = dnc_event_doc(event);
	const struct dnc_json_node *node = doc ? doc->node : NULL;
	uint32_t data = doc ? dnc_event_data_node(doc) : 0;

	for (uint32_t i = data + 1; data && i < node[data].next && b->n < NAMES_MAX;
		i = node[i].next) {
		if ((dnc_str_eq(node[i].key, DNC_STR("reason")) &&
			    is_value(&node[i], list->reason)) ||
			(dnc_str_eq(node[i].key, DNC_STR("source")) &&
				is_value(&node[i], list->source)))
			continue;
		if (b->n)
			dnc_buf_lit(b, ", ");
		dnc_buf_str(b, node[i].key);
	}
}

void list_fields_note(const struct dnc_stream *s, const struct dnc_source *source,
	const struct dnc_event *event, const struct list *list)
{
	struct dnc_buf names = {0};

	if (!dnc_source_other_columns(source, &names))
		add_fields(&names, event, list);
	if (names.n && dnc_buf_ok(&names))
		dnc_note("%s: --against compares numbers alone; not used: %.*s%s", s->name,
			names.n > NAMES_MAX ? NAMES_MAX : (int)names.n, names.p,
			names.n > NAMES_MAX ? "..." : "");
	dnc_buf_free(&names);
}

bool list_fields_expired(const struct dnc_event *event, int64_t now_ms, struct dnc_str *expiry)
{
	static const char key[] = "\"expires_at\":";
	const struct dnc_json *doc;
	uint32_t at;
	int64_t ms;

	/* Most lists have no such field, and their events are not parsed once more. */
	if (!event->event_data.p ||
		!memmem(event->event_data.p, event->event_data.n, key, sizeof key - 1))
		return false;
	doc = dnc_event_doc(event);
	at = doc ? dnc_json_value(doc, dnc_event_data_node(doc), DNC_STR("expires_at")) : 0;
	if (!at || !dnc_clock_parse(doc->node[at].text, &ms) || ms > now_ms)
		return false;
	*expiry = doc->node[at].text;
	return true;
}
