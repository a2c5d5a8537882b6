/* Outlets with several readers, of which any will do: who gets which lines, and what is said. */
#include "outlets.h"
#include <errno.h>
#include "base/log.h"
#include "link/priv/stall.h"

/* "unix:DIR/a,unix:DIR/b" or more. */
static struct dnc_outlet *open_readers(const char *names, int64_t patience_ms)
{
	static char address[512];
	struct dnc_error err;
	struct dnc_outlet *out;
	size_t n = 0;

	for (; *names; names++)
		n += (size_t)snprintf(
			address + n, sizeof address - n, "%sunix:%s/%c", n ? "," : "", dir, *names);
	out = dnc_outlet_open(address, patience_ms, &err);
	assert_non_null(out);
	return out;
}

static void stop_listening(int listener, const char *name)
{
	close(listener);
	unlink(path_of(name));
}

/* The connection that the outlet makes to the listener. */
static int accept_from(struct dnc_outlet *out, int listener)
{
	struct pollfd entry = {.fd = listener, .events = POLLIN};

	TURN_UNTIL(out, poll(&entry, 1, 0) == 1);
	return accept(listener, NULL, NULL);
}

/* Reads the numbers FROM to TO. */
static void expect_numbers(struct dnc_outlet *out, int reader, uint64_t from, uint64_t to)
{
	struct numbers seen = {.last = from - 1};
	char piece[1000];

	while (seen.last < to) {
		size_t n;

		turn(out);
		n = read_some(reader, piece, sizeof piece);
		assert_int_not_equal(n, 0);
		count_numbers(&seen, piece, n);
	}
	assert_int_equal(seen.last, to);
}

static bool is_idle(int listener)
{
	return poll(&(struct pollfd){.fd = listener, .events = POLLIN}, 1, 0) == 0;
}

/* Each reader in turn gets lines, acknowledges some of them, and goes in the middle of others. */
static void what_a_lost_reader_has_not_acknowledged_is_sent_to_the_next_one_in_turn(void **state)
{
	enum { LINES = 3000, ROUNDS = 12 };
	int listeners[3] = {listen_on("a", 5), listen_on("b", 5), listen_on("c", 5)};
	struct dnc_outlet *out = open_readers("abc", 0);
	uint64_t acked = 0;

	(void)state;
	write_numbers(out, 1, LINES);
	for (int i = 0; i < ROUNDS; i++) {
		int reader = accept_from(out, listeners[i % 3]);

		assert_true(is_idle(listeners[(i + 1) % 3]) && is_idle(listeners[(i + 2) % 3]));
		expect_numbers(out, reader, acked + 1, LINES);
		ack_number(reader, 200);
		acked += 200;
		TURN_UNTIL(out, outlet_safe(out) == acked);
		close(reader);
		/* There is no pause: not so much as one that is short. */
		TURN_UNTIL(out, !is_idle(listeners[(i + 1) % 3]));
	}
	assert_int_equal(dnc_outlet_connections(out).changes, ROUNDS);
	assert_int_equal(dnc_outlet_connections(out).made, ROUNDS + 1);
	dnc_outlet_free(out);
	stop_listening(listeners[0], "a");
	stop_listening(listeners[1], "b");
	stop_listening(listeners[2], "c");
}

/* It stays with the second one, and comes back to the first when that one fails. */
static void the_first_one_that_can_be_reached_is_used_until_it_fails(void **state)
{
	int a, b = listen_on("b", 5), reader, other;
	struct dnc_outlet *out = open_readers("ab", 0);

	(void)state;
	listen_to_stderr();
	dnc_log_level(DNC_NOTE);
	reader = accept_from(out, b);
	expect_said(take_said(), "b takes over");
	a = listen_on("a", 5);
	write_numbers(out, 1, 10);
	expect_numbers(out, reader, 1, 10);
	ack_number(reader, 10);
	TURN_UNTIL(out, outlet_safe(out) == 10);
	assert_true(is_idle(a));
	stop_listening(b, "b");
	close(reader);
	other = accept_from(out, a);
	expect_said(take_said(), "b (closed by the reader); unix:");
	assert_string_equal(
		dnc_outlet_connections(out).name + strlen(dnc_outlet_connections(out).name) - 2,
		"/a");
	assert_int_equal(dnc_outlet_connections(out).changes, 2);
	dnc_log_level(DNC_ERR);
	leave_stderr();
	close(other);
	stop_listening(a, "a");
	dnc_outlet_free(out);
}

