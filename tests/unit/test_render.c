#include "unit.h"
#include <stdio.h>
#include "event/cloudevent.h"
#include "event/mask.h"

static const unsigned char mask_key[DNC_MASK_KEY_BYTES] = "a key that only tests have";
static const struct dnc_masking masking = {.key = mask_key};

/* What comes back when SAID is normalized, then written by WRITE. */
static void mask(struct dnc_buf *out, const struct dnc_event *e)
{
	struct dnc_event_reader *r = dnc_event_reader_new(&(struct dnc_event_options){0});
	struct dnc_event masked;

	assert_int_equal(dnc_event_mask(r, out, e, &masking, &masked), 0);
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

/* event_data and metadata between the members that all of them have. */
#define DATA(members)     "\"event_data\":{\"result\":\"allowed\"" members "},\"metadata\":"
#define METADATA(members) "\"metadata\":{\"result\":\"allowed\"" members ",\"ingested_at\":"

static void what_is_known_to_be_safe_is_shown(void **state)
{
	static const struct {
		const char *said, *wanted[4];
	} cases[] = {
		{HEAD "\"check_reason\":\"routing\"}",
			{"\"phone_number\":\"+1******0143\"",
				"\"summary\":\"+1******0143 checked: allowed (routing)\"",
				DATA(",\"check_reason\":\"routing\""), NULL}},
		/* Free text, and what is unknown. */
		{HEAD "\"note\":\"x\",\"error_message\":\"y\",\"is_blocked\":false,\"by\":{\"a\":1}}",
			{DATA(",\"is_blocked\":false"), NULL}},
		/* A known field with a value that is not known: it says so by its name alone. */
		{HEAD "\"check_reason\":\"3035550143\"}",
			{DATA(""), "\"unknown_values\":[\"check_reason\"]", NULL}},
		/* Who provides a number may be a person; who has a list, or a status, is not. */
		{HEAD "\"provider\":\"state_dnc\",\"provider_id\":\"ada_low\"}",
			{"0143\",\"provider\":\"state_dnc\",\"severity\"", NULL}},
		{"{\"type\":\"dnc.list.synced\",\"sync_status\":\"success\",\"provider\":\"acme\","
		 "\"provider_id\":\"ca-12\"}",
			{"\"provider\":\"acme\",\"provider_id\":\"ca-12\",\"severity\"",
				"\"summary\":\"acme list sync: success\"", NULL}},
		{"{\"type\":\"dnc.list.synced\",\"sync_status\":\"success\",\"provider\":\"ada.low\","
		 "\"provider_id\":\"c-1234\"}",
			{"\"type\":\"dnc.list.synced\",\"severity\"",
				"\"summary\":\"provider list sync: success\"", NULL}},
		{HEAD "\"timestamp\":\"2026-08-29T08:00:00.303Z\"}",
			{"\"timestamp\":\"2026-08-29T08:00:00.000Z\"", NULL}},
		{HEAD "\"provider\":\"p303-555\",\"provider_id\":\"Ada Low\"}",
			{"\"phone_number\":\"+1******0143\",\"severity\"", NULL}},
		{HEAD "\"provider\":\"3035550143\",\"provider_id\":\"a\\\"b\"}",
			{"\"phone_number\":\"+1******0143\",\"severity\"", NULL}},
		{HEAD "\"summary\":\"Ada Low, 3035550143\"}",
			{"\"summary\":\"+1******0143 checked: allowed\"", NULL}},
		/* Times, in UTC and without what a fraction says. */
		{HEAD "\"checked_at\":\"2026-08-29T10:00:00.3035550143+02:00\"}",
			{DATA(",\"checked_at\":\"2026-08-29T08:00:00Z\""), NULL}},
		{HEAD "\"checked_at\":\"3035-05-01T04:03:00Z\"}", {DATA(""), NULL}},
		/* Counts up to six digits, of others no more than that they are larger; of fractions three digits. */
		{HEAD "\"latency\":123456,\"cache_hits\":0}",
			{DATA(",\"latency\":123456,\"cache_hits\":0"), ",\"latency_ms\":0.123,",
				NULL}},
		{HEAD "\"latency\":3035550143,\"cache_hits\":-3}",
			{DATA(",\"latency\":1000000"), ",\"latency_ms\":3030,", NULL}},
		{HEAD "\"risk_score\":0.3035550143,\"confidence_score\":1.0}",
			{DATA(",\"risk_score\":0.303,\"confidence_score\":1.0"), NULL}},
		{HEAD "\"risk_score\":3.035550143e-1,\"confidence_score\":0}",
			{DATA(",\"confidence_score\":0"), NULL}},
		/* Arrays and objects of words. */
		{HEAD "\"sources\":[\"federal\",\"state_ca\"],\"blocking_reasons\":[]}",
			{DATA(",\"sources\":[\"federal\",\"state_ca\"],\"blocking_reasons\":[]"),
				NULL}},
		{HEAD "\"sources\":[\"federal\",\"Ada\"],\"blocking_reasons\":[[1]]}",
			{DATA(""), NULL}},
		{HEAD "\"compliance_flags\":{\"tcpa\":true,\"gdpr\":false}}",
			{DATA(",\"compliance_flags\":{\"tcpa\":true,\"gdpr\":false}"), NULL}},
		{HEAD "\"compliance_flags\":{\"3035550143\":true}}", {DATA(""), NULL}},
		/* Codes, people and programs. */
		{HEAD "\"error_code\":\"HTTP_503\",\"initiated_by\":\"scheduler\"}",
			{DATA(",\"error_code\":\"HTTP_503\",\"initiated_by\":\"scheduler\""),
				NULL}},
		{HEAD "\"error_code\":\"LOWELL\",\"initiated_by\":\"ada\"}", {DATA(""), NULL}},
		{HEAD "\"event_version\":\"1.0\",\"state\":\"US-CA\",\"country\":\"usa\"}",
			{DATA(",\"event_version\":\"1.0\",\"state\":\"US-CA\""), NULL}},
		{HEAD "\"event_version\":\"303.555\",\"state\":\"US-CALI\"}", {DATA(""), NULL}},
		/* Metadata of the source. */
		{HEAD "\"metadata\":{\"campaign\":\"x\",\"has_warnings\":\"3035550143\"}}",
			{METADATA(",\"is_blocked\":false,\"is_high_risk\":false,"
				  "\"has_warnings\":false"),
				NULL}},
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
		cmocka_unit_test(what_is_known_to_be_safe_is_shown),
		cmocka_unit_test(a_cloudevent_has_what_the_format_asks_for),
	};

	return cmocka_run_group_tests_name("render", tests, NULL, NULL);
}
