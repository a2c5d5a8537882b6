/* What has grown within the last minute, and a second. */
#include "unit.h"
#include "web/priv/minute.h"

static struct minute m;

static int clear(void **state)
{
	(void)state;
	memset(&m, 0, sizeof m);
	return 0;
}

/* SECONDS more, each with EVENTS, whose deliveries take a microsecond and a half. */
static void pass(
	int seconds, unsigned events, int64_t *now, uint64_t *count, struct dnc_histogram *total)
{
	for (int i = 0; i < seconds; i++) {
		*now += 1000;
		*count += events;
		dnc_histogram_observe(total, 1500, events);
		minute_note(&m, *now, *count, total);
	}
}

static void a_minute_forgets_what_was_before_it(void **state)
{
	struct dnc_histogram total = {0}, minute;
	uint64_t count = 0;
	int64_t now = 5000;

	(void)state;
	minute_delivery(&m, &total, &minute);
	assert_int_equal(dnc_histogram_count(&minute), 0);
	assert_true(minute_rate(&m, now, 7) == 0);
	minute_note(&m, now, count, &total);
	pass(30, 2, &now, &count, &total);
	minute_delivery(&m, &total, &minute);
	assert_int_equal(dnc_histogram_count(&minute), 60);
	pass(200, 3, &now, &count, &total);
	minute_delivery(&m, &total, &minute);
	assert_int_equal(dnc_histogram_count(&minute), 180);
	assert_int_equal(minute.bucket[1], 180);
	assert_int_equal(minute.sum_ns, 180 * 1500);
	pass(59, 0, &now, &count, &total);
	minute_delivery(&m, &total, &minute);
	assert_int_equal(dnc_histogram_count(&minute), 3);
	pass(1, 0, &now, &count, &total);
	minute_delivery(&m, &total, &minute);
	assert_int_equal(dnc_histogram_count(&minute), 0);
}

static void a_rate_is_that_of_ten_seconds(void **state)
{
	struct dnc_histogram total = {0};
	uint64_t count = 1000000; /* of which none is new */
	int64_t now = 5000;

	(void)state;
	minute_note(&m, now, count, &total);
	assert_true(minute_rate(&m, now, count) == 0);
	pass(2, 5, &now, &count, &total);
	assert_true(minute_rate(&m, now, count) == 5);
	pass(100, 40, &now, &count, &total);
	assert_true(minute_rate(&m, now, count) == 40);
	pass(5, 0, &now, &count, &total);
	assert_true(minute_rate(&m, now, count) == 20);
	pass(5, 0, &now, &count, &total);
	assert_true(minute_rate(&m, now, count) == 0);
}

/* Each look at the figures notes them, too. */
static void notes_that_come_often_do_not_shorten_the_minute(void **state)
{
	struct dnc_histogram total = {0}, minute;
	uint64_t count = 0;
	int64_t now = 5000;

	(void)state;
	minute_note(&m, now, count, &total);
	pass(10, 1, &now, &count, &total);
	for (int i = 0; i < 500; i++)
		minute_note(&m, now + i, count, &total);
	minute_delivery(&m, &total, &minute);
	assert_int_equal(dnc_histogram_count(&minute), 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_minute_forgets_what_was_before_it, clear),
		cmocka_unit_test_setup(a_rate_is_that_of_ten_seconds, clear),
		cmocka_unit_test_setup(notes_that_come_often_do_not_shorten_the_minute, clear),
	};

	return cmocka_run_group_tests_name("minute", tests, NULL, NULL);
}
