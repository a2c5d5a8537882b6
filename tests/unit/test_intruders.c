/* The log in PostgreSQL, and who is let into its database, but not meant to do more than that. */
#include "numbered.h"
#include "postgres.h"
#include <errno.h>
#include "log/priv/journal.h"
#include "log/priv/journal_ops.h"
#include "log/priv/pg.h"
#include "log/hubs.h"
#include "log/providers.h"
#include "log/rates.h"
#include "log/revoke.h"
#include "log/schema.h"
#include "log/writer.h"

static struct postgres server;
static struct dnc_error err;
static char conninfo[160];

static int start_server(void **state)
{
	(void)state;
	postgres_new(&server);
	postgres_sql(&server, "CREATE ROLE mallory LOGIN");
	return 0;
}

static int end_server(void **state)
{
	(void)state;
	postgres_free(&server);
	return 0;
}

/* Each test has a database of its own, in which mallory may make schemas. */
static int make_database(void **state)
{
	static int n;
	char sql[96];

	(void)state;
	snprintf(sql, sizeof sql, "CREATE DATABASE log%d", ++n);
	postgres_sql(&server, sql);
	snprintf(sql, sizeof sql, "GRANT CREATE ON DATABASE log%d TO mallory", n);
	postgres_sql(&server, sql);
	snprintf(conninfo, sizeof conninfo, "host=%s user=postgres dbname=log%d", server.dir, n);
	memcpy(server.log, conninfo, sizeof server.log);
	return 0;
}

static void make_log(void)
{
	if (dnc_schema_init(conninfo, &err) < 0)
		fail_msg("%s", err.message);
}

/* The connection string of another login. */
static const char *login(const char *user)
{
	static char as[200];

	snprintf(as, sizeof as, "%s user=%s", conninfo, user);
	return as;
}

static PGconn *run_as(const char *user, const char *sql)
{
	PGconn *conn = PQconnectdb(login(user));
	PGresult *r = PQexec(conn, sql);

	if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(conn));
	PQclear(r);
	return conn;
}

static struct pg *open_pg(const char *as)
{
	struct pg *pg = pg_new(as, PG_PRIMARY, "unit", &err);

	if (!pg)
		fail_msg("%s", err.message);
	return pg;
}

static void expect(struct pg *pg, const char *sql)
{
	PGresult *r = pg_run(pg, sql, 0, NULL, &err);

	if (!r)
		fail_msg("%s: %s", sql, err.message);
	PQclear(r);
}

static void refuses(const char *words)
{
	assert_int_equal(dnc_schema_init(conninfo, &err), -1);
	if (!strstr(err.message, words))
		fail_msg("%s", err.message);
	assert_string_equal(
		postgres_sql(&server, "SELECT rolsuper FROM pg_roles WHERE rolname = 'mallory'"),
		"f");
}

#define TRAP                                                                                       \
	"CREATE TABLE dnc.log (key text PRIMARY KEY, value text NOT NULL); "                       \
	"CREATE FUNCTION dnc.spring() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "               \
	"EXECUTE 'RESET ROLE'; EXECUTE 'ALTER ROLE mallory SUPERUSER'; RETURN new; END $$; "       \
	"CREATE TRIGGER spring BEFORE INSERT ON dnc.log FOR EACH ROW EXECUTE FUNCTION dnc.spring()"

/* A superuser makes the log where somebody was before: he would run what that one has left there. */
static void nothing_is_made_where_others_were(void **state)
{
	(void)state;
	PQfinish(run_as("mallory", "CREATE SCHEMA dnc; " TRAP));
	refuses("the schema dnc belongs to mallory");
	postgres_sql(&server, "DROP SCHEMA dnc CASCADE");

	/* The schema is ours, and what is in it is not. */
	postgres_sql(&server, "CREATE SCHEMA dnc; GRANT USAGE, CREATE ON SCHEMA dnc TO mallory");
	PQfinish(run_as("mallory", TRAP));
	refuses("belongs to mallory");
	postgres_sql(&server, "DROP SCHEMA dnc CASCADE");
	make_log();
}

/* Also by a member of dnc_admin, who may make no schemas. */
static void an_administrator_of_the_log_makes_it_again(void **state)
{
	(void)state;
	make_log();
	postgres_sql(
		&server, "DROP ROLE IF EXISTS keeper; CREATE ROLE keeper LOGIN IN ROLE dnc_admin");
	if (dnc_schema_init(login("keeper"), &err) < 0)
		fail_msg("%s", err.message);
}

