#include "watched.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/escape.h"
#include "base/words.h"
#include "outcome.h"

/* The reason names the file. */
__attribute__((format(printf, 2, 3))) static enum fate fail_file(
	struct watch *w, const char *fmt, ...)
{
	char text[REASON_BYTES];
	va_list ap;

	va_start(ap, fmt);
	dnc_error_format(text, sizeof text, fmt, ap);
	va_end(ap);
	dnc_escape_into(w->reason, sizeof w->reason - 1, dnc_str(text), DNC_ESCAPE_TEXT);
	return FATE_FAILED;
}

void watched_refuse(struct watch *w)
{
	const struct options *o = &w->in->options;
	const struct dnc_arrival *f = &w->file;
	int64_t age_ms = dnc_clock_now_ms() -
	                 (f->st.st_mtim.tv_sec * 1000 + f->st.st_mtim.tv_nsec / 1000000);

	w->outdated = o->watch_max_age_ms && age_ms > o->watch_max_age_ms;
	if (w->in->hold_changes && gap_is_list(w->in))
		outcome_refuse(
			w->in, DNC_EXIT_TEMPFAIL, "%s is a change list, which must wait", w->path);
	else if (f->fd < 0)
		outcome_refuse(
			w->in, DNC_EXIT_IO, "unable to open %s: %s", w->path, strerror(f->code));
	else if (o->watch_max_size && (uint64_t)f->st.st_size > o->watch_max_size)
		outcome_refuse(w->in, DNC_EXIT_IO,
			"%s has %llu bytes, more than --watch-max-size allows", w->path,
			(unsigned long long)f->st.st_size);
	else if (w->outdated)
		outcome_refuse(w->in, DNC_EXIT_IO,
			"%s was last modified %lld s ago, longer than --watch-max-age allows",
			w->path, (long long)(age_ms / 1000));
}

static enum fate hold(struct watch *w)
{
	if (!gap_holds(&w->gap, w->file.name)) {
		dnc_note(
			"%s is a change list, and waits for %s, which came before it and is not complete yet",
			w->path, w->file.before);
		return FATE_BEHIND;
	}
	w->held++;
	if (!gap_is_named(&w->gap))
		dnc_err("%s is a change list, and waits for one that has failed, whose name is not known, because "
			"%s is empty: remove that once the list is published, or to go on without it",
			w->path, w->gap.path);
	else
		dnc_err("%s is a change list, and waits for %s, which has failed: move that back once it is correct, or "
			"remove %s to go on without it",
			w->path, w->gap.name, w->gap.path);
	return FATE_HELD;
}

enum fate watched_judge(struct watch *w)
{
	const struct ingest *in = w->in;
	unsigned long long accepted = in->accepted, rejected = in->stage.rejects.count,
			   later = outcome_events(in).rejected;
	char text[CHECK_TEXT_BYTES], rest[OUTCOME_REST_BYTES];

	if (in->hold_changes && gap_is_list(in))
		return hold(w);
	w->rejected += rejected + later;
	w->later = later;
	/* A program may write the header of a file first and its rows later. */
	if (!accepted && !rejected && !in->tally.no_events && !in->refused && !in->stage.failed &&
		!w->file.settled)
		return FATE_LATER;
	if (in->stage.failed && (in->broken || in->refused)) /* it is not the reason */
		dnc_err("%s", in->stage.why.message);
	if (in->broken)
		return fail_file(w, "%s: %s", w->path, check_explain(in, text));
	if (in->refused || in->stage.failed)
		return fail_file(w, "%s%s", in->refused ? in->refusal : in->stage.why.message,
			outcome_rest(in, rest));
	if (!accepted && rejected)
		return fail_file(w,
			"%s: no record became an event: %s%llu %s rejected; see the rejects "
			"and --format",
			w->path, dnc_plural(rejected, "", "all "), rejected,
			dnc_plural(rejected, "was", "were"));
	if (accepted && later >= accepted)
		return fail_file(w, "%s: a later stage rejected %s%llu %s: see its rejects",
			w->path, dnc_plural(accepted, "its ", "all "), accepted,
			dnc_plural(accepted, "event", "events"));
	return FATE_DONE;
}
