#include "priv/frames.h"

enum { RENDERING_SHARE = 8 }; /* of the ring's size are kept of each other form */

struct forms *frames_forms(struct dnc_hub *h, const struct dnc_view *view)
{
	return forms_hold(&h->forms, view, dnc_journal_mask_key(h->options.journal),
		dnc_ring_size(h->ring) / RENDERING_SHARE);
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

	return a->view.rendering ? forms_form(a->forms, a->view.rendering, seq, f) : f;
}

/* What channels see of the event. */
static struct channel_event look(
	struct dnc_hub *h, uint64_t seq, struct form plain, struct dnc_event *space)
{
	struct channel_event event = {.seq = seq, .look = ++h->looks, .form = plain};

	if (form_event(h->reader, seq, plain, space) == 0)
		event.plain = space;
	else
		event.no_memory = plain.shape || dnc_event_reader_no_memory(h->reader);
	return event;
}

struct channel_event frame_event(struct dnc_hub *h, uint64_t seq, struct dnc_event *space)
{
	return look(h, seq, plain_form(h, NULL, seq), space);
}

int frame_matches(struct dnc_hub *h, const struct channel *a, const struct chunk *c, uint64_t seq)
{
	struct channel_event event;
	struct dnc_event space;

	if (a->all)
		return 1;
	event = look(h, seq, plain_form(h, c, seq), &space);
	return channel_matches(a, &event);
}
