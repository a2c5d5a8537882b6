/* status.h - the figures of a stream, and the line that shows them. Pure: times are passed in. Not thread safe.
 *
 * Three things are measured:
 * - the rate: events that were received in the last ten seconds, or since the last look if that is longer ago;
 * - the latency of an event that came as it was logged (not of the past): from its ingested_at, which dnc-ingest or the hub wrote by
 *   its clock, until it was received, by the clock of this host. The median of the last 64 that were looked at;
 * - with a question to the hub (get_stats): the round trip, by the clock of this host alone, and the lag: how many events the hub had
 *   logged that this client had not been sent or passed when the hub answered. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "address.h"

enum { STATUS_LATENCIES = 64, STATUS_SAMPLES = 10, STATUS_LINE = 2 * ADDRESS_TEXT };

enum status_link {
	STATUS_CONNECTING, /* there was no connection yet */
	STATUS_CONNECTED,
	STATUS_LOST /* there was one */
};

struct status {
	enum status_link link;
	const struct address *hub; /* that is, was or will be connected to */
	bool held;                 /* nothing is read, because the output does not take it */
	bool no_past;              /* the role may not read what the log had before */
	uint64_t events;           /* received since the start */
	uint64_t connections;      /* since the start */
	struct status_sample {
		int64_t ms; /* of the monotonic clock */
		uint64_t events;
	} sample[STATUS_SAMPLES]; /* the oldest is overwritten */
	uint64_t samples;
	int64_t latency_ms[STATUS_LATENCIES];
	uint64_t latencies;
	uint64_t first,
		looked; /* how many events from FIRST on were compared with the filter, as of the last answer */
	int64_t trip_us; /* negative: not known, and so is the lag */
	uint64_t lag;
};

/* Begins at MS. */
void status_begin(struct status *s, int64_t ms);

/* An event was received LATENCY_MS after it was taken in; negative if the clocks differ. */
void status_latency(struct status *s, int64_t latency_ms);

/* The hub has answered after TRIP_US (negative: not known): LAG events were not yet sent. */
void status_answer(struct status *s, int64_t trip_us, uint64_t lag);

/* The connection was lost, or a question was not answered. */
void status_forget(struct status *s);

/* Notes how many events there are at MS. To be called each second, or when the rate is asked for. */
void status_sample(struct status *s, int64_t ms);

/* Returns events per second up to MS. */
double status_rate(const struct status *s, int64_t ms);

/* Writes the line as of MS, which has at most WIDTH columns: less is told if it does not fit. Returns its length. */
size_t status_line(const struct status *s, int64_t ms, size_t width, char out[STATUS_LINE]);