static void there_is_a_pause_only_when_all_were_tried_and_it_is_said_once(void **state)
{
	int a = listen_on("a", 5), b, reader;
	struct dnc_outlet *out = open_readers("abc", 0);
	struct pollfd entry;
	int timeout;

	(void)state;
	listen_to_stderr();
	dnc_log_level(DNC_NOTE);
	reader = accept_from(out, a);
	write_numbers(out, 1, 5);
	expect_numbers(out, reader, 1, 5);
	stop_listening(a, "a");
	close(reader);
	TURN_UNTIL(out, outlet_down_since(out));
	turn(out);
	expect_said(take_said(), "no other address can be reached either; still trying");
	outlet_poll(out, &entry, &timeout);
	assert_in_range(timeout, 20, 450); /* of up to three attempts */
	for (int i = 0; i < 3; i++)
		assert_string_equal(turn_after(out, 6000), "");
	b = listen_on("b", 5);
	passed_ms += 8000;
	reader = accept_from(out, b);
	assert_non_null(strstr(take_said(), "connected to unix:"));
	expect_numbers(out, reader, 1, 5);
	ack_number(reader, 5);
	TURN_UNTIL(out, outlet_safe(out) == 5);
	dnc_log_level(DNC_ERR);
	leave_stderr();
	close(reader);
	stop_listening(b, "b");
	dnc_outlet_free(out);
}

/* A process that is stopped accepts connections, and closes none. */
static void a_reader_that_acknowledges_nothing_is_left_while_another_can_be_reached(void **state)
{
	int a = listen_on("a", 5), b, first, second;
	struct dnc_outlet *out = open_readers("ab", 0);

	(void)state;
	listen_to_stderr();
	dnc_log_level(DNC_WARN);
	first = accept_from(out, a);
	write_numbers(out, 1, 100);
	expect_numbers(out, first, 1, 100);
	ack_number(first, 40);
	TURN_UNTIL(out, outlet_safe(out) == 40);
	/* Nobody else is there: it may be slow, but it is all that there is. */
	for (int ms = 0; ms < 3 * STALL_MS; ms += STALL_LOOK_MS)
		turn_after(out, STALL_LOOK_MS);
	assert_int_equal(dnc_outlet_connections(out).made, 1);
	take_said();
	b = listen_on("b", 5);
	/* What the process itself was stopped does not count. */
	turn_after(out, 100 * STALL_MS);
	assert_true(is_idle(b));
	take_said();
	for (int ms = 0; ms <= STALL_MS && is_idle(b); ms += STALL_LOOK_MS) {
		passed_ms += STALL_LOOK_MS;
		turn(out);
	}
	second = accept_from(out, b);
	assert_non_null(strstr(take_said(), "a (it has acknowledged nothing for 5 s); unix:"));
	expect_end(first);
	expect_numbers(out, second, 41, 100);
	ack_number(second, 60);
	TURN_UNTIL(out, outlet_safe(out) == 100);
	/* Who has nothing to acknowledge does not stall. */
	for (int ms = 0; ms < 3 * STALL_MS; ms += STALL_LOOK_MS)
		turn_after(out, STALL_LOOK_MS);
	assert_int_equal(dnc_outlet_connections(out).changes, 1);
	dnc_log_level(DNC_ERR);
	leave_stderr();
	close(first);
	close(second);
	stop_listening(a, "a");
	stop_listening(b, "b");
	dnc_outlet_free(out);
}

/* It is their log that is slow: lines are not sent to and fro each few seconds. */
static void readers_that_all_stall_get_more_time_with_each_round(void **state)
{
	enum { LIMIT = 1000 };
	int a = listen_on("a", 50), b = listen_on("b", 50), reader;
	struct dnc_outlet *out = open_readers("ab", 0);
	uint64_t changes[5];

	(void)state;
	dnc_outlet_stall_after(out, LIMIT);
	write_numbers(out, 1, 3);
	for (int i = 0; i < 5; i++) {
		for (int ms = 0; ms < 8 * LIMIT; ms += STALL_LOOK_MS) {
			passed_ms += STALL_LOOK_MS;
			turn(out);
		}
		changes[i] = dnc_outlet_connections(out).changes;
	}
	/* 1, 1, 2, 2, 4, 4, 8, 8 and 16 s. */
	assert_in_range(changes[0], 4, 5);
	assert_in_range(changes[4], 7, 8);
	/* What is acknowledged ends that. */
	reader = accept_from(out, changes[4] % 2 ? b : a);
	for (uint64_t i = changes[4] % 2; i + 2 <= changes[4];
		i += 2) { /* the ones before were left */
		close(reader);
		reader = accept_from(out, changes[4] % 2 ? b : a);
	}
	expect_numbers(out, reader, 1, 3);
	ack_number(reader, 1);
	TURN_UNTIL(out, outlet_safe(out) == 1);
	for (int ms = 0; ms <= 2 * LIMIT; ms += STALL_LOOK_MS) {
		passed_ms += STALL_LOOK_MS;
		turn(out);
	}
	assert_true(dnc_outlet_connections(out).changes > changes[4]);
	close(reader);
	dnc_outlet_free(out);
	stop_listening(a, "a");
	stop_listening(b, "b");
}

