/* Connections and wires against a library that is played here: what is sent when, and how it ends. */
#include "unit.h"
#include <stdio.h>
#include "library.h"
#include "web/priv/conn.h"

static struct {
	int ready, ended;
} calls;

static void on_ready(struct conn *c)
{
	(void)c;
	calls.ready++;
}

static void on_ended(struct conn *c)
{
	assert_false(conn_accepts(c));
	assert_int_not_equal(c->reason, CLOSE_NONE);
	calls.ended++;
}

static struct wire_position place = {"0011223344556677", 41, true};

static struct wire_position position(const struct conn *c)
{
	(void)c;
	return place;
}

static const struct conn_owner owner = {on_ready, on_ended, position};
static struct conn_shared shared;
static struct conn conn;

static void open_conn(const struct wire *wire)
{
	memset(&library, 0, sizeof library);
	memset(&calls, 0, sizeof calls);
	shared.write_in_callback = false;
	conn = (struct conn){0};
	conn_init(&conn, (struct lws *)&library, wire, &owner, &shared);
	conn.state = CONN_OPEN;
}

static void close_conn(void)
{
	conn_destroy(&conn);
	dnc_buf_free(&shared.encoded);
}

static void assert_sent(const char *p, size_t n)
{
	assert_int_equal(library.n, n);
	assert_memory_equal(library.sent, p, n);
}

static void what_waits_goes_out_in_order_when_the_socket_can_take_it(void **state)
{
	(void)state;
	open_conn(&wire_ws);
	assert_int_equal(conn_put(&conn,
				 "\x81\x01"
				 "a",
				 3),
		DNC_SENT);
	assert_true(conn_is_idle(&conn));
	library.full = true;
	assert_int_equal(conn_put(&conn,
				 "\x81\x01"
				 "b",
				 3),
		DNC_SENT_FULL);
	assert_int_equal(library.callbacks, 1);
	assert_int_equal(conn_put(&conn,
				 "\x81\x01"
				 "c",
				 3),
		DNC_SENT_FULL);
	assert_int_equal(conn_put(&conn,
				 "\x81\x01"
				 "d",
				 3),
		DNC_SENT_FULL);
	assert_int_equal(library.callbacks, 1); /* one is enough */
	assert_int_equal(library.writes, 2);
	assert_int_equal(conn_proceed(&conn), 0); /* the library still has some */
	assert_int_equal(library.callbacks, 2);
	library.buffered = false;
	assert_int_equal(conn_proceed(&conn), 0); /* the socket takes a part again */
	assert_int_equal(calls.ready, 0);
	library.full = library.buffered = false;
	assert_int_equal(conn_proceed(&conn), 0);
	assert_int_equal(calls.ready, 1);
	assert_true(conn_is_idle(&conn));
	assert_sent("\x81\x01"
		    "a\x81\x01"
		    "b\x81\x01"
		    "c\x81\x01"
		    "d",
		12);
	close_conn();
}

static void a_client_that_reads_nothing_is_not_read(void **state)
{
	static char frame[40 << 10];

	(void)state;
	open_conn(&wire_ws);
	library.full = true;
	for (int i = 0; i < 4; i++)
		conn_put(&conn, frame, sizeof frame);
	assert_true(library.paused);
	library.full = library.buffered = false;
	assert_int_equal(conn_proceed(&conn), 0);
	assert_false(library.paused);
	assert_int_equal(library.n, 4 * sizeof frame);
	close_conn();
}

