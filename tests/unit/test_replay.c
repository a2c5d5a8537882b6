/* Subscriptions that start before the ring, in the log, and the gaps that they report. */
#include "fake_log.h"

static void a_read_that_fails_is_tried_again_and_nothing_is_skipped(void **state)
{
	struct dnc_hub *h = new_hub_on(1, 100);
	struct peer a = {0}, b = {0};
	struct dnc_subscriber *sa = join(h, &a), *sb = join(h, &b);

	(void)state;
	fake.failures = 3;
	subscribe(h, sa, "{}", (struct dnc_start){.from = DNC_START_SINCE, .n = 10});
	pump(h, &a, 90, 0);
	assert_int_equal(a.seqs[0], 11);
	assert_int_equal(a.gaps, 0);
	/* It fails in the middle: what was read is good, the rest comes later. A filter, so that it is looked for
	 * in the log; nothing of it is in the ring. */
	fake.after = 7;
	fake.failures = 2;
	subscribe(h, sb, "{\"providers\":[\"even\"]}",
		(struct dnc_start){.from = DNC_START_LAST, .n = 20});
	pump(h, &b, 20, 0);
	assert_int_equal(b.seqs[0], 62);
	assert_int_equal(b.seqs[19], 100);
	dnc_hub_leave(sa);
	dnc_hub_leave(sb);
	free_hub_on(h);
}

static void a_client_that_can_not_be_served_is_sent_away_without_a_gap(void **state)
{
	static const struct dnc_start starts[] = {{.from = DNC_START_SINCE, .n = 10},
		{.from = DNC_START_LAST, .n = 5}, {.from = DNC_START_TIME, .ms = 1}};
	enum { STARTS = sizeof starts / sizeof starts[0] };
	struct dnc_hub *h = new_hub_on(1, 100);
	struct peer peers[STARTS] = {0};
	struct dnc_subscriber *subs[STARTS];

	(void)state;
	fake.failures = INT_MAX;
	for (size_t i = 0; i < STARTS; i++) {
		subs[i] = join(h, &peers[i]);
		subscribe(h, subs[i], i ? "{\"providers\":[\"even\"]}" : "{}", starts[i]);
	}
	for (size_t i = 0; i < STARTS; i++) {
		pump(h, &peers[i], 0, 1);
		assert_int_equal(peers[i].gaps, 0);
	}
	fake.failures = 0;
	append(h, 5);
	for (size_t i = 0; i < STARTS; i++) {
		assert_int_equal(peers[i].count, 0); /* and not the present, either */
		dnc_hub_leave(subs[i]);
	}
	free_hub_on(h);
}

