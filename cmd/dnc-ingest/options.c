#include "options.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/words.h"
#include "cli/cli.h"
#include "event/event.h"
#include "phone/phone.h"
#include "source/mapper.h"

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
	dnc_cli_usage(
		"--column: an event has no field \"%s\" (see dnc-events(7)); a custom field is "
		"event_data.NAME",
		field);
}

static void add_column(void *options, const char *name, char *arg)
{
	struct options *o = options;
	char *equals = strchr(arg, '=');
	struct dnc_column column;

	if (!equals || equals == arg || !equals[1])
		dnc_cli_usage("%s: \"%s\" is not FIELD=HEADER or FIELD=NUMBER", name, arg);
	if (o->source.column_count == MAX_COLUMNS)
		dnc_cli_usage("%s: given more than %d times", name, MAX_COLUMNS);
	*equals = '\0';
	column = (struct dnc_column){check_field(arg), equals + 1};
	for (size_t i = 0; i < o->source.column_count; i++) {
		if (strcmp(o->columns[i].field, column.field) == 0)
			dnc_cli_usage("%s: %s is given two headers, \"%s\" and \"%s\"", name, arg,
				o->columns[i].header, column.header);
		if (dnc_str_caseeq(dnc_str(o->columns[i].header), dnc_str(column.header)))
			dnc_cli_usage("%s: the header \"%s\" is given to two fields, %s and %s",
				name, column.header, o->columns[i].field, column.field);
	}
	o->columns[o->source.column_count++] = column;
}

static void set_delimiter(void *options, const char *name, char *arg)
{
	char c = strcmp(arg, "tab") == 0 ? '\t' : arg[0];

	if (!c || (c != '\t' && arg[1]) || (c != '\t' && c != ' ' && !ispunct((unsigned char)c)) ||
		c == '"')
		dnc_cli_usage(
			"%s: \"%s\" is neither \"tab\" nor a punctuation character like \";\"",
			name, arg);
	((struct options *)options)->source.delimiter = c;
}

/* Reads "N" or "P%"; the other limit is none. */
static void set_limit(const char *name, char *arg, uint64_t *count, double *share)
{
	size_t n = strlen(arg);
	char *end;

	*count = UINT64_MAX;
	*share = 1;
	if (n && arg[n - 1] == '%') {
		unsigned long percent = strtoul(arg, &end, 10);

		if (!isdigit((unsigned char)arg[0]) || end != arg + n - 1 || percent > 100)
			dnc_cli_usage("%s: \"%s\" is not from 0%% to 100%%", name, arg);
		*share = (double)percent / 100;
	} else {
		*count = dnc_cli_number(name, arg, 0, UINT64_MAX - 1);
	}
}

static void set_max_rejects(void *options, const char *name, char *arg)
{
	struct options *o = options;

	set_limit(name, arg, &o->max_rejects, &o->max_rejects_share);
}

static void set_max_removed(void *options, const char *name, char *arg)
{
	struct options *o = options;

	set_limit(name, arg, &o->max_removed, &o->max_removed_share);
	o->max_removed_given = true;
}

static void set_rate(void *options, const char *name, char *arg)
{
	struct options *o = options;
	char *end;

	o->rate = strtod(arg, &end);
	if (end == arg || (strcmp(end, "/s") != 0 && *end) || !(o->rate > 0) || o->rate > 1e9)
		dnc_cli_usage("%s: \"%s\" is not a rate like 100/s", name, arg);
}

static void set_summary(void *options, const char *name, char *arg)
{
	struct options *o = options;

	if (arg)
		dnc_cli_word(name, dnc_str(arg), "full delta", NULL);
	o->summary = true;
	o->sync_type = arg;
}

/* Texts that follow from the table of formats; made before the options are parsed, never freed. */
static struct dnc_buf format_names, description;

static void describe_formats(void)
{
	const struct dnc_format *f;

	dnc_buf_lit(&format_names, "auto");
	dnc_buf_lit(&description,
		"Convert records of upstream systems to canonical Do-Not-Call events, one JSON "
		"object per line.\vFormats (auto examines the first 64 KiB):\n");
	for (size_t i = 0; (f = dnc_format_at(i)); i++) {
		dnc_buf_printf(&format_names, ", %s", f->name);
		dnc_buf_printf(&description, "  %-14s %s\n", f->name, f->help);
	}
	dnc_buf_chr(&format_names, '\0');
	dnc_buf_chr(&description, '\0');
	if (!dnc_buf_ok(&format_names) || !dnc_buf_ok(&description))
		dnc_cli_die_nomem();
}

