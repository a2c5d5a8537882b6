/* A map that loops, takes all memory, or ends its process costs one record, and its limit in time. */
#include "passing_clock.h"
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "source/mapper.h"

/* What came back: "LINE.NUMBER RESULT" and "LINE! MESSAGE", a line each. */
struct seen {
	struct dnc_buf text;
	uint64_t last;
	int calls, fail_at; /* the call that returns -1, from 1 */
	int kills;          /* of the child that are still to come */
	pid_t killed;
	bool stopped;
	const char *
		wait_for; /* NULL, or time passes fast, and the child is continued when this was said */
	int heard;
};

static int note(struct seen *s, const struct dnc_map_job *job)
{
	assert_true(job->line >= s->last);
	assert_true(dnc_str_starts(job->raw, DNC_STR("raw")));
	s->last = job->line;
	return ++s->calls == s->fail_at ? -1 : 0;
}

static int on_result(
	void *ctx, const struct dnc_map_job *job, struct dnc_str result, uint64_t number)
{
	struct seen *s = ctx;

	dnc_buf_printf(&s->text, "%llu.%llu %.*s\n", (unsigned long long)job->line,
		(unsigned long long)number, (int)(result.n < 60 ? result.n : 60), result.p);
	return note(s, job);
}

static int on_failed(void *ctx, const struct dnc_map_job *job, const struct dnc_error *err)
{
	struct seen *s = ctx;

	assert_int_equal(err->code, 0);
	dnc_buf_printf(&s->text, "%llu! %s\n", (unsigned long long)job->line, err->message);
	return note(s, job);
}

/* The child of this process that runs a map; 0 if there is none. */
static pid_t find_child(void)
{
	char path[64];
	int pid = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "r");
	assert_non_null(f);
	if (fscanf(f, "%d", &pid) != 1)
		pid = 0;
	fclose(f);
	return pid;
}

/* Kills the child once it has computed for a while, as a stranger would. */
static void kill_busy_child(struct seen *s)
{
	pid_t child = find_child();
	struct timespec t;
	clockid_t clock;

	if (!child || child == s->killed || clock_getcpuclockid(child, &clock) != 0 ||
		clock_gettime(clock, &t) < 0 || (t.tv_sec == 0 && t.tv_nsec < 200000000))
		return;
	s->kills--;
	s->killed = child;
	kill(child, SIGKILL);
}

static void pass_time(struct seen *s)
{
	passed_ms += 500;
	if (!strstr(take_said(), s->wait_for))
		return;
	s->heard++;
	kill(find_child(), SIGCONT);
}

/* Called whenever the mapper waits. */
static bool is_stopped(void *ctx)
{
	struct seen *s = ctx;

	if (s->kills)
		kill_busy_child(s);
	if (s->wait_for)
		pass_time(s);
	return s->stopped;
}

struct fixture {
	struct dnc_map *map;
	struct dnc_mapper *mapper;
	struct seen seen;
};

static void set_up(struct fixture *f, const char *program, int64_t timeout_ms, bool objects)
{
	struct dnc_error err = {0};

	*f = (struct fixture){0};
	f->map = dnc_map_compile(program, &err);
	if (!f->map)
		fail_msg("%s: %s", program, err.message);
	f->mapper = dnc_mapper_new(f->map,
		&(struct dnc_mapper_options){.name = "map",
			.timeout_ms = timeout_ms,
			.memory = 64u << 20,
			.objects = objects,
			.result = on_result,
			.failed = on_failed,
			.stopped = is_stopped,
			.ctx = &f->seen},
		&err);
	assert_non_null(f->mapper);
}

static void tear_down(struct fixture *f)
{
	dnc_mapper_free(f->mapper);
	dnc_map_free(f->map);
	dnc_buf_free(&f->seen.text);
}

