/* places.h - inside lib/link: an input, and the places that its lines come from. */
#pragma once
#include <poll.h>
#include <stdatomic.h>
#include "acks.h"
#include "link.h"

struct place {
	struct dnc_stream stream;
	struct dnc_lines lines;
	int fd;    /* -1 for a file that is not open yet */
	bool file; /* files are read one after the other */
	bool listening, own_fd;
	bool ended;          /* a producer that sends no more, but waits for acknowledgements */
	uint64_t safe, told; /* lines that are safe, and those that the producer was told */
	char *path;          /* of a listening socket, to be removed; owned */
	char name[32];       /* of a connection */
};

struct dnc_input {
	struct dnc_input_events events;
	struct dnc_outlet *outlet;
	struct ack_queue acks;
	size_t max_line;
	struct place **places;
	size_t count, room, producers;
	struct pollfd *polls; /* as many as room, one for the wake-up, one for the outlet */
	int wake;
	uint64_t connections; /* ever, for names and ids */
	atomic_bool stopping;
	int64_t accept_at_ms; /* not before, because no descriptors were left; else 0 */
	bool untold;          /* some producer may be told more */
	struct dnc_error err;
};

/* What stands before the places in `polls`. */
enum { POLL_WAKE, POLL_OUTLET, POLL_PLACES };

/* A new place, with no descriptor yet. NULL when there is no memory. */
struct place *place_add(struct dnc_input *in);

/* Takes the place out of the input, closes and frees it. */
void place_remove(struct dnc_input *in, struct place *p);
void place_free(struct place *p);
