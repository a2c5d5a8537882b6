#include "tail.h"
#include <errno.h>
#include <signal.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/escape.h"
#include "pretty.h"

/* With so much in memory nothing is read from the hub, until half of it is gone. */
enum { HOLD_BYTES = 1 << 20 };
/* The shortest time between two writes of the position, and between two questions what the reader has taken (also at
 * the end). */
enum { WRITE_MS = 250, ASK_MS = 100, ASK_LAST_MS = 10 };

int tail_event(void *ctx, struct dnc_str text, const char *epoch, uint64_t seq)
{
	struct tail *t = ctx;
	struct dnc_event event;

	dnc_buf_clear(&t->line);
	if (!t->options.json && dnc_event_parse(t->reader, text.p, text.n, &event) == 0)
		pretty_event(&t->line, &event, t->options.color);
	else if (!t->options.json || t->options.terminal)
		dnc_escape(&t->line, text, DNC_ESCAPE_JSON);
	if (!dnc_buf_ok(&t->line)) {
		t->failed = true;
		return dnc_error_nomem(&t->err);
	}
	if (t->line.n)
		text = dnc_buf_view(&t->line);
	t->sink->acts->add(t->sink, text);
	if (t->options.state)
		marks_add(&t->marks, t->sink->added, epoch, seq);
	return ++t->count >= t->options.max_count ? -1 : 0;
}

static void write_position(struct tail *t)
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

void tail_passed(void *ctx, const char *epoch, uint64_t seq)
{
	struct tail *t = ctx;
	bool first = !t->marks.any;

	if (!t->options.state)
		return;
	marks_add(&t->marks, t->sink->added, epoch, seq);
	if (marks_taken(&t->marks, t->sink->taken))
		t->dirty = true;
	if (first && t->dirty && !t->failed)
		write_position(t);
}

void tail_read_state(struct tail *t)
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

/* Only to make the loop turn. */
static void on_again(uv_timer_t *timer)
{
	(void)timer;
}

void tail_stop(struct tail *t)
{
	if (!t->stop_ms)
		t->stop_ms = dnc_clock_mono_ms();
	t->last = true;
}

static void update_position(struct tail *t)
{
	if (marks_taken(&t->marks, t->sink->taken))
		t->dirty = true;
	if (t->dirty && dnc_clock_mono_ms() - t->written_ms >= WRITE_MS)
		write_position(t);
}

/* True if there is a reader to wait for, after the last event. */
static bool must_wait(struct tail *t)
{
	struct sink *sink = t->sink;

	if (t->failed || sink->gone)
		return false;
	if (t->stop_ms)
		return sink->acts->stopping(sink) &&
		       dnc_clock_mono_ms() - t->stop_ms < t->options.grace_ms;
	return sink->waiting || (t->options.state && sink->taken < sink->added);
}

bool tail_turn(struct tail *t)
{
	struct sink *sink = t->sink;

	if (stream_ended(t->stream, &t->rc))
		t->last = true;
	if (!t->failed && sink->acts->push(sink, t->last, &t->err) < 0)
		t->failed = true;
	if (t->options.state && !t->failed)
		update_position(t);
	if (t->failed || sink->gone || (t->last && !must_wait(t)))
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

enum dnc_exit tail_finish(struct tail *t)
{
	bool left_over;

	t->gone = t->sink->gone;
	stream_close(t->stream);
	if (t->options.state) {
		t->written_ms = INT64_MIN / 2;
		update_position(t);
	}
	left_over = !t->sink->acts->close(t->sink);
	return exit_code(t, left_over);
}
