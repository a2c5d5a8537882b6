/* Pages of the log: what a query asks for, what comes back, and where the next page starts. */
#include "unit.h"
#include <stdio.h>
#include <unistd.h>
#include "event/event.h"
#include "log/priv/batch.h"
#include "log/priv/journal.h"
#include "log/priv/journal_ops.h"
#include "web/http/history_page.h"
#include "web/http/query.h"

static char dir[] = "/tmp/dnc-history-XXXXXX";
static struct dnc_journal *journal;
static struct dnc_journal_reader *reader;
static struct dnc_event_reader *events;
static int64_t now_ms;

/* 2026-01-31T12:00:00Z, when the first event is logged; the others follow a second apart. */
#define NOON_MS INT64_C(1769860800000)

static int64_t tell_ms(void *ctx)
{
	(void)ctx;
	return now_ms;
}

/* Odd numbers have this telephone number. */
#define ODD "+13035550143"

static void log_events(int from, int to)
{
	struct dnc_batch batch = {0};
	struct dnc_error err;

	for (int i = from; i <= to; i++) {
		char line[1024];
		struct dnc_event event;
		int n = snprintf(line, sizeof line - DNC_JSON_PADDING,
			"{\"id\":\"0198f0a0-0000-7000-8000-%012d\",\"type\":\"dnc.compliance.violation\","
			"\"phone_number\":\"%s\",\"severity\":\"critical\","
			"\"timestamp\":\"2026-08-29T08:00:00.000Z\",\"summary\":\"s\","
			"\"event_data\":{\"violation_type\":\"t\"},"
			"\"metadata\":{\"ingested_at\":\"2026-08-29T08:00:00.000Z\","
			"\"source_format\":\"ndjson\"}}",
			i, i % 2 ? ODD : "+13035550144");

		batch_clear(&batch);
		assert_int_equal(dnc_event_parse(events, line, (size_t)n, &event), 0);
		assert_true(dnc_batch_add(&batch, &event));
		now_ms = NOON_MS + (i - 1) * 1000;
		assert_int_equal(journal_append(journal, &batch, &err), 0);
	}
	dnc_batch_free(&batch);
}

enum { EVENTS = 10 };

static int open_log(void **state)
{
	static const struct dnc_journal_clock clock = {.wall_ms = tell_ms, .boot_ms = tell_ms};
	struct dnc_error err;

	(void)state;
	now_ms = NOON_MS;
	events = dnc_event_reader_new(&(struct dnc_event_options){0});
	if (!mkdtemp(dir))
		return -1;
	journal = dnc_journal_open(
		&(struct dnc_journal_options){.dir = dir, .retain_ms = 3600000, .clock = &clock},
		&err);
	reader = journal ? journal_reader_new(journal, &err) : NULL;
	if (!events || !reader)
		return -1;
	log_events(1, EVENTS);
	return 0;
}

static int close_log(void **state)
{
	char command[64];

	(void)state;
	journal_reader_free(reader);
	dnc_journal_close(journal);
	dnc_event_reader_free(events);
	snprintf(command, sizeof command, "rm -r '%s'", dir);
	return system(command);
}

/* Reads a query string as the server does, for a client that sees MASKED numbers. -1 with ERR. */
static int read_query_of(
	struct history_query *q, const char *text, bool masked, struct dnc_error *err)
{
	history_query_init(q);
	q->masked = masked;
	return query_parse(dnc_str(text), history_query_add, q, err) < 0
	               ? -1
	               : history_query_end(q, err);
}

static int read_query(struct history_query *q, const char *text, struct dnc_error *err)
{
	return read_query_of(q, text, false, err);
}