/* It waits for the log, has a gap to report, or is still looked for. */
static void who_leaves_the_past_gets_one_gap_up_to_its_subscription(void **state)
{
	static const struct {
		const char *filter;
		struct dnc_start start;
		bool leaves;
		uint64_t gap_from, gaps;
	} cases[] = {
		{"{}", {.from = DNC_START_SINCE, .n = 30}, true, 31, 1},
		/* 1 to 9 were removed by retention: one gap is told, from the first of them on. */
		{"{}", {.from = DNC_START_SINCE, .n = 0}, true, 1, 1},
		{"{\"providers\":[\"even\"]}", {.from = DNC_START_SINCE, .n = 30}, true, 31, 1},
		{"{\"providers\":[\"even\"]}", {.from = DNC_START_LAST, .n = 5}, false, 0, 0},
		{"{}", {.from = DNC_START_TIME, .ms = 1}, false, 0, 0},
		{"{}", {.from = DNC_START_NOW}, true, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_hub *h = new_hub_on(10, 100);
		struct peer a = {0};
		struct dnc_subscriber *s = join(h, &a);

		dnc_subscriber_full(s);
		subscribe(h, s, cases[i].filter, cases[i].start);
		a.gaps = 0;
		assert_int_equal(dnc_subscriber_leave_past(s), cases[i].leaves);
		if (!cases[i].leaves)
			dnc_hub_unsubscribe(s);
		dnc_subscriber_ready(s);
		if (!cases[i].leaves)
			read_some(); /* what was asked for comes after all */
		append(h, 4);
		assert_int_equal(a.count, !cases[i].leaves ? 0 : cases[i].filter[1] == '}' ? 4 : 2);
		assert_int_equal(a.gaps, cases[i].gaps);
		if (a.gaps) {
			assert_string_equal(a.gap_reason, "forbidden");
			assert_int_equal(a.gap_from, cases[i].gap_from);
			assert_int_equal(a.gap_to, 100);
		}
		dnc_hub_leave(s);
		free_hub_on(h);
	}
}

/* The same without a full transport: the chunk that it waits for was asked for. */
static void who_waits_for_the_log_when_it_leaves_the_past_goes_on_at_once(void **state)
{
	struct dnc_hub *h = new_hub_on(1, 100);
	struct peer a = {0};
	struct dnc_subscriber *s = join(h, &a);

	(void)state;
	subscribe(h, s, "{}", (struct dnc_start){.from = DNC_START_SINCE, .n = 30});
	assert_int_equal(a.count, 0);
	assert_true(dnc_subscriber_leave_past(s));
	work(h);
	append(h, 3);
	assert_int_equal(a.count, 3);
	assert_int_equal(a.gap_from, 31);
	assert_int_equal(a.gap_to, 100);
	read_some();
	work(h);
	assert_int_equal(a.count, 3);
	/* There is no past any more. */
	assert_true(dnc_subscriber_leave_past(s));
	append(h, 1);
	assert_int_equal(a.gaps, 1);
	assert_int_equal(a.count, 4);
	dnc_hub_leave(s);
	free_hub_on(h);
}

/* The ring had fewer matching events than it asked for. */
static void who_asked_for_more_than_there_was_goes_on(void **state)
{
	struct dnc_hub *h = new_hub(1000);
	struct peer a = {0};
	struct dnc_subscriber *s = join(h, &a);

	(void)state;
	append(h, 10);
	subscribe(h, s, "{\"providers\":[\"even\"]}",
		(struct dnc_start){.from = DNC_START_LAST, .n = 50});
	assert_int_equal(a.count, 5);
	assert_true(dnc_subscriber_leave_past(s));
	append(h, 2);
	assert_int_equal(a.count, 6);
	assert_int_equal(a.gaps, 0);
	dnc_hub_leave(s);
	free_hub(h);
}

/* The confirmation is an answer: it does not wait until the transport is ready for events. */
static void a_full_client_is_told_its_position_and_gets_no_events(void **state)
{
	static const struct dnc_start starts[] = {{.from = DNC_START_NOW},
		{.from = DNC_START_SINCE}, {.from = DNC_START_TIME, .ms = 1}};
	struct dnc_hub *h = new_hub_on(1, 100);
	struct peer a = {0};
	struct dnc_subscriber *s = join(h, &a);

	(void)state;
	assert_false(dnc_subscriber_starting(s));
	for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
		dnc_subscriber_full(s);
		subscribe(h, s, "{}", starts[i]);
		assert_int_equal(dnc_subscriber_starting(s), starts[i].from == DNC_START_TIME);
		for (; dnc_subscriber_starting(s); work(h))
			read_some();
		assert_int_equal(a.starts, i + 1);
		assert_int_equal(a.count, 0);
	}
	dnc_subscriber_ready(s);
	pump(h, &a, 100, 0);
	assert_int_equal(a.seqs[0], 1);
	dnc_hub_leave(s);
	free_hub_on(h);
}

static void what_comes_next_is_read_while_a_client_takes_what_there_is(void **state)
{
	struct dnc_hub *h = new_hub_on(1, 2000);
	struct peer a = {.full = true};
	struct dnc_subscriber *s = join(h, &a);
	size_t taken;

	(void)state;
	subscribe(h, s, "{}", (struct dnc_start){.from = DNC_START_SINCE});
	read_some();
	taken = a.count;
	assert_true(taken > 0);
	read_some(); /* the next chunk, for which nobody waits yet */
	assert_int_equal(a.count, taken);
	a.full = false;
	dnc_subscriber_ready(s);
	pump(h, &a, 2000, 0);
	dnc_hub_leave(s);
	free_hub_on(h);
}

