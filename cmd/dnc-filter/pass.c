#include "pass.h"
#include <errno.h>
#include <stdio.h>
#include "event/event.h"
#include "ruling.h"

static int hand_on(
	struct pass *p, struct dnc_stream *s, const struct dnc_line *line, struct dnc_str event)
{
	if (p->options.count)
		return 0;
	if (!p->program.mapper)
		return dnc_outlet_line(p->stage.out, event.p, event.n, &p->err);
	return program_add(&p->program, s, line, event) < 0 ? -1 : program_settle(&p->program);
}

/* Parses a canonical line; any other is normalized first. */
static int read_event(
	struct pass *p, struct dnc_str text, struct dnc_event *event, struct dnc_error *err)
{
	if (dnc_event_parse(p->reader, text.p, text.n, event) == 0)
		return 0;
	if (dnc_event_reader_no_memory(p->reader))
		return dnc_error_nomem(err); /* normalizing would remove the `seq` */
	return dnc_event_normalize(p->reader, text.p, text.n, event, err);
}

/* The event is not written, on purpose. */
static void drop(struct dnc_stream *s, const struct dnc_event *event)
{
	s->dropped_releases += event->type == DNC_NUMBER_RELEASED;
	s->dropped_others +=
		event->type != DNC_NUMBER_RELEASED && event->type != DNC_NUMBER_SUPPRESSED;
}

static int reject(struct pass *p, struct dnc_stream *s, const struct dnc_line *line,
	const struct dnc_error *why)
{
	if (why->code == DNC_ERROR_NO_MEMORY)
		return dnc_error_nomem(&p->err);
	if (program_drain(&p->program) < 0)
		return -1;
	return dnc_stage_reject(&p->stage, s, line->number, 0, line->text, why, &p->err);
}

/* -1 if it was the last one. */
static int count_match(struct pass *p)
{
	if (++p->matched < p->options.max_count)
		return 0;
	p->enough = program_drain(&p->program) == 0;
	return -1;
}

/* Writes and counts an event that passes. */
static int pass_on(
	struct pass *p, struct dnc_stream *s, const struct dnc_line *line, struct dnc_str event)
{
	return hand_on(p, s, line, event) < 0 ? -1 : count_match(p);
}

/* The event itself, which may be at its routes already. */
static int hand_out(struct pass *p, struct dnc_stream *s, const struct dnc_line *line,
	const struct dnc_event *event, const struct dnc_decision *d)
{
	if (d->verdict == DNC_VERDICT_PASS)
		return pass_on(p, s, line, d->line);
	drop(s, event);
	return d->verdict == DNC_VERDICT_ROUTE ? count_match(p) : 0;
}

/* What rules could not make of the event. It goes on all the same, and its line is not rejected. */
static int tell_unmade(struct pass *p, const struct dnc_stream *s, const struct dnc_line *line,
	const struct dnc_decision *d)
{
	for (size_t i = 0; i < d->unmade_count; i++)
		if (dnc_rejects_add(&p->stage.rejects, s->name, line->number, 0,
			    d->unmade[i].record, &d->unmade[i].why, &p->err) < 0)
			return -1;
	return 0;
}

static int rule(
	struct pass *p, struct dnc_stream *s, const struct dnc_line *line, struct dnc_event *event)
{
	struct dnc_decision d;
	struct dnc_error why;
	int seen = absence_see(&p->absence, event, &why);

	if (seen > 0)
		return reject(p, s, line, &why);
	if (seen < 0) {
		if (!p->absence.failed)
			p->err = why;
		return -1;
	}
	if (dnc_rules_decide(p->rules, event, &d, &why) < 0) {
		if (why.code >= 0 && why.code < DNC_REJECTS)
			return reject(p, s, line, &why);
		p->err = why;
		return -1;
	}
	if (p->options.explain)
		ruling_explain(p->rules, event, &d);
	if (!p->options.count && routing_send(&p->routing, &d, event->id, &p->err) < 0)
		return -1;
	if (hand_out(p, s, line, event, &d) < 0 || tell_unmade(p, s, line, &d) < 0)
		return -1;
	for (size_t i = 0; i < d.made_count; i++)
		if (pass_on(p, s, line, d.made[i]) < 0)
			return -1;
	return 0;
}

int pass_made(void *ctx, struct dnc_str line)
{
	struct pass *p = ctx;

	p->absent.name = "expectations";
	return pass_on(p, &p->absent, &(struct dnc_line){.text = line}, line);
}

int pass_drain(void *ctx)
{
	struct pass *p = ctx;

	return program_drain(&p->program);
}

/* Returns 1 if the event matches the options, 0 if not, -1 if the program ends. */
static int match(struct pass *p, struct dnc_stream *s, const struct dnc_line *line,
	const struct dnc_event *event)
{
	int matches = dnc_filter_match(p->filter, event);

	if (matches < 0)
		return dnc_error_nomem(&p->err);
	if (!dnc_filter_over_budget(p->filter))
		return matches != p->options.invert;
	if (program_drain(&p->program) < 0 || dnc_outlet_flush(p->stage.out, &p->err) < 0)
		return -1;
	return dnc_error_set(&p->err, EINVAL,
		"%s:%llu: a pattern of --phone takes too much work on this number; "
		"simplify the pattern",
		s->name, (unsigned long long)line->number);
}

int pass_line(void *ctx, struct dnc_stream *s, const struct dnc_line *line)
{
	struct pass *p = ctx;
	struct dnc_event event;
	struct dnc_error err;
	int matches;

	dnc_cli_progress(&p->progress, s->read_bytes, s->size_bytes);
	if (dnc_str_trim(line->text).n == 0)
		return 0;
	if (line->too_long)
		dnc_error_set(&err, DNC_REJECT_TOO_LARGE, "the line is longer than %u bytes",
			DNC_EVENT_MAX_BYTES);
	if (line->too_long || read_event(p, line->text, &event, &err) < 0)
		return reject(p, s, line, &err);
	matches = match(p, s, line, &event);
	if (matches < 0)
		return -1;
	if (!matches) {
		drop(s, &event);
		return 0;
	}
	return p->rules ? rule(p, s, line, &event) : pass_on(p, s, line, event.line);
}

void pass_stats(const struct pass *p)
{
	if (!p->rules) {
		fprintf(stderr, "%llu events matched\n", (unsigned long long)p->matched);
		return;
	}
	ruling_stats(p->rules);
	absence_stats(p->rules);
}
