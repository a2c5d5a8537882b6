/* render.h - an event in other forms than the canonical one. Both take an event that dnc_event_parse() took
 * apart. Thread safe as the event is. */
#pragma once
#include "event.h"

/* Appends the event as whoever may not see whole numbers gets it, and takes that apart by R, another reader
 * than the event's: of each run of seven digits and more, with blanks, dots, dashes, slashes or brackets
 * between them, only the last four stay, and the country code behind a "+". That holds for every string and
 * key, wherever it stands; times and UUIDs are left alone, and whole numbers of fields that this module knows
 * to be counts or durations. Other whole numbers of seven digits and more become strings. Should two keys
 * look the same then, event_data stays empty. Never longer than the event. -1 when there is no memory. */
int dnc_event_mask(struct dnc_event_reader *r, struct dnc_buf *out, const struct dnc_event *e,
	struct dnc_event *masked);

/* A CloudEvents 1.0 object in JSON: source is /dnc/<provider, or hub>, subject the number, sequence
 * and severity are extensions, data is the event as it is. */
void dnc_event_write_cloudevent(struct dnc_buf *out, const struct dnc_event *e);
