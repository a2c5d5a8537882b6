#include "priv/producers.h"
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "priv/outlet.h"
#include "priv/route.h"

/* A connection starts small, there may be many. */
enum { PRODUCER_BLOCK = 16 << 10 };

static struct input_source *find(const struct dnc_input *in, uint64_t stream_id)
{
	for (size_t i = 0; i < in->count; i++)
		if (in->sources[i]->stream.id == stream_id)
			return in->sources[i];
	return NULL;
}

/* COUNT lines are safe. */
static void count_safe(struct dnc_input *in, struct input_source *s, uint64_t count,
	const struct dnc_outcome *more)
{
	if (count > s->safe)
		s->safe = count;
	s->outcome.duplicates += more->duplicates;
	s->outcome.rejected += more->rejected;
	s->outcome.dropped += more->dropped;
	s->outcome.unclear += more->unclear;
	s->outcome.releases += more->releases;
	s->outcome.others += more->others;
	in->acks_due = true;
}

void dnc_input_ack(
	struct dnc_input *in, uint64_t stream_id, uint64_t count, const struct dnc_outcome *more)
{
	struct input_source *s = find(in, stream_id);

	if (s)
		count_safe(in, s, count, more);
}

static void count_span(struct dnc_input *in, struct input_source *s, const struct ack_span *span)
{
	count_safe(in, s, span->last_line,
		&(struct dnc_outcome){.duplicates = span->duplicates,
			.rejected = span->rejected,
			.dropped = span->dropped,
			.unclear = span->unclear,
			.releases = span->releases,
			.others = span->others});
}

static bool routes_have_span(const struct dnc_input *in, const struct ack_span *span)
{
	return !in->routes || routes_have(in->routes, span->before_routed, span->routed);
}

/* Of each producer for itself: what one route has not holds up only those that have lines for it. */
static void release_held(struct dnc_input *in)
{
	struct ack_span span;

	if (!in->held)
		return;
	in->held = 0;
	for (size_t i = 0; i < in->count; i++) {
		struct input_source *s = in->sources[i];

		while (s->held.count && routes_have_span(in, acks_first(&s->held)) &&
			acks_take(&s->held, UINT64_MAX, &span))
			count_span(in, s, &span);
		in->held += s->held.count > 0;
	}
}

/* Passes on what the outlet's reader has acknowledged, as far as the routes have it safe, too. -1 without memory. */
static int forward_acks(struct dnc_input *in)
{
	const struct dnc_outcome total = dnc_outlet_outcome(in->outlet);
	const uint64_t safe = outlet_safe(in->outlet);
	struct ack_span span;

	acks_resolve(&in->acks, safe, &total);
	while (acks_take(&in->acks, safe, &span)) {
		struct input_source *s = find(in, span.stream_id);

		if (!s)
			continue;
		if (!s->held.count && routes_have_span(in, &span)) {
			count_span(in, s, &span);
			continue;
		}
		if (!acks_hold(&s->held, &span))
			return dnc_error_nomem(&in->err);
		in->held++;
	}
	release_held(in);
	return 0;
}

/* Removes a producer, whatever it still sends or waits for. */
static int drop(struct dnc_input *in, struct input_source *s)
{
	int rc = 0;

	if (!s->ended && in->events.close)
		rc = in->events.close(in->events.ctx, &s->stream);
	input_remove_source(in, s);
	return rc;
}

/* Sends an acknowledgement without waiting: what the socket does not accept now is sent with a later count.
 * False if the connection must be closed; its producer connects again and sends again what was not
 * acknowledged. */
static bool acknowledge(struct input_source *s)
{
	char text[ACK_MAX];
	size_t n = ack_write(text, s->safe, &s->outcome);
	ssize_t sent = send(s->fd, text, n, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent == (ssize_t)n) {
		s->acked = s->safe;
		return true;
	}
	if (sent < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) {
		s->acked = UINT64_MAX; /* it reads no more, but what it has sent is still read */
		return true;
	}
	dnc_warn("%s: unable to acknowledge lines: %s; the connection was closed", s->stream.name,
		sent < 0 ? strerror(errno) : "only a part was written");
	return false;
}

