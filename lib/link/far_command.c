/* far_command.c - a route to a command: batches of lines are its standard input, and its exit status says whether they are
 * safe. One at a time. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/waiting.h"
#include "priv/far.h"
#include "priv/process.h"

enum {
	GATHER_MS = 100, /* how long a batch that is not full waits for more, as in dnc-tail */
	BATCH_BYTES = 1 << 20,
	FULL_BYTES = 4 << 20,
	PAUSE_MIN_MS = 100, /* between two attempts, doubled each time */
	PAUSE_MAX_MS = 25600,
	TERM_MS = 2000,      /* between SIGTERM and SIGKILL */
	PATIENCE_MS = 10000, /* of one that is not patient */
};

struct command {
	struct far far;
	const struct dnc_route *what; /* borrowed */
	bool patient;
	struct process process;
	struct dnc_buf gathered, batch; /* the batch is being tried, or is tried again */
	uint64_t batch_lines, lines, safe;
	int64_t due_at_ms;     /* when what was gathered is a batch; 0: nothing is */
	int64_t started_at_ms; /* the process */
	int64_t ends_at_ms;    /* when it is to be ended; INT64_MAX: it was killed */
	int64_t retry_at_ms;   /* nothing is started before */
	int64_t down_since_ms; /* when it began to fail; 0: it does not */
	int pause_ms;
	unsigned tries;
	struct dnc_waiting waiting; /* for a success */
	char why[240];              /* it failed last: ends the sentence "the command ..." */
};

static struct command *command_of(const struct far *f)
{
	return (struct command *)(uintptr_t)f;
}

static void pause_it(struct command *c)
{
	c->pause_ms = c->pause_ms ? c->pause_ms * 2 : PAUSE_MIN_MS;
	if (c->pause_ms > PAUSE_MAX_MS)
		c->pause_ms = PAUSE_MAX_MS;
	c->retry_at_ms = dnc_clock_mono_ms() + c->pause_ms;
}

/* 0 if the batch is tried again later; SINCE_MS: when it began to do nothing. */
static int fail(struct command *c, const char *why, int64_t since_ms, struct dnc_error *err)
{
	int64_t now = dnc_clock_mono_ms();
	bool says = c->pause_ms < PAUSE_MAX_MS || strcmp(why, c->why) != 0;

	snprintf(c->why, sizeof c->why, "%s", why);
	if (!c->down_since_ms)
		c->down_since_ms = since_ms;
	if (!c->patient && now - c->down_since_ms >= PATIENCE_MS)
		return dnc_error_set(err, EAGAIN, "%s: the command %s; %u attempts were made",
			c->what->name, c->why, c->tries); /* WHY may be in ERR */
	pause_it(c);
	/* The pauses no longer grow: what goes on is said by say_waiting(). */
	if (says)
		dnc_warn("%s: the command %s; retrying its %llu events in %d ms", c->what->name,
			why, (unsigned long long)c->batch_lines, c->pause_ms);
	return 0;
}

static void say_waiting(struct command *c, int64_t now)
{
	char since[DNC_WAITING_TEXT_BYTES], how[sizeof c->why + 8];

	dnc_waiting_text(&c->waiting, now, since);
	if (c->process.pid)
		snprintf(how, sizeof how, "process %d runs", (int)c->process.pid);
	else
		snprintf(how, sizeof how, "it %s", c->why);
	dnc_err("waiting for %s %s: %s, attempt %u; %llu events are not safe there", c->what->name,
		since, how, c->tries, (unsigned long long)(c->lines - c->safe));
}

/* Whoever runs a program that waits is told. */
static void look_for_progress(struct command *c)
{
	int64_t now = dnc_clock_mono_ms();

	if (c->batch_lines && dnc_waiting_look(&c->waiting, now))
		say_waiting(c, now);
}

static int64_t timeout_of(const struct command *c)
{
	return c->what->timeout_ms ? c->what->timeout_ms : DNC_ROUTE_TIMEOUT_MS;
}