/* The page of QUERY for a client that sees all types, but numbers only if it is not MASKED. */
static void read_page(struct history_page *page, struct history_query *q, bool masked)
{
	const struct dnc_view view = {.types = DNC_ALL_TYPES, .rendering = masked ? DNC_MASKED : 0};
	struct dnc_viewer *viewer = dnc_viewer_new(&view, q->filter, journal);
	struct dnc_error err;

	assert_non_null(viewer);
	assert_int_equal(history_page_read(page, q, viewer, reader, NULL, &err), 0);
	dnc_viewer_free(viewer);
}

/* The numbers of the events in the page: "1 2 3". */
static void numbers_of(const struct history_page *page, char *out, size_t size)
{
	const char *p = page->body.p, *end = p + page->body.n;
	size_t n = 0;

	out[0] = '\0';
	while (p < end && (p = memmem(p, (size_t)(end - p), "{\"seq\":", 7))) {
		p += 7;
		n += (size_t)snprintf(
			out + n, size - n, "%s%d", n ? " " : "", (int)strtol(p, NULL, 10));
	}
}

static void a_query_chooses_the_events_of_its_page(void **state)
{
	static const struct {
		const char *query, *numbers;
		unsigned next;
	} cases[] = {
		{"", "1 2 3 4 5 6 7 8 9 10", 0},
		{"since=0", "1 2 3 4 5 6 7 8 9 10", 0},
		{"since=7", "8 9 10", 0},
		{"since=10", "", 0},
		{"since=99", "", 0},
		{"until=2", "1 2", 0},
		{"since=3&until=5", "4 5", 0},
		{"since=5&until=3", "", 0},
		{"limit=3", "1 2 3", 3},
		{"since=3&limit=3", "4 5 6", 6},
		{"since=7&limit=3", "8 9 10", 0},
		{"since=3&until=5&limit=2", "4 5", 0},
		/* A time is when an event was logged: from then on, and before then. */
		{"since=2026-01-31T12:00:07Z", "8 9 10", 0},
		{"since=2026-01-31T12:00:06.500Z", "8 9 10", 0},
		{"since=2026-02-01", "", 0},
		{"until=2026-01-31T12:00:02Z", "1 2", 0},
		{"phone=" ODD, "1 3 5 7 9", 0},
		/* A plus that was not escaped came as a blank. */
		{"phone= 13035550143&since=4&limit=2", "5 7", 8},
		{"phone=(303) 555-0143&until=4", "1 3", 0},
		{"phone=%2B13035550199", "", 0},
		{"phone_patterns=^[%2B]13035550144$&limit=2", "2 4", 4},
		{"min_severity=critical&since=9", "10", 0},
		{"type=dnc.list.synced", "", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct history_query q;
		struct history_page page = {.array = false};
		struct dnc_error err;
		char numbers[64];

		if (read_query(&q, cases[i].query, &err) < 0)
			fail_msg("%s: %s", cases[i].query, err.message);
		read_page(&page, &q, false);
		numbers_of(&page, numbers, sizeof numbers);
		if (strcmp(numbers, cases[i].numbers) != 0 || page.next != cases[i].next)
			fail_msg("%s: %s, next %d", cases[i].query, numbers, (int)page.next);
		dnc_buf_free(&page.body);
		history_query_free(&q);
	}
}

static void a_bad_argument_is_told_by_its_name(void **state)
{
	static const struct {
		const char *query, *message;
	} cases[] = {
		{"since=", "since must be"},
		{"since=-1", "since must be"},
		{"since=1234567890123456789", "since must be"},
		{"since=yesterday", "since must be"},
		{"until=2026-13-01T00:00:00Z", "until must be"},
		{"phone=", "phone must be"},
		{"phone=12", "phone must be"},
		{"limit=0", "limit must be"},
		{"limit=100001", "limit must be"},
		{"limit=1e3", "limit must be"},
		{"limit", "limit must be"},
		{"last=5", "last is not supported here"},
		{"epoch=0123456789abcdef", "epoch is not supported here"},
		{"since_time=2026-01-31T12:00:00Z", "since_time is not supported here"},
		{"nonsense=1", ""},
		{"type=dnc.nonsense", ""},
		{"phone_patterns=[", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct history_query q;
		struct dnc_error err = {.message = ""};

		assert_int_equal(read_query(&q, cases[i].query, &err), -1);
		if (!strstr(err.message, cases[i].message) || !err.message[0])
			fail_msg("%s: %s", cases[i].query, err.message);
		history_query_free(&q);
	}
}

static void limits_are_a_thousand_at_first_and_a_hundred_thousand_at_most(void **state)
{
	struct history_query q;
	struct dnc_error err;

	(void)state;
	assert_int_equal(read_query(&q, "", &err), 0);
	assert_int_equal(q.limit, 1000);
	history_query_free(&q);
	assert_int_equal(read_query(&q, "limit=100000", &err), 0);
	assert_int_equal(q.limit, 100000);
	history_query_free(&q);
}

static void a_query_that_is_too_long_for_a_link_is_refused(void **state)
{
	char text[HISTORY_QUERY_MAX + 64];
	struct history_query q;
	struct dnc_error err;

	(void)state;
	/* "provider=" and "&" are ten bytes. */
	for (int over = 0; over < 2; over++) {
		size_t n = (size_t)sprintf(text, "provider=");

		memset(text + n, 'x', HISTORY_QUERY_MAX - 10 + (size_t)over);
		text[n + HISTORY_QUERY_MAX - 10 + (size_t)over] = '\0';
		assert_int_equal(read_query(&q, text, &err), over ? -1 : 0);
		if (over)
			assert_non_null(strstr(err.message, "2048 bytes"));
		history_query_free(&q);
	}
	/* `since` is not repeated. */
	memset(text, '0', sizeof text);
	memcpy(text, "since=", 6);
	text[6 + 18] = '\0';
	assert_int_equal(read_query(&q, text, &err), 0);
	assert_int_equal(q.repeated.n, 0);
	history_query_free(&q);
}

/* Follows the links as a client does. */
static void links_lead_through_all_events_once(void **state)
{
	static const char start[] = "</api/v1/events?phone_patterns=%5E.1303&limit=3&since=";
	char query[256] = "phone_patterns=^.1303&limit=3", link[HISTORY_LINK_MAX], seen[256] = "";
	int pages = 0;

	(void)state;
	for (bool more = true; more; pages++) {
		struct history_query q;
		struct history_page page = {.array = false};
		struct dnc_error err;
		char numbers[64];

		assert_in_range(pages, 0, 5);
		assert_int_equal(read_query(&q, query, &err), 0);
		read_page(&page, &q, false);
		numbers_of(&page, numbers, sizeof numbers);
		snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%s;", numbers);
		more = page.next;
		if (more) {
			history_page_link(&page, &q, link);
			snprintf(query, sizeof query, "phone_patterns=^.1303&limit=3&since=%d",
				(int)page.next);
			assert_memory_equal(link, start, sizeof start - 1);
			assert_non_null(strstr(link, ">; rel=\"next\""));
			assert_int_equal(strtol(link + sizeof start - 1, NULL, 10), page.next);
		}
		dnc_buf_free(&page.body);
		history_query_free(&q);
	}
	assert_string_equal(seen, "1 2 3;4 5 6;7 8 9;10;");
	assert_int_equal(pages, 4);
}

static void an_array_is_json_also_without_events(void **state)
{
	static const struct {
		const char *query, *start, *end;
	} cases[] = {
		{"since=9", "[{\"seq\":10,\"id\":", "}]\n"},
		{"since=8", "[{\"seq\":9,\"id\":", "}]\n"},
		{"since=10", "[]\n", "[]\n"},
	};
	struct dnc_json_parser *parser = dnc_json_parser_new();

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct history_query q;
		struct history_page page = {.array = true};
		struct dnc_error err;
		struct dnc_json doc;
		size_t end = strlen(cases[i].end);

		assert_int_equal(read_query(&q, cases[i].query, &err), 0);
		/* A page that is read again, because the log could not be read, holds nothing twice. */
		read_page(&page, &q, false);
		read_page(&page, &q, false);
		assert_memory_equal(page.body.p, cases[i].start, strlen(cases[i].start));
		assert_memory_equal(page.body.p + page.body.n - end, cases[i].end, end);
		assert_true(dnc_buf_reserve(&page.body, DNC_JSON_PADDING));
		assert_int_equal(dnc_json_parse(parser, page.body.p, page.body.n, &doc, &err), 0);
		dnc_buf_free(&page.body);
		history_query_free(&q);
	}
	dnc_json_parser_free(parser);
}

/* What they may not see they can't search for, either: pages are those of the numbers as they see them. */
static void masked_clients_search_for_masked_numbers(void **state)
{
	static const struct {
		const char *query, *numbers;
		unsigned next;
	} cases[] = {
		{"phone=%2B1******0143", "1 3 5 7 9", 0},
		{"phone= 1******0143&since=4&limit=2", "5 7", 7},
		{"phone=%2B1******0143&phone_patterns=0144$", "", 0},
		{"phone=%2B1******0143&min_severity=critical&until=4", "1 3", 0},
		{"phone=%2B1*****50143", "", 0},
		{"phone=%2B13035*****", "", 0},
		{"phone=%2B*", "", 0},
	};
	static const char *const whole[] = {"phone=" ODD, "phone=%2B13035550199",
		"phone=3035550143", "phone= 13035550143", "phone=%2B442079460958"};
	static const char *const invalid[] = {"phone=", "phone=*", "phone=%2B", "phone=12",
		"phone=0143", "phone=%2B1******014x", "phone=%2B1*********************0143"};
	struct history_query q;
	struct dnc_error err;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct history_page page = {.array = false};
		char numbers[64];

		if (read_query_of(&q, cases[i].query, true, &err) < 0)
			fail_msg("%s: %s", cases[i].query, err.message);
		assert_null(history_query_number(&q).p);
		read_page(&page, &q, true);
		numbers_of(&page, numbers, sizeof numbers);
		if (strcmp(numbers, cases[i].numbers) != 0 || page.next != cases[i].next)
			fail_msg("%s: %s, next %d", cases[i].query, numbers, (int)page.next);
		dnc_buf_free(&page.body);
		history_query_free(&q);
	}
	for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
		assert_int_equal(read_query_of(&q, whole[i], true, &err), -1);
		assert_int_equal(err.code, REQUEST_EFORBIDDEN);
		assert_non_null(strstr(err.message, "dnc:pii"));
		history_query_free(&q);
	}
	for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++) {
		assert_int_equal(read_query_of(&q, invalid[i], true, &err), -1);
		assert_int_equal(err.code, REQUEST_EFIELD);
		history_query_free(&q);
	}
	/* Who sees whole numbers sees no masked ones. */
	assert_int_equal(read_query(&q, "phone=%2B1******0143", &err), -1);
	history_query_free(&q);
}

