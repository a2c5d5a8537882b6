/* The hub without memory: nothing is lost, and nothing that failed looks like success. */
#include "fake_log.h"
#include <pthread.h>
#include "hub/viewer.h"
#include "nomem.h"

static const struct dnc_view hidden = {.types = DNC_ALL_TYPES, .rendering = DNC_MASKED};
static const struct dnc_rate at_once;

struct change {
	struct dnc_hub *hub;
	struct peer peer;
	struct dnc_subscriber *s;
	const struct dnc_filter *old, *new;
	struct dnc_start start;
};

static struct change *new_change(struct dnc_start start)
{
	struct change *c = calloc(1, sizeof *c);

	c->hub = new_hub_on(1, 20);
	c->s = join(c->hub, &c->peer);
	c->old = filter("{\"providers\":[\"even\"]}");
	c->new = filter("{\"phone_patterns\":[\"^\\\\+1916\"],\"providers\":[\"odd\"]}");
	c->start = start;
	assert_int_equal(
		dnc_hub_subscribe(c->s, c->old, &(struct dnc_start){.from = DNC_START_NOW}), 0);
	work(c->hub);
	return c;
}

static void free_change(struct change *c)
{
	dnc_hub_leave(c->s);
	dnc_filter_unref(c->old);
	dnc_filter_unref(c->new);
	free_hub_on(c->hub);
	free(c);
}

/* The old subscription goes on as if nothing had been asked for. */
static void check_old(void *ctx)
{
	struct change *c = ctx;
	size_t count = c->peer.count;

	assert_ptr_equal(dnc_subscriber_filter(c->s), c->old);
	assert_true(dnc_subscriber_active(c->s));
	assert_false(dnc_subscriber_starting(c->s));
	append(c->hub, 4);
	assert_int_equal(c->peer.count, count + 2);
	assert_int_equal(c->peer.starts, 1);
}

static int attempt_subscribe(void *ctx)
{
	struct change *c = ctx;

	return dnc_hub_subscribe(c->s, c->new, &c->start);
}

static int attempt_refilter(void *ctx)
{
	struct change *c = ctx;

	return dnc_hub_refilter(c->s, c->new);
}

static int attempt_set_view(void *ctx)
{
	struct change *c = ctx;

	return dnc_subscriber_set_view(c->s, &hidden, &at_once);
}

static void a_change_that_fails_leaves_the_old_subscription(void **state)
{
	static int (*const attempts[])(void *ctx) = {
		attempt_subscribe, attempt_refilter, attempt_set_view};

	(void)state;
	for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
		struct change *c = new_change((struct dnc_start){.from = DNC_START_NOW});

		fail_each(attempts[i], check_old, c);
		free_change(c);
	}
}

/* The search is under way when there is no memory for the channel: its answer must find nobody. */
static void a_search_whose_subscription_failed_is_forgotten(void **state)
{
	struct change *c = new_change((struct dnc_start){.from = DNC_START_TIME, .ms = 1});

	(void)state;
	fail_each(attempt_subscribe, check_old, c);
	assert_true(dnc_subscriber_starting(c->s));
	for (; dnc_subscriber_starting(c->s); work(c->hub))
		read_some();
	assert_int_equal(c->peer.starts, 2);
	free_change(c);
}

static int attempt_join(void *ctx)
{
	struct change *c = ctx;

	c->s = dnc_hub_join(c->hub, NULL, &hidden, &at_once);
	return c->s ? 0 : -1;
}

static void check_none(void *ctx)
{
	assert_int_equal(dnc_hub_stats(((struct change *)ctx)->hub).subscribers, 0);
}

static void who_can_not_join_is_not_there(void **state)
{
	static struct change c;

	(void)state;
	c.hub = new_hub(100);
	fail_each(attempt_join, check_none, &c);
	assert_int_equal(dnc_hub_stats(c.hub).subscribers, 1);
	dnc_hub_leave(c.s);
	free_hub(c.hub);
}

static int attempt_hub(void *ctx)
{
	struct dnc_hub **h = ctx;

	*h = dnc_hub_new(&(struct dnc_hub_options){.ring = ring,
		.journal = &fake.base,
		.reader = reader,
		.transport = peer_transport});
	return *h ? 0 : -1;
}

static int attempt_ring(void *ctx)
{
	(void)ctx;
	ring = dnc_ring_new(256 << 10, 20);
	return ring ? 0 : -1;
}

static void nothing(void *ctx)
{
	(void)ctx;
}

