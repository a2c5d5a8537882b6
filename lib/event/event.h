/* event.h - the canonical event: what every stage writes and every client reads.
 *
 * One JSON object per line, UTF-8, at most 32 KiB, keys in a fixed order and absent values left
 * out. dnc_event_normalize() turns whatever a source says into that form, or says why it can't;
 * a line that is canonical already comes back as it is. The words and rules are those of
 * dnc-events(7). A reader belongs to one thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/str.h"
#include "base/uuid.h"
#include "json/json.h"

#define DNC_EVENT_MAX_BYTES (32u << 10)

enum dnc_type {
	DNC_NUMBER_SUPPRESSED,
	DNC_NUMBER_RELEASED,
	DNC_CHECK_PERFORMED,
	DNC_LIST_SYNCED,
	DNC_COMPLIANCE_VIOLATION,
	DNC_PROVIDER_STATUS_CHANGE,
	DNC_TYPES,
};

/* "dnc.number.suppressed" and so on, in the order of the enum. */
extern const struct dnc_str dnc_type_names[DNC_TYPES];

/* False when NAME is no event type. */
bool dnc_type_from_name(struct dnc_str name, enum dnc_type *type);

/* A severity as written, and its rank from 0 (info, success) to 4 (critical). */
struct dnc_severity {
	struct dnc_str name;
	int rank;
};

enum { DNC_SEVERITIES = 8 };
extern const struct dnc_severity dnc_severities[DNC_SEVERITIES];

/* Looks NAME up without regard to case; NULL when it is none. */
const struct dnc_severity *dnc_severity_from_name(struct dnc_str name);

/* Why a record can't become an event; the code of errors from this module. */
enum dnc_reject {
	DNC_REJECT_NONE,
	DNC_REJECT_INVALID_JSON,
	DNC_REJECT_NOT_AN_OBJECT,
	DNC_REJECT_TOO_LARGE,
	DNC_REJECT_INVALID_UTF8,
	DNC_REJECT_MISSING_TYPE,
	DNC_REJECT_UNKNOWN_TYPE,
	DNC_REJECT_MISSING_FIELD,
	DNC_REJECT_INVALID_FIELD,
	DNC_REJECT_INVALID_PHONE_NUMBER,
	DNC_REJECT_INVALID_TIMESTAMP,
	DNC_REJECT_MAP_FAILED,
	DNC_REJECT_INVALID_ROW,
	DNC_REJECT_ID_CONFLICT, /* the log has this id with other content */
	DNC_REJECTS,
};

/* "invalid_phone_number" and so on. */
const char *dnc_reject_name(enum dnc_reject code);

struct dnc_event_reader;

/* One parsed canonical event. Strings point into the line, except provider, provider_id and summary when
 * they hold escapes: these point into the reader's memory and are valid until the reader parses again. */
struct dnc_event {
	struct dnc_str line; /* without a newline; DNC_JSON_PADDING readable bytes follow it */
	uint64_t seq;        /* 0 when the hub has not given one */
	enum dnc_type type;
	const struct dnc_severity *severity;
	int64_t timestamp_ms;
	struct dnc_str id, phone_number, provider, provider_id, summary; /* p is NULL when absent */
	struct dnc_str severity_text, timestamp, ingested_at;            /* as written */
	struct dnc_str event_data, metadata; /* the JSON text of both objects */
	struct dnc_event_reader *reader;     /* borrowed, for dnc_event_doc() */
	uint64_t number;                     /* the reader's own name for this event */
};

/* Where the members of a canonical line stand: enough to restore the event without parsing the line again.
 * Offsets count from the start of the line without `seq`, so a shape stays valid when the hub puts `seq` in
 * front. A plain value: copy it at will. */
struct dnc_event_span {
	uint16_t at, n; /* both 0: absent */
};

struct dnc_event_shape {
	int64_t timestamp_ms;
	struct dnc_event_span id, phone_number, provider, provider_id, summary, ingested_at;
	uint16_t bytes;                               /* of the line without `seq` */
	uint16_t severity_text, event_data, metadata; /* where they start */
	uint8_t type;                                 /* enum dnc_type */
	uint8_t severity;                             /* index of dnc_severities */
	bool escaped; /* provider, provider_id or summary hold escapes */
};

struct dnc_event_options {
	const char *region;        /* whose national numbers are meant; NULL is "US" */
	bool strict_phone;         /* valid numbers only, not all possible ones */
	const char *source_format; /* for metadata, when the event names none; NULL is "ndjson" */
};

