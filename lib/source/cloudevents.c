/* cloudevents.c - CloudEvents 1.0 in JSON (https://github.com/cloudevents/spec): structured and batch mode. */
#include <sodium.h>
#include "base/uuid.h"
#include "base/words.h"
#include "priv/format.h"

/* Nodes of a CloudEvent; 0 is absent. */
struct cloudevent {
	const struct dnc_json *doc;
	uint32_t id, source, type, time, subject, data;
	enum dnc_type means;
	bool identified; /* the data have a UUID of their own */
};

static uint32_t member(const struct dnc_json *doc, uint32_t object, const char *key)
{
	return dnc_json_value(doc, object, dnc_str(key));
}

/* The node of an attribute that is a string with text in it, else 0. */
static uint32_t text_member(const struct dnc_json *doc, const char *key)
{
	uint32_t at = member(doc, 0, key);

	return at && doc->node[at].type == DNC_JSON_STRING && doc->node[at].text.n ? at : 0;
}

bool cloudevents_are(const struct dnc_json *doc)
{
	return dnc_json_get(doc, 0, DNC_STR("specversion")) > 0;
}

/* Writes the CloudEvent with its data_base64 decoded to S's buffer for data, and parses it. False with RESULT if the data are
 * no JSON. */
static bool decode_data(struct dnc_source *s, struct dnc_json *doc, enum dnc_source_result *result)
{
	uint32_t at = member(doc, 0, "data_base64");
	const struct dnc_json_node *node = doc->node;
	struct dnc_buf *b = &s->decoded;
	uint32_t members = node[0].count;
	size_t n = 0;

	dnc_buf_clear(b);
	dnc_buf_chr(b, '{');
	for (uint32_t i = 1; i < node[0].next; i = node[i].next)
		if (i != at) {
			dnc_json_write_key(b, node[i].key);
			dnc_json_write_node(b, doc, i);
		}
	dnc_json_write_key(b, DNC_STR("data"));
	if (!dnc_buf_reserve(b, node[at].text.n + DNC_JSON_PADDING)) {
		*result = DNC_SOURCE_FAILED;
		return false;
	}
	if (node[at].type != DNC_JSON_STRING ||
		sodium_base642bin((unsigned char *)b->p + b->n, node[at].text.n, node[at].text.p,
			node[at].text.n, NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL) != 0) {
		*result = source_reject(
			s, DNC_REJECT_INVALID_FIELD, "data_base64", "data_base64 is not Base64");
		return false;
	}
	b->n += n;
	dnc_buf_chr(b, '}');
	if (!dnc_buf_reserve(b, DNC_JSON_PADDING) || !dnc_buf_ok(b)) {
		*result = DNC_SOURCE_FAILED;
		return false;
	}
	if (!source_parse(s, dnc_buf_view(b), doc, result))
		return false;
	/* What was decoded is in the text of the envelope: it must not have added members to that. */
	if (doc->node[0].count == members)
		return true;
	*result = source_reject(s, DNC_REJECT_INVALID_JSON, "data_base64",
		"data_base64 holds more than one JSON value");
	return false;
}

/* Finds the attributes. DNC_SOURCE_MORE, or what is wrong. */
static enum dnc_source_result read_attributes(struct dnc_source *s, struct cloudevent *ce)
{
	const struct dnc_json *doc = ce->doc;
	uint32_t version = text_member(doc, "specversion");
	const struct {
		const char *key;
		uint32_t *node;
	} required[] = {{"id", &ce->id}, {"source", &ce->source}, {"type", &ce->type}};

	if (!version || !dnc_str_starts(doc->node[version].text, DNC_STR("1.")))
		return source_reject(s, DNC_REJECT_INVALID_FIELD, "specversion",
			"specversion is not 1.0, the version of CloudEvents that is read");
	for (size_t i = 0; i < sizeof required / sizeof required[0]; i++)
		if (!(*required[i].node = text_member(doc, required[i].key)))
			return source_reject(s, DNC_REJECT_MISSING_FIELD, required[i].key,
				"the CloudEvent has no %s", required[i].key);
	ce->time = text_member(doc, "time");
	if (ce->time && source_is_no_time(doc->node[ce->time].text))
		ce->time = 0;
	ce->subject = text_member(doc, "subject");
	ce->data = member(doc, 0, "data");
	return DNC_SOURCE_MORE;
}

