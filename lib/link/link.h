/* link.h - how stages are joined: pipes, files and Unix stream sockets that carry lines.
 *
 * An input reads lines from many sources at once: files one after the other, descriptors, and any number
 * of producers that connect to listening sockets. An outlet is where a stage writes.
 *
 * On a socket the reader acknowledges: it writes a decimal count and a newline, the number of lines of this
 * connection that are safe. A sender keeps what is not acknowledged, connects again and sends it again. A
 * stage acknowledges to its producers only what its own reader has acknowledged, so that the guarantee holds
 * from end to end. A producer that never reads its acknowledgements is served, too. Bytes after the last
 * newline of a connection are not a line.
 *
 * The count may be followed by the outcomes of these lines, totals of the connection that only grow:
 * "120 duplicates=3 rejected=1 dropped=2 releases=4". All other lines are new in the log. "releases" and
 * "others" say of what type the lines are that are not new, so that a sender of a change list can count what it
 * has added and removed. Words that a sender does not know are ignored. Older senders, which knew no words, treat a
 * blank as an error and send the same lines forever: upgrade senders before their readers.
 *
 * A stage adds the lines that it rejected and dropped itself, each to its own producer. Its reader reports
 * the others as totals. If all lines of an acknowledgement had the same outcome, each producer gets exactly
 * that. If they had different outcomes and belong to several producers, the acknowledgement does not say which
 * line has which outcome: the oldest lines are then counted as rejected, the next ones as dropped, the next
 * ones as duplicates, the others as new. Each outcome is reported to one producer, once, and no producer gets
 * more outcomes than it has sent lines; the totals over all producers are those of the reader. Lines that are
 * counted in this way are also counted as "unclear". Lines that are sent again after a lost connection may count
 * as duplicates although they were new when they were sent first; such duplicates are "unclear", too.
 *
 * Threads: an input and its outlet belong to one thread, except for the functions that say otherwise.
 * dnc_input_run() and dnc_outlet_finish() wait; a program whose main thread must not wait runs its input in a
 * thread of its own. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/lines.h"
#include "unpack/encoding.h"
#include "unpack/unpack.h"

/* Producers on all sockets of one input together; connections beyond that are closed. */
#define DNC_INPUT_MAX_PRODUCERS 1024

struct dnc_input;
struct dnc_outlet;

/* The outcomes of lines that are safe; all other lines are new in the log. */
struct dnc_outcome {
	uint64_t duplicates; /* the log had them already */
	uint64_t rejected;   /* invalid, or their id is that of another event: written to rejects */
	uint64_t dropped;    /* by a rule, or blank: on purpose */
	/* Of all lines: those that may have had another of these outcomes, because one acknowledgement
	 * covered lines of several producers, or because they were sent again. */
	uint64_t unclear;
	/* Of the duplicates, rejected and dropped lines: those that release a number, and those of other types
	 * than suppressions and releases. The rest are suppressions, or no events. */
	uint64_t releases, others;
};

/* A source of lines: a file, a descriptor or a producer's connection. */
struct dnc_stream {
	const char *name; /* for messages and rejects; a producer's is dnc_input_name() */
	/* Of an archive: the part of the name, "FILE:MEMBER", that is the member's; escaped. Else NULL. */
	const char *member;
	void *user;        /* for the owner of the input */
	uint64_t id;       /* from 1; unique within the input */
	bool acked;        /* a producer on a listening socket */
	uint64_t rejected; /* counted by the owner: records of this stream that it rejected */
	/* Counted by the owner: lines that it dropped and that release a number, or are of other types. */
	uint64_t dropped_releases, dropped_others;
	bool regular;        /* a regular file, which ends, or a part of one */
	uint64_t size_bytes; /* of a regular file (the packed one), else 0 */
	int64_t modified_ns; /* since 1970, of a regular file that was opened by its name; else 0 */
	uint64_t read_bytes;
	bool cut_short; /* for close(): it was not read to its end */
	/* May be set in open(), but not for a producer, which counts its newlines: a carriage return ends
	 * a line, too. */
	bool lone_cr;
};

/* The callbacks of an input, in its thread. If one returns -1, dnc_input_run() returns -1. */
struct dnc_input_events {
	int (*open)(void *ctx, struct dnc_stream *s); /* may be NULL */
	int (*line)(void *ctx, struct dnc_stream *s, const struct dnc_line *line);
	int (*close)(void *ctx, struct dnc_stream *s); /* no more lines follow; may be NULL */
	/* Nothing is left to read at the moment: flush. Called before each wait; may be NULL. */
	int (*idle)(void *ctx);
	/* dnc_input_wake() was called; may be NULL. */
	void (*woken)(void *ctx);
	/* A source has failed for the reason in ERR and is at its end; the others continue. */
	void (*failed)(void *ctx, const struct dnc_stream *s, const struct dnc_error *err);
	void *ctx;
};

