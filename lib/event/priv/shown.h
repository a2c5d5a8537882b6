/* shown.h - which fields a masked view shows, and how. Thread safe. */
#pragma once
#include "event/mask.h"
#include "fields.h"

enum dnc_object { OBJECT_TOP = 1, OBJECT_DATA = 2, OBJECT_METADATA = 4 };

struct dnc_shown {
	enum dnc_show how, otherwise; /* what is tried if the value does not pass the first check */
	const char *values;           /* of SHOW_KNOWN */
	struct dnc_str domain;        /* of SHOW_ID; constant */
};

/* False if MASK hides a field that the severity of events of TYPE follows from: they are shown as "info". */
bool shown_severity(const struct dnc_mask *mask, enum dnc_type type);

/* How MASK (NULL: the table alone) shows the member KEY of OBJECT in an event of TYPE. SHOW_NOT if it is unknown.
 * dnc_fields_init() must have run. */
struct dnc_shown shown_of(const struct dnc_mask *mask, enum dnc_type type, enum dnc_object object,
	struct dnc_str key);
