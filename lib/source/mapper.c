#include "mapper.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/words.h"
#include "json/json.h"
#include "priv/map_failure.h"
#include "priv/map_frame.h"
#include "priv/map_process.h"
#include "priv/map_queue.h"

/* How much is read and written at a time. */
enum { BLOCK = 64 << 10, SEND_AT = 32 << 10 };

/* After a process has ended, so many records are answered one by one, so that little is run again if it ends again. */
enum { CAREFUL = 1000 };

/* A record fails when so many processes have ended on it by themselves. */
enum { CRASHES_MAX = 2 };

/* Processes in a row that end although no record is at work: something is wrong with the machine. */
enum { IDLE_ENDS_MAX = 10 };

/* Processes that ended on one record after the other before a message says so. */
enum { WARN_AFTER = 10 };

enum { STOPPED_WAIT_MS = 5000 };

/* Messages of `debug` and `stderr` that are printed for one record. */
enum { NOTES_MAX = 1000 };

struct dnc_mapper {
	struct dnc_map *map;
	struct dnc_mapper_options options;
	struct map_process process;
	struct map_page *page;
	struct map_queue queue;
	struct dnc_buf out, in;   /* frames of records to be sent; bytes received */
	size_t sent;              /* bytes of `out` */
	struct dnc_buf answer;    /* frames of the record that is being answered */
	uint64_t answered;        /* records, by this process */
	unsigned careful;         /* records that are still answered one by one */
	unsigned ends, idle_ends; /* of processes since a record was answered; see IDLE_ENDS_MAX */
	int64_t give_up_ms;       /* when a call ends that waits, once the caller is to end */
	bool failed; /* a call has: records that were handed on may still be in the queue */
};

/* Starts a process, and gives it all records that are in the queue. */
static int start(struct dnc_mapper *m, struct dnc_error *err)
{
	const struct map_limits limits = {m->options.timeout_ms, m->options.memory};

	dnc_buf_clear(&m->out);
	dnc_buf_clear(&m->in);
	dnc_buf_clear(&m->answer);
	m->sent = 0;
	m->answered = 0;
	for (size_t i = 0; i < m->queue.count; i++) {
		const struct map_entry *e = map_queue_at(&m->queue, i);

		if (!e->verdict)
			map_frame_add(&m->out, MAP_RECORD, map_queue_record(&m->queue, e));
	}
	if (!dnc_buf_ok(&m->out))
		return dnc_error_nomem(err);
	return map_process_start(&m->process, m->map, &limits, m->page, err);
}

