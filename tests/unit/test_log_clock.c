/* The clock of retention, the segments of the log between jumps of the clock, and the list of epochs. */
#include "unit.h"
#include <stdio.h>
#include "log/priv/epochs.h"
#include "log/priv/retention_clock.h"
#include "log/priv/segments.h"

static const int64_t minute = 60000, hour = 3600000, day = 86400000, week = 7 * INT64_C(86400000);
static const int64_t start = INT64_C(1790000000000), boot = 1000 * INT64_C(86400000);

/* What was saved, relative to the start; then one reading after the wall clock and the time moved. */
static void the_retention_clock_leads_the_time_that_passed_by_a_day_at_most(void **state)
{
	const struct {
		const char *name;
		int64_t saved, saved_boot; /* 0: nothing was saved; -1: the machine was restarted */
		int64_t wall, passed;      /* since the start */
		int64_t expected;          /* of the reading, relative to the start */
	} cases[] = {
		{"a first start believes the clock", 0, 0, hour, hour, hour},
		{"the clock and the time agree", -day, boot - day, hour, hour, hour},
		{"an hour ahead is within the day", 0, 0, 2 * hour, hour, 2 * hour},
		{"a year ahead is a day ahead", 0, 0, 365 * day, hour, day + hour},
		{"a clock that is behind is believed", 0, 0, -hour, hour, -hour},
		{"off for three days is plausible", -3 * day, -1, hour, hour, hour},
		{"off for a month is not: a day is granted", -30 * day, -1, minute, minute,
			-30 * day + day + minute},
		{"a restart of the hub alone grants nothing", -30 * day, boot - minute, 0, 0,
			-30 * day + minute + minute},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct retention_clock c;
		int64_t saved = cases[i].saved ? start + cases[i].saved : 0, now;

		retention_clock_start(&c, start, boot, saved, cases[i].saved_boot);
		now = retention_clock_now(&c, start + cases[i].wall, boot + cases[i].passed);
		if (now != start + cases[i].expected)
			fail_msg("%s: %lld, not %lld", cases[i].name, (long long)(now - start),
				(long long)cases[i].expected);
		assert_true(now <= start + cases[i].wall);
	}
}

static void a_clock_that_stays_ahead_is_followed_by_a_day_more_each_day(void **state)
{
	struct retention_clock c;
	int64_t ahead = 10 * day, now = 0;

	(void)state;
	retention_clock_start(&c, start, boot, 0, -1);
	for (int h = 0; h <= 24 * 20; h++) {
		now = retention_clock_now(&c, start + ahead + h * hour, boot + h * hour);
		assert_true(now <= start + ahead + h * hour);
		assert_true(now <= start + day + 2 * h * hour);
	}
	assert_int_equal(now, start + ahead + 20 * day); /* they agree in the end */
}

static void a_clock_that_is_behind_for_a_day_was_right(void **state)
{
	struct retention_clock c;

	(void)state;
	retention_clock_start(&c, start, boot, 0, -1);
	retention_clock_now(&c, start - week, boot);
	assert_int_equal(
		retention_clock_now(&c, start - week + day, boot + day), start - week + day);
	assert_int_equal(c.expected_ms, start + day); /* not yet */
	retention_clock_now(&c, start - week + day + hour, boot + day + hour);
	assert_int_equal(c.expected_ms, start - week + day + hour);
}

static void segments_are_read_as_they_were_written(void **state)
{
	static const char *const bad[] = {
		"x", "1:2:3", "1:2:3:0", "1:2:3:0;x", "1:2:3:0;4:5:6:1;7"};
	char text[SEGMENTS_TEXT], again[SEGMENTS_TEXT], many[SEGMENTS_TEXT * 2] = "";
	struct segments s = {0}, read;

	(void)state;
	segments_begin(&s, 11, start + week, start + hour, start);
	segments_begin(&s, 16, start + 2 * hour, start + week + hour, start);
	segments_write(&s, text);
	assert_true(segments_read(&read, text));
	segments_write(&read, again);
	assert_string_equal(text, again);
	assert_int_equal(read.n, 3);
	assert_true(read.at[1].invalid);
	assert_false(read.at[0].invalid);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_false(segments_read(&read, bad[i]));
		assert_int_equal(read.n, 0);
	}
	for (int i = 0; i <= SEGMENTS_MAX; i++)
		strcat(many, "1:2:3:0;");
	assert_false(segments_read(&read, many));
	assert_true(segments_read(&read, ""));
	assert_int_equal(read.n, 0);
	segments_write(&read, text);
	assert_string_equal(text, "");
}

static void segments_that_turn_out_to_be_in_order_are_joined(void **state)
{
	struct segments s = {0};

	(void)state;
	segments_begin(&s, 11, start + week, start + hour, start);
	segments_begin(&s, 21, start + 2 * week, start + week + hour, start);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.at[0].first, 1);
	assert_int_equal(s.at[0].last_ms, start + week + hour);
	assert_int_equal(s.at[1].first, 21);
}

static void a_segment_in_the_future_is_unreliable_once_another_follows(void **state)
{
	struct segments s = {0};

	(void)state;
	segments_begin(&s, 11, start, start + 365 * day, start + 365 * day);
	assert_true(segments_unreliable(&s, 0, start));
	assert_false(segments_unreliable(&s, 1, start));
	assert_false(segments_unreliable(&s, 0, start + 365 * day));
	segments_prune(&s, 10);
	assert_int_equal(s.n, 2);
	segments_prune(&s, 11);
	assert_int_equal(s.n, 1);
	segments_prune(&s, 100);
	assert_int_equal(s.n, 1);
}

