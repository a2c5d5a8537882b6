/* dnc-token - makes keys, and makes, shows and revokes tokens. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include "auth/keys.h"
#include "auth/revoked.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/cli.h"
#include "commands.h"
#include "log/revoke.h"

static int keygen(const struct options *o)
{
	struct dnc_buf kid = {0};
	struct dnc_error err;

	options_expect_no_argument(o);
	if (!o->output)
		dnc_cli_usage("keygen: --output is missing");
	if (dnc_keys_generate(o->output, (enum dnc_algorithm)o->algorithm, &kid, &err) < 0)
		dnc_cli_die_io(&err);
	printf("%.*s\n", DNC_STR_ARG(dnc_buf_view(&kid)));
	dnc_buf_free(&kid);
	return DNC_EXIT_OK;
}

static int revoke_in_log(const struct options *o)
{
	int64_t expires_ms = o->ttl_given ? dnc_clock_now_ms() + o->ttl_ms : 0;
	struct dnc_error err;

	if (dnc_log_revoke(o->log, o->arg, expires_ms, &err) == 0)
		return DNC_EXIT_OK;
	dnc_cli_die(err.code == EACCES ? DNC_EXIT_NOPERM : dnc_cli_exit_code(err.code), "%s",
		err.message);
}

static int revoke_token(const struct options *o)
{
	struct dnc_error err;

	if (!o->arg || (!o->file && !o->log))
		dnc_cli_usage(
			"revoke: %s is missing", o->arg ? "--file or --log" : "the token's jti");
	if (o->file && (o->log || o->ttl_given))
		dnc_cli_usage("revoke: --file excludes --log and --ttl");
	if (o->log)
		return revoke_in_log(o);
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
