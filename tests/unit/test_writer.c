/* The thread that commits, on a journal that fails, blocks and refuses as it is told. */
#include "await.h"
#include "numbered.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>
#include "base/clock.h"
#include "log/priv/batch.h"
#include "log/priv/commit_queue.h"
#include "log/priv/journal_ops.h"
#include "log/writer.h"

enum { LOG_MAX = 20000, STREAM = 7, OTHER = 8 };

/* What it has, and what goes wrong next. */
static struct fake {
	struct dnc_journal base;
	char *lines[LOG_MAX];   /* by sequence number */
	uint64_t seqs[LOG_MAX]; /* by number */
	atomic_int failures, code;
	atomic_int prune_failures, prunable; /* turns of pruning that find something */
	atomic_int idle_failures;
	atomic_bool full;      /* commits fail with ENOSPC until all that is prunable is pruned */
	atomic_bool held;      /* commits wait */
	atomic_bool in_append; /* one is under way */
	atomic_int appends, prunes;
	atomic_size_t audit_bytes;
} fake;

static struct dnc_event_reader *events;
static atomic_int committed_calls;
static struct dnc_writer *writer; /* of the test */

static void wait_ms(void)
{
	usleep(1000);
}

static int fails(atomic_int *failures, const char *what, struct dnc_error *err)
{
	if (*failures <= 0)
		return 0;
	--*failures;
	return dnc_error_set(err, fake.code ? fake.code : EIO, "unable to %s the fake", what);
}

static void store(struct dnc_batch *b, struct dnc_batch_event *e)
{
	struct dnc_str line = dnc_piece_str(b, e->line);
	uint64_t *seq = &fake.seqs[numbered_read(line)];

	e->seq = 0;
	if (*seq) {
		e->logged = dnc_str_eq(dnc_str(fake.lines[*seq]), line) ? DNC_LOGGED_DUPLICATE
		                                                        : DNC_LOGGED_CONFLICT;
		return;
	}
	e->logged = DNC_LOGGED_NEW;
	e->seq = *seq = ++fake.base.last;
	fake.lines[*seq] = strndup(line.p, line.n);
}

static int fake_append(struct dnc_journal *j, struct dnc_batch *b, struct dnc_error *err)
{
	(void)j;
	fake.appends++;
	fake.in_append = true;
	while (fake.held)
		wait_ms();
	fake.in_append = false;
	if (fake.full)
		return dnc_error_set(err, ENOSPC, "unable to write the fake: the disk is full");
	if (fails(&fake.failures, "write", err) < 0)
		return -1;
	for (size_t i = 0; i < b->count; i++)
		store(b, &b->events[i]);
	fake.audit_bytes += b->audit.n;
	return 0;
}

static int fake_prune(struct dnc_journal *j, struct dnc_error *err)
{
	(void)j;
	fake.prunes++;
	if (fails(&fake.prune_failures, "prune", err) < 0)
		return -1;
	if (fake.prunable > 0) {
		fake.prunable--;
		return 1;
	}
	fake.full = false;
	return 0;
}

static int fake_idle(struct dnc_journal *j, struct dnc_error *err)
{
	(void)j;
	return fails(&fake.idle_failures, "look at", err);
}

static const struct journal_ops fake_ops = {
	.append = fake_append, .prune = fake_prune, .idle = fake_idle};

static void on_committed(void *ctx)
{
	(void)ctx;
	committed_calls++;
}

static int set_up(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof fake);
	fake.base.ops = &fake_ops;
	committed_calls = 0;
	return 0;
}

static void free_writer(void)
{
	dnc_writer_free(writer);
	writer = NULL;
}

/* After a test that failed the writer is still there. */
static int tear_down(void **state)
{
	(void)state;
	fake.held = false;
	free_writer();
	for (size_t i = 0; i < LOG_MAX; i++)
		free(fake.lines[i]);
	return 0;
}

static struct dnc_writer *new_writer(void)
{
	writer = dnc_writer_new(&fake.base, on_committed, NULL);
	assert_non_null(writer);
	return writer;
}

static struct dnc_writer *start_writer(void)
{
	assert_int_equal(dnc_writer_start(new_writer()), 0);
	return writer;
}

/* Line LINE of STREAM is event NUMBER. */
static int add(struct dnc_writer *w, int number, uint64_t stream, uint64_t line)
{
	char text[NUMBERED_BYTES];
	struct dnc_event event;
	size_t n = numbered_line(text, number, "t");

	assert_int_equal(dnc_event_parse(events, text, n, &event), 0);
	return dnc_writer_add(w, &event, stream, line);
}

