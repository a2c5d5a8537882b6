#include "unit.h"
#include <stdio.h>
#include "event/event.h"

static int normalize(
	struct dnc_event_reader *r, const char *text, struct dnc_event *out, struct dnc_error *err)
{
	static char copy[4096];

	memset(copy, 0, sizeof copy);
	strcpy(copy, text);
	return dnc_event_normalize(r, copy, strlen(copy), out, err);
}

#define HEAD                                                                                       \
	"{\"timestamp\":\"2026-08-29T10:00:00+02:00\",\"id\":\"0198f0a0-0000-7000-8000-000000000001\","

static void events_become_canonical(void **state)
{
	/* WANT is a piece of the result. */
	static const struct {
		const char *in, *want;
	} cases[] = {
		{HEAD "\"type\":\"dnc.number.suppressed\",\"phone_number\":\"(303) 502-5113\","
		      "\"reason\":\"complaint\",\"source\":\"federal\"}",
			"\"phone_number\":\"+13035025113\",\"provider\":\"federal_dnc\","
			"\"severity\":\"medium\",\"timestamp\":\"2026-08-29T08:00:00.000Z\""},
		{HEAD "\"type\":\"dnc.number.suppressed\",\"phone_number\":\"+13035025113\","
		      "\"reason\":\"regulatory\"}",
			"\"severity\":\"high\""},
		{HEAD "\"type\":\"dnc.number.released\",\"phone_number\":\"+13035025113\","
		      "\"reason\":\"admin_override\"}",
			"\"requires_approval\":true"},
		{HEAD "\"type\":\"dnc.number.released\",\"phone_number\":\"+13035025113\","
		      "\"reason\":\"moon\"}",
			"\"unknown_values\":[\"reason\"]"},
		{HEAD "\"type\":\"dnc.check.performed\",\"phone_number\":\"+13035025113\","
		      "\"result\":\"blocked\",\"is_blocked\":true,\"latency\":1500000}",
			"\"latency_ms\":1.5"},
		{HEAD "\"type\":\"dnc.list.synced\",\"provider\":\"ftc\",\"sync_status\":\"failed\"}",
			"\"severity\":\"error\""},
		{HEAD "\"type\":\"dnc.compliance.violation\",\"phone_number\":\"+13035025113\","
		      "\"violation_type\":\"x\",\"seq\":9,\"surprise\":[1,2]}",
			"\"severity\":\"critical\""},
		{HEAD "\"type\":\"dnc.provider.status_change\",\"provider\":\"p\","
		      "\"new_status\":\"degraded\"}",
			"\"severity\":\"warning\""},
	};
	struct dnc_event_reader *r = dnc_event_reader_new(&(struct dnc_event_options){0});

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_error err;
		struct dnc_event event;
		char first[4096];

		if (normalize(r, cases[i].in, &event, &err) < 0)
			fail_msg("case %zu: %s", i, err.message);
		memcpy(first, event.line.p, event.line.n);
		first[event.line.n] = '\0';
		if (!strstr(first, cases[i].want))
			fail_msg("case %zu: no %s in %s", i, cases[i].want, first);
		assert_null(strstr(first, "\"seq\""));
		/* What is canonical stays as it is, byte for byte. */
		assert_int_equal(normalize(r, first, &event, &err), 0);
		assert_int_equal(event.line.n, strlen(first));
		assert_memory_equal(event.line.p, first, event.line.n);
		assert_int_equal(dnc_event_parse(r, event.line.p, event.line.n, &event), 0);
	}
	dnc_event_reader_free(r);
}

static void bad_records_name_their_fault(void **state)
{
	static const struct {
		const char *in;
		enum dnc_reject code;
	} cases[] = {
		{"{", DNC_REJECT_INVALID_JSON},
		{"{\"a\":1,\"a\":2}", DNC_REJECT_INVALID_JSON},
		{"[]", DNC_REJECT_NOT_AN_OBJECT},
		{"{\"type\":\"\xff\"}", DNC_REJECT_INVALID_UTF8},
		{"{}", DNC_REJECT_MISSING_TYPE},
		{"{\"type\":\"dnc.x\"}", DNC_REJECT_UNKNOWN_TYPE},
		{"{\"type\":\"\"}", DNC_REJECT_UNKNOWN_TYPE},
		{"{\"type\":\"dnc.\"}", DNC_REJECT_UNKNOWN_TYPE},
		{"{\"type\":\"suppressed\"}", DNC_REJECT_UNKNOWN_TYPE},
		{"{\"type\":\"dnc.dnc.number.released\"}", DNC_REJECT_UNKNOWN_TYPE},
		{HEAD "\"type\":\"dnc.number.suppressed\",\"phone_number\":\"+13035025113\"}",
			DNC_REJECT_MISSING_FIELD},
		{HEAD "\"type\":\"dnc.number.suppressed\",\"reason\":\"complaint\"}",
			DNC_REJECT_MISSING_FIELD},
		{HEAD "\"type\":\"dnc.list.synced\",\"sync_status\":\"success\"}",
			DNC_REJECT_MISSING_FIELD},
		{HEAD "\"type\":\"dnc.number.suppressed\",\"phone_number\":\"+13035025113\","
		      "\"reason\":7}",
			DNC_REJECT_INVALID_FIELD},
		{HEAD "\"type\":\"dnc.number.suppressed\",\"phone_number\":\"2370290\","
		      "\"reason\":\"complaint\"}",
			DNC_REJECT_INVALID_PHONE_NUMBER},
		{"{\"type\":\"dnc.compliance.violation\",\"phone_number\":\"+13035025113\","
		 "\"violation_type\":\"x\",\"timestamp\":\"yesterday\"}",
			DNC_REJECT_INVALID_TIMESTAMP},
	};
	struct dnc_event_reader *r = dnc_event_reader_new(&(struct dnc_event_options){0});

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_error err;
		struct dnc_event event;

		assert_int_equal(normalize(r, cases[i].in, &event, &err), -1);
		if (err.code != (int)cases[i].code)
			fail_msg("%s: %s", cases[i].in, dnc_reject_name((enum dnc_reject)err.code));
		assert_true(err.message[0] != '\0');
	}
	dnc_event_reader_free(r);
}

