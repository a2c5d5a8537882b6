/* dnc-filter - passes on the events that match. */
#include <signal.h>
#include <stdio.h>
#include "cases.h"
#include "metrics.h"
#include "pass.h"
#include "ruling.h"

static volatile sig_atomic_t stats_asked, reload_asked;
static struct pass pass; /* for the signal handler */
static struct metrics *metrics;

/* These are asked also while the rules are loaded, when there is no input yet: then it is done when the program runs. */
static void wake_input(const struct pass *p)
{
	if (p->stage.input)
		dnc_input_wake(p->stage.input);
}

static void ask_stats(void *ctx)
{
	stats_asked = 1;
	wake_input(ctx);
}

/* In another thread: on_idle() is called soon. */
static void wake(void *ctx)
{
	struct pass *p = ctx;

	wake_input(p);
}

/* Between two lines. */
static void ask_reload(void *ctx)
{
	struct pass *p = ctx;

	reload_asked = 1;
	dnc_rejects_ask_reopen(&p->stage.rejects);
	wake_input(p);
}

static void reload(struct pass *p)
{
	reload_asked = 0;
	p->rules = ruling_reload(&p->options, p->rules, &p->routing, &p->absence);
	routing_reopen(&p->routing);
}

/* Producers that send without a pause leave no idle moment. */
static int on_line(void *ctx, struct dnc_stream *s, const struct dnc_line *line)
{
	if (reload_asked)
		reload(ctx);
	return pass_line(ctx, s, line);
}

static int on_idle(void *ctx)
{
	struct pass *p = ctx;

	if (stats_asked) {
		stats_asked = 0;
		pass_stats(p);
	}
	if (reload_asked)
		reload(p);
	metrics_answer(metrics, p->rules, p->stage.out);
	if (absence_turn(&p->absence) < 0 || program_drain(&p->program) < 0 ||
		routing_flush(&p->routing, &p->err) < 0 ||
		dnc_outlet_flush(p->stage.out, &p->err) < 0)
		return -1;
	absence_keep(&p->absence);
	return 0;
}

/* Also while there are always lines to read. */
static void on_woken(void *ctx)
{
	struct pass *p = ctx;

	if (absence_turn(&p->absence) == 0)
		absence_keep(&p->absence);
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
	routing_report(&p->routing);
	if (absence_end(&p->absence) < 0 && !rc)
		rc = DNC_EXIT_IO;
	if (!rc)
		dnc_stage_report(&p->stage);
	if (p->options.stats && (!rc || rc == DNC_EXIT_TEMPFAIL))
		pass_stats(p);
	if (rc)
		return rc;
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

/* Reads what the options name; ends the program if that is all, or if something is wrong. */
static void start(struct pass *p)
{
	struct dnc_buf json = {0};

	dnc_filter_draft_json(&p->options.filter, &json);
	p->filter = dnc_cli_filter_compile(&json);
	dnc_buf_free(&json);
	p->rules = ruling_load(&p->options);
	program_start(&p->program, &p->options, &p->stage, &p->err);
	p->reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	if (!p->reader)
		dnc_cli_die_nomem();
}

static void end(struct pass *p)
{
	dnc_event_reader_free(p->reader);
	dnc_filter_unref(p->filter);
	dnc_rules_free(p->rules);
	program_finish(&p->program);
	dnc_filter_draft_free(&p->options.filter);
}

int main(int argc, char **argv)
{
	const struct dnc_input_events events = {.line = on_line,
		.close = on_close,
		.idle = on_idle,
		.woken = on_woken,
		.ctx = &pass};
	int rc = 0;

	options_read(&pass.options, argc, argv);
	/* Also without --stats: who asks must not end a service. */
	dnc_cli_on_user(ask_stats, &pass);
	if (pass.options.rules && !pass.options.check && !pass.options.test)
		dnc_cli_on_hangup(ask_reload, &pass);
	start(&pass);
	if (pass.options.test) {
		rc = cases_run(pass.rules, pass.options.test);
	} else if (!pass.options.check) {
		routing_open(&pass.routing, pass.rules, &pass.options);
		pass.options.stage.routes = pass.routing.routes;
		pass.absence = (struct absence){.rules = pass.rules,
			.stage = &pass.stage,
			.write = pass_made,
			.drain = pass_drain,
			.ctx = &pass};
		absence_start(&pass.absence, &pass.options);
		dnc_stage_open(&pass.stage, &pass.options.stage, DNC_EVENT_MAX_BYTES, &events);
		dnc_cli_progress_start(&pass.progress, dnc_cli_quiet());
		metrics = metrics_open(pass.options.metrics, wake, &pass);
		rc = finish(&pass, dnc_input_run(pass.stage.input));
		if (metrics_close(metrics, pass.rules, pass.stage.out) < 0 &&
			(!rc || rc == DNC_EXIT_SOME))
			rc = DNC_EXIT_IO;
		dnc_stage_close(&pass.stage);
		routing_close(&pass.routing);
	}
	end(&pass);
	return rc;
}
