/* parse.c - canonical lines to events, events to shapes and back. */
#include "base/clock.h"
#include "priv/reader.h"

/* The canonical keys in their order, and their members in an event. */
static const struct event_key {
	struct dnc_str name;
	size_t slot; /* offset of a struct dnc_str in struct dnc_event */
	bool required;
	bool free_text; /* may hold escapes */
} event_keys[] = {
	{DNC_STR("seq"), 0, false, false},
	{DNC_STR("id"), offsetof(struct dnc_event, id), true, false},
	{DNC_STR("type"), 0, true, false},
	{DNC_STR("phone_number"), offsetof(struct dnc_event, phone_number), false, false},
	{DNC_STR("provider"), offsetof(struct dnc_event, provider), false, true},
	{DNC_STR("provider_id"), offsetof(struct dnc_event, provider_id), false, true},
	{DNC_STR("severity"), 0, true, false},
	{DNC_STR("timestamp"), 0, true, false},
	{DNC_STR("summary"), offsetof(struct dnc_event, summary), true, true},
	{DNC_STR("event_data"), 0, true, false},
	{DNC_STR("metadata"), 0, true, false},
};

enum {
	KEY_SEQ = 0,
	KEY_TYPE = 2,
	KEY_SEVERITY = 6,
	KEY_TIMESTAMP,
	KEY_SUMMARY,
	KEY_EVENT_DATA,
	KEY_METADATA,
	KEYS
};

static bool is_in(struct dnc_str line, struct dnc_str part)
{
	return part.p >= line.p && part.p <= line.p + line.n;
}

/* True for a string without escapes: its content is part of the line. */
static bool is_plain(const struct dnc_json_node *node)
{
	return node->type == DNC_JSON_STRING && node->text.p == node->raw.p + 1;
}

static struct dnc_str container_text(const struct dnc_json *doc, uint32_t at, struct dnc_str line)
{
	const char *start = doc->node[at].raw.p, *end;

	/* The parser only records where a container starts. This one ends before the next key, or with the line. */
	if (doc->node[at].next < doc->count)
		end = doc->node[doc->node[at].next].key.p - 2;
	else
		end = line.p + line.n - 1;
	return (struct dnc_str){start, (size_t)(end - start)};
}

static bool read_ingested_at(struct dnc_event *e, const struct dnc_json *doc, uint32_t metadata)
{
	uint32_t at = dnc_json_get(doc, metadata, DNC_STR("ingested_at"));

	if (!at || !is_plain(&doc->node[at]))
		return false;
	e->ingested_at = doc->node[at].text;
	return true;
}

static bool read_value(struct dnc_event *e, const struct dnc_json *doc, int key, uint32_t at)
{
	const struct dnc_json_node *node = &doc->node[at];
	int64_t seq;

	switch (key) {
	case KEY_SEQ:
		if (!dnc_json_int(node, &seq) || seq < 1)
			return false;
		e->seq = (uint64_t)seq;
		return true;
	case KEY_TYPE:
		return is_plain(node) && dnc_type_from_name(node->text, &e->type);
	case KEY_SEVERITY:
		e->severity_text = node->text;
		e->severity = dnc_severity_from_name(node->text);
		return e->severity && is_plain(node);
	case KEY_TIMESTAMP:
		e->timestamp = node->text;
		return is_plain(node) && node->text.n == DNC_TIME_LEN &&
		       dnc_clock_parse_any_year(node->text, &e->timestamp_ms);
	case KEY_EVENT_DATA:
		e->event_data = container_text(doc, at, e->line);
		return node->type == DNC_JSON_OBJECT;
	case KEY_METADATA:
		e->metadata = container_text(doc, at, e->line);
		return node->type == DNC_JSON_OBJECT && read_ingested_at(e, doc, at);
	default:
		*(struct dnc_str *)((char *)e + event_keys[key].slot) = node->text;
		return event_keys[key].free_text ? node->type == DNC_JSON_STRING : is_plain(node);
	}
}

int dnc_event_parse(struct dnc_event_reader *r, const char *text, size_t n, struct dnc_event *out)
{
	const struct dnc_json *doc = &r->doc;
	uint32_t at = 1;
	struct dnc_error err = {0};

	r->doc_of = 0;
	r->no_memory = false;
	if (n > DNC_EVENT_MAX_BYTES + 32 || dnc_json_parse(r->parser, text, n, &r->doc, &err) < 0) {
		r->no_memory = err.code == DNC_ERROR_NO_MEMORY;
		return -1;
	}
	if (doc->node[0].type != DNC_JSON_OBJECT || !doc->compact)
		return -1;
	*out = (struct dnc_event){.line = {text, n}, .reader = r, .number = ++r->events};
	for (int key = 0; key < KEYS; key++) {
		bool there = at < doc->count && dnc_str_eq(doc->node[at].key, event_keys[key].name);

		if (!there && event_keys[key].required)
			return -1;
		if (there &&
			!(is_in(out->line, doc->node[at].key) && read_value(out, doc, key, at)))
			return -1;
		if (there)
			at = doc->node[at].next;
	}
	if (at != doc->count)
		return -1;
	r->doc_of = out->number;
	return 0;
}