/* Starts the command with the batch. */
static int run(struct command *c, struct dnc_error *err)
{
	char why[sizeof c->why];

	c->tries++;
	c->retry_at_ms = 0;
	c->started_at_ms = dnc_clock_mono_ms();
	c->ends_at_ms = c->started_at_ms + timeout_of(c);
	if (process_start(&c->process, c->what->name, dnc_route_rest(c->what),
		    dnc_buf_view(&c->batch), err) < 0) {
		snprintf(why, sizeof why, "could not be started (%.200s)", err->message);
		return fail(c, why, c->started_at_ms, err);
	}
	look_for_progress(c);
	return 0;
}

/* Makes a batch of what was gathered, if it is time. */
static int begin(struct command *c, struct dnc_error *err)
{
	int64_t now = dnc_clock_mono_ms();
	struct dnc_buf empty;

	if (c->batch_lines || !c->gathered.n || c->process.pid || now < c->retry_at_ms ||
		(c->gathered.n < BATCH_BYTES && now < c->due_at_ms))
		return 0;
	empty = c->batch;
	c->batch = c->gathered;
	c->gathered = empty;
	c->batch_lines = c->lines - c->safe;
	c->due_at_ms = 0;
	return run(c, err);
}

static int succeed(struct command *c, struct dnc_error *err)
{
	int64_t waited = dnc_waiting_end(&c->waiting, dnc_clock_mono_ms());

	if (c->tries > 1 || waited)
		dnc_note("%s: the command succeeded on attempt %u, after %lld s", c->what->name,
			c->tries, (long long)(waited / 1000));
	c->safe += c->batch_lines;
	c->batch_lines = 0;
	dnc_buf_clear(&c->batch);
	c->pause_ms = 0;
	c->tries = 0;
	c->why[0] = '\0';
	c->down_since_ms = 0;
	return begin(c, err);
}

/* A command that hangs holds up all of its events. */
static void end_process(struct command *c)
{
	bool first = !c->process.ended_by_us;

	if (first)
		dnc_warn("%s: the command (process %d) takes more than %lld ms; it is ended",
			c->what->name, (int)c->process.pid, (long long)timeout_of(c));
	process_kill(&c->process, first ? SIGTERM : SIGKILL);
	c->ends_at_ms = first ? dnc_clock_mono_ms() + TERM_MS : INT64_MAX;
}

/* It has succeeded, but others that it has started still have its output. */
static int turn_left_behind(struct command *c, struct dnc_error *err)
{
	if (c->process.pid && dnc_clock_mono_ms() >= c->ends_at_ms) {
		dnc_warn("%s: what the command (process %d) has started and left behind takes more "
			 "than %lld ms; it is ended",
			c->what->name, (int)c->process.pid, (long long)timeout_of(c));
		process_finish(&c->process);
	}
	return c->process.pid ? 0 : begin(c, err);
}

static int turn_process(struct command *c, struct dnc_error *err)
{
	bool hung = c->process.ended_by_us;
	char why[96];

	if (process_look(&c->process, why))
		return why[0] ? fail(c, why, hung ? c->started_at_ms : dnc_clock_mono_ms(), err)
		              : succeed(c, err);
	if (!c->batch_lines)
		return turn_left_behind(c, err);
	if (dnc_clock_mono_ms() >= c->ends_at_ms)
		end_process(c);
	return 0;
}

static int turn(struct far *f, short revents, struct dnc_error *err)
{
	struct command *c = command_of(f);

	(void)revents;
	look_for_progress(c);
	if (c->process.pid)
		return turn_process(c, err);
	if (!c->batch_lines)
		return begin(c, err);
	return dnc_clock_mono_ms() >= c->retry_at_ms ? run(c, err) : 0;
}

