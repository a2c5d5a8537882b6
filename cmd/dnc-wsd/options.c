#include "options.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
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
	KEY_SYNC,
	KEY_RETAIN,
	KEY_ACCEPT_CLOCK,
	KEY_ROLES,
	KEY_DEFAULT_ROLE,
	KEY_PRINT_ROLES,
	KEY_COMPRESS,
	KEY_PER_IP,
	KEY_WORKERS,
	KEY_PER_SUBJECT,
	KEY_KEYS,
	KEY_REVOKED,
	KEY_AUDIENCE,
	KEY_TLS_CERT,
	KEY_TLS_KEY,
	KEY_TRUST_PROXY,
};

static const struct argp_option option_list[] = {
	{"listen", 'l', "ADDR:PORT|unix:PATH|systemd", 0,
		"Serve clients here; may be repeated; port 0 picks one (default: 127.0.0.1:8080)",
		1},
	{"allow-origin", KEY_ALLOW_ORIGIN, "ORIGIN", 0,
		"Let pages of this site connect, too: https://desk.example; may be repeated", 1},
	{"compress", KEY_COMPRESS, NULL, 0,
		"Send compressed events (permessage-deflate) to clients that ask for them", 1},
	{"keys", KEY_KEYS, "FILE", 0,
		"Ask clients for a token that one of these keys signed: a key of dnc-token, or a set (JWKS); "
		"may be repeated",
		1},
	{"revoked", KEY_REVOKED, "FILE", 0, "Tokens that were taken back, a jti a line", 1},
	{"audience", KEY_AUDIENCE, "NAME", 0, "Take tokens for this audience only", 1},
	{"tls-cert", KEY_TLS_CERT, "FILE", 0, "Serve TLS with this certificate (chain), PEM", 1},
	{"tls-key", KEY_TLS_KEY, "FILE", 0, "And this key", 1},
	{"trust-proxy", KEY_TRUST_PROXY, NULL, 0,
		"Believe X-Forwarded-For of whoever connects to a Unix socket", 1},
	{"roles", KEY_ROLES, "FILE", 0, "What roles see and may do, beside those built in", 1},
	{"default-role", KEY_DEFAULT_ROLE, "NAME", 0,
		"The role of every client, as long as no keys are configured (default: admin)", 1},
	{"print-roles", KEY_PRINT_ROLES, NULL, 0, "Print all roles, and end", 1},
	{"input", 'i', "unix:PATH|systemd", 0, "Take events here, too; may be repeated", 2},
	{"rejects", 'x', "FILE|fd:N", 0, "Lines that are no events (default: standard error)", 2},
	{"exit-on-eof", KEY_EXIT_ON_EOF, NULL, 0, "End when all input has ended", 2},
	{"data", 'd', "DIR", 0,
		"Keep the log here; :memory: keeps none (default: $STATE_DIRECTORY, else "
		"~/.local/state/dnc)",
		3},
	{"sync", KEY_SYNC, "full|normal|off", 0,
		"When an event counts as safe: on the disk, or in the system's hands (default: full)",
		3},
	{"retain", KEY_RETAIN, "SPAN|SIZE", 0,
		"How long events are kept, 5y, or how much of them, 10G; both may be given", 3},
	{"accept-clock", KEY_ACCEPT_CLOCK, NULL, 0,
		"The clock is right, however far it is ahead of the last run", 3},
	{"buffer", KEY_BUFFER, "SIZE", 0, "Memory for events (default: 64M)", 3},
	{"max-lag", KEY_MAX_LAG, "N", 0, "Events a client may fall behind (default: 100000)", 3},
	{"max-connections", KEY_MAX_CONNECTIONS, "N", 0, "Clients at once (default: 5000)", 3},
	{"max-connections-per-ip", KEY_PER_IP, "N", 0,
		"Clients at once from one address (default: no limit)", 3},
	{"max-connections-per-subject", KEY_PER_SUBJECT, "N", 0,
		"Clients at once of one subject (default: no limit)", 3},
	{"workers", KEY_WORKERS, "N", 0, "Threads that serve clients (default: 1)", 3},
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

static enum dnc_sync read_sync(const char *text)
{
	static const char *const names[] = {
		[DNC_SYNC_FULL] = "full", [DNC_SYNC_NORMAL] = "normal", [DNC_SYNC_OFF] = "off"};

	for (int i = 0; i < 3; i++)
		if (strcmp(text, names[i]) == 0)
			return (enum dnc_sync)i;
	dnc_cli_usage("--sync: \"%s\" is none of full, normal, off", text);
}

/* A small unit is a span, a capital one a size: 12m are minutes, 12M are bytes. */
static void read_retain(struct options *o, const char *text)
{
	static const int64_t year_ms =
		INT64_C(31556952000); /* of the Gregorian calendar, on average */
	size_t n = strlen(text);

	if (n > 1 && text[n - 1] == 'y') {
		char number[16];

		snprintf(number, sizeof number, "%.*s", (int)n - 1, text);
		o->journal.retain_ms =
			(int64_t)dnc_cli_number("--retain", number, 1, 1000) * year_ms;
	} else if (!dnc_clock_parse_span(dnc_str(text), &o->journal.retain_ms)) {
		if (n < 2 || !strchr("KMGT", text[n - 1]))
			dnc_cli_usage(
				"--retain: \"%s\" is neither a span like 90d or 5y nor a size "
				"like 10G",
				text);
		o->journal.retain_bytes = dnc_cli_size("--retain", text, 1 << 20, 1ull << 50);
	}
}

/* As systemd and the XDG base directories say. */
static void default_data(struct options *o)
{
	const char *state = getenv("STATE_DIRECTORY"), *xdg = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	int rc;

	if (state && *state)
		rc = asprintf(&o->data, "%.*s", (int)strcspn(state, ":"), state);
	else if (xdg && *xdg)
		rc = asprintf(&o->data, "%s/dnc", xdg);
	else
		rc = asprintf(&o->data, "%s/.local/state/dnc", home && *home ? home : "");
	if (rc < 0)
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "out of memory");
	o->journal.dir = o->data;
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
	case 'd':
		o->has_data = true;
		o->journal.dir = strcmp(arg, ":memory:") == 0 ? NULL : arg;
		return 0;
	case KEY_SYNC:
		o->journal.sync = read_sync(arg);
		return 0;
	case KEY_RETAIN:
		read_retain(o, arg);
		return 0;
	case KEY_ACCEPT_CLOCK:
		o->journal.accept_clock = true;
		return 0;
	case KEY_BUFFER:
		o->buffer_bytes = dnc_cli_size("--buffer", arg, 256u << 10, 1ull << 40);
		return 0;
	case KEY_MAX_LAG:
		o->max_lag = dnc_cli_number("--max-lag", arg, 1, UINT64_MAX - 1);
		return 0;
	case KEY_MAX_CONNECTIONS:
		o->limits.connections =
			(unsigned)dnc_cli_number("--max-connections", arg, 1, 1000000);
		return 0;
	case KEY_PER_IP:
		o->limits.connections_per_address =
			(unsigned)dnc_cli_number("--max-connections-per-ip", arg, 1, 1000000);
		return 0;
	case KEY_PER_SUBJECT:
		o->limits.connections_per_subject =
			(unsigned)dnc_cli_number("--max-connections-per-subject", arg, 1, 1000000);
		return 0;
	case KEY_KEYS:
		add(o->keys, &o->auth.key_file_count, MAX_KEYS, "--keys", arg);
		return 0;
	case KEY_REVOKED:
		o->auth.revoked_file = arg;
		return 0;
	case KEY_AUDIENCE:
		o->auth.audience = arg;
		return 0;
	case KEY_TLS_CERT:
		o->tls_cert = arg;
		return 0;
	case KEY_TLS_KEY:
		o->tls_key = arg;
		return 0;
	case KEY_TRUST_PROXY:
		o->trust_proxy = true;
		return 0;
	case KEY_WORKERS:
		o->workers = (unsigned)dnc_cli_number("--workers", arg, 1, MAX_WORKERS);
		return 0;
	case KEY_COMPRESS:
		o->compress = true;
		return 0;
	case KEY_ROLES:
		o->auth.roles_file = arg;
		return 0;
	case KEY_DEFAULT_ROLE:
		o->auth.default_role = arg;
		return 0;
	case KEY_PRINT_ROLES:
		o->print_roles = true;
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
	.doc = "Keep the log of Do-Not-Call events and send them to WebSocket clients. Events are "
	       "read from standard input when it is a pipe or a file, and from --input.",
	.children = children};

