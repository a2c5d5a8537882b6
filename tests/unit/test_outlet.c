/* Outlets: pipes, and connections to readers that acknowledge. */
#include "outlets.h"
#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include "base/log.h"

static void a_pipe_without_reader_is_found_while_idle(void **state)
{
	struct dnc_error err;
	struct dnc_outlet *out;
	struct pollfd entry;
	char name[16];
	int fds[2], timeout;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	snprintf(name, sizeof name, "fd:%d", fds[1]);
	out = dnc_outlet_open(name, 0, &err);
	assert_non_null(out);
	assert_false(dnc_outlet_acknowledges(out));
	outlet_poll(out, &entry, &timeout);
	assert_int_equal(poll(&entry, 1, 0), 0);
	assert_int_equal(outlet_turn(out, entry.revents, &err), 0);
	close(fds[0]);
	assert_int_equal(poll(&entry, 1, WAIT_MS), 1);
	assert_int_equal(outlet_turn(out, entry.revents, &err), -1);
	assert_int_equal(err.code, EPIPE);
	assert_true(dnc_outlet_reader_left(out));
	dnc_outlet_free(out);
	close(fds[1]);
}

static void on_alarm(int number)
{
	(void)number;
}

static struct dnc_outlet *open_outlet(void)
{
	static char address[160];
	struct dnc_error err;
	struct dnc_outlet *out;

	snprintf(address, sizeof address, "unix:%s", path_of("out"));
	out = dnc_outlet_open(address, WAIT_MS, &err);
	assert_non_null(out);
	return out;
}

static void close_reader(int listener, int reader)
{
	close(reader);
	close(listener);
	unlink(path_of("out"));
}

static void a_reader_that_claims_what_it_was_not_sent_is_left(void **state)
{
	static const char *const bad[] = {"2\n", "nonsense\n", "\n", "1x\n"};
	int listener = listen_on("out", 5), reader;
	struct dnc_outlet *out = open_outlet();
	struct pollfd entry = {.fd = listener, .events = POLLIN};

	(void)state;
	write_numbers(out, 1, 1);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		TURN_UNTIL(out, poll(&entry, 1, 0) == 1);
		reader = accept(listener, NULL, NULL);
		expect(reader, "1\n");
		send_text(reader, bad[i]);
		turn(out);
		expect_end(reader);
		assert_int_equal(outlet_safe(out), 0);
		close(reader);
	}
	TURN_UNTIL(out, poll(&entry, 1, 0) == 1);
	reader = accept(listener, NULL, NULL);
	expect(reader, "1\n");
	send_text(reader, "1 rejected=1\n");
	TURN_UNTIL(out, outlet_safe(out) == 1);
	assert_int_equal(dnc_outlet_outcome(out).rejected, 1);
	close_reader(listener, reader);
	dnc_outlet_free(out);
}

/* The socket takes far less than is written at once, and the reader reads in odd pieces. */
static void lines_come_once_and_in_order_however_much_the_socket_takes(void **state)
{
	enum { LINES = 200000 };
	int listener = listen_on("out", 5), reader;
	struct dnc_outlet *out = open_outlet();
	struct numbers seen = {0};
	char piece[7777];

	(void)state;
	write_numbers(out, 1, LINES);
	assert_int_equal(dnc_outlet_lines(out), LINES);
	turn(out);
	reader = accept(listener, NULL, NULL);
	while (seen.last < LINES) {
		size_t n;

		turn(out);
		n = read_some(reader, piece, sizeof piece);
		assert_int_not_equal(n, 0);
		count_numbers(&seen, piece, n);
		if (seen.last % 3 == 0)
			ack_number(reader, seen.last);
		assert_in_range(outlet_safe(out), 0, seen.last);
	}
	assert_int_equal(seen.current, 0);
	ack_number(reader, LINES);
	TURN_UNTIL(out, outlet_safe(out) == LINES);
	close_reader(listener, reader);
	dnc_outlet_free(out);
}

