/* Subscribers with the same view and filter: who gets what. */
#include "hub_peer.h"

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
static void the_filter_of_a_view_lives_as_long_as_its_subscriber(void **state)
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
static void a_pattern_over_its_budget_ends_its_subscription(void **state)
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

/* One filter may be that of several channels. One of them looks at the number, and another not, or gets another event of the
 * same advance before it: the events from the number on are not told as looked at. */
static void the_end_of_a_subscription_names_what_was_not_looked_at(void **state)
{
	static const char trap[] = "{\"phone_patterns\":[\"^\\\\+1202\",\"^\\\\+1916((((.+)+)+)+)+"
				   "[^0-9+]\"]}";
	static const struct dnc_view blind = {
		.types = DNC_ALL_TYPES & ~(1u << DNC_NUMBER_SUPPRESSED), .rendering = DNC_MASKED};
	static const struct dnc_rate at_once;
	struct dnc_hub *h = new_hub(100000);
	struct peer live = {0}, other = {0}, slow = {.full = true};
	struct dnc_subscriber *l = join(h, &live), *o = join(h, &other), *s = join(h, &slow);

	(void)state;
	subscribe(h, l, trap, (struct dnc_start){.from = DNC_START_NOW});
	subscribe(h, o, trap, (struct dnc_start){.from = DNC_START_NOW});
	subscribe(h, s, trap, (struct dnc_start){.from = DNC_START_NOW});
	assert_int_equal(dnc_subscriber_set_view(o, &blind, &at_once), 0);
	append_number_only(h, "+12025550143");
	append_number_only(h, "+19165550143");
	append_number_only(h, "+12025550143");
	work(h);
	assert_int_equal(live.count, 1);
	assert_int_equal(live.ended_from, 2);
	assert_int_equal(slow.count, 1);
	assert_int_equal(slow.ended_from, 2);
	assert_int_equal(other.count, 0);
	assert_int_equal(other.ends, 1);
	assert_int_equal(other.ended_from, 4);
	dnc_hub_leave(l);
	dnc_hub_leave(o);
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

/* The forms of an event go to whom they belong, and a rate limit holds back what is too much. */
static void a_masked_view_is_matched_with_what_it_shows(void **state)
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

static const struct dnc_mask *mask_hiding(const char *fields)
{
	struct dnc_error err;
	const struct dnc_mask *m = dnc_mask_new(DNC_STR(""), dnc_str(fields), &err);

	if (!m)
		fail_msg("%s", err.message);
	return m;
}

/* Masks are made anew by each reload, and freed while clients still have them. */
static void views_with_equal_masks_share_a_channel(void **state)
{
	static const struct dnc_rate at_once;
	struct dnc_hub *h = new_hub(100000);
	struct peer peers[4] = {0};
	const struct dnc_mask *masks[4] = {
		NULL, mask_hiding("provider"), mask_hiding("provider"), mask_hiding("provider_id")};
	struct dnc_subscriber *subs[4];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct dnc_view view = {
			.types = DNC_ALL_TYPES, .rendering = DNC_MASKED, .mask = masks[i]};

		subs[i] = dnc_hub_join(h, &peers[i], &view, &at_once);
		subscribe(h, subs[i], "{\"providers\":[\"even\"]}",
			(struct dnc_start){.from = DNC_START_NOW});
		dnc_mask_unref(masks[i]);
	}
	assert_int_equal(dnc_hub_stats(h).channels, 3);
	append(h, 4);
	assert_int_equal(peers[0].count, 2);
	assert_int_equal(peers[1].count + peers[2].count, 0);
	assert_int_equal(peers[3].count, 2);
	/* As a reload does; the last two of a mask go one after the other. */
	for (size_t i = 1; i < 4; i++)
		assert_int_equal(
			dnc_subscriber_set_view(subs[i],
				&(struct dnc_view){.types = DNC_ALL_TYPES, .rendering = DNC_MASKED},
				&at_once),
			0);
	assert_int_equal(dnc_hub_stats(h).channels, 1);
	append(h, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(peers[i].count, i == 1 || i == 2 ? 2 : 4);
		dnc_hub_leave(subs[i]);
	}
	free_hub(h);
}

