#include "daemon/intake.h"
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/array.h"
#include "base/log.h"
#include "base/thread.h"
#include "base/words.h"
#include "cli/rejects.h"
#include "event/event.h"
#include "link/link.h"
#include "metrics/metrics.h"

/* Between attempts to get memory. */
enum { RETRY_MS = 250 };

/* An input other than a producer's connection: its name for conflicts, which only know the stream. */
struct source {
	uint64_t stream_id;
	const char *name; /* borrowed from the command line */
};

struct dnc_intake {
	struct dnc_input *input;
	struct dnc_event_reader *reader;
	struct dnc_rejects rejects;
	struct dnc_writer *writer;
	uv_async_t ended_async;
	void (*on_ended)(void *ctx);
	void *ctx;
	pthread_t thread;
	atomic_bool started;
	bool joined;
	bool unrecorded; /* a reject could not be written: nothing is acknowledged any more */
	/* lost: input that nobody sends again was not read or not logged. */
	atomic_bool ended, stopping, failed, lost, no_memory;
	struct dnc_error err;
	struct dnc_verdicts verdicts;
	struct source *sources;
	size_t source_count, source_room;
	struct dnc_recent *recent; /* borrowed; NULL: none */
	atomic_uint_fast64_t accepted, rejected[DNC_REJECTS];
};

static void on_ended(uv_async_t *async)
{
	struct dnc_intake *in = async->data;

	in->on_ended(in->ctx);
}

static bool is_stopped(void *ctx)
{
	return ((struct dnc_intake *)ctx)->stopping;
}

static int on_open(void *ctx, struct dnc_stream *s)
{
	struct dnc_intake *in = ctx;

	if (s->acked)
		return 0;
	if (!dnc_array_grow(&in->sources, &in->source_room, in->source_count + 1))
		return dnc_error_nomem(&in->err);
	in->sources[in->source_count++] = (struct source){s->id, s->name};
	return 0;
}

/* Writes the reject, then counts it: every reject that is counted can be found. */
static int reject(struct dnc_intake *in, const char *source, uint64_t line, struct dnc_str raw,
	const struct dnc_error *err)
{
	in->unrecorded |= dnc_rejects_add(&in->rejects, source, line, 0, raw, err, &in->err) < 0;
	if (in->unrecorded)
		return -1;
	in->err.message[0] = '\0'; /* left by a write that failed before one succeeded */
	in->rejected[err->code]++;
	dnc_recent_add(in->recent, source, line, dnc_reject_name((enum dnc_reject)err->code));
	return 0;
}

static int reject_line(struct dnc_intake *in, struct dnc_stream *s, const struct dnc_line *line,
	const struct dnc_error *err)
{
	if (reject(in, s->name, line->number, line->text, err) < 0)
		return -1;
	return dnc_writer_skip(in->writer, s->id, line->number, true);
}

/* Waits while there is no memory for a line: it is neither rejected nor acknowledged. -1 with ERR, whose code is an enum
 * dnc_reject, or DNC_ERROR_NO_MEMORY if the intake was stopped meanwhile. */
static int normalize(
	struct dnc_intake *in, struct dnc_str text, struct dnc_event *event, struct dnc_error *err)
{
	int rc;

	while ((rc = dnc_event_normalize(in->reader, text.p, text.n, event, err)) < 0 &&
		err->code == DNC_ERROR_NO_MEMORY) {
		if (!atomic_exchange(&in->no_memory, true))
			dnc_err("out of memory; retrying; no input is read until it succeeds");
		if (in->stopping)
			return -1;
		poll(NULL, 0, RETRY_MS);
	}
	if (atomic_exchange(&in->no_memory, false))
		dnc_note("there is memory again: input is read");
	return rc;
}

