#include "options.h"
#include <stdio.h>
#include <stdlib.h>
#include "base/words.h"
#include "cli/cli.h"
#include "event/event.h"
#include "phone/phone.h"

enum {
	KEY_PROVIDER_ID = 0x100,
	KEY_REASON,
	KEY_SOURCE,
	KEY_STRICT_PHONE,
	KEY_STRICT,
	KEY_MAX_REJECTS,
	KEY_MAX_RECORD,
	KEY_RATE,
	KEY_RUN,
};

static const struct argp_option option_list[] = {
	{"format", 'f', "FORMAT", 0,
		"auto, ndjson, csv, ftc-full, ftc-change, ftc-reported or numbers (default: auto)",
		1},
	{"column", 'c', "FIELD=HEADER", 0, "CSV column HEADER holds the event's FIELD", 1},
	{"map", 'j', "JQ", 0, "jq program from a record to an event, or several, or empty", 1},
	{"map-file", 'J', "FILE", 0, "The same from a file", 1},
	{"region", 'r', "REGION", 0, "Whose national numbers are meant (default: US)", 1},
	{"strict-phone", KEY_STRICT_PHONE, NULL, 0, "Numbers must be valid, not only possible", 1},
	{"max-record", KEY_MAX_RECORD, "SIZE", 0, "Longest record (default: 1M)", 1},
	{"provider", 'P', "NAME", 0, "Provider of events that name none", 2},
	{"provider-id", KEY_PROVIDER_ID, "ID", 0, "The provider's id", 2},
	{"reason", KEY_REASON, "REASON", 0, "Reason of suppressions that name none", 2},
	{"source", KEY_SOURCE, "SOURCE", 0, "federal, state, internal, consumer or partner", 2},
	{"run", KEY_RUN, "ID", 0,
		"The run that rows without a time belong to (default: the file's name, size and "
		"time)",
		2},
	{"input", 'i', "unix:PATH|fd:N|systemd", 0, "Take lines from here; may be repeated", 3},
	{"output", 'o', "unix:PATH|fd:N", 0, "Write there instead of to standard output", 3},
	{"rejects", 'x', "FILE|fd:N", 0, "Rejected records (default: standard error)", 3},
	{"strict", KEY_STRICT, NULL, 0, "Exit with 1 when a record was rejected", 4},
	{"max-rejects", KEY_MAX_REJECTS, "N|P%", 0, "Stop with 1 when more are rejected", 4},
	{"rate", KEY_RATE, "N/s", 0, "Write at most N events a second", 4}, {0}};

/* The event's field that FIELD means; "event_data.NAME" is one of the user's own. */
static const char *check_field(const char *field)
{
	static const char prefix[] = "event_data.";
	bool own = strncmp(field, prefix, sizeof prefix - 1) == 0;
	const char *name = own ? field + sizeof prefix - 1 : field;
	struct dnc_buf names = {0};
	struct dnc_str near;

	if (own && strcmp(name, "seq") != 0 && strcmp(name, "metadata") != 0 &&
		strcmp(name, "event_data") != 0 && *name)
		return name;
	if (!own && dnc_event_has_field(DNC_TYPES, dnc_str(field)))
		return field;
	dnc_event_field_names(DNC_TYPES, &names);
	dnc_buf_chr(&names, '\0');
	near = dnc_buf_ok(&names) ? dnc_words_nearest(names.p, dnc_str(name)) : (struct dnc_str){0};
	if (near.p)
		dnc_cli_usage("--column: an event has no field \"%s\"; did you mean \"%.*s\"?",
			field, DNC_STR_ARG(near));
	dnc_cli_usage("--column: an event has no field \"%s\" (see dnc-events(7)); a field of your "
		      "own is event_data.NAME",
		field);
}

static void add_column(struct options *o, char *arg)
{
	char *equals = strchr(arg, '=');
	struct dnc_column column;

	if (!equals || equals == arg || !equals[1])
		dnc_cli_usage("--column: \"%s\" is not FIELD=HEADER", arg);
	if (o->source.column_count == MAX_COLUMNS)
		dnc_cli_usage("--column: more than %d columns", MAX_COLUMNS);
	*equals = '\0';
	column = (struct dnc_column){check_field(arg), equals + 1};
	for (size_t i = 0; i < o->source.column_count; i++) {
		if (strcmp(o->columns[i].field, column.field) == 0)
			dnc_cli_usage("--column: %s is given two headers, \"%s\" and \"%s\"", arg,
				o->columns[i].header, column.header);
		if (dnc_str_caseeq(dnc_str(o->columns[i].header), dnc_str(column.header)))
			dnc_cli_usage(
				"--column: the header \"%s\" is given to two fields, %s and %s",
				column.header, o->columns[i].field, column.field);
	}
	o->columns[o->source.column_count++] = column;
}

static void set_max_rejects(struct options *o, char *arg)
{
	size_t n = strlen(arg);

	if (n && arg[n - 1] == '%') {
		arg[n - 1] = '\0';
		o->max_rejects_share = (double)dnc_cli_number("--max-rejects", arg, 0, 100) / 100;
	} else {
		o->max_rejects = dnc_cli_number("--max-rejects", arg, 0, UINT64_MAX - 1);
	}
}

