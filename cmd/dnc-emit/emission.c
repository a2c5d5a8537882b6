#include "emission.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "cli/cli.h"

enum dnc_exit emission_fail(struct emission *e, enum dnc_exit rc, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	dnc_error_format(e->why, sizeof e->why, fmt, ap);
	va_end(ap);
	e->rc = rc;
	return rc;
}

enum dnc_exit emission_fail_sender(struct emission *e, const struct dnc_error *err)
{
	e->sender = err->code != DNC_ERROR_NO_MEMORY;
	return emission_fail(e,
		err->code == EINVAL                ? DNC_EXIT_USAGE
		: err->code == DNC_ERROR_NO_MEMORY ? DNC_EXIT_TEMPFAIL
						   : DNC_EXIT_IO,
		"%s", err->message);
}

/* The handler only notes the signal; who waits looks for it. */
static void on_stop(void *ctx)
{
	const struct emission *e = ctx;
	const uint64_t one = 1;

	(void)!write(e->stop_fd, &one, sizeof one);
}

void emission_survive_signals(struct emission *e)
{
	e->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (e->stop_fd < 0)
		dnc_cli_die(DNC_EXIT_IO, "unable to make an eventfd: %s", strerror(errno));
	dnc_cli_on_stop(on_stop, e);
}

enum dnc_exit emission_stopped(struct emission *e)
{
	int signal_number = dnc_cli_stopped_by();

	if (!signal_number)
		return DNC_EXIT_OK;
	e->refused = e->sender = false;
	return emission_fail(e, DNC_EXIT_TEMPFAIL, "stopped by SIG%s before %s",
		sigabbrev_np(signal_number),
		e->cut ? "the end of standard input, whose rest was not read"
		       : "all was acknowledged");
}

/* A full disk must not keep the events behind this one from the log. */
static void write_reject(struct emission *e, uint64_t line, uint64_t item, struct dnc_str raw,
	const struct dnc_error *err)
{
	struct dnc_error why;

	if (dnc_rejects_add(&e->rejects, "stdin", line, item, raw, err, &why) == 0)
		return;
	if (!e->reject_lost)
		dnc_err("%s; the rejects are printed here", why.message);
	/* It came by a pipe, and may be nowhere else. */
	dnc_rejects_print(&e->rejects, "stdin", line, item, raw, err);
	e->reject_lost = true;
}

void emission_reject_record(
	struct emission *e, const struct dnc_record *record, const struct dnc_error *err)
{
	e->unreadable++;
	write_reject(e, record->line, record->item, record->raw, err);
}

void emission_reject(
	struct emission *e, struct item *item, enum dnc_reject code, const char *message)
{
	struct dnc_error err;

	item->fate = FATE_REJECTED;
	if (!e->options.lines) {
		dnc_err("%s", message);
		return;
	}
	if (!code) {
		dnc_err("line %llu: %s", (unsigned long long)item->line, message);
		return;
	}
	dnc_error_set(&err, (int)code, "%s", message);
	write_reject(e, item->line, item->part, batch_event(&e->batch, item), &err);
}
