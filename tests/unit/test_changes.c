/* A log that changes as a whole while it is open: its epochs, and what it has lost. */
#include "fake_log.h"
#include <pthread.h>
#include "passing_clock.h"

static void set_epochs(size_t count)
{
	static const struct {
		const char *name;
		uint64_t first;
	} rows[] = {{"00000000000000a0", 1}, {"00000000000000b1", 11}, {"00000000000000c2", 13}};
	struct epoch_list l = {0};

	for (size_t i = 0; i < count; i++)
		assert_int_equal(epoch_list_add(&l, dnc_str(rows[i].name), rows[i].first), 0);
	journal_epochs_replace(&fake.base, &l);
}

/* The log had events up to LAST when the hub was started, and one epoch. */
static struct dnc_hub *start_hub(uint64_t last)
{
	struct dnc_hub *h;

	open_fake(1, last);
	set_epochs(1);
	ring = dnc_ring_new(256 << 10, last);
	h = dnc_hub_new(&(struct dnc_hub_options){.ring = ring,
		.max_lag = 1000000,
		.journal = &fake.base,
		.reader = reader,
		.transport = peer_transport,
		.work = peer_wake,
		.ctx = &wakes});
	assert_non_null(h);
	return h;
}

static void assert_told(const struct peer *peer, size_t events)
{
	assert_int_equal(peer->epochs, 1);
	assert_int_equal(peer->before, events);
	assert_string_equal(peer->epoch.name, "00000000000000b1");
	assert_int_equal(peer->epoch.first, 11);
}

static void everybody_is_told_of_an_epoch_before_its_first_event(void **state)
{
	struct dnc_hub *h = start_hub(0);
	struct peer live = {0}, picky = {0}, slow = {.full = true}, idle = {0}, late = {0};
	struct dnc_subscriber *s[] = {
		join(h, &live), join(h, &picky), join(h, &slow), join(h, &idle)};
	struct dnc_subscriber *l;

	(void)state;
	subscribe_since(h, s[0], 0);
	subscribe(h, s[1], "{\"providers\":[\"even\"]}", (struct dnc_start){.from = DNC_START_NOW});
	subscribe_since(h, s[2], 0);
	append(h, 1);
	append(h, 7);
	append_only(h, 2); /* nobody has looked at them */
	set_epochs(2);
	assert_string_equal(dnc_hub_epoch(h), "00000000000000a0"); /* as all were told */
	append_only(h, 5);
	work(h);
	assert_string_equal(dnc_hub_epoch(h), "00000000000000b1");
	assert_told(&live, 8);
	assert_told(&picky, 4);
	assert_told(&slow, 1);
	assert_told(&idle, 0);
	l = join(h, &late);
	append(h, 1);
	assert_int_equal(late.epochs, 0);
	slow.full = false;
	dnc_subscriber_ready(s[2]);
	assert_int_equal(live.count, 16);
	assert_int_equal(picky.count, 8);
	assert_int_equal(slow.count, 16);
	assert_int_equal(live.gaps + picky.gaps + slow.gaps, 0);
	assert_int_equal(live.epochs, 1);
	for (size_t i = 0; i < 4; i++)
		dnc_hub_leave(s[i]);
	dnc_hub_leave(l);
	free_hub_on(h);
}

/* A client that was told, and one that was not, go on with what they have seen. */
static void positions_of_both_epochs_are_valid(void **state)
{
	static const struct {
		const char *epoch;
		uint64_t since, at, gap_from;
	} cases[] = {{"00000000000000a0", 10, 11, 0}, {"00000000000000b1", 10, 11, 0},
		{"00000000000000a0", 4, 5, 0}, {"00000000000000b1", 4, 5, 0},
		{"00000000000000b1", 12, 13, 0}, {"00000000000000a0", 12, 11, 11}};
	struct dnc_hub *h = start_hub(0);

	(void)state;
	append(h, 10);
	set_epochs(2);
	append(h, 5);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct peer peer = {0};
		struct dnc_subscriber *s = join(h, &peer);

		subscribe(h, s, "{}",
			(struct dnc_start){.from = DNC_START_SINCE,
				.n = cases[i].since,
				.epoch = dnc_str(cases[i].epoch)});
		assert_int_equal(peer.seqs[0], cases[i].at);
		assert_int_equal(peer.gap_from, cases[i].gap_from);
		assert_int_equal(peer.count, 16 - cases[i].at);
		dnc_hub_leave(s);
	}
	free_hub_on(h);
}

