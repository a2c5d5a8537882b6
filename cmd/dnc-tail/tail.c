#include "tail.h"
#include <errno.h>
#include <signal.h>
#include <unistd.h>
#include "base/clock.h"

/* With so much in memory nothing is read from the hub, until half of it is gone. */
enum { HOLD_BYTES = 1 << 20 };
/* The shortest time between two writes of the position, and between two questions what the reader has taken (also at
 * the end). */
enum { WRITE_MS = 250, ASK_MS = 100, ASK_LAST_MS = 10 };

static int fail(struct tail *t, const struct dnc_error *err)
{
	if (!t->failed)
		t->err = *err;
	t->failed = true;
	return -1;
}

int tail_event(void *ctx, struct dnc_str text, const char *epoch, uint64_t seq)
{
	struct tail *t = ctx;
	int rc = output_event(&t->output, text, epoch, seq);

	if (rc > 0)
		return rc;
	if (rc < 0)
		return fail(t, &t->output.err);
	return ++t->count >= t->options.max_count ? -1 : 0;
}

void tail_done(void *ctx, const char *epoch, uint64_t seq)
{
	struct tail *t = ctx;

	if (t->options.state)
		marks_add(&t->marks, t->sink->added, epoch, seq);
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
	fail(t, &err);
}

void tail_passed(void *ctx, const char *epoch, uint64_t seq)
{
	struct tail *t = ctx;
	bool first = !t->marks.any;

	if (!t->options.state)
		return;
	if (output_settle(&t->output) < 0) { /* the events before this position */
		fail(t, &t->output.err);
		return;
	}
	marks_add(&t->marks, t->sink->added, epoch, seq);
	if (marks_taken(&t->marks, t->sink->taken))
		t->dirty = true;
	if (first && t->dirty && !t->failed)
		write_position(t);
}

void tail_answered(void *ctx)
{
	report_answered(&((struct tail *)ctx)->report);
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
	if (!t->failed && output_settle(&t->output) < 0)
		fail(t, &t->output.err);
	if (sink->waiting && t->options.terminal)
		report_erase(&t->report);
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
	report_draw(&t->report);
	return true;
}

static enum dnc_exit exit_code(const struct tail *t, bool left_over)
{
	if (t->failed) {
		dnc_err("%s", t->err.message);
		return t->err.code == EAGAIN || t->err.code == DNC_ERROR_NO_MEMORY
		               ? DNC_EXIT_TEMPFAIL
		               : DNC_EXIT_IO;
	}
	if (dnc_cli_stopped_by() && isatty(STDERR_FILENO))
		dnc_note("%llu events", (unsigned long long)t->count);
	if (dnc_cli_stopped_by() == SIGINT)
		return DNC_EXIT_INTERRUPTED;
	if (left_over && t->rc == DNC_EXIT_OK)
		return DNC_EXIT_TEMPFAIL;
	if (output_failed(&t->output) && t->rc == DNC_EXIT_OK)
		return DNC_EXIT_INCOMPLETE;
	if (t->rc == DNC_EXIT_OK && !t->count && (t->options.no_follow || t->options.until.by))
		return DNC_EXIT_SOME;
	return t->rc;
}

enum dnc_exit tail_finish(struct tail *t)
{
	bool left_over;

	t->gone = t->sink->gone;
	report_close(&t->report);
	stream_close(t->stream);
	if (t->options.state) {
		t->written_ms = INT64_MIN / 2;
		update_position(t);
	}
	left_over = !t->sink->acts->close(t->sink);
	return exit_code(t, left_over);
}
