/* finish.c - the end of an input: waits until outlet and routes have all lines safe. */
#include <errno.h>
#include "base/clock.h"
#include "base/log.h"
#include "priv/input.h"
#include "priv/outlet.h"
#include "priv/producers.h"
#include "priv/route.h"

enum { REMIND_MS = 60000 };

static bool outlet_waits(const struct dnc_input *in)
{
	return in->outlet && outlet_safe(in->outlet) < dnc_outlet_lines(in->outlet);
}

/* Waits, until UNTIL_MS at most (0: without a limit), and goes on with outlet and routes. */
static int turn(struct dnc_input *in, int64_t until_ms)
{
	struct pollfd polls[ROUTES_ROOM + 1] = {{.fd = -1}};
	int timeout = -1;
	int64_t left = until_ms ? until_ms - dnc_clock_mono_ms() : REMIND_MS;

	if (in->outlet)
		outlet_poll(in->outlet, &polls[0], &timeout);
	routes_poll(in->routes, &polls[1], &timeout);
	left = left < 0 ? 0 : left > REMIND_MS ? REMIND_MS : left;
	if (timeout < 0 || timeout > left)
		timeout = (int)left;
	if (poll(polls, (nfds_t)in->routes->count + 1, timeout) < 0)
		return dnc_error_set(&in->err, errno,
			errno == EINTR ? "interrupted" : "unable to wait: %s", strerror(errno));
	if (in->outlet && outlet_turn(in->outlet, polls[0].revents, &in->err) < 0)
		return -1;
	if (routes_turn(in->routes, &polls[1], &in->err) < 0 ||
		dnc_routes_flush(in->routes, &in->err) < 0)
		return -1;
	return producers_notify(in);
}

static int fail(struct dnc_input *in)
{
	const struct route *r = routes_unsafe(in->routes);

	if (outlet_waits(in))
		return dnc_outlet_finish(in->outlet, 0, &in->err);
	return dnc_error_set(&in->err, EAGAIN, "%llu lines are not safe at %s",
		(unsigned long long)ledger_lines(&r->unsafe), r->what.name);
}

/* An outlet says by itself that it waits. */
static void remind(const struct dnc_input *in)
{
	const struct route *r = routes_unsafe(in->routes);

	if (r && r->what.kind != DNC_ROUTE_UNIX)
		dnc_err("%llu lines are not safe at %s yet; still trying",
			(unsigned long long)ledger_lines(&r->unsafe), r->what.name);
}

static int finish_all(struct dnc_input *in, int64_t wait_ms)
{
	const int64_t from = dnc_clock_mono_ms(), until = wait_ms < 0 ? 0 : from + wait_ms;
	int64_t now, remind_at = from + REMIND_MS;

	if (dnc_routes_flush(in->routes, &in->err) < 0 ||
		(in->outlet && dnc_outlet_flush(in->outlet, &in->err) < 0))
		return -1;
	/* What waits in spools is safe; but runs that are short, as those of cron, would never send it. */
	while (outlet_waits(in) || routes_unsafe(in->routes) ||
		(!until && routes_drain(in->routes, from))) {
		now = dnc_clock_mono_ms();
		if (until && now >= until)
			return fail(in);
		if (now >= remind_at) {
			remind(in);
			remind_at += REMIND_MS;
		}
		if (turn(in, until) < 0)
			return -1;
	}
	return 0;
}

int dnc_input_finish(struct dnc_input *in, int64_t wait_ms)
{
	int rc = 0;

	if (in->routes)
		rc = finish_all(in, wait_ms);
	else if (in->outlet)
		rc = dnc_outlet_finish(in->outlet, wait_ms, &in->err);
	return producers_notify(in) < 0 ? -1 : rc;
}