/* Locks of numbers can be taken by everybody who is let in. */
static void who_is_let_in_holds_up_no_hub(void **state)
{
	PGconn *stranger;
	struct pg *hub;

	(void)state;
	make_log();
	postgres_sql(&server, "DROP ROLE IF EXISTS hub; CREATE ROLE hub LOGIN IN ROLE dnc_writer");
	stranger = run_as(
		"mallory", "SELECT pg_advisory_lock(6581859, n) FROM generate_series(1, 9) n");
	hub = open_pg(login("hub"));
	expect(hub,
		"SELECT i FROM dnc.append(ARRAY[gen_random_uuid()], ARRAY['dnc.check.performed'], "
		"ARRAY[NULL], ARRAY[NULL], ARRAY['low'], ARRAY[''], ARRAY['{}'], '{}')");
	expect(hub, "SELECT dnc.check_epoch(), dnc.prune(1, 0)");
	if (dnc_log_revoke(conninfo, "t1", 0, &err) < 0)
		fail_msg("%s", err.message);
	pg_free(hub);
	PQfinish(stranger);
}

/* One who may revoke, and has not committed yet: of a token that has expired, which is to be removed. */
static void who_revokes_holds_up_no_hub(void **state)
{
	PGconn *revoker;
	struct pg *hub;

	(void)state;
	make_log();
	postgres_sql(&server,
		"DROP ROLE IF EXISTS hub; CREATE ROLE hub LOGIN IN ROLE dnc_writer; "
		"DROP ROLE IF EXISTS desk; CREATE ROLE desk LOGIN IN ROLE dnc_revoker; "
		"INSERT INTO dnc.revoked VALUES ('old', 1, 2), ('older', 1, 2)");
	revoker = run_as("desk", "BEGIN; SELECT dnc.revoke('old')");
	hub = open_pg(login("hub"));
	expect(hub, "SELECT dnc.prune(1, 0)");
	assert_string_equal(
		postgres_sql(&server, "SELECT string_agg(jti, ' ') FROM dnc.revoked"), "old");
	pg_free(hub);
	PQfinish(revoker);
}

/* Up to PostgreSQL 14 everybody could make functions in schema public. */
static void what_others_have_made_is_not_called(void **state)
{
	struct pg *pg;
	PGresult *r;

	(void)state;
	postgres_sql(&server, "GRANT CREATE ON SCHEMA public TO PUBLIC");
	PQfinish(run_as("mallory",
		"CREATE FUNCTION public.more(bigint, numeric) RETURNS boolean LANGUAGE sql AS 'SELECT true'; "
		"CREATE OPERATOR public.> (LEFTARG = bigint, RIGHTARG = numeric, FUNCTION = public.more)"));
	pg = open_pg(conninfo);
	r = pg_run(pg, "SELECT 1::bigint > 2::numeric", 0, NULL, &err);
	assert_non_null(r);
	assert_false(pg_get_bool(r, 0, 0));
	PQclear(r);
	pg_free(pg);
}

static void changed(void *ctx)
{
	(void)ctx;
}

static bool is_revoked(const struct dnc_journal *j)
{
	struct dnc_buf ids = {0};
	bool any;

	dnc_journal_revoked(j, &ids);
	any = ids.n > 0;
	dnc_buf_free(&ids);
	return any;
}

/* Everybody may send a NOTIFY with any number. */
static void what_is_not_there_is_not_waited_for(void **state)
{
	struct dnc_journal *j;
	struct dnc_writer *w;
	int64_t until = dnc_clock_mono_ms() + 60000;

	(void)state;
	make_log();
	j = dnc_journal_open(&(struct dnc_journal_options){.log = conninfo}, &err);
	if (!j)
		fail_msg("%s", err.message);
	w = dnc_writer_new(j, changed, NULL);
	assert_int_equal(dnc_writer_start(w), 0);
	postgres_wait(&server,
		"SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dnc-wsd: follows' "
		"AND state = 'idle' AND query LIKE 'SELECT (SELECT epoch %'",
		"1");
	PQfinish(run_as("mallory", "NOTIFY dnc, '5000000'"));
	/* What comes later than that. */
	if (dnc_log_revoke(conninfo, "t1", 0, &err) < 0)
		fail_msg("%s", err.message);
	while ((!is_revoked(j) || dnc_journal_stats(j).lag_events) && dnc_clock_mono_ms() < until)
		usleep(1000);
	assert_int_equal(dnc_journal_stats(j).lag_events, 0);
	assert_true(is_revoked(j));
	/* Nor is another server looked for, for which this one would be left. */
	assert_int_equal(dnc_journal_stats(j).reconnects, 0);
	dnc_writer_join(w);
	dnc_writer_free(w);
	dnc_journal_close(j);
}

