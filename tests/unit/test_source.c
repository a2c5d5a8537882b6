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
	else if (dnc_record_event(result->reader, r, &event, &err) < 0)
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
	static const char *const names[] = {[DNC_REFUSED_CONTENT] = "content",
		[DNC_REFUSED_REST] = "rest",
		[DNC_REFUSED_HEADER] = "header"};
	enum dnc_refusal kind;

	assert_true(*dnc_source_refusal(s, &kind));
	dnc_buf_printf(&result->text, "refused %s\n", names[kind]);
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
	{"captured rows with both sides of a call", "ndjson",
		"{\"op\":\"c\",\"after\":{\"ani\":\"3035550144\",\"dnis\":\"3035550143\",\"reason\":\"complaint\"}}\n"
		"{\"op\":\"c\",\"after\":{\"ani\":\"3035550144\",\"phone\":\"3035550143\",\"reason\":\"complaint\"}}\n"
		"{\"op\":\"c\",\"after\":{\"tel\":\"3035550143\",\"dnis\":\"3035550144\",\"reason\":\"complaint\"}}\n"
		"{\"op\":\"c\",\"after\":{\"ani\":\"3035550143\",\"reason\":\"complaint\"}}\n",
		"1 invalid_field\n2 dnc.number.suppressed +13035550143 \n"
		"3 dnc.number.suppressed +13035550143 \n4 dnc.number.suppressed +13035550143 \n"},
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
	{"headers with another separator in them", "csv",
		"Name, Title;Phone\nSmith, Dr;3035550143\nDoe;3035550144\n",
		"2 dnc.number.suppressed +13035550143 partner_list\n"
		"3 dnc.number.suppressed +13035550144 partner_list\n"},
	{"the same, in more of them", "csv",
		"Last, First, Title;Street, City;Phone\nA, B, C;D, E;3035550143\n",
		"2 dnc.number.suppressed +13035550143 partner_list\n"},
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
	{"columns of rows that are gone", "csv",
		"phone,deleted,is_deleted,removed,deleted_at\n3035550143,N,0,false,\n3035550144,Y,,,\n"
		"3035550144,,1,,\n3035550144,,,true,\n3035550144,,,,2026-01-01T00:00:00.000Z\n"
		"3035550145,,,NULL,0000-00-00\n",
		"2 dnc.number.suppressed +13035550143 partner_list\n3 invalid_row\n4 invalid_row\n5 invalid_row\n"
		"6 invalid_row\n7 dnc.number.suppressed +13035550145 partner_list\n"},
	{"a date of release, and no type", "csv",
		"phone,released_at\n3035550143,2026-01-01\n3035550144,\n",
		"2 invalid_row\n3 dnc.number.suppressed +13035550144 partner_list\n"},
	{"columns of consent", "csv",
		"phone,subscribed,consent,allow_calls,__deleted\n3035550143,N,revoked,0,false\n3035550144,Y,,,\n"
		"3035550144,,Y,,\n3035550144,,written,,\n3035550144,,,Yes,\n3035550144,,,,true\n",
		"2 dnc.number.suppressed +13035550143 partner_list\n3 invalid_row\n4 invalid_row\n5 invalid_row\n"
		"6 invalid_row\n7 invalid_row\n"},
	{"actions in words", "csv",
		"phone,action,opt_out\n3035550143,Delete - requested by the consumer,\n3035550144,deleted (consumer),\n"
		"3035550145,D - delete,\n3035550146,Marked for removal from the national list,\n"
		"3035550147,Opt-In by web form,\n3035550148,,No (web form)\n"
		"3035550149,Do Not Call - registered permanently,Yes - no calls\n3035550150,Opt-Out - Vitamin D,N/A\n"
		"3035550151,A - add,1\n",
		"2 invalid_row\n3 invalid_row\n4 invalid_row\n5 invalid_row\n6 invalid_row\n7 invalid_row\n"
		"8 dnc.number.suppressed +13035550149 partner_list\n"
		"9 dnc.number.suppressed +13035550150 partner_list\n"
		"10 dnc.number.suppressed +13035550151 partner_list\n"},
	{"words of actions", "csv",
		"phone,record_type,list_action,action\n3035550143,A,add,stop\n3035550144,D,,\n3035550144,,D,\n"
		"3035550144,,,allow\n3035550144,,,START\n3035550144,,,rescind\n",
		"2 dnc.number.suppressed +13035550143 partner_list\n3 invalid_row\n4 invalid_row\n5 invalid_row\n"
		"6 invalid_row\n7 invalid_row\n"},
	{"years that are none", "csv",
		"phone,suppressed_at,expires_at\n3035550143,0026-01-02,\n3035550143,0001-01-01T00:00:00Z,\n"
		"3035550143,0026-01-02 03:04:05,\n3035550143,,0026-01-02\n3035550143,1900-01-01,2999-12-31\n",
		"2 invalid_timestamp\n3 invalid_timestamp\n4 invalid_timestamp\n5 invalid_timestamp\n"
		"6 dnc.number.suppressed +13035550143 partner_list\n"},
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
	{"numbers of ISO 3166 are no calling codes", "csv",
		"country_code;phone\n840;4155550123\n630;7875550123\n250;612345678\n380;612345678\n"
		"124;4165550123\n044;2079460958\n+250;788123456\n1;4155550123\n1;4155550123.0\n"
		"1876;8765550123\n12;2025550143\n",
		"2 invalid_phone_number\n3 invalid_phone_number\n4 invalid_phone_number\n5 invalid_phone_number\n"
		"6 invalid_phone_number\n7 invalid_phone_number\n"
		"8 dnc.number.suppressed +250788123456 partner_list\n"
		"9 dnc.number.suppressed +14155550123 partner_list\n"
		"10 dnc.number.suppressed +14155550123 partner_list\n"
		"11 dnc.number.suppressed +18765550123 partner_list\n12 invalid_phone_number\n"},
	{"a header of calling codes", "csv", "Dial Code,phone\n250,788123456\n380,612345678\n",
		"2 dnc.number.suppressed +250788123456 partner_list\n"
		"3 dnc.number.suppressed +380612345678 partner_list\n"},
	{"calling codes that the numbers have, too", "csv",
		"country_code;phone\n91;919812345678\n49;493012345678\n39;390612345678\n81;81312345678\n"
		"43;436641234567\n33;33612345678\n44;442079460958\nIN;919812345678\nDE;493012345678\n"
		"91;9812345678\n",
		"2 dnc.number.suppressed +919812345678 partner_list\n"
		"3 dnc.number.suppressed +493012345678 partner_list\n"
		"4 dnc.number.suppressed +390612345678 partner_list\n"
		"5 dnc.number.suppressed +81312345678 partner_list\n"
		"6 dnc.number.suppressed +436641234567 partner_list\n"
		"7 dnc.number.suppressed +33612345678 partner_list\n"
		"8 dnc.number.suppressed +442079460958 partner_list\n"
		"9 dnc.number.suppressed +919812345678 partner_list\n"
		"10 dnc.number.suppressed +493012345678 partner_list\n"
		"11 dnc.number.suppressed +919812345678 partner_list\n"},
	{"two columns of the country", "csv",
		"country,country_code,phone\n,91,9812345678\nIN,91,9812345678\n",
		"2 dnc.number.suppressed +919812345678 partner_list\n"
		"3 dnc.number.suppressed +919812345678 partner_list\n"},
	{"two columns of different countries", "csv",
		"phone,phone country code,country\n2025550143,1,DE\n2025550143,1,US\n3012345678,49,DE\n"
		"2025550143,,DE\n+12025550143,1,DE\n",
		"2 invalid_phone_number\n3 dnc.number.suppressed +12025550143 partner_list\n"
		"4 dnc.number.suppressed +493012345678 partner_list\n"
		"5 dnc.number.suppressed +492025550143 partner_list\n"
		"6 dnc.number.suppressed +12025550143 partner_list\n"},
	{"two columns of different countries, in the other order", "csv",
		"phone,country,phone country code\n2025550143,DE,1\n2025550143,DE,44\n3012345678,DE,49\n",
		"2 invalid_phone_number\n3 invalid_phone_number\n"
		"4 dnc.number.suppressed +493012345678 partner_list\n"},
	{"area codes beside whole numbers", "csv",
		"Area Code,prefix,phone\n303,1,3035550143\n303,555,3035550143\n030,,3035550143\n,+49,3035550143\n"
		"303,,5550143\n,Mr.,3035550143\n030,,+493012345678\n030,,tel:+493012345678\n",
		"2 dnc.number.suppressed +13035550143 partner_list\n"
		"3 dnc.number.suppressed +13035550143 partner_list\n4 invalid_phone_number\n"
		"5 invalid_phone_number\n6 invalid_phone_number\n"
		"7 dnc.number.suppressed +13035550143 partner_list\n"
		"8 dnc.number.suppressed +493012345678 partner_list\n"
		"9 dnc.number.suppressed +493012345678 partner_list\n"},
	{"area codes of countries beside the numbers", "csv",
		"country,area_code,phone\nDE,30,1234567890\nDE,030,1234567\nDE,030,03012345678\nUS,303,3035550143\n",
		"2 invalid_phone_number\n3 invalid_phone_number\n"
		"4 dnc.number.suppressed +493012345678 partner_list\n"
		"5 dnc.number.suppressed +13035550143 partner_list\n"},
	{"countries that are not known", "csv",
		"isd_code,phone\n\xE4\xB8\xAD\xE5\x9B\xBD,3812345678\n-,2025550143\n"
		"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeee,2025550143\n91,9812345678\n",
		"2 invalid_phone_number\n3 dnc.number.suppressed +12025550143 partner_list\n4 invalid_phone_number\n"
		"5 dnc.number.suppressed +919812345678 partner_list\n"},
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
		"2 dnc.number.suppressed +13035550144 federal_dnc\nrefused rest\n"},
	{"XML that ends early", "ftc-xml", "<list type='full'><ac val='303'><ph val='5550143'/>\n",
		"1 dnc.number.suppressed +13035550143 federal_dnc\nrefused rest\n"},
	{"XML with entities", "ftc-xml",
		"<!DOCTYPE list [<!ENTITY a \"5550143\">]>\n<list type='full'><ac val='303'><ph val='&a;'/></ac></list>\n",
		"refused rest\n"},
	{"an entity that is not known", "ftc-xml",
		"<list type='full' val='303'><ph val='&a;'/></list>", "refused rest\n"},
	{"other XML", "auto", "<?xml version='1.0'?>\n<page><ph val='3035550143'/></page>\n",
		"refused header\n"},
	{"XML of another list", "ftc-xml", "<list type='state'><ph val='3035550143'/></list>\n",
		"refused rest\n"},
	{"numbers as text in XML", "ftc-xml", "<list type='full'>\n<ph>3035550143</ph></list>\n",
		"2 invalid_row\nrefused rest\n"},
	{"an area in an area", "ftc-xml",
		"<list type='full' val='303'><ac val='202'><ph val='5550143'/>\n"
		"<ac val='720'><ph val='5550143'/></ac><ph val='5550144'/></ac></list>\n",
		"1 dnc.number.suppressed +12025550143 federal_dnc\nrefused rest\n"},
	{"a number in a number", "ftc-xml",
		"<list type='full' val='303'><ph val='5550143'>\n<ph val='5550144'/></ph></list>\n",
		"1 dnc.number.suppressed +13035550143 federal_dnc\nrefused rest\n"},
	{"deep XML", "ftc-xml",
		"<list type='full'><ac><ac><ac><ac><ac><ac><ac><ac><ac><ph val='3035550143'/>\n",
		"refused rest\n"},
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
	{"name, title;phone\na, b;3035550143\n", NULL,
		{"csv: 2 columns separated by semicolons, the header names phone"}},
	{"sep=|\nname|Cell Phone\n", NULL,
		{"csv: 2 columns separated by vertical bars, the header names Cell Phone"}},
	{"\xEF\xBB\xBFPhone\n3035550143\n", NULL, {"csv: 1 column, the header names Phone"}},
	{"a,b\n1,2\n3,4\n", NULL, {"csv: 2 columns separated by commas"}},
	{"3035550143,2026-08-29T08:00:00,A\n", NULL,
		{"ftc-change: 1 of 1 line is NUMBER,TIMESTAMP,A|D"}},
	{"broken\n303,5550143\n303,5550144\n", NULL, {"ftc-full: 2 of 3 lines"}},
	{"303,5550143\n", "complaint",
		{"ftc-full: 1 of 1 line is", "; --reason is not used: the format says regulatory"}},
	{"Company_Phone_Number,Created_Date\n", NULL, {"ftc-reported: "}},
	{"# a list\n; of numbers\n\n(303) 555-0143\n", "complaint", {"numbers: 1 of 1 line is"}},
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

