/* reading.c - lines of streams become records, and records become events or rejects. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include "base/clock.h"
#include "mapping.h"
#include "reading.h"

/* A share of rejects is meaningless before so many records. */
enum { SHARE_AFTER = 1000 };

/* The user data of a stream. */
struct reading {
	struct dnc_source *source;
	struct dnc_stream *stream;
	struct reading *next;      /* in the list of those that pauses settle */
	struct dnc_event_run *run; /* NULL if its records are live */
};

/* The number of events, rejects and rejected files so far. */
static uint64_t results(const struct ingest *in)
{
	return in->accepted + in->stage.rejects.count + in->refusals;
}

/* Waits until --rate allows the next event. After a signal that stops the input nothing waits. */
static int wait_for_rate(struct ingest *in)
{
	int64_t due = in->started_ns + (int64_t)((double)in->published * 1e9 / in->options.rate);
	struct timespec t = {due / 1000000000, due % 1000000000};

	if (due <= dnc_clock_mono_ns() || dnc_cli_stopped_by())
		return 0;
	if (dnc_outlet_flush(in->stage.out, &in->err) < 0)
		return -1;
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		if (dnc_cli_stopped_by())
			return 0;
	return 0;
}

int reading_publish(struct ingest *in, const struct dnc_event *event)
{
	if (in->options.rate > 0 && wait_for_rate(in) < 0)
		return -1;
	in->published++;
	return dnc_outlet_line(in->stage.out, event->line.p, event->line.n, &in->err);
}

static bool over_limit(const struct ingest *in)
{
	uint64_t seen = in->accepted + in->stage.rejects.count;

	if (in->stage.rejects.count > in->options.max_rejects)
		return true;
	return seen >= SHARE_AFTER &&
	       (double)in->stage.rejects.count > in->options.max_rejects_share * (double)seen;
}

static int reject(struct ingest *in, struct dnc_stream *s, const struct dnc_record *r,
	const struct dnc_error *err)
{
	if (dnc_stage_reject(&in->stage, s, r->line, r->item, r->raw, err, &in->err) < 0)
		return -1;
	in->too_many = over_limit(in);
	return in->too_many ? -1 : 0;
}

/* Why the event reader did not take the record. */
int reading_reject(
	struct ingest *in, struct dnc_stream *s, const struct dnc_record *r, struct dnc_error *err)
{
	if (err->code == DNC_ERROR_NO_MEMORY)
		return dnc_error_nomem(&in->err);
	if (err->code == DNC_REJECT_INVALID_UTF8)
		dnc_error_set(err, err->code, "not UTF-8; %s", dnc_encoding_advice(r->raw));
	return reject(in, s, r, err);
}

int reading_accept(struct ingest *in, struct dnc_stream *s, const struct dnc_record *r)
{
	const struct reading *reading = s->user;
	struct dnc_error err;
	struct dnc_event event;

	if (in->take)
		return in->take(in, s, r, dnc_source_format(reading->source));
	dnc_event_reader_format(in->reader, dnc_source_format(reading->source));
	dnc_event_reader_position(in->reader, reading->run, r->line, r->item);
	if ((r->fact ? dnc_event_from_fact(in->reader, r->fact, &event, &err)
		     : dnc_event_normalize(in->reader, r->event.p, r->event.n, &event, &err)) < 0)
		return reading_reject(in, s, r, &err);
	in->accepted++;
	return reading_publish(in, &event);
}

/* The stream is rejected as a whole; the other streams are read, and the exit code shows it. */
static int refuse(struct ingest *in, const struct dnc_stream *s)
{
	enum dnc_refusal kind;

	const char *why = dnc_source_refusal(((const struct reading *)s->user)->source, &kind);

	if (!in->options.watch)
		dnc_err("%s %s", s->name, why);
	if (!in->refusals++)
		dnc_error_set(&in->refusal, 0, "%s %s", s->name, why);
	/* If there is no other input, a pipe that does not end must not be read without effect. */
	if (!in->options.watch && !s->member &&
		in->options.stage.file_count + in->options.stage.input_count <= 1)
		dnc_input_stop(in->stage.input);
	if (in->refused != DNC_EXIT_IO)
		in->refused = kind == DNC_REFUSED_CONTENT ? DNC_EXIT_IO : DNC_EXIT_USAGE;
	/* The rest of a file that is read alone is of no use. */
	return in->options.watch && !s->member ? -1 : 0;
}