static bool has_uuid(const struct dnc_json *doc, uint32_t object, const char *key)
{
	uint32_t at = member(doc, object, key);
	char uuid[DNC_UUID_LEN];

	return at && doc->node[at].type == DNC_JSON_STRING &&
	       dnc_uuid_read(doc->node[at].text, uuid);
}

/* Checks that the data are a domain event of the CloudEvent's type. */
static enum dnc_source_result read_data(struct dnc_source *s, struct cloudevent *ce)
{
	const struct dnc_json *doc = ce->doc;
	const struct dnc_json_node *type = &doc->node[ce->type];
	static const char *const keys[] = {"type", "event_type"};
	uint32_t inner;

	if (!source_type_by_name(type->text, &ce->means))
		return source_reject(s, DNC_REJECT_UNKNOWN_TYPE, "type",
			"the CloudEvent has the type \"%.*s\", which is none of ours: use --map",
			type->text.n > 64 ? 64 : (int)type->text.n, type->text.p);
	if (!ce->data)
		return source_reject(
			s, DNC_REJECT_MISSING_FIELD, "data", "the CloudEvent has no data");
	if (doc->node[ce->data].type != DNC_JSON_OBJECT)
		return source_reject(s, DNC_REJECT_INVALID_FIELD, "data",
			"the data of the CloudEvent are not a JSON object");
	for (size_t i = 0; i < 2; i++) {
		uint32_t at = member(doc, ce->data, keys[i]);
		enum dnc_type means;

		if (at && (!source_type_by_name(doc->node[at].text, &means) || means != ce->means))
			return source_reject(s, DNC_REJECT_INVALID_FIELD, "data",
				"the type of the CloudEvent differs from that of its data");
	}
	inner = member(doc, ce->data, "event_data");
	ce->identified = has_uuid(doc, ce->data, "id") || has_uuid(doc, ce->data, "event_id") ||
	                 (inner && has_uuid(doc, inner, "event_id"));
	return DNC_SOURCE_MORE;
}

static bool has(const void *ctx, const char *key)
{
	const struct cloudevent *ce = ctx;
	uint32_t inner = member(ce->doc, ce->data, "event_data");

	return member(ce->doc, ce->data, key) || (inner && member(ce->doc, inner, key));
}

/* Copies the data, which are an event. Their own id that is no UUID makes way for that of the CloudEvent. */
static void copy_data(struct dnc_source *s, const struct cloudevent *ce)
{
	const struct dnc_json_node *node = ce->doc->node;

	for (uint32_t i = ce->data + 1; i < node[ce->data].next; i = node[i].next) {
		struct dnc_str key = node[i].key;

		if (dnc_words_have("type event_type", key) || node[i].type == DNC_JSON_NULL ||
			(dnc_str_eq(key, DNC_STR("suppressed_at")) &&
				source_is_no_time(node[i].text)))
			continue;
		if (!ce->identified && dnc_str_eq(key, DNC_STR("id")))
			key = has(ce, "source_id") ? DNC_STR("data_id") : DNC_STR("source_id");
		dnc_json_write_key(&s->event, key);
		dnc_json_write_node(&s->event, ce->doc, i);
	}
}

/* Source and id together are unique: a CloudEvent that is delivered again is the same event, and the log must find it so.
 * Extension attributes say how it came (traceparent, a count of attempts), which differs each time: they are no part of it. */