static void missing_rows_are_reported_as_missing(void **state)
{
	struct dnc_hub *h = new_hub_on(1, 100);
	struct peer middle = {0}, start = {0};
	struct dnc_subscriber *m = join(h, &middle), *s;

	(void)state;
	fake.hole_from = 40;
	fake.hole_to = 49;
	subscribe(h, m, "{}", (struct dnc_start){.from = DNC_START_SINCE, .n = 10});
	pump(h, &middle, 80, 0);
	assert_int_equal(middle.gaps, 1);
	assert_string_equal(middle.gap_reason, "missing");
	assert_int_equal(middle.gap_from, 40);
	assert_int_equal(middle.gap_to, 49);
	dnc_hub_leave(m);
	free_hub_on(h);
	/* They were removed as the oldest, but that is not known yet. */
	h = new_hub_on(1, 100);
	s = join(h, &start);
	fake.hole_from = 1;
	fake.hole_to = 60;
	subscribe(h, s, "{}", (struct dnc_start){.from = DNC_START_SINCE, .n = 5});
	pump(h, &start, 40, 0);
	assert_string_equal(start.gap_reason, "retention");
	assert_int_equal(start.gap_from, 6);
	assert_int_equal(start.gap_to, 60);
	dnc_hub_leave(s);
	free_hub_on(h);
}

/* Where each place leads on a log that had an epoch of events 1 to 33, one without any, one of 34 to 40, and
 * that goes on to 45. */
static void a_position_is_valid_as_far_as_its_epoch_goes(void **state)
{
	static const struct {
		const char *epoch; /* NULL: none; "now": the current one */
		uint64_t since, oldest, at, gap_from, gap_to;
		const char *reason; /* NULL: no gap */
	} cases[] = {{"000000000000000a", 33, 1, 34, 0, 0, NULL},
		{"000000000000000a", 20, 1, 21, 0, 0, NULL},
		{"000000000000000a", 0, 1, 1, 0, 0, NULL},
		{"000000000000000a", 38, 1, 34, 34, 33, "epoch"},
		{"000000000000000b", 33, 1, 34, 0, 0, NULL},
		{"000000000000000b", 34, 1, 34, 34, 33, "epoch"},
		{"000000000000000c", 40, 1, 41, 0, 0, NULL},
		{"000000000000000c", 41, 1, 41, 41, 40, "epoch"}, {"now", 45, 1, 46, 0, 0, NULL},
		{"now", 12, 1, 13, 0, 0, NULL}, {"now", 46, 1, 46, 46, 45, "epoch"},
		{"000000000000000d", 20, 1, 1, 1, 0, "epoch"}, {"other", 0, 1, 1, 1, 0, "epoch"},
		{"000000000000000a", 20, 30, 30, 21, 29, "retention"},
		{"000000000000000a", 38, 36, 36, 34, 35, "epoch"},
		{"000000000000000d", 20, 36, 36, 1, 35, "epoch"}, {NULL, 45, 1, 46, 0, 0, NULL},
		{NULL, 44, 1, 45, 0, 0, NULL}, {NULL, 60, 1, 46, 41, 45, "epoch"},
		{NULL, 20, 30, 30, 21, 29, "retention"}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_hub *h = new_hub_on(cases[i].oldest, 40);
		struct peer peer = {0};
		struct dnc_subscriber *s = join(h, &peer);
		struct dnc_start start = {.from = DNC_START_SINCE, .n = cases[i].since};
		struct epoch_list epochs = {0};

		epoch_list_add(&epochs, DNC_STR("000000000000000a"), 1);
		epoch_list_add(&epochs, DNC_STR("000000000000000b"), 34);
		epoch_list_add(&epochs, DNC_STR("000000000000000c"), 34);
		assert_int_equal(epochs_begin(fake.base.epochs, &epochs, 41), 0);
		append(h, 5);
		if (cases[i].epoch)
			start.epoch = dnc_str(strcmp(cases[i].epoch, "now") == 0 ? dnc_hub_epoch(h)
										 : cases[i].epoch);
		subscribe(h, s, "{}", start);
		pump(h, &peer, 46 - cases[i].at, 0);
		if (peer.count && peer.seqs[0] != cases[i].at)
			fail_msg("case %zu starts at %d", i, (int)peer.seqs[0]);
		assert_int_equal(dnc_subscriber_next(s), 46);
		assert_int_equal(peer.gaps, cases[i].reason ? 1 : 0);
		if (peer.gaps &&
			(peer.gap_from != cases[i].gap_from || peer.gap_to != cases[i].gap_to ||
				strcmp(peer.gap_reason, cases[i].reason) != 0))
			fail_msg("case %zu: gap %d to %d, %s", i, (int)peer.gap_from,
				(int)peer.gap_to, peer.gap_reason);
		dnc_hub_leave(s);
		free_hub_on(h);
	}
}

