/* tail.h - events from the stream to the sink, and the position that follows what the sink's reader has taken. */
#pragma once
#include <uv.h>
#include "base/buf.h"
#include "base/err.h"
#include "marks.h"
#include "options.h"
#include "output.h"
#include "report.h"
#include "sink.h"
#include "state.h"
#include "stream.h"

struct tail {
	struct options options;
	uv_loop_t loop;
	uv_async_t stop;
	uv_timer_t again; /* the next turn at the latest */
	uv_prepare_t turn;
	struct stream *stream;
	struct report report;
	struct sink *sink;
	struct output output;
	struct state_file state;
	struct position start; /* from the state file */
	struct marks marks;
	bool dirty; /* marks.safe is newer than the state file */
	int64_t written_ms, stop_ms;
	uint64_t count; /* events */
	enum dnc_exit rc;
	bool held;   /* nothing is read from the hub */
	bool last;   /* no more events will come */
	bool gone;   /* the reader of standard output has left */
	bool failed; /* for the reason in err */
	struct dnc_error err;
};

/* For the stream: an event goes to the output. Returns -1 after the last one that is wanted, 1 if TEXT is none. */
int tail_event(void *ctx, struct dnc_str text, const char *epoch, uint64_t seq);

/* For the output: all of the event at this position is in the sink. */
void tail_done(void *ctx, const char *epoch, uint64_t seq);

/* For the stream: all events up to SEQ are done, except those that are still in the sink. The first call finds a state
 * file that can't be written before an event is printed. */
void tail_passed(void *ctx, const char *epoch, uint64_t seq);

/* For the stream: the hub has told its figures. */
void tail_answered(void *ctx);

/* Resumes from the state file, which takes precedence over --since and --lines. Exits if it can't be read. */
void tail_read_state(struct tail *t);

/* Moves events to the reader, before each wait of the loop. Returns false at the end. */
bool tail_turn(struct tail *t);

/* Stops: no more events come, and the grace period begins. */
void tail_stop(struct tail *t);

/* Writes the last position, closes stream and sink. Returns the exit code. */
enum dnc_exit tail_finish(struct tail *t);
