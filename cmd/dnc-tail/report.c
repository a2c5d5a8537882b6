#include "report.h"
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "cli/cli.h"
#include "status.h"

enum {
	TICK_MS = 1000,
	MESSAGE_TICKS = 10, /* from one message to the next */
	ANSWER_MS = 1000,   /* what is known is told if the hub has not answered */
	QUIET_MS = 5000,
	COLUMNS = 80, /* of a terminal that does not tell */
};

/* Standard error is not buffered: a write that fails is given up, as that of a message. */
static void write_terminal(const char *text, size_t n)
{
	if (write(STDERR_FILENO, text, n) < 0)
		return;
}

void report_erase(struct report *r)
{
	static const char erase[] = "\r\033[J";

	if (r->shown)
		write_terminal(erase, sizeof erase - 1);
	r->shown = false;
}

static void before_message(void *ctx)
{
	report_erase(ctx);
}

static size_t columns(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : COLUMNS;
}

static void draw(struct report *r)
{
	const struct status *s = stream_status(r->stream);
	const char *style = s->link == STATUS_CONNECTED ? "\033[2m" : "\033[33m";
	char text[STATUS_LINE], line[STATUS_LINE + 32];
	bool color = r->options->color_messages;
	int n;

	/* One column less: some terminals go to the next line after the last one. */
	status_line(s, dnc_clock_mono_ms(), columns() - 1, text);
	n = snprintf(line, sizeof line, "\r\033[J%s%s%s\r", color ? style : "", text,
		color ? "\033[0m" : "");
	if (n > 0 && (size_t)n < sizeof line)
		write_terminal(line, (size_t)n);
	r->shown = true;
}

void report_draw(struct report *r)
{
	if (r->line && !r->shown)
		draw(r);
}

static void tell(struct report *r)
{
	char text[STATUS_LINE];

	status_line(stream_status(r->stream), dnc_clock_mono_ms(), sizeof text - 1, text);
	dnc_note("%s", text);
	r->due = false;
}

static void tell_quiet(struct report *r)
{
	const struct status *s = stream_status(r->stream);
	const char *past =
		s->no_past ? "; the role lacks dnc:replay: what came before is not shown" : "";
	char hub[ADDRESS_TEXT];

	r->quiet_due = false;
	if (s->events || s->link != STATUS_CONNECTED)
		return;
	address_write(s->hub, hub);
	if (s->looked)
		dnc_note("no events yet: connected to %s, and none of %" PRIu64
			 " events from number %" PRIu64 " on matches",
			hub, s->looked, s->first);
	else
		dnc_note("no events yet: connected to %s, and none came in since%s", hub, past);
}

void report_answered(struct report *r)
{
	if (r->due) {
		uv_timer_stop(&r->answer);
		tell(r);
	}
	if (r->quiet_due)
		tell_quiet(r);
	if (r->line)
		draw(r);
}

static void on_no_answer(uv_timer_t *timer)
{
	struct report *r = timer->data;

	if (r->due)
		tell(r);
}

/* A message as soon as the hub has answered. */
static void ask(struct report *r)
{
	r->due = true;
	if (stream_measure(r->stream))
		uv_timer_start(&r->answer, on_no_answer, ANSWER_MS, 0);
	else
		tell(r);
}

static void on_asked(uv_async_t *asked)
{
	ask(asked->data);
}

/* In the signal handler: uv_async_send() is safe there. */
static void on_user(void *ctx)
{
	uv_async_send(&((struct report *)ctx)->asked);
}

static void on_tick(uv_timer_t *tick)
{
	struct report *r = tick->data;

	status_sample(stream_status(r->stream), dnc_clock_mono_ms());
	if (!r->line && ++r->ticks % MESSAGE_TICKS == 0) {
		ask(r);
	} else if (r->line) {
		stream_measure(r->stream);
		draw(r);
	}
}

static void on_resize(uv_signal_t *resize, int signal)
{
	(void)signal;
	draw(resize->data);
}

/* Until there is a connection, something else is told. */
static void on_quiet(uv_timer_t *quiet)
{
	struct report *r = quiet->data;
	const struct status *s = stream_status(r->stream);

	if (s->events)
		return;
	r->quiet_due = stream_measure(r->stream);
	if (!r->quiet_due)
		uv_timer_start(&r->quiet, on_quiet, QUIET_MS, 0);
}

static void init(struct report *r, uv_loop_t *loop)
{
	uv_timer_init(loop, &r->tick);
	uv_timer_init(loop, &r->answer);
	uv_timer_init(loop, &r->quiet);
	uv_signal_init(loop, &r->resize);
	if (uv_async_init(loop, &r->asked, on_asked) != 0)
		dnc_cli_die_nomem();
	r->tick.data = r->answer.data = r->quiet.data = r->resize.data = r->asked.data = r;
}

void report_open(
	struct report *r, uv_loop_t *loop, const struct options *options, struct stream *stream)
{
	bool terminal = isatty(STDERR_FILENO);

	*r = (struct report){.options = options, .stream = stream};
	init(r, loop);
	dnc_cli_on_user(on_user, r);
	/* What a command prints does not erase the line. */
	r->line = options->stats && terminal && !options->exec && !dnc_log_is_json() &&
	          !dnc_cli_quiet();
	if (options->stats)
		uv_timer_start(&r->tick, on_tick, TICK_MS, TICK_MS);
	if (r->line) {
		uv_signal_start(&r->resize, on_resize, SIGWINCH);
		dnc_log_before(before_message, r);
	} else if (terminal && !options->no_follow) {
		uv_timer_start(&r->quiet, on_quiet, QUIET_MS, 0);
	}
}

void report_close(struct report *r)
{
	report_erase(r);
	r->line = false;
	dnc_log_before(NULL, NULL);
	uv_close((uv_handle_t *)&r->tick, NULL);
	uv_close((uv_handle_t *)&r->answer, NULL);
	uv_close((uv_handle_t *)&r->quiet, NULL);
	uv_close((uv_handle_t *)&r->asked, NULL);
	uv_close((uv_handle_t *)&r->resize, NULL);
}
