#include "unit.h"
#include <pthread.h>
#include <stdio.h>
#include "filter/filter.h"

/* One event of each type; in the order of the letters in struct choice. */
static const struct {
	char letter;
	const char *text;
} events[] = {
	{'s', "{\"type\":\"dnc.number.suppressed\",\"phone_number\":\"+19165551234\","
	      "\"provider\":\"federal_dnc\",\"reason\":\"regulatory\","
	      "\"timestamp\":\"2026-08-29T08:00:00Z\",\"list.name\":\"a.b\"}"},
	{'r', "{\"type\":\"dnc.number.released\",\"phone_number\":\"+12025550143\","
	      "\"provider\":\"state\",\"provider_id\":\"s1\",\"reason\":\"expired\","
	      "\"timestamp\":\"2026-08-29T09:00:00Z\"}"},
	{'c', "{\"type\":\"dnc.check.performed\",\"phone_number\":\"+13035550199\","
	      "\"result\":\"blocked\",\"check_reason\":\"routing\",\"tags\":[\"x\",7,{\"y\":1}],"
	      "\"timestamp\":\"2026-08-29T10:00:00Z\"}"},
	{'l', "{\"type\":\"dnc.list.synced\",\"provider\":\"federal_dnc\","
	      "\"sync_trigger\":\"manual\",\"sync_status\":\"failed\","
	      "\"timestamp\":\"2026-08-29T11:00:00Z\"}"},
	{'v', "{\"type\":\"dnc.compliance.violation\",\"phone_number\":\"+14155550100\","
	      "\"violation_type\":\"dnc_call\",\"timestamp\":\"2026-08-29T12:00:00Z\"}"},
	{'p', "{\"type\":\"dnc.provider.status_change\",\"provider\":\"federal_dnc\","
	      "\"new_status\":\"online\",\"timestamp\":\"2026-08-29T13:00:00Z\"}"},
};

enum { EVENTS = sizeof events / sizeof events[0] };

static const struct dnc_filter *compile(const char *json)
{
	struct dnc_error err;
	const struct dnc_filter *f = dnc_filter_compile_text(json, strlen(json), &err);

	if (!f)
		fail_msg("%s: %s: %s", json, err.place, err.message);
	return f;
}

/* Writes the letters of the events that match the filter JSON. */
static void choose(const char *json, char chosen[EVENTS + 1])
{
	static char text[8192];
	struct dnc_event_reader *r = dnc_event_reader_new(&(struct dnc_event_options){0});
	const struct dnc_filter *f = compile(json);
	size_t n = 0;

	for (size_t i = 0; i < EVENTS; i++) {
		struct dnc_error err;
		struct dnc_event event;

		strcpy(text, events[i].text);
		if (dnc_event_normalize(r, text, strlen(text), &event, &err) < 0)
			fail_msg("%s: %s %s", events[i].text, err.place, err.message);
		if (dnc_filter_match(f, &event) > 0)
			chosen[n++] = events[i].letter;
	}
	chosen[n] = '\0';
	dnc_filter_unref(f);
	dnc_event_reader_free(r);
}