/* Creates an input for lines of at most MAX_LINE bytes, to be freed with dnc_input_free(). EVENTS is copied.
 * With an OUTLET (borrowed), lines are acknowledged to producers when the outlet has them safe, and no
 * source is read while the outlet is full; without (NULL), the owner calls dnc_input_ack(). NULL when there
 * is no memory or no descriptor. */
struct dnc_input *dnc_input_new(
	size_t max_line, const struct dnc_input_events *events, struct dnc_outlet *outlet);

/* Closes all sources, removes the socket files and frees IN; NULL is allowed. */
void dnc_input_free(struct dnc_input *in);

/* How files, pipes and descriptors are read that are not text in UTF-8 (see unpack/unpack.h and unpack/encoding.h). */
struct dnc_unpack_options {
	struct dnc_unpack_limit limit;
	enum dnc_encoding encoding;
};

/* Makes IN unpack and convert what its files and descriptors give; producers on sockets, whose lines are acknowledged, send
 * text. Each member of an archive is a stream. A stream is opened when its first bytes were read. A file that can't be
 * read to its end is told to `failed`; so is one that changes while it is read, which may be incomplete. Before
 * dnc_input_run(). */
void dnc_input_unpack(struct dnc_input *in, const struct dnc_unpack_options *options);

/* Adds a file, "-" for standard input. It is opened when its turn comes; PATH is borrowed until the input is
 * freed. -1 with ERR when there is no memory. */
int dnc_input_add_file(struct dnc_input *in, const char *path, struct dnc_error *err);

/* Adds a regular file that is open as FD, which is closed with the source; NAME is borrowed until then. -1 with ERR when there
 * is no memory; FD is then the caller's. */
int dnc_input_add_open_file(struct dnc_input *in, const char *name, int fd, struct dnc_error *err);

/* Which version of a regular file was opened. The times are since 1970: of its content, and of content and inode. */
struct dnc_file_version {
	bool known;
	uint64_t device, inode, size_bytes;
	int64_t modified_ns, changed_ns;
};

/* For files that are read twice. VERSIONS (borrowed until the input is freed) has one for each file, in the order in which they
 * were added. One that is not known is filled in when its file is opened, which must be a regular one, and is forgotten again if the
 * file can't be read to its end or changes meanwhile. A file whose version is known fails, and nothing of it is read, if it
 * is another file or was changed since. Each block is compared before it is used, so that nothing is read of another version. */
void dnc_input_expect(struct dnc_input *in, struct dnc_file_version *versions);

/* Adds "unix:PATH[,mode=MODE][,group=GROUP]" to listen on (see base/unix_socket.h), "fd:N" to read, or "systemd": the
 * sockets for producers that the service manager passed (see base/passed.h). ADDRESS is borrowed until the input is freed.
 * A socket file that no process listens on is replaced. -1 with ERR, whose code is an errno. */
int dnc_input_add_address(struct dnc_input *in, const char *address, struct dnc_error *err);

/* Reads until every file and descriptor is at its end and no socket listens, or until dnc_input_stop().
 * 0, or -1 if a callback returned -1, the outlet failed or memory ran out (see dnc_input_error()). Files that were read are
 * removed, also after an error; others may be added then, and it may be called again. */
int dnc_input_run(struct dnc_input *in);

/* After dnc_input_run(): whether files or pipes were not read to their end, or what was there of a descriptor, because it was stopped
 * or has failed. */
bool dnc_input_cut_files(const struct dnc_input *in);

/* After dnc_input_run(): how many bytes of files, pipes and descriptors became no line so far, and are not sent again: what was there to
 * read when it was stopped or had failed, and incomplete lines. */
uint64_t dnc_input_lost_bytes(const struct dnc_input *in);

/* Between two runs, or in a callback of one: waits until FD (-1: none) can be read, the input is woken or stopped,
 * or WAIT_MS have passed (-1: without a limit). Meanwhile the outlet connects, reads acknowledgements, and says when
 * it waits for them. May return earlier. -1 with dnc_input_error() if the outlet has failed. */
int dnc_input_wait(struct dnc_input *in, int fd, int wait_ms);

/* Why the input failed; valid until the input is freed. The message is empty if a callback failed. */
const struct dnc_error *dnc_input_error(const struct dnc_input *in);