static void a_close_follows_what_waits_and_ends_all_else(void **state)
{
	(void)state;
	open_conn(&wire_ws);
	library.full = true;
	conn_put(&conn,
		"\x81\x01"
		"a",
		3);
	conn_put(&conn,
		"\x81\x01"
		"b",
		3);
	conn_close(&conn, CLOSE_TOKEN_REVOKED);
	conn_close(&conn, CLOSE_RATE); /* the first reason stays */
	assert_int_equal(calls.ended, 1);
	assert_int_equal(conn_put(&conn,
				 "\x81\x01"
				 "c",
				 3),
		DNC_SENT_DEAD);
	conn_ping(&conn);
	library.full = library.buffered = false;
	assert_int_equal(conn_proceed(&conn), 0);
	assert_sent("\x81\x01"
		    "a\x81\x01"
		    "b\x88\x19\x11\x3btoken rejected: revoked",
		6 + 27);
	assert_int_equal(conn.state, CONN_CLOSE_SENT);
	assert_int_equal(library.close_waits, 1);
	assert_int_equal(conn_proceed(&conn), 0); /* only once */
	assert_int_equal(library.n, 6 + 27);
	assert_int_equal(calls.ready, 0);
	assert_int_equal(conn.reason, CLOSE_TOKEN_REVOKED);
	close_conn();
}

/* It is answered with its code after what waits, and the connection ends once that was sent. */
static void a_client_that_closes_is_answered(void **state)
{
	(void)state;
	open_conn(&wire_ws);
	library.full = true;
	conn_put(&conn,
		"\x81\x01"
		"a",
		3);
	conn_answer_close(&conn, 1000);
	assert_int_equal(calls.ended, 1);
	assert_int_equal(conn_proceed(&conn), 0);
	library.buffered = false;
	assert_int_equal(conn_proceed(&conn), 0);
	assert_sent("\x81\x01"
		    "a\x88\x02\x03\xe8",
		7);
	assert_int_equal(conn_proceed(&conn), 0); /* the socket has not taken it */
	library.buffered = false;
	assert_int_equal(conn_proceed(&conn), -1);
	assert_int_equal(conn.reason, CLOSE_GONE);
	close_conn();
	open_conn(&wire_ws);
	conn_answer_close(&conn, 0);
	conn_proceed(&conn);
	assert_sent("\x88\x00", 2);
	close_conn();
}

static void a_shutdown_says_when_to_come_back(void **state)
{
	(void)state;
	open_conn(&wire_ws);
	conn_close_for_shutdown(&conn, 1234);
	assert_int_equal(conn_proceed(&conn), 0);
	assert_sent("\x88\x15\x03\xe9retry_after_ms=1234", 23);
	close_conn();
}

static void a_failed_write_is_a_lost_connection(void **state)
{
	(void)state;
	open_conn(&wire_ws);
	library.fails = true;
	assert_int_equal(conn_put(&conn,
				 "\x81\x01"
				 "a",
				 3),
		DNC_SENT_DEAD);
	assert_int_equal(conn_put(&conn,
				 "\x81\x01"
				 "a",
				 3),
		DNC_SENT_DEAD);
	assert_int_equal(library.writes, 1);
	assert_int_equal(library.kills, 1);
	assert_int_equal(conn.state, CONN_DEAD);
	assert_int_equal(conn.reason, CLOSE_LOST);
	conn_close(&conn, CLOSE_RATE);
	assert_int_equal(conn.reason, CLOSE_LOST);
	conn_gone(&conn);
	assert_int_equal(conn.reason, CLOSE_LOST);
	assert_int_equal(calls.ended, 1);
	assert_int_equal(conn_proceed(&conn), -1);
	close_conn();
}

static void a_client_that_goes_by_itself_has_ended_once(void **state)
{
	(void)state;
	open_conn(&wire_ws);
	conn_gone(&conn);
	conn_gone(&conn);
	assert_int_equal(conn.reason, CLOSE_GONE);
	assert_int_equal(calls.ended, 1);
	assert_int_equal(library.writes, 0);
	close_conn();
}

static void writes_may_be_limited_to_the_callback(void **state)
{
	(void)state;
	open_conn(&wire_ws);
	shared.write_in_callback = true;
	assert_int_equal(conn_put(&conn,
				 "\x81\x01"
				 "a",
				 3),
		DNC_SENT_FULL);
	assert_int_equal(library.writes, 0);
	assert_int_equal(conn_proceed(&conn), 0);
	assert_sent("\x81\x01"
		    "a",
		3);
	close_conn();
}

