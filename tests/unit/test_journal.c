/* What the log stores, and which events it knows already. */
#include "log_dir.h"
#include <errno.h>

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

	assert_int_equal(dnc_event_parse(events, line, (size_t)n, &event), 0);
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
		/* One time of arrival is another. */
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
		batch_clear(&b);
		add_one(&b, 1, "", "\"violation_type\":\"t\"", then);
		if (!together)
			assert_int_equal(journal_append(j, &b, &err), 0);
		for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
			if (!together)
				batch_clear(&b);
			add_one(&b, cases[i].number, cases[i].provider, cases[i].data,
				cases[i].rest);
			if (!together)
				assert_int_equal(journal_append(j, &b, &err), 0);
			if (!together && b.events[0].logged != cases[i].logged)
				fail_msg("journal %d, case %zu: %d", kind, i, b.events[0].logged);
		}
		if (together)
			assert_int_equal(journal_append(j, &b, &err), 0);
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

/* An event at second AT of a minute that arrived at second ARRIVED. */
static void add_dated(struct dnc_batch *b, int number, int at, int arrived)
{
	char line[1024];
	struct dnc_event event;
	int n = snprintf(line, sizeof line - DNC_JSON_PADDING,
		"{\"id\":\"0198f0a0-0000-7000-8000-%012d\",\"type\":\"dnc.number.released\","
		"\"phone_number\":\"+13035550001\",\"severity\":\"low\","
		"\"timestamp\":\"2026-08-29T08:00:%02d.000Z\",\"summary\":\"s\","
		"\"event_data\":{\"reason\":\"expired\"},\"metadata\":{"
		"\"ingested_at\":\"2026-08-29T08:00:%02d.000Z\",\"source_format\":\"ndjson\"}}",
		number, at, arrived);

	assert_int_equal(dnc_event_parse(events, line, (size_t)n, &event), 0);
	assert_true(dnc_batch_add(b, &event));
}

static void a_time_that_the_source_gave_is_content(void **state)
{
	static const struct {
		int at, arrived, at_again, arrived_again;
		enum dnc_logged logged;
	} cases[] = {
		{1, 5, 1, 5, DNC_LOGGED_DUPLICATE},
		{1, 5, 1, 6, DNC_LOGGED_DUPLICATE},
		{1, 5, 2, 5, DNC_LOGGED_CONFLICT},
		{1, 5, 2, 6, DNC_LOGGED_CONFLICT},
		{5, 5, 6, 6, DNC_LOGGED_DUPLICATE}, /* not given, both times */
		{5, 5, 1, 6, DNC_LOGGED_CONFLICT},
		{1, 5, 6, 6, DNC_LOGGED_CONFLICT},
		/* Given, and by chance the time at which it arrived first or again. */
		{5, 5, 5, 6, DNC_LOGGED_DUPLICATE},
		{6, 5, 6, 6, DNC_LOGGED_DUPLICATE},
	};
	struct dnc_error err;
	struct dnc_batch b = {0};

	for (int kind = 0; kind < 2; kind++) {
		struct dnc_journal *j =
			kind ? dnc_journal_open(&(struct dnc_journal_options){0}, &err)
			     : open_log(&err);

		assert_non_null(j);
		for (int i = 0; i < (int)(sizeof cases / sizeof cases[0]); i++) {
			batch_clear(&b);
			add_dated(&b, i, cases[i].at, cases[i].arrived);
			add_dated(&b, i, cases[i].at_again, cases[i].arrived_again);
			assert_int_equal(journal_append(j, &b, &err), 0);
			assert_int_equal(b.events[0].logged, DNC_LOGGED_NEW);
			if (b.events[1].logged != cases[i].logged)
				fail_msg("journal %d, case %d: %d", kind, i, b.events[1].logged);
		}
		dnc_journal_close(j);
	}
	dnc_batch_free(&b);
	(void)state;
}

