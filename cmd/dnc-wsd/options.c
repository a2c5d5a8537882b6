#include "options.h"
#include "base/clock.h"
#include "cli/cli.h"

enum {
	KEY_EXIT_ON_EOF = 0x100,
	KEY_MAX_CONNECTIONS,
	KEY_MAX_LAG,
	KEY_BUFFER,
	KEY_GRACE,
	KEY_ALLOW_ORIGIN,
	KEY_BY_THE_BOOK,
};

static const struct argp_option option_list[] = {
	{"listen", 'l', "ADDR:PORT", 0,
		"Serve clients here; may be repeated; port 0 picks one (default: 127.0.0.1:8080)",
		1},
	{"allow-origin", KEY_ALLOW_ORIGIN, "ORIGIN", 0,
		"Let pages of this site connect, too: https://desk.example; may be repeated", 1},
	{"input", 'i', "unix:PATH", 0, "Take events here, too; may be repeated", 2},
	{"rejects", 'x', "FILE|fd:N", 0, "Lines that are no events (default: standard error)", 2},
	{"exit-on-eof", KEY_EXIT_ON_EOF, NULL, 0, "End when all input has ended", 2},
	{"buffer", KEY_BUFFER, "SIZE", 0, "Memory for events (default: 64M)", 3},
	{"max-lag", KEY_MAX_LAG, "N", 0, "Events a client may fall behind (default: 100000)", 3},
	{"max-connections", KEY_MAX_CONNECTIONS, "N", 0, "Clients at once (default: 5000)", 3},
	{"grace", KEY_GRACE, "SPAN", 0, "Time for clients to catch up at the end (default: 10s)",
		3},
	{"write-in-callback", KEY_BY_THE_BOOK, NULL, 0,
		"Write only when the library says a socket is free (slower)", 3},
	{0}};

static void add(const char **list, size_t *count, size_t max, const char *name, const char *value)
{
	if (*count == max)
		dnc_cli_usage("%s: more than %zu of them", name, max);
	list[(*count)++] = value;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'l':
		add(o->listen, &o->listen_count, DNC_WEB_MAX_LISTEN, "--listen", arg);
		return 0;
	case 'i':
		add(o->inputs, &o->input_count, MAX_INPUTS, "--input", arg);
		return 0;
	case KEY_ALLOW_ORIGIN:
		add(o->origins, &o->origin_count, MAX_ORIGINS, "--allow-origin", arg);
		return 0;
	case 'x':
		o->rejects = arg;
		return 0;
	case KEY_EXIT_ON_EOF:
		o->exit_on_eof = true;
		return 0;
	case KEY_BY_THE_BOOK:
		o->by_the_book = true;
		return 0;
	case KEY_BUFFER:
		o->buffer_bytes = dnc_cli_size("--buffer", arg, 256u << 10, 1ull << 40);
		return 0;
	case KEY_MAX_LAG:
		o->max_lag = dnc_cli_number("--max-lag", arg, 1, UINT64_MAX - 1);
		return 0;
	case KEY_MAX_CONNECTIONS:
		o->max_connections = (unsigned)dnc_cli_number("--max-connections", arg, 1, 1000000);
		return 0;
	case KEY_GRACE:
		if (!dnc_clock_parse_span(dnc_str(arg), &o->grace_ms))
			dnc_cli_usage("--grace: \"%s\" is not a span like 10s", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {{&dnc_cli_common, 0, NULL, 90}, {0}};

static const struct argp argp = {.options = option_list,
	.parser = parse,
	.doc = "Keep the newest Do-Not-Call events and send them to WebSocket clients. Events are "
	       "read from standard input when it is a pipe or a file, and from --input.",
	.children = children};

void options_read(struct options *o, int argc, char **argv)
{
	*o = (struct options){.max_connections = 5000,
		.max_lag = 100000,
		.buffer_bytes = 64u << 20,
		.grace_ms = 10000};
	dnc_cli_parse(&argp, "dnc-wsd", argc, argv, o);
	if (!o->listen_count)
		o->listen[o->listen_count++] = "127.0.0.1:8080";
}
