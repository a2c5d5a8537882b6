/* The writer of a log to which others append, too: what is handed on is what the follower reads. */
#include "await.h"
#include "numbered.h"
#include <errno.h>
#include <glob.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>
#include "base/array.h"
#include "base/clock.h"
#include "log/priv/batch.h"
#include "log/priv/journal_ops.h"
#include "log/writer.h"

enum { STEP = 100, FIRST_MS = 1700000000 };

/* What all hubs have appended, in memory; and what goes wrong next. */
static struct shared {
	struct dnc_journal base;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	char **lines; /* event N is at N - 1 */
	size_t count, room;
	bool woken, stopped;
	atomic_int failures, code, reads, waits;
	atomic_bool blind;            /* what was appended can't be seen yet */
	atomic_bool held;             /* appending waits */
	atomic_bool mute;             /* reading waits */
	atomic_bool busy;             /* there is another event after each read */
	atomic_uint_fast64_t damaged; /* an event that nobody can read */
} shared;

static struct dnc_event_reader *events;
static struct dnc_writer *writer;
static atomic_int committed_calls;

/* Under the lock. Each has a time of its own. */
static uint64_t store(struct dnc_str line)
{
	assert_true(dnc_array_grow(&shared.lines, &shared.room, shared.count + 1));
	shared.lines[shared.count++] = strndup(line.p, line.n);
	return shared.count;
}

static int shared_append(struct dnc_journal *j, struct dnc_batch *b, struct dnc_error *err)
{
	(void)j;
	(void)err;
	while (shared.held)
		usleep(1000);
	pthread_mutex_lock(&shared.lock);
	for (size_t i = 0; i < b->count; i++)
		b->events[i].seq = store(dnc_piece_str(b, b->events[i].line));
	pthread_mutex_unlock(&shared.lock);
	return 0;
}

static int nothing(struct dnc_journal *j, struct dnc_error *err)
{
	(void)j;
	(void)err;
	return 0;
}

static int shared_read(struct dnc_journal *j,
	bool (*each)(void *ctx, uint64_t seq, int64_t logged_at_ms, struct dnc_str line), void *ctx,
	struct dnc_error *err)
{
	uint64_t seq = j->last + 1;
	bool more;

	shared.reads++;
	while (shared.mute)
		usleep(1000);
	if (shared.failures > 0) {
		shared.failures--;
		return dnc_error_set(err, shared.code, "unable to read the shared log");
	}
	pthread_mutex_lock(&shared.lock);
	for (int n = 0; !shared.blind && seq <= shared.count && n < STEP; seq++, n++) {
		const char *line = seq == shared.damaged ? "{}" : shared.lines[seq - 1];

		if (!each(ctx, seq, FIRST_MS + (int64_t)seq, dnc_str(line)))
			break;
	}
	more = !shared.blind && seq <= shared.count;
	if (shared.busy) {
		store(dnc_str(shared.lines[0]));
		shared.woken = true;
	}
	pthread_mutex_unlock(&shared.lock);
	return more;
}

static int shared_wait(struct dnc_journal *j, int64_t ms, struct dnc_error *err)
{
	struct timespec until;

	(void)j;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	shared.waits++;
	pthread_mutex_lock(&shared.lock);
	while (!shared.woken && !shared.stopped &&
		pthread_cond_timedwait(&shared.changed, &shared.lock, &until) == 0)
		;
	shared.woken = false;
	ms = shared.stopped;
	pthread_mutex_unlock(&shared.lock);
	return ms ? dnc_error_set(err, ECANCELED, "stopped") : 0;
}

static void notify(bool stop)
{
	pthread_mutex_lock(&shared.lock);
	shared.woken = true;
	shared.stopped |= stop;
	pthread_cond_broadcast(&shared.changed);
	pthread_mutex_unlock(&shared.lock);
}

static void shared_wake(struct dnc_journal *j)
{
	(void)j;
	notify(false);
}

static void shared_stop(struct dnc_journal *j)
{
	(void)j;
	notify(true);
}

static const struct journal_follow follow = {shared_read, shared_wait, shared_wake, shared_stop};

static const struct journal_ops shared_ops = {
	.append = shared_append, .prune = nothing, .idle = nothing, .follow = &follow};

static void on_committed(void *ctx)
{
	(void)ctx;
	committed_calls++;
}

static int set_up(void **state)
{
	(void)state;
	memset(&shared, 0, sizeof shared);
	pthread_mutex_init(&shared.lock, NULL);
	pthread_cond_init(&shared.changed, NULL);
	shared.base.ops = &shared_ops;
	shared.base.rates = rates_new(FIRST_MS);
	shared.base.providers = providers_new();
	shared.base.epochs = epochs_new();
	committed_calls = 0;
	return 0;
}

