/* The thread that reads the log: its jobs, those that fail, and what becomes of them at the end. */
#include "unit.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>
#include "base/clock.h"
#include "log/journal.h"
#include "log/priv/journal_ops.h"
#include "log/reader.h"

static struct dnc_journal fake;
static atomic_bool no_reader; /* the journal can't be read at all */
static struct dnc_reader *reader;
static atomic_int finished_calls;
static atomic_int order; /* counts runs and ends */

static struct dnc_journal_reader *fake_reader_new(struct dnc_journal *j, struct dnc_error *err)
{
	struct dnc_journal_reader *r;

	if (no_reader) {
		dnc_error_set(err, EIO, "unable to open the fake");
		return NULL;
	}
	r = calloc(1, sizeof *r);
	r->journal = j;
	return r;
}

static void fake_reader_free(struct dnc_journal_reader *r)
{
	free(r);
}

static const struct journal_ops fake_ops = {
	.reader_new = fake_reader_new, .reader_free = fake_reader_free};

static void on_finished(void *ctx)
{
	assert_ptr_equal(ctx, &fake);
	finished_calls++;
}

struct work {
	struct dnc_job job;    /* first */
	atomic_int failures;   /* runs that will fail */
	atomic_bool held;      /* a run waits */
	atomic_bool running;   /* is under way */
	atomic_int runs, done; /* calls */
	atomic_int ran_at, done_at;
	bool failed;
};

static int run_work(struct dnc_job *job, struct dnc_journal_reader *r, struct dnc_error *err)
{
	struct work *w = (struct work *)job;

	assert_ptr_equal(dnc_journal_of(r), &fake);
	w->running = true;
	while (w->held)
		usleep(1000);
	w->running = false;
	w->runs++;
	w->ran_at = ++order;
	if (w->failures <= 0)
		return 0;
	w->failures--;
	return dnc_error_set(err, EIO, "unable to read the fake");
}

static void end_work(struct dnc_job *job)
{
	struct work *w = (struct work *)job;

	w->failed = job->failed;
	w->done_at = ++order;
	w->done++;
}

static void submit(struct work *w)
{
	w->job.run = run_work;
	w->job.done = end_work;
	dnc_reader_submit(reader, &w->job);
}

static int set_up(void **state)
{
	struct dnc_error err;

	(void)state;
	memset(&fake, 0, sizeof fake);
	fake.ops = &fake_ops;
	finished_calls = order = 0;
	no_reader = false;
	reader = dnc_reader_new(&fake, on_finished, &fake, &err);
	return reader ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	dnc_reader_free(reader);
	reader = NULL;
	return 0;
}

/* Finishes jobs until W is done. */
static void finish(struct work *w)
{
	int64_t until = dnc_clock_mono_ms() + 30000;

	while (!w->done && dnc_clock_mono_ms() < until) {
		dnc_reader_finish(reader);
		usleep(1000);
	}
	assert_true(w->done > 0);
}

static void await_true(const atomic_bool *flag)
{
	int64_t until = dnc_clock_mono_ms() + 30000;

	while (!*flag && dnc_clock_mono_ms() < until)
		usleep(1000);
	assert_true(*flag);
}

static void jobs_run_first_in_first_out_and_end_in_the_thread_that_finishes(void **state)
{
	struct work w[50] = {0};

	(void)state;
	for (int i = 0; i < 50; i++)
		submit(&w[i]);
	finish(&w[49]);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(w[i].runs, 1);
		assert_int_equal(w[i].done, 1);
		assert_false(w[i].failed);
		assert_true(w[i].done_at > w[i].ran_at);
		if (i) {
			assert_true(w[i].ran_at > w[i - 1].ran_at);
			assert_true(w[i].done_at > w[i - 1].done_at);
		}
	}
	assert_int_equal(finished_calls, 50);
	dnc_reader_finish(reader); /* nothing is left */
	assert_int_equal(w[49].done, 1);
}

static void a_read_that_fails_is_tried_again_while_other_jobs_go_on(void **state)
{
	struct work failing = {.failures = 2}, other = {0};

	(void)state;
	submit(&failing);
	submit(&other);
	finish(&other);
	finish(&failing);
	assert_true(failing.ran_at > other.ran_at);
	assert_false(failing.failed);
	assert_int_equal(failing.runs, 3);
	assert_int_equal(finished_calls, 2);
}

static void a_job_that_keeps_failing_ends_as_failed_after_six_tries(void **state)
{
	struct work failing = {.failures = 1000}, other = {.failures = 1};
	int64_t start = dnc_clock_mono_ms();

	(void)state;
	submit(&failing);
	submit(&other);
	finish(&failing);
	assert_true(failing.failed);
	assert_int_equal(failing.runs, 6);
	assert_in_range(dnc_clock_mono_ms() - start, 3000, 20000);
	assert_int_equal(other.done, 1);
	assert_false(other.failed);
	/* It may be submitted again. */
	failing.failures = 0;
	failing.done = 0;
	submit(&failing);
	finish(&failing);
	assert_false(failing.failed);
	assert_int_equal(failing.runs, 7);
}

/* The owner goes by `failed`: nothing is read for jobs that never ran. */
static void jobs_that_are_left_at_the_end_are_done_as_failed(void **state)
{
	struct work running = {.held = true}, waiting[3] = {0}, again = {.failures = 1000};

	(void)state;
	submit(&again);
	submit(&running);
	for (int i = 0; i < 3; i++)
		submit(&waiting[i]);
	await_true(&running.running);
	assert_int_equal(again.runs, 1);
	running.held = false;
	dnc_reader_free(reader);
	reader = NULL;
	assert_int_equal(running.done, 1);
	assert_false(running.failed);
	assert_int_equal(again.done, 1);
	assert_true(again.failed);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(waiting[i].done, 1);
		assert_true(waiting[i].failed == (waiting[i].runs == 0));
	}
}

