/* filter_options.c - command-line options to a filter object. */
#include "base/clock.h"
#include "base/words.h"
#include "event/event.h"
#include "cli.h"
#include <stdio.h>
#include <stdlib.h>

enum shape { LIST, VALUE, FLAG };

/* One row for each field of a filter; the option's key is FIRST_KEY plus the row unless short. */
enum { FIRST_KEY = 0x2000, KEY_WHERE = 0x2100 };

static const struct row {
	const char *field, *option;
	int key;
	enum shape shape;
	enum dnc_type of; /* with the event's field whose known words are the option's values */
	const char *words_of;
} rows[] = {
	{"event_types", "type", 't', LIST, 0, NULL},
	{"phone_patterns", "phone", 'p', LIST, 0, NULL},
	{"providers", "provider", 'P', LIST, 0, NULL},
	{"provider_ids", "provider-id", FIRST_KEY + 3, LIST, 0, NULL},
	{"severities", "severity", 's', LIST, DNC_TYPES, "severity"},
	{"min_severity", "min-severity", FIRST_KEY + 5, VALUE, DNC_TYPES, "severity"},
	{"check_reasons", "check-reason", FIRST_KEY + 6, LIST, DNC_CHECK_PERFORMED, "check_reason"},
	{"suppress_reasons", "suppress-reason", FIRST_KEY + 7, LIST, DNC_NUMBER_SUPPRESSED,
		"reason"},
	{"release_reasons", "release-reason", FIRST_KEY + 8, LIST, DNC_NUMBER_RELEASED, "reason"},
	{"sync_triggers", "sync-trigger", FIRST_KEY + 9, LIST, DNC_LIST_SYNCED, "sync_trigger"},
	{"sync_statuses", "sync-status", FIRST_KEY + 10, LIST, DNC_LIST_SYNCED, "sync_status"},
	{"compliance_only", "compliance-only", FIRST_KEY + 11, FLAG, 0, NULL},
	{"high_risk_only", "high-risk-only", FIRST_KEY + 12, FLAG, 0, NULL},
	{"errors_only", "errors-only", FIRST_KEY + 13, FLAG, 0, NULL},
	{"blocked_only", "blocked-only", FIRST_KEY + 14, FLAG, 0, NULL},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static const struct argp_option options[] = {
	{0, 0, 0, 0,
		"Which events (several of one option are joined by OR, different ones by AND):",
		10},
	{"type", 't', "TYPE", 0, "Event type, or a glob by dots: dnc.number.*", 10},
	{"phone", 'p', "PCRE", 0, "Expression searched in the E.164 number: '^\\+1555'", 10},
	{"provider", 'P', "NAME", 0, "Provider", 10},
	{"provider-id", FIRST_KEY + 3, "ID", 0, "Provider's id", 10},
	{"severity", 's', "NAME", 0, "Severity, exactly", 10},
	{"min-severity", FIRST_KEY + 5, "NAME", 0, "This severity or a higher one", 10},
	{"check-reason", FIRST_KEY + 6, "REASON", 0, "Of checks: routing, compliance, ...", 10},
	{"suppress-reason", FIRST_KEY + 7, "REASON", 0, "Of suppressions: complaint, ...", 10},
	{"release-reason", FIRST_KEY + 8, "REASON", 0, "Of releases: expired, ...", 10},
	{"sync-trigger", FIRST_KEY + 9, "TRIGGER", 0, "Of list syncs: scheduled, ...", 10},
	{"sync-status", FIRST_KEY + 10, "STATUS", 0, "Of list syncs: failed, ...", 10},
	{"compliance-only", FIRST_KEY + 11, NULL, 0, "Violations only", 10},
	{"high-risk-only", FIRST_KEY + 12, NULL, 0, "Severity high or critical only", 10},
	{"errors-only", FIRST_KEY + 13, NULL, 0, "Severity error only", 10},
	{"blocked-only", FIRST_KEY + 14, NULL, 0, "Checks that blocked a call only", 10},
	{"where", KEY_WHERE, "PATH=VALUE", 0, "Any field: metadata.reason=complaint", 10}, {0}};

/* A glob is for the filter to check. */
static void check_type(const char *value)
{
	struct dnc_buf names = {0};

	if (strchr(value, '*'))
		return;
	for (int t = 0; t < DNC_TYPES; t++) {
		dnc_buf_str(&names, dnc_type_names[t]);
		dnc_buf_chr(&names, t + 1 < DNC_TYPES ? ' ' : '\0');
	}
	if (!dnc_buf_ok(&names))
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "out of memory");
	dnc_cli_word("--type", dnc_str(value), names.p, NULL);
	dnc_buf_free(&names);
}

