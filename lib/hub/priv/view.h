/* view.h - whether a view shows an event. */
#pragma once
#include "hub/hub.h"

/* True when VIEW shows the event and FILTER matches it. PLAIN is the event as it is, MASKED as a client gets it that may
 * not see numbers (only looked at when VIEW is masked; NULL is not shown). Thread safe. */
bool view_shows(const struct dnc_view *view, const struct dnc_filter *filter,
	const struct dnc_event *plain, const struct dnc_event *masked);
