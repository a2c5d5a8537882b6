/* Publications: heads, bodies as events and rejects, what the log made of them, and the answers. */
#include "unit.h"
#include <stdio.h>
#include "web/http/problem.h"
#include "web/http/publish_head.h"
#include "web/http/submission.h"

static struct submission_tools tools;

static int make_tools(void **state)
{
	(void)state;
	tools.parser = dnc_json_parser_new();
	tools.events = dnc_event_reader_new(&(struct dnc_event_options){.source_format = "http"});
	return tools.parser && tools.events ? 0 : -1;
}

static int free_tools(void **state)
{
	(void)state;
	dnc_json_parser_free(tools.parser);
	dnc_event_reader_free(tools.events);
	return 0;
}

#define EVENT                                                                                      \
	"{\"type\":\"dnc.number.released\",\"phone_number\":\"+13035550143\",\"reason\":\"x\"}"

static enum publish_fault read_body(struct submission *s, const char *text, size_t n, bool form)
{
	struct dnc_buf body = {0};
	enum publish_fault fault;

	*s = (struct submission){.sender = "http:desk"};
	dnc_buf_add(&body, text, n);
	assert_true(dnc_buf_reserve(&body, DNC_JSON_PADDING));
	submission_begin(s, &tools, dnc_buf_view(&body), form);
	assert_false(submission_read(s, INT64_MAX / 2));
	fault = s->fault;
	/* Nothing of it is borrowed. */
	memset(body.p, '#', body.n);
	dnc_buf_free(&body);
	return fault;
}

static void heads_say_how_bodies_are_framed_and_coded(void **state)
{
	static const struct {
		struct http_head head;
		enum publish_fault fault;
		bool gzip, form;
	} cases[] = {
#define LENGTH(n)   .has_length = true, .length = n
#define FIELD(f, v) .fields = {{{f, sizeof(f) - 1}, {v, sizeof(v) - 1}}}, .count = 1
#define CODING(v)   {LENGTH(1), FIELD("Content-Encoding", v)}
#define TYPE(v)                                                                                    \
	{                                                                                          \
		LENGTH(1), FIELD("content-type", v)                                                \
	}
		{{LENGTH(0)}, PUBLISH_OK, false, false},
		{{LENGTH(100)}, PUBLISH_OK, false, false},
		{{LENGTH(101)}, PUBLISH_TOO_LARGE, false, false},
		{{LENGTH(UINT64_MAX)}, PUBLISH_TOO_LARGE, false, false},
		{{.chunked = true}, PUBLISH_OK, false, false},
		{CODING("gzip"), PUBLISH_OK, true, false},
		{CODING("X-GZIP"), PUBLISH_OK, true, false},
		{CODING("identity"), PUBLISH_OK, false, false},
		{CODING("br"), PUBLISH_CONTENT_CODING, false, false},
		{CODING("gzip, gzip"), PUBLISH_CONTENT_CODING, false, false},
		{TYPE("application/x-ndjson"), PUBLISH_OK, false, false},
		{TYPE("Application/X-WWW-Form-Urlencoded; charset=utf-8"), PUBLISH_OK, false, true},
		{TYPE("multipart/form-data; boundary=x"), PUBLISH_MULTIPART, false, false},
		{{.count = 0}, PUBLISH_NO_LENGTH, false, false},
#undef LENGTH
#undef FIELD
#undef CODING
#undef TYPE
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct body body = {.max_bytes = 0};
		bool form = true;
		enum publish_fault fault = publish_head_read(&cases[i].head, 100, &body, &form);

		if (fault != cases[i].fault || body.chunked != cases[i].head.chunked ||
			body.gzip != cases[i].gzip || form != cases[i].form ||
			body.max_bytes != 100)
			fail_msg("case %zu: fault %d", i, fault);
	}
}

