/* event.h - the canonical event, which every stage writes and every client reads.
 *
 * It is one JSON object in one line, in UTF-8, at most 32 KiB long, with its keys in a fixed order
 * and without absent values. dnc_event_normalize() makes it of a record, or reports why it can't; a
 * line that is canonical already is returned unchanged. Terms and rules are those of dnc-events(7).
 * A reader belongs to one thread; other functions are thread safe. */
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

/* False if NAME is not an event type. */
bool dnc_type_from_name(struct dnc_str name, enum dnc_type *type);

/* The same, and "number.suppressed" is "dnc.number.suppressed": for events that are not canonical yet. */
bool dnc_type_from_raw(struct dnc_str name, enum dnc_type *type);

/* A severity as written, and its rank from 0 (info, success) to 4 (critical). */
struct dnc_severity {
	struct dnc_str name;
	int rank;
};

enum { DNC_SEVERITIES = 8 };
extern const struct dnc_severity dnc_severities[DNC_SEVERITIES];

/* Looks NAME up without regard to case. NULL if it is not a severity. */
const struct dnc_severity *dnc_severity_from_name(struct dnc_str name);

/* Why a record can't become an event; the code of errors from this module, unless there is no memory
 * (DNC_ERROR_NO_MEMORY). */
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

/* One parsed canonical event. Strings point into the line, but provider, provider_id and summary
 * with escapes point into the reader's memory and are valid until the reader parses again. */
struct dnc_event {
	struct dnc_str line; /* without a newline; DNC_JSON_PADDING readable bytes follow it */
	uint64_t seq;        /* 0 if the hub has not assigned one */
	enum dnc_type type;
	const struct dnc_severity *severity;
	int64_t timestamp_ms;
	struct dnc_str id, phone_number, provider, provider_id, summary; /* p is NULL if absent */
	struct dnc_str severity_text, timestamp, ingested_at;            /* as written */
	struct dnc_str event_data, metadata; /* the JSON text of both objects */
	struct dnc_event_reader *reader;     /* borrowed, for dnc_event_doc() */
	uint64_t number;                     /* of this event in its reader */
};

/* The offsets of the members in a canonical line, from which the event can be restored without
 * parsing the line. They count from the start of the line without `seq`, so that a shape stays
 * valid when the hub inserts it. A shape is a plain value, which may be copied. */
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
	const char *region;        /* of numbers without a country code; NULL is "US" */
	bool strict_phone;         /* accept valid numbers only, not all possible ones */
	const char *source_format; /* for metadata, if the record has none; NULL is "ndjson" */
};

/* Creates a reader, to be freed with dnc_event_reader_free(). Strings in OPTIONS are borrowed until
 * then. NULL if there is no memory. */
struct dnc_event_reader *dnc_event_reader_new(const struct dnc_event_options *options);

/* Frees R; NULL is allowed. */
void dnc_event_reader_free(struct dnc_event_reader *r);

/* Sets the source_format of events whose record has none; borrowed. */
void dnc_event_reader_format(struct dnc_event_reader *r, const char *source_format);

/* One reading of one file or stream, whose records may be equal and still be different facts. */
struct dnc_event_run;

/* Creates a run, to be freed with dnc_event_run_free(). The COUNT strings at PARTS identify it:
 * with equal strings, the same records at the same positions have the same ids. NULL if there is no
 * memory. */
struct dnc_event_run *dnc_event_run_new(const struct dnc_str *parts, size_t count);

/* The records of RUN will come in the order of the times that they say, between restarts. That changes no id; it is faster. */
void dnc_event_run_ordered(struct dnc_event_run *run);

/* Equal records that were counted so far do not count any longer: those that follow are of another file. */
void dnc_event_run_restart(struct dnc_event_run *run);

/* Frees RUN, which no reader may use any longer; NULL is allowed. */
void dnc_event_run_free(struct dnc_event_run *run);

