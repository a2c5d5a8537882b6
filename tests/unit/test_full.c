/* Subscribers whose transport becomes full by something that the hub did not send, inside a callback: while the hub sends
 * what is new to them and to others. */
#include "hub_peer.h"

enum { PEERS = 5, NEW_EVENTS = 450, MORE_EVENTS = 4, EVENTS = 2 + NEW_EVENTS + MORE_EVENTS };

static const char all[] = "{}", even[] = "{\"providers\":[\"even\"]}",
		  odd[] = "{\"providers\":[\"odd\"]}";

static const struct dnc_view everything = {.types = DNC_ALL_TYPES};
static const struct dnc_rate at_once;

static struct peer peers[PEERS]; /* in the order that a walk reaches them */
static unsigned full;            /* a bit for each peer that becomes full */

static void become_full(struct peer *p)
{
	(void)p;
	for (size_t i = 0; i < PEERS; i++)
		if (full & 1u << i)
			dnc_subscriber_full(peers[i].subscriber);
}

static void only_ready(struct peer *p, const char *filter_text)
{
	(void)filter_text;
	dnc_subscriber_ready(p->subscriber);
}

static void refilter_then_ready(struct peer *p, const char *filter_text)
{
	refilter(p->subscriber, filter_text);
	dnc_subscriber_ready(p->subscriber);
}

static void set_view_then_ready(struct peer *p, const char *filter_text)
{
	(void)filter_text;
	assert_int_equal(dnc_subscriber_set_view(p->subscriber, &everything, &at_once), 0);
	dnc_subscriber_ready(p->subscriber);
}

static void subscribe_again_then_ready(struct peer *p, const char *filter_text)
{
	uint64_t next = dnc_subscriber_next(p->subscriber);

	dnc_hub_unsubscribe(p->subscriber);
	subscribe_only(p->subscriber, filter_text,
		(struct dnc_start){.from = DNC_START_SINCE, .n = next - 1});
	dnc_subscriber_ready(p->subscriber);
}

static const struct {
	const char *name;
	const char *filters[PEERS];
	struct dnc_rate rate;
} situations[] = {
	{"one channel, all events", {all, all, all, all, all}, {0}},
	{"one channel with a filter", {even, even, even, even, even}, {0}},
	{"three channels", {even, odd, all, even, odd}, {0}},
	{"each by itself", {all, all, all, all, all}, {.per_minute = 1, .burst = EVENTS}},
	{"a rate limit and a filter", {odd, odd, odd, odd, odd},
		{.per_minute = 1, .burst = EVENTS}},
};

static const struct {
	const char *name;
	void (*run)(struct peer *p, const char *filter_text);
} ends[] = {{"ready", only_ready}, {"refilter", refilter_then_ready},
	{"set_view", set_view_then_ready}, {"subscribe again", subscribe_again_then_ready}};

static void check(const struct peer *p, const char *filter_text)
{
	uint64_t step = filter_text == all ? 1 : 2, seq = filter_text == even ? 2 : 1;

	for (size_t i = 0; i < p->count; i++, seq += step)
		assert_int_equal(p->seqs[i], seq);
	assert_true(seq > EVENTS);
	assert_int_equal(p->gaps, 0);
}

static void run(size_t situation, size_t end, enum callback on, size_t actor)
{
	const char *const *filters = situations[situation].filters;
	struct dnc_hub *h = new_hub(100000);

	memset(peers, 0, sizeof peers);
	for (size_t i = PEERS; i-- > 0;) {
		peers[i].act = become_full;
		peers[i].subscriber =
			dnc_hub_join(h, &peers[i], &everything, &situations[situation].rate);
		subscribe(h, peers[i].subscriber, filters[i],
			(struct dnc_start){.from = DNC_START_NOW});
	}
	append(h, 2);
	peers[actor].on = on;
	for (int round = 0; round < 2; round++) {
		/* At first more than one send, and the ring holds them all. */
		append_only(h, round ? MORE_EVENTS : NEW_EVENTS);
		work(h);
		for (size_t i = 0; i < PEERS; i++)
			if (full & 1u << i)
				ends[end].run(&peers[i], filters[i]);
		work(h);
	}
	for (size_t i = 0; i < PEERS; i++) {
		check(&peers[i], filters[i]);
		dnc_hub_leave(peers[i].subscriber);
	}
	free_hub(h);
}

static void who_becomes_full_in_a_callback_loses_nothing(void **state)
{
	static const enum callback callbacks[] = {ON_SEND, ON_SOON};

	(void)state;
	for (size_t s = 0; s < sizeof situations / sizeof situations[0]; s++)
		for (size_t e = 0; e < sizeof ends / sizeof ends[0]; e++) {
			print_message("%s, %s\n", situations[s].name, ends[e].name);
			for (size_t c = 0; c < 2 * PEERS; c++)
				for (full = 1; full < 1u << PEERS; full = full * 2 + 1)
					run(s, e, callbacks[c % 2], c / 2);
		}
}

/* What was sent to others meanwhile does not count as seen by one that is full. */
static void a_full_subscriber_names_the_first_event_it_was_not_sent(void **state)
{
	(void)state;
	for (size_t victim = 0; victim < 2; victim++) {
		struct dnc_hub *h = new_hub(100000);

		memset(peers, 0, sizeof peers);
		full = 1u << victim;
		for (size_t i = 0; i < 2; i++) {
			join(h, &peers[i]);
			subscribe(h, peers[i].subscriber, all,
				(struct dnc_start){.from = DNC_START_NOW});
		}
		/* The second is reached first: lists grow at their front. */
		peers[!victim].act = become_full;
		peers[!victim].on = ON_SEND;
		append(h, 4);
		assert_int_equal(dnc_subscriber_next(peers[victim].subscriber), victim ? 5 : 1);
		assert_int_equal(peers[victim].count, victim ? 4 : 0);
		for (size_t i = 0; i < 2; i++)
			dnc_hub_leave(peers[i].subscriber);
		free_hub(h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_becomes_full_in_a_callback_loses_nothing),
		cmocka_unit_test(a_full_subscriber_names_the_first_event_it_was_not_sent),
	};
	int rc;

	journal = dnc_journal_open(&(struct dnc_journal_options){0}, NULL);
	rc = cmocka_run_group_tests_name("full", tests, NULL, NULL);
	dnc_journal_close(journal);
	return rc;
}
