/* Events without memory: a record is an event or has no verdict, but is never rejected for it. */
#include "nomem.h"
#include <limits.h>
#include <stdio.h>
#include "event/event.h"
#include "log/priv/commit_queue.h"
#include "source/map.h"
#include "source/source.h"
#include "web/http/submission.h"

struct record {
	const char *text;
	struct dnc_event_reader *reader;
	struct dnc_error err;
	char line[4096 + DNC_JSON_PADDING];
};

static int attempt_normalize(void *ctx)
{
	struct record *r = ctx;
	struct dnc_event event;

	return dnc_event_normalize(r->reader, r->line, strlen(r->text), &event, &r->err);
}

static void check_no_verdict(void *ctx)
{
	struct record *r = ctx;

	assert_int_equal(r->err.code, DNC_ERROR_NO_MEMORY);
	assert_string_equal(r->err.message, "out of memory");
}

#define RECORD(more)                                                                               \
	"{\"type\":\"dnc.number.suppressed\",\"phone_number\":\"+12025550123\"," more              \
	"\"event_data\":{\"reason\":\"x\"}}"

static void a_record_without_memory_is_not_rejected(void **state)
{
	/* With an escape, or with an id to be made: others need no memory. */
	static const char *const records[] = {RECORD("\"provider\":\"ac\\\"me\","),
		RECORD("\"id\":\"of mine\",\"timestamp\":\"2026-08-29T08:00:00Z\",")};

	(void)state;
	for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
		struct record r = {.text = records[i], .err = {.code = -7}};

		r.reader = dnc_event_reader_new(&(struct dnc_event_options){0});
		strcpy(r.line, r.text);
		fail_each(attempt_normalize, check_no_verdict, &r);
		dnc_event_reader_free(r.reader);
	}
}

/* The first record needs memory to work in for its id; the second does not. */
static void a_record_without_memory_does_not_harm_the_next(void **state)
{
	struct record r = {
		.text = RECORD("\"id\":\"mine\",\"timestamp\":\"2026-08-29T08:00:00Z\",")};
	struct dnc_event event;

	(void)state;
	r.reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	strcpy(r.line, r.text);
	for (int n = 0; n < 8; n++) {
		static char other[] =
			RECORD("\"provider\":\"acme\",") "                              "
							 "                              "
							 "          ";

		fail_after(n, 1);
		dnc_event_normalize(r.reader, r.line, strlen(r.text), &event, &r.err);
		fail_after(-1, 0);
		assert_int_equal(dnc_event_normalize(r.reader, other,
					 strlen(RECORD("\"provider\":\"acme\",")), &event, &r.err),
			0);
	}
	dnc_event_reader_free(r.reader);
}

struct publication {
	const char *text;
	struct submission_tools tools;
	struct submission submission;
	enum publish_fault fault;
	int64_t slice_ns;
	char body[4096 + DNC_JSON_PADDING];
};

static int attempt_submission(void *ctx)
{
	struct publication *p = ctx;

	p->submission = (struct submission){.count = 0};
	submission_begin(
		&p->submission, &p->tools, (struct dnc_str){p->body, strlen(p->body)}, false);
	while (submission_read(&p->submission, p->slice_ns))
		;
	p->fault = p->submission.fault;
	if (p->fault == PUBLISH_OK) {
		assert_int_equal(p->submission.count, 2);
		assert_int_equal(p->submission.rejected, 0);
	}
	submission_free(&p->submission);
	return p->fault == PUBLISH_OK ? 0 : -1;
}

static void check_refused(void *ctx)
{
	assert_int_equal(((struct publication *)ctx)->fault, PUBLISH_NO_MEMORY);
}

static void a_publication_without_memory_is_refused_as_a_whole(void **state)
{
	static const char *const bodies[] = {
		RECORD("\"provider\":\"a\\\"b\",") "\n" RECORD("\"provider\":\"a\","),
		"[" RECORD("\"provider\":\"a\\\"b\",") "," RECORD("\"provider\":\"a\",") "]"};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof bodies / sizeof bodies[0]; i++) {
		struct publication p = {
			.text = bodies[i / 2], .slice_ns = i % 2 ? INT64_MAX / 2 : 0};

		strcpy(p.body, p.text);
		p.tools.parser = dnc_json_parser_new();
		p.tools.events = dnc_event_reader_new(&(struct dnc_event_options){0});
		fail_each(attempt_submission, check_refused, &p);
		dnc_json_parser_free(p.tools.parser);
		dnc_event_reader_free(p.tools.events);
	}
}

/* A record that failed to be read must not pass without the provider of the command line. */
static void a_source_without_memory_fails(void **state)
{
	static char text[] =
		RECORD("") "                                                            "
			   "          ";
	const struct dnc_source_options options = {
		.format = "ndjson", .provider = "acme", .max_record = 4096};

	(void)state;
	for (int n = 0; n < 4; n++) {
		struct dnc_line line = {.text = {text, strlen(RECORD(""))}, .number = 1};
		struct dnc_record record;
		struct dnc_error err;
		struct dnc_source *s = dnc_source_new(&options, &err);
		enum dnc_source_result rc;

		dnc_source_feed(s, &line);
		fail_after(n, 1);
		rc = dnc_source_next(s, &record, &err);
		fail_after(-1, 0);
		if (n == 0)
			assert_int_equal(rc, DNC_SOURCE_FAILED);
		if (rc == DNC_SOURCE_FAILED)
			assert_int_equal(err.code, DNC_ERROR_NO_MEMORY);
		else
			assert_non_null(memmem(record.event.p, record.event.n, "acme", 4));
		dnc_source_free(s);
	}
}

static int attempt_add(void *ctx)
{
	struct commit_queue *q = ctx;

	return commit_queue_add(q, NULL, 1, q->filling.mark_count + 1, true);
}

static void a_line_without_memory_for_its_batch_waits(void **state)
{
	struct commit_queue q;

	(void)state;
	commit_queue_init(&q, 1 << 20);
	fail_after(0, 1);
	assert_int_equal(attempt_add(&q), 0);
	fail_after(-1, 0);
	assert_int_equal(q.filling.mark_count, 1);
	assert_int_equal(q.filling.marks[0].rejected, 1);
	fail_after(0, INT_MAX);
	commit_queue_stop(&q);
	assert_int_equal(attempt_add(&q), -1);
	fail_after(-1, 0);
	commit_queue_destroy(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_without_memory_is_not_rejected),
		cmocka_unit_test(a_record_without_memory_does_not_harm_the_next),
		cmocka_unit_test(a_publication_without_memory_is_refused_as_a_whole),
		cmocka_unit_test(a_source_without_memory_fails),
		cmocka_unit_test(a_line_without_memory_for_its_batch_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
