#include "options.h"
#include <stdlib.h>
#include "cli/cli.h"

static const struct dnc_option rows[] = {
	{"socket", 0, "PATH[,PATH...]",
		"Socket of the hub or of another stage, or of several hubs with one log (default: "
		"$DNC_SOCKET, else $DNC_URL, else /run/dnc/hub.sock)",
		1, DNC_TEXT(struct options, socket), DNC_BEFORE(struct options, socket_before)},
	{"url", 0, "URL[,URL...]",
		"Publish by HTTP to the hub, or to the first that takes it of several with one log: "
		"http://HOST:PORT, https://HOST:PORT or unix:PATH",
		1, DNC_TEXT(struct options, url), DNC_BEFORE(struct options, url_before)},
	{"token-file", 0, "FILE",
		"Authenticate with the token in this file (default: $DNC_TOKEN_FILE)", 1,
		DNC_TEXT(struct options, token_file)},
	{"cacert", 0, "FILE", "Trust these certificate authorities (PEM) instead of the system's",
		1, DNC_TEXT(struct options, ca_file)},
	{"lines", 0, NULL, "Read events from standard input, one a line, as dnc-ingest does", 1,
		DNC_FLAG(struct options, lines)},
	{"rejects", 'x', "FILE|fd:N",
		"Write lines that are rejected here (default: standard error)", 1,
		DNC_TEXT(struct options, rejects)},
	{"timeout", 0, "DURATION",
		"How long to wait until the next events are acknowledged (default: 10s)", 1,
		DNC_DURATION(struct options, timeout_ms)},
	{"spool", 0, "DIR",
		"Write the events to a file here if nobody takes them, for dnc-ingest --watch", 1,
		DNC_TEXT(struct options, spool)},
	{0}};

static const struct dnc_option arguments[] = {{"TYPE", DNC_TEXT(struct options, type)},
	{"KEY=VALUE", DNC_REST(struct options, fields, field_count)}, {0}};

static const struct dnc_command command = {.name = "dnc-emit",
	.args_doc = "TYPE [KEY=VALUE...]\n--lines",
	.doc = "Publish one Do-Not-Call event, or those of standard input, wait until they are in "
	       "the log, and print their ids. The \"dnc.\" of TYPE may be left out: "
	       "number.suppressed.",
	.options = rows,
	.arguments = arguments};

/* NULL if it is not set or empty. */
static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* An option stands before its variable; the socket, which is this command's alone, before the URL. */
static void choose_way(struct options *o)
{
	if (o->url && o->socket)
		dnc_cli_usage("--socket and --url exclude each other");
	if (o->url || o->socket)
		return;
	o->socket = variable("DNC_SOCKET");
	if (o->socket)
		return;
	o->url = variable("DNC_URL");
	o->url_of_env = o->url;
	if (!o->url)
		o->socket = "/run/dnc/hub.sock";
}

static void check(const struct options *o)
{
	if (o->lines && o->type)
		dnc_cli_usage("--lines reads events from standard input: TYPE excludes it");
	if (!o->lines && !o->type)
		dnc_cli_usage("TYPE is missing; see --help");
	if (o->rejects && !o->lines)
		dnc_cli_usage("--rejects requires --lines");
	if (o->spool && !*o->spool)
		dnc_cli_usage("--spool: the name of the directory is empty");
}

void options_read(struct options *o, int argc, char **argv)
{
	*o = (struct options){.timeout_ms = 10000};
	dnc_options_parse(&command, argc, argv, o);
	check(o);
	dnc_cli_warn_replaced("--socket", o->socket_before, o->socket,
		"several hubs that share one log are one value: PATH,PATH");
	dnc_cli_warn_replaced("--url", o->url_before, o->url,
		"several hubs that share one log are one value: URL,URL");
	choose_way(o);
	if (!o->url && (o->token_file || o->ca_file))
		dnc_cli_usage("%s requires --url: a socket checks who may connect to it",
			o->token_file ? "--token-file" : "--cacert");
	if (o->url && !o->token_file)
		o->token_file = variable("DNC_TOKEN_FILE");
}
