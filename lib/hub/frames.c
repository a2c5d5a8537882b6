#include "priv/frames.h"
#include "priv/render.h"

enum { RENDERING_SHARE = 8 }; /* of the ring's size are kept of each other form */

/* What this form is made of: compressed of the same uncompressed, a masked CloudEvent of the masked. */
static unsigned base_of(unsigned rendering)
{
	if (rendering & DNC_DEFLATED)
		return rendering & ~(unsigned)DNC_DEFLATED;
	return rendering == (DNC_MASKED | DNC_CLOUDEVENT) ? DNC_MASKED : 0;
}

bool frames_prepare(struct dnc_hub *h, unsigned rendering)
{
	unsigned base = base_of(rendering);

	if (!rendering || h->renderings[rendering])
		return true;
	if (!frames_prepare(h, base))
		return false;
	h->renderings[rendering] = rendering_new(
		rendering & ~base, h->renderings[base], dnc_ring_size(h->ring) / RENDERING_SHARE);
	return h->renderings[rendering];
}

void frames_finish(struct dnc_hub *h)
{
	for (int i = 0; i < DNC_RENDERINGS; i++)
		rendering_free(h->renderings[i]);
}

static struct dnc_frame plain_frame(const struct dnc_hub *h, const struct chunk *c, uint64_t seq)
{
	return c ? chunk_frame(c, seq) : ring_frame(h->ring, seq);
}

struct dnc_frame frame_for(
	struct dnc_hub *h, const struct channel *a, const struct chunk *c, uint64_t seq)
{
	struct dnc_frame f = plain_frame(h, c, seq);

	return a->view.rendering ? rendering_frame(h->renderings[a->view.rendering], seq, f) : f;
}

static struct channel_event parse(
	struct dnc_hub *h, uint64_t seq, struct dnc_frame plain, struct event_space *space)
{
	struct channel_event event = {.seq = seq};
	struct dnc_str text = dnc_frame_payload(plain);
	struct dnc_frame masked;

	if (dnc_event_parse(h->reader, text.p, text.n, &space->plain) == 0)
		event.plain = &space->plain;
	if (!h->channels.masked)
		return event;
	masked = rendering_frame(h->renderings[DNC_MASKED], seq, plain);
	text = dnc_frame_payload(masked);
	if (masked.p && dnc_event_parse(h->masked_reader, text.p, text.n, &space->masked) == 0)
		event.masked = &space->masked;
	return event;
}

struct channel_event frame_event(struct dnc_hub *h, uint64_t seq, struct event_space *space)
{
	return parse(h, seq, ring_frame(h->ring, seq), space);
}

bool frame_matches(struct dnc_hub *h, const struct channel *a, const struct chunk *c, uint64_t seq)
{
	struct event_space space;
	struct channel_event event;

	if (a->all)
		return true;
	event = parse(h, seq, plain_frame(h, c, seq), &space);
	return channel_matches(a, &event);
}