static int add(struct fixture *f, uint64_t line, const char *record)
{
	struct dnc_error err = {0};
	char raw[40];

	snprintf(raw, sizeof raw, "raw %llu", (unsigned long long)line);
	return dnc_mapper_add(f->mapper,
		&(struct dnc_map_job){.line = line, .record = dnc_str(record), .raw = dnc_str(raw)},
		&err);
}

static const char *drained(struct fixture *f)
{
	struct dnc_error err = {0};

	if (dnc_mapper_drain(f->mapper, &err) < 0)
		fail_msg("%s", err.message);
	dnc_buf_chr(&f->seen.text, '\0');
	assert_true(dnc_buf_ok(&f->seen.text));
	f->seen.text.n--;
	return f->seen.text.p;
}

/* Each is run on the second of three records; the first and the third pass. */
static void bad_records_fail_alone(void **state)
{
	static const struct {
		const char *program, *says;
		const char *also; /* or this */
	} cases[] = {
		{"def f: f; f", "ran longer than 200 ms: it may loop; see --map-timeout", NULL},
		{"repeat(.)", "more than", "longer"},
		{"range(1e12)|{a:.}", "more than", "longer"},
		{"repeat(\"x\"*100000)", "longer", "more than 64 MiB"},
		{"def f: debug | f; f", "longer", NULL},
		{"def f: stderr | f; f", "longer", NULL},
		{"\"xxxx\" | until(false; . + .)", "memory", "longer"},
		{"[limit(1e9; repeat(\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"))]", "memory",
			"longer"},
		{"def f: 1 + f; f", "memory", "longer"},
		{"1e18 | todate", "jq failed and ended its process on this record", NULL},
		{"reduce range(200000) as $i (0; [.])", "", NULL},
		{"error(\"why\")", "the map failed: why", NULL},
		{"{} , error(\"why\")", "the map failed: why", NULL},
		{"[1]", "an array", NULL},
		{"\"text\"", "a string", NULL},
		{"5", "a number", NULL},
		{"null", "null", NULL},
		{"true", "a boolean", NULL},
		{"{}, 5", "its result 2 is a number", NULL},
		{"halt", "halted", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char program[200], start[] = "1.1 {\"line\":1}\n2! ", *end;
		struct fixture f;
		const char *seen;

		snprintf(program, sizeof program, "if .line == 2 then (%s) else . end",
			cases[i].program);
		set_up(&f, program, 200, true);
		for (uint64_t line = 1; line <= 3; line++) {
			char record[40];

			snprintf(record, sizeof record, "{\"line\":%d}", (int)line);
			assert_int_equal(add(&f, line, record), 0);
		}
		seen = drained(&f);
		end = strchr(seen + strlen(start), '\n');
		if (strncmp(seen, start, strlen(start)) != 0 || !end ||
			strcmp(end, "\n3.1 {\"line\":3}\n") != 0 ||
			!(strstr(seen, cases[i].says) ||
				(cases[i].also && strstr(seen, cases[i].also))))
			fail_msg("%s: %s", cases[i].program, seen);
		tear_down(&f);
	}
}

static void results_keep_their_order_and_size(void **state)
{
	struct dnc_buf want = {0};
	struct fixture f;

	(void)state;
	set_up(&f, ".[]", 5000, false);
	for (uint64_t line = 1; line <= 20000; line++) {
		assert_int_equal(add(&f, line, line % 7 ? "[1,\"two\"]" : "[]"), 0);
		if (line % 7)
			dnc_buf_printf(&want, "%llu.1 1\n%llu.2 \"two\"\n",
				(unsigned long long)line, (unsigned long long)line);
	}
	drained(&f);
	assert_true(dnc_str_eq(dnc_buf_view(&f.seen.text), dnc_buf_view(&want)));
	tear_down(&f);
	dnc_buf_free(&want);
}