/* NULL when there is no memory. Strings in OPTIONS are borrowed for the reader's life. */
struct dnc_event_reader *dnc_event_reader_new(const struct dnc_event_options *options);
void dnc_event_reader_free(struct dnc_event_reader *r);

/* Changes the source_format of events that name none; borrowed. */
void dnc_event_reader_format(struct dnc_event_reader *r, const char *source_format);

/* One reading of one file or stream, whose records may say the same and still be different facts. */
struct dnc_event_run;

/* The COUNT strings say which run it is: the same strings give the same ids to the same records at the
 * same places. NULL when there is no memory. */
struct dnc_event_run *dnc_event_run_new(const struct dnc_str *parts, size_t count);

/* No reader may use RUN any more. NULL is allowed. */
void dnc_event_run_free(struct dnc_event_run *run);

/* Sets the position of the record that R normalizes next: LINE, and ITEM of it, of RUN, which is borrowed
 * until the next call. Such records get an id that is always the same for the same record: a
 * hash of all that the source said; of those that say when it happened, how many equal ones came
 * before; of those that do not, RUN and their place as well. RUN is NULL for live records, as it is at the
 * start: their ids are new. */
void dnc_event_reader_place(
	struct dnc_event_reader *r, struct dnc_event_run *run, uint64_t line, uint64_t item);

/* Makes the N bytes at TEXT, which DNC_JSON_PADDING readable bytes must follow, a canonical event. OUT's
 * line is TEXT itself when that is canonical, else the reader's own memory, valid until its next use. -1
 * with a reject code and the field at fault in ERR. A `seq` is dropped: only the hub gives one. */
int dnc_event_normalize(struct dnc_event_reader *r, const char *text, size_t n,
	struct dnc_event *out, struct dnc_error *err);

/* Parses a canonical line (a `seq` in front is allowed), which DNC_JSON_PADDING readable bytes must follow.
 * -1 when it does not have the canonical form: keys out of order, white space, something missing. Derived
 * members are not derived again. */
int dnc_event_parse(struct dnc_event_reader *r, const char *text, size_t n, struct dnc_event *out);

/* True if the last dnc_event_parse() failed because there was no memory: the line may be a canonical event. */
bool dnc_event_reader_no_memory(const struct dnc_event_reader *r);

/* The shape of EVENT, which must still be valid. */
void dnc_event_shape_of(const struct dnc_event *event, struct dnc_event_shape *shape);

/* Restores the event of LINE from the SHAPE that it had with or without a `seq` in front. SEQ is the
 * number that LINE starts with, or 0 when it has none; DNC_JSON_PADDING readable bytes follow LINE. The line
 * is parsed only when SHAPE says escaped. One reader may serve any number of restored events; R may be NULL when
 * SHAPE does not say escaped and dnc_event_doc() is not called. -1 when LINE is shorter than the shape's, or an
 * escaped one cannot be parsed. */
int dnc_event_from_shape(struct dnc_event_reader *r, struct dnc_str line, uint64_t seq,
	const struct dnc_event_shape *shape, struct dnc_event *out);

/* The whole line as JSON. It is parsed when first asked for, and again only after the reader parsed
 * something else. Valid until the reader parses again; NULL when there is no memory. For the
 * reader's thread. */
const struct dnc_json *dnc_event_doc(const struct dnc_event *event);

/* The nodes of event_data and metadata in an event's DOC: these are its last two members, and all before
 * them are scalars. */
static inline uint32_t dnc_event_data_node(const struct dnc_json *doc)
{
	return doc->node[0].count - 1;
}

static inline uint32_t dnc_event_metadata_node(const struct dnc_json *doc)
{
	return doc->node[dnc_event_data_node(doc)].next;
}

/* How many JSON texts R has parsed so far. */
uint64_t dnc_event_reader_parses(const struct dnc_event_reader *r);

/* True when FIELD of an event of TYPE holds text, or is none that this module knows: what a command
 * line says of it is a string, not JSON. */
bool dnc_event_takes_text(enum dnc_type type, struct dnc_str field);

/* The known words of FIELD of an event of TYPE, with blanks between them; "" when it is no enumeration
 * or no field. Upstream systems may send others (dnc-events(7), unknown_values). */
const char *dnc_event_known_values(enum dnc_type type, struct dnc_str field);

/* True when an event of TYPE (DNC_TYPES: of any type) has a FIELD of this name, at the top level or in
 * event_data. */
bool dnc_event_has_field(enum dnc_type type, struct dnc_str field);

/* Appends the names of these fields, with a blank after each. */
void dnc_event_field_names(enum dnc_type type, struct dnc_buf *names);
