/* inspect.c - prints a token, and says whether a hub would take it. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include "auth/token.h"
#include "base/clock.h"
#include "base/escape.h"
#include "base/log.h"
#include "cli/cli.h"
#include "commands.h"
#include "key_file.h"

static struct dnc_revoked *read_revoked(const char *path)
{
	struct dnc_error err;
	struct dnc_revoked *revoked = dnc_revoked_load(path, &err);

	if (!revoked && err.code == DNC_ERROR_NO_MEMORY)
		dnc_cli_die_nomem();
	if (!revoked)
		dnc_cli_die(dnc_cli_exit_code(err.code), "%s", err.message);
	return revoked;
}

/* Checks the token as the hub does, and prints the result. */
static int check_token(const struct options *o, struct dnc_str text)
{
	struct dnc_json_parser *parser = dnc_json_parser_new();
	struct dnc_keys *keys = key_file_read(o->key, false);
	struct dnc_revoked *revoked = o->revoked ? read_revoked(o->revoked) : NULL;
	const struct dnc_token_rules rules = {.keys = keys,
		.revoked = revoked,
		.audience = o->audience_count ? o->audiences[0] : NULL,
		.now_ms = dnc_clock_now_ms()};
	struct dnc_identity identity;
	struct dnc_error err;
	int rc;

	if (!parser)
		dnc_cli_die_nomem();
	rc = dnc_token_check(parser, &rules, text, &identity, &err);
	if (rc == 0)
		printf("valid for %lld s\n",
			(long long)(identity.expires_ms - rules.now_ms) / 1000);
	else if (err.code == DNC_ERROR_NO_MEMORY)
		dnc_cli_die_nomem();
	else
		dnc_err("invalid: %s: %s", dnc_token_fault_name(err.code), err.message);
	dnc_keys_free(keys);
	dnc_revoked_free(revoked);
	dnc_json_parser_free(parser);
	return rc == 0 ? DNC_EXIT_OK : DNC_EXIT_SOME;
}

/* A token is a secret, and other users can see command lines: it is read from standard input. */
int inspect(const struct options *o)
{
	static char text[DNC_TOKEN_MAX + 2];
	size_t n = fread(text, 1, sizeof text, stdin);
	struct dnc_str token = dnc_str_trim((struct dnc_str){text, n});
	struct dnc_buf out = {0}, visible = {0};
	struct dnc_error err;
	int rc = DNC_EXIT_OK;

	if (o->arg)
		dnc_cli_usage(
			"inspect: the token is read from standard input, because other users can see "
			"arguments");
	if (o->revoked && !o->key)
		dnc_cli_usage("--revoked: needs --key, because a token that is not verified can "
			      "claim any jti");
	if (ferror(stdin))
		dnc_cli_die(DNC_EXIT_IO, "unable to read standard input: %s", strerror(errno));
	if (dnc_token_open(&out, token, &err) < 0)
		dnc_cli_usage("standard input: %s", err.message);
	dnc_escape(&visible, dnc_buf_view(&out), DNC_ESCAPE_JSON);
	if (!dnc_buf_ok(&visible))
		dnc_cli_die_nomem();
	printf("%.*s", DNC_STR_ARG(dnc_buf_view(&visible)));
	if (o->key)
		rc = check_token(o, token);
	dnc_buf_free(&out);
	dnc_buf_free(&visible);
	sodium_memzero(text, sizeof text);
	return rc;
}