static void each_fault_has_a_status_of_its_own_kind_and_says_what_to_do(void **state)
{
	(void)state;
	for (int i = PUBLISH_OK + 1; i < PUBLISH_FAULTS; i++) {
		assert_non_null(publish_faults[i].detail);
		assert_int_equal(
			problem_status(publish_faults[i].status)->status, publish_faults[i].status);
	}
	for (int v = BODY_BAD_CHUNK; v <= BODY_NO_MEMORY; v++)
		assert_int_not_equal(publish_fault_of_body((enum body_verdict)v), PUBLISH_OK);
}

static void events_go_into_the_batch_and_others_to_the_rejects(void **state)
{
	static const struct {
		const char *text;
		size_t events, rejected;
		const char *records; /* of the events */
		const char *rejects;
	} cases[] = {
		{"", 0, 0, "", ""},
		{" \r\n\n", 0, 0, "", ""},
		{"[]", 0, 0, "", ""},
		{EVENT, 1, 0, "0", ""},
		{EVENT "\n\n" EVENT "\r\n", 2, 0, "0 2", ""},
		{"[" EVENT " , " EVENT "]", 2, 0, "0 1", ""},
		{"{}\n" EVENT "\n7\n" EVENT, 2, 2, "1 3",
			"\"index\":0,\"code\":\"missing_type\"|\"index\":2,\"code\":\"not_an_object\""},
		{"[1,]", 0, 2, "",
			"\"index\":0,\"code\":\"not_an_object\"|\"index\":1,\"code\":\"invalid_json\""},
		{"[" EVENT, 0, 1, "", "\"index\":0,\"code\":\"invalid_json\""},
		{EVENT EVENT, 0, 1, "", "\"index\":0,\"code\":\"invalid_json\""},
		{"{\"type\":\"dnc.number.released\",\"phone_number\":\"12\",\"reason\":\"x\"}", 0,
			1, "", "\"code\":\"invalid_phone_number\"|\"path\":\"phone_number\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct submission s;
		char records[64] = "", wanted[256];
		size_t n = 0;

		assert_int_equal(
			read_body(&s, cases[i].text, strlen(cases[i].text), false), PUBLISH_OK);
		for (size_t k = 0; k < s.count; k++)
			n += (size_t)snprintf(records + n, sizeof records - n, "%s%zu",
				n ? " " : "", s.records[k]);
		if (s.count != cases[i].events || s.batch.count != s.count ||
			s.rejected != cases[i].rejected || strcmp(records, cases[i].records) != 0)
			fail_msg("%s: %zu events (%s), %zu rejected", cases[i].text, s.count,
				records, s.rejected);
		dnc_buf_chr(&s.rejects, '\0');
		snprintf(wanted, sizeof wanted, "%s", cases[i].rejects);
		for (char *part = strtok(wanted, "|"); part; part = strtok(NULL, "|"))
			if (!strstr(s.rejects.p, part))
				fail_msg("%s: no %s in %s", cases[i].text, part, s.rejects.p);
		submission_free(&s);
	}
}

static void the_batch_has_canonical_events_from_http(void **state)
{
	struct submission s;
	struct dnc_str line;

	(void)state;
	assert_int_equal(read_body(&s, EVENT, sizeof EVENT - 1, false), PUBLISH_OK);
	line = dnc_piece_str(&s.batch, s.batch.events[0].line);
	assert_memory_equal(line.p, "{\"id\":\"", 7);
	assert_non_null(memmem(line.p, line.n, "\"source_format\":\"http\"", 22));
	assert_true(submission_bytes(&s) >= line.n);
	submission_free_batch(&s);
	assert_int_equal(s.count, 1);
	assert_true(submission_bytes(&s) < 1024);
	submission_free(&s);
}

static void bodies_that_are_no_events_are_refused_as_a_whole(void **state)
{
	static const struct {
		const char *text;
		bool form;
		enum publish_fault fault;
	} cases[] = {
		{"type=dnc.number.released&phone=1", true, PUBLISH_FORM},
		/* curl -d sends JSON as a form. */
		{EVENT, true, PUBLISH_OK},
		{"[" EVENT "]", true, PUBLISH_OK},
		{"", true, PUBLISH_OK},
		{"\x1F\x8B\x08", false, PUBLISH_UNDECLARED_GZIP},
		{"\x1F\x8B\x08", true, PUBLISH_UNDECLARED_GZIP},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct submission s;

		assert_int_equal(read_body(&s, cases[i].text, strlen(cases[i].text), cases[i].form),
			cases[i].fault);
		submission_free(&s);
	}
}

static void ten_thousand_records_are_read_and_a_hundred_rejects_told(void **state)
{
	static struct dnc_recent_entry noted[DNC_RECENT];

	(void)state;
	tools.rejects = dnc_recent_new();
	assert_non_null(tools.rejects);
	for (int over = 0; over < 2; over++) {
		struct dnc_buf text = {0};
		struct submission s;
		size_t told = 0;

		for (int i = 0; i < SUBMISSION_RECORDS_MAX + over; i++)
			dnc_buf_lit(&text, "{}\n");
		assert_int_equal(read_body(&s, text.p, text.n, false),
			over ? PUBLISH_TOO_LARGE : PUBLISH_OK);
		assert_int_equal(s.rejected, SUBMISSION_RECORDS_MAX);
		for (const char *p = s.rejects.p; p; told++)
			p = memmem(
				p + 1, (size_t)(s.rejects.p + s.rejects.n - p - 1), "\"index\"", 7);
		assert_int_equal(told - 1, SUBMISSION_REJECTS_MAX);
		/* Those are noted, too. */
		assert_int_equal(dnc_recent_copy(tools.rejects, noted), DNC_RECENT);
		assert_string_equal(noted[0].where, "http:desk");
		assert_string_equal(noted[0].what, "missing_type");
		assert_int_equal(noted[0].line, SUBMISSION_REJECTS_MAX);
		submission_free(&s);
		dnc_buf_free(&text);
	}
	dnc_recent_free(tools.rejects);
	tools.rejects = NULL;
}

/* A submission that is read in slices. */
struct reading {
	struct submission submission;
	struct dnc_buf body;
	size_t slices;
	bool more;
};

static void open_reading(struct reading *r, const char *text, size_t n)
{
	*r = (struct reading){.more = true};
	dnc_buf_add(&r->body, text, n);
	assert_true(dnc_buf_reserve(&r->body, DNC_JSON_PADDING));
	submission_begin(&r->submission, &tools, dnc_buf_view(&r->body), false);
}

static void read_slice(struct reading *r, int64_t ns)
{
	if (!r->more)
		return;
	r->more = submission_read(&r->submission, ns);
	r->slices++;
}

static void close_reading(struct reading *r)
{
	submission_free(&r->submission);
	dnc_buf_free(&r->body);
}

/* A canonical line without what differs from time to time. */
static struct dnc_str stable_line(const struct submission *s, size_t i)
{
	struct dnc_str line = dnc_piece_str(&s->batch, s->batch.events[i].line);
	const char *end = memmem(line.p, line.n, "\"metadata\":", 11);

	assert_non_null(end);
	line.n = (size_t)(end - line.p);
	return line;
}

static void assert_same(const struct submission *a, const struct submission *b)
{
	assert_int_equal(a->fault, b->fault);
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->rejected, b->rejected);
	assert_int_equal(a->joined_lines, b->joined_lines);
	assert_true(dnc_str_eq(dnc_buf_view(&a->rejects), dnc_buf_view(&b->rejects)));
	assert_int_equal(a->batch.count, b->batch.count);
	for (size_t i = 0; i < a->count; i++) {
		assert_int_equal(a->records[i], b->records[i]);
		assert_true(dnc_str_eq(stable_line(a, i), stable_line(b, i)));
	}
}