/* Event 1. */
static bool take(void *ctx, uint64_t seq, struct dnc_str line)
{
	assert_int_equal(seq, 1);
	*(size_t *)ctx = line.n;
	return true;
}

/* Makes the line of event 1 what SQL makes of e, as it was. */
static void put_line(const char *sql)
{
	char update[256];

	snprintf(update, sizeof update,
		"UPDATE dnc.events SET event = n.n FROM (SELECT %s AS n FROM public.was) n", sql);
	postgres_sql(&server, update);
}

/* Reads event 1 and gives the length of its line; 0 when that fails. */
static size_t read_line(struct dnc_journal_reader *r, bool back)
{
	size_t n = 0;

	err.message[0] = '\0';
	if (dnc_journal_read(r, 1, back, (struct dnc_str){0}, take, &n, &err) == 0)
		return n;
	if (!strstr(err.message, "event 1 of dnc.events"))
		fail_msg("%s", err.message);
	return 0;
}

/* A hub may read what others wrote: after a row that was damaged it has it again once that is mended. */
static void only_events_are_read(void **state)
{
	static const char *const cases[] = {
		"''",
		"'{}'",
		"'no event'",
		"'{\"seq\":77,' || substr(e, 2)",
		"substr(e, 1, 100)",
		"replace(e, '\"type\"', chr(10) || '\"type\"')",
		"replace(e, '\"type\"', '\"' || chr(27) || '[31m\"')",
		"replace(e, '\"type\"', repeat('\"x', 100000) || '\"type\"')",
	};
	char line[NUMBERED_BYTES], sql[NUMBERED_BYTES + 64];
	struct dnc_journal *j;

	(void)state;
	make_log();
	numbered_line(line, 1, "x");
	snprintf(sql, sizeof sql, "CREATE TABLE public.was AS SELECT '%s' AS e", line);
	postgres_sql(&server, sql);
	postgres_sql(&server,
		"SELECT dnc.append(ARRAY[gen_random_uuid()], ARRAY['dnc.check.performed'], ARRAY[NULL], "
		"ARRAY[NULL], ARRAY['low'], ARRAY[''], ARRAY[e], '{}') FROM public.was");
	j = dnc_journal_open(&(struct dnc_journal_options){.log = conninfo}, &err);
	for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
		struct dnc_journal_reader *r = journal_reader_new(j, &err);

		put_line(cases[i / 2]);
		if (read_line(r, i % 2) != 0)
			fail_msg("%s was read", cases[i / 2]);
		put_line("e");
		assert_int_equal(read_line(r, i % 2), strlen(line));
		journal_reader_free(r);
	}
	dnc_journal_close(j);
}

static bool take_any(void *ctx, uint64_t seq, int64_t logged_at_ms, struct dnc_str line)
{
	(void)ctx, (void)seq, (void)logged_at_ms, (void)line;
	return true;
}

/* As of an index that is damaged: it is not that events were lost, for which hubs would end. */
static void numbers_that_go_back_are_no_loss(void **state)
{
	char line[NUMBERED_BYTES], sql[NUMBERED_BYTES + 512];
	struct dnc_journal *j;
	uint64_t from, to;

	(void)state;
	make_log();
	numbered_line(line, 1, "x");
	j = dnc_journal_open(&(struct dnc_journal_options){.log = conninfo}, &err);
	assert_int_equal(j->ops->follow->read(j, take_any, NULL, &err), 0);
	snprintf(sql, sizeof sql,
		"ALTER TABLE dnc.events RENAME TO other; CREATE VIEW dnc.events AS SELECT seq, 1::bigint "
		"AS logged_at, '%s'::text AS event, gen_random_uuid() AS id FROM "
		"unnest(ARRAY[1, 2, 2]::bigint[]) seq",
		line);
	postgres_sql(&server, sql);
	assert_int_equal(j->ops->follow->read(j, take_any, NULL, &err), -1);
	if (!strstr(err.message, "after event 2 its server gave another event 2"))
		fail_msg("%s", err.message);
	assert_false(dnc_journal_lost(j, &from, &to));
	assert_int_equal(j->ops->follow->read(j, take_any, NULL, &err), -1);
	assert_int_equal(dnc_journal_stats(j).reconnects, 0); /* which would not help */
	dnc_journal_close(j);
}

