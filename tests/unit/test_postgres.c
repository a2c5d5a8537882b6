/* The log in PostgreSQL, which several hubs share, on a real server. */
#include "await.h"
#include "numbered.h"
#include "postgres.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include "base/log.h"
#include "log/priv/batch.h"
#include "log/priv/hubs.h"
#include "log/priv/journal.h"
#include "log/priv/pg_conn.h"
#include "log/priv/pg_reader.h"
#include "log/priv/postgres.h"
#include "log/reader.h"
#include "log/schema.h"
#include "log/writer.h"

enum { MANY = 20000 };

static struct postgres server;
static struct dnc_event_reader *events;
static char database[32], conninfo[192]; /* of the test */
static int databases;

static int64_t sql(const char *text)
{
	return strtoll(postgres_query(conninfo, text), NULL, 10);
}

static int make_database(void **state)
{
	char text[64];
	struct dnc_error err;

	(void)state;
	snprintf(database, sizeof database, "log%d", ++databases);
	snprintf(text, sizeof text, "CREATE DATABASE %s", database);
	postgres_sql(&server, text);
	snprintf(
		conninfo, sizeof conninfo, "host=%s user=postgres dbname=%s", server.dir, database);
	if (dnc_schema_init(conninfo, &err) < 0)
		fail_msg("%s", err.message);
	return 0;
}

static struct dnc_journal *open_journal(void)
{
	struct dnc_error err;
	struct dnc_journal *j =
		dnc_journal_open(&(struct dnc_journal_options){.log = conninfo}, &err);

	if (!j)
		fail_msg("%s", err.message);
	return j;
}

/* Appends event NUMBER TYPE; returns what became of it, and its number. */
static enum dnc_logged append(struct dnc_journal *j, int number, const char *type, uint64_t *seq)
{
	struct dnc_batch b = {0};
	struct dnc_error err;
	enum dnc_logged logged;

	numbered_add(events, &b, number, type);
	if (journal_append(j, &b, &err) < 0)
		fail_msg("%s", err.message);
	logged = (enum dnc_logged)b.events[0].logged;
	if (seq)
		*seq = b.events[0].seq;
	dnc_batch_free(&b);
	return logged;
}

static void fill(struct dnc_batch *b, int from, int to)
{
	batch_clear(b);
	for (int i = from; i <= to; i++)
		numbered_add(events, b, i, "t");
}

static void append_many(struct dnc_journal *j, int from, int to)
{
	struct dnc_batch b = {0};
	struct dnc_error err;

	fill(&b, from, to);
	if (journal_append(j, &b, &err) < 0)
		fail_msg("%s", err.message);
	dnc_batch_free(&b);
}

static bool ignore(void *ctx, uint64_t seq, int64_t logged_at_ms, struct dnc_str line)
{
	uint64_t *last = ctx;

	(void)logged_at_ms;
	(void)line;
	assert_int_equal(seq, *last + 1);
	*last = seq;
	return true;
}

/* What the follower does, without its thread. */
static void follow(struct dnc_journal *j)
{
	uint64_t last = j->last;
	struct dnc_error err;
	int rc;

	do {
		rc = j->ops->follow->read(j, ignore, &last, &err);
		if (rc < 0)
			fail_msg("%s", err.message);
		j->last = last;
	} while (rc > 0);
}

static void the_defaults_of_a_database_do_not_count(void **state)
{
	char text[128];
	struct dnc_journal *j;

	(void)state;
	snprintf(text, sizeof text,
		"ALTER DATABASE %s SET default_transaction_isolation = 'serializable'", database);
	postgres_sql(&server, text);
	j = open_journal();
	assert_int_equal(append(j, 1, "t", NULL), DNC_LOGGED_NEW);
	dnc_journal_close(j);
}

static void an_event_gets_the_next_number_and_is_known_by_its_id_and_content(void **state)
{
	struct dnc_journal *a = open_journal(), *b = open_journal();
	uint64_t seq;

	(void)state;
	assert_int_equal(append(a, 1, "t", &seq), DNC_LOGGED_NEW);
	assert_int_equal(seq, 1);
	assert_int_equal(append(b, 2, "t", &seq), DNC_LOGGED_NEW);
	assert_int_equal(seq, 2);
	assert_int_equal(append(b, 1, "t", &seq), DNC_LOGGED_DUPLICATE);
	assert_int_equal(seq, 0);
	assert_int_equal(append(a, 2, "other", &seq), DNC_LOGGED_CONFLICT);
	assert_int_equal(append(a, 3, "t", &seq), DNC_LOGGED_NEW);
	assert_int_equal(seq, 3);
	assert_int_equal(dnc_journal_duplicates(b), 1);
	assert_int_equal(dnc_journal_conflicts(a), 1);
	assert_int_equal(dnc_journal_last(a), 0); /* nothing was read yet */
	dnc_journal_close(a);
	dnc_journal_close(b);
}

static void a_batch_may_have_known_events_and_the_same_one_twice(void **state)
{
	static const uint8_t logged[] = {DNC_LOGGED_DUPLICATE, DNC_LOGGED_NEW, DNC_LOGGED_DUPLICATE,
		DNC_LOGGED_CONFLICT, DNC_LOGGED_NEW};
	static const uint64_t seqs[] = {0, 2, 0, 0, 3};
	struct dnc_journal *j = open_journal();
	struct dnc_batch b = {0};
	struct dnc_error err;

	(void)state;
	append(j, 1, "t", NULL);
	numbered_add(events, &b, 1, "t");
	numbered_add(events, &b, 2, "t");
	numbered_add(events, &b, 2, "t");
	numbered_add(events, &b, 2, "other");
	numbered_add(events, &b, 3, "t");
	assert_int_equal(journal_append(j, &b, &err), 0);
	for (size_t i = 0; i < b.count; i++) {
		assert_int_equal(b.events[i].logged, logged[i]);
		assert_int_equal(b.events[i].seq, seqs[i]);
	}
	assert_int_equal(sql("SELECT count(*) FROM dnc.events"), 3);
	dnc_batch_free(&b);
	dnc_journal_close(j);
}

static void stop_backend(const char *name, int signal)
{
	char text[160];
	int64_t pid;

	snprintf(text, sizeof text,
		"SELECT max(pid) FROM pg_stat_activity WHERE datname = '%s' AND application_name = '%s'",
		database, name);
	pid = strtoll(postgres_sql(&server, text), NULL, 10);
	assert_true(pid > 0);
	assert_int_equal(kill((pid_t)pid, signal), 0);
}

