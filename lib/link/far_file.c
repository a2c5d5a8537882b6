/* far_file.c - a route to a file: lines are appended by a thread, and are safe when they are on disk. What is not stays in memory,
 * so that it can be written again. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "json/json.h"
#include "priv/disk.h"
#include "priv/far.h"
#include "priv/recent.h"
#include "priv/tail.h"

enum {
	SYNC_BYTES = 1 << 20,
	FULL_BYTES = 4 << 20,
	LOOK_MS = 1000,
	RETRY_MIN_MS = 100,
	RETRY_MAX_MS = 5000,
};

/* Lines that are not on disk. */
struct part {
	struct dnc_buf text;
	size_t fresh; /* events that `recent` has because of them */
};

struct file {
	struct far far;
	const char *path; /* borrowed */
	bool patient;
	struct disk *disk;
	struct append work; /* its text is that of `writing` */
	bool busy;          /* the disk has it */
	bool taken;         /* it was cancelled */
	bool due, looks;    /* what is gathered is to be written; the file is to be looked for */
	struct part writing, gathered;
	uint64_t writing_upto; /* `lines` when that was all */
	uint64_t lines, safe;  /* that it was given; of these on disk */
	struct recent recent;
	struct dnc_json_parser *parser;
	struct dnc_buf text;
	uint64_t repeated; /* events that were left out because they are in the file */
	int64_t down_since_ms, retry_at_ms;
	int retry_ms;
};

static struct file *file_of(const struct far *f)
{
	return (struct file *)(uintptr_t)f;
}

/* Takes the first line, without its newline, from TEXT. */
static bool next_line(struct dnc_str *text, struct dnc_str *line)
{
	const char *newline = text->n ? memchr(text->p, '\n', text->n) : NULL;

	if (!newline)
		return false;
	*line = (struct dnc_str){text->p, (size_t)(newline - text->p)};
	*text = (struct dnc_str){newline + 1, text->n - line->n - 1};
	return true;
}

/* The id of a line whose event is not at hand; nothing if it has none. */
static struct dnc_str find_id(struct file *f, struct dnc_str line)
{
	struct dnc_json doc;
	struct dnc_error err;
	uint32_t id;

	dnc_buf_clear(&f->text);
	dnc_buf_str(&f->text, line);
	if (!dnc_buf_reserve(&f->text, DNC_JSON_PADDING) ||
		dnc_json_parse(f->parser, f->text.p, line.n, &doc, &err) < 0 ||
		doc.node[0].type != DNC_JSON_OBJECT)
		return (struct dnc_str){0};
	id = dnc_json_get(&doc, 0, DNC_STR("id"));
	return id && doc.node[id].type == DNC_JSON_STRING ? doc.node[id].text : (struct dnc_str){0};
}

/* Adds the events of P, and leaves in it only those that were not there. TAIL: these are lines of the file. */
static int remember(struct file *f, struct part *p, bool tail, struct dnc_error *err)
{
	struct dnc_str text = dnc_buf_view(&p->text), line;
	size_t kept = 0;

	p->fresh = 0;
	while (next_line(&text, &line)) {
		struct dnc_str id = find_id(f, line);
		int rc = id.n ? recent_add(&f->recent, id, line.n + 1) : 1;

		if (rc < 0)
			return dnc_error_nomem(err);
		f->repeated += !rc && !tail;
		if (!rc)
			continue;
		p->fresh += id.n > 0;
		memmove(p->text.p + kept, line.p, line.n + 1);
		kept += line.n + 1;
	}
	p->text.n = kept;
	return 0;
}

/* A file that has lines already was opened. They come before those that are not written: which of these are among them is
 * known now. */
static int remember_tail(struct file *f, struct dnc_error *err)
{
	struct part tail = {.text = f->work.tail};
	int rc;

	f->work.tail = (struct dnc_buf){0};
	if (!tail.text.n) {
		dnc_buf_free(&tail.text);
		return 0;
	}
	recent_finish(&f->recent);
	recent_start(&f->recent, TAIL_BYTES);
	rc = remember(f, &tail, true, err);
	dnc_buf_free(&tail.text);
	return rc < 0 || remember(f, &f->writing, false, err) < 0
	               ? -1
	               : remember(f, &f->gathered, false, err);
}

