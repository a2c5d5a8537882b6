/* dnc-token - makes keys, and makes, shows and revokes tokens. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "auth/roles.h"
#include "auth/token.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "options.h"

static void expect_no_argument(const struct options *o)
{
	if (o->arg)
		dnc_cli_usage("%s: unexpected argument \"%s\"", o->command, o->arg);
}

static int keygen(const struct options *o)
{
	struct dnc_buf kid = {0};
	struct dnc_error err;

	expect_no_argument(o);
	if (!o->output)
		dnc_cli_usage("keygen: --output is missing");
	if (dnc_keys_generate(o->output, (enum dnc_algorithm)o->algorithm, &kid, &err) < 0)
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
		dnc_cli_die_nomem();
	if (dnc_keys_add_file(keys, path, &err) < 0)
		dnc_cli_die(err.code == EACCES ? DNC_EXIT_NOPERM : dnc_cli_exit_code(err.code),
			"%s", err.message);
	return keys;
}

/* A misspelled role would silently become the role "other" at the hub. */
static void warn_about_role(const char *name)
{
	struct dnc_error err;
	struct dnc_roles *roles = dnc_roles_load(NULL, &err);

	if (!roles)
		dnc_cli_die_nomem();
	if (strcmp(dnc_roles_find(roles, dnc_str(name))->name, name) != 0)
		dnc_warn("--role: \"%s\" is not a built-in role; a hub whose --roles file does not "
			 "define it gives the token the role other",
			name);
	dnc_roles_free(roles);
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

	expect_no_argument(o);
	if (!o->key || !o->subject)
		dnc_cli_usage("mint: %s is missing", o->key ? "--sub" : "--key");
	if (!*o->subject || strlen(o->subject) >= DNC_SUBJECT_MAX)
		dnc_cli_usage("--sub: must be 1 to %d bytes long", DNC_SUBJECT_MAX - 1);
	if (o->role && (!*o->role || strlen(o->role) >= DNC_ROLE_NAME_MAX))
		dnc_cli_usage("--role: must be 1 to %d bytes long", DNC_ROLE_NAME_MAX - 1);
	if (!o->role && !o->permission_count)
		dnc_warn(
			"the token gives no permissions: neither --role nor --permission is given");
	if (o->role)
		warn_about_role(o->role);
	keys = read_keys(o->key);
	key = dnc_keys_signer(keys);
	if (!key)
		dnc_cli_usage(
			"%s: must hold exactly one private key or secret (is this the .pub file?)",
			o->key);
	dnc_token_make(&token, key, &claims);
	if (!dnc_buf_ok(&token))
		dnc_cli_die_nomem();
	printf("%.*s\n", DNC_STR_ARG(dnc_buf_view(&token)));
	dnc_keys_free(keys);
	sodium_memzero(token.p, token.size);
	dnc_buf_free(&token);
	return DNC_EXIT_OK;
}

/* Verifies the signature and that the token is valid now, and prints the result. */
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
		printf("valid for %lld s\n",
			(long long)(identity.expires_ms - rules.now_ms) / 1000);
	else
		dnc_err("invalid: %s", parser ? err.message : "out of memory");
	dnc_keys_free(keys);
	dnc_json_parser_free(parser);
	return rc == 0 ? DNC_EXIT_OK : DNC_EXIT_SOME;
}

/* A token is a secret, and other users can see command lines: it is read from standard input. */
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
			"inspect: the token is read from standard input, because other users can see "
			"arguments");
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

static int revoke_token(const struct options *o)
{
	struct dnc_error err;

	if (!o->arg || !o->file)
		dnc_cli_usage("revoke: %s is missing", o->arg ? "--file" : "the token's jti");
	if (dnc_revoked_add(o->file, o->arg, &err) < 0)
		dnc_cli_die_io(&err);
	dnc_note("send SIGHUP to dnc-wsd to make it reload %s", o->file);
	return DNC_EXIT_OK;
}

static const struct {
	const char *name;
	int (*run)(const struct options *o);
} commands[] = {{"keygen", keygen}, {"mint", mint}, {"inspect", inspect}, {"revoke", revoke_token}};

int main(int argc, char **argv)
{
	struct options o;
	int rc;

	options_read(&o, argc, argv);
	if (sodium_init() < 0)
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "unable to get random numbers");
	for (size_t i = 0; o.command && i < sizeof commands / sizeof commands[0]; i++) {
		if (strcmp(o.command, commands[i].name) != 0)
			continue;
		options_expect_own(&o);
		rc = commands[i].run(&o);
		dnc_cli_flush_stdout();
		return rc;
	}
	if (!o.command)
		dnc_cli_usage("the command is missing: keygen, mint, inspect or revoke");
	dnc_cli_usage("\"%s\" is not one of keygen, mint, inspect, revoke", o.command);
}
