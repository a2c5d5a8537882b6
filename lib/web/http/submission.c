#include "web/http/submission.h"
#include <stdlib.h>
#include <string.h>
#include "base/array.h"
#include "base/clock.h"
#include "json/member.h"
#include "web/http/problem.h"

/* What one step costs, in bytes that could be read instead; and how many go by before the clock is read again: some
 * ten events, 100 us or so. */
enum { STEP_COST = 32, RECORD_COST = 1 << 10, CLOCK_COST = 16 << 10 };

struct slice {
	int64_t ns, end_ns; /* of dnc_clock_thread_ns(); 0: not set yet */
	size_t cost;        /* since the clock was read */
};

void submission_free_batch(struct submission *s)
{
	dnc_batch_free(&s->batch);
	s->batch = (struct dnc_batch){.count = 0};
}

void submission_free(struct submission *s)
{
	submission_free_batch(s);
	dnc_buf_free(&s->rejects);
	free(s->records);
}

size_t submission_bytes(const struct submission *s)
{
	return s->batch.text.size + s->batch.room * sizeof *s->batch.events +
	       s->room * sizeof *s->records;
}

static void reject(struct submission *s, size_t record, const struct dnc_error *err)
{
	struct dnc_buf *b = &s->rejects;

	if (s->rejected++ >= SUBMISSION_REJECTS_MAX)
		return;
	if (s->sender)
		dnc_recent_add(s->tools->rejects, s->sender, record + 1,
			dnc_reject_name((enum dnc_reject)err->code));
	dnc_buf_printf(b, "%s{\"index\":%zu,\"code\":\"%s\",\"message\":", b->n ? "," : "", record,
		dnc_reject_name((enum dnc_reject)err->code));
	dnc_json_write_visible(b, dnc_str(err->message));
	if (err->place[0]) {
		dnc_buf_lit(b, ",\"path\":");
		dnc_json_write_visible(b, dnc_str(err->place));
	}
	dnc_buf_chr(b, '}');
}

/* Rejects the record, or refuses the request if it only failed for lack of memory. */
static void fail(struct submission *s, size_t record, const struct dnc_error *err)
{
	if (err->code == DNC_ERROR_NO_MEMORY)
		s->fault = PUBLISH_NO_MEMORY;
	else
		reject(s, record, err);
}

static bool add_event(struct submission *s, size_t record, const struct dnc_event *event)
{
	if (!dnc_array_grow(&s->records, &s->room, s->count + 1))
		return false;
	if (!dnc_batch_add(&s->batch, event))
		return false;
	s->records[s->count++] = record;
	return true;
}

/* Makes RECORD an event. -1 with ERR, whose code is an enum dnc_reject or DNC_ERROR_NO_MEMORY. */
static int parse(const struct submission_tools *tools, struct dnc_str record,
	struct dnc_event *event, struct dnc_error *err)
{
	if (record.n > DNC_EVENT_MAX_BYTES)
		return dnc_error_set(err, DNC_REJECT_TOO_LARGE, "the event is longer than %u bytes",
			DNC_EVENT_MAX_BYTES);
	return dnc_event_normalize(tools->events, record.p, record.n, event, err);
}

static void read_record(struct submission *s, size_t index, struct dnc_str record)
{
	struct dnc_error err = {.place = ""};
	struct dnc_event event;

	if (index >= SUBMISSION_RECORDS_MAX)
		s->fault = PUBLISH_TOO_LARGE;
	else if (parse(s->tools, record, &event, &err) < 0)
		fail(s, index, &err);
	else if (!add_event(s, index, &event))
		s->fault = PUBLISH_NO_MEMORY;
}

