/* The hub against a transport that remembers. */
#include "unit.h"
#include <limits.h>
#include <stdio.h>
#include <unistd.h>
#include "base/clock.h"
#include "hub/hub.h"
#include "log/priv/journal_ops.h"

static struct dnc_journal *journal;

struct peer {
	uint64_t seqs[4096];
	size_t count, gaps, starts, failures;
	uint64_t gap_from, gap_to;
	const char *gap_reason;
	bool full; /* its socket takes one write, then no more */
};

static enum dnc_sent take(void *conn, const void *frames, size_t n)
{
	const unsigned char *p = frames, *end = p + n;
	struct peer *peer = conn;

	while (p < end) {
		size_t head = p[1] == 126 ? 4 : 2,
		       size = p[1] == 126 ? (size_t)p[2] << 8 | p[3] : p[1];

		assert_int_equal(p[0], 0x81);
		assert_memory_equal(p + head, "{\"seq\":", 7);
		peer->seqs[peer->count++] = strtoull((const char *)p + head + 7, NULL, 10);
		p += head + size;
	}
	assert_ptr_equal(p, end);
	return peer->full ? DNC_SENT_FULL : DNC_SENT;
}

static enum dnc_sent gap(void *conn, uint64_t from, uint64_t to, const char *reason)
{
	struct peer *peer = conn;

	peer->gaps++;
	peer->gap_from = from;
	peer->gap_to = to;
	peer->gap_reason = reason;
	return DNC_SENT;
}

static enum dnc_sent started(void *conn)
{
	((struct peer *)conn)->starts++;
	return DNC_SENT;
}

static void soon(void *conn)
{
	(void)conn;
}

static size_t struck_from;

static enum dnc_sent struck(void *conn, uint64_t from)
{
	(void)conn;
	struck_from = from;
	return DNC_SENT;
}

static void failed(void *conn)
{
	((struct peer *)conn)->failures++;
}

static struct dnc_ring *ring;

static struct dnc_hub *new_hub(uint64_t max_lag)
{
	ring = dnc_ring_new(256 << 10, 0);
	return dnc_hub_new(&(struct dnc_hub_options){.ring = ring,
		.max_lag = max_lag,
		.journal = journal,
		.transport = {take, soon, gap, struck, started, failed}});
}

static void free_hub(struct dnc_hub *h)
{
	dnc_hub_free(h);
	dnc_ring_free(ring);
}

static void append_line(struct dnc_hub *h, const char *line, int n)
{
	while (!dnc_ring_reserve(ring, (size_t)n, 1)) {
		dnc_hub_release_ring(h);
		dnc_hub_advance(h);
	}
	dnc_ring_append(ring, line, (size_t)n, 0);
}

static struct dnc_subscriber *join(struct dnc_hub *h, struct peer *peer)
{
	static const struct dnc_view everything = {.types = DNC_ALL_TYPES};
	static const struct dnc_rate at_once;

	return dnc_hub_join(h, peer, &everything, &at_once);
}

/* Events of two providers in turn: "even" and "odd". */
static void append(struct dnc_hub *h, int count)
{
	for (int i = 0; i < count; i++) {
		char line[512];
		int n = snprintf(line, sizeof line,
			"{\"id\":\"0198f0a0-0000-7000-8000-%012d\","
			"\"type\":\"dnc.provider.status_change\",\"provider\":\"%s\","
			"\"severity\":\"info\",\"timestamp\":\"2026-08-29T08:00:00.000Z\","
			"\"summary\":\"s\",\"event_data\":{\"new_status\":\"online\"},"
			"\"metadata\":{\"ingested_at\":\"2026-08-29T08:00:00.000Z\","
			"\"source_format\":\"ndjson\"}}",
			i, (dnc_ring_last(ring) + 1) % 2 ? "odd" : "even");

		append_line(h, line, n);
	}
	while (dnc_hub_work(h))
		;
}

static struct dnc_filter *filter(const char *json)
{
	struct dnc_error err;

