/* view.h - whether a view shows an event. */
#pragma once
#include "hub/hub.h"

/* Returns 1 if VIEW shows the event and FILTER matches it, 0 if not, or DNC_MATCH_. PLAIN is the event
 * as it is, SHOWN as VIEW shows it (the same unless VIEW is masked; NULL: there was no memory for it). Any thread. */
int view_shows(const struct dnc_view *view, const struct dnc_filter *filter,
	const struct dnc_event *plain, const struct dnc_event *shown);
