/* Each format's records: what event or reject becomes of them. */
#include "unit.h"
#include <stdio.h>
#include "base/lines.h"
#include "event/event.h"
#include "source/priv/record.h"
#include "source/source.h"

struct result {
	struct dnc_buf text; /* events and rejects, a line each */
	struct dnc_event_reader *reader;
	bool whole;  /* events as they are */
	bool phones; /* nothing but their numbers */
};

static void add_reject(
	struct result *result, const struct dnc_record *r, const struct dnc_error *err)
{
	dnc_buf_printf(&result->text, "%llu %s\n", (unsigned long long)r->line,
		dnc_reject_name((enum dnc_reject)err->code));
}

static void add_record(struct result *result, const struct dnc_record *r)
{
	struct dnc_error err;
	struct dnc_event event;

	if (r->number)
		dnc_buf_printf(&result->text, "%llu +%llu\n", (unsigned long long)r->line,
			(unsigned long long)r->number);
	else if ((r->fact ? dnc_event_from_fact(result->reader, r->fact, &event, &err)
			  : dnc_event_normalize(
				    result->reader, r->event.p, r->event.n, &event, &err)) < 0)
		add_reject(result, r, &err);
	else if (result->phones)
		dnc_buf_printf(&result->text, "%llu %.*s\n", (unsigned long long)r->line,
			DNC_STR_ARG(event.phone_number));
	else if (result->whole)
		dnc_buf_str(&result->text, event.line);
	else
		dnc_buf_printf(&result->text, "%llu %.*s %.*s %.*s\n", (unsigned long long)r->line,
			DNC_STR_ARG(dnc_type_names[event.type]), DNC_STR_ARG(event.phone_number),
			DNC_STR_ARG(event.provider));
}

static void add_refusal(struct result *result, const struct dnc_source *s)
{
	enum dnc_refusal kind;

	assert_true(*dnc_source_refusal(s, &kind));
	dnc_buf_printf(
		&result->text, "refused %s\n", kind == DNC_REFUSED_CONTENT ? "content" : "header");
}

static void read_records(struct dnc_source *s, struct result *result)
{
	struct dnc_record record;
	struct dnc_error err;

	for (;;) {
		switch (dnc_source_next(s, &record, &err)) {
		case DNC_SOURCE_MORE:
			return;
		case DNC_SOURCE_RECORD:
			add_record(result, &record);
			break;
		case DNC_SOURCE_REJECT:
			add_reject(result, &record, &err);
			break;
		case DNC_SOURCE_DROPPED:
			dnc_buf_printf(
				&result->text, "%llu dropped\n", (unsigned long long)record.line);
			break;
		case DNC_SOURCE_REFUSED:
			add_refusal(result, s);
			break;
		case DNC_SOURCE_CHOSEN:
			assert_true(*dnc_source_choice(s));
			break;
		case DNC_SOURCE_FAILED:
			fail_msg("%s", err.message);
		}
	}
}

