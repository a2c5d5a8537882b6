/* read.c - reads a record into the draft of an event, and checks it. */
#include "base/clock.h"
#include "priv/draft.h"

/* The canonical keys of the top level, by length, and their members in a draft. */
static const struct top_key {
	struct dnc_str name;
	size_t slot;  /* offset of a uint32_t in struct draft; 0: the value is not kept */
	uint8_t type; /* enum dnc_json_type it must have */
} top_keys[] = {
	{DNC_STR("id"), offsetof(struct draft, id), DNC_JSON_STRING},
	{DNC_STR("seq"), 0, DNC_JSON_NULL},
	{DNC_STR("type"), 0, DNC_JSON_STRING},
	{DNC_STR("summary"), offsetof(struct draft, summary), DNC_JSON_STRING},
	{DNC_STR("provider"), offsetof(struct draft, provider), DNC_JSON_STRING},
	{DNC_STR("severity"), offsetof(struct draft, given_severity), DNC_JSON_STRING},
	{DNC_STR("metadata"), offsetof(struct draft, metadata), DNC_JSON_OBJECT},
	{DNC_STR("event_id"), offsetof(struct draft, event_id), DNC_JSON_STRING},
	{DNC_STR("timestamp"), offsetof(struct draft, timestamp), DNC_JSON_STRING},
	{DNC_STR("event_data"), offsetof(struct draft, event_data), DNC_JSON_OBJECT},
	{DNC_STR("provider_id"), offsetof(struct draft, provider_id), DNC_JSON_STRING},
	{DNC_STR("phone_number"), offsetof(struct draft, phone), DNC_JSON_STRING},
};

enum { TOP_KEYS = sizeof top_keys / sizeof top_keys[0], TOP_KEY_MAX = 12 };

/* Where the keys of each length begin. */
static const uint8_t top_keys_of[TOP_KEY_MAX + 1] = {
	[2] = 0, [3] = 1, [4] = 2, [7] = 3, [8] = 4, [9] = 8, [10] = 9, [11] = 10, [12] = 11};

static const struct top_key *find_top_key(struct dnc_str name)
{
	if (name.n > TOP_KEY_MAX)
		return NULL;
	for (size_t i = top_keys_of[name.n]; i < TOP_KEYS && top_keys[i].name.n == name.n; i++)
		if (top_keys[i].name.p[0] == name.p[0] && dnc_str_eq(top_keys[i].name, name))
			return &top_keys[i];
	return NULL;
}