/* The server does it, but does not answer in time. */
static void a_batch_of_unknown_outcome_is_sent_again_and_new_only_once(void **state)
{
	struct dnc_journal *j = open_journal();
	struct dnc_batch b = {0};
	struct dnc_error err;
	struct pg_journal *p = (struct pg_journal *)j;

	(void)state;
	append_many(j, 1, 10);
	follow(j);
	fill(&b, 10, 15); /* the first is a duplicate, whatever happens */
	numbered_add(events, &b, 12, "t");
	stop_backend("dnc-wsd: appends", SIGSTOP);
	assert_int_equal(journal_append(j, &b, &err), -1);
	assert_int_equal(err.code, ETIMEDOUT);
	assert_true(p->appender.unsure);
	stop_backend("dnc-wsd: appends", SIGCONT);
	await(sql("SELECT seq FROM dnc.newest()") == 15);
	assert_int_equal(journal_append(j, &b, &err), 0);
	assert_int_equal(b.events[0].logged, DNC_LOGGED_DUPLICATE);
	for (size_t i = 1; i <= 5; i++) {
		assert_int_equal(b.events[i].logged, DNC_LOGGED_NEW);
		assert_int_equal(b.events[i].seq, 10 + i);
	}
	assert_int_equal(b.events[6].logged, DNC_LOGGED_DUPLICATE);
	assert_int_equal(sql("SELECT count(*) FROM dnc.events"), 15);
	assert_int_equal(dnc_journal_stats(j).commits_repeated, 1);
	assert_int_equal(dnc_journal_duplicates(j), 2);
	/* From then on known is known. */
	assert_int_equal(append(j, 15, "t", NULL), DNC_LOGGED_DUPLICATE);
	dnc_batch_free(&b);
	dnc_journal_close(j);
}

/* What a read finds: numbers in the order in which they came. */
struct found {
	uint64_t seqs[3000];
	size_t count, most;
};

static bool find(void *ctx, uint64_t seq, struct dnc_str line)
{
	struct found *f = ctx;

	assert_int_equal(numbered_read(line), seq);
	for (int i = 0; i < DNC_JSON_PADDING; i++) /* sanitizers see bytes that may not be read */
		*(volatile const char *)&line.p[line.n + (size_t)i];
	f->seqs[f->count++] = seq;
	return f->count < f->most;
}