static void read_all(
	const struct dnc_source_options *options, struct dnc_str text, struct result *result)
{
	struct dnc_error err;
	struct dnc_source *s = dnc_source_new(options, &err);
	struct dnc_lines lines;
	struct dnc_line line;
	size_t room;
	char *space;

	assert_non_null(s);
	assert_int_equal(dnc_lines_init(&lines, options->max_record, text.n + 16384), 0);
	lines.lone_cr = !options->reject_lines;
	space = dnc_lines_space(&lines, &room);
	assert_true(text.n < room);
	memcpy(space, text.p, text.n);
	dnc_lines_filled(&lines, text.n);
	dnc_lines_end(&lines);
	while (dnc_lines_next(&lines, &line)) {
		dnc_source_feed(s, &line);
		read_records(s, result);
	}
	dnc_source_end(s);
	read_records(s, result);
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
	{"captured rows under the names that sources use", "ndjson",
		"{\"op\":\"c\",\"ts_ms\":1767225600000,\"before\":null,\"after\":{\"id\":7,\"Cell Phone\":"
		"3035550143,\"phone\":null,\"reason\":\"complaint\",\"type\":\"x\",\"timestamp\":\"y\"}}\n"
		"{\"op\":\"d\",\"before\":{\"msisdn\":\"+13035550143\",\"reason\":null},\"after\":null}\n"
		"{\"op\":\"u\",\"before\":{},\"after\":{\"phone\":\"3035550143\",\"mobile\":\"3035550144\"}}\n"
		"{\"op\":\"u\",\"before\":{},\"after\":{\"phone\":\"3035550143\",\"tel\":\"3035550143\","
		"\"reason\":\"complaint\"}}\n"
		"{\"op\":\"c\",\"after\":{\"phone\":\"3035550143\",\"reason\":null}}\n"
		"{\"op\":\"c\",\"after\":{\"phone type\":\"3035550143\",\"reason\":\"complaint\"}}\n",
		"1 dnc.number.suppressed +13035550143 \n2 dnc.number.released +13035550143 \n"
		"3 invalid_field\n4 dnc.number.suppressed +13035550143 \n5 missing_field\n"
		"6 missing_field\n"},
	{"captured times that are none", "ndjson",
		"{\"op\":\"c\",\"ts_ms\":\"1\",\"after\":{\"phone\":\"3035550143\",\"reason\":\"testing\"}}\n"
		"{\"op\":\"c\",\"ts_ms\":1.5,\"after\":{\"phone\":\"3035550143\",\"reason\":\"testing\"}}\n"
		"{\"op\":\"c\",\"ts_ms\":253402300800000,\"after\":{\"phone\":\"3035550143\",\"reason\":\"testing\"}}\n"
		"{\"op\":\"c\",\"ts_ms\":-62135596800001,\"after\":{\"phone\":\"3035550143\",\"reason\":\"testing\"}}\n"
		"{\"op\":\"c\",\"ts_ms\":253402300799999,\"after\":{\"phone\":\"3035550143\",\"reason\":\"testing\"}}\n"
		"{\"op\":\"c\",\"ts_ms\":0,\"after\":{\"phone\":\"3035550143\",\"reason\":\"testing\"}}\n",
		"1 invalid_timestamp\n2 invalid_timestamp\n3 invalid_timestamp\n4 invalid_timestamp\n"
		"5 dnc.number.suppressed +13035550143 \n6 dnc.number.suppressed +13035550143 \n"},
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
	{"reported calls with their columns in another order", "auto",
		"Subject,Created_Date,Company_Phone_Number\nOther,2026-08-29 00:02:11,3035550143\n",
		"2 dnc.compliance.violation +13035550143 ftc_reported_calls\n"},
	{"reported calls without a date", "ftc-reported",
		"Company_Phone_Number,Subject\n3035550143,x\n", "refused header\n"},
	{"reported calls without a number", "ftc-reported",
		"Created_Date,Subject\n2026-08-29 00:02:11,x\n", "refused header\n"},
	{"csv", "csv",
		"\xEF\xBB\xBFPhone,Reason,registered_at\n303-555-0143,complaint,2026-08-29\n"
		"303-555-0199,,\n\"303\"5,x,y\n303-555-0144,complaint,\"open",
		"2 dnc.number.suppressed +13035550143 partner_list\n"
		"3 dnc.number.suppressed +13035550199 partner_list\n4 invalid_row\n5 invalid_row\n"},
	{"rows cut at tabs, where quotes mean nothing", "tsv",
		"Phone\tReason\tnotes\n303-555-0143\tcomplaint\t5\" pipe\n\"3035550199\"\tcomplaint\t\"a\n"
		"3035550144\tcomplaint\n\t\t\n3035550145\tcomplaint\ta\tb\n3035550146\tcomplaint\t\n",
		"2 dnc.number.suppressed +13035550143 \n3 invalid_phone_number\n"
		"4 invalid_row\n6 invalid_row\n7 dnc.number.suppressed +13035550146 \n"},
	{"rows cut at tabs under a header without a number", "tsv", "a\tb\n1\t2\n",
		"refused header\n"},
	{"rows end with carriage returns and newlines", "csv",
		"phone,notes\r3035550143,a\r3035550144,\"b\rc\"\r\n\r3035550145,d\n3035550146,e\r",
		"2 dnc.number.suppressed +13035550143 partner_list\n"
		"3 dnc.number.suppressed +13035550144 partner_list\n"
		"6 dnc.number.suppressed +13035550145 partner_list\n"
		"7 dnc.number.suppressed +13035550146 partner_list\n"},
	{"a quote too many takes one line, not the rows behind it", "csv",
		"phone,notes\n3035550143,\"a\n3035550144,b\n3035550145,\"c\"\n3035550146,d\n",
		"2 invalid_row\n3 dnc.number.suppressed +13035550144 partner_list\n"
		"4 dnc.number.suppressed +13035550145 partner_list\n"
		"5 dnc.number.suppressed +13035550146 partner_list\n"},
	{"rows with nothing in them, too few and too many fields, a NUL, no UTF-8", "csv",
		"phone,notes\n,\n,,,\n3035550143\n3035550143,a,b\n3035550143,Jos\xE9\n3035550144,\xC3\xA9\n",
		"4 invalid_row\n5 invalid_row\n6 invalid_utf8\n"
		"7 dnc.number.suppressed +13035550144 partner_list\n"},
	{"a spreadsheet's semicolons", "csv", "sep=;\r\nName;Cell Phone #\r\nA;3035550143\r\n",
		"3 dnc.number.suppressed +13035550143 partner_list\n"},
	{"tabs", "csv", "Name\tTel.\nA, B\t3035550143\n",
		"2 dnc.number.suppressed +13035550143 partner_list\n"},
	{"one column", "auto", "Phone 1\n3035550143\n", "2 missing_field\n"},
	{"no header", "csv", "3035550143,complaint\n3035550144,complaint\n", "refused header\n"},
	{"no number", "csv", "name,reason\na,complaint\n", "refused header\n"},
	{"two numbers", "csv", "phone,mobile\n3035550143,3035550144\n", "refused header\n"},
	{"a header twice", "csv", "phone,phone\n3035550143,3035550144\n", "refused header\n"},
	{"JSON for CSV", "csv", "{\"type\":\"dnc.x\"}\n{}\n", "refused header\n"},
	{"a header with an open quote", "csv", "phone,\"notes\n3035550143,a\n", "refused header\n"},
	{"no columns at all", "csv", "\n\r\n", ""},
	{"Windows-1252 in the header", "csv", "phone,Pr\xE9nom\n3035550143,a\n",
		"refused content\n"},
	{"lz4", "auto", "\x04\x22\x4D\x18\x01\n\n", "refused content\n"},
	{"a page instead of the list", "numbers", "\n<!DOCTYPE HTML>\n<p>\n", "refused content\n"},
	{"a row of another type, without a number", "csv",
		"type,provider,new_status\ndnc.provider.status_change,p,online\n",
		"2 dnc.provider.status_change  p\n"},
	{"cells of a spreadsheet", "csv",
		"phone\n1.2125041408E+10\n2.125041408e9\n12125041408.0\n2125041408.00\n"
		"\"=\"\"12125041408\"\"\"\n'12125041408\n1.2125E+10\n2.02555E+09\n2.1250414080E+10\n"
		"22125041408.0\n2125041408.\n2125041408.5\n2125041408E\n212504140.8E+1\n1.2125041408E+\n",
		"2 dnc.number.suppressed +12125041408 partner_list\n"
		"3 dnc.number.suppressed +12125041408 partner_list\n"
		"4 dnc.number.suppressed +12125041408 partner_list\n"
		"5 dnc.number.suppressed +12125041408 partner_list\n"
		"6 dnc.number.suppressed +12125041408 partner_list\n"
		"7 dnc.number.suppressed +12125041408 partner_list\n"
		"8 invalid_phone_number\n9 invalid_phone_number\n10 invalid_phone_number\n"
		"11 invalid_phone_number\n12 invalid_phone_number\n13 invalid_phone_number\n"
		"14 invalid_phone_number\n15 invalid_phone_number\n16 invalid_phone_number\n"},
	{"rows that may be no suppressions", "auto",
		"phone,date,action\n3035550143,2026-01-02 03:04:05,A\n3035550144,2026-01-02 03:04:05,D\n",
		"2 missing_field\n3 invalid_row\n"},
	{"rows that say that they are none", "csv",
		"phone,Opt-Out?,do_not_call,Opt In,notes\n3035550143,Yes,Y,,no\n3035550144,false,,,\n"
		"3035550144,,N,,\n3035550144,,, TRUE,\n",
		"2 dnc.number.suppressed +13035550143 partner_list\n3 invalid_row\n4 invalid_row\n5 invalid_row\n"},
	{"a type without its prefix, and one of a telephone", "csv",
		"Phone,Type\n3035550143,number.suppressed\n3035550144,Mobile\n",
		"2 dnc.number.suppressed +13035550143 partner_list\n3 unknown_type\n"},
	{"rows of another type are not asked", "csv",
		"type,phone,reason,action\ndnc.number.released,3035550143,expired,delete\n",
		"2 dnc.number.released +13035550143 partner_list\n"},
	{"countries beside the numbers", "csv",
		"Country,phone\nGB,2079460958\nus,2025550143\nCanada,4165550143\n44,2079460958\n1,2025550143\n"
		"+049,30 12345678\n,2025550143\nGermany,3012345678\nGB,+12025550143\nGB,1\n999,2025550143\n",
		"2 dnc.number.suppressed +442079460958 partner_list\n"
		"3 dnc.number.suppressed +12025550143 partner_list\n"
		"4 dnc.number.suppressed +14165550143 partner_list\n"
		"5 dnc.number.suppressed +442079460958 partner_list\n"
		"6 dnc.number.suppressed +12025550143 partner_list\n"
		"7 dnc.number.suppressed +493012345678 partner_list\n"
		"8 dnc.number.suppressed +12025550143 partner_list\n9 invalid_phone_number\n"
		"10 dnc.number.suppressed +12025550143 partner_list\n11 invalid_phone_number\n"
		"12 invalid_phone_number\n"},
	{"country codes beside the numbers", "csv", "phone_country_code;phone\n49;3012345678\n",
		"2 dnc.number.suppressed +493012345678 partner_list\n"},
	{"cells that are marked as text", "csv",
		"=\"Phone\",Reason,notes\n=\"13035550141\",=\"complaint\",\"a,=\"\"b\"\"\"\n"
		"\"a\nb\",=\"complaint\",c\n3035550142, =\"complaint\" ,=\"\"\n3035550143,x,=\"a\"b\n"
		"3035550144,=x,a=b\n=\"3035550145\",\"a\n,=\"\"b\",=\"c\"\n=\"3035550146,x,y\n",
		"2 dnc.number.suppressed +13035550141 partner_list\n3 invalid_phone_number\n"
		"5 dnc.number.suppressed +13035550142 partner_list\n6 invalid_row\n"
		"7 dnc.number.suppressed +13035550144 partner_list\n"
		"8 dnc.number.suppressed +13035550145 partner_list\n"
		"10 invalid_row\n"},
	{"cells that are marked as text, between semicolons", "csv",
		"name;phone;when\na;=\"13035550141\";=\"2026-08-29\"\r\nb;\"x\ny\";\"=\"\"1\"\"\"\n",
		"2 dnc.number.suppressed +13035550141 partner_list\n3 invalid_phone_number\n"},
	{"fractions are no numbers outside of CSV", "numbers",
		"12125041408.0\n2025550143;9165550186\n202-555-XXXX\n",
		"1 invalid_phone_number\n2 invalid_phone_number\n3 invalid_phone_number\n"},
	{"comments between and after numbers", "numbers",
		"# a list\n; more\n3035550143 # home\n3035550144 ; work, since 2020\n"
		"3035550145 ; 3035550146\n3035550147 #7\n3035550148#x\n",
		"3 dnc.number.suppressed +13035550143 \n4 dnc.number.suppressed +13035550144 \n"
		"5 invalid_phone_number\n6 dnc.number.suppressed +13035550147 \n"
		"7 invalid_phone_number\n"},
	{"headers above the registry's lists", "auto",
		"Area,Number\n303,5550143\n303,5550144\n303,5550145\nArea,Number\n",
		"2 dnc.number.suppressed +13035550143 federal_dnc\n"
		"3 dnc.number.suppressed +13035550144 federal_dnc\n"
		"4 dnc.number.suppressed +13035550145 federal_dnc\n5 invalid_row\n"},
	{"a header above changes", "ftc-change",
		"Phone,Date,Type\n3035550143,2026-08-29T08:00:00,A\n",
		"2 dnc.number.suppressed +13035550143 federal_dnc\n"},
	{"a full list as XML", "auto",
		"<?xml version=\"1.0\" encoding=\"utf-16\"?>\n\n<!-- a > b --><list type='full' level='state' val='CO'>\n"
		"<ac val='303'><ph val='5550143'/><ph\n\nval='5550144'></ph>\n<ph val='555014'/></ac>\n"
		"<ph val='5550145'/><ac val='720'><ph val='3035550146'/><ph val='7205550146'/>"
		"<ph val='5550147' deleted='1'/></ac>\n</list>\n",
		"4 dnc.number.suppressed +13035550143 federal_dnc\n"
		"4 dnc.number.suppressed +13035550144 federal_dnc\n7 invalid_row\n8 invalid_row\n"
		"8 invalid_row\n8 dnc.number.suppressed +17205550146 federal_dnc\n8 invalid_row\n"},
	{"a list of one area as XML", "auto",
		"<list type=\"full\" val=\"303\"><ph val=\"5550143\"/></list>",
		"1 dnc.number.suppressed +13035550143 federal_dnc\n"},
	{"changes as XML", "auto",
		"<list type=\"change\"><ac val=\"303\">\n"
		"<ph val=\"5550143\" date=\"2026-08-29T08:00:00\" type=\"A\"/>\n"
		"<ph val=\"5550144\" date=\"2026-08-29T08:00:00\" type=\"D\"/>\n"
		"<ph val=\"5550145\" date=\"2026-08-29T08:00:00\"/>\n<ph val=\"5550146\" type=\"A\"/>\n"
		"<ph val=\"5550147\" date=\"2026-08-29T08:00:00\" type=\"A\" x=\"\"/></ac></list>\n",
		"2 dnc.number.suppressed +13035550143 federal_dnc\n"
		"3 dnc.number.released +13035550144 federal_dnc\n4 invalid_row\n5 invalid_row\n"
		"6 invalid_row\n"},
	{"broken XML", "ftc-xml",
		"<list type='full'><ac val='303'><ph val='5550143'/>\n<ph val='5550144'/><ph val=5/>\n"
		"<ph val='5550145'/>\n",
		"1 dnc.number.suppressed +13035550143 federal_dnc\n"
		"2 dnc.number.suppressed +13035550144 federal_dnc\nrefused content\n"},
	{"XML that ends early", "ftc-xml", "<list type='full'><ac val='303'><ph val='5550143'/>\n",
		"1 dnc.number.suppressed +13035550143 federal_dnc\nrefused content\n"},
	{"XML with entities", "ftc-xml",
		"<!DOCTYPE list [<!ENTITY a \"5550143\">]>\n<list type='full'><ac val='303'><ph val='&a;'/></ac></list>\n",
		"refused content\n"},
	{"an entity that is not known", "ftc-xml",
		"<list type='full' val='303'><ph val='&a;'/></list>", "refused content\n"},
	{"other XML", "auto", "<?xml version='1.0'?>\n<page><ph val='3035550143'/></page>\n",
		"refused header\n"},
	{"XML of another list", "ftc-xml", "<list type='state'><ph val='3035550143'/></list>\n",
		"refused content\n"},
	{"numbers as text in XML", "ftc-xml", "<list type='full'>\n<ph>3035550143</ph></list>\n",
		"2 invalid_row\nrefused content\n"},
	{"an area in an area", "ftc-xml",
		"<list type='full' val='303'><ac val='202'><ph val='5550143'/>\n"
		"<ac val='720'><ph val='5550143'/></ac><ph val='5550144'/></ac></list>\n",
		"1 dnc.number.suppressed +12025550143 federal_dnc\nrefused content\n"},
	{"a number in a number", "ftc-xml",
		"<list type='full' val='303'><ph val='5550143'>\n<ph val='5550144'/></ph></list>\n",
		"1 dnc.number.suppressed +13035550143 federal_dnc\nrefused content\n"},
	{"deep XML", "ftc-xml",
		"<list type='full'><ac><ac><ac><ac><ac><ac><ac><ac><ac><ph val='3035550143'/>\n",
		"refused content\n"},
	{"XML for CSV", "csv", "<?xml version='1.0'?>\n<list type='full'/>\n", "refused content\n"},
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
		read_all(&options, dnc_str(cases[i].text), &result);
		dnc_buf_chr(&result.text, '\0');
		if (strcmp(result.text.p, cases[i].want) != 0)
			fail_msg("%s:\n%s", cases[i].name, result.text.p);
	}
	dnc_buf_free(&result.text);
	dnc_event_reader_free(result.reader);
}