/* Takes all that is committed; events must have the numbers FROM to TO, in order, with seqs that follow each other. */
static void take_numbers(struct dnc_writer *w, int from, int to)
{
	struct dnc_batch b = {0};
	uint64_t seq = 0;

	while (from <= to) {
		await(dnc_writer_dequeue(w, &b));
		for (size_t i = 0; i < b.count; i++) {
			if (!b.events[i].seq)
				continue;
			if (seq)
				assert_int_equal(b.events[i].seq, seq + 1);
			seq = b.events[i].seq;
			assert_true(b.events[i].arrived_ns > 0);
			assert_int_equal(numbered_read(dnc_piece_str(&b, b.events[i].line)), from);
			from++;
		}
	}
	assert_int_equal(from, to + 1);
	assert_false(dnc_writer_dequeue(w, &b));
	dnc_batch_free(&b);
}

/* The log has the events FROM to TO, each once, in order. */
static void expect_log(int from, int to)
{
	assert_int_equal(fake.base.last, to - from + 1);
	for (int i = from; i <= to; i++)
		assert_int_equal(numbered_read(dnc_str(fake.lines[i - from + 1])), i);
}

/* Sums of what producers were told. */
struct told {
	uint64_t line[2]; /* of STREAM, OTHER */
	unsigned duplicates, conflicts, rejected, dropped;
};

static void collect(struct dnc_writer *w, struct told *t)
{
	struct dnc_verdicts v = {0};

	while (dnc_writer_verdicts(w, &v))
		for (size_t i = 0; i < v.count; i++) {
			const struct dnc_batch_mark *m = &v.marks[i];
			uint64_t *line = &t->line[m->stream_id - STREAM];

			assert_true(m->line >= *line); /* in the order of the lines */
			*line = m->line;
			t->duplicates += m->duplicates;
			t->conflicts += m->conflicts;
			t->rejected += m->rejected;
			t->dropped += m->dropped;
		}
	dnc_verdicts_free(&v);
}

static void all_lines_are_committed_in_order_and_acknowledged(void **state)
{
	struct dnc_writer *w = start_writer();
	struct told told = {0};

	(void)state;
	for (int i = 1; i <= 2000; i++)
		assert_int_equal(add(w, i, i % 2 ? STREAM : OTHER, (uint64_t)(i + 1) / 2), 0);
	take_numbers(w, 1, 2000);
	assert_true(dnc_writer_drain(w));
	expect_log(1, 2000);
	collect(w, &told);
	assert_int_equal(told.line[0], 1000);
	assert_int_equal(told.line[1], 1000);
	assert_int_equal(told.duplicates + told.conflicts + told.rejected + told.dropped, 0);
	assert_true(committed_calls > 0);
	free_writer();
}

static void lines_without_events_are_acknowledged_with_their_neighbours(void **state)
{
	struct dnc_writer *w = new_writer();
	struct told told = {0};

	(void)state;
	assert_int_equal(add(w, 1, STREAM, 1), 0);
	assert_int_equal(dnc_writer_skip(w, STREAM, 2, true), 0);
	assert_int_equal(dnc_writer_skip(w, STREAM, 3, false), 0);
	assert_int_equal(dnc_writer_skip(w, OTHER, 9, true), 0);
	assert_int_equal(dnc_writer_skip(w, 0, 1, true), 0); /* no stream: nobody to tell */
	assert_int_equal(add(w, 2, 0, 0), 0);
	collect(w, &told);
	assert_int_equal(told.line[0], 0); /* nothing is committed yet */
	assert_int_equal(dnc_writer_start(w), 0);
	assert_true(dnc_writer_drain(w));
	collect(w, &told);
	assert_int_equal(told.line[0], 3);
	assert_int_equal(told.line[1], 9);
	assert_int_equal(told.rejected, 2);
	assert_int_equal(told.dropped, 1);
	expect_log(1, 2);
	free_writer();
}

