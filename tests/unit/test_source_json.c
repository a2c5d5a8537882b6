/* Records in JSON and in forms: documents over lines, and the formats that come as bodies of requests. */
#include "unit.h"
#include "base/lines.h"
#include "event/cloudevent.h"
#include "event/event.h"
#include "source/map.h"
#include "source/source.h"

struct result {
	struct dnc_buf text; /* events and rejects, a line each */
	struct dnc_event_reader *reader;
	bool whole; /* events as they are */
};

static void add_place(struct result *result, const struct dnc_record *r)
{
	dnc_buf_printf(&result->text, "%llu", (unsigned long long)r->line);
	if (r->item)
		dnc_buf_printf(&result->text, ".%llu", (unsigned long long)r->item);
}

static void add_reject(
	struct result *result, const struct dnc_record *r, const struct dnc_error *err)
{
	assert_true(r->raw.p && r->raw.n);
	add_place(result, r);
	dnc_buf_printf(&result->text, " %s\n", dnc_reject_name((enum dnc_reject)err->code));
}

static void add_record(struct result *result, const struct dnc_record *r)
{
	struct dnc_error err;
	struct dnc_event event;

	if (dnc_event_normalize(result->reader, r->event.p, r->event.n, &event, &err) < 0) {
		add_reject(result, r, &err);
	} else if (result->whole) {
		dnc_buf_str(&result->text, event.line);
		dnc_buf_chr(&result->text, '\n');
	} else {
		add_place(result, r);
		dnc_buf_printf(&result->text, " %.*s %.*s\n",
			DNC_STR_ARG(dnc_type_names[event.type]), DNC_STR_ARG(event.phone_number));
	}
}

static void read_records(struct dnc_source *s, struct result *result)
{
	enum dnc_source_result rc;
	struct dnc_record record;
	struct dnc_error err;

	while ((rc = dnc_source_next(s, &record, &err)) != DNC_SOURCE_MORE) {
		assert_int_not_equal(rc, DNC_SOURCE_FAILED);
		if (rc == DNC_SOURCE_RECORD)
			add_record(result, &record);
		else if (rc == DNC_SOURCE_REJECT)
			add_reject(result, &record, &err);
		else if (rc == DNC_SOURCE_DROPPED)
			dnc_buf_printf(
				&result->text, "%llu dropped\n", (unsigned long long)record.line);
		else if (rc == DNC_SOURCE_REFUSED)
			dnc_buf_lit(&result->text, "refused\n");
	}
}

/* Reads TEXT; the result is to be freed. */
static char *read_all(const struct dnc_source_options *options, const char *text, bool whole)
{
	struct result result = {
		.reader = dnc_event_reader_new(&(struct dnc_event_options){0}), .whole = whole};
	struct dnc_error err;
	struct dnc_source *s = dnc_source_new(options, &err);
	struct dnc_lines lines;
	struct dnc_line line;
	size_t room, n = strlen(text);
	char *space;

	assert_non_null(s);
	assert_int_equal(dnc_lines_init(&lines, options->max_record, 65536), 0);
	space = dnc_lines_space(&lines, &room);
	assert_true(n < room);
	memcpy(space, text, n);
	dnc_lines_filled(&lines, n);
	dnc_lines_end(&lines);
	while (dnc_lines_next(&lines, &line)) {
		dnc_source_feed(s, &line);
		read_records(s, &result);
	}
	dnc_source_end(s);
	read_records(s, &result);
	dnc_source_free(s);
	dnc_lines_finish(&lines);
	dnc_event_reader_free(result.reader);
	dnc_buf_chr(&result.text, '\0');
	return result.text.p;
}

#define SUP(n)                                                                                     \
	"{\"type\":\"dnc.number.suppressed\",\"phone_number\":\"303555014" n                       \
	"\",\"reason\":\"complaint\"}"
#define PRETTY(n)                                                                                  \
	"{\n  \"type\": \"dnc.number.suppressed\",\n  \"phone_number\": \"303555014" n             \
	"\",\n  \"event_data\": {\n    \"reason\": \"complaint\"\n  }\n}"
#define EVENT(n) " dnc.number.suppressed +1303555014" n "\n"

static const struct {
	const char *name, *text, *want;
	bool socket; /* lines of a producer */
} documents[] = {
	{"lines", SUP("1") "\n" SUP("2") "\n", "1" EVENT("1") "2" EVENT("2"), false},
	{"a broken line costs one record",
		SUP("1") "\n{\"type\":\n{\"a\":[\n" SUP("2") "\n[" SUP("3") "\n" SUP("4") "\n",
		"1" EVENT("1") "2 invalid_json\n3 invalid_json\n4" EVENT("2") "5.1" EVENT(
			"3") "5 invalid_json\n6" EVENT("4"),
		false},
	{"a broken first line costs one record",
		"{\"type\":\"dnc.number.suppressed\",\"phone_number\":\"30355\n" SUP("1") "\n",
		"1 invalid_json\n2" EVENT("1"), false},
	{"a first line that is cut between members",
		"{\"type\":\"dnc.number.suppressed\",\n" SUP("1") "\n{\"x\":1\n" SUP("2") "\n" SUP(
			"3") "\n",
		"1 invalid_json\n2" EVENT("1") "3 invalid_json\n4" EVENT("2") "5" EVENT("3"),
		false},
	{"an array in one line", "[" SUP("1") "," SUP("2") "]\n", "1.1" EVENT("1") "1.2" EVENT("2"),
		false},
	{"an array over lines", "[\n  " SUP("1") ",\n  " SUP("2") "\n]\n",
		"2" EVENT("1") "3" EVENT("2"), false},
	{"a pretty-printed object", PRETTY("1") "\n", "1" EVENT("1"), false},
	{"pretty-printed objects", PRETTY("1") "\n\n" PRETTY("2") "\n" SUP("3") "\n",
		"1" EVENT("1") "9" EVENT("2") "16" EVENT("3"), false},
	{"a pretty-printed array", "[\n" PRETTY("1") ",\n" PRETTY("2") "\n]",
		"2" EVENT("1") "9" EVENT("2"), false},
	{"arrays and objects one after the other",
		"[" SUP("1") "]\n" SUP("2") "\n[]\n[\n" SUP("3") "]" SUP("4"),
		"1.1" EVENT("1") "2" EVENT("2") "5" EVENT("3") "5.2" EVENT("4"), false},
	{"objects without lines", SUP("1") SUP("2") "\n" SUP("3"),
		"1" EVENT("1") "1.2" EVENT("2") "2" EVENT("3"), false},
	{"brackets and quotes in strings",
		"[{\"type\":\"dnc.number.suppressed\",\"reason\":\"complaint\",\"notes\":\"]}\\\"{[\\\\"
		"\",\n\"phone_number\":\"3035550141\"}]",
		"1.1" EVENT("1"), false},
	{"elements that are no objects", "[1, \"a\", " SUP("1") ", [2], null]\n",
		"1.1 not_an_object\n1.2 not_an_object\n1.3" EVENT(
			"1") "1.4 not_an_object\n1.5 not_an_object\n",
		false},
	{"an array that does not end", "[\n" SUP("1") ",\n" SUP("2") "\n",
		"2" EVENT("1") "3" EVENT("2") "1 invalid_json\n", false},
	{"an object that does not end", PRETTY("1") "\n{\n \"type\": 1,\n",
		"1" EVENT("1") "8 invalid_json\n", false},
	{"a broken element costs one record",
		"[\n  {\n    \"type\": \"x,\n    \"a\": {\n      \"b\": 1\n    }\n  },\n  " SUP(
			"1") ",\n  {\n    \"c\": ]\n  },\n  " SUP("2") "\n]\n",
		"2 invalid_json\n8" EVENT("1") "9 invalid_json\n12" EVENT("2"), false},
	{"an object that is cut before the next one", "{\n  \"a\": 1,\n" PRETTY("1") "\n",
		"1 invalid_json\n3" EVENT("1"), false},
	{"words between objects", "{\n}\nnonsense\n" SUP("1") "\n",
		"1 missing_type\n3 invalid_json\n4" EVENT("1"), false},
	{"a producer's array in one line", "[" SUP("1") "," SUP("2") "]\n" SUP("3") "\n",
		"1.1" EVENT("1") "1.2" EVENT("2") "2" EVENT("3"), true},
	{"a producer's lines are records of their own", "{\n[\n" SUP("1") "\n",
		"1 invalid_json\n2 invalid_json\n3" EVENT("1"), true},
};

