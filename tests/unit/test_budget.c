/* Costly filters: what they may take of a turn and of a second. The clock is set by hand, and costly matches move it. */
#include "hub_peer.h"
#include "hub/account.h"

static int64_t hand_ns = INT64_C(1000000000000);
static int64_t cost_ns; /* of a match of a costly filter */
static size_t matched;  /* by costly filters */

int64_t __wrap_dnc_clock_mono_ns(void);
int64_t __wrap_dnc_clock_mono_ms(void);
int __wrap_dnc_filter_match(const struct dnc_filter *f, const struct dnc_event *event);
int __real_dnc_filter_match(const struct dnc_filter *f, const struct dnc_event *event);

int64_t __wrap_dnc_clock_mono_ns(void)
{
	return hand_ns;
}

int64_t __wrap_dnc_clock_mono_ms(void)
{
	return hand_ns / 1000000;
}

int __wrap_dnc_filter_match(const struct dnc_filter *f, const struct dnc_event *event)
{
	if (dnc_filter_costly(f)) {
		hand_ns += cost_ns;
		matched++;
	}
	return __real_dnc_filter_match(f, event);
}

/* Matches every number, after more than a few steps; N makes it another filter. */
static void subscribe_costly(struct dnc_subscriber *s, int n, struct dnc_start start)
{
	char json[128];

	snprintf(json, sizeof json,
		"{\"phone_patterns\":[\"^\\\\+\\\\d*\\\\d*\\\\d*[xy]|^.{%d}\"]}", n + 1);
	subscribe_only(s, json, start);
}

static const char long_number[] = "+123456789012345";

static void append_numbers(struct dnc_hub *h, int count)
{
	for (int i = 0; i < count; i++)
		append_number_only(h, long_number);
}

static struct dnc_subscriber *join_as(struct dnc_hub *h, struct peer *peer, const char *name)
{
	struct dnc_subscriber *s = join(h, peer);
	struct dnc_account *a = dnc_hub_account(h, name);

	assert_non_null(s);
	assert_non_null(a);
	dnc_subscriber_set_account(s, a);
	dnc_account_unref(a);
	return s;
}

/* Lets MS pass, a tick at a time, and the hub work meanwhile. */
static void pass_ms(struct dnc_hub *h, int ms)
{
	for (int64_t end = hand_ns + ms * INT64_C(1000000); hand_ns < end;) {
		hand_ns += DNC_HUB_TICK_MS * INT64_C(1000000);
		dnc_hub_tick(h);
		work(h);
	}
}

static const struct dnc_start now = {.from = DNC_START_NOW};

static int set_up(void **state)
{
	(void)state;
	cost_ns = 100000;
	matched = 0;
	return 0;
}