/* The producers that have lines in the ledger L, which were not acknowledged to them, connect again and send them again. Returns
 * how many there were; -1 if the owner returns -1. */
static int disconnect_waiting(struct dnc_input *in, const struct ledger *l)
{
	int n = 0;

	for (size_t i = in->count; i-- > 0;) {
		struct input_source *s = in->sources[i];

		if (!s->stream.acked || (!acks_wait_for(&in->acks, s->stream.id, l) &&
						!acks_wait_for(&s->held, s->stream.id, l)))
			continue;
		if (drop(in, s) < 0)
			return -1;
		n++;
	}
	return n;
}

/* A route that was removed must not hold its producers for ever. Nothing is lost: what they send again goes where the rules now say.
 * Lines of other sources nobody would send again: they wait until the end. */
static int give_up_stuck(struct dnc_input *in)
{
	struct route *r = routes_stuck(in->routes);
	unsigned long long lines;
	int n;

	if (!r || ledger_has(&r->unsafe, 0, r->once))
		return 0;
	lines = ledger_lines(&r->unsafe);
	n = disconnect_waiting(in, &r->unsafe);
	if (n < 0)
		return -1;
	dnc_warn(
		"%s is no route any more, and does not take the %llu lines that wait for it: they are "
		"given up; the %d producers that sent them are disconnected, and send them again",
		r->what.name, lines, n);
	routes_give_up(in->routes, r);
	return 0;
}

int producers_notify(struct dnc_input *in)
{
	int rc = in->routes ? give_up_stuck(in) : 0;

	if (rc < 0 || (in->outlet && forward_acks(in) < 0))
		return -1;
	if (!in->acks_due)
		return 0;
	in->acks_due = false;
	for (size_t i = in->count; i-- > 0;) {
		struct input_source *s = in->sources[i];

		if (!s->stream.acked)
			continue;
		if ((s->acked < s->safe && !acknowledge(s)) ||
			(s->ended && !input_source_waits(s))) {
			rc |= drop(in, s);
			continue;
		}
		in->acks_due |= s->acked < s->safe;
	}
	return rc;
}

/* A descriptor that cannot accept is at its end; after every other failure it is tried again. */
static int fail_accepting(struct dnc_input *in, struct input_source *listener, int code)
{
	struct dnc_error err;

	switch (code) {
	case EAGAIN:
	case EINTR:
	case ECONNABORTED: /* the producer went away */
		return 0;
	case EBADF:
	case EINVAL:
	case ENOTSOCK:
	case EOPNOTSUPP:
		dnc_error_set(&err, code, "unable to accept on %s: %s", listener->stream.name,
			strerror(code));
		in->events.failed(in->events.ctx, &listener->stream, &err);
		input_remove_source(in, listener);
		return 0;
	default:
		if (!in->accept_failed)
			dnc_warn("unable to accept producers: %s; retrying",
				code == EMFILE || code == ENFILE ? "no descriptors are left"
								 : strerror(code));
		in->accept_failed = true;
		in->accept_at_ms = dnc_clock_mono_ms() + ACCEPT_RETRY_MS;
		return 0;
	}
}

int producers_accept(struct dnc_input *in, struct input_source *listener)
{
	int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
	struct input_source *s;

	if (fd < 0)
		return fail_accepting(in, listener, errno);
	if (in->accept_failed)
		dnc_note("%s accepts producers again", listener->stream.name);
	in->accept_failed = false;
	s = in->producers < DNC_INPUT_MAX_PRODUCERS ? input_add_source(in) : NULL;
	if (!s) {
		close(fd);
		return 0;
	}
	s->fd = fd;
	s->own_fd = true;
	s->stream.acked = true;
	in->producers++;
	return input_start_source(in, s, PRODUCER_BLOCK);
}
