#include "unit.h"
#include "filter/filter.h"

static const char event_text[] =
	"{\"type\":\"dnc.number.suppressed\",\"id\":\"0198f0a0-0000-7000-8000-000000000001\","
	"\"phone_number\":\"+19165551234\",\"provider\":\"federal_dnc\",\"reason\":\"regulatory\","
	"\"timestamp\":\"2026-08-29T08:00:00Z\"}";

static void filters_choose(void **state)
{
	static const struct {
		const char *filter;
		bool match;
	} cases[] = {
		{"{}", true},
		{"[{}]", true},
		{"[]", true},
		{"{\"event_types\":[\"dnc.number.*\"]}", true},
		{"{\"event_types\":[\"dnc.check.performed\",\"dnc.number.suppressed\"]}", true},
		{"{\"event_types\":[\"dnc.check.*\"]}", false},
		{"{\"phone_patterns\":[\"^\\\\+1916\"]}", true},
		{"{\"phone_patterns\":[\"^\\\\+1917\",\"1234$\"]}", true},
		{"{\"phone_patterns\":[\"^916\"]}", false},
		{"{\"severities\":[\"HIGH\"]}", true},
		{"{\"min_severity\":\"critical\"}", false},
		{"{\"suppress_reasons\":[\"complaint\"]}", false},
		{"{\"release_reasons\":[\"expired\"]}", true}, /* not of its type: not touched */
		{"{\"providers\":[\"federal_dnc\"],\"high_risk_only\":true}", true},
		{"{\"provider_ids\":[\"x\"]}", false}, /* lacks the field */
		{"{\"compliance_only\":true}", false},
		{"{\"time_range\":{\"start\":\"2026-08-29T08:00:00Z\"}}", true},
		{"{\"time_range\":{\"end\":\"2026-08-29T08:00:00Z\"}}", false},
		{"{\"custom_filters\":{\"metadata.reason\":[\"regulatory\"]}}", true},
		{"{\"custom_filters\":{\"metadata.reason\":\"complaint\"}}", false},
		{"[{\"errors_only\":true},{\"high_risk_only\":true}]", true},
	};
	struct dnc_event_reader *r = dnc_event_reader_new(&(struct dnc_event_options){0});
	static char text[4096];
	struct dnc_error err;
	struct dnc_event event;

	(void)state;
	strcpy(text, event_text);
	assert_int_equal(dnc_event_normalize(r, text, strlen(text), &event, &err), 0);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *json = cases[i].filter;
		const struct dnc_filter *f = dnc_filter_compile_text(json, strlen(json), &err);

		if (!f)
			fail_msg("%s: %s", json, err.message);
		if (dnc_filter_match(f, &event) != cases[i].match)
			fail_msg("%s", json);
		dnc_filter_unref(f);
	}
	dnc_event_reader_free(r);
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
		{"{\"phone_patterns\":[\"(*NO_JIT)1\"]}", "phone_patterns[0]", DNC_NO_OFFSET},
		{"{\"min_severity\":\"loud\"}", "min_severity", DNC_NO_OFFSET},
		{"{\"severities\":\"high\"}", "severities", DNC_NO_OFFSET},
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filters_choose),
		cmocka_unit_test(a_bad_filter_names_the_place),
	};

	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
