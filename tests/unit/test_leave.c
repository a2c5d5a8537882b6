/* Subscribers that leave, or end their subscription, while the hub is in the middle of something. */
#include "fake_log.h"

enum { PEERS = 5 };

static struct dnc_hub *hub;
static struct peer *peers; /* PEERS of them, in the order that a walk reaches them */

/* Who goes when the callback of a peer is called: itself, the next, the one before, or all. */
enum who { ITSELF, NEXT, BEFORE, ALL, WHOS };

static enum who who;
static bool only_unsubscribes;

static void go(struct peer *p)
{
	if (!p->subscriber)
		return;
	if (only_unsubscribes) {
		dnc_hub_unsubscribe(p->subscriber);
	} else {
		dnc_hub_leave(p->subscriber);
		p->subscriber = NULL;
	}
	p->gone = true;
}

static void act(struct peer *p)
{
	size_t index = (size_t)(p - peers);

	for (size_t i = 0; i < PEERS; i++)
		if (who == ALL || (who == ITSELF && i == index) ||
			(who == NEXT && i == index + 1) || (who == BEFORE && i + 1 == index))
			go(&peers[i]);
}

static void join_all(struct dnc_hub *h, const struct dnc_rate *rate)
{
	static const struct dnc_view everything = {.types = DNC_ALL_TYPES};

	hub = h;
	peers = calloc(PEERS, sizeof *peers);
	/* Lists grow at their front: the first joins last. */
	for (size_t i = PEERS; i-- > 0;) {
		peers[i].act = act;
		peers[i].subscriber = dnc_hub_join(h, &peers[i], &everything, rate);
	}
}

static void subscribe_all(const char *filter_text, struct dnc_start start)
{
	for (size_t i = PEERS; i-- > 0;)
		if (!peers[i].gone)
			subscribe_only(peers[i].subscriber, filter_text, start);
}

/* How many stayed; each of them must have COUNT events. */
static size_t check_rest(size_t count)
{
	size_t stayed = 0;

	for (size_t i = 0; i < PEERS; i++) {
		if (peers[i].gone)
			continue;
		stayed++;
		assert_int_equal(peers[i].count, count);
	}
	return stayed;
}

static void leave_all(void)
{
	assert_int_equal(peers[2].on, ON_NONE); /* it was called */
	for (size_t i = 0; i < PEERS; i++)
		dnc_hub_leave(peers[i].subscriber);
	assert_int_equal(dnc_hub_stats(hub).subscribers, 0);
	assert_int_equal(dnc_hub_stats(hub).channels, 0);
	free(peers);
}

/* Each situation lets all five peers get to the callback; the middle one acts in it. */
static void while_live(enum callback on)
{
	static const struct dnc_rate at_once;
	struct dnc_hub *h = new_hub(100000);

	join_all(h, &at_once);
	subscribe_all("{}", (struct dnc_start){.from = DNC_START_NOW});
	append(h, 1);
	peers[2].on = on;
	append(h, 1);
	append(h, 3);
	check_rest(5);
	leave_all();
	free_hub(h);
}

static void while_live_with_a_filter(enum callback on)
{
	static const struct dnc_rate at_once;
	struct dnc_hub *h = new_hub(100000);

	join_all(h, &at_once);
	subscribe_all("{\"providers\":[\"even\"]}", (struct dnc_start){.from = DNC_START_NOW});
	append(h, 2);
	peers[2].on = on;
	/* More than one send: frames that do not lie side by side are gathered. */
	append_only(h, 600);
	work(h);
	append(h, 2);
	check_rest(302);
	leave_all();
	free_hub(h);
}

static void while_each_goes_its_own_way(enum callback on)
{
	static const struct dnc_rate many = {.per_minute = 1, .burst = 100};
	struct dnc_hub *h = new_hub(100000);

	join_all(h, &many); /* a channel with rate limits sends to each by itself */
	subscribe_all("{}", (struct dnc_start){.from = DNC_START_NOW});
	append(h, 1);
	peers[2].on = on;
	append(h, 2);
	append(h, 3);
	check_rest(6);
	leave_all();
	free_hub(h);
}

/* A rate limit ends at a tick. */
static void while_a_tick_wakes(enum callback on)
{
	static const struct dnc_rate slow = {.per_minute = 1200, .burst = 1};
	struct dnc_hub *h = new_hub(100000);
	int64_t until = dnc_clock_mono_ms() + 20000;

	join_all(h, &slow);
	subscribe_all("{}", (struct dnc_start){.from = DNC_START_NOW});
	append(h, 1);
	append(h, 1);
	peers[2].on = on;
	while (dnc_hub_needs_ticks(h) && dnc_clock_mono_ms() < until) {
		usleep(1000); /* of the time that the limit counts by */
		dnc_hub_tick(h);
	}
	check_rest(2);
	leave_all();
	free_hub(h);
}

static void while_catching_up(enum callback on)
{
	static const struct dnc_rate at_once;
	struct dnc_hub *h = new_hub(100000);

	join_all(h, &at_once);
	append(h, 10);
	peers[2].on = on;
	subscribe_all("{}", (struct dnc_start){.from = DNC_START_SINCE, .n = 2});
	work(h);
	check_rest(8);
	leave_all();
	free_hub(h);
}