static int on_line(void *ctx, struct dnc_stream *s, const struct dnc_line *line)
{
	struct dnc_intake *in = ctx;
	struct dnc_event event;
	struct dnc_error err;

	if (dnc_str_trim(line->text).n == 0)
		return dnc_writer_skip(in->writer, s->id, line->number, false);
	if (line->too_long) {
		dnc_error_set(&err, DNC_REJECT_TOO_LARGE, "the line is longer than %u bytes",
			DNC_EVENT_MAX_BYTES);
		return reject_line(in, s, line, &err);
	}
	if (normalize(in, line->text, &event, &err) < 0) {
		if (err.code == DNC_ERROR_NO_MEMORY)
			return dnc_error_nomem(&in->err);
		return reject_line(in, s, line, &err);
	}
	in->accepted++;
	if (dnc_writer_add(in->writer, &event, s->id, line->number) == 0)
		return 0;
	if (!s->acked) { /* a producer sends it again */
		dnc_err("%s: line %" PRIu64 " was read, and could not be logged before the end",
			s->name, line->number);
		in->lost = true;
	}
	return -1;
}

static void on_failed(void *ctx, const struct dnc_stream *s, const struct dnc_error *err)
{
	struct dnc_intake *in = ctx;

	dnc_err("%s", err->message);
	if (!s->acked) /* a producer connects again, other inputs do not */
		in->failed = true;
}

static const char *source_name(const struct dnc_intake *in, uint64_t stream_id, char name[32])
{
	for (size_t i = 0; i < in->source_count; i++)
		if (in->sources[i].stream_id == stream_id)
			return in->sources[i].name;
	dnc_input_name(stream_id, name);
	return name;
}

static int reject_conflict(struct dnc_intake *in, const struct dnc_conflict *c)
{
	struct dnc_error err;
	char name[32];

	dnc_error_set(&err, DNC_REJECT_ID_CONFLICT, "the log has another event with the id %.*s",
		DNC_STR_ARG(dnc_verdicts_text(&in->verdicts, c->id)));
	return reject(in, source_name(in, c->stream_id, name), c->line,
		dnc_verdicts_text(&in->verdicts, c->event), &err);
}

/* Acknowledges lines to their producers once the conflicts are in the rejects. A producer without an acknowledgement
 * sends its lines again, and the conflict is found again. */
static void acknowledge(struct dnc_intake *in)
{
	while (!in->unrecorded && dnc_writer_verdicts(in->writer, &in->verdicts)) {
		for (size_t i = 0; i < in->verdicts.conflict_count; i++)
			if (reject_conflict(in, &in->verdicts.conflicts[i]) < 0)
				return;
		for (size_t i = 0; i < in->verdicts.count; i++) {
			const struct dnc_batch_mark *m = &in->verdicts.marks[i];
			const struct dnc_outcome o = {.duplicates = m->duplicates,
				.rejected = m->rejected + m->conflicts,
				.dropped = m->dropped,
				.releases = m->releases,
				.others = m->others};

			dnc_input_ack(in->input, m->stream_id, m->line, &o);
		}
	}
}

/* The log has committed something, or the rejects must be opened again. */
static void on_woken(void *ctx)
{
	struct dnc_intake *in = ctx;

	dnc_rejects_reopen(&in->rejects);
	acknowledge(in);
}

/* Of input that was not read to its end, because the intake was stopped or has failed. */
static void tell_lost(struct dnc_intake *in)
{
	uint64_t bytes = dnc_input_lost_bytes(in->input);

	if (!bytes)
		return;
	dnc_err("%" PRIu64
		" %s of input, which no producer sends again, %s not read: send %s again",
		bytes, dnc_plural(bytes, "byte", "bytes"), dnc_plural(bytes, "was", "were"),
		dnc_plural(bytes, "it", "them"));
	in->lost = true;
}

static void tell_failed(struct dnc_intake *in)
{
	if (!in->err.message[0])
		return;
	dnc_err("input stopped: %s", in->err.message);
	in->failed = true;
	in->err.message[0] = '\0';
}

static void *run(void *ctx)
{
	struct dnc_intake *in = ctx;

	if (dnc_input_run(in->input) < 0 && !in->err.message[0])
		in->err = *dnc_input_error(in->input);
	tell_failed(in);
	tell_lost(in);
	/* Producers that are still connected get the acknowledgements of their last lines. */
	dnc_writer_drain(in->writer);
	acknowledge(in);
	tell_failed(in);
	dnc_input_finish(in->input, 0);
	dnc_writer_catch_up(in->writer); /* so that clients get them, too */
	in->ended = true;
	uv_async_send(&in->ended_async);
	return NULL;
}