/* Returns false at the end. */
static bool read_step(struct submission *s, struct slice *slice)
{
	struct dnc_error err = {.place = ""};
	size_t at = s->source.at, index;
	struct dnc_str record;
	enum records_verdict verdict =
		records_next(&s->source, s->tools->parser, &index, &record, &err);

	if (verdict == RECORDS_RECORD) {
		read_record(s, index, record);
		slice->cost += RECORD_COST;
	} else if (verdict == RECORDS_BAD) {
		if (err.code != DNC_ERROR_NO_MEMORY)
			err.code = DNC_REJECT_INVALID_JSON;
		fail(s, 0, &err);
	}
	slice->cost += STEP_COST + (s->source.at > at ? s->source.at - at : 0);
	return s->fault == PUBLISH_OK && (verdict == RECORDS_RECORD || verdict == RECORDS_MORE);
}

static bool is_over(struct slice *slice)
{
	int64_t now;

	if (slice->ns && slice->cost < CLOCK_COST)
		return false;
	slice->cost = 0;
	now = dnc_clock_thread_ns();
	if (!slice->end_ns)
		slice->end_ns = now + slice->ns;
	return now >= slice->end_ns;
}

static bool has_joined_lines(struct dnc_str text)
{
	return text.n && text.p[0] == '{' && !memchr(text.p, '\n', text.n) &&
	       memmem(text.p, text.n, "}{", 2);
}

static enum publish_fault check_text(struct dnc_str text, bool form)
{
	/* RFC 1952 section 2.3.1. */
	if (dnc_str_starts(text, DNC_STR("\x1F\x8B")))
		return PUBLISH_UNDECLARED_GZIP;
	return form && text.n && text.p[0] != '{' && text.p[0] != '[' ? PUBLISH_FORM : PUBLISH_OK;
}

void submission_begin(
	struct submission *s, const struct submission_tools *tools, struct dnc_str text, bool form)
{
	records_open(&s->source, text);
	s->tools = tools;
	s->joined_lines = has_joined_lines(s->source.text);
	s->fault = check_text(s->source.text, form);
}

bool submission_read(struct submission *s, int64_t ns)
{
	struct slice slice = {.ns = ns};

	while (s->fault == PUBLISH_OK && read_step(s, &slice))
		if (is_over(&slice))
			return true;
	if (!dnc_buf_ok(&s->rejects))
		s->fault = PUBLISH_NO_MEMORY;
	return false;
}

void submission_reject_conflicts(struct submission *s, const uint8_t *logged)
{
	struct dnc_error err = {.place = ""};

	dnc_error_set(&err, DNC_REJECT_ID_CONFLICT,
		"the log has another event with this id: the event is not in the log; send it with "
		"an id of its own");
	dnc_error_place(&err, "id");
	for (size_t i = 0; i < s->count; i++)
		if (logged[i] == DNC_LOGGED_CONFLICT)
			reject(s, s->records[i], &err);
}

static const char *why_none(const struct submission *s)
{
	if (!s->rejected)
		return "the body has no events: send one, a JSON array, or one a line";
	return s->joined_lines
	               ? "no event was accepted: the body has several events on one line; curl -d "
	                 "removes line ends: use --data-binary"
	               : "no event was accepted: \"rejected\" says what is wrong with each";
}

unsigned submission_answer(
	const struct submission *s, const struct dnc_receipt *receipt, struct dnc_buf *page)
{
	unsigned status = receipt->accepted || receipt->duplicates ? 200 : 422;

	if (status == 200) {
		dnc_buf_clear(page);
		dnc_buf_chr(page, '{');
	} else {
		http_problem_open(page, status, why_none(s));
	}
	dnc_json_member_number(page, "accepted", receipt->accepted);
	dnc_json_member_number(page, "duplicates", receipt->duplicates);
	dnc_json_write_key(page, DNC_STR("rejected"));
	dnc_buf_printf(page, "[%.*s]", DNC_STR_ARG(dnc_buf_view(&s->rejects)));
	page->failed |= s->rejects.failed;
	dnc_json_member_number(page, "rejected_count", s->rejected);
	if (status == 200) {
		dnc_json_member_number(page, "last_seq", receipt->last_seq);
		dnc_buf_chr(page, '}');
	}
	return status;
}
