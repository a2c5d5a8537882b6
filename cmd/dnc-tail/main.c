/* dnc-tail - prints the live stream. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include "base/output.h"
#include "options.h"
#include "pretty.h"
#include "state.h"
#include "stream.h"

struct tail {
	struct options options;
	struct dnc_output out;
	struct dnc_event_reader *reader;
	struct dnc_buf line;
	struct dnc_error err;
	struct state place; /* behind the last event that was handed on */
	uint64_t count;
	bool failed, moved; /* moved: the state file does not know the place yet */
};

static int on_event(void *ctx, struct dnc_str text, const char *epoch, uint64_t seq)
{
	struct tail *t = ctx;
	struct dnc_event event;

	if (!t->options.json && dnc_event_view(t->reader, text.p, text.n, &event) == 0) {
		dnc_buf_clear(&t->line);
		pretty_event(&t->line, &event, t->options.color);
		text = dnc_buf_view(&t->line);
	}
	t->failed = dnc_output_line(&t->out, text.p, text.n, &t->err) < 0;
	t->count++;
	snprintf(t->place.epoch, sizeof t->place.epoch, "%s", epoch);
	t->place.seq = seq;
	t->moved = true;
	return t->failed || t->count >= t->options.max_count ? -1 : 0;
}

static int on_idle(void *ctx)
{
	struct tail *t = ctx;

	t->failed = t->failed || dnc_output_flush(&t->out, &t->err) < 0;
	if (!t->failed && t->moved && t->options.state)
		t->failed = state_write(t->options.state, &t->place, &t->err) < 0;
	t->moved = false;
	return t->failed ? -1 : 0;
}

/* A state file stands before --since and --lines. */
static void go_on_from_state(struct tail *t)
{
	struct dnc_error err;
	int rc = t->options.state ? state_read(t->options.state, &t->place, &err) : 1;

	if (rc < 0)
		dnc_cli_die_io(&err);
	if (rc == 0)
		t->options.start = (struct start){
			.from = START_SINCE, .seq = t->place.seq, .epoch = t->place.epoch};
}

static void stop(void *ctx)
{
	(void)ctx;
	stream_stop();
}

static enum dnc_exit finish(struct tail *t, enum dnc_exit rc)
{
	on_idle(t);
	if (t->failed) {
		dnc_err("%s", t->err.message);
		return DNC_EXIT_IO;
	}
	if (dnc_cli_stopped_by() && isatty(STDERR_FILENO))
		dnc_note("%llu events", (unsigned long long)t->count);
	if (dnc_cli_stopped_by() == SIGINT)
		return DNC_EXIT_INTERRUPTED;
	return rc == DNC_EXIT_OK && t->options.no_follow && !t->count ? DNC_EXIT_SOME : rc;
}

int main(int argc, char **argv)
{
	static struct tail t;
	const struct stream_events events = {on_event, on_idle, &t};
	struct dnc_buf json = {0};
	enum dnc_exit rc;

	options_read(&t.options, argc, argv);
	dnc_cli_filter_json(&t.options.filter, &json);
	dnc_filter_free(dnc_cli_filter_compile(&json)); /* a bad pattern is shown here and now */
	go_on_from_state(&t);
	t.reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	if (!t.reader)
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "out of memory");
	dnc_output_init(&t.out, STDOUT_FILENO, "standard output");
	dnc_cli_on_stop(stop, NULL);
	rc = finish(&t, stream_run(&t.options, dnc_buf_view(&json), &events));
	dnc_event_reader_free(t.reader);
	dnc_output_finish(&t.out);
	dnc_buf_free(&t.line);
	dnc_buf_free(&json);
	dnc_cli_filter_free(&t.options.filter);
	return (int)rc;
}
