/* draft.h - an event on its way to canonical form. */
#pragma once
#include "phone/phone.h"
#include "fields.h"

enum { DRAFT_MAX_MEMBERS = 1024, DRAFT_MAX_UNKNOWN = 16, DRAFT_MAX_DERIVED = 32 };

/* Everything known of one event while it is made canonical. Nodes are of `doc`; 0 is absent. */
struct draft {
	const struct dnc_json *doc;
	enum dnc_type type;
	const struct dnc_severity *severity;
	int64_t timestamp_ms, ingested_at_ms;
	uint32_t id, event_id, provider, provider_id, phone, given_severity, timestamp, summary;
	uint32_t event_data, metadata;
	uint32_t own_id; /* the source's own, when it is no UUID and event_data must keep it */
	char uuid[DNC_UUID_LEN];
	uint32_t field[FIELD_COUNT];        /* node that holds each domain field */
	uint32_t member[DRAFT_MAX_MEMBERS]; /* what will be in event_data, in order */
	uint32_t members;
	enum dnc_field unknown[DRAFT_MAX_UNKNOWN]; /* enumerations with a value not listed */
	uint32_t unknowns;
	struct dnc_str e164; /* points into e164_text; p is NULL when there is no number */
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

bool draft_true(const struct draft *d, enum dnc_field f);

/* Derives what a check event says about blocking, risk and so on (dnc-events(7), "Severity"). */
bool draft_is_blocked(const struct draft *d);
bool draft_is_high_risk(const struct draft *d);
bool draft_has_errors(const struct draft *d);
bool draft_is_verified(const struct draft *d);

/* The severity that the event's facts call for. */
const struct dnc_severity *draft_severity(const struct draft *d);

/* Appends the one line for people, as the inside of a JSON string. */
void draft_write_summary(const struct draft *d, struct dnc_buf *b);

/* Appends the derived members of metadata. Returns which of the derived table's rows were
 * written, a bit each. */
uint32_t draft_write_derived(const struct draft *d, struct dnc_buf *b);

/* The derived table's names, for the look-up: NULL past the end. */
const char *draft_derived_name(enum dnc_type type, int row);

/* Fills D from the record DOC: sorted, checked, times and numbers normalized. -1 with the reject code
 * and the place in ERR. */
int draft_read(struct draft *d, const struct dnc_json *doc, const struct dnc_event_options *options,
	struct dnc_error *err);

/* The position of a record in its run. */
struct record_place {
	struct dnc_event_run *run; /* NULL when it is live */
	uint64_t line, item;
	uint64_t same; /* records before it with this line and item */
};

/* Gives D its id; all else must have been read. SCRATCH is memory to use. */
void draft_identify(struct draft *d, const struct record_place *place, struct dnc_buf *scratch);

/* Writes the canonical event to B, which is emptied first, and its SHAPE. The shape is valid when the event is
 * not longer than DNC_EVENT_MAX_BYTES. */
void draft_write(const struct draft *d, const char *source_format, struct dnc_buf *b,
	struct dnc_event_shape *shape);

/* Sets ERR to CODE and "PLACE WHY"; returns -1. */
int draft_reject(struct dnc_error *err, enum dnc_reject code, const char *place, const char *why);