/* All of it is in the ring still, but the log has removed the oldest. */
static void what_retention_removed_is_not_served_from_memory(void **state)
{
	static const struct {
		struct dnc_start start;
		const char *filter;
		uint64_t at;
		bool gap;
	} cases[] = {{{.from = DNC_START_SINCE, .n = 0}, "{}", 31, true},
		{{.from = DNC_START_SINCE, .n = 30}, "{}", 31, false},
		{{.from = DNC_START_LAST, .n = 50}, "{}", 31, false},
		{{.from = DNC_START_LAST, .n = 5}, "{}", 56, false},
		{{.from = DNC_START_LAST, .n = 50}, "{\"providers\":[\"even\",\"odd\"]}", 31,
			false},
		{{.from = DNC_START_TIME, .ms = 1}, "{}", 31, true}};
	struct dnc_hub *h = new_hub_on(1, 0);
	struct peer behind = {.full = true};
	struct dnc_subscriber *b = join(h, &behind);

	(void)state;
	subscribe(h, b, "{}", (struct dnc_start){.from = DNC_START_NOW});
	append(h, 1); /* no more fits for now */
	append(h, 59);
	fake.base.last = 60;
	fake.base.oldest = 31;
	assert_int_equal(dnc_hub_oldest(h), 31);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct peer peer = {0};
		struct dnc_subscriber *s = join(h, &peer);

		subscribe(h, s, cases[i].filter, cases[i].start);
		pump(h, &peer, 61 - cases[i].at, 0);
		assert_int_equal(peer.seqs[0], cases[i].at);
		assert_int_equal(peer.gaps, cases[i].gap);
		if (peer.gaps && (peer.gap_from != 1 || peer.gap_to != 30 ||
					 strcmp(peer.gap_reason, "retention") != 0))
			fail_msg("case %zu: gap %d to %d", i, (int)peer.gap_from, (int)peer.gap_to);
		dnc_hub_leave(s);
	}
	/* Who was on the way there gets it all the same. */
	behind.full = false;
	dnc_subscriber_ready(b);
	pump(h, &behind, 60, 0);
	assert_int_equal(behind.gaps, 0);
	dnc_hub_leave(b);
	/* All that was logged is gone before the hub has seen it. */
	fake.base.last = fake.base.oldest = 90;
	assert_int_equal(dnc_hub_oldest(h), 61);
	free_hub_on(h);
}