static void masked_clients_see_no_numbers_in_pages(void **state)
{
	struct history_query q;
	struct history_page page = {.array = false};
	struct dnc_error err;

	(void)state;
	assert_int_equal(read_query(&q, "limit=2", &err), 0);
	read_page(&page, &q, true);
	assert_int_equal(page.count, 2);
	assert_null(memmem(page.body.p, page.body.n, "5550143", 7));
	dnc_buf_free(&page.body);
	history_query_free(&q);
}

/* Reads a slice of the page, whose job is over as soon as it has looked at one event. */
static int read_slice(struct history_page *page, struct history_query *q)
{
	const struct dnc_view view = {.types = DNC_ALL_TYPES};
	struct dnc_viewer *viewer = dnc_viewer_new(&view, q->filter, journal);
	struct dnc_job job = {0};
	struct dnc_error err;
	int rc = history_page_read(page, q, viewer, reader, &job, &err);

	dnc_viewer_free(viewer);
	return rc;
}

static void a_page_in_slices_is_the_same_page(void **state)
{
	static const char *const queries[] = {"", "limit=3", "since=3&until=5&limit=2", "until=2",
		"phone=" ODD, "phone_patterns=^[+]13035550144$&limit=2", "since=99"};

	(void)state;
	for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
		struct history_page whole = {.array = true}, page = {.array = true};
		struct history_query q;
		struct dnc_error err;
		int rc, slices = 1;

		assert_int_equal(read_query(&q, queries[i], &err), 0);
		read_page(&whole, &q, false);
		while ((rc = read_slice(&page, &q)) == DNC_JOB_MORE && slices < 100)
			slices++;
		assert_int_equal(rc, 0);
		assert_true(slices > (int)whole.count);
		assert_int_equal(page.body.n, whole.body.n);
		assert_memory_equal(page.body.p, whole.body.p, whole.body.n);
		assert_int_equal(page.next, whole.next);
		assert_int_equal(page.gap_to, whole.gap_to);
		dnc_buf_free(&whole.body);
		dnc_buf_free(&page.body);
		history_query_free(&q);
	}
}