static void expect_read(struct dnc_journal_reader *r, uint64_t from, bool back, const char *phone,
	size_t most, size_t count, uint64_t first, uint64_t last)
{
	static struct found f;
	struct dnc_error err;

	f.count = 0;
	f.most = most;
	if (dnc_journal_read(r, from, back, phone ? dnc_str(phone) : (struct dnc_str){0}, find, &f,
		    &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(f.count, count);
	if (!count)
		return;
	assert_int_equal(f.seqs[0], first);
	assert_int_equal(f.seqs[count - 1], last);
	for (size_t i = 1; i < count; i++)
		assert_true(back ? f.seqs[i] < f.seqs[i - 1] : f.seqs[i] > f.seqs[i - 1]);
	if (!phone)
		assert_int_equal(count - 1, back ? first - last : last - first);
}

static void events_are_read_in_both_directions_and_by_number(void **state)
{
	struct dnc_journal *j = open_journal();
	struct dnc_error err;
	struct dnc_journal_reader *r = journal_reader_new(j, &err);

	(void)state;
	append_many(j, 1, 2500);
	expect_read(r, 1, false, NULL, 9, 0, 0, 0); /* what was not followed is not shown */
	follow(j);
	assert_int_equal(dnc_journal_last(j), 2500);
	expect_read(r, 1, false, NULL, 2999, 2500, 1, 2500);
	expect_read(r, 0, false, NULL, 2999, 2500, 1, 2500);
	expect_read(r, 1, false, NULL, 300, 300, 1, 300);
	expect_read(r, 301, false, NULL, 300, 300, 301, 600);
	expect_read(r, 200, false, NULL, 2, 2, 200, 201);
	expect_read(r, 2500, false, NULL, 9, 1, 2500, 2500);
	expect_read(r, 2501, false, NULL, 9, 0, 0, 0);
	expect_read(r, UINT64_MAX, false, NULL, 9, 0, 0, 0);
	expect_read(r, UINT64_MAX, true, NULL, 2999, 2500, 2500, 1);
	expect_read(r, 2000, true, NULL, 700, 700, 2000, 1301);
	expect_read(r, 0, true, NULL, 9, 0, 0, 0);
	expect_read(r, 1, false, "+13035550007", 9, 1, 7, 7);
	expect_read(r, 8, false, "+13035550007", 9, 0, 0, 0);
	expect_read(r, UINT64_MAX, true, "+13035550007", 9, 1, 7, 7);
	expect_read(r, 1, false, "+13035559999", 9, 0, 0, 0);
	append_many(j, 2501, 2600);
	expect_read(r, 2500, false, NULL, 999, 1, 2500, 2500);
	follow(j);
	expect_read(r, 2500, false, NULL, 999, 101, 2500, 2600);
	journal_reader_free(r);
	dnc_journal_close(j);
}

static void the_next_chunk_is_read_while_nobody_waits(void **state)
{
	struct dnc_journal *j = open_journal();
	struct dnc_error err;
	struct dnc_journal_reader *r = journal_reader_new(j, &err);
	uint64_t rows;

	(void)state;
	append_many(j, 1, 2500);
	follow(j);
	journal_reader_rest(r); /* nothing is known yet */
	expect_read(r, 1, false, NULL, 100, 100, 1, 100);
	rows = dnc_journal_stats(j).rows_read;
	journal_reader_rest(r);
	assert_true(dnc_journal_stats(j).rows_read > rows);
	rows = dnc_journal_stats(j).rows_read;
	journal_reader_rest(r); /* once is enough */
	expect_read(r, 101, false, NULL, 400, 400, 101, 500);
	assert_int_equal(dnc_journal_stats(j).rows_read, rows);
	/* The server was asked for more when those were begun. Another read comes between. */
	expect_read(r, 1, false, "+13035550007", 9, 1, 7, 7);
	assert_int_equal(dnc_journal_stats(j).rows_read, rows + 400 + 1);
	expect_read(r, 501, false, NULL, 300, 300, 501, 800);
	assert_int_equal(dnc_journal_stats(j).rows_read, rows + 400 + 1);
	expect_read(r, 801, false, NULL, 2999, 1700, 801, 2500);
	journal_reader_rest(r); /* there is no more */
	expect_read(r, 1, false, NULL, 2999, 2500, 1, 2500);
	journal_reader_free(r);
	dnc_journal_close(j);
}

struct endless {
	struct dnc_job job;
	atomic_bool begun;
};

static int read_endless(struct dnc_job *job, struct dnc_journal_reader *r, struct dnc_error *err)
{
	static struct found f = {.most = 2999};

	((struct endless *)job)->begun = true;
	f.count = 0;
	return dnc_journal_read(r, 1, false, (struct dnc_str){0}, find, &f, err) < 0 ? -1
	                                                                             : DNC_JOB_MORE;
}

static void done(struct dnc_job *job)
{
	(void)job;
}

static void ignore_finished(void *ctx)
{
	(void)ctx;
}

static bool count_event(void *ctx, uint64_t seq, struct dnc_str line)
{
	int *count = ctx;

	(void)seq;
	(void)line;
	++*count;
	return true;
}

/* How many events R hands out; -1 when it takes the server for one that has others. */
static int read_all(struct dnc_journal_reader *r)
{
	struct dnc_error err;
	int count = 0;

	if (dnc_journal_read(r, 1, false, (struct dnc_str){0}, count_event, &count, &err) == 0)
		return count;
	assert_int_equal(err.code, EAGAIN);
	return -1;
}

/* A former primary, that readers may be connected to, has other events under the numbers of the epochs that it did not see. */
static void a_server_with_other_epochs_is_not_read(void **state)
{
	struct dnc_journal *j = open_journal();
	struct dnc_journal_reader *r;
	struct dnc_error err;

	(void)state;
	append_many(j, 1, 5);
	sql("UPDATE dnc.epochs SET timeline = 99");
	append_many(j, 6, 8);
	follow(j);
	r = journal_reader_new(j, &err);
	assert_non_null(r);
	assert_int_equal(read_all(r), 8);
	sql("CREATE TABLE kept AS SELECT * FROM dnc.epochs WHERE n = 2");
	sql("DELETE FROM dnc.epochs WHERE n = 2");
	assert_int_equal(read_all(r), 8); /* of the chunk */
	journal_reader_free(r);
	r = journal_reader_new(j, &err);
	assert_int_equal(read_all(r), -1);
	j->last = 5; /* before that it has the same */
	assert_int_equal(read_all(r), 5);
	j->last = 8;
	assert_int_equal(read_all(r), -1);
	sql("INSERT INTO dnc.epochs OVERRIDING SYSTEM VALUE SELECT * FROM kept");
	assert_int_equal(read_all(r), 8);
	/* One that the hub does not know yet may begin after what it has read, or not. */
	sql("INSERT INTO dnc.epochs (epoch, system_identifier, timeline, first_seq, started_at) "
	    "VALUES ('00000000000000aa', '', 1, 9, 0)");
	journal_reader_free(r);
	r = journal_reader_new(j, &err);
	assert_int_equal(read_all(r), 8);
	sql("UPDATE dnc.epochs SET first_seq = 7 WHERE first_seq = 9");
	journal_reader_free(r);
	r = journal_reader_new(j, &err);
	assert_int_equal(read_all(r), -1);
	journal_reader_free(r);
	dnc_journal_close(j);
}

/* Two servers of which none is a standby; the one that is too far behind is left. */
static void a_server_that_was_left_is_looked_at_again(void **state)
{
	char both[256];
	struct dnc_journal *j;
	struct dnc_journal_reader *r;
	struct dnc_error err;
	int count = 0;

	(void)state;
	snprintf(both, sizeof both, "host=%s,%s/. user=postgres dbname=%s", server.dir, server.dir,
		database);
	j = dnc_journal_open(&(struct dnc_journal_options){.log = conninfo, .standby = both}, &err);
	assert_non_null(j);
	append_many(j, 1, 5);
	follow(j);
	r = journal_reader_new(j, &err);
	assert_int_equal(read_all(r), 5);
	j->last = 20000;
	assert_int_equal(
		dnc_journal_read(r, j->last, false, (struct dnc_str){0}, count_event, &count, &err),
		-1);
	j->last = 5;
	((struct pg_reader *)r)->sources.standby_due_ms = 0; /* that was 10 s ago */
	assert_int_equal(read_all(r), 5);
	journal_reader_free(r);
	dnc_journal_close(j);
}

static void a_reader_is_freed_at_once_while_the_server_hangs(void **state)
{
	struct dnc_journal *j = open_journal();
	struct endless e = {.job = {.run = read_endless, .done = done}};
	struct dnc_error err;
	struct dnc_reader *r = dnc_reader_new(j, ignore_finished, NULL, &err);
	PGconn *holder = PQconnectdb(conninfo);
	int64_t start;

	(void)state;
	append_many(j, 1, 2500);
	follow(j);
	dnc_reader_submit(r, &e.job);
	await(e.begun && dnc_journal_stats(j).rows_read >= 5000);
	/* A server that waits for a lock was asked. */
	PQclear(PQexec(holder, "BEGIN; LOCK TABLE dnc.events"));
	await(sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
		  "datname = current_database() AND application_name = 'dnc-wsd: reads'") == 1);
	stop_backend("dnc-wsd: reads", SIGSTOP);
	start = dnc_clock_mono_ms();
	dnc_reader_free(r);
	assert_true(dnc_clock_mono_ms() - start < 5000);
	stop_backend("dnc-wsd: reads", SIGCONT);
	PQfinish(holder);
	dnc_journal_close(j);
}

static void many_events_of_one_number_are_found(void **state)
{
	struct dnc_journal *j = open_journal();
	struct dnc_error err;
	struct dnc_journal_reader *r = journal_reader_new(j, &err);

	(void)state;
	append_many(j, 1, 2000);
	sql("UPDATE dnc.events SET phone_number = '+13035550001' WHERE seq % 2 = 1");
	follow(j);
	expect_read(r, 1, false, "+13035550001", 2999, 1000, 1, 1999);
	expect_read(r, 2000, true, "+13035550001", 2999, 1000, 1999, 1);
	expect_read(r, 1000, true, "+13035550001", 3, 3, 999, 995);
	journal_reader_free(r);
	dnc_journal_close(j);
}

static uint64_t find_time(struct dnc_journal_reader *r, int64_t ms)
{
	struct dnc_error err;
	uint64_t seq = 0;

	if (dnc_journal_find_time(r, ms, &seq, &err) < 0)
		fail_msg("%s", err.message);
	return seq;
}

static void times_are_found(void **state)
{
	struct dnc_journal *j = open_journal();
	struct dnc_error err;
	struct dnc_journal_reader *r = journal_reader_new(j, &err);

	(void)state;
	assert_int_equal(find_time(r, 1000), 1);
	append_many(j, 1, 1000);
	follow(j);
	sql("UPDATE dnc.events SET logged_at = 1000 * (seq / 10)");
	assert_int_equal(find_time(r, 0), 1);
	assert_int_equal(find_time(r, 1), 10);
	assert_int_equal(find_time(r, 1000), 10);
	assert_int_equal(find_time(r, 50000), 500);
	assert_int_equal(find_time(r, 50001), 510);
	assert_int_equal(find_time(r, 100000), 1000);
	assert_int_equal(find_time(r, 100001), 1001);
	/* Wherever numbers are missing, no event that is there is passed over, nor that some are missing. */
	sql("DELETE FROM dnc.events WHERE seq BETWEEN 495 AND 505");
	assert_int_equal(find_time(r, 1000), 10);
	assert_int_equal(find_time(r, 49000), 490);
	assert_int_equal(find_time(r, 49001), 495);
	assert_int_equal(find_time(r, 50001), 510);
	sql("DELETE FROM dnc.events WHERE seq BETWEEN 2 AND 999");
	assert_int_equal(find_time(r, 0), 1);
	assert_int_equal(find_time(r, 1), 2);
	assert_int_equal(find_time(r, 100000), 2);
	assert_int_equal(find_time(r, 100001), 1001);
	journal_reader_free(r);
	dnc_journal_close(j);
}

static void hubs_share_epoch_and_mask_key(void **state)
{
	struct dnc_journal *a = open_journal(), *b = open_journal();
	uint64_t end;

	(void)state;
	assert_string_equal(dnc_journal_epoch(a).name, dnc_journal_epoch(b).name);
	assert_int_equal(dnc_journal_epoch(a).first, 1);
	assert_memory_equal(dnc_journal_mask_key(a), dnc_journal_mask_key(b), DNC_MASK_KEY_BYTES);
	assert_true(dnc_journal_epoch_end(a, dnc_str(dnc_journal_epoch(b).name), &end));
	assert_int_equal(end, UINT64_MAX);
	dnc_journal_close(b);
	b = open_journal(); /* opening begins none */
	assert_string_equal(dnc_journal_epoch(a).name, dnc_journal_epoch(b).name);
	dnc_journal_close(a);
	dnc_journal_close(b);
}

static void audit_records_are_stored_alone_and_with_events(void **state)
{
	struct dnc_journal *j = open_journal();
	struct dnc_batch b = {0};
	struct dnc_error err;

	(void)state;
	batch_audit(&b, DNC_STR("{\"n\":1}"));
	batch_audit(&b, DNC_STR("{\"n\":2}"));
	assert_int_equal(journal_append(j, &b, &err), 0);
	fill(&b, 1, 1);
	batch_audit(&b, DNC_STR("{\"n\":3}"));
	assert_int_equal(journal_append(j, &b, &err), 0);
	assert_int_equal(sql("SELECT sum((record::json->>'n')::int * n) FROM dnc.access"), 14);
	dnc_batch_free(&b);
	dnc_journal_close(j);
}

/* A hub: a writer with its follower, and who takes what it hands on. */
struct hub {
	struct dnc_journal *journal;
	struct dnc_writer *writer;
	uint64_t taken;
	int *numbers; /* of each event, by seq */
	pthread_t thread;
	int first; /* of the numbers that it adds */
};

static void nothing(void *ctx)
{
	(void)ctx;
}

static struct hub a, b; /* of the test */

static void open_hub(struct hub *h)
{
	*h = (struct hub){.journal = open_journal()};
	h->taken = dnc_journal_last(h->journal);
	h->writer = dnc_writer_new(h->journal, nothing, NULL);
	h->numbers = calloc(3 * MANY, sizeof *h->numbers);
	assert_int_equal(dnc_writer_start(h->writer), 0);
}

static void close_hub(struct hub *h)
{
	dnc_writer_free(h->writer);
	dnc_journal_close(h->journal);
	free(h->numbers);
	*h = (struct hub){0};
}

static int close_hubs(void **state)
{
	(void)state;
	close_hub(&a);
	close_hub(&b);
	return 0;
}

static void add_from(struct hub *h, int number, struct dnc_event_reader *r)
{
	char line[NUMBERED_BYTES];
	struct dnc_event event;
	size_t n = numbered_line(line, number, "t");

	assert_int_equal(dnc_event_parse(r, line, n, &event), 0);
	assert_int_equal(dnc_writer_add(h->writer, &event, 1, (uint64_t)number), 0);
}

static void add(struct hub *h, int number)
{
	add_from(h, number, events);
}

/* Takes what there is; each number follows the one before. */
static bool take(struct hub *h)
{
	struct dnc_batch batch = {0};
	bool any = dnc_writer_dequeue(h->writer, &batch);

	for (size_t i = 0; i < batch.count; i++) {
		assert_int_equal(batch.events[i].seq, h->taken + 1);
		h->numbers[++h->taken] = numbered_read(dnc_piece_str(&batch, batch.events[i].line));
	}
	dnc_batch_free(&batch);
	return any;
}

#define await_taken(h, seq) await(((void)take(h), (h)->taken >= (seq)))

static void *produce(void *ctx)
{
	struct dnc_event_reader *r = dnc_event_reader_new(&(struct dnc_event_options){0});
	struct hub *h = ctx;

	for (int i = 0; i < MANY; i++)
		add_from(h, h->first + i, r);
	dnc_event_reader_free(r);
	return NULL;
}

static void two_hubs_give_every_event_once_in_the_same_order(void **state)
{
	struct hub *const hubs[] = {&a, &b};
	int *seen = calloc(2 * MANY + 1, sizeof *seen);

	(void)state;
	open_hub(&a);
	open_hub(&b); /* before the first event: it begins after the newest */
	for (int i = 0; i < 2; i++) {
		hubs[i]->first = 1 + i * MANY;
		assert_int_equal(pthread_create(&hubs[i]->thread, NULL, produce, hubs[i]), 0);
	}
	while (a.taken < 2 * MANY || b.taken < 2 * MANY)
		await(take(&a) + take(&b) > 0);
	for (int i = 0; i < 2; i++) {
		pthread_join(hubs[i]->thread, NULL);
		assert_int_equal(hubs[i]->taken, 2 * MANY);
		assert_true(dnc_writer_drain(hubs[i]->writer));
		assert_int_equal(dnc_journal_stats(hubs[i]->journal).lag_events, 0);
	}
	for (int seq = 1; seq <= 2 * MANY; seq++) {
		assert_int_equal(a.numbers[seq], b.numbers[seq]);
		assert_int_equal(seen[a.numbers[seq]]++, 0);
	}
	free(seen);
}

/* COUNT events of hub FROM come at hub TO sooner than it looks without a notification, 5 s after it looked last. */
static void notified(struct hub *from, struct hub *to, int count)
{
	for (int i = 1; i <= count; i++) {
		int64_t start;

		add(from, i);
		start = dnc_clock_mono_ms();
		await_taken(to, (uint64_t)i);
		assert_true(i == 1 || dnc_clock_mono_ms() - start < 4000);
		await_taken(from, (uint64_t)i);
	}
}

static void another_hubs_event_comes_by_notification(void **state)
{
	(void)state;
	open_hub(&a);
	open_hub(&b);
	notified(&a, &b, 20);
}

/* The statement after which the connection that ran it breaks, once. */
static const char *_Atomic breaks_after;

PGresult *__real_pg_run(struct pg *pg, const char *sql, int n, const struct pg_param *params,
	struct dnc_error *err);
PGresult *__wrap_pg_run(struct pg *pg, const char *sql, int n, const struct pg_param *params,
	struct dnc_error *err);
PGresult *__wrap_pg_run(
	struct pg *pg, const char *sql, int n, const struct pg_param *params, struct dnc_error *err)
{
	PGresult *r = __real_pg_run(pg, sql, n, params, err);
	const char *after = breaks_after;

	if (r && after && strcmp(sql, after) == 0) {
		shutdown(PQsocket(pg->conn), SHUT_RDWR);
		breaks_after = NULL;
	}
	return r;
}

static void a_connection_that_breaks_when_listening_begins_is_begun_again(void **state)
{
	(void)state;
	breaks_after = "LISTEN dnc";
	open_hub(&a);
	await(!breaks_after);
	open_hub(&b);
	notified(&b, &a, 3);
}

static void after_the_server_was_killed_all_goes_on_without_a_gap(void **state)
{
	struct dnc_error why;

	(void)state;
	open_hub(&a);
	open_hub(&b);
	for (int round = 0; round < 3; round++) {
		int base = round * 200;

		for (int i = 1; i <= 100; i++)
			add(&a, base + i);
		await_taken(&b, (uint64_t)base + 100);
		await_taken(&a, (uint64_t)base + 100);
		postgres_stop(&server, SIGKILL);
		for (int i = 101; i <= 200; i++)
			add(&b, base + i);
		await(dnc_writer_failing(a.writer, &why));
		await(dnc_writer_failing(b.writer, &why));
		postgres_start(&server);
		await_taken(&a, (uint64_t)base + 200);
		await_taken(&b, (uint64_t)base + 200);
		await(!dnc_writer_failing(a.writer, &why));
		await(!dnc_writer_failing(b.writer, &why));
	}
	for (int seq = 1; seq <= 600; seq++) {
		assert_int_equal(a.numbers[seq], b.numbers[seq]);
		assert_int_equal(a.numbers[seq], seq);
	}
	assert_true(dnc_journal_stats(a.journal).reconnects >= 3);
	assert_int_equal(dnc_journal_stats(a.journal).failovers, 3);
}

/* Ends the connections of all hubs, so that they look again. */
static void cut_off(void)
{
	char text[160];

	snprintf(text, sizeof text,
		"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '%s'",
		database);
	postgres_sql(&server, text);
}

static void a_log_that_lost_what_was_shown_is_not_followed_any_more(void **state)
{
	uint64_t from, to;
	char epoch[DNC_EPOCH_LEN + 1];

	(void)state;
	open_hub(&a);
	for (int i = 1; i <= 5; i++)
		add(&a, i);
	await_taken(&a, 5);
	strcpy(epoch, dnc_journal_epoch(a.journal).name);
	sql("DELETE FROM dnc.events WHERE seq >= 4");
	sql("DELETE FROM dnc.ids WHERE seq >= 4");
	cut_off();
	await(dnc_journal_lost(a.journal, &from, &to));
	assert_int_equal(from, 4);
	assert_int_equal(to, 5);
	assert_string_equal(dnc_journal_epoch(a.journal).name, epoch);
	assert_int_equal(sql("SELECT count(*) FROM dnc.epochs"), 2);
	add(&a, 6); /* is still committed, and nobody waits for the follower */
	assert_true(dnc_writer_drain(a.writer));
	dnc_writer_catch_up(a.writer);
	assert_int_equal(sql("SELECT seq FROM dnc.newest()"), 4);
}

/* It is an old primary that runs on, perhaps; if there is no other server, the event was lost. */
static void a_server_that_lacks_what_was_committed_is_left_once(void **state)
{
	struct dnc_error err;
	struct dnc_journal *j;
	uint64_t last = 0;

	(void)state;
	snprintf(conninfo, sizeof conninfo, "host=%s,%s/. user=postgres dbname=%s", server.dir,
		server.dir, database);
	j = open_journal();
	append(j, 1, "t", NULL);
	follow(j);
	journal_know(j, 2);
	last = 1;
	assert_int_equal(j->ops->follow->read(j, ignore, &last, &err), -1);
	assert_non_null(strstr(err.message, "lacks event 2"));
	follow(j);
	assert_non_null(strstr(pg_server(((struct pg_journal *)j)->follower.pg), "/.:"));
	append(j, 2, "t", NULL);
	follow(j);
	assert_int_equal(j->last, 2);
	dnc_journal_close(j);
}

static void *follow_once(void *ctx)
{
	struct dnc_journal *j = ctx;
	uint64_t last = j->last;
	struct dnc_error err;

	j->ops->follow->read(j, ignore, &last, &err);
	return NULL;
}

/* Whoever gives up waiting for standby servers leaves no process behind that waits on. */
static void followers_that_wait_do_not_fill_the_server(void **state)
{
	static const char waiting[] = "SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE "
				      "wait_event = 'SyncRep'";
	struct dnc_journal *j = open_journal(), *other;
	int stop = ((struct pg_journal *)j)->stop_fd;
	int64_t first, next;
	eventfd_t count;
	pthread_t thread, others;
	char text[96];

	(void)state;
	sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
	sql("SELECT pg_reload_conf()");
	await(sql("SELECT count(*) FROM pg_settings WHERE name = 'synchronous_standby_names' AND "
		  "setting = 'nobody'") == 1);
	assert_int_equal(pthread_create(&thread, NULL, follow_once, j), 0);
	await((first = sql(waiting)) > 0);
	eventfd_write(stop, 1); /* it gives up */
	pthread_join(thread, NULL);
	eventfd_read(stop, &count);
	assert_int_equal(pthread_create(&thread, NULL, follow_once, j), 0);
	await((next = sql(waiting)) > 0 && next != first);
	await(sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == 1);
	/* One of another server had the same number: this one is somebody's. */
	other = open_journal();
	*((struct pg_journal *)other)->follower.waiting = (struct pg_process){next, 1};
	assert_int_equal(pthread_create(&others, NULL, follow_once, other), 0);
	await(sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND "
		  "application_name = 'dnc-wsd: follows'") == 2 ||
		sql(waiting) > next);
	snprintf(text, sizeof text, "SELECT count(*) FROM pg_stat_activity WHERE pid = %" PRId64,
		next);
	assert_int_equal(sql(text), 1);
	sql("ALTER SYSTEM RESET synchronous_standby_names");
	sql("SELECT pg_reload_conf()");
	pthread_join(thread, NULL);
	pthread_join(others, NULL);
	dnc_journal_close(other);
	dnc_journal_close(j);
}

