/* Facts and their ids: what differs in anything never shares one. */
#include "unit.h"
#include <stdio.h>
#include "event/event.h"
#include "event/priv/repeats.h"

struct ids {
	struct dnc_event_reader *reader;
	struct dnc_event_run *run; /* NULL is live */
	uint64_t line;
	char id[DNC_UUID_LEN + 1];
	char text[4096]; /* the event */
};

static struct ids start(const char *run)
{
	struct dnc_str part = dnc_str(run);
	struct ids ids = {.reader = dnc_event_reader_new(&(struct dnc_event_options){0})};

	assert_non_null(ids.reader);
	if (run)
		assert_non_null(ids.run = dnc_event_run_new(&part, 1));
	return ids;
}

static void finish(struct ids *ids)
{
	dnc_event_reader_free(ids->reader);
	dnc_event_run_free(ids->run);
}

/* The id of the next record. */
static const char *next(struct ids *ids, const char *record)
{
	static char copy[4096];
	struct dnc_event event;
	struct dnc_error err;

	memset(copy, 0, sizeof copy);
	strcpy(copy, record);
	dnc_event_reader_position(ids->reader, ids->run, ++ids->line, 0);
	if (dnc_event_normalize(ids->reader, copy, strlen(copy), &event, &err) < 0)
		fail_msg("%s: %s", record, err.message);
	memcpy(ids->text, event.line.p, event.line.n);
	ids->text[event.line.n] = '\0';
	memcpy(ids->id, event.id.p, DNC_UUID_LEN);
	return ids->id;
}

/* The id of RECORD alone, the first of RUN. */
static const char *id_of(const char *run, const char *record, char id[DNC_UUID_LEN + 1])
{
	struct ids ids = start(run);

	strcpy(id, next(&ids, record));
	finish(&ids);
	return id;
}

#define AT   "\"timestamp\":\"2026-08-29T08:00:00Z\","
#define SUP  "\"type\":\"dnc.number.suppressed\","
#define REL  "\"type\":\"dnc.number.released\","
#define TEL  "\"phone_number\":\"+12025550143\","
#define SAYS "\"reason\":\"testing\""

static void what_differs_in_anything_has_another_id(void **state)
{
	static const char *const facts[] = {
		"{" AT SUP TEL SAYS "}",
		"{" AT REL TEL SAYS "}",
		"{" AT SUP "\"phone_number\":\"+12025550144\"," SAYS "}",
		"{" AT SUP TEL "\"reason\":\"complaint\"}",
		"{" AT SUP TEL SAYS ",\"source\":\"federal\"}",
		"{" AT SUP TEL SAYS ",\"source\":\"state\"}",
		"{" AT SUP TEL SAYS ",\"provider\":\"a\"}",
		"{" AT SUP TEL SAYS ",\"provider\":\"a\",\"provider_id\":\"b\"}",
		"{" AT SUP TEL SAYS ",\"provider\":\"ab\"}",
		"{" AT SUP TEL SAYS ",\"provider_id\":\"ab\"}",
		"{" AT SUP TEL SAYS ",\"severity\":\"low\"}",
		"{" AT SUP TEL SAYS ",\"severity\":\"high\"}",
		"{" AT SUP TEL SAYS ",\"summary\":\"x\"}",
		"{" AT SUP TEL SAYS ",\"metadata\":{\"x\":\"y\"}}",
		"{" AT SUP TEL SAYS ",\"x\":\"y\"}",
		"{" AT SUP TEL SAYS ",\"x\":\"\"}",
		"{" AT SUP TEL SAYS ",\"xy\":\"\"}",
		"{" AT SUP TEL SAYS ",\"x\":true}",
		"{" AT SUP TEL SAYS ",\"x\":\"true\"}",
		"{" AT SUP TEL SAYS ",\"x\":{\"y\":1}}",
		"{" AT SUP TEL SAYS ",\"x\":[\"y\",1]}",
		"{" AT SUP TEL SAYS ",\"expires_at\":\"2027-01-01T00:00:00Z\"}",
		"{" AT SUP TEL SAYS ",\"suppressed_at\":\"2026-01-01T00:00:00Z\"}",
		"{" AT SUP TEL SAYS ",\"suppressed_at\":\"2026-01-01T00:00:00.0001Z\"}",
		"{" AT SUP TEL SAYS ",\"id\":\"42\"}",
		"{" AT SUP TEL SAYS ",\"id\":\"43\"}",
		"{" AT SUP TEL SAYS ",\"event_id\":\"42\",\"id\":\"43\"}",
		"{" AT SUP TEL SAYS ",\"event_id\":\"43\",\"id\":\"42\"}",
		"{\"timestamp\":\"2026-08-29T08:00:00.001Z\"," SUP TEL SAYS "}",
		"{\"timestamp\":\"2026-08-29T08:00:00.0001Z\"," SUP TEL SAYS "}",
		"{" SUP TEL SAYS "}",
	};
	enum { FACTS = sizeof facts / sizeof facts[0] };
	char ids[FACTS][DNC_UUID_LEN + 1], again[DNC_UUID_LEN + 1];

	(void)state;
	for (size_t i = 0; i < FACTS; i++) {
		id_of("run", facts[i], ids[i]);
		assert_int_equal(ids[i][14], '8');
		assert_string_equal(ids[i], id_of("run", facts[i], again));
		for (size_t k = 0; k < i; k++)
			if (strcmp(ids[i], ids[k]) == 0)
				fail_msg("one id: %s %s", facts[i], facts[k]);
	}
}