static void a_job_that_nobody_waits_for_ends_at_once(void **state)
{
	struct work running = {.held = true}, waiting = {0}, failing = {.failures = 1000},
		    last = {0};

	(void)state;
	submit(&failing);
	submit(&running);
	submit(&waiting);
	submit(&last);
	await_true(&running.running);
	dnc_reader_cancel(reader, &waiting.job);
	dnc_reader_cancel(reader, &failing.job); /* waits for its next try */
	dnc_reader_finish(reader);
	assert_int_equal(waiting.done + failing.done, 2);
	assert_int_equal(waiting.runs, 0);
	assert_int_equal(failing.runs, 1);
	dnc_reader_cancel(reader, &running.job);
	dnc_reader_finish(reader);
	assert_int_equal(running.done, 0); /* it still runs */
	running.held = false;
	finish(&last);
	assert_int_equal(running.done, 1);
	dnc_reader_cancel(reader, &last.job); /* too late */
	dnc_reader_finish(reader);
	assert_int_equal(last.done, 1);
}

/* A job in slices. */
struct slices {
	struct work work; /* first */
	atomic_int left;
	atomic_bool endless;
};

static int run_slice(struct dnc_job *job, struct dnc_journal_reader *r, struct dnc_error *err)
{
	struct slices *s = (struct slices *)job;

	(void)r;
	(void)err;
	while (!dnc_job_is_over(job))
		usleep(100);
	s->work.runs++;
	s->work.ran_at = ++order;
	return s->endless || --s->left > 0 ? DNC_JOB_MORE : 0;
}

static void submit_slices(struct slices *s, struct dnc_reader_client *client)
{
	s->work.job.run = run_slice;
	s->work.job.done = end_work;
	s->work.job.client = client;
	dnc_reader_submit(reader, &s->work.job);
}

static void long_jobs_take_turns_and_short_ones_go_between(void **state)
{
	struct dnc_reader_client hog, other;
	struct slices endless = {.endless = true}, few = {.left = 5};
	struct work urgent = {0};

	(void)state;
	dnc_reader_client_init(&hog, dnc_clock_mono_ms());
	dnc_reader_client_init(&other, dnc_clock_mono_ms());
	submit_slices(&endless, &hog);
	submit_slices(&few, &other);
	finish(&few.work);
	assert_int_equal(few.work.runs, 5);
	assert_in_range(endless.work.runs, 4, 6);
	submit(&urgent);
	finish(&urgent);
	assert_int_equal(endless.work.done, 0);
	dnc_reader_cancel(reader, &endless.work.job);
	finish(&endless.work);
	assert_int_equal(endless.work.done, 1);
}

/* A job that submits its next piece, as replay does. */
struct chain {
	struct work work; /* first */
	int left;
};

static void end_chain(struct dnc_job *job)
{
	struct chain *c = (struct chain *)job;

	end_work(job);
	if (c->left-- > 0)
		dnc_reader_submit(reader, job);
}

static void a_job_may_be_submitted_again_when_it_is_done(void **state)
{
	struct chain c = {.left = 20};
	int64_t until = dnc_clock_mono_ms() + 30000;

	(void)state;
	c.work.job.run = run_work;
	c.work.job.done = end_chain;
	dnc_reader_submit(reader, &c.work.job);
	while (c.work.done < 21 && dnc_clock_mono_ms() < until) {
		dnc_reader_finish(reader);
		usleep(100);
	}
	assert_int_equal(c.work.done, 21);
	assert_int_equal(c.work.runs, 21);
}

struct owned {
	struct dnc_job job; /* first */
	int *ended;
};

static int run_nothing(struct dnc_job *job, struct dnc_journal_reader *r, struct dnc_error *err)
{
	(void)job;
	(void)r;
	(void)err;
	return 0;
}

static void free_owned(struct dnc_job *job)
{
	++*((struct owned *)job)->ended;
	free(job);
}

static void a_job_may_be_freed_when_it_is_done(void **state)
{
	int ended = 0;

	(void)state;
	for (int i = 0; i < 10; i++) {
		struct owned *o = calloc(1, sizeof *o);

		o->job = (struct dnc_job){.run = run_nothing, .done = free_owned};
		o->ended = &ended;
		dnc_reader_submit(reader, &o->job);
	}
	dnc_reader_finish(reader);
	dnc_reader_free(reader);
	reader = NULL;
	assert_int_equal(ended, 10);
}

static void a_log_that_can_not_be_read_has_no_reader(void **state)
{
	struct dnc_error err;

	(void)state;
	no_reader = true;
	assert_null(dnc_reader_new(&fake, on_finished, &fake, &err));
	assert_string_equal(err.message, "unable to open the fake");
	dnc_reader_free(NULL);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(jobs_run_first_in_first_out_and_end_in_the_thread_that_finishes),
		test(a_read_that_fails_is_tried_again_while_other_jobs_go_on),
		test(a_job_that_keeps_failing_ends_as_failed_after_six_tries),
		test(jobs_that_are_left_at_the_end_are_done_as_failed),
		test(a_job_that_nobody_waits_for_ends_at_once),
		test(long_jobs_take_turns_and_short_ones_go_between),
		test(a_job_may_be_submitted_again_when_it_is_done),
		test(a_job_may_be_freed_when_it_is_done),
		test(a_log_that_can_not_be_read_has_no_reader),
	};

	return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
