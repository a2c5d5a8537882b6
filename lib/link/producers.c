#include "priv/producers.h"
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "priv/outlet.h"

/* A connection starts small, there may be many. */
enum { PRODUCER_BLOCK = 16 << 10 };

static struct input_source *find(const struct dnc_input *in, uint64_t stream_id)
{
	for (size_t i = 0; i < in->count; i++)
		if (in->sources[i]->stream.id == stream_id)
			return in->sources[i];
	return NULL;
}

void dnc_input_ack(
	struct dnc_input *in, uint64_t stream_id, uint64_t count, const struct dnc_outcome *more)
{
	struct input_source *s = find(in, stream_id);

	if (!s)
		return;
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

/* Passes on what the outlet's reader has acknowledged. */
static void forward_acks(struct dnc_input *in)
{
	const struct dnc_outcome total = dnc_outlet_outcome(in->outlet);
	uint64_t safe = outlet_safe(in->outlet);
	struct ack_span span;

	acks_resolve(&in->acks, safe, &total);
	while (acks_take(&in->acks, safe, &span))
		dnc_input_ack(in, span.stream_id, span.last_line,
			&(struct dnc_outcome){.duplicates = span.duplicates,
				.rejected = span.rejected,
				.dropped = span.dropped,
				.unclear = span.unclear,
				.releases = span.releases,
				.others = span.others});
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

int producers_notify(struct dnc_input *in)
{
	int rc = 0;

	if (in->outlet)
		forward_acks(in);
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
