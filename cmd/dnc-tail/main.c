/* dnc-tail - prints the live stream, or gives it to a command. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include "base/clock.h"
#include "marks.h"
#include "options.h"
#include "pretty.h"
#include "sink.h"
#include "state.h"
#include "stream.h"

/* With so much in memory the hub has to wait, until half of it is gone. */
enum { HOLD_BYTES = 1 << 20 };
/* The place is written no more often, what the reader took is asked no more often (also at the end). */
enum { WRITE_MS = 250, ASK_MS = 100, ASK_LAST_MS = 10 };

struct tail {
	struct options options;
	uv_loop_t loop;
	uv_async_t stop;
	uv_timer_t again; /* the next turn at the latest */
	uv_prepare_t turn;
	struct stream *stream;
	struct sink *sink;
	struct dnc_event_reader *reader;
	struct dnc_buf line;
	struct state_file state;
	struct place start; /* from the state file */
	struct marks marks;
	bool dirty; /* the state file does not know marks.safe yet */
	int64_t written_ms, stop_ms;
	uint64_t count;
	enum dnc_exit rc;
	bool held;   /* the hub waits */
	bool last;   /* no more events will come */
	bool gone;   /* nobody reads standard output */
	bool failed; /* for the reason in err */
	struct dnc_error err;
};

static int on_event(void *ctx, struct dnc_str text, const char *epoch, uint64_t seq)
{
	struct tail *t = ctx;
	struct dnc_event event;

	if (!t->options.json && dnc_event_parse(t->reader, text.p, text.n, &event) == 0) {
		dnc_buf_clear(&t->line);
		pretty_event(&t->line, &event, t->options.color);
		text = dnc_buf_view(&t->line);
	}
	t->sink->acts->add(t->sink, text);
	if (t->options.state)
		marks_add(&t->marks, t->sink->added, epoch, seq);
	return ++t->count >= t->options.max_count ? -1 : 0;
}

static void write_place(struct tail *t)
{
	struct dnc_error err;

	if (t->sink->acts->sync(t->sink, &err) == 0 &&
		state_write(&t->state, &t->marks.safe, &err) == 0) {
		t->dirty = false;
		t->written_ms = dnc_clock_mono_ms();
		return;
	}
	if (!t->failed)
		t->err = err;
	t->failed = true;
}

/* The first time, this finds a state file that can't be written before an event is printed. */
static void on_passed(void *ctx, const char *epoch, uint64_t seq)
{
	struct tail *t = ctx;
	bool first = !t->marks.any;

	if (!t->options.state)
		return;
	marks_add(&t->marks, t->sink->added, epoch, seq);
	if (marks_taken(&t->marks, t->sink->taken))
		t->dirty = true;
	if (first && t->dirty && !t->failed)
		write_place(t);
}

/* A state file stands before --since and --lines. */
static void go_on_from_state(struct tail *t)
{
	struct dnc_error err;
	int rc;

	if (!t->options.state)
		return;
	if (state_open(&t->state, t->options.state, &err) < 0 ||
		(rc = state_read(&t->state, &t->start, &err)) < 0)
		dnc_cli_die(err.code == ENOENT ? DNC_EXIT_IO : dnc_cli_exit_code(err.code), "%s",
			err.message);
	if (rc == 0)
		t->options.start = (struct start){.from = START_SINCE,
			.seq = t->start.seq,
			.epoch = t->start.epoch,
			.known = true};
}

/* Only to have the loop turn. */
static void on_again(uv_timer_t *timer)
{
	(void)timer;
}

static void on_stop(uv_async_t *async)
{
	struct tail *t = async->data;

	if (!t->stop_ms)
		t->stop_ms = dnc_clock_mono_ms();
	t->last = true;
}

static uv_async_t *stop_async;

/* In the signal handler: uv_async_send() is safe there. */
static void ask_to_stop(void *ctx)
{
	(void)ctx;
	uv_async_send(stop_async);
}

static void remember(struct tail *t)
{
	if (marks_taken(&t->marks, t->sink->taken))
		t->dirty = true;
	if (t->dirty && dnc_clock_mono_ms() - t->written_ms >= WRITE_MS)
		write_place(t);
}

/* Is there somebody to wait for, now that no more events come? */
static bool waits(struct tail *t)
{
	struct sink *sink = t->sink;

	if (t->failed || sink->gone)
		return false;
	if (t->stop_ms)
		return sink->acts->stopping(sink) &&
		       dnc_clock_mono_ms() - t->stop_ms < t->options.grace_ms;
	return sink->waiting || (t->options.state && sink->taken < sink->added);
}

