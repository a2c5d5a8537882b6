/* ndjson.c - one JSON object per line: events, and domain events in the forms that other systems
 * write. */
#include "priv/format.h"

/* A bare domain event names no type, but may have a field that only one type has. */
static const struct {
	struct dnc_str field;
	enum dnc_type type;
} type_fields[] = {{DNC_STR("released_at"), DNC_NUMBER_RELEASED},
	{DNC_STR("released_by"), DNC_NUMBER_RELEASED},
	{DNC_STR("suppressed_at"), DNC_NUMBER_SUPPRESSED},
	{DNC_STR("suppressed_by"), DNC_NUMBER_SUPPRESSED},
	{DNC_STR("checked_at"), DNC_CHECK_PERFORMED}, {DNC_STR("sync_status"), DNC_LIST_SYNCED},
	{DNC_STR("violation_type"), DNC_COMPLIANCE_VIOLATION},
	{DNC_STR("new_status"), DNC_PROVIDER_STATUS_CHANGE}};

static bool guess_type(const struct dnc_json *doc, enum dnc_type *type)
{
	static const struct dnc_str keys[] = {DNC_STR("type"), DNC_STR("event_type")};
	bool named = false;

	for (size_t i = 0; i < 2; i++) {
		uint32_t at = dnc_json_get(doc, 0, keys[i]);

		if (!at || doc->node[at].type == DNC_JSON_NULL)
			continue;
		named = true;
		if (source_type_by_name(doc->node[at].text, type))
			return true;
	}
	if (named)
		return false; /* an unknown name is rejected, whatever the fields are */
	for (size_t i = 0; i < sizeof type_fields / sizeof type_fields[0]; i++) {
		uint32_t data = dnc_json_get(doc, 0, DNC_STR("event_data"));

		if (dnc_json_get(doc, 0, type_fields[i].field) ||
			(data && dnc_json_get(doc, data, type_fields[i].field))) {
			*type = type_fields[i].type;
			return true;
		}
	}
	return false;
}

/* Appends OBJECT's members but those named in SKIP. */
static void copy_members(
	struct dnc_source *s, const struct dnc_json *doc, uint32_t object, const char *skip)
{
	for (uint32_t i = object + 1; i < doc->node[object].next; i = doc->node[i].next) {
		struct dnc_str key = doc->node[i].key;
		const char *found = key.n && key.n < 32 && !memchr(key.p, '\0', key.n)
		                            ? memmem(skip, strlen(skip), key.p, key.n)
		                            : NULL;

		if (found && found[key.n] == ' ' && (found == skip || found[-1] == ' '))
			continue;
		dnc_json_write_key(&s->event, key);
		dnc_json_write_node(&s->event, doc, i);
	}
}

static bool has(const void *ctx, const char *key)
{
	const struct dnc_json *doc = ctx;
	uint32_t data = dnc_json_get(doc, 0, DNC_STR("event_data"));

	return dnc_json_get(doc, 0, dnc_str(key)) ||
	       (data && dnc_json_get(doc, data, dnc_str(key)));
}

/* Writes the record with its type, and with the values of the options that it lacks. */
static enum dnc_source_result read_shaped(struct dnc_source *s, struct dnc_json *doc)
{
	enum dnc_type type;
	enum dnc_source_result rc;

	if (cloudevents_are(doc))
		return cloudevents_record(s, doc);
	if (capture_record(s, doc, &rc))
		return rc;
	if (!guess_type(doc, &type)) {
		dnc_buf_clear(&s->event); /* normalizing it reports what is missing */
		dnc_json_write_node(&s->event, doc, 0);
		return source_record(s);
	}
	source_begin(s, type);
	copy_members(s, doc, 0, "type event_type ");
	source_add_given(s, has, doc);
	dnc_buf_chr(&s->event, '}');
	return source_record(s);
}

/* True if TEXT looks like an event: a canonical one by its start, others by a type in them, if they are no CloudEvents. */
static bool looks_like_event(struct dnc_str text)
{
	static const char start[] = "{\"id\":\"", type[] = "\",\"type\":\"dnc.",
			  envelope[] = "\"specversion\"";
	const size_t type_at = sizeof start - 1 + DNC_UUID_LEN;

	if (text.n > type_at + sizeof type && memcmp(text.p, start, sizeof start - 1) == 0 &&
		memcmp(text.p + type_at, type, sizeof type - 1) == 0)
		return true;
	return memmem(text.p, text.n, type + 2, sizeof type - 3) &&
	       !memmem(text.p, text.n, envelope, sizeof envelope - 1);
}

static enum dnc_source_result read_text(struct dnc_source *s, struct dnc_str text)
{
	const struct dnc_source_options *o = &s->options;
	struct dnc_json doc;
	struct dnc_error err;
	int rc;

	if (o->map) {
		dnc_buf_clear(&s->event);
		dnc_buf_str(&s->event, text);
		return source_record(s);
	}
	/* A canonical type and no options: there is nothing to add, so the record is parsed once only. */
	if (!o->provider && !o->provider_id && !o->reason && !o->source && looks_like_event(text)) {
		s->record.event = text;
		return DNC_SOURCE_RECORD;
	}
	rc = dnc_json_parse(s->parser, text.p, text.n, &doc, &err);
	if (rc < 0 && err.code == DNC_ERROR_NO_MEMORY)
		return DNC_SOURCE_FAILED;
	if (rc == 0 && capture_is_tombstone(&doc))
		return DNC_SOURCE_DROPPED;
	if (rc < 0 || doc.node[0].type != DNC_JSON_OBJECT) {
		s->record.event = text; /* normalizing it reports what is wrong */
		return DNC_SOURCE_RECORD;
	}
	return read_shaped(s, &doc);
}

static void detect(const struct sample *sample, struct verdict *v)
{
	struct dnc_str first = {0};

	sample_next(sample, &(size_t){0}, &first);
	if (!documents_start(first))
		verdict_set(v, FORMAT_NO, "its first line is no JSON object");
	else
		verdict_set(v, FORMAT_SURE, "it starts with a JSON %s",
			first.p[0] == '[' ? "array" : "object");
}

const struct format format_ndjson = {
	.about = {"ndjson", "JSON objects, one per line or as documents", 0},
	.detect = detect,
	.line = documents_line,
	.next = documents_next,
	.text = read_text};