static struct dnc_subscriber *leaver;

static void leave(struct peer *peer)
{
	dnc_hub_leave(leaver);
	peer->gone = true;
}

static void who_leaves_when_told_is_not_called_again(void **state)
{
	struct dnc_hub *h = start_hub(0);
	struct peer first = {.on = ON_EPOCH, .act = leave}, second = {0};
	struct dnc_subscriber *s;

	(void)state;
	leaver = join(h, &first);
	s = join(h, &second);
	subscribe_since(h, leaver, 0);
	subscribe_since(h, s, 0);
	append(h, 10);
	set_epochs(2);
	append(h, 1);
	assert_int_equal(first.count, 10);
	assert_int_equal(second.count, 11);
	assert_told(&second, 10);
	dnc_hub_leave(s);
	free_hub_on(h);
}

static atomic_bool over;

/* As the follower of a shared log. */
static void *follow(void *ctx)
{
	(void)ctx;
	for (size_t i = 0; i < 2000; i++) {
		journal_round_begin(&fake.base);
		set_epochs(1 + i % 3);
		journal_round_end(&fake.base);
	}
	set_epochs(3);
	journal_lost(&fake.base, 14, 15);
	journal_lost(&fake.base, 1, 2); /* the first is final */
	over = true;
	return NULL;
}

static void epochs_change_in_another_thread(void **state)
{
	struct dnc_hub *h = start_hub(0);
	struct peer peer = {0};
	struct dnc_subscriber *s = join(h, &peer);
	uint64_t from, to, end;
	pthread_t thread;

	(void)state;
	over = false;
	assert_false(dnc_journal_lost(&fake.base, &from, &to));
	assert_int_equal(pthread_create(&thread, NULL, follow, NULL), 0);
	while (!over) {
		struct dnc_epoch epoch = dnc_journal_epoch(&fake.base);

		assert_int_equal(strlen(epoch.name), DNC_EPOCH_LEN);
		if (dnc_journal_epoch_end(&fake.base, DNC_STR("00000000000000a0"), &end))
			assert_true(end == 10 || end == UINT64_MAX);
		work(h);
	}
	pthread_join(thread, NULL);
	work(h);
	assert_string_equal(dnc_hub_epoch(h), "00000000000000c2");
	assert_true(peer.epochs >= 1);
	assert_string_equal(peer.epoch.name, "00000000000000c2");
	assert_true(dnc_journal_lost(&fake.base, &from, &to));
	assert_int_equal(from, 14);
	assert_int_equal(to, 15);
	dnc_hub_leave(s);
	free_hub_on(h);
}

static size_t looks;

static void count_look(struct dnc_journal *j)
{
	assert_ptr_equal(j, &fake.base);
	looks++;
}

/* A hub of a shared log that has read events up to 10. */
static struct dnc_hub *start_shared(void)
{
	struct dnc_hub *h = start_hub(0);

	looks = 0;
	fake.base.changes.look = count_look;
	append(h, 10);
	fake.base.last = 10;
	return h;
}

/* The follower has looked at the log, found COUNT events more, and the pump has them. */
static void end_round(struct dnc_hub *h, int count)
{
	fake.base.last += (uint64_t)count;
	journal_round_end(&fake.base);
	append(h, count);
}

static struct dnc_subscriber *come(
	struct dnc_hub *h, struct peer *peer, const char *epoch, uint64_t since)
{
	struct dnc_subscriber *s = join(h, peer);

	subscribe(h, s, "{}",
		(struct dnc_start){.from = DNC_START_SINCE, .n = since, .epoch = dnc_str(epoch)});
	return s;
}

