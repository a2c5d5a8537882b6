/* far_reader.c - a route to a socket whose reader acknowledges. */
#include <stdlib.h>
#include "priv/far.h"
#include "priv/outlet.h"

enum { PATIENCE_MS = 10000 };

struct reader {
	struct far far;
	struct dnc_outlet *out;
};

static struct reader *reader_of(const struct far *f)
{
	return (struct reader *)(uintptr_t)f;
}

static int line(struct far *f, struct dnc_str text, struct dnc_str id, struct dnc_error *err)
{
	(void)id;
	return dnc_outlet_line(reader_of(f)->out, text.p, text.n, err);
}

static int flush(struct far *f, struct dnc_error *err)
{
	return dnc_outlet_flush(reader_of(f)->out, err);
}

static int poll_reader(struct far *f, struct pollfd *entry)
{
	int timeout;

	outlet_poll(reader_of(f)->out, entry, &timeout);
	return timeout;
}

static int turn(struct far *f, short revents, struct dnc_error *err)
{
	return outlet_turn(reader_of(f)->out, revents, err);
}

static uint64_t safe(const struct far *f)
{
	return outlet_safe(reader_of(f)->out);
}

static bool full(const struct far *f)
{
	return outlet_full(reader_of(f)->out);
}

static int64_t down_since(const struct far *f)
{
	return outlet_down_since(reader_of(f)->out);
}

static int take(struct far *f, struct dnc_buf *out, struct dnc_error *err)
{
	return outlet_take(reader_of(f)->out, out, err);
}

static void close_reader(struct far *f)
{
	dnc_outlet_free(reader_of(f)->out);
	free(f);
}

static const struct far_acts acts = {.line = line,
	.flush = flush,
	.poll = poll_reader,
	.turn = turn,
	.safe = safe,
	.full = full,
	.down_since = down_since,
	.take = take,
	.close = close_reader};

struct far *far_reader_open(const struct dnc_route *r, bool patient, struct dnc_error *err)
{
	struct reader *reader = calloc(1, sizeof *reader);

	if (!reader) {
		dnc_error_nomem(err);
		return NULL;
	}
	reader->far.acts = &acts;
	reader->out = dnc_outlet_open(r->address, patient ? INT32_MAX : PATIENCE_MS, err);
	if (reader->out)
		return &reader->far;
	free(reader);
	return NULL;
}