static int line(struct far *f, struct dnc_str text, struct dnc_str id, struct dnc_error *err)
{
	struct command *c = command_of(f);

	(void)id;
	if (!c->gathered.n)
		c->due_at_ms = dnc_clock_mono_ms() + GATHER_MS;
	dnc_buf_str(&c->gathered, text);
	dnc_buf_chr(&c->gathered, '\n');
	if (!dnc_buf_ok(&c->gathered))
		return dnc_error_nomem(err);
	c->lines++;
	return c->gathered.n >= BATCH_BYTES ? begin(c, err) : 0;
}

static int flush(struct far *f, struct dnc_error *err)
{
	return begin(command_of(f), err);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int poll_command(struct far *f, struct pollfd *entry)
{
	const struct command *c = command_of(f);
	int64_t now = dnc_clock_mono_ms(), at = INT64_MAX;

	if (c->process.pid) {
		*entry = (struct pollfd){.fd = c->process.fd, .events = POLLIN};
		at = c->ends_at_ms;
		if (printed_too_much(&c->process.printed))
			at = earlier(at, now + PRINTED_PAUSE_MS);
	} else if (c->batch_lines) {
		at = c->retry_at_ms;
	} else if (c->gathered.n) {
		at = c->due_at_ms > c->retry_at_ms ? c->due_at_ms : c->retry_at_ms;
	}
	if (c->batch_lines && c->waiting.since_ms)
		at = earlier(at, now + dnc_waiting_left(&c->waiting, now));
	if (at == INT64_MAX)
		return -1;
	return at < now ? 0 : at - now > INT32_MAX ? INT32_MAX : (int)(at - now);
}

static uint64_t safe(const struct far *f)
{
	return command_of(f)->safe;
}

static bool full(const struct far *f)
{
	return command_of(f)->gathered.n > FULL_BYTES;
}

/* While it runs it may succeed. */
static int64_t down_since(const struct far *f)
{
	const struct command *c = command_of(f);

	return dnc_clock_mono_ms() < c->retry_at_ms ? c->down_since_ms : 0;
}

/* The next batch waits for the pause that this one has come to. */
static int take(struct far *f, struct dnc_buf *out, struct dnc_error *err)
{
	struct command *c = command_of(f);

	dnc_buf_str(out, dnc_buf_view(&c->batch));
	dnc_buf_str(out, dnc_buf_view(&c->gathered));
	if (!dnc_buf_ok(out))
		return dnc_error_nomem(err);
	if (c->process.pid) {
		if (!c->down_since_ms)
			c->down_since_ms = c->started_at_ms;
		process_finish(&c->process);
		pause_it(c);
	}
	dnc_buf_clear(&c->batch);
	dnc_buf_clear(&c->gathered);
	c->batch_lines = 0;
	c->due_at_ms = 0;
	c->tries = 0;
	c->waiting = (struct dnc_waiting){0};
	c->safe = c->lines;
	return 0;
}

static void close_command(struct far *f)
{
	struct command *c = command_of(f);

	if (c->batch_lines && c->process.pid)
		dnc_warn("%s: the command (process %d) is still running; it is killed",
			c->what->name, (int)c->process.pid);
	if (c->batch_lines)
		process_finish(&c->process);
	else
		process_leave(&c->process);
	dnc_buf_free(&c->batch);
	dnc_buf_free(&c->gathered);
	free(c);
}

static const struct far_acts acts = {.line = line,
	.flush = flush,
	.poll = poll_command,
	.turn = turn,
	.safe = safe,
	.full = full,
	.down_since = down_since,
	.take = take,
	.close = close_command};

struct far *far_command_open(const struct dnc_route *r, bool patient, struct dnc_error *err)
{
	struct command *c = calloc(1, sizeof *c);

	if (!c) {
		dnc_error_nomem(err);
		return NULL;
	}
	/* Whoever started this process may have had its children ignored, and their status with them. */
	signal(SIGCHLD, SIG_DFL);
	*c = (struct command){
		.far.acts = &acts, .what = r, .patient = patient, .process = PROCESS_NONE};
	return &c->far;
}