/* Each reader goes in the middle of a line, after it has acknowledged some of what it has read. */
static void what_a_lost_reader_has_not_acknowledged_is_sent_to_the_next(void **state)
{
	enum { LINES = 20000, READERS = 5 };
	int listener = listen_on("out", 5);
	struct dnc_outlet *out = open_outlet();
	uint64_t acked = 0;
	char piece[1000];

	(void)state;
	write_numbers(out, 1, LINES);
	for (int i = 0; i <= READERS; i++) {
		struct numbers seen = {.last = acked};
		struct pollfd entry = {.fd = listener, .events = POLLIN};
		uint64_t wanted = i == READERS ? LINES : acked + 2000, before = acked;
		int reader;

		TURN_UNTIL(out, poll(&entry, 1, 0) == 1);
		reader = accept(listener, NULL, NULL);
		while (seen.last < wanted || (wanted < LINES && !seen.current)) {
			size_t n;

			turn(out);
			n = read_some(reader, piece, wanted < LINES ? 13 : sizeof piece);
			assert_int_not_equal(n, 0);
			count_numbers(&seen, piece, n);
		}
		acked = i == READERS ? LINES : seen.last - 500;
		ack_number(reader, acked - before);
		TURN_UNTIL(out, outlet_safe(out) == acked);
		close(reader);
		if (i < READERS)
			write_numbers(out, dnc_outlet_lines(out) + 1, dnc_outlet_lines(out));
	}
	assert_int_equal(outlet_safe(out), dnc_outlet_lines(out));
	close(listener);
	unlink(path_of("out"));
	dnc_outlet_free(out);
}

/* By an owner that has so much to write that it never waits, also when the reader has left. */
static void acknowledgements_are_read_while_lines_are_written(void **state)
{
	enum { SOME = 10, LINES = 40000, READ = 5000 };
	int listener = listen_on("out", 5), reader;
	struct dnc_outlet *out = open_outlet();
	struct numbers seen = {.last = SOME};
	char piece[1000];

	(void)state;
	write_numbers(out, 1, SOME);
	turn(out);
	reader = accept(listener, NULL, NULL);
	expect(reader, "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n");
	ack_number(reader, SOME);
	write_numbers(out, SOME + 1, LINES);
	assert_int_equal(outlet_safe(out), SOME);
	while (seen.last < READ)
		count_numbers(&seen, piece, read_some(reader, piece, sizeof piece));
	ack_number(reader, seen.last);
	close_reader(listener, reader);
	write_numbers(out, LINES + 1, 2 * LINES);
	assert_int_equal(outlet_safe(out), seen.last);
	dnc_outlet_free(out);
}

static void acknowledgements_come_in_pieces_late_and_more_than_once(void **state)
{
	static const struct {
		const char *text;
		uint64_t safe, duplicates;
	} steps[] = {{"2\n", 2, 0}, {"1\n", 2, 0}, {"2\n2\n3\n", 3, 0}, {"1", 3, 0}, {"0", 3, 0},
		{"\n", 10, 0}, {"9 duplicates=4\n", 10, 4}, {"10 duplicates=3\n", 10, 4},
		{"11 dupl", 10, 4}, {"icates=5 other=1\r\n", 11, 5}, {"0\n", 11, 5},
		{"20\n", 20, 5}};
	int listener = listen_on("out", 5), reader;
	struct dnc_outlet *out = open_outlet();

	(void)state;
	write_numbers(out, 1, 20);
	turn(out);
	reader = accept(listener, NULL, NULL);
	expect(reader, "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n");
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		send_text(reader, steps[i].text);
		turn(out);
		if (outlet_safe(out) != steps[i].safe ||
			dnc_outlet_outcome(out).duplicates != steps[i].duplicates)
			fail_msg("step %zu: %llu safe", i, (unsigned long long)outlet_safe(out));
	}
	close_reader(listener, reader);
	dnc_outlet_free(out);
}

static void an_acknowledgement_without_end_is_an_error(void **state)
{
	int listener = listen_on("out", 5), reader, again;
	struct dnc_outlet *out = open_outlet();
	struct pollfd entry = {.fd = listener, .events = POLLIN};
	char long_ack[600];

	(void)state;
	memset(long_ack, '1', sizeof long_ack - 1);
	memcpy(long_ack, "1 x=", 4);
	long_ack[sizeof long_ack - 1] = '\0';
	write_numbers(out, 1, 2);
	turn(out);
	reader = accept(listener, NULL, NULL);
	send_text(reader, long_ack);
	TURN_UNTIL(out, poll(&entry, 1, 0) == 1);
	again = accept(listener, NULL, NULL);
	TURN_UNTIL(out, recv(again, long_ack, 4, MSG_PEEK | MSG_DONTWAIT) == 4);
	expect(again, "1\n2\n");
	assert_int_equal(outlet_safe(out), 0);
	close(again);
	close_reader(listener, reader);
	dnc_outlet_free(out);
}