static void a_commit_that_fails_is_retried_and_nothing_is_lost_or_acknowledged_meanwhile(
	void **state)
{
	static const struct {
		int failures, code;
	} cases[] = {{1, EIO}, {3, EIO}, {2, ENOSPC}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_writer *w = start_writer();
		struct dnc_batch b = {0};
		struct dnc_error why;
		struct told told = {0};

		fake.held = true;
		for (int n = 1; n <= 10; n++)
			assert_int_equal(add(w, n, STREAM, (uint64_t)n), 0);
		await(fake.in_append);
		for (int n = 11; n <= 20; n++)
			assert_int_equal(add(w, n, STREAM, (uint64_t)n), 0);
		fake.code = cases[i].code;
		fake.failures = cases[i].failures;
		fake.held = false;
		await(dnc_writer_failing(w, &why));
		assert_int_equal(why.code, cases[i].code);
		assert_string_equal(why.message, "unable to write the fake");
		assert_false(dnc_writer_dequeue(w, &b));
		collect(w, &told);
		assert_int_equal(told.line[0], 0);
		take_numbers(w, 1, 20);
		assert_true(dnc_writer_drain(w));
		assert_false(dnc_writer_failing(w, &why));
		assert_int_equal(dnc_writer_stats(w).failures, cases[i].failures);
		collect(w, &told);
		assert_int_equal(told.line[0], 20);
		expect_log(1, 20);
		dnc_batch_free(&b);
		free_writer();
		tear_down(state);
		set_up(state);
	}
}

static void on_a_full_disk_pruning_goes_on_until_the_commit_works(void **state)
{
	struct dnc_writer *w = new_writer();

	(void)state;
	fake.full = true;
	fake.prunable = 50;
	assert_int_equal(add(w, 1, STREAM, 1), 0);
	assert_int_equal(dnc_writer_start(w), 0);
	assert_true(dnc_writer_drain(w));
	assert_int_equal(fake.prunable, 0);
	assert_true(dnc_writer_stats(w).failures >= 1);
	expect_log(1, 1);
	free_writer();
}

static void pruning_that_fails_stops_no_commit(void **state)
{
	struct dnc_writer *w = start_writer();

	(void)state;
	fake.prune_failures = 3;
	for (int i = 1; i <= 5; i++) {
		assert_int_equal(add(w, i, STREAM, (uint64_t)i), 0);
		assert_true(dnc_writer_drain(w));
		take_numbers(w, i, i);
	}
	expect_log(1, 5);
	assert_true(fake.prunes >= 3);
	free_writer();
}

static void what_can_be_pruned_is_pruned_while_nothing_arrives(void **state)
{
	(void)state;
	fake.prunable = 10;
	start_writer();
	await(fake.prunable == 0);
	free_writer();
}

static void an_idle_log_that_can_not_be_written_is_failing_before_an_event_arrives(void **state)
{
	struct dnc_error why;
	struct dnc_writer *w;

	(void)state;
	fake.idle_failures = 1;
	w = start_writer();
	await(dnc_writer_failing(w, &why));
	assert_string_equal(why.message, "unable to look at the fake");
	await(committed_calls == 1);
	await(!dnc_writer_failing(w, &why)); /* asked again, a second later */
	await(committed_calls == 2);         /* called after the state was set */
	free_writer();
}

/* They come more often than the log is asked. */
static void lines_without_events_neither_mend_the_log_nor_keep_it_from_being_asked(void **state)
{
	struct dnc_error why;
	struct dnc_writer *w;

	(void)state;
	fake.idle_failures = 3;
	w = start_writer();
	await(dnc_writer_failing(w, &why));
	for (uint64_t line = 1; fake.idle_failures > 0 && line < 30000; line++) {
		assert_int_equal(dnc_writer_skip(w, STREAM, line, false), 0);
		assert_true(dnc_writer_drain(w));
		assert_true(dnc_writer_failing(w, &why));
		wait_ms();
	}
	assert_int_equal(fake.idle_failures, 0);
	await(!dnc_writer_failing(w, &why));
	free_writer();
}

static void a_commit_that_takes_seconds_counts_as_failing_until_it_ends(void **state)
{
	struct dnc_writer *w = start_writer();
	struct dnc_error why;

	(void)state;
	fake.held = true;
	assert_int_equal(add(w, 1, STREAM, 1), 0);
	await(fake.in_append);
	assert_false(dnc_writer_failing(w, &why));
	await(dnc_writer_failing(w, &why));
	assert_int_equal(why.code, ETIMEDOUT);
	assert_non_null(strstr(why.message, "3 s so far"));
	fake.held = false;
	assert_true(dnc_writer_drain(w));
	assert_false(dnc_writer_failing(w, &why));
	expect_log(1, 1);
	free_writer();
}

/* Numbers and the content that makes a conflict of an id. */
struct request {
	struct dnc_receipt receipt; /* first */
	atomic_int calls;
	uint8_t logged[16];
};