static void documents_are_records_and_broken_ones_rejects(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
		struct dnc_source_options options = {.format = "auto",
			.region = "US",
			.max_record = 4096,
			.reject_lines = documents[i].socket};
		char *got = read_all(&options, documents[i].text, false);

		if (strcmp(got, documents[i].want) != 0)
			fail_msg("%s:\n%s", documents[i].name, got);
		free(got);
	}
}

/* A document over --max-record is a reject, and so is each line that is. */
static void a_document_without_an_end_is_bounded(void **state)
{
	struct dnc_source_options options = {
		.format = "ndjson", .region = "US", .max_record = 1024};
	struct dnc_buf text = {0};
	char *got;

	(void)state;
	dnc_buf_lit(&text, "{\n\"a\": [\n");
	for (int i = 0; i < 500; i++)
		dnc_buf_lit(&text, " 1,\n");
	dnc_buf_lit(&text, SUP("1") "\n{\n\"b\": \"");
	for (int i = 0; i < 2000; i++)
		dnc_buf_chr(&text, 'x');
	dnc_buf_lit(&text, "\"\n}\n" SUP("2") "\n");
	dnc_buf_chr(&text, '\0');
	got = read_all(&options, text.p, false);
	assert_string_equal(got, "1 too_large\n503" EVENT("1") "504 too_large\n507" EVENT("2"));
	free(got);
	dnc_buf_free(&text);
}

/* Records of one line have places of their own. */
static void items_of_a_line_are_counted(void **state)
{
	struct dnc_source_options options = {.format = "auto", .region = "US", .max_record = 1024};
	char *got = read_all(&options, "[" SUP("1") "," SUP("2") ",\n" SUP("3") "]", false);

	(void)state;
	assert_string_equal(got, "1.1" EVENT("1") "1.2" EVENT("2") "2" EVENT("3"));
	free(got);
}

#define FORM(body) "From=%2B13035550141&To=1&Body=" body "\n"

#define MESSAGE(body, rest) "{\"from\":\"+13035550141\",\"body\":\"" body "\"," rest "}\n"