static void add_envelope(struct dnc_source *s, const struct cloudevent *ce)
{
	const struct dnc_json_node *node = ce->doc->node;
	const struct dnc_str parts[] = {
		DNC_STR("cloudevents"), node[ce->source].text, node[ce->id].text};

	source_add_identity(s, parts, sizeof parts / sizeof parts[0]);
	if (ce->time && !has(ce, "timestamp"))
		source_add(s, "timestamp", node[ce->time].text);
	if (ce->subject && node[ce->subject].text.p[0] == '+' && !has(ce, "phone_number"))
		source_add(s, "phone_number", node[ce->subject].text);
	dnc_json_write_key(&s->event,
		has(ce, "cloudevent") ? DNC_STR("cloudevent_envelope") : DNC_STR("cloudevent"));
	dnc_buf_chr(&s->event, '{');
	for (uint32_t i = 1; i < node[0].next; i = node[i].next)
		if (node[i].type != DNC_JSON_NULL &&
			dnc_words_have("id source subject dataschema", node[i].key)) {
			dnc_json_write_key(&s->event, node[i].key);
			dnc_json_write_node(&s->event, ce->doc, i);
		}
	dnc_buf_chr(&s->event, '}');
}

enum dnc_source_result cloudevents_record(struct dnc_source *s, struct dnc_json *doc)
{
	struct cloudevent ce = {.doc = doc};
	enum dnc_source_result rc;

	if (member(doc, 0, "data_base64") && !decode_data(s, doc, &rc))
		return rc;
	if ((rc = read_attributes(s, &ce)) || (rc = read_data(s, &ce)))
		return rc;
	source_begin(s, ce.means);
	if (!ce.identified)
		add_envelope(s, &ce);
	copy_data(s, &ce);
	source_add_given(s, has, &ce);
	dnc_buf_chr(&s->event, '}');
	return source_record(s);
}

static enum dnc_source_result read_text(struct dnc_source *s, struct dnc_str text)
{
	enum dnc_source_result rc;
	struct dnc_json doc;

	if (!source_parse(s, text, &doc, &rc))
		return rc;
	if (!cloudevents_are(&doc))
		return source_reject(s, DNC_REJECT_MISSING_FIELD, "specversion",
			"specversion is missing: this is no CloudEvent");
	if (!s->options.map)
		return cloudevents_record(s, &doc);
	if (!member(&doc, 0, "data_base64"))
		return source_text(s, text);
	/* A map always finds `data`. */
	return decode_data(s, &doc, &rc) ? source_text(s, dnc_buf_view(&s->decoded)) : rc;
}

/* The place after the string at the start of S. */
static size_t string_length(struct dnc_str s)
{
	size_t i = 1;

	while (i < s.n && s.p[i] != '"')
		i += s.p[i] == '\\' ? 2 : 1;
	return i < s.n ? i + 1 : s.n;
}

/* True if the first object of the sample, which may be in an array, has the member NAME; its values may have such a one, too,
 * which does not count. */
static bool first_has(struct dnc_str json, struct dnc_str name)
{
	unsigned depth = 0, top = json.n && json.p[0] == '[' ? 2 : 1;

	for (size_t i = 0, n; i < json.n; i += n) {
		char c = json.p[i];
		struct dnc_str rest = {json.p + i, json.n - i};

		n = c == '"' ? string_length(rest) : 1;
		depth += c == '{' || c == '[';
		depth -= depth && (c == '}' || c == ']');
		if (depth < top && c == '}')
			return false;
		if (c != '"' || depth != top || !dnc_str_eq((struct dnc_str){rest.p, n}, name))
			continue;
		rest = dnc_str_trim((struct dnc_str){rest.p + n, rest.n - n});
		if (rest.n && rest.p[0] == ':')
			return true;
	}
	return false;
}

static void detect(const struct sample *sample, struct verdict *v)
{
	struct dnc_str json = documents_sample(sample);

	if (json.p && first_has(json, DNC_STR("\"specversion\"")))
		verdict_set(v, FORMAT_SURE, "it starts with a CloudEvent");
	else
		verdict_set(v, FORMAT_NO, "it does not start with a CloudEvent");
}

const struct format format_cloudevents = {
	.about = {"cloudevents", "CloudEvents 1.0 in JSON, one per line or in arrays", 0},
	.detect = detect,
	.line = documents_line,
	.next = documents_next,
	.text = read_text};