static void hub_and_ring_are_made_whole_or_not_at_all(void **state)
{
	struct dnc_hub *h;

	(void)state;
	open_fake(1, 20);
	/* The ring itself is not made by one of the wrapped functions, its slots are. */
	fail_after(0, 1);
	assert_int_equal(attempt_ring(NULL), -1);
	assert_int_equal(attempt_ring(NULL), 0);
	fail_each(attempt_hub, nothing, &h);
	dnc_hub_free(h);
	dnc_ring_free(ring);
	close_fake();
}

/* What matched is not all known: each member looks itself, and gets it once. */
static void a_channel_without_memory_for_what_matched_loses_nothing(void **state)
{
	struct dnc_hub *h = new_hub(100000);
	struct peer a = {0}, b = {0};
	struct dnc_subscriber *sa = join(h, &a), *sb = join(h, &b);

	(void)state;
	subscribe(h, sa, "{\"providers\":[\"even\"]}", (struct dnc_start){.from = DNC_START_NOW});
	subscribe(h, sb, "{\"providers\":[\"even\"]}", (struct dnc_start){.from = DNC_START_NOW});
	append(h, 2); /* now the parser has its memory, and the channel room for some */
	append_only(h, 100);
	fail_after(0, 2);
	work(h);
	fail_after(-1, 0);
	append(h, 10);
	assert_int_equal(a.count, 56);
	assert_int_equal(b.count, 56);
	for (size_t i = 0; i < 56; i++) {
		assert_int_equal(a.seqs[i], 2 * (i + 1));
		assert_int_equal(b.seqs[i], 2 * (i + 1));
	}
	dnc_hub_leave(sa);
	dnc_hub_leave(sb);
	free_hub(h);
}

static void check_replay(int in_hub, int in_reader)
{
	struct dnc_hub *h = new_hub_on(1, 1500);
	const struct dnc_filter *f = filter("{}");
	struct peer a = {0};
	struct dnc_subscriber *s = join(h, &a);
	const struct dnc_start start = {.from = DNC_START_SINCE, .n = 3};

	fake.fail_memory = in_reader;
	fake.fail_after = fail_after;
	fail_after(in_hub, 1);
	if (dnc_hub_subscribe(s, f, &start) < 0)
		assert_int_equal(dnc_hub_subscribe(s, f, &start), 0);
	fail_after(-1, 0);
	pump(h, &a, 1497, 0);
	for (size_t i = 0; i < 1497; i++)
		assert_int_equal(a.seqs[i], i + 4);
	assert_int_equal(a.gaps, 0);
	assert_int_equal(fake.fail_memory, 0);
	dnc_hub_leave(s);
	dnc_filter_unref(f);
	free_hub_on(h);
}

/* In the hub's thread no chunk can be requested, or in the reader's it can't be filled: both are tried again. */
static void what_is_read_without_memory_is_read_again(void **state)
{
	(void)state;
	for (int n = 0; n < 12; n++)
		check_replay(n, 0);
	for (int n = 1; n < 6; n++)
		check_replay(-1, n);
}

/* Where a filter has to look at each event of the log, too. */
static void what_can_not_be_looked_at_is_looked_at_again(void **state)
{
	(void)state;
	for (int n = 0; n < 4; n++) {
		struct dnc_hub *h = new_hub_on(1, 100);
		struct peer a = {0};
		struct dnc_subscriber *s = join(h, &a);

		subscribe(h, s, "{\"providers\":[\"even\"]}",
			(struct dnc_start){.from = DNC_START_SINCE, .n = 3});
		fail_after(n, 1);
		read_some();
		fail_after(-1, 0);
		pump(h, &a, 49, 0);
		for (size_t i = 0; i < 49; i++)
			assert_int_equal(a.seqs[i], 2 * i + 4);
		dnc_hub_leave(s);
		free_hub_on(h);
	}
}

/* Turns of a hub without memory end: it does not try again at once. */
static void work_without_memory(struct dnc_hub *h)
{
	fail_after(0, INT_MAX);
	for (int turns = 0; dnc_hub_work(h); turns++)
		assert_true(turns < 10);
	fail_after(-1, 0);
}

/* A summary with escapes is the one thing that the ring's events are parsed for. */
static void what_can_not_be_matched_is_matched_again(void **state)
{
	static const char line[] =
		"{\"id\":\"0198f0a0-0000-7000-8000-000000000001\","
		"\"type\":\"dnc.provider.status_change\",\"provider\":\"p\","
		"\"severity\":\"info\",\"timestamp\":\"2026-08-29T08:00:00.000Z\","
		"\"summary\":\"a \\\"word\\\"\",\"event_data\":{},\"metadata\":{"
		"\"ingested_at\":\"2026-08-29T08:00:00.000Z\"}}";
	char padded[sizeof line + DNC_JSON_PADDING];
	struct dnc_hub *h = new_hub(100);
	struct peer a = {0};
	struct dnc_subscriber *s = join(h, &a);

	(void)state;
	memcpy(padded, line, sizeof line);
	subscribe(h, s, "{\"providers\":[\"p\"]}", (struct dnc_start){.from = DNC_START_NOW});
	append_line(h, padded, sizeof line - 1);
	work_without_memory(h);
	assert_int_equal(a.count, 0);
	assert_true(dnc_hub_needs_ticks(h));
	pump(h, &a, 1, 0);
	assert_int_equal(a.gaps, 0);
	dnc_hub_leave(s);
	free_hub(h);
}

