/* batch.h - the events of one run of dnc-emit, in their order, and what became of each. */
#pragma once
#include <stdint.h>
#include "base/buf.h"
#include "event/event.h"

/* So much in one run: it is kept in memory until all is checked. */
enum { BATCH_EVENTS_MAX = 100000, BATCH_BYTES_MAX = 256 << 20 };

enum fate {
	FATE_NONE,     /* not known to be in the log */
	FATE_LOGGED,   /* in the log, also if it was there before */
	FATE_SPOOLED,  /* in a file of --spool */
	FATE_REJECTED, /* the hub or a stage before it does not take it */
};

struct item {
	size_t at, bytes; /* of the canonical line in the text, without its newline */
	size_t id_at, id_bytes;
	uint64_t line,
		part; /* of the input; 0: from arguments; part: from 1 if the line made several, else 0 */
	enum fate fate;
};

/* All zero is empty. */
struct batch {
	struct dnc_buf text; /* the lines, each with its newline */
	struct item *items;
	size_t count, room;
};

/* Appends a copy of EVENT. False when there is no memory. */
bool batch_add(struct batch *b, const struct dnc_event *event, uint64_t line, uint64_t part);

struct dnc_str batch_event(const struct batch *b, const struct item *item);
struct dnc_str batch_id(const struct batch *b, const struct item *item);

/* The lines of COUNT events from FIRST on, with their newlines. */
struct dnc_str batch_lines(const struct batch *b, size_t first, size_t count);

size_t batch_count(const struct batch *b, enum fate fate);

/* The first event whose fate is FATE_NONE, or `count`: all after it have none either. */
size_t batch_rest(const struct batch *b);

void batch_free(struct batch *b);
