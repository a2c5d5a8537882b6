/* content.h - what an event says, without what its arrival added: summary, severity, metadata, and the timestamp of an
 * event that had none. Two events with the same id and the same content are duplicates. */
#pragma once
#include "log/batch.h"

/* Views of a canonical line. */
struct content {
	struct dnc_str head; /* type, phone number and provider, as bytes */
	struct dnc_str data; /* event_data, as bytes */
	struct dnc_str timestamp;
	bool dated; /* the source gave the timestamp: it is not that of the arrival */
};

/* Of DOC, the parsed LINE. The content's head is empty when LINE is not a canonical event. */
struct content content_of(const struct dnc_json *doc, struct dnc_str line);

struct content content_of_event(const struct dnc_event *event);

/* Restores event E of the batch, without parsing: those of provider, provider_id and summary that hold escapes are
 * absent (p is NULL). */
struct dnc_event content_event(const struct dnc_batch *b, const struct dnc_batch_event *e);

/* A time that the source gave may be that of the arrival by chance, so equal times never make a difference. */
static inline bool content_same(struct content a, struct content b)
{
	return dnc_str_eq(a.head, b.head) && dnc_str_eq(a.data, b.data) &&
	       ((!a.dated && !b.dated) || dnc_str_eq(a.timestamp, b.timestamp));
}
