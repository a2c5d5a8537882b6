/* emit_check.c - what a rule makes is tried on likely events when the rule is read: that a required field is missing must not be
 * found out when the first violation is not made. */
#include "priv/decide.h"
#include "priv/reading.h"

/* What an event of a type must have, and so can be relied on. */
static const struct {
	bool phone, provider;
	const char *field, *value;
} required[DNC_TYPES] = {
	[DNC_NUMBER_SUPPRESSED] = {true, false, "reason", "complaint"},
	[DNC_NUMBER_RELEASED] = {true, false, "reason", "expired"},
	[DNC_CHECK_PERFORMED] = {true, false, "result", "allowed"},
	[DNC_LIST_SYNCED] = {false, true, "sync_status", "success"},
	[DNC_COMPLIANCE_VIOLATION] = {true, false, "violation_type", "x"},
	[DNC_PROVIDER_STATUS_CHANGE] = {false, true, "new_status", "degraded"},
};

/* True if T has a place. Its fields below PREFIX, but not SKIP, are written to B (NULL: none), each with "x". */
static bool write_places(
	const struct rule_text *t, struct dnc_str prefix, const char *skip, struct dnc_buf *b)
{
	bool any = false;

	for (size_t i = 0; i < t->count; i++) {
		struct dnc_str path = t->piece[i].text;

		if (!t->piece[i].place || dnc_str_eq(path, DNC_STR("rule")))
			continue;
		any = true;
		if (!b || !dnc_str_starts(path, prefix))
			continue;
		path = (struct dnc_str){path.p + prefix.n, path.n - prefix.n};
		if (dnc_str_eq(path, dnc_str(skip)))
			continue;
		dnc_json_write_key(b, path);
		dnc_json_write_str(b, DNC_STR("x"));
	}
	return any;
}

/* All texts of E, as write_places(). */
static bool write_all(
	const struct rule_emission *e, struct dnc_str prefix, const char *skip, struct dnc_buf *b)
{
	bool any = write_places(&e->phone_number, prefix, skip, b);

	any |= write_places(&e->provider, prefix, skip, b);
	for (size_t i = 0; i < e->event_data.n; i++)
		any |= write_places(&e->event_data.v[i].text, prefix, skip, b);
	for (size_t i = 0; i < e->metadata.n; i++)
		any |= write_places(&e->metadata.v[i].text, prefix, skip, b);
	return any;
}

/* An event of TYPE: with all that it may have, if RICH, or only with what it must. */
static void write_sample(
	const struct rule_emission *e, enum dnc_type type, bool rich, struct dnc_buf *b)
{
	dnc_buf_printf(b,
		"{\"id\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"type\":\"%s\","
		"\"timestamp\":\"2026-08-29T00:00:00Z\"",
		dnc_type_names[type].p);
	if (required[type].phone)
		dnc_buf_lit(b, ",\"phone_number\":\"+12025550143\"");
	if (required[type].provider || rich)
		dnc_buf_lit(b, ",\"provider\":\"x\",\"provider_id\":\"x\"");
	dnc_buf_printf(
		b, ",\"event_data\":{\"%s\":\"%s\"", required[type].field, required[type].value);
	if (rich)
		write_all(e, DNC_STR("event_data."), required[type].field, b);
	dnc_buf_lit(b, "},\"metadata\":{\"x\":\"x\"");
	if (rich)
		write_all(e, DNC_STR("metadata."), "x", b);
	dnc_buf_lit(b, "}}");
}

/* Returns 1 if the rule makes an event of the sample, or it can't be said; 0 with WHY. */
static int try_sample(struct rules_reading *r, enum dnc_type type, bool rich, struct dnc_error *why)
{
	struct dnc_rules *rules = r->rules;
	const struct rule_emission *e = &r->rule->emission;
	struct dnc_buf record = {0};
	struct dnc_event event;
	struct dnc_error err;
	int rc = 1;

	write_sample(e, type, rich, &record);
	if (!dnc_buf_ok(&record) || !dnc_buf_reserve(&record, DNC_JSON_PADDING)) {
		rules_no_memory(r);
	} else if (dnc_event_normalize(rules->changed.reader, record.p, record.n, &event, &err) ==
		   0) {
		rc = rules_make(rules, r->rule, &event, &err);
		if (rc < 0)
			rules_no_memory(r);
		if (rc == 0)
			*why = rules->unmade[0].why;
		/* A place may have any value: only that a field is missing is known then. */
		rc = rc != 0 ||
		     (why->code != DNC_REJECT_MISSING_FIELD && write_all(e, DNC_STR(""), "", NULL));
		rules_forget_made(rules);
	}
	dnc_buf_free(&record);
	return rc;
}

static bool make_readers(struct dnc_rules *rules)
{
	const struct dnc_event_options options = {0};

	if (!rules->changed.reader)
		rules->changed.reader = dnc_event_reader_new(&options);
	if (!rules->made_reader)
		rules->made_reader = dnc_event_reader_new(&options);
	return rules->changed.reader && rules->made_reader;
}

void rules_check_made(struct rules_reading *r)
{
	unsigned types = rules_types(r->rule), bad = 0;
	struct dnc_error why, first = {0};
	int bare = -1;

	if (!r->rule->emission.given)
		return;
	if (!make_readers(r->rules)) {
		rules_no_memory(r);
		return;
	}
	for (int t = 0; t < DNC_TYPES; t++) {
		if (!(types & 1u << t))
			continue;
		if (!try_sample(r, (enum dnc_type)t, true, &why))
			bad |= 1u << t;
		else if (bare < 0 && !try_sample(r, (enum dnc_type)t, false, &why))
			bare = t;
		else
			continue;
		if (!first.message[0])
			first = why;
	}
	if (bad && bad == types)
		rules_fault(r, 0, "%s", first.message);
	else if (bad)
		rules_warn(r, 0, "of a %s: %s; give \"type\" to ask for others alone",
			dnc_type_names[__builtin_ctz(bad)].p, first.message);
	else if (bare >= 0)
		rules_warn(r, 0, "of a %s that has no more than it must: %s",
			dnc_type_names[bare].p, first.message);
}