static void records_and_results_may_be_huge(void **state)
{
	enum { SIZE = 3 << 20 };
	char *record = malloc(SIZE + 3);
	struct fixture f;

	(void)state;
	assert_non_null(record);
	memset(record, 'x', SIZE + 2);
	record[0] = record[SIZE + 1] = '"';
	record[SIZE + 2] = '\0';
	set_up(&f, "if length > 9 then (., length) else . end", 20000, false);
	assert_int_equal(add(&f, 1, record), 0);
	assert_int_equal(add(&f, 2, "\"small\""), 0);
	drained(&f);
	assert_int_equal(f.seen.calls, 3);
	assert_non_null(strstr(f.seen.text.p, "\n1.2 3145728\n2.1 \"small\"\n"));
	tear_down(&f);
	free(record);
}

/* At any moment: what was answered is not answered again, and nothing is left out. */
static void a_process_that_is_killed_loses_nothing(void **state)
{
	enum { RECORDS = 20000, EVERY = 900 };
	struct dnc_buf want = {0};
	struct fixture f;

	(void)state;
	set_up(&f, "., .", 5000, false);
	for (uint64_t line = 1; line <= RECORDS; line++) {
		char record[24];

		snprintf(record, sizeof record, "%llu", (unsigned long long)line);
		assert_int_equal(add(&f, line, record), 0);
		dnc_buf_printf(&want, "%s.1 %s\n%s.2 %s\n", record, record, record, record);
		if (line % EVERY == 0 && find_child())
			kill(find_child(), SIGKILL);
	}
	kill(find_child(), SIGKILL);
	drained(&f);
	assert_true(dnc_str_eq(dnc_buf_view(&f.seen.text), dnc_buf_view(&want)));
	tear_down(&f);
	dnc_buf_free(&want);
}

/* It is not the fault of the record at first; in the end it is, because the system may kill what takes its memory. */
static void a_record_on_which_the_process_is_always_killed_fails(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "if . == 2 then def f: f; f else . end", 3600000, false);
	f.seen.kills = 3;
	for (uint64_t line = 1; line <= 3; line++)
		assert_int_equal(add(&f, line, line == 1 ? "1" : line == 2 ? "2" : "3"), 0);
	assert_non_null(strstr(drained(&f), "killed 3 times on this record"));
	assert_int_equal(f.seen.kills, 0);
	assert_true(dnc_str_starts(dnc_buf_view(&f.seen.text), DNC_STR("1.1 1\n2! ")));
	assert_true(strstr(f.seen.text.p, "\n3.1 3\n"));
	tear_down(&f);
}

/* Nobody who waits for a process that was stopped is left to guess. */
static void a_process_that_was_stopped_is_named(void **state)
{
	struct fixture f;

	(void)state;
	dnc_log_level(DNC_NOTE);
	set_up(&f, ".", 5000, false);
	listen_to_stderr();
	f.seen.wait_for = "it does not run (if it was stopped, continue it); after 110 s";
	kill(find_child(), SIGSTOP);
	assert_int_equal(add(&f, 1, "1"), 0);
	assert_string_equal(drained(&f), "1.1 1\n");
	leave_stderr();
	assert_int_equal(f.seen.heard, 1);
	/* Nobody continues it: it is started again, and nothing is lost. */
	listen_to_stderr();
	f.seen.wait_for = "never";
	kill(find_child(), SIGSTOP);
	assert_int_equal(add(&f, 2, "2"), 0);
	assert_string_equal(drained(&f), "1.1 1\n2.1 2\n");
	leave_stderr();
	dnc_log_level(DNC_WARN);
	tear_down(&f);
}

static atomic_bool asks;

/* Holds the lock of the time zone about a third of the time, as a thread may that unpacks a zip file. */
static void *ask_for_times(void *arg)
{
	while (atomic_load(&asks)) {
		tzset(); /* looks at the file of the time zone */
		for (int i = 0; i < 10; i++)
			getppid();
	}
	return arg;
}

