/* The log in PostgreSQL: what its functions do, who may call them, and how it is made. */
#include "postgres.h"
#include <errno.h>
#include <sys/wait.h>
#include "log/priv/schema.h"
#include "log/schema.h"

enum { PARTITION = 100, COLUMNS = 8 };

#define APPEND_SQL "SELECT i, seq, stored FROM dnc.append($1, $2, $3, $4, $5, $6, $7, $8)"

static struct postgres server, standby;
static struct dnc_error err;
static char conninfo[160];

static int start_server(void **state)
{
	(void)state;
	postgres_new(&server);
	return 0;
}

static int end_servers(void **state)
{
	(void)state;
	postgres_free(&standby);
	postgres_free(&server);
	return 0;
}

/* Each test has a database of its own. */
static int make_log(void **state)
{
	static int n;
	char sql[64];

	(void)state;
	snprintf(sql, sizeof sql, "CREATE DATABASE log%d", ++n);
	postgres_sql(&server, sql);
	snprintf(conninfo, sizeof conninfo, "host=%s user=postgres dbname=log%d", server.dir, n);
	memcpy(server.log, conninfo, sizeof server.log);
	if (dnc_schema_init(conninfo, &err) < 0)
		fail_msg("%s", err.message);
	snprintf(sql, sizeof sql, "UPDATE dnc.log SET value = %d WHERE key = 'partition_events'",
		PARTITION);
	postgres_sql(&server, sql);
	return 0;
}

static struct pg *open_pg(const char *as)
{
	struct pg *pg = pg_new(as, PG_PRIMARY, "unit", &err);

	if (!pg)
		fail_msg("%s", err.message);
	return pg;
}

/* Fails unless SQL gives WANTED. */
static void expect_sql(const char *sql, const char *wanted)
{
	const char *got = postgres_sql(&server, sql);

	if (strcmp(got, wanted) != 0)
		fail_msg("%s: \"%s\", not \"%s\"", sql, got, wanted);
}

/* A batch of the events whose numbers are in IDS; the event and the number of each say its number, too. */
static PGresult *append(struct pg *pg, int count, const int *ids)
{
	struct dnc_buf columns[COLUMNS] = {0};
	struct pg_param params[COLUMNS];
	PGresult *r;

	for (int k = 0; k < COLUMNS; k++)
		pg_array_begin(&columns[k], k == 0 ? PG_UUIDS : PG_TEXTS);
	for (int i = 0; i < count; i++) {
		char id[40], event[40];

		snprintf(id, sizeof id, "00000000-0000-8000-8000-%012d", ids[i]);
		snprintf(event, sizeof event, "event %d", ids[i]);
		pg_array_uuid(&columns[0], dnc_str(id));
		pg_array_text(&columns[1],
			ids[i] % 2 ? DNC_STR("dnc.list.synced") : DNC_STR("dnc.check.performed"));
		pg_array_text(&columns[2], (struct dnc_str){0});
		for (int k = 3; k < 6; k++)
			pg_array_text(&columns[k], DNC_STR("x"));
		pg_array_text(&columns[6], dnc_str(event));
	}
	pg_array_text(&columns[7], DNC_STR("{}"));
	for (int k = 0; k < COLUMNS; k++)
		params[k] = pg_array(&columns[k]);
	r = pg_run(pg, APPEND_SQL, COLUMNS, params, &err);
	for (int k = 0; k < COLUMNS; k++)
		dnc_buf_free(&columns[k]);
	return r;
}

/* Appends the events FROM to TO, all of which must be new, in batches of at most SIZE. */
static void append_range(struct pg *pg, int from, int to, int size)
{
	int ids[1000];

	for (int at = from; at <= to; at += size) {
		int n = at + size - 1 <= to ? size : to - at + 1;
		PGresult *r;

		for (int i = 0; i < n; i++)
			ids[i] = at + i;
		r = append(pg, n, ids);
		if (!r)
			fail_msg("%s", err.message);
		assert_int_equal(PQntuples(r), n);
		for (int i = 0; i < n; i++)
			assert_null(pg_get_text(r, i, 2).p);
		PQclear(r);
	}
}

