/* derive.c - what follows from an event's facts: severity, summary, metadata. */
#include "priv/draft.h"

int64_t draft_int(const struct draft *d, enum dnc_field f)
{
	int64_t v = 0;

	if (d->field[f])
		dnc_json_int(&d->doc->node[d->field[f]], &v);
	return v;
}

bool draft_true(const struct draft *d, enum dnc_field f)
{
	return draft_is(d, f, DNC_STR("true"));
}

bool draft_is_blocked(const struct draft *d)
{
	if (d->field[FIELD_IS_BLOCKED])
		return draft_true(d, FIELD_IS_BLOCKED);
	return draft_is(d, FIELD_RESULT, DNC_STR("blocked"));
}

bool draft_is_high_risk(const struct draft *d)
{
	double score = 0;

	if (d->field[FIELD_RISK_SCORE])
		dnc_json_double(&d->doc->node[d->field[FIELD_RISK_SCORE]], &score);
	return score >= 0.7 ||
	       dnc_str_caseeq(draft_text(d, FIELD_HIGHEST_SEVERITY), DNC_STR("high"));
}

bool draft_has_errors(const struct draft *d)
{
	return draft_int(d, FIELD_ERROR_COUNT) > 0 || draft_text(d, FIELD_ERROR_CODE).n ||
	       draft_text(d, FIELD_ERROR_MESSAGE).n;
}

bool draft_is_verified(const struct draft *d)
{
	return draft_text(d, FIELD_VERIFIED_BY).n && d->field[FIELD_VERIFIED_AT];
}

static bool has_warnings(const struct draft *d)
{
	uint32_t messages = d->field[FIELD_WARNING_MESSAGES];

	return draft_int(d, FIELD_WARNING_COUNT) > 0 || (messages && d->doc->node[messages].count);
}

/* Severity: the rows of a type in order, the last that holds wins. A row holds when the field has
 * the value, or when the function says so; a row with neither is the type's start. */
static const struct severity_rule {
	enum dnc_type type;
	enum dnc_field field;
	const char *value;
	bool (*holds)(const struct draft *);
	const char *severity;
} severity_rules[] = {
	{DNC_NUMBER_SUPPRESSED, FIELD_NONE, NULL, NULL, "medium"},
	{DNC_NUMBER_SUPPRESSED, FIELD_SUPPRESS_REASON, "regulatory", NULL, "high"},
	{DNC_NUMBER_SUPPRESSED, FIELD_SUPPRESS_REASON, "consumer_request", NULL, "high"},
	{DNC_NUMBER_SUPPRESSED, FIELD_SUPPRESS_REASON, "testing", NULL, "low"},
	{DNC_NUMBER_RELEASED, FIELD_NONE, NULL, NULL, "medium"},
	{DNC_NUMBER_RELEASED, FIELD_RELEASE_REASON, "expired", NULL, "low"},
	{DNC_NUMBER_RELEASED, FIELD_RELEASE_REASON, "system_cleanup", NULL, "low"},
	{DNC_NUMBER_RELEASED, FIELD_RELEASE_REASON, "admin_override", NULL, "high"},
	{DNC_NUMBER_RELEASED, FIELD_RELEASE_REASON, "data_correction", NULL, "high"},
	{DNC_CHECK_PERFORMED, FIELD_NONE, NULL, NULL, "info"},
	{DNC_CHECK_PERFORMED, FIELD_RESULT, "blocked", draft_is_blocked, "warning"},
	{DNC_CHECK_PERFORMED, FIELD_RESULT, "error", NULL, "error"},
	{DNC_CHECK_PERFORMED, FIELD_RESULT, "timeout", NULL, "error"},
	{DNC_CHECK_PERFORMED, FIELD_NONE, NULL, draft_is_high_risk, "high"},
	{DNC_LIST_SYNCED, FIELD_NONE, NULL, NULL, "info"},
	{DNC_LIST_SYNCED, FIELD_SYNC_STATUS, "success", NULL, "success"},
	{DNC_LIST_SYNCED, FIELD_SYNC_STATUS, "partial", NULL, "warning"},
	{DNC_LIST_SYNCED, FIELD_NONE, NULL, draft_has_errors, "warning"},
	{DNC_LIST_SYNCED, FIELD_SYNC_STATUS, "failed", NULL, "error"},
	{DNC_LIST_SYNCED, FIELD_SYNC_STATUS, "timeout", NULL, "error"},
	{DNC_COMPLIANCE_VIOLATION, FIELD_NONE, NULL, NULL, "critical"},
	{DNC_PROVIDER_STATUS_CHANGE, FIELD_NONE, NULL, NULL, "info"},
	{DNC_PROVIDER_STATUS_CHANGE, FIELD_NEW_STATUS, "degraded", NULL, "warning"},
	{DNC_PROVIDER_STATUS_CHANGE, FIELD_NEW_STATUS, "offline", NULL, "error"},
	{DNC_PROVIDER_STATUS_CHANGE, FIELD_NEW_STATUS, "error", NULL, "error"},
};

