/* reading.h - the records of streams become events or rejects. */
#pragma once
#include "ingest.h"
#include "source/source.h"

/* Callbacks of the input; CTX is the ingest. */
int reading_open(void *ctx, struct dnc_stream *s);
int reading_line(void *ctx, struct dnc_stream *s, const struct dnc_line *line);
int reading_close(void *ctx, struct dnc_stream *s);
int reading_idle(void *ctx);

/* Says how many records of the run became no event, and why. */
void reading_report_none(const struct ingest *in);

/* The source of the stream S, which is open. */
const struct dnc_source *reading_source(const struct dnc_stream *s);

/* Makes an event of R, or rejects it if it is none. -1 ends the run. */
int reading_accept(struct ingest *in, struct dnc_stream *s, const struct dnc_record *r);

/* Rejects a record for the reason in ERR, whose message may be completed. -1 with in->err, also if ERR is that memory ran out,
 * or when there are too many rejects. */
int reading_reject(
	struct ingest *in, struct dnc_stream *s, const struct dnc_record *r, struct dnc_error *err);
