/* What can be asked about a subscriber, and how it waits for its rate limit. */
#include "hub_peer.h"

static void a_subscriber_says_what_it_was_sent(void **state)
{
	struct dnc_hub *h = new_hub(1000);
	struct peer a = {0};
	struct dnc_subscriber *s = join(h, &a);

	(void)state;
	append(h, 5);
	assert_false(dnc_subscriber_active(s));
	assert_false(dnc_subscriber_starting(s));
	assert_null(dnc_subscriber_filter(s));
	subscribe(h, s, "{\"providers\":[\"even\"]}", (struct dnc_start){.from = DNC_START_NOW});
	assert_true(dnc_subscriber_active(s));
	assert_false(dnc_subscriber_owed_gap(s));
	assert_int_equal(dnc_subscriber_sent(s), 0);
	assert_int_equal(dnc_subscriber_first_sent(s), 0);
	assert_int_equal(dnc_subscriber_last_sent(s), 0);
	append(h, 6);
	assert_int_equal(dnc_subscriber_sent(s), 3);
	assert_int_equal(dnc_subscriber_first_sent(s), 6);
	assert_int_equal(dnc_subscriber_last_sent(s), 10);
	assert_int_equal(dnc_subscriber_next(s), 12);
	assert_int_equal(dnc_filter_count(dnc_subscriber_filter(s)), 1);
	dnc_hub_unsubscribe(s);
	assert_false(dnc_subscriber_active(s));
	assert_null(dnc_subscriber_filter(s));
	dnc_hub_leave(s);
	dnc_hub_leave(NULL);
	free_hub(h);
}

/* A client that continues elsewhere from its position would not hear of the gap. */
static void a_gap_is_owed_until_the_transport_is_ready(void **state)
{
	struct dnc_hub *h = new_hub(1000);
	struct peer a = {0};
	struct dnc_subscriber *s = join(h, &a);

	(void)state;
	append(h, 3);
	dnc_subscriber_full(s);
	subscribe(h, s, "{}",
		(struct dnc_start){.from = DNC_START_SINCE, .n = 2, .epoch = DNC_STR("other")});
	assert_int_equal(a.starts, 1);
	assert_int_equal(a.gaps, 0);
	assert_true(dnc_subscriber_owed_gap(s));
	dnc_subscriber_ready(s);
	assert_int_equal(a.gaps, 1);
	assert_false(dnc_subscriber_owed_gap(s));
	assert_int_equal(a.count, 3);
	dnc_hub_leave(s);
	free_hub(h);
}

static void a_subscriber_says_why_it_lags(void **state)
{
	static const struct dnc_view everything = {.types = DNC_ALL_TYPES};
	struct dnc_hub *h = new_hub(1000);
	struct peer fast = {0}, full = {.full = true}, limited = {0}, idle = {0};
	struct dnc_subscriber *f = join(h, &fast), *u = join(h, &full), *i = join(h, &idle),
			      *l = dnc_hub_join(h, &limited, &everything,
				      &(struct dnc_rate){.per_minute = 1, .burst = 3});
	const struct {
		struct dnc_subscriber *subscriber;
		enum dnc_lag_reason reason;
		uint64_t behind;
	} cases[] = {{f, DNC_LAG_NONE, 0}, {u, DNC_LAG_SLOW_CLIENT, 7}, {l, DNC_LAG_RATE_LIMIT, 5},
		{i, DNC_LAG_NONE, 0}};
	size_t lags[DNC_HUB_LAGS];

	(void)state;
	subscribe(h, f, "{}", (struct dnc_start){.from = DNC_START_NOW});
	subscribe(h, u, "{}", (struct dnc_start){.from = DNC_START_NOW});
	subscribe(h, l, "{}", (struct dnc_start){.from = DNC_START_NOW});
	for (int n = 0; n < 8; n++)
		append(h, 1);
	for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
		uint64_t behind = 99;

		assert_int_equal(
			dnc_subscriber_lag_reason(cases[c].subscriber, &behind), cases[c].reason);
		assert_int_equal(behind, cases[c].behind);
	}
	assert_true(dnc_subscriber_rate_limited(l));
	assert_false(dnc_subscriber_rate_limited(u));
	dnc_hub_lag_histogram(h, lags);
	assert_int_equal(lags[0], 2);
	assert_int_equal(lags[3], 2); /* 4 to 7 */
	assert_int_equal(dnc_hub_stats(h).rate_limited, 1);
	dnc_hub_leave(f);
	dnc_hub_leave(u);
	dnc_hub_leave(i);
	dnc_hub_leave(l);
	free_hub(h);
}

/* 1,200 a minute: one in each tick. */
static void a_rate_limit_lets_events_through_in_its_time(void **state)
{
	static const struct dnc_view everything = {.types = DNC_ALL_TYPES};
	struct dnc_hub *h = new_hub(1000);
	struct peer a = {0};
	struct dnc_subscriber *s = dnc_hub_join(
		h, &a, &everything, &(struct dnc_rate){.per_minute = 1200, .burst = 1});
	int64_t start = dnc_clock_mono_ms();

	(void)state;
	subscribe(h, s, "{\"providers\":[\"even\"]}", (struct dnc_start){.from = DNC_START_NOW});
	append(h, 8);
	assert_int_equal(a.count, 1);
	for (int ticks = 0; a.count < 4; ticks++) {
		assert_true(ticks < 400);
		assert_true(dnc_hub_needs_ticks(h));
		poll(NULL, 0, DNC_HUB_TICK_MS);
		dnc_hub_tick(h);
	}
	assert_true(dnc_clock_mono_ms() - start >= 3 * 60000 / 1200 - 10);
	assert_int_equal(a.seqs[3], 8);
	assert_int_equal(a.gaps, 0);
	work(h);
	assert_false(dnc_hub_needs_ticks(h));
	dnc_hub_leave(s);
	free_hub(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_subscriber_says_what_it_was_sent),
		cmocka_unit_test(a_gap_is_owed_until_the_transport_is_ready),
		cmocka_unit_test(a_subscriber_says_why_it_lags),
		cmocka_unit_test(a_rate_limit_lets_events_through_in_its_time),
	};
	int rc;

	journal = dnc_journal_open(&(struct dnc_journal_options){0}, NULL);
	rc = cmocka_run_group_tests_name("subscriber", tests, NULL, NULL);
	dnc_journal_close(journal);
	return rc;
}
