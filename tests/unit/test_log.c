/* The event log on a real disk. */
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "log/journal.h"

static char dir[64];
static struct dnc_event_reader *events;

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/dnc-log-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	static const char *const names[] = {"events.db", "events.db-wal", "events.db-shm",
		"events.db.new", "events.db.away", "lock", "reserve"};
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

static struct dnc_journal *open_log(struct dnc_error *err)
{
	return dnc_journal_open(&(struct dnc_journal_options){.dir = dir}, err);
}

/* Events number FROM to TO; the number stands in id and phone number. */
static void fill(struct dnc_batch *b, int from, int to)
{
	dnc_batch_clear(b);
	for (int i = from; i <= to; i++) {
		char line[1024];
		struct dnc_event event;
		int n = snprintf(line, sizeof line - DNC_JSON_PADDING,
			"{\"id\":\"0198f0a0-0000-7000-8000-%012d\",\"type\":\"dnc.compliance.violation\","
			"\"phone_number\":\"+1303555%04d\",\"severity\":\"critical\","
			"\"timestamp\":\"2026-08-29T08:00:00.000Z\",\"summary\":\"s\","
			"\"event_data\":{\"violation_type\":\"t\"},"
			"\"metadata\":{\"ingested_at\":\"2026-08-29T08:00:00.000Z\","
			"\"source_format\":\"ndjson\"}}",
			i, i % 10000);

		assert_int_equal(dnc_event_view(events, line, (size_t)n, &event), 0);
		assert_true(dnc_batch_add(b, &event));
	}
}

/* One event of a batch: ID and number are those of NUMBER. */
static void add_one(
	struct dnc_batch *b, int number, const char *provider, const char *data, const char *rest)
{
	char line[1024];
	struct dnc_event event;
	int n = snprintf(line, sizeof line - DNC_JSON_PADDING,
		"{\"id\":\"0198f0a0-0000-7000-8000-%012d\",\"type\":\"dnc.compliance.violation\","
		"\"phone_number\":\"+1303555%04d\"%s,\"severity\":\"critical\",%s,"
		"\"event_data\":{%s},"
		"\"metadata\":{\"ingested_at\":\"%.20s000Z\",\"source_format\":\"ndjson\"}}",
		number, number % 10000, provider, rest, data, strstr(rest, "20"));

	assert_int_equal(dnc_event_view(events, line, (size_t)n, &event), 0);
	assert_true(dnc_batch_add(b, &event));
}

/* Against the event number 1 of the log, in a batch of its own, and in the same batch. */
static void an_id_with_other_content_is_a_conflict_not_a_duplicate(void **state)
{
	static const char then[] = "\"timestamp\":\"2026-08-29T08:00:00.000Z\",\"summary\":\"s\"",
			  later[] = "\"timestamp\":\"2026-09-30T09:00:00.000Z\",\"summary\":\"z\"";
	static const struct {
		int number;
		const char *provider, *data, *rest;
		enum dnc_logged logged;
	} cases[] = {
		{1, "", "\"violation_type\":\"t\"", then, DNC_LOGGED_DUPLICATE},
		{1, "", "\"violation_type\":\"t\"", later, DNC_LOGGED_DUPLICATE},
		{1, "", "\"violation_type\":\"u\"", then, DNC_LOGGED_CONFLICT},
		{1, "", "\"violation_type\":\"u\"", later, DNC_LOGGED_CONFLICT},
		{1, "", "\"violation_type\":\"t\",\"n\":1", then, DNC_LOGGED_CONFLICT},
		{1, ",\"provider\":\"p\"", "\"violation_type\":\"t\"", then, DNC_LOGGED_CONFLICT},
		{1, ",\"provider\":\"p\\\"q\"", "\"violation_type\":\"t\"", then,
			DNC_LOGGED_CONFLICT},
		{2, "", "\"violation_type\":\"t\"", then, DNC_LOGGED_NEW},
	};
	struct dnc_error err;
	struct dnc_batch b = {0};

	for (int kind = 0; kind < 3; kind++) {
		struct dnc_journal *j =
			kind == 2 ? dnc_journal_open(&(struct dnc_journal_options){0}, &err)
				  : open_log(&err);
		bool together = kind == 1;
		uint64_t conflicts = 0;

		assert_non_null(j);
		dnc_batch_clear(&b);
		add_one(&b, 1, "", "\"violation_type\":\"t\"", then);
		if (!together)
			assert_int_equal(dnc_journal_append(j, &b, &err), 0);
		for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
			if (!together)
				dnc_batch_clear(&b);
			add_one(&b, cases[i].number, cases[i].provider, cases[i].data,
				cases[i].rest);
			if (!together)
				assert_int_equal(dnc_journal_append(j, &b, &err), 0);
			if (!together && b.events[0].logged != cases[i].logged)
				fail_msg("journal %d, case %zu: %d", kind, i, b.events[0].logged);
		}
		if (together)
			assert_int_equal(dnc_journal_append(j, &b, &err), 0);
		for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
			if (together && b.events[i + 1].logged != cases[i].logged)
				fail_msg("one batch, case %zu: %d", i, b.events[i + 1].logged);
			conflicts += cases[i].logged == DNC_LOGGED_CONFLICT;
		}
		assert_int_equal(dnc_journal_conflicts(j), conflicts);
		assert_int_equal(dnc_journal_duplicates(j), 2);
		assert_int_equal(dnc_journal_last(j), 2);
		dnc_journal_close(j);
		if (kind == 0) {
			remove_dir(NULL);
			assert_int_equal(make_dir(NULL), 0);
		}
	}
	dnc_batch_free(&b);
	(void)state;
}

