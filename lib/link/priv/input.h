/* input.h - an input, and the sources that its lines come from: files, descriptors, producers'
 * connections, and the listening sockets that accept these. Used within the input's thread, but for the
 * members that say otherwise. */
#pragma once
#include <poll.h>
#include <stdatomic.h>
#include "acks.h"
#include "link/link.h"
#include "link/routes.h"
#include "unpack/unpack.h"

struct input_source {
	struct dnc_stream stream;
	struct dnc_lines lines;           /* lines.p is NULL until input_start_source() */
	int fd;                           /* -1 for a file that is not open yet */
	bool file;                        /* files are read one after the other */
	bool socket;                      /* bytes after the last newline are no line */
	bool listening, own_fd;           /* own_fd: the descriptor is closed with the source */
	struct dnc_file_version *version; /* of a file that is read twice; borrowed; else NULL */
	bool ended;            /* a producer that sends no more, but waits for acknowledgements */
	uint64_t safe;         /* lines of a producer that are safe */
	struct ack_queue held; /* of a producer: what waits for routes only */
	uint64_t acked; /* and those that were acknowledged to it; UINT64_MAX: it reads no more */
	struct dnc_outcome outcome;
	char *unix_name; /* "unix:PATH" of a listening socket, whose file is to be removed; owned */
	char name[32];   /* of a connection */
	bool opened;     /* the owner's `open` was called, and its `close` was not */
	bool unknown;    /* what it is must be seen in its first bytes, which are in `lines` */
	enum dnc_packing packing;
	struct dnc_converter *converter; /* of text that is not UTF-8; else NULL */
	/* Of a source that is packed (packed.h). */
	struct dnc_unpack *unpacker;
	enum dnc_packing file_packing;
	const char *file_name;
	char *member_name; /* "FILE:MEMBER"; owned */
	bool passing_over; /* the rest of the member is not read */
};

struct dnc_input {
	struct dnc_input_events events;
	struct dnc_outlet *outlet; /* borrowed; NULL if the owner acknowledges */
	struct dnc_routes *routes; /* borrowed; NULL: there are none */
	struct ack_queue acks;
	size_t held; /* producers whose lines wait for routes only, at most */
	size_t max_line;
	bool unpacks; /* dnc_input_unpack() was called */
	struct dnc_unpack_options unpack;
	struct input_source **sources; /* owned */
	size_t count, room, producers;
	struct pollfd *polls; /* POLL_SOURCES, one for each source, and one for each route */
	size_t poll_room;
	int wake;         /* an eventfd; any thread may write to it */
	uint64_t streams; /* ever, for names and ids */
	atomic_bool stopping;
	bool cut_files;       /* in the last run: see dnc_input_cut_files() */
	uint64_t lost_bytes;  /* ever: see dnc_input_lost_bytes() */
	int64_t accept_at_ms; /* when to accept again after descriptors or memory ran out; else 0 */
	bool accept_failed;   /* it was logged */
	bool acks_due;        /* some producer may have more to be acknowledged */
	atomic_bool waiting_failed; /* poll(2) fails, and that was logged */
	struct dnc_error err;
};

/* How long no connections are accepted after descriptors or memory have run out. */
enum { ACCEPT_RETRY_MS = 500 };

/* The entries of `polls` before those of the sources. */
enum { POLL_WAKE, POLL_OUTLET, POLL_SOURCES };

/* Adds a source without a descriptor. NULL when there is no memory. */
struct input_source *input_add_source(struct dnc_input *in);

/* Adds a descriptor that listens for producers, which is closed with the source; NAME is borrowed. NULL
 * when there is no memory. */
struct input_source *input_add_listener(struct dnc_input *in, int fd, const char *name);

/* Removes the source from the input, closes and frees it. */
void input_remove_source(struct dnc_input *in, struct input_source *s);
void input_free_source(struct input_source *s);

/* Opens the file of a source whose turn it is, or looks at the one that was open. -1 with ERR. */
int input_open_source(struct input_source *s, struct dnc_error *err);

/* Starts reading in blocks of BLOCK bytes: names the source and calls the owner's `open`. -1 if the owner returns
 * -1 or there is no memory. */
int input_start_source(struct dnc_input *in, struct input_source *s, size_t block);

/* Reads once and hands the whole lines to the owner. At its end the source is removed, unless it is a
 * producer that waits for acknowledgements. -1 if the owner returns -1 or there is no memory. */
int input_read_source(struct dnc_input *in, struct input_source *s);

/* True for a producer that has lines which were not acknowledged to it. */
static inline bool input_source_waits(const struct input_source *s)
{
	return s->stream.acked && s->acked < s->lines.number;
}
