/* fact.h - what a list says of one number: it is suppressed, or released.
 *
 * The rows of a list differ in nothing but number and time. Their events are therefore written once for each kind of row,
 * and after that number, times and id are put in, which is several times as fast as dnc_event_normalize() of a record. */
#pragma once
#include "event.h"

struct dnc_fact {
	enum dnc_type type;    /* DNC_NUMBER_SUPPRESSED or DNC_NUMBER_RELEASED */
	struct dnc_str number; /* as the list has it */
	int64_t at_ms;         /* when it happened, in range of dnc_clock_format() */
	bool dated;            /* the list says when: at_ms is set */
	const char *provider, *provider_id, *reason, *source; /* NULL if absent */
};

/* Appends FACT as a record that dnc_event_normalize() reads. */
void dnc_fact_write(struct dnc_buf *b, const struct dnc_fact *fact);

/* Makes the event of FACT: the same one, and the same errors, as dnc_event_normalize() of its record. OUT's line is memory of
 * R that is valid until its next use. */
int dnc_event_from_fact(struct dnc_event_reader *r, const struct dnc_fact *fact,
	struct dnc_event *out, struct dnc_error *err);
