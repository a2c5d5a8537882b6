/* dnc-token - keys and tokens: makes, shows and takes back. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "auth/token.h"
#include "base/clock.h"
#include "cli/cli.h"

enum {
	KEY_SUB = 0x100,
	KEY_ROLE,
	KEY_TTL,
	KEY_PERMISSION,
	KEY_AUDIENCE,
	KEY_ISSUER,
	KEY_ALGORITHM,
	LIST_MAX = 16,
	TTL_MAX_S = 366 * 86400,
};

struct options {
	const char *command, *arg;
	const char *key, *output, *file, *subject, *role, *issuer, *algorithm;
	const char *permissions[LIST_MAX], *audiences[LIST_MAX];
	size_t permission_count, audience_count;
	int64_t ttl_ms;
};

static const struct argp_option option_list[] = {{NULL, 0, NULL, 0, "keygen: makes a key", 1},
	{"output", 'o', "FILE", 0, "Write the key here, and its public half to FILE.pub", 1},
	{"algorithm", KEY_ALGORITHM, "EdDSA|HS256", 0,
		"HS256 makes a secret that both sides know (default: EdDSA)", 1},
	{NULL, 0, NULL, 0, "mint: prints a token", 2},
	{"key", 'k', "FILE", 0, "Sign with this key; inspect: check with it", 2},
	{"sub", KEY_SUB, "WHO", 0, "Who bears it", 2},
	{"role", KEY_ROLE, "NAME", 0, "The bearer's role", 2},
	{"ttl", KEY_TTL, "SPAN", 0, "How long it is good (default: 8h)", 2},
	{"permission", KEY_PERMISSION, "NAME", 0, "One more than the role has; may be repeated", 2},
	{"audience", KEY_AUDIENCE, "NAME", 0, "For this hub only; may be repeated", 2},
	{"issuer", KEY_ISSUER, "NAME", 0, "Who gives it out", 2},
	{NULL, 0, NULL, 0, "revoke: takes the token with the id JTI back", 3},
	{"file", 'f', "FILE", 0, "Add it to this file, the hub's --revoked", 3}, {0}};

static void add(const char **list, size_t *count, const char *name, const char *value)
{
	if (*count == LIST_MAX)
		dnc_cli_usage("%s: more than %d of them", name, LIST_MAX);
	list[(*count)++] = value;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'o':
		o->output = arg;
		return 0;
	case 'k':
		o->key = arg;
		return 0;
	case 'f':
		o->file = arg;
		return 0;
	case KEY_SUB:
		o->subject = arg;
		return 0;
	case KEY_ROLE:
		o->role = arg;
		return 0;
	case KEY_ISSUER:
		o->issuer = arg;
		return 0;
	case KEY_ALGORITHM:
		o->algorithm = arg;
		return 0;
	case KEY_TTL:
		if (!dnc_clock_parse_span(dnc_str(arg), &o->ttl_ms) || o->ttl_ms < 1000 ||
			o->ttl_ms / 1000 > TTL_MAX_S)
			dnc_cli_usage(
				"--ttl: \"%s\" is not a span like 8h, of a year at most", arg);
		return 0;
	case KEY_PERMISSION:
		if (!dnc_permission_from_name(dnc_str(arg)))
			dnc_cli_usage(
				"--permission: \"%s\" is none; they are listed in dnc-wsd(8)", arg);
		add(o->permissions, &o->permission_count, "--permission", arg);
		return 0;
	case KEY_AUDIENCE:
		add(o->audiences, &o->audience_count, "--audience", arg);
		return 0;
	case ARGP_KEY_ARG:
		if (!o->command)
			o->command = arg;
		else if (!o->arg)
			o->arg = arg;
		else
			return ARGP_ERR_UNKNOWN;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {{&dnc_cli_common, 0, NULL, 90}, {0}};

static const struct argp argp = {.options = option_list,
	.parser = parse,
	.args_doc = "keygen\nmint\ninspect\nrevoke JTI",
	.doc = "Make keys and tokens for dnc-wsd. inspect reads a token from standard input and shows what is "
	       "in it; with --key it checks it, too.",
	.children = children};

static void takes_none(const struct options *o)
{
	if (o->arg)
		dnc_cli_usage("%s takes no \"%s\"", o->command, o->arg);
}

static int keygen(const struct options *o)
{
	enum dnc_algorithm algorithm = DNC_EDDSA;
	struct dnc_buf kid = {0};
	struct dnc_error err;

	takes_none(o);
	if (!o->output)
		dnc_cli_usage("keygen: --output is missing: where the key goes");
	if (o->algorithm && strcmp(o->algorithm, "HS256") == 0)
		algorithm = DNC_HS256;
	else if (o->algorithm && strcmp(o->algorithm, "EdDSA") != 0)
		dnc_cli_usage("--algorithm: \"%s\" is neither EdDSA nor HS256", o->algorithm);
	if (dnc_keys_generate(o->output, algorithm, &kid, &err) < 0)
		dnc_cli_die_io(&err);
	printf("%.*s\n", DNC_STR_ARG(dnc_buf_view(&kid)));
	dnc_buf_free(&kid);
	return DNC_EXIT_OK;
}

static struct dnc_keys *read_keys(const char *path)
{
	struct dnc_keys *keys = dnc_keys_new();
	struct dnc_error err;

	if (!keys)
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "out of memory");
	if (dnc_keys_add_file(keys, path, &err) < 0)
		dnc_cli_die(err.code == EACCES ? DNC_EXIT_NOPERM : dnc_cli_exit_code(err.code),
			"%s", err.message);
	return keys;
}

static int mint(const struct options *o)
{
	const struct dnc_claims claims = {.subject = o->subject,
		.role = o->role,
		.permissions = o->permissions,
		.permission_count = o->permission_count,
		.audiences = o->audiences,
		.audience_count = o->audience_count,
		.issuer = o->issuer,
		.now_s = dnc_clock_now_ms() / 1000,
		.ttl_s = o->ttl_ms / 1000};
	const struct dnc_key *key;
	struct dnc_keys *keys;
	struct dnc_buf token = {0};

	takes_none(o);
	if (!o->key || !o->subject)
		dnc_cli_usage("mint: %s is missing", o->key ? "--sub" : "--key");
	if (!*o->subject || strlen(o->subject) >= DNC_SUBJECT_MAX)
		dnc_cli_usage("--sub: 1 to %d bytes", DNC_SUBJECT_MAX - 1);
	if (o->role && (!*o->role || strlen(o->role) >= DNC_ROLE_NAME_MAX))
		dnc_cli_usage("--role: 1 to %d bytes", DNC_ROLE_NAME_MAX - 1);
	if (!o->role && !o->permission_count)
		dnc_warn("without --role and --permission its bearer may do nothing");
	keys = read_keys(o->key);
	key = dnc_keys_signer(keys);
	if (!key)
		dnc_cli_usage("%s: holds no key, or more than one, that can sign (is it the .pub?)",
			o->key);
	dnc_token_make(&token, key, &claims);
	if (!dnc_buf_ok(&token))
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "out of memory");
	printf("%.*s\n", DNC_STR_ARG(dnc_buf_view(&token)));
	dnc_keys_free(keys);
	sodium_memzero(token.p, token.size);
	dnc_buf_free(&token);
	return DNC_EXIT_OK;
}

/* Prints whether the key's owner made it, and whether it is good now. */
static int check_token(const struct options *o, struct dnc_str text)
{
	struct dnc_json_parser *parser = dnc_json_parser_new();
	struct dnc_keys *keys = read_keys(o->key);
	const struct dnc_token_rules rules = {.keys = keys,
		.audience = o->audience_count ? o->audiences[0] : NULL,
		.now_ms = dnc_clock_now_ms()};
	struct dnc_identity identity;
	struct dnc_error err;
	int rc = parser ? dnc_token_check(parser, &rules, text, &identity, &err) : -1;

	if (rc == 0)
		printf("good for %lld s\n", (long long)(identity.expires_ms - rules.now_ms) / 1000);
	else
		dnc_err("not good: %s", parser ? err.message : "out of memory");
	dnc_keys_free(keys);
	dnc_json_parser_free(parser);
	return rc == 0 ? DNC_EXIT_OK : DNC_EXIT_SOME;
}

