#include "absence.h"
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/file.h"
#include "cli/cli.h"

/* The state is written at most once in so long, and takes at most one part in SAVE_SHARE of the time; and once an hour if
 * nothing changes, so that a wall clock that is set back before a crash takes an hour at most. */
enum { SAVE_MS = 1000, SAVE_SHARE = 20, SAVE_IDLE_MS = 3600000 };

/* While the output takes no more. */
enum { FULL_MS = 200 };

/* The longest state. Keys have 1,024 bytes at most: 100 sections of 100,000 long ones have no room in it, and are not saved. */
enum { STATE_MAX = 1 << 30 };

static struct dnc_stage *running; /* for the signal handler */
static timer_t timer;
static bool timer_made;

static void on_alarm(int signal)
{
	int before = errno;

	(void)signal;
	if (running)
		dnc_input_wake(running->input);
	errno = before;
}

static int64_t now_ms(const struct absence *a)
{
	return dnc_clock_boot_ms() + a->ahead_ms;
}

static bool is_regular(const char *path)
{
	struct stat st;

	return (strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &st) : stat(path, &st)) == 0 &&
	       S_ISREG(st.st_mode);
}

/* Only regular files replay the past. */
static bool is_live(const struct dnc_stage_options *o)
{
	for (size_t i = 0; i < o->file_count; i++)
		if (!is_regular(o->files[i]))
			return true;
	return o->input_count || (!o->file_count && !is_regular("-"));
}

static void make_timer(void)
{
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};

	sigemptyset(&action.sa_mask);
	sigaction(SIGALRM, &action, NULL);
	if (timer_create(CLOCK_BOOTTIME, &event, &timer) < 0)
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "unable to make a timer: %s", strerror(errno));
	timer_made = true;
}

static void set_timer(struct absence *a, int64_t at_ms)
{
	int64_t left = at_ms - dnc_clock_boot_ms();
	struct itimerspec t = {0};

	if (at_ms == a->set_ms && left > 0)
		return;
	if (left < 1)
		left = 1;
	t.it_value = (struct timespec){left / 1000, left % 1000 * 1000000};
	if (timer_settime(timer, 0, &t, NULL) == 0)
		a->set_ms = at_ms;
}

/* Appends the file; 1 if there is none. */
static int read_file(const char *path, struct dnc_buf *text, struct dnc_error *err)
{
	FILE *f = dnc_file_open_stream(path, err);
	char block[65536];
	size_t n;
	int rc = 0;

	if (!f)
		return err->code == ENOENT ? 1 : -1;
	while ((n = fread(block, 1, sizeof block, f)) > 0 && text->n <= STATE_MAX)
		dnc_buf_add(text, block, n);
	if (ferror(f))
		rc = dnc_error_set(err, EIO, "unable to read %s", path);
	else if (text->n > STATE_MAX)
		rc = dnc_error_set(err, EINVAL, "%s is longer than any state", path);
	else if (!dnc_buf_ok(text) || !dnc_buf_reserve(text, DNC_JSON_PADDING))
		rc = dnc_error_nomem(err);
	fclose(f);
	return rc;
}

static void unlock_state(struct absence *a)
{
	if (a->locked)
		close(a->lock);
	a->locked = false;
}

/* Two processes would each replace what the other one waits for. The file itself is renamed, so another one is locked. */
static int lock_state(struct absence *a, const char *path, struct dnc_error *err)
{
	char lock[PATH_MAX];

	unlock_state(a);
	if (a->counts)
		return 0;
	if (snprintf(lock, sizeof lock, "%s.lock", path) >= (int)sizeof lock)
		return dnc_error_set(err, ENAMETOOLONG, "%s: the name is too long", path);
	a->lock = dnc_file_lock(lock, err);
	a->locked = a->lock >= 0;
	if (!a->locked && err->code == EAGAIN)
		return dnc_error_set(err, EAGAIN,
			"another process uses the state %s; each needs one of its own", path);
	return a->locked ? 0 : -1;
}

/* The state of R, which has expectations. -1 with ERR. */
static int read_state(struct absence *a, struct dnc_rules *r, struct dnc_error *err)
{
	const char *path = dnc_expect_path(r);
	struct dnc_buf text = {0};
	struct dnc_error why;
	int64_t at_ms;
	int rc = read_file(path, &text, err);

	if (rc == 0 && dnc_expect_read(r, dnc_buf_view(&text), &at_ms, &why) < 0)
		rc = why.code == DNC_ERROR_NO_MEMORY
		             ? dnc_error_nomem(err)
		             : dnc_error_set(err, EINVAL,
				       "the state %s is damaged (%s); remove it to wait anew", path,
				       why.message);
	else if (rc == 0 && at_ms > now_ms(a))
		a->ahead_ms += at_ms - now_ms(a); /* the wall clock was set back */
	if (rc == 0)
		a->past_ms = at_ms;
	dnc_buf_free(&text);
	return rc < 0 ? -1 : 0;
}