static void expect_row(const PGresult *r, int row, int64_t seq, const char *stored)
{
	struct dnc_str got = pg_get_text(r, row, 2);

	assert_int_equal(pg_get_int(r, row, 0), row + 1);
	assert_int_equal(pg_get_int(r, row, 1), seq);
	if (!dnc_str_eq(got, dnc_str(stored)) || !got.p != !stored)
		fail_msg("row %d: \"%.*s\"", row, DNC_STR_ARG(got));
}

static void known_events_keep_their_numbers(void **state)
{
	struct pg *pg = open_pg(conninfo);
	PGresult *r;

	(void)state;
	append_range(pg, 1, 3, 3);
	/* Known, new, new, twice in the batch, known. */
	r = append(pg, 5, (int[]){2, 4, 5, 4, 1});
	if (!r)
		fail_msg("%s", err.message);
	assert_int_equal(PQntuples(r), 5);
	expect_row(r, 0, 2, "event 2");
	expect_row(r, 1, 4, NULL);
	expect_row(r, 2, 5, NULL);
	expect_row(r, 3, 4, "event 4");
	expect_row(r, 4, 1, "event 1");
	PQclear(r);
	r = append(pg, 2, (int[]){6, 6});
	expect_row(r, 0, 6, NULL);
	expect_row(r, 1, 6, "event 6");
	PQclear(r);
	r = append(pg, 2, (int[]){6, 5});
	expect_row(r, 0, 6, "event 6");
	expect_row(r, 1, 5, "event 5");
	PQclear(r);
	append_range(pg, 7, 8, 1);
	expect_sql("SELECT string_agg(event, ' ' ORDER BY seq) FROM dnc.events",
		"event 1 event 2 event 3 event 4 event 5 event 6 event 7 event 8");
	expect_sql("SELECT sum(events) FROM dnc.rates", "8");
	expect_sql("SELECT count(*) FROM dnc.access", "6");
	r = append(pg, 0, NULL);
	assert_non_null(r);
	assert_int_equal(PQntuples(r), 0);
	PQclear(r);
	expect_sql("SELECT count(*) FROM dnc.access", "7");
	pg_free(pg);
}

/* Several hubs append the same events and their own. */
static void append_many(int hub)
{
	struct pg *pg = open_pg(conninfo);
	int ids[20];

	for (int batch = 0; batch < 60; batch++) {
		PGresult *r;

		for (int i = 0; i < 20; i++)
			ids[i] = i % 2 ? batch * 20 + i : hub * 10000 + batch * 20 + i;
		r = append(pg, 20, ids);
		if (!r) {
			fprintf(stderr, "hub %d: %s\n", hub, err.message);
			_exit(1);
		}
		PQclear(r);
	}
	pg_free(pg);
	_exit(0);
}

