/* The hub against a transport that remembers. */
#include "hub_peer.h"

static void all_events_arrive_once_in_order(void **state)
{
	struct dnc_hub *h = new_hub(100000);
	struct peer a = {0}, b = {0};
	struct dnc_subscriber *sa = join(h, &a), *sb = join(h, &b);

	(void)state;
	append(h, 10);
	subscribe(h, sa, "{}", (struct dnc_start){.from = DNC_START_SINCE});
	subscribe(h, sb, "{\"providers\":[\"even\"]}",
		(struct dnc_start){.from = DNC_START_LAST, .n = 2});
	append(h, 10);
	assert_int_equal(a.count, 20);
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(a.seqs[i], i + 1);
	assert_int_equal(b.count, 7);
	assert_int_equal(b.seqs[0], 8);
	assert_int_equal(b.seqs[6], 20);
	assert_int_equal(a.starts + b.starts, 2);
	dnc_hub_leave(sa);
	dnc_hub_leave(sb);
	free_hub(h);
}

static void a_slow_client_goes_on_where_it_was(void **state)
{
	struct dnc_hub *h = new_hub(100000);
	struct peer a = {.full = true};
	struct dnc_subscriber *s = join(h, &a);

	(void)state;
	subscribe(h, s, "{}", (struct dnc_start){.from = DNC_START_NOW});
	append(h, 1);
	append(h, 100);
	assert_int_equal(a.count, 1);
	a.full = false;
	dnc_subscriber_ready(s);
	assert_int_equal(a.count, 101);
	assert_int_equal(a.gaps, 0);
	dnc_hub_leave(s);
	free_hub(h);
}

static void skipped_events_are_reported_as_a_gap(void **state)
{
	struct dnc_hub *h = new_hub(50);
	struct peer slow = {.full = true}, old = {0}, other = {0};
	struct dnc_subscriber *s = join(h, &slow), *o, *e;

	(void)state;
	subscribe(h, s, "{}", (struct dnc_start){.from = DNC_START_NOW});
	append(h, 1);
	append(h, 2000); /* more than the ring holds */
	slow.full = false;
	dnc_subscriber_ready(s);
	append(h, 1);
	assert_int_equal(slow.gaps, 1);
	assert_string_equal(slow.gap_reason, "lag");
	assert_int_equal(slow.gap_from, 2);
	assert_int_equal(slow.gap_to, 2001);
	assert_int_equal(slow.seqs[slow.count - 1], 2002);
	o = join(h, &old);
	subscribe(h, o, "{}", (struct dnc_start){.from = DNC_START_SINCE, .n = 5});
	assert_string_equal(old.gap_reason, "retention");
	assert_int_equal(old.gap_from, 6);
	assert_int_equal(old.gap_to, dnc_hub_oldest(h) - 1);
	assert_int_equal(old.seqs[0], dnc_hub_oldest(h));
	assert_int_equal(old.seqs[old.count - 1], 2002);
	e = join(h, &other);
	subscribe(h, e, "{}",
		(struct dnc_start){
			.from = DNC_START_SINCE, .n = 2000, .epoch = DNC_STR("another")});
	assert_string_equal(other.gap_reason, "epoch");
	assert_int_equal(other.seqs[0], dnc_hub_oldest(h));
	dnc_hub_leave(s);
	dnc_hub_leave(o);
	dnc_hub_leave(e);
	free_hub(h);
}

/* From inside dnc_hub_work() it is not: that returns true, or is called by whoever looks at its result. */
static void the_owner_is_told_when_there_is_work_that_was_not_there(void **state)
{
	static const struct dnc_view everything = {.types = DNC_ALL_TYPES};
	static const char rare[] = "{\"providers\":[\"nobody\"]}";
	struct dnc_hub *h = new_hub(100000);
	struct peer a = {0}, b = {0}, slow = {0};
	struct dnc_subscriber *sa = join(h, &a), *sb = join(h, &b), *s;

	(void)state;
	append(h, 700); /* more than one turn looks at */
	assert_int_equal(wakes, 0);
	subscribe_only(sa, rare, (struct dnc_start){.from = DNC_START_LAST, .n = 1});
	assert_int_equal(wakes, 1);
	subscribe_only(sb, rare, (struct dnc_start){.from = DNC_START_LAST, .n = 1});
	assert_int_equal(wakes, 1);
	work(h);
	assert_int_equal(wakes, 1);
	s = dnc_hub_join(h, &slow, &everything, &(struct dnc_rate){.per_minute = 1, .burst = 2});
	subscribe_only(s, "{}", (struct dnc_start){.from = DNC_START_NOW});
	append_only(h, 3);
	assert_false(dnc_hub_advance(h));
	assert_true(dnc_hub_needs_ticks(h));
	assert_int_equal(wakes, 2);
	dnc_hub_leave(sa);
	dnc_hub_leave(sb);
	dnc_hub_leave(s);
	free_hub(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_events_arrive_once_in_order),
		cmocka_unit_test(a_slow_client_goes_on_where_it_was),
		cmocka_unit_test(skipped_events_are_reported_as_a_gap),
		cmocka_unit_test(the_owner_is_told_when_there_is_work_that_was_not_there),
	};
	int rc;

	journal = dnc_journal_open(&(struct dnc_journal_options){0}, NULL);
	rc = cmocka_run_group_tests_name("hub", tests, NULL, NULL);
	dnc_journal_close(journal);
	return rc;
}
