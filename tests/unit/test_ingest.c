/* dnc-ingest: what its counts say, when rejects or missing records stop it, and in which order changes are published. */
#include "unit.h"
#include "../../cmd/dnc-ingest/tally.c"
#include "../../cmd/dnc-ingest/check.c"
#include "../../cmd/dnc-ingest/order.c"
#include "../../cmd/dnc-ingest/list.c"
#include <fcntl.h>
#include <unistd.h>

/* What was published; the event number `fail_at`, from 1, can't be. */
static struct dnc_buf published;
static uint64_t fail_at;

int publish_line(struct ingest *in, enum dnc_type type, struct dnc_str line)
{
	if (++in->published == fail_at)
		return dnc_error_set(&in->err, EPIPE, "closed");
	dnc_buf_printf(&published, "%d ", type);
	dnc_buf_str(&published, line);
	dnc_buf_chr(&published, '\n');
	return 0;
}

static int clear(void **state)
{
	(void)state;
	dnc_buf_free(&published);
	fail_at = 0;
	return 0;
}

static const char *published_text(void)
{
	dnc_buf_chr(&published, '\0');
	assert_true(dnc_buf_ok(&published));
	published.n--;
	return published.p;
}

static struct ingest *new_ingest(void)
{
	struct ingest *in = calloc(1, sizeof *in);

	assert_non_null(in);
	in->options.max_rejects = UINT64_MAX;
	in->options.max_rejects_share = 1;
	in->options.source.region = "US";
	in->whole = true;
	return in;
}

static void each_record_is_counted_once(void **state)
{
	static const struct {
		struct tally tally;
		struct dnc_outcome outcome;
		struct tally_result want;
	} rows[] = {
		{{0}, {0}, {0}},
		{{.suppressed = 5, .released = 3, .others = 2}, {0},
			{.total = 10, .processed = 10, .added = 5, .removed = 3, .others = 2}},
		/* Two suppressions, a release and another one were known. */
		{{.suppressed = 5, .released = 3, .others = 2},
			{.duplicates = 4, .releases = 1, .others = 1},
			{.total = 10,
				.processed = 10,
				.added = 3,
				.removed = 2,
				.others = 1,
				.duplicates = 4,
				.skipped = 4}},
		/* The same of what a later stage rejects or drops. */
		{{.suppressed = 5, .released = 3}, {.rejected = 2, .dropped = 3, .releases = 3},
			{.total = 8,
				.processed = 8,
				.added = 3,
				.removed = 0,
				.dropped = 3,
				.skipped = 3,
				.invalid = 2}},
		{{.suppressed = 1, .rejected = 7}, {.rejected = 1},
			{.total = 8, .processed = 8, .invalid = 8}},
		{{.no_events = 1, .unchanged = 2, .repeated = 3, .withheld = 4}, {0},
			{.total = 10, .processed = 6, .duplicates = 3, .skipped = 10}},
		/* A reader that reports more than it got makes no count wrap. */
		{{.suppressed = 1}, {.duplicates = 9, .releases = 4, .unclear = 9},
			{.total = 1, .processed = 1, .duplicates = 9, .skipped = 9, .unclear = 9}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct tally_result got = tally_result(&rows[i].tally, &rows[i].outcome);

		if (memcmp(&got, &rows[i].want, sizeof got) != 0)
			fail_msg("row %zu", i);
		if (!got.unclear)
			assert_int_equal(got.total,
				got.added + got.removed + got.others + got.skipped + got.invalid);
	}
}

static void an_event_is_counted_by_its_type(void **state)
{
	struct tally t = {0};

	(void)state;
	for (int type = 0; type < DNC_TYPES; type++)
		tally_event(&t, (enum dnc_type)type);
	assert_int_equal(t.suppressed, 1);
	assert_int_equal(t.released, 1);
	assert_int_equal(t.others, DNC_TYPES - 2);
}

static void limits_stop_wrong_lists_only(void **state)
{
	static const struct {
		uint64_t max, least; /* --max-rejects, --min-records */
		double share;
		uint64_t accepted, rejects;
		bool exceeded; /* before the end */
		enum check_limit at_end;
	} rows[] = {
		{UINT64_MAX, 0, 1, 0, 0, false, CHECK_KEPT},
		{UINT64_MAX, 0, 1, 0, 5000, false, CHECK_KEPT},
		{0, 0, 1, 10, 0, false, CHECK_KEPT},
		{0, 0, 1, 10, 1, true, CHECK_MAX_REJECTS},
		{5, 0, 1, 0, 5, false, CHECK_KEPT},
		{5, 0, 1, 0, 6, true, CHECK_MAX_REJECTS},
		/* A share means something from the 1,000th record on, and at the end. */
		{UINT64_MAX, 0, 0.01, 900, 99, false, CHECK_MAX_REJECTS},
		{UINT64_MAX, 0, 0.01, 900, 100, true, CHECK_MAX_REJECTS},
		{UINT64_MAX, 0, 0.01, 990, 10, false, CHECK_KEPT},
		{UINT64_MAX, 0, 0.01, 989, 11, true, CHECK_MAX_REJECTS},
		{UINT64_MAX, 0, 0, 5000, 0, false, CHECK_KEPT},
		{UINT64_MAX, 0, 0, 0, 0, false, CHECK_KEPT},
		{UINT64_MAX, 1, 1, 0, 0, false, CHECK_MIN_RECORDS},
		{UINT64_MAX, 1, 1, 0, 9, false, CHECK_MIN_RECORDS},
		{UINT64_MAX, 1, 1, 1, 9, false, CHECK_KEPT},
		{UINT64_MAX, 100, 1, 99, 0, false, CHECK_MIN_RECORDS},
		{0, 100, 1, 0, 1, true, CHECK_MAX_REJECTS},
	};
	struct ingest *in = new_ingest();

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		in->options.max_rejects = rows[i].max;
		in->options.max_rejects_share = rows[i].share;
		in->options.min_records = rows[i].least;
		in->accepted = rows[i].accepted;
		in->stage.rejects.count = rows[i].rejects;
		if (check_exceeded(in, false) != rows[i].exceeded ||
			check_list(in) != rows[i].at_end)
			fail_msg("row %zu", i);
	}
	free(in);
}