/* True or not, it is told as the hub's lag until the log was read. */
static void what_is_announced_is_lag_until_all_was_read(void **state)
{
	struct dnc_journal *j;

	(void)state;
	make_log();
	j = dnc_journal_open(&(struct dnc_journal_options){.log = conninfo}, &err);
	assert_int_equal(j->ops->follow->read(j, take_any, NULL, &err), 0);
	postgres_sql(&server, "NOTIFY dnc, '20000'");
	assert_int_equal(j->ops->follow->wait(j, 60000, &err), 0);
	assert_int_equal(dnc_journal_stats(j).lag_events, 20000);
	assert_int_equal(j->ops->follow->read(j, take_any, NULL, &err), 0);
	assert_int_equal(dnc_journal_stats(j).lag_events, 0);
	dnc_journal_close(j);
}

static bool count(void *ctx, uint64_t seq, struct dnc_str line)
{
	(void)seq, (void)line;
	return ++*(int *)ctx < 100;
}

/* Nor are events given to a client twice that replays the log, forwards or backwards, or reads those of a number. */
static void numbers_that_come_twice_are_not_read(void **state)
{
	static const struct dnc_str phones[] = {{0}, DNC_STR("+13035550001")};
	char line[NUMBERED_BYTES], sql[NUMBERED_BYTES + 512];
	struct dnc_journal *j;

	(void)state;
	make_log();
	numbered_line(line, 1, "x");
	snprintf(sql, sizeof sql,
		"ALTER TABLE dnc.events RENAME TO other; CREATE VIEW dnc.events AS SELECT seq, 1::bigint "
		"AS logged_at, '%s'::text AS event, gen_random_uuid() AS id, "
		"'+13035550001'::text AS phone_number, ''::text AS type FROM unnest(ARRAY[1, 2, 2, 3]::bigint[]) seq; "
		"CREATE OR REPLACE FUNCTION dnc.newest(OUT seq bigint, OUT logged_at bigint) LANGUAGE sql AS "
		"'SELECT 3::bigint, 1::bigint'",
		line);
	postgres_sql(&server, sql);
	j = dnc_journal_open(&(struct dnc_journal_options){.log = conninfo}, &err);
	if (!j)
		fail_msg("%s", err.message);
	for (int i = 0; i < 4; i++) {
		struct dnc_journal_reader *r = journal_reader_new(j, &err);
		bool back = i % 2;
		int n = 0;

		assert_int_equal(
			dnc_journal_read(r, back ? 3 : 1, back, phones[i / 2], count, &n, &err),
			-1);
		if (!strstr(err.message, "its server gave another event 2"))
			fail_msg("%s", err.message);
		assert_true(n <= 2);
		journal_reader_free(r);
	}
	dnc_journal_close(j);
}

/* Times that can't be written would make answers of the hub that are no JSON. */
static void times_that_cannot_be_are_not_known(void **state)
{
	static uint64_t sums[1][DNC_TYPES];
	struct dnc_journal *j;

	(void)state;
	make_log();
	postgres_sql(&server,
		"SELECT dnc.append(ARRAY[gen_random_uuid()], ARRAY['dnc.check.performed'], ARRAY[NULL], "
		"ARRAY[NULL], ARRAY['low'], ARRAY[''], ARRAY['{}'], '{}'); "
		"UPDATE dnc.events SET logged_at = 9223372036854775807; "
		"INSERT INTO dnc.rates SELECT s, 'dnc.check.performed', 1 FROM "
		"unnest(ARRAY[9223372036854775806, 1000000000000000, -1, -9223372036854775807]) s; "
		"INSERT INTO dnc.log VALUES ('counted', '9223372036854775807 -9223372036854775807 1')");
	j = dnc_journal_open(&(struct dnc_journal_options){.log = conninfo}, &err);
	if (!j)
		fail_msg("%s", err.message);
	assert_int_equal(dnc_journal_stats(j).newest_ms, 0);
	assert_int_equal(dnc_rates_sum(dnc_journal_rates(j), 1000000000000000, 1, 1, sums), 0);
	assert_int_equal(sums[0][DNC_CHECK_PERFORMED], 0);
	dnc_journal_close(j);
}