/* A process that is started while another thread holds a lock works, or is started again soon. */
static void a_lock_of_another_thread_is_no_deadlock(void **state)
{
	enum { STARTS = 12 };
	int64_t before = dnc_clock_mono_ms();
	struct fixture f;
	pthread_t thread;

	(void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	skip(); /* the sanitizer's localtime_r() holds the lock nearly all the time */
#endif
	set_up(&f, "todate", 5000, false);
	atomic_store(&asks, true);
	assert_int_equal(pthread_create(&thread, NULL, ask_for_times, NULL), 0);
	for (uint64_t line = 1; line <= STARTS; line++) {
		kill(find_child(), SIGKILL);
		assert_int_equal(add(&f, line, "0"), 0);
		drained(&f);
	}
	atomic_store(&asks, false);
	pthread_join(thread, NULL);
	assert_int_equal(f.seen.calls, STARTS);
	assert_null(strstr(f.seen.text.p, "!"));
	assert_in_range(
		dnc_clock_mono_ms() - before, 0, 60000); /* not until the process counts as dead */
	tear_down(&f);
}

static void who_is_to_end_waits_a_few_seconds(void **state)
{
	struct dnc_error err = {0};
	struct fixture f;

	(void)state;
	set_up(&f, "def f: f; f", 3600000, false);
	f.seen.stopped = true;
	assert_int_equal(add(&f, 1, "1"), 0);
	assert_int_equal(dnc_mapper_drain(f.mapper, &err), -1);
	assert_int_equal(err.code, EAGAIN);
	assert_non_null(strstr(err.message, "1 record that was"));
	tear_down(&f);
}

static void a_callback_may_end_it(void **state)
{
	struct dnc_error err = {.message = "mine"};
	struct fixture f;

	(void)state;
	set_up(&f, ".[]", 5000, false);
	f.seen.fail_at = 2;
	assert_int_equal(add(&f, 1, "[1,2,3]"), 0);
	assert_int_equal(dnc_mapper_drain(f.mapper, &err), -1);
	assert_string_equal(err.message, "mine");
	assert_int_equal(f.seen.calls, 2);
	/* Nothing is handed on twice, or under another record, until it is reset. */
	assert_int_equal(dnc_mapper_drain(f.mapper, &err), -1);
	assert_int_equal(add(&f, 2, "[4]"), -1);
	assert_int_equal(f.seen.calls, 2);
	dnc_buf_clear(&f.seen.text);
	assert_int_equal(dnc_mapper_reset(f.mapper, &err), 0);
	assert_int_equal(add(&f, 3, "[5,6]"), 0);
	assert_string_equal(drained(&f), "3.1 5\n3.2 6\n");
	tear_down(&f);
}

/* No descriptor of its owner but the socket, and no child stays behind. */
static void the_process_keeps_nothing_and_ends(void **state)
{
	struct fixture f;
	char path[64];
	struct dirent *e;
	int files = 0;
	DIR *dir;

	(void)state;
	set_up(&f, ".", 5000, false);
	assert_int_equal(add(&f, 1, "1"), 0);
	drained(&f); /* it has closed them before it answers */
	snprintf(path, sizeof path, "/proc/%d/fd", (int)find_child());
	dir = opendir(path);
	if (dir) {
		while ((e = readdir(dir)))
			files += e->d_name[0] != '.';
		closedir(dir);
		assert_int_equal(files, 4);
	}
	tear_down(&f);
	assert_int_equal(find_child(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_records_fail_alone),
		cmocka_unit_test(results_keep_their_order_and_size),
		cmocka_unit_test(records_and_results_may_be_huge),
		cmocka_unit_test(a_process_that_is_killed_loses_nothing),
		cmocka_unit_test(a_record_on_which_the_process_is_always_killed_fails),
		cmocka_unit_test(a_process_that_was_stopped_is_named),
		cmocka_unit_test(a_lock_of_another_thread_is_no_deadlock),
		cmocka_unit_test(who_is_to_end_waits_a_few_seconds),
		cmocka_unit_test(a_callback_may_end_it),
		cmocka_unit_test(the_process_keeps_nothing_and_ends),
	};

	dnc_log_level(DNC_WARN); /* not what `debug` prints */
	return cmocka_run_group_tests_name("mapper", tests, NULL, NULL);
}