static void the_same_fact_in_another_order_and_spelling_has_the_same_id(void **state)
{
	char a[DNC_UUID_LEN + 1], b[DNC_UUID_LEN + 1];

	(void)state;
	id_of("one", "{" AT SUP TEL SAYS ",\"a\":1,\"b\":\"\\u0041\"}", a);
	id_of("two",
		"{ \"b\": \"A\", \"a\": 1, " SAYS ", \"phone_number\": \"(202) 555-0143\", " SUP AT
		"\"seq\": 7}",
		b);
	assert_string_equal(a, b);
}

static void rows_without_a_time_belong_to_their_run_and_line(void **state)
{
	static const char suppressed[] =
		"{" SUP TEL SAYS ",\"expires_at\":\"2027-01-01T00:00:00Z\"}";
	struct ids one = start("monday"), again = start("monday"), other = start("tuesday");
	char first[DNC_UUID_LEN + 1], third[DNC_UUID_LEN + 1];

	(void)state;
	strcpy(first, next(&one, suppressed));
	next(&one, "{" REL TEL SAYS "}");
	strcpy(third, next(&one, suppressed));
	assert_string_not_equal(first, third);
	assert_string_equal(next(&again, suppressed), first);
	assert_string_not_equal(next(&other, suppressed), first);
	/* Several records of one line. */
	again.line = 0;
	assert_string_not_equal(next(&again, suppressed), first);
	next(&again, suppressed);
	strcpy(third, again.id);
	again.line--;
	assert_string_not_equal(next(&again, suppressed), third);
	finish(&one);
	finish(&again);
	finish(&other);
}

static void equal_records_of_one_moment_are_counted(void **state)
{
	static const char *const records[] = {"{" AT SUP TEL SAYS "}", "{" AT REL TEL SAYS "}",
		"{" AT SUP TEL SAYS "}", "{" AT SUP TEL SAYS "}",
		"{\"timestamp\":\"2026-08-29T09:00:00Z\"," SUP TEL SAYS "}",
		"{" AT SUP TEL SAYS "}"};
	enum { RECORDS = sizeof records / sizeof records[0] };
	char ids[RECORDS][DNC_UUID_LEN + 1];
	struct ids one = start("this month"), other = start("next month");

	(void)state;
	next(&other, "{" REL TEL SAYS "}"); /* the lines have moved */
	for (size_t i = 0; i < RECORDS; i++) {
		strcpy(ids[i], next(&one, records[i]));
		assert_string_equal(ids[i], next(&other, records[i]));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(ids[i], ids[k]);
	}
	finish(&one);
	finish(&other);
}