/* One message, and what becomes of it. */
static const struct {
	const char *text, *want;
} messages[] = {
	{FORM("STOP"), "1" EVENT("1")},
	{FORM("+%22StopAll%22+%0D%0A"), "1" EVENT("1")},
	{FORM("stop%21+STOP%21"), "1" EVENT("1")},
	{FORM("unsubscribe."), "1" EVENT("1")},
	{FORM("Cancel"), "1" EVENT("1")},
	{FORM("end"), "1" EVENT("1")},
	{FORM("QUIT"), "1" EVENT("1")},
	{FORM("opt-out"), "1" EVENT("1")},
	{FORM("Opt+Out"), "1" EVENT("1")},
	{FORM("%E2%80%9Crevoke%E2%80%9D%C2%A0"), "1" EVENT("1")},
	{FORM("start"), "1 dnc.number.released +13035550141\n"},
	{FORM("YES"), "1 dnc.number.released +13035550141\n"},
	{FORM("unstop"), "1 dnc.number.released +13035550141\n"},
	{FORM("help"), "1 dropped\n"},
	{FORM("INFO"), "1 dropped\n"},
	{FORM("stop+calling+me"), "1 invalid_field\n"},
	{FORM("stop+start"), "1 invalid_field\n"},
	{FORM("stopped"), "1 invalid_field\n"},
	{FORM("STOP%C3%A9"), "1 invalid_field\n"},
	{FORM("%F0%9F%9B%91"), "1 invalid_field\n"},
	{FORM("..."), "1 invalid_field\n"},
	{FORM(""), "1 missing_field\n"},
	/* The provider's word stands before the text. */
	{"From=%2B13035550141&OptOutType=STOP&Body=leave+me+alone\n", "1" EVENT("1")},
	{"From=%2B13035550141&OptOutType=HELP&Body=STOP\n", "1 invalid_field\n"},
	{"From=%2B13035550141&OptOutType=HELP&Body=what+is+this\n", "1 dropped\n"},
	{"From=%2B13035550141&OptOutType=&Body=STOP\n", "1" EVENT("1")},
	{"From=%2B13035550141&OptOutType=maybe&Body=STOP\n", "1 invalid_field\n"},
	/* Numbers: the sender's, and no other. */
	{"From=+13035550141&Body=STOP\n", "1" EVENT("1")},
	{"From=whatsapp%3A%2B13035550141&Body=STOP\n", "1" EVENT("1")},
	{"To=%2B13035550141&Body=STOP\n", "1 missing_field\n"},
	{"From=&To=%2B13035550141&Body=STOP\n", "1 missing_field\n"},
	{"From=STOP&Body=STOP\n", "1 invalid_phone_number\n"},
	{"From=%2B13035550141&Direction=outbound-api&Body=STOP\n", "1 invalid_field\n"},
	{"From=%2B13035550141&msisdn=13035550142&Body=STOP\n", "1 invalid_field\n"},
	/* Forms that are none. */
	{"From=%2&Body=STOP\n", "1 invalid_row\n"},
	{"From=%zz&Body=STOP\n", "1 invalid_row\n"},
	{"=x\n", "1 invalid_row\n"},
	{"From=%2B13035550141&From=%2B13035550142&Body=STOP\n", "1 invalid_json\n"},
	{"&From=%2B13035550141&&Body=STOP&\n", "1" EVENT("1")},
	/* JSON in the forms of providers. */
	{"{\"From\":\"+13035550141\",\"Body\":\"STOP\",\"id\":7,\"timestamp\":\"soon\",\"reason\":5}\n",
		"1" EVENT("1")},
	{"{\"msisdn\":\"447700900123\",\"to\":\"1\",\"text\":\"Stop\",\"keyword\":\"STOP\"}\n",
		"1 dnc.number.suppressed +447700900123\n"},
	{"{\"msisdn\":\"13035550141\",\"text\":\"Stop it now\",\"keyword\":\"STOP\"}\n",
		"1 invalid_field\n"},
	{"{\"data\":{\"payload\":{\"from\":{\"phone_number\":\"+13035550141\"},\"to\":[{\"phone_number\":"
	 "\"+1\"}],\"text\":\"STOP\"}}}\n",
		"1" EVENT("1")},
	{"[{\"message\":{\"from\":3035550141,\"text\":\"STOP\"}},\n{\"from\":\"3035550142\",\"body\":\"STOP\"}]\n",
		"1.1" EVENT("1") "2" EVENT("2")},
	{"{\"from\":\"+13035550141\",\"body\":\"STOP\"\n", "1 invalid_json\n"},
	/* Two texts are no release. */
	{"From=%2B13035550141&Body=STOP&body=START\nFrom=%2B13035550141&Body=START&body%20=STOP\n"
	 "From=%2B13035550141&Body=START&body=YES\n",
		"1 invalid_field\n2 invalid_field\n3 dnc.number.released +13035550141\n"},
	{"{\"from\":\"+13035550141\",\"body\":\"START\",\"data\":{\"body\":\"STOP\"}}\n"
	 "{\"from\":\"+13035550141\",\"body\":\"STOP\",\"text\":\"STOP\",\"message\":\"a reply\"}\n"
	 "{\"from\":\"+13035550141\",\"body\":\"STOP\",\"Body\":\"a reply\"}\n"
	 "{\"from\":\"+13035550141\",\"Body\":\"STOP\",\"OptOutType\":\"STOP\",\"opt_out_type\":\"START\"}\n",
		"1 invalid_field\n2" EVENT("1") "3 invalid_field\n4 invalid_field\n"},
	{"From=%2B13035550141&Body=STOP&OptOutType=START\nFrom=%2B13035550141&Body=START&OptOutType=STOP\n"
	 "From=%2B13035550141&Body=START&keyword=STOP\n",
		"1 invalid_field\n2" EVENT("1") "3 invalid_field\n"},
	/* Messages to consumers. */
	{"From=%2B13035550141&Body=START&direction=MT\nFrom=%2B13035550141&Body=STOP&direction=out\n"
	 "From=%2B13035550141&Body=STOP&SmsStatus=sent\nFrom=%2B13035550141&Body=STOP&MessageStatus=delivered\n"
	 "From=%2B13035550141&Body=STOP&direction=MO&SmsStatus=received\n"
	 "From=%2B13035550141&Body=STOP&Direction=inbound-sms\n",
		"1 invalid_field\n2 invalid_field\n3 invalid_field\n4 invalid_field\n5" EVENT(
			"1") "6" EVENT("1")},
	/* A release needs a plain word, and no other text. */
	{FORM("ST%00ART") FORM("y.e.s.") FORM("ST%E2%80%8BART") FORM("START%00") FORM("START+YES"),
		"1 invalid_field\n2 invalid_field\n3 invalid_field\n4 invalid_field\n5 invalid_field\n"},
	{FORM("%22Start!%22+") FORM("opt-in") FORM("Opt+In."),
		"1 dnc.number.released +13035550141\n2 dnc.number.released +13035550141\n"
		"3 dnc.number.released +13035550141\n"},
	{"{\"from\":\"+13035550141\",\"text\":\"do not call me\",\"Body\":\"START\"}\n"
	 "{\"from\":\"+13035550141\",\"body\":\"START\",\"message\":{\"text\":\"take me off the list\"}}\n"
	 "{\"from\":\"+13035550141\",\"body\":\"START\",\"content\":[\"take me off the list\"]}\n"
	 "{\"from\":\"+13035550141\",\"body\":\"START\",\"content\":{\"x\":\"no\"}}\n"
	 "{\"from\":\"+13035550141\",\"body\":\"START\",\"subject\":\"Stop!\"}\n"
	 "{\"from\":\"+13035550141\",\"body\":\"START\",\"text\":\"\",\"message\":null,\"tag\":\"x\"}\n",
		"1 invalid_field\n2 invalid_field\n3 invalid_field\n4 invalid_field\n5 invalid_field\n"
		"6 dnc.number.released +13035550141\n"},
	{"From=%2B13035550141&message=I+want+to+stop&text=YES\n"
	 "From=%2B13035550141&OptOutType=START&Body=no+more+calls\n"
	 "From=%2B13035550141&OptOutType=START&Body=start\nFrom=%2B13035550141&OptOutType=START\n",
		"1 invalid_field\n2 invalid_field\n3 dnc.number.released +13035550141\n"
		"4 dnc.number.released +13035550141\n"},
	{"{\"type\":\"outbound\",\"from\":\"+13035550141\",\"text\":\"START\"}\n"
	 "{\"data\":{\"event_type\":\"message.sent\",\"payload\":{\"from\":\"+13035550141\",\"text\":"
	 "\"START\"}}}\n"
	 "{\"event\":\"messageDelivered\",\"from\":\"+13035550141\",\"text\":\"STOP\"}\n"
	 "{\"fromMe\":true,\"from\":\"+13035550141\",\"text\":\"START\"}\n"
	 "{\"inbound\":false,\"from\":\"+13035550141\",\"text\":\"START\"}\n"
	 "{\"direction\":\"inbound\",\"data\":{\"direction\":\"outbound\"},\"from\":\"+13035550141\",\"text\":"
	 "\"START\"}\n"
	 "{\"event\":\"opt_out\",\"type\":\"message.received\",\"fromMe\":false,\"from\":\"+13035550141\","
	 "\"text\":\"STOP\"}\n",
		"1 invalid_field\n2 invalid_field\n3 invalid_field\n4 invalid_field\n5 invalid_field\n"
		"6 invalid_field\n7" EVENT("1")},
	{"msisdn=3035550141&text=STOP\nmsisdn=13035550141&text=STOP\n",
		"1 invalid_phone_number\n2" EVENT("1")},
	{"{\"message\":{\"number\":\"3035550141\"}}\n", "1 missing_field\n"},
	{MESSAGE("STOP", "\"city\":\"Billings\",\"state\":\"MT\""), "1" EVENT("1")},
	{MESSAGE("STOP", "\"event\":\"STOP sent by contact\""), "1" EVENT("1")},
	{MESSAGE("STOP", "\"topic\":\"Failed delivery\""), "1" EVENT("1")},
	{MESSAGE("STOP", "\"direction\":\"inbound\",\"status\":\"delivered\""), "1" EVENT("1")},
	{MESSAGE("STOP", "\"status\":\"queued\",\"direction\":\"in\""), "1" EVENT("1")},
	{MESSAGE("START", "\"state\":\"MT\""), "1 dnc.number.released +13035550141\n"},
	{MESSAGE("START", "\"topic\":\"Failed delivery\""), "1 invalid_field\n"},
	{MESSAGE("START", "\"event\":\"START sent by us\""), "1 invalid_field\n"},
	{MESSAGE("START", "\"direction\":\"inbound\",\"status\":\"delivered\""),
		"1 invalid_field\n"},
	{MESSAGE("STOP", "\"type\":\"MT\""), "1 invalid_field\n"},
	{MESSAGE("STOP", "\"event\":\"SMSSent\""), "1 invalid_field\n"},
	{MESSAGE("STOP", "\"status\":\"DELIVRD\""), "1 invalid_field\n"},
	/* Words of somebody beside it, under whatever name and however deep. */
	{MESSAGE("START", "\"note\":\"do not call me\""), "1 invalid_field\n"},
	{MESSAGE("START", "\"messages\":[{\"body\":\"STOP\"}]"), "1 invalid_field\n"},
	{MESSAGE("START", "\"texts\":[\"leave me alone\"]"), "1 invalid_field\n"},
	{MESSAGE("START", "\"extra\":{\"full_text\":\"no more\"}"), "1 invalid_field\n"},
	{MESSAGE("START", "\"transcript\":\"please stop calling\""), "1 invalid_field\n"},
	{MESSAGE("START", "\"ButtonText\":\"No thanks\""), "1 invalid_field\n"},
	{MESSAGE("START", "\"direction\":[\"outbound\"]"), "1 invalid_field\n"},
	{MESSAGE("START", "\"meta\":{\"direction\":\"outbound\"}"), "1 invalid_field\n"},
	/* What providers write beside each message is none. */
	{MESSAGE("START",
		 "\"FromCity\":\"NEW YORK\",\"MessageSid\":\"SM1\",\"message_type\":\"text\","
		 "\"meta\":{\"direction\":\"inbound\"},\"cleanText\":\"\",\"NumMedia\":\"0\""),
		"1 dnc.number.released +13035550141\n"},
	{MESSAGE("START", "\"auto_reply\":true"), "1 invalid_field\n"},
};

