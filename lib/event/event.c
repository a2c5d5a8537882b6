/* event.c - reads a record into a draft, checks it, and writes the canonical event. */
#include <stdlib.h>
#include "../base/clock.h"
#include "draft.h"

struct dnc_event_reader {
	struct dnc_event_options options;
	struct dnc_json_parser *parser;
	struct dnc_json view; /* of the line dnc_event_view() took apart last */
	struct draft draft;
	struct dnc_buf out;
};

struct dnc_event_reader *dnc_event_reader_new(const struct dnc_event_options *options)
{
	struct dnc_event_reader *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->options = *options;
	if (!r->options.region)
		r->options.region = "US";
	if (!r->options.source_format)
		r->options.source_format = "ndjson";
	r->parser = dnc_json_parser_new();
	if (!r->parser || !dnc_buf_reserve(&r->out, DNC_EVENT_MAX_BYTES * 2)) {
		dnc_event_reader_free(r);
		return NULL;
	}
	dnc_fields_init();
	return r;
}

void dnc_event_reader_free(struct dnc_event_reader *r)
{
	if (!r)
		return;
	dnc_json_parser_free(r->parser);
	dnc_buf_free(&r->out);
	free(r);
}

void dnc_event_reader_format(struct dnc_event_reader *r, const char *source_format)
{
	r->options.source_format = source_format;
}

static int reject(struct dnc_error *err, enum dnc_reject code, const char *place, const char *why)
{
	dnc_error_set(err, (int)code, "%s%s%s", place, *place ? " " : "", why);
	dnc_error_place(err, "%s", place);
	return -1;
}

/* The canonical keys of the top level, and where a draft keeps them. */
static const struct top_key {
	struct dnc_str name;
	size_t slot;  /* offset of a uint32_t in struct draft; 0 is dropped */
	uint8_t type; /* enum dnc_json_type it must have */
} top_keys[] = {
	{DNC_STR("seq"), 0, DNC_JSON_NULL},
	{DNC_STR("id"), offsetof(struct draft, id), DNC_JSON_STRING},
	{DNC_STR("event_id"), offsetof(struct draft, event_id), DNC_JSON_STRING},
	{DNC_STR("type"), 0, DNC_JSON_STRING},
	{DNC_STR("phone_number"), offsetof(struct draft, phone), DNC_JSON_STRING},
	{DNC_STR("provider"), offsetof(struct draft, provider), DNC_JSON_STRING},
	{DNC_STR("provider_id"), offsetof(struct draft, provider_id), DNC_JSON_STRING},
	{DNC_STR("severity"), offsetof(struct draft, given_severity), DNC_JSON_STRING},
	{DNC_STR("timestamp"), offsetof(struct draft, timestamp), DNC_JSON_STRING},
	{DNC_STR("summary"), offsetof(struct draft, summary), DNC_JSON_STRING},
	{DNC_STR("event_data"), offsetof(struct draft, event_data), DNC_JSON_OBJECT},
	{DNC_STR("metadata"), offsetof(struct draft, metadata), DNC_JSON_OBJECT},
};

static const struct top_key *find_top_key(struct dnc_str name)
{
	for (size_t i = 0; i < sizeof top_keys / sizeof top_keys[0]; i++)
		if (dnc_str_eq(top_keys[i].name, name))
			return &top_keys[i];
	return NULL;
}

static const char *const json_type_names[] = {[DNC_JSON_BOOL] = "true or false",
	[DNC_JSON_NUMBER] = "a number",
	[DNC_JSON_STRING] = "a string",
	[DNC_JSON_ARRAY] = "an array",
	[DNC_JSON_OBJECT] = "an object"};

static int wrong_type(
	struct dnc_error *err, const char *prefix, struct dnc_str name, const char *wanted)
{
	dnc_error_set(err, DNC_REJECT_INVALID_FIELD, "%s%.*s must be %s", prefix, DNC_STR_ARG(name),
		wanted);
	dnc_error_place(err, "%s%.*s", prefix, DNC_STR_ARG(name));
	return -1;
}

