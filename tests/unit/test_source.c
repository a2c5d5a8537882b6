/* Each format's records: what event or reject becomes of them. */
#include "unit.h"
#include "base/lines.h"
#include "event/event.h"
#include "source/source.h"

struct result {
	struct dnc_buf text; /* events and rejects, a line each */
	struct dnc_event_reader *reader;
};

static int on_reject(void *ctx, const struct dnc_record *r, const struct dnc_error *err)
{
	struct result *result = ctx;

	dnc_buf_printf(&result->text, "%llu %s\n", (unsigned long long)r->line,
		dnc_reject_name((enum dnc_reject)err->code));
	return 0;
}

static int on_record(void *ctx, const struct dnc_record *r)
{
	struct result *result = ctx;
	struct dnc_error err;
	struct dnc_event event;
	struct dnc_str out;

	if (dnc_event_normalize(result->reader, r->event.p, r->event.n, &out, &err) < 0)
		return on_reject(ctx, r, &err);
	assert_int_equal(dnc_event_view(result->reader, out.p, out.n, &event), 0);
	dnc_buf_printf(&result->text, "%llu %.*s %.*s %.*s\n", (unsigned long long)r->line,
		DNC_STR_ARG(dnc_type_names[event.type]), DNC_STR_ARG(event.phone_number),
		DNC_STR_ARG(event.provider));
	return 0;
}

static void read_all(
	const struct dnc_source_options *options, const char *text, struct result *result)
{
	const struct dnc_source_events events = {on_record, on_reject, result};
	struct dnc_error err;
	struct dnc_source *s = dnc_source_new(options, &events, &err);
	struct dnc_lines lines;
	struct dnc_line line;
	size_t room, n = strlen(text);
	char *space;

	assert_non_null(s);
	assert_int_equal(dnc_lines_init(&lines, options->max_record, 4096), 0);
	space = dnc_lines_space(&lines, &room);
	assert_true(n < room);
	memcpy(space, text, n);
	dnc_lines_filled(&lines, n);
	dnc_lines_end(&lines);
	while (dnc_lines_next(&lines, &line))
		assert_int_equal(dnc_source_line(s, &line), 0);
	assert_int_equal(dnc_source_end(s), 0);
	dnc_source_free(s);
	dnc_lines_finish(&lines);
}

static const struct {
	const char *name, *format, *text, *want;
} cases[] = {
	{"an event", "auto",
		"{\"type\":\"dnc.number.suppressed\",\"phone_number\":\"(303) 555-0143\","
		"\"reason\":\"complaint\",\"source\":\"federal\"}\n",
		"1 dnc.number.suppressed +13035550143 federal_dnc\n"},
	{"the reference system's names and bare events", "ndjson",
		"{\"event_type\":\"NumberReleased\",\"phone_number\":\"3035550143\",\"reason\":\"expired\"}\n"
		"{\"phone_number\":\"3035550143\",\"suppressed_by\":\"x\",\"reason\":\"complaint\"}\n"
		"{\"event_type\":\"Nonsense\",\"phone_number\":\"3035550143\",\"suppressed_by\":\"x\"}\n"
		"[1]\n",
		"1 dnc.number.released +13035550143 \n2 dnc.number.suppressed +13035550143 \n"
		"3 missing_type\n4 not_an_object\n"},
	{"change data capture", "ndjson",
		"{\"op\":\"c\",\"before\":null,\"after\":{\"phone_number\":\"3035550143\","
		"\"reason\":\"complaint\"},\"ts_ms\":1700000000000}\n"
		"{\"payload\":{\"op\":\"d\",\"before\":{\"phone_number\":\"3035550143\"},\"after\":null}}\n",
		"1 dnc.number.suppressed +13035550143 \n2 dnc.number.released +13035550143 \n"},
	{"a change list", "auto",
		"3035550143,2026-08-29T08:00:00,A\r\n\r\n3035550199,2026-08-29T09:00:00,D\r\n"
		"303555014,2026-08-29T08:00:00,A\n3035550143,yesterday,A\n3035550143,2026-08-29T08:00:00,X\n",
		"1 dnc.number.suppressed +13035550143 federal_dnc\n"
		"3 dnc.number.released +13035550199 federal_dnc\n"
		"4 invalid_row\n5 invalid_row\n6 invalid_row\n"},
	{"a full list", "ftc-full", "303,5550143\n3035550199\n303,555\n",
		"1 dnc.number.suppressed +13035550143 federal_dnc\n"
		"2 dnc.number.suppressed +13035550199 federal_dnc\n3 invalid_row\n"},
	{"reported calls", "auto",
		"Company_Phone_Number,Created_Date,Violation_Date,Consumer_City,Consumer_State,"
		"Consumer_Area_Code,Subject,Recorded_Message_Or_Robocall\n"
		"3035550143,2026-08-29 00:02:11,2026-08-28 21:17:00,,,,\"a, b\nand c\",Y\n"
		"0000,2026-08-29 00:02:11,,,,,Other,N\n,2026-08-29 00:02:11,,,,,Other,N\nx,y\n",
		"2 dnc.compliance.violation +13035550143 ftc_reported_calls\n4 invalid_phone_number\n"
		"5 invalid_phone_number\n6 invalid_row\n"},
	{"csv", "csv",
		"\xEF\xBB\xBFPhone,Reason,registered_at\n303-555-0143,complaint,2026-08-29\n"
		"303-555-0199,,\n\"303\"5,x,y\n303-555-0144,complaint,\"open",
		"2 dnc.number.suppressed +13035550143 partner_list\n"
		"3 dnc.number.suppressed +13035550199 partner_list\n4 invalid_row\n5 invalid_row\n"},
	{"numbers", "numbers", "(303) 555-0143\n+1 303 555 0199 ext 7\n5550143\n\n",
		"1 dnc.number.suppressed +13035550143 \n2 dnc.number.suppressed +13035550199 \n"
		"3 invalid_phone_number\n"},
};

static void every_record_is_an_event_or_a_reject(void **state)
{
	struct result result = {.reader = dnc_event_reader_new(&(struct dnc_event_options){0})};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		bool partner = strcmp(cases[i].format, "csv") == 0;
		struct dnc_source_options options = {.format = cases[i].format,
			.region = "US",
			.max_record = 4000,
			.provider = partner ? "partner_list" : NULL,
			.reason = partner || strcmp(cases[i].format, "numbers") == 0
		                          ? "partner_request"
		                          : NULL};

		dnc_buf_clear(&result.text);
		read_all(&options, cases[i].text, &result);
		dnc_buf_chr(&result.text, '\0');
		if (strcmp(result.text.p, cases[i].want) != 0)
			fail_msg("%s:\n%s", cases[i].name, result.text.p);
	}
	dnc_buf_free(&result.text);
	dnc_event_reader_free(result.reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_record_is_an_event_or_a_reject)};

	return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
