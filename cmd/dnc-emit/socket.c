/* socket.c - events to the socket of the hub or of another stage. */
#include <errno.h>
#include <stdio.h>
#include "base/clock.h"
#include "cli/cli.h"
#include "emission.h"
#include "link/link.h"

/* How soon a signal is noticed at the latest. */
enum { LOOK_MS = 500 };

/* What became of the event, as the reader acknowledged it: the outcomes of its line. */
static void judge(struct emission *e, struct item *item, const struct dnc_outcome *before,
	const struct dnc_outcome *after)
{
	item->fate = FATE_LOGGED;
	if (after->unclear > before->unclear)
		e->unclear = true;
	else if (after->rejected > before->rejected)
		emission_reject(e, item, DNC_REJECT_ID_CONFLICT,
			"rejected: the log has another event with this id, or a stage before the "
			"hub rejected this one; see the rejects of that stage");
	else if (after->dropped > before->dropped)
		emission_reject(e, item, DNC_REJECT_NONE,
			"dropped by a rule of a stage before the hub: the event is not in the log");
	else if (after->duplicates > before->duplicates)
		e->duplicates++;
}

/* Waits for the acknowledgement. A signal that arrives just before poll(2) is noticed at the next look. */
static int finish(struct dnc_outlet *out, int64_t timeout_ms, struct dnc_error *err)
{
	int64_t left = timeout_ms, until_ms = dnc_clock_mono_ms() + timeout_ms;
	int rc;

	do {
		rc = dnc_outlet_finish(out, left < LOOK_MS ? left : LOOK_MS, err);
		left = until_ms - dnc_clock_mono_ms();
	} while (rc < 0 && err->code != DNC_ERROR_NO_MEMORY && left > 0 && !dnc_cli_stopped_by());
	return rc;
}

/* One line at a time: acknowledgements count the outcomes of lines, and do not say which line has which. */
static enum dnc_exit send_item(struct emission *e, struct dnc_outlet *out, struct item *item)
{
	struct dnc_outcome before = dnc_outlet_outcome(out), after;
	struct dnc_str line = batch_event(&e->batch, item);
	struct dnc_error err;

	if (dnc_outlet_line(out, line.p, line.n, &err) < 0)
		return emission_fail(e, DNC_EXIT_TEMPFAIL, "%s", err.message);
	if (finish(out, e->options.timeout_ms, &err) < 0)
		return emission_stopped(e) ? e->rc
		                           : emission_fail(e,
						     err.code == EAGAIN ? DNC_EXIT_TEMPFAIL
									: DNC_EXIT_UNAVAILABLE,
						     "%s", err.message);
	after = dnc_outlet_outcome(out);
	judge(e, item, &before, &after);
	return DNC_EXIT_OK;
}

static enum dnc_exit fail_address(struct emission *e, const char *why)
{
	struct dnc_error err;

	dnc_error_set(&err, EINVAL, "--socket: %s", why);
	return emission_fail_sender(e, &err);
}

enum dnc_exit send_by_socket(struct emission *e)
{
	char address[4200];
	struct dnc_error err;
	struct dnc_outlet *out;
	enum dnc_exit rc = DNC_EXIT_OK;

	if (snprintf(address, sizeof address, "unix:%s", e->options.socket) >= (int)sizeof address)
		return fail_address(e, "the path is too long");
	out = dnc_outlet_open(address, e->options.timeout_ms, &err);
	if (!out && err.code == DNC_ERROR_NO_MEMORY)
		return emission_fail_sender(e, &err);
	if (!out)
		return fail_address(e, err.message);
	for (size_t i = 0; i < e->batch.count && rc == DNC_EXIT_OK; i++)
		rc = dnc_cli_stopped_by() ? emission_stopped(e)
		                          : send_item(e, out, &e->batch.items[i]);
	dnc_outlet_free(out);
	return rc;
}
