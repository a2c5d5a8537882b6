/* ftc.h - the events of the National Registry's lists. */
#pragma once
#include "record.h"

/* The event of a number of ten digits on the full list. */
enum dnc_source_result ftc_full_event(struct dnc_source *s, struct dnc_str number);

/* The event of a change at MS (since 1970): ADDED to the list, or deleted. */
enum dnc_source_result ftc_change_event(
	struct dnc_source *s, struct dnc_str number, int64_t ms, bool added);

/* True for a header above a list, which some downloads have: it has no digit. Asked about each line; true for the first one
 * of a stream only. */
bool ftc_is_header(struct dnc_source *s, struct dnc_str line);