/* What is kept of providers is told to clients as it is: a row that no server wrote must not be. */
static void only_events_are_known_of_providers(void **state)
{
	struct dnc_provider provider = {0};
	struct dnc_journal *j;

	(void)state;
	make_log();
	postgres_sql(&server,
		"INSERT INTO dnc.log VALUES ('provider 0 a', '1 1000 }, \"x\": {'), "
		"('provider 0 ', '1 1000 {\"id\":\"\"}'), ('provider 0 b', '1 1000 {\"id\":\"\"}')");
	j = dnc_journal_open(&(struct dnc_journal_options){.log = conninfo}, &err);
	if (!j)
		fail_msg("%s", err.message);
	assert_int_equal(dnc_providers_next(dnc_journal_providers(j), &provider), 1);
	assert_true(dnc_str_eq(dnc_buf_view(&provider.name), DNC_STR("b")));
	assert_int_equal(dnc_providers_next(dnc_journal_providers(j), &provider), 0);
	dnc_provider_free(&provider);
	dnc_journal_close(j);
}

/* A hub that says it has less than no clients, as one with the role of hubs can. */
static void clients_of_other_hubs_are_not_less_than_none(void **state)
{
	struct dnc_hubs_row rows[2];
	struct dnc_journal *j;

	(void)state;
	make_log();
	postgres_sql(&server, "SELECT dnc.show_hub('x', 'ws://h', 'v', -5)");
	j = dnc_journal_open(&(struct dnc_journal_options){.log = conninfo}, &err);
	assert_int_equal(j->ops->follow->read(j, take_any, NULL, &err), 0);
	assert_int_equal(dnc_hubs_others(dnc_journal_hubs(j), rows, 2), 1);
	assert_int_equal(rows[0].connections, 0);
	dnc_journal_close(j);
}

/* A server may warn as often as it likes. */
static void warnings_do_not_fill_the_log(void **state)
{
	struct pg *pg;
	FILE *out = tmpfile();
	int saved = dup(STDERR_FILENO), lines = 0;

	(void)state;
	postgres_sql(&server,
		"CREATE FUNCTION public.warn() RETURNS int LANGUAGE plpgsql AS $$ BEGIN FOR i IN 1..2000 LOOP "
		"RAISE WARNING 'again' USING ERRCODE = '01004'; END LOOP; RETURN 1; END $$");
	pg = open_pg(conninfo);
	dup2(fileno(out), STDERR_FILENO);
	expect(pg, "SELECT public.warn()");
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(out);
	for (int c; (c = getc(out)) != EOF;)
		lines += c == '\n';
	fclose(out);
	assert_in_range(lines, 1, 100);
	pg_free(pg);
}

static void who_could_be_on_the_way_is_known(void **state)
{
	static const struct {
		const char *address, *sslmode;
		bool encrypted, overheard;
	} cases[] = {
		{NULL, NULL, false, false}, /* a Unix socket */
		{"", "prefer", false, false},
		{"127.0.0.1", "prefer", false, false},
		{"::1", "disable", false, false},
		{"192.0.2.1", "disable", false, true},
		{"192.0.2.1", "prefer", true, true},
		{"192.0.2.1", "require", true, true},
		{"2001:db8::1", NULL, true, true},
		{"192.0.2.1", "verify-ca", true, false},
		{"2001:db8::1", "verify-full", true, false},
		{"192.0.2.1", "verify-full", false, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (pg_can_be_overheard(cases[i].address, cases[i].encrypted, cases[i].sslmode) !=
			cases[i].overheard)
			fail_msg("case %zu", i);
}

#define TEST(f) cmocka_unit_test_setup(f, make_database)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_made_where_others_were),
		TEST(an_administrator_of_the_log_makes_it_again),
		TEST(who_is_let_in_holds_up_no_hub),
		TEST(who_revokes_holds_up_no_hub),
		TEST(what_others_have_made_is_not_called),
		TEST(what_is_not_there_is_not_waited_for),
		TEST(only_events_are_read),
		TEST(numbers_that_go_back_are_no_loss),
		TEST(what_is_announced_is_lag_until_all_was_read),
		TEST(numbers_that_come_twice_are_not_read),
		TEST(times_that_cannot_be_are_not_known),
		TEST(only_events_are_known_of_providers),
		TEST(clients_of_other_hubs_are_not_less_than_none),
		TEST(warnings_do_not_fill_the_log),
		cmocka_unit_test(who_could_be_on_the_way_is_known),
	};

	return cmocka_run_group_tests(tests, start_server, end_server);
}
