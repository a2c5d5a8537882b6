/* write.c - writes a draft as a canonical event. */
#include <stdio.h>
#include "base/clock.h"
#include "priv/draft.h"

static void write_time(struct dnc_buf *b, int64_t ms)
{
	char text[DNC_TIME_LEN];

	dnc_clock_format(ms, text);
	dnc_buf_add(b, text, sizeof text);
}

static const struct dnc_json_node *find_member(const struct draft *d, struct dnc_str key)
{
	for (uint32_t i = 0; i < d->members; i++)
		if (dnc_str_eq(d->doc->node[d->member[i]].key, key))
			return &d->doc->node[d->member[i]];
	return NULL;
}

/* Writes an id of the record that is not a UUID as source_id, or source_id_2 and so on if that name
 * is in use. */
static void write_own_id(const struct draft *d, struct dnc_buf *b)
{
	struct dnc_str text = d->doc->node[d->own_id].text, key = DNC_STR("source_id");
	const struct dnc_json_node *there;
	char name[32];

	if (d->own_id == d->field[FIELD_EVENT_ID])
		return; /* it is a member already */
	for (unsigned n = 2; (there = find_member(d, key)); n++) {
		if (there->type == DNC_JSON_STRING && dnc_str_eq(there->text, text))
			return;
		key = (struct dnc_str){
			name, (size_t)snprintf(name, sizeof name, "source_id_%u", n)};
	}
	dnc_json_write_key(b, key);
	dnc_json_write_str(b, text);
}

static void write_event_data(const struct draft *d, struct dnc_buf *b)
{
	dnc_buf_chr(b, '{');
	if (d->own_id)
		write_own_id(d, b);
	for (uint32_t i = 0; i < d->members; i++) {
		const struct dnc_json_node *node = &d->doc->node[d->member[i]];

		dnc_json_write_key(b, node->key);
		if (d->member[i] == d->field[FIELD_PHONE_NUMBER])
			dnc_json_write_str(b, d->e164);
		else
			dnc_json_write_node(b, d->doc, d->member[i]);
	}
	dnc_buf_chr(b, '}');
}

/* Members of metadata that normalizing writes, always last. */
static bool is_reserved(struct dnc_str key)
{
	static const struct dnc_str reserved[] = {DNC_STR("unknown_values"),
		DNC_STR("requires_approval"), DNC_STR("ingested_at"), DNC_STR("source_format")};

	for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
		if (dnc_str_eq(key, reserved[i]))
			return true;
	return false;
}

static void write_metadata(
	const struct draft *d, const char *format, struct dnc_buf *b, struct dnc_event_shape *shape)
{
	const struct dnc_json_node *node = d->doc->node;
	uint32_t meta = d->metadata, written;
	struct dnc_str source = dnc_str(format);

	dnc_buf_lit(b, ",\"metadata\":");
	shape->metadata = (uint16_t)b->n;
	dnc_buf_chr(b, '{');
	written = draft_write_derived(d, b);
	for (uint32_t i = meta + 1; meta && i < node[meta].next; i = node[i].next) {
		int row = dnc_derived_find(d->type, node[i].key);

		if (dnc_str_eq(node[i].key, DNC_STR("source_format")) &&
			node[i].type == DNC_JSON_STRING)
			source = node[i].text;
		if (node[i].type == DNC_JSON_NULL || is_reserved(node[i].key) ||
			(row >= 0 && written & 1u << row))
			continue;
		dnc_json_write_key(b, node[i].key);
		dnc_json_write_node(b, d->doc, i);
	}
	if (d->unknowns) {
		dnc_json_write_key(b, DNC_STR("unknown_values"));
		for (uint32_t i = 0; i < d->unknowns; i++) {
			dnc_buf_chr(b, i ? ',' : '[');
			dnc_json_write_str(b, dnc_fields[d->unknown[i]].name);
		}
		dnc_buf_chr(b, ']');
	}
	if (d->requires_approval) {
		dnc_json_write_key(b, DNC_STR("requires_approval"));
		dnc_buf_lit(b, "true");
	}
	dnc_json_write_key(b, DNC_STR("ingested_at"));
	dnc_buf_chr(b, '"');
	shape->ingested_at = (struct dnc_event_span){(uint16_t)b->n, DNC_TIME_LEN};
	write_time(b, d->ingested_at_ms);
	dnc_buf_lit(b, "\",\"source_format\":");
	dnc_json_write_str(b, source);
	dnc_buf_lit(b, "}}");
}

