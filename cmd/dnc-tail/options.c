#include "options.h"
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "show/show.h"
#include "source/mapper.h"

/* In the order of the words of --color. */
enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

static bool want_color(enum color when, bool exec)
{
	if (when == COLOR_AUTO)
		return !exec && isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	return when == COLOR_ALWAYS;
}

static void set_since(void *options, const char *name, char *arg)
{
	struct options *o = options;

	if (arg[0] && strspn(arg, "0123456789") == strlen(arg))
		o->start = (struct start){
			.from = START_SINCE, .seq = dnc_cli_number(name, arg, 0, INT64_MAX)};
	else
		o->start = (struct start){.from = START_TIME, .ms = dnc_cli_time(name, arg)};
}

static void set_until(void *options, const char *name, char *arg)
{
	struct options *o = options;

	if (arg[0] && strspn(arg, "0123456789") == strlen(arg))
		o->until = (struct until){
			.by = UNTIL_SEQ, .seq = dnc_cli_number(name, arg, 0, INT64_MAX)};
	else
		o->until = (struct until){.by = UNTIL_TIME, .ms = dnc_cli_time(name, arg)};
}

static void set_timeout(void *options, const char *name, char *arg)
{
	struct options *o = options;

	o->timeout_ms = dnc_cli_duration(name, arg);
	if (o->timeout_ms == 0)
		dnc_cli_usage("%s: must be more than 0", name);
}

static void set_exec(void *options, const char *name, char *arg)
{
	if (!arg[strspn(arg, " \t\n")])
		dnc_cli_usage("%s: the command is empty", name);
	((struct options *)options)->exec = arg;
}

