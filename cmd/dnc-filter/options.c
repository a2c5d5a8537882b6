#include "options.h"
#include "source/mapper.h"

static void set_explain(void *ctx, const char *name, char *value)
{
	struct options *o = ctx;

	if (value)
		dnc_cli_word(name, dnc_str(value), "stderr metadata", NULL);
	o->mark = value && value[0] == 'm';
	o->explain = !o->mark;
}

/* The last one would win in silence. */
static void set_rules(void *ctx, const char *name, char *value)
{
	struct options *o = ctx;

	if (o->rules)
		dnc_cli_usage("%s is given twice: put several files into a directory", name);
	o->rules = value;
}

static const struct dnc_option rows[] = {
	{"since", 0, "TIME|-DURATION", "Events at this time or later: 2026-08-29, -1h", 1,
		DNC_TIME(struct options, filter.start_ms)},
	{"until", 0, "TIME|-DURATION", "Events before this time", 1,
		DNC_TIME(struct options, filter.end_ms)},
	{"invert-match", 'v', NULL, "Pass events that do not match", 2,
		DNC_FLAG(struct options, invert)},
	{"count", 'c', NULL, "Print the number of matching events instead of the events", 2,
		DNC_FLAG(struct options, count)},
	{"max-count", 'm', "N", "Stop after N matching events", 2,
		DNC_NUMBER(struct options, max_count, 1, UINT64_MAX - 1)},
	{"jq", 'j', "PROGRAM", "Run a jq program on each matching event and write its results", 2,
		DNC_TEXT(struct options, jq)},
	{"jq-timeout", 0, "MS",
		"Reject an event if the jq program takes longer, in milliseconds (default: 1000)",
		2, DNC_NUMBER(struct options, jq_timeout_ms, 1, 3600000)},
	{"jq-memory", 0, "SIZE",
		"Reject an event if the jq program takes more memory (default: 512M)", 2,
		DNC_SIZE(struct options, jq_memory, 16u << 20, 64ull << 30)},
	{"rules", 'R', "FILE|DIR",
		"Decide by the rules of this file, or of DIR/*.rules (dnc-rules(5))", 3,
		DNC_CALL(set_rules)},
	{"check", 0, NULL, "Check the rules and exit: 0, or 2 with every error", 3,
		DNC_FLAG(struct options, check)},
	{"test", 0, "FILE",
		"Check that the rules decide about events as FILE says, and exit: 0 or 1", 3,
		DNC_TEXT(struct options, test)},
	{"explain", 0, "stderr|metadata",
		"Tell which rule decided about each event, and why the ones before did not", 3,
		DNC_CALL(set_explain), .optional = true},
	{"metrics", 0, "ADDR:PORT|FILE",
		"Serve what each rule did for Prometheus, or write it to FILE each 10 seconds", 3,
		DNC_TEXT(struct options, metrics)},
	{"stats", 0, NULL, "Print what each rule did at the end; SIGUSR1 prints it at any time", 3,
		DNC_FLAG(struct options, stats)},
	{"input", 'i', "unix:PATH|fd:N|systemd",
		"Read events from here (unix:PATH,mode=0660,group=NAME); may be repeated", 4,
		DNC_LIST(struct options, inputs, stage.input_count)},
	{"output", 'o', "unix:PATH[,unix:PATH...]|fd:N",
		"Write to this, or to one of several hubs with one log, instead of standard output",
		4, DNC_TEXT(struct options, stage.output),
		DNC_BEFORE(struct options, stage.output_before)},
	{"rejects", 'x', "FILE|fd:N",
		"Write lines that are not valid events here (default: standard error)", 4,
		DNC_TEXT(struct options, stage.rejects)},
	{"strict", 0, NULL, "Exit with 1 if a line was rejected", 5,
		DNC_FLAG(struct options, strict)},
	{0}};

static const struct dnc_option arguments[] = {
	{"FILE", DNC_LIST(struct options, files, stage.file_count)}, {0}};

static const struct dnc_command command = {.name = "dnc-filter",
	.args_doc = "[FILE...]",
	.doc = "Pass on the Do-Not-Call events that match.",
	.options = rows,
	.arguments = arguments,
	.filter = &dnc_cli_filter_argp,
	.filter_offset = offsetof(struct options, filter)};

static void check_rules(const struct options *o)
{
	const struct {
		const char *name;
		bool given;
	} need[] = {{"--check", o->check}, {"--test", o->test},
		{"--explain", o->explain || o->mark}, {"--stats", o->stats},
		{"--metrics", o->metrics}};

	for (size_t i = 0; i < sizeof need / sizeof need[0]; i++)
		if (need[i].given && !o->rules)
			dnc_cli_usage("%s needs --rules", need[i].name);
	if (o->check && o->test)
		dnc_cli_usage(
			"--check and --test exclude each other: --test checks the rules, too");
	if ((o->check || o->test) && (o->stage.file_count || o->stage.input_count))
		dnc_cli_usage("%s reads no events", o->check ? "--check" : "--test");
	if (o->rules && o->invert)
		dnc_cli_usage("--rules and --invert-match exclude each other: write action = drop");
}

void options_read(struct options *o, int argc, char **argv)
{
	*o = (struct options){.max_count = UINT64_MAX,
		.jq_timeout_ms = DNC_MAPPER_TIMEOUT_MS,
		.jq_memory = DNC_MAPPER_MEMORY};
	dnc_options_parse(&command, argc, argv, o);
	check_rules(o);
	o->stage.files = o->files;
	o->stage.inputs = o->inputs;
	if (o->stage.file_count && o->stage.input_count)
		dnc_cli_usage("--input and FILE arguments exclude each other");
}
