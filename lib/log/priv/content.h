/* content.h - what an event says, without what its arrival added (summary, severity, metadata, and the
 * timestamp of one that came without). Two events of one id with the same content are one event that came twice. */
#pragma once
#include "log/batch.h"

/* Pieces of a canonical line. */
struct content {
	struct dnc_str head; /* type, phone number and provider, as bytes */
	struct dnc_str data; /* event_data, as bytes */
	struct dnc_str timestamp;
	bool dated; /* the source gave the timestamp: it is not that of the arrival */
};

/* DOC is the parsed LINE. The content's head is empty when it is not a canonical event. */
struct content content_of(const struct dnc_json *doc, struct dnc_str line);

static inline struct content content_in_batch(
	const struct dnc_batch *b, const struct dnc_batch_event *e)
{
	return (struct content){dnc_piece_str(b, e->head), dnc_piece_str(b, e->event_data),
		dnc_piece_str(b, e->timestamp), e->dated};
}

/* A given time may be that of the arrival by chance, so equal times are never told apart. */
static inline bool content_same(struct content a, struct content b)
{
	return dnc_str_eq(a.head, b.head) && dnc_str_eq(a.data, b.data) &&
	       ((!a.dated && !b.dated) || dnc_str_eq(a.timestamp, b.timestamp));
}
