/* Events as text. */
#include "unit.h"
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include "../../lib/show/priv/columns.h"
#include "../../lib/show/priv/zone.h"
#include "base/clock.h"
#include "event/mask.h"
#include "show/show.h"

#define HEAD "{\"seq\":7,\"id\":\"0198f0a0-0000-7000-8000-000000000001\",\"type\":"
#define WHEN "\"timestamp\":\"2026-08-29T08:00:00.000Z\","
#define META                                                                                       \
	"\"metadata\":{\"ingested_at\":\"2026-08-29T08:00:00.000Z\",\"source_format\":\"ndjson\"}}"

static const char suppressed[] =
	HEAD "\"dnc.number.suppressed\",\"phone_number\":\"+12025550143\",\"provider\":\"state\","
	     "\"severity\":\"high\"," WHEN "\"summary\":\"+1******0143 suppressed: complaint\","
	     "\"event_data\":{\"reason\":\"complaint\",\"tags\":[\"a\",2],\"deep\":{\"x.y\":null,"
	     "\"none\":{}}}," META;

static const char status[] = HEAD
	"\"dnc.provider.status_change\",\"provider\":\"日本\\n\\u202e\",\"severity\":\"info\"," WHEN
	"\"summary\":\"=cmd|' /C calc'!A0, \\\"x\\\"\\t\\\\\",\"event_data\":{\"new_status\":\"online\"}," META;

static const char synced[] = HEAD
	"\"dnc.list.synced\",\"provider\":\"federal\",\"severity\":\"success\"," WHEN
	"\"summary\":\"federal list sync: success, 3 added\",\"event_data\":{\"sync_status\":\"success\"}," META;

static const char offline[] = HEAD
	"\"dnc.provider.status_change\",\"provider\":\"state_tx\",\"severity\":\"error\"," WHEN
	"\"summary\":\"state_tx is offline: upgrade\",\"event_data\":{\"new_status\":\"offline\"}," META;

static const char foreign[] = "{ \"seq\": 9,\n \"id\": \"x\", \"a\": \"\\u001b[2J\" }";

static char *show_with(const struct dnc_show_options *o, unsigned columns, const char *event)
{
	static struct dnc_buf out;
	struct dnc_buf text = {0};
	struct dnc_error err;
	struct dnc_show *s = dnc_show_new(o, &err);

	if (!s)
		fail_msg("%s: %s", err.place, err.message);
	dnc_show_columns(s, columns);
	dnc_buf_free(&out);
	dnc_buf_str(&text, dnc_str(event));
	dnc_buf_reserve(&text, DNC_JSON_PADDING);
	switch (dnc_show_event(s, &out, dnc_buf_view(&text))) {
	case DNC_SHOWN:
		break;
	case DNC_SHOWN_FOREIGN:
		dnc_buf_lit(&out, "FOREIGN");
		break;
	case DNC_SHOWN_INVALID:
		dnc_buf_lit(&out, "INVALID");
		break;
	case DNC_SHOWN_NO_MEMORY:
		fail();
	}
	dnc_buf_chr(&out, '\0');
	dnc_buf_free(&text);
	dnc_show_free(s);
	return out.p;
}

/* The path of the file NAME of the sources; the test is in build/VARIANT/unit. The caller frees it. */
static char *beside_sources(const char *name)
{
	char here[4096], *path = NULL;
	ssize_t n = readlink("/proc/self/exe", here, sizeof here - 1);

	assert_true(n > 0);
	here[n] = '\0';
	for (int i = 0; i < 4; i++)
		*strrchr(here, '/') = '\0';
	assert_true(asprintf(&path, "%s/%s", here, name) > 0);
	return path;
}

