/* Events of facts: the same as those of their records, whatever differs from row to row. */
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "event/fact.h"
#include "event/priv/reader.h"

/* What is said when the event was made, or of it alone: the time of arrival, and a time that is that one. */
static void blank(struct dnc_buf *b, const struct dnc_event *e, bool dated)
{
	dnc_buf_clear(b);
	dnc_buf_str(b, e->line);
	memset(b->p + (e->ingested_at.p - e->line.p), 'x', e->ingested_at.n);
	if (!dated)
		memset(b->p + (e->timestamp.p - e->line.p), 'x', e->timestamp.n);
}

/* Makes the event of FACT both ways, and compares. Returns whether there is one. */
static bool compare(struct dnc_event_reader *by_fact, struct dnc_event_reader *by_record,
	const struct dnc_fact *fact)
{
	struct dnc_buf record = {0}, a = {0}, b = {0};
	struct dnc_error err_a, err_b;
	struct dnc_event x, y;
	int rc;

	dnc_fact_write(&record, fact);
	assert_true(dnc_buf_reserve(&record, DNC_JSON_PADDING));
	rc = dnc_event_from_fact(by_fact, fact, &x, &err_a);
	assert_int_equal(rc, dnc_event_normalize(by_record, record.p, record.n, &y, &err_b));
	if (rc == 0) {
		struct dnc_event_shape shape_x, shape_y;

		blank(&a, &x, fact->dated);
		blank(&b, &y, fact->dated);
		assert_int_equal(a.n, b.n);
		assert_memory_equal(a.p, b.p, a.n);
		dnc_event_shape_of(&x, &shape_x);
		dnc_event_shape_of(&y, &shape_y);
		assert_true(!fact->dated || shape_x.timestamp_ms == shape_y.timestamp_ms);
		shape_x.timestamp_ms = shape_y.timestamp_ms = 0;
		assert_memory_equal(&shape_x, &shape_y, sizeof shape_x);
		assert_true(!fact->dated || x.timestamp_ms == fact->at_ms);
	} else {
		assert_int_equal(err_a.code, err_b.code);
		assert_string_equal(err_a.message, err_b.message);
	}
	dnc_buf_free(&record);
	dnc_buf_free(&a);
	dnc_buf_free(&b);
	return rc == 0;
}

/* Random rows of many kinds, in an order in which templates come and go. */
static void facts_give_the_events_of_their_records(void **state)
{
	static const char *const providers[] = {NULL, "federal_dnc", "list \"7\" \\ ünï",
		"of 12025550143", "2026-08-29T08:00:00.000Z", "+1******0143"};
	static const char *const reasons[] = {
		"regulatory", "complaint", "consumer_request", "555-0143", "admin_override", NULL};
	static const char *const sources[] = {NULL, "federal", "state", "other"};
	static const char *const numbers[] = {"2025550143", "+49 30 123456", "020 7946 0018",
		"0000", "12025550143", "(202) 555-0199 ext 7", "", "202555014", "+1 2025550143"};
	struct dnc_event_options options = {.region = "US"};
	const struct dnc_str part = DNC_STR("a run");
	size_t events = 0;

	(void)state;
	srand(7);
	for (int round = 0; round < 3; round++) {
		struct dnc_event_reader *x = dnc_event_reader_new(&options);
		struct dnc_event_reader *y = dnc_event_reader_new(&options);
		struct dnc_event_run *run_x = dnc_event_run_new(&part, 1);
		struct dnc_event_run *run_y = dnc_event_run_new(&part, 1);

		for (unsigned i = 0; i < 4000; i++) {
			char digits[16];
			struct dnc_fact fact = {
				.type = rand() % 2 ? DNC_NUMBER_SUPPRESSED : DNC_NUMBER_RELEASED,
				.dated = rand() % 3,
				.provider = providers[rand() % 6],
				.provider_id = rand() % 4 ? NULL : "17",
				.reason = reasons[rand() % (i % 2 ? 2 : 6)],
				.source = sources[rand() % 4]};

			snprintf(digits, sizeof digits, "%03d555%04d", 200 + rand() % 700,
				rand() % 200);
			fact.number = dnc_str(rand() % 4 ? digits : numbers[rand() % 9]);
			if (fact.dated) /* few different moments, so that rows are equal */
				fact.at_ms = 1767225600000 + (rand() % 4) * 1000 +
				             (rand() % 8 ? 0 : (int64_t)rand() * 40000);
			if (rand() % 50 == 0)
				fact.at_ms = fact.dated ? INT64_C(253402300799999) : 0;
			dnc_event_reader_position(x, run_x, i + 1, 0);
			dnc_event_reader_position(y, run_y, i + 1, 0);
			events += compare(x, y, &fact);
		}
		dnc_event_run_free(run_x);
		dnc_event_run_free(run_y);
		dnc_event_reader_free(x);
		dnc_event_reader_free(y);
		options.strict_phone = round == 0;
		options.region = round == 1 ? "GB" : "US";
	}
	assert_true(events > 4000);
}

static void a_live_fact_gets_a_new_id_each_time(void **state)
{
	struct dnc_event_reader *r = dnc_event_reader_new(&(struct dnc_event_options){0});
	const struct dnc_fact fact = {.type = DNC_NUMBER_SUPPRESSED,
		.number = DNC_STR("2025550143"),
		.reason = "complaint",
		.source = "internal"};
	char before[DNC_UUID_LEN] = "";
	struct dnc_event event;
	struct dnc_error err;

	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(dnc_event_from_fact(r, &fact, &event, &err), 0);
		assert_int_equal(event.id.n, DNC_UUID_LEN);
		assert_int_equal(event.id.p[14], '7');
		assert_memory_not_equal(before, event.id.p, DNC_UUID_LEN);
		memcpy(before, event.id.p, DNC_UUID_LEN);
		assert_int_equal(dnc_event_doc(&event)->node[0].type, DNC_JSON_OBJECT);
	}
	/* One record is parsed for the template, and one to compare it; then only what is asked for. */
	assert_int_equal(dnc_json_parser_count(r->parser), 2 + 5);
	dnc_event_reader_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_give_the_events_of_their_records),
		cmocka_unit_test(a_live_fact_gets_a_new_id_each_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