/* Adds TEXT, which needs no escapes, without quotes. */
static struct dnc_event_span write_plain(struct dnc_buf *b, struct dnc_str text)
{
	struct dnc_event_span span = {(uint16_t)b->n, (uint16_t)text.n};

	dnc_buf_str(b, text);
	return span;
}

/* Adds TEXT as a string literal. */
static struct dnc_event_span write_free(
	struct dnc_buf *b, struct dnc_str text, struct dnc_event_shape *shape)
{
	size_t from = b->n;

	dnc_json_write_str(b, text);
	if (b->n - from != text.n + 2)
		shape->escaped = true;
	return (struct dnc_event_span){(uint16_t)(from + 1), (uint16_t)(b->n - from - 2)};
}

static void write_parties(const struct draft *d, struct dnc_buf *b, struct dnc_event_shape *shape)
{
	if (d->e164.p) {
		dnc_buf_lit(b, ",\"phone_number\":\"");
		shape->phone_number = write_plain(b, d->e164);
		dnc_buf_chr(b, '"');
	}
	if (d->provider_name.p) {
		dnc_buf_lit(b, ",\"provider\":");
		shape->provider = write_free(b, d->provider_name, shape);
	}
	if (d->provider_id) {
		dnc_buf_lit(b, ",\"provider_id\":");
		shape->provider_id = write_free(b, d->doc->node[d->provider_id].text, shape);
	}
}

/* Nothing is allocated for a summary that is not longer. */
enum { SUMMARY_ROOM = 1024 };

static void write_summary(const struct draft *d, struct dnc_buf *b, struct dnc_event_shape *shape)
{
	char room[SUMMARY_ROOM];
	struct dnc_buf masked = {0};
	size_t from;

	dnc_buf_lit(b, ",\"summary\":");
	from = b->n + 1;
	if (!d->summary) {
		dnc_buf_chr(b, '"');
		draft_write_summary(d, b);
		shape->summary = (struct dnc_event_span){(uint16_t)from, (uint16_t)(b->n - from)};
		shape->escaped |= dnc_buf_ok(b) && memchr(b->p + from, '\\', b->n - from);
		dnc_buf_chr(b, '"');
		return;
	}
	if (!d->e164.p) {
		shape->summary = write_free(b, d->doc->node[d->summary].text, shape);
		return;
	}
	if (d->doc->node[d->summary].text.n <= sizeof room)
		masked = (struct dnc_buf){.p = room, .size = sizeof room};
	dnc_phone_mask_text(&masked, d->doc->node[d->summary].text, d->e164);
	shape->summary = write_free(b, dnc_buf_view(&masked), shape);
	b->failed |= masked.failed;
	if (masked.p != room)
		dnc_buf_free(&masked);
}

void draft_write(const struct draft *d, const char *source_format, struct dnc_buf *b,
	struct dnc_event_shape *shape)
{
	*shape = (struct dnc_event_shape){.timestamp_ms = d->timestamp_ms,
		.type = (uint8_t)d->type,
		.severity = (uint8_t)(d->severity - dnc_severities)};
	dnc_buf_clear(b);
	dnc_buf_lit(b, "{\"id\":\"");
	shape->id = write_plain(b, (struct dnc_str){d->uuid, sizeof d->uuid});
	dnc_buf_lit(b, "\",\"type\":\"");
	dnc_buf_str(b, dnc_type_names[d->type]);
	dnc_buf_chr(b, '"');
	write_parties(d, b, shape);
	dnc_buf_lit(b, ",\"severity\":\"");
	shape->severity_text = (uint16_t)b->n;
	dnc_buf_str(b, d->severity->name);
	dnc_buf_lit(b, "\",\"timestamp\":\"");
	write_time(b, d->timestamp_ms);
	dnc_buf_chr(b, '"');
	write_summary(d, b, shape);
	dnc_buf_lit(b, ",\"event_data\":");
	shape->event_data = (uint16_t)b->n;
	write_event_data(d, b);
	write_metadata(d, source_format, b, shape);
	shape->bytes = (uint16_t)b->n;
}
