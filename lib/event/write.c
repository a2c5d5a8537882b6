/* write.c - a draft to the canonical event. */
#include "../base/clock.h"
#include "draft.h"

/* A source's UUID in its canonical writing; the dashes may be missing. False when TEXT is none. */
static bool canonical_uuid(struct dnc_str text, char out[DNC_UUID_LEN])
{
	bool dashes = text.n == DNC_UUID_LEN;
	size_t at = 0;

	if (!dashes && text.n != DNC_UUID_LEN - 4)
		return false;
	for (size_t i = 0; i < DNC_UUID_LEN; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		char c;

		if (dash) {
			if (dashes && text.p[at++] != '-')
				return false;
			out[i] = '-';
			continue;
		}
		c = text.p[at++];
		if (c >= 'A' && c <= 'F')
			c = (char)(c + 32);
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
		out[i] = c;
	}
	return true;
}

/* Writes the id; true when the source's own is no UUID and must be kept as event_id. */
static bool write_id(struct draft *d, struct dnc_buf *b)
{
	uint32_t at = d->id ? d->id : d->event_id ? d->event_id : d->field[FIELD_EVENT_ID];
	char uuid[DNC_UUID_LEN];
	bool foreign = false;

	if (!at || d->doc->node[at].text.n == 0) {
		dnc_uuid_v7(d->ingested_at_ms, uuid);
	} else if (!canonical_uuid(d->doc->node[at].text, uuid)) {
		struct dnc_str parts[] = {d->provider_name, d->doc->node[at].text};

		dnc_uuid_v8(parts, 2, uuid);
		foreign = !d->field[FIELD_EVENT_ID];
		d->id = at;
	}
	dnc_buf_lit(b, "{\"id\":\"");
	dnc_buf_add(b, uuid, sizeof uuid);
	dnc_buf_chr(b, '"');
	return foreign;
}

static void write_time(struct dnc_buf *b, int64_t ms)
{
	char text[DNC_TIME_LEN];

	dnc_clock_format(ms, text);
	dnc_buf_add(b, text, sizeof text);
}

static void write_summary(const struct draft *d, struct dnc_buf *b)
{
	struct dnc_buf masked = {0};

	dnc_buf_lit(b, ",\"summary\":");
	if (!d->summary) {
		dnc_buf_chr(b, '"');
		draft_write_summary(d, b);
		dnc_buf_chr(b, '"');
		return;
	}
	if (!d->e164.p) {
		dnc_json_write_str(b, d->doc->node[d->summary].text);
		return;
	}
	dnc_phone_mask_text(&masked, d->doc->node[d->summary].text, d->e164);
	dnc_json_write_str(b, dnc_buf_view(&masked));
	b->failed |= masked.failed;
	dnc_buf_free(&masked);
}

static void write_event_data(const struct draft *d, struct dnc_buf *b, bool keep_id)
{
	dnc_buf_lit(b, ",\"event_data\":{");
	if (keep_id) {
		dnc_json_write_key(b, DNC_STR("event_id"));
		dnc_json_write_str(b, d->doc->node[d->id].text);
	}
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

/* Members of metadata that normalizing itself writes, always last. */
static bool is_reserved(struct dnc_str key)
{
	static const struct dnc_str reserved[] = {DNC_STR("unknown_values"),
		DNC_STR("requires_approval"), DNC_STR("ingested_at"), DNC_STR("source_format")};

	for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
		if (dnc_str_eq(key, reserved[i]))
			return true;
	return false;
}

static void write_metadata(const struct draft *d, const char *format, struct dnc_buf *b)
{
	const struct dnc_json_node *node = d->doc->node;
	uint32_t meta = d->metadata, written;
	struct dnc_str source = dnc_str(format);

	dnc_buf_lit(b, ",\"metadata\":{");
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
	write_time(b, d->ingested_at_ms);
	dnc_buf_lit(b, "\",\"source_format\":");
	dnc_json_write_str(b, source);
	dnc_buf_lit(b, "}}");
}

void draft_write(struct draft *d, const char *source_format, struct dnc_buf *b)
{
	bool keep_id;

	dnc_buf_clear(b);
	keep_id = write_id(d, b);
	dnc_buf_lit(b, ",\"type\":\"");
	dnc_buf_str(b, dnc_type_names[d->type]);
	dnc_buf_chr(b, '"');
	if (d->e164.p) {
		dnc_buf_lit(b, ",\"phone_number\":\"");
		dnc_buf_str(b, d->e164);
		dnc_buf_chr(b, '"');
	}
	if (d->provider_name.p) {
		dnc_buf_lit(b, ",\"provider\":");
		dnc_json_write_str(b, d->provider_name);
	}
	if (d->provider_id) {
		dnc_buf_lit(b, ",\"provider_id\":");
		dnc_json_write_str(b, d->doc->node[d->provider_id].text);
	}
	dnc_buf_lit(b, ",\"severity\":\"");
	dnc_buf_str(b, d->severity->name);
	dnc_buf_lit(b, "\",\"timestamp\":\"");
	write_time(b, d->timestamp_ms);
	dnc_buf_chr(b, '"');
	write_summary(d, b);
	write_event_data(d, b, keep_id);
	write_metadata(d, source_format, b);
}
