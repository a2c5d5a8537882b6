/* The hub against a transport that remembers. */
#include "unit.h"
#include <stdio.h>
#include "hub/hub.h"

static struct dnc_journal *journal;

struct peer {
	uint64_t seqs[4096];
	size_t count, gaps, starts;
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

static struct dnc_ring *ring;

static struct dnc_hub *new_hub(uint64_t max_lag)
{
	ring = dnc_ring_new(256 << 10, 0);
	return dnc_hub_new(&(struct dnc_hub_options){.ring = ring,
		.max_lag = max_lag,
		.journal = journal,
		.transport = {take, soon, gap, struck, started}});
}

static void free_hub(struct dnc_hub *h)
{
	dnc_hub_free(h);
	dnc_ring_free(ring);
}

static void append_line(struct dnc_hub *h, const char *line, int n)
{
	while (!dnc_ring_reserve(ring, (size_t)n, 1)) {
		dnc_hub_let_go(h);
		dnc_hub_advance(h);
	}
	dnc_ring_append(ring, line, (size_t)n, 0);
}

static struct dnc_subscriber *join(struct dnc_hub *h, struct peer *peer)
{
	static const struct dnc_view everything = {.types = DNC_ALL_TYPES};
	static const struct dnc_pace at_once;

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

static void subscribe(
	struct dnc_hub *h, struct dnc_subscriber *s, const char *json, struct dnc_start start)
{
	assert_int_equal(dnc_hub_subscribe(s, filter(json), &start), 0);
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
		assert_int_equal(dnc_event_view(r, line, (size_t)n, &event), 0);
		for (size_t f = 0; f < FILTERS; f++) {
			struct dnc_filter *one = filter(filters[f]);

			wanted[f] += dnc_filter_match(one, &event);
			dnc_filter_free(one);
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
	assert_int_equal(dnc_hub_stats(h).audiences, 0);
	dnc_event_reader_free(r);
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
	assert_int_equal(dnc_hub_refilter(sa, filter("{\"providers\":[\"odd\"]}")), 0);
	append(h, 4);
	assert_int_equal(dnc_hub_refilter(sa, filter("{}")), 0);
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
	assert_int_equal(dnc_hub_stats(h).audiences, 1);
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
	struct dnc_pace none = {0}, three = {.per_minute = 1, .burst = 3};
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
	assert_int_equal(dnc_hub_stats(h).audiences, 2);
	for (int i = 0; i < 5; i++)
		append_number(h, "+19165550143");
	assert_int_equal(whole.count, 5);
	assert_int_equal(masked.count, 0);
	assert_int_equal(slow.count, 3);
	assert_true(dnc_subscriber_paced(s));
	assert_true(dnc_hub_paces(h));
	assert_int_equal(dnc_subscriber_next(s), 4);
	assert_int_equal(dnc_hub_refilter(m, filter("{\"phone_patterns\":[\"\\\\*0143$\"]}")), 0);
	append_number(h, "+19165550143");
	assert_int_equal(masked.count, 1);
	dnc_hub_leave(w);
	dnc_hub_leave(m);
	dnc_hub_leave(s);
	assert_false(dnc_hub_paces(h));
	free_hub(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_index_finds_what_matching_each_would),
		cmocka_unit_test(filters_change_while_others_stay),
		cmocka_unit_test(a_pattern_that_takes_too_much_work_ends_its_subscription),
		cmocka_unit_test(views_and_rates),
		cmocka_unit_test(all_arrive_once_in_order),
		cmocka_unit_test(a_slow_one_goes_on_where_it_was),
		cmocka_unit_test(what_is_skipped_is_told),
	};

	int rc;

	journal = dnc_journal_open(&(struct dnc_journal_options){0}, NULL);
	rc = cmocka_run_group_tests_name("hub", tests, NULL, NULL);
	dnc_journal_close(journal);
	return rc;
}