static bool count_up(void *ctx, uint64_t seq, struct dnc_str line)
{
	uint64_t *next = ctx;

	assert_int_equal(seq, *next);
	assert_int_equal(line.p[line.n - 1], '}');
	++*next;
	return true;
}

static bool first_only(void *ctx, uint64_t seq, struct dnc_str line)
{
	(void)line;
	*(uint64_t *)ctx = seq;
	return false;
}

static void what_is_logged_is_there_after_a_restart_and_not_twice(void **state)
{
	struct dnc_error err;
	struct dnc_batch b = {0};
	struct dnc_journal *j = open_log(&err);
	struct dnc_journal_reader *r;
	char epoch[DNC_EPOCH_LEN + 1];
	uint64_t seq;
	int64_t before = dnc_clock_now_ms();

	(void)state;
	assert_non_null(j);
	strcpy(epoch, dnc_journal_epoch(j));
	fill(&b, 1, 100);
	assert_int_equal(dnc_journal_append(j, &b, &err), 0);
	assert_int_equal(b.events[99].seq, 100);
	fill(&b, 91, 110);
	assert_int_equal(dnc_journal_append(j, &b, &err), 0);
	assert_int_equal(b.events[9].seq, 0);
	assert_int_equal(b.events[10].seq, 101);
	assert_int_equal(dnc_journal_duplicates(j), 10);
	assert_null(open_log(&err));
	assert_int_equal(err.code, EADDRINUSE);
	dnc_journal_close(j);

	j = open_log(&err);
	assert_non_null(j);
	assert_string_equal(dnc_journal_epoch(j), epoch);
	assert_int_equal(dnc_journal_last(j), 110);
	assert_int_equal(dnc_journal_oldest(j), 1);
	r = dnc_journal_reader_new(j, &err);
	assert_non_null(r);
	seq = 1;
	assert_int_equal(
		dnc_journal_read(r, 1, false, (struct dnc_str){0}, count_up, &seq, &err), 0);
	assert_int_equal(seq, 111);
	assert_int_equal(
		dnc_journal_read(r, 50, true, (struct dnc_str){0}, first_only, &seq, &err), 0);
	assert_int_equal(seq, 50);
	assert_int_equal(
		dnc_journal_read(r, 1, false, DNC_STR("+13035550077"), first_only, &seq, &err), 0);
	assert_int_equal(seq, 77);
	assert_int_equal(
		dnc_journal_find_id(r, DNC_STR("0198f0a0-0000-7000-8000-000000000105"), &seq, &err),
		0);
	assert_int_equal(seq, 105);
	assert_int_equal(dnc_journal_find_id(r, DNC_STR("x"), &seq, &err), 0);
	assert_int_equal(seq, 0);
	assert_int_equal(dnc_journal_find_time(r, before, &seq, &err), 0);
	assert_int_equal(seq, 1);
	assert_int_equal(dnc_journal_find_time(r, dnc_clock_now_ms() + 1000, &seq, &err), 0);
	assert_int_equal(seq, 111);
	dnc_journal_reader_free(r);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

static void pruning_takes_the_oldest_and_never_the_newest(void **state)
{
	struct dnc_error err;
	struct dnc_batch b = {0};
	struct dnc_journal *j = dnc_journal_open(
		&(struct dnc_journal_options){.dir = dir, .retain_bytes = 1 << 20}, &err);
	uint64_t oldest;

	(void)state;
	assert_non_null(j);
	for (int i = 0; i < 10; i++) {
		fill(&b, i * 1000 + 1, i * 1000 + 1000);
		assert_int_equal(dnc_journal_append(j, &b, &err), 0);
		while (dnc_journal_prune(j, &err) > 0)
			;
	}
	oldest = dnc_journal_oldest(j);
	assert_int_equal(dnc_journal_last(j), 10000);
	assert_in_range(oldest, 5000, 9900);
	dnc_journal_close(j);
	j = dnc_journal_open(&(struct dnc_journal_options){.dir = dir, .retain_ms = 1}, &err);
	assert_int_equal(dnc_journal_oldest(j), oldest);
	for (int64_t until = dnc_clock_mono_ms() + 5; dnc_clock_mono_ms() < until;)
		;
	while (dnc_journal_prune(j, &err) > 0)
		;
	assert_int_equal(dnc_journal_oldest(j), 10000);
	fill(&b, 1, 1);
	assert_int_equal(dnc_journal_append(j, &b, &err), 0);
	assert_int_equal(dnc_journal_last(j), 10001);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

static off_t size_of(const char *name)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return stat(path, &st) == 0 ? st.st_size : 0;
}

static off_t size_of_all(void)
{
	return size_of("events.db") + size_of("events.db-wal") + size_of("events.db-shm") +
	       size_of("reserve");
}

static void append(struct dnc_journal *j, struct dnc_batch *b, int from, int to)
{
	struct dnc_error err;

	fill(b, from, to);
	if (dnc_journal_append(j, b, &err) < 0)
		fail_msg("%s", err.message);
}

static void prune(struct dnc_journal *j)
{
	struct dnc_error err;
	int rc;

	while ((rc = dnc_journal_prune(j, &err)) > 0)
		;
	if (rc < 0)
		fail_msg("%s", err.message);
}

static void under_load_the_log_keeps_its_limit_and_the_wal_is_short(void **state)
{
	const off_t limit = 4 << 20;
	struct dnc_error err;
	struct dnc_batch b = {0};
	struct dnc_journal *j = dnc_journal_open(
		&(struct dnc_journal_options){.dir = dir, .retain_bytes = (uint64_t)limit}, &err);

	(void)state;
	assert_non_null(j);
	/* One turn of pruning after each commit, as when commits follow one another. */
	for (int i = 0; i < 100; i++) {
		append(j, &b, i * 500 + 1, i * 500 + 500);
		assert_true(dnc_journal_prune(j, &err) >= 0);
		assert_true(size_of("events.db-wal") < limit / 2);
		assert_true(size_of_all() < limit + limit / 2);
	}
	assert_true(dnc_journal_stats(j).checkpoints > 0);
	assert_true(dnc_journal_stats(j).pruned > 10000);
	prune(j);
	assert_int_equal(dnc_journal_idle(j, &err), 0);
	assert_int_equal(size_of("events.db-wal"), 0);
	assert_true(size_of_all() <= limit);
	assert_true(dnc_journal_last(j) - dnc_journal_oldest(j) > 1000);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

static void a_smaller_limit_gives_room_back(void **state)
{
	struct dnc_error err;
	struct dnc_batch b = {0};
	struct dnc_journal *j = open_log(&err);

	(void)state;
	assert_non_null(j);
	append(j, &b, 1, 20000);
	dnc_journal_close(j);
	assert_true(size_of("events.db") > 8 << 20);
	j = dnc_journal_open(
		&(struct dnc_journal_options){.dir = dir, .retain_bytes = 2 << 20}, &err);
	assert_non_null(j);
	prune(j);
	assert_int_equal(dnc_journal_idle(j, &err), 0);
	assert_true(size_of_all() <= 2 << 20);
	assert_int_equal(dnc_journal_last(j), 20000);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

static void move(const char *from, const char *to)
{
	char a[128], b[128];

	snprintf(a, sizeof a, "%s/%s", dir, from);
	snprintf(b, sizeof b, "%s/%s", dir, to);
	assert_int_equal(rename(a, b), 0);
}

static void a_log_that_is_removed_or_replaced_takes_nothing_until_it_is_back(void **state)
{
	static const char *const names[] = {"events.db", "events.db-wal", "events.db-shm"};
	struct dnc_error err;
	struct dnc_batch b = {0};
	struct dnc_journal *j = open_log(&err);
	char path[128];

	(void)state;
	assert_non_null(j);
	append(j, &b, 1, 10);
	for (int i = 0; i < 3; i++) {
		int fd;

		move(names[i], "events.db.away");
		fill(&b, 11 + i, 11 + i);
		assert_int_equal(dnc_journal_append(j, &b, &err), -1);
		assert_non_null(strstr(err.message, "removed"));
		assert_int_equal(dnc_journal_idle(j, &err), -1);
		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		fd = open(path, O_RDWR | O_CREAT, 0600);
		assert_true(fd >= 0);
		close(fd);
		assert_int_equal(dnc_journal_append(j, &b, &err), -1);
		assert_non_null(strstr(err.message, "replaced"));
		assert_int_equal(dnc_journal_idle(j, &err), -1);
		assert_int_equal(dnc_journal_last(j), 10 + i);
		move("events.db.away", names[i]);
		assert_int_equal(dnc_journal_idle(j, &err), 0);
		assert_int_equal(dnc_journal_append(j, &b, &err), 0);
		assert_int_equal(b.events[0].seq, 11 + i);
		assert_int_equal(b.events[0].logged, DNC_LOGGED_NEW);
	}
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

static void overwrite(off_t at, const char *bytes, size_t n, off_t size)
{
	char path[128];
	int fd;

	snprintf(path, sizeof path, "%s/events.db", dir);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	if (n)
		assert_int_equal(pwrite(fd, bytes, n, at), n);
	if (size >= 0)
		assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
}

static void a_damaged_log_is_refused_with_a_way_out(void **state)
{
	static const struct {
		off_t at, size; /* where bytes are broken; the new size, or -1 */
		const char *message;
	} cases[] = {{0, -1, "damaged"}, {4096, -1, "damaged"}, {-1, 0, "it is empty"},
		{-1, 8192, "damaged"}, {-1, 30000, "damaged"}};
	static const char junk[4096] = "junk";
	struct dnc_error err;
	struct dnc_batch b = {0};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_journal *j = open_log(&err);

		assert_non_null(j);
		fill(&b, 1, 1000);
		assert_int_equal(dnc_journal_append(j, &b, &err), 0);
		dnc_journal_close(j);
		overwrite(cases[i].at, junk, cases[i].at < 0 ? 0 : sizeof junk, cases[i].size);
		j = open_log(&err);
		if (j || !strstr(err.message, cases[i].message) ||
			!strstr(err.message, "move it away"))
			fail_msg("case %zu: %s", i, j ? "opened" : err.message);
		remove_dir(NULL);
		assert_int_equal(make_dir(NULL), 0);
	}
	dnc_batch_free(&b);
}

static void without_a_directory_only_ids_are_known(void **state)
{
	struct dnc_error err;
	struct dnc_batch b = {0};
	struct dnc_journal *j = dnc_journal_open(&(struct dnc_journal_options){0}, &err);

	(void)state;
	assert_non_null(j);
	for (int i = 0; i < 300; i++) { /* more than are remembered */
		fill(&b, i * 1000 + 1, i * 1000 + 1000);
		assert_int_equal(dnc_journal_append(j, &b, &err), 0);
	}
	assert_int_equal(dnc_journal_last(j), 300000);
	fill(&b, 299000, 300010);
	assert_int_equal(dnc_journal_append(j, &b, &err), 0);
	assert_int_equal(dnc_journal_duplicates(j), 1001);
	assert_int_equal(dnc_journal_last(j), 300010);
	fill(&b, 1, 1000); /* forgotten */
	assert_int_equal(dnc_journal_append(j, &b, &err), 0);
	assert_int_equal(dnc_journal_last(j), 301010);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_is_logged_is_there_after_a_restart_and_not_twice, make_dir,
			remove_dir),
		cmocka_unit_test_setup_teardown(
			pruning_takes_the_oldest_and_never_the_newest, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			under_load_the_log_keeps_its_limit_and_the_wal_is_short, make_dir,
			remove_dir),
		cmocka_unit_test_setup_teardown(
			a_smaller_limit_gives_room_back, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_log_that_is_removed_or_replaced_takes_nothing_until_it_is_back, make_dir,
			remove_dir),
		cmocka_unit_test_setup_teardown(
			a_damaged_log_is_refused_with_a_way_out, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			an_id_with_other_content_is_a_conflict_not_a_duplicate, make_dir,
			remove_dir),
		cmocka_unit_test(without_a_directory_only_ids_are_known),
	};
	int rc;

	events = dnc_event_reader_new(&(struct dnc_event_options){0});
	rc = cmocka_run_group_tests_name("log", tests, NULL, NULL);
	dnc_event_reader_free(events);
	return rc;
}
