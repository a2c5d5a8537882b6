#include "options.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "cli/cli.h"
#include "log/schema.h"

/* The case of the unit distinguishes a duration from a size: 12m are minutes, 12M are bytes. */
static void set_retain(void *options, const char *name, char *arg)
{
	static const int64_t year_ms =
		INT64_C(31556952000); /* of the Gregorian calendar, on average */
	struct options *o = options;
	size_t n = strlen(arg);

	if (n > 1 && arg[n - 1] == 'y') {
		char number[16];

		snprintf(number, sizeof number, "%.*s", (int)n - 1, arg);
		o->journal.retain_ms = (int64_t)dnc_cli_number(name, number, 1, 1000) * year_ms;
	} else if (!dnc_clock_parse_span(dnc_str(arg), &o->journal.retain_ms)) {
		if (n < 2 || !strchr("KMGT", arg[n - 1]))
			dnc_cli_usage(
				"%s: \"%s\" is neither a duration like 90d or 5y nor a size like "
				"10G",
				name, arg);
		o->journal.retain_bytes = dnc_cli_size(name, arg, 1 << 20, 1ull << 50);
	} else if (o->journal.retain_ms == 0) {
		dnc_cli_usage(
			"%s: \"%s\" is no time; to keep no log, use --data=:memory:", name, arg);
	}
}

/* Stores what a browser may send in the header Origin (RFC 6454): a scheme, a host and a port, without a path. */
static void add_origin(void *options, const char *name, char *arg)
{
	struct options *o = options;
	const char *host = strstr(arg, "://");

	if (strcmp(arg, "null") != 0 &&
		(!host || host == arg || !host[3] || strpbrk(host + 3, "/?#*@ \t")))
		dnc_cli_usage("%s: \"%s\" is not an origin like https://desk.example or "
			      "https://desk.example:8443",
			name, arg);
	if (o->origin_count == MAX_ORIGINS)
		dnc_cli_usage("%s: given more than %d times", name, MAX_ORIGINS);
	o->origins[o->origin_count++] = arg;
}

static void set_audience(void *options, const char *name, char *arg)
{
	if (!*arg)
		dnc_cli_usage("%s: the name is empty", name);
	((struct options *)options)->auth.audience = arg;
}

/* The directory of the log that systemd or the XDG base directories name. */
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
		dnc_cli_die_nomem();
	o->journal.dir = o->data;
}

static void set_data(void *options, const char *name, char *arg)
{
	struct options *o = options;

	if (!*arg)
		dnc_cli_usage("%s: the path is empty", name);
	o->has_data = true;
	o->journal.dir = strcmp(arg, ":memory:") == 0 ? NULL : arg;
}

static void set_log(void *options, const char *name, char *arg)
{
	struct options *o = options;
	struct dnc_error err;

	if (dnc_schema_check_conninfo(arg, &err) < 0)
		dnc_cli_usage("%s: %s", name, err.message);
	o->journal.log = arg;
}

static void set_log_standby(void *options, const char *name, char *arg)
{
	struct dnc_error err;

	if (dnc_schema_check_conninfo(arg, &err) < 0)
		dnc_cli_usage("%s: %s", name, err.message);
	((struct options *)options)->journal.standby = arg;
}

static void set_advertise(void *options, const char *name, char *arg)
{
	if (!dnc_hubs_check(arg))
		dnc_cli_usage("%s: \"%s\" is not an address like wss://hub-a.example/ws/dnc "
			      "(without a query, less than %d bytes)",
			name, arg, DNC_HUBS_ADDRESS_MAX);
	((struct options *)options)->journal.advertise = arg;
}

enum { MAX_CONNECTIONS = 1000000 };