#define EVENT_OF(id, note)                                                                         \
	"{\"id\":\"0198f0a0-0000-7000-8000-00000000000" id "\",\"type\":\"dnc.number.released\","  \
	"\"timestamp\":\"2026-08-29T08:00:00Z\",\"phone_number\":\"+1303555014" id                 \
	"\",\"reason\":\"" note "\"}"

/* Whatever other submission is read with the same tools between its slices. */
static void slices_give_what_the_whole_gives(void **state)
{
	static const char *const texts[] = {
		EVENT_OF("1", "x"),
		EVENT_OF("1", "x") "\n\n7\n{}\n" EVENT_OF("2", "\\u00e9]") "\r\n{",
		"[" EVENT_OF("1", "[{") " , 7, " EVENT_OF("2", "\\\"],") ",,{}]",
		"{\"id\":\"0198f0a0-0000-7000-8000-000000000001\",\n\"type\":"
		"\"dnc.number.released\",\n\"timestamp\":\"2026-08-29T08:00:00Z\",\n\"phone_number\":\"+13035550143\",\n\"reason\":\"x\"\n}",
	};
	const size_t count = sizeof texts / sizeof texts[0];

	(void)state;
	for (size_t i = 0; i < count * count; i++) {
		const char *text = texts[i / count], *other = texts[i % count];

		for (size_t cut = 0; cut <= strlen(text); cut++) {
			struct reading whole, sliced, beside;

			open_reading(&whole, text, cut);
			read_slice(&whole, INT64_MAX / 2);
			assert_false(whole.more);
			open_reading(&sliced, text, cut);
			open_reading(&beside, other, strlen(other));
			while (sliced.more || beside.more) {
				read_slice(&sliced, 0);
				read_slice(&beside, 0);
			}
			assert_same(&sliced.submission, &whole.submission);
			close_reading(&beside);
			close_reading(&sliced);
			close_reading(&whole);
		}
	}
}

