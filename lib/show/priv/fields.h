/* fields.h - fields of events by name: "severity", "event_data.reason", or "reason", which is looked for in both
 * objects. */
#pragma once
#include <stdbool.h>
#include "base/buf.h"
#include "base/err.h"
#include "event/event.h"
#include "zone.h"

enum { SHOW_FIELDS_MAX = 64 };

struct show_field {
	struct dnc_str name; /* as it was asked for */
	enum show_place {
		SHOW_OF_EVENT, /* a member of struct dnc_event, at `slot` */
		SHOW_SEQ,
		SHOW_TYPE,
		SHOW_TIME, /* the timestamp in the zone of the output */
		SHOW_DATA, /* both objects, or what `path` leads to in them */
		SHOW_METADATA,
		SHOW_ANYWHERE, /* in event_data, else in metadata */
	} place;
	size_t slot;
	struct dnc_str path; /* below the object; empty: the whole */
};

struct show_fields {
	struct show_field field[SHOW_FIELDS_MAX];
	size_t count;
	char *names; /* owned; the names point into it */
};

/* A value of an event. */
struct show_value {
	bool there;
	bool text;                    /* a string, whose content STR is; else STR is JSON */
	struct dnc_str str;           /* of a value that is no object or array */
	uint32_t node;                /* in the event's document; 0: none */
	char digits[SHOW_TIME_BYTES]; /* what STR may point to */
};

/* Reads the NAMES, separated by commas. -1 with ERR if one can't be a field. */
int show_fields_read(struct show_fields *f, const char *names, struct dnc_error *err);
void show_fields_free(struct show_fields *f);

/* Reads one NAME, which is borrowed. */
int show_field_read(struct show_field *f, struct dnc_str name, struct dnc_error *err);

/* Looks F up. V is valid until the reader of E parses again. */
void show_field_value(const struct show_field *f, const struct dnc_event *e, struct show_zone *z,
	struct show_value *v);

/* Appends V: a string as its content, all else as JSON. */
void show_value_write(struct dnc_buf *out, const struct dnc_event *e, const struct show_value *v);