#define RECORD "{\"type\":\"dnc.number.suppressed\",\"phone_number\":\"+13035025113\","

static void a_field_that_stands_twice_must_say_the_same(void **state)
{
	static const struct {
		const char *in, *want; /* a piece of the event, or all of the message */
		bool ok;
	} cases[] = {
		{"\"reason\":\"complaint\",\"event_data\":{\"reason\":\"other\"}}",
			"reason differs from event_data.reason", false},
		{"\"reason\":\"complaint\",\"a\":1,\"event_data\":{\"a\":2}}",
			"a differs from event_data.a", false},
		{"\"reason\":\"complaint\",\"a\":1,\"event_data\":{\"a\":\"1\"}}",
			"a differs from event_data.a", false},
		{"\"reason\":\"complaint\",\"a\":[1],\"event_data\":{\"a\":[2]}}",
			"a differs from event_data.a", false},
		{"\"reason\":\"complaint\",\"a\":{\"b\":1},\"event_data\":{\"a\":{\"c\":1}}}",
			"a differs from event_data.a", false},
		{"\"reason\":\"complaint\",\"a\":[[],1],\"event_data\":{\"a\":[[1]]}}",
			"a differs from event_data.a", false},
		{"\"reason\":\"complaint\",\"id\":\"1\",\"event_id\":\"2\","
		 "\"event_data\":{\"event_id\":\"3\"}}",
			"event_id differs from event_data.event_id", false},
		{"\"reason\":\"complaint\",\"metadata\":{\"reason\":\"other\"}}",
			"metadata.reason differs from event_data.reason", false},
		{"\"reason\":\"complaint\",\"event_data\":{\"reason\":\"compl\\u0061int\"}}",
			"\"event_data\":{\"reason\":\"compl\\u0061int\"}", true},
		{"\"reason\":\"complaint\",\"a\":{\"b\":[1, {}]},"
		 "\"event_data\":{\"a\":{\"b\":[1,{}]}}}",
			"\"event_data\":{\"a\":{\"b\":[1,{}]},\"reason\"", true},
		{"\"reason\":\"complaint\",\"a\":1,\"event_data\":{\"a\":null}}",
			"\"event_data\":{\"reason\":\"complaint\",\"a\":1}", true},
		{"\"reason\":\"complaint\",\"a\":null,\"event_data\":{\"a\":1}}",
			"\"event_data\":{\"a\":1,\"reason\"", true},
		{"\"reason\":\"complaint\",\"metadata\":{\"reason\":\"complaint\"}}",
			"\"event_data\":{\"reason\":\"complaint\"}", true},
		/* Derived metadata is made anew. */
		{"\"reason\":\"complaint\",\"metadata\":{\"reason\":\"other\","
		 "\"ingested_at\":\"2026-08-29T08:00:00.000Z\"}}",
			"\"metadata\":{\"reason\":\"complaint\"", true},
	};
	struct dnc_event_reader *r = dnc_event_reader_new(&(struct dnc_event_options){0});

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char in[512], text[4096];
		struct dnc_error err = {0};
		struct dnc_event event;
		int rc;

		snprintf(in, sizeof in, RECORD "%s", cases[i].in);
		rc = normalize(r, in, &event, &err);
		if (rc == 0)
			snprintf(text, sizeof text, "%.*s", DNC_STR_ARG(event.line));
		if (rc != (cases[i].ok ? 0 : -1))
			fail_msg("%s: %s", cases[i].in, err.message);
		if (rc == 0 ? !strstr(text, cases[i].want)
			    : strcmp(err.message, cases[i].want) != 0 ||
					err.code != DNC_REJECT_INVALID_FIELD)
			fail_msg("%s: %s", cases[i].in, rc == 0 ? text : err.message);
	}
	dnc_event_reader_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_become_canonical),
		cmocka_unit_test(bad_records_name_their_fault),
		cmocka_unit_test(a_field_that_stands_twice_must_say_the_same),
	};

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