/* Little is read at once, and much in slices: each kind of what there may be much of. */
static void only_large_bodies_are_read_in_slices(void **state)
{
	static const struct {
		const char *start, *repeated, *end;
		size_t times;
		bool sliced;
	} cases[] = {
		{"", EVENT "\n", "", 5, false},
		{"", EVENT "\n", "", 1000, true},
		{"", "{}\n", "", 1000, true},
		{"[", EVENT ",", EVENT "]", 1000, true},
		{"7", "\n", "7", 1 << 20, true},
		{"[\"", "x", "\"]", 1 << 20, true},
		{"[", "[]", "", 1 << 20, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_buf text = {0};
		struct reading whole, sliced;

		dnc_buf_str(&text, dnc_str(cases[i].start));
		for (size_t k = 0; k < cases[i].times; k++)
			dnc_buf_str(&text, dnc_str(cases[i].repeated));
		dnc_buf_str(&text, dnc_str(cases[i].end));
		open_reading(&whole, text.p, text.n);
		read_slice(&whole, INT64_MAX / 2);
		open_reading(&sliced, text.p, text.n);
		while (sliced.more)
			read_slice(&sliced, 1);
		if ((sliced.slices > 1) != cases[i].sliced)
			fail_msg("case %zu: %zu slices", i, sliced.slices);
		assert_int_equal(sliced.submission.fault, whole.submission.fault);
		assert_int_equal(sliced.submission.count, whole.submission.count);
		assert_int_equal(sliced.submission.rejected, whole.submission.rejected);
		close_reading(&sliced);
		close_reading(&whole);
		dnc_buf_free(&text);
	}
}

static void an_event_that_is_too_long_is_rejected_alone(void **state)
{
	struct dnc_buf text = {0};
	struct submission s;

	(void)state;
	dnc_buf_lit(&text, "{\"type\":\"dnc.number.released\",\"summary\":\"");
	while (text.n <= DNC_EVENT_MAX_BYTES)
		dnc_buf_chr(&text, 'x');
	dnc_buf_lit(&text, "\"}\n" EVENT);
	assert_int_equal(read_body(&s, text.p, text.n, false), PUBLISH_OK);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.rejected, 1);
	assert_non_null(memmem(s.rejects.p, s.rejects.n, "too_large", 9));
	submission_free(&s);
	dnc_buf_free(&text);
}

