/* viewer.h - inside lib/hub and for pages of the past: one event at a time as a view shows it. */
#pragma once
#include "hub.h"

struct dnc_viewer;

/* Holds FILTER and what VIEW sees; VIEW itself is copied. NULL when there is no memory. For one thread. */
struct dnc_viewer *dnc_viewer_new(const struct dnc_view *view, const struct dnc_filter *filter);
void dnc_viewer_free(struct dnc_viewer *v);

/* True when the view shows the canonical event LINE and the filter matches it; SHOWN is what may be seen
 * of it, LINE itself or valid until the next call. DNC_JSON_PADDING readable bytes follow LINE. */
bool dnc_viewer_look(struct dnc_viewer *v, struct dnc_str line, struct dnc_str *shown);

/* The same of an event that was taken apart: PLAIN as it is, MASKED as whoever may not see numbers gets
 * it (only looked at when VIEW is masked; NULL is not shown). */
bool dnc_view_shows(const struct dnc_view *view, const struct dnc_filter *filter,
	const struct dnc_event *plain, const struct dnc_event *masked);