/* Between two slices retention reaches event 6: the page ends before it, and the next one says what is gone. */
static void what_is_removed_between_slices_is_left_to_the_next_page(void **state)
{
	static const char *const queries[] = {"", "phone=" ODD};

	(void)state;
	for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
		struct history_page page = {0};
		struct history_query q;
		struct dnc_error err;
		char numbers[64];
		int rc, slices = 0;

		assert_int_equal(read_query(&q, queries[i], &err), 0);
		assert_int_equal(read_slice(&page, &q), DNC_JOB_MORE);
		assert_int_equal(page.at, 2);
		journal->oldest = 6;
		while ((rc = read_slice(&page, &q)) == DNC_JOB_MORE)
			assert_true(slices++ < 100);
		journal->oldest = 1;
		assert_int_equal(rc, 0);
		numbers_of(&page, numbers, sizeof numbers);
		assert_string_equal(numbers, "1");
		assert_int_equal(page.next, 1);
		dnc_buf_free(&page.body);
		history_query_free(&q);
	}
}

/* A page that has taken too long ends where it got to. */
static void a_page_ends_when_its_time_is_over(void **state)
{
	struct history_page page = {0};
	struct history_query q;
	struct dnc_error err;
	char numbers[64];

	(void)state;
	assert_int_equal(read_query(&q, "", &err), 0);
	assert_int_equal(read_slice(&page, &q), DNC_JOB_MORE);
	page.end_ms = 0;
	assert_int_equal(read_slice(&page, &q), 0);
	numbers_of(&page, numbers, sizeof numbers);
	assert_string_equal(numbers, "1 2");
	assert_int_equal(page.next, 2);
	dnc_buf_free(&page.body);
	history_query_free(&q);
}