/* After dnc_input_run(): waits until the outlet has all lines safe, as dnc_outlet_finish() does, and
 * acknowledges them to the producers that are still connected. -1 with dnc_input_error(). */
int dnc_input_finish(struct dnc_input *in, int64_t wait_ms);

/* The first COUNT lines of the producer STREAM_ID are safe; MORE are the outcomes of those of them that were
 * not safe before. Ignored if the producer has gone. In the input's thread only. */
void dnc_input_ack(
	struct dnc_input *in, uint64_t stream_id, uint64_t count, const struct dnc_outcome *more);

/* Writes the name of the producer STREAM_ID, which may have gone. Any thread. */
void dnc_input_name(uint64_t stream_id, char name[32]);

/* True while poll(2) fails, so that the input cannot wait for lines. Any thread. */
bool dnc_input_failing(const struct dnc_input *in);

/* Makes dnc_input_run() return once the lines that it has read are served. Any thread; async-signal-safe. */
void dnc_input_stop(struct dnc_input *in);

/* Makes the input's thread call events.woken soon. Any thread; async-signal-safe. */
void dnc_input_wake(struct dnc_input *in);

/* The N of "fd:N", if it is an open descriptor. -1 with ERR, EBADF. */
int dnc_fd_address(const char *address, struct dnc_error *err);

/* Opens an outlet, to be freed with dnc_outlet_free(): "unix:PATH", "fd:N" (not closed), or standard output
 * for NULL. ADDRESS is borrowed. A connection to a socket is made later; the first must succeed within
 * PATIENCE_MS, one that is lost after that is tried again without end. NULL with ERR, whose code is an
 * errno.
 *
 * "unix:PATH,unix:PATH...", up to DNC_ADDRESSES_MAX of them, are readers of which any will do: hubs that share one log. It is
 * connected to one of them at a time. When that can't be reached, the connection is lost, or it acknowledges nothing for some
 * seconds while another one can be reached, the next one in turn gets all lines that were not acknowledged. It then stays with that
 * one. */
struct dnc_outlet *dnc_outlet_open(const char *address, int64_t patience_ms, struct dnc_error *err);

/* Frees O; NULL is allowed. Lines that were not acknowledged are lost. */
void dnc_outlet_free(struct dnc_outlet *o);

/* Writes a line of N bytes, given without its newline. Waits for a pipe, never for a socket. -1 with ERR. */
int dnc_outlet_line(struct dnc_outlet *o, const char *p, size_t n, struct dnc_error *err);

/* Sends the lines that were gathered. Waits for a pipe, never for a socket. -1 with ERR. */
int dnc_outlet_flush(struct dnc_outlet *o, struct dnc_error *err);

/* Flushes and waits until all lines are acknowledged, at most WAIT_MS (-1: without a limit). -1 with ERR:
 * EAGAIN when the time ran out, EINTR after a signal. */
int dnc_outlet_finish(struct dnc_outlet *o, int64_t wait_ms, struct dnc_error *err);

/* Waits while so much is not acknowledged that no more lines should be written, at most MS; returns 1 if it is still so, else
 * 0. For an owner that writes without an input, which waits by itself. -1 with ERR; EINTR after a signal. */
int dnc_outlet_wait(struct dnc_outlet *o, int64_t ms, struct dnc_error *err);

/* The number of lines that the outlet was given. */
uint64_t dnc_outlet_lines(const struct dnc_outlet *o);

/* The number of these that are safe: acknowledged, or in the pipe. */
uint64_t dnc_outlet_safe(const struct dnc_outlet *o);

/* True if it is a socket, whose reader acknowledges. */
bool dnc_outlet_acknowledges(const struct dnc_outlet *o);

/* What the reader has reported of the lines that are safe; all zero for a pipe. */
struct dnc_outcome dnc_outlet_outcome(const struct dnc_outlet *o);

/* With several readers: how long one may acknowledge nothing before another takes over, at first. The default is 5 s. */
void dnc_outlet_stall_after(struct dnc_outlet *o, int64_t ms);

struct dnc_outlet_connections {
	size_t readers; /* that were named; 0: it is a pipe */
	uint64_t made;  /* connections */
	uint64_t
		changes; /* how often another reader than the one before took over; at first, than the first one */
	const char *
		name; /* "unix:PATH" of the reader in use; of all, if none is. Valid until the outlet is freed */
};

/* What connections an outlet has had. In its thread. */
struct dnc_outlet_connections dnc_outlet_connections(const struct dnc_outlet *o);

/* True if an error was that the reader of the pipe has left. */
bool dnc_outlet_reader_left(const struct dnc_outlet *o);