static int save(struct absence *a, struct dnc_error *err)
{
	struct dnc_buf text = {0};
	int64_t begin_ms = dnc_clock_boot_ms(), now = a->live ? now_ms(a) : a->past_ms, took_ms;
	uint64_t changes = dnc_expect_changes(a->rules);
	int rc;

	if (a->counts) {
		a->saved = changes;
		a->saved_at_ms = begin_ms;
		return 0;
	}
	if (dnc_expect_write(a->rules, now, &text) < 0)
		rc = dnc_error_nomem(err);
	else if (text.n > STATE_MAX)
		rc = dnc_error_set(err, EFBIG,
			"%s would have more than 1 GiB; use fewer sections or fields",
			dnc_expect_path(a->rules));
	else
		rc = dnc_file_replace(dnc_expect_path(a->rules), 0600, dnc_buf_view(&text), err);
	dnc_buf_free(&text);
	a->saved_at_ms = dnc_clock_boot_ms();
	took_ms = a->saved_at_ms - begin_ms;
	a->save_after_ms = took_ms * SAVE_SHARE > SAVE_MS ? took_ms * SAVE_SHARE : SAVE_MS;
	if (rc == 0)
		a->saved = changes;
	return rc;
}

/* Says once that it fails, and when it no longer does. */
static int save_and_say(struct absence *a)
{
	struct dnc_error err;
	int rc = save(a, &err);

	if (rc < 0 && !a->save_failed)
		dnc_err("%s; the state of expectations is not kept; retrying", err.message);
	else if (rc == 0 && a->save_failed)
		dnc_note("%s is written again", dnc_expect_path(a->rules));
	a->save_failed = rc < 0;
	return rc;
}

/* The rules have expectations, which have their state now. */
static void begin(struct absence *a)
{
	if (!a->live) {
		if (a->started)
			a->started = dnc_expect_start(a->rules, a->past_ms) == 0;
		return;
	}
	if (!timer_made)
		make_timer();
	running = a->stage;
	a->started = dnc_expect_start(a->rules, now_ms(a)) == 0;
}

void absence_start(struct absence *a, const struct options *o)
{
	struct dnc_error err;

	a->live = is_live(&o->stage);
	a->counts = o->count;
	a->ahead_ms = dnc_clock_now_ms() - dnc_clock_boot_ms();
	if (!a->rules || !dnc_expect_count(a->rules))
		return;
	if (lock_state(a, dnc_expect_path(a->rules), &err) < 0)
		dnc_cli_die(
			err.code == EAGAIN ? DNC_EXIT_TEMPFAIL : DNC_EXIT_IO, "%s", err.message);
	if (read_state(a, a->rules, &err) < 0)
		dnc_cli_die(err.code == EINVAL ? DNC_EXIT_USAGE : dnc_cli_exit_code(err.code), "%s",
			err.message);
	begin(a);
	/* A path that can't be written is found out now. */
	if (save(a, &err) < 0)
		dnc_cli_die(DNC_EXIT_IO, "%s", err.message);
}

/* What is due is no event, which is told; the others go on. */
static void say_refused(struct absence *a, const struct dnc_error *why)
{
	struct dnc_error err;

	if (dnc_rejects_add(&a->stage->rejects, "expectations", 0, 0, DNC_STR(""), why, &err) < 0)
		dnc_err("%s", err.message);
}

/* Writes what is due at AT_MS, as long as the output has room. -1 if the program ends. */
static int write_due(struct absence *a, int64_t at_ms)
{
	struct dnc_str line;
	struct dnc_error err;
	size_t which;
	bool any = false;

	while (dnc_expect_next(a->rules) <= at_ms &&
		!(a->live && dnc_outlet_wait(a->stage->out, 0, &err))) {
		int rc = dnc_expect_due(a->rules, at_ms, &which, &line, &err);

		if (rc < 0 && err.code == DNC_ERROR_NO_MEMORY)
			break; /* it is tried again */
		if (rc < 0)
			say_refused(a, &err);
		else if (rc > 0 && a->write(a->ctx, line) < 0)
			return a->failed = true, -1;
		any |= rc > 0;
	}
	if (!any)
		return 0;
	a->failed = a->drain(a->ctx) < 0;
	dnc_expect_written(a->rules, dnc_outlet_lines(a->stage->out));
	/* A file that replays years must not keep all that it made. */
	dnc_expect_safe(a->rules, dnc_outlet_safe(a->stage->out));
	return a->failed ? -1 : 0;
}