struct once {
	struct dnc_journal *journal;
	atomic_bool done;
};

static void *follow_one_round(void *ctx)
{
	struct once *once = ctx;

	follow_once(once->journal);
	once->done = true;
	return NULL;
}

/* J's follower looks at the log, which has no standby that a commit needs: the look has no end. With it WAITING processes
 * wait, as one does not notice that its client has given up. */
static void expect_unanswered(struct dnc_journal *j, int waiting)
{
	struct once once = {.journal = j};
	int stop = ((struct pg_journal *)j)->stop_fd;
	eventfd_t count;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, follow_one_round, &once), 0);
	await(once.done || sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' "
			       "AND application_name = 'dnc-wsd: follows'") == waiting);
	assert_false(once.done);
	eventfd_write(stop, 1);
	pthread_join(thread, NULL);
	eventfd_read(stop, &count);
}

static bool waits_for_standbys(int pid)
{
	char text[128];

	snprintf(text, sizeof text,
		"SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND pid = %d",
		pid);
	return sql(text) == 1;
}

/* The server tells itself of the setting by and by: until then commits do not wait. */
static bool a_commit_waits(PGconn *conn)
{
	bool waits = false;
	PGresult *r;

	assert_int_equal(PQsendQuery(conn, "SELECT pg_logical_emit_message(true, 'test', '')"), 1);
	await((waits = waits_for_standbys(PQbackendPID(conn))) ||
		(PQconsumeInput(conn) && !PQisBusy(conn)));
	while (!waits && (r = PQgetResult(conn)))
		PQclear(r);
	return waits;
}

