/* place.h - text with places, "{phone_number} was called", that an event fills in. Thread safe. */
#pragma once
#include <stdbool.h>
#include "base/buf.h"
#include "base/err.h"
#include "event/event.h"

/* What FIELD may be, for messages. */
#define RULE_FIELDS                                                                                \
	"id, type, phone_number, provider, provider_id, severity, timestamp, summary, "            \
	"event_data.NAME or metadata.NAME"

/* A piece of text, or a place. */
struct rule_piece {
	bool place;
	struct dnc_str text; /* of a place: the path of the field */
};

/* All zero is the empty text. */
struct rule_text {
	char *copy; /* owned; the pieces point into it */
	struct rule_piece *piece;
	size_t count, room;
};

/* Reads TEXT: {FIELD} is a place, {{ a brace. FIELD is a key of an event ("type"), a path into event_data or metadata,
 * "rule", or, if EXPECTED, "last_seen": of an event that is made because none came. -1 with ERR, whose offset is the byte at fault. */
int rule_text_read(struct rule_text *t, struct dnc_str text, bool expected, struct dnc_error *err);

void rule_text_finish(struct rule_text *t);

/* True if FIELD can be the field of a place. */
bool rule_field_known(struct dnc_str field);

/* The text of FIELD in EVENT; empty if it is absent or null. A container is its JSON, written to SCRATCH. -1 without memory. */
int rule_field(const struct dnc_event *event, struct dnc_str field, struct dnc_buf *scratch,
	struct dnc_str *out);

/* Appends T, filled in of EVENT for the rule NAME. -1 without memory. */
int rule_text_write(const struct rule_text *t, const struct dnc_event *event, const char *name,
	struct dnc_buf *out);
