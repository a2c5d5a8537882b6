/* The hub against a transport that remembers. */
#include "fake_log.h"

static void all_arrive_once_in_order(void **state)
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

static void a_slow_one_goes_on_where_it_was(void **state)
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

static void what_is_skipped_is_told(void **state)
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
	assert_false(dnc_subscriber_recovered(o));
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

/* A number for each event, filters of all kinds: each gets what its filter matches, alone. */
static void the_index_finds_what_matching_each_would(void **state)
{
	static const char *const filters[] = {"{}", "{\"phone_patterns\":[\"^\\\\+1303\"]}",
		"{\"phone_patterns\":[\"^\\\\+13035?\"]}",
		"{\"phone_patterns\":[\"^\\\\+1(303|202)\"]}",
		"{\"phone_patterns\":[\"^\\\\+1303|7$\"]}",
		"{\"phone_patterns\":[\"^\\\\+1\",\"^\\\\+1202\"]}",
		"{\"phone_patterns\":[\"303\"]}", "{\"phone_patterns\":[\"^\\\\+1202\",\"9$\"]}",
		"{\"event_types\":[\"dnc.number.*\"]}", "{\"severities\":[\"high\"]}",
		"{\"event_types\":[\"dnc.list.synced\"],\"phone_patterns\":[\"^\\\\+1\"]}",
		"[{\"phone_patterns\":[\"^\\\\+1202\"]},{\"min_severity\":\"high\"}]",
		"[{\"phone_patterns\":[\"^\\\\+1202\"]},{\"phone_patterns\":[\"^\\\\+13035550\"]}]",
		"{\"phone_patterns\":[\"^\\\\+13{0}202\"]}",
		"{\"phone_patterns\":[\"^\\\\+1202+\"]}"};
	enum { FILTERS = sizeof filters / sizeof filters[0], EVENTS = 400 };
	static struct peer peers[FILTERS];
	struct dnc_subscriber *subs[FILTERS];
	struct dnc_hub *h = new_hub(100000);
	struct dnc_event_reader *r = dnc_event_reader_new(&(struct dnc_event_options){0});
	size_t wanted[FILTERS] = {0};

	(void)state;
	for (size_t f = 0; f < FILTERS; f++) {
		memset(&peers[f], 0, sizeof peers[f]);
		subs[f] = join(h, &peers[f]);
		subscribe(h, subs[f], filters[f], (struct dnc_start){.from = DNC_START_NOW});
	}
	for (int i = 0; i < EVENTS; i++) {
		static const char *const areas[] = {"303", "202", "916"};
		static const char *const severities[] = {"high", "low", "critical"};
		char line[600] = "", phone[64] = "";
		struct dnc_event event;
		int n;

		if (i % 7)
			snprintf(phone, sizeof phone, "\"phone_number\":\"+1%s555%04d\",",
				areas[i % 3], i * 37 % 10000);
		n = snprintf(line, sizeof line - DNC_JSON_PADDING,
			"{\"id\":\"0198f0a0-0000-7000-8000-%012d\",\"type\":\"%s\",%s"
			"\"provider\":\"p\",\"severity\":\"%s\",\"timestamp\":\"2026-08-29T08:00:00.000Z\","
			"\"summary\":\"s\",\"event_data\":{},\"metadata\":{\"ingested_at\":"
			"\"2026-08-29T08:00:00.000Z\",\"source_format\":\"ndjson\"}}",
			i, dnc_type_names[i % DNC_TYPES].p, phone, severities[i / 3 % 3]);
		assert_int_equal(dnc_event_parse(r, line, (size_t)n, &event), 0);
		for (size_t f = 0; f < FILTERS; f++) {
			const struct dnc_filter *one = filter(filters[f]);

			wanted[f] += dnc_filter_match(one, &event) > 0;
			dnc_filter_unref(one);
		}
		append_line(h, line, n);
		if (i % 5 == 0)
			dnc_hub_advance(h);
	}
	dnc_hub_advance(h);
	for (size_t f = 0; f < FILTERS; f++) {
		if (peers[f].count != wanted[f] || (f != 10 && !wanted[f]))
			fail_msg("%s: %zu events, not %zu", filters[f], peers[f].count, wanted[f]);
		dnc_hub_leave(subs[f]);
	}
	assert_int_equal(dnc_hub_stats(h).channels, 0);
	dnc_event_reader_free(r);
	free_hub(h);
}