const struct dnc_severity *draft_severity(const struct draft *d)
{
	const char *name = "info";

	if (d->requires_approval)
		return dnc_severity_from_name(DNC_STR("high"));
	for (size_t i = 0; i < sizeof severity_rules / sizeof severity_rules[0]; i++) {
		const struct severity_rule *r = &severity_rules[i];

		if (r->type != d->type)
			continue;
		if (r->value && !draft_is(d, r->field, dnc_str(r->value)))
			continue;
		if (r->holds && !r->holds(d))
			continue;
		name = r->severity;
	}
	return dnc_severity_from_name(dnc_str(name));
}

/* A template for each type: {n} the masked number, {p} the provider, {1} and {2} fields. A part in
 * square brackets is left out when one of its fields is absent. */
static const struct summary_form {
	const char *form;
	enum dnc_field first, second;
} summary_forms[DNC_TYPES] = {
	[DNC_NUMBER_SUPPRESSED] = {"{n} suppressed: {1}[ ({2})]", FIELD_SUPPRESS_REASON,
		FIELD_SOURCE},
	[DNC_NUMBER_RELEASED] = {"{n} released: {1}[ by {2}]", FIELD_RELEASE_REASON,
		FIELD_RELEASED_BY},
	[DNC_CHECK_PERFORMED] = {"{n} checked: {1}[ ({2})]", FIELD_RESULT, FIELD_CHECK_REASON},
	[DNC_LIST_SYNCED] = {"{p} list sync: {1}[, {2} added]", FIELD_SYNC_STATUS,
		FIELD_RECORDS_ADDED},
	[DNC_COMPLIANCE_VIOLATION] = {"{n} violation: {1}", FIELD_VIOLATION_TYPE, FIELD_NONE},
	[DNC_PROVIDER_STATUS_CHANGE] = {"{p} is {1}[, was {2}]", FIELD_NEW_STATUS,
		FIELD_OLD_STATUS},
};

/* A value inside the summary's JSON string: without its quotes, numbers masked, and short. */
static void write_value(const struct draft *d, struct dnc_buf *b, struct dnc_str value)
{
	enum { VALUE_MAX = 64 };
	char masked_text[4 * VALUE_MAX];
	struct dnc_buf masked = {.p = masked_text, .size = sizeof masked_text};
	bool cut = value.n > VALUE_MAX;
	size_t from;

	if (cut)
		for (value.n = VALUE_MAX; value.n && (value.p[value.n] & 0xC0) == 0x80;)
			value.n--; /* not inside a UTF-8 sequence */
	dnc_phone_mask_text(&masked, value, d->e164);
	from = b->n;
	dnc_json_write_str(b, dnc_buf_view(&masked));
	if (!dnc_buf_ok(b))
		return;
	memmove(b->p + from, b->p + from + 1, b->n - from - 2);
	b->n -= 2;
	if (cut)
		dnc_buf_lit(b, "...");
}

void draft_write_summary(const struct draft *d, struct dnc_buf *b)
{
	const struct summary_form *form = &summary_forms[d->type];
	const char *p = form->form;

	while (*p) {
		enum dnc_field f = p[1] == '1' ? form->first : form->second;

		if (*p == '[') {
			if (!d->field[form->second])
				break; /* a bracket is always last */
			p++;
		} else if (*p == ']') {
			p++;
		} else if (*p != '{') {
			dnc_buf_chr(b, *p++);
		} else {
			if (p[1] == 'n')
				dnc_phone_mask(b, d->e164);
			else
				write_value(
					d, b, p[1] == 'p' ? d->provider_name : draft_text(d, f));
			p += 3;
		}
	}
}

/* How a derived member of metadata is made of a field. */
enum derive_how {
	COPY,    /* the field's value, absent with it */
	PRESENT, /* is the field there? */
	TRUE,
	EQUALS,     /* has the field this value? */
	MILLIS,     /* nanoseconds to milliseconds */
	COUNT,      /* total_sources, or the length of the array */
	DIFFERENCE, /* field minus second field */
	RATE,       /* field / second field */
	SHARE,      /* field / (field + second field) */
	CALL,
};

struct derived {
	const char *name;
	enum derive_how how;
	enum dnc_field field, second;
	const char *value;
	bool (*call)(const struct draft *);
};