/* From now on each commit waits for a standby that there is not. */
static void wait_for_nobody(void)
{
	PGconn *conn = PQconnectdb(conninfo);

	sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
	sql("SELECT pg_reload_conf()");
	await(a_commit_waits(conn));
	PQfinish(conn);
}

/* It may be an old primary that has what was committed before another one took over. */
static void no_round_answers_who_asked_before_a_commit_works(void **state)
{
	struct dnc_journal *quiet = open_journal(), *behind = open_journal();

	(void)state;
	follow(quiet);
	follow(behind);
	append(quiet, 1, "t", NULL);
	follow(quiet);
	wait_for_nobody();
	/* A round begins by itself before somebody has it look. */
	dnc_journal_ticket(quiet);
	expect_unanswered(quiet, 1);
	/* There is something to read yet. */
	dnc_journal_ticket(behind);
	dnc_journal_look(behind);
	expect_unanswered(behind, 2);
	sql("ALTER SYSTEM RESET synchronous_standby_names");
	sql("SELECT pg_reload_conf()");
	follow(quiet);
	follow(behind);
	assert_int_equal(behind->last, 1);
	dnc_journal_close(behind);
	dnc_journal_close(quiet);
}

static void an_epoch_that_goes_on_after_what_was_read_is_taken(void **state)
{
	uint64_t from, to, end, changes;
	char epoch[DNC_EPOCH_LEN + 1];

	(void)state;
	open_hub(&a);
	open_hub(&b);
	add(&a, 1);
	await_taken(&a, 1);
	await_taken(&b, 1);
	strcpy(epoch, dnc_journal_epoch(a.journal).name);
	changes = dnc_journal_epoch_changes(a.journal);
	/* As if the server had been another one before. */
	sql("UPDATE dnc.epochs SET timeline = 99");
	cut_off();
	await(dnc_journal_epoch_changes(a.journal) > changes);
	await(strcmp(dnc_journal_epoch(b.journal).name, epoch) != 0);
	assert_int_equal(dnc_journal_epoch(a.journal).first, 2);
	assert_string_equal(dnc_journal_epoch(a.journal).name, dnc_journal_epoch(b.journal).name);
	assert_true(dnc_journal_epoch_end(a.journal, dnc_str(epoch), &end));
	assert_int_equal(end, 1);
	assert_false(dnc_journal_lost(a.journal, &from, &to));
	assert_int_equal(dnc_journal_stats(a.journal).failovers, 1);
	add(&a, 2);
	await_taken(&b, 2);
}

