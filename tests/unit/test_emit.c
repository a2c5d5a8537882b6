/* dnc-emit: what it believes of a hub's answer, and which events share a request. */
#include "unit.h"
#include "../../cmd/dnc-emit/answer.c"
#include "../../cmd/dnc-emit/batch.c"
#include "../../cmd/dnc-emit/failure.c"
#include "../../cmd/dnc-emit/hubs.c"
#include "../../cmd/dnc-emit/url.c"
#include <stdio.h>

static struct dnc_json_parser *parser;
static struct answer answer;

static int open_parser(void **state)
{
	(void)state;
	parser = dnc_json_parser_new();
	return parser ? 0 : -1;
}

static int close_parser(void **state)
{
	(void)state;
	dnc_json_parser_free(parser);
	return 0;
}

/* A copy of exactly the bytes that may be read. */
static struct dnc_str padded(const char *text)
{
	size_t n = strlen(text);
	char *p = calloc(1, n + DNC_JSON_PADDING);

	assert_non_null(p);
	memcpy(p, text, n);
	return (struct dnc_str){p, n};
}

static bool reads(const char *text, size_t sent)
{
	struct dnc_str body = padded(text);
	bool ok = answer_read(parser, body, sent, &answer);

	free((char *)body.p);
	return ok;
}

