/* derive.c - the members of metadata that follow from an event's fields. */
#include "priv/draft.h"

static bool has_warnings(const struct draft *d)
{
	uint32_t messages = d->field[FIELD_WARNING_MESSAGES];

	return draft_int(d, FIELD_WARNING_COUNT) > 0 || (messages && d->doc->node[messages].count);
}

/* How a derived member of metadata follows from a field. */
enum derive_how {
	COPY,    /* the field's value; absent if the field is */
	PRESENT, /* true if the event has the field */
	TRUE,
	EQUALS, /* true if the field has this value */
	CALL,
	/* Written from a number: */
	MILLIS,     /* nanoseconds to milliseconds */
	COUNT,      /* total_sources, or the length of the array */
	DIFFERENCE, /* field minus second field */
	RATE,       /* field / second field */
	SHARE,      /* field / (field + second field) */
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

enum dnc_show draft_derived_show(enum dnc_type type, int row, enum dnc_field *field)
{
	static const enum dnc_show shows[] = {[PRESENT] = SHOW_BOOL,
		[TRUE] = SHOW_BOOL,
		[EQUALS] = SHOW_BOOL,
		[CALL] = SHOW_BOOL,
		[MILLIS] = SHOW_NUMBER,
		[COUNT] = SHOW_COUNT,
		[DIFFERENCE] = SHOW_DIFFERENCE,
		[RATE] = SHOW_NUMBER,
		[SHARE] = SHOW_NUMBER};
	const struct derived *d = &derived_tables[type][row];

	*field = d->how == COPY ? d->field : FIELD_NONE;
	return d->how == COPY ? SHOW_NOT : shows[d->how];
}

/* Appends PART / WHOLE with at most DIGITS decimals (nine at most), truncated, without trailing
 * zeros. Computed with integers, so that the same event always has the same bytes. */
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
	int64_t v = row->how >= MILLIS ? draft_int(d, row->field) : 0, second;

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