	return dnc_filter_compile_text(json, strlen(json), &err);
}

static void refilter(struct dnc_subscriber *s, const char *json)
{
	struct dnc_filter *f = filter(json);

	assert_int_equal(dnc_hub_refilter(s, f), 0);
	dnc_filter_unref(f);
}

static void subscribe(
	struct dnc_hub *h, struct dnc_subscriber *s, const char *json, struct dnc_start start)
{
	struct dnc_filter *f = filter(json);

	assert_int_equal(dnc_hub_subscribe(s, f, &start), 0);
	dnc_filter_unref(f);
	while (dnc_hub_work(h))
		;
}

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
			struct dnc_filter *one = filter(filters[f]);

			wanted[f] += dnc_filter_match(one, &event);
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
	struct dnc_filter *even = filter("{\"providers\":[\"even\"]}"),
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

/* One event about NUMBER. */
static void append_number(struct dnc_hub *h, const char *number)
{
	char line[512];
	int n = snprintf(line, sizeof line - DNC_JSON_PADDING,
		"{\"id\":\"0198f0a0-0000-7000-8000-000000000000\","
		"\"type\":\"dnc.number.suppressed\",\"phone_number\":\"%s\","
		"\"severity\":\"info\",\"timestamp\":\"2026-08-29T08:00:00.000Z\","
		"\"summary\":\"s\",\"event_data\":{},\"metadata\":{\"ingested_at\":"
		"\"2026-08-29T08:00:00.000Z\"}}",
		number);

	append_line(h, line, n);
	while (dnc_hub_work(h))
		;
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
	struck_from = 0;
	append_number(h, "+12025550143");
	append_number(h, "+19165550143");
	append_number(h, "+12025550143");
	assert_int_equal(live.count, 1);
	assert_int_equal(struck_from, 2);
	assert_false(dnc_subscriber_active(l));
	assert_int_equal(other.count, 3);
	struck_from = 0;
	subscribe(h, p, trap, (struct dnc_start){.from = DNC_START_SINCE});
	assert_int_equal(past.count, 1);
	assert_int_equal(struck_from, 2);
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
	assert_true(dnc_hub_rate_limits(h));
	assert_int_equal(dnc_subscriber_next(s), 4);
	refilter(m, "{\"phone_patterns\":[\"\\\\*0143$\"]}");
	append_number(h, "+19165550143");
	assert_int_equal(masked.count, 1);
	dnc_hub_leave(w);
	dnc_hub_leave(m);
	dnc_hub_leave(s);
	assert_false(dnc_hub_rate_limits(h));
	free_hub(h);
}

/* A log whose reads may fail, with events 1 to `last` but for a hole. */
static struct fake {
	struct dnc_journal base;
	atomic_int failures;         /* reads that will fail */
	atomic_int after;            /* so many rows, each */
	uint64_t hole_from, hole_to; /* not there */
} fake;

static void fake_reader_free(struct dnc_journal_reader *r)
{
	free(r);
}

static struct dnc_journal_reader *fake_reader_new(struct dnc_journal *j, struct dnc_error *err)
{
	struct dnc_journal_reader *r = calloc(1, sizeof *r);

	(void)err;
	r->journal = j;
	return r;
}

static int fake_event(char *line, size_t size, uint64_t seq)
{
	return snprintf(line, size,
		"{\"id\":\"0198f0a0-0000-7000-8000-%012d\","
		"\"type\":\"dnc.provider.status_change\",\"provider\":\"%s\","
		"\"severity\":\"info\",\"timestamp\":\"2026-08-29T08:00:00.000Z\","
		"\"summary\":\"s\",\"event_data\":{\"new_status\":\"online\"},"
		"\"metadata\":{\"ingested_at\":\"2026-08-29T08:00:00.000Z\","
		"\"source_format\":\"ndjson\"}}",
		(int)seq, seq % 2 ? "odd" : "even");
}

