/* The connection to PostgreSQL: its limits, and what becomes of it when the server does. */
#include "await.h"
#include "postgres.h"
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "base/uuid.h"
#include "log/priv/pg.h"

static struct postgres server, standby;
static struct dnc_error err;

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

static struct pg *open_pg(const char *conninfo)
{
	struct pg *pg = pg_new(conninfo, PG_PRIMARY, "unit", &err);

	if (!pg)
		fail_msg("%s", err.message);
	return pg;
}

/* Runs SQL, which must succeed, and returns its first value as a number. */
static int64_t number(struct pg *pg, const char *sql)
{
	PGresult *r = pg_run(pg, sql, 0, NULL, &err);
	int64_t v;

	if (!r)
		fail_msg("%s: %s", sql, err.message);
	v = PQntuples(r) ? pg_get_int(r, 0, 0) : 0;
	PQclear(r);
	return v;
}

/* SQL must fail with CODE and a message that says WORDS. */
static void expect_error(struct pg *pg, const char *sql, int code, const char *words)
{
	PGresult *r = pg_run(pg, sql, 0, NULL, &err);

	if (r)
		fail_msg("%s: no error", sql);
	if (err.code != code || !strstr(err.message, words))
		fail_msg("%s: code %d, not %d, or no \"%s\" in: %s", sql, err.code, code, words,
			err.message);
	assert_non_null(strstr(err.message, "/tmp/dnc-postgres"));
}

static bool fails(struct pg *pg, int code)
{
	PGresult *r = pg_run(pg, "SELECT 1", 0, NULL, &err);
	bool failed = !r && err.code == code;

	PQclear(r);
	return failed;
}

static void no_password_is_taken_from_arguments(void **state)
{
	static const struct {
		const char *conninfo;
		int code;
	} cases[] = {{"host=/run dbname=d", 0},
		{"postgresql://hub@db1,db2:5433/d?sslmode=verify-full", 0}, {"service=log", 0},
		{"passfile=/etc/dnc/pgpass dbname=d", 0}, {"password=s3cret", EINVAL},
		{"postgresql://hub:s3cret@db1/d", EINVAL},
		{"postgresql://db1/d?password=s3cret", EINVAL},
		{"sslpassword=s3cret host=x", EINVAL}, {"postgresql://hub:s3cret%zz@db1/d", EINVAL},
		{"dbname=postgresql://hub:s3cret@db1/d", EINVAL},
		{"host=x dbname='host=db1 password=s3cret'", EINVAL},
		{"host=x password='s3cret", EINVAL}, {"/var/lib/dnc", EINVAL}, {"hots=x", EINVAL},
		{"", EINVAL}, {" \n", EINVAL}, {"postgresql://", 0}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		err = (struct dnc_error){0};
		if (pg_check(cases[i].conninfo, &err) != (cases[i].code ? -1 : 0) ||
			err.code != cases[i].code)
			fail_msg("%s: %d %s", cases[i].conninfo, err.code, err.message);
		assert_null(strstr(err.message, "s3cret"));
	}
	assert_null(pg_new("password=s3cret", PG_PREFER_PRIMARY, "unit", &err));
}

static void what_no_server_has_to_be_asked_for_is_refused_at_once(void **state)
{
	static const struct {
		const char *conninfo, *message; /* NULL: it is taken */
	} cases[] = {{"host=a,b,c port=1,2", "could not match 2 port numbers to 3 hosts"},
		{"host=a port=1,2", "could not match 2 port numbers to 1 hosts"},
		{"host=a,b hostaddr=::1", "could not match 2 host names to 1 hostaddr values"},
		{"host=a port=99999", "no number from 1 to 65535"},
		{"host=a,b port=5432,x", "no number from 1 to 65535"},
		{"port=0", "a port is no number"},
		{"postgresql://a:1,b:2x/d", "a port is no number"},
		{"postgresql://hub:s3cret/d", "a port is no number"}, /* @HOST was left out */
		{"sslmode=bogus", "bogus"}, {"host=a,b,c port=1,2,3", NULL},
		{"host=a,b port=,2", NULL}, {"host=a,b port=5432", NULL},
		{"target_session_attrs=standby host=a", NULL}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct pg *pg = pg_new(cases[i].conninfo, PG_PRIMARY, "unit", &err);

		if (!pg != !!cases[i].message)
			fail_msg("%s", cases[i].conninfo);
		pg_free(pg);
		if (!cases[i].message)
			continue;
		assert_null(strstr(err.message, "s3cret"));
		if (err.code != EINVAL || !strstr(err.message, cases[i].message))
			fail_msg("%s: %d %s", cases[i].conninfo, err.code, err.message);
	}
}

