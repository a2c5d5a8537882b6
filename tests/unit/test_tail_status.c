/* dnc-tail's status: what the figures are, and the line in the columns that there are. */
#include "unit.h"
#include "../../cmd/dnc-tail/address.c"
#include "../../cmd/dnc-tail/status.c"

static struct address hub;
static struct status s;

static int begin(void **state)
{
	(void)state;
	assert_int_equal(address_read(&hub, "ws://127.0.0.1:8080", NULL), 0);
	status_begin(&s, 1000);
	s.hub = &hub;
	return 0;
}

static void line_is(int64_t ms, size_t width, const char *expected)
{
	char out[STATUS_LINE];
	size_t n = status_line(&s, ms, width, out);

	assert_string_equal(out, expected);
	assert_int_equal(n, strlen(expected));
	assert_true(n <= width);
}

static void a_line_says_whether_there_is_a_connection(void **state)
{
	(void)state;
	line_is(2000, 200,
		"not connected yet: trying ws://127.0.0.1:8080/ws/dnc, 0 events/s, 0 reconnects");
	s.link = STATUS_CONNECTED;
	s.connections = 1;
	line_is(2000, 200, "connected to ws://127.0.0.1:8080/ws/dnc, no events yet, 0 reconnects");
	status_answer(&s, 412, 7);
	line_is(2000, 200,
		"connected to ws://127.0.0.1:8080/ws/dnc, no events yet, ping 0.4 ms, lag 7, "
		"0 reconnects");
	s.events = 25;
	status_latency(&s, 3);
	line_is(11000, 200,
		"connected to ws://127.0.0.1:8080/ws/dnc, 2.5 events/s, 25 in all, latency 3 ms, "
		"lag 7, 0 reconnects");
	s.held = true;
	line_is(11000, 200,
		"connected to ws://127.0.0.1:8080/ws/dnc, 2.5 events/s, 25 in all, output waits, "
		"lag 7, 0 reconnects");
	s.held = false;
	s.link = STATUS_LOST;
	status_forget(&s);
	s.connections = 2;
	line_is(11000, 200,
		"not connected: reconnecting to ws://127.0.0.1:8080/ws/dnc, 2.5 events/s, "
		"25 in all, 1 reconnect");
}

static void less_is_told_in_fewer_columns(void **state)
{
	(void)state;
	s.link = STATUS_CONNECTED;
	s.connections = 3;
	s.events = 12345;
	status_latency(&s, -4);
	status_answer(&s, 900, 0);
	line_is(2000, 79, "127.0.0.1:8080: 12345 events/s, latency -4 ms, lag 0, 2 reconnects");
	line_is(2000, 40, "12345/s, -4 ms, lag 0, 2 reconnects");
	line_is(2000, 10, "12345/s, -");
	line_is(2000, 0, "");
	s.link = STATUS_LOST;
	line_is(2000, 60, "not connected: 127.0.0.1:8080: 12345 events/s, 2 reconnects");
}

static void the_rate_is_that_of_the_last_ten_seconds(void **state)
{
	(void)state;
	assert_true(status_rate(&s, 1000) == 0);
	s.events = 10;
	assert_true(status_rate(&s, 2000) == 10);
	for (int i = 2; i <= 30; i++) {
		status_sample(&s, i * 1000);
		s.events += 5;
	}
	assert_true(status_rate(&s, 31000) == 5);
	/* Nobody looked for long: since then. */
	assert_true(status_rate(&s, 130000) == 0.05);
	status_sample(&s, 130000);
	assert_true(status_rate(&s, 131000) == 0);
}

static void the_latency_is_the_median_of_the_last(void **state)
{
	(void)state;
	status_latency(&s, 9);
	status_latency(&s, 1);
	status_latency(&s, 5);
	assert_int_equal(median_latency(&s), 5);
	for (int i = 0; i < STATUS_LATENCIES; i++)
		status_latency(&s, 70 + i % 2);
	status_latency(&s, 1000);
	assert_int_equal(median_latency(&s), 71);
}

static void a_name_is_escaped_and_a_long_one_cut(void **state)
{
	char out[STATUS_LINE];

	(void)state;
	memset(hub.path + 1, 'p', 400);
	hub.path[401] = '\0';
	strcpy(hub.host, "a\033[2Jb");
	assert_true(status_line(&s, 2000, STATUS_LINE - 1, out) < STATUS_LINE);
	assert_null(strchr(out, '\033'));
	assert_non_null(strstr(out, "a\\u001b[2Jb"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_line_says_whether_there_is_a_connection, begin),
		cmocka_unit_test_setup(less_is_told_in_fewer_columns, begin),
		cmocka_unit_test_setup(the_rate_is_that_of_the_last_ten_seconds, begin),
		cmocka_unit_test_setup(the_latency_is_the_median_of_the_last, begin),
		cmocka_unit_test_setup(a_name_is_escaped_and_a_long_one_cut, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