static const struct dnc_option rows[] = {
	{"listen", 'l', "ADDR:PORT|unix:PATH|systemd",
		"Listen for clients here (unix:PATH,mode=0660,group=NAME); may be repeated; port 0 picks a "
		"free one (default: 127.0.0.1:8080)",
		1, DNC_LIST(struct options, listen, listen_count)},
	{"advertise", 0, "URL",
		"Clients reach this hub at this address, wss://hub-a.example/ws/dnc: those of other hubs "
		"on the same --log are told it when theirs ends",
		1, DNC_CALL(set_advertise)},
	{"allow-origin", 0, "ORIGIN",
		"Accept web pages of this origin, too: https://desk.example; may be repeated", 1,
		DNC_CALL(add_origin)},
	{"compress", 0, NULL, "Compress events (permessage-deflate) for clients that ask for it", 1,
		DNC_FLAG(struct options, compress)},
	{"keys", 0, "FILE",
		"Require a token signed by a key in this file: a key of dnc-token or a key set "
		"(JWKS); may be repeated",
		1, DNC_LIST(struct options, keys, auth.key_file_count)},
	{"revoked", 0, "FILE", "Reject the tokens whose ids (jti) are in this file, one per line",
		1, DNC_TEXT(struct options, auth.revoked_file)},
	{"audience", 0, "NAME", "Accept only tokens for this audience", 1, DNC_CALL(set_audience)},
	{"tls-cert", 0, "FILE", "Serve TLS with this certificate chain (PEM)", 1,
		DNC_TEXT(struct options, tls_cert)},
	{"tls-key", 0, "FILE", "Private key of the certificate (PEM)", 1,
		DNC_TEXT(struct options, tls_key)},
	{"trust-proxy", 0, NULL, "Take the client's address from X-Forwarded-For on Unix sockets",
		1, DNC_FLAG(struct options, trust_proxy)},
	{"roles", 0, "FILE", "Define roles in addition to the built-in ones", 1,
		DNC_TEXT(struct options, auth.roles_file)},
	{"default-role", 0, "NAME", "Role of every client if there are no --keys (default: admin)",
		1, DNC_TEXT(struct options, auth.default_role),
		DNC_GIVEN(struct options, default_role_given)},
	{"print-roles", 0, NULL, "Print all roles and exit", 1,
		DNC_FLAG(struct options, print_roles)},
	{"input", 'i', "unix:PATH|fd:N|systemd",
		"Read events from here, too (unix:PATH,mode=0660,group=NAME); may be repeated", 2,
		DNC_LIST(struct options, inputs, input_count)},
	{"rejects", 'x', "FILE|fd:N",
		"Write lines that are not valid events here (default: standard error)", 2,
		DNC_TEXT(struct options, rejects)},
	{"exit-on-eof", 0, NULL, "Exit at the end of all input", 2,
		DNC_FLAG(struct options, exit_on_eof)},
	{"data", 'd', "DIR",
		"Directory of the log; :memory: keeps no log (default: $STATE_DIRECTORY, else "
		"~/.local/state/dnc)",
		3, DNC_CALL(set_data)},
	{"log", 0, "CONNINFO",
		"Keep the log in this PostgreSQL database, which several hubs may share: "
		"postgresql://HOST/NAME, or host=... dbname=...; no password",
		3, DNC_CALL(set_log)},
	{"log-standby", 0, "CONNINFO",
		"Read replay and history from these standbys of --log, as far as they have caught up, "
		"to spare the primary",
		3, DNC_CALL(set_log_standby)},
	{"init-log", 0, NULL,
		"Make the tables of --log, or bring those of an older version up to date, and exit",
		3, DNC_FLAG(struct options, init_log)},
	{"print-schema", 0, NULL, "Print the SQL that --init-log runs, for psql, and exit", 3,
		DNC_FLAG(struct options, print_schema)},
	{"sync", 0, "full|normal|off",
		"When an event counts as safe: once it is on the disk (full), in the system's cache "
		"(normal), or at once (off) (default: full)",
		3, DNC_CHOICE(struct options, journal.sync, "full normal off")},
	{"retain", 0, "DURATION|SIZE",
		"Remove events older than this (5y), or the oldest when the log is larger than this "
		"(10G); both may be given",
		3, DNC_CALL(set_retain)},
	{"accept-clock", 0, NULL, "Trust the clock, however far it is ahead of the last run", 3,
		DNC_FLAG(struct options, journal.accept_clock)},
	{"buffer", 0, "SIZE", "Memory for the newest events (default: 64M)", 3,
		DNC_SIZE(struct options, buffer_bytes, 256u << 10, 1ull << 40)},
	{"max-lag", 0, "N", "How many events a client may be behind (default: 100000)", 3,
		DNC_NUMBER(struct options, max_lag, 1, UINT64_MAX - 1)},
	{"max-connections", 0, "N", "Limit of clients (default: 5000)", 3,
		DNC_UNSIGNED(struct options, limits.connections, 1, MAX_CONNECTIONS)},
	{"max-connections-per-ip", 0, "N", "Limit of clients for each address (default: none)", 3,
		DNC_UNSIGNED(struct options, limits.connections_per_address, 1, MAX_CONNECTIONS)},
	{"max-connections-per-subject", 0, "N", "Limit of clients for each subject (default: none)",
		3,
		DNC_UNSIGNED(struct options, limits.connections_per_subject, 1, MAX_CONNECTIONS)},
	{"workers", 0, "N", "Number of threads that serve clients (default: 1)", 3,
		DNC_UNSIGNED(struct options, workers, 1, MAX_WORKERS)},
	{"grace", 0, "DURATION",
		"How long clients may take at the end to receive what is left (default: 10s)", 3,
		DNC_DURATION(struct options, grace_ms)},
	{"write-in-callback", 0, NULL,
		"Write only when the library reports that a socket is writable (slower)", 3,
		DNC_FLAG(struct options, write_in_callback)},
	{0}};