/* 0 if it is tried again later. */
static int fail(struct file *f, struct dnc_error *err)
{
	if (!f->patient || err->code == DNC_ERROR_NO_MEMORY)
		return -1;
	if (!f->down_since_ms) {
		f->down_since_ms = dnc_clock_mono_ms();
		f->retry_ms = RETRY_MIN_MS;
		dnc_err("%s; still trying", err->message);
	}
	f->retry_at_ms = dnc_clock_mono_ms() + f->retry_ms;
	f->retry_ms = f->retry_ms * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : f->retry_ms * 2;
	return 0;
}

static void drop(struct part *p)
{
	dnc_buf_clear(&p->text);
	p->fresh = 0;
}

static void submit(struct file *f)
{
	if (!f->writing.text.n) {
		struct part empty = f->writing;

		f->writing = f->gathered;
		f->gathered = empty;
		f->writing_upto = f->lines;
		f->due = false;
	}
	f->looks = false;
	f->retry_at_ms = 0;
	f->work.text = dnc_buf_view(&f->writing.text);
	f->taken = false;
	f->busy = true;
	disk_submit(f->disk, &f->work);
}

/* Begins the next piece of work, if there is any. */
static void advance(struct file *f)
{
	if (f->busy || (f->retry_at_ms && dnc_clock_mono_ms() < f->retry_at_ms))
		return;
	if (f->writing.text.n || f->looks || f->retry_at_ms ||
		(f->gathered.text.n && (f->due || f->gathered.text.n >= SYNC_BYTES)))
		submit(f);
	else if (!f->gathered.text.n && !f->down_since_ms)
		f->safe = f->lines; /* it has them already */
}

/* The work is over. */
static int settle(struct file *f, struct dnc_error *err)
{
	f->busy = false;
	if (f->taken) /* which has counted the lines */
		drop(&f->writing);
	if (f->taken && f->work.done) { /* it was done at that moment */
		f->work.cut_to = f->work.from;
		f->looks = true;
	}
	if (remember_tail(f, err) < 0)
		return -1;
	if (f->work.found && !f->taken && f->writing.text.n)
		return 0; /* what is left of it is written now */
	if (!f->work.done && !f->work.found && !f->taken) {
		*err = f->work.err;
		return fail(f, err);
	}
	if (!f->taken) {
		drop(&f->writing);
		f->safe = f->writing_upto;
	}
	if (f->down_since_ms && (f->work.done || f->work.found))
		dnc_note("%s is written again", f->path);
	f->down_since_ms = 0;
	return 0;
}

static int line(struct far *far, struct dnc_str text, struct dnc_str id, struct dnc_error *err)
{
	struct file *f = file_of(far);
	struct part *p = &f->gathered;
	int rc = 1;

	if (!id.n)
		id = find_id(f, text);
	if (id.n)
		rc = recent_add(&f->recent, id, text.n + 1);
	if (rc < 0)
		return dnc_error_nomem(err);
	f->lines++;
	f->repeated += !rc;
	if (!rc) /* it is in the file, or will be */
		return 0;
	p->fresh += id.n > 0;
	dnc_buf_str(&p->text, text);
	dnc_buf_chr(&p->text, '\n');
	if (!dnc_buf_ok(&p->text))
		return dnc_error_nomem(err);
	if (p->text.n >= SYNC_BYTES)
		advance(f);
	return 0;
}

static int flush(struct far *far, struct dnc_error *err)
{
	(void)err;
	file_of(far)->due = true;
	advance(file_of(far));
	return 0;
}

static int poll_file(struct far *far, struct pollfd *entry)
{
	const struct file *f = file_of(far);
	int64_t left = f->retry_at_ms - dnc_clock_mono_ms();

	if (f->busy) {
		*entry = (struct pollfd){.fd = disk_fd(f->disk), .events = POLLIN};
		return LOOK_MS;
	}
	return !f->retry_at_ms ? -1 : left < 0 ? 0 : (int)left;
}