static bool is_id(const struct top_key *key)
{
	return key->slot == offsetof(struct draft, id) ||
	       key->slot == offsetof(struct draft, event_id);
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

/* Reads the canonical keys of the top level. Other members belong to event_data. */
static int read_top(struct draft *d, struct dnc_error *err)
{
	const struct dnc_json_node *node = d->doc->node;
	uint32_t type = dnc_json_get(d->doc, 0, DNC_STR("type"));

	if (!type || node[type].type == DNC_JSON_NULL)
		return draft_reject(err, DNC_REJECT_MISSING_TYPE, "type", "is missing");
	if (node[type].type != DNC_JSON_STRING)
		return wrong_type(err, "", DNC_STR("type"), "a string");
	if (!dnc_type_from_raw(node[type].text, &d->type))
		return draft_reject_type(node[type].text, err);
	for (uint32_t i = 1; i < node[0].next; i = node[i].next) {
		const struct top_key *key = find_top_key(node[i].key);

		if (!key || !key->slot || node[i].type == DNC_JSON_NULL)
			continue;
		if (node[i].type != key->type && !(is_id(key) && dnc_json_is_whole(&node[i])))
			return wrong_type(err, "", key->name,
				is_id(key) ? "a string or a whole number"
					   : json_type_names[key->type]);
		if (node[i].type == DNC_JSON_STRING && node[i].text.n == 0 &&
			key->slot != offsetof(struct draft, phone))
			continue; /* an empty string is as none */
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
	case KIND_ID:
		*wanted = "a string or a whole number";
		return node->type == DNC_JSON_STRING || dnc_json_is_whole(node) ? 0 : -1;
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
	if (spec->kind == KIND_TIME && !draft_read_time(node->text, &ms)) {
		dnc_error_set(err, DNC_REJECT_INVALID_TIMESTAMP,
			"%s%.*s is not an RFC 3339 date-time in the years 1900 to 9999", prefix,
			DNC_STR_ARG(spec->name));
		dnc_error_place(err, "%s%.*s", prefix, DNC_STR_ARG(spec->name));
		return -1;
	}
	if (*spec->values && !dnc_value_known(spec->values, node->text) &&
		d->unknowns < DRAFT_MAX_UNKNOWN)
		d->unknown[d->unknowns++] = f;
	d->field[f] = at;
	return 0;
}

/* Adds a member to event_data; a domain field of the type is checked. */
static int add_member(struct draft *d, uint32_t at, const char *prefix, struct dnc_error *err)
{
	enum dnc_field f = dnc_field_find(d->type, d->doc->node[at].key);

	if (d->members == DRAFT_MAX_MEMBERS)
		return draft_reject(
			err, DNC_REJECT_TOO_LARGE, "event_data", "has too many members");
	d->member[d->members++] = at;
	return f == FIELD_NONE ? 0 : check_field(d, f, at, prefix, err);
}

/* True if two values are equal, member by member. */
static bool same_value(const struct dnc_json_node *node, uint32_t a, uint32_t b)
{
	uint32_t n = node[a].next - a;

	if (node[b].next - b != n)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		const struct dnc_json_node *x = &node[a + i], *y = &node[b + i];
		bool container = x->type == DNC_JSON_OBJECT || x->type == DNC_JSON_ARRAY;

		if (x->type != y->type || x->next - a != y->next - b ||
			(i && !dnc_str_eq(x->key, y->key)) ||
			(!container && !dnc_str_eq(x->text, y->text)))
			return false;
	}
	return true;
}

/* Rejects a second value of a field, unless it is equal: one of the two would be lost. */
static int check_again(const struct draft *d, uint32_t at, uint32_t kept, const char *prefix,
	struct dnc_error *err)
{
	struct dnc_str key = d->doc->node[at].key;

	if (same_value(d->doc->node, at, kept))
		return 0;
	dnc_error_set(err, DNC_REJECT_INVALID_FIELD, "%s%.*s differs from event_data.%.*s", prefix,
		DNC_STR_ARG(key), DNC_STR_ARG(key));
	dnc_error_place(err, "%s%.*s", prefix, DNC_STR_ARG(key));
	return -1;
}

/* Gathers event_data: its own members first, then other members of the top level, then domain
 * fields in metadata. A field may be in several of them if its values are equal. */
static int read_members(struct draft *d, bool derived_before, struct dnc_error *err)
{
	const struct dnc_json_node *node = d->doc->node;
	uint32_t own = d->event_data, meta = d->metadata;

	for (uint32_t i = own + 1; own && i < node[own].next; i = node[i].next)
		if (node[i].type != DNC_JSON_NULL && add_member(d, i, "event_data.", err) < 0)
			return -1;
	for (uint32_t i = 1; i < node[0].next; i = node[i].next) {
		const struct top_key *key = find_top_key(node[i].key);
		bool second_id = key && i == d->event_id && d->id;
		uint32_t kept;

		if ((key && !second_id) || node[i].type == DNC_JSON_NULL)
			continue;
		kept = own ? dnc_json_get(d->doc, own, node[i].key) : 0;
		if (kept && node[kept].type == DNC_JSON_NULL)
			kept = 0;
		if ((kept ? check_again(d, i, kept, "", err) : add_member(d, i, "", err)) < 0)
			return -1;
	}
	/* The metadata of a canonical event is derived from event_data. */
	for (uint32_t i = meta + 1; meta && !derived_before && i < node[meta].next;
		i = node[i].next) {
		enum dnc_field f = dnc_field_find(d->type, node[i].key);

		if (f == FIELD_NONE || node[i].type == DNC_JSON_NULL || find_top_key(node[i].key))
			continue;
		if ((d->field[f] ? check_again(d, i, d->field[f], "metadata.", err)
				 : add_member(d, i, "metadata.", err)) < 0)
			return -1;
	}
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
		return draft_reject(err, DNC_REJECT_MISSING_FIELD, "provider", "is missing");
	return 0;
}

/* The field that each type requires. */
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
		return draft_reject(
			err, DNC_REJECT_INVALID_FIELD, "event_data.sources", "must not be empty");
	if (d->field[FIELD_EXPIRES_AT] && d->field[FIELD_SUPPRESSED_AT] &&
		dnc_clock_parse(draft_text(d, FIELD_EXPIRES_AT), &until) &&
		dnc_clock_parse(draft_text(d, FIELD_SUPPRESSED_AT), &from) && until < from)
		return draft_reject(err, DNC_REJECT_INVALID_FIELD, "event_data.expires_at",
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
	if (d->timestamp && !draft_read_time(d->doc->node[d->timestamp].text, &d->timestamp_ms))
		return draft_reject(err, DNC_REJECT_INVALID_TIMESTAMP, "timestamp",
			"is not an RFC 3339 date-time in the years 1900 to 9999");
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
			return draft_reject(err, DNC_REJECT_INVALID_FIELD, "severity",
				"must be info, success, low, medium, warning, high, error or critical");
	}
	d->severity = given && !d->requires_approval ? given : draft_severity(d);
	return 0;
}

int draft_read(struct draft *d, const struct dnc_json *doc, const struct dnc_event_options *options,
	struct dnc_beside_context *beside, struct dnc_error *err)
{
	bool derived_before;

	memset(d, 0, offsetof(struct draft, member));
	d->members = d->unknowns = 0;
	d->e164 = d->provider_name = (struct dnc_str){0};
	d->requires_approval = false;
	d->doc = doc;
	if (read_top(d, err) < 0)
		return -1;
	derived_before = d->metadata && dnc_json_get(doc, d->metadata, DNC_STR("ingested_at"));
	if (read_members(d, derived_before, err) < 0 ||
		draft_read_number(d, options, beside, err) < 0 || read_provider(d, err) < 0 ||
		check_facts(d, err) < 0 || read_times(d, err) < 0 || read_severity(d, err) < 0)
		return -1;
	return 0;
}