/* After a test that failed the writer is still there. */
static int tear_down(void **state)
{
	(void)state;
	shared.held = shared.mute = false;
	dnc_writer_free(writer);
	writer = NULL;
	for (size_t i = 0; i < shared.count; i++)
		free(shared.lines[i]);
	free(shared.lines);
	rates_free(shared.base.rates);
	providers_free(shared.base.providers);
	epochs_free(shared.base.epochs);
	return 0;
}

static void start_writer(void)
{
	writer = dnc_writer_new(&shared.base, on_committed, NULL);
	assert_non_null(writer);
	assert_int_equal(dnc_writer_start(writer), 0);
}

/* Event NUMBER from this hub. */
static void add(int number)
{
	char text[NUMBERED_BYTES];
	struct dnc_event event;
	size_t n = numbered_line(text, number, "t");

	assert_int_equal(dnc_event_parse(events, text, n, &event), 0);
	assert_int_equal(dnc_writer_add(writer, &event, 1, (uint64_t)number), 0);
}

static void store_line(struct dnc_str line)
{
	pthread_mutex_lock(&shared.lock);
	store(line);
	pthread_mutex_unlock(&shared.lock);
}

/* Event NUMBER from another hub. */
static void add_elsewhere(int number)
{
	char text[NUMBERED_BYTES];

	store_line((struct dnc_str){text, numbered_line(text, number, "t")});
	notify(false);
}

/* Takes events until number TO was handed on: each as the log has it, with its shape, none twice or left out. Returns
 * how many batches there were. */
static int take(uint64_t from, uint64_t to)
{
	struct dnc_batch b = {0};
	int batches = 0;

	while (from <= to) {
		await(dnc_writer_dequeue(writer, &b));
		batches++;
		for (size_t i = 0; i < b.count; i++, from++) {
			const struct dnc_batch_event *e = &b.events[i];
			struct dnc_event event;

			assert_int_equal(e->seq, from);
			assert_true(dnc_str_eq(
				dnc_piece_str(&b, e->line), dnc_str(shared.lines[from - 1])));
			assert_int_equal(dnc_event_from_shape(NULL, dnc_piece_str(&b, e->line), 0,
						 &e->shape, &event),
				0);
			assert_int_equal(event.type, DNC_COMPLIANCE_VIOLATION);
			assert_true(e->arrived_ns > 0);
		}
	}
	assert_int_equal(from, to + 1);
	dnc_batch_free(&b);
	return batches;
}

static void events_of_all_hubs_are_handed_on_once_in_the_order_of_the_log(void **state)
{
	(void)state;
	start_writer();
	for (int i = 1; i <= 1000; i++)
		if (i % 3)
			add(i);
		else
			add_elsewhere(i);
	take(1, 1000);
	assert_true(dnc_writer_drain(writer));
	assert_true(dnc_writer_catch_up(writer));
	assert_int_equal(shared.count, 1000);
	assert_int_equal(dnc_journal_last(&shared.base), 1000);
	assert_int_equal(dnc_journal_stats(&shared.base).newest_ms, FIRST_MS + 1000);
	assert_true(committed_calls > 0);
}

static void a_hub_begins_after_what_the_log_had_when_it_was_opened(void **state)
{
	(void)state;
	for (int i = 1; i <= 10; i++)
		add_elsewhere(i);
	shared.base.last = 10;
	start_writer();
	add(11);
	take(11, 11);
}

static void producers_are_told_of_a_commit_before_it_can_be_read(void **state)
{
	struct dnc_verdicts v = {0};
	struct dnc_batch b = {0};

	(void)state;
	shared.blind = true;
	start_writer();
	add(1);
	assert_true(dnc_writer_drain(writer));
	assert_true(dnc_writer_verdicts(writer, &v));
	assert_int_equal(v.marks[0].line, 1);
	assert_false(dnc_writer_dequeue(writer, &b));
	assert_int_equal(dnc_journal_last(&shared.base), 0);
	shared.blind = false;
	notify(false);
	take(1, 1);
	dnc_verdicts_free(&v);
	dnc_batch_free(&b);
}

static void a_log_that_never_rests_is_looked_at_in_rounds_nevertheless(void **state)
{
	int64_t until = dnc_clock_mono_ms() + 30000;
	struct dnc_batch b = {0};

	(void)state;
	for (int i = 1; i <= STEP + 10; i++)
		add_elsewhere(i);
	shared.busy = true;
	start_writer();
	for (int i = 0; i < 3; i++) {
		uint64_t ticket = dnc_journal_ticket(&shared.base);

		while (!dnc_journal_is_answered(&shared.base, ticket) &&
			dnc_clock_mono_ms() < until)
			if (!dnc_writer_dequeue(writer, &b))
				usleep(100);
		assert_true(dnc_journal_is_answered(&shared.base, ticket));
		assert_true(dnc_journal_last(&shared.base) >= STEP + 10);
	}
	dnc_batch_free(&b);
}