static void assert_has_all(const struct peer *peer, size_t count)
{
	assert_int_equal(peer->count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(peer->seqs[i], i + 1);
}

/* 100 us for each of 500 events are 50 ms: 20 ms at once, then 10 ms for each second. */
static void a_costly_filter_is_delayed_and_loses_nothing(void **state)
{
	struct dnc_hub *h = new_hub(100000);
	struct peer cheap = {0}, costly = {0};
	struct dnc_subscriber *c = join_as(h, &cheap, "a"), *s = join_as(h, &costly, "a");

	(void)state;
	subscribe(h, c, "{\"event_types\":[\"dnc.number.*\"]}", now);
	subscribe_costly(s, 0, now);
	append_numbers(h, 500);
	work(h);
	assert_has_all(&cheap, 500);
	assert_in_range(costly.count, 190, 260);
	assert_int_equal(dnc_hub_stats(h).work_limited > 0, 1);
	assert_true(dnc_hub_needs_ticks(h));
	pass_ms(h, 1000);
	assert_in_range(costly.count, 280, 370);
	pass_ms(h, 3000);
	assert_has_all(&costly, 500);
	assert_int_equal(costly.gaps + costly.ends, 0);
	dnc_hub_leave(c);
	dnc_hub_leave(s);
	free_hub(h);
}

enum { MANY = 10 };

static void all_connections_of_a_client_share_its_budget(void **state)
{
	struct dnc_hub *h = new_hub(100000);
	struct peer own = {0}, *peers = calloc(MANY, sizeof *peers);
	struct dnc_subscriber *all[MANY], *s = join_as(h, &own, "other");
	size_t before;

	(void)state;
	subscribe_costly(s, 0, now);
	for (int i = 0; i < MANY; i++) {
		all[i] = join_as(h, &peers[i], "attacker");
		subscribe_costly(all[i], i, now);
	}
	append_numbers(h, 100);
	work(h);
	/* Ten times as much as the other had to be done. */
	assert_has_all(&own, 100);
	assert_in_range(matched, 100 + 190, 100 + 400);
	before = matched;
	pass_ms(h, 2000);
	assert_in_range(matched - before, 150, 250 + MANY);
	/* And it is the same after a reconnect. */
	before = matched;
	for (int i = 0; i < MANY; i++) {
		dnc_hub_leave(all[i]);
		peers[i] = (struct peer){0};
		all[i] = join_as(h, &peers[i], "attacker");
		subscribe_costly(all[i], i, (struct dnc_start){.from = DNC_START_SINCE});
	}
	work(h);
	assert_in_range(matched - before, 0, 30);
	for (int i = 0; i < MANY; i++)
		dnc_hub_leave(all[i]);
	dnc_hub_leave(s);
	free_hub(h);
	free(peers);
}

/* The other clients of the loop are not kept waiting for longer than some milliseconds. */
static void a_turn_is_short_however_many_filters_are_costly(void **state)
{
	struct dnc_hub *h = new_hub(100000);
	struct peer *peers = calloc(MANY, sizeof *peers);
	struct dnc_subscriber *all[MANY];
	bool more = true;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		char name[16];

		snprintf(name, sizeof name, "%d", i);
		all[i] = join_as(h, &peers[i], name);
		subscribe_costly(all[i], i, now);
	}
	append_numbers(h, 300);
	for (int i = 0; i < 1000 && more; i++) {
		int64_t start = hand_ns;

		more = dnc_hub_work(h);
		assert_true(hand_ns - start < 8000000);
	}
	assert_false(more);
	pass_ms(h, 3000);
	for (int i = 0; i < MANY; i++) {
		assert_has_all(&peers[i], 300);
		dnc_hub_leave(all[i]);
	}
	free_hub(h);
	free(peers);
}

/* One client with a moderately costly filter keeps up with its events, and is not delayed. */
static void a_filter_within_its_budget_is_not_delayed(void **state)
{
	struct dnc_hub *h = new_hub(100000);
	struct peer peer = {0};
	struct dnc_subscriber *s = join_as(h, &peer, "a");

	(void)state;
	cost_ns = 10000;
	subscribe_costly(s, 0, now);
	for (int i = 0; i < 20; i++) {
		append_numbers(h, 50);
		work(h);
		assert_int_equal(peer.count, 50 * (i + 1));
		hand_ns += 100000000;
	}
	assert_int_equal(dnc_hub_stats(h).work_limited, 0);
	assert_int_equal(dnc_hub_stats(h).work_ns > 0, 1);
	dnc_hub_leave(s);
	free_hub(h);
}

static void what_falls_too_far_behind_is_ended(void **state)
{
	struct dnc_hub *h = new_hub(100);
	struct peer peer = {0};
	struct dnc_subscriber *s = join_as(h, &peer, "a");
	uint64_t behind;

	(void)state;
	subscribe_costly(s, 0, now);
	append_numbers(h, 250);
	work(h);
	assert_int_equal(peer.ends, 0);
	assert_int_equal(dnc_subscriber_lag_reason(s, &behind), DNC_LAG_FILTER_COST);
	assert_true(behind > 0);
	/* Behind, but it gets closer. */
	pass_ms(h, 300);
	assert_int_equal(peer.ends, 0);
	for (int i = 0; i < 50 && !peer.ends; i++) {
		append_numbers(h, 50);
		work(h);
		pass_ms(h, 100);
	}
	assert_int_equal(peer.ends, 1);
	assert_int_equal(peer.gaps, 0);
	assert_int_equal(peer.ended_from, peer.count + 1);
	assert_false(dnc_subscriber_active(s));
	/* A simpler one goes on where it was. */
	subscribe(
		h, s, "{}", (struct dnc_start){.from = DNC_START_SINCE, .n = peer.ended_from - 1});
	assert_has_all(&peer, dnc_hub_last(h));
	dnc_hub_leave(s);
	free_hub(h);
}