/* Of the connection string, or of the role or database. */
static void literals_mean_the_same_whatever_is_set(void **state)
{
	char other[sizeof server.log + 64];
	struct pg *pg;
	PGresult *r;

	(void)state;
	snprintf(other, sizeof other, "%s options=-cstandard_conforming_strings=off", server.log);
	pg = open_pg(other);
	r = pg_run(pg, "SELECT length('\\d')::bigint", 0, NULL, &err);
	assert_non_null(r);
	assert_int_equal(pg_get_int(r, 0, 0), 2);
	PQclear(r);
	pg_free(pg);
	snprintf(other, sizeof other, "%s options=-cnosuch=1", server.log);
	pg = open_pg(other);
	expect_error(pg, "SELECT 1", EINVAL, "\"nosuch\": correct what was given");
	pg_free(pg);
}

/* dnc-log finds hubs by it. */
static void the_name_of_a_connection_is_ours(void **state)
{
	char other[sizeof server.log + 32];
	struct pg *pg;
	PGresult *r;

	(void)state;
	snprintf(other, sizeof other, "%s application_name=other", server.log);
	pg = open_pg(other);
	r = pg_run(pg, "SELECT current_setting('application_name')", 0, NULL, &err);
	assert_non_null(r);
	assert_true(dnc_str_eq(pg_get_text(r, 0, 0), DNC_STR("unit")));
	PQclear(r);
	pg_free(pg);
}

static void values_come_back_as_they_were_sent(void **state)
{
	static const char uuid[] = "0f0e0d0c-0b0a-8908-8706-050403020100";
	struct pg *pg = open_pg(server.log);
	struct dnc_buf texts = {0}, ids = {0}, numbers = {0}, none = {0};
	char id[DNC_UUID_LEN];
	PGresult *r;

	(void)state;
	pg_array_begin(&texts, PG_TEXTS);
	pg_array_text(&texts, DNC_STR("é\"{}"));
	pg_array_text(&texts, (struct dnc_str){0});
	pg_array_text(&texts, DNC_STR(""));
	pg_array_begin(&ids, PG_UUIDS);
	pg_array_uuid(&ids, dnc_str(uuid));
	pg_array_uuid(&ids, DNC_STR("none"));
	pg_array_begin(&numbers, PG_INT8S);
	pg_array_int8(&numbers, INT64_MIN);
	pg_array_begin(&none, PG_TEXTS);
	r = pg_run(pg,
		"SELECT $1[1], $1[2], $1[3], $2[1], $2[2] IS NULL, $3[1], cardinality($4), $5, $6, $7, "
		"'\\x0001'::bytea, 7::int2, true",
		7,
		(struct pg_param[]){pg_array(&texts), pg_array(&ids), pg_array(&numbers),
			pg_array(&none), pg_int8(-5), pg_text(DNC_STR("x")),
			pg_text((struct dnc_str){0})},
		&err);
	if (!r)
		fail_msg("%s", err.message);
	assert_true(dnc_str_eq(pg_get_text(r, 0, 0), DNC_STR("é\"{}")));
	assert_null(pg_get_text(r, 0, 1).p);
	assert_non_null(pg_get_text(r, 0, 2).p);
	assert_int_equal(pg_get_text(r, 0, 2).n, 0);
	pg_get_uuid(r, 0, 3, id);
	assert_memory_equal(id, uuid, sizeof id);
	assert_true(pg_get_bool(r, 0, 4));
	assert_true(pg_get_int(r, 0, 5) == INT64_MIN);
	assert_int_equal(pg_get_int(r, 0, 6), 0);
	assert_int_equal(pg_get_int(r, 0, 7), -5);
	assert_true(dnc_str_eq(pg_get_text(r, 0, 8), DNC_STR("x")));
	assert_null(pg_get_text(r, 0, 9).p);
	assert_int_equal(pg_get_text(r, 0, 10).n, 2);
	assert_int_equal(pg_get_int(r, 0, 11), 7);
	assert_true(pg_get_bool(r, 0, 12));
	PQclear(r);
	dnc_buf_free(&texts);
	dnc_buf_free(&ids);
	dnc_buf_free(&numbers);
	dnc_buf_free(&none);
	pg_free(pg);
}