static void *catch_up(void *done)
{
	*(bool *)done = dnc_writer_catch_up(writer);
	return NULL;
}

static void catching_up_ends_when_own_events_were_handed_on_or_the_writer_is_stopped(void **state)
{
	for (int stops = 0; stops < 2; stops++) {
		pthread_t thread;
		bool done = false;

		shared.blind = true;
		start_writer();
		add(1);
		assert_true(dnc_writer_drain(writer));
		assert_int_equal(pthread_create(&thread, NULL, catch_up, &done), 0);
		await(shared.waits > 0);
		assert_int_not_equal(pthread_tryjoin_np(thread, NULL), 0);
		if (stops) {
			dnc_writer_stop(writer);
		} else {
			shared.blind = false;
			notify(false);
		}
		pthread_join(thread, NULL);
		assert_int_equal(done, !stops);
		tear_down(state);
		set_up(state);
	}
}

/* Whether every other thread waits for something. */
static bool others_sleep(void)
{
	char mine[32], text[512];
	bool sleep = true;
	glob_t tasks;

	snprintf(mine, sizeof mine, "/%d/stat", gettid());
	assert_int_equal(glob("/proc/self/task/*/stat", 0, NULL, &tasks), 0);
	for (size_t i = 0; i < tasks.gl_pathc; i++) {
		FILE *f = strstr(tasks.gl_pathv[i], mine) ? NULL : fopen(tasks.gl_pathv[i], "r");
		const char *name_end;

		if (!f)
			continue;
		text[fread(text, 1, sizeof text - 1, f)] = '\0';
		name_end = strrchr(text, ')');
		sleep &= !name_end || name_end[2] == 'S';
		fclose(f);
	}
	globfree(&tasks);
	return sleep;
}

static void one_batch_is_handed_on_and_one_is_read_ahead(void **state)
{
	(void)state;
	for (int i = 1; i <= 5 * STEP; i++)
		add_elsewhere(i);
	start_writer();
	await(dnc_journal_last(&shared.base) >= 2 * STEP && others_sleep());
	assert_int_equal(shared.reads, 2);
	assert_int_equal(dnc_journal_last(&shared.base), 2 * STEP);
	assert_int_equal(take(1, 5 * STEP), 5);
}

static void a_read_that_fails_is_tried_again_and_nothing_is_skipped(void **state)
{
	struct dnc_error why;

	(void)state;
	start_writer();
	add(1);
	take(1, 1);
	assert_false(dnc_writer_failing(writer, &why));
	shared.code = EIO;
	shared.failures = 3;
	for (int i = 2; i <= 300; i++)
		add(i);
	await(dnc_writer_failing(writer, &why));
	assert_string_equal(why.message, "unable to read the shared log");
	take(2, 300);
	await(!dnc_writer_failing(writer, &why));
	assert_int_equal(shared.failures, 0);
}

static void a_log_that_can_be_read_again_is_told_before_there_is_an_event(void **state)
{
	struct dnc_error why;
	int64_t begun;

	(void)state;
	shared.failures = 2;
	shared.code = EIO;
	start_writer();
	await(dnc_writer_failing(writer, &why));
	begun = dnc_clock_mono_ms();
	await(!dnc_writer_failing(writer, &why));
	assert_in_range(dnc_clock_mono_ms() - begun, 0, 3000);
}

static void an_event_that_nobody_can_read_stops_the_stream_and_is_named(void **state)
{
	struct dnc_error why;

	(void)state;
	shared.damaged = 3;
	for (int i = 1; i <= 5; i++)
		add_elsewhere(i);
	start_writer();
	take(1, 2); /* though they were read with it */
	await(dnc_writer_failing(writer, &why));
	assert_non_null(strstr(why.message, "event 3 of the log"));
	assert_int_equal(dnc_journal_last(&shared.base), 2);
	shared.damaged = 0;
	take(3, 5);
}

static void events_that_are_not_there_are_no_lag(void **state)
{
	(void)state;
	start_writer();
	add_elsewhere(1);
	take(1, 1);
	journal_know(&shared.base, 1000000);
	notify(false);
	await(dnc_journal_stats(&shared.base).lag_events == 0);
}