static void an_answer_accounts_for_each_event(void **state)
{
	static const struct {
		const char *text;
		size_t sent;
		bool ok;
	} rows[] = {
		{"{\"accepted\":1,\"duplicates\":0,\"rejected\":[],\"rejected_count\":0,\"last_seq\":9}",
			1, true},
		{"{\"accepted\":1,\"duplicates\":1,\"rejected\":[{\"index\":2,\"code\":\"id_conflict\","
		 "\"message\":\"m\"}],\"rejected_count\":1}",
			3, true},
		/* more or fewer events than were sent */
		{"{\"accepted\":2,\"duplicates\":0,\"rejected\":[],\"rejected_count\":0}", 1,
			false},
		{"{\"accepted\":1,\"duplicates\":0,\"rejected\":[],\"rejected_count\":0}", 2,
			false},
		{"{\"accepted\":0,\"duplicates\":0,\"rejected\":[],\"rejected_count\":1}", 1,
			false},
		{"{\"accepted\":9223372036854775807,\"duplicates\":9223372036854775807,\"rejected\":[],"
		 "\"rejected_count\":0}",
			1, false},
		{"{\"accepted\":2,\"duplicates\":-1,\"rejected\":[],\"rejected_count\":0}", 1,
			false},
		{"{\"accepted\":1.0,\"duplicates\":0,\"rejected\":[],\"rejected_count\":0}", 1,
			false},
		{"{\"accepted\":\"1\",\"duplicates\":0,\"rejected\":[],\"rejected_count\":0}", 1,
			false},
		/* rejects of other events, or of one event twice */
		{"{\"accepted\":0,\"duplicates\":0,\"rejected\":[{\"index\":1,\"code\":\"x\"}],"
		 "\"rejected_count\":1}",
			1, false},
		{"{\"accepted\":0,\"duplicates\":0,\"rejected\":[{\"index\":0,\"code\":\"x\"},"
		 "{\"index\":0,\"code\":\"x\"}],\"rejected_count\":2}",
			2, false},
		{"{\"accepted\":0,\"duplicates\":0,\"rejected\":[{\"index\":0}],\"rejected_count\":1}",
			1, false},
		{"{\"accepted\":0,\"duplicates\":0,\"rejected\":[7],\"rejected_count\":1}", 1,
			false},
		{"{\"accepted\":0,\"duplicates\":0,\"rejected\":[[],[],[]],\"rejected_count\":3}",
			1, false},
		{"{\"accepted\":1,\"duplicates\":0,\"rejected\":{},\"rejected_count\":0}", 1,
			false},
		{"{\"accepted\":1,\"duplicates\":0,\"rejected_count\":0}", 1, false},
		{"[]", 0, false},
		{"", 1, false},
		{"<html>", 1, false},
		{"{\"accepted\":1,", 1, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		print_message("%s\n", rows[i].text);
		assert_int_equal(reads(rows[i].text, rows[i].sent), rows[i].ok);
	}
}

static void rejects_keep_their_words(void **state)
{
	(void)state;
	assert_true(reads("{\"accepted\":0,\"duplicates\":0,\"rejected_count\":3,\"rejected\":["
			  "{\"index\":2,\"code\":\"id_conflict\",\"message\":\"other\"},"
			  "{\"index\":0,\"code\":\"of_tomorrow\",\"message\":\"a\\u0000b\"},"
			  "{\"index\":1,\"code\":\"too_large\"}]}",
		3));
	assert_int_equal(answer.reject_count, 3);
	assert_int_equal(answer.rejects[0].index, 2);
	assert_int_equal(answer.rejects[0].code, DNC_REJECT_ID_CONFLICT);
	assert_string_equal(answer.rejects[0].message, "other");
	assert_int_equal(answer.rejects[1].code, DNC_REJECTS);
	assert_string_equal(answer.rejects[1].message, "a?b");
	assert_string_equal(answer.rejects[2].message, "too_large");
}

static void detail_is(const char *text, const char *detail)
{
	struct dnc_str body = padded(text);
	char out[ANSWER_TEXT_BYTES];

	answer_detail(parser, body, out);
	free((char *)body.p);
	assert_string_equal(out, detail);
}

static void the_detail_of_an_error_is_cut_between_characters(void **state)
{
	char text[1000] = "{\"detail\":\"x", expected[ANSWER_TEXT_BYTES] = "x";

	(void)state;
	detail_is("{\"title\":\"t\",\"detail\":\"why\"}", "why");
	detail_is("{\"detail\":7}", "");
	detail_is("  use https://\r\nmore", "use https://");
	detail_is("<html>\n", "");
	detail_is("{broken", "");
	detail_is("", "");
	for (int i = 0; i < 300; i++)
		strcat(text, "\u00e9");
	strcat(text, "\"}");
	/* 319 bytes: x and 159 characters of two */
	for (int i = 0; i < 159; i++)
		strcat(expected, "\u00e9");
	detail_is(text, expected);
}

static void a_status_says_what_to_do(void **state)
{
	static const struct {
		long status;
		enum dnc_exit rc;
		bool again, refused, sender;
	} rows[] = {
		{204, DNC_EXIT_UNAVAILABLE, false, false, false},
		{301, DNC_EXIT_UNAVAILABLE, false, false, false},
		{400, DNC_EXIT_SOME, false, true, false},
		{401, DNC_EXIT_NOPERM, false, false, true},
		{403, DNC_EXIT_NOPERM, false, false, true},
		{404, DNC_EXIT_UNAVAILABLE, false, false, true},
		{405, DNC_EXIT_UNAVAILABLE, false, false, true},
		{407, DNC_EXIT_NOPERM, false, false, true},
		{408, DNC_EXIT_TEMPFAIL, true, false, false},
		{422, DNC_EXIT_SOME, false, true, false},
		{429, DNC_EXIT_TEMPFAIL, true, false, false},
		{500, DNC_EXIT_UNAVAILABLE, true, false, false},
		{503, DNC_EXIT_TEMPFAIL, true, false, false},
		{504, DNC_EXIT_UNAVAILABLE, true, false, false},
		{599, DNC_EXIT_UNAVAILABLE, true, false, false},
		{999, DNC_EXIT_UNAVAILABLE, false, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct failure f = failure_of_status(rows[i].status, false);

		print_message("%ld\n", rows[i].status);
		assert_int_equal(f.rc, rows[i].rc);
		assert_int_equal(f.again, rows[i].again);
		assert_int_equal(f.refused, rows[i].refused);
		assert_int_equal(f.sender, rows[i].sender);
	}
	assert_int_equal(
		failure_of_curl(CURLE_COULDNT_CONNECT, false, false).rc, DNC_EXIT_UNAVAILABLE);
	assert_int_equal(
		failure_of_curl(CURLE_OPERATION_TIMEDOUT, true, false).rc, DNC_EXIT_TEMPFAIL);
	assert_int_equal(failure_of_curl(CURLE_GOT_NOTHING, true, true).again, true);
}

static void add(struct batch *b, const char *text, const char *id)
{
	char line[200];
	const char *at;

	snprintf(line, sizeof line, text, id);
	at = strstr(line, id);
	assert_true(batch_add(b, &(struct dnc_event){.line = dnc_str(line), .id = {at, strlen(id)}},
		b->count + 1, 0));
}

static void a_batch_keeps_lines_and_ids(void **state)
{
	struct batch b = {0};
	struct dnc_str lines;

	(void)state;
	add(&b, "{\"id\":\"%s\"}", "a");
	add(&b, "{\"a\":1,\"id\":\"%s\"}", "bc");
	add(&b, "{\"id\":\"%s\"}", "d");
	assert_true(dnc_str_eq(batch_id(&b, &b.items[1]), DNC_STR("bc")));
	assert_true(dnc_str_eq(batch_event(&b, &b.items[2]), DNC_STR("{\"id\":\"d\"}")));
	lines = batch_lines(&b, 1, 2);
	assert_true(dnc_str_eq(lines, DNC_STR("{\"a\":1,\"id\":\"bc\"}\n{\"id\":\"d\"}\n")));
	assert_int_equal(batch_rest(&b), 0);
	b.items[0].fate = FATE_LOGGED;
	b.items[1].fate = FATE_REJECTED;
	assert_int_equal(batch_rest(&b), 2);
	assert_int_equal(batch_count(&b, FATE_NONE), 1);
	b.items[2].fate = FATE_SPOOLED;
	assert_int_equal(batch_rest(&b), 3);
	batch_free(&b);
}

static void read_hubs(struct hubs *h, const char *url, bool of_env)
{
	struct dnc_error err;

	*h = (struct hubs){0};
	assert_int_equal(
		hubs_read(h, &(struct options){.url = url, .url_of_env = of_env}, &err), 0);
}

static void urls_are_separated_where_one_begins(void **state)
{
	static const char *const bad[] = {"http://a,ftp://b", "http://a,,", "http://a,ws://b",
		"unix:,http://a",
		"http://1,http://2,http://3,http://4,http://5,http://6,http://7,http://8,http://9"};
	struct hubs h;
	struct dnc_error err;

	(void)state;
	read_hubs(&h, "http://a/x,y,https://b:1,unix:/c,d", false);
	assert_int_equal(h.count, 3);
	assert_string_equal(h.hub[0].url.text, "http://a/x,y/api/v1/events");
	assert_string_equal(h.hub[1].url.text, "https://b:1/api/v1/events");
	assert_true(h.hub[1].url.tls);
	assert_string_equal(h.hub[2].url.socket, "/c,d");
	hubs_free(&h);
	read_hubs(&h, " ws://a/ws/dnc\t http://b,wss://c ", true);
	assert_int_equal(h.count, 3);
	assert_string_equal(h.hub[0].url.text, "http://a/api/v1/events");
	assert_string_equal(h.hub[2].url.text, "https://c/api/v1/events");
	hubs_free(&h);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		h = (struct hubs){0};
		if (hubs_read(&h, &(struct options){.url = bad[i]}, &err) == 0 ||
			err.code != EINVAL)
			fail_msg("%s", bad[i]);
		hubs_free(&h);
	}
}

static void each_hub_is_tried_once_in_a_round_unless_it_wants_to_be_left_alone(void **state)
{
	struct hubs h;

	(void)state;
	read_hubs(&h, "http://a,http://b,http://c", false);
	assert_int_equal(hubs_left(&h, 0), 3);
	assert_true(hubs_next(&h, 0));
	assert_int_equal(h.at, 1);
	assert_int_equal(hubs_left(&h, 0), 2);
	hubs_now(&h)->after_ms = 1000;
	assert_true(hubs_next(&h, 0));
	assert_false(hubs_next(&h, 0));
	assert_int_equal(h.at, 2);
	/* The next round goes on from there, and passes over the one that asked for it. */
	assert_int_equal(hubs_round(&h, 0), 0);
	assert_int_equal(h.at, 0);
	assert_int_equal(hubs_left(&h, 0), 2);
	assert_true(hubs_next(&h, 0));
	assert_int_equal(h.at, 2);
	assert_false(hubs_next(&h, 0));
	/* All have asked: the first that may be asked again. */
	h.hub[0].after_ms = 900;
	h.hub[2].after_ms = 800;
	assert_int_equal(hubs_round(&h, 100), 700);
	assert_int_equal(h.at, 2);
	hubs_confirmed(&h);
	assert_int_equal(hubs_left(&h, 5000), 3);
	hubs_free(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_accounts_for_each_event),
		cmocka_unit_test(rejects_keep_their_words),
		cmocka_unit_test(the_detail_of_an_error_is_cut_between_characters),
		cmocka_unit_test(a_status_says_what_to_do),
		cmocka_unit_test(a_batch_keeps_lines_and_ids),
		cmocka_unit_test(urls_are_separated_where_one_begins),
		cmocka_unit_test(
			each_hub_is_tried_once_in_a_round_unless_it_wants_to_be_left_alone),
	};

	return cmocka_run_group_tests(tests, open_parser, close_parser);
}