static void pings_are_empty_and_streams_get_comments(void **state)
{
	(void)state;
	open_conn(&wire_ws);
	conn_ping(&conn);
	assert_sent("\x89\x00", 2);
	close_conn();
	open_conn(&wire_sse);
	conn_ping(&conn);
	assert_sent(":\n\n", 3);
	close_conn();
}

/* A frame of a text in OUT. */
static size_t frame(char *out, const char *text)
{
	size_t n = strlen(text), head = n < 126 ? 2 : 4;

	out[0] = (char)0x81;
	out[1] = n < 126 ? (char)n : 126;
	if (head == 4) {
		out[2] = (char)(n >> 8);
		out[3] = (char)n;
	}
	memcpy(out + head, text, n);
	return head + n;
}

static void streams_get_each_message_with_an_id_to_go_on_at(void **state)
{
	static const struct {
		const char *text, *sent;
		bool known;
	} cases[] = {
		{"{\"seq\":42,\"id\":1}",
			"id: 0011223344556677:42\ndata: {\"seq\":42,\"id\":1}\n\n", true},
		{"{\"type\":\"error\"}",
			"id: 0011223344556677:41\nevent: connection\n"
			"data: {\"type\":\"error\"}\n\n",
			true},
		/* A client that comes back before the gap was sent must be told of it then. */
		{"{\"type\":\"error\"}", "event: connection\ndata: {\"type\":\"error\"}\n\n",
			false},
		{"{\"seq\":", "event: connection\ndata: {\"seq\":\n\n", false},
		{"{\"seq\":\"x\"}", "event: connection\ndata: {\"seq\":\"x\"}\n\n", false},
	};
	char frames[1024], all[512], expected[1024];
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		open_conn(&wire_sse);
		place.known = cases[i].known;
		n = frame(frames, cases[i].text);
		assert_int_equal(conn_put(&conn, frames, n), DNC_SENT);
		assert_sent(cases[i].sent, strlen(cases[i].sent));
		close_conn();
	}
	/* Several frames in one piece, one of them long. */
	open_conn(&wire_sse);
	n = frame(frames, "{\"seq\":7}");
	snprintf(all, sizeof all, "{\"seq\":8,\"x\":\"%0200d\"}", 0);
	n += frame(frames + n, all);
	conn_put(&conn, frames, n);
	snprintf(expected, sizeof expected, "id: %s:7\ndata: {\"seq\":7}\n\nid: %s:8\ndata: %s\n\n",
		place.epoch, place.epoch, all);
	assert_sent(expected, strlen(expected));
	close_conn();
}

static void a_stream_ends_without_a_close_frame(void **state)
{
	static char text[40 << 10], frames[41 << 10];

	(void)state;
	open_conn(&wire_sse);
	library.full = true;
	memset(text, ' ', sizeof text - 1);
	for (int i = 0; i < 4; i++)
		conn_put(&conn, frames, frame(frames, text));
	conn_close(&conn, CLOSE_LOG);
	library.full = library.buffered = false;
	assert_int_equal(conn_proceed(&conn), -1);
	assert_int_equal(conn.state, CONN_DEAD);
	assert_int_equal(conn.reason, CLOSE_LOG);
	assert_memory_equal(library.sent + library.n - 3, " \n\n", 3); /* nothing after the data */
	close_conn();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_waits_goes_out_in_order_when_the_socket_can_take_it),
		cmocka_unit_test(a_client_that_reads_nothing_is_not_read),
		cmocka_unit_test(a_close_follows_what_waits_and_ends_all_else),
		cmocka_unit_test(a_client_that_closes_is_answered),
		cmocka_unit_test(a_shutdown_says_when_to_come_back),
		cmocka_unit_test(a_failed_write_is_a_lost_connection),
		cmocka_unit_test(a_client_that_goes_by_itself_has_ended_once),
		cmocka_unit_test(writes_may_be_limited_to_the_callback),
		cmocka_unit_test(pings_are_empty_and_streams_get_comments),
		cmocka_unit_test(streams_get_each_message_with_an_id_to_go_on_at),
		cmocka_unit_test(a_stream_ends_without_a_close_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
