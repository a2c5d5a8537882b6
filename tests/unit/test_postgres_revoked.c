/* Tokens that a log in PostgreSQL revokes at all hubs, on a real server. */
#include "await.h"
#include "postgres.h"
#include "base/clock.h"
#include "log/revoke.h"
#include "log/schema.h"
#include "log/writer.h"

static struct postgres server;
static char conninfo[160]; /* of the test's database */
static int databases;

/* This machine's clock, against the server's: the linker passes the calls through here (see the Makefile). */
static int64_t ahead_ms;

int64_t __real_dnc_clock_now_ms(void);
int64_t __wrap_dnc_clock_now_ms(void);

int64_t __wrap_dnc_clock_now_ms(void)
{
	return __real_dnc_clock_now_ms() + ahead_ms;
}

static int64_t number(const char *text)
{
	return strtoll(postgres_query(conninfo, text), NULL, 10);
}

static int make_database(void **state)
{
	char text[64];
	struct dnc_error err;

	(void)state;
	snprintf(text, sizeof text, "CREATE DATABASE log%d", ++databases);
	postgres_sql(&server, text);
	snprintf(conninfo, sizeof conninfo, "host=%s user=postgres dbname=log%d", server.dir,
		databases);
	if (dnc_schema_init(conninfo, &err) < 0)
		fail_msg("%s", err.message);
	return 0;
}

static void changed(void *ctx)
{
	(void)ctx;
}

static struct hub {
	struct dnc_journal *journal;
	struct dnc_writer *writer;
} a, b;

static void open_hub(struct hub *h)
{
	struct dnc_error err;

	h->journal = dnc_journal_open(&(struct dnc_journal_options){.log = conninfo}, &err);
	if (!h->journal)
		fail_msg("%s", err.message);
	h->writer = dnc_writer_new(h->journal, changed, NULL);
	assert_int_equal(dnc_writer_start(h->writer), 0);
}

static void close_hub(struct hub *h)
{
	if (h->writer)
		dnc_writer_join(h->writer);
	dnc_writer_free(h->writer);
	dnc_journal_close(h->journal);
	*h = (struct hub){0};
}

static int close_hubs(void **state)
{
	(void)state;
	close_hub(&a);
	close_hub(&b);
	return 0;
}

/* The ids that H knows are these, in order, each with a comma after it. */
static bool knows(const struct hub *h, const char *ids)
{
	struct dnc_buf out = {0};
	bool same;

	dnc_journal_revoked(h->journal, &out);
	for (size_t i = 0; i < out.n; i++)
		if (!out.p[i])
			out.p[i] = ',';
	same = dnc_str_eq(dnc_buf_view(&out), dnc_str(ids));
	dnc_buf_free(&out);
	return same;
}

static void revoke_one(const char *jti, int64_t expires_ms)
{
	struct dnc_error err;

	if (dnc_log_revoke(conninfo, jti, expires_ms, &err) < 0)
		fail_msg("%s", err.message);
}

/* Runs SQL, which the server refuses: with which words. */
static const char *refusal(const char *user, const char *sql)
{
	static char words[256];
	char text[240];
	PGconn *c;
	PGresult *r;

	snprintf(text, sizeof text, "%s options='-c role=%s'", conninfo, user);
	c = PQconnectdb(text);
	r = PQexec(c, sql);
	snprintf(words, sizeof words, "%s", PQresultErrorMessage(r));
	PQclear(r);
	PQfinish(c);
	return words;
}