static const struct dnc_option rows[] = {
	{"lines", 'n', "N", "Start with the last N matching events (default: 10)", 1,
		DNC_NUMBER(struct options, lines, 0, INT64_MAX),
		DNC_GIVEN(struct options, lines_given)},
	{"since", 0, "SEQ|TIME|-DURATION",
		"Start with the event after this sequence number, or with those logged at this time "
		"or later: 2026-08-29T08:00:00Z, -1h",
		1, DNC_CALL(set_since)},
	{"until", 0, "SEQ|TIME|-DURATION",
		"Exit after the event with this sequence number, or after those logged until this "
		"time; starts with the oldest event unless --since is given",
		1, DNC_CALL(set_until)},
	{"timeout", 0, "DURATION", "Exit with status 124 when no event came for so long", 1,
		DNC_CALL(set_timeout)},
	{"fail-on-gap", 0, NULL,
		"Exit with status 3 when events are missing: at once, or at the end of -e or --until",
		1, DNC_FLAG(struct options, fail_on_gap)},
	{"state", 0, "FILE", "Keep the position in this file and resume from it", 1,
		DNC_TEXT(struct options, state)},
	{"no-follow", 'e', NULL, "Exit after the newest event", 1,
		DNC_FLAG(struct options, no_follow)},
	{"max-count", 'm', "N", "Exit after N events", 1,
		DNC_NUMBER(struct options, max_count, 1, UINT64_MAX - 1)},
	{"follow-hubs", 0, NULL,
		"When a hub ends, go on at the hubs that it names, also at addresses that were not "
		"given, and send them the token",
		1, DNC_FLAG(struct options, follow_hubs)},
	{"no-reconnect", 0, NULL, "Exit when the connection is lost", 1,
		DNC_FLAG(struct options, no_reconnect)},
	{"stats", 0, NULL,
		"Show the state of the connection, events/s, latency, lag and reconnects at the bottom "
		"of the terminal, or every ten seconds on standard error if that is none; SIGUSR1 "
		"prints it at any time",
		1, DNC_FLAG(struct options, stats)},
	{"token-file", 0, "FILE",
		"Authenticate with the token in this file (default: $DNC_TOKEN_FILE)", 1,
		DNC_TEXT(struct options, token_file)},
	{"cacert", 0, "FILE", "Trust these certificate authorities (PEM) instead of the system's",
		1, DNC_TEXT(struct options, ca_file)},
	{"insecure", 0, NULL, "Do not verify the hub's certificate", 1,
		DNC_FLAG(struct options, insecure)},
	{"exec", 0, "COMMAND",
		"Write the events to the standard input of this command instead of printing them; "
		"if its exit status is not 0, they are written to it again",
		2, DNC_CALL(set_exec)},
	{"batch", 0, "N", "At most N events for each run of the command (default: 100)", 2,
		DNC_NUMBER(struct options, batch, 1, 1000000),
		DNC_GIVEN(struct options, batch_given)},
	{"grace", 0, "DURATION",
		"How long to wait at the end for the command, or the reader of the pipe (default: "
		"10s)",
		2, DNC_DURATION(struct options, grace_ms)},
	{"output", 'o', "FORMAT",
		"Output format: pretty, verbose, json, json-pretty, csv, tsv, logfmt, cloudevents or "
		"template (default: pretty)",
		3, DNC_CHOICE(struct options, output, DNC_SHOW_NAMES),
		DNC_GIVEN(struct options, output_given)},
	{"fields", 0, "NAMES",
		"Print only these fields, in this order: timestamp,phone_number,event_data.reason",
		3, DNC_TEXT(struct options, fields)},
	{"template", 'T', "TEXT",
		"Print each event as this text: '{timestamp} {severity:>8} {summary}\\n'", 3,
		DNC_TEXT(struct options, template)},
	{"no-header", 0, NULL, "No line with the names of the columns (csv, tsv)", 3,
		DNC_FLAG(struct options, no_header)},
	{"jq", 'j', "PROGRAM", "Run a jq program on each event and print its results", 3,
		DNC_TEXT(struct options, jq)},
	{"jq-timeout", 0, "MS",
		"Give up on an event if the jq program takes longer, in milliseconds (default: 1000)",
		3, DNC_NUMBER(struct options, jq_timeout_ms, 1, 3600000),
		DNC_GIVEN(struct options, jq_timeout_given)},
	{"jq-memory", 0, "SIZE",
		"Give up on an event if the jq program takes more memory (default: 512M)", 3,
		DNC_SIZE(struct options, jq_memory, 16u << 20, 64ull << 30),
		DNC_GIVEN(struct options, jq_memory_given)},
	{"raw-output", 0, NULL, "Print results of --jq that are strings without quotes", 3,
		DNC_FLAG(struct options, raw_output)},
	{"utc", 0, NULL, "Print times in UTC", 3, DNC_FLAG(struct options, utc)},
	{"local", 0, NULL, "Print times in the local time zone (default on a terminal)", 3,
		DNC_FLAG(struct options, local_given)},
	{"color", 0, "WHEN", "Use color: auto, always or never (default: auto)", 3,
		DNC_CHOICE(struct options, color_when, "auto always never")},
	{0}};

static const struct dnc_option arguments[] = {
	{"URL", DNC_LIST(struct options, urls, url_count)}, {0}};

static const struct dnc_command command = {.name = "dnc-tail",
	.args_doc = "[URL...]",
	.doc = "Print the live stream of Do-Not-Call events from the hub at URL (default: $DNC_URL, "
	       "else ws://127.0.0.1:8080/ws/dnc), or from the first of several that answers.",
	.options = rows,
	.arguments = arguments,
	.filter = &dnc_cli_filter_argp,
	.filter_offset = offsetof(struct options, filter)};

static void add_hub(struct options *o, const char *url)
{
	struct dnc_error err;

	if (hubs_add(&o->hubs, url, &err) < 0)
		dnc_cli_usage("%s", err.message);
}

/* URLS is separated by blanks. */
static void add_hubs(struct options *o, const char *urls)
{
	char url[1024];

	for (size_t n; *(urls += strspn(urls, " \t\n")); urls += n) {
		n = strcspn(urls, " \t\n");
		if (n >= sizeof url)
			dnc_cli_usage(
				"DNC_URL: an address is longer than %zu bytes", sizeof url - 1);
		snprintf(url, sizeof url, "%.*s", (int)n, urls);
		add_hub(o, url);
	}
}

