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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_taken_or_their_fault_is_named),
		cmocka_unit_test(a_query_string_says_the_same),
	};
	int rc;

	parser = dnc_json_parser_new();
	rc = cmocka_run_group_tests_name("request", tests, NULL, NULL);
	dnc_json_parser_free(parser);
	return rc;
}