/* What "auto" says about the start of a stream; refusals start with "has". */
static const struct {
	const char *text, *reason, *want[3];
} choices[] = {
	{"{\"a\":1}\n", NULL, {"ndjson: it starts with a JSON object"}},
	{" {\"type\":\"dnc.number.suppressed\",\"event_data\":{\"specversion\":\"1.0\"},\"a\":\"specversion\"}\n",
		NULL, {"ndjson: "}},
	{"[{\"a\":[{\"b\":\"\\\"}\"}],\"specversion\" :\"1.0\"}]\n", NULL, {"cloudevents: "}},
	{"name;phone;city\na;3035550143;b\n", NULL,
		{"csv: 3 columns separated by semicolons, the header names phone"}},
	{"sep=|\nname|Cell Phone\n", NULL,
		{"csv: 2 columns separated by vertical bars, the header names Cell Phone"}},
	{"\xEF\xBB\xBFPhone\n3035550143\n", NULL, {"csv: 1 column, the header names Phone"}},
	{"a,b\n1,2\n3,4\n", NULL, {"csv: 2 columns separated by commas"}},
	{"3035550143,2026-08-29T08:00:00,A\n", NULL,
		{"ftc-change: 1 of 1 lines are NUMBER,TIMESTAMP,A|D"}},
	{"broken\n303,5550143\n303,5550144\n", NULL, {"ftc-full: 2 of 3 lines"}},
	{"303,5550143\n", "complaint",
		{"ftc-full: 1 of 1 lines", "; --reason is not used: the format says regulatory"}},
	{"Company_Phone_Number,Created_Date\n", NULL, {"ftc-reported: "}},
	{"# a list\n; of numbers\n\n(303) 555-0143\n", "complaint", {"numbers: 1 of 1 lines"}},
	{"# a list\n{\"a\":1}\n", "complaint",
		{"has no format", "ndjson (its first line is no JSON"}},
	{"3035550143\n3035550144\n", "complaint", {"numbers: 2 of 2 lines"}},
	{"3035550143\n3035550144\n", NULL,
		{"has no format", "may be ftc-full (2 of 2 lines are ten digits", "--reason)"}},
	{"3035550143,complaint\n", NULL,
		{"has no format", "csv (2 columns separated by commas, but its first line holds",
			"; give --format"}},
	{"Hello, world\n", NULL, {"has no format", "ndjson (its first line", "; give --format"}},
	{"[{\"a\":1}]\n", NULL, {"ndjson: ", "it starts with a JSON array"}},
};