static void set_rate(struct options *o, const char *arg)
{
	char *end;

	o->rate = strtod(arg, &end);
	if (end == arg || (strcmp(end, "/s") != 0 && *end) || !(o->rate > 0) || o->rate > 1e9)
		dnc_cli_usage("--rate: \"%s\" is not a rate like 100/s", arg);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	const char **text = NULL;

	switch (key) {
	case 'f':
		text = &o->source.format;
		break;
	case 'P':
		text = &o->source.provider;
		break;
	case KEY_PROVIDER_ID:
		text = &o->source.provider_id;
		break;
	case KEY_REASON:
		text = &o->source.reason;
		break;
	case KEY_SOURCE:
		text = &o->source.source;
		break;
	case 'r':
		text = &o->source.region;
		break;
	case 'j':
		text = &o->map;
		break;
	case 'J':
		text = &o->map_file;
		break;
	case 'x':
		text = &o->stage.rejects;
		break;
	case 'o':
		text = &o->stage.output;
		break;
	case 'c':
		add_column(o, arg);
		return 0;
	case 'i':
		if (o->stage.input_count == MAX_PLACES)
			dnc_cli_usage("--input: more than %d inputs", MAX_PLACES);
		o->inputs[o->stage.input_count++] = arg;
		return 0;
	case KEY_STRICT:
		o->strict = true;
		return 0;
	case KEY_STRICT_PHONE:
		o->strict_phone = true;
		return 0;
	case KEY_MAX_REJECTS:
		set_max_rejects(o, arg);
		return 0;
	case KEY_MAX_RECORD:
		o->source.max_record = dnc_cli_size("--max-record", arg, 1024, 64u << 20);
		return 0;
	case KEY_RUN:
		if (!*arg)
			dnc_cli_usage("--run: an ID must not be empty");
		text = &o->run;
		break;
	case KEY_RATE:
		set_rate(o, arg);
		return 0;
	case ARGP_KEY_ARG:
		if (o->stage.file_count == MAX_PLACES)
			dnc_cli_usage("more than %d files", MAX_PLACES);
		o->files[o->stage.file_count++] = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	*text = arg;
	return 0;
}

static const struct argp_child children[] = {{&dnc_cli_common, 0, NULL, 90}, {0}};

static const struct argp argp = {.options = option_list,
	.parser = parse,
	.args_doc = "[FILE...]",
	.doc = "Turn whatever upstream systems send into canonical Do-Not-Call events, one JSON "
	       "object per line.",
	.children = children};

/* A reason is one of a suppression, or, where records may be releases, of a release. */
static void check_reason(const struct dnc_source_options *o)
{
	static const struct dnc_str reason = DNC_STR("reason");
	bool lists = strcmp(o->format, "numbers") == 0 || strncmp(o->format, "ftc-", 4) == 0;
	const char *suppress = dnc_event_known_values(DNC_NUMBER_SUPPRESSED, reason);
	const char *release = dnc_event_known_values(DNC_NUMBER_RELEASED, reason);

	if (!lists && dnc_words_have(release, dnc_str(o->reason)))
		return;
	dnc_cli_word("--reason", dnc_str(o->reason), suppress, NULL);
}

static void check_words(const struct dnc_source_options *o)
{
	if (o->reason)
		check_reason(o);
	if (o->source)
		dnc_cli_word("--source", dnc_str(o->source),
			dnc_event_known_values(DNC_NUMBER_SUPPRESSED, DNC_STR("source")), NULL);
}

static void check_columns(const struct options *o)
{
	const char *format = o->source.format;

	if (!o->source.column_count)
		return;
	if (o->map || o->map_file)
		dnc_cli_usage("--column and a map exclude each other: the map names the fields");
	if (strcmp(format, "auto") != 0 && strcmp(format, "csv") != 0 &&
		strcmp(format, "ftc-reported") != 0)
		dnc_cli_usage("--column is for files with a header: --format=csv, not %s", format);
}

static void check(struct options *o)
{
	size_t i = 0;

	while (dnc_source_formats[i] && strcmp(dnc_source_formats[i], o->source.format) != 0)
		i++;
	if (!dnc_source_formats[i])
		dnc_cli_usage(
			"--format: \"%s\" is none of auto, ndjson, csv, ftc-full, ftc-change, "
			"ftc-reported, numbers",
			o->source.format);
	if (o->map && o->map_file)
		dnc_cli_usage("--map and --map-file exclude each other");
	if (!dnc_phone_region_known(o->source.region))
		dnc_cli_usage("--region: \"%s\" is not a region like US or GB", o->source.region);
	check_words(&o->source);
	check_columns(o);
	if (strcmp(o->source.format, "numbers") == 0 && !o->source.reason)
		dnc_cli_usage(
			"--format=numbers needs --reason: a bare number does not say why it is "
			"suppressed");
	o->stage.files = o->files;
	o->stage.inputs = o->inputs;
	if (o->stage.file_count && o->stage.input_count)
		dnc_cli_usage("--input and files exclude each other");
}

void options_read(struct options *o, int argc, char **argv)
{
	*o = (struct options){.source = {.format = "auto", .region = "US", .max_record = 1u << 20},
		.max_rejects = UINT64_MAX,
		.max_rejects_share = 1};
	dnc_cli_parse(&argp, "dnc-ingest", argc, argv, o);
	o->source.columns = o->columns;
	check(o);
}
