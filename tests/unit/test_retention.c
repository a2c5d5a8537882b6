/* What the log removes, by size and by age, also when the clock jumps. */
#include "set_clock.h"

static void pruning_takes_the_oldest_and_never_the_newest(void **state)
{
	struct dnc_error err;
	struct dnc_batch b = {0};
	struct dnc_journal *j = open_limited(1 << 20, &err);
	uint64_t oldest;

	(void)state;
	assert_non_null(j);
	for (int i = 0; i < 10; i++) {
		fill(&b, i * 1000 + 1, i * 1000 + 1000);
		assert_int_equal(journal_append(j, &b, &err), 0);
		while (journal_prune(j, &err) > 0)
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
	while (journal_prune(j, &err) > 0)
		;
	assert_int_equal(dnc_journal_oldest(j), 10000);
	fill(&b, 1, 1);
	assert_int_equal(journal_append(j, &b, &err), 0);
	assert_int_equal(dnc_journal_last(j), 10001);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

static void under_load_the_log_keeps_its_limit_and_the_wal_is_short(void **state)
{
	const off_t limit = 4 << 20;
	struct dnc_error err;
	struct dnc_batch b = {0};
	struct dnc_journal *j = open_limited(limit, &err);

	(void)state;
	assert_non_null(j);
	/* One turn of pruning after each commit, as when commits follow one another. */
	for (int i = 0; i < 100; i++) {
		append(j, &b, i * 500 + 1, i * 500 + 500);
		assert_true(journal_prune(j, &err) >= 0);
		assert_true(size_of("events.db-wal") < limit / 2);
		assert_true(size_of_all() < limit + limit / 2);
	}
	assert_true(dnc_journal_stats(j).checkpoints > 0);
	assert_true(dnc_journal_stats(j).pruned > 10000);
	prune(j);
	assert_int_equal(journal_idle(j, &err), 0);
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
	struct dnc_journal *j = open_limited(1 << 30, &err);

	(void)state;
	assert_non_null(j);
	append(j, &b, 1, 20000);
	dnc_journal_close(j);
	assert_true(size_of("events.db") > 8 << 20);
	j = open_limited(2 << 20, &err);
	assert_non_null(j);
	prune(j);
	assert_int_equal(journal_idle(j, &err), 0);
	assert_true(size_of_all() <= 2 << 20);
	assert_int_equal(dnc_journal_last(j), 20000);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

/* So much reading is noted that the records alone would be over the limit. */
static void add_audit(struct dnc_journal *j, struct dnc_batch *b, int count)
{
	struct dnc_error err;

	batch_clear(b);
	for (int i = 0; i < count; i++)
		assert_true(batch_audit(b,
			DNC_STR("{\"what\":\"read\",\"subject\":\"desk\",\"address\":\"192.0.2.7\","
				"\"role\":\"compliance\",\"events\":0,\"first_seq\":0,\"last_seq\":0}")));
	if (journal_append(j, b, &err) < 0)
		fail_msg("%s", err.message);
}

static void audit_records_never_push_events_out(void **state)
{
	const off_t limit = 2 << 20;
	struct dnc_error err;
	struct dnc_batch b = {0};
	struct dnc_journal *j = open_limited(limit, &err);

	(void)state;
	assert_non_null(j);
	add_audit(j, &b, 20000); /* before there is any event */
	prune(j);
	append(j, &b, 1, 1000);
	for (int i = 0; i < 10; i++) {
		add_audit(j, &b, 2000);
		assert_true(journal_prune(j, &err) >= 0);
	}
	for (int i = 0; i < 20; i++)
		prune(j);
	assert_int_equal(dnc_journal_oldest(j), 1);
	assert_int_equal(dnc_journal_stats(j).pruned, 0);
	assert_int_equal(journal_idle(j, &err), 0);
	assert_true(size_of_all() <= limit);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

/* An event a day, for 30 days. */
static void fill_days(struct dnc_journal *j, struct dnc_batch *b)
{
	for (int i = 1; i <= 30; i++) {
		append(j, b, i, i);
		prune(j);
		pass(day);
	}
}

static void a_clock_that_jumps_ahead_removes_a_day_more_each_day(void **state)
{
	struct dnc_batch b = {0};
	struct dnc_journal *j;

	(void)state;
	set_hands();
	j = open_by_hand(90 * day, false);
	fill_days(j, &b);
	hands.wall += year;
	prune(j);
	assert_int_equal(dnc_journal_oldest(j), 1);
	assert_true(dnc_journal_stats(j).clock_held);
	assert_in_range(dnc_journal_stats(j).clock_ahead_ms, 363 * day, 365 * day);
	append(j, &b, 31, 31);
	/* A restart does not change it, nor do many. */
	for (int i = 0; i < 20; i++) {
		dnc_journal_close(j);
		pass(minute);
		j = open_by_hand(90 * day, false);
		prune(j);
		assert_int_equal(dnc_journal_oldest(j), 1);
		assert_true(dnc_journal_stats(j).clock_held);
	}
	/* Back again: as if nothing had been. */
	hands.wall -= year;
	prune(j);
	assert_false(dnc_journal_stats(j).clock_held);
	append(j, &b, 32, 32);
	for (int i = 0; i < 62; i++) {
		pass(day);
		prune(j);
	}
	assert_in_range(dnc_journal_oldest(j), 2, 4);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

static void a_clock_that_was_right_is_accepted(void **state)
{
	struct dnc_batch b = {0};
	struct dnc_journal *j;

	(void)state;
	set_hands();
	j = open_by_hand(90 * day, false);
	fill_days(j, &b);
	dnc_journal_close(j);
	hands.wall += year;
	j = open_by_hand(90 * day, false);
	prune(j);
	assert_int_equal(dnc_journal_oldest(j), 1);
	dnc_journal_close(j);
	j = open_by_hand(90 * day, true);
	prune(j);
	assert_int_equal(dnc_journal_oldest(j), 30);
	assert_false(dnc_journal_stats(j).clock_held);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

static void expect_time(struct dnc_journal *j, int64_t ms, uint64_t expected)
{
	struct dnc_error err;
	struct dnc_journal_reader *r = journal_reader_new(j, &err);
	uint64_t seq;

	assert_non_null(r);
	assert_int_equal(dnc_journal_find_time(r, ms, &seq, &err), 0);
	journal_reader_free(r);
	if (seq != expected)
		fail_msg("%lld: %llu, not %llu", (long long)ms, (unsigned long long)seq,
			(unsigned long long)expected);
}

/* Wherever numbers are missing, no event that is there is passed over, nor that some are missing. */
static void times_are_found_beside_events_that_were_removed(void **state)
{
	struct dnc_batch b = {0};
	struct dnc_journal *j;
	int64_t start;

	(void)state;
	set_hands();
	start = hands.wall;
	j = open_by_hand(0, false);
	for (int i = 1; i <= 20; i++) {
		append(j, &b, i, i);
		pass(minute);
	}
	run_sql("DELETE FROM events WHERE seq BETWEEN 10 AND 12");
	for (int i = 1; i <= 20; i++)
		expect_time(j, start + (i - 1) * minute, (uint64_t)(i < 10 || i > 13 ? i : 10));
	expect_time(j, start + 20 * minute, 21);
	run_sql("DELETE FROM events WHERE seq BETWEEN 2 AND 19");
	expect_time(j, start, 1);
	for (int i = 2; i <= 20; i++)
		expect_time(j, start + (i - 1) * minute, 2);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

/* Ten events a minute apart, five more after the clock went JUMP ahead, and ten after it came back. */
static void jump_and_return(int64_t jump, bool restart)
{
	struct dnc_batch b = {0};
	struct dnc_journal *j;
	int64_t start;

	set_hands();
	start = hands.wall;
	j = open_by_hand(0, false);
	for (int i = 1; i <= 25; i++) {
		if (i == 11 || i == 16) {
			hands.wall += i == 11 ? jump : -jump;
			if (restart) {
				dnc_journal_close(j);
				j = open_by_hand(0, false);
			}
		}
		append(j, &b, i, i);
		if (i == 1 || i == 10)
			expect_time(j, start, 1);
		pass(minute);
	}
	for (int turn = 0; turn < 2; turn++) {
		expect_time(j, start, 1);
		expect_time(j, start + 4 * minute, 5);
		expect_time(
			j, start + 10 * minute, 11); /* of the jump: with the first one after it */
		expect_time(j, start + 12 * minute, 11);
		expect_time(j, start + 15 * minute, 11);
		expect_time(j, start + 16 * minute, 17);
		expect_time(j, start + 24 * minute, 25);
		expect_time(j, start + 25 * minute, 26);
		expect_time(j, start + 2 * year, 26);
		dnc_journal_close(j);
		hands.wall += year; /* later */
		hands.boot += year;
		j = open_by_hand(0, false);
	}
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

static void a_clock_that_jumps_and_returns_spoils_no_times(void **state)
{
	static const int64_t jumps[] = {365 * INT64_C(86400000), -365 * INT64_C(86400000)};

	for (int i = 0; i < 4; i++) {
		jump_and_return(jumps[i / 2], i % 2);
		remove_dir(state);
		assert_int_equal(make_dir(state), 0);
	}
}

static void a_log_that_began_with_a_wrong_clock_recovers(void **state)
{
	struct dnc_batch b = {0};
	struct dnc_journal *j;
	int64_t start;

	(void)state;
	set_hands();
	start = hands.wall;
	hands.wall += year;
	j = open_by_hand(10 * day, false);
	append(j, &b, 1, 5);
	hands.wall -= year;
	for (int i = 6; i <= 20; i++) {
		append(j, &b, i, i);
		prune(j);
		pass(day);
	}
	expect_time(j, start, dnc_journal_oldest(j));
	expect_time(j, start + 12 * day, 18);
	/* The first events are as old as the first one after them. */
	assert_in_range(dnc_journal_oldest(j), 9, 11);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

/* A reader in the middle of the log, while what it reads is removed. */
struct slow_reader {
	struct dnc_journal *j;
	uint64_t next;
};

static bool prune_at_100(void *ctx, uint64_t seq, struct dnc_str line)
{
	struct slow_reader *s = ctx;

	assert_int_equal(seq, s->next);
	assert_int_equal(numbered_read(line), seq);
	if (seq == 100) {
		prune(s->j);
		assert_true(dnc_journal_oldest(s->j) > 5000);
	}
	s->next++;
	return true;
}

static void what_is_pruned_while_it_is_read_is_read_to_the_end(void **state)
{
	struct dnc_error err;
	struct dnc_batch b = {0};
	struct dnc_journal *j = open_limited(1 << 20, &err);
	struct dnc_journal_reader *r = journal_reader_new(j, &err);
	struct slow_reader s = {j, 1};
	uint64_t first;

	(void)state;
	append(j, &b, 1, 10000);
	assert_int_equal(
		dnc_journal_read(r, 1, false, (struct dnc_str){0}, prune_at_100, &s, &err), 0);
	assert_int_equal(s.next, 10001);
	/* The next read begins with the oldest event that is left. */
	assert_int_equal(
		dnc_journal_read(r, 1, false, (struct dnc_str){0}, first_only, &first, &err), 0);
	assert_int_equal(first, dnc_journal_oldest(j));
	journal_reader_free(r);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		log_test(pruning_takes_the_oldest_and_never_the_newest),
		log_test(under_load_the_log_keeps_its_limit_and_the_wal_is_short),
		log_test(a_smaller_limit_gives_room_back),
		log_test(audit_records_never_push_events_out),
		log_test(a_clock_that_jumps_ahead_removes_a_day_more_each_day),
		log_test(a_clock_that_was_right_is_accepted),
		log_test(times_are_found_beside_events_that_were_removed),
		log_test(a_clock_that_jumps_and_returns_spoils_no_times),
		log_test(a_log_that_began_with_a_wrong_clock_recovers),
		log_test(what_is_pruned_while_it_is_read_is_read_to_the_end),
	};

	return cmocka_run_group_tests_name("retention", tests, make_reader, free_reader);
}
