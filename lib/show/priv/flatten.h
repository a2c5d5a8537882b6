/* flatten.h - an event as a list of names and values: what is in objects has a dotted name. */
#pragma once
#include "show.h"

/* Calls EACH for the chosen fields that E has or, without --fields, for all members of E that are no objects, and
 * for empty objects. Arrays are values. NAME is valid during the call. */
void show_flatten(struct dnc_show *s, const struct dnc_event *e,
	void (*each)(struct dnc_show *s, struct dnc_buf *out, const struct dnc_event *e,
		struct dnc_str name, const struct show_value *v),
	struct dnc_buf *out);
