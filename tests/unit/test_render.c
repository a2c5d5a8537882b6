#include "unit.h"
#include <stdio.h>
#include "event/cloudevent.h"
#include "event/mask.h"

/* What comes back when SAID is normalized, then written by WRITE. */
static void mask(struct dnc_buf *out, const struct dnc_event *e)
{
	struct dnc_event_reader *r = dnc_event_reader_new(&(struct dnc_event_options){0});
	struct dnc_event masked;

	assert_int_equal(dnc_event_mask(r, out, e, &masked), 0);
	assert_true(out->n <= e->line.n);
	dnc_event_reader_free(r);
}

static void check(const char *said, void (*write)(struct dnc_buf *, const struct dnc_event *),
	const char *const *wanted)
{
	struct dnc_event_reader *r = dnc_event_reader_new(&(struct dnc_event_options){0});
	char text[1024] = "";
	struct dnc_buf out = {0};
	struct dnc_event event;
	struct dnc_error err;

	snprintf(text, sizeof text - DNC_JSON_PADDING, "%s", said);
	if (dnc_event_normalize(r, text, strlen(text), &event, &err) < 0)
		fail_msg("%s: %s", said, err.message);
	write(&out, &event);
	dnc_buf_chr(&out, '\0');
	for (; *wanted; wanted++)
		if (!strstr(out.p, *wanted))
			fail_msg("%s\nis not in\n%s", *wanted, out.p);
	dnc_buf_free(&out);
	dnc_event_reader_free(r);
}

#define HEAD                                                                                       \
	"{\"type\":\"dnc.check.performed\",\"phone_number\":\"+13035550143\",\"result\":\"allowed\","

static void numbers_are_masked_wherever_they_stand(void **state)
{
	static const struct {
		const char *said, *wanted[4];
	} cases[] = {
		{HEAD "\"note\":\"x\"}",
			{"\"phone_number\":\"+1******0143\"", "\"note\":\"x\"", NULL}},
		{HEAD "\"a\":\"3035550143\",\"b\":\"+1 (303) 555-0143\"}",
			{"\"a\":\"******0143\"", "\"b\":\"+1 (***) ***-0143\"", NULL}},
		{HEAD "\"other\":\"+442079460958\",\"short\":\"123456\"}",
			{"\"other\":\"+44******0958\"", "\"short\":\"123456\"", NULL}},
		{HEAD "\"deep\":{\"list\":[[\"sip:13035550143@pbx\"]]}}",
			{"sip:*******0143@pbx", NULL}},
		{HEAD "\"by\":{\"3035550143\":1}}", {"{\"******0143\":1}", NULL}},
		/* Two keys that would look the same. */
		{HEAD "\"by\":{\"3035550143\":1,\"2025550143\":2}}",
			{"\"phone_number\":\"+1******0143\"", "\"event_data\":{}", NULL}},
		/* Escapes hide a digit, or stand beside one. */
		{HEAD "\"e\":\"\\u0033035550143\",\"f\":\"a\\nb\"}",
			{"\"e\":\"******0143\"", "\"f\":\"a\\nb\"", NULL}},
		{HEAD "\"e\":\"\\b\\b\\b\\b\\b\\b3035550143\"}", {"\"e\":\"[masked]\"", NULL}},
		{HEAD "\"e\":\"\\t3035550143\"}", {"\"e\":\"\\t******0143\"", NULL}},
		{HEAD "\"k\\u0033035550143\":1}", {"\"k******0143\":1", NULL}},
		{HEAD "\"n\":13035550143,\"d\":1234567.5,\"m\":-13035550143}",
			{"\"n\":\"*****0143\"", "\"d\":1234567.5", NULL}},
		{HEAD "\"list\":[13035550143,{\"a\":-1.5e10,\"b\":13035550143},[]]}",
			{"[\"*****0143\",{\"a\":-1.5e10,\"b\":\"*****0143\"},[]]", NULL}},
		{HEAD "\"q\":\"\\\\\\\"3035550143:\\\\\"}",
			{"\"q\":\"\\\\\\\"******0143:\\\\\"", NULL}},
		/* Counts, durations, times and UUIDs are no numbers of that kind. */
		{HEAD "\"latency\":123456789012,\"checked_at\":\"2026-08-29T08:00:00.000Z\","
		      "\"event_id\":\"01234567-8901-7234-8567-890123456789\"}",
			{"\"latency\":123456789012", "\"checked_at\":\"2026-08-29T08:00:00.000Z\"",
				"\"01234567-8901-7234-8567-890123456789\"", NULL}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		check(cases[i].said, mask, cases[i].wanted);
}

static void a_cloudevent_has_what_the_format_asks_for(void **state)
{
	static const char *const wanted[] = {"{\"specversion\":\"1.0\",\"id\":\"",
		"\"source\":\"/dnc/a%20b\"", "\"type\":\"dnc.check.performed\"",
		"\"subject\":\"+13035550143\"", "\"time\":\"2026-08-29T08:00:00.000Z\"",
		"\"datacontenttype\":\"application/json\"", "\"data\":{\"id\":\"", NULL};

	(void)state;
	check(HEAD "\"provider\":\"a b\",\"timestamp\":\"2026-08-29T08:00:00Z\"}",
		dnc_event_write_cloudevent, wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_masked_wherever_they_stand),
		cmocka_unit_test(a_cloudevent_has_what_the_format_asks_for),
	};

	return cmocka_run_group_tests_name("render", tests, NULL, NULL);
}