/* Feeds the lines of TEXT one by one, with a pause after each if PAUSES, and returns the choice or the refusal. */
static void choose(const char *text, const char *reason, bool pauses, struct dnc_buf *said)
{
	const struct dnc_source_options options = {
		.format = "auto", .region = "US", .max_record = 4000, .reason = reason};
	struct dnc_error err;
	struct dnc_source *s = dnc_source_new(&options, &err);
	enum dnc_source_result rc = DNC_SOURCE_MORE;
	struct dnc_buf copy = {0};
	struct dnc_record record;
	enum dnc_refusal kind;
	uint64_t number = 0;

	dnc_buf_str(&copy, dnc_str(text));
	assert_true(dnc_buf_reserve(&copy, DNC_LINES_SLACK));
	for (size_t at = 0; !rc && at < copy.n;) {
		const char *end = memchr(copy.p + at, '\n', copy.n - at);
		struct dnc_line line = {.text = {copy.p + at, (size_t)(end - copy.p) - at},
			.end_n = 1,
			.number = ++number};

		at += line.text.n + 1;
		dnc_source_feed(s, &line);
		rc = dnc_source_next(s, &record, &err);
		if (rc || !pauses)
			continue;
		dnc_source_settle(s);
		rc = dnc_source_next(s, &record, &err);
	}
	if (!rc) {
		dnc_source_end(s);
		rc = dnc_source_next(s, &record, &err);
	}
	dnc_buf_clear(said);
	assert_true(rc == DNC_SOURCE_CHOSEN || rc == DNC_SOURCE_REFUSED);
	dnc_buf_str(said, dnc_str(rc == DNC_SOURCE_CHOSEN ? dnc_source_choice(s)
							  : dnc_source_refusal(s, &kind)));
	dnc_buf_chr(said, '\0');
	dnc_source_free(s);
	dnc_buf_free(&copy);
}

