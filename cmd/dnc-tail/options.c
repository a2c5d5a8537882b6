#include "options.h"
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"

enum {
	KEY_SINCE = 0x100,
	KEY_NO_RECONNECT,
	KEY_COLOR,
	KEY_STATE,
	KEY_TOKEN,
	KEY_CA,
	KEY_INSECURE,
	KEY_EXEC,
	KEY_BATCH,
	KEY_GRACE
};

static const struct argp_option option_list[] = {
	{"lines", 'n', "N", 0, "First the last N events that match (default: 10)", 1},
	{"since", KEY_SINCE, "SEQ|TIME|-SPAN", 0,
		"First all events behind this sequence number, or logged since this time: "
		"2026-08-29T08:00:00Z, -1h",
		1},
	{"state", KEY_STATE, "FILE", 0, "Remember the place here, and go on from it", 1},
	{"no-follow", 'e', NULL, 0, "End at the present", 1},
	{"max-count", 'm', "N", 0, "End after N events", 1},
	{"no-reconnect", KEY_NO_RECONNECT, NULL, 0, "End when the connection is lost", 1},
	{"token-file", KEY_TOKEN, "FILE", 0,
		"Show the hub the token in this file (default: $DNC_TOKEN_FILE)", 1},
	{"cacert", KEY_CA, "FILE", 0, "Trust these authorities, PEM, instead of the system's", 1},
	{"insecure", KEY_INSECURE, NULL, 0, "Do not check who the hub is", 1},
	{"exec", KEY_EXEC, "COMMAND", 0,
		"Give the events to this command's standard input instead of printing them; they "
		"are done when it ends with status 0, and given again otherwise",
		2},
	{"batch", KEY_BATCH, "N", 0, "At most N events for each run of the command (default: 100)",
		2},
	{"grace", KEY_GRACE, "SPAN", 0,
		"Time for the command, or the pipe's reader, at the end (default: 10s)", 2},
	{"output", 'o', "pretty|json", 0, "How events look (default: pretty)", 2},
	{"color", KEY_COLOR, "WHEN", 0, "auto, always or never (default: auto)", 2}, {0}};

static bool want_color(const char *when, bool exec)
{
	if (strcmp(when, "auto") == 0)
		return !exec && isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	if (strcmp(when, "always") != 0 && strcmp(when, "never") != 0)
		dnc_cli_usage("--color: \"%s\" is none of auto, always, never", when);
	return when[0] == 'a';
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->filter;
		return 0;
	case 'n':
		o->lines_given = true;
		o->lines = dnc_cli_number("--lines", arg, 0, INT64_MAX);
		return 0;
	case KEY_SINCE:
		if (arg[0] && strspn(arg, "0123456789") == strlen(arg))
			o->start = (struct start){.from = START_SINCE,
				.seq = dnc_cli_number("--since", arg, 0, INT64_MAX)};
		else
			o->start = (struct start){
				.from = START_TIME, .ms = dnc_cli_time("--since", arg)};
		return 0;
	case KEY_STATE:
		o->state = arg;
		return 0;
	case 'e':
		o->no_follow = true;
		return 0;
	case 'm':
		o->max_count = dnc_cli_number("--max-count", arg, 1, UINT64_MAX - 1);
		return 0;
	case KEY_NO_RECONNECT:
		o->no_reconnect = true;
		return 0;
	case KEY_EXEC:
		if (!arg[strspn(arg, " \t\n")])
			dnc_cli_usage("--exec: the command is empty");
		o->exec = arg;
		return 0;
	case KEY_BATCH:
		o->batch = dnc_cli_number("--batch", arg, 1, 1000000);
		o->batch_given = true;
		return 0;
	case KEY_GRACE:
		if (!dnc_clock_parse_span(dnc_str(arg), &o->grace_ms))
			dnc_cli_usage("--grace: \"%s\" is not a span like 10s", arg);
		return 0;
	case 'o':
		if (strcmp(arg, "json") != 0 && strcmp(arg, "pretty") != 0)
			dnc_cli_usage("--output: \"%s\" is neither pretty nor json", arg);
		o->json = arg[0] == 'j';
		return 0;
	case KEY_TOKEN:
		o->token_file = arg;
		return 0;
	case KEY_CA:
		o->ca_file = arg;
		return 0;
	case KEY_INSECURE:
		o->insecure = true;
		return 0;
	case KEY_COLOR:
		o->color_when = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num > 0)
			return ARGP_ERR_UNKNOWN;
		o->url = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
	{&dnc_cli_filter_argp, 0, NULL, 0}, {&dnc_cli_common, 0, NULL, 90}, {0}};

static const struct argp argp = {.options = option_list,
	.parser = parse,
	.args_doc = "[URL]",
	.doc = "Print the live stream of Do-Not-Call events from the hub at URL (default: $DNC_URL, "
	       "else ws://127.0.0.1:8080/ws/dnc).",
	.children = children};

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
		.grace_ms = 10000,
		.color_when = "auto"};
	dnc_cli_parse(&argp, "dnc-tail", argc, argv, o);
	if (o->batch_given && !o->exec)
		dnc_cli_usage("--batch is for --exec");
	o->color = want_color(o->color_when, o->exec);
	split_url(o);
}