/* Before each wait of the loop. False at the end. */
static bool turn(struct tail *t)
{
	struct sink *sink = t->sink;

	if (stream_ended(t->stream, &t->rc))
		t->last = true;
	if (!t->failed && sink->acts->push(sink, t->last, &t->err) < 0)
		t->failed = true;
	if (t->options.state && !t->failed)
		remember(t);
	if (t->failed || sink->gone || (t->last && !waits(t)))
		return false;
	t->held = sink->waiting >= (t->held ? HOLD_BYTES / 2 : HOLD_BYTES);
	if (t->last)
		stream_close(t->stream);
	else
		stream_hold(t->stream, t->held);
	if (t->dirty || sink->ask || t->stop_ms)
		uv_timer_start(&t->again, on_again, t->last ? ASK_LAST_MS : ASK_MS, 0);
	return true;
}

/* After the timers that were due and before the wait, so that what they have found is acted on first: with turns behind
 * uv_run(UV_RUN_ONCE) a timer that was due at its start left nothing to end the wait. */
static void on_turn(uv_prepare_t *prepare)
{
	struct tail *t = prepare->data;

	if (!turn(t))
		uv_stop(&t->loop);
}

static enum dnc_exit exit_code(const struct tail *t, bool left_over)
{
	if (t->failed) {
		dnc_err("%s", t->err.message);
		return DNC_EXIT_IO;
	}
	if (dnc_cli_stopped_by() && isatty(STDERR_FILENO))
		dnc_note("%llu events", (unsigned long long)t->count);
	if (dnc_cli_stopped_by() == SIGINT)
		return DNC_EXIT_INTERRUPTED;
	if (left_over && t->rc == DNC_EXIT_OK)
		return DNC_EXIT_TEMPFAIL;
	return t->rc == DNC_EXIT_OK && t->options.no_follow && !t->count ? DNC_EXIT_SOME : t->rc;
}

/* The last place, and what is left over. */
static enum dnc_exit finish(struct tail *t)
{
	bool left_over;

	t->gone = t->sink->gone;
	stream_close(t->stream);
	if (t->options.state) {
		t->written_ms = INT64_MIN / 2;
		remember(t);
	}
	left_over = !t->sink->acts->close(t->sink);
	return exit_code(t, left_over);
}

static void open_loop(struct tail *t)
{
	if (uv_loop_init(&t->loop) != 0 || uv_async_init(&t->loop, &t->stop, on_stop) != 0)
		dnc_cli_die_nomem();
	t->stop.data = t;
	uv_timer_init(&t->loop, &t->again);
	uv_prepare_init(&t->loop, &t->turn);
	t->turn.data = t;
	stop_async = &t->stop;
}

static void close_loop(struct tail *t)
{
	uv_close((uv_handle_t *)&t->stop, NULL);
	uv_close((uv_handle_t *)&t->again, NULL);
	uv_close((uv_handle_t *)&t->turn, NULL);
	/* A command that still runs keeps the loop alive. */
	for (int i = 0; i < 100 && uv_run(&t->loop, UV_RUN_NOWAIT); i++)
		;
	stream_free(t->stream);
	uv_loop_close(&t->loop);
}

static void open_sink(struct tail *t)
{
	if (t->options.exec)
		t->sink =
			command_new(&t->loop, t->options.exec, t->options.batch, t->options.state);
	else if (printer_open(&t->sink, &t->loop, t->options.state, &t->err) < 0)
		dnc_cli_die(DNC_EXIT_IO, "%s", t->err.message);
	if (!t->sink)
		dnc_cli_die_nomem();
}

/* A descriptor that was closed would be given to a connection or a file, and written to. */
static void fill_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", O_RDONLY);
}

/* As programs end whose reader has left. */
static void end_by_sigpipe(void)
{
	signal(SIGPIPE, SIG_DFL);
	raise(SIGPIPE);
}

int main(int argc, char **argv)
{
	static struct tail t;
	const struct stream_events events = {on_event, on_passed, &t};
	struct dnc_buf json = {0};
	enum dnc_exit rc;

	fill_standard_descriptors();
	options_read(&t.options, argc, argv);
	dnc_cli_filter_json(&t.options.filter, &json);
	dnc_filter_unref(dnc_cli_filter_compile(&json)); /* a bad pattern is shown here and now */
	go_on_from_state(&t);
	t.reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	open_loop(&t);
	open_sink(&t);
	dnc_cli_on_stop(ask_to_stop, NULL);
	t.stream = stream_new(&t.loop, &t.options, dnc_buf_view(&json), &events);
	if (!t.reader || !t.stream)
		dnc_cli_die_nomem();
	uv_prepare_start(&t.turn, on_turn);
	uv_run(&t.loop, UV_RUN_DEFAULT);
	uv_prepare_stop(&t.turn);
	rc = finish(&t);
	if (t.gone && !t.failed)
		end_by_sigpipe();
	close_loop(&t);
	state_close(&t.state);
	dnc_event_reader_free(t.reader);
	dnc_buf_free(&t.line);
	dnc_buf_free(&json);
	dnc_cli_filter_free(&t.options.filter);
	return (int)rc;
}
