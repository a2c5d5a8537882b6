#include "priv/transmit.h"
#include "priv/lists.h"

void run_add(struct run *r, char *space, struct dnc_frame f, uint64_t seq)
{
	memcpy(space + r->n, f.p, f.bytes);
	r->p = space;
	r->n += f.bytes;
	r->first = r->count++ ? r->first : seq;
	r->last = seq;
}

bool transmit_result(struct dnc_subscriber *s, enum dnc_sent sent)
{
	if (sent == DNC_SENT)
		return s->phase != PHASE_IDLE &&
		       !s->full; /* the callback may have changed either */
	s->full |= sent == DNC_SENT_FULL;
	s->dead |= sent == DNC_SENT_DEAD;
	return false;
}

bool transmit_run(struct dnc_subscriber *s, const struct run *r)
{
	struct dnc_hub *h = s->hub;

	if (!s->sent)
		s->first_sent = r->first;
	s->last_sent = r->last;
	s->sent += r->count;
	dnc_bucket_spend(&s->rate, r->count);
	h->stats.deliveries += r->count;
	h->stats.delivered_bytes += r->n;
	return transmit_result(s, h->options.transport.send(s->conn, r->p, r->n));
}

bool transmit_gap(struct dnc_subscriber *s, uint64_t from, uint64_t to, const char *reason)
{
	s->hub->stats.gaps++;
	return transmit_result(s, s->hub->options.transport.gap(s->conn, from, to, reason));
}

void transmit_epoch(struct dnc_subscriber *s, const struct dnc_epoch *epoch)
{
	if (!s->dead && !transmit_result(s, s->hub->options.transport.epoch(s->conn, epoch)))
		live_remove(s);
}

bool transmit_skip(struct dnc_subscriber *s, uint64_t seq, const char *reason)
{
	s->at = seq + 1;
	return transmit_gap(s, seq, seq, reason);
}

void transmit_failure(struct dnc_subscriber *s)
{
	s->dead = true;
	s->hub->options.transport.failed(s->conn);
}