static void on_safe(struct dnc_receipt *r)
{
	((struct request *)r)->calls++;
}

static int submit(
	struct dnc_writer *w, struct request *r, int from, int to, const char *violation_type)
{
	struct dnc_batch b = {0};
	int rc;

	memset(r, 0, sizeof *r);
	memset(r->logged, 0xFF, sizeof r->logged);
	r->receipt = (struct dnc_receipt){.logged = r->logged, .safe = on_safe};
	for (int i = from; i <= to; i++)
		numbered_add(events, &b, i, violation_type);
	rc = dnc_writer_submit(w, &b, &r->receipt);
	dnc_batch_free(&b); /* it was copied */
	return rc;
}

static void each_receipt_is_called_once_with_what_became_of_its_events(void **state)
{
	static const uint8_t mixed[] = {DNC_LOGGED_DUPLICATE, DNC_LOGGED_DUPLICATE, DNC_LOGGED_NEW};
	struct dnc_writer *w = start_writer();
	struct request first, again, other, mix;

	(void)state;
	assert_int_equal(submit(w, &first, 1, 5, "t"), 0);
	await(first.calls == 1);
	assert_int_equal(first.receipt.accepted, 5);
	assert_int_equal(first.receipt.last_seq, 5);
	assert_int_equal(submit(w, &again, 1, 5, "t"), 0);
	assert_int_equal(submit(w, &other, 1, 5, "u"), 0);
	assert_int_equal(submit(w, &mix, 4, 6, "t"), 0);
	take_numbers(w, 1, 6);
	assert_true(dnc_writer_drain(w));
	assert_int_equal(again.receipt.duplicates, 5);
	assert_int_equal(again.receipt.accepted + again.receipt.conflicts, 0);
	assert_int_equal(again.receipt.last_seq, 0);
	assert_int_equal(other.receipt.conflicts, 5);
	assert_int_equal(other.receipt.last_seq, 0);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(first.logged[i], DNC_LOGGED_NEW);
		assert_int_equal(other.logged[i], DNC_LOGGED_CONFLICT);
	}
	assert_memory_equal(mix.logged, mixed, sizeof mixed);
	assert_int_equal(mix.logged[3], 0xFF);
	assert_int_equal(mix.receipt.last_seq, 6);
	free_writer();
	assert_int_equal(first.calls, 1);
	assert_int_equal(again.calls, 1);
	assert_int_equal(other.calls, 1);
	assert_int_equal(mix.calls, 1);
	expect_log(1, 6);
}

static void what_arrives_during_a_commit_is_one_batch_in_its_order(void **state)
{
	struct dnc_writer *w = start_writer();
	struct request r[3];
	struct dnc_batch b = {0};
	struct told told = {0};

	(void)state;
	fake.held = true;
	assert_int_equal(add(w, 1, STREAM, 1), 0);
	await(fake.in_append);
	assert_int_equal(submit(w, &r[0], 2, 4, "t"), 0);
	assert_int_equal(add(w, 5, STREAM, 2), 0);
	assert_int_equal(submit(w, &r[1], 6, 9, "t"), 0);
	assert_int_equal(
		submit(w, &r[2], 6, 6, "u"), 0); /* a conflict, with no line of a producer */
	assert_int_equal(add(w, 10, OTHER, 1), 0);
	assert_int_equal(add(w, 10, OTHER, 2), 0); /* twice */
	assert_int_equal(r[0].calls, 0);
	fake.held = false;
	assert_true(!dnc_writer_dequeue(w, &b) || b.count == 1);
	await(r[1].calls == 1);
	assert_int_equal(fake.appends, 2);
	dnc_batch_free(&b);
	expect_log(1, 10);
	await(fake.base.last == 10 && dnc_writer_dequeue(w, &b));
	assert_true(dnc_writer_drain(w));
	assert_int_equal(r[2].receipt.conflicts, 1);
	collect(w, &told);
	assert_int_equal(told.line[0], 2);
	assert_int_equal(told.line[1], 2);
	assert_int_equal(told.duplicates, 1);
	assert_int_equal(told.conflicts, 0);
	dnc_batch_free(&b);
	free_writer();
}