/* Sorts the top level into canonical keys; what else stands there is left for event_data. */
static int read_top(struct draft *d, struct dnc_error *err)
{
	const struct dnc_json_node *node = d->doc->node;
	uint32_t type = dnc_json_get(d->doc, 0, DNC_STR("type"));

	if (!type || node[type].type == DNC_JSON_NULL)
		return reject(err, DNC_REJECT_MISSING_TYPE, "type", "is missing");
	if (node[type].type != DNC_JSON_STRING)
		return wrong_type(err, "", DNC_STR("type"), "a string");
	if (!dnc_type_from_name(node[type].text, &d->type)) {
		dnc_error_set(err, DNC_REJECT_UNKNOWN_TYPE, "unknown type \"%.*s\"",
			node[type].text.n > 64 ? 64 : (int)node[type].text.n, node[type].text.p);
		dnc_error_place(err, "type");
		return -1;
	}
	for (uint32_t i = 1; i < node[0].next; i = node[i].next) {
		const struct top_key *key = find_top_key(node[i].key);

		if (!key || !key->slot || node[i].type == DNC_JSON_NULL)
			continue;
		if (node[i].type != key->type)
			return wrong_type(err, "", key->name, json_type_names[key->type]);
		if (node[i].type == DNC_JSON_STRING && node[i].text.n == 0 &&
			key->slot != offsetof(struct draft, phone))
			continue; /* an empty string says nothing */
		*(uint32_t *)((char *)d + key->slot) = i;
	}
	return 0;
}

static int check_kind(enum dnc_kind kind, const struct dnc_json_node *node,
	const struct dnc_json *doc, const char **wanted)
{
	int64_t whole;
	double real;

	switch (kind) {
	case KIND_STRING:
	case KIND_TIME:
	case KIND_PHONE:
		*wanted = "a string";
		return node->type == DNC_JSON_STRING ? 0 : -1;
	case KIND_INT:
		*wanted = "a whole number";
		return dnc_json_int(node, &whole) ? 0 : -1;
	case KIND_NUMBER:
		*wanted = "a number";
		return node->type == DNC_JSON_NUMBER ? 0 : -1;
	case KIND_RATIO:
		*wanted = "a number from 0 to 1";
		return dnc_json_double(node, &real) && real >= 0 && real <= 1 ? 0 : -1;
	case KIND_BOOL:
		*wanted = "true or false";
		return node->type == DNC_JSON_BOOL ? 0 : -1;
	case KIND_ARRAY:
		*wanted = "an array";
		return node->type == DNC_JSON_ARRAY ? 0 : -1;
	case KIND_FLAGS:
		*wanted = "an object of booleans";
		if (node->type != DNC_JSON_OBJECT)
			return -1;
		for (uint32_t i = 0, at = (uint32_t)(node - doc->node) + 1; i < node->count; i++) {
			if (doc->node[at].type != DNC_JSON_BOOL)
				return -1;
			at = doc->node[at].next;
		}
		return 0;
	case KIND_ANY:
		break;
	}
	return 0;
}

static int check_field(
	struct draft *d, enum dnc_field f, uint32_t at, const char *prefix, struct dnc_error *err)
{
	const struct dnc_field_spec *spec = &dnc_fields[f];
	const struct dnc_json_node *node = &d->doc->node[at];
	const char *wanted = "";
	int64_t ms;

	if (check_kind(spec->kind, node, d->doc, &wanted) < 0)
		return wrong_type(err, prefix, spec->name, wanted);
	if (spec->kind == KIND_TIME && !dnc_clock_parse(node->text, &ms)) {
		dnc_error_set(err, DNC_REJECT_INVALID_TIMESTAMP,
			"%s%.*s is not an RFC 3339 date-time", prefix, DNC_STR_ARG(spec->name));
		dnc_error_place(err, "%s%.*s", prefix, DNC_STR_ARG(spec->name));
		return -1;
	}
	if (*spec->values && !dnc_value_known(spec->values, node->text) &&
		d->unknowns < DRAFT_MAX_UNKNOWN)
		d->unknown[d->unknowns++] = f;
	d->field[f] = at;
	return 0;
}

/* Takes a member into event_data, checked when it is a domain field of the type. */
static int take_member(struct draft *d, uint32_t at, const char *prefix, struct dnc_error *err)
{
	enum dnc_field f = dnc_field_find(d->type, d->doc->node[at].key);

	if (d->members == DRAFT_MAX_MEMBERS)
		return reject(err, DNC_REJECT_TOO_LARGE, "event_data", "has too many members");
	d->member[d->members++] = at;
	return f == FIELD_NONE ? 0 : check_field(d, f, at, prefix, err);
}

/* Gathers event_data: its own members first, then what stands beside it at the top level, then
 * domain fields that a source put into metadata. A field counts where it stands first. */