static void auto_says_what_it_chose_or_refuses(void **state)
{
	struct dnc_buf said = {0};

	(void)state;
	for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
		choose(choices[i].text, choices[i].reason, false, &said);
		for (size_t k = 0; k < 3 && choices[i].want[k]; k++)
			if (!strstr(said.p, choices[i].want[k]) ||
				(k == 0 && strstr(said.p, choices[i].want[k]) != said.p))
				fail_msg("%s", said.p);
	}
	dnc_buf_free(&said);
}

/* A live pipe is not held up, and one that pauses after a comment is not refused. */
static void a_pause_decides_if_the_lines_suffice(void **state)
{
	struct dnc_buf said = {0};

	(void)state;
	choose("{\"a\":1}\n{\"b\":1}\n", NULL, true, &said);
	assert_string_equal(said.p, "ndjson: it starts with a JSON object");
	choose("x,y\nPhone,b\n1,2\n", NULL, true, &said);
	assert_string_equal(said.p, "csv: 2 columns separated by commas");
	choose("just text\n303,5550143\n", NULL, true, &said);
	assert_non_null(strstr(said.p, "; give --format"));
	dnc_buf_free(&said);
}

/* A directory may have lists of several formats, and one set of options. */
static void options_fill_what_a_format_does_not_say(void **state)
{
	static const char full[] = "303,5550143\n303,5550144\n",
			  change[] = "3035550143,2026-08-29T08:00:00,A\n",
			  xml[] = "<list type=\"full\" val=\"303\"><ph val=\"5550143\"/></list>\n",
			  calls[] = "Company_Phone_Number,Created_Date\n3035550143,2026-08-29\n",
			  message[] = "{\"From\":\"3035550143\",\"Body\":\"STOP\"}\n",
			  list[] = "phone\n3035550143\n",
			  federal[] = "\"reason\":\"regulatory\",\"source\":\"federal\"";
	static const struct {
		const char *format, *text, *provider, *want;
	} rows[] = {
		{"auto", full, "federal_dnc", federal},
		{"auto", change, "federal_dnc", federal},
		{"auto", xml, "federal_dnc", federal},
		{"auto", calls, "ftc_reported_calls", "ftc_reported_call"},
		{"auto", message, "state_tx",
			"\"reason\":\"consumer_request\",\"source\":\"consumer\""},
		{"optout", message, "state_tx",
			"\"reason\":\"consumer_request\",\"source\":\"consumer\""},
		{"auto", list, "state_tx", "\"reason\":\"internal_policy\",\"source\":\"state\""},
		{"ftc-full", full, "state_tx", "\"reason\":\"regulatory\",\"source\":\"state\""},
		{"ftc-change", change, "state_tx",
			"\"reason\":\"regulatory\",\"source\":\"state\""},
	};
	struct result result = {
		.reader = dnc_event_reader_new(&(struct dnc_event_options){0}), .whole = true};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct dnc_source_options options = {.format = rows[i].format,
			.region = "US",
			.max_record = 4096,
			.provider = "state_tx",
			.reason = "internal_policy",
			.source = "state"};
		char provider[64];

		dnc_buf_clear(&result.text);
		read_all(&options, dnc_str(rows[i].text), &result);
		dnc_buf_chr(&result.text, '\0');
		snprintf(provider, sizeof provider, "\"provider\":\"%s\"", rows[i].provider);
		if (!strstr(result.text.p, rows[i].want) || !strstr(result.text.p, provider))
			fail_msg("%zu %s", i, result.text.p);
	}
	dnc_buf_free(&result.text);
	dnc_event_reader_free(result.reader);
}

/* More lines than a sample holds, a first line that is longer than it, and blank lines in between: every line is read
 * once, under its number. */