/* What was not read may have the records that are missing, and its failure is the one to tell. */
static void too_few_records_are_told_of_what_was_read_only(void **state)
{
	char text[CHECK_TEXT_BYTES];
	struct ingest *in = new_ingest();

	(void)state;
	in->options.min_records = 2;
	in->accepted = 1;
	in->whole = false;
	assert_int_equal(check_end(in), 0);
	in->whole = true;
	in->stage.failed = 1;
	assert_int_equal(check_end(in), 0);
	in->stage.failed = 0;
	in->refused = DNC_EXIT_USAGE;
	assert_int_equal(check_end(in), 0);
	in->refused = DNC_EXIT_OK;
	assert_int_equal(check_end(in), -1);
	assert_int_equal(in->broken, CHECK_MIN_RECORDS);
	assert_string_equal(check_explain(in, text),
		"stopped: 1 of 1 record was accepted, fewer than --min-records=2; nothing was published");
	in->broken = CHECK_MAX_REJECTS;
	in->stage.rejects.count = 3;
	in->published = 7;
	assert_string_equal(check_explain(in, text),
		"stopped: 3 of 4 records were rejected, more than --max-rejects allows; 7 events before "
		"that are published");
	free(in);
}

static void files_are_read_twice_and_pipes_held_back(void **state)
{
	static const struct {
		const char *file, *input;
		uint64_t max, least;
		bool checking, holding;
	} rows[] = {
		{"/proc/self/exe", NULL, UINT64_MAX, 0, false, false},
		{"/proc/self/exe", NULL, 5, 0, true, false},
		{"/proc/self/exe", NULL, UINT64_MAX, 1, true, false},
		{"/nonexistent/list", NULL, 5, 0, true, false},
		{"-", NULL, 5, 0, false, true},
		{"/dev/null", NULL, 5, 0, false, true},
		{NULL, NULL, 5, 0, false, true},
		{NULL, NULL, UINT64_MAX, 1, false, true},
		{NULL, "fd:3", 5, 0, false, true},
		/* A producer waits for its acknowledgements. */
		{NULL, "unix:in.sock", 5, 0, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ingest *in = new_ingest();

		in->options.stage.files = &rows[i].file;
		in->options.stage.file_count = rows[i].file != NULL;
		in->options.stage.inputs = &rows[i].input;
		in->options.stage.input_count = rows[i].input != NULL;
		in->options.max_rejects = rows[i].max;
		in->options.min_records = rows[i].least;
		in->stage.input = dnc_input_new(64, &(struct dnc_input_events){0}, NULL);
		assert_non_null(in->stage.input);
		assert_int_equal(check_begin(in), 0);
		if (in->check.checking != rows[i].checking || in->check.holding != rows[i].holding)
			fail_msg("row %zu", i);
		dnc_stage_close(&in->stage);
		free(in);
	}
}

static int hold(struct ingest *in, enum dnc_type type, const char *line)
{
	in->accepted++;
	return check_hold(in, type, dnc_str(line));
}

static void what_is_held_back_is_published_in_its_order_or_not_at_all(void **state)
{
	(void)state;
	/* How many are rejected at the end, of 3 records; which event can't be written; what comes of it. */
	for (uint64_t rejects = 0; rejects < 2; rejects++)
		for (fail_at = 0; fail_at < 4; fail_at++) {
			struct ingest *in = new_ingest();
			int want = rejects || fail_at ? -1 : 0;

			in->options.max_rejects = 0;
			in->check.holding = true;
			assert_int_equal(hold(in, DNC_NUMBER_SUPPRESSED, "{\"a\":1}"), 1);
			assert_int_equal(hold(in, DNC_NUMBER_RELEASED, "{}"), 1);
			assert_int_equal(hold(in, DNC_PROVIDER_STATUS_CHANGE, "{\"c\":3}"), 1);
			assert_int_equal(check_judge(in), 0);
			assert_int_equal(in->published, 0);
			in->stage.rejects.count = rejects;
			assert_int_equal(check_end(in), want);
			assert_int_equal(in->broken, rejects ? CHECK_MAX_REJECTS : CHECK_KEPT);
			if (rejects)
				assert_int_equal(in->published, 0);
			else if (fail_at)
				assert_int_equal(in->err.code, EPIPE);
			else
				assert_string_equal(
					published_text(), "0 {\"a\":1}\n1 {}\n5 {\"c\":3}\n");
			/* From now on nothing is held back. */
			if (!rejects)
				assert_int_equal(hold(in, DNC_NUMBER_RELEASED, "{}"), 0);
			dnc_buf_free(&in->check.held);
			free(in);
			dnc_buf_clear(&published);
		}
}

static void a_share_is_judged_when_there_are_enough_records(void **state)
{
	struct ingest *in = new_ingest();
	uint64_t n;

	(void)state;
	in->options.max_rejects_share = 0.01;
	in->check.holding = true;
	for (n = 1; in->check.holding && n < 5000; n++) {
		assert_int_equal(hold(in, DNC_NUMBER_RELEASED, "{}"), 1);
		assert_int_equal(check_judge(in), 0);
	}
	assert_int_equal(n - 1, 1000);
	assert_int_equal(in->published, 1000);
	free(in);
}

static void only_what_ends_is_ordered(void **state)
{
	static const struct {
		struct dnc_stream stream;
		size_t files, inputs;
		bool want;
	} rows[] = {
		{{.name = "list", .regular = true}, 1, 0, true},
		/* A name says nothing: of a named pipe, and of a file. */
		{{.name = "list"}, 1, 0, false},
		{{.name = "stdin", .regular = true}, 1, 0, true},
		{{.name = "stdin", .regular = true, .size_bytes = 9}, 0, 0, true},
		{{.name = "stdin"}, 0, 0, false},
		{{.name = "in.sock", .acked = true}, 0, 1, false},
		{{.name = "fd:3", .regular = true, .size_bytes = 9}, 0, 1, false},
		{{.name = "dir/list", .regular = true}, 0, 0, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ingest *in = new_ingest();

		in->options.stage.file_count = rows[i].files;
		in->options.stage.input_count = rows[i].inputs;
		if (order_wants(in, &rows[i].stream) != rows[i].want)
			fail_msg("row %zu", i);
		free(in);
	}
}

/* A change of a file: minutes since 1970 may be less than 0. */
struct row {
	uint64_t stream;
	const char *number;
	int64_t minute;
	bool added;
};

static struct ingest *new_ordering(void)
{
	struct ingest *in = new_ingest();
	struct dnc_error err;

	in->reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	assert_non_null(in->reader);
	in->stage.out = dnc_outlet_open("fd:1", 1, &err);
	assert_non_null(in->stage.out);
	return in;
}

static void free_ordering(struct ingest *in)
{
	order_finish(&in->order);
	dnc_event_reader_free(in->reader);
	dnc_outlet_free(in->stage.out);
	free(in);
}

static void add_rows(struct ingest *in, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char name[20];
		struct dnc_stream stream = {.name = name, .id = rows[i].stream};
		struct dnc_fact fact = {
			.type = rows[i].added ? DNC_NUMBER_SUPPRESSED : DNC_NUMBER_RELEASED,
			.number = dnc_str(rows[i].number),
			.at_ms = rows[i].minute * 60000,
			.dated = true,
			.provider = "federal_dnc",
			.reason = rows[i].added ? "consumer_request" : "expired"};
		struct dnc_record record = {.fact = &fact, .line = i + 1};

		snprintf(name, sizeof name, "list-%llu", (unsigned long long)rows[i].stream);
		assert_int_equal(order_add(in, &stream, &record, "ftc-change"), 0);
	}
	assert_int_equal(order_waiting(in), count);
}

static struct dnc_str member_text(struct dnc_str line, const char *key)
{
	const char *p = memmem(line.p, line.n, key, strlen(key));

	assert_non_null(p);
	p += strlen(key);
	return (struct dnc_str){p, (size_t)((const char *)memchr(p, '"', line.n) - p)};
}

/* Appends "A 0143 1970-01-01T00:01 ID" for each published event. */
static void shorten(struct dnc_buf *out, bool ids)
{
	struct dnc_str all = dnc_buf_view(&published);

	for (const char *p = all.p, *end = all.p + all.n, *nl; p < end; p = nl + 1) {
		struct dnc_str line, number, time;

		nl = memchr(p, '\n', (size_t)(end - p));
		assert_non_null(nl);
		line = (struct dnc_str){p, (size_t)(nl - p)};
		number = member_text(line, "\"phone_number\":\"");
		time = member_text(line, "\"timestamp\":\"");
		dnc_buf_printf(out, "%s%c%.*s %.*s", out->n ? ", " : "", *p == '0' ? 'A' : 'D', 4,
			number.p + number.n - 4, 16, time.p);
		if (ids)
			dnc_buf_printf(out, " %.*s", DNC_STR_ARG(member_text(line, "\"id\":\"")));
	}
	dnc_buf_chr(out, '\0');
	out->n--;
}

static void changes_are_published_in_the_order_of_time(void **state)
{
	static const struct {
		struct row rows[4];
		size_t count;
		const char *want;
	} cases[] = {
		{{{1, "3035550102", 2, true}, {1, "3035550101", 1, true}}, 2,
			"A0101 1970-01-01T00:01, A0102 1970-01-01T00:02"},
		/* Across files, whatever their order. */
		{{{1, "3035550101", 3, false}, {2, "3035550101", 1, true},
			 {1, "3035550101", 2, false}},
			3,
			"A0101 1970-01-01T00:01, D0101 1970-01-01T00:02, D0101 1970-01-01T00:03"},
		{{{1, "3035550101", 0, true}, {1, "3035550101", -1, true}}, 2,
			"A0101 1969-12-31T23:59, A0101 1970-01-01T00:00"},
		/* What happened in one moment stays in its order. */
		{{{1, "3035550101", 1, true}, {1, "3035550101", 1, false}}, 2,
			"A0101 1970-01-01T00:01, D0101 1970-01-01T00:01"},
		{{{1, "9995550101", 1, true}, {1, "2005550102", 1, true}}, 2,
			"A0101 1970-01-01T00:01, A0102 1970-01-01T00:01"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct ingest *in = new_ordering();
		struct dnc_buf got = {0};

		add_rows(in, cases[i].rows, cases[i].count);
		assert_int_equal(order_publish(in), 0);
		shorten(&got, false);
		if (strcmp(got.p, cases[i].want) != 0)
			fail_msg("case %zu: %s", i, got.p);
		dnc_buf_free(&got);
		dnc_buf_clear(&published);
		free_ordering(in);
	}
}

/* A list that is given twice is the same facts; a row that stands twice in one list is two. */
static void equal_rows_of_two_lists_are_one_event_and_those_of_one_are_two(void **state)
{
	static const struct row twice[] = {{1, "3035550101", 1, true}, {2, "3035550101", 1, true}},
				within[] = {{1, "3035550101", 1, true}, {1, "3035550101", 1, true}};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct ingest *in = new_ordering();
		struct dnc_buf got = {0};
		char *comma;

		add_rows(in, i ? within : twice, 2);
		assert_int_equal(order_publish(in), 0);
		shorten(&got, true);
		comma = strstr(got.p, ", ");
		assert_non_null(comma);
		*comma = '\0';
		assert_int_equal(strcmp(got.p, comma + 2) == 0, i == 0);
		dnc_buf_free(&got);
		dnc_buf_clear(&published);
		free_ordering(in);
	}
}

static void an_output_that_fails_ends_the_publishing(void **state)
{
	static const struct row rows[] = {
		{1, "3035550101", 1, true}, {1, "3035550102", 2, true}, {1, "3035550103", 3, true}};
	struct ingest *in = new_ordering();

	(void)state;
	fail_at = 2;
	add_rows(in, rows, 3);
	assert_int_equal(order_publish(in), -1);
	assert_int_equal(in->err.code, EPIPE);
	assert_int_equal(in->published, 2);
	free_ordering(in);
	/* Without a change there is nothing to do. */
	in = new_ordering();
	assert_int_equal(order_publish(in), 0);
	assert_int_equal(order_waiting(in), 0);
	free_ordering(in);
}

static void a_list_is_read_as_it_was_written(void **state)
{
	static const struct list lists[] = {
		{.format = "ftc-full", .reason = "regulatory", .release_reason = "system_cleanup"},
		{.format = "numbers",
			.provider = "a \"b\" \\ \n\xC3\xA9",
			.provider_id = "7",
			.source = "state",
			.reason = "complaint",
			.release_reason = "expired",
			.first = true},
	};
	static const char *const damaged[] = {"", "{", "[]", "{}", "{\"format\":\"numbers\"}",
		"{\"format\":7,\"reason\":\"a\",\"release_reason\":\"b\"}"};
	struct list_text got;
	struct dnc_error err;

	(void)state;
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		struct dnc_buf text = {0};

		list_write(&text, &lists[i]);
		assert_int_equal(list_read("a.set", dnc_buf_view(&text), &got, &err), 0);
		for (size_t k = 0; k < MEMBERS; k++)
			assert_true(same(*member_of(&got.list, k), *member_of(&lists[i], k)));
		assert_int_equal(got.list.first, lists[i].first);
		assert_true(list_same(&got.list, &lists[i]));
		assert_false(list_same(&got.list, &lists[1 - i]));
		dnc_buf_free(&text);
	}
	for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
		assert_int_equal(list_read("a.set", dnc_str(damaged[i]), &got, &err), -1);
		assert_int_equal(err.code, DNC_SET_DAMAGED);
		assert_int_equal(strncmp(err.message, "a.set does not say", 18), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_record_is_counted_once),
		cmocka_unit_test(an_event_is_counted_by_its_type),
		cmocka_unit_test(limits_stop_wrong_lists_only),
		cmocka_unit_test(too_few_records_are_told_of_what_was_read_only),
		cmocka_unit_test(files_are_read_twice_and_pipes_held_back),
		cmocka_unit_test_setup_teardown(
			what_is_held_back_is_published_in_its_order_or_not_at_all, clear, clear),
		cmocka_unit_test_setup_teardown(
			a_share_is_judged_when_there_are_enough_records, clear, clear),
		cmocka_unit_test(only_what_ends_is_ordered),
		cmocka_unit_test_setup_teardown(
			changes_are_published_in_the_order_of_time, clear, clear),
		cmocka_unit_test_setup_teardown(
			equal_rows_of_two_lists_are_one_event_and_those_of_one_are_two, clear,
			clear),
		cmocka_unit_test_setup_teardown(
			an_output_that_fails_ends_the_publishing, clear, clear),
		cmocka_unit_test(a_list_is_read_as_it_was_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
