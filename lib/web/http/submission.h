/* submission.h - the events of one request: a batch for the log, the records that were rejected, and the answer.
 *
 * No sockets in here. Not safe for use by two threads at once. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "event/event.h"
#include "json/json.h"
#include "log/batch.h"
#include "metrics/recent.h"
#include "web/http/publish_fault.h"
#include "web/http/records.h"

enum {
	SUBMISSION_RECORDS_MAX = 10000, /* in one request: up to some 100 ms of work */
	SUBMISSION_REJECTS_MAX = 100,   /* described one by one; all are counted */
};

/* What parses events; for one thread. */
struct submission_tools {
	struct dnc_json_parser *parser;
	struct dnc_event_reader *events;
	struct dnc_recent *rejects; /* where they are noted, too; NULL: nowhere */
};

/* All zero is empty; to be freed with submission_free(). */
struct submission {
	struct dnc_batch batch; /* the events, canonical */
	size_t *records; /* for each event of the batch, the index of its record in the request */
	size_t room;
	size_t count; /* of events; stays when the batch is freed */
	size_t rejected;
	struct dnc_buf rejects; /* JSON objects, a comma between them */
	bool joined_lines;      /* several objects on one line, as curl -d joins them */
	enum publish_fault fault;
	const struct submission_tools *tools;
	const char *sender;    /* of the rejects that are noted; borrowed; NULL: they are not */
	struct records source; /* the position in the body */
};

/* Begins to read the body TEXT, which DNC_JSON_PADDING readable bytes follow, and which is borrowed, with TOOLS,
 * until submission_read() has ended. FORM: the client declares a form. */
void submission_begin(
	struct submission *s, const struct submission_tools *tools, struct dnc_str text, bool form);

/* Reads on for about NS nanoseconds of the thread's time; a small body is read whole without a look at the clock, but with
 * 0 one step is made. Returns true when there is more to read: call again, any time later; other submissions may use the
 * tools meanwhile. Else `fault` is PUBLISH_OK, whatever was rejected, or why the request is refused. */
bool submission_read(struct submission *s, int64_t ns);

/* The size of the batch in memory, in bytes. */
size_t submission_bytes(const struct submission *s);

/* Frees the batch once the log has a copy of it. */
void submission_free_batch(struct submission *s);

/* Rejects the events whose id another event of the log has. LOGGED is an enum dnc_logged for each event. */
void submission_reject_conflicts(struct submission *s, const uint8_t *logged);

/* Writes the answer into PAGE: what became of each event is in RECEIPT. Returns its status, 200, or 422 when the log
 * has no event of the request; then the page is a problem that has yet to be closed. */
unsigned submission_answer(
	const struct submission *s, const struct dnc_receipt *receipt, struct dnc_buf *page);

void submission_free(struct submission *s);