/* Checks that PAGE is JSON with these members. */
static void assert_answer(struct dnc_buf *page, const char *const *members, size_t count)
{
	struct dnc_json doc;
	struct dnc_error err;

	assert_true(dnc_buf_reserve(page, DNC_JSON_PADDING));
	memset(page->p + page->n, 0, DNC_JSON_PADDING);
	if (dnc_json_parse(tools.parser, page->p, page->n, &doc, &err) < 0)
		fail_msg("%s: %s", page->p, err.message);
	for (size_t i = 0; i < count && members[i]; i++)
		if (!strstr(page->p, members[i]))
			fail_msg("no %s in %s", members[i], page->p);
}

static void answers_tell_what_the_log_has(void **state)
{
	static const struct {
		const char *text;
		struct dnc_receipt receipt;
		uint8_t logged[2];
		unsigned status;
		const char *members[5];
	} cases[] = {
		{EVENT "\n" EVENT, {.accepted = 2, .last_seq = 9}, {DNC_LOGGED_NEW, DNC_LOGGED_NEW},
			200,
			{"{\"accepted\":2,\"duplicates\":0,\"rejected\":[],\"rejected_count\":0,"
			 "\"last_seq\":9}"}},
		{EVENT, {.duplicates = 1}, {DNC_LOGGED_DUPLICATE}, 200,
			{"\"accepted\":0,\"duplicates\":1", "\"last_seq\":0}"}},
		{"7\n" EVENT "\n" EVENT, {.accepted = 1, .conflicts = 1, .last_seq = 3},
			{DNC_LOGGED_NEW, DNC_LOGGED_CONFLICT}, 200,
			{"\"accepted\":1", "\"rejected_count\":2",
				"{\"index\":0,\"code\":\"not_an_object\"",
				"{\"index\":2,\"code\":\"id_conflict\"", "\"path\":\"id\""}},
		{EVENT, {.conflicts = 1}, {DNC_LOGGED_CONFLICT}, 422,
			{"\"status\":422", "no event was accepted", "\"rejected_count\":1"}},
		{"", {0}, {0}, 422, {"\"status\":422", "the body has no events"}},
		{"{}", {0}, {0}, 422, {"\\\"rejected\\\" says what is wrong"}},
		{"{}{}", {0}, {0}, 422, {"use --data-binary"}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct submission s;
		struct dnc_buf page = {0};

		dnc_buf_lit(&page, "of the answer before");
		assert_int_equal(
			read_body(&s, cases[i].text, strlen(cases[i].text), false), PUBLISH_OK);
		if (cases[i].receipt.conflicts)
			submission_reject_conflicts(&s, cases[i].logged);
		assert_int_equal(submission_answer(&s, &cases[i].receipt, &page), cases[i].status);
		if (cases[i].status != 200)
			http_problem_close(&page);
		assert_answer(&page, cases[i].members, 5);
		submission_free(&s);
		dnc_buf_free(&page);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_say_how_bodies_are_framed_and_coded),
		cmocka_unit_test(each_fault_has_a_status_of_its_own_kind_and_says_what_to_do),
		cmocka_unit_test(events_go_into_the_batch_and_others_to_the_rejects),
		cmocka_unit_test(the_batch_has_canonical_events_from_http),
		cmocka_unit_test(bodies_that_are_no_events_are_refused_as_a_whole),
		cmocka_unit_test(ten_thousand_records_are_read_and_a_hundred_rejects_told),
		cmocka_unit_test(slices_give_what_the_whole_gives),
		cmocka_unit_test(only_large_bodies_are_read_in_slices),
		cmocka_unit_test(an_event_that_is_too_long_is_rejected_alone),
		cmocka_unit_test(answers_tell_what_the_log_has),
	};

	return cmocka_run_group_tests(tests, make_tools, free_tools);
}