/* Such as hubs that have too many producers. */
static void readers_that_only_close_are_tried_with_pauses_and_said_three_times(void **state)
{
	int listeners[2] = {listen_on("a", 5), listen_on("b", 5)};
	struct dnc_outlet *out = open_readers("ab", 0);
	char said_in_all[16384] = "";

	(void)state;
	listen_to_stderr();
	dnc_log_level(DNC_WARN);
	write_numbers(out, 1, 1);
	for (int i = 0; i < 20; i++) {
		int reader = accept_from(out, listeners[i % 2]);

		expect(reader, "1\n");
		close(reader);
		TURN_UNTIL(out, outlet_down_since(out));
		passed_ms += 8000;
		strcat(said_in_all, take_said());
	}
	dnc_log_level(DNC_ERR);
	leave_stderr();
	for (int i = 0; i < 3; i++) {
		char *at = strstr(said_in_all, "lost the connection");

		assert_non_null(at);
		*at = '!';
	}
	assert_null(strstr(said_in_all, "lost the connection"));
	assert_non_null(
		strstr(said_in_all, "nothing more is said until it acknowledges something"));
	dnc_outlet_free(out);
	stop_listening(listeners[0], "a");
	stop_listening(listeners[1], "b");
}

static void a_first_connection_that_no_reader_takes_is_an_error_with_the_last_reason(void **state)
{
	struct dnc_outlet *out = open_readers("ab", 0);
	struct dnc_error err;

	(void)state;
	write_numbers(out, 1, 1);
	assert_int_equal(dnc_outlet_finish(out, -1, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_non_null(
		strstr(err.message, "none of 2 addresses can be reached: unable to connect"));
	dnc_outlet_free(out);
	/* A path with a comma may be meant as two. */
	out = dnc_outlet_open("unix:/none/a,/none/b", 0, &err);
	assert_non_null(out);
	assert_int_equal(dnc_outlet_connections(out).readers, 1);
	write_numbers(out, 1, 1);
	assert_int_equal(dnc_outlet_finish(out, -1, &err), -1);
	assert_non_null(strstr(err.message, "several addresses are written unix:PATH,unix:PATH"));
	dnc_outlet_free(out);
}

static void addresses_of_several_readers_are_all_of_sockets(void **state)
{
	static const struct {
		const char *address, *text;
		int code;
	} cases[] = {{"unix:a,fd:1", "\"fd:1\": several addresses must all be unix:PATH", EINVAL},
		{"fd:1,unix:a", "\"fd:1\": several addresses", EINVAL},
		{"unix:a,file:b", "\"file:b\": several addresses", EINVAL},
		{"unix:a,https://b:1", "share one log", EINVAL},
		{"file:a,unix:b", "\"file:a\": several addresses", EINVAL},
		{"unix:a,unix:", "unix: has no path", EINVAL},
		{",unix:a", "\"\": several addresses", EINVAL},
		{"unix:1,unix:2,unix:3,unix:4,unix:5,unix:6,unix:7,unix:8,unix:9",
			"more than 8 addresses", EINVAL}};
	struct dnc_error err;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (dnc_outlet_open(cases[i].address, 0, &err) || err.code != cases[i].code ||
			!strstr(err.message, cases[i].text))
			fail_msg("%s: %s", cases[i].address, err.message);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(what_a_lost_reader_has_not_acknowledged_is_sent_to_the_next_one_in_turn),
		IN_DIR(the_first_one_that_can_be_reached_is_used_until_it_fails),
		IN_DIR(there_is_a_pause_only_when_all_were_tried_and_it_is_said_once),
		IN_DIR(a_reader_that_acknowledges_nothing_is_left_while_another_can_be_reached),
		IN_DIR(readers_that_all_stall_get_more_time_with_each_round),
		IN_DIR(readers_that_only_close_are_tried_with_pauses_and_said_three_times),
		IN_DIR(a_first_connection_that_no_reader_takes_is_an_error_with_the_last_reason),
		cmocka_unit_test(addresses_of_several_readers_are_all_of_sockets),
	};

	dnc_log_open("test", DNC_ERR, false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