static void a_cheaper_filter_is_not_held_to_the_old_one(void **state)
{
	struct dnc_hub *h = new_hub(100);
	struct peer peer = {0};
	struct dnc_subscriber *s = join_as(h, &peer, "a");

	(void)state;
	subscribe_costly(s, 0, now);
	append_numbers(h, 250);
	work(h);
	assert_true(peer.count < 250);
	refilter(s, "{}");
	pass_ms(h, 2 * DNC_HUB_TICK_MS);
	assert_has_all(&peer, 250);
	assert_int_equal(peer.ends + peer.gaps, 0);
	dnc_hub_leave(s);
	free_hub(h);
}

/* 1,000 events of 100 us are 10 s of the budget; after five the stream starts at what was found. */
static void looking_for_the_last_events_has_an_end(void **state)
{
	struct dnc_hub *h = new_hub(100000);
	struct peer peer = {0};
	struct dnc_subscriber *s = join_as(h, &peer, "a");

	(void)state;
	append_numbers(h, 700);
	work(h);
	cost_ns = 1000000;
	subscribe_only(s, "{\"phone_patterns\":[\"\\\\d*\\\\d*\\\\d*\\\\d*[xy]\"]}",
		(struct dnc_start){.from = DNC_START_LAST, .n = 5});
	work(h);
	assert_int_equal(peer.starts, 0);
	pass_ms(h, 4000);
	assert_int_equal(peer.starts, 0);
	assert_true(dnc_subscriber_starting(s));
	pass_ms(h, 1500);
	assert_int_equal(peer.starts, 1);
	assert_in_range(matched, 50, 150);
	dnc_hub_leave(s);
	free_hub(h);
}

static void debts_are_forgotten_once_they_are_paid(void **state)
{
	struct dnc_hub *h = new_hub(100);
	struct dnc_account *a = dnc_hub_account(h, "a");

	(void)state;
	assert_true(dnc_account_allows(a));
	dnc_account_spend(a, 30000000);
	dnc_account_compiled(a, dnc_clock_thread_ns()); /* nothing to speak of */
	assert_true(dnc_account_may_compile(a));
	dnc_account_compiled(a, dnc_clock_thread_ns() - 100000000);
	assert_false(dnc_account_allows(a));
	assert_false(dnc_account_may_compile(a));
	dnc_account_unref(a);
	a = dnc_hub_account(h, "a");
	assert_false(dnc_account_allows(a));
	hand_ns += INT64_C(1002000000);
	assert_true(dnc_account_allows(a));
	assert_false(dnc_account_may_compile(a));
	dnc_account_unref(a);
	hand_ns += INT64_C(60000000000);
	a = dnc_hub_account(h, "a");
	assert_true(dnc_account_may_compile(a));
	dnc_account_unref(dnc_account_ref(a));
	dnc_account_unref(a);
	dnc_account_unref(NULL);
	free_hub(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_costly_filter_is_delayed_and_loses_nothing, set_up),
		cmocka_unit_test_setup(all_connections_of_a_client_share_its_budget, set_up),
		cmocka_unit_test_setup(a_turn_is_short_however_many_filters_are_costly, set_up),
		cmocka_unit_test_setup(a_filter_within_its_budget_is_not_delayed, set_up),
		cmocka_unit_test_setup(what_falls_too_far_behind_is_ended, set_up),
		cmocka_unit_test_setup(a_cheaper_filter_is_not_held_to_the_old_one, set_up),
		cmocka_unit_test_setup(looking_for_the_last_events_has_an_end, set_up),
		cmocka_unit_test_setup(debts_are_forgotten_once_they_are_paid, set_up),
	};
	int rc;

	journal = dnc_journal_open(&(struct dnc_journal_options){0}, NULL);
	rc = cmocka_run_group_tests_name("budget", tests, NULL, NULL);
	dnc_journal_close(journal);
	return rc;
}