static const struct dnc_option rows[] = {
	{"format", 'f', "FORMAT", "Input format, listed below (default: auto)", 1,
		DNC_TEXT(struct options, source.format)},
	{"column", 'c', "FIELD=HEADER|N",
		"The CSV column HEADER, or column N, holds the event's FIELD", 1,
		DNC_CALL(add_column)},
	{"delimiter", 0, "CHAR|tab",
		"What separates CSV fields (default: told from the first line)", 1,
		DNC_CALL(set_delimiter)},
	{"no-header", 0, NULL, "The CSV file starts with a row: columns have numbers", 1,
		DNC_FLAG(struct options, source.no_header)},
	{"map", 'j', "PROGRAM", "jq program that makes one event, several or none from each record",
		1, DNC_TEXT(struct options, map)},
	{"map-file", 'J', "FILE", "Read the jq program from this file", 1,
		DNC_TEXT(struct options, map_file)},
	{"map-timeout", 0, "MS",
		"Reject a record if the map takes longer, in milliseconds (default: 1000)", 1,
		DNC_NUMBER(struct options, map_timeout_ms, 1, 3600000)},
	{"map-memory", 0, "SIZE", "Reject a record if the map takes more memory (default: 512M)", 1,
		DNC_SIZE(struct options, map_memory, 16u << 20, 64ull << 30)},
	{"region", 'r', "REGION", "Region of numbers without a country code (default: US)", 1,
		DNC_TEXT(struct options, source.region)},
	{"strict-phone", 0, NULL, "Reject numbers that are possible but not valid", 1,
		DNC_FLAG(struct options, strict_phone)},
	{"max-record", 0, "SIZE", "Reject records that are longer (default: 1M)", 1,
		DNC_SIZE(struct options, source.max_record, 1024, 64u << 20)},
	{"encoding", 0, "ENCODING",
		"Encoding of the text: auto (UTF-8, or UTF-16 if it looks like that), utf-8, utf-16le, "
		"utf-16be or windows-1252 (default: auto)",
		1, DNC_CHOICE(struct options, encoding, DNC_ENCODING_WORDS)},
	{"max-unpacked", 0, "SIZE",
		"Refuse compressed files that unpack to more bytes than this (default: 64G)", 1,
		DNC_SIZE(struct options, max_unpacked, 1024, UINT64_C(1) << 50)},
	{"provider", 'P', "NAME", "Provider of events without one", 2,
		DNC_TEXT(struct options, source.provider)},
	{"provider-id", 0, "ID", "Provider id of events without a provider", 2,
		DNC_TEXT(struct options, source.provider_id)},
	{"reason", 0, "REASON", "Reason of suppressions without one", 2,
		DNC_TEXT(struct options, source.reason)},
	{"source", 0, "SOURCE",
		"Source of suppressions without one: federal, state, internal, consumer or partner",
		2, DNC_TEXT(struct options, source.source)},
	{"run", 0, "ID",
		"Run that records without a time belong to (default: the file's name, size and "
		"modification time)",
		2, DNC_TEXT(struct options, run)},
	{"input", 'i', "unix:PATH|fd:N|systemd",
		"Read records from here (unix:PATH,mode=0660,group=NAME); may be repeated", 3,
		DNC_LIST(struct options, inputs, stage.input_count)},
	{"output", 'o', "unix:PATH[,unix:PATH...]|fd:N",
		"Write to this, or to one of several hubs with one log, instead of standard output",
		3, DNC_TEXT(struct options, stage.output),
		DNC_BEFORE(struct options, stage.output_before)},
	{"rejects", 'x', "FILE|fd:N", "Write rejected records here (default: standard error)", 3,
		DNC_TEXT(struct options, stage.rejects)},
	{"watch", 0, "DIR",
		"Read each file that is complete in this directory, then move it to DIR/done or "
		"DIR/failed, with its rejects beside it",
		3, DNC_TEXT(struct options, watch)},
	{"once", 0, NULL, "With --watch: end when no file is left", 3,
		DNC_FLAG(struct options, once)},
	{"watch-max-age", 0, "DURATION",
		"With --watch: files that were last modified longer ago are not read, and fail", 3,
		DNC_DURATION(struct options, watch_max_age_ms)},
	{"watch-max-size", 0, "SIZE", "With --watch: longer files are not read, and fail", 3,
		DNC_SIZE(struct options, watch_max_size, 1, UINT64_MAX)},
	{"summary", 0, "full|delta",
		"End with an event that counts what became of the records of this list; needs --provider",
		4, DNC_CALL(set_summary), .optional = true},
	{"strict", 0, NULL, "Exit with 1 if a record was rejected", 4,
		DNC_FLAG(struct options, strict)},
	{"max-rejects", 0, "N|P%", "Stop and exit with 1 if more records are rejected", 4,
		DNC_CALL(set_max_rejects)},
	{"min-records", 0, "N", "Publish nothing and exit with 1 if fewer records are accepted", 4,
		DNC_NUMBER(struct options, min_records, 0, UINT64_MAX)},
	{"against", 0, "FILE",
		"Compare a full list with the last one, which FILE keeps, and write what differs",
		5, DNC_TEXT(struct options, against)},
	{"baseline", 0, NULL, "The first list: make FILE, and no event for its numbers", 5,
		DNC_FLAG(struct options, baseline)},
	{"publish-all", 0, NULL, "The first list: make FILE, and an event for each number", 5,
		DNC_FLAG(struct options, publish_all)},
	{"max-removed", 0, "N|P%",
		"Refuse a list in which more of the last one's numbers are missing (default: 10%)",
		5, DNC_CALL(set_max_removed)},
	{"release-reason", 0, "REASON", "Reason of numbers that have left the list", 5,
		DNC_TEXT(struct options, release_reason)},
	{"release-despite-rejects", 0, NULL,
		"Release numbers that have left a list of which records were rejected", 5,
		DNC_FLAG(struct options, release_despite_rejects)},
	{"rate", 0, "N/s", "Write at most N events a second", 4, DNC_CALL(set_rate)}, {0}};