static void while_told_a_gap(enum callback on)
{
	static const struct dnc_rate at_once;
	struct dnc_hub *h = new_hub(50);

	join_all(h, &at_once);
	subscribe_all("{}", (struct dnc_start){.from = DNC_START_NOW});
	for (size_t i = 0; i < PEERS; i++)
		peers[i].full = true;
	append(h, 1);
	append(h, 100);
	append(h, 1);
	peers[2].on = on;
	for (size_t i = 0; i < PEERS; i++) {
		peers[i].full = false;
		if (!peers[i].gone)
			dnc_subscriber_ready(peers[i].subscriber);
	}
	append(h, 1);
	check_rest(2);
	leave_all();
	free_hub(h);
}

static void while_over_budget(enum callback on)
{
	static const struct dnc_rate at_once;
	struct dnc_hub *h = new_hub(100000);

	join_all(h, &at_once);
	subscribe_all("{\"phone_patterns\":[\"^\\\\+1202\",\"^\\\\+1916((((.+)+)+)+)+[^0-9+]\"]}",
		(struct dnc_start){.from = DNC_START_NOW});
	peers[2].on = on;
	append_number(h, "+19165550143");
	append_number(h, "+12025550143");
	check_rest(0);
	for (size_t i = 0; i < PEERS; i++)
		assert_int_equal(peers[i].ends, !peers[i].gone || peers[i].calls[ON_OVER_BUDGET]);
	leave_all();
	free_hub(h);
}

static void while_the_log_answers(enum callback on)
{
	static const struct dnc_rate at_once;
	struct dnc_hub *h = new_hub_on(1, 100);

	join_all(h, &at_once);
	peers[2].on = on;
	subscribe_all("{}", (struct dnc_start){.from = DNC_START_SINCE, .n = 10});
	for (size_t i = 0; i < PEERS; i++)
		while (!peers[i].gone && peers[i].count < 90) {
			work(h);
			read_some();
		}
	check_rest(90);
	leave_all();
	free_hub_on(h);
}

static void while_a_place_is_found(enum callback on)
{
	static const struct dnc_rate at_once;
	struct dnc_hub *h = new_hub_on(1, 100);

	join_all(h, &at_once);
	peers[2].on = on;
	subscribe_all(
		"{\"providers\":[\"even\"]}", (struct dnc_start){.from = DNC_START_LAST, .n = 20});
	for (size_t i = 0; i < PEERS; i++)
		while (!peers[i].gone && peers[i].count < 20) {
			work(h);
			read_some();
		}
	check_rest(20);
	leave_all();
	free_hub_on(h);
}

static void while_the_log_fails(enum callback on)
{
	static const struct dnc_rate at_once;
	struct dnc_hub *h = new_hub_on(1, 100);

	fake.failures = INT_MAX;
	join_all(h, &at_once);
	peers[2].on = on;
	subscribe_all("{}", (struct dnc_start){.from = DNC_START_SINCE, .n = 10});
	for (size_t i = 0; i < PEERS; i++)
		while (!peers[i].gone && !peers[i].failures) {
			work(h);
			read_some();
		}
	check_rest(0);
	leave_all();
	free_hub_on(h);
}

static const struct {
	const char *name;
	void (*run)(enum callback on);
	enum callback on;
} situations[] = {
	{"live, send", while_live, ON_SEND},
	{"live, soon", while_live, ON_SOON},
	{"live with a filter, send", while_live_with_a_filter, ON_SEND},
	{"live with a filter, soon", while_live_with_a_filter, ON_SOON},
	{"each its own way, send", while_each_goes_its_own_way, ON_SEND},
	{"a tick, send", while_a_tick_wakes, ON_SEND},
	{"catching up, started", while_catching_up, ON_STARTED},
	{"catching up, send", while_catching_up, ON_SEND},
	{"gap", while_told_a_gap, ON_GAP},
	{"gap, send", while_told_a_gap, ON_SEND},
	{"over budget", while_over_budget, ON_OVER_BUDGET},
	{"the log answers, started", while_the_log_answers, ON_STARTED},
	{"the log answers, send", while_the_log_answers, ON_SEND},
	{"a place is found, started", while_a_place_is_found, ON_STARTED},
	{"a place is found, send", while_a_place_is_found, ON_SEND},
	{"the log fails", while_the_log_fails, ON_FAILED},
};

static void each_callback_may_take_subscribers_away(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof situations / sizeof situations[0]; i++)
		for (int turn = 0; turn < 2 * WHOS; turn++) {
			who = turn / 2;
			only_unsubscribes = turn % 2;
			print_message("%s, case %d\n", situations[i].name, turn);
			situations[i].run(situations[i].on);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_callback_may_take_subscribers_away),
	};
	int rc;

	journal = dnc_journal_open(&(struct dnc_journal_options){0}, NULL);
	rc = cmocka_run_group_tests_name("leave", tests, NULL, NULL);
	dnc_journal_close(journal);
	return rc;
}
