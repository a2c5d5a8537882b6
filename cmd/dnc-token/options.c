#include "options.h"
#include "auth/token.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "log/schema.h"

enum { TTL_MAX_S = 366 * 86400 };

static void set_ttl(void *options, const char *name, char *arg)
{
	struct options *o = options;

	if (!dnc_clock_parse_span(dnc_str(arg), &o->ttl_ms) || o->ttl_ms < 1000 ||
		o->ttl_ms / 1000 > TTL_MAX_S)
		dnc_cli_usage("%s: \"%s\" is not a duration like 8h, from 1s to 366d", name, arg);
}

static void set_log(void *options, const char *name, char *arg)
{
	struct options *o = options;
	struct dnc_error err;

	if (dnc_schema_check_conninfo(arg, &err) < 0)
		dnc_cli_usage("%s: %s", name, err.message);
	o->log = arg;
}

static void add_permission(void *options, const char *name, char *arg)
{
	struct options *o = options;

	if (!dnc_permission_from_name(dnc_str(arg)))
		dnc_cli_usage("%s: \"%s\" is not a permission; see dnc-wsd(8)", name, arg);
	if (o->permission_count == LIST_MAX)
		dnc_cli_usage("%s: given more than %d times", name, LIST_MAX);
	o->permissions[o->permission_count++] = arg;
}

static const struct dnc_option rows[] = {{.help = "keygen: make a key", .group = 1},
	{"output", 'o', "FILE", "Write the key to FILE and its public half to FILE.pub", 1,
		DNC_TEXT(struct options, output)},
	{"algorithm", 0, "EdDSA|HS256",
		"HS256 makes a secret that signer and hub share (default: EdDSA)", 1,
		DNC_CHOICE(struct options, algorithm, "EdDSA HS256"),
		DNC_GIVEN(struct options, algorithm_given)},
	{.help = "mint: print a token", .group = 2},
	{"key", 'k', "FILE", "Sign with this key; inspect: verify with it", 2,
		DNC_TEXT(struct options, key)},
	{"sub", 0, "SUBJECT", "Subject: the person or program that the token is for", 2,
		DNC_TEXT(struct options, subject)},
	{"role", 0, "NAME", "Role of the subject", 2, DNC_TEXT(struct options, role)},
	{"ttl", 0, "DURATION", "Lifetime (default: 8h)", 2, DNC_CALL(set_ttl),
		DNC_GIVEN(struct options, ttl_given)},
	{"permission", 0, "NAME", "Permission in addition to those of the role; may be repeated", 2,
		DNC_CALL(add_permission)},
	{"audience", 0, "NAME", "Audience for which the token is valid; may be repeated", 2,
		DNC_LIST(struct options, audiences, audience_count)},
	{"issuer", 0, "NAME", "Issuer", 2, DNC_TEXT(struct options, issuer)},
	{.help = "inspect: verify a token", .group = 3},
	{"revoked", 0, "FILE", "Read revoked tokens from FILE, as dnc-wsd --revoked does", 3,
		DNC_TEXT(struct options, revoked)},
	{.help = "revoke: revoke the token with the id JTI", .group = 4},
	{"file", 'f', "FILE", "Append the id to FILE, which dnc-wsd --revoked reads", 4,
		DNC_TEXT(struct options, file)},
	{"log", 0, "CONNINFO",
		"Revoke it in this PostgreSQL database, at all hubs that share it as their log "
		"(dnc-wsd --log); with --ttl only that long",
		4, DNC_CALL(set_log)},
	{0}};

static const struct dnc_option arguments[] = {{"COMMAND", DNC_TEXT(struct options, command)},
	{"JTI", DNC_TEXT(struct options, arg)}, {0}};

static const struct dnc_command command = {.name = "dnc-token",
	.args_doc = "keygen\nmint\ninspect\nrevoke JTI",
	.doc = "Make keys and tokens for dnc-wsd. inspect reads a token from standard input and prints "
	       "its content; with --key it also verifies it.",
	.options = rows,
	.arguments = arguments};

/* The letters: keygen, mint, inspect, revoke. */
void options_expect_own(const struct options *o)
{
	const struct {
		const char *name, *commands;
		bool given;
	} uses[] = {{"--output", "k", o->output}, {"--algorithm", "k", o->algorithm_given},
		{"--key", "mi", o->key}, {"--sub", "m", o->subject}, {"--role", "m", o->role},
		{"--ttl", "mr", o->ttl_given}, {"--permission", "m", o->permission_count},
		{"--audience", "mi", o->audience_count}, {"--issuer", "m", o->issuer},
		{"--revoked", "i", o->revoked}, {"--file", "r", o->file}, {"--log", "r", o->log}};

	for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++)
		if (uses[i].given && !strchr(uses[i].commands, o->command[0]))
			dnc_cli_usage("%s: not an option of %s", uses[i].name, o->command);
}

void options_expect_no_argument(const struct options *o)
{
	if (o->arg)
		dnc_cli_usage("%s: unexpected argument \"%s\"", o->command, o->arg);
}

void options_read(struct options *o, int argc, char **argv)
{
	*o = (struct options){.algorithm = DNC_EDDSA, .ttl_ms = 8 * 3600 * 1000};
	dnc_options_parse(&command, argc, argv, o);
}
