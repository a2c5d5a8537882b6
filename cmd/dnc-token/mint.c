/* mint.c - prints a token that a hub with the same key takes. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include "auth/roles.h"
#include "auth/token.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/cli.h"
#include "commands.h"
#include "key_file.h"

static void expect_text(const char *option, const char *value)
{
	if (value && !dnc_json_is_utf8(dnc_str(value)))
		dnc_cli_usage("%s: must be UTF-8", option);
}

static void expect_length(const char *option, const char *value, size_t max)
{
	if (value && (!*value || strlen(value) > max))
		dnc_cli_usage("%s: must be 1 to %zu bytes long", option, max);
}

static void check_options(const struct options *o)
{
	options_expect_no_argument(o);
	if (!o->key || !o->subject)
		dnc_cli_usage("mint: %s is missing", o->key ? "--sub" : "--key");
	expect_length("--sub", o->subject, DNC_SUBJECT_MAX - 1);
	expect_length("--role", o->role, DNC_ROLE_NAME_BYTES);
	expect_text("--sub", o->subject);
	expect_text("--role", o->role);
	expect_text("--issuer", o->issuer);
	for (size_t i = 0; i < o->audience_count; i++)
		expect_text("--audience", o->audiences[i]);
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

/* Exits if a hub would refuse the token: its checks are asked, so that there is no second list of limits. */
static void expect_accepted(
	const struct options *o, const struct dnc_keys *keys, struct dnc_str token, int64_t now_ms)
{
	struct dnc_json_parser *parser = dnc_json_parser_new();
	const struct dnc_token_rules rules = {.keys = keys,
		.audience = o->audience_count ? o->audiences[0] : NULL,
		.now_ms = now_ms};
	struct dnc_identity identity;
	struct dnc_error err;

	if (!parser)
		dnc_cli_die_nomem();
	if (dnc_token_check(parser, &rules, token, &identity, &err) < 0) {
		if (err.code == DNC_ERROR_NO_MEMORY)
			dnc_cli_die_nomem();
		dnc_cli_usage("mint: the hub would reject this token: %s: %s",
			dnc_token_fault_name(err.code), err.message);
	}
	dnc_json_parser_free(parser);
}

int mint(const struct options *o)
{
	int64_t now_ms = dnc_clock_now_ms();
	const struct dnc_claims claims = {.subject = o->subject,
		.role = o->role,
		.permissions = o->permissions,
		.permission_count = o->permission_count,
		.audiences = o->audiences,
		.audience_count = o->audience_count,
		.issuer = o->issuer,
		.now_s = now_ms / 1000,
		.ttl_s = o->ttl_ms / 1000};
	const struct dnc_key *key;
	struct dnc_keys *keys;
	struct dnc_buf token = {0};

	check_options(o);
	if (!o->role && !o->permission_count)
		dnc_warn(
			"the token gives no permissions: neither --role nor --permission is given");
	if (o->role)
		warn_about_role(o->role);
	keys = key_file_read(o->key, true);
	key = dnc_keys_signer(keys);
	if (!key)
		dnc_cli_usage(
			"%s: must hold exactly one private key or secret (is this the .pub file?)",
			o->key);
	dnc_token_make(&token, key, &claims);
	if (!dnc_buf_ok(&token))
		dnc_cli_die_nomem();
	expect_accepted(o, keys, dnc_buf_view(&token), now_ms);
	printf("%.*s\n", DNC_STR_ARG(dnc_buf_view(&token)));
	dnc_keys_free(keys);
	sodium_memzero(token.p, token.size);
	dnc_buf_free(&token);
	return DNC_EXIT_OK;
}