static bool is_retry(const struct draft *d)
{
	return draft_int(d, FIELD_RETRY_COUNT) > 0 ||
	       draft_is(d, FIELD_SYNC_TRIGGER, DNC_STR("retry"));
}

static const struct derived derived_suppressed[] = {
	{"reason", COPY, FIELD_SUPPRESS_REASON, 0, NULL, NULL},
	{"source", COPY, FIELD_SOURCE, 0, NULL, NULL},
	{"suppressed_by", COPY, FIELD_SUPPRESSED_BY, 0, NULL, NULL},
	{"suppressed_at", COPY, FIELD_SUPPRESSED_AT, 0, NULL, NULL},
	{"is_temporary", PRESENT, FIELD_EXPIRES_AT, 0, NULL, NULL},
	{"tcpa_relevant", TRUE, 0, 0, NULL, NULL},
	{"gdpr_relevant", EQUALS, FIELD_SUPPRESS_REASON, 0, "consumer_request", NULL},
	{"dnc_entry_id", COPY, FIELD_DNC_ENTRY_ID, 0, NULL, NULL},
	{0},
};

static const struct derived derived_released[] = {
	{"reason", COPY, FIELD_RELEASE_REASON, 0, NULL, NULL},
	{"released_by", COPY, FIELD_RELEASED_BY, 0, NULL, NULL},
	{"released_at", COPY, FIELD_RELEASED_AT, 0, NULL, NULL},
	{"previous_dnc_entry", COPY, FIELD_PREVIOUS_ENTRY_ID, 0, NULL, NULL},
	{"is_consumer_request", EQUALS, FIELD_RELEASE_REASON, 0, "consumer_request", NULL},
	{"is_admin_override", EQUALS, FIELD_RELEASE_REASON, 0, "admin_override", NULL},
	{"is_verified", CALL, 0, 0, NULL, draft_is_verified},
	{"tcpa_relevant", TRUE, 0, 0, NULL, NULL},
	{"gdpr_relevant", EQUALS, FIELD_RELEASE_REASON, 0, "consumer_request", NULL},
	{0},
};

static const struct derived derived_check[] = {
	{"result", COPY, FIELD_RESULT, 0, NULL, NULL},
	{"is_blocked", CALL, 0, 0, NULL, draft_is_blocked},
	{"check_reason", COPY, FIELD_CHECK_REASON, 0, NULL, NULL},
	{"check_type", COPY, FIELD_CHECK_TYPE, 0, NULL, NULL},
	{"initiated_by", COPY, FIELD_INITIATED_BY, 0, NULL, NULL},
	{"sources_checked", COUNT, FIELD_TOTAL_SOURCES, FIELD_SOURCES, NULL, NULL},
	{"latency_ms", MILLIS, FIELD_LATENCY, 0, NULL, NULL},
	{"success_rate", RATE, FIELD_SUCCESSFUL_SOURCES, FIELD_TOTAL_SOURCES, NULL, NULL},
	{"cache_hit_rate", SHARE, FIELD_CACHE_HITS, FIELD_CACHE_MISSES, NULL, NULL},
	{"risk_score", COPY, FIELD_RISK_SCORE, 0, NULL, NULL},
	{"confidence_score", COPY, FIELD_CONFIDENCE_SCORE, 0, NULL, NULL},
	{"is_high_risk", CALL, 0, 0, NULL, draft_is_high_risk},
	{"has_warnings", CALL, 0, 0, NULL, has_warnings},
	{"call_id", COPY, FIELD_CALL_ID, 0, NULL, NULL},
	{0},
};

static const struct derived derived_list[] = {
	{"sync_status", COPY, FIELD_SYNC_STATUS, 0, NULL, NULL},
	{"sync_trigger", COPY, FIELD_SYNC_TRIGGER, 0, NULL, NULL},
	{"sync_type", COPY, FIELD_SYNC_TYPE, 0, NULL, NULL},
	{"sync_duration_ms", MILLIS, FIELD_SYNC_DURATION, 0, NULL, NULL},
	{"records_added", COPY, FIELD_RECORDS_ADDED, 0, NULL, NULL},
	{"records_removed", COPY, FIELD_RECORDS_REMOVED, 0, NULL, NULL},
	{"records_updated", COPY, FIELD_RECORDS_UPDATED, 0, NULL, NULL},
	{"records_skipped", COPY, FIELD_RECORDS_SKIPPED, 0, NULL, NULL},
	{"records_total", COPY, FIELD_RECORDS_TOTAL, 0, NULL, NULL},
	{"records_processed", COPY, FIELD_RECORDS_PROCESSED, 0, NULL, NULL},
	{"net_data_change", DIFFERENCE, FIELD_RECORDS_ADDED, FIELD_RECORDS_REMOVED, NULL, NULL},
	{"throughput_per_sec", COPY, FIELD_THROUGHPUT, 0, NULL, NULL},
	{"data_quality_score", COPY, FIELD_DATA_QUALITY, 0, NULL, NULL},
	{"has_errors", CALL, 0, 0, NULL, draft_has_errors},
	{"has_warnings", CALL, 0, 0, NULL, has_warnings},
	{"is_retry", CALL, 0, 0, NULL, is_retry},
	{0},
};