static void many_hubs_leave_no_hole(void **state)
{
	enum { HUBS = 4 };
	pid_t children[HUBS];
	char wanted[16];
	int status;

	(void)state;
	for (int i = 0; i < HUBS; i++)
		if ((children[i] = fork()) == 0)
			append_many(i + 1);
	for (int i = 0; i < HUBS; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	snprintf(wanted, sizeof wanted, "%d", 600 + HUBS * 600);
	expect_sql("SELECT count(*) FROM dnc.events", wanted);
	expect_sql("SELECT max(seq) FROM dnc.events", wanted);
	expect_sql("SELECT count(*) FROM dnc.ids i JOIN dnc.events e USING (seq) WHERE i.id = e.id",
		wanted);
	expect_sql(
		"SELECT count(*) FROM (SELECT logged_at < lag(logged_at) OVER (ORDER BY seq) AS back "
		"FROM dnc.events) e WHERE back",
		"0");
	expect_sql("SELECT sum(events) FROM dnc.rates", wanted);
	expect_sql("SELECT count(*) FROM dnc.epochs", "1");
}

static void partitions_are_made_ahead(void **state)
{
	struct pg *pg = open_pg(conninfo);

	(void)state;
	append_range(pg, 1, 49, 49);
	expect_sql("SELECT max(end_seq) FROM dnc.partitions", "101");
	append_range(pg, 50, 52, 1);
	expect_sql("SELECT max(end_seq) FROM dnc.partitions", "201");
	append_range(pg, 53, 99, 47);
	append_range(pg, 100, 102, 3);
	append_range(pg, 103, 700, 598);
	expect_sql("SELECT count(*), max(seq) FROM dnc.events", "700");
	expect_sql("SELECT count(*) FROM dnc.events_101", "100");
	expect_sql(
		"SELECT count(*) FROM pg_inherits WHERE inhparent = 'dnc.events'::regclass", "8");
	expect_sql("SELECT count(*) FROM pg_indexes WHERE tablename = 'events_101'", "3");
	/* A reader does not hold up a new partition. */
	{
		PGconn *reader = PQconnectdb(conninfo);

		PQclear(PQexec(reader, "BEGIN; SELECT count(*) FROM dnc.events"));
		append_range(pg, 701, 900, 100);
		PQfinish(reader);
	}
	expect_sql("SELECT (dnc.newest()).seq", "900");
	/* Nor does one who has a lock that it takes, as long as there is room. */
	{
		PGconn *other = PQconnectdb(conninfo);

		PQclear(PQexec(other, "BEGIN; LOCK dnc.events IN SHARE UPDATE EXCLUSIVE MODE"));
		append_range(pg, 901, 990, 10);
		expect_sql("SELECT max(end_seq) FROM dnc.partitions", "1001");
		PQfinish(other);
	}
	append_range(pg, 991, 991, 1);
	expect_sql("SELECT max(end_seq) FROM dnc.partitions", "1101");
	pg_free(pg);
}

static void pruning_drops_whole_partitions(void **state)
{
	struct pg *pg = open_pg(conninfo);
	PGconn *reader;
	PGresult *r;

	(void)state;
	append_range(pg, 1, 250, 50);
	expect_sql("SELECT dnc.prune(0, 0)", "f");
	expect_sql("SELECT dnc.prune(1000, 1000000000)", "f");
	expect_sql("SELECT count(*) FROM dnc.events", "250");
	/* One who reads the log for long is not disturbed for long. */
	reader = PQconnectdb(conninfo);
	PQclear(PQexec(reader, "BEGIN; SELECT count(*) FROM dnc.events"));
	expect_sql("SELECT dnc.prune(0, 1)", "f");
	PQfinish(reader);
	expect_sql("SELECT dnc.prune(0, 1)", "t");
	expect_sql("SELECT min(seq) FROM dnc.events", "101");
	expect_sql("SELECT dnc.prune(dnc.now_ms() + 1000, 0)", "t");
	expect_sql("SELECT min(seq) || ' ' || count(*) FROM dnc.ids", "101 150");
	/* What was removed is new again, wherever its id is still found. */
	expect_sql("SELECT dnc.prune(dnc.now_ms() + 1000, 0)", "t");
	expect_sql("SELECT min(seq) FROM dnc.events", "201");
	r = append(pg, 3, (int[]){150, 240, 10});
	expect_row(r, 0, 251, NULL);
	expect_row(r, 1, 240, "event 240");
	expect_row(r, 2, 252, NULL);
	PQclear(r);
	for (int i = 0; i < 5; i++)
		postgres_sql(&server, "SELECT dnc.prune(dnc.now_ms() + 1000, 1)");
	/* Never those of the newest. */
	expect_sql("SELECT min(seq) || ' ' || count(*) FROM dnc.events", "201 52");
	expect_sql("SELECT min(seq) || ' ' || count(*) FROM dnc.ids", "201 52");
	expect_sql("SELECT count(*) FROM dnc.access", "0");
	expect_sql("SELECT dnc.size() > 8192", "t");
	append_range(pg, 300, 500, 100);
	expect_sql("SELECT bool_and(dnc.seq_at(to_timestamp(at / 1000.0)) = first) FROM "
		   "(SELECT logged_at, min(seq) FROM dnc.events GROUP BY 1) t(at, first)",
		"t");
	expect_sql("SELECT dnc.seq_at('1970-01-02') = min(seq) AND "
		   "dnc.seq_at(now() + interval '1 hour') = max(seq) + 1 FROM dnc.events",
		"t");
	pg_free(pg);
}

/* A dump may take hours. */
static void a_query_holds_up_no_more_than_a_partition(void **state)
{
	struct pg *pg = open_pg(conninfo), *other = open_pg(conninfo);
	static const char prune[] = "SELECT dnc.prune(9000000000000, NULL)";

	(void)state;
	append_range(pg, 1, 250, 50);
	PQclear(pg_run(other, "BEGIN", 0, NULL, &err));
	PQclear(pg_run(other, "SELECT count(*) FROM dnc.events", 0, NULL, &err));
	expect_sql(prune, "f");
	expect_sql("SELECT count(*) FROM dnc.access", "0");
	expect_sql("SELECT count(*) FROM dnc.events", "250");
	PQclear(pg_run(other, "COMMIT", 0, NULL, &err));
	expect_sql(prune, "t");
	expect_sql("SELECT count(*) FROM dnc.events", "150");
	pg_free(other);
	pg_free(pg);
}

/* Clients hold them as places, and hubs go on after the newest that they have seen. */
static void numbers_of_events_deleted_by_hand_are_not_given_again(void **state)
{
	struct pg *pg = open_pg(conninfo);
	PGresult *r;

	(void)state;
	append_range(pg, 1, 10, 5);
	postgres_sql(&server, "DELETE FROM dnc.events WHERE seq > 8");
	r = append(pg, 2, (int[]){11, 12});
	expect_row(r, 0, 11, NULL);
	expect_row(r, 1, 12, NULL);
	PQclear(r);
	pg_free(pg);
}

static void a_partition_that_was_detached_stays(void **state)
{
	struct pg *pg = open_pg(conninfo);

	(void)state;
	append_range(pg, 1, 150, 50);
	postgres_sql(&server, "ALTER TABLE dnc.events DETACH PARTITION dnc.events_1");
	for (int i = 0; i < 3; i++)
		postgres_sql(&server, "SELECT dnc.prune(dnc.now_ms() + 1000, 0)");
	expect_sql("SELECT min(first_seq) FROM dnc.partitions", "101");
	expect_sql("SELECT count(*) FROM dnc.events_1", "100");
	expect_sql("SELECT count(*) FROM dnc.events", "50");
	append_range(pg, 300, 500, 100);
	/* And one that was dropped by hand holds up nothing. */
	postgres_sql(&server, "DROP TABLE dnc.events_101");
	for (int i = 0; i < 3; i++)
		postgres_sql(&server, "SELECT dnc.prune(dnc.now_ms() + 1000, 0)");
	expect_sql("SELECT min(first_seq) FROM dnc.partitions", "301");
	pg_free(pg);
}

static void an_epoch_ends_when_its_events_are_gone(void **state)
{
	struct pg *pg = open_pg(conninfo);
	char first[32], second[32], sql[96];

	(void)state;
	strcpy(first, postgres_sql(&server, "SELECT epoch FROM dnc.check_epoch()"));
	assert_int_equal(strspn(first, "0123456789abcdef"), 16);
	expect_sql("SELECT epoch FROM dnc.check_epoch()", first);
	append_range(pg, 1, 5, 5);
	expect_sql("SELECT epoch FROM dnc.check_epoch('0123456789abcdef')", first);
	snprintf(sql, sizeof sql, "SELECT epoch FROM dnc.check_epoch('%s')", first);
	strcpy(second, postgres_sql(&server, sql));
	assert_string_not_equal(first, second);
	/* All hubs find it out. */
	expect_sql(sql, second);
	expect_sql("SELECT string_agg(first_seq::text, ' ' ORDER BY n) FROM dnc.epochs", "1 6");
	pg_free(pg);
}

static void rights_are_the_least(void **state)
{
	static const struct {
		const char *sql;
		int writer, reader; /* codes of errors */
	} cases[] = {
		{"SELECT count(*) FROM dnc.events", 0, 0},
		{"SELECT count(*) FROM dnc.access", 0, 0},
		{"SELECT count(*) FROM dnc.epochs", 0, 0},
		{"SELECT mask_key FROM dnc.secret", 0, EACCES},
		{"SELECT dnc.size()", 0, 0},
		{"SELECT (dnc.newest()).seq", 0, 0},
		{"SELECT dnc.seq_at(now())", EACCES, 0},
		{"SELECT i FROM dnc.append('{}','{}','{}','{}','{}','{}','{}','{}')", 0, EACCES},
		{"SELECT (dnc.check_epoch()).n", 0, EACCES},
		{"SELECT dnc.prune(0, 0)", 0, EACCES},
		{"SELECT dnc.make_partitions(1, 1)", EACCES, EACCES},
		{"DELETE FROM dnc.events", EACCES, EACCES},
		{"UPDATE dnc.events SET event = ''", EACCES, EACCES},
		{"INSERT INTO dnc.ids VALUES (gen_random_uuid(), 1)", EACCES, EACCES},
		{"DELETE FROM dnc.access", EACCES, EACCES},
		{"UPDATE dnc.log SET value = '2'", EACCES, EACCES},
		{"TRUNCATE dnc.events", EACCES, EACCES},
		{"CREATE TABLE dnc.mine ()", EACCES, EACCES},
		{"DROP SCHEMA dnc CASCADE", EACCES, EACCES},
	};
	static const char *const logins[] = {"hub", "desk", "stranger"};

	(void)state;
	postgres_sql(&server,
		"CREATE ROLE hub LOGIN IN ROLE dnc_writer; CREATE ROLE desk LOGIN IN ROLE dnc_reader; "
		"CREATE ROLE stranger LOGIN");
	for (size_t l = 0; l < 3; l++) {
		char as[200];
		struct pg *pg;

		snprintf(as, sizeof as, "%s user=%s", conninfo, logins[l]);
		pg = open_pg(as);
		for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
			int wanted = l == 0 ? cases[i].writer : l == 1 ? cases[i].reader : EACCES;
			PGresult *r;

			err.code = 0;
			r = pg_run(pg, cases[i].sql, 0, NULL, &err);
			if (err.code != wanted || !r != !!wanted)
				fail_msg("%s: %s: %d %s", logins[l], cases[i].sql, err.code,
					err.message);
			PQclear(r);
		}
		if (l == 0)
			append_range(pg, 1, 2 * PARTITION, 50);
		pg_free(pg);
	}
	expect_sql(
		"SELECT string_agg(DISTINCT tableowner, ' ') FROM pg_tables WHERE schemaname = 'dnc'",
		"dnc_admin");
}

