/* reading.c - lines of streams become records, and records become events or rejects. */
#include <stdio.h>
#include <stdlib.h>
#include "base/words.h"
#include "mapping.h"
#include "phone/phone.h"
#include "publish.h"
#include "reading.h"
#include "outcome.h"

/* The user data of a stream. */
struct reading {
	struct dnc_source *source;
	struct dnc_stream *stream;
	struct reading *next;      /* in the list of those that pauses settle */
	struct dnc_event_run *run; /* NULL if its records are live */
	int64_t latest_ms;         /* of the changes that were published */
	bool doubted;              /* what dnc_source_doubt() tells was said */
	bool out_of_order;         /* one was older than one before, which was said */
};

/* The number of events, rejects and rejected files so far. */
static uint64_t results(const struct ingest *in)
{
	return in->accepted + in->stage.rejects.count + in->refusals;
}

static int reject(struct ingest *in, struct dnc_stream *s, const struct dnc_record *r,
	const struct dnc_error *err)
{
	if (dnc_stage_reject(&in->stage, s, r->line, r->item, r->raw, err, &in->err) < 0)
		return -1;
	in->tally.rejected++;
	in->broken = check_exceeded(in, false) ? CHECK_MAX_REJECTS : CHECK_KEPT;
	return in->broken ? -1 : 0;
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

/* Changes of a file wait for their turn: returns 1. Those of a pipe, which may never end, are published as they come: returns
 * 0, as for one that will be rejected. */
static int keep_order(struct ingest *in, struct dnc_stream *s, const struct dnc_record *r)
{
	struct reading *reading = s->user;
	char e164[DNC_PHONE_MAX];
	size_t n;

	if (!order_wants(in, s)) {
		if (!s->acked && r->fact->at_ms < reading->latest_ms && !reading->out_of_order) {
			reading->out_of_order = true;
			dnc_warn(
				"%s: line %llu is older than a line before it, and changes that come by "
				"a pipe are published in its order; give the file's name to have them "
				"published in the order of time",
				s->name, (unsigned long long)r->line);
		}
		if (r->fact->at_ms > reading->latest_ms)
			reading->latest_ms = r->fact->at_ms;
		return 0;
	}
	in->changes = true;
	if (in->hold_changes) {
		outcome_refuse(
			in, DNC_EXIT_TEMPFAIL, "%s is a change list, which must wait", s->name);
		return -1;
	}
	if (dnc_phone_normalize(r->fact->number, in->options.source.region,
		    in->options.strict_phone, e164, &n) != DNC_PHONE_OK)
		return 0;
	in->accepted++;
	return order_add(in, s, r, dnc_source_format(reading->source)) < 0 ? -1 : 1;
}

const struct dnc_source *reading_source(const struct dnc_stream *s)
{
	return ((const struct reading *)s->user)->source;
}

int reading_accept(struct ingest *in, struct dnc_stream *s, const struct dnc_record *r)
{
	const struct reading *reading = s->user;
	struct dnc_error err;
	struct dnc_event event;
	int rc;

	if (in->take)
		return in->take(in, s, r, dnc_source_format(reading->source));
	if (r->fact && r->fact->dated && (rc = keep_order(in, s, r)) != 0)
		return rc < 0 ? -1 : 0;
	dnc_event_reader_format(in->reader, dnc_source_format(reading->source));
	dnc_event_reader_position(in->reader, reading->run, r->line, r->item);
	if (dnc_record_event(in->reader, r, &event, &err) < 0)
		return reading_reject(in, s, r, &err);
	in->accepted++;
	rc = check_hold(in, event.type, event.line);
	if (rc > 0)
		return check_judge(in);
	return rc < 0 ? -1 : publish_line(in, event.type, event.line);
}

/* The stream is rejected as a whole; the other streams are read, and the exit code shows it. */
static int refuse(struct ingest *in, const struct dnc_stream *s)
{
	enum dnc_refusal kind;
	const char *why = dnc_source_refusal(((const struct reading *)s->user)->source, &kind);
	char text[REFUSAL_BYTES];

	snprintf(text, sizeof text, "%s %s", s->name, why);
	/* The first is the reason of a file of --watch. */
	if (!dnc_said_before(&in->stage.said, text) && (!in->file || in->refusals))
		dnc_err("%s", text);
	outcome_refuse(in, kind == DNC_REFUSED_HEADER ? DNC_EXIT_USAGE : DNC_EXIT_IO, "%s %s",
		s->name, why);
	in->partial |= kind == DNC_REFUSED_REST;
	/* If there is no other input, a pipe that does not end must not be read without effect. */
	if (!in->file && !s->member &&
		in->options.stage.file_count + in->options.stage.input_count <= 1)
		dnc_input_stop(in->stage.input);
	/* The rest of a file that is read alone is of no use. */
	return in->file && !s->member ? -1 : 0;
}

/* Says once for each file, and once for all producers, that rows whose meaning is not clear are suppressions. */
static void report_doubt(struct ingest *in, const struct dnc_stream *s, struct reading *reading)
{
	const char *doubt = dnc_source_doubt(reading->source);

	if (reading->doubted || !*doubt)
		return;
	reading->doubted = true;
	if (!in->check.again && !(s->acked && in->doubted))
		dnc_warn("%s %s", s->name, doubt);
	in->doubted |= s->acked;
}

/* Writes or rejects the records that the source has read so far. */
static int read_records(struct ingest *in, struct dnc_stream *s)
{
	struct reading *reading = s->user;
	struct dnc_record record;
	struct dnc_error err;
	int rc = 0;

	while (rc == 0) {
		switch (dnc_source_next(reading->source, &record, &err)) {
		case DNC_SOURCE_MORE:
			report_doubt(in, s, reading);
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
			in->tally.no_events++;
			break;
		case DNC_SOURCE_REFUSED:
			rc = refuse(in, s);
			break;
		case DNC_SOURCE_CHOSEN:
			if (!in->check.again)
				dnc_note("%s: read as %s", s->name,
					dnc_source_choice(reading->source));
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
	if (identity_open(&in->identities, s, &reading->run) < 0) {
		close_reading(reading);
		return dnc_error_nomem(&in->err);
	}
	reading->latest_ms = INT64_MIN;
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
	if (in->options.summary)
		summary_line(&in->summary, s, line);
	dnc_source_feed(((struct reading *)s->user)->source, line);
	return read_records(in, s);
}

/* A file without any event is not an error, because an export may be empty, but it is reported. What a map makes is known when
 * it is published. */
static void report_nothing(
	const struct ingest *in, const struct dnc_stream *s, const struct dnc_source *source)
{
	const char *nothing = dnc_source_nothing(source);

	if (in->failed_before != in->stage.failed)
		return;
	if (nothing && !in->check.again)
		dnc_note("%s %s", s->name, nothing);
	else if (!nothing && in->mapper && !in->check.checking && results(in) == in->results_before)
		dnc_note("%s: no events: the map made none from its records", s->name);
}

void reading_report_none(const struct ingest *in)
{
	const uint64_t unmapped = in->tally.unmapped, ruled = in->tally.no_events - unmapped;

	if (ruled)
		dnc_note("%llu %s no event by a rule of the format, such as HELP",
			(unsigned long long)ruled, dnc_plural(ruled, "record is", "records are"));
	if (unmapped)
		dnc_note("%llu %s: the map made no event", (unsigned long long)unmapped,
			dnc_plural(unmapped, "record", "records"));
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
	if (rc == 0)
		rc = mapping_drain(in);
	if (rc == 0 && !s->acked && !s->cut_short)
		report_nothing(in, s, reading->source);
	summary_stream(&in->summary, dnc_source_is_full(reading->source),
		in->options.source.map ? NULL : dnc_source_origin(reading->source).provider);
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
	return mapping_drain(in) < 0 ? -1 : publish_flush(in);
}