static void the_plan_of_a_statement_is_kept(void **state)
{
	static const char sql[] = "SELECT count(*) FROM pg_prepared_statements";
	struct pg *pg = open_pg(server.log);

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(number(pg, sql), 1);
	assert_int_equal(number(pg, "SELECT 2"), 2);
	assert_int_equal(number(pg, sql), 2);
	pg_free(pg);
}

/* A pool that lends a connection to several clients would run the statement of another one. */
static void no_two_connections_name_statements_alike(void **state)
{
	static const char sql[] = "SELECT hashtext(name) FROM pg_prepared_statements";
	struct pg *a = open_pg(server.log), *b = open_pg(server.log);
	int64_t before = number(a, sql);

	(void)state;
	assert_true(number(b, sql) != before);
	pg_disconnect(a);
	assert_true(number(a, sql) != before);
	number(a, "DEALLOCATE ALL"); /* as if it was another connection */
	expect_error(a, sql, EIO, "session mode");
	assert_true(number(a, sql) != before);
	pg_free(a);
	pg_free(b);
}

static void errors_say_what_to_do(void **state)
{
	struct pg *pg = open_pg(server.log);

	(void)state;
	expect_error(pg, "SELECT * FROM dnc.events", ENOENT, "run dnc-wsd --init-log");
	expect_error(pg, "SELECT dnc.append()", ENOENT, "run dnc-wsd --init-log");
	expect_error(pg, "SELECT 1/0", EINVAL, "22012");
	expect_error(pg, "SELECT $1", EINVAL, "08P01");
	expect_error(pg, "DO $$ BEGIN RAISE 'x' USING ERRCODE = '54000', HINT = 'use less'; END $$",
		EINVAL, "use less");
	number(pg, "BEGIN READ ONLY");
	expect_error(pg, "CREATE TABLE t ()", EROFS, "standby");
	number(pg, "SET statement_timeout = 50");
	expect_error(pg, "SELECT pg_sleep(10)", ETIMEDOUT, "pg_stat_activity");
	expect_error(pg, "COPY pg_class TO STDOUT", EINVAL, "pg_run");
	assert_int_equal(number(pg, "SELECT 3"), 3);
	pg_free(pg);
	postgres_sql(&server, "CREATE ROLE weak LOGIN");
	pg = open_pg(postgres_sql(&server,
		"SELECT format('host=%s user=weak dbname=postgres', current_setting('unix_socket_directories'))"));
	assert_int_equal(number(pg, "SELECT 4"), 4);
	expect_error(pg, "CREATE ROLE other", EACCES, "grant dnc_writer");
	pg_free(pg);
}

static void a_login_that_fails_says_why(void **state)
{
	static const struct {
		const char *rest;
		int code;
		const char *words;
	} cases[] = {{"user=postgres dbname=nothing", ENOENT, "create the database"},
		{"user=nobody2 dbname=postgres", EACCES, "pg_hba.conf"},
		{"user=postgres port=5433", EIO, "No such file"}};
	char conninfo[160];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct pg *pg;

		snprintf(conninfo, sizeof conninfo, "host=%s %s", server.dir, cases[i].rest);
		pg = open_pg(conninfo);
		expect_error(pg, "SELECT 1", cases[i].code, cases[i].words);
		assert_false(pg_outcome_unknown(pg));
		pg_free(pg);
	}
}