static void all_hubs_are_told_and_know_when_they_start(void **state)
{
	int64_t start;
	uint64_t changes;

	(void)state;
	revoke_one("early", 0);
	open_hub(&a);
	assert_true(knows(&a, "early,"));
	open_hub(&b);
	for (int i = 0; i < 5; i++) {
		char jti[16], ids[64] = "early,";

		for (int k = 0; k <= i; k++) {
			snprintf(jti, sizeof jti, "late%d", k);
			strcat(strcat(ids, jti), ",");
		}
		start = dnc_clock_mono_ms();
		revoke_one(jti, dnc_clock_now_ms() + 60000);
		await(knows(&a, ids) && knows(&b, ids));
		/* Sooner than they look without a notification, 5 s after they looked last. The first time they may not listen yet. */
		assert_true(i == 0 || dnc_clock_mono_ms() - start < 4000);
	}
	assert_int_equal(dnc_journal_stats(a.journal).revoked, 6);
	/* Nothing new for anybody. */
	changes = dnc_journal_revocations(a.journal);
	revoke_one("early", 0);
	number("DELETE FROM dnc.revoked WHERE jti LIKE 'late%'");
	await(knows(&a, "early,") && knows(&b, "early,"));
	assert_int_equal(dnc_journal_revocations(a.journal), changes + 1);
}

static void what_was_known_stays_while_the_log_is_away(void **state)
{
	struct dnc_error why;

	(void)state;
	open_hub(&a);
	revoke_one("known", 0);
	await(knows(&a, "known,"));
	postgres_stop(&server, SIGKILL);
	await(dnc_writer_failing(a.writer, &why));
	assert_true(knows(&a, "known,"));
	postgres_start(&server);
	revoke_one("missed", 0);
	await(knows(&a, "known,missed,"));
	await(!dnc_writer_failing(a.writer, &why));
}

static void what_has_expired_is_forgotten_a_day_later(void **state)
{
	(void)state;
	number("INSERT INTO dnc.revoked SELECT 'hour', n - 90000000, n - 3600000 "
	       "FROM dnc.now_ms() n");
	number("INSERT INTO dnc.revoked SELECT 'day', n - 99000000, n - 86500000 "
	       "FROM dnc.now_ms() n");
	open_hub(&a);
	assert_true(knows(&a, "hour,"));
	number("SELECT dnc.prune(NULL, NULL)");
	assert_int_equal(number("SELECT count(*) FROM dnc.revoked"), 1);
	/* Of those who give two times the later one counts, and never is later than any. */
	revoke_one("x", dnc_clock_now_ms() + 60000);
	revoke_one("x", dnc_clock_now_ms() + 90000);
	revoke_one("x", dnc_clock_now_ms() + 30000);
	assert_true(number("SELECT expires FROM dnc.revoked WHERE jti = 'x'") >
		    dnc_clock_now_ms() + 60000);
	revoke_one("x", 0);
	revoke_one("x", dnc_clock_now_ms() + 30000);
	assert_int_equal(number("SELECT count(expires) FROM dnc.revoked WHERE jti = 'x'"), 0);
}

static void what_would_revoke_nothing_is_refused(void **state)
{
	char longest[129];
	struct dnc_error err;

	(void)state;
	memset(longest, 'x', sizeof longest - 1);
	longest[128] = '\0';
	assert_int_equal(dnc_log_revoke(conninfo, longest, 0, &err), -1);
	assert_non_null(strstr(err.message, "1 to 127 bytes"));
	assert_int_equal(dnc_log_revoke(conninfo, "", 0, &err), -1);
	/* Seconds instead of milliseconds. */
	assert_int_equal(dnc_log_revoke(conninfo, "x", dnc_clock_now_ms() / 1000, &err), -1);
	assert_int_equal(err.code, EINVAL);
	assert_non_null(strstr(err.message, "ms since 1970"));
	assert_int_equal(number("SELECT count(*) FROM dnc.revoked"), 0);
	revoke_one(longest + 1, 0);
}

