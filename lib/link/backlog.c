#include "priv/backlog.h"
#include "base/clock.h"
#include "base/log.h"

enum { WRITE_RETRY_MS = 1000 };

uint64_t backlog_lines(struct dnc_str text)
{
	const char *p = text.p, *end = p + text.n;
	uint64_t n = 0;

	for (; text.n && p < end && (p = memchr(p, '\n', (size_t)(end - p))); p++)
		n++;
	return n;
}

int backlog_begin(struct route *r, struct dnc_error *err)
{
	size_t before = r->spool.buf.n;

	if (r->far->acts->take(r->far, &r->spool.buf, err) < 0)
		return -1;
	r->far_safe = r->far->acts->safe(r->far);
	r->ahead = r->left_behind = 0;
	if (r->spool.buf.n == before) /* a file had them all, when it was asked for them */
		ledger_remove(&r->unsafe, UINT64_MAX);
	r->spool.is_sent = false;
	r->state = ROUTE_SPOOLING;
	return 0;
}

int backlog_write(struct route *r, struct dnc_error *err)
{
	struct spool *s = &r->spool;

	if (!s->buf.n || dnc_clock_mono_ms() < s->retry_at_ms)
		return 0;
	if (spool_write(s, err) == 0) {
		if (s->failed)
			dnc_note("%s is written again", s->dir);
		s->failed = false;
		ledger_remove(&r->unsafe, UINT64_MAX); /* all of them were in the buffer */
		r->progress_at_ms = dnc_clock_mono_ms();
		return 0;
	}
	if (err->code == DNC_ERROR_NO_MEMORY)
		return -1;
	if (!s->failed)
		dnc_err("%s: %s; still trying", r->what.name, err->message);
	s->failed = true;
	s->retry_at_ms = dnc_clock_mono_ms() + WRITE_RETRY_MS;
	return 0;
}

bool backlog_is_due(const struct route *r)
{
	if (r->failed.message[0] || r->ahead)
		return false;
	return r->spool.is_sent ||
	       (!r->far->acts->down_since(r->far) && dnc_clock_mono_ms() >= r->spool.read_at_ms);
}

/* Gives whole lines to the far end. */
static int give(struct route *r, struct dnc_str text, struct dnc_error *err)
{
	const char *p = text.p, *end = p + text.n, *newline;

	for (; text.n && p < end && (newline = memchr(p, '\n', (size_t)(end - p))); p = newline + 1)
		if (r->far->acts->line(r->far, (struct dnc_str){p, (size_t)(newline - p)},
			    (struct dnc_str){0}, err) < 0)
			return -1;
	return r->far->acts->flush(r->far, err);
}

/* No files are left. What is in none needs none: where the disk is full or gone, it could not get into one. */
static int end_backlog(struct route *r, struct dnc_error *err)
{
	struct spool *s = &r->spool;
	uint64_t lines = backlog_lines(dnc_buf_view(&s->buf)), unsafe = ledger_lines(&r->unsafe);

	if (give(r, dnc_buf_view(&s->buf), err) < 0)
		return -1;
	dnc_buf_clear(&s->buf);
	/* A file has told those apart that it was given twice: they are in the buffer once. */
	r->ahead = lines > unsafe ? lines - unsafe : 0;
	r->left_behind = unsafe > lines ? unsafe - lines : 0;
	r->state = ROUTE_UP;
	r->progress_at_ms = dnc_clock_mono_ms();
	return 0;
}

int backlog_send(struct route *r, struct dnc_error *err)
{
	struct spool *s = &r->spool;
	struct dnc_buf text = {0};
	int rc;

	if (!backlog_is_due(r))
		return 0;
	if (s->is_sent)
		spool_remove(s);
	if (!backlog_is_due(r))
		return 0;
	if (!spool_files(s))
		return end_backlog(r, err);
	rc = spool_read(s, &text, err);
	if (rc == 0) {
		r->ahead = backlog_lines(dnc_buf_view(&text));
		s->is_sent = true;
		rc = give(r, dnc_buf_view(&text), err);
	}
	dnc_buf_free(&text);
	return rc < 0 ? -1 : 0;
}