#define FIVE(row) row row row row row
#define SEVEN(v)  "," v "," v "," v "," v "," v "," v "," v

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
	/* Both sides of a call: one of the two is ours. */
	{"Call Date,Campaign,ANI,DNIS", "x,y,3035550144,3035550143", "refused"},
	{"ANI,Destination", "3035550144,3035550143", "refused"},
	{"ANI,Called Number", "3035550144,3035550143", "refused"},
	{"Dialed Number,ANI", "3035550144,3035550143", "refused"},
	{"Caller Phone,Dialed Number", "3035550144,3035550143", "refused"},
	{"Called Phone,From", "3035550144,3035550143", "refused"},
	{"src,dst", "3035550144,3035550143", "refused"},
	{"ANI,To", "3035550144,3035550143", "refused"},
	{"ANI", "3035550143", "\"phone_number\":\"+13035550143\""},
	{"ANI,Caller Name", "3035550143,x", "\"phone_number\":\"+13035550143\""},
	{"DNIS,Called At", "3035550143,x", "\"phone_number\":\"+13035550143\""},
	{"ANI,DNIS,Phone", "3035550144,3035550145,3035550143", "\"phone_number\":\"+13035550143\""},
	/* A second number of the consumer is not passed over. */
	{"Mobile,Home", "3035550143,3035550144", "refused"},
	{"Main,Mobile", "3035550144,3035550143", "refused"},
	{"Mobile,Work", "3035550143,(303) 555-0144", "refused"},
	{"Phone,Number 2", "3035550143,3035550144", "refused"},
	{"Contact Number,Alternate Number", "3035550143,3035550144", "refused"},
	{"Tel,Handy", "3035550143,3035550144", "refused"},
	{"Phone,BTN", "3035550143,3035550144", "refused"},
	{"Mobile,Home", ",3035550144", "refused"},
	{"Mobile,Home", "3035550143,Springfield", "\"home\":\"Springfield\""},
	{"Mobile,Home", "3035550143,+1 303 555 0143", "\"home\":\"+1 303 555 0143\""},
	{"Mobile,Home", "3035550143,", "\"phone_number\":\"+13035550143\""},
	{"Mobile,Home", "3035550143,\n3035550143,3035550144", "refused"},
	{"Mobile,Home", "3035550143,\n3035550143,3035550144.0", "refused"},
	{"Mobile,Home", "3035550143,\n3035550143,=\"3035550144\"", "refused"},
	{"Mobile,Home", "3035550143,\n3035550143,3.03E+09", "refused"},
	{"Mobile,Home", "3035550143,\n3035550143,3035550144 / 3035550145", "refused"},
	{"Mobile,Home", "3035550143,\n3035550143,3035550144; 3035550145", "refused"},
	{"Mobile,Home", "3035550143,\n3035550143,(303) 555-0144 x4", "refused"},
	{"Mobile,Home,country", "02079460018,,GB\n02079460018,02079460999,GB", "refused"},
	{"Mobile,Home,country", "03012345678,,DE\n03012345678,03012345679,DE", "refused"},
	{"Mobile,Home,country", "02079460018,+442079460018,GB", "\"home\":\"+442079460018\""},
	{"Mobile,Home", "3035550143,x\n3035550144,\n3035550145,3035550146", "refused"},
	{"Telefon,Mobil", "3035550143,3035550144", "refused"},
	{"Telefon,Mobiltelefon", "3035550143,3035550144", "refused"},
	{"Telefon,Festnetz", "3035550143,3035550144", "refused"},
	{"Telefon,Telefon privat", "3035550143,3035550144", "refused"},
	{"Tel\u00e9fono,M\u00f3vil", "3035550143,3035550144", "refused"},
	{"Telefono,Mo\u0301vil", "3035550143,3035550144", "refused"},
	{"T\u00e9l\u00e9phone,Portable", "3035550143,3035550144", "refused"},
	{"T\u00e9l\u00e9phone,Domicile", "3035550143,3035550144", "refused"},
	{"Telefono,Cellulare", "3035550143,3035550144", "refused"},
	{"Telefone,Fixo", "3035550143,3035550144", "refused"},
	{"Telefoon,Mobiel", "3035550143,3035550144", "refused"},
	{"Phone,Office", "3035550143,3035550144", "refused"},
	{"Phone,Evening", "3035550143,3035550144", "refused"},
	{"M\u00f3vil", "3035550143", "\"phone_number\":\"+13035550143\""},
	{"Phone,M\u00f3dulo", "3035550143,x", "\"m_dulo\":\"x\""},
	/* Whatever the header, if nearly all fields are telephone numbers. */
	{"Phone,Contact2", "3035550143,(303) 555-0144", "refused"},
	{"Phone,Contact2", "3035550143,\n3035550143,\n3035550143,+13035550144", "refused"},
	{"Phone,Contact2", "3035550143,3035550144", "\"contact2\":\"3035550144\""},
	{"Phone,Contact2", FIVE("3035550143,3035550144\n"), "refused"},
	{"Phone,Contact2", FIVE("3035550143,3035550144.0\n"), "refused"},
	{"Phone,Contact2", FIVE("3035550143,3035550144\n") "3035550143,x", "\"contact2\":\"x\""},
	{"Phone,Contact2", FIVE("3035550143,3035550143\n"), "\"contact2\":\"3035550143\""},
	{"Phone,Notes", "3035550143,+13035550144\n3035550143,called on Monday",
		"\"notes\":\"called on Monday\""},
	{"Phone,Notes", "3035550143,\"called\non +13035550144\"", "called"},
	{"Phone,Order No", FIVE("3035550143,3035550144\n"), "\"order_no\":\"3035550144\""},
	{"Phone,LeadId", FIVE("3035550143,3035550144\n"), "\"leadid\":\"3035550144\""},
	{"Phone,Order No", "3035550143,(303) 555-0144", "refused"},
	{"Phone,MRN,Patient,Claim,Transaction,Tracking,Debtor,Store",
		FIVE("3035550143" SEVEN("3035550144") "\n"), "\"store\":\"3035550144\""},
	{"Phone,Dealer,SKU,Lead,Campaign,List,Session,Matter",
		FIVE("3035550143" SEVEN("3035550144") "\n"), "\"matter\":\"3035550144\""},
	{"Phone,Patient Number", FIVE("3035550143,3035550144\n"),
		"\"patient_number\":\"3035550144\""},
	{"Phone,Patient Phone 2", FIVE("3035550143,3035550144\n"), "refused"},
	{"Phone,Member Phone Number", FIVE("3035550143,3035550144\n"), "refused"},
	{"Phone,Fax", "3035550143,(303) 555-0144", "\"fax\":\"(303) 555-0144\""},
	{"Phone,Agent Phone", "3035550143,(303) 555-0144", "\"agent_phone\":\"(303) 555-0144\""},
	{"Phone,Seen", FIVE("3035550143,2026-11-25 10:00\n"), "\"seen\":\"2026-11-25 10:00\""},
	{"Mobile,Home", "3035550143.0,3035550143", "\"home\":\"3035550143\""},
	{"Mobile,Home", "3035550143,2026-11-25 10:00", "\"home\":\"2026-11-25 10:00\""},
	{"Mobile,Home", "3035550143,12 Main Street", "\"home\":\"12 Main Street\""},
	{"Phone,Customer Number", "3035550143,3035550144", "\"customer_number\":\"3035550144\""},
	{"Phone,Day", "3035550143,20260423", "\"day\":\"20260423\""},
	{"Phone,Caller ID", "3035550143,3035550144", "\"caller_id\":\"3035550144\""},
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