static void filters_choose(void **state)
{
	static const struct {
		const char *filter, *chosen;
	} cases[] = {
		{"{}", "srclvp"},
		{"[{}]", "srclvp"},
		{"[]", "srclvp"},
		{"{\"event_types\":null}", "srclvp"},
		{"{\"event_types\":[\"dnc.number.*\"]}", "sr"},
		{"{\"event_types\":[\"*\"]}", "srclvp"},
		{"{\"event_types\":[\"dnc.*.synced\"]}", "l"},
		{"{\"event_types\":[\"dnc.check.performed\",\"dnc.number.suppressed\"]}", "sc"},
		{"{\"phone_patterns\":[\"^\\\\+1916\"]}", "s"},
		{"{\"phone_patterns\":[\"^\\\\+1917\",\"1234$\",\"^.1303\"]}", "sc"},
		{"{\"phone_patterns\":[\"^916\"]}", ""},
		{"{\"providers\":[\"state\",\"x\"]}", "r"},
		{"{\"providers\":[\"federal_dnc\"],\"high_risk_only\":true}", "s"},
		{"{\"provider_ids\":[\"s1\"]}", "r"}, /* what lacks the field does not match */
		{"{\"severities\":[\"HIGH\",\"low\"]}", "sr"},
		{"{\"severities\":[\"critical\"]}", "v"},
		{"{\"min_severity\":\"high\"}", "slv"},
		{"{\"min_severity\":\"Critical\"}", "v"},
		/* Events of other types are not constrained. */
		{"{\"suppress_reasons\":[\"complaint\"]}", "rclvp"},
		{"{\"suppress_reasons\":[\"regulatory\"]}", "srclvp"},
		{"{\"release_reasons\":[\"testing\"]}", "sclvp"},
		{"{\"check_reasons\":[\"routing\"],\"event_types\":[\"dnc.check.*\"]}", "c"},
		{"{\"check_reasons\":[\"compliance\"]}", "srlvp"},
		{"{\"sync_triggers\":[\"manual\"],\"sync_statuses\":[\"success\"]}", "srcvp"},
		{"{\"sync_triggers\":[\"manual\"],\"sync_statuses\":[\"failed\"]}", "srclvp"},
		{"{\"compliance_only\":true}", "v"},
		{"{\"compliance_only\":false}", "srclvp"},
		{"{\"high_risk_only\":true}", "sv"},
		{"{\"errors_only\":true}", "l"},
		{"{\"blocked_only\":true}", "c"},
		{"[{\"errors_only\":true},{\"high_risk_only\":true}]", "slv"},
		{"{\"time_range\":{\"start\":\"2026-08-29T11:00:00Z\"}}", "lvp"},
		{"{\"time_range\":{\"end\":\"2026-08-29T09:00:00Z\"}}", "s"},
		{"{\"time_range\":{\"start\":\"2026-08-29T09:00:00Z\",\"end\":\"2026-08-29T11:00:00Z\"}}",
			"rc"},
		{"{\"time_range\":{\"relative\":\"1m\"}}", ""},
		{"{\"custom_filters\":{\"metadata.reason\":[\"regulatory\"]}}", "s"},
		{"{\"custom_filters\":{\"metadata.reason\":\"complaint\"}}", ""},
		{"{\"custom_filters\":{\"event_data\":\"complaint\"}}", ""},
		{"{\"custom_filters\":{\"event_data.tags\":[7]}}", "c"},
		{"{\"custom_filters\":{\"event_data.tags\":[true]}}", ""},
		{"{\"custom_filters\":{\"event_data.list.name\":\"a.b\"}}", "s"},
		{"{\"custom_filters\":{\"nothing.at.all\":\"a\"}}", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char chosen[EVENTS + 1];

		choose(cases[i].filter, chosen);
		if (strcmp(chosen, cases[i].chosen) != 0)
			fail_msg("%s chooses \"%s\", not \"%s\"", cases[i].filter, chosen,
				cases[i].chosen);
	}
}

static void equal_filters_have_one_text(void **state)
{
	static const struct {
		const char *filter, *text;
		size_t count;
	} cases[] = {
		{" { } ", "{}", 0},
		{"[ ]", "{}", 0},
		{"[{}]", "{}", 0},
		{"{\"severities\":null}", "{}", 0},
		{"[{\"errors_only\":true}]", "{\"errors_only\":true}", 1},
		{"{\"errors_only\" : true, \"event_types\":[ \"dnc.number.*\" ]}",
			"{\"event_types\":[\"dnc.number.*\"],\"errors_only\":true}", 1},
		{"[{},{\"providers\":[\"a\"]}]", "[{},{\"providers\":[\"a\"]}]", 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct dnc_filter *f = compile(cases[i].filter), *again;
		char text[256];

		snprintf(text, sizeof text, "%.*s", DNC_STR_ARG(dnc_filter_text(f)));
		assert_string_equal(text, cases[i].text);
		assert_int_equal(dnc_filter_count(f), cases[i].count);
		again = compile(text);
		assert_true(dnc_str_eq(dnc_filter_text(f), dnc_filter_text(again)));
		dnc_filter_unref(f);
		dnc_filter_unref(again);
	}
}

static void an_outline_has_known_words_alone(void **state)
{
	static const struct {
		const char *filter, *outline;
	} cases[] = {
		{"{}", "{}"},
		{"[]", "{}"},
		{"{\"phone_patterns\":[\"303[-\\\\s]?555[-\\\\s]?0187\"]}",
			"{\"phone_patterns\":1}"},
		{"{\"event_types\":[\"dnc.number.*\",\"dnc.list.synced\"],"
		 "\"providers\":[\"Alice Archer\",\"303.555.0187\"],\"provider_ids\":[\"3035550187\"],"
		 "\"severities\":[\"High\"]}",
			"{\"event_types\":[\"dnc.number.*\",\"dnc.list.synced\"],"
			"\"providers\":[null,null],\"provider_ids\":[null],\"severities\":[\"High\"]}"},
		{"{\"min_severity\":\"low\",\"suppress_reasons\":[\"complaint\",\"303 555 0187\"],"
		 "\"sync_statuses\":[\"failed\"],\"blocked_only\":true,"
		 "\"custom_filters\":{\"event_data.3035550187\":\"Alice\"}}",
			"{\"min_severity\":\"low\",\"suppress_reasons\":[\"complaint\",null],"
			"\"sync_statuses\":[\"failed\"],\"blocked_only\":true,\"custom_filters\":1}"},
		{"[{\"release_reasons\":[\"expired\"]},{\"check_reasons\":[\"x\"],"
		 "\"time_range\":{\"relative\":\"1h\"}}]",
			"[{\"release_reasons\":[\"expired\"]},{\"check_reasons\":[null],\"time_range\":1}]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct dnc_filter *f = compile(cases[i].filter);
		struct dnc_str outline = dnc_filter_outline(f);
		char text[512];

		snprintf(text, sizeof text, "%.*s", DNC_STR_ARG(outline));
		assert_string_equal(text, cases[i].outline);
		dnc_filter_unref(f);
	}
}

static void an_index_learns_types_and_prefixes(void **state)
{
	static const struct {
		const char *filter;
		unsigned types;
		const char *prefixes; /* with blanks between them */
	} cases[] = {
		{"{}", (1u << DNC_TYPES) - 1, ""},
		{"{\"event_types\":[\"dnc.list.*\"]}", 1u << DNC_LIST_SYNCED, ""},
		{"[{\"event_types\":[\"dnc.list.*\"]},{\"event_types\":[\"dnc.check.*\"]}]",
			1u << DNC_LIST_SYNCED | 1u << DNC_CHECK_PERFORMED, ""},
		{"{\"phone_patterns\":[\"^\\\\+1916\",\"^\\\\+1202555?\"]}", (1u << DNC_TYPES) - 1,
			"+1916 +120255"},
		{"{\"phone_patterns\":[\"^\\\\+1916\",\"1202\"]}", (1u << DNC_TYPES) - 1, ""},
		{"{\"phone_patterns\":[\"^\\\\+1916|^\\\\+2\"]}", (1u << DNC_TYPES) - 1, ""},
		{"[{\"phone_patterns\":[\"^\\\\+1916[0-9]\"]},{\"phone_patterns\":[\"^\\\\+44{2}\"]}]",
			(1u << DNC_TYPES) - 1, "+1916 +4"},
		{"[{\"phone_patterns\":[\"^\\\\+1\"]},{\"errors_only\":true}]",
			(1u << DNC_TYPES) - 1, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct dnc_filter *f = compile(cases[i].filter);
		char prefixes[128] = "";

		for (size_t p = 0; p < dnc_filter_prefix_count(f); p++)
			snprintf(prefixes + strlen(prefixes), 32, "%s%.*s", p ? " " : "",
				DNC_STR_ARG(dnc_filter_prefix(f, p)));
		assert_int_equal(dnc_filter_types(f), cases[i].types);
		assert_string_equal(prefixes, cases[i].prefixes);
		dnc_filter_unref(f);
	}
}

/* A pattern that is cheap on numbers of the common shapes and dear on one of its own. */
static void a_pattern_over_its_budget_ends_the_filter(void **state)
{
	const struct dnc_filter *f = compile(
		"[{\"phone_patterns\":[\"^\\\\+16666666(((6*)*)*)*[^6]$\"]},{\"errors_only\":true}]");
	struct dnc_event event = {.type = DNC_NUMBER_SUPPRESSED,
		.severity = dnc_severity_from_name(DNC_STR("error")),
		.phone_number = DNC_STR("+13035550143")};
	uint64_t hits = dnc_filter_limit_hits();

	(void)state;
	assert_int_equal(dnc_filter_match(f, &event), 1);
	assert_false(dnc_filter_over_budget(f));
	event.phone_number = DNC_STR("+166666666666666");
	assert_int_equal(dnc_filter_match(f, &event), 0);
	assert_true(dnc_filter_over_budget(f));
	assert_int_equal(dnc_filter_limit_hits(), hits + 1);
	event.phone_number = DNC_STR("+13035550143");
	assert_int_equal(dnc_filter_match(f, &event), 0);
	assert_int_equal(dnc_filter_limit_hits(), hits + 1);
	dnc_filter_unref(f);
}

/* The same for what a role sees: that event alone is unknown. */
static void a_pattern_of_a_role_over_its_budget_leaves_the_rest(void **state)
{
	static const char text[] = "[{\"phone_patterns\":[\"^\\\\+16666666(((6*)*)*)*[^6]$\"]},"
				   "{\"phone_patterns\":[\"^\\\\+1303\"]},"
				   "{\"event_types\":[\"dnc.check.performed\"]}]";
	static const struct {
		enum dnc_type type;
		const char *number;
		int matches;
	} cases[] = {
		{DNC_NUMBER_SUPPRESSED, "+13035550143", 1},
		{DNC_NUMBER_SUPPRESSED, "+166666666666666", DNC_MATCH_TOO_COSTLY},
		{DNC_NUMBER_SUPPRESSED, "+13035550143", 1},
		{DNC_NUMBER_SUPPRESSED, "+13045550143", 0},
		{DNC_CHECK_PERFORMED, "+166666666666666", 1},
		{DNC_NUMBER_SUPPRESSED, "+166666666666666", DNC_MATCH_TOO_COSTLY},
	};
	struct dnc_error err;
	const struct dnc_filter *f =
		dnc_filter_compile_owned(text, sizeof text - 1, DNC_FILTER_OF_ROLE, &err);

	(void)state;
	assert_non_null(f);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct dnc_event event = {.type = cases[i].type,
			.severity = dnc_severity_from_name(DNC_STR("high")),
			.phone_number = dnc_str(cases[i].number)};

		if (dnc_filter_match(f, &event) != cases[i].matches)
			fail_msg("case %zu", i);
	}
	dnc_filter_unref(f);
}

static void a_filter_is_costly_once_a_number_takes_many_steps(void **state)
{
	const struct dnc_filter
		*cheap = compile("{\"phone_patterns\":[\"^\\\\+1(303|720)\\\\d{7}$\"]}"),
		*f = compile(
			"{\"phone_patterns\":[\"^\\\\+1666(\\\\d*\\\\d*\\\\d*\\\\d*[xy]|.)\"]}");
	struct dnc_event event = {.severity = dnc_severity_from_name(DNC_STR("high")),
		.phone_number = DNC_STR("+13035550143")};

	(void)state;
	assert_int_equal(dnc_filter_match(cheap, &event), 1);
	assert_int_equal(dnc_filter_match(f, &event), 0);
	assert_false(dnc_filter_costly(f));
	event.phone_number = DNC_STR("+166612345678901");
	/* And what it matches is still right. */
	assert_int_equal(dnc_filter_match(f, &event), 1);
	assert_true(dnc_filter_costly(f));
	assert_false(dnc_filter_over_budget(f));
	assert_int_equal(dnc_filter_match(cheap, &event), 0);
	assert_false(dnc_filter_costly(cheap));
	dnc_filter_unref(cheap);
	dnc_filter_unref(f);
}

enum { THREADS = 4, ROUNDS = 2000 };

/* Takes the reference that the starter of the thread added, and drops it. */
static void *use_filter(void *ctx)
{
	const struct dnc_filter *f = ctx;
	struct dnc_event event = {.severity = dnc_severity_from_name(DNC_STR("high")),
		.phone_number = DNC_STR("+19165551234")};
	size_t matched = 0;

	for (int i = 0; i < ROUNDS; i++) {
		const struct dnc_filter *mine = dnc_filter_ref(f);

		matched += dnc_filter_match(mine, &event) > 0;
		dnc_filter_unref(mine);
	}
	dnc_filter_unref(f);
	return (void *)matched;
}

static void the_last_of_many_threads_frees_a_filter(void **state)
{
	const struct dnc_filter *f = compile("{\"phone_patterns\":[\"^\\\\+1916\"]}");
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use_filter,
					 (void *)(uintptr_t)dnc_filter_ref(f)),
			0);
	dnc_filter_unref(f);
	for (int i = 0; i < THREADS; i++) {
		void *matched;

		pthread_join(threads[i], &matched);
		assert_int_equal((size_t)matched, ROUNDS);
	}
	assert_null(dnc_filter_ref(NULL));
	dnc_filter_unref(NULL);
}

static void a_bad_filter_names_the_place(void **state)
{
	static const struct {
		const char *filter, *place;
		size_t offset;
	} cases[] = {
		{"{\"nonsense\":1}", "nonsense", DNC_NO_OFFSET},
		{"{\"phone_patterns\":[\"a\",\"^(12\"]}", "phone_patterns[1]", 4},
		/* Patterns that would take too much work, and the option that would let them. */
		{"{\"phone_patterns\":[\"((((.+)+)+)+)+[^0-9+]\"]}", "phone_patterns[0]",
			DNC_NO_OFFSET},
		{"[{\"phone_patterns\":[\".*.*.*.*[ab]\",\"1\",\".*.*.*.*[ac]\"]},"
		 "{\"phone_patterns\":[\".*.*.*.*[ad]\",\".*.*.*.*[ae]\",\".*.*.*.*[af]\"]}]",
			"[1].phone_patterns[2]", DNC_NO_OFFSET},
		{"{\"phone_patterns\":[\"(*NO_JIT)1\"]}", "phone_patterns[0]", DNC_NO_OFFSET},
		{"{\"min_severity\":\"loud\"}", "min_severity", DNC_NO_OFFSET},
		{"{\"severities\":\"high\"}", "severities", DNC_NO_OFFSET},
		{"{\"severities\":[\"high\",\"loud\"]}", "severities[1]", DNC_NO_OFFSET},
		{"{\"severities\":[]}", "severities", DNC_NO_OFFSET},
		{"{\"providers\":[7]}", "providers[0]", DNC_NO_OFFSET},
		{"{\"event_types\":[\"dnc.nothing\"]}", "event_types[0]", DNC_NO_OFFSET},
		{"{\"event_types\":[\"\"]}", "event_types[0]", DNC_NO_OFFSET},
		{"{\"errors_only\":1}", "errors_only", DNC_NO_OFFSET},
		{"{\"time_range\":7}", "time_range", DNC_NO_OFFSET},
		{"{\"time_range\":{}}", "time_range", DNC_NO_OFFSET},
		{"{\"time_range\":{\"begin\":\"2026-08-29T08:00:00Z\"}}", "time_range",
			DNC_NO_OFFSET},
		{"{\"time_range\":{\"end\":\"tomorrow\"}}", "time_range.end", DNC_NO_OFFSET},
		{"{\"time_range\":{\"relative\":\"24h\",\"end\":\"2026-08-29T08:00:00Z\"}}",
			"time_range.relative", DNC_NO_OFFSET},
		{"{\"time_range\":{\"relative\":\"soon\"}}", "time_range.relative", DNC_NO_OFFSET},
		{"{\"custom_filters\":[]}", "custom_filters", DNC_NO_OFFSET},
		{"{\"custom_filters\":{\"\":1}}", "custom_filters", DNC_NO_OFFSET},
		{"{\"custom_filters\":{\"a\":{}}}", "custom_filters", DNC_NO_OFFSET},
		{"{\"custom_filters\":{\"a\":[null]}}", "custom_filters", DNC_NO_OFFSET},
		{"[{},{\"providers\":[\"a\",7]}]", "[1].providers[1]", DNC_NO_OFFSET},
		{"[{},7]", "[1].", DNC_NO_OFFSET},
		{"7", "", DNC_NO_OFFSET},
	};
	struct dnc_error err;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_null(
			dnc_filter_compile_text(cases[i].filter, strlen(cases[i].filter), &err));
		assert_string_equal(err.place, cases[i].place);
		assert_int_equal(err.offset, cases[i].offset);
	}
}