static int read_members(struct draft *d, bool derived_before, struct dnc_error *err)
{
	const struct dnc_json_node *node = d->doc->node;
	uint32_t own = d->event_data, meta = d->metadata;

	for (uint32_t i = own + 1; own && i < node[own].next; i = node[i].next)
		if (node[i].type != DNC_JSON_NULL && take_member(d, i, "event_data.", err) < 0)
			return -1;
	for (uint32_t i = 1; i < node[0].next; i = node[i].next) {
		const struct top_key *key = find_top_key(node[i].key);
		bool second_id = key && i == d->event_id && d->id;

		if ((key && !second_id) || node[i].type == DNC_JSON_NULL ||
			(own && dnc_json_get(d->doc, own, node[i].key)))
			continue;
		if (take_member(d, i, "", err) < 0)
			return -1;
	}
	/* The metadata of a canonical event is derived: what it says came from event_data. */
	for (uint32_t i = meta + 1; meta && !derived_before && i < node[meta].next;
		i = node[i].next) {
		enum dnc_field f = dnc_field_find(d->type, node[i].key);

		if (f == FIELD_NONE || node[i].type == DNC_JSON_NULL || d->field[f] ||
			find_top_key(node[i].key))
			continue;
		if (take_member(d, i, "metadata.", err) < 0)
			return -1;
	}
	return 0;
}

static int read_phone(
	struct draft *d, const struct dnc_event_options *options, struct dnc_error *err)
{
	static const bool required[DNC_TYPES] = {[DNC_NUMBER_SUPPRESSED] = true,
		[DNC_NUMBER_RELEASED] = true,
		[DNC_CHECK_PERFORMED] = true,
		[DNC_COMPLIANCE_VIOLATION] = true};
	uint32_t inner = d->field[FIELD_PHONE_NUMBER];
	uint32_t at = d->phone ? d->phone : inner;
	char other[DNC_PHONE_MAX];
	size_t n, other_n;
	enum dnc_phone_verdict v;

	if (!at) {
		if (required[d->type])
			return reject(err, DNC_REJECT_MISSING_FIELD, "phone_number", "is missing");
		return 0;
	}
	v = dnc_phone_normalize(
		d->doc->node[at].text, options->region, options->strict_phone, d->e164_text, &n);
	if (v != DNC_PHONE_OK)
		return reject(
			err, DNC_REJECT_INVALID_PHONE_NUMBER, "phone_number", dnc_phone_reason(v));
	d->e164 = (struct dnc_str){d->e164_text, n};
	if (!d->phone || !inner)
		return 0;
	/* Two numbers in one event: suppressing the wrong one is worse than suppressing none. */
	v = dnc_phone_normalize(
		d->doc->node[inner].text, options->region, options->strict_phone, other, &other_n);
	if (v != DNC_PHONE_OK || !dnc_str_eq(d->e164, (struct dnc_str){other, other_n}))
		return reject(err, DNC_REJECT_INVALID_FIELD, "event_data.phone_number",
			"differs from phone_number");
	return 0;
}

static int read_provider(struct draft *d, struct dnc_error *err)
{
	static const struct {
		struct dnc_str source, provider;
	} by_source[] = {{DNC_STR("federal"), DNC_STR("federal_dnc")},
		{DNC_STR("state"), DNC_STR("state_dnc")},
		{DNC_STR("internal"), DNC_STR("internal")},
		{DNC_STR("consumer"), DNC_STR("consumer")},
		{DNC_STR("partner"), DNC_STR("partner")}};

	if (!d->provider && draft_text(d, FIELD_PROVIDER).n)
		d->provider = d->field[FIELD_PROVIDER];
	if (!d->provider_id && draft_text(d, FIELD_PROVIDER_ID).n)
		d->provider_id = d->field[FIELD_PROVIDER_ID];
	if (d->provider) {
		d->provider_name = d->doc->node[d->provider].text;
		return 0;
	}
	for (size_t i = 0; i < sizeof by_source / sizeof by_source[0]; i++)
		if (draft_is(d, FIELD_SOURCE, by_source[i].source))
			d->provider_name = by_source[i].provider;
	if (d->type == DNC_LIST_SYNCED || d->type == DNC_PROVIDER_STATUS_CHANGE)
		return reject(err, DNC_REJECT_MISSING_FIELD, "provider", "is missing");
	return 0;
}

/* The one field that each type can't do without. */
static const enum dnc_field required_field[DNC_TYPES] = {
	[DNC_NUMBER_SUPPRESSED] = FIELD_SUPPRESS_REASON,
	[DNC_NUMBER_RELEASED] = FIELD_RELEASE_REASON,
	[DNC_CHECK_PERFORMED] = FIELD_RESULT,
	[DNC_LIST_SYNCED] = FIELD_SYNC_STATUS,
	[DNC_COMPLIANCE_VIOLATION] = FIELD_VIOLATION_TYPE,
	[DNC_PROVIDER_STATUS_CHANGE] = FIELD_NEW_STATUS,
};

