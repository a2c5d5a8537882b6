#include "priv/view.h"

bool view_shows(const struct dnc_view *view, const struct dnc_filter *filter,
	const struct dnc_event *plain, const struct dnc_event *masked)
{
	const struct dnc_event *shown = view->rendering & DNC_MASKED ? masked : plain;

	return shown && view->types & 1u << shown->type &&
	       (!view->sees || dnc_filter_match(view->sees, plain)) &&
	       dnc_filter_match(filter, shown);
}
