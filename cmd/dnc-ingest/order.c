#include "order.h"
#include <errno.h>
#include <stdlib.h>
#include "base/array.h"
#include "base/sorter.h"
#include "ingest.h"
#include "publish.h"

/* A change in the sorter. Times before 1970 come first, too. */
struct change {
	uint64_t key;
	uint64_t what;  /* the number's ten digits, times two, plus one if it was added */
	uint64_t where; /* index of `streams`, before LINE_BITS of the line */
};

enum {
	NUMBER_DIGITS = 10,
	HALF_DIGITS = 5,
	HALF = 100000,
	LINE_BITS = 40,
	MAX_STREAMS = 1 << (64 - LINE_BITS),
	LOOK_MS = 1000
};

static const uint64_t sign = UINT64_C(1) << 63;

bool order_wants(const struct ingest *in, const struct dnc_stream *s)
{
	return s->regular && !in->options.stage.input_count;
}

static int open_order(struct ingest *in)
{
	struct order *o = &in->order;

	o->sorter = dnc_sorter_new(
		&(struct dnc_sorter_options){.record_bytes = sizeof(struct change)}, &in->err);
	if (!o->sorter)
		return -1;
	o->run = dnc_event_run_new(NULL, 0);
	if (!o->run)
		return dnc_error_nomem(&in->err);
	dnc_event_run_ordered(o->run);
	return 0;
}

static int add_stream(struct ingest *in, const struct dnc_stream *s, const char *format)
{
	struct order *o = &in->order;
	struct order_stream stream = {.format = format};

	if (o->count == MAX_STREAMS)
		return dnc_error_set(
			&in->err, EINVAL, "more than %d change lists in one run", MAX_STREAMS);
	if (!dnc_array_grow(&o->streams, &o->room, o->count + 1) ||
		!(stream.name = strdup(s->name)))
		return dnc_error_nomem(&in->err);
	o->streams[o->count++] = stream;
	o->stream_id = s->id;
	return 0;
}

int order_add(struct ingest *in, const struct dnc_stream *s, const struct dnc_record *r,
	const char *format)
{
	struct order *o = &in->order;
	bool added = r->fact->type == DNC_NUMBER_SUPPRESSED;
	uint64_t number = 0;
	struct change c;

	if (!o->sorter && open_order(in) < 0)
		return -1;
	if ((!o->count || o->stream_id != s->id) && add_stream(in, s, format) < 0)
		return -1;
	o->streams[o->count - 1].templates[added] = *r->fact;
	for (size_t i = 0; i < r->fact->number.n; i++)
		number = number * 10 + (uint64_t)(r->fact->number.p[i] - '0');
	c = (struct change){.key = (uint64_t)r->fact->at_ms ^ sign,
		.what = number << 1 | added,
		.where = (uint64_t)(o->count - 1) << LINE_BITS |
	                 (r->line & ((UINT64_C(1) << LINE_BITS) - 1))};
	return dnc_sorter_add(o->sorter, &c, &in->err);
}

static const struct order_stream *stream_of(const struct order *o, const struct change *c)
{
	return &o->streams[c->where >> LINE_BITS];
}

static uint64_t line_of(const struct change *c)
{
	return c->where & ((UINT64_C(1) << LINE_BITS) - 1);
}

uint64_t order_waiting(const struct ingest *in)
{
	return in->order.sorter ? dnc_sorter_count(in->order.sorter) : 0;
}

/* The rows were checked when they were read, so that this does not happen. */
static int fail_change(struct ingest *in, const struct change *c, const struct dnc_error *err)
{
	return dnc_error_set(&in->err, err->code == DNC_ERROR_NO_MEMORY ? err->code : EINVAL,
		"%s: line %llu: %s", stream_of(&in->order, c)->name, (unsigned long long)line_of(c),
		err->message);
}

/* The hub may be slower than this. After a signal nothing waits. */
static int wait_for_room(struct ingest *in)
{
	struct dnc_error err;
	int rc;

	while ((rc = dnc_outlet_wait(in->stage.out, LOOK_MS, &err)) != 0 && !dnc_cli_stopped_by())
		if (rc < 0 && err.code != EINTR) {
			in->err = err;
			in->output_failed = true;
			return -1;
		}
	return 0;
}

/* Writes five of the ten digits: 32 bits hold them, and are divided faster than 64. */
static inline void write_half(char *p, uint32_t half)
{
	for (size_t i = HALF_DIGITS; i-- > 0; half /= 10)
		p[i] = (char)('0' + half % 10);
}

static int publish_change(struct ingest *in, const struct change *c)
{
	struct order *o = &in->order;
	struct dnc_fact fact = stream_of(o, c)->templates[c->what & 1];
	uint64_t number = c->what >> 1;
	char digits[NUMBER_DIGITS];
	struct dnc_event event;
	struct dnc_error err;

	write_half(digits, (uint32_t)(number / HALF));
	write_half(digits + HALF_DIGITS, (uint32_t)(number % HALF));
	fact.number = (struct dnc_str){digits, sizeof digits};
	fact.at_ms = (int64_t)(c->key ^ sign);
	dnc_event_reader_position(in->reader, o->run, line_of(c), 0);
	if (dnc_event_from_fact(in->reader, &fact, &event, &err) < 0)
		return fail_change(in, c, &err);
	return publish_line(in, event.type, event.line) < 0 ? -1 : wait_for_room(in);
}

int order_publish(struct ingest *in)
{
	struct order *o = &in->order;
	const struct change *c;
	const struct order_stream *stream = NULL;
	uint64_t left = order_waiting(in);
	const void *record;
	int rc = 0;

	if (!left)
		return 0;
	if (dnc_sorter_finish(o->sorter, &in->err) < 0)
		return -1;
	while (!dnc_cli_stopped_by() && (rc = dnc_sorter_next(o->sorter, &record, &in->err)) > 0) {
		c = record;
		/* Equal rows of one moment are counted within their file, whose rows come together. */
		if (stream_of(o, c) != stream) {
			stream = stream_of(o, c);
			dnc_event_reader_format(in->reader, stream->format);
			dnc_event_run_restart(o->run);
		}
		if ((rc = publish_change(in, c)) < 0)
			break;
		left--;
	}
	dnc_event_reader_position(in->reader, NULL, 0, 0);
	if (left)
		in->stopped_by = dnc_cli_stopped_by();
	return rc < 0 ? -1 : 0;
}

void order_finish(struct order *o)
{
	for (size_t i = 0; i < o->count; i++)
		free(o->streams[i].name);
	free(o->streams);
	dnc_sorter_free(o->sorter);
	dnc_event_run_free(o->run);
	*o = (struct order){0};
}