static int check_facts(struct draft *d, struct dnc_error *err)
{
	enum dnc_field needed = required_field[d->type];
	int64_t from, until;

	if (draft_text(d, needed).n == 0) {
		dnc_error_set(err, DNC_REJECT_MISSING_FIELD, "event_data.%s is missing",
			dnc_fields[needed].name.p);
		dnc_error_place(err, "event_data.%s", dnc_fields[needed].name.p);
		return -1;
	}
	if (d->field[FIELD_SOURCES] && d->doc->node[d->field[FIELD_SOURCES]].count == 0)
		return reject(
			err, DNC_REJECT_INVALID_FIELD, "event_data.sources", "must not be empty");
	if (d->field[FIELD_EXPIRES_AT] && d->field[FIELD_SUPPRESSED_AT] &&
		dnc_clock_parse(draft_text(d, FIELD_EXPIRES_AT), &until) &&
		dnc_clock_parse(draft_text(d, FIELD_SUPPRESSED_AT), &from) && until < from)
		return reject(err, DNC_REJECT_INVALID_FIELD, "event_data.expires_at",
			"is before suppressed_at");
	d->requires_approval =
		(draft_is(d, FIELD_RELEASE_REASON, DNC_STR("admin_override")) ||
			draft_is(d, FIELD_RELEASE_REASON, DNC_STR("data_correction"))) &&
		!draft_is_verified(d);
	return 0;
}

static int read_times(struct draft *d, struct dnc_error *err)
{
	int64_t now = dnc_clock_now_ms();
	uint32_t ingested = 0;

	d->timestamp_ms = d->ingested_at_ms = now;
	if (d->timestamp && !dnc_clock_parse(d->doc->node[d->timestamp].text, &d->timestamp_ms))
		return reject(err, DNC_REJECT_INVALID_TIMESTAMP, "timestamp",
			"is not an RFC 3339 date-time");
	if (d->metadata)
		ingested = dnc_json_get(d->doc, d->metadata, DNC_STR("ingested_at"));
	if (ingested && !dnc_clock_parse(d->doc->node[ingested].text, &d->ingested_at_ms))
		d->ingested_at_ms = now;
	return 0;
}

static int read_severity(struct draft *d, struct dnc_error *err)
{
	const struct dnc_severity *given = NULL;

	if (d->given_severity) {
		given = dnc_severity_from_name(d->doc->node[d->given_severity].text);
		if (!given)
			return reject(err, DNC_REJECT_INVALID_FIELD, "severity",
				"must be info, success, low, medium, warning, high, error or critical");
	}
	d->severity = given && !d->requires_approval ? given : draft_severity(d);
	return 0;
}

/* Fills R's draft from DOC. */
static int read_draft(struct dnc_event_reader *r, const struct dnc_json *doc, struct dnc_error *err)
{
	struct draft *d = &r->draft;
	bool derived_before;

	memset(d, 0, offsetof(struct draft, member));
	d->members = d->unknowns = 0;
	d->e164 = d->provider_name = (struct dnc_str){0};
	d->requires_approval = false;
	d->doc = doc;
	if (read_top(d, err) < 0)
		return -1;
	derived_before = d->metadata && dnc_json_get(doc, d->metadata, DNC_STR("ingested_at"));
	if (read_members(d, derived_before, err) < 0 || read_phone(d, &r->options, err) < 0 ||
		read_provider(d, err) < 0 || check_facts(d, err) < 0 || read_times(d, err) < 0 ||
		read_severity(d, err) < 0)
		return -1;
	return 0;
}

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

static void write_draft(struct dnc_event_reader *r)
{
	struct draft *d = &r->draft;
	struct dnc_buf *b = &r->out;
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
	write_metadata(d, r->options.source_format, b);
}

static int json_reject(struct dnc_error *err)
{
	switch (err->code) {
	case DNC_JSON_EUTF8:
		err->code = DNC_REJECT_INVALID_UTF8;
		break;
	case DNC_JSON_ELIMIT:
		err->code = DNC_REJECT_TOO_LARGE;
		break;
	default:
		err->code = DNC_REJECT_INVALID_JSON;
	}
	return -1;
}

int dnc_event_normalize(struct dnc_event_reader *r, const char *text, size_t n, struct dnc_str *out,
	struct dnc_error *err)
{
	struct dnc_json doc;