static const struct dnc_command command = {.name = "dnc-wsd",
	.doc = "Keep the log of Do-Not-Call events and send them to WebSocket clients. Events are "
	       "read from standard input, if it is a pipe, a socket or a file, and from --input.",
	.options = rows};

_Noreturn static void print_roles(const struct options *o)
{
	struct dnc_error err;
	struct dnc_roles *roles = dnc_roles_load(o->auth.roles_file, &err);

	if (!roles)
		dnc_cli_die(err.code == EINVAL ? DNC_EXIT_USAGE : DNC_EXIT_IO, "%s", err.message);
	dnc_roles_print(roles, stdout);
	dnc_roles_free(roles);
	dnc_cli_flush_stdout();
	exit(DNC_EXIT_OK);
}

_Noreturn static void print_schema(void)
{
	struct dnc_str sql = dnc_schema_sql();

	fwrite(sql.p, 1, sql.n, stdout);
	dnc_cli_flush_stdout();
	exit(DNC_EXIT_OK);
}

_Noreturn static void init_log(const struct options *o)
{
	struct dnc_error err;

	if (!o->journal.log)
		dnc_cli_usage("--init-log requires --log: the database to make the tables in");
	if (dnc_schema_init(o->journal.log, &err) < 0)
		dnc_cli_die(err.code == EACCES ? DNC_EXIT_NOPERM : dnc_cli_exit_code(err.code),
			"%s", err.message);
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
	dnc_options_parse(&command, argc, argv, o);
	if (o->print_roles)
		print_roles(o);
	if (o->print_schema)
		print_schema();
	if (o->init_log)
		init_log(o);
	o->auth.key_files = o->keys;
	if (!o->tls_cert != !o->tls_key)
		dnc_cli_usage("--tls-cert and --tls-key require each other");
	if (!o->auth.key_file_count && (o->auth.revoked_file || o->auth.audience))
		dnc_cli_usage("--revoked and --audience require --keys");
	if (o->auth.key_file_count && o->default_role_given)
		dnc_cli_usage("--default-role and --keys exclude each other: tokens name the role");
	if (o->has_data && !o->journal.dir && (o->journal.retain_ms || o->journal.retain_bytes))
		dnc_cli_usage("--retain requires a log, and --data=:memory: keeps none");
	if (!o->listen_count)
		o->listen[o->listen_count++] = "127.0.0.1:8080";
	if (o->journal.log && o->has_data)
		dnc_cli_usage("--log and --data exclude each other: there is one log");
	if (o->journal.standby && !o->journal.log)
		dnc_cli_usage("--log-standby requires --log: the log that these servers copy");
	if (!o->has_data && !o->journal.log)
		default_data(o);
}

void options_free(struct options *o)
{
	free(o->data);
}
