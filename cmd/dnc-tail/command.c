/* command.c - writes events to a command in batches; its exit status acknowledges them. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/log.h"
#include "sink.h"

/* How long a batch that is not full waits for more events, and how many bytes make it full. */
enum { GATHER_MS = 100, FULL_BYTES = 1 << 20 };
/* The pause between two attempts doubles from the first to the last. */
enum { FIRST_PAUSE_MS = 100, LAST_PAUSE_MS = 25600 };

struct command {
	struct sink sink;
	uv_loop_t *loop;
	const char *text;
	uint64_t limit; /* events in a batch */
	enum {
		IDLE,    /* no batch */
		RUNNING, /* the command reads the batch */
		FAILED   /* the batch waits for the next attempt */
	} state;
	struct dnc_buf gathered, batch;
	struct dnc_buf ends;   /* size_t for each gathered event: where in `gathered` it ends */
	struct dnc_buf header; /* before the events of each run */
	uint64_t gathered_events, batch_events;
	bool due; /* the gathered events have waited long enough */
	bool remember; /* events that are not acknowledged come again when this program is started again */
	bool stopped; /* a batch that failed is not tried again */
	unsigned pause_ms, tries;
	int64_t status;
	int signal;
	uv_timer_t timer; /* IDLE: for more events; FAILED: for the next attempt */
	uv_process_t process;
	uv_pipe_t input;
	uv_write_t write;
	unsigned open; /* handles of the run */
};

static void run(struct command *c);

static void acknowledge(struct command *c)
{
	if (c->tries > 1)
		dnc_note("--exec: succeeded on attempt %u", c->tries);
	c->sink.taken += c->batch.n;
	c->sink.waiting -= c->batch.n;
	dnc_buf_clear(&c->batch);
	c->batch_events = 0;
	c->tries = 0;
	c->pause_ms = 0;
	c->state = IDLE;
}

static void on_again(uv_timer_t *timer)
{
	run(timer->data);
}

/* WHY ends the sentence "the command ...". */
static void try_later(struct command *c, const char *why)
{
	c->state = FAILED;
	c->pause_ms = c->pause_ms ? c->pause_ms * 2 : FIRST_PAUSE_MS;
	if (c->pause_ms > LAST_PAUSE_MS)
		c->pause_ms = LAST_PAUSE_MS;
	if (c->stopped) {
		dnc_warn("--exec: the command %s", why);
		return;
	}
	dnc_warn("--exec: the command %s; retrying its %llu events in %u ms", why,
		(unsigned long long)c->batch_events, c->pause_ms);
	uv_timer_start(&c->timer, on_again, c->pause_ms, 0);
}

static void on_run_closed(uv_handle_t *handle)
{
	struct command *c = handle->data;
	char why[96];

	if (--c->open > 0)
		return;
	if (c->signal)
		snprintf(why, sizeof why, "was killed by signal %d (%s)", c->signal,
			strsignal(c->signal));
	else
		snprintf(why, sizeof why, "exited with status %lld", (long long)c->status);
	if (c->status == 0 && !c->signal)
		acknowledge(c);
	else
		try_later(c, why);
}

static void close_input(struct command *c)
{
	if (!uv_is_closing((uv_handle_t *)&c->input))
		uv_close((uv_handle_t *)&c->input, on_run_closed);
}

/* The exit status decides, not whether the command has read all of its input. */
static void on_exit_status(uv_process_t *process, int64_t status, int signal)
{
	struct command *c = process->data;

	c->status = status;
	c->signal = signal;
	close_input(c);
	uv_close((uv_handle_t *)process, on_run_closed);
}

/* All is written, or the command does not read it: either way its input ends. */
static void on_written(uv_write_t *write, int status)
{
	(void)status;
	close_input(write->data);
}

/* Starts the shell, which reads the other end of c->input. Returns 0 or an error of libuv. */
static int spawn(struct command *c)
{
	char *args[] = {"sh", "-c", (char *)(uintptr_t)c->text, NULL};
	uv_file pipe[2];
	uv_stdio_container_t stdio[3] = {{.flags = UV_INHERIT_FD},
		{.flags = UV_INHERIT_FD, .data.fd = 1}, {.flags = UV_INHERIT_FD, .data.fd = 2}};
	uv_process_options_t options = {.file = "/bin/sh",
		.args = args,
		.exit_cb = on_exit_status,
		.stdio = stdio,
		.stdio_count = 3};
	int rc = uv_pipe(pipe, 0, UV_NONBLOCK_PIPE);

	if (rc != 0)
		return rc;
	stdio[0].data.fd = pipe[0];
	uv_pipe_init(c->loop, &c->input, 0);
	uv_pipe_open(&c->input, pipe[1]);
	c->open = 2;
	rc = uv_spawn(c->loop, &c->process, &options);
	close(pipe[0]);
	return rc;
}