/* A role that may make schemas here, but no roles. */
static void an_administrator_needs_no_superuser(void **state)
{
	char as[200];
	struct pg *pg;

	(void)state;
	postgres_sql(&server,
		"DROP SCHEMA dnc CASCADE; DROP ROLE IF EXISTS owner; CREATE ROLE owner LOGIN");
	snprintf(as, sizeof as, "%s user=owner", conninfo);
	assert_int_equal(dnc_schema_init(as, &err), -1);
	assert_int_equal(err.code, EACCES);
	postgres_sql(&server,
		"DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO owner', current_database()); END $$");
	if (dnc_schema_init(as, &err) < 0)
		fail_msg("%s", err.message);
	pg = open_pg(as);
	append_range(pg, 1, 300, 100);
	expect_sql(
		"SELECT string_agg(DISTINCT tableowner, ' ') FROM pg_tables WHERE schemaname = 'dnc'",
		"owner");
	pg_free(pg);
}

static void making_the_log_again_changes_nothing(void **state)
{
	static const char columns[] =
		"SELECT string_agg(c::text, ',' ORDER BY c::text) FROM (SELECT attrelid::regclass, "
		"attname, atttypid FROM pg_attribute WHERE attrelid::regclass::text ~ '^dnc' AND attnum > 0) c";
	struct pg *pg = open_pg(conninfo);
	char before[4096], key[80];

	(void)state;
	append_range(pg, 1, 10, 10);
	strcpy(before, postgres_sql(&server, columns));
	strcpy(key, postgres_sql(&server, "SELECT encode(mask_key, 'hex') FROM dnc.secret"));
	assert_int_equal(strlen(key), 64);
	for (int i = 0; i < 2; i++)
		if (dnc_schema_init(conninfo, &err) < 0)
			fail_msg("%s", err.message);
	expect_sql(columns, before);
	expect_sql("SELECT encode(mask_key, 'hex') FROM dnc.secret", key);
	expect_sql("SELECT count(*) FROM dnc.events", "10");
	append_range(pg, 11, 20, 10);
	pg_free(pg);
}

