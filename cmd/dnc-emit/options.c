#include "options.h"
#include <stdlib.h>
#include "cli/cli.h"

static const struct dnc_option rows[] = {
	{"socket", 0, "PATH",
		"Socket of the hub or of another stage (default: $DNC_SOCKET, else "
		"/run/dnc/hub.sock)",
		1, DNC_TEXT(struct options, socket)},
	{"timeout", 0, "DURATION",
		"How long to wait until the event is acknowledged (default: 10s)", 1,
		DNC_DURATION(struct options, timeout_ms)},
	{"spool", 0, "DIR", "Write the event to a file here if it can't be published", 1,
		DNC_TEXT(struct options, spool)},
	{0}};

static const struct dnc_option arguments[] = {{"TYPE", DNC_TEXT(struct options, type)},
	{"KEY=VALUE", DNC_REST(struct options, fields, field_count)}, {0}};

static const struct dnc_command command = {.name = "dnc-emit",
	.args_doc = "TYPE [KEY=VALUE...]",
	.doc = "Publish one Do-Not-Call event, wait until it is in the log, and print its id. The "
	       "\"dnc.\" of TYPE may be left out: number.suppressed.",
	.options = rows,
	.arguments = arguments};

void options_read(struct options *o, int argc, char **argv)
{
	const char *socket = getenv("DNC_SOCKET");

	*o = (struct options){
		.socket = socket && *socket ? socket : "/run/dnc/hub.sock", .timeout_ms = 10000};
	dnc_options_parse(&command, argc, argv, o);
	if (!o->type)
		dnc_cli_usage("TYPE is missing; see --help");
}