/* Sets the position of the record that R normalizes next: LINE, and ITEM of it, of RUN, which is
 * borrowed until the next call. The id of such a record is always the same: a hash of all that it
 * says, and, if it says when it happened, of the number of equal ones before it, else of RUN and
 * the position. RUN is NULL for live records, which is the default: their ids are new. */
void dnc_event_reader_position(
	struct dnc_event_reader *r, struct dnc_event_run *run, uint64_t line, uint64_t item);

/* Normalizes the record of N bytes at TEXT, which DNC_JSON_PADDING readable bytes must follow, to a
 * canonical event. OUT's line is TEXT itself if that is canonical, else memory of the reader that
 * is valid until its next use. A `seq` is removed, because only the hub assigns it. Returns -1 with
 * a reject code and the field in ERR, or with DNC_ERROR_NO_MEMORY: then the record may be an event and
 * must neither be rejected nor acknowledged. */
int dnc_event_normalize(struct dnc_event_reader *r, const char *text, size_t n,
	struct dnc_event *out, struct dnc_error *err);

/* Parses a canonical line, with or without a `seq`, which DNC_JSON_PADDING readable bytes must
 * follow. Returns -1 if it is not in canonical form: keys out of order, white space, a missing
 * member. Derived members are not checked. */
int dnc_event_parse(struct dnc_event_reader *r, const char *text, size_t n, struct dnc_event *out);

/* True if the last dnc_event_parse() failed because there was no memory: the line may be a
 * canonical event. */
bool dnc_event_reader_no_memory(const struct dnc_event_reader *r);

/* The shape of EVENT, which must still be valid. */
void dnc_event_shape_of(const struct dnc_event *event, struct dnc_event_shape *shape);

/* Restores the event of LINE from its SHAPE, which is the same with and without a `seq`. SEQ is the
 * `seq` of LINE, or 0 if it has none; DNC_JSON_PADDING readable bytes must follow LINE. The line is
 * parsed only if SHAPE is escaped. One reader may serve any number of restored events; R may be
 * NULL if SHAPE is not escaped and dnc_event_doc() is not called. Returns -1 if LINE is shorter
 * than its shape, or if an escaped one can't be parsed. */
int dnc_event_from_shape(struct dnc_event_reader *r, struct dnc_str line, uint64_t seq,
	const struct dnc_event_shape *shape, struct dnc_event *out);

/* Returns the whole line as JSON. It is parsed at the first call, and again only after the reader
 * has parsed something else. Valid until the reader parses again. NULL if there is no memory. For
 * the reader's thread only. */
const struct dnc_json *dnc_event_doc(const struct dnc_event *event);

/* The nodes of event_data and metadata in an event's DOC. They are its last two members; all before
 * them are scalars. */
static inline uint32_t dnc_event_data_node(const struct dnc_json *doc)
{
	return doc->node[0].count - 1;
}

static inline uint32_t dnc_event_metadata_node(const struct dnc_json *doc)
{
	return doc->node[dnc_event_data_node(doc)].next;
}

/* True if FIELD of an event of TYPE is text or unknown: a command line gives its value as a string,
 * not as JSON. */
bool dnc_event_field_is_text(enum dnc_type type, struct dnc_str field);

/* The known values of FIELD of an event of TYPE, separated by blanks; "" if it is not an
 * enumeration. Upstream systems may send others (dnc-events(7), unknown_values). */
const char *dnc_event_known_values(enum dnc_type type, struct dnc_str field);

/* True if an event of TYPE (DNC_TYPES: of any type) has this FIELD, at the top level or in
 * event_data. */
bool dnc_event_has_field(enum dnc_type type, struct dnc_str field);

/* True if metadata.NAME of an event of TYPE is derived from its fields, where it has these. */
bool dnc_event_derives(enum dnc_type type, struct dnc_str name);

/* Appends the names of the fields that dnc_event_has_field() knows, with a blank after each. */
void dnc_event_field_names(enum dnc_type type, struct dnc_buf *names);
