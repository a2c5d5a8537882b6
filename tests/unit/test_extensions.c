/* What is agreed of permessage-deflate, RFC 7692 section 7.1, and the grammar of RFC 6455 section 9.1. */
#include "unit.h"
#include "web/http/extensions.h"

#define AGREED "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

enum { MAX_LINES = 3 };

static const char malformed[] = "malformed";

/* What is answered: NULL for no extension. */
static void expect(const char *const lines[], size_t count, const char *is)
{
	struct http_head head = {.count = count};
	struct dnc_buf answer = {0};
	enum extensions result;

	assert_in_range(count, 0, MAX_LINES);
	for (size_t i = 0; i < count; i++) { /* ends where it ends: the sanitizer looks */
		size_t n = strlen(lines[i]);
		char *copy = malloc(n ? n : 1);

		assert_non_null(copy);
		memcpy(copy, lines[i], n);
		head.fields[i] =
			(struct http_field){DNC_STR("Sec-WebSocket-Extensions"), {copy, n}};
	}
	result = extensions_negotiate(&head, &answer);
	if (result != (is == malformed ? EXTENSIONS_MALFORMED
			      : is     ? EXTENSIONS_DEFLATE
				       : EXTENSIONS_NONE) ||
		!dnc_str_eq(
			dnc_buf_view(&answer), is == malformed ? (struct dnc_str){0} : dnc_str(is)))
		fail_msg("\"%s\": %d, \"%.*s\"", count ? lines[0] : "", result,
			DNC_STR_ARG(dnc_buf_view(&answer)));
	for (size_t i = 0; i < count; i++)
		free((char *)(uintptr_t)head.fields[i].value.p);
	dnc_buf_free(&answer);
}

static void offers_are_accepted_declined_or_malformed(void **state)
{
	static const struct {
		const char *line, *is;
	} cases[] = {
		{"", NULL},
		{" \t", NULL},
		{",", NULL},
		{"permessage-deflate", AGREED},
		{" permessage-deflate\t", AGREED},
		{"permessage-deflate,, ", AGREED},
		{",permessage-deflate", AGREED},
		{"permessage-deflate;server_no_context_takeover;client_no_context_takeover",
			AGREED},
		{"permessage-deflate ; client_no_context_takeover ;\tserver_no_context_takeover",
			AGREED},
		/* What browsers send. */
		{"permessage-deflate; client_max_window_bits", AGREED},
		{"permessage-deflate; client_max_window_bits=8", AGREED},
		{"permessage-deflate; client_max_window_bits=15", AGREED},
		{"permessage-deflate; client_max_window_bits = \"10\"", AGREED},
		{"permessage-deflate; client_max_window_bits=7", NULL},
		{"permessage-deflate; client_max_window_bits=16", NULL},
		{"permessage-deflate; client_max_window_bits=08", NULL},
		{"permessage-deflate; client_max_window_bits=99999999999999999999", NULL},
		{"permessage-deflate; client_max_window_bits=\"1\\0\"", NULL},
		/* The window of compressed events can't be smaller. */
		{"permessage-deflate; server_max_window_bits=15",
			AGREED "; server_max_window_bits=15"},
		{"permessage-deflate; server_max_window_bits=\"15\"; client_max_window_bits",
			AGREED "; server_max_window_bits=15"},
		{"permessage-deflate; server_max_window_bits=14", NULL},
		{"permessage-deflate; server_max_window_bits=8", NULL},
		{"permessage-deflate; server_max_window_bits=16", NULL},
		{"permessage-deflate; server_max_window_bits=0", NULL},
		{"permessage-deflate; server_max_window_bits=015", NULL},
		{"permessage-deflate; server_max_window_bits=-1", NULL},
		{"permessage-deflate; server_max_window_bits=abc", NULL},
		{"permessage-deflate; server_max_window_bits", NULL},
		{"permessage-deflate; server_max_window_bits=15; server_max_window_bits=15", NULL},
		{"permessage-deflate; server_no_context_takeover=1", NULL},
		{"permessage-deflate; client_no_context_takeover=true", NULL},
		{"permessage-deflate; server_no_context_takeover; server_no_context_takeover",
			NULL},
		{"permessage-deflate; unknown", NULL},
		{"permessage-deflate; rx_buf_size=1", NULL},
		{"permessage-deflate; Client_Max_Window_Bits", NULL},
		{"x-webkit-deflate-frame", NULL},
		{"permessage-bzip2; client_max_window_bits", NULL},
		{"permessage-deflate2", NULL},
		/* The first that can be agreed counts. */
		{"permessage-deflate; server_max_window_bits=10, permessage-deflate", AGREED},
		{"permessage-deflate, permessage-deflate; server_max_window_bits=15", AGREED},
		{"permessage-deflate; unknown=\"a\", x; y=z,permessage-deflate; "
		 "server_max_window_bits=15",
			AGREED "; server_max_window_bits=15"},
		/* The whole header must be well-formed, whatever it offers. */
		{"permessage-deflate,,,,", malformed},
		{",,,x", malformed},
		{"permessage-deflate;", malformed},
		{"permessage-deflate; ;", malformed},
		{";", malformed},
		{"permessage-deflate; =10", malformed},
		{"permessage-deflate; server_max_window_bits=", malformed},
		{"permessage-deflate; client_max_window_bits=\"10", malformed},
		{"permessage-deflate; client_max_window_bits=\"\"", malformed},
		{"permessage-deflate; client_max_window_bits=\"1 0\"", malformed},
		{"permessage-deflate; client_max_window_bits=\"10\\", malformed},
		{"permessage-deflate; client_max_window_bits=\"10\"x", malformed},
		{"permessage-deflate; a=b=c", malformed},
		{"permessage-deflate x", malformed},
		{"permessage-deflate, x y", malformed},
		{"permessage-deflate, x=y", malformed},
		{"permessage-deflate, \xff", malformed},
		{"permessage-deflate, x; y=\"z", malformed},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect(&cases[i].line, 1, cases[i].is);
}

static void a_header_may_stand_on_several_lines(void **state)
{
	static const struct {
		const char *lines[MAX_LINES];
		size_t count;
		const char *is;
	} cases[] = {
		{{NULL}, 0, NULL},
		{{"x", "permessage-deflate"}, 2, AGREED},
		{{"permessage-deflate; server_max_window_bits=9", "",
			 "permessage-deflate; server_max_window_bits=15"},
			3, AGREED "; server_max_window_bits=15"},
		{{"permessage-deflate", "permessage-deflate; server_max_window_bits=15"}, 2,
			AGREED},
		{{"permessage-deflate", ";"}, 2, malformed},
		{{",", "permessage-deflate", ","}, 3, malformed},
		{{"permessage-deflate;", "client_max_window_bits"}, 2, malformed},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect(cases[i].lines, cases[i].count, cases[i].is);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offers_are_accepted_declined_or_malformed),
		cmocka_unit_test(a_header_may_stand_on_several_lines),
	};

	return cmocka_run_group_tests_name("extensions", tests, NULL, NULL);
}