static void a_server_that_is_slow_is_not_taken_for_a_disk(void **state)
{
	struct dnc_error why;

	(void)state;
	shared.held = true;
	start_writer();
	add(1);
	await(dnc_writer_failing(writer, &why));
	assert_non_null(strstr(why.message, "the log's server"));
	shared.held = false;
	await(!dnc_writer_failing(writer, &why));
}

static void a_server_that_does_not_answer_a_read_is_told(void **state)
{
	struct dnc_error why;

	(void)state;
	start_writer();
	await(shared.waits > 0);
	assert_false(dnc_writer_failing(writer, &why));
	shared.mute = true;
	notify(false);
	await(dnc_writer_failing(writer, &why));
	assert_non_null(strstr(why.message, "a read has taken 3 s"));
	shared.mute = false;
	await(!dnc_writer_failing(writer, &why));
}

static void what_was_read_is_counted_when_it_was_logged(void **state)
{
	uint64_t sums[1][DNC_TYPES];

	(void)state;
	start_writer();
	for (int i = 1; i <= 250; i++)
		add_elsewhere(i);
	take(1, 250);
	assert_int_equal(dnc_rates_sum(shared.base.rates, FIRST_MS / DNC_RATE_STEP_MS, 1, 1, sums),
		FIRST_MS);
	assert_int_equal(sums[0][DNC_COMPLIANCE_VIOLATION], 250);
}

static void a_sync_at_another_hub_is_known_here(void **state)
{
	static const char sync[] =
		"{\"id\":\"0198f0a0-0000-7000-8000-000000000001\",\"type\":\"dnc.list.synced\","
		"\"provider\":\"ftc\",\"severity\":\"success\",\"timestamp\":\"1970-01-20T16:13:20."
		"000Z\",\"summary\":\"s\",\"event_data\":{\"sync_status\":\"success\"},"
		"\"metadata\":{\"ingested_at\":\"1970-01-20T16:13:20.000Z\",\"source_format\":"
		"\"ndjson\"}}";
	struct dnc_provider at = {0};
	struct dnc_batch b = {0};

	(void)state;
	start_writer();
	store_line(dnc_str(sync));
	notify(false);
	await(dnc_writer_dequeue(writer, &b));
	assert_int_equal(dnc_providers_next(shared.base.providers, &at), 1);
	assert_true(dnc_str_eq(dnc_buf_view(&at.name), DNC_STR("ftc")));
	assert_int_equal(at.events[DNC_PROVIDER_GOOD_SYNC].seq, 1);
	dnc_provider_free(&at);
	dnc_batch_free(&b);
}

static void a_writer_that_is_stopped_ends_its_follower_wherever_it_is(void **state)
{
	(void)state;
	start_writer();
	await(shared.waits > 0);
	dnc_writer_join(writer); /* while it waits */
	tear_down(state);
	set_up(state);
	for (int i = 1; i <= 5 * STEP; i++)
		add_elsewhere(i);
	start_writer();
	await(shared.reads == 2);
	dnc_writer_join(writer); /* while nobody takes what it has */
	tear_down(state);
	set_up(state);
	shared.code = EIO;
	shared.failures = 1000;
	start_writer();
	await(shared.reads >= 2);
	dnc_writer_join(writer); /* while it tries again */
}

static int make_events(void **state)
{
	(void)state;
	events = dnc_event_reader_new(&(struct dnc_event_options){0});
	return events ? 0 : -1;
}

static int free_events(void **state)
{
	(void)state;
	dnc_event_reader_free(events);
	return 0;
}

#define shared_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		shared_test(events_of_all_hubs_are_handed_on_once_in_the_order_of_the_log),
		shared_test(a_hub_begins_after_what_the_log_had_when_it_was_opened),
		shared_test(a_log_that_never_rests_is_looked_at_in_rounds_nevertheless),
		shared_test(producers_are_told_of_a_commit_before_it_can_be_read),
		shared_test(
			catching_up_ends_when_own_events_were_handed_on_or_the_writer_is_stopped),
		shared_test(one_batch_is_handed_on_and_one_is_read_ahead),
		shared_test(a_read_that_fails_is_tried_again_and_nothing_is_skipped),
		shared_test(a_log_that_can_be_read_again_is_told_before_there_is_an_event),
		shared_test(an_event_that_nobody_can_read_stops_the_stream_and_is_named),
		shared_test(events_that_are_not_there_are_no_lag),
		shared_test(a_server_that_is_slow_is_not_taken_for_a_disk),
		shared_test(a_server_that_does_not_answer_a_read_is_told),
		shared_test(what_was_read_is_counted_when_it_was_logged),
		shared_test(a_sync_at_another_hub_is_known_here),
		shared_test(a_writer_that_is_stopped_ends_its_follower_wherever_it_is),
	};

	return cmocka_run_group_tests(tests, make_events, free_events);
}