static void of_too_many_segments_the_oldest_is_dropped(void **state)
{
	struct segments s = {0};
	char text[SEGMENTS_TEXT];

	(void)state;
	/* Each is in the past of the one before: none can be joined. */
	for (int i = 1; i <= 100; i++)
		segments_begin(
			&s, (uint64_t)i * 10, start - i * day, start - i * day + hour, start);
	assert_int_equal(s.n, SEGMENTS_MAX);
	assert_int_equal(s.at[s.n - 1].first, 1000);
	assert_true(s.at[0].first > 1);
	segments_write(&s, text); /* all of them have room */
	assert_true(segments_read(&s, text));
	assert_int_equal(s.n, SEGMENTS_MAX);
}

static uint64_t end_of(struct epochs *e, const char *name)
{
	uint64_t end = 0;

	return epochs_find(e, dnc_str(name), &end) ? end : 0;
}

static void an_epoch_ends_where_a_later_one_begins(void **state)
{
	struct epochs *e = epochs_new();
	struct epoch_list l = {0};
	char name[DNC_EPOCH_LEN + 1];

	(void)state;
	assert_int_equal(epoch_list_add(&l, DNC_STR("000000000000000f"), 1), 0);
	assert_int_equal(epoch_list_add(&l, DNC_STR("00000000000000a0"), 101), 0);
	assert_int_equal(epoch_list_add(&l, DNC_STR("0000000000000001"), 51), 0); /* a backup */
	for (int i = 0; i < 4; i++) /* malformed: ignored */
		assert_int_equal(epoch_list_add(&l,
					 dnc_str((const char *[]){"", "x", "000000000000000G",
						 "00000000000000000"}[i]),
					 1),
			0);
	for (uint64_t i = 0; i < 200; i++) {
		snprintf(name, sizeof name, "%016llx", (unsigned long long)(0x1000 + i));
		assert_int_equal(epoch_list_add(&l, dnc_str(name), 60 + i), 0);
	}
	assert_int_equal(l.count, 203);
	assert_int_equal(epochs_begin(e, &l, 300), 0);
	assert_int_equal(l.count, 0);
	assert_int_equal(end_of(e, "000000000000000f"), 50);
	assert_int_equal(end_of(e, "00000000000000a0"), 50); /* all that it had was lost */
	assert_int_equal(end_of(e, "0000000000000001"), 59);
	assert_int_equal(end_of(e, "00000000000010c7"), 299);
	assert_int_equal(end_of(e, "0000000000002000"), 0);
	assert_int_equal(end_of(e, "X"), 0);
	assert_true(end_of(e, epochs_current(e).name) == UINT64_MAX);
	assert_int_equal(strlen(epochs_current(e).name), DNC_EPOCH_LEN);
	assert_int_equal(epochs_current(e).first, 300);
	epochs_free(e);
}

static void other_epochs_replace_those_there_were(void **state)
{
	struct epochs *e = epochs_new();
	struct epoch_list l = {0};

	(void)state;
	assert_int_equal(epoch_list_add(&l, DNC_STR("00000000000000a0"), 1), 0);
	epochs_replace(e, &l);
	assert_int_equal(epochs_changes(e), 1);
	assert_string_equal(epochs_current(e).name, "00000000000000a0");
	epochs_replace(e, &l); /* empty */
	assert_int_equal(epochs_changes(e), 1);
	/* Two at once, of which one had no event. */
	assert_int_equal(epoch_list_add(&l, DNC_STR("00000000000000a0"), 1), 0);
	assert_int_equal(epoch_list_add(&l, DNC_STR("000000000000000b"), 101), 0);
	assert_int_equal(epoch_list_add(&l, DNC_STR("000000000000000c"), 101), 0);
	epochs_replace(e, &l);
	assert_int_equal(epochs_changes(e), 2);
	assert_string_equal(epochs_current(e).name, "000000000000000c");
	assert_int_equal(epochs_current(e).first, 101);
	assert_int_equal(end_of(e, "00000000000000a0"), 100);
	assert_int_equal(end_of(e, "000000000000000b"), 100);
	assert_true(end_of(e, "000000000000000c") == UINT64_MAX);
	/* The same newest one again. */
	assert_int_equal(epoch_list_add(&l, DNC_STR("000000000000000c"), 101), 0);
	epochs_replace(e, &l);
	assert_int_equal(epochs_changes(e), 2);
	assert_int_equal(end_of(e, "000000000000000b"), 0);
	epochs_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_retention_clock_leads_the_time_that_passed_by_a_day_at_most),
		cmocka_unit_test(a_clock_that_stays_ahead_is_followed_by_a_day_more_each_day),
		cmocka_unit_test(a_clock_that_is_behind_for_a_day_was_right),
		cmocka_unit_test(segments_are_read_as_they_were_written),
		cmocka_unit_test(segments_that_turn_out_to_be_in_order_are_joined),
		cmocka_unit_test(a_segment_in_the_future_is_unreliable_once_another_follows),
		cmocka_unit_test(of_too_many_segments_the_oldest_is_dropped),
		cmocka_unit_test(an_epoch_ends_where_a_later_one_begins),
		cmocka_unit_test(other_epochs_replace_those_there_were),
	};

	return cmocka_run_group_tests_name("log_clock", tests, NULL, NULL);
}