struct dnc_mapper *dnc_mapper_new(
	struct dnc_map *map, const struct dnc_mapper_options *options, struct dnc_error *err)
{
	struct dnc_mapper *m = calloc(1, sizeof *m);
	void *page = mmap(
		NULL, sizeof *m->page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (m && page != MAP_FAILED) {
		m->map = map;
		m->options = *options;
		m->page = page;
		signal(SIGCHLD, SIG_DFL); /* inherited, it may hide how the process ends */
		if (start(m, err) == 0)
			return m;
	} else {
		dnc_error_nomem(err);
	}
	if (page != MAP_FAILED)
		munmap(page, sizeof *m->page);
	free(m);
	return NULL;
}

void dnc_mapper_free(struct dnc_mapper *m)
{
	char why[200];

	if (!m)
		return;
	map_process_end(&m->process, why, sizeof why);
	munmap(m->page, sizeof *m->page);
	map_queue_finish(&m->queue);
	dnc_buf_free(&m->out);
	dnc_buf_free(&m->in);
	dnc_buf_free(&m->answer);
	free(m);
}

/* Prints what the program said, and returns the number of the first result that is not an object, else 0. */
static uint64_t read_answer(const struct dnc_mapper *m, struct dnc_str *other)
{
	struct dnc_str rest = dnc_buf_view(&m->answer), text;
	uint64_t results = 0, notes = 0, first = 0;
	struct map_frame head;

	while (map_frame_take(&rest, &head, &text)) {
		if (head.kind == MAP_RESULT && ++results && !first && text.p[0] != '{') {
			first = results;
			*other = text;
		} else if (head.kind != MAP_RESULT && ++notes <= NOTES_MAX) {
			dnc_note("jq %s: %.*s", head.kind == MAP_DEBUG ? "debug" : "stderr",
				DNC_STR_ARG(text));
		}
	}
	if (notes > NOTES_MAX)
		dnc_note("jq: %llu more %s on this record", (unsigned long long)(notes - NOTES_MAX),
			dnc_plural(notes - NOTES_MAX, "message", "messages"));
	return first;
}

static int hand_on(struct dnc_mapper *m, const struct dnc_map_job *job)
{
	struct dnc_str rest = dnc_buf_view(&m->answer), text;
	struct map_frame head;
	uint64_t number = 0;

	while (map_frame_take(&rest, &head, &text))
		if (head.kind == MAP_RESULT &&
			m->options.result(m->options.ctx, job, text, ++number) < 0)
			return -1;
	if (!number && m->options.nothing)
		m->options.nothing(m->options.ctx, job);
	return 0;
}

/* The first record of the queue is answered: it FAILED, or its results are there. */
static int complete(struct dnc_mapper *m, const struct dnc_error *failed)
{
	struct dnc_map_job job = map_queue_job(&m->queue, map_queue_at(&m->queue, 0));
	struct dnc_str other;
	struct dnc_error err, why;
	uint64_t number = read_answer(m, &other);
	int rc;

	if (!failed && number && m->options.objects) {
		map_failure_of_result(number, other, &err);
		failed = &err;
	}
	if (failed)
		map_failure_of_option(&m->options, failed, &why);
	rc = failed ? m->options.failed(m->options.ctx, &job, &why) : hand_on(m, &job);
	dnc_buf_clear(&m->answer);
	map_queue_remove_first(&m->queue);
	return rc;
}

/* Records whose process ended on them fail when their turn comes. */
static int fail_first(struct dnc_mapper *m)
{
	while (m->queue.count && map_queue_at(&m->queue, 0)->verdict)
		if (complete(m, map_queue_at(&m->queue, 0)->verdict) < 0)
			return -1;
	return 0;
}

/* Takes a frame from the process. Sets *BROKEN if it is none that a process in order would send. */
static int take_frame(struct dnc_mapper *m, const struct map_frame *head, struct dnc_str text,
	bool *broken, struct dnc_error *err)
{
	struct dnc_error failed;

	*broken = !m->queue.count || head->kind < MAP_RESULT || head->kind > MAP_ERROR ||
	          (head->kind < MAP_DONE && m->answer.n > MAP_ANSWER_MAX);
	if (*broken)
		return 0;
	if (head->kind < MAP_DONE) {
		map_frame_add(&m->answer, (enum map_frame_kind)head->kind, text);
		dnc_buf_reserve(&m->answer, DNC_JSON_PADDING);
		return dnc_buf_ok(&m->answer) ? 0 : dnc_error_nomem(err);
	}
	m->answered++;
	m->ends = m->idle_ends = 0;
	if (m->careful && --m->careful == 0)
		atomic_store(&m->page->careful, false);
	if (head->kind == MAP_ERROR)
		dnc_error_set(&failed, 0, "%.*s", DNC_STR_ARG(text));
	return complete(m, head->kind == MAP_ERROR ? &failed : NULL) < 0 ? -1 : fail_first(m);
}

/* The record that was at work when the process ended; NULL if there was none. */
static struct map_entry *at_work(struct dnc_mapper *m)
{
	uint64_t number = atomic_load(&m->page->at_work), next = m->answered;