/* The last events that match a new filter may be among those that were sent already. */
static void no_event_is_sent_twice_on_a_connection(void **state)
{
	static const struct {
		uint64_t since;  /* the first subscription gets all after it, */
		unsigned burst;  /* at most so many; 0: all */
		int more;        /* events come before the second one, the last 20 of "even" */
		uint64_t sent;   /* how many the first got, */
		uint64_t at, to; /* and what the second gets: none if AT is 0 */
	} cases[] = {{100, 0, 0, 10, 0, 0}, {100, 0, 6, 10, 112, 116}, {90, 0, 0, 20, 0, 0},
		{90, 5, 0, 5, 96, 110}, {90, 15, 0, 15, 106, 110}, {90, 15, 4, 15, 106, 114}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		static const struct dnc_view everything = {.types = DNC_ALL_TYPES};
		struct dnc_rate rate = {cases[i].burst ? 1 : 0, cases[i].burst}, none = {0};
		struct dnc_hub *h = new_hub_on(1, 100);
		struct peer peer = {0};
		struct dnc_subscriber *s = dnc_hub_join(h, &peer, &everything, &rate);
		size_t sent = cases[i].sent, count = sent;

		append(h, 10);
		subscribe_since(h, s, cases[i].since);
		pump(h, &peer, sent, 0);
		dnc_hub_unsubscribe(s);
		append(h, cases[i].more);
		assert_int_equal(dnc_subscriber_set_view(s, &everything, &none), 0);
		subscribe(h, s, "{\"providers\":[\"even\"]}",
			(struct dnc_start){.from = DNC_START_LAST, .n = 20});
		if (cases[i].at)
			count += (cases[i].to - cases[i].at) / 2 + 1;
		pump(h, &peer, count, 0);
		for (size_t e = sent; e < count; e++)
			assert_int_equal(peer.seqs[e], cases[i].at + 2 * (e - sent));
		assert_int_equal(peer.starts, 2);
		assert_int_equal(peer.gaps, 0);
		dnc_hub_leave(s);
		free_hub_on(h);
	}
}

/* While the log is asked for a time nothing has been passed yet. */
static void a_start_that_is_replaced_before_it_is_found_loses_nothing(void **state)
{
	struct dnc_hub *h = new_hub_on(1, 0);
	struct peer peer = {0};
	struct dnc_subscriber *s = join(h, &peer);

	(void)state;
	for (int again = 0; again < 2; again++) {
		subscribe_since(h, s, peer.count);
		append(h, 5);
		dnc_hub_unsubscribe(s);
		append(h, 5);
		subscribe_only(s, "{}", (struct dnc_start){.from = DNC_START_TIME, .ms = 1});
		assert_true(dnc_subscriber_starting(s));
		if (again)
			dnc_hub_unsubscribe(s);
		subscribe_since(h, s, peer.count);
		assert_int_equal(peer.count, 10 * (again + 1));
		assert_int_equal(peer.seqs[peer.count - 1], peer.count);
	}
	assert_int_equal(peer.gaps, 0);
	dnc_hub_leave(s);
	free_hub_on(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_read_that_fails_is_tried_again_and_nothing_is_skipped),
		cmocka_unit_test(a_client_that_can_not_be_served_is_sent_away_without_a_gap),
		cmocka_unit_test(who_leaves_the_past_gets_one_gap_up_to_its_subscription),
		cmocka_unit_test(who_waits_for_the_log_when_it_leaves_the_past_goes_on_at_once),
		cmocka_unit_test(who_asked_for_more_than_there_was_goes_on),
		cmocka_unit_test(a_full_client_is_told_its_position_and_gets_no_events),
		cmocka_unit_test(what_comes_next_is_read_while_a_client_takes_what_there_is),
		cmocka_unit_test(missing_rows_are_reported_as_missing),
		cmocka_unit_test(a_position_is_valid_as_far_as_its_epoch_goes),
		cmocka_unit_test(what_retention_removed_is_not_served_from_memory),
		cmocka_unit_test(no_event_is_sent_twice_on_a_connection),
		cmocka_unit_test(a_start_that_is_replaced_before_it_is_found_loses_nothing),
	};
	int rc;

	journal = dnc_journal_open(&(struct dnc_journal_options){0}, NULL);
	rc = cmocka_run_group_tests_name("replay", tests, NULL, NULL);
	dnc_journal_close(journal);
	return rc;
}