/* What was removed before layout 2 is not known. */
static void providers_of_layout_1_are_known_since_its_oldest_event(void **state)
{
	static const char *const counted[] = {NULL, "5 0 1", "5 6 101"};
	struct pg *pg = open_pg(conninfo);
	char sql[120];

	(void)state;
	append_range(pg, 1, 2 * PARTITION, 100);
	postgres_sql(&server, "DROP TABLE dnc.events_1");
	postgres_sql(&server, "DELETE FROM dnc.partitions WHERE first_seq = 1");
	for (int i = 0; i < 3; i++) {
		postgres_sql(&server, "UPDATE dnc.log SET value = '1' WHERE key = 'layout'");
		postgres_sql(&server, "DELETE FROM dnc.log WHERE key = 'counted'");
		if (counted[i]) {
			snprintf(sql, sizeof sql, "INSERT INTO dnc.log VALUES ('counted', '%s')",
				counted[i]);
			postgres_sql(&server, sql);
		}
		if (dnc_schema_init(conninfo, &err) < 0)
			fail_msg("%s", err.message);
		if (i == 2) /* it is still true */
			expect_sql("SELECT value FROM dnc.log WHERE key = 'counted'", counted[i]);
		else
			expect_sql(
				"SELECT value = format('%s %s 101', CASE WHEN value LIKE '5 %' THEN "
				"5 ELSE (SELECT started_at FROM dnc.epochs) END, (SELECT "
				"logged_at FROM dnc.events WHERE seq = 101)) FROM dnc.log WHERE "
				"key = 'counted'",
				"t");
	}
	pg_free(pg);
}