/* A reload frees the roles and what they see while clients still have them. */
static void what_a_view_sees_lives_as_long_as_its_subscriber(void **state)
{
	static const struct dnc_rate at_once;
	struct dnc_hub *h = new_hub(100000);
	struct peer old = {0}, changed = {0};
	const struct dnc_filter *even = filter("{\"providers\":[\"even\"]}"),
				*odd = filter("{\"providers\":[\"odd\"]}");
	struct dnc_view sees_even = {.sees = even, .types = DNC_ALL_TYPES},
			sees_odd = {.sees = odd, .types = DNC_ALL_TYPES};
	struct dnc_subscriber *so = dnc_hub_join(h, &old, &sees_even, &at_once),
			      *sc = dnc_hub_join(h, &changed, &sees_even, &at_once);

	(void)state;
	dnc_filter_unref(even);
	subscribe(h, so, "{}", (struct dnc_start){.from = DNC_START_NOW});
	subscribe(h, sc, "{}", (struct dnc_start){.from = DNC_START_NOW});
	append(h, 4);
	assert_int_equal(old.count, 2);
	assert_int_equal(dnc_subscriber_set_view(sc, &sees_odd, &at_once), 0);
	dnc_filter_unref(odd);
	append(h, 6);
	assert_int_equal(old.count, 5);
	assert_int_equal(changed.count, 5);
	dnc_hub_leave(so);
	append(h, 2);
	assert_int_equal(changed.count, 6);
	dnc_hub_leave(sc);
	free_hub(h);
}

static void filters_change_while_others_stay(void **state)
{
	struct dnc_hub *h = new_hub(100000);
	struct peer a = {0}, b = {0};
	struct dnc_subscriber *sa = join(h, &a), *sb = join(h, &b);

	(void)state;
	subscribe(h, sa, "{\"providers\":[\"even\"]}", (struct dnc_start){.from = DNC_START_NOW});
	subscribe(h, sb, "{\"providers\":[\"even\"]}", (struct dnc_start){.from = DNC_START_NOW});
	append(h, 4);
	refilter(sa, "{\"providers\":[\"odd\"]}");
	append(h, 4);
	refilter(sa, "{}");
	append(h, 1);
	dnc_subscriber_full(sb);
	append(h, 3);
	dnc_subscriber_ready(sb);
	while (dnc_hub_work(h))
		;
	append(h, 2);
	assert_int_equal(a.count, 2 + 2 + 1 + 3 + 2);
	assert_int_equal(a.seqs[1], 4);
	assert_int_equal(a.seqs[2], 5);
	assert_int_equal(a.seqs[9], 14);
	assert_int_equal(b.count, 7);
	assert_int_equal(b.seqs[6], 14);
	dnc_hub_unsubscribe(sb);
	append(h, 2);
	assert_int_equal(b.count, 7);
	dnc_hub_leave(sa);
	dnc_hub_leave(sb);
	free_hub(h);
}

/* A pattern that looks honest until a number of one area comes. */
static void a_pattern_that_takes_too_much_work_ends_its_subscription(void **state)
{
	static const char trap[] = "{\"phone_patterns\":[\"^\\\\+1202\",\"^\\\\+1916((((.+)+)+)+)+"
				   "[^0-9+]\"]}";
	struct dnc_hub *h = new_hub(100000);
	struct peer live = {0}, past = {0}, other = {0};
	struct dnc_subscriber *l = join(h, &live), *p = join(h, &past), *o = join(h, &other);

	(void)state;
	subscribe(h, l, trap, (struct dnc_start){.from = DNC_START_NOW});
	subscribe(h, o, "{\"phone_patterns\":[\"^\\\\+1\"]}",
		(struct dnc_start){.from = DNC_START_NOW});
	append_number(h, "+12025550143");
	append_number(h, "+19165550143");
	append_number(h, "+12025550143");
	assert_int_equal(live.count, 1);
	assert_int_equal(live.ended_from, 2);
	assert_false(dnc_subscriber_active(l));
	assert_int_equal(other.count, 3);
	subscribe(h, p, trap, (struct dnc_start){.from = DNC_START_SINCE});
	assert_int_equal(past.count, 1);
	assert_int_equal(past.ended_from, 2);
	assert_false(dnc_subscriber_active(p));
	assert_int_equal(dnc_hub_stats(h).channels, 1);
	dnc_hub_leave(l);
	dnc_hub_leave(p);
	dnc_hub_leave(o);
	free_hub(h);
}