static bool fake_fails(struct dnc_error *err)
{
	if (fake.failures <= 0)
		return false;
	fake.failures--;
	dnc_error_set(err, 5, "unable to read the fake log");
	return true;
}

static int fake_read(struct dnc_journal_reader *r, uint64_t from, bool back, struct dnc_str phone,
	bool (*each)(void *ctx, uint64_t seq, struct dnc_str line), void *ctx,
	struct dnc_error *err)
{
	bool fails = fake_fails(err);
	int rows = fails ? fake.after : INT_MAX;

	(void)phone;
	for (uint64_t seq = from; seq >= r->journal->oldest && seq <= r->journal->last;
		seq += back ? (uint64_t)-1 : 1) {
		char line[600];

		if (seq >= fake.hole_from && seq <= fake.hole_to)
			continue;
		if (rows-- == 0)
			return -1;
		if (!each(ctx, seq,
			    (struct dnc_str){line, (size_t)fake_event(line, sizeof line, seq)}))
			return 0;
	}
	return fails ? -1 : 0;
}

static int fake_find_time(
	struct dnc_journal_reader *r, int64_t ms, uint64_t *seq, struct dnc_error *err)
{
	(void)ms;
	*seq = r->journal->oldest;
	return fake_fails(err) ? -1 : 0;
}

static const struct journal_ops fake_ops = {.reader_new = fake_reader_new,
	.reader_free = fake_reader_free,
	.read = fake_read,
	.find_time = fake_find_time};

static struct dnc_reader *reader;

static void nothing(void *ctx)
{
	(void)ctx;
}

/* A hub that has just started on a log with events OLDEST to LAST. */
static struct dnc_hub *new_hub_on(uint64_t oldest, uint64_t last)
{
	struct dnc_error err;

	memset(&fake, 0, sizeof fake);
	fake.base.ops = &fake_ops;
	fake.base.oldest = oldest;
	fake.base.last = last;
	epochs_begin(&fake.base.epochs, last + 1);
	ring = dnc_ring_new(256 << 10, last);
	reader = dnc_reader_new(&fake.base, nothing, NULL, &err);
	return dnc_hub_new(&(struct dnc_hub_options){.ring = ring,
		.max_lag = 1000000,
		.journal = &fake.base,
		.reader = reader,
		.transport = {take, soon, gap, struck, started, failed}});
}

static void free_hub_on(struct dnc_hub *h)
{
	dnc_reader_free(reader);
	free_hub(h);
	epochs_free(&fake.base.epochs);
}

/* Lets hub and reader work until PEER has COUNT events and FAILURES. */
static void pump(struct dnc_hub *h, const struct peer *peer, size_t count, size_t failures)
{
	int64_t until = dnc_clock_mono_ms() + 20000;

	while ((peer->count < count || peer->failures < failures) && dnc_clock_mono_ms() < until) {
		dnc_reader_finish(reader);
		while (dnc_hub_work(h))
			;
		usleep(1000);
	}
	assert_int_equal(peer->count, count);
	assert_int_equal(peer->failures, failures);
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
		for (int turn = 0; dnc_subscriber_starting(s) && turn < 20000; turn++) {
			dnc_reader_finish(reader);
			dnc_hub_work(h);
			usleep(1000);
		}
		assert_false(dnc_subscriber_starting(s));
		assert_int_equal(a.starts, i + 1);
		assert_int_equal(a.count, 0);
	}
	dnc_subscriber_ready(s);
	pump(h, &a, 100, 0);
	assert_int_equal(a.seqs[0], 1);
	dnc_hub_leave(s);
	free_hub_on(h);
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
		cmocka_unit_test(rows_that_are_missing_are_told_as_such),
		cmocka_unit_test(what_retention_removed_is_not_served_from_memory),
	};

	int rc;

	journal = dnc_journal_open(&(struct dnc_journal_options){0}, NULL);
	rc = cmocka_run_group_tests_name("hub", tests, NULL, NULL);
	dnc_journal_close(journal);
	return rc;
}