/* Rows behind the sample: each is rejected alone. */
static const struct {
	const char *header, *first, *row, *want;
} later[] = {
	{"Mobile,Home", "3035550143,", "3035550143,3035550144", "2001 invalid_row\n"},
	{"Mobile,Home", "3035550143,", "3035550143,3035550144.0", "2001 invalid_row\n"},
	{"Mobile,Home", "3035550143,", "3035550143,=\"3035550144\"", "2001 invalid_row\n"},
	{"Mobile,Home", "3035550143,", "3035550143,3.03E+09", "2001 invalid_row\n"},
	{"Mobile,Home", "3035550143,", "3035550143,3035550144 / 3035550145", "2001 invalid_row\n"},
	{"Mobile,Home", "3035550143,", "3035550143,3035550144; 3035550145", "2001 invalid_row\n"},
	{"Mobile,Home", "3035550143,", "3035550143,(303) 555-0144 x4", "2001 invalid_row\n"},
	{"Mobile,Home,country", "02079460018,,GB", "02079460018,02079460999,GB",
		"2001 invalid_row\n"},
	{"Mobile,Home,country", "03012345678,,DE", "03012345678,03012345679,DE",
		"2001 invalid_row\n"},
	{"Mobile,Home", "3035550143,", "3035550143,Springfield",
		"2001 dnc.number.suppressed +13035550143 \n"},
	/* Every row before had another thing in it. */
	{"Phone,Contact2", "3035550143,x", "3035550143,+13035550144",
		"2001 dnc.number.suppressed +13035550143 \n"},
};

