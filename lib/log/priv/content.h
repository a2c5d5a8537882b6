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

/* What comparing needs: memory that is used again. All but the parser is zero at first; to be freed with
 * content_comparison_free(). For one thread. */
struct content_comparison {
	struct dnc_json_parser *parser; /* owned */
	struct dnc_buf stored;
};

/* Compares EVENT with STORED, the line that the log has under its id: *LOGGED tells whether it is a duplicate or a
 * conflict. Equal lines need not be parsed. A stored line that can't be parsed has no content, and so is another. -1
 * when there is no memory. */
int content_compare(struct content_comparison *c, const struct dnc_event *event,
	struct dnc_str stored, enum dnc_logged *logged);

void content_comparison_free(struct content_comparison *c);
