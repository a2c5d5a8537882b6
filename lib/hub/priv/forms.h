/* forms.h - the forms of events for views with one mask: those with equal masks share them. */
#pragma once
#include "base/list.h"
#include "render.h"

struct forms;

/* The forms of VIEW, with that of its rendering made ready. ALL is a list of them. KEY is dnc_journal_mask_key(); SIZE bytes
 * are for the frames of each form. To be dropped with forms_unref(). NULL when there is no memory. */
struct forms *forms_hold(
	struct dnc_list *all, const struct dnc_view *view, const unsigned char *key, size_t size);

/* Adds a reference, and returns F. */
struct forms *forms_ref(struct forms *f);

/* Drops a reference. The last one frees F and removes it from its list. NULL is allowed. */
void forms_unref(struct forms *f);

/* Event SEQ in the form RENDERING, not 0, which forms_hold() has made ready. As rendering_form(). */
struct form forms_form(struct forms *f, unsigned rendering, uint64_t seq, struct form plain);

/* Event SEQ masked, for a view that is. NULL when there is no memory. Valid until the next call for F; calls with one LOOK,
 * between which no other form was made, give the same. */
const struct dnc_event *forms_event(
	struct forms *f, uint64_t look, uint64_t seq, const struct form *plain);