/* The server before takes over again, with what it had: there nobody has seen the epoch in between. */
static void an_epoch_that_comes_back_is_taken(void **state)
{
	uint64_t from, to;
	char first[DNC_EPOCH_LEN + 1];

	(void)state;
	open_hub(&a);
	add(&a, 1);
	await_taken(&a, 1);
	strcpy(first, dnc_journal_epoch(a.journal).name);
	sql("UPDATE dnc.epochs SET timeline = 99");
	cut_off();
	await(strcmp(dnc_journal_epoch(a.journal).name, first) != 0);
	sql("DELETE FROM dnc.epochs WHERE n = 2");
	sql("UPDATE dnc.epochs SET timeline = 1");
	cut_off();
	await(strcmp(dnc_journal_epoch(a.journal).name, first) == 0);
	assert_false(dnc_journal_lost(a.journal, &from, &to));
	/* What was seen of an epoch is lost with it, even if events like these are there again. */
	sql("UPDATE dnc.epochs SET timeline = 99");
	cut_off();
	await(strcmp(dnc_journal_epoch(a.journal).name, first) != 0);
	add(&a, 2);
	await_taken(&a, 2);
	sql("DELETE FROM dnc.epochs WHERE n > 1");
	sql("UPDATE dnc.epochs SET timeline = 1");
	cut_off();
	await(dnc_journal_lost(a.journal, &from, &to));
	assert_int_equal(from, 2);
	assert_int_equal(to, 2);
}

static void who_asks_is_answered_after_all_that_was_there(void **state)
{
	struct dnc_journal *other = open_journal();
	uint64_t ticket;

	(void)state;
	open_hub(&a);
	for (int i = 1; i <= 5; i++) {
		append(other, i, "t", NULL);
		ticket = dnc_journal_ticket(a.journal);
		dnc_journal_look(a.journal);
		await(dnc_journal_is_answered(a.journal, ticket));
		assert_int_equal(dnc_journal_last(a.journal), i);
		await_taken(&a, (uint64_t)i);
	}
	dnc_journal_close(other);
}

static void retention_of_one_hub_moves_the_oldest_event_of_all(void **state)
{
	struct dnc_error err;
	struct dnc_journal *j, *other;

	(void)state;
	sql("UPDATE dnc.log SET value = '100' WHERE key = 'partition_events'");
	other = open_journal();
	j = dnc_journal_open(
		&(struct dnc_journal_options){.log = conninfo, .retain_ms = 60000}, &err);
	assert_non_null(j);
	append_many(j, 1, 350);
	follow(other);
	while (journal_prune(j, &err) > 0)
		;
	assert_int_equal(sql("SELECT min(seq) FROM dnc.events"), 1);
	sql("UPDATE dnc.events SET logged_at = 1 WHERE seq <= 250");
	((struct pg_journal *)j)->appender.prune_due_ms = 0;
	while (journal_prune(j, &err) > 0)
		;
	((struct pg_journal *)other)->follower.oldest_due_ms = 0;
	follow(other);
	/* Whole partitions go. */
	assert_int_equal(dnc_journal_oldest(other), sql("SELECT min(seq) FROM dnc.events"));
	assert_in_range(dnc_journal_oldest(other), 101, 251);
	assert_int_equal(dnc_journal_stats(other).pruned, dnc_journal_oldest(other) - 1);
	assert_int_equal(dnc_journal_last(other), 350);
	dnc_journal_close(other);
	dnc_journal_close(j);
}

static void pruning_that_fails_is_not_mended_by_time(void **state)
{
	struct dnc_journal *j = open_journal();
	struct dnc_error err = {0};

	(void)state;
	sql("ALTER FUNCTION dnc.prune(bigint, bigint, bigint) RENAME TO missing");
	assert_int_equal(journal_prune(j, &err), -1);
	err = (struct dnc_error){0};
	assert_int_equal(journal_prune(j, &err), -1); /* between two turns */
	assert_int_equal(err.code, ENOENT);
	sql("ALTER FUNCTION dnc.missing(bigint, bigint, bigint) RENAME TO prune");
	((struct pg_journal *)j)->appender.prune_due_ms = 0;
	assert_int_equal(journal_prune(j, &err), 0);
	assert_int_equal(journal_prune(j, &err), 0);
	dnc_journal_close(j);
}

static void add_line(struct dnc_journal *j, const char *line)
{
	char text[NUMBERED_BYTES] = {0};
	struct dnc_batch batch = {0};
	struct dnc_event event;
	struct dnc_error err;

	strcpy(text, line);
	assert_int_equal(dnc_event_parse(events, text, strlen(text), &event), 0);
	assert_true(dnc_batch_add(&batch, &event));
	if (journal_append(j, &batch, &err) < 0)
		fail_msg("%s", err.message);
	dnc_batch_free(&batch);
}