static void a_batch_with_marks_and_audit_records_is_submitted_as_a_whole(void **state)
{
	struct dnc_writer *w = new_writer();
	struct dnc_batch b = {0};
	struct dnc_batch_mark *m;
	struct told told = {0};
	struct dnc_verdicts v = {0};
	static const struct dnc_str record = DNC_STR("{\"what\":\"read\"}");

	(void)state;
	assert_int_equal(add(w, 1, OTHER, 1), 0);
	for (int line = 1; line <= 3; line++) {
		numbered_add(events, &b, line, line == 1 ? "other" : "t");
		m = dnc_batch_mark(&b, STREAM, (uint64_t)line);
		b.events[b.count - 1].mark = (uint32_t)(m - b.marks) + 1;
		b.events[b.count - 1].line_number = (uint64_t)line;
	}
	assert_true(batch_audit(&b, record));
	assert_int_equal(dnc_writer_submit(w, &b, NULL), 0);
	batch_clear(&b);
	assert_int_equal(dnc_writer_submit(w, &b, NULL), 0); /* empty: nothing to do */
	assert_int_equal(dnc_writer_start(w), 0);
	assert_true(dnc_writer_drain(w));
	expect_log(1, 3);
	assert_int_equal(fake.audit_bytes, record.n + 1);
	assert_true(dnc_writer_verdicts(w, &v));
	assert_int_equal(v.count, 2);
	assert_int_equal(v.marks[1].line, 3);
	assert_int_equal(v.marks[1].conflicts, 1);
	assert_int_equal(v.conflict_count, 1);
	assert_int_equal(v.conflicts[0].stream_id, STREAM);
	assert_int_equal(v.conflicts[0].line, 1);
	assert_int_equal(numbered_read(dnc_verdicts_text(&v, v.conflicts[0].event)), 1);
	assert_int_equal(v.conflicts[0].id.n, DNC_UUID_LEN);
	assert_memory_equal(dnc_verdicts_text(&v, v.conflicts[0].id).p,
		"0198f0a0-0000-7000-8000-000000000001", DNC_UUID_LEN);
	collect(w, &told);
	assert_int_equal(told.line[0], 0); /* each verdict once */
	dnc_verdicts_free(&v);
	dnc_batch_free(&b);
	free_writer();
}

static void submissions_are_refused_while_commits_fail_and_work_afterwards(void **state)
{
	struct dnc_writer *w = start_writer();
	struct dnc_error why;
	struct request refused, later;

	(void)state;
	fake.failures = 1000000;
	assert_int_equal(add(w, 1, STREAM, 1), 0);
	await(dnc_writer_failing(w, &why));
	assert_int_equal(submit(w, &refused, 2, 3, "t"), -1);
	fake.failures = 0;
	await(!dnc_writer_failing(w, &why));
	assert_int_equal(submit(w, &later, 2, 2, "t"), 0);
	take_numbers(w, 1, 2);
	assert_int_equal(later.calls, 1);
	assert_int_equal(refused.calls, 0);
	expect_log(1, 2);
	free_writer();
}

struct adder {
	pthread_t thread;
	struct dnc_writer *w;
	char line[NUMBERED_BYTES];
	struct dnc_event event;
	struct dnc_event_reader *reader;
	int rc;
	atomic_int tid;
	atomic_bool ended;
};

static void *run_adder(void *ctx)
{
	struct adder *a = ctx;

	a->tid = gettid();
	a->rc = dnc_writer_add(a->w, &a->event, STREAM, 100);
	a->ended = true;
	return NULL;
}

/* True if the thread waits for something: the state in /proc is S then. */
static bool is_asleep(const struct adder *a)
{
	char path[64], text[64] = "";
	FILE *f;

	snprintf(path, sizeof path, "/proc/self/task/%d/stat", a->tid);
	f = a->tid ? fopen(path, "r") : NULL;
	if (!f)
		return false;
	if (!fgets(text, sizeof text, f))
		text[0] = '\0';
	fclose(f);
	return strstr(text, ") S ");
}

static void start_adder(struct adder *a, struct dnc_writer *w, int number)
{
	size_t n = numbered_line(a->line, number, "t");

	a->w = w;
	a->reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	assert_int_equal(dnc_event_parse(a->reader, a->line, n, &a->event), 0);
	assert_int_equal(pthread_create(&a->thread, NULL, run_adder, a), 0);
}

static int join_adder(struct adder *a)
{
	pthread_join(a->thread, NULL);
	dnc_event_reader_free(a->reader);
	return a->rc;
}

