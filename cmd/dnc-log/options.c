#include "options.h"
#include <string.h>
#include "cli/cli.h"

static const struct dnc_option rows[] = {
	{"rate", 'r', "N", "copy: at most N events per second, to spare a hub that uses the source",
		1, DNC_NUMBER(struct options, rate, 1, 1000000),
		DNC_GIVEN(struct options, rate_given)},
	{"no-verify", 0, NULL, "copy: do not compare both logs at the end", 1,
		DNC_FLAG(struct options, no_verify)},
	{"json", 'j', NULL, "Print the result as JSON", 1, DNC_FLAG(struct options, json)}, {0}};

static const struct dnc_option arguments[] = {{"COMMAND", DNC_TEXT(struct options, command)},
	{"FROM", DNC_TEXT(struct options, from)}, {"TO", DNC_TEXT(struct options, to)}, {0}};

static const struct dnc_command command = {.name = "dnc-log",
	.args_doc = "copy FROM TO\nverify FROM TO",
	.doc = "Copy the log of a hub from SQLite to PostgreSQL or back, or compare two logs. FROM and TO "
	       "are directories, as of dnc-wsd --data, or connection strings, as of dnc-wsd --log. A copy "
	       "that was stopped goes on when it is run again.",
	.options = rows,
	.arguments = arguments};

void options_read(struct options *o, int argc, char **argv)
{
	*o = (struct options){0};
	dnc_options_parse(&command, argc, argv, o);
	if (!o->command)
		dnc_cli_usage("the command is missing: copy or verify");
	dnc_cli_word("the command", dnc_str(o->command), "copy verify", NULL);
	if (!o->to)
		dnc_cli_usage("%s: %s is missing", o->command, o->from ? "TO" : "FROM");
	if (strcmp(o->command, "verify") == 0 && (o->rate_given || o->no_verify))
		dnc_cli_usage(
			"%s: not an option of verify", o->rate_given ? "--rate" : "--no-verify");
}