/* Each comes from a hub that knows more: of the same epoch, and of another one. */
static void who_has_seen_more_at_another_hub_waits_for_this_one(void **state)
{
	struct dnc_hub *h = start_shared();
	struct peer same = {0}, other = {0}, before = {0};
	struct dnc_subscriber *s[] = {come(h, &same, "00000000000000a0", 14),
		come(h, &other, "00000000000000b1", 12), come(h, &before, "00000000000000b1", 4)};

	(void)state;
	assert_int_equal(looks, 1);
	assert_true(dnc_hub_needs_ticks(h));
	assert_false(dnc_subscriber_rate_limited(s[0]));
	journal_round_end(&fake.base); /* of a round that began before */
	tick(h);
	assert_true(looks > 1);
	assert_int_equal(same.starts + other.starts + before.starts, 0);
	journal_round_begin(&fake.base);
	set_epochs(2);
	end_round(h, 5);
	tick(h);
	work(h);
	/* That it was in the first epoch is known to be wrong now. */
	assert_int_equal(same.gaps, 1);
	assert_int_equal(same.gap_from, 11);
	assert_int_equal(same.seqs[0], 11);
	assert_int_equal(other.gaps + before.gaps, 0);
	assert_int_equal(other.count, 3);
	assert_int_equal(other.seqs[0], 13);
	pump(h, &before, 11, 0);
	assert_int_equal(before.seqs[0], 5);
	assert_false(dnc_hub_needs_ticks(h));
	for (size_t i = 0; i < 3; i++)
		dnc_hub_leave(s[i]);
	free_hub_on(h);
}

static void without_another_epoch_it_goes_on_when_its_events_are_there(void **state)
{
	struct dnc_hub *h = start_shared();
	struct peer near = {0}, far = {0};
	struct dnc_subscriber *n = come(h, &near, "00000000000000a0", 12),
			      *f = come(h, &far, "00000000000000a0", 40);

	(void)state;
	append(h, 3); /* no round has ended, but this is enough for one */
	fake.base.last = 13;
	tick(h);
	assert_int_equal(near.count, 1);
	assert_int_equal(near.seqs[0], 13);
	assert_int_equal(far.starts, 0);
	/* All is read, but not yet in the ring. */
	journal_round_begin(&fake.base);
	fake.base.last = 15;
	journal_round_end(&fake.base);
	tick(h);
	assert_int_equal(far.starts, 0);
	append(h, 2);
	tick(h);
	work(h);
	assert_int_equal(near.gaps, 0);
	assert_int_equal(far.starts, 1);
	assert_int_equal(far.gaps, 1);
	assert_int_equal(far.gap_from, 16);
	assert_string_equal(far.gap_reason, "epoch");
	append(h, 1);
	assert_int_equal(far.seqs[0], 16);
	dnc_hub_leave(n);
	dnc_hub_leave(f);
	free_hub_on(h);
}

static void a_log_that_does_not_answer_sends_them_away(void **state)
{
	struct dnc_hub *h = start_shared();
	struct peer peer = {0}, gone = {0}, changed = {0}, malformed = {0};
	struct dnc_subscriber *s[] = {come(h, &peer, "00000000000000b1", 12),
		come(h, &gone, "00000000000000b1", 12), come(h, &changed, "00000000000000b1", 12),
		come(h, &malformed, "b1", 12)};

	(void)state;
	assert_int_equal(malformed.gap_to, 0); /* no hub has told it that */
	pump(h, &malformed, 10, 0);
	dnc_hub_leave(s[1]);
	gone.gone = true;
	assert_false(dnc_subscriber_leave_past(s[2]));
	refilter(s[2], "{\"providers\":[\"even\"]}");
	assert_true(dnc_subscriber_starting(s[2]));
	subscribe(h, s[2], "{}", (struct dnc_start){.from = DNC_START_NOW});
	assert_int_equal(changed.starts, 1);
	tick(h);
	assert_int_equal(peer.failures, 0);
	passed_ms = 10000;
	tick(h);
	passed_ms = 0;
	assert_int_equal(peer.failures, 1);
	assert_int_equal(peer.count + peer.gaps + peer.starts, 0);
	append(h, 1);
	assert_int_equal(changed.count, 1);
	assert_int_equal(changed.failures, 0);
	dnc_hub_leave(s[0]);
	dnc_hub_leave(s[2]);
	dnc_hub_leave(s[3]);
	free_hub_on(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everybody_is_told_of_an_epoch_before_its_first_event),
		cmocka_unit_test(positions_of_both_epochs_are_valid),
		cmocka_unit_test(who_leaves_when_told_is_not_called_again),
		cmocka_unit_test(epochs_change_in_another_thread),
		cmocka_unit_test(who_has_seen_more_at_another_hub_waits_for_this_one),
		cmocka_unit_test(without_another_epoch_it_goes_on_when_its_events_are_there),
		cmocka_unit_test(a_log_that_does_not_answer_sends_them_away),
	};

	return cmocka_run_group_tests_name("changes", tests, NULL, NULL);
}