_Noreturn static void print_roles(const struct options *o)
{
	struct dnc_error err;
	struct dnc_roles *roles = dnc_roles_load(o->auth.roles_file, &err);

	if (!roles)
		dnc_cli_die(err.code == EINVAL ? DNC_EXIT_USAGE : DNC_EXIT_IO, "%s", err.message);
	dnc_roles_print(roles, stdout);
	dnc_roles_free(roles);
	if (fflush(stdout) != 0)
		dnc_cli_die(DNC_EXIT_IO, "unable to write standard output: %s", strerror(errno));
	exit(DNC_EXIT_OK);
}

void options_read(struct options *o, int argc, char **argv)
{
	*o = (struct options){.limits = {.connections = 5000},
		.workers = 1,
		.auth = {.default_role = "admin"},
		.max_lag = 100000,
		.buffer_bytes = 64u << 20,
		.grace_ms = 10000};
	dnc_cli_parse(&argp, "dnc-wsd", argc, argv, o);
	if (o->print_roles)
		print_roles(o);
	o->auth.key_files = o->keys;
	if (!o->tls_cert != !o->tls_key)
		dnc_cli_usage("--tls-cert and --tls-key go together");
	if (!o->auth.key_file_count && (o->auth.revoked_file || o->auth.audience))
		dnc_cli_usage("--revoked and --audience mean nothing without --keys");
	if (!o->listen_count)
		o->listen[o->listen_count++] = "127.0.0.1:8080";
	if (!o->has_data)
		default_data(o);
	if (o->journal.dir && !*o->journal.dir)
		dnc_cli_usage("--data: a directory is missing");
}

void options_free(struct options *o)
{
	free(o->data);
}