static void run(struct command *c)
{
	const uv_buf_t all[] = {uv_buf_init(c->header.p, (unsigned)c->header.n),
		uv_buf_init(c->batch.p, (unsigned)c->batch.n)};
	int rc;

	c->state = RUNNING;
	c->tries++;
	rc = spawn(c);
	if (rc == 0) {
		c->write.data = c;
		if (uv_write(&c->write, (uv_stream_t *)&c->input, all, 2, on_written) != 0)
			close_input(c);
		return;
	}
	c->status = 126; /* what a shell returns for a program that it can't run */
	c->signal = 0;
	dnc_warn("--exec: unable to start the shell: %s", uv_strerror(rc));
	if (!c->open) {
		try_later(c, "was not started");
		return;
	}
	close_input(c);
	uv_close((uv_handle_t *)&c->process, on_run_closed);
}

/* Moves gathered events to the batch, up to the limit. */
static void fill_batch(struct command *c)
{
	size_t *ends = (size_t *)(void *)c->ends.p;
	uint64_t all = c->gathered_events, taken = all > c->limit ? c->limit : all;
	size_t n = ends[taken - 1];

	c->batch_events = taken;
	dnc_buf_add(&c->batch, c->gathered.p, n);
	if (!dnc_buf_ok(&c->batch))
		return;
	memmove(c->gathered.p, c->gathered.p + n, c->gathered.n - n);
	c->gathered.n -= n;
	for (uint64_t i = taken; i < all; i++)
		ends[i - taken] = ends[i] - n;
	c->gathered_events = all - taken;
	c->ends.n = c->gathered_events * sizeof *ends;
}

static void on_due(uv_timer_t *timer)
{
	((struct command *)timer->data)->due = true;
}

static void add(struct sink *sink, struct dnc_str line)
{
	struct command *c = (struct command *)sink;

	dnc_buf_add(&c->gathered, line.p, line.n);
	dnc_buf_chr(&c->gathered, '\n');
	dnc_buf_add(&c->ends, &c->gathered.n, sizeof c->gathered.n);
	c->gathered_events++;
	sink->added += line.n + 1;
	sink->waiting += line.n + 1;
}

static void add_header(struct sink *sink, struct dnc_str line)
{
	struct command *c = (struct command *)sink;

	dnc_buf_str(&c->header, line);
	dnc_buf_chr(&c->header, '\n');
}

static int push(struct sink *sink, bool last, struct dnc_error *err)
{
	struct command *c = (struct command *)sink;
	bool full = c->gathered_events >= c->limit || c->gathered.n >= FULL_BYTES;

	if (!dnc_buf_ok(&c->gathered) || !dnc_buf_ok(&c->ends) || !dnc_buf_ok(&c->header))
		return dnc_error_nomem(err);
	if (c->state != IDLE || !c->gathered_events || (c->stopped && c->remember))
		return 0;
	if (!full && !last && !c->due) {
		if (!uv_is_active((uv_handle_t *)&c->timer))
			uv_timer_start(&c->timer, on_due, GATHER_MS, 0);
		return 0;
	}
	uv_timer_stop(&c->timer);
	c->due = false;
	fill_batch(c);
	if (!dnc_buf_ok(&c->batch))
		return dnc_error_nomem(err);
	run(c);
	return 0;
}

static int sync_nothing(struct sink *sink, struct dnc_error *err)
{
	(void)sink, (void)err;
	return 0;
}

static bool stopping(struct sink *sink)
{
	struct command *c = (struct command *)sink;

	if (!c->stopped) {
		c->stopped = true;
		uv_timer_stop(&c->timer);
	}
	return c->state == RUNNING || (c->state == IDLE && c->gathered_events && !c->remember);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct command *c = handle->data;

	/* A command that is still running uses the batch. */
	if (c->state == RUNNING)
		return;
	dnc_buf_free(&c->batch);
	dnc_buf_free(&c->gathered);
	dnc_buf_free(&c->ends);
	dnc_buf_free(&c->header);
	free(c);
}

static bool close_command(struct sink *sink)
{
	struct command *c = (struct command *)sink;
	/* With `remember`, events that were not written to the command count as not received. */
	uint64_t left = c->batch_events + (c->remember ? 0 : c->gathered_events);

	if (c->state == RUNNING) {
		dnc_warn("--exec: the command (process %d) is still running; sending SIGTERM",
			c->process.pid);
		uv_process_kill(&c->process, SIGTERM);
	}
	if (left)
		dnc_warn("--exec: %llu events were not acknowledged%s", (unsigned long long)left,
			c->remember ? "; they come again when dnc-tail is started again"
				    : " and are lost");
	uv_close((uv_handle_t *)&c->timer, on_timer_closed);
	return !left;
}

static const struct sink_acts acts = {add, add_header, push, sync_nothing, stopping, close_command};

struct sink *command_new(uv_loop_t *loop, const char *command, uint64_t batch, bool remember)
{
	struct command *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	*c = (struct command){.sink.acts = &acts,
		.loop = loop,
		.text = command,
		.limit = batch,
		.remember = remember};
	uv_timer_init(loop, &c->timer);
	c->timer.data = c->process.data = c->input.data = c;
	return &c->sink;
}
