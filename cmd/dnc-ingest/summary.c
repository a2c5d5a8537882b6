#include "summary.h"
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/uuid.h"
#include "base/words.h"
#include "compare.h"
#include "json/member.h"
#include "outcome.h"

enum { DIGEST_BYTES = 32 };

/* What made a run fail: a word for programs, and a sentence. */
struct failure {
	const char *code; /* NULL: nothing did */
	char message[REFUSAL_BYTES];
};

static struct failure fail(const char *code, const char *message)
{
	struct failure f = {.code = code};

	snprintf(f.message, sizeof f.message, "%s", message);
	return f;
}

/* Producers on a socket end with the signal that ends a service: that is no failure. */
static bool is_service(const struct ingest *in)
{
	return in->options.stage.input_count > 0;
}

/* The gravest reason, if there are several. */
static struct failure find_failure(const struct ingest *in, bool ended_early)
{
	const struct dnc_error *err =
		in->err.message[0] ? &in->err : dnc_input_error(in->stage.input);
	char text[CHECK_TEXT_BYTES];

	if (in->broken)
		return fail(
			in->broken == CHECK_MAX_REJECTS ? "too_many_rejects" : "too_few_records",
			check_reason(in, text));
	if (ended_early)
		return fail(err->code == DNC_ERROR_NO_MEMORY ? "out_of_memory" : "run_failed",
			err->message[0] ? err->message : "out of memory");
	if (in->stopped_by && !is_service(in)) {
		snprintf(text, sizeof text, "stopped by SIG%s", sigabbrev_np(in->stopped_by));
		return fail("stopped", text);
	}
	if (in->stage.failed)
		return fail("unreadable_input", in->stage.why.message);
	if (in->refused && in->compare && in->compare->run_failed)
		return fail("run_failed", in->refusal);
	if (in->refused)
		return fail(in->compare ? "list_refused" : "refused_input", in->refusal);
	if (in->stage.rejects.count && !in->accepted && !is_service(in))
		return fail("no_events", "all records were rejected");
	if (in->published && outcome_events(in).rejected >= in->published && !is_service(in))
		return fail("no_events", "a later stage rejected all events");
	return (struct failure){0};
}

/* The digest of all that the inputs have; nothing if that was not read, or has no order. */
static void add_checksum(struct dnc_buf *b, const struct ingest *in, const struct failure *failure)
{
	static const char name[] = "blake2b-256:";
	const struct dnc_stage_options *o = &in->options.stage;
	crypto_generichash_state state = in->summary.digest;
	unsigned char digest[DIGEST_BYTES];
	char text[sizeof name + 2 * sizeof digest];

	if (in->stage.failed || in->summary.cut ||
		(failure->code && (in->refusals == 0 || in->file || in->compare)) ||
		o->input_count > 1 || (o->input_count && strncmp(o->inputs[0], "fd:", 3) != 0))
		return;
	crypto_generichash_final(&state, digest, sizeof digest);
	memcpy(text, name, sizeof name);
	sodium_bin2hex(text + sizeof name - 1, 2 * sizeof digest + 1, digest, sizeof digest);
	dnc_json_member_text(b, "data_checksum", text);
}

static void add_counts(struct dnc_buf *b, const struct tally_result *r)
{
	const struct {
		const char *key;
		uint64_t value;
	} counts[] = {{"records_added", r->added}, {"records_removed", r->removed},
		{"records_skipped", r->skipped}, {"records_total", r->total},
		{"records_processed", r->processed}, {"duplicates_found", r->duplicates},
		{"invalid_records", r->invalid}};

	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
		dnc_json_member_number(b, counts[i].key, counts[i].value);
}

static void add_times(struct dnc_buf *b, const struct ingest *in, uint64_t records)
{
	int64_t ns = dnc_clock_mono_ns() - in->summary.started_ns, now = dnc_clock_now_ms();
	int64_t started_ms = in->summary.started_ms;

	dnc_json_member_number(b, "sync_duration", (uint64_t)ns);
	dnc_json_member_number(b, "throughput_per_second",
		ns > 0 ? (uint64_t)((double)records * 1e9 / (double)ns) : 0);
	dnc_json_member_time(b, "started_at", started_ms);
	/* The clock may be set back meanwhile. */
	dnc_json_member_time(b, "completed_at", now < started_ms ? started_ms : now);
	dnc_json_member_time(b, "timestamp", now);
}

/* That of the events: what the format of the records says stands before the option. Differences have that of their list. */
static const char *find_provider(const struct ingest *in)
{
	const struct summary *s = &in->summary;

	return s->provider && !s->mixed && !in->compare ? s->provider : in->options.source.provider;
}

static void add_origin(struct dnc_buf *b, const struct ingest *in)
{
	const struct options *o = &in->options;
	bool attended = isatty(STDERR_FILENO) == 1;
	char id[DNC_UUID_LEN];

	dnc_json_member_str(b, "type", dnc_type_names[DNC_LIST_SYNCED]);
	dnc_json_member_text(b, "provider", find_provider(in));
	if (o->source.provider_id)
		dnc_json_member_text(b, "provider_id", o->source.provider_id);
	dnc_uuid_v7(in->summary.started_ms, id);
	dnc_json_member_str(b, "sync_id", (struct dnc_str){id, sizeof id});
	dnc_json_member_text(b, "sync_trigger", attended ? "manual" : "scheduled");
	dnc_json_member_text(b, "initiated_from", attended ? "system" : "scheduler");
	dnc_json_member_text(b, "initiated_by", "dnc-ingest");
	if (o->sync_type)
		dnc_json_member_text(b, "sync_type", o->sync_type);
	else
		dnc_json_member_text(b, "sync_type",
			in->options.against || (in->summary.full_seen && !in->summary.delta_seen)
				? "full"
				: "delta");
}