/* The forms of an event go to whom they belong, and a rate limit holds back what is too much. */
static void views_and_rates(void **state)
{
	struct dnc_hub *h = new_hub(100000);
	struct peer whole = {0}, masked = {0}, slow = {0};
	struct dnc_view all = {.types = DNC_ALL_TYPES},
			hidden = {.types = DNC_ALL_TYPES, .rendering = DNC_MASKED};
	struct dnc_rate none = {0}, three = {.per_minute = 1, .burst = 3};
	struct dnc_subscriber *w = dnc_hub_join(h, &whole, &all, &none),
			      *m = dnc_hub_join(h, &masked, &hidden, &none),
			      *s = dnc_hub_join(h, &slow, &all, &three);

	(void)state;
	subscribe(h, w, "{\"phone_patterns\":[\"5550143$\"]}",
		(struct dnc_start){.from = DNC_START_NOW});
	subscribe(h, m, "{\"phone_patterns\":[\"5550143$\"]}",
		(struct dnc_start){.from = DNC_START_NOW});
	subscribe(h, s, "{\"phone_patterns\":[\"5550143$\"]}",
		(struct dnc_start){.from = DNC_START_NOW});
	assert_int_equal(dnc_hub_stats(h).channels, 2);
	for (int i = 0; i < 5; i++)
		append_number(h, "+19165550143");
	assert_int_equal(whole.count, 5);
	assert_int_equal(masked.count, 0);
	assert_int_equal(slow.count, 3);
	assert_true(dnc_subscriber_rate_limited(s));
	assert_true(dnc_hub_needs_ticks(h));
	assert_int_equal(dnc_subscriber_next(s), 4);
	refilter(m, "{\"phone_patterns\":[\"\\\\*0143$\"]}");
	append_number(h, "+19165550143");
	assert_int_equal(masked.count, 1);
	dnc_hub_leave(w);
	dnc_hub_leave(m);
	dnc_hub_leave(s);
	assert_false(dnc_hub_needs_ticks(h));
	free_hub(h);
}

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
	assert_true(dnc_subscriber_recovered(sb));
	dnc_hub_leave(sa);
	dnc_hub_leave(sb);
	free_hub_on(h);
}

static void who_can_not_be_served_is_sent_away_and_told_no_gap(void **state)
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

/* The confirmation is an answer: it does not wait until the transport is ready for events. */
static void a_full_one_is_told_its_place_and_gets_no_events(void **state)
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

/* The subscription ends in the next turn: the owner must hear that there is one. */
static void the_owner_is_told_when_a_filter_is_over_its_budget(void **state)
{
	struct dnc_hub *h = new_hub(100000);
	struct peer past = {0};
	struct dnc_subscriber *s = join(h, &past);

	(void)state;
	append_number(h, "+19165550143");
	subscribe_only(s, "{\"phone_patterns\":[\"^\\\\+1916((((.+)+)+)+)+[^0-9+]\"]}",
		(struct dnc_start){.from = DNC_START_SINCE});
	assert_int_equal(past.ends, 0);
	assert_int_equal(wakes, 1);
	assert_false(dnc_hub_work(h));
	assert_int_equal(past.ends, 1);
	dnc_hub_leave(s);
	free_hub(h);
}

static void rows_that_are_missing_are_told_as_such(void **state)
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
static void a_place_is_good_as_long_as_its_epoch_had_it(void **state)
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

		epochs_free(&fake.base.epochs);
		fake.base.epochs = (struct epochs){0};
		epochs_add(&fake.base.epochs, DNC_STR("000000000000000a"), 1);
		epochs_add(&fake.base.epochs, DNC_STR("000000000000000b"), 34);
		epochs_add(&fake.base.epochs, DNC_STR("000000000000000c"), 34);
		epochs_begin(&fake.base.epochs, 41);
		append(h, 5);
		if (cases[i].epoch)
			start.epoch = dnc_str(strcmp(cases[i].epoch, "now") == 0 ? dnc_hub_epoch(h)
										 : cases[i].epoch);
		subscribe(h, s, "{}", start);
		pump(h, &peer, 46 - cases[i].at, 0);
		if (peer.count && peer.seqs[0] != cases[i].at)
			fail_msg("case %zu starts at %d", i, (int)peer.seqs[0]);
		assert_int_equal(dnc_subscriber_next(s), 46);
		assert_int_equal(dnc_subscriber_recovered(s), !cases[i].reason);
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
		assert_int_equal(dnc_subscriber_recovered(s), !cases[i].gap);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_index_finds_what_matching_each_would),
		cmocka_unit_test(what_a_view_sees_lives_as_long_as_its_subscriber),
		cmocka_unit_test(filters_change_while_others_stay),
		cmocka_unit_test(a_pattern_that_takes_too_much_work_ends_its_subscription),
		cmocka_unit_test(views_and_rates),
		cmocka_unit_test(all_arrive_once_in_order),
		cmocka_unit_test(a_slow_one_goes_on_where_it_was),
		cmocka_unit_test(what_is_skipped_is_told),
		cmocka_unit_test(a_place_is_good_as_long_as_its_epoch_had_it),
		cmocka_unit_test(a_read_that_fails_is_tried_again_and_nothing_is_skipped),
		cmocka_unit_test(who_can_not_be_served_is_sent_away_and_told_no_gap),
		cmocka_unit_test(a_full_one_is_told_its_place_and_gets_no_events),
		cmocka_unit_test(the_owner_is_told_when_there_is_work_that_was_not_there),
		cmocka_unit_test(the_owner_is_told_when_a_filter_is_over_its_budget),
		cmocka_unit_test(rows_that_are_missing_are_told_as_such),
		cmocka_unit_test(what_retention_removed_is_not_served_from_memory),
	};

	int rc;

	journal = dnc_journal_open(&(struct dnc_journal_options){0}, NULL);
	rc = cmocka_run_group_tests_name("hub", tests, NULL, NULL);
	dnc_journal_close(journal);
	return rc;
}