/* By a filter that is asked about all events, one that the index finds, and one that takes all. */
static void channels_count_what_they_look_at_and_get(void **state)
{
	static const struct {
		const char *filter;
		uint64_t clients, evaluated, matched;
	} cases[] = {
		{"{}", 3, 12, 12},
		{"{\"event_types\":[\"dnc.number.*\"],\"severities\":[\"low\"]}", 2, 12, 0},
		{"{\"phone_patterns\":[\"^\\\\+1303\"]}", 1, 4, 4},
	};
	static struct peer peers[6];
	struct dnc_subscriber *subs[6];
	struct dnc_channel_stats stats[4];
	struct dnc_hub *h = new_hub(100000);
	size_t n = 0;
	uint64_t evaluated = 0, matched = 0;

	(void)state;
	memset(peers, 0, sizeof peers);
	for (size_t i = 0; i < 3; i++)
		for (uint64_t k = 0; k < cases[i].clients; k++, n++) {
			subs[n] = join(h, &peers[n]);
			subscribe(h, subs[n], cases[i].filter,
				(struct dnc_start){.from = DNC_START_NOW});
		}
	for (int i = 0; i < 12; i++)
		append_number(h, i % 3 ? "+12025550143" : "+13035550143");
	assert_int_equal(dnc_hub_channels(h, stats, 4), 3);
	for (size_t i = 0; i < 3; i++) {
		if (stats[i].clients != cases[i].clients ||
			stats[i].evaluated != cases[i].evaluated ||
			stats[i].matched != cases[i].matched)
			fail_msg("%s: %d of %d, %d clients", cases[i].filter, (int)stats[i].matched,
				(int)stats[i].evaluated, (int)stats[i].clients);
		assert_true(i == 0 || stats[i].id != stats[i - 1].id);
		evaluated += cases[i].evaluated;
		matched += cases[i].matched;
	}
	/* The largest ones, if there is no room for all. */
	assert_int_equal(dnc_hub_channels(h, stats, 2), 2);
	assert_int_equal(stats[1].clients, 2);
	assert_int_equal(dnc_hub_channels(h, stats, 0), 0);
	/* What channels did that are gone is not forgotten. */
	while (n)
		dnc_hub_leave(subs[--n]);
	assert_int_equal(dnc_hub_channels(h, stats, 4), 0);
	assert_int_equal(dnc_hub_stats(h).evaluated, evaluated);
	assert_int_equal(dnc_hub_stats(h).matched, matched);
	free_hub(h);
}

static void the_channels_with_most_clients_are_kept_in_order(void **state)
{
	static const uint64_t clients[] = {3, 9, 1, 9, 4, 7, 2}, wanted[] = {9, 9, 7, 4};
	struct dnc_channel_stats out[4];
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < sizeof clients / sizeof clients[0]; i++)
		count = dnc_channel_stats_add(
			out, count, 4, &(struct dnc_channel_stats){.id = i, .clients = clients[i]});
	assert_int_equal(count, 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(out[i].clients, wanted[i]);
	assert_int_equal(out[0].id, 1); /* which came first */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_index_finds_what_matching_each_would),
		cmocka_unit_test(the_filter_of_a_view_lives_as_long_as_its_subscriber),
		cmocka_unit_test(filters_change_while_others_stay),
		cmocka_unit_test(a_pattern_over_its_budget_ends_its_subscription),
		cmocka_unit_test(the_end_of_a_subscription_names_what_was_not_looked_at),
		cmocka_unit_test(the_owner_is_told_when_a_filter_is_over_its_budget),
		cmocka_unit_test(a_masked_view_is_matched_with_what_it_shows),
		cmocka_unit_test(views_with_equal_masks_share_a_channel),
		cmocka_unit_test(channels_count_what_they_look_at_and_get),
		cmocka_unit_test(the_channels_with_most_clients_are_kept_in_order),
	};
	int rc;

	journal = dnc_journal_open(&(struct dnc_journal_options){0}, NULL);
	rc = cmocka_run_group_tests_name("channel", tests, NULL, NULL);
	dnc_journal_close(journal);
	return rc;
}