static void the_lines_of_the_sample_are_read_once(void **state)
{
	static const size_t first_lines[] = {10, 70000};
	struct result result = {.reader = dnc_event_reader_new(&(struct dnc_event_options){0})};
	struct dnc_source_options options = {
		.format = "auto", .region = "US", .max_record = 100000, .reason = "complaint"};

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		struct dnc_buf text = {0};
		size_t records = 0;

		dnc_buf_lit(&text, "phone,notes\n3035550143,");
		for (size_t i = 0; i < first_lines[k]; i++)
			dnc_buf_chr(&text, 'x');
		for (int i = 0; i < 9000; i++)
			dnc_buf_printf(&text, "\n%s303555%04d,n", i % 3 ? "" : "\n", i);
		dnc_buf_clear(&result.text);
		read_all(&options, dnc_buf_view(&text), &result);
		dnc_buf_chr(&result.text, '\0');
		for (const char *p = result.text.p; (p = strchr(p, '\n')); p++)
			records++;
		assert_int_equal(records, 9001);
		assert_non_null(
			strstr(result.text.p, "\n12002 dnc.number.suppressed +13035558999 \n"));
		dnc_buf_free(&text);
	}
	dnc_buf_free(&result.text);
	dnc_event_reader_free(result.reader);
}

/* A producer's line that tells nothing is rejected; the next one decides. */
static void on_a_socket_the_first_line_that_is_certain_decides(void **state)
{
	struct result result = {.reader = dnc_event_reader_new(&(struct dnc_event_options){0})};
	struct dnc_source_options options = {
		.format = "auto", .region = "US", .max_record = 4000, .reject_lines = true};

	(void)state;
	read_all(&options,
		DNC_STR("nonsense\n\n{\"type\":\"dnc.number.suppressed\",\"phone_number\":\"3035550143\","
			"\"reason\":\"complaint\"}\nnonsense\n"),
		&result);
	dnc_buf_chr(&result.text, '\0');
	assert_string_equal(result.text.p,
		"1 invalid_row\n3 dnc.number.suppressed +13035550143 \n4 invalid_json\n");
	dnc_buf_free(&result.text);
	dnc_event_reader_free(result.reader);
}

/* The lines of a producer are acknowledged one by one. */
static void each_line_of_a_refused_stream_is_a_reject(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"name,mobile,phone\na,3035550143,3035550144\nb,,\n",
			"1 invalid_row\n2 invalid_row\n3 invalid_row\n"},
		/* Lines that were gathered for a header over several lines. */
		{"\"phone\n\nb\nc\"x,d\n3035550143,e\n",
			"1 invalid_row\n3 invalid_row\n4 invalid_row\n5 invalid_row\n"},
		{"\"phone\nb\n", "1 invalid_row\n2 invalid_row\n"},
		{"\"phone\nb\nTOO LONG TO BE READ, TOO LONG TO BE READ\nc\n",
			"1 invalid_row\n2 invalid_row\n3 invalid_row\n4 invalid_row\n"},
	};
	struct result result = {.reader = dnc_event_reader_new(&(struct dnc_event_options){0})};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct dnc_source_options options = {
			.format = "csv", .region = "US", .max_record = 30, .reject_lines = true};

		dnc_buf_clear(&result.text);
		read_all(&options, dnc_str(rows[i].text), &result);
		dnc_buf_chr(&result.text, '\0');
		if (strcmp(result.text.p, rows[i].want) != 0)
			fail_msg("%s:\n%s", rows[i].text, result.text.p);
	}
	dnc_buf_free(&result.text);
	dnc_event_reader_free(result.reader);
}

/* A quoted field that does not end is given up after the longest record; a line that is longer ends it,
 * too. */
static void an_open_quote_costs_one_line(void **state)
{
	struct result result = {.reader = dnc_event_reader_new(&(struct dnc_event_options){0})};
	struct dnc_source_options options = {
		.format = "csv", .region = "US", .max_record = 1000, .reason = "complaint"};
	struct dnc_buf text = {0};
	uint32_t events = 0;

	(void)state;
	dnc_buf_lit(&text, "phone,notes\n3035550143,\"open\n");
	for (int i = 0; i < 200; i++)
		dnc_buf_printf(&text, "303555%04d,n\n", i);
	dnc_buf_lit(&text, "3035550143,\"open\n");
	for (int i = 0; i < 1200; i++)
		dnc_buf_chr(&text, 'x');
	dnc_buf_lit(&text, "\n3035550143,closed\"\n3035550144,n\n");
	read_all(&options, dnc_buf_view(&text), &result);
	dnc_buf_chr(&result.text, '\0');
	for (const char *p = result.text.p; (p = strstr(p, "suppressed")); p++)
		events++;
	assert_int_equal(events, 201);
	assert_non_null(strstr(result.text.p, "2 invalid_row\n3 dnc"));
	assert_non_null(
		strstr(result.text.p, "203 invalid_row\n204 too_large\n205 invalid_row\n206 dnc"));
	dnc_buf_free(&text);
	dnc_buf_free(&result.text);
	dnc_event_reader_free(result.reader);
}

