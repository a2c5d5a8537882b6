#include "priv/frames.h"

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

static struct form plain_form(const struct dnc_hub *h, const struct chunk *c, uint64_t seq)
{
	return c ? (struct form){.frame = chunk_frame(c, seq)}
	         : (struct form){
			   .frame = ring_frame(h->ring, seq), .shape = ring_shape(h->ring, seq)};
}

struct form frame_for(
	struct dnc_hub *h, const struct channel *a, const struct chunk *c, uint64_t seq)
{
	struct form f = plain_form(h, c, seq);

	if (a->view.rendering)
		f = rendering_form(h->renderings[a->view.rendering], seq, f);
	return f;
}

/* What channels see of the event. */
static struct channel_event look(
	struct dnc_hub *h, uint64_t seq, struct form plain, struct event_space *space)
{
	struct channel_event event = {.seq = seq};
	struct form masked;

	if (form_event(h->reader, seq, plain, &space->plain) == 0)
		event.plain = &space->plain;
	else
		event.no_memory = plain.shape || dnc_event_reader_no_memory(h->reader);
	if (!h->channels.masked || !event.plain)
		return event;
	masked = rendering_form(h->renderings[DNC_MASKED], seq, plain);
	/* Masking fails only without memory. */
	if (masked.frame.p && form_event(h->masked_reader, seq, masked, &space->masked) == 0)
		event.masked = &space->masked;
	return event;
}

struct channel_event frame_event(struct dnc_hub *h, uint64_t seq, struct event_space *space)
{
	return look(h, seq, plain_form(h, NULL, seq), space);
}

int frame_matches(struct dnc_hub *h, const struct channel *a, const struct chunk *c, uint64_t seq)
{
	struct event_space space;
	struct channel_event event;

	if (a->all)
		return 1;
	event = look(h, seq, plain_form(h, c, seq), &space);
	return channel_matches(a, &event);
}