bool dnc_event_reader_no_memory(const struct dnc_event_reader *r)
{
	return r->no_memory;
}

const struct dnc_json *dnc_event_doc(const struct dnc_event *e)
{
	struct dnc_event_reader *r = e->reader;

	if (r->doc_of == e->number)
		return &r->doc;
	r->doc_of = 0;
	if (dnc_json_parse(r->parser, e->line.p, e->line.n, &r->doc, NULL) < 0)
		return NULL;
	r->doc_of = e->number;
	return &r->doc;
}

/* The start of every canonical line without `seq`. */
static const struct dnc_str line_start = DNC_STR("{\"id\":\"");

static struct dnc_event_span span_of(const char *start, struct dnc_str s)
{
	return s.p ? (struct dnc_event_span){(uint16_t)(s.p - start), (uint16_t)s.n}
	           : (struct dnc_event_span){0};
}

/* The span of free text. The content of one with escapes is not in the line: then only that is
 * recorded. */
static struct dnc_event_span free_span(
	const char *start, const struct dnc_event *e, struct dnc_str s, bool *escaped)
{
	if (!s.p || is_in(e->line, s))
		return span_of(start, s);
	*escaped = true;
	return (struct dnc_event_span){0};
}

void dnc_event_shape_of(const struct dnc_event *e, struct dnc_event_shape *shape)
{
	const char *start = e->id.p - line_start.n; /* of the line without `seq` */

	*shape = (struct dnc_event_shape){.timestamp_ms = e->timestamp_ms,
		.id = span_of(start, e->id),
		.phone_number = span_of(start, e->phone_number),
		.ingested_at = span_of(start, e->ingested_at),
		.bytes = (uint16_t)(e->line.p + e->line.n - start),
		.severity_text = (uint16_t)(e->severity_text.p - start),
		.event_data = (uint16_t)(e->event_data.p - start),
		.metadata = (uint16_t)(e->metadata.p - start),
		.type = (uint8_t)e->type,
		.severity = (uint8_t)(e->severity - dnc_severities)};
	shape->provider = free_span(start, e, e->provider, &shape->escaped);
	shape->provider_id = free_span(start, e, e->provider_id, &shape->escaped);
	shape->summary = free_span(start, e, e->summary, &shape->escaped);
}

static struct dnc_str text_at(const char *start, struct dnc_event_span span)
{
	return span.at ? (struct dnc_str){start + span.at, span.n} : (struct dnc_str){0};
}

/* Sets the free texts. The content of those with escapes is in the parser's memory. */
static int read_free_text(struct dnc_event *e)
{
	const struct dnc_json *doc = dnc_event_doc(e);

	if (!doc)
		return -1;
	for (int key = 0; key < KEYS; key++) {
		uint32_t at =
			event_keys[key].free_text ? dnc_json_get(doc, 0, event_keys[key].name) : 0;

		if (at)
			*(struct dnc_str *)((char *)e + event_keys[key].slot) = doc->node[at].text;
	}
	return 0;
}

int dnc_event_from_shape(struct dnc_event_reader *r, struct dnc_str line, uint64_t seq,
	const struct dnc_event_shape *shape, struct dnc_event *out)
{
	static const struct dnc_str before_timestamp = DNC_STR("\",\"timestamp\":\""),
				    before_metadata = DNC_STR(",\"metadata\":");
	const struct dnc_severity *severity = &dnc_severities[shape->severity];
	const char *end = line.p + line.n, *start = end - shape->bytes;

	if (line.n < shape->bytes)
		return -1;
	*out = (struct dnc_event){.line = line,
		.seq = seq,
		.type = shape->type,
		.severity = severity,
		.timestamp_ms = shape->timestamp_ms,
		.id = text_at(start, shape->id),
		.phone_number = text_at(start, shape->phone_number),
		.provider = text_at(start, shape->provider),
		.provider_id = text_at(start, shape->provider_id),
		.summary = text_at(start, shape->summary),
		.severity_text = {start + shape->severity_text, severity->name.n},
		.timestamp = {start + shape->severity_text + severity->name.n + before_timestamp.n,
			DNC_TIME_LEN},
		.ingested_at = text_at(start, shape->ingested_at),
		.event_data = {start + shape->event_data,
			(size_t)(shape->metadata - shape->event_data) - before_metadata.n},
		.metadata = {start + shape->metadata, (size_t)(shape->bytes - shape->metadata) - 1},
		.reader = r,
		.number = r ? ++r->events : 0};
	return shape->escaped ? read_free_text(out) : 0;
}
