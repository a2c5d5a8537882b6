#include "priv/view.h"

int view_shows(const struct dnc_view *view, const struct dnc_filter *filter,
	const struct dnc_event *plain, const struct dnc_event *shown)
{
	int sees;

	if (!shown)
		return DNC_MATCH_NO_MEMORY;
	if (!(view->types & 1u << shown->type))
		return 0;
	sees = view->sees ? dnc_filter_match(view->sees, plain) : 1;
	return sees > 0 ? dnc_filter_match(filter, shown) : sees;
}
