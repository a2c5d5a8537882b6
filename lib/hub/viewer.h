/* viewer.h - one event of the log at a time, as a view shows it. */
#pragma once
#include "hub.h"

struct dnc_viewer;

/* Holds FILTER, and what VIEW sees and its mask; VIEW itself is copied. JOURNAL, which must outlive it, has the key of
 * masked ids. To be freed with dnc_viewer_free(); NULL when there is no
 * memory. For one thread at a time. */
struct dnc_viewer *dnc_viewer_new(const struct dnc_view *view, const struct dnc_filter *filter,
	const struct dnc_journal *journal);

/* NULL is allowed. */
void dnc_viewer_free(struct dnc_viewer *v);

/* Returns 1 when the view shows the canonical event LINE and the filter matches it, 0 when not, and DNC_MATCH_TOO_COSTLY
 * when that can't be told. SHOWN is what may be seen of it when it is 1: LINE
 * itself, or text that is valid until the next call. DNC_JSON_PADDING readable bytes follow LINE. 0 also without
 * memory: dnc_viewer_end() tells. */
int dnc_viewer_look(struct dnc_viewer *v, struct dnc_str line, struct dnc_str *shown);

/* Returns the time that costly filters (dnc_filter_costly()) have taken since the last call of this, in nanoseconds. */
int64_t dnc_viewer_work_ns(struct dnc_viewer *v);

/* Ends a pass over events, of which each was looked at. -1 with ERR if there was no memory for one of them since the
 * last call of this: it was hidden though it may have to be shown, so what was found is worth nothing. */
int dnc_viewer_end(struct dnc_viewer *v, struct dnc_error *err);