static void a_full_batch_makes_lines_wait_and_refuses_submissions(void **state)
{
	struct adder adder = {0};
	struct dnc_batch b = {0};
	struct dnc_writer *w;
	struct told told = {0};
	int last;

	(void)state;
	fake.base.batch_bytes = 8192;
	w = start_writer();
	fake.held = true;
	assert_int_equal(add(w, 1, STREAM, 1), 0);
	await(fake.in_append);
	for (last = 1; last < 1000; last++) { /* receipts would dangle: none */
		batch_clear(&b);
		numbered_add(events, &b, last + 1, "t");
		if (dnc_writer_submit(w, &b, NULL) < 0)
			break;
	}
	assert_in_range(last, 10, 100);
	start_adder(&adder, w, last + 1);
	await(adder.ended || is_asleep(&adder));
	assert_false(adder.ended);
	fake.held = false;
	assert_int_equal(join_adder(&adder), 0);
	take_numbers(w, 1, last + 1);
	assert_true(dnc_writer_drain(w));
	expect_log(1, last + 1);
	collect(w, &told);
	assert_int_equal(told.line[0], 100);
	dnc_batch_free(&b);
	free_writer();
}

static void too_many_marks_make_a_batch_full(void **state)
{
	struct dnc_writer *w = start_writer();
	struct dnc_batch b = {0};
	struct told told = {0};
	int count = 0;

	(void)state;
	fake.held = true;
	assert_int_equal(add(w, 1, STREAM, 1), 0);
	await(fake.in_append);
	for (uint64_t line = 2; count < 10000; count++, line++) {
		batch_clear(&b);
		assert_non_null(dnc_batch_mark(&b, STREAM, line));
		if (dnc_writer_submit(w, &b, NULL) < 0)
			break;
	}
	assert_in_range(count, 1000, 9999);
	fake.held = false;
	assert_true(dnc_writer_drain(w));
	collect(w, &told);
	assert_int_equal(told.line[0], count + 1);
	dnc_batch_free(&b);
	free_writer();
}

static void what_waits_for_the_log_is_counted(void **state)
{
	struct dnc_writer *w = start_writer();
	struct dnc_writer_stats stats;

	(void)state;
	assert_int_equal(dnc_writer_stats(w).waiting_events, 0);
	fake.held = true;
	assert_int_equal(add(w, 1, STREAM, 1), 0);
	await(fake.in_append);
	for (int n = 2; n <= 5; n++)
		assert_int_equal(add(w, n, STREAM, (uint64_t)n), 0);
	stats = dnc_writer_stats(w);
	assert_int_equal(stats.waiting_events, 5);
	assert_true(stats.waiting_bytes > 5 * 100);
	fake.held = false;
	take_numbers(w, 1, 5);
	assert_true(dnc_writer_drain(w));
	stats = dnc_writer_stats(w);
	assert_int_equal(stats.waiting_events, 0);
	assert_int_equal(stats.waiting_bytes, 0);
	free_writer();
}

static void stopping_ends_a_commit_that_fails_and_acknowledges_nothing(void **state)
{
	struct dnc_writer *w = start_writer();
	struct dnc_error why;
	struct request waiting, late;
	struct dnc_batch b = {0};
	struct told told = {0};

	(void)state;
	fake.held = true;
	assert_int_equal(submit(w, &waiting, 2, 4, "t"), 0);
	await(fake.in_append);
	fake.failures = 1000000;
	assert_int_equal(add(w, 1, STREAM, 1), 0);
	fake.held = false;
	await(dnc_writer_failing(w, &why));
	dnc_writer_join(w);
	assert_int_equal(waiting.calls, 0);
	assert_false(dnc_writer_dequeue(w, &b));
	collect(w, &told);
	assert_int_equal(told.line[0], 0);
	assert_int_equal(add(w, 5, STREAM, 2), -1);
	assert_int_equal(dnc_writer_skip(w, STREAM, 3, true), -1);
	assert_int_equal(submit(w, &late, 6, 6, "t"), -1);
	assert_false(dnc_writer_drain(w));
	assert_int_equal(fake.base.last, 0);
	assert_true(dnc_writer_lost(w));
	free_writer();
	assert_int_equal(waiting.calls, 0);
}

