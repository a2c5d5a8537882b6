/* draft.h - an event that is being normalized. */
#pragma once
#include "phone/beside.h"
#include "base/clock.h"
#include "phone/phone.h"
#include "fields.h"

enum { DRAFT_MAX_MEMBERS = 1024, DRAFT_MAX_UNKNOWN = 16, DRAFT_MAX_DERIVED = 32 };

/* The parts of the event. Numbers of nodes in `doc`; 0 is absent. */
struct draft {
	const struct dnc_json *doc;
	enum dnc_type type;
	const struct dnc_severity *severity;
	int64_t timestamp_ms, ingested_at_ms;
	uint32_t id, event_id, provider, provider_id, phone, given_severity, timestamp, summary;
	uint32_t event_data, metadata;
	uint32_t own_id; /* the record's own id, if it is not a UUID: event_data keeps it */
	char uuid[DNC_UUID_LEN];
	uint32_t field[FIELD_COUNT];        /* node that holds each domain field */
	uint32_t member[DRAFT_MAX_MEMBERS]; /* what will be in event_data, in order */
	uint32_t members;
	enum dnc_field unknown[DRAFT_MAX_UNKNOWN]; /* enumerations with a value not listed */
	uint32_t unknowns;
	struct dnc_str e164; /* points into e164_text; p is NULL if there is no number */
	char e164_text[DNC_PHONE_MAX];
	struct dnc_str provider_name; /* given or derived */
	bool requires_approval;
};

/* Text of a domain field; p is NULL when it is absent. */
static inline struct dnc_str draft_text(const struct draft *d, enum dnc_field f)
{
	return d->field[f] ? d->doc->node[d->field[f]].text : (struct dnc_str){0};
}

static inline bool draft_is(const struct draft *d, enum dnc_field f, struct dnc_str value)
{
	return d->field[f] && dnc_str_eq(d->doc->node[d->field[f]].text, value);
}

/* Number of a domain field, or 0. */
int64_t draft_int(const struct draft *d, enum dnc_field f);

/* Facts that decide the severity (dnc-events(7), "Severity"). */
bool draft_is_blocked(const struct draft *d);
bool draft_is_high_risk(const struct draft *d);
bool draft_has_errors(const struct draft *d);
bool draft_is_verified(const struct draft *d);

/* The severity that follows from the event's fields. */
const struct dnc_severity *draft_severity(const struct draft *d);

/* Appends the summary, as the inside of a JSON string. */
void draft_write_summary(const struct draft *d, struct dnc_buf *b);

/* The parts of a summary: the number, the provider, and two fields of the type. */
enum summary_part { PART_NUMBER, PART_PROVIDER, PART_FIRST, PART_SECOND };

/* Appends the summary of an event of TYPE, as the inside of a JSON string. WRITE appends one part; FIELD is that of
 * PART_FIRST or PART_SECOND. It returns false, and may have appended something, if the part is not known. */
void summary_write(struct dnc_buf *b, enum dnc_type type,
	bool (*write)(void *ctx, struct dnc_buf *b, enum summary_part part, enum dnc_field field),
	void *ctx);

/* Appends the derived members of metadata. Returns the rows of the derived table that were written,
 * one bit each. */
uint32_t draft_write_derived(const struct draft *d, struct dnc_buf *b);

/* The name of a row of the derived table; NULL after the last one. */
const char *draft_derived_name(enum dnc_type type, int row);

/* How a masked view shows a row of the derived table. If *FIELD is not FIELD_NONE, the row copies that field and is shown as
 * it is. */
enum dnc_show draft_derived_show(enum dnc_type type, int row, enum dnc_field *field);

/* Reads the record DOC into D, checks it, and normalizes times and numbers. The country and area code beside its number count
 * unless BESIDE is NULL: they were read before. Returns -1 with a reject code and the place in ERR. */
int draft_read(struct draft *d, const struct dnc_json *doc, const struct dnc_event_options *options,
	struct dnc_beside_context *beside, struct dnc_error *err);

/* The part of it that reads the number, after the members of event_data were gathered. */
int draft_read_number(struct draft *d, const struct dnc_event_options *options,
	struct dnc_beside_context *beside, struct dnc_error *err);

/* The position of a record. */
struct record_position {
	struct dnc_event_run *run; /* NULL if it is live */
	uint64_t line, item;
	uint64_t same; /* records before it with this line and item */
};

/* Sets the id of D, after draft_read(). SCRATCH is a buffer to work in. */
void draft_identify(
	struct draft *d, const struct record_position *position, struct dnc_buf *scratch);

/* Appends all that the record of D says, of which its id is made if it has none of its own. */
void draft_write_content(const struct draft *d, struct dnc_buf *b);

/* Sets UUID, of an event without an id of its own: of CONTENT, to which it may append, and POSITION; of NOW_MS if it is live.
 * MOMENT is when it happened, as the record says; empty if it does not. */
void identify_content(struct dnc_buf *content, struct dnc_str moment,
	const struct record_position *position, int64_t now_ms, char uuid[DNC_UUID_LEN]);

/* Writes the canonical event to B, which is cleared first, and its SHAPE. The shape is valid if the
 * event is not longer than DNC_EVENT_MAX_BYTES. */
void draft_write(const struct draft *d, const char *source_format, struct dnc_buf *b,
	struct dnc_event_shape *shape);

/* Sets ERR to CODE and "PLACE WHY"; returns -1. */
int draft_reject(struct dnc_error *err, enum dnc_reject code, const char *place, const char *why);

/* The same for NAME, which is no type. */
int draft_reject_type(struct dnc_str name, struct dnc_error *err);

/* Reads a time that an event says. False if it is none, or one before 1900. */
static inline bool draft_read_time(struct dnc_str text, int64_t *ms)
{
	return dnc_clock_parse(text, ms) && *ms >= DNC_EVENT_TIME_MIN;
}