static void a_second_number_behind_the_sample_rejects_its_row(void **state)
{
	static const char notes[] = "a text that makes the sample end before the last row";
	struct result result = {.reader = dnc_event_reader_new(&(struct dnc_event_options){0})};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof later / sizeof later[0]; i++) {
		struct dnc_source_options options = {.format = i % 2 ? "auto" : "csv",
			.region = "US",
			.max_record = 1000,
			.reason = "regulatory"};
		struct dnc_buf text = {0};

		dnc_buf_printf(&text, "Notes,%s\n", later[i / 2].header);
		for (size_t line = 2; line <= 2000; line++)
			dnc_buf_printf(&text, "%s,%s\n", notes, later[i / 2].first);
		dnc_buf_printf(&text, "%s,%s\n", notes, later[i / 2].row);
		dnc_buf_clear(&result.text);
		read_all(&options, dnc_buf_view(&text), &result);
		dnc_buf_chr(&result.text, '\0');
		if (!strstr(result.text.p, later[i / 2].want) || strstr(result.text.p, "refused"))
			fail_msg("%s: %.200s", later[i / 2].row, result.text.p);
		dnc_buf_free(&text);
	}
	dnc_buf_free(&result.text);
	dnc_event_reader_free(result.reader);
}

/* What columns say of their rows; values are separated by vertical bars. */
static const struct {
	const char *headers, *fits, *doubt, *contrary;
} meanings[] = {
	{"Deleted At|deleted_on|released_at|Removed",
		"|-|n/a|N/A|null|None|NaT|never|not deleted|Not yet deleted|active|N|no|false|F|0|0.0|00000000|nein"
		"|0000-00-00|0000-00-00 00:00:00|0001-01-01T00:00:00|0001-01-01T00:00:00Z|0001-01-01 00:00:00.0000000"
		"|1900-01-01|1899-12-30|1753-01-01T00:00:00|1970-01-01|1970-01-01T00:00:00.000Z|1969-12-31T19:00:00"
		"|01/01/1970|1/1/1900 12:00:00 AM|01.01.0001|Jan 1, 0001|1/1/70|9999-12-31|9999-12-31T23:59:59.999Z"
		"|31.12.9999|2999-12-31|99991231|19700101|19000101|-62135596800000|-62135596800|-2208988800000|-719162"
		"|253402300799000|253402300799|253402214400000|253402300799000000|2932896|32503680000000"
		"|1/1/00|1/1/01|01.01.70|1/0/00|00/00/00|70-01-01|0-Jan-00|1-Jan-70|Jan-00|1970-01|1 Jan 1970|1-Jan-1970"
		"|Thu, 01 Jan 1970 00:00:00 GMT|Mon Jan 01 00:00:00 UTC 1900|00010101T000000Z|January 1970"
		"|active since 2026-04-23|never removed",
		"pending|see the notes|a case that was closed by the legal department|17|2|gel\u00f6scht|2026"
		"|not active, removed|Not active; deleted|active, later removed|active and deleted 2026-04-23"
		"|deleted 0001-01-01|may call 7 times|agent 7|3 of 4",
		"Y|yes|true|T|1|1.0|x|deleted|Deleted by agent 7|removed|2026-01-01|2026-01-01T00:00:00.000Z"
		"|2026/04/23 08:00|23.04.2026|4/23/2026|4/23/26|23 Apr 2026|Apr 23, 2026 10:00|20260423|20260423080000"
		"|1767225600|1767225600000|1767225600000000|1767225600000000000|1.7672256e12|20454|46135.5|ja"
		"|1/1/26|01/01/25|01.01.26|1/1/26 10:15|1/1/02|23-Apr-26|Apr-26|April 2026|2026-04|04/26|4/2026|1-Feb-01"
		"|Jan-26|20260423T080000Z|20260423 080000|Thu, 23 Apr 2026 08:00:00 GMT|Thu Apr 23 08:00:00 UTC 2026"
		"|23 Apr 2026 08:00:00 +0200|2026-04-23 08:00:00.123|1 Feb 1970|by user|by consumer|removed by live agent"
		"|Yes, not active|2026-04-23 (was active)|deleted 2026-04-23 (was active)|Deleted, no longer active"},
	{"Consent|consent_given|Opt In|Consent Status|subscribed|callable",
		"|No|n|false|0|0.0|No Consent|Not given|Unknown|Expired|Do not contact|revoked|Revoked 2026-01-01|withdrawn"
		"|never|none|n/a|opted out|Opt-Out|unsubscribed|pending|0001-01-01|No (written)|without"
		"|Consent revoked|consent withdrawn",
		"web|see the notes|17|the consumer has asked us by phone|Opt-In: no|written, later withdrawn"
		"|No, then written",
		"Y|yes|true|1|written|express written|Opt-In|opted in|granted|Active|2026-01-01|1767225600000|verbal "
		"(call)|Ja|Yes - no email|Yes, no restrictions|2026-01-01 (not by email)"},
	{"Active|is_active|enabled", "|Y|yes|1|true|active|2026-01-01|n/a|x", "unknown|pending",
		"N|no|0|false|0.0|inactive|Not active|disabled|expired"},
	{"DNC|Do Not Call|opt_out|Consent Revoked|On DNC|suppressed",
		"|Y|1|yes|true|DNC|National|2026-01-01|Not callable|No calls|no-call|do not call|n/a",
		"unknown|Maybe|never",
		"N|No|0|0.0|false|off|No (web form)|Not on DNC|Not on the DNC list|not listed|Clear|nein"},
	{"DNC Status|Opt-Out Status",
		"|Y|DNC|Listed|On DNC|National DNC|Active|do not call|Not callable|no calls",
		"unknown|pending|No calls - removed",
		"N|no|0|Not on DNC|not listed|Removed|inactive|Expired|opt-in|released by the consumer|clean"},
	{"Status|Action|record_type",
		"|A|add|Add|Active|N|no|new|Not callable|never removed|Opt-Out|Do Not Call - registered permanently|0",
		"No longer callable",
		"D|delete|D - delete|deleted (consumer)|Marked for removal|Opt-In by web form|Inactive|Not active|expired"},
};