static void a_message_stops_starts_or_asks(void **state)
{
	struct dnc_source_options options = {
		.format = "optout", .region = "US", .max_record = 4096};

	(void)state;
	for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
		char *got = read_all(&options, messages[i].text, false);

		if (strcmp(got, messages[i].want) != 0)
			fail_msg("%s%s", messages[i].text, got);
		free(got);
	}
}

/* The hub compares the content of events with one id. */
static void a_message_that_is_delivered_again_is_the_same_event(void **state)
{
#define DELIVERY(part)                                                                                 \
	"{\"data\":{\"payload\":{\"id\":\"m1\",\"from\":{\"phone_number\":\"+13035550141\"},\"text\":" \
	"\"STOP\",\"received_at\":\"2026-01-01T00:00:00Z\",\"parts\":1},\"retryCount\":" part          \
	"},\"meta\":{\"attempt\":" part ",\"delivered_to\":\"https://" part                            \
	"\",\"region\":\"x\"},\"Attempt-Number\":" part "}"
	struct dnc_source_options options = {
		.format = "optout", .region = "US", .max_record = 4096};
	char *one = read_all(&options, DELIVERY("1"), true),
	     *again = read_all(&options, DELIVERY("2"), true);
	const char *arrival = strstr(one, "\"ingested_at\"");

	(void)state;
	assert_non_null(arrival);
	assert_memory_equal(one, again, (size_t)(arrival - one));
	assert_non_null(strstr(one, "\"parts\":1}}"));
	assert_non_null(strstr(one, "\"meta\":{\"region\":\"x\"}"));
	free(one);
	free(again);
}

#define CE(rest)                                                                                           \
	"{\"specversion\":\"1.0\",\"id\":\"e1\",\"source\":\"/x\",\"type\":\"dnc.number.suppressed\"" rest \
	"}\n"
#define DATA ",\"data\":{\"phone_number\":\"3035550141\",\"reason\":\"complaint\"}"

static const struct {
	const char *text, *want;
} cloudevents[] = {
	{CE(DATA), "1" EVENT("1")},
	{CE(",\"subject\":\"+13035550141\",\"data\":{\"reason\":\"complaint\"}"), "1" EVENT("1")},
	/* A time that was never set. */
	{CE(",\"time\":\"0001-01-01T00:00:00Z\"" DATA), "1" EVENT("1")},
	{CE(",\"time\":\"0001-01-01T00:00:00.0000000+00:00\"" DATA), "1" EVENT("1")},
	{CE(",\"time\":\"0001-01-01T00:00:01Z\"" DATA), "1 invalid_timestamp\n"},
	{CE(",\"data\":{\"phone_number\":\"3035550141\",\"reason\":\"complaint\",\"suppressed_at\":\"0001-01-01T00:00:00Z\"}"),
		"1" EVENT("1")},
	{CE(",\"data\":{\"phone_number\":\"3035550141\",\"reason\":\"complaint\",\"expires_at\":\"0001-01-01T00:00:00Z\"}"),
		"1 invalid_timestamp\n"},
	{CE(",\"data\":null"), "1 missing_field\n"},
	{CE(",\"data\":\"x\""), "1 invalid_field\n"},
	{CE(",\"data\":{\"type\":\"dnc.number.released\",\"phone_number\":\"3035550141\"}"),
		"1 invalid_field\n"},
	{CE(",\"data\":{\"event_type\":\"NumberSuppressed\",\"phone_number\":\"3035550141\","
	    "\"reason\":\"complaint\"}"),
		"1" EVENT("1")},
	/* {"phone_number":"3035550141","reason":"complaint"} */
	{CE(",\"data_base64\":\"eyJwaG9uZV9udW1iZXIiOiIzMDM1NTUwMTQxIiwicmVhc29uIjoiY29tcGxhaW50In0=\""),
		"1" EVENT("1")},
	{CE(",\"data_base64\":\"eyJ\""), "1 invalid_field\n"},
	{CE(",\"data_base64\":\"e30e30==\""), "1 invalid_field\n"},
	{CE(",\"data_base64\":\"e3t7\""), "1 invalid_json\n"},
	{CE(",\"data_base64\":7"), "1 invalid_field\n"},
	/* {"phone_number":"3035550141","reason":"complaint"},"injected":{} */
	{CE(",\"data_base64\":\"eyJwaG9uZV9udW1iZXIiOiIzMDM1NTUwMTQxIiwicmVhc29uIjoiY29tcGxhaW50In0sImluamVjdGVkIjp7fQ==\""),
		"1 invalid_json\n"},
	{"{\"specversion\":\"0.3\",\"id\":\"e1\",\"source\":\"/x\",\"type\":\"dnc.number.suppressed\"" DATA
	 "}\n",
		"1 invalid_field\n"},
	{"{\"specversion\":\"1.0\",\"id\":\"e1\",\"type\":\"dnc.number.suppressed\"" DATA "}\n",
		"1 missing_field\n"},
	{"{\"specversion\":\"1.0\",\"id\":\"e1\",\"source\":\"/x\",\"type\":\"com.example.optout\"}\n",
		"1 unknown_type\n"},
	{"[\n" CE(DATA) ",\n" CE(DATA) "]\n", "2" EVENT("1") "4" EVENT("1")},
};

