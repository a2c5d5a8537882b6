/* The connection to PostgreSQL, and what only looks like a server: it sends without an end. The program's clock runs faster than
 * the real one. */
#include "unit.h"
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/clock.h"
#include "log/priv/pg.h"

enum { SPEED = 10 };

/* Messages of the protocol. */
#define READY    DNC_STR("Z\0\0\0\5I")
#define PARSED   DNC_STR("1\0\0\0\4")
#define NO_ROWS  DNC_STR("2\0\0\0\4T\0\0\0\6\0\0C\0\0\0\15SELECT 0\0")
#define COMPLETE DNC_STR("C\0\0\0\15SELECT 0\0")
#define NOTICE   DNC_STR("N\0\0\0\47SNOTICE\0VNOTICE\0C00000\0Msay again\0\0")
#define REPORTS  DNC_STR("S\0\0\0\16TimeZone\0\0")
#define WORD     DNC_STR("A\0\0\0\16\0\0\0\1dnc\0w\0")
#define COPIES   "W\0\0\0\7\0\0\0"
#define REFUSES  "E\0\0\0\26SERROR\0C22012\0Mx\0\0"
#define LOGIN                                                                                      \
	DNC_STR("R\0\0\0\10\0\0\0\0"                                                               \
		"S\0\0\0\30server_version\00015.0\0"                                               \
		"S\0\0\0\27in_hot_standby\0off\0"                                                  \
		"S\0\0\0\46default_transaction_read_only\0off\0"                                   \
		"K\0\0\0\14\0\0\0\1\0\0\0\1")

enum stage { AT_LOGIN, AT_SET_UP, AT_ANSWER, AT_REST };

/* What is sent at a stage, again and again; or once. */
struct play {
	enum stage stage;
	struct dnc_str message;
	bool once;
};

static struct {
	struct play play;
	char dir[64];
	int fd;
	pthread_t thread;
} server;

static struct dnc_error err;

int64_t __wrap_dnc_clock_mono_ms(void);
int64_t __real_dnc_clock_mono_ms(void);

int64_t __wrap_dnc_clock_mono_ms(void)
{
	usleep(200); /* meanwhile there is more to be read */
	return SPEED * __real_dnc_clock_mono_ms();
}

static bool put(int fd, struct dnc_str s)
{
	return send(fd, s.p, s.n, MSG_NOSIGNAL) == (ssize_t)s.n;
}

/* True when the stage has nothing to send. */
static bool pass(int fd, enum stage stage)
{
	char many[65536];
	size_t n = 0;

	if (stage != server.play.stage)
		return true;
	if (server.play.once)
		return put(fd, server.play.message);
	for (; n + server.play.message.n <= sizeof many; n += server.play.message.n)
		memcpy(many + n, server.play.message.p, server.play.message.n);
	while (put(fd, (struct dnc_str){many, n}))
		;
	return false;
}

/* Reads a message, after its TYPE. */
static bool read_message(int fd)
{
	unsigned char size[4], rest[4096];
	size_t n;

	if (recv(fd, size, 4, MSG_WAITALL) != 4)
		return false;
	n = ((size_t)size[2] << 8 | size[3]) - 4;
	return !n || (n <= sizeof rest && recv(fd, rest, n, MSG_WAITALL) == (ssize_t)n);
}

static bool answer(int fd, char type, bool *bound)
{
	switch (type) {
	case 'Q':
		return pass(fd, AT_SET_UP) && put(fd, DNC_STR("T\0\0\0\6\0\0")) &&
		       put(fd, COMPLETE) && put(fd, READY);
	case 'P':
		return put(fd, PARSED);
	case 'B':
		*bound = true;
		return true;
	case 'S':
		if (*bound && (!pass(fd, AT_ANSWER) || !put(fd, NO_ROWS)))
			return false;
		return put(fd, READY) && (!*bound || pass(fd, AT_REST));
	default:
		return true;
	}
}

static void *serve(void *ctx)
{
	int fd;

	(void)ctx;
	while ((fd = accept(server.fd, NULL, NULL)) >= 0) {
		bool bound = false, goes_on = read_message(fd) && put(fd, LOGIN) &&
		                              pass(fd, AT_LOGIN) && put(fd, READY);
		char type;

		while (goes_on && recv(fd, &type, 1, 0) == 1)
			goes_on = read_message(fd) && answer(fd, type, &bound);
		close(fd);
	}
	return NULL;
}

static struct pg *begin(struct play play)
{
	static char conninfo[96];
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct pg *pg;

	server.play = play;
	strcpy(server.dir, "/tmp/dnc-flood-XXXXXX");
	assert_non_null(mkdtemp(server.dir));
	snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", server.dir);
	server.fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(server.fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(server.fd, 8), 0);
	assert_int_equal(pthread_create(&server.thread, NULL, serve, NULL), 0);
	snprintf(conninfo, sizeof conninfo, "host=%s user=u dbname=d", server.dir);
	pg = pg_new(conninfo, PG_PRIMARY, "unit", &err);
	assert_non_null(pg);
	return pg;
}

