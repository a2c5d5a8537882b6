/* dnc-wsd - the hub: keeps the log and serves WebSocket clients. */
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cli/cli.h"
#include "daemon.h"

static void open_log(struct daemon *d)
{
	struct dnc_error err;

	d->journal = dnc_journal_open(&d->options.journal, &err);
	if (!d->journal)
		dnc_cli_die_io(&err);
	d->writer = dnc_writer_new(d->journal, daemon_committed, d);
	if (!d->writer)
		dnc_cli_die_nomem();
	d->ring = dnc_ring_new(d->options.buffer_bytes, dnc_journal_last(d->journal));
	d->pump.writer = d->writer;
	d->pump.ring = d->ring;
	d->shared = dnc_shared_new(&d->options.limits);
	d->workers = calloc(d->options.workers, sizeof *d->workers);
	if (!d->ring || !d->shared || !d->workers)
		dnc_cli_die_nomem();
}

/* Returns false if there are none. */
static bool open_inputs(struct daemon *d)
{
	struct dnc_error err;
	bool any = d->options.input_count > 0;

	d->intake = dnc_intake_new(
		&d->loop, d->options.rejects, d->writer, daemon_input_ended, d, &err);
	if (!d->intake)
		dnc_cli_die(dnc_cli_exit_code(err.code), "--rejects: %s", err.message);
	dnc_intake_note_rejects(d->intake, dnc_shared_rejects(d->shared));
	any |= dnc_intake_add_stdin(d->intake, &err);
	for (size_t i = 0; i < d->options.input_count; i++)
		if (dnc_intake_add(d->intake, d->options.inputs[i], &err) < 0)
			dnc_cli_die_io(&err);
	return any;
}

/* A file of keys, roles or the certificate can't be used. */
_Noreturn static void die_of_keys(const struct dnc_error *err)
{
	dnc_cli_die(err->code == EACCES   ? DNC_EXIT_NOPERM
		    : err->code == ENOENT ? DNC_EXIT_IO
					  : dnc_cli_exit_code(err->code),
		"%s", err->message);
}

static void read_auth(struct daemon *d)
{
	struct dnc_error err;

	d->auth = dnc_auth_new(&d->options.auth, &err);
	if (!d->auth)
		die_of_keys(&err);
	revocations_init(d);
}

static void read_certificate(struct daemon *d)
{
	struct dnc_certificate *certificate;
	struct dnc_error err;

	if (reload_read_certificate(d, &certificate, &err) < 0)
		die_of_keys(&err);
	dnc_shared_use_certificate(d->shared, certificate);
	dnc_certificate_unref(certificate);
}

/* Without TLS whoever reads the network reads the tokens, too. */
static void warn_of_plain_tokens(const struct daemon *d)
{
	static const char *const own[] = {"127.", "[::1]:", "unix:", "systemd"};
	const char *address;

	for (size_t i = 0; *(address = dnc_web_address(d->workers[0].web, i)); i++) {
		bool exposed = true;

		for (size_t k = 0; k < sizeof own / sizeof own[0]; k++)
			exposed &= strncmp(address, own[k], strlen(own[k])) != 0;
		if (exposed)
			dnc_warn("%s is open to the network without TLS: others can read tokens "
				 "and events; give --tls-cert and --tls-key, or listen on a "
				 "loopback address or a Unix socket behind a proxy that does TLS",
				address);
	}
}

static void serve(struct daemon *d)
{
	const struct dnc_hub_options hub = {.ring = d->ring,
		.max_lag = d->options.max_lag,
		.journal = d->journal,
		.transport = dnc_web_transport};
	struct dnc_web_options web = {.listen = d->options.listen,
		.listen_count = d->options.listen_count,
		.shared = d->shared,
		.auth = d->auth,
		.trust_proxy = d->options.trust_proxy,
		.allow_origin = d->options.origins,
		.allow_origin_count = d->options.origin_count,
		.write_in_callback = d->options.write_in_callback,
		.compress = d->options.compress,
		.advertise = d->options.journal.advertise,
		.hubs = dnc_journal_hubs(d->journal),
		.ring = d->ring,
		.writer = d->writer,
		.audit = daemon_audit,
		.advanced = daemon_advanced,
		.metrics = daemon_metrics,
		.stats = daemon_stats,
		.not_ready = daemon_not_ready,
		.ctx = d};
	struct dnc_error err;

	for (unsigned i = 0; i < d->options.workers; i++) {
		if (dnc_worker_open(
			    &d->workers[i], i ? NULL : &d->loop, d->journal, &hub, &web, &err) < 0)
			dnc_cli_die_io(&err);
		web.beside = d->workers[0].web;
	}
	for (size_t i = 0; *dnc_web_address(d->workers[0].web, i); i++)
		printf("%s\n", dnc_web_address(d->workers[0].web, i));
	dnc_cli_flush_stdout();
	if (d->options.auth.key_file_count && !d->options.tls_cert)
		warn_of_plain_tokens(d);
	if (!d->options.auth.key_file_count)
		dnc_note(
			"authentication is disabled (no --keys): every client on this machine has the "
			"role %s",
			d->options.auth.default_role);
}

static void start(struct daemon *d)
{
	bool ok = dnc_writer_start(d->writer) == 0;

	for (unsigned i = 1; ok && i < d->options.workers; i++)
		ok = dnc_worker_start(&d->workers[i]) == 0;
	if (!ok || dnc_intake_start(d->intake) < 0)
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "unable to start a thread");
	daemon_start_status(d);
}

static void free_all(struct daemon *d)
{
	for (unsigned i = 0; i < d->options.workers; i++)
		dnc_worker_free(&d->workers[i]);
	free(d->workers);
	dnc_pump_finish(&d->pump);
	dnc_ring_free(d->ring);
	dnc_shared_free(d->shared);
	dnc_journal_close(d->journal);
	revocations_finish(d);
}

int main(int argc, char **argv)
{
	static struct daemon d;
	bool any_input;
	int status;

	daemon_hold_hangup();
	options_read(&d.options, argc, argv);
	if (sodium_init() < 0)
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "unable to get random numbers");
	daemon_open_loop(&d);
	open_log(&d);
	any_input = open_inputs(&d);
	read_auth(&d);
	read_certificate(&d);
	serve(&d);
	if (!any_input)
		dnc_warn(
			"no input: standard input is not a pipe, a socket or a file, and there is no "
			"--input");
	daemon_handle_signals(&d);
	start(&d);
	daemon_run_loop(&d);
	free_all(&d);
	status = daemon_exit_status(&d);
	/* A thread that still reads files uses the library that exit() would end. */
	if (!reload_finish(&d.reload))
		_exit(status);
	dnc_auth_free(d.auth);
	options_free(&d.options);
	return status;
}