static void layouts_are_checked(void **state)
{
	struct pg *pg = open_pg(conninfo);
	char layout[8], sql[80];

	(void)state;
	snprintf(layout, sizeof layout, "%d", SCHEMA_LAYOUT);
	expect_sql("SELECT value FROM dnc.log WHERE key = 'layout'", layout);
	assert_int_equal(schema_check(pg, &err), 0);
	snprintf(sql, sizeof sql, "UPDATE dnc.log SET value = '%d' WHERE key = 'layout'",
		SCHEMA_LAYOUT + 1);
	postgres_sql(&server, sql);
	assert_int_equal(schema_check(pg, &err), -1);
	assert_int_equal(err.code, ENOTSUP);
	assert_int_equal(dnc_schema_init(conninfo, &err), -1);
	assert_non_null(strstr(err.message, "the log has layout"));
	snprintf(sql, sizeof sql, "UPDATE dnc.log SET value = '%d' WHERE key = 'layout'",
		SCHEMA_LAYOUT - 1);
	postgres_sql(&server, sql);
	assert_int_equal(schema_check(pg, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_non_null(strstr(err.message, "--init-log"));
	postgres_sql(&server, "DROP SCHEMA dnc CASCADE");
	assert_int_equal(schema_check(pg, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_non_null(strstr(err.message, "--init-log"));
	pg_free(pg);
}

/* The control file has the old timeline for a while: the epoch must not. */
static void a_promoted_standby_begins_an_epoch(void **state)
{
	struct pg *pg = open_pg(conninfo);
	char other[160], first[32];

	(void)state;
	append_range(pg, 1, 7, 7);
	strcpy(first, postgres_sql(&server, "SELECT epoch FROM dnc.check_epoch()"));
	pg_free(pg);
	postgres_new_standby(&standby, &server);
	postgres_stop(&server, SIGKILL);
	snprintf(other, sizeof other, "host=%s %s", standby.dir, strstr(conninfo, "user="));
	memcpy(standby.log, other, sizeof standby.log);
	postgres_sql(&standby, "SELECT pg_promote()");
	pg = open_pg(other);
	append_range(pg, 8, 9, 1);
	assert_string_equal(
		postgres_sql(&standby,
			"SELECT string_agg(first_seq || ' ' || timeline, ',' ORDER BY n) FROM dnc.epochs"),
		"1 1,8 2");
	assert_string_not_equal(
		postgres_sql(&standby, "SELECT epoch FROM dnc.check_epoch()"), first);
	pg_free(pg);
}

#define TEST(f) cmocka_unit_test_setup(f, make_log)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(known_events_keep_their_numbers),
		TEST(many_hubs_leave_no_hole),
		TEST(partitions_are_made_ahead),
		TEST(pruning_drops_whole_partitions),
		TEST(a_query_holds_up_no_more_than_a_partition),
		TEST(numbers_of_events_deleted_by_hand_are_not_given_again),
		TEST(a_partition_that_was_detached_stays),
		TEST(an_epoch_ends_when_its_events_are_gone),
		TEST(rights_are_the_least),
		TEST(an_administrator_needs_no_superuser),
		TEST(making_the_log_again_changes_nothing),
		TEST(providers_of_layout_1_are_known_since_its_oldest_event),
		TEST(layouts_are_checked),
		TEST(a_promoted_standby_begins_an_epoch),
	};

	return cmocka_run_group_tests(tests, start_server, end_servers);
}
