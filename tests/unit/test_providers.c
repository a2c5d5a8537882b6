/* What the log knows last of each provider, and keeps. */
#include "log_dir.h"
#include <stdlib.h>
#include "event/event.h"
#include "hub/hub.h"
#include "log/priv/providers.h"
#include "log/priv/rates.h"
#include "web/http/provider_list.h"
#include "web/http/rate_list.h"

/* 2026-01-31T12:00:00Z */
#define NOON_MS INT64_C(1769860800000)
#define HOUR_MS INT64_C(3600000)

static int64_t now_ms;
static int next_id;

static int64_t tell_ms(void *ctx)
{
	(void)ctx;
	return now_ms;
}

static const struct dnc_journal_clock test_clock = {.wall_ms = tell_ms, .boot_ms = tell_ms};

static struct dnc_journal *open_dir(void)
{
	struct dnc_error err;
	struct dnc_journal *j = dnc_journal_open(
		&(struct dnc_journal_options){.dir = dir, .clock = &test_clock}, &err);

	if (!j)
		fail_msg("%s", err.message);
	return j;
}

/* Adds a record to B, with an id of its own. */
static void add(struct dnc_batch *b, const char *format, ...)
{
	char text[40000];
	struct dnc_event event;
	struct dnc_error err;
	va_list args;
	int n = snprintf(
		text, sizeof text, "{\"id\":\"0198f0a0-0000-7000-8000-%012d\",", ++next_id);

	va_start(args, format);
	n += vsnprintf(text + n, sizeof text - (size_t)n - DNC_JSON_PADDING, format, args);
	va_end(args);
	if (dnc_event_normalize(events, text, (size_t)n, &event, &err) < 0)
		fail_msg("%s: %s", text, err.message);
	assert_true(dnc_batch_add(b, &event));
}

/* Adds a sync that says it was at MS. */
static void add_sync(struct dnc_batch *b, const char *provider, const char *status, int64_t ms)
{
	char at[DNC_TIME_LEN];

	dnc_clock_format(ms, at);
	add(b,
		"\"type\":\"dnc.list.synced\",\"provider\":\"%s\",\"sync_status\":\"%s\","
		"\"timestamp\":\"%.24s\"}",
		provider, status, at);
}

/* Logs B at MS, and empties it. */
static void log_at(struct dnc_journal *j, struct dnc_batch *b, int64_t ms)
{
	struct dnc_error err;

	now_ms = ms;
	if (journal_append(j, b, &err) < 0)
		fail_msg("%s", err.message);
	batch_clear(b);
}

/* The numbers of the newest sync, good sync and status of each provider: "a 1 1 0, b 2 0 0". */
static void assert_known(struct dnc_journal *j, const char *wanted)
{
	struct dnc_provider at = {0};
	struct dnc_buf found = {0};

	while (dnc_providers_next(dnc_journal_providers(j), &at) > 0)
		dnc_buf_printf(&found, "%s%.*s %d %d %d", found.n ? ", " : "",
			DNC_STR_ARG(dnc_buf_view(&at.name)), (int)at.events[DNC_PROVIDER_SYNC].seq,
			(int)at.events[DNC_PROVIDER_GOOD_SYNC].seq,
			(int)at.events[DNC_PROVIDER_STATUS].seq);
	dnc_buf_chr(&found, '\0');
	assert_string_equal(found.p, wanted);
	dnc_buf_free(&found);
	dnc_provider_free(&at);
}

static void the_newest_of_each_kind_is_known_by_name(void **state)
{
	struct dnc_error err;
	struct dnc_batch b = {0};

	(void)state;
	for (int kind = 0; kind < 2; kind++) {
		struct dnc_journal *j =
			kind ? dnc_journal_open(&(struct dnc_journal_options){0}, &err)
			     : open_dir();

		assert_non_null(j);
		assert_known(j, "");
		add_sync(&b, "beta", "success", NOON_MS - 5000);
		add_sync(&b, "alpha", "partial", NOON_MS - 5000);
		log_at(j, &b, NOON_MS);
		assert_known(j, "alpha 2 0 0, beta 1 1 0");
		add_sync(&b, "alpha", "success", NOON_MS - 4000);
		add_sync(&b, "beta", "skipped", NOON_MS - 4000);
		add(&b, "\"type\":\"dnc.provider.status_change\",\"provider\":\"alph\",\"new_status\":\"online\"}");
		/* As fresh as the one before it: what comes later counts. */
		add_sync(&b, "alpha", "success", NOON_MS - 4000);
		/* Late. */
		add_sync(&b, "beta", "success", NOON_MS - 6000);
		log_at(j, &b, NOON_MS + 1);
		assert_known(j, "alph 0 0 5, alpha 6 6 0, beta 4 1 0");
		dnc_journal_close(j);
		if (kind == 0) {
			j = open_dir();
			assert_known(j, "alph 0 0 5, alpha 6 6 0, beta 4 1 0");
			dnc_journal_close(j);
		}
	}
	dnc_batch_free(&b);
}