/* What each header means: the members of the event. */
static const struct {
	const char *header, *row, *want;
} headers[] = {
	{"Lead Phone", "3035550143", "\"phone_number\":\"+13035550143\""},
	{"CONTACT-NUMBER", "3035550143", "\"phone_number\":\"+13035550143\""},
	{"dnis", "3035550143", "\"phone_number\":\"+13035550143\""},
	{"Caller ID", "3035550143", "\"phone_number\":\"+13035550143\""},
	{"PhoneNumber", "3035550143", "\"phone_number\":\"+13035550143\""},
	{"phone.e164", "3035550143", "\"phone_number\":\"+13035550143\""},
	{"MSISDN", "3035550143", "\"phone_number\":\"+13035550143\""},
	{"Destination", "3035550143", "\"phone_number\":\"+13035550143\""},
	{"Caller ID,Phone", "x,3035550143", "\"caller_id\":\"x\""},
	{"Phone Type,Phone", "x,3035550143", "\"phone_type\":\"x\""},
	{"caller_id,dnis", "3035550144,3035550143", "refused"},
	{"Phone,Opt-Out Date", "3035550143,2026-08-29",
		"\"suppressed_at\":\"2026-08-29T00:00:00.000Z\""},
	{"Phone,=\"Notes\",City", "=\"3035550143\",=\"a,\"\"b\",\"=\"\"c\"\"\"",
		"\"notes\":\"a,\\\"b\",\"city\":\"c\""},
	{"Phone,Opt-Out Date", "3035550143,2026-04-23 08:00",
		"\"suppressed_at\":\"2026-04-23T08:00:00.000Z\""},
	{"Phone,Date of Opt-Out", "3035550143,2026/04/23",
		"\"suppressed_at\":\"2026-04-23T00:00:00.000Z\""},
	{"Phone,added", "3035550143,4/23/2026", "\"added\":\"4/23/2026\""},
	{"Phone,viewed_at", "3035550143,4/23/2026", "\"viewed_at\":\"4/23/2026\""},
	{"Phone,Date", "3035550143,20260423", "\"timestamp\":\"2026-04-23T00:00:00.000Z\""},
	{"Phone,Date", "3035550143,20260423T0800", "invalid_timestamp"},
	{"Phone,Date", "3035550143,4/23/2026", "invalid_timestamp"},
	{"Phone,suppressed_at", "3035550143,2026-04-23 08:00:01.5  +0230",
		"\"suppressed_at\":\"2026-04-23T05:30:01.500Z\""},
	{"Phone,suppressed_at", "3035550143,2026-04-23 08:00:01-02",
		"\"suppressed_at\":\"2026-04-23T10:00:01.000Z\""},
	{"Phone,suppressed_at", "3035550143,2026-04-23T08:00 UTC",
		"\"suppressed_at\":\"2026-04-23T08:00:00.000Z\""},
	{"Phone,suppressed_at", "3035550143,2026-04-23T08:00:00+02:00",
		"\"suppressed_at\":\"2026-04-23T08:00:00+02:00\""},
	{"Phone,suppressed_at", "3035550143,23.04.2026", "invalid_timestamp"},
	{"Phone,suppressed_at", "3035550143,04/05/2026", "invalid_timestamp"},
	{"Phone,suppressed_at", "3035550143,2026-4-23", "invalid_timestamp"},
	{"Phone,suppressed_at", "3035550143,2026-04/23", "invalid_timestamp"},
	{"Phone,suppressed_at", "3035550143,2026-02-30 08:00", "invalid_timestamp"},
	{"Phone,suppressed_at", "3035550143,2026-04-23 08:00 PM", "invalid_timestamp"},
	{"Phone,suppressed_at", "3035550143,2026-04-23 08:00:00+02:0", "invalid_timestamp"},
	{"type,Phone,released_at", "dnc.number.released,3035550143,4/23/2026", "invalid_timestamp"},
	{"Phone,DNC Reason", "3035550143,complaint", "\"reason\":\"complaint\""},
	{"Phone,Expiry Date", "3035550143,2027-08-29",
		"\"expires_at\":\"2027-08-29T00:00:00.000Z\""},
	{"Phone,reason,DNC Reason", "3035550143,complaint,x", "\"dnc_reason\":\"x\""},
};

static void a_header_means_a_field(void **state)
{
	struct result result = {
		.reader = dnc_event_reader_new(&(struct dnc_event_options){0}), .whole = true};
	struct dnc_source_options options = {
		.format = "csv", .region = "US", .max_record = 1000, .reason = "regulatory"};

	(void)state;
	for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
		struct dnc_buf text = {0};

		dnc_buf_printf(&text, "%s\n%s\n", headers[i].header, headers[i].row);
		dnc_buf_clear(&result.text);
		read_all(&options, dnc_buf_view(&text), &result);
		dnc_buf_chr(&result.text, '\0');
		if (!strstr(result.text.p, headers[i].want))
			fail_msg("%s: %s", headers[i].header, result.text.p);
		dnc_buf_free(&text);
	}
	dnc_buf_free(&result.text);
	dnc_event_reader_free(result.reader);
}

/* Without a header the columns are known by their numbers. */
static void a_file_without_a_header_is_read_by_number(void **state)
{
	static const struct {
		const char *text, *field, *number;
		char delimiter;
		const char *want;
	} rows[] = {
		{"a,3035550143,b\nc,3035550144,d\n", NULL, NULL, 0,
			"1 dnc.number.suppressed +13035550143 \n2 dnc.number.suppressed +13035550144 \n"},
		{"sep=;\na;3035550143\n", NULL, NULL, 0, "2 dnc.number.suppressed +13035550143 \n"},
		{"3035550143,3035550144\n", NULL, NULL, 0, "refused header\n"},
		/* A number with an extension is one, too, and the account beside it may not be. */
		{"3035550199,Ann,\"3035550143, x4\"\n", NULL, NULL, 0, "refused header\n"},
		{"3035550199,Ann,3035550143 x4\n", NULL, NULL, 0, "refused header\n"},
		{"7,Ann,3035550143 x4\n", NULL, NULL, 0, "1 dnc.number.suppressed +13035550143 \n"},
		{"a,b\n", NULL, NULL, 0, "refused header\n"},
		{"a,\n", "phone_number", "phone", 0, "refused header\n"},
		{"3035550143,3035550144\n,\n3035550145,3035550146\n", "phone_number", "2", 0,
			"1 dnc.number.suppressed +13035550144 \n3 dnc.number.suppressed +13035550146 \n"},
		{"a,b:3035550143\n", NULL, NULL, ':', "1 dnc.number.suppressed +13035550143 \n"},
	};
	struct result result = {.reader = dnc_event_reader_new(&(struct dnc_event_options){0})};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
		size_t k = i / 2;
		struct dnc_column column = {rows[k].field, rows[k].number};
		struct dnc_source_options options = {.format = i % 2 ? "csv" : "auto",
			.region = "US",
			.max_record = 1000,
			.reason = "complaint",
			.columns = &column,
			.column_count = rows[k].field != NULL,
			.delimiter = rows[k].delimiter,
			.no_header = true};

		dnc_buf_clear(&result.text);
		read_all(&options, dnc_str(rows[k].text), &result);
		dnc_buf_chr(&result.text, '\0');
		if (strcmp(result.text.p, rows[k].want) != 0)
			fail_msg("%s: %s", rows[k].text, result.text.p);
	}
	dnc_buf_free(&result.text);
	dnc_event_reader_free(result.reader);
}