static void an_outlet_is_full_until_enough_is_acknowledged(void **state)
{
	int listener = listen_on("out", 5), reader = -1;
	struct dnc_outlet *out = open_outlet();
	static char line[1000], piece[100000];
	struct pollfd entry = {.fd = listener, .events = POLLIN};
	struct dnc_error err;
	uint64_t lines = 0;
	size_t bytes = 0;

	(void)state;
	memset(line, 'x', sizeof line);
	while (!outlet_full(out)) {
		assert_int_equal(dnc_outlet_line(out, line, sizeof line, &err), 0);
		assert_in_range(++lines, 1, 10000);
	}
	assert_in_range(lines, 4000, 5000); /* of 1,001 bytes, in 4 MiB */
	TURN_UNTIL(out, poll(&entry, 1, 0) == 1);
	reader = accept(listener, NULL, NULL);
	while (bytes < lines * (sizeof line + 1)) {
		size_t n;

		turn(out);
		n = read_some(reader, piece, sizeof piece);
		assert_int_not_equal(n, 0);
		bytes += n;
	}
	assert_true(outlet_full(out)); /* sent is not acknowledged */
	ack_number(reader, lines / 2);
	TURN_UNTIL(out, outlet_safe(out) == lines / 2);
	assert_false(outlet_full(out));
	close_reader(listener, reader);
	dnc_outlet_free(out);
}

static void finish_says_what_it_waited_for_in_vain(void **state)
{
	const struct itimerval soon = {.it_value.tv_usec = 20000}, off = {0};
	int listener = listen_on("out", 5), reader;
	struct dnc_outlet *out = open_outlet();
	struct sigaction ignored = {.sa_handler = SIG_DFL}, before;
	struct dnc_error err;

	(void)state;
	assert_int_equal(dnc_outlet_finish(out, 0, &err), 0);
	write_numbers(out, 1, 3);
	assert_int_equal(dnc_outlet_finish(out, 20, &err), -1);
	assert_int_equal(err.code, EAGAIN);
	assert_non_null(strstr(err.message, "3 lines were not acknowledged by unix:"));
	reader = accept(listener, NULL, NULL);
	expect(reader, "1\n2\n3\n");
	send_text(reader, "1\n");
	assert_int_equal(dnc_outlet_finish(out, 20, &err), -1);
	assert_non_null(strstr(err.message, "2 lines"));
	ignored.sa_handler = on_alarm;
	sigaction(SIGALRM, &ignored, &before);
	setitimer(ITIMER_REAL, &soon, NULL);
	assert_int_equal(dnc_outlet_finish(out, -1, &err), -1);
	setitimer(ITIMER_REAL, &off, NULL);
	sigaction(SIGALRM, &before, NULL);
	assert_int_equal(err.code, EINTR);
	send_text(reader, "3\n");
	assert_int_equal(dnc_outlet_finish(out, -1, &err), 0);
	close_reader(listener, reader);
	dnc_outlet_free(out);
}