static void more_than_hubs_can_hold_is_refused(void **state)
{
	struct dnc_error err;

	(void)state;
	number("INSERT INTO dnc.revoked SELECT 'n' || n FROM generate_series(1, 100000) n");
	assert_int_equal(dnc_log_revoke(conninfo, "more", 0, &err), -1);
	assert_non_null(strstr(err.message, "100000 tokens may be revoked at most"));
	assert_non_null(strstr(err.message, "another key"));
	revoke_one("n1", 0);
	open_hub(&a);
	assert_int_equal(dnc_journal_stats(a.journal).revoked, 100000);
	/* Somebody took the limit away. */
	number("ALTER TABLE dnc.revoked DISABLE TRIGGER ALL");
	number("INSERT INTO dnc.revoked SELECT 'm' || n FROM generate_series(1, 100000) n");
	revoke_one("more", 0);
	close_hub(&a);
	assert_null(dnc_journal_open(&(struct dnc_journal_options){.log = conninfo}, &err));
	assert_non_null(strstr(err.message, "more than 200000 tokens"));
	assert_non_null(strstr(err.message, "set the clock"));
}

/* Those that have expired by the server's clock make room there. */
static void a_hub_whose_clock_is_behind_holds_those_that_have_expired_at_the_server(void **state)
{
	static const int64_t day_ms = 86400000;

	(void)state;
	number("INSERT INTO dnc.revoked (jti, at, expires) SELECT 'old' || n, "
	       "dnc.now_ms() - 3 * 86400000::bigint, dnc.now_ms() - 2 * 86400000::bigint "
	       "FROM generate_series(1, 100000) n");
	number("INSERT INTO dnc.revoked (jti, expires) SELECT 'new' || n, "
	       "dnc.now_ms() + 86400000 FROM generate_series(1, 100000) n");
	open_hub(&a);
	assert_int_equal(dnc_journal_stats(a.journal).revoked, 100000);
	close_hub(&a);
	ahead_ms = -2 * day_ms;
	open_hub(&a);
	ahead_ms = 0;
	assert_int_equal(dnc_journal_stats(a.journal).revoked, 200000);
	close_hub(&a);
}

static void a_hub_can_neither_revoke_nor_take_that_back(void **state)
{
	static const char *const refused[][2] = {
		{"dnc_writer", "SELECT dnc.revoke('x')"},
		{"dnc_writer", "DELETE FROM dnc.revoked"},
		{"dnc_writer", "UPDATE dnc.revoked SET expires = at + 1"},
		{"dnc_writer", "INSERT INTO dnc.revoked VALUES ('x')"},
		{"dnc_writer", "UPDATE dnc.log SET value = '0'"},
		{"dnc_reader", "SELECT dnc.revoke('x')"},
		{"dnc_revoker", "DELETE FROM dnc.revoked"},
		{"dnc_revoker", "SELECT * FROM dnc.events"},
	};

	(void)state;
	assert_string_equal(
		refusal("dnc_revoker", "SELECT dnc.revoke('good', note => 'lost')"), "");
	assert_string_equal(refusal("dnc_revoker", "SELECT * FROM dnc.revoked"), "");
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
		if (!strstr(refusal(refused[i][0], refused[i][1]), "permission denied"))
			fail_msg("%s: %s", refused[i][0], refused[i][1]);
	assert_int_equal(number("SELECT count(*) FROM dnc.revoked"), 1);
}

static int set_up(void **state)
{
	(void)state;
	postgres_new(&server);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	postgres_free(&server);
	return 0;
}

#define log_test(name) cmocka_unit_test_setup_teardown(name, make_database, close_hubs)

int main(void)
{
	const struct CMUnitTest tests[] = {
		log_test(all_hubs_are_told_and_know_when_they_start),
		log_test(what_was_known_stays_while_the_log_is_away),
		log_test(what_has_expired_is_forgotten_a_day_later),
		log_test(what_would_revoke_nothing_is_refused),
		log_test(more_than_hubs_can_hold_is_refused),
		log_test(a_hub_whose_clock_is_behind_holds_those_that_have_expired_at_the_server),
		log_test(a_hub_can_neither_revoke_nor_take_that_back),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
