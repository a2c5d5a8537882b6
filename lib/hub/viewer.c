#include "viewer.h"
#include <stdlib.h>
#include "base/clock.h"
#include "priv/view.h"

struct dnc_viewer {
	struct dnc_view view;
	const struct dnc_filter *filter, *sees;
	struct dnc_masking masking;
	struct dnc_event_reader *reader, *masked_reader;
	struct dnc_buf masked;
	bool no_memory; /* for an event, since dnc_viewer_end() */
	int64_t work_ns;
};

struct dnc_viewer *dnc_viewer_new(const struct dnc_view *view, const struct dnc_filter *filter,
	const struct dnc_journal *journal)
{
	struct dnc_viewer *v = calloc(1, sizeof *v);

	if (!v)
		return NULL;
	v->view = *view;
	v->view.sees = v->sees = dnc_filter_ref(view->sees);
	v->masking = (struct dnc_masking){dnc_mask_ref(view->mask), dnc_journal_mask_key(journal)};
	v->filter = dnc_filter_ref(filter);
	v->reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	v->masked_reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	if (v->reader && v->masked_reader)
		return v;
	dnc_viewer_free(v);
	return NULL;
}

void dnc_viewer_free(struct dnc_viewer *v)
{
	if (!v)
		return;
	dnc_event_reader_free(v->reader);
	dnc_event_reader_free(v->masked_reader);
	dnc_buf_free(&v->masked);
	dnc_filter_unref(v->filter);
	dnc_filter_unref(v->sees);
	dnc_mask_unref(v->masking.mask);
	free(v);
}

static int show_timed(
	struct dnc_viewer *v, const struct dnc_event *plain, const struct dnc_event *shown)
{
	int64_t start = dnc_clock_mono_ns();
	int shows = view_shows(&v->view, v->filter, plain, shown);

	v->work_ns += dnc_clock_mono_ns() - start;
	return shows;
}

int dnc_viewer_look(struct dnc_viewer *v, struct dnc_str line, struct dnc_str *shown)
{
	struct dnc_event plain, masked;
	const struct dnc_event *as_shown = &plain;
	int shows;

	/* A line that is not a canonical event is shown in no view. */
	if (dnc_event_parse(v->reader, line.p, line.n, &plain) < 0) {
		v->no_memory |= dnc_event_reader_no_memory(v->reader);
		return 0;
	}
	*shown = line;
	if (v->view.rendering & DNC_MASKED) {
		dnc_buf_clear(&v->masked);
		if (dnc_event_mask(v->masked_reader, &v->masked, &plain, &v->masking, &masked) <
			0) {
			v->no_memory = true;
			return 0;
		}
		as_shown = &masked;
		*shown = masked.line;
	}
	shows = dnc_filter_costly(v->filter) ? show_timed(v, &plain, as_shown)
	                                     : view_shows(&v->view, v->filter, &plain, as_shown);
	v->no_memory |= shows == DNC_MATCH_NO_MEMORY;
	return shows == DNC_MATCH_NO_MEMORY ? 0 : shows;
}

int64_t dnc_viewer_work_ns(struct dnc_viewer *v)
{
	int64_t ns = v->work_ns;

	v->work_ns = 0;
	return ns;
}

int dnc_viewer_end(struct dnc_viewer *v, struct dnc_error *err)
{
	bool failed = v->no_memory;

	v->no_memory = false;
	return failed ? dnc_error_nomem(err) : 0;
}