static void check_meanings(const char *names, const char *values, enum csv_meaning want)
{
	struct dnc_str header, value;

	for (const char *h = names; *h; h += header.n + (h[header.n] == '|')) {
		header = (struct dnc_str){h, strcspn(h, "|")};
		for (const char *v = values; *v || v == values;
			v += value.n + (v[value.n] == '|')) {
			enum csv_meaning is;

			value = (struct dnc_str){v, strcspn(v, "|")};
			is = csv_column_means(csv_contrary_header(header), value);
			if (is != want && (value.n || want == MEANS_NOTHING))
				fail_msg("%.*s = %.*s: %d", DNC_STR_ARG(header), DNC_STR_ARG(value),
					is);
			if (!*v)
				break;
		}
	}
}

static void a_column_may_say_that_its_row_is_no_suppression(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
		check_meanings(meanings[i].headers, meanings[i].fits, MEANS_NOTHING);
		check_meanings(meanings[i].headers, meanings[i].doubt, MEANS_UNCLEAR);
		check_meanings(meanings[i].headers, meanings[i].contrary, MEANS_CONTRARY);
	}
}

/* Exports of a country, read with its region. */
static const struct {
	const char *region, *text, *want;
} national[] = {
	{"DE", "Telefon;Strasse;PLZ;Ort;Land\n030 1234567;A;10115;Berlin;Deutschland\n030 1234568;A;10115;Berlin;\n",
		"2 dnc.number.suppressed +49301234567 \n3 dnc.number.suppressed +49301234568 \n"},
	{"DE", "phone,country\n030 1234567,Germany\n030 1234567,D\n030 1234567,DEU\n030 1234567,Austria\n",
		"2 dnc.number.suppressed +49301234567 \n3 dnc.number.suppressed +49301234567 \n"
		"4 dnc.number.suppressed +49301234567 \n5 invalid_phone_number\n"},
	{"GB",
		"Phone,Country\n020 7946 0018,United Kingdom\n020 7946 0018,Great Britain\n020 7946 0018,England\n"
		"020 7946 0018,UK\n020 7946 0018,France\n",
		"2 dnc.number.suppressed +442079460018 \n3 dnc.number.suppressed +442079460018 \n"
		"4 dnc.number.suppressed +442079460018 \n5 dnc.number.suppressed +442079460018 \n"
		"6 invalid_phone_number\n"},
	{"US", "Phone,Country\n3035550143,The United States\n7875550143,Puerto Rico\n3035550143,Germany\n",
		"2 dnc.number.suppressed +13035550143 \n3 dnc.number.suppressed +17875550143 \n"
		"4 invalid_phone_number\n"},
	{"ES", "Phone,Pais\n912345678,Espa\u00f1a\n91.123.45.67,ESPANA\n",
		"2 dnc.number.suppressed +34912345678 \n3 dnc.number.suppressed +34911234567 \n"},
};

