#include "options.h"
#include <stdlib.h>
#include <unistd.h>

/* In the order of the words of --color. */
enum { OUTPUT_PRETTY, OUTPUT_JSON }; /* of --output */
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
	{"state", 0, "FILE", "Keep the position in this file and resume from it", 1,
		DNC_TEXT(struct options, state)},
	{"no-follow", 'e', NULL, "Exit after the newest event", 1,
		DNC_FLAG(struct options, no_follow)},
	{"max-count", 'm', "N", "Exit after N events", 1,
		DNC_NUMBER(struct options, max_count, 1, UINT64_MAX - 1)},
	{"no-reconnect", 0, NULL, "Exit when the connection is lost", 1,
		DNC_FLAG(struct options, no_reconnect)},
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
	{"output", 'o', "pretty|json", "Output format (default: pretty)", 2,
		DNC_CHOICE(struct options, output, "pretty json")},
	{"color", 0, "WHEN", "Use color: auto, always or never (default: auto)", 2,
		DNC_CHOICE(struct options, color_when, "auto always never")},
	{0}};

static const struct dnc_option arguments[] = {{"URL", DNC_TEXT(struct options, url)}, {0}};

static const struct dnc_command command = {.name = "dnc-tail",
	.args_doc = "[URL]",
	.doc = "Print the live stream of Do-Not-Call events from the hub at URL (default: $DNC_URL, "
	       "else ws://127.0.0.1:8080/ws/dnc).",
	.options = rows,
	.arguments = arguments,
	.filter = &dnc_cli_filter_argp,
	.filter_offset = offsetof(struct options, filter)};

/* ws://HOST[:PORT][/PATH], or wss:// for TLS */
static void split_url(struct options *o)
{
	const char *p = o->url, *end, *slash, *colon;
	char *rest;
	long port;

	o->tls = strncmp(p, "wss://", 6) == 0;
	if (!o->tls && strncmp(p, "ws://", 5) != 0)
		dnc_cli_usage("%s: not an address like ws://127.0.0.1:8080/ws/dnc", o->url);
	p += o->tls ? 6 : 5;
	port = o->tls ? 443 : 80;
	slash = strchr(p, '/');
	end = slash ? slash : p + strlen(p);
	colon = *p == '[' ? memchr(p, ']', (size_t)(end - p)) : p;
	colon = colon ? memchr(colon, ':', (size_t)(end - colon)) : NULL;
	if (colon) {
		port = strtol(colon + 1, &rest, 10);
		if (rest != end || port < 1 || port > 65535)
			dnc_cli_usage("%s: not a port from 1 to 65535", o->url);
		end = colon;
	}
	if (*p == '[' && end > p + 1 && end[-1] == ']')
		p++, end--;
	if (end == p || (size_t)(end - p) >= sizeof o->host ||
		(slash && strlen(slash) >= sizeof o->path))
		dnc_cli_usage("%s: not an address like ws://127.0.0.1:8080/ws/dnc", o->url);
	memcpy(o->host, p, (size_t)(end - p));
	strcpy(o->path, slash && slash[1] ? slash : "/ws/dnc");
	o->port = (int)port;
}

void options_read(struct options *o, int argc, char **argv)
{
	const char *url = getenv("DNC_URL"), *token = getenv("DNC_TOKEN_FILE");

	*o = (struct options){.url = url && *url ? url : "ws://127.0.0.1:8080/ws/dnc",
		.token_file = token && *token ? token : NULL,
		.lines = 10,
		.max_count = UINT64_MAX,
		.batch = 100,
		.grace_ms = 10000};
	dnc_options_parse(&command, argc, argv, o);
	if (o->batch_given && !o->exec)
		dnc_cli_usage("--batch requires --exec");
	o->json = o->output == OUTPUT_JSON;
	o->terminal = !o->exec && isatty(STDOUT_FILENO);
	o->color = want_color((enum color)o->color_when, o->exec);
	split_url(o);
}