/* An event as it comes from the ring: its document is not at hand. It has an escape, which takes memory. */
static void restore(struct dnc_event_reader *r, char line[600], struct dnc_event *event)
{
	struct dnc_event_reader *first = dnc_event_reader_new(&(struct dnc_event_options){0});
	struct dnc_event_shape shape;
	int n = provider_event(line, 600, 1);

	assert_int_equal(dnc_event_parse(first, line, (size_t)n, event), 0);
	dnc_event_shape_of(event, &shape);
	dnc_event_reader_free(first);
	assert_int_equal(
		dnc_event_from_shape(r, (struct dnc_str){line, (size_t)n}, 0, &shape, event), 0);
}

static void what_a_filter_can_not_look_at_does_not_count_as_different(void **state)
{
	static const struct {
		const char *filter;
		int matches; /* with memory, and without memory for the document */
		int without;
	} cases[] = {{"{\"custom_filters\":{\"event_data.new_status\":\"online\"}}", 1, -1},
		{"{\"custom_filters\":{\"event_data.new_status\":\"offline\"}}", 0, -1},
		{"{\"blocked_only\":true}", 0, -1},
		{"{\"sync_statuses\":[\"failed\"],\"providers\":[\"odd\"]}", 1, 1},
		{"{\"blocked_only\":true,\"providers\":[\"even\"]}", 0, 0},
		{"[{\"blocked_only\":true},{\"providers\":[\"odd\"]}]", 1, 1},
		{"[{\"blocked_only\":true},{\"providers\":[\"even\"]}]", 0, -1}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_event_reader *r = dnc_event_reader_new(&(struct dnc_event_options){0});
		const struct dnc_filter *f = filter(cases[i].filter);
		struct dnc_event event;
		char line[600];

		restore(r, line, &event);
		fail_after(0, 1);
		assert_int_equal(dnc_filter_match(f, &event), cases[i].without);
		fail_after(-1, 0);
		assert_int_equal(dnc_filter_match(f, &event), cases[i].matches);
		dnc_filter_unref(f);
		dnc_event_reader_free(r);
	}
}

/* A thread's first match needs memory, too. */
static void *match_number(void *ctx)
{
	const struct dnc_event event = {.phone_number = DNC_STR("+13035550143"),
		.type = DNC_NUMBER_SUPPRESSED,
		.severity = dnc_severities};
	int without;

	fail_after(0, 1);
	without = dnc_filter_match(ctx, &event);
	fail_after(-1, 0);
	return without == -1 && dnc_filter_match(ctx, &event) == 1 ? ctx : NULL;
}

static void a_pattern_that_can_not_be_tried_does_not_count_as_different(void **state)
{
	const struct dnc_filter *f = filter("{\"phone_patterns\":[\"0143$\"]}");
	pthread_t thread;
	void *result;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, match_number, (void *)(uintptr_t)f), 0);
	pthread_join(thread, &result);
	assert_non_null(result);
	dnc_filter_unref(f);
}

static const char online[] = "{\"custom_filters\":{\"event_data.new_status\":\"online\"}}";

static void a_filter_without_memory_holds_back_its_own_subscribers(void **state)
{
	struct dnc_hub *h = new_hub(100);
	struct peer plain = {0}, masked = {0}, all = {0}, other = {0};
	struct dnc_subscriber *p = join(h, &plain), *a = join(h, &all), *o = join(h, &other),
			      *m = dnc_hub_join(h, &masked, &hidden, &at_once);

	(void)state;
	subscribe(h, p, online, (struct dnc_start){.from = DNC_START_NOW});
	subscribe(h, m, online, (struct dnc_start){.from = DNC_START_NOW});
	subscribe(h, a, "{}", (struct dnc_start){.from = DNC_START_NOW});
	subscribe(h, o, "{\"providers\":[\"odd\"]}", (struct dnc_start){.from = DNC_START_NOW});
	append_only(h, 1);
	work_without_memory(h);
	assert_int_equal(all.count, 1);
	assert_int_equal(other.count, 1);
	assert_int_equal(
		plain.count, 0); /* what is shown to the masked one is plain, and needs no memory */
	assert_false(dnc_subscriber_rate_limited(p));
	append(h, 1);
	assert_int_equal(all.count, 2);
	pump(h, &plain, 2, 0);
	pump(h, &masked, 2, 0);
	assert_int_equal(plain.gaps + masked.gaps, 0);
	assert_false(dnc_hub_needs_ticks(h));
	dnc_hub_leave(p);
	dnc_hub_leave(m);
	dnc_hub_leave(a);
	dnc_hub_leave(o);
	free_hub(h);
}