/* The server asks the login "asked" for a password. */
static void ask_for_password(void)
{
	char path[96];
	FILE *f;

	snprintf(path, sizeof path, "%s/data/pg_hba.conf", server.dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("local all asked scram-sha-256\nlocal all all trust\n"
	      "local replication all trust\n",
		f);
	fclose(f);
	postgres_sql(&server, "CREATE ROLE asked LOGIN PASSWORD 'x'; SELECT pg_reload_conf()");
}

/* What libpq says by itself has no code: what to do is told by its words. */
static void errors_of_the_library_say_what_to_do(void **state)
{
	int64_t end = dnc_clock_mono_ms() + POSTGRES_WAIT_MS;
	char conninfo[160];
	struct pg *pg;

	(void)state;
	ask_for_password();
	setenv("PGPASSFILE", "/nonexistent", 1);
	snprintf(conninfo, sizeof conninfo, "host=%s user=asked dbname=postgres", server.dir);
	/* The server reads its file a moment later. */
	for (PGresult *r = NULL; end > dnc_clock_mono_ms(); PQclear(r)) {
		pg = open_pg(conninfo);
		r = pg_run(pg, "SELECT 1", 0, NULL, &err);
		pg_free(pg);
		if (!r)
			break;
		usleep(20000);
	}
	pg = open_pg(conninfo);
	expect_error(pg, "SELECT 1", EACCES, "passfile, PGPASSFILE or ~/.pgpass, with mode 0600");
	assert_null(strstr(err.message, "connection to server"));
	pg_free(pg);
	pg = open_pg("service=nothing");
	assert_null(pg_run(pg, "SELECT 1", 0, NULL, &err));
	assert_int_equal(err.code, EIO);
	assert_string_equal(err.message,
		"log: definition of service \"nothing\" not found: "
		"PGSERVICEFILE names its file, or it is ~/.pg_service.conf");
	pg_free(pg);
}

/* The server ends what takes long before the client gives up; where it is stopped, the client does. */
static void a_server_that_hangs_is_given_up(void **state)
{
	struct pg *pg = open_pg(server.log);
	pid_t backend = (pid_t)number(pg, "SELECT pg_backend_pid()");
	int64_t before = dnc_clock_mono_ms(), took;

	(void)state;
	assert_int_equal(
		number(pg, "SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout'"),
		PG_STATEMENT_MS);
	assert_int_equal(kill(backend, SIGSTOP), 0);
	expect_error(pg, "SELECT 5", ETIMEDOUT, "no answer in time");
	took = dnc_clock_mono_ms() - before;
	assert_in_range(took, PG_CALL_MS - 100, PG_CALL_MS + 5000);
	assert_int_equal(number(pg, "SELECT 6"), 6);
	kill(backend, SIGCONT);
	pg_free(pg);
}

/* It may be an old primary: the same server by another name stands for the next one. */
static void a_server_that_ends_nothing_in_time_is_left_for_the_next(void **state)
{
	char both[256];
	struct pg *pg;

	(void)state;
	snprintf(both, sizeof both, "host=%s,%s/. user=postgres dbname=postgres", server.dir,
		server.dir);
	pg = open_pg(both);
	number(pg, "SET statement_timeout = 50");
	assert_null(strstr(pg_server(pg), "/.:"));
	expect_error(pg, "SELECT pg_sleep(60)", ETIMEDOUT, "statement timeout");
	assert_int_equal(number(pg, "SELECT 7"), 7);
	assert_non_null(strstr(pg_server(pg), "/.:"));
	assert_true(pg_is_new(pg));
	pg_leave(pg);
	assert_int_equal(number(pg, "SELECT 8"), 8);
	assert_null(strstr(pg_server(pg), "/.:"));
	assert_int_equal(pg_host(pg), 0);
	pg_go(pg, 1);
	assert_int_equal(number(pg, "SELECT 9"), 9);
	assert_non_null(strstr(pg_server(pg), "/.:"));
	assert_int_equal(pg_host(pg), 1);
	pg_free(pg);
}

/* Writes DIR as a host of a URI. */
static const char *as_host(const char *dir, char *out)
{
	char *to = out;

	for (; *dir; dir++)
		to += sprintf(to, *dir == '/' ? "%%2F" : "%c", *dir);
	return out;
}

/* What is left out of a list is a default, for each server by itself: as in a URI with several hosts and no ports. */
static void a_server_has_the_default_where_its_list_has_nothing(void **state)
{
	char host[256], conninfo[6][512];

	(void)state;
	as_host(server.dir, host);
	snprintf(conninfo[0], sizeof conninfo[0], "postgresql://postgres@%s,%%2Fnowhere/postgres",
		host);
	snprintf(conninfo[1], sizeof conninfo[1], "postgresql://postgres@%%2Fnowhere:1,%s/postgres",
		host);
	snprintf(conninfo[2], sizeof conninfo[2],
		"host=/nowhere,%s port=1, user=postgres dbname=postgres", server.dir);
	snprintf(conninfo[3], sizeof conninfo[3],
		"host=nowhere,%s hostaddr=127.0.0.1, port=1,5432 user=postgres dbname=postgres",
		server.dir);
	snprintf(conninfo[4], sizeof conninfo[4],
		"host=,%s port=1,5432 user=postgres dbname=postgres", server.dir);
	snprintf(conninfo[5], sizeof conninfo[5],
		"host=,%s hostaddr=127.0.0.1, port=1, user=postgres dbname=postgres", server.dir);
	for (int i = 0; i < 6; i++) {
		struct pg *pg = open_pg(conninfo[i]);

		assert_int_equal(number(pg, "SELECT 7"), 7);
		if (pg_host(pg) != (i > 0) ||
			strncmp(pg_server(pg), server.dir, strlen(server.dir)) != 0)
			fail_msg("%s: server %d, %s", conninfo[i], pg_host(pg), pg_server(pg));
		assert_non_null(strstr(pg_server(pg), ":5432"));
		pg_free(pg);
	}
}

/* Listens like a server, and says nothing. */
static int mute_listener(char *dir, size_t size)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(dir, size, "/tmp/dnc-mute-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static void remove_mute(int fd, const char *dir)
{
	char path[128];

	close(fd);
	snprintf(path, sizeof path, "%s/.s.PGSQL.5432", dir);
	unlink(path);
	rmdir(dir);
}

static void a_server_that_accepts_and_hangs_is_passed_over(void **state)
{
	char mute[64], conninfo[256];
	int fd = mute_listener(mute, sizeof mute);
	int64_t before = dnc_clock_mono_ms();
	struct pg *pg;

	(void)state;
	snprintf(conninfo, sizeof conninfo, "host=/nowhere,%s,%s user=postgres dbname=postgres",
		mute, server.dir);
	pg = open_pg(conninfo);
	assert_int_equal(number(pg, "SELECT 1"), 1);
	assert_in_range(dnc_clock_mono_ms() - before, PG_HOST_MS - 100, PG_HOST_MS + 3000);
	assert_non_null(strstr(pg_server(pg), server.dir));
	/* It is the first to be tried now. */
	pg_disconnect(pg);
	before = dnc_clock_mono_ms();
	assert_int_equal(number(pg, "SELECT 1"), 1);
	assert_in_range(dnc_clock_mono_ms() - before, 0, PG_HOST_MS - 500);
	pg_free(pg);

	snprintf(conninfo, sizeof conninfo, "host=%s user=postgres dbname=postgres", mute);
	pg = open_pg(conninfo);
	before = dnc_clock_mono_ms();
	assert_int_equal(pg_connect(pg, &err), -1);
	assert_int_equal(err.code, ETIMEDOUT);
	assert_non_null(strstr(err.message, "in time: trying to connect again"));
	assert_in_range(dnc_clock_mono_ms() - before, PG_CONNECT_MS - 100, PG_CONNECT_MS + 3000);
	pg_free(pg);
	remove_mute(fd, mute);
}

static void waiting_ends_with_the_stop_descriptor(void **state)
{
	char mute[64], conninfo[128];
	int fd = mute_listener(mute, sizeof mute), stop = eventfd(1, 0);
	int64_t before = dnc_clock_mono_ms();
	struct pg *pg;

	(void)state;
	snprintf(conninfo, sizeof conninfo, "host=%s", mute);
	pg = open_pg(conninfo);
	pg_stop_fd(pg, stop);
	assert_int_equal(pg_connect(pg, &err), -1);
	assert_int_equal(err.code, ECANCELED);
	pg_free(pg);
	pg = open_pg(server.log);
	assert_int_equal(number(pg, "SELECT 1"), 1);
	pg_stop_fd(pg, stop);
	assert_null(pg_run(pg, "SELECT pg_sleep(5)", 0, NULL, &err));
	assert_int_equal(err.code, ECANCELED);
	assert_true(dnc_clock_mono_ms() - before < 4000);
	pg_free(pg);
	close(stop);
	remove_mute(fd, mute);
}

static void a_lost_connection_is_opened_again(void **state)
{
	struct pg *pg = open_pg(server.log);

	(void)state;
	assert_false(pg_is_new(pg));
	assert_int_equal(number(pg, "SELECT 1"), 1);
	assert_true(pg_is_new(pg));
	assert_false(pg_is_new(pg));
	/* One that ended while it was not used costs no error. */
	postgres_sql(&server,
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'unit'");
	postgres_wait(&server,
		"SELECT count(*) FROM pg_stat_activity WHERE application_name = 'unit'", "0");
	assert_int_equal(number(pg, "SELECT 1"), 1);
	assert_true(pg_is_new(pg));
	/* One that ends during a statement does: it may have been run. */
	expect_error(pg, "SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(1)", EIO,
		"terminating connection");
	assert_int_equal(number(pg, "SELECT 1"), 1);
	assert_true(pg_is_new(pg));
	pg_free(pg);
}

static void a_transaction_does_not_go_on_with_another_connection(void **state)
{
	struct pg *pg = open_pg(server.log);

	(void)state;
	postgres_sql(&server, "CREATE TABLE public.part (n int)");
	number(pg, "BEGIN");
	number(pg, "INSERT INTO public.part VALUES (1)");
	postgres_sql(&server,
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'unit'");
	postgres_wait(&server,
		"SELECT count(*) FROM pg_stat_activity WHERE application_name = 'unit'", "0");
	expect_error(pg, "INSERT INTO public.part VALUES (2)", EIO, "in a transaction");
	assert_false(pg_outcome_unknown(pg));
	assert_string_equal(postgres_sql(&server, "SELECT count(*) FROM public.part"), "0");
	number(pg, "INSERT INTO public.part VALUES (3)");
	assert_string_equal(postgres_sql(&server, "SELECT count(*) FROM public.part"), "1");
	pg_free(pg);
}

/* Defaults that would undo what the log relies on. */
static void settings_of_the_role_do_not_matter(void **state)
{
	static const struct {
		const char *name, *to, *wanted;
	} cases[] = {{"lock_timeout", "10", "0"}, {"idle_session_timeout", "1000", "0"},
		{"idle_in_transaction_session_timeout", "1000", "0"},
		{"client_min_messages", "error", "warning"},
		{"default_transaction_isolation", "serializable", "read committed"},
		{"synchronous_commit", "off", "on"},
		{"synchronous_commit", "remote_apply", "remote_apply"}};
	char sql[200];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct pg *pg = open_pg(server.log);

		snprintf(sql, sizeof sql, "ALTER ROLE postgres SET %s = '%s'", cases[i].name,
			cases[i].to);
		postgres_sql(&server, sql);
		snprintf(sql, sizeof sql, "SELECT (current_setting('%s') = '%s')::int",
			cases[i].name, cases[i].wanted);
		if (number(pg, sql) != 1)
			fail_msg("%s is not %s", cases[i].name, cases[i].wanted);
		pg_free(pg);
	}
	postgres_sql(&server, "ALTER ROLE postgres RESET ALL");
}

static void who_ends_is_told_to_run_it_again(void **state)
{
	struct pg *pg = open_pg(server.log);

	(void)state;
	pg_once(pg, true);
	expect_error(pg, "SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(1)", EIO,
		": run it again");
	pg_once(pg, false);
	expect_error(pg, "SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(1)", EIO,
		"trying to connect again");
	postgres_sql(&server, "ALTER ROLE postgres SET default_transaction_read_only = on");
	pg_disconnect(pg);
	expect_error(pg, "SELECT 1", EROFS, "default_transaction_read_only is on there");
	postgres_sql(&server, "BEGIN READ WRITE; ALTER ROLE postgres RESET ALL; COMMIT");
	pg_free(pg);
}

static void *crash_soon(void *ctx)
{
	(void)ctx;
	postgres_wait(&server,
		"SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'", "1");
	postgres_stop(&server, SIGKILL);
	return NULL;
}

static void a_crash_leaves_the_outcome_unknown(void **state)
{
	struct pg *pg = open_pg(server.log);
	pthread_t thread;

	(void)state;
	assert_int_equal(number(pg, "SELECT 1"), 1);
	assert_int_equal(pthread_create(&thread, NULL, crash_soon, NULL), 0);
	assert_null(pg_run(pg, "SELECT pg_sleep(8)", 0, NULL, &err));
	pthread_join(thread, NULL);
	assert_int_equal(err.code, EIO);
	assert_null(pg_run(pg, "SELECT 1", 0, NULL, &err));
	assert_int_equal(err.code, EIO);
	assert_false(pg_outcome_unknown(pg));
	postgres_start(&server);
	assert_int_equal(number(pg, "SELECT 1"), 1);
	assert_true(pg_is_new(pg));
	pg_free(pg);
}

static void a_notification_wakes(void **state)
{
	struct pg *pg = open_pg(server.log);
	int wake = eventfd(0, 0);
	uint64_t seq = 0;

	(void)state;
	number(pg, "LISTEN dnc");
	assert_int_equal(pg_wait_notify(pg, wake, 20, &seq, &err), 0);
	postgres_sql(&server, "NOTIFY dnc, '7'");
	postgres_sql(&server, "NOTIFY dnc, '12'");
	postgres_sql(&server, "NOTIFY dnc, '9'");
	while (seq < 12)
		assert_int_equal(pg_wait_notify(pg, wake, 20000, &seq, &err), 1);
	/* Also what came with an answer. */
	while (pg_wait_notify(pg, wake, 100, &seq, &err) == 1)
		;
	number(pg, "NOTIFY dnc, '13'");
	assert_int_equal(pg_wait_notify(pg, wake, 20000, &seq, &err), 1);
	assert_int_equal(seq, 13);
	eventfd_write(wake, 1);
	assert_int_equal(pg_wait_notify(pg, wake, 20000, &seq, &err), 0);
	postgres_sql(&server,
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'unit'");
	assert_int_equal(pg_wait_notify(pg, -1, 20000, &seq, &err), -1);
	assert_int_equal(err.code, EIO);
	assert_int_equal(pg_wait_notify(pg, -1, 20000, &seq, &err), -1);
	pg_free(pg);
	close(wake);
}

static void a_script_has_its_own_limit(void **state)
{
	struct pg *pg = open_pg(server.log);

	(void)state;
	assert_int_equal(pg_script(pg, "SELECT pg_sleep(5)", 200, &err), -1);
	assert_int_equal(err.code, ETIMEDOUT);
	assert_int_equal(
		pg_script(pg, "BEGIN; CREATE TABLE public.s (); SELECT 1/0; COMMIT", 20000, &err),
		-1);
	assert_int_equal(err.code, EINVAL);
	assert_int_equal(pg_script(pg, "BEGIN; CREATE TABLE public.s (); COMMIT", 20000, &err), 0);
	pg_free(pg);
}

/* A wait for standby servers that is cut short ends with a success, and a warning. */
static void a_commit_without_its_standby_is_no_success(void **state)
{
	static const char cancel[] =
		"SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
	struct pg *pg = open_pg(server.log);
	int status;
	pid_t child;

	(void)state;
	postgres_sql(&server, "CREATE TABLE waits ()");
	postgres_sql(&server, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
	postgres_sql(&server, "SELECT pg_reload_conf()");
	postgres_wait(&server, "SHOW synchronous_standby_names", "nobody");
	child = fork();
	if (child == 0) {
		postgres_wait(&server, cancel, "1");
		_exit(0);
	}
	pg_once(pg, true);
	assert_null(pg_run(pg, "INSERT INTO public.waits DEFAULT VALUES", 0, NULL, &err));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(err.code, EIO);
	assert_non_null(strstr(err.message, "standby servers that have to have it: run it again"));
	assert_true(pg_outcome_unknown(pg));
	assert_int_equal(number(pg, "SELECT count(*) FROM public.waits"), 1);
	assert_false(pg_outcome_unknown(pg));
	postgres_sql(&server, "ALTER SYSTEM RESET synchronous_standby_names");
	postgres_sql(&server, "SELECT pg_reload_conf()");
	pg_free(pg);
}

static void a_standby_is_no_primary_and_preferred_where_it_will_do(void **state)
{
	char both[256];
	struct pg *pg;
	PGresult *r;

	(void)state;
	postgres_new_standby(&standby, &server);
	pg = open_pg(standby.log);
	expect_error(pg, "SELECT 1", EROFS, "looking for the primary");
	pg_once(pg, true);
	expect_error(pg, "SELECT 1", EROFS, "name the primary");
	pg_free(pg);
	pg = pg_new(standby.log, PG_PREFER_PRIMARY, "unit", &err);
	assert_int_equal(number(pg, "SELECT 1"), 1);
	pg_free(pg);
	snprintf(both, sizeof both, "host=%s,%s user=postgres dbname=postgres", standby.dir,
		server.dir);
	pg = pg_new(both, PG_PREFER_PRIMARY, "unit", &err);
	assert_int_equal(number(pg, "SELECT pg_is_in_recovery()::int"), 0);
	pg_free(pg);
	pg = pg_new(both, PG_PREFER_STANDBY, "unit", &err);
	assert_int_equal(number(pg, "SELECT pg_is_in_recovery()::int"), 1);
	assert_true(pg_is_standby(pg));
	postgres_stop(&standby, SIGKILL); /* then the other will do */
	await((r = pg_run(pg, "SELECT 1", 0, NULL, &err)));
	PQclear(r);
	assert_false(pg_is_standby(pg));
	pg_free(pg);
	postgres_start(&standby);
	pg = open_pg(both);
	assert_int_equal(number(pg, "SELECT pg_is_in_recovery()::int"), 0);
	/* Failover. */
	postgres_stop(&server, SIGKILL);
	/* The process of a connection ends a moment later. */
	await(fails(pg, EROFS));
	postgres_sql(&standby, "SELECT pg_promote()");
	assert_int_equal(number(pg, "SELECT pg_is_in_recovery()::int"), 0);
	assert_true(pg_is_new(pg));
	assert_non_null(strstr(pg_server(pg), standby.dir));
	pg_free(pg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_password_is_taken_from_arguments),
		cmocka_unit_test(what_no_server_has_to_be_asked_for_is_refused_at_once),
		cmocka_unit_test(literals_mean_the_same_whatever_is_set),
		cmocka_unit_test(the_name_of_a_connection_is_ours),
		cmocka_unit_test(values_come_back_as_they_were_sent),
		cmocka_unit_test(the_plan_of_a_statement_is_kept),
		cmocka_unit_test(no_two_connections_name_statements_alike),
		cmocka_unit_test(errors_say_what_to_do),
		cmocka_unit_test(a_login_that_fails_says_why),
		cmocka_unit_test(errors_of_the_library_say_what_to_do),
		cmocka_unit_test(a_server_that_hangs_is_given_up),
		cmocka_unit_test(a_server_has_the_default_where_its_list_has_nothing),
		cmocka_unit_test(a_server_that_ends_nothing_in_time_is_left_for_the_next),
		cmocka_unit_test(a_server_that_accepts_and_hangs_is_passed_over),
		cmocka_unit_test(waiting_ends_with_the_stop_descriptor),
		cmocka_unit_test(a_lost_connection_is_opened_again),
		cmocka_unit_test(a_transaction_does_not_go_on_with_another_connection),
		cmocka_unit_test(settings_of_the_role_do_not_matter),
		cmocka_unit_test(who_ends_is_told_to_run_it_again),
		cmocka_unit_test(a_crash_leaves_the_outcome_unknown),
		cmocka_unit_test(a_notification_wakes),
		cmocka_unit_test(a_script_has_its_own_limit),
		cmocka_unit_test(a_commit_without_its_standby_is_no_success),
		cmocka_unit_test(a_standby_is_no_primary_and_preferred_where_it_will_do),
	};

	return cmocka_run_group_tests(tests, start_server, end_servers);
}
