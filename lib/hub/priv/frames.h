/* frames.h - the frame of an event in the form that a channel gets, and the event in it.
 *
 * A plain frame lies in the ring or, further back, in a chunk of the log; other forms are made of it. */
#pragma once
#include "frame/frame.h"
#include "hub.h"
#include "replay.h"

/* The forms of events that VIEW needs, to be dropped with forms_unref(). NULL when there is no memory. */
struct forms *frames_forms(struct dnc_hub *h, const struct dnc_view *view);

/* The form of event SEQ that members of channel A get, from the chunk C, or from the ring if that is NULL. Valid until the
 * next call. It has no frame (p is NULL) if that would be too long, or if there is no memory for it. */
struct form frame_for(
	struct dnc_hub *h, const struct channel *a, const struct chunk *c, uint64_t seq);

/* Event SEQ of the ring for channels_match(). The result points into SPACE and is valid until the next call of this or of frame_matches(). */
struct channel_event frame_event(struct dnc_hub *h, uint64_t seq, struct dnc_event *space);

/* 1 if channel A gets event SEQ of the chunk C, or of the ring if that is NULL; 0 if not; -1 if there is no memory
 * to look. */
int frame_matches(struct dnc_hub *h, const struct channel *a, const struct chunk *c, uint64_t seq);
