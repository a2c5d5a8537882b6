#include "intake.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "base/thread.h"
#include "cli/rejects.h"
#include "event/event.h"
#include "link/link.h"
#include "metrics/metrics.h"

struct intake {
	struct dnc_input *input;
	struct dnc_event_reader *reader, *viewer;
	struct dnc_rejects rejects;
	struct dnc_writer *writer;
	uv_async_t ended_async;
	void (*on_ended)(void *ctx);
	void *ctx;
	pthread_t thread;
	bool started;
	atomic_bool ended, reopen;
	struct dnc_error err;
	atomic_uint_fast64_t accepted, rejected[DNC_REJECTS];
};

static void on_ended(uv_async_t *async)
{
	struct intake *in = async->data;

	in->on_ended(in->ctx);
}

static int refuse(struct intake *in, struct dnc_stream *s, const struct dnc_line *line,
	const struct dnc_error *err)
{
	in->rejected[err->code]++;
	if (dnc_rejects_add(&in->rejects, s->name, line->number, 0, line->text, err, &in->err) < 0)
		return -1;
	return dnc_writer_skip(in->writer, s->id, line->number);
}

static int on_line(void *ctx, struct dnc_stream *s, const struct dnc_line *line)
{
	struct intake *in = ctx;
	struct dnc_str text;
	struct dnc_event event;
	struct dnc_error err;

	if (dnc_str_trim(line->text).n == 0)
		return dnc_writer_skip(in->writer, s->id, line->number);
	if (line->too_long) {
		dnc_error_set(&err, DNC_REJECT_TOO_LARGE, "the line is longer than %u bytes",
			DNC_EVENT_MAX_BYTES);
		return refuse(in, s, line, &err);
	}
	if (dnc_event_normalize(in->reader, line->text.p, line->text.n, &text, &err) < 0)
		return refuse(in, s, line, &err);
	if (dnc_event_view(in->viewer, text.p, text.n, &event) < 0)
		return dnc_error_set(&in->err, 0, "a canonical event is not canonical");
	in->accepted++;
	return dnc_writer_add(in->writer, &event, s->id, line->number);
}

static void on_failed(void *ctx, const struct dnc_error *err)
{
	(void)ctx;
	dnc_err("%s", err->message);
}

/* Another thread has something to say. */
static void on_woken(void *ctx)
{
	enum { MARKS = 64 };
	struct intake *in = ctx;
	struct dnc_batch_mark marks[MARKS];
	size_t n;

	if (atomic_exchange(&in->reopen, false))
		dnc_rejects_reopen(&in->rejects);
	do {
		n = dnc_writer_acked(in->writer, marks, MARKS);
		for (size_t i = 0; i < n; i++)
			dnc_input_ack(in->input, marks[i].stream_id, marks[i].line);
	} while (n == MARKS);
}

static void *run(void *ctx)
{
	struct intake *in = ctx;

	if (dnc_input_run(in->input) < 0 && in->err.message[0])
		dnc_err("input stopped: %s", in->err.message);
	/* Producers that are still there learn what became of their last lines. */
	dnc_writer_drain(in->writer);
	on_woken(in);
	dnc_input_finish(in->input, 0);
	in->ended = true;
	uv_async_send(&in->ended_async);
	return NULL;
}

struct intake *intake_new(uv_loop_t *loop, const char *rejects, struct dnc_writer *writer,
	void (*ended)(void *ctx), void *ctx)
{
	struct intake *in = calloc(1, sizeof *in);
	struct dnc_input_events events = {
		.line = on_line, .failed = on_failed, .woken = on_woken, .ctx = in};

	if (!in)
		return NULL;
	in->writer = writer;
	in->on_ended = ended;
	in->ctx = ctx;
	in->input = dnc_input_new(DNC_EVENT_MAX_BYTES, &events, NULL);
	in->reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	in->viewer = dnc_event_reader_new(&(struct dnc_event_options){0});
	if (!in->input || !in->reader || !in->viewer ||
		uv_async_init(loop, &in->ended_async, on_ended) != 0) {
		dnc_input_free(in->input);
		dnc_event_reader_free(in->reader);
		dnc_event_reader_free(in->viewer);
		free(in);
		return NULL;
	}
	in->ended_async.data = in;
	dnc_rejects_open(&in->rejects, rejects);
	return in;
}

bool intake_add_stdin(struct intake *in, struct dnc_error *err)
{
	struct stat st;

	err->message[0] = '\0';
	if (fstat(STDIN_FILENO, &st) < 0 ||
		!(S_ISFIFO(st.st_mode) || S_ISREG(st.st_mode) || S_ISSOCK(st.st_mode)))
		return false;
	return dnc_input_add_file(in->input, "-", err) == 0;
}

int intake_add(struct intake *in, const char *address, struct dnc_error *err)
{
	return dnc_input_add_address(in->input, address, err);
}

int intake_start(struct intake *in)
{
	in->started = dnc_thread_start(&in->thread, run, in) == 0;
	return in->started ? 0 : -1;
}

void intake_committed(struct intake *in)
{
	dnc_input_wake(in->input);
}

void intake_reopen(struct intake *in)
{
	in->reopen = true;
	dnc_input_wake(in->input);
}

bool intake_ended(struct intake *in)
{
	return !in->started || in->ended;
}

void intake_stop(struct intake *in)
{
	dnc_input_stop(in->input);
}

void intake_metrics(struct intake *in, struct dnc_buf *out)
{
	struct dnc_metric metrics[DNC_REJECTS];
	char labels[DNC_REJECTS][48];

	metrics[0] = (struct dnc_metric){"dnc_input_accepted_total", "counter",
		"Lines that became events", NULL, (double)in->accepted};
	for (int i = 1; i < DNC_REJECTS; i++) {
		snprintf(labels[i], sizeof labels[i], "code=\"%s\"",
			dnc_reject_name((enum dnc_reject)i));
		metrics[i] = (struct dnc_metric){"dnc_input_rejected_total", "counter",
			i == 1 ? "Lines that could not become events" : NULL, labels[i],
			(double)in->rejected[i]};
	}
	dnc_metrics_text(out, metrics, DNC_REJECTS);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void intake_free(struct intake *in)
{
	if (!in)
		return;
	if (in->started) {
		intake_stop(in);
		dnc_writer_stop(in->writer);
		pthread_join(in->thread, NULL);
	}
	dnc_input_free(in->input);
	dnc_event_reader_free(in->reader);
	dnc_event_reader_free(in->viewer);
	dnc_rejects_close(&in->rejects);
	uv_close((uv_handle_t *)&in->ended_async, on_closed);
}
