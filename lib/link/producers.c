/* producers.c - connections on listening sockets, and what they are told. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "priv/outlet.h"
#include "priv/places.h"

/* A connection starts small, there may be many. */
enum { PRODUCER_BLOCK = 16 << 10 };

/* How long nobody is accepted once descriptors or memory have run out. */
enum { EXHAUSTED_MS = 500 };

void dnc_input_name(uint64_t stream_id, char name[32])
{
	snprintf(name, 32, "connection %llu", (unsigned long long)stream_id);
}

static struct place *find(const struct dnc_input *in, uint64_t stream_id)
{
	for (size_t i = 0; i < in->count; i++)
		if (in->places[i]->stream.id == stream_id)
			return in->places[i];
	return NULL;
}

void dnc_input_ack(
	struct dnc_input *in, uint64_t stream_id, uint64_t count, const struct dnc_outcome *more)
{
	struct place *p = find(in, stream_id);

	if (!p)
		return;
	if (count > p->safe)
		p->safe = count;
	p->outcome.duplicates += more->duplicates;
	p->outcome.rejected += more->rejected;
	p->outcome.dropped += more->dropped;
	p->outcome.unclear += more->unclear;
	in->acks_due = true;
}

/* Passes on what the outlet's reader has acknowledged. */
static void take_acks(struct dnc_input *in)
{
	const struct dnc_outcome outcome = dnc_outlet_outcome(in->outlet);
	uint64_t safe = dnc_outlet_safe(in->outlet);
	struct ack_note note;

	ack_judge(&in->acks, safe, &outcome);
	while (ack_take(&in->acks, safe, &note))
		dnc_input_ack(in, note.stream_id, note.line,
			&(struct dnc_outcome){.duplicates = note.duplicates,
				.rejected = note.rejected,
				.dropped = note.dropped,
				.unclear = note.unclear});
}

/* Takes it out, whatever it still sends or waits for. */
static int drop(struct dnc_input *in, struct place *p)
{
	int rc = 0;

	if (!p->ended && in->events.close)
		rc = in->events.close(in->events.ctx, &p->stream);
	in->producers--;
	place_remove(in, p);
	return rc;
}

/* Acknowledgements never wait: what the socket does not take now is told with a later count. False when the connection
 * is of no use any more: its producer connects again and sends again what it was not told. */
static bool tell(struct place *p)
{
	char text[ACK_MAX];
	size_t n = ack_write(text, p->safe, &p->outcome);
	ssize_t sent = send(p->fd, text, n, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent == (ssize_t)n) {
		p->told = p->safe;
		return true;
	}
	if (sent < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) {
		p->told = UINT64_MAX; /* it does not listen any more, but what it sent is read */
		return true;
	}
	dnc_warn("%s: unable to acknowledge: %s; closed", p->stream.name,
		sent < 0 ? strerror(errno) : "cut short");
	return false;
}

int producers_tell(struct dnc_input *in)
{
	int rc = 0;

	if (in->outlet)
		take_acks(in);
	if (!in->acks_due)
		return 0;
	in->acks_due = false;
	for (size_t i = in->count; i-- > 0;) {
		struct place *p = in->places[i];

		if (!p->stream.acked)
			continue;
		if ((p->told < p->safe && !tell(p)) || (p->ended && !producer_waits(p))) {
			rc |= drop(in, p);
			continue;
		}
		in->acks_due |= p->told < p->safe;
	}
	return rc;
}

/* A listening socket that is none any more ends; whatever else failed is tried again. */
static int accept_failed(struct dnc_input *in, struct place *listener, int code)
{
	struct dnc_error err;

	switch (code) {
	case EAGAIN:
	case EINTR:
	case ECONNABORTED: /* it went away */
		return 0;
	case EBADF:
	case EINVAL:
	case ENOTSOCK:
	case EOPNOTSUPP:
		dnc_error_set(&err, code, "unable to accept on %s: %s", listener->stream.name,
			strerror(code));
		in->events.failed(in->events.ctx, &listener->stream, &err);
		place_remove(in, listener);
		return 0;
	default:
		if (!in->accept_failed)
			dnc_warn("%s: producers wait", code == EMFILE || code == ENFILE
							       ? "no descriptors are left"
							       : strerror(code));
		in->accept_failed = true;
		in->accept_at_ms = dnc_clock_mono_ms() + EXHAUSTED_MS;
		return 0;
	}
}

int producer_accept(struct dnc_input *in, struct place *listener)
{
	int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
	struct place *p;

	if (fd < 0)
		return accept_failed(in, listener, errno);
	if (in->accept_failed)
		dnc_note("%s: producers are accepted again", listener->stream.name);
	in->accept_failed = false;
	p = in->producers < DNC_INPUT_MAX_PRODUCERS ? place_add(in) : NULL;
	if (!p) {
		close(fd);
		return 0;
	}
	p->fd = fd;
	p->own_fd = true;
	p->stream.acked = true;
	in->producers++;
	return place_start(in, p, PRODUCER_BLOCK);
}
