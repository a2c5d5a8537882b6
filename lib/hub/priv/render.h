/* render.h - events in another form than the ring has them in. One is made when it is
 * first asked for, and kept for whoever asks next; memory is had at the start. */
#pragma once
#include "frame/frame.h"
#include "hub/hub.h"

struct rendering;

/* The form HOW, of one or more of enum dnc_rendering. One that is made of another form (compressed of
 * masked, say) asks BASE for it; NULL: it is made of the plain frame. SIZE bytes are for frames. NULL when
 * there is no memory. */
struct rendering *rendering_new(unsigned how, struct rendering *base, size_t size);
void rendering_free(struct rendering *r);

/* The frame of event SEQ in this form; valid until the next call for any. p is NULL when it can't be
 * made. */
struct dnc_frame rendering_frame(struct rendering *r, uint64_t seq, struct dnc_frame plain);
