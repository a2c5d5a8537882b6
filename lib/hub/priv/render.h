/* render.h - events in another form than the ring has them in. One is made when it is
 * first asked for, and kept for the next that ask; memory is allocated at the start. */
#pragma once
#include "frame/frame.h"
#include "hub/hub.h"

struct rendering;

/* The form HOW, of one or more of enum dnc_rendering. MASKING, which is borrowed, is how it masks. One that is made
 * of another form (compressed of masked, say) asks BASE for it; NULL: it is made of the plain frame. SIZE bytes are
 * for frames. NULL when there is no memory. */
struct rendering *rendering_new(
	unsigned how, struct rendering *base, const struct dnc_masking *masking, size_t size);
void rendering_free(struct rendering *r);

/* A frame, and what is known of the event in it. */
struct form {
	struct dnc_frame frame;
	const struct dnc_event_shape *shape; /* NULL: the event must be parsed, if it is one */
	bool no_memory;                      /* that is why there is no frame */
};

/* Event SEQ in this form, made of PLAIN if need be; valid until the next call for any. The frame's p is NULL when it
 * can't be made. The masked form has a shape. */
struct form rendering_form(struct rendering *r, uint64_t seq, struct form plain);

/* The event in F for the reader R: restored from its shape, or parsed. -1 when it is none, or there is no memory:
 * dnc_event_reader_no_memory(). */
int form_event(struct dnc_event_reader *r, uint64_t seq, struct form f, struct dnc_event *out);
