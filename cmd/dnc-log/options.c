#include "options.h"
#include <string.h>
#include <sys/stat.h>
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

/* Two connection strings that differ may still mean one log: then there is nothing to copy. */
static bool are_same(const char *from, const char *to)
{
	struct stat a, b;

	return strcmp(from, to) == 0 || (stat(from, &a) == 0 && stat(to, &b) == 0 &&
						a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

void options_read(struct options *o, int argc, char **argv)
{
	*o = (struct options){0};
	dnc_options_parse(&command, argc, argv, o);
	if (!o->command)
		dnc_cli_usage("the command is missing: copy or verify");
	dnc_cli_word("the command", dnc_str(o->command), "copy verify", NULL);
	if (!o->to)
		dnc_cli_usage("%s: %s is missing", o->command, o->from ? "TO" : "FROM");
	if (!*o->from || !*o->to)
		dnc_cli_usage("%s is empty: give a directory or a connection string",
			*o->from ? "TO" : "FROM");
	if (are_same(o->from, o->to))
		dnc_cli_usage("FROM and TO are the same log: %s", o->to);
	if (strcmp(o->command, "verify") == 0 && (o->rate_given || o->no_verify))
		dnc_cli_usage(
			"%s: not an option of verify", o->rate_given ? "--rate" : "--no-verify");
}