/* A token is a secret: it comes from standard input, never from the command line. */
static int inspect(const struct options *o)
{
	static char text[DNC_TOKEN_MAX + 2];
	size_t n = fread(text, 1, sizeof text, stdin);
	struct dnc_str token = dnc_str_trim((struct dnc_str){text, n});
	struct dnc_buf out = {0};
	struct dnc_error err;
	int rc = DNC_EXIT_OK;

	if (o->arg)
		dnc_cli_usage(
			"inspect reads the token from standard input: others can see arguments");
	if (ferror(stdin))
		dnc_cli_die(DNC_EXIT_IO, "unable to read standard input: %s", strerror(errno));
	if (dnc_token_open(&out, token, &err) < 0)
		dnc_cli_usage("standard input: %s", err.message);
	printf("%.*s", DNC_STR_ARG(dnc_buf_view(&out)));
	if (o->key)
		rc = check_token(o, token);
	dnc_buf_free(&out);
	sodium_memzero(text, sizeof text);
	return rc;
}

static int take_back(const struct options *o)
{
	struct dnc_error err;

	if (!o->arg || !o->file)
		dnc_cli_usage("revoke: %s is missing", o->arg ? "--file" : "the token's jti");
	if (dnc_revoked_add(o->file, o->arg, &err) < 0)
		dnc_cli_die_io(&err);
	dnc_note("send dnc-wsd SIGHUP to have it read %s again", o->file);
	return DNC_EXIT_OK;
}

static const struct {
	const char *name;
	int (*run)(const struct options *o);
} commands[] = {{"keygen", keygen}, {"mint", mint}, {"inspect", inspect}, {"revoke", take_back}};

int main(int argc, char **argv)
{
	struct options o = {.ttl_ms = 8 * 3600 * 1000};
	int rc;

	dnc_cli_parse(&argp, "dnc-token", argc, argv, &o);
	if (sodium_init() < 0)
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "no random numbers");
	for (size_t i = 0; o.command && i < sizeof commands / sizeof commands[0]; i++) {
		if (strcmp(o.command, commands[i].name) != 0)
			continue;
		rc = commands[i].run(&o);
		if (fflush(stdout) != 0)
			dnc_cli_die(DNC_EXIT_IO, "unable to write standard output: %s",
				strerror(errno));
		return rc;
	}
	dnc_cli_usage("%s%s%s: none of keygen, mint, inspect, revoke", o.command ? "\"" : "",
		o.command ? o.command : "no command", o.command ? "\"" : "");
}