static void a_national_export_is_read(void **state)
{
	struct result result = {0};

	(void)state;
	for (size_t i = 0; i < sizeof national / sizeof national[0]; i++) {
		struct dnc_source_options options = {.format = "csv",
			.region = national[i].region,
			.max_record = 1000,
			.reason = "regulatory"};

		result.reader = dnc_event_reader_new(
			&(struct dnc_event_options){.region = national[i].region});
		dnc_buf_clear(&result.text);
		read_all(&options, dnc_str(national[i].text), &result);
		dnc_buf_chr(&result.text, '\0');
		if (strcmp(result.text.p, national[i].want) != 0)
			fail_msg("%s %s: %s", national[i].region, national[i].text, result.text.p);
		dnc_event_reader_free(result.reader);
	}
	dnc_buf_free(&result.text);
}

#define ROW_OF(n) n " dnc.number.suppressed +13035550143 \n"
#define TEN_TIMES(n)                                                                               \
	"2," n ",x\n3," n ",x\n4," n ",x\n5," n ",x\n6," n ",x\n7," n ",x\n8," n ",x\n9," n ",x\n" \
	"10," n ",x\n11," n ",x\n"
#define NINE_ROWS                                                                                  \
	ROW_OF("2")                                                                                \
	ROW_OF("3")                                                                                \
	ROW_OF("4") ROW_OF("5") ROW_OF("6") ROW_OF("7") ROW_OF("8") ROW_OF("9") ROW_OF("10")

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
		/* The first row may be the one that is wrong. */
		{"n/a,b\n3035550143,b\n3035550144,\n", NULL, NULL, 0,
			"1 invalid_phone_number\n2 dnc.number.suppressed +13035550143 \n"
			"3 dnc.number.suppressed +13035550144 \n"},
		{",b\n3035550143,b\n", NULL, NULL, 0,
			"1 invalid_phone_number\n2 dnc.number.suppressed +13035550143 \n"},
		{"a,3035550143\n3035550199,3035550144\nb,3035550145\n", NULL, NULL, 0,
			"refused header\n"},
		{"a,3035550143\nb,x\nc,y\n", NULL, NULL, 0, "refused header\n"},
		{"3035550143,2026-11-25 10:00:00\n", NULL, NULL, 0,
			"1 dnc.number.suppressed +13035550143 \n"},
		{"3035550199,3035550143\n2,3035550143\n3,3035550143\n4,3035550143\n5,3035550143\n"
		 "6,3035550143\n7,3035550143\n8,3035550143\n9,3035550143\n10,3035550143\n",
			NULL, NULL, 0, "1 invalid_row\n" NINE_ROWS},
		/* Any later row may hold a second number, and any column. */
		{"2,3035550143,x\n" TEN_TIMES(
			 "3035550143") "2,3035550144,3035550199\n"
				       "4,3035550144,x\n5,3035550144,2026-11-25 10:00:00\n",
			NULL, NULL, 0,
			ROW_OF("1")
				NINE_ROWS ROW_OF("11") "12 invalid_row\n"
						       "13 dnc.number.suppressed +13035550144 \n"
						       "14 dnc.number.suppressed +13035550144 \n"},
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
		{"phone_number", "DNIS", "ANI,DNIS\n3035550144,3035550143\n",
			"\"ani\":\"3035550144\""},
		{"phone_number", "Mobile", "Mobile,Home\n3035550143,3035550144\n",
			"\"home\":\"3035550144\""},
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
		cmocka_unit_test(a_second_number_behind_the_sample_rejects_its_row),
		cmocka_unit_test(a_column_may_say_that_its_row_is_no_suppression),
		cmocka_unit_test(a_national_export_is_read),
		cmocka_unit_test(a_file_without_a_header_is_read_by_number),
		cmocka_unit_test(no_column_is_lost),
		cmocka_unit_test(numbers_alone_are_those_of_the_events),
		cmocka_unit_test(digits_are_digits)};

	return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