/* A sync of this provider, with its number in the id. */
static void add_sync(struct dnc_journal *j, int number, const char *provider, const char *status)
{
	char line[NUMBERED_BYTES];

	snprintf(line, sizeof line,
		"{\"id\":\"0198f0a0-0000-7000-8000-1%011d\",\"type\":\"dnc.list.synced\","
		"\"provider\":\"%s\",\"severity\":\"success\",\"timestamp\":\"2026-01-01T00:00:%02d."
		"000Z\",\"summary\":\"s\",\"event_data\":{\"sync_status\":\"%s\"},"
		"\"metadata\":{\"ingested_at\":\"2026-01-01T00:00:00.000Z\",\"source_format\":"
		"\"ndjson\"}}",
		number, provider, number, status);
	add_line(j, line);
}

static void what_removed_events_said_of_providers_is_kept(void **state)
{
	struct dnc_error err;
	struct dnc_provider at = {0};
	struct dnc_journal *j, *later;

	(void)state;
	sql("UPDATE dnc.log SET value = '100' WHERE key = 'partition_events'");
	j = dnc_journal_open(
		&(struct dnc_journal_options){.log = conninfo, .retain_ms = 60000}, &err);
	assert_non_null(j);
	add_sync(j, 3, "ftc", "success");
	add_sync(j, 2, "ftc", "success"); /* late: it says nothing */
	add_sync(j, 4, "ftc", "Failed");
	add_sync(j, 5, "state", "failed");
	append_many(j, 1, 140);
	add_sync(j, 6, "state", "success"); /* in the next partition, which is removed later */
	append_many(j, 141, 350);
	for (int partition = 1; partition <= 101; partition += 100) {
		char old[80];

		snprintf(old, sizeof old,
			"UPDATE dnc.events SET logged_at = 1767312000000 WHERE seq < %d",
			partition + 100);
		sql(old);
		((struct pg_journal *)j)->appender.prune_due_ms = 0;
		err.message[0] = 0;
		while (journal_prune(j, &err) > 0)
			;
		assert_string_equal(err.message, "");
		assert_int_equal(sql("SELECT min(seq) FROM dnc.events"), partition + 100);
	}
	later = open_journal();
	assert_int_equal(dnc_providers_next(dnc_journal_providers(later), &at), 1);
	assert_true(dnc_str_eq(dnc_buf_view(&at.name), DNC_STR("ftc")));
	assert_int_equal(at.events[DNC_PROVIDER_GOOD_SYNC].seq, 1);
	assert_int_equal(at.events[DNC_PROVIDER_GOOD_SYNC].at_ms, 1767225603000);
	assert_int_equal(at.events[DNC_PROVIDER_SYNC].seq, 3);
	assert_int_equal(dnc_providers_next(dnc_journal_providers(later), &at), 1);
	assert_true(dnc_str_eq(dnc_buf_view(&at.name), DNC_STR("state")));
	assert_int_equal(at.events[DNC_PROVIDER_GOOD_SYNC].seq, 145);
	assert_int_equal(at.events[DNC_PROVIDER_SYNC].seq, 145);
	assert_int_equal(at.events[DNC_PROVIDER_STATUS].seq, 0);
	assert_int_equal(dnc_providers_next(dnc_journal_providers(later), &at), 0);
	assert_int_equal(dnc_providers_since(dnc_journal_providers(later)), 0);
	dnc_provider_free(&at);
	dnc_journal_close(later);
	dnc_journal_close(j);
}

static void strangers_fill_no_table_with_names_of_providers(void **state)
{
	static const char many[] =
		"INSERT INTO dnc.events SELECT n, gen_random_uuid(), 'dnc.provider.status_change', "
		"NULL, CASE n WHEN 1 THEN repeat('x', 5000) ELSE n::text END, 'info', CASE n WHEN 2 "
		"THEN 'never' ELSE '2026-01-01T00:00:00.000Z' END, 1767312000000, '{}' FROM "
		"generate_series(1, 5000) n";

	(void)state;
	dnc_journal_close(open_journal());
	sql("SELECT dnc.make_partitions(1, 5000)");
	sql(many);
	sql("SELECT dnc.keep_providers(1, 5001)");
	assert_int_equal(sql("SELECT count(*) FROM dnc.log WHERE key LIKE 'provider _ %'"), 3072);
	sql("SELECT dnc.keep_providers(1, 5001)");
	assert_int_equal(sql("SELECT count(*) FROM dnc.log WHERE key LIKE 'provider _ %'"), 3072);
}

/* A call ends in time, however many of the events are of providers: what the newest ones say is kept. */
static void not_all_that_providers_said_is_looked_at(void **state)
{
	static const char many[] =
		"INSERT INTO dnc.events SELECT n, gen_random_uuid(), 'dnc.provider.status_change', "
		"NULL, CASE n WHEN 1 THEN 'early' WHEN 2 THEN 'late' ELSE 'often' END, 'info', "
		"'2026-01-01T00:00:00.000Z', 1767312000000, '{}' FROM generate_series(1, 100001) n";

	(void)state;
	dnc_journal_close(open_journal());
	sql("SELECT dnc.make_partitions(1, 100001)");
	sql(many);
	sql("SELECT dnc.keep_providers(1, 100002)");
	assert_int_equal(sql("SELECT count(*) FROM dnc.log WHERE key LIKE 'provider _ %'"), 2);
	assert_int_equal(sql("SELECT split_part(value, ' ', 1)::bigint FROM dnc.log WHERE key = "
			     "'provider 2 often'"),
		100001);
}

static void rates_and_providers_are_known_when_a_hub_starts(void **state)
{
	static const char sync[] =
		"{\"id\":\"0198f0a0-0000-7000-8000-100000000001\",\"type\":\"dnc.list.synced\","
		"\"provider\":\"ftc\",\"severity\":\"success\",\"timestamp\":\"2026-01-01T00:00:00."
		"000Z\",\"summary\":\"s\",\"event_data\":{\"sync_status\":\"success\"},"
		"\"metadata\":{\"ingested_at\":\"2026-01-01T00:00:00.000Z\",\"source_format\":"
		"\"ndjson\"}}";
	struct dnc_journal *first = open_journal(), *second;
	uint64_t sums[1][DNC_TYPES];
	struct dnc_provider at = {0};
	int64_t step;

	(void)state;
	append_many(first, 1, 30);
	add_line(first, sync);
	second = open_journal();
	step = dnc_journal_stats(second).newest_ms / DNC_RATE_STEP_MS;
	assert_true(dnc_rates_sum(dnc_journal_rates(second), step - 5, 6, 1, sums) > 0);
	assert_int_equal(sums[0][DNC_COMPLIANCE_VIOLATION], 30);
	assert_int_equal(sums[0][DNC_LIST_SYNCED], 1);
	assert_int_equal(dnc_providers_next(dnc_journal_providers(second), &at), 1);
	assert_int_equal(at.events[DNC_PROVIDER_GOOD_SYNC].seq, 31);
	assert_int_equal(dnc_providers_since(dnc_journal_providers(second)), 0);
	dnc_provider_free(&at);
	dnc_journal_close(first);
	dnc_journal_close(second);
}