/* When EVENT comes, by the clock. */
static int64_t time_of(struct absence *a, const struct dnc_event *event)
{
	int64_t now = now_ms(a);

	if (a->live)
		return now;
	/* Of a time to come nothing is known yet. */
	now = event->timestamp_ms < now ? event->timestamp_ms : now;
	if (now > a->past_ms)
		a->past_ms = now;
	return now;
}

int absence_see(struct absence *a, const struct dnc_event *event, struct dnc_error *why)
{
	int64_t at_ms;

	if (a->failed)
		return -1;
	if (!dnc_expect_count(a->rules))
		return 0;
	at_ms = time_of(a, event);
	if (!a->started && dnc_expect_start(a->rules, at_ms) < 0)
		return dnc_error_nomem(why);
	a->started = true;
	if (!a->live && write_due(a, at_ms - 1) < 0)
		return -1;
	if (dnc_expect_seen(a->rules, event, at_ms, why) == 0)
		return 0;
	return why->code >= 0 && why->code < DNC_REJECTS ? 1 : -1;
}

int absence_turn(struct absence *a)
{
	if (!a->live || !a->rules || !dnc_expect_count(a->rules))
		return 0;
	if (!a->started) /* there was no memory */
		a->started = dnc_expect_start(a->rules, now_ms(a)) == 0;
	return a->failed ? -1 : write_due(a, now_ms(a));
}

void absence_keep(struct absence *a)
{
	int64_t boot = dnc_clock_boot_ms(), save_at, next;
	bool changed;

	if (!a->live || !a->rules || !dnc_expect_count(a->rules))
		return;
	dnc_expect_safe(a->rules, dnc_outlet_safe(a->stage->out));
	changed = dnc_expect_changes(a->rules) != a->saved;
	save_at = a->saved_at_ms + (changed ? a->save_after_ms : SAVE_IDLE_MS);
	if (boot >= save_at) {
		save_and_say(a);
		changed = dnc_expect_changes(a->rules) != a->saved;
		save_at = a->saved_at_ms + (changed ? a->save_after_ms : SAVE_IDLE_MS);
	}
	next = dnc_expect_next(a->rules);
	next = next == INT64_MAX ? save_at : next - a->ahead_ms;
	if (next <= boot) /* the output was full */
		next = boot + FULL_MS;
	set_timer(a, next < save_at ? next : save_at);
}

bool absence_accept(struct absence *a, struct dnc_rules *fresh)
{
	const char *path = dnc_expect_path(fresh);
	struct dnc_error err;

	if (dnc_expect_count(a->rules)) {
		if (path && strcmp(path, dnc_expect_path(a->rules)) != 0) {
			dnc_err("\"state\" names another file, which is not possible while the "
				"program runs");
			return false;
		}
		save_and_say(a);
		return true;
	}
	if (!dnc_expect_count(fresh) ||
		(lock_state(a, path, &err) == 0 && read_state(a, fresh, &err) == 0))
		return true;
	dnc_err("%s", err.message);
	return false;
}

void absence_replace(struct absence *a, struct dnc_rules *r)
{
	a->rules = r;
	if (dnc_expect_count(r))
		begin(a);
	else
		unlock_state(a);
}

int absence_end(struct absence *a)
{
	if (timer_made)
		timer_delete(timer);
	timer_made = false;
	running = NULL;
	if (!a->rules || !dnc_expect_count(a->rules))
		return 0;
	dnc_expect_safe(a->rules, dnc_outlet_safe(a->stage->out));
	return save_and_say(a);
}

void absence_stats(const struct dnc_rules *r)
{
	if (!dnc_expect_count(r))
		return;
	fprintf(stderr, "%-20s %10s %10s %10s %10s %10s %10s\n", "expect", "matched", "made",
		"failed", "forgotten", "lacking", "waiting");
	for (size_t i = 0; i < dnc_expect_count(r); i++) {
		struct dnc_expect_counts c = dnc_expect_counts(r, i);

		fprintf(stderr, "%-20s %10llu %10llu %10llu %10llu %10llu %10llu\n",
			dnc_expect_name(r, i), (unsigned long long)c.matched,
			(unsigned long long)c.made, (unsigned long long)c.failed,
			(unsigned long long)c.forgotten, (unsigned long long)c.lacking,
			(unsigned long long)c.waiting);
	}
}
