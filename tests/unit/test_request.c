/* What clients may say, and what they are told when they say something else. */
#include "unit.h"
#include "web/priv/request.h"

static struct dnc_json_parser *parser;

static void messages_are_taken_or_their_fault_is_named(void **state)
{
	static const struct {
		const char *message;
		int error;
		const char *place;
	} cases[] = {
		{"{\"type\":\"subscribe\"}", 0, ""},
		{"{\"type\":\"subscribe\",\"filters\":[{},{\"providers\":[\"a\"]}],\"since\":7,\"epoch\":\"x\",\"id\":1}",
			0, ""},
		{"{\"type\":\"subscribe\",\"last\":7}", 0, ""},
		{"{\"type\":\"ping\",\"id\":\"a\"}", 0, ""},
		{"[]", REQUEST_EJSON, ""},
		{"{", REQUEST_EJSON, ""},
		{"{}", REQUEST_EFIELD, "type"},
		{"{\"type\":\"dance\"}", REQUEST_ETYPE, "type"},
		{"{\"type\":\"ping\",\"filters\":{}}", REQUEST_EFIELD, "filters"},
		{"{\"type\":\"ping\",\"id\":{}}", REQUEST_EFIELD, "id"},
		{"{\"type\":\"subscribe\",\"since\":-1}", REQUEST_EFIELD, "since"},
		{"{\"type\":\"subscribe\",\"since\":1.5}", REQUEST_EFIELD, "since"},
		{"{\"type\":\"subscribe\",\"since\":1,\"last\":1}", REQUEST_EFIELD, "last"},
		{"{\"type\":\"subscribe\",\"epoch\":1}", REQUEST_EFIELD, "epoch"},
		{"{\"type\":\"subscribe\",\"since_time\":\"2026-08-29T08:00:00Z\"}", 0, ""},
		{"{\"type\":\"subscribe\",\"since_time\":\"yesterday\"}", REQUEST_EFIELD,
			"since_time"},
		{"{\"type\":\"subscribe\",\"since_time\":7}", REQUEST_EFIELD, "since_time"},
		{"{\"type\":\"subscribe\",\"since\":1,\"since_time\":\"2026-08-29T08:00:00Z\"}",
			REQUEST_EFIELD, "since_time"},
		{"{\"type\":\"subscribe\",\"last\":\"7\"}", REQUEST_EFIELD, "last"},
		{"{\"type\":7}", REQUEST_EFIELD, "type"},
		{"{\"type\":\"ping\",\"id\":1,\"colour\":2}", REQUEST_EFIELD, "colour"},
		{"{\"type\":\"update_filters\",\"filters\":{}}", 0, ""},
		{"{\"type\":\"update_filters\",\"since\":1}", REQUEST_EFIELD, "since"},
		{"{\"type\":\"unsubscribe\"}", 0, ""},
		{"{\"type\":\"get_stats\"}", 0, ""},
		{"{\"type\":\"auth\",\"token\":\"a.b.c\"}", 0, ""},
		{"{\"type\":\"auth\"}", REQUEST_EFIELD, "token"},
		{"{\"type\":\"auth\",\"token\":7}", REQUEST_EFIELD, "token"},
		{"{\"type\":\"subscribe\",\"token\":\"a\"}", REQUEST_EFIELD, "token"},
		{"{\"type\":\"subscribe\",\"filters\":7}", REQUEST_EFILTER, "filters"},
		{"{\"type\":\"subscribe\",\"filters\":{\"colour\":1}}", REQUEST_EFILTER,
			"filters.colour"},
		{"{\"type\":\"subscribe\",\"filters\":[{},{\"phone_patterns\":[\"1\",\"(\"]}]}",
			REQUEST_EFILTER, "filters[1].phone_patterns[1]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[512] = "";
		struct request request;
		struct dnc_error err = {0};
		int rc;

		strcpy(text, cases[i].message);
		rc = request_parse(parser, text, strlen(text), &request, &err);
		if (rc == 0)
			dnc_filter_unref(request.filter);
		if ((rc < 0) != (cases[i].error != 0) ||
			(rc < 0 && (err.code != cases[i].error ||
					   strcmp(err.place, cases[i].place) != 0)))
			fail_msg("%s: %d \"%s\" %s", cases[i].message, err.code, err.place,
				err.message);
	}
}

static void a_query_string_says_the_same(void **state)
{
	static const struct {
		const char *name, *value, *message; /* message NULL: refused */
	} cases[] = {
		{"type", "a,b",
			"{\"type\":\"subscribe\",\"filters\":{\"event_types\":[\"a\",\"b\"]}}"},
		{"phone", "^\\+1,2",
			"{\"type\":\"subscribe\",\"filters\":{\"phone_patterns\":[\"^\\\\+1,2\"]}}"},
		{"compliance_only", "",
			"{\"type\":\"subscribe\",\"filters\":{\"compliance_only\":true}}"},
		{"since", "12", "{\"since\":12,\"type\":\"subscribe\"}"},
		{"since", "1e3", NULL},
		{"errors_only", "0",
			"{\"type\":\"subscribe\",\"filters\":{\"errors_only\":false}}"},
		{"errors_only", "perhaps", NULL},
		{"colour", "red", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct request_query q = {0};
		struct dnc_buf message = {0};
		struct dnc_error err;
		int rc = request_query_add(
			&q, dnc_str(cases[i].name), dnc_str(cases[i].value), &err);

		assert_int_equal(rc, cases[i].message ? 0 : -1);
		if (rc == 0) {
			request_query_end(&q, &message);
			assert_true(dnc_str_eq(dnc_buf_view(&message), dnc_str(cases[i].message)));
		}
		dnc_buf_free(&message);
		request_query_finish(&q);
	}
}

static void a_request_says_what_was_asked(void **state)
{
	static char text[] =
		"{\"type\":\"subscribe\",\"id\":\"\\u0061\",\"since_time\":\"2026-08-29T08:00:00.5Z\","
		"\"epoch\":\"e\",\"filters\":{\"errors_only\":true}}                                "
		"                                                                ";
	static char last[256] = "{\"type\":\"subscribe\",\"last\":12}";
	struct request r;
	struct dnc_error err;

	(void)state;
	assert_int_equal(
		request_parse(parser, text, (size_t)(strrchr(text, '}') + 1 - text), &r, &err), 0);
	assert_int_equal(r.type, REQUEST_SUBSCRIBE);
	assert_true(dnc_str_eq(r.id, DNC_STR("\"\\u0061\"")));
	assert_int_equal(r.start.from, DNC_START_TIME);
	assert_true(r.start.ms % 1000 == 500);
	assert_true(dnc_str_eq(r.start.epoch, DNC_STR("e")));
	assert_int_equal(dnc_filter_count(r.filter), 1);
	dnc_filter_unref(r.filter);
	assert_int_equal(request_parse(parser, last, strlen(last), &r, &err), 0);
	assert_int_equal(r.start.from, DNC_START_LAST);
	assert_int_equal(r.start.n, 12);
	assert_null(r.id.p);
	assert_int_equal(dnc_filter_count(r.filter), 0);
	dnc_filter_unref(r.filter);
}

static void an_id_has_128_bytes_at_most_and_is_known_on_errors(void **state)
{
	for (size_t n = REQUEST_ID_MAX - 2; n <= REQUEST_ID_MAX - 1; n++) {
		char text[512] = "{\"type\":\"dance\",\"id\":\"";
		bool fits = n == REQUEST_ID_MAX - 2; /* with its quotes */
		size_t at = strlen(text);
		struct request r;
		struct dnc_error err;

		(void)state;
		memset(text + at, 'x', n);
		strcpy(text + at + n, "\"}");
		assert_int_equal(request_parse(parser, text, strlen(text), &r, &err), -1);
		assert_int_equal(err.code, fits ? REQUEST_ETYPE : REQUEST_EFIELD);
		assert_int_equal(r.id.n, fits ? REQUEST_ID_MAX : 0);
		if (fits)
			assert_string_equal(err.message,
				"unknown type; known are subscribe, update_filters, unsubscribe, "
				"ping, get_stats, auth");
	}
}

static void a_query_string_joins_its_parameters(void **state)
{
	static const char *const parameters[][2] = {{"severity", "high,low"}, {"last", "5"},
		{"min_severity", "low"}, {"epoch", "a\"b"}};
	struct request_query q = {0};
	struct dnc_buf message = {0};
	struct dnc_error err;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(request_query_add(&q, dnc_str(parameters[i][0]),
					 dnc_str(parameters[i][1]), &err),
			0);
	request_query_end(&q, &message);
	assert_true(dnc_str_eq(dnc_buf_view(&message),
		DNC_STR("{\"last\":5,\"epoch\":\"a\\\"b\",\"type\":\"subscribe\",\"filters\":"
			"{\"severities\":[\"high\",\"low\"],\"min_severity\":\"low\"}}")));
	dnc_buf_free(&message);
	request_query_finish(&q);
	assert_true(request_query_is_start(DNC_STR("since_time")));
	assert_false(request_query_is_start(DNC_STR("type")));
}

static void every_error_has_a_name(void **state)
{
	(void)state;
	for (int code = REQUEST_ENONE; code <= REQUEST_ESUPERSEDED; code++)
		assert_non_null(request_error_name(code));
	assert_string_equal(request_error_name(REQUEST_EFILTER), "invalid_filter");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_taken_or_their_fault_is_named),
		cmocka_unit_test(a_request_says_what_was_asked),
		cmocka_unit_test(an_id_has_128_bytes_at_most_and_is_known_on_errors),
		cmocka_unit_test(a_query_string_says_the_same),
		cmocka_unit_test(a_query_string_joins_its_parameters),
		cmocka_unit_test(every_error_has_a_name),
	};
	int rc;

	parser = dnc_json_parser_new();
	rc = cmocka_run_group_tests_name("request", tests, NULL, NULL);
	dnc_json_parser_free(parser);
	return rc;
}