struct dnc_intake *dnc_intake_new(uv_loop_t *loop, const char *rejects, struct dnc_writer *writer,
	void (*ended)(void *ctx), void *ctx, struct dnc_error *err)
{
	struct dnc_intake *in = calloc(1, sizeof *in);
	struct dnc_input_events events = {.open = on_open,
		.line = on_line,
		.failed = on_failed,
		.woken = on_woken,
		.ctx = in};

	dnc_error_set(err, ENOMEM, "out of memory");
	if (!in)
		return NULL;
	in->writer = writer;
	in->on_ended = ended;
	in->ctx = ctx;
	in->input = dnc_input_new(DNC_EVENT_MAX_BYTES, &events, NULL);
	in->reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	if (!in->input || !in->reader || dnc_rejects_open(&in->rejects, rejects, err) < 0 ||
		uv_async_init(loop, &in->ended_async, on_ended) != 0) {
		dnc_rejects_close(&in->rejects);
		dnc_input_free(in->input);
		dnc_event_reader_free(in->reader);
		free(in);
		return NULL;
	}
	in->ended_async.data = in;
	dnc_rejects_persist(&in->rejects, is_stopped, in);
	return in;
}

bool dnc_intake_add_stdin(struct dnc_intake *in, struct dnc_error *err)
{
	struct stat st;

	err->message[0] = '\0';
	if (fstat(STDIN_FILENO, &st) < 0 ||
		!(S_ISFIFO(st.st_mode) || S_ISREG(st.st_mode) || S_ISSOCK(st.st_mode)))
		return false;
	return dnc_input_add_file(in->input, "-", err) == 0;
}

int dnc_intake_add(struct dnc_intake *in, const char *address, struct dnc_error *err)
{
	return dnc_input_add_address(in->input, address, err);
}

void dnc_intake_note_rejects(struct dnc_intake *in, struct dnc_recent *recent)
{
	in->recent = recent;
}

uint64_t dnc_intake_accepted(const struct dnc_intake *in)
{
	return in->accepted;
}

uint64_t dnc_intake_rejected(const struct dnc_intake *in)
{
	uint64_t count = 0;

	for (int i = 1; i < DNC_REJECTS; i++)
		count += in->rejected[i];
	return count;
}

int dnc_intake_start(struct dnc_intake *in)
{
	in->started = dnc_thread_start(&in->thread, run, in) == 0;
	return in->started ? 0 : -1;
}

void dnc_intake_committed(struct dnc_intake *in)
{
	dnc_input_wake(in->input);
}

void dnc_intake_reopen(struct dnc_intake *in)
{
	dnc_rejects_ask_reopen(&in->rejects);
	dnc_input_wake(in->input);
}

bool dnc_intake_ended(struct dnc_intake *in)
{
	return !in->started || in->ended;
}

const char *dnc_intake_not_ready(struct dnc_intake *in)
{
	if (dnc_rejects_failing(&in->rejects))
		return "rejects";
	return in->failed || in->no_memory || dnc_input_failing(in->input) ? "input" : NULL;
}

bool dnc_intake_failed(struct dnc_intake *in)
{
	return in->failed;
}

bool dnc_intake_lost(struct dnc_intake *in)
{
	return in->lost;
}

void dnc_intake_stop(struct dnc_intake *in)
{
	in->stopping = true;
	dnc_input_stop(in->input);
}

void dnc_intake_metrics(struct dnc_intake *in, struct dnc_buf *out)
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

void dnc_intake_join(struct dnc_intake *in)
{
	if (!in->started || in->joined)
		return;
	dnc_intake_stop(in);
	dnc_writer_stop(in->writer);
	pthread_join(in->thread, NULL);
	in->joined = true;
}

void dnc_intake_free(struct dnc_intake *in)
{
	if (!in)
		return;
	dnc_intake_join(in);
	dnc_input_free(in->input);
	dnc_event_reader_free(in->reader);
	dnc_rejects_close(&in->rejects);
	dnc_verdicts_free(&in->verdicts);
	free(in->sources);
	uv_close((uv_handle_t *)&in->ended_async, on_closed);
}