/* When there was room again, it is still not forgotten. */
static void a_record_that_was_lost_long_ago_counts_at_the_end(void **state)
{
	static char record[2 << 20];
	struct dnc_writer *w = start_writer();

	(void)state;
	memset(record, 'r', sizeof record);
	fake.held = true;
	assert_int_equal(add(w, 1, STREAM, 1), 0);
	await(fake.in_append);
	for (int i = 0; i < 3; i++)
		dnc_writer_audit(w, (struct dnc_str){record, sizeof record});
	assert_int_equal(dnc_writer_stats(w).lost_records, 2);
	fake.held = false;
	assert_true(dnc_writer_drain(w));
	dnc_writer_audit(w, (struct dnc_str){"{}", 2});
	assert_true(dnc_writer_drain(w));
	assert_int_equal(dnc_writer_stats(w).lost_records, 2);
	dnc_writer_audit(w, (struct dnc_str){0}); /* there was no memory for it */
	assert_int_equal(dnc_writer_stats(w).lost_records, 3);
	dnc_writer_join(w);
	assert_true(dnc_writer_lost(w));
	free_writer();
}

static void what_is_lost_at_the_end_is_told_and_nothing_else(void **state)
{
	static const char record[] = "{\"n\":1}";
	struct dnc_writer *w = start_writer();
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	struct dnc_error why;
	char text[512];
	size_t n;

	(void)state;
	assert_non_null(file);
	fake.failures = 1000000;
	dnc_writer_audit(w, (struct dnc_str){record, sizeof record - 1});
	await(dnc_writer_failing(w, &why));
	dup2(fileno(file), STDERR_FILENO);
	dnc_writer_join(w);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	n = fread(text, 1, sizeof text - 1, file);
	text[n] = '\0';
	fclose(file);
	assert_true(dnc_writer_lost(w));
	assert_non_null(strstr(text, "1 audit record may not be in the log"));
	assert_null(strstr(text, "events"));
	free_writer();
}

static void stopping_ends_a_line_that_waits(void **state)
{
	struct adder adder = {0};
	struct dnc_writer *w;
	struct dnc_batch b = {0};

	(void)state;
	fake.base.batch_bytes = 1000;
	w = new_writer(); /* not started: nothing is committed */
	for (int i = 1; i < 100; i++) {
		batch_clear(&b);
		numbered_add(events, &b, i, "t");
		if (dnc_writer_submit(w, &b, NULL) < 0)
			break;
	}
	start_adder(&adder, w, 100);
	dnc_writer_stop(w);
	assert_int_equal(join_adder(&adder), -1);
	dnc_batch_free(&b);
	free_writer();
}

static void the_next_batch_is_committed_but_waits_for_its_consumer(void **state)
{
	struct dnc_writer *w = start_writer();
	struct request first, second, third;
	struct dnc_batch b = {0};

	(void)state;
	assert_int_equal(submit(w, &first, 1, 2, "t"), 0);
	await(first.calls == 1);
	await(dnc_writer_drain(w));
	assert_int_equal(submit(w, &second, 3, 4, "t"), 0);
	await(second.calls == 1); /* committed, so answered for */
	assert_int_equal(submit(w, &third, 5, 6, "t"), 0);
	assert_false(dnc_writer_drain_for(w, 10));
	assert_int_equal(third.calls, 0);
	for (int from = 1; from <= 5; from += 2) {
		await(dnc_writer_dequeue(w, &b));
		assert_int_equal(b.count, 2);
		assert_int_equal(b.events[0].seq, from);
	}
	dnc_batch_free(&b);
	assert_int_equal(third.calls, 1);
	free_writer();
}

/* The consumer numbers events by counting them. */
static void a_stopped_writer_keeps_the_batch_that_waits_for_its_consumer(void **state)
{
	struct dnc_writer *w = start_writer();
	struct request first, second;
	struct dnc_batch b = {0};

	(void)state;
	assert_int_equal(submit(w, &first, 1, 2, "t"), 0);
	await(first.calls == 1);
	await(dnc_writer_drain(w));
	assert_int_equal(submit(w, &second, 3, 4, "t"), 0);
	await(second.calls == 1);
	dnc_writer_join(w);
	assert_true(dnc_writer_dequeue(w, &b));
	assert_int_equal(b.events[0].seq, 1);
	assert_false(dnc_writer_dequeue(w, &b));
	dnc_batch_free(&b);
	free_writer();
}

static void audit_records_are_committed_and_lost_only_when_they_are_too_many(void **state)
{
	static char long_record[1 << 20];
	struct dnc_writer *w = start_writer();
	struct dnc_error why;

	(void)state;
	memset(long_record, 'x', sizeof long_record);
	dnc_writer_audit(w, DNC_STR("{\"what\":\"read\"}"));
	assert_true(dnc_writer_drain(w));
	assert_int_equal(fake.audit_bytes, sizeof "{\"what\":\"read\"}");
	fake.failures = 1000000;
	assert_int_equal(add(w, 1, STREAM, 1), 0);
	await(dnc_writer_failing(w, &why));
	for (int i = 0; i < 6; i++)
		dnc_writer_audit(w, (struct dnc_str){long_record, sizeof long_record - 1});
	fake.audit_bytes = 0;
	/* Those that wait are given up without being printed. */
	free_writer();
	assert_int_equal(fake.audit_bytes, 0);
}