/* What somebody types is a known word; events may hold others, which --where finds. */
static void check_word(const struct row *row, const char *value)
{
	bool severity = row->words_of && strcmp(row->words_of, "severity") == 0;
	struct dnc_str field = dnc_str(row->words_of);
	char option[40], elsewhere[200];

	if (row->key == 't')
		check_type(value);
	if (!row->words_of || (severity && dnc_severity_from_name(dnc_str(value))))
		return;
	snprintf(option, sizeof option, "--%s", row->option);
	snprintf(elsewhere, sizeof elsewhere,
		"Use --where=event_data.%s=%s for events that have this word.", row->words_of,
		value);
	dnc_cli_word(option, dnc_str(value), dnc_event_known_values(row->of, field),
		severity ? NULL : elsewhere);
}

/* A path that starts with none of an event's keys matches nothing. */
static void check_where(const char *arg)
{
	static const char keys[] =
		"seq id type phone_number provider provider_id severity timestamp "
		"summary event_data metadata";
	struct dnc_str path = {arg, strcspn(arg, "=")}, first = {arg, strcspn(arg, ".=")};

	if (!arg[path.n] || !path.n)
		dnc_cli_usage("--where: \"%s\" is not PATH=VALUE", arg);
	if (!dnc_words_have(keys, first) && dnc_event_has_field(DNC_TYPES, path))
		dnc_cli_usage("--where: \"%.*s\" is no key of an event; did you mean "
			      "\"event_data.%.*s\"?",
			DNC_STR_ARG(path), DNC_STR_ARG(path));
	dnc_cli_word("--where", first, keys, NULL);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct dnc_cli_filter *f = state->input;

	if (key == KEY_WHERE) {
		check_where(arg);
		dnc_buf_add(&f->customs, arg, strlen(arg) + 1);
		return 0;
	}
	for (int i = 0; i < ROWS; i++)
		if (rows[i].key == key) {
			check_word(&rows[i], arg);
			if (rows[i].shape == VALUE)
				dnc_buf_clear(&f->field[i]);
			dnc_buf_add(&f->field[i], arg ? arg : "", strlen(arg ? arg : "") + 1);
			return 0;
		}
	return ARGP_ERR_UNKNOWN;
}

const struct argp dnc_cli_filter_argp = {.options = options, .parser = parse};

static void write_list(struct dnc_buf *json, const struct dnc_buf *values)
{
	dnc_buf_chr(json, '[');
	for (const char *p = values->p; p < values->p + values->n; p += strlen(p) + 1) {
		if (p > values->p)
			dnc_buf_chr(json, ',');
		dnc_json_write_str(json, dnc_str(p));
	}
	dnc_buf_chr(json, ']');
}

/* The values given for one path are alternatives: they become one list. */
static void write_customs(struct dnc_buf *json, const struct dnc_buf *customs)
{
	const char *end = customs->p + customs->n;

	dnc_buf_chr(json, '{');
	for (const char *p = customs->p; p < end; p += strlen(p) + 1) {
		size_t n = (size_t)(strchr(p, '=') - p) + 1;
		struct dnc_buf values = {0};
		bool seen = false;

		for (const char *q = customs->p; q < end; q += strlen(q) + 1) {
			if (strncmp(q, p, n) != 0)
				continue;
			seen |= q < p;
			dnc_buf_add(&values, q + n, strlen(q + n) + 1);
		}
		if (!seen) {
			dnc_json_write_key(json, (struct dnc_str){p, n - 1});
			write_list(json, &values);
		}
		dnc_buf_free(&values);
	}
	dnc_buf_chr(json, '}');
}

