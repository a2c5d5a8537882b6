/* places.h - an input, and the places that its lines come from. */
#pragma once
#include <poll.h>
#include <stdatomic.h>
#include "acks.h"
#include "link/link.h"

struct place {
	struct dnc_stream stream;
	struct dnc_lines lines;
	int fd;      /* -1 for a file that is not open yet */
	bool file;   /* files are read one after the other */
	bool socket; /* what has no newline at its end is no line */
	bool listening, own_fd;
	bool ended;          /* a producer that sends no more, but waits for acknowledgements */
	uint64_t safe, told; /* lines that are safe, and those that the producer was told */
	struct dnc_outcome outcome;
	char *path;    /* of a listening socket, to be removed; owned */
	char name[32]; /* of a connection */
};

struct dnc_input {
	struct dnc_input_events events;
	struct dnc_outlet *outlet;
	struct ack_queue acks;
	size_t max_line;
	struct place **places;
	size_t count, room, producers;
	struct pollfd *polls; /* POLL_PLACES, and one for each place */
	size_t poll_room;
	int wake;
	uint64_t streams; /* ever, for names and ids */
	atomic_bool stopping;
	int64_t accept_at_ms; /* not before, because no descriptors or memory were left; else 0 */
	bool accept_failed;   /* and it was said */
	bool acks_due;        /* some producer may have more to be told */
	atomic_bool waiting_failed; /* and it was said */
	struct dnc_error err;
};

/* What stands before the places in `polls`. */
enum { POLL_WAKE, POLL_OUTLET, POLL_PLACES };

/* A new place, with no descriptor yet. NULL when there is no memory. */
struct place *place_add(struct dnc_input *in);

/* Takes the place out of the input, closes and frees it. */
void place_remove(struct dnc_input *in, struct place *p);
void place_free(struct place *p);

/* Reads from now on: names the place, and tells the owner. -1 when that says so, or there is no memory. */
int place_start(struct dnc_input *in, struct place *p, size_t block);

/* producers.c: connections that are acknowledged. */

/* Accepts one. -1 when the owner says so. */
int producer_accept(struct dnc_input *in, struct place *listener);

/* Tells every producer what became safe, and lets those go that know all or are gone. -1 when the owner says so. */
int producers_tell(struct dnc_input *in);

/* A producer that has sent all may still wait for what it was not told. */
static inline bool producer_waits(const struct place *p)
{
	return p->stream.acked && p->told < p->lines.number;
}