static const struct derived derived_none[] = {{0}};

static const struct derived *const derived_tables[DNC_TYPES] = {
	[DNC_NUMBER_SUPPRESSED] = derived_suppressed,
	[DNC_NUMBER_RELEASED] = derived_released,
	[DNC_CHECK_PERFORMED] = derived_check,
	[DNC_LIST_SYNCED] = derived_list,
	[DNC_COMPLIANCE_VIOLATION] = derived_none,
	[DNC_PROVIDER_STATUS_CHANGE] = derived_none,
};

const char *draft_derived_name(enum dnc_type type, int row)
{
	return derived_tables[type][row].name;
}

/* Appends PART / WHOLE with at most DIGITS decimals (nine at most), cut off, without trailing
 * zeros. Whole numbers in and out: the same event always gives the same bytes. */
static void write_fraction(struct dnc_buf *b, int64_t part, int64_t whole, int digits)
{
	uint64_t p = part < 0 ? 0 - (uint64_t)part : (uint64_t)part;
	uint64_t w = whole < 0 ? 0 - (uint64_t)whole : (uint64_t)whole, rest;
	bool point = false;
	int zeros = 0;

	if (w == 0) {
		dnc_buf_chr(b, '0');
		return;
	}
	if ((part < 0) != (whole < 0) && p)
		dnc_buf_chr(b, '-');
	dnc_buf_u64(b, p / w);
	rest = p % w;
	for (int i = 0; i < digits && rest; i++) {
		unsigned __int128 ten = (unsigned __int128)rest * 10;
		unsigned digit = (unsigned)(ten / w);

		rest = (uint64_t)(ten % w);
		if (!digit) {
			zeros++;
			continue;
		}
		if (!point)
			dnc_buf_chr(b, '.');
		for (point = true; zeros; zeros--)
			dnc_buf_chr(b, '0');
		dnc_buf_chr(b, (char)('0' + digit));
	}
}

/* A row whose fields are absent is left out. */
static bool applies(const struct draft *d, const struct derived *row)
{
	switch (row->how) {
	case COPY:
	case MILLIS:
		return d->field[row->field];
	case COUNT:
	case DIFFERENCE:
	case SHARE:
		return d->field[row->field] || d->field[row->second];
	case RATE:
		return d->field[row->second];
	default:
		return true;
	}
}

static void write_bool(struct dnc_buf *b, bool v)
{
	if (v)
		dnc_buf_lit(b, "true");
	else
		dnc_buf_lit(b, "false");
}

static void write_derived(const struct draft *d, const struct derived *row, struct dnc_buf *b)
{
	int64_t v = draft_int(d, row->field), second;

	switch (row->how) {
	case COPY:
		dnc_json_write_node(b, d->doc, d->field[row->field]);
		return;
	case PRESENT:
		write_bool(b, d->field[row->field]);
		return;
	case TRUE:
		write_bool(b, true);
		return;
	case EQUALS:
		write_bool(b, draft_is(d, row->field, dnc_str(row->value)));
		return;
	case CALL:
		write_bool(b, row->call(d));
		return;
	case MILLIS:
		write_fraction(b, v, 1000000, 6);
		return;
	case COUNT:
		dnc_buf_i64(
			b, d->field[row->field] ? v : d->doc->node[d->field[row->second]].count);
		return;
	case DIFFERENCE:
		second = draft_int(d, row->second);
		if (__builtin_sub_overflow(v, second, &v))
			v = second < 0 ? INT64_MAX : INT64_MIN;
		dnc_buf_i64(b, v);
		return;
	case RATE:
		write_fraction(b, v, draft_int(d, row->second), 4);
		return;
	case SHARE:
		if (__builtin_add_overflow(v, draft_int(d, row->second), &second))
			second = 0;
		write_fraction(b, v, second, 4);
		return;
	}
}

uint32_t draft_write_derived(const struct draft *d, struct dnc_buf *b)
{
	const struct derived *table = derived_tables[d->type];
	uint32_t written = 0;

	for (int row = 0; table[row].name; row++) {
		if (!applies(d, &table[row]))
			continue;
		dnc_json_write_key(b, dnc_str(table[row].name));
		write_derived(d, &table[row], b);
		written |= 1u << row;
	}
	return written;
}