static void write_time(struct dnc_buf *json, const char *key, int64_t ms)
{
	char text[DNC_TIME_LEN];

	if (!ms)
		return;
	dnc_clock_format(ms, text);
	dnc_json_write_key(json, dnc_str(key));
	dnc_json_write_str(json, (struct dnc_str){text, sizeof text});
}

void dnc_cli_filter_json(const struct dnc_cli_filter *f, struct dnc_buf *json)
{
	dnc_buf_chr(json, '{');
	for (int i = 0; i < ROWS; i++) {
		if (!f->field[i].n)
			continue;
		dnc_json_write_key(json, dnc_str(rows[i].field));
		if (rows[i].shape == FLAG)
			dnc_buf_lit(json, "true");
		else if (rows[i].shape == VALUE)
			dnc_json_write_str(json, dnc_str(f->field[i].p));
		else
			write_list(json, &f->field[i]);
	}
	if (f->customs.n) {
		dnc_json_write_key(json, DNC_STR("custom_filters"));
		write_customs(json, &f->customs);
	}
	if (f->start_ms || f->end_ms) {
		dnc_json_write_key(json, DNC_STR("time_range"));
		dnc_buf_chr(json, '{');
		write_time(json, "start", f->start_ms);
		write_time(json, "end", f->end_ms);
		dnc_buf_chr(json, '}');
	}
	dnc_buf_chr(json, '}');
}

/* Says which option is wrong, and shows the byte where a pattern is. */
_Noreturn static void explain(const struct dnc_json *doc, const struct dnc_error *err)
{
	char field[64] = "";
	const char *option = NULL;
	struct dnc_str value = {0};
	long index = -1;

	sscanf(err->place, "%63[^[][%ld", field, &index);
	for (int i = 0; i < ROWS; i++)
		if (strcmp(rows[i].field, field) == 0)
			option = rows[i].option;
	if (!option)
		dnc_cli_usage("%s: %s", strcmp(field, "custom_filters") ? field : "--where",
			err->message);
	if (index >= 0) {
		uint32_t at = dnc_json_get(doc, 0, dnc_str(field)) + 1;

		for (; index > 0; index--)
			at = doc->node[at].next;
		value = doc->node[at].text;
	}
	if (!value.p)
		dnc_cli_usage("--%s: %s", option, err->message);
	if (err->offset == DNC_NO_OFFSET)
		dnc_cli_usage("--%s: \"%.*s\": %s", option, DNC_STR_ARG(value), err->message);
	dnc_err("--%s: bad pattern: %s", option, err->message);
	fprintf(stderr, "  %.*s\n  %*s^\n", DNC_STR_ARG(value), (int)err->offset, "");
	exit(DNC_EXIT_USAGE);
}

struct dnc_filter *dnc_cli_filter_compile(const struct dnc_buf *json)
{
	/* Static, so that a leak checker knows them when a bad pattern ends the program. */
	static struct dnc_json_parser *parser;
	static char *copy;
	struct dnc_filter *filter;
	struct dnc_error err;
	struct dnc_json doc;

	parser = dnc_json_parser_new();
	copy = calloc(1, json->n + DNC_JSON_PADDING);
	if (!parser || !copy || !dnc_buf_ok(json))
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "out of memory");
	memcpy(copy, json->p, json->n);
	if (dnc_json_parse(parser, copy, json->n, &doc, &err) < 0)
		dnc_cli_usage("a value of an option is %s", err.message);
	filter = dnc_filter_compile(&doc, 0, &err);
	if (!filter)
		explain(&doc, &err);
	free(copy);
	dnc_json_parser_free(parser);
	return filter;
}

void dnc_cli_filter_free(struct dnc_cli_filter *f)
{
	for (int i = 0; i < ROWS; i++)
		dnc_buf_free(&f->field[i]);
	dnc_buf_free(&f->customs);
}
