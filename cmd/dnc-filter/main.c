/* dnc-filter - passes on the events that match. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include "cli/stage.h"
#include "event/event.h"
#include "options.h"
#include "program.h"

struct pass {
	struct options options;
	struct dnc_event_reader *reader;
	const struct dnc_filter *filter;
	struct program program;
	struct dnc_stage stage;
	struct dnc_cli_progress progress;
	uint64_t matched;
	struct dnc_error err; /* why the run ended early */
	bool enough;
};

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

static int on_idle(void *ctx)
{
	struct pass *p = ctx;

	return program_drain(&p->program) < 0 ? -1 : dnc_outlet_flush(p->stage.out, &p->err);
}

static int on_line(void *ctx, struct dnc_stream *s, const struct dnc_line *line)
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
	if (line->too_long || read_event(p, line->text, &event, &err) < 0) {
		if (err.code == DNC_ERROR_NO_MEMORY)
			return dnc_error_nomem(&p->err);
		if (program_drain(&p->program) < 0)
			return -1;
		return dnc_stage_reject(&p->stage, s, line->number, 0, line->text, &err, &p->err);
	}
	matches = dnc_filter_match(p->filter, &event);
	if (matches < 0)
		return dnc_error_nomem(&p->err);
	if (dnc_filter_over_budget(p->filter)) {
		if (on_idle(p) < 0)
			return -1;
		return dnc_error_set(&p->err, EINVAL,
			"%s:%llu: a pattern of --phone takes too much work on this number; "
			"simplify the pattern",
			s->name, (unsigned long long)line->number);
	}
	if (matches == p->options.invert) {
		s->dropped_releases += event.type == DNC_NUMBER_RELEASED;
		s->dropped_others +=
			event.type != DNC_NUMBER_RELEASED && event.type != DNC_NUMBER_SUPPRESSED;
		return 0;
	}
	p->matched++;
	if (hand_on(p, s, line, event.line) < 0)
		return -1;
	if (p->matched < p->options.max_count)
		return 0;
	p->enough = program_drain(&p->program) == 0;
	return -1;
}

static int on_close(void *ctx, struct dnc_stream *s)
{
	struct pass *p = ctx;

	(void)s;
	return program_drain(&p->program);
}

static int finish(struct pass *p, int rc)
{
	char count[24];

	dnc_cli_progress_end(&p->progress);
	if (p->enough)
		rc = 0;
	if (rc == 0 && p->options.count)
		rc = dnc_outlet_line(p->stage.out, count,
			(size_t)snprintf(
				count, sizeof count, "%llu", (unsigned long long)p->matched),
			&p->err);
	rc = dnc_stage_finish(&p->stage, rc, &p->err);
	if (rc)
		return rc;
	dnc_stage_report(&p->stage);
	if (p->stage.failed)
		return DNC_EXIT_IO;
	if (dnc_cli_stopped_by() == SIGINT)
		return DNC_EXIT_INTERRUPTED;
	if (dnc_cli_stopped_by() && dnc_input_cut_files(p->stage.input)) {
		dnc_err("stopped before the end of the input; the %llu events that matched before are "
			"written",
			(unsigned long long)p->matched);
		return DNC_EXIT_TEMPFAIL;
	}
	if (p->options.strict && dnc_stage_rejected(&p->stage))
		return DNC_EXIT_SOME;
	/* Nothing but failures: a wrong program. For a service this is not an error. */
	if (p->program.refused && p->program.refused == p->matched && !p->program.results &&
		!p->options.stage.input_count) {
		dnc_err("--jq: the program failed on every matching event; see the rejects");
		return DNC_EXIT_SOME;
	}
	return p->matched ? DNC_EXIT_OK : DNC_EXIT_SOME;
}

int main(int argc, char **argv)
{
	static struct pass p;
	const struct dnc_input_events events = {
		.line = on_line, .close = on_close, .idle = on_idle, .ctx = &p};
	struct dnc_buf json = {0};
	int rc;

	options_read(&p.options, argc, argv);
	dnc_cli_filter_json(&p.options.filter, &json);
	p.filter = dnc_cli_filter_compile(&json);
	program_start(&p.program, &p.options, &p.stage, &p.err);
	p.reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	if (!p.reader)
		dnc_cli_die_nomem();
	dnc_stage_open(&p.stage, &p.options.stage, DNC_EVENT_MAX_BYTES, &events);
	dnc_cli_progress_start(&p.progress, dnc_cli_quiet());
	rc = finish(&p, dnc_input_run(p.stage.input));
	dnc_stage_close(&p.stage);
	dnc_event_reader_free(p.reader);
	dnc_filter_unref(p.filter);
	program_finish(&p.program);
	dnc_cli_filter_free(&p.options.filter);
	dnc_buf_free(&json);
	return rc;
}
