/* content.h - inside lib/log: what an event says, without what its arrival added (timestamp, summary, severity,
 * metadata). Two events of one id with the same content are one event that came twice. */
#pragma once
#include "batch.h"

/* Bytes of a canonical line: `head` is the type, phone number and provider, `data` is event_data. */
struct content {
	struct dnc_str head, data;
};

/* DOC is the parsed LINE. Both are empty when it is not a canonical event. */
struct content content_of(const struct dnc_json *doc, struct dnc_str line);

static inline struct content content_in_batch(
	const struct dnc_batch *b, const struct dnc_batch_event *e)
{
	return (struct content){dnc_piece_str(b, e->head), dnc_piece_str(b, e->event_data)};
}

static inline bool content_same(struct content a, struct content b)
{
	return dnc_str_eq(a.head, b.head) && dnc_str_eq(a.data, b.data);
}