static int turn(struct far *far, short revents, struct dnc_error *err)
{
	struct file *f = file_of(far);

	(void)revents;
	if (f->busy && disk_collect(f->disk, &f->work) && settle(f, err) < 0)
		return -1;
	advance(f);
	return 0;
}

static uint64_t safe(const struct far *far)
{
	return file_of(far)->safe;
}

static bool full(const struct far *far)
{
	const struct file *f = file_of(far);

	return f->gathered.text.n + f->writing.text.n > FULL_BYTES;
}

static int64_t down_since(const struct far *far)
{
	return file_of(far)->down_since_ms;
}

/* What the disk is at work with may be in the file for a moment, but does not stay there. */
static int take(struct far *far, struct dnc_buf *out, struct dnc_error *err)
{
	struct file *f = file_of(far);

	/* It may be done meanwhile. */
	if (f->busy && disk_collect(f->disk, &f->work) && settle(f, err) < 0)
		return -1;
	if (!f->taken)
		dnc_buf_str(out, dnc_buf_view(&f->writing.text));
	dnc_buf_str(out, dnc_buf_view(&f->gathered.text));
	if (!dnc_buf_ok(out))
		return dnc_error_nomem(err);
	recent_forget_last(&f->recent, f->writing.fresh + f->gathered.fresh);
	drop(&f->gathered);
	f->writing.fresh = 0;
	if (f->busy) {
		disk_cancel(f->disk);
		f->taken = true;
		f->down_since_ms = 1; /* until it is over */
	} else {
		drop(&f->writing);
	}
	f->due = false;
	f->safe = f->lines;
	return 0;
}

/* After the file was renamed: what follows goes to a new one, which is made at once. */
static void reopen(struct far *far)
{
	struct file *f = file_of(far);

	f->looks = true;
	advance(f);
}

static void close_file(struct far *far)
{
	struct file *f = file_of(far);
	bool over = !f->disk || disk_free(f->disk, &f->work, &f->writing.text);

	if (!over)
		dnc_err("%s: the disk does not answer; what is not safe may be in it or not",
			f->path);
	if (f->repeated)
		dnc_note("%s: %llu events were left out because events with their ids were in it",
			f->path, (unsigned long long)f->repeated);
	if (over && f->work.fd >= 0)
		close(f->work.fd);
	dnc_buf_free(&f->writing.text);
	dnc_buf_free(&f->work.tail);
	dnc_buf_free(&f->gathered.text);
	recent_finish(&f->recent);
	dnc_json_parser_free(f->parser);
	dnc_buf_free(&f->text);
	free(f);
}

static const struct far_acts acts = {.line = line,
	.flush = flush,
	.poll = poll_file,
	.turn = turn,
	.safe = safe,
	.full = full,
	.down_since = down_since,
	.take = take,
	.reopen = reopen,
	.close = close_file};

/* What can't be opened now may be later; but not what is no file. */
static int open_first(struct file *f, struct dnc_error *err)
{
	append_run(&f->work, f->path);
	if (f->work.done)
		return remember_tail(f, err);
	*err = f->work.err;
	return err->code == EINVAL || err->code == EISDIR ? -1 : fail(f, err);
}

struct far *far_file_open(const struct dnc_route *r, bool patient, struct dnc_error *err)
{
	struct file *f = calloc(1, sizeof *f);

	if (!f) {
		dnc_error_nomem(err);
		return NULL;
	}
	*f = (struct file){.far.acts = &acts,
		.path = dnc_route_rest(r),
		.patient = patient,
		.work = {.fd = -1, .cut_to = -1}};
	recent_start(&f->recent, TAIL_BYTES);
	f->parser = dnc_json_parser_new();
	if (!f->parser)
		dnc_error_nomem(err);
	else if (open_first(f, err) == 0 && (f->disk = disk_new(f->path, err)))
		return &f->far;
	close_file(&f->far);
	return NULL;
}