static void who_waits_says_so_at_growing_intervals(void **state)
{
	int listener = listen_on("out", 5), reader;
	struct dnc_outlet *out = open_outlet();
	struct pollfd entry;
	struct dnc_error err;
	int timeout;

	(void)state;
	dnc_log_level(DNC_NOTE);
	listen_to_stderr();
	turn(out);
	assert_string_equal(turn_after(out, 60000), ""); /* nothing waits */
	write_numbers(out, 1, 3);
	/* Whoever polls is woken up in time. */
	outlet_poll(out, &entry, &timeout);
	reader = accept(listener, NULL, NULL);
	assert_in_range(timeout, 5000, 10000);
	passed_ms += 9000;
	assert_int_equal(outlet_turn(out, 0, &err), 0);
	assert_string_equal(take_said(), "");
	passed_ms += 1000;
	assert_int_equal(outlet_turn(out, 0, &err), 0);
	expect_said(take_said(), "it has not acknowledged 3 lines");
	/* Other work, without looking, is no waiting. */
	for (int i = 0; i < 10; i++)
		assert_string_equal(turn_after(out, 9000), "");
	for (int64_t pause = 10000; pause < 100000; pause *= 2) {
		outlet_poll(out, &entry, &timeout);
		passed_ms += pause - 5000;
		assert_int_equal(outlet_turn(out, 0, &err), 0);
		assert_string_equal(take_said(), "");
		outlet_poll(out, &entry, &timeout);
		passed_ms += 5000;
		assert_int_equal(outlet_turn(out, 0, &err), 0);
		expect_said(take_said(), "waiting for unix:");
	}
	/* One line is progress, said once; the others wait anew. */
	send_text(reader, "1\n");
	TURN_UNTIL(out, outlet_safe(out) == 1);
	expect_said(take_said(), "acknowledges again, after 160 s");
	outlet_poll(out, &entry, &timeout);
	passed_ms += 10000;
	assert_int_equal(outlet_turn(out, 0, &err), 0);
	expect_said(take_said(), "for 10 s, since 20");
	/* Nobody is there. */
	close_reader(listener, reader);
	TURN_UNTIL(out, *take_said());
	outlet_poll(out, &entry, &timeout);
	passed_ms += 20000;
	assert_int_equal(outlet_turn(out, 0, &err), 0);
	expect_said(take_said(), "no connection for 2 lines (unable to connect");
	listener = listen_on("out", 5);
	entry = (struct pollfd){.fd = listener, .events = POLLIN};
	passed_ms += 20000;
	TURN_UNTIL(out, poll(&entry, 1, 0) == 1);
	reader = accept(listener, NULL, NULL);
	send_text(reader, "2\n");
	TURN_UNTIL(out, outlet_safe(out) == 3);
	assert_non_null(strstr(take_said(), "acknowledges again"));
	leave_stderr();
	dnc_log_level(DNC_ERR);
	close_reader(listener, reader);
	dnc_outlet_free(out);
}

static void a_first_connection_that_does_not_come_about_is_an_error(void **state)
{
	char address[160];
	struct dnc_error err;
	struct dnc_outlet *out;
	int listener = listen_on("out", 5);

	(void)state;
	snprintf(address, sizeof address, "unix:%s", path_of("out"));
	close(listener);
	out = dnc_outlet_open(address, 0, &err);
	assert_non_null(out);
	write_numbers(out, 1, 1);
	assert_int_equal(dnc_outlet_flush(out, &err), -1);
	assert_int_equal(err.code, ECONNREFUSED);
	dnc_outlet_free(out);
	unlink(path_of("out"));
	/* Within its patience it tries again; when finish() ends first, that says why nobody was there. */
	out = dnc_outlet_open(address, WAIT_MS, &err);
	write_numbers(out, 1, 1);
	assert_int_equal(dnc_outlet_finish(out, 300, &err), -1);
	assert_int_equal(err.code, ENOENT);
	listener = listen_on("out", 5);
	assert_int_equal(dnc_outlet_finish(out, 1, &err), -1);
	TURN_UNTIL(out, poll(&(struct pollfd){.fd = listener, .events = POLLIN}, 1, 0) == 1);
	close_reader(listener, -1);
	dnc_outlet_free(out);
}

/* The kernel lets a connect(2) wait while nobody accepts. */
static void a_reader_that_accepts_nobody_is_not_waited_for(void **state)
{
	int listener = listen_on("out", 0), others[16], reader, count = 0;
	struct sockaddr_un address = address_of("out");
	struct dnc_outlet *out = open_outlet();
	struct dnc_error err;

	(void)state;
	while (count < 16) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

		others[count++] = fd;
		if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
			break;
	}
	assert_in_range(count, 1, 15);
	write_numbers(out, 1, 1);
	alarm(WAIT_MS / 1000);
	assert_int_equal(dnc_outlet_finish(out, 50, &err), -1);
	alarm(0);
	assert_int_equal(err.code, EAGAIN);
	assert_non_null(strstr(err.message, "does not accept connections"));
	while (count-- > 0)
		close(others[count]);
	for (;;) {
		TURN_UNTIL(
			out, poll(&(struct pollfd){.fd = listener, .events = POLLIN}, 1, 0) == 1);
		reader = accept(listener, NULL, NULL);
		if (recv(reader, &address, 2, MSG_PEEK) != 0)
			break;
		close(reader);
	}
	expect(reader, "1\n");
	close_reader(listener, reader);
	dnc_outlet_free(out);
}