static void a_cloudevent_is_an_event_or_a_reject(void **state)
{
	static const char *const formats[] = {"auto", "cloudevents", "ndjson"};

	(void)state;
	for (size_t i = 0; i < 3 * sizeof cloudevents / sizeof cloudevents[0]; i++) {
		struct dnc_source_options options = {
			.format = formats[i % 3], .region = "US", .max_record = 4096};
		char *got = read_all(&options, cloudevents[i / 3].text, false);

		if (strcmp(got, cloudevents[i / 3].want) != 0)
			fail_msg("%s: %s%s", options.format, cloudevents[i / 3].text, got);
		free(got);
	}
}

/* One of each type, with the names of the reference system. */
static const char *const domain_events[] = {
	"{\"event_type\":\"NumberSuppressed\",\"event_id\":\"0198f0a0-0000-7000-8000-000000000001\","
	"\"phone_number\":\"3035550141\",\"reason\":\"complaint\",\"source\":\"federal\",\"suppressed_at\":"
	"\"2026-08-29T10:00:00+02:00\",\"metadata\":{\"region\":\"US-CO\"}}",
	"{\"event_type\":\"NumberReleased\",\"id\":42,\"phone_number\":\"3035550141\",\"reason\":\"admin_override\","
	"\"released_at\":\"2026-08-29T10:00:00Z\",\"released_by\":\"x\"}",
	"{\"event_type\":\"DNCCheckPerformed\",\"phone_number\":\"3035550141\",\"result\":\"blocked\",\"sources\":"
	"[\"federal\"],\"is_blocked\":true,\"latency\":1500000,\"risk_score\":0.5,\"timestamp\":"
	"\"2026-08-29T10:00:00Z\"}",
	"{\"event_type\":\"DNCListSynced\",\"provider\":\"federal_dnc\",\"provider_id\":\"p\",\"sync_status\":"
	"\"partial\",\"records_added\":12,\"sync_duration\":5000000}",
	"{\"event_type\":\"ComplianceViolation\",\"phone_number\":\"3035550141\",\"violation_type\":\"calling_hours\","
	"\"details\":{\"a\":[1,\"\\u00e9\",null,{\"b\":1e3}]}}",
	"{\"event_type\":\"ProviderStatusChange\",\"provider\":\"na\\\"me\",\"old_status\":\"online\","
	"\"new_status\":\"offline\",\"reason\":\"timeout\"}",
};

/* The CloudEvent of a canonical line. */
static struct dnc_buf cloudevent_of(const char *line)
{
	struct dnc_event_reader *r = dnc_event_reader_new(&(struct dnc_event_options){0});
	char padded[4096] = "";
	struct dnc_buf b = {0};
	struct dnc_event event;
	size_t n = strcspn(line, "\n");

	assert_true(n < sizeof padded - DNC_JSON_PADDING);
	memcpy(padded, line, n);
	assert_int_equal(dnc_event_parse(r, padded, n, &event), 0);
	dnc_event_write_cloudevent(&b, &event);
	dnc_buf_chr(&b, '\0');
	dnc_event_reader_free(r);
	return b;
}

/* What was read is read again, as it is and as the CloudEvent that the hub makes of it, with the same result. */
static void events_come_back_as_they_were(void **state)
{
	struct dnc_source_options options = {.format = "auto", .region = "US", .max_record = 4096};

	(void)state;
	for (size_t i = 0; i < sizeof domain_events / sizeof domain_events[0]; i++) {
		char *once = read_all(&options, domain_events[i], true);
		char *again = read_all(&options, once, true);
		struct dnc_buf ce = cloudevent_of(once);
		char *back = read_all(&options, ce.p, true);

		assert_true(strlen(once) > 100);
		assert_string_equal(again, once);
		assert_string_equal(back, once);
		free(once);
		free(again);
		free(back);
		dnc_buf_free(&ce);
	}
}

/* Source and id are the identity, not what is beside them. */
static void a_cloudevent_that_comes_again_is_the_same_event(void **state)
{
	struct dnc_source_options options = {
		.format = "cloudevents", .region = "US", .max_record = 4096};
	char *one = read_all(&options, CE(DATA), true),
	     *again = read_all(&options,
		     CE(DATA ",\"try\":2,\"traceparent\":\"00-0af7651916cd43dd8448eb211c80319c-"
			     "b7ad6b7169203331-01\",\"datacontenttype\":\"application/json\""),
		     true);
	char *other = read_all(&options,
		"{\"specversion\":\"1.0\",\"id\":\"e1\",\"source\":\"/y\",\"type\":\"dnc.number.suppressed\"" DATA
		"}",
		true);
	const size_t id_end = sizeof "{\"id\":\"" - 1 + DNC_UUID_LEN;
	const char *data;

	(void)state;
	assert_memory_equal(one, again, id_end);
	assert_memory_not_equal(one, other, id_end);
	assert_non_null(strstr(one, "\"cloudevent\":{\"id\":\"e1\",\"source\":\"/x\"}"));
	/* The hub compares this, too. */
	data = strstr(one, "\"event_data\":");
	assert_non_null(data);
	assert_non_null(strstr(again, "\"event_data\":"));
	assert_memory_equal(data, strstr(again, "\"event_data\":"),
		(size_t)(strstr(data, ",\"metadata\"") - data));
	free(one);
	free(again);
	free(other);
}

#define CALL(number)                                                                                \
	"{\"type\":\"dnc_complaint\",\"id\":\"1\",\"attributes\":{\"company-phone-number\":" number \
	"}}"
#define VIOLATION " dnc.compliance.violation +13035550141\n"

static const struct {
	const char *text, *want;
} pages[] = {
	{"{\"data\":[{\"id\":\"1\",\"number\":\"3035550141\",\"area-code\":\"303\"},"
	 "{\"id\":\"2\",\"number\":\"\",\"area-code\":\"\"}]}\n",
		"1.1" VIOLATION "1.2 invalid_phone_number\n"},
	{"{\"data\":[" CALL("\"3035550141\"") "," CALL("3035550141") "," CALL(
		 "null") "],\"meta\":{}}\n",
		"1.1" VIOLATION "1.2" VIOLATION "1.3 missing_field\n"},
	{"{\"data\":[7,\"a\\\\\",[],null]}\n",
		"1.1 not_an_object\n1.2 not_an_object\n1.3 not_an_object\n1.4 not_an_object\n"},
	{"{\"data\":[]}\n{\"data\":[" CALL("\"3035550141\"") "]}\n", "1 dropped\n2.1" VIOLATION},
	/* A number that a spreadsheet shortened is there, but not whole. */
	{"{\"data\":[" CALL(
		 "\"1.20256E+10\"") ",{\"number\":\"3035550141\",\"created-date\":\"1/2/2026\"}]}\n",
		"1.1 invalid_phone_number\n1.2 invalid_timestamp\n"},
	{"{\"data\":{}}\n{\"errors\":[]}\n[]\n", "1 missing_field\n2 missing_field\n"},
	{"[\n{\"data\":[" CALL("\"3035550141\"") ",\n" CALL("3035550141") "]},\n{\"data\":[" CALL(
		 "3035550141") "]}]",
		"2.1" VIOLATION "2.2" VIOLATION "4.1" VIOLATION},
	{"Company_Phone_Number,Created_Date\n3035550141,2026-01-02 03:04:05\n", "2" VIOLATION},
};