static void end(struct pg *pg)
{
	char path[96];

	pg_free(pg);
	shutdown(server.fd, SHUT_RDWR);
	pthread_join(server.thread, NULL);
	close(server.fd);
	snprintf(path, sizeof path, "%s/.s.PGSQL.5432", server.dir);
	unlink(path);
	assert_int_equal(rmdir(server.dir), 0);
}

static PGresult *run(struct pg *pg)
{
	return pg_run(pg, "SELECT 1", 0, NULL, &err);
}

static void who_keeps_to_the_protocol_is_a_server(void **state)
{
	struct pg *pg = begin((struct play){AT_ANSWER, NOTICE, true});
	PGresult *r = run(pg);

	(void)state;
	if (!r)
		fail_msg("%s", err.message);
	PQclear(r);
	end(pg);
}

static void who_sends_without_an_end_is_given_up(void **state)
{
	static const struct {
		struct play play;
		int64_t ms;
		const char *words;
	} cases[] = {
		{{AT_LOGIN, REPORTS, false}, PG_CONNECT_MS, "no answer for a connection in time"},
		{{AT_LOGIN, NOTICE, false}, PG_CONNECT_MS, "no answer for a connection in time"},
		{{AT_SET_UP, NOTICE, false}, PG_CONNECT_MS, "no answer in time"},
		{{AT_SET_UP, COMPLETE, false}, PG_CONNECT_MS, "no answer in time"},
		{{AT_ANSWER, NOTICE, false}, PG_CALL_MS, "no answer in time"},
		{{AT_ANSWER, WORD, false}, PG_CALL_MS, "no answer in time"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct pg *pg = begin(cases[i].play);
		int64_t before = dnc_clock_mono_ms(), took;

		assert_null(run(pg));
		took = dnc_clock_mono_ms() - before;
		if (err.code != ETIMEDOUT || !strstr(err.message, cases[i].words))
			fail_msg("case %zu: %d %s", i, err.code, err.message);
		assert_in_range(took, cases[i].ms - 100, cases[i].ms + 8000);
		end(pg);
	}
}

/* A notification is waited for in spite of it, or a wake-up. */
static void who_sends_without_an_end_wakes_nobody(void **state)
{
	(void)state;
	for (int wakes = 0; wakes < 2; wakes++) {
		struct pg *pg = begin((struct play){AT_REST, NOTICE, false});
		int wake = eventfd((unsigned)wakes, 0);
		PGresult *r = run(pg);
		int64_t before = dnc_clock_mono_ms();
		uint64_t n;

		assert_non_null(r);
		PQclear(r);
		assert_int_equal(pg_wait_notify(pg, wake, 20000, &n, &err), 0);
		if (wakes)
			assert_in_range(dnc_clock_mono_ms() - before, 0, 8000);
		else
			assert_in_range(dnc_clock_mono_ms() - before, 19900, 28000);
		close(wake);
		end(pg);
	}
}

/* What was there when the limit was over is taken: this machine may have been stopped meanwhile. */
static void what_came_in_time_is_taken_late(void **state)
{
	struct pg *pg = begin((struct play){AT_ANSWER, NOTICE, true});
	PGresult *r;

	(void)state;
	assert_int_equal(pg_send(pg, "SELECT 1", 0, NULL, &err), 0);
	usleep(1000 * (PG_CALL_MS + 1000) / SPEED); /* what takes time is the time */
	r = pg_take(pg, &err);
	if (!r)
		fail_msg("%s", err.message);
	PQclear(r);
	end(pg);
}

/* libpq has one result after the other for it, without an end and without a server. */
static void a_copy_both_ways_is_no_answer(void **state)
{
	static const struct {
		struct play play;
		int code;
	} cases[] = {
		{{AT_SET_UP, DNC_STR(COPIES), true}, EIO},
		{{AT_ANSWER, DNC_STR(COPIES), true}, EINVAL},
		{{AT_SET_UP, DNC_STR(REFUSES COPIES), true}, EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct pg *pg = begin(cases[i].play);

		assert_null(run(pg));
		if (err.code != cases[i].code)
			fail_msg("case %zu: %d %s", i, err.code, err.message);
		end(pg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_keeps_to_the_protocol_is_a_server),
		cmocka_unit_test(who_sends_without_an_end_is_given_up),
		cmocka_unit_test(who_sends_without_an_end_wakes_nobody),
		cmocka_unit_test(what_came_in_time_is_taken_late),
		cmocka_unit_test(a_copy_both_ways_is_no_answer),
	};

	alarm(60); /* what does not end fails */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