static void too_many_records_of_one_moment_are_said_to_be(void **state)
{
	enum { MANY = 3 << 19 };
	struct repeats repeats = {0};
	uint32_t count, refused = 0;

	(void)state;
	for (uint64_t i = 0; i < MANY; i++)
		if (!repeats_count(&repeats, (i + 1) * UINT64_C(0x9E3779B97F4A7C15), 1, &count))
			refused++;
		else
			assert_int_equal(count, 0);
	assert_true(refused > 0 && refused < MANY / 2);
	assert_false(repeats_count(&repeats, UINT64_C(0x9E3779B97F4A7C15), 1, &count));
	/* The next moment begins anew, and remembers. */
	for (uint32_t i = 0; i < 70000; i++) {
		bool counted = repeats_count(&repeats, UINT64_C(7) << 50, 2, &count);

		assert_int_equal(counted, i < 0xFFFF);
		if (counted)
			assert_int_equal(count, i);
	}
	/* Moments that take turns are counted as well, as far as memory reaches. */
	for (uint64_t i = 0; i < 1000; i++)
		assert_true(repeats_count(&repeats, i << 20, 3 + i, &count));
	for (uint64_t i = 0; i < 1000; i++) {
		assert_true(repeats_count(&repeats, i << 20, 3 + i, &count));
		assert_int_equal(count, 1);
	}
	repeats_finish(&repeats);
}

static void order_changes_no_count(void **state)
{
	struct repeats any = {0}, ordered = {.ordered = true};
	uint64_t refused = 0;

	(void)state;
	/* Moments of 1, 2, 4 ... records, the largest of which has more than can be counted. */
	for (uint64_t moment = 1; moment <= 21; moment++)
		for (uint64_t i = 0; i < UINT64_C(1) << moment; i++) {
			uint64_t record =
				(moment << 32 | (i - i % 8 / 7)) * UINT64_C(0x9E3779B97F4A7C15);
			uint32_t a = 0, b = 0;
			bool counted = repeats_count(&any, record, moment, &a);

			assert_int_equal(repeats_count(&ordered, record, moment, &b), counted);
			assert_int_equal(a, b);
			refused += !counted;
		}
	assert_true(refused > 0);
	assert_true(any.full && ordered.full &&
		    ordered.passed == any.recent.used - ordered.recent.used);
	repeats_finish(&any);
	repeats_finish(&ordered);
}

static void live_records_get_an_id_of_their_own(void **state)
{
	char a[DNC_UUID_LEN + 1], b[DNC_UUID_LEN + 1];

	(void)state;
	id_of(NULL, "{" AT SUP TEL SAYS "}", a);
	id_of(NULL, "{" AT SUP TEL SAYS "}", b);
	assert_int_equal(a[14], '7');
	assert_string_not_equal(a, b);
	/* A short id of the source says that it is the same, if a time says which statement it is. */
	id_of(NULL, "{\"id\":\"42\"," AT SUP TEL SAYS "}", a);
	id_of(NULL, "{\"id\":\"42\"," AT SUP TEL SAYS "}", b);
	assert_int_equal(a[14], '8');
	assert_string_equal(a, b);
	id_of(NULL, "{\"id\":\"42\"," AT REL TEL SAYS "}", b);
	assert_string_not_equal(a, b);
	id_of(NULL, "{\"id\":\"42\"," SUP TEL SAYS ",\"suppressed_at\":\"2026-01-01T00:00:00Z\"}",
		a);
	assert_int_equal(a[14], '8');
}

static void a_live_record_without_a_time_is_never_one_that_came_before(void **state)
{
	static const char *const records[] = {
		"{\"id\":\"42\"," SUP TEL SAYS "}",
		"{\"id\":\"42\"," REL TEL SAYS "}",
		"{\"event_id\":\"42\"," SUP TEL SAYS "}",
		"{\"event_data\":{\"event_id\":\"42\"}," SUP TEL SAYS "}",
		/* The expiry is not when it was said. */
		"{\"id\":\"42\"," SUP TEL SAYS ",\"expires_at\":\"2027-01-01T00:00:00Z\"}",
	};
	struct ids live = start(NULL);
	char first[DNC_UUID_LEN + 1];

	(void)state;
	for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
		strcpy(first, next(&live, records[i]));
		assert_int_equal(first[14], '7');
		assert_string_not_equal(first, next(&live, records[i]));
		assert_non_null(strstr(live.text, "\"42\""));
	}
	finish(&live);
}