static void each_call_of_a_page_is_a_violation_or_a_reject(void **state)
{
	struct dnc_source_options options = {
		.format = "ftc-reported", .region = "US", .max_record = 4096};

	(void)state;
	for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
		char *got = read_all(&options, pages[i].text, false);

		if (strcmp(got, pages[i].want) != 0)
			fail_msg("%s%s", pages[i].text, got);
		free(got);
	}
}

#define ROW      "{\"phone\":\"3035550141\",\"reason\":\"complaint\"}"
#define RELEASED "1 dnc.number.released +13035550141\n"

/* Changes of rows, by the programs that capture them; the time where there is one. */
static const struct {
	const char *text, *want, *time;
} captures[] = {
	{"{\"schema\":{},\"payload\":{\"op\":\"r\",\"before\":null,\"after\":" ROW
	 ",\"ts_ms\":1767225600000}}",
		"1" EVENT("1"), "2026-01-01T00:00:00.000Z"},
	{"{\"op\":\"c\",\"after\":" ROW
	 ",\"ts_us\":1767225600123456,\"ts_ns\":1767225600123456789}",
		"1" EVENT("1"), "2026-01-01T00:00:00.123Z"},
	{"{\"op\":\"d\",\"before\":" ROW ",\"after\":null,\"ts_ns\":1767225600123456789}", RELEASED,
		"2026-01-01T00:00:00.123Z"},
	{"{\"op\":\"c\",\"after\":" ROW ",\"ts_us\":\"x\"}", "1 invalid_timestamp\n", NULL},
	/* A year of two digits, and what stands for no time. */
	{"{\"op\":\"c\",\"after\":" ROW ",\"ts_ms\":-62135596800000}", "1 invalid_timestamp\n",
		NULL},
	{"{\"op\":\"c\",\"after\":{\"phone\":\"3035550141\",\"reason\":\"complaint\","
	 "\"expires_at\":\"0026-01-01T00:00:00Z\"}}",
		"1 invalid_timestamp\n", NULL},
	{"{\"type\":\"dnc.number.suppressed\",\"phone_number\":\"+13035550141\",\"reason\":\"complaint\","
	 "\"expires_at\":\"0026-01-01T00:00:00Z\"}",
		"1 invalid_timestamp\n", NULL},
	{"{\"type\":\"dnc.number.suppressed\",\"phone_number\":\"+13035550141\",\"reason\":\"complaint\","
	 "\"event_data\":{\"expires_at\":\"1899-12-31T23:59:59Z\"}}",
		"1 invalid_timestamp\n", NULL},
	{"{\"op\":\"c\",\"after\":{\"phone\":\"3035550141\",\"reason\":\"complaint\",\"suppressed_at\":\"0001-01-01T00:00:00Z\"}}",
		"1" EVENT("1"), NULL},
	{"{\"op\":\"c\",\"after\":{\"phone\":\"3035550141\",\"reason\":\"complaint\",\"expires_at\":\"0001-01-01T00:00:00Z\"}}",
		"1 invalid_timestamp\n", NULL},
	{"{\"op\":\"d\",\"before\":null,\"after\":null}", "1 missing_field\n", NULL},
	{"{\"op\":\"d\",\"before\":{\"id\":7},\"after\":null}", "1 missing_field\n", NULL},
	{"{\"op\":\"u\",\"before\":" ROW ",\"after\":null}", "1 missing_field\n", NULL},
	{"{\"op\":\"t\",\"before\":null,\"after\":null}", "1 invalid_field\n", NULL},
	{"{\"op\":\"m\",\"source\":{},\"message\":{}}", "1 invalid_field\n", NULL},
	{"{\"op\":\"\\u0000\",\"source\":{}}", "1 invalid_field\n", NULL},
	{"null", "1 dropped\n", NULL},
	{"{\"schema\":null,\"payload\":null}", "1 dropped\n", NULL},
	{"{\"phone\":\"3035550141\",\"reason\":\"complaint\",\"__op\":\"u\",\"__deleted\":\"false\",\"__ts_ms\":0}",
		"1" EVENT("1"), "1970-01-01T00:00:00.000Z"},
	{"{\"phone\":\"3035550141\",\"__deleted\":\"true\"}", RELEASED, NULL},
	{"{\"phone\":\"3035550141\",\"__deleted\":true}", RELEASED, NULL},
	{"{\"phone\":2079460958,\"country_code\":44,\"__op\":\"d\"}",
		"1 dnc.number.released +442079460958\n", NULL},
	{"{\"op\":\"c\",\"after\":{\"phone\":\"4155550123\",\"country_code\":840}}",
		"1 invalid_phone_number\n", NULL},
	{"{\"op\":\"d\",\"before\":{\"phone\":\"612345678\",\"country_code\":250}}",
		"1 invalid_phone_number\n", NULL},
	{"{\"phone\":\"919812345678\",\"country_code\":\"91\",\"__op\":\"d\"}",
		"1 dnc.number.released +919812345678\n", NULL},
	{"{\"phone\":\"3035550141\",\"country\":\"Egypt\",\"__op\":\"d\"}",
		"1 invalid_phone_number\n", NULL},
	{"{\"phone\":\"3035550141\",\"__op\":\"d\",\"__deleted\":\"true\"}", RELEASED, NULL},
	{"{\"phone\":\"3035550141\",\"__op\":\"d\",\"__deleted\":\"false\"}", "1 invalid_field\n",
		NULL},
	{"{\"phone\":\"3035550141\",\"__op\":\"c\",\"__deleted\":\"true\"}", "1 invalid_field\n",
		NULL},
	{"{\"phone\":\"9812345678\",\"country\":\"\",\"country_code\":91,\"__op\":\"d\"}",
		"1 dnc.number.released +919812345678\n", NULL},
	{"{\"phone\":\"2025550143\",\"phone_country_code\":\"1\",\"country\":\"DE\",\"__op\":\"c\"}",
		"1 invalid_phone_number\n", NULL},
	{"{\"phone\":\"2025550143\",\"country\":\"DE\",\"phone_country_code\":1,\"__op\":\"d\"}",
		"1 invalid_phone_number\n", NULL},
	{"{\"phone\":\"3012345678\",\"country\":\"DE\",\"phone_country_code\":49,\"__op\":\"d\"}",
		"1 dnc.number.released +493012345678\n", NULL},
	{"{\"phone\":\"1234567890\",\"prefix\":\"030\",\"__op\":\"d\"}", "1 invalid_phone_number\n",
		NULL},
	/* Two numbers: a deletion that took one of them would release the wrong one. */
	{"{\"op\":\"c\",\"after\":{\"ani\":\"2025550143\",\"to_num\":\"2125550144\"}}",
		"1 invalid_field\n", NULL},
	{"{\"op\":\"d\",\"before\":{\"ani\":\"2025550143\",\"to_num\":\"2125550144\"}}",
		"1 invalid_field\n", NULL},
	{"{\"op\":\"d\",\"before\":{\"ani\":\"2025550143\",\"number_dialed\":\"2125550144\"}}",
		"1 invalid_field\n", NULL},
	{"{\"op\":\"d\",\"before\":{\"mobile\":\"2025550143\",\"home\":\"2125550144\"}}",
		"1 invalid_field\n", NULL},
	{"{\"op\":\"c\",\"after\":{\"mobile\":\"2025550143\",\"home\":\"2125550144\"}}",
		"1 invalid_field\n", NULL},
	{"{\"op\":\"d\",\"before\":{\"phone\":\"2025550143\",\"ani\":\"2125550144\"}}",
		"1 invalid_field\n", NULL},
	{"{\"op\":\"d\",\"before\":{\"phone\":\"02079460018\",\"home\":\"02079460999\",\"country\":\"GB\"}}",
		"1 invalid_field\n", NULL},
	{"{\"op\":\"d\",\"before\":{\"phone\":\"3035550141\",\"mobile\":\"3035550142\"}}",
		"1 invalid_field\n", NULL},
	{"{\"op\":\"d\",\"before\":{\"phone\":\"3035550141\",\"home\":\"+1 303 555 0141\",\"ani\":null}}",
		RELEASED, NULL},
	{"{\"op\":\"d\",\"before\":{\"phone\":\"3035550141\",\"home\":\"Springfield\",\"country\":\"US\"}}",
		RELEASED, NULL},
	{"{\"op\":\"d\",\"before\":{\"ani\":\"3035550141\",\"dnis\":\"3035550141\"}}", RELEASED,
		NULL},
	/* A row that is no suppression itself. */
	{"{\"op\":\"c\",\"after\":{\"phone\":\"3035550141\",\"status\":\"removed\"}}",
		"1 invalid_row\n", NULL},
	{"{\"op\":\"u\",\"after\":{\"phone\":\"3035550141\",\"action\":\"D\"}}", "1 invalid_row\n",
		NULL},
	{"{\"op\":\"r\",\"after\":{\"phone\":\"3035550141\",\"opt_in\":true}}", "1 invalid_row\n",
		NULL},
	{"{\"op\":\"u\",\"after\":{\"phone\":\"3035550141\",\"deleted_at\":1767225600000}}",
		"1 invalid_row\n", NULL},
	{"{\"op\":\"d\",\"before\":{\"phone\":\"3035550141\",\"opt_out\":false}}",
		"1 invalid_row\n", NULL},
	{"{\"op\":\"d\",\"before\":{\"phone\":\"3035550141\",\"opt_out\":1,\"deleted_at\":null}}",
		RELEASED, NULL},
	{"{\"op\":\"d\",\"before\":{\"phone\":\"3035550141\",\"deleted_at\":\"0001-01-01T00:00:00Z\"}}",
		RELEASED, NULL},
	{"{\"op\":\"d\",\"before\":{\"phone\":\"3035550141\",\"deleted_at\":-62135596800000}}",
		RELEASED, NULL},
	/* What is not clear suppresses, and does not release. */
	{"{\"op\":\"d\",\"before\":{\"phone\":\"3035550141\",\"deleted_at\":\"see the notes\"}}",
		"1 invalid_row\n", NULL},
	{"{\"op\":\"d\",\"before\":{\"phone\":\"3035550141\",\"is_active\":{\"boolean\":false}}}",
		"1 invalid_row\n", NULL},
	{"{\"op\":\"d\",\"before\":{\"phone\":\"3035550141\",\"status\":[\"removed\"]}}",
		"1 invalid_row\n", NULL},
	{"{\"op\":\"d\",\"before\":{\"phone\":\"3035550141\",\"opt_in\":{\"boolean\":true}}}",
		"1 invalid_row\n", NULL},
	{"{\"op\":\"d\",\"before\":{\"phone\":\"3035550141\",\"deleted_at\":{\"long\":1714000000000}}}",
		"1 invalid_row\n", NULL},
	{"{\"op\":\"d\",\"before\":{\"phone\":\"3035550141\",\"deleted\":\"Yes, not active\"}}",
		"1 invalid_row\n", NULL},
	{"{\"op\":\"d\",\"before\":{\"phone\":\"3035550141\",\"deleted_at\":\"2026-04-23 (was active)\"}}",
		"1 invalid_row\n", NULL},
	{"{\"op\":\"d\",\"before\":{\"phone\":\"3035550141\",\"opt_in\":\"Yes - no email\"}}",
		"1 invalid_row\n", NULL},
	{"{\"op\":\"d\",\"before\":{\"phone\":\"3035550141\",\"deleted\":\"active, later removed\"}}",
		"1 invalid_row\n", NULL},
	{"{\"op\":\"d\",\"before\":{\"phone\":\"3035550141\",\"status\":[],\"opt_in\":{},\"tags\":[\"removed\"]}}",
		RELEASED, NULL},
	{"{\"op\":\"c\",\"after\":{\"phone\":\"3035550141\",\"reason\":\"complaint\",\"is_active\":{\"boolean\":false}}}",
		"1" EVENT("1"), NULL},
	{"{\"op\":\"c\",\"after\":{\"phone\":\"3035550141\",\"reason\":\"complaint\","
	 "\"deleted_at\":\"see the notes\"}}",
		"1" EVENT("1"), NULL},
	{"{\"database\":\"d\",\"table\":\"t\",\"type\":\"update\",\"ts\":1767225600,\"data\":" ROW
	 ",\"old\":{\"reason\":\"x\"}}",
		"1" EVENT("1"), "2026-01-01T00:00:00.000Z"},
	{"{\"database\":\"d\",\"table\":\"t\",\"type\":\"delete\",\"ts\":1767225600,\"data\":" ROW
	 "}",
		RELEASED, "2026-01-01T00:00:00.000Z"},
	{"{\"database\":\"d\",\"table\":\"t\",\"type\":\"insert\",\"ts\":9223372036854775807,\"data\":" ROW
	 "}",
		"1 invalid_timestamp\n", NULL},
	{"{\"data\":" ROW
	 ",\"metadata\":{\"operation\":\"load\",\"timestamp\":\"2026-01-01T00:00:00.5Z\"}}",
		"1" EVENT("1"), "2026-01-01T00:00:00.500Z"},
	{"{\"data\":" ROW
	 ",\"metadata\":{\"operation\":\"delete\",\"timestamp\":\"2026-01-01T00:00:00.5Z\"}}",
		RELEASED, "2026-01-01T00:00:00.500Z"},
	{"{\"data\":" ROW ",\"metadata\":{\"operation\":\"drop-table\"}}", "1 missing_type\n",
		NULL},
};