	for (size_t i = 0; i < m->queue.count; i++) {
		struct map_entry *e = map_queue_at(&m->queue, i);

		if (!e->verdict && ++next == number)
			return e;
	}
	return NULL;
}

/* Decides whether the record that was at work is run again, or fails. False with ERR. */
static bool judge(struct dnc_mapper *m, struct map_entry *e, enum map_end end, const char *why,
	struct dnc_error *err)
{
	if (end == MAP_KILLED ? ++e->killed < MAP_KILLED_MAX
			      : end != MAP_SLOW && ++e->crashes < CRASHES_MAX)
		return true;
	e->verdict = malloc(sizeof *e->verdict);
	if (!e->verdict)
		return dnc_error_nomem(err), false;
	map_failure_of_end(&m->options, end, why, e->verdict);
	return true;
}

/* Ends the process, for the reason END if it did not end by itself, and starts the next one. */
static int restart(struct dnc_mapper *m, enum map_end end, struct dnc_error *err)
{
	char why[200];
	enum map_end seen = map_process_end(&m->process, why, sizeof why);
	struct map_entry *e = at_work(m);

	if (end == MAP_RUNS)
		end = seen;
	if (e && !judge(m, e, end, why, err))
		return -1;
	if (!e && ++m->idle_ends > IDLE_ENDS_MAX)
		return dnc_error_set(
			err, EAGAIN, "the process of the map ends again and again: %s", why);
	if (++m->ends == WARN_AFTER)
		dnc_warn("the process of the map ended on each of the last records and was started "
			 "again, which takes its time: see the rejects, and --max-rejects");
	m->careful = CAREFUL;
	atomic_store(&m->page->careful, true);
	if (fail_first(m) < 0)
		return -1;
	return start(m, err);
}

/* Sends what the socket takes without waiting. */
static void send_records(struct dnc_mapper *m)
{
	while (m->sent < m->out.n) {
		ssize_t n = send(m->process.fd, m->out.p + m->sent, m->out.n - m->sent,
			MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			break; /* full; if the process has ended, reading shows it */
		m->sent += (size_t)n;
		m->process.alive_ms = dnc_clock_mono_ms();
	}
	if (m->sent == m->out.n) {
		dnc_buf_clear(&m->out);
		m->sent = 0;
	}
}

/* Takes the frames that were received. *END is not MAP_RUNS if they are nonsense. */
static int take_frames(struct dnc_mapper *m, enum map_end *end, struct dnc_error *err)
{
	struct dnc_str rest = dnc_buf_view(&m->in), text;
	struct map_frame head;
	bool broken = false;

	while (!broken && map_frame_take(&rest, &head, &text))
		if (take_frame(m, &head, text, &broken, err) < 0)
			return -1;
	if (broken || (map_frame_size(rest) > MAP_ANSWER_MAX))
		*end = MAP_CRASH;
	if (rest.n)
		memmove(m->in.p, rest.p, rest.n);
	m->in.n = rest.n;
	return 0;
}

/* Receives what is there without waiting, and takes it. */
static int receive(struct dnc_mapper *m, enum map_end *end, bool *ended, struct dnc_error *err)
{
	for (;;) {
		ssize_t n;

		if (!dnc_buf_reserve(&m->in, BLOCK))
			return dnc_error_nomem(err);
		n = recv(m->process.fd, m->in.p + m->in.n, BLOCK, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		*ended = n == 0 || (n < 0 && errno != EAGAIN);
		if (n <= 0)
			return 0;
		m->in.n += (size_t)n;
		m->process.alive_ms = dnc_clock_mono_ms();
		if (take_frames(m, end, err) < 0 || *end != MAP_RUNS)
			return *end != MAP_RUNS ? 0 : -1;
	}
}

/* Waits until the process answers, takes records, or must be looked at. */
static int wait_for_process(struct dnc_mapper *m, struct dnc_error *err)
{
	struct pollfd entry = {.fd = m->process.fd,
		.events = (short)(POLLIN | (m->sent < m->out.n ? POLLOUT : 0))};
	int64_t now;

	poll(&entry, 1, map_process_wait_ms(&m->process));
	if (!m->options.stopped || !m->options.stopped(m->options.ctx))
		return 0;
	now = dnc_clock_mono_ms();
	if (!m->give_up_ms)
		m->give_up_ms = now + STOPPED_WAIT_MS;
	if (now < m->give_up_ms)
		return 0;
	return dnc_error_set(err, EAGAIN, "stopped while the map runs: %zu %s", m->queue.count,
		dnc_plural(m->queue.count, "record that was read is neither an event nor a reject",
			"records that were read are neither events nor rejects"));
}

/* One turn: sends, receives, watches; waits before if WAIT. */
static int turn(struct dnc_mapper *m, bool wait, struct dnc_error *err)
{
	enum map_end end = MAP_RUNS;
	bool ended = false;

	if (wait && wait_for_process(m, err) < 0)
		return -1;
	send_records(m);
	if (receive(m, &end, &ended, err) < 0)
		return -1;
	if (end == MAP_RUNS && !ended && m->queue.count)
		end = map_process_watch(&m->process);
	return end != MAP_RUNS || ended ? restart(m, end, err) : 0;
}

static int add(struct dnc_mapper *m, const struct dnc_map_job *job, struct dnc_error *err)
{
	while (map_queue_full(&m->queue))
		if (turn(m, true, err) < 0)
			return -1;
	if (!map_queue_add(&m->queue, job))
		return dnc_error_nomem(err);
	map_frame_add(&m->out, MAP_RECORD, job->record);
	if (!dnc_buf_ok(&m->out))
		return dnc_error_nomem(err);
	return m->out.n - m->sent >= SEND_AT ? turn(m, false, err) : 0;
}

int dnc_mapper_add(struct dnc_mapper *m, const struct dnc_map_job *job, struct dnc_error *err)
{
	if (m->failed || add(m, job, err) < 0)
		m->failed = true;
	return m->failed ? -1 : 0;
}

int dnc_mapper_drain(struct dnc_mapper *m, struct dnc_error *err)
{
	for (bool wait = false; m->queue.count && !m->failed; wait = true)
		if (turn(m, wait, err) < 0)
			m->failed = true;
	return m->failed ? -1 : 0;
}

int dnc_mapper_reset(struct dnc_mapper *m, struct dnc_error *err)
{
	char why[200];

	map_process_end(&m->process, why, sizeof why);
	map_queue_finish(&m->queue);
	m->queue = (struct map_queue){0};
	m->careful = m->ends = m->idle_ends = 0;
	m->give_up_ms = 0;
	m->failed = start(m, err) < 0;
	return m->failed ? -1 : 0;
}
