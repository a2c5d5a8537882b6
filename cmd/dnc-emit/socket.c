/* socket.c - events to the socket of the hub or of another stage. */
#include <errno.h>
#include <stdio.h>
#include "base/addresses.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "emission.h"
#include "link/link.h"

/* How soon a signal is noticed at the latest. */
enum { LOOK_MS = 500 };

/* Of several hubs each has its share of the time, but not more than this without an acknowledgement. */
enum { STALL_MS = 5000 };

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

/* A comma separates paths where one begins behind it that says so: others are a part of theirs. They may be written as other
 * commands take them, with "unix:". */
static bool make_address(const char *sockets, char *address, size_t size)
{
	static const char *const heads[] = {"/", "./", "../", "unix:", NULL};
	struct dnc_str rest = dnc_str(sockets);
	size_t n = 0;

	do {
		struct dnc_str one = dnc_address_next(&rest, ",", heads);

		n += (size_t)snprintf(address + n, size - n, "%s%s%.*s", n ? "," : "",
			dnc_str_starts(one, DNC_STR("unix:")) ? "" : "unix:", DNC_STR_ARG(one));
	} while (rest.n && n < size);
	return n < size;
}

enum dnc_exit send_by_socket(struct emission *e)
{
	char address[4200];
	struct dnc_error err;
	struct dnc_outlet *out;
	enum dnc_exit rc = DNC_EXIT_OK;
	int64_t share_ms;

	if (!make_address(e->options.socket, address, sizeof address))
		return fail_address(e, "the path is too long");
	out = dnc_outlet_open(address, e->options.timeout_ms, &err);
	if (!out && err.code == DNC_ERROR_NO_MEMORY)
		return emission_fail_sender(e, &err);
	if (!out)
		return fail_address(e, err.message);
	share_ms = e->options.timeout_ms / (int64_t)dnc_outlet_connections(out).readers;
	if (share_ms < STALL_MS)
		dnc_outlet_stall_after(out, share_ms);
	for (size_t i = 0; i < e->batch.count && rc == DNC_EXIT_OK; i++)
		rc = dnc_cli_stopped_by() ? emission_stopped(e)
		                          : send_item(e, out, &e->batch.items[i]);
	dnc_outlet_free(out);
	return rc;
}