	if (dnc_json_parse(r->parser, text, n, &doc, err) < 0)
		return json_reject(err);
	if (doc.node[0].type != DNC_JSON_OBJECT)
		return reject(err, DNC_REJECT_NOT_AN_OBJECT, "", "the record is not a JSON object");
	if (read_draft(r, &doc, err) < 0)
		return -1;
	write_draft(r);
	if (!dnc_buf_reserve(&r->out, DNC_JSON_PADDING) || !dnc_buf_ok(&r->out))
		return dnc_error_nomem(err);
	if (r->out.n > DNC_EVENT_MAX_BYTES)
		return reject(
			err, DNC_REJECT_TOO_LARGE, "", "the event is longer than 32768 bytes");
	*out = dnc_buf_view(&r->out);
	if (n == out->n && memcmp(text, out->p, n) == 0)
		out->p = text;
	return 0;
}

/* The canonical keys in their order, and where a view keeps them. */
static const struct view_key {
	struct dnc_str name;
	size_t slot; /* offset of a struct dnc_str in struct dnc_event, 0 for none */
	bool required;
} view_keys[] = {
	{DNC_STR("seq"), 0, false},
	{DNC_STR("id"), offsetof(struct dnc_event, id), true},
	{DNC_STR("type"), 0, true},
	{DNC_STR("phone_number"), offsetof(struct dnc_event, phone_number), false},
	{DNC_STR("provider"), offsetof(struct dnc_event, provider), false},
	{DNC_STR("provider_id"), offsetof(struct dnc_event, provider_id), false},
	{DNC_STR("severity"), 0, true},
	{DNC_STR("timestamp"), 0, true},
	{DNC_STR("summary"), offsetof(struct dnc_event, summary), true},
	{DNC_STR("event_data"), 0, true},
	{DNC_STR("metadata"), 0, true},
};

enum {
	VIEW_SEQ = 0,
	VIEW_TYPE = 2,
	VIEW_SEVERITY = 6,
	VIEW_TIMESTAMP,
	VIEW_SUMMARY,
	VIEW_EVENT_DATA,
	VIEW_METADATA,
	VIEW_KEYS
};

static bool view_value(struct dnc_event *e, int key, uint32_t at)
{
	const struct dnc_json_node *node = &e->doc->node[at];
	int64_t seq;

	switch (key) {
	case VIEW_SEQ:
		if (!dnc_json_int(node, &seq) || seq < 1)
			return false;
		e->seq = (uint64_t)seq;
		return true;
	case VIEW_TYPE:
		return dnc_type_from_name(node->text, &e->type);
	case VIEW_SEVERITY:
		e->severity = dnc_severity_from_name(node->text);
		return e->severity;
	case VIEW_TIMESTAMP:
		return node->text.n == DNC_TIME_LEN &&
		       dnc_clock_parse(node->text, &e->timestamp_ms);
	case VIEW_EVENT_DATA:
		e->event_data = at;
		return node->type == DNC_JSON_OBJECT;
	case VIEW_METADATA:
		e->metadata = at;
		return node->type == DNC_JSON_OBJECT &&
		       dnc_json_get(e->doc, at, DNC_STR("ingested_at"));
	default:
		*(struct dnc_str *)((char *)e + view_keys[key].slot) = node->text;
		return node->type == DNC_JSON_STRING;
	}
}

int dnc_event_view(struct dnc_event_reader *r, const char *text, size_t n, struct dnc_event *out)
{
	struct dnc_json *doc = &r->view;
	uint32_t at = 1;

	if (n > DNC_EVENT_MAX_BYTES + 32 || dnc_json_parse(r->parser, text, n, doc, NULL) < 0)
		return -1;
	if (doc->node[0].type != DNC_JSON_OBJECT || !doc->compact)
		return -1;
	*out = (struct dnc_event){.line = {text, n}, .doc = doc};
	for (int key = 0; key < VIEW_KEYS; key++) {
		bool there = at < doc->count && dnc_str_eq(doc->node[at].key, view_keys[key].name);

		if (!there && view_keys[key].required)
			return -1;
		if (there && !view_value(out, key, at))
			return -1;
		if (there)
			at = doc->node[at].next;
	}
	return at == doc->count ? 0 : -1;
}

bool dnc_event_takes_text(enum dnc_type type, struct dnc_str field)
{
	enum dnc_field f;

	dnc_fields_init();
	f = dnc_field_find(type, field);
	if (f == FIELD_NONE)
		return !dnc_str_eq(field, DNC_STR("event_data")) &&
		       !dnc_str_eq(field, DNC_STR("metadata"));
	return dnc_fields[f].kind == KIND_STRING || dnc_fields[f].kind == KIND_TIME ||
	       dnc_fields[f].kind == KIND_PHONE || dnc_fields[f].kind == KIND_ANY;
}