static void captured_rows_suppress_and_release(void **state)
{
	struct dnc_source_options options = {
		.format = "ndjson", .region = "US", .max_record = 4096};

	(void)state;
	for (size_t i = 0; i < sizeof captures / sizeof captures[0]; i++) {
		char *got = read_all(&options, captures[i].text, false);
		char *whole = read_all(&options, captures[i].text, true);

		if (strcmp(got, captures[i].want) != 0 ||
			(captures[i].time && !strstr(whole, captures[i].time)))
			fail_msg("%s\n%s%s", captures[i].text, got, whole);
		free(got);
		free(whole);
	}
}

#define WRONG  "1 invalid_phone_number\n"
#define LONDON "1 dnc.number.suppressed +442079460958\n"
#define HOME   "1 dnc.number.suppressed +12025550143\n"
#define RECORD "{\"type\":\"number.suppressed\",\"reason\":\"complaint\",\"source\":\"partner\","
#define CLOUDEVENT                                                                                        \
	"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"number.suppressed\",\"data\":" \
	"{\"reason\":\"complaint\",\"source\":\"partner\","

/* The country beside a number counts in each source; as it is +12079460958 would be one of the United States. */
static const struct {
	const char *format, *text, *want;
} besides[] = {
	{"ndjson", RECORD "\"phone_number\":\"2079460958\",\"country_code\":\"44\"}", LONDON},
	{"ndjson", RECORD "\"phone_number\":\"2079460958\",\"event_data\":{\"country\":\"gb\"}}",
		LONDON},
	{"ndjson", RECORD "\"event_data\":{\"phone_number\":\"2079460958\",\"country\":\"gb\"}}",
		LONDON},
	{"ndjson",
		"{\"id\":\"1\",\"phone_number\":\"2079460958\",\"country_code\":\"GB\",\"reason\":\"complaint\","
		"\"suppressed_at\":\"2026-01-01T00:00:00Z\"}",
		LONDON},
	{"ndjson", RECORD "\"phone_number\":\"2079460958\",\"country_code\":[\"GB\"]}", WRONG},
	{"ndjson", RECORD "\"phone_number\":\"2079460958\",\"country\":{\"iso\":\"GB\"}}", WRONG},
	{"ndjson", RECORD "\"phone_number\":\"2079460958\",\"phone_code\":44}", WRONG},
	{"ndjson", RECORD "\"phone_number\":\"2025550143\",\"country\":\"Atlantis\"}", WRONG},
	{"ndjson", RECORD "\"phone_number\":\"2025550143\",\"country\":null,\"region\":[\"x\"]}",
		HOME},
	{"ndjson", RECORD "\"phone_number\":\"2025550143\",\"country\":\"US\",\"area\":12}", HOME},
	{"ndjson", RECORD "\"phone_number\":\"+12025550143\",\"country\":\"GB\"}", HOME},
	/* Two numbers of one record are read alike. */
	{"ndjson",
		RECORD
		"\"phone_number\":\"+442079460958\",\"event_data\":{\"phone_number\":\"2079460958\","
		"\"country\":\"GB\"}}",
		LONDON},
	{"cloudevents", CLOUDEVENT "\"phone_number\":\"2079460958\",\"country_code\":\"GB\"}}",
		LONDON},
	{"cloudevents", CLOUDEVENT "\"phone_number\":\"2079460958\",\"country_code\":[44]}}",
		WRONG},
	{"ndjson", "{\"op\":\"c\",\"after\":{\"phone\":\"2079460958\",\"country_code\":[\"GB\"]}}",
		WRONG},
	{"ndjson",
		"{\"op\":\"c\",\"after\":{\"phone\":\"2079460958\",\"country_code\":{\"iso\":\"GB\"}}}",
		WRONG},
	{"ndjson", "{\"op\":\"c\",\"after\":{\"phone\":\"2079460958\",\"phone_code\":44}}", WRONG},
	{"ndjson",
		"{\"op\":\"c\",\"after\":{\"caller_id\":\"2025550143\",\"called_country\":\"DE\","
		"\"reason\":\"complaint\",\"source\":\"partner\"}}",
		HOME},
	{"optout",
		"{\"From\":\"2079460958\",\"FromCountry\":\"GB\",\"ToCountry\":\"US\",\"Body\":\"STOP\"}",
		LONDON},
	{"optout",
		"{\"From\":\"2025550143\",\"FromCountry\":\"US\",\"ToCountry\":\"GB\",\"Body\":\"STOP\"}",
		HOME},
	{"optout", "From=2079460958&FromCountry=GB&FromState=&ToCountry=US&Body=STOP", LONDON},
	{"optout", "From=whatsapp:2079460958&country_code=44&Body=STOP", LONDON},
	{"optout",
		"{\"from\":{\"number\":\"2079460958\",\"country_code\":\"44\"},\"text\":\"STOP\"}",
		LONDON},
	{"optout",
		"{\"data\":{\"from\":[{\"phone_number\":\"2079460958\",\"country_code\":\"GB\"}],\"text\":\"STOP\"}}",
		LONDON},
	{"optout", "{\"data\":{\"from\":\"2079460958\",\"text\":\"STOP\"},\"country\":\"GB\"}",
		LONDON},
	{"optout",
		"{\"from\":\"2025550143\",\"to\":{\"number\":\"2079460958\",\"country_code\":\"44\"},\"text\":\"STOP\"}",
		HOME},
	{"optout", "{\"from\":\"2079460958\",\"country\":[\"GB\"],\"text\":\"STOP\"}", WRONG},
};