static void formats_show_what_an_event_says(void **state)
{
	static const struct {
		struct dnc_show_options options;
		const char *event, *shown;
	} cases[] = {
		{{.format = DNC_SHOW_PRETTY}, suppressed,
			"2026-08-29T08:00:00.000Z high     number.suppressed      +12025550143  state        "
			"+1******0143 suppressed: complaint"},
		{{.format = DNC_SHOW_PRETTY}, status,
			"2026-08-29T08:00:00.000Z info     provider.status_change -             "
			"日本\\n\\u202e =cmd|' /C calc'!A0, \"x\"\\t\\"},
		{{.format = DNC_SHOW_JSON}, suppressed, suppressed},
		{{.format = DNC_SHOW_JSON,
			 .fields = "severity,reason,event_data.tags,seq,expires_at"},
			suppressed,
			"{\"severity\":\"high\",\"reason\":\"complaint\",\"event_data.tags\":[\"a\",2],"
			"\"seq\":7}"},
		{{.format = DNC_SHOW_JSON_PRETTY, .fields = "seq,event_data,metadata.none"},
			suppressed,
			"{\n  \"seq\": 7,\n  \"event_data\": {\n    \"reason\": \"complaint\",\n"
			"    \"tags\": [\n      \"a\",\n      2\n    ],\n    \"deep\": {\n"
			"      \"x.y\": null,\n      \"none\": {}\n    }\n  }\n}"},
		{{.format = DNC_SHOW_CSV}, suppressed,
			"7,2026-08-29T08:00:00.000Z,dnc.number.suppressed,high,+12025550143,state,"
			"+1******0143 suppressed: complaint,0198f0a0-0000-7000-8000-000000000001\r"},
		{{.format = DNC_SHOW_CSV, .fields = "summary,provider,phone_number,seq"}, status,
			"\"'=cmd|' /C calc'!A0, \"\"x\"\"\t\\\",\"日本\n\xe2\x80\xae\",,7\r"},
		{{.format = DNC_SHOW_CSV, .fields = "provider", .terminal = true}, status,
			"日本\\n\\u202e\r"},
		{{.format = DNC_SHOW_TSV, .fields = "summary,provider,phone_number,seq"}, status,
			"=cmd|' /C calc'!A0, \"x\"\\t\\\\\t日本\\n\xe2\x80\xae\t\t7"},
		{{.format = DNC_SHOW_CSV,
			 .fields = "event_data.tags.1,event_data.deep.x.y,event_data.tags"},
			suppressed, "2,null,\"[\"\"a\"\",2]\"\r"},
		{{.format = DNC_SHOW_LOGFMT}, status,
			"seq=7 id=0198f0a0-0000-7000-8000-000000000001 type=dnc.provider.status_change "
			"provider=\"日本\\n\\u202e\" severity=info timestamp=2026-08-29T08:00:00.000Z "
			"summary=\"=cmd|' /C calc'!A0, \\\"x\\\"\\t\\\\\" event_data.new_status=online "
			"metadata.ingested_at=2026-08-29T08:00:00.000Z metadata.source_format=ndjson"},
		{{.format = DNC_SHOW_LOGFMT, .fields = "event_data.tags,provider,reason"},
			suppressed,
			"event_data.tags=\"[\\\"a\\\",2]\" provider=state reason=complaint"},
		{{.format = DNC_SHOW_VERBOSE, .fields = "seq,provider,expires_at"}, status,
			"2026-08-29T08:00:00.000Z info     provider.status_change -             "
			"日本\\n\\u202e =cmd|' /C calc'!A0, \"x\"\\t\\\n"
			"    seq                            7\n"
			"    provider                       日本\\n\\u202e"},
		{{.format = DNC_SHOW_TEMPLATE,
			 .template =
				 "{{{seq:>3}}} [{provider:^9}] [{provider:.3}] {expires_at:4}|{reason:.4}\\n"},
			suppressed, "{  7} [  state  ] [st…]     |com…"},
		{{.format = DNC_SHOW_TEMPLATE,
			 .template = "[{provider:<20}][{provider:.3}]\\t\\\\"},
			status, "[日本\\n\\u202e        ][日…]\t\\"},
		{{.format = DNC_SHOW_TEMPLATE, .template = "no field"}, status, "no field"},
		{{.format = DNC_SHOW_PRETTY}, foreign,
			"{\"seq\":9,\"id\":\"x\",\"a\":\"\\u001b[2J\"}"},
		{{.format = DNC_SHOW_JSON}, foreign,
			"{\"seq\":9,\"id\":\"x\",\"a\":\"\\u001b[2J\"}"},
		{{.format = DNC_SHOW_CSV}, foreign, "FOREIGN"},
		{{.format = DNC_SHOW_TEMPLATE, .template = "{seq}"}, foreign, "FOREIGN"},
		{{.format = DNC_SHOW_PRETTY}, "{\"seq\":9,", "INVALID"},
		{{.format = DNC_SHOW_JSON}, "[1]", "INVALID"},
		{{.format = DNC_SHOW_JSON}, "{\"seq\":1,\"seq\":2}", "INVALID"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(
			show_with(&cases[i].options, 0, cases[i].event), cases[i].shown);
}

/* The file has cases for the dashboard, too: a test of csv.js reads it. */
static void csv_cells_are_no_formulas(void **state)
{
	static const struct dnc_show_options o = {.format = DNC_SHOW_CSV, .fields = "summary"};
	char *path = beside_sources("tests/unit/csv_cells.ndjson"), *line = NULL;
	FILE *f = fopen(path, "re");
	struct dnc_json_parser *parser = dnc_json_parser_new();
	struct dnc_buf event = {0}, text = {0};
	size_t size = 0, cases = 0;
	ssize_t n;

	(void)state;
	if (!f || !parser)
		fail_msg("unable to open %s", path);
	for (; (n = getline(&line, &size, f)) > 0; cases++) {
		struct dnc_json doc;
		struct dnc_error err;
		struct dnc_str in, cell;
		const char *shown;

		dnc_buf_clear(&text);
		dnc_buf_clear(&event);
		dnc_buf_str(&text, (struct dnc_str){line, (size_t)n});
		dnc_buf_reserve(&text, DNC_JSON_PADDING);
		assert_int_equal(dnc_json_parse(parser, text.p, text.n, &doc, &err), 0);
		in = doc.node[dnc_json_get(&doc, 0, DNC_STR("text"))].raw;
		cell = doc.node[dnc_json_get(&doc, 0, DNC_STR("cell"))].text;
		dnc_buf_lit(&event,
			HEAD "\"dnc.list.synced\",\"severity\":\"info\"," WHEN "\"summary\":");
		dnc_buf_str(&event, in);
		dnc_buf_lit(&event, ",\"event_data\":{}," META);
		dnc_buf_chr(&event, '\0');
		shown = show_with(&o, 0, event.p);
		if (memcmp(shown, cell.p, cell.n) != 0 || strcmp(shown + cell.n, "\r") != 0)
			fail_msg("%s: %s", line, shown);
	}
	assert_true(cases > 50);
	free(line);
	free(path);
	fclose(f);
	dnc_json_parser_free(parser);
	dnc_buf_free(&event);
	dnc_buf_free(&text);
}

/* Each column has its own text before it is cut: the line fits whatever the width. */
static void lines_fit_the_terminal(void **state)
{
	static const struct dnc_show_options plain = {.terminal = true},
					     colored = {.terminal = true, .color = true};
	static const char *const events[] = {suppressed, status};

	(void)state;
	for (size_t i = 0; i < 2; i++)
		for (unsigned columns = 1; columns <= 200; columns++) {
			struct dnc_str line = dnc_str(show_with(&plain, columns, events[i]));

			assert_true(show_columns(line) <= columns);
			assert_true(dnc_json_is_utf8(line));
			/* What is colored is the same text. */
			show_with(&colored, columns, events[i]);
		}
	assert_non_null(strstr(show_with(&colored, 80, suppressed), "\033[31mhigh\033[0m"));
	assert_non_null(strstr(show_with(&plain, 80, suppressed),
		" suppressed +12025550143 state       complaint"));
	assert_null(strchr(show_with(&plain, 80, status), '\033'));
	/* A narrow line says once what its columns say, and nothing less than they do. */
	assert_non_null(strstr(show_with(&plain, 100, synced),
		" sync       -            federal     success, 3 added"));
	assert_non_null(strstr(show_with(&plain, 100, offline),
		" status     -            state_tx    is offline: upgrade"));
}

static void columns_are_counted_as_terminals_do(void **state)
{
	static const struct {
		const char *text;
		unsigned columns;
	} cases[] = {{"", 0}, {"abc", 3}, {"Zoë", 3}, {"Zoe\xcc\x88", 3}, {"日本", 4}, {"ｱｲ", 2},
		{"Ａ", 2}, {"한", 2}, {"\u1112\u1161\u11ab", 2}, {"🙂", 2}, {"a\u200db", 2},
		{"…", 1}, {"नमस्ते", 4}, {"\xff", 1}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_str text = dnc_str(cases[i].text);
		struct dnc_buf cut = {0};

		if (show_columns(text) != cases[i].columns)
			fail_msg("%s: %u columns", cases[i].text, show_columns(text));
		for (unsigned most = 0; most < 6; most++) {
			dnc_buf_clear(&cut);
			assert_true(show_cut(&cut, text, most) <= most);
			assert_true(show_columns(dnc_buf_view(&cut)) <= most);
		}
		dnc_buf_free(&cut);
	}
}

static void matches_are_highlighted(void **state)
{
	static const struct dnc_show_options
		words = {.terminal = true,
			.color = true,
			.filter =
				"{\"event_types\":[\"dnc.number.suppressed\"],\"providers\":[\"state\"],"
				"\"phone_patterns\":[\"^\\\\+1202\"],\"suppress_reasons\":[\"complaint\"]}"},
		json = {.format = DNC_SHOW_JSON,
			.color = true,
			.filter = "{\"providers\":[\"state\"]}"};
	const char *line = show_with(&words, 120, suppressed);

	(void)state;
	assert_non_null(strstr(line, " \033[1;4m+1202\033[22;24m5550143 "));
	assert_non_null(strstr(line, " \033[1;4mstate\033[22;24m "));
	assert_non_null(strstr(line, "suppressed: \033[1;4mcomplaint\033[22;24m"));
	assert_string_equal(show_with(&json, 0, suppressed), suppressed);
}

static void what_can_not_be_shown_is_an_error(void **state)
{
	static const struct {
		struct dnc_show_options options;
		const char *place, *message;
		size_t offset;
	} cases[] = {
		{{.format = DNC_SHOW_CSV, .fields = "seq,sumary"}, "--fields",
			"no event has a field \"sumary\"; did you mean \"summary\"?",
			DNC_NO_OFFSET},
		{{.format = DNC_SHOW_CSV, .fields = ""}, "--fields", NULL, DNC_NO_OFFSET},
		{{.format = DNC_SHOW_CSV, .fields = "seq,,id"}, "--fields", NULL, DNC_NO_OFFSET},
		{{.format = DNC_SHOW_CSV, .fields = "seq,id,seq"}, "--fields", "seq is named twice",
			DNC_NO_OFFSET},
		{{.format = DNC_SHOW_CSV, .fields = "event_data."}, "--fields", NULL,
			DNC_NO_OFFSET},
		{{.format = DNC_SHOW_PRETTY, .fields = "seq"}, "--fields",
			"the format pretty has no fields to choose", DNC_NO_OFFSET},
		{{.format = DNC_SHOW_CLOUDEVENTS, .fields = "seq"}, "--fields", NULL,
			DNC_NO_OFFSET},
		{{.format = DNC_SHOW_TEMPLATE, .template = "a {foo}"}, "--template", NULL, 3},
		{{.format = DNC_SHOW_TEMPLATE, .template = "{"}, "--template", NULL, 0},
		{{.format = DNC_SHOW_TEMPLATE, .template = "{seq"}, "--template", NULL, 0},
		{{.format = DNC_SHOW_TEMPLATE, .template = "{}"}, "--template", NULL, 1},
		{{.format = DNC_SHOW_TEMPLATE, .template = "a}"}, "--template", NULL, 1},
		{{.format = DNC_SHOW_TEMPLATE, .template = "\\x"}, "--template", NULL, 0},
		{{.format = DNC_SHOW_TEMPLATE, .template = "\\"}, "--template", NULL, 0},
		{{.format = DNC_SHOW_TEMPLATE, .template = "{seq:8x}"}, "--template", NULL, 6},
		{{.format = DNC_SHOW_TEMPLATE, .template = "{seq:8.}"}, "--template", NULL, 7},
		{{.format = DNC_SHOW_TEMPLATE, .template = "{seq:1001}"}, "--template", NULL, 5},
		{{.format = DNC_SHOW_TEMPLATE, .template = "{seq:99999999999999999999}"},
			"--template", NULL, 5},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_error err;
		struct dnc_show *s = dnc_show_new(&cases[i].options, &err);

		if (s)
			fail_msg("case %zu has no error", i);
		assert_string_equal(err.place, cases[i].place);
		if (cases[i].message)
			assert_string_equal(err.message, cases[i].message);
		assert_int_equal(err.offset, cases[i].offset);
	}
}

static void headers_name_the_columns(void **state)
{
	struct dnc_buf out = {0};
	struct dnc_error err;
	struct dnc_show *s = dnc_show_new(
		&(struct dnc_show_options){.format = DNC_SHOW_TSV, .fields = "seq, reason"}, &err);

	(void)state;
	assert_true(dnc_show_header(s, &out));
	assert_int_equal(out.n, 10);
	assert_memory_equal(out.p, "seq\treason", 10);
	dnc_show_free(s);
	s = dnc_show_new(&(struct dnc_show_options){.format = DNC_SHOW_JSON}, &err);
	assert_false(dnc_show_header(s, &out));
	dnc_show_free(s);
	dnc_buf_free(&out);
}

/* Numbers of masked events have stars, and fields that are hidden are missing. */
static void masked_events_are_shown_as_they_come(void **state)
{
	static const unsigned char key[DNC_MASK_KEY_BYTES] = {1};
	struct dnc_event_reader *r = dnc_event_reader_new(&(struct dnc_event_options){0}),
				*r2 = dnc_event_reader_new(&(struct dnc_event_options){0});
	struct dnc_buf text = {0}, masked = {0};
	struct dnc_event event, shown;

	(void)state;
	dnc_buf_str(&text, dnc_str(suppressed));
	dnc_buf_reserve(&text, DNC_JSON_PADDING);
	assert_int_equal(dnc_event_parse(r, text.p, text.n, &event), 0);
	assert_int_equal(
		dnc_event_mask(r2, &masked, &event, &(struct dnc_masking){.key = key}, &shown), 0);
	dnc_buf_chr(&masked, '\0');
	assert_string_equal(show_with(&(struct dnc_show_options){.format = DNC_SHOW_CSV,
					      .fields = "phone_number,event_data.tags,reason"},
				    0, masked.p),
		"+1******0143,,complaint\r");
	assert_null(strstr(
		show_with(&(struct dnc_show_options){.format = DNC_SHOW_VERBOSE}, 0, masked.p),
		"2025550143"));
	dnc_buf_free(&text);
	dnc_buf_free(&masked);
	dnc_event_reader_free(r);
	dnc_event_reader_free(r2);
}

static void times_are_of_the_zone_that_was_asked_for(void **state)
{
	static const struct {
		const char *zone;
		const char *utc, *shown, *brief;
	} cases[] = {
		{"UTC0", "2026-08-29T08:00:00.123Z", "2026-08-29T08:00:00.123+00:00",
			"08:00:00.123"},
		{"Europe/Berlin", "2026-08-29T08:00:00.000Z", "2026-08-29T10:00:00.000+02:00",
			"10:00:00.000"},
		/* The change from summer time, and the quarter of an hour before it. */
		{"Europe/Berlin", "2026-10-25T00:59:59.999Z", "2026-10-25T02:59:59.999+02:00",
			"2026-10-25 02:59:59.999"},
		{"Europe/Berlin", "2026-10-25T01:00:00.000Z", "2026-10-25T02:00:00.000+01:00",
			"2026-10-25 02:00:00.000"},
		{"Asia/Kolkata", "2026-08-28T23:59:59.000Z", "2026-08-29T05:29:59.000+05:30",
			"05:29:59.000"},
		{"America/St_Johns", "1969-12-31T23:59:59.999Z", "1969-12-31T20:29:59.999-03:30",
			"1969-12-31 20:29:59.999"},
		{"Pacific/Kiritimati", "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999+00:00",
			"9999-12-31 23:59:59.999"},
	};
	int64_t now, ms;

	(void)state;
	assert_true(dnc_clock_parse(DNC_STR("2026-08-29T12:00:00Z"), &now));
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct show_zone zone = {.local = true};
		char text[SHOW_TIME_BYTES + 1];

		setenv("TZ", cases[i].zone, 1);
		tzset();
		assert_true(dnc_clock_parse(dnc_str(cases[i].utc), &ms));
		text[show_time(&zone, text, ms)] = '\0';
		assert_string_equal(text, cases[i].shown);
		text[show_time_short(&zone, text, ms, now, true)] = '\0';
		assert_string_equal(text, cases[i].brief);
	}
	unsetenv("TZ");
	tzset();
}

static void a_date_is_shown_when_the_day_changes(void **state)
{
	struct show_zone zone = {0};
	const int64_t now = 3 * DNC_DAY_MS + 1000;
	char text[SHOW_TIME_BYTES + 1];
	static const struct {
		int64_t ms;
		const char *shown;
	} cases[] = {{3 * DNC_DAY_MS, "00:00:00"}, {2 * DNC_DAY_MS, "1970-01-03 00:00:00"},
		{2 * DNC_DAY_MS + 5000, "1970-01-03 00:00:05"},
		{3 * DNC_DAY_MS + 1000, "1970-01-04 00:00:01"}, {3 * DNC_DAY_MS, "00:00:00"}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		text[show_time_short(&zone, text, cases[i].ms, now, false)] = '\0';
		assert_string_equal(text, cases[i].shown);
	}
}

static void results_of_programs_are_json_or_raw(void **state)
{
	static const struct {
		struct dnc_show_options options;
		const char *json;
		bool raw;
		const char *shown;
	} cases[] = {
		{{.format = DNC_SHOW_JSON}, "\"a\\tb\"", false, "\"a\\tb\""},
		{{.format = DNC_SHOW_JSON}, "\"a\\tb\"", true, "a\tb"},
		{{.format = DNC_SHOW_JSON, .terminal = true}, "\"\\u001b\"", true, "\\u001b"},
		{{.format = DNC_SHOW_JSON}, "[1,{}]", true, "[1,{}]"},
		{{.format = DNC_SHOW_JSON_PRETTY}, "[1,{}]", false, "[\n  1,\n  {}\n]"},
		{{.format = DNC_SHOW_JSON_PRETTY}, "3", false, "3"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_show *s = dnc_show_new(&cases[i].options, NULL);
		struct dnc_buf text = {0}, out = {0};

		dnc_buf_str(&text, dnc_str(cases[i].json));
		dnc_buf_reserve(&text, DNC_JSON_PADDING);
		assert_int_equal(
			dnc_show_json(s, &out, dnc_buf_view(&text), cases[i].raw), DNC_SHOWN);
		dnc_buf_chr(&out, '\0');
		assert_string_equal(out.p, cases[i].shown);
		dnc_buf_free(&text);
		dnc_buf_free(&out);
		dnc_show_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_show_what_an_event_says),
		cmocka_unit_test(csv_cells_are_no_formulas),
		cmocka_unit_test(lines_fit_the_terminal),
		cmocka_unit_test(columns_are_counted_as_terminals_do),
		cmocka_unit_test(matches_are_highlighted),
		cmocka_unit_test(what_can_not_be_shown_is_an_error),
		cmocka_unit_test(headers_name_the_columns),
		cmocka_unit_test(masked_events_are_shown_as_they_come),
		cmocka_unit_test(times_are_of_the_zone_that_was_asked_for),
		cmocka_unit_test(a_date_is_shown_when_the_day_changes),
		cmocka_unit_test(results_of_programs_are_json_or_raw),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
