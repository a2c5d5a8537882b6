#include "intake.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "cli/rejects.h"
#include "event/event.h"
#include "link/link.h"
#include "metrics/metrics.h"

/* The thread waits when the loop has not taken so much yet: back-pressure to the pipe. */
enum { BATCH_BYTES = 256 << 10 };

struct intake {
	struct dnc_input *input;
	struct dnc_event_reader *reader;
	struct dnc_rejects rejects;
	uv_async_t wake;
	void (*ready)(void *ctx);
	void *ctx;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t taken;
	struct dnc_buf batch;          /* under the lock */
	bool started, ended, stopping; /* under the lock, but for started */
	struct dnc_error err;
	atomic_uint_fast64_t accepted, rejected[DNC_REJECTS];
};

static void on_wake(uv_async_t *wake)
{
	struct intake *in = wake->data;

	in->ready(in->ctx);
}

static int on_reject(struct intake *in, struct dnc_stream *s, const struct dnc_line *line,
	const struct dnc_error *err)
{
	in->rejected[err->code]++;
	return dnc_rejects_add(&in->rejects, s->name, line->number, 0, line->text, err, &in->err);
}

static int hand_over(struct intake *in, struct dnc_str event)
{
	bool first, ok;

	pthread_mutex_lock(&in->lock);
	while (in->batch.n >= BATCH_BYTES && !in->stopping)
		pthread_cond_wait(&in->taken, &in->lock);
	first = in->batch.n == 0;
	dnc_buf_str(&in->batch, event);
	dnc_buf_chr(&in->batch, '\n');
	ok = dnc_buf_ok(&in->batch);
	pthread_mutex_unlock(&in->lock);
	if (first)
		uv_async_send(&in->wake);
	in->accepted++;
	return ok ? 0 : dnc_error_nomem(&in->err);
}

static int on_line(void *ctx, struct dnc_stream *s, const struct dnc_line *line)
{
	struct intake *in = ctx;
	struct dnc_str event;
	struct dnc_error err;

	if (dnc_str_trim(line->text).n == 0)
		return 0;
	if (line->too_long) {
		dnc_error_set(&err, DNC_REJECT_TOO_LARGE, "the line is longer than %u bytes",
			DNC_EVENT_MAX_BYTES);
		return on_reject(in, s, line, &err);
	}
	if (dnc_event_normalize(in->reader, line->text.p, line->text.n, &event, &err) < 0)
		return on_reject(in, s, line, &err);
	return hand_over(in, event);
}

static void on_failed(void *ctx, const struct dnc_error *err)
{
	(void)ctx;
	dnc_err("%s", err->message);
}

static void *run(void *ctx)
{
	struct intake *in = ctx;

	if (dnc_input_run(in->input) < 0)
		dnc_err("input stopped: %s",
			in->err.message[0] ? in->err.message : "out of memory");
	pthread_mutex_lock(&in->lock);
	in->ended = true;
	pthread_mutex_unlock(&in->lock);
	uv_async_send(&in->wake);
	return NULL;
}

struct intake *intake_new(uv_loop_t *loop, const char *rejects, void (*ready)(void *ctx), void *ctx)
{
	struct intake *in = calloc(1, sizeof *in);
	struct dnc_input_events events = {.line = on_line, .failed = on_failed, .ctx = in};

	if (!in)
		return NULL;
	in->ready = ready;
	in->ctx = ctx;
	in->input = dnc_input_new(DNC_EVENT_MAX_BYTES, &events, NULL);
	in->reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	if (!in->input || !in->reader || uv_async_init(loop, &in->wake, on_wake) != 0) {
		dnc_input_free(in->input);
		dnc_event_reader_free(in->reader);
		free(in);
		return NULL;
	}
	in->wake.data = in;
	pthread_mutex_init(&in->lock, NULL);
	pthread_cond_init(&in->taken, NULL);
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
	sigset_t all, before;

	/* Signals are for the main thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	in->started = pthread_create(&in->thread, NULL, run, in) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return in->started ? 0 : -1;
}

bool intake_take(struct intake *in, struct dnc_buf *batch)
{
	struct dnc_buf full;

	dnc_buf_clear(batch);
	pthread_mutex_lock(&in->lock);
	full = in->batch;
	in->batch = *batch;
	*batch = full;
	pthread_cond_signal(&in->taken);
	pthread_mutex_unlock(&in->lock);
	return batch->n > 0;
}

bool intake_ended(struct intake *in)
{
	bool ended;

	pthread_mutex_lock(&in->lock);
	ended = !in->started || (in->ended && in->batch.n == 0);
	pthread_mutex_unlock(&in->lock);
	return ended;
}

void intake_stop(struct intake *in)
{
	pthread_mutex_lock(&in->lock);
	in->stopping = true;
	pthread_cond_signal(&in->taken);
	pthread_mutex_unlock(&in->lock);
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
		pthread_join(in->thread, NULL);
	}
	dnc_input_free(in->input);
	dnc_event_reader_free(in->reader);
	dnc_rejects_close(&in->rejects);
	dnc_buf_free(&in->batch);
	uv_close((uv_handle_t *)&in->wake, on_closed);
}