static void what_is_logged_is_there_after_a_restart_and_not_twice(void **state)
{
	struct dnc_error err;
	struct dnc_batch b = {0};
	struct dnc_journal *j = open_log(&err);
	struct dnc_journal_reader *r;
	uint64_t seq;
	int64_t before = dnc_clock_now_ms(), newest;

	(void)state;
	assert_non_null(j);
	assert_int_equal(dnc_journal_stats(j).newest_ms, 0);
	fill(&b, 1, 100);
	assert_int_equal(journal_append(j, &b, &err), 0);
	assert_int_equal(b.events[99].seq, 100);
	fill(&b, 91, 110);
	assert_int_equal(journal_append(j, &b, &err), 0);
	assert_int_equal(b.events[9].seq, 0);
	assert_int_equal(b.events[10].seq, 101);
	assert_int_equal(dnc_journal_duplicates(j), 10);
	assert_null(open_log(&err));
	assert_int_equal(err.code, EADDRINUSE);
	newest = dnc_journal_stats(j).newest_ms;
	assert_true(newest >= before && newest <= dnc_clock_now_ms());
	assert_true(dnc_journal_stats(j).disk_free_bytes > 0);
	fill(&b, 1, 5); /* duplicates */
	assert_int_equal(journal_append(j, &b, &err), 0);
	dnc_journal_close(j);

	j = open_log(&err);
	assert_non_null(j);
	assert_int_equal(dnc_journal_stats(j).newest_ms, newest);
	assert_int_equal(dnc_journal_last(j), 110);
	assert_int_equal(dnc_journal_oldest(j), 1);
	r = journal_reader_new(j, &err);
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
	assert_int_equal(dnc_journal_find_time(r, before, &seq, &err), 0);
	assert_int_equal(seq, 1);
	assert_int_equal(dnc_journal_find_time(r, dnc_clock_now_ms() + 1000, &seq, &err), 0);
	assert_int_equal(seq, 111);
	journal_reader_free(r);
	dnc_journal_close(j);
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
		assert_int_equal(journal_append(j, &b, &err), 0);
	}
	assert_int_equal(dnc_journal_last(j), 300000);
	fill(&b, 299000, 300010);
	assert_int_equal(journal_append(j, &b, &err), 0);
	assert_int_equal(dnc_journal_duplicates(j), 1001);
	assert_int_equal(dnc_journal_last(j), 300010);
	fill(&b, 1, 1000); /* forgotten */
	assert_int_equal(journal_append(j, &b, &err), 0);
	assert_int_equal(dnc_journal_last(j), 301010);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

/* Sets what the database has under the name of the key; NULL: nothing. */
static void set_key(const char *value)
{
	char path[128], sql[256];
	sqlite3 *db;

	snprintf(path, sizeof path, "%s/events.db", dir);
	snprintf(sql, sizeof sql, "DELETE FROM log WHERE key = 'mask_key'; %s%s%s",
		value ? "INSERT INTO log VALUES ('mask_key', '" : "", value ? value : "",
		value ? "')" : "");
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void open_with_key(unsigned char key[DNC_MASK_KEY_BYTES])
{
	struct dnc_error err;
	struct dnc_journal *j = open_log(&err);

	if (!j)
		fail_msg("%s", err.message);
	memcpy(key, dnc_journal_mask_key(j), DNC_MASK_KEY_BYTES);
	dnc_journal_close(j);
}

static void a_log_has_one_key_for_masked_ids(void **state)
{
	static const unsigned char zeros[DNC_MASK_KEY_BYTES];
	static const char *const broken[] = {"12", "x",
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1",
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"};
	unsigned char first[DNC_MASK_KEY_BYTES], again[DNC_MASK_KEY_BYTES];
	struct dnc_error err;
	struct dnc_journal *memory;

	(void)state;
	open_with_key(first);
	assert_memory_not_equal(first, zeros, sizeof first);
	open_with_key(again);
	assert_memory_equal(first, again, sizeof first);
	/* A log of an older release gets one, and keeps it. */
	set_key(NULL);
	open_with_key(again);
	assert_memory_not_equal(first, again, sizeof first);
	open_with_key(first);
	assert_memory_equal(first, again, sizeof first);
	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		set_key(broken[i]);
		assert_null(open_log(&err));
		assert_non_null(strstr(err.message, "mask_key"));
	}
	memory = dnc_journal_open(&(struct dnc_journal_options){0}, &err);
	assert_non_null(memory);
	assert_memory_not_equal(dnc_journal_mask_key(memory), zeros, sizeof zeros);
	dnc_journal_close(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		log_test(what_is_logged_is_there_after_a_restart_and_not_twice),
		log_test(an_id_with_other_content_is_a_conflict_not_a_duplicate),
		log_test(a_time_that_the_source_gave_is_content),
		log_test(a_log_has_one_key_for_masked_ids),
		cmocka_unit_test(without_a_directory_only_ids_are_known),
	};

	return cmocka_run_group_tests_name("journal", tests, make_reader, free_reader);
}
