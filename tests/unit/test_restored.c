/* A log in PostgreSQL that was restored from a backup, while its hubs were away: a new epoch tells that numbers were given again. */
#include "postgres.h"
#include "log/schema.h"

static struct postgres server;

static int start_server(void **state)
{
	(void)state;
	postgres_new(&server);
	return 0;
}

static int end_server(void **state)
{
	(void)state;
	postgres_free(&server);
	return 0;
}

/* An empty log. */
static int make_log(void **state)
{
	struct dnc_error err;

	(void)state;
	postgres_sql(&server, "DROP SCHEMA IF EXISTS dnc CASCADE");
	if (dnc_schema_init(server.log, &err) < 0)
		fail_msg("%s", err.message);
	return 0;
}

static void add(int count)
{
	static const char append[] =
		"SELECT seq FROM dnc.append(ARRAY[gen_random_uuid()], ARRAY['dnc.list.synced'], ARRAY[NULL], "
		"ARRAY['x'], ARRAY['info'], ARRAY['x'], ARRAY['{}'], ARRAY[]::text[])";

	while (count--)
		postgres_sql(&server, append);
}

static void expect_epochs(const char *first)
{
	assert_string_equal(
		postgres_sql(&server,
			"SELECT string_agg(first_seq::text, ' ' ORDER BY n) FROM dnc.epochs"),
		first);
}

static void an_epoch_lasts_while_the_server_runs(void **state)
{
	(void)state;
	add(3);
	postgres_sql(&server, "SELECT dnc.check_epoch()");
	add(2);
	expect_epochs("1");
}

static void a_dump_that_is_restored_begins_one(void **state)
{
	const char *const dump[] = {"pg_dump", "-h", server.dir, "-U", "postgres", "-n", "dnc",
		"-Fc", "-f", "dump", "postgres", NULL};
	const char *const restore[] = {
		"pg_restore", "-h", server.dir, "-U", "postgres", "-d", "postgres", "dump", NULL};

	(void)state;
	add(5);
	postgres_run(server.dir, dump);
	add(3);
	postgres_sql(&server, "DROP SCHEMA dnc CASCADE");
	postgres_run(server.dir, restore);
	/* Before any hub could see that there are fewer: 6 to 9 are other events now. */
	add(4);
	expect_epochs("1 6");
}

static void keep(const char *command)
{
	char text[256];

	snprintf(text, sizeof text, command, server.dir);
	assert_int_equal(system(text), 0);
}

static void files_that_are_restored_begin_one(void **state)
{
	(void)state;
	add(5);
	postgres_stop(&server, SIGINT);
	keep("cd %s && cp -a data backup");
	postgres_start(&server);
	add(3);
	postgres_stop(&server, SIGINT);
	keep("cd %s && rm -r data && mv backup data");
	postgres_start(&server);
	add(4);
	expect_epochs("1 6");
}

#define TEST(f) cmocka_unit_test_setup(f, make_log)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_epoch_lasts_while_the_server_runs),
		TEST(a_dump_that_is_restored_begins_one),
		TEST(files_that_are_restored_begin_one),
	};

	return cmocka_run_group_tests(tests, start_server, end_server);
}