static void the_country_beside_a_number_counts_in_each_source(void **state)
{
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof besides / sizeof besides[0]; i++) {
		struct dnc_source_options options = {.format = besides[i].format,
			.region = "US",
			.max_record = 4096,
			.reason = strcmp(besides[i].format, "optout") == 0 ? NULL : "complaint"};
		char *got = read_all(&options, besides[i].text, false);

		if (strcmp(got, besides[i].want) != 0)
			wrong++, print_error("%s: %s", besides[i].text, got);
		free(got);
	}
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_country_beside_a_number_counts_in_each_source),
		cmocka_unit_test(documents_are_records_and_broken_ones_rejects),
		cmocka_unit_test(a_document_without_an_end_is_bounded),
		cmocka_unit_test(items_of_a_line_are_counted),
		cmocka_unit_test(a_message_stops_starts_or_asks),
		cmocka_unit_test(a_message_that_is_delivered_again_is_the_same_event),
		cmocka_unit_test(a_cloudevent_is_an_event_or_a_reject),
		cmocka_unit_test(events_come_back_as_they_were),
		cmocka_unit_test(each_call_of_a_page_is_a_violation_or_a_reject),
		cmocka_unit_test(captured_rows_suppress_and_release),
		cmocka_unit_test(a_cloudevent_that_comes_again_is_the_same_event)};

	return cmocka_run_group_tests_name("source_json", tests, NULL, NULL);
}