static const struct dnc_option arguments[] = {
	{"FILE", DNC_LIST(struct options, files, stage.file_count)}, {0}};

static struct dnc_command command = {
	.name = "dnc-ingest", .args_doc = "[FILE...]", .options = rows, .arguments = arguments};

/* The flags of the format that was asked for; none of "auto". */
static unsigned format_flags(const struct dnc_source_options *o)
{
	const struct dnc_format *f = dnc_format_find(o->format);

	return f ? f->flags : 0;
}

/* A reason is one of a suppression, or, where records may be releases, of a release. */
static void check_reason(const struct dnc_source_options *o)
{
	static const struct dnc_str reason = DNC_STR("reason");
	const char *suppress = dnc_event_known_values(DNC_NUMBER_SUPPRESSED, reason);
	const char *release = dnc_event_known_values(DNC_NUMBER_RELEASED, reason);

	if (!(format_flags(o) & DNC_FORMAT_LIST) && dnc_words_have(release, dnc_str(o->reason)))
		return;
	dnc_cli_word("--reason", dnc_str(o->reason), suppress, NULL);
}

static void check_said(const char *option, const char *given, const char *said, const char *format)
{
	if (given && said && strcmp(given, said) != 0)
		dnc_cli_usage("%s=%s contradicts --format=%s, which says %s", option, given, format,
			said);
}

static void check_words(const struct dnc_source_options *o)
{
	/* With a map they are for the events that the map makes. */
	const struct dnc_origin *origin = o->map ? NULL : dnc_format_origin(o->format);

	if (o->reason)
		check_reason(o);
	if (o->source)
		dnc_cli_word("--source", dnc_str(o->source),
			dnc_event_known_values(DNC_NUMBER_SUPPRESSED, DNC_STR("source")), NULL);
	if (origin)
		check_said("--reason", o->reason, origin->reason, o->format);
	if (origin && !(format_flags(o) & DNC_FORMAT_LAYOUT))
		check_said("--source", o->source, origin->source, o->format);
}

static void check_columns(const struct options *o)
{
	const char *format = o->source.format;
	const char *option = o->source.column_count ? "--column"
	                     : o->source.delimiter  ? "--delimiter"
	                     : o->source.no_header  ? "--no-header"
	                                            : NULL;

	if (!option)
		return;
	if (o->source.column_count && (o->map || o->map_file))
		dnc_cli_usage("--column and --map exclude each other: the map names the fields");
	if (strcmp(format, "auto") != 0 && !(format_flags(&o->source) & DNC_FORMAT_HEADER))
		dnc_cli_usage("%s is for files with columns: --format=csv, not %s", option, format);
	if (o->source.delimiter && strcmp(format, "tsv") == 0)
		dnc_cli_usage("--delimiter is for --format=csv: in tsv it is always the tab");
}

