/* order.h - change lists are published in the order of time, whatever the order of their files and rows: which of a number's
 * changes holds at last follows from the order of the log. */
#pragma once
#include "source/source.h"

struct ingest;
struct dnc_stream;

/* A stream of changes. */
struct order_stream {
	char *name;         /* owned */
	const char *format; /* as dnc_source_format() returns it */
	/* A deletion, an addition: all but number and time is the same. Their strings are not those of the source (source.h). */
	struct dnc_fact templates[2];
};

/* All zero: no change was added. */
struct order {
	struct dnc_sorter *sorter;    /* owned */
	struct order_stream *streams; /* owned */
	size_t count, room;
	uint64_t stream_id; /* of the last of them */
	struct dnc_event_run *run;
};

/* True if the records of stream S wait for their turn: it is a regular file, which ends. A pipe may not, whatever its name. */
bool order_wants(const struct ingest *in, const struct dnc_stream *s);

/* Keeps a change of S, in FORMAT, until order_publish(). -1 with in->err. */
int order_add(struct ingest *in, const struct dnc_stream *s, const struct dnc_record *r,
	const char *format);

/* How many changes wait. */
uint64_t order_waiting(const struct ingest *in);

/* Publishes all changes, or those until a signal arrives. -1 with in->err. */
int order_publish(struct ingest *in);

void order_finish(struct order *o);