/* Columns that were chosen, and columns that mean nothing to us. */
static void no_column_is_lost(void **state)
{
	static const struct {
		const char *field, *header, *text, *want;
	} rows[] = {
		{"phone_number", "mobile",
			"Phone,Mobile,Notes,,Seq,Sales Rep,sales_rep\n1,3035550143,n,e,7,x,y\n",
			"\"phone\":\"1\",\"notes\":\"n\",\"column_4\":\"e\",\"column_seq\":\"7\","
			"\"sales_rep\":\"x\",\"sales_rep_2\":\"y\""},
		{"phone_number", "2", "Phone,Mobile\n1,3035550143\n", "+13035550143"},
		{"phone_number", "3", "Phone,Mobile\n1,3035550143\n", "refused"},
		{"reason", "2", "Phone,x,2\n3035550143,x,complaint\n", "\"reason\":\"complaint\""},
		{"reason", "1", "Caller ID,Phone\ncomplaint,3035550143\n",
			"\"reason\":\"complaint\""},
		{"phone_number", "Fone", "Phone\n3035550143\n", "refused"},
		{"reason", "why", "Phone,Why,Reason\n3035550143,complaint,r\n",
			"\"reason\":\"complaint\",\"reason_2\":\"r\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct result result = {
			.reader = dnc_event_reader_new(&(struct dnc_event_options){0}),
			.whole = true};
		struct dnc_column column = {rows[i].field, rows[i].header};
		struct dnc_source_options options = {.format = "csv",
			.region = "US",
			.max_record = 1000,
			.reason = "complaint",
			.columns = &column,
			.column_count = 1};

		read_all(&options, dnc_str(rows[i].text), &result);
		dnc_buf_chr(&result.text, '\0');
		if (!strstr(result.text.p, rows[i].want))
			fail_msg("%s", result.text.p);
		dnc_buf_free(&result.text);
		dnc_event_reader_free(result.reader);
	}
}

/* The numbers without events are those of the events, and the same records are rejected. */
static void numbers_alone_are_those_of_the_events(void **state)
{
	static const struct {
		const char *format, *region, *text;
		bool strict;
	} lists[] = {
		{"ftc-full", "US",
			"202,5550143\r\n2025550144\n\n102,5550143\n202,555014\nx\n202,5550145",
			false},
		{"ftc-full", "US", "202,5550143\n202,4560143\n", true},
		{"ftc-full", "GB", "202,5550143\n", false},
		{"numbers", "US",
			"+1 (202) 555-0143\n2025550144\n+442079460123\n12\nnone\n1-800-FLOWERS\n"
			"tel:+12025550146\n+999999999999999\n",
			false},
		{"numbers", "GB", "020 7946 0123\n+12025550143\n", false},
		{"numbers", "GB", "020 7946 0123\n020 8946 01234\n", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		struct dnc_source_options options = {.format = lists[i].format,
			.region = lists[i].region,
			.max_record = 1000,
			.reason = "complaint",
			.strict_phone = lists[i].strict};
		struct dnc_buf texts[2];

		for (unsigned alone = 0; alone < 2; alone++) {
			struct result result = {
				.reader = dnc_event_reader_new(
					&(struct dnc_event_options){.region = lists[i].region,
						.strict_phone = lists[i].strict}),
				.phones = true};

			options.numbers = alone;
			read_all(&options, dnc_str(lists[i].text), &result);
			dnc_buf_chr(&result.text, '\0');
			texts[alone] = result.text;
			dnc_event_reader_free(result.reader);
		}
		assert_string_equal(texts[0].p, texts[1].p);
		assert_non_null(strstr(texts[1].p, " +"));
		dnc_buf_free(&texts[0]);
		dnc_buf_free(&texts[1]);
	}
}

/* Each byte in each place of texts of each length. */
static void digits_are_digits(void **state)
{
	char text[20];

	(void)state;
	for (size_t n = 1; n < sizeof text; n++)
		for (size_t at = 0; at < n; at++)
			for (int byte = 0; byte < 256; byte++) {
				memset(text, '0' + (int)(n + at) % 10, sizeof text);
				text[at] = (char)byte;
				assert_int_equal(source_is_digits((struct dnc_str){text, n}, n),
					byte >= '0' && byte <= '9');
				assert_false(source_is_digits((struct dnc_str){text, n}, n + 1));
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_record_is_an_event_or_a_reject),
		cmocka_unit_test(each_line_of_a_refused_stream_is_a_reject),
		cmocka_unit_test(an_open_quote_costs_one_line),
		cmocka_unit_test(options_fill_what_a_format_does_not_say),
		cmocka_unit_test(auto_says_what_it_chose_or_refuses),
		cmocka_unit_test(a_pause_decides_if_the_lines_suffice),
		cmocka_unit_test(the_lines_of_the_sample_are_read_once),
		cmocka_unit_test(on_a_socket_the_first_line_that_is_certain_decides),
		cmocka_unit_test(a_header_means_a_field),
		cmocka_unit_test(a_file_without_a_header_is_read_by_number),
		cmocka_unit_test(no_column_is_lost),
		cmocka_unit_test(numbers_alone_are_those_of_the_events),
		cmocka_unit_test(digits_are_digits)};

	return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