enum { LONG_EVENTS = 100, LONG_BYTES = 25000 };

static void log_long_events(void)
{
	struct dnc_batch batch = {0};
	struct dnc_error err;
	static char line[LONG_BYTES + 1024], long_text[LONG_BYTES];

	memset(long_text, 'x', sizeof long_text - 1);
	for (int i = 0; i < LONG_EVENTS; i++) {
		struct dnc_event event;
		int n = snprintf(line, sizeof line - DNC_JSON_PADDING,
			"{\"id\":\"0198f0a0-0000-7000-9000-%012d\",\"type\":\"dnc.compliance.violation\","
			"\"severity\":\"critical\",\"timestamp\":\"2026-08-29T08:00:00.000Z\","
			"\"summary\":\"s\",\"event_data\":{\"violation_type\":\"t\",\"note\":\"%s\"},"
			"\"metadata\":{\"ingested_at\":\"2026-08-29T08:00:00.000Z\","
			"\"source_format\":\"ndjson\"}}",
			i, long_text);

		batch_clear(&batch);
		assert_int_equal(dnc_event_parse(events, line, (size_t)n, &event), 0);
		assert_true(dnc_batch_add(&batch, &event));
		assert_int_equal(journal_append(journal, &batch, &err), 0);
	}
	dnc_batch_free(&batch);
}