static void a_bad_filter_says_what_may_be_meant(void **state)
{
	static const struct {
		const char *filter, *message; /* a part of it */
	} cases[] = {
		{"{\"event_types\":[\"list.synced\"]}",
			"unknown event type; did you mean \"dnc.list.synced\"?"},
		{"{\"event_types\":[\"number.*\"]}", "did you mean \"dnc.number.*\"?"},
		{"{\"event_types\":[\"dnc.number.supressed\"]}",
			"did you mean \"dnc.number.suppressed\"?"},
		{"{\"event_types\":[\"x\"]}", "known are dnc.number.suppressed, dnc."},
		{"{\"event_types\":[\".*\"]}", "known are"},
		{"{\"severities\":[\"hihg\"]}", "unknown severity; did you mean \"high\"?"},
		{"{\"min_severity\":\"hihg\"}", "unknown severity; did you mean \"high\"?"},
		{"{\"min_severity\":\"x\"}", "known are info, "},
		{"{\"phone_patterns\":[\"+12025550143\"]}",
			": for this number write ^\\+12025550143$"},
		{"{\"phone_patterns\":[\"+1 (202) 555-0143\"]}", "write ^\\+12025550143$"},
		{"{\"phone_patterns\":[\"+1202\"]}", ": for numbers that start so write ^\\+1202"},
		{"{\"phone_patterns\":[\"+1******0143\"]}", "write ^\\+1\\*\\*\\*\\*\\*\\*0143$"},
		{"{\"phone_patterns\":[\"+[0-9]\"]}", "a plus sign is \\+"},
		{"{\"phone_patterns\":[\"+1234567890123456\"]}", "a plus sign is \\+"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_error err = {.place = ""};

		assert_null(
			dnc_filter_compile_text(cases[i].filter, strlen(cases[i].filter), &err));
		if (!strstr(err.message, cases[i].message))
			fail_msg("%s: %s", cases[i].filter, err.message);
	}
}

static void values_and_filters_are_limited(void **state)
{
	char text[1024];
	struct dnc_error err;

	(void)state;
	for (int count = DNC_FILTER_MAX_VALUES; count <= DNC_FILTER_MAX_VALUES + 1; count++) {
		bool allowed = count == DNC_FILTER_MAX_VALUES;
		const struct dnc_filter *f;
		size_t n = 0;

		for (int i = 0; i < count; i++)
			n += (size_t)sprintf(
				text + n, "%s\"p%d\"", i ? "," : "{\"providers\":[", i);
		strcpy(text + n, "]}");
		f = dnc_filter_compile_text(text, strlen(text), &err);
		assert_true((f != NULL) == allowed);
		dnc_filter_unref(f);
		n = 0;
		for (int i = 0; i < count; i++)
			n += (size_t)sprintf(text + n, "%s{}", i ? "," : "[");
		strcpy(text + n, "]");
		f = dnc_filter_compile_text(text, strlen(text), &err);
		assert_true((f != NULL) == allowed);
		dnc_filter_unref(f);
	}
	assert_null(dnc_filter_compile_text("{", 1, &err));
	memset(text, '1', 512);
	memcpy(text, "{\"phone_patterns\":[\"", 20);
	strcpy(text + 300, "\"]}");
	assert_null(dnc_filter_compile_text(text, strlen(text), &err));
	assert_string_equal(err.place, "phone_patterns[0]");
}

/* HIDDEN: the field that no masked event has; NULL when some may match. */
static void a_filter_of_hidden_fields_can_match_no_masked_event(void **state)
{
	static const struct {
		const char *filter, *hidden;
	} cases[] = {
		{"{}", NULL},
		{"[]", NULL},
		{"{\"phone_patterns\":[\"0143$\"]}", NULL},
		{"{\"providers\":[\"p\"],\"provider_ids\":[\"1\"],\"min_severity\":\"high\"}",
			NULL},
		{"{\"suppress_reasons\":[\"complaint\"],\"blocked_only\":true}", NULL},
		{"{\"custom_filters\":{\"id\":\"x\",\"seq\":1,\"phone_number\":\"+1******0143\"}}",
			NULL},
		{"{\"custom_filters\":{\"event_data.compliance_flags.tcpa\":true}}", NULL},
		{"{\"custom_filters\":{\"metadata.ingested_at\":\"x\"}}", NULL},
		{"{\"custom_filters\":{\"event_data.notes\":\"x\"}}", "event_data.notes"},
		{"{\"custom_filters\":{\"event_data.caller\":3035550143}}", "event_data.caller"},
		{"{\"custom_filters\":{\"metadata.3035550143\":\"mobile\"}}",
			"metadata.3035550143"},
		{"{\"custom_filters\":{\"nonsense\":\"x\"}}", "nonsense"},
		/* A list of them: one is enough. */
		{"[{\"custom_filters\":{\"event_data.notes\":\"x\"}},{\"providers\":[\"p\"]}]",
			NULL},
		{"[{\"custom_filters\":{\"event_data.notes\":\"x\"}},{\"custom_filters\":{\"a\":1}}]",
			"event_data.notes"},
		/* Shown, but not in these events. */
		{"{\"event_types\":[\"dnc.list.synced\"],\"custom_filters\":{\"event_data.result\":\"x\"}}",
			"event_data.result"},
		{"{\"event_types\":[\"dnc.check.*\"],\"custom_filters\":{\"event_data.result\":\"x\"}}",
			NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct dnc_filter *f = compile(cases[i].filter);
		struct dnc_str hidden;
		bool sees = dnc_filter_sees_masked(f, NULL, &hidden);

		if (sees != !cases[i].hidden ||
			(!sees && !dnc_str_eq(hidden, dnc_str(cases[i].hidden))))
			fail_msg("%s: %.*s", cases[i].filter, sees ? 3 : (int)hidden.n,
				sees ? "yes" : hidden.p);
		dnc_filter_unref(f);
	}
}

/* What a role shows besides, and what it hides. */
static void a_filter_sees_what_the_role_shows(void **state)
{
	struct dnc_error err;
	const struct dnc_mask *mask =
		dnc_mask_new(DNC_STR("event_data.queue"), DNC_STR("provider, sync_trigger"), &err);
	static const struct {
		const char *filter;
		bool sees;
	} cases[] = {
		{"{\"custom_filters\":{\"event_data.queue\":\"x\"}}", true},
		{"{\"providers\":[\"p\"]}", false},
		/* Events of other types match it. */
		{"{\"sync_triggers\":[\"manual\"]}", true},
		{"{\"sync_triggers\":[\"manual\"],\"event_types\":[\"dnc.list.synced\"]}", false},
	};

	(void)state;
	assert_non_null(mask);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct dnc_filter *f = compile(cases[i].filter);
		struct dnc_str hidden;

		if (dnc_filter_sees_masked(f, mask, &hidden) != cases[i].sees)
			fail_msg("%s", cases[i].filter);
		dnc_filter_unref(f);
	}
	dnc_mask_unref(mask);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filters_choose),
		cmocka_unit_test(equal_filters_have_one_text),
		cmocka_unit_test(an_outline_has_known_words_alone),
		cmocka_unit_test(an_index_learns_types_and_prefixes),
		cmocka_unit_test(a_pattern_over_its_budget_ends_the_filter),
		cmocka_unit_test(a_pattern_of_a_role_over_its_budget_leaves_the_rest),
		cmocka_unit_test(a_filter_is_costly_once_a_number_takes_many_steps),
		cmocka_unit_test(the_last_of_many_threads_frees_a_filter),
		cmocka_unit_test(a_bad_filter_names_the_place),
		cmocka_unit_test(a_bad_filter_says_what_may_be_meant),
		cmocka_unit_test(values_and_filters_are_limited),
		cmocka_unit_test(a_filter_of_hidden_fields_can_match_no_masked_event),
		cmocka_unit_test(a_filter_sees_what_the_role_shows),
	};

	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