static void a_log_that_can_only_be_read_is_told(void **state)
{
	struct dnc_journal *j = open_journal();
	struct dnc_error err;
	char text[120];

	(void)state;
	assert_int_equal(journal_idle(j, &err), 0);
	snprintf(text, sizeof text, "ALTER DATABASE %s SET default_transaction_read_only = on",
		database);
	sql(text);
	pg_disconnect(((struct pg_journal *)j)->appender.pg);
	assert_int_equal(journal_idle(j, &err), -1);
	dnc_journal_close(j);
}

static void a_database_without_a_log_is_refused_with_what_to_do(void **state)
{
	struct dnc_error err;

	(void)state;
	sql("DROP SCHEMA dnc CASCADE");
	assert_null(dnc_journal_open(&(struct dnc_journal_options){.log = conninfo}, &err));
	assert_int_equal(err.code, ENOENT);
	assert_non_null(strstr(err.message, "--init-log"));
}

/* The addresses of the others that J knows, joined. */
static const char *others(struct dnc_journal *j)
{
	static char text[4096];
	struct dnc_hubs_row rows[DNC_HUBS_MAX];
	size_t n = dnc_hubs_others(dnc_journal_hubs(j), rows, DNC_HUBS_MAX);

	text[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		strcat(text, rows[i].address);
		strcat(text, " ");
	}
	return text;
}

static struct dnc_journal *open_advertised(const char *address)
{
	struct dnc_error err;
	struct dnc_journal *j = dnc_journal_open(
		&(struct dnc_journal_options){.log = conninfo, .advertise = address}, &err);

	if (!j)
		fail_msg("%s", err.message);
	return j;
}

/* Has the follower meet the others now. */
static const char *meet(struct dnc_journal *j)
{
	((struct pg_journal *)j)->follower.hubs_due_ms = 0;
	follow(j);
	return others(j);
}

static void hubs_learn_of_each_other_until_they_leave_or_are_silent(void **state)
{
	struct dnc_journal *x = open_advertised("wss://x.example/ws/dnc");
	struct dnc_journal *y = open_advertised(NULL);
	struct dnc_hubs_row row;

	(void)state;
	dnc_hubs_count(dnc_journal_hubs(x), 12);
	assert_string_equal(meet(x), "");
	assert_string_equal(meet(y), "wss://x.example/ws/dnc ");
	assert_int_equal(dnc_hubs_others(dnc_journal_hubs(y), &row, 1), 1);
	assert_int_equal(row.connections, 12);
	assert_string_equal(meet(x), " "); /* it is there, and does not say where */
	assert_int_equal(
		sql("SELECT count(*) FROM dnc.hubs WHERE version <> '' AND seen_at > dnc.now_ms() - 60000"),
		2);
	/* Not before its time. */
	sql("DELETE FROM dnc.hubs");
	follow(x);
	assert_int_equal(sql("SELECT count(*) FROM dnc.hubs"), 0);
	meet(x);
	/* What somebody else has written is told to nobody. */
	sql("INSERT INTO dnc.hubs VALUES ('z', 'wss://u:p@z.example', '1', 0, dnc.now_ms())");
	assert_string_equal(meet(y), "wss://x.example/ws/dnc  ");
	/* Silent for 20 s; and forgotten after ten minutes. */
	sql("UPDATE dnc.hubs SET seen_at = seen_at - 20000");
	assert_string_equal(meet(y), "");
	sql("UPDATE dnc.hubs SET seen_at = seen_at - 600000");
	meet(y);
	assert_int_equal(sql("SELECT count(*) FROM dnc.hubs"), 1);
	/* Who leaves does so once, and does not come back. */
	meet(x);
	hubs_leave(dnc_journal_hubs(x));
	follow(x);
	dnc_hubs_wait(dnc_journal_hubs(x), 60000);
	assert_int_equal(sql("SELECT count(*) FROM dnc.hubs"), 1);
	meet(x);
	assert_int_equal(sql("SELECT count(*) FROM dnc.hubs"), 1);
	assert_string_equal(meet(y), "");
	dnc_journal_close(x);
	dnc_journal_close(y);
}

/* Events are more important. */
static void a_log_without_the_table_of_hubs_is_followed(void **state)
{
	struct dnc_journal *j = open_advertised("wss://x.example/ws/dnc");

	(void)state;
	sql("DROP FUNCTION dnc.show_hub");
	append(j, 1, "t", NULL);
	assert_string_equal(meet(j), "");
	assert_int_equal(dnc_journal_last(j), 1);
	dnc_journal_close(j);
}

static int set_up(void **state)
{
	(void)state;
	events = dnc_event_reader_new(&(struct dnc_event_options){0});
	postgres_new(&server);
	return events ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	postgres_free(&server);
	dnc_event_reader_free(events);
	return 0;
}

#define log_test(name) cmocka_unit_test_setup_teardown(name, make_database, close_hubs)

int main(void)
{
	const struct CMUnitTest tests[] = {
		log_test(the_defaults_of_a_database_do_not_count),
		log_test(an_event_gets_the_next_number_and_is_known_by_its_id_and_content),
		log_test(a_batch_may_have_known_events_and_the_same_one_twice),
		log_test(a_batch_of_unknown_outcome_is_sent_again_and_new_only_once),
		log_test(events_are_read_in_both_directions_and_by_number),
		log_test(the_next_chunk_is_read_while_nobody_waits),
		log_test(a_server_with_other_epochs_is_not_read),
		log_test(a_server_that_was_left_is_looked_at_again),
		log_test(a_reader_is_freed_at_once_while_the_server_hangs),
		log_test(many_events_of_one_number_are_found),
		log_test(times_are_found),
		log_test(hubs_share_epoch_and_mask_key),
		log_test(audit_records_are_stored_alone_and_with_events),
		log_test(two_hubs_give_every_event_once_in_the_same_order),
		log_test(another_hubs_event_comes_by_notification),
		log_test(a_connection_that_breaks_when_listening_begins_is_begun_again),
		log_test(after_the_server_was_killed_all_goes_on_without_a_gap),
		log_test(a_log_that_lost_what_was_shown_is_not_followed_any_more),
		log_test(a_server_that_lacks_what_was_committed_is_left_once),
		log_test(followers_that_wait_do_not_fill_the_server),
		log_test(no_round_answers_who_asked_before_a_commit_works),
		log_test(an_epoch_that_goes_on_after_what_was_read_is_taken),
		log_test(an_epoch_that_comes_back_is_taken),
		log_test(who_asks_is_answered_after_all_that_was_there),
		log_test(retention_of_one_hub_moves_the_oldest_event_of_all),
		log_test(pruning_that_fails_is_not_mended_by_time),
		log_test(what_removed_events_said_of_providers_is_kept),
		log_test(strangers_fill_no_table_with_names_of_providers),
		log_test(not_all_that_providers_said_is_looked_at),
		log_test(rates_and_providers_are_known_when_a_hub_starts),
		log_test(a_log_that_can_only_be_read_is_told),
		log_test(a_database_without_a_log_is_refused_with_what_to_do),
		log_test(hubs_learn_of_each_other_until_they_leave_or_are_silent),
		log_test(a_log_without_the_table_of_hubs_is_followed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