/* Files of the directory are added one after the other, and each has rejects of its own. */
static void check_watch(struct options *o)
{
	if (!o->watch && (o->once || o->watch_max_age_ms || o->watch_max_size))
		dnc_cli_usage("--once, --watch-max-age and --watch-max-size need --watch");
	if (!o->watch)
		return;
	if (!*o->watch)
		dnc_cli_usage("--watch: the name of the directory is empty");
	if (o->stage.file_count || o->stage.input_count)
		dnc_cli_usage("--watch excludes --input and FILE arguments");
	if (o->stage.rejects)
		dnc_cli_usage("--watch excludes --rejects: the rejects of a file are beside it, in "
			      "NAME.rejects");
	o->stage.files_later = true;
	o->stage.service = !o->once;
}

static void check_against(const struct options *o)
{
	const char *only = o->baseline                  ? "--baseline"
	                   : o->publish_all             ? "--publish-all"
	                   : o->max_removed_given       ? "--max-removed"
	                   : o->release_reason          ? "--release-reason"
	                   : o->release_despite_rejects ? "--release-despite-rejects"
	                                                : NULL;

	if (!o->against && only)
		dnc_cli_usage("%s requires --against", only);
	if (o->baseline && o->publish_all)
		dnc_cli_usage("--baseline and --publish-all exclude each other");
	if (o->release_reason)
		dnc_cli_word("--release-reason", dnc_str(o->release_reason),
			dnc_event_known_values(DNC_NUMBER_RELEASED, DNC_STR("reason")), NULL);
	if (!o->against)
		return;
	if (!*o->against)
		dnc_cli_usage("--against: the name is empty");
	if (o->stage.input_count)
		dnc_cli_usage("--against and --input exclude each other: a full list has an end");
	if (o->watch)
		dnc_cli_usage("--against and --watch exclude each other");
	if (o->run)
		dnc_cli_usage("--against and --run exclude each other: ids are made of the lists");
	if (format_flags(&o->source) & DNC_FORMAT_CHANGES)
		dnc_cli_usage("--against requires a full list, which --format=%s is not",
			o->source.format);
}

static void check(struct options *o)
{
	if (strcmp(o->source.format, "auto") != 0 && !dnc_format_find(o->source.format))
		dnc_cli_usage(
			"--format: \"%s\" is not one of %s", o->source.format, format_names.p);
	if (o->map && o->map_file)
		dnc_cli_usage("--map and --map-file exclude each other");
	if (!dnc_phone_region_known(o->source.region))
		dnc_cli_usage("--region: \"%s\" is not a region like US or GB", o->source.region);
	check_words(&o->source);
	check_columns(o);
	if (format_flags(&o->source) & DNC_FORMAT_NEEDS_REASON && !o->source.reason)
		dnc_cli_usage("--format=%s needs --reason: a bare number does not say why it is "
			      "suppressed",
			o->source.format);
	if (o->run && !*o->run)
		dnc_cli_usage("--run: the id is empty");
	if (o->summary && !o->source.provider)
		dnc_cli_usage("--summary needs --provider: the event says whose list was read");
	o->stage.files = o->files;
	o->stage.inputs = o->inputs;
	if (o->stage.file_count && o->stage.input_count)
		dnc_cli_usage("--input and FILE arguments exclude each other");
	if (o->stage.input_count && o->min_records)
		dnc_cli_usage("--input and --min-records exclude each other: a service has no end");
	check_watch(o);
	check_against(o);
}

void options_read(struct options *o, int argc, char **argv)
{
	*o = (struct options){.source = {.format = "auto", .region = "US", .max_record = 1u << 20},
		.max_unpacked = UINT64_C(64) << 30,
		.map_timeout_ms = DNC_MAPPER_TIMEOUT_MS,
		.map_memory = DNC_MAPPER_MEMORY,
		.max_rejects = UINT64_MAX,
		.max_rejects_share = 1,
		.max_removed = UINT64_MAX,
		.max_removed_share = 0.1};
	describe_formats();
	command.doc = description.p;
	dnc_options_parse(&command, argc, argv, o);
	o->source.columns = o->columns;
	o->source.map = o->map || o->map_file;
	check(o);
}