static void a_sources_own_id_is_kept(void **state)
{
	static const struct {
		const char *given, *id,
			*want; /* the members before the rest, the id, a piece of event_data */
	} cases[] = {
		{"\"id\":\"0198F0A0000070008000000000000001\"",
			"0198f0a0-0000-7000-8000-000000000001", "{\"reason\""},
		{"\"event_id\":\"0198f0a0-0000-7000-8000-000000000001\"",
			"0198f0a0-0000-7000-8000-000000000001", "{\"reason\""},
		{"\"event_data\":{\"event_id\":\"0198f0a0-0000-7000-8000-000000000001\"}",
			"0198f0a0-0000-7000-8000-000000000001", "\"event_id\":\"0198f0a0"},
		{"\"id\":\"42\",\"event_id\":\"0198f0a0-0000-7000-8000-000000000001\"",
			"0198f0a0-0000-7000-8000-000000000001",
			"{\"source_id\":\"42\",\"event_id\""},
		{"\"id\":\"42\"", NULL, "{\"source_id\":\"42\",\"reason\""},
		{"\"event_id\":\"42\"", NULL, "{\"source_id\":\"42\",\"reason\""},
		{"\"id\":\"42\",\"event_id\":\"43\"", NULL,
			"{\"source_id\":\"42\",\"event_id\":\"43\""},
		{"\"event_data\":{\"event_id\":\"43\"}", NULL, "{\"event_id\":\"43\",\"reason\""},
		{"\"id\":\"42\",\"source_id\":\"42\"", NULL, "{\"source_id\":\"42\",\"reason\""},
		{"\"id\":42", NULL, "{\"source_id\":\"42\",\"reason\""},
		{"\"id\":-7", NULL, "{\"source_id\":\"-7\",\"reason\""},
		{"\"event_id\":18446744073709551617", NULL,
			"{\"source_id\":\"18446744073709551617\",\"reason\""},
		/* As many digits as a UUID, but a number. */
		{"\"id\":10000000000070008000000000000001", NULL,
			"{\"source_id\":\"10000000000070008000000000000001\",\"reason\""},
		{"\"id\":42,\"event_id\":\"0198f0a0-0000-7000-8000-000000000001\"",
			"0198f0a0-0000-7000-8000-000000000001",
			"{\"source_id\":\"42\",\"event_id\""},
		{"\"id\":42,\"event_id\":43", NULL, "{\"source_id\":\"42\",\"event_id\":43"},
		{"\"event_data\":{\"event_id\":43}", NULL, "{\"event_id\":43,\"reason\""},
		{"\"id\":\"42\",\"source_id\":\"9\",\"source_id_2\":8", NULL,
			"{\"source_id_3\":\"42\",\"source_id\":\"9\",\"source_id_2\":8"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct ids ids = start("run"), again = start("another");
		char record[1024];

		snprintf(record, sizeof record, "{%s," SUP TEL SAYS "}", cases[i].given);
		next(&ids, record);
		if (cases[i].id ? strcmp(ids.id, cases[i].id) != 0 : ids.id[14] != '8')
			fail_msg("%s: %s", cases[i].given, ids.id);
		if (!strstr(ids.text, cases[i].want))
			fail_msg("%s: no %s in %s", cases[i].given, cases[i].want, ids.text);
		/* Once canonical it stays as it is, wherever it is read. */
		next(&again, ids.text);
		assert_string_equal(again.text, ids.text);
		finish(&ids);
		finish(&again);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_differs_in_anything_has_another_id),
		cmocka_unit_test(the_same_fact_in_another_order_and_spelling_has_the_same_id),
		cmocka_unit_test(rows_without_a_time_belong_to_their_run_and_line),
		cmocka_unit_test(equal_records_of_one_moment_are_counted),
		cmocka_unit_test(too_many_records_of_one_moment_are_said_to_be),
		cmocka_unit_test(order_changes_no_count),
		cmocka_unit_test(live_records_get_an_id_of_their_own),
		cmocka_unit_test(a_live_record_without_a_time_is_never_one_that_came_before),
		cmocka_unit_test(a_sources_own_id_is_kept),
	};

	return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