static void a_clock_that_was_ahead_does_not_hold_a_sync(void **state)
{
	struct dnc_journal *j = open_dir();
	struct dnc_provider at = {0};
	struct dnc_batch b = {0};

	(void)state;
	/* A year ahead, and so is the event: then the clock is corrected. */
	add_sync(&b, "a", "success", NOON_MS + 365 * DNC_DAY_MS);
	log_at(j, &b, NOON_MS + 365 * DNC_DAY_MS);
	assert_int_equal(dnc_providers_next(dnc_journal_providers(j), &at), 1);
	assert_true(dnc_provider_is_overdue(&at, NOON_MS));
	assert_false(dnc_provider_is_overdue(&at, NOON_MS + 365 * DNC_DAY_MS));
	/* An event's own time does not go beyond that of its logging. */
	add_sync(&b, "a", "success", NOON_MS + 5 * DNC_DAY_MS);
	log_at(j, &b, NOON_MS);
	assert_known(j, "a 2 2 0");
	dnc_provider_free(&at);
	assert_int_equal(dnc_providers_next(dnc_journal_providers(j), &at), 1);
	assert_int_equal(at.events[DNC_PROVIDER_GOOD_SYNC].at_ms, NOON_MS);
	assert_int_equal(dnc_provider_age(&at.events[DNC_PROVIDER_GOOD_SYNC], NOON_MS + 7), 7);
	assert_int_equal(dnc_provider_age(&at.events[DNC_PROVIDER_GOOD_SYNC], NOON_MS - 7), 0);
	assert_false(dnc_provider_is_overdue(&at, NOON_MS - HOUR_MS));
	assert_true(dnc_provider_is_overdue(&at, NOON_MS - HOUR_MS - 1));
	assert_false(dnc_provider_is_overdue(&at, NOON_MS + 31 * DNC_DAY_MS));
	assert_true(dnc_provider_is_overdue(&at, NOON_MS + 31 * DNC_DAY_MS + 1));
	dnc_provider_free(&at);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

/* A transaction that fails leaves nothing behind, neither in memory nor in the database, and works when it is tried
 * again. */
static void what_is_not_committed_is_not_known(void **state)
{
	struct dnc_journal *j = open_dir();
	struct dnc_batch b = {0};
	struct dnc_error err;

	(void)state;
	add_sync(&b, "a", "success", NOON_MS);
	log_at(j, &b, NOON_MS);
	run_sql("CREATE TRIGGER t BEFORE INSERT ON providers BEGIN SELECT RAISE(ABORT, 'no'); END");
	add_sync(&b, "a", "failed", NOON_MS + 1);
	add_sync(&b, "b", "success", NOON_MS + 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(journal_append(j, &b, &err), -1);
		assert_known(j, "a 1 1 0");
	}
	run_sql("DROP TRIGGER t");
	log_at(j, &b, NOON_MS + 2);
	assert_known(j, "a 2 1 0, b 3 3 0");
	dnc_journal_close(j);
	j = open_dir();
	assert_known(j, "a 2 1 0, b 3 3 0");
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

static void providers_are_limited_and_those_refused_are_counted(void **state)
{
	struct dnc_journal *j = open_dir();
	struct dnc_batch b = {0};
	struct dnc_provider at = {0};
	char name[16];
	int count = 0;

	(void)state;
	for (int i = 0; i < DNC_PROVIDERS_MAX + 5; i++) {
		snprintf(name, sizeof name, "p%05d", i);
		add_sync(&b, name, "success", NOON_MS);
	}
	log_at(j, &b, NOON_MS);
	assert_int_equal(dnc_providers_refused(dnc_journal_providers(j)), 5);
	/* Those that are known go on. */
	add_sync(&b, "p00000", "success", NOON_MS + 1);
	add_sync(&b, "zebra", "success", NOON_MS + 1);
	log_at(j, &b, NOON_MS + 1);
	assert_int_equal(dnc_providers_refused(dnc_journal_providers(j)), 6);
	dnc_journal_close(j);
	j = open_dir();
	for (; dnc_providers_next(dnc_journal_providers(j), &at) > 0; count++)
		if (count == 0)
			assert_int_equal(at.events[DNC_PROVIDER_SYNC].seq, DNC_PROVIDERS_MAX + 6);
	assert_int_equal(count, DNC_PROVIDERS_MAX);
	dnc_provider_free(&at);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

static void the_memory_of_providers_is_limited(void **state)
{
	struct dnc_journal *j = open_dir();
	struct dnc_batch b = {0};
	struct dnc_provider at = {0};
	size_t bytes = 0;
	char *text = malloc(30001);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', 30000);
	text[30000] = '\0';
	for (int i = 0; i < 1000; i++) {
		add(&b,
			"\"type\":\"dnc.list.synced\",\"provider\":\"p%d\",\"sync_status\":\"success\","
			"\"error_message\":\"%s\"}",
			i, text);
		if (i % 100 == 99)
			log_at(j, &b, NOON_MS + i);
	}
	while (dnc_providers_next(dnc_journal_providers(j), &at) > 0)
		for (int i = 0; i < DNC_PROVIDER_FACTS; i++)
			bytes += at.events[i].line.n;
	assert_in_range(bytes, DNC_PROVIDERS_BYTES - 100000, DNC_PROVIDERS_BYTES);
	assert_true(dnc_providers_refused(dnc_journal_providers(j)) > 500);
	free(text);
	dnc_provider_free(&at);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

/* Appends the list at noon. */
static void write_list(
	struct dnc_buf *out, const struct dnc_view *view, const struct dnc_journal *j)
{
	struct provider_list *list = provider_list_new(view, j, NOON_MS);
	int rc;

	assert_non_null(list);
	while ((rc = provider_list_add(list)) > 0)
		;
	assert_int_equal(rc, 0);
	dnc_buf_str(out, dnc_buf_view(provider_list_text(list)));
	provider_list_free(list);
}

/* Rows that an operator, or a damaged disk, has changed. */
static void rows_that_make_no_sense_do_no_harm(void **state)
{
	struct dnc_journal *j = open_dir();
	struct dnc_buf out = {0};
	struct dnc_batch b = {0};
	const struct dnc_view view = {.types = DNC_ALL_TYPES};

	(void)state;
	add_sync(&b, "a", "success", NOON_MS);
	log_at(j, &b, NOON_MS);
	dnc_journal_close(j);
	run_sql("INSERT INTO providers VALUES ('b', 7, 1, 1, '{}'), ('c', 0, 1, 1, 'no event'),"
		"('', 0, 1, 1, 'x'), ('d', -1, 1, 1, 'x'), ('e', 0, 'x', 'y', ''), "
		"(x'00ff', 1, 3, 4, x'00'), "
		"('f', 0, 1, -9000000000000000000, (SELECT event FROM events));"
		"INSERT INTO rates VALUES (0, 0, 1, 1, 1, 1, 1, 1), (-5, -1, 'x', 1, 1, 1, 1, -7), "
		"(9223372036854775807, 0, 1, 1, 1, 1, 1, 1);"
		"UPDATE log SET value = '9000000000000000000 0 0' WHERE key = 'counted'");
	j = open_dir();
	write_list(&out, &view, j);
	dnc_buf_chr(&out, '\0');
	assert_non_null(strstr(out.p, "\"providers\":[{\"provider\":\"a\""));
	assert_null(strstr(out.p, "\"provider\":\"c\""));
	dnc_buf_clear(&out);
	rate_list_write(
		&out, &(struct rate_query){1}, dnc_journal_rates(j), DNC_ALL_TYPES, NULL, NOON_MS);
	dnc_buf_chr(&out, '\0');
	assert_non_null(strstr(out.p, "\"counted_from\":\"2026-01-31T12:00:00.000Z\""));
	dnc_journal_close(j);
	dnc_buf_free(&out);
	dnc_batch_free(&b);
}

/* How long the largest list takes: for the figure in provider_list.h. */
static void the_largest_list_is_made_quickly(void **state)
{
	struct dnc_journal *j = open_dir();
	struct dnc_batch b = {0};
	struct dnc_buf out = {0};

	(void)state;
	for (int i = 0; i < DNC_PROVIDERS_MAX; i++) {
		char name[16];

		snprintf(name, sizeof name, "p%05d", i);
		add_sync(&b, name, "success", NOON_MS);
		add_sync(&b, name, "failed", NOON_MS);
		add(&b, "\"type\":\"dnc.provider.status_change\",\"provider\":\"%s\",\"new_status\":\"online\"}",
			name);
	}
	log_at(j, &b, NOON_MS);
	for (int masked = 0; masked < 2; masked++) {
		const struct dnc_view view = {
			.types = DNC_ALL_TYPES, .rendering = masked ? DNC_MASKED : 0};
		int64_t start = dnc_clock_mono_ns();

		dnc_buf_clear(&out);
		write_list(&out, &view, j);
		printf("%d providers%s: %zu bytes in %.1f ms\n", DNC_PROVIDERS_MAX,
			masked ? ", masked" : "", out.n,
			(double)(dnc_clock_mono_ns() - start) / 1e6);
	}
	dnc_journal_close(j);
	dnc_buf_free(&out);
	dnc_batch_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		log_test(the_newest_of_each_kind_is_known_by_name),
		log_test(a_clock_that_was_ahead_does_not_hold_a_sync),
		log_test(what_is_not_committed_is_not_known),
		log_test(providers_are_limited_and_those_refused_are_counted),
		log_test(the_memory_of_providers_is_limited),
		log_test(rows_that_make_no_sense_do_no_harm),
		log_test(the_largest_list_is_made_quickly),
	};

	return cmocka_run_group_tests_name("providers", tests, make_reader, free_reader);
}