static void find_hubs(struct options *o)
{
	const char *urls = getenv("DNC_URL");

	for (size_t i = 0; i < o->url_count; i++)
		add_hub(o, o->urls[i]);
	if (!o->url_count && urls)
		add_hubs(o, urls);
	if (!o->hubs.count)
		add_hub(o, "ws://127.0.0.1:8080/ws/dnc");
}

/* What follows from the options for the output, and which of them exclude each other. */
static void settle_output(struct options *o)
{
	if (o->template && !o->output_given)
		o->output = DNC_SHOW_TEMPLATE;
	if (o->jq && !o->output_given && !o->template)
		o->output = DNC_SHOW_JSON;
	if (o->template && o->output != DNC_SHOW_TEMPLATE)
		dnc_cli_usage("--template excludes other formats of --output");
	if (o->output == DNC_SHOW_TEMPLATE && !o->template)
		dnc_cli_usage("--output=template requires --template");
	if (o->jq &&
		((o->output != DNC_SHOW_JSON && o->output != DNC_SHOW_JSON_PRETTY) || o->fields))
		dnc_cli_usage("--jq prints JSON, as its program makes it: it excludes --fields, "
			      "--template and other formats than json and json-pretty");
	if (!o->jq && (o->raw_output || o->jq_timeout_given || o->jq_memory_given))
		dnc_cli_usage("%s requires --jq", o->raw_output         ? "--raw-output"
						  : o->jq_timeout_given ? "--jq-timeout"
									: "--jq-memory");
	if (o->template && !*o->template)
		dnc_cli_usage("--template is empty");
	if (o->no_header && o->output != DNC_SHOW_CSV && o->output != DNC_SHOW_TSV)
		dnc_cli_usage("--no-header requires --output=csv or tsv");
	if (o->utc && o->local_given)
		dnc_cli_usage("--utc and --local exclude each other");
	o->local = o->local_given || (o->terminal && !o->utc);
}

static void check_start(const struct options *o)
{
	if (o->lines_given && o->start.from != START_LINES)
		dnc_cli_usage("--lines and --since exclude each other: both say where to start");
}

static void check_until(struct options *o)
{
	const struct until *u = &o->until;
	struct start *start = &o->start;

	if (u->by == UNTIL_NONE)
		return;
	if (o->lines_given && (u->by == UNTIL_SEQ || u->ms <= dnc_clock_now_ms()))
		dnc_cli_usage("--lines counts back from the present, which --until leaves out: use "
			      "--since");
	if ((u->by == UNTIL_SEQ && start->from == START_SINCE && u->seq <= start->seq) ||
		(u->by == UNTIL_TIME && start->from == START_TIME && u->ms < start->ms))
		dnc_cli_usage("--until is before --since");
	if (u->by == UNTIL_TIME && u->ms <= dnc_clock_now_ms())
		o->no_follow = true;
	if (start->from == START_LINES && !o->lines_given)
		*start = (struct start){.from = START_SINCE, .seq = 0};
}

void options_read(struct options *o, int argc, char **argv)
{
	const char *token = getenv("DNC_TOKEN_FILE");

	*o = (struct options){.token_file = token && *token ? token : NULL,
		.lines = 10,
		.max_count = UINT64_MAX,
		.batch = 100,
		.grace_ms = 10000,
		.jq_timeout_ms = DNC_MAPPER_TIMEOUT_MS,
		.jq_memory = DNC_MAPPER_MEMORY};
	dnc_options_parse(&command, argc, argv, o);
	if (o->batch_given && !o->exec)
		dnc_cli_usage("--batch requires --exec");
	if (o->follow_hubs && o->insecure)
		dnc_cli_usage("--follow-hubs and --insecure exclude each other: whoever is named "
			      "must prove who he is; trust the hubs' authority with --cacert");
	check_start(o);
	check_until(o);
	o->terminal = !o->exec && isatty(STDOUT_FILENO);
	o->color = want_color((enum color)o->color_when, o->exec);
	settle_output(o);
	o->color_messages =
		isatty(STDERR_FILENO) && !getenv("NO_COLOR") && o->color_when != COLOR_NEVER;
	dnc_log_color(o->color_messages);
	find_hubs(o);
}