static void add_warnings(struct dnc_buf *b, const struct ingest *in, const struct tally_result *r)
{
	bool mixed = in->summary.mixed && !in->compare;

	if (!r->unclear && !mixed)
		return;
	dnc_json_member_number(b, "warning_count", (uint64_t)mixed + (r->unclear > 0));
	dnc_json_member_json(b, "warning_messages", (struct dnc_str){"[", 1});
	if (r->unclear)
		dnc_buf_printf(b,
			"\"%llu %s sent again or acknowledged with those of others: the "
			"counts may not be exact\"",
			(unsigned long long)r->unclear,
			dnc_plural(r->unclear, "record was", "records were"));
	if (mixed)
		dnc_buf_printf(b, "%s\"the counts are those of several providers\"",
			r->unclear ? "," : "");
	dnc_buf_printf(b, "]");
}

static void add_status(struct dnc_buf *b, const struct ingest *in, const struct tally_result *r,
	const struct failure *failure)
{
	dnc_json_member_text(b, "sync_status",
		failure->code ? "failed"
		: r->invalid  ? "partial"
			      : "success");
	if (failure->code) {
		uint64_t inputs = in->stage.failed + in->refusals;

		dnc_json_member_number(b, "error_count", inputs ? inputs : 1);
		dnc_json_member_text(b, "error_code", failure->code);
		dnc_json_member_visible(b, "error_message", failure->message);
	}
	add_warnings(b, in, r);
}

/* Makes the event. -1 with ERR. */
static int make_event(struct ingest *in, const struct tally_result *r,
	const struct failure *failure, struct dnc_buf *b, struct dnc_event *event,
	struct dnc_error *err)
{
	dnc_buf_chr(b, '{');
	add_origin(b, in);
	add_status(b, in, r, failure);
	add_counts(b, r);
	add_times(b, in, r->total);
	add_checksum(b, in, failure);
	dnc_buf_chr(b, '}');
	if (!dnc_buf_reserve(b, DNC_JSON_PADDING) || !dnc_buf_ok(b))
		return dnc_error_nomem(err);
	dnc_event_reader_format(in->reader, "dnc-ingest");
	dnc_event_reader_position(in->reader, NULL, 0, 0);
	return dnc_event_normalize(in->reader, b->p, b->n, event, err);
}

void summary_begin(struct ingest *in)
{
	struct dnc_buf b = {0};
	struct dnc_event event;
	struct dnc_error err;

	if (!in->options.summary)
		return;
	in->summary = (struct summary){0};
	summary_restart(&in->summary);
	in->summary.started_ms = dnc_clock_now_ms();
	in->summary.started_ns = dnc_clock_mono_ns();
	if (make_event(in, &(struct tally_result){0}, &(struct failure){0}, &b, &event, &err) < 0)
		dnc_cli_usage("--summary: %s", err.message);
	dnc_buf_free(&b);
}

void summary_restart(struct summary *s)
{
	crypto_generichash_init(&s->digest, NULL, 0, DIGEST_BYTES);
}

void summary_line(struct summary *summary, const struct dnc_stream *s, const struct dnc_line *line)
{
	summary->cut |= line->too_long;
	if (!s->acked)
		crypto_generichash_update(&summary->digest, (const unsigned char *)line->text.p,
			line->text.n + line->end_n);
}

void summary_stream(struct summary *s, bool full, const char *provider)
{
	if (provider && s->provider && strcmp(provider, s->provider) != 0)
		s->mixed = true;
	if (provider)
		s->provider = provider;
	s->full_seen |= full;
	s->delta_seen |= !full;
}

/* What became of the summary, which was acknowledged, when the events before it had the outcome BEFORE. */
static int judge(const struct ingest *in, int code, const struct dnc_outcome *before)
{
	struct dnc_outcome now = outcome_events(in);

	if (now.rejected > before->rejected) {
		dnc_err("the summary is not in the log: a later stage rejected it; see its rejects");
		return code ? code : DNC_EXIT_SOME;
	}
	if (now.dropped > before->dropped)
		dnc_warn("the summary is not in the log: a rule of a later stage dropped it");
	return code;
}

int summary_publish(struct ingest *in, int code, bool ended_early)
{
	const struct dnc_outcome outcome = outcome_events(in);
	const struct tally_result result = tally_result(&in->tally, &outcome);
	const struct failure failure = find_failure(in, ended_early);
	struct dnc_buf b = {0};
	struct dnc_event event;
	struct dnc_error err;
	int rc;

	if (in->output_failed) {
		dnc_err("no summary was published: the output has failed");
		return code;
	}
	if (in->summary.mixed && !in->compare)
		dnc_warn(
			"the summary counts the records of several providers as those of %s: read the "
			"files of each provider by a run of their own",
			in->options.source.provider);
	if (make_event(in, &result, &failure, &b, &event, &err) < 0) {
		dnc_err("no summary was published: %s", err.message);
		rc = DNC_EXIT_TEMPFAIL;
	} else {
		rc = dnc_outlet_line(in->stage.out, event.line.p, event.line.n, &err);
		rc = dnc_stage_finish(&in->stage, rc, &err);
		if (rc)
			dnc_err("the summary was not acknowledged: it may not be in the log");
	}
	dnc_buf_free(&b);
	return rc ? rc : judge(in, code, &outcome);
}