/* Writes or rejects the records that the source has read so far. */
static int read_records(struct ingest *in, struct dnc_stream *s)
{
	const struct reading *reading = s->user;
	struct dnc_record record;
	struct dnc_error err;
	int rc = 0;

	while (rc == 0) {
		switch (dnc_source_next(reading->source, &record, &err)) {
		case DNC_SOURCE_MORE:
			return mapping_settle(in);
		case DNC_SOURCE_RECORD:
			rc = in->mapper ? mapping_add(in, s, &record)
			                : reading_accept(in, s, &record);
			break;
		case DNC_SOURCE_REJECT:
			rc = mapping_drain(in);
			if (rc == 0)
				rc = reject(in, s, &record, &err);
			break;
		case DNC_SOURCE_DROPPED:
			in->dropped++;
			break;
		case DNC_SOURCE_REFUSED:
			rc = refuse(in, s);
			break;
		case DNC_SOURCE_CHOSEN:
			dnc_note("%s: read as %s", s->name, dnc_source_choice(reading->source));
			break;
		case DNC_SOURCE_FAILED:
			in->err = err;
			return -1;
		}
	}
	return rc;
}

static void close_reading(struct reading *reading)
{
	dnc_source_free(reading->source);
	dnc_event_run_free(reading->run);
	free(reading);
}

int reading_open(void *ctx, struct dnc_stream *s)
{
	struct ingest *in = ctx;
	struct dnc_source_options options = in->options.source;
	struct reading *reading = calloc(1, sizeof *reading);

	if (!reading)
		return dnc_error_nomem(&in->err);
	if (runs_open(&in->runs, s, &reading->run) < 0) {
		close_reading(reading);
		return dnc_error_nomem(&in->err);
	}
	s->lone_cr = !s->acked;
	in->failed_before = in->stage.failed;
	in->results_before = results(in);
	/* Each line of a producer is acknowledged. */
	options.reject_lines = s->acked;
	options.numbers = in->take != NULL;
	options.strict_phone = in->options.strict_phone;
	reading->source = dnc_source_new(&options, &in->err);
	if (!reading->source) {
		close_reading(reading);
		return -1;
	}
	reading->stream = s;
	if (!s->acked) {
		reading->next = in->readings;
		in->readings = reading;
	}
	s->user = reading;
	return 0;
}

int reading_line(void *ctx, struct dnc_stream *s, const struct dnc_line *line)
{
	struct ingest *in = ctx;

	dnc_cli_progress(&in->progress, s->read_bytes, s->size_bytes);
	dnc_source_feed(((struct reading *)s->user)->source, line);
	return read_records(in, s);
}

/* A file without any event is not an error, because an export may be empty, but it is reported. */
static void report_nothing(
	const struct ingest *in, const struct dnc_stream *s, const struct dnc_source *source)
{
	const char *nothing = dnc_source_nothing(source);

	if (in->failed_before != in->stage.failed)
		return;
	if (nothing)
		dnc_note("%s %s", s->name, nothing);
	else if (in->mapper && results(in) == in->results_before)
		dnc_note("%s: no events: the map made none from its records", s->name);
}

static void forget(struct ingest *in, const struct reading *reading)
{
	for (struct reading **r = &in->readings; *r; r = &(*r)->next)
		if (*r == reading) {
			*r = reading->next;
			break;
		}
}

int reading_close(void *ctx, struct dnc_stream *s)
{
	struct ingest *in = ctx;
	struct reading *reading = s->user;
	int rc;

	if (!reading)
		return 0;
	if (s->cut_short && !s->acked)
		dnc_source_cut(reading->source);
	else
		dnc_source_end(reading->source);
	rc = read_records(in, s);
	in->whole = !s->cut_short;
	if (rc == 0)
		rc = mapping_drain(in);
	if (rc == 0 && !s->acked && !s->cut_short)
		report_nothing(in, s, reading->source);
	dnc_event_reader_position(in->reader, NULL, 0, 0);
	forget(in, reading);
	close_reading(reading);
	s->user = NULL;
	return rc;
}

int reading_idle(void *ctx)
{
	struct ingest *in = ctx;

	for (struct reading *r = in->readings; r; r = r->next) {
		dnc_source_settle(r->source);
		if (read_records(in, r->stream) < 0)
			return -1;
	}
	return mapping_drain(in) < 0 ? -1 : dnc_outlet_flush(in->stage.out, &in->err);
}