static void each_period_of_lost_audit_records_is_told_once(void **state)
{
	static char record[1 << 20];
	const struct dnc_str big = {record, sizeof record - 1}, small = DNC_STR("{}");
	struct commit_queue q;
	struct dnc_batch taken = {0};

	(void)state;
	memset(record, 'x', sizeof record);
	commit_queue_init(&q, 1 << 20);
	for (int period = 0; period < 2; period++) {
		int told = 0;

		for (int i = 0; i < 8; i++)
			told += !commit_queue_audit(&q, big);
		assert_int_equal(told, 1);
		assert_int_equal(commit_queue_next(&q, &taken, 0), 1);
		batch_clear(&taken);
		assert_true(commit_queue_audit(&q, small));
	}
	/* Nobody takes what is added after the stop. */
	commit_queue_stop(&q);
	assert_false(commit_queue_audit(&q, small));
	assert_true(commit_queue_audit(&q, small));
	assert_int_equal(q.filling.audit.n, sizeof "{}");
	commit_queue_destroy(&q);
	dnc_batch_free(&taken);
}

static void draining_waits_no_longer_than_it_may(void **state)
{
	struct dnc_writer *w = start_writer();
	int64_t start;

	(void)state;
	fake.held = true;
	assert_int_equal(add(w, 1, STREAM, 1), 0);
	start = dnc_clock_mono_ms();
	assert_false(dnc_writer_drain_for(w, 30));
	assert_true(dnc_clock_mono_ms() - start >= 29);
	assert_int_equal(fake.base.last, 0);
	fake.held = false;
	assert_true(dnc_writer_drain_for(w, 30000));
	assert_int_equal(fake.base.last, 1);
	free_writer();
}

static void a_writer_that_was_never_started_ends(void **state)
{
	struct dnc_writer *w = new_writer();

	(void)state;
	assert_int_equal(add(w, 1, STREAM, 1), 0);
	free_writer();
	dnc_writer_free(NULL);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(all_lines_are_committed_in_order_and_acknowledged),
		test(lines_without_events_are_acknowledged_with_their_neighbours),
		test(a_commit_that_fails_is_retried_and_nothing_is_lost_or_acknowledged_meanwhile),
		test(on_a_full_disk_pruning_goes_on_until_the_commit_works),
		test(pruning_that_fails_stops_no_commit),
		test(what_can_be_pruned_is_pruned_while_nothing_arrives),
		test(an_idle_log_that_can_not_be_written_is_failing_before_an_event_arrives),
		test(lines_without_events_neither_mend_the_log_nor_keep_it_from_being_asked),
		test(a_commit_that_takes_seconds_counts_as_failing_until_it_ends),
		test(each_receipt_is_called_once_with_what_became_of_its_events),
		test(what_arrives_during_a_commit_is_one_batch_in_its_order),
		test(a_batch_with_marks_and_audit_records_is_submitted_as_a_whole),
		test(submissions_are_refused_while_commits_fail_and_work_afterwards),
		test(a_full_batch_makes_lines_wait_and_refuses_submissions),
		test(too_many_marks_make_a_batch_full),
		test(what_waits_for_the_log_is_counted),
		test(stopping_ends_a_commit_that_fails_and_acknowledges_nothing),
		test(what_is_lost_at_the_end_is_told_and_nothing_else),
		test(a_record_that_was_lost_long_ago_counts_at_the_end),
		test(stopping_ends_a_line_that_waits),
		test(the_next_batch_is_committed_but_waits_for_its_consumer),
		test(a_stopped_writer_keeps_the_batch_that_waits_for_its_consumer),
		test(audit_records_are_committed_and_lost_only_when_they_are_too_many),
		test(each_period_of_lost_audit_records_is_told_once),
		test(draining_waits_no_longer_than_it_may),
		test(a_writer_that_was_never_started_ends),
	};
	int rc;

	events = dnc_event_reader_new(&(struct dnc_event_options){0});
	rc = cmocka_run_group_tests_name("writer", tests, NULL, NULL);
	dnc_event_reader_free(events);
	return rc;
}