static void addresses_of_outlets_are_checked(void **state)
{
	static const struct {
		const char *address;
		int code;
	} cases[] = {{"unix:", EINVAL}, {"file", EINVAL}, {"", EINVAL}, {"fd:", EBADF},
		{"fd:x", EBADF}, {"fd:-1", EBADF}, {"fd:1x", EBADF}, {"fd:99999", EBADF},
		{"fd:99999999999999999999", EBADF},
		{"unix:/a/path/that/is/longer/than/the/address/of/a/socket/in/the/unix/domain/"
		 "may/be/which/is/a/hundred/and/seven/bytes",
			ENAMETOOLONG}};
	struct dnc_error err;
	struct dnc_outlet *out;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (dnc_outlet_open(cases[i].address, 0, &err) || err.code != cases[i].code)
			fail_msg("%s", cases[i].address);
	}
	out = dnc_outlet_open(NULL, 0, &err);
	assert_non_null(out);
	assert_false(dnc_outlet_acknowledges(out));
	dnc_outlet_free(out);
	dnc_outlet_free(NULL);
}

static void lines_are_safe_once_they_are_in_the_pipe(void **state)
{
	struct dnc_error err;
	struct dnc_outlet *out;
	char name[16], got[16];
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	snprintf(name, sizeof name, "fd:%d", fds[1]);
	out = dnc_outlet_open(name, 0, &err);
	assert_non_null(out);
	write_numbers(out, 1, 2);
	assert_int_equal(dnc_outlet_lines(out), 2);
	assert_int_equal(outlet_safe(out), 0);
	assert_false(outlet_full(out));
	assert_int_equal(dnc_outlet_finish(out, 0, &err), 0);
	assert_int_equal(outlet_safe(out), 2);
	assert_int_equal(read(fds[0], got, sizeof got), 4);
	close(fds[0]);
	write_numbers(out, 3, 3);
	assert_int_equal(dnc_outlet_flush(out, &err), -1);
	assert_int_equal(err.code, EPIPE);
	assert_true(dnc_outlet_reader_left(out));
	assert_int_equal(outlet_safe(out), 2);
	close(fds[1]);
	/* A descriptor that has become bad is a failed write. */
	assert_int_equal(dnc_outlet_flush(out, &err), -1);
	assert_int_equal(err.code, EIO);
	assert_false(dnc_outlet_reader_left(out));
	dnc_outlet_free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_reader_that_claims_what_it_was_not_sent_is_left, make_dir, remove_dir),
		cmocka_unit_test(a_pipe_without_reader_is_found_while_idle),
		cmocka_unit_test_setup_teardown(
			lines_come_once_and_in_order_however_much_the_socket_takes, make_dir,
			remove_dir),
		cmocka_unit_test_setup_teardown(
			what_a_lost_reader_has_not_acknowledged_is_sent_to_the_next, make_dir,
			remove_dir),
		cmocka_unit_test_setup_teardown(
			acknowledgements_are_read_while_lines_are_written, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			acknowledgements_come_in_pieces_late_and_more_than_once, make_dir,
			remove_dir),
		cmocka_unit_test_setup_teardown(
			an_acknowledgement_without_end_is_an_error, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			an_outlet_is_full_until_enough_is_acknowledged, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			finish_says_what_it_waited_for_in_vain, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			who_waits_says_so_at_growing_intervals, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_first_connection_that_does_not_come_about_is_an_error, make_dir,
			remove_dir),
		cmocka_unit_test_setup_teardown(
			a_reader_that_accepts_nobody_is_not_waited_for, make_dir, remove_dir),
		cmocka_unit_test(addresses_of_outlets_are_checked),
		cmocka_unit_test(lines_are_safe_once_they_are_in_the_pipe),
	};

	signal(SIGPIPE, SIG_IGN);
	dnc_log_open("test_outlet", DNC_ERR, false);
	return cmocka_run_group_tests_name("outlet", tests, NULL, NULL);
}
