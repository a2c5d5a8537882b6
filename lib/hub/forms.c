#include "priv/forms.h"
#include <stdlib.h>

struct forms {
	size_t refs;
	struct dnc_list link;
	struct dnc_masking masking;             /* holds its mask */
	struct rendering *made[DNC_RENDERINGS]; /* when first asked for; 0 never is */
	/* The masked event that was asked for last, for all channels that match it. */
	struct dnc_event_reader *reader;
	struct dnc_event event;
	uint64_t look, seq; /* 0: none */
	const char *frame;
};

/* What this form is made of: compressed of the same uncompressed, a masked CloudEvent of the masked. */
static unsigned base_of(unsigned rendering)
{
	if (rendering & DNC_DEFLATED)
		return rendering & ~(unsigned)DNC_DEFLATED;
	return rendering == (DNC_MASKED | DNC_CLOUDEVENT) ? DNC_MASKED : 0;
}

static bool prepare(struct forms *f, unsigned rendering, size_t size)
{
	unsigned base = base_of(rendering);

	if (!rendering || f->made[rendering])
		return true;
	if (!prepare(f, base, size))
		return false;
	if (rendering == DNC_MASKED && !f->reader &&
		!(f->reader = dnc_event_reader_new(&(struct dnc_event_options){0})))
		return false;
	f->made[rendering] = rendering_new(rendering & ~base, f->made[base], &f->masking, size);
	return f->made[rendering];
}

static struct forms *find(struct dnc_list *all, const struct dnc_mask *mask)
{
	DNC_LIST_EACH (link, all) {
		struct forms *f = DNC_LIST_ELEMENT(link, struct forms, link);

		if (dnc_mask_same(f->masking.mask, mask))
			return forms_ref(f);
	}
	return NULL;
}

struct forms *forms_hold(
	struct dnc_list *all, const struct dnc_view *view, const unsigned char *key, size_t size)
{
	const struct dnc_mask *mask = view->rendering & DNC_MASKED ? view->mask : NULL;
	struct forms *f = find(all, mask);

	if (!f) {
		f = calloc(1, sizeof *f);
		if (!f)
			return NULL;
		f->refs = 1;
		f->masking = (struct dnc_masking){dnc_mask_ref(mask), key};
		dnc_list_append(all, &f->link);
	}
	if (prepare(f, view->rendering, size))
		return f;
	forms_unref(f);
	return NULL;
}

struct forms *forms_ref(struct forms *f)
{
	f->refs++;
	return f;
}

void forms_unref(struct forms *f)
{
	if (!f || --f->refs)
		return;
	dnc_list_remove(&f->link);
	for (int i = 0; i < DNC_RENDERINGS; i++)
		rendering_free(f->made[i]);
	dnc_event_reader_free(f->reader);
	dnc_mask_unref(f->masking.mask);
	free(f);
}

struct form forms_form(struct forms *f, unsigned rendering, uint64_t seq, struct form plain)
{
	return rendering_form(f->made[rendering], seq, plain);
}

/* Makes the event, unless it is the one that was made last, whose parsed form then serves again. */
static bool make_event(struct forms *f, uint64_t seq, const struct form *plain)
{
	struct form masked = rendering_form(f->made[DNC_MASKED], seq, *plain);

	/* Masking fails only without memory. */
	if (!masked.frame.p)
		return false;
	if (f->seq == seq && f->frame == masked.frame.p)
		return true;
	f->seq = 0;
	if (form_event(f->reader, seq, masked, &f->event) < 0)
		return false;
	f->seq = seq;
	f->frame = masked.frame.p;
	return true;
}

const struct dnc_event *forms_event(
	struct forms *f, uint64_t look, uint64_t seq, const struct form *plain)
{
	if (f->look == look)
		return &f->event;
	f->look = 0;
	if (!make_event(f, seq, plain))
		return NULL;
	f->look = look;
	return &f->event;
}