/* It adds events. */
static void a_page_has_a_mebibyte_at_most_and_loses_nothing(void **state)
{
	uint64_t next = EVENTS;
	size_t count = 0;
	int pages = 0;

	(void)state;
	log_long_events();
	while (next) {
		struct history_page page = {.array = true};
		struct history_query q;
		struct dnc_error err;
		char query[32];

		snprintf(query, sizeof query, "since=%d", (int)next);
		assert_int_equal(read_query(&q, query, &err), 0);
		read_page(&page, &q, false);
		assert_true(page.body.n <= HISTORY_PAGE_BYTES);
		assert_true(!page.next || page.body.n > HISTORY_PAGE_BYTES - LONG_BYTES - 1024);
		assert_int_equal(page.first_seq, next + 1);
		assert_int_equal(page.last_seq, next + page.count);
		count += page.count;
		next = page.next;
		assert_true(pages++ < 10);
		dnc_buf_free(&page.body);
		history_query_free(&q);
	}
	assert_int_equal(count, LONG_EVENTS);
	assert_true(pages >= 3);
}

/* The last test: it removes events. */
static void events_that_are_gone_are_told_as_a_gap(void **state)
{
	static const struct {
		const char *query, *gap; /* NULL: none */
	} cases[] = {
		{"", "1-9"},
		{"since=4", "5-9"},
		{"since=4&until=7", "5-7"},
		{"since=9", NULL},
		{"since=10", NULL},
		/* Numbers of events between a time and the oldest that is left are not known. */
		{"since=2026-01-31T12:00:02Z", "1-9"},
		{"phone=%2B13035550144", "1-9"},
	};
	struct dnc_error err;

	(void)state;
	now_ms = NOON_MS + 3600000 + 8500;
	while (journal_prune(journal, &err) > 0)
		;
	assert_int_equal(dnc_journal_oldest(journal), 10);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct history_query q;
		struct history_page page = {.array = false};
		char gap[HISTORY_RANGE_MAX];
		bool has;

		assert_int_equal(read_query(&q, cases[i].query, &err), 0);
		read_page(&page, &q, false);
		has = history_page_gap(&page, gap);
		if (has != !!cases[i].gap || (has && strcmp(gap, cases[i].gap) != 0))
			fail_msg("%s: gap %s", cases[i].query, gap);
		dnc_buf_free(&page.body);
		history_query_free(&q);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_query_chooses_the_events_of_its_page),
		cmocka_unit_test(a_bad_argument_is_told_by_its_name),
		cmocka_unit_test(limits_are_a_thousand_at_first_and_a_hundred_thousand_at_most),
		cmocka_unit_test(a_query_that_is_too_long_for_a_link_is_refused),
		cmocka_unit_test(links_lead_through_all_events_once),
		cmocka_unit_test(an_array_is_json_also_without_events),
		cmocka_unit_test(masked_clients_search_for_masked_numbers),
		cmocka_unit_test(masked_clients_see_no_numbers_in_pages),
		cmocka_unit_test(a_page_in_slices_is_the_same_page),
		cmocka_unit_test(what_is_removed_between_slices_is_left_to_the_next_page),
		cmocka_unit_test(a_page_ends_when_its_time_is_over),
		cmocka_unit_test(a_page_has_a_mebibyte_at_most_and_loses_nothing),
		cmocka_unit_test(events_that_are_gone_are_told_as_a_gap),
	};

	return cmocka_run_group_tests(tests, open_log, close_log);
}
