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

static void log_severe(int i, const char *number, const char *severity)
{
	struct dnc_batch batch = {0};
	struct dnc_error err;
	char line[1024];
	struct dnc_event event;
	int n = snprintf(line, sizeof line - DNC_JSON_PADDING,
		"{\"id\":\"0198f0a0-0000-7000-8000-%012d\",\"type\":\"dnc.compliance.violation\","
		"\"phone_number\":\"%s\",\"severity\":\"%s\","
		"\"timestamp\":\"2026-08-29T08:00:00.000Z\",\"summary\":\"s\","
		"\"event_data\":{\"violation_type\":\"t\"},"
		"\"metadata\":{\"ingested_at\":\"2026-08-29T08:00:00.000Z\","
		"\"source_format\":\"ndjson\"}}",
		i, number, severity);

	assert_int_equal(dnc_event_parse(events, line, (size_t)n, &event), 0);
	assert_true(dnc_batch_add(&batch, &event));
	assert_int_equal(journal_append(journal, &batch, &err), 0);
	dnc_batch_free(&batch);
}

static void log_number(int i, const char *number)
{
	log_severe(i, number, "critical");
}

static void log_events(int from, int to)
{
	for (int i = from; i <= to; i++) {
		now_ms = NOON_MS + (i - 1) * 1000;
		log_number(i, i % 2 ? ODD : "+13035550144");
	}
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
		{"phone= 13035550143&since=4&limit=2", "5 7", 7},
		{"phone=(303) 555-0143&until=4", "1 3", 0},
		{"phone=%2B13035550199", "", 0},
		{"phone_patterns=^[%2B]13035550144$&limit=2", "2 4", 4},
		{"min_severity=critical&since=9", "10", 0},
		{"type=dnc.list.synced", "", 0},
		/* The newest first. */
		{"order=asc&limit=2", "1 2", 2},
		{"order=desc", "10 9 8 7 6 5 4 3 2 1", 0},
		{"order=desc&limit=3", "10 9 8", 8},
		{"order=desc&limit=3&before=8", "7 6 5", 5},
		{"before=4&order=desc&limit=3", "3 2 1", 0},
		{"order=desc&before=1", "", 0},
		{"order=desc&before=999999999999999999&limit=1", "10", 10},
		{"order=desc&since=7", "10 9 8", 0},
		{"order=desc&since=7&limit=3", "10 9 8", 0},
		{"order=desc&since=7&limit=2", "10 9", 9},
		{"order=desc&since=10", "", 0},
		{"order=desc&since=99", "", 0},
		{"order=desc&until=2", "2 1", 0},
		{"order=desc&until=0", "", 0},
		{"order=desc&until=8&before=5&since=2", "4 3", 0},
		{"order=desc&until=3&before=5", "3 2 1", 0},
		{"order=desc&since=5&until=3", "", 0},
		{"order=desc&since=2026-01-31T12:00:07Z", "10 9 8", 0},
		{"order=desc&until=2026-01-31T12:00:02Z&since=2026-01-31", "2 1", 0},
		{"order=desc&phone=" ODD, "9 7 5 3 1", 0},
		{"order=desc&phone= 13035550143&since=4&limit=2", "9 7", 7},
		{"order=desc&phone= 13035550143&before=7&limit=9", "5 3 1", 0},
		{"order=desc&phone_patterns=^[%2B]13035550144$&limit=2", "10 8", 8},
		{"order=desc&type=dnc.list.synced", "", 0},
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
		{"order=", "order must be asc or desc"},
		{"order=newest", "order must be asc or desc"},
		{"order=desc&before=0", "before must be"},
		{"order=desc&before=2026-01-31T12:00:00Z", "before must be"},
		{"order=desc&before=-1", "before must be"},
		{"before=5", "before needs order=desc"},
		{"order=desc&before=5&order=asc", "before needs order=desc"},
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

/* Reads the page of QUERY and adds its numbers to SEEN. Q and the body of PAGE are to be freed. */
static void follow(const char *query, struct history_query *q, struct history_page *page,
	char *seen, size_t size)
{
	struct dnc_error err;
	char numbers[64];

	*page = (struct history_page){.array = false};
	assert_int_equal(read_query(q, query, &err), 0);
	read_page(page, q, false);
	numbers_of(page, numbers, sizeof numbers);
	snprintf(seen + strlen(seen), size - strlen(seen), "%s;", numbers);
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
		struct history_page page;

		assert_in_range(pages, 0, 5);
		follow(query, &q, &page, seen, sizeof seen);
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

/* They repeat where the search ends, as it was given: a time stays a time. */
static void links_lead_back_through_all_events_once(void **state)
{
	static const char
		begin[] = "since=2026-01-31T12:00:02Z&limit=3&order=desc",
		start[] =
			"</api/v1/events?limit=3&order=desc&since=2026-01-31T12%3A00%3A02Z&before=";
	char query[256], link[HISTORY_LINK_MAX], seen[256] = "";
	int pages = 0;

	(void)state;
	snprintf(query, sizeof query, "%s", begin);
	for (bool more = true; more; pages++) {
		struct history_query q;
		struct history_page page;

		assert_in_range(pages, 0, 5);
		follow(query, &q, &page, seen, sizeof seen);
		more = page.next;
		if (more) {
			size_t n;

			history_page_link(&page, &q, link);
			n = strcspn(link, ">");
			assert_string_equal(link + n, ">; rel=\"next\"");
			assert_memory_equal(link, start, sizeof start - 1);
			snprintf(query, sizeof query, "%.*s", (int)n - 16, link + 16);
		}
		dnc_buf_free(&page.body);
		history_query_free(&q);
	}
	assert_string_equal(seen, "10 9 8;7 6 5;4 3;");
	assert_int_equal(pages, 3);
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

/* What the view of read_slice() sees. */
static const struct dnc_filter *slice_sees;

/* Reads a slice of the page, whose job is over as soon as it has looked at one event. */
static int read_slice(struct history_page *page, struct history_query *q)
{
	const struct dnc_view view = {.types = DNC_ALL_TYPES, .sees = slice_sees};
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
		"phone=" ODD, "phone_patterns=^[+]13035550144$&limit=2", "since=99", "order=desc",
		"order=desc&limit=3&before=9", "order=desc&since=3&until=5",
		"order=desc&phone=" ODD};

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
		assert_true(slices >= (int)whole.count);
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

/* With the newest first that is the end of the page, which says so if it gets there; what it has shown is not gone. */
static void what_is_removed_below_a_page_is_told_by_the_last_one(void **state)
{
	static const struct {
		const char *query;
		bool ends; /* its time is over */
		const char *numbers, *gap;
	} cases[] = {
		/* All are still read, as a reader that has begun does, though the log has 20 as its oldest. */
		{"order=desc", false, "10 9 8 7 6 5 4 3 2 1", NULL},
		{"order=desc", true, "10 9", NULL},
		{"order=desc&phone=%2B13035550144", false, "10 8 6 4 2", "1-1"},
		{"order=desc&phone=%2B13035550144", true, "10 8", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct history_page page = {0};
		struct history_query q;
		struct dnc_error err;
		char gap[HISTORY_RANGE_MAX], numbers[64];
		int rc, slices = 0;
		bool has;

		assert_int_equal(read_query(&q, cases[i].query, &err), 0);
		assert_int_equal(read_slice(&page, &q), DNC_JOB_MORE);
		assert_int_equal(page.at, 9);
		journal->oldest = 20;
		if (cases[i].ends)
			page.end_ms = 0;
		while ((rc = read_slice(&page, &q)) == DNC_JOB_MORE)
			assert_true(slices++ < 100);
		journal->oldest = 1;
		assert_int_equal(rc, 0);
		has = history_page_gap(&page, gap);
		numbers_of(&page, numbers, sizeof numbers);
		if (strcmp(numbers, cases[i].numbers) != 0 || has != !!cases[i].gap ||
			(has && strcmp(gap, cases[i].gap) != 0))
			fail_msg("%d: %s, gap %s", (int)i, numbers, gap);
		assert_int_equal(page.next, cases[i].ends ? page.at + 1 : 0);
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
		{"order=desc&before=50", "1-9"},
		{"order=desc&limit=2", NULL},
		{"order=desc&before=11", "1-9"},
		{"order=desc&before=5", "1-4"},
		{"order=desc&before=11&since=4", "5-9"},
		{"order=desc&until=7&since=4", "5-7"},
		{"order=desc&since=9", NULL},
		{"order=desc&before=11&since=2026-01-31T12:00:02Z", "1-9"},
		{"order=desc&phone=%2B13035550144", "1-9"},
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

/* The next page, of an event of which the role can't know whether it sees it, and then of what is gone: a header has room for
 * one gap. After the test before, whose log it needs. */
static void what_is_not_known_and_what_is_gone_are_gaps_of_two_pages(void **state)
{
	static const char sees[] = "[{\"phone_patterns\":[\"^\\\\+16666666(((6*)*)*)*[^6]$\"]},"
				   "{\"phone_patterns\":[\"^\\\\+1303\"]}]";
	static const struct {
		const char *query, *numbers, *gap;
		unsigned next;
	} cases[] = {
		{"order=desc&since=4", "10", "111-111", 10},
		{"order=desc&since=4&before=10", "", "5-9", 0},
		{"order=desc&since=9", "10", "111-111", 0},
	};
	struct dnc_error err;
	struct dnc_view view = {.types = DNC_ALL_TYPES,
		.sees = dnc_filter_compile_owned(sees, sizeof sees - 1, DNC_FILTER_OF_ROLE, &err)};

	(void)state;
	assert_non_null(view.sees);
	assert_int_equal(dnc_journal_last(journal), EVENTS + LONG_EVENTS);
	log_number(EVENTS + 1, "+166666666666666");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct history_page page = {.array = false};
		struct history_query q;
		struct dnc_viewer *viewer;
		char gap[HISTORY_RANGE_MAX], numbers[64];

		assert_int_equal(read_query(&q, cases[i].query, &err), 0);
		viewer = dnc_viewer_new(&view, q.filter, journal);
		assert_int_equal(history_page_read(&page, &q, viewer, reader, NULL, &err), 0);
		numbers_of(&page, numbers, sizeof numbers);
		if (!history_page_gap(&page, gap) || strcmp(gap, cases[i].gap) != 0 ||
			strcmp(numbers, cases[i].numbers) != 0 || page.next != cases[i].next)
			fail_msg("%s: %s, gap %s, next %d", cases[i].query, numbers, gap,
				(int)page.next);
		dnc_viewer_free(viewer);
		dnc_buf_free(&page.body);
		history_query_free(&q);
	}
	dnc_filter_unref(view.sees);
}

/* Where the next page starts, after one with a slice for each event, of which SLICES is the last if that is not 0. */
static uint64_t next_of(int slices, const char *format, ...)
{
	struct history_page page = {0};
	struct history_query q;
	struct dnc_error err;
	char text[128];
	va_list args;
	uint64_t next;
	int count = 0;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	assert_int_equal(read_query(&q, text, &err), 0);
	do {
		if (++count == slices)
			page.end_ms = 0;
		assert_true(count < 100);
	} while (read_slice(&page, &q) == DNC_JOB_MORE);
	assert_int_equal(page.count, 1);
	next = page.next;
	dnc_buf_free(&page.body);
	history_query_free(&q);
	return next;
}

/* Of two numbers one has an event that the view does not show: their pages, which show one event, say the same. */
static void a_link_tells_nothing_of_hidden_events(void **state)
{
	static const char critical[] = "{\"severities\":[\"critical\"]}";
	static const char only[] = "+13035550201", more[] = "+13035550202",
			  other[] = "+13035550203";
	struct dnc_error err;
	uint64_t last = dnc_journal_last(journal), a = last + 2, b = last + 4;

	(void)state;
	log_severe(1001, more, "info");
	log_number(1002, only);
	log_severe(1003, more, "info");
	log_number(1004, more);
	log_severe(1005, more, "info");
	log_number(1006, other);
	slice_sees = dnc_filter_compile_text(critical, sizeof critical - 1, &err);
	assert_non_null(slice_sees);
	assert_int_equal(next_of(0, "phone=%%2B13035550201&limit=1&since=0"), a);
	assert_int_equal(next_of(0, "phone=%%2B13035550202&limit=1&since=0"), b);
	for (uint64_t until = 0; until < 3; until++) {
		assert_int_equal(
			next_of(0, "phone=%%2B13035550201&limit=1&until=%d", (int)(a + until)),
			until ? a : 0);
		assert_int_equal(
			next_of(0, "phone=%%2B13035550202&limit=1&until=%d", (int)(b + until)),
			until ? b : 0);
	}
	for (uint64_t since = 1; since < 4; since++) {
		assert_int_equal(next_of(0, "phone=%%2B13035550201&limit=1&order=desc&since=%d",
					 (int)(a - since)),
			since > 1 ? a : 0);
		assert_int_equal(next_of(0, "phone=%%2B13035550202&limit=1&order=desc&since=%d",
					 (int)(b - since)),
			since > 1 ? b : 0);
	}
	/* Also a page whose time is over after a hidden event. */
	assert_int_equal(next_of(4, "phone=%%2B13035550202&since=0"), b);
	assert_int_equal(next_of(3, "phone=%%2B13035550202&order=desc&since=0"), b);
	/* The log has no more. */
	assert_int_equal(next_of(0, "phone=%%2B13035550203&limit=1&since=0"), 0);
	dnc_filter_unref(slice_sees);
	slice_sees = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_query_chooses_the_events_of_its_page),
		cmocka_unit_test(a_bad_argument_is_told_by_its_name),
		cmocka_unit_test(limits_are_a_thousand_at_first_and_a_hundred_thousand_at_most),
		cmocka_unit_test(a_query_that_is_too_long_for_a_link_is_refused),
		cmocka_unit_test(links_lead_through_all_events_once),
		cmocka_unit_test(links_lead_back_through_all_events_once),
		cmocka_unit_test(an_array_is_json_also_without_events),
		cmocka_unit_test(masked_clients_search_for_masked_numbers),
		cmocka_unit_test(masked_clients_see_no_numbers_in_pages),
		cmocka_unit_test(a_page_in_slices_is_the_same_page),
		cmocka_unit_test(what_is_removed_between_slices_is_left_to_the_next_page),
		cmocka_unit_test(what_is_removed_below_a_page_is_told_by_the_last_one),
		cmocka_unit_test(a_page_ends_when_its_time_is_over),
		cmocka_unit_test(a_page_has_a_mebibyte_at_most_and_loses_nothing),
		cmocka_unit_test(events_that_are_gone_are_told_as_a_gap),
		cmocka_unit_test(what_is_not_known_and_what_is_gone_are_gaps_of_two_pages),
		cmocka_unit_test(a_link_tells_nothing_of_hidden_events),
	};

	return cmocka_run_group_tests(tests, open_log, close_log);
}
