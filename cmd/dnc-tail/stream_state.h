/* stream_state.h - a stream, for the files that are its parts: stream.c, ends.c and figures.c. */
#pragma once
#include <libwebsockets.h>
#include "json/json.h"
#include "connection.h"
#include "messages.h"
#include "state.h"
#include "status.h"
#include "stream.h"

struct stream {
	struct connection connection;
	const struct options *options;
	const struct stream_events *events;
	struct dnc_str filter;
	lws_sorted_usec_list_t ask;
	struct dnc_json_parser *parser;
	char epoch[EPOCH_SIZE];          /* of this connection */
	char position_epoch[EPOCH_SIZE]; /* resume.epoch points here */
	uint64_t target;                 /* the newest event when the subscription began */
	int64_t confirmed_ms;            /* when that was, and the highest number that an event */
	uint64_t most;                   /* can have had when it was last computed */
	uint64_t
		bound; /* of --until: the last event that is wanted; UINT64_MAX: none, or not known yet */
	uint64_t last; /* where this connection ends, of -e and --until; UINT64_MAX: nowhere */
	lws_sorted_usec_list_t quiet; /* the end of --timeout */
	int64_t event_ms;             /* the last event, or the start */
	/* The position: all events up to it were received, did not match, or were reported as gone. */
	struct resume resume;
	size_t position_hub; /* whose events they were */
	struct status status;
	int64_t asked_ns;  /* when the hub was asked for its figures; 0: it has answered */
	int64_t looked_ms; /* when the latency of an event was looked at */
	bool gap_due;      /* the hub said that events are missing, but not yet which */
	bool skips;        /* this subscription starts with the newest event, not at the position */
	bool confirmed;    /* on this connection */
	bool probing;      /* the subscription only finds the bound */
	bool probe_gap;    /* the gap that was announced is of that one */
	bool gapped;       /* events are missing */
};