static void an_event_that_memory_never_suffices_for_is_told_as_a_gap(void **state)
{
	struct dnc_hub *h = new_hub(100);
	struct peer a = {0};
	struct dnc_subscriber *s = join(h, &a);
	int ticks = 0;

	(void)state;
	subscribe(h, s, online, (struct dnc_start){.from = DNC_START_NOW});
	append_only(h, 1);
	for (work_without_memory(h); !a.gaps; work_without_memory(h)) {
		assert_true(++ticks < 200);
		poll(NULL, 0, DNC_HUB_TICK_MS);
		fail_after(0, INT_MAX);
		dnc_hub_tick(h);
		fail_after(-1, 0);
	}
	assert_true(ticks > 10);
	assert_int_equal(a.gap_from, 1);
	assert_int_equal(a.gap_to, 1);
	assert_string_equal(a.gap_reason, "no_memory");
	assert_int_equal(dnc_hub_stats(h).gaps, 1);
	append(h, 2);
	assert_int_equal(a.count, 2);
	assert_int_equal(a.seqs[0], 2);
	dnc_hub_leave(s);
	free_hub(h);
}

static void a_search_without_memory_is_tried_again(void **state)
{
	struct dnc_hub *h = new_hub_on(1, 100);
	struct peer a = {0};
	struct dnc_subscriber *s = dnc_hub_join(h, &a, &hidden, &at_once);

	(void)state;
	fake.fail_memory = 1; /* for the masked form of the first event */
	fake.fail_after = fail_after;
	subscribe(h, s, "{\"providers\":[\"even\"]}",
		(struct dnc_start){.from = DNC_START_LAST, .n = 20});
	pump(h, &a, 20, 0);
	assert_int_equal(a.seqs[0], 62);
	assert_int_equal(fake.fail_memory, 0);
	dnc_hub_leave(s);
	free_hub_on(h);
}

static void a_viewer_says_when_it_had_no_memory(void **state)
{
	char line[600];
	struct dnc_str text = {line, (size_t)provider_event(line, sizeof line, 2)}, shown;
	const struct dnc_filter *f = filter("{}");
	struct dnc_viewer *v = dnc_viewer_new(&hidden, f, &fake.base);
	struct dnc_error err;

	(void)state;
	fail_after(0, 1);
	assert_false(dnc_viewer_look(v, text, &shown));
	fail_after(-1, 0);
	assert_int_equal(dnc_viewer_end(v, &err), -1);
	assert_int_equal(dnc_viewer_end(v, &err), 0);
	assert_true(dnc_viewer_look(v, text, &shown));
	assert_int_equal(dnc_viewer_end(v, &err), 0);
	dnc_viewer_free(v);
	dnc_filter_unref(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_that_fails_leaves_the_old_subscription),
		cmocka_unit_test(a_search_whose_subscription_failed_is_forgotten),
		cmocka_unit_test(who_can_not_join_is_not_there),
		cmocka_unit_test(hub_and_ring_are_made_whole_or_not_at_all),
		cmocka_unit_test(a_channel_without_memory_for_what_matched_loses_nothing),
		cmocka_unit_test(what_is_read_without_memory_is_read_again),
		cmocka_unit_test(what_can_not_be_looked_at_is_looked_at_again),
		cmocka_unit_test(what_can_not_be_matched_is_matched_again),
		cmocka_unit_test(what_a_filter_can_not_look_at_does_not_count_as_different),
		cmocka_unit_test(a_pattern_that_can_not_be_tried_does_not_count_as_different),
		cmocka_unit_test(a_filter_without_memory_holds_back_its_own_subscribers),
		cmocka_unit_test(an_event_that_memory_never_suffices_for_is_told_as_a_gap),
		cmocka_unit_test(a_search_without_memory_is_tried_again),
		cmocka_unit_test(a_viewer_says_when_it_had_no_memory),
	};
	int rc;

	journal = dnc_journal_open(&(struct dnc_journal_options){0}, NULL);
	rc = cmocka_run_group_tests_name("nomem", tests, NULL, NULL);
	dnc_journal_close(journal);
	return rc;
}
